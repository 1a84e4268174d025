//! The fund-flow bill (资金账单): movements of the merchant's balance.

use super::table::{self, Column, Part, unescape};
use crate::text::Lines;
use mingfen_domain::Fen;
use mingfen_domain::fund_flow::FundFlowKind;
use mingfen_provider_api::statement::{FundFlowLine, FundFlowTotals, StatementError};
use std::io::BufRead;

struct Columns {
    at: Column,
    provider_no: Column,
    kind: Column,
    direction: Column,
    amount: Column,
    balance: Option<Column>,
    our_no: Option<Column>,
    counted: FundFlowTotals,
}

/// What 业务类型 says. A refund is booked out less the fee that came back for it. The document names the first three and leaves the list
/// open; 提现 is what the merchant portal calls a payout (unconfirmed in a capture).
pub(super) const WORDS: &[(&str, FundFlowKind)] = &[
    ("交易", FundFlowKind::Payment),
    ("退款", FundFlowKind::Refund),
    ("扣除交易手续费", FundFlowKind::Fee),
    ("提现", FundFlowKind::ToBank),
];

/// Reads the file.
pub fn parse<R: BufRead>(
    lines: Lines<'_, R>,
    each: &mut dyn FnMut(FundFlowLine<'_>),
) -> Result<FundFlowTotals, StatementError> {
    let mut totals = FundFlowTotals::default();
    table::read(
        lines,
        Columns::find,
        |columns, row| {
            let amount = row.fen(columns.amount)?;
            let out_of_range = || row.error(columns.amount, "the sum is out of range".to_owned());
            if amount < Fen::ZERO {
                return Err(row.error(columns.amount, format!("{amount} is negative")));
            }
            let counted = &mut columns.counted;
            let (count, sum, signed) = match row.text(columns.direction) {
                "收入" => (&mut counted.incomes, &mut counted.received, amount),
                "支出" => {
                    (&mut counted.expenses, &mut counted.spent, amount.negated().map_err(|_| out_of_range())?)
                }
                other => {
                    let problem = format!("{:?} is neither 收入 nor 支出", crate::text::cut(other, 32));
                    return Err(row.error(columns.direction, problem));
                }
            };
            *count += 1;
            *sum = sum.plus(amount).map_err(|_| out_of_range())?;
            each(FundFlowLine {
                line: row.line(),
                at: row.time(columns.at)?,
                kind: unescape(row.text(columns.kind)),
                amount: signed,
                balance: columns.balance.map(|column| row.fen(column)).transpose()?,
                provider_no: row.text(columns.provider_no).into(),
                our_no: columns.our_no.map(|column| row.text(column)).unwrap_or_default().into(),
            });
            Ok(())
        },
        |columns, summary| {
            let part = summary.part();
            let counted = columns.counted;
            for (name, found) in [
                ("资金流水总笔数", counted.incomes + counted.expenses),
                ("收入笔数", counted.incomes),
                ("支出笔数", counted.expenses),
            ] {
                let column = part.require(&[name])?;
                summary.agree(column, summary.count(column)?, found)?;
            }
            for (name, found) in [("收入金额", counted.received), ("支出金额", counted.spent)] {
                let column = part.require(&[name])?;
                summary.agree(column, summary.fen(column)?, found)?;
            }
            totals = counted;
            Ok(())
        },
    )?;
    Ok(totals)
}

impl Columns {
    fn find(part: &Part<'_>) -> Result<Self, StatementError> {
        Ok(Self {
            at: part.require(&["记账时间"])?,
            provider_no: part.require(&["微信支付业务单号"])?,
            kind: part.require(&["业务类型", "业务名称"])?,
            direction: part.require(&["收支类型"])?,
            amount: part.require(&["收支金额(元)", "收支金额"])?,
            balance: part.find(&["账户结余(元)", "账户结余"]),
            our_no: part.find(&["业务凭证号"]),
            counted: FundFlowTotals::default(),
        })
    }
}
