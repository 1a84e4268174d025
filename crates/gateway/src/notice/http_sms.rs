//! A message service with a JSON interface: `POST {url}` with a bearer key.

use super::{NoticeError, Sms, TextMessage};
use async_trait::async_trait;
use mingfen_domain::person::Phone;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;

/// See [`Sms`].
pub struct HttpSms {
    client: reqwest::Client,
    url: Url,
    key: String,
}

#[derive(Deserialize)]
struct Answer {
    message_id: String,
}

impl HttpSms {
    /// A sender to `url` with the service's key.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(url: Url, key: String, timeout: Duration) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { client, url, key })
    }
}

#[async_trait]
impl Sms for HttpSms {
    async fn send(&self, to: &Phone, message: &TextMessage) -> Result<String, NoticeError> {
        let params: BTreeMap<_, _> =
            message.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let body = serde_json::json!({
            "phone": to.as_str(),
            "template": message.template,
            "params": params,
            "request_id": message.request_id,
        });
        let answer = self
            .client
            .post(self.url.clone())
            .bearer_auth(&self.key)
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
            .map_err(|error| NoticeError::NotNow(error.without_url().to_string()))?;
        let status = answer.status();
        let text =
            answer.text().await.map_err(|error| NoticeError::NotNow(error.without_url().to_string()))?;
        if status.is_success() {
            serde_json::from_str::<Answer>(&text)
                .map(|answer| answer.message_id)
                .map_err(|_| NoticeError::NotNow("an answer that is not readable".into()))
        } else if status.is_client_error() && status.as_u16() != 429 {
            Err(NoticeError::Refused(format!("HTTP {}", status.as_u16())))
        } else {
            Err(NoticeError::NotNow(format!("HTTP {}", status.as_u16())))
        }
    }
}
