//! Reconciliation runs: one comparison of one day, its inputs, what it counted and what it found. A run is written piece by piece and
//! becomes visible in one moment; nothing of it is ever changed, but that a later version supersedes it.

mod findings;
mod parts;
mod pending;

pub use findings::{FindingFilter, FindingLineRecord, FindingRecord, OpenDifferences, Standing};
pub use parts::{InputKind, InputState, PayoutRecord, RunInputRecord, RunSettlementRecord, RunTallyRecord};
pub use pending::{
    AssignedTo, DueWhen, PendingCount, PendingFilter, PendingPlace, PendingRecord, PendingSums, StatementDay,
};

use crate::errors::{Result, exactly_one};
use crate::offer::reads;
use crate::placeholders::statement;
use crate::rows::Fields;
use crate::sign_offs::sign_off;
use crate::{Store, Tx};
use findings::open_of_run;
use mingfen_domain::ids::{RunId, TraceId};
use mingfen_domain::{BusinessDay, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query};

/// A run, without what it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRecord {
    /// Its number.
    pub run_id: RunId,
    /// Of which day.
    pub day: BusinessDay,
    /// `all`, or the one channel that it was limited to.
    pub scope: String,
    /// From 1; the highest is the current one.
    pub version: i64,
    /// Whether a later one took its place.
    pub superseded: bool,
    /// Who had it made: a person's account or `gateway`.
    pub made_by: String,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it was there.
    pub finished_at: Timestamp,
    /// The settings that decide what is a difference, as a text for people.
    pub rules: String,
    /// SHA-256 over the hashes of all inputs and the rules.
    pub inputs_sha256: String,
    /// SHA-256 over everything that it found: equal results are equal bytes.
    pub result_sha256: String,
    /// How many findings it has.
    pub findings: i64,
    /// How many of them were differences of this very day that somebody has to look at, when it was made.
    pub differences: i64,
    /// Follows it through the logs.
    pub trace: TraceId,
}

/// A day's current run in a list of days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayRecord {
    /// The run.
    pub run: RunRecord,
    /// Its own differences that are still open or wait for a second person.
    pub open: i64,
    /// Who signed it, if somebody did.
    pub signed_by: Option<String>,
}

/// The scope of a run over all channels.
pub const ALL_CHANNELS: &str = "all";

macro_rules! select_runs {
    ($rest:literal) => {
        concat!(
            "SELECT
                r.run_id,
                r.day,
                r.scope,
                r.version,
                r.state,
                r.made_by,
                r.begun_at_ms,
                r.finished_at_ms,
                r.rules,
                r.inputs_sha256,
                r.result_sha256,
                r.findings,
                r.differences,
                r.trace_id
            FROM runs AS r
            WHERE r.state <> 'writing' AND ",
            $rest
        )
    };
}

reads! {
    /// The run of that number.
    run(run_id: &RunId) -> Option<RunRecord>;
    /// The current run of a day.
    current_run(day: BusinessDay, scope: &str) -> Option<RunRecord>;
    /// The current run of the latest day before `day` that has one.
    current_run_before(day: BusinessDay, scope: &str) -> Option<RunRecord>;
    /// The first day that was ever compared.
    first_day(scope: &str) -> Option<BusinessDay>;
    /// The current runs of the days from `from` to `until`, the earliest first.
    current_runs(scope: &str, from: BusinessDay, until: BusinessDay) -> Vec<RunRecord>;
    /// Every version of a day, the latest first.
    versions_of_day(day: BusinessDay, scope: &str) -> Vec<RunRecord>;
    /// Days with their current runs, the latest first, at most `limit`, on or before `until`.
    days(scope: &str, until: BusinessDay, limit: i64) -> Vec<DayRecord>;
}

impl Store {
    /// Throws away what a process that died left half written of a day's runs. Call it while holding the day's lease.
    pub async fn discard_unfinished_runs(&self, day: BusinessDay, scope: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        for table in [
            "run_findings",
            "run_finding_lines",
            "run_inputs",
            "run_settlements",
            "run_payouts",
            "run_tallies",
            "run_clearings",
        ] {
            let sql = format!(
                "DELETE FROM {table}
                WHERE run_id IN (SELECT run_id FROM runs WHERE day = $1 AND scope = $2 AND state = 'writing')"
            );
            query(statement(sql)).bind(day.to_string()).bind(scope).execute(tx.connection()).await?;
        }
        query("DELETE FROM runs WHERE day = $1 AND scope = $2 AND state = 'writing'")
            .bind(day.to_string())
            .bind(scope)
            .execute(tx.connection())
            .await?;
        tx.commit().await
    }
}

