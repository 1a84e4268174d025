//! Somebody between the gateway and HIS who counts, delays, and trips the program.

use async_trait::async_trait;
use mingfen_domain::BusinessDay;
use mingfen_domain::ids::{BillNo, HospitalId, OutRefundNo, SlipNo};
use mingfen_domain::slip::Slip;
use mingfen_his::{
    Booking, BookingAnswer, Capabilities, Found, FoundBooking, FoundRefund, His, HisError, LedgerPage,
    LockAnswer, LockRequest, MayRefund, Owed, RefundBooking, RefundBookingAnswer, RefundQuestion,
};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Sees every booking on its way to HIS.
#[derive(Default)]
pub struct Bystander {
    stall: Duration,
    trips: AtomicU32,
    under_way: Mutex<Vec<BillNo>>,
    told: Mutex<Vec<BillNo>>,
    at_once: Mutex<Vec<BillNo>>,
}

impl Bystander {
    /// A booking takes that much longer.
    pub fn who_stalls(stall: Duration) -> Arc<Self> {
        Arc::new(Self { stall, ..Self::default() })
    }

    /// So many bookings break the program off instead of reaching HIS.
    pub fn who_trips(times: u32) -> Arc<Self> {
        Arc::new(Self { trips: AtomicU32::new(times), ..Self::default() })
    }

    /// Every booking that was begun, in order.
    pub fn told(&self) -> Vec<BillNo> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Bills of which HIS was being told while it was being told of them already.
    pub fn told_twice_at_once(&self) -> Vec<BillNo> {
        self.at_once.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn between(self: &Arc<Self>, his: Arc<dyn His>) -> Arc<dyn His> {
        Arc::new(Between { his, bystander: self.clone() })
    }

    fn begins(self: &Arc<Self>, bill_no: &BillNo) -> UnderWay {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if under_way.contains(bill_no) {
            self.at_once.lock().unwrap_or_else(PoisonError::into_inner).push(bill_no.clone());
        }
        under_way.push(bill_no.clone());
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(bill_no.clone());
        UnderWay { bystander: self.clone(), bill_no: bill_no.clone() }
    }
}

/// A booking under way, until it is answered or dropped.
struct UnderWay {
    bystander: Arc<Bystander>,
    bill_no: BillNo,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut under_way = self.bystander.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = under_way.iter().position(|bill_no| *bill_no == self.bill_no) {
            under_way.swap_remove(place);
        }
    }
}

struct Between {
    his: Arc<dyn His>,
    bystander: Arc<Bystander>,
}

#[async_trait]
impl His for Between {
    fn capabilities(&self) -> Capabilities {
        self.his.capabilities()
    }

    async fn owed_slips(&self, hospital: &HospitalId, card_no: &str) -> Result<Option<Owed>, HisError> {
        self.his.owed_slips(hospital, card_no).await
    }

    async fn slip_detail(&self, hospital: &HospitalId, slip_no: &SlipNo) -> Result<Option<Slip>, HisError> {
        self.his.slip_detail(hospital, slip_no).await
    }

    async fn lock(&self, request: &LockRequest) -> Result<LockAnswer, HisError> {
        self.his.lock(request).await
    }

    async fn unlock(&self, hospital: &HospitalId, lock_token: &str) -> Result<(), HisError> {
        self.his.unlock(hospital, lock_token).await
    }

    async fn book(&self, booking: &Booking) -> BookingAnswer {
        let trips =
            self.bystander.trips.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        assert!(trips.is_err(), "the bystander trips the program");
        let _under_way = self.bystander.begins(&booking.bill_no);
        tokio::time::sleep(self.bystander.stall).await;
        self.his.book(booking).await
    }

    async fn find_booking(&self, hospital: &HospitalId, bill_no: &BillNo) -> Found<FoundBooking> {
        self.his.find_booking(hospital, bill_no).await
    }

    async fn may_refund(&self, question: &RefundQuestion) -> Result<MayRefund, HisError> {
        self.his.may_refund(question).await
    }

    async fn book_refund(&self, refund: &RefundBooking) -> RefundBookingAnswer {
        self.his.book_refund(refund).await
    }

    async fn find_refund(&self, hospital: &HospitalId, refund: &OutRefundNo) -> Found<FoundRefund> {
        self.his.find_refund(hospital, refund).await
    }

    async fn ledger_page(
        &self,
        hospital: &HospitalId,
        day: BusinessDay,
        page: u32,
    ) -> Result<LedgerPage, HisError> {
        self.his.ledger_page(hospital, day, page).await
    }
}
