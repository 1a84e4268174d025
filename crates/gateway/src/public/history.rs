//! All payments and refunds of a card's last visits.

use super::result::has_arrived;
use super::view::{kind, pay_app, who};
use super::{Answer, finish, session};
use crate::http::visit::Visit;
use crate::service::{PaymentView, Private, Stage, Trouble, payment_view};
use actix_web::HttpResponse;
use mingfen_domain::Fen;
use mingfen_domain::refund;
use mingfen_pages::patient as pages;

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
        for record in view.refunds.iter().filter(|record| record.refund.state.holds_money()) {
            refunded = refunded.plus(record.refund.amount.fen()).map_err(Trouble::from)?;
            entries.push((record.refund.requested_at, refund_entry(visit, &view, record)));
        }
    }
    entries.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    Ok(visit.page(&pages::History {
        who: who(&patient),
        day: visit.moment(gateway.now()),
        paid_yuan: paid.to_yuan_grouped(),
        refunded_yuan: refunded.to_yuan_grouped(),
        entries: entries.into_iter().map(|(_, entry)| entry).collect(),
    }))
}

fn payment_entry(visit: &Visit, view: &PaymentView) -> pages::HistoryEntry {
    let received = view.payment.payment.state.received();
    let state = match (&view.stage, received) {
        (Stage::NotCharged { .. }, _) => pages::EntryState::NotCharged,
        (Stage::Waiting { .. }, _) => pages::EntryState::Waiting,
        (Stage::Held, _) => pages::EntryState::Held,
        (Stage::Booking, _) => pages::EntryState::Booking,
        (Stage::Paid(_) | Stage::Refunding | Stage::Refunded { .. } | Stage::RefundStuck, _) => {
            pages::EntryState::Paid
        }
    };
    pages::HistoryEntry {
        kinds: view.bill.slips.iter().map(|slip| kind(slip.kind)).collect(),
        state,
        at: visit.moment(received.map_or(view.payment.payment.created_at, |received| received.paid_at)),
        app: pay_app(visit, &view.payment.payment.channel),
        remark: None,
        insurance_yuan: None,
        amount_yuan: view.payment.payment.amount.fen().to_yuan_grouped(),
        reference: view.bill.view_ref.clone(),
    }
}

fn refund_entry(
    visit: &Visit,
    view: &PaymentView,
    record: &mingfen_store::RefundRecord,
) -> pages::HistoryEntry {
    let state = match &record.refund.state {
        state if has_arrived(state) => pages::EntryState::Refunded,
        refund::State::Abnormal { .. } => pages::EntryState::RefundAbnormal,
        _ => pages::EntryState::Refunding,
    };
    pages::HistoryEntry {
        kinds: view.bill.slips.iter().map(|slip| kind(slip.kind)).collect(),
        state,
        at: visit.moment(record.refund.requested_at),
        app: pay_app(visit, &view.payment.payment.channel),
        remark: Some(record.refund.reason.clone()),
        insurance_yuan: None,
        amount_yuan: record.refund.amount.fen().to_yuan_grouped(),
        reference: view.bill.view_ref.clone(),
    }
}