impl Tx {
    /// Begins to write a run: nobody sees it before [`Tx::publish_run`].
    ///
    /// # Errors
    /// [`StoreError::UniqueViolation`](crate::StoreError::UniqueViolation) when somebody else writes this version of the day.
    pub async fn insert_run(&mut self, run: &RunRecord) -> Result<()> {
        query(
            "INSERT INTO runs (
                run_id,
                day,
                scope,
                version,
                state,
                made_by,
                begun_at_ms,
                finished_at_ms,
                rules,
                inputs_sha256,
                result_sha256,
                findings,
                differences,
                trace_id
            )
            VALUES ($1, $2, $3, $4, 'writing', $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(run.run_id.as_str())
        .bind(run.day.to_string())
        .bind(run.scope.as_str())
        .bind(run.version)
        .bind(run.made_by.as_str())
        .bind(run.begun_at.ms())
        .bind(run.finished_at.ms())
        .bind(run.rules.as_str())
        .bind(run.inputs_sha256.as_str())
        .bind(run.result_sha256.as_str())
        .bind(run.findings)
        .bind(run.differences)
        .bind(run.trace.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Makes a written run the current one of its day and supersedes the one before, in one moment.
    ///
    /// # Errors
    /// [`StoreError::Stale`](crate::StoreError::Stale) when it is not being written any more.
    pub async fn publish_run(&mut self, run: &RunRecord) -> Result<()> {
        query("UPDATE runs SET state = 'superseded' WHERE day = $1 AND scope = $2 AND state = 'current'")
            .bind(run.day.to_string())
            .bind(run.scope.as_str())
            .execute(self.connection())
            .await?;
        let done = query("UPDATE runs SET state = 'current' WHERE run_id = $1 AND state = 'writing'")
            .bind(run.run_id.as_str())
            .execute(self.connection())
            .await?;
        exactly_one(done.rows_affected(), "runs", run.run_id.as_str())?;
        self.keep_pending(run).await
    }
}

async fn run(connection: &mut AnyConnection, run_id: &RunId) -> Result<Option<RunRecord>> {
    let row = query(select_runs!("r.run_id = $1")).bind(run_id.as_str()).fetch_optional(connection).await?;
    row.as_ref().map(rebuild_run).transpose()
}

async fn current_run(
    connection: &mut AnyConnection,
    day: BusinessDay,
    scope: &str,
) -> Result<Option<RunRecord>> {
    let row = query(select_runs!("r.day = $1 AND r.scope = $2 AND r.state = 'current'"))
        .bind(day.to_string())
        .bind(scope)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(rebuild_run).transpose()
}

async fn current_run_before(
    connection: &mut AnyConnection,
    day: BusinessDay,
    scope: &str,
) -> Result<Option<RunRecord>> {
    let row = query(select_runs!(
        "r.day < $1 AND r.scope = $2 AND r.state = 'current' ORDER BY r.day DESC LIMIT 1"
    ))
    .bind(day.to_string())
    .bind(scope)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(rebuild_run).transpose()
}

async fn current_runs(
    connection: &mut AnyConnection,
    scope: &str,
    from: BusinessDay,
    until: BusinessDay,
) -> Result<Vec<RunRecord>> {
    let rows = query(select_runs!(
        "r.scope = $1 AND r.day >= $2 AND r.day <= $3 AND r.state = 'current' ORDER BY r.day"
    ))
    .bind(scope)
    .bind(from.to_string())
    .bind(until.to_string())
    .fetch_all(connection)
    .await?;
    rows.iter().map(rebuild_run).collect()
}

async fn first_day(connection: &mut AnyConnection, scope: &str) -> Result<Option<BusinessDay>> {
    let row = query(select_runs!("r.scope = $1 ORDER BY r.day LIMIT 1"))
        .bind(scope)
        .fetch_optional(connection)
        .await?;
    Ok(row.as_ref().map(rebuild_run).transpose()?.map(|run| run.day))
}

async fn versions_of_day(
    connection: &mut AnyConnection,
    day: BusinessDay,
    scope: &str,
) -> Result<Vec<RunRecord>> {
    let rows = query(select_runs!("r.day = $1 AND r.scope = $2 ORDER BY r.version DESC"))
        .bind(day.to_string())
        .bind(scope)
        .fetch_all(connection)
        .await?;
    rows.iter().map(rebuild_run).collect()
}

async fn days(
    connection: &mut AnyConnection,
    scope: &str,
    until: BusinessDay,
    limit: i64,
) -> Result<Vec<DayRecord>> {
    let rows = query(select_runs!(
        "r.scope = $1 AND r.day <= $2 AND r.state = 'current' ORDER BY r.day DESC LIMIT $3"
    ))
    .bind(scope)
    .bind(until.to_string())
    .bind(limit)
    .fetch_all(&mut *connection)
    .await?;
    let mut days = Vec::with_capacity(rows.len());
    for row in &rows {
        let run = rebuild_run(row)?;
        let open = open_of_run(connection, &run.run_id).await?.into_iter().map(|(_, count)| count).sum();
        let signed_by = sign_off(connection, run.day, scope).await?.map(|signed| signed.signed_by);
        days.push(DayRecord { run, open, signed_by });
    }
    Ok(days)
}

fn rebuild_run(row: &AnyRow) -> Result<RunRecord> {
    let fields = Fields::new("runs", "run_id", row)?;
    Ok(RunRecord {
        run_id: fields.id("run_id", RunId::parse)?,
        day: fields.day("day")?,
        scope: fields.text("scope")?,
        version: fields.number("version")?,
        superseded: fields.text("state")? == "superseded",
        made_by: fields.text("made_by")?,
        begun_at: fields.time("begun_at_ms")?,
        finished_at: fields.time("finished_at_ms")?,
        rules: fields.text("rules")?,
        inputs_sha256: fields.text("inputs_sha256")?,
        result_sha256: fields.text("result_sha256")?,
        findings: fields.number("findings")?,
        differences: fields.number("differences")?,
        trace: fields.id("trace_id", TraceId::parse)?,
    })
}
