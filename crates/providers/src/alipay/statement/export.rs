//! The bill for those who have only files: what a file is, read without a channel, and its rows with nothing around them.

use super::summary::{self, Sums};
use super::{fund_flow, trades};
use crate::text::{self, Lines};
use mingfen_provider_api::statement::{
    FundFlowLine, FundFlowTotals, StatementError, StatementLine, StatementTotals,
};
use std::borrow::Cow;
use std::io::BufRead;

/// What a file of Alipay's is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// 业务明细, with a row for every payment and refund.
    Trades,
    /// 业务明细(汇总), which adds it up.
    TradesSummary,
    /// 账务明细, movements of the balance.
    FundFlow,
    /// 账务明细(汇总).
    FundFlowSummary,
}

/// What a file that begins with these bytes is, by its first line: names come in any order and encoding.
pub fn part_of(bytes: &[u8]) -> Option<Part> {
    let line = text::first_line(bytes);
    let line = line.get(..line.len().min(200))?;
    // One that was saved again as UTF-8 is known too, and refused by its reader in so many words.
    let title = text::decode(line).ok()?;
    match title.trim() {
        trades::TITLE => Some(Part::Trades),
        summary::TRADES_TITLE => Some(Part::TradesSummary),
        fund_flow::TITLE => Some(Part::FundFlow),
        summary::FUND_FLOW_TITLE => Some(Part::FundFlowSummary),
        _ => None,
    }
}

/// Reads a trade bill of whatever account; otherwise as [`mingfen_provider_api::statement::Statements::parse_trades`].
///
/// # Errors
/// With line and cause.
pub fn read_trades<R: BufRead>(
    lines: Lines<'_, R>,
    each: &mut dyn FnMut(StatementLine<'_>),
) -> Result<StatementTotals, StatementError> {
    trades::parse(lines, None, each)
}

/// Reads the account's bill, whosever it is.
///
/// # Errors
/// With line and cause.
pub fn read_fund_flow<R: BufRead>(
    lines: Lines<'_, R>,
    each: &mut dyn FnMut(FundFlowLine<'_>),
) -> Result<FundFlowTotals, StatementError> {
    fund_flow::parse(lines, None, each)
}

/// Gives the headings and then every row of a trade bill with its line, for [`crate::alipay::TRADE_BILL_LAYOUT`]: the bill's own
/// columns, trimmed, with commas back in the texts that hold them, and `账号` behind them. Comments and totals are left out, after
/// the totals were compared; so is the summary, when there is one. Nothing counts before this returns well.
///
/// Returns the lines whose columns were found by what they hold: worth a person's look.
///
/// # Errors
/// With line and cause.
pub fn export_trades<R: BufRead, S: BufRead>(
    detail: Lines<'_, R>,
    summary: Option<Lines<'_, S>>,
    each: &mut dyn FnMut(u64, &[Cow<'_, str>]),
) -> Result<Vec<u64>, StatementError> {
    let exported = rows(detail, None, each)?;
    if let Some(summary) = summary {
        summary::check(summary, &exported.sums, Some(&exported.account))?;
    }
    Ok(exported.shifted)
}

/// What a detail was, beside its rows.
pub(super) struct Exported {
    /// Whose it is.
    pub account: String,
    /// What it adds up to.
    pub sums: Sums,
    /// The lines whose columns were found by what they hold.
    pub shifted: Vec<u64>,
}

/// As [`export_trades`], of this seller, and without a look at the summary.
pub(super) fn rows<R: BufRead>(
    detail: Lines<'_, R>,
    seller_id: Option<&str>,
    each: &mut dyn FnMut(u64, &[Cow<'_, str>]),
) -> Result<Exported, StatementError> {
    let bill = trades::open(detail, seller_id)?;
    // Sixteen digits are the seller; what follows them says nothing to a hospital.
    let account: String = bill.account().chars().take(16).collect();
    let (line, names) = bill.header();
    let headings = names.iter().map(String::as_str).chain(["账号"]);
    each(line, &headings.map(Cow::Borrowed).collect::<Vec<_>>());
    let mut shifted = Vec::new();
    let sums = bill.rows(|row, line| {
        if line.shifted {
            shifted.push(line.line);
        }
        let cells: Vec<Cow<'_, str>> = row.shown().chain([Cow::Borrowed(account.as_str())]).collect();
        each(line.line, &cells);
    })?;
    Ok(Exported { account, sums: Sums::Trades(sums), shifted })
}
