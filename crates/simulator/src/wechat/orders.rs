//! Create, query and close.
//!
//! # Source
//! WeChat Pay API v3 reference, sections 3.1 to 3.5.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Wechat;
use super::book::{Artefact, Channel, Order, TradeState};
use super::fields::{self, Field, Kind, may, must};
use super::gate::{Answered, Caller};
use super::merchant::Merchant;
use super::quirks::{PaidAnswer, Quirks, ReEntryAnswer};
use super::refusal::Refusal;
use crate::clock::{DAY_MS, SECOND_MS, rfc3339};
use crate::faults::{Fault, Stage};

const PREPAY_LIFE_MS: i64 = 2 * 3_600 * SECOND_MS;
const H5_LIFE_MS: i64 = 5 * 60 * SECOND_MS;
const AUTO_CLOSE_MS: i64 = 7 * DAY_MS;
/// Compact `detail` may be that long.
const LONGEST_DETAIL: usize = 6_144;

/// Signs that order numbers may contain.
const ORDER_SIGNS: &str = "_-|*";

const AMOUNT: &[Field] =
    &[must("total", "总金额", Kind::Int { min: 1 }), may("currency", "货币类型", Kind::Word(&["CNY"]))];
const GOODS: &[Field] = &[
    must("merchant_goods_id", "商户侧商品编码", Kind::Text { min: 1, max: 32 }),
    may("wechatpay_goods_id", "微信侧商品编码", Kind::Text { min: 1, max: 32 }),
    may("goods_name", "商品名称", Kind::Text { min: 1, max: 256 }),
    must("quantity", "商品数量", Kind::Int { min: 1 }),
    must("unit_price", "商品单价", Kind::Int { min: 0 }),
];
const DETAIL: &[Field] = &[
    may("cost_price", "订单原价", Kind::Int { min: 0 }),
    may("invoice_id", "商品小票ID", Kind::Text { min: 1, max: 32 }),
    may("goods_detail", "单品列表", Kind::Objects(GOODS)),
];
const STORE: &[Field] = &[
    must("id", "门店编号", Kind::Text { min: 1, max: 32 }),
    may("name", "门店名称", Kind::Text { min: 1, max: 256 }),
    may("area_code", "地区编码", Kind::Text { min: 1, max: 32 }),
    may("address", "详细地址", Kind::Text { min: 1, max: 512 }),
];
const SCENE: &[Field] = &[
    must("payer_client_ip", "用户终端IP", Kind::Text { min: 1, max: 45 }),
    may("device_id", "商户端设备号", Kind::Text { min: 1, max: 32 }),
    may("store_info", "商户门店信息", Kind::Object(STORE)),
];
const H5_INFO: &[Field] = &[
    must("type", "场景类型", Kind::Word(&["Wap", "iOS", "Android"])),
    may("app_name", "应用名称", Kind::Text { min: 1, max: 64 }),
    may("app_url", "网站URL", Kind::Text { min: 1, max: 128 }),
    may("bundle_id", "iOS平台BundleID", Kind::Text { min: 1, max: 128 }),
    may("package_name", "Android平台PackageName", Kind::Text { min: 1, max: 128 }),
];
const H5_SCENE: &[Field] =
    &[SCENE[0], SCENE[1], SCENE[2], must("h5_info", "H5场景信息", Kind::Object(H5_INFO))];
const SETTLE: &[Field] = &[may("profit_sharing", "是否指定分账", Kind::Bool)];
const PAYER: &[Field] = &[must("openid", "用户标识", Kind::Text { min: 1, max: 128 })];

/// The members that all four calls share; `scene_info` and `payer` differ.
const COMMON: [Field; 13] = [
    must("appid", "公众号ID", Kind::Text { min: 1, max: 32 }),
    must("mchid", "直连商户号", Kind::Text { min: 1, max: 32 }),
    must("description", "商品描述", Kind::Text { min: 1, max: 127 }),
    ORDER_NUMBER,
    may("time_expire", "交易结束时间", Kind::Time),
    may("attach", "附加数据", Kind::Text { min: 0, max: 128 }),
    must("notify_url", "通知地址", Kind::Url { max: 255 }),
    may("goods_tag", "订单优惠标记", Kind::Text { min: 1, max: 32 }),
    may("limit_pay", "指定支付方式", Kind::Texts),
    may("support_fapiao", "电子发票入口开放标识", Kind::Bool),
    must("amount", "订单金额", Kind::Object(AMOUNT)),
    may("detail", "优惠功能", Kind::Object(DETAIL)),
    may("settle_info", "结算信息", Kind::Object(SETTLE)),
];

