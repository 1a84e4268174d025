//! Answers under an idempotency key: the same request twice is done once and answered alike.
//!
//! Who begins a request names its attempt. Whoever takes it over names another, and from then on the first one can neither end
//! nor forget it, however late it wakes up.

use crate::Tx;
use crate::errors::Result;
use crate::offer::writes;
use crate::rows::Fields;
use mingfen_domain::Timestamp;
use sqlx::{AnyConnection, query};

/// What is known of a request under its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Nothing: do it, then [`Tx::store_answer`].
    Fresh,
    /// It was done; give this answer again.
    Stored {
        /// HTTP status.
        status: u16,
        /// The body, sealed by the caller: it may repeat what a person wrote.
        body_sealed: Vec<u8>,
    },
    /// The key was used for another request: refuse.
    OtherRequest,
    /// The first one is not answered yet: refuse for now.
    InProgress,
}

/// A request under its key, and who is at it.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// Whose request.
    pub api_key: &'a str,
    /// Its key.
    pub idempotency_key: &'a str,
    /// Who is at it: fresh for every try.
    pub attempt: &'a str,
}

writes! {
    /// Keeps the answer of a request that this attempt began. The same transaction as the effect makes both happen or none.
    /// `false`: somebody else has taken it over, and it is theirs to answer.
    store_answer(at: Attempt<'_>, status: u16, body_sealed: &[u8]) -> bool;
    /// Forgets a request that failed before it had any effect, so that it may be repeated. An answer that is kept stays.
    /// `false`: it is somebody else's by now, or answered.
    forget_answer(at: Attempt<'_>) -> bool;
    /// Begins a request anew that began before that moment and was never answered: whoever was at it is gone. `false`: it is
    /// younger, answered, or somebody else has just taken it.
    take_over_answer(at: Attempt<'_>, before: Timestamp, now: Timestamp) -> bool;
    /// Forgets everything that began before that moment; says how much it was.
    purge_answers(before: Timestamp) -> u64;
}

impl Tx {
    /// Begins a request under its key, or says what became of the first one. Waits for a transaction that is just beginning it.
    pub async fn begin_answer(
        &mut self,
        at: Attempt<'_>,
        request_hash: &str,
        now: Timestamp,
    ) -> Result<Begin> {
        let done = query(
            "INSERT INTO api_answers (
                api_key,
                idempotency_key,
                request_hash,
                attempt,
                created_at_ms
            )
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (api_key, idempotency_key) DO NOTHING",
        )
        .bind(at.api_key)
        .bind(at.idempotency_key)
        .bind(request_hash)
        .bind(at.attempt)
        .bind(now.ms())
        .execute(self.connection())
        .await?;
        if done.rows_affected() == 1 {
            return Ok(Begin::Fresh);
        }
        let row = query(
            "SELECT
                idempotency_key,
                request_hash,
                status,
                body_sealed
            FROM api_answers
            WHERE api_key = $1 AND idempotency_key = $2",
        )
        .bind(at.api_key)
        .bind(at.idempotency_key)
        .fetch_optional(self.connection())
        .await?;
        // Forgotten between the two statements: whoever had it is just giving up.
        let Some(row) = row else { return Ok(Begin::InProgress) };
        let fields = Fields::new("api_answers", "idempotency_key", &row)?;
        if fields.text("request_hash")? != request_hash {
            return Ok(Begin::OtherRequest);
        }
        let Some(status) = fields.optional_number("status")? else { return Ok(Begin::InProgress) };
        Ok(Begin::Stored {
            status: u16::try_from(status).map_err(|error| fields.inconsistent("status", error))?,
            body_sealed: fields.present("body_sealed", fields.optional_bytes("body_sealed")?)?,
        })
    }
}

async fn store_answer(
    connection: &mut AnyConnection,
    at: Attempt<'_>,
    status: u16,
    body_sealed: &[u8],
) -> Result<bool> {
    let done = query(
        "UPDATE api_answers
        SET
            status = $1,
            body_sealed = $2
        WHERE api_key = $3 AND idempotency_key = $4 AND attempt = $5 AND status IS NULL",
    )
    .bind(i64::from(status))
    .bind(body_sealed)
    .bind(at.api_key)
    .bind(at.idempotency_key)
    .bind(at.attempt)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn forget_answer(connection: &mut AnyConnection, at: Attempt<'_>) -> Result<bool> {
    let done = query(
        "DELETE FROM api_answers
        WHERE api_key = $1 AND idempotency_key = $2 AND attempt = $3 AND status IS NULL",
    )
    .bind(at.api_key)
    .bind(at.idempotency_key)
    .bind(at.attempt)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn take_over_answer(
    connection: &mut AnyConnection,
    at: Attempt<'_>,
    before: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let done = query(
        "UPDATE api_answers
        SET
            created_at_ms = $1,
            attempt = $2
        WHERE api_key = $3 AND idempotency_key = $4 AND status IS NULL AND created_at_ms < $5",
    )
    .bind(now.ms())
    .bind(at.attempt)
    .bind(at.api_key)
    .bind(at.idempotency_key)
    .bind(before.ms())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn purge_answers(connection: &mut AnyConnection, before: Timestamp) -> Result<u64> {
    let done = query("DELETE FROM api_answers WHERE created_at_ms < $1")
        .bind(before.ms())
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}
