//! A workbook: 汇总, 差异明细 on as many sheets as it needs, 输入文件, 结算, 趋势.
//!
//! Amounts are numbers, so that people can go on adding; every total is a formula and carries its result, made from integers, for
//! viewers that do not calculate. A number is written from its decimal text: nothing here calculates in fractions.
//!
//! Texts are only ever written as texts, and formatted as texts, so that editing a cell does not make a formula of it either.

use super::{
    COLUMNS, Cell, FindingShown, InputShown, MONEY_COLUMNS, OF_THE_FINDING, PRINTED_COLUMNS, ReportError,
    RunHead, SettlementShown, VIEWPOINT, fee_yuan, rows,
};
use crate::matching::{MatchingError, Tally};
use crate::sides::{Side, day_number};
use mingfen_domain::difference::Category;
use mingfen_domain::money::MoneyError;
use mingfen_domain::{BusinessDay, Fen};
use rust_xlsxwriter::utility::row_col_to_cell;
use rust_xlsxwriter::{
    Chart, ChartType, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Formula, Workbook,
    Worksheet, XlsxError,
};
use std::io::Write;

/// Rows of a sheet of findings: Excel's limit, less the two at its head and the total.
const FINDINGS_A_SHEET: u32 = 1_048_576 - FIRST_FINDING - 1;

/// The first row of findings on their sheet.
const FIRST_FINDING: u32 = 2;

/// Longer texts are cut: Excel refuses 32 767 characters, and nobody reads so many in a cell.
const LONGEST_TEXT: usize = 2_000;

/// Excel keeps 15 digits of a number. What has more is written as text rather than wrong.
const EXACT: u64 = 1_000_000_000_000_000;

const YUAN: &str = "#,##0.00";
/// The same where nothing was counted.
const NO_YUAN: &str = "#,##0.00;-#,##0.00;\"—\"";
/// Fees are given to a thousandth of a fen.
const FEE: &str = "#,##0.00###";
/// No row, no number: the eye finds what is there.
const COUNT: &str = "#,##0;-#,##0;\"—\"";
const DAY: &str = "yyyy-mm-dd";
/// What a spreadsheet leaves alone.
const TEXT: &str = "@";

