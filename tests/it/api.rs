//! The signed API: who may ask, once, and what a repeat gets.

use futures_util::future::join_all;
use mingfen_domain::ids::{BillNo, TraceId};
use mingfen_domain::{BusinessDay, Clock, Fen};
use mingfen_gateway::cache::{Cache, MemoryCache, RedisCache};
use mingfen_store::{Attempt, Begin, TaskKind};
use mingfen_tests::{App, CARD, Hospital, RedisServer, SignedCall, until};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

stories!(
    a_request_must_be_signed_fresh_and_new,
    the_same_key_gets_the_same_answer_and_another_body_is_refused,
    his_asks_for_a_refund,
    every_field_is_checked,
    a_member_that_is_null_is_refused_and_refunds_nothing,
    a_retry_says_who_wants_it,
    a_captured_request_is_refused_by_every_replica_and_after_a_restart,
    a_captured_request_under_another_idempotency_key_is_refused,
    the_same_key_at_the_same_moment_is_done_once,
    a_request_whose_worker_died_is_taken_over_and_a_living_one_is_not,
    a_refusal_that_passes_is_not_kept,
    every_changing_call_is_answered_once_under_its_key,
    what_is_kept_for_a_repeat_is_kept_sealed,
    a_key_refunds_within_its_limits,
    a_key_asks_so_often_a_minute,
    who_signs_wrongly_has_to_wait_and_nobody_else,
    who_had_a_link_made_is_in_the_trail,
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
    let other = body.replace("\"amount_fen\":100,", "\"amount_fen\":200,");
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

fn refund_of(bill: &str, number: &str) -> String {
    json!({"order_no": bill, "amount_fen": 100, "refund_request_no": number, "reason": "退药", "operator": "his"})
        .to_string()
}

async fn a_captured_request_is_refused_by_every_replica_and_after_a_restart(hospital: Hospital) {
    let call = SignedCall::of_his(&hospital, "POST", "/api/v1/slips", LINK);
    assert_eq!(call.sent_to(&hospital.replica.internal_url).await.status, 200);
    // A cache of its own that has seen nothing: another replica without Redis, or this one after a restart.
    let other = hospital.another_replica(Arc::new(MemoryCache::default())).await;
    for replica in [&hospital.replica, &other] {
        let again = call.sent_to(&replica.internal_url).await;
        assert_eq!((again.status, again.code()), (401, "NOT_SIGNED"), "{}", again.json);
    }
}

async fn a_captured_request_under_another_idempotency_key_is_refused(hospital: Hospital) {
    let (bill, _) = booked_bill(&hospital).await;
    let call = SignedCall::of_his(&hospital, "POST", "/api/v1/refunds", &refund_of(&bill, "TF1"));
    let first = call.clone().with("idempotency-key", "CAPTURED-0001");
    assert_eq!(first.sent_to(&hospital.replica.internal_url).await.status, 200);
    let other = hospital.another_replica(Arc::new(MemoryCache::default())).await;
    for url in [&hospital.replica.internal_url, &other.internal_url] {
        let swapped = call.clone().with("idempotency-key", "SWAPPED-00001").sent_to(url).await;
        assert_eq!((swapped.status, swapped.code()), (401, "NOT_SIGNED"), "{}", swapped.json);
    }
    hospital.lives_through(60, 10).await;
    let (_, story) = hospital.api("GET", &format!("/api/v1/orders/{bill}"), "", &[]).await;
    assert_eq!(story["refunded_fen"], 100, "{story}");
}

async fn the_same_key_at_the_same_moment_is_done_once(hospital: Hospital) {
    let (bill, _) = booked_bill(&hospital).await;
    let calls = (0..6).map(|_| {
        SignedCall::of_his(&hospital, "POST", "/api/v1/refunds", &refund_of(&bill, "TF1"))
            .with("idempotency-key", "AT-ONCE-00001")
    });
    let calls: Vec<_> = calls.collect();
    let answers = join_all(calls.iter().map(|call| call.sent_to(&hospital.replica.internal_url))).await;
    let numbers: BTreeSet<_> =
        answers.iter().filter(|answer| answer.status == 200).map(|answer| answer.json.to_string()).collect();
    assert_eq!(numbers.len(), 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!((answer.status, answer.code()), (409, "IN_PROGRESS"), "{}", answer.json);
    }
    assert_eq!(
        hospital.store().refunds_of_bill(&BillNo::parse(bill).expect("a bill")).await.expect("rows").len(),
        1
    );
}

async fn a_request_whose_worker_died_is_taken_over_and_a_living_one_is_not(hospital: Hospital) {
    let (bill, _) = booked_bill(&hospital).await;
    let body = refund_of(&bill, "TF1");
    let mut hasher = Sha256::new();
    hasher.update(b"/api/v1/refunds\0");
    hasher.update(body.as_bytes());
    let hash = hex::encode(hasher.finalize());
    let died = Attempt { api_key: "demo-his", idempotency_key: "TAKEOVER-0001", attempt: "of-the-dead" };
    let mut tx = hospital.store().begin().await.expect("a transaction");
    assert_eq!(tx.begin_answer(died, &hash, hospital.clock.now()).await.expect("stored"), Begin::Fresh);
    tx.commit().await.expect("stored");
    let key = [("idempotency-key", "TAKEOVER-0001")];
    let (status, answer) = hospital.api("POST", "/api/v1/refunds", &body, &key).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("IN_PROGRESS")), "{answer}");
    hospital.time_passes(61);
    let (status, answer) = hospital.api("POST", "/api/v1/refunds", &body, &key).await;
    assert_eq!(status, 200, "{answer}");
    assert!(
        !hospital.store().forget_answer(died).await.expect("readable"),
        "the slow one owns nothing any more"
    );
    let (_, again) = hospital.api("POST", "/api/v1/refunds", &body, &key).await;
    assert_eq!(again, answer);
}

