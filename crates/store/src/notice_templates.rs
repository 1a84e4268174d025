//! What text messages say: every wording that was ever proposed, and the versions that took effect.

use crate::Tx;
use crate::engine::locked;
use crate::errors::{Result, exactly_one};
use crate::offer::reads;
use crate::rows::Fields;
use crate::rule_sets::state_of;
use mingfen_domain::Timestamp;
use mingfen_domain::ids::ProposalNo;
use mingfen_domain::notice_text::NoticeEvent;
use mingfen_domain::proposal::State;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query, query_scalar};

/// A wording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeTemplateRecord {
    /// Its number.
    pub proposal_no: ProposalNo,
    /// When it is sent.
    pub event: NoticeEvent,
    /// To whom: `zh-CN` or `en`.
    pub language: String,
    /// Which version it became, once it took effect.
    pub version: Option<i64>,
    /// The version that was in force when it was proposed; 0: the built-in one.
    pub based_on: i64,
    /// Where it stands.
    pub state: State,
    /// The operator's code of the approved template.
    pub code: String,
    /// Its wording, with named places.
    pub body: String,
    /// Why.
    pub reason: String,
    /// Who proposed it.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// Who decided it, or took it back.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// From when it was in force.
    pub in_force_at: Option<Timestamp>,
    /// Compared at every change.
    pub row_version: i64,
}

macro_rules! select_templates {
    ($condition:literal) => {
        concat!(
            "SELECT
                proposal_no,
                event,
                language,
                version,
                based_on,
                state,
                code,
                body,
                reason,
                why_not,
                asked_by,
                asked_at_ms,
                decided_by,
                decided_at_ms,
                in_force_at_ms,
                row_version
            FROM notice_templates
            WHERE ",
            $condition
        )
    };
}

reads! {
    /// The wording that was in force at that moment; `None`: the built-in one.
    notice_template_at(event: NoticeEvent, language: &str, at: Timestamp) -> Option<NoticeTemplateRecord>;
    /// The wording of that number.
    notice_template(proposal_no: &ProposalNo) -> Option<NoticeTemplateRecord>;
    /// At most `limit` wordings that wait for a second person, the latest first.
    notice_templates_waiting(limit: i64) -> Vec<NoticeTemplateRecord>;
    /// How many wait for a second person.
    notice_templates_waiting_count() -> i64;
    /// At most `limit` versions of a message, the latest first.
    notice_template_versions(event: NoticeEvent, language: &str, limit: i64) -> Vec<NoticeTemplateRecord>;
}

async fn notice_template_at(
    connection: &mut AnyConnection,
    event: NoticeEvent,
    language: &str,
    at: Timestamp,
) -> Result<Option<NoticeTemplateRecord>> {
    let row = query(select_templates!(
        "event = $1 AND language = $2 AND in_force_at_ms <= $3 ORDER BY version DESC LIMIT 1"
    ))
    .bind(event.as_str())
    .bind(language)
    .bind(at.ms())
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(rebuild).transpose()
}

