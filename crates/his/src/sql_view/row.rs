//! One row of the answer, read strictly: what is no money or no time makes the day unreadable, and is never a guess.

use super::columns::FIELDS;
use crate::text::clean;
use crate::{LedgerKind, LedgerRow};
use mingfen_domain::{Amount, Fen, Timestamp};

/// A row as texts: [`FIELDS`], then amount, time, and whether the amount is a float after all.
pub(super) const WIDTH: usize = FIELDS.len() + 3;
pub(super) type Cells = [Option<String>; WIDTH];

/// What the amounts count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Fen,
    Yuan,
}

/// The words of the column `kind`.
#[derive(Clone, Debug)]
pub(super) struct Words {
    pub(super) payment: Vec<String>,
    pub(super) refund: Vec<String>,
}

impl Words {
    /// A word that would say both.
    pub(super) fn in_both(&self) -> Option<&str> {
        let both = |word: &&String| self.payment.iter().any(|other| other.eq_ignore_ascii_case(word));
        self.refund.iter().find(both).map(String::as_str)
    }

    fn kind(&self, word: &str) -> Option<LedgerKind> {
        let has = |words: &[String]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
        match (has(&self.payment), has(&self.refund)) {
            (true, _) => Some(LedgerKind::Payment),
            (false, true) => Some(LedgerKind::Refund),
            (false, false) => None,
        }
    }
}

/// What is wrong with a row: a sentence without its full stop, and what to do about it.
pub(super) type Wrong = (&'static str, &'static str);

pub(super) fn read(cells: &Cells, unit: Unit, words: &Words) -> Result<LedgerRow, Wrong> {
    let [
        row_no,
        kind,
        order_no,
        refund_no,
        slip_no,
        out_trade_no,
        provider_trade_no,
        channel,
        his_order_no,
        insurance,
        deposit,
        amount,
        booked_at,
        inexact,
    ] = cells.each_ref().map(|cell| cell.as_deref().map(clean).filter(|text| !text.is_empty()));
    let row_no =
        row_no.ok_or(("row_no is empty", "Let the query give each row its number, such as a key"))?;
    let kind = words.kind(&kind.unwrap_or_default()).ok_or((
        "kind is a word that is neither for payments nor for refunds",
        "Add the word to his.ledger.payment_words or refund_words, or leave such rows out in the query",
    ))?;
    if kind == LedgerKind::Refund && refund_no.is_none() {
        return Err(("refund_no is empty on a refund", "Let the query give the number of the refund"));
    }
    if inexact.as_deref() == Some("1") {
        return Err((
            "the amount is a floating-point number, which does not hold money exactly",
            "CAST it in the query: to a DECIMAL, or in SQLite CAST(ROUND(amount * 100) AS INTEGER) AS amount_fen",
        ));
    }
    let amount = money(&amount.unwrap_or_default(), unit).ok_or(match unit {
        Unit::Fen => (
            "amount_fen is not a whole number of fen above zero",
            "Amounts are positive in both kinds: write ABS(…) in the query; if they are yuan, name the column amount_yuan",
        ),
        Unit::Yuan => (
            "amount_yuan is not an amount above zero in yuan and whole fen, such as 88.80",
            "Amounts are positive in both kinds: write ABS(…) in the query; round nothing there, ask the HIS vendor",
        ),
    })?;
    let booked_at = time(&booked_at.unwrap_or_default()).ok_or((
        "booked_at is not a date with its time of day",
        "Wanted is a timestamp, or a text such as 2026-01-01 12:00:30 (Beijing) or 2026-01-01T12:00:30+08:00",
    ))?;
    Ok(LedgerRow {
        row_no,
        kind,
        order_no: order_no.unwrap_or_default(),
        refund_no,
        slip_no,
        out_trade_no: out_trade_no.unwrap_or_default(),
        provider_trade_no: provider_trade_no.unwrap_or_default(),
        channel: channel.unwrap_or_default(),
        his_order_no: his_order_no.unwrap_or_default(),
        amount,
        insurance: insurance.map(|text| part(&text)).transpose()?,
        deposit: deposit.map(|text| truth(&text)).transpose()?,
        booked_at,
    })
}

/// What insurance bears: as an amount in fen, or nothing at all.
fn part(text: &str) -> Result<Fen, Wrong> {
    exact(text, Unit::Fen).ok_or((
        "insurance_fen is not a whole number of fen from zero on",
        "Give fen: write ROUND(… * 100) in the query; positive in both kinds; NULL where HIS does not know",
    ))
}

