//! Files as they come: read, compared, found again, and refused when they are damaged.

use mingfen_domain::difference::Category;
use mingfen_reconciliation::files::{
    FilesError, HIS_LEDGER, Input, Layout, Progress, Refusal, Report, reconcile,
};
use mingfen_reconciliation::matching::{HashKey, Rules};
use mingfen_reconciliation::report::differences;
use mingfen_reconciliation::sides::Side;
use std::path::Path;

const BILL_LAYOUT: &str = include_str!("../../providers/src/wechat/statement/layout.toml");

/// V9 of the protocol notes, and a payment more.
const BILL: &str = "\u{feff}交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n\
`2026-01-01 12:00:30,`wx1111111111111111,`1900000001,`0,`,`4200009999202601010000000001,`HOSP20260101000001,`oT,`JSAPI,`SUCCESS,`OTHERS,`CNY,`12.50,`0.00,`0,`0,`0.00,`0.00,`,`,`门诊\\ 缴费,`REG:42,`0.08000,`0.60%,`12.50,`0.00,`\r\n\
`2026-01-01 13:00:00,`wx1111111111111111,`1900000001,`0,`,`4200009999202601010000000002,`HOSP20260101000002,`oT,`JSAPI,`SUCCESS,`OTHERS,`CNY,`88.00,`0.00,`0,`0,`0.00,`0.00,`,`,`门诊缴费,`REG:43,`0.53000,`0.60%,`88.00,`0.00,`\r\n\
`2026-01-01 15:10:02,`wx1111111111111111,`1900000001,`0,`,`4200009999202601010000000001,`HOSP20260101000001,`oT,`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`50300009992026010100000000001,`RF20260101000001,`5.00,`0.00,`ORIGINAL,`SUCCESS,`门诊缴费,`REG:42,`-0.03000,`0.60%,`0.00,`5.00,`\r\n\
总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n\
`3,`100.50,`5.00,`0.00,`0.58000,`100.50,`5.00\r\n";

const HIS: &str = "流水号,类型,商户订单号,退款单号,金额,记账时间,科室,备注\n\
1,支付,HOSP20260101000001,,12.50,2026-01-01 12:00:31,内科,\n\
2,支付,HOSP20260101000002,,80.00,2026-01-01 13:00:01,外科,\"甲,乙\"\n\
3,退费,HOSP20260101000001,RF20260101000001,-5.00,2026-01-01 15:10:03,内科,\n";

fn run(directory: &Path, bill: &[u8], his: &[u8], his_layout: &str) -> Result<Report, FilesError> {
    run_by(directory, BILL_LAYOUT, bill, his, his_layout)
}

fn run_by(
    directory: &Path,
    bill_layout: &str,
    bill: &[u8],
    his: &[u8],
    his_layout: &str,
) -> Result<Report, FilesError> {
    let paths = ["bill.csv", "his.csv"].map(|name| directory.join(name));
    std::fs::write(&paths[0], bill).expect("a file");
    std::fs::write(&paths[1], his).expect("a file");
    let layouts = [bill_layout, his_layout].map(|text| Layout::parse(text).expect("a layout"));
    let [bill, his] = paths;
    let inputs = [Input::new(Side::Channel, bill, &layouts[0]), Input::new(Side::His, his, &layouts[1])];
    reconcile(&inputs, Rules::default(), HashKey::random(), 2, &Progress::default())
}

fn compared(bill: &str, his: &[u8]) -> Report {
    let directory = tempfile::tempdir().expect("a directory");
    run(directory.path(), bill.as_bytes(), his, HIS_LEDGER).unwrap_or_else(|error| panic!("{error}"))
}

fn csv(report: &Report) -> String {
    let mut out = Vec::new();
    differences(report, &mut out).expect("a report");
    String::from_utf8(out).expect("text")
}

#[test]
fn a_difference_is_told_with_its_lines() {
    let report = compared(BILL, HIS.as_bytes());
    assert_eq!(report.outcome.findings.len(), 1);
    let text = csv(&report);
    let row = text.lines().nth(1).expect("a difference");
    assert_eq!(
        row,
        "金额不符（渠道多）,amount_over,HOSP20260101000002,支付,,88.00,,80.00,8.00,1,1,4200009999202601010000000002\t,2026-01-01 13:00:00,2026-01-01 13:00:01,3,3,财务科,1,再次查询 退费 挂账 核销 备注"
    );
    assert_eq!(report.outcome.summary.of(Category::Matched, Side::Channel).lines, 2);
}

