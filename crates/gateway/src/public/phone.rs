//! The number for the text message, confirmed or corrected.

use super::view::masked;
use super::{Answer, finish, form, session};
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
    let known = session.known_phone().map(|phone| masked(&phone));
    Ok(visit.page(&pages::Phone { known, typed: String::new(), error: None }))
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
            let error = match error {
                PhoneError::Empty => pages::PhoneError::Digits(0),
                PhoneError::Length(digits) => pages::PhoneError::Digits(digits),
                PhoneError::NotDigits | PhoneError::Beginning => pages::PhoneError::NotMobile,
            };
            let page = pages::Phone {
                known: known.map(|phone| masked(&phone)),
                typed: typed.chars().take(20).collect(),
                error: Some(error),
            };
            Ok(visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
    }
}