fn truth(text: &str) -> Result<bool, Wrong> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "t" | "true" => Ok(true),
        "0" | "f" | "false" => Ok(false),
        _ => Err((
            "deposit is neither true nor false",
            "Let the query give 1 for a deposit and 0 for anything else, or NULL where HIS does not know",
        )),
    }
}

/// An exact amount above zero.
fn money(text: &str, unit: Unit) -> Option<Amount> {
    exact(text, unit).and_then(|fen| Amount::try_from(fen).ok())
}

/// An exact sum. Databases write the zeros of their scale, `54.0000`; only zeros are dropped.
fn exact(text: &str, unit: Unit) -> Option<Fen> {
    let decimals = match unit {
        Unit::Fen => 0,
        Unit::Yuan => 2,
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut kept = fraction;
    while kept.len() > decimals {
        kept = kept.strip_suffix('0')?;
    }
    match unit {
        Unit::Fen if whole.bytes().all(|byte| byte.is_ascii_digit()) => whole.parse().ok().map(Fen::new),
        Unit::Fen => None,
        Unit::Yuan if kept.is_empty() => Fen::from_yuan(whole).ok(),
        Unit::Yuan => Fen::from_yuan(&format!("{whole}.{kept}")).ok(),
    }
}

/// A moment; Beijing unless it says otherwise. Besides RFC 3339 and `2026-01-01 12:00:30`: `20260101120030`, which HIS vendors
/// like, and `2026-01-01 12:00:30.5+08`, which PostgreSQL writes.
fn time(text: &str) -> Option<Timestamp> {
    if text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let part = |from: usize, to: usize| &text[from..to];
        let (date, clock) = (
            [part(0, 4), part(4, 6), part(6, 8)].join("-"),
            [part(8, 10), part(10, 12), part(12, 14)].join(":"),
        );
        return Timestamp::from_beijing_text(&format!("{date} {clock}")).ok();
    }
    let (date, clock) = text.split_once(['T', ' '])?;
    match clock.find(['+', '-', 'Z']) {
        None => Timestamp::from_beijing_text(&format!("{date} {clock}")).ok(),
        Some(at) => {
            let (clock, offset) = clock.split_at(at);
            let minutes = if offset.len() == 3 { ":00" } else { "" };
            Timestamp::from_rfc3339(&format!("{date}T{clock}{offset}{minutes}")).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_or_refused() {
        for (text, unit, fen) in [
            ("5400", Unit::Fen, 5400),
            ("5400.0000", Unit::Fen, 5400),
            ("54", Unit::Yuan, 5400),
            ("54.1", Unit::Yuan, 5410),
            ("54.1000", Unit::Yuan, 5410),
            ("54.0000", Unit::Yuan, 5400),
        ] {
            assert_eq!(money(text, unit).map(Amount::get), Some(fen), "{text}");
        }
        for (text, unit) in [
            ("54.1", Unit::Fen),
            ("54.10", Unit::Fen),
            ("-5", Unit::Fen),
            ("+5", Unit::Fen),
            ("0", Unit::Fen),
            ("", Unit::Fen),
            ("5e3", Unit::Fen),
            ("9223372036854775808", Unit::Fen),
            ("54.005", Unit::Yuan),
            ("54.0001", Unit::Yuan),
            ("-54.00", Unit::Yuan),
            ("0.00", Unit::Yuan),
            ("1,000.00", Unit::Yuan),
            ("", Unit::Yuan),
            ("¥5", Unit::Yuan),
        ] {
            assert_eq!(money(text, unit), None, "{text}");
        }
    }

    #[test]
    fn times_are_beijing_unless_they_say_otherwise() {
        let noon = Timestamp::from_seconds(1_767_240_000);
        for text in [
            "2026-01-01 12:00:00",
            "2026-01-01T12:00:00",
            "2026-01-01 12:00:00.000000",
            "20260101120000",
            "2026-01-01 12:00:00+08",
            "2026-01-01T04:00:00Z",
            "2026-01-01 05:00:00.0+01:00",
        ] {
            assert_eq!(time(text), Some(noon), "{text}");
        }
        assert_eq!(time("2026-01-01 12:00:00.25+08"), Some(noon.plus_ms(250)));
        for text in
            ["", "2026-01-01", "12:00:00", "20260101", "2026-01-01 25:00:00", "yesterday", "1767240000"]
        {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
