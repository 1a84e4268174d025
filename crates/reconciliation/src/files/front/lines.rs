//! Single lines and first lines of a file as it is, for people who look at it.

use super::plain::tidy;
use super::records::{self, Records};
use super::unpack::{HEAD, Unpacked, is_zip, unpack};
use super::{Choice, Known, Reading, Refusal, Trouble, most_frequent, separator, text_of, workbook};
use crate::files::layout::{Layout, cut};
use crate::files::{name_of, without_mark};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// Shows a line as the file has it: each field beside its heading, decoded, with nothing else changed. For a workbook the line is
/// the row of its sheet; for an archive it is the line of the file in it.
///
/// # Errors
/// The file cannot be opened, or has no such line.
pub fn line_of(path: &Path, choice: &Choice<'_>, line: u64) -> Result<Vec<(String, String)>, Refusal> {
    let show = || {
        let unpacked = unpack(path, choice.known, &choice.limits)?;
        let known = choice.kind_of(&unpacked.head);
        let layout = choice.layout.or(known.and_then(Known::layout)).or(choice.otherwise);
        let found = if is_zip(&unpacked.head) {
            of_workbook(&unpacked, choice, layout, line)?
        } else {
            of_text(&unpacked, known.and_then(|known| known.show), layout, line)?
        };
        found.ok_or_else(|| Trouble::of_line(line, "is not there; the file is shorter"))
    };
    show().map_err(|trouble: Trouble| trouble.in_file(&name_of(path)))
}

/// What kind of file this is, if it is one of the known.
///
/// # Errors
/// The file cannot be opened.
pub fn kind_of(path: &Path, choice: &Choice<'_>) -> Result<Option<&'static str>, Refusal> {
    let unpacked =
        unpack(path, choice.known, &choice.limits).map_err(|trouble| trouble.in_file(&name_of(path)))?;
    Ok(choice.known.iter().find(|known| (known.recognise)(&unpacked.head)).map(|known| known.name))
}

impl Known {
    fn layout(&self) -> Option<&Layout> {
        match &self.reading {
            Reading::Plain(layout) | Reading::Turned(layout, _) => Some(layout),
            Reading::Companion | Reading::Refused(_) => None,
        }
    }
}

fn is_header(layout: Option<&Layout>, cells: &[String]) -> bool {
    match layout {
        Some(layout) => layout.finds(cells),
        None => cells.iter().filter(|cell| !cell.is_empty()).count() > 1,
    }
}

fn beside(headings: &[String], cells: Vec<String>) -> Vec<(String, String)> {
    let heading = |index: usize| headings.get(index).cloned().unwrap_or_default();
    cells.into_iter().enumerate().map(|(index, cell)| (heading(index), cell)).collect()
}

fn of_workbook(
    unpacked: &Unpacked,
    choice: &Choice<'_>,
    layout: Option<&Layout>,
    wanted: u64,
) -> Result<Option<Vec<(String, String)>>, Trouble> {
    let (mut headings, mut found) = (Vec::new(), None);
    workbook::rows(&unpacked.path, layout.and_then(Layout::sheet), &choice.limits, &mut |line, cells| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.text().to_owned()).collect();
        if headings.is_empty() && is_header(layout, &cells) {
            headings.clone_from(&cells);
        }
        if line == wanted {
            found = Some(beside(&headings, cells));
        }
        Ok(())
    })?;
    Ok(found)
}

