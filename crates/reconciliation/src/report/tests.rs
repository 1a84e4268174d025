//! Both files, read back: by a reader of spreadsheets, and as text.

use super::samples::{HOSTILE, findings, fine, head, hostile, hostile_head};
use super::{FindingShown, ReportError, RunHead, csv, xlsx};
use calamine::{Data, Range, Reader, Xlsx};
use mingfen_domain::Fen;
use std::collections::BTreeMap;
use std::io::{Cursor, Read};

fn book(head: &RunHead, findings: Vec<FindingShown>) -> Vec<u8> {
    let mut bytes = Vec::new();
    xlsx(head, fine(findings), &mut bytes).expect("a workbook");
    bytes
}

fn open(bytes: &[u8]) -> Xlsx<Cursor<&[u8]>> {
    Xlsx::new(Cursor::new(bytes)).expect("it opens")
}

/// A part of the package, as it is written.
fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a package");
    let mut text = String::new();
    archive.by_name(name).expect("the part").read_to_string(&mut text).expect("text");
    text
}

fn text(head: &RunHead, findings: Vec<FindingShown>) -> String {
    let mut bytes = Vec::new();
    csv(head, fine(findings), &mut bytes).expect("a file");
    String::from_utf8(bytes).expect("UTF-8")
}

/// Every formula of a workbook by sheet and cell.
fn formulas(bytes: &[u8]) -> BTreeMap<(String, u32, u32), String> {
    let mut book = open(bytes);
    let mut all = BTreeMap::new();
    for sheet in book.sheet_names() {
        let range = book.worksheet_formula(&sheet).expect("formulas");
        let (top, left) = range.start().unwrap_or_default();
        for (row, column, formula) in range.used_cells() {
            all.insert((sheet.clone(), top + row as u32, left + column as u32), formula.clone());
        }
    }
    all
}

/// A cell as hundred thousandths of a yuan, from its decimal text: nothing else is exact.
fn fixed(range: &Range<Data>, cell: &str) -> i128 {
    match range.get_value(place(cell)) {
        Some(Data::Float(number)) => format!("{number:.5}").replace('.', "").parse().expect("a number"),
        Some(Data::Int(number)) => i128::from(*number) * 100_000,
        None | Some(Data::Empty | Data::String(_)) => 0,
        other => panic!("{cell} is {other:?}"),
    }
}

fn place(cell: &str) -> (u32, u32) {
    let letters = cell.trim_end_matches(|c: char| c.is_ascii_digit());
    let column = letters.bytes().fold(0, |column, letter| column * 26 + u32::from(letter - b'A') + 1);
    (cell[letters.len()..].parse::<u32>().expect("a row") - 1, column - 1)
}

fn name(row: u32, column: u32) -> String {
    rust_xlsxwriter::utility::row_col_to_cell(row, u16::try_from(column).expect("a column"))
}

/// What a spreadsheet would make of our formulas, all kinds of them.
fn calculated(range: &Range<Data>, formula: &str) -> i128 {
    if let Some((minuend, subtrahend)) = formula.split_once('-') {
        return fixed(range, minuend) - fixed(range, subtrahend);
    }
    let cells = formula
        .strip_prefix("SUM(")
        .or_else(|| formula.strip_prefix("SUBTOTAL(109,"))
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or_else(|| panic!("{formula} is of no kind that we write"));
    let (first, last) = cells.split_once(':').expect("a range");
    let ((top, column), (bottom, _)) = (place(first), place(last));
    (top..=bottom).map(|row| fixed(range, &name(row, column))).sum()
}

#[test]
fn every_formula_already_has_the_result_that_it_will_have() {
    let bytes = book(&head(), findings());
    let mut book = open(&bytes);
    let mut seen = BTreeMap::<&str, u32>::new();
    let all = formulas(&bytes);
    for ((sheet, row, column), formula) in &all {
        let range = book.worksheet_range(sheet).expect("a sheet");
        let cell = name(*row, *column);
        if formula.starts_with("IF(ROUND(") {
            assert_eq!(
                range.get_value((*row, *column)),
                Some(&Data::String("相符".into())),
                "{sheet}!{cell}"
            );
        } else {
            assert_eq!(fixed(&range, &cell), calculated(&range, formula), "{sheet}!{cell} = {formula}");
        }
        *seen.entry(sheet).or_default() += 1;
    }
    assert_eq!(
        seen,
        BTreeMap::from([
            ("差异明细", 3),
            ("汇总", 23 * 4 + 12 + 12 + 3 + 2),
            ("结算", 2 + 1 + 1 + 9),
            ("输入文件", 2)
        ])
    );
}

