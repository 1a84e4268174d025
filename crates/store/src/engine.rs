//! What differs between SQLite and PostgreSQL, and nothing else: everywhere else one SQL text serves both.

use crate::errors::Result;
use crate::group::Line;
use crate::{StoreError, StoreSettings};
use sqlx::any::AnyPoolOptions;
use sqlx::pool::PoolConnectionMetadata;
use sqlx::{Any, AnyConnection, AnyPool, Connection, Executor, Transaction, query_scalar};
use std::time::Duration;

/// The database that a store runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// One file, one writer at a time.
    Sqlite,
    /// A server.
    Postgres,
}

/// One text, with a row lock where the engine has row locks. On SQLite the transaction itself is the lock.
///
/// The lock is `NO KEY UPDATE`: our keys never change, and so a row that refers to a locked one can still be inserted.
macro_rules! locked {
    ($engine:expr, $($sql:tt)+) => {
        match $engine {
            $crate::Engine::Sqlite => $($sql)+,
            $crate::Engine::Postgres => concat!($($sql)+, " FOR NO KEY UPDATE"),
        }
    };
}
pub(crate) use locked;

/// How long one caller waits for another's lock before it gives up.
const LOCK_WAIT: Duration = Duration::from_secs(10);
/// A connection that was idle for longer is asked whether it still lives before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);
/// SQLite's readers never wait for its writer; more of them than this only cost memory.
const SQLITE_READERS: u32 = 4;

/// What a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flush {
    /// It is on disk.
    EveryCommit,
    /// Nothing: a power cut may damage the whole file. PostgreSQL flushes all the same.
    Never,
}

/// The connections of a store: on PostgreSQL the two are the same pool.
pub(crate) struct Pools {
    pub(crate) engine: Engine,
    pub(crate) writer: AnyPool,
    pub(crate) reader: AnyPool,
    /// Where SQLite's writers share a flush; PostgreSQL has a line of its own.
    pub(crate) line: Option<Line>,
}

