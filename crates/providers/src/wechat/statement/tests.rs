//! Vector V9, captured rows, and damage.

use super::super::vectors;
use super::*;
use mingfen_domain::{Fen, Timestamp};
use mingfen_provider_api::statement::LineKind;

const V9: &str = include_str!("../../../testdata/wechat/v9-trades-all.csv");

/// Reads a file that holds these bytes.
fn of_file<T>(bytes: &[u8], read: impl FnOnce(&Path) -> T) -> T {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("bill.csv");
    std::fs::write(&file, bytes).expect("written");
    read(&file)
}

type Seen = (u64, LineKind, String, String, i64, i64, String);

fn trades(text: &str) -> Result<(Vec<Seen>, StatementTotals), StatementError> {
    let mut seen = Vec::new();
    let mut keep = |line: StatementLine<'_>| {
        seen.push((
            line.line,
            line.kind,
            line.out_trade_no.into_owned(),
            line.out_refund_no.into_owned(),
            line.amount.get(),
            line.fee_milli_fen,
            line.status.into_owned(),
        ));
    };
    let totals = of_file(text.as_bytes(), |file| vectors::wechat().parse_trades(file, &mut keep))?;
    Ok((seen, totals))
}

fn refused(text: &str) -> String {
    trades(text).expect_err("a damaged bill").to_string()
}

#[test]
fn v9_the_whole_bill_is_read() {
    let (seen, totals) = trades(V9).expect("the vector");
    let order = "HOSP20260101000001".to_owned();
    assert_eq!(
        seen,
        [
            (2, LineKind::Payment, order.clone(), String::new(), 1250, 8000, "SUCCESS".to_owned()),
            (3, LineKind::Refund, order, "RF20260101000001".to_owned(), 500, -3000, "SUCCESS".to_owned()),
        ]
    );
    assert_eq!(totals, StatementTotals { lines: 2, paid: Fen::new(1250), refunded: Fen::new(500) });
}

#[test]
fn v9_is_its_own_table() {
    let table = of_file(V9.as_bytes(), |file| {
        let table = crate::conformance::the_table_is_the_file(&vectors::wechat(), file, file);
        (table.path == file, table.first_line)
    });
    assert_eq!(table, (true, 1));
}

#[test]
fn v9_has_the_hash_of_the_document() {
    let bill = |hash_value: &str| BillAnswer {
        hash_type: "SHA1".to_owned(),
        hash_value: hash_value.to_owned(),
        download_url: String::new(),
    };
    let hash = "a659260f02fff20d583488b66174ec0448eed4d2";
    let sha1 = |text: &str| hex::encode(Sha1::digest(text));
    assert_eq!(check_hash(&bill(hash), &sha1(V9)), Ok(()));
    assert!(check_hash(&bill(hash), &sha1(V9.trim_start_matches('\u{feff}'))).is_err());
}

#[test]
fn columns_are_found_by_name_in_any_order_and_age() {
    let old = "交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,总金额,代金券或立减优惠金额,微信退款单号,商户退款单号,退款金额,代金券或立减优惠退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率\n\
        `2014-11-10 16:33:45,`wx1,`1900000001,`0,`1000,`1001690740201411100005734289,`1415640626,`o,`MICROPAY,`SUCCESS,`OTHERS,`CNY,`0.01,`0.0,`0,`0,`0,`0,`,`,`被扫\\ 支付,`订单额外描述,`0,`0.60%\n\
        总交易单数,总交易额,总退款金额,总代金券或立减优惠退款金额,手续费总金额\n`1.0,`0.01,`0.0,`0.0,`0\n";
    let (seen, totals) = trades(old).expect("an old bill");
    assert_eq!(seen[0].2, "1415640626");
    assert_eq!(totals.paid, Fen::new(1));
    let success_only = "商户号,交易时间,微信订单号,商户订单号,交易状态,订单金额,应结订单金额,手续费,退款状态注\n\
        `1900000001,`2026-01-01 12:00:30,`42,`A,`SUCCESS,`12.50,`12.00,`0.08000,`\n\
        总交易单数,应结订单总金额,手续费总金额,订单总金额\n`1,`12.00,`0.08000,`12.50";
    assert_eq!(trades(success_only).map(|(_, totals)| totals.paid), Ok(Fen::new(1250)));
}

/// The headers of section 8.2, letter by letter.
const SUCCESS_HEADER: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,商品名称,商户数据包,手续费,费率,订单金额,费率备注";
const REFUND_HEADER: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,退款申请时间,退款成功时间,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const SUMMARY_HEADER: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

