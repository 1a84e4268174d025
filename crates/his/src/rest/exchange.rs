//! One signed request and what came of it.

use super::settings::{RestHisSettings, SettingsError};
use crate::trace;
use mingfen_domain::ambient::{UPPER_ALPHANUMERIC, random_text};
use mingfen_domain::{Clock, Random};
use mingfen_vault::request_signature;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, Response, redirect, retry};
use serde_json::Value;
use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// HIS's own texts are cut to this many characters before they travel on.
const MESSAGE_CHARACTERS: usize = 200;
/// An error answer is a code and a sentence.
const DENIAL_BYTES: usize = 64 * 1024;

/// Idle connections are given up before common servers close them (after five seconds or more), so that a booking rarely
/// meets a connection that is just going away and is then in doubt for nothing.
const IDLE_MS: u64 = 4_000;

/// A call of the contract.
pub(super) struct Call {
    /// Below the base URL.
    pub(super) path: &'static str,
    /// The definite noes it may give, with the status each comes under.
    pub(super) denials: &'static [(u16, &'static str)],
    /// What its answer may weigh.
    pub(super) answer_bytes: usize,
}

/// Why there is no answer to read: the money question first.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// HIS said no, with a code that the contract gives to this call.
    Denied { code: String, message: String },
    /// 400, 401, 403: we asked wrongly. In a confirm call this says nothing about an *earlier* try with the same number.
    Misconfigured(String),
    /// It left us, or may have, and no usable answer came.
    InDoubt(String),
    /// Nothing left this machine.
    NotSent(String),
}

