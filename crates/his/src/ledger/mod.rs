//! The port for a day of HIS's ledger, wherever the hospital keeps it.
//!
//! A ledger streams: nothing here holds a day, because a day may have millions of rows. What it says is all or nothing:
//! a day that could not be read to its end is an error and never "HIS has fewer rows", which would look like HIS's mistake.

mod paged;
mod tally;

pub use paged::PagedLedger;
pub(crate) use tally::{Tally, numbered};

use crate::LedgerRow;
use crate::sql_view::QueryColumns;
use async_trait::async_trait;
use mingfen_domain::ids::HospitalId;
use mingfen_domain::{BusinessDay, Fen};
use std::fmt;
use std::ops::ControlFlow;

/// Takes the rows as they come; `Break` ends the reading with [`LedgerError::BrokenOff`].
pub type TakeRow<'a> = dyn FnMut(LedgerRow) -> ControlFlow<()> + Send + 'a;

/// A place where HIS's books of a day can be read.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Gives every row of the day once, in no particular order, and adds them up.
    ///
    /// Rows that were given before an error are worth nothing: throw them away, and begin again with the first row. Ask after
    /// HIS has closed the day; before that the books still grow. Nothing is repeated here.
    ///
    /// # Errors
    /// [`LedgerError`]; [`LedgerError::is_worth_repeating`] tells whether time alone may mend it.
    async fn read_day(
        &self,
        hospital: &HospitalId,
        day: BusinessDay,
        take: &mut TakeRow<'_>,
    ) -> Result<LedgerDay, LedgerError>;

    /// Where it is a query, what its columns leave out or have too much; a query that cannot be read is an error. No row is read.
    ///
    /// # Errors
    /// As [`Ledger::read_day`].
    async fn columns(&self) -> Result<Option<QueryColumns>, LedgerError> {
        Ok(None)
    }
}

/// What a day that was read to its end adds up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerDay {
    /// Money in.
    pub payments: LedgerSum,
    /// Money back, positive.
    pub refunds: LedgerSum,
}

/// How many rows, and how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerSum {
    /// How many rows.
    pub rows: u64,
    /// How much.
    pub total: Fen,
}

/// Why there is no ledger of that day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Down, slow, busy, or changed while it was read: the same question may be answered later.
    #[error("{0}")]
    NotNow(Trouble),
    /// It refuses us or the question: a person must look at the settings.
    #[error("{0}")]
    Misconfigured(Trouble),
    /// It answered something that no ledger may say: a person must look at its rows.
    #[error("{0}")]
    Unreadable(Trouble),
    /// Whoever took the rows wanted no more.
    #[error("the reading of the HIS ledger was broken off by its taker")]
    BrokenOff,
}

impl LedgerError {
    /// Whether it may go away by itself. A caller tries such a day again a few times, then tells a person all the same.
    pub const fn is_worth_repeating(&self) -> bool {
        matches!(self, Self::NotNow(_))
    }
}

/// What a person needs to know: where, what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// `HIS ledger of 2026-11-24, page 2`.
    pub place: String,
    /// What is wrong there. Of what HIS holds it repeats nothing but a row's number.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

impl Trouble {
    pub(crate) fn new(
        place: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { place: place.into(), problem: problem.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}.", self.place, self.problem, self.remedy)
    }
}

/// The place of a whole day.
pub(crate) fn place_of(day: BusinessDay) -> String {
    format!("HIS ledger of {day}")
}