const INK: u32 = 0x14_20_2B;
const QUIET: u32 = 0x58_67_74;
const LINE: u32 = 0xC6_D0_D8;
const HEAD: u32 = 0xEE_F4_F3;
const PRIMARY: u32 = 0x0B_6E_63;
const OK: (u32, u32) = (0x14_61_39, 0xE6_F4_EC);
const WARN: (u32, u32) = (0x7D_4A_00, 0xFD_F3_E1);

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
    workbook(head, findings, FINDINGS_A_SHEET, out)
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
    summary(head, &style, book.add_worksheet())?;
    details(head, findings, findings_a_sheet, &style, &mut book)?;
    inputs(head, &style, book.add_worksheet())?;
    settlement(head, &style, book.add_worksheet())?;
    if !head.trend.is_empty() {
        trend(head, &style, book.add_worksheet())?;
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

/// The looks of cells, by what they are.
struct Style {
    title: Format,
    note: Format,
    heading: Format,
    name: Format,
    text: Format,
    wrapped: Format,
    count: Format,
    yuan: Format,
    no_yuan: Format,
    fee: Format,
    day: Format,
    total: Format,
    total_count: Format,
    total_yuan: Format,
    total_fee: Format,
    ok: Format,
    warn: Format,
    signature: Format,
    first: LineStyle,
    following: LineStyle,
}

/// The looks of one row of findings. The first of a finding has a line above it; those that follow repeat what belongs to the
/// finding in grey, so that it reads as one and filters as many.
struct LineStyle {
    finding: Format,
    finding_count: Format,
    finding_day: Format,
    category: [Format; 2],
    text: Format,
    count: Format,
    yuan: Format,
    day: Format,
}

/// A face that Windows has and that draws Chinese and digits alike.
fn font() -> Format {
    Format::new().set_font_name("Microsoft YaHei").set_font_size(10)
}

impl Style {
    fn new() -> Self {
        let plain = || font().set_font_color(INK).set_align(FormatAlign::VerticalCenter);
        let cell = || plain().set_border_bottom(FormatBorder::Thin).set_border_bottom_color(LINE);
        let total = || {
            plain()
                .set_bold()
                .set_border_top(FormatBorder::Thin)
                .set_border_bottom(FormatBorder::Double)
                .set_border_top_color(INK)
                .set_border_bottom_color(INK)
        };
        let state = |(ink, ground): (u32, u32)| cell().set_font_color(ink).set_background_color(ground);
        Self {
            title: plain().set_bold().set_font_size(16).set_font_color(PRIMARY),
            note: plain().set_font_color(QUIET).set_num_format(TEXT),
            heading: plain()
                .set_bold()
                .set_background_color(HEAD)
                .set_align(FormatAlign::Center)
                .set_border(FormatBorder::Thin)
                .set_border_color(LINE)
                .set_text_wrap(),
            name: cell().set_bold(),
            text: cell().set_num_format(TEXT).set_indent(1),
            wrapped: cell().set_num_format(TEXT).set_text_wrap().set_indent(1),
            count: cell().set_num_format(COUNT),
            yuan: cell().set_num_format(YUAN),
            no_yuan: cell().set_num_format(NO_YUAN).set_font_color(QUIET),
            fee: cell().set_num_format(FEE),
            day: cell().set_num_format(DAY).set_align(FormatAlign::Left),
            total: total(),
            total_count: total().set_num_format(COUNT),
            total_yuan: total().set_num_format(YUAN),
            total_fee: total().set_num_format(FEE),
            ok: state(OK).set_align(FormatAlign::Center),
            warn: state(WARN).set_align(FormatAlign::Center),
            signature: plain().set_border_bottom(FormatBorder::Thin).set_border_bottom_color(INK),
            first: LineStyle::new(
                &|format| format.set_border_top(FormatBorder::Thin).set_border_top_color(LINE),
                INK,
            ),
            following: LineStyle::new(&|format| format, 0x9A_A7_B2),
        }
    }

    fn verdict(&self, head: &RunHead) -> &Format {
        if head.is_settled() { &self.ok } else { &self.warn }
    }
}

impl LineStyle {
    fn new(edge: &dyn Fn(Format) -> Format, finding_ink: u32) -> Self {
        let cell = |ink: u32, form: &str| {
            edge(font().set_font_color(ink).set_num_format(form).set_align(FormatAlign::Top))
        };
        let open = if finding_ink == INK { WARN.0 } else { finding_ink };
        Self {
            finding: cell(finding_ink, TEXT),
            finding_count: cell(finding_ink, "0").set_align(FormatAlign::Center),
            finding_day: cell(finding_ink, DAY).set_align(FormatAlign::Center),
            category: [cell(finding_ink, TEXT), cell(open, TEXT).set_bold()],
            text: cell(INK, TEXT),
            count: cell(INK, "0"),
            yuan: cell(INK, YUAN),
            day: cell(INK, DAY).set_align(FormatAlign::Center),
        }
    }
}

/// A text from outside as it may stand in a cell.
fn shown(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

fn text(sheet: &mut Worksheet, row: u32, column: u16, text: &str, format: &Format) -> Result<(), XlsxError> {
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

fn yuan(sheet: &mut Worksheet, row: u32, column: u16, fen: Fen, format: &Format) -> Result<(), XlsxError> {
    decimal(sheet, (row, column), &fen.to_yuan(), fen.get().unsigned_abs(), format)
}

fn count(sheet: &mut Worksheet, row: u32, column: u16, count: u64, format: &Format) -> Result<(), XlsxError> {
    decimal(sheet, (row, column), &count.to_string(), count, format)
}

fn fee(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    milli_fen: i64,
    format: &Format,
) -> Result<(), XlsxError> {
    decimal(sheet, (row, column), &fee_yuan(milli_fen), milli_fen.unsigned_abs(), format)
}

/// A day counts from the end of 1899 there.
fn day(
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
fn formula(
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
fn sum_of(column: u16, first: u32, last: u32) -> String {
    format!("=SUM({}:{})", row_col_to_cell(first, column), row_col_to_cell(last, column))
}

fn headings(sheet: &mut Worksheet, row: u32, names: &[(&str, u8)], style: &Style) -> Result<(), XlsxError> {
    for (column, (name, width)) in (0..).zip(names) {
        sheet.set_column_width(column, *width)?;
        sheet.write_string_with_format(row, column, *name, &style.heading)?;
    }
    sheet.set_row_height(row, 22)?;
    Ok(())
}

/// A4 landscape, as wide as the paper, with the headings on each page.
fn page(sheet: &mut Worksheet, head: &RunHead, name: &str, headings: (u32, u32)) -> Result<(), XlsxError> {
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

/// The columns of a side on 汇总: lines, payments, refunds, net.
const SIDE_COLUMNS: u16 = 4;
const FIRST_CATEGORY: u32 = 8;

fn side_column(side: Side) -> u16 {
    1 + SIDE_COLUMNS * side as u16
}

fn summary(head: &RunHead, style: &Style, sheet: &mut Worksheet) -> Result<(), SheetError> {
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
    let net = tally.paid.minus(tally.refunded)?;
    count(sheet, row, first, tally.lines, &style.count)?;
    let format = if tally.lines == 0 { &style.no_yuan } else { &style.yuan };
    yuan(sheet, row, first + 1, tally.paid, format)?;
    yuan(sheet, row, first + 2, tally.refunded, format)?;
    net_of(sheet, row, first + 1, net, format)?;
    Ok(net)
}

/// Payments less refunds, which stand side by side; the result goes to their right.
fn net_of(sheet: &mut Worksheet, row: u32, paid: u16, net: Fen, format: &Format) -> Result<(), XlsxError> {
    let cells = format!("={}-{}", row_col_to_cell(row, paid), row_col_to_cell(row, paid + 1));
    formula(sheet, (row, paid + 2), &cells, &net.to_yuan(), format)
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

/// A sheet of findings that is being written.
struct Details {
    row: u32,
    sums: [Fen; 3],
}

fn details<E>(
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

fn inputs(head: &RunHead, style: &Style, sheet: &mut Worksheet) -> Result<(), SheetError> {
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
        let format = if *state == super::InputState::NotYet { &style.warn } else { &style.text };
        text(sheet, row, 3, state.chinese(), format)?;
        count(sheet, row, 4, *rows, &style.count)?;
        yuan(sheet, row, 5, *paid, &style.yuan)?;
        yuan(sheet, row, 6, *refunded, &style.yuan)?;
        net_of(sheet, row, 5, paid.minus(*refunded)?, &style.yuan)?;
        text(sheet, row, 8, sha256, &style.text)?;
    }
    Ok(())
}

fn settlement(head: &RunHead, style: &Style, sheet: &mut Worksheet) -> Result<(), SheetError> {
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

fn trend(head: &RunHead, style: &Style, sheet: &mut Worksheet) -> Result<(), SheetError> {
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
        .set_format(
            rust_xlsxwriter::ChartFormat::new()
                .set_solid_fill(rust_xlsxwriter::ChartSolidFill::new().set_color(0x4F_9A_91_u32)),
        );
    chart.title().set_name("每日差异笔数");
    chart.legend().set_hidden();
    chart.set_width(900).set_height(320);
    sheet.insert_chart(1, 3, &chart)?;
    Ok(())
}
