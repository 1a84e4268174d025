//! What every ledger must keep, whatever it is read from: each row once, of about the day that was asked for.

use super::{LedgerDay, LedgerError, TakeRow, Trouble};
use crate::{LedgerKind, LedgerRow};
use mingfen_domain::BusinessDay;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// HIS cuts its days by its own cashiers' close, and a booking at midnight may carry either date; no further away.
const CUT_MS: i64 = 86_400_000;

/// Checks rows and adds them up while they pass.
pub(crate) struct Tally {
    day: BusinessDay,
    keys: RandomState,
    /// Row numbers by their keyed hash, some 18 bytes each. Two of a million numbers share one with a chance of three in a
    /// hundred million; that costs one more reading, under another key.
    seen: HashSet<u64>,
    sums: LedgerDay,
}

impl Tally {
    pub(crate) fn new(day: BusinessDay) -> Self {
        Self { day, keys: RandomState::new(), seen: HashSet::new(), sums: LedgerDay::default() }
    }

    /// Passes one row on. `place` is where it stands, without its number; `twice` is what it means here that its number came
    /// before.
    pub(crate) fn pass(
        &mut self,
        row: LedgerRow,
        place: impl Fn() -> String,
        twice: impl FnOnce(String) -> LedgerError,
        take: &mut TakeRow<'_>,
    ) -> Result<(), LedgerError> {
        let place = || numbered(&place(), &row.row_no);
        if !self.seen.insert(self.keys.hash_one(&row.row_no)) {
            return Err(twice(place()));
        }
        if !self.may_be_of_the_day(&row) {
            let problem = format!("booked_at lies more than a day away from {}", self.day);
            let remedy = "Let HIS, or the query, give the rows of the day that it is asked for and no others";
            return Err(LedgerError::Unreadable(Trouble::new(place(), problem, remedy)));
        }
        let sum = match row.kind {
            LedgerKind::Payment => &mut self.sums.payments,
            LedgerKind::Refund => &mut self.sums.refunds,
        };
        sum.rows += 1;
        sum.total = sum.total.plus(row.amount.fen()).map_err(|_| {
            let problem = "the amounts up to here add up to more money than there is";
            LedgerError::Unreadable(Trouble::new(place(), problem, "Check the unit of the amounts"))
        })?;
        if take(row).is_break() { Err(LedgerError::BrokenOff) } else { Ok(()) }
    }

    /// The sums, once the last row has passed.
    pub(crate) fn into_day(self) -> LedgerDay {
        self.sums
    }

    fn may_be_of_the_day(&self, row: &LedgerRow) -> bool {
        let (first, last) = (self.day.start().plus_ms(-CUT_MS), self.day.end().plus_ms(CUT_MS));
        first <= row.booked_at && row.booked_at < last
    }
}

/// A row's place with its number, when the number is one that can be shown: nothing else of a row is ever repeated.
pub(crate) fn numbered(place: &str, row_no: &str) -> String {
    let plain = (1..=64).contains(&row_no.len()) && row_no.bytes().all(|byte| byte.is_ascii_graphic());
    if plain { format!("{place} (row_no {row_no})") } else { place.to_owned() }
}
