use mingfen_simulator::faults::{Defect, Fault, Rule, When};
use mingfen_simulator::notify::RecordState;

use crate::hospital::Hospital;

const NUMBER: &str = "HOSP20260101000001";
const CREATE: &str = "/v3/pay/transactions/jsapi";

async fn paid_with(fault: Fault) -> Hospital {
    let hospital = Hospital::open().await;
    hospital.simulator.faults().add(Rule::next("wechat.notify.payment", fault));
    hospital.paid_order(NUMBER, 100).await;
    hospital.simulator.pump().await;
    hospital
}

#[tokio::test]
async fn a_call_can_be_refused_in_any_words_before_or_after_its_effect() {
    let hospital = Hospital::open().await;
    hospital.paid_order(NUMBER, 100).await;
    let refund = hospital.refund("RF1", NUMBER, 100, 100);
    for (when, refunds) in [(When::Before, 0), (When::After, 1)] {
        let (code, message) = ("USER_ACCOUNT_ABNORMAL".to_owned(), "用户账户异常".to_owned());
        let fault = Fault::Refusal { status: 403, code, message, when };
        hospital.simulator.faults().add(Rule::next("wechat.refund", fault));
        let answer = hospital.post("/v3/refund/domestic/refunds", &refund).await;
        assert_eq!(answer.status, 403);
        assert_eq!(answer.text(), r#"{"code":"USER_ACCOUNT_ABNORMAL","message":"用户账户异常"}"#);
        assert_eq!(hospital.simulator.ledger().refunds.len(), refunds, "{when:?}");
    }
}

#[tokio::test]
async fn a_call_can_be_slow_and_is_answered_all_the_same() {
    let hospital = Hospital::open().await;
    hospital.simulator.faults().add(Rule::next("wechat.jsapi", Fault::Slow { delay_ms: 300 }));
    let began = std::time::Instant::now();
    let answer = hospital.post(CREATE, &hospital.order(NUMBER, 100)).await;
    assert!(answer.status == 200 && began.elapsed() >= std::time::Duration::from_millis(300));
    assert!(hospital.is_signed(&answer));
}

#[tokio::test]
async fn a_silent_receiver_gets_fifteen_resends() {
    let hospital = Hospital::open().await;
    hospital.answer_notifications_with(500);
    hospital.paid_order(NUMBER, 100).await;
    hospital.simulator.pump().await;
    for seconds in
        [15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600, 21_600]
    {
        hospital.simulator.clock().advance_ms(seconds * 1_000 - 1);
        assert!(hospital.simulator.pump().await.delivered.is_empty());
        hospital.simulator.clock().advance_ms(1);
        assert_eq!(hospital.simulator.pump().await.delivered.len(), 1);
    }
    hospital.simulator.clock().advance_ms(86_400_000);
    assert!(hospital.simulator.pump().await.delivered.is_empty());
    let record = &hospital.simulator.ledger().notifications[0];
    assert_eq!((record.attempts.len(), record.state), (16, RecordState::GivenUp));
}

#[tokio::test]
async fn every_resend_is_signed_anew() {
    let hospital = Hospital::open().await;
    hospital.answer_notifications_with(302);
    hospital.paid_order(NUMBER, 100).await;
    hospital.simulator.pump().await;
    hospital.answer_notifications_with(200);
    hospital.simulator.clock().advance_ms(15_000);
    hospital.simulator.pump().await;
    let arrived = hospital.arrived();
    assert!(arrived.iter().all(|one| hospital.is_genuine(one)));
    assert_ne!(arrived[0].headers, arrived[1].headers);
}

#[tokio::test]
async fn notifications_get_lost_late_and_doubled() {
    let lost = paid_with(Fault::NotifyLost).await;
    assert!(lost.arrived().is_empty());
    assert_eq!(lost.simulator.ledger().notifications[0].state, RecordState::Lost);

    let once = paid_with(Fault::NotifyLostOnce).await;
    once.simulator.clock().advance_ms(15_000);
    once.simulator.pump().await;
    assert_eq!(once.arrived().len(), 1);

    let late = paid_with(Fault::NotifyLate { seconds: 600 }).await;
    assert!(late.arrived().is_empty());
    late.simulator.clock().advance_ms(600_000);
    late.simulator.pump().await;
    assert_eq!(late.arrived().len(), 1);

    let doubled = paid_with(Fault::NotifyDoubled).await;
    assert_eq!(doubled.arrived().len(), 2);
}

#[tokio::test]
async fn a_replay_is_the_same_bytes_with_an_old_stamp() {
    let hospital = paid_with(Fault::NotifyReplayed { seconds: 600 }).await;
    assert!(hospital.is_genuine(&hospital.arrived()[0]));
    hospital.simulator.clock().advance_ms(600_000);
    hospital.simulator.pump().await;
    let arrived = hospital.arrived();
    assert_eq!((arrived.len(), &arrived[0].body), (2, &arrived[1].body));
    assert!(!hospital.is_genuine(&arrived[1]));
}

#[tokio::test]
async fn a_notification_can_be_overtaken() {
    let hospital = paid_with(Fault::NotifyReordered).await;
    assert!(hospital.arrived().is_empty());
    hospital.paid_order("HOSP20260101000002", 100).await;
    let subjects: Vec<String> =
        hospital.simulator.pump().await.delivered.into_iter().map(|one| one.subject).collect();
    assert_eq!(subjects, ["HOSP20260101000002", NUMBER]);
}

#[tokio::test]
async fn defects_are_not_genuine_and_the_resend_is() {
    for defect in [Defect::Forged, Defect::Tampered, Defect::Probe, Defect::WrongSerial, Defect::Stale] {
        let hospital = Hospital::open().await;
        hospital.simulator.faults().add(Rule::next("wechat.notify.*", Fault::NotifyDefect { defect }));
        hospital.paid_order(NUMBER, 100).await;
        hospital.answer_notifications_with(401);
        hospital.simulator.pump().await;
        assert!(!hospital.is_genuine(&hospital.arrived()[0]), "{defect:?}");
        hospital.answer_notifications_with(204);
        hospital.simulator.clock().advance_ms(15_000);
        hospital.simulator.pump().await;
        assert!(hospital.is_genuine(&hospital.arrived()[1]), "{defect:?}");
    }
}

#[tokio::test]
async fn genuine_notifications_may_say_something_wrong() {
    let amount = paid_with(Fault::NotifyDefect { defect: Defect::WrongAmount }).await;
    assert!(amount.is_genuine(&amount.arrived()[0]));
    assert_eq!(amount.open_resource(&amount.arrived()[0].body)["amount"]["total"], 101);
    let app = paid_with(Fault::NotifyDefect { defect: Defect::WrongApp }).await;
    assert_eq!(app.open_resource(&app.arrived()[0].body)["appid"], "wxffffffffffffffff");
}

#[tokio::test]
async fn a_call_fails_before_or_after_its_effect() {
    let hospital = Hospital::open().await;
    let faults = hospital.simulator.faults();
    for (number, fault, made) in [
        ("HOSP20260101000011", Fault::Status { status: 500, when: When::Before }, false),
        ("HOSP20260101000012", Fault::Status { status: 502, when: When::After }, true),
        ("HOSP20260101000013", Fault::Status { status: 429, when: When::Before }, false),
        ("HOSP20260101000014", Fault::Reset { when: When::Before }, false),
        ("HOSP20260101000015", Fault::Reset { when: When::After }, true),
        ("HOSP20260101000016", Fault::Truncated, true),
    ] {
        faults.add(Rule::next("wechat.jsapi", fault.clone()));
        let body = hospital.order(number, 100).to_string();
        let answer = hospital.send("POST", CREATE, &body, &[]).await;
        assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status >= 429), "{fault:?}");
        assert_eq!(hospital.query(number).await.status, if made { 200 } else { 404 }, "{fault:?}");
    }
}