impl Engine {
    fn of_url(url: &str) -> Result<Self> {
        if url.starts_with("sqlite:") {
            Ok(Self::Sqlite)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Self::Postgres)
        } else {
            // The URL is not repeated: it may hold a password.
            let problem = "the database URL must begin with sqlite: or postgres://";
            Err(StoreError::Database(sqlx::Error::Configuration(problem.into())))
        }
    }

    pub(crate) async fn connect(settings: &StoreSettings, flush: Flush) -> Result<Pools> {
        sqlx::any::install_default_drivers();
        match Self::of_url(&settings.url)? {
            Self::Sqlite => connect_sqlite(settings, flush).await,
            Self::Postgres => connect_postgres(settings).await,
        }
    }

    /// Begins a transaction that sees one moment. SQLite's readers do so by themselves: the log keeps the pages of that moment.
    pub(crate) async fn begin_snapshot(self, pool: &AnyPool) -> Result<Transaction<'static, Any>> {
        Ok(match self {
            Self::Sqlite => pool.begin_with("BEGIN DEFERRED").await?,
            Self::Postgres => pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?,
        })
    }

    /// Sixteen hexadecimal digits or more from the engine's own random source.
    pub(crate) async fn draw_nonce(self, connection: &mut AnyConnection) -> Result<String> {
        let sql = match self {
            Self::Sqlite => "SELECT lower(hex(randomblob(8)))",
            Self::Postgres => "SELECT substr(replace(CAST(gen_random_uuid() AS TEXT), '-', ''), 1, 16)",
        };
        Ok(query_scalar::<_, String>(sql).fetch_one(connection).await?)
    }

    /// Whether a commit is on disk before it is answered, by what the connection and the server say of themselves.
    pub(crate) async fn is_durable(self, connection: &mut AnyConnection) -> Result<bool> {
        let settings: &[(&'static str, &[&str])] = match self {
            Self::Sqlite => &[
                ("SELECT journal_mode FROM pragma_journal_mode", &["wal"]),
                ("SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous", &["2", "3"]),
            ],
            Self::Postgres => &[
                ("SELECT current_setting('fsync')", &["on"]),
                (
                    "SELECT current_setting('synchronous_commit')",
                    &["local", "on", "remote_write", "remote_apply"],
                ),
            ],
        };
        for (sql, safe) in settings {
            let value: String = query_scalar(*sql).fetch_one(&mut *connection).await?;
            if !safe.contains(&value.as_str()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a table of that name can be seen.
    pub(crate) async fn has_table(self, connection: &mut AnyConnection, name: &str) -> Result<bool> {
        let sql = match self {
            Self::Sqlite => "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $1",
            Self::Postgres => "SELECT COUNT(to_regclass($1))",
        };
        let count: i64 = query_scalar(sql).bind(name).fetch_one(connection).await?;
        Ok(count > 0)
    }
}

async fn connect_sqlite(settings: &StoreSettings, flush: Flush) -> Result<Pools> {
    let in_memory = settings.url.contains(":memory:") || settings.url.contains("mode=memory");
    let permanent = || {
        AnyPoolOptions::new()
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
    };
    let writer = permanent()
        .max_connections(1)
        .acquire_timeout(LOCK_WAIT.saturating_mul(3))
        .after_connect(move |connection, _| {
            Box::pin(async move {
                prepare_sqlite(connection).await?;
                if flush == Flush::Never {
                    connection.execute("PRAGMA synchronous = OFF").await?;
                }
                Ok(())
            })
        })
        .connect(&settings.url)
        .await?;
    // A database in memory belongs to its one connection, so reading and writing share it.
    let reader = if in_memory {
        writer.clone()
    } else {
        permanent()
            .max_connections(settings.max_connections.clamp(1, SQLITE_READERS))
            .after_connect(|connection, _| {
                Box::pin(async move {
                    prepare_sqlite(connection).await?;
                    connection.execute("PRAGMA query_only = ON").await.map(drop)
                })
            })
            .connect(&settings.url)
            .await?
    };
    let line = Some(Line::new(writer.clone()));
    Ok(Pools { engine: Engine::Sqlite, writer, reader, line })
}

/// A commit is on disk before it is answered (`synchronous = FULL` flushes the log at every commit).
async fn prepare_sqlite(connection: &mut AnyConnection) -> sqlx::Result<()> {
    connection
        .execute(
            "PRAGMA busy_timeout = 10000;
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON;",
        )
        .await
        .map(drop)
}

async fn connect_postgres(settings: &StoreSettings) -> Result<Pools> {
    let pool = AnyPoolOptions::new()
        .max_connections(settings.max_connections.max(2))
        // A round trip before every transaction is dear; a fresh connection is trusted.
        .test_before_acquire(false)
        .before_acquire(|connection, state| Box::pin(still_lives(connection, state)))
        .after_connect(|connection, _| Box::pin(async move { prepare_postgres(connection).await }))
        .connect(&settings.url)
        .await?;
    Ok(Pools { engine: Engine::Postgres, writer: pool.clone(), reader: pool, line: None })
}

async fn still_lives(connection: &mut AnyConnection, state: PoolConnectionMetadata) -> sqlx::Result<bool> {
    if state.idle_for < TRUSTED_IDLE {
        return Ok(true);
    }
    Ok(connection.ping().await.is_ok())
}

/// A server that answers a commit before it is on disk would lose acknowledged money, whatever its configuration says.
async fn prepare_postgres(connection: &mut AnyConnection) -> sqlx::Result<()> {
    connection
        .execute(
            "SET lock_timeout = '10s';
             SET idle_in_transaction_session_timeout = '60s';
             SELECT CASE current_setting('synchronous_commit')
                        WHEN 'off' THEN set_config('synchronous_commit', 'on', false)
                    END;",
        )
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_sqlite_connection_writes_ahead_and_flushes_at_every_commit() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", directory.path().join("store.db").display());
        let pools =
            Engine::connect(&StoreSettings { url, max_connections: 4 }, Flush::EveryCommit).await.unwrap();
        for pool in [&pools.writer, &pools.reader] {
            let mut connection = pool.acquire().await.unwrap();
            let journal_mode: String =
                query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await.unwrap();
            let synchronous: i64 =
                query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await.unwrap();
            let foreign_keys: i64 =
                query_scalar("PRAGMA foreign_keys").fetch_one(&mut *connection).await.unwrap();
            assert_eq!((journal_mode.as_str(), synchronous, foreign_keys), ("wal", 2, 1));
        }
        let mut reader = pools.reader.acquire().await.unwrap();
        assert!(reader.execute("CREATE TABLE t (c TEXT)").await.is_err(), "a reader must not write");
    }
}
