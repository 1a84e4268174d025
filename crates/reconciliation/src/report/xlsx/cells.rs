//! Writing one cell, and what every sheet has.

use super::style::Style;
use crate::report::{RunHead, fee_yuan};
use crate::sides::day_number;
use mingfen_domain::{BusinessDay, Fen};
use rust_xlsxwriter::utility::row_col_to_cell;
use rust_xlsxwriter::{Format, Formula, Worksheet, XlsxError};

/// Longer texts are cut: Excel refuses 32 767 characters, and nobody reads so many in a cell.
const LONGEST_TEXT: usize = 2_000;

/// Excel keeps 15 digits of a number. What has more is written as text rather than wrong.
const EXACT: u64 = 1_000_000_000_000_000;

/// A text from outside as it may stand in a cell.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

pub(super) fn text(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    text: &str,
    format: &Format,
) -> Result<(), XlsxError> {
    sheet.write_string_with_format(row, column, shown(text), format)?;
    Ok(())
}

/// Writes the number that this decimal text names; as text when its `digits`, read without the point, are more than a spreadsheet
/// keeps.
///
/// With at most 15 digits, reading the text and having it printed again gives the same text; between the two nothing is calculated.
fn decimal(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    text: &str,
    digits: u64,
    format: &Format,
) -> Result<(), XlsxError> {
    match text.parse::<f64>() {
        Ok(number) if digits < EXACT => sheet.write_number_with_format(row, column, number, format)?,
        _ => sheet.write_string_with_format(row, column, text, format)?,
    };
    Ok(())
}

pub(super) fn yuan(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    fen: Fen,
    format: &Format,
) -> Result<(), XlsxError> {
    decimal(sheet, (row, column), &fen.to_yuan(), fen.get().unsigned_abs(), format)
}

pub(super) fn count(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    count: u64,
    format: &Format,
) -> Result<(), XlsxError> {
    decimal(sheet, (row, column), &count.to_string(), count, format)
}

pub(super) fn fee(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    milli_fen: i64,
    format: &Format,
) -> Result<(), XlsxError> {
    decimal(sheet, (row, column), &fee_yuan(milli_fen), milli_fen.unsigned_abs(), format)
}

/// A day counts from the end of 1899 there.
pub(super) fn day(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    day: BusinessDay,
    format: &Format,
) -> Result<(), XlsxError> {
    const UNIX_EPOCH: i32 = 25_569;
    let serial = day_number(day).saturating_add(UNIX_EPOCH);
    if (61..=2_958_465).contains(&serial) {
        sheet.write_number_with_format(row, column, serial, format)?;
    } else {
        sheet.write_string_with_format(row, column, day.to_string(), format)?;
    }
    Ok(())
}

/// A formula of ours and the result that it will have.
pub(super) fn formula(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    formula: &str,
    result: &str,
    format: &Format,
) -> Result<(), XlsxError> {
    sheet.write_formula_with_format(row, column, Formula::new(formula).set_result(result), format)?;
    Ok(())
}

/// The sum of a column from one row to another, both included.
pub(super) fn sum_of(column: u16, first: u32, last: u32) -> String {
    format!("=SUM({}:{})", row_col_to_cell(first, column), row_col_to_cell(last, column))
}

pub(super) fn headings(
    sheet: &mut Worksheet,
    row: u32,
    names: &[(&str, u8)],
    style: &Style,
) -> Result<(), XlsxError> {
    for (column, (name, width)) in (0..).zip(names) {
        sheet.set_column_width(column, *width)?;
        sheet.write_string_with_format(row, column, *name, &style.heading)?;
    }
    sheet.set_row_height(row, 22)?;
    Ok(())
}

/// A4 landscape, as wide as the paper, with the headings on each page.
pub(super) fn page(
    sheet: &mut Worksheet,
    head: &RunHead,
    name: &str,
    headings: (u32, u32),
) -> Result<(), XlsxError> {
    const A4: u8 = 9;
    // An ampersand begins a command there, and the whole may have 255 characters.
    let plain = |text: &str| text.chars().take(40).collect::<String>().replace('&', "&&");
    sheet
        .set_name(name)?
        .set_paper_size(A4)
        .set_landscape()
        .set_print_fit_to_pages(1, 0)
        .set_repeat_rows(headings.0, headings.1)?
        .set_header(format!("&L{}&R对账报告 {}", plain(&head.hospital), head.day))
        .set_footer(format!(
            "&L第 {} 版，{}&C{name}&R第 &P 页，共 &N 页",
            head.version,
            head.made_at.to_beijing_text()
        ));
    Ok(())
}

/// Payments less refunds, which stand side by side; the result goes to their right.
pub(super) fn net_of(
    sheet: &mut Worksheet,
    row: u32,
    paid: u16,
    net: Fen,
    format: &Format,
) -> Result<(), XlsxError> {
    let cells = format!("={}-{}", row_col_to_cell(row, paid), row_col_to_cell(row, paid + 1));
    formula(sheet, (row, paid + 2), &cells, &net.to_yuan(), format)
}
