//! Pages of finance: does the day agree, why not, and what is done about it.
//!
//! Reading order: [`FinanceHome`], [`DayPage`], [`Differences`], [`DifferencePage`] with [`RemedyDialog`], [`Approvals`], [`Settlement`],
//! [`UploadPage`]. Money arrives printed, with the real minus; no view adds anything up.

mod approvals;
mod day;
mod diff;
mod difference;
mod differences;
mod home;
mod settlement;
mod upload;

pub use approvals::{ApprovalDialog, ApprovalRow, Approvals};
pub use day::{
    CategoryLine, DayPage, InputLine, RunShown, SettledLine, SideTotals, SignCard, SignDialog, Term,
    VersionLine,
};
pub use diff::{DayDiff, DiffLine};
pub use difference::{
    DifferencePage, Evidence, FileLine, Handling, LedgerEffect, NewsLine, RemedyChoice, RemedyDialog,
    SideCell, SideRow, StoryLine,
};
pub use differences::{BulkAct, BulkDialog, DifferenceRow, Differences, Picker, Tab};
pub use home::{CalendarCell, CalendarColumn, CalendarRow, FinanceHome, Light, ToDo};
pub use settlement::{BankGroup, OnTheWay, Settlement, SettlementLine};
pub use upload::{BroughtLine, UploadPage, UploadRefused};

use super::frame::Both;

/// A way to another page.
#[derive(Clone, Debug)]
pub struct Way {
    /// Where it leads: a path of ours.
    pub href: String,
    /// What it is called.
    pub word: Both,
}

impl Way {
    /// A way.
    pub fn new(href: impl Into<String>, word: Both) -> Self {
        Self { href: href.into(), word }
    }
}

/// Something that may be done, or why it may not.
#[derive(Clone, Debug)]
pub enum Deed {
    /// This person has nothing to do with it.
    Hidden,
    /// Not now, because.
    Off(Both),
    /// Now.
    On,
}

impl Deed {
    pub(crate) fn is_on(&self) -> bool {
        matches!(self, Self::On)
    }

    /// Why not, when it is shown and off.
    pub(crate) fn off(&self) -> Option<&Both> {
        match self {
            Self::Off(because) => Some(because),
            Self::Hidden | Self::On => None,
        }
    }
}

/// One of the large figures on top of a page.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What it is.
    pub label: Both,
    /// The figure, printed.
    pub value: String,
    /// Small behind it.
    pub unit: Both,
    /// The phrase below it.
    pub detail: Both,
}

/// One of several things that may be chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// What it is called.
    pub word: Both,
    /// It is chosen.
    pub on: bool,
}

impl Choice {
    /// A choice.
    pub fn new(value: impl Into<String>, word: Both, on: bool) -> Self {
        Self { value: value.into(), word, on }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deed_that_is_off_says_why() {
        assert!(Deed::On.is_on() && Deed::On.off().is_none());
        assert!(Deed::Off(Both::same("why")).off().is_some() && Deed::Hidden.off().is_none());
    }
}
