//! 账务明细: every movement of the merchant's Alipay balance. Settlement to the bank and fees are seen only here.
//!
//! # Source
//! protocols/alipay.md section 10.5.

use super::table::{self, Form, Moments};
use crate::text::Lines;
use mingfen_domain::Fen;
use mingfen_domain::fund_flow::FundFlowKind;
use mingfen_domain::money::MoneyError;
use mingfen_provider_api::statement::{FundFlowLine, FundFlowTotals, StatementError};
use std::io::BufRead;

/// The first line.
pub(super) const TITLE: &str = "#支付宝账务明细查询";

const FORM: Form = Form {
    title: TITLE,
    end: "账务明细列表结束",
    free: &["商品名称", "对方账号", "业务描述", "备注"],
    empty_is_zero: true,
};

/// The lines at the end that add up what went out and what came in.
pub(super) const SPENT: &str = "支出合计";
pub(super) const RECEIVED: &str = "收入合计";

/// What 业务类型 says. The document names these and leaves the list open.
pub(super) const WORDS: &[(&str, FundFlowKind)] = &[
    ("在线支付", FundFlowKind::Payment),
    ("交易付款", FundFlowKind::Payment),
    ("退款（交易退款）", FundFlowKind::Refund),
    ("收费", FundFlowKind::Fee),
    ("提现", FundFlowKind::ToBank),
    ("转账", FundFlowKind::Other),
];

const INCOME: &str = "收入金额（+元）";
const EXPENSE: &str = "支出金额（-元）";

pub(super) fn parse<R: BufRead>(
    lines: Lines<'_, R>,
    seller_id: Option<&str>,
    each: &mut dyn FnMut(FundFlowLine<'_>),
) -> Result<FundFlowTotals, StatementError> {
    let table = table::open(lines, &FORM, seller_id)?;
    let whole = table.whole();
    let provider_no = table.column("业务流水号")?;
    let our_no = table.column("商户订单号")?;
    let at = table.column("发生时间")?;
    let income = table.column(INCOME)?;
    let expense = table.column(EXPENSE)?;
    let balance = table.column("账户余额（元）")?;
    let kind = table.column("业务类型")?;
    let mut moments = Moments::default();
    let mut totals = FundFlowTotals::default();
    let trailer = table.rows(|row| {
        let refuse = |error: MoneyError| row.place.refuse(error.to_string());
        let (plus, minus) = (row.yuan(income)?, row.yuan(expense)?);
        if plus < Fen::ZERO || minus > Fen::ZERO || (plus != Fen::ZERO && minus != Fen::ZERO) {
            let problem = format!("either {INCOME} is positive or {EXPENSE} is negative, never both");
            return Err(row.place.refuse(problem));
        }
        if minus < Fen::ZERO {
            totals.expenses += 1;
            totals.spent = totals.spent.minus(minus).map_err(refuse)?;
        } else {
            totals.incomes += 1;
            totals.received = totals.received.plus(plus).map_err(refuse)?;
        }
        each(FundFlowLine {
            line: row.place.line(),
            at: row.moment(at, &mut moments)?,
            kind: row.text(kind)?,
            amount: plus.plus(minus).map_err(refuse)?,
            balance: if row.bytes(balance).is_empty() { None } else { Some(row.yuan(balance)?) },
            provider_no: row.text(provider_no)?,
            our_no: row.text(our_no)?,
        });
        Ok(())
    })?;
    let spent = totals.spent.negated().map_err(|error| whole.refuse(error.to_string()))?;
    trailer.check(SPENT, "共", totals.expenses, spent)?;
    trailer.check(RECEIVED, "共", totals.incomes, totals.received)?;
    Ok(totals)
}
