//! 汇总: the second member of a bill's archive, which adds up the first. Compared where the bill is fetched, so that an archive
//! whose two halves disagree is fetched again and never kept.
//!
//! # Source
//! protocols/alipay.md sections 10.4 and 10.5. Of the account's summary only the first line is documented: its totals are
//! compared where it has them in the detail's own form.

use super::table::{self, Form, Totals};
use super::{fund_flow, trades};
use mingfen_domain::Fen;
use mingfen_domain::money::MoneyError;
use mingfen_provider_api::statement::{LineKind, StatementError, StatementFile, StatementKind};

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

/// Movements of one direction.
#[derive(Default)]
struct Heap {
    count: u64,
    sum: Fen,
}

/// What a detail adds up to. What went out is negative in an account and positive among trades, as their parsers have it.
#[derive(Default)]
struct Sums {
    income: Heap,
    outgo: Heap,
}

/// Compares a summary with its detail. A detail that cannot be read is left to whoever reads it, who names its line.
///
/// # Errors
/// The summary is damaged, or says something else than the detail: with line and cause.
pub(super) fn check(
    kind: StatementKind,
    summary: &StatementFile,
    detail: &StatementFile,
    seller_id: &str,
) -> Result<(), StatementError> {
    match kind {
        StatementKind::Trades => match sums_of_trades(detail, seller_id) {
            Ok(sums) => check_trades(summary, &sums, seller_id),
            Err(_unreadable) => Ok(()),
        },
        StatementKind::FundFlow => match sums_of_account(detail, seller_id) {
            Ok(sums) => check_account(summary, &sums, seller_id),
            Err(_unreadable) => Ok(()),
        },
    }
}

/// Refunds are taken off what was received. The document does not say so; a sum that leaves them out is taken too, since the
/// numbers beside it count both.
fn check_trades(file: &StatementFile, sums: &Sums, seller_id: &str) -> Result<(), StatementError> {
    let table = table::open(file, &TRADES, seller_id)?;
    let (first, payments) = (table.column("门店编号")?, table.column(PAYMENTS)?);
    let (refunds, received) = (table.column(REFUNDS)?, table.column(RECEIVED)?);
    let whole = table.whole();
    let mut stores = (0_u64, 0_u64, Fen::ZERO);
    let mut all_stores = None;
    table.rows(|row| {
        let said = (row.count(payments)?, row.count(refunds)?, row.yuan(received)?);
        if row.bytes(first) == ALL_STORES {
            if all_stores.replace((row.place, said)).is_some() {
                return Err(row.place.refuse("is a second row 合计"));
            }
        } else {
            let sum = stores.2.plus(said.2).map_err(|error| row.place.refuse(error.to_string()))?;
            stores = (stores.0.saturating_add(said.0), stores.1.saturating_add(said.1), sum);
        }
        Ok(())
    })?;
    let (place, said) =
        all_stores.ok_or_else(|| whole.refuse("is cut short: the row 合计 is missing; fetch it again"))?;
    if said != stores {
        return Err(place.refuse(format!(
            "合计 is {} payments, {} refunds, {} yuan, but the stores above it add up to {}, {} and {}; fetch the bill again",
            said.0, said.1, said.2, stores.0, stores.1, stores.2
        )));
    }
    for (name, said, counted) in [(PAYMENTS, said.0, sums.income.count), (REFUNDS, said.1, sums.outgo.count)]
    {
        if said != counted {
            let problem = format!("is {said}, but the detail has {counted}; fetch the bill again");
            return Err(place.refuse_column(name, problem));
        }
    }
    let net = sums.outgo.sum.negated().and_then(|refunded| sums.income.sum.plus(refunded));
    let net = net.map_err(|error| place.refuse(error.to_string()))?;
    if said.2 != net && said.2 != sums.income.sum {
        let problem = format!("is {}, but the detail adds up to {net}; fetch the bill again", said.2);
        return Err(place.refuse_column(RECEIVED, problem));
    }
    Ok(())
}

fn check_account(file: &StatementFile, sums: &Sums, seller_id: &str) -> Result<(), StatementError> {
    let totals = Totals::anywhere(file, &FUND_FLOW, seller_id)?;
    let (spent, received) = (fund_flow::SPENT, fund_flow::RECEIVED);
    if !totals.has(spent) && !totals.has(received) {
        tracing::warn!(file = %file.name, "the account's summary has no totals in a known form; it was not compared");
        return Ok(());
    }
    totals.check(spent, "共", sums.outgo.count, sums.outgo.sum)?;
    totals.check(received, "共", sums.income.count, sums.income.sum)
}

fn sums_of_trades(detail: &StatementFile, seller_id: &str) -> Result<Sums, StatementError> {
    let mut sums = Sums::default();
    let totals = trades::parse(detail, seller_id, &mut |line| match line.kind {
        LineKind::Payment => sums.income.count += 1,
        LineKind::Refund => sums.outgo.count += 1,
    })?;
    (sums.income.sum, sums.outgo.sum) = (totals.paid, totals.refunded);
    Ok(sums)
}

fn sums_of_account(detail: &StatementFile, seller_id: &str) -> Result<Sums, StatementError> {
    let mut sums = Sums::default();
    let out_of_range = |error: MoneyError| StatementError {
        file: detail.name.clone(),
        line: 0,
        column: None,
        problem: error.to_string(),
    };
    for line in fund_flow::parse(detail, seller_id)? {
        let heap = if line.amount < Fen::ZERO { &mut sums.outgo } else { &mut sums.income };
        heap.count += 1;
        heap.sum = heap.sum.plus(line.amount).map_err(out_of_range)?;
    }
    Ok(sums)
}