/// What HIS books in the last hour of a day is in the next statement of a channel whose day ends at eleven at night.
#[test]
fn a_channel_whose_day_ends_before_midnight_is_waited_for() {
    let late = HIS.replace("2026-01-01 13:00:01", "2026-01-01 23:30:01");
    let bill = BILL.lines().filter(|row| !row.contains("`88.00")).map(|row| format!("{row}\n"));
    let bill = bill
        .collect::<String>()
        .replace("`3,`100.50,`5.00,`0.00,`0.58000,`100.50", "`2,`12.50,`5.00,`0.00,`0.05000,`12.50");
    let found = |bill_layout: &str| {
        let directory = tempfile::tempdir().expect("a directory");
        let report = run_by(directory.path(), bill_layout, bill.as_bytes(), late.as_bytes(), HIS_LEDGER);
        let report = report.unwrap_or_else(|error| panic!("{error}"));
        report.outcome.findings.iter().map(|finding| finding.category).collect::<Vec<_>>()
    };
    assert_eq!(found(BILL_LAYOUT), [Category::HisOnly]);
    let at_eleven =
        BILL_LAYOUT.replace("earlier_minutes = 0", "earlier_minutes = 60\nends_earlier_minutes = 60");
    assert_eq!(found(&at_eleven), [Category::CrossDay]);
    let refused = Layout::parse(
        &BILL_LAYOUT.replace("earlier_minutes = 0", "earlier_minutes = 0\nends_earlier_minutes = 60"),
    );
    assert!(refused.expect_err("the next file could not have it").contains("day.ends_earlier_minutes"));
}

#[test]
fn gbk_is_read_as_well_as_utf8() {
    let (gbk, _, _) = encoding_rs::GBK.encode(HIS);
    assert_ne!(gbk, HIS.as_bytes());
    assert_eq!(csv(&compared(BILL, &gbk)), csv(&compared(BILL, HIS.as_bytes())));
    // 乣 ends with the byte of a back-tick.
    let tricky = HIS.replace("内科", "乣,`");
    let directory = tempfile::tempdir().expect("a directory");
    let (gbk, _, _) = encoding_rs::GBK.encode(&tricky);
    let error = run(directory.path(), BILL.as_bytes(), &gbk, HIS_LEDGER).err().expect("a comma too many");
    assert!(error.to_string().contains("has 9 fields where the header has 8"), "{error}");
}

#[test]
fn columns_are_found_by_name_and_others_are_read_over() {
    let moved = "备注,科室,金额,商户订单号,新列,类型,记账时间,商户退款单号\n\
        ,,12.5,HOSP20260101000001,?,支付,2026/01/01 12:00:31,\n\
        ,,88,HOSP20260101000002,?,支付,20260101130001,\n\
        ,,5.00,HOSP20260101000001,?,退费,2026-01-01T15:10:03,RF20260101000001\n\n";
    let report = compared(BILL, moved.as_bytes());
    assert!(report.outcome.summary.is_settled());
    let fen = "amounts = \"fen\"\n[columns]\norder_no = [\"商户订单号\"]\namount = [\"金额\"]\nat = [\"记账时间\"]\nrefund_no = [\"退款单号\"]\n[only]\n\"类型\" = [\"支付\", \"退费\"]\n";
    let his = "类型,商户订单号,退款单号,金额,记账时间\n支付,HOSP20260101000001,,1250,20260101\n现金,,,99,20260101\n支付,HOSP20260101000002,,8800,20260101\n退费,HOSP20260101000001,RF20260101000001,-500,20260101";
    let directory = tempfile::tempdir().expect("a directory");
    let report = run(directory.path(), BILL.as_bytes(), his.as_bytes(), fen).expect("a report");
    assert!(report.outcome.summary.is_settled());
    assert_eq!(report.left_out, [0, 1]);
}

fn refused(bill: &str, his: &str) -> Refusal {
    let directory = tempfile::tempdir().expect("a directory");
    match run(directory.path(), bill.as_bytes(), his.as_bytes(), HIS_LEDGER) {
        Err(FilesError::Refused(refusal)) => refusal,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was accepted"),
    }
}

