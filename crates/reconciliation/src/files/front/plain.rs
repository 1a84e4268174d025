//! Any table, written again as the plain file that the fast reader takes: commas, one line a row, UTF-8, headings first, nothing
//! behind the last row. Line numbers of the original are kept beside it.

use super::{Limits, Trouble};
use crate::files::fields::Days;
use crate::files::layout::{Layout, TotalRow, Unit, cut};
use crate::settlement::yuan_of_milli;
use mingfen_domain::difference::Category;
use std::borrow::Cow;
use std::io::{self, BufWriter, Write};
use tempfile::NamedTempFile;

/// Above the headings stand a title, who exported it, and from when to when; never more than this.
pub(in crate::files) const LONGEST_PREAMBLE: usize = 50;

/// Where the lines of a rewritten file stood in the original.
#[derive(Clone, Debug, Default)]
pub(super) struct LineMap {
    /// Written line, original line: in between both count up together.
    steps: Vec<(u64, u64)>,
}

impl LineMap {
    fn add(&mut self, written: u64, original: u64) {
        if self.original(written) != Some(original) {
            self.steps.push((written, original));
        }
    }

    /// `None` before the first line.
    pub fn original(&self, written: u64) -> Option<u64> {
        let index = self.steps.partition_point(|(first, _)| *first <= written);
        let (first, original) = self.steps.get(index.checked_sub(1)?)?;
        Some(original + (written - first))
    }
}

/// A plain file being written.
pub struct PlainFile {
    out: BufWriter<NamedTempFile>,
    written: u64,
    lines: LineMap,
    most_rows: u64,
    bytes_left: u64,
    /// The first thing that went wrong. Told at the end, so that whoever writes rows need not think of it.
    failed: Option<Trouble>,
    notes: Vec<String>,
}

impl PlainFile {
    pub(super) fn new(limits: &Limits) -> Result<Self, Trouble> {
        let file = NamedTempFile::new().map_err(|error| Trouble::no_temporary(&error))?;
        Ok(Self {
            out: BufWriter::with_capacity(1 << 17, file),
            written: 0,
            lines: LineMap::default(),
            most_rows: limits.rows,
            bytes_left: limits.unpacked_bytes,
            failed: None,
            notes: Vec::new(),
        })
    }

    /// Writes one row, which stood on this line of the original. The first one is the headings.
    pub fn row<S: AsRef<str>>(&mut self, line: u64, cells: impl IntoIterator<Item = S>) {
        if self.failed.is_some() {
            return;
        }
        if self.written > self.most_rows {
            let problem = format!("has more than {} rows; divide it", self.most_rows);
            self.failed = Some(Trouble::of_line(line, problem));
            return;
        }
        if let Err(error) = self.write(cells) {
            self.failed = Some(Trouble::no_temporary(&error));
            return;
        }
        self.written += 1;
        self.lines.add(self.written, line);
    }

    /// Remembers what a person should know of the file: a complete sentence.
    pub fn note(&mut self, sentence: String) {
        self.notes.push(sentence);
    }

    pub(super) fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    fn write<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) -> io::Result<()> {
        let mut first = true;
        for cell in cells {
            let cell = cell.as_ref();
            if !first {
                self.out.write_all(b",")?;
            }
            first = false;
            self.bytes_left = (self.bytes_left)
                .checked_sub(cell.len() as u64 + 3)
                .ok_or_else(|| io::Error::other("it became too large"))?;
            if cell.contains(['\n', '\r', ',', '"']) {
                let one_line = cell.replace(['\n', '\r'], " ").replace('"', "\"\"");
                write!(self.out, "\"{one_line}\"")?;
            } else {
                self.out.write_all(cell.as_bytes())?;
            }
        }
        self.out.write_all(b"\n")
    }

    pub(super) fn finish(self) -> Result<(NamedTempFile, LineMap), Trouble> {
        if let Some(trouble) = self.failed {
            return Err(trouble);
        }
        let file = self.out.into_inner().map_err(|error| Trouble::no_temporary(error.error()))?;
        Ok((file, self.lines))
    }
}