async fn a_refusal_that_passes_is_not_kept(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    let bill = hospital.store().bill_by_view_ref(&sheet.reference()).await.expect("rows").expect("a bill");
    let bill = bill.bill.bill_no.to_string();
    let key = [("idempotency-key", "PASSING-00001")];
    let body = refund_of(&bill, "TF1");
    let (status, answer) = hospital.api("POST", "/api/v1/refunds", &body, &key).await;
    assert_eq!(
        (status, answer["code"].as_str()),
        (404, Some("NO_SUCH_ORDER")),
        "nothing was paid yet: {answer}"
    );
    patient.pays_in_the_sheet(&sheet).await;
    hospital.simulator.pump().await;
    let (status, answer) = hospital.api("POST", "/api/v1/refunds", &body, &key).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("NOT_BOOKED_YET")), "{answer}");
    hospital.lives_through(10, 5).await;
    let (status, answer) = hospital.api("POST", "/api/v1/refunds", &body, &key).await;
    assert_eq!(status, 200, "{answer}");
    let other = refund_of(&bill, "TF2").replace("\"amount_fen\":100,", "\"amount_fen\":99999,");
    let key = [("idempotency-key", "LASTING-00001")];
    let (_, refused) = hospital.api("POST", "/api/v1/refunds", &other, &key).await;
    assert_eq!(refused["code"], "REFUND_TOO_MUCH");
    let (_, again) = hospital.api("POST", "/api/v1/refunds", &other, &key).await;
    assert_eq!(again, refused, "what cannot change is kept");
}

