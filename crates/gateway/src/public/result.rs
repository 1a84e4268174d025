//! The result: what the record says at this second. It survives reload, polls, and says what to do next.

use super::refund::money_back;
use super::view::{kind, masked, pay_app};
use super::{Answer, finish, form, refund};
use crate::http::error::Failure;
use crate::http::session::is_back_proof;
use crate::http::visit::Visit;
use crate::service::{
    PaymentView, Private, Stage, ask_now, order_again, says_unpaid, view_by_ref, voucher_no,
};
use actix_web::{HttpResponse, web};
use mingfen_domain::Timestamp;
use mingfen_domain::ids::OutTradeNo;
use mingfen_domain::payment::{ClosedBecause, State};
use mingfen_domain::slip::SlipKind;
use mingfen_domain::write_back::{Booked, Place};
use mingfen_pages::paths;
use mingfen_pages::patient as pages;
use mingfen_pages::patient::ErrorKind;
use mingfen_store::PaymentRecord;

/// A check by hand asks the provider at most this often.
const CHECK_EVERY: std::time::Duration = std::time::Duration::from_secs(3);

pub(super) async fn find(visit: &Visit, reference: &str) -> Result<PaymentView, Failure> {
    view_by_ref(&visit.gateway, reference).await?.ok_or(Failure::Page(ErrorKind::NotFound))
}

pub(super) async fn show(visit: Visit, reference: web::Path<String>) -> HttpResponse {
    let result = shown(&visit, &reference).await;
    finish(&visit, result)
}

async fn shown(visit: &Visit, reference: &str) -> Answer {
    let mut view = find(visit, reference).await?;
    // The payer has just come back from the sheet: ask before answering "we do not know".
    if matches!(view.stage, Stage::Waiting { .. }) && may_ask(visit, &view).await {
        ask_now(&visit.gateway, &view.payment.payment.out_trade_no, false).await?;
        view = find(visit, reference).await?;
    }
    render(visit, &view)
}

async fn may_ask(visit: &Visit, view: &PaymentView) -> bool {
    visit.gateway.cache.remember(&format!("asked:{}", view.payment.payment.out_trade_no), CHECK_EVERY).await
}

fn render(visit: &Visit, view: &PaymentView) -> Answer {
    let reference = view.bill.view_ref.clone();
    let app = pay_app(visit, &view.payment.payment.channel);
    let amount = view.payment.payment.amount.fen();
    let amount_yuan = amount.to_yuan_grouped();
    let phone = phone(visit, view)?;
    let paid_at = paid_at(&view.payment);
    Ok(match &view.stage {
        Stage::Waiting { in_doubt: false } => {
            let may_go_on = matches!(view.payment.payment.state, State::Waiting { .. });
            visit.page(&pages::Waiting { reference, app, amount_yuan, phone, may_go_on })
        }
        Stage::Waiting { in_doubt: true } => {
            let staff_code = Some(view.payment.payment.trace.staff_code());
            visit.page(&pages::InDoubt { reference, app, phone, staff_code })
        }
        Stage::Held => {
            let received = view.payment.payment.state.received().map_or(amount, |money| money.amount.fen());
            visit.page(&pages::Held {
                reference,
                app,
                ordered_yuan: amount_yuan,
                received_yuan: received.to_yuan_grouped(),
                paid_at: visit.moment(paid_at),
                phone,
                staff_code: Some(view.payment.payment.trace.staff_code()),
            })
        }
        Stage::Booking => {
            let now = visit.gateway.now();
            let max_unknown = visit.gateway.settings.timing.max_unknown;
            visit.page(&pages::PaidBooking {
                reference,
                app,
                amount_yuan,
                paid_at: visit.moment(paid_at),
                waited_minutes: u32::try_from(now.since_ms(paid_at).max(0) / 60_000).unwrap_or(u32::MAX),
                phone,
                person_from: Some(visit.moment(paid_at.plus_seconds(max_unknown))),
            })
        }
        Stage::Paid(booked) => {
            let split = view.bill.bill.split;
            let insurance = (split.self_pay() != split.total())
                .then(|| split.total().minus(split.self_pay()))
                .transpose()
                .map_err(crate::service::Trouble::from)?
                .map(|insurance| pages::InsurancePart {
                    insurance_yuan: insurance.to_yuan_grouped(),
                    total_yuan: split.total().to_yuan_grouped(),
                });
            visit.page(&pages::Paid {
                reference,
                app,
                amount_yuan,
                paid_at: visit.moment(paid_at),
                insurance,
                back: money_back(visit.gateway.now(), view),
                places: in_order(booked, view)
                    .into_iter()
                    .map(|place| pages::Place {
                        kind: kind(place.kind.unwrap_or(SlipKind::Other)),
                        name: place.place.clone(),
                        whereabouts: place.location.clone(),
                        when: place.wait.clone(),
                        number_label: place.number_label.clone(),
                        number: place.number.clone(),
                    })
                    .collect(),
                voucher_no: voucher_no(&view.bill.bill.bill_no),
                bill_no: view.bill.bill.bill_no.to_string(),
            })
        }
        Stage::Refunding | Stage::Refunded { .. } | Stage::RefundStuck => {
            let order = &view.payment.payment.out_trade_no;
            let newest = view.refunds.iter().rfind(|record| record.refund.out_trade_no == *order);
            visit.page(&refund::page(visit, view, &view.payment, newest)?)
        }
        Stage::NotCharged(because) => not_charged(visit, view, because_of(visit, view, *because)),
    })
}

