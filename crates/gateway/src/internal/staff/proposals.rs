//! A person's word on a proposal, as a form brings it, and what a page says when nothing was decided.

use crate::http::staff::{Staff, StaffFailure};
use crate::service::{DecideProposalRefused, Decision};
use actix_web::http::StatusCode;
use mingfen_pages::staff::Both;

/// Yes, to what the form showed.
///
/// # Errors
/// As [`Staff::form`].
pub(super) fn approval(staff: &Staff, body: &[u8]) -> Result<Decision, StaffFailure> {
    let seen = staff.form(body)?.value("seen").unwrap_or_default().to_owned();
    Ok(Decision::Approve { seen })
}

/// No, and why.
///
/// # Errors
/// As [`Staff::form`].
pub(super) fn refusal(staff: &Staff, body: &[u8]) -> Result<Decision, StaffFailure> {
    let reason = staff.form(body)?.value("reason").unwrap_or_default().trim().to_owned();
    Ok(Decision::Decline { reason })
}

/// One's own proposal is taken back.
///
/// # Errors
/// As [`Staff::form`].
pub(super) fn withdrawal(staff: &Staff, body: &[u8]) -> Result<Decision, StaffFailure> {
    staff.form(body)?;
    Ok(Decision::Withdraw)
}

/// Why nothing was decided, for the proposal's page.
///
/// # Errors
/// There is no such page, or it is our own trouble.
pub(super) fn undecided(refused: DecideProposalRefused) -> Result<(StatusCode, Both), StaffFailure> {
    let en = refused.to_string();
    let (status, zh) = match refused {
        DecideProposalRefused::Trouble(trouble) => return Err(trouble.into()),
        DecideProposalRefused::NotFound => return Err(StaffFailure::NotFound),
        DecideProposalRefused::SamePerson => (StatusCode::FORBIDDEN, "自己提出的，要由另一位处理"),
        DecideProposalRefused::NotYours => (StatusCode::FORBIDDEN, "只有提出的人能撤回"),
        DecideProposalRefused::Decided(_) => (StatusCode::CONFLICT, "已经有人处理过，这一次什么也没做"),
        DecideProposalRefused::Changed => {
            (StatusCode::CONFLICT, "这一页打开后情况变了，没有批准。请按下面的再看一遍")
        }
        DecideProposalRefused::NoReason => (StatusCode::BAD_REQUEST, "请写明理由，2 至 80 个字"),
    };
    Ok((status, Both::new(zh, en)))
}
