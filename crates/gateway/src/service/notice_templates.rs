//! What text messages say: which wording is in force, and changing it with a second person.
//!
//! A gate sends templates that an operator has approved, by code; here stands which code is used for which event and language, with the
//! template's wording. The wording that was in force when something happened is used however late its message goes out: so a repeat
//! sends the same, and a gate that knows the request takes it. Without a version the built-in code is used.

use crate::Gateway;
use crate::http::words::is_readable;
use crate::service::Trouble;
use crate::service::attention::audit;
use crate::service::proposals::{DecideProposalRefused, Decision, next_state};
use mingfen_domain::Timestamp;
use mingfen_domain::ids::ProposalNo;
use mingfen_domain::notice_text::{NoticeEvent, NoticeText, NoticeTextError};
use mingfen_domain::proposal::State;
use mingfen_store::{NoticeTemplateRecord, StoreError};
use sha2::{Digest, Sha256};

/// The languages that patients are told in.
pub const NOTICE_LANGUAGES: [&str; 2] = ["zh-CN", "en"];

/// A wording that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// Which version; 0: the built-in one.
    pub version: i64,
    /// The operator's code.
    pub code: String,
    /// The wording of that template.
    pub text: NoticeText,
    /// The places that are sent: those of the wording; with the built-in code every one of the event, as gates have always got them.
    pub places: Vec<&'static str>,
}

/// What the built-in templates say, as an operator is asked to approve them.
const fn built_in(event: NoticeEvent, english: bool) -> &'static str {
    match (event, english) {
        (NoticeEvent::Paid, false) => {
            "您已缴费 {amount} 元，凭证号 {voucher}。再扫一次缴费单上的码，可以看接下来去哪里和收据。"
        }
        (NoticeEvent::Paid, true) => {
            "You paid CNY {amount}, voucher {voucher}. Scan the code on the fee slip again to see where to go next and the receipt."
        }
        (NoticeEvent::Refunded, false) => {
            "已退回给您 {amount} 元，原路退到付款的账户。银行卡一般 1–3 个工作日到账。"
        }
        (NoticeEvent::Refunded, true) => {
            "CNY {amount} went back to the account that paid. Bank cards take 1–3 working days."
        }
        (NoticeEvent::RefundDelayed, false) => {
            "退给您的 {amount} 元没能退到付款的账户，钱没有丢。我们正在人工处理，会联系您。"
        }
        (NoticeEvent::RefundDelayed, true) => {
            "Your refund of CNY {amount} could not reach the account that paid. It is not lost; our staff will contact you."
        }
    }
}

/// The name that an operator puts in front of a message.
fn signature(gateway: &Gateway) -> String {
    gateway.hospital().name_zh.clone()
}

/// The wording that was in force at that moment. One that cannot be read is as if there were none: patients are told all the same.
///
/// # Errors
/// [`Trouble`] when the database cannot be read.
pub async fn wording_at(
    gateway: &Gateway,
    event: NoticeEvent,
    language: &str,
    at: Timestamp,
) -> Result<Wording, Trouble> {
    let english = language == "en";
    if let Some(record) = gateway.store.notice_template_at(event, language, at).await? {
        match NoticeText::parse(event, &record.body, "") {
            Ok(text) => {
                let (version, places) = (record.version.unwrap_or_default(), text.places().to_vec());
                return Ok(Wording { version, code: record.code, text, places });
            }
            Err(error) => {
                tracing::error!(notice = %event, language, error = %error, "a message template cannot be read; the built-in one is sent");
            }
        }
    }
    let text = NoticeText::parse(event, built_in(event, english), "")
        .map_err(|error| Trouble::Inconsistent(format!("the built-in message {event}: {error}")))?;
    let places = event.places().iter().map(|(name, _)| *name).collect();
    Ok(Wording { version: 0, code: event.as_str().to_owned(), text, places })
}

/// What somebody proposes.
#[derive(Clone, Debug)]
pub struct WordingWish {
    /// The number that its form was given: sent twice it is one proposal.
    pub proposal_no: ProposalNo,
    /// When it is sent.
    pub event: NoticeEvent,
    /// To whom.
    pub language: String,
    /// The version beside which it was written.
    pub based_on: i64,
    /// The operator's code.
    pub code: String,
    /// The wording.
    pub body: String,
    /// Why.
    pub reason: String,
}