#[test]
fn a_bill_of_payments_has_twenty_columns() {
    assert_eq!(SUCCESS_HEADER.split(',').count(), 20);
    let row = "`2026-01-01 12:00:30,`wx1111111111111111,`1900000001,`0,`,`4200009999202601010000000001,`HOSP20260101000001,`o,`JSAPI,`SUCCESS,`OTHERS,`CNY,`12.00,`0.50,`门诊缴费,`REG:42,`0.07000,`0.60%,`12.50,`";
    let summary = "`1,`12.00,`0.00,`0.00,`0.07000,`12.50,`0.00";
    let text = format!("\u{feff}{SUCCESS_HEADER}\r\n{row}\r\n{SUMMARY_HEADER}\r\n{summary}\r\n");
    let (seen, totals) = trades(&text).expect("a bill of payments");
    let order = "HOSP20260101000001".to_owned();
    assert_eq!(seen, [(2, LineKind::Payment, order, String::new(), 1250, 7000, "SUCCESS".to_owned())]);
    assert_eq!(totals, StatementTotals { lines: 1, paid: Fen::new(1250), refunded: Fen::ZERO });
}

#[test]
fn a_bill_of_refunds_has_twenty_nine_columns() {
    assert_eq!(REFUND_HEADER.split(',').count(), 29);
    let row = "`2026-01-01 15:10:02,`wx1111111111111111,`1900000001,`0,`,`4200009999202601010000000001,`HOSP20260101000001,`o,`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`2026-01-01 15:10:02,`,`50300009992026010100000000001,`RF20260101000001,`5.00,`0.00,`ORIGINAL,`PROCESSING,`门诊缴费,`REG:42,`-0.03000,`0.60%,`0.00,`5.00,`";
    let summary = "`1,`0.00,`5.00,`0.00,`-0.03000,`0.00,`5.00";
    let text = format!("\u{feff}{REFUND_HEADER}\r\n{row}\r\n{SUMMARY_HEADER}\r\n{summary}\r\n");
    let (seen, totals) = trades(&text).expect("a bill of refunds");
    let (order, refund) = ("HOSP20260101000001".to_owned(), "RF20260101000001".to_owned());
    assert_eq!(seen, [(2, LineKind::Refund, order, refund, 500, -3000, "PROCESSING".to_owned())]);
    assert_eq!(totals, StatementTotals { lines: 1, paid: Fen::ZERO, refunded: Fen::new(500) });
}

#[test]
fn a_day_without_rows_is_a_bill() {
    let lines: Vec<&str> = V9.split("\r\n").collect();
    let empty = format!("{}\r\n{}\r\n`0,`0.00,`0.00,`0.00,`0.00000,`0.00,`0.00\r\n", lines[0], lines[3]);
    assert_eq!(trades(&empty).map(|(seen, totals)| (seen.len(), totals.lines)), Ok((0, 0)));
}

#[test]
fn damage_is_named_by_line_and_column() {
    let lines: Vec<&str> = V9.split("\r\n").collect();
    let cut_off = lines[..3].join("\r\n");
    assert!(refused(&cut_off).starts_with("bill.csv, line 1: the file ends before its summary"));
    assert!(refused(&lines[..4].join("\r\n")).contains("the file ends before its summary"));
    let missing_row = [lines[0], lines[1], lines[3], lines[4]].join("\r\n");
    assert!(
        refused(&missing_row)
            .starts_with("bill.csv, line 4, column 总交易单数: the summary says 2 and the lines make 1;")
    );
    assert!(
        refused(
            &V9.replace("`12.50,`0.00,\r\n", "`12.5x,`0.00,\r\n").replace("`12.50,`0.00,`", "`12.5x,`0.00,`")
        )
        .starts_with("bill.csv, line 2, column")
    );
    assert!(
        refused(&V9.replace("2026-01-01 15:10:02", "2026-01-01T15:10")).contains("line 3, column 交易时间")
    );
    assert!(
        refused(&V9.replace(",`OTHERS,`CNY", ",`OTHERS"))
            .contains("line 2: has 26 fields where the header has 27")
    );
    assert!(refused(&V9.replace("交易状态", "状态")).contains("no column 交易状态"));
    assert!(refused(&V9.replace("`1900000001", "`1900000002")).contains("this channel is 1900000001"));
    assert!(
        refused(&V9.replace("`SUCCESS,`OTHERS", "`TOMORROW,`OTHERS")).contains("\"TOMORROW\" is not SUCCESS")
    );
    assert!(refused(&V9.replace("`2,`12.50", "`2,`12.51")).contains("column 应结订单总金额"));
    assert!(refused(&format!("{V9}`more\r\n")).contains("follows the summary"));
    assert!(refused("<html>").starts_with("bill.csv, line 0: is not a bill"));
    assert!(refused("").starts_with("bill.csv, line 0: is not a bill"));
    let gbk = [lines[0].as_bytes(), b"\r\n`\xBD\xBB\r\n"].concat();
    let read = of_file(&gbk, |file| vectors::wechat().parse_trades(file, &mut |_| ()));
    let error = read.expect_err("not UTF-8");
    assert!(error.to_string().starts_with("bill.csv, line 2: is not UTF-8 text"), "{error}");
}

