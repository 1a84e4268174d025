//! Opening an order: for a known buyer, as a code on a screen, by the browser, from a payment code.
//!
//! # Source
//! Protocol page sections 6.1 to 6.5.

use serde_json::{Value, json};

use super::Alipay;
use super::book::TradeIndex;
use super::canonical::Parameters;
use super::credentials::{Application, BuyerIds};
use super::envelope::Members;
use super::form::{self, Content};
use super::gate::Outcome;
use super::refusal::Refusal;
use super::trade::{CODE_LIFE_MS, Origin, Trade, TradeStatus};
use super::{State, wallet};
use crate::clock::{DAY_MS, SECOND_MS};
use crate::faults::Stage;
use crate::money::yuan;

impl Alipay {
    /// `alipay.trade.create`: a trade for a known buyer, at once.
    pub(super) fn create(
        &self,
        application: &Application,
        parameters: &Parameters,
        content: &Content,
    ) -> Outcome {
        let draft = self.draft(application, parameters, content, Origin::Create)?;
        let mut state = self.state();
        let buyer = buyer_named(&state, application, content)?;
        let index = match repeated(&state, &draft)? {
            Some(index) if state.book.get(index).buyer.as_ref().is_some_and(|first| *first != buyer) => {
                return Err(Refusal::business("ACQ.TRADE_BUYER_NOT_MATCH", "交易买家不匹配"));
            }
            Some(_) if !state.quirks.equal_create_gets_the_same_trade => {
                return Err(Refusal::business("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改"));
            }
            Some(index) => index,
            None => state.book.add(draft),
        };
        let trade = state.book.get_mut(index);
        trade.appear(&buyer, self.shared.clock.now_ms());
        Ok(vec![("out_trade_no", json!(trade.out_trade_no)), ("trade_no", json!(trade.trade_no))])
    }

    /// `alipay.trade.precreate`: a code, and no trade until someone scans it.
    pub(super) fn precreate(
        &self,
        application: &Application,
        parameters: &Parameters,
        content: &Content,
    ) -> Outcome {
        let mut draft = self.draft(application, parameters, content, Origin::Precreate)?;
        let mut state = self.state();
        if let Some(index) = state.book.by_out_trade_no(&draft.pid, &draft.out_trade_no) {
            repeated(&state, &draft)?;
            let sub_msg = format!("订单 {} 已生成过二维码", state.book.get(index).out_trade_no);
            return Err(Refusal::business("ACQ.APPLY_PC_MERCHANT_CODE_ERROR", &sub_msg));
        }
        let code = format!("{}/alipay/qr/bax{}", self.shared.base_url, self.shared.random.hex(21));
        let now_ms = self.shared.clock.now_ms();
        draft.code_dies_at_ms = Some(code_death(content, now_ms)?);
        draft.qr_code = Some(code.clone());
        let out_trade_no = draft.out_trade_no.clone();
        state.book.add(draft);
        Ok(vec![("out_trade_no", json!(out_trade_no)), ("qr_code", json!(code))])
    }

    /// `alipay.trade.wap.pay`: where the browser is sent. The trade appears when the buyer opens the cashier.
    pub(super) fn open_cashier(
        &self,
        application: &Application,
        parameters: &Parameters,
    ) -> Result<String, Refusal> {
        let content = Content::read(parameters)?;
        let mut draft = self.draft(application, parameters, &content, Origin::Wap)?;
        draft.quit_url = content.text("quit_url", 400)?;
        draft.return_url = parameters.get("return_url").filter(|address| !address.is_empty()).cloned();
        let mut state = self.state();
        let index = match repeated(&state, &draft)? {
            Some(index) => index,
            None => state.book.add(draft),
        };
        Ok(format!("{}/alipay/cashier?trade_no={}", self.shared.base_url, state.book.get(index).trade_no))
    }

