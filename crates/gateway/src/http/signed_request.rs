//! Requests of HIS and kiosks: proven by HMAC, fresh, once, and with the right to ask.
//!
//! The scheme is that of `docs/his-rest.md`, in the other direction. A request with an `Idempotency-Key` is answered once:
//! the answer is stored, a repeat gets it again, and the same key with another body is refused.

use super::api_error::ApiFailure;
use super::limits::address;
use crate::service::{Private, made_key, note_key_use};
use crate::settings::{ApiKey, ApiRight};
use crate::{Gateway, crash};
use actix_web::http::header::HeaderValue;
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use mingfen_domain::ambient::{READABLE, random_text};
use mingfen_store::{Attempt, Begin};
use mingfen_vault::request_signature::{self, MAX_SKEW_SECONDS};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// A nonce is remembered for longer than it can be fresh.
const NONCE_MEMORY: Duration = Duration::from_secs(900);
const IDEMPOTENCY_KEY: &str = "idempotency-key";

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

/// Proves who asks and that they may. Everything that a stranger could learn from is one answer.
///
/// # Errors
/// [`ApiFailure`].
pub async fn caller(
    gateway: &Gateway,
    request: &HttpRequest,
    body: &[u8],
    right: ApiRight,
) -> Result<ApiKey, ApiFailure> {
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
    // One request has one text: no sign and no leading zero, which would parse as the same number.
    let digits = !timestamp.starts_with('0') && timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let timestamp: i64 = timestamp
        .parse()
        .ok()
        .filter(|_| digits)
        .ok_or_else(|| denied("X-Mingfen-Timestamp must be Unix seconds, digits only"))?;
    let skew = gateway.now().seconds().saturating_sub(timestamp);
    if skew.saturating_abs() > MAX_SKEW_SECONDS {
        return Err(denied(&format!(
            "X-Mingfen-Timestamp is {skew} seconds from our clock; at most {MAX_SKEW_SECONDS} are allowed, set the clock by NTP"
        )));
    }
    // Verified against some key even when the id is unknown, so that the time taken does not tell which ids exist.
    let of_settings = gateway.settings.api_keys.iter().any(|key| key.id == id);
    let known = match gateway.settings.api_keys.iter().find(|key| key.id == id) {
        Some(key) => Some(key.clone()),
        None => made_key(gateway, id).await?,
    };
    let secret = known.as_ref().map_or(&[0_u8; 32][..], |key| key.secret.as_slice());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let proven =
        request_signature::verify(secret, request.method().as_str(), path, timestamp, nonce, body, signature);
    let which = if known.is_some() { id } else { "unknown" };
    let Some(key) = known.filter(|_| proven) else {
        return Err(failed(gateway, request, which).await);
    };
    if !of_settings {
        note_key_use(gateway, id).await?;
    }
    let used = || {
        refused(gateway, "nonce");
        denied("this X-Mingfen-Nonce was used before; take a new one for each request")
    };
    // Before the count, so that who sends a captured request again and again uses up nothing of the key's minute.
    if !gateway.cache.remember(&format!("nonce:{id}:{nonce}"), NONCE_MEMORY).await {
        return Err(used());
    }
    let minute = Duration::from_secs(60);
    if gateway.cache.count(&format!("api:{id}"), minute).await > key.limits.per_minute {
        refused(gateway, "rate");
        let message =
            format!("key {id} may ask {} times a minute; wait and ask again", key.limits.per_minute);
        return Err(ApiFailure::too_many(message));
    }
    if !is_first(gateway, request, id, nonce).await? {
        return Err(used());
    }
    if !key.may.contains(&right) {
        refused(gateway, "right");
        return Err(ApiFailure::new(
            StatusCode::FORBIDDEN,
            "NOT_ALLOWED",
            format!("key {id} may not do that; it needs the right {:?}", right.word()),
        ));
    }
    Ok(key)
}

/// A signature that does not fit. Only failures count, so that who guesses from an address keeps nobody else there from being
/// served. `key` is one of ours or a fixed word: what a stranger sends is in no log.
async fn failed(gateway: &Gateway, request: &HttpRequest, key: &str) -> ApiFailure {
    let address = address(request, gateway.settings.trust_forwarded_for);
    let count = gateway.cache.count(&format!("api_failed:{address}"), Duration::from_secs(60)).await;
    refused(gateway, "signature");
    if count > gateway.settings.limits.failed_signatures_per_minute {
        return ApiFailure::too_many("too many requests from here were not signed rightly; wait a minute");
    }
    tracing::warn!(api.key = key, address = %address, "an API request was not signed rightly");
    ApiFailure::new(
        StatusCode::UNAUTHORIZED,
        "NOT_SIGNED",
        "the signature does not fit the key, method, path, timestamp, nonce and body",
    )
}

fn refused(gateway: &Gateway, reason: &str) {
    gateway.metrics.add("mingfen_api_refused_total", format!("reason=\"{reason}\""));
}

