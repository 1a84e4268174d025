//! Refunds: accepted at once, ended later.
//!
//! # Source
//! WeChat Pay API v3 reference, sections 6.1 to 6.5.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::Wechat;
use super::book::{Book, Order, OrderKey, Refund, RefundState, TradeState};
use super::fields::{self, Field, Kind, may, must};
use super::gate::{Answered, Caller};
use super::merchant::{Merchant, fee_of};
use super::quirks::GapAnswer;
use super::refusal::Refusal;
use super::sign;
use crate::clock::{DAY_MS, SECOND_MS, rfc3339};
use crate::faults::{Fault, Stage};

const MOST_REFUNDS: usize = 50;
const REFUNDABLE_MS: i64 = 365 * DAY_MS;
const REFUND_SIGNS: &str = "_-|*@";

const FROM: &[Field] = &[
    must("account", "出资账户类型", Kind::Word(&["AVAILABLE", "UNAVAILABLE"])),
    must("amount", "出资金额", Kind::Int { min: 1 }),
];
const AMOUNT: &[Field] = &[
    must("refund", "退款金额", Kind::Int { min: 1 }),
    must("total", "原订单金额", Kind::Int { min: 1 }),
    must("currency", "退款币种", Kind::Word(&["CNY"])),
    may("from", "退款出资账户及金额", Kind::Objects(FROM)),
];
const GOODS: &[Field] = &[
    must("merchant_goods_id", "商户侧商品编码", Kind::Text { min: 1, max: 32 }),
    may("wechatpay_goods_id", "微信侧商品编码", Kind::Text { min: 1, max: 32 }),
    may("goods_name", "商品名称", Kind::Text { min: 1, max: 256 }),
    must("unit_price", "商品单价", Kind::Int { min: 0 }),
    must("refund_amount", "商品退款金额", Kind::Int { min: 0 }),
    must("refund_quantity", "商品退货数量", Kind::Int { min: 0 }),
];
const REFUND_NUMBER: Field =
    must("out_refund_no", "商户退款单号", Kind::Number { min: 1, max: 64, signs: REFUND_SIGNS });
const REFUND: &[Field] = &[
    may("transaction_id", "微信支付订单号", Kind::Text { min: 1, max: 32 }),
    may("out_trade_no", "商户订单号", Kind::Number { min: 6, max: 32, signs: "_-|*" }),
    REFUND_NUMBER,
    may("reason", "退款原因", Kind::Text { min: 1, max: 80 }),
    may("notify_url", "退款结果回调url", Kind::Url { max: 256 }),
    may("funds_account", "退款资金来源", Kind::Word(&["AVAILABLE", "UNSETTLED"])),
    must("amount", "金额信息", Kind::Object(AMOUNT)),
    may("goods_detail", "退款商品", Kind::Objects(GOODS)),
];
const CARDS: &[&str] = &[
    "CMB_DEBIT",
    "COMM_DEBIT",
    "ABC_DEBIT",
    "CCB_DEBIT",
    "ICBC_DEBIT",
    "BOC_DEBIT",
    "PAB_DEBIT",
    "SPDB_DEBIT",
    "CITIC_DEBIT",
    "CEB_DEBIT",
    "CMBC_DEBIT",
    "CIB_DEBIT",
    "GDB_DEBIT",
    "PSBC_DEBIT",
    "NBCB_DEBIT",
];
const ABNORMAL: &[Field] = &[
    REFUND_NUMBER,
    must("type", "异常退款处理方式", Kind::Word(&["USER_BANK_CARD", "MERCHANT_BANK_CARD"])),
    may("bank_type", "开户银行", Kind::Word(CARDS)),
    may("bank_account", "收款银行卡号", Kind::Text { min: 1, max: 1024 }),
    may("real_name", "收款用户姓名", Kind::Text { min: 1, max: 1024 }),
];

#[derive(Serialize)]
struct Told<'a> {
    refund_id: &'a str,
    out_refund_no: &'a str,
    transaction_id: &'a str,
    out_trade_no: &'a str,
    channel: &'static str,
    user_received_account: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    success_time: Option<String>,
    create_time: String,
    status: &'static str,
    funds_account: &'a str,
    amount: ToldAmount,
    promotion_detail: [(); 0],
}

#[derive(Serialize)]
struct ToldAmount {
    total: i64,
    refund: i64,
    payer_total: i64,
    payer_refund: i64,
    settlement_refund: i64,
    settlement_total: i64,
    discount_refund: i64,
    currency: &'static str,
}

