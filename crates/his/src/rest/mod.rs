//! The adapter for `docs/his-rest.md`.
//!
//! [`settings`] says what is accepted as an address and a key; `exchange` signs, sends and sorts what comes back into
//! *done, no, misunderstood, in doubt, not sent*; `answer` reads JSON and names the member that is wrong; `slips`, `bookings`
//! and `ledger` turn answers into domain types. This file is the list of calls.
//!
//! Nothing is retried here and no body is logged: bodies hold names and card numbers. For the same reason no error repeats
//! a value from an answer; it names the member, which is what the HIS vendor needs.

mod answer;
mod bookings;
mod exchange;
mod ledger;
mod settings;
mod slips;
#[cfg(test)]
mod tests;

pub use settings::{RestHisSettings, SettingsError};

use crate::{
    Booking, BookingAnswer, Capabilities, Found, FoundBooking, FoundRefund, His, HisError, LedgerPage,
    LockAnswer, LockRequest, MISCONFIGURED, MayRefund, Owed, RefundBooking, RefundBookingAnswer,
    RefundQuestion, SlipAmount,
};
use answer::{Member, Misread};
use async_trait::async_trait;
use exchange::{Call, Exchange, Fault};
use mingfen_domain::ids::{BillNo, HospitalId, OutRefundNo, SlipNo};
use mingfen_domain::slip::Slip;
use mingfen_domain::{BusinessDay, Clock, Random};
use serde_json::{Value, json};
use std::sync::Arc;

/// Who HIS shall note as having done it.
const OPERATOR: &str = "mingfen";

/// An answer, except for the ledger's.
const ANSWER_BYTES: usize = 1024 * 1024;
/// A page of the ledger: some 20 000 rows.
const LEDGER_BYTES: usize = 8 * 1024 * 1024;

const LIST: Call =
    Call { path: "/slips/list", denials: &[(404, "NO_SUCH_PATIENT")], answer_bytes: ANSWER_BYTES };
const DETAIL: Call =
    Call { path: "/slips/detail", denials: &[(404, "NO_SUCH_SLIP")], answer_bytes: ANSWER_BYTES };
const LOCK: Call = Call {
    path: "/slips/lock",
    denials: &[
        (404, "NO_SUCH_SLIP"),
        (409, "SLIP_ALREADY_PAID"),
        (409, "SLIP_CANCELLED"),
        (409, "AMOUNT_MISMATCH"),
        (409, "SLIP_LOCKED"),
    ],
    answer_bytes: ANSWER_BYTES,
};
const UNLOCK: Call = Call { path: "/slips/unlock", denials: &[], answer_bytes: ANSWER_BYTES };
const CONFIRM: Call = Call {
    path: "/payments/confirm",
    denials: &[
        (404, "NO_SUCH_SLIP"),
        (409, "SLIP_ALREADY_PAID"),
        (409, "SLIP_CANCELLED"),
        (409, "AMOUNT_MISMATCH"),
        (409, "ORDER_CONFLICT"),
    ],
    answer_bytes: ANSWER_BYTES,
};
const FIND: Call = Call { path: "/payments/find", denials: &[], answer_bytes: ANSWER_BYTES };
const ASK_REFUND: Call =
    Call { path: "/refunds/ask", denials: &[(404, "NO_SUCH_ORDER")], answer_bytes: ANSWER_BYTES };
const CONFIRM_REFUND: Call = Call {
    path: "/refunds/confirm",
    denials: &[(404, "NO_SUCH_ORDER"), (409, "ORDER_CONFLICT"), (409, "REFUND_TOO_MUCH")],
    answer_bytes: ANSWER_BYTES,
};
const FIND_REFUND: Call = Call { path: "/refunds/find", denials: &[], answer_bytes: ANSWER_BYTES };
const LEDGER: Call = Call { path: "/ledger/day", denials: &[], answer_bytes: LEDGER_BYTES };

/// A HIS behind `docs/his-rest.md`. Keeps connections open; build one per HIS and share it.
#[derive(Debug)]
pub struct RestHis {
    exchange: Exchange,
    capabilities: Capabilities,
}

