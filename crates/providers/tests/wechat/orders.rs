//! Authorise, open, show, pay, ask, close.

use super::hospital::{Hospital, NOON, amount, provider_no, trade_no};
use mingfen_domain::Timestamp;
use mingfen_domain::ids::ProviderTradeNo;
use mingfen_provider_api::{
    Authorisation, AuthoriseError, CallError, Inquiry, News, PayerScene, Presentation, Provider, Sighted,
};
use mingfen_simulator::faults::{Fault, When};
use mingfen_simulator::wechat::quirks::{PaidAnswer, Quirks};

readings!(
    an_order_that_is_paid_between_question_and_close_comes_back_paid,
    a_not_found_is_missing_signed_or_not_and_never_when_signed_wrongly,
    codes_that_leave_an_order_in_doubt_and_codes_that_end_it,
    an_order_whose_time_is_over_is_closed,
    a_patient_authorises_pays_in_the_app_and_we_are_told,
    a_code_is_good_for_one_exchange,
    the_same_order_may_be_opened_again_and_another_under_its_number_is_doubt,
    opening_a_paid_order_is_doubt_and_never_a_no,
    a_code_is_shown_and_scanned,
    a_browser_outside_the_app_is_sent_to_the_cashier_page,
    an_unpaid_order_is_closed_and_a_paid_one_comes_back_paid,
    a_number_that_never_reached_wechat_is_missing_and_closing_burns_it,
    an_unknown_number_of_theirs_is_nobodys,
);

async fn a_patient_authorises_pays_in_the_app_and_we_are_told(hospital: Hospital) {
    let order = hospital.order("P2601011200000001", 1250).await;
    let opened = hospital.wechat.open_order(&order).await.expect("opens");
    assert!(opened.handle.starts_with("wx"), "{}", opened.handle);
    assert_eq!(hospital.seen(&order).await, Sighted::Waiting);
    hospital.pays_in_app(&order, &opened);
    let verified = hospital.told().await.expect("genuine");
    let News::Order(told) = verified.into_news() else { panic!("news of an order") };
    assert_eq!(told.out_trade_no, order.out_trade_no);
    assert_eq!(told.seen, hospital.seen(&order).await, "a notification and a query say the same");
    let Sighted::Paid { amount: paid, paid_at, .. } = &told.seen else { panic!("{:?}", told.seen) };
    assert_eq!((*paid, *paid_at), (amount(1250), Timestamp::from_seconds(NOON)));
    let by_their_number = hospital.wechat.query_by_provider_trade_no(&provider_no(&told.seen)).await;
    assert_eq!(by_their_number, Ok(Some(told)));
}

async fn a_code_is_good_for_one_exchange(hospital: Hospital) {
    let code = hospital.sim.wechat().issue_code("wx1111111111111111", "u1");
    let payer = hospital.wechat.payer(&code).await.expect("a payer");
    assert_eq!(payer.id, hospital.sim.wechat().openid("u1", "wx1111111111111111"));
    assert_eq!(hospital.wechat.payer(&code).await, Err(AuthoriseError::CodeSpent));
    assert_eq!(hospital.wechat.payer("nonsense").await, Err(AuthoriseError::CodeSpent));
    let wrong_secret = hospital.with_settings("").authorise_url("https://x.example/", "s");
    assert!(wrong_secret.starts_with(&hospital.sim.base_url));
}

async fn the_same_order_may_be_opened_again_and_another_under_its_number_is_doubt(hospital: Hospital) {
    let mut order = hospital.order("P2601011200000002", 1250).await;
    assert!(hospital.wechat.open_order(&order).await.is_ok());
    hospital.pass_seconds(60);
    assert!(hospital.wechat.open_order(&order).await.is_ok(), "the same bytes");
    order.amount = amount(1251);
    let error = hospital.wechat.open_order(&order).await.expect_err("another amount");
    assert!(matches!(error, CallError::InDoubt(_)), "{error}");
}

