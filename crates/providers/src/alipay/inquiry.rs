//! Asking after an order, closing it, and calling off one whose end is unknown.
//!
//! # Source
//! protocols/alipay.md sections 6.6, 6.7 and 7.

use super::Alipay;
use super::call::Call;
use super::error::{Failure, Kind, Verdict, cut, unsettled};
use async_trait::async_trait;
use mingfen_domain::ids::{OutTradeNo, ProviderTradeNo};
use mingfen_domain::{Amount, Fen, Timestamp};
use mingfen_provider_api::{CallError, Inquiry, OrderSighting, Sighted};
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
struct OrderNumber<'a> {
    out_trade_no: &'a str,
}

#[derive(Serialize)]
struct TradeNumber<'a> {
    trade_no: &'a str,
}

#[derive(Deserialize)]
struct QueryAnswer {
    out_trade_no: String,
    trade_no: Option<String>,
    trade_status: String,
    total_amount: Option<String>,
    /// Only of trades that were paid, whatever became of them.
    send_pay_date: Option<String>,
    receipt_amount: Option<String>,
    buyer_pay_amount: Option<String>,
}

#[derive(Deserialize)]
struct CloseAnswer {
    out_trade_no: Option<String>,
}

#[derive(Deserialize)]
struct CancelAnswer {
    out_trade_no: Option<String>,
    #[serde(default)]
    retry_flag: String,
    action: Option<String>,
}

/// What calling an order off has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It was unpaid and is closed; its number can never be used again.
    Closed,
    /// It was paid and everything was paid back.
    Refunded,
    /// There was nothing to call off.
    Nothing,
}

#[async_trait]
impl Inquiry for Alipay {
    async fn query(&self, order: &OutTradeNo) -> Result<OrderSighting, CallError> {
        let seen = match self.ask_trade(order).await {
            Ok(answer) => self.seen(order, &answer).await?,
            Err(failure) if failure.verdict == Verdict::Missing => Sighted::Missing,
            Err(failure) => return Err(failure.into()),
        };
        Ok(OrderSighting { out_trade_no: order.clone(), seen })
    }