/// The client and all that a signature takes.
pub(super) struct Exchange {
    client: Client,
    settings: RestHisSettings,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Exchange {
    pub(super) fn new(
        settings: RestHisSettings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, SettingsError> {
        settings.check()?;
        // No redirects and no proxy from the environment: either would carry patients' data where no setting says so.
        // No retries below us either, because only the caller knows whether a second try is safe.
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .no_gzip()
            .http1_only()
            .pool_idle_timeout(Duration::from_millis(IDLE_MS))
            .timeout(Duration::from_millis(settings.timeout_ms))
            .connect_timeout(Duration::from_millis(settings.connect_timeout_ms))
            .build()
            .map_err(SettingsError::Client)?;
        Ok(Self { client, settings, clock, random })
    }

    /// Sends one request; answers the JSON of a 200.
    pub(super) async fn post(&self, call: &Call, request: &Value) -> Result<Value, Fault> {
        let began = self.clock.now();
        let answer = self.send(call, request.to_string().into_bytes()).await;
        let (outcome, elapsed_ms) = (outcome(&answer), self.clock.now().since_ms(began));
        tracing::debug!(his.call = call.path, his.outcome = outcome, elapsed_ms, "asked HIS");
        answer
    }

    async fn send(&self, call: &Call, body: Vec<u8>) -> Result<Value, Fault> {
        let response = self.signed(call, body).send().await.map_err(fault_of_sending)?;
        match response.status().as_u16() {
            200 => {
                let bytes = read_bounded(response, call.answer_bytes).await?;
                serde_json::from_slice(&bytes).map_err(|_| Fault::InDoubt(unreadable(&bytes).to_owned()))
            }
            status @ (400 | 401 | 403) => {
                let (code, message) = denial(response).await.unwrap_or_default();
                Err(Fault::Misconfigured(format!("HTTP {status} {code} {message}").trim_end().to_owned()))
            }
            status @ (404 | 409) => Err(match denial(response).await {
                Some((code, message)) if call.denials.contains(&(status, code.as_str())) => {
                    Fault::Denied { code, message }
                }
                _ => Fault::InDoubt(format!("HTTP {status} without a code that this call may give")),
            }),
            status => Err(Fault::InDoubt(format!("HTTP {status}"))),
        }
    }

    fn signed(&self, call: &Call, body: Vec<u8>) -> RequestBuilder {
        let url = appended(&self.settings.base_url, call.path);
        let timestamp = self.clock.now().seconds();
        let nonce = random_text(&*self.random, UPPER_ALPHANUMERIC, 32);
        let secret = self.settings.secret.as_bytes();
        let signature = request_signature::sign(secret, "POST", url.path(), timestamp, &nonce, &body);
        let mut request = self.client.post(url);
        if let Some(trace) = trace::current() {
            request = request.header("X-Mingfen-Trace", trace.as_str());
        }
        request
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .header(ACCEPT, "application/json")
            .header("X-Mingfen-Key", &self.settings.key_id)
            .header("X-Mingfen-Timestamp", timestamp)
            .header("X-Mingfen-Nonce", nonce)
            .header("X-Mingfen-Signature", signature)
            .body(body)
    }
}

fn appended(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}

/// Only what failed before or while connecting is known not to have been sent.
fn fault_of_sending(error: reqwest::Error) -> Fault {
    let nothing_left = error.is_connect() || error.is_builder();
    let text = sentence(&error.without_url());
    if nothing_left { Fault::NotSent(text) } else { Fault::InDoubt(text) }
}

/// An error with its causes, down to "connection refused"; none of them holds anything of a body.
fn sentence(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

async fn read_bounded(mut response: Response, limit: usize) -> Result<Vec<u8>, Fault> {
    let too_large = || Fault::InDoubt(format!("the answer is larger than {limit} bytes"));
    let announced = response.content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |length| length > limit) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|error| Fault::InDoubt(sentence(&error.without_url())))?
    {
        if bytes.len() + chunk.len() > limit {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Says what is wrong without repeating any of it.
fn unreadable(bytes: &[u8]) -> &'static str {
    if bytes.is_empty() {
        "the answer is empty"
    } else if std::str::from_utf8(bytes).is_err() {
        "the answer is not UTF-8 (another charset, for example GBK?)"
    } else {
        "the answer is not JSON"
    }
}

/// `{"code":"…","message":"…"}`, or `None` for anything else, such as a proxy's own page.
async fn denial(response: Response) -> Option<(String, String)> {
    let bytes = read_bounded(response, DENIAL_BYTES).await.ok()?;
    let body: Value = serde_json::from_slice(&bytes).ok()?;
    let code = body.get("code")?.as_str()?;
    let is_code = (1..=64).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    is_code.then(|| (code.to_owned(), cleaned(body.get("message").and_then(Value::as_str).unwrap_or(""))))
}

fn cleaned(message: &str) -> String {
    message.chars().filter(|c| !c.is_control()).take(MESSAGE_CHARACTERS).collect()
}

const fn outcome(answer: &Result<Value, Fault>) -> &'static str {
    match answer {
        Ok(_) => "answered",
        Err(Fault::Denied { .. }) => "denied",
        Err(Fault::Misconfigured(_)) => "misconfigured",
        Err(Fault::InDoubt(_)) => "in_doubt",
        Err(Fault::NotSent(_)) => "not_sent",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::tests::{Fixed, noon, settings};

    #[test]
    fn a_request_carries_the_signature_of_the_contracts_vector() {
        let base = Url::parse("http://127.0.0.1:9000/his/v1/").unwrap();
        let nonce = Fixed::drawing("0A1B2C3D4E5F60718293A4B5C6D7E8F9");
        let exchange = Exchange::new(settings(base), Arc::new(noon()), Arc::new(nonce)).unwrap();
        let body = br#"{"hospital_id":"QH01","card_no":"A10023846021"}"#;
        let request = exchange.signed(&super::super::LIST, body.to_vec()).build().unwrap();
        let header = |name: &str| request.headers()[name].to_str().unwrap();
        assert_eq!(request.url().as_str(), "http://127.0.0.1:9000/his/v1/slips/list");
        assert_eq!(header("X-Mingfen-Key"), "mingfen");
        assert_eq!(header("X-Mingfen-Timestamp"), "1767240000");
        assert_eq!(header("X-Mingfen-Nonce"), "0A1B2C3D4E5F60718293A4B5C6D7E8F9");
        let vector = "b932ef4ed1fba8db1ff099e956079f28a75b3b1ab14b2ce1de3fe7ec17358ad1";
        assert_eq!(header("X-Mingfen-Signature"), vector);
        assert_eq!(header("Content-Type"), "application/json; charset=utf-8");
    }

    #[test]
    fn the_secret_is_not_in_a_debug_text() {
        let base = Url::parse("http://127.0.0.1:9000/his/v1").unwrap();
        let exchange = Exchange::new(settings(base), Arc::new(noon()), Arc::new(Fixed::default())).unwrap();
        assert!(!format!("{exchange:?}").contains("mingfen-demo-secret"));
    }
}
