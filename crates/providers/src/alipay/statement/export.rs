//! The bill for those who have only files: what a file is, read without a channel, and its rows with nothing around them.

use super::summary::{self, Sums};
use super::{fund_flow, trades};
use crate::text::{self, Lines};
use mingfen_provider_api::statement::{
    FundFlowLine, FundFlowTotals, LineKind, StatementError, StatementLine, StatementTotals,
};
use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
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
    let title = match text::decode_utf8(line) {
        Ok(title) => Cow::Borrowed(title),
        Err(_) => text::decode_gbk(line).ok()?,
    };
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
    let account = OnceCell::new();
    let mut shifted = Vec::new();
    let mut payments = 0;
    let each = RefCell::new(each);
    let totals = trades::read(
        detail,
        seller_id,
        |line, names, whose| {
            // Sixteen digits are the seller; what follows them says nothing to a hospital.
            account.get_or_init(|| whose.chars().take(16).collect::<String>());
            let mut cells: Vec<Cow<'_, str>> =
                names.iter().map(|name| Cow::Borrowed(name.as_str())).collect();
            cells.push(Cow::Borrowed("账号"));
            (each.borrow_mut())(line, &cells);
        },
        |row, line| {
            if line.shifted {
                shifted.push(line.line);
            }
            payments += u64::from(line.kind == LineKind::Payment);
            let mut cells: Vec<Cow<'_, str>> = row.shown().collect();
            cells.push(Cow::Borrowed(account.get().map_or("", String::as_str)));
            (each.borrow_mut())(line.line, &cells);
            Ok(())
        },
    )?;
    let account = account.into_inner().unwrap_or_default();
    Ok(Exported { account, sums: Sums::Trades { payments, totals }, shifted })
}
