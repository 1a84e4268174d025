//! The signed API v1. Each handler: prove the caller, parse into domain types, one service function, answer.

use crate::Gateway;
use crate::http::api_error::ApiFailure;
use crate::http::signed_request::{caller, once};
use crate::service::{self, OrderStory, RefundAsked, RefundTarget, RefundWay};
use crate::settings::ApiRight;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mingfen_domain::Amount;
use mingfen_domain::ids::{BillNo, OutRefundNo, OutTradeNo, SlipNo};
use mingfen_domain::person::Patient;
use mingfen_domain::refund::{Origin, State};
use mingfen_pages::qr::{self, QrOptions};
use mingfen_store::{RefundRecord, TaskState};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ApiFailure> {
    serde_json::from_slice(body)
        .map_err(|error| ApiFailure::bad_request(format!("the body is not what is wanted: {error}")))
}

fn reply(result: Result<Value, ApiFailure>) -> HttpResponse {
    match result {
        Ok(value) => {
            HttpResponse::Ok().content_type("application/json; charset=utf-8").body(value.to_string())
        }
        Err(failure) => failure.answer(),
    }
}

/// A patient whose slips shall be payable by a code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkRequest {
    /// The hospital, as configured here.
    #[schema(example = "QH01")]
    hospital_id: String,
    patient: PatientRequest,
    /// Slips that are printed on the sheet; the patient is shown everything unpaid for the card.
    #[serde(default)]
    #[allow(
        dead_code,
        reason = "kept in the contract; what is owed is read from HIS when the code is scanned"
    )]
    slips: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PatientRequest {
    /// 1 to 30 characters.
    #[schema(example = "张小明")]
    name: String,
    /// 1 to 32 letters and digits.
    #[schema(example = "A10023846021")]
    card_no: String,
    /// Eleven digits.
    #[serde(default)]
    phone: Option<String>,
    /// Identity card.
    #[serde(default)]
    id_no: Option<String>,
}

impl PatientRequest {
    fn parse(self) -> Result<Patient, ApiFailure> {
        let refuse =
            |field: &str, rule: &str| Err(ApiFailure::bad_request(format!("patient.{field} must be {rule}")));
        let name_length = self.name.chars().count();
        if !(1..=30).contains(&name_length)
            || self.name.chars().any(char::is_control)
            || self.name.trim() != self.name
        {
            return refuse("name", "1 to 30 characters without blanks around");
        }
        let plain = |text: &str, most: usize| {
            (1..=most).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if !plain(&self.card_no, 32) {
            return refuse("card_no", "1 to 32 letters, digits or -");
        }
        if let Some(phone) = &self.phone
            && mingfen_domain::person::Phone::parse(phone).is_err()
        {
            return refuse("phone", "a mobile number of 11 digits");
        }
        if self.id_no.as_ref().is_some_and(|id_no| !plain(id_no, 20)) {
            return refuse("id_no", "1 to 20 letters, digits or -");
        }
        Ok(Patient { name: self.name, card_no: self.card_no, phone: self.phone, id_no: self.id_no })
    }
}

/// A link and its code.
#[derive(Serialize, ToSchema)]
pub(super) struct LinkAnswer {
    /// What the code holds.
    link: String,
    /// RFC 3339.
    expires_at: String,
    /// Version of the code, 1 to 40.
    qr_version: u8,
    /// Error correction, `M`.
    qr_level: String,
    /// PNG, Base64.
    qr_png: String,
    /// SVG text.
    qr_svg: String,
}

/// Makes the link and the code for a fee slip.
#[utoipa::path(post, path = "/api/v1/slips", tag = "slips", request_body = LinkRequest,
    responses((status = 200, body = LinkAnswer), (status = 400, description = "BAD_REQUEST"), (status = 401, description = "NOT_SIGNED")))]
pub(super) async fn make_link(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    reply(link(&gateway, &request, &body).await)
}

async fn link(gateway: &Gateway, request: &HttpRequest, body: &[u8]) -> Result<Value, ApiFailure> {
    caller(gateway, request, body, ApiRight::Slips).await?;
    let wanted: LinkRequest = parse(body)?;
    if wanted.hospital_id != gateway.settings().hospital.id.as_str() {
        return Err(ApiFailure::bad_request("hospital_id is not the hospital of this gateway"));
    }
    let link = service::slip_link(gateway, &wanted.patient.parse()?)?;
    let code = qr::QrCode::new(&link.url, qr::Level::M)
        .map_err(|error| ApiFailure::bad_request(error.to_string()))?;
    let options = QrOptions::default();
    let broken =
        |error: qr::QrError| ApiFailure::new(StatusCode::INTERNAL_SERVER_ERROR, "NO_CODE", error.to_string());
    let answer = LinkAnswer {
        qr_version: code.version(),
        qr_level: code.level().letter().to_owned(),
        qr_png: STANDARD.encode(code.png(&options).map_err(broken)?),
        qr_svg: code.svg(&options).map_err(broken)?,
        link: link.url,
        expires_at: link.expires_at.to_rfc3339(),
    };
    serde_json::to_value(answer)
        .map_err(|error| ApiFailure::new(StatusCode::INTERNAL_SERVER_ERROR, "NO_ANSWER", error.to_string()))
}

