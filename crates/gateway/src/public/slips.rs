//! What is owed: the list, one slip's lines, and the choice.

use super::view::{deadline, kind, who};
use super::{Answer, finish, form, session};
use crate::http::error::Failure;
use crate::http::session::{MOST_SLIPS, Session};
use crate::http::visit::Visit;
use crate::service::{PaymentView, Stage, payment_view};
use actix_web::{HttpResponse, web};
use mingfen_domain::Fen;
use mingfen_domain::ids::SlipNo;
use mingfen_domain::slip::{Slip, SlipStatus};
use mingfen_domain::split::Split;
use mingfen_his::Owed;
use mingfen_pages::paths;
use mingfen_pages::patient as pages;
use mingfen_pages::patient::ErrorKind;

/// What HIS says is owed now. A card that HIS does not know, or under another name than on the slip, shows nobody's bills.
pub(super) async fn owed(visit: &Visit, session: &Session) -> Result<Vec<Slip>, Failure> {
    let patient = session.patient();
    let owed = visit.gateway.his.owed_slips(&visit.gateway.settings.hospital.id, &patient.card_no).await?;
    match owed {
        Some(Owed { patient: known, slips }) if known.name == patient.name => {
            let unpaid = slips.into_iter().filter(|slip| slip.status == SlipStatus::Unpaid);
            Ok(unpaid.take(MOST_SLIPS).collect())
        }
        Some(_) => {
            tracing::warn!("a card's name at HIS is not the name on the slip; nothing is listed");
            Err(Failure::NotMatched)
        }
        None => {
            tracing::warn!("HIS does not know a card that is on a slip; nothing is listed");
            Err(Failure::NotMatched)
        }
    }
}

pub(super) async fn list(visit: Visit) -> HttpResponse {
    let result = listed(&visit, false).await;
    finish(&visit, result)
}

async fn listed(visit: &Visit, nothing_chosen: bool) -> Answer {
    let mut session = session(visit)?;
    if session.channel().is_none() {
        return Err(Failure::Page(ErrorKind::SessionOver));
    }
    let Standing { payable, underway } = standing(visit, owed(visit, &session).await?).await?;
    let who = who(&session.patient());
    if payable.is_empty() {
        return Ok(visit.page(&pages::NothingToPay { who, underway }));
    }
    let slips: Vec<&Slip> = payable.iter().map(|(slip, _)| slip).collect();
    let earlier = session.chosen();
    let cards: Vec<pages::SlipCard> = payable
        .iter()
        .enumerate()
        .map(|(index, (slip, begun))| {
            let together =
                slip.pay_together && slips.iter().filter(|other| other.visit_no == slip.visit_no).count() > 1;
            pages::SlipCard {
                number: index + 1,
                kind: kind(slip.kind),
                amount_yuan: slip.split.total().to_yuan_grouped(),
                amount_fen: slip.split.total().get(),
                what: slip.title.clone(),
                from: [&slip.department, &slip.doctor]
                    .into_iter()
                    .filter(|part| !part.is_empty())
                    .cloned()
                    .collect(),
                billed_at: Some(visit.moment(slip.billed_at)),
                deadline: deadline(visit, slip),
                begun: begun.clone(),
                // What may be paid already under an earlier order is the patient's to choose again.
                chosen: !nothing_chosen
                    && begun.is_none()
                    && (earlier.is_empty() || earlier.contains(&slip.slip_no)),
                together,
            }
        })
        .collect();
    let chosen = slips.iter().zip(&cards).filter(|(_, card)| card.chosen || card.together);
    let sum = Fen::sum(chosen.map(|(slip, _)| slip.split.total())).map_err(crate::service::Trouble::from)?;
    session.set_listed(slips.iter().map(|slip| &slip.slip_no));
    let page =
        pages::Slips { who, slips: cards, underway, chosen_yuan: sum.to_yuan_grouped(), nothing_chosen };
    Ok(visit.keep(visit.page(&page), session))
}

