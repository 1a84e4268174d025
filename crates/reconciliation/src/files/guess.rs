//! A layout for a file that nobody has described: proposed from its headings and from what stands under them, with a reason for
//! every column, and ten rows as it would be read. A person decides; nothing is compared by a guess.

use super::fields::Days;
use super::front::{self, Choice, Limits, Prepared, spelled_out, total_word, without};
use super::layout::{Layout, cut};
use super::{FilesError, Input, Progress, Refusal};
use crate::matching::{HashKey, Rules};
use crate::sides::{Kind, Side};
use mingfen_domain::Fen;
use mingfen_domain::difference::Category;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use tempfile::NamedTempFile;

/// Records that are looked at.
const LOOKED_AT: usize = 400;
/// Above the headings.
const LONGEST_PREAMBLE: usize = 50;
/// Rows that are shown.
const SHOWN: usize = 10;
/// A column with more different words than this is no column of words.
const MOST_WORDS: usize = 12;

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

/// A column that is looked for: its name in layouts, what it is for, and what has to stand in it.
struct Wanted {
    name: &'static str,
    meaning: &'static str,
    content: Content,
}

/// Headings that mean a column, by its name; and `way`, which says by which way was paid.
type Headings = BTreeMap<String, Vec<String>>;

/// They are data; a test holds that they can be read.
fn known_headings() -> Headings {
    toml::from_str(include_str!("../../layouts/headings.toml")).unwrap_or_default()
}

fn meaning<'h>(headings: &'h Headings, name: &str) -> &'h [String] {
    headings.get(name).map(Vec::as_slice).unwrap_or_default()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    Number,
    Money,
    Moment,
    Words,
    Any,
}

const WANTED: &[Wanted] = &[
    Wanted {
        name: "order_no",
        meaning: "the order number that went to the channel",
        content: Content::Number,
    },
    Wanted { name: "amount", meaning: "how much", content: Content::Money },
    Wanted { name: "at", meaning: "when", content: Content::Moment },
    Wanted { name: "at_time", meaning: "the time of day, where the day stands apart", content: Content::Any },
    Wanted { name: "refund_no", meaning: "the refund's own number", content: Content::Any },
    Wanted { name: "kind", meaning: "payment or refund", content: Content::Words },
    Wanted { name: "state", meaning: "whether it took effect", content: Content::Words },
    Wanted {
        name: "refund_amount",
        meaning: "how much was given back, where that is a column of its own",
        content: Content::Money,
    },
    Wanted { name: "provider_no", meaning: "the channel's number", content: Content::Any },
    Wanted { name: "account", meaning: "the merchant account", content: Content::Any },
];

/// What stands under one heading.
struct Column<'t> {
    heading: &'t str,
    /// Without blanks, brackets and signs; in small letters.
    plain: String,
    filled: usize,
    numbers: usize,
    /// Amounts with a decimal point.
    decimals: usize,
    whole: usize,
    thousands: bool,
    negative: bool,
    moments: usize,
    days: usize,
    times: usize,
    rounded: usize,
    words: BTreeMap<String, usize>,
    different: usize,
}

