use std::io::Read as _;

use sha1::{Digest, Sha1};

use mingfen_simulator::faults::{Fault, Rule};

use crate::hospital::Hospital;

const NUMBER: &str = "HOSP20260101000001";
const TRADE: &str = "/v3/bill/tradebill?bill_date=2026-01-01&bill_type=ALL";

fn to_ten_of_the_next_day(hospital: &Hospital) {
    hospital.simulator.clock().advance_ms(22 * 3_600_000);
}

async fn download(hospital: &Hospital, url: &str) -> crate::hospital::Answer {
    hospital.get(url.strip_prefix(&hospital.simulator.base_url).expect("a url here")).await
}

#[tokio::test]
async fn a_bill_is_ready_at_ten_and_its_hash_is_over_the_plain_bytes() {
    let hospital = Hospital::open().await;
    hospital.paid_order(NUMBER, 1_250).await;
    assert_eq!(hospital.get(TRADE).await.json()["code"], "INVALID_REQUEST");
    hospital.simulator.clock().advance_ms(22 * 3_600_000 - 1);
    assert_eq!(hospital.get(TRADE).await.json()["code"], "STATEMENT_CREATING");
    hospital.simulator.clock().advance_ms(1);
    let announced = hospital.get(&format!("{TRADE}&tar_type=GZIP")).await;
    assert!(hospital.is_signed(&announced));
    let file = download(&hospital, announced.json()["download_url"].as_str().unwrap_or_default()).await;
    assert!(!file.headers.contains_key("Wechatpay-Signature"));
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(file.body.as_slice()).read_to_end(&mut plain).expect("gzip");
    assert_eq!(
        hex::encode(Sha1::digest(&plain)),
        announced.json()["hash_value"].as_str().unwrap_or_default()
    );
    let text = String::from_utf8(plain).expect("UTF-8");
    assert!(text.starts_with("\u{feff}交易时间,公众账号ID,"));
    assert!(text.contains("`0.08000,`0.60%,`12.50,`0.00,`\r\n"));
    assert!(text.ends_with("`1,`12.50,`0.00,`0.00,`0.08000,`12.50,`0.00\r\n"));
}

#[tokio::test]
async fn a_token_lives_five_minutes() {
    let hospital = Hospital::open().await;
    hospital.paid_order(NUMBER, 1_250).await;
    to_ten_of_the_next_day(&hospital);
    let url = hospital.get(TRADE).await.json()["download_url"].as_str().unwrap_or_default().to_owned();
    assert_eq!(download(&hospital, &url).await.status, 200);
    hospital.simulator.clock().advance_ms(300_001);
    let old = download(&hospital, &url).await;
    assert_eq!((old.status, old.json()["code"].as_str()), (400, Some("INVALID_REQUEST")));
}

#[tokio::test]
async fn each_type_of_bill_comes_over_the_wire() {
    let hospital = Hospital::open().await;
    hospital.paid_order(NUMBER, 1_250).await;
    hospital.post("/v3/refund/domestic/refunds", &hospital.refund("RF1", NUMBER, 500, 1_250)).await;
    to_ten_of_the_next_day(&hospital);
    for (kind, columns, states) in [("ALL", 27, 2), ("SUCCESS", 20, 1), ("REFUND", 29, 1)] {
        let announced = hospital.get(&TRADE.replace("ALL", kind)).await.json();
        let file = download(&hospital, announced["download_url"].as_str().unwrap_or_default()).await.text();
        let lines: Vec<&str> = file.lines().collect();
        assert_eq!(lines[0].split(',').count(), columns, "{kind}");
        assert_eq!(lines.iter().filter(|line| line.contains(",`JSAPI,`")).count(), states, "{kind}");
        assert!(lines.last().is_some_and(|line| line.starts_with(&format!("`{states},"))), "{kind}");
    }
    let wrong = hospital.get(&TRADE.replace("ALL", "RECHARGE_REFUND")).await;
    assert_eq!((wrong.status, wrong.json()["code"].as_str()), (400, Some("PARAM_ERROR")));
}

#[tokio::test]
async fn another_merchants_token_downloads_nothing() {
    let hospital = Hospital::open().await;
    hospital.paid_order(NUMBER, 1_250).await;
    to_ten_of_the_next_day(&hospital);
    let url = hospital.get(TRADE).await.json()["download_url"].as_str().unwrap_or_default().to_owned();
    let path = url.strip_prefix(&hospital.simulator.base_url).expect("a url here");
    let other = hospital.simulator.wechat().merchant("1900000002").expect("the other merchant").credentials();
    let authorization = hospital.authorization_of(&other, "GET", path, "");
    let headers = [("Authorization", authorization.as_str()), ("Accept", "*/*"), ("User-Agent", "test")];
    let answer = hospital.send_bare("GET", path, "", &headers).await.expect("an answer");
    assert_eq!((answer.status, answer.json()["code"].as_str()), (403, Some("NO_AUTH")));
    assert_eq!(download(&hospital, &url).await.status, 200, "its own merchant still can");
}

#[tokio::test]
async fn a_day_without_trades_and_an_account_without_movement_have_no_bill() {
    let hospital = Hospital::open().await;
    to_ten_of_the_next_day(&hospital);
    for path in [
        TRADE,
        "/v3/bill/fundflowbill?bill_date=2026-01-01",
        "/v3/bill/fundflowbill?bill_date=2026-01-01&account_type=FEES",
    ] {
        let answer = hospital.get(path).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (400, Some("NO_STATEMENT_EXIST")),
            "{path}"
        );
    }
    assert_eq!(hospital.get("/v3/bill/tradebill?bill_date=20260101").await.json()["code"], "PARAM_ERROR");
}