async fn opening_a_paid_order_is_doubt_and_never_a_no(hospital: Hospital) {
    let order = hospital.order("P2601011200000003", 1250).await;
    hospital.paid(&order).await;
    let error = hospital.wechat.open_order(&order).await.expect_err("paid already");
    assert!(matches!(error, CallError::InDoubt(_)), "{error}");
}

async fn a_code_is_shown_and_scanned(hospital: Hospital) {
    let order = hospital.shown_order("P2601011200000004", 990);
    let opened = hospital.wechat.open_order(&order).await.expect("opens");
    let shown = hospital.wechat.present(&order, &opened.handle, order.created_at).expect("a code");
    let Presentation::Code { text } = shown else { panic!("{shown:?}") };
    let sim = hospital.sim.wechat();
    let (mchid, number) = sim.scan(&text, "u2").expect("scans");
    sim.pay(&mchid, &number, Some("u2")).expect("pays");
    assert!(matches!(hospital.seen(&order).await, Sighted::Paid { amount: paid, .. } if paid == amount(990)));
}

async fn a_browser_outside_the_app_is_sent_to_the_cashier_page(hospital: Hospital) {
    let mut order = hospital.shown_order("P2601011200000005", 990);
    order.scene = PayerScene::MobileBrowser { client_ip: "203.0.113.7".to_owned() };
    let opened = hospital.wechat.open_order(&order).await.expect("opens");
    assert_eq!(opened.usable_until, Timestamp::from_seconds(NOON + 285));
    let shown = hospital.wechat.present(&order, &opened.handle, order.created_at).expect("an address");
    let Presentation::Redirect { url } = shown else { panic!("{shown:?}") };
    assert!(url.ends_with("redirect_url=https%3A%2F%2Fpay.hospital.example%2Fr"), "{url}");
}

async fn an_unpaid_order_is_closed_and_a_paid_one_comes_back_paid(hospital: Hospital) {
    let open = hospital.order("P2601011200000006", 1250).await;
    hospital.wechat.open_order(&open).await.expect("opens");
    for _ in 0..2 {
        let closed = hospital.wechat.close(&open.out_trade_no).await.expect("closes");
        assert_eq!(closed.seen, Sighted::Closed);
    }
    let error = hospital.wechat.open_order(&open).await.expect_err("closed");
    assert!(matches!(error, CallError::Refused { .. }), "{error}");

    let paid = hospital.order("P2601011200000007", 1250).await;
    let seen = hospital.paid(&paid).await;
    let closes_before = hospital.sim.calls().count("wechat.close");
    assert_eq!(hospital.wechat.close(&paid.out_trade_no).await.map(|sighting| sighting.seen), Ok(seen));
    assert_eq!(hospital.sim.calls().count("wechat.close"), closes_before, "a paid order is not even asked");
}

async fn a_number_that_never_reached_wechat_is_missing_and_closing_burns_it(hospital: Hospital) {
    let order = hospital.order("P2601011200000008", 1250).await;
    assert_eq!(hospital.seen(&order).await, Sighted::Missing);
    let closed = hospital.wechat.close(&order.out_trade_no).await.expect("closes");
    assert_eq!(closed.seen, Sighted::Closed);
    let late = hospital.wechat.open_order(&order).await;
    assert_eq!(late.is_err(), hospital.quirks.close_burns_unknown_numbers, "a late create call: {late:?}");
}

async fn an_unknown_number_of_theirs_is_nobodys(hospital: Hospital) {
    let number = ProviderTradeNo::parse("4200000000000000000000000000").expect("a number");
    assert_eq!(hospital.wechat.query_by_provider_trade_no(&number).await, Ok(None));
    assert_eq!(hospital.wechat.channel().as_str(), "wechat");
    assert!(hospital.wechat.query(&trade_no("P2601011299999999")).await.is_ok());
}

