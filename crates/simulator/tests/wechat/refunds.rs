use mingfen_simulator::faults::{Fault, Rule};
use serde_json::json;

use crate::hospital::Hospital;

const NUMBER: &str = "HOSP20260101000001";
const REFUNDS: &str = "/v3/refund/domestic/refunds";

#[tokio::test]
async fn a_refund_is_accepted_then_done_and_told() {
    let hospital = Hospital::open().await;
    hospital.paid_order(NUMBER, 1_000).await;
    hospital.simulator.pump().await;
    let accepted = hospital.post(REFUNDS, &hospital.refund("RF1", NUMBER, 400, 1_000)).await;
    assert_eq!((accepted.status, accepted.json()["status"].as_str()), (200, Some("PROCESSING")));
    assert_eq!(accepted.json()["refund_id"].as_str().map(str::len), Some(29));
    assert_eq!(hospital.query(NUMBER).await.json()["trade_state"], "REFUND");
    assert!(hospital.simulator.pump().await.settled.is_empty());

    hospital.simulator.clock().advance_ms(3_000);
    assert_eq!(hospital.simulator.pump().await.delivered.len(), 1);
    let told = hospital.open_resource(&hospital.arrived()[1].body);
    assert_eq!(
        (told["refund_status"].as_str(), told["amount"]["refund"].as_i64()),
        (Some("SUCCESS"), Some(400))
    );
    let found = hospital.get(&format!("{REFUNDS}/RF1")).await.json();
    assert_eq!((found["status"].as_str(), found["success_time"].is_string()), (Some("SUCCESS"), true));
    assert_eq!(hospital.simulator.wechat().users()[0].balance_fen, 1_000_000 - 600);
    assert_eq!(hospital.simulator.ledger().payments[0].refunded_fen, 400);
}

#[tokio::test]
async fn the_same_number_refunds_once() {
    let hospital = Hospital::open().await;
    hospital.paid_order(NUMBER, 1_000).await;
    let refund = hospital.refund("RF1", NUMBER, 400, 1_000);
    let first = hospital.post(REFUNDS, &refund).await.json();
    assert_eq!(hospital.post(REFUNDS, &refund).await.json()["refund_id"], first["refund_id"]);
    let other = hospital.post(REFUNDS, &hospital.refund("RF1", NUMBER, 401, 1_000)).await;
    assert_eq!(other.json()["message"], "订单金额或退款金额与之前请求不一致，请核实后再试");
    assert_eq!(hospital.simulator.ledger().refunds.len(), 1);
}

