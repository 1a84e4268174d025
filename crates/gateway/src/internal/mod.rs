//! The internal listener: the signed API v1 for HIS and kiosks, its documentation, health and metrics.

mod api;
mod openapi;
mod status;

use crate::http::route::{Caller, Csrf, Limit, Route, method_not_allowed, register};
use crate::public::asset;
use crate::settings::ApiRight;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Route as Service};

pub use openapi::document;

const fn open(path: &'static str, service: fn() -> Service) -> Route {
    Route {
        path,
        method: "GET",
        caller: Caller::InternalNetwork,
        csrf: Csrf::ReadsOnly,
        limit: Limit::Proven,
        service,
    }
}

const fn signed(
    path: &'static str,
    method: &'static str,
    right: ApiRight,
    service: fn() -> Service,
) -> Route {
    Route { path, method, caller: Caller::Key(right), csrf: Csrf::Signature, limit: Limit::Proven, service }
}

/// Everything that the internal listener serves, by address.
pub const ROUTES: &[Route] = &[
    signed("/api/v1/slips", "POST", ApiRight::Slips, || web::post().to(api::links::make_link)),
    signed("/api/v1/slips/unpaid", "POST", ApiRight::Unpaid, || web::post().to(api::unpaid::unpaid)),
    signed("/api/v1/slips/revoke", "POST", ApiRight::Slips, || web::post().to(api::links::revoke)),
    signed("/api/v1/orders/{number}", "GET", ApiRight::Orders, || web::get().to(api::orders::order)),
    signed("/api/v1/orders/{number}/story", "GET", ApiRight::OrderStories, || {
        web::get().to(api::orders::story)
    }),
    signed("/api/v1/orders/{number}/close", "POST", ApiRight::CloseOrders, || {
        web::post().to(api::orders::close_order)
    }),
    signed("/api/v1/refunds", "POST", ApiRight::Refunds, || web::post().to(api::refunds::refund)),
    signed("/api/v1/refunds/{number}", "GET", ApiRight::Refunds, || {
        web::get().to(api::refunds::refund_state)
    }),
    signed("/api/v1/refunds/by-request/{refund_request_no}", "GET", ApiRight::Refunds, || {
        web::get().to(api::refunds::refund_by_request)
    }),
    signed("/api/v1/days/{day}/payments", "GET", ApiRight::DayLists, || web::get().to(api::days::payments)),
    signed("/api/v1/days/{day}/refunds", "GET", ApiRight::DayLists, || web::get().to(api::days::refunds)),
    signed("/api/v1/tasks", "GET", ApiRight::Tasks, || web::get().to(api::tasks::tasks)),
    signed("/api/v1/tasks/{id}/retry", "POST", ApiRight::Tasks, || web::post().to(api::tasks::retry_task)),
    signed("/api/v1/tasks/{id}/close", "POST", ApiRight::Tasks, || web::post().to(api::tasks::close_task)),
    open("/api/openapi.json", || web::get().to(openapi::json)),
    open("/api/docs", || web::get().to(openapi::page)),
    open("/assets/{name}", || web::get().to(asset::serve)),
    open("/healthz", || web::get().to(status::healthz)),
    open("/readyz", || web::get().to(status::readyz)),
    open("/metrics", || web::get().to(status::metrics)),
];

/// Registers the table.
pub fn configure(config: &mut ServiceConfig) {
    register(config, ROUTES, || web::to(method_not_allowed));
}

/// What is answered where nothing is.
pub async fn not_found() -> HttpResponse {
    HttpResponse::NotFound()
        .content_type("application/json; charset=utf-8")
        .body(r#"{"code":"NO_SUCH_ADDRESS","message":"see /api/docs for what is served here"}"#)
}
