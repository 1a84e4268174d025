//! One call of the gateway: signed, sent once, and believed only when Alipay's signature says so.
//!
//! # Source
//! protocols/alipay.md sections 1, 2.1 and 2.2.

use super::Alipay;
use super::answer::{self, Envelope, unescaped_base64};
use super::certs::{SerialNumber, Trust, VerifierFor};
use super::error::{Failure, Kind, needs_no_signature, unsettled};
use super::sign::request_text;
use crate::http::{HttpRequest, Method, percent_encode};
use mingfen_domain::Timestamp;
use mingfen_provider_api::CallError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Write as _;

/// What is asked.
pub(super) struct Call<'a> {
    /// `alipay.trade.query`
    pub method: &'static str,
    /// Decides what a refusal means.
    pub kind: Kind,
    /// Where Alipay tells us later, for calls that open an order.
    pub notify_url: Option<&'a str>,
    /// `biz_content`, or the parameters of the few methods that have none.
    pub fields: Vec<(&'static str, String)>,
}

impl<'a> Call<'a> {
    /// A call with a `biz_content`.
    pub fn new(method: &'static str, kind: Kind, content: &impl Serialize) -> Result<Self, CallError> {
        let content = serde_json::to_string(content)
            .map_err(|error| CallError::NotSent(format!("biz_content cannot be written: {error}")))?;
        Ok(Self { method, kind, notify_url: None, fields: vec![("biz_content", content)] })
    }

    /// The same, told of later.
    pub fn notifying(mut self, notify_url: &'a str) -> Self {
        self.notify_url = Some(notify_url);
        self
    }
}

/// What every answer says of itself.
#[derive(serde::Deserialize)]
struct Common {
    /// Successful answers of the OAuth call have none.
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    msg: String,
    #[serde(default)]
    sub_code: String,
    #[serde(default)]
    sub_msg: String,
}

impl Alipay {
    /// Sends the call and reads the answer, once its signature was found right.
    pub(super) async fn ask<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, Failure> {
        let body = self.exchange(call).await?;
        let envelope =
            answer::open(&body, call.method).map_err(|problem| Failure::in_doubt(problem.to_string()))?;
        let common = common(envelope.node)?;
        match envelope.sign {
            Some(sign) => self.check_answer(&envelope, sign).await?,
            None if common.code.as_deref().is_some_and(needs_no_signature) => {}
            None => return Err(Failure::in_doubt("the answer bears no signature")),
        }
        match common.code.as_deref() {
            Some("10000") if !envelope.is_error_node => read(envelope.node),
            None if !envelope.is_error_node && call.kind == Kind::Plain => read(envelope.node),
            code => Err(refusal(call.kind, code.unwrap_or_default(), &common)),
        }
    }

    /// Sends the call and reads the answer without asking who signed it. Only for what proves itself (a certificate).
    pub(super) async fn ask_unproven<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, Failure> {
        let body = self.exchange(call).await?;
        let envelope =
            answer::open(&body, call.method).map_err(|problem| Failure::in_doubt(problem.to_string()))?;
        let common = common(envelope.node)?;
        match common.code.as_deref() {
            Some("10000") if !envelope.is_error_node => read(envelope.node),
            code => Err(refusal(call.kind, code.unwrap_or_default(), &common)),
        }
    }