/// What was done to a file, and what is said: line, column, a part of the text.
#[test]
fn a_damaged_file_is_refused_by_line_and_column() {
    let lines: Vec<&str> = BILL.split_inclusive("\r\n").collect();
    let bill = |from: &str, to: &str| {
        assert!(BILL.contains(from), "{from}");
        refused(&BILL.replace(from, to), HIS)
    };
    let his = |from: &str, to: &str| {
        assert!(HIS.contains(from), "{from}");
        refused(BILL, &HIS.replace(from, to))
    };
    let cases: Vec<(Refusal, u64, Option<&str>, &str)> = vec![
        (refused(&lines[..4].concat(), HIS), 0, None, "ends before its totals"),
        (refused(&lines[..5].concat(), HIS), 0, None, "ends before its totals"),
        (
            refused(&lines[..2].concat().replace("`0.60%,`12.50,`0.00,`", "`0.6"), HIS),
            2,
            None,
            "has 24 fields where the header has 27",
        ),
        (
            refused(&[lines[0], lines[1], lines[3], lines[4], lines[5]].concat(), HIS),
            5,
            Some("总交易单数"),
            "say \"3\" and there are 2 rows",
        ),
        (
            refused(&[lines[0], lines[1], lines[2], lines[2], lines[3], lines[4], lines[5]].concat(), HIS),
            7,
            Some("总交易单数"),
            "there are 4 rows",
        ),
        (
            bill("`3,`100.50", "`3,`100.51"),
            6,
            Some("应结订单总金额"),
            "say \"100.51\" and the rows of 应结订单金额 make 100.50",
        ),
        (bill("`0.58000", "`0.59000"), 6, Some("手续费总金额"), "make 0.58"),
        (bill("交易状态", "状态"), 1, None, "no column"),
        (bill("商户订单号", "商户单号"), 1, None, "商户订单号 (order_no)"),
        (
            bill("`SUCCESS,`OTHERS,`CNY,`12.50", "`TOMORROW,`OTHERS,`CNY,`12.50"),
            2,
            Some("交易状态"),
            "\"TOMORROW\" is neither",
        ),
        (bill("`88.00,`0.00,`\r", "`88.0x,`0.00,`\r"), 3, Some("订单金额"), "\"88.0x\" is not an amount"),
        (bill("`88.00,`0.00,`\r", "`88.000,`0.00,`\r"), 3, Some("订单金额"), "at most two decimals"),
        (
            bill("`88.00,`0.00,`\r", "`-88.00,`0.00,`\r"),
            3,
            Some("订单金额"),
            "is negative, and the row is a payment",
        ),
        (bill("2026-01-01 13:00:00", "2026-01-01 25:00:00"), 3, Some("交易时间"), "is not a time"),
        (bill("HOSP20260101000002", "2.02601E+17"), 3, Some("商户订单号"), "rounded by a spreadsheet"),
        (bill("`HOSP20260101000002", "`"), 3, Some("商户订单号"), "is empty"),
        (bill("\r\n`2026-01-01 13", "\r\n2026-01-01 13"), 3, None, "begins with"),
        (bill("`ORIGINAL,`SUCCESS", "`ORIGINAL,`LATER"), 4, Some("退款状态"), "\"LATER\" is no state"),
        (bill("公众账号ID", "商户号"), 1, None, "names \"商户号\" twice"),
        (bill("\u{feff}交易时间", "<html>交易时间"), 0, None, "an error page may have been saved"),
        (refused("PK\u{3}\u{4}whatever", HIS), 0, None, "is packed"),
        (refused("", HIS), 0, None, "no line break"),
        (refused("{\"code\":\"NO_STATEMENT_EXIST\"}\n", HIS), 0, None, "not with a header"),
        (his("80.00", "1,080.00"), 3, None, "has 9 fields"),
        (his("80.00", "\"1,080.00\""), 3, Some("金额"), "\"1,080.00\" is not an amount"),
        (his("外科,\"甲,乙\"", "\"外科,甲"), 3, None, "a quotation mark is not closed"),
        (his("3,退费", "3,冲正"), 4, Some("类型"), "\"冲正\" is neither a payment nor a refund"),
        (his("商户订单号", "单号"), 1, None, "商户订单号 or 支付订单号"),
        (his("2026-01-01 13:00:01", "46023.54"), 3, Some("记账时间"), "is not a time"),
        (his("HOSP20260101000002", ""), 3, Some("商户订单号"), "Leave such rows out"),
        (his("12.50", "12.50元"), 2, Some("金额"), "12.50元"),
    ];
    for (refusal, line, column, text) in cases {
        assert_eq!((refusal.line, refusal.column.as_deref()), (line, column), "{refusal}");
        assert!(refusal.to_string().contains(text), "{refusal}");
    }
}

