//! ZME (差错): what was disputed or corrected. Each row is something for a person; nothing of it moves a comparison.
//!
//! # Source
//! protocols/unionpay.md section 9.2. The names of fields 15 and 16 and the codes are not confirmed.

use super::fixed::{Field, Record, field, records};
use crate::text::Lines;
use mingfen_domain::Fen;
use mingfen_provider_api::statement::StatementError;
use std::io::BufRead;

const CODE: Field = field("交易代码", 0, 3);
const AMOUNT: Field = field("交易金额", 66, 12);
const TRACE_NO: Field = field("系统跟踪号", 28, 6);
const SETTLED: Field = field("结算金额", 140, 13);

const FIELDS: [Field; 22] = [
    CODE,
    field("代理机构", 4, 11),
    field("发送机构", 16, 11),
    TRACE_NO,
    field("交易传输时间", 35, 10),
    field("账号", 46, 19),
    AMOUNT,
    field("商户类别", 79, 4),
    field("终端类型", 84, 2),
    field("10", 87, 2),
    field("原系统跟踪号", 90, 6),
    field("原交易日期时间", 97, 10),
    field("13", 108, 4),
    field("14", 113, 12),
    field("手续费", 126, 13),
    SETTLED,
    field("17", 154, 15),
    field("18", 170, 15),
    field("19", 186, 1),
    field("20", 188, 12),
    field("21", 201, 2),
    field("22", 204, 135),
];

/// Without the reserved last field.
const SHORTEST: usize = 203;

/// A dispute or a correction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// Line number in the file, from 1.
    pub line: u64,
    /// UnionPay's code, such as `E74`.
    pub code: String,
    /// The trace number of the transaction that it is about.
    pub trace_no: String,
    /// How much it is about.
    pub amount: Fen,
    /// What the hospital gets (positive) or gives back.
    pub settled: Fen,
}

pub(super) fn is_one(line: &[u8]) -> bool {
    line.first() == Some(&b'E') && line.len() >= SHORTEST && FIELDS[..21].iter().all(|field| field.fits(line))
}

pub(super) fn parse<R: BufRead>(lines: Lines<'_, R>) -> Result<Vec<Dispute>, StatementError> {
    let mut disputes = Vec::new();
    records(lines, &FIELDS[..21], SHORTEST, |record| {
        disputes.push(dispute(record)?);
        Ok(())
    })?;
    Ok(disputes)
}

fn dispute(record: &Record<'_>) -> Result<Dispute, StatementError> {
    Ok(Dispute {
        line: record.line,
        code: record.needed(CODE)?.to_owned(),
        trace_no: record.text(TRACE_NO)?.to_owned(),
        amount: record.fen(AMOUNT)?,
        settled: record.signed_fen(SETTLED)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_lengths_are_those_of_the_document() {
        super::super::fixed::check_offsets(&FIELDS, 339);
    }
}
