//! A day's payments and refunds, page by page.

use super::{reply, to_json};
use crate::Gateway;
use crate::http::api_error::ApiFailure;
use crate::http::signed_request::caller;
use crate::settings::ApiRight;
use actix_web::{HttpRequest, HttpResponse, web};
use mingfen_domain::{BusinessDay, Timestamp};
use mingfen_store::{PaymentRecord, RefundRecord};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Rows of a page when nothing is said.
const ROWS: i64 = 200;
/// Rows of a page at most.
const MOST_ROWS: i64 = 500;

/// A page of a day's payments.
#[derive(Serialize, ToSchema)]
pub(crate) struct DayPayments {
    payments: Vec<DayPayment>,
    /// Send it as `after` for the next page; left out on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Money that came in.
#[derive(Serialize, ToSchema)]
pub(crate) struct DayPayment {
    /// The bill.
    order_no: String,
    /// Our number at the channel.
    out_trade_no: String,
    /// The merchant account.
    channel: String,
    /// The provider's number.
    provider_trade_no: String,
    /// What came in.
    #[schema(minimum = 1)]
    amount_fen: i64,
    /// When the provider took it, RFC 3339.
    #[schema(format = "date-time")]
    paid_at: String,
    /// `paid`, or `suspense` while it belongs to nothing.
    state: String,
    /// What of it is promised to refunds, whether they have arrived or not.
    #[schema(minimum = 0)]
    refund_held_fen: i64,
}

/// A page of a day's refunds.
#[derive(Serialize, ToSchema)]
pub(crate) struct DayRefunds {
    refunds: Vec<DayRefund>,
    /// Send it as `after` for the next page; left out on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A refund of the day.
#[derive(Serialize, ToSchema)]
pub(crate) struct DayRefund {
    #[serde(flatten)]
    refund: super::refunds::RefundAnswer,
    /// RFC 3339.
    #[schema(format = "date-time")]
    requested_at: String,
    /// `cashier`, `his`, or why the gateway itself sent it back.
    origin: String,
}

/// The payments whose money came in on a day (Beijing time), by the time the provider took it.
#[utoipa::path(get, path = "/api/v1/days/{day}/payments", tag = "days",
    params(
        ("day" = String, Path, description = "The day", example = "2026-11-25", pattern = "^\\d{4}-\\d{2}-\\d{2}$"),
        ("after" = Option<String>, Query, description = "The `next` of the page before"),
        ("limit" = Option<i64>, Query, description = "Rows of a page, else 200", minimum = 1, maximum = 500)),
    responses((status = 200, description = "A page of payments", body = DayPayments)))]
pub(crate) async fn payments(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    day: web::Path<String>,
) -> HttpResponse {
    reply(page_of_payments(&gateway, &request, &day).await)
}

async fn page_of_payments(gateway: &Gateway, request: &HttpRequest, day: &str) -> Result<Value, ApiFailure> {
    caller(gateway, request, b"", ApiRight::DayLists).await?;
    let asked = Asked::parse(day, request.query_string())?;
    let (from, to) = (asked.day.start(), asked.day.end());
    let rows = gateway.store().payments_received(from, to, asked.after.as_ref(), asked.limit).await?;
    let last = rows.last().and_then(|record| {
        Some((record.payment.state.received()?.paid_at, record.payment.out_trade_no.to_string()))
    });
    to_json(&DayPayments {
        next: asked.next(rows.len(), last),
        payments: rows.iter().filter_map(day_payment).collect(),
    })
}

fn day_payment(record: &PaymentRecord) -> Option<DayPayment> {
    let payment = &record.payment;
    let received = payment.state.received()?;
    Some(DayPayment {
        order_no: payment.bill_no.to_string(),
        out_trade_no: payment.out_trade_no.to_string(),
        channel: payment.channel.to_string(),
        provider_trade_no: received.provider_trade_no.to_string(),
        amount_fen: received.amount.get(),
        paid_at: received.paid_at.to_rfc3339(),
        state: payment.state.as_str().to_owned(),
        refund_held_fen: record.refund_held.get(),
    })
}

/// The refunds that were asked for on a day (Beijing time), whatever became of them.
#[utoipa::path(get, path = "/api/v1/days/{day}/refunds", tag = "days",
    params(
        ("day" = String, Path, description = "The day", example = "2026-11-25", pattern = "^\\d{4}-\\d{2}-\\d{2}$"),
        ("after" = Option<String>, Query, description = "The `next` of the page before"),
        ("limit" = Option<i64>, Query, description = "Rows of a page, else 200", minimum = 1, maximum = 500)),
    responses((status = 200, description = "A page of refunds", body = DayRefunds)))]
pub(crate) async fn refunds(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    day: web::Path<String>,
) -> HttpResponse {
    reply(page_of_refunds(&gateway, &request, &day).await)
}

async fn page_of_refunds(gateway: &Gateway, request: &HttpRequest, day: &str) -> Result<Value, ApiFailure> {
    caller(gateway, request, b"", ApiRight::DayLists).await?;
    let asked = Asked::parse(day, request.query_string())?;
    let (from, to) = (asked.day.start(), asked.day.end());
    let rows = gateway.store().refunds_requested(from, to, asked.after.as_ref(), asked.limit).await?;
    let last =
        rows.last().map(|record| (record.refund.requested_at, record.refund.out_refund_no.to_string()));
    to_json(&DayRefunds {
        next: asked.next(rows.len(), last),
        refunds: rows.iter().map(day_refund).collect(),
    })
}

fn day_refund(record: &RefundRecord) -> DayRefund {
    DayRefund {
        refund: super::refunds::refund_answer(record),
        requested_at: record.refund.requested_at.to_rfc3339(),
        origin: record.refund.origin.as_str().to_owned(),
    }
}

/// Which page of which day.
struct Asked {
    day: BusinessDay,
    after: Option<(Timestamp, String)>,
    limit: i64,
}

impl Asked {
    fn parse(day: &str, query: &str) -> Result<Self, ApiFailure> {
        let bad = |problem: &str| ApiFailure::bad_request(problem);
        let day = BusinessDay::parse(day)
            .ok()
            .filter(|parsed| parsed.to_string() == day)
            .ok_or_else(|| bad("the day must be of the form 2026-01-31"))?;
        let mut asked = Self { day, after: None, limit: ROWS };
        let mut seen = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if seen.contains(&name) {
                return Err(bad("a parameter is there twice"));
            }
            match &*name {
                "after" => {
                    asked.after =
                        Some(cursor(&value).ok_or_else(|| bad("after must be the next of a page"))?);
                }
                "limit" => {
                    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
                    let limit = value.parse().ok().filter(|limit| digits && (1..=MOST_ROWS).contains(limit));
                    asked.limit = limit.ok_or_else(|| bad("limit must be 1 to 500"))?;
                }
                _ => return Err(bad("the parameters are after and limit")),
            }
            seen.push(name);
        }
        Ok(asked)
    }

    /// What leads to the next page; a page that is not full is the last one.
    fn next(&self, rows: usize, last: Option<(Timestamp, String)>) -> Option<String> {
        let is_full = i64::try_from(rows).is_ok_and(|rows| rows == self.limit);
        last.filter(|_| is_full).map(|(at, number)| format!("{}-{number}", at.ms()))
    }
}

fn cursor(text: &str) -> Option<(Timestamp, String)> {
    let (ms, number) = text.split_once('-')?;
    let plausible = (8..=32).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && (1..=15).contains(&ms.len())
        && ms.bytes().all(|byte| byte.is_ascii_digit());
    plausible.then_some((Timestamp::from_ms(ms.parse().ok()?), number.to_owned()))
}
