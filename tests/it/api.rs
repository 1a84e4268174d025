//! The signed API: who may ask, once, and what a repeat gets.

use mingfen_domain::Clock;
use mingfen_domain::ids::TraceId;
use mingfen_store::TaskKind;
use mingfen_tests::{App, CARD, Hospital};
use serde_json::json;

stories!(
    a_request_must_be_signed_fresh_and_new,
    the_same_key_gets_the_same_answer_and_another_body_is_refused,
    his_asks_for_a_refund,
    every_field_is_checked,
    a_member_that_is_null_is_refused_and_refunds_nothing,
    a_retry_says_who_wants_it,
);

const LINK: &str = r#"{"hospital_id":"QH01","patient":{"name":"张小明","card_no":"A1"}}"#;
const NONCE: &str = "0A1B2C3D4E5F60718293A4B5";

async fn a_request_must_be_signed_fresh_and_new(hospital: Hospital) {
    let now = hospital.clock.now().seconds();
    let (status, answer) = hospital.api_with("POST", "/api/v1/slips", LINK, &[], now, NONCE).await;
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = hospital.api_with("POST", "/api/v1/slips", LINK, &[], now, NONCE).await;
    assert_eq!((status, answer["code"].as_str()), (401, Some("NOT_SIGNED")), "a nonce works once");
    for skew in [-330, 330] {
        let (status, _) =
            hospital.api_with("POST", "/api/v1/slips", LINK, &[], now + skew, "FRESH0000000000000001").await;
        assert_eq!(status, 401);
    }
    let url = format!("{}/api/v1/slips", hospital.replica.internal_url);
    let unsigned = reqwest::Client::new().post(url).body(LINK).send().await.expect("an answer");
    assert_eq!(unsigned.status().as_u16(), 401);
}

async fn booked_bill(hospital: &Hospital) -> (String, i64) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    patient.pays(&[1]).await;
    hospital.lives_through(10, 5).await;
    let records = hospital.simulator.his().records();
    let booking = records.bookings()[0];
    (booking.order_no.clone(), booking.total_fen)
}

async fn the_same_key_gets_the_same_answer_and_another_body_is_refused(hospital: Hospital) {
    let (bill, _) = booked_bill(&hospital).await;
    let body = json!({"order_no": bill, "amount_fen": 100, "refund_request_no": "TF1", "reason": "退药", "operator": "his"}).to_string();
    let key = [("idempotency-key", "REFUND-0001")];
    let (status, first) = hospital.api("POST", "/api/v1/refunds", &body, &key).await;
    assert_eq!(status, 200, "{first}");
    let (status, again) = hospital.api("POST", "/api/v1/refunds", &body, &key).await;
    assert_eq!((status, &again), (200, &first));
    let other = body.replace("100", "200");
    let (status, answer) = hospital.api("POST", "/api/v1/refunds", &other, &key).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("IDEMPOTENCY_KEY_USED")));
    let (status, answer) = hospital.api("POST", "/api/v1/refunds", &other, &[]).await;
    assert_eq!((status, answer["code"].as_str()), (400, Some("BAD_REQUEST")), "{answer}");
}

async fn his_asks_for_a_refund(hospital: Hospital) {
    let (bill, total) = booked_bill(&hospital).await;
    let body = json!({"order_no": bill, "refund_request_no": "TF1", "reason": "退药", "operator": "his"})
        .to_string();
    let (status, answer) =
        hospital.api("POST", "/api/v1/refunds", &body, &[("idempotency-key", "REFUND-0002")]).await;
    assert_eq!((status, answer["amount_fen"].as_i64()), (200, Some(total)), "{answer}");
    hospital.lives_through(60, 10).await;
    let path = format!("/api/v1/refunds/{}", answer["out_refund_no"].as_str().expect("a number"));
    let (_, state) = hospital.api("GET", &path, "", &[]).await;
    assert_eq!(state["state"], "succeeded", "{state}");
    let (status, story) = hospital.api("GET", &format!("/api/v1/orders/{bill}"), "", &[]).await;
    assert_eq!((status, story["refunded_fen"].as_i64()), (200, Some(total)));
    assert!(!story.to_string().contains("张建明"), "no name leaves in clear");
    hospital.verifies().await;
}