/// One cell of a table that is rewritten.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Text(String),
    /// Of a workbook: its decimal digits, and the moment that it would be as a serial date.
    Number {
        digits: String,
        moment: Option<String>,
    },
    /// Of a workbook: a date, a time, or both.
    Moment(String),
}

impl Cell {
    /// Without what is only there so that a spreadsheet leaves it alone.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => tidy(text),
            Self::Number { digits, .. } => digits,
            Self::Moment(text) => text,
        }
    }
}

/// Takes off blanks, tabs, byte order marks, and the apostrophe with which a spreadsheet is told that something is a text.
pub(in crate::files) fn tidy(text: &str) -> &str {
    let blank = |character: char| character.is_whitespace() || character == '\u{feff}';
    let text = text.trim_matches(blank);
    match text.strip_prefix('\'') {
        Some(rest) if !rest.is_empty() => rest.trim_matches(blank),
        _ => text,
    }
}

/// Rewrites a table by a layout.
pub(super) struct Rewriting<'l> {
    layout: &'l Layout,
    is_workbook: bool,
    out: PlainFile,
    before: Vec<(u64, Vec<Cell>)>,
    header: Option<Header>,
    sums: Sums,
    section: Sums,
    /// The line of a row 合计: nothing may follow it.
    closed: Option<u64>,
}

struct Header {
    width: usize,
    order_no: Option<usize>,
    kind: Option<usize>,
    at: Option<usize>,
    at_time: Option<usize>,
    amounts: Vec<(usize, String)>,
}

/// What rows make so far.
#[derive(Clone, Default)]
struct Sums {
    rows: u64,
    columns: Vec<Column>,
}

/// A column as it is written, and with refunds taken off.
#[derive(Clone, Copy, Default)]
struct Column {
    written: i128,
    net: i128,
}

impl<'l> Rewriting<'l> {
    pub fn new(layout: &'l Layout, is_workbook: bool, limits: &Limits) -> Result<Self, Trouble> {
        Ok(Self {
            layout,
            is_workbook,
            out: PlainFile::new(limits)?,
            before: Vec::new(),
            header: None,
            sums: Sums::default(),
            section: Sums::default(),
            closed: None,
        })
    }

    /// Takes the next record.
    pub fn record(&mut self, line: u64, cells: Vec<Cell>) -> Result<(), Trouble> {
        let filled = cells.iter().filter(|cell| !cell.text().is_empty()).count();
        let is_comment = cells.first().is_some_and(|cell| cell.text().starts_with('#'));
        match (filled, self.header.is_some()) {
            (0, _) => Ok(()),
            // Among the rows only a line that is nothing else is a comment: `#1` may be a row's number, and `#N/A` a damaged one.
            (1, true) if is_comment => Ok(()),
            (_, true) => self.row(line, cells),
            (_, false) if self.layout.finds(&names(&cells)) => {
                self.before.clear();
                self.begin(line, &cells);
                Ok(())
            }
            (_, false) if is_comment => Ok(()),
            (_, false) => {
                self.before.push((line, cells));
                if self.before.len() > LONGEST_PREAMBLE { self.give_up() } else { Ok(()) }
            }
        }
    }

    /// The file, and where its lines stood.
    pub fn finish(mut self) -> Result<(NamedTempFile, LineMap), Trouble> {
        if self.header.is_none() {
            self.give_up()?;
        }
        self.out.finish()
    }

    /// No headings were found: the first record with several cells passes for them, so that they are told what is missing.
    fn give_up(&mut self) -> Result<(), Trouble> {
        let before = std::mem::take(&mut self.before);
        let place = before.iter().position(|(_, cells)| cells.len() > 1).unwrap_or(0);
        for (index, (line, cells)) in before.into_iter().enumerate().skip(place) {
            if index == place {
                self.begin(line, &cells);
            } else {
                self.row(line, cells)?;
            }
        }
        Ok(())
    }

