//! Bounds: how often an address may come, what is said when the framework refuses, and the headers that every answer carries.

use super::api_error::ApiFailure;
use super::error::{self, Failure};
use super::visit::Visit;
use crate::Gateway;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, HeaderName, HeaderValue, REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse, web};
use mingfen_pages::patient::ErrorKind;
use std::time::Duration;

/// The address of a visitor: the connection's, or the one that our own proxy says.
pub fn address(request: &HttpRequest, trust_forwarded_for: bool) -> String {
    let peer = request.peer_addr().map(|address| address.ip().to_string()).unwrap_or_default();
    if !trust_forwarded_for {
        return peer;
    }
    // The last entry is the one that our proxy wrote; everything before it is the visitor's claim.
    let forwarded = request.headers().get("x-forwarded-for").and_then(|value| value.to_str().ok());
    forwarded
        .and_then(|list| list.rsplit(',').next())
        .map(str::trim)
        .filter(|text| text.parse::<std::net::IpAddr>().is_ok())
        .map_or(peer, str::to_owned)
}

/// Counts visits by address. Notifications and assets are not counted: providers come in bursts from few addresses.
pub async fn per_address<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let path = request.path();
    let free = path.starts_with("/n/") || path.starts_with("/assets/");
    if !free && let Some(gateway) = request.app_data::<web::Data<Gateway>>().cloned() {
        let address = address(request.request(), gateway.settings.trust_forwarded_for);
        let count = gateway.cache.count(&format!("visits:{address}"), Duration::from_secs(60)).await;
        if count > gateway.settings.limits.public_per_minute {
            let answer = HttpResponse::TooManyRequests()
                .insert_header((RETRY_AFTER, "60"))
                .content_type("text/plain; charset=utf-8")
                .body("访问太频繁，请一分钟后再试。钱没有扣。 Too many requests, please wait a minute. No money was taken.");
            return Ok(request.into_response(answer).map_into_right_body());
        }
    }
    next.call(request).await.map(ServiceResponse::map_into_left_body)
}

/// Which of the two listeners a request came in at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Patients and providers.
    Public,
    /// HIS, kiosks, operators.
    Internal,
}

impl Side {
    const fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
        }
    }
}

/// What the framework refuses by itself, before a handler is asked (a body that is too large, a path that is no text), is said
/// like everything else that is refused: to a patient as a page, to a program as JSON.
pub async fn in_words<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let side = request.app_data::<Side>().copied();
    let answer = next.call(request).await?;
    if answer.response().error().is_none() {
        return Ok(answer.map_into_left_body());
    }
    let status = answer.status();
    let (request, _) = answer.into_parts();
    let said = match side {
        Some(Side::Internal) => api_words(status).answer(),
        Some(Side::Public) if !request.path().starts_with("/n/") => match Visit::extract(&request).await {
            Ok(visit) => error::answer(&visit, Failure::Page(kind(status))),
            Err(_) => HttpResponse::build(status).finish(),
        },
        _ => HttpResponse::build(status).finish(),
    };
    Ok(ServiceResponse::new(request, said.map_into_right_body()))
}

fn kind(status: StatusCode) -> ErrorKind {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => ErrorKind::TooLarge,
        StatusCode::NOT_FOUND => ErrorKind::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => ErrorKind::MethodNotAllowed,
        _ => ErrorKind::BadRequest,
    }
}

fn api_words(status: StatusCode) -> ApiFailure {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => ApiFailure::new(
            status,
            "TOO_LARGE",
            "the body is larger than this gateway takes (limits.max_body_bytes)",
        ),
        StatusCode::NOT_FOUND => {
            ApiFailure::new(status, "NO_SUCH_ADDRESS", "see /api/docs for what is served here")
        }
        _ => ApiFailure::new(status, "BAD_REQUEST", "the request could not be read"),
    }
}

/// Adds the headers that every answer carries, and counts it.
pub async fn headers<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let gateway = request.app_data::<web::Data<Gateway>>().cloned();
    let side = request.app_data::<Side>().copied();
    let cacheable = request.path().starts_with("/assets/");
    let mut answer = next.call(request).await?;
    let headers = answer.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Addresses name payments. Only the page with the link to a provider's cashier page has a policy of its own.
    if !headers.contains_key(REFERRER_POLICY) {
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    headers.insert(HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY"));
    if !cacheable {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Some(gateway) = gateway {
        let class = answer.status().as_u16() / 100;
        let listener = side.map_or("", Side::word);
        let labels = format!("listener=\"{listener}\",class=\"{class}xx\"");
        gateway.metrics.add("mingfen_http_requests_total", labels);
    }
    Ok(answer)
}
