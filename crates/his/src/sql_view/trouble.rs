//! What a database's error means: come back later, or call a person.

use crate::ledger::{LedgerError, Trouble};
use sqlx::Error;
use sqlx::error::DatabaseError;
use sqlx::mysql::MySqlDatabaseError;
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

const LATER: &str = "The day is incomplete: read it again later";
const SETTINGS: &str = "Check his.ledger.url and his.ledger.query, and what the database account may read";

/// SQLSTATE classes of PostgreSQL that time may mend: connection, transaction rolled back, no resources, not in the right
/// state (a lock), an operator's or a time-out's stop, the system below.
const POSTGRES_LATER: [&str; 6] = ["08", "40", "53", "55", "57", "58"];
/// The class of values that do not fit; its texts repeat them.
const POSTGRES_VALUES: &str = "22";

/// The same of MySQL and MariaDB: too many connections (1040, 1203, 1226), shutting down (1053), the wire (1158 to 1161), locks
/// (1205, 1213), stopped (1317), out of time (1969, 3024), not ready (4031).
const MYSQL_LATER: [u16; 14] =
    [1040, 1053, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1226, 1317, 1969, 3024, 4031];
/// Values that do not fit; their texts repeat them.
const MYSQL_VALUES: [u16; 5] = [1264, 1292, 1365, 1366, 1525];

/// SQLite's first byte: busy, locked, interrupted, input and output.
const SQLITE_LATER: [&str; 4] = ["5", "6", "9", "10"];

/// Sorts an error of asking at `place`.
pub(super) fn of(place: &str, error: &Error) -> LedgerError {
    let later = |problem: String| LedgerError::NotNow(Trouble::new(place, problem, LATER));
    let settings = |problem: String| LedgerError::Misconfigured(Trouble::new(place, problem, SETTINGS));
    match error {
        Error::Database(error) => match sort(error.as_ref()) {
            Meaning::Later => later(format!("the database gave up: {}", error.message())),
            Meaning::Settings => settings(format!("the database refuses: {}", error.message())),
            Meaning::Value(code) => {
                let problem = format!("the query computes with a value that does not fit (error {code})");
                let remedy = "Try the query on the database itself; it tells which value";
                LedgerError::Unreadable(Trouble::new(place, problem, remedy))
            }
        },
        Error::Io(_) | Error::Protocol(_) | Error::WorkerCrashed => {
            later(format!("the database cannot be reached, or went away: {error}"))
        }
        Error::ColumnDecode { index, .. } => {
            let problem = format!("the {index}. column is no text that can be read (counted from 0)");
            let remedy = "Check the character set of the database, or CONVERT the column in the query";
            LedgerError::Unreadable(Trouble::new(place, problem, remedy))
        }
        other => settings(format!("the database cannot be asked: {other}")),
    }
}

/// It took longer than it may.
pub(super) fn out_of_time(place: &str, what: &str, ms: u64, setting: &str) -> LedgerError {
    let remedy = format!(
        "Read the day again later; if that does not help, raise {setting} or give the query an index"
    );
    LedgerError::NotNow(Trouble::new(place, format!("{what} took longer than {ms} ms"), remedy))
}

enum Meaning {
    Later,
    Settings,
    Value(String),
}

fn sort(error: &(dyn DatabaseError + 'static)) -> Meaning {
    let (later, value) = if let Some(postgres) = error.try_downcast_ref::<PgDatabaseError>() {
        let class = postgres.code().get(..2).unwrap_or_default();
        (POSTGRES_LATER.contains(&class), class == POSTGRES_VALUES)
    } else if let Some(mysql) = error.try_downcast_ref::<MySqlDatabaseError>() {
        (MYSQL_LATER.contains(&mysql.number()), MYSQL_VALUES.contains(&mysql.number()))
    } else if error.try_downcast_ref::<SqliteError>().is_some() {
        // The code is the extended one; its low byte is the kind.
        let kind =
            error.code().and_then(|code| code.parse::<i32>().ok()).map(|code| (code & 0xff).to_string());
        (kind.is_some_and(|kind| SQLITE_LATER.contains(&kind.as_str())), false)
    } else {
        (false, false)
    };
    match (later, value) {
        (true, _) => Meaning::Later,
        (false, true) => Meaning::Value(error.code().unwrap_or_default().into_owned()),
        (false, false) => Meaning::Settings,
    }
}