async fn every_changing_call_is_answered_once_under_its_key(hospital: Hospital) {
    let key = [("idempotency-key", "SLIP-LINK-0001")];
    let (_, first) = hospital.api("POST", "/api/v1/slips", LINK, &key).await;
    let (status, again) = hospital.api("POST", "/api/v1/slips", LINK, &key).await;
    assert_eq!((status, &again), (200, &first), "the link itself, not another one");
    let (_, other) = hospital.api("POST", "/api/v1/slips", LINK, &[]).await;
    assert_ne!(first["link"], other["link"]);

    let trace = TraceId::parse("0123456789abcdef").expect("a trace");
    let now = hospital.clock.now();
    let subject = "B2611250000000002:contradiction";
    hospital.store().schedule(TaskKind::AskPerson, subject, now, &trace).await.expect("stored");
    hospital.settles().await;
    let path = format!("/api/v1/tasks/ask_person:{subject}/close");
    let body = r#"{"note":"looked into it","operator":"王芳"}"#;
    let key = [("idempotency-key", "CLOSE-TASK-001")];
    for _ in 0..2 {
        let (status, answer) = hospital.api("POST", &path, body, &key).await;
        assert_eq!((status, answer["state"].as_str()), (200, Some("done")), "{answer}");
    }
    let (status, _) = hospital.api("POST", &path, body, &[]).await;
    assert_eq!(status, 404, "without a key it is another request");
}

async fn what_is_kept_for_a_repeat_is_kept_sealed(hospital: Hospital) {
    let (bill, _) = booked_bill(&hospital).await;
    let key = [("idempotency-key", "SEALED-000001")];
    let (status, answer) = hospital.api("POST", "/api/v1/refunds", &refund_of(&bill, "TF1"), &key).await;
    assert_eq!(status, 200);
    let number = answer["out_refund_no"].as_str().expect("a number");
    let kept = hospital
        .reads_bytes("SELECT body_sealed FROM api_answers WHERE idempotency_key = 'SEALED-000001'")
        .await;
    assert_eq!(kept.len(), 1);
    assert!(
        !kept[0].windows(number.len()).any(|part| part == number.as_bytes()),
        "the answer is not in clear"
    );
    let clear = hospital.reads_bytes("SELECT body_sealed FROM api_answers WHERE body IS NOT NULL").await;
    assert!(clear.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_seen_while_redis_was_away_is_seen_after_it_is_back() {
    let hour = Duration::from_secs(3600);
    let mut server = RedisServer::start().await;
    let cache = RedisCache::connect(&server.url).await.expect("an address");
    assert!(cache.remember("n1", hour).await);
    server.is_lost().await;
    assert!(cache.remember("n2", hour).await, "counting in this process");
    server.comes_back().await;
    until("Redis is heard again", || cache.is_healthy()).await;
    for seen in ["n1", "n2"] {
        assert!(!cache.remember(seen, hour).await, "{seen}");
    }
    assert!(cache.remember("n3", hour).await);
}

async fn a_key_refunds_within_its_limits(hospital: Hospital) {
    // The box's key may refund 1000.00 yuan at once and 1500.00 a day.
    let (bill, total) = booked_bill(&hospital).await;
    assert!((15_000..100_000).contains(&total), "{total}");
    let ask = async |fen: Option<i64>, number: &str| {
        let mut body =
            json!({"order_no": bill, "refund_request_no": number, "reason": "退药", "operator": "his"});
        if let Some(fen) = fen {
            body["amount_fen"] = fen.into();
        }
        let key = format!("LIMIT-{number}-{fen:?}").replace(['(', ')'], "-");
        hospital.api("POST", "/api/v1/refunds", &body.to_string(), &[("idempotency-key", &key)]).await
    };
    let (status, answer) = ask(Some(100_001), "TF-1").await;
    assert_eq!((status, answer["code"].as_str()), (403, Some("OVER_KEY_LIMIT")), "{answer}");
    assert!(answer["message"].as_str().is_some_and(|said| said.contains("mingfen refund")), "{answer}");
    let day = BusinessDay::of(hospital.clock.now());
    let used = || async { hospital.store().allowance_used("demo-his", day).await.expect("readable").get() };
    let (status, answer) = ask(Some(100_000), "TF-1").await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("REFUND_TOO_MUCH")), "{answer}");
    assert_eq!(used().await, 0, "what was not refunded is not counted");
    assert!(
        hospital
            .store()
            .use_allowance("demo-his", day, Fen::new(140_000), Fen::new(150_000))
            .await
            .expect("used")
    );
    let (status, answer) = ask(None, "TF-2").await;
    assert_eq!(
        (status, answer["code"].as_str()),
        (403, Some("OVER_DAY_LIMIT")),
        "all that is left is counted: {answer}"
    );
    let (status, first) = ask(Some(10_000), "TF-3").await;
    assert_eq!(status, 200, "{first}");
    let (status, answer) = ask(Some(1), "TF-4").await;
    assert_eq!((status, answer["code"].as_str()), (403, Some("OVER_DAY_LIMIT")), "{answer}");
    let body = json!({"order_no": bill, "amount_fen": 10_000, "refund_request_no": "TF-3", "reason": "退药", "operator": "his"});
    let key = [("idempotency-key", "LIMIT-REPEAT-1")];
    let (status, again) = hospital.api("POST", "/api/v1/refunds", &body.to_string(), &key).await;
    assert_eq!((status, &again), (200, &first), "a repeat is counted once");
    hospital.time_passes(86_400);
    let (status, answer) = ask(Some(1), "TF-4").await;
    assert_eq!(status, 200, "another day: {answer}");
}

