//! The patient's session: sealed into the cookie, so that any replica can read it and none has to keep it.

use crate::Gateway;
use mingfen_domain::ids::{ChannelId, OutTradeNo, SlipNo};
use mingfen_domain::money::Fen;
use mingfen_domain::person::{Patient, Phone};
use mingfen_domain::slip::{Slip, SlipKind};
use mingfen_domain::split::Split;
use mingfen_provider_api::Payer;
use mingfen_vault::text_box;
use serde::{Deserialize, Serialize};

/// The cookie's name.
pub const COOKIE: &str = "mingfen";
const PURPOSE: &str = "session";
const CSRF: &str = "csrf";
const BACK: &str = "back";
/// Slips that one session can list. More are shown on the next visit, after some were paid.
pub const MOST_SLIPS: usize = 30;

/// What is known of the visitor.
#[derive(Clone, Serialize, Deserialize)]
pub struct Session {
    /// Names the session; forms and the authorisation's `state` are bound to it.
    id: String,
    name: String,
    card_no: String,
    phone: Option<String>,
    id_no: Option<String>,
    channel: Option<String>,
    payer: Option<(String, String)>,
    chosen_phone: Option<String>,
    /// Typed, and not a number that can be taken (yet).
    #[serde(default)]
    typed_phone: Option<String>,
    listed: Vec<String>,
    chosen: Vec<String>,
    authorise_tries: u8,
    until: i64,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session(hidden)")
    }
}

impl Session {
    /// Begins with what the code on the slip said.
    pub fn begin(gateway: &Gateway, patient: &Patient) -> Self {
        Self {
            id: mingfen_domain::ambient::random_text(
                gateway.random.as_ref(),
                mingfen_domain::ambient::READABLE,
                26,
            ),
            name: patient.name.clone(),
            card_no: patient.card_no.clone(),
            phone: patient.phone.clone(),
            id_no: patient.id_no.clone(),
            channel: None,
            payer: None,
            chosen_phone: None,
            typed_phone: None,
            listed: Vec::new(),
            chosen: Vec::new(),
            authorise_tries: 0,
            until: 0,
        }
    }

    /// Opens a cookie; `None` when it is not ours, or too old.
    pub fn open(gateway: &Gateway, cookie: &str) -> Option<Self> {
        let plain = text_box::open(&gateway.keyring, PURPOSE, cookie).ok()?;
        let session: Self = serde_json::from_slice(&plain).ok()?;
        (session.until > gateway.now().seconds()).then_some(session)
    }

    /// Seals it for the cookie, valid from now on.
    pub fn seal(mut self, gateway: &Gateway) -> String {
        self.until = gateway.now().seconds() + gateway.settings.timing.session_valid;
        let plain = serde_json::to_vec(&self).unwrap_or_default();
        text_box::seal(&gateway.keyring, PURPOSE, &plain, gateway.random.as_ref())
    }

    /// The token of its forms.
    pub fn csrf(&self, gateway: &Gateway) -> String {
        text_box::tag(&gateway.keyring, CSRF, self.id.as_bytes())
    }

    /// Whether a form carries its token.
    pub fn owns(&self, gateway: &Gateway, token: &str) -> bool {
        text_box::check_tag(&gateway.keyring, CSRF, self.id.as_bytes(), token)
    }

    /// The authorisation's `state`: letters and digits, bound to the session.
    pub fn state(&self) -> &str {
        &self.id
    }

    /// Whose slips.
    pub fn patient(&self) -> Patient {
        Patient {
            name: self.name.clone(),
            card_no: self.card_no.clone(),
            phone: self.phone.clone(),
            id_no: self.id_no.clone(),
        }
    }

    /// The account that takes the money.
    pub fn channel(&self) -> Option<ChannelId> {
        self.channel.as_ref().and_then(|text| ChannelId::parse(text.as_str()).ok())
    }

    /// Chooses the account.
    pub fn set_channel(&mut self, channel: &ChannelId) {
        self.channel = Some(channel.as_str().to_owned());
        self.payer = None;
        self.authorise_tries = 0;
    }

    /// The payer, once authorised.
    pub fn payer(&self) -> Option<Payer> {
        self.payer.as_ref().map(|(kind, id)| Payer { kind: kind.clone(), id: id.clone() })
    }

    /// Keeps the payer.
    pub fn set_payer(&mut self, payer: &Payer) {
        self.payer = Some((payer.kind.clone(), payer.id.clone()));
    }

    /// Counts an authorisation that did not work; `false`: it is enough, do not go round again.
    pub fn may_authorise_again(&mut self) -> bool {
        self.authorise_tries = self.authorise_tries.saturating_add(1);
        self.authorise_tries <= 2
    }

    /// The number on file, if it is a mobile number.
    pub fn known_phone(&self) -> Option<Phone> {
        self.phone.as_deref().and_then(|text| Phone::parse(text).ok())
    }

    /// The number that the patient confirmed.
    pub fn phone(&self) -> Option<Phone> {
        self.chosen_phone.as_deref().and_then(|text| Phone::parse(text).ok())
    }

