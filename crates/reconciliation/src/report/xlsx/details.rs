//! 差异明细: the findings, a row a line, on as many sheets as they need.

use super::SheetError;
use super::cells::{count, day, formula, headings, page, text, yuan};
use super::style::{LineStyle, Style};
use crate::report::{
    COLUMNS, Cell, FindingShown, MONEY_COLUMNS, OF_THE_FINDING, PRINTED_COLUMNS, ReportError, RunHead,
    VIEWPOINT, rows,
};
use mingfen_domain::Fen;
use rust_xlsxwriter::utility::row_col_to_cell;
use rust_xlsxwriter::{Workbook, Worksheet};

/// Rows of a sheet of findings: Excel's limit, less the two at its head and the total.
pub(super) const FINDINGS_A_SHEET: u32 = 1_048_576 - FIRST_FINDING - 1;

/// The first row of findings on their sheet.
const FIRST_FINDING: u32 = 2;

/// A sheet of findings that is being written.
struct Details {
    row: u32,
    sums: [Fen; 3],
}

pub(super) fn details<E>(
    head: &RunHead,
    findings: impl Iterator<Item = Result<FindingShown, E>>,
    findings_a_sheet: u32,
    style: &Style,
    book: &mut Workbook,
) -> Result<(), ReportError<E>> {
    let mut sheets = 1;
    let mut sheet = book.add_worksheet_with_constant_memory()?;
    let mut open = Details::begin(head, sheets, style, sheet)?;
    for (number, finding) in (1..).zip(findings) {
        let finding = finding.map_err(ReportError::Findings)?;
        let mut line_style = &style.first;
        for cells in rows(number, &finding) {
            if open.row == FIRST_FINDING + findings_a_sheet {
                open.end(style, sheet)?;
                sheets += 1;
                sheet = book.add_worksheet_with_constant_memory()?;
                open = Details::begin(head, sheets, style, sheet)?;
                line_style = &style.first;
            }
            open.write(&cells?, !finding.category.is_settled(), line_style, sheet)?;
            line_style = &style.following;
        }
    }
    open.end(style, sheet)?;
    Ok(())
}

impl Details {
    fn begin(head: &RunHead, number: u32, style: &Style, sheet: &mut Worksheet) -> Result<Self, SheetError> {
        let name = if number == 1 { "差异明细".to_owned() } else { format!("差异明细 {number}") };
        page(sheet, head, &name, (1, 1))?;
        let title =
            format!("{} {}（{}，第 {} 版）　{VIEWPOINT}退费为负。", head.day, name, head.scope, head.version);
        text(sheet, 0, 0, &title, &style.note)?;
        headings(sheet, 1, &COLUMNS, style)?;
        sheet.set_freeze_panes(FIRST_FINDING, 3)?;
        Ok(Self { row: FIRST_FINDING, sums: [Fen::ZERO; 3] })
    }

    fn write(
        &mut self,
        cells: &[Cell<'_>; COLUMNS.len()],
        to_do: bool,
        style: &LineStyle,
        sheet: &mut Worksheet,
    ) -> Result<(), SheetError> {
        let row = self.row;
        for (index, (column, cell)) in (0..).zip(cells).enumerate() {
            let of_finding = OF_THE_FINDING.contains(&index);
            let texts = if of_finding { &style.finding } else { &style.text };
            match *cell {
                Cell::Empty => {
                    sheet.write_blank(row, column, texts)?;
                }
                Cell::Word(word) => {
                    let format = if index == 1 { &style.category[usize::from(to_do)] } else { texts };
                    text(sheet, row, column, word, format)?;
                }
                Cell::Text(from_outside) | Cell::Number(from_outside) => {
                    text(sheet, row, column, from_outside, texts)?;
                }
                Cell::Count(number) => {
                    let format = if of_finding { &style.finding_count } else { &style.count };
                    count(sheet, row, column, number, format)?;
                }
                Cell::Money(fen) => {
                    yuan(sheet, row, column, fen, &style.yuan)?;
                    for (sum, money) in self.sums.iter_mut().zip(MONEY_COLUMNS) {
                        if money == column {
                            *sum = sum.plus(fen)?;
                        }
                    }
                }
                Cell::Day(date) => {
                    let format = if of_finding { &style.finding_day } else { &style.day };
                    day(sheet, row, column, date, format)?;
                }
            }
        }
        self.row += 1;
        Ok(())
    }

    /// The filter, and a total that counts what the filter shows.
    fn end(&self, style: &Style, sheet: &mut Worksheet) -> Result<(), SheetError> {
        let last_column = COLUMNS.len() as u16 - 1;
        let last = self.row.saturating_sub(1).max(1);
        sheet.autofilter(1, 0, last, last_column)?;
        let total = self.row;
        sheet.set_print_area(0, 0, total, PRINTED_COLUMNS - 1)?;
        for column in 0..=last_column {
            sheet.write_blank(total, column, &style.total)?;
        }
        text(sheet, total, 1, "本表合计（随筛选）", &style.total)?;
        if self.row > FIRST_FINDING {
            for (sum, column) in self.sums.iter().zip(MONEY_COLUMNS) {
                let cells = format!(
                    "=SUBTOTAL(109,{}:{})",
                    row_col_to_cell(FIRST_FINDING, column),
                    row_col_to_cell(last, column)
                );
                formula(sheet, (total, column), &cells, &sum.to_yuan(), &style.total_yuan)?;
            }
        } else {
            text(sheet, total, 1, "没有差异", &style.total)?;
        }
        Ok(())
    }
}
