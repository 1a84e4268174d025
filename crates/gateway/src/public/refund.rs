//! One refund of a payment: why, when, where to. Under its own number, or on the page of the payment that it undoes.

use super::result::{find, paid_at, phone};
use super::view::pay_app;
use super::{Answer, finish};
use crate::http::error::Failure;
use crate::http::visit::{Visit, moment};
use crate::service::{PaymentView, RefusedBecause, Trouble};
use actix_web::{HttpResponse, web};
use mingfen_domain::Timestamp;
use mingfen_domain::bill::BillState;
use mingfen_domain::refund::{Origin, State};
use mingfen_pages::paths;
use mingfen_pages::patient as pages;
use mingfen_pages::patient::ErrorKind;
use mingfen_store::{PaymentRecord, RefundRecord};

pub(super) async fn show(visit: Visit, path: web::Path<(String, String)>) -> HttpResponse {
    let (reference, number) = path.into_inner();
    let result = shown(&visit, &reference, &number).await;
    finish(&visit, result)
}

async fn shown(visit: &Visit, reference: &str, number: &str) -> Answer {
    let view = find(visit, reference).await?;
    let record = one(&view, number)?;
    let order = &record.refund.out_trade_no;
    let payment = visit.gateway.store.payment(order).await?;
    let payment = payment.ok_or_else(|| Trouble::Inconsistent(format!("a refund of no order {order}")))?;
    let page = page(visit, &view, &payment, Some(record))?;
    Ok(visit.page(&pages::Refund {
        page_path: paths::refund(reference, number),
        state_path: paths::refund_state(reference, number),
        ..page
    }))
}

fn one<'a>(view: &'a PaymentView, number: &str) -> Result<&'a RefundRecord, Failure> {
    let found = view.refunds.iter().find(|record| record.refund.out_refund_no.as_str() == number);
    found.ok_or(Failure::Page(ErrorKind::NotFound))
}

pub(super) async fn state(visit: Visit, path: web::Path<(String, String)>) -> HttpResponse {
    let (reference, number) = path.into_inner();
    let word = find(&visit, &reference).await.and_then(|view| {
        let arrived = has_arrived(&one(&view, &number)?.refund.state);
        Ok(if arrived { "refunded" } else { "refunding" })
    });
    match word {
        Ok(word) => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(word),
        Err(failure) => finish(&visit, Err(failure)),
    }
}

/// The page of a refund, at the payment's own address. `None`: decided, and not stored yet.
pub(super) fn page(
    visit: &Visit,
    view: &PaymentView,
    payment: &PaymentRecord,
    record: Option<&RefundRecord>,
) -> Result<pages::Refund, Failure> {
    let reference = view.bill.view_ref.clone();
    let amount = record.map_or(payment.payment.amount.fen(), |record| record.refund.amount.fen());
    Ok(pages::Refund {
        page_path: paths::result(&reference),
        state_path: paths::result_state(&reference),
        reference,
        app: pay_app(visit, &payment.payment.channel),
        amount_yuan: amount.to_yuan_grouped(),
        reason: record.map_or_else(|| not_booked(view), |record| reason(view, record)),
        paid_at: visit.moment(paid_at(payment)),
        asked_at: record.map(|record| visit.moment(record.refund.requested_at)),
        insurance_undone: false,
        // The providers that we speak do not say which.
        account: None,
        refund_no: record.map(|record| record.refund.out_refund_no.to_string()).unwrap_or_default(),
        phone: phone(visit, view)?,
        slips_remain: slips_remain(view, record),
        progress: record.map_or(pages::RefundProgress::UnderWay, |record| {
            progress(visit, &record.refund.state, payment.payment.trace.staff_code())
        }),
    })
}

fn progress(visit: &Visit, state: &State, staff_code: String) -> pages::RefundProgress {
    match state {
        State::Succeeded { refunded_at, .. } => {
            pages::RefundProgress::Arrived { at: visit.moment(*refunded_at) }
        }
        State::Abnormal { .. } | State::Failed { .. } => {
            pages::RefundProgress::Abnormal { staff_code: Some(staff_code) }
        }
        State::Due | State::Unknown | State::Processing { .. } => pages::RefundProgress::UnderWay,
    }
}

/// Our own reasons are said in the patient's language; a person's are shown as they were written.
pub(super) fn reason(view: &PaymentView, record: &RefundRecord) -> pages::RefundReason {
    let refund = &record.refund;
    match refund.origin {
        // Another payment settled this bill or its slips, or another bill took them when this one's time was over.
        Origin::Double => match view.bill.bill.state {
            BillState::Settled { .. } => pages::RefundReason::PaidTwice,
            BillState::Open | BillState::Released if view.paid_by_another => pages::RefundReason::PaidTwice,
            BillState::Open | BillState::Released => pages::RefundReason::PaidLate,
        },
        Origin::BookingRefused => not_booked(view),
        Origin::WrongAmount => pages::RefundReason::WrongAmount,
        Origin::Cashier | Origin::His if !refund.reason.trim().is_empty() => {
            pages::RefundReason::Told(refund.reason.clone())
        }
        Origin::Cashier | Origin::His => pages::RefundReason::Asked,
    }
}

const fn not_booked(view: &PaymentView) -> pages::RefundReason {
    match view.refused {
        Some(RefusedBecause::AlreadyPaid) => pages::RefundReason::PaidAtCounter,
        Some(RefusedBecause::Cancelled) => pages::RefundReason::Cancelled,
        Some(RefusedBecause::AmountChanged) => pages::RefundReason::AmountChanged,
        Some(RefusedBecause::Other) | None => pages::RefundReason::NotBooked,
    }
}

/// What HIS never booked is still owed, but for the slip that is why; what it booked and gave back is not.
fn slips_remain(view: &PaymentView, record: Option<&RefundRecord>) -> pages::SlipsRemain {
    let ours = record.is_none_or(|record| record.refund.origin == Origin::BookingRefused);
    match (ours, view.refused) {
        (false, _) => pages::SlipsRemain::None,
        (true, Some(RefusedBecause::AlreadyPaid | RefusedBecause::Cancelled))
            if view.bill.slips.len() > 1 =>
        {
            pages::SlipsRemain::Others
        }
        (true, Some(RefusedBecause::AlreadyPaid | RefusedBecause::Cancelled)) => pages::SlipsRemain::None,
        (true, Some(RefusedBecause::AmountChanged | RefusedBecause::Other) | None) => pages::SlipsRemain::All,
    }
}

/// What went back of the payment that is shown, oldest first, and what is on its way.
pub(super) fn money_back(now: Timestamp, view: &PaymentView) -> Vec<pages::MoneyBack> {
    let of_payment = view.refunds.iter().filter(|record| {
        record.refund.out_trade_no == view.payment.payment.out_trade_no && record.refund.state.holds_money()
    });
    of_payment
        .map(|record| {
            let at = match &record.refund.state {
                State::Succeeded { refunded_at, .. } => *refunded_at,
                _ => record.refund.requested_at,
            };
            pages::MoneyBack {
                amount_yuan: record.refund.amount.fen().to_yuan_grouped(),
                at: moment(at, now),
                arrived: has_arrived(&record.refund.state),
            }
        })
        .collect()
}

/// Whether a refund has arrived.
pub(super) const fn has_arrived(state: &State) -> bool {
    matches!(state, State::Succeeded { .. })
}