const ORDER_NUMBER: Field =
    must("out_trade_no", "商户订单号", Kind::Number { min: 6, max: 32, signs: ORDER_SIGNS });
const TRANSACTION_NUMBER: Field =
    must("transaction_id", "微信支付订单号", Kind::Number { min: 1, max: 32, signs: "" });

const CLOSE: &[Field] = &[must("mchid", "直连商户号", Kind::Text { min: 1, max: 32 })];

/// What a query answers, and what a notification carries, in the order of captures.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Transaction {
    pub(crate) mchid: String,
    pub(crate) appid: String,
    pub(crate) out_trade_no: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) transaction_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trade_type: Option<&'static str>,
    pub(crate) trade_state: &'static str,
    pub(crate) trade_state_desc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bank_type: Option<&'static str>,
    pub(crate) attach: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) success_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payer: Option<Payer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) amount: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scene_info: Option<Scene>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Payer {
    pub(crate) openid: String,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Scene {
    pub(crate) device_id: String,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Amount {
    pub(crate) total: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payer_total: Option<i64>,
    pub(crate) currency: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payer_currency: Option<&'static str>,
}

impl Transaction {
    /// An order as it is told, with an amount that the fault plan may have moved.
    pub(crate) fn of(order: &Order, delta_fen: i64, quirks: &Quirks) -> Self {
        let paid = order.paid.as_ref();
        let total = paid.map_or(order.total_fen, |paid| paid.amount_fen).saturating_add(delta_fen);
        Transaction {
            mchid: order.mchid.clone(),
            appid: order.appid.clone(),
            out_trade_no: order.out_trade_no.clone(),
            transaction_id: paid.map(|paid| paid.transaction_id.clone()),
            trade_type: paid.map(|_| order.channel.trade_type()),
            trade_state: order.state.code(),
            trade_state_desc: order.state.description(),
            bank_type: paid.map(|_| "OTHERS"),
            attach: order.attach.clone(),
            success_time: paid.map(|paid| rfc3339(paid.at_ms)),
            payer: paid.map(|paid| Payer { openid: paid.openid.clone() }),
            amount: (paid.is_some() || quirks.amount_before_payment).then(|| Amount {
                total,
                payer_total: paid.map(|_| total),
                currency: "CNY",
                payer_currency: paid.map(|_| "CNY"),
            }),
            scene_info: order.device_id.clone().map(|device_id| Scene { device_id }),
        }
    }
}

impl Wechat {
    /// `POST /v3/pay/transactions/{jsapi|native|h5|app}`.
    pub(crate) fn create(&self, caller: &Caller, channel: Channel, body: &[u8]) -> Answered {
        let fields = table(channel);
        let map = fields::read(body)?;
        check_mchid(&caller.merchant, &map)?;
        fields::check_body(&map, &fields)?;
        let text = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        if text("appid") != caller.merchant.appid {
            let refusal = Refusal::new(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配，请检查后再试");
            return Err(refusal.internal(268_445_527));
        }
        check_scene(&map, channel, self.settings().h5_payers_on_this_machine)?;
        let openid = map.get("payer").and_then(|payer| payer["openid"].as_str()).map(str::to_owned);
        if let Some(openid) = &openid
            && self.user_of(&caller.merchant.appid, openid).is_none()
        {
            return Err(Refusal::param("appid与openid不匹配").internal(268_435_461));
        }
        let now_ms = self.shared().clock.now_ms();
        let total_fen = map["amount"]["total"].as_i64().unwrap_or_default();
        let deadline = map.get("time_expire").and_then(Value::as_str).and_then(fields::time_ms);
        let pay_until_ms = pay_until(channel, now_ms, deadline);
        let fingerprint = format!("{} {}", channel.segment(), fields::canonical(&Value::Object(map.clone())));
        let fresh = Order {
            mchid: caller.merchant.mchid.clone(),
            appid: text("appid"),
            out_trade_no: text("out_trade_no"),
            channel,
            description: text("description"),
            attach: text("attach"),
            notify_url: text("notify_url"),
            total_fen,
            openid,
            device_id: map.get("scene_info").and_then(|scene| scene["device_id"].as_str()).map(str::to_owned),
            fingerprint,
            created_ms: now_ms,
            pay_until_ms,
            auto_close_ms: pay_until_ms.max(now_ms.saturating_add(AUTO_CLOSE_MS)),
            state: TradeState::NotPay,
            paid: None,
            artefacts: Vec::new(),
        };
        self.enter(fresh, now_ms)
    }

    /// First entry or re-entry of a number, by section 3.2.
    fn enter(&self, fresh: Order, now_ms: i64) -> Answered {
        let quirks = &self.settings().quirks;
        self.close_expired(now_ms);
        let mut book = self.book();
        let key = (fresh.mchid.clone(), fresh.out_trade_no.clone());
        if book.burnt.contains(&key) {
            return Err(re_entry(quirks));
        }
        let order = book.orders.entry(key).or_insert_with(|| fresh.clone());
        match order.state {
            TradeState::NotPay if order.fingerprint != fresh.fingerprint => return Err(re_entry(quirks)),
            TradeState::NotPay => {}
            TradeState::Success | TradeState::Refund => {
                return Err(already_paid(quirks, "该订单已支付", 268_498_689));
            }
            TradeState::Closed => {
                let refusal = Refusal::new(400, "ORDER_CLOSED", "该订单已失效");
                return Err(refusal.internal(268_447_914));
            }
        }
        let (artefact, answer) = self.artefact(order.channel, now_ms);
        if order.channel == Channel::Native {
            // A fresh code kills the older one.
            order.artefacts.clear();
        }
        order.artefacts.push(artefact);
        Ok(Some(answer.to_string().into_bytes()))
    }

    fn artefact(&self, channel: Channel, now_ms: i64) -> (Artefact, Value) {
        let random = &self.shared().random;
        let stamp = crate::clock::date_time(now_ms).replace(['-', ':', ' '], "");
        let prepay_id = format!("wx{}{}0000", &stamp[2..], random.hex(20));
        let (id, life_ms, answer) = match channel {
            Channel::Jsapi | Channel::App => {
                let answer = json!({ "prepay_id": prepay_id });
                (prepay_id, PREPAY_LIFE_MS, answer)
            }
            Channel::Native => {
                let pr = random.alphanumeric(9);
                let answer = json!({ "code_url": format!("weixin://wxpay/bizpayurl/up?pr={pr}&groupid=00") });
                (pr, PREPAY_LIFE_MS, answer)
            }
            Channel::H5 => {
                let package = random.digits(10);
                let base = &self.shared().base_url;
                let url =
                    format!("{base}/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={prepay_id}&package={package}");
                (prepay_id, H5_LIFE_MS, json!({ "h5_url": url }))
            }
        };
        (Artefact { id, expires_ms: now_ms.saturating_add(life_ms), owner: None }, answer)
    }

    /// `GET /v3/pay/transactions/out-trade-no/{out_trade_no}`, any state.
    pub(crate) fn query_by_number(
        &self,
        caller: &Caller,
        out_trade_no: &str,
        mchid: Option<&str>,
    ) -> Answered {
        check_query_mchid(&caller.merchant, mchid)?;
        fields::check_path(out_trade_no, &ORDER_NUMBER)?;
        self.close_expired(self.shared().clock.now_ms());
        let book = self.book();
        let key = (caller.merchant.mchid.clone(), out_trade_no.to_owned());
        let order = book.orders.get(&key).ok_or_else(no_such_order)?;
        Ok(Some(self.told(order)))
    }

    /// `GET /v3/pay/transactions/id/{transaction_id}`, paid orders only.
    pub(crate) fn query_by_id(&self, caller: &Caller, transaction_id: &str, mchid: Option<&str>) -> Answered {
        check_query_mchid(&caller.merchant, mchid)?;
        fields::check_path(transaction_id, &TRANSACTION_NUMBER)?;
        let book = self.book();
        let is_it =
            |order: &&Order| order.paid.as_ref().is_some_and(|paid| paid.transaction_id == transaction_id);
        let order = book.orders.values().find(is_it).ok_or_else(no_such_order)?;
        if order.mchid != caller.merchant.mchid {
            return Err(Refusal::new(403, "TRADE_ERROR", "商户号和订单不匹配").internal(268_447_843));
        }
        Ok(Some(self.told(order)))
    }

    fn told(&self, order: &Order) -> Vec<u8> {
        let delta_fen = match self.shared().faults.take("wechat.query", Stage::Amount) {
            Some(Fault::Amount { delta_fen }) => delta_fen,
            _ => 0,
        };
        serde_json::to_vec(&Transaction::of(order, delta_fen, &self.settings().quirks)).unwrap_or_default()
    }

    /// `POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close`.
    pub(crate) fn close(&self, caller: &Caller, out_trade_no: &str, body: &[u8]) -> Answered {
        let map = if body.is_empty() { Map::new() } else { fields::read(body)? };
        check_mchid(&caller.merchant, &map)?;
        if !map.contains_key("mchid") {
            return Err(fields::missing("uri_template", "/uri_template/mchid", "直连商户号"));
        }
        fields::check_body(&map, CLOSE)?;
        fields::check_path(out_trade_no, &ORDER_NUMBER)?;
        let quirks = &self.settings().quirks;
        let mut book = self.book();
        let key = (caller.merchant.mchid.clone(), out_trade_no.to_owned());
        match book.orders.get_mut(&key) {
            None if quirks.close_burns_unknown_numbers => {
                book.burnt.insert(key);
            }
            None => {}
            Some(order) => match order.state {
                TradeState::NotPay | TradeState::Closed => order.state = TradeState::Closed,
                TradeState::Success | TradeState::Refund => {
                    return Err(already_paid(quirks, "订单已支付", 268_449_538));
                }
            },
        }
        Ok(None)
    }
}

fn table(channel: Channel) -> Vec<Field> {
    let mut fields = COMMON.to_vec();
    fields.push(match channel {
        Channel::H5 => must("scene_info", "场景信息", Kind::Object(H5_SCENE)),
        _ => may("scene_info", "场景信息", Kind::Object(SCENE)),
    });
    if channel == Channel::Jsapi {
        fields.push(must("payer", "支付者", Kind::Object(PAYER)));
    }
    fields
}

/// Merchant of the header against merchant of the body, before the members are looked at one by one. A body without one is left to
/// them.
fn check_mchid(merchant: &Merchant, map: &Map<String, Value>) -> Result<(), Refusal> {
    match map.get("mchid").and_then(Value::as_str) {
        Some(mchid) if mchid != merchant.mchid => {
            Err(Refusal::param("http header中的mchid与post payload中的mchid不匹配"))
        }
        _ => Ok(()),
    }
}

fn check_query_mchid(merchant: &Merchant, mchid: Option<&str>) -> Result<(), Refusal> {
    match mchid {
        None | Some("") => Err(fields::missing("uri_template", "/uri_template/mchid", "直连商户号")),
        Some(mchid) if mchid != merchant.mchid => {
            Err(Refusal::param("http header中的mchid与post payload中的mchid不匹配"))
        }
        Some(_) => Ok(()),
    }
}

fn check_scene(map: &Map<String, Value>, channel: Channel, this_machine: bool) -> Result<(), Refusal> {
    if map.get("detail").is_some_and(|detail| detail.to_string().len() > LONGEST_DETAIL) {
        return Err(Refusal::param("输入源“/body/detail”映射到字段“优惠功能”长度超过限制"));
    }
    let Some(address) = map.get("scene_info").and_then(|scene| scene["payer_client_ip"].as_str()) else {
        return Ok(());
    };
    let parsed: Option<std::net::IpAddr> = address.parse().ok();
    let refused = channel == Channel::H5
        && !this_machine
        && parsed.is_some_and(|address| address.to_canonical().is_loopback());
    if parsed.is_none() || refused {
        let message = "输入源“/body/scene_info/payer_client_ip”映射到值字段“用户终端IP”字符串规则校验失败，不是合法的用户IP";
        return Err(Refusal::at("body", address.into(), message));
    }
    Ok(())
}

/// The last moment to pay: at least a minute ahead, at most seven (Native) or fifteen days.
fn pay_until(channel: Channel, now_ms: i64, asked_ms: Option<i64>) -> i64 {
    let days = if channel == Channel::Native || asked_ms.is_none() { 7 } else { 15 };
    let latest = now_ms.saturating_add(days * DAY_MS);
    asked_ms.unwrap_or(latest).clamp(now_ms.saturating_add(60 * SECOND_MS), latest)
}

fn no_such_order() -> Refusal {
    Refusal::new(404, "ORDER_NOT_EXIST", "订单不存在").internal(268_512_771)
}

fn re_entry(quirks: &Quirks) -> Refusal {
    match quirks.re_entry_answer {
        ReEntryAnswer::InvalidRequest => Refusal::invalid_request("请求重入时，参数与首次请求时不一致"),
        ReEntryAnswer::OutTradeNoUsed => Refusal::new(403, "OUT_TRADE_NO_USED", "商户订单号重复"),
    }
    .internal(268_498_688)
}

fn already_paid(quirks: &Quirks, message: &str, internal: u32) -> Refusal {
    match quirks.paid_answer {
        PaidAnswer::Joined => Refusal::new(400, "ORDERPAID", message),
        PaidAnswer::Underscored => Refusal::new(403, "ORDER_PAID", message),
        PaidAnswer::InvalidRequest => Refusal::invalid_request(message),
    }
    .internal(internal)
}
