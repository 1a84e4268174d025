//! The internal listener: the signed API v1 for HIS and kiosks, its documentation, health and metrics.

mod api;
mod openapi;
mod staff;
mod status;

use crate::Gateway;
use crate::http::route::{Caller, Csrf, Limit, Route, method_not_allowed, register};
use crate::public::asset;
use crate::settings::ApiRight;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Route as Service};
use mingfen_domain::access::Right;

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

/// A page of the door: who is not signed in, or not wholly.
const fn door(path: &'static str, service: fn() -> Service) -> Route {
    Route { path, method: "GET", caller: Caller::Door, csrf: Csrf::ReadsOnly, limit: Limit::Proven, service }
}

const fn door_post(path: &'static str, csrf: Csrf, service: fn() -> Service) -> Route {
    Route { path, method: "POST", caller: Caller::Door, csrf, limit: Limit::Proven, service }
}

/// A page of staff.
const fn staff(path: &'static str, right: Right, service: fn() -> Service) -> Route {
    Route {
        path,
        method: "GET",
        caller: Caller::Staff(right),
        csrf: Csrf::ReadsOnly,
        limit: Limit::Proven,
        service,
    }
}

/// What a form of staff does.
const fn staff_post(path: &'static str, right: Right, service: fn() -> Service) -> Route {
    Route {
        path,
        method: "POST",
        caller: Caller::Staff(right),
        csrf: Csrf::Token,
        limit: Limit::Proven,
        service,
    }
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
    staff("/", Right::OwnAccount, || web::get().to(staff::home)),
    door("/sign-in", || web::get().to(staff::door::show)),
    door_post("/sign-in", Csrf::Token, || web::post().to(staff::door::enter)),
    door("/sign-in/code", || web::get().to(staff::door::show_code)),
    door_post("/sign-in/code", Csrf::Token, || web::post().to(staff::door::enter_the_code)),
    door("/sign-in/enrol", || web::get().to(staff::door::show_enrol)),
    door_post("/sign-in/enrol", Csrf::Token, || web::post().to(staff::door::enrol)),
    door("/sign-in/password", || web::get().to(staff::door::show_password)),
    door_post("/sign-in/password", Csrf::Token, || web::post().to(staff::door::set_password)),
    door_post("/staff-language", Csrf::Harmless, || web::post().to(staff::language)),
    staff_post("/sign-out", Right::OwnAccount, || web::post().to(staff::door::leave)),
    staff("/me", Right::OwnAccount, || web::get().to(staff::me::show)),
    staff_post("/me/password", Right::OwnAccount, || web::post().to(staff::me::password)),
    staff_post("/me/sessions", Right::OwnAccount, || web::post().to(staff::me::end)),
    staff("/dashboard", Right::ReadDashboard, || web::get().to(staff::dashboard::show)),
    staff("/dashboard.csv", Right::ExportReports, || web::get().to(staff::dashboard::export)),
    staff("/admin/staff", Right::ReadSetup, || web::get().to(staff::people::list)),
    staff_post("/admin/staff", Right::ManageStaff, || web::post().to(staff::people::add)),
    staff("/admin/staff/new", Right::ManageStaff, || web::get().to(staff::people::new)),
    staff("/admin/staff/roles", Right::OwnAccount, || web::get().to(staff::people::roles)),
    staff("/admin/staff/{staff_no}", Right::ManageStaff, || web::get().to(staff::people::show)),
    staff_post("/admin/staff/{staff_no}", Right::ManageStaff, || web::post().to(staff::people::change)),
    staff_post("/admin/staff/{staff_no}/password", Right::ManageStaff, || {
        web::post().to(staff::people::reset)
    }),
    staff_post("/admin/staff/{staff_no}/second-factor", Right::ManageStaff, || {
        web::post().to(staff::people::forget_factor)
    }),
    staff_post("/admin/staff/{staff_no}/unlock", Right::ManageStaff, || {
        web::post().to(staff::people::unlock)
    }),
    staff_post("/admin/staff/{staff_no}/sessions", Right::ManageStaff, || {
        web::post().to(staff::people::end_sessions)
    }),
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
pub async fn not_found(request: HttpRequest, gateway: web::Data<Gateway>) -> HttpResponse {
    if !request.path().starts_with("/api/") {
        return crate::http::staff::nothing_there(&gateway, &request);
    }
    HttpResponse::NotFound()
        .content_type("application/json; charset=utf-8")
        .body(r#"{"code":"NO_SUCH_ADDRESS","message":"see /api/docs for what is served here"}"#)
}