/// Why nothing was proposed.
#[derive(Debug, thiserror::Error)]
pub enum WordingRefused {
    /// Not a code that a gate takes.
    #[error("a code has 1 to 64 letters, digits, dashes, dots or underscores")]
    Code,
    /// Not a sentence that can be sent.
    #[error(transparent)]
    Text(#[from] NoticeTextError),
    /// A reason is required.
    #[error("a reason of 2 to 80 characters is required")]
    NoReason,
    /// It says what is in force.
    #[error("this is in force already")]
    NoChange,
    /// Another one is in force by now.
    #[error("another wording is in force since this page was shown")]
    Changed,
    /// Nothing happened; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for WordingRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Reads code and wording as they would be sent.
///
/// # Errors
/// [`WordingRefused::Code`], [`WordingRefused::Text`].
pub fn check_wording(
    gateway: &Gateway,
    event: NoticeEvent,
    code: &str,
    body: &str,
) -> Result<NoticeText, WordingRefused> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !(1..=64).contains(&code.len()) || !code.bytes().all(plain) {
        return Err(WordingRefused::Code);
    }
    Ok(NoticeText::parse(event, body, &signature(gateway))?)
}

/// Proposes a wording.
///
/// # Errors
/// [`WordingRefused`]: nothing was kept.
pub async fn propose_wording(
    gateway: &Gateway,
    wish: &WordingWish,
    by: &str,
) -> Result<NoticeTemplateRecord, WordingRefused> {
    if let Some(earlier) = gateway.store.notice_template(&wish.proposal_no).await? {
        return if earlier.asked_by == by { Ok(earlier) } else { Err(WordingRefused::Changed) };
    }
    let text = check_wording(gateway, wish.event, &wish.code, &wish.body)?;
    if !is_readable(&wish.reason, 2, 80) {
        return Err(WordingRefused::NoReason);
    }
    let now = gateway.now();
    let holds = wording_at(gateway, wish.event, &wish.language, now).await?;
    if holds.version != wish.based_on {
        return Err(WordingRefused::Changed);
    }
    if holds.code == wish.code && holds.text.as_str() == text.as_str() {
        return Err(WordingRefused::NoChange);
    }
    let record = NoticeTemplateRecord {
        proposal_no: wish.proposal_no.clone(),
        event: wish.event,
        language: wish.language.clone(),
        version: None,
        based_on: holds.version,
        state: State::Waiting,
        code: wish.code.clone(),
        body: text.as_str().to_owned(),
        reason: wish.reason.clone(),
        asked_by: by.to_owned(),
        asked_at: now,
        decided_by: None,
        decided_at: None,
        in_force_at: None,
        row_version: 0,
    };
    let mut tx = gateway.store.begin().await?;
    match tx.insert_notice_template(&record).await {
        Ok(()) => {}
        Err(StoreError::UniqueViolation(_)) => {
            tx.rollback().await?;
            // The same form twice at once is one proposal.
            return match gateway.store.notice_template(&wish.proposal_no).await? {
                Some(twin) if twin.asked_by == by => Ok(twin),
                _ => Err(WordingRefused::Changed),
            };
        }
        Err(error) => return Err(error.into()),
    }
    let detail = format!("{} {}, code {} ({})", wish.event, wish.language, wish.code, wish.reason);
    audit(&mut tx, now, by, "notice_template.proposed", record.proposal_no.as_str(), &detail).await?;
    tx.commit().await?;
    Ok(record)
}

/// What an approval is held against: the wording as it was read, and the version that was in force then.
pub fn seen_wording(record: &NoticeTemplateRecord, version_in_force: i64) -> String {
    let parts = [
        record.proposal_no.as_str(),
        record.state.as_str(),
        &record.based_on.to_string(),
        &version_in_force.to_string(),
        &record.code,
        &record.body,
        &record.reason,
    ];
    hex::encode(&Sha256::digest(parts.join("\n"))[..8])
}

/// Another person's word, or the proposer's own second thought.
///
/// # Errors
/// [`DecideProposalRefused`]: it stands as before.
pub async fn decide_wording(
    gateway: &Gateway,
    proposal_no: &ProposalNo,
    decision: Decision,
    by: &str,
) -> Result<NoticeTemplateRecord, DecideProposalRefused> {
    decision.check()?;
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    let found = tx.notice_template_for_update(proposal_no).await?;
    let version = match &found {
        Some(record) => {
            let newest = tx.notice_template_at(record.event, &record.language, now).await?;
            newest.and_then(|newest| newest.version).unwrap_or_default()
        }
        None => 0,
    };
    let (mut record, next) = match next_of(found, version, &decision, by) {
        Ok(moved) => moved,
        Err(refused) => {
            tx.rollback().await?;
            return Err(refused);
        }
    };
    if next == State::InForce {
        record.version = Some(version + 1);
        record.in_force_at = Some(now);
    }
    record.state = next;
    (record.decided_by, record.decided_at) = (Some(by.to_owned()), Some(now));
    match tx.save_notice_template(&record).await {
        Ok(()) => record.row_version += 1,
        Err(StoreError::UniqueViolation(_)) => {
            tx.rollback().await?;
            return Err(DecideProposalRefused::Changed);
        }
        Err(error) => return Err(error.into()),
    }
    let action = match &record.state {
        State::InForce => "notice_template.approved",
        State::Declined { .. } => "notice_template.declined",
        State::Waiting | State::Unconfirmed | State::Withdrawn => "notice_template.withdrawn",
    };
    let why = match &record.state {
        State::Declined { reason } => format!(": {reason}"),
        _ => String::new(),
    };
    let detail = format!(
        "{} {}, code {}, proposed by {}{why}",
        record.event, record.language, record.code, record.asked_by
    );
    audit(&mut tx, now, by, action, proposal_no.as_str(), &detail).await?;
    tx.commit().await?;
    Ok(record)
}

fn next_of(
    found: Option<NoticeTemplateRecord>,
    version: i64,
    decision: &Decision,
    by: &str,
) -> Result<(NoticeTemplateRecord, State), DecideProposalRefused> {
    let record = found.ok_or(DecideProposalRefused::NotFound)?;
    let next = next_state(&record.state, &record.asked_by, decision, by, |seen| {
        record.based_on == version && seen == seen_wording(&record, version)
    })?;
    Ok((record, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_message_can_be_sent() {
        for event in NoticeEvent::ALL {
            for english in [false, true] {
                let text = NoticeText::parse(event, built_in(event, english), "青禾市人民医院")
                    .expect("it can be sent");
                assert!(text.parts() <= 2, "{event}: {} messages", text.parts());
            }
        }
    }
}
