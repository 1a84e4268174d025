//! From a row back to domain types. What does not fit is named by table, row and column; the value itself is not repeated.

use crate::errors::{Result, StoreError};
use mingfen_domain::ids::IdError;
use mingfen_domain::{Amount, BusinessDay, Fen, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row, query};
use std::fmt::Display;

/// One row while it is read.
pub(crate) struct Fields<'r> {
    table: &'static str,
    key: String,
    row: &'r AnyRow,
}

impl<'r> Fields<'r> {
    /// Reads `row` of `table`, whose text column `key` names it in errors.
    pub(crate) fn new(table: &'static str, key: &'static str, row: &'r AnyRow) -> Result<Self> {
        let key = row.try_get(key)?;
        Ok(Self { table, key, row })
    }

    pub(crate) fn inconsistent(&self, column: &'static str, problem: impl Display) -> StoreError {
        StoreError::Inconsistent {
            table: self.table,
            key: self.key.clone(),
            column,
            problem: problem.to_string(),
        }
    }

    pub(crate) fn text(&self, column: &'static str) -> Result<String> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn optional_text(&self, column: &'static str) -> Result<Option<String>> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn bytes(&self, column: &'static str) -> Result<Vec<u8>> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn optional_bytes(&self, column: &'static str) -> Result<Option<Vec<u8>>> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn number(&self, column: &'static str) -> Result<i64> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn optional_number(&self, column: &'static str) -> Result<Option<i64>> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn optional_flag(&self, column: &'static str) -> Result<Option<bool>> {
        Ok(self.optional_number(column)?.map(|flag| flag != 0))
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp> {
        self.number(column).map(Timestamp::from_ms)
    }

    pub(crate) fn optional_time(&self, column: &'static str) -> Result<Option<Timestamp>> {
        Ok(self.optional_number(column)?.map(Timestamp::from_ms))
    }

    pub(crate) fn fen(&self, column: &'static str) -> Result<Fen> {
        self.number(column).map(Fen::new)
    }

    pub(crate) fn amount(&self, column: &'static str) -> Result<Amount> {
        let fen = self.present(column, self.optional_number(column)?)?;
        Amount::from_fen(fen).map_err(|error| self.inconsistent(column, error))
    }

    /// A number of ours or of others, checked by its own type.
    pub(crate) fn id<T>(&self, column: &'static str, parse: fn(String) -> Result<T, IdError>) -> Result<T> {
        let text = self.present(column, self.optional_text(column)?)?;
        parse(text).map_err(|error| self.inconsistent(column, error))
    }

    /// The same where it may be missing.
    pub(crate) fn optional_id<T>(
        &self,
        column: &'static str,
        parse: fn(String) -> Result<T, IdError>,
    ) -> Result<Option<T>> {
        self.optional_text(column)?
            .map(|text| parse(text).map_err(|error| self.inconsistent(column, error)))
            .transpose()
    }

    /// A day, as `2026-01-01`.
    pub(crate) fn day(&self, column: &'static str) -> Result<BusinessDay> {
        self.present(column, self.optional_day(column)?)
    }

    pub(crate) fn optional_day(&self, column: &'static str) -> Result<Option<BusinessDay>> {
        self.optional_text(column)?
            .map(|text| BusinessDay::parse(&text).map_err(|error| self.inconsistent(column, error)))
            .transpose()
    }

    /// Yes or no, kept as 1 or 0.
    pub(crate) fn flag(&self, column: &'static str) -> Result<bool> {
        Ok(self.number(column)? == 1)
    }

    /// A word of a fixed list.
    pub(crate) fn word<T>(&self, column: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        let word = self.present(column, self.optional_text(column)?)?;
        parse(&word).ok_or_else(|| self.inconsistent(column, format_args!("holds the unknown word {word:?}")))
    }

    /// A column that must be there in this state.
    pub(crate) fn present<T>(&self, column: &'static str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| self.inconsistent(column, "is empty, which its state forbids"))
    }
}

/// A page of a list by moment and number: at most `limit` rows from `from` on and before `to`, from the one after `after`. The query
/// compares the pair as one, `(at, number) > ($1, $2)`, so that an index leads to the page: a bound on the moment beside it would have
/// every page read from the first row on. `$3` is its end and `$4` its limit.
pub(crate) async fn page(
    connection: &mut AnyConnection,
    sql: &'static str,
    (from, to): (Timestamp, Timestamp),
    after: Option<&(Timestamp, String)>,
    limit: i64,
) -> Result<Vec<AnyRow>> {
    // No number is empty.
    let first = (from.ms(), "");
    let (after_ms, after_no) = after.map_or(first, |(at, number)| (at.ms(), number.as_str()).max(first));
    Ok(query(sql).bind(after_ms).bind(after_no).bind(to.ms()).bind(limit).fetch_all(connection).await?)
}
