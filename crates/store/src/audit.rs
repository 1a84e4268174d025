//! Who did what. Events are written unchained in the transaction of what they tell; one leader seals them in order later, so
//! that writers never wait for each other.

use crate::Tx;
use crate::errors::{Result, StoreError};
use crate::offer::reads;
use crate::placeholders::{statement, tuples};
use crate::rows::Fields;
use mingfen_domain::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query, query_scalar};

/// Something that somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// When.
    pub at: Timestamp,
    /// A person's account, an API key's name, or a part of this program.
    pub actor: String,
    /// What was done, in a word.
    pub action: String,
    /// To which order, bill, refund, setting.
    pub subject: String,
    /// What an auditor needs to understand it; never personal data.
    pub detail: String,
}

/// An event's place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLink {
    /// From 1, without gaps.
    pub seq: i64,
    /// Over the link before and this event, in hexadecimal.
    pub hash: String,
}

/// An event as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Named by the store.
    pub event_id: String,
    /// The event.
    pub event: AuditEvent,
    /// Its place in the chain, once it is sealed.
    pub link: Option<AuditLink>,
}

/// There is one chain; the row of its end is named all the same, so that it cannot be there twice.
const CHAIN: &str = "audit_events";

/// As many rows of three values as both engines take in one statement, with room to spare.
const SEALED_AT_ONCE: usize = 200;

macro_rules! select_audit_events {
    ($condition:literal) => {
        concat!(
            "SELECT
                event_id,
                at_ms,
                actor,
                action,
                subject,
                detail,
                seq,
                hash
            FROM audit_events
            WHERE ",
            $condition
        )
    };
}

reads! {
    /// At most `limit` events that are in no chain yet, the oldest first: the order in which they are to be sealed.
    unsealed(limit: i64) -> Vec<AuditRecord>;
    /// How many events that happened before `before` are in no chain yet: more than none, and nobody is sealing.
    unsealed_before(before: Timestamp) -> i64;
    /// The end of the chain.
    last_link() -> Option<AuditLink>;
    /// The end of the chain as whoever sealed last vouched for it, in a form that only the keyring reads.
    sealed_end() -> Option<Vec<u8>>;
    /// At most `limit` links from `from_seq` on, in order; ask again from one past the last.
    stream_chain(from_seq: i64, limit: i64) -> Vec<AuditRecord>;
    /// Everything that was done to a subject, the oldest first.
    audit_of(subject: &str) -> Vec<AuditRecord>;
}

impl Tx {
    /// Keeps an event, unsealed.
    pub async fn record(&mut self, event: &AuditEvent) -> Result<()> {
        query(
            "INSERT INTO audit_events (
                event_id,
                at_ms,
                actor,
                action,
                subject,
                detail
            )
            VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(self.fresh_row_id(event.at))
        .bind(event.at.ms())
        .bind(event.actor.as_str())
        .bind(event.action.as_str())
        .bind(event.subject.as_str())
        .bind(event.detail.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Seals events: each gets its number and its hash, once and for ever.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when one of them is sealed already, [`StoreError::UniqueViolation`] when a number is taken: in
    /// both cases somebody else is sealing; roll back.
    pub async fn seal(&mut self, links: Vec<(String, i64, String)>) -> Result<()> {
        for some in links.chunks(SEALED_AT_ONCE) {
            let sql = format!(
                "WITH links (event_id, seq, hash) AS (VALUES {})
                UPDATE audit_events
                SET
                    seq = links.seq,
                    hash = links.hash
                FROM links
                WHERE audit_events.event_id = links.event_id AND audit_events.seq IS NULL",
                tuples(some.len(), 3)
            );
            // A number of rows that hardly comes again is not worth a place among the prepared statements.
            let mut statement = query(statement(sql)).persistent(some.len() == SEALED_AT_ONCE);
            for (event_id, seq, hash) in some {
                statement = statement.bind(event_id.as_str()).bind(*seq).bind(hash.as_str());
            }
            let done = statement.execute(self.connection()).await?;
            if done.rows_affected() != some.len() as u64 {
                let key = some.first().map(|(event_id, ..)| event_id.clone()).unwrap_or_default();
                return Err(StoreError::Stale { table: "audit_events", key });
            }
        }
        Ok(())
    }

    /// Keeps the end of the chain, in the transaction that sealed it.
    pub async fn keep_sealed_end(&mut self, end: &[u8]) -> Result<()> {
        query(
            "INSERT INTO audit_ends (
                chain,
                end_sealed
            )
            VALUES ($1, $2)
            ON CONFLICT (chain) DO UPDATE
            SET end_sealed = excluded.end_sealed",
        )
        .bind(CHAIN)
        .bind(end)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

async fn unsealed(connection: &mut AnyConnection, limit: i64) -> Result<Vec<AuditRecord>> {
    let rows = query(select_audit_events!("seq IS NULL ORDER BY at_ms, event_id LIMIT $1"))
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(rebuild).collect()
}

async fn unsealed_before(connection: &mut AnyConnection, before: Timestamp) -> Result<i64> {
    Ok(query_scalar("SELECT COUNT(*) FROM audit_events WHERE seq IS NULL AND at_ms < $1")
        .bind(before.ms())
        .fetch_one(connection)
        .await?)
}

async fn sealed_end(connection: &mut AnyConnection) -> Result<Option<Vec<u8>>> {
    Ok(query_scalar("SELECT end_sealed FROM audit_ends WHERE chain = $1")
        .bind(CHAIN)
        .fetch_optional(connection)
        .await?)
}

async fn last_link(connection: &mut AnyConnection) -> Result<Option<AuditLink>> {
    let row = query(select_audit_events!("seq IS NOT NULL ORDER BY seq DESC LIMIT 1"))
        .fetch_optional(connection)
        .await?;
    Ok(row.as_ref().map(rebuild).transpose()?.and_then(|record| record.link))
}

async fn stream_chain(connection: &mut AnyConnection, from_seq: i64, limit: i64) -> Result<Vec<AuditRecord>> {
    let rows = query(select_audit_events!("seq >= $1 ORDER BY seq LIMIT $2"))
        .bind(from_seq)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(rebuild).collect()
}

async fn audit_of(connection: &mut AnyConnection, subject: &str) -> Result<Vec<AuditRecord>> {
    let rows = query(select_audit_events!("subject = $1 ORDER BY at_ms, event_id"))
        .bind(subject)
        .fetch_all(connection)
        .await?;
    rows.iter().map(rebuild).collect()
}

pub(crate) fn rebuild(row: &AnyRow) -> Result<AuditRecord> {
    let fields = Fields::new("audit_events", "event_id", row)?;
    let link = match fields.optional_number("seq")? {
        None => None,
        Some(seq) => Some(AuditLink { seq, hash: fields.present("hash", fields.optional_text("hash")?)? }),
    };
    Ok(AuditRecord {
        event_id: fields.text("event_id")?,
        event: AuditEvent {
            at: fields.time("at_ms")?,
            actor: fields.text("actor")?,
            action: fields.text("action")?,
            subject: fields.text("subject")?,
            detail: fields.text("detail")?,
        },
        link,
    })
}
