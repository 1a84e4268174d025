//! The form that all of Alipay's bills share: a title, an account, a header, rows without quoting, an end line, totals. GBK.
//!
//! Lines and columns are cut as bytes: in GBK a comma, a tab or a line end is never part of a character. Text is decoded only
//! where it is needed.

use super::shift;
use crate::text::{self, Lines};
use mingfen_domain::{BusinessDay, Fen, Timestamp};
use mingfen_provider_api::statement::StatementError;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::io::BufRead;

/// What the line that names the account begins with.
const ACCOUNT: &str = "#账号：";
/// More comments than any bill has after its rows.
const MOST_COMMENTS: usize = 64;

/// What kind of bill, and what its columns are.
pub(super) struct Form {
    /// The first line.
    pub title: &'static str,
    /// The comment that ends the rows holds this.
    pub end: &'static str,
    /// Columns that people type: they may hold commas.
    pub free: &'static [&'static str],
    /// Whether an amount may be left empty, which is no money.
    pub empty_is_zero: bool,
}

/// What a column holds, by its name; decides where a row with too many commas fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Typed by people.
    Free,
    /// An amount in yuan.
    Yuan,
    /// A date and a time.
    Moment,
    /// A number or a word of Alipay's.
    Word,
}

/// A file whose head was read: what follows are rows.
pub(super) struct Table<'a, R> {
    form: &'static Form,
    names: Vec<String>,
    header_line: u64,
    account: String,
    contents: Vec<Content>,
    lines: Lines<'a, R>,
}

/// Reads title, account and header. Without a seller any account will do: a person brought the file.
///
/// # Errors
/// Another kind of bill, another account, no header.
pub(super) fn open<'a, R: BufRead>(
    mut lines: Lines<'a, R>,
    form: &'static Form,
    seller_id: Option<&str>,
) -> Result<Table<'a, R>, StatementError> {
    let file = lines.file();
    let whole = Place { file, line: 0 };
    check_title(&whole, lines.read()?.map_or(&b""[..], |(_, line)| line), form)?;
    let mut account_seen = None;
    loop {
        let (line, bytes) =
            lines.read()?.ok_or_else(|| whole.refuse("ends before its header; fetch it again"))?;
        let place = Place { file, line };
        let decoded = place.decode(bytes)?;
        if let Some(account) = decoded.strip_prefix(ACCOUNT) {
            check_account(&place, account, seller_id)?;
            account_seen = Some(account.trim().trim_matches(['[', ']']).to_owned());
        } else if !decoded.starts_with('#') && !decoded.trim().is_empty() {
            let Some(account) = account_seen else {
                return Err(place.refuse("the header comes before the line #账号"));
            };
            let names: Vec<String> = decoded.split(',').map(|name| name.trim().to_owned()).collect();
            let contents = names.iter().map(|name| content(name, form)).collect();
            return Ok(Table { form, names, header_line: line, account, contents, lines });
        }
    }
}

impl<'a, R: BufRead> Table<'a, R> {
    /// The headings, and the line that they stand on.
    pub fn header(&self) -> (u64, &[String]) {
        (self.header_line, &self.names)
    }

    /// Whose bill it is: the seller's number, and what Alipay appends to it.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Where a column is, by its name: the columns change from year to year and from contract to contract.
    pub fn column(&self, name: &'static str) -> Result<Column, StatementError> {
        let mut places = self.names.iter().enumerate().filter(|(_, candidate)| *candidate == name);
        match (places.next(), places.next()) {
            (Some((index, _)), None) => Ok(Column { index, name }),
            (None, _) => Err(self
                .whole()
                .refuse_column(name, "is missing from the header; the bill's form has changed")),
            (Some(_), Some(_)) => Err(self.whole().refuse_column(name, "stands in the header twice")),
        }
    }

    /// Reads every row into `each` up to the end line, then answers what follows it.
    pub fn rows(
        self,
        mut each: impl FnMut(Row<'_>) -> Result<(), StatementError>,
    ) -> Result<Totals<'a>, StatementError> {
        let whole = self.whole();
        let Self { form, contents, mut lines, .. } = self;
        let file = whole.file;
        while let Some((line, bytes)) = lines.read()? {
            let place = Place { file, line };
            if bytes.first() == Some(&b'#') {
                if !place.decode(bytes)?.contains(form.end) {
                    return Err(place.refuse(format!("a comment among the rows; {} is wanted", form.end)));
                }
                return Totals::read(lines);
            }
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            let (cells, shifted) = cut(bytes, &contents, form).map_err(|problem| place.refuse(problem))?;
            each(Row { place, shifted, cells: &cells, form })?;
        }
        Err(whole.refuse(format!("is cut short: the line {} is missing; fetch it again", form.end)))
    }

    /// The file itself.
    pub fn whole(&self) -> Place<'a> {
        Place { file: self.lines.file(), line: 0 }
    }
}

/// A column that a parser reads.
#[derive(Clone, Copy)]
pub(super) struct Column {
    index: usize,
    name: &'static str,
}

