//! How the HIS says no: a status, a code that programs read and a message that people read.

use std::borrow::Cow;

use actix_web::http::StatusCode;

/// A refusal that names its code from the contract's table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Denial {
    /// HTTP status.
    pub status: StatusCode,
    /// Code from the contract.
    pub code: Cow<'static, str>,
    /// For the person who reads the log on the other side.
    pub message: String,
}

impl Denial {
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    pub(super) fn unauthorised(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }

    pub(super) fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    pub(super) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// A "no for good" with a code chosen by whoever scripts the trouble.
    pub(super) fn scripted(code: String) -> Self {
        let status = if code.starts_with("NO_SUCH_") { StatusCode::NOT_FOUND } else { StatusCode::CONFLICT };
        Self { status, message: format!("scripted refusal {code}"), code: Cow::Owned(code) }
    }

    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code: Cow::Borrowed(code), message: message.into() }
    }
}
