//! Out to the provider's authorisation and back with the payer.

use super::view::pay_app;
use super::{Answer, finish};
use crate::http::error::Failure;
use crate::http::session::Session;
use crate::http::visit::Visit;
use actix_web::{HttpResponse, web};
use mingfen_domain::ids::ChannelId;
use mingfen_pages::paths;
use mingfen_pages::patient::{Authorise, AuthoriseState, ErrorKind};
use mingfen_provider_api::AuthoriseError;

/// Sends the browser to the provider; a channel without authorisation goes straight to the list.
pub(super) fn hand_over(visit: &Visit, session: Session, channel: &ChannelId) -> HttpResponse {
    let to = authorise_url(visit, &session, channel).unwrap_or_else(|| paths::SLIPS.to_owned());
    visit.keep(visit.go(&to), session)
}

fn authorise_url(visit: &Visit, session: &Session, channel: &ChannelId) -> Option<String> {
    let provider = visit.gateway.channel(channel)?;
    let back = format!("{}/auth/{channel}", visit.gateway.public_base());
    Some(provider.authorisation()?.authorise_url(&back, session.state()))
}

pub(super) async fn come_back(visit: Visit, channel: web::Path<String>) -> HttpResponse {
    let result = came_back(&visit, &channel).await;
    finish(&visit, result)
}

async fn came_back(visit: &Visit, channel: &str) -> Answer {
    let mut session = super::session(visit)?;
    let channel = ChannelId::parse(channel).map_err(|_| Failure::Page(ErrorKind::NotFound))?;
    // Not from the provider but from a switch of our own page: ask once more.
    if visit.request.query_string().is_empty() && session.channel().as_ref() == Some(&channel) {
        return Ok(hand_over(visit, session, &channel));
    }
    let bound = visit.query("state").is_some_and(|state| state == session.state());
    if !bound || session.channel().as_ref() != Some(&channel) {
        return Err(Failure::Page(ErrorKind::SessionOver));
    }
    let provider = visit.gateway.channel(&channel).ok_or(Failure::Page(ErrorKind::NotFound))?;
    let authorisation = provider.authorisation().ok_or(Failure::Page(ErrorKind::NotFound))?;
    // The app may come twice with the same code: the payer is known then.
    if session.payer().is_some() {
        return Ok(visit.go(paths::SLIPS));
    }
    let Some(code) = visit.query(authorisation.code_parameter()).filter(|code| !code.is_empty()) else {
        return Ok(ask_again(visit, &session, &channel, AuthoriseState::Refused));
    };
    // No provider's code looks like that: it is not sent on.
    if code.len() > 512 || code.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Failure::Page(ErrorKind::BadRequest));
    }
    match authorisation.payer(&code).await {
        Ok(payer) => {
            session.set_payer(&payer);
            Ok(visit.keep(visit.go(paths::SLIPS), session))
        }
        Err(AuthoriseError::CodeSpent) if session.may_authorise_again() => {
            Ok(hand_over(visit, session, &channel))
        }
        Err(error) => {
            tracing::warn!(channel = %channel, error = %error, "a payer could not be authorised");
            Ok(visit.keep(ask_again(visit, &session, &channel, AuthoriseState::NoAnswer), session))
        }
    }
}

/// It would go on by itself for ever when the provider is in trouble: the patient presses.
fn ask_again(visit: &Visit, session: &Session, channel: &ChannelId, state: AuthoriseState) -> HttpResponse {
    let continue_url = authorise_url(visit, session, channel).unwrap_or_else(|| paths::SLIPS.to_owned());
    visit.page(&Authorise { app: pay_app(visit, channel), continue_url, state })
}
