//! What is still to be done: the outbox. A task is claimed by a lease, repeated until it succeeds or is parked, never lost.

use crate::Store;
use crate::engine::Engine;
use crate::errors::Result;
use crate::offer::{reads, writes};
use crate::placeholders::{list as places, statement};
use crate::rows::Fields;
use mingfen_domain::Timestamp;
use mingfen_domain::ids::TraceId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query, query_scalar};

/// What kind of work a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskKind {
    /// Ask after a payment until it is not live any more.
    FollowPayment,
    /// Tell HIS that a bill was paid.
    WriteBack,
    /// Send a refund and ask after it until it is over.
    FollowRefund,
    /// Tell HIS of a refund.
    WriteBackRefund,
    /// Tell the patient.
    Notice,
    /// Ask HIS once more whether it booked what it had refused.
    RecheckRefusal,
    /// Give HIS its lock back.
    Unlock,
    /// Put a matter before a person: it parks itself.
    AskPerson,
    /// Compare a day.
    Reconcile,
    /// Tell finance that a day does not agree.
    Alert,
    /// Ask for the refund that a second person has approved.
    ApprovedRefund,
}

impl TaskKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::FollowPayment,
        Self::WriteBack,
        Self::FollowRefund,
        Self::WriteBackRefund,
        Self::Notice,
        Self::RecheckRefusal,
        Self::Unlock,
        Self::AskPerson,
        Self::Reconcile,
        Self::Alert,
        Self::ApprovedRefund,
    ];

    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FollowPayment => "follow_payment",
            Self::WriteBack => "write_back",
            Self::FollowRefund => "follow_refund",
            Self::WriteBackRefund => "write_back_refund",
            Self::Notice => "notice",
            Self::RecheckRefusal => "recheck_refusal",
            Self::Unlock => "unlock",
            Self::AskPerson => "ask_person",
            Self::Reconcile => "reconcile",
            Self::Alert => "alert",
            Self::ApprovedRefund => "approved_refund",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskState {
    /// To be done, now or later; perhaps somebody is at it.
    Ready,
    /// Done.
    Done,
    /// Tried too often; a person decides.
    Parked,
}

impl TaskState {
    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Done => "done",
            Self::Parked => "parked",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Ready, Self::Done, Self::Parked].into_iter().find(|state| state.as_str() == word)
    }
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRecord {
    /// Its name: the kind and the subject.
    pub task_id: String,
    /// What kind of work.
    pub kind: TaskKind,
    /// On which payment, bill or refund.
    pub subject: String,
    /// Where it stands.
    pub state: TaskState,
    /// Not before.
    pub due_at: Timestamp,
    /// How often it was claimed since it was last scheduled anew.
    pub attempts: i64,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Follows the order through every log.
    pub trace: TraceId,
}

/// How many tasks of a kind stand where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskCount {
    /// The kind.
    pub kind: TaskKind,
    /// Where they stand.
    pub state: TaskState,
    /// How many.
    pub count: i64,
}

/// The columns of a [`TaskRecord`], for `SELECT` and `RETURNING`.
macro_rules! task_columns {
    () => {
        "task_id,
                kind,
                subject,
                state,
                due_at_ms,
                attempts,
                last_error,
                trace_id"
    };
}

/// The statement of [`Store::claim_due`]. The list is made first and once (`MATERIALIZED`): a plan that ran it again for every row
/// would lock more tasks than were asked for. Unused places for kinds are empty and match nothing.
macro_rules! claim_due {
    ($lock:literal) => {
        concat!(
            "WITH due AS MATERIALIZED (
                SELECT task_id
                FROM tasks
                WHERE
                    state = 'ready'
                    AND due_at_ms <= $1
                    AND leased_until_ms <= $1
                    AND kind IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                ORDER BY due_at_ms
                LIMIT $13 ",
            $lock,
            ")
            UPDATE tasks
            SET
                leased_until_ms = $14,
                lease_owner = $15,
                attempts = attempts + 1
            WHERE task_id IN (SELECT task_id FROM due)
            RETURNING ",
            task_columns!()
        )
    };
}

reads! {
    /// The task of that kind on that subject.
    task(kind: TaskKind, subject: &str) -> Option<TaskRecord>;
    /// The tasks of that kind on one of these subjects that wait for a person.
    parked_among(kind: TaskKind, subjects: &[String]) -> Vec<TaskRecord>;
    /// How many tasks are in a state, by an index: of the done ones there may be millions, of the others few.
    tasks_in(state: TaskState) -> i64;
    /// At most `limit` tasks, of one state or of all, the earliest due first.
    list(state: Option<TaskState>, limit: i64) -> Vec<TaskRecord>;
    /// When the next task can be claimed, by what is known now.
    next_due() -> Option<Timestamp>;
    /// How many tasks there are of each kind and state; what is not there is not counted.
    counts() -> Vec<TaskCount>;
}

