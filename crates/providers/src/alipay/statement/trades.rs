//! 业务明细: payments and refunds of a day.
//!
//! # Source
//! protocols/alipay.md section 10.3.

use super::table::{self, Column, Form, Moments, Row, Table};
use crate::text::Lines;
use mingfen_domain::Fen;
use mingfen_domain::money::MoneyError;
use mingfen_provider_api::statement::{LineKind, StatementError, StatementLine, StatementTotals};
use std::io::BufRead;

/// The first line.
pub(super) const TITLE: &str = "#支付宝业务明细查询";

const FORM: Form = Form {
    title: TITLE,
    end: "业务明细列表结束",
    free: &["商品名称", "门店名称", "券名称", "备注"],
    empty_is_zero: false,
};

/// `交易` and `退款` as the file has them.
const PAYMENT: &[u8] = b"\xBD\xBB\xD2\xD7";
const REFUND: &[u8] = b"\xCD\xCB\xBF\xEE";

struct Columns {
    trade_no: Column,
    out_trade_no: Column,
    kind: Column,
    done_at: Column,
    /// 商家实收 is what the merchant was given, and what the bill adds up; coupons of the merchant's own are not in it.
    received: Column,
    out_request_no: Column,
    fee: Column,
}

/// What the rows add up to.
#[derive(Default)]
pub(super) struct Sums {
    pub payments: u64,
    pub paid: Fen,
    pub refunds: u64,
    pub refunded: Fen,
}

/// A bill whose columns were found: what follows are rows.
pub(super) struct Bill<'a, R> {
    table: Table<'a, R>,
    columns: Columns,
}

pub(super) fn parse<R: BufRead>(
    lines: Lines<'_, R>,
    seller_id: Option<&str>,
    each: &mut dyn FnMut(StatementLine<'_>),
) -> Result<StatementTotals, StatementError> {
    let sums = open(lines, seller_id)?.rows(|_, line| each(line))?;
    Ok(StatementTotals { lines: sums.payments + sums.refunds, paid: sums.paid, refunded: sums.refunded })
}

/// Reads what stands before the rows.
pub(super) fn open<'a, R: BufRead>(
    lines: Lines<'a, R>,
    seller_id: Option<&str>,
) -> Result<Bill<'a, R>, StatementError> {
    let table = table::open(lines, &FORM, seller_id)?;
    let columns = Columns {
        trade_no: table.column("支付宝交易号")?,
        out_trade_no: table.column("商户订单号")?,
        kind: table.column("业务类型")?,
        done_at: table.column("完成时间")?,
        received: table.column("商家实收（元）")?,
        out_request_no: table.column("退款批次号/请求号")?,
        fee: table.column("服务费（元）")?,
    };
    Ok(Bill { table, columns })
}

impl<R: BufRead> Bill<'_, R> {
    /// The header with its line.
    pub(super) fn header(&self) -> (u64, &[String]) {
        self.table.header()
    }

    /// Whose it is.
    pub(super) fn account(&self) -> &str {
        self.table.account()
    }

    /// Gives every row beside what it means, and compares the totals.
    pub(super) fn rows(
        self,
        mut each: impl FnMut(&Row<'_>, StatementLine<'_>),
    ) -> Result<Sums, StatementError> {
        let Self { table, columns } = self;
        let whole = table.whole();
        let mut sums = Sums::default();
        let mut moments = Moments::default();
        let trailer = table.rows(|row| {
            let line = columns.line(&row, &mut moments)?;
            sums.add(&line).map_err(|error| row.place.refuse(error.to_string()))?;
            each(&row, line);
            Ok(())
        })?;
        let refunded = sums.refunded.negated().map_err(|error| whole.refuse(error.to_string()))?;
        trailer.check("交易合计", "商家实收共", sums.payments, sums.paid)?;
        trailer.check("退款合计", "商家实收退款共", sums.refunds, refunded)?;
        Ok(sums)
    }
}

impl Columns {
    fn line<'a>(&self, row: &Row<'a>, moments: &mut Moments) -> Result<StatementLine<'a>, StatementError> {
        let (kind, status) = match row.bytes(self.kind) {
            PAYMENT => (LineKind::Payment, "交易"),
            REFUND => (LineKind::Refund, "退款"),
            _ => {
                let found = row.text(self.kind)?;
                let problem = format!("is {:?}; 交易 or 退款 is wanted", crate::text::cut(&found, 20));
                return Err(row.place.refuse_column("业务类型", problem));
            }
        };
        let out_of_range = |error: MoneyError| row.place.refuse(error.to_string());
        let received = row.yuan(self.received)?;
        let amount = match kind {
            LineKind::Payment => received,
            LineKind::Refund => received.negated().map_err(out_of_range)?,
        };
        if amount < Fen::ZERO {
            let problem = "has the wrong sign: payments are positive, refunds negative";
            return Err(row.place.refuse_column("商家实收（元）", problem));
        }
        // Kept fees are negative in the file and positive with us.
        let fee = row.yuan(self.fee)?.negated().map_err(out_of_range)?;
        let fee_milli_fen =
            fee.get().checked_mul(1000).ok_or_else(|| out_of_range(MoneyError::OutOfRange))?;
        Ok(StatementLine {
            line: row.place.line(),
            kind,
            out_trade_no: row.text(self.out_trade_no)?,
            provider_trade_no: row.text(self.trade_no)?,
            out_refund_no: row.text(self.out_request_no)?,
            provider_refund_no: "".into(),
            amount,
            fee_milli_fen,
            at: row.moment(self.done_at, moments)?,
            status: status.into(),
            shifted: row.shifted,
        })
    }
}

impl Sums {
    fn add(&mut self, line: &StatementLine<'_>) -> Result<(), MoneyError> {
        match line.kind {
            LineKind::Payment => {
                self.payments += 1;
                self.paid = self.paid.plus(line.amount)?;
            }
            LineKind::Refund => {
                self.refunds += 1;
                self.refunded = self.refunded.plus(line.amount)?;
            }
        }
        Ok(())
    }
}