async fn every_field_is_checked(hospital: Hospital) {
    let patient = |patient: serde_json::Value| json!({"hospital_id": "QH01", "patient": patient}).to_string();
    let bad_links = [
        "not json".to_owned(),
        "{}".to_owned(),
        json!({"hospital_id": "XX", "patient": {"name": "张三", "card_no": "A1"}}).to_string(),
        patient(json!({"name": "", "card_no": "A1"})),
        patient(json!({"name": "张".repeat(31), "card_no": "A1"})),
        patient(json!({"name": "张\u{0}三", "card_no": "A1"})),
        patient(json!({"name": "张三", "card_no": ""})),
        patient(json!({"name": "张三", "card_no": "'; DROP TABLE bills;--"})),
        patient(json!({"name": "张三", "card_no": "A".repeat(33)})),
        patient(json!({"name": "张三", "card_no": 7})),
        patient(json!({"name": "张三", "card_no": "A1", "phone": "123"})),
        patient(json!({"name": "张三", "card_no": "A1", "id_no": "x y"})),
        patient(json!({"name": "张三", "card_no": "A1", "surprise": 1})),
        patient(json!({"name": "张三", "card_no": "A1", "phone": null})),
        patient(json!({"name": " ", "card_no": "A1"})),
        patient(json!({"name": "张\u{202e}三", "card_no": "A1"})),
        patient(json!({"name": "张\u{200b}三", "card_no": "A1"})),
        json!({"hospital_id": "QH01", "patient": {"name": "张三", "card_no": "A1"}, "slips": [""]})
            .to_string(),
        json!({"hospital_id": "QH01", "patient": {"name": "张三", "card_no": "A1"}, "slips": ["张"]})
            .to_string(),
        json!({"hospital_id": "QH01", "patient": {"name": "张三", "card_no": "A1"}, "slips": "S1"})
            .to_string(),
        json!({"hospital_id": "QH01", "patient": {"name": "张三", "card_no": "A1"}, "slips": vec!["S1"; 51]})
            .to_string(),
        r#"{"hospital_id":"QH01","patient":{"name":"张三","card_no":"A1","card_no":"A2"}}"#.to_owned(),
    ];
    for body in &bad_links {
        let (status, answer) = hospital.api("POST", "/api/v1/slips", body, &[]).await;
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(answer["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
    let refund = |change: serde_json::Value| {
        let mut body = json!({"order_no": "B2611250000000001", "amount_fen": 1, "refund_request_no": "T1", "reason": "r", "operator": "o"});
        for (name, value) in change.as_object().expect("an object") {
            body[name] = value.clone();
        }
        body.to_string()
    };
    let bad_refunds = [
        json!({"amount_fen": 0}),
        json!({"amount_fen": -1}),
        json!({"amount_fen": 1.5}),
        json!({"amount_fen": "100"}),
        json!({"amount_fen": 18_446_744_073_709_551_615_u64}),
        json!({"order_no": "short"}),
        json!({"order_no": "x".repeat(40)}),
        json!({"out_trade_no": "P2611250000000001"}),
        json!({"refund_request_no": ""}),
        json!({"refund_request_no": "x".repeat(49)}),
        json!({"operator": ""}),
        json!({"slip_no": "张"}),
        json!({"slip_no": null}),
        json!({"out_trade_no": null}),
        json!({"reason": "   "}),
        json!({"reason": "\u{200b}"}),
        json!({"operator": " "}),
    ];
    for (index, change) in bad_refunds.into_iter().enumerate() {
        let key = format!("BAD-REFUND-{index:04}");
        let (status, answer) = hospital
            .api("POST", "/api/v1/refunds", &refund(change.clone()), &[("idempotency-key", &key)])
            .await;
        assert_eq!(status, 400, "{change}: {answer}");
    }
    let (status, answer) = hospital.api("GET", "/api/v1/orders/NOSUCHNUMBER", "", &[]).await;
    assert_eq!((status, answer["code"].as_str()), (404, Some("NO_SUCH_ORDER")));
    assert!(hospital.simulator.ledger().payments.is_empty());
}

async fn a_member_that_is_null_is_refused_and_refunds_nothing(hospital: Hospital) {
    let (bill, _) = booked_bill(&hospital).await;
    let body = json!({"order_no": bill, "amount_fen": null, "refund_request_no": "TF1", "reason": "退药", "operator": "his"});
    let key = [("idempotency-key", "REFUND-NULL-1")];
    let (status, answer) = hospital.api("POST", "/api/v1/refunds", &body.to_string(), &key).await;
    assert_eq!((status, answer["code"].as_str()), (400, Some("BAD_REQUEST")));
    assert!(
        answer["message"].as_str().is_some_and(|said| said.starts_with("amount_fen is null")),
        "{answer}"
    );
    hospital.lives_through(60, 10).await;
    let (_, story) = hospital.api("GET", &format!("/api/v1/orders/{bill}"), "", &[]).await;
    assert_eq!(story["refunded_fen"], 0, "{story}");
}

async fn a_retry_says_who_wants_it(hospital: Hospital) {
    let trace = TraceId::parse("0123456789abcdef").expect("a trace");
    let now = hospital.clock.now();
    hospital
        .store()
        .schedule(TaskKind::AskPerson, "B2611250000000001:contradiction", now, &trace)
        .await
        .expect("stored");
    hospital.settles().await;
    let path = "/api/v1/tasks/ask_person:B2611250000000001:contradiction/retry";
    for body in ["", "{}", r#"{"operator":" "}"#, r#"{"operator":"王芳","more":1}"#, "anything"] {
        let (status, answer) = hospital.api("POST", path, body, &[]).await;
        assert_eq!((status, answer["code"].as_str()), (400, Some("BAD_REQUEST")), "{body}");
    }
    let (status, answer) = hospital.api("POST", path, r#"{"operator":"王芳"}"#, &[]).await;
    assert_eq!((status, answer["state"].as_str()), (200, Some("ready")), "{answer}");
    let trail =
        hospital.store().audit_of("ask_person:B2611250000000001:contradiction").await.expect("readable");
    assert_eq!(trail.last().map(|row| row.event.actor.as_str()), Some("demo-his:王芳"));
    for lost in ["%00", "no-such-task", "%E5%BC%A0"] {
        let path = format!("/api/v1/tasks/{lost}/retry");
        let (status, answer) = hospital.api("POST", &path, r#"{"operator":"王芳"}"#, &[]).await;
        assert_eq!((status, answer["code"].as_str()), (404, Some("NO_SUCH_TASK")), "{lost}");
    }
}
