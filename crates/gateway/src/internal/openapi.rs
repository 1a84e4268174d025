//! The API's description, generated from the handlers, and its documentation page, which needs no internet.

use super::api;
use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_SECURITY_POLICY;
use mingfen_pages::{csp, docs};
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Mingfen API v1",
        description = "For HIS and kiosks. Every request is signed with HMAC-SHA256 over method, path, timestamp, nonce and body; docs/api.md shows a call with curl and openssl."
    ),
    paths(
        api::links::make_link,
        api::orders::order,
        api::refunds::refund,
        api::refunds::refund_state,
        api::tasks::tasks,
        api::tasks::retry_task,
        api::tasks::close_task
    )
)]
struct Description;

/// The OpenAPI document.
pub fn document() -> serde_json::Value {
    serde_json::to_value(Description::openapi()).unwrap_or_default()
}

pub(super) async fn json() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json; charset=utf-8").body(document().to_string())
}

pub(super) async fn page() -> HttpResponse {
    match docs::render(&document()) {
        Ok(html) => HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header((CONTENT_SECURITY_POLICY, csp::policy()))
            .body(html),
        Err(error) => {
            tracing::error!(error = %error, "the documentation page could not be printed");
            HttpResponse::InternalServerError().finish()
        }
    }
}