fn told(refund: &Refund) -> Vec<u8> {
    let told = Told {
        refund_id: &refund.refund_id,
        out_refund_no: &refund.out_refund_no,
        transaction_id: &refund.transaction_id,
        out_trade_no: &refund.out_trade_no,
        channel: refund.channel,
        user_received_account: "支付用户零钱",
        success_time: refund.succeeded_ms.map(rfc3339),
        create_time: rfc3339(refund.accepted_ms),
        status: refund.state.code(),
        funds_account: &refund.funds_account,
        amount: ToldAmount {
            total: refund.total_fen,
            refund: refund.refund_fen,
            payer_total: refund.total_fen,
            payer_refund: refund.refund_fen,
            settlement_refund: refund.refund_fen,
            settlement_total: refund.total_fen,
            discount_refund: 0,
            currency: "CNY",
        },
        promotion_detail: [],
    };
    serde_json::to_vec(&told).unwrap_or_default()
}

impl Wechat {
    /// `POST /v3/refund/domestic/refunds`.
    pub(crate) fn refund(&self, caller: &Caller, body: &[u8]) -> Answered {
        let map = fields::parse(body, REFUND)?;
        let text = |key: &str| map.get(key).and_then(Value::as_str);
        let (refund_fen, total_fen) = amounts(&map)?;
        let merchant = &caller.merchant;
        let now_ms = self.shared().clock.now_ms();
        let mut book = self.book();
        let order = find_order(&book, merchant, text("transaction_id"), text("out_trade_no"))?;
        let key = (merchant.mchid.clone(), text("out_refund_no").unwrap_or_default().to_owned());
        let fingerprint = fields::canonical(&Value::Object(map.clone()));
        if let Some(known) = book.refunds.get(&key) {
            if known.fingerprint == fingerprint {
                return Ok(Some(told(known)));
            }
            return Err(Refusal::invalid_request("订单金额或退款金额与之前请求不一致，请核实后再试"));
        }
        self.check_refundable(&book, &order, refund_fen, total_fen, now_ms)?;
        let fee_back_fen = fee_back(&book, &order, refund_fen);
        debit(merchant, refund_fen.saturating_sub(fee_back_fen))?;
        let refund = Refund {
            refund_id: refund_id(self.shared().seed, now_ms, book.next_serial()),
            mchid: merchant.mchid.clone(),
            out_refund_no: key.1.clone(),
            out_trade_no: order.out_trade_no.clone(),
            transaction_id: order.paid.map(|paid| paid.transaction_id).unwrap_or_default(),
            fingerprint,
            refund_fen,
            total_fen,
            fee_back_fen,
            funds_account: text("funds_account").unwrap_or("AVAILABLE").to_owned(),
            notify_url: text("notify_url").map(str::to_owned),
            accepted_ms: now_ms,
            ends: self.refund_end(now_ms),
            state: RefundState::Processing,
            succeeded_ms: None,
            closed_ms: None,
            abnormal_ms: None,
            channel: "ORIGINAL",
        };
        let answer = told(&refund);
        if let Some(order) = book.orders.get_mut(&(merchant.mchid.clone(), order.out_trade_no)) {
            order.state = TradeState::Refund;
        }
        book.refunds.insert(key, refund);
        Ok(Some(answer))
    }

    fn check_refundable(
        &self,
        book: &Book,
        order: &Order,
        refund_fen: i64,
        total_fen: i64,
        now_ms: i64,
    ) -> Result<(), Refusal> {
        let Some(paid) = &order.paid else { return Err(no_such_order()) };
        if total_fen != paid.amount_fen {
            return Err(Refusal::invalid_request("您的请求参数与订单信息不一致"));
        }
        if now_ms.saturating_sub(paid.at_ms) > REFUNDABLE_MS {
            return Err(Refusal::new(403, "TRADE_OVERDUE", "订单已超过可退款的最大期限"));
        }
        let refunded_fen = book.refunded_fen(order);
        if refunded_fen >= paid.amount_fen {
            return Err(Refusal::invalid_request("订单已全额退款"));
        }
        if refunded_fen.saturating_add(refund_fen) > paid.amount_fen {
            return Err(Refusal::invalid_request("申请退款金额超过订单可退金额"));
        }
        let earlier = book.refunds_of(order);
        if earlier.len() >= MOST_REFUNDS {
            return Err(Refusal::invalid_request("一笔订单最多支持50次部分退款"));
        }
        let gap_ms = self.settings().refund_gap_s.saturating_mul(SECOND_MS);
        if earlier.last().is_some_and(|last| now_ms.saturating_sub(last.accepted_ms) < gap_ms) {
            let message = "同一笔订单的多次退款需间隔1分钟";
            return Err(match self.settings().quirks.gap_answer {
                GapAnswer::FrequencyLimited => Refusal::new(429, "FREQUENCY_LIMITED", message),
                GapAnswer::InvalidRequest => Refusal::invalid_request(message),
            }
            .internal(268_447_840));
        }
        Ok(())
    }

