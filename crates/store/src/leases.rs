//! Leases by name, for work that only one process may do at a time.

use crate::errors::Result;
use crate::offer::writes;
use mingfen_domain::Timestamp;
use sqlx::{AnyConnection, query};

writes! {
    /// Takes the lease until `now + ttl_ms`, or keeps it for as long again; `false` while it is somebody else's.
    try_lease(name: &str, owner: &str, now: Timestamp, ttl_ms: i64) -> bool;
    /// Gives the lease back; nothing happens when it is somebody else's.
    release_lease(name: &str, owner: &str) -> ();
}

async fn try_lease(
    connection: &mut AnyConnection,
    name: &str,
    owner: &str,
    now: Timestamp,
    ttl_ms: i64,
) -> Result<bool> {
    let done = query(
        "INSERT INTO leases (
            name,
            owner,
            until_ms
        )
        VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE
        SET
            owner = excluded.owner,
            until_ms = excluded.until_ms
        WHERE leases.owner = excluded.owner OR leases.until_ms <= $4",
    )
    .bind(name)
    .bind(owner)
    .bind(now.plus_ms(ttl_ms).ms())
    .bind(now.ms())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn release_lease(connection: &mut AnyConnection, name: &str, owner: &str) -> Result<()> {
    query("DELETE FROM leases WHERE name = $1 AND owner = $2")
        .bind(name)
        .bind(owner)
        .execute(connection)
        .await?;
    Ok(())
}