fn because_of(visit: &Visit, view: &PaymentView, because: ClosedBecause) -> pages::NotChargedReason {
    match because {
        ClosedBecause::Refused => pages::NotChargedReason::Refused,
        ClosedBecause::ClosedThere | ClosedBecause::Expired
            if view.payment.payment.expires_at <= visit.gateway.now() =>
        {
            pages::NotChargedReason::Over
        }
        ClosedBecause::ClosedThere | ClosedBecause::Expired => pages::NotChargedReason::Closed,
    }
}

fn not_charged(visit: &Visit, view: &PaymentView, reason: pages::NotChargedReason) -> HttpResponse {
    visit.page(&pages::NotCharged {
        reference: view.bill.view_ref.clone(),
        app: pay_app(visit, &view.payment.payment.channel),
        amount_yuan: view.payment.payment.amount.fen().to_yuan_grouped(),
        reason,
        slip_count: view.bill.slips.len(),
        deadline: slip_deadline(visit, view),
    })
}

/// A bill that ends before our own patience ends with one of its slips.
fn slip_deadline(visit: &Visit, view: &PaymentView) -> Option<pages::Deadline> {
    let bill = &view.bill.bill;
    let ours = bill.opened_at.plus_seconds(visit.gateway.settings.timing.order_valid);
    if bill.pay_until >= ours || bill.pay_until <= visit.gateway.now() {
        return None;
    }
    let until = visit.moment(bill.pay_until);
    let held = view.bill.slips.iter().any(|slip| slip.kind == SlipKind::Registration);
    Some(if held { pages::Deadline::HeldUntil(until) } else { pages::Deadline::PayBy(until) })
}

/// Signposts in the order of the slips that were paid; what is for none of them comes last, as HIS sent it.
fn in_order<'a>(booked: &'a Booked, view: &PaymentView) -> Vec<&'a Place> {
    let rank = |place: &&Place| {
        view.bill.slips.iter().position(|slip| Some(slip.kind) == place.kind).unwrap_or(usize::MAX)
    };
    let mut places: Vec<&Place> = booked.places.iter().collect();
    places.sort_by_key(rank);
    places
}

/// When the provider took it, or when it was ordered.
pub(super) fn paid_at(record: &PaymentRecord) -> Timestamp {
    record.payment.state.received().map_or(record.payment.created_at, |received| received.paid_at)
}

/// The patient left the provider's sheet, as the app told the page. That alone says nothing about the money: the provider
/// is asked, and only its word makes the page say that nothing was taken.
pub(super) async fn left(visit: Visit, reference: web::Path<String>) -> HttpResponse {
    let result = was_left(&visit, &reference).await;
    finish(&visit, result)
}

