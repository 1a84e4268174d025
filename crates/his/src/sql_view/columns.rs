//! Which column of the query's answer is which, found by name, and the text that fetches them.

use super::engine::Engine;
use super::row::Unit;

/// The fields of a row in the order in which they are fetched.
pub(super) const FIELDS: [&str; 11] = [
    "row_no",
    "kind",
    "order_no",
    "refund_no",
    "slip_no",
    "out_trade_no",
    "provider_trade_no",
    "channel",
    "his_order_no",
    "insurance_fen",
    "deposit",
];
/// What a query may leave out.
const OPTIONAL: [&str; 6] =
    ["slip_no", "provider_trade_no", "channel", "his_order_no", "insurance_fen", "deposit"];
const BOOKED_AT: &str = "booked_at";
const AMOUNTS: [(&str, Unit); 2] = [("amount_fen", Unit::Fen), ("amount_yuan", Unit::Yuan)];
/// Numbers that are not what they were when they were written.
const INEXACT: [&str; 6] = ["REAL", "FLOAT", "FLOAT4", "FLOAT8", "DOUBLE", "MONEY"];
/// Half a time.
const NO_TIMES: [&str; 3] = ["DATE", "TIME", "TIMETZ"];

/// A column as the database describes it.
#[derive(Clone, Debug)]
pub(super) struct Described {
    pub(super) name: String,
    pub(super) kind: String,
}

/// The columns of a query that is complete.
#[derive(Debug)]
pub(super) struct Columns {
    fields: [Option<String>; FIELDS.len()],
    amount: String,
    pub(super) unit: Unit,
    booked_at: String,
    ignored: Vec<String>,
}

/// What a query that can be read leaves out or has too much: worth a look, because a mistyped name shows as both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryColumns {
    /// Fields that the answer has no column for; they stay empty.
    pub absent: Vec<String>,
    /// Columns that nobody reads.
    pub ignored: Vec<String>,
}

impl Columns {
    /// Finds the columns, whatever the case of their names. The error lists everything that is wrong.
    pub(super) fn of(described: &[Described]) -> Result<Self, String> {
        let mut problems = Vec::new();
        let mut find = |name: &str| {
            let mut found = described.iter().filter(|column| column.name.eq_ignore_ascii_case(name));
            let first = found.next();
            if found.next().is_some() {
                problems.push(format!("the column {name} is there twice"));
            }
            first
        };
        let fields = FIELDS.map(|name| find(name).map(|column| column.name.clone()));
        let booked_at = find(BOOKED_AT);
        let amounts = AMOUNTS.map(|(name, unit)| find(name).map(|column| (column, unit)));
        for (name, field) in FIELDS.iter().zip(&fields) {
            if field.is_none() && !OPTIONAL.contains(name) {
                problems.push(format!("the column {name} is missing"));
            }
        }
        match booked_at {
            None => problems.push(format!("the column {BOOKED_AT} is missing")),
            Some(column) if NO_TIMES.contains(&column.kind.to_ascii_uppercase().as_str()) => {
                problems.push(format!(
                    "the column {BOOKED_AT} is a {}, and a date with its time of day is wanted",
                    column.kind
                ));
            }
            Some(_) => {}
        }
        let amount = match amounts {
            [Some(amount), None] | [None, Some(amount)] => Some(amount),
            [None, None] => {
                problems.push("the column amount_fen is missing, or instead of it amount_yuan".to_owned());
                None
            }
            [Some(_), Some(_)] => {
                problems
                    .push("there are amount_fen and amount_yuan, and only one of them is wanted".to_owned());
                None
            }
        };
        if let Some((column, _)) = amount
            && INEXACT.contains(&column.kind.to_ascii_uppercase().as_str())
        {
            problems.push(format!(
                "the column {} is a {}, which does not hold money exactly: \
                 CAST it to a DECIMAL, or fetch whole fen as an integer",
                column.name, column.kind
            ));
        }
        let (Some(booked_at), Some((amount, unit)), true) = (booked_at, amount, problems.is_empty()) else {
            return Err(problems.join("; "));
        };
        let read = |name: &str| {
            let mut known = FIELDS.iter().copied().chain([BOOKED_AT]).chain(AMOUNTS.map(|(name, _)| name));
            known.any(|known| known.eq_ignore_ascii_case(name))
        };
        let ignored = described.iter().map(|column| column.name.clone()).filter(|name| !read(name));
        Ok(Self {
            fields,
            amount: amount.name.clone(),
            unit,
            booked_at: booked_at.name.clone(),
            ignored: ignored.collect(),
        })
    }

    pub(super) fn told(&self) -> QueryColumns {
        let absent = FIELDS.iter().zip(&self.fields).filter(|(_, field)| field.is_none());
        QueryColumns {
            absent: absent.map(|(name, _)| (*name).to_owned()).collect(),
            ignored: self.ignored.clone(),
        }
    }

    /// The query put in brackets, with every column as text that the database itself writes: it prints its decimals and its
    /// times exactly, and no driver has to turn them into something first.
    pub(super) fn around(&self, query: &str, engine: Engine) -> String {
        let mut columns: Vec<String> =
            self.fields.iter().map(|name| engine.text_of(name.as_deref())).collect();
        columns.push(engine.text_of(Some(&self.amount)));
        columns.push(engine.text_of(Some(&self.booked_at)));
        columns.push(engine.is_inexact(&self.amount));
        format!("SELECT {} FROM (\n{query}\n) AS q", columns.join(", "))
    }
}
