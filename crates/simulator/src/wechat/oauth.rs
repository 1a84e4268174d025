//! The open platform: who is the person in the app's browser.
//!
//! # Source
//! WeChat Pay API v3 reference, section 2.1. The fragment `#wechat_redirect` is mandatory there but never reaches a
//! server, so only the parameters and their order can be checked.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::Wechat;
use super::book::{Book, Code};
use super::fields::is_loopback;
use crate::clock::SECOND_MS;
use crate::wire;

/// Cookie that says which simulated user this browser belongs to.
pub const USER_COOKIE: &str = "sim_user";
const CODE_LIFE_MS: i64 = 5 * 60 * SECOND_MS;
const AUTHORIZE_PARAMS: [&str; 5] = ["appid", "redirect_uri", "response_type", "scope", "state"];

impl Wechat {
    /// The user behind an openid of this appid.
    pub fn user_of(&self, appid: &str, openid: &str) -> Option<String> {
        self.user_in(&self.book(), appid, openid)
    }

    pub(crate) fn user_in(&self, book: &Book, appid: &str, openid: &str) -> Option<String> {
        book.users.iter().find(|user| self.openid(&user.id, appid) == openid).map(|user| user.id.clone())
    }

    /// What this appid calls a user: 28 characters that begin with `o`.
    pub fn openid(&self, user: &str, appid: &str) -> String {
        let digest = hex::encode(Sha256::digest(format!("{}/{user}/{appid}", self.shared().seed)));
        format!("oSim{}", &digest[..24])
    }

    /// Makes a code, as the app does when it redirects.
    pub fn issue_code(&self, appid: &str, user: &str) -> String {
        let code = self.shared().random.alphanumeric(32);
        let issued_ms = self.shared().clock.now_ms();
        let entry = Code { appid: appid.to_owned(), user: user.to_owned(), issued_ms, used: false };
        self.book().codes.insert(code.clone(), entry);
        code
    }

    fn exchange(&self, query: &str) -> serde_json::Value {
        let param = |name: &str| {
            let found = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        let denied = |errcode: i64, text: &str| {
            let hint = self.shared().random.alphanumeric(14);
            json!({ "errcode": errcode, "errmsg": format!("{text}, hints: [ req_id: {hint} ]") })
        };
        let appid = param("appid");
        let Some(merchant) = self.merchant_of_app(&appid) else { return denied(40013, "invalid appid") };
        if param("secret") != merchant.app_secret {
            return denied(40125, "invalid appsecret");
        }
        if param("grant_type") != "authorization_code" {
            return denied(40002, "invalid grant_type");
        }
        let code = param("code");
        if code.is_empty() {
            return denied(41008, "missing code");
        }
        let now_ms = self.shared().clock.now_ms();
        let mut book = self.book();
        let Some(entry) = book.codes.get_mut(&code).filter(|entry| entry.appid == appid) else {
            return denied(40029, "invalid code");
        };
        if entry.used {
            return denied(40163, "code been used");
        }
        if now_ms.saturating_sub(entry.issued_ms) > CODE_LIFE_MS {
            return denied(40029, "invalid code");
        }
        entry.used = true;
        let user = entry.user.clone();
        drop(book);
        let random = &self.shared().random;
        json!({
            "access_token": random.alphanumeric(86),
            "expires_in": 7200,
            "refresh_token": random.alphanumeric(86),
            "openid": self.openid(&user, &appid),
            "scope": "snsapi_base",
        })
    }
}

/// `GET /connect/oauth2/authorize`: sends the browser straight back, as `snsapi_base` does.
pub(crate) async fn authorize(wechat: Data<Wechat>, request: HttpRequest) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    let refusal = |status| {
        HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap_or_default()).finish()
    };
    let effect = async {
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(request.query_string().as_bytes()).into_owned().collect();
        let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        if names != AUTHORIZE_PARAMS {
            return error_page(10002, "参数错误：参数缺失、多余或顺序不对");
        }
        let value = |index: usize| pairs[index].1.as_str();
        let Some(merchant) = wechat.merchant_of_app(value(0)) else {
            return error_page(10013, "AppID 参数错误");
        };
        if value(2) != "code" || value(3) != "snsapi_base" {
            return error_page(10005, "Scope 参数错误或没有 Scope 权限");
        }
        if value(4).len() > 128 || !value(4).chars().all(|c| c.is_ascii_alphanumeric()) {
            return error_page(10002, "state 参数错误");
        }
        let Some(mut back) = url::Url::parse(value(1)).ok().filter(|url| wechat.is_registered(url)) else {
            return error_page(10003, "redirect_uri 域名与后台配置不一致");
        };
        let cookie = request.cookie(USER_COOKIE).map(|cookie| cookie.value().to_owned());
        let user = cookie.filter(|user| wechat.user(user).is_some()).unwrap_or_else(|| wechat.current_user());
        if !wechat.refuses_authorisation() {
            let code = wechat.issue_code(&merchant.appid, &user);
            back.query_pairs_mut().append_pair("code", &code);
        }
        back.query_pairs_mut().append_pair("state", value(4));
        HttpResponse::Found().insert_header(("Location", back.as_str())).finish()
    };
    wire::carry_out(wechat.shared(), &request, "wechat.authorize", refusal, effect).await
}

/// `GET /sns/oauth2/access_token`: HTTP 200 for success and error alike.
pub(crate) async fn access_token(wechat: Data<Wechat>, request: HttpRequest) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    let refusal = |status: u16| match status {
        200..=499 => json_answer(&json!({ "errcode": -1, "errmsg": "system error" })),
        _ => HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap_or_default()).finish(),
    };
    let effect = async { json_answer(&wechat.exchange(request.query_string())) };
    wire::carry_out(wechat.shared(), &request, "wechat.access_token", refusal, effect).await
}

fn json_answer(value: &serde_json::Value) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body(value.to_string())
}

fn error_page(code: u32, text: &str) -> HttpResponse {
    let body = format!(
        "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>模拟微信</title><p>{text}</p><p>错误码：{code}</p></html>"
    );
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(body)
}

impl Wechat {
    /// Whether the app may send a browser there: a registered domain, or this machine.
    fn is_registered(&self, url: &url::Url) -> bool {
        let domains = &self.settings().redirect_domains;
        let known =
            domains.is_empty() || url.host_str().is_some_and(|host| domains.iter().any(|one| one == host));
        is_loopback(url) || (url.scheme() == "https" && known)
    }
}
