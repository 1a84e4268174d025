//! A layout for a file that nobody has described: proposed from its headings and from what stands under them, with a reason for
//! every column, and ten rows as it would be read. A person decides; nothing is compared by a guess.

mod columns;
mod draft;

use super::front::{self, Choice, LONGEST_PREAMBLE, Limits, Prepared, total_word};
use super::layout::Layout;
use super::{FilesError, Input, Progress, Refusal, name_of};
use crate::matching::{HashKey, Rules};
use crate::sides::{Kind, Side};
use columns::{Column, Headings, WANTED, choose, is_moment, is_money, known_headings, meaning, plain};
use draft::{Draft, visible};
use mingfen_domain::Fen;
use std::io::Write as _;
use std::path::Path;
use tempfile::NamedTempFile;

/// Records that are looked at.
const LOOKED_AT: usize = 400;
/// Rows that are shown.
const SHOWN: usize = 10;
/// What is proposed.
pub struct Proposal {
    /// The layout, with comments.
    pub toml: String,
    /// Why each column was chosen.
    pub reasons: Vec<Reason>,
    /// Columns that are needed and were not found: the layout does not work without them.
    pub missing: Vec<&'static str>,
    /// How the file is packed, encoded and separated, in one sentence.
    pub form: String,
    /// The first rows as the layout reads them, or why it cannot.
    pub rows: Result<Vec<Row>, Refusal>,
}

/// Why a heading was taken for a column.
pub struct Reason {
    /// The column's name in layouts.
    pub column: &'static str,
    /// The heading in the file.
    pub heading: String,
    /// A sentence.
    pub why: String,
}

/// A row as the proposed layout reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its line in the file.
    pub line: u64,
    /// Payment or refund.
    pub kind: Kind,
    /// The order number.
    pub order_no: String,
    /// The refund number.
    pub refund_no: String,
    /// How much.
    pub amount: Fen,
    /// The time, as it is written.
    pub at: String,
    /// The provider's number.
    pub provider_no: String,
}

/// Proposes a layout.
///
/// # Errors
/// The file cannot be opened, or is no table.
pub fn guess(path: &Path, sheet: Option<&str>, key: HashKey, limits: Limits) -> Result<Proposal, Refusal> {
    let choice = Choice { known: &[], layout: None, otherwise: None, day: None, limits };
    let table = front::table(path, sheet, &choice, LOOKED_AT)?;
    let refuse = |problem: &str| Refusal::of_line(&table.shown, 0, problem);
    let known = known_headings();
    let header = header_of(&table.records, &known)
        .ok_or_else(|| refuse("has no line with several headings in its first 50; is it a table at all?"))?;
    let (header_line, headings) = &table.records[header];
    let rows: Vec<&[String]> = (table.records[header + 1..].iter())
        .map(|(_, cells)| cells.as_slice())
        .filter(|cells| cells.iter().any(|cell| !cell.is_empty()))
        .filter(|cells| !cells.iter().any(|cell| total_word(cell).is_some()))
        .collect();
    let columns: Vec<Column<'_>> = (headings.iter().enumerate())
        .map(|(index, heading)| {
            Column::look(heading, rows.iter().filter_map(|cells| cells.get(index).map(String::as_str)))
        })
        .collect();
    let chosen = choose(&columns, &known);
    let mut reasons = Vec::new();
    for (wanted, found) in WANTED.iter().zip(&chosen) {
        if let Some((index, why)) = found {
            let heading = visible(columns[*index].heading);
            reasons.push(Reason { column: wanted.name, heading, why: visible(why) });
        }
    }
    let missing: Vec<&'static str> = (WANTED.iter().zip(&chosen))
        .filter(|(wanted, found)| found.is_none() && matches!(wanted.name, "order_no" | "amount" | "at"))
        .map(|(wanted, _)| wanted.name)
        .collect();
    let separator = match table.separator {
        ',' => "commas",
        '\t' => "tabs",
        ';' => "semicolons",
        _ => "bars",
    };
    let form = match table.container {
        Some("XLSX") => format!("A workbook; {}; headings in row {header_line}.", table.shown),
        container => format!(
            "{}{} text, fields separated by {separator}; headings in line {header_line}.",
            container.map(|kind| format!("{kind} with ")).unwrap_or_default(),
            if table.is_gbk { "GBK" } else { "UTF-8" },
        ),
    };
    let toml = Draft {
        columns: &columns,
        chosen: &chosen,
        separator: table.separator,
        sheet,
        form: &form,
        ways: meaning(&known, "way"),
    }
    .write();
    let rows = if missing.is_empty() {
        let beginning = table.beginning.as_ref().map_or(path, |file| file.path());
        read_rows(beginning, &toml, key, limits)
            .map_err(|refusal| Refusal { file: table.shown.clone(), ..refusal })
    } else {
        Err(refuse("cannot be read by this layout yet; name the missing columns in it"))
    };
    Ok(Proposal { toml, reasons, missing, form, rows })
}

