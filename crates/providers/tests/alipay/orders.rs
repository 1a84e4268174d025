//! Orders in the app, on a screen and in a browser.

use crate::hospital::{Hospital, get, refund_request};
use mingfen_domain::Amount;
use mingfen_domain::ids::ProviderTradeNo;
use mingfen_provider_api::{CallError, News, PayerScene, Presentation, Sighted, SightedRefund};
use mingfen_simulator::alipay::{Quirks, Refusal};
use mingfen_simulator::faults::{Fault, Rule, When};

#[tokio::test]
async fn a_patient_pays_in_the_app_and_gets_a_part_back() {
    let hospital = Hospital::open().await;
    let trade_no = hospital.paid("H20260305000001", 8850).await;
    match &hospital.told().await[..] {
        [News::Order(sighting)] => {
            assert!(matches!(&sighting.seen, Sighted::Paid { amount, provider_trade_no, .. }
                if amount.get() == 8850 && provider_trade_no.as_str() == trade_no))
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(hospital.query("H20260305000001").await, Ok(Sighted::Paid { .. })));
    let inquiry = hospital.channel.inquiry().expect("an ability");
    let number = ProviderTradeNo::parse(trade_no.as_str()).expect("a number");
    let by_their_number =
        inquiry.query_by_provider_trade_no(&number).await.expect("an answer").expect("found");
    assert_eq!(by_their_number.out_trade_no.as_str(), "H20260305000001");
    assert!(matches!(by_their_number.seen, Sighted::Paid { .. }));
    let unknown = ProviderTradeNo::parse("2026030522001400000000000000").expect("a number");
    assert_eq!(inquiry.query_by_provider_trade_no(&unknown).await, Ok(None));
    assert!(
        matches!(hospital.close("H20260305000001").await, Ok(Sighted::Paid { .. })),
        "a paid order is not closed"
    );

    let first = refund_request("R20260305000001", "H20260305000001", &trade_no, 850, 8850);
    let refunds = hospital.channel.refunds().expect("an ability");
    assert_eq!(refunds.query_refund(&first).await.map(|found| found.seen), Ok(SightedRefund::Missing));
    for _ in 0..2 {
        let sighting = hospital.refund(&first).await.expect("a refund");
        assert!(matches!(sighting.seen, SightedRefund::Succeeded { .. }), "{sighting:?}");
        hospital.simulator.clock().advance_ms(10_000);
    }
    let second = refund_request("R20260305000002", "H20260305000001", &trade_no, 8000, 8850);
    hospital.refund(&second).await.expect("a refund");
    let asked = refunds.query_refund(&second).await.expect("an answer");
    assert_eq!(asked.amount.map(Amount::get), Some(8000), "of this refund, not of all");

    let told = hospital.told().await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|news| matches!(news, News::Refund(_))), "{told:?}");
    assert!(
        matches!(hospital.query("H20260305000001").await, Ok(Sighted::Paid { .. })),
        "refunded whole and closed, it was paid all the same"
    );
    let ledger = hospital.simulator.ledger();
    assert_eq!(ledger.payments[0].refunded_fen, 8850);
}

