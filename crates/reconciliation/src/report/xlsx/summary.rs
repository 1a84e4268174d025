//! 汇总: the three sides by category, and whether that adds up.

use super::SheetError;
use super::cells::{count, formula, net_of, page, shown, sum_of, text, yuan};
use super::style::{PRIMARY, Style};
use crate::matching::Tally;
use crate::report::{RunHead, VIEWPOINT};
use crate::sides::Side;
use mingfen_domain::Fen;
use mingfen_domain::difference::Category;
use rust_xlsxwriter::utility::row_col_to_cell;
use rust_xlsxwriter::{Format, Worksheet, XlsxError};

/// The columns of a side on 汇总: lines, payments, refunds, net.
const SIDE_COLUMNS: u16 = 4;
const FIRST_CATEGORY: u32 = 8;

fn side_column(side: Side) -> u16 {
    1 + SIDE_COLUMNS * side as u16
}

pub(super) fn summary(head: &RunHead, style: &Style, sheet: &mut Worksheet) -> Result<(), SheetError> {
    page(sheet, head, "汇总", (6, 7))?;
    sheet.set_tab_color(PRIMARY);
    let difference_column = side_column(Side::His) + SIDE_COLUMNS;
    let last_column = difference_column + 2;
    let facts: Vec<String> =
        head.facts().iter().map(|(name, fact)| format!("{name}：{}", shown(fact))).collect();
    sheet.set_row_height(0, 28)?;
    text(sheet, 0, 0, &format!("{} 对账报告", head.hospital), &style.title)?;
    text(sheet, 1, 0, &facts.join("　　"), &style.note)?;
    sheet.merge_range(
        2,
        0,
        2,
        last_column,
        &head.verdict(),
        &style.verdict(head).clone().set_bold().set_font_size(12),
    )?;
    sheet.set_row_height(2, 24)?;
    text(sheet, 3, 0, VIEWPOINT, &style.note)?;
    text(sheet, 4, 0, &head.sign_off(), &style.note)?;
    summary_headings(sheet, style)?;
    let categories = Category::ALL.len() as u32;
    let last = FIRST_CATEGORY + categories - 1;
    for (row, category) in (FIRST_CATEGORY..).zip(Category::ALL) {
        text(sheet, row, 0, category.chinese(), &style.name)?;
        let mut nets = [Fen::ZERO; 3];
        for side in Side::ALL {
            nets[side as usize] = tally(sheet, row, side, &head.summary.of(category, side), style)?;
        }
        let difference = nets[Side::Channel as usize].minus(nets[Side::His as usize])?;
        let lines: u64 = Side::ALL.into_iter().map(|side| head.summary.of(category, side).lines).sum();
        net_difference(sheet, row, difference, if lines == 0 { &style.no_yuan } else { &style.yuan })?;
        sheet.set_row_height(row, 18)?;
        let (word, format) = match (lines, category.is_settled()) {
            (0, _) => ("", &style.text),
            (_, true) => ("无须处理", &style.ok),
            (_, false) => ("待处理", &style.warn),
        };
        text(sheet, row, difference_column + 1, word, format)?;
        text(sheet, row, last_column, if lines == 0 { "" } else { category.owner().chinese() }, &style.text)?;
    }
    summary_totals(head, sheet, style, last)?;
    signatures(sheet, last + 5, style)?;
    sheet.set_freeze_panes(FIRST_CATEGORY, 1)?;
    Ok(())
}

fn summary_headings(sheet: &mut Worksheet, style: &Style) -> Result<(), XlsxError> {
    const NAMES: [(&str, u8); SIDE_COLUMNS as usize] =
        [("笔数", 8), ("支付（元）", 15), ("退费（元）", 13), ("净额（元）", 15)];
    let heading = &style.heading;
    sheet.merge_range(6, 0, 7, 0, "类别", heading)?;
    sheet.set_column_width(0, 20)?;
    for side in Side::ALL {
        let first = side_column(side);
        sheet.merge_range(6, first, 6, first + SIDE_COLUMNS - 1, side.chinese(), heading)?;
        for (column, (name, width)) in (first..).zip(NAMES) {
            sheet.set_column_width(column, width)?;
            sheet.write_string_with_format(7, column, name, heading)?;
        }
    }
    let column = side_column(Side::His) + SIDE_COLUMNS;
    for (column, (name, width)) in (column..).zip([("渠道 − HIS（元）", 16), ("处理", 10), ("负责", 10)])
    {
        sheet.merge_range(6, column, 7, column, name, heading)?;
        sheet.set_column_width(column, width)?;
    }
    Ok(())
}

