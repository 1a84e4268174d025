//! Language and type size.

use crate::http::error::{Failure, answer};
use crate::http::form::{Form, own_path};
use crate::http::session::Session;
use crate::http::visit::Visit;
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::{HttpResponse, web};
use mingfen_pages::Language;
use mingfen_pages::patient::ErrorKind;

pub(super) async fn language(visit: Visit, body: web::Bytes) -> HttpResponse {
    let form = Form::parse(&body);
    let chosen = form.as_ref().and_then(|form| form.value("lang")).and_then(Language::from_tag);
    match (&form, chosen) {
        (Some(form), Some(language)) => remember(&visit, form, "lang", language.tag()),
        _ => answer(&visit, Failure::Page(ErrorKind::BadRequest)),
    }
}

pub(super) async fn size(visit: Visit, body: web::Bytes) -> HttpResponse {
    let form = Form::parse(&body);
    let chosen = match form.as_ref().and_then(|form| form.value("size")) {
        Some("large") => Some("large"),
        Some("standard") => Some("standard"),
        _ => None,
    };
    match (&form, chosen) {
        (Some(form), Some(size)) => remember(&visit, form, "size", size),
        _ => answer(&visit, Failure::Page(ErrorKind::BadRequest)),
    }
}

/// What was chosen or typed on the page and not sent yet; the script sends it along.
fn keep_input(session: &mut Session, form: &Form) {
    if let Some(typed) = form.value("phone") {
        session.set_typed_phone(typed);
    }
    let chosen: Vec<_> = form.values("slip").filter_map(|text| session.listed(text.parse().ok()?)).collect();
    if !chosen.is_empty() {
        session.set_chosen(&chosen);
    }
}

fn remember(visit: &Visit, form: &Form, name: &'static str, value: &'static str) -> HttpResponse {
    let cookie = Cookie::build(name, value)
        .path("/")
        .same_site(SameSite::Lax)
        .secure(visit.gateway.settings.public_url.scheme() == "https")
        .max_age(Duration::days(365))
        .finish();
    let mut answer = visit.go(&own_path(form.value("back")));
    if let Some(mut session) = visit.session.clone()
        && form.value("csrf").is_some_and(|token| session.owns(&visit.gateway, token))
    {
        keep_input(&mut session, form);
        answer = visit.keep(answer, session);
    }
    if let Err(error) = answer.add_cookie(&cookie) {
        tracing::error!(error = %error, "a preference could not be kept");
    }
    answer
}
