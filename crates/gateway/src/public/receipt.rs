//! The receipt of a booked payment.

use super::refund::money_back;
use super::view::{app_of, who};
use super::{Answer, finish};
use crate::Gateway;
use crate::http::error::Failure;
use crate::http::visit::{Visit, moment};
use crate::service::{PaymentView, view_by_ref};
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
    // It stays when money goes back later: then it says so.
    Ok(match receipt(&visit.gateway, &view, paths::result(reference), 0) {
        Some(receipt) => visit.page(&receipt),
        None => visit.go(&paths::result(reference)),
    })
}

/// The receipt of a payment, with what was said of it so far; `None` before HIS has booked it. `reprint`: how often it was printed
/// before.
pub(crate) fn receipt(
    gateway: &Gateway,
    view: &PaymentView,
    back_path: String,
    reprint: u32,
) -> Option<pages::Receipt> {
    let (booked, received) = (view.booked.as_ref()?, view.payment.payment.state.received()?);
    let now = gateway.now();
    let split = view.bill.bill.split;
    let parts = [
        (pages::TenderKind::PooledFund, split.pooled_fund()),
        (pages::TenderKind::PersonalAccount, split.personal_account()),
        (pages::TenderKind::Own, split.self_pay()),
    ];
    Some(pages::Receipt {
        back_path,
        receipt_no: grouped(&booked.receipt_no),
        paid_at: moment(received.paid_at, now),
        who: who(&view.patient),
        app: app_of(gateway, &view.payment.payment.channel),
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
        back: money_back(now, view).into_iter().filter(|part| part.arrived).collect(),
        provider_trade_no: grouped(received.provider_trade_no.as_str()),
        seal: gateway.settings.hospital.places.receipt_seal.clone(),
        reprint,
    })
}

/// A long number in groups of four, so that it can be compared; a number that has its own shape stays as it is.
fn grouped(number: &str) -> String {
    if number.len() < 12 || !number.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return number.to_owned();
    }
    let letters = number.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (prefix, digits) = number.split_at(letters);
    let groups = digits.as_bytes().chunks(4).map(|group| std::str::from_utf8(group).unwrap_or_default());
    [prefix].into_iter().filter(|part| !part.is_empty()).chain(groups).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn long_numbers_are_grouped() {
        assert_eq!(grouped("4200002188202611204603187752"), "4200 0021 8820 2611 2046 0318 7752");
        assert_eq!(grouped("SJ261120083741"), "SJ 2611 2008 3741");
        assert_eq!(grouped("SJ-2611-200837"), "SJ-2611-200837");
        assert_eq!(grouped("12345678"), "12345678");
    }
}
