//! What differs between the databases, and nothing else.

use super::columns::Described;
use super::query::Placeholder;
use super::row::{Cells, WIDTH};
use crate::ledger::LedgerError;
use futures_util::TryStreamExt;
use sqlx::mysql::{MySql, MySqlConnectOptions, MySqlConnection};
use sqlx::postgres::{PgConnectOptions, PgConnection, Postgres};
use sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqliteConnection};
use sqlx::{
    AssertSqlSafe, Column, ColumnIndex, ConnectOptions, Connection as _, Database, Decode, Encode, Executor,
    IntoArguments, Row, SqlSafeStr, Statement, Type, TypeInfo,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A database that can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
    Mysql,
}

impl Engine {
    /// Where a value goes, as the `number`-th from 1. PostgreSQL compares nothing with a text but texts, so there the day is a
    /// date and the moments are timestamps; MySQL turns a text into what it is compared with, and SQLite has no others.
    pub(super) fn mark(self, value: Placeholder, number: usize) -> String {
        match (self, value) {
            (Self::Sqlite | Self::Mysql, _) => "?".to_owned(),
            (Self::Postgres, Placeholder::Hospital) => format!("CAST(${number} AS text)"),
            (Self::Postgres, Placeholder::Day) => format!("CAST(CAST(${number} AS text) AS date)"),
            (Self::Postgres, Placeholder::From | Placeholder::To) => {
                format!("CAST(CAST(${number} AS text) AS timestamp)")
            }
        }
    }

    /// A column of the query as text; without a column nothing.
    pub(super) fn text_of(self, column: Option<&str>) -> String {
        let column = column.map_or_else(|| "NULL".to_owned(), |name| self.column(name));
        match self {
            Self::Sqlite | Self::Postgres => format!("CAST({column} AS TEXT)"),
            Self::Mysql => format!("CAST({column} AS CHAR)"),
        }
    }

    /// `'1'` in rows whose value is a float although its column is none: in SQLite each value has a type of its own.
    pub(super) fn is_inexact(self, column: &str) -> String {
        match self {
            Self::Sqlite => {
                format!("CASE typeof({}) WHEN 'real' THEN '1' ELSE '0' END", self.column(column))
            }
            Self::Postgres | Self::Mysql => self.text_of(None),
        }
    }

    fn column(self, name: &str) -> String {
        let quote = if self == Self::Mysql { "`" } else { "\"" };
        format!("q.{quote}{}{quote}", name.replace(quote, &quote.repeat(2)))
    }
}

/// How to reach a database. Never printed: it holds a password.
#[derive(Clone)]
pub(super) enum Address {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
    Mysql(MySqlConnectOptions),
}

impl Address {
    /// Reads a URL; the error does not repeat it.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let unreadable = |error: sqlx::Error| {
            match error {
            // A file that cannot be, a port that is no number: known without the URL.
            sqlx::Error::Configuration(_) | sqlx::Error::Io(_) => {
                "the address cannot be read; wanted is scheme://user:password@host:port/name, with %40 for an @ in the password"
                    .to_owned()
            }
            other => other.to_string(),
        }
        };
        let scheme = url.split(':').next().unwrap_or_default();
        match scheme {
            "sqlite" => {
                let options = url.parse::<SqliteConnectOptions>().map_err(unreadable)?;
                let options = options.read_only(true).create_if_missing(false);
                Ok(Self::Sqlite(options.disable_statement_logging()))
            }
            "postgres" | "postgresql" => {
                let options = url.parse::<PgConnectOptions>().map_err(unreadable)?;
                Ok(Self::Postgres(options.application_name("mingfen").disable_statement_logging()))
            }
            "mysql" | "mariadb" => {
                let options = url.parse::<MySqlConnectOptions>().map_err(unreadable)?;
                Ok(Self::Mysql(options.timezone(Some("+08:00".to_owned())).disable_statement_logging()))
            }
            _ => Err("it begins with none of postgres://, mysql:// and sqlite:".to_owned()),
        }
    }

    pub(super) const fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
            Self::Mysql(_) => Engine::Mysql,
        }
    }

    /// Opens one connection that can only read, in Beijing time, with a limit to what a statement may take.
    pub(super) async fn connect(&self, timeout_ms: u64) -> Result<Connection, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(options) => {
                let mut connection = options.connect().await?;
                connection.execute("PRAGMA query_only = ON").await?;
                let wanted = Wanted(Arc::new(AtomicBool::new(true)));
                let still = Arc::clone(&wanted.0);
                let mut handle = connection.lock_handle().await?;
                handle.set_progress_handler(STEPS, move || still.load(Ordering::Relaxed));
                drop(handle);
                Connection::Sqlite(connection, wanted)
            }
            Self::Postgres(options) => {
                let mut connection = options.connect().await?;
                let session = format!(
                    "SET default_transaction_read_only = on; SET statement_timeout = {timeout_ms}; \
                     SET TimeZone = 'Asia/Shanghai'; SET DateStyle = 'ISO, YMD'"
                );
                connection.execute(sqlx::raw_sql(AssertSqlSafe(session))).await?;
                Connection::Postgres(connection)
            }
            Self::Mysql(options) => {
                let mut connection = options.connect().await?;
                connection.execute("SET SESSION TRANSACTION READ ONLY").await?;
                let version: String =
                    sqlx::query_scalar("SELECT VERSION()").fetch_one(&mut connection).await?;
                // The two call it differently and count it differently.
                let limit = if version.contains("MariaDB") {
                    format!("SET SESSION max_statement_time = {}.{:03}", timeout_ms / 1000, timeout_ms % 1000)
                } else {
                    format!("SET SESSION max_execution_time = {timeout_ms}")
                };
                connection.execute(AssertSqlSafe(limit)).await?;
                Connection::Mysql(connection)
            }
        })
    }
}

