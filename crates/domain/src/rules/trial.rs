//! What rules would have done to payments that were made: the same judgement, one payment after the other.

use super::{Earlier, Rule, Rules, Whose};
use crate::money::{Amount, Fen, MoneyError};
use crate::time::Timestamp;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Nothing older than this is looked at: a day is never longer, nor an hour.
const REACH_MS: i64 = 86_400_000;

/// A payment of before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialPayment {
    /// When it was opened.
    pub at: Timestamp,
    /// How much it was.
    pub amount: Amount,
    /// Whether its money counts: it was paid, or may still be.
    pub counts: bool,
    /// Who paid, as a digest; `None`: not known.
    pub payer: Option<String>,
    /// For which card, as a digest.
    pub card: Option<String>,
}

/// What a rule would have refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// So many.
    pub payments: i64,
    /// So much.
    pub sum: Fen,
}

impl Refused {
    fn add(&mut self, amount: Amount) -> Result<(), MoneyError> {
        self.payments = self.payments.checked_add(1).ok_or(MoneyError::OutOfRange)?;
        self.sum = self.sum.plus(amount.fen())?;
        Ok(())
    }
}

/// Plays payments against a set of rules, the oldest first. What is refused does not count for the next.
#[derive(Debug)]
pub struct Trial<'a> {
    rules: &'a Rules,
    since: Timestamp,
    seen: HashMap<(Whose, String), VecDeque<Earlier>>,
    refused: BTreeMap<Rule, Refused>,
}

impl<'a> Trial<'a> {
    /// Counts what is refused from `since` on; what was before is only what went before.
    pub fn new(rules: &'a Rules, since: Timestamp) -> Self {
        Self { rules, since, seen: HashMap::new(), refused: BTreeMap::new() }
    }

    /// The next payment.
    ///
    /// # Errors
    /// Sums that do not fit.
    pub fn take(&mut self, payment: &TrialPayment) -> Result<(), MoneyError> {
        match self.broken(payment) {
            Some(rule) => {
                if payment.at >= self.since {
                    self.refused.entry(rule).or_default().add(payment.amount)?;
                }
            }
            None => {
                let money = if payment.counts { payment.amount.fen() } else { Fen::ZERO };
                for (whose, who) in people(payment) {
                    let seen = self.seen.entry((whose, who.to_owned())).or_default();
                    while seen.front().is_some_and(|one| payment.at.since_ms(one.at) > REACH_MS) {
                        seen.pop_front();
                    }
                    seen.push_back(Earlier { at: payment.at, money });
                }
            }
        }
        Ok(())
    }

    fn broken(&self, payment: &TrialPayment) -> Option<Rule> {
        if self.rules.too_large(payment.amount) {
            return Some(Rule::MaxPayment);
        }
        people(payment).find_map(|(whose, who)| {
            let seen = self.seen.get(&(whose, who.to_owned()));
            let earlier = seen.into_iter().flatten().copied();
            self.rules.allow(whose, payment.amount, payment.at, earlier).err().map(|no| no.rule)
        })
    }

    /// What was refused, rule by rule; a rule that refused nothing is not there.
    pub fn end(self) -> BTreeMap<Rule, Refused> {
        self.refused
    }
}

/// In the order in which they are asked about: the first that says no is the one that is named.
fn people(payment: &TrialPayment) -> impl Iterator<Item = (Whose, &str)> {
    let payer = payment.payer.as_deref().map(|who| (Whose::Payer, who));
    let card = payment.card.as_deref().map(|who| (Whose::Card, who));
    payer.into_iter().chain(card)
}