    /// What stands in the field of the number, to be shown again.
    pub fn typed_phone(&self) -> Option<&str> {
        self.typed_phone.as_deref()
    }

    /// Keeps what was typed.
    pub fn set_typed_phone(&mut self, typed: &str) {
        self.typed_phone = Some(typed.chars().take(20).collect());
    }

    /// Keeps the confirmed number.
    pub fn set_phone(&mut self, phone: &Phone) {
        self.typed_phone = None;
        self.chosen_phone = Some(phone.as_str().to_owned());
    }

    /// Remembers which slip is which number of the list.
    pub fn set_listed<'a>(&mut self, slips: impl Iterator<Item = &'a SlipNo>) {
        self.listed = slips.take(MOST_SLIPS).map(|slip_no| slip_no.as_str().to_owned()).collect();
    }

    /// The slip at a number of the list, from 1.
    pub fn listed(&self, number: usize) -> Option<SlipNo> {
        let text = self.listed.get(number.checked_sub(1)?)?;
        SlipNo::parse(text.as_str()).ok()
    }

    /// The chosen slips.
    pub fn chosen(&self) -> Vec<SlipNo> {
        self.chosen.iter().filter_map(|text| SlipNo::parse(text.as_str()).ok()).collect()
    }

    /// Chooses.
    pub fn set_chosen(&mut self, slips: &[SlipNo]) {
        self.chosen = slips.iter().take(MOST_SLIPS).map(|slip_no| slip_no.as_str().to_owned()).collect();
    }
}

/// Proves that the address a browser comes back to from a cashier page is one that we made for that order. The same every time,
/// because a repeated order must be the same to the byte.
pub fn back_proof(gateway: &Gateway, order: &OutTradeNo) -> String {
    text_box::tag(&gateway.keyring, BACK, order.as_str().as_bytes())
}

/// Whether a proof is ours.
pub fn is_back_proof(gateway: &Gateway, order: &OutTradeNo, proof: &str) -> bool {
    text_box::check_tag(&gateway.keyring, BACK, order.as_str().as_bytes(), proof)
}

/// What a confirmation page showed, sealed into its form: no other amount is charged.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The slips, as they were shown.
    pub slips: Vec<ShownSlip>,
    /// Their sum.
    pub split: Split,
}

/// A slip of a confirmation page.
#[derive(Clone, Debug)]
pub struct ShownSlip {
    /// HIS's number.
    pub slip_no: SlipNo,
    /// What it was for.
    pub kind: SlipKind,
    /// The beginning of what HIS called it.
    pub title: String,
    /// All of it.
    pub total: Fen,
}

impl Shown {
    /// What is shown of these slips.
    pub fn of(slips: &[Slip], split: Split) -> Self {
        let shown = |slip: &Slip| ShownSlip {
            slip_no: slip.slip_no.clone(),
            kind: slip.kind,
            title: slip.title.chars().take(30).collect(),
            total: slip.split.total(),
        };
        Self { slips: slips.iter().map(shown).collect(), split }
    }

    /// The slips' numbers.
    pub fn slip_nos(&self) -> Vec<SlipNo> {
        self.slips.iter().map(|slip| slip.slip_no.clone()).collect()
    }
}

#[derive(Serialize, Deserialize)]
struct SealedShown {
    slips: Vec<(String, String, String, i64)>,
    pooled: i64,
    account: i64,
    own: i64,
}

const SHOWN: &str = "shown";

/// Seals what is shown.
pub fn seal_shown(gateway: &Gateway, shown: &Shown) -> String {
    let split = shown.split;
    let sealed = SealedShown {
        slips: shown
            .slips
            .iter()
            .map(|slip| {
                let kind = slip.kind.as_str().to_owned();
                (slip.slip_no.as_str().to_owned(), kind, slip.title.clone(), slip.total.get())
            })
            .collect(),
        pooled: split.pooled_fund().get(),
        account: split.personal_account().get(),
        own: split.self_pay().get(),
    };
    text_box::seal(
        &gateway.keyring,
        SHOWN,
        &serde_json::to_vec(&sealed).unwrap_or_default(),
        gateway.random.as_ref(),
    )
}

/// Opens what was shown; `None` when it is not from one of our pages.
pub fn open_shown(gateway: &Gateway, text: &str) -> Option<Shown> {
    let sealed: SealedShown =
        serde_json::from_slice(&text_box::open(&gateway.keyring, SHOWN, text).ok()?).ok()?;
    let slip = |(slip_no, kind, title, total): (String, String, String, i64)| {
        let slip_no = SlipNo::parse(slip_no).ok()?;
        Some(ShownSlip { slip_no, kind: SlipKind::parse(&kind), title, total: Fen::new(total) })
    };
    let slips = sealed.slips.into_iter().map(slip).collect::<Option<Vec<_>>>()?;
    let (pooled, account, own) = (Fen::new(sealed.pooled), Fen::new(sealed.account), Fen::new(sealed.own));
    let total = Fen::sum([pooled, account, own]).ok()?;
    Some(Shown { slips, split: Split::new(pooled, account, own, total).ok()? })
}
