//! The other reading of what the sources leave open.

use mingfen_simulator::faults::{Fault, Rule};
use mingfen_simulator::wechat::quirks::Quirks;
use mingfen_simulator::{Settings, wechat};

use crate::hospital::{Answer, Hospital};

const NUMBER: &str = "HOSP20260101000001";
const CREATE: &str = "/v3/pay/transactions/jsapi";
const REFUNDS: &str = "/v3/refund/domestic/refunds";

async fn read_otherwise() -> Hospital {
    let wechat = wechat::Settings { quirks: Quirks::otherwise(), ..wechat::Settings::default() };
    Hospital::open_with(Settings { wechat, ..Settings::default() }).await
}

fn verdict(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn refusals_of_calls_that_were_let_in_are_signed_and_can_be_signed_badly() {
    let hospital = read_otherwise().await;
    let missing = hospital.query(NUMBER).await;
    assert_eq!((missing.status, hospital.is_signed(&missing)), (404, true));
    for fault in [Fault::ForgedSignature, Fault::ProbeSignature, Fault::WrongSerial, Fault::Unsigned] {
        hospital.simulator.faults().add(Rule::next("wechat.query", fault.clone()));
        let missing = hospital.query(NUMBER).await;
        assert_eq!((missing.status, hospital.is_signed(&missing)), (404, false), "{fault:?}");
    }
    let stranger = hospital.send_bare("GET", "/v3/certificates", "", &[]).await.expect("an answer");
    assert!(!hospital.is_signed(&stranger), "nobody was let in");
}

#[tokio::test]
async fn orders_are_refused_in_other_words() {
    let hospital = read_otherwise().await;
    let order = hospital.order(NUMBER, 100);
    hospital.post(CREATE, &order).await;
    let waiting = hospital.query(NUMBER).await.json();
    assert_eq!((waiting["trade_state"].as_str(), waiting["amount"].is_null()), (Some("NOTPAY"), true));
    let other = hospital.post(CREATE, &hospital.order(NUMBER, 101)).await;
    assert_eq!(verdict(&other), (403, "OUT_TRADE_NO_USED".to_owned()));
    hospital.simulator.wechat().pay("1900000001", NUMBER, None).expect("paid");
    assert_eq!(verdict(&hospital.post(CREATE, &order).await), (403, "ORDER_PAID".to_owned()));
    assert_eq!(verdict(&hospital.close(NUMBER).await), (403, "ORDER_PAID".to_owned()));
}

#[tokio::test]
async fn an_order_closes_at_its_expiry_and_a_close_burns_nothing() {
    let hospital = read_otherwise().await;
    assert_eq!(hospital.close(NUMBER).await.status, 204);
    let mut order = hospital.order(NUMBER, 100);
    order["time_expire"] = "2026-01-01T12:10:00+08:00".into();
    assert_eq!(hospital.post(CREATE, &order).await.status, 200, "the number is not burnt");
    hospital.simulator.clock().advance_ms(601_000);
    assert_eq!(hospital.query(NUMBER).await.json()["trade_state"], "CLOSED");
}

#[tokio::test]
async fn refunds_too_close_together_are_an_invalid_request() {
    let hospital = read_otherwise().await;
    hospital.paid_order(NUMBER, 1_000).await;
    hospital.post(REFUNDS, &hospital.refund("RF1", NUMBER, 100, 1_000)).await;
    let second = hospital.post(REFUNDS, &hospital.refund("RF2", NUMBER, 100, 1_000)).await;
    assert_eq!(verdict(&second), (400, "INVALID_REQUEST".to_owned()));
}

#[tokio::test]
async fn a_resend_is_another_event_and_any_2xx_ends_it() {
    let hospital = read_otherwise().await;
    hospital.paid_order(NUMBER, 1_000).await;
    hospital.answer_notifications_with(500);
    hospital.simulator.pump().await;
    hospital.answer_notifications_with(202);
    hospital.simulator.clock().advance_ms(15_000);
    assert!(hospital.simulator.pump().await.delivered[0].acknowledged);
    let ids: Vec<serde_json::Value> = hospital
        .arrived()
        .iter()
        .map(|one| serde_json::from_slice::<serde_json::Value>(&one.body).expect("json")["id"].clone())
        .collect();
    assert_ne!(ids[0], ids[1]);
}
