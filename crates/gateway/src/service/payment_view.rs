//! What the patient is shown of a bill: what the record says at this second, never what the browser claims.

use super::{Private, Trouble};
use crate::Gateway;
use mingfen_domain::bill::BillState;
use mingfen_domain::ids::{BillNo, SlipNo};
use mingfen_domain::payment::{ClosedBecause, State, SuspenseReason};
use mingfen_domain::person::Patient;
use mingfen_domain::write_back::{Booked, State as WriteBackState};
use mingfen_domain::{Fen, Timestamp, refund};
use mingfen_store::{BillRecord, PaymentRecord, RefundRecord};

/// Where the patient's money is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The order can be paid and nobody knows of money yet. `in_doubt`: for more than three minutes.
    Waiting {
        /// The page changes its words.
        in_doubt: bool,
    },
    /// Paid; HIS has not confirmed yet.
    Booking,
    /// Paid and booked.
    Paid(Booked),
    /// Money is on its way back.
    Refunding,
    /// Money is back.
    Refunded {
        /// When the last of it arrived.
        at: Timestamp,
    },
    /// Money goes back and does not arrive; a person works on it.
    RefundStuck,
    /// Money is held and a person decides.
    Held,
    /// Nothing was charged and nothing can be.
    NotCharged(ClosedBecause),
}

impl Stage {
    /// The word that a waiting page polls for.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Waiting { in_doubt: false } => "waiting",
            Self::Waiting { in_doubt: true } => "in-doubt",
            Self::Booking => "booking",
            Self::Paid(_) => "paid",
            Self::Refunding => "refunding",
            Self::Refunded { .. } => "refunded",
            Self::RefundStuck => "refund-stuck",
            Self::Held => "held",
            Self::NotCharged(_) => "not-charged",
        }
    }
}

/// Why HIS would not book a paid bill, by the contract's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedBecause {
    /// A slip of it was paid at the counter.
    AlreadyPaid,
    /// A slip of it was cancelled.
    Cancelled,
    /// Another sum was owed by then.
    AmountChanged,
    /// Anything else.
    Other,
}

impl RefusedBecause {
    /// The kept reason begins with the code.
    fn read(reason: &str) -> Self {
        match reason.split_whitespace().next() {
            Some("SLIP_ALREADY_PAID") => Self::AlreadyPaid,
            Some("SLIP_CANCELLED" | "NO_SUCH_SLIP") => Self::Cancelled,
            Some("AMOUNT_MISMATCH") => Self::AmountChanged,
            _ => Self::Other,
        }
    }
}

/// A bill as its pages need it.
#[derive(Clone, Debug)]
pub struct PaymentView {
    /// The bill.
    pub bill: BillRecord,
    /// Whose.
    pub patient: Patient,
    /// The order that matters: the one that settled it, else the newest.
    pub payment: PaymentRecord,
    /// Where the money is.
    pub stage: Stage,
    /// HIS's receipt and signposts, once it booked the bill; they stay when money goes back later.
    pub booked: Option<Booked>,
    /// Why HIS would not book it.
    pub refused: Option<RefusedBecause>,
    /// Another bill that was paid covers its slips: what came for this one is double.
    pub paid_by_another: bool,
    /// All refunds of the bill, oldest first.
    pub refunds: Vec<RefundRecord>,
    /// Back at the payer.
    pub refunded: Fen,
}

/// After this long without news the page says that it does not know.
const DOUBT_MS: i64 = 180_000;

/// Finds a bill by the unguessable reference of its pages.
///
/// # Errors
/// [`Trouble`].
pub async fn view_by_ref(gateway: &Gateway, view_ref: &str) -> Result<Option<PaymentView>, Trouble> {
    let plausible = view_ref.len() == 26 && view_ref.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !plausible {
        return Ok(None);
    }
    match gateway.store.bill_by_view_ref(view_ref).await? {
        Some(bill) => payment_view(gateway, bill).await,
        None => Ok(None),
    }
}

