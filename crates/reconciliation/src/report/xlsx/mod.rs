//! A workbook: 汇总, 差异明细 on as many sheets as it needs, 输入文件, 结算, 趋势.
//!
//! Amounts are numbers, so that people can go on adding; every total is a formula and carries its result, made from integers, for
//! viewers that do not calculate. A number is written from its decimal text: nothing here calculates in fractions.
//!
//! Texts are only ever written as texts, and formatted as texts, so that editing a cell does not make a formula of it either.

mod cells;
mod details;
mod lists;
mod style;
mod summary;

use super::{FindingShown, ReportError, RunHead};
use crate::matching::MatchingError;
use cells::shown;
use mingfen_domain::money::MoneyError;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};
use std::io::Write;
use style::Style;

/// Writes a stored run as a workbook.
///
/// Findings go through temporary files, a row in memory at a time; past Excel's last row they continue on a sheet of their own.
///
/// # Errors
/// [`ReportError`]: those of the findings, of `out` and of the temporary files. What was written until then is no report.
///
/// # Panics
/// The library does, when the disk with the temporary files fills up in the middle of a row.
pub fn xlsx<E>(
    head: &RunHead,
    findings: impl Iterator<Item = Result<FindingShown, E>>,
    out: impl Write + Send,
) -> Result<(), ReportError<E>> {
    workbook(head, findings, details::FINDINGS_A_SHEET, out)
}

/// The same with another limit: a million rows are too slow a test.
pub(super) fn workbook<E>(
    head: &RunHead,
    findings: impl Iterator<Item = Result<FindingShown, E>>,
    findings_a_sheet: u32,
    out: impl Write + Send,
) -> Result<(), ReportError<E>> {
    let mut book = Workbook::new();
    let made_at = ExcelDateTime::from_timestamp(head.made_at.seconds())?;
    book.set_properties(
        &DocProperties::new()
            .set_title(format!("对账报告 {}", head.day))
            .set_author(shown(&head.made_by))
            .set_company(shown(&head.hospital))
            .set_creation_datetime(&made_at),
    );
    let style = Style::new();
    summary::summary(head, &style, book.add_worksheet())?;
    details::details(head, findings, findings_a_sheet, &style, &mut book)?;
    lists::inputs(head, &style, book.add_worksheet())?;
    lists::settlement(head, &style, book.add_worksheet())?;
    if !head.trend.is_empty() {
        lists::trend(head, &style, book.add_worksheet())?;
    }
    book.save_to_writer(out)?;
    Ok(())
}

/// Why a sheet could not be made; without the findings, which only one sheet reads.
#[derive(Debug)]
enum SheetError {
    Library(XlsxError),
    OutOfRange,
}

impl From<XlsxError> for SheetError {
    fn from(error: XlsxError) -> Self {
        Self::Library(error)
    }
}

impl From<MoneyError> for SheetError {
    fn from(_: MoneyError) -> Self {
        Self::OutOfRange
    }
}

impl From<MatchingError> for SheetError {
    fn from(_: MatchingError) -> Self {
        Self::OutOfRange
    }
}

impl<E> From<SheetError> for ReportError<E> {
    fn from(error: SheetError) -> Self {
        match error {
            SheetError::Library(error) => Self::Sheet(error),
            SheetError::OutOfRange => Self::OutOfRange,
        }
    }
}
