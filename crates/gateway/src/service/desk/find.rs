//! One box: whatever a person types or scans is read in every way that makes sense, and each way is looked up by an index.
//!
//! Searching by what belongs to a person (card, phone, name, a slip's code) is written down: who, and by what kind, never the value.

use super::lines::{OrderLine, lines_of};
use crate::Gateway;
use crate::http::words::is_readable;
use crate::service::attention::audit;
use crate::service::{Private, Trouble};
use mingfen_domain::Timestamp;
use mingfen_domain::ids::{
    BillNo, OutRefundNo, OutTradeNo, ProviderRefundNo, ProviderTradeNo, SlipNo, TraceId,
};
use mingfen_domain::person::Phone;
use mingfen_store::{BillIndex, BillRecord};
use mingfen_vault::{mask, slip_token};

/// Lines on a page.
pub const PAGE: usize = 50;
/// One more is read, to know whether there are more.
const LIMIT: i64 = 51;
/// No link of ours is longer.
const LONGEST: usize = 2000;

/// A way to read what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A bill's number.
    Bill,
    /// An order's number.
    Order,
    /// A refund's number.
    Refund,
    /// A slip's number.
    Slip,
    /// A provider's number of a payment or refund.
    Provider,
    /// HIS's receipt.
    Receipt,
    /// What a patient reads out: voucher or code.
    Voucher,
    /// The code on a slip.
    SlipLink,
    /// The address of a patient's page.
    ResultLink,
    /// A card.
    Card,
    /// A phone.
    Phone,
    /// The end of a phone.
    PhoneTail,
    /// A full name.
    Name,
}

impl Kind {
    const ALL: [Self; 13] = [
        Self::Bill,
        Self::Order,
        Self::Refund,
        Self::Slip,
        Self::Provider,
        Self::Receipt,
        Self::Voucher,
        Self::SlipLink,
        Self::ResultLink,
        Self::Card,
        Self::Phone,
        Self::PhoneTail,
        Self::Name,
    ];

    /// The word in an address, and in the trail.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Bill => "bill",
            Self::Order => "order",
            Self::Refund => "refund",
            Self::Slip => "slip",
            Self::Provider => "provider",
            Self::Receipt => "receipt",
            Self::Voucher => "voucher",
            Self::SlipLink => "slip-link",
            Self::ResultLink => "result-link",
            Self::Card => "card",
            Self::Phone => "phone",
            Self::PhoneTail => "phone-end",
            Self::Name => "name",
        }
    }

    /// The kind of that word.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }

    /// Whether looking it up is looking for a person.
    pub const fn is_personal(self) -> bool {
        matches!(self, Self::SlipLink | Self::Card | Self::Phone | Self::PhoneTail | Self::Name)
    }
}

/// What was typed, read one way.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reading {
    Bill(BillNo),
    Order(OutTradeNo),
    Refund(OutRefundNo),
    Slip(Vec<SlipNo>),
    Provider(Vec<ProviderTradeNo>),
    Receipt(Vec<String>),
    Voucher(String),
    SlipLink(String),
    ResultLink(String),
    Card(Vec<String>),
    Phone(Phone),
    PhoneTail(String),
    Name(String),
}

impl Reading {
    const fn kind(&self) -> Kind {
        match self {
            Self::Bill(_) => Kind::Bill,
            Self::Order(_) => Kind::Order,
            Self::Refund(_) => Kind::Refund,
            Self::Slip(_) => Kind::Slip,
            Self::Provider(_) => Kind::Provider,
            Self::Receipt(_) => Kind::Receipt,
            Self::Voucher(_) => Kind::Voucher,
            Self::SlipLink(_) => Kind::SlipLink,
            Self::ResultLink(_) => Kind::ResultLink,
            Self::Card(_) => Kind::Card,
            Self::Phone(_) => Kind::Phone,
            Self::PhoneTail(_) => Kind::PhoneTail,
            Self::Name(_) => Kind::Name,
        }
    }