#[test]
fn the_summary_tells_what_the_run_counted() {
    let bytes = book(&head(), findings());
    let mut book = open(&bytes);
    assert_eq!(book.sheet_names(), ["汇总", "差异明细", "输入文件", "结算", "趋势"]);
    let range = book.worksheet_range("汇总").expect("a sheet");
    let cell = |name: &str| range.get_value(place(name)).cloned().unwrap_or_default();
    assert_eq!(cell("A1"), Data::String("青禾市人民医院 对账报告".into()));
    assert_eq!(cell("A3"), Data::String("有差异待处理：渠道 2 笔，网关 2 笔，HIS 1 笔。".into()));
    let Data::String(viewpoint) = cell("A4") else { panic!("no viewpoint") };
    assert!(viewpoint.contains("长款 = 渠道有钱") && viewpoint.contains("短款 = HIS 记了账"));
    let Data::String(signed) = cell("A5") else { panic!("no sign-off") };
    assert!(signed.contains("赵启明") && signed.contains("审计链第 40312 条 4d20b8e1"));
    assert_eq!(cell("A9"), Data::String("平账".into()));
    assert_eq!((fixed(&range, "B9"), fixed(&range, "C9")), (1_300_000, 88_545_000));
    assert_eq!(cell("A32"), Data::String("合计".into()));
    assert_eq!(fixed(&range, "C32"), 106_266_000);
    assert_eq!(cell("A36"), Data::String("制表".into()));
}

#[test]
fn a_finding_is_a_row_a_line_and_order_numbers_are_texts() {
    let bytes = book(&head(), findings());
    let range = open(&bytes).worksheet_range("差异明细").expect("a sheet");
    let rows: Vec<Vec<String>> =
        range.rows().skip(2).map(|row| row.iter().map(ToString::to_string).collect()).collect();
    let first_columns: Vec<&[String]> = rows.iter().map(|row| &row[..9]).collect();
    assert_eq!(
        first_columns,
        [
            ["1", "金额不符（渠道多）", "P2611230011", "渠道", "支付", "", "88.61", "", ""],
            ["1", "金额不符（渠道多）", "P2611230011", "网关", "支付", "", "", "88.61", ""],
            ["1", "金额不符（渠道多）", "P2611230011", "HIS", "支付", "", "", "", "80"],
            ["2", "渠道单边（长款）", "20261123000000000010", "渠道", "退费", "R2611230001", "-88.6", "", ""],
            ["3", "对账单未出", "", "", "", "", "", "", ""],
            ["", "本表合计（随筛选）", "", "", "", "", "0.01", "88.61", "80"],
        ]
    );
    assert_eq!(range.get_value((5, 2)), Some(&Data::String("20261123000000000010".into())));
    assert_eq!(range.get_value((2, 17)), Some(&Data::String("4200009999202611230000000001".into())));
    assert_eq!(
        rows[0][10..],
        [
            "已完成",
            "支付结果通知到得晚，回写还在排队。",
            "待处理",
            "王静怡",
            "46350",
            "2026-11-23 12:00:30",
            "1900000001",
            "4200009999202611230000000001",
            "wechat-main-2026-11-23.csv.gz",
            "12"
        ]
    );
}

