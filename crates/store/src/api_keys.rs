//! Keys of the signed API that were made at the screens. A key is never deleted: what it did stays explained.

use crate::Tx;
use crate::errors::Result;
use crate::offer::{reads, writes};
use crate::rows::Fields;
use mingfen_domain::{Fen, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query};

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// Its public name.
    pub key_id: String,
    /// What it is for.
    pub label: String,
    /// The shared secret, sealed.
    pub secret_sealed: Vec<u8>,
    /// What it may do, in the words of the configuration.
    pub rights: Vec<String>,
    /// Requests a minute.
    pub per_minute: i64,
    /// The largest single refund.
    pub max_refund: Fen,
    /// All refunds of a day.
    pub max_refund_per_day: Fen,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked, and by whom.
    pub revoked: Option<(Timestamp, String)>,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
}

impl ApiKeyRecord {
    /// Whether it opens anything at that moment.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires_at.is_none_or(|at| at > now)
    }
}

macro_rules! select_api_keys {
    ($rest:literal) => {
        concat!(
            "SELECT
                key_id,
                label,
                secret_sealed,
                rights,
                per_minute,
                max_refund_fen,
                max_refund_per_day_fen,
                created_at_ms,
                created_by,
                expires_at_ms,
                revoked_at_ms,
                revoked_by,
                used_at_ms
            FROM api_keys ",
            $rest
        )
    };
}

reads! {
    /// A key, valid or not.
    api_key(key_id: &str) -> Option<ApiKeyRecord>;
    /// The newest 200 keys. A hospital has a dozen.
    api_keys() -> Vec<ApiKeyRecord>;
}

writes! {
    /// Notes that a key was used.
    touch_api_key(key_id: &str, now: Timestamp) -> ();
}

impl Tx {
    /// Keeps a new key.
    pub async fn insert_api_key(&mut self, record: &ApiKeyRecord) -> Result<()> {
        query(
            "INSERT INTO api_keys (
                key_id,
                label,
                secret_sealed,
                rights,
                per_minute,
                max_refund_fen,
                max_refund_per_day_fen,
                created_at_ms,
                created_by,
                expires_at_ms
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(record.key_id.as_str())
        .bind(record.label.as_str())
        .bind(record.secret_sealed.as_slice())
        .bind(record.rights.join(" "))
        .bind(record.per_minute)
        .bind(record.max_refund.get())
        .bind(record.max_refund_per_day.get())
        .bind(record.created_at.ms())
        .bind(record.created_by.as_str())
        .bind(record.expires_at.map(Timestamp::ms))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Revokes a key at once; `false` when there is none, or it was revoked before.
    pub async fn revoke_api_key(&mut self, key_id: &str, now: Timestamp, by: &str) -> Result<bool> {
        let done = query(
            "UPDATE api_keys
            SET
                revoked_at_ms = $1,
                revoked_by = $2
            WHERE key_id = $3 AND revoked_at_ms IS NULL",
        )
        .bind(now.ms())
        .bind(by)
        .bind(key_id)
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Lets a key end at that moment, never later than it would have; `false` when there is no such valid key.
    pub async fn end_api_key_at(&mut self, key_id: &str, at: Timestamp) -> Result<bool> {
        let done = query(
            "UPDATE api_keys
            SET expires_at_ms = $1
            WHERE key_id = $2 AND revoked_at_ms IS NULL AND COALESCE(expires_at_ms, $1) >= $1",
        )
        .bind(at.ms())
        .bind(key_id)
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }
}

async fn api_key(connection: &mut AnyConnection, key_id: &str) -> Result<Option<ApiKeyRecord>> {
    let row = query(select_api_keys!("WHERE key_id = $1")).bind(key_id).fetch_optional(connection).await?;
    row.as_ref().map(rebuild).transpose()
}

async fn api_keys(connection: &mut AnyConnection) -> Result<Vec<ApiKeyRecord>> {
    let rows = query(select_api_keys!("ORDER BY created_at_ms DESC, key_id LIMIT 200"))
        .fetch_all(connection)
        .await?;
    rows.iter().map(rebuild).collect()
}

async fn touch_api_key(connection: &mut AnyConnection, key_id: &str, now: Timestamp) -> Result<()> {
    query("UPDATE api_keys SET used_at_ms = $1 WHERE key_id = $2 AND COALESCE(used_at_ms, 0) < $1")
        .bind(now.ms())
        .bind(key_id)
        .execute(connection)
        .await?;
    Ok(())
}

fn rebuild(row: &AnyRow) -> Result<ApiKeyRecord> {
    let fields = Fields::new("api_keys", "key_id", row)?;
    let revoked = match fields.optional_time("revoked_at_ms")? {
        None => None,
        Some(at) => Some((at, fields.present("revoked_by", fields.optional_text("revoked_by")?)?)),
    };
    Ok(ApiKeyRecord {
        key_id: fields.text("key_id")?,
        label: fields.text("label")?,
        secret_sealed: fields.bytes("secret_sealed")?,
        rights: fields.text("rights")?.split_whitespace().map(str::to_owned).collect(),
        per_minute: fields.number("per_minute")?,
        max_refund: fields.fen("max_refund_fen")?,
        max_refund_per_day: fields.fen("max_refund_per_day_fen")?,
        created_at: fields.time("created_at_ms")?,
        created_by: fields.text("created_by")?,
        expires_at: fields.optional_time("expires_at_ms")?,
        revoked,
        used_at: fields.optional_time("used_at_ms")?,
    })
}
