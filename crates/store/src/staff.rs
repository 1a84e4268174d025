//! People at the hospital's screens, and their sessions.

use crate::Tx;
use crate::errors::{Result, StoreError};
use crate::offer::{reads, writes};
use crate::rows::Fields;
use mingfen_domain::Timestamp;
use mingfen_domain::access::Role;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query};

/// A person's account.
#[derive(Clone, PartialEq, Eq)]
pub struct StaffRecord {
    /// 工号.
    pub staff_no: String,
    /// The name.
    pub name: String,
    /// What they are.
    pub roles: Vec<Role>,
    /// Where they sit: `门诊 3 号窗口`. May be empty.
    pub place: String,
    /// Whether they may sign in.
    pub active: bool,
    /// Argon2id, as text.
    pub password_hash: String,
    /// The password was given to them and must be replaced.
    pub must_change: bool,
    /// The second factor's secret, sealed; `None`: there is none.
    pub totp_sealed: Option<Vec<u8>>,
    /// The last step whose code was used.
    pub totp_step: i64,
    /// Digests of the recovery codes that are left, in hexadecimal.
    pub recovery_sha256: Vec<String>,
    /// Attempts since the last success.
    pub failed_attempts: i64,
    /// No attempt is looked at before this moment.
    pub locked_until: Timestamp,
    /// When they were last signed in.
    pub last_in_at: Option<Timestamp>,
    /// And from where.
    pub last_in_from: Option<String>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// Counts changes.
    pub version: i64,
}

/// Shows who it is, and nothing that proves it.
impl std::fmt::Debug for StaffRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaffRecord")
            .field("staff_no", &self.staff_no)
            .field("roles", &self.roles)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

/// How far somebody is with signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionStage {
    /// The password was right; the code is asked for.
    Code,
    /// A password of one's own is asked for.
    Password,
    /// A second factor is being enrolled.
    Enrol,
    /// Signed in.
    In,
}

impl SessionStage {
    /// The word in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Password => "password",
            Self::Enrol => "enrol",
            Self::In => "in",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Code, Self::Password, Self::Enrol, Self::In].into_iter().find(|stage| stage.as_str() == word)
    }
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffSessionRecord {
    /// The digest of its token, in hexadecimal.
    pub token_sha256: String,
    /// Whose.
    pub staff_no: String,
    /// How far it is.
    pub stage: SessionStage,
    /// Whether the second factor was shown in it.
    pub proven: bool,
    /// The secret that is being enrolled, sealed.
    pub enrol_sealed: Option<Vec<u8>>,
    /// Where to go once signed in.
    pub next_path: String,
    /// From which address it began.
    pub address: String,
    /// What the browser says it is, cut.
    pub agent: String,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it last asked for something.
    pub seen_at: Timestamp,
    /// When it ended, and why.
    pub ended: Option<(Timestamp, String)>,
}

macro_rules! select_staff {
    ($condition:literal) => {
        concat!(
            "SELECT
                staff_no,
                name,
                roles,
                place,
                active,
                password_hash,
                must_change,
                totp_sealed,
                totp_step,
                recovery_sha256,
                failed_attempts,
                locked_until_ms,
                last_in_at_ms,
                last_in_from,
                created_at_ms,
                created_by,
                version
            FROM staff
            WHERE ",
            $condition
        )
    };
}

macro_rules! select_session {
    ($condition:literal) => {
        concat!(
            "SELECT
                token_sha256,
                staff_no,
                stage,
                proven,
                enrol_sealed,
                next_path,
                address,
                agent,
                begun_at_ms,
                seen_at_ms,
                ended_at_ms,
                ended_because
            FROM staff_sessions
            WHERE ",
            $condition
        )
    };
}

reads! {
    /// A person's account.
    staff_member(staff_no: &str) -> Option<StaffRecord>;
    /// At most `limit` accounts after that number, in the order of their numbers.
    staff_list(after: &str, limit: i64) -> Vec<StaffRecord>;
    /// The session with this token's digest, ended or not.
    staff_session(token_sha256: &str) -> Option<StaffSessionRecord>;
    /// The sessions of a person that have not ended, the newest first, at most 50.
    staff_sessions_of(staff_no: &str) -> Vec<StaffSessionRecord>;
}

writes! {
    /// Counts an attempt to sign in before it is looked at; `false`: the account is locked, and nothing is looked at. The attempt that
    /// reaches `most` locks it until `lock_until`, unless it turns out right.
    begin_attempt(staff_no: &str, now: Timestamp, most: i64, lock_until: Timestamp) -> bool;
    /// Forgets attempts and lock: the right password was given, or somebody unlocked the account.
    forgive_attempts(staff_no: &str) -> ();
    /// Notes that a session asked for something.
    touch_staff_session(token_sha256: &str, now: Timestamp) -> ();
    /// Forgets sessions that were last seen before that moment; says how many.
    purge_staff_sessions(before: Timestamp) -> u64;
}

