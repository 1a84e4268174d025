//! Files as hospitals bring them: shown line by line, guessed at, and kept within bounds. What is said of damaged ones is a table
//! in the tests of the command (`crates/cli/tests/damaged.toml`).

use mingfen_reconciliation::files::guess::guess;
use mingfen_reconciliation::files::{
    BANK_MOVEMENTS, Choice, FilesError, HIS_LEDGER, Layout, Limits, Prepared, Progress, Refusal, Report,
    line_of, reconcile_prepared,
};
use mingfen_reconciliation::matching::{HashKey, Rules};
use mingfen_reconciliation::sides::{Kind, Side};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

const BILL_LAYOUT: &str = include_str!("../../providers/src/wechat/statement/layout.toml");

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/tests/files").join(name)
}

fn by<'k>(layout: &'k Layout) -> Choice<'k> {
    Choice { known: &[], layout: Some(layout), otherwise: None, day: None, limits: Limits::default() }
}

fn layout(text: &str) -> Layout {
    Layout::parse(text).expect("a layout")
}

fn shown(name: &str, layout: &Layout, line: u64) -> Vec<(String, String)> {
    line_of(&golden(name), &by(layout), line).unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn field(cells: &[(String, String)], heading: &str) -> String {
    let found = cells.iter().find(|(name, _)| name == heading);
    found.unwrap_or_else(|| panic!("{heading} in {cells:?}")).1.clone()
}

#[test]
fn a_line_is_shown_as_the_file_has_it() {
    let (bill, his) = (layout(BILL_LAYOUT), layout(HIS_LEDGER));
    let tabs = layout(&std::fs::read_to_string(golden("his-tabs.toml")).expect("a layout"));
    for name in ["wechat-all.csv", "wechat-all.csv.gz"] {
        let row = shown(name, &bill, 3);
        assert_eq!((row.len(), field(&row, "商户订单号")), (27, "HOSP20260305000002".to_owned()));
        // What is escaped stays so.
        assert_eq!(field(&shown(name, &bill, 2), "商品名称"), "门诊\\ 缴费");
        assert_eq!(field(&shown(name, &bill, 6), "订单总金额"), "208.50");
    }
    let row = shown("his-tabs-gbk.txt", &tabs, 5);
    assert_eq!(
        (field(&row, "实收金额"), field(&row, "收费时间")),
        ("120.00".to_owned(), "10:00:03".to_owned())
    );
    let row = shown("his.xlsx", &his, 4);
    assert_eq!(
        (field(&row, "商户订单号"), field(&row, "金额")),
        ("HOSP20260305000002".to_owned(), "120".to_owned())
    );
    assert_eq!(field(&row, "记账时间"), "2026-03-05 10:00:03");
    let refusal = line_of(&golden("his.csv"), &by(&his), 99).expect_err("no such line");
    assert_eq!(refusal.to_string(), "his.csv, line 99: is not there; the file is shorter");
}

fn compared(bill: &Path, his: &Path, his_layout: &Layout) -> Result<Report, FilesError> {
    let bill_layout = layout(BILL_LAYOUT);
    let files = vec![
        (Side::Channel, Prepared::open(bill, &by(&bill_layout))?),
        (Side::His, Prepared::open(his, &by(his_layout))?),
    ];
    reconcile_prepared(files, &Rules::default(), 2, &Progress::default(), HashKey::random)
}

#[test]
fn a_difference_in_a_file_that_was_rewritten_stands_on_its_own_line() {
    let directory = tempfile::tempdir().expect("a directory");
    let tabs = layout(&std::fs::read_to_string(golden("his-tabs.toml")).expect("a layout"));
    let text = std::fs::read(golden("his-tabs-gbk.txt")).expect("a file");
    let (text, _, _) = encoding_rs::GBK.decode(&text);
    // A blank line is no row, and counts all the same.
    let changed = text
        .replace("\t120.00\t", "\t121.00\t")
        .replace("\t200.00\t", "\t201.00\t")
        .replace("\r\n2\t", "\r\n\r\n2\t");
    let path = directory.path().join("his.txt");
    std::fs::write(&path, encoding_rs::GBK.encode(&changed).0).expect("a file");
    let report = compared(&golden("wechat-all.csv"), &path, &tabs).unwrap_or_else(|error| panic!("{error}"));
    let evidence = &report.evidence[0];
    assert_eq!((evidence[0].file.as_str(), evidence[0].line), ("wechat-all.csv", 3));
    assert_eq!((evidence[1].file.as_str(), evidence[1].line), ("his.txt", 6));
}

/// The quick way is tried first; what it does not understand in the middle of a file is read the careful way after all.
#[test]
fn a_large_file_that_is_odd_in_its_middle_is_read_all_the_same() {
    let directory = tempfile::tempdir().expect("a directory");
    let bill = std::fs::read_to_string(golden("wechat-all.csv")).expect("a bill");
    let bill_lines: Vec<&str> = bill.split_inclusive("\r\n").collect();
    let count = 5_000;
    let mut rows = bill_lines[0].to_owned();
    let mut his = "商户订单号,金额,记账时间,备注\n".to_owned();
    for index in 0..count {
        let order = format!("HOSP2026030{index:07}");
        rows += &bill_lines[2].replace("HOSP20260305000002", &order);
        let odd = if index == 3_000 { "\"两行\n备注\"" } else { "" };
        his += &format!("{order},120.00,2026-03-05 10:00:03,{odd}\n");
    }
    let sum = 120 * count;
    rows += &format!("总交易单数,订单总金额\r\n`{count},`{sum}.00\r\n");
    let paths = ["bill.csv", "his.csv"].map(|name| directory.path().join(name));
    std::fs::write(&paths[0], rows).expect("a file");
    std::fs::write(&paths[1], &his).expect("a file");
    let report =
        compared(&paths[0], &paths[1], &layout(HIS_LEDGER)).unwrap_or_else(|error| panic!("{error}"));
    assert!(report.outcome.summary.is_settled());
    // And what is damaged behind it is told by its line in the file.
    std::fs::write(&paths[1], his.replace("HOSP20260300004000,120.00", "HOSP20260300004000,12O.00"))
        .expect("a file");
    let error = compared(&paths[0], &paths[1], &layout(HIS_LEDGER)).err().expect("a refusal").to_string();
    assert!(error.starts_with("his.csv, line 4003, column 金额: \"12O.00\""), "{error}");
}

#[test]
fn a_layout_is_guessed_from_headings() {
    for name in ["his.csv", "his-tabs-gbk.txt", "his.xlsx"] {
        let proposal = guess(&golden(name), None, HashKey::random(), Limits::default())
            .unwrap_or_else(|refusal| panic!("{refusal}"));
        assert_eq!(proposal.missing, [""; 0], "{name}");
        let rows = proposal.rows.unwrap_or_else(|refusal| panic!("{refusal}"));
        let read: Vec<_> = (rows.iter())
            .map(|row| (row.kind, row.order_no.as_str(), row.refund_no.as_str(), row.amount.get()))
            .collect();
        assert_eq!(
            read,
            [
                (Kind::Payment, "HOSP20260305000001", "", 8850),
                (Kind::Payment, "HOSP20260305000002", "", 12_000),
                (Kind::Refund, "HOSP20260305000001", "RF20260305000001", 850),
            ],
            "{name}"
        );
        assert!(rows.iter().all(|row| row.at.starts_with("2026-03-05 ")), "{name}");
        // What is proposed is what is compared by.
        let report = compared(&golden("wechat-all.csv"), &golden(name), &layout(&proposal.toml));
        assert!(report.unwrap_or_else(|error| panic!("{error}")).outcome.summary.is_settled(), "{name}");
    }
}

#[test]
fn a_layout_is_guessed_from_what_stands_below() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("odd.csv");
    let mut text = "甲;乙;丙;丁;戊\n".to_owned();
    for index in 0..5_000 {
        text += &format!("{index};HOSP2026{index:08};\"{}\";2026/3/5 9:{:02};收\n", "1,280.50", index % 60);
    }
    std::fs::write(&path, text).expect("a file");
    let proposal = guess(&path, None, HashKey::random(), Limits::default())
        .unwrap_or_else(|refusal| panic!("{refusal}"));
    let chosen: Vec<_> =
        proposal.reasons.iter().map(|reason| (reason.column, reason.heading.as_str())).collect();
    assert_eq!(chosen, [("order_no", "乙"), ("amount", "丙"), ("at", "丁"), ("kind", "戊")]);
    assert!(proposal.reasons.iter().all(|reason| reason.why.starts_with("no heading says so")));
    let rows = proposal.rows.unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(rows.len(), 10);
    assert_eq!(
        (rows[0].line, rows[0].amount.get(), rows[0].at.as_str()),
        (2, 128_050, "2026-03-05 09:00:00")
    );
}

