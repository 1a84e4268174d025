//! One signed call and its proven answer.
//!
//! # Source
//! Sections 1.1 to 1.4.

use super::certs::{ApiV3Key, SignedHeaders, TrustAnchors};
use super::error::{Asked, ErrorAnswer, sort};
use super::sign;
use crate::http::{BaseUrl, HttpAnswer, HttpClient, HttpRequest, Method, SendError, path_and_query};
use crate::keys::Signer;
use crate::text;
use mingfen_domain::ambient::{UPPER_ALPHANUMERIC, random_text};
use mingfen_domain::{Clock, Random, Timestamp};
use mingfen_provider_api::{CallError, NotVerified};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use tokio::sync::Mutex;
use url::Url;

/// Unknown serial numbers may not make us fetch certificates more often than this.
const REFRESH_AT_MOST_EVERY_MS: i64 = 60_000;

/// Merchant, keys and client.
pub struct Wire {
    pub mchid: String,
    pub merchant_serial: String,
    pub signer: Signer,
    pub api_v3_key: ApiV3Key,
    pub anchors: TrustAnchors,
    pub api_base_url: BaseUrl,
    /// The other site, with the same paths and keys.
    pub spare_api_base_url: Option<BaseUrl>,
    pub http: HttpClient,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    /// When certificates were last fetched, for the rate cap; held while fetching, so that one fetch serves all.
    pub refreshed: Mutex<Option<Timestamp>>,
}

/// What WeChat has proven to say.
pub struct Proven<T> {
    /// The answer.
    pub said: T,
    /// `Request-ID`, under which WeChat's support finds the call; to be logged where the answer is handled.
    pub request_id: String,
}

/// How a call ended, other than with a proven 200 or 204.
pub enum Failure {
    /// Nothing left.
    NotSent(String),
    /// No usable answer.
    InDoubt(String),
    /// They answered with an error.
    Answered(ErrorAnswer),
}

impl Failure {
    /// The money question.
    pub fn into_call_error(self, asked: Asked) -> CallError {
        match self {
            Self::NotSent(cause) => CallError::NotSent(cause),
            Self::InDoubt(cause) => CallError::InDoubt(cause),
            Self::Answered(answer) => sort(asked, &answer).into_call_error(answer),
        }
    }
}

impl From<SendError> for Failure {
    fn from(error: SendError) -> Self {
        match error {
            SendError::NotSent(cause) => Self::NotSent(cause),
            SendError::InDoubt(cause) => Self::InDoubt(cause),
        }
    }
}

impl Wire {
    /// `GET`s and reads a proven answer.
    pub async fn get<T: DeserializeOwned>(&self, path_and_query: &str) -> Result<Proven<T>, Failure> {
        self.call(Method::GET, path_and_query, None).await?.parsed()
    }