/// One row; columns are trimmed of blanks and of the tabs that keep spreadsheets from rounding numbers.
pub(super) struct Row<'a> {
    pub place: Place<'a>,
    /// It has more commas than its header, and its columns were found by what they hold.
    pub shifted: bool,
    cells: &'a [&'a [u8]],
    form: &'static Form,
}

impl<'a> Row<'a> {
    /// Every column as text, in the order of the header, for showing: what cannot be read is marked. A column that matters is read
    /// by [`Self::text`].
    pub fn shown(&self) -> impl Iterator<Item = Cow<'a, str>> {
        self.cells.iter().map(|cell| text::show_gbk(cell))
    }

    /// The column's bytes.
    pub fn bytes(&self, column: Column) -> &'a [u8] {
        self.cells.get(column.index).copied().unwrap_or_default()
    }

    /// The column as text.
    pub fn text(&self, column: Column) -> Result<Cow<'a, str>, StatementError> {
        let bytes = self.bytes(column);
        text::decode_gbk(bytes).map_err(|error| self.place.refuse_column(column.name, error.to_string()))
    }

    /// The column as money.
    pub fn yuan(&self, column: Column) -> Result<Fen, StatementError> {
        let bytes = self.bytes(column);
        if bytes.is_empty() && self.form.empty_is_zero {
            return Ok(Fen::ZERO);
        }
        let text = std::str::from_utf8(bytes).unwrap_or("?");
        Fen::from_yuan(text).map_err(|error| self.place.refuse_column(column.name, error.to_string()))
    }

    /// The column as a number of things.
    pub fn count(&self, column: Column) -> Result<u64, StatementError> {
        let text = std::str::from_utf8(self.bytes(column)).unwrap_or("?");
        text.parse().map_err(|_| {
            let problem = format!("is {:?}; a whole number is wanted", text::cut(text, 20));
            self.place.refuse_column(column.name, problem)
        })
    }

    /// The column as a moment.
    pub fn moment(&self, column: Column, moments: &mut Moments) -> Result<Timestamp, StatementError> {
        moments.read(self.bytes(column)).ok_or_else(|| {
            self.place.refuse_column(column.name, "is not a time of the form 2026-01-01 12:00:30")
        })
    }
}

/// Reads `2026-01-01 12:00:30`; the rows of one bill share their day, so the calendar is asked once.
#[derive(Default)]
pub(super) struct Moments {
    last_day: Option<([u8; 10], Timestamp)>,
}

impl Moments {
    pub fn read(&mut self, bytes: &[u8]) -> Option<Timestamp> {
        let bytes: &[u8; 19] = bytes.try_into().ok()?;
        let (day, clock) = bytes.split_first_chunk::<10>()?;
        let &[b' ', h1, h2, b':', m1, m2, b':', s1, s2] = clock else { return None };
        let two = |tens: u8, ones: u8, below: i64| {
            let digit = |byte: u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
            Some(digit(tens)? * 10 + digit(ones)?).filter(|number| *number < below)
        };
        let seconds = two(h1, h2, 24)? * 3600 + two(m1, m2, 60)? * 60 + two(s1, s2, 60)?;
        let start = match self.last_day {
            Some((known, start)) if known == *day => start,
            _ => {
                let start = BusinessDay::parse(std::str::from_utf8(day).ok()?).ok()?.start();
                self.last_day = Some((*day, start));
                start
            }
        };
        Some(start.plus_seconds(seconds))
    }
}

/// The comments that add up the rows.
pub(super) struct Totals<'a> {
    file: &'a str,
    comments: Vec<(u64, String)>,
}

impl<'a> Totals<'a> {
    fn read<R: BufRead>(mut lines: Lines<'a, R>) -> Result<Self, StatementError> {
        let mut totals = Self { file: lines.file(), comments: Vec::new() };
        while let Some((line, bytes)) = lines.read()? {
            let place = Place { file: totals.file, line };
            let decoded = place.decode(bytes)?;
            if decoded.starts_with('#') {
                totals.keep(place, decoded)?;
            } else if !decoded.trim().is_empty() {
                return Err(place.refuse("a row after the end of the rows"));
            }
        }
        Ok(totals)
    }

    /// For a file whose form is not known beyond title and account: every comment in it.
    ///
    /// # Errors
    /// Another kind of bill, another account.
    pub fn anywhere<R: BufRead>(
        mut lines: Lines<'a, R>,
        form: &Form,
        seller_id: Option<&str>,
    ) -> Result<Self, StatementError> {
        let file = lines.file();
        check_title(&Place { file, line: 0 }, lines.read()?.map_or(&b""[..], |(_, line)| line), form)?;
        let mut totals = Self { file, comments: Vec::new() };
        while let Some((line, bytes)) = lines.read()? {
            let place = Place { file, line };
            let decoded = place.decode(bytes)?;
            if let Some(account) = decoded.strip_prefix(ACCOUNT) {
                check_account(&place, account, seller_id)?;
            }
            if decoded.starts_with('#') {
                totals.keep(place, decoded)?;
            }
        }
        Ok(totals)
    }