#[test]
fn what_is_not_found_is_said() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("part.csv");
    std::fs::write(&path, "姓名,金额,科室\n张三,12.50,内科\n李四,8.00,外科\n").expect("a file");
    let proposal = guess(&path, None, HashKey::random(), Limits::default())
        .unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(proposal.missing, ["order_no", "at"]);
    assert!(proposal.rows.is_err());
    assert!(proposal.toml.contains("# order_no = [\"?\"]"), "{}", proposal.toml);
}

fn refused(bytes: &[u8], name: &str, limits: Limits) -> Refusal {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(name);
    std::fs::write(&path, bytes).expect("a file");
    let his = layout(HIS_LEDGER);
    let choice = Choice { limits, ..by(&his) };
    Prepared::open(&path, &choice).err().expect("a refusal")
}

#[test]
fn nothing_becomes_larger_than_its_bound() {
    let limits = Limits { unpacked_bytes: 400, ..Limits::default() };
    let bill = std::fs::read(golden("wechat-all.csv.gz")).expect("a file");
    let refusal = refused(&bill, "bill.csv.gz", limits);
    assert!(refusal.problem.starts_with("unpacks to more than"), "{refusal}");
    let book = std::fs::read(golden("his.xlsx")).expect("a file");
    let refusal = refused(&book, "his.xlsx", limits);
    assert!(refusal.problem.starts_with("unpacks to more than"), "{refusal}");
    let text = std::fs::read_to_string(golden("his.csv")).expect("a file").replace(',', "\t");
    let refusal = refused(text.as_bytes(), "his.txt", Limits { rows: 2, ..Limits::default() });
    assert_eq!((refusal.line, refusal.problem.as_str()), (4, "has more than 2 rows; divide it"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However an export is written, it is the same export: the quick way, the careful way and any separator or encoding find
    /// the same, on the same lines.
    #[test]
    fn the_careful_way_says_what_the_quick_one_says(
        rows in proptest::collection::vec((0_u32..40, 1_i64..100_000, any::<bool>(), "[甲乙丙, \"]{0,6}"), 1..40),
    ) {
        let directory = tempfile::tempdir().expect("a directory");
        let write = |name: &str, separator: &str| {
            let mut text = ["类型", "商户订单号", "退款单号", "金额", "记账时间", "备注"].join(separator) + "\n";
            for (index, (order, fen, is_refund, remark)) in rows.iter().enumerate() {
                let (kind, sign, refund) = if *is_refund { ("退费", "-", format!("R{index}")) } else { ("支付", "", String::new()) };
                let cells = [
                    kind.to_owned(),
                    format!("HOSP2026{order:06}"),
                    refund,
                    format!("{sign}{}.{:02}", fen / 100, fen % 100),
                    format!("2026-03-05 10:{:02}:03", index),
                    format!("\"{}\"", remark.replace('"', "\"\"")),
                ];
                text += &(cells.join(separator) + "\n");
            }
            let path = directory.path().join(name);
            let bytes = if name.contains("gbk") { encoding_rs::GBK.encode(&text).0.into_owned() } else { text.into_bytes() };
            std::fs::write(&path, bytes).expect("a file");
            path
        };
        let his = layout(HIS_LEDGER);
        let bill = golden("wechat-all.csv");
        let [quick, others @ ..] = [("his.csv", ","), ("his-gbk.csv", ","), ("his.tab", "\t"), ("his-gbk.bar", "|"), ("his.semi", ";")]
            .map(|(name, separator)| compared(&bill, &write(name, separator), &his).unwrap_or_else(|error| panic!("{error}")));
        let lines = |report: &Report| -> Vec<Vec<u64>> {
            report.evidence.iter().map(|found| found.iter().map(|there| there.line).collect()).collect()
        };
        for other in others {
            prop_assert_eq!(&other.outcome.summary, &quick.outcome.summary);
            prop_assert_eq!(other.outcome.findings.len(), quick.outcome.findings.len());
            prop_assert_eq!(lines(&other), lines(&quick));
        }
    }
}

/// A bank lists what came in and what went out in columns of their own; balances stand between.
const BANK: &str = "账户明细,,,,,,\n\
    交易日期,交易时间,商户订单号,借方金额,贷方金额,余额,摘要\n\
    2026-03-05,09:30:00,SN0001,,\"1,080.00\",\"2,080.00\",收单清算\n\
    2026-03-05,10:00:00,SN0002,0.50,0.00,\"2,079.50\",手续费\n\
    2026-03-05,23:59:59,SN0003,-,,\"2,079.50\",日终余额\n\
    合计,,,0.50,\"1,080.00\",,\n";

#[test]
fn money_in_and_money_out_may_have_columns_of_their_own() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("bank.csv");
    std::fs::write(&path, BANK).expect("a file");
    let proposal = guess(&path, None, HashKey::random(), Limits::default()).expect("a proposal");
    assert!(proposal.missing.is_empty(), "{:?}\n{}", proposal.missing, proposal.toml);
    let layout =
        Layout::parse(&proposal.toml).unwrap_or_else(|problem| panic!("{problem}\n{}", proposal.toml));
    assert!(proposal.toml.contains("outgoing = [\"借方金额\"]"), "{}", proposal.toml);
    let rows = proposal.rows.unwrap_or_else(|refusal| panic!("{refusal}\n{}", proposal.toml));
    let told: Vec<_> = rows.iter().map(|row| (row.kind, row.order_no.as_str(), row.amount.get())).collect();
    assert_eq!(
        told,
        [(Kind::Payment, "SN0001", 108_000), (Kind::Refund, "SN0002", 50)],
        "a row that moves nothing is left out\n{}",
        proposal.toml
    );
    for (row, wrong) in [
        ("2026-03-05,11:00:00,SN0004,1.00,2.00,1.00,x", "one way"),
        ("2026-03-05,11:00:00,SN0004,-1.00,,1.00,x", "is negative"),
    ] {
        let text = BANK.replace("合计,,,0.50,\"1,080.00\",,\n", &format!("{row}\n"));
        std::fs::write(&path, text).expect("a file");
        let file = Prepared::open(&path, &by(&layout)).expect("a file");
        let read = reconcile_prepared(
            vec![(Side::Channel, file)],
            &Rules::default(),
            1,
            &Progress::default(),
            HashKey::random,
        );
        let refused = read.map(|_| ()).expect_err("it moves money both ways").to_string();
        assert!(refused.contains(wrong) && refused.contains("line 6"), "{refused}");
    }
    let both = Layout::parse(&format!("{BANK_MOVEMENTS}\nkind = [\"类型\"]\n"));
    assert!(both.expect_err("one of them").contains("columns.outgoing"));
}
