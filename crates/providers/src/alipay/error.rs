//! What Alipay's codes mean for the money, sorted per kind of call.
//!
//! # Source
//! protocols/alipay.md sections 8.1 and 8.2. Prefixes vary (`ACQ.`, `aop.ACQ.`, the misspelt `AQC.`, none), so a sub code is
//! matched by what it contains.

use mingfen_provider_api::CallError;

/// What is asked; the same code means different things to different calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `trade.create`, `trade.precreate`: an order may stand there afterwards.
    Open,
    /// `trade.query`
    Query,
    /// `trade.close`
    Close,
    /// `trade.cancel`
    Cancel,
    /// `trade.refund`
    Refund,
    /// `trade.fastpay.refund.query`
    RefundQuery,
    /// Everything that touches no money: OAuth, bills, certificates.
    Plain,
}

impl Kind {
    /// Whether a "no" that is taken for final keeps money from a patient to whom it is owed.
    const fn gives_money_back(self) -> bool {
        matches!(self, Self::Refund | Self::Cancel)
    }
}

/// What a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No, for good, and nothing happened.
    Refused,
    /// Not now, or not while we are set up like this, and nothing happened: the same request later.
    Postponed,
    /// It may have happened.
    InDoubt,
    /// No trade of that number stands there (with codes and cashiers: not scanned yet).
    Missing,
    /// The answer depends on where the trade stands: ask, and believe that.
    AskFirst,
}

/// A call that ended without the answer that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// What it means, for a caller that can do better than give up.
    pub verdict: Verdict,
    /// The code as Alipay spells it; empty when it said none.
    pub code: String,
    /// Alipay's text, cut.
    pub message: String,
    /// What a caller says that cannot do better.
    pub error: CallError,
}

impl Failure {
    /// Sorts a signed (or plainly refusing) answer.
    pub fn said(kind: Kind, code: &str, sub_code: &str, text: &str) -> Self {
        let verdict = sort(kind, code, sub_code);
        let spelt = if sub_code.is_empty() { code } else { sub_code }.to_owned();
        let message = cut(text);
        let error = match verdict {
            Verdict::Refused | Verdict::Missing => {
                CallError::Refused { code: spelt.clone(), message: message.clone() }
            }
            Verdict::Postponed => CallError::Postponed { code: spelt.clone(), message: message.clone() },
            Verdict::InDoubt | Verdict::AskFirst => CallError::InDoubt(format!("{spelt} {message}")),
        };
        Self { verdict, code: spelt, message, error }
    }

    /// It left us, and what came back proves nothing.
    pub fn in_doubt(cause: impl Into<String>) -> Self {
        CallError::InDoubt(cause.into()).into()
    }
}

