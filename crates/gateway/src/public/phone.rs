//! The number for the text message, confirmed or corrected.

use super::view::masked;
use super::{Answer, finish, form, session};
use crate::http::session::Session;
use crate::http::visit::Visit;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use mingfen_domain::person::{Phone, PhoneError};
use mingfen_pages::paths;
use mingfen_pages::patient as pages;

pub(super) async fn ask(visit: Visit) -> HttpResponse {
    let result = asked(&visit);
    finish(&visit, result)
}

fn asked(visit: &Visit) -> Answer {
    let session = session(visit)?;
    if session.chosen().is_empty() {
        return Ok(visit.go(paths::SLIPS));
    }
    let typed = session.typed_phone().unwrap_or_default();
    let error = Phone::parse(typed).err().filter(|_| !typed.is_empty()).map(told);
    Ok(visit.page(&page(&session, typed, error)))
}

fn page(session: &Session, typed: &str, error: Option<pages::PhoneError>) -> pages::Phone {
    pages::Phone {
        known: session.known_phone().map(|phone| masked(&phone)),
        typed: typed.chars().take(20).collect(),
        error,
    }
}

const fn told(error: PhoneError) -> pages::PhoneError {
    match error {
        PhoneError::Empty => pages::PhoneError::Digits(0),
        PhoneError::Length(digits) => pages::PhoneError::Digits(digits),
        PhoneError::NotDigits | PhoneError::Beginning => pages::PhoneError::NotMobile,
    }
}

pub(super) async fn confirm(visit: Visit, body: web::Bytes) -> HttpResponse {
    let result = confirmed(&visit, &body);
    finish(&visit, result)
}

fn confirmed(visit: &Visit, body: &[u8]) -> Answer {
    let (mut session, form) = form(visit, body)?;
    let typed = form.value("phone").unwrap_or_default();
    let known = session.known_phone();
    let phone = match (form.value("which"), &known) {
        (Some("known"), Some(phone)) => Ok(phone.clone()),
        _ => Phone::parse(typed),
    };
    match phone {
        Ok(phone) => {
            session.set_phone(&phone);
            Ok(visit.keep(visit.go(paths::CONFIRM), session))
        }
        Err(error) => {
            session.set_typed_phone(typed);
            let page =
                visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page(&session, typed, Some(told(error))));
            Ok(visit.keep(page, session))
        }
    }
}
