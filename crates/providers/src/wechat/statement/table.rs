//! The grammar both bills share: a bare header, rows whose every field has a backtick before it, a bare summary header, one
//! summary row. Columns are found by name, because sets and orders differ by type and by the merchant's age.

use crate::text::{Lines, cut};
use mingfen_domain::{Fen, Timestamp};
use mingfen_provider_api::statement::StatementError;
use std::borrow::Cow;
use std::io::BufRead;

/// What to do about every damage that fetching again may heal.
const FETCH_AGAIN: &str = "fetch the file again; if it stays so, keep it and ask WeChat Pay";

/// One part of a file: its header and where things are.
pub struct Part<'a> {
    file: &'a str,
    line: u64,
    names: Vec<String>,
}

/// A column of a part.
#[derive(Clone, Copy)]
pub struct Column {
    index: usize,
    name: &'static str,
}

/// A row of a part, split.
pub struct Row<'a> {
    part: &'a Part<'a>,
    line: u64,
    fields: &'a [&'a str],
}

/// Reads a whole file: `begin` finds the columns, `each` takes the rows, and `end` the summary.
///
/// `begin`'s columns are passed to every `each`.
pub fn read<R: BufRead, C>(
    mut lines: Lines<'_, R>,
    begin: impl FnOnce(&Part<'_>) -> Result<C, StatementError>,
    mut each: impl FnMut(&mut C, &Row<'_>) -> Result<(), StatementError>,
    end: impl FnOnce(C, &Row<'_>) -> Result<(), StatementError>,
) -> Result<(), StatementError> {
    let name = lines.file();
    let header = next(&mut lines)?.map_or("", |(_, header)| header.trim_start_matches('\u{feff}'));
    if header.is_empty() || header.starts_with(['`', '<', '{']) {
        let begins = cut(header, 40);
        let problem = format!(
            "is not a bill: it begins with {begins:?}; an error page may have been saved, {FETCH_AGAIN}"
        );
        return Err(StatementError::new(name, 0, problem));
    }
    let part = Part::new(name, 1, header)?;
    let mut columns = begin(&part)?;
    let cut_off = |line| {
        let problem = format!("the file ends before its summary; it was cut off, {FETCH_AGAIN}");
        StatementError::new(name, line, problem).of_totals()
    };
    let summary = loop {
        match next(&mut lines)? {
            Some((line, row)) if row.starts_with('`') => {
                let fields = part.split(line, row)?;
                each(&mut columns, &Row { part: &part, line, fields: &fields })?;
            }
            Some((line, heading)) if !heading.is_empty() => break Part::new(name, line, heading)?,
            _ => return Err(cut_off(part.line)),
        }
    };
    match next(&mut lines)? {
        Some((line, row)) if row.starts_with('`') => {
            let fields = summary.split(line, row)?;
            end(columns, &Row { part: &summary, line, fields: &fields })?;
        }
        _ => return Err(cut_off(summary.line)),
    }
    while let Some((line, rest)) = next(&mut lines)? {
        if !rest.is_empty() {
            let problem = format!("{:?} follows the summary; {FETCH_AGAIN}", cut(rest, 40));
            return Err(StatementError::new(name, line, problem));
        }
    }
    Ok(())
}

fn next<'l, R: BufRead>(lines: &'l mut Lines<'_, R>) -> Result<Option<(u64, &'l str)>, StatementError> {
    let file = lines.file();
    let Some((line, bytes)) = lines.read()? else { return Ok(None) };
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Some((line, text))),
        Err(_) => {
            let problem = format!("is not UTF-8 text; it must be kept as it was downloaded, {FETCH_AGAIN}");
            Err(StatementError::new(file, line, problem))
        }
    }
}

impl<'a> Part<'a> {
    fn new(file: &'a str, line: u64, header: &str) -> Result<Self, StatementError> {
        // Fund-flow bills come with half-width and with full-width brackets.
        let names: Vec<String> = header
            .split(',')
            .map(|name| name.trim().trim_start_matches('`').replace('（', "(").replace('）', ")"))
            .collect();
        let part = Self { file, line, names };
        for (index, name) in part.names.iter().enumerate() {
            if part.names[..index].contains(name) {
                let problem = format!("the header names {:?} twice", cut(name, 40));
                return Err(part.error(line, None, problem));
            }
        }
        Ok(part)
    }

