//! Everything that must survive: bills, payments, refunds, what HIS was told, the books, and what is still to be done.
//!
//! SQL, migrations and rows live here and nowhere else.
//!
//! # What never enters
//! No decision about money: the machines of `mingfen-domain` decide, the store keeps what they decided and refuses what
//! contradicts it. No clock: every moment is a parameter. No plain personal data: what is sealed was sealed by the caller,
//! the store sees bytes.
//!
//! # Two engines, one text
//! SQLite (one file, write-ahead log flushed at every commit) and PostgreSQL run the same statements: `$1` placeholders,
//! columns of `BIGINT` and `TEXT`, bytes for what is sealed. What differs sits in `engine`.
//!
//! # How concurrency is kept honest
//! - A row that a machine steps is read `…_for_update` and saved with the version that was read; a version that moved on is
//!   [`StoreError::Stale`].
//! - An effect that must happen once is a constraint: one claim a slip, one write-back a bill, one entry a reason and
//!   subject, one refund a request key. Meeting it is a named outcome, not a failure.
//! - Locks are taken in one order: payment, then bill, then the rest.
//! - SQLite has one writer; those that wait for each other share one flush (`group`).
//!
//! # Reading order
//! [`Store`] and [`Tx`] here; `bills`, `payments`, `refunds`, `refund_requests`, `write_backs`: what is owed and paid; `notifications`,
//! `sightings`: what we were told; `journal`, `cross_check`: the books and their proof; `tasks`, `leases`: who does what
//! next; `runs`, `kept_files`, `brought_files`, `run_requests`, `remedies`, `finding_handling`, `sign_offs`: what was compared, with
//! what, who asked for it, what was ordered, who works on what, and who signed it;
//! `window`, `shifts`: what cashiers take over the counter, and hand in;
//! `takings`: what the dashboard shows, counted ahead; `rule_sets`, `velocity`, `blocklist`: what may be paid, who opened what lately, who
//! may not; `staff`: who may sign in; `audit`, `audit_search`, `api_answers`, `api_keys`, `api_nonces`, `api_allowances`, `revoked_links`, `notices`, `notice_templates`: what patients were told, and in which words; `hospital`: its name and campuses; `sealed`: all that a key sealed.
//!
//! # How to add a table
//! A migration in both folders and its line in `migrate`; a file named after the aggregate with its record, one function a
//! statement, and `reads!` for what is needed inside and outside of a transaction; a story in `tests/stories.rs`, which runs
//! on both engines.

mod api_allowances;
mod api_answers;
mod api_keys;
mod api_nonces;
mod audit;
mod audit_search;
mod bills;
mod blocklist;
mod brought_files;
mod cross_check;
mod engine;
mod errors;
mod finding_handling;
mod group;
mod hospital;
mod journal;
mod kept_files;
mod leases;
mod migrate;
mod notice_templates;
mod notices;
mod notifications;
mod offer;
mod payments;
mod placeholders;
mod refund_requests;
mod refunds;
mod remedies;
mod revoked_links;
mod rows;
mod rule_sets;
mod run_requests;
mod runs;
mod sealed;
mod shifts;
mod sightings;
mod sign_offs;
mod staff;
mod takings;
mod tasks;
mod velocity;
mod window;
mod write_backs;

