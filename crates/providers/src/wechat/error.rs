//! Sorts every error code by the money question, per kind of call.
//!
//! # Source
//! Sections 3.2, 6.3, 8.1 and 9.1. Old pages spell codes without inner underscores; both spellings are the same here.

use mingfen_provider_api::CallError;
use serde::Deserialize;

/// Which call was answered with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Create an order.
    Open,
    /// Query an order.
    Query,
    /// Close an order.
    Close,
    /// Ask for a refund.
    Refund,
    /// Query a refund.
    QueryRefund,
    /// Fetch platform certificates.
    Certificates,
    /// Ask for a bill.
    Bill,
}

impl Asked {
    /// Whether it changes something at WeChat, so that an unclear answer leaves doubt.
    const fn changes_something(self) -> bool {
        matches!(self, Self::Open | Self::Close | Self::Refund)
    }
}

/// An answer that is not 200 and not 204.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorAnswer {
    /// HTTP status.
    pub status: u16,
    /// As WeChat spells it; empty when the body was no error body.
    pub code: String,
    /// Text, with the number under which WeChat's support finds the call.
    pub message: String,
    /// WeChat's internal code, the end of `Request-ID`.
    pub internal: Option<u64>,
    /// Whether a proven signature stood under it.
    pub signed: bool,
}

/// What an error answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// No, for good; nothing happened.
    Refused,
    /// Not now; nothing happened.
    Postponed,
    /// Unknown whether something happened.
    InDoubt,
    /// The thing that was asked after is not there.
    Missing,
    /// A no that may be about a refund which stands already under this number: what stands there is looked at first.
    AskFirst,
}

impl Meaning {
    /// For the caller who does not treat absence apart.
    pub fn into_call_error(self, answer: ErrorAnswer) -> CallError {
        let ErrorAnswer { status, code, message, .. } = answer;
        let code = if code.is_empty() { format!("HTTP {status}") } else { code };
        match self {
            Self::Refused | Self::Missing => CallError::Refused { code, message },
            Self::Postponed => CallError::Postponed { code, message },
            Self::InDoubt | Self::AskFirst => CallError::InDoubt(format!("{code} {message}")),
        }
    }
}

#[derive(Deserialize)]
struct ErrorBody {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl ErrorAnswer {
    /// Reads the error body; a body that is none (a proxy's page, nothing) leaves code and text empty.
    pub fn read(status: u16, body: &[u8], request_id: &str, signed: bool) -> Self {
        let ErrorBody { code, mut message } = serde_json::from_slice(body)
            .unwrap_or_else(|_| ErrorBody { code: String::new(), message: String::new() });
        if !request_id.is_empty() {
            message = format!("{message} (Request-ID {})", crate::text::cut(request_id, 80));
        }
        let internal = request_id.rsplit_once('-').and_then(|(_, digits)| digits.parse().ok());
        Self { status, code, message, internal, signed }
    }

    /// The code without underscores, which is how both spellings meet.
    pub fn plain_code(&self) -> String {
        self.code.chars().filter(|&character| character != '_').collect()
    }

    /// Whether it says that the order is paid already, in any of the ways seen.
    pub fn says_paid(&self) -> bool {
        self.plain_code() == "ORDERPAID"
            || matches!(self.internal, Some(268_449_538 | 268_498_689))
            || self.message.contains("已支付")
    }

    /// Whether it says that a refund stands under this number already.
    pub fn says_refund_known(&self) -> bool {
        self.plain_code() == "REFUNDFEEMISMATCH"
            || self.says_reentered()
            || ["与之前请求", "已存在", "重复"].iter().any(|words| self.message.contains(words))
    }

    /// Whether it is a "not now" in other words than a rate limit's code: old orders, refunds close together (section 6.1).
    fn says_later(&self) -> bool {
        ["频率", "间隔", "稍后", "繁忙"].iter().any(|words| self.message.contains(words))
    }

    /// Whether the parameter that it complains about is of the channel's configuration, not of the request.
    fn names_configuration(&self) -> bool {
        ["Wechatpay-Serial", "notify_url", "mchid"].iter().any(|name| self.message.contains(name))
    }

