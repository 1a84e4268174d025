//! Answers under an idempotency key: the same request twice is done once and answered alike.

use crate::Tx;
use crate::errors::{Result, exactly_one};
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
        /// The body, as it was sent.
        body: String,
    },
    /// The key was used for another request: refuse.
    OtherRequest,
    /// The first one is not answered yet: refuse for now.
    InProgress,
}

writes! {
    /// Keeps the answer of a request that began. The same transaction as the effect makes both happen or none.
    store_answer(api_key: &str, idempotency_key: &str, status: u16, body: &str) -> ();
    /// Forgets a request that failed before it had any effect, so that it may be repeated. An answer that is kept stays.
    forget_answer(api_key: &str, idempotency_key: &str) -> ();
    /// Begins a request anew that began before that moment and was never answered: whoever was at it is gone. `false`: it is
    /// younger, answered, or somebody else has just taken it.
    take_over_answer(api_key: &str, idempotency_key: &str, before: Timestamp, now: Timestamp) -> bool;
    /// Forgets everything that began before that moment; says how much it was.
    purge_answers(before: Timestamp) -> u64;
}

impl Tx {
    /// Begins a request under its key, or says what became of the first one. Waits for a transaction that is just beginning it.
    pub async fn begin_answer(
        &mut self,
        api_key: &str,
        idempotency_key: &str,
        request_hash: &str,
        now: Timestamp,
    ) -> Result<Begin> {
        let done = query(
            "INSERT INTO api_answers (
                api_key,
                idempotency_key,
                request_hash,
                created_at_ms
            )
            VALUES ($1, $2, $3, $4)
            ON CONFLICT (api_key, idempotency_key) DO NOTHING",
        )
        .bind(api_key)
        .bind(idempotency_key)
        .bind(request_hash)
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
                body
            FROM api_answers
            WHERE api_key = $1 AND idempotency_key = $2",
        )
        .bind(api_key)
        .bind(idempotency_key)
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
            body: fields.present("body", fields.optional_text("body")?)?,
        })
    }
}

async fn store_answer(
    connection: &mut AnyConnection,
    api_key: &str,
    idempotency_key: &str,
    status: u16,
    body: &str,
) -> Result<()> {
    let done = query(
        "UPDATE api_answers
        SET
            status = $1,
            body = $2
        WHERE api_key = $3 AND idempotency_key = $4 AND status IS NULL",
    )
    .bind(i64::from(status))
    .bind(body)
    .bind(api_key)
    .bind(idempotency_key)
    .execute(connection)
    .await?;
    exactly_one(done.rows_affected(), "api_answers", idempotency_key)
}

async fn forget_answer(connection: &mut AnyConnection, api_key: &str, idempotency_key: &str) -> Result<()> {
    query("DELETE FROM api_answers WHERE api_key = $1 AND idempotency_key = $2 AND status IS NULL")
        .bind(api_key)
        .bind(idempotency_key)
        .execute(connection)
        .await?;
    Ok(())
}

async fn take_over_answer(
    connection: &mut AnyConnection,
    api_key: &str,
    idempotency_key: &str,
    before: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let done = query(
        "UPDATE api_answers
        SET created_at_ms = $1
        WHERE api_key = $2 AND idempotency_key = $3 AND status IS NULL AND created_at_ms < $4",
    )
    .bind(now.ms())
    .bind(api_key)
    .bind(idempotency_key)
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
