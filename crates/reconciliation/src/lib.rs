//! Reconciliation (对账): do the channel's statement, our journal and HIS's ledger agree, and what is each entry that does not.
//!
//! # What never enters
//! No provider's name for a thing and no provider's file format: a file is described by a layout, which is data. No clock. No floats.
//! Nothing here moves money or writes to anybody's books: a remedy is a word (`mingfen_domain::difference`), carried out elsewhere.
//!
//! # Reading order
//! 1. [`sides`]: one vocabulary for the lines of all three sides.
//! 2. [`matching`]: lines in, findings out. `matching/grouping.rs` is where one order's lines are judged; the rest is about doing
//!    so fast, in bounded memory, and with the same bytes every time.
//! 3. [`cause`]: why a finding is there, and what may be done about it.
//! 4. [`settlement`]: fees against the contract, the fund flow against the statement, the bank against what was paid out.
//! 5. [`files`]: two files instead of a running installation. [`report`]: what was found, as a file for people.
//!
//! # How to add a category
//! A row in the table of `mingfen_domain::difference`, then the place in `matching/grouping.rs` that decides it, its mirror, and
//! lines with a reason in `tests/golden/reconciliation`. The compiler then asks `cause/verdict.rs` why it is there.

pub mod cause;
pub mod files;
pub mod matching;
pub mod report;
pub mod settlement;
pub mod sides;
mod threads;
