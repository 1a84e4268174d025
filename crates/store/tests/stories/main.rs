//! What the store promises, told on both engines.
//!
//! Every story is a function that gets a [`Room`] with an empty, migrated store; `stories!` makes a test of it for SQLite and
//! one for PostgreSQL.

mod answers;
mod audit;
mod bills;
mod claims;
mod cross_check;
mod durability;
mod finding;
mod journal;
mod news;
mod payments;
mod refund_requests;
mod refunds;
mod room;
mod runs;
mod samples;
mod shifts;
mod tasks;
mod worklist;
mod write_backs;

use room::{Room, stories};