pub use api_answers::{Attempt, Begin};
pub use api_keys::ApiKeyRecord;
pub use audit::{AuditEvent, AuditLink, AuditRecord};
pub use audit_search::{AuditCheckRecord, AuditFilter};
pub use bills::{BillIndex, BillIndexes, BillRecord, BilledSlipRecord, Claim};
pub use blocklist::{BlockRecord, BlockedKind};
pub use brought_files::BroughtFileRecord;
pub use engine::Engine;
pub use errors::{Result, StoreError};
pub use finding_handling::{FindingFileRecord, FindingNoteRecord, HandlingRecord};
pub use hospital::{CampusRecord, HospitalDetailsRecord};
pub use journal::{EntryRecord, JournalReport};
pub use kept_files::KeptFileRecord;
pub use notice_templates::NoticeTemplateRecord;
pub use notices::NoticeRecord;
pub use notifications::NotificationRecord;
pub use payments::{PaymentRecord, ReceiptRecord};
pub use refund_requests::{InsertedRequest, RefundRequestRecord};
pub use refunds::{Inserted, RefundHisState, RefundPart, RefundRecord, RefundedDay, SentRefundRecord};
pub use remedies::{RemedyRecord, RemedyState};
pub use rule_sets::RuleSetRecord;
pub use run_requests::{RequestEnd, RunRequestRecord};
pub use runs::{
    ALL_CHANNELS, AssignedTo, DayRecord, DueWhen, FindingFilter, FindingLineRecord, FindingRecord, InputKind,
    InputState, OpenDifferences, PayoutRecord, PendingCount, PendingFilter, PendingPlace, PendingRecord,
    PendingSums, RunInputRecord, RunRecord, RunSettlementRecord, RunTallyRecord, Standing, StatementDay,
};
pub use sealed::{IndexedBill, SealedColumn, SealedRow};
pub use shifts::{AskedClosing, ClosingRecord, LookedInto, ShiftRecord};
pub use sightings::SightingRecord;
pub use sign_offs::SignOffRecord;
pub use staff::{SessionStage, StaffRecord, StaffSessionRecord};
pub use takings::{
    Counted, Dimension, Progress as TakingsProgress, SLOTS_A_DAY, Slots, TakingsMark, TakingsRow, TakingsSum,
};
pub use tasks::{TaskCount, TaskKind, TaskRecord, TaskState};
pub use velocity::{RiskEvent, RuleRefusals, TrialRead, VelocitySubject};
pub use window::{
    CounterLine, InsertedOrder, Noted, OpenItem, OpenKind, ShiftSum, TakenRecord, WindowOrderRecord,
    WindowRefundRecord, cash_number,
};
pub use write_backs::WriteBackRecord;

use engine::{Flush, Pools};
use group::Turn;
use mingfen_domain::Timestamp;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, Connection, Transaction};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where the store is and how many connections it may use.
#[derive(Clone)]
pub struct StoreSettings {
    /// `sqlite://path?mode=rwc`, `sqlite::memory:` or `postgres://…`.
    pub url: String,
    /// At most so many at once; SQLite has one writer and up to four readers however many are allowed.
    pub max_connections: u32,
}

/// Shows the engine only: the URL may hold a password.
impl fmt::Debug for StoreSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.url.split_once(':').map_or("", |(scheme, _)| scheme);
        f.debug_struct("StoreSettings")
            .field("url", &format_args!("{scheme}:…"))
            .field("max_connections", &self.max_connections)
            .finish()
    }
}

/// The store. Cheap to clone; all clones share the connections.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    pools: Pools,
    row_ids: RowIds,
}

impl Store {
    /// Connects. The schema is not touched: see [`Store::migrate`].
    pub async fn open(settings: &StoreSettings) -> Result<Self> {
        Self::connect(settings, Flush::EveryCommit).await
    }

    /// The same for a database that is being filled and is thrown away when that is interrupted, and for nothing else: on SQLite no
    /// commit waits for the disk. [`Store::is_durable`] denies it.
    pub async fn open_to_fill(settings: &StoreSettings) -> Result<Self> {
        Self::connect(settings, Flush::Never).await
    }

    async fn connect(settings: &StoreSettings, flush: Flush) -> Result<Self> {
        let pools = Engine::connect(settings, flush).await?;
        let nonce = pools.engine.draw_nonce(&mut *pools.reader.acquire().await?).await?;
        let row_ids = RowIds { nonce, drawn: AtomicU64::new(0) };
        Ok(Self { shared: Arc::new(Shared { pools, row_ids }) })
    }

    /// The engine it runs on.
    pub fn engine(&self) -> Engine {
        self.shared.pools.engine
    }

    /// Begins a transaction. On SQLite there is one at a time: keep it short, and never wait for the network inside.
    pub async fn begin(&self) -> Result<Tx> {
        let held = match &self.shared.pools.line {
            Some(line) => Held::Turn(line.begin().await?),
            None => Held::Own(self.shared.pools.writer.begin().await?),
        };
        Ok(Tx { held, shared: Arc::clone(&self.shared) })
    }