#[tokio::test]
async fn refunds_never_exceed_what_was_paid() {
    let hospital = Hospital::open().await;
    hospital.paid_order(NUMBER, 1_000).await;
    let refuse = async |number: &str, refund_fen: i64, total_fen: i64| {
        let answer = hospital.post(REFUNDS, &hospital.refund(number, NUMBER, refund_fen, total_fen)).await;
        (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(refuse("RF0", 1, 999).await, (400, "INVALID_REQUEST".to_owned()));
    assert_eq!(refuse("RF1", 600, 1_000).await.0, 200);
    assert_eq!(refuse("RF2", 400, 1_000).await, (429, "FREQUENCY_LIMITED".to_owned()));
    hospital.simulator.clock().advance_ms(60_000);
    assert_eq!(refuse("RF2", 401, 1_000).await, (400, "INVALID_REQUEST".to_owned()));
    assert_eq!(refuse("RF2", 400, 1_000).await.0, 200);
    hospital.simulator.clock().advance_ms(60_000);
    assert_eq!(refuse("RF3", 1, 1_000).await, (400, "INVALID_REQUEST".to_owned()));
    assert_eq!(hospital.simulator.ledger().payments[0].refunded_fen, 1_000);
}

#[tokio::test]
async fn fifty_refunds_are_the_most() {
    let hospital = Hospital::open().await;
    hospital.paid_order(NUMBER, 1_000).await;
    for number in 0..51 {
        hospital.simulator.clock().advance_ms(60_000);
        let answer = hospital.post(REFUNDS, &hospital.refund(&format!("RF{number}"), NUMBER, 1, 1_000)).await;
        assert_eq!(answer.status, if number < 50 { 200 } else { 400 });
    }
}

#[tokio::test]
async fn an_unpaid_order_an_empty_account_and_a_year_refuse_refunds() {
    let hospital = Hospital::open().await;
    hospital.post("/v3/pay/transactions/jsapi", &hospital.order(NUMBER, 100)).await;
    let refund = hospital.refund("RF1", NUMBER, 100, 100);
    assert_eq!(hospital.post(REFUNDS, &refund).await.json()["code"], "RESOURCE_NOT_EXISTS");
    hospital.simulator.wechat().pay("1900000001", NUMBER, None).expect("paid");
    let merchant = hospital.simulator.wechat().merchant("1900000001").expect("a merchant");
    merchant.set_balance_fen(10);
    let poor = hospital.post(REFUNDS, &refund).await;
    assert_eq!((poor.status, poor.json()["code"].as_str()), (403, Some("NOT_ENOUGH")));
    merchant.set_balance_fen(1_000);
    hospital.simulator.clock().advance_ms(366 * 86_400_000);
    assert_eq!(hospital.post(REFUNDS, &refund).await.json()["code"], "TRADE_OVERDUE");
    assert_eq!(hospital.get(&format!("{REFUNDS}/RF1")).await.json()["message"], "退款单不存在");
}

#[tokio::test]
async fn a_refund_may_become_abnormal_and_be_sent_elsewhere() {
    let hospital = Hospital::open().await;
    hospital.paid_order(NUMBER, 1_000).await;
    hospital.simulator.pump().await;
    hospital.simulator.faults().add(Rule::next("wechat.refund", Fault::RefundAbnormal));
    let refund_id =
        hospital.post(REFUNDS, &hospital.refund("RF1", NUMBER, 400, 1_000)).await.json()["refund_id"].clone();
    hospital.simulator.clock().advance_ms(3_000);
    hospital.simulator.pump().await;
    assert_eq!(hospital.open_resource(&hospital.arrived()[1].body)["refund_status"], "ABNORMAL");
    let path = format!("{REFUNDS}/{}/apply-abnormal-refund", refund_id.as_str().unwrap_or_default());
    let answer = hospital.post(&path, &json!({ "out_refund_no": "RF1", "type": "MERCHANT_BANK_CARD" })).await;
    assert_eq!((answer.status, answer.json()["status"].as_str()), (200, Some("PROCESSING")));
    hospital.simulator.clock().advance_ms(3_000);
    hospital.simulator.pump().await;
    assert_eq!(hospital.get(&format!("{REFUNDS}/RF1")).await.json()["status"], "SUCCESS");
}

#[tokio::test]
async fn a_closed_refund_gives_the_money_back_to_the_merchant() {
    let hospital = Hospital::open().await;
    hospital.paid_order(NUMBER, 1_000).await;
    let merchant = hospital.simulator.wechat().merchant("1900000001").expect("a merchant");
    let before_fen = merchant.balance_fen();
    hospital.simulator.faults().add(Rule::next("wechat.refund", Fault::RefundClosed));
    hospital.post(REFUNDS, &hospital.refund("RF1", NUMBER, 1_000, 1_000)).await;
    assert_eq!(merchant.balance_fen(), before_fen - 994);
    hospital.simulator.clock().advance_ms(3_000);
    hospital.simulator.pump().await;
    assert_eq!(merchant.balance_fen(), before_fen);
    hospital.simulator.clock().advance_ms(60_000);
    assert_eq!(hospital.post(REFUNDS, &hospital.refund("RF2", NUMBER, 1_000, 1_000)).await.status, 200);
}
