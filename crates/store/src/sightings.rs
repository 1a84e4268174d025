//! What was seen of an order or a refund, by which way, and what came of it. Only ever added to.

use crate::Tx;
use crate::errors::Result;
use crate::offer::reads;
use crate::rows::Fields;
use mingfen_domain::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query};

/// One sighting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SightingRecord {
    /// Our order or refund number.
    pub subject: String,
    /// `notification`, `query`, `order_answer`, `close_answer`, `refund_answer` or `deadline`.
    pub way: String,
    /// What was seen, in a word.
    pub seen: String,
    /// The provider's number, amount, words; never a person.
    pub detail: String,
    /// What the machine made of it, in a word.
    pub outcome: String,
    /// When we saw it.
    pub at: Timestamp,
    /// The notification that told it.
    pub notification_id: Option<String>,
}

reads! {
    /// Everything that was seen of an order or a refund, the oldest first.
    sightings_of(subject: &str) -> Vec<SightingRecord>;
}

impl Tx {
    /// Keeps a sighting.
    pub async fn insert_sighting(&mut self, record: &SightingRecord) -> Result<()> {
        query(
            "INSERT INTO sightings (
                sighting_id,
                subject,
                way,
                seen,
                detail,
                outcome,
                at_ms,
                notification_id
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(self.fresh_row_id(record.at))
        .bind(record.subject.as_str())
        .bind(record.way.as_str())
        .bind(record.seen.as_str())
        .bind(record.detail.as_str())
        .bind(record.outcome.as_str())
        .bind(record.at.ms())
        .bind(record.notification_id.as_deref())
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

async fn sightings_of(connection: &mut AnyConnection, subject: &str) -> Result<Vec<SightingRecord>> {
    let rows = query(
        "SELECT
            sighting_id,
            subject,
            way,
            seen,
            detail,
            outcome,
            at_ms,
            notification_id
        FROM sightings
        WHERE subject = $1
        ORDER BY at_ms, sighting_id",
    )
    .bind(subject)
    .fetch_all(connection)
    .await?;
    rows.iter().map(rebuild).collect()
}

fn rebuild(row: &AnyRow) -> Result<SightingRecord> {
    let fields = Fields::new("sightings", "sighting_id", row)?;
    Ok(SightingRecord {
        subject: fields.text("subject")?,
        way: fields.text("way")?,
        seen: fields.text("seen")?,
        detail: fields.text("detail")?,
        outcome: fields.text("outcome")?,
        at: fields.time("at_ms")?,
        notification_id: fields.optional_text("notification_id")?,
    })
}
