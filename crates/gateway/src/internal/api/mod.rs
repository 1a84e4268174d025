//! The signed API v1. Each handler: prove the caller, parse into domain types, one service function, answer.

pub(super) mod days;
pub(super) mod links;
mod members;
pub(super) mod orders;
pub(super) mod refunds;
pub(super) mod tasks;
pub(super) mod unpaid;

use crate::http::api_error::ApiFailure;
use crate::http::words::is_readable;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use members::Members;
use serde::Serialize;
use serde_json::Value;

fn reply(result: Result<Value, ApiFailure>) -> HttpResponse {
    match result {
        Ok(value) => {
            HttpResponse::Ok().content_type("application/json; charset=utf-8").body(value.to_string())
        }
        Err(failure) => failure.answer(),
    }
}

fn to_json(answer: &impl Serialize) -> Result<Value, ApiFailure> {
    serde_json::to_value(answer)
        .map_err(|error| ApiFailure::new(StatusCode::INTERNAL_SERVER_ERROR, "NO_ANSWER", error.to_string()))
}

fn no_such_order() -> ApiFailure {
    ApiFailure::new(
        StatusCode::NOT_FOUND,
        "NO_SUCH_ORDER",
        "there is no order, bill, refund or slip of this number",
    )
}

/// Who is at the keyboard on the other side, for the audit trail.
fn operator(members: &mut Members) -> Result<String, ApiFailure> {
    optional_operator(members)?.ok_or_else(|| members.missing("operator"))
}

fn optional_operator(members: &mut Members) -> Result<Option<String>, ApiFailure> {
    match members.optional_text("operator")? {
        Some(text) if !is_readable(&text, 1, 32) => {
            Err(members.refuse("operator", "1 to 32 characters that can be read"))
        }
        operator => Ok(operator),
    }
}