    /// When and how an accepted refund ends.
    fn refund_end(&self, now_ms: i64) -> Option<(i64, RefundState)> {
        let usual_ms = now_ms.saturating_add(self.settings().refund_takes_s.saturating_mul(SECOND_MS));
        match self.shared().faults.take("wechat.refund", Stage::Refund) {
            Some(Fault::RefundStuck) => None,
            Some(Fault::RefundAbnormal) => Some((usual_ms, RefundState::Abnormal)),
            Some(Fault::RefundClosed) => Some((usual_ms, RefundState::Closed)),
            Some(Fault::RefundLate { seconds }) => {
                Some((now_ms.saturating_add(seconds.saturating_mul(SECOND_MS)), RefundState::Success))
            }
            _ => Some((usual_ms, RefundState::Success)),
        }
    }

    /// `GET /v3/refund/domestic/refunds/{out_refund_no}`.
    pub(crate) fn query_refund(&self, caller: &Caller, out_refund_no: &str) -> Answered {
        fields::check_path(out_refund_no, &REFUND_NUMBER)?;
        let book = self.book();
        let key = (caller.merchant.mchid.clone(), out_refund_no.to_owned());
        book.refunds.get(&key).map(|refund| Some(told(refund))).ok_or_else(no_such_refund)
    }

    /// `POST /v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund`.
    pub(crate) fn redirect_abnormal(&self, caller: &Caller, refund_id: &str, body: &[u8]) -> Answered {
        let map = fields::parse(body, ABNORMAL)?;
        if map["type"] == "USER_BANK_CARD" {
            self.check_card(caller, &map)?;
        }
        let now_ms = self.shared().clock.now_ms();
        let takes_ms = self.settings().refund_takes_s.saturating_mul(SECOND_MS);
        let mut book = self.book();
        let key =
            (caller.merchant.mchid.clone(), map["out_refund_no"].as_str().unwrap_or_default().to_owned());
        let refund = book.refunds.get_mut(&key).filter(|refund| refund.refund_id == refund_id);
        let refund = refund.ok_or_else(no_such_refund)?;
        if refund.state != RefundState::Abnormal {
            return Err(Refusal::invalid_request("退款单状态不是退款异常，不能发起异常退款"));
        }
        refund.state = RefundState::Processing;
        refund.channel = "OTHER_BANKCARD";
        refund.ends = Some((now_ms.saturating_add(takes_ms), RefundState::Success));
        Ok(Some(told(refund)))
    }

    /// The card's fields must be there and be encrypted to the key that the header names.
    fn check_card(&self, caller: &Caller, map: &Map<String, Value>) -> Result<(), Refusal> {
        let Some(serial) = &caller.serial else {
            return Err(Refusal::param("HTTP header缺少微信支付平台证书序列号(Wechatpay-Serial)"));
        };
        let key = caller.merchant.known_key(serial, self.shared().clock.now_ms());
        let key = key.ok_or_else(|| Refusal::param("平台证书序列号Wechatpay-Serial错误"))?.key();
        for (field, name) in
            [("bank_type", "开户银行"), ("bank_account", "收款银行卡号"), ("real_name", "收款用户姓名")]
        {
            let value = map.get(field).and_then(Value::as_str);
            let value = value.ok_or_else(|| fields::missing("body", &format!("/body/{field}"), name))?;
            if field != "bank_type" && sign::open_field(&key, value).is_none() {
                return Err(Refusal::param(format!("输入源“/body/{field}”映射到字段“{name}”解密失败")));
            }
        }
        Ok(())
    }

    /// Ends a refund now, whatever was planned; for control. False when it is unknown or has ended.
    pub fn end_refund(self: &Arc<Self>, mchid: &str, out_refund_no: &str, end: RefundState) -> bool {
        let key = (mchid.to_owned(), out_refund_no.to_owned());
        let open =
            |refund: &&mut Refund| matches!(refund.state, RefundState::Processing | RefundState::Abnormal);
        if self.book().refunds.get_mut(&key).filter(open).is_none() {
            return false;
        }
        self.finish(&key, end)
    }

    /// Refunds that are due by now, oldest first.
    pub(crate) fn refunds_due(&self, now_ms: i64) -> Vec<(OrderKey, RefundState)> {
        let book = self.book();
        let mut due: Vec<(i64, OrderKey, RefundState)> = book
            .refunds
            .iter()
            .filter(|(_, refund)| refund.state == RefundState::Processing)
            .filter_map(|(key, refund)| refund.ends.map(|(at_ms, end)| (at_ms, key.clone(), end)))
            .filter(|(at_ms, ..)| *at_ms <= now_ms)
            .collect();
        due.sort_by(|one, two| (one.0, &one.1).cmp(&(two.0, &two.1)));
        due.into_iter().map(|(_, key, end)| (key, end)).collect()
    }

