//! ZM: the transactions of a clearing day, which runs from 23:00 to 23:00.
//!
//! # Source
//! protocols/unionpay.md section 9.1. What field 1 says of refunds and which sign their fee has is not confirmed: field 20 decides
//! what a row is, and of a refund only its direction is checked.

use super::fixed::{Field, Record, field, records};
use crate::text::Lines;
use mingfen_domain::{BusinessDay, Fen, Timestamp};
use mingfen_provider_api::statement::{LineKind, StatementError, StatementLine, StatementTotals};
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{BufRead, Seek};

const SENT_AT: Field = field("交易传输时间", 35, 10);
const AMOUNT: Field = field("交易金额", 66, 12);
const QUERY_ID: Field = field("查询流水号", 87, 21);
const ORDER_ID: Field = field("商户订单号", 112, 32);
const FEE: Field = field("商户手续费", 166, 13);
const SETTLED: Field = field("结算金额", 180, 13);
const TXN_TYPE: Field = field("交易类型", 215, 2);
const ORIG_QUERY_ID: Field = field("原交易查询流水号", 271, 21);
const MER_ID: Field = field("商户代码", 293, 15);

pub(super) const FIELDS: [Field; 42] = [
    field("交易代码", 0, 3),
    field("代理机构", 4, 11),
    field("发送机构", 16, 11),
    field("系统跟踪号", 28, 6),
    SENT_AT,
    field("账号", 46, 19),
    AMOUNT,
    field("商户类别", 79, 4),
    field("终端类型", 84, 2),
    QUERY_ID,
    field("支付方式(旧)", 109, 2),
    ORDER_ID,
    field("支付卡类型", 145, 2),
    field("原系统跟踪号", 148, 6),
    field("原交易日期时间", 155, 10),
    FEE,
    SETTLED,
    field("支付方式", 194, 4),
    field("集团商户代码", 199, 15),
    TXN_TYPE,
    field("交易子类", 218, 2),
    field("业务类型", 221, 6),
    field("账号类型", 228, 2),
    field("账单类型", 231, 4),
    field("账单号码", 236, 32),
    field("交互方式", 269, 1),
    ORIG_QUERY_ID,
    MER_ID,
    field("分账入账方式", 309, 1),
    field("二级商户代码", 311, 15),
    field("二级商户简称", 327, 32),
    field("二级商户分账入账金额", 360, 13),
    field("清算净额", 374, 13),
    field("终端号", 388, 8),
    field("商户自定义域", 397, 32),
    field("优惠金额", 430, 13),
    field("发票金额", 444, 13),
    field("分期付款附加手续费", 458, 12),
    field("分期付款期数", 471, 2),
    field("交易介质", 474, 1),
    field("保留", 476, 32),
    field("保留2", 509, 98),
];

/// Older files have another tail; these fields all have.
const COMMON: usize = 40;
const SHORTEST: usize = 475;

/// A row and what is peculiar to UnionPay's.
pub(super) struct Row<'a> {
    pub line: StatementLine<'a>,
    pub txn_type: &'a str,
    pub mer_id: &'a str,
}

pub(super) fn is_one(line: &[u8]) -> bool {
    line.len() >= SHORTEST
        && FIELDS[..COMMON].iter().all(|field| field.fits(line))
        && line.get(66..78).is_some_and(|amount| amount.iter().all(u8::is_ascii_digit))
}

