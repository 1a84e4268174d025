//! What people ordered for differences. A row is inserted before anything is done, and done once: the constraint on what settles a
//! difference is the lock between two people.

use crate::Tx;
use crate::engine::locked;
use crate::errors::{Result, exactly_one};
use crate::offer::reads;
use crate::rows::Fields;
use mingfen_domain::difference::Remedy;
use mingfen_domain::ids::{RemedyId, RunId};
use mingfen_domain::{BusinessDay, Fen, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query, query_scalar};

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemedyState {
    /// It needs a second person.
    Waiting,
    /// It was carried out.
    Done,
    /// The second person said no, or the first one took it back.
    Declined,
}

impl RemedyState {
    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Declined => "declined",
        }
    }

    /// What staff call it.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Waiting => "待复核",
            Self::Done => "已执行",
            Self::Declined => "已驳回",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Waiting, Self::Done, Self::Declined].into_iter().find(|state| state.as_str() == word)
    }
}

/// An order for a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemedyRecord {
    /// Its number.
    pub remedy_id: RemedyId,
    /// The difference.
    pub finding_key: String,
    /// The run in which the person saw it.
    pub run_id: RunId,
    /// That run's day.
    pub day: BusinessDay,
    /// The difference's order number.
    pub order_no: String,
    /// What was ordered.
    pub remedy: Remedy,
    /// It decides where the money belongs: of these a difference has one.
    pub settles: bool,
    /// How much money is at stake.
    pub amount: Fen,
    /// The person's words.
    pub reason: String,
    /// What was shown before, a line each effect: it is what is done.
    pub preview: String,
    /// Where it stands.
    pub state: RemedyState,
    /// Who ordered it.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// Who approved or declined it.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// What came of it.
    pub outcome: String,
    /// Counts its changes.
    pub version: i64,
}

macro_rules! select_remedies {
    ($condition:literal) => {
        concat!(
            "SELECT
                remedy_id,
                finding_key,
                run_id,
                day,
                order_no,
                remedy,
                settles,
                amount_fen,
                reason,
                preview,
                state,
                asked_by,
                asked_at_ms,
                decided_by,
                decided_at_ms,
                outcome,
                version
            FROM remedies
            WHERE ",
            $condition
        )
    };
}

reads! {
    /// The order of that number.
    remedy(remedy_id: &RemedyId) -> Option<RemedyRecord>;
    /// Everything that was ordered for a difference, the oldest first.
    remedies_of(finding_key: &str) -> Vec<RemedyRecord>;
    /// How many orders wait for a second person.
    waiting_count() -> i64;
    /// At most `limit` orders that wait for a second person, the oldest first.
    waiting_remedies(limit: i64) -> Vec<RemedyRecord>;
}

impl Tx {
    /// Holds a difference against everybody else who decides over it, until this transaction ends.
    pub async fn hold_finding(&mut self, finding_key: &str) -> Result<()> {
        let sql = locked!(
            self.engine(),
            "SELECT position FROM run_findings WHERE finding_key = $1 ORDER BY run_id, position"
        );
        query(sql).bind(finding_key).fetch_all(self.connection()).await?;
        Ok(())
    }

    /// Keeps an order.
    ///
    /// # Errors
    /// [`StoreError::UniqueViolation`](crate::StoreError::UniqueViolation) when it settles the difference and another one does or
    /// is going to.
    pub async fn insert_remedy(&mut self, remedy: &RemedyRecord) -> Result<()> {
        query(
            "INSERT INTO remedies (
                remedy_id,
                finding_key,
                run_id,
                day,
                order_no,
                remedy,
                settles,
                amount_fen,
                reason,
                preview,
                state,
                asked_by,
                asked_at_ms,
                decided_by,
                decided_at_ms,
                outcome,
                version
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        )
        .bind(remedy.remedy_id.as_str())
        .bind(remedy.finding_key.as_str())
        .bind(remedy.run_id.as_str())
        .bind(remedy.day.to_string())
        .bind(remedy.order_no.as_str())
        .bind(remedy.remedy.as_str())
        .bind(i64::from(remedy.settles))
        .bind(remedy.amount.get())
        .bind(remedy.reason.as_str())
        .bind(remedy.preview.as_str())
        .bind(remedy.state.as_str())
        .bind(remedy.asked_by.as_str())
        .bind(remedy.asked_at.ms())
        .bind(remedy.decided_by.as_deref())
        .bind(remedy.decided_at.map(Timestamp::ms))
        .bind(remedy.outcome.as_str())
        .bind(remedy.version)
        .execute(self.connection())
        .await?;
        self.end_pending(remedy).await
    }