    /// Whether it says that the number was used with other parameters.
    fn says_reentered(&self) -> bool {
        self.internal == Some(268_498_688) || self.message.contains("重入")
    }
}

/// Decides. What is not listed leaves doubt where something may have changed, and is asked again elsewhere.
pub fn sort(asked: Asked, answer: &ErrorAnswer) -> Meaning {
    use Asked::{Bill, Open, Query, QueryRefund};
    use Meaning::{InDoubt, Missing, Postponed, Refused};
    if asked.changes_something() && answer.says_paid() {
        return InDoubt;
    }
    if asked == Asked::Refund {
        return sort_refund(answer);
    }
    match (asked, answer.plain_code().as_str()) {
        // The number is known there with other parameters: what stands there must be seen first.
        (Open, "OUTTRADENOUSED") => InDoubt,
        (Open, "INVALIDREQUEST") if answer.says_reentered() => InDoubt,

        (_, "FREQUENCYLIMITED" | "RATELIMITEXCEEDED") => Postponed,

        (Query, "ORDERNOTEXIST" | "RESOURCENOTEXISTS") => Missing,
        (QueryRefund, "RESOURCENOTEXISTS") => Missing,
        (Bill, "NOSTATEMENTEXIST") => Missing,
        (Bill, "STATEMENTCREATING") => Postponed,

        (_, "SYSTEMERROR" | "BANKERROR" | "SERVICEUNAVAILABLE" | "USERPAYING") => unclear(asked),

        (
            _,
            "PARAMERROR"
            | "INVALIDREQUEST"
            | "SIGNERROR"
            | "NOAUTH"
            | "APPIDMCHIDNOTMATCH"
            | "MCHNOTEXISTS"
            | "ORDERCLOSED"
            | "RULELIMIT"
            | "TRADEERROR"
            | "ACCOUNTERROR"
            | "NOTENOUGH"
            | "USERACCOUNTABNORMAL"
            | "TRADEOVERDUE"
            | "OPENIDMISMATCH"
            | "INVALIDTRANSACTIONID"
            | "REQUESTBLOCKED",
        ) => Refused,
        (Asked::Certificates, "RESOURCENOTEXISTS") => Refused,

        _ => by_status(asked, answer.status),
    }
}

/// A refund ends only by a code that section 6.3 says is not accepted and cannot become so. A refund that ends by mistake frees
/// its money here, and somebody sends it again under another number while the first one is paid: so everything else leaves doubt.
fn sort_refund(answer: &ErrorAnswer) -> Meaning {
    use Meaning::{AskFirst, InDoubt, Postponed, Refused};
    match answer.plain_code().as_str() {
        // Configuration, permission or funds: the refund stays owed and the same number goes out again.
        "SIGNERROR" | "NOAUTH" | "MCHNOTEXISTS" | "NOTENOUGH" => Postponed,
        "PARAMERROR" if answer.names_configuration() => Postponed,

        // Rate limits: the document says that the refund may be in process.
        "FREQUENCYLIMITED" | "RATELIMITEXCEEDED" => InDoubt,
        _ if answer.says_later() => InDoubt,

        // A known number with other content comes under one code with real refusals, told apart by words only.
        "REFUNDFEEMISMATCH" => AskFirst,
        "INVALIDREQUEST" if answer.message.contains("不一致") || answer.message.contains("已全额退款") => {
            AskFirst
        }
        _ if answer.says_refund_known() => AskFirst,

        "PARAMERROR" | "INVALIDREQUEST" | "USERACCOUNTABNORMAL" | "TRADEOVERDUE" => Refused,
        // An unsigned "no such order" must not end it (section 1.4, rule 1).
        "RESOURCENOTEXISTS" | "ORDERNOTEXIST" if answer.signed => Refused,

        "" if answer.status == 401 => Postponed,
        _ => InDoubt,
    }
}

const fn by_status(asked: Asked, status: u16) -> Meaning {
    match (asked, status) {
        (_, 401) => Meaning::Refused,
        (_, 429) => Meaning::Postponed,
        _ => unclear(asked),
    }
}

const fn unclear(asked: Asked) -> Meaning {
    if asked.changes_something() { Meaning::InDoubt } else { Meaning::Postponed }
}

#[cfg(test)]
mod tests {
    use super::Asked::{Bill, Certificates, Close, Open, Query, QueryRefund, Refund};
    use super::Meaning::{AskFirst, InDoubt, Missing, Postponed, Refused};
    use super::*;

    fn answer(status: u16, code: &str, message: &str) -> ErrorAnswer {
        let body = serde_json::json!({"code": code, "message": message, "detail": {"location": "body"}});
        ErrorAnswer::read(status, body.to_string().as_bytes(), "", false)
    }