    /// Moves the money and tells the merchant.
    pub(crate) fn finish(self: &Arc<Self>, key: &OrderKey, end: RefundState) -> bool {
        let now_ms = self.shared().clock.now_ms();
        let mut book = self.book();
        let Some(refund) = book.refunds.get_mut(key) else { return false };
        refund.state = end;
        refund.ends = None;
        match end {
            RefundState::Success => refund.succeeded_ms = Some(now_ms),
            RefundState::Closed => refund.closed_ms = Some(now_ms),
            RefundState::Abnormal => refund.abnormal_ms = Some(now_ms),
            RefundState::Processing => {}
        }
        let refund = refund.clone();
        let payer = book
            .orders
            .get(&(refund.mchid.clone(), refund.out_trade_no.clone()))
            .and_then(|order| order.paid.as_ref().map(|paid| (order.appid.clone(), paid.openid.clone())));
        let user = payer.and_then(|(appid, openid)| self.user_in(&book, &appid, &openid));
        if let (RefundState::Success, Some(user)) = (end, user)
            && let Some(purse) = book.users.iter_mut().find(|one| one.id == user)
        {
            purse.balance_fen = purse.balance_fen.saturating_add(refund.refund_fen);
        }
        drop(book);
        if end == RefundState::Closed
            && let Some(merchant) = self.merchant(&refund.mchid)
        {
            let back_fen = refund.refund_fen.saturating_sub(refund.fee_back_fen);
            let mut portal = merchant.portal();
            portal.balance_fen = portal.balance_fen.saturating_add(back_fen);
        }
        self.tell_refund(&refund);
        true
    }
}

fn amounts(map: &Map<String, Value>) -> Result<(i64, i64), Refusal> {
    let amount = &map["amount"];
    let refund_fen = amount["refund"].as_i64().unwrap_or_default();
    let total_fen = amount["total"].as_i64().unwrap_or_default();
    if refund_fen > total_fen {
        return Err(Refusal::invalid_request("退款金额不能大于原订单金额"));
    }
    if let Some(from) = amount.get("from").and_then(Value::as_array) {
        let parts = from.iter().filter_map(|part| part["amount"].as_i64());
        let sum = parts.fold(0_i64, i64::saturating_add);
        if sum != refund_fen {
            return Err(Refusal::invalid_request("退款出资金额之和与退款金额不一致"));
        }
    }
    Ok((refund_fen, total_fen))
}

fn find_order(
    book: &Book,
    merchant: &Merchant,
    transaction_id: Option<&str>,
    out_trade_no: Option<&str>,
) -> Result<Order, Refusal> {
    if transaction_id.is_none() && out_trade_no.is_none() {
        return Err(fields::missing("body", "/body/transaction_id", "微信支付订单号"));
    }
    let matches = |order: &&Order| {
        let id = order.paid.as_ref().map(|paid| paid.transaction_id.as_str());
        order.mchid == merchant.mchid
            && order.paid.is_some()
            && out_trade_no.is_none_or(|number| order.out_trade_no == number)
            && (transaction_id.is_none() || id == transaction_id)
    };
    book.orders.values().find(matches).cloned().ok_or_else(no_such_order)
}

/// The fee goes back pro rata; the last refund takes what is left, so that the parts add up.
fn fee_back(book: &Book, order: &Order, refund_fen: i64) -> i64 {
    let Some(paid) = &order.paid else { return 0 };
    let counts = |refund: &&Refund| refund.state != RefundState::Closed;
    let given_back: i64 =
        book.refunds_of(order).into_iter().filter(counts).map(|refund| refund.fee_back_fen).sum();
    let left_fen = paid.fee_fen().saturating_sub(given_back);
    if book.refunded_fen(order).saturating_add(refund_fen) >= paid.amount_fen {
        return left_fen;
    }
    fee_of(refund_fen, paid.fee_basis_points).min(left_fen)
}

fn debit(merchant: &Merchant, amount_fen: i64) -> Result<(), Refusal> {
    let mut portal = merchant.portal();
    if portal.balance_fen < amount_fen {
        return Err(Refusal::new(403, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起"));
    }
    portal.balance_fen -= amount_fen;
    Ok(())
}

/// `50…`, 29 digits.
fn refund_id(seed: u64, now_ms: i64, serial: u64) -> String {
    let day = crate::clock::day(now_ms).replace('-', "");
    format!("50{:09}{day}{serial:010}", seed % 1_000_000_000)
}

fn no_such_order() -> Refusal {
    Refusal::new(404, "RESOURCE_NOT_EXISTS", "订单不存在").internal(268_512_771)
}

fn no_such_refund() -> Refusal {
    Refusal::new(404, "RESOURCE_NOT_EXISTS", "退款单不存在").internal(268_512_771)
}