    /// `alipay.trade.pay`: money from a payment code. The last two digits of the code choose what happens.
    pub(super) fn pay_by_code(
        &self,
        application: &Application,
        parameters: &Parameters,
        content: &Content,
    ) -> Outcome {
        let draft = self.draft(application, parameters, content, Origin::PaymentCode)?;
        let zero = |refusal: Refusal| refusal.with_zero_amounts(None);
        let auth_code = content.required("auth_code", 64)?;
        if !is_payment_code(&auth_code) {
            let sub_msg = "支付失败，获取顾客账户信息失败，请顾客刷新付款码后重新收款，如再次收款失败，请联系管理员处理。[SOUNDWAVE_PARSER_FAIL]";
            return Err(zero(Refusal::business("ACQ.PAYMENT_AUTH_CODE_INVALID", sub_msg)));
        }
        let no_funds = self.shared.faults.take("alipay.pay", Stage::Charge).is_some();
        let now_ms = self.shared.clock.now_ms();
        let ending = PaymentCodeEnding::of(&auth_code);
        match ending {
            _ if no_funds => {
                return Err(zero(Refusal::business("ACQ.BUYER_BALANCE_NOT_ENOUGH", "买家余额不足")));
            }
            PaymentCodeEnding::Refused => {
                let sub_msg = "支付失败，付款码已失效，请顾客刷新付款码";
                return Err(zero(Refusal::business("ACQ.PAYMENT_AUTH_CODE_INVALID", sub_msg)));
            }
            _ => {}
        }
        let (index, paid) = {
            let mut state = self.state();
            if repeated(&state, &draft)?.is_some() {
                return Err(zero(Refusal::business("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")));
            }
            let buyer = state.phone.clone();
            let index = state.book.add(draft);
            let trade = state.book.get_mut(index);
            trade.appear(&buyer, now_ms);
            let paid = match ending {
                PaymentCodeEnding::PasswordThenPaid => {
                    trade.password_due_at_ms = Some(now_ms + 10 * SECOND_MS);
                    None
                }
                PaymentCodeEnding::PasswordNever => None,
                _ => Some(trade.pay(now_ms)),
            };
            (index, paid)
        };
        if let Some(news) = &paid {
            self.tell_merchant(index, news);
        }
        if ending == PaymentCodeEnding::UnknownButPaid {
            return Err(Refusal::unavailable());
        }
        let state = self.state();
        let trade = state.book.get(index);
        let mut members = payment_members(&state, application, trade);
        if paid.is_none() {
            members.push(("code", json!("10003")));
            members.push(("msg", json!(" order success pay inprocess")));
        } else {
            members.push(("gmt_payment", json!(crate::clock::date_time(now_ms))));
            let amount = yuan(trade.total_fen);
            members
                .push(("fund_bill_list", json!([{ "fund_channel": trade.fund_channel, "amount": amount }])));
        }
        Ok(members)
    }

    /// An order as the call describes it, not in the book yet.
    fn draft(
        &self,
        application: &Application,
        parameters: &Parameters,
        content: &Content,
        origin: Origin,
    ) -> Result<Trade, Refusal> {
        let now_ms = self.shared.clock.now_ms();
        let out_trade_no = content.required("out_trade_no", 64)?;
        if !out_trade_no.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(Refusal::business("ACQ.INVALID_PARAMETER", "参数无效：out_trade_no"));
        }
        let subject = content.required("subject", 256)?;
        if subject.contains(['/', '=', '&']) {
            return Err(Refusal::business(
                "ACQ.INVALID_PARAMETER",
                "参数无效：subject 含有 / = & 等特殊字符",
            ));
        }
        check_product(content.text("product_code", 64)?.as_deref(), origin)?;
        if content.text("seller_id", 28)?.is_some_and(|seller_id| seller_id != application.pid) {
            return Err(Refusal::business("ACQ.SELLER_NOT_EXIST", "卖家不存在"));
        }
        let expires_at_ms = expiry(content, origin, now_ms)?;
        if expires_at_ms <= now_ms {
            return Err(Refusal::business(
                "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR",
                "当前时间已超过允许支付的时间",
            ));
        }
        Ok(Trade {
            app_id: application.app_id.clone(),
            pid: application.pid.clone(),
            trade_no: String::new(),
            out_trade_no,
            origin,
            total_fen: content.amount_fen("total_amount")?,
            subject,
            body: content.text("body", 128)?,
            passback_params: content.text("passback_params", 512)?,
            notify_url: parameters.get("notify_url").filter(|address| !address.is_empty()).cloned(),
            return_url: None,
            quit_url: None,
            qr_code: None,
            code_dies_at_ms: None,
            appeared: false,
            buyer: None,
            created_at_ms: now_ms,
            expires_at_ms,
            status: TradeStatus::WaitBuyerPay,
            paid_at_ms: None,
            ended_at_ms: None,
            cancelled: None,
            password_due_at_ms: None,
            fund_channel: "ALIPAYACCOUNT",
            refunds: Vec::new(),
        })
    }
}