/// What a question means that was asked to settle an earlier call and got no answer: however it failed, the earlier call has
/// left us, and its end is unknown. A refused or unsent question must never look like a refused or unsent refund.
pub(super) fn unsettled(error: impl Into<CallError>) -> CallError {
    match error.into() {
        in_doubt @ CallError::InDoubt(_) => in_doubt,
        other => CallError::InDoubt(format!("asked to be sure, and {other}")),
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let verdict = match &error {
            CallError::Refused { .. } => Verdict::Refused,
            CallError::Postponed { .. } | CallError::NotSent(_) => Verdict::Postponed,
            CallError::InDoubt(_) => Verdict::InDoubt,
        };
        Self { verdict, code: String::new(), message: String::new(), error }
    }
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// Provider texts end in logs: at most 200 characters of them, on one line.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(200).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Whether a gateway code may be believed without a signature: the gateway signs no refusal of its own, and these say that
/// nothing was executed. A success or a business answer without a signature is never believed.
pub(super) fn needs_no_signature(code: &str) -> bool {
    matches!(code, "20000" | "20001" | "40001" | "40002" | "40003" | "40005" | "40006")
}

fn sort(kind: Kind, code: &str, sub_code: &str) -> Verdict {
    match code {
        "20000" => Verdict::InDoubt,
        "40005" => Verdict::Postponed,
        "20001" | "40001" | "40002" | "40003" | "40006" => {
            if sub_code.contains("SYSTEM_ERROR") || sub_code.contains("unknow-error") {
                Verdict::InDoubt
            } else if kind.gives_money_back() {
                // A wrong clock, an expired certificate or a missing permission is put right, and the money is still owed
                // then. Nobody signs these refusals either: they must not be able to end a refund.
                Verdict::Postponed
            } else {
                Verdict::Refused
            }
        }
        "40004" => sort_business(kind, sub_code),
        // 10003 belongs to payment codes; a code that no document names is not a refusal.
        _ => Verdict::InDoubt,
    }
}

/// `(what the sub code contains, verdict)`; the first match counts. What no row names is a refusal of that business call,
/// except where money goes back: there only what the document calls final is.
type Row = (&'static str, Verdict);

const EVERYWHERE: &[Row] = &[
    ("SYSTEM_ERROR", Verdict::InDoubt),
    ("unknow-error", Verdict::InDoubt),
    ("UNKNOW_ERROR", Verdict::InDoubt),
    ("RATE_LIMIT", Verdict::Postponed),
    ("call-limited", Verdict::Postponed),
];

/// An order may already stand under the number, so "another one than you say" is a question, not a no.
const OPEN: &[Row] = &[
    ("CONTEXT_INCONSISTENT", Verdict::InDoubt),
    ("TRADE_HAS_SUCCESS", Verdict::InDoubt),
    ("TRADE_BUYER_NOT_MATCH", Verdict::InDoubt),
    ("APPLY_PC_MERCHANT_CODE_ERROR", Verdict::InDoubt),
];

const QUERY: &[Row] =
    &[("TRADE_NOT_EXIST", Verdict::Missing), ("ENTERPRISE_PAY_BIZ_ERROR", Verdict::Postponed)];

const CLOSE: &[Row] = &[
    ("TRADE_NOT_EXIST", Verdict::Missing),
    ("TRADE_STATUS_ERROR", Verdict::AskFirst),
    ("REASON_TRADE_STATUS_INVALID", Verdict::AskFirst),
    ("REASON_ILLEGAL_STATUS", Verdict::AskFirst),
    ("TRADE_HAS_SUCCESS", Verdict::AskFirst),
    ("TRADE_HAS_FINISHED", Verdict::AskFirst),
    ("TRADE_HAS_CLOSE", Verdict::AskFirst),
];

const CANCEL: &[Row] = &[
    ("TRADE_NOT_EXIST", Verdict::Missing),
    ("SELLER_BALANCE_NOT_ENOUGH", Verdict::Postponed),
    ("ACCESS_FORBIDDEN", Verdict::Postponed),
    ("CANCEL_NOT_ALLOWED", Verdict::Refused),
    ("TRADE_CANCEL_TIME_OUT", Verdict::Refused),
    ("TRADE_HAS_FINISHED", Verdict::Refused),
    ("REASON_TRADE_BEEN_FREEZEN", Verdict::Refused),
    // A refund was already made.
    ("REASON_TRADE_REFUND_FEE_ERR", Verdict::Refused),
    ("INVALID_PARAMETER", Verdict::Refused),
];

/// Final are the codes that section 8.2 calls so and that no earlier call of the same number explains. A refund that a lost
/// answer hid may be the reason for all others (the sum is used up, the trade is closed): asking settles it, silence does not.
const REFUND: &[Row] = &[
    ("SELLER_BALANCE_NOT_ENOUGH", Verdict::Postponed),
    ("REFUND_CHARGE_ERROR", Verdict::Postponed),
    ("ENTERPRISE_PAY_BIZ_ERROR", Verdict::Postponed),
    ("ACCESS_FORBIDDEN", Verdict::Postponed),
    ("ALLOC_AMOUNT_VALIDATE_ERROR", Verdict::Postponed),
    ("REFUNDALLOC_UNAUTH_LIMIT", Verdict::Postponed),
    ("REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST", Verdict::Postponed),
    ("REFUND_ACCOUNT_NOT_EXIST", Verdict::Postponed),
    ("OVERDRAFT_", Verdict::Postponed),
    ("INVALID_PARAMETER", Verdict::Refused),
    ("NOT_ALLOW_PARTIAL_REFUND", Verdict::Refused),
    ("VOUCHER_NOT_ALLOW_REFUND", Verdict::Refused),
    ("TRADE_NOT_ALLOW_REFUND", Verdict::Refused),
    ("REASON_TRADE_BEEN_FREEZEN", Verdict::Refused),
    ("BUYER_ERROR", Verdict::Refused),
    ("CUSTOMER_VALIDATE_ERROR", Verdict::Refused),
    ("USER_NOT_MATCH_ERR", Verdict::Refused),
    ("CURRENCY_NOT_SUPPORT", Verdict::Refused),
    ("TRADE_SETTLE_ERROR", Verdict::Refused),
];

fn sort_business(kind: Kind, sub_code: &str) -> Verdict {
    let (own, unnamed): (&[Row], Verdict) = match kind {
        Kind::Open => (OPEN, Verdict::Refused),
        Kind::Query | Kind::RefundQuery => (QUERY, Verdict::Refused),
        Kind::Close => (CLOSE, Verdict::Refused),
        Kind::Cancel => (CANCEL, Verdict::InDoubt),
        Kind::Refund => (REFUND, Verdict::AskFirst),
        Kind::Plain => (&[], Verdict::Refused),
    };
    EVERYWHERE
        .iter()
        .chain(own)
        .find(|(part, _)| sub_code.contains(part))
        .map_or(unnamed, |(_, verdict)| *verdict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{AskFirst, InDoubt, Missing, Postponed, Refused};

    #[test]
    fn gateway_codes_are_sorted_alike_for_calls_that_give_nothing_back() {
        for kind in [Kind::Open, Kind::Query, Kind::Close, Kind::RefundQuery, Kind::Plain] {
            for (code, sub_code, verdict) in [
                ("20000", "isp.unknow-error", InDoubt),
                ("20000", "aop.ACQ.SYSTEM_ERROR", InDoubt),
                ("20001", "aop.invalid-auth-token", Refused),
                ("40001", "isv.missing-timestamp", Refused),
                ("40002", "isv.invalid-signature", Refused),
                ("40002", "isv.invalid-app-id", Refused),
                ("40002", "isv.suspected-attack", Refused),
                ("40003", "isv.missing-signature-config", Refused),
                ("40005", "isv.app-call-limited", Postponed),
                ("40006", "isv.insufficient-isv-permissions", Refused),
                ("40004", "ACQ.SYSTEM_ERROR", InDoubt),
                ("40004", "AQC.SYSTEM_ERROR", InDoubt),
                ("40004", "ACQ.ACCESS_FORBIDDEN", Refused),
                ("40004", "ACQ.INVALID_PARAMETER", Refused),
                ("10003", "", InDoubt),
                ("", "", InDoubt),
                ("99999", "ACQ.NEW", InDoubt),
            ] {
                assert_eq!(sort(kind, code, sub_code), verdict, "{kind:?} {code} {sub_code}");
            }
        }
    }

    #[test]
    fn a_wrong_configuration_never_ends_what_gives_money_back() {
        for kind in [Kind::Refund, Kind::Cancel] {
            for (code, sub_code, verdict) in [
                ("20000", "isp.unknow-error", InDoubt),
                ("20001", "aop.invalid-auth-token", Postponed),
                ("20001", "aop.ACQ.SYSTEM_ERROR", InDoubt),
                ("40001", "isv.missing-timestamp", Postponed),
                ("40002", "isv.invalid-timestamp", Postponed),
                ("40002", "isv.invalid-signature", Postponed),
                ("40002", "app-cert-expired", Postponed),
                ("40002", "", Postponed),
                ("40003", "isv.missing-signature-config", Postponed),
                ("40005", "isv.app-call-limited", Postponed),
                ("40006", "isv.insufficient-isv-permissions", Postponed),
                ("40004", "ACQ.ACCESS_FORBIDDEN", Postponed),
                ("40004", "ACQ.SYSTEM_ERROR", InDoubt),
                ("40004", "ACQ.INVALID_PARAMETER", Refused),
                ("10003", "", InDoubt),
                ("99999", "ACQ.NEW", InDoubt),
            ] {
                assert_eq!(sort(kind, code, sub_code), verdict, "{kind:?} {code} {sub_code}");
            }
        }
    }

    #[test]
    fn business_codes_are_sorted_by_what_was_asked() {
        for (kind, sub_code, verdict) in [
            (Kind::Open, "ACQ.TRADE_HAS_SUCCESS", InDoubt),
            (Kind::Open, "ACQ.CONTEXT_INCONSISTENT", InDoubt),
            (Kind::Open, "ACQ.TRADE_BUYER_NOT_MATCH", InDoubt),
            (Kind::Open, "ACQ.APPLY_PC_MERCHANT_CODE_ERROR", InDoubt),
            (Kind::Open, "ACQ.TRADE_HAS_CLOSE", Refused),
            (Kind::Open, "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR", Refused),
            (Kind::Open, "ACQ.EXIST_FORBIDDEN_WORD", Refused),
            (Kind::Open, "ACQ.BUYER_SELLER_EQUAL", Refused),
            (Kind::Open, "ACQ.MERCHANT_STATUS_NOT_NORMAL", Refused),
            (Kind::Query, "ACQ.TRADE_NOT_EXIST", Missing),
            (Kind::RefundQuery, "TRADE_NOT_EXIST", Missing),
            (Kind::Close, "ACQ.TRADE_NOT_EXIST", Missing),
            (Kind::Close, "ACQ.TRADE_STATUS_ERROR", AskFirst),
            (Kind::Close, "ACQ.REASON_TRADE_STATUS_INVALID", AskFirst),
            (Kind::Close, "ACQ.REASON_ILLEGAL_STATUS", AskFirst),
            (Kind::Cancel, "ACQ.TRADE_NOT_EXIST", Missing),
            (Kind::Cancel, "ACQ.SELLER_BALANCE_NOT_ENOUGH", Postponed),
            (Kind::Cancel, "ACQ.TRADE_CANCEL_TIME_OUT", Refused),
            (Kind::Cancel, "ACQ.CANCEL_NOT_ALLOWED", Refused),
            (Kind::Cancel, "ACQ.TRADE_HAS_FINISHED", Refused),
            (Kind::Cancel, "ACQ.REASON_TRADE_REFUND_FEE_ERR", Refused),
            (Kind::Cancel, "ACQ.NAMED_NOWHERE", InDoubt),
            (Kind::Cancel, "", InDoubt),
            (Kind::Refund, "ACQ.TRADE_NOT_EXIST", AskFirst),
            (Kind::Refund, "ACQ.NAMED_NOWHERE", AskFirst),
            (Kind::Refund, "", AskFirst),
            (Kind::Refund, "ACQ.SELLER_BALANCE_NOT_ENOUGH", Postponed),
            (Kind::Refund, "ACQ.REFUND_CHARGE_ERROR", Postponed),
            (Kind::Refund, "ACQ.ENTERPRISE_PAY_BIZ_ERROR", Postponed),
            (Kind::Refund, "ACQ.DISCORDANT_REPEAT_REQUEST", AskFirst),
            (Kind::Refund, "ACQ.REASON_TRADE_STATUS_INVALID", AskFirst),
            (Kind::Refund, "ACQ.REASON_TRADE_REFUND_FEE_ERR", AskFirst),
            (Kind::Refund, "ACQ.TRADE_HAS_FINISHED", AskFirst),
            (Kind::Refund, "ACQ.NOT_ALLOW_PARTIAL_REFUND", Refused),
            (Kind::Refund, "ACQ.REASON_TRADE_BEEN_FREEZEN", Refused),
            (Kind::Refund, "ACQ.ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND", Refused),
            (Kind::Refund, "ACQ.CUSTOMER_VALIDATE_ERROR", Refused),
            (Kind::Refund, "ACQ.REFUND_ACCOUNT_NOT_EXIST", Postponed),
            (Kind::Refund, "ACQ.OVERDRAFT_AGREEMENT_NOT_MATCH", Postponed),
            (Kind::Plain, "SYSTEM_RATE_LIMIT", Postponed),
            (Kind::Plain, "isp.bill_not_exist", Refused),
        ] {
            assert_eq!(sort(kind, "40004", sub_code), verdict, "{kind:?} {sub_code}");
        }
    }

    #[test]
    fn only_refusals_of_the_gateway_are_believed_without_a_signature() {
        assert!(needs_no_signature("40002"));
        for code in ["10000", "10003", "40004", ""] {
            assert!(!needs_no_signature(code), "{code}");
        }
    }

    #[test]
    fn a_provider_text_is_cut_before_it_reaches_a_log() {
        assert_eq!(cut("a\nb"), "a b");
        assert_eq!(cut(&"长".repeat(500)).chars().count(), 200);
    }
}
