//! The code on the slip was scanned.

use super::view::route;
use super::{Answer, finish};
use crate::http::session::Session;
use crate::http::visit::Visit;
use crate::service::token_sha256;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use mingfen_pages::paths;
use mingfen_pages::patient::{ChooseApp, LinkExpired, LinkInvalid, PayApp, TooManyTries};
use mingfen_vault::slip_token::{self, OpenError};
use std::time::Duration;

const TEN_MINUTES: Duration = Duration::from_secs(600);

pub(super) async fn enter(visit: Visit, token: web::Path<String>) -> HttpResponse {
    let result = entered(&visit, &token).await;
    finish(&visit, result)
}

async fn entered(visit: &Visit, token: &str) -> Answer {
    let gateway = &visit.gateway;
    let claims = match slip_token::open(&gateway.keyring, token, gateway.now()) {
        Ok(claims) if claims.hospital == gateway.settings.hospital.id => claims,
        Err(OpenError::Expired { at }) => {
            return Ok(visit.page_as(StatusCode::GONE, &LinkExpired { expired_at: Some(visit.moment(at)) }));
        }
        // Tampered, foreign, unknown key: one page that says nothing more.
        Ok(_) | Err(_) => {
            // Only failures wait: a hospital's whole network is one address, and a genuine code is always let in.
            let tries = gateway.cache.count(&format!("bad_links:{}", visit.address()), TEN_MINUTES).await;
            if tries > gateway.settings.limits.bad_links {
                let again_at = visit.moment(gateway.now().plus_seconds(600));
                let page = TooManyTries { minutes: 10, again_at };
                return Ok(visit.page_as(StatusCode::TOO_MANY_REQUESTS, &page));
            }
            return Ok(visit.page_as(StatusCode::NOT_FOUND, &LinkInvalid));
        }
    };
    if gateway.store.is_link_revoked(&token_sha256(token)).await? {
        return Ok(visit.page_as(StatusCode::GONE, &LinkExpired { expired_at: None }));
    }
    let chosen = visit.query("app").and_then(|key| PayApp::from_key(&key));
    let mut session = Session::begin(gateway, &claims.patient);
    if let Some(app) = visit.app()
        && let Some(channel) = route(visit, app)
    {
        session.set_channel(&channel);
        return Ok(super::authorise::hand_over(visit, session, &channel));
    }
    // An ordinary browser: the patient says which app pays, and pays there without an identity.
    if let Some(channel) = chosen.and_then(|app| route(visit, app)) {
        session.set_channel(&channel);
        return Ok(visit.keep(visit.go(paths::SLIPS), session));
    }
    let apps: Vec<PayApp> =
        [PayApp::Wechat, PayApp::Alipay].into_iter().filter(|app| route(visit, *app).is_some()).collect();
    Ok(visit.page(&ChooseApp { action: paths::entry(token), apps }))
}