/// Proposes a layout.
///
/// # Errors
/// The file cannot be opened, or is no table.
pub fn guess(path: &Path, sheet: Option<&str>, key: HashKey, limits: Limits) -> Result<Proposal, Refusal> {
    let choice = Choice { known: &[], layout: None, otherwise: None, day: None, limits };
    let table = front::table(path, sheet, &choice, LOOKED_AT)?;
    let refuse = |problem: &str| Refusal {
        category: Category::UnparsableRow,
        file: table.shown.clone(),
        line: 0,
        column: None,
        problem: problem.to_owned(),
    };
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

/// A heading without what is decoration: `交易金额（元）` and `out_trade_no` become `交易金额` and `outtradeno`.
fn plain(heading: &str) -> String {
    let cut = heading.find(['(', '（', '[', '【']).filter(|&at| at > 0).map_or(heading, |at| &heading[..at]);
    cut.chars()
        .filter(|character| !character.is_whitespace() && !"_-.:：*\"`".contains(*character))
        .flat_map(char::to_lowercase)
        .collect()
}

fn is_moment(text: &str) -> bool {
    Days::default().when(text.as_bytes()).is_some() || spelled_out(text).is_some()
}

fn is_money(text: &str) -> bool {
    let text = without(text, Some(','));
    super::fields::yuan(text.as_bytes()).is_some() && text.contains('.')
}

fn is_time(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let colons = text.matches(':').count();
    (colons > 0 && digits + colons == text.len() && (3..=6).contains(&digits))
        || (colons == 0 && digits == text.len() && (5..=6).contains(&digits))
}

/// A number of somebody's: long enough, letters and digits, nothing else.
fn is_number(text: &str) -> bool {
    (8..=64).contains(&text.len())
        && text.bytes().filter(u8::is_ascii_digit).count() >= 6
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        && !is_moment(text)
}

impl<'t> Column<'t> {
    fn look<'c>(heading: &'t str, cells: impl Iterator<Item = &'c str>) -> Self {
        let mut column = Self {
            heading,
            plain: plain(heading),
            filled: 0,
            numbers: 0,
            decimals: 0,
            whole: 0,
            thousands: false,
            negative: false,
            moments: 0,
            days: 0,
            times: 0,
            rounded: 0,
            words: BTreeMap::new(),
            different: 0,
        };
        let mut all = std::collections::BTreeSet::new();
        for cell in cells.filter(|cell| !cell.is_empty()) {
            column.filled += 1;
            column.numbers += usize::from(is_number(cell));
            column.rounded += usize::from(cell.len() > 5 && (cell.contains("E+") || cell.contains("e+")));
            if is_money(cell) {
                column.decimals += 1;
                column.thousands |= cell.contains(',');
            }
            column.whole += usize::from(super::fields::fen(cell.as_bytes()).is_some());
            column.negative |= cell.starts_with('-');
            if is_moment(cell) {
                column.moments += 1;
                column.days += usize::from(!cell.contains(':') && cell.len() < 14);
            }
            column.times += usize::from(is_time(cell));
            if all.len() <= LOOKED_AT {
                all.insert(cell.to_owned());
            }
            if column.words.len() <= MOST_WORDS && cell.chars().count() <= 20 {
                *column.words.entry(cell.to_owned()).or_default() += 1;
            }
        }
        column.different = all.len();
        column
    }

    /// Most of what is there.
    fn mostly(&self, count: usize) -> bool {
        self.filled > 0 && count * 10 >= self.filled * 8
    }

    fn holds(&self, content: Content) -> bool {
        match content {
            Content::Number => self.mostly(self.numbers + self.rounded),
            Content::Money => self.mostly(self.decimals + self.whole),
            Content::Moment => self.mostly(self.moments),
            Content::Words => {
                self.words.len() <= MOST_WORDS
                    && (self.different <= self.words.len())
                    && !self.mostly(self.decimals)
            }
            Content::Any => true,
        }
    }
}

type Chosen = Vec<Option<(usize, String)>>;