/// Slips that HIS lists, by what our own payments of them are at.
struct Standing {
    /// To be paid; with the reference of a payment that was begun and may still be paid.
    payable: Vec<(Slip, Option<String>)>,
    /// Paid here: HIS only does not know yet.
    underway: Vec<pages::UnderwaySlip>,
}

async fn standing(visit: &Visit, slips: Vec<Slip>) -> Result<Standing, Failure> {
    let gateway = &visit.gateway;
    let numbers: Vec<SlipNo> = slips.iter().map(|slip| slip.slip_no.clone()).collect();
    let claims = gateway.store.claims_on(&gateway.settings.hospital.id, &numbers).await?;
    let mut views: Vec<PaymentView> = Vec::new();
    for (_, bill_no) in &claims {
        if views.iter().all(|view| view.bill.bill.bill_no != *bill_no)
            && let Some(bill) = gateway.store.bill(bill_no).await?
        {
            views.extend(payment_view(gateway, bill).await?);
        }
    }
    let mut found = Standing { payable: Vec::new(), underway: Vec::new() };
    for slip in slips {
        let claim = claims.iter().find(|(slip_no, _)| *slip_no == slip.slip_no);
        let view =
            claim.and_then(|(_, bill_no)| views.iter().find(|view| view.bill.bill.bill_no == *bill_no));
        let Some(view) = view else {
            found.payable.push((slip, None));
            continue;
        };
        let state = match &view.stage {
            Stage::NotCharged(_) => {
                found.payable.push((slip, None));
                continue;
            }
            Stage::Waiting { .. } => {
                found.payable.push((slip, Some(view.bill.view_ref.clone())));
                continue;
            }
            Stage::Booking | Stage::Paid(_) => pages::EntryState::Booking,
            Stage::Held => pages::EntryState::Held,
            Stage::Refunding | Stage::Refunded { .. } => pages::EntryState::Refunding,
            Stage::RefundStuck => pages::EntryState::RefundAbnormal,
        };
        found.underway.push(pages::UnderwaySlip {
            kind: kind(slip.kind),
            what: slip.title,
            amount_yuan: slip.split.total().to_yuan_grouped(),
            state,
            reference: view.bill.view_ref.clone(),
        });
    }
    Ok(found)
}

pub(super) async fn choose(visit: Visit, body: web::Bytes) -> HttpResponse {
    let result = chosen(&visit, &body).await;
    finish(&visit, result)
}

async fn chosen(visit: &Visit, body: &[u8]) -> Answer {
    let (mut session, form) = form(visit, body)?;
    let mut slips = Vec::new();
    for text in form.values("slip") {
        let number = text.parse().map_err(|_| Failure::Page(ErrorKind::BadRequest))?;
        let slip_no = session.listed(number).ok_or(Failure::Page(ErrorKind::BadRequest))?;
        if !slips.contains(&slip_no) {
            slips.push(slip_no);
        }
    }
    if slips.is_empty() {
        return listed(visit, true).await;
    }
    session.set_chosen(&slips);
    Ok(visit.keep(visit.go(paths::PHONE), session))
}

/// The chosen slips as HIS has them now, those that must be paid together added.
pub(super) async fn chosen_now(visit: &Visit, session: &Session) -> Result<Vec<Slip>, Failure> {
    let wanted = session.chosen();
    let payable = standing(visit, owed(visit, session).await?).await?.payable;
    let owed: Vec<Slip> = payable.into_iter().map(|(slip, _)| slip).collect();
    let visits: Vec<Option<String>> = owed
        .iter()
        .filter(|slip| slip.pay_together && wanted.contains(&slip.slip_no))
        .map(|slip| slip.visit_no.clone())
        .collect();
    let belongs =
        |slip: &Slip| slip.pay_together && slip.visit_no.is_some() && visits.contains(&slip.visit_no);
    Ok(owed.into_iter().filter(|slip| wanted.contains(&slip.slip_no) || belongs(slip)).collect())
}

