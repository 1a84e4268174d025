//! Sending money back.
//!
//! `code 10000` alone proves nothing: the same number asked twice answers it too. Only `fund_change=Y` or the refund query
//! says that this refund has moved money. And silence proves nothing either: a number that the query does not know was not
//! refunded, or is still running; both are answered by the same request again, under the same number.
//!
//! # Source
//! protocols/alipay.md sections 6.8 and 6.9.

use super::Alipay;
use super::call::Call;
use super::error::{Failure, Kind, Verdict, cut, unsettled};
use super::inquiry::moment;
use super::order::{presentable, yuan};
use async_trait::async_trait;
use mingfen_domain::ids::ProviderRefundNo;
use mingfen_domain::{Amount, Fen, Timestamp};
use mingfen_provider_api::{CallError, RefundRequest, RefundSighting, Refunds, SightedRefund};
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
struct RefundContent<'a> {
    trade_no: &'a str,
    refund_amount: String,
    /// Always sent: one number for one refund, the same on every repeat.
    out_request_no: &'a str,
    refund_reason: String,
    query_options: [&'static str; 1],
}

/// Where money stands that goes back to a bank card. It has left the merchant in any case.
#[derive(Deserialize)]
struct DepositBack {
    /// `S` it is there, `P` the bank works on it, `F` the bank could not.
    dback_status: Option<String>,
}

#[derive(Deserialize)]
struct RefundAnswer {
    out_trade_no: Option<String>,
    fund_change: Option<String>,
    /// What the trade has paid back so far, all refunds together.
    refund_fee: Option<String>,
    gmt_refund_pay: Option<String>,
    deposit_back_info: Option<DepositBack>,
}

#[derive(Serialize)]
struct RefundQueryContent<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    out_trade_no: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trade_no: Option<&'a str>,
    out_request_no: &'a str,
    query_options: [&'static str; 2],
}

/// For a number that was never used, all of it is missing.
#[derive(Deserialize)]
struct RefundQueryAnswer {
    out_request_no: Option<String>,
    out_trade_no: Option<String>,
    refund_amount: Option<String>,
    refund_status: Option<String>,
    gmt_refund_pay: Option<String>,
    deposit_back_info: Option<DepositBack>,
}

#[async_trait]
impl Refunds for Alipay {
    async fn refund(&self, request: &RefundRequest) -> Result<RefundSighting, CallError> {
        let content = RefundContent {
            trade_no: request.provider_trade_no.as_str(),
            refund_amount: yuan(request.amount)?,
            out_request_no: request.out_refund_no.as_str(),
            refund_reason: presentable(&request.reason),
            query_options: ["deposit_back_info"],
        };
        let call = Call::new("alipay.trade.refund", Kind::Refund, &content)?;
        match self.ask::<RefundAnswer>(&call).await {
            Ok(answer) => self.taken(request, &answer).await,
            Err(failure) if matches!(failure.verdict, Verdict::AskFirst | Verdict::Refused) => {
                self.contradicted(request, failure).await
            }
            Err(failure) => Err(failure.into()),
        }
    }

    async fn query_refund(&self, request: &RefundRequest) -> Result<RefundSighting, CallError> {
        let trade_no = Some(request.provider_trade_no.as_str());
        let answer = match self.ask_refund(None, trade_no, request.out_refund_no.as_str()).await {
            Ok(answer) => answer,
            Err(failure) if failure.verdict == Verdict::Missing => {
                return Ok(sighting(request, None, SightedRefund::Missing));
            }
            Err(failure) => return Err(failure.into()),
        };
        Ok(self.read(request, &answer)?)
    }
}

impl Alipay {
    /// The refund was accepted, now or in an earlier call.
    async fn taken(
        &self,
        request: &RefundRequest,
        answer: &RefundAnswer,
    ) -> Result<RefundSighting, CallError> {
        if answer.out_trade_no.as_deref().is_some_and(|number| number != request.out_trade_no.as_str()) {
            return Err(CallError::InDoubt("the answer is about another order".to_owned()));
        }
        let moved = answer.fund_change.as_deref() == Some("Y");
        if moved {
            let at_least_this =
                |text: &String| Fen::from_yuan(text).is_ok_and(|fen| fen >= request.amount.fen());
            if !answer.refund_fee.as_ref().is_none_or(at_least_this) {
                return Err(CallError::InDoubt("refund_fee is less than this refund".to_owned()));
            }
            if let Some(at) = answer.gmt_refund_pay.as_deref().and_then(|text| moment(text).ok()) {
                let seen = arrived(request, at, answer.deposit_back_info.as_ref())?;
                return Ok(sighting(request, None, seen));
            }
        }
        match (moved, self.query_refund(request).await) {
            (true, Ok(asked)) if is_known(&asked.seen) => Ok(asked),
            // The call has moved the money; that the query is silent or away only hides the moment.
            (true, _) => {
                tracing::warn!(refund.out_refund_no = %request.out_refund_no, "refunded without a time: now is taken");
                let seen = arrived(request, self.clock.now(), answer.deposit_back_info.as_ref())?;
                Ok(sighting(request, None, seen))
            }
            (false, Ok(asked)) if asked.seen == SightedRefund::Missing => Err(CallError::InDoubt(
                "the refund was accepted in words and no money has moved; the same number is to be sent again"
                    .to_owned(),
            )),
            (false, Ok(asked)) => Ok(asked),
            (false, Err(error)) => Err(unsettled(error)),
        }
    }

