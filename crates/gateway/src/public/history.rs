//! The latest payments and refunds with a card.

use super::refund::{has_arrived, reason};
use super::view::{kind, pay_app, who};
use super::{Answer, finish, session};
use crate::http::visit::Visit;
use crate::service::{PaymentView, Private, Stage, Trouble, payment_view};
use actix_web::HttpResponse;
use mingfen_domain::{Fen, Timestamp, refund};
use mingfen_pages::paths;
use mingfen_pages::patient as pages;
use mingfen_store::RefundRecord;

/// Bills that are shown.
const MOST: i64 = 30;

pub(super) async fn show(visit: Visit) -> HttpResponse {
    let result = shown(&visit).await;
    finish(&visit, result)
}

async fn shown(visit: &Visit) -> Answer {
    let session = session(visit)?;
    let patient = session.patient();
    let gateway = &visit.gateway;
    let hospital = &gateway.settings.hospital.id;
    let indexes = Private(gateway).card_indexes(hospital, &patient.card_no);
    let (mut entries, mut paid, mut refunded) = (Vec::new(), Fen::ZERO, Fen::ZERO);
    for bill in gateway.store.bills_of_card(hospital, &indexes, MOST).await? {
        let Some(view) = payment_view(gateway, bill).await? else { continue };
        if let Some(received) = view.payment.payment.state.received() {
            paid = paid.plus(received.amount.fen()).map_err(Trouble::from)?;
        }
        entries.push((view.payment.payment.created_at, payment_entry(visit, &view)));
        for record in view.refunds.iter().filter(|record| is_shown(&view, record)) {
            if record.refund.state.holds_money() {
                refunded = refunded.plus(record.refund.amount.fen()).map_err(Trouble::from)?;
            }
            entries.push((moved_at(record), refund_entry(visit, &view, record)));
        }
    }
    entries.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    Ok(visit.page(&pages::History {
        who: who(&patient),
        paid_yuan: paid.to_yuan_grouped(),
        refunded_yuan: refunded.to_yuan_grouped(),
        entries: entries.into_iter().map(|(_, entry)| entry).collect(),
    }))
}

/// A refund that failed is shown while nothing took its place.
fn is_shown(view: &PaymentView, record: &RefundRecord) -> bool {
    record.refund.state.holds_money() || view.stage == Stage::RefundStuck
}

/// When the money arrived, or was asked for.
fn moved_at(record: &RefundRecord) -> Timestamp {
    match &record.refund.state {
        refund::State::Succeeded { refunded_at, .. } => *refunded_at,
        _ => record.refund.requested_at,
    }
}

fn payment_entry(visit: &Visit, view: &PaymentView) -> pages::HistoryEntry {
    let received = view.payment.payment.state.received();
    let reference = &view.bill.view_ref;
    let progress = || pages::EntryLink::Progress(paths::result(reference));
    let receipt = || match view.booked {
        Some(_) => pages::EntryLink::Receipt(paths::receipt(reference)),
        None => pages::EntryLink::None,
    };
    let (state, link) = match &view.stage {
        Stage::NotCharged(_) => (pages::EntryState::NotCharged, pages::EntryLink::None),
        Stage::Waiting { .. } => (pages::EntryState::Waiting, progress()),
        Stage::Held => (pages::EntryState::Held, progress()),
        Stage::Booking => (pages::EntryState::Booking, progress()),
        Stage::Paid(_) => (pages::EntryState::Paid, receipt()),
        Stage::Refunding | Stage::Refunded { .. } | Stage::RefundStuck => {
            (pages::EntryState::GivenBack, receipt())
        }
    };
    let split = view.bill.bill.split;
    let insurance = received.and_then(|_| split.total().minus(split.self_pay()).ok());
    pages::HistoryEntry {
        kinds: view.bill.slips.iter().map(|slip| kind(slip.kind)).collect(),
        state,
        at: visit.moment(received.map_or(view.payment.payment.created_at, |received| received.paid_at)),
        app: pay_app(visit, &view.payment.payment.channel),
        remark: match view.bill.slips.as_slice() {
            [only] if !only.title.is_empty() => Some(only.title.clone()),
            _ => None,
        },
        reason: None,
        insurance_yuan: insurance.filter(|fen| *fen > Fen::ZERO).map(Fen::to_yuan_grouped),
        amount_yuan: received
            .map_or(view.payment.payment.amount, |received| received.amount)
            .fen()
            .to_yuan_grouped(),
        link,
    }
}

fn refund_entry(visit: &Visit, view: &PaymentView, record: &RefundRecord) -> pages::HistoryEntry {
    let state = match &record.refund.state {
        state if has_arrived(state) => pages::EntryState::Refunded,
        refund::State::Abnormal { .. } | refund::State::Failed { .. } => pages::EntryState::RefundAbnormal,
        _ => pages::EntryState::Refunding,
    };
    let number = record.refund.out_refund_no.as_str();
    pages::HistoryEntry {
        kinds: view.bill.slips.iter().map(|slip| kind(slip.kind)).collect(),
        state,
        at: visit.moment(moved_at(record)),
        app: pay_app(visit, &view.payment.payment.channel),
        remark: None,
        reason: Some(reason(view, record)),
        insurance_yuan: None,
        amount_yuan: record.refund.amount.fen().to_yuan_grouped(),
        link: if state == pages::EntryState::Refunded {
            pages::EntryLink::None
        } else {
            pages::EntryLink::Progress(paths::refund(&view.bill.view_ref, number))
        },
    }
}