async fn a_key_asks_so_often_a_minute(hospital: Hospital) {
    let ask = async || {
        let call = SignedCall::of_kiosk(&hospital, "GET", "/api/v1/orders/NOSUCHNUMBER", "");
        call.sent_to(&hospital.replica.internal_url).await
    };
    for _ in 0..10 {
        assert_eq!(ask().await.code(), "NO_SUCH_ORDER");
    }
    let refused = ask().await;
    assert_eq!((refused.status, refused.code()), (429, "TOO_MANY_REQUESTS"), "{}", refused.json);
    assert_eq!(refused.headers.get("retry-after").map(String::as_str), Some("60"));
    let (status, _) = hospital.api("GET", "/api/v1/orders/NOSUCHNUMBER", "", &[]).await;
    assert_eq!(status, 404, "another key has its own minute");
}

async fn who_signs_wrongly_has_to_wait_and_nobody_else(hospital: Hospital) {
    let url = &hospital.replica.internal_url;
    let now = hospital.clock.now().seconds();
    for _ in 0..20 {
        let wrong =
            SignedCall::signed("demo-his", "a-guess", now, "GET", "/api/v1/tasks", "").sent_to(url).await;
        assert_eq!((wrong.status, wrong.code()), (401, "NOT_SIGNED"));
    }
    let wrong = SignedCall::signed("nobody", "a-guess", now, "GET", "/api/v1/tasks", "").sent_to(url).await;
    assert_eq!((wrong.status, wrong.code()), (429, "TOO_MANY_REQUESTS"));
    assert!(wrong.headers.contains_key("retry-after"));
    let right = SignedCall::of_his(&hospital, "GET", "/api/v1/tasks", "").sent_to(url).await;
    assert_eq!(right.status, 200, "who signs rightly from the same address is served");
    let metrics =
        reqwest::get(format!("{url}/metrics")).await.expect("an answer").text().await.expect("text");
    assert!(metrics.contains("mingfen_api_refused_total{reason=\"signature\"} 21"), "{metrics}");
}

async fn who_had_a_link_made_is_in_the_trail(hospital: Hospital) {
    let body = json!({"hospital_id": "QH01", "patient": {"name": "张小明", "card_no": "A10023846021"}, "operator": "王芳"});
    let (status, answer) = hospital.api("POST", "/api/v1/slips", &body.to_string(), &[]).await;
    assert_eq!(status, 200, "{answer}");
    hospital.settles().await;
    let trail = hospital.store().stream_chain(1, 100).await.expect("readable");
    let made: Vec<_> = trail.iter().filter(|row| row.event.action == "slip_link.made").collect();
    assert_eq!(made.last().map(|row| row.event.actor.as_str()), Some("demo-his:王芳"));
    for row in &made {
        let text = format!("{} {}", row.event.subject, row.event.detail);
        assert!(!text.contains("A10023846021") && !text.contains("张小明"), "{text}");
    }
}