#[tokio::test]
async fn the_fund_flow_has_the_payment_its_fee_and_the_refund() {
    let hospital = Hospital::open().await;
    hospital.paid_order(NUMBER, 10_000).await;
    let refund = hospital.refund("RF1", NUMBER, 5_000, 10_000);
    assert_eq!(hospital.post("/v3/refund/domestic/refunds", &refund).await.status, 200);
    to_ten_of_the_next_day(&hospital);
    let announced = hospital.get("/v3/bill/fundflowbill?bill_date=2026-01-01").await.json();
    let file = download(&hospital, announced["download_url"].as_str().unwrap_or_default()).await.text();
    let lines: Vec<&str> = file.split("\r\n").collect();
    assert!(lines[1].contains("`交易,`收入,`100.00,`1000100.00,"), "{file}");
    assert!(lines[2].contains("`扣除交易手续费,`支出,`0.60,`1000099.40,"), "{file}");
    assert!(
        lines[3]
            .contains("`退款,`支出,`49.70,`1000049.70,`1900000001API,`退款总金额50.00元;含手续费0.30元,`RF1"),
        "{file}"
    );
    assert_eq!(lines[5], "`3,`1,`100.00,`2,`50.30");
}

#[tokio::test]
async fn the_summary_counts_the_rows_that_are_there_unless_it_is_kept() {
    let hospital = Hospital::open().await;
    hospital.paid_order(NUMBER, 1_250).await;
    hospital.paid_order("HOSP20260101000002", 100).await;
    to_ten_of_the_next_day(&hospital);
    let summary = async |path: &str, call: &str, fault: &Fault, kept: bool| {
        hospital.simulator.faults().add(Rule::next(call, fault.clone()));
        if kept {
            hospital.simulator.faults().add(Rule::next(call, Fault::StatementSummaryKept));
        }
        let url = hospital.get(path).await.json()["download_url"].as_str().unwrap_or_default().to_owned();
        let file = download(&hospital, &url).await.text();
        file.lines().last().unwrap_or_default().to_owned()
    };
    let true_trades = "`2,`13.50,`0.00,`0.00,`0.09000,`13.50,`0.00";
    for (fault, counted) in [
        (Fault::StatementRowMissing, "`1,`1.00,`0.00,`0.00,`0.01000,`1.00,`0.00"),
        (Fault::StatementRowExtra, "`3,`26.00,`0.00,`0.00,`0.17000,`26.00,`0.00"),
        (Fault::StatementAmount { delta_fen: 1 }, "`2,`13.51,`0.00,`0.00,`0.09000,`13.51,`0.00"),
        (Fault::StatementRowDamaged, true_trades),
    ] {
        assert_eq!(summary(TRADE, "wechat.tradebill", &fault, false).await, counted, "{fault:?}");
        assert_eq!(summary(TRADE, "wechat.tradebill", &fault, true).await, true_trades, "{fault:?}");
    }
    let flow = "/v3/bill/fundflowbill?bill_date=2026-01-01";
    let missing = summary(flow, "wechat.fundflowbill", &Fault::StatementRowMissing, false).await;
    assert_eq!(missing, "`3,`1,`1.00,`2,`0.09");
}

#[tokio::test]
async fn rows_can_be_missing_damaged_extra_or_wrong() {
    let hospital = Hospital::open().await;
    hospital.paid_order(NUMBER, 1_250).await;
    hospital.paid_order("HOSP20260101000002", 100).await;
    to_ten_of_the_next_day(&hospital);
    for (fault, line_count, telling) in [
        (Fault::StatementRowMissing, 4, ""),
        (Fault::StatementRowDamaged, 5, "`CNY,`12.50\r\n"),
        (Fault::StatementRowExtra, 6, "`NOBODY20990101000001,"),
        (Fault::StatementAmount { delta_fen: 1 }, 5, "`12.51,"),
    ] {
        hospital.simulator.faults().add(Rule::next("wechat.tradebill", fault.clone()));
        let url = hospital.get(TRADE).await.json()["download_url"].as_str().unwrap_or_default().to_owned();
        let file = download(&hospital, &url).await.text();
        assert_eq!(file.matches("\r\n").count(), line_count, "{fault:?}");
        assert!(file.contains(telling), "{fault:?} {file}");
    }
}

#[tokio::test]
async fn rows_can_be_missing_or_doubled_by_their_numbers() {
    let hospital = Hospital::open().await;
    for (number, fen) in [(NUMBER, 1_250), ("HOSP20260101000002", 100), ("HOSP20260101000003", 7)] {
        hospital.paid_order(number, fen).await;
    }
    to_ten_of_the_next_day(&hospital);
    let fault = Fault::StatementRows {
        missing: vec![NUMBER.to_owned(), "HOSP20260101000009".to_owned()],
        doubled: vec!["HOSP20260101000003".to_owned()],
    };
    hospital.simulator.faults().add(Rule::next("wechat.tradebill", fault));
    let url = hospital.get(TRADE).await.json()["download_url"].as_str().unwrap_or_default().to_owned();
    let file = download(&hospital, &url).await.text();
    let counts =
        [NUMBER, "HOSP20260101000002", "HOSP20260101000003"].map(|number| file.matches(number).count());
    assert_eq!(counts, [0, 1, 2], "{file}");
    assert!(file.contains("`3,`1.14,"), "it counts what is there: {file}");
}
