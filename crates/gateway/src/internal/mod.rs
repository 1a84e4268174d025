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
use staff::{finance, rules};

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
    staff("/desk", Right::FindOrders, || web::get().to(staff::cashier::desk::show)),
    staff("/orders", Right::FindOrders, || web::get().to(staff::cashier::desk::find)),
    staff("/orders/{bill}", Right::FindOrders, || web::get().to(staff::cashier::orders::show)),
    staff_post("/orders/{bill}/ask", Right::AskChannel, || web::post().to(staff::cashier::orders::ask)),
    staff("/orders/{bill}/person", Right::Unmask, || web::get().to(staff::cashier::orders::person)),
    staff_post("/orders/{bill}/person", Right::Unmask, || {
        web::post().to(staff::cashier::orders::show_person)
    }),
    staff("/orders/{bill}/evidence/{id}", Right::Unmask, || web::get().to(staff::cashier::orders::evidence)),
    staff_post("/orders/{bill}/evidence/{id}", Right::Unmask, || {
        web::post().to(staff::cashier::orders::show_evidence)
    }),
    staff("/orders/{bill}/print", Right::PrintSheets, || web::get().to(staff::cashier::orders::print)),
    staff_post("/orders/{bill}/receipt", Right::PrintSheets, || {
        web::post().to(staff::cashier::orders::receipt)
    }),
    staff_post("/orders/{bill}/slip", Right::PrintSheets, || web::post().to(staff::cashier::orders::slip)),
    staff("/orders/{bill}/refund", Right::RequestRefund, || web::get().to(staff::cashier::refund::show)),
    staff_post("/orders/{bill}/refund", Right::RequestRefund, || {
        web::post().to(staff::cashier::refund::send)
    }),
    staff("/refunds", Right::FindOrders, || web::get().to(staff::cashier::refunds::list)),
    staff("/refunds/{number}", Right::FindOrders, || web::get().to(staff::cashier::refunds::show)),
    staff("/refunds/{number}/approve", Right::ApproveRefund, || {
        web::get().to(staff::cashier::refunds::approve)
    }),
    staff_post("/refunds/{number}/approve", Right::ApproveRefund, || {
        web::post().to(staff::cashier::refunds::decide)
    }),
    staff_post("/refunds/{number}/withdraw", Right::RequestRefund, || {
        web::post().to(staff::cashier::refunds::withdraw)
    }),
    staff_post("/refunds/{number}/given-back", Right::TakeMoney, || {
        web::post().to(staff::cashier::refunds::given_back)
    }),
    staff("/window", Right::TakeMoney, || web::get().to(staff::cashier::window::show)),
    staff_post("/window/orders", Right::TakeMoney, || web::post().to(staff::cashier::window::open)),
    staff("/window/{order}", Right::TakeMoney, || web::get().to(staff::cashier::window::till)),
    staff_post("/window/{order}", Right::TakeMoney, || web::post().to(staff::cashier::window::settle)),
    staff("/shift", Right::CloseShift, || web::get().to(staff::cashier::shift::mine)),
    staff_post("/shift", Right::CloseShift, || web::post().to(staff::cashier::shift::open)),
    staff("/shift/{number}", Right::CloseShift, || web::get().to(staff::cashier::shift::show)),
    staff_post("/shift/{number}/count", Right::CloseShift, || web::post().to(staff::cashier::shift::count)),
    staff_post("/shift/{number}/close", Right::CloseShift, || web::post().to(staff::cashier::shift::close)),
    staff_post("/shift/{number}/countersign", Right::CountersignShift, || {
        web::post().to(staff::cashier::shift::countersign)
    }),
    staff_post("/shift/{number}/send-back", Right::CloseShift, || {
        web::post().to(staff::cashier::shift::send_back)
    }),
    staff("/shift/{number}/sheet", Right::CloseShift, || web::get().to(staff::cashier::shift::sheet)),
    staff_post("/shift/{number}/print", Right::CloseShift, || web::post().to(staff::cashier::shift::print)),
    staff_post("/shift/{number}/received", Right::TakeOverShift, || {
        web::post().to(staff::cashier::shift::receive)
    }),
    staff("/shifts", Right::ReadShifts, || web::get().to(staff::cashier::shift::everybody)),
    staff("/shifts/{number}", Right::ReadShifts, || web::get().to(staff::cashier::shift::read_sheet)),
    staff_post("/shifts/{number}/looked-into", Right::WorkOnDifferences, || {
        web::post().to(staff::cashier::shift::look_into)
    }),
    staff("/shortcuts", Right::OwnAccount, || web::get().to(staff::cashier::desk::shortcuts)),
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
    staff("/live", Right::OwnAccount, || web::get().to(staff::live::follow)),
    staff("/admin/accounts", Right::ReadSetup, || web::get().to(staff::setup::accounts)),
    staff("/admin/expiry", Right::ReadSetup, || web::get().to(staff::setup::expiry)),
    staff("/admin/limits", Right::ReadRules, || web::get().to(rules::limits::show)),
    staff("/admin/limits/change", Right::ManageLimits, || web::get().to(rules::change::show)),
    staff_post("/admin/limits/change", Right::ManageLimits, || web::post().to(rules::change::send)),
    staff("/admin/limits/changes/{number}", Right::ReadRules, || web::get().to(rules::proposal::show)),
    staff_post("/admin/limits/changes/{number}/approve", Right::ApproveRules, || {
        web::post().to(rules::proposal::approve)
    }),
    staff_post("/admin/limits/changes/{number}/decline", Right::ApproveRules, || {
        web::post().to(rules::proposal::decline)
    }),
    staff_post("/admin/limits/changes/{number}/withdraw", Right::ManageLimits, || {
        web::post().to(rules::proposal::withdraw)
    }),
    staff_post("/admin/limits/blocklist", Right::ManageLimits, || web::post().to(rules::blocklist::add)),
    staff("/admin/limits/blocklist/{number}", Right::ReadRules, || web::get().to(rules::blocklist::show)),
    staff_post("/admin/limits/blocklist/{number}/lift", Right::ManageLimits, || {
        web::post().to(rules::blocklist::lift)
    }),
    staff_post("/admin/limits/blocklist/{number}/shown", Right::UnmaskBlocked, || {
        web::post().to(rules::blocklist::reveal)
    }),
    staff("/admin/notices", Right::ReadRules, || web::get().to(staff::notices::list)),
    staff("/admin/notices/changes/{number}", Right::ReadRules, || web::get().to(staff::notices::proposal)),
    staff_post("/admin/notices/changes/{number}/approve", Right::ApproveRules, || {
        web::post().to(staff::notices::approve)
    }),
    staff_post("/admin/notices/changes/{number}/decline", Right::ApproveRules, || {
        web::post().to(staff::notices::decline)
    }),
    staff_post("/admin/notices/changes/{number}/withdraw", Right::ManageTexts, || {
        web::post().to(staff::notices::withdraw)
    }),
    staff("/admin/notices/{event}/{language}", Right::ManageTexts, || web::get().to(staff::notices::show)),
    staff_post("/admin/notices/{event}/{language}", Right::ManageTexts, || {
        web::post().to(staff::notices::send)
    }),
    staff("/admin/hospital", Right::ReadSetup, || web::get().to(staff::hospital::show)),
    staff_post("/admin/hospital", Right::ManageTexts, || web::post().to(staff::hospital::change)),
    staff("/admin/hospital/campuses/{code}", Right::ManageTexts, || web::get().to(staff::hospital::campus)),
    staff_post("/admin/hospital/campuses", Right::ManageTexts, || web::post().to(staff::hospital::keep)),
    staff("/admin/keys", Right::ReadSetup, || web::get().to(staff::setup::keys)),
    staff_post("/admin/keys", Right::ManageKeys, || web::post().to(staff::setup::add_key)),
    staff_post("/admin/keys/{key}/rotate", Right::ManageKeys, || web::post().to(staff::setup::rotate)),
    staff_post("/admin/keys/{key}/revoke", Right::ManageKeys, || web::post().to(staff::setup::revoke)),
    staff("/admin/parked", Right::ReadSetup, || web::get().to(staff::setup::parked)),
    staff_post("/admin/parked/retry", Right::RetryTasks, || web::post().to(staff::setup::retry)),
    staff_post("/admin/parked/close", Right::RetryTasks, || web::post().to(staff::setup::close)),
    staff("/audit", Right::ReadAudit, || web::get().to(staff::audit::show)),
    staff("/audit.csv", Right::ExportAudit, || web::get().to(staff::audit::export)),
    staff_post("/audit/verify", Right::ReadAudit, || web::post().to(staff::audit::verify)),
    staff("/finance", Right::ReadReconciliation, || web::get().to(finance::home::show)),
    staff("/finance/days/{day}", Right::ReadReconciliation, || web::get().to(finance::day::show)),
    staff("/finance/days/{day}/diff", Right::ReadReconciliation, || web::get().to(finance::day::diff)),
    staff_post("/finance/days/{day}/compare", Right::Compare, || web::post().to(finance::day::compare)),
    staff("/finance/days/{day}/sign", Right::SignDay, || web::get().to(finance::day::ask_sign)),
    staff_post("/finance/days/{day}/sign", Right::SignDay, || web::post().to(finance::day::sign)),
    staff("/finance/days/{day}/upload", Right::Compare, || web::get().to(finance::upload::show)),
    staff_post("/finance/days/{day}/upload", Right::Compare, || web::post().to(finance::upload::bring)),
    staff("/finance/days/{day}/report.xlsx", Right::ExportReports, || {
        web::get().to(finance::export::workbook)
    }),
    staff("/finance/days/{day}/differences.csv", Right::ExportReports, || {
        web::get().to(finance::export::table)
    }),
    staff("/finance/days/{day}/report", Right::ExportReports, || web::get().to(finance::export::printed)),
    staff("/finance/days/{day}/differences/{key}", Right::ReadReconciliation, || {
        web::get().to(finance::difference::show)
    }),
    staff_post("/finance/days/{day}/differences/{key}/handling", Right::WorkOnDifferences, || {
        web::post().to(finance::difference::handle)
    }),
    staff_post("/finance/days/{day}/differences/{key}/notes", Right::WorkOnDifferences, || {
        web::post().to(finance::difference::note)
    }),
    staff_post("/finance/days/{day}/differences/{key}/files", Right::WorkOnDifferences, || {
        web::post().to(finance::difference::attach)
    }),
    staff("/finance/days/{day}/differences/{key}/files/{file}", Right::ReadReconciliation, || {
        web::get().to(finance::difference::attached)
    }),
    staff("/finance/days/{day}/differences/{key}/remedies/{remedy}", Right::WorkOnDifferences, || {
        web::get().to(finance::difference::preview)
    }),
    staff_post("/finance/days/{day}/differences/{key}/remedies/{remedy}", Right::WorkOnDifferences, || {
        web::post().to(finance::difference::order)
    }),
    staff("/differences", Right::ReadReconciliation, || web::get().to(finance::differences::list)),
    staff("/differences/bulk", Right::WorkOnDifferences, || web::get().to(finance::differences::ask_bulk)),
    staff_post("/differences/bulk", Right::WorkOnDifferences, || web::post().to(finance::differences::bulk)),
    staff("/approvals", Right::ReadReconciliation, || web::get().to(finance::approvals::list)),
    staff("/approvals/{number}", Right::ReadReconciliation, || web::get().to(finance::approvals::show)),
    staff_post("/approvals/{number}/approve", Right::ApproveRemedy, || {
        web::post().to(finance::approvals::approve)
    }),
    staff_post("/approvals/{number}/decline", Right::ApproveRemedy, || {
        web::post().to(finance::approvals::decline)
    }),
    staff_post("/approvals/{number}/withdraw", Right::WorkOnDifferences, || {
        web::post().to(finance::approvals::withdraw)
    }),
    staff("/settlement", Right::ReadReconciliation, || web::get().to(finance::settlement::show)),
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
