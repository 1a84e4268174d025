//! Which column of a file is which: data, written in TOML, laid over a file's own header.

use super::{Refusal, fields};
use crate::sides::{Kind, State};
use encoding_rs::{Encoding, GB18030, UTF_8};
use mingfen_domain::Fen;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A description of a kind of file. Columns are found by the first of their names that the header has.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// One ASCII character that stands before every field of a row, but not in headers.
    #[serde(default)]
    mark: Option<char>,
    columns: BTreeMap<String, Vec<String>>,
    /// Columns that must be there beside `order_no`, `amount` and `at`.
    #[serde(default)]
    needed: Vec<String>,
    /// Words of the column `kind`.
    #[serde(default)]
    kinds: BTreeMap<String, KindWord>,
    /// Words of the columns `state` and `refund_state`.
    #[serde(default)]
    states: BTreeMap<String, StateWord>,
    /// Words of the column `purpose` that mean a deposit; any other word means none.
    #[serde(default)]
    deposits: Vec<String>,
    #[serde(default)]
    amounts: Unit,
    /// Only rows whose column has one of these words take part.
    #[serde(default)]
    only: BTreeMap<String, Vec<String>>,
    /// The file ends with a line of headings and a line of totals: which total adds up which column. `rows` is their number.
    #[serde(default)]
    totals: BTreeMap<String, String>,
    /// The contracted fee of a payment, in 1/100 000 of its amount: 600 is 0.6 %.
    #[serde(default)]
    fee_per_100000: Option<u32>,
    /// What stands between two fields. Without it the one of comma, tab, semicolon and bar is taken that shows the headings.
    #[serde(default)]
    separator: Option<char>,
    /// The sheet of a workbook; without it the first.
    #[serde(default)]
    sheet: Option<String>,
    /// What groups the digits of amounts: with `,` the text `1,080.00` is an amount.
    #[serde(default)]
    thousands: Option<char>,
    /// What becomes of a row that says 合计.
    #[serde(default)]
    total_row: TotalRow,
    /// How far from the day that is compared a row may be.
    #[serde(default)]
    day: Option<Span>,
}

/// What becomes of a row that adds up the others. It is never taken for a payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TotalRow {
    /// Its sums are compared with what the rows make.
    #[default]
    Check,
    /// It is read over.
    LeaveOut,
    /// A file that has one is refused.
    Refuse,
}

