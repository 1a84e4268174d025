//! Refunds: ask for one, ask after one.
//!
//! # Source
//! Sections 6.1 to 6.3.

use super::Wechat;
use super::error::{Asked, ErrorAnswer, Meaning, sort};
use super::order::{to_bytes, wire_text};
use super::wire::Failure;
use crate::http::percent_encode;
use async_trait::async_trait;
use mingfen_domain::ids::{OutRefundNo, OutTradeNo, ProviderRefundNo};
use mingfen_domain::{Amount, Timestamp};
use mingfen_provider_api::{CallError, RefundRequest, RefundSighting, Refunds, SightedRefund};
use serde::{Deserialize, Serialize};

const PATH: &str = "/v3/refund/domestic/refunds";
const REASON_BYTES: usize = 80;

#[derive(Serialize)]
struct CreateRefund<'a> {
    transaction_id: &'a str,
    out_refund_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    notify_url: &'a str,
    amount: CreateRefundAmount,
}

#[derive(Serialize)]
struct CreateRefundAmount {
    refund: i64,
    total: i64,
    currency: &'static str,
}

/// A refund as answers and, under other names, notifications tell it (sections 6.1 and 6.4).
#[derive(Deserialize)]
pub struct RefundState {
    /// Only in notifications; answers belong to the merchant who signed the request.
    pub mchid: Option<String>,
    refund_id: String,
    out_refund_no: String,
    out_trade_no: String,
    #[serde(alias = "refund_status")]
    status: String,
    success_time: Option<String>,
    amount: Option<RefundStateAmount>,
}

#[derive(Deserialize)]
struct RefundStateAmount {
    refund: i64,
}

impl RefundState {
    /// Reads it.
    ///
    /// # Errors
    /// What is missing or is not of our form.
    pub fn sighting(&self) -> Result<RefundSighting, String> {
        let out_refund_no = OutRefundNo::parse(self.out_refund_no.as_str())
            .map_err(|_| "a refund number that is none of ours".to_owned())?;
        let out_trade_no = OutTradeNo::parse(self.out_trade_no.as_str())
            .map_err(|_| "an order number that is none of ours".to_owned())?;
        let provider_refund_no = ProviderRefundNo::parse(self.refund_id.as_str())
            .map_err(|_| "a refund without a usable refund_id".to_owned())?;
        let amount = self
            .amount
            .as_ref()
            .map(|amount| Amount::from_fen(amount.refund))
            .transpose()
            .map_err(|_| "a refund of nothing".to_owned())?;
        let seen = match self.status.as_str() {
            "PROCESSING" => SightedRefund::Processing { provider_refund_no },
            "SUCCESS" => {
                let refunded_at = self
                    .success_time
                    .as_deref()
                    .and_then(|text| Timestamp::from_rfc3339(text).ok())
                    .ok_or_else(|| "a finished refund without a usable success_time".to_owned())?;
                SightedRefund::Succeeded { provider_refund_no, refunded_at }
            }
            "ABNORMAL" => SightedRefund::Abnormal { provider_refund_no },
            "CLOSED" => SightedRefund::Closed,
            other => SightedRefund::Unknown { text: crate::text::cut(other, 32).into_owned() },
        };
        Ok(RefundSighting { out_refund_no, out_trade_no, amount, seen })
    }

    /// Reads it and checks that it is the refund that was asked for or after.
    fn of(&self, request: &RefundRequest) -> Result<RefundSighting, CallError> {
        let sighting = self.sighting().map_err(CallError::InDoubt)?;
        if sighting.out_refund_no != request.out_refund_no || sighting.out_trade_no != request.out_trade_no {
            return Err(CallError::InDoubt("asked after one refund, told of another".to_owned()));
        }
        match sighting.amount {
            Some(amount) if amount != request.amount => Err(CallError::InDoubt(format!(
                "the refund stands there with {amount} yuan instead of {}",
                request.amount
            ))),
            _ => Ok(sighting),
        }
    }
}

/// What is known of a refund number.
enum Standing {
    There(RefundSighting),
    /// No refund was ever taken under it, and whether that is proven.
    Missing {
        proven: bool,
    },
}

#[async_trait]
impl Refunds for Wechat {
    /// The same number with the same content answers with the refund that stands, never with a second one (section 6.3).
    ///
    /// A no that may mean "this number stands already" is not believed before the number was asked after.
    async fn refund(&self, request: &RefundRequest) -> Result<RefundSighting, CallError> {
        let body = refund_body(request)?;
        let answer = match self.wire.post::<RefundState>(PATH, body).await {
            Ok(proven) => {
                tell_request_id(request, &proven.request_id);
                return proven.said.of(request);
            }
            Err(Failure::Answered(answer)) => answer,
            Err(failure) => return Err(failure.into_call_error(Asked::Refund)),
        };
        let meaning = sort(Asked::Refund, &answer);
        match meaning {
            Meaning::AskFirst => return self.behind_the_no(request, answer).await,
            Meaning::Postponed => tracing::error!(
                refund.out_refund_no = %request.out_refund_no,
                provider.code = %answer.code,
                provider.message = %answer.message,
                "WeChat Pay takes no refund before the merchant's account or this channel's configuration is put right"
            ),
            Meaning::Refused | Meaning::InDoubt | Meaning::Missing => {}
        }
        Err(meaning.into_call_error(answer))
    }

