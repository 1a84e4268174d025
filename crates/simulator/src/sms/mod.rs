//! The SMS gate: takes messages over HTTP and keeps them where a person can look, as on a phone.
//!
//! `POST /sms/v1/messages` with `Authorization: Bearer <key>` and
//! `{"phone","template","params","request_id"}` → `{"message_id"}`. The same `request_id` again gets the first
//! answer and sends nothing; with another content it is refused. Faults are rules for `sms.send`: `status` 429 and
//! 500, `timeout`, `reset`.
//!
//! The protocol is ours: every hospital has another SMS gate, and this is the smallest honest one.

mod page;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::ledger::Ledger;
use crate::wire::carry_out;
use crate::{Party, Shared};

/// The key that the demo's gateway sends with.
pub const DEMO_KEY: &str = "mingfen-demo-sms-key";

/// A message that was taken for delivery.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct SentMessage {
    /// The gate's number.
    pub message_id: String,
    /// The sender's number: the idempotency key.
    pub request_id: String,
    /// Where it went.
    pub phone: String,
    /// Which text.
    pub template: String,
    /// What the text is filled with.
    pub params: BTreeMap<String, String>,
    /// When it was taken.
    pub sent_at_ms: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SendRequest {
    phone: String,
    template: String,
    params: BTreeMap<String, String>,
    request_id: String,
}

#[derive(Default)]
struct Outbox {
    sent: Vec<SentMessage>,
    by_request: HashMap<String, usize>,
}

/// State of the SMS gate.
pub struct Sms {
    shared: Arc<Shared>,
    outbox: Mutex<Outbox>,
}

impl std::fmt::Debug for Sms {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sms").finish_non_exhaustive()
    }
}

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error("the bearer key is missing or wrong")]
    Unauthorised,
    #[error("{0}")]
    BadRequest(String),
    #[error("this request_id was used for another message")]
    Conflict,
}

impl SendError {
    fn answer(&self) -> HttpResponse {
        let (status, code) = match self {
            SendError::Unauthorised => (StatusCode::UNAUTHORIZED, "UNAUTHORISED"),
            SendError::BadRequest(_) => (StatusCode::BAD_REQUEST, "BAD_REQUEST"),
            SendError::Conflict => (StatusCode::CONFLICT, "REQUEST_CONFLICT"),
        };
        HttpResponse::build(status).json(json!({ "code": code, "message": self.to_string() }))
    }
}

impl Sms {
    /// With an empty outbox.
    pub fn new(shared: Arc<Shared>) -> Self {
        Sms { shared, outbox: Mutex::default() }
    }

    /// All messages so far, oldest first.
    pub fn sent(&self) -> Vec<SentMessage> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner).sent.clone()
    }

    /// Messages to one phone, oldest first.
    pub fn sent_to(&self, phone: &str) -> Vec<SentMessage> {
        self.sent().into_iter().filter(|message| message.phone == phone).collect()
    }

    fn take(&self, request: &HttpRequest, body: &[u8]) -> Result<String, SendError> {
        let key = request.headers().get("Authorization").and_then(|value| value.to_str().ok());
        if key.and_then(|value| value.strip_prefix("Bearer ")) != Some(DEMO_KEY) {
            return Err(SendError::Unauthorised);
        }
        let ask: SendRequest =
            serde_json::from_slice(body).map_err(|error| SendError::BadRequest(error.to_string()))?;
        check(&ask)?;
        let mut outbox = self.outbox.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = outbox.by_request.get(&ask.request_id).and_then(|index| outbox.sent.get(*index))
        {
            let same =
                first.phone == ask.phone && first.template == ask.template && first.params == ask.params;
            return if same { Ok(first.message_id.clone()) } else { Err(SendError::Conflict) };
        }
        let index = outbox.sent.len();
        let message_id = format!("SMS{:010}", index + 1);
        outbox.by_request.insert(ask.request_id.clone(), index);
        outbox.sent.push(SentMessage {
            message_id: message_id.clone(),
            request_id: ask.request_id,
            phone: ask.phone,
            template: ask.template,
            params: ask.params,
            sent_at_ms: self.shared.clock.now_ms(),
        });
        Ok(message_id)
    }
}

impl Party for Sms {
    fn settle_due(&self, _now_ms: i64) -> Vec<String> {
        Vec::new()
    }

    fn tell(&self, _ledger: &mut Ledger) {}
}

fn check(ask: &SendRequest) -> Result<(), SendError> {
    let wrong = |what: &str| Err(SendError::BadRequest(what.to_owned()));
    let phone = ask.phone.as_bytes();
    if phone.len() != 11 || phone[0] != b'1' || !phone.iter().all(u8::is_ascii_digit) {
        return wrong("phone wants eleven digits that begin with 1");
    }
    if ask.template.is_empty() || ask.template.len() > 64 {
        return wrong("template wants 1 to 64 characters");
    }
    if ask.request_id.is_empty() || ask.request_id.len() > 64 {
        return wrong("request_id wants 1 to 64 characters");
    }
    Ok(())
}

/// The routes: `/sms/v1/messages` (the gate), `/sms` (the phone), `/control/sms/messages`.
pub fn configure(service: &mut web::ServiceConfig) {
    service
        .route("/sms/v1/messages", web::post().to(send))
        .route("/control/sms/messages", web::get().to(list))
        .configure(page::configure);
}

async fn send(sms: web::Data<Sms>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let refusal = |status| {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        HttpResponse::build(status).json(json!({ "code": "FAULT", "message": "scripted fault" }))
    };
    let effect = async {
        match sms.take(&request, &body) {
            Ok(message_id) => HttpResponse::Ok().json(json!({ "message_id": message_id })),
            Err(error) => error.answer(),
        }
    };
    carry_out(&sms.shared, &request, "sms.send", refusal, effect).await
}

async fn list(sms: web::Data<Sms>) -> HttpResponse {
    HttpResponse::Ok().json(sms.sent())
}