    /// What a page may repeat of it.
    fn shown(&self) -> String {
        match self {
            Self::Bill(number) => number.to_string(),
            Self::Order(number) => number.to_string(),
            Self::Refund(number) => number.to_string(),
            Self::Slip(numbers) => numbers.first().map(ToString::to_string).unwrap_or_default(),
            Self::Provider(numbers) => numbers.first().map(ToString::to_string).unwrap_or_default(),
            Self::Receipt(numbers) => numbers.first().cloned().unwrap_or_default(),
            Self::Voucher(code) => code.clone(),
            Self::SlipLink(_) | Self::ResultLink(_) => String::new(),
            Self::Card(numbers) => {
                format!("****{}", numbers.first().map(|number| mask::card(number)).unwrap_or_default())
            }
            Self::Phone(phone) => mask::phone(phone.as_str()),
            Self::PhoneTail(digits) => digits.clone(),
            Self::Name(name) => mask::name(name),
        }
    }

    /// One that only this program makes: when it finds something, nothing else is meant.
    fn is_sure(&self) -> bool {
        match self {
            Self::Bill(number) => number.as_str().len() == 21 && number.as_str().starts_with('B'),
            Self::Order(number) => number.is_ours(),
            Self::Refund(number) => number.is_ours(),
            Self::SlipLink(_) | Self::ResultLink(_) => true,
            _ => false,
        }
    }
}

/// A way that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingFound {
    /// Which.
    pub kind: Kind,
    /// What a page may repeat of it.
    pub shown: String,
    /// How many it finds, at most [`PAGE`].
    pub hits: usize,
    /// There are more.
    pub more: bool,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Every way that was tried.
    pub readings: Vec<ReadingFound>,
    /// The one whose payments these are.
    pub chosen: Option<Kind>,
    /// The payments, the latest first.
    pub lines: Vec<OrderLine>,
    /// From where the next page goes on.
    pub next: Option<(Timestamp, String)>,
    /// There is one payment and no other, however it is read.
    pub only: Option<BillNo>,
}

/// Looks up what was typed. `wanted`: only this way, when it makes sense at all. `by`: who looks, for the trail.
///
/// # Errors
/// [`Trouble`].
pub async fn find_orders(
    gateway: &Gateway,
    text: &str,
    wanted: Option<Kind>,
    before: Option<&(Timestamp, String)>,
    by: &str,
) -> Result<Found, Trouble> {
    let readings = understand(text);
    let mut tried: Vec<(ReadingFound, Vec<BillRecord>)> = Vec::new();
    for reading in &readings {
        let shown_page = wanted.is_none_or(|wanted| wanted == reading.kind());
        let mut bills = look_up(gateway, reading, before.filter(|_| shown_page)).await?;
        let more = bills.len() > PAGE;
        bills.truncate(PAGE);
        let found = ReadingFound { kind: reading.kind(), shown: reading.shown(), hits: bills.len(), more };
        let done = reading.is_sure() && !bills.is_empty();
        tried.push((found, bills));
        if done {
            break;
        }
    }
    let personal: Vec<&str> = tried
        .iter()
        .filter(|(found, _)| found.kind.is_personal())
        .map(|(found, _)| found.kind.key())
        .collect();
    if !personal.is_empty() {
        let hits: usize =
            tried.iter().filter(|(found, _)| found.kind.is_personal()).map(|(found, _)| found.hits).sum();
        let detail = format!("by {}: {hits} found", personal.join(", "));
        let mut tx = gateway.store.begin().await?;
        audit(&mut tx, gateway.now(), by, "orders.searched", "orders", &detail).await?;
        tx.commit().await?;
    }
    let mut distinct: Vec<&BillNo> =
        tried.iter().flat_map(|(_, bills)| bills).map(|bill| &bill.bill.bill_no).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let only = match distinct.as_slice() {
        [only] if wanted.is_none() && before.is_none() => Some((*only).clone()),
        _ => None,
    };
    let at = match wanted {
        Some(wanted) => tried.iter().position(|(found, _)| found.kind == wanted),
        None => tried.iter().position(|(found, _)| found.hits > 0).or((!tried.is_empty()).then_some(0)),
    };
    let chosen = at.map(|at| tried[at].0.kind);
    let bills = at.map(|at| std::mem::take(&mut tried[at].1)).unwrap_or_default();
    let next = at
        .filter(|at| tried[*at].0.more)
        .and_then(|_| bills.last())
        .map(|last| (last.bill.opened_at, last.bill.bill_no.to_string()));
    Ok(Found {
        readings: tried.into_iter().map(|(found, _)| found).collect(),
        chosen,
        lines: lines_of(gateway, bills).await?,
        next,
        only,
    })
}

