//! What the control page's buttons do; each form leads back to the page.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Form};
use serde::Deserialize;

use super::presets;
use crate::clock::SECOND_MS;
use crate::faults::Rule;
use crate::sheet::{see_other, told};
use crate::wechat::book::RefundState;
use crate::wechat::{Trust, Wechat};
use crate::{Parties, Shared};

/// Adds the forms.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/control/page")
            .route("/advance", web::post().to(advance))
            .route("/pump", web::post().to(pump))
            .route("/user", web::post().to(change_user))
            .route("/fault", web::post().to(add_fault))
            .route("/unfault", web::post().to(remove_fault))
            .route("/clear", web::post().to(clear_faults))
            .route("/storm", web::post().to(raise_storm))
            .route("/limit", web::post().to(set_limit))
            .route("/pay", web::post().to(pay))
            .route("/refund", web::post().to(end_refund))
            .route("/trust", web::post().to(set_trust))
            .route("/rotate", web::post().to(rotate)),
    );
}

fn back() -> HttpResponse {
    see_other("/")
}

#[derive(Debug, Deserialize)]
struct Advance {
    seconds: i64,
}

async fn advance(shared: Data<Shared>, form: Form<Advance>) -> HttpResponse {
    shared.clock.advance_ms(form.seconds.saturating_mul(SECOND_MS));
    back()
}

async fn pump(parties: Data<Parties>) -> HttpResponse {
    parties.pump().await;
    back()
}

#[derive(Debug, Deserialize)]
struct UserId {
    id: String,
}

async fn change_user(wechat: Data<Wechat>, form: Form<UserId>) -> HttpResponse {
    wechat.set_current_user(&form.id);
    back()
}

#[derive(Debug, Deserialize)]
struct FaultForm {
    preset: usize,
    provider: String,
    times: u32,
    percent: u32,
}

async fn add_fault(shared: Data<Shared>, form: Form<FaultForm>) -> HttpResponse {
    if let Some(preset) = presets::ALL.get(form.preset)
        && let Some(call) = preset.call_at(&form.provider)
    {
        let next = Rule::next(&call, preset.fault.clone());
        shared.faults.add(Rule { times: Some(form.times), percent: form.percent, ..next });
    }
    back()
}

#[derive(Debug, Deserialize)]
struct FaultId {
    id: u64,
}

async fn remove_fault(shared: Data<Shared>, form: Form<FaultId>) -> HttpResponse {
    shared.faults.remove(form.id);
    back()
}

async fn clear_faults(shared: Data<Shared>) -> HttpResponse {
    shared.faults.clear();
    back()
}

#[derive(Debug, Deserialize)]
struct StormForm {
    provider: String,
    percent: u32,
}

async fn raise_storm(shared: Data<Shared>, form: Form<StormForm>) -> HttpResponse {
    shared.faults.storm(&form.provider, form.percent);
    back()
}

#[derive(Debug, Deserialize)]
struct LimitForm {
    call: String,
    per_second: u32,
}

async fn set_limit(shared: Data<Shared>, form: Form<LimitForm>) -> HttpResponse {
    shared.faults.limit(&form.call, form.per_second);
    back()
}

#[derive(Debug, Deserialize)]
struct PayForm {
    mchid: String,
    out_trade_no: String,
}

async fn pay(wechat: Data<Wechat>, form: Form<PayForm>) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    match wechat.pay(&form.mchid, &form.out_trade_no, None) {
        Ok(()) => back(),
        Err(error) => told("微信支付", &error.to_string(), Some("/")),
    }
}

#[derive(Debug, Deserialize)]
struct RefundForm {
    mchid: String,
    out_refund_no: String,
    state: String,
}

async fn end_refund(wechat: Data<Wechat>, form: Form<RefundForm>) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    let end = match form.state.as_str() {
        "success" => RefundState::Success,
        "abnormal" => RefundState::Abnormal,
        "closed" => RefundState::Closed,
        _ => return back(),
    };
    wechat.end_refund(&form.mchid, &form.out_refund_no, end);
    back()
}

#[derive(Debug, Deserialize)]
struct TrustForm {
    mchid: String,
    trust: String,
}

async fn set_trust(wechat: Data<Wechat>, form: Form<TrustForm>) -> HttpResponse {
    let trust = match form.trust.as_str() {
        "public_key" => Trust::PublicKey,
        "platform_certificate" => Trust::PlatformCertificate,
        _ => Trust::Both { notify_by_public_key_percent: 50 },
    };
    if let Some(merchant) = wechat.merchant(&form.mchid) {
        merchant.set_trust(trust);
    }
    back()
}

#[derive(Debug, Deserialize)]
struct MerchantId {
    mchid: String,
}

async fn rotate(wechat: Data<Wechat>, form: Form<MerchantId>) -> HttpResponse {
    if let Some(merchant) = wechat.merchant(&form.mchid) {
        merchant.rotate_platform_certificate(wechat.shared().clock.now_ms());
    }
    back()
}
