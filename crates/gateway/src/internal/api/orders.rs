//! What became of an order.

use super::members::Members;
use super::refunds::{RefundAnswer, refund_answer};
use super::{no_such_order, operator, reply, to_json};
use crate::Gateway;
use crate::http::api_error::ApiFailure;
use crate::http::signed_request::{Key, caller, change};
use crate::service::{self, OrderMoney, OrderStory};
use crate::settings::ApiRight;
use actix_web::{HttpRequest, HttpResponse, web};
use mingfen_domain::write_back::State as WriteBackState;
use mingfen_store::PaymentRecord;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// An order's story.
#[derive(Serialize, ToSchema)]
pub(crate) struct StoryAnswer {
    /// The bill: `order_no` in the HIS contract.
    #[schema(example = "B261125ABCDEFGH12345678")]
    bill_no: String,
    /// Where the bill stands: `open`, `settled`, `released`.
    state: String,
    /// Whose, masked.
    patient: String,
    slips: Vec<StorySlip>,
    /// All of it, in fen.
    #[schema(minimum = 0)]
    total_fen: i64,
    /// What the patient owed of it.
    #[schema(minimum = 0)]
    self_pay_fen: i64,
    /// What came in over all orders of the bill.
    #[schema(minimum = 0)]
    received_fen: i64,
    /// What is back at the payer.
    #[schema(minimum = 0)]
    refunded_fen: i64,
    /// HIS's receipt, once it booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt_no: Option<String>,
    /// Follows the order through every log.
    trace: String,
    /// Everything that happened, in order.
    steps: Vec<StoryStep>,
    /// What is still to happen, or waits for a person.
    open_tasks: Vec<String>,
}

/// One slip of the bill.
#[derive(Serialize, ToSchema)]
pub(crate) struct StorySlip {
    slip_no: String,
    title: String,
    #[schema(minimum = 0)]
    total_fen: i64,
}

/// One thing that happened.
#[derive(Serialize, ToSchema)]
pub(crate) struct StoryStep {
    /// When, RFC 3339.
    #[schema(format = "date-time")]
    at: String,
    /// Whose doing.
    who: String,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_fen: Option<i64>,
    /// The number it is known by.
    reference: String,
}

/// Everything that happened to an order, by any number: titles, masked names, who did what. For staff.
#[utoipa::path(get, path = "/api/v1/orders/{number}/story", tag = "orders",
    params(("number" = String, Path, description = "Bill, order, refund, the provider's number, or a slip number", min_length = 1, max_length = 64)),
    responses((status = 200, description = "The order's story", body = StoryAnswer), (status = 404, description = "NO_SUCH_ORDER")))]
pub(crate) async fn story(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    number: web::Path<String>,
) -> HttpResponse {
    reply(told(&gateway, &request, &number).await)
}

async fn told(gateway: &Gateway, request: &HttpRequest, number: &str) -> Result<Value, ApiFailure> {
    caller(gateway, request, b"", ApiRight::OrderStories).await?;
    let story = service::order_story(gateway, number).await?.ok_or_else(no_such_order)?;
    to_json(&story_answer(&story))
}

/// Where an order's money is, by any number. Nothing of it tells who pays or what for.
#[utoipa::path(get, path = "/api/v1/orders/{number}", tag = "orders",
    params(("number" = String, Path, description = "Bill, order, refund, the provider's number, or a slip number", min_length = 1, max_length = 64)),
    responses((status = 200, description = "The order's money", body = OrderAnswer), (status = 404, description = "NO_SUCH_ORDER")))]
pub(crate) async fn order(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    number: web::Path<String>,
) -> HttpResponse {
    reply(money(&gateway, &request, &number).await)
}

async fn money(gateway: &Gateway, request: &HttpRequest, number: &str) -> Result<Value, ApiFailure> {
    caller(gateway, request, b"", ApiRight::Orders).await?;
    let money = service::order_money(gateway, number).await?.ok_or_else(no_such_order)?;
    to_json(&order_answer(&money))
}