/// Reads the file of this name from its start, three times.
pub(super) fn read<R: BufRead + Seek>(
    file: &str,
    mut reader: R,
    clearing_day: BusinessDay,
    mut each: impl FnMut(Row<'_>),
) -> Result<StatementTotals, StatementError> {
    let orders = orders_of_refunds(file, &mut reader)?;
    let mut totals = StatementTotals { lines: 0, paid: Fen::ZERO, refunded: Fen::ZERO };
    pass(file, &mut reader, |record| {
        let row = row(record, clearing_day, &orders)?;
        let sum = match row.line.kind {
            LineKind::Payment => &mut totals.paid,
            LineKind::Refund => &mut totals.refunded,
        };
        *sum = sum.plus(row.line.amount).map_err(|error| record.refuse(error.to_string()))?;
        totals.lines += 1;
        each(row);
        Ok(())
    })?;
    Ok(totals)
}

fn pass<R: BufRead + Seek>(
    file: &str,
    reader: &mut R,
    each: impl FnMut(&Record<'_>) -> Result<(), StatementError>,
) -> Result<(), StatementError> {
    reader.rewind().map_err(|error| {
        let problem = format!("cannot be read again: {error}");
        StatementError::new(file, 0, problem)
    })?;
    records(Lines::new(file, reader), &FIELDS[..COMMON], SHORTEST, each)
}

/// A refund has an order number of its own and names its payment by UnionPay's number. The payment's order number is found
/// where it stands in the same file.
fn orders_of_refunds<R: BufRead + Seek>(
    file: &str,
    reader: &mut R,
) -> Result<HashMap<String, String>, StatementError> {
    let mut orders = HashMap::new();
    pass(file, reader, |record| {
        let original = record.text(ORIG_QUERY_ID)?;
        if !original.is_empty() {
            orders.insert(original.to_owned(), String::new());
        }
        Ok(())
    })?;
    pass(file, reader, |record| {
        if let Some(order) = orders.get_mut(record.text(QUERY_ID)?) {
            record.text(ORDER_ID)?.clone_into(order);
        }
        Ok(())
    })?;
    Ok(orders)
}

fn row<'a>(
    record: &Record<'a>,
    clearing_day: BusinessDay,
    orders: &'a HashMap<String, String>,
) -> Result<Row<'a>, StatementError> {
    let txn_type = record.text(TXN_TYPE)?;
    let kind = match txn_type {
        "01" => LineKind::Payment,
        "04" | "31" => LineKind::Refund,
        other => {
            let problem = format!(
                "is {other:?}; known are 01 (payment), 04 (refund) and 31 (reversal), so a person must say what this row is"
            );
            return Err(record.refuse_field(TXN_TYPE, problem));
        }
    };
    let own_order = record.needed(ORDER_ID)?;
    let (out_trade_no, out_refund_no) = match kind {
        LineKind::Payment => (own_order, ""),
        LineKind::Refund => {
            let original = orders.get(record.text(ORIG_QUERY_ID)?).map(String::as_str).unwrap_or_default();
            // The payment is of an earlier day: the refund's number is the only one of ours in the file.
            (if original.is_empty() { own_order } else { original }, own_order)
        }
    };
    let amount = record.fen(AMOUNT)?;
    let (fee, settled) = (record.signed_fen(FEE)?, record.signed_fen(SETTLED)?);
    match kind {
        LineKind::Payment => {
            let expected = amount.plus(fee).map_err(|error| record.refuse(error.to_string()))?;
            if settled != expected {
                let problem = format!(
                    "is {settled}, but amount and fee make {expected}; the line was changed, get the file again"
                );
                return Err(record.refuse_field(SETTLED, problem));
            }
        }
        LineKind::Refund if settled > Fen::ZERO => {
            return Err(record.refuse_field(SETTLED, "is C, money to the merchant, and the row is a refund"));
        }
        LineKind::Refund => {}
    }
    let kept = fee.negated().map_err(|error| record.refuse(error.to_string()))?;
    let fee_milli_fen =
        kept.get().checked_mul(1000).ok_or_else(|| record.refuse_field(FEE, "is out of range"))?;
    let line = StatementLine {
        line: record.line,
        kind,
        out_trade_no: Cow::Borrowed(out_trade_no),
        provider_trade_no: Cow::Borrowed(record.needed(QUERY_ID)?),
        out_refund_no: Cow::Borrowed(out_refund_no),
        provider_refund_no: match kind {
            LineKind::Payment => Cow::Borrowed(""),
            LineKind::Refund => Cow::Borrowed(record.text(QUERY_ID)?),
        },
        amount,
        fee_milli_fen,
        at: moment(record, clearing_day)?,
        status: Cow::Borrowed(txn_type),
        shifted: false,
    };
    Ok(Row { line, txn_type, mer_id: record.needed(MER_ID)? })
}

/// `MMDDhhmmss` in the year that is nearest to the clearing day.
fn moment(record: &Record<'_>, clearing_day: BusinessDay) -> Result<Timestamp, StatementError> {
    let digits = record.digits(SENT_AT)?;
    let wrong = || record.refuse_field(SENT_AT, format!("{digits:?} is not a time of the form MMDDhhmmss"));
    let year = clearing_day.date().year();
    let (month, day) = (&digits[..2], &digits[2..4]);
    let clock = format!("{}:{}:{}", &digits[4..6], &digits[6..8], &digits[8..]);
    [year - 1, year, year + 1]
        .iter()
        .filter_map(|year| Timestamp::from_beijing_text(&format!("{year:04}-{month}-{day} {clock}")).ok())
        .min_by_key(|moment| moment.since_ms(clearing_day.start()).unsigned_abs())
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_lengths_are_those_of_the_document() {
        super::super::fixed::check_offsets(&FIELDS, 607);
    }
}
