//! Where errors of use cases meet callers of the signed API: the only such place.

use crate::service::{
    CloseOrderRefused, CloseRefused, KeyRefundRefused, LinkError, RefundRefused, RetryRefused, RevokeRefused,
    SheetError, Trouble,
};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use mingfen_his::HisError;
use mingfen_store::StoreError;

/// Refusals that pass: the same request may be granted later.
const PASSING: [&str; 9] = [
    "ORDER_IN_DOUBT",
    "NO_SUCH_ORDER",
    "NO_SUCH_TASK",
    "NOT_PAID",
    "NOT_BOOKED_YET",
    "IN_PROGRESS",
    "TOO_MANY_REQUESTS",
    "OVER_KEY_LIMIT",
    "OVER_DAY_LIMIT",
];

/// An answer that is not what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiFailure {
    /// HTTP status.
    pub status: StatusCode,
    /// For programs.
    pub code: &'static str,
    /// For the person who wrote the program: what, where, what to do.
    pub message: String,
    /// Seconds after which it is worth another try.
    pub retry_after: Option<u32>,
}

impl ApiFailure {
    /// A failure.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None }
    }

    /// The request cannot be read.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    /// Too many requests; the next minute has room again.
    pub fn too_many(message: impl Into<String>) -> Self {
        Self {
            retry_after: Some(60),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", message)
        }
    }

    /// Whether the same request can never be answered otherwise, so that its answer may be kept for repeats. What passes with
    /// time (a booking that is under way, an order that is not here yet) or by somebody else's doing is asked anew; what could
    /// not be read left no trace, and may be sent rightly under the same key.
    pub fn is_final(&self) -> bool {
        let unread = self.status == StatusCode::BAD_REQUEST;
        self.status.is_client_error() && !unread && !PASSING.contains(&self.code)
    }

    /// As JSON.
    pub fn body(&self) -> String {
        serde_json::json!({ "code": self.code, "message": self.message }).to_string()
    }

    /// As an answer.
    pub fn answer(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        if let Some(seconds) = self.retry_after {
            answer.insert_header((RETRY_AFTER, seconds));
        }
        answer.content_type("application/json; charset=utf-8").body(self.body())
    }
}

impl From<Trouble> for ApiFailure {
    fn from(trouble: Trouble) -> Self {
        tracing::error!(error = %trouble, "the API had trouble");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "TRY_AGAIN",
            "nothing is known to have happened; send the same request with the same Idempotency-Key again",
        )
    }
}

impl From<StoreError> for ApiFailure {
    fn from(error: StoreError) -> Self {
        Trouble::from(error).into()
    }
}

impl From<SheetError> for ApiFailure {
    fn from(error: SheetError) -> Self {
        let message = error.to_string();
        match error {
            SheetError::NotMatched => Self::new(StatusCode::CONFLICT, "NOT_MATCHED", message),
            SheetError::NothingOwed => Self::new(StatusCode::CONFLICT, "NOTHING_OWED", message),
            SheetError::His(error) => error.into(),
            SheetError::Link(error) => error.into(),
            SheetError::Code(_) | SheetError::Render(_) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "NO_SHEET", message)
            }
            SheetError::Trouble(trouble) => trouble.into(),
        }
    }
}

impl From<LinkError> for ApiFailure {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Patient(error) => Self::bad_request(error.to_string()),
            LinkError::Trouble(trouble) => trouble.into(),
        }
    }
}

impl From<HisError> for ApiFailure {
    fn from(error: HisError) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "HIS_DOES_NOT_ANSWER", error.to_string())
    }
}

impl From<CloseOrderRefused> for ApiFailure {
    fn from(refused: CloseOrderRefused) -> Self {
        let message = refused.to_string();
        match refused {
            CloseOrderRefused::NotFound => Self::new(StatusCode::NOT_FOUND, "NO_SUCH_ORDER", message),
            CloseOrderRefused::Paid => Self::new(StatusCode::CONFLICT, "ORDER_PAID", message),
            CloseOrderRefused::InDoubt => Self::new(StatusCode::CONFLICT, "ORDER_IN_DOUBT", message),
            CloseOrderRefused::Trouble(trouble) => trouble.into(),
        }
    }
}

impl From<RevokeRefused> for ApiFailure {
    fn from(refused: RevokeRefused) -> Self {
        let message = refused.to_string();
        match refused {
            RevokeRefused::NotOurs => Self::new(StatusCode::NOT_FOUND, "NO_SUCH_LINK", message),
            RevokeRefused::Trouble(trouble) => trouble.into(),
        }
    }
}

impl From<CloseRefused> for ApiFailure {
    fn from(refused: CloseRefused) -> Self {
        let message = refused.to_string();
        match refused {
            CloseRefused::NotParked => Self::new(StatusCode::NOT_FOUND, "NO_SUCH_TASK", message),
            CloseRefused::NoNote => Self::bad_request(message),
            CloseRefused::Trouble(trouble) => trouble.into(),
        }
    }
}

impl From<RetryRefused> for ApiFailure {
    fn from(refused: RetryRefused) -> Self {
        let message = refused.to_string();
        match refused {
            RetryRefused::NotParked => Self::new(StatusCode::NOT_FOUND, "NO_SUCH_TASK", message),
            RetryRefused::Trouble(trouble) => trouble.into(),
        }
    }
}

impl From<KeyRefundRefused> for ApiFailure {
    fn from(refused: KeyRefundRefused) -> Self {
        let message = refused.to_string();
        match refused {
            KeyRefundRefused::OverKeyLimit { .. } => {
                Self::new(StatusCode::FORBIDDEN, "OVER_KEY_LIMIT", message)
            }
            KeyRefundRefused::OverDayLimit { .. } => {
                Self::new(StatusCode::FORBIDDEN, "OVER_DAY_LIMIT", message)
            }
            KeyRefundRefused::Refused(refused) => refused.into(),
            KeyRefundRefused::Trouble(trouble) => trouble.into(),
        }
    }
}

impl From<RefundRefused> for ApiFailure {
    fn from(refused: RefundRefused) -> Self {
        let message = refused.to_string();
        match refused {
            RefundRefused::NotFound => Self::new(StatusCode::NOT_FOUND, "NO_SUCH_ORDER", message),
            RefundRefused::NotPaid(_) => Self::new(StatusCode::CONFLICT, "NOT_PAID", message),
            RefundRefused::NotBookedYet(_) => Self::new(StatusCode::CONFLICT, "NOT_BOOKED_YET", message),
            RefundRefused::TooMuch { .. } => Self::new(StatusCode::CONFLICT, "REFUND_TOO_MUCH", message),
            RefundRefused::NothingLeft => Self::new(StatusCode::CONFLICT, "NOTHING_LEFT", message),
            RefundRefused::NoSuchSlip(_) => Self::new(StatusCode::CONFLICT, "NO_SUCH_SLIP", message),
            RefundRefused::OtherRequest(_) => Self::new(StatusCode::CONFLICT, "REQUEST_NO_USED", message),
            RefundRefused::HisSaysNo(_) => Self::new(StatusCode::CONFLICT, "HIS_SAYS_NO", message),
            RefundRefused::HisSilent(_) => Self::new(StatusCode::BAD_GATEWAY, "HIS_DOES_NOT_ANSWER", message),
            RefundRefused::NoRefunds(_) => Self::new(StatusCode::CONFLICT, "CHANNEL_CANNOT_REFUND", message),
            RefundRefused::NoReason => Self::bad_request(message),
            RefundRefused::Trouble(trouble) => trouble.into(),
        }
    }
}
