//! 汇总: the second member of a bill's archive, which adds up the first. Compared where the bill is fetched, so that an archive
//! whose two halves disagree is fetched again and never kept.
//!
//! # Source
//! protocols/alipay.md sections 10.4 and 10.5. Of the account's summary only the first line is documented: its totals are
//! compared where it has them in the detail's own form.

use super::table::{self, Form, Totals};
use super::{fund_flow, trades};
use crate::text::Lines;
use mingfen_domain::Fen;
use mingfen_provider_api::statement::{FundFlowTotals, StatementError, StatementKind};
use std::io::BufRead;

/// The first line of a trade bill's summary.
pub(super) const TRADES_TITLE: &str = "#支付宝业务汇总查询";
/// The first line of the account's.
pub(super) const FUND_FLOW_TITLE: &str = "#支付宝账务汇总查询";

const TRADES: Form =
    Form {
        title: TRADES_TITLE, end: "业务汇总列表结束", free: &["门店名称"], empty_is_zero: true
    };
const FUND_FLOW: Form =
    Form { title: FUND_FLOW_TITLE, end: "账务汇总列表结束", free: &[], empty_is_zero: true };

/// `合计` as the file has it.
const ALL_STORES: &[u8] = b"\xBA\xCF\xBC\xC6";
const PAYMENTS: &str = "交易订单总笔数";
const REFUNDS: &str = "退款订单总笔数";
const RECEIVED: &str = "商家实收（元）";

/// What a detail adds up to.
pub(super) enum Sums {
    /// Payments and refunds.
    Trades(trades::Sums),
    /// Movements of the account.
    FundFlow(FundFlowTotals),
}

impl Sums {
    /// Adds up a detail.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of<R: BufRead>(
        kind: StatementKind,
        detail: Lines<'_, R>,
        seller_id: Option<&str>,
    ) -> Result<Self, StatementError> {
        match kind {
            StatementKind::Trades => trades::open(detail, seller_id)?.rows(|_, _| ()).map(Self::Trades),
            StatementKind::FundFlow => fund_flow::parse(detail, seller_id, &mut |_| ()).map(Self::FundFlow),
        }
    }
}

/// Compares a summary with what its detail adds up to.
///
/// # Errors
/// The summary is damaged, or says something else than the detail: with line and cause.
pub(super) fn check<R: BufRead>(
    summary: Lines<'_, R>,
    sums: &Sums,
    seller_id: Option<&str>,
) -> Result<(), StatementError> {
    match sums {
        Sums::Trades(counted) => check_trades(summary, counted, seller_id),
        Sums::FundFlow(totals) => check_account(summary, totals, seller_id),
    }
}

/// Refunds are taken off what was received. The document does not say so; a sum that leaves them out is taken too, since the
/// numbers beside it count both.
fn check_trades<R: BufRead>(
    summary: Lines<'_, R>,
    counted: &trades::Sums,
    seller_id: Option<&str>,
) -> Result<(), StatementError> {
    let table = table::open(summary, &TRADES, seller_id)?;
    let (first, payments) = (table.column("门店编号")?, table.column(PAYMENTS)?);
    let (refunds, received) = (table.column(REFUNDS)?, table.column(RECEIVED)?);
    let whole = table.whole();
    let mut stores = (0_u64, 0_u64, Fen::ZERO);
    let mut all_stores = None;
    table.rows(|row| {
        let said = (row.count(payments)?, row.count(refunds)?, row.yuan(received)?);
        if row.bytes(first) == ALL_STORES {
            if all_stores.replace((row.place.line(), said)).is_some() {
                return Err(row.place.refuse("is a second row 合计"));
            }
        } else {
            let sum = stores.2.plus(said.2).map_err(|error| row.place.refuse(error.to_string()))?;
            stores = (stores.0.saturating_add(said.0), stores.1.saturating_add(said.1), sum);
        }
        Ok(())
    })?;
    let (line, said) =
        all_stores.ok_or_else(|| whole.refuse("is cut short: the row 合计 is missing; fetch it again"))?;
    let place = whole.at(line);
    if said != stores {
        let problem = format!(
            "合计 is {} payments, {} refunds, {} yuan, but the stores above it add up to {}, {} and {}; fetch the bill again",
            said.0, said.1, said.2, stores.0, stores.1, stores.2
        );
        return Err(place.refuse(problem).of_totals());
    }
    for (name, said, counted) in [(PAYMENTS, said.0, counted.payments), (REFUNDS, said.1, counted.refunds)] {
        if said != counted {
            let problem = format!("is {said}, but the detail has {counted}; fetch the bill again");
            return Err(place.refuse_column(name, problem).of_totals());
        }
    }
    let net = counted.paid.minus(counted.refunded).map_err(|error| place.refuse(error.to_string()))?;
    if said.2 != net && said.2 != counted.paid {
        let problem = format!("is {}, but the detail adds up to {net}; fetch the bill again", said.2);
        return Err(place.refuse_column(RECEIVED, problem).of_totals());
    }
    Ok(())
}

fn check_account<R: BufRead>(
    summary: Lines<'_, R>,
    counted: &FundFlowTotals,
    seller_id: Option<&str>,
) -> Result<(), StatementError> {
    let file = summary.file();
    let totals = Totals::anywhere(summary, &FUND_FLOW, seller_id)?;
    let (spent, received) = (fund_flow::SPENT, fund_flow::RECEIVED);
    if !totals.has(spent) && !totals.has(received) {
        tracing::warn!(%file, "the account's summary has no totals in a known form; it was not compared");
        return Ok(());
    }
    let negative = counted.spent.negated().map_err(|error| totals.whole().refuse(error.to_string()))?;
    totals.check(spent, "共", counted.expenses, negative)?;
    totals.check(received, "共", counted.incomes, counted.received)
}