    /// The refusal may come from an earlier call of the same number whose answer was lost: if that one paid, it is told.
    /// A number that is not known may be still running, so the refusal stands only when it is final by itself, or when the
    /// trade stands where no refund can be.
    async fn contradicted(
        &self,
        request: &RefundRequest,
        failure: Failure,
    ) -> Result<RefundSighting, CallError> {
        let asked = self.query_refund(request).await.map_err(unsettled)?;
        if asked.seen != SightedRefund::Missing {
            return Ok(asked);
        }
        if failure.verdict == Verdict::Refused {
            return Err(failure.error);
        }
        // The number is in use with another amount: whatever the trade says, it has paid or is about to.
        let in_use = failure.code.contains("DISCORDANT_REPEAT_REQUEST");
        if !in_use && self.rules_out_refunds(&request.out_trade_no).await.map_err(unsettled)? {
            return Err(CallError::Refused { code: failure.code, message: failure.message });
        }
        Err(failure.error)
    }

    fn read(&self, request: &RefundRequest, answer: &RefundQueryAnswer) -> Result<RefundSighting, Failure> {
        let same = |said: &Option<String>, ours: &str| said.as_deref().is_none_or(|said| said == ours);
        if !same(&answer.out_request_no, request.out_refund_no.as_str())
            || !same(&answer.out_trade_no, request.out_trade_no.as_str())
        {
            return Err(Failure::in_doubt("the answer is about another refund"));
        }
        let amount = answer
            .refund_amount
            .as_deref()
            .map(Amount::from_yuan)
            .transpose()
            .map_err(|error| Failure::in_doubt(format!("refund_amount: {error}")))?;
        let seen = match answer.refund_status.as_deref() {
            Some("REFUND_SUCCESS") => {
                arrived(request, self.refunded_at(answer)?, answer.deposit_back_info.as_ref())?
            }
            None | Some("") => SightedRefund::Missing,
            Some(other) => SightedRefund::Unknown { text: format!("refund_status {}", cut(other)) },
        };
        Ok(sighting(request, amount, seen))
    }

    /// When a refund of that number succeeded, if it did.
    pub(super) async fn refund_time(
        &self,
        out_trade_no: &str,
        trade_no: Option<&str>,
        out_request_no: &str,
    ) -> Result<Option<Timestamp>, Failure> {
        match self.ask_refund(Some(out_trade_no), trade_no, out_request_no).await {
            Ok(answer) if answer.refund_status.as_deref() == Some("REFUND_SUCCESS") => {
                self.refunded_at(&answer).map(Some)
            }
            Ok(_) => Ok(None),
            Err(failure) if failure.verdict == Verdict::Missing => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn ask_refund(
        &self,
        out_trade_no: Option<&str>,
        trade_no: Option<&str>,
        out_request_no: &str,
    ) -> Result<RefundQueryAnswer, Failure> {
        let content = RefundQueryContent {
            out_trade_no,
            trade_no,
            out_request_no,
            query_options: ["gmt_refund_pay", "deposit_back_info"],
        };
        self.ask(&Call::new("alipay.trade.fastpay.refund.query", Kind::RefundQuery, &content)?).await
    }

    /// The time is an extra that is asked for; an answer without it still says that the money is back, by now.
    fn refunded_at(&self, answer: &RefundQueryAnswer) -> Result<Timestamp, Failure> {
        answer.gmt_refund_pay.as_deref().map_or_else(|| Ok(self.clock.now()), moment)
    }
}

/// Alipay has no number of its own for a refund: the trade's and ours name it.
fn refund_number(request: &RefundRequest) -> Result<ProviderRefundNo, Failure> {
    ProviderRefundNo::parse(request.out_refund_no.as_str())
        .map_err(|error| Failure::in_doubt(format!("out_request_no: {error}")))
}

/// The refund has happened and has left the merchant. On its way to a bank card it may still be held up there, and fail:
/// then a person sees to it that the patient gets the money, and nothing is refunded a second time.
fn arrived(
    request: &RefundRequest,
    refunded_at: Timestamp,
    bank: Option<&DepositBack>,
) -> Result<SightedRefund, Failure> {
    let provider_refund_no = refund_number(request)?;
    Ok(match bank.and_then(|bank| bank.dback_status.as_deref()) {
        Some("F") => SightedRefund::Abnormal { provider_refund_no },
        Some("P") => SightedRefund::Processing { provider_refund_no },
        _ => SightedRefund::Succeeded { provider_refund_no, refunded_at },
    })
}

fn is_known(seen: &SightedRefund) -> bool {
    match seen {
        SightedRefund::Processing { .. }
        | SightedRefund::Succeeded { .. }
        | SightedRefund::Abnormal { .. } => true,
        SightedRefund::Closed | SightedRefund::Missing | SightedRefund::Unknown { .. } => false,
    }
}

fn sighting(request: &RefundRequest, amount: Option<Amount>, seen: SightedRefund) -> RefundSighting {
    RefundSighting {
        out_refund_no: request.out_refund_no.clone(),
        out_trade_no: request.out_trade_no.clone(),
        amount,
        seen,
    }
}