#[tokio::test]
async fn a_code_is_missing_until_it_is_scanned() {
    let hospital = Hospital::open().await;
    let request = hospital.order("H20260305000002", 100, PayerScene::ShownCode);
    let opened = hospital.channel.open_order(&request).await.expect("a code");
    assert_eq!(hospital.query("H20260305000002").await, Ok(Sighted::Missing));
    assert_eq!(hospital.close("H20260305000002").await, Ok(Sighted::Missing));
    let shown = hospital.channel.present(&request, &opened.handle, request.created_at).expect("a code");
    let Presentation::Code { text } = shown else { panic!("{shown:?}") };
    hospital.simulator.alipay().scan(&text).expect("scanned");
    assert_eq!(hospital.query("H20260305000002").await, Ok(Sighted::Waiting));
    assert_eq!(hospital.close("H20260305000002").await, Ok(Sighted::Closed));
    assert_eq!(hospital.query("H20260305000002").await, Ok(Sighted::Closed));
    assert_eq!(hospital.close("H20260305000002").await, Ok(Sighted::Closed), "closing is safe to repeat");
    match &hospital.told().await[..] {
        [News::Order(sighting)] => assert_eq!(sighting.seen, Sighted::Closed),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_browser_is_sent_to_a_page_that_opens_the_order() {
    let hospital = Hospital::open().await;
    let scene = PayerScene::MobileBrowser { client_ip: "203.0.113.7".to_owned() };
    let request = hospital.order("H20260305000003", 100, scene);
    let opened = hospital.channel.open_order(&request).await.expect("an order");
    let page = hospital.channel.present(&request, &opened.handle, request.created_at).expect("an address");
    let Presentation::Redirect { url } = page else { panic!("{page:?}") };
    let (status, location) = get(&url).await;
    assert_eq!(status, 302);
    assert_eq!(hospital.query("H20260305000003").await, Ok(Sighted::Missing));
    get(&location.expect("a cashier page")).await;
    assert_eq!(hospital.query("H20260305000003").await, Ok(Sighted::Waiting));
}

#[tokio::test]
async fn a_lost_answer_is_in_doubt_and_a_repeat_does_no_harm() {
    let hospital = Hospital::open().await;
    let faults = hospital.simulator.faults();
    let request = hospital.order("H20260305000004", 100, PayerScene::InApp(hospital.payer().await));
    faults.add(Rule::next("alipay.create", Fault::Reset { when: When::After }));
    assert!(matches!(hospital.channel.open_order(&request).await, Err(CallError::InDoubt(_))));
    let opened = hospital.channel.open_order(&request).await.expect("the same order");
    hospital.simulator.alipay().pay(&opened.handle).expect("pays");
    let refund = refund_request("R20260305000004", "H20260305000004", &opened.handle, 100, 100);
    for fault in [
        Fault::Reset { when: When::After },
        Fault::Status { status: 500, when: When::Before },
        Fault::Status { status: 502, when: When::After },
        Fault::Truncated,
        Fault::ForgedSignature,
        Fault::Unsigned,
    ] {
        faults.add(Rule::next("alipay.refund", fault.clone()));
        let answer = hospital.refund(&refund).await;
        assert!(matches!(answer, Err(CallError::InDoubt(_))), "{fault:?} {answer:?}");
        hospital.simulator.clock().advance_ms(10_000);
    }
    faults.add(Rule::next("alipay.refund", Fault::Status { status: 429, when: When::Before }));
    assert!(matches!(hospital.refund(&refund).await, Err(CallError::Postponed { .. })));
    let sighting = hospital.refund(&refund).await.expect("an answer");
    assert!(matches!(sighting.seen, SightedRefund::Succeeded { .. }), "{sighting:?}");
    assert_eq!(hospital.simulator.ledger().refunds.len(), 1, "one number is paid out once");
}

#[tokio::test]
async fn answers_with_blanks_and_brackets_in_their_texts_are_read() {
    let hospital = Hospital::open().await;
    hospital.paid("H20260305000050", 100).await;
    let alipay = hospital.simulator.alipay();
    alipay.set_quirks(Quirks { blanks_in_answers: true, ..Quirks::default() });
    assert!(matches!(hospital.query("H20260305000050").await, Ok(Sighted::Paid { .. })));
    let refusal: Refusal = serde_json::from_value(serde_json::json!({
        "code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST", "sub_msg": "交易不存在 }\"]} {\\ [TRADE_NOT_EXIST]",
    }))
    .expect("a refusal");
    alipay.refuse_next("alipay.query", refusal, false, 1);
    assert_eq!(hospital.query("H20260305000050").await, Ok(Sighted::Missing));
}

#[tokio::test]
async fn another_payer_gets_no_order_of_the_first() {
    let hospital = Hospital::open().await;
    let request = hospital.order("H20260305000051", 100, PayerScene::InApp(hospital.payer().await));
    hospital.channel.open_order(&request).await.expect("an order");
    assert!(hospital.simulator.alipay().hand_phone_to("2088000000000002"));
    let other = hospital.order("H20260305000051", 100, PayerScene::InApp(hospital.payer().await));
    let ended = hospital.channel.open_order(&other).await;
    assert!(matches!(&ended, Err(CallError::InDoubt(why)) if why.contains("BUYER_NOT_MATCH")), "{ended:?}");
}

#[tokio::test]
async fn a_page_that_alipay_refuses_opens_nothing() {
    let hospital = Hospital::open().await;
    let scene = PayerScene::MobileBrowser { client_ip: "203.0.113.7".to_owned() };
    let request = hospital.order("H20260305000052", 100, scene);
    let page = hospital.channel.present(&request, "wap", request.created_at).expect("an address");
    let Presentation::Redirect { url } = page else { panic!("{page:?}") };
    let fault = Fault::Status { status: 500, when: When::Before };
    hospital.simulator.faults().add(Rule::next("alipay.wap", fault));
    assert_eq!(get(&url).await, (200, None));
    assert_eq!(hospital.query("H20260305000052").await, Ok(Sighted::Missing));
    assert_eq!(get(&url).await.0, 302);
}