/// Adds up.
pub(super) fn sum(slips: &[Slip]) -> Result<Split, Failure> {
    slips
        .iter()
        .try_fold(Split::none(), |sum, slip| sum.plus(slip.split))
        .map_err(|error| Failure::Trouble(error.into()))
}

pub(super) async fn detail(visit: Visit, number: web::Path<String>) -> HttpResponse {
    let result = detailed(&visit, &number).await;
    finish(&visit, result)
}

async fn detailed(visit: &Visit, number: &str) -> Answer {
    let session = session(visit)?;
    let not_found = || Failure::Page(ErrorKind::NotFound);
    let slip_no = number.parse().ok().and_then(|number| session.listed(number)).ok_or_else(not_found)?;
    let hospital = &visit.gateway.settings.hospital.id;
    let slip = visit.gateway.his.slip_detail(hospital, &slip_no).await?.ok_or_else(not_found)?;
    let class = |text: &str| match text {
        "甲" => Some(pages::InsuranceClass::A),
        "乙" => Some(pages::InsuranceClass::B),
        "自费" => Some(pages::InsuranceClass::Own),
        _ => None,
    };
    let lines: Vec<pages::ChargeLine> = slip
        .lines
        .iter()
        .map(|line| pages::ChargeLine {
            name: line.name.clone(),
            spec: line.spec.clone(),
            price_and_quantity: format!(
                "{} × {} {}",
                without_zeros(&line.unit_price, 2),
                without_zeros(&line.quantity, 0),
                line.unit
            )
            .trim_end()
            .to_owned(),
            amount_yuan: line.amount.to_yuan_grouped(),
            class: line.insurance_class.as_deref().and_then(class),
        })
        .collect();
    let mut by_class = Vec::new();
    for wanted in [pages::InsuranceClass::A, pages::InsuranceClass::B, pages::InsuranceClass::Own] {
        let of_class =
            slip.lines.iter().filter(|line| line.insurance_class.as_deref().and_then(class) == Some(wanted));
        let amounts: Vec<Fen> = of_class.map(|line| line.amount).collect();
        if !amounts.is_empty() {
            let total = Fen::sum(amounts).map_err(crate::service::Trouble::from)?;
            by_class.push(pages::ClassTotal { class: wanted, amount_yuan: total.to_yuan_grouped() });
        }
    }
    let issued_by: Vec<String> =
        [slip.department.clone(), slip.doctor.clone()].into_iter().filter(|part| !part.is_empty()).collect();
    Ok(visit.page(&pages::SlipDetail {
        kind: kind(slip.kind),
        issued_by: (!issued_by.is_empty()).then(|| issued_by.join(" ")),
        issued_at: Some(visit.moment(slip.billed_at)),
        place: None,
        slip_no: slip.slip_no.to_string(),
        deadline: deadline(visit, &slip),
        total_yuan: slip.split.total().to_yuan_grouped(),
        lines,
        by_class,
    }))
}

/// A decimal text without the zeros at its end, but with so many decimals: HIS sends four, people write two.
fn without_zeros(text: &str, decimals: usize) -> &str {
    let Some((whole, after)) = text.split_once('.') else { return text };
    let least = decimals.min(after.len());
    let kept = after.trim_end_matches('0').len().max(least);
    if kept == 0 { whole } else { &text[..whole.len() + 1 + kept] }
}

#[cfg(test)]
mod tests {
    use super::without_zeros;

    #[test]
    fn prices_keep_two_decimals_and_quantities_none() {
        for (text, decimals, shown) in [
            ("13.5800", 2, "13.58"),
            ("0.7988", 2, "0.7988"),
            ("26.7000", 2, "26.70"),
            ("3.0000", 2, "3.00"),
            ("3", 2, "3"),
            ("3.5", 2, "3.5"),
            ("24.0000", 0, "24"),
            ("0.5000", 0, "0.5"),
            ("100", 0, "100"),
        ] {
            assert_eq!(without_zeros(text, decimals), shown);
        }
    }
}
