//! The settlement file (对账文件) of ACP: members of a ZIP, records of fixed width.
//!
//! # Source
//! protocols/unionpay.md section 9.

mod fixed;
#[cfg(test)]
mod tests;
mod zm;
mod zme;

pub use zme::Dispute;

use crate::text::{self, Lines};
use mingfen_domain::{BusinessDay, Fen};
use mingfen_provider_api::statement::{LineKind, StatementError, StatementLine, StatementTotals};
use std::borrow::Cow;
use std::io::{BufRead, Seek};

/// What a member of a settlement file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `INN…ZM_…`: payments, refunds, reversals.
    Trades,
    /// `INN…ZME_…`: disputes.
    Disputes,
}

/// What a file that begins with these bytes is, by the form of its first record.
pub fn part_of(bytes: &[u8]) -> Option<Part> {
    let line = text::first_line(bytes);
    if zm::is_one(line) {
        Some(Part::Trades)
    } else if zme::is_one(line) {
        Some(Part::Disputes)
    } else {
        None
    }
}

/// Reads the transactions of a clearing day, which the file does not say (its times have no year): the name of the member does,
/// `INN<YYMMDD>88ZM_…`, or else the caller. The reader is at the file's start, and is read several times.
///
/// # Errors
/// With line, field and cause.
pub fn read_trades(
    file: &str,
    reader: impl BufRead + Seek,
    day: Option<BusinessDay>,
    each: &mut dyn FnMut(StatementLine<'_>),
) -> Result<StatementTotals, StatementError> {
    zm::read(file, reader, clearing_day(file, day)?, |row| each(row.line))
}

/// Reads the disputes.
///
/// # Errors
/// With line, field and cause.
pub fn read_disputes<R: BufRead>(lines: Lines<'_, R>) -> Result<Vec<Dispute>, StatementError> {
    zme::parse(lines)
}

/// Gives headings and then every transaction with its line, for [`crate::unionpay::SETTLEMENT_LAYOUT`]. Nothing counts before this
/// returns well.
///
/// # Errors
/// With line, field and cause.
pub fn export_trades(
    file: &str,
    reader: impl BufRead + Seek,
    day: Option<BusinessDay>,
    each: &mut dyn FnMut(u64, &[Cow<'_, str>]),
) -> Result<(), StatementError> {
    const HEADINGS: [&str; 8] = [
        "商户订单号",
        "退款订单号",
        "查询流水号",
        "交易类型",
        "交易金额(分)",
        "商户手续费(元)",
        "交易传输时间",
        "商户代码",
    ];
    let clearing_day = clearing_day(file, day)?;
    // There is no line of headings in the file.
    each(0, &HEADINGS.map(Cow::Borrowed));
    zm::read(file, reader, clearing_day, |row| {
        let line = &row.line;
        debug_assert_eq!(line.kind == LineKind::Payment, row.txn_type == "01");
        let cells = [
            line.out_trade_no.clone(),
            line.out_refund_no.clone(),
            line.provider_trade_no.clone(),
            Cow::Borrowed(row.txn_type),
            Cow::Owned(line.amount.get().to_string()),
            Cow::Owned(Fen::new(line.fee_milli_fen / 1000).to_yuan()),
            Cow::Owned(line.at.to_beijing_text()),
            Cow::Borrowed(row.mer_id),
        ];
        each(line.line, &cells);
    })?;
    Ok(())
}

/// A transaction's fields by their names, for people who look at the line.
pub fn shown(line: &[u8]) -> Vec<(String, String)> {
    let record = fixed::Record { file: "", line: 0, bytes: line };
    zm::FIELDS.iter().map(|field| (field.name.to_owned(), record.shown(*field))).collect()
}

fn clearing_day(file: &str, day: Option<BusinessDay>) -> Result<BusinessDay, StatementError> {
    let of_name = file.split("INN").skip(1).find_map(|rest| {
        let digits = rest.get(..6).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        BusinessDay::parse(&format!("20{}-{}-{}", &digits[..2], &digits[2..4], &digits[4..])).ok()
    });
    match (of_name, day) {
        (Some(said), Some(wanted)) if said != wanted => {
            let problem = format!("is of the clearing day {said}, by its name, and {wanted} is compared");
            Err(StatementError::new(file, 0, problem))
        }
        (Some(day), _) | (None, Some(day)) => Ok(day),
        (None, None) => {
            let problem = "does not say its year, and its name is no longer INN<YYMMDD>88ZM_<merchant>; say which day is compared";
            Err(StatementError::new(file, 0, problem))
        }
    }
}
