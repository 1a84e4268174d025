//! Requests of HIS and kiosks: proven by HMAC, fresh, once, and with the right to ask.
//!
//! The scheme is that of `docs/his-rest.md`, in the other direction. A request with an `Idempotency-Key` is answered once:
//! the answer is stored, a repeat gets it again, and the same key with another body is refused.

use super::api_error::ApiFailure;
use crate::settings::{ApiKey, ApiRight};
use crate::{Gateway, crash};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use mingfen_store::Begin;
use mingfen_vault::request_signature::{self, MAX_SKEW_SECONDS};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// A nonce is remembered for longer than it can be fresh.
const NONCE_MEMORY: Duration = Duration::from_secs(900);

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

/// Proves who asks and that they may. Everything that a stranger could learn from is one answer.
///
/// # Errors
/// [`ApiFailure`].
pub async fn caller<'a>(
    gateway: &'a Gateway,
    request: &HttpRequest,
    body: &[u8],
    right: ApiRight,
) -> Result<&'a ApiKey, ApiFailure> {
    let denied = |message: &str| ApiFailure::new(StatusCode::UNAUTHORIZED, "NOT_SIGNED", message);
    let wanted = "send X-Mingfen-Key, X-Mingfen-Timestamp, X-Mingfen-Nonce and X-Mingfen-Signature; docs/api.md shows a signed call";
    let part = |name| header(request, name).ok_or_else(|| denied(wanted));
    let (id, timestamp, nonce, signature) = (
        part("x-mingfen-key")?,
        part("x-mingfen-timestamp")?,
        part("x-mingfen-nonce")?,
        part("x-mingfen-signature")?,
    );
    if !request_signature::is_nonce(nonce) {
        return Err(denied("X-Mingfen-Nonce must be 16 to 64 letters and digits"));
    }
    let timestamp: i64 = timestamp.parse().map_err(|_| denied("X-Mingfen-Timestamp must be Unix seconds"))?;
    let skew = gateway.now().seconds().saturating_sub(timestamp);
    if skew.saturating_abs() > MAX_SKEW_SECONDS {
        return Err(denied(&format!(
            "X-Mingfen-Timestamp is {skew} seconds from our clock; at most {MAX_SKEW_SECONDS} are allowed, set the clock by NTP"
        )));
    }
    // Verified against some key even when the id is unknown, so that the time taken does not tell which ids exist.
    let known = gateway.settings.api_keys.iter().find(|key| key.id == id);
    let secret = known.map_or(&[0_u8; 32][..], |key| key.secret.as_slice());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let proven =
        request_signature::verify(secret, request.method().as_str(), path, timestamp, nonce, body, signature);
    let Some(key) = known.filter(|_| proven) else {
        return Err(denied("the signature does not fit the key, method, path, timestamp, nonce and body"));
    };
    if !gateway.cache.remember(&format!("nonce:{id}:{nonce}"), NONCE_MEMORY).await {
        return Err(denied("this X-Mingfen-Nonce was used before; take a new one for each request"));
    }
    if !key.may.contains(&right) {
        return Err(ApiFailure::new(
            StatusCode::FORBIDDEN,
            "NOT_ALLOWED",
            format!("key {id} may not do that; it needs the right {right:?}"),
        ));
    }
    Ok(key)
}

/// Answers a changing request once by its `Idempotency-Key`. A failure that is worth another try is not stored.
pub async fn once<F>(
    gateway: &Gateway,
    key: &ApiKey,
    request: &HttpRequest,
    body: &[u8],
    work: F,
) -> HttpResponse
where
    F: Future<Output = Result<serde_json::Value, ApiFailure>>,
{
    match answer_once(gateway, key, request, body, work).await {
        Ok((status, text)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            HttpResponse::build(status).content_type("application/json; charset=utf-8").body(text)
        }
        Err(failure) => failure.answer(),
    }
}

async fn answer_once<F>(
    gateway: &Gateway,
    key: &ApiKey,
    request: &HttpRequest,
    body: &[u8],
    work: F,
) -> Result<(u16, String), ApiFailure>
where
    F: Future<Output = Result<serde_json::Value, ApiFailure>>,
{
    let Some(name) = header(request, "idempotency-key") else {
        return Err(ApiFailure::bad_request(
            "send an Idempotency-Key: your own number of this request, the same on every retry",
        ));
    };
    if !(8..=64).contains(&name.len()) || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ApiFailure::bad_request("Idempotency-Key must be 8 to 64 printable characters"));
    }
    let mut hasher = Sha256::new();
    hasher.update(request.path().as_bytes());
    hasher.update([0]);
    hasher.update(body);
    let request_hash = hex::encode(hasher.finalize());
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    let mut begin = tx.begin_answer(&key.id, name, &request_hash, now).await?;
    // Whoever began it may have died. What changes something here has a number of its own besides and is safe to repeat.
    let begun_before = now.plus_seconds(-gateway.settings.timing.task_lease);
    if begin == Begin::InProgress && tx.take_over_answer(&key.id, name, begun_before, now).await? {
        begin = Begin::Fresh;
    }
    tx.commit().await?;
    match begin {
        Begin::Fresh => crash::point("api.begun"),
        Begin::Stored { status, body } => return Ok((status, body)),
        Begin::OtherRequest => {
            return Err(ApiFailure::new(
                StatusCode::CONFLICT,
                "IDEMPOTENCY_KEY_USED",
                "this Idempotency-Key was used for another request; take a new one",
            ));
        }
        Begin::InProgress => {
            return Err(ApiFailure::new(
                StatusCode::CONFLICT,
                "IN_PROGRESS",
                "the same request is being worked on; ask again in a moment",
            ));
        }
    }
    let (status, text, keep) = match work.await {
        Ok(value) => (200, value.to_string(), true),
        Err(failure) => (failure.status.as_u16(), failure.body(), failure.status.is_client_error()),
    };
    crash::point("api.worked");
    let mut tx = gateway.store.begin().await?;
    if keep {
        tx.store_answer(&key.id, name, status, &text).await?;
    } else {
        tx.forget_answer(&key.id, name).await?;
    }
    tx.commit().await?;
    Ok((status, text))
}
