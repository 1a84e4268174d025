//! Refunds: whole, in parts, repeated, short of money, failing.

use super::hospital::{Hospital, MCHID, amount};
use mingfen_provider_api::{CallError, News, Refunds, SightedRefund};
use mingfen_simulator::faults::{Fault, When};

#[tokio::test]
async fn a_refund_is_taken_comes_through_and_we_are_told() {
    let hospital = Hospital::open().await;
    let order = hospital.order("P2601011200000101", 1250).await;
    let paid = hospital.paid(&order).await;
    hospital.hears().await;
    let request = hospital.refund("R2601011200000101", &order, &paid, 500);
    assert_eq!(
        hospital.wechat.query_refund(&request).await.map(|sighting| sighting.seen),
        Ok(SightedRefund::Missing)
    );
    let taken = hospital.wechat.refund(&request).await.expect("taken");
    assert!(matches!(taken.seen, SightedRefund::Processing { .. }), "{:?}", taken.seen);
    let again = hospital.wechat.refund(&request).await.expect("the same refund");
    assert_eq!(again, taken);
    hospital.pass_seconds(3);
    let News::Refund(told) = hospital.told().await.expect("genuine").into_news() else {
        panic!("news of a refund")
    };
    assert!(matches!(told.seen, SightedRefund::Succeeded { .. }), "{:?}", told.seen);
    assert_eq!(told.amount, Some(amount(500)));
    assert_eq!(hospital.wechat.query_refund(&request).await, Ok(told));
    assert_eq!(hospital.seen(&order).await, paid, "a refunded order stays paid");
}

#[tokio::test]
async fn long_texts_are_cut_to_what_the_wire_takes() {
    let hospital = Hospital::open().await;
    let mut order = hospital.order("P2601011200000108", 1250).await;
    order.subject = "费".repeat(127);
    let paid = hospital.paid(&order).await;
    let mut request = hospital.refund("R2601011200000108", &order, &paid, 500);
    request.reason = "退".repeat(80);
    assert!(hospital.wechat.refund(&request).await.is_ok(), "80 characters are 240 bytes");
}

#[tokio::test]
async fn more_than_was_paid_is_refused() {
    let hospital = Hospital::open().await;
    let order = hospital.order("P2601011200000102", 1250).await;
    let paid = hospital.paid(&order).await;
    let first = hospital.refund("R2601011200000102", &order, &paid, 1000);
    hospital.wechat.refund(&first).await.expect("taken");
    hospital.pass_seconds(61);
    let second = hospital.refund("R2601011200000103", &order, &paid, 251);
    let error = hospital.wechat.refund(&second).await.expect_err("too much");
    assert!(matches!(error, CallError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn an_empty_account_postpones() {
    let hospital = Hospital::open().await;
    let order = hospital.order("P2601011200000104", 1250).await;
    let paid = hospital.paid(&order).await;
    let merchant = hospital.sim.wechat().merchant(MCHID).expect("the merchant");
    merchant.set_balance_fen(100);
    let request = hospital.refund("R2601011200000104", &order, &paid, 1250);
    let error = hospital.wechat.refund(&request).await.expect_err("no money");
    assert!(matches!(&error, CallError::Postponed { code, .. } if code == "NOT_ENOUGH"), "{error}");
    merchant.set_balance_fen(100_000);
    assert!(hospital.wechat.refund(&request).await.is_ok(), "the same number and body");
}

#[tokio::test]
async fn a_lost_answer_is_doubt_and_the_repeat_pays_once() {
    let hospital = Hospital::open().await;
    let order = hospital.order("P2601011200000105", 1250).await;
    let paid = hospital.paid(&order).await;
    let request = hospital.refund("R2601011200000105", &order, &paid, 1250);
    for fault in [Fault::Reset { when: When::After }, Fault::ProbeSignature, Fault::Truncated] {
        hospital.fault("wechat.refund", fault.clone());
        let error = hospital.wechat.refund(&request).await.expect_err("no usable answer");
        assert!(matches!(error, CallError::InDoubt(_)), "{fault:?}: {error}");
    }
    assert!(hospital.wechat.refund(&request).await.is_ok());
    assert_eq!(hospital.sim.ledger().refunds.len(), 1);
}

#[tokio::test]
async fn abnormal_and_closed_refunds_are_told_apart() {
    let hospital = Hospital::open().await;
    let order = hospital.order("P2601011200000106", 1250).await;
    let paid = hospital.paid(&order).await;
    hospital.hears().await;
    hospital.fault("wechat.refund", Fault::RefundAbnormal);
    let first = hospital.refund("R2601011200000106", &order, &paid, 500);
    hospital.wechat.refund(&first).await.expect("taken");
    hospital.pass_seconds(61);
    let News::Refund(told) = hospital.told().await.expect("genuine").into_news() else { panic!("a refund") };
    assert!(matches!(told.seen, SightedRefund::Abnormal { .. }), "{:?}", told.seen);
    hospital.fault("wechat.refund", Fault::RefundClosed);
    let second = hospital.refund("R2601011200000107", &order, &paid, 500);
    hospital.wechat.refund(&second).await.expect("taken");
    hospital.pass_seconds(10 * 86_400);
    hospital.hears().await;
    assert_eq!(
        hospital.wechat.query_refund(&second).await.map(|sighting| sighting.seen),
        Ok(SightedRefund::Closed)
    );
}