    /// Begins a transaction that only reads, and sees everything as it was at one moment, however long it reads and whatever is
    /// written meanwhile. The engine refuses to write in it.
    pub async fn snapshot(&self) -> Result<Tx> {
        let held = Held::Own(self.engine().begin_snapshot(&self.shared.pools.reader).await?);
        Ok(Tx { held, shared: Arc::clone(&self.shared) })
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.reader().await?.as_mut().ping().await?)
    }

    /// Whether a commit is on disk before it is answered. A database in memory never is; a PostgreSQL server with `fsync`
    /// turned off is not either, and no client can change that.
    pub async fn is_durable(&self) -> Result<bool> {
        let mut connection = self.writer().await?;
        let durable = self.engine().is_durable(connection.as_mut()).await?;
        connection.done().await?;
        Ok(durable)
    }

    /// Waits for what is under way and closes the connections.
    pub async fn close(&self) {
        self.shared.pools.writer.close().await;
        self.shared.pools.reader.close().await;
    }

    /// A connection for a single statement that reads.
    async fn reader(&self) -> Result<Access> {
        Ok(Access::Pooled(self.shared.pools.reader.acquire().await?))
    }

    /// A connection for a single statement that writes and is its own transaction: it stands after [`Access::done`].
    async fn writer(&self) -> Result<Access> {
        Ok(match &self.shared.pools.line {
            Some(line) => Access::Turn(line.begin().await?),
            None => Access::Pooled(self.shared.pools.writer.acquire().await?),
        })
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("engine", &self.engine()).finish_non_exhaustive()
    }
}

/// A connection for one statement.
enum Access {
    Pooled(PoolConnection<Any>),
    Turn(Turn),
}

impl Access {
    fn as_mut(&mut self) -> &mut AnyConnection {
        match self {
            Self::Pooled(connection) => connection,
            Self::Turn(turn) => turn.connection(),
        }
    }

    /// What was written is durable.
    async fn done(self) -> Result<()> {
        match self {
            Self::Pooled(_) => Ok(()),
            Self::Turn(turn) => Ok(turn.commit().await?),
        }
    }
}

/// A transaction. Dropped without [`Tx::commit`] it is as if it had never been.
pub struct Tx {
    held: Held,
    shared: Arc<Shared>,
}

enum Held {
    Own(Transaction<'static, Any>),
    Turn(Turn),
}

impl Tx {
    /// Makes it durable: when this returns, a power cut cannot take it back.
    pub async fn commit(self) -> Result<()> {
        match self.held {
            Held::Own(transaction) => Ok(transaction.commit().await?),
            Held::Turn(turn) => Ok(turn.commit().await?),
        }
    }

    /// Takes everything back. Who has read here what another has written, and goes on because of it, ends with this and not by
    /// dropping it: it answers when what was read is durable.
    pub async fn rollback(self) -> Result<()> {
        match self.held {
            Held::Own(transaction) => Ok(transaction.rollback().await?),
            Held::Turn(turn) => Ok(turn.rollback().await?),
        }
    }

    /// The engine it runs on.
    pub fn engine(&self) -> Engine {
        self.shared.pools.engine
    }

    fn connection(&mut self) -> &mut AnyConnection {
        match &mut self.held {
            Held::Own(transaction) => transaction,
            Held::Turn(turn) => turn.connection(),
        }
    }

    fn fresh_row_id(&self, at: Timestamp) -> String {
        self.shared.row_ids.fresh(at)
    }
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").field("engine", &self.engine()).finish_non_exhaustive()
    }
}

/// Names for rows that nobody else names: by time, so that they sort and stay together in an index; then by store, from the
/// engine's random source; then by number.
struct RowIds {
    nonce: String,
    drawn: AtomicU64,
}

impl RowIds {
    fn fresh(&self, at: Timestamp) -> String {
        let number = self.drawn.fetch_add(1, Ordering::Relaxed);
        format!("{:011x}-{}-{number:08x}", at.ms(), self.nonce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_never_print_the_password() {
        let settings = StoreSettings { url: "postgres://gate:secret@db/mingfen".into(), max_connections: 5 };
        assert_eq!(format!("{settings:?}"), "StoreSettings { url: postgres:…, max_connections: 5 }");
    }

    #[test]
    fn row_ids_sort_by_time() {
        let row_ids = RowIds { nonce: "a1".into(), drawn: AtomicU64::new(0) };
        let early = row_ids.fresh(Timestamp::from_ms(1_767_240_000_000));
        let late = row_ids.fresh(Timestamp::from_ms(1_767_240_000_001));
        assert!(early < late);
        assert_ne!(late, row_ids.fresh(Timestamp::from_ms(1_767_240_000_001)));
    }
}
