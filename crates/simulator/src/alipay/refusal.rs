//! How Alipay says no: by the gateway itself, without a signature, or by the business, signed.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A refusal with the codes of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// `40004` and its like.
    pub code: String,
    /// `ACQ.TRADE_NOT_EXIST` and its like.
    pub sub_code: String,
    /// For people.
    pub sub_msg: String,
    /// Whether the answer is signed: business answers are, those of the gateway are not.
    #[serde(default = "signed")]
    pub signed: bool,
    /// Business members that this refusal carries all the same.
    #[serde(skip)]
    pub members: Vec<(&'static str, Value)>,
}

fn signed() -> bool {
    true
}

impl Refusal {
    /// 40004, signed.
    pub(super) fn business(sub_code: &str, sub_msg: &str) -> Self {
        Self::new("40004", sub_code, sub_msg, true)
    }

    /// 40001, not signed.
    pub(super) fn missing(what: &str) -> Self {
        let sub_msg = format!("缺少参数：{what}");
        Self::new("40001", &format!("isv.missing-{what}"), &sub_msg, false)
    }

    /// 40002, not signed.
    pub(super) fn argument(sub_code: &str, sub_msg: &str) -> Self {
        Self::new("40002", sub_code, sub_msg, false)
    }

    /// 40003, not signed.
    pub(super) fn condition(sub_code: &str, sub_msg: &str) -> Self {
        Self::new("40003", sub_code, sub_msg, false)
    }

    /// 40005, not signed; the call was not carried out.
    pub(super) fn limited() -> Self {
        Self::new("40005", "isv.app-call-limited", "应用调用次数超限", false)
    }

    /// 20000, not signed; whether the call was carried out is unknown to the caller.
    pub(super) fn unavailable() -> Self {
        let sub_msg = "系统繁忙，请稍后重试";
        Self::new("20000", "isp.unknow-error", sub_msg, false)
    }

    /// With the zero amounts and the order number that a refused query or payment repeats.
    pub(super) fn with_zero_amounts(mut self, out_trade_no: Option<&str>) -> Self {
        for name in ["buyer_pay_amount", "invoice_amount", "point_amount", "receipt_amount"] {
            self.members.push((name, Value::from("0.00")));
        }
        self.members.extend(out_trade_no.map(|number| ("out_trade_no", Value::from(number))));
        self
    }

    /// The code in words.
    pub(super) fn msg(&self) -> &'static str {
        match self.code.as_str() {
            "20000" => "Service Currently Unavailable",
            "20001" => "Insufficient Authorization Permissions",
            "40001" => "Missing Required Arguments",
            "40002" => "Invalid Arguments",
            "40003" => "Insufficient Conditions",
            "40005" => "Call Limited",
            "40006" => "Insufficient Permissions",
            _ => "Business Failed",
        }
    }

    fn new(code: &str, sub_code: &str, sub_msg: &str, signed: bool) -> Self {
        Refusal {
            code: code.to_owned(),
            sub_code: sub_code.to_owned(),
            sub_msg: sub_msg.to_owned(),
            signed,
            members: Vec::new(),
        }
    }
}
