//! The public listener: patients and providers. The table below is all that it serves.

pub(crate) mod asset;
mod authorise;
mod confirm;
mod entry;
mod history;
mod notification;
mod pay;
mod phone;
mod preference;
pub(crate) mod receipt;
mod refund;
mod result;
mod slips;
pub(crate) mod view;

use crate::http::error::{Failure, answer};
use crate::http::form::Form;
use crate::http::route::{Caller, Csrf, Limit, Route, register};
use crate::http::visit::Visit;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Route as Service};
use mingfen_pages::patient::ErrorKind;

const fn get(path: &'static str, service: fn() -> Service) -> Route {
    Route {
        path,
        method: "GET",
        caller: Caller::Anyone,
        csrf: Csrf::ReadsOnly,
        limit: Limit::PerAddress,
        service,
    }
}

const fn post(path: &'static str, csrf: Csrf, service: fn() -> Service) -> Route {
    Route { path, method: "POST", caller: Caller::Anyone, csrf, limit: Limit::PerAddress, service }
}

/// Everything that the public listener serves, by address.
pub const ROUTES: &[Route] = &[
    get("/s/{token}", || web::get().to(entry::enter)),
    get("/auth/{channel}", || web::get().to(authorise::come_back)),
    get("/slips", || web::get().to(slips::list)),
    post("/slips", Csrf::Token, || web::post().to(slips::choose)),
    get("/slips/{number}", || web::get().to(slips::detail)),
    get("/phone", || web::get().to(phone::ask)),
    post("/phone", Csrf::Token, || web::post().to(phone::confirm)),
    get("/confirm", || web::get().to(confirm::show)),
    post("/pay", Csrf::Token, || web::post().to(confirm::pay)),
    get("/pay/{reference}", || web::get().to(pay::open_sheet)),
    get("/result/{reference}", || web::get().to(result::show)),
    get("/result/{reference}/state", || web::get().to(result::state)),
    get("/result/{reference}/left", || web::get().to(result::left)),
    get("/result/{reference}/refund/{number}", || web::get().to(refund::show)),
    get("/result/{reference}/refund/{number}/state", || web::get().to(refund::state)),
    post("/result/{reference}/check", Csrf::Harmless, || web::post().to(result::check)),
    post("/result/{reference}/again", Csrf::Token, || web::post().to(result::again)),
    get("/back/{order}/{proof}", || web::get().to(result::come_back)),
    get("/receipt/{reference}", || web::get().to(receipt::show)),
    get("/history", || web::get().to(history::show)),
    post("/lang", Csrf::Harmless, || web::post().to(preference::language)),
    post("/size", Csrf::Harmless, || web::post().to(preference::size)),
    Route {
        path: "/n/{channel}",
        method: "POST",
        caller: Caller::Provider,
        csrf: Csrf::Signature,
        limit: Limit::Proven,
        service: || web::post().to(notification::receive),
    },
    Route {
        path: "/assets/{name}",
        method: "GET",
        caller: Caller::Anyone,
        csrf: Csrf::ReadsOnly,
        limit: Limit::Proven,
        service: || web::get().to(asset::serve),
    },
];

/// Registers the table.
pub fn configure(config: &mut ServiceConfig) {
    register(config, ROUTES, || web::to(wrong_method));
}

async fn wrong_method(visit: Visit) -> HttpResponse {
    answer(&visit, Failure::Page(ErrorKind::MethodNotAllowed))
}

/// What is answered where nothing is.
pub async fn not_found(visit: Visit) -> HttpResponse {
    answer(&visit, Failure::Page(ErrorKind::NotFound))
}

type Answer = Result<HttpResponse, Failure>;

fn finish(visit: &Visit, result: Answer) -> HttpResponse {
    result.unwrap_or_else(|failure| answer(visit, failure))
}

/// The session, or the page that says to scan again.
fn session(visit: &Visit) -> Result<crate::http::session::Session, Failure> {
    visit.session.clone().ok_or(Failure::Page(ErrorKind::SessionOver))
}

/// A form of the session's own page.
fn form(visit: &Visit, body: &[u8]) -> Result<(crate::http::session::Session, Form), Failure> {
    let session = session(visit)?;
    let form = Form::parse(body).ok_or(Failure::Page(ErrorKind::BadRequest))?;
    match form.value("csrf") {
        Some(token) if session.owns(&visit.gateway, token) => Ok((session, form)),
        _ => Err(Failure::Page(ErrorKind::SessionOver)),
    }
}
