//! Refunds: whole, in parts, repeated, short of money, failing.

use super::hospital::{Hospital, MCHID, amount};
use mingfen_provider_api::{CallError, News, Refunds, SightedRefund};
use mingfen_simulator::faults::{Defect, Fault, When};

readings!(
    a_rate_limit_leaves_a_refund_in_doubt_and_its_number_is_asked_after,
    a_notification_that_tells_another_amount_is_told_as_it_stands,
    a_number_that_stands_with_another_amount_is_doubt,
    a_number_that_stands_is_found_behind_a_no,
    a_mismatch_ends_a_refund_only_when_its_absence_is_proven,
    a_no_that_speaks_of_an_earlier_request_never_ends_a_refund,
    codes_that_end_a_refund_and_codes_that_do_not,
    refunds_close_together_are_doubt_and_the_second_goes_out_later,
    a_refund_is_taken_comes_through_and_we_are_told,
    long_texts_are_cut_to_what_the_wire_takes,
    more_than_was_paid_is_refused,
    an_empty_account_postpones,
    a_lost_answer_is_doubt_and_the_repeat_pays_once,
    abnormal_and_closed_refunds_are_told_apart,
);

async fn a_refund_is_taken_comes_through_and_we_are_told(hospital: Hospital) {
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

async fn long_texts_are_cut_to_what_the_wire_takes(hospital: Hospital) {
    let mut order = hospital.order("P2601011200000108", 1250).await;
    order.subject = "费".repeat(127);
    let paid = hospital.paid(&order).await;
    let mut request = hospital.refund("R2601011200000108", &order, &paid, 500);
    request.reason = "退".repeat(80);
    assert!(hospital.wechat.refund(&request).await.is_ok(), "80 characters are 240 bytes");
}

async fn more_than_was_paid_is_refused(hospital: Hospital) {
    let order = hospital.order("P2601011200000102", 1250).await;
    let paid = hospital.paid(&order).await;
    let first = hospital.refund("R2601011200000102", &order, &paid, 1000);
    hospital.wechat.refund(&first).await.expect("taken");
    hospital.pass_seconds(61);
    let second = hospital.refund("R2601011200000103", &order, &paid, 251);
    let error = hospital.wechat.refund(&second).await.expect_err("too much");
    assert!(matches!(error, CallError::Refused { .. }), "{error}");
}

async fn an_empty_account_postpones(hospital: Hospital) {
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

async fn a_lost_answer_is_doubt_and_the_repeat_pays_once(hospital: Hospital) {
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

async fn abnormal_and_closed_refunds_are_told_apart(hospital: Hospital) {
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

async fn a_number_that_stands_with_another_amount_is_doubt(hospital: Hospital) {
    let order = hospital.order("P2601011200000109", 1250).await;
    let paid = hospital.paid(&order).await;
    hospital.wechat.refund(&hospital.refund("R2601011200000109", &order, &paid, 500)).await.expect("taken");
    let other = hospital.refund("R2601011200000109", &order, &paid, 400);
    let error = hospital.wechat.refund(&other).await.expect_err("another amount");
    assert!(matches!(&error, CallError::InDoubt(why) if why.contains("5.00")), "{error}");
}

async fn a_number_that_stands_is_found_behind_a_no(hospital: Hospital) {
    let order = hospital.order("P2601011200000110", 1250).await;
    let paid = hospital.paid(&order).await;
    let mut request = hospital.refund("R2601011200000110", &order, &paid, 1250);
    hospital.says("wechat.refund", 400, "INVALID_REQUEST", "订单已全额退款", When::After);
    let taken = hospital.wechat.refund(&request).await.expect("it was taken, whatever the answer says");
    assert!(matches!(taken.seen, SightedRefund::Processing { .. }), "{:?}", taken.seen);
    // A repeat whose bytes differ in something that is not money, as after an update of ours.
    request.reason = "退号费".to_owned();
    assert_eq!(hospital.wechat.refund(&request).await, Ok(taken));
    assert_eq!(hospital.sim.ledger().refunds.len(), 1);
}

async fn a_mismatch_ends_a_refund_only_when_its_absence_is_proven(hospital: Hospital) {
    let order = hospital.order("P2601011200000111", 1250).await;
    let paid = hospital.paid(&order).await;
    hospital.wechat.refund(&hospital.refund("R2601011200000111", &order, &paid, 1250)).await.expect("taken");
    hospital.pass_seconds(61);
    let mut wrong_total = hospital.refund("R2601011200000112", &order, &paid, 1);
    wrong_total.paid = amount(1249);
    for request in [hospital.refund("R2601011200000113", &order, &paid, 1250), wrong_total] {
        let error = hospital.wechat.refund(&request).await.expect_err("all is refunded already");
        match error {
            CallError::Refused { .. } => assert!(hospital.quirks.signs_refusals, "only a proof ends it"),
            CallError::InDoubt(_) => assert!(!hospital.quirks.signs_refusals, "a proof ends it"),
            other => panic!("{other}"),
        }
    }
}

async fn a_no_that_speaks_of_an_earlier_request_never_ends_a_refund(hospital: Hospital) {
    let order = hospital.order("P2601011200000114", 1250).await;
    let paid = hospital.paid(&order).await;
    let request = hospital.refund("R2601011200000114", &order, &paid, 500);
    for (code, message) in [
        ("INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试"),
        ("REFUND_FEE_MISMATCH", ""),
        ("INVALID_REQUEST", "商户退款单号重复"),
    ] {
        hospital.says("wechat.refund", 400, code, message, When::Before);
        let error = hospital.wechat.refund(&request).await.expect_err("it contradicts the query");
        assert!(matches!(error, CallError::InDoubt(_)), "{code} {message}: {error}");
    }
    hospital.says("wechat.refund", 400, "INVALID_REQUEST", "订单已全额退款", When::After);
    hospital.fault("wechat.query_refund", Fault::Reset { when: When::Before });
    let error = hospital.wechat.refund(&request).await.expect_err("the question was not answered");
    assert!(matches!(error, CallError::InDoubt(_)), "{error}");
}

async fn codes_that_end_a_refund_and_codes_that_do_not(hospital: Hospital) {
    let order = hospital.order("P2601011200000115", 1250).await;
    let paid = hospital.paid(&order).await;
    let request = hospital.refund("R2601011200000115", &order, &paid, 500);
    let refund = async |status: u16, code: &str, message: &str| {
        hospital.says("wechat.refund", status, code, message, When::Before);
        hospital.wechat.refund(&request).await.expect_err("refused")
    };
    for (status, code, message) in [
        (403, "USER_ACCOUNT_ABNORMAL", "用户账户异常"),
        (403, "TRADE_OVERDUE", "订单已超过可退款的最大期限"),
        (400, "INVALID_REQUEST", "申请退款金额超过订单可退金额"),
    ] {
        let error = refund(status, code, message).await;
        assert!(matches!(error, CallError::Refused { .. }), "{code}: {error}");
    }
    for (status, code, message) in [
        (404, "MCH_NOT_EXISTS", "商户号不存在"),
        (401, "SIGN_ERROR", "商户证书已过期"),
        (403, "NO_AUTH", "商户无权限"),
        (403, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起"),
        (400, "PARAM_ERROR", "平台证书序列号Wechatpay-Serial错误"),
        (400, "PARAM_ERROR", "输入源“/body/notify_url”映射到值字段“退款结果回调url”字符串规则校验失败"),
    ] {
        let error = refund(status, code, message).await;
        assert!(matches!(error, CallError::Postponed { .. }), "{code}: {error}");
    }
    for (status, code, message) in [
        (202, "", ""),
        (429, "RATELIMIT_EXCEEDED", "频率超限"),
        (429, "FREQUENCY_LIMITED", "频率超限"),
        (500, "BANK_ERROR", "银行系统异常"),
        (500, "SYSTEM_ERROR", "系统异常"),
        (403, "RULE_LIMIT", "业务规则限制"),
        (403, "TRADE_ERROR", "交易错误"),
        (403, "ACCOUNT_ERROR", "账户异常"),
        (400, "A_CODE_OF_TOMORROW", "不可以"),
        (502, "", ""),
    ] {
        let error = refund(status, code, message).await;
        assert!(matches!(error, CallError::InDoubt(_)), "{status} {code}: {error}");
    }
    let error = refund(404, "RESOURCE_NOT_EXISTS", "订单不存在").await;
    assert_eq!(matches!(error, CallError::Refused { .. }), hospital.quirks.signs_refusals, "{error}");
    assert!(hospital.wechat.refund(&request).await.is_ok(), "nothing of all this had taken it");
    assert_eq!(hospital.sim.ledger().refunds.len(), 1);
}

async fn refunds_close_together_are_doubt_and_the_second_goes_out_later(hospital: Hospital) {
    let order = hospital.order("P2601011200000116", 1250).await;
    let paid = hospital.paid(&order).await;
    hospital.wechat.refund(&hospital.refund("R2601011200000116", &order, &paid, 500)).await.expect("taken");
    let second = hospital.refund("R2601011200000117", &order, &paid, 500);
    let error = hospital.wechat.refund(&second).await.expect_err("too soon");
    assert!(matches!(error, CallError::InDoubt(_)), "{error}");
    hospital.pass_seconds(61);
    assert!(hospital.wechat.refund(&second).await.is_ok());
}

async fn a_rate_limit_leaves_a_refund_in_doubt_and_its_number_is_asked_after(hospital: Hospital) {
    let order = hospital.order("P2601011200000118", 1250).await;
    let paid = hospital.paid(&order).await;
    let request = hospital.refund("R2601011200000118", &order, &paid, 500);
    for (when, taken) in [(When::Before, false), (When::After, true)] {
        hospital.fault("wechat.refund", Fault::Status { status: 429, when });
        let error = hospital.wechat.refund(&request).await.expect_err("too many");
        assert!(matches!(error, CallError::InDoubt(_)), "{error}");
        let seen = hospital.wechat.query_refund(&request).await.expect("an answer").seen;
        assert_eq!(matches!(seen, SightedRefund::Processing { .. }), taken, "{seen:?}");
    }
    assert_eq!(hospital.sim.ledger().refunds.len(), 1);
}

async fn a_notification_that_tells_another_amount_is_told_as_it_stands(hospital: Hospital) {
    let order = hospital.order("P2601011200000119", 1250).await;
    let paid = hospital.paid(&order).await;
    hospital.hears().await;
    hospital.fault("wechat.notify.refund", Fault::NotifyDefect { defect: Defect::WrongAmount });
    hospital.wechat.refund(&hospital.refund("R2601011200000119", &order, &paid, 500)).await.expect("taken");
    hospital.pass_seconds(3);
    let News::Refund(told) = hospital.told().await.expect("genuine").into_news() else { panic!("a refund") };
    assert_eq!(told.amount, Some(amount(501)), "whoever asked for it compares");
}
