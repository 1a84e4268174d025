//! Money back: late, stuck, accepted in words only, held up at a bank, and refused when it is sent again.

use crate::hospital::{Hospital, refund_request};
use mingfen_domain::Amount;
use mingfen_provider_api::{CallError, RefundRequest, SightedRefund};
use mingfen_simulator::alipay::{DEMO_PID, Refusal};
use mingfen_simulator::faults::{Fault, Rule, When};

const ORDER: &str = "H20260305000040";
const NUMBER: &str = "R20260305000040";

/// A paid order of 88.50, and a refund of 8.50 that is to meet this fault.
async fn meeting(fault: Fault) -> (Hospital, RefundRequest) {
    let hospital = Hospital::open().await;
    let trade_no = hospital.paid(ORDER, 8850).await;
    hospital.simulator.faults().add(Rule::next("alipay.refund", fault));
    (hospital, refund_request(NUMBER, ORDER, &trade_no, 850, 8850))
}

impl Hospital {
    /// Sends it and expects to know nothing afterwards.
    async fn refunds_in_doubt(&self, request: &RefundRequest) {
        let ended = self.refund(request).await;
        assert!(matches!(ended, Err(CallError::InDoubt(_))), "{ended:?}");
    }

    fn paid_back_fen(&self) -> (usize, i64) {
        let ledger = self.simulator.ledger();
        (ledger.refunds.len(), ledger.payments[0].refunded_fen)
    }

    fn seconds_pass(&self, seconds: i64) {
        self.simulator.clock().advance_ms(seconds * 1000);
    }

    fn refuses_next_refund(&self, code: &str, sub_code: &str) {
        let refusal: Refusal = serde_json::from_value(serde_json::json!({
            "code": code, "sub_code": sub_code, "sub_msg": "按剧本拒绝", "signed": code == "40004",
        }))
        .expect("a refusal");
        self.simulator.alipay().refuse_next("alipay.refund", refusal, false, 1);
    }
}

#[tokio::test]
async fn a_late_refund_is_in_doubt_until_its_money_moves() {
    let (hospital, request) = meeting(Fault::RefundLate { seconds: 3_600 }).await;
    for _ in 0..3 {
        hospital.refunds_in_doubt(&request).await;
        assert_eq!(hospital.asked(&request).await, SightedRefund::Missing);
        hospital.seconds_pass(60);
    }
    hospital.seconds_pass(3_600);
    assert!(matches!(hospital.asked(&request).await, SightedRefund::Succeeded { .. }));
    let sighting = hospital.refund(&request).await.expect("the same refund");
    assert!(matches!(sighting.seen, SightedRefund::Succeeded { .. }), "{sighting:?}");
    assert_eq!(sighting.amount.map(Amount::get), Some(850));
    assert_eq!(hospital.paid_back_fen(), (1, 850), "one number is paid out once");
}

#[tokio::test]
async fn a_stuck_refund_is_in_doubt_for_as_long_as_it_is_stuck() {
    let (hospital, request) = meeting(Fault::RefundStuck).await;
    hospital.refunds_in_doubt(&request).await;
    hospital.seconds_pass(9 * 86_400);
    hospital.refunds_in_doubt(&request).await;
    assert_eq!(hospital.paid_back_fen(), (1, 0));
    assert!(hospital.simulator.alipay().complete_refund(DEMO_PID, ORDER, NUMBER));
    assert!(matches!(hospital.asked(&request).await, SightedRefund::Succeeded { .. }));
    assert_eq!(hospital.paid_back_fen(), (1, 850));
}

#[tokio::test]
async fn a_refund_that_was_accepted_in_words_only_is_paid_when_it_is_sent_again() {
    let (hospital, request) = meeting(Fault::RefundClosed).await;
    hospital.refunds_in_doubt(&request).await;
    assert_eq!(hospital.asked(&request).await, SightedRefund::Missing);
    assert_eq!(hospital.paid_back_fen(), (0, 0));
    hospital.seconds_pass(10);
    let sighting = hospital.refund(&request).await.expect("a refund");
    assert!(matches!(sighting.seen, SightedRefund::Succeeded { .. }), "{sighting:?}");
    assert_eq!(hospital.paid_back_fen(), (1, 850));
}