/// Everything that happened to an order, by any number.
#[utoipa::path(get, path = "/api/v1/orders/{number}", tag = "orders",
    params(("number" = String, Path, description = "Bill, order, refund, the provider's number, or a slip number")),
    responses((status = 200, description = "The order's story"), (status = 404, description = "NO_SUCH_ORDER")))]
pub(super) async fn order(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    number: web::Path<String>,
) -> HttpResponse {
    reply(story(&gateway, &request, &number).await)
}

async fn story(gateway: &Gateway, request: &HttpRequest, number: &str) -> Result<Value, ApiFailure> {
    caller(gateway, request, b"", ApiRight::Orders).await?;
    let story = service::order_story(gateway, number).await?;
    story.map(|story| story_json(&story)).ok_or_else(no_such_order)
}

fn no_such_order() -> ApiFailure {
    ApiFailure::new(
        StatusCode::NOT_FOUND,
        "NO_SUCH_ORDER",
        "there is no order, bill, refund or slip of this number",
    )
}

/// The story as JSON; the command line prints the same.
pub fn story_json(story: &OrderStory) -> Value {
    json!({
        "bill_no": story.bill_no.as_str(),
        "state": story.state,
        "patient": story.patient,
        "slips": story.slips.iter().map(|(slip_no, title, total)| json!({"slip_no": slip_no.as_str(), "title": title, "total_fen": total.get()})).collect::<Vec<_>>(),
        "total_fen": story.total.get(),
        "self_pay_fen": story.self_pay.get(),
        "received_fen": story.received.get(),
        "refunded_fen": story.refunded.get(),
        "receipt_no": story.receipt_no,
        "trace": story.trace,
        "steps": story.steps.iter().map(|step| json!({
            "at": step.at.to_rfc3339(), "who": step.who, "what": step.what,
            "amount_fen": step.amount.map(mingfen_domain::Fen::get), "reference": step.reference,
        })).collect::<Vec<_>>(),
        "open_tasks": story.open_tasks,
    })
}

/// Money back, asked for by HIS.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundRequest {
    /// The bill that was booked; either this or `out_trade_no`.
    #[serde(default)]
    order_no: Option<String>,
    /// One order at a channel.
    #[serde(default)]
    out_trade_no: Option<String>,
    /// Integer fen; left out: all that is left.
    #[serde(default)]
    amount_fen: Option<i64>,
    /// One slip of the bill, when only that is meant.
    #[serde(default)]
    slip_no: Option<String>,
    /// HIS's own number of the refund: the same one again is answered with the first.
    refund_request_no: String,
    /// Shown to the payer, 1 to 80 characters.
    reason: String,
    /// Who asks, for the audit trail.
    operator: String,
}

impl RefundRequest {
    fn parse(self, key: &str) -> Result<RefundAsked, ApiFailure> {
        let bad = |error: &dyn std::fmt::Display| ApiFailure::bad_request(error.to_string());
        let target = match (self.order_no, self.out_trade_no) {
            (Some(bill), None) => RefundTarget::Bill(BillNo::parse(bill).map_err(|error| bad(&error))?),
            (None, Some(order)) => {
                RefundTarget::Order(OutTradeNo::parse(order).map_err(|error| bad(&error))?)
            }
            _ => return Err(ApiFailure::bad_request("send either order_no or out_trade_no")),
        };
        let amount = self
            .amount_fen
            .map(Amount::from_fen)
            .transpose()
            .map_err(|error| ApiFailure::bad_request(format!("amount_fen: {error}")))?;
        let number = &self.refund_request_no;
        if !(1..=48).contains(&number.len()) || !number.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ApiFailure::bad_request("refund_request_no must be 1 to 48 printable characters"));
        }
        operator(&self.operator)?;
        Ok(RefundAsked {
            target,
            amount,
            slip_no: self.slip_no.map(SlipNo::parse).transpose().map_err(|error| bad(&error))?,
            reason: self.reason,
            origin: Origin::His,
            requested_by: format!("{key}:{}", self.operator),
            request_key: Some(format!("{key}:{number}")),
            by: RefundWay::Channel,
        })
    }
}

/// Asks for a refund. The money moves afterwards; ask for its state, or wait for the refund's booking.
#[utoipa::path(post, path = "/api/v1/refunds", tag = "refunds", request_body = RefundRequest,
    params(("Idempotency-Key" = String, Header, description = "Your number of this request, the same on every retry")),
    responses((status = 200, description = "The refund"), (status = 409, description = "NOT_PAID, NOT_BOOKED_YET, REFUND_TOO_MUCH, NOTHING_LEFT, HIS_SAYS_NO, REQUEST_NO_USED, IDEMPOTENCY_KEY_USED")))]
