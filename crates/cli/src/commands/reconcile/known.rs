//! The kinds of statement that are known by themselves: what `reconcile` leaves to layouts and `providers` knows by name meet here.

use super::built_in;
use mingfen_domain::difference::Category;
use mingfen_provider_api::statement::StatementError;
use mingfen_providers::text::Lines;
use mingfen_providers::{alipay, unionpay, wechat};
use mingfen_reconciliation::files::front::{PlainFile, Reading, Turning};
use mingfen_reconciliation::files::{Known, Refusal};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// All of them.
pub fn kinds() -> anyhow::Result<Vec<Known>> {
    Ok(vec![
        Known {
            name: "微信支付交易账单 (WeChat Pay trade bill)",
            recognise: |head| wechat::bill_of(head) == Some(wechat::Bill::Trades),
            reading: Reading::Plain(built_in(wechat::TRADE_BILL_LAYOUT)?),
            note: None,
            show: None,
        },
        Known {
            name: "微信支付交易账单 SUCCESS (WeChat Pay trade bill)",
            recognise: |head| wechat::bill_of(head) == Some(wechat::Bill::Payments),
            reading: Reading::Plain(built_in(wechat::TRADE_BILL_LAYOUT)?),
            note: Some(
                "It has payments alone; without the bill of the type REFUND every refund of HIS is one-sided.",
            ),
            show: None,
        },
        Known {
            name: "微信支付交易账单 REFUND (WeChat Pay trade bill)",
            recognise: |head| wechat::bill_of(head) == Some(wechat::Bill::Refunds),
            reading: Reading::Plain(built_in(wechat::TRADE_BILL_LAYOUT)?),
            note: Some(
                "It has refunds alone; without the bill of the type SUCCESS every payment of HIS is one-sided.",
            ),
            show: None,
        },
        Known {
            name: "微信支付资金账单 (WeChat Pay fund-flow bill)",
            recognise: |head| wechat::bill_of(head) == Some(wechat::Bill::FundFlow),
            reading: Reading::Refused(
                "is WeChat Pay's fund-flow bill (资金账单): movements of the balance, without our order numbers in every row. \
                 Give the trade bill (交易账单) of the day: merchant platform, 交易中心, 交易账单, type 所有 (ALL)",
            ),
            note: None,
            show: None,
        },
        Known {
            name: "支付宝业务明细 (Alipay trade detail)",
            recognise: |head| alipay::part_of(head) == Some(alipay::Part::Trades),
            reading: Reading::Turned(built_in(alipay::TRADE_BILL_LAYOUT)?, alipay_detail),
            note: None,
            show: None,
        },
        Known {
            name: "支付宝业务明细(汇总) (Alipay trade summary)",
            recognise: |head| alipay::part_of(head) == Some(alipay::Part::TradesSummary),
            reading: Reading::Companion,
            note: None,
            show: None,
        },
        Known {
            name: "支付宝账务明细 (Alipay account detail)",
            recognise: |head| {
                matches!(alipay::part_of(head), Some(alipay::Part::FundFlow | alipay::Part::FundFlowSummary))
            },
            reading: Reading::Refused(
                "is Alipay's account ledger (账务明细): movements of the balance with fees and withdrawals. \
                 Give the trade detail (业务明细) of the day: merchant centre, 对账中心, 业务账单",
            ),
            note: None,
            show: None,
        },
        Known {
            name: "银联全渠道对账文件 (UnionPay ZM)",
            recognise: |head| unionpay::part_of(head) == Some(unionpay::Part::Trades),
            reading: Reading::Turned(built_in(unionpay::SETTLEMENT_LAYOUT)?, unionpay_transactions),
            note: None,
            show: Some(unionpay::shown),
        },
        Known {
            name: "银联差错文件 (UnionPay ZME)",
            recognise: |head| unionpay::part_of(head) == Some(unionpay::Part::Disputes),
            reading: Reading::Companion,
            note: None,
            show: None,
        },
    ])
}

fn alipay_detail(turning: Turning, out: &mut PlainFile) -> Result<(), Refusal> {
    let Turning { name, path, companions, .. } = turning;
    let mut summary = None;
    for (name, path) in &companions {
        let mut reader = opened(name, path)?;
        let head = reader.fill_buf().map_err(|error| unreadable(name, &error))?;
        if alipay::part_of(head) == Some(alipay::Part::TradesSummary) {
            summary = Some((name, reader));
            break;
        }
    }
    let summary_name = summary.as_ref().map(|(name, _)| *name);
    let detail = Lines::new(&name, opened(&name, &path)?);
    let summary = summary.map(|(name, reader)| Lines::new(name, reader));
    let shifted = alipay::export_trades(detail, summary, &mut |line, cells: &[Cow<'_, str>]| {
        out.row(line, cells);
    })
    .map_err(refused)?;
    match summary_name {
        Some(summary) => out.note(format!("{summary} agrees with it.")),
        None => out.note("There is no summary (汇总) beside it; its own totals were compared.".to_owned()),
    }
    if let Some(first) = shifted.first() {
        out.note(format!(
            "{} of its rows, the first in line {first}, have commas in their texts; their columns were found by what they hold. \
             Keep commas out of the goods' name.",
            shifted.len()
        ));
    }
    Ok(())
}

fn unionpay_transactions(turning: Turning, out: &mut PlainFile) -> Result<(), Refusal> {
    let Turning { name, path, companions, day } = turning;
    let reader = opened(&name, &path)?;
    unionpay::export_trades(&name, reader, day, &mut |line, cells: &[Cow<'_, str>]| out.row(line, cells))
        .map_err(refused)?;
    out.note(
        "Such a file has no totals: if it ends early at the end of a line, nobody can see it.".to_owned(),
    );
    for (name, path) in companions {
        let disputes = unionpay::read_disputes(Lines::new(&name, opened(&name, &path)?)).map_err(refused)?;
        if let Some(first) = disputes.first() {
            out.note(format!(
                "{} disputes stand in {name} and are not compared; the first is {} over {} yuan in line {}. Finance must look at them.",
                disputes.len(),
                first.code,
                first.amount,
                first.line
            ));
        }
    }
    Ok(())
}

/// Opens what was unpacked, under its name.
fn opened(name: &str, path: &Path) -> Result<BufReader<File>, Refusal> {
    let file = File::open(path).map_err(|error| unreadable(name, &error))?;
    Ok(BufReader::with_capacity(64 << 10, file))
}

fn unreadable(name: &str, error: &io::Error) -> Refusal {
    let problem = format!("cannot be read: {error}");
    Refusal { category: Category::UnparsableRow, file: name.to_owned(), line: 0, column: None, problem }
}

fn refused(error: StatementError) -> Refusal {
    let StatementError { file, line, column, problem, totals_differ } = error;
    let category = if totals_differ { Category::TotalsRowDiffers } else { Category::UnparsableRow };
    Refusal { category, file, line, column, problem }
}
