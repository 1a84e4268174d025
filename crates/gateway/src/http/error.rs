//! Where errors of use cases meet a patient's browser: the only such place.

use super::session::{Shown, seal_shown};
use super::visit::Visit;
use crate::public::view::{changed_lines, pages_split};
use crate::service::rules::Held;
use crate::service::{NotOwed, OpenError, Trouble};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use mingfen_domain::{Fen, Timestamp};
use mingfen_his::HisError;
use mingfen_pages::paths;
use mingfen_pages::patient::{
    AlreadyPaid, AmountChanged, Busy, ErrorKind, ErrorPage, HeldBack, NoLongerOwed, NotMatched, OverLimit,
    PaidBy,
};
use mingfen_store::StoreError;

/// Why a page cannot be shown.
#[derive(Debug)]
pub enum Failure {
    /// A request that leads nowhere.
    Page(ErrorKind),
    /// HIS does not know the card, or knows it under another name.
    NotMatched,
    /// More than may be paid at once.
    OverLimit {
        /// The most that may be.
        most: Fen,
        /// What the patient would pay.
        own: Fen,
        /// How many slips were chosen.
        slip_count: usize,
    },
    /// HIS does not answer; nothing was ordered.
    His(HisError),
    /// No order could be opened.
    Open {
        /// Why.
        error: OpenError,
        /// What the page had shown.
        shown: Box<Shown>,
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
        Failure::NotMatched => visit.page(&NotMatched),
        Failure::OverLimit { most, own, slip_count } => over_limit(visit, most, own, slip_count),
        Failure::His(error) => busy(visit, paths::SLIPS, &error.to_string()),
        Failure::Trouble(trouble) => busy(visit, paths::SLIPS, &trouble.to_string()),
        Failure::Open { error, shown } => not_opened(visit, error, &shown),
    }
}

fn over_limit(visit: &Visit, most: Fen, own: Fen, slip_count: usize) -> HttpResponse {
    visit.page(&OverLimit { own_yuan: own.to_yuan_grouped(), most_yuan: most.to_yuan_grouped(), slip_count })
}

fn not_opened(visit: &Visit, error: OpenError, shown: &Shown) -> HttpResponse {
    match error {
        OpenError::AmountChanged { now, slips } => visit.page(&AmountChanged {
            old_total_yuan: shown.split.total().to_yuan_grouped(),
            new_total_yuan: now.total().to_yuan_grouped(),
            lines: changed_lines(shown, &slips),
            own_yuan: now.self_pay().to_yuan_grouped(),
            split: pages_split(now),
            snapshot: seal_shown(&visit.gateway, &Shown::of(&slips, now)),
        }),
        OpenError::AlreadyPaid { view_ref: Some(reference) } | OpenError::InDoubt { view_ref: reference } => {
            visit.go(&paths::result(&reference))
        }
        OpenError::NotOwed(NotOwed::PaidElsewhere { total }) => visit.page(&AlreadyPaid {
            paid_at: None,
            paid_by: PaidBy::Window,
            amount_yuan: Some(total.to_yuan_grouped()),
            voucher_no: None,
            receipt_reference: None,
        }),
        OpenError::NotOwed(NotOwed::Cancelled) => visit.page(&NoLongerOwed { cancelled: true }),
        OpenError::NotOwed(NotOwed::Unknown) | OpenError::AlreadyPaid { view_ref: None } => {
            visit.page(&NoLongerOwed { cancelled: false })
        }
        // Nobody says to a patient's phone who sits at the window; in a moment the slip is paid, or free again.
        OpenError::AtWindow { order, .. } => {
            busy(visit, paths::SLIPS, &format!("{order} stands at the window"))
        }
        OpenError::Busy(why) | OpenError::OtherAtHis(why) => busy(visit, paths::CONFIRM, &why),
        OpenError::Held(Held { most: Some(most), .. }) => {
            over_limit(visit, most, shown.split.self_pay(), shown.slips.len())
        }
        OpenError::Held(Held { until, most: None, .. }) => held_back(visit, until),
        // The last look says what to do about it.
        OpenError::NothingToCharge => visit.go(paths::CONFIRM),
        OpenError::Trouble(trouble) => busy(visit, paths::SLIPS, &trouble.to_string()),
    }
}

/// Which rule it was, what it says and what others have paid is told to nobody here: whoever tries them out learns nothing.
fn held_back(visit: &Visit, until: Option<Timestamp>) -> HttpResponse {
    // The next whole minute, so that nobody comes a few seconds too early.
    let minute = |at: Timestamp| Timestamp::from_ms(at.plus_ms(59_999).ms().div_euclid(60_000) * 60_000);
    let until = until.map(|at| visit.moment(minute(at)));
    visit.page_as(StatusCode::FORBIDDEN, &HeldBack { until })
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