    fn begin(&mut self, line: u64, cells: &[Cell]) {
        let mut names = names(cells);
        // What a workbook shows as empty columns to the right.
        while names.len() > 1 && names.last().is_some_and(String::is_empty) {
            names.pop();
        }
        let find = |what: &str| self.layout.position(what, &names);
        let amounts = ["amount", "refund_amount", "outgoing"]
            .iter()
            .filter_map(|what| find(what).map(|index| (index, names[index].clone())))
            .collect::<Vec<_>>();
        self.sums.columns = vec![Column::default(); amounts.len()];
        self.section = self.sums.clone();
        self.header = Some(Header {
            width: names.len(),
            order_no: find("order_no"),
            kind: find("kind"),
            at: find("at"),
            at_time: find("at_time"),
            amounts,
        });
        self.out.row(line, names);
    }

    fn row(&mut self, line: u64, cells: Vec<Cell>) -> Result<(), Trouble> {
        let Some(header) = &self.header else { return Ok(()) };
        let mut cells = cells;
        while cells.len() > header.width && cells.last().is_some_and(|cell| cell.text().is_empty()) {
            cells.pop();
        }
        if let Some(is_whole) = header.totals(&cells) {
            return self.totals(line, &cells, is_whole);
        }
        if self.closed.is_some() && header.is_footer(&cells) {
            return Ok(());
        }
        if let Some(closed) = self.closed {
            return Err(Trouble::of_line(
                line,
                format!(
                    "follows the row of totals on line {closed}; were several files joined? Give them one by one"
                ),
            ));
        }
        let written: Vec<Cow<'_, str>> = (cells.iter().enumerate())
            .map(|(index, cell)| {
                if Some(index) == header.at {
                    let time = header.at_time.and_then(|index| cells.get(index));
                    Cow::Owned(moment(cell, time))
                } else if header.amounts.iter().any(|(amount, _)| *amount == index) {
                    without(cell.text(), self.layout.thousands())
                } else {
                    Cow::Borrowed(cell.text())
                }
            })
            .collect();
        let is_refund =
            header.kind.and_then(|index| written.get(index)).is_some_and(|word| self.layout.is_refund(word));
        for sums in [&mut self.sums, &mut self.section] {
            sums.rows += 1;
            for ((index, _), column) in header.amounts.iter().zip(&mut sums.columns) {
                let fen =
                    written.get(*index).and_then(|text| money(self.layout.unit(), text)).unwrap_or_default();
                column.written += fen;
                column.net += if is_refund { -fen.abs() } else { fen };
            }
        }
        // A workbook does not keep empty cells at the end of a row.
        let padding = if self.is_workbook { header.width.saturating_sub(written.len()) } else { 0 };
        self.out.row(line, written.iter().map(AsRef::as_ref).chain(std::iter::repeat_n("", padding)));
        Ok(())
    }

    /// A row 合计 (or 小计, of the rows since the last one): what it says must be what the rows make.
    fn totals(&mut self, line: u64, cells: &[Cell], is_whole: bool) -> Result<(), Trouble> {
        let Some(header) = &self.header else { return Ok(()) };
        let sums = if is_whole { &self.sums } else { &self.section };
        match self.layout.total_row() {
            TotalRow::LeaveOut => {}
            TotalRow::Refuse => {
                return Err(Trouble::of_line(line, "is a row of totals; export the file without it"));
            }
            TotalRow::Check => check(header, sums, self.layout, line, cells)?,
        }
        for column in &mut self.section.columns {
            *column = Column::default();
        }
        self.section.rows = 0;
        if is_whole {
            self.closed = Some(line);
        }
        Ok(())
    }
}

