//! An address of the hospital's that is told when something needs people: a chat robot's bridge, a monitoring system.

use super::{NoticeError, quiet_client};
use mingfen_domain::{Random, Timestamp};
use mingfen_vault::request_signature;
use std::fmt;
use std::time::Duration;
use url::Url;

/// How long the other side may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Posts JSON, signed as requests of the API are (`docs/api.md`), so that the receiver can tell who sent it.
pub struct Webhook {
    client: reqwest::Client,
    url: Url,
    secret: Vec<u8>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhook({})", self.url.host_str().unwrap_or_default())
    }
}

impl Webhook {
    /// One at `url`, signing with the secret.
    ///
    /// # Errors
    /// When the HTTP client cannot be prepared.
    pub fn new(url: Url, secret: Vec<u8>) -> reqwest::Result<Self> {
        Ok(Self { client: quiet_client(TIMEOUT)?, url, secret })
    }

    /// Posts a body.
    ///
    /// # Errors
    /// [`NoticeError`]: refused for good, or worth another try.
    pub async fn post(&self, body: &str, now: Timestamp, random: &dyn Random) -> Result<(), NoticeError> {
        let nonce = mingfen_domain::ambient::random_text(random, b"0123456789abcdef", 32);
        let path = match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        };
        let signature =
            request_signature::sign(&self.secret, "POST", &path, now.seconds(), &nonce, body.as_bytes());
        let answer = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json; charset=utf-8")
            .header("x-mingfen-timestamp", now.seconds().to_string())
            .header("x-mingfen-nonce", nonce)
            .header("x-mingfen-signature", signature)
            .body(body.to_owned())
            .send()
            .await
            .map_err(|error| NoticeError::NotNow(error.without_url().to_string()))?;
        let status = answer.status();
        if status.is_success() {
            Ok(())
        } else if status.is_client_error() && status.as_u16() != 429 {
            Err(NoticeError::Refused(format!("HTTP {}", status.as_u16())))
        } else {
            Err(NoticeError::NotNow(format!("HTTP {}", status.as_u16())))
        }
    }
}