    /// A column that may be there, under the first of `names` that is.
    pub fn find(&self, names: &[&'static str]) -> Option<Column> {
        names.iter().find_map(|&name| {
            self.names.iter().position(|there| there == name).map(|index| Column { index, name })
        })
    }

    /// A column that must be there, under the first of `names` that is.
    pub fn require(&self, names: &[&'static str]) -> Result<Column, StatementError> {
        self.find(names).ok_or_else(|| {
            let wanted = names.join(" or ");
            let there = self.names.join(",");
            self.error(
                self.line,
                None,
                format!(
                    "the header has no column {wanted}, it has {:?}; is it the right kind of bill?",
                    cut(&there, 120)
                ),
            )
        })
    }

    /// Splits at a comma that a backtick follows; a comma without one belongs to the text around it.
    fn split<'l>(&self, line: u64, text: &'l str) -> Result<Vec<&'l str>, StatementError> {
        let mut fields = Vec::with_capacity(self.names.len());
        let bytes = text.as_bytes();
        let mut start = 1;
        for (comma, _) in text.match_indices(',') {
            if bytes.get(comma + 1) == Some(&b'`') {
                fields.push(&text[start..comma]);
                start = comma + 2;
            }
        }
        fields.push(&text[start..]);
        if fields.len() == self.names.len() {
            return Ok(fields);
        }
        let problem = format!(
            "has {} fields where the header has {}; the line is damaged, {FETCH_AGAIN}",
            fields.len(),
            self.names.len()
        );
        Err(self.error(line, None, problem))
    }

    fn error(&self, line: u64, column: Option<&str>, problem: String) -> StatementError {
        StatementError { column: column.map(str::to_owned), ..StatementError::new(self.file, line, problem) }
    }
}

impl<'a> Row<'a> {
    /// Its number in the file.
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// Where its columns are.
    pub const fn part(&self) -> &Part<'a> {
        self.part
    }

    /// A field as it stands.
    pub fn text(&self, column: Column) -> &'a str {
        self.fields.get(column.index).copied().unwrap_or_default()
    }

    /// An amount in yuan with at most two decimals.
    pub fn fen(&self, column: Column) -> Result<Fen, StatementError> {
        Fen::from_yuan(self.text(column)).map_err(|error| self.error(column, error.to_string()))
    }

    /// An amount in yuan with at most five decimals, in 1/1000 fen.
    pub fn milli_fen(&self, column: Column) -> Result<i64, StatementError> {
        let text = self.text(column);
        milli_fen(text).ok_or_else(|| {
            let problem = format!("{:?} is not an amount in yuan with at most five decimals", cut(text, 40));
            self.error(column, problem)
        })
    }

    /// A number of things. Old files print `45.0`.
    pub fn count(&self, column: Column) -> Result<u64, StatementError> {
        let text = self.text(column);
        let whole = match text.split_once('.') {
            Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
            Some(_) => "",
            None => text,
        };
        whole
            .parse()
            .map_err(|_| self.error(column, format!("{:?} is not a number of things", cut(text, 40))))
    }

    /// A Beijing time.
    pub fn time(&self, column: Column) -> Result<Timestamp, StatementError> {
        Timestamp::from_beijing_text(self.text(column)).map_err(|error| self.error(column, error.to_string()))
    }

    /// A problem with one field; says what to do.
    pub fn error(&self, column: Column, problem: String) -> StatementError {
        self.part.error(self.line, Some(column.name), format!("{problem}; {FETCH_AGAIN}"))
    }

    /// Compares what the file says of itself with what was counted.
    pub fn agree<T: PartialEq + std::fmt::Display>(
        &self,
        column: Column,
        said: T,
        counted: T,
    ) -> Result<(), StatementError> {
        if said == counted {
            return Ok(());
        }
        Err(self.error(column, format!("the summary says {said} and the lines make {counted}")).of_totals())
    }
}

/// Puts back what the file escapes in free text: a comma is written as backslash and blank, a line break as backslash and n.
pub fn unescape(text: &str) -> Cow<'_, str> {
    if text.contains('\\') { text.replace("\\ ", ",").replace("\\n", "\n").into() } else { text.into() }
}

fn milli_fen(text: &str) -> Option<i64> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(decimals) || decimals.len() > 5 {
        return None;
    }
    let fraction: i64 = format!("{decimals:0<5}").parse().ok()?;
    let value = whole.parse::<i64>().ok()?.checked_mul(100_000)?.checked_add(fraction)?;
    Some(if negative { -value } else { value })
}
