//! The signed API: who may ask, once, and what a repeat gets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use mingfen_domain::ids::{BillNo, TraceId};
use mingfen_domain::{BusinessDay, Clock, Fen};
use mingfen_gateway::ambient::SystemClock;
use mingfen_gateway::cache::{Cache, MemoryCache, RedisCache};
use mingfen_gateway::http::route::Caller;
use mingfen_gateway::internal;
use mingfen_gateway::settings::ApiRight;
use mingfen_simulator::faults::{Fault, Rule, When};
use mingfen_store::{Attempt, Begin, TaskKind};
use mingfen_tests::{App, CARD, Hospital, Patient, RedisServer, SignedCall, until};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::Path;
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
    a_captured_request_uses_up_nothing_of_the_keys_minute,
    a_phone_is_sealed_as_it_was_understood,
    who_signs_wrongly_has_to_wait_and_nobody_else,
    who_had_a_link_made_is_in_the_trail,
    an_orders_money_tells_nothing_of_the_person,
    a_window_takes_over_a_slip_that_somebody_is_paying,
    a_kiosk_lists_what_a_card_owes,
    a_day_is_listed_page_by_page,
    a_link_that_was_called_back_does_not_open,
    a_code_is_drawn_as_it_is_asked_for,
    a_sheet_is_printed_on_the_paper_that_is_named,
    a_key_does_what_its_rights_say_and_nothing_else,
    whatever_was_changed_after_signing_is_noticed,
    the_documentation_and_the_example_work,
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
    let (_, by_request) = hospital.api("GET", "/api/v1/refunds/by-request/TF1", "", &[]).await;
    assert_eq!(by_request, state);
    let (status, story) = hospital.api("GET", &format!("/api/v1/orders/{bill}/story"), "", &[]).await;
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
    assert_eq!((status, answer["code"].as_str()), (409, Some("NOT_PAID")), "nothing was paid yet: {answer}");
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

async fn an_orders_money_tells_nothing_of_the_person(hospital: Hospital) {
    let (bill_no, total) = booked_bill(&hospital).await;
    let number = BillNo::parse(bill_no.as_str()).expect("a bill");
    let bill = hospital.store().bill(&number).await.expect("rows").expect("a bill");
    for number in [bill_no.as_str(), bill.slips[0].slip_no.as_str()] {
        let call = SignedCall::of_kiosk(&hospital, "GET", &format!("/api/v1/orders/{number}"), "");
        let answer = call.sent_to(&hospital.replica.internal_url).await;
        let order = &answer.json;
        assert_eq!(answer.status, 200, "{order}");
        assert_eq!(order["order_no"], bill_no.as_str());
        assert_eq!((order["stage"].as_str(), order["state"].as_str()), (Some("paid"), Some("settled")));
        assert_eq!((order["received_fen"].as_i64(), order["refunded_fen"].as_i64()), (Some(total), Some(0)));
        let write_back = &order["write_back"];
        assert_eq!(write_back["state"], "posted");
        assert!(write_back["his_order_no"].is_string() && write_back["receipt_no"].is_string(), "{order}");
        let payment = &order["payments"][0];
        assert_eq!(
            (payment["state"].as_str(), payment["received_fen"].as_i64()),
            (Some("paid"), Some(total))
        );
        assert!(payment["provider_trade_no"].is_string() && payment["paid_at"].is_string(), "{order}");
        let text = order.to_string();
        let (title, department) = (bill.slips[0].title.as_str(), bill.slips[0].department.as_str());
        for personal in [title, department, "张", CARD, "patient", "operator"] {
            assert!(!text.contains(personal), "{personal} is in {text}");
        }
    }
    let story = SignedCall::of_kiosk(&hospital, "GET", &format!("/api/v1/orders/{bill_no}/story"), "");
    let refused = story.sent_to(&hospital.replica.internal_url).await;
    assert_eq!((refused.status, refused.code()), (403, "NOT_ALLOWED"));
    assert!(refused.json["message"].as_str().is_some_and(|said| said.contains("order_stories")));
}