    /// `POST`s and reads a proven answer.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: Vec<u8>) -> Result<Proven<T>, Failure> {
        self.call(Method::POST, path, Some(body)).await?.parsed()
    }

    /// One call; the bytes of a proven 200 or 204.
    pub async fn call(
        &self,
        method: Method,
        path_and_query: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Proven<Vec<u8>>, Failure> {
        if self.anchors.is_empty() {
            // Without a key no answer could be proven, so nothing is asked before one is here.
            self.refresh_for_use().await.map_err(|error| {
                Failure::NotSent(format!("no platform certificate, and none can be fetched: {error}"))
            })?;
        }
        let answer = self.ask(method, path_and_query, body).await?;
        let signed = is_signed(&answer);
        match answer.status {
            200 | 204 => {
                let proof = self.prove(&answer).await;
                proof.map_err(|error| Failure::InDoubt(format!("the answer proves nothing: {error}")))?;
                let request_id = answer.header("request-id").map(|id| text::cut(id, 80).into_owned());
                Ok(Proven { said: answer.body, request_id: request_id.unwrap_or_default() })
            }
            // An error answer may be unsigned (section 1.4, rule 1), but it may not be signed wrongly.
            _ if signed => {
                let proof = self.prove(&answer).await;
                proof
                    .map_err(|error| Failure::InDoubt(format!("the error answer proves nothing: {error}")))?;
                Err(Failure::Answered(read_error(&answer, signed)))
            }
            _ => Err(Failure::Answered(read_error(&answer, signed))),
        }
    }

    /// Sends to the provider's site, or a question that it cannot take to its spare site (section 9.1).
    ///
    /// Only questions: what changes something is repeated by whoever knows what was asked and what may have become of it.
    async fn ask(
        &self,
        method: Method,
        path_and_query: &str,
        body: Option<Vec<u8>>,
    ) -> Result<HttpAnswer, SendError> {
        let question = method == Method::GET;
        let first = self.send(method, self.api_base_url.join(path_and_query)?, body).await;
        let out_of_order = match &first {
            Ok(answer) => matches!(answer.status, 502 | 503),
            Err(SendError::NotSent(_)) => true,
            Err(SendError::InDoubt(_)) => false,
        };
        match &self.spare_api_base_url {
            Some(spare) if question && out_of_order => {
                tracing::warn!(
                    provider.name = "wechat",
                    "WeChat Pay's first site is out of order, the spare one is asked"
                );
                // The host is not signed, but the time is; so it is signed anew.
                self.send(Method::GET, spare.join(path_and_query)?, None).await
            }
            _ => first,
        }
    }

    /// Sends a signed request and takes whatever comes back, proven or not.
    pub async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<Vec<u8>>,
    ) -> Result<HttpAnswer, SendError> {
        let request = self.signed(method, url, body)?;
        self.http.send(request).await
    }

    /// Builds a signed request.
    pub fn signed(&self, method: Method, url: Url, body: Option<Vec<u8>>) -> Result<HttpRequest, SendError> {
        let timestamp = self.clock.now().seconds();
        let nonce = self.nonce();
        let message = sign::request_message(
            method.as_str(),
            &path_and_query(&url),
            timestamp,
            &nonce,
            body.as_deref().unwrap_or_default(),
        );
        let signature = self
            .signer
            .sign(&message)
            .ok_or_else(|| SendError::NotSent("the request could not be signed".to_owned()))?;
        let authorization =
            sign::authorization(&self.mchid, &self.merchant_serial, timestamp, &nonce, &signature);
        let mut headers = vec![
            ("authorization", authorization),
            ("accept", "application/json".to_owned()),
            ("accept-language", "zh-CN".to_owned()),
        ];
        if body.is_some() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        if let Some(id) = self.anchors.public_key_id() {
            headers.push(("wechatpay-serial", id.to_owned()));
        }
        Ok(HttpRequest { method, url, headers, body })
    }

    /// 32 random characters.
    pub fn nonce(&self) -> String {
        random_text(&*self.random, UPPER_ALPHANUMERIC, 32)
    }

    /// Fetches the platform certificates.
    pub async fn refresh(&self) -> Result<(), CallError> {
        let mut last = self.refreshed.lock().await;
        *last = Some(self.clock.now());
        self.download().await
    }

    /// Fetches the platform certificates unless somebody just did. Strangers can cause this, so failures count too.
    pub async fn refresh_at_most_every_minute(&self) -> Result<(), CallError> {
        let mut last = self.refreshed.lock().await;
        let now = self.clock.now();
        if last.is_some_and(|last| now.since_ms(last) < REFRESH_AT_MOST_EVERY_MS) {
            return Ok(());
        }
        *last = Some(now);
        self.download().await
    }

    /// Fetches the platform certificates for a call of our own: without any of them it cannot be made, so then nothing holds it
    /// back.
    async fn refresh_for_use(&self) -> Result<(), CallError> {
        if !self.anchors.is_empty() {
            return self.refresh_at_most_every_minute().await;
        }
        let mut last = self.refreshed.lock().await;
        if !self.anchors.is_empty() {
            return Ok(());
        }
        *last = Some(self.clock.now());
        self.download().await
    }

    async fn download(&self) -> Result<(), CallError> {
        let asked = Asked::Certificates;
        let url = self.api_base_url.join("/v3/certificates?algorithm_type=RSA")?;
        let answer = self.send(Method::GET, url, None).await?;
        if answer.status != 200 {
            // Not asked whether a new key signed it: that is what is being fetched.
            let signed = is_signed(&answer);
            if signed && let Err(error) = self.verify(&answer) {
                return Err(CallError::InDoubt(format!("the error answer proves nothing: {error}")));
            }
            return Err(Failure::Answered(read_error(&answer, signed)).into_call_error(asked));
        }
        let now = self.clock.now();
        let headers = SignedHeaders::collect(|name| answer.header(name))
            .ok_or_else(|| CallError::InDoubt("the list of certificates is not signed".to_owned()))?;
        let count = self
            .anchors
            .replace(&self.api_v3_key, &headers, &answer.body, now)
            .map_err(CallError::InDoubt)?;
        tracing::info!(provider.name = "wechat", certificates = count, "platform certificates fetched");
        Ok(())
    }

    /// Proves an answer, of success or of error, after fetching the key that it names when that is new.
    async fn prove(&self, answer: &HttpAnswer) -> Result<(), String> {
        match self.verify(answer) {
            Err(NotVerified::UnknownKey(_)) if self.anchors.downloads() => {
                self.refresh_for_use().await.map_err(|error| error.to_string())?;
                self.verify(answer)
            }
            verified => verified,
        }
        .map_err(|error| error.to_string())
    }

    fn verify(&self, answer: &HttpAnswer) -> Result<(), NotVerified> {
        let headers = SignedHeaders::collect(|name| answer.header(name))
            .ok_or_else(|| NotVerified::Malformed("it is not signed".to_owned()))?;
        self.anchors.verify(&headers, &answer.body, self.clock.now())
    }
}

impl Proven<Vec<u8>> {
    fn parsed<T: DeserializeOwned>(self) -> Result<Proven<T>, Failure> {
        let said = serde_json::from_slice(&self.said)
            .map_err(|error| Failure::InDoubt(format!("the answer cannot be read: {error}")))?;
        Ok(Proven { said, request_id: self.request_id })
    }
}

fn is_signed(answer: &HttpAnswer) -> bool {
    answer.header("wechatpay-signature").is_some()
}

fn read_error(answer: &HttpAnswer, signed: bool) -> ErrorAnswer {
    let request_id = answer.header("request-id").unwrap_or_default();
    ErrorAnswer::read(answer.status, &answer.body, request_id, signed)
}
