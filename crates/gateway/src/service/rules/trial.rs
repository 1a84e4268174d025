//! What a set of rules would have done to the last seven days, beside what the present one does. Read from the marks of opened payments,
//! and only of whoever opened enough to come near a rule: so it stays quick with a million payments a week.

use super::RulesInForce;
use crate::Gateway;
use crate::service::Trouble;
use mingfen_domain::rules::{Refused, Rule, Rules, Trial, TrialPayment, Whose};
use mingfen_domain::{Fen, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

const DAY_MS: i64 = 86_400_000;
/// How far back it looks.
pub const TRIAL_DAYS: i64 = 7;
/// People whose payments are played through, each of the two kinds.
const MOST_PEOPLE: i64 = 5_000;
/// Payments that are played through.
const MOST_PAYMENTS: usize = 100_000;
/// Refunds that are looked at.
const MOST_REFUNDS: i64 = 50_000;
/// Shifts that are looked at.
const MOST_SHIFTS: i64 = 10_000;

/// What a rule refuses, before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleTally {
    /// Its word.
    pub rule: String,
    /// Its number now.
    pub from: i64,
    /// Its number as proposed.
    pub to: i64,
    /// Payments that the present number would have refused.
    pub refused_now: i64,
    /// Their fen.
    pub fen_now: i64,
    /// Payments that the proposed number would have refused.
    pub refused_then: i64,
    /// Their fen.
    pub fen_then: i64,
}

/// What becomes of refunds at the desk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundTally {
    /// The limit is another one.
    pub changed: bool,
    /// All of them.
    pub refunds: i64,
    /// Their fen.
    pub fen: i64,
    /// Given by one person, with the present limit.
    pub alone_now: i64,
    /// Their fen.
    pub fen_now: i64,
    /// Given by one person, with the proposed limit.
    pub alone_then: i64,
    /// Their fen.
    pub fen_then: i64,
}

/// Shifts of the seven days that were closed with a till over or short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TillTally {
    /// The number that holds, in fen.
    pub from: i64,
    /// The one that was tried.
    pub to: i64,
    /// So many of them need a countersignature as it is, and by how much they were apart.
    pub second_now: i64,
    /// Their fen.
    pub fen_now: i64,
    /// The same by the proposal.
    pub second_then: i64,
    /// Their fen.
    pub fen_then: i64,
}

/// A trial, as it is kept with the proposal that it was made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialReport {
    /// When it was made, in milliseconds.
    pub at_ms: i64,
    /// Payments of the seven days before.
    pub payments: i64,
    /// Their fen.
    pub fen: i64,
    /// There was more than could be played through: the numbers are the least that it would have been.
    pub cut: bool,
    /// Every rule for payments, in the order of the page.
    pub rules: Vec<RuleTally>,
    /// The rule for refunds.
    pub refunds: RefundTally,
    /// The rule for tills; nothing in a trial that is older than the rule.
    #[serde(default)]
    pub tills: Option<TillTally>,
}

