//! Money back, asked for by HIS.

use super::members::Members;
use super::{no_such_order, operator, reply, to_json};
use crate::Gateway;
use crate::http::api_error::ApiFailure;
use crate::http::signed_request::{Key, caller, change};
use crate::http::words::is_readable;
use crate::service::{self, RefundAsked, RefundTarget, RefundWay};
use crate::settings::ApiRight;
use actix_web::{HttpRequest, HttpResponse, web};
use mingfen_domain::Amount;
use mingfen_domain::ids::{BillNo, OutRefundNo, OutTradeNo, SlipNo};
use mingfen_domain::refund::{Origin, State};
use mingfen_store::RefundRecord;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A refund as it is asked for.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the shape in the description; members.rs reads it")]
pub(crate) struct RefundRequest {
    /// The bill that was booked; either this or `out_trade_no`.
    #[schema(
        example = "B261125ABCDEFGH12345678",
        min_length = 8,
        max_length = 32,
        pattern = "^[A-Za-z0-9]+$"
    )]
    order_no: Option<String>,
    /// One order at a channel.
    #[schema(min_length = 8, max_length = 32, pattern = "^[A-Za-z0-9]+$")]
    out_trade_no: Option<String>,
    /// Integer fen; left out: all that is left. Never `null`.
    #[schema(minimum = 1, example = 4000)]
    amount_fen: Option<i64>,
    /// One slip of the bill, when only that is meant.
    #[schema(min_length = 1, max_length = 64)]
    slip_no: Option<String>,
    /// HIS's own number of the refund: the same one again is answered with the first.
    #[schema(example = "TF20261125-0031", min_length = 1, max_length = 48, pattern = "^[!-~]+$")]
    refund_request_no: String,
    /// Shown to the payer.
    #[schema(example = "药品退回", min_length = 1, max_length = 80)]
    reason: String,
    /// Who asks, for the audit trail.
    #[schema(example = "王芳", min_length = 1, max_length = 32)]
    operator: String,
}

fn asked(body: &[u8], key: &str) -> Result<RefundAsked, ApiFailure> {
    let mut members = Members::parse(body)?;
    let target = match (members.optional_text("order_no")?, members.optional_text("out_trade_no")?) {
        (Some(bill), None) => RefundTarget::Bill(members.parsed("order_no", bill, BillNo::parse)?),
        (None, Some(order)) => {
            RefundTarget::Order(members.parsed("out_trade_no", order, OutTradeNo::parse)?)
        }
        _ => return Err(ApiFailure::bad_request("send either order_no or out_trade_no")),
    };
    let amount = match members.optional_integer("amount_fen")? {
        None => None,
        Some(fen) => Some(Amount::from_fen(fen).map_err(|_| members.refuse("amount_fen", "at least 1 fen"))?),
    };
    let slip_no = match members.optional_text("slip_no")? {
        None => None,
        Some(slip_no) => Some(members.parsed("slip_no", slip_no, SlipNo::parse)?),
    };
    let number = members.text("refund_request_no")?;
    if !is_request_no(&number) {
        return Err(members.refuse("refund_request_no", "1 to 48 printable ASCII characters"));
    }
    let reason = members.text("reason")?;
    if !is_readable(&reason, 1, 80) {
        return Err(members.refuse("reason", "1 to 80 characters that the payer can read"));
    }
    let operator = operator(&mut members)?;
    members.end()?;
    Ok(RefundAsked {
        target,
        amount,
        slip_no,
        reason,
        origin: Origin::His,
        requested_by: format!("{key}:{operator}"),
        request_key: Some(format!("{key}:{number}")),
        by: RefundWay::Channel,
    })
}

fn is_request_no(text: &str) -> bool {
    (1..=48).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Asks for a refund. The money moves afterwards; ask for its state, or wait for the refund's booking.
#[utoipa::path(post, path = "/api/v1/refunds", tag = "refunds", request_body = RefundRequest,
    responses((status = 200, description = "The refund", body = RefundAnswer), (status = 404, description = "NO_SUCH_ORDER"), (status = 409, description = "NOT_PAID, NOT_BOOKED_YET, REFUND_TOO_MUCH, NOTHING_LEFT, NO_SUCH_SLIP, HIS_SAYS_NO, CHANNEL_CANNOT_REFUND, REQUEST_NO_USED, IDEMPOTENCY_KEY_USED"), (status = 502, description = "HIS_DOES_NOT_ANSWER")))]
