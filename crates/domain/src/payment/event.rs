//! What can happen to a payment.

use crate::ids::ProviderTradeNo;
use crate::money::Amount;
use crate::time::Timestamp;

/// Money that a provider says it received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The provider's number.
    pub provider_trade_no: ProviderTradeNo,
    /// How much, in the order's own currency.
    pub amount: Amount,
    /// When the provider took it.
    pub paid_at: Timestamp,
}

/// Whether the bill can still be settled by this payment; read in the same transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillStanding {
    /// Open, or settled by this very payment.
    Free,
    /// Another payment settled it, or its slips were claimed by another bill.
    Taken,
}

/// What can happen to a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The provider opened the order; `handle` is its opaque name for what the payer is shown (a prepay id, a code).
    Opened {
        /// Opaque to everyone but the adapter.
        handle: String,
    },
    /// The provider said no: there is no order there under our number.
    OpenRefused {
        /// The provider's code and text.
        code: String,
    },
    /// Asked or told: paid.
    SeenPaid {
        /// What was received.
        received: Received,
        /// Whether the bill can take it.
        bill: BillStanding,
    },
    /// Asked: known there, not paid, not closed.
    SeenWaiting,
    /// Asked: no such order there.
    SeenMissing,
    /// Asked, told or answered to our close: closed there, nobody can pay it any more.
    SeenClosed,
    /// Asked or told something that we do not know how to read.
    SeenUnknown,
    /// Our deadline has passed and nothing at the provider can be paid any more (missing there, past its own expiry).
    Expired,
}
