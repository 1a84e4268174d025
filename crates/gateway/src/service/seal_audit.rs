//! Linking new audit rows into the hash chain, in order, by one replica at a time.

use super::Trouble;
use crate::Gateway;
use mingfen_vault::chain;

const BATCH: i64 = 500;
const LEASE: &str = "seal_audit";
const LEASE_MS: i64 = 30_000;

/// Links everything that is not linked yet. Answers how many rows; zero when another replica is at it.
///
/// # Errors
/// [`Trouble`].
pub async fn seal_audit(gateway: &Gateway) -> Result<usize, Trouble> {
    let store = &gateway.store;
    if !store.try_lease(LEASE, &gateway.replica, gateway.now(), LEASE_MS).await? {
        return Ok(0);
    }
    let mut sealed = 0;
    loop {
        let rows = store.unsealed(BATCH).await?;
        if rows.is_empty() {
            break;
        }
        let (mut seq, mut previous) = match store.last_link().await? {
            Some(link) => (link.seq, from_hex(&link.hash)?),
            None => (0, chain::GENESIS),
        };
        let mut links = Vec::with_capacity(rows.len());
        for row in &rows {
            seq += 1;
            let event = &row.event;
            previous = chain::link(
                &previous,
                seq,
                event.at,
                &event.actor,
                &event.action,
                &event.subject,
                &event.detail,
            );
            links.push((row.event_id.clone(), seq, hex::encode(previous)));
        }
        let mut tx = store.begin().await?;
        tx.seal(links).await?;
        tx.commit().await?;
        sealed += rows.len();
    }
    store.release_lease(LEASE, &gateway.replica).await?;
    Ok(sealed)
}

fn from_hex(text: &str) -> Result<[u8; 32], Trouble> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash)
        .map_err(|_| Trouble::Inconsistent("the last link of the audit chain is no hash".to_owned()))?;
    Ok(hash)
}