async fn a_window_takes_over_a_slip_that_somebody_is_paying(hospital: Hospital) {
    let open = async |numbers: &[usize]| {
        let mut patient = hospital.patient(CARD, App::Wechat).await;
        let sheet = patient.goes_to_the_sheet(numbers).await;
        let bill = hospital.store().bill_by_view_ref(&sheet.reference()).await.expect("rows");
        (patient, sheet, bill.expect("a bill"))
    };
    let body = r#"{"operator":"王芳"}"#;
    let (_, _, bill) = open(&[1]).await;
    let slip_no = bill.slips[0].slip_no.as_str();
    let path = format!("/api/v1/orders/{slip_no}/close");
    let (status, order) = hospital.api("POST", &path, body, &[]).await;
    assert_eq!(status, 200, "{order}");
    assert_eq!((order["stage"].as_str(), order["state"].as_str()), (Some("not-charged"), Some("released")));
    let now = hospital.clock.now().ms();
    let is_locked = hospital.simulator.his().records().is_locked(slip_no, now);
    assert!(!is_locked, "the window can take it at once");
    let (status, _) = hospital.api("POST", &path, body, &[]).await;
    assert_eq!(status, 200, "safe to repeat");
    let trail = hospital.store().audit_of(bill.bill.bill_no.as_str()).await.expect("readable");
    let asked = trail.iter().find(|row| row.event.action == "order.close_asked").expect("a row");
    assert_eq!(asked.event.actor, "demo-his:王芳");

    // What was paid is not closed, however soon after.
    let (mut patient, sheet, bill) = open(&[1]).await;
    patient.pays_in_the_sheet(&sheet).await;
    let path = format!("/api/v1/orders/{}/close", bill.bill.bill_no);
    for _ in 0..2 {
        let (status, answer) = hospital.api("POST", &path, body, &[]).await;
        assert_eq!((status, answer["code"].as_str()), (409, Some("ORDER_PAID")), "{answer}");
    }
    // A provider that does not answer leaves it open whether the order can still be paid.
    let (_, _, bill) = open(&[2]).await;
    let path = format!("/api/v1/orders/{}/close", bill.bill.bill_no);
    for call in ["wechat.close", "wechat.query"] {
        hospital.simulator.faults().add(Rule::every(call, Fault::Reset { when: When::Before }));
    }
    let (status, answer) = hospital.api("POST", &path, body, &[]).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("ORDER_IN_DOUBT")), "{answer}");
    hospital.simulator.faults().clear();
    let (status, answer) = hospital.api("POST", "/api/v1/orders/NOSUCHNUMBER/close", body, &[]).await;
    assert_eq!((status, answer["code"].as_str()), (404, Some("NO_SUCH_ORDER")));
    hospital.lives_through(60, 10).await;
    hospital.verifies().await;
}

async fn a_kiosk_lists_what_a_card_owes(hospital: Hospital) {
    let ask = async |card_no: &str| {
        let body = json!({"hospital_id": "QH01", "card_no": card_no}).to_string();
        let call = SignedCall::of_kiosk(&hospital, "POST", "/api/v1/slips/unpaid", &body);
        call.sent_to(&hospital.replica.internal_url).await
    };
    let answer = ask(CARD).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    let slips = answer.json["slips"].as_array().expect("slips");
    assert!(!slips.is_empty());
    for slip in slips {
        assert!(slip["total_fen"].as_i64().is_some_and(|fen| fen > 0) && slip["title"].is_string(), "{slip}");
    }
    assert!(answer.json["patient"].as_str().is_some_and(|name| name.contains('*')), "{}", answer.json);
    let nobody = ask("NOSUCHCARD").await;
    assert_eq!((nobody.status, nobody.code()), (404, "NO_SUCH_PATIENT"));
}

