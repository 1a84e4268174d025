//! What happened to money, told by each party in one vocabulary, so that a test compares to the fen.

use serde::Serialize;

/// Everything that the parties know, in the order in which it began.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ledger {
    /// Orders, paid or not.
    pub payments: Vec<LedgerPayment>,
    /// Refunds, whatever became of them.
    pub refunds: Vec<LedgerRefund>,
    /// Notifications with all attempts at delivery.
    pub notifications: Vec<crate::notify::Record>,
}

/// One order.
#[derive(Debug, Clone, Serialize)]
pub struct LedgerPayment {
    /// `wechat` or `alipay`.
    pub provider: &'static str,
    /// Merchant number or application id.
    pub merchant: String,
    /// The merchant's order number.
    pub out_trade_no: String,
    /// The provider's number, once paid.
    pub trade_no: Option<String>,
    /// What was asked for.
    pub amount_fen: i64,
    /// What was really taken from the user.
    pub paid_fen: i64,
    /// What went back to the user, accepted refunds that failed not counted.
    pub refunded_fen: i64,
    /// State in the provider's own words.
    pub state: String,
    /// Who paid, in the provider's own name for users.
    pub payer: Option<String>,
    /// When the order was made, epoch milliseconds.
    pub created_at_ms: i64,
    /// When it was paid.
    pub paid_at_ms: Option<i64>,
}

/// One refund.
#[derive(Debug, Clone, Serialize)]
pub struct LedgerRefund {
    /// `wechat` or `alipay`.
    pub provider: &'static str,
    /// Merchant number or application id.
    pub merchant: String,
    /// The order it belongs to.
    pub out_trade_no: String,
    /// The merchant's refund number.
    pub out_refund_no: String,
    /// The provider's number, where it has one.
    pub refund_no: Option<String>,
    /// How much goes back.
    pub amount_fen: i64,
    /// State in the provider's own words.
    pub state: String,
    /// When it was accepted, epoch milliseconds.
    pub accepted_at_ms: i64,
    /// When the money reached the user.
    pub succeeded_at_ms: Option<i64>,
}
