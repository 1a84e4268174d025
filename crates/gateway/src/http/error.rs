//! Where errors of use cases meet a patient's browser: the only such place.

use super::session::seal_shown;
use super::visit::Visit;
use crate::public::view::{pages_split, pay_app};
use crate::service::{OpenError, Trouble};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use mingfen_domain::ids::SlipNo;
use mingfen_domain::split::Split;
use mingfen_his::HisError;
use mingfen_pages::paths;
use mingfen_pages::patient::{AlreadyPaid, AmountChanged, Busy, ErrorKind, ErrorPage, PaidBy};
use mingfen_store::StoreError;

/// Why a page cannot be shown.
#[derive(Debug)]
pub enum Failure {
    /// A request that leads nowhere.
    Page(ErrorKind),
    /// HIS does not answer; nothing was ordered.
    His(HisError),
    /// No order could be opened.
    Open {
        /// Why.
        error: OpenError,
        /// What the page had shown.
        shown: Split,
    },
    /// Our own trouble.
    Trouble(Trouble),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<HisError> for Failure {
    fn from(error: HisError) -> Self {
        Self::His(error)
    }
}

/// Answers with the page that the failure deserves.
pub fn answer(visit: &Visit, failure: Failure) -> HttpResponse {
    match failure {
        Failure::Page(kind) => {
            let status = match kind {
                ErrorKind::NotFound => StatusCode::NOT_FOUND,
                ErrorKind::BadRequest => StatusCode::BAD_REQUEST,
                ErrorKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
                ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                ErrorKind::SessionOver => StatusCode::FORBIDDEN,
            };
            visit.page_as(status, &ErrorPage { kind, staff_code: None })
        }
        Failure::His(error) => busy(visit, paths::SLIPS, &error.to_string()),
        Failure::Trouble(trouble) => busy(visit, paths::SLIPS, &trouble.to_string()),
        Failure::Open { error, shown } => not_opened(visit, error, shown),
    }
}

fn not_opened(visit: &Visit, error: OpenError, shown: Split) -> HttpResponse {
    match error {
        OpenError::AmountChanged { now, slips } => {
            let numbers: Vec<SlipNo> = slips.iter().map(|slip| slip.slip_no.clone()).collect();
            visit.page(&AmountChanged {
                old_total_yuan: shown.total().to_yuan_grouped(),
                new_total_yuan: now.total().to_yuan_grouped(),
                // HIS tells sums, not reasons.
                lines: Vec::new(),
                own_yuan: now.self_pay().to_yuan_grouped(),
                split: pages_split(now),
                snapshot: seal_shown(&visit.gateway, &numbers, now),
            })
        }
        OpenError::AlreadyPaid { view_ref: Some(reference) } | OpenError::InDoubt { view_ref: reference } => {
            visit.go(&paths::result(&reference))
        }
        OpenError::AlreadyPaid { view_ref: None } => visit.page(&AlreadyPaid {
            paid_at: None,
            paid_by: match visit.session.as_ref().and_then(super::session::Session::channel) {
                Some(channel) if visit.app().is_some() => PaidBy::App(pay_app(visit, &channel)),
                _ => PaidBy::Window,
            },
            amount_yuan: None,
            voucher_no: None,
            receipt_reference: None,
        }),
        OpenError::Busy(why) | OpenError::OtherAtHis(why) => busy(visit, paths::CONFIRM, &why),
        OpenError::OverLimit => busy(visit, paths::SLIPS, "over the limit for one payment"),
        OpenError::NothingToCharge => busy(visit, paths::SLIPS, "nothing to charge"),
        OpenError::Trouble(trouble) => busy(visit, paths::SLIPS, &trouble.to_string()),
    }
}

/// Nothing was taken; the code leads staff to the line in the log.
fn busy(visit: &Visit, retry_path: &str, why: &str) -> HttpResponse {
    let code = mingfen_domain::ambient::random_text(
        visit.gateway.random.as_ref(),
        mingfen_domain::ambient::READABLE,
        8,
    );
    let code = format!("{}-{}", &code[..4], &code[4..]);
    tracing::warn!(staff_code = %code, reason = %why, path = visit.request.match_pattern().unwrap_or_default(), "a patient was told that we are busy");
    let page = Busy { retry_path: retry_path.to_owned(), staff_code: Some(code) };
    visit.page_as(StatusCode::SERVICE_UNAVAILABLE, &page)
}