impl Tx {
    /// Keeps a new account.
    ///
    /// # Errors
    /// [`StoreError::UniqueViolation`] when there is one of that number.
    pub async fn insert_staff(&mut self, record: &StaffRecord) -> Result<()> {
        query(
            "INSERT INTO staff (
                staff_no,
                name,
                roles,
                place,
                active,
                password_hash,
                must_change,
                created_at_ms,
                created_by,
                version
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)",
        )
        .bind(record.staff_no.as_str())
        .bind(record.name.as_str())
        .bind(roles_text(&record.roles))
        .bind(record.place.as_str())
        .bind(i64::from(record.active))
        .bind(record.password_hash.as_str())
        .bind(i64::from(record.must_change))
        .bind(record.created_at.ms())
        .bind(record.created_by.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Keeps a changed account, but not its attempts and its lock, which count by themselves.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it was changed since it was read.
    pub async fn save_staff(&mut self, record: &StaffRecord) -> Result<()> {
        let done = query(
            "UPDATE staff
            SET
                name = $1,
                roles = $2,
                place = $3,
                active = $4,
                password_hash = $5,
                must_change = $6,
                totp_sealed = $7,
                totp_step = $8,
                recovery_sha256 = $9,
                last_in_at_ms = $10,
                last_in_from = $11,
                version = version + 1
            WHERE staff_no = $12 AND version = $13",
        )
        .bind(record.name.as_str())
        .bind(roles_text(&record.roles))
        .bind(record.place.as_str())
        .bind(i64::from(record.active))
        .bind(record.password_hash.as_str())
        .bind(i64::from(record.must_change))
        .bind(record.totp_sealed.as_deref())
        .bind(record.totp_step)
        .bind(record.recovery_sha256.join(" "))
        .bind(record.last_in_at.map(Timestamp::ms))
        .bind(record.last_in_from.as_deref())
        .bind(record.staff_no.as_str())
        .bind(record.version)
        .execute(self.connection())
        .await?;
        if done.rows_affected() == 1 {
            Ok(())
        } else {
            Err(StoreError::Stale { table: "staff", key: record.staff_no.clone() })
        }
    }

    /// Keeps a new session.
    pub async fn insert_staff_session(&mut self, record: &StaffSessionRecord) -> Result<()> {
        query(
            "INSERT INTO staff_sessions (
                token_sha256,
                staff_no,
                stage,
                proven,
                enrol_sealed,
                next_path,
                address,
                agent,
                begun_at_ms,
                seen_at_ms
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(record.token_sha256.as_str())
        .bind(record.staff_no.as_str())
        .bind(record.stage.as_str())
        .bind(i64::from(record.proven))
        .bind(record.enrol_sealed.as_deref())
        .bind(record.next_path.as_str())
        .bind(record.address.as_str())
        .bind(record.agent.as_str())
        .bind(record.begun_at.ms())
        .bind(record.seen_at.ms())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Ends a session; `false` when it had ended before.
    pub async fn end_staff_session(
        &mut self,
        token_sha256: &str,
        now: Timestamp,
        because: &str,
    ) -> Result<bool> {
        let done = query(
            "UPDATE staff_sessions
            SET
                ended_at_ms = $1,
                ended_because = $2,
                enrol_sealed = NULL
            WHERE token_sha256 = $3 AND ended_at_ms IS NULL",
        )
        .bind(now.ms())
        .bind(because)
        .bind(token_sha256)
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Ends every session of a person but one; says how many.
    pub async fn end_staff_sessions_of(
        &mut self,
        staff_no: &str,
        but: Option<&str>,
        now: Timestamp,
        because: &str,
    ) -> Result<u64> {
        let done = query(
            "UPDATE staff_sessions
            SET
                ended_at_ms = $1,
                ended_because = $2,
                enrol_sealed = NULL
            WHERE staff_no = $3 AND ended_at_ms IS NULL AND token_sha256 <> $4",
        )
        .bind(now.ms())
        .bind(because)
        .bind(staff_no)
        .bind(but.unwrap_or_default())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected())
    }
}

async fn staff_member(connection: &mut AnyConnection, staff_no: &str) -> Result<Option<StaffRecord>> {
    let row = query(select_staff!("staff_no = $1")).bind(staff_no).fetch_optional(connection).await?;
    row.as_ref().map(rebuild).transpose()
}

async fn staff_list(connection: &mut AnyConnection, after: &str, limit: i64) -> Result<Vec<StaffRecord>> {
    let rows = query(select_staff!("staff_no > $1 ORDER BY staff_no LIMIT $2"))
        .bind(after)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(rebuild).collect()
}

async fn staff_session(
    connection: &mut AnyConnection,
    token_sha256: &str,
) -> Result<Option<StaffSessionRecord>> {
    let row =
        query(select_session!("token_sha256 = $1")).bind(token_sha256).fetch_optional(connection).await?;
    row.as_ref().map(rebuild_session).transpose()
}

async fn staff_sessions_of(
    connection: &mut AnyConnection,
    staff_no: &str,
) -> Result<Vec<StaffSessionRecord>> {
    let rows =
        query(select_session!("staff_no = $1 AND ended_at_ms IS NULL ORDER BY begun_at_ms DESC LIMIT 50"))
            .bind(staff_no)
            .fetch_all(connection)
            .await?;
    rows.iter().map(rebuild_session).collect()
}

async fn begin_attempt(
    connection: &mut AnyConnection,
    staff_no: &str,
    now: Timestamp,
    most: i64,
    lock_until: Timestamp,
) -> Result<bool> {
    // A lock that has run out begins a new count.
    let done = query(
        "UPDATE staff
        SET
            failed_attempts = CASE WHEN locked_until_ms > 0 THEN 1 ELSE failed_attempts + 1 END,
            locked_until_ms = CASE WHEN locked_until_ms = 0 AND failed_attempts + 1 >= $1 THEN $2 ELSE 0 END
        WHERE staff_no = $3 AND locked_until_ms <= $4",
    )
    .bind(most)
    .bind(lock_until.ms())
    .bind(staff_no)
    .bind(now.ms())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn forgive_attempts(connection: &mut AnyConnection, staff_no: &str) -> Result<()> {
    query("UPDATE staff SET failed_attempts = 0, locked_until_ms = 0 WHERE staff_no = $1")
        .bind(staff_no)
        .execute(connection)
        .await?;
    Ok(())
}

async fn touch_staff_session(
    connection: &mut AnyConnection,
    token_sha256: &str,
    now: Timestamp,
) -> Result<()> {
    query("UPDATE staff_sessions SET seen_at_ms = $1 WHERE token_sha256 = $2 AND seen_at_ms < $1")
        .bind(now.ms())
        .bind(token_sha256)
        .execute(connection)
        .await?;
    Ok(())
}

async fn purge_staff_sessions(connection: &mut AnyConnection, before: Timestamp) -> Result<u64> {
    let done = query("DELETE FROM staff_sessions WHERE seen_at_ms < $1")
        .bind(before.ms())
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

fn roles_text(roles: &[Role]) -> String {
    roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" ")
}

fn rebuild(row: &AnyRow) -> Result<StaffRecord> {
    let fields = Fields::new("staff", "staff_no", row)?;
    let roles = |text: &str| text.split_whitespace().map(Role::parse).collect::<Option<Vec<_>>>();
    Ok(StaffRecord {
        staff_no: fields.text("staff_no")?,
        name: fields.text("name")?,
        roles: fields.word("roles", roles)?,
        place: fields.text("place")?,
        active: fields.flag("active")?,
        password_hash: fields.text("password_hash")?,
        must_change: fields.flag("must_change")?,
        totp_sealed: fields.optional_bytes("totp_sealed")?,
        totp_step: fields.number("totp_step")?,
        recovery_sha256: fields.text("recovery_sha256")?.split_whitespace().map(str::to_owned).collect(),
        failed_attempts: fields.number("failed_attempts")?,
        locked_until: fields.time("locked_until_ms")?,
        last_in_at: fields.optional_time("last_in_at_ms")?,
        last_in_from: fields.optional_text("last_in_from")?,
        created_at: fields.time("created_at_ms")?,
        created_by: fields.text("created_by")?,
        version: fields.number("version")?,
    })
}

fn rebuild_session(row: &AnyRow) -> Result<StaffSessionRecord> {
    let fields = Fields::new("staff_sessions", "token_sha256", row)?;
    let ended = match fields.optional_time("ended_at_ms")? {
        None => None,
        Some(at) => Some((at, fields.present("ended_because", fields.optional_text("ended_because")?)?)),
    };
    Ok(StaffSessionRecord {
        token_sha256: fields.text("token_sha256")?,
        staff_no: fields.text("staff_no")?,
        stage: fields.word("stage", SessionStage::parse)?,
        proven: fields.flag("proven")?,
        enrol_sealed: fields.optional_bytes("enrol_sealed")?,
        next_path: fields.text("next_path")?,
        address: fields.text("address")?,
        agent: fields.text("agent")?,
        begun_at: fields.time("begun_at_ms")?,
        seen_at: fields.time("seen_at_ms")?,
        ended,
    })
}