fn of_text(
    unpacked: &Unpacked,
    show: Option<super::Show>,
    layout: Option<&Layout>,
    wanted: u64,
) -> Result<Option<Vec<(String, String)>>, Trouble> {
    let file = File::open(&unpacked.path).map_err(|error| Trouble::unreadable(&error))?;
    let mut input = BufReader::with_capacity(1 << 17, file);
    let mark = layout.and_then(Layout::mark);
    let separator = match layout {
        Some(layout) => separator(layout, &unpacked.head),
        None => most_frequent(&text_of(&unpacked.head)),
    };
    let mut headings: Vec<String> = Vec::new();
    let mut raw = Vec::new();
    let mut number = 0_u64;
    loop {
        raw.clear();
        let read = (&mut input).take(HEAD as u64).read_until(b'\n', &mut raw);
        if read.map_err(|error| Trouble::unreadable(&error))? == 0 {
            return Ok(None);
        }
        number += 1;
        // Between the headings and the line that is wanted nothing is looked into but where the totals have headings of their own.
        let is_row = mark.is_some_and(|mark| raw.first() == Some(&mark));
        let looks = number == wanted || headings.is_empty() || (mark.is_some() && !is_row);
        if !looks {
            continue;
        }
        let bytes = without_mark(&raw);
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        if let (Some(show), true) = (show, number == wanted) {
            return Ok(Some(show(bytes)));
        }
        let text = text_of(bytes);
        let cells: Vec<String> = match mark.map(char::from) {
            Some(mark) if is_row => text[1..].split(&format!(",{mark}")).map(str::to_owned).collect(),
            _ => records::split(&text, separator),
        };
        if number == wanted {
            return Ok(Some(beside(&headings, cells)));
        }
        let names: Vec<String> = cells.iter().map(|cell| tidy(cell).to_owned()).collect();
        if is_header(layout, &names) || (mark.is_some() && !is_row && !headings.is_empty()) {
            headings = names;
        }
    }
}

/// The first records of a file of an unknown kind.
pub(in crate::files) struct Table {
    pub shown: String,
    pub container: Option<&'static str>,
    pub separator: char,
    pub is_gbk: bool,
    /// With their lines.
    pub records: Vec<(u64, Vec<String>)>,
    /// The first lines of a long text by themselves, as bytes, so that nobody has to read all of it again.
    pub beginning: Option<NamedTempFile>,
}

/// Reads at most `most` records.
pub(in crate::files) fn table(
    path: &Path,
    sheet: Option<&str>,
    choice: &Choice<'_>,
    most: usize,
) -> Result<Table, Refusal> {
    let read = || {
        let unpacked = unpack(path, choice.known, &choice.limits)?;
        workbook::refuse_old(&unpacked.head, &unpacked.path)?;
        super::refuse_no_table(&unpacked)?;
        let mut table = Table {
            shown: unpacked.shown.clone(),
            container: unpacked.container,
            separator: ',',
            is_gbk: !super::is_utf8(&unpacked.head),
            records: Vec::new(),
            beginning: None,
        };
        if is_zip(&unpacked.head) {
            (table.container, table.is_gbk) = (Some("XLSX"), false);
            let sheet = workbook::rows(&unpacked.path, sheet, &choice.limits, &mut |line, cells| {
                if table.records.len() < most {
                    let cells = cells.iter().map(|cell| cut(cell.text(), 200)).collect();
                    table.records.push((line, cells));
                }
                Ok(())
            })?;
            table.shown = format!("{} (sheet {sheet})", table.shown);
            return Ok(table);
        }
        if unpacked.head.len() == HEAD {
            let end = memchr::memrchr(b'\n', &unpacked.head).map_or(HEAD, |at| at + 1);
            let mut beginning = NamedTempFile::new().map_err(|error| Trouble::no_temporary(&error))?;
            beginning.write_all(&unpacked.head[..end]).map_err(|error| Trouble::no_temporary(&error))?;
            table.beginning = Some(beginning);
        }
        let text = text_of(&unpacked.head);
        table.separator = most_frequent(&text);
        let file = File::open(&unpacked.path).map_err(|error| Trouble::unreadable(&error))?;
        let mut records = Records::new(BufReader::new(file), table.separator);
        let mut cells = Vec::new();
        while table.records.len() < most {
            let Some(line) = records.next(&mut cells)? else { break };
            table.records.push((line, cells.iter().map(|cell| tidy(cell).to_owned()).collect()));
        }
        Ok(table)
    };
    read().map_err(|trouble: Trouble| trouble.in_file(&name_of(path)))
}
