//! Authorise, open, show, pay, ask, close.

use super::hospital::{Hospital, NOON, amount, provider_no, trade_no};
use mingfen_domain::Timestamp;
use mingfen_domain::ids::ProviderTradeNo;
use mingfen_provider_api::{
    Authorisation, AuthoriseError, CallError, Inquiry, News, PayerScene, Presentation, Provider, Sighted,
};

#[tokio::test]
async fn a_patient_authorises_pays_in_the_app_and_we_are_told() {
    let hospital = Hospital::open().await;
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
    assert_eq!(by_their_number, Ok(told));
}

#[tokio::test]
async fn a_code_is_good_for_one_exchange() {
    let hospital = Hospital::open().await;
    let code = hospital.sim.wechat().issue_code("wx1111111111111111", "u1");
    let payer = hospital.wechat.payer(&code).await.expect("a payer");
    assert_eq!(payer.id, hospital.sim.wechat().openid("u1", "wx1111111111111111"));
    assert_eq!(hospital.wechat.payer(&code).await, Err(AuthoriseError::CodeSpent));
    assert_eq!(hospital.wechat.payer("nonsense").await, Err(AuthoriseError::CodeSpent));
    let wrong_secret = hospital.with_settings("").authorise_url("https://x.example/", "s");
    assert!(wrong_secret.starts_with(&hospital.sim.base_url));
}

#[tokio::test]
async fn the_same_order_may_be_opened_again_and_another_under_its_number_is_doubt() {
    let hospital = Hospital::open().await;
    let mut order = hospital.order("P2601011200000002", 1250).await;
    assert!(hospital.wechat.open_order(&order).await.is_ok());
    hospital.pass_seconds(60);
    assert!(hospital.wechat.open_order(&order).await.is_ok(), "the same bytes");
    order.amount = amount(1251);
    let error = hospital.wechat.open_order(&order).await.expect_err("another amount");
    assert!(matches!(error, CallError::InDoubt(_)), "{error}");
}

#[tokio::test]
async fn opening_a_paid_order_is_doubt_and_never_a_no() {
    let hospital = Hospital::open().await;
    let order = hospital.order("P2601011200000003", 1250).await;
    hospital.paid(&order).await;
    let error = hospital.wechat.open_order(&order).await.expect_err("paid already");
    assert!(matches!(error, CallError::InDoubt(_)), "{error}");
}

#[tokio::test]
async fn a_code_is_shown_and_scanned() {
    let hospital = Hospital::open().await;
    let order = hospital.shown_order("P2601011200000004", 990);
    let opened = hospital.wechat.open_order(&order).await.expect("opens");
    let shown = hospital.wechat.present(&order, &opened.handle, order.created_at).expect("a code");
    let Presentation::Code { text } = shown else { panic!("{shown:?}") };
    let sim = hospital.sim.wechat();
    let (mchid, number) = sim.scan(&text, "u2").expect("scans");
    sim.pay(&mchid, &number, Some("u2")).expect("pays");
    assert!(matches!(hospital.seen(&order).await, Sighted::Paid { amount: paid, .. } if paid == amount(990)));
}

#[tokio::test]
async fn a_browser_outside_the_app_is_sent_to_the_cashier_page() {
    let hospital = Hospital::open().await;
    let mut order = hospital.shown_order("P2601011200000005", 990);
    order.scene = PayerScene::MobileBrowser { client_ip: "203.0.113.7".to_owned() };
    let opened = hospital.wechat.open_order(&order).await.expect("opens");
    assert_eq!(opened.usable_until, Timestamp::from_seconds(NOON + 285));
    let shown = hospital.wechat.present(&order, &opened.handle, order.created_at).expect("an address");
    let Presentation::Redirect { url } = shown else { panic!("{shown:?}") };
    assert!(url.ends_with("redirect_url=https%3A%2F%2Fpay.hospital.example%2Fr"), "{url}");
}

#[tokio::test]
async fn an_unpaid_order_is_closed_and_a_paid_one_comes_back_paid() {
    let hospital = Hospital::open().await;
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

#[tokio::test]
async fn a_number_that_never_reached_wechat_is_missing_and_closing_burns_it() {
    let hospital = Hospital::open().await;
    let order = hospital.order("P2601011200000008", 1250).await;
    assert_eq!(hospital.seen(&order).await, Sighted::Missing);
    let closed = hospital.wechat.close(&order.out_trade_no).await.expect("closes");
    assert_eq!(closed.seen, Sighted::Closed);
    assert!(hospital.wechat.open_order(&order).await.is_err(), "a late create call cannot succeed");
}

#[tokio::test]
async fn an_unknown_number_of_theirs_is_refused() {
    let hospital = Hospital::open().await;
    let number = ProviderTradeNo::parse("4200000000000000000000000000").expect("a number");
    let error = hospital.wechat.query_by_provider_trade_no(&number).await.expect_err("unknown");
    assert!(matches!(error, CallError::Refused { .. }), "{error}");
    assert_eq!(hospital.wechat.channel().as_str(), "wechat");
    assert!(hospital.wechat.query(&trade_no("P2601011299999999")).await.is_ok());
}