    fn keep(&mut self, place: Place<'_>, comment: Cow<'_, str>) -> Result<(), StatementError> {
        if self.comments.len() == MOST_COMMENTS {
            return Err(place.refuse(format!("is one comment more than the {MOST_COMMENTS} of any bill")));
        }
        self.comments.push((place.line, comment.into_owned()));
        Ok(())
    }

    /// The file itself.
    pub const fn whole(&self) -> Place<'a> {
        Place { file: self.file, line: 0 }
    }

    /// Whether there is a line `#<name>：`.
    pub fn has(&self, name: &str) -> bool {
        let begin = format!("#{name}：");
        self.comments.iter().any(|(_, text)| text.starts_with(&begin))
    }

    /// Checks `#<name>：<count>笔，…<label><sum>元` against what was read.
    pub fn check(&self, name: &str, label: &str, count: u64, sum: Fen) -> Result<(), StatementError> {
        let begin = format!("#{name}：");
        let Some((line, text)) =
            self.comments.iter().find_map(|(line, text)| Some((*line, text.strip_prefix(&begin)?)))
        else {
            return Err(self
                .whole()
                .refuse(format!("is cut short: the line #{name} is missing; fetch it again"))
                .of_totals());
        };
        let place = Place { file: self.file, line };
        let said = count_and_sum(text, label)
            .ok_or_else(|| place.refuse(format!("#{name} is not of the form 2笔，{label}177.00元")))?;
        if said == (count, sum) {
            return Ok(());
        }
        let problem = format!(
            "counts {} with {} yuan, but the rows are {count} with {sum} yuan; fetch the bill again",
            said.0, said.1
        );
        Err(place.refuse(problem).of_totals())
    }
}

fn count_and_sum(text: &str, label: &str) -> Option<(u64, Fen)> {
    let (count, rest) = text.split_once("笔，")?;
    let (sum, _) = rest.strip_prefix(label)?.split_once('元')?;
    Some((count.trim().parse().ok()?, Fen::from_yuan(sum.trim()).ok()?))
}

/// Where things go wrong.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    file: &'a str,
    line: u64,
}

impl Place<'_> {
    /// Its number, from 1.
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// Another line of the file.
    pub const fn at(self, line: u64) -> Self {
        Self { line, ..self }
    }

    /// The whole line is wrong.
    pub fn refuse(&self, problem: impl Into<String>) -> StatementError {
        StatementError::new(self.file, self.line, problem)
    }

    /// One column of it is wrong.
    pub fn refuse_column(&self, column: &str, problem: impl Into<String>) -> StatementError {
        self.refuse(problem).in_column(column)
    }

    fn decode<'l>(&self, bytes: &'l [u8]) -> Result<Cow<'l, str>, StatementError> {
        text::decode_gbk(bytes).map_err(|error| self.refuse(error.to_string()))
    }
}

fn check_account(place: &Place<'_>, account: &str, seller_id: Option<&str>) -> Result<(), StatementError> {
    let Some(seller_id) = seller_id else { return Ok(()) };
    if account.trim().trim_start_matches('[').starts_with(seller_id) {
        return Ok(());
    }
    Err(place.refuse(format!("is a bill of another account than {seller_id}")))
}

fn check_title(whole: &Place<'_>, line: &[u8], form: &Form) -> Result<(), StatementError> {
    if text::decode_utf8(line).is_ok_and(|line| line.trim() == form.title) && !line.is_ascii() {
        return Err(whole.refuse("was saved again as UTF-8; the file as Alipay made it (GBK) is wanted"));
    }
    match text::decode_gbk(line) {
        Ok(found) if found.trim() == form.title => Ok(()),
        Ok(found) => {
            Err(whole.refuse(format!("begins with {:?}, not with {}", text::cut(&found, 40), form.title)))
        }
        Err(error) => Err(whole.refuse(error.to_string())),
    }
}

fn content(name: &str, form: &Form) -> Content {
    if form.free.contains(&name) {
        Content::Free
    } else if name.ends_with("元）") {
        Content::Yuan
    } else if name.ends_with("时间") {
        Content::Moment
    } else {
        Content::Word
    }
}

/// The cells of a row, and whether it was shifted by commas in its texts.
fn cut<'a>(line: &'a [u8], contents: &[Content], form: &Form) -> Result<(Vec<&'a [u8]>, bool), String> {
    let mut cells = Vec::with_capacity(contents.len());
    cells.extend(line.split(|&byte| byte == b',').map(<[u8]>::trim_ascii));
    match cells.len().cmp(&contents.len()) {
        Ordering::Equal => Ok((cells, false)),
        Ordering::Less => Err(format!("has {} columns, {} are wanted", cells.len(), contents.len())),
        Ordering::Greater => Ok((shift::fit(line, contents, form.empty_is_zero)?, true)),
    }
}
