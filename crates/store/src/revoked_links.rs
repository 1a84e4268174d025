//! Slip links that were called back before they ran out.

use crate::errors::Result;
use crate::offer::{reads, writes};
use mingfen_domain::Timestamp;
use sqlx::{AnyConnection, query, query_scalar};

reads! {
    /// Whether the link whose token has this digest was called back.
    is_link_revoked(token_sha256: &str) -> bool;
}

writes! {
    /// Calls a link back; `false` when it was before. Kept until the link would have run out by itself.
    revoke_link(token_sha256: &str, expires_at: Timestamp) -> bool;
    /// Forgets links that have run out by themselves; says how many.
    purge_revoked_links(now: Timestamp) -> u64;
}

async fn is_link_revoked(connection: &mut AnyConnection, token_sha256: &str) -> Result<bool> {
    let count: i64 = query_scalar("SELECT COUNT(*) FROM revoked_links WHERE token_sha256 = $1")
        .bind(token_sha256)
        .fetch_one(connection)
        .await?;
    Ok(count > 0)
}

async fn revoke_link(
    connection: &mut AnyConnection,
    token_sha256: &str,
    expires_at: Timestamp,
) -> Result<bool> {
    let done = query(
        "INSERT INTO revoked_links (
            token_sha256,
            expires_at_ms
        )
        VALUES ($1, $2)
        ON CONFLICT (token_sha256) DO NOTHING",
    )
    .bind(token_sha256)
    .bind(expires_at.ms())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn purge_revoked_links(connection: &mut AnyConnection, now: Timestamp) -> Result<u64> {
    let done = query("DELETE FROM revoked_links WHERE expires_at_ms < $1")
        .bind(now.ms())
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}
