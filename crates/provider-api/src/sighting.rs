//! What we were told of an order or a refund, by whichever way.

use mingfen_domain::ids::{OutRefundNo, OutTradeNo, ProviderRefundNo, ProviderTradeNo};
use mingfen_domain::{Amount, Timestamp};

/// What a provider said of an order (查得状态). Merchant and application were checked by the adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderSighting {
    /// Our number, echoed by the provider.
    pub out_trade_no: OutTradeNo,
    /// What it said.
    pub seen: Sighted,
}

/// What was seen of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sighted {
    /// Paid, whatever was refunded since.
    Paid {
        /// The provider's number.
        provider_trade_no: ProviderTradeNo,
        /// The order's total at the provider, before the provider's own coupons.
        amount: Amount,
        /// When the provider took it.
        paid_at: Timestamp,
    },
    /// Known, not paid, can be paid.
    Waiting,
    /// Closed unpaid: nobody can pay it any more.
    Closed,
    /// Not known there; with some providers this means "not scanned yet", with some nobody signs it.
    Missing,
    /// Something that we do not know how to read; stays pending.
    Unknown {
        /// The provider's words.
        text: String,
    },
}

/// What a provider said of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundSighting {
    /// Our number, echoed by the provider.
    pub out_refund_no: OutRefundNo,
    /// The payment it belongs to.
    pub out_trade_no: OutTradeNo,
    /// What this refund pays back, when the provider said so.
    pub amount: Option<Amount>,
    /// What it said.
    pub seen: SightedRefund,
}

/// What was seen of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SightedRefund {
    /// Taken, under way.
    Processing {
        /// The provider's number.
        provider_refund_no: ProviderRefundNo,
    },
    /// The money is back.
    Succeeded {
        /// The provider's number.
        provider_refund_no: ProviderRefundNo,
        /// When.
        refunded_at: Timestamp,
    },
    /// Cannot be delivered; a person must act at the provider.
    Abnormal {
        /// The provider's number.
        provider_refund_no: ProviderRefundNo,
    },
    /// Ended without paying.
    Closed,
    /// Not known there: it was never taken, or not yet.
    Missing,
    /// Something that we do not know how to read.
    Unknown {
        /// The provider's words.
        text: String,
    },
}

/// What a notification tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Of an order.
    Order(OrderSighting),
    /// Of a refund.
    Refund(RefundSighting),
    /// Genuine, and nothing that we act on (an event of a kind we did not ask for). Acknowledged and kept.
    Other {
        /// The provider's name for it.
        kind: String,
    },
}