/// Who takes an order over.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the shape in the description; members.rs reads it")]
pub(crate) struct CloseOrderRequest {
    /// Who, for the audit trail.
    #[schema(example = "王芳", min_length = 1, max_length = 32)]
    operator: String,
}

/// Closes an order that nobody has paid, at its provider first, so that its slips can be paid at the window. 200 means that
/// nobody can pay it any more.
#[utoipa::path(post, path = "/api/v1/orders/{number}/close", tag = "orders", request_body = CloseOrderRequest,
    params(("number" = String, Path, description = "Bill, order, or a slip number", min_length = 1, max_length = 64)),
    responses((status = 200, description = "It is closed", body = OrderAnswer), (status = 404, description = "NO_SUCH_ORDER"), (status = 409, description = "ORDER_PAID, ORDER_IN_DOUBT")))]
pub(crate) async fn close_order(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    body: web::Bytes,
    number: web::Path<String>,
) -> HttpResponse {
    change(&gateway, &request, &body, ApiRight::CloseOrders, Key::Optional, async |key| {
        closed(&gateway, &key.id, &body, &number).await
    })
    .await
}

async fn closed(gateway: &Gateway, key: &str, body: &[u8], number: &str) -> Result<Value, ApiFailure> {
    let mut members = Members::parse(body)?;
    let operator = operator(&mut members)?;
    members.end()?;
    let money = service::close_order(gateway, number, &format!("{key}:{operator}")).await?;
    to_json(&order_answer(&money))
}

/// Where an order's money is.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderAnswer {
    /// The bill: HIS's key for it.
    #[schema(example = "B261125ABCDEFGH12345678")]
    order_no: String,
    /// Where the patient's money is: `waiting`, `in-doubt`, `booking`, `paid`, `refunding`, `refunded`, `refund-stuck`, `held`,
    /// `not-charged`.
    #[schema(example = "paid")]
    stage: String,
    /// Where the bill stands: `open`, `settled`, `released`.
    #[schema(example = "settled")]
    state: String,
    /// RFC 3339.
    #[schema(format = "date-time")]
    opened_at: String,
    /// Until when it can be paid, RFC 3339.
    #[schema(format = "date-time")]
    pay_until: String,
    slips: Vec<OrderSlip>,
    /// All of it, in fen.
    #[schema(minimum = 0)]
    total_fen: i64,
    /// What the patient owed of it.
    #[schema(minimum = 0)]
    self_pay_fen: i64,
    /// What came in over all payments.
    #[schema(minimum = 0)]
    received_fen: i64,
    /// What is back at the payer.
    #[schema(minimum = 0)]
    refunded_fen: i64,
    /// Whether HIS knows; left out until there is something to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    write_back: Option<OrderWriteBack>,
    /// Orders at channels, the oldest first.
    payments: Vec<OrderPayment>,
    /// The oldest first.
    refunds: Vec<RefundAnswer>,
    /// Follows the order through every log.
    #[schema(example = "0123456789abcdef")]
    trace: String,
}

/// A slip of an order: number and sums, not what it is for.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderSlip {
    slip_no: String,
    #[schema(minimum = 0)]
    total_fen: i64,
    #[schema(minimum = 0)]
    self_pay_fen: i64,
}

/// What HIS knows of an order.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderWriteBack {
    /// `due`, `unknown`, `posted`, `refusal_to_confirm`, `refused`.
    #[schema(example = "posted")]
    state: String,
    /// HIS's own number, once it booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    his_order_no: Option<String>,
    /// HIS's receipt, once it booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt_no: Option<String>,
}

