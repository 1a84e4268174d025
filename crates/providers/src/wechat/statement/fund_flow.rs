//! The fund-flow bill (资金账单): movements of the merchant's balance.

use super::table::{self, Column, Part, unescape};
use mingfen_domain::Fen;
use mingfen_provider_api::statement::{FundFlowLine, StatementError, StatementFile};

struct Columns {
    at: Column,
    provider_no: Column,
    kind: Column,
    direction: Column,
    amount: Column,
    balance: Option<Column>,
    our_no: Option<Column>,
    incoming: Side,
    outgoing: Side,
}

#[derive(Default)]
struct Side {
    count: u64,
    fen: Fen,
}

/// Reads the file.
pub fn parse(file: &StatementFile) -> Result<Vec<FundFlowLine>, StatementError> {
    let mut lines = Vec::new();
    table::read(
        file,
        Columns::find,
        |columns, row| {
            let amount = row.fen(columns.amount)?;
            let out_of_range = || row.error(columns.amount, "the sum is out of range".to_owned());
            if amount < Fen::ZERO {
                return Err(row.error(columns.amount, format!("{amount} is negative")));
            }
            let (side, signed) = match row.text(columns.direction) {
                "收入" => (&mut columns.incoming, amount),
                "支出" => (&mut columns.outgoing, amount.negated().map_err(|_| out_of_range())?),
                other => {
                    let problem = format!("{:?} is neither 收入 nor 支出", crate::text::cut(other, 32));
                    return Err(row.error(columns.direction, problem));
                }
            };
            side.count += 1;
            side.fen = side
                .fen
                .plus(amount)
                .map_err(|_| row.error(columns.amount, "the sum is out of range".to_owned()))?;
            lines.push(FundFlowLine {
                line: row.line(),
                at: row.time(columns.at)?,
                kind: unescape(row.text(columns.kind)),
                amount: signed,
                balance: columns.balance.map(|column| row.fen(column)).transpose()?,
                provider_no: row.text(columns.provider_no).to_owned(),
                our_no: columns.our_no.map(|column| row.text(column)).unwrap_or_default().to_owned(),
            });
            Ok(())
        },
        |columns, summary| {
            let part = summary.part();
            let Columns { incoming, outgoing, .. } = columns;
            for (name, counted) in [
                ("资金流水总笔数", incoming.count + outgoing.count),
                ("收入笔数", incoming.count),
                ("支出笔数", outgoing.count),
            ] {
                let column = part.require(&[name])?;
                summary.agree(column, summary.count(column)?, counted)?;
            }
            for (name, counted) in [("收入金额", incoming.fen), ("支出金额", outgoing.fen)] {
                let column = part.require(&[name])?;
                summary.agree(column, summary.fen(column)?, counted)?;
            }
            Ok(())
        },
    )?;
    Ok(lines)
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
            incoming: Side::default(),
            outgoing: Side::default(),
        })
    }
}