/// The order that this one repeats. Changed details, and orders that have ended, are refused.
fn repeated(state: &State, draft: &Trade) -> Result<Option<TradeIndex>, Refusal> {
    let Some(index) = state.book.by_out_trade_no(&draft.pid, &draft.out_trade_no) else { return Ok(None) };
    let trade = state.book.get(index);
    match trade.status {
        TradeStatus::TradeSuccess | TradeStatus::TradeFinished => {
            Err(Refusal::business("ACQ.TRADE_HAS_SUCCESS", "交易已被支付"))
        }
        TradeStatus::TradeClosed => Err(Refusal::business("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")),
        TradeStatus::WaitBuyerPay
            if trade.total_fen != draft.total_fen
                || trade.subject != draft.subject
                || trade.origin != draft.origin =>
        {
            Err(Refusal::business("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改"))
        }
        TradeStatus::WaitBuyerPay => Ok(Some(index)),
    }
}

/// The buyer that `trade.create` names, in the kind of id that the application is on.
fn buyer_named(state: &State, application: &Application, content: &Content) -> Result<String, Refusal> {
    let user_id = content.text("buyer_id", 28)?;
    let open_id = content.text("buyer_open_id", 128)?;
    let takes_user_id = application.buyer_ids != BuyerIds::OpenId;
    let takes_open_id = application.buyer_ids != BuyerIds::UserId;
    match (user_id, open_id) {
        (_, Some(open_id)) if takes_open_id => state
            .buyers
            .values()
            .find(|buyer| buyer.open_id(&application.app_id) == open_id)
            .map(|buyer| buyer.user_id.clone())
            .ok_or_else(|| Refusal::argument("invalid-openid", "无效的 open_id")),
        (Some(user_id), None) if takes_user_id => {
            let known = state.buyers.contains_key(&user_id);
            known.then_some(user_id).ok_or_else(|| Refusal::business("ACQ.BUYER_NOT_EXIST", "买家不存在"))
        }
        _ => Err(Refusal::business("ACQ.INVALID_PARAMETER", "参数无效：buyer_id 或 buyer_open_id")),
    }
}

fn check_product(product_code: Option<&str>, origin: Origin) -> Result<(), Refusal> {
    let allowed: &[&str] = match origin {
        Origin::Create => &["JSAPI_PAY"],
        Origin::Precreate => &["QR_CODE_OFFLINE", "FACE_TO_FACE_PAYMENT"],
        Origin::Wap => &["QUICK_WAP_WAY"],
        Origin::PaymentCode => &["FACE_TO_FACE_PAYMENT", "OFFLINE_PAYMENT"],
    };
    match product_code {
        None if origin == Origin::PaymentCode => Ok(()),
        Some(code) if allowed.contains(&code) => Ok(()),
        _ => Err(Refusal::business("ACQ.INVALID_PARAMETER", "参数无效：product_code")),
    }
}

