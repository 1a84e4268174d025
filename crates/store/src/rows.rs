//! From a row back to domain types. What does not fit is named by table, row and column; the value itself is not repeated.

use crate::errors::{Result, StoreError};
use mingfen_domain::ids::IdError;
use mingfen_domain::{Amount, Fen, Timestamp};
use sqlx::Row;
use sqlx::any::AnyRow;
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

/// Behind which moment and number a page of a list by moment and number begins. The pair is compared as one, `(at, number) > ($1, $2)`,
/// so that an index leads to it: a bound on the moment beside it would have every page read from the first row on.
pub(crate) fn page_begin(from: Timestamp, after: Option<&(Timestamp, String)>) -> (i64, &str) {
    // No number is empty.
    let first = (from.ms(), "");
    after.map_or(first, |(at, number)| (at.ms(), number.as_str()).max(first))
}