async fn a_not_found_is_missing_signed_or_not_and_never_when_signed_wrongly(hospital: Hospital) {
    let number = trade_no("P2601011200000009");
    let seen = hospital.wechat.query(&number).await.map(|sighting| sighting.seen);
    assert_eq!(seen, Ok(Sighted::Missing));
    if hospital.quirks.signs_refusals {
        for fault in [Fault::ForgedSignature, Fault::ProbeSignature, Fault::WrongSerial] {
            hospital.fault("wechat.query", fault.clone());
            let error = hospital.wechat.query(&number).await.expect_err("signed wrongly");
            assert!(matches!(error, CallError::InDoubt(_)), "{fault:?}: {error}");
        }
        hospital.fault("wechat.query", Fault::Unsigned);
        let seen = hospital.wechat.query(&number).await.map(|sighting| sighting.seen);
        assert_eq!(seen, Ok(Sighted::Missing));
    }
}

async fn codes_that_leave_an_order_in_doubt_and_codes_that_end_it(hospital: Hospital) {
    let order = hospital.order("P2601011200000010", 1250).await;
    let open = async |status: u16, code: &str, message: &str| {
        hospital.says("wechat.jsapi", status, code, message, When::Before);
        hospital.wechat.open_order(&order).await.expect_err("refused")
    };
    for (status, code, message) in [
        (403, "OUT_TRADE_NO_USED", "商户订单号重复"),
        (500, "BANK_ERROR", "银行系统异常"),
        (500, "SYSTEM_ERROR", "系统异常"),
        (202, "USERPAYING", "用户支付中"),
        (202, "", ""),
    ] {
        let error = open(status, code, message).await;
        assert!(matches!(error, CallError::InDoubt(_)), "{status} {code}: {error}");
    }
    for (status, code) in [(429, "RATELIMIT_EXCEEDED"), (429, "FREQUENCY_LIMITED")] {
        let error = open(status, code, "频率超限").await;
        assert!(matches!(error, CallError::Postponed { .. }), "{status} {code}: {error}");
    }
    for (status, code) in [(403, "USER_ACCOUNT_ABNORMAL"), (403, "RULE_LIMIT"), (400, "PARAM_ERROR")] {
        let error = open(status, code, "不可以").await;
        assert!(matches!(error, CallError::Refused { .. }), "{status} {code}: {error}");
    }
    assert!(hospital.wechat.open_order(&order).await.is_ok());
}

async fn an_order_whose_time_is_over_is_closed(hospital: Hospital) {
    let order = hospital.order("P2601011200000011", 1250).await;
    hospital.wechat.open_order(&order).await.expect("opens");
    hospital.pass_seconds(1801);
    let seen = hospital.seen(&order).await;
    let wanted = if hospital.quirks.closes_at_expiry { Sighted::Closed } else { Sighted::Waiting };
    assert_eq!(seen, wanted);
    let closed = hospital.wechat.close(&order.out_trade_no).await.expect("closes");
    assert_eq!(closed.seen, Sighted::Closed);
}

async fn an_order_that_is_paid_between_question_and_close_comes_back_paid(hospital: Hospital) {
    let order = hospital.order("P2601011200000012", 1250).await;
    let paid = hospital.paid(&order).await;
    hospital.says("wechat.query", 404, "ORDER_NOT_EXIST", "订单不存在", When::Before);
    let seen = hospital.wechat.close(&order.out_trade_no).await.map(|sighting| sighting.seen);
    assert_eq!(seen, Ok(paid));
    assert_eq!(hospital.sim.calls().count("wechat.close"), 1);
}

#[tokio::test]
async fn paid_already_is_understood_in_all_three_ways_of_saying_it() {
    for paid_answer in [PaidAnswer::Joined, PaidAnswer::Underscored, PaidAnswer::InvalidRequest] {
        let hospital = Hospital::reading(Quirks { paid_answer, ..Quirks::recommended() }).await;
        let order = hospital.order("P2601011200000013", 1250).await;
        let paid = hospital.paid(&order).await;
        let error = hospital.wechat.open_order(&order).await.expect_err("paid already");
        assert!(matches!(error, CallError::InDoubt(_)), "{paid_answer:?}: {error}");
        hospital.says("wechat.query", 404, "ORDER_NOT_EXIST", "订单不存在", When::Before);
        let seen = hospital.wechat.close(&order.out_trade_no).await.map(|sighting| sighting.seen);
        assert_eq!(seen, Ok(paid), "{paid_answer:?}");
    }
}