async fn a_day_is_listed_page_by_page(hospital: Hospital) {
    let mut paid = BTreeSet::new();
    for _ in 0..3 {
        let mut patient = hospital.patient(CARD, App::Wechat).await;
        let sheet = patient.pays(&[1]).await;
        hospital.lives_through(10, 5).await;
        let bill = hospital.store().bill_by_view_ref(&sheet.reference()).await.expect("rows");
        paid.insert(bill.expect("a bill").bill.bill_no.to_string());
    }
    let bill = paid.iter().next().expect("a bill").clone();
    let key = [("idempotency-key", "DAY-LISTS-001")];
    hospital.api("POST", "/api/v1/refunds", &refund_of(&bill, "TF-DAY"), &key).await;
    let day = BusinessDay::of(hospital.clock.now());
    let (mut listed, mut after, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let path = format!("/api/v1/days/{day}/payments?limit=2{after}");
        let (status, page) = hospital.api("GET", &path, "", &[]).await;
        assert_eq!(status, 200, "{page}");
        let rows = page["payments"].as_array().expect("rows");
        listed.extend(rows.iter().map(|row| row["order_no"].as_str().expect("a bill").to_owned()));
        pages += 1;
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!((pages, listed.len()), (2, 3), "{listed:?}");
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), paid);
    let (_, refunds) = hospital.api("GET", &format!("/api/v1/days/{day}/refunds"), "", &[]).await;
    let rows = refunds["refunds"].as_array().expect("rows");
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0]["order_no"].as_str(), rows[0]["amount_fen"].as_i64()),
        (Some(bill.as_str()), Some(100))
    );
    let (_, empty) = hospital.api("GET", "/api/v1/days/2020-01-01/payments", "", &[]).await;
    assert_eq!(empty, json!({"payments": []}));
    for bad in [
        "2026-13-01/payments",
        "2026-1-1/payments",
        "today/refunds",
        "%00/payments",
        "2026-01-01/payments?limit=0",
        "2026-01-01/payments?limit=501",
        "2026-01-01/payments?limit=%2B5",
        "2026-01-01/payments?limit=1&limit=2",
        "2026-01-01/payments?after=x",
        "2026-01-01/payments?after=1-%27%20OR%201",
        "2026-01-01/payments?page=1",
    ] {
        let (status, answer) = hospital.api("GET", &format!("/api/v1/days/{bad}"), "", &[]).await;
        assert_eq!((status, answer["code"].as_str()), (400, Some("BAD_REQUEST")), "{bad}: {answer}");
    }
}

async fn a_link_that_was_called_back_does_not_open(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let mut other = hospital.patient(CARD, App::Wechat).await;
    let call_back = async |link: &str| {
        let body = json!({"link": link, "operator": "王芳"}).to_string();
        hospital.api("POST", "/api/v1/slips/revoke", &body, &[]).await
    };
    for _ in 0..2 {
        let (status, answer) = call_back(&patient.link).await;
        assert_eq!((status, answer["state"].as_str()), (200, Some("revoked")), "{answer}");
    }
    let page = patient.scans().await;
    assert_eq!(page.status, 410, "{}", page.text);
    page.says("钱没有扣");
    assert_eq!(other.scans().await.status, 200, "another link of the same patient is another link");
    for link in ["AAAA", "https://pay.example.cn/s/AAAA"] {
        let (status, answer) = call_back(link).await;
        assert_eq!((status, answer["code"].as_str()), (404, Some("NO_SUCH_LINK")), "{answer}");
    }
}

async fn a_code_is_drawn_as_it_is_asked_for(hospital: Hospital) {
    let ask = async |qr: serde_json::Value| {
        let body = json!({"hospital_id": "QH01", "patient": {"name": "张小明", "card_no": "A1"}, "qr": qr});
        hospital.api("POST", "/api/v1/slips", &body.to_string(), &[]).await
    };
    let width = |answer: &serde_json::Value| {
        let png = STANDARD.decode(answer["qr_png"].as_str().expect("a picture")).expect("Base64");
        u32::from_be_bytes(png[16..20].try_into().expect("four bytes"))
    };
    let (status, usual) = ask(json!({})).await;
    assert_eq!(status, 200, "{usual}");
    let version = u32::try_from(usual["qr_version"].as_u64().expect("a version")).expect("small");
    let modules = 17 + 4 * version;
    assert_eq!(width(&usual), (modules + 8) * 6);
    let (_, large) = ask(json!({"dots": 10, "margin": 2})).await;
    assert_eq!(width(&large), (modules + 4) * 10);
    for bad in [
        json!({"dots": 0}),
        json!({"dots": 21}),
        json!({"margin": -1}),
        json!({"margin": 17}),
        json!({"level": "L"}),
        json!(7),
        json!(null),
    ] {
        let (status, answer) = ask(bad.clone()).await;
        assert_eq!((status, answer["code"].as_str()), (400, Some("BAD_REQUEST")), "{bad}: {answer}");
    }
}

