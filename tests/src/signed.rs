//! A signed call of the API, of which a story can change any part after it was signed.

use crate::hospital::{API_SECRET, Hospital, KIOSK_SECRET};
use mingfen_domain::Clock;
use mingfen_domain::ambient::{UPPER_ALPHANUMERIC, random_text};
use mingfen_gateway::ambient::SystemRandom;
use serde_json::Value;
use std::collections::BTreeMap;

/// A request, signed when it was made.
#[derive(Clone, Debug)]
pub struct SignedCall {
    /// The method that is sent.
    pub method: String,
    /// The path that is sent, with its query.
    pub path: String,
    /// The body that is sent.
    pub body: Vec<u8>,
    headers: BTreeMap<String, String>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// The body as JSON, or as a text when it is none.
    pub json: Value,
    /// Names and values.
    pub headers: BTreeMap<String, String>,
}

impl Answered {
    /// The error's code; empty when there is none.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }
}

impl SignedCall {
    /// HIS's call, signed now with a fresh nonce.
    pub fn of_his(hospital: &Hospital, method: &str, path: &str, body: &str) -> Self {
        Self::signed("demo-his", API_SECRET, hospital.clock.now().seconds(), method, path, body)
    }

    /// The call of a kiosk, whose key may little.
    pub fn of_kiosk(hospital: &Hospital, method: &str, path: &str, body: &str) -> Self {
        Self::signed("kiosk", KIOSK_SECRET, hospital.clock.now().seconds(), method, path, body)
    }

    /// Any caller's.
    pub fn signed(key: &str, secret: &str, timestamp: i64, method: &str, path: &str, body: &str) -> Self {
        let nonce = random_text(&SystemRandom, UPPER_ALPHANUMERIC, 24);
        Self::signed_with(key, secret, timestamp, &nonce, method, path, body)
    }

    /// With a nonce of the story's choice.
    pub fn signed_with(
        key: &str,
        secret: &str,
        timestamp: i64,
        nonce: &str,
        method: &str,
        path: &str,
        body: &str,
    ) -> Self {
        Self::of_bytes(key, secret, timestamp, nonce, method, path, body.as_bytes())
    }

    /// HIS's call with a body that need not be text.
    pub fn of_his_bytes(hospital: &Hospital, method: &str, path: &str, body: &[u8]) -> Self {
        let nonce = random_text(&SystemRandom, UPPER_ALPHANUMERIC, 24);
        let now = hospital.clock.now().seconds();
        Self::of_bytes("demo-his", API_SECRET, now, &nonce, method, path, body)
    }

    fn of_bytes(
        key: &str,
        secret: &str,
        timestamp: i64,
        nonce: &str,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Self {
        let signature =
            mingfen_vault::request_signature::sign(secret.as_bytes(), method, path, timestamp, nonce, body);
        let headers = [
            ("x-mingfen-key", key.to_owned()),
            ("x-mingfen-timestamp", timestamp.to_string()),
            ("x-mingfen-nonce", nonce.to_owned()),
            ("x-mingfen-signature", signature),
        ];
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            body: body.to_vec(),
            headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }

    /// Adds a header, or changes one after it was signed.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A header as it would be sent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Leaves a header out.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// Sends it to a gateway's internal listener.
    pub async fn sent_to(&self, internal_url: &str) -> Answered {
        let method = self.method.parse().expect("a method");
        let mut request = reqwest::Client::new()
            .request(method, format!("{internal_url}{}", self.path))
            .body(self.body.clone());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.expect("the gateway answers");
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        let text = answer.text().await.expect("a body");
        let json = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answered { status, json, headers }
    }
}
