//! Bills as Alipay makes them, and damaged ones beside the refusal that is expected.

use super::*;
use encoding_rs::GBK;
use mingfen_domain::Fen;
use mingfen_provider_api::statement::LineKind;
use std::io::{Cursor, Write};

const SELLER: &str = "2088000000000001";

const HEADER: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";
const PAYMENT: &str = "2026030522001400001000000001\t,H20260305000001\t,交易\t,门诊缴费,2026-03-05 09:30:41,2026-03-05 09:30:45,\t,\t,\t,\t,*三(138****0000)\t,88.50,88.50,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,\t,-0.53,0.00,门诊缴费";
const SECOND: &str = "2026030522001400001000000002\t,H20260305000002\t,交易\t,门诊缴费,2026-03-05 10:00:00,2026-03-05 10:00:02,\t,\t,\t,\t,*四(138****0001)\t,88.50,88.50,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,\t,-0.53,0.00,门诊缴费";
const REFUND: &str = "2026030522001400001000000001\t,H20260305000001\t,退款\t,门诊缴费,2026-03-05 09:30:41,2026-03-05 11:02:10,\t,\t,\t,\t,*三(138****0000)\t,-8.50,-8.50,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,R20260305000001\t,0.05,0.00,门诊缴费";
const TOTALS: &str = "#交易合计：2笔，商家实收共177.00元，商家优惠共0.00元\r\n#退款合计：1笔，商家实收退款共-8.50元，商家优惠退款共0.00元";

fn trades(header: &str, rows: &[&str], totals: &str) -> String {
    format!(
        "#支付宝业务明细查询\r\n#账号：[{SELLER}0156]\r\n#起始日期：[2026年03月05日 00:00:00]   终止日期：[2026年03月06日 00:00:00]\r\n\
         #-----------------------------------------业务明细列表----------------------------------------\r\n{header}\r\n{}\
         #-----------------------------------------业务明细列表结束------------------------------------\r\n{totals}\r\n\
         #导出时间：[2026年03月06日 07:27:37]\r\n",
        rows.iter().map(|row| format!("{row}\r\n")).collect::<String>()
    )
}

fn gbk(text: &str) -> Vec<u8> {
    GBK.encode(text).0.into_owned()
}

