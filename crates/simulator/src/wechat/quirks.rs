//! Where the sources leave open what the live server does: one switch each, so that an adapter can be tested under both
//! readings.
//!
//! # Source
//! WeChat Pay API v3 reference, section 13, and the places that it marks as unconfirmed.

/// How the server says that an order is paid already, to a create or a close call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaidAnswer {
    /// 400 `ORDERPAID`, as client code has it.
    Joined,
    /// 403 `ORDER_PAID`, as the support digest spells it.
    Underscored,
    /// 400 `INVALID_REQUEST` with the text and the internal code only.
    InvalidRequest,
}

/// How the server says that a number was used with other parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReEntryAnswer {
    /// 400 `INVALID_REQUEST`, as seen.
    InvalidRequest,
    /// 403 `OUT_TRADE_NO_USED`, as the API pages list it.
    OutTradeNoUsed,
}

/// How the server says that two refunds of an order are too close together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapAnswer {
    /// 429 `FREQUENCY_LIMITED`.
    FrequencyLimited,
    /// 400 `INVALID_REQUEST` with the same text.
    InvalidRequest,
}

/// One reading of everything that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Quirks {
    /// Whether refusals of calls that were let in are signed. Rejections before that never are.
    pub signs_refusals: bool,
    /// Already paid.
    pub paid_answer: PaidAnswer,
    /// Same number, other parameters.
    pub re_entry_answer: ReEntryAnswer,
    /// Whether a query tells `amount` of an order that is not paid.
    pub amount_before_payment: bool,
    /// Whether an order reads `CLOSED` once its `time_expire` has passed, instead of `NOTPAY` until somebody closes it.
    pub closes_at_expiry: bool,
    /// Whether closing a number that was never ordered makes a later create call fail.
    pub close_burns_unknown_numbers: bool,
    /// Two refunds within a minute.
    pub gap_answer: GapAnswer,
    /// Whether all attempts of a notification carry the same event `id`.
    pub resend_keeps_event_id: bool,
    /// Whether any 2xx acknowledges a notification, not only 200 and 204.
    pub acknowledged_by_any_2xx: bool,
}

impl Quirks {
    /// The reading that the reference recommends.
    pub const fn recommended() -> Self {
        Quirks {
            signs_refusals: false,
            paid_answer: PaidAnswer::Joined,
            re_entry_answer: ReEntryAnswer::InvalidRequest,
            amount_before_payment: true,
            closes_at_expiry: false,
            close_burns_unknown_numbers: true,
            gap_answer: GapAnswer::FrequencyLimited,
            resend_keeps_event_id: true,
            acknowledged_by_any_2xx: false,
        }
    }

    /// The other reading of every point.
    pub const fn otherwise() -> Self {
        Quirks {
            signs_refusals: true,
            paid_answer: PaidAnswer::Underscored,
            re_entry_answer: ReEntryAnswer::OutTradeNoUsed,
            amount_before_payment: false,
            closes_at_expiry: true,
            close_burns_unknown_numbers: false,
            gap_answer: GapAnswer::InvalidRequest,
            resend_keeps_event_id: false,
            acknowledged_by_any_2xx: true,
        }
    }
}

impl Default for Quirks {
    fn default() -> Self {
        Quirks::recommended()
    }
}