async fn look_up(
    gateway: &Gateway,
    reading: &Reading,
    before: Option<&(Timestamp, String)>,
) -> Result<Vec<BillRecord>, Trouble> {
    let (store, private, hospital) = (&gateway.store, Private(gateway), &gateway.settings.hospital.id);
    let by_index = async |index: BillIndex, hashes: Vec<String>| {
        store.bills_of_index(hospital, index, &hashes, before, LIMIT).await
    };
    let mut numbers: Vec<BillNo> = Vec::new();
    match reading {
        Reading::Bill(number) => return Ok(store.bill(number).await?.into_iter().collect()),
        Reading::Order(number) => {
            numbers.extend(store.payment(number).await?.map(|record| record.payment.bill_no));
        }
        Reading::Refund(number) => numbers.extend(store.refund(number).await?.map(|record| record.bill_no)),
        Reading::Slip(slips) => {
            let mut bills = Vec::new();
            for slip_no in slips {
                bills.extend(store.bills_of_slip(hospital, slip_no).await?);
            }
            return Ok(bills);
        }
        Reading::Provider(theirs) => {
            for number in theirs {
                let payments = store.payments_by_their_no(number, LIMIT).await?;
                numbers.extend(payments.into_iter().map(|record| record.payment.bill_no));
                if let Ok(number) = ProviderRefundNo::parse(number.as_str()) {
                    let refunds = store.refunds_by_provider_no(&number, LIMIT).await?;
                    numbers.extend(refunds.into_iter().map(|record| record.bill_no));
                }
                // The reference on the slip of a card terminal, without the terminal.
                for order in store.window_orders_of_reference(number.as_str(), LIMIT).await? {
                    let payment = store.payment(&order.out_trade_no).await?;
                    numbers.extend(payment.map(|record| record.payment.bill_no));
                }
            }
        }
        Reading::Receipt(receipts) => {
            for receipt_no in receipts {
                let found = store.write_backs_by_receipt(receipt_no, LIMIT).await?;
                numbers.extend(found.into_iter().map(|record| record.bill_no));
            }
        }
        Reading::Voucher(code) => {
            let mut bills: Vec<BillRecord> = store.bill_by_ending(code).await?.into_iter().collect();
            if let Some(beginning) = TraceId::beginning(code) {
                bills.extend(store.bill_of_trace(&beginning).await?);
            }
            return Ok(bills);
        }
        Reading::SlipLink(token) => {
            // A code on paper may be older than its deadline; whose it is, it says all the same.
            let opened = slip_token::open(&gateway.keyring, token, Timestamp::from_ms(0));
            let Ok(claims) = opened else { return Ok(Vec::new()) };
            let hashes = private.card_indexes(&claims.hospital, &claims.patient.card_no);
            return Ok(by_index(BillIndex::Card, hashes).await?);
        }
        Reading::ResultLink(view_ref) => {
            return Ok(store.bill_by_view_ref(view_ref).await?.into_iter().collect());
        }
        Reading::Card(cards) => {
            let hashes = cards.iter().flat_map(|card_no| private.card_indexes(hospital, card_no)).collect();
            return Ok(by_index(BillIndex::Card, hashes).await?);
        }
        Reading::Phone(phone) => {
            return Ok(by_index(BillIndex::Phone, private.phone_indexes(hospital, phone)).await?);
        }
        Reading::PhoneTail(digits) => {
            let four = &digits[digits.len() - 4..];
            let mut bills =
                by_index(BillIndex::PhoneTail, private.phone_tail_indexes(hospital, four)).await?;
            if digits.len() > 4 {
                let mut kept = Vec::new();
                for bill in bills {
                    if phone_of(gateway, &bill)?.is_some_and(|phone| phone.ends_with(digits)) {
                        kept.push(bill);
                    }
                }
                bills = kept;
            }
            return Ok(bills);
        }
        Reading::Name(name) => {
            return Ok(by_index(BillIndex::Name, private.name_indexes(hospital, name)).await?);
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(store.bills_numbered(&numbers).await?)
}

fn phone_of(gateway: &Gateway, bill: &BillRecord) -> Result<Option<String>, Trouble> {
    let private = Private(gateway);
    if let Some(sealed) = &bill.phone_sealed
        && let Some(phone) = private.open_phone(sealed)?
    {
        return Ok(Some(phone.as_str().to_owned()));
    }
    Ok(private.open_patient(&bill.patient_sealed)?.phone)
}

/// Every way in which the text makes sense, the likeliest first.
fn understand(text: &str) -> Vec<Reading> {
    let text = plain(text);
    if text.is_empty() || text.len() > LONGEST {
        return Vec::new();
    }
    if let Some(reading) = link(&text) {
        return vec![reading];
    }
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let bare: String = compact.chars().filter(|c| *c != '-').collect();
    let upper = bare.to_ascii_uppercase();
    let digits = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
    let mut readings = Vec::new();
    // Our own numbers tell by their first letter what they are.
    let own = [
        ('B', BillNo::parse(upper.as_str()).ok().map(Reading::Bill)),
        ('P', OutTradeNo::parse(upper.as_str()).ok().map(Reading::Order)),
        ('R', OutRefundNo::parse(upper.as_str()).ok().map(Reading::Refund)),
    ];
    let (first, rest): (Vec<_>, Vec<_>) = own.into_iter().partition(|(letter, _)| upper.starts_with(*letter));
    let has_digit = bare.bytes().any(|byte| byte.is_ascii_digit());
    let made_here = |(_, reading): (char, Option<Reading>)| reading.filter(|_| has_digit);
    readings.extend(first.into_iter().filter_map(made_here));
    if let Some(phone) = phone(&bare) {
        readings.push(Reading::Phone(phone));
    }
    if digits && (4..=10).contains(&bare.len()) {
        readings.push(Reading::PhoneTail(bare.clone()));
    }
    if has_digit
        && (4..=32).contains(&compact.len())
        && compact.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        let mut cards = vec![compact.clone(), compact.to_ascii_uppercase()];
        cards.dedup();
        readings.push(Reading::Card(cards));
    }
    if has_digit {
        let mut written = vec![text.clone(), compact.clone(), bare.clone(), upper.clone()];
        written.sort_unstable();
        written.dedup();
        written.retain(|one| (3..=64).contains(&one.len()));
        let slips: Vec<SlipNo> = written.iter().filter_map(|one| SlipNo::parse(one.as_str()).ok()).collect();
        if !slips.is_empty() {
            readings.push(Reading::Slip(slips));
        }
        if !written.is_empty() {
            readings.push(Reading::Receipt(written));
        }
        if bare.len() >= 6 {
            // A number in groups, and one that has its dash from the window.
            let mut theirs: Vec<ProviderTradeNo> = Vec::new();
            for text in [&bare, &compact, &upper] {
                if let Ok(number) = ProviderTradeNo::parse(text.as_str())
                    && !theirs.contains(&number)
                {
                    theirs.push(number);
                }
            }
            if !theirs.is_empty() {
                readings.push(Reading::Provider(theirs));
            }
        }
    }
    if bare.len() == 8 && bare.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        readings.push(Reading::Voucher(upper.clone()));
    }
    readings.extend(rest.into_iter().filter_map(made_here));
    if !has_digit && is_readable(&text, 2, 40) {
        readings.push(Reading::Name(text));
    }
    readings
}

