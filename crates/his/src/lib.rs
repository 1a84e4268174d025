//! The HIS port: what is owed, may it be refunded, book it, and was it booked?
//!
//! # What never enters
//! Payments at providers, the store, retries. An adapter makes one call and says how sure it is of the answer.
//!
//! # Reading order
//! [`His`], then [`BookingAnswer`] and [`Found`]: the two that decide over money. [`rest`] is the adapter for
//! `docs/his-rest.md`. [`ledger`] is the port for a day's books, which may come from elsewhere than bookings go to:
//! [`ledger::PagedLedger`] asks [`His`], [`sql_view`] asks a database.
//!
//! # How to add an adapter
//! A folder beside [`rest`], an implementation of [`His`], one line in `cli`. Say in [`Capabilities`] what the HIS can do.

pub mod ledger;
pub mod rest;
pub mod sql_view;
mod text;
pub mod trace;

use async_trait::async_trait;
use mingfen_domain::ids::{BillNo, ChannelId, HospitalId, OutRefundNo, OutTradeNo, ProviderTradeNo, SlipNo};
use mingfen_domain::person::Patient;
use mingfen_domain::slip::Slip;
use mingfen_domain::split::Tender;
use mingfen_domain::write_back::Booked;
use mingfen_domain::{Amount, BusinessDay, Fen, Timestamp};

/// A hospital information system.
#[async_trait]
pub trait His: Send + Sync {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Everything unpaid for a card, without charge lines, and the patient as HIS knows them. `None`: no such patient.
    async fn owed_slips(&self, hospital: &HospitalId, card_no: &str) -> Result<Option<Owed>, HisError>;

    /// One slip with its charge lines and its present status. `None`: no such slip.
    async fn slip_detail(&self, hospital: &HospitalId, slip_no: &SlipNo) -> Result<Option<Slip>, HisError>;

    /// Holds the slips for us until a moment. The same `request_id` again gives the same answer.
    async fn lock(&self, request: &LockRequest) -> Result<LockAnswer, HisError>;

    /// Gives them back; unknown tokens are no error.
    async fn unlock(&self, hospital: &HospitalId, lock_token: &str) -> Result<(), HisError>;

    /// Books a paid bill (回写). The bill's number is the idempotency key.
    async fn book(&self, booking: &Booking) -> BookingAnswer;

    /// Asks whether a bill was booked (交易核查).
    async fn find_booking(&self, hospital: &HospitalId, bill_no: &BillNo) -> Found<FoundBooking>;

    /// Asks whether money may be given back (drug dispensed? examined?).
    async fn may_refund(&self, question: &RefundQuestion) -> Result<MayRefund, HisError>;

    /// Books a refund that has arrived. The refund's number is the idempotency key.
    async fn book_refund(&self, refund: &RefundBooking) -> RefundBookingAnswer;

    /// Asks whether a refund was booked.
    async fn find_refund(&self, hospital: &HospitalId, refund: &OutRefundNo) -> Found<FoundRefund>;

    /// One page of the day's ledger, from page 1. The only question that tells [`HisError::Unreadable`] from no answer: here
    /// nobody waits, and a person must know that repeating is of no use.
    async fn ledger_page(
        &self,
        hospital: &HospitalId,
        day: BusinessDay,
        page: u32,
    ) -> Result<LedgerPage, HisError>;
}

/// What a HIS can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Slips can be held.
    pub locks: bool,
    /// It can be asked whether a bill was booked.
    pub finds_bookings: bool,
    /// Booking the same bill twice is harmless.
    pub booking_is_idempotent: bool,
}

/// A question that got no usable answer, or a definite no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HisError {
    /// HIS said no, with one of the contract's codes.
    #[error("HIS said no: {code} {message}")]
    Rejected {
        /// The contract's code.
        code: String,
        /// HIS's text.
        message: String,
    },
    /// No usable answer: down, slow, cut off. Where nothing else is said, also an answer that breaks the contract.
    #[error("no usable answer from HIS: {0}")]
    NoAnswer(String),
    /// A whole answer that breaks the contract, of a call that asks for what is past: HIS would say it again.
    #[error("HIS breaks the contract: {0}")]
    Unreadable(String),
    /// HIS refuses us as a caller: key, clock, or a request that it cannot read.
    #[error("HIS refuses the call: {0}")]
    Misconfigured(String),
}

/// A patient and what they owe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// As HIS knows them.
    pub patient: Patient,
    /// Unpaid slips, without lines.
    pub slips: Vec<Slip>,
}

/// A slip and what we take it to cost the patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlipAmount {
    /// HIS's number.
    pub slip_no: SlipNo,
    /// The patient's own share: what is charged, held and booked.
    pub amount: Fen,
}

/// Slips to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockRequest {
    /// The hospital.
    pub hospital: HospitalId,
    /// The bill's number.
    pub request_id: BillNo,
    /// What to hold.
    pub slips: Vec<SlipAmount>,
    /// Until when.
    pub hold_until: Timestamp,
}