async fn a_sheet_is_printed_on_the_paper_that_is_named(hospital: Hospital) {
    let (name, slip_no) = {
        let records = hospital.simulator.his().records();
        let name = records.patient(CARD).map(|patient| patient.name.clone()).unwrap_or_default();
        (name, records.slips_of(CARD).next().expect("a slip").slip_no.clone())
    };
    for paper in ["a5", "80mm", "58mm"] {
        let body = json!({
            "hospital_id": "QH01", "patient": {"name": name, "card_no": CARD}, "slips": [slip_no], "paper": paper,
        });
        let (status, answer) = hospital.api("POST", "/api/v1/slips", &body.to_string(), &[]).await;
        assert_eq!(status, 200, "{answer}");
        let sheet = answer["sheet_html"].as_str().expect("a sheet");
        assert!(sheet.contains(&slip_no) && sheet.contains("<svg"), "{sheet}");
        assert!(!sheet.contains(CARD), "the card stays masked on paper");
    }
    let printed =
        reqwest::get(format!("{}/his/sheet?card={CARD}&paper=58mm", hospital.simulator.base_url)).await;
    let printed = printed.expect("an answer").text().await.expect("text");
    assert!(printed.contains("缴费单") && printed.contains("<svg"), "HIS prints it: {printed}");

    let other = json!({"hospital_id": "QH01", "patient": {"name": "别人", "card_no": CARD}, "paper": "a5"});
    let (status, answer) = hospital.api("POST", "/api/v1/slips", &other.to_string(), &[]).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("NOT_MATCHED")), "{answer}");
    let unknown = json!({"hospital_id": "QH01", "patient": {"name": name, "card_no": CARD}, "slips": ["S-0"], "paper": "a5"});
    let (status, answer) = hospital.api("POST", "/api/v1/slips", &unknown.to_string(), &[]).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("NOTHING_OWED")), "{answer}");
}

async fn a_key_does_what_its_rights_say_and_nothing_else(hospital: Hospital) {
    let mut refused = 0;
    for route in internal::ROUTES {
        let Caller::Key(right) = route.caller else { continue };
        // The box's kiosk may these.
        if [ApiRight::Slips, ApiRight::Unpaid, ApiRight::Orders].contains(&right) {
            continue;
        }
        let path = route.path.replace("{day}", "2026-01-01").replace(['{', '}'], "");
        let call = SignedCall::of_kiosk(
            &hospital,
            route.method,
            &path,
            if route.method == "GET" { "" } else { "{}" },
        );
        let answer = call.sent_to(&hospital.replica.internal_url).await;
        let place = format!("{} {path}: {}", route.method, answer.json);
        assert_eq!((answer.status, answer.code()), (403, "NOT_ALLOWED"), "{place}");
        refused += 1;
    }
    assert_eq!(refused, 10, "calls that a kiosk may not, one minute's worth");
}

async fn whatever_was_changed_after_signing_is_noticed(hospital: Hospital) {
    // Failures from one address are counted: a fresh count a dozen.
    let replicas = [
        hospital.another_replica(Arc::new(MemoryCache::default())).await,
        hospital.another_replica(Arc::new(MemoryCache::default())).await,
    ];
    let before = hospital.row_counts().await;
    let call = || SignedCall::of_his(&hospital, "POST", "/api/v1/slips", LINK);
    let now = hospital.clock.now().seconds();
    let mut changed = vec![
        ("another key of ours", call().with("x-mingfen-key", "kiosk")),
        ("an unknown key", call().with("x-mingfen-key", "nobody")),
        ("a key that is no id", call().with("x-mingfen-key", "'; DROP TABLE bills;--")),
        ("another signature", call().with("x-mingfen-signature", &"0".repeat(64))),
        ("no signature", call().without("x-mingfen-signature")),
        ("an empty signature", call().with("x-mingfen-signature", "")),
        ("no key", call().without("x-mingfen-key")),
        ("no nonce", call().without("x-mingfen-nonce")),
        ("no timestamp", call().without("x-mingfen-timestamp")),
        ("another nonce", call().with("x-mingfen-nonce", "FRESH000000000000001")),
        ("a short nonce", call().with("x-mingfen-nonce", "ABCDEFGHIJKLMNO")),
        ("a long nonce", call().with("x-mingfen-nonce", &"A".repeat(65))),
        ("a nonce with a sign", call().with("x-mingfen-nonce", "ABCDEFGHIJKLMNO-")),
        ("another second", call().with("x-mingfen-timestamp", &(now + 1).to_string())),
        ("a signed timestamp", call().with("x-mingfen-timestamp", &format!("+{now}"))),
        ("a padded timestamp", call().with("x-mingfen-timestamp", &format!("0{now}"))),
        ("a timestamp with a blank", call().with("x-mingfen-timestamp", &format!("{now} 0"))),
        ("a fraction", call().with("x-mingfen-timestamp", &format!("{now}.0"))),
        ("milliseconds", call().with("x-mingfen-timestamp", &format!("{now}000"))),
        ("no number", call().with("x-mingfen-timestamp", "now")),
    ];
    let mut other = call();
    other.path = "/api/v1/slips?x=1".to_owned();
    changed.push(("another path", other));
    let mut other = call();
    other.path = "/api/v1/slips/revoke".to_owned();
    changed.push(("another address", other));
    let mut other = call();
    other.body.push(b' ');
    changed.push(("another body", other));
    let mut other = SignedCall::of_his(&hospital, "POST", "/api/v1/tasks", "");
    other.method = "GET".to_owned();
    changed.push(("another method", other));
    let upper = call();
    let signature = upper.header("x-mingfen-signature").to_uppercase();
    changed.push(("the signature in capitals", upper.with("x-mingfen-signature", &signature)));
    for (index, (what, call)) in changed.into_iter().enumerate() {
        let answer = call.sent_to(&replicas[index % 2].internal_url).await;
        assert_eq!((answer.status, answer.code()), (401, "NOT_SIGNED"), "{what}: {}", answer.json);
    }
    assert_eq!(hospital.row_counts().await, before, "nothing was stored");
    for name in ["SHORT-1", &"A".repeat(65), "WITH BLANK 1", "TAB\tTAB\tTAB"] {
        let call = SignedCall::of_his(&hospital, "POST", "/api/v1/refunds", "{}");
        let answer = call.with("idempotency-key", name).sent_to(&replicas[0].internal_url).await;
        assert_eq!((answer.status, answer.code()), (400, "BAD_REQUEST"), "{name}: {}", answer.json);
    }
    assert_eq!(hospital.row_counts().await, before, "nothing was stored");
}

