//! Limits and risk rules (限额与风控): how much may be paid at once, by one payer and for one card, and when a
//! refund or a till's difference needs two people.
//!
//! A set of rules is eleven numbers that agree with each other. What is allowed is *exactly* what a rule says: a limit of 300.00 lets
//! 300.00 pass and refuses 300.01. An hour is the sixty minutes before this moment, a day is the business day.
//!
//! What counts: an order counts as one, unless its provider or HIS refused it; its money counts while it may still be paid and once it
//! was. So a patient who changes their mind is not charged with money that never moved, and somebody who opens orders by the dozen is
//! stopped by their number.

mod trial;

pub use trial::{Refused, Trial, TrialPayment};

use crate::money::{Amount, Fen};
use crate::time::{BusinessDay, Timestamp};
use std::fmt;

/// Milliseconds of the window that is called an hour.
pub const HOUR_MS: i64 = 3_600_000;
/// No rule counts further than this: more is no rule.
const MOST_PAYMENTS: i64 = 100_000;
/// 100 000 000.00 yuan.
const MOST_FEN: i64 = 10_000_000_000;

/// One number of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The largest single payment.
    MaxPayment,
    /// Orders of one payer in an hour.
    PayerHourPayments,
    /// Money of one payer in an hour.
    PayerHourSum,
    /// Orders of one payer on a day.
    PayerDayPayments,
    /// Money of one payer on a day.
    PayerDaySum,
    /// Orders for one card in an hour.
    CardHourPayments,
    /// Money for one card in an hour.
    CardHourSum,
    /// Orders for one card on a day.
    CardDayPayments,
    /// Money for one card on a day.
    CardDaySum,
    /// What a cashier may give back of one payment alone.
    RefundAlone,
    /// By how much the till may be over or short when a cashier closes the shift alone.
    TillAlone,
}

impl Rule {
    /// Every rule, in the order of the page.
    pub const ALL: [Self; 11] = [
        Self::MaxPayment,
        Self::PayerHourPayments,
        Self::PayerHourSum,
        Self::PayerDayPayments,
        Self::PayerDaySum,
        Self::CardHourPayments,
        Self::CardHourSum,
        Self::CardDayPayments,
        Self::CardDaySum,
        Self::RefundAlone,
        Self::TillAlone,
    ];

    /// The word in the database, in forms and in the trail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MaxPayment => "max_payment",
            Self::PayerHourPayments => "payer_hour_payments",
            Self::PayerHourSum => "payer_hour_sum",
            Self::PayerDayPayments => "payer_day_payments",
            Self::PayerDaySum => "payer_day_sum",
            Self::CardHourPayments => "card_hour_payments",
            Self::CardHourSum => "card_hour_sum",
            Self::CardDayPayments => "card_day_payments",
            Self::CardDaySum => "card_day_sum",
            Self::RefundAlone => "refund_alone",
            Self::TillAlone => "till_alone",
        }
    }

    /// The rule of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == word)
    }

    /// Whether its number counts orders; otherwise it is fen.
    pub const fn counts_payments(self) -> bool {
        match self {
            Self::PayerHourPayments
            | Self::PayerDayPayments
            | Self::CardHourPayments
            | Self::CardDayPayments => true,
            Self::MaxPayment
            | Self::PayerHourSum
            | Self::PayerDaySum
            | Self::CardHourSum
            | Self::CardDaySum
            | Self::RefundAlone
            | Self::TillAlone => false,
        }
    }

    /// Whether it may refuse a payment; otherwise it says from when on a cashier needs a second person.
    pub const fn is_for_payments(self) -> bool {
        !matches!(self, Self::RefundAlone | Self::TillAlone)
    }

    /// What its number may be.
    const fn bounds(self) -> (i64, i64) {
        match self {
            Self::RefundAlone | Self::TillAlone => (0, MOST_FEN),
            _ if self.counts_payments() => (1, MOST_PAYMENTS),
            _ => (1, MOST_FEN),
        }
    }

    /// Rules whose numbers must be at least as large as this one's.
    const fn not_above(self) -> &'static [Self] {
        match self {
            Self::MaxPayment => &[Self::PayerHourSum, Self::CardHourSum],
            Self::PayerHourPayments => &[Self::PayerDayPayments],
            Self::PayerHourSum => &[Self::PayerDaySum],
            Self::CardHourPayments => &[Self::CardDayPayments],
            Self::CardHourSum => &[Self::CardDaySum],
            Self::PayerDayPayments
            | Self::PayerDaySum
            | Self::CardDayPayments
            | Self::CardDaySum
            | Self::RefundAlone
            | Self::TillAlone => &[],
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whose payments are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whose {
    /// Who pays, as the provider knows them.
    Payer,
    /// Whom it is paid for.
    Card,
}

impl Whose {
    /// The word in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payer => "payer",
            Self::Card => "card",
        }
    }

    /// The whose of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Payer, Self::Card].into_iter().find(|whose| whose.as_str() == word)
    }

    /// Its rules: orders and money of an hour, orders and money of a day.
    const fn rules(self) -> [(Rule, Rule); 2] {
        match self {
            Self::Payer => {
                [(Rule::PayerHourPayments, Rule::PayerHourSum), (Rule::PayerDayPayments, Rule::PayerDaySum)]
            }
            Self::Card => {
                [(Rule::CardHourPayments, Rule::CardHourSum), (Rule::CardDayPayments, Rule::CardDaySum)]
            }
        }
    }
}

