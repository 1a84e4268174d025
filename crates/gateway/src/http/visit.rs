//! One request of a patient: who, in which language, and how an answer is made.

use super::form::query_value;
use super::session::{COOKIE, Session};
use crate::Gateway;
use crate::service::hospital_frame;
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, LOCATION, USER_AGENT};
use actix_web::http::{Method, StatusCode};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use mingfen_domain::Timestamp;
use mingfen_pages::patient::PayApp;
use mingfen_pages::{Frame, Language, Moment, Page, csp, paths};
use std::future::{Ready, ready};
use std::sync::Arc;

/// A visit.
pub struct Visit {
    /// The running system.
    pub gateway: Arc<Gateway>,
    /// The request's head.
    pub request: HttpRequest,
    /// The session, when there is one.
    pub session: Option<Session>,
    /// Chosen, or what the browser prefers.
    pub language: Language,
    elder: bool,
}

impl FromRequest for Visit {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(gateway) = request.app_data::<web::Data<Gateway>>() else {
            return ready(Err(actix_web::error::ErrorInternalServerError("the gateway is not there")));
        };
        let gateway = gateway.clone().into_inner();
        let session = request.cookie(COOKIE).and_then(|cookie| Session::open(&gateway, cookie.value()));
        let language = request
            .cookie("lang")
            .and_then(|cookie| Language::from_tag(cookie.value()))
            .unwrap_or_else(|| {
                let header = request.headers().get("accept-language").and_then(|value| value.to_str().ok());
                header.map(Language::from_accept_language).unwrap_or_default()
            });
        let elder = request.cookie("size").is_some_and(|cookie| cookie.value() == "large");
        ready(Ok(Self { gateway, request: request.clone(), session, language, elder }))
    }
}

impl Visit {
    /// The frame of its pages.
    pub fn frame(&self) -> Frame {
        Frame {
            elder: self.elder,
            path: back_path(self.request.method(), self.request.path()),
            csrf: self.session.as_ref().map(|session| session.csrf(&self.gateway)).unwrap_or_default(),
            ..hospital_frame(&self.gateway.hospital(), self.language)
        }
    }

    /// A page.
    pub fn page(&self, view: &impl Page) -> HttpResponse {
        self.page_with(StatusCode::OK, view, &self.frame(), csp::policy())
    }

    /// A page with a status of its own.
    pub fn page_as(&self, status: StatusCode, view: &impl Page) -> HttpResponse {
        self.page_with(status, view, &self.frame(), csp::policy())
    }

    /// A page in a frame and under a policy of its own.
    pub fn page_with(
        &self,
        status: StatusCode,
        view: &impl Page,
        frame: &Frame,
        policy: String,
    ) -> HttpResponse {
        match view.html(frame) {
            Ok(html) => HttpResponse::build(status)
                .content_type("text/html; charset=utf-8")
                .insert_header((CONTENT_SECURITY_POLICY, policy))
                .body(html),
            Err(error) => {
                tracing::error!(error = %error, path = self.request.match_pattern().unwrap_or_default(), "a page could not be printed");
                HttpResponse::InternalServerError().finish()
            }
        }
    }

    /// See other.
    pub fn go(&self, to: &str) -> HttpResponse {
        HttpResponse::SeeOther().insert_header((LOCATION, to)).finish()
    }

    /// Adds the session to an answer.
    pub fn keep(&self, mut answer: HttpResponse, session: Session) -> HttpResponse {
        let valid = self.gateway.settings.timing.session_valid;
        let cookie = Cookie::build(COOKIE, session.seal(&self.gateway))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.gateway.settings.public_url.scheme() == "https")
            .max_age(Duration::seconds(valid))
            .finish();
        // A header value of base64url text is always valid.
        if let Err(error) = answer.add_cookie(&cookie) {
            tracing::error!(error = %error, "the session cookie could not be set");
        }
        answer
    }

    /// The app whose browser this is.
    pub fn app(&self) -> Option<PayApp> {
        let agent = self.request.headers().get(USER_AGENT)?.to_str().ok()?;
        if agent.contains("MicroMessenger") {
            Some(PayApp::Wechat)
        } else if agent.contains("AlipayClient") || agent.contains("AliApp(AP") {
            Some(PayApp::Alipay)
        } else {
            None
        }
    }

    /// The visitor's address as we see it.
    pub fn address(&self) -> String {
        super::limits::address(&self.request, self.gateway.settings.trust_forwarded_for)
    }

    /// A time as the page says it.
    pub fn moment(&self, at: Timestamp) -> Moment {
        moment(at, self.gateway.now())
    }

    /// A field of the query, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        query_value(&self.request, name)
    }
}

/// Where the switches of a page lead back to: to an address that shows the same page when it is asked for once more.
fn back_path(method: &Method, path: &str) -> String {
    if *method == Method::GET {
        return path.to_owned();
    }
    match path {
        "/pay" => paths::CONFIRM.to_owned(),
        paths::LANGUAGE | paths::SIZE => paths::SLIPS.to_owned(),
        _ => {
            let answered = ["/check", "/again"].iter().find_map(|end| path.strip_suffix(end));
            answered.unwrap_or(path).to_owned()
        }
    }
}

/// A time in Beijing, as pages say it.
pub fn moment(at: Timestamp, now: Timestamp) -> Moment {
    Moment::local(at.ms(), now.ms(), 480)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_lead_back_to_a_page_that_can_be_asked_for() {
        let cases = [
            (Method::GET, "/s/TOKEN", "/s/TOKEN"),
            (Method::GET, "/pay/REF", "/pay/REF"),
            (Method::POST, "/pay", "/confirm"),
            (Method::POST, "/phone", "/phone"),
            (Method::POST, "/slips", "/slips"),
            (Method::POST, "/result/REF/again", "/result/REF"),
            (Method::POST, "/result/REF/check", "/result/REF"),
            (Method::POST, "/lang", "/slips"),
        ];
        for (method, path, back) in cases {
            assert_eq!(back_path(&method, path), back, "{method} {path}");
        }
    }
}
