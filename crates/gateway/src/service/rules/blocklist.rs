//! The blocklist: who may not pay by phone, why and until when. Whoever keeps it need not see whom it is about: an entry can be made from a
//! payment's number, and shows no more than a mask.

use crate::Gateway;
use crate::http::words::is_readable;
use crate::service::attention::audit;
use crate::service::{Private, Trouble};
use mingfen_domain::Timestamp;
use mingfen_domain::ids::{BillNo, BlockNo, OutTradeNo};
use mingfen_domain::person::Phone;
use mingfen_store::{BlockRecord, BlockedKind, StoreError};

/// What somebody wants to keep out.
#[derive(Clone)]
pub struct BlockWish {
    /// A card, a payer, a phone.
    pub kind: BlockedKind,
    /// Which; or the number of a payment that is theirs.
    pub value: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// An entry that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Its number.
    pub block_no: BlockNo,
    /// What people may see of it.
    pub masked: String,
}

/// Why there is no entry.
#[derive(Debug, thiserror::Error)]
pub enum BlockRefused {
    /// Neither of that kind nor the number of a payment.
    #[error("this is no card, payer or phone, and not the number of a payment")]
    Value,
    /// There is such a payment, and it does not say.
    #[error("that payment knows no payer or no phone")]
    NotKnown,
    /// A reason is required.
    #[error("a reason of 2 to 80 characters is required")]
    NoReason,
    /// It would be over already.
    #[error("the last day is past")]
    Past,
    /// Somebody was first.
    #[error("there is an entry already: {0}")]
    There(BlockNo),
    /// Nothing happened; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Why nothing was lifted, or shown.
#[derive(Debug, thiserror::Error)]
pub enum LiftRefused {
    /// There is no such entry, or it was lifted already.
    #[error("there is no such entry, or it was lifted already")]
    NotFound,
    /// A reason is required.
    #[error("a reason of 2 to 80 characters is required")]
    NoReason,
    /// Nothing happened; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for BlockRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<StoreError> for LiftRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// What people may see of a card, payer or phone.
fn mask(kind: BlockedKind, value: &str) -> String {
    match kind {
        BlockedKind::Card => format!("****{}", mingfen_vault::mask::card(value)),
        BlockedKind::Phone => mingfen_vault::mask::phone(value),
        BlockedKind::Payer => {
            let letters: Vec<char> = value.chars().collect();
            if letters.len() < 12 {
                return "****".to_owned();
            }
            let part = |range: &[char]| range.iter().collect::<String>();
            format!("{}…{}", part(&letters[..4]), part(&letters[letters.len() - 3..]))
        }
    }
}

/// What people may see of an entry.
///
/// # Errors
/// [`Trouble`] when it does not open.
pub fn masked_block(gateway: &Gateway, record: &BlockRecord) -> Result<String, Trouble> {
    Ok(mask(record.kind, &Private(gateway).open_blocked(&record.value_sealed)?))
}

/// Adds an entry.
///
/// # Errors
/// [`BlockRefused`]: there is none.
pub async fn add_block(gateway: &Gateway, wish: &BlockWish, by: &str) -> Result<Blocked, BlockRefused> {
    if !is_readable(&wish.reason, 2, 80) {
        return Err(BlockRefused::NoReason);
    }
    let now = gateway.now();
    if wish.until.is_some_and(|until| until <= now) {
        return Err(BlockRefused::Past);
    }
    let value = named_by(gateway, wish).await?;
    let private = Private(gateway);
    let indexes = private.blocked_indexes(&gateway.settings.hospital.id, wish.kind, &value);
    if let Some(there) = gateway.store.blocked(&[(wish.kind, indexes.clone())], now).await? {
        return Err(BlockRefused::There(there.block_no));
    }
    let record = BlockRecord {
        block_no: BlockNo::fresh(now, gateway.random.as_ref()),
        kind: wish.kind,
        subject_index: indexes.into_iter().next().unwrap_or_default(),
        value_sealed: private.seal_blocked(&value),
        reason: wish.reason.clone(),
        until: wish.until,
        added_by: by.to_owned(),
        added_at: now,
        lifted: None,
    };
    let mut tx = gateway.store.begin().await?;
    match tx.insert_block(&record).await {
        Ok(()) => {}
        Err(StoreError::UniqueViolation(_)) => {
            tx.rollback().await?;
            let indexes = vec![record.subject_index.clone()];
            let there = gateway.store.blocked(&[(wish.kind, indexes)], now).await?;
            return Err(match there {
                Some(there) => BlockRefused::There(there.block_no),
                None => Trouble::Inconsistent("an entry was there and is not".to_owned()).into(),
            });
        }
        Err(error) => return Err(error.into()),
    }
    let until = wish
        .until
        .map_or_else(|| "until lifted".to_owned(), |until| format!("until {}", until.to_beijing_text()));
    let detail = format!("{} {until}: {}", wish.kind.as_str(), wish.reason);
    audit(&mut tx, now, by, "blocklist.added", record.block_no.as_str(), &detail).await?;
    tx.commit().await?;
    Ok(Blocked { masked: mask(wish.kind, &value), block_no: record.block_no })
}

/// The value itself, or that of a payment whose number was given.
async fn named_by(gateway: &Gateway, wish: &BlockWish) -> Result<String, BlockRefused> {
    let text = wish.value.trim();
    if let Some(bill) = bill_named(gateway, text).await? {
        let private = Private(gateway);
        let record = gateway.store.bill(&bill).await?.ok_or(BlockRefused::Value)?;
        return match wish.kind {
            BlockedKind::Card => Ok(private.open_patient(&record.patient_sealed)?.card_no),
            BlockedKind::Phone => {
                let sealed = record.phone_sealed.ok_or(BlockRefused::NotKnown)?;
                let phone = private.open_phone(&sealed)?.ok_or(BlockRefused::NotKnown)?;
                Ok(phone.as_str().to_owned())
            }
            BlockedKind::Payer => {
                let payments = gateway.store.payments_of_bill(&bill).await?;
                let sealed = payments.into_iter().rev().find_map(|payment| payment.payer_sealed);
                Ok(private.open_payer(&sealed.ok_or(BlockRefused::NotKnown)?)?.id)
            }
        };
    }
    match wish.kind {
        BlockedKind::Phone => {
            Phone::parse(text).map(|phone| phone.as_str().to_owned()).map_err(|_| BlockRefused::Value)
        }
        BlockedKind::Card | BlockedKind::Payer => {
            let plain = (4..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
            if plain { Ok(text.to_owned()) } else { Err(BlockRefused::Value) }
        }
    }
}

/// The bill of that number, or of the order of that number.
async fn bill_named(gateway: &Gateway, text: &str) -> Result<Option<BillNo>, StoreError> {
    if let Ok(bill_no) = BillNo::parse(text)
        && let Some(bill) = gateway.store.bill(&bill_no).await?
    {
        return Ok(Some(bill.bill.bill_no));
    }
    match OutTradeNo::parse(text) {
        Ok(order) => Ok(gateway.store.payment(&order).await?.map(|payment| payment.payment.bill_no)),
        Err(_) => Ok(None),
    }
}

/// Lifts an entry.
///
/// # Errors
/// [`LiftRefused`]: it stands as before.
pub async fn lift_block(
    gateway: &Gateway,
    block_no: &BlockNo,
    reason: &str,
    by: &str,
) -> Result<(), LiftRefused> {
    if !is_readable(reason, 2, 80) {
        return Err(LiftRefused::NoReason);
    }
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    if !tx.lift_block(block_no, by, now, reason).await? {
        tx.rollback().await?;
        return Err(LiftRefused::NotFound);
    }
    audit(&mut tx, now, by, "blocklist.lifted", block_no.as_str(), reason).await?;
    tx.commit().await?;
    Ok(())
}

/// What an entry is about, in full. The row in the trail is committed before anything is shown.
///
/// # Errors
/// [`LiftRefused`]: nothing was shown.
pub async fn reveal_block(
    gateway: &Gateway,
    block_no: &BlockNo,
    reason: &str,
    by: &str,
) -> Result<String, LiftRefused> {
    let record = gateway.store.block(block_no).await?.ok_or(LiftRefused::NotFound)?;
    if !is_readable(reason, 2, 80) {
        return Err(LiftRefused::NoReason);
    }
    let value = Private(gateway).open_blocked(&record.value_sealed)?;
    let mut tx = gateway.store.begin().await?;
    audit(&mut tx, gateway.now(), by, "blocklist.shown", block_no.as_str(), reason).await?;
    tx.commit().await?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_hides_whom_it_is_about() {
        assert_eq!(mask(BlockedKind::Payer, "o6b2XXXXXXXXXXXXXXXXXXXXXk7D"), "o6b2…k7D");
        assert_eq!(mask(BlockedKind::Payer, "short"), "****");
        assert_eq!(mask(BlockedKind::Card, "A10023846021"), "****6021");
        assert_eq!(mask(BlockedKind::Phone, "13800138000"), "138****8000");
    }
}
