//! Authorisation: the page that redirects without being seen, and the exchange of its code.
//!
//! # Source
//! Protocol page section 5.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::Alipay;
use super::canonical::Parameters;
use super::credentials::Application;
use super::gate::Outcome;
use super::refusal::Refusal;
use super::wallet;
use crate::clock::SECOND_MS;
use crate::html::escape;

/// The shortest life of a code that the document names.
const CODE_LIFE_MS: i64 = 180 * SECOND_MS;
const ACCESS_TOKEN_LIFE_S: i64 = 1_296_000;
const REFRESH_TOKEN_LIFE_S: i64 = 2_592_000;

#[derive(Debug)]
struct Grant {
    app_id: String,
    user_id: String,
    expires_at_ms: i64,
}

/// Codes that were given out and not used, and refresh tokens in force.
#[derive(Debug, Default)]
pub(super) struct Authorisations {
    codes: HashMap<String, Grant>,
    refresh_tokens: HashMap<String, Grant>,
}

pub(super) fn configure(service: &mut web::ServiceConfig) {
    service.route("/alipay/oauth2/publicAppAuthorize.htm", web::get().to(authorise));
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    app_id: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    state: String,
}

async fn authorise(alipay: web::Data<Alipay>, asked: web::Query<Asked>) -> HttpResponse {
    match alipay.grant(&asked) {
        Ok(location) => HttpResponse::Found().insert_header(("Location", location)).finish(),
        Err(why) => HttpResponse::Ok().content_type("text/html;charset=utf-8").body(format!(
            "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>授权出错</title><h1>授权出错</h1><p>{}</p></html>",
            escape(why)
        )),
    }
}

impl Alipay {
    fn grant(&self, asked: &Asked) -> Result<String, &'static str> {
        let application = self.application(&asked.app_id).ok_or("invalid-app-id：应用不存在")?;
        if !["auth_base", "auth_user"].contains(&asked.scope.as_str()) {
            return Err("error_scope：scope 无效");
        }
        let allowed = application.callback.as_ref().is_none_or(|start| asked.redirect_uri.starts_with(start));
        if asked.redirect_uri.len() > 100 || !allowed {
            return Err("redirect_uri 与应用配置不符，或长于 100 个字符");
        }
        if asked.state.len() > 100 {
            return Err("state 长于 100 个字符");
        }
        let mut location = url::Url::parse(&asked.redirect_uri).map_err(|_| "redirect_uri 不是地址")?;
        let code = self.shared.random.hex(32);
        let mut members = vec![
            ("app_id", asked.app_id.as_str()),
            ("source", "alipay_wallet"),
            ("scope", asked.scope.as_str()),
            ("auth_code", code.as_str()),
        ];
        if !asked.state.is_empty() {
            members.push(("state", asked.state.as_str()));
        }
        super::envelope::shuffle(&self.shared.random, &mut members);
        location.query_pairs_mut().extend_pairs(members);
        let location = location.to_string();
        let mut state = self.state();
        let grant = Grant {
            app_id: asked.app_id.clone(),
            user_id: state.phone.clone(),
            expires_at_ms: self.shared.clock.now_ms().saturating_add(CODE_LIFE_MS),
        };
        state.authorisations.codes.insert(code, grant);
        Ok(location)
    }

    /// `alipay.system.oauth.token`: parameters are top-level; a code serves once.
    pub(super) fn exchange_token(&self, application: &Application, parameters: &Parameters) -> Outcome {
        let value = |name: &str| parameters.get(name).map_or("", String::as_str);
        let now_ms = self.shared.clock.now_ms();
        let mut state = self.state();
        let grant = match value("grant_type") {
            "authorization_code" => state.authorisations.codes.remove(value("code")),
            "refresh_token" => state.authorisations.refresh_tokens.remove(value("refresh_token")),
            _ => return Err(Refusal::argument("isv.grant-type-invalid", "授权类型 grant_type 无效")),
        };
        let grant = grant
            .filter(|grant| grant.app_id == application.app_id && grant.expires_at_ms > now_ms)
            .ok_or_else(|| Refusal::argument("isv.code-invalid", "授权码code无效"))?;
        let Some(buyer) = state.buyers.get(&grant.user_id).cloned() else {
            return Err(Refusal::argument("isv.code-invalid", "授权码code无效"));
        };
        // A refreshed token lives no longer than the first one would have.
        let re_expires_at_ms = match value("grant_type") {
            "refresh_token" => grant.expires_at_ms,
            _ => now_ms.saturating_add(REFRESH_TOKEN_LIFE_S * SECOND_MS),
        };
        let refresh_token = format!("authbseB{}", self.shared.random.hex(32));
        let mut members = wallet::buyer_ids(application, &buyer, ["user_id", "open_id"]);
        members.extend([
            ("access_token", json!(format!("authbseB{}", self.shared.random.hex(32)))),
            ("refresh_token", json!(refresh_token)),
            ("expires_in", json!(ACCESS_TOKEN_LIFE_S)),
            ("re_expires_in", json!((re_expires_at_ms - now_ms) / SECOND_MS)),
            ("auth_start", json!(crate::clock::date_time(now_ms))),
        ]);
        let renewed = Grant { expires_at_ms: re_expires_at_ms, ..grant };
        state.authorisations.refresh_tokens.insert(refresh_token, renewed);
        Ok(members)
    }
}