/// `time_expire` wins over `timeout_express`; without either the product's own life applies.
fn expiry(content: &Content, origin: Origin, now_ms: i64) -> Result<i64, Refusal> {
    let wrong = |name: &str| Refusal::business("ACQ.INVALID_PARAMETER", &format!("参数无效：{name}"));
    let asked = match (content.time_ms("time_expire")?, content.text("timeout_express", 6)?) {
        (Some(at_ms), _) => Some(at_ms),
        (None, Some(text)) => Some(form::timeout_ms(&text, now_ms).ok_or_else(|| wrong("timeout_express"))?),
        (None, None) => None,
    };
    Ok(match origin {
        Origin::Precreate | Origin::PaymentCode => asked.unwrap_or(now_ms + 3 * 3_600 * SECOND_MS),
        Origin::Create | Origin::Wap => asked.unwrap_or(now_ms + 15 * DAY_MS),
    })
}

/// The code's own end, which is not the order's: whoever has scanned in time may pay for as long as the order lives.
fn code_death(content: &Content, now_ms: i64) -> Result<i64, Refusal> {
    let longest_ms = now_ms + CODE_LIFE_MS;
    let Some(text) = content.text("qr_code_timeout_express", 6)? else { return Ok(longest_ms) };
    let asked = form::timeout_ms(&text, now_ms);
    let wrong = || Refusal::business("ACQ.INVALID_PARAMETER", "参数无效：qr_code_timeout_express");
    Ok(asked.ok_or_else(wrong)?.min(longest_ms))
}

/// What the last two digits of a payment code ask for; anything else is paid at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PaymentCodeEnding {
    Paid,
    /// `01`: 10003, and paid ten seconds later.
    PasswordThenPaid,
    /// `02`: 10003, and never paid.
    PasswordNever,
    /// `03`: 20000, although it was paid.
    UnknownButPaid,
    /// `05`: refused.
    Refused,
}

impl PaymentCodeEnding {
    fn of(auth_code: &str) -> Self {
        match auth_code.get(auth_code.len().saturating_sub(2)..) {
            Some("01") => Self::PasswordThenPaid,
            Some("02") => Self::PasswordNever,
            Some("03") => Self::UnknownButPaid,
            Some("05") => Self::Refused,
            _ => Self::Paid,
        }
    }
}

/// 16 to 24 digits that begin with 25 to 30.
fn is_payment_code(text: &str) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let prefix = text.get(..2).and_then(|prefix| prefix.parse::<u32>().ok());
    digits && (16..=24).contains(&text.len()) && prefix.is_some_and(|prefix| (25..=30).contains(&prefix))
}

/// What query and pay say of a trade's money; the amounts beside the total are zero until it is paid.
pub(super) fn payment_members(state: &State, application: &Application, trade: &Trade) -> Members {
    let paid = if trade.is_paid() { yuan(trade.total_fen) } else { yuan(0) };
    let mut members = vec![
        ("trade_no", json!(trade.trade_no)),
        ("out_trade_no", json!(trade.out_trade_no)),
        ("total_amount", json!(yuan(trade.total_fen))),
        ("buyer_pay_amount", json!(paid)),
        ("receipt_amount", json!(paid)),
        ("invoice_amount", json!(paid)),
        ("point_amount", Value::from("0.00")),
    ];
    members.extend(buyer_members(state, application, trade));
    members
}

/// The buyer under the names that answers use.
pub(super) fn buyer_members(state: &State, application: &Application, trade: &Trade) -> Members {
    let Some(buyer) = trade.buyer.as_ref().and_then(|user_id| state.buyers.get(user_id)) else {
        return Vec::new();
    };
    let mut members = vec![("buyer_logon_id", json!(buyer.logon_id))];
    members.extend(wallet::buyer_ids(application, buyer, ["buyer_user_id", "buyer_open_id"]));
    members
}