    async fn query_by_provider_trade_no(
        &self,
        number: &ProviderTradeNo,
    ) -> Result<Option<OrderSighting>, CallError> {
        let call = Call::new("alipay.trade.query", Kind::Query, &TradeNumber { trade_no: number.as_str() })?;
        match self.ask::<QueryAnswer>(&call).await {
            Ok(answer) if answer.trade_no.as_deref() != Some(number.as_str()) => Err(other_order()),
            Ok(answer) => {
                let order = OutTradeNo::parse(answer.out_trade_no.as_str())
                    .map_err(|_| CallError::InDoubt("an order number that is none of ours".to_owned()))?;
                let seen = self.seen(&order, &answer).await?;
                Ok(Some(OrderSighting { out_trade_no: order, seen }))
            }
            Err(failure) if failure.verdict == Verdict::Missing => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn close(&self, order: &OutTradeNo) -> Result<OrderSighting, CallError> {
        let call =
            Call::new("alipay.trade.close", Kind::Close, &OrderNumber { out_trade_no: order.as_str() })?;
        let seen = match self.ask::<CloseAnswer>(&call).await {
            Ok(answer) if answer.out_trade_no.as_deref().is_some_and(|no| no != order.as_str()) => {
                return Err(other_order());
            }
            Ok(_) => Sighted::Closed,
            Err(failure) if failure.verdict == Verdict::Missing => Sighted::Missing,
            // It lost against a payment, or was closed before: the query is believed.
            Err(failure) if failure.verdict == Verdict::AskFirst => {
                return self.query(order).await.map_err(unsettled);
            }
            Err(failure) => return Err(failure.into()),
        };
        Ok(OrderSighting { out_trade_no: order.clone(), seen })
    }
}

impl Alipay {
    /// Calls off an order whose end is unknown (撤销): an unpaid one is closed, a paid one is paid back whole. Safe to repeat
    /// within 24 hours of its opening; never a business refund, and its number can never be used again.
    ///
    /// # Errors
    /// [`CallError::Postponed`] when Alipay asks for the same call again, otherwise as every call.
    pub async fn cancel(&self, order: &OutTradeNo) -> Result<Cancelled, CallError> {
        let call =
            Call::new("alipay.trade.cancel", Kind::Cancel, &OrderNumber { out_trade_no: order.as_str() })?;
        match self.ask::<CancelAnswer>(&call).await {
            Ok(answer) if answer.out_trade_no.as_deref().is_some_and(|no| no != order.as_str()) => {
                Err(other_order())
            }
            Ok(answer) if answer.retry_flag == "Y" => Err(CallError::Postponed {
                code: "retry_flag".to_owned(),
                message: "the same call is wanted again".to_owned(),
            }),
            Ok(answer) => match answer.action.as_deref() {
                Some("close") => Ok(Cancelled::Closed),
                Some("refund") => Ok(Cancelled::Refunded),
                None | Some("") => Ok(Cancelled::Nothing),
                Some(other) => Err(CallError::InDoubt(format!("action {}", cut(other)))),
            },
            Err(failure) if failure.verdict == Verdict::Missing => Ok(Cancelled::Nothing),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Whether the trade stands where no refund of it was ever paid and none can be any more: unpaid, closed unpaid, or past
    /// its refund period. A trade that was refunded whole proves nothing: ours may be among its refunds.
    pub(super) async fn rules_out_refunds(&self, order: &OutTradeNo) -> Result<bool, Failure> {
        let answer = self.ask_trade(order).await?;
        let paid = answer.paid_date().is_some() || answer.shows_money();
        Ok(match answer.trade_status.as_str() {
            "WAIT_BUYER_PAY" | "TRADE_CLOSED" => !paid,
            "TRADE_FINISHED" => true,
            _ => false,
        })
    }

    async fn ask_trade(&self, order: &OutTradeNo) -> Result<QueryAnswer, Failure> {
        let call =
            Call::new("alipay.trade.query", Kind::Query, &OrderNumber { out_trade_no: order.as_str() })?;
        let answer: QueryAnswer = self.ask(&call).await?;
        if answer.out_trade_no == order.as_str() { Ok(answer) } else { Err(other_order().into()) }
    }

    async fn seen(&self, order: &OutTradeNo, answer: &QueryAnswer) -> Result<Sighted, Failure> {
        match (answer.trade_status.as_str(), answer.paid_date()) {
            ("WAIT_BUYER_PAY", _) => Ok(Sighted::Waiting),
            ("TRADE_SUCCESS" | "TRADE_FINISHED" | "TRADE_CLOSED", Some(date)) => paid(answer, moment(date)?),
            // A paid trade that was refunded whole is closed too; money in the amounts says so when the date is missing.
            ("TRADE_CLOSED", None) if answer.shows_money() => self.closed_with_money(order, answer).await,
            ("TRADE_CLOSED", None) => Ok(Sighted::Closed),
            // The status is the truth; a date that is missing from every answer must not keep it pending for ever.
            ("TRADE_SUCCESS" | "TRADE_FINISHED", None) => {
                tracing::warn!(payment.out_trade_no = %order, "paid without a time: now is taken");
                paid(answer, self.clock.now())
            }
            (status, _) => Ok(Sighted::Unknown { text: format!("trade_status {}", cut(status)) }),
        }
    }

    /// A refund that was sent without a number of its own is known under the order's. Its time is the last at which the order
    /// can have been paid.
    async fn closed_with_money(&self, order: &OutTradeNo, answer: &QueryAnswer) -> Result<Sighted, Failure> {
        match self.refund_time(order.as_str(), None, order.as_str()).await.map_err(unsettled)? {
            Some(refunded_at) => paid(answer, refunded_at),
            None => {
                Ok(Sighted::Unknown { text: "TRADE_CLOSED with money and without send_pay_date".to_owned() })
            }
        }
    }
}

impl QueryAnswer {
    fn paid_date(&self) -> Option<&str> {
        self.send_pay_date.as_deref().filter(|date| !date.is_empty())
    }

    fn shows_money(&self) -> bool {
        [&self.receipt_amount, &self.buyer_pay_amount]
            .into_iter()
            .flatten()
            .any(|amount| Fen::from_yuan(amount).is_ok_and(|fen| fen > Fen::ZERO))
    }
}

fn paid(answer: &QueryAnswer, paid_at: Timestamp) -> Result<Sighted, Failure> {
    let missing = |name: &str| Failure::in_doubt(format!("a paid order's answer has no {name}"));
    let number = answer.trade_no.clone().ok_or_else(|| missing("trade_no"))?;
    let amount = answer.total_amount.as_deref().ok_or_else(|| missing("total_amount"))?;
    Ok(Sighted::Paid {
        provider_trade_no: ProviderTradeNo::parse(number)
            .map_err(|error| Failure::in_doubt(format!("trade_no: {error}")))?,
        amount: Amount::from_yuan(amount)
            .map_err(|error| Failure::in_doubt(format!("total_amount: {error}")))?,
        paid_at,
    })
}

pub(super) fn moment(text: &str) -> Result<Timestamp, Failure> {
    Timestamp::from_beijing_text(text).map_err(|error| Failure::in_doubt(error.to_string()))
}

fn other_order() -> CallError {
    CallError::InDoubt("the answer is about another order".to_owned())
}