pub(super) async fn refund(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let key = match caller(&gateway, &request, &body, ApiRight::Refunds).await {
        Ok(key) => key,
        Err(failure) => return failure.answer(),
    };
    once(&gateway, key, &request, &body, async {
        let asked = parse::<RefundRequest>(&body)?.parse(&key.id)?;
        let record = service::request_refund(&gateway, asked).await?;
        Ok(refund_json(&record))
    })
    .await
}

/// Where a refund stands.
#[utoipa::path(get, path = "/api/v1/refunds/{number}", tag = "refunds",
    params(("number" = String, Path, description = "The refund's number as it was answered")),
    responses((status = 200, description = "The refund"), (status = 404, description = "NO_SUCH_ORDER")))]
pub(super) async fn refund_state(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    number: web::Path<String>,
) -> HttpResponse {
    reply(state_of_refund(&gateway, &request, &number).await)
}

async fn state_of_refund(
    gateway: &Gateway,
    request: &HttpRequest,
    number: &str,
) -> Result<Value, ApiFailure> {
    caller(gateway, request, b"", ApiRight::Refunds).await?;
    let number = OutRefundNo::parse(number).map_err(|_| no_such_order())?;
    gateway.store().refund(&number).await?.map(|record| refund_json(&record)).ok_or_else(no_such_order)
}

fn refund_json(record: &RefundRecord) -> Value {
    let refunded_at = match &record.refund.state {
        State::Succeeded { refunded_at, .. } => Some(refunded_at.to_rfc3339()),
        _ => None,
    };
    json!({
        "out_refund_no": record.refund.out_refund_no.as_str(),
        "out_trade_no": record.refund.out_trade_no.as_str(),
        "order_no": record.bill_no.as_str(),
        "amount_fen": record.refund.amount.get(),
        "state": record.refund.state.as_str(),
        "refunded_at": refunded_at,
    })
}

/// What waits for a person.
#[utoipa::path(get, path = "/api/v1/tasks", tag = "tasks", responses((status = 200, description = "Parked tasks with their reasons")))]
pub(super) async fn tasks(gateway: web::Data<Gateway>, request: HttpRequest) -> HttpResponse {
    reply(parked(&gateway, &request).await)
}

async fn parked(gateway: &Gateway, request: &HttpRequest) -> Result<Value, ApiFailure> {
    caller(gateway, request, b"", ApiRight::Tasks).await?;
    let tasks = gateway.store().list(Some(TaskState::Parked), 500).await?;
    Ok(json!({ "tasks": tasks.iter().map(|task| json!({
        "task_id": task.task_id, "kind": task.kind.as_str(), "subject": task.subject, "attempts": task.attempts,
        "reason": task.last_error, "trace": task.trace.as_str(),
    })).collect::<Vec<_>>() }))
}

/// Tries a parked task once more. Every job is safe to repeat.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/retry", tag = "tasks",
    params(("id" = String, Path, description = "The task's id")),
    responses((status = 200, description = "It is due now"), (status = 404, description = "NO_SUCH_TASK")))]
pub(super) async fn retry_task(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    body: web::Bytes,
    id: web::Path<String>,
) -> HttpResponse {
    reply(retried(&gateway, &request, &body, &id).await)
}

async fn retried(
    gateway: &Gateway,
    request: &HttpRequest,
    body: &[u8],
    id: &str,
) -> Result<Value, ApiFailure> {
    caller(gateway, request, body, ApiRight::Tasks).await?;
    if gateway.store().unpark(id, gateway.now()).await? {
        gateway.work.notify_one();
        Ok(json!({ "task_id": id, "state": "ready" }))
    } else {
        Err(ApiFailure::new(StatusCode::NOT_FOUND, "NO_SUCH_TASK", "there is no parked task of this id"))
    }
}

/// What a person found and did.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CloseRequest {
    /// 1 to 200 characters.
    note: String,
    /// Who, for the audit trail.
    operator: String,
}

/// Closes a parked task that a person has dealt with. Moves no money.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/close", tag = "tasks", request_body = CloseRequest,
    params(("id" = String, Path, description = "The task's id")),
    responses((status = 200, description = "It is closed"), (status = 404, description = "NO_SUCH_TASK")))]
pub(super) async fn close_task(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    body: web::Bytes,
    id: web::Path<String>,
) -> HttpResponse {
    reply(closed(&gateway, &request, &body, &id).await)
}

async fn closed(
    gateway: &Gateway,
    request: &HttpRequest,
    body: &[u8],
    id: &str,
) -> Result<Value, ApiFailure> {
    let key = caller(gateway, request, body, ApiRight::Tasks).await?;
    let asked: CloseRequest = parse(body)?;
    let operator = operator(&asked.operator)?;
    service::close_task(gateway, id, &format!("{}:{operator}", key.id), &asked.note).await?;
    Ok(json!({ "task_id": id, "state": "done" }))
}

fn operator(text: &str) -> Result<&str, ApiFailure> {
    if !(1..=32).contains(&text.chars().count()) || text.chars().any(char::is_control) {
        return Err(ApiFailure::bad_request("operator must be 1 to 32 characters"));
    }
    Ok(text)
}
