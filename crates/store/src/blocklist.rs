//! Cards, payers and phones that may not pay by phone. One entry at a time for each; what was lifted stays readable.

use crate::errors::Result;
use crate::offer::reads;
use crate::placeholders::{list, statement};
use crate::rows::Fields;
use crate::{Store, Tx};
use mingfen_domain::Timestamp;
use mingfen_domain::ids::BlockNo;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query, query_scalar};

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockedKind {
    /// A patient's card.
    Card,
    /// Somebody who pays, as a provider knows them.
    Payer,
    /// A phone that messages go to.
    Phone,
}

impl BlockedKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Card, Self::Payer, Self::Phone];

    /// The word in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Payer => "payer",
            Self::Phone => "phone",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// An entry.
#[derive(Clone, PartialEq, Eq)]
pub struct BlockRecord {
    /// Its number.
    pub block_no: BlockNo,
    /// What it is about.
    pub kind: BlockedKind,
    /// The digest by which it is found.
    pub subject_index: String,
    /// The card, payer or phone, sealed.
    pub value_sealed: Vec<u8>,
    /// Why.
    pub reason: String,
    /// Until when; `None`: until it is lifted.
    pub until: Option<Timestamp>,
    /// Who.
    pub added_by: String,
    /// When.
    pub added_at: Timestamp,
    /// Who lifted it, when and why.
    pub lifted: Option<(String, Timestamp, String)>,
}

impl BlockRecord {
    /// Whether it holds at this moment.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.lifted.is_none() && self.until.is_none_or(|until| until > now)
    }
}

macro_rules! select_blocks {
    ($condition:literal) => {
        concat!(
            "SELECT
                block_no,
                kind,
                subject_index,
                value_sealed,
                reason,
                until_ms,
                added_by,
                added_at_ms,
                lifted_by,
                lifted_at_ms,
                lifted_reason
            FROM blocklist
            WHERE ",
            $condition
        )
    };
}

reads! {
    /// The entry of that number.
    block(block_no: &BlockNo) -> Option<BlockRecord>;
    /// At most `limit` entries, those that were not lifted first, the latest first.
    blocks(limit: i64) -> Vec<BlockRecord>;
    /// How many hold at this moment.
    blocks_holding(now: Timestamp) -> i64;
}

async fn block(connection: &mut AnyConnection, block_no: &BlockNo) -> Result<Option<BlockRecord>> {
    let row =
        query(select_blocks!("block_no = $1")).bind(block_no.as_str()).fetch_optional(connection).await?;
    row.as_ref().map(rebuild).transpose()
}

async fn blocks(connection: &mut AnyConnection, limit: i64) -> Result<Vec<BlockRecord>> {
    let rows = query(select_blocks!(
        "block_no <> '' ORDER BY CASE WHEN lifted_at_ms IS NULL THEN 0 ELSE 1 END, added_at_ms DESC, block_no DESC LIMIT $1"
    ))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(rebuild).collect()
}

async fn blocks_holding(connection: &mut AnyConnection, now: Timestamp) -> Result<i64> {
    Ok(query_scalar(
        "SELECT COUNT(*) FROM blocklist WHERE lifted_at_ms IS NULL AND (until_ms IS NULL OR until_ms > $1)",
    )
    .bind(now.ms())
    .fetch_one(connection)
    .await?)
}

impl Store {
    /// An entry that holds at this moment for one of these, each with its digests under every key of the ring.
    pub async fn blocked(
        &self,
        subjects: &[(BlockedKind, Vec<String>)],
        now: Timestamp,
    ) -> Result<Option<BlockRecord>> {
        let indexes: Vec<&str> =
            subjects.iter().flat_map(|(_, indexes)| indexes.iter().map(String::as_str)).collect();
        if indexes.is_empty() {
            return Ok(None);
        }
        // A digest is made for one kind and no other, so it need not be asked for with its kind; the index wants all three.
        let sql = format!(
            "{} {}",
            select_blocks!(
                "lifted_at_ms IS NULL
                AND kind IN ('card', 'payer', 'phone')
                AND (until_ms IS NULL OR until_ms > $1)
                AND subject_index IN"
            ),
            list(2, indexes.len())
        );
        let mut select = query(statement(sql)).bind(now.ms());
        for index in indexes {
            select = select.bind(index);
        }
        let row = select.fetch_optional(self.reader().await?.as_mut()).await?;
        row.as_ref().map(rebuild).transpose()
    }

