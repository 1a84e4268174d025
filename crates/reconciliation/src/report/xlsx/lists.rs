//! 输入文件, 结算 and 趋势: what a run has one row each of.

use super::SheetError;
use super::cells::{count, day, fee, formula, headings, net_of, page, sum_of, text, yuan};
use super::style::Style;
use crate::report::{InputShown, InputState, RunHead, SettlementShown, fee_yuan};
use mingfen_domain::Fen;
use mingfen_domain::money::MoneyError;
use rust_xlsxwriter::utility::row_col_to_cell;
use rust_xlsxwriter::{Chart, ChartFormat, ChartSolidFill, ChartType, Worksheet};

pub(super) fn inputs(head: &RunHead, style: &Style, sheet: &mut Worksheet) -> Result<(), SheetError> {
    const NAMES: [(&str, u8); 9] = [
        ("方", 8),
        ("文件", 44),
        ("渠道", 20),
        ("状态", 12),
        ("行数", 12),
        ("支付（元）", 16),
        ("退费（元）", 16),
        ("净额（元）", 16),
        ("SHA-256", 68),
    ];
    page(sheet, head, "输入文件", (0, 0))?;
    headings(sheet, 0, &NAMES, style)?;
    sheet.set_freeze_panes(1, 0)?;
    for (row, input) in (1..).zip(&head.inputs) {
        sheet.set_row_height(row, 18)?;
        let InputShown { side, name, channel, state, rows, paid, refunded, sha256 } = input;
        text(sheet, row, 0, side.chinese(), &style.name)?;
        text(sheet, row, 1, name, &style.wrapped)?;
        text(sheet, row, 2, channel, &style.wrapped)?;
        let absent = matches!(state, InputState::NotYet | InputState::Refused);
        let format = if absent { &style.warn } else { &style.text };
        text(sheet, row, 3, state.chinese(), format)?;
        count(sheet, row, 4, *rows, &style.count)?;
        yuan(sheet, row, 5, *paid, &style.yuan)?;
        yuan(sheet, row, 6, *refunded, &style.yuan)?;
        net_of(sheet, row, 5, paid.minus(*refunded)?, &style.yuan)?;
        text(sheet, row, 8, sha256, &style.text)?;
    }
    Ok(())
}

pub(super) fn settlement(head: &RunHead, style: &Style, sheet: &mut Worksheet) -> Result<(), SheetError> {
    const NAMES: [(&str, u8); 12] = [
        ("商户号", 22),
        ("银行账户", 26),
        ("支付（元）", 16),
        ("退费（元）", 14),
        ("净额（元）", 16),
        ("手续费（元）", 14),
        ("按费率应收（元）", 16),
        ("手续费差（元）", 14),
        ("资金账单净额（元）", 18),
        ("银行到账（元）", 16),
        ("到账 − 资金账单（元）", 20),
        ("说明", 40),
    ];
    page(sheet, head, "结算", (0, 0))?;
    headings(sheet, 0, &NAMES, style)?;
    sheet.set_freeze_panes(1, 1)?;
    let mut totals = Totals::default();
    for (row, account) in (1..).zip(&head.settlement) {
        sheet.set_row_height(row, 18)?;
        settlement_row(sheet, row, account, style, &mut totals)?;
    }
    let rows = head.settlement.len() as u32;
    if rows > 0 {
        text(sheet, rows + 1, 0, "合计", &style.total)?;
        for column in [1, 11] {
            sheet.write_blank(rows + 1, column, &style.total)?;
        }
        for (column, sum) in (2..).zip(&totals.yuan_texts()?) {
            let format = if (5..8).contains(&column) { &style.total_fee } else { &style.total_yuan };
            formula(sheet, (rows + 1, column), &sum_of(column, 1, rows), sum, format)?;
        }
    }
    Ok(())
}

/// The results of the totals of 结算.
#[derive(Default)]
struct Totals {
    paid: Fen,
    refunded: Fen,
    fee_milli_fen: i64,
    expected_milli_fen: i64,
    fee_difference_milli_fen: i64,
    fund_flow: Fen,
    arrived: Fen,
    arrived_difference: Fen,
}

