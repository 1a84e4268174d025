//! The trade bill (交易账单) of the types ALL, SUCCESS and REFUND, with today's and the old column names.

use super::table::{self, Column, Part, Row};
use crate::text::Lines;
use mingfen_domain::Fen;
use mingfen_provider_api::statement::{LineKind, StatementError, StatementLine, StatementTotals};
use std::borrow::Cow;
use std::io::BufRead;

/// Every total of the summary and the column it adds up. Old bills have the last three.
const TOTALS: &[(&str, &str)] = &[
    ("应结订单总金额", "应结订单金额"),
    ("订单总金额", "订单金额"),
    ("退款总金额", "退款金额"),
    ("申请退款总金额", "申请退款金额"),
    ("充值券退款总金额", "充值券退款金额"),
    ("总交易额", "总金额"),
    ("总退款金额", "退款金额"),
    ("总代金券或立减优惠退款金额", "代金券或立减优惠退款金额"),
];

struct Columns {
    at: Column,
    mchid: Column,
    provider_trade_no: Column,
    out_trade_no: Column,
    state: Column,
    paid: Column,
    refunded: Option<Column>,
    provider_refund_no: Option<Column>,
    out_refund_no: Option<Column>,
    refund_state: Option<Column>,
    fee: Option<Column>,
    sums: Vec<Sum>,
    counted: StatementTotals,
    fees: Fees,
}

/// One column that the summary adds up.
struct Sum {
    total: &'static str,
    column: Column,
    fen: Fen,
}

/// Fees of payments and of refunds apart, because nobody has yet seen which sign a refund row's fee has (section 8.2).
#[derive(Default)]
struct Fees {
    payments: i64,
    refunds: i64,
    refunds_unsigned: i64,
}