/// How far before the start and after the end of a day a row may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Span {
    pub earlier_minutes: i64,
    pub later_minutes: i64,
    /// How long before midnight a channel's day ends: a payment behind that is in the next day's file, with this day's time.
    #[serde(default)]
    pub ends_earlier_minutes: i64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindWord {
    Payment,
    Refund,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StateWord {
    Done,
    UnderWay,
    Void,
}

impl StateWord {
    const fn meaning(self) -> State {
        match self {
            Self::Done => State::Done,
            Self::UnderWay => State::UnderWay,
            Self::Void => State::Void,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unit {
    #[default]
    Yuan,
    Fen,
}

impl Unit {
    /// An amount as a file writes it.
    #[inline]
    pub(super) fn read(self, text: &[u8]) -> Option<Fen> {
        match self {
            Self::Yuan => fields::yuan(text),
            Self::Fen => fields::fen(text),
        }
    }
}

/// A month: what is further off is no neighbour.
const MOST_MINUTES: i64 = 31 * 24 * 60;
/// Half a day: a day that ends before noon is another day.
const MOST_MINUTES_EARLY: i64 = 12 * 60;

/// The names that `columns` may have.
const COLUMNS: [&str; 15] = [
    "order_no",
    "refund_no",
    "provider_no",
    "kind",
    "state",
    "refund_state",
    "amount",
    "refund_amount",
    "outgoing",
    "fee",
    "at",
    "at_time",
    "account",
    "insurance",
    "purpose",
];

/// A column of a file: where it is and what its header says.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub index: usize,
    pub name: String,
}

/// A layout laid over a file's header.
pub(super) struct Plan {
    pub encoding: &'static Encoding,
    pub mark: Option<u8>,
    pub width: usize,
    pub unit: Unit,
    pub fee_per_100000: Option<u32>,
    pub order_no: Column,
    pub amount: Column,
    pub at: Column,
    pub refund_no: Option<Column>,
    pub provider_no: Option<Column>,
    pub kind: Option<Column>,
    pub state: Option<Column>,
    pub refund_state: Option<Column>,
    pub refund_amount: Option<Column>,
    /// Refunds have an amount of their own where there are any, so a refund without that column is no refund of this layout.
    pub refund_amount_is_apart: bool,
    /// Money that went out has a column of its own, as in a bank's list: a row has one of the two.
    pub outgoing: Option<Column>,
    pub fee: Option<Column>,
    pub account: Option<Column>,
    pub insurance: Option<Column>,
    pub purpose: Option<Column>,
    pub deposits: Vec<Vec<u8>>,
    pub kinds: Vec<(Vec<u8>, Kind)>,
    pub states: Vec<(Vec<u8>, State)>,
    pub only: Vec<(Column, Vec<Vec<u8>>)>,
    /// Columns that are added up, each once, whatever its total may be called.
    pub sums: Vec<Column>,
    pub totals: Vec<Total>,
    pub row_count: Option<String>,
}

/// What the file itself adds up: the name of a total, and which of [`Plan::sums`] it is.
pub(super) struct Total {
    pub name: String,
    pub sum: usize,
}

impl Layout {
    /// What a word of the columns `state` and `refund_state` means.
    pub fn state_of(&self, word: &str) -> Option<State> {
        self.states.get(word).map(|word| word.meaning())
    }

    /// Reads a layout from TOML.
    ///
    /// # Errors
    /// What is wrong with it, with its line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let layout: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if let Some(name) =
            layout.columns.keys().chain(&layout.needed).find(|name| !COLUMNS.contains(&name.as_str()))
        {
            return Err(format!(
                "columns.{name} is no column that is looked for; there are {}",
                COLUMNS.join(", ")
            ));
        }
        for needed in ["order_no", "amount", "at"] {
            if layout.columns.get(needed).is_none_or(Vec::is_empty) {
                return Err(format!("columns.{needed} must name at least one heading"));
            }
        }
        if layout.columns.contains_key("outgoing")
            && ["kind", "refund_amount"].iter().any(|name| layout.columns.contains_key(*name))
        {
            return Err("columns.outgoing says by itself what is money back; leave out columns.kind and columns.refund_amount".to_owned());
        }
        if layout.mark.is_some_and(|mark| !mark.is_ascii_punctuation() || matches!(mark, ',' | '"')) {
            return Err(
                "mark must be one ASCII punctuation character, and neither a comma nor a quotation mark"
                    .to_owned(),
            );
        }
        for (name, sign) in [("separator", layout.separator), ("thousands", layout.thousands)] {
            if sign.is_some_and(|sign| {
                !sign.is_ascii() || sign.is_ascii_alphanumeric() || "\"\r\n-.".contains(sign)
            }) {
                return Err(format!(
                    "{name} must be one ASCII character that is no letter, no digit, and none of \" - ."
                ));
            }
        }
        if layout.mark.is_some() && layout.separator.is_some_and(|sign| sign != ',') {
            return Err("a file with a mark has commas; leave out separator".to_owned());
        }
        let minutes = layout.day.map_or([0; 2], |span| [span.earlier_minutes, span.later_minutes]);
        if minutes.iter().any(|minutes| !(0..=MOST_MINUTES).contains(minutes)) {
            return Err(format!(
                "day.earlier_minutes and day.later_minutes must be from 0 to {MOST_MINUTES}"
            ));
        }
        if layout.day.is_some_and(|span| {
            !(0..=span.earlier_minutes.min(MOST_MINUTES_EARLY)).contains(&span.ends_earlier_minutes)
        }) {
            return Err(format!(
                "day.ends_earlier_minutes must be from 0 to {MOST_MINUTES_EARLY} and not more than day.earlier_minutes: \
                 what the day before leaves out is in this file"
            ));
        }
        Ok(layout)
    }

    /// Whether these headings have what no layout can do without.
    pub(super) fn finds(&self, names: &[String]) -> bool {
        ["order_no", "amount", "at"].iter().all(|what| self.position(what, names).is_some())
    }

    /// Where a column is among headings.
    pub(super) fn position(&self, what: &str, names: &[String]) -> Option<usize> {
        let wanted = self.columns.get(what)?;
        wanted.iter().find_map(|name| names.iter().position(|there| there == name))
    }

    /// Whether a file has to be rewritten in any case before its rows can be read.
    pub(super) fn wants_rewriting(&self) -> bool {
        self.separator.is_some_and(|sign| sign != ',')
            || self.thousands.is_some()
            || self.columns.contains_key("at_time")
    }

    pub(super) fn separator(&self) -> Option<char> {
        self.separator
    }

    pub(super) fn sheet(&self) -> Option<&str> {
        self.sheet.as_deref()
    }

    pub(super) fn thousands(&self) -> Option<char> {
        self.thousands
    }

    pub(super) fn total_row(&self) -> TotalRow {
        self.total_row
    }

    pub(super) fn day(&self) -> Option<Span> {
        self.day
    }

    /// How long before midnight the day of such a file ends. What happened behind that is in the file of the next day.
    pub fn ends_early_seconds(&self) -> u32 {
        self.day.map_or(0, |span| u32::try_from(span.ends_earlier_minutes * 60).unwrap_or(0))
    }

    pub(super) fn unit(&self) -> Unit {
        self.amounts
    }

    /// Whether a word of the column `kind` means money back.
    pub(super) fn is_refund(&self, word: &str) -> bool {
        matches!(self.kinds.get(word), Some(KindWord::Refund))
    }

    pub(super) fn has_totals(&self) -> bool {
        !self.totals.is_empty()
    }

    pub(super) fn mark(&self) -> Option<u8> {
        self.mark.and_then(|mark| u8::try_from(mark).ok())
    }

    pub(super) fn plan(&self, file: &str, header: &[u8]) -> Result<Plan, Refusal> {
        let encoding = if std::str::from_utf8(header).is_ok() { UTF_8 } else { GB18030 };
        let names = headings(encoding, header);
        let refuse = |problem: String| Refusal::of_line(file, 1, problem);
        for (index, name) in names.iter().enumerate() {
            if !name.is_empty() && names[..index].contains(name) {
                return Err(refuse(format!(
                    "the header names {name:?} twice; which one is meant? Rename one of them"
                )));
            }
        }
        let position = |name: &str| names.iter().position(|there| there == name);
        let find = |what: &str| {
            let wanted = self.columns.get(what).map(Vec::as_slice).unwrap_or_default();
            wanted.iter().find_map(|name| position(name).map(|index| Column { index, name: name.clone() }))
        };
        let require = |what: &str| {
            find(what).ok_or_else(|| {
                if is_garbled(&names) {
                    let there = cut(&names.join(","), 60);
                    return refuse(format!(
                        "the headings are garbled ({there:?}): the file was opened in a wrong encoding and saved so; export it again"
                    ));
                }
                let wanted = self.columns.get(what).map(|names| names.join(" or ")).unwrap_or_default();
                let there = cut(&names.join(","), 200);
                refuse(format!(
                    "the header has no column {wanted} ({what}), it has {there:?}; is it the right file? \
                     Otherwise name the column in a layout, columns.{what}"
                ))
            })
        };
        for what in &self.needed {
            require(what)?;
        }
        let encode = |word: &String| encoding.encode(word).0.into_owned();
        let mut only = Vec::new();
        for (name, words) in &self.only {
            let Some(index) = position(name) else {
                return Err(refuse(format!("the header has no column {name} (only)")));
            };
            only.push((Column { index, name: name.clone() }, words.iter().map(encode).collect()));
        }
        let (mut sums, mut totals): (Vec<Column>, Vec<Total>) = (Vec::new(), Vec::new());
        for (total, name) in self.totals.iter().filter(|(_, name)| *name != "rows") {
            let Some(index) = position(name) else { continue };
            let sum = sums.iter().position(|sum| sum.index == index).unwrap_or(sums.len());
            if sum == sums.len() {
                sums.push(Column { index, name: name.clone() });
            }
            totals.push(Total { name: total.clone(), sum });
        }
        Ok(Plan {
            encoding,
            mark: self.mark(),
            width: names.len(),
            unit: self.amounts,
            fee_per_100000: self.fee_per_100000,
            order_no: require("order_no")?,
            amount: require("amount")?,
            at: require("at")?,
            refund_no: find("refund_no"),
            provider_no: find("provider_no"),
            kind: find("kind"),
            state: find("state"),
            refund_state: find("refund_state"),
            refund_amount: find("refund_amount"),
            refund_amount_is_apart: self.columns.contains_key("refund_amount"),
            outgoing: find("outgoing"),
            fee: find("fee"),
            account: find("account"),
            insurance: find("insurance"),
            purpose: find("purpose"),
            deposits: self.deposits.iter().map(encode).collect(),
            kinds: self
                .kinds
                .iter()
                .map(|(word, kind)| {
                    (
                        encode(word),
                        match kind {
                            KindWord::Payment => Kind::Payment,
                            KindWord::Refund => Kind::Refund,
                        },
                    )
                })
                .collect(),
            states: self.states.iter().map(|(word, state)| (encode(word), state.meaning())).collect(),
            only,
            sums,
            totals,
            row_count: self.totals.iter().find(|(_, name)| *name == "rows").map(|(total, _)| total.clone()),
        })
    }
}

/// Chinese that went through a wrong encoding: as Latin letters with accents, as what stands for "not a character", or as that,
/// taken for GBK.
fn is_garbled(names: &[String]) -> bool {
    let text = names.concat();
    let accents = text.chars().filter(|character| ('\u{a1}'..='\u{ff}').contains(character)).count();
    accents > 4 || text.contains('\u{fffd}') || text.contains("锟斤拷")
}

/// The headings of a line, without quotation marks and blanks around them.
pub(super) fn headings(encoding: &'static Encoding, line: &[u8]) -> Vec<String> {
    let (text, _) = encoding.decode_without_bom_handling(line);
    text.split(',')
        .map(|name| name.trim().trim_matches('"').trim_start_matches('`').trim().to_owned())
        .collect()
}

/// At most so many characters of a text, for an error.
pub(super) fn cut(text: &str, characters: usize) -> String {
    let mut cut: String = text.chars().take(characters).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

/// HIS's ledger with the headings that most exports have; what a hospital writes its own layout after.
pub const HIS_LEDGER: &str = include_str!("../../layouts/his.toml");

/// The layout of most banks' exports.
pub const BANK_MOVEMENTS: &str = include_str!("../../layouts/bank.toml");
