//! Linking new audit rows into the hash chain, in order, by one replica at a time, and vouching for its end.
//!
//! A hash needs no key: whoever can write the table could take links off, change rows, and leave it to us to link them anew.
//! So the end of the chain is kept sealed with the keyring, written in the transaction that links. A chain that does not end
//! where its sealed end says is not continued, until a person has looked and accepted it ([`accept_end`]).

use super::attention::audit;
use super::{Private, Trouble};
use crate::Gateway;
use mingfen_store::{AuditLink, Tx};
use mingfen_vault::chain::{self, Link};
use std::sync::PoisonError;

const BATCH: i64 = 500;
const LEASE: &str = "seal_audit";
const LEASE_MS: i64 = 30_000;

/// Links everything that is not linked yet. Answers how many rows; zero when another replica is at it.
///
/// # Errors
/// [`Trouble`]; [`Trouble::Inconsistent`] when the end of the chain is not the one that was sealed: then nothing is linked.
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
        let mut last = vouched_end(gateway, &mut store.snapshot().await?).await?;
        let mut links = Vec::with_capacity(rows.len());
        for row in &rows {
            let (seq, event) = (last.seq + 1, &row.event);
            let hash = chain::link(
                &last.hash,
                seq,
                event.at,
                &event.actor,
                &event.action,
                &event.subject,
                &event.detail,
            );
            last = Link { seq, hash };
            links.push((row.event_id.clone(), seq, hex::encode(hash)));
        }
        let mut tx = store.begin().await?;
        tx.seal(links).await?;
        tx.keep_sealed_end(&Private(gateway).seal_chain_end(&last)).await?;
        tx.commit().await?;
        remember(gateway, last);
        sealed += rows.len();
    }
    store.release_lease(LEASE, &gateway.replica).await?;
    Ok(sealed)
}

/// The end of the chain, when it is the one that was vouched for.
///
/// # Errors
/// [`Trouble::Inconsistent`] says what is wrong with it.
pub async fn audit_anchor(gateway: &Gateway) -> Result<Link, Trouble> {
    vouched_end(gateway, &mut gateway.store.snapshot().await?).await
}

/// A person has looked and says that the chain rightly ends there: it is vouched for anew and continued. That this was done
/// becomes a row of the chain.
///
/// # Errors
/// [`Trouble::Inconsistent`] when the chain ends elsewhere.
pub async fn accept_end(gateway: &Gateway, end: &Link, who: &str) -> Result<(), Trouble> {
    let mut tx = gateway.store.begin().await?;
    let last = last_link(&mut tx).await?;
    if last != *end {
        return Err(Trouble::Inconsistent(format!("the audit chain ends at {last}, not at {end}")));
    }
    tx.keep_sealed_end(&Private(gateway).seal_chain_end(end)).await?;
    audit(&mut tx, gateway.now(), who, "audit.end_accepted", "audit", &end.to_string()).await?;
    tx.commit().await?;
    Ok(())
}

async fn vouched_end(gateway: &Gateway, view: &mut Tx) -> Result<Link, Trouble> {
    let last = last_link(view).await?;
    if let Some(problem) = end_problem(gateway, view, &last).await? {
        return Err(Trouble::Inconsistent(format!(
            "{problem}; nothing is linked to it until a person has looked: mingfen verify"
        )));
    }
    Ok(last)
}

/// What is wrong with a chain that ends at `last`, by what was sealed and by what this process saw itself.
pub(super) async fn end_problem(
    gateway: &Gateway,
    view: &mut Tx,
    last: &Link,
) -> Result<Option<String>, Trouble> {
    let sealed = match view.sealed_end().await? {
        None if *last == Link::genesis() => Link::genesis(),
        None => return Ok(Some(format!("nobody vouches for the end of the audit chain, {last}"))),
        Some(sealed) => match Private(gateway).open_chain_end(&sealed) {
            Ok(sealed) => sealed,
            Err(_) => {
                let problem = "what vouches for the end of the audit chain was not sealed with a key of ours";
                return Ok(Some(problem.to_owned()));
            }
        },
    };
    if sealed != *last {
        return Ok(Some(format!(
            "the audit chain ends at {last}, it was sealed up to {sealed}: rows were removed, unlinked or changed"
        )));
    }
    // An older end and its seal may have been put back together; a process that saw a later one knows better.
    let known = *gateway.audit_end.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known {
        let row = view.stream_chain(known.seq, 1).await?.into_iter().next();
        let link = row.and_then(|row| row.link).as_ref().map(of_stored).transpose()?;
        if link != Some(known) {
            return Ok(Some(format!(
                "the audit chain ends at {last}, this process saw {known}, which is not in it any more"
            )));
        }
    }
    Ok(None)
}

fn remember(gateway: &Gateway, end: Link) {
    *gateway.audit_end.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
}

async fn last_link(view: &mut Tx) -> Result<Link, Trouble> {
    view.last_link().await?.as_ref().map_or_else(|| Ok(Link::genesis()), of_stored)
}

pub(super) fn of_stored(link: &AuditLink) -> Result<Link, Trouble> {
    Link::of_hex(link.seq, &link.hash)
        .ok_or_else(|| Trouble::Inconsistent(format!("audit row {}: its hash is no hash", link.seq)))
}
