//! Signed days. From then on a day is not compared again.

use crate::Tx;
use crate::errors::Result;
use crate::offer::reads;
use crate::rows::Fields;
use mingfen_domain::ids::RunId;
use mingfen_domain::{BusinessDay, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query};

/// A signed day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignOffRecord {
    /// The day.
    pub day: BusinessDay,
    /// `all`, or a channel.
    pub scope: String,
    /// The run that was signed.
    pub run_id: RunId,
    /// By whom.
    pub signed_by: String,
    /// When.
    pub signed_at: Timestamp,
    /// Their words.
    pub remark: String,
    /// The number of the last row of the audit chain at that moment.
    pub chain_seq: i64,
    /// Its hash.
    pub chain_hash: String,
}

reads! {
    /// Who signed a day.
    sign_off(day: BusinessDay, scope: &str) -> Option<SignOffRecord>;
    /// Who signed which of the days from `from` to `until`.
    sign_offs_between(from: BusinessDay, until: BusinessDay, scope: &str) -> Vec<SignOffRecord>;
}

impl Tx {
    /// Signs a day.
    ///
    /// # Errors
    /// [`StoreError::UniqueViolation`](crate::StoreError::UniqueViolation) when it is signed already.
    pub async fn insert_sign_off(&mut self, sign_off: &SignOffRecord) -> Result<()> {
        query(
            "INSERT INTO day_sign_offs (
                day,
                scope,
                run_id,
                signed_by,
                signed_at_ms,
                remark,
                chain_seq,
                chain_hash
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(sign_off.day.to_string())
        .bind(sign_off.scope.as_str())
        .bind(sign_off.run_id.as_str())
        .bind(sign_off.signed_by.as_str())
        .bind(sign_off.signed_at.ms())
        .bind(sign_off.remark.as_str())
        .bind(sign_off.chain_seq)
        .bind(sign_off.chain_hash.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

pub(crate) async fn sign_off(
    connection: &mut AnyConnection,
    day: BusinessDay,
    scope: &str,
) -> Result<Option<SignOffRecord>> {
    let row = query(
        "SELECT
            day,
            scope,
            run_id,
            signed_by,
            signed_at_ms,
            remark,
            chain_seq,
            chain_hash
        FROM day_sign_offs
        WHERE day = $1 AND scope = $2",
    )
    .bind(day.to_string())
    .bind(scope)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(rebuild).transpose()
}

async fn sign_offs_between(
    connection: &mut AnyConnection,
    from: BusinessDay,
    until: BusinessDay,
    scope: &str,
) -> Result<Vec<SignOffRecord>> {
    let rows = query(
        "SELECT
            day,
            scope,
            run_id,
            signed_by,
            signed_at_ms,
            remark,
            chain_seq,
            chain_hash
        FROM day_sign_offs
        WHERE day >= $1 AND day <= $2 AND scope = $3
        ORDER BY day",
    )
    .bind(from.to_string())
    .bind(until.to_string())
    .bind(scope)
    .fetch_all(connection)
    .await?;
    rows.iter().map(rebuild).collect()
}

fn rebuild(row: &AnyRow) -> Result<SignOffRecord> {
    let fields = Fields::new("day_sign_offs", "day", row)?;
    Ok(SignOffRecord {
        day: fields.day("day")?,
        scope: fields.text("scope")?,
        run_id: fields.id("run_id", RunId::parse)?,
        signed_by: fields.text("signed_by")?,
        signed_at: fields.time("signed_at_ms")?,
        remark: fields.text("remark")?,
        chain_seq: fields.number("chain_seq")?,
        chain_hash: fields.text("chain_hash")?,
    })
}
