//! What no source settles about the real gateway, and what this one does until somebody knows better.
//!
//! A merchant must get along with either answer, so each can be chosen: from a test, or at `/control/alipay/quirks`.
//!
//! # Source
//! Protocol page section 15, and the places marked (unconfirmed) in sections 1.1, 6.2, 6.7, 9 and 10.

use serde::{Deserialize, Serialize};

/// The choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quirks {
    /// How far a caller's clock may be off, in seconds.
    pub clock_tolerance_seconds: i64,
    /// An equal repeat of `trade.create` gets the same trade; otherwise `ACQ.CONTEXT_INCONSISTENT`.
    pub equal_create_gets_the_same_trade: bool,
    /// Cancelling a trade that does not exist succeeds without an action; otherwise `ACQ.TRADE_NOT_EXIST`.
    pub cancel_of_nothing_succeeds: bool,
    /// So many cancellations are answered `retry_flag` Y and do nothing first.
    pub cancel_wants_repeats: u32,
    /// Notifications of certificate mode name their certificate. Seen absent.
    pub notifications_name_the_certificate: bool,
    /// A refund gives its part of the fee back, and its row in a bill says so.
    pub refunds_give_the_fee_back: bool,
    /// A payment that was cancelled shows in bills, as a payment and a refund.
    pub cancelled_payments_are_billed: bool,
    /// Lines of a bill end with CR LF; otherwise with LF.
    pub bill_lines_end_with_cr: bool,
    /// A bill's address leads to another one first.
    pub bill_addresses_redirect: bool,
    /// Answers hold blanks and line ends between their members, outside what is signed.
    pub blanks_in_answers: bool,
}

impl Default for Quirks {
    fn default() -> Self {
        Quirks {
            clock_tolerance_seconds: 15 * 60,
            equal_create_gets_the_same_trade: true,
            cancel_of_nothing_succeeds: true,
            cancel_wants_repeats: 0,
            notifications_name_the_certificate: true,
            refunds_give_the_fee_back: true,
            cancelled_payments_are_billed: true,
            bill_lines_end_with_cr: true,
            bill_addresses_redirect: false,
            blanks_in_answers: false,
        }
    }
}
