//! `/control/alipay/…`: the same methods over HTTP, for scripts and browser tests.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::Alipay;
use super::credentials::Application;
use super::quirks::Quirks;
use super::refusal::Refusal;
use super::wallet::Buyer;

pub(super) fn configure(service: &mut web::ServiceConfig) {
    service.service(
        web::scope("/control/alipay")
            .route("/trades", web::get().to(trades))
            .route("/credentials/{app_id}", web::get().to(credentials))
            .route("/applications", web::post().to(set_application))
            .route("/buyers", web::post().to(set_buyer))
            .route("/phone", web::post().to(hand_phone))
            .route("/scan", web::post().to(scan))
            .route("/pay", web::post().to(pay))
            .route("/finish", web::post().to(finish))
            .route("/refunds/complete", web::post().to(complete_refund))
            .route("/refunds/bank", web::post().to(end_bank_return))
            .route("/refuse", web::post().to(refuse))
            .route("/balance", web::post().to(set_balance))
            .route("/bridge", web::post().to(set_bridge_code))
            .route("/quirks", web::get().to(quirks))
            .route("/quirks", web::post().to(set_quirks))
            .route("/rotate", web::post().to(rotate)),
    );
}

fn found(found: bool) -> HttpResponse {
    if found { HttpResponse::NoContent().finish() } else { HttpResponse::NotFound().finish() }
}

async fn trades(alipay: Data<Alipay>) -> HttpResponse {
    HttpResponse::Ok().json(alipay.trades())
}

/// A simulated merchant's keys protect nothing: whoever configures a gateway may have them.
async fn credentials(alipay: Data<Alipay>, app_id: Path<String>) -> HttpResponse {
    match alipay.credentials(&app_id) {
        Ok(Some(credentials)) => HttpResponse::Ok().json(credentials),
        Ok(None) => HttpResponse::NotFound().finish(),
        Err(error) => HttpResponse::InternalServerError().json(json!({ "message": error.to_string() })),
    }
}

async fn set_application(alipay: Data<Alipay>, application: Json<Application>) -> HttpResponse {
    alipay.set_application(application.into_inner());
    found(true)
}

async fn set_buyer(alipay: Data<Alipay>, buyer: Json<Buyer>) -> HttpResponse {
    alipay.set_buyer(buyer.into_inner());
    found(true)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Phone {
    user_id: String,
}

async fn hand_phone(alipay: Data<Alipay>, phone: Json<Phone>) -> HttpResponse {
    found(alipay.hand_phone_to(&phone.user_id))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    qr_code: String,
}

async fn scan(alipay: Data<Alipay>, code: Json<Code>) -> HttpResponse {
    match alipay.scan(&code.qr_code) {
        Ok(trade_no) => HttpResponse::Ok().json(json!({ "trade_no": trade_no })),
        Err(failure) => HttpResponse::Conflict().json(json!({ "message": failure.to_string() })),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    trade_no: String,
}

async fn pay(alipay: Data<Alipay>, named: Json<Named>) -> HttpResponse {
    match alipay.pay(&named.trade_no) {
        Ok(()) => found(true),
        Err(failure) => HttpResponse::Conflict().json(json!({ "message": failure.to_string() })),
    }
}

async fn finish(alipay: Data<Alipay>, named: Json<Named>) -> HttpResponse {
    found(alipay.finish(&named.trade_no))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refund {
    pid: String,
    out_trade_no: String,
    out_request_no: String,
}

async fn complete_refund(alipay: Data<Alipay>, refund: Json<Refund>) -> HttpResponse {
    found(alipay.complete_refund(&refund.pid, &refund.out_trade_no, &refund.out_request_no))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BankAnswer {
    pid: String,
    out_trade_no: String,
    out_request_no: String,
    arrived: bool,
}

async fn end_bank_return(alipay: Data<Alipay>, answer: Json<BankAnswer>) -> HttpResponse {
    let BankAnswer { pid, out_trade_no, out_request_no, arrived } = answer.into_inner();
    found(alipay.end_bank_return(&pid, &out_trade_no, &out_request_no, arrived))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refuse {
    /// `alipay.refund`
    call: String,
    refusal: Refusal,
    #[serde(default)]
    after_effect: bool,
    #[serde(default = "once")]
    times: u32,
}

fn once() -> u32 {
    1
}

async fn refuse(alipay: Data<Alipay>, ask: Json<Refuse>) -> HttpResponse {
    let Refuse { call, refusal, after_effect, times } = ask.into_inner();
    alipay.refuse_next(&call, refusal, after_effect, times);
    found(true)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Balance {
    pid: String,
    /// Absent: always enough.
    balance_fen: Option<i64>,
}

async fn set_balance(alipay: Data<Alipay>, balance: Json<Balance>) -> HttpResponse {
    alipay.set_balance(&balance.pid, balance.balance_fen);
    found(true)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BridgeCode {
    code: String,
}

async fn set_bridge_code(alipay: Data<Alipay>, chosen: Json<BridgeCode>) -> HttpResponse {
    found(alipay.set_next_bridge_code(&chosen.code))
}

async fn quirks(alipay: Data<Alipay>) -> HttpResponse {
    HttpResponse::Ok().json(alipay.quirks())
}

/// What is left out goes back to its default.
async fn set_quirks(alipay: Data<Alipay>, quirks: Json<Quirks>) -> HttpResponse {
    alipay.set_quirks(quirks.into_inner());
    found(true)
}

async fn rotate(alipay: Data<Alipay>) -> HttpResponse {
    alipay.rotate();
    found(true)
}