    /// At most `limit` entries that another key than `key` indexes, behind `after`.
    pub async fn blocks_indexed_otherwise(
        &self,
        key: u8,
        after: &str,
        limit: i64,
    ) -> Result<Vec<BlockRecord>> {
        let rows = query(select_blocks!(
            "block_no > $1 AND upper(substr(subject_index, 1, 2)) <> $2 ORDER BY block_no LIMIT $3"
        ))
        .bind(after)
        .bind(format!("{key:02X}"))
        .bind(limit)
        .fetch_all(self.reader().await?.as_mut())
        .await?;
        rows.iter().map(rebuild).collect()
    }
}

impl Tx {
    /// Keeps a new entry; what has run out of the same subject is lifted with it.
    ///
    /// # Errors
    /// [`UniqueViolation`](crate::StoreError::UniqueViolation) when there is one that was not lifted.
    pub async fn insert_block(&mut self, record: &BlockRecord) -> Result<()> {
        query(
            "UPDATE blocklist
            SET lifted_at_ms = until_ms, lifted_by = 'gateway', lifted_reason = 'over'
            WHERE kind = $1 AND subject_index = $2 AND lifted_at_ms IS NULL AND until_ms <= $3",
        )
        .bind(record.kind.as_str())
        .bind(record.subject_index.as_str())
        .bind(record.added_at.ms())
        .execute(self.connection())
        .await?;
        query(
            "INSERT INTO blocklist (
                block_no,
                kind,
                subject_index,
                value_sealed,
                reason,
                until_ms,
                added_by,
                added_at_ms
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(record.block_no.as_str())
        .bind(record.kind.as_str())
        .bind(record.subject_index.as_str())
        .bind(record.value_sealed.as_slice())
        .bind(record.reason.as_str())
        .bind(record.until.map(Timestamp::ms))
        .bind(record.added_by.as_str())
        .bind(record.added_at.ms())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Lifts an entry; says whether it was there to lift.
    pub async fn lift_block(
        &mut self,
        block_no: &BlockNo,
        by: &str,
        at: Timestamp,
        reason: &str,
    ) -> Result<bool> {
        let done = query(
            "UPDATE blocklist
            SET lifted_by = $1, lifted_at_ms = $2, lifted_reason = $3
            WHERE block_no = $4 AND lifted_at_ms IS NULL",
        )
        .bind(by)
        .bind(at.ms())
        .bind(reason)
        .bind(block_no.as_str())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Puts an entry under another digest.
    pub async fn set_block_index(&mut self, block_no: &BlockNo, subject_index: &str) -> Result<()> {
        query("UPDATE blocklist SET subject_index = $1 WHERE block_no = $2")
            .bind(subject_index)
            .bind(block_no.as_str())
            .execute(self.connection())
            .await?;
        Ok(())
    }
}

fn rebuild(row: &AnyRow) -> Result<BlockRecord> {
    let fields = Fields::new("blocklist", "block_no", row)?;
    let lifted = match fields.optional_time("lifted_at_ms")? {
        None => None,
        Some(at) => Some((
            fields.present("lifted_by", fields.optional_text("lifted_by")?)?,
            at,
            fields.optional_text("lifted_reason")?.unwrap_or_default(),
        )),
    };
    Ok(BlockRecord {
        block_no: fields.id("block_no", BlockNo::parse)?,
        kind: fields.word("kind", BlockedKind::parse)?,
        subject_index: fields.text("subject_index")?,
        value_sealed: fields.bytes("value_sealed")?,
        reason: fields.text("reason")?,
        until: fields.optional_time("until_ms")?,
        added_by: fields.text("added_by")?,
        added_at: fields.time("added_at_ms")?,
        lifted,
    })
}