/// Reads everything that decides what is shown.
///
/// # Errors
/// [`Trouble`].
pub async fn payment_view(gateway: &Gateway, bill: BillRecord) -> Result<Option<PaymentView>, Trouble> {
    let bill_no = &bill.bill.bill_no;
    let payments = gateway.store.payments_of_bill(bill_no).await?;
    let Some(payment) = order_that_matters(&bill, payments.iter()).cloned() else { return Ok(None) };
    let refunds = gateway.store.refunds_of_bill(bill_no).await?;
    let of_payment: Vec<&RefundRecord> =
        refunds.iter().filter(|record| record.refund.out_trade_no == payment.payment.out_trade_no).collect();
    let arrived = |record: &&&RefundRecord| matches!(record.refund.state, refund::State::Succeeded { .. });
    let refunded = Fen::sum(of_payment.iter().filter(arrived).map(|record| record.refund.amount.fen()))?;
    let write_back = gateway.store.write_back(bill_no).await?.map(|record| record.state);
    let (booked, refused) = match &write_back {
        Some(WriteBackState::Posted(booked)) => (Some(booked.clone()), None),
        Some(WriteBackState::RefusalToConfirm { reason } | WriteBackState::Refused { reason }) => {
            (None, Some(RefusedBecause::read(reason)))
        }
        Some(WriteBackState::Due | WriteBackState::Unknown) | None => (None, None),
    };
    let stage = stage_of(gateway.now(), &payment, &of_payment, refunded, write_back);
    let patient = Private(gateway).open_patient(&bill.patient_sealed)?;
    Ok(Some(PaymentView {
        paid_by_another: paid_by_another(gateway, &bill).await?,
        bill,
        patient,
        payment,
        stage,
        booked,
        refused,
        refunds,
        refunded,
    }))
}

/// Whether the slips of a bill that lost them belong to one that was paid.
async fn paid_by_another(gateway: &Gateway, bill: &BillRecord) -> Result<bool, Trouble> {
    if !matches!(bill.bill.state, BillState::Released) {
        return Ok(false);
    }
    let slips: Vec<SlipNo> = bill.slips.iter().map(|slip| slip.slip_no.clone()).collect();
    for (_, bill_no) in gateway.store.claims_on(&bill.bill.hospital, &slips).await? {
        let other = gateway.store.bill(&bill_no).await?;
        if other.is_some_and(|other| matches!(other.bill.state, BillState::Settled { .. })) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The order of a bill that decides how it stands: the one that settled it, else the newest.
pub(super) fn order_that_matters<'a>(
    bill: &BillRecord,
    payments: impl Iterator<Item = &'a PaymentRecord> + Clone,
) -> Option<&'a PaymentRecord> {
    let settled_by = match &bill.bill.state {
        BillState::Settled { by } => Some(by),
        BillState::Open | BillState::Released => None,
    };
    payments
        .clone()
        .find(|record| settled_by == Some(&record.payment.out_trade_no))
        .or_else(|| payments.max_by_key(|record| record.payment.created_at))
}

/// Where the money of an order is, by its refunds, what of them arrived, and what HIS was told.
pub(super) fn stage_of(
    now: Timestamp,
    record: &PaymentRecord,
    refunds: &[&RefundRecord],
    refunded: Fen,
    write_back: Option<WriteBackState>,
) -> Stage {
    let whole = |received: Fen| refunded >= received;
    match &record.payment.state {
        State::Opening | State::Waiting { .. } => {
            Stage::Waiting { in_doubt: now.since_ms(record.payment.created_at) > DOUBT_MS }
        }
        State::Closed(because) => Stage::NotCharged(*because),
        State::Paid(received) => {
            let refused = matches!(write_back, Some(WriteBackState::Refused { .. }));
            // Nothing stays with the hospital: back at the payer already, or promised to go back.
            if whole(received.amount.fen()) || record.refund_held >= received.amount.fen() || refused {
                return going_back(refunds, whole(received.amount.fen()));
            }
            match write_back {
                Some(WriteBackState::Posted(booked)) => Stage::Paid(booked),
                _ => Stage::Booking,
            }
        }
        State::Suspense { reason, received } => match reason {
            SuspenseReason::Double => going_back(refunds, whole(received.amount.fen())),
            SuspenseReason::WrongAmount if refunds.is_empty() => Stage::Held,
            SuspenseReason::WrongAmount => going_back(refunds, whole(received.amount.fen())),
        },
    }
}

fn going_back(refunds: &[&RefundRecord], whole: bool) -> Stage {
    let arrived = refunds
        .iter()
        .filter_map(|record| match &record.refund.state {
            refund::State::Succeeded { refunded_at, .. } => Some(*refunded_at),
            _ => None,
        })
        .max();
    match arrived {
        Some(at) if whole => Stage::Refunded { at },
        _ => {
            let stuck = refunds.iter().any(|record| {
                matches!(record.refund.state, refund::State::Abnormal { .. } | refund::State::Failed { .. })
            });
            let under_way = refunds.iter().any(|record| record.refund.state.is_under_way());
            if stuck && !under_way { Stage::RefundStuck } else { Stage::Refunding }
        }
    }
}

/// What a patient reads out at a window: the last eight characters of the bill's number, which are its own (40 bits).
pub fn voucher_no(bill_no: &BillNo) -> String {
    let text = bill_no.as_str();
    let tail = &text[text.len().saturating_sub(8)..];
    format!("{} {}", &tail[..tail.len() / 2], &tail[tail.len() / 2..])
}
