//! The rules of the desk, called as the gateway calls it: signed, over HTTP, against a running simulator.

use serde_json::{Value, json};

use super::*;
use crate::faults::{Fault, Rule, When};
use crate::{Running, Settings, Simulator};

const NOON_MS: i64 = 1_767_240_000_000;

struct Story {
    simulator: Running,
    client: reqwest::Client,
}

impl Story {
    async fn begin() -> Self {
        let simulator =
            Simulator::start(Settings { pumping: false, ..Settings::default() }).await.expect("starts");
        simulator.clock().stop();
        simulator.clock().set_ms(NOON_MS);
        let story = Story { simulator, client: reqwest::Client::new() };
        // The seeded slips carry the day on which the machine runs; these carry the story's.
        for (kind, slip_no, amount_fen) in
            [(SlipKind::Exam, "MZ1", 24_600), (SlipKind::Drug, "CF1", 13_246), (SlipKind::Lab, "MZ2", 5_000)]
        {
            story.write(slip_no, kind, amount_fen);
        }
        story
    }

    fn his(&self) -> &His {
        self.simulator.his()
    }

    fn write(&self, slip_no: &str, kind: SlipKind, amount_fen: i64) {
        let slip: NewSlip = serde_json::from_value(json!({
            "card_no": DEMO_CARD_NO, "kind": kind, "title": "检查", "slip_no": slip_no,
            "lines": [{ "code": "1", "name": "检查", "unit_price": "1", "quantity": "1", "amount_fen": amount_fen }],
        }))
        .expect("a slip");
        self.his().records().write_slip(slip, NOON_MS).expect("written");
    }

