//! The composed row of the document, and damage.

use super::*;
use sha2::{Digest, Sha256};
use std::io::Cursor;

/// Section 9.1, with its trailing blanks.
const PAYMENT: &str = "S22 48020000    00010000    106144 0305093112 621622******1234    000000008850 8062 08 202603050931121061448    H20260305000002                  01 000000 0000000000 D000000000053 C000000008797                      01    000000                                                                  777290058110048                                                     000000000000  000000000000                                            000000000000  000000000000                                                                                                                                                      ";

const NAME: &str = "INN26030588ZM_777290058110048";

/// The row with fields written over.
fn row(changes: &[(usize, &str)]) -> String {
    let mut row = PAYMENT.to_owned();
    for (offset, text) in changes {
        row.replace_range(*offset..offset + text.len(), text);
    }
    row
}

fn refund() -> String {
    row(&[
        (35, "0305110200"),
        (66, "000000000850"),
        (87, "202603051102001061449"),
        (112, "R20260305000002"),
        (166, "C000000000005"),
        (180, "D000000000845"),
        (215, "04"),
        (271, "202603050931121061448"),
    ])
}

fn file(rows: &[String]) -> Vec<u8> {
    rows.iter().flat_map(|row| row.bytes().chain([b'\n'])).collect()
}

fn read(bytes: &[u8], each: &mut dyn FnMut(StatementLine<'_>)) -> Result<StatementTotals, StatementError> {
    read_trades(NAME, Cursor::new(bytes), None, each)
}

#[test]
fn the_row_is_that_of_the_document() {
    let hash = hex::encode(Sha256::digest(PAYMENT.as_bytes()));
    assert_eq!(hash, "c01379ab70673934d3fc26408bc4d30f46621968535ec078d9c08b6e9f600ebd");
}

#[test]
fn payments_and_refunds_are_read() {
    let mut lines = Vec::new();
    let file = file(&[PAYMENT.to_owned(), refund()]);
    let totals = read(&file, &mut |line| {
        lines.push((
            line.kind,
            line.out_trade_no.into_owned(),
            line.out_refund_no.into_owned(),
            line.amount.get(),
            line.fee_milli_fen,
            line.at.to_beijing_text(),
        ));
    })
    .expect("a file");
    let text = str::to_owned;
    assert_eq!(
        lines,
        [
            (LineKind::Payment, text("H20260305000002"), text(""), 8850, 53_000, text("2026-03-05 09:31:12")),
            (
                LineKind::Refund,
                text("H20260305000002"),
                text("R20260305000002"),
                850,
                -5000,
                text("2026-03-05 11:02:00")
            ),
        ]
    );
    assert_eq!(totals, StatementTotals { lines: 2, paid: Fen::new(8850), refunded: Fen::new(850) });
    assert_eq!(part_of(&file), Some(Part::Trades));
    assert_eq!(shown(&file[..607])[11], (text("商户订单号"), text("H20260305000002")));
}

#[test]
fn a_refund_of_an_earlier_day_has_only_its_own_number() {
    let mut orders = Vec::new();
    read(&file(&[refund()]), &mut |line| orders.push(line.out_trade_no.into_owned())).expect("a file");
    assert_eq!(orders, ["R20260305000002"]);
}

#[test]
fn the_year_is_the_nearest_and_the_day_begins_an_hour_early() {
    let old = row(&[(35, "1231230500")]);
    let file = Cursor::new(file(&[old]));
    let mut at = Vec::new();
    read_trades("INN26010188ZM_7", file, None, &mut |line| at.push(line.at.to_beijing_text()))
        .expect("a file");
    assert_eq!(at, ["2025-12-31 23:05:00"]);
}

#[test]
fn names_are_gbk_and_sliced_by_bytes() {
    let mut bytes = file(&[PAYMENT.to_owned()]);
    bytes[327..335].copy_from_slice(b"\xC3\xC5\xD5\xEF\xBD\xC9\xB7\xD1");
    assert!(read(&bytes, &mut |_| {}).is_ok());
    assert_eq!(shown(&bytes[..607])[30].1, "门诊缴费");
}

#[test]
fn damage_is_refused_with_line_and_field() {
    let good = PAYMENT.to_owned();
    let short = PAYMENT[..474].to_owned();
    let cut_off = PAYMENT[..590].to_owned();
    let moved = format!("{}{}", &PAYMENT[..50], &PAYMENT[51..]);
    for (rows, line, column, cause) in [
        (vec![good.clone(), short], 2, None, "has 474 bytes, at least 475"),
        (vec![good.clone(), cut_off], 2, None, "has 590 bytes and the lines before it have 607"),
        (vec![moved], 1, Some("账号"), "no blank follows it"),
        (vec![good.clone(), String::new(), good.clone()], 2, None, "is an empty line"),
        (vec![row(&[(66, "0000000088.5")])], 1, Some("交易金额"), "12 digits are wanted"),
        (vec![row(&[(66, "000000008851")])], 1, Some("结算金额"), "amount and fee make 87.98"),
        (vec![row(&[(166, "X000000000053")])], 1, Some("商户手续费"), "C or D and 12 digits"),
        (vec![row(&[(215, "99")])], 1, Some("交易类型"), "a person must say"),
        (vec![row(&[(112, "               ")])], 1, Some("商户订单号"), "is empty"),
        (vec![row(&[(35, "0230093112")])], 1, Some("交易传输时间"), "is not a time"),
        (
            vec![refund().replace("D000000000845", "C000000000845")],
            1,
            Some("结算金额"),
            "the row is a refund",
        ),
    ] {
        let error = read(&file(&rows), &mut |_| {}).expect_err(cause);
        assert_eq!((error.line, error.column.as_deref()), (line, column), "{error}");
        assert!(error.problem.contains(cause), "{error}");
    }
}

#[test]
fn the_day_is_in_the_name_or_given() {
    let bytes = file(&[PAYMENT.to_owned()]);
    let day = |text: &str| BusinessDay::parse(text).ok();
    let read = |name: &str, day| {
        read_trades(name, Cursor::new(&bytes), day, &mut |_| {}).map_err(|error| error.problem)
    };
    assert!(read("zm.txt", day("2026-03-05")).is_ok());
    assert!(read("zm.txt", None).expect_err("no day").contains("say which day"));
    assert!(read(NAME, day("2026-03-06")).expect_err("another").contains("clearing day 2026-03-05"));
    assert!(read("x.zip (INN26030588ZM_7)", day("2026-03-05")).is_ok());
}

#[test]
fn disputes_are_read_for_a_person() {
    let mut row = " ".repeat(339);
    for (offset, text) in
        [(0, "E74"), (28, "106144"), (66, "000000008850"), (126, "C000000000053"), (140, "D000000008797")]
    {
        row.replace_range(offset..offset + text.len(), text);
    }
    let file = file(&[row]);
    assert_eq!(part_of(&file), Some(Part::Disputes));
    let disputes = read_disputes(Lines::new("zme", &file[..])).expect("a file");
    assert_eq!(disputes[0].settled, Fen::new(-8797));
    assert_eq!((disputes[0].code.as_str(), disputes[0].trace_no.as_str()), ("E74", "106144"));
    assert_eq!(read_disputes(Lines::new("zme", &file[..200])).expect_err("a refusal").line, 1);
}
