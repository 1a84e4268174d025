//! UnionPay (银联，云闪付): its settlement files, for those who bring them by hand. It is no channel yet: nothing here speaks to
//! UnionPay, and it is not in [`crate::ALL`].
//!
//! # Reading order
//! `statement/zm.rs` reads the transactions (ZM), `statement/zme.rs` the disputes (ZME); `statement/fixed.rs` is the form that both
//! share.

mod statement;

pub use statement::{Dispute, Part, export_trades, part_of, read_disputes, read_trades, shown};

/// The rows that [`export_trades`] gives, as a layout: `mingfen reconcile files`.
pub const SETTLEMENT_LAYOUT: &str = include_str!("statement/layout.toml");