writes! {
    /// Makes sure that the task is done at `due_at` or before.
    ///
    /// A task that waits keeps the earlier moment. One that is done or parked begins anew. One that somebody is at right now
    /// is run once more when that lease ends, because what it works on may have changed under it: its owner's
    /// [`Store::finish`] then says `false`.
    schedule(kind: TaskKind, subject: &str, due_at: Timestamp, trace: &TraceId) -> ();
    /// Keeps a lease that holds until `held_until` until `until` instead; `false` when it is somebody else's by now.
    ///
    /// It is known by the moment at which it ends as well as by its owner: a task that was scheduled anew while it is worked on
    /// has lost the owner and not the lease.
    renew(task_id: &str, owner: &str, held_until: Timestamp, until: Timestamp) -> bool;
    /// The task is done; `false` when the lease is somebody else's by now.
    finish(task_id: &str, owner: &str, now: Timestamp) -> bool;
    /// The task is to be tried again at `due_at`; `false` when the lease is somebody else's by now.
    retry(task_id: &str, owner: &str, due_at: Timestamp, error: &str) -> bool;
    /// The task is put before a person; `false` when the lease is somebody else's by now.
    park(task_id: &str, owner: &str, now: Timestamp, error: &str) -> bool;
    /// Whoever the tasks of a kind were waiting for is back: those that wait and that nobody is at are due now.
    hasten(kind: TaskKind, now: Timestamp) -> ();
    /// A person wants the parked task tried again; `false` when it is not parked.
    unpark(task_id: &str, due_at: Timestamp) -> bool;
    /// A person has dealt with the parked task, or it has dealt with itself; `false` when it is not parked.
    close_parked(task_id: &str, now: Timestamp) -> bool;
}

impl Store {
    /// Leases at most `limit` due tasks of these kinds to `owner` until `now + lease_ms`, the longest due first. No task is
    /// leased to two owners at a time; a lease that ran out is anybody's.
    pub async fn claim_due(
        &self,
        now: Timestamp,
        owner: &str,
        lease_ms: i64,
        limit: i64,
        kinds: &[TaskKind],
    ) -> Result<Vec<TaskRecord>> {
        let sql = match self.engine() {
            Engine::Sqlite => claim_due!(""),
            Engine::Postgres => claim_due!("FOR NO KEY UPDATE SKIP LOCKED"),
        };
        let mut connection = self.writer().await?;
        let mut statement = query(sql).bind(now.ms());
        for place in TaskKind::ALL {
            statement = statement.bind(kinds.contains(&place).then_some(place.as_str()));
        }
        let rows = statement
            .bind(limit)
            .bind(now.plus_ms(lease_ms).ms())
            .bind(owner)
            .fetch_all(connection.as_mut())
            .await?;
        connection.done().await?;
        let mut tasks = rows.iter().map(rebuild).collect::<Result<Vec<_>>>()?;
        tasks.sort_by(|one, other| (one.due_at, &one.task_id).cmp(&(other.due_at, &other.task_id)));
        Ok(tasks)
    }
}

