//! Proving that every fen can be explained and that nobody changed the trail.

use super::attention::audit;
use super::seal_audit::{end_problem, of_stored};
use super::takings::check_takings;
use super::{Trouble, seal_audit};
use crate::Gateway;
use mingfen_domain::Fen;
use mingfen_domain::Timestamp;
use mingfen_domain::books::Account;
use mingfen_store::{AuditCheckRecord, AuditEvent, AuditRecord, StoreError, Tx};
use mingfen_vault::chain::{self, Broken, Kept, Link};

/// What was proven, or not.
#[derive(Clone, Debug)]
pub struct Verification {
    /// Journal entries read.
    pub entries: i64,
    /// Balance of each account, debit positive; they add up to zero.
    pub trial_balance: Vec<(Account, Fen)>,
    /// Everything that does not explain itself, in words.
    pub problems: Vec<String>,
    /// What the audit trail was found to be.
    pub audit: Trail,
}

/// What the audit trail was found to be.
#[derive(Clone, Debug)]
pub struct Trail {
    /// Linked rows that hold.
    pub rows: u64,
    /// The last of them: the anchor to write down elsewhere, and to give to a later check.
    pub anchor: Link,
    /// Rows that are not linked although they should be by now.
    pub overdue: i64,
    /// What the row says whose link was kept; nothing when none was, or none is there.
    pub kept: Option<AuditEvent>,
    /// Everything that is wrong with it, in words.
    pub broken: Vec<String>,
}

impl Verification {
    /// Whether everything holds.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty() && self.audit.broken.is_empty()
    }
}

/// Rows read at once: the trail of years does not fit into memory.
const PAGE: i64 = 1000;
/// A walk over the trail of years takes minutes at most; whoever died in one is not waited for longer.
const TRAIL_LEASE_MS: i64 = 15 * 60_000;
/// Rows are linked within about a second. One that waits for longer than this says that nobody links.
const OVERDUE_MS: i64 = 60_000;

/// Reads the journal, the records and the audit trail from the first row, all as they are at one moment. `kept` is a link
/// that was written down earlier, where nobody at the database reaches it: the chain must contain it.
///
/// # Errors
/// [`Trouble`] when the database cannot be read.
pub async fn verify(gateway: &Gateway, kept: Option<&Kept>) -> Result<Verification, Trouble> {
    let mut view = gateway.store.snapshot().await?;
    let journal = view.verify_journal().await?;
    let mut problems: Vec<String> =
        journal.unbalanced.iter().map(|entry| format!("journal entry {entry} does not balance")).collect();
    let trial_balance = match view.trial_balance().await {
        // An account that does not exist is a finding, not the end of the search.
        Err(nonsense @ StoreError::Inconsistent { .. }) => {
            problems.push(nonsense.to_string());
            Vec::new()
        }
        balance => balance?,
    };
    let sum = Fen::sum(trial_balance.iter().map(|(_, fen)| *fen))?;
    if sum != Fen::ZERO {
        problems.push(format!("the accounts add up to {sum} yuan instead of zero"));
    }
    problems.extend(view.cross_check().await?);
    problems.extend(check_takings(&mut view, gateway.now()).await?);
    let audit = walk(gateway, &mut view, kept).await?;
    view.rollback().await?;
    Ok(Verification { entries: journal.entries, trial_balance, problems, audit })
}

/// Walks the audit trail alone and keeps what it was found to be. One process at a time: `None` while another one is at it.
///
/// # Errors
/// [`Trouble`] when the database cannot be read.
pub async fn verify_trail(gateway: &Gateway, asked_by: &str) -> Result<Option<AuditCheckRecord>, Trouble> {
    const LEASE: &str = "verify-trail";
    let begun = gateway.now();
    if !gateway.store.try_lease(LEASE, &gateway.replica, begun, TRAIL_LEASE_MS).await? {
        return Ok(None);
    }
    let found = check_trail(gateway, asked_by, begun).await;
    gateway.store.release_lease(LEASE, &gateway.replica).await?;
    found.map(Some)
}

async fn check_trail(
    gateway: &Gateway,
    asked_by: &str,
    begun: Timestamp,
) -> Result<AuditCheckRecord, Trouble> {
    // What was written a moment ago is linked first: it is part of what somebody wants to know.
    seal_audit(gateway).await?;
    let mut view = gateway.store.snapshot().await?;
    let trail = walk(gateway, &mut view, None).await?;
    view.rollback().await?;
    let now = gateway.now();
    let record = AuditCheckRecord {
        at: now,
        asked_by: asked_by.to_owned(),
        took_ms: now.since_ms(begun),
        rows: i64::try_from(trail.rows).unwrap_or(i64::MAX),
        last_seq: trail.anchor.seq,
        last_hash: hex::encode(trail.anchor.hash),
        problems: trail.broken.join("\n"),
    };
    let mut tx = gateway.store.begin().await?;
    tx.insert_audit_check(&record).await?;
    let detail = if trail.broken.is_empty() { "holds".to_owned() } else { trail.broken.join("; ") };
    audit(&mut tx, now, asked_by, "audit.verified", "audit", &detail).await?;
    tx.commit().await?;
    Ok(record)
}

async fn walk(gateway: &Gateway, view: &mut Tx, kept: Option<&Kept>) -> Result<Trail, Trouble> {
    let mut chain = chain::Verification::after(Link::genesis());
    let mut broken = Vec::new();
    // From the lowest number there is: a row numbered below one is no row of the chain, and would hide from a walk that began
    // at one as well as from the sealer.
    let mut from = i64::MIN;
    let mut kept_is_there = kept.is_none_or(|kept| kept.is(&Link::genesis()));
    let mut kept_row = None;
    'pages: loop {
        let rows = match view.stream_chain(from, PAGE).await {
            Err(nonsense @ StoreError::Inconsistent { .. }) => {
                broken.push(nonsense.to_string());
                break;
            }
            rows => rows?,
        };
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            if let Err(problem) = check(&mut chain, row) {
                broken.push(problem);
                break 'pages;
            }
            let link = chain.summary().last;
            if kept.is_some_and(|kept| kept.is(&link)) {
                kept_is_there = true;
                kept_row = Some(row.event.clone());
            }
            from = link.seq.saturating_add(1);
        }
    }
    let end = chain.summary();
    if let (false, Some(kept)) = (kept_is_there, kept) {
        broken.push(format!("the audit chain does not contain the link that was kept: {kept}"));
    }
    // The end of what holds is not the end of the chain when it broke before.
    if broken.is_empty() {
        broken.extend(end_problem(gateway, view, &end.last).await?);
    }
    let overdue = view.unsealed_before(gateway.now().plus_ms(-OVERDUE_MS)).await?;
    if overdue > 0 {
        broken.push(format!(
            "{overdue} audit rows wait to be linked for more than a minute; does a worker run?"
        ));
    }
    Ok(Trail { rows: end.rows, anchor: end.last, overdue, kept: kept_row, broken })
}

fn check(chain: &mut chain::Verification, row: &AuditRecord) -> Result<(), String> {
    let event = &row.event;
    let Some(link) = &row.link else { return Err(format!("audit row {} lost its number", row.event_id)) };
    let link = of_stored(link).map_err(|problem| problem.to_string())?;
    let row = chain::Row {
        link,
        at: event.at,
        actor: &event.actor,
        action: &event.action,
        subject: &event.subject,
        detail: &event.detail,
    };
    chain.check(&row).map_err(|broken: Broken| broken.to_string())
}
