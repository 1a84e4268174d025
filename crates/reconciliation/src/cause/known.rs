//! What is known of an order beside the lines that differ: our own records, and what the parties said when asked once more.

use mingfen_domain::ids::{BillNo, ChannelId, OutRefundNo, OutTradeNo};
use mingfen_domain::refund::Origin;
use mingfen_domain::{Amount, BusinessDay, Fen, Timestamp};
use mingfen_domain::{payment, refund, write_back};

/// Everything beside the lines. The default is what two files alone know: nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The day of the run; without it the day of the finding's own lines.
    pub day: Option<BusinessDay>,
    /// The first day that was compared at all: what the other side has on an earlier one, nobody looks for. `None`: as far back as one
    /// likes.
    pub compared_since: Option<BusinessDay>,
    /// So close to its day's cut a moment may count for the neighbouring day elsewhere.
    pub near_cut_seconds: u32,
    /// So long before midnight the day of the order's channel ends.
    pub ends_early_seconds: u32,
    /// The statement of the order's channel was there for the run.
    pub statement_available: bool,
    /// The order number has our form; where no form is set, every number has it.
    pub has_our_form: bool,
    /// Whether the same amount stands under the same provider number in another row, be it of this order or of another. `None`:
    /// nobody looked.
    pub same_provider_no: Option<bool>,
    /// Our own records. `None`: there are none to look at, as with two files.
    pub records: Option<Records>,
    /// What the channel said of the payment.
    pub channel: ChannelAnswer,
    /// What the channel said of the finding's refund.
    pub channel_refund: RefundAnswer,
    /// What HIS said of the booking, asked by the bill.
    pub his: HisAnswer,
    /// What HIS said of the finding's refund.
    pub his_refund: HisAnswer,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            day: None,
            compared_since: None,
            near_cut_seconds: 900,
            ends_early_seconds: 0,
            statement_available: true,
            has_our_form: true,
            same_provider_no: None,
            records: None,
            channel: ChannelAnswer::NotAsked,
            channel_refund: RefundAnswer::NotAsked,
            his: HisAnswer::NotAsked,
            his_refund: HisAnswer::NotAsked,
        }
    }
}

/// Our own records of an order number, as they stand after the asking. The default: looked, and nothing there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// The payment of that number.
    pub payment: Option<OwnPayment>,
    /// Every refund of it, paid by hand or failed ones too.
    pub refunds: Vec<OwnRefund>,
    /// A notification for that number was kept that did not prove itself.
    pub unproven_notification: bool,
    /// What waits for a person about the order, its bill or its refunds, in words for staff.
    pub open_matters: Vec<String>,
}

/// A payment of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPayment {
    /// The bill that it is for.
    pub bill_no: BillNo,
    /// Its channel.
    pub channel: ChannelId,
    /// What was ordered.
    pub ordered: Amount,
    /// Where it stands, and what was received.
    pub state: payment::State,
    /// When it was stored.
    pub created_at: Timestamp,
    /// How and when we first learnt of its money.
    pub learnt: Option<Learnt>,
    /// The whole bill, insurance included.
    pub bill_total: Fen,
    /// The self-pay part of each of its slips.
    pub slips: Vec<Fen>,
    /// Another payment settled the bill: then HIS was told of that one, and never of this.
    pub settled_by_another: Option<OutTradeNo>,
    /// Telling HIS of the bill, if it came so far.
    pub write_back: Option<OwnWriteBack>,
}

/// How and when we learnt of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learnt {
    /// When.
    pub at: Timestamp,
    /// How.
    pub way: Way,
}

/// By which way news came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The provider told us.
    Notification,
    /// We asked.
    Query,
    /// Any other way.
    Other,
}

/// Telling HIS of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnWriteBack {
    /// Where it stands.
    pub state: write_back::State,
    /// When HIS had booked it.
    pub posted_at: Option<Timestamp>,
    /// Its task has given up and waits for a person.
    pub parked: bool,
}

/// A refund of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnRefund {
    /// Our number.
    pub out_refund_no: OutRefundNo,
    /// How much.
    pub amount: Amount,
    /// Who asked and why.
    pub origin: Origin,
    /// Where it stands.
    pub state: refund::State,
    /// When it last left us: the day on which providers count it.
    pub sent_at: Option<Timestamp>,
    /// Whether HIS knows.
    pub told: Told,
    /// Its task of telling HIS has given up and waits for a person.
    pub parked: bool,
    /// It was paid past the channel, in cash or from the bank.
    pub by_hand: bool,
}

/// Whether HIS was told of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// HIS need not know: it never booked the payment.
    NeedNot,
    /// Not yet, or without a usable answer.
    NotYet,
    /// It booked it.
    Booked,
    /// It said no.
    Refused,
}

/// What a channel says of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelAnswer {
    /// Nobody asked.
    NotAsked,
    /// No usable answer.
    Silent,
    /// It does not know the order.
    Missing,
    /// Known, not paid.
    Waiting,
    /// Closed without being paid.
    Closed,
    /// Paid, whatever was refunded since.
    Paid {
        /// How much.
        amount: Fen,
        /// When.
        at: Timestamp,
    },
}

impl ChannelAnswer {
    /// Whether it says that no money came.
    pub(super) const fn denies(self) -> bool {
        matches!(self, Self::Missing | Self::Waiting | Self::Closed)
    }
}

/// What a channel says of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundAnswer {
    /// Nobody asked.
    NotAsked,
    /// No usable answer.
    Silent,
    /// It does not know the refund.
    Missing,
    /// Ended without paying.
    Closed,
    /// On its way.
    Processing,
    /// Cannot be delivered.
    Abnormal,
    /// Back at the payer.
    Succeeded {
        /// How much, where the channel says so.
        amount: Option<Fen>,
        /// When.
        at: Timestamp,
    },
}

/// What HIS says of a booking, or of a booked refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HisAnswer {
    /// Nobody asked.
    NotAsked,
    /// No usable answer.
    Silent,
    /// Certainly not booked.
    No,
    /// Booked.
    Booked {
        /// HIS's own number.
        number: String,
        /// The sum.
        amount: Fen,
        /// When, where HIS says so.
        at: Option<Timestamp>,
    },
}