/// The answer to a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockAnswer {
    /// Held.
    Locked {
        /// Name of the lock.
        token: String,
        /// Until when.
        expires_at: Timestamp,
    },
    /// This HIS has no locks.
    NotSupported,
    /// Definitely not: paid, cancelled, another amount, locked by another.
    Rejected {
        /// The contract's code.
        code: String,
        /// HIS's text.
        message: String,
    },
}

/// A part of a bill that was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaidTender {
    /// In which way.
    pub tender: Tender,
    /// Through which account.
    pub channel: ChannelId,
    /// Our number there.
    pub out_trade_no: OutTradeNo,
    /// Their number.
    pub provider_trade_no: ProviderTradeNo,
    /// How much.
    pub amount: Amount,
    /// When the provider took it.
    pub paid_at: Timestamp,
}

/// A paid bill, to be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// The hospital.
    pub hospital: HospitalId,
    /// The idempotency key.
    pub bill_no: BillNo,
    /// What was paid for.
    pub slips: Vec<SlipAmount>,
    /// All of it.
    pub total: Fen,
    /// How it was paid.
    pub tenders: Vec<PaidTender>,
    /// HIS's lock, when there is one.
    pub lock_token: Option<String>,
}

/// HIS's answer to a booking: the money question first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookingAnswer {
    /// Booked, now or by an earlier call.
    Booked(Booked),
    /// A definite no, to be confirmed by asking once more.
    Refused {
        /// The contract's code.
        code: String,
        /// HIS's text.
        message: String,
    },
    /// It left us and no usable answer came: ask before booking again.
    InDoubt(String),
    /// Nothing left this machine.
    NotSent(String),
}

/// The answer to "do you have it?".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<T> {
    /// Yes.
    Yes(T),
    /// Certainly not.
    No,
    /// No usable answer.
    Unknown(String),
}

/// A booking that HIS has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundBooking {
    /// What it answered when it booked it.
    pub booked: Booked,
    /// The sum that it booked: another one than ours is no booking of ours.
    pub total: Fen,
}

/// A refund that HIS has booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRefund {
    /// HIS's number.
    pub his_refund_no: String,
    /// The sum that it booked.
    pub amount: Amount,
}

/// How a doubt begins whose cause is that HIS refuses us as a caller (key, clock, a request that it cannot read): a person
/// must know at once, because waiting does not mend it.
pub const MISCONFIGURED: &str = "misconfigured: ";

/// May this be given back?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundQuestion {
    /// The hospital.
    pub hospital: HospitalId,
    /// The bill as HIS booked it.
    pub bill_no: BillNo,
    /// How much.
    pub amount: Amount,
    /// One slip of it, when only that is meant.
    pub slip_no: Option<SlipNo>,
}

/// HIS's word on a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MayRefund {
    /// Go ahead.
    Yes,
    /// No, and the words for the cashier.
    No {
        /// HIS's reason.
        reason: String,
    },
}

/// A refund that arrived, to be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundBooking {
    /// The hospital.
    pub hospital: HospitalId,
    /// The bill it is taken from.
    pub bill_no: BillNo,
    /// The idempotency key.
    pub out_refund_no: OutRefundNo,
    /// How much.
    pub amount: Amount,
    /// One slip of the bill, when only that was given back.
    pub slip_no: Option<SlipNo>,
    /// Why.
    pub reason: String,
    /// When it arrived.
    pub refunded_at: Timestamp,
}

/// HIS's answer to a booked refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundBookingAnswer {
    /// Booked, now or earlier.
    Booked {
        /// HIS's number.
        his_refund_no: String,
    },
    /// A definite no: a person must look.
    Refused {
        /// The contract's code.
        code: String,
        /// HIS's text.
        message: String,
    },
    /// Ask before booking again.
    InDoubt(String),
    /// Nothing left this machine.
    NotSent(String),
}

/// Whether a ledger row is money in or money back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LedgerKind {
    /// A payment.
    Payment,
    /// A refund.
    Refund,
}

/// A row of HIS's ledger.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LedgerRow {
    /// HIS's row number: it names the row, so no two rows of a day share it.
    pub row_no: String,
    /// Money in or back.
    pub kind: LedgerKind,
    /// Our bill number as HIS has it.
    pub order_no: String,
    /// Our refund number, on refunds.
    pub refund_no: Option<String>,
    /// The slip, when HIS books by slip.
    pub slip_no: Option<String>,
    /// Our order number at the channel.
    pub out_trade_no: String,
    /// The provider's number.
    pub provider_trade_no: String,
    /// The channel as HIS has it.
    pub channel: String,
    /// HIS's own order number.
    pub his_order_no: String,
    /// Positive in both kinds.
    pub amount: Amount,
    /// What insurance bears beside it, where HIS says; positive in both kinds, or zero.
    pub insurance: Option<Fen>,
    /// Whether it is a deposit, where HIS says.
    pub deposit: Option<bool>,
    /// When HIS booked it.
    pub booked_at: Timestamp,
}

/// A page of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerPage {
    /// Its rows.
    pub rows: Vec<LedgerRow>,
    /// Whether there is another.
    pub has_next: bool,
}
