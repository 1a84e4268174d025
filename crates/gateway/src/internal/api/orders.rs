//! What became of an order.

use super::{no_such_order, reply, to_json};
use crate::Gateway;
use crate::http::api_error::ApiFailure;
use crate::http::signed_request::caller;
use crate::service::{self, OrderStory};
use crate::settings::ApiRight;
use actix_web::{HttpRequest, HttpResponse, web};
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
    amount_fen: Option<i64>,
    /// The number it is known by.
    reference: String,
}

/// Everything that happened to an order, by any number.
#[utoipa::path(get, path = "/api/v1/orders/{number}", tag = "orders",
    params(("number" = String, Path, description = "Bill, order, refund, the provider's number, or a slip number", min_length = 1, max_length = 64)),
    responses((status = 200, description = "The order's story", body = StoryAnswer), (status = 404, description = "NO_SUCH_ORDER")))]
pub(crate) async fn order(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    number: web::Path<String>,
) -> HttpResponse {
    reply(story(&gateway, &request, &number).await)
}

async fn story(gateway: &Gateway, request: &HttpRequest, number: &str) -> Result<Value, ApiFailure> {
    caller(gateway, request, b"", ApiRight::Orders).await?;
    let story = service::order_story(gateway, number).await?.ok_or_else(no_such_order)?;
    to_json(&story_answer(&story))
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