    #[test]
    fn every_code_of_the_document_is_sorted() {
        #[rustfmt::skip]
        let table: &[(u16, &str, &str, [Meaning; 5])] = &[
            //                                                Open       Query      Close      Refund     QueryRefund
            (400, "PARAM_ERROR", "",                         [Refused,   Refused,   Refused,   Refused,   Refused]),
            (400, "INVALID_REQUEST", "无效的openid",          [Refused,   Refused,   Refused,   Refused,   Refused]),
            (400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致",
                                                             [InDoubt,   Refused,   Refused,   AskFirst,  Refused]),
            (403, "OUT_TRADE_NO_USED", "商户订单号重复",      [InDoubt,   Postponed, InDoubt,   AskFirst,  Postponed]),
            (400, "ORDERPAID", "该订单已支付",                [InDoubt,   Postponed, InDoubt,   InDoubt,   Postponed]),
            (400, "ORDER_PAID", "",                          [InDoubt,   Postponed, InDoubt,   InDoubt,   Postponed]),
            (400, "INVALID_REQUEST", "该订单已支付",          [InDoubt,   Refused,   InDoubt,   InDoubt,   Refused]),
            (400, "ORDER_CLOSED", "该订单已失效",             [Refused,   Refused,   Refused,   InDoubt,   Refused]),
            (400, "APPID_MCHID_NOT_MATCH", "",               [Refused,   Refused,   Refused,   InDoubt,   Refused]),
            (400, "MCH_NOT_EXISTS", "",                      [Refused,   Refused,   Refused,   Postponed, Refused]),
            (401, "SIGN_ERROR", "签名错误",                   [Refused,   Refused,   Refused,   Postponed, Refused]),
            (403, "NO_AUTH", "",                             [Refused,   Refused,   Refused,   Postponed, Refused]),
            (403, "NOAUTH", "",                              [Refused,   Refused,   Refused,   Postponed, Refused]),
            (403, "RULE_LIMIT", "",                          [Refused,   Refused,   Refused,   InDoubt,   Refused]),
            (403, "RULELIMIT", "",                           [Refused,   Refused,   Refused,   InDoubt,   Refused]),
            (403, "TRADE_ERROR", "商户号和订单不匹配",        [Refused,   Refused,   Refused,   InDoubt,   Refused]),
            (403, "ACCOUNT_ERROR", "",                       [Refused,   Refused,   Refused,   InDoubt,   Refused]),
            (403, "ACCOUNTERROR", "",                        [Refused,   Refused,   Refused,   InDoubt,   Refused]),
            (403, "NOT_ENOUGH", "基本账户余额不足",           [Refused,   Refused,   Refused,   Postponed, Refused]),
            (403, "NOTENOUGH", "",                           [Refused,   Refused,   Refused,   Postponed, Refused]),
            (403, "USER_ACCOUNT_ABNORMAL", "",               [Refused,   Refused,   Refused,   Refused,   Refused]),
            (403, "TRADE_OVERDUE", "",                       [Refused,   Refused,   Refused,   Refused,   Refused]),
            (400, "REFUND_FEE_MISMATCH", "",                 [InDoubt,   Postponed, InDoubt,   AskFirst,  Postponed]),
            (404, "ORDER_NOT_EXIST", "订单不存在",            [InDoubt,   Missing,   InDoubt,   InDoubt,   Postponed]),
            (404, "ORDERNOTEXIST", "订单不存在",              [InDoubt,   Missing,   InDoubt,   InDoubt,   Postponed]),
            (404, "RESOURCE_NOT_EXISTS", "退款单不存在",      [InDoubt,   Missing,   InDoubt,   InDoubt,   Missing]),
            (429, "FREQUENCY_LIMITED", "",                   [Postponed, Postponed, Postponed, InDoubt,   Postponed]),
            (429, "RATELIMIT_EXCEEDED", "",                  [Postponed, Postponed, Postponed, InDoubt,   Postponed]),
            (500, "SYSTEM_ERROR", "",                        [InDoubt,   Postponed, InDoubt,   InDoubt,   Postponed]),
            (500, "SYSTEMERROR", "",                         [InDoubt,   Postponed, InDoubt,   InDoubt,   Postponed]),
            (500, "BANK_ERROR", "",                          [InDoubt,   Postponed, InDoubt,   InDoubt,   Postponed]),
            (500, "BANKERROR", "",                           [InDoubt,   Postponed, InDoubt,   InDoubt,   Postponed]),
            (500, "OPENID_MISMATCH", "",                     [Refused,   Refused,   Refused,   InDoubt,   Refused]),
            (500, "INVALID_TRANSACTIONID", "",               [Refused,   Refused,   Refused,   InDoubt,   Refused]),
            (503, "SERVICE_UNAVAILABLE", "",                 [InDoubt,   Postponed, InDoubt,   InDoubt,   Postponed]),
            (202, "USERPAYING", "",                          [InDoubt,   Postponed, InDoubt,   InDoubt,   Postponed]),
            (400, "A_CODE_OF_TOMORROW", "",                  [InDoubt,   Postponed, InDoubt,   InDoubt,   Postponed]),
        ];
        for (status, code, message, meanings) in table {
            for (asked, wanted) in [Open, Query, Close, Refund, QueryRefund].into_iter().zip(meanings) {
                assert_eq!(
                    sort(asked, &answer(*status, code, message)),
                    *wanted,
                    "{asked:?} {code} {message}"
                );
            }
        }
    }

