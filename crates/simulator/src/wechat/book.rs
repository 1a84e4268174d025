//! What the server remembers: users, orders, refunds. Plain data; the rules are beside the calls.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

/// By which call an order was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// In the app's browser.
    Jsapi,
    /// A code to scan.
    Native,
    /// A browser outside the app.
    H5,
    /// Another app.
    App,
}

impl Channel {
    /// The last segment of the path that creates it, and of the call name.
    pub fn segment(self) -> &'static str {
        match self {
            Channel::Jsapi => "jsapi",
            Channel::Native => "native",
            Channel::H5 => "h5",
            Channel::App => "app",
        }
    }

    /// `trade_type`.
    pub fn trade_type(self) -> &'static str {
        match self {
            Channel::Jsapi => "JSAPI",
            Channel::Native => "NATIVE",
            Channel::H5 => "MWEB",
            Channel::App => "APP",
        }
    }
}

/// `trade_state` of an order that was not made with a payment code.
///
/// # Source
/// WeChat Pay API v3 reference, section 3.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TradeState {
    /// Made.
    NotPay,
    /// Paid.
    Success,
    /// Paid, and at least one refund accepted.
    Refund,
    /// Closed without payment.
    Closed,
}

impl TradeState {
    /// As on the wire.
    pub fn code(self) -> &'static str {
        match self {
            TradeState::NotPay => "NOTPAY",
            TradeState::Success => "SUCCESS",
            TradeState::Refund => "REFUND",
            TradeState::Closed => "CLOSED",
        }
    }

    /// `trade_state_desc`.
    pub fn description(self) -> &'static str {
        match self {
            TradeState::NotPay => "订单未支付",
            TradeState::Success => "支付成功",
            TradeState::Refund => "订单发生过退款，退款详情请查询退款单",
            TradeState::Closed => "订单已关闭",
        }
    }
}

/// What a create call handed out.
#[derive(Debug, Clone)]
pub struct Artefact {
    /// `prepay_id`, or the `pr` of a code, by which the order is found.
    pub id: String,
    /// Not usable from then on.
    pub expires_ms: i64,
    /// The only user who may pay it: whoever scanned the code first.
    pub owner: Option<String>,
}

/// A payment's facts.
#[derive(Debug, Clone)]
pub struct Paid {
    /// `42…`, 28 digits.
    pub transaction_id: String,
    /// When.
    pub at_ms: i64,
    /// By whom, as this appid knows the user.
    pub openid: String,
    /// What was taken.
    pub amount_fen: i64,
    /// The fee at that moment, in hundredths of a percent.
    pub fee_basis_points: i64,
}

impl Paid {
    /// The fee on it, rounded half up to fen.
    pub fn fee_fen(&self) -> i64 {
        super::merchant::fee_of(self.amount_fen, self.fee_basis_points)
    }
}

/// An order.
#[derive(Debug, Clone)]
pub struct Order {
    /// Whose.
    pub mchid: String,
    /// For which application.
    pub appid: String,
    /// The merchant's number.
    pub out_trade_no: String,
    /// How it was made.
    pub channel: Channel,
    /// Shown in the user's bill.
    pub description: String,
    /// Echoed; empty when it was not sent.
    pub attach: String,
    /// Where the payment is told.
    pub notify_url: String,
    /// What is asked for.
    pub total_fen: i64,
    /// Who may pay it, for JSAPI.
    pub openid: Option<String>,
    /// `scene_info.device_id`.
    pub device_id: Option<String>,
    /// All parameters of the first call.
    pub fingerprint: String,
    /// When it was made.
    pub created_ms: i64,
    /// Last moment to pay.
    pub pay_until_ms: i64,
    /// When the server closes it by itself.
    pub auto_close_ms: i64,
    /// Where it stands.
    pub state: TradeState,
    /// Facts of the payment.
    pub paid: Option<Paid>,
    /// What create calls handed out, newest last.
    pub artefacts: Vec<Artefact>,
}

/// `status` of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RefundState {
    /// Accepted.
    Processing,
    /// With the user.
    Success,
    /// Failed for good.
    Closed,
    /// Cannot reach the user by itself.
    Abnormal,
}