fn check(header: &Header, sums: &Sums, layout: &Layout, line: u64, cells: &[Cell]) -> Result<(), Trouble> {
    let mut compared = false;
    let differs = |column: Option<&str>, problem: String| Trouble {
        category: Category::TotalsRowDiffers,
        line,
        column: column.map(str::to_owned),
        problem: format!("{problem}; a row is missing or was changed, export the file again"),
    };
    for ((index, name), column) in header.amounts.iter().zip(&sums.columns) {
        let text = cells.get(*index).map_or("", Cell::text);
        if text.is_empty() || total_word(text).is_some() {
            continue;
        }
        let text = without(text, layout.thousands().or(Some(',')));
        let said = money(layout.unit(), &text);
        compared = true;
        if said != Some(column.written) && said != Some(column.net) {
            let made = shown(layout.unit(), column.written);
            return Err(differs(
                Some(name),
                format!("the totals say {:?} and the rows make {made}", cut(&text, 40)),
            ));
        }
    }
    for cell in cells {
        let text: String = cell.text().chars().filter(|character| !character.is_whitespace()).collect();
        if let Some(count) = text.rsplit_once('笔').map(|(before, _)| before).and_then(trailing_number) {
            compared = true;
            if count != sums.rows {
                return Err(differs(
                    None,
                    format!("the totals say {count} rows and there are {}", sums.rows),
                ));
            }
        }
        // 合计：12.50元 in one cell.
        let sum = total_word(&text).filter(|rest| !rest.is_empty() && !rest.contains('笔'));
        if let (Some(rest), [column]) = (sum, sums.columns.as_slice()) {
            let rest = without(rest.trim_end_matches('元').trim_start_matches(['￥', '¥']), Some(','));
            if let Some(said) = money(layout.unit(), &rest) {
                compared = true;
                if said != column.written && said != column.net {
                    let made = shown(layout.unit(), column.written);
                    return Err(differs(
                        None,
                        format!("the totals say {:?} and the rows make {made}", cut(&rest, 40)),
                    ));
                }
            }
        }
    }
    if compared {
        return Ok(());
    }
    Err(Trouble::of_line(
        line,
        "is a row of totals and has no sum that can be compared; leave it out with total_row = \"leave_out\" in a layout",
    ))
}

impl Header {
    /// Who made the list and when, below the totals: no number, no amount and no time of a row. Before the totals it would be a row
    /// that was torn off.
    fn is_footer(&self, cells: &[Cell]) -> bool {
        let is_empty = |index: usize| cells.get(index).is_none_or(|cell| cell.text().is_empty());
        let mut places =
            self.order_no.into_iter().chain(self.at).chain(self.amounts.iter().map(|(index, _)| *index));
        places.all(is_empty)
    }

    /// Whether a record adds up others: `true` for all of them, `false` for those since the last such record.
    fn totals(&self, cells: &[Cell]) -> Option<bool> {
        let is_free = |index: Option<usize>| {
            let text = index.and_then(|index| cells.get(index)).map_or("", Cell::text);
            text.is_empty() || total_word(text).is_some() || subtotal_word(text)
        };
        if !is_free(self.order_no) || !is_free(self.at) {
            return None;
        }
        if cells.iter().any(|cell| total_word(cell.text()).is_some()) {
            return Some(true);
        }
        cells.iter().any(|cell| subtotal_word(cell.text())).then_some(false)
    }
}

/// Whether a cell says 合计, and what it says behind that.
pub(in crate::files) fn total_word(text: &str) -> Option<&str> {
    const WORDS: [&str; 8] = ["合计金额", "总合计", "合计", "总计", "共计", "累计", "Total", "TOTAL"];
    let text = text.trim();
    // 合 计, with blanks that keep it as wide as the column.
    if text.chars().filter(|character| !character.is_whitespace()).eq("合计".chars()) {
        return Some("");
    }
    let rest = WORDS.iter().find_map(|word| text.strip_prefix(word))?;
    let rest = rest.trim_start();
    if rest.is_empty() {
        return Some("");
    }
    rest.strip_prefix(['：', ':', '(', '（']).map(str::trim)
}

