//! Proving that every fen can be explained and that nobody changed the trail.

use super::Trouble;
use crate::Gateway;
use mingfen_domain::Fen;
use mingfen_domain::books::Account;
use mingfen_vault::chain;

/// What was proven, or not.
#[derive(Clone, Debug)]
pub struct Verification {
    /// Journal entries read.
    pub entries: i64,
    /// Balance of each account, debit positive; they add up to zero.
    pub trial_balance: Vec<(Account, Fen)>,
    /// Everything that does not explain itself, in words.
    pub problems: Vec<String>,
    /// Linked rows of the audit trail.
    pub audit_rows: i64,
    /// The first row of the trail that was changed.
    pub audit_broken: Option<i64>,
}

impl Verification {
    /// Whether everything holds.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty() && self.audit_broken.is_none()
    }
}

const PAGE: i64 = 1000;

/// Reads the journal, the records and the audit trail from the first row.
///
/// # Errors
/// [`Trouble`] when the database cannot be read.
pub async fn verify(gateway: &Gateway) -> Result<Verification, Trouble> {
    let store = &gateway.store;
    let journal = store.verify_journal().await?;
    let trial_balance = store.trial_balance().await?;
    let mut problems: Vec<String> =
        journal.unbalanced.iter().map(|entry| format!("journal entry {entry} does not balance")).collect();
    let sum = Fen::sum(trial_balance.iter().map(|(_, fen)| *fen))?;
    if sum != Fen::ZERO {
        problems.push(format!("the accounts add up to {sum} yuan instead of zero"));
    }
    problems.extend(store.cross_check().await?);

    let (mut seq, mut previous, mut broken) = (0, chain::GENESIS, None);
    'pages: loop {
        let rows = store.stream_chain(seq + 1, PAGE).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let event = &row.event;
            previous = chain::link(
                &previous,
                seq + 1,
                event.at,
                &event.actor,
                &event.action,
                &event.subject,
                &event.detail,
            );
            let sound = row
                .link
                .as_ref()
                .is_some_and(|link| link.seq == seq + 1 && link.hash == hex::encode(previous));
            if !sound {
                broken = Some(seq + 1);
                break 'pages;
            }
            seq += 1;
        }
    }
    Ok(Verification {
        entries: journal.entries,
        trial_balance,
        problems,
        audit_rows: seq,
        audit_broken: broken,
    })
}