/// Reads the file of merchant `mchid`, or whosever it is.
pub fn parse<R: BufRead>(
    lines: Lines<'_, R>,
    mchid: Option<&str>,
    each: &mut dyn FnMut(StatementLine<'_>),
) -> Result<StatementTotals, StatementError> {
    let mut totals = StatementTotals { lines: 0, paid: Fen::ZERO, refunded: Fen::ZERO };
    table::read(
        lines,
        Columns::find,
        |columns, row| {
            let line = columns.line(row, mchid)?;
            columns.count(row, &line)?;
            each(line);
            Ok(())
        },
        |columns, summary| {
            columns.agree(summary)?;
            totals = columns.counted;
            Ok(())
        },
    )?;
    Ok(totals)
}

impl Columns {
    fn find(part: &Part<'_>) -> Result<Self, StatementError> {
        let sums = TOTALS
            .iter()
            .filter_map(|&(total, column)| {
                part.find(&[column]).map(|column| Sum { total, column, fen: Fen::ZERO })
            })
            .collect();
        Ok(Self {
            // A bill of refunds alone says when each was asked for.
            at: part.require(&["退款申请时间", "交易时间"])?,
            mchid: part.require(&["商户号"])?,
            provider_trade_no: part.require(&["微信订单号"])?,
            out_trade_no: part.require(&["商户订单号"])?,
            state: part.require(&["交易状态"])?,
            paid: part.require(&["订单金额", "总金额"])?,
            refunded: part.find(&["申请退款金额", "退款金额"]),
            provider_refund_no: part.find(&["微信退款单号"]),
            out_refund_no: part.find(&["商户退款单号"]),
            refund_state: part.find(&["退款状态"]),
            fee: part.find(&["手续费"]),
            sums,
            counted: StatementTotals { lines: 0, paid: Fen::ZERO, refunded: Fen::ZERO },
            fees: Fees::default(),
        })
    }

    fn line<'a>(&self, row: &Row<'a>, mchid: Option<&str>) -> Result<StatementLine<'a>, StatementError> {
        let merchant = row.text(self.mchid);
        if let Some(mchid) = mchid.filter(|&mchid| mchid != merchant) {
            let problem = format!("is for {:?}, this channel is {mchid}", crate::text::cut(merchant, 32));
            return Err(row.error(self.mchid, problem));
        }
        let state = row.text(self.state);
        let (kind, amount) = match (state, self.refunded) {
            ("SUCCESS", _) => (LineKind::Payment, row.fen(self.paid)?),
            ("REFUND" | "REVOKED", Some(refunded)) => (LineKind::Refund, row.fen(refunded)?),
            (other, _) => {
                let problem = format!("{:?} is not SUCCESS, REFUND or REVOKED", crate::text::cut(other, 32));
                return Err(row.error(self.state, problem));
            }
        };
        if amount < Fen::ZERO {
            return Err(row.error(self.paid, format!("{amount} is negative")));
        }
        let refund_text = |column: Option<Column>| match (kind, column) {
            (LineKind::Refund, Some(column)) => row.text(column),
            _ => "",
        };
        let status = match refund_text(self.refund_state) {
            "" => state,
            of_refund => of_refund,
        };
        Ok(StatementLine {
            line: row.line(),
            kind,
            out_trade_no: Cow::Borrowed(row.text(self.out_trade_no)),
            provider_trade_no: Cow::Borrowed(row.text(self.provider_trade_no)),
            out_refund_no: Cow::Borrowed(refund_text(self.out_refund_no)),
            provider_refund_no: Cow::Borrowed(refund_text(self.provider_refund_no)),
            amount,
            fee_milli_fen: self.fee.map_or(Ok(0), |fee| row.milli_fen(fee))?,
            at: row.time(self.at)?,
            status: Cow::Borrowed(status),
            shifted: false,
        })
    }

    fn count(&mut self, row: &Row<'_>, line: &StatementLine<'_>) -> Result<(), StatementError> {
        let out_of_range = |column: Column| row.error(column, "the sum is out of range".to_owned());
        for sum in &mut self.sums {
            sum.fen = sum.fen.plus(row.fen(sum.column)?).map_err(|_| out_of_range(sum.column))?;
        }
        let side = match line.kind {
            LineKind::Payment => &mut self.counted.paid,
            LineKind::Refund => &mut self.counted.refunded,
        };
        *side = side.plus(line.amount).map_err(|_| out_of_range(self.paid))?;
        self.counted.lines += 1;
        self.fees.add(line).ok_or_else(|| out_of_range(self.fee.unwrap_or(self.paid)))
    }

    fn agree(&self, summary: &Row<'_>) -> Result<(), StatementError> {
        let part = summary.part();
        let lines = part.require(&["总交易单数"])?;
        summary.agree(lines, summary.count(lines)?, self.counted.lines)?;
        for sum in &self.sums {
            if let Some(total) = part.find(&[sum.total]) {
                summary.agree(total, summary.fen(total)?, sum.fen)?;
            }
        }
        match part.find(&["手续费总金额"]) {
            Some(total) if self.fee.is_some() => self.fees.agree(summary, total),
            _ => Ok(()),
        }
    }
}

impl Fees {
    fn add(&mut self, line: &StatementLine<'_>) -> Option<()> {
        match line.kind {
            LineKind::Payment => self.payments = self.payments.checked_add(line.fee_milli_fen)?,
            LineKind::Refund => {
                self.refunds = self.refunds.checked_add(line.fee_milli_fen)?;
                self.refunds_unsigned =
                    self.refunds_unsigned.checked_add(line.fee_milli_fen.checked_abs()?)?;
            }
        }
        Some(())
    }

    /// The signed sum, or payments less refunds, whichever the file means.
    fn agree(&self, summary: &Row<'_>, total: Column) -> Result<(), StatementError> {
        let said = summary.milli_fen(total)?;
        let signed = self.payments.saturating_add(self.refunds);
        if said == self.payments.saturating_sub(self.refunds_unsigned) {
            return Ok(());
        }
        summary.agree(total, said, signed)
    }
}