    async fn query_refund(&self, request: &RefundRequest) -> Result<RefundSighting, CallError> {
        match self.standing(request).await? {
            Standing::There(sighting) => Ok(sighting),
            // Proven or not: all that follows from it is the same request again, under the same number.
            Standing::Missing { .. } => Ok(RefundSighting {
                out_refund_no: request.out_refund_no.clone(),
                out_trade_no: request.out_trade_no.clone(),
                amount: None,
                seen: SightedRefund::Missing,
            }),
        }
    }
}

impl Wechat {
    /// Finds out what stands behind a no that may come from an earlier request: the refund itself, when there is one; the no,
    /// when WeChat proves that there is none and the no does not claim otherwise; else doubt.
    async fn behind_the_no(
        &self,
        request: &RefundRequest,
        answer: ErrorAnswer,
    ) -> Result<RefundSighting, CallError> {
        match self.standing(request).await {
            Ok(Standing::There(sighting)) => Ok(sighting),
            Ok(Standing::Missing { proven: true }) if !answer.says_refund_known() => {
                Err(Meaning::Refused.into_call_error(answer))
            }
            Ok(Standing::Missing { .. }) => Err(Meaning::InDoubt.into_call_error(answer)),
            Err(error) => {
                let ErrorAnswer { code, message, .. } = answer;
                Err(CallError::InDoubt(format!("{code} {message}; asked after it: {error}")))
            }
        }
    }

    async fn standing(&self, request: &RefundRequest) -> Result<Standing, CallError> {
        let path = format!("{PATH}/{}", percent_encode(request.out_refund_no.as_str()));
        match self.wire.get::<RefundState>(&path).await {
            Ok(proven) => {
                tell_request_id(request, &proven.request_id);
                proven.said.of(request).map(Standing::There)
            }
            Err(Failure::Answered(answer)) if sort(Asked::QueryRefund, &answer) == Meaning::Missing => {
                Ok(Standing::Missing { proven: answer.signed })
            }
            Err(failure) => Err(failure.into_call_error(Asked::QueryRefund)),
        }
    }
}

/// WeChat's support finds a call by this number only (section 9.4).
fn tell_request_id(request: &RefundRequest, request_id: &str) {
    tracing::debug!(
        refund.out_refund_no = %request.out_refund_no,
        payment.out_trade_no = %request.out_trade_no,
        provider.request_id = %request_id,
        "a refund was answered"
    );
}

/// `notify_url` always goes along: without it news of this refund may come in the v2 form, unsigned (section 6.4).
fn refund_body(request: &RefundRequest) -> Result<Vec<u8>, CallError> {
    to_bytes(&CreateRefund {
        transaction_id: request.provider_trade_no.as_str(),
        out_refund_no: request.out_refund_no.as_str(),
        reason: wire_text(&request.reason, REASON_BYTES),
        notify_url: &request.notify_url,
        amount: CreateRefundAmount {
            refund: request.amount.get(),
            total: request.paid.get(),
            currency: "CNY",
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::vectors;
    use super::*;

    /// The answer of section 6.1 with numbers of our form.
    const ANSWER: &str = r#"{"refund_id":"50001307732021032607480019805","out_refund_no":"RF20260101000001","transaction_id":"4200009999202601010000000001","out_trade_no":"HOSP20260101000001","channel":"ORIGINAL","user_received_account":"支付用户零钱","create_time":"2021-03-26T14:52:08+08:00","status":"PROCESSING","funds_account":"UNSETTLED","amount":{"total":1250,"refund":500,"payer_total":1250,"payer_refund":500,"settlement_refund":500,"settlement_total":1250,"discount_refund":0,"currency":"CNY"},"promotion_detail":[]}"#;

    #[test]
    fn the_body_is_as_the_document_has_it() {
        let body = String::from_utf8(refund_body(&vectors::refund()).expect("a body"));
        assert_eq!(
            body.as_deref(),
            Ok(
                r#"{"transaction_id":"4200009999202601010000000001","out_refund_no":"RF20260101000001","reason":"退号","notify_url":"https://pay.hospital.example/wechat/refund","amount":{"refund":500,"total":1250,"currency":"CNY"}}"#
            )
        );
    }

    #[test]
    fn every_status_has_its_reading() {
        let seen = |status: &str| {
            let text = ANSWER.replace("PROCESSING", status);
            serde_json::from_str::<RefundState>(&text).expect("readable").of(&vectors::refund())
        };
        let number = ProviderRefundNo::parse("50001307732021032607480019805").expect("a number");
        assert_eq!(
            seen("PROCESSING").map(|sighting| sighting.seen),
            Ok(SightedRefund::Processing { provider_refund_no: number.clone() })
        );
        assert_eq!(
            seen("ABNORMAL").map(|sighting| sighting.seen),
            Ok(SightedRefund::Abnormal { provider_refund_no: number })
        );
        assert_eq!(seen("CLOSED").map(|sighting| sighting.seen), Ok(SightedRefund::Closed));
        assert_eq!(
            seen("TOMORROW").map(|sighting| sighting.seen),
            Ok(SightedRefund::Unknown { text: "TOMORROW".to_owned() })
        );
        assert!(matches!(seen("SUCCESS"), Err(CallError::InDoubt(_))), "success without a time");
    }

    #[test]
    fn another_refund_or_another_amount_is_doubt() {
        for (from, to) in
            [("RF20260101000001", "RF20260101000002"), ("\"refund\":500", "\"refund\":501"), ("HOSP", "POSH")]
        {
            let state: RefundState = serde_json::from_str(&ANSWER.replace(from, to)).expect("readable");
            assert!(matches!(state.of(&vectors::refund()), Err(CallError::InDoubt(_))), "{to}");
        }
    }
}
