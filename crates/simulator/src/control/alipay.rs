//! Alipay's part of the control page: whose phone it is, scanning, paying, refunds that wait, applications and their money.

use std::fmt::Write as _;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Form};
use serde::Deserialize;

use super::page::{button, section};
use crate::Parties;
use crate::alipay::{Alipay, BRIDGE_CODES, BankReturn, KeyMode, RefundState, TradeStatus};
use crate::html::escape;
use crate::ledger::{LedgerPayment, LedgerRefund};
use crate::money::yuan_grouped;
use crate::sheet::{see_other, told};

/// Adds the forms below `/control/page/alipay`.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/control/page/alipay")
            .route("/buyer", web::post().to(change_buyer))
            .route("/scan", web::post().to(scan))
            .route("/pay", web::post().to(pay))
            .route("/refund", web::post().to(end_refund))
            .route("/bridge", web::post().to(set_bridge_code))
            .route("/balance", web::post().to(set_balance))
            .route("/rotate", web::post().to(rotate)),
    );
}

/// Buyers, and whose phone the browser is.
pub(super) fn people_section(parties: &Parties) -> String {
    let phone = parties.alipay.phone();
    let mut rows = String::new();
    for buyer in parties.alipay.buyers() {
        let action = if buyer.user_id == phone {
            r#"<span class="ok">正在用手机</span>"#.to_owned()
        } else {
            button("alipay/buyer", &[("user_id", &buyer.user_id)], "换成此人", "")
        };
        let _ = write!(
            rows,
            r#"<tr><td>{}</td><td class="money">{}</td><td>{action}</td></tr>"#,
            escape(&buyer.name),
            yuan_grouped(buyer.balance_fen)
        );
    }
    section(
        false,
        "支付宝用户",
        &format!(r#"<table><tr><th>姓名</th><th class="money">余额（元）</th><th></th></tr>{rows}</table>"#),
    )
}

/// A code on a screen, and what the app tells the page after the next payment.
pub(super) fn app_section(parties: &Parties) -> String {
    let chosen = parties.alipay.next_bridge_code();
    let option = |code: &str, text: &str| {
        let selected = if chosen.as_deref() == Some(code) { " selected" } else { "" };
        format!(r#"<option value="{code}"{selected}>{text}</option>"#)
    };
    let options: String = std::iter::once(option("", "照实"))
        .chain(BRIDGE_CODES.iter().map(|(code, meaning)| option(code, &format!("{code} {meaning}"))))
        .collect();
    section(
        false,
        "支付宝 App",
        &format!(
            r#"<form method="post" action="/control/page/alipay/scan"><label class="grow">订单码 qr_code<input name="qr_code" placeholder="…/alipay/qr/bax…" required></label><button type="submit">扫码</button></form>
<form method="post" action="/control/page/alipay/bridge"><label>下一次 tradePay 返回 resultCode<select name="code">{options}</select></label><button type="submit">设定</button><span class="note">钱照常，只是告诉页面的不同。</span></form>"#
        ),
    )
}

/// The button of an order that waits to be paid.
pub(super) fn payment_action(payment: &LedgerPayment) -> String {
    match &payment.trade_no {
        Some(trade_no) if payment.state == TradeStatus::WaitBuyerPay.as_str() => {
            button("alipay/pay", &[("trade_no", trade_no)], "直接付款", "")
        }
        _ => String::new(),
    }
}

/// The buttons of a refund that waits: for its money to move, or for a bank.
pub(super) fn refund_action(parties: &Parties, refund: &LedgerRefund) -> String {
    let Some(trade) = parties.alipay.trade(&refund.merchant, &refund.out_trade_no) else {
        return String::new();
    };
    let Some(found) = trade.refunds.iter().find(|one| one.out_request_no == refund.out_refund_no) else {
        return String::new();
    };
    let end = |end: &str, text: &str| {
        let values = [
            ("pid", refund.merchant.as_str()),
            ("out_trade_no", refund.out_trade_no.as_str()),
            ("out_request_no", refund.out_refund_no.as_str()),
            ("end", end),
        ];
        button("alipay/refund", &values, text, "")
    };
    let ends = match (found.state, found.bank) {
        (RefundState::Pending { .. }, _) => vec![end("moved", "到账")],
        (RefundState::Done { .. }, Some(BankReturn::Processing { .. })) => {
            vec![end("arrived", "银行到账"), end("failed", "银行退回")]
        }
        (RefundState::Done { .. }, Some(BankReturn::Failed)) => vec![end("arrived", "银行到账")],
        (RefundState::Done { .. }, Some(BankReturn::Arrived) | None) => Vec::new(),
    };
    format!(r#"<div class="acts">{}</div>"#, ends.concat())
}

/// Applications: their keys, and the money that refunds are paid from.
pub(super) fn applications_section(parties: &Parties) -> String {
    let mut rows = String::new();
    for application in parties.alipay.applications() {
        let mode = match application.key_mode {
            KeyMode::PublicKey => "公钥",
            KeyMode::Certificate => "证书",
        };
        let balance = parties.alipay.balance(&application.pid).map_or("不限".to_owned(), yuan_grouped);
        let pid = application.pid.as_str();
        let _ = write!(
            rows,
            r#"<tr><td><code>{}</code></td><td><code>{}</code></td><td>{mode}</td><td class="money">{balance}</td><td><div class="acts">{}{}</div></td></tr>"#,
            escape(&application.app_id),
            escape(pid),
            button("alipay/balance", &[("pid", pid), ("balance_fen", "0")], "清零", "bad"),
            button("alipay/balance", &[("pid", pid)], "不限", ""),
        );
    }
    let head =
        r#"<tr><th>支付宝应用</th><th>PID</th><th>模式</th><th class="money">可退余额</th><th></th></tr>"#;
    section(
        true,
        "支付宝开放平台",
        &format!(
            r#"<div class="scroll"><table>{head}{rows}</table></div><div class="acts">{}</div><p class="note">轮换后，公钥模式的商户须换支付宝公钥，证书模式的商户会自己下载新证书。</p>"#,
            button("alipay/rotate", &[], "轮换支付宝的密钥和证书", "bad"),
        ),
    )
}

fn back() -> HttpResponse {
    see_other("/")
}

#[derive(Debug, Deserialize)]
struct BuyerForm {
    user_id: String,
}

async fn change_buyer(alipay: Data<Alipay>, form: Form<BuyerForm>) -> HttpResponse {
    alipay.hand_phone_to(&form.user_id);
    back()
}

#[derive(Debug, Deserialize)]
struct ScanForm {
    qr_code: String,
}

/// The code holds the address that a phone opens.
async fn scan(alipay: Data<Alipay>, form: Form<ScanForm>) -> HttpResponse {
    match alipay.scan(form.qr_code.trim()) {
        Ok(trade_no) => see_other(&alipay.cashier_address(&trade_no)),
        Err(failure) => told("支付宝", &failure.to_string(), Some("/")),
    }
}

#[derive(Debug, Deserialize)]
struct PayForm {
    trade_no: String,
}

async fn pay(alipay: Data<Alipay>, form: Form<PayForm>) -> HttpResponse {
    let alipay: Arc<Alipay> = alipay.into_inner();
    match alipay.pay(&form.trade_no) {
        Ok(()) => back(),
        Err(failure) => told("支付宝", &failure.to_string(), Some("/")),
    }
}

#[derive(Debug, Deserialize)]
struct RefundForm {
    pid: String,
    out_trade_no: String,
    out_request_no: String,
    end: String,
}

async fn end_refund(alipay: Data<Alipay>, form: Form<RefundForm>) -> HttpResponse {
    let RefundForm { pid, out_trade_no, out_request_no, end } = form.into_inner();
    match end.as_str() {
        "moved" => alipay.complete_refund(&pid, &out_trade_no, &out_request_no),
        end => alipay.end_bank_return(&pid, &out_trade_no, &out_request_no, end == "arrived"),
    };
    back()
}

#[derive(Debug, Deserialize)]
struct BridgeForm {
    code: String,
}

async fn set_bridge_code(alipay: Data<Alipay>, form: Form<BridgeForm>) -> HttpResponse {
    alipay.set_next_bridge_code(&form.code);
    back()
}

#[derive(Debug, Deserialize)]
struct BalanceForm {
    pid: String,
    balance_fen: Option<i64>,
}

async fn set_balance(alipay: Data<Alipay>, form: Form<BalanceForm>) -> HttpResponse {
    alipay.set_balance(&form.pid, form.balance_fen);
    back()
}

async fn rotate(alipay: Data<Alipay>) -> HttpResponse {
    alipay.rotate();
    back()
}