    /// The parameters of a call, signed: in public-key mode the common ones, in certificate mode with the two serials.
    pub(super) fn signed(
        &self,
        method: &str,
        now: Timestamp,
        further: &[(&str, &str)],
    ) -> Result<Vec<(String, String)>, CallError> {
        let timestamp = now.to_beijing_text();
        let mut parameters = vec![
            ("app_id", self.app_id.as_str()),
            ("method", method),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("timestamp", timestamp.as_str()),
            ("version", "1.0"),
        ];
        let app_serial;
        if let Trust::Certificates(certificates) = &self.trust {
            app_serial = certificates.app_serial.to_string();
            parameters.push(("app_cert_sn", app_serial.as_str()));
            parameters.push(("alipay_root_cert_sn", certificates.root_serials.as_str()));
        }
        parameters.extend_from_slice(further);
        let sign = self
            .signer
            .sign(&request_text(&parameters))
            .ok_or_else(|| CallError::NotSent("the request could not be signed".to_owned()))?;
        parameters.push(("sign", sign.as_str()));
        Ok(parameters.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    async fn exchange(&self, call: &Call<'_>) -> Result<Vec<u8>, Failure> {
        let mut further: Vec<(&str, &str)> =
            call.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        further.extend(call.notify_url.map(|url| ("notify_url", url)));
        let parameters = self.signed(call.method, self.clock.now(), &further)?;
        // The server must know the charset before it decodes the body.
        let mut url = self.gateway_url.url().clone();
        url.set_query(Some("charset=utf-8"));
        let in_body = parameters.iter().filter(|(name, _)| name != "charset");
        let request = HttpRequest {
            method: Method::POST,
            url,
            headers: vec![("content-type", "application/x-www-form-urlencoded;charset=utf-8".to_owned())],
            body: Some(encoded(in_body).into_bytes()),
        };
        let answer = self.http.send(request).await.map_err(CallError::from)?;
        // Refusals come with 200 too: any other status is not the gateway speaking. The content type says text/html either way.
        if answer.status != 200 {
            return Err(Failure::in_doubt(format!(
                "{} was answered with HTTP status {}",
                call.method, answer.status
            )));
        }
        Ok(answer.body)
    }

    async fn check_answer(&self, envelope: &Envelope<'_>, sign: &str) -> Result<(), Failure> {
        let sign = unescaped_base64(sign);
        let named = envelope.cert_sn.map(SerialNumber::parse);
        if named == Some(None) {
            return Err(Failure::in_doubt("the answer names a certificate by no serial number"));
        }
        let named = named.flatten();
        let verifiers = match self.trust.verifiers_for(named.as_ref()) {
            VerifierFor::Known(verifiers) => verifiers,
            VerifierFor::Unknown(serial) => {
                self.fetch_named_certificate(&serial).await.map_err(unsettled)?;
                match self.trust.verifiers_for(Some(&serial)) {
                    VerifierFor::Known(verifiers) => verifiers,
                    VerifierFor::Unknown(serial) => {
                        return Err(Failure::in_doubt(format!(
                            "the answer is signed with unknown certificate {serial}"
                        )));
                    }
                }
            }
        };
        if verifiers.iter().any(|verifier| verifier.verifies(envelope.node, &sign)) {
            Ok(())
        } else {
            Err(Failure::in_doubt("the answer's signature is wrong"))
        }
    }
}

/// Names and values for a query or a form.
pub(super) fn encoded<'a>(parameters: impl IntoIterator<Item = &'a (String, String)>) -> String {
    let mut text = String::with_capacity(1024);
    for (name, value) in parameters {
        if !text.is_empty() {
            text.push('&');
        }
        let _infallible = write!(text, "{}={}", percent_encode(name), percent_encode(value));
    }
    text
}

fn common(node: &[u8]) -> Result<Common, Failure> {
    read(node)
}

/// The parser's own words may quote the answer, so only the place is told.
fn read<T: DeserializeOwned>(node: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(node).map_err(|error| {
        Failure::in_doubt(format!(
            "the answer is not of the documented form (line {}, column {})",
            error.line(),
            error.column()
        ))
    })
}

fn refusal(kind: Kind, code: &str, common: &Common) -> Failure {
    // This refusal repeats our whole request, payer and all.
    let text = if common.sub_code.contains("invalid-signature") {
        "app_private_key does not belong to the application key that was uploaded for this app_id"
    } else if common.sub_msg.is_empty() {
        &common.msg
    } else {
        &common.sub_msg
    };
    Failure::said(kind, code, &common.sub_code, text)
}