async fn notice_template(
    connection: &mut AnyConnection,
    proposal_no: &ProposalNo,
) -> Result<Option<NoticeTemplateRecord>> {
    let row = query(select_templates!("proposal_no = $1"))
        .bind(proposal_no.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(rebuild).transpose()
}

async fn notice_templates_waiting(
    connection: &mut AnyConnection,
    limit: i64,
) -> Result<Vec<NoticeTemplateRecord>> {
    let rows =
        query(select_templates!("state = 'waiting' ORDER BY asked_at_ms DESC, proposal_no DESC LIMIT $1"))
            .bind(limit)
            .fetch_all(connection)
            .await?;
    rows.iter().map(rebuild).collect()
}

async fn notice_templates_waiting_count(connection: &mut AnyConnection) -> Result<i64> {
    Ok(query_scalar("SELECT COUNT(*) FROM notice_templates WHERE state = 'waiting'")
        .fetch_one(connection)
        .await?)
}

async fn notice_template_versions(
    connection: &mut AnyConnection,
    event: NoticeEvent,
    language: &str,
    limit: i64,
) -> Result<Vec<NoticeTemplateRecord>> {
    let rows = query(select_templates!(
        "event = $1 AND language = $2 AND version IS NOT NULL ORDER BY version DESC LIMIT $3"
    ))
    .bind(event.as_str())
    .bind(language)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(rebuild).collect()
}

impl Tx {
    /// Keeps a new wording.
    ///
    /// # Errors
    /// [`UniqueViolation`](crate::StoreError::UniqueViolation) when its number is there already.
    pub async fn insert_notice_template(&mut self, record: &NoticeTemplateRecord) -> Result<()> {
        query(
            "INSERT INTO notice_templates (
                proposal_no,
                event,
                language,
                based_on,
                state,
                code,
                body,
                reason,
                asked_by,
                asked_at_ms,
                row_version
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(record.proposal_no.as_str())
        .bind(record.event.as_str())
        .bind(record.language.as_str())
        .bind(record.based_on)
        .bind(record.state.as_str())
        .bind(record.code.as_str())
        .bind(record.body.as_str())
        .bind(record.reason.as_str())
        .bind(record.asked_by.as_str())
        .bind(record.asked_at.ms())
        .bind(record.row_version)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The wording, held against every other transaction until this one ends.
    pub async fn notice_template_for_update(
        &mut self,
        proposal_no: &ProposalNo,
    ) -> Result<Option<NoticeTemplateRecord>> {
        let sql = locked!(self.engine(), select_templates!("proposal_no = $1"));
        let row = query(sql).bind(proposal_no.as_str()).fetch_optional(self.connection()).await?;
        row.as_ref().map(rebuild).transpose()
    }

    /// Keeps where the wording stands now; what it says never changes.
    ///
    /// # Errors
    /// [`Stale`](crate::StoreError::Stale) when somebody else moved it since, [`UniqueViolation`](crate::StoreError::UniqueViolation)
    /// when its version is there already.
    pub async fn save_notice_template(&mut self, record: &NoticeTemplateRecord) -> Result<()> {
        let why_not = match &record.state {
            State::Declined { reason } => Some(reason.as_str()),
            State::Waiting | State::Unconfirmed | State::InForce | State::Withdrawn => None,
        };
        let done = query(
            "UPDATE notice_templates
            SET
                state = $1,
                version = $2,
                why_not = $3,
                decided_by = $4,
                decided_at_ms = $5,
                in_force_at_ms = $6,
                row_version = row_version + 1
            WHERE proposal_no = $7 AND row_version = $8",
        )
        .bind(record.state.as_str())
        .bind(record.version)
        .bind(why_not)
        .bind(record.decided_by.as_deref())
        .bind(record.decided_at.map(Timestamp::ms))
        .bind(record.in_force_at.map(Timestamp::ms))
        .bind(record.proposal_no.as_str())
        .bind(record.row_version)
        .execute(self.connection())
        .await?;
        exactly_one(done.rows_affected(), "notice_templates", record.proposal_no.as_str())
    }
}

fn rebuild(row: &AnyRow) -> Result<NoticeTemplateRecord> {
    let fields = Fields::new("notice_templates", "proposal_no", row)?;
    Ok(NoticeTemplateRecord {
        proposal_no: fields.id("proposal_no", ProposalNo::parse)?,
        event: fields.word("event", NoticeEvent::parse)?,
        language: fields.text("language")?,
        version: fields.optional_number("version")?,
        based_on: fields.number("based_on")?,
        state: state_of(&fields)?,
        code: fields.text("code")?,
        body: fields.text("body")?,
        reason: fields.text("reason")?,
        asked_by: fields.text("asked_by")?,
        asked_at: fields.time("asked_at_ms")?,
        decided_by: fields.optional_text("decided_by")?,
        decided_at: fields.optional_time("decided_at_ms")?,
        in_force_at: fields.optional_time("in_force_at_ms")?,
        row_version: fields.number("row_version")?,
    })
}