/// Why eleven numbers are no set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// A number that is no limit.
    #[error("{rule} must be from {least} to {most}")]
    OutOfRange {
        /// Which.
        rule: Rule,
        /// The smallest that may be.
        least: i64,
        /// The largest that may be.
        most: i64,
    },
    /// A rule that another one makes pointless.
    #[error("{rule} must not be above {other}")]
    Above {
        /// The one that is too large.
        rule: Rule,
        /// The one that it exceeds.
        other: Rule,
    },
}

/// A set of rules whose numbers agree with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules([i64; 11]);

impl Rules {
    /// A set of these numbers.
    ///
    /// # Errors
    /// [`RulesError`]: the first that is wrong, in the order of [`Rule::ALL`].
    pub fn new(number: impl Fn(Rule) -> i64) -> Result<Self, RulesError> {
        for rule in Rule::ALL {
            let (least, most) = rule.bounds();
            if !(least..=most).contains(&number(rule)) {
                return Err(RulesError::OutOfRange { rule, least, most });
            }
        }
        for rule in Rule::ALL {
            for other in rule.not_above() {
                if number(rule) > number(*other) {
                    return Err(RulesError::Above { rule, other: *other });
                }
            }
        }
        Ok(Self(Rule::ALL.map(number)))
    }

    /// The number of a rule: orders, or fen.
    pub const fn get(&self, rule: Rule) -> i64 {
        // The order of the variants is the order of the list.
        self.0[rule as usize]
    }

    /// What a cashier may give back alone.
    pub const fn refund_alone(&self) -> Fen {
        Fen::new(self.get(Rule::RefundAlone))
    }

    /// By how much a till may be over or short when a cashier closes alone.
    pub const fn till_alone(&self) -> Fen {
        Fen::new(self.get(Rule::TillAlone))
    }

    /// The rules that these change, in the order of the page.
    pub fn changes(&self, before: &Self) -> Vec<Rule> {
        Rule::ALL.into_iter().filter(|rule| self.get(*rule) != before.get(*rule)).collect()
    }

    /// Whether they allow less, and nothing more: every number is smaller or the same, and one is smaller.
    pub fn only_tighten(&self, before: &Self) -> bool {
        self != before && Rule::ALL.into_iter().all(|rule| self.get(rule) <= before.get(rule))
    }