#[tokio::test]
async fn a_refund_that_fails_at_its_bank_is_put_before_a_person_and_moves_no_money_twice() {
    let (hospital, request) = meeting(Fault::RefundAbnormal).await;
    hospital.refunds_in_doubt(&request).await;
    hospital.seconds_pass(60);
    assert!(matches!(hospital.asked(&request).await, SightedRefund::Processing { .. }));
    assert_eq!(hospital.paid_back_fen(), (1, 850));
    hospital.seconds_pass(60);
    assert!(matches!(hospital.asked(&request).await, SightedRefund::Abnormal { .. }));
    let again = hospital.refund(&request).await.expect("an answer");
    assert!(matches!(again.seen, SightedRefund::Abnormal { .. }), "{again:?}");
    assert_eq!(hospital.paid_back_fen(), (1, 850), "the merchant's books do not change");
    assert!(hospital.simulator.alipay().end_bank_return(DEMO_PID, ORDER, NUMBER, true));
    assert!(matches!(hospital.asked(&request).await, SightedRefund::Succeeded { .. }));
}

/// Codes that a repeat of a running or paid refund may meet.
const EXPLAINED_BY_AN_EARLIER_CALL: &[&str] = &[
    "ACQ.DISCORDANT_REPEAT_REQUEST",
    "ACQ.TRADE_STATUS_ERROR",
    "ACQ.REASON_TRADE_STATUS_INVALID",
    "ACQ.REASON_ILLEGAL_STATUS",
    "ACQ.REASON_TRADE_REFUND_FEE_ERR",
    "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
    "ACQ.REFUND_FEE_ERROR",
    "ACQ.TRADE_HAS_CLOSE",
    "ACQ.TRADE_HAS_FINISHED",
    "ACQ.SYSTEM_ERROR",
    "ACQ.NAMED_NOWHERE",
];

#[tokio::test]
async fn a_refused_repeat_of_a_running_refund_is_never_taken_for_its_end() {
    let (hospital, request) = meeting(Fault::RefundStuck).await;
    hospital.refunds_in_doubt(&request).await;
    for sub_code in EXPLAINED_BY_AN_EARLIER_CALL {
        hospital.refuses_next_refund("40004", sub_code);
        hospital.refunds_in_doubt(&request).await;
    }
    for (code, sub_code) in [
        ("20001", "aop.invalid-app-auth-token"),
        ("40002", "isv.invalid-timestamp"),
        ("40002", "isv.invalid-signature"),
        ("40002", "app-cert-expired"),
        ("40003", "isv.missing-signature-config"),
        ("40005", "isv.app-call-limited"),
        ("40006", "isv.insufficient-isv-permissions"),
        ("40004", "ACQ.ACCESS_FORBIDDEN"),
        ("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH"),
    ] {
        hospital.refuses_next_refund(code, sub_code);
        let ended = hospital.refund(&request).await;
        assert!(matches!(ended, Err(CallError::Postponed { .. })), "{sub_code} {ended:?}");
    }
    assert!(hospital.simulator.alipay().complete_refund(DEMO_PID, ORDER, NUMBER));
    assert_eq!(hospital.paid_back_fen(), (1, 850));
}

#[tokio::test]
async fn a_refused_repeat_of_a_refund_that_has_paid_tells_that_it_has_paid() {
    let (hospital, request) = meeting(Fault::Reset { when: When::After }).await;
    hospital.refunds_in_doubt(&request).await;
    for sub_code in EXPLAINED_BY_AN_EARLIER_CALL
        .iter()
        .filter(|code| !code.contains("SYSTEM_ERROR"))
        .chain(&["ACQ.TRADE_NOT_ALLOW_REFUND", "ACQ.REASON_TRADE_BEEN_FREEZEN"])
    {
        hospital.refuses_next_refund("40004", sub_code);
        let sighting = hospital.refund(&request).await.expect("an answer");
        assert!(matches!(sighting.seen, SightedRefund::Succeeded { .. }), "{sub_code} {sighting:?}");
    }
    assert_eq!(hospital.paid_back_fen(), (1, 850));
}

#[tokio::test]
async fn a_trade_past_its_refund_period_ends_a_refund_for_good() {
    let hospital = Hospital::open().await;
    let trade_no = hospital.paid(ORDER, 8850).await;
    assert!(hospital.simulator.alipay().finish(&trade_no));
    let ended = hospital.refund(&refund_request(NUMBER, ORDER, &trade_no, 850, 8850)).await;
    match ended {
        Err(CallError::Refused { code, .. }) => assert_eq!(code, "ACQ.TRADE_HAS_FINISHED"),
        other => panic!("{other:?}"),
    }
}
