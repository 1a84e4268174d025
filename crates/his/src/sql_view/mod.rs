//! The ledger that a query reads from a database: a view (对账视图) that the HIS vendor gives, or tables that it explains.
//!
//! `query` checks the configured text and finds its placeholders, `columns` finds the fields of the answer by name, `row` reads
//! one row strictly, `engine` is what PostgreSQL, MySQL (and MariaDB) and SQLite do differently, `trouble` says what their errors mean.
//!
//! One connection a reading, read-only, in Beijing time. The database itself writes every column as text: so money and
//! times arrive as it prints them, and never as a float. Give it an account that may read this view and nothing else.

mod columns;
mod engine;
mod query;
mod row;
mod trouble;

pub use columns::QueryColumns;

use crate::ledger::{Ledger, LedgerDay, LedgerError, TakeRow, Tally, Trouble, numbered, place_of};
use crate::text::clean;
use async_trait::async_trait;
use columns::Columns;
use engine::{Address, Connection, Ended};
use mingfen_domain::BusinessDay;
use mingfen_domain::ids::HospitalId;
use query::{Placeholder, Query};
use row::{Cells, Words};
use std::fmt;
use std::time::Duration;

/// Where the ledger is and what to ask.
#[derive(Clone)]
pub struct SqlLedgerSettings {
    /// `postgres://…`, `mysql://…` or `sqlite:…`; it may hold a password.
    pub url: String,
    /// One SELECT with `:hospital`, `:day`, `:from`, `:to`, whose columns have the names of docs/his-ledger.md.
    pub query: String,
    /// What the column `kind` says of payments.
    pub payment_words: Vec<String>,
    /// What it says of refunds.
    pub refund_words: Vec<String>,
    /// For reading a day from the first row to the last.
    pub timeout_ms: u64,
    /// For connecting.
    pub connect_timeout_ms: u64,
}

impl fmt::Debug for SqlLedgerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlLedgerSettings")
            .field("url", &"hidden")
            .field("query", &self.query)
            .field("payment_words", &self.payment_words)
            .field("refund_words", &self.refund_words)
            .field("timeout_ms", &self.timeout_ms)
            .field("connect_timeout_ms", &self.connect_timeout_ms)
            .finish()
    }
}

/// Which setting cannot work, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {problem}")]
pub struct SettingProblem {
    /// `url`, `query`, `payment_words`, `refund_words`, `timeout` or `connect_timeout`.
    pub setting: &'static str,
    /// A sentence without its full stop; it never repeats the URL.
    pub problem: String,
}

/// A day over a configured query.
pub struct SqlLedger {
    address: Address,
    query: Query,
    words: Words,
    timeout_ms: u64,
    connect_timeout_ms: u64,
}

impl fmt::Debug for SqlLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlLedger").field("query", &self.query).finish_non_exhaustive()
    }
}

impl SqlLedger {
    /// Checks all that can be known without connecting.
    ///
    /// # Errors
    /// Every setting that is wrong.
    pub fn new(settings: &SqlLedgerSettings) -> Result<Self, Vec<SettingProblem>> {
        let mut problems = Vec::new();
        let mut wrong = |setting, problem| problems.push(SettingProblem { setting, problem });
        let address = Address::parse(&settings.url).map_err(|problem| wrong("url", problem)).ok();
        let query = Query::parse(&settings.query).map_err(|problem| wrong("query", problem)).ok();
        for (setting, words) in
            [("payment_words", &settings.payment_words), ("refund_words", &settings.refund_words)]
        {
            if words.is_empty() || words.iter().any(|word| word.trim().is_empty()) {
                wrong(setting, "at least one word is wanted, and none of them empty".to_owned());
            }
        }
        let words = Words {
            payment: settings.payment_words.iter().map(|word| word.trim().to_owned()).collect(),
            refund: settings.refund_words.iter().map(|word| word.trim().to_owned()).collect(),
        };
        if let Some(word) = words.in_both() {
            wrong("refund_words", format!("{word:?} is among payment_words too"));
        }
        for (setting, ms) in
            [("timeout", settings.timeout_ms), ("connect_timeout", settings.connect_timeout_ms)]
        {
            if ms == 0 {
                wrong(setting, "at least one millisecond is wanted".to_owned());
            }
        }
        match (address, query) {
            (Some(address), Some(query)) if problems.is_empty() => Ok(Self {
                address,
                query,
                words,
                timeout_ms: settings.timeout_ms,
                connect_timeout_ms: settings.connect_timeout_ms,
            }),
            _ => Err(problems),
        }
    }