    /// Whether a single payment is too large.
    pub fn too_large(&self, amount: Amount) -> bool {
        amount.get() > self.get(Rule::MaxPayment)
    }

    /// So many earlier orders decide every rule: the rest need not be read.
    pub fn most_that_count(&self, whose: Whose) -> i64 {
        whose.rules().into_iter().map(|(payments, _)| self.get(payments)).fold(0, i64::max)
    }

    /// Whether somebody may open one more order, given what was opened earlier: today, or in the last hour. Orders that were refused
    /// are not among them.
    ///
    /// # Errors
    /// [`TooMuch`]: which rule says no, and when it will not any more.
    pub fn allow(
        &self,
        whose: Whose,
        amount: Amount,
        now: Timestamp,
        earlier: impl IntoIterator<Item = Earlier>,
    ) -> Result<(), TooMuch> {
        let mut counted: Vec<Earlier> =
            earlier.into_iter().filter(|one| one.is_in_hour(now) || one.is_of_day(now)).collect();
        counted.sort_by_key(|one| one.at);
        let [hour, day] = whose.rules();
        let in_hour: Vec<Earlier> = counted.iter().copied().filter(|one| one.is_in_hour(now)).collect();
        let of_day: Vec<Earlier> = counted.iter().copied().filter(|one| one.is_of_day(now)).collect();
        // An hour's place is free when the order that holds it is an hour old.
        let hour_over = |dropped: usize| in_hour.get(dropped).map(|one| one.at.plus_ms(HOUR_MS));
        let tomorrow = BusinessDay::of(now).end();
        let broken = [
            self.crowded(hour.0, &in_hour).map(|over| (hour.0, hour_over(over))),
            self.overspent(hour.1, amount, &in_hour).map(|over| (hour.1, over.and_then(hour_over))),
            self.crowded(day.0, &of_day).map(|_| (day.0, Some(tomorrow))),
            self.overspent(day.1, amount, &of_day).map(|over| (day.1, over.map(|_| tomorrow))),
        ];
        let mut broken = broken.into_iter().flatten();
        let Some((rule, until)) = broken.next() else { return Ok(()) };
        // When all of them are over; never, when one of them is never.
        let until = broken.fold(until, |until, (_, next)| until.zip(next).map(|(a, b)| a.max(b)));
        Err(TooMuch { rule, until })
    }

    /// The place, from the oldest, of the order that must go before there is room for one more; `None`: there is room.
    fn crowded(&self, rule: Rule, earlier: &[Earlier]) -> Option<usize> {
        let most = usize::try_from(self.get(rule)).unwrap_or(0);
        earlier.len().checked_sub(most)
    }

    /// The same of money. `Some(None)`: the amount alone is too much.
    fn overspent(&self, rule: Rule, amount: Amount, earlier: &[Earlier]) -> Option<Option<usize>> {
        let most = i128::from(self.get(rule));
        let mut sum = i128::from(amount.get());
        if sum > most {
            return Some(None);
        }
        sum += earlier.iter().map(|one| i128::from(one.money.get())).sum::<i128>();
        if sum <= most {
            return None;
        }
        for (place, one) in earlier.iter().enumerate() {
            sum -= i128::from(one.money.get());
            if sum <= most {
                return Some(Some(place));
            }
        }
        Some(None)
    }
}

/// An order that was opened earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// When.
    pub at: Timestamp,
    /// Its money, while it counts: zero when nobody paid it and nobody can any more.
    pub money: Fen,
}

impl Earlier {
    fn is_in_hour(&self, now: Timestamp) -> bool {
        now.since_ms(self.at) < HOUR_MS
    }

    fn is_of_day(&self, now: Timestamp) -> bool {
        BusinessDay::of(self.at) == BusinessDay::of(now)
    }
}

/// A rule says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMuch {
    /// The first that does.
    pub rule: Rule,
    /// When none does any more, if nothing else is opened; `None`: this amount is too much at any time.
    pub until: Option<Timestamp>,
}

#[cfg(test)]
mod tests;
