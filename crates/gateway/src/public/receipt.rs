//! The receipt of a booked payment.

use super::view::{pay_app, who};
use super::{Answer, finish};
use crate::http::error::Failure;
use crate::http::visit::Visit;
use crate::service::{Stage, view_by_ref};
use actix_web::{HttpResponse, web};
use mingfen_domain::Fen;
use mingfen_pages::patient as pages;
use mingfen_pages::patient::ErrorKind;
use mingfen_pages::{capitals, paths};

pub(super) async fn show(visit: Visit, reference: web::Path<String>) -> HttpResponse {
    let result = shown(&visit, &reference).await;
    finish(&visit, result)
}

async fn shown(visit: &Visit, reference: &str) -> Answer {
    let view = view_by_ref(&visit.gateway, reference).await?.ok_or(Failure::Page(ErrorKind::NotFound))?;
    let Stage::Paid(booked) = &view.stage else { return Ok(visit.go(&paths::result(reference))) };
    let Some(received) = view.payment.payment.state.received() else {
        return Ok(visit.go(&paths::result(reference)));
    };
    let split = view.bill.bill.split;
    let parts = [
        (pages::TenderKind::PooledFund, split.pooled_fund()),
        (pages::TenderKind::PersonalAccount, split.personal_account()),
        (pages::TenderKind::Own, split.self_pay()),
    ];
    Ok(visit.page(&pages::Receipt {
        back_path: paths::result(reference),
        receipt_no: booked.receipt_no.clone(),
        paid_at: visit.moment(received.paid_at),
        who: who(&view.patient),
        app: pay_app(visit, &view.payment.payment.channel),
        items: view
            .bill
            .slips
            .iter()
            .map(|slip| pages::ReceiptItem {
                name: slip.title.clone(),
                amount_yuan: slip.total.to_yuan_grouped(),
            })
            .collect(),
        total_yuan: split.total().to_yuan_grouped(),
        tenders: parts
            .into_iter()
            .filter(|(_, fen)| *fen > Fen::ZERO)
            .map(|(kind, fen)| pages::Tender { kind, amount_yuan: fen.to_yuan_grouped() })
            .collect(),
        own_yuan: split.self_pay().to_yuan_grouped(),
        own_capitals: capitals(split.self_pay().get()),
        provider_trade_no: received.provider_trade_no.to_string(),
        seal: visit.gateway.settings.hospital.places.receipt_seal.clone(),
        reprint: 0,
    }))
}