impl RefundState {
    /// As on the wire.
    pub fn code(self) -> &'static str {
        match self {
            RefundState::Processing => "PROCESSING",
            RefundState::Success => "SUCCESS",
            RefundState::Closed => "CLOSED",
            RefundState::Abnormal => "ABNORMAL",
        }
    }
}

/// A refund.
#[derive(Debug, Clone)]
pub struct Refund {
    /// `50…`, 29 digits.
    pub refund_id: String,
    /// Whose.
    pub mchid: String,
    /// The merchant's number.
    pub out_refund_no: String,
    /// Which order.
    pub out_trade_no: String,
    /// The order's number here.
    pub transaction_id: String,
    /// All parameters of the first call.
    pub fingerprint: String,
    /// How much goes back.
    pub refund_fen: i64,
    /// The order's total.
    pub total_fen: i64,
    /// How much fee goes back to the merchant.
    pub fee_back_fen: i64,
    /// `AVAILABLE` or `UNSETTLED`.
    pub funds_account: String,
    /// Where the end is told.
    pub notify_url: Option<String>,
    /// When it was accepted.
    pub accepted_ms: i64,
    /// When and how it ends; nothing while it is stuck.
    pub ends: Option<(i64, RefundState)>,
    /// Where it stands.
    pub state: RefundState,
    /// When the user had it.
    pub succeeded_ms: Option<i64>,
    /// When it failed for good and the merchant had its money back.
    pub closed_ms: Option<i64>,
    /// When it could not reach the user.
    pub abnormal_ms: Option<i64>,
    /// By which way: `ORIGINAL`, or `OTHER_BANKCARD` after an abnormal one was redirected.
    pub channel: &'static str,
}

/// A user of the app.
#[derive(Debug, Clone, Serialize)]
pub struct User {
    /// Short name for control, `u1`.
    pub id: String,
    /// For people.
    pub name: String,
    /// What is in the purse.
    pub balance_fen: i64,
}

/// An OAuth code.
#[derive(Debug, Clone)]
pub struct Code {
    pub(super) appid: String,
    pub(super) user: String,
    pub(super) issued_ms: i64,
    pub(super) used: bool,
}

/// A generated statement file that waits to be fetched.
#[derive(Debug, Clone)]
pub struct BillFile {
    pub(super) mchid: String,
    pub(super) bytes: Vec<u8>,
    pub(super) expires_ms: i64,
}

/// Key of an order: merchant and its number.
pub type OrderKey = (String, String);

/// All that changes.
#[derive(Debug, Default)]
pub struct Book {
    /// Users in the order of their ids.
    pub users: Vec<User>,
    /// Whoever authorises without saying who they are.
    pub current_user: String,
    /// Orders.
    pub orders: BTreeMap<OrderKey, Order>,
    /// Numbers that were closed before they were ever ordered.
    pub burnt: HashSet<OrderKey>,
    /// Refunds by merchant and refund number.
    pub refunds: BTreeMap<OrderKey, Refund>,
    /// OAuth codes.
    pub codes: HashMap<String, Code>,
    /// Statement files by token.
    pub bills: HashMap<String, BillFile>,
    /// Counts up, for ids.
    pub serial: u64,
}

impl Book {
    /// A number that was not given out before.
    pub fn next_serial(&mut self) -> u64 {
        self.serial = self.serial.saturating_add(1);
        self.serial
    }

    /// Refunds of one order, oldest first.
    pub fn refunds_of(&self, order: &Order) -> Vec<&Refund> {
        let mut refunds: Vec<&Refund> = self
            .refunds
            .values()
            .filter(|refund| refund.mchid == order.mchid && refund.out_trade_no == order.out_trade_no)
            .collect();
        refunds.sort_by_key(|refund| (refund.accepted_ms, refund.refund_id.clone()));
        refunds
    }

    /// What has gone back or is on its way, failed refunds not counted.
    pub fn refunded_fen(&self, order: &Order) -> i64 {
        let counts = |refund: &&Refund| refund.state != RefundState::Closed;
        self.refunds_of(order).into_iter().filter(counts).map(|refund| refund.refund_fen).sum()
    }
}
