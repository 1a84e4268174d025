//! Whose slips are they? Read from HIS at this moment, with what our own records know of each.

use crate::Gateway;
use crate::service::attention::audit;
use crate::service::{Private, Trouble};
use mingfen_domain::Timestamp;
use mingfen_domain::ids::{BillNo, SlipNo};
use mingfen_domain::payment::{Scene, State};
use mingfen_domain::person::Patient;
use mingfen_domain::slip::{Slip, SlipStatus};
use mingfen_domain::split::Split;
use mingfen_his::Owed;
use mingfen_vault::slip_token;

/// A slip that HIS says is owed.
#[derive(Clone, Debug)]
pub struct WindowSlip {
    /// The slip.
    pub slip: Slip,
    /// Our bill that claims it, when there is one: somebody is paying it, or has paid it.
    pub claimed: Option<ClaimedBy>,
}

/// Who has a slip.
#[derive(Clone, Debug)]
pub struct ClaimedBy {
    /// The bill.
    pub bill_no: BillNo,
    /// Money came for it: HIS only does not know yet.
    pub paid: bool,
    /// It stands at a window: the order.
    pub at_window: Option<mingfen_domain::ids::OutTradeNo>,
}

/// What a patient owes.
#[derive(Clone, Debug)]
pub struct WindowSlips {
    /// Whose; masked before anybody sees it.
    pub patient: Patient,
    /// The slips.
    pub slips: Vec<WindowSlip>,
}

/// What was found.
#[derive(Clone, Debug)]
pub enum LookUp {
    /// Slips, or none any more.
    Found(Box<WindowSlips>),
    /// What was typed leads to nobody.
    Nobody,
    /// HIS does not answer.
    HisSilent,
}

/// Looks up what is owed: by the code on a slip, a slip's number that was paid with here before, or a card. Who looks is written down,
/// and by what kind; the value is not.
///
/// # Errors
/// [`Trouble`].
pub async fn look_up(gateway: &Gateway, text: &str, by: &str) -> Result<LookUp, Trouble> {
    let text = text.trim();
    let (card_no, kind) = match card_of(gateway, text).await? {
        Some(found) => found,
        None => return Ok(LookUp::Nobody),
    };
    let mut tx = gateway.store.begin().await?;
    audit(&mut tx, gateway.now(), by, "slips.looked_up", "window", &format!("by {kind}")).await?;
    tx.commit().await?;
    slips_of_card(gateway, &card_no).await
}

/// The card that a text leads to, and what kind of text it was.
async fn card_of(gateway: &Gateway, text: &str) -> Result<Option<(String, &'static str)>, Trouble> {
    if text.is_empty() || text.len() > 2000 {
        return Ok(None);
    }
    if let Some(token) =
        url::Url::parse(text).ok().and_then(|url| url.path().strip_prefix("/s/").map(str::to_owned))
    {
        // A code on paper may be older than its deadline; whose it is, it says all the same.
        let claims = slip_token::open(&gateway.keyring, &token, Timestamp::from_ms(0));
        let ours = claims.ok().filter(|claims| claims.hospital == gateway.settings.hospital.id);
        return Ok(ours.map(|claims| (claims.patient.card_no, "slip-link")));
    }
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if let Ok(slip_no) = SlipNo::parse(plain.as_str())
        && let Some(bill) =
            gateway.store.bills_of_slip(&gateway.settings.hospital.id, &slip_no).await?.into_iter().next()
    {
        let patient = Private(gateway).open_patient(&bill.patient_sealed)?;
        return Ok(Some((patient.card_no, "slip")));
    }
    let is_card = (4..=32).contains(&plain.len())
        && plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    Ok(is_card.then_some((plain, "card")))
}

/// What HIS says is owed with a card now.
///
/// # Errors
/// [`Trouble`].
pub async fn slips_of_card(gateway: &Gateway, card_no: &str) -> Result<LookUp, Trouble> {
    let hospital = &gateway.settings.hospital.id;
    let owed = match gateway.his.owed_slips(hospital, card_no).await {
        Ok(Some(owed)) => owed,
        Ok(None) => return Ok(LookUp::Nobody),
        Err(error) => {
            tracing::warn!(error = %error, "HIS could not be asked what is owed at the window");
            return Ok(LookUp::HisSilent);
        }
    };
    let Owed { patient, slips } = owed;
    let slips: Vec<Slip> = slips.into_iter().filter(|slip| slip.status == SlipStatus::Unpaid).collect();
    let numbers: Vec<SlipNo> = slips.iter().map(|slip| slip.slip_no.clone()).collect();
    let claims = gateway.store.claims_on(hospital, &numbers).await?;
    let mut found = Vec::new();
    for slip in slips {
        let bill_no = claims.iter().find(|(slip_no, _)| *slip_no == slip.slip_no).map(|(_, bill_no)| bill_no);
        let claimed = match bill_no {
            Some(bill_no) => claimed_by(gateway, bill_no).await?,
            None => None,
        };
        found.push(WindowSlip { slip, claimed });
    }
    Ok(LookUp::Found(Box::new(WindowSlips { patient, slips: found })))
}

async fn claimed_by(gateway: &Gateway, bill_no: &BillNo) -> Result<Option<ClaimedBy>, Trouble> {
    let payments = gateway.store.payments_of_bill(bill_no).await?;
    let live = payments.iter().find(|record| record.payment.state.is_live());
    let paid =
        payments.iter().any(|record| matches!(record.payment.state, State::Paid(_) | State::Suspense { .. }));
    if live.is_none() && !paid {
        return Ok(None);
    }
    let at_window = live
        .filter(|record| record.payment.scene == Scene::Window)
        .map(|record| record.payment.out_trade_no.clone());
    Ok(Some(ClaimedBy { bill_no: bill_no.clone(), paid, at_window }))
}

/// Whose a bill is: so that a patient whose order fell through is found again without typing.
///
/// # Errors
/// [`Trouble`].
pub async fn patient_of_bill(gateway: &Gateway, bill_no: &BillNo) -> Result<Option<Patient>, Trouble> {
    match gateway.store.bill(bill_no).await? {
        Some(bill) => Ok(Some(Private(gateway).open_patient(&bill.patient_sealed)?)),
        None => Ok(None),
    }
}

/// The chosen slips, those that HIS wants paid with them added, and their sum.
///
/// # Errors
/// [`Trouble::Money`].
pub fn slips_to_take(owed: &WindowSlips, chosen: &[SlipNo]) -> Result<(Vec<Slip>, Split), Trouble> {
    let free = || owed.slips.iter().filter(|one| one.claimed.as_ref().is_none_or(|claimed| !claimed.paid));
    let visits: Vec<&str> = free()
        .filter(|one| one.slip.pay_together && chosen.contains(&one.slip.slip_no))
        .filter_map(|one| one.slip.visit_no.as_deref())
        .collect();
    let belongs = |slip: &Slip| {
        slip.pay_together && slip.visit_no.as_deref().is_some_and(|visit| visits.contains(&visit))
    };
    let slips: Vec<Slip> = free()
        .map(|one| &one.slip)
        .filter(|slip| chosen.contains(&slip.slip_no) || belongs(slip))
        .cloned()
        .collect();
    let split = slips.iter().try_fold(Split::none(), |sum, slip| sum.plus(slip.split))?;
    Ok((slips, split))
}