/// The line that says most headings that mean something; otherwise the first with several texts in it.
fn header_of(records: &[(u64, Vec<String>)], headings: &Headings) -> Option<usize> {
    let known = |cells: &[String]| {
        let names: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        WANTED
            .iter()
            .filter(|wanted| {
                meaning(headings, wanted.name).iter().any(|heading| names.iter().any(|name| name == heading))
            })
            .count()
    };
    let first = records.iter().take(LONGEST_PREAMBLE);
    let best = first
        .clone()
        .enumerate()
        .map(|(index, (_, cells))| (known(cells), index))
        .rev()
        .max_by_key(|(count, _)| *count);
    match best {
        Some((count, index)) if count >= 2 => Some(index),
        _ => first.clone().position(|(_, cells)| {
            let filled = cells.iter().filter(|cell| !cell.is_empty()).count();
            filled >= 3 && cells.iter().all(|cell| !is_money(cell) && !is_moment(cell))
        }),
    }
}

/// The first rows, read by the very reader that would compare them: alone, each is one-sided, and so it is told.
fn read_rows(path: &Path, toml: &str, key: HashKey, limits: Limits) -> Result<Vec<Row>, Refusal> {
    let refuse = |problem: String| Refusal::of_line(&name_of(path), 0, problem);
    let layout =
        Layout::parse(toml).map_err(|problem| refuse(format!("the proposed layout is wrong: {problem}")))?;
    let choice = Choice { known: &[], layout: Some(&layout), otherwise: None, day: None, limits };
    let prepared = Prepared::open(path, &choice)?.careful()?;
    let broken = |error: std::io::Error| refuse(format!("cannot be read: {error}"));
    let text = first_lines(&prepared.path, SHOWN + 1).map_err(broken)?;
    let mut sample = NamedTempFile::new().map_err(broken)?;
    sample.write_all(&text).map_err(broken)?;
    let inputs = [Input::new(Side::His, sample.path().to_owned(), &layout)];
    let compared = super::compare(&inputs, Rules::default(), key, 1, &Progress::default());
    let report = compared.map_err(|(_, error)| match error {
        FilesError::Refused(refusal) => prepared.own(refusal),
        other => refuse(other.to_string()),
    })?;
    let mut rows = Vec::new();
    for (finding, evidence) in report.outcome.findings.iter().zip(&report.evidence) {
        for (found, there) in finding.lines.iter().zip(evidence) {
            rows.push(Row {
                line: prepared.line(there.line),
                kind: found.kind,
                order_no: String::from_utf8_lossy(&finding.order_no).into_owned(),
                refund_no: String::from_utf8_lossy(&found.refund_no).into_owned(),
                amount: found.amount,
                at: there.at.clone(),
                provider_no: there.provider_no.clone(),
            });
        }
    }
    rows.sort_by_key(|row| row.line);
    Ok(rows)
}

fn first_lines(path: &Path, most: usize) -> std::io::Result<Vec<u8>> {
    use std::io::{BufRead, BufReader, Read};
    let mut input = BufReader::new(std::fs::File::open(path)?.take(1 << 20));
    let mut text = Vec::new();
    for _ in 0..most {
        input.read_until(b'\n', &mut text)?;
    }
    Ok(text)
}
