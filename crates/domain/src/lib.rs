//! What money, slips, payments and refunds are, and what may happen to them.
//!
//! # What never enters
//! No SQL, no HTTP, no JSON, no clock, no randomness, no provider's name for a thing. The types here are not serialisable:
//! whoever stores or sends them says how, at their own edge. Everything is a pure function of its arguments.
//!
//! # Reading order
//! 1. [`money`], [`ids`], [`time`]: the words.
//! 2. [`slip`]: what HIS says is owed. [`split`]: who pays which part of it.
//! 3. [`bill`]: what one patient pays at once. [`payment`]: one order for it at one channel, the table of every
//!    (state, event). [`refund`] and [`write_back`]: machines of their own.
//! 4. [`books`]: double entry, append-only. [`sides`], [`difference`]: what a comparison with others' books
//!    speaks of, and what it can find. [`fund_flow`]: what moves a merchant account.
//! 5. [`window`]: cash and cards at the cashier's window. [`shift`]: what a cashier took in, until it is counted and handed in;
//!    [`receipts`]: which numbers HIS gave meanwhile.
//! 6. [`access`]: who may do what at the hospital's screens. [`rules`]: how much may be paid, how often, and by whom.
//!
//! # How to add a state or an event
//! Add the variant; the compiler then names every pair that is undecided, because no `step` has a wildcard arm. Decide each,
//! add its row to the table in the machine's tests, and teach `store` the new text.

pub mod access;
pub mod ambient;
pub mod bill;
pub mod books;
pub mod difference;
pub mod fund_flow;
pub mod ids;
pub mod money;
pub mod notice_text;
pub mod payment;
pub mod person;
pub mod proposal;
pub mod receipts;
pub mod refund;
pub mod refund_request;
pub mod rules;
pub mod shift;
pub mod sides;
pub mod slip;
pub mod split;
pub mod time;
pub mod window;
pub mod write_back;

pub use ambient::{Clock, Random};
pub use money::{Amount, Fen};
pub use time::{BusinessDay, Timestamp};
