//! Requests that lead nowhere, in a patient's words.

use crate::{
    page::{Page, page},
    wording::{Phrase, Wording},
};

/// What was wrong with the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// 404: no such page.
    NotFound,
    /// 400 and 422: a form that our pages do not send.
    BadRequest,
    /// 405: the right address, used the wrong way.
    MethodNotAllowed,
    /// 413: more than any form of ours.
    TooLarge,
    /// 401, 403 and 419: the session is over, or the form is not from it.
    SessionOver,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::NotFound, Self::BadRequest, Self::MethodNotAllowed, Self::TooLarge, Self::SessionOver];

    fn heading(self, say: &Wording) -> Phrase {
        match self {
            Self::NotFound => say.error.not_found,
            Self::BadRequest => say.error.bad_request,
            Self::MethodNotAllowed => say.error.method_not_allowed,
            Self::TooLarge => say.error.too_large,
            Self::SessionOver => say.error.session_over,
        }
    }

    fn text(self, say: &Wording) -> Phrase {
        match self {
            Self::NotFound => say.error.not_found_text,
            Self::BadRequest | Self::TooLarge => say.error.bad_request_text,
            Self::MethodNotAllowed => say.error.method_not_allowed_text,
            Self::SessionOver => say.error.session_over_text,
        }
    }
}

/// A request that leads nowhere. It took no money: that much is always true here.
#[derive(Clone, Debug)]
pub struct ErrorPage {
    /// What was wrong.
    pub kind: ErrorKind,
    /// The code for staff.
    pub staff_code: Option<String>,
}

page!(ErrorPage, "patient/error.html", [
    "not found" => Self { kind: ErrorKind::NotFound, staff_code: None },
    "bad request" => Self { kind: ErrorKind::BadRequest, staff_code: Some("7K2M-40QX".into()) },
    "method" => Self { kind: ErrorKind::MethodNotAllowed, staff_code: None },
    "too large" => Self { kind: ErrorKind::TooLarge, staff_code: Some("7K2M-40QX".into()) },
    "session over" => Self { kind: ErrorKind::SessionOver, staff_code: None },
]);