/// As it would be typed on a Latin keyboard: a scan gun behind a Chinese input method sends wide letters, and paper has blanks.
fn plain(text: &str) -> String {
    let narrow = text.chars().filter_map(|c| match c {
        '\u{3000}' => Some(' '),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => None,
        c if c.is_control() => None,
        c => Some(c),
    });
    narrow.collect::<String>().trim().to_owned()
}

fn link(text: &str) -> Option<Reading> {
    let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let parts: Vec<&str> = url.path_segments()?.collect();
    match parts.as_slice() {
        ["s", token] => Some(Reading::SlipLink((*token).to_owned())),
        ["result" | "receipt" | "pay", reference, ..] if reference.len() == 26 => {
            Some(Reading::ResultLink((*reference).to_ascii_uppercase()))
        }
        _ => None,
    }
}

fn phone(bare: &str) -> Option<Phone> {
    let bare = bare.strip_prefix('+').unwrap_or(bare);
    let bare = if bare.len() == 13 { bare.strip_prefix("86").unwrap_or(bare) } else { bare };
    Phone::parse(bare).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        understand(text).iter().map(Reading::kind).collect()
    }

    #[test]
    fn a_number_of_ours_is_known_by_its_letter() {
        assert_eq!(kinds("P2611247K2M9QX4RT3P5Z")[0], Kind::Order);
        assert_eq!(kinds(" b261124 7k2m 9qx4 rt3p5z ")[0], Kind::Bill);
        assert_eq!(kinds("Ｒ2611247K2M9QX4RT3P5Z")[0], Kind::Refund);
    }

    #[test]
    fn digits_are_a_phone_its_end_a_card_or_a_number() {
        assert_eq!(kinds("138 0013 8000")[0], Kind::Phone);
        assert_eq!(kinds("+8613800138000")[0], Kind::Phone);
        assert_eq!(kinds("5678")[0], Kind::PhoneTail);
        assert!(kinds("5678").contains(&Kind::Slip) && kinds("5678").contains(&Kind::Card));
        assert!(kinds("4200002871202611243096417725").contains(&Kind::Provider));
        assert!(kinds("A10023846021").contains(&Kind::Card));
        assert!(!kinds("567").contains(&Kind::PhoneTail));
    }

    #[test]
    fn letters_are_a_name_and_links_are_opened() {
        assert_eq!(kinds("张小明"), [Kind::Name]);
        assert_eq!(kinds("Anna Berg"), [Kind::Voucher, Kind::Name]);
        assert_eq!(kinds("https://pay.example.cn/s/AQEAVf1d"), [Kind::SlipLink]);
        assert_eq!(kinds("https://pay.example.cn/result/ABCDEFGHJKMNPQRSTVWXYZ0123"), [Kind::ResultLink]);
        assert_eq!(kinds("7K2M-9QX4").last(), Some(&Kind::Refund));
    }

    #[test]
    fn rubbish_is_understood_as_nothing_or_finds_nothing() {
        for text in ["", "   ", "\u{202e}\u{200b}", "张", "！"] {
            assert!(understand(text).is_empty(), "{text:?}: {:?}", understand(text));
        }
        assert!(understand(&"9".repeat(3000)).is_empty());
        assert!(kinds("'; DROP TABLE bills; --").iter().all(|kind| *kind == Kind::Name));
    }
}