#[test]
fn nothing_from_outside_becomes_a_formula_in_a_workbook() {
    let ours = formulas(&book(&head(), vec![hostile("P1")]));
    for text in HOSTILE {
        let bytes = book(&hostile_head(text), vec![hostile(text)]);
        assert_eq!(formulas(&bytes), ours, "{text:?}");
        let range = open(&bytes).worksheet_range("差异明细").expect("a sheet");
        for column in [2, 5, 11, 12, 13, 15, 16, 17, 18] {
            let cell = range.get_value((2, column)).unwrap_or_else(|| panic!("no cell for {text:?}"));
            assert!(matches!(cell, Data::String(_)), "{text:?} in column {column} is {cell:?}");
        }
        let sheet = part(&bytes, "xl/worksheets/sheet2.xml");
        assert!(!sheet.contains("<f>1"), "{text:?}");
        // As far as it is text at all, it comes back as it was.
        if !text.contains('\u{0}') {
            assert_eq!(range.get_value((2, 2)), Some(&Data::String(text.into())), "{text:?}");
        }
    }
}

#[test]
fn nothing_from_outside_becomes_a_formula_in_a_csv() {
    for hostile_text in HOSTILE {
        let text = text(&hostile_head(hostile_text), vec![hostile(hostile_text)]);
        for cell in cells(&text) {
            let begins = cell.trim_start_matches([' ', '\u{0}']);
            let minus =
                begins.strip_prefix('-').is_some_and(|rest| Fen::from_yuan(rest).is_ok() && cell.len() > 2);
            assert!(
                minus || !begins.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']),
                "{hostile_text:?} became {cell:?}"
            );
        }
    }
}

/// The cells of a CSV, by the rules of RFC 4180.
fn cells(text: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' | '\n' if !quoted => cells.push(std::mem::take(&mut cell).trim_end_matches('\r').to_owned()),
            c => cell.push(c),
        }
    }
    assert!(!quoted, "a quote was never closed");
    cells
}

#[test]
fn a_csv_says_what_it_is_and_keeps_numbers_whole() {
    let text = text(&head(), findings());
    let expected = "\u{feff}# 对账报告,青禾市人民医院\r\n\
        # 账单日,2026-11-23\r\n\
        # 范围,全部渠道\r\n\
        # 版本,第 2 版\r\n\
        # 生成时间,2026-11-24 10:31:00\r\n\
        # 生成,王静怡\r\n\
        # 结论,有差异待处理：渠道 2 笔，网关 2 笔，HIS 1 笔。\r\n\
        # 签结,已签结：赵启明，2026-11-24 11:00:00，审计链第 40312 条 4d20b8e14d20b8e14d20b8e14d20b8e14d20b8e14d20b8e14d20b8e14d20b8e1\r\n\
        # 口径：渠道的钱是事实，HIS 是账。长款 = 渠道有钱、HIS 没有记账；短款 = HIS 记了账、渠道没有钱。\r\n\
        # 金额单位为元，退费为负；长号码后面有一个制表符，以免被表格软件改写。\r\n\
        序号,类别,商户订单号,方,类型,商户退款单号,渠道（元）,网关（元）,HIS（元）,日期,结果,可能原因,处理状态,负责,期限,时间,商户号,渠道或 HIS 流水号,来源,行号\r\n\
        1,金额不符（渠道多）,P2611230011,渠道,支付,,88.61,,,2026-11-23,已完成,支付结果通知到得晚，回写还在排队。,待处理,王静怡,2026-11-24,2026-11-23 12:00:30,1900000001,4200009999202611230000000001\t,wechat-main-2026-11-23.csv.gz,12\r\n";
    assert_eq!(&text[..expected.len()], expected);
    assert!(text.contains("\r\n2,渠道单边（长款）,20261123000000000010\t,渠道,退费,R2611230001,-88.60,,,"));
    assert!(
        text.ends_with(
            "\r\n3,对账单未出,,,,,,,,,,支付结果通知到得晚，回写还在排队。,待处理,王静怡,,,,,,\r\n"
        )
    );
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    assert_eq!(book(&head(), findings()), book(&head(), findings()));
    assert_eq!(text(&head(), findings()), text(&head(), findings()));
    let bytes = book(&head(), findings());
    let core = part(&bytes, "docProps/core.xml");
    assert_eq!(core.matches("2026-11-24T02:31:00Z").count(), 2, "{core}");
}

