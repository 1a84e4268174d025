//! Which column of a file is which: data, written in TOML, laid over a file's own header.

use super::Refusal;
use crate::sides::{Kind, State};
use encoding_rs::{Encoding, GB18030, UTF_8};
use mingfen_domain::difference::Category;
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

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unit {
    #[default]
    Yuan,
    Fen,
}

/// The names that `columns` may have.
const COLUMNS: [&str; 11] = [
    "order_no",
    "refund_no",
    "provider_no",
    "kind",
    "state",
    "refund_state",
    "amount",
    "refund_amount",
    "fee",
    "at",
    "account",
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
    pub fee: Option<Column>,
    pub account: Option<Column>,
    pub kinds: Vec<(Vec<u8>, Kind)>,
    pub states: Vec<(Vec<u8>, State)>,
    pub only: Vec<(Column, Vec<Vec<u8>>)>,
    pub sums: Vec<Sum>,
    pub row_count: Option<String>,
}

/// A column that the file itself adds up.
pub(super) struct Sum {
    pub column: Column,
    pub total: String,
}

impl Layout {
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
        if layout.mark.is_some_and(|mark| !mark.is_ascii_punctuation() || matches!(mark, ',' | '"')) {
            return Err(
                "mark must be one ASCII punctuation character, and neither a comma nor a quotation mark"
                    .to_owned(),
            );
        }
        Ok(layout)
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
        let refuse = |problem: String| Refusal {
            category: Category::UnparsableRow,
            file: file.to_owned(),
            line: 1,
            column: None,
            problem,
        };
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
        let mut sums = Vec::new();
        for (total, name) in self.totals.iter().filter(|(_, name)| *name != "rows") {
            if let Some(index) = position(name) {
                sums.push(Sum { column: Column { index, name: name.clone() }, total: total.clone() });
            }
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
            fee: find("fee"),
            account: find("account"),
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
            states: self
                .states
                .iter()
                .map(|(word, state)| {
                    (
                        encode(word),
                        match state {
                            StateWord::Done => State::Done,
                            StateWord::UnderWay => State::UnderWay,
                            StateWord::Void => State::Void,
                        },
                    )
                })
                .collect(),
            only,
            sums,
            row_count: self.totals.iter().find(|(_, name)| *name == "rows").map(|(total, _)| total.clone()),
        })
    }
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
