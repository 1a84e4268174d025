//! HIS with an eye on it: every call is counted by its result, and whether HIS refuses us as a caller is known at once. Such a
//! refusal (a wrong key, a clock that is off) is not an outage: nothing gets better by waiting.

use crate::metrics::Metrics;
use async_trait::async_trait;
use mingfen_domain::BusinessDay;
use mingfen_domain::ids::{BillNo, HospitalId, OutRefundNo, SlipNo};
use mingfen_domain::slip::Slip;
use mingfen_his::{
    Booking, BookingAnswer, Capabilities, Found, FoundBooking, FoundRefund, His, HisError, LedgerPage,
    LockAnswer, LockRequest, MayRefund, Owed, RefundBooking, RefundBookingAnswer, RefundQuestion,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Answered,
    SaidNo,
    RefusedUs,
    InDoubt,
    NotSent,
}

impl Outcome {
    const fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::SaidNo => "said_no",
            Self::RefusedUs => "refused_us",
            Self::InDoubt => "in_doubt",
            Self::NotSent => "not_sent",
        }
    }

    /// An answer that leaves it open; the adapter has one wording for "HIS refuses us as a caller".
    fn open(text: &str) -> Self {
        if text.starts_with("misconfigured:") { Self::RefusedUs } else { Self::InDoubt }
    }

    fn of<T>(answer: &Result<T, HisError>) -> Self {
        match answer {
            Ok(_) => Self::Answered,
            Err(HisError::Rejected { .. }) => Self::SaidNo,
            Err(HisError::Misconfigured(_)) => Self::RefusedUs,
            Err(HisError::NoAnswer(_) | HisError::Unreadable(_)) => Self::InDoubt,
        }
    }

    fn found<T>(answer: &Found<T>) -> Self {
        match answer {
            Found::Yes(_) | Found::No => Self::Answered,
            Found::Unknown(text) => Self::open(text),
        }
    }
}

/// See the module.
pub(crate) struct WatchedHis {
    his: Arc<dyn His>,
    metrics: Arc<Metrics>,
    refuses_us: AtomicBool,
}

impl WatchedHis {
    pub(crate) const fn new(his: Arc<dyn His>, metrics: Arc<Metrics>) -> Self {
        Self { his, metrics, refuses_us: AtomicBool::new(false) }
    }

    /// Whether the last answer of HIS was that it does not let us in.
    pub(crate) fn refuses_us(&self) -> bool {
        self.refuses_us.load(Ordering::Relaxed)
    }

    fn saw(&self, call: &'static str, outcome: Outcome) {
        self.metrics.add("mingfen_his_calls_total", format!("call=\"{call}\",result=\"{}\"", outcome.word()));
        let refuses_us = match outcome {
            Outcome::RefusedUs => true,
            Outcome::Answered | Outcome::SaidNo => false,
            Outcome::InDoubt | Outcome::NotSent => return,
        };
        let before = self.refuses_us.swap(refuses_us, Ordering::Relaxed);
        if refuses_us && !before {
            tracing::error!(
                his.call = call,
                "HIS refuses us as a caller; nothing is booked until its key, secret and clock are right"
            );
        } else if before && !refuses_us {
            tracing::info!(his.call = call, "HIS lets us in again");
        }
    }
}

#[async_trait]
impl His for WatchedHis {
    fn capabilities(&self) -> Capabilities {
        self.his.capabilities()
    }

    async fn owed_slips(&self, hospital: &HospitalId, card_no: &str) -> Result<Option<Owed>, HisError> {
        let answer = self.his.owed_slips(hospital, card_no).await;
        self.saw("owed_slips", Outcome::of(&answer));
        answer
    }

    async fn slip_detail(&self, hospital: &HospitalId, slip_no: &SlipNo) -> Result<Option<Slip>, HisError> {
        let answer = self.his.slip_detail(hospital, slip_no).await;
        self.saw("slip_detail", Outcome::of(&answer));
        answer
    }

    async fn lock(&self, request: &LockRequest) -> Result<LockAnswer, HisError> {
        let answer = self.his.lock(request).await;
        let outcome = match &answer {
            Ok(LockAnswer::Rejected { .. }) => Outcome::SaidNo,
            other => Outcome::of(other),
        };
        self.saw("lock", outcome);
        answer
    }

    async fn unlock(&self, hospital: &HospitalId, lock_token: &str) -> Result<(), HisError> {
        let answer = self.his.unlock(hospital, lock_token).await;
        self.saw("unlock", Outcome::of(&answer));
        answer
    }

    async fn book(&self, booking: &Booking) -> BookingAnswer {
        let answer = self.his.book(booking).await;
        let outcome = match &answer {
            BookingAnswer::Booked(_) => Outcome::Answered,
            BookingAnswer::Refused { .. } => Outcome::SaidNo,
            BookingAnswer::InDoubt(text) => Outcome::open(text),
            BookingAnswer::NotSent(_) => Outcome::NotSent,
        };
        self.saw("book", outcome);
        answer
    }

    async fn find_booking(&self, hospital: &HospitalId, bill_no: &BillNo) -> Found<FoundBooking> {
        let answer = self.his.find_booking(hospital, bill_no).await;
        self.saw("find_booking", Outcome::found(&answer));
        answer
    }

    async fn may_refund(&self, question: &RefundQuestion) -> Result<MayRefund, HisError> {
        let answer = self.his.may_refund(question).await;
        let outcome = match &answer {
            Ok(MayRefund::No { .. }) => Outcome::SaidNo,
            other => Outcome::of(other),
        };
        self.saw("may_refund", outcome);
        answer
    }

    async fn book_refund(&self, refund: &RefundBooking) -> RefundBookingAnswer {
        let answer = self.his.book_refund(refund).await;
        let outcome = match &answer {
            RefundBookingAnswer::Booked { .. } => Outcome::Answered,
            RefundBookingAnswer::Refused { .. } => Outcome::SaidNo,
            RefundBookingAnswer::InDoubt(text) => Outcome::open(text),
            RefundBookingAnswer::NotSent(_) => Outcome::NotSent,
        };
        self.saw("book_refund", outcome);
        answer
    }

    async fn find_refund(&self, hospital: &HospitalId, refund: &OutRefundNo) -> Found<FoundRefund> {
        let answer = self.his.find_refund(hospital, refund).await;
        self.saw("find_refund", Outcome::found(&answer));
        answer
    }

    async fn ledger_page(
        &self,
        hospital: &HospitalId,
        day: BusinessDay,
        page: u32,
    ) -> Result<LedgerPage, HisError> {
        let answer = self.his.ledger_page(hospital, day, page).await;
        self.saw("ledger_page", Outcome::of(&answer));
        answer
    }
}