/// Reads a bill of this text.
fn parsed(text: &str, each: &mut dyn FnMut(StatementLine<'_>)) -> Result<StatementTotals, StatementError> {
    trades::parse(Lines::new("bill.csv", &gbk(text)[..]), Some(SELLER), each)
}

type Read = (Vec<(LineKind, String, String, i64, i64, String)>, StatementTotals);

fn read(text: &str) -> Result<Read, StatementError> {
    let mut lines = Vec::new();
    let totals = parsed(text, &mut |line| {
        lines.push((
            line.kind,
            line.out_trade_no.into_owned(),
            line.out_refund_no.into_owned(),
            line.amount.get(),
            line.fee_milli_fen,
            line.at.to_beijing_text(),
        ));
    })?;
    Ok((lines, totals))
}

/// Which rows a person should look at.
fn flagged(text: &str) -> Vec<bool> {
    let mut flags = Vec::new();
    parsed(text, &mut |line| flags.push(line.shifted)).expect("a bill");
    flags
}

fn expected() -> Read {
    let line = |kind, order: &str, refund: &str, amount, fee, at: &str| {
        (kind, order.to_owned(), refund.to_owned(), amount, fee, at.to_owned())
    };
    (
        vec![
            line(LineKind::Payment, "H20260305000001", "", 8850, 53_000, "2026-03-05 09:30:45"),
            line(LineKind::Payment, "H20260305000002", "", 8850, 53_000, "2026-03-05 10:00:02"),
            line(LineKind::Refund, "H20260305000001", "R20260305000001", 850, -5000, "2026-03-05 11:02:10"),
        ],
        StatementTotals { lines: 3, paid: Fen::new(17_700), refunded: Fen::new(850) },
    )
}

fn refusal(text: &str) -> String {
    read(text).expect_err("a refusal").to_string()
}

#[test]
fn a_genuine_bill_is_read() {
    let text = trades(HEADER, &[PAYMENT, SECOND, REFUND], TOTALS);
    assert_eq!(read(&text), Ok(expected()));
    assert_eq!(read(&text.replace("\r\n", "\n")), Ok(expected()));
}

#[test]
fn columns_are_found_by_name() {
    let with_four_more = |line: &str, more: &str| {
        let (before, note) = line.rsplit_once(',').unwrap();
        format!("商户{more},{before},{more},{more},{more},{note}")
    };
    let header = with_four_more(HEADER, "x").replacen("商户x", "商户识别号", 1).replacen(
        ",x,x,x,",
        ",实收净额（元）,交易方式,花呗分期数,",
        1,
    );
    let rows: Vec<String> = [PAYMENT, SECOND, REFUND]
        .iter()
        .map(|row| with_four_more(row, "1").replacen("商户1", "123", 1))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    assert_eq!(header.split(',').count(), 29);
    assert_eq!(read(&trades(&header, &rows, TOTALS)), Ok(expected()));
    let problem = refusal(&trades(&HEADER.replace("完成时间", "完成日期"), &[], ""));
    assert!(problem.contains("column 完成时间: is missing"), "{problem}");
}

#[test]
fn commas_in_texts_are_given_back_to_their_columns() {
    for (from, to) in [
        ("交易\t,门诊缴费", "交易\t,门诊,缴费,二"),
        ("0.00,门诊缴费", "0.00,门诊,缴费"),
        ("0.00,,0.00\t", "0.00,满减,券,0.00\t"),
        ("\t,\t,\t,\t,", "\t,一店,东门\t,\t,\t,"),
    ] {
        let shifted = PAYMENT.replace(from, to);
        assert_ne!(shifted, PAYMENT);
        let text = trades(HEADER, &[&shifted, SECOND, REFUND], TOTALS);
        assert_eq!(read(&text), Ok(expected()), "{to}");
        assert_eq!(flagged(&text), [true, false, false], "{to}");
    }
}

#[test]
fn a_row_that_fits_nowhere_or_in_two_places_is_refused() {
    let torn = PAYMENT.replace("88.50,88.50", "88.50,x,88.50");
    let problem = refusal(&trades(HEADER, &[&torn], TOTALS));
    assert!(problem.contains("line 6") && problem.contains("fit in no place"), "{problem}");
    // Whether the voucher's name or the note holds the comma decides what the fee is.
    let twofold =
        PAYMENT.replace(",,0.00\t,0.00,\t,-0.53,0.00,门诊缴费", ",0.00,0.00,0.00,0.00,1.00,2.00,3.00,x");
    let problem = refusal(&trades(HEADER, &[&twofold], TOTALS));
    assert!(problem.contains("two ways"), "{problem}");
    let short = PAYMENT.replacen("交易\t,", "交易\t", 1);
    assert!(refusal(&trades(HEADER, &[&short], TOTALS)).contains("has 24 columns, 25 are wanted"));
}

#[test]
fn damaged_bills_are_refused_with_line_and_cause() {
    let good = trades(HEADER, &[PAYMENT, SECOND, REFUND], TOTALS);
    let rows = [PAYMENT, SECOND, REFUND];
    for (text, cause) in [
        (
            good.replace("177.00元", "177.01元"),
            "line 10: counts 2 with 177.01 yuan, but the rows are 2 with 177.00 yuan",
        ),
        (good.replace("合计：1笔", "合计：2笔"), "line 11: counts 2 with -8.50"),
        (trades(HEADER, &rows[..2], TOTALS), "line 10: counts 1 with -8.50 yuan, but the rows are 0"),
        (good[..good.find("#交易合计").unwrap()].to_owned(), "the line #交易合计 is missing"),
        (good[..good.find(REFUND).unwrap()].to_owned(), "is cut short: the line 业务明细列表结束"),
        (good.replace(SELLER, "2088000000000009"), "line 2: is a bill of another account"),
        (good.replace("业务明细查询", "账务明细查询"), "line 0: begins with"),
        (good.replace("退款\t,门诊", "撤销\t,门诊"), "line 8, column 业务类型: is \"撤销\""),
        (good.replace("-8.50,-8.50", "8.50,8.50"), "line 8, column 商家实收（元）: has the wrong sign"),
        (
            good.replace("2026-03-05 10:00:02", "2026-03-05 24:00:02"),
            "line 7, column 完成时间: is not a time",
        ),
        (
            good.replace("-0.53,0.00,门诊缴费", "-0.533,0.00,门诊缴费"),
            "line 6, column 服务费（元）: \"-0.533\"",
        ),
        ("#支付宝业务明细查询\n".to_owned(), "ends before its header"),
        (String::new(), "begins with \"\""),
    ] {
        let problem = refusal(&text);
        assert!(problem.contains(cause), "{problem} / {cause}");
    }
}

#[test]
fn a_bill_that_was_saved_again_is_named() {
    let text = trades(HEADER, &[], TOTALS);
    let saved = format!("\u{feff}{text}");
    let read = trades::parse(Lines::new("b.csv", saved.as_bytes()), Some(SELLER), &mut |_| {});
    let problem = read.expect_err("a refusal").to_string();
    assert!(problem.contains("saved again as UTF-8"), "{problem}");
}

#[test]
fn a_day_without_refunds_has_its_line_of_zero() {
    let totals = "#交易合计：1笔，商家实收共88.50元，商家优惠共0.00元\r\n#退款合计：0笔，商家实收退款共0.00元，商家优惠退款共0.00元";
    let (lines, totals) = read(&trades(HEADER, &[PAYMENT], totals)).unwrap();
    assert_eq!((lines.len(), totals.refunded), (1, Fen::ZERO));
}

const LEDGER: &str = "#支付宝账务明细查询\r\n#账号：[20880000000000010156]\r\n#起始日期：[2026年03月05日 00:00:00]   终止日期：[2026年03月06日 00:00:00]\r\n\
#-----------------------------------------账务明细列表----------------------------------------\r\n\
账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注\r\n\
1\t,2026030522001400001000000001\t,H20260305000001\t,门诊缴费,2026-03-05 09:30:45,*三(138****0000),88.50,0.00,1088.50,支付宝,在线支付,\r\n\
2\t,2026030522001400001000000001\t,H20260305000001\t,门诊,缴费,2026-03-05 11:02:10,*三(138****0000),,-8.50,1080.00,支付宝,退款（交易退款）,退费\r\n\
#-----------------------------------------账务明细列表结束------------------------------------\r\n\
#支出合计：1笔，共-8.50元\r\n#收入合计：1笔，共88.50元\r\n#导出时间：[2026年03月06日 07:27:37]\r\n";

fn ledger(text: &str, each: &mut dyn FnMut(FundFlowLine<'_>)) -> Result<FundFlowTotals, StatementError> {
    fund_flow::parse(Lines::new("ledger.csv", &gbk(text)[..]), Some(SELLER), each)
}

#[test]
fn the_ledger_is_read() {
    let mut seen = Vec::new();
    let totals = ledger(LEDGER, &mut |line| {
        let (amount, balance) = (line.amount.get(), line.balance.map(Fen::get));
        seen.push((line.line, amount, balance, line.kind.into_owned(), line.our_no.into_owned()));
    });
    let order = "H20260305000001".to_owned();
    assert_eq!(
        seen,
        [
            (6, 8850, Some(108_850), "在线支付".to_owned(), order.clone()),
            (7, -850, Some(108_000), "退款（交易退款）".to_owned(), order),
        ]
    );
    let counted = FundFlowTotals { incomes: 1, received: Fen::new(8850), expenses: 1, spent: Fen::new(850) };
    assert_eq!(totals, Ok(counted));
    let problem = ledger(&LEDGER.replace("共88.50元", "共88.51元"), &mut |_| {}).unwrap_err();
    assert_eq!(problem.line, 10);
}

/// An archive of files with these names and texts.
fn zip_of(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in entries {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(&gbk(text)).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

type Halves = (Option<Member>, Option<Member>);

fn halves_of(entries: &[(&str, &str)]) -> Result<Halves, StatementError> {
    let mut archive = Archive::new(Cursor::new(zip_of(entries)), LARGEST_UNPACKED_BYTES).unwrap();
    halves("bill.zip", &mut archive, StatementKind::Trades)
}

#[test]
fn detail_and_summary_are_told_apart_by_their_first_line() {
    let summary = ("a_业务明细.csv", "#支付宝业务汇总查询\r\n");
    let wanted = ("b_业务明细(汇总).csv", "#支付宝业务明细查询\r\n");
    let other = ("c.csv", "#支付宝账务明细查询\r\n");
    let (detail, other_half) = halves_of(&[summary, other, wanted]).unwrap();
    assert_eq!(detail.unwrap().name, "b_业务明细(汇总).csv");
    assert_eq!(other_half.unwrap().name, "a_业务明细.csv");
    assert!(halves_of(&[summary]).unwrap().0.is_none());
    let again = ("d.csv", wanted.1);
    assert!(halves_of(&[wanted, again]).unwrap_err().problem.contains("two files of the same title"));
}

#[test]
fn a_detail_is_read_out_of_its_archive_or_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("bill");
    let detail = trades(HEADER, &[PAYMENT, SECOND, REFUND], TOTALS);
    let read = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        read_detail(&file, StatementKind::Trades, |lines| trades::parse(lines, Some(SELLER), &mut |_| {}))
    };
    let totals = expected().1;
    assert_eq!(read(&gbk(&detail)).as_ref(), Ok(&totals));
    assert_eq!(read(&zip_of(&[("s.csv", SUMMARY), ("d.csv", &detail)])).as_ref(), Ok(&totals));
    let torn = read(&zip_of(&[("d.csv", &detail.replace("177.00元", "177.01元"))])).unwrap_err();
    assert!(torn.to_string().starts_with("bill/d.csv, line 10: "), "{torn}");
    assert!(read(&zip_of(&[("s.csv", SUMMARY)])).unwrap_err().problem.contains("no detail file"));
    let mut damaged = zip_of(&[("d.csv", &detail)]);
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    assert!(read(&damaged).is_err());
    assert!(read(&zip_of(&[])[..10]).unwrap_err().problem.contains("is not a readable ZIP file"));
}

const SUMMARY: &str = "#支付宝业务汇总查询\r\n#账号：[20880000000000010156]\r\n#起始日期：[2026年03月05日 00:00:00]   终止日期：[2026年03月06日 00:00:00]\r\n\
#-----------------------------------------业务汇总列表----------------------------------------\r\n\
门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）\r\n\
\t,\t,2,1,168.50,168.50,0.00,0.00,0.00,-1.01,0.00,167.49\r\n\
合计,,2,1,168.50,168.50,0.00,0.00,0.00,-1.01,0.00,167.49\r\n\
#----------------------------------------业务汇总列表结束-------------------------------------\r\n\
#导出时间：[2026年03月06日 07:27:37]\r\n";

fn compared(summary: &str) -> Result<(), String> {
    let detail = gbk(&trades(HEADER, &[PAYMENT, SECOND, REFUND], TOTALS));
    let sums = Sums::of(StatementKind::Trades, Lines::new("bill.csv", &detail[..]), Some(SELLER)).unwrap();
    let summary = gbk(summary);
    summary::check(Lines::new("summary.csv", &summary[..]), &sums, Some(SELLER))
        .map_err(|error| error.to_string())
}

#[test]
fn a_summary_that_agrees_is_accepted() {
    assert_eq!(compared(SUMMARY), Ok(()));
    assert_eq!(
        compared(&SUMMARY.replace("168.50,168.50", "177.00,177.00")),
        Ok(()),
        "refunds left out of it"
    );
    let two_stores = SUMMARY.replace(
        "\t,\t,2,1,168.50,168.50,",
        "S1\t,一店,东门\t,1,0,88.50,88.50,0.00,0.00,0.00,0.00,0.00,0.00\r\nS2\t,二店\t,1,1,80.00,80.00,",
    );
    assert_eq!(compared(&two_stores), Ok(()));
}

#[test]
fn a_summary_that_is_damaged_or_disagrees_is_refused_with_line_and_cause() {
    let totals = "合计,,2,1,168.50,168.50";
    for (text, cause) in [
        (
            SUMMARY.replace("2,1,168.50,168.50", "3,1,168.50,168.50"),
            "line 7, column 交易订单总笔数: is 3, but the detail has 2",
        ),
        (
            SUMMARY.replace("2,1,168.50,168.50", "2,0,168.50,168.50"),
            "line 7, column 退款订单总笔数: is 0, but the detail has 1",
        ),
        (SUMMARY.replace("168.50,168.50", "168.51,168.51"), "line 7, column 商家实收（元）: is 168.51"),
        (
            SUMMARY.replace(totals, "合计,,2,1,168.50,168.49"),
            "line 7: 合计 is 2 payments, 1 refunds, 168.49 yuan, but the stores",
        ),
        (SUMMARY.replace(totals, "合计,,x,1,168.50,168.50"), "line 7, column 交易订单总笔数: is \"x\""),
        (SUMMARY.replace(totals, "合计,,2,1,168.50,168.5O"), "line 7, column 商家实收（元）: \"168.5O\""),
        (SUMMARY.replace(totals, "其他,,2,1,168.50,168.50"), "line 0: is cut short: the row 合计"),
        (SUMMARY.replace("退款订单总笔数", "退款笔数"), "column 退款订单总笔数: is missing"),
        (
            SUMMARY[..SUMMARY.find("#----------------------------------------业务汇总列表结束").unwrap()]
                .to_owned(),
            "业务汇总列表结束 is missing",
        ),
        (
            SUMMARY.replace("20880000000000010156", "20880000000000090156"),
            "line 2: is a bill of another account",
        ),
    ] {
        let problem = compared(&text).expect_err(cause);
        assert!(problem.starts_with("summary.csv, ") && problem.contains(cause), "{problem} / {cause}");
    }
}

#[test]
fn a_damaged_detail_is_left_to_whoever_reads_it() {
    let looked_at = |entries: &[(&str, &str)]| {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&zip_of(entries)).unwrap();
        check("bill.zip", &file, StatementKind::Trades, SELLER)
    };
    let title = "#支付宝业务明细查询\r\n";
    assert_eq!(looked_at(&[("d.csv", title), ("s.csv", SUMMARY)]), Ok(()));
    let two = trades(HEADER, &[PAYMENT, REFUND], TOTALS);
    assert_eq!(looked_at(&[("d.csv", &two), ("s.csv", SUMMARY)]), Ok(()), "it contradicts itself");
    let sound = trades(HEADER, &[PAYMENT, SECOND, REFUND], TOTALS);
    let other = SUMMARY.replace("168.50,168.50", "168.51,168.51");
    let refused = looked_at(&[("d.csv", &sound), ("s.csv", &other)]).unwrap_err();
    assert!(refused.starts_with("bill.zip/s.csv, line 7"), "{refused}");
}

#[test]
fn the_accounts_summary_is_compared_where_it_has_totals() {
    let head = "#支付宝账务汇总查询\r\n#账号：[20880000000000010156]\r\n";
    let compared = |text: &str| {
        let detail = gbk(LEDGER);
        let sums = Sums::of(StatementKind::FundFlow, Lines::new("l.csv", &detail[..]), Some(SELLER)).unwrap();
        summary::check(Lines::new("s.csv", &gbk(text)[..]), &sums, Some(SELLER)).map_err(|error| error.line)
    };
    let totals = "#支出合计：1笔，共-8.50元\r\n#收入合计：1笔，共88.50元\r\n";
    assert_eq!(compared(&format!("{head}{totals}")), Ok(()));
    assert_eq!(compared(&format!("{head}a,table,of,tomorrow\r\n")), Ok(()));
    assert_eq!(compared(&format!("{head}{}", totals.replace("88.50", "88.51"))), Err(4));
    assert_eq!(compared(&format!("{head}#支出合计：1笔，共-8.50元\r\n")), Err(0), "cut short");
    assert_eq!(compared(&head.replace(SELLER, "2088000000000009")), Err(2));
}

/// Of the channel that the other tests have.
fn of_channel(text: &str) -> String {
    text.replace(SELLER, super::super::tests::SELLER_ID)
}

#[test]
fn a_table_has_the_rows_of_its_file_on_their_lines() {
    let channel = super::super::tests::channel("http://127.0.0.1:9");
    let directory = tempfile::tempdir().unwrap();
    let table_of = |bytes: &[u8]| {
        let file = directory.path().join("bill");
        std::fs::write(&file, bytes).unwrap();
        let table = crate::conformance::the_table_is_the_file(&channel, &file, directory.path());
        (table.first_line, std::fs::read_to_string(table.path).unwrap())
    };
    let detail = of_channel(&trades(HEADER, &[PAYMENT, SECOND, REFUND], TOTALS));
    let (first_line, plain) = table_of(&gbk(&detail));
    assert_eq!((first_line, plain.lines().count()), (5, 4));
    assert!(plain.lines().all(|line| line.split(',').count() == 26), "{plain}");
    assert!(plain.lines().next().unwrap().ends_with(",备注,账号"), "{plain}");
    let summary = of_channel(SUMMARY);
    assert_eq!(table_of(&zip_of(&[("s.csv", &summary), ("d.csv", &detail)])), (5, plain));

    let comma = PAYMENT.replace("0.00,门诊缴费", "0.00,门诊,\"缴费\"");
    let gaps = trades(HEADER, &["", &comma, "", "  ", SECOND, REFUND], TOTALS);
    let (first_line, plain) = table_of(&gbk(&of_channel(&gaps)));
    assert_eq!((first_line, plain.lines().count()), (5, 7));
    let empty: Vec<bool> = plain.lines().map(str::is_empty).collect();
    assert_eq!(empty, [false, true, false, true, true, false, false]);
    assert!(plain.contains(",0.00,\"门诊,\"\"缴费\"\"\",2088"), "{plain}");
}

#[test]
fn no_table_is_made_of_a_file_that_is_not_in_order() {
    let channel = super::super::tests::channel("http://127.0.0.1:9");
    let directory = tempfile::tempdir().unwrap();
    let refused = |entries: &[(&str, &str)]| {
        let file = directory.path().join("bill.zip");
        std::fs::write(&file, zip_of(entries)).unwrap();
        channel.trade_table(&file, directory.path()).expect_err("a refusal")
    };
    let detail = of_channel(&trades(HEADER, &[PAYMENT, SECOND, REFUND], TOTALS));
    let other = of_channel(&SUMMARY.replace("168.50,168.50", "168.51,168.51"));
    let error = refused(&[("s.csv", &other), ("d.csv", &detail)]);
    assert!(error.totals_differ && error.to_string().starts_with("bill.zip/s.csv, line 7"), "{error}");
    let error = refused(&[("d.csv", &detail.replace("177.00元", "177.01元"))]);
    assert!(error.totals_differ && error.line == 10, "{error}");
    let error = refused(&[("d.csv", &detail.replace("-8.50,-8.50", "-8.50,x"))]);
    assert!(!error.totals_differ && error.line == 8, "{error}");
    let error = refused(&[("d.csv", &trades(HEADER, &[PAYMENT, SECOND, REFUND], TOTALS))]);
    assert!(error.problem.contains("another account"), "{error}");
}

#[test]
fn no_bill_means_not_yet_until_noon_and_nothing_after() {
    let day = BusinessDay::parse("2026-03-05").unwrap();
    let morning = day.end().plus_seconds(10 * 3600);
    let afternoon = day.end().plus_seconds(13 * 3600);
    let said = |code: &str| Failure::said(Kind::Plain, "40004", code, "");
    let not_yet = |found: Option<Fetched>| matches!(found, Some(Fetched::NotYet));
    let nothing = |found: Option<Fetched>| matches!(found, Some(Fetched::NothingThatDay));
    for code in ["isp.bill_not_exist", "BILL_NOT_EXIST", "NO_BILL_DATA"] {
        assert!(not_yet(absence(&said(code), day, morning)), "{code}");
        assert!(nothing(absence(&said(code), day, afternoon)), "{code}");
    }
    assert!(not_yet(absence(&said("isv.invalid_arguments"), day, day.start())));
    assert!(absence(&said("INVAILID_ARGUMENTS"), day, afternoon).is_none());
    assert!(nothing(absence(&said("BILL_DATE_BEFORE_REGISTRATION"), day, afternoon)));
    assert!(absence(&said("ACQ.ACCESS_FORBIDDEN"), day, morning).is_none());
}
