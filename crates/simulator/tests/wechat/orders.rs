use mingfen_simulator::wechat::PayError;
use serde_json::json;

use crate::hospital::Hospital;

const NUMBER: &str = "HOSP20260101000001";

#[tokio::test]
async fn an_order_is_made_paid_told_and_found() {
    let hospital = Hospital::open().await;
    hospital.paid_order(NUMBER, 11_200).await;
    let pumped = hospital.simulator.pump().await;
    assert_eq!(pumped.delivered.len(), 1);
    assert!(pumped.delivered[0].acknowledged);

    let arrived = hospital.arrived();
    assert!(hospital.is_genuine(&arrived[0]));
    let told = hospital.open_resource(&arrived[0].body);
    assert_eq!(told["out_trade_no"], NUMBER);
    assert_eq!(told["trade_state"], "SUCCESS");
    assert_eq!(told["amount"]["total"], 11_200);
    assert_eq!(told["transaction_id"].as_str().map(str::len), Some(28));

    let found = hospital.query(NUMBER).await;
    assert!(hospital.is_signed(&found));
    assert_eq!(found.json()["transaction_id"], told["transaction_id"]);
    let by_id = format!(
        "/v3/pay/transactions/id/{}?mchid=1900000001",
        told["transaction_id"].as_str().unwrap_or_default()
    );
    assert_eq!(hospital.get(&by_id).await.json()["trade_state"], "SUCCESS");

    let ledger = hospital.simulator.ledger();
    assert_eq!((ledger.payments[0].paid_fen, ledger.payments[0].state.as_str()), (11_200, "SUCCESS"));
    assert_eq!(hospital.simulator.wechat().users()[0].balance_fen, 1_000_000 - 11_200);
}

#[tokio::test]
async fn an_unpaid_order_reads_notpay_and_an_unknown_one_is_not_found() {
    let hospital = Hospital::open().await;
    hospital.post("/v3/pay/transactions/jsapi", &hospital.order(NUMBER, 1)).await;
    let found = hospital.query(NUMBER).await.json();
    assert_eq!((&found["trade_state"], &found["transaction_id"]), (&json!("NOTPAY"), &json!(null)));
    let unknown = hospital.query("HOSP20260101000009").await;
    assert_eq!((unknown.status, unknown.json()["code"].as_str()), (404, Some("ORDER_NOT_EXIST")));
}

#[tokio::test]
async fn re_entry_wants_the_same_parameters() {
    let hospital = Hospital::open().await;
    let order = hospital.order(NUMBER, 100);
    assert_eq!(hospital.post("/v3/pay/transactions/jsapi", &order).await.status, 200);
    assert_eq!(hospital.post("/v3/pay/transactions/jsapi", &order).await.status, 200);
    let mut other = order.clone();
    other["amount"]["total"] = 101.into();
    let refused = hospital.post("/v3/pay/transactions/jsapi", &other).await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.text(),
        r#"{"code":"INVALID_REQUEST","message":"请求重入时，参数与首次请求时不一致"}"#
    );
    let mut native = order.clone();
    native.as_object_mut().expect("an object").remove("payer");
    assert_eq!(hospital.post("/v3/pay/transactions/native", &native).await.json()["code"], "INVALID_REQUEST");
}

#[tokio::test]
async fn a_paid_number_and_a_closed_number_are_used_up() {
    let hospital = Hospital::open().await;
    hospital.paid_order(NUMBER, 100).await;
    let again = hospital.post("/v3/pay/transactions/jsapi", &hospital.order(NUMBER, 100)).await;
    assert_eq!((again.status, again.json()["code"].as_str()), (400, Some("ORDERPAID")));
    let closed = hospital.close(NUMBER).await;
    assert_eq!((closed.status, closed.json()["code"].as_str()), (400, Some("ORDERPAID")));

    let other = "HOSP20260101000002";
    hospital.post("/v3/pay/transactions/jsapi", &hospital.order(other, 100)).await;
    let closed = hospital.close(other).await;
    assert_eq!((closed.status, closed.body.is_empty(), hospital.is_signed(&closed)), (204, true, true));
    assert_eq!(hospital.close(other).await.status, 204);
    let again = hospital.post("/v3/pay/transactions/jsapi", &hospital.order(other, 100)).await;
    assert_eq!(again.json()["code"], "ORDER_CLOSED");
    assert_eq!(hospital.simulator.wechat().pay("1900000001", other, None), Err(PayError::Closed));
}