/// Rows of all kinds, more than are taken apart at once: among plain ones some in quotation marks, some with a carriage return, and one
/// that is longer than all that.
#[test]
fn a_row_is_read_the_same_wherever_it_stands_and_however_it_is_dressed() {
    let ledger = |dressed: bool| {
        let mut text = "流水号,类型,商户订单号,退款单号,金额,记账时间,科室,备注\n".to_owned();
        for index in 0..3000 {
            let (kind, refund, sign) = if index % 7 == 0 { ("退费", "R", "-") } else { ("支付", "", "") };
            let refund_no = if refund.is_empty() { String::new() } else { format!("R{index:09}") };
            let remark = if dressed && index == 1500 { "长".repeat(15_000) } else { String::new() };
            let fields = [
                index.to_string(),
                kind.to_owned(),
                format!("P261125{index:014}"),
                refund_no,
                format!("{sign}{}.{:02}", index % 500 + 1, index % 100),
                format!("2026-01-01 12:00:{:02}", index % 60),
                "内科".to_owned(),
                remark,
            ];
            let in_quotes = dressed && index % 400 < 20;
            let fields = fields.map(|field| if in_quotes { format!("\"{field}\"") } else { field });
            text += &fields.join(",");
            text += if dressed && index % 3 == 0 { "\r\n" } else { "\n" };
        }
        text
    };
    let directory = tempfile::tempdir().expect("a directory");
    let compare = |bill: &str| {
        let report =
            run_by(directory.path(), HIS_LEDGER, bill.as_bytes(), ledger(false).as_bytes(), HIS_LEDGER);
        report.unwrap_or_else(|error| panic!("{error}"))
    };
    let dressed = ledger(true);
    let report = compare(&dressed);
    assert_eq!(report.outcome.findings, []);
    for side in [Side::Channel, Side::His] {
        assert_eq!(report.outcome.summary.of(Category::Matched, side).lines, 3000, "{side:?}");
    }
    for (row, is, was) in [(2999, "500.98", "500.99"), (2000, "1.01", "1.00"), (801, "302.99", "302.01")] {
        let other =
            dressed.replacen(&format!("P261125{row:014},,{was}"), &format!("P261125{row:014},,{is}"), 1);
        let other = other.replacen(
            &format!("P261125{row:014}\",\"\",\"{was}"),
            &format!("P261125{row:014}\",\"\",\"{is}"),
            1,
        );
        let report = compare(&other);
        let lines: Vec<u64> = report.evidence.iter().flatten().map(|there| there.line).collect();
        assert_eq!(lines, [row + 2, row + 2], "{row}");
    }
}

/// Rows in another order stand on other lines; nothing else changes. Big enough for several pieces and blocks.
#[test]
fn the_order_of_rows_changes_nothing_but_line_numbers() {
    let (header, footer) = (BILL.lines().next().expect("a header"), "总交易单数,应结订单总金额,订单总金额");
    let payment = BILL.lines().nth(2).expect("a payment");
    let count = 20_000_u64;
    let rows: Vec<(String, String)> = (0..count)
        .map(|index| {
            let order = format!("HOSP2026010{index:07}");
            let channel = payment.replace("HOSP20260101000002", &order);
            let yuan = if index % 1000 == 7 { "87.00" } else { "88.00" };
            (channel, format!("{index},支付,{order},,{yuan},2026-01-01 13:00:01,外科,"))
        })
        .collect();
    let total = count * 88;
    let text = |reversed: bool| {
        let order = |index: usize| if reversed { rows.len() - 1 - index } else { index };
        let mut bill = format!("{header}\r\n");
        let mut his = format!("{}\n", HIS.lines().next().expect("a header"));
        for index in 0..rows.len() {
            bill += &rows[order(index)].0;
            bill += "\r\n";
            his += &rows[order(index)].1;
            his += "\n";
        }
        bill += &format!("{footer}\r\n`{count},`{total}.00,`{total}.00\r\n");
        (bill, his)
    };
    let [forward, backward] = [false, true].map(|reversed| {
        let (bill, his) = text(reversed);
        (compared(&bill, his.as_bytes()), bill)
    });
    assert_eq!(forward.0.outcome.summary, backward.0.outcome.summary);
    assert_eq!(forward.0.outcome.findings.len(), 20);
    let without_lines = |report: &Report| {
        let text = csv(report);
        let rows = text.lines().skip(1).map(|row| {
            let fields: Vec<&str> = row.split(',').collect();
            [&fields[..14], &fields[16..]].concat().join(",")
        });
        rows.collect::<Vec<_>>()
    };
    assert_eq!(without_lines(&forward.0), without_lines(&backward.0));
    for (report, bill) in [&forward, &backward] {
        for (finding, evidence) in report.outcome.findings.iter().zip(&report.evidence) {
            let row = bill.lines().nth(evidence[0].line as usize - 1).expect("a line");
            assert!(row.contains(&*String::from_utf8_lossy(&finding.order_no)), "{row}");
        }
    }
}