/// One side in one category; gives the net.
fn tally(
    sheet: &mut Worksheet,
    row: u32,
    side: Side,
    tally: &Tally,
    style: &Style,
) -> Result<Fen, SheetError> {
    let first = side_column(side);
    let net = tally.net()?;
    count(sheet, row, first, tally.lines, &style.count)?;
    let format = if tally.lines == 0 { &style.no_yuan } else { &style.yuan };
    yuan(sheet, row, first + 1, tally.paid, format)?;
    yuan(sheet, row, first + 2, tally.refunded, format)?;
    net_of(sheet, row, first + 1, net, format)?;
    Ok(net)
}

fn net_difference(
    sheet: &mut Worksheet,
    row: u32,
    difference: Fen,
    format: &Format,
) -> Result<(), XlsxError> {
    let net = |side: Side| row_col_to_cell(row, side_column(side) + SIDE_COLUMNS - 1);
    let cells = format!("={}-{}", net(Side::Channel), net(Side::His));
    formula(sheet, (row, side_column(Side::His) + SIDE_COLUMNS), &cells, &difference.to_yuan(), format)
}

/// What the categories add up to by formula, what the run itself recorded, and whether that is the same.
fn summary_totals(head: &RunHead, sheet: &mut Worksheet, style: &Style, last: u32) -> Result<(), SheetError> {
    let (total, recorded, check) = (last + 1, last + 2, last + 3);
    text(sheet, total, 0, "合计", &style.total)?;
    text(sheet, recorded, 0, "批次记录", &style.text)?;
    text(sheet, check, 0, "核对", &style.text)?;
    for row in total..=check {
        sheet.set_row_height(row, 20)?;
    }
    let mut nets = [Fen::ZERO; 3];
    for side in Side::ALL {
        let first = side_column(side);
        let all = head.summary.total(side)?;
        nets[side as usize] = tally(sheet, recorded, side, &all, style)?;
        let sums = [
            all.lines.to_string(),
            all.paid.to_yuan(),
            all.refunded.to_yuan(),
            nets[side as usize].to_yuan(),
        ];
        for (column, sum) in (first..).zip(&sums) {
            let format = if column == first { &style.total_count } else { &style.total_yuan };
            formula(sheet, (total, column), &sum_of(column, FIRST_CATEGORY, last), sum, format)?;
            let (here, there) = (row_col_to_cell(total, column), row_col_to_cell(recorded, column));
            let same = format!("=IF(ROUND({here}-{there},2)=0,\"相符\",\"不符\")");
            formula(sheet, (check, column), &same, "相符", &style.ok)?;
        }
    }
    let difference = nets[Side::Channel as usize].minus(nets[Side::His as usize])?;
    net_difference(sheet, recorded, difference, &style.yuan)?;
    let column = side_column(Side::His) + SIDE_COLUMNS;
    formula(
        sheet,
        (total, column),
        &sum_of(column, FIRST_CATEGORY, last),
        &difference.to_yuan(),
        &style.total_yuan,
    )?;
    for column in [column + 1, column + 2] {
        sheet.write_blank(total, column, &style.total)?;
    }
    Ok(())
}

fn signatures(sheet: &mut Worksheet, row: u32, style: &Style) -> Result<(), XlsxError> {
    for (column, name) in [(0, "制表"), (4, "复核"), (8, "财务负责人"), (12, "日期")] {
        text(sheet, row, column, name, &style.note)?;
        for line in column..column + 3 {
            sheet.write_blank(row + 1, line, &style.signature)?;
        }
    }
    sheet.set_row_height(row + 1, 30)?;
    Ok(())
}