#[tokio::test]
async fn closing_before_creating_burns_the_number() {
    let hospital = Hospital::open().await;
    assert_eq!(hospital.close(NUMBER).await.status, 204);
    let refused = hospital.post("/v3/pay/transactions/jsapi", &hospital.order(NUMBER, 100)).await;
    assert_eq!(refused.json()["message"], "请求重入时，参数与首次请求时不一致");
}

#[tokio::test]
async fn a_prepay_id_lives_two_hours_and_an_order_seven_days() {
    let hospital = Hospital::open().await;
    let created = hospital.post("/v3/pay/transactions/jsapi", &hospital.order(NUMBER, 100)).await.json();
    let call = hospital.jsapi_call(created["prepay_id"].as_str().unwrap_or_default());
    hospital.simulator.clock().advance_ms(2 * 3_600_000);
    assert_eq!(hospital.simulator.wechat().pay_jsapi(&call), Err(PayError::Expired));
    hospital.simulator.clock().advance_ms(7 * 86_400_000);
    assert_eq!(hospital.simulator.pump().await.settled.len(), 1);
    assert_eq!(hospital.query(NUMBER).await.json()["trade_state"], "CLOSED");
}

#[tokio::test]
async fn a_page_that_signs_wrongly_cannot_pay() {
    let hospital = Hospital::open().await;
    let created = hospital.post("/v3/pay/transactions/jsapi", &hospital.order(NUMBER, 100)).await.json();
    let call = hospital.jsapi_call(created["prepay_id"].as_str().unwrap_or_default());
    let mut wrong = call.clone();
    wrong.nonce_str.push('x');
    assert_eq!(hospital.simulator.wechat().pay_jsapi(&wrong), Err(PayError::PaySign));
    assert_eq!(hospital.simulator.wechat().pay_jsapi(&call), Ok(()));
    assert_eq!(hospital.simulator.wechat().pay_jsapi(&call), Err(PayError::AlreadyPaid));
}

#[tokio::test]
async fn the_first_who_scans_a_code_owns_it_and_a_fresh_code_kills_the_old() {
    let hospital = Hospital::open().await;
    let mut order = hospital.order(NUMBER, 100);
    order.as_object_mut().expect("an object").remove("payer");
    let code = hospital.post("/v3/pay/transactions/native", &order).await.json()["code_url"].clone();
    let code = code.as_str().expect("a code").to_owned();
    let wechat = hospital.simulator.wechat();
    assert!(wechat.scan(&code, "u1").is_ok());
    assert_eq!(wechat.scan(&code, "u2"), Err(PayError::NoSuchOrder));
    let fresh = hospital.post("/v3/pay/transactions/native", &order).await.json()["code_url"].clone();
    assert_eq!(wechat.scan(&code, "u1"), Err(PayError::NoSuchOrder));
    assert!(wechat.scan(fresh.as_str().unwrap_or_default(), "u2").is_ok());
    assert_eq!(wechat.pay("1900000001", NUMBER, Some("u2")), Ok(()));
    assert_eq!(hospital.query(NUMBER).await.json()["trade_type"], "NATIVE");
}

#[tokio::test]
async fn an_empty_purse_leaves_the_order_unpaid() {
    let hospital = Hospital::open().await;
    hospital.simulator.wechat().set_balance("u1", 99);
    hospital.post("/v3/pay/transactions/jsapi", &hospital.order(NUMBER, 100)).await;
    assert_eq!(hospital.simulator.wechat().pay("1900000001", NUMBER, None), Err(PayError::NoFunds));
    assert_eq!(hospital.query(NUMBER).await.json()["trade_state"], "NOTPAY");
    assert!(hospital.simulator.pump().await.delivered.is_empty());
}