/// An order at a channel.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderPayment {
    /// Our number there.
    #[schema(example = "P261125ABCDEFGH12345678")]
    out_trade_no: String,
    /// The merchant account.
    #[schema(example = "wechat-main")]
    channel: String,
    /// `in_app`, `shown_code`, `mobile_browser`.
    scene: String,
    /// `opening`, `waiting`, `paid`, `suspense`, `closed`.
    #[schema(example = "paid")]
    state: String,
    /// What was ordered.
    #[schema(minimum = 1)]
    amount_fen: i64,
    /// RFC 3339.
    #[schema(format = "date-time")]
    created_at: String,
    /// RFC 3339.
    #[schema(format = "date-time")]
    expires_at: String,
    /// What came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    received_fen: Option<i64>,
    /// The provider's number, once it was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_trade_no: Option<String>,
    /// When the provider took it, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    paid_at: Option<String>,
}

fn order_answer(money: &OrderMoney) -> OrderAnswer {
    let bill = &money.bill.bill;
    OrderAnswer {
        order_no: bill.bill_no.to_string(),
        stage: money.stage.word().to_owned(),
        state: bill.state.as_str().to_owned(),
        opened_at: bill.opened_at.to_rfc3339(),
        pay_until: bill.pay_until.to_rfc3339(),
        slips: money
            .bill
            .slips
            .iter()
            .map(|slip| OrderSlip {
                slip_no: slip.slip_no.to_string(),
                total_fen: slip.total.get(),
                self_pay_fen: slip.self_pay.get(),
            })
            .collect(),
        total_fen: bill.split.total().get(),
        self_pay_fen: bill.split.self_pay().get(),
        received_fen: money.received.get(),
        refunded_fen: money.refunded.get(),
        write_back: money.write_back.as_ref().map(|state| {
            let booked = match state {
                WriteBackState::Posted(booked) => Some(booked),
                _ => None,
            };
            OrderWriteBack {
                state: state.as_str().to_owned(),
                his_order_no: booked.map(|booked| booked.his_order_no.clone()),
                receipt_no: booked.map(|booked| booked.receipt_no.clone()),
            }
        }),
        payments: money.payments.iter().map(payment_answer).collect(),
        refunds: money.refunds.iter().map(refund_answer).collect(),
        trace: money.bill.trace.to_string(),
    }
}

fn payment_answer(record: &PaymentRecord) -> OrderPayment {
    let payment = &record.payment;
    let received = payment.state.received();
    OrderPayment {
        out_trade_no: payment.out_trade_no.to_string(),
        channel: payment.channel.to_string(),
        scene: payment.scene.as_str().to_owned(),
        state: payment.state.as_str().to_owned(),
        amount_fen: payment.amount.get(),
        created_at: payment.created_at.to_rfc3339(),
        expires_at: payment.expires_at.to_rfc3339(),
        received_fen: received.map(|received| received.amount.get()),
        provider_trade_no: received.map(|received| received.provider_trade_no.to_string()),
        paid_at: received.map(|received| received.paid_at.to_rfc3339()),
    }
}

fn story_answer(story: &OrderStory) -> StoryAnswer {
    StoryAnswer {
        bill_no: story.bill_no.to_string(),
        state: story.state.clone(),
        patient: story.patient.clone(),
        slips: story
            .slips
            .iter()
            .map(|(slip_no, title, total)| StorySlip {
                slip_no: slip_no.to_string(),
                title: title.clone(),
                total_fen: total.get(),
            })
            .collect(),
        total_fen: story.total.get(),
        self_pay_fen: story.self_pay.get(),
        received_fen: story.received.get(),
        refunded_fen: story.refunded.get(),
        receipt_no: story.receipt_no.clone(),
        trace: story.trace.clone(),
        steps: story
            .steps
            .iter()
            .map(|step| StoryStep {
                at: step.at.to_rfc3339(),
                who: step.who.clone(),
                what: step.what.clone(),
                amount_fen: step.amount.map(mingfen_domain::Fen::get),
                reference: step.reference.clone(),
            })
            .collect(),
        open_tasks: story.open_tasks.clone(),
    }
}