/// One heading a column, the likeliest; no heading twice.
fn choose(columns: &[Column<'_>], headings: &Headings) -> Chosen {
    let mut chosen: Chosen = Vec::with_capacity(WANTED.len());
    for wanted in WANTED {
        let is_free = |index: &usize| !chosen.iter().flatten().any(|(taken, _)| taken == index);
        let found = (0..columns.len())
            .filter(is_free)
            .filter_map(|index| {
                score(wanted, meaning(headings, wanted.name), &columns[index])
                    .map(|(score, why)| (score, index, why))
            })
            .max_by(|(one, first, _), (other, second, _)| one.cmp(other).then(second.cmp(first)));
        let found = found.map(|(_, index, why)| (index, why));
        // The time of day is only wanted where the day stands alone.
        let at = chosen.get(2).and_then(Option::as_ref).map(|(index, _): &(usize, String)| &columns[*index]);
        let is_needless = wanted.name == "at_time"
            && !(at.is_some_and(|at| at.mostly(at.days))
                && found.as_ref().is_some_and(|(index, _)| columns[*index].mostly(columns[*index].times)));
        chosen.push(if is_needless { None } else { found });
    }
    chosen
}

/// How likely a heading is what is wanted, and why. Content outweighs a vague heading, never an exact one that is empty below.
fn score(wanted: &Wanted, headings: &[String], column: &Column<'_>) -> Option<(usize, String)> {
    let exact = headings.iter().position(|heading| column.plain == *heading);
    let partly = headings
        .iter()
        .position(|heading| heading.chars().count() > 2 && column.plain.contains(heading.as_str()));
    let fits = column.filled == 0 || column.holds(wanted.content);
    let below = describe(column);
    match (exact, partly) {
        (Some(rank), _) if fits => Some((1000 - rank, format!("the heading says so; below it {below}"))),
        (Some(rank), _) => {
            Some((300 - rank, format!("the heading says so, but look at it: below it {below}")))
        }
        (None, Some(rank)) if fits && column.filled > 0 => {
            let like = &headings[rank];
            Some((500 - rank, format!("the heading is like {like}; below it {below}")))
        }
        _ => {
            let by_content = match (wanted.name, wanted.content) {
                ("order_no", _) => column.mostly(column.numbers) && column.different * 2 > column.filled,
                ("amount", _) => column.mostly(column.decimals),
                ("at", _) => column.mostly(column.moments),
                ("kind", _) => {
                    column.filled > 0
                        && column.words.len() <= 6
                        && column.words.keys().all(|word| kind_of(word).is_some())
                }
                _ => false,
            };
            let weight =
                if wanted.name == "order_no" { column.different * 100 / column.filled.max(1) } else { 50 };
            by_content.then(|| (weight, format!("no heading says so, but below this one {below}")))
        }
    }
}

fn describe(column: &Column<'_>) -> String {
    if column.filled == 0 {
        "nothing stands in the rows that were looked at".to_owned()
    } else if column.mostly(column.rounded) {
        "stand numbers that a spreadsheet has rounded: export the file again with this column as text"
            .to_owned()
    } else if column.decimals > 0 && column.mostly(column.decimals + column.whole) {
        "stand amounts with decimals".to_owned()
    } else if column.mostly(column.moments) {
        if column.mostly(column.days) { "stand days" } else { "stand times" }.to_owned()
    } else if column.mostly(column.numbers) {
        format!("stand long numbers, {} different in {} rows", column.different, column.filled)
    } else if column.mostly(column.times) {
        "stand times of day".to_owned()
    } else if column.mostly(column.whole) {
        "stand whole numbers".to_owned()
    } else if column.words.len() <= MOST_WORDS {
        let words: Vec<&str> = column.words.keys().map(String::as_str).take(4).collect();
        format!("stand few words ({})", cut(&words.join(", "), 60))
    } else {
        "stand texts".to_owned()
    }
}

fn kind_of(word: &str) -> Option<&'static str> {
    let small = word.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| small.contains(part));
    if has(&["退", "冲", "撤", "refund", "reverse", "reversal"]) {
        Some("refund")
    } else if has(&[
        "支付", "收费", "缴费", "收款", "消费", "付款", "充值", "预交", "交易", "收入", "pay", "sale",
        "consume", "收",
    ]) {
        Some("payment")
    } else {
        None
    }
}

fn state_of(word: &str) -> Option<&'static str> {
    let small = word.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| small.contains(part));
    if has(&["作废", "取消", "失败", "关闭", "撤销", "无效", "fail", "close", "cancel", "void"]) {
        Some("void")
    } else if has(&["处理中", "待", "未", "process", "pending", "wait"]) {
        Some("under_way")
    } else if has(&["成功", "正常", "完成", "已", "有效", "success", "done", "paid", "ok"]) {
        Some("done")
    } else {
        None
    }
}

struct Draft<'d, 't> {
    columns: &'d [Column<'t>],
    chosen: &'d Chosen,
    separator: char,
    sheet: Option<&'d str>,
    form: &'d str,
    ways: &'d [String],
}

