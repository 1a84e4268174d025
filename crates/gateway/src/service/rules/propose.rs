//! Changing the rules: one person proposes, another approves what was shown, and from that commit on it holds everywhere.
//!
//! What if two approve at once? The proposal is held and the version is unique: one effect, the other is told. What if the rules have changed
//! since it was proposed? Then it is refused: what was shown beside it is not so any more. What if there is no second person in the night? A
//! change that only tightens may hold at once; it stays marked until another person confirms it.

use super::trial::try_rules;
use super::{RulesInForce, rules_in_force};
use crate::Gateway;
use crate::http::words::is_readable;
use crate::service::Trouble;
use crate::service::attention::audit;
use crate::service::proposals::{DecideProposalRefused, Decision, next_state};
use mingfen_domain::Fen;
use mingfen_domain::ids::ProposalNo;
use mingfen_domain::proposal::State;
use mingfen_domain::rules::{Rule, Rules};
use mingfen_store::{RuleSetRecord, StoreError};
use sha2::{Digest, Sha256};

/// What somebody proposes.
#[derive(Clone, Debug)]
pub struct RulesWish {
    /// The number that its form was given: sent twice it is one proposal.
    pub proposal_no: ProposalNo,
    /// The rules.
    pub rules: Rules,
    /// The version beside which they were shown.
    pub based_on: i64,
    /// Why.
    pub reason: String,
    /// It only tightens, and is to hold at once.
    pub at_once: bool,
}

