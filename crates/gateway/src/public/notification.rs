//! A provider tells us something.

use crate::Gateway;
use crate::http::limits::address;
use crate::service::{Received, receive_notification};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use mingfen_domain::ids::ChannelId;
use mingfen_provider_api::RawNotification;

pub(super) async fn receive(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    channel: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    let Ok(channel) = ChannelId::parse(channel.as_str()) else { return HttpResponse::NotFound().finish() };
    let raw = RawNotification { headers: headers(&request), body: body.to_vec(), received_at: gateway.now() };
    let from = address(&request, gateway.settings.trust_forwarded_for);
    let received = receive_notification(&gateway, &channel, &raw, &from).await.unwrap_or_else(|trouble| {
        tracing::error!(channel = %channel, error = %trouble, "a notification could not be recorded; it will be sent again");
        Received::NotAccepted
    });
    let notifications = gateway.channel(&channel).and_then(|provider| provider.notifications());
    match (received, notifications) {
        (Received::Accepted | Received::NotAccepted | Received::TooMany, Some(notifications)) => {
            let answer = notifications.acknowledge(received == Received::Accepted);
            let status = match received {
                Received::TooMany => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            };
            HttpResponse::build(status).content_type(answer.content_type).body(answer.body)
        }
        _ => HttpResponse::NotFound().finish(),
    }
}

/// What proves and describes; a header that is no text proves nothing and is left out.
fn headers(request: &HttpRequest) -> Vec<(String, String)> {
    request
        .headers()
        .iter()
        .filter(|(name, _)| *name != "cookie" && *name != "authorization")
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect()
}
