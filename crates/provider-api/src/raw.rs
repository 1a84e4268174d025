//! What comes in unproven, and what a proof is.

use mingfen_domain::Timestamp;

/// A request to our notification address, untouched.
#[derive(Clone, PartialEq, Eq)]
pub struct RawNotification {
    /// Header names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// When it came.
    pub received_at: Timestamp,
}

impl RawNotification {
    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl std::fmt::Debug for RawNotification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawNotification({} bytes at {})", self.body.len(), self.received_at)
    }
}

/// Something that a provider has proven to have said to this merchant. Only an adapter's verifier builds one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<T> {
    news: T,
    event_id: String,
}

impl<T> Verified<T> {
    /// For a verifier that has checked signature, time, merchant and application. `event_id` names the event at the
    /// provider, the same on every resend.
    pub fn by_signature(news: T, event_id: String) -> Self {
        Self { news, event_id }
    }

    /// What was said.
    pub fn into_news(self) -> T {
        self.news
    }

    /// What was said.
    pub const fn news(&self) -> &T {
        &self.news
    }

    /// The provider's id of the event.
    pub fn event_id(&self) -> &str {
        &self.event_id
    }
}

/// Why a notification proves nothing. Kept with the raw bytes; never shown to the sender in detail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotVerified {
    /// Not of the provider's form at all.
    #[error("malformed: {0}")]
    Malformed(String),
    /// Signed with a key we do not hold; refresh the keys once and try again.
    #[error("signed with unknown key {0}")]
    UnknownKey(String),
    /// The signature is wrong: forged, tampered, or the provider's own probe.
    #[error("the signature is wrong")]
    WrongSignature,
    /// Too old or from the future.
    #[error("its time is {0} seconds from ours")]
    WrongTime(i64),
    /// Genuine, but for another merchant or application.
    #[error("it is for another merchant: {0}")]
    OtherMerchant(String),
}

/// What the provider wants to hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// HTTP status.
    pub status: u16,
    /// Content type of the body.
    pub content_type: &'static str,
    /// Body.
    pub body: &'static str,
}