fn subtotal_word(text: &str) -> bool {
    let text = text.trim().trim_end_matches(['：', ':']);
    matches!(text, "小计" | "本页合计" | "本页小计" | "小 计")
}

fn trailing_number(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|character: char| character.is_ascii_digit());
    text[digits.len()..].parse().ok()
}

fn names(cells: &[Cell]) -> Vec<String> {
    // A comma in a heading would become two headings.
    cells
        .iter()
        .map(|cell| cell.text().trim_matches('"').replace(',', "，").replace(['\n', '\r'], ""))
        .collect()
}

fn money(unit: Unit, text: &str) -> Option<i128> {
    unit.read(text.as_bytes()).map(|fen| i128::from(fen.get()))
}

fn shown(unit: Unit, fen: i128) -> String {
    match unit {
        Unit::Fen => fen.to_string(),
        Unit::Yuan => yuan_of_milli(fen * 1000),
    }
}

/// An amount without what groups its digits, where they are grouped by threes.
pub(in crate::files) fn without(text: &str, thousands: Option<char>) -> Cow<'_, str> {
    let Some(sign) = thousands.filter(|sign| text.contains(*sign)) else { return Cow::Borrowed(text) };
    let (whole, rest) = text.split_once('.').map_or((text, ""), |(whole, rest)| (whole, rest));
    let mut groups = whole.trim_start_matches('-').split(sign);
    let is_digits = |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    let first = groups.next().is_some_and(|group| is_digits(group) && group.len() <= 3);
    if first && groups.all(|group| is_digits(group) && group.len() == 3) && !rest.contains(sign) {
        Cow::Owned(text.replace(sign, ""))
    } else {
        Cow::Borrowed(text)
    }
}

/// A moment as the fast reader takes it, from one cell or from one with the day and one with the time.
fn moment(day: &Cell, time: Option<&Cell>) -> String {
    let text = |cell: &Cell, is_time: bool| match cell {
        Cell::Number { digits, moment: Some(moment) }
            if is_serial(digits) || is_time && digits.contains('.') =>
        {
            moment.clone()
        }
        cell => cell.text().to_owned(),
    };
    let mut whole = text(day, false);
    if let Some(time) = time {
        let time = text(time, true);
        let is_bare = (3..=6).contains(&time.len()) && time.bytes().all(|byte| byte.is_ascii_digit());
        // 83000 is 083000 without the zero that a spreadsheet took away.
        let time = if is_bare {
            let padded = format!("{time:0>6}");
            format!("{}:{}:{}", &padded[..2], &padded[2..4], &padded[4..])
        } else {
            time
        };
        let date = whole.split([' ', 'T']).next().unwrap_or_default().to_owned();
        let is_day = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
        let date = if is_day { format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]) } else { date };
        // A cell with the time may have the day too.
        let clock = time.rsplit([' ', 'T']).next().unwrap_or_default();
        // Midnight, which a workbook shows as the day before its first.
        let clock = if matches!(time.get(..5), Some("1899-" | "1900-")) && !clock.contains(':') {
            "00:00:00"
        } else {
            clock
        };
        whole = if clock.is_empty() { date } else { format!("{date} {clock}") };
    }
    if Days::default().when(whole.as_bytes()).is_some() {
        return whole;
    }
    spelled_out(&whole).unwrap_or(whole)
}

/// A number that is a date of our time: 1954 to 2119.
fn is_serial(digits: &str) -> bool {
    let whole = digits.split('.').next().unwrap_or_default();
    whole.len() == 5
        && whole.as_bytes()[0] != b'0'
        && whole.as_bytes()[0] < b'8'
        && whole.as_bytes()[0] > b'1'
}