/// SQLite asks after so many of its steps whether the answer is still wanted.
const STEPS: i32 = 10_000;

/// Tells SQLite's thread to stop when the reading is over, however it ended: it has no limit for a statement of its own.
pub(super) struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// A connection to one of them.
pub(super) enum Connection {
    Sqlite(SqliteConnection, Wanted),
    Postgres(PgConnection),
    Mysql(MySqlConnection),
}

/// A row on its way, or the end of the reading by whoever takes rows.
pub(super) type TakeCells<'a> = dyn FnMut(&Cells) -> Result<(), LedgerError> + Send + 'a;

/// Why a stream ended before its last row.
pub(super) enum Ended {
    Database(sqlx::Error),
    Taker(LedgerError),
}

impl From<sqlx::Error> for Ended {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl Connection {
    /// What the answer of a query will look like. Nothing is read.
    pub(super) async fn describe(&mut self, sql: String) -> Result<Vec<Described>, sqlx::Error> {
        match self {
            Self::Sqlite(connection, _) => describe::<Sqlite>(connection, sql).await,
            Self::Postgres(connection) => describe::<Postgres>(connection, sql).await,
            Self::Mysql(connection) => describe::<MySql>(connection, sql).await,
        }
    }

    /// Gives the rows as the database sends them, holding one.
    pub(super) async fn stream(
        &mut self,
        sql: String,
        values: Vec<String>,
        take: &mut TakeCells<'_>,
    ) -> Result<(), Ended> {
        match self {
            Self::Sqlite(connection, _) => stream::<Sqlite>(connection, sql, values, take).await,
            Self::Postgres(connection) => stream::<Postgres>(connection, sql, values, take).await,
            Self::Mysql(connection) => stream::<MySql>(connection, sql, values, take).await,
        }
    }

    /// Says good-bye; whether the other side hears it does not matter any more.
    pub(super) async fn close(self) {
        let _ = match self {
            Self::Sqlite(connection, _wanted) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
            Self::Mysql(connection) => connection.close().await,
        };
    }
}

async fn describe<DB>(connection: &mut DB::Connection, sql: String) -> Result<Vec<Described>, sqlx::Error>
where
    DB: Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let statement = connection.prepare(AssertSqlSafe(sql).into_sql_str()).await?;
    let described = |column: &DB::Column| Described {
        name: column.name().to_owned(),
        kind: column.type_info().name().to_owned(),
    };
    Ok(statement.columns().iter().map(described).collect())
}

async fn stream<DB>(
    connection: &mut DB::Connection,
    sql: String,
    values: Vec<String>,
    take: &mut TakeCells<'_>,
) -> Result<(), Ended>
where
    DB: Database,
    DB::Arguments: IntoArguments<DB>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    String: for<'q> Encode<'q, DB> + for<'r> Decode<'r, DB> + Type<DB>,
    usize: ColumnIndex<DB::Row>,
{
    let query = sqlx::query::<DB>(AssertSqlSafe(sql));
    let mut rows = values.into_iter().fold(query, |query, value| query.bind(value)).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let mut cells: Cells = [const { None }; WIDTH];
        for (index, cell) in cells.iter_mut().enumerate() {
            *cell = row.try_get::<Option<String>, _>(index)?;
        }
        take(&cells).map_err(Ended::Taker)?;
    }
    Ok(())
}
