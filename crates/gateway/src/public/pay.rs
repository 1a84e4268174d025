//! The page that opens the provider's sheet.

use super::view::pay_app;
use super::{Answer, finish};
use crate::http::error::Failure;
use crate::http::visit::Visit;
use crate::service::{Trouble, order_again, view_by_ref};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, REFERRER_POLICY};
use actix_web::{HttpResponse, web};
use mingfen_domain::payment::State;
use mingfen_pages::patient::{ErrorKind, Opening, Pay};
use mingfen_pages::{csp, paths};
use mingfen_provider_api::{Bridge, Presentation};

pub(super) async fn open_sheet(visit: Visit, reference: web::Path<String>) -> HttpResponse {
    let result = opened(&visit, &reference).await;
    finish(&visit, result)
}

async fn opened(visit: &Visit, reference: &str) -> Answer {
    let gateway = &visit.gateway;
    let view = view_by_ref(gateway, reference).await?.ok_or(Failure::Page(ErrorKind::NotFound))?;
    let to_result = || Ok(visit.go(&paths::result(reference)));
    let order = view.payment.payment.out_trade_no.clone();
    let own = visit.session.as_ref().is_some_and(|session| session.patient().card_no == view.patient.card_no);
    if !own || !view.payment.payment.state.is_live() || order_again(gateway, &order).await.is_err() {
        return to_result();
    }
    let Some(record) = gateway.store.payment(&order).await? else { return to_result() };
    let State::Waiting { handle } = &record.payment.state else { return to_result() };
    let channel = &record.payment.channel;
    let provider = gateway.channel(channel).ok_or_else(|| Trouble::NoChannel(channel.to_string()))?;
    let request = crate::service::order_request(gateway, &record)?;
    let presentation = match provider.present(&request, handle, gateway.now()) {
        Ok(presentation) => presentation,
        Err(error) => {
            tracing::error!(payment.out_trade_no = %order, error = %error, "an open order cannot be shown");
            return to_result();
        }
    };
    let mut frame = visit.frame();
    let opening = match presentation {
        Presentation::InApp { bridge, parameters } => {
            frame.bridge_script = gateway.settings.bridge_origin.as_ref().map(|origin| {
                let name = match bridge {
                    Bridge::Wechat => "wechat",
                    Bridge::Alipay => "alipay",
                };
                format!("{}/bridge/{name}.js", origin.as_str().trim_end_matches('/'))
            });
            let call: serde_json::Map<String, serde_json::Value> =
                parameters.into_iter().map(|(name, value)| (name, value.into())).collect();
            Opening::Bridge { call: serde_json::Value::Object(call).to_string() }
        }
        Presentation::Redirect { url } => Opening::Link { url },
        Presentation::Code { .. } => return to_result(),
    };
    let page = Pay {
        reference: reference.to_owned(),
        app: pay_app(visit, channel),
        amount_yuan: record.payment.amount.fen().to_yuan_grouped(),
        opening,
    };
    let policy = csp::pay_policy(&page, &frame);
    let mut answer = visit.page_with(StatusCode::OK, &page, &frame, policy);
    answer.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static(page.referrer_policy()));
    Ok(answer)
}