async fn the_documentation_and_the_example_work(hospital: Hospital) {
    let url = hospital.replica.internal_url.clone();
    let get = async |path: &str| {
        let answer = reqwest::get(format!("{url}{path}")).await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        answer.text().await.expect("text")
    };
    let described: serde_json::Value = serde_json::from_str(&get("/api/openapi.json").await).expect("JSON");
    assert_eq!(described, internal::document());
    let page = get("/api/docs").await;
    for route in internal::ROUTES.iter().filter(|route| route.path.starts_with("/api/v1/")) {
        assert!(page.contains(route.path), "{} is not on the page", route.path);
    }
    for part in
        ["X-Mingfen-Signature", "X-Mingfen-Nonce", "Idempotency-Key", "RefundRequest", "TOO_MANY_REQUESTS"]
    {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("src=\"http") && !page.contains("<script"), "it needs no internet and no script");

    // The example signs with the machine's own clock, which the box's is not.
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/signed-call.sh");
    hospital.clock.advance_ms(SystemClock.now().since_ms(hospital.clock.now()));
    let run = async |secret: &str| {
        let mut command = tokio::process::Command::new("bash");
        command.arg(&example).args([url.as_str(), "demo-his", secret]).output().await.expect("bash runs")
    };
    let said = run(&Hospital::api_secret()).await;
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "{text}{}", String::from_utf8_lossy(&said.stderr));
    let answer: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert!(answer["link"].as_str().is_some_and(|link| link.contains("/s/")), "{answer}");
    let said = run("another secret").await;
    assert!(!said.status.success());
    assert!(String::from_utf8_lossy(&said.stdout).contains("NOT_SIGNED"));
}

async fn a_captured_request_uses_up_nothing_of_the_keys_minute(hospital: Hospital) {
    let url = &hospital.replica.internal_url;
    let captured = SignedCall::of_kiosk(&hospital, "GET", "/api/v1/orders/NOSUCHNUMBER", "");
    assert_eq!(captured.sent_to(url).await.code(), "NO_SUCH_ORDER");
    for _ in 0..20 {
        assert_eq!(captured.sent_to(url).await.code(), "NOT_SIGNED");
    }
    let fresh = SignedCall::of_kiosk(&hospital, "GET", "/api/v1/orders/NOSUCHNUMBER", "");
    assert_eq!(fresh.sent_to(url).await.code(), "NO_SUCH_ORDER", "it may ask ten times a minute");
}

async fn a_phone_is_sealed_as_it_was_understood(hospital: Hospital) {
    let name = hospital.simulator.his().records().patient(CARD).expect("a patient").name.clone();
    let body =
        json!({"hospital_id": "QH01", "patient": {"name": name, "card_no": CARD, "phone": "139 0000-4321"}});
    let (status, answer) = hospital.api("POST", "/api/v1/slips", &body.to_string(), &[]).await;
    assert_eq!(status, 200, "{answer}");
    let link = answer["link"].as_str().expect("a link").to_owned();
    let mut patient = Patient::new(&hospital.simulator, App::Wechat, link);
    let list = patient.scans().await;
    patient.chooses(&list, &[1]).await.says("139****4321");
}