/// `2026/1/5 8:05` and `2026年1月5日 8时5分`-like spellings, which are clear, as `2026-01-05 08:05:00`.
pub(in crate::files) fn spelled_out(text: &str) -> Option<String> {
    let text = text.trim();
    let (date, clock) = match text.split_once([' ', 'T', '日', '\t']) {
        Some((date, clock)) => (date, clock.trim()),
        None => (text, ""),
    };
    let mut parts = date.split(['-', '/', '.', '年', '月']);
    fn number(part: Option<&str>, most: usize) -> Option<&str> {
        part.filter(|part| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()))
    }
    let year = parts.next().filter(|year| year.len() == 4)?;
    let (month, day) = (number(parts.next(), 2)?, number(parts.next(), 2)?);
    if parts.next().is_some() {
        return None;
    }
    let date = format!("{year}-{month:0>2}-{day:0>2}");
    let whole = if clock.is_empty() {
        date
    } else {
        let mut parts = clock.split(':');
        let (hour, minute) = (number(parts.next(), 2)?, number(parts.next(), 2)?);
        let second = match parts.next() {
            None => "00",
            Some(second) => number(second.split('.').next(), 2)?,
        };
        if parts.next().is_some() {
            return None;
        }
        format!("{date} {hour:0>2}:{minute:0>2}:{second:0>2}")
    };
    Days::default().when(whole.as_bytes()).map(|_| whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_numbers() {
        let mut lines = LineMap::default();
        for (written, original) in [(1, 5), (2, 6), (3, 9), (4, 10)] {
            lines.add(written, original);
        }
        assert_eq!(lines.steps.len(), 2);
        assert_eq!(
            [0, 1, 2, 3, 4, 9].map(|line| lines.original(line)),
            [None, Some(5), Some(6), Some(9), Some(10), Some(15)]
        );
    }

    #[test]
    fn moments_are_spelled_out_when_they_are_clear() {
        let text = |text: &str| Cell::Text(text.to_owned());
        for (day, time, expected) in [
            ("2026/1/5 8:05", None, "2026-01-05 08:05:00"),
            ("2026年1月5日 8:05:09", None, "2026-01-05 08:05:09"),
            ("2026.01.05", None, "2026-01-05"),
            ("20260105", Some("83000"), "2026-01-05 08:30:00"),
            ("2026-01-05 00:00:00", Some("8:30:01"), "2026-01-05 08:30:01"),
            ("2026-01-05", Some("1900-01-01 08:30:01"), "2026-01-05 08:30:01"),
            ("2026-01-05", Some("1899-12-31"), "2026-01-05 00:00:00"),
            ("20260105083000", None, "20260105083000"),
            ("5/1/2026 8:05", None, "5/1/2026 8:05"),
            ("2026/13/5 8:05", None, "2026/13/5 8:05"),
            ("46027.35", None, "46027.35"),
        ] {
            assert_eq!(moment(&text(day), time.map(text).as_ref()), expected);
        }
        let serial =
            Cell::Number { digits: "46027.35".to_owned(), moment: Some("2026-01-05 08:24:00".to_owned()) };
        assert_eq!(moment(&serial, None), "2026-01-05 08:24:00");
    }

    #[test]
    fn only_groups_of_three_are_thousands() {
        for (text, expected) in [
            ("1,080.00", "1080.00"),
            ("-12,345,678", "-12345678"),
            ("1,08.00", "1,08.00"),
            (",5", ",5"),
            ("1.2,345", "1.2,345"),
        ] {
            assert_eq!(without(text, Some(',')), expected);
        }
    }

    #[test]
    fn totals_are_known_by_their_word() {
        for (text, rest) in [
            ("合计", Some("")),
            ("合　计", Some("")),
            ("总计：12.50", Some("12.50")),
            ("合计科", None),
            ("Total", Some("")),
            ("内科", None),
        ] {
            assert_eq!(total_word(text), rest, "{text}");
        }
    }
}