    /// What settles a difference takes it off the worklist, in every run that has it.
    async fn end_pending(&mut self, remedy: &RemedyRecord) -> Result<()> {
        let resolves =
            matches!(remedy.remedy, Remedy::MarkForeign | Remedy::BookToSuspense | Remedy::WriteOff);
        if resolves && remedy.state == RemedyState::Done {
            query("UPDATE run_findings SET pending = 0 WHERE finding_key = $1 AND pending = 1")
                .bind(remedy.finding_key.as_str())
                .execute(self.connection())
                .await?;
        }
        Ok(())
    }

    /// Keeps a decision over an order that waited; `remedy.version` is the one that was read.
    ///
    /// # Errors
    /// [`StoreError::Stale`](crate::StoreError::Stale) when somebody else has decided.
    pub async fn decide_remedy(&mut self, remedy: &RemedyRecord) -> Result<()> {
        let done = query(
            "UPDATE remedies
            SET
                state = $1,
                decided_by = $2,
                decided_at_ms = $3,
                outcome = $4,
                version = version + 1
            WHERE remedy_id = $5 AND version = $6 AND state = 'waiting'",
        )
        .bind(remedy.state.as_str())
        .bind(remedy.decided_by.as_deref())
        .bind(remedy.decided_at.map(Timestamp::ms))
        .bind(remedy.outcome.as_str())
        .bind(remedy.remedy_id.as_str())
        .bind(remedy.version)
        .execute(self.connection())
        .await?;
        exactly_one(done.rows_affected(), "remedies", remedy.remedy_id.as_str())?;
        self.end_pending(remedy).await
    }
}

async fn remedy(connection: &mut AnyConnection, remedy_id: &RemedyId) -> Result<Option<RemedyRecord>> {
    let row =
        query(select_remedies!("remedy_id = $1")).bind(remedy_id.as_str()).fetch_optional(connection).await?;
    row.as_ref().map(rebuild).transpose()
}

async fn remedies_of(connection: &mut AnyConnection, finding_key: &str) -> Result<Vec<RemedyRecord>> {
    let rows = query(select_remedies!("finding_key = $1 ORDER BY asked_at_ms, remedy_id"))
        .bind(finding_key)
        .fetch_all(connection)
        .await?;
    rows.iter().map(rebuild).collect()
}

async fn waiting_remedies(connection: &mut AnyConnection, limit: i64) -> Result<Vec<RemedyRecord>> {
    let rows = query(select_remedies!("state = 'waiting' ORDER BY asked_at_ms, remedy_id LIMIT $1"))
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(rebuild).collect()
}

async fn waiting_count(connection: &mut AnyConnection) -> Result<i64> {
    Ok(query_scalar("SELECT COUNT(*) FROM remedies WHERE state = 'waiting'").fetch_one(connection).await?)
}

fn rebuild(row: &AnyRow) -> Result<RemedyRecord> {
    let fields = Fields::new("remedies", "remedy_id", row)?;
    Ok(RemedyRecord {
        remedy_id: fields.id("remedy_id", RemedyId::parse)?,
        finding_key: fields.text("finding_key")?,
        run_id: fields.id("run_id", RunId::parse)?,
        day: fields.day("day")?,
        order_no: fields.text("order_no")?,
        remedy: fields.word("remedy", Remedy::parse)?,
        settles: fields.flag("settles")?,
        amount: fields.fen("amount_fen")?,
        reason: fields.text("reason")?,
        preview: fields.text("preview")?,
        state: fields.word("state", RemedyState::parse)?,
        asked_by: fields.text("asked_by")?,
        asked_at: fields.time("asked_at_ms")?,
        decided_by: fields.optional_text("decided_by")?,
        decided_at: fields.optional_time("decided_at_ms")?,
        outcome: fields.text("outcome")?,
        version: fields.number("version")?,
    })
}
