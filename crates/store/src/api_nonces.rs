//! Nonces of changing API calls, so that a captured one is refused even after every process and the cache were restarted.

use crate::errors::Result;
use crate::offer::writes;
use mingfen_domain::Timestamp;
use sqlx::{AnyConnection, query};

writes! {
    /// Remembers a nonce of a key until that moment; `false` when it was there before.
    remember_nonce(api_key: &str, nonce: &str, expires_at: Timestamp) -> bool;
    /// Forgets nonces that are too old to be accepted anyway; says how many.
    purge_nonces(now: Timestamp) -> u64;
}

async fn remember_nonce(
    connection: &mut AnyConnection,
    api_key: &str,
    nonce: &str,
    expires_at: Timestamp,
) -> Result<bool> {
    let done = query(
        "INSERT INTO api_nonces (
            api_key,
            nonce,
            expires_at_ms
        )
        VALUES ($1, $2, $3)
        ON CONFLICT (api_key, nonce) DO NOTHING",
    )
    .bind(api_key)
    .bind(nonce)
    .bind(expires_at.ms())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn purge_nonces(connection: &mut AnyConnection, now: Timestamp) -> Result<u64> {
    let done =
        query("DELETE FROM api_nonces WHERE expires_at_ms < $1").bind(now.ms()).execute(connection).await?;
    Ok(done.rows_affected())
}
