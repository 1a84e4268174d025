//! The last look, and "pay".

use super::slips::{chosen_now, sum};
use super::view::{kind, masked, pages_split, pay_app, who};
use super::{Answer, finish, form, session};
use crate::http::error::Failure;
use crate::http::session::{Shown, open_shown, seal_shown};
use crate::http::visit::Visit;
use crate::service::rules::rules_in_force;
use crate::service::{OpenPayment, open_payment};
use actix_web::{HttpResponse, web};
use mingfen_domain::Fen;
use mingfen_domain::ids::SlipNo;
use mingfen_domain::rules::Rule;
use mingfen_domain::slip::SlipKind;
use mingfen_pages::paths;
use mingfen_pages::patient as pages;
use mingfen_pages::patient::ErrorKind;
use mingfen_provider_api::PayerScene;

pub(super) async fn show(visit: Visit) -> HttpResponse {
    let result = shown(&visit).await;
    finish(&visit, result)
}

async fn shown(visit: &Visit) -> Answer {
    let mut session = session(visit)?;
    let Some(channel) = session.channel() else { return Ok(visit.go(paths::SLIPS)) };
    if session.chosen().is_empty() || session.phone().is_none() {
        return Ok(visit.go(paths::SLIPS));
    }
    let slips = chosen_now(visit, &session).await?;
    if slips.is_empty() {
        return Ok(visit.go(paths::SLIPS));
    }
    let split = sum(&slips)?;
    let numbers: Vec<SlipNo> = slips.iter().map(|slip| slip.slip_no.clone()).collect();
    session.set_chosen(&numbers);
    let most = Fen::new(rules_in_force(&visit.gateway).await?.rules.get(Rule::MaxPayment));
    if split.self_pay() > most {
        return Err(Failure::OverLimit { most, own: split.self_pay(), slip_count: slips.len() });
    }
    let held =
        slips.iter().filter(|slip| slip.kind == SlipKind::Registration).filter_map(|slip| slip.pay_by).min();
    let page = pages::Confirm {
        who: who(&session.patient()),
        own_yuan: split.self_pay().to_yuan_grouped(),
        own_is_nothing: split.self_pay() == Fen::ZERO,
        split: pages_split(split),
        kinds: slips.iter().map(|slip| kind(slip.kind)).collect(),
        detail: match slips.as_slice() {
            [only] => Some(only.title.clone()),
            _ => None,
        },
        app: pay_app(visit, &channel),
        phone: session.phone().map(|phone| masked(&phone)),
        held_until: held.map(|at| visit.moment(at)),
        snapshot: seal_shown(&visit.gateway, &Shown::of(&slips, split)),
    };
    Ok(visit.keep(visit.page(&page), session))
}

pub(super) async fn pay(visit: Visit, body: web::Bytes) -> HttpResponse {
    let result = paid(&visit, &body).await;
    finish(&visit, result)
}

async fn paid(visit: &Visit, body: &[u8]) -> Answer {
    let (session, form) = form(visit, body)?;
    let bad = || Failure::Page(ErrorKind::BadRequest);
    let shown = form.value("snapshot").and_then(|text| open_shown(&visit.gateway, text)).ok_or_else(bad)?;
    let channel = session.channel().ok_or(Failure::Page(ErrorKind::SessionOver))?;
    let scene = match session.payer() {
        Some(payer) => PayerScene::InApp(payer),
        None => PayerScene::MobileBrowser { client_ip: visit.address() },
    };
    let request = OpenPayment {
        patient: session.patient(),
        phone: session.phone(),
        slips: shown.slip_nos(),
        shown: shown.split,
        channel,
        scene,
        client_ip: Some(visit.address()).filter(|address| !address.is_empty()),
        language: visit.language.tag().to_owned(),
        window: None,
    };
    match open_payment(&visit.gateway, &request).await {
        Ok(opened) => Ok(visit.go(&paths::pay(&opened.view_ref))),
        Err(error) => Err(Failure::Open { error, shown: Box::new(shown) }),
    }
}
