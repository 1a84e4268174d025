//! The merchant portal and the users' hands, as control over HTTP below `/control/wechat`.

use std::sync::Arc;

use actix_web::web::{self, Data, Json, Path};
use actix_web::{HttpResponse, http::StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::book::RefundState;
use super::merchant::{Merchant, Standing, Trust};
use super::{JsapiCall, Wechat};

/// Adds the routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    let merchant = "/control/wechat/merchants/{mchid}";
    config
        .service(web::resource("/control/wechat/credentials").get(credentials))
        .service(web::resource(merchant).post(change_merchant))
        .service(web::resource("/control/wechat/users").get(users))
        .service(web::resource("/control/wechat/users/{id}").post(change_user))
        .service(web::resource("/control/wechat/codes").post(issue_code))
        .service(web::resource("/control/wechat/authorisation").post(refuse_authorisation))
        .service(web::resource("/control/wechat/pay").post(pay))
        .service(web::resource("/control/wechat/jsapi").post(pay_jsapi))
        .service(web::resource("/control/wechat/scan").post(scan))
        .service(web::resource("/control/wechat/refunds").post(end_refund));
}

fn done(done: bool) -> HttpResponse {
    if done { HttpResponse::NoContent().finish() } else { HttpResponse::NotFound().finish() }
}

fn refused(text: impl ToString) -> HttpResponse {
    HttpResponse::build(StatusCode::CONFLICT).json(json!({ "message": text.to_string() }))
}

async fn credentials(wechat: Data<Wechat>) -> HttpResponse {
    let all: Vec<_> = wechat.merchants().iter().map(|merchant| merchant.credentials()).collect();
    HttpResponse::Ok().json(all)
}

/// One change to a merchant.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MerchantChange {
    Trust(Trust),
    Standing(Standing),
    RotatePlatformCertificate,
    AnnouncePlatformCertificate { effective_in_s: i64 },
    RenewCertificate,
    ApiV3Key(Option<String>),
    BalanceFen(i64),
    FeeBasisPoints(i64),
}

async fn change_merchant(
    wechat: Data<Wechat>,
    mchid: Path<String>,
    change: Json<MerchantChange>,
) -> HttpResponse {
    let Some(merchant) = wechat.merchant(&mchid) else { return done(false) };
    apply(&merchant, change.into_inner(), wechat.shared().clock.now_ms())
}

fn apply(merchant: &Merchant, change: MerchantChange, now_ms: i64) -> HttpResponse {
    match change {
        MerchantChange::Trust(trust) => merchant.set_trust(trust),
        MerchantChange::Standing(standing) => merchant.set_standing(standing),
        MerchantChange::ApiV3Key(key) => merchant.set_api_v3_key(key),
        MerchantChange::BalanceFen(balance_fen) => merchant.set_balance_fen(balance_fen),
        MerchantChange::FeeBasisPoints(basis_points) => merchant.set_fee_basis_points(basis_points),
        MerchantChange::RotatePlatformCertificate => {
            return HttpResponse::Ok()
                .json(json!({ "serial": merchant.rotate_platform_certificate(now_ms) }));
        }
        MerchantChange::AnnouncePlatformCertificate { effective_in_s } => {
            let serial = merchant.announce_platform_certificate(now_ms, effective_in_s);
            return HttpResponse::Ok().json(json!({ "serial": serial }));
        }
        MerchantChange::RenewCertificate => {
            return match merchant.renew_certificate() {
                Ok(serial) => HttpResponse::Ok().json(json!({ "serial": serial })),
                Err(error) => refused(error),
            };
        }
    }
    done(true)
}

async fn users(wechat: Data<Wechat>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "users": wechat.users(), "current": wechat.current_user() }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserChange {
    #[serde(default)]
    current: bool,
    balance_fen: Option<i64>,
}

async fn change_user(wechat: Data<Wechat>, id: Path<String>, change: Json<UserChange>) -> HttpResponse {
    if let Some(balance_fen) = change.balance_fen
        && !wechat.set_balance(&id, balance_fen)
    {
        return done(false);
    }
    done(if change.current { wechat.set_current_user(&id) } else { wechat.user(&id).is_some() })
}

#[derive(Debug, Deserialize)]
struct CodeAsked {
    appid: String,
    user: String,
}

async fn issue_code(wechat: Data<Wechat>, asked: Json<CodeAsked>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "code": wechat.issue_code(&asked.appid, &asked.user) }))
}

#[derive(Debug, Deserialize)]
struct Refusing {
    refuse: bool,
}

async fn refuse_authorisation(wechat: Data<Wechat>, refusing: Json<Refusing>) -> HttpResponse {
    wechat.refuse_authorisation(refusing.refuse);
    done(true)
}

#[derive(Debug, Deserialize)]
struct Payment {
    mchid: String,
    out_trade_no: String,
    user: Option<String>,
}

async fn pay(wechat: Data<Wechat>, payment: Json<Payment>) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    match wechat.pay(&payment.mchid, &payment.out_trade_no, payment.user.as_deref()) {
        Ok(()) => done(true),
        Err(error) => refused(error),
    }
}

async fn pay_jsapi(wechat: Data<Wechat>, call: Json<JsapiCall>) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    match wechat.pay_jsapi(&call) {
        Ok(()) => done(true),
        Err(error) => refused(error),
    }
}

#[derive(Debug, Deserialize)]
struct Scan {
    code_url: String,
    user: Option<String>,
}

async fn scan(wechat: Data<Wechat>, scan: Json<Scan>) -> HttpResponse {
    let user = scan.user.clone().unwrap_or_else(|| wechat.current_user());
    match wechat.scan(&scan.code_url, &user) {
        Ok((mchid, out_trade_no)) => {
            HttpResponse::Ok().json(json!({ "mchid": mchid, "out_trade_no": out_trade_no, "user": user }))
        }
        Err(error) => refused(error),
    }
}

#[derive(Debug, Deserialize)]
struct RefundEndAsked {
    mchid: String,
    out_refund_no: String,
    state: RefundEndWord,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RefundEndWord {
    Success,
    Abnormal,
    Closed,
}

async fn end_refund(wechat: Data<Wechat>, asked: Json<RefundEndAsked>) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    let end = match asked.state {
        RefundEndWord::Success => RefundState::Success,
        RefundEndWord::Abnormal => RefundState::Abnormal,
        RefundEndWord::Closed => RefundState::Closed,
    };
    done(wechat.end_refund(&asked.mchid, &asked.out_refund_no, end))
}