    /// Asks the database whether the query can be read: connects, compares the columns, and reads no row.
    async fn check(&self) -> Result<QueryColumns, LedgerError> {
        let place = "the query of his.ledger";
        self.within(place, async {
            let mut connection = self.connect(place).await?;
            let columns = self.columns(&mut connection, place).await?;
            let around = columns.around(&self.query.on(self.address.engine()), self.address.engine());
            connection.describe(around).await.map_err(|error| trouble::of(place, &error))?;
            connection.close().await;
            Ok(columns.told())
        })
        .await
    }

    async fn connect(&self, place: &str) -> Result<Connection, LedgerError> {
        let limit = Duration::from_millis(self.connect_timeout_ms);
        match tokio::time::timeout(limit, self.address.connect(self.timeout_ms)).await {
            Ok(connection) => connection.map_err(|error| trouble::of(place, &error)),
            Err(_) => Err(trouble::out_of_time(
                place,
                "connecting",
                self.connect_timeout_ms,
                "his.ledger.connect_timeout",
            )),
        }
    }

    async fn columns(&self, connection: &mut Connection, place: &str) -> Result<Columns, LedgerError> {
        let described = connection.describe(self.query.on(self.address.engine())).await;
        let described = described.map_err(|error| trouble::of(place, &error))?;
        Columns::of(&described).map_err(|problem| {
            let remedy = "Name the columns in his.ledger.query with AS, as docs/his-ledger.md lists them";
            LedgerError::Misconfigured(Trouble::new(place, problem, remedy))
        })
    }

    /// The database keeps to its own limit too; this one is for the network between.
    async fn within<T>(
        &self,
        place: &str,
        work: impl Future<Output = Result<T, LedgerError>> + Send,
    ) -> Result<T, LedgerError> {
        match tokio::time::timeout(Duration::from_millis(self.timeout_ms), work).await {
            Ok(done) => done,
            Err(_) => Err(trouble::out_of_time(place, "reading", self.timeout_ms, "his.ledger.timeout")),
        }
    }

    fn value(placeholder: Placeholder, hospital: &HospitalId, day: BusinessDay) -> String {
        match placeholder {
            Placeholder::Hospital => hospital.as_str().to_owned(),
            Placeholder::Day => day.to_string(),
            Placeholder::From => day.start().to_beijing_text(),
            Placeholder::To => day.end().to_beijing_text(),
        }
    }
}

#[async_trait]
impl Ledger for SqlLedger {
    async fn columns(&self) -> Result<Option<QueryColumns>, LedgerError> {
        self.check().await.map(Some)
    }

    /// One statement is one moment of the database, so no row moves while it is read.
    async fn read_day(
        &self,
        hospital: &HospitalId,
        day: BusinessDay,
        take: &mut TakeRow<'_>,
    ) -> Result<LedgerDay, LedgerError> {
        let place = place_of(day);
        let engine = self.address.engine();
        let values = self.query.values().map(|value| Self::value(value, hospital, day)).collect();
        self.within(&place, async {
            let mut connection = self.connect(&place).await?;
            let columns = self.columns(&mut connection, &place).await?;
            let mut tally = Tally::new(day);
            let mut number = 0_u64;
            let mut pass = |cells: &Cells| {
                number += 1;
                let place = || format!("{place}, row {number} of the query's answer");
                let row = row::read(cells, columns.unit, &self.words).map_err(|(problem, remedy)| {
                    let row_no = clean(cells[0].as_deref().unwrap_or_default());
                    LedgerError::Unreadable(Trouble::new(numbered(&place(), &row_no), problem, remedy))
                })?;
                tally.pass(row, place, twice, take)
            };
            let sql = columns.around(&self.query.on(engine), engine);
            connection.stream(sql, values, &mut pass).await.map_err(|ended| match ended {
                Ended::Database(error) => trouble::of(&place, &error),
                Ended::Taker(error) => error,
            })?;
            connection.close().await;
            Ok(tally.into_day())
        })
        .await
    }
}

/// In one answer there is no other reason for it.
fn twice(place: String) -> LedgerError {
    let problem = "its row_no came before";
    let remedy = "Give each row a number of its own; a JOIN in the query may be multiplying rows";
    LedgerError::Unreadable(Trouble::new(place, problem, remedy))
}