#[tokio::test]
async fn a_call_that_never_answers_has_its_effect_or_not() {
    let hospital = Hospital::open().await;
    for (number, when, status) in
        [("HOSP20260101000011", When::Before, 404), ("HOSP20260101000012", When::After, 200)]
    {
        hospital.simulator.faults().add(Rule::next("wechat.jsapi", Fault::Timeout { when }));
        let order = hospital.order(number, 100);
        let call = hospital.post(CREATE, &order);
        assert!(tokio::time::timeout(std::time::Duration::from_millis(300), call).await.is_err());
        assert_eq!(hospital.query(number).await.status, status);
    }
}

#[tokio::test]
async fn answers_can_be_badly_signed() {
    let hospital = Hospital::open().await;
    hospital.post(CREATE, &hospital.order(NUMBER, 100)).await;
    for fault in [
        Fault::ProbeSignature,
        Fault::WrongSerial,
        Fault::ForgedSignature,
        Fault::Unsigned,
        Fault::SkewedTimestamp { seconds: 400 },
    ] {
        hospital.simulator.faults().add(Rule::next("wechat.query", fault.clone()));
        let answer = hospital.query(NUMBER).await;
        let skewed = matches!(fault, Fault::SkewedTimestamp { .. });
        assert_eq!((answer.status, hospital.is_signed(&answer)), (200, skewed), "{fault:?}");
        assert!(hospital.is_signed(&hospital.query(NUMBER).await));
    }
}

#[tokio::test]
async fn too_many_calls_in_a_second_are_limited() {
    let hospital = Hospital::open().await;
    hospital.simulator.faults().limit("wechat.query", 1);
    assert_eq!(hospital.query(NUMBER).await.status, 404);
    let limited = hospital.query(NUMBER).await;
    assert_eq!((limited.status, limited.json()["code"].as_str()), (429, Some("FREQUENCY_LIMITED")));
    hospital.simulator.clock().advance_ms(1_000);
    assert_eq!(hospital.query(NUMBER).await.status, 404);
}

#[tokio::test]
async fn the_provider_may_charge_another_amount() {
    let hospital = Hospital::open().await;
    hospital.simulator.faults().add(Rule::next("wechat.pay", Fault::Amount { delta_fen: -1 }));
    hospital.paid_order(NUMBER, 100).await;
    assert_eq!(hospital.query(NUMBER).await.json()["amount"]["total"], 99);
    let ledger = hospital.simulator.ledger();
    assert_eq!((ledger.payments[0].amount_fen, ledger.payments[0].paid_fen), (100, 99));
}