    async fn send(&self, call: &str, body: &Value) -> Result<(u16, String), reqwest::Error> {
        let path = format!("/his/v1/{call}");
        let body = body.to_string();
        let now_s = self.simulator.clock().now_s();
        let nonce = self.his().shared.random.alphanumeric(24);
        let signature = sign(DEMO_SECRET.as_bytes(), "POST", &path, now_s, &nonce, body.as_bytes());
        let answer = self
            .client
            .post(format!("{}{path}", self.simulator.base_url))
            .header("Content-Type", "application/json; charset=utf-8")
            .header("X-Mingfen-Key", DEMO_KEY_ID)
            .header("X-Mingfen-Timestamp", now_s.to_string())
            .header("X-Mingfen-Nonce", nonce)
            .header("X-Mingfen-Signature", signature)
            .body(body)
            .send()
            .await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    async fn call(&self, call: &str, body: Value) -> (u16, Value) {
        let (status, text) = self.send(call, &body).await.expect("an answer");
        (status, serde_json::from_str(&text).expect("JSON"))
    }

    async fn code(&self, call: &str, body: Value) -> String {
        let (status, answer) = self.call(call, body).await;
        match answer["code"].as_str() {
            Some(code) => format!("{status} {code}"),
            None => status.to_string(),
        }
    }
}

fn payment(order_no: &str, slips: &[(&str, i64)]) -> Value {
    let total: i64 = slips.iter().map(|(_, amount_fen)| amount_fen).sum();
    let slips: Vec<Value> = slips
        .iter()
        .map(|(slip_no, amount_fen)| json!({ "slip_no": slip_no, "amount_fen": amount_fen }))
        .collect();
    json!({
        "hospital_id": "QH01", "order_no": order_no, "slips": slips, "total_fen": total,
        "tenders": [{
            "kind": "self_pay", "channel": "wechat-main", "out_trade_no": format!("T{order_no}"),
            "provider_trade_no": "4200000001", "amount_fen": total, "paid_at": "2026-01-01T11:59:00+08:00",
        }],
        "operator": "mingfen",
    })
}

fn refund(refund_no: &str, order_no: &str, amount_fen: i64) -> Value {
    json!({
        "hospital_id": "QH01", "order_no": order_no, "refund_no": refund_no, "amount_fen": amount_fen,
        "reason": "退费", "refunded_at": "2026-01-01T12:30:00+08:00", "operator": "mingfen",
    })
}

#[actix_web::test]
async fn a_payment_is_booked_once_whatever_is_repeated() {
    let story = Story::begin().await;
    let ask = payment("B1", &[("MZ1", 24_600), ("CF1", 13_246)]);
    let (status, first) = story.call("payments/confirm", ask.clone()).await;
    assert_eq!((status, first["places"].as_array().map(Vec::len)), (200, Some(2)));
    assert_eq!(story.call("payments/confirm", ask).await, (200, first.clone()));
    assert_eq!(story.code("payments/confirm", payment("B1", &[("MZ1", 24_600)])).await, "409 ORDER_CONFLICT");
    assert_eq!(
        story.code("payments/confirm", payment("B2", &[("MZ1", 24_600)])).await,
        "409 SLIP_ALREADY_PAID"
    );
    let (_, found) = story.call("payments/find", json!({ "hospital_id": "QH01", "order_no": "B1" })).await;
    assert_eq!((&found["state"], &found["receipt_no"]), (&json!("booked"), &first["receipt_no"]));
}

#[actix_web::test]
async fn what_is_not_owed_is_not_booked() {
    let story = Story::begin().await;
    assert_eq!(
        story.code("payments/confirm", payment("B1", &[("MZ1", 24_500)])).await,
        "409 AMOUNT_MISMATCH"
    );
    assert_eq!(story.code("payments/confirm", payment("B1", &[("MZ9", 1)])).await, "404 NO_SUCH_SLIP");
    story.his().records().cancel_slip("MZ1").expect("cancelled");
    assert_eq!(story.code("payments/confirm", payment("B1", &[("MZ1", 24_600)])).await, "409 SLIP_CANCELLED");
    story.his().records().pay_at_window("CF1", "1", false, NOON_MS).expect("paid");
    assert_eq!(
        story.code("payments/confirm", payment("B1", &[("CF1", 13_246)])).await,
        "409 SLIP_ALREADY_PAID"
    );
    let (_, found) = story.call("payments/find", json!({ "hospital_id": "QH01", "order_no": "B1" })).await;
    assert_eq!(found, json!({ "state": "not_found" }));
}

#[actix_web::test]
async fn a_lock_answers_the_same_again_and_runs_out() {
    let story = Story::begin().await;
    let lock = |request_id: &str| {
        json!({
            "hospital_id": "QH01", "request_id": request_id, "hold_until": "2026-01-01T12:10:00+08:00",
            "slips": [{ "slip_no": "MZ1", "amount_fen": 24_600 }],
        })
    };
    let (status, first) = story.call("slips/lock", lock("R1")).await;
    assert_eq!((status, &first["expires_at"]), (200, &json!("2026-01-01T12:10:00+08:00")));
    assert_eq!(story.call("slips/lock", lock("R1")).await.1, first);
    assert_eq!(story.code("slips/lock", lock("R2")).await, "409 SLIP_LOCKED");
    story.simulator.clock().advance_ms(600_000);
    assert_eq!(story.code("slips/lock", lock("R2")).await, "200");
}

#[actix_web::test]
async fn slips_of_one_visit_are_paid_together_or_not_at_all() {
    let story = Story::begin().await;
    let card = json!({ "hospital_id": "QH01", "card_no": "A10023901105" });
    let (_, listed) = story.call("slips/list", card).await;
    let slips: Vec<(String, i64)> = listed["slips"]
        .as_array()
        .expect("slips")
        .iter()
        .map(|slip| {
            (slip["slip_no"].as_str().unwrap_or("").to_owned(), slip["self_pay_fen"].as_i64().unwrap_or(0))
        })
        .collect();
    let all: Vec<(&str, i64)> = slips.iter().map(|(slip_no, fen)| (slip_no.as_str(), *fen)).collect();
    assert_eq!(story.code("payments/confirm", payment("B1", &all[..2])).await, "409 AMOUNT_MISMATCH");
    assert_eq!(story.code("payments/confirm", payment("B1", &all)).await, "200");
}

#[actix_web::test]
async fn refunds_never_exceed_the_payment_and_repeat_safely() {
    let story = Story::begin().await;
    story.call("payments/confirm", payment("B1", &[("CF1", 13_246)])).await;
    let (_, first) = story.call("refunds/confirm", refund("F1", "B1", 3_246)).await;
    assert_eq!(story.call("refunds/confirm", refund("F1", "B1", 3_246)).await, (200, first));
    assert_eq!(story.code("refunds/confirm", refund("F1", "B1", 1)).await, "409 ORDER_CONFLICT");
    assert_eq!(story.code("refunds/confirm", refund("F2", "B1", 10_001)).await, "409 REFUND_TOO_MUCH");
    assert_eq!(story.code("refunds/confirm", refund("F2", "B9", 1)).await, "404 NO_SUCH_ORDER");
    assert_eq!(story.code("refunds/confirm", refund("F2", "B1", 10_000)).await, "200");
    assert_eq!(story.his().records().slip("CF1").expect("slip").status, SlipStatus::Refunded);
}

#[actix_web::test]
async fn handed_out_drugs_are_not_refunded() {
    let story = Story::begin().await;
    story.call("payments/confirm", payment("B1", &[("CF1", 13_246)])).await;
    let ask = json!({ "hospital_id": "QH01", "order_no": "B1", "amount_fen": 100 });
    assert_eq!(story.call("refunds/ask", ask.clone()).await.1, json!({ "allowed": true }));
    story.his().records().set_delivered("CF1", true).expect("paid");
    let (_, answer) = story.call("refunds/ask", ask).await;
    assert_eq!(answer, json!({ "allowed": false, "reason": "药品已发出，请先到药房退药" }));
}

#[actix_web::test]
async fn the_ledger_pages_and_leaves_the_window_out() {
    let story = Story::begin().await;
    story.his().set_rows_per_page(2);
    story.his().records().pay_at_window("MZ2", "1", false, NOON_MS).expect("paid");
    story.call("payments/confirm", payment("B1", &[("MZ1", 24_600), ("CF1", 13_246)])).await;
    story.call("refunds/confirm", refund("F1", "B1", 100)).await;
    let page = |page: u32| json!({ "hospital_id": "QH01", "day": "2026-01-01", "page": page });
    let (_, first) = story.call("ledger/day", page(1)).await;
    let (_, second) = story.call("ledger/day", page(2)).await;
    assert_eq!((first["rows"].as_array().map(Vec::len), &first["has_next_page"]), (Some(2), &json!(true)));
    assert_eq!((second["rows"].as_array().map(Vec::len), &second["has_next_page"]), (Some(1), &json!(false)));
    assert_eq!(second["rows"][0]["kind"], "refund");
    story
        .simulator
        .faults()
        .add(Rule::next("his.ledger/day.2", Fault::Status { status: 500, when: When::Before }));
    assert_eq!(story.code("ledger/day", page(1)).await, "200");
    assert_eq!(story.code("ledger/day", page(2)).await, "500 FAULT");
}

#[actix_web::test]
async fn an_answer_lost_after_booking_leaves_it_booked() {
    let story = Story::begin().await;
    story.simulator.faults().add(Rule::next("his.payments/confirm", Fault::Reset { when: When::After }));
    assert!(story.send("payments/confirm", &payment("B1", &[("MZ1", 24_600)])).await.is_err());
    let (_, found) = story.call("payments/find", json!({ "hospital_id": "QH01", "order_no": "B1" })).await;
    assert_eq!(found["state"], "booked");
}

#[actix_web::test]
async fn troubles_strike_and_lift() {
    let story = Story::begin().await;
    let find = json!({ "hospital_id": "QH01", "card_no": DEMO_CARD_NO });
    story.his().goes_down();
    assert_eq!(story.code("patients/find", find.clone()).await, "503 DOWN");
    story.his().comes_back();
    story.his().set_trouble("patients/find", Trouble::Garbage, Some(1));
    let (status, text) = story.send("patients/find", &find).await.expect("an answer");
    assert!(status == 200 && text.starts_with('<'), "{text}");
    story.his().set_trouble(
        "payments/confirm",
        Trouble::Refuse { code: "SLIP_CANCELLED".to_owned() },
        Some(1),
    );
    let ask = payment("B1", &[("MZ1", 24_600)]);
    assert_eq!(story.code("payments/confirm", ask.clone()).await, "409 SLIP_CANCELLED");
    assert_eq!(story.code("payments/confirm", ask).await, "200");
}

#[actix_web::test]
async fn null_and_another_hospital_are_bad_requests() {
    let story = Story::begin().await;
    let null = json!({ "hospital_id": "QH01", "card_no": DEMO_CARD_NO, "phone": null });
    assert_eq!(story.code("patients/find", null).await, "400 BAD_REQUEST");
    let other = json!({ "hospital_id": "QH02", "card_no": DEMO_CARD_NO });
    assert_eq!(story.code("patients/find", other).await, "400 BAD_REQUEST");
    let nobody = json!({ "hospital_id": "QH01", "card_no": "A0" });
    assert_eq!(story.code("slips/list", nobody).await, "404 NO_SUCH_PATIENT");
}

#[actix_web::test]
async fn the_page_shows_who_charged_a_slip() {
    let story = Story::begin().await;
    story.call("payments/confirm", payment("B261124X", &[("MZ1", 24_600)])).await;
    let page = reqwest::get(format!("{}/his", story.simulator.base_url)).await.expect("page");
    let text = page.text().await.expect("text");
    assert!(text.contains("B261124X") && text.contains("已缴") && text.contains("待缴"));
}

#[actix_web::test]
async fn a_pushed_slip_is_signed_as_the_gateway_checks_it() {
    let story = Story::begin().await;
    let access = GatewayAccess {
        base_url: "http://127.0.0.1:1".to_owned(),
        key_id: "his".to_owned(),
        secret: DEMO_SECRET.to_owned(),
    };
    let signed = story.his().push_request(DEMO_CARD_NO, &["MZ1".to_owned()], None, &access).expect("signed");
    let header =
        |name: &str| signed.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let nonce = header("X-Mingfen-Nonce").expect("nonce");
    let expected = sign(DEMO_SECRET.as_bytes(), "POST", "/api/v1/slips", NOON_MS / 1000, nonce, &signed.body);
    assert_eq!(header("X-Mingfen-Signature"), Some(expected.as_str()));
    let body: Value = serde_json::from_slice(&signed.body).expect("JSON");
    assert_eq!((&body["slips"], &body["patient"]["name"]), (&json!(["MZ1"]), &json!("张建明")));
}