/// Why nothing was proposed.
#[derive(Debug, thiserror::Error)]
pub enum ProposeRefused {
    /// A reason is required.
    #[error("a reason of 2 to 80 characters is required")]
    NoReason,
    /// They are the rules that hold.
    #[error("these are the rules that hold already")]
    NoChange,
    /// Something of it allows more.
    #[error("only what tightens may hold at once")]
    Loosens,
    /// Other rules hold by now.
    #[error("other rules hold since this page was shown")]
    Changed,
    /// Nothing happened; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for ProposeRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// What an approval is held against: the proposal as it was read, and the version that held then.
pub fn seen_of(record: &RuleSetRecord, version_in_force: i64) -> String {
    let mut parts = vec![
        record.proposal_no.to_string(),
        record.state.as_str().to_owned(),
        record.based_on.to_string(),
        version_in_force.to_string(),
        record.reason.clone(),
        record.trial.clone(),
    ];
    parts.extend(Rule::ALL.map(|rule| record.rules.get(rule).to_string()));
    hex::encode(&Sha256::digest(parts.join("\n"))[..8])
}

fn said(rule: Rule, number: i64) -> String {
    if rule.counts_payments() { number.to_string() } else { Fen::new(number).to_yuan() }
}

/// What changes, for the trail: `max_payment 20000.00 to 50000.00`.
fn changes(before: &Rules, after: &Rules) -> String {
    let words = after
        .changes(before)
        .into_iter()
        .map(|rule| format!("{rule} {} to {}", said(rule, before.get(rule)), said(rule, after.get(rule))));
    words.collect::<Vec<_>>().join("; ")
}

/// Proposes rules. Their trial is made now and kept with them: the second person reads what the first one read.
///
/// # Errors
/// [`ProposeRefused`]: nothing was kept.
pub async fn propose_rules(
    gateway: &Gateway,
    wish: &RulesWish,
    by: &str,
) -> Result<RuleSetRecord, ProposeRefused> {
    if let Some(earlier) = gateway.store.rule_set(&wish.proposal_no).await? {
        return if earlier.asked_by == by { Ok(earlier) } else { Err(ProposeRefused::Changed) };
    }
    if !is_readable(&wish.reason, 2, 80) {
        return Err(ProposeRefused::NoReason);
    }
    let in_force = rules_in_force(gateway).await?;
    if in_force.version != wish.based_on {
        return Err(ProposeRefused::Changed);
    }
    if wish.rules == in_force.rules {
        return Err(ProposeRefused::NoChange);
    }
    if wish.at_once && !wish.rules.only_tighten(&in_force.rules) {
        return Err(ProposeRefused::Loosens);
    }
    let trial = try_rules(gateway, &in_force, &wish.rules).await?;
    let now = gateway.now();
    let record = RuleSetRecord {
        proposal_no: wish.proposal_no.clone(),
        version: wish.at_once.then_some(in_force.version + 1),
        based_on: in_force.version,
        state: if wish.at_once { State::Unconfirmed } else { State::Waiting },
        rules: wish.rules,
        reason: wish.reason.clone(),
        trial: trial.to_text(),
        asked_by: by.to_owned(),
        asked_at: now,
        decided_by: None,
        decided_at: None,
        in_force_at: wish.at_once.then_some(now),
        row_version: 0,
    };
    let mut tx = gateway.store.begin().await?;
    match tx.insert_rule_set(&record).await {
        Ok(()) => {}
        Err(StoreError::UniqueViolation(_)) => {
            tx.rollback().await?;
            // The same form twice at once is one proposal; another version in between is news.
            return match gateway.store.rule_set(&wish.proposal_no).await? {
                Some(twin) if twin.asked_by == by => Ok(twin),
                _ => Err(ProposeRefused::Changed),
            };
        }
        Err(error) => return Err(error.into()),
    }
    let (action, version) = match record.version {
        Some(version) => ("rules.tightened", format!("version {version}, to be confirmed: ")),
        None => ("rules.proposed", String::new()),
    };
    let detail = format!("{version}{} ({})", changes(&in_force.rules, &wish.rules), wish.reason);
    audit(&mut tx, now, by, action, record.proposal_no.as_str(), &detail).await?;
    tx.commit().await?;
    Ok(record)
}

/// Another person's word, or the proposer's own second thought.
///
/// # Errors
/// [`DecideProposalRefused`]: it stands as before.
pub async fn decide_rules(
    gateway: &Gateway,
    proposal_no: &ProposalNo,
    decision: Decision,
    by: &str,
) -> Result<RuleSetRecord, DecideProposalRefused> {
    decision.check()?;
    let now = gateway.now();
    let configured = gateway.settings.limits.rules;
    let mut tx = gateway.store.begin().await?;
    let found = tx.rule_set_for_update(proposal_no).await?;
    let newest = tx.rules_in_force().await?;
    let in_force = RulesInForce {
        version: newest.as_ref().and_then(|newest| newest.version).unwrap_or_default(),
        rules: newest.map_or(configured, |newest| newest.rules),
    };
    let (mut record, next) = match next_of(found, &in_force, &decision, by) {
        Ok(moved) => moved,
        Err(refused) => {
            tx.rollback().await?;
            return Err(refused);
        }
    };
    let confirms = record.state == State::Unconfirmed;
    if next == State::InForce && !confirms {
        record.version = Some(in_force.version + 1);
        record.in_force_at = Some(now);
    }
    record.state = next;
    (record.decided_by, record.decided_at) = (Some(by.to_owned()), Some(now));
    match tx.save_rule_set(&record).await {
        Ok(()) => record.row_version += 1,
        Err(StoreError::UniqueViolation(_)) => {
            tx.rollback().await?;
            return Err(DecideProposalRefused::Changed);
        }
        Err(error) => return Err(error.into()),
    }
    let (action, words) = match &record.state {
        State::InForce if confirms => ("rules.confirmed", String::new()),
        State::InForce => ("rules.approved", changes(&in_force.rules, &record.rules)),
        State::Declined { reason } => ("rules.declined", reason.clone()),
        State::Withdrawn | State::Waiting | State::Unconfirmed => ("rules.withdrawn", String::new()),
    };
    let version = record.version.map_or_else(String::new, |version| format!("version {version}, "));
    let colon = if words.is_empty() { "" } else { ": " };
    let detail = format!("{version}proposed by {}{colon}{words}", record.asked_by);
    audit(&mut tx, now, by, action, proposal_no.as_str(), &detail).await?;
    tx.commit().await?;
    Ok(record)
}

fn next_of(
    found: Option<RuleSetRecord>,
    in_force: &RulesInForce,
    decision: &Decision,
    by: &str,
) -> Result<(RuleSetRecord, State), DecideProposalRefused> {
    let record = found.ok_or(DecideProposalRefused::NotFound)?;
    let next = next_state(&record.state, &record.asked_by, decision, by, |seen| {
        let stale = record.state == State::Waiting && record.based_on != in_force.version;
        !stale && seen == seen_of(&record, in_force.version)
    })?;
    Ok((record, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trail_says_what_changes() {
        let rules = |payment: i64, orders: i64| {
            Rules::new(|rule| match rule {
                Rule::MaxPayment => payment,
                Rule::PayerHourPayments => orders,
                _ => 90_000,
            })
            .expect("they agree")
        };
        assert_eq!(
            changes(&rules(20_000, 10), &rules(50_000, 9)),
            "max_payment 200.00 to 500.00; payer_hour_payments 10 to 9"
        );
    }
}