/// Whether a request whose nonce the cache does not know is new. A read relies on the cache, which may be lost; what changes
/// something relies on a constraint of the database as well, so that a captured request is refused whatever was lost or
/// restarted meanwhile.
async fn is_first(
    gateway: &Gateway,
    request: &HttpRequest,
    key: &str,
    nonce: &str,
) -> Result<bool, ApiFailure> {
    if request.method() == Method::GET {
        return Ok(true);
    }
    let until = gateway.now().plus_seconds(NONCE_MEMORY.as_secs().cast_signed());
    Ok(gateway.store.remember_nonce(key, nonce, until).await?)
}

/// Whether a caller must name its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// What it asks for moves money.
    Required,
    /// It is safe to repeat; with a key the first answer comes again.
    Optional,
}

/// Proves who asks, then answers a changing request [`once`].
pub async fn change(
    gateway: &Gateway,
    request: &HttpRequest,
    body: &[u8],
    right: ApiRight,
    wanted: Key,
    work: impl AsyncFnOnce(&ApiKey) -> Result<serde_json::Value, ApiFailure>,
) -> HttpResponse {
    match caller(gateway, request, body, right).await {
        Ok(key) => once(gateway, &key, request, body, wanted, work(&key)).await,
        Err(failure) => failure.answer(),
    }
}

/// Answers a changing request once by its `Idempotency-Key`. A failure that is worth another try is not stored.
///
/// **Invariant:** a stored answer belongs to the key that proved itself, to the path and to the body: another body under the
/// same `Idempotency-Key` is refused. The header itself is not in the signed text; who changed it on a captured request would
/// have to send that request's nonce again, which is refused, and what a request changes has a number of its own in its body.
async fn once<F>(
    gateway: &Gateway,
    key: &ApiKey,
    request: &HttpRequest,
    body: &[u8],
    wanted: Key,
    work: F,
) -> HttpResponse
where
    F: Future<Output = Result<serde_json::Value, ApiFailure>>,
{
    let answered = match request.headers().get(IDEMPOTENCY_KEY) {
        None if wanted == Key::Optional => Ok(done(work.await)),
        name => answer_once(gateway, key, request, name, body, work).await,
    };
    match answered {
        Ok(Answer { status, text, .. }) => {
            HttpResponse::build(status).content_type("application/json; charset=utf-8").body(text)
        }
        Err(failure) => failure.answer(),
    }
}

struct Answer {
    status: StatusCode,
    text: String,
    /// It may be given again.
    keep: bool,
}

fn done(result: Result<serde_json::Value, ApiFailure>) -> Answer {
    match result {
        Ok(value) => Answer { status: StatusCode::OK, text: value.to_string(), keep: true },
        Err(failure) => Answer { status: failure.status, text: failure.body(), keep: failure.is_final() },
    }
}

async fn answer_once<F>(
    gateway: &Gateway,
    key: &ApiKey,
    request: &HttpRequest,
    name: Option<&HeaderValue>,
    body: &[u8],
    work: F,
) -> Result<Answer, ApiFailure>
where
    F: Future<Output = Result<serde_json::Value, ApiFailure>>,
{
    let Some(name) = name else {
        return Err(ApiFailure::bad_request(
            "send an Idempotency-Key: your own number of this request, the same on every retry",
        ));
    };
    let name = name
        .to_str()
        .ok()
        .filter(|name| (8..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic()));
    let name = name.ok_or_else(|| {
        ApiFailure::bad_request("Idempotency-Key must be 8 to 64 printable ASCII characters")
    })?;
    let mut hasher = Sha256::new();
    hasher.update(request.path().as_bytes());
    hasher.update([0]);
    hasher.update(body);
    let request_hash = hex::encode(hasher.finalize());
    let attempt = random_text(gateway.random.as_ref(), READABLE, 16);
    let at = Attempt { api_key: &key.id, idempotency_key: name, attempt: &attempt };
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    let mut begin = tx.begin_answer(at, &request_hash, now).await?;
    // Whoever began it may have died. What changes something here has a number of its own besides and is safe to repeat.
    let begun_before = now.plus_seconds(-gateway.settings.timing.task_lease);
    if begin == Begin::InProgress && tx.take_over_answer(at, begun_before, now).await? {
        begin = Begin::Fresh;
    }
    tx.commit().await?;
    // For the points at which a test dies: they mean one call, not whichever comes first.
    let call = request.path().rsplit('/').next().unwrap_or_default();
    match begin {
        Begin::Fresh => crash::point_of("api", call, "begun"),
        Begin::Stored { status, body_sealed } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return Ok(Answer { status, text: Private(gateway).open_answer(&body_sealed)?, keep: true });
        }
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
    let answer = done(work.await);
    crash::point_of("api", call, "worked");
    let store = &gateway.store;
    let still_ours = if answer.keep {
        let sealed = Private(gateway).seal_answer(&answer.text);
        store.store_answer(at, answer.status.as_u16(), &sealed).await?
    } else {
        store.forget_answer(at).await?
    };
    if !still_ours {
        // Too slow: another attempt has taken it over and keeps its own answer, to the same effect.
        tracing::warn!(api.key = %key.id, "a request took longer than its lease and was taken over");
    }
    Ok(answer)
}