async fn schedule(
    connection: &mut AnyConnection,
    kind: TaskKind,
    subject: &str,
    due_at: Timestamp,
    trace: &TraceId,
) -> Result<()> {
    query(
        "INSERT INTO tasks (
            task_id,
            kind,
            subject,
            state,
            due_at_ms,
            created_at_ms,
            trace_id
        )
        VALUES ($1, $2, $3, 'ready', $4, $4, $5)
        ON CONFLICT (task_id) DO UPDATE
        SET
            state = 'ready',
            due_at_ms = CASE
                WHEN tasks.state = 'ready' AND tasks.due_at_ms < excluded.due_at_ms THEN tasks.due_at_ms
                ELSE excluded.due_at_ms
            END,
            attempts = CASE WHEN tasks.state = 'ready' THEN tasks.attempts ELSE 0 END,
            lease_owner = NULL,
            finished_at_ms = NULL",
    )
    .bind(format!("{}:{subject}", kind.as_str()))
    .bind(kind.as_str())
    .bind(subject)
    .bind(due_at.ms())
    .bind(trace.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

async fn renew(
    connection: &mut AnyConnection,
    task_id: &str,
    owner: &str,
    held_until: Timestamp,
    until: Timestamp,
) -> Result<bool> {
    let done = query(
        "UPDATE tasks
        SET leased_until_ms = $1
        WHERE task_id = $2 AND leased_until_ms = $3 AND (lease_owner = $4 OR lease_owner IS NULL)",
    )
    .bind(until.ms())
    .bind(task_id)
    .bind(held_until.ms())
    .bind(owner)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn finish(connection: &mut AnyConnection, task_id: &str, owner: &str, now: Timestamp) -> Result<bool> {
    let done = query(
        "UPDATE tasks
        SET
            state = 'done',
            finished_at_ms = $1,
            leased_until_ms = 0,
            lease_owner = NULL,
            last_error = NULL
        WHERE task_id = $2 AND lease_owner = $3",
    )
    .bind(now.ms())
    .bind(task_id)
    .bind(owner)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn retry(
    connection: &mut AnyConnection,
    task_id: &str,
    owner: &str,
    due_at: Timestamp,
    error: &str,
) -> Result<bool> {
    let done = query(
        "UPDATE tasks
        SET
            due_at_ms = $1,
            leased_until_ms = 0,
            lease_owner = NULL,
            last_error = $2
        WHERE task_id = $3 AND lease_owner = $4",
    )
    .bind(due_at.ms())
    .bind(error)
    .bind(task_id)
    .bind(owner)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn park(
    connection: &mut AnyConnection,
    task_id: &str,
    owner: &str,
    now: Timestamp,
    error: &str,
) -> Result<bool> {
    let done = query(
        "UPDATE tasks
        SET
            state = 'parked',
            finished_at_ms = $1,
            leased_until_ms = 0,
            lease_owner = NULL,
            last_error = $2
        WHERE task_id = $3 AND lease_owner = $4",
    )
    .bind(now.ms())
    .bind(error)
    .bind(task_id)
    .bind(owner)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn hasten(connection: &mut AnyConnection, kind: TaskKind, now: Timestamp) -> Result<()> {
    query(
        "UPDATE tasks
        SET due_at_ms = $1
        WHERE kind = $2 AND state = 'ready' AND due_at_ms > $1 AND leased_until_ms <= $1",
    )
    .bind(now.ms())
    .bind(kind.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

async fn unpark(connection: &mut AnyConnection, task_id: &str, due_at: Timestamp) -> Result<bool> {
    let done = query(
        "UPDATE tasks
        SET
            state = 'ready',
            due_at_ms = $1,
            attempts = 0,
            finished_at_ms = NULL
        WHERE task_id = $2 AND state = 'parked'",
    )
    .bind(due_at.ms())
    .bind(task_id)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn close_parked(connection: &mut AnyConnection, task_id: &str, now: Timestamp) -> Result<bool> {
    let done = query(
        "UPDATE tasks
        SET
            state = 'done',
            finished_at_ms = $1
        WHERE task_id = $2 AND state = 'parked'",
    )
    .bind(now.ms())
    .bind(task_id)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn task(connection: &mut AnyConnection, kind: TaskKind, subject: &str) -> Result<Option<TaskRecord>> {
    let row = query(concat!("SELECT ", task_columns!(), " FROM tasks WHERE kind = $1 AND subject = $2"))
        .bind(kind.as_str())
        .bind(subject)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(rebuild).transpose()
}

async fn list(
    connection: &mut AnyConnection,
    state: Option<TaskState>,
    limit: i64,
) -> Result<Vec<TaskRecord>> {
    let rows = query(concat!(
        "SELECT ",
        task_columns!(),
        " FROM tasks
        WHERE state = COALESCE($1, state)
        ORDER BY due_at_ms, task_id
        LIMIT $2"
    ))
    .bind(state.map(TaskState::as_str))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(rebuild).collect()
}

async fn parked_among(
    connection: &mut AnyConnection,
    kind: TaskKind,
    subjects: &[String],
) -> Result<Vec<TaskRecord>> {
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        concat!(
            "SELECT ",
            task_columns!(),
            " FROM tasks
            WHERE kind = $1 AND state = 'parked' AND subject IN {}
            ORDER BY subject"
        ),
        places(2, subjects.len())
    );
    let mut select = query(statement(sql)).bind(kind.as_str());
    for subject in subjects {
        select = select.bind(subject.as_str());
    }
    select.fetch_all(connection).await?.iter().map(rebuild).collect()
}

async fn next_due(connection: &mut AnyConnection) -> Result<Option<Timestamp>> {
    let due: Option<i64> = query_scalar(
        "SELECT MIN(CASE WHEN leased_until_ms > due_at_ms THEN leased_until_ms ELSE due_at_ms END)
        FROM tasks
        WHERE state = 'ready'",
    )
    .fetch_one(connection)
    .await?;
    Ok(due.map(Timestamp::from_ms))
}

async fn tasks_in(connection: &mut AnyConnection, state: TaskState) -> Result<i64> {
    Ok(query_scalar("SELECT COUNT(*) FROM tasks WHERE state = $1")
        .bind(state.as_str())
        .fetch_one(connection)
        .await?)
}

async fn counts(connection: &mut AnyConnection) -> Result<Vec<TaskCount>> {
    let rows =
        query("SELECT kind, state, COUNT(*) AS number FROM tasks GROUP BY kind, state ORDER BY kind, state")
            .fetch_all(connection)
            .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("tasks", "kind", row)?;
            Ok(TaskCount {
                kind: fields.word("kind", TaskKind::parse)?,
                state: fields.word("state", TaskState::parse)?,
                count: fields.number("number")?,
            })
        })
        .collect()
}

fn rebuild(row: &AnyRow) -> Result<TaskRecord> {
    let fields = Fields::new("tasks", "task_id", row)?;
    Ok(TaskRecord {
        task_id: fields.text("task_id")?,
        kind: fields.word("kind", TaskKind::parse)?,
        subject: fields.text("subject")?,
        state: fields.word("state", TaskState::parse)?,
        due_at: fields.time("due_at_ms")?,
        attempts: fields.number("attempts")?,
        last_error: fields.optional_text("last_error")?,
        trace: fields.id("trace_id", TraceId::parse)?,
    })
}
