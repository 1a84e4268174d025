//! Telling the patient (告知): text messages now, provider messages beside them later.

mod http_sms;
mod webhook;

pub use http_sms::{HttpSms, SmsSettingsError};
pub use webhook::Webhook;

use async_trait::async_trait;
use mingfen_domain::person::Phone;
use reqwest::{redirect, retry};
use std::time::Duration;

/// What a text message tells. The words are the operator's approved templates; only these values enter them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextMessage {
    /// Repeats are sent once by this.
    pub request_id: String,
    /// The operator's code of the approved template: `paid`, `refunded`, `refund_delayed` until others are registered.
    pub template: String,
    /// Values for its places, in order. No names.
    pub values: Vec<(&'static str, String)>,
}

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// Never, whatever we do (a bad number, a template that is not approved).
    #[error("the message is refused: {0}")]
    Refused(String),
    /// Later.
    #[error("the message service does not answer: {0}")]
    NotNow(String),
}

/// A client that goes where a setting says and nowhere else: no redirects and no proxy from the environment, either would carry what it
/// sends elsewhere. No retries below us either: whether to send again is the job's to decide.
fn quiet_client(timeout: Duration) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .timeout(timeout)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .build()
}

/// Sends text messages.
#[async_trait]
pub trait Sms: Send + Sync {
    /// Hands a message over; answers the service's number. A repeat under the same `request_id` is not sent twice.
    async fn send(&self, to: &Phone, message: &TextMessage) -> Result<String, NoticeError>;
}