#[test]
fn it_prints_on_a4_with_its_headings_on_every_page() {
    let bytes = book(&head(), findings());
    for sheet in 1..=4 {
        let xml = part(&bytes, &format!("xl/worksheets/sheet{sheet}.xml"));
        for wanted in [
            "<pageSetup paperSize=\"9\" fitToHeight=\"0\" orientation=\"landscape\"",
            "fitToPage=\"1\"",
            "state=\"frozen\"",
            "&amp;R第 &amp;P 页，共 &amp;N 页",
        ] {
            assert!(xml.contains(wanted), "sheet {sheet} lacks {wanted}");
        }
    }
    let workbook = part(&bytes, "xl/workbook.xml");
    assert_eq!(workbook.matches("_xlnm.Print_Titles").count(), 5);
    assert!(part(&bytes, "xl/worksheets/sheet2.xml").contains("<autoFilter ref=\"A2:T7\""));
}

#[test]
fn what_does_not_fit_on_a_sheet_goes_on_on_the_next() {
    let mut bytes = Vec::new();
    super::xlsx::workbook(&head(), fine(findings()), 2, &mut bytes).expect("a workbook");
    let mut book = open(&bytes);
    assert_eq!(
        book.sheet_names(),
        ["汇总", "差异明细", "差异明细 2", "差异明细 3", "输入文件", "结算", "趋势"]
    );
    let mut orders = Vec::new();
    for (sheet, rows) in [("差异明细", 2), ("差异明细 2", 2), ("差异明细 3", 1)] {
        let range = book.worksheet_range(sheet).expect("a sheet");
        assert_eq!(range.height(), 2 + rows + 1, "{sheet}");
        orders.extend(range.rows().skip(2).take(rows).map(|row| row[2].to_string()));
    }
    assert_eq!(orders, ["P2611230011", "P2611230011", "P2611230011", "20261123000000000010", ""]);
    for ((sheet, row, column), formula) in formulas(&bytes) {
        if sheet.starts_with("差异明细") {
            let range = book.worksheet_range(&sheet).expect("a sheet");
            assert_eq!(fixed(&range, &name(row, column)), calculated(&range, &formula), "{sheet} {formula}");
        }
    }
}

#[test]
fn a_day_without_findings_is_told_too() {
    let bytes = book(&RunHead { signed: None, trend: Vec::new(), ..head() }, Vec::new());
    let mut book = open(&bytes);
    assert_eq!(book.sheet_names(), ["汇总", "差异明细", "输入文件", "结算"]);
    let range = book.worksheet_range("差异明细").expect("a sheet");
    assert_eq!(range.get_value((2, 1)), Some(&Data::String("没有差异".into())));
    let summary = book.worksheet_range("汇总").expect("a sheet");
    assert_eq!(summary.get_value((4, 0)), Some(&Data::String("草稿，未签结".into())));
}

#[test]
fn what_a_cell_cannot_hold_is_cut_or_written_as_text() {
    let mut finding = hostile(&"长".repeat(40_000));
    for (amount, expected) in [
        (999_999_999_999_999, Data::Float("9999999999999.99".parse().expect("a number"))),
        (1_000_000_000_000_000, Data::String("10000000000000.00".into())),
        (i64::MAX, Data::String("92233720368547758.07".into())),
    ] {
        finding.lines[0].amount = Fen::new(amount);
        let bytes = book(&head(), vec![finding.clone()]);
        let range = open(&bytes).worksheet_range("差异明细").expect("a sheet");
        assert_eq!(range.get_value((2, 6)), Some(&expected));
        let Some(Data::String(cause)) = range.get_value((2, 11)) else { panic!("no cause") };
        assert_eq!(cause.chars().count(), 2_001);
    }
}

#[test]
fn a_sum_that_does_not_fit_is_refused_and_a_finding_that_does_not_come_is_told() {
    let mut finding = hostile("P1");
    finding.lines[0].amount = Fen::new(i64::MAX);
    let mut out = Vec::new();
    let refused = xlsx(&head(), fine(vec![finding.clone(), finding]), &mut out);
    assert!(matches!(refused, Err(ReportError::OutOfRange)));
    let broken = || findings().into_iter().map(Ok).chain([Err("the store is away")]);
    assert!(matches!(xlsx(&head(), broken(), &mut out), Err(ReportError::Findings("the store is away"))));
    assert!(matches!(csv(&head(), broken(), &mut out), Err(ReportError::Findings("the store is away"))));
}