#[test]
fn a_refund_fee_may_have_either_sign() {
    let positive = V9.replace("`-0.03000", "`0.03000");
    assert!(trades(&positive).is_ok(), "the summary takes it off");
    assert!(refused(&V9.replace("`-0.03000", "`-0.04000")).contains("column 手续费总金额"));
}

fn fund_flow(text: &str) -> Result<(Vec<FundFlowLine<'static>>, FundFlowTotals), StatementError> {
    let mut lines = Vec::new();
    let mut keep = |line: FundFlowLine<'_>| {
        lines.push(FundFlowLine {
            kind: line.kind.into_owned().into(),
            provider_no: line.provider_no.into_owned().into(),
            our_no: line.our_no.into_owned().into(),
            ..line
        });
    };
    let totals = of_file(text.as_bytes(), |file| vectors::wechat().parse_fund_flow(file, &mut keep))?;
    Ok((lines, totals))
}

#[test]
fn a_fund_flow_bill_is_read_with_either_brackets() {
    let header = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号";
    let refund = "`2021-02-01 13:54:01,`50300806962021020105978994968,`4200000920202101197964319284,`退款,`退款,`支出,`0.01,`0.22,`1601959334API,`退款总金额0.01元;含手续费0.00元,`S20210201135356381941";
    let payment = "`2021-02-01 14:00:00,`4200000920202101197964319285,`4200000920202101197964319285,`交易,`交易,`收入,`0.10,`0.32,`system,`缴费\\ 门诊,`S2";
    let summary = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n`2,`1,`0.10,`1,`0.01";
    let text = format!("\u{feff}{header}\r\n{refund}\r\n{payment}\r\n{summary}\r\n");
    for text in [text.clone(), text.replace('(', "（").replace(')', "）")] {
        let (lines, totals) = fund_flow(&text).expect("a fund-flow bill");
        let counted = FundFlowTotals { incomes: 1, received: Fen::new(10), expenses: 1, spent: Fen::new(1) };
        assert_eq!(totals, counted);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].amount, Fen::new(-1));
        assert_eq!(lines[0].balance, Some(Fen::new(22)));
        assert_eq!(lines[0].kind, "退款");
        assert_eq!(lines[0].our_no, "S20210201135356381941");
        assert_eq!(Ok(lines[0].at), Timestamp::from_beijing_text("2021-02-01 13:54:01"));
        assert_eq!(lines[1].amount, Fen::new(10));
    }
    let wrong = fund_flow(&text.replace("`2,`1,`0.10", "`2,`1,`0.11"));
    assert_eq!(wrong.map_err(|error| (error.line, error.column)), Err((5, Some("收入金额".to_owned()))));
}

#[test]
fn a_bill_is_known_by_its_headings() {
    let header = V9.lines().next().expect("a header");
    let refunds = header.replace("代金券金额,", "代金券金额,退款申请时间,退款成功时间,");
    let (gbk, _, _) = encoding_rs::GBK.encode(header.trim_start_matches('\u{feff}'));
    let flow = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元)";
    for (head, bill) in [
        (V9.as_bytes(), Some(Bill::Trades)),
        (&*gbk, Some(Bill::Trades)),
        (SUCCESS_HEADER.as_bytes(), Some(Bill::Payments)),
        (refunds.as_bytes(), Some(Bill::Refunds)),
        (flow.as_bytes(), Some(Bill::FundFlow)),
        ("流水号,类型,商户订单号,金额".as_bytes(), None),
        (b"\xff\xfe", None),
        (b"", None),
    ] {
        assert_eq!(bill_of(head), bill, "{:?}", String::from_utf8_lossy(head));
    }
}