impl RestHis {
    /// Checks the settings and prepares the client; nothing is sent.
    ///
    /// # Errors
    /// [`SettingsError`] says which setting is wrong and what is wanted.
    pub fn new(
        settings: RestHisSettings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, SettingsError> {
        let capabilities = settings.capabilities;
        Ok(Self { exchange: Exchange::new(settings, clock, random)?, capabilities })
    }

    /// Sends one request and reads its answer.
    async fn ask<T>(
        &self,
        call: &Call,
        request: &Value,
        read: impl FnOnce(&Member<'_>) -> Result<T, Misread>,
    ) -> Result<T, Fault> {
        let answer = self.exchange.post(call, request).await?;
        read(&Member::root(&answer)).map_err(|misread| Fault::InDoubt(misread.to_string()))
    }
}

#[async_trait]
impl His for RestHis {
    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    async fn owed_slips(&self, hospital: &HospitalId, card_no: &str) -> Result<Option<Owed>, HisError> {
        let request = json!({ "hospital_id": hospital.as_str(), "card_no": card_no });
        let owed = self.ask(&LIST, &request, |answer| slips::owed(answer, hospital, card_no)).await;
        unless_absent(owed)
    }

    async fn slip_detail(&self, hospital: &HospitalId, slip_no: &SlipNo) -> Result<Option<Slip>, HisError> {
        let request = json!({ "hospital_id": hospital.as_str(), "slip_no": slip_no.as_str() });
        let slip = self.ask(&DETAIL, &request, |answer| slips::detail(answer, hospital, slip_no)).await;
        unless_absent(slip)
    }

    async fn lock(&self, request: &LockRequest) -> Result<LockAnswer, HisError> {
        let body = json!({
            "hospital_id": request.hospital.as_str(),
            "request_id": request.request_id.as_str(),
            "slips": slip_amounts(&request.slips),
            "hold_until": request.hold_until.to_rfc3339(),
        });
        match self.ask(&LOCK, &body, slips::locked).await {
            Err(Fault::Denied { code, message }) => Ok(LockAnswer::Rejected { code, message }),
            answer => Ok(answer?),
        }
    }

    async fn unlock(&self, hospital: &HospitalId, lock_token: &str) -> Result<(), HisError> {
        let request = json!({ "hospital_id": hospital.as_str(), "lock_token": lock_token });
        Ok(self.ask(&UNLOCK, &request, |_| Ok(())).await?)
    }

    async fn book(&self, booking: &Booking) -> BookingAnswer {
        match self.ask(&CONFIRM, &bookings::confirmation(booking), bookings::booked).await {
            Ok(booked) => BookingAnswer::Booked(booked),
            Err(Fault::Denied { code, message }) => BookingAnswer::Refused { code, message },
            Err(Fault::Misconfigured(text)) => BookingAnswer::InDoubt(misconfigured(&text)),
            Err(Fault::InDoubt(text)) => BookingAnswer::InDoubt(text),
            Err(Fault::NotSent(text)) => BookingAnswer::NotSent(text),
        }
    }

    async fn find_booking(&self, hospital: &HospitalId, bill_no: &BillNo) -> Found<FoundBooking> {
        let request = json!({ "hospital_id": hospital.as_str(), "order_no": bill_no.as_str() });
        found(self.ask(&FIND, &request, bookings::found_booking).await)
    }

    async fn may_refund(&self, question: &RefundQuestion) -> Result<MayRefund, HisError> {
        Ok(self.ask(&ASK_REFUND, &bookings::refund_question(question), bookings::may_refund).await?)
    }

    async fn book_refund(&self, refund: &RefundBooking) -> RefundBookingAnswer {
        let request = bookings::refund_confirmation(refund);
        match self.ask(&CONFIRM_REFUND, &request, bookings::booked_refund).await {
            Ok(his_refund_no) => RefundBookingAnswer::Booked { his_refund_no },
            Err(Fault::Denied { code, message }) => RefundBookingAnswer::Refused { code, message },
            Err(Fault::Misconfigured(text)) => RefundBookingAnswer::InDoubt(misconfigured(&text)),
            Err(Fault::InDoubt(text)) => RefundBookingAnswer::InDoubt(text),
            Err(Fault::NotSent(text)) => RefundBookingAnswer::NotSent(text),
        }
    }

    async fn find_refund(&self, hospital: &HospitalId, refund: &OutRefundNo) -> Found<FoundRefund> {
        let request = json!({ "hospital_id": hospital.as_str(), "refund_no": refund.as_str() });
        found(self.ask(&FIND_REFUND, &request, bookings::found_refund).await)
    }

    async fn ledger_page(
        &self,
        hospital: &HospitalId,
        day: BusinessDay,
        page: u32,
    ) -> Result<LedgerPage, HisError> {
        let request = json!({ "hospital_id": hospital.as_str(), "day": day.to_string(), "page": page });
        let answer = self.exchange.post(&LEDGER, &request).await?;
        ledger::page(&Member::root(&answer)).map_err(|misread| HisError::Unreadable(misread.to_string()))
    }
}

fn slip_amounts(slips: &[SlipAmount]) -> Vec<Value> {
    let slip =
        |slip: &SlipAmount| json!({ "slip_no": slip.slip_no.as_str(), "amount_fen": slip.amount.get() });
    slips.iter().map(slip).collect()
}

/// The only denial of the two calls that use this is "no such …".
fn unless_absent<T>(answer: Result<T, Fault>) -> Result<Option<T>, HisError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(Fault::Denied { .. }) => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

/// Only HIS's own "not found" is a no; whatever went wrong on the way leaves it unknown.
fn found<T>(answer: Result<Option<T>, Fault>) -> Found<T> {
    match answer {
        Ok(Some(found)) => Found::Yes(found),
        Ok(None) => Found::No,
        Err(Fault::Misconfigured(text)) => Found::Unknown(misconfigured(&text)),
        Err(Fault::Denied { code, .. }) => Found::Unknown(format!("HIS answered {code}")),
        Err(Fault::InDoubt(text) | Fault::NotSent(text)) => Found::Unknown(text),
    }
}

fn misconfigured(text: &str) -> String {
    format!("{MISCONFIGURED}HIS refuses us as a caller: {text}")
}

impl From<Fault> for HisError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Denied { code, message } => Self::Rejected { code, message },
            Fault::Misconfigured(text) => Self::Misconfigured(text),
            Fault::InDoubt(text) | Fault::NotSent(text) => Self::NoAnswer(text),
        }
    }
}