async fn was_left(visit: &Visit, reference: &str) -> Answer {
    let view = find(visit, reference).await?;
    if says_unpaid(&visit.gateway, &view.payment.payment.out_trade_no).await? {
        return Ok(not_charged(visit, &view, pages::NotChargedReason::Cancelled));
    }
    Ok(visit.go(&paths::result(reference)))
}

pub(super) fn phone(visit: &Visit, view: &PaymentView) -> Result<Option<String>, Failure> {
    match &view.bill.phone_sealed {
        Some(sealed) => Ok(Private(&visit.gateway).open_phone(sealed)?.map(|phone| masked(&phone))),
        None => Ok(None),
    }
}

pub(super) async fn state(visit: Visit, reference: web::Path<String>) -> HttpResponse {
    match find(&visit, &reference).await {
        Ok(view) => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(poll_word(&view)),
        Err(failure) => finish(&visit, Err(failure)),
    }
}

/// The word that the shown page waits to change. Pages that are the same page have the same word.
fn poll_word(view: &PaymentView) -> &'static str {
    match view.stage {
        Stage::RefundStuck => "refunding",
        ref stage => stage.word(),
    }
}

pub(super) async fn check(visit: Visit, reference: web::Path<String>) -> HttpResponse {
    let result = checked(&visit, &reference).await;
    finish(&visit, result)
}

async fn checked(visit: &Visit, reference: &str) -> Answer {
    let view = find(visit, reference).await?;
    if may_ask(visit, &view).await {
        ask_now(&visit.gateway, &view.payment.payment.out_trade_no, false).await?;
    }
    Ok(visit.go(&paths::result(reference)))
}

pub(super) async fn again(visit: Visit, reference: web::Path<String>, body: web::Bytes) -> HttpResponse {
    let result = ordered_again(&visit, &reference, &body).await;
    finish(&visit, result)
}

/// The same order while it can be paid; after that the same slips, looked at once more.
async fn ordered_again(visit: &Visit, reference: &str, body: &[u8]) -> Answer {
    let (mut session, _) = form(visit, body)?;
    let view = find(visit, reference).await?;
    if session.patient().card_no != view.patient.card_no {
        return Err(Failure::Page(ErrorKind::SessionOver));
    }
    if view.payment.payment.state.is_live() {
        let again = order_again(&visit.gateway, &view.payment.payment.out_trade_no).await;
        let to = if again.is_ok() { paths::pay(reference) } else { paths::result(reference) };
        return Ok(visit.go(&to));
    }
    if !matches!(view.stage, Stage::NotCharged(_)) {
        return Ok(visit.go(&paths::result(reference)));
    }
    let slips: Vec<_> = view.bill.slips.iter().map(|slip| slip.slip_no.clone()).collect();
    session.set_chosen(&slips);
    Ok(visit.keep(visit.go(paths::CONFIRM), session))
}

pub(super) async fn come_back(visit: Visit, path: web::Path<(String, String)>) -> HttpResponse {
    let (order, proof) = path.into_inner();
    let result = came_back(&visit, &order, &proof).await;
    finish(&visit, result)
}

/// A browser comes back from a cashier page, perhaps another browser than the one that left, without its session; what it says
/// of the payment proves nothing. An order's number alone leads nowhere: it is on statements and receipts, and the page's
/// reference is not to be had for it.
async fn came_back(visit: &Visit, order: &str, proof: &str) -> Answer {
    let not_found = || Failure::Page(ErrorKind::NotFound);
    let order = OutTradeNo::parse(order).map_err(|_| not_found())?;
    if !is_back_proof(&visit.gateway, &order, proof) {
        return Err(Failure::Page(ErrorKind::SessionOver));
    }
    let record = visit.gateway.store.payment(&order).await?.ok_or_else(not_found)?;
    let bill = visit.gateway.store.bill(&record.payment.bill_no).await?.ok_or_else(not_found)?;
    Ok(visit.go(&paths::result(&bill.view_ref)))
}
