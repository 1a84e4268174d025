//! Sealing everything again with the current key, so that an old one can be taken out of the ring.
//!
//! Done in batches, each its own transaction, beside a running gateway. What is left is found by the key's number in front of each
//! value: a run that was stopped is begun again and goes on with what is not done.

use super::attention::audit;
use super::{Private, Trouble};
use crate::Gateway;
use mingfen_store::{BillIndexes, IndexedBill, SealedColumn};
use mingfen_vault::KeyId;
use std::collections::BTreeMap;

/// Values in one transaction: short enough that nobody notices the wait on SQLite's one writer.
const BATCH: i64 = 200;

/// What the indexes of a bill are called where columns are: all of them are made at once.
const INDEX: &str = "bills.card_index";

/// The same of the blocklist.
const BLOCKLIST_INDEX: &str = "blocklist.subject_index";

/// Which key sealed how much of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUsage {
    /// `bills.patient_sealed`; of the index of cards, which key made it.
    pub column: String,
    /// Values by key; `None`: no key is named.
    pub values: BTreeMap<Option<u8>, i64>,
}

/// What became of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resealed {
    /// `bills.patient_sealed`
    pub column: String,
    /// Values that the current key seals now and did not before.
    pub done: u64,
    /// Values that do not open: their key is not in the ring, or they were tampered with. The rows' keys.
    pub unreadable: Vec<String>,
}

/// Counts, column by column, what each key sealed.
///
/// # Errors
/// [`Trouble`] when the database cannot be read.
pub async fn key_usage(gateway: &Gateway) -> Result<Vec<KeyUsage>, Trouble> {
    let store = &gateway.store;
    let mut usage = Vec::new();
    for column in SealedColumn::ALL {
        usage.push(KeyUsage {
            column: column.name(),
            values: store.sealed_by(column).await?.into_iter().collect(),
        });
    }
    usage
        .push(KeyUsage { column: INDEX.to_owned(), values: store.indexed_by().await?.into_iter().collect() });
    Ok(usage)
}

/// Seals with the current key whatever another one sealed; `told` hears of each batch. Safe to stop, to repeat, and to run beside
/// a gateway: what changes meanwhile is sealed with the current key anyway.
///
/// # Errors
/// [`Trouble`] when the database cannot be read or written; what was done is done.
pub async fn reseal(
    gateway: &Gateway,
    who: &str,
    mut told: impl FnMut(&Resealed),
) -> Result<Vec<Resealed>, Trouble> {
    let key = gateway.keyring.current_key();
    let mut all = Vec::new();
    all.push(blocklist_anew(gateway, key, &mut told).await?);
    // The index first: it is made of what is sealed, and whatever opens now opens for it.
    all.push(index_anew(gateway, key, &mut told).await?);
    for column in SealedColumn::ALL {
        all.push(column_anew(gateway, key, column, &mut told).await?);
    }
    let done: u64 = all.iter().map(|one| one.done).sum();
    let mut tx = gateway.store.begin().await?;
    let detail = format!("{done} values are sealed or indexed by key {key} now");
    audit(&mut tx, gateway.now(), who, "keys.resealed", "keys", &detail).await?;
    tx.commit().await?;
    Ok(all)
}

async fn column_anew(
    gateway: &Gateway,
    key: KeyId,
    column: SealedColumn,
    told: &mut impl FnMut(&Resealed),
) -> Result<Resealed, Trouble> {
    let mut so_far = Resealed { column: column.name(), done: 0, unreadable: Vec::new() };
    let mut after = String::new();
    loop {
        let rows = gateway.store.sealed_otherwise(column, key.0, &after, BATCH).await?;
        let Some(last) = rows.last() else { return Ok(so_far) };
        after.clone_from(&last.key);
        let mut tx = gateway.store.begin().await?;
        for row in &rows {
            match Private(gateway).reseal(column, &row.sealed) {
                Some(sealed) => {
                    so_far.done +=
                        u64::from(tx.replace_sealed(column, &row.key, &row.sealed, &sealed).await?);
                }
                None => so_far.unreadable.push(row.key.clone()),
            }
        }
        tx.commit().await?;
        told(&so_far);
    }
}

async fn index_anew(
    gateway: &Gateway,
    key: KeyId,
    told: &mut impl FnMut(&Resealed),
) -> Result<Resealed, Trouble> {
    let mut so_far = Resealed { column: INDEX.to_owned(), done: 0, unreadable: Vec::new() };
    let mut after = String::new();
    loop {
        let bills = gateway.store.indexed_otherwise(key.0, &after, BATCH).await?;
        let Some(last) = bills.last() else { return Ok(so_far) };
        after = last.bill_no.to_string();
        let mut tx = gateway.store.begin().await?;
        for bill in &bills {
            match indexes_anew(gateway, bill) {
                Ok(indexes) => {
                    tx.set_bill_indexes(&bill.bill_no, &indexes).await?;
                    so_far.done += 1;
                }
                Err(_) => so_far.unreadable.push(bill.bill_no.to_string()),
            }
        }
        tx.commit().await?;
        told(&so_far);
    }
}

async fn blocklist_anew(
    gateway: &Gateway,
    key: KeyId,
    told: &mut impl FnMut(&Resealed),
) -> Result<Resealed, Trouble> {
    let mut so_far = Resealed { column: BLOCKLIST_INDEX.to_owned(), done: 0, unreadable: Vec::new() };
    let mut after = String::new();
    loop {
        let blocks = gateway.store.blocks_indexed_otherwise(key.0, &after, BATCH).await?;
        let Some(last) = blocks.last() else { return Ok(so_far) };
        after = last.block_no.to_string();
        let mut tx = gateway.store.begin().await?;
        for block in &blocks {
            let private = Private(gateway);
            match private.open_blocked(&block.value_sealed) {
                Ok(value) => {
                    let hospital = &gateway.settings.hospital.id;
                    let indexes = private.blocked_indexes(hospital, block.kind, &value);
                    tx.set_block_index(&block.block_no, indexes.first().map_or("", String::as_str)).await?;
                    so_far.done += 1;
                }
                Err(_) => so_far.unreadable.push(block.block_no.to_string()),
            }
        }
        tx.commit().await?;
        told(&so_far);
    }
}

fn indexes_anew(gateway: &Gateway, bill: &IndexedBill) -> Result<BillIndexes, Trouble> {
    let private = Private(gateway);
    let patient = private.open_patient(&bill.patient_sealed)?;
    let phone = match &bill.phone_sealed {
        Some(sealed) => private.open_phone(sealed)?,
        None => None,
    };
    Ok(private.bill_indexes(&bill.hospital, &patient, phone.as_ref()))
}