    #[test]
    fn bodies_that_are_none_are_sorted_by_status() {
        #[rustfmt::skip]
        let table: &[(u16, [Meaning; 4])] = &[
            //     Open       Query      Refund     Bill
            (202, [InDoubt,   Postponed, InDoubt,   Postponed]),
            (302, [InDoubt,   Postponed, InDoubt,   Postponed]),
            (401, [Refused,   Refused,   Postponed, Refused]),
            (404, [InDoubt,   Postponed, InDoubt,   Postponed]),
            (405, [InDoubt,   Postponed, InDoubt,   Postponed]),
            (429, [Postponed, Postponed, InDoubt,   Postponed]),
            (500, [InDoubt,   Postponed, InDoubt,   Postponed]),
            (502, [InDoubt,   Postponed, InDoubt,   Postponed]),
        ];
        for (status, meanings) in table {
            let answer = ErrorAnswer::read(*status, b"<html>", "", false);
            for (asked, wanted) in [Open, Query, Refund, Bill].into_iter().zip(meanings) {
                assert_eq!(sort(asked, &answer), *wanted, "{asked:?} {status}");
            }
        }
    }

    #[test]
    fn bills_and_certificates_have_codes_of_their_own() {
        assert_eq!(sort(Bill, &answer(400, "NO_STATEMENT_EXIST", "")), Missing);
        assert_eq!(sort(Bill, &answer(400, "STATEMENT_CREATING", "")), Postponed);
        assert_eq!(sort(Bill, &answer(400, "INVALID_REQUEST", "")), Refused);
        assert_eq!(sort(Certificates, &answer(404, "RESOURCE_NOT_EXISTS", "无可用的平台证书")), Refused);
    }

    #[test]
    fn a_refund_ends_only_by_a_no_that_is_one() {
        #[rustfmt::skip]
        let table: &[(u16, &str, &str, Meaning)] = &[
            (400, "INVALID_REQUEST", "申请退款金额超过订单可退金额", Refused),
            (400, "INVALID_REQUEST", "一笔订单最多支持50次部分退款", Refused),
            (400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试", AskFirst),
            (400, "INVALID_REQUEST", "您的请求参数与订单信息不一致", AskFirst),
            (400, "INVALID_REQUEST", "订单已全额退款", AskFirst),
            (400, "INVALID_REQUEST", "商户退款单号重复", AskFirst),
            (400, "INVALID_REQUEST", "同一笔订单的多次退款需间隔1分钟", InDoubt),
            (403, "RULE_LIMIT", "频率限制，1个月之前的订单请降低申请频率再重试", InDoubt),
            (400, "PARAM_ERROR", "平台证书序列号Wechatpay-Serial错误", Postponed),
            (400, "PARAM_ERROR", "输入源“/body/notify_url”映射到值字段“退款结果回调url”字符串规则校验失败", Postponed),
            (400, "PARAM_ERROR", "输入源“/body/reason”映射到值字段“退款原因”字符串规则校验失败", Refused),
            (404, "MCH_NOT_EXISTS", "商户号不存在", Postponed),
            (401, "SIGN_ERROR", "商户证书已过期", Postponed),
            (403, "USER_ACCOUNT_ABNORMAL", "用户账户异常", Refused),
            (403, "TRADE_OVERDUE", "订单已超过可退款的最大期限", Refused),
            (403, "A_CODE_OF_TOMORROW", "不可以", InDoubt),
        ];
        for (status, code, message, wanted) in table {
            assert_eq!(sort(Refund, &answer(*status, code, message)), *wanted, "{code} {message}");
        }
    }

    #[test]
    fn only_a_signed_not_found_ends_a_refund() {
        let mut found = answer(404, "RESOURCE_NOT_EXISTS", "订单不存在");
        assert_eq!(sort(Refund, &found), InDoubt);
        found.signed = true;
        assert_eq!(sort(Refund, &found), Refused);
    }

    #[test]
    fn the_request_id_tells_what_the_text_does_not() {
        let body = br#"{"code":"INVALID_REQUEST","message":"x"}"#;
        let paid = ErrorAnswer::read(400, body, "08F78BB5-268449538", false);
        assert!(paid.says_paid());
        assert_eq!(paid.message, "x (Request-ID 08F78BB5-268449538)");
        assert_eq!(sort(Open, &ErrorAnswer::read(400, body, "08F78BB5-268498688", false)), InDoubt);
    }
}