impl Draft<'_, '_> {
    fn column(&self, name: &str) -> Option<&Column<'_>> {
        let index = WANTED.iter().position(|wanted| wanted.name == name)?;
        self.chosen[index].as_ref().map(|(index, _)| &self.columns[*index])
    }

    // Writing into a String cannot fail.
    fn write(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "# A proposal: look at every line of it before you use it.\n# {}",
            visible(self.form)
        );
        if self.separator != ',' {
            let _ = writeln!(out, "separator = {}", quoted(&self.separator.to_string()));
        }
        if let Some(sheet) = self.sheet {
            let _ = writeln!(out, "sheet = {}", quoted(sheet));
        }
        self.write_amounts(&mut out);
        let _ = writeln!(
            out,
            "\n# A row 合计 is compared with the rows: \"check\", \"leave_out\" or \"refuse\".\ntotal_row = \"check\"\n\n[columns]"
        );
        for (wanted, found) in WANTED.iter().zip(self.chosen) {
            match found {
                Some((index, why)) => {
                    let heading = self.columns[*index].heading;
                    let _ = writeln!(out, "# {}: {}.", wanted.meaning, visible(&cut(why, 120)));
                    let _ = writeln!(out, "{} = [{}]", wanted.name, quoted(heading));
                }
                None if wanted.name != "at_time" => {
                    let _ = writeln!(out, "# {}: not found.\n# {} = [\"?\"]", wanted.meaning, wanted.name);
                }
                None => {}
            }
        }
        if let Some(kind) = self.column("kind") {
            let _ = writeln!(out, "\n[kinds]");
            write_words(&mut out, kind, kind_of, "payment\" or \"refund");
        } else if self.column("amount").is_some_and(|amount| amount.negative) {
            let _ = writeln!(
                out,
                "\n# There is no column that says payment or refund; negative amounts are refunds."
            );
        }
        if let Some(state) = self.column("state") {
            let _ = writeln!(out, "\n[states]");
            write_words(&mut out, state, state_of, "done\", \"under_way\" or \"void");
        }
        let way = self.columns.iter().find(|column| self.ways.contains(&column.plain));
        if let Some(way) = way.filter(|way| !way.words.is_empty() && way.words.len() <= MOST_WORDS) {
            let words: Vec<String> = way.words.keys().map(|word| quoted(word)).collect();
            let _ = writeln!(
                out,
                "\n# Rows of other ways of paying would all be one-sided. Keep the words of the channel that is compared:\n# [only]\n# {} = [{}]",
                quoted(way.heading),
                words.join(", ")
            );
        }
        out
    }

    fn write_amounts(&self, out: &mut String) {
        let Some(amount) = self.column("amount") else {
            let _ = writeln!(out, "\n# yuan (88.80) or fen (8880)\namounts = \"yuan\"");
            return;
        };
        let says_fen = amount.heading.contains("分)")
            || amount.heading.contains("分）")
            || amount.plain.ends_with("fen");
        if amount.decimals > 0 {
            let _ = writeln!(out, "\n# Amounts have decimals, so they are yuan.\namounts = \"yuan\"");
        } else if says_fen {
            let _ = writeln!(out, "\n# The heading says 分.\namounts = \"fen\"");
        } else {
            let _ = writeln!(
                out,
                "\n# No amount has decimals: are they yuan, or fen (8880)? Ask whoever made the file.\namounts = \"yuan\""
            );
        }
        if amount.thousands {
            let _ = writeln!(out, "thousands = \",\"");
        }
    }
}

fn write_words(
    out: &mut String,
    column: &Column<'_>,
    meaning: fn(&str) -> Option<&'static str>,
    choice: &str,
) {
    if column.words.is_empty() {
        let _ = writeln!(out, "# No row that was looked at says anything here.");
    }
    for (word, count) in &column.words {
        match meaning(word) {
            Some(meaning) => {
                let _ = writeln!(out, "{} = \"{meaning}\"", quoted(word));
            }
            None => {
                let _ = writeln!(out, "# In {count} rows; say \"{choice}\":\n# {} = \"?\"", quoted(word));
            }
        }
    }
}

/// A text from the file where it must be one line and nothing but text: in a comment, on a terminal.
fn visible(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// A string of TOML on one line, whatever is in it.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            character if character.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(character));
            }
            character => out.push(character),
        }
    }
    out.push('"');
    out
}

/// The first rows, read by the very reader that would compare them: alone, each is one-sided, and so it is told.
fn read_rows(path: &Path, toml: &str, key: HashKey, limits: Limits) -> Result<Vec<Row>, Refusal> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let refuse = |problem: String| Refusal {
        category: Category::UnparsableRow,
        file: name.clone(),
        line: 0,
        column: None,
        problem,
    };
    let layout =
        Layout::parse(toml).map_err(|problem| refuse(format!("the proposed layout is wrong: {problem}")))?;
    let choice = Choice { known: &[], layout: Some(&layout), otherwise: None, day: None, limits };
    let mut prepared = Prepared::open(path, &choice)?;
    if prepared.can_be_rewritten {
        prepared = prepared.rewritten()?;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_headings_as_they_are_compared() {
        let headings = known_headings();
        for name in WANTED.iter().map(|wanted| wanted.name).chain(["way"]) {
            let known = meaning(&headings, name);
            assert!(!known.is_empty(), "{name}");
            assert!(known.iter().all(|heading| *heading == plain(heading)), "{known:?}");
        }
        assert_eq!(headings.len(), WANTED.len() + 1);
    }

    #[test]
    fn whatever_a_heading_holds_it_is_one_string() {
        for text in ["金额（元）", "a\"b\\c", "a\r\nb\u{7f}\u{85}", "'quoted'", ""] {
            let toml: toml::Table = toml::from_str(&format!("key = {}", quoted(text))).expect("a string");
            assert_eq!(toml["key"].as_str(), Some(text));
        }
    }
}