impl TrialReport {
    /// As it is kept.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what was kept; `None`: it is none.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// Plays the last seven days against the present rules and against others.
///
/// # Errors
/// [`Trouble`].
pub async fn try_rules(
    gateway: &Gateway,
    in_force: &RulesInForce,
    proposed: &Rules,
) -> Result<TrialReport, Trouble> {
    let now = gateway.now();
    let since = now.plus_ms(-TRIAL_DAYS * DAY_MS);
    let (payments, sum) = gateway.store.velocity_total(since).await?;
    let near = |payments: Rule, fen: Rule| {
        let least = |rule| in_force.rules.get(rule).min(proposed.get(rule));
        (least(payments), Fen::new(least(fen)))
    };
    let payer = near(Rule::PayerHourPayments, Rule::PayerHourSum);
    let card = near(Rule::CardHourPayments, Rule::CardHourSum);
    let bounds = [(Whose::Payer, payer.0, payer.1), (Whose::Card, card.0, card.1)];
    // A day more, for what went before.
    let from = since.plus_ms(-DAY_MS);
    let read = gateway.store.velocity_trial(from, &bounds, MOST_PEOPLE, MOST_PAYMENTS).await?;
    let before = played(gateway, &in_force.rules, since, &read.payments).await?;
    let after = played(gateway, proposed, since, &read.payments).await?;
    let tally = |rule: Rule| {
        let of = |refused: &BTreeMap<Rule, Refused>| refused.get(&rule).copied().unwrap_or_default();
        let (now, then) = (of(&before), of(&after));
        RuleTally {
            rule: rule.as_str().to_owned(),
            from: in_force.rules.get(rule),
            to: proposed.get(rule),
            refused_now: now.payments,
            fen_now: now.sum.get(),
            refused_then: then.payments,
            fen_then: then.sum.get(),
        }
    };
    let desk = gateway.store.desk_refunds(since, MOST_REFUNDS).await?;
    let cut = read.cut || i64::try_from(desk.len()).unwrap_or(i64::MAX) >= MOST_REFUNDS;
    let (alone_now, fen_now) = alone(&desk, in_force.rules.refund_alone())?;
    let (alone_then, fen_then) = alone(&desk, proposed.refund_alone())?;
    Ok(TrialReport {
        at_ms: now.ms(),
        payments,
        fen: sum.get(),
        cut,
        rules: Rule::ALL.into_iter().filter(|rule| rule.is_for_payments()).map(tally).collect(),
        refunds: RefundTally {
            changed: in_force.rules.refund_alone() != proposed.refund_alone(),
            refunds: i64::try_from(desk.len()).unwrap_or(i64::MAX),
            fen: Fen::sum(desk.iter().map(|(_, amount)| *amount))?.get(),
            alone_now,
            fen_now: fen_now.get(),
            alone_then,
            fen_then: fen_then.get(),
        },
        tills: Some(tills(gateway, since, in_force.rules.till_alone(), proposed.till_alone()).await?),
    })
}

/// Tills that were over or short, by the limit that holds and by another.
async fn tills(gateway: &Gateway, since: Timestamp, now: Fen, then: Fen) -> Result<TillTally, Trouble> {
    let apart = gateway.store.till_differences(since, MOST_SHIFTS).await?;
    let above = |limit: Fen| -> Result<(i64, i64), Trouble> {
        let above: Vec<Fen> = apart.iter().copied().filter(|apart| *apart > limit).collect();
        Ok((i64::try_from(above.len()).unwrap_or(i64::MAX), Fen::sum(above)?.get()))
    };
    let ((second_now, fen_now), (second_then, fen_then)) = (above(now)?, above(then)?);
    Ok(TillTally { from: now.get(), to: then.get(), second_now, fen_now, second_then, fen_then })
}

async fn played(
    gateway: &Gateway,
    rules: &Rules,
    since: Timestamp,
    payments: &[TrialPayment],
) -> Result<BTreeMap<Rule, Refused>, Trouble> {
    let mut trial = Trial::new(rules, since);
    for payment in payments {
        trial.take(payment)?;
    }
    let mut refused = trial.end();
    // Whoever pays once and too much is not among those who opened many: all of them are counted by the database.
    let most = Fen::new(rules.get(Rule::MaxPayment));
    let (payments, sum) = gateway.store.velocity_above(since, most).await?;
    refused.insert(Rule::MaxPayment, Refused { payments, sum });
    Ok(refused)
}

/// What one person may give back: of each payment until its sum passes the limit.
fn alone(refunds: &[(String, Fen)], limit: Fen) -> Result<(i64, Fen), Trouble> {
    let mut given: HashMap<&str, Fen> = HashMap::new();
    let (mut number, mut fen) = (0, Fen::ZERO);
    for (payment, amount) in refunds {
        let so_far = given.entry(payment.as_str()).or_insert(Fen::ZERO);
        *so_far = so_far.plus(*amount)?;
        if *so_far <= limit {
            number += 1;
            fen = fen.plus(*amount)?;
        }
    }
    Ok((number, fen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refunds_of_one_payment_add_up() {
        let refund = |payment: &str, fen: i64| (payment.to_owned(), Fen::new(fen));
        let refunds = [refund("p1", 6_000), refund("p1", 4_000), refund("p1", 1), refund("p2", 10_001)];
        let (number, fen) = alone(&refunds, Fen::new(10_000)).expect("it fits");
        assert_eq!((number, fen.get()), (2, 10_000));
        assert_eq!(alone(&refunds, Fen::ZERO).expect("it fits").0, 0);
    }
}