impl Totals {
    fn yuan_texts(&self) -> Result<[String; 9], MoneyError> {
        Ok([
            self.paid.to_yuan(),
            self.refunded.to_yuan(),
            self.paid.minus(self.refunded)?.to_yuan(),
            fee_yuan(self.fee_milli_fen),
            fee_yuan(self.expected_milli_fen),
            fee_yuan(self.fee_difference_milli_fen),
            self.fund_flow.to_yuan(),
            self.arrived.to_yuan(),
            self.arrived_difference.to_yuan(),
        ])
    }
}

/// What is not known stays empty: no number, and no difference made of it.
fn settlement_row(
    sheet: &mut Worksheet,
    row: u32,
    account: &SettlementShown,
    style: &Style,
    totals: &mut Totals,
) -> Result<(), SheetError> {
    let SettlementShown { paid, refunded, fee_milli_fen, .. } = account;
    let difference_of =
        |left: u16, right: u16| format!("={}-{}", row_col_to_cell(row, left), row_col_to_cell(row, right));
    text(sheet, row, 0, &account.account, &style.text)?;
    text(sheet, row, 1, &account.bank_account, &style.text)?;
    yuan(sheet, row, 2, *paid, &style.yuan)?;
    yuan(sheet, row, 3, *refunded, &style.yuan)?;
    net_of(sheet, row, 2, paid.minus(*refunded)?, &style.yuan)?;
    totals.paid = totals.paid.plus(*paid)?;
    totals.refunded = totals.refunded.plus(*refunded)?;
    fee(sheet, row, 5, *fee_milli_fen, &style.fee)?;
    add(&mut totals.fee_milli_fen, *fee_milli_fen)?;
    for column in 6..=10 {
        sheet.write_blank(row, column, &style.text)?;
    }
    if let Some(expected) = account.fee_expected_milli_fen {
        let difference = fee_milli_fen.checked_sub(expected).ok_or(SheetError::OutOfRange)?;
        fee(sheet, row, 6, expected, &style.fee)?;
        formula(sheet, (row, 7), &difference_of(5, 6), &fee_yuan(difference), &style.fee)?;
        add(&mut totals.expected_milli_fen, expected)?;
        add(&mut totals.fee_difference_milli_fen, difference)?;
    }
    if let Some(net) = account.fund_flow_net {
        yuan(sheet, row, 8, net, &style.yuan)?;
        totals.fund_flow = totals.fund_flow.plus(net)?;
    }
    if let Some(arrived) = account.arrived {
        yuan(sheet, row, 9, arrived, &style.yuan)?;
        totals.arrived = totals.arrived.plus(arrived)?;
    }
    if let (Some(net), Some(arrived)) = (account.fund_flow_net, account.arrived) {
        let difference = arrived.minus(net)?;
        formula(sheet, (row, 10), &difference_of(9, 8), &difference.to_yuan(), &style.yuan)?;
        totals.arrived_difference = totals.arrived_difference.plus(difference)?;
    }
    text(sheet, row, 11, &account.remark, &style.wrapped)?;
    Ok(())
}

fn add(sum: &mut i64, more: i64) -> Result<(), SheetError> {
    *sum = sum.checked_add(more).ok_or(SheetError::OutOfRange)?;
    Ok(())
}

pub(super) fn trend(head: &RunHead, style: &Style, sheet: &mut Worksheet) -> Result<(), SheetError> {
    page(sheet, head, "趋势", (0, 0))?;
    headings(sheet, 0, &[("账单日", 14), ("差异笔数", 12)], style)?;
    sheet.set_freeze_panes(1, 0)?;
    for (row, (date, findings)) in (1..).zip(&head.trend) {
        day(sheet, row, 0, *date, &style.day)?;
        count(sheet, row, 1, *findings, &style.count)?;
    }
    let last = head.trend.len() as u32;
    let mut chart = Chart::new(ChartType::Column);
    chart
        .add_series()
        .set_categories(("趋势", 1, 0, last, 0))
        .set_values(("趋势", 1, 1, last, 1))
        .set_format(ChartFormat::new().set_solid_fill(ChartSolidFill::new().set_color(0x4F_9A_91_u32)));
    chart.title().set_name("每日差异笔数");
    chart.legend().set_hidden();
    chart.set_width(900).set_height(320);
    sheet.insert_chart(1, 3, &chart)?;
    Ok(())
}