pub(crate) async fn refund(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    change(&gateway, &request, &body, ApiRight::Refunds, Key::Required, async |key| {
        let record = service::refund_for_key(&gateway, key, asked(&body, &key.id)?).await?;
        to_json(&refund_answer(&record))
    })
    .await
}

/// Where a refund stands.
#[utoipa::path(get, path = "/api/v1/refunds/{number}", tag = "refunds",
    params(("number" = String, Path, description = "The refund's number as it was answered", min_length = 8, max_length = 32)),
    responses((status = 200, description = "The refund", body = RefundAnswer), (status = 404, description = "NO_SUCH_ORDER")))]
pub(crate) async fn refund_state(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    number: web::Path<String>,
) -> HttpResponse {
    reply(state_of_refund(&gateway, &request, &number).await)
}

/// Where a refund stands, by the caller's own number of it.
#[utoipa::path(get, path = "/api/v1/refunds/by-request/{refund_request_no}", tag = "refunds",
    params(("refund_request_no" = String, Path, description = "The number that this key gave it, percent-encoded", min_length = 1, max_length = 48)),
    responses((status = 200, description = "The refund", body = RefundAnswer), (status = 404, description = "NO_SUCH_ORDER")))]
pub(crate) async fn refund_by_request(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    number: web::Path<String>,
) -> HttpResponse {
    reply(requested_refund(&gateway, &request, &number).await)
}

async fn requested_refund(
    gateway: &Gateway,
    request: &HttpRequest,
    number: &str,
) -> Result<Value, ApiFailure> {
    let key = caller(gateway, request, b"", ApiRight::Refunds).await?;
    if !is_request_no(number) {
        return Err(no_such_order());
    }
    let record = gateway.store().refund_by_request_key(&format!("{}:{number}", key.id)).await?;
    to_json(&refund_answer(&record.ok_or_else(no_such_order)?))
}

async fn state_of_refund(
    gateway: &Gateway,
    request: &HttpRequest,
    number: &str,
) -> Result<Value, ApiFailure> {
    caller(gateway, request, b"", ApiRight::Refunds).await?;
    let number = OutRefundNo::parse(number).map_err(|_| no_such_order())?;
    let record = gateway.store().refund(&number).await?.ok_or_else(no_such_order)?;
    to_json(&refund_answer(&record))
}

/// A refund.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefundAnswer {
    /// Our number of it, the same at the provider.
    #[schema(example = "R261125ABCDEFGH12345678")]
    out_refund_no: String,
    /// The order at a channel that is paid back.
    out_trade_no: String,
    /// The bill.
    order_no: String,
    #[schema(minimum = 1)]
    amount_fen: i64,
    /// The one slip that was meant; left out when it was no one in particular.
    #[serde(skip_serializing_if = "Option::is_none")]
    slip_no: Option<String>,
    /// `due`, `unknown`, `processing`, `succeeded`, `abnormal`, `failed`.
    state: String,
    /// When the money was back, RFC 3339; left out until it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    refunded_at: Option<String>,
}

pub(super) fn refund_answer(record: &RefundRecord) -> RefundAnswer {
    let refunded_at = match &record.refund.state {
        State::Succeeded { refunded_at, .. } => Some(refunded_at.to_rfc3339()),
        _ => None,
    };
    RefundAnswer {
        out_refund_no: record.refund.out_refund_no.to_string(),
        out_trade_no: record.refund.out_trade_no.to_string(),
        order_no: record.bill_no.to_string(),
        amount_fen: record.refund.amount.get(),
        slip_no: record.slip_no.as_ref().map(ToString::to_string),
        state: record.refund.state.as_str().to_owned(),
        refunded_at,
    }
}
