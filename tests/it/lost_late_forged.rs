//! News that never comes, comes late, or is not true.

use mingfen_domain::ids::{OutTradeNo, ProviderTradeNo};
use mingfen_domain::payment::State;
use mingfen_domain::{Amount, Clock, Fen, refund};
use mingfen_gateway::service::{
    Recorded, RefundAsked, RefundTarget, RefundWay, Source, Way, record_sighting, request_refund,
};
use mingfen_provider_api::{OrderSighting, Sighted};
use mingfen_simulator::faults::{Defect, Fault, Rule, When};
use mingfen_simulator::his::{Slip, SlipStatus};
use mingfen_tests::{App, CARD, Hospital, record_a_close_that_never_was};

stories!(
    a_notification_that_never_comes_is_healed_by_asking,
    a_waiting_page_asks_when_the_patient_looks,
    an_unpaid_order_is_closed_at_its_deadline,
    a_not_found_ends_no_order_before_it_was_closed,
    money_after_the_close_is_booked_when_the_slip_is_still_owed,
    money_for_a_slip_that_another_order_paid_goes_back,
    another_amount_goes_back_on_a_persons_word_and_the_slip_is_paid_anew,
    another_amount_is_held_and_put_before_a_person,
    nothing_forged_is_applied,
    news_older_than_five_minutes_is_refused,
    a_body_of_a_megabyte_is_refused,
    news_in_another_charset_is_kept_and_moves_nothing,
);

async fn a_notification_that_never_comes_is_healed_by_asking(hospital: Hospital) {
    for (app, call) in [(App::Wechat, "wechat.notify.payment"), (App::Alipay, "alipay.notify.payment")] {
        hospital.simulator.faults().add(Rule::every(call, Fault::NotifyLost));
        let card = if app == App::Wechat { CARD } else { "A10023847718" };
        let mut patient = hospital.patient(card, app).await;
        let sheet = patient.pays(&[1]).await;
        hospital.lives_through(30, 5).await;
        assert_eq!(patient.looks_at_result(&sheet).await.heading(), "支付成功");
    }
    assert!(hospital.kept_notifications().await.is_empty());
    hospital.verifies().await;
}

async fn a_waiting_page_asks_when_the_patient_looks(hospital: Hospital) {
    hospital.simulator.faults().add(Rule::every("wechat.notify.payment", Fault::NotifyLost));
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    let waiting = patient.looks_at_result(&sheet).await;
    waiting.says("还不知道扣没扣，请不要重复支付");
    patient.pays_in_the_sheet(&sheet).await;
    hospital.time_passes(5);
    hospital.settles().await;
    assert_eq!(patient.looks_at_result(&sheet).await.heading(), "支付成功");
}

async fn an_unpaid_order_is_closed_at_its_deadline(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    hospital.lives_through(1200, 60).await;
    let orders = hospital.simulator.ledger().payments;
    assert_eq!(
        orders.iter().map(|order| order.state.as_str()).collect::<Vec<_>>(),
        ["CLOSED"],
        "at the provider, not only here"
    );
    patient.looks_at_result(&sheet).await.says("钱没有扣");
    // The slip is free: the same patient pays it after all.
    let sheet = patient.pays(&[1]).await;
    hospital.lives_through(10, 5).await;
    assert_eq!(patient.looks_at_result(&sheet).await.heading(), "支付成功");
    hospital.verifies().await;
}

/// WeChat does not sign "not found", so anybody on the way could say it: only the signed answer to a close ends the order.
async fn a_not_found_ends_no_order_before_it_was_closed(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    let order = {
        let orders = hospital.simulator.ledger().payments;
        OutTradeNo::parse(orders[0].out_trade_no.as_str()).expect("a number")
    };
    let state = async || {
        let record = hospital.store().payment(&order).await.expect("readable").expect("stored");
        record.payment.state
    };
    hospital.time_passes(900 + 601);
    let (code, message) = ("ORDER_NOT_EXIST".to_owned(), "订单不存在".to_owned());
    let not_found = Fault::Refusal { status: 404, code, message, when: When::Before };
    hospital.simulator.faults().add(Rule::every("wechat.query", not_found));
    patient.looks_at_result(&sheet).await;
    assert!(state().await.is_live(), "a look at the page closes nothing: {:?}", state().await);
    hospital.lives_through(60, 30).await;
    assert!(matches!(state().await, State::Closed(_)), "{:?}", state().await);
    assert_eq!(hospital.simulator.ledger().payments[0].state, "CLOSED", "at the provider too");
}

/// What the provider would say if the payer had slipped through at the last moment.
async fn pays_late(hospital: &Hospital, order: &OutTradeNo, fen: Option<i64>) -> Recorded {
    let record = hospital.store().payment(order).await.expect("readable").expect("stored");
    let amount = fen.map_or(record.payment.amount, |fen| Amount::from_fen(fen).expect("an amount"));
    let sighting = OrderSighting {
        out_trade_no: order.clone(),
        seen: Sighted::Paid {
            provider_trade_no: ProviderTradeNo::parse("4200000000000000000000009999").expect("a number"),
            amount,
            paid_at: hospital.clock.now(),
        },
    };
    record_sighting(hospital.gateway(), &sighting, Source::ours(Way::Query)).await.expect("recorded")
}

/// The order that was made first.
fn first_order(hospital: &Hospital) -> OutTradeNo {
    OutTradeNo::parse(hospital.simulator.ledger().payments[0].out_trade_no.as_str()).expect("a number")
}

async fn money_after_the_close_is_booked_when_the_slip_is_still_owed(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    hospital.lives_through(1200, 60).await;
    let order = first_order(&hospital);
    assert!(matches!(pays_late(&hospital, &order, None).await, Recorded::Applied(State::Paid(_))));
    hospital.lives_through(30, 10).await;
    assert_eq!(patient.looks_at_result(&sheet).await.heading(), "支付成功");
    hospital.verifies().await;
}

async fn money_for_a_slip_that_another_order_paid_goes_back(hospital: Hospital) {
    let mut first = hospital.patient(CARD, App::Wechat).await;
    let mut second = hospital.patient(CARD, App::Alipay).await;
    let sheet = first.goes_to_the_sheet(&[1]).await;
    let late = first_order(&hospital);
    record_a_close_that_never_was(hospital.store(), &late, hospital.clock.now()).await;
    hospital.settles().await;
    second.pays(&[1]).await;
    hospital.settles().await;
    first.pays_in_the_sheet(&sheet).await;
    hospital.settles().await;
    let record = hospital.store().payment(&late).await.expect("readable").expect("stored");
    assert!(matches!(record.payment.state, State::Suspense { .. }), "{:?}", record.payment.state);
    first.looks_at_result(&sheet).await.says("多付的这一笔退给您");

    hospital.lives_through(120, 10).await;
    let refunds = hospital.store().refunds_of_bill(&record.payment.bill_no).await.expect("readable");
    assert_eq!(refunds.len(), 1, "all of it goes back by itself");
    assert_eq!(refunds[0].refund.amount, record.payment.amount);
    assert!(matches!(refunds[0].refund.state, refund::State::Succeeded { .. }), "{:?}", refunds[0].refund);
    let mut paid: Vec<_> = hospital.simulator.ledger().payments;
    paid.sort_by_key(|payment| payment.refunded_fen);
    let back: Vec<_> = paid.iter().map(|payment| (payment.paid_fen, payment.refunded_fen)).collect();
    let fen = record.payment.amount.get();
    assert_eq!(back, [(fen, 0), (fen, fen)], "at the provider, not only here");
    assert_eq!(hospital.simulator.his().records().bookings().len(), 1);
    hospital.holds_nothing().await;
}

async fn another_amount_goes_back_on_a_persons_word_and_the_slip_is_paid_anew(hospital: Hospital) {
    hospital.simulator.faults().add(Rule::next("wechat.pay", Fault::Amount { delta_fen: -100 }));
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.pays(&[1]).await;
    hospital.lives_through(10, 5).await;
    let order = first_order(&hospital);
    let record = hospital.store().payment(&order).await.expect("readable").expect("stored");
    let received = record.payment.state.received().expect("money").amount;
    assert_eq!(received.get(), record.payment.amount.get() - 100);
    patient.looks_at_result(&sheet).await.says("请不要重复支付");

    let asked = RefundAsked {
        target: RefundTarget::Order(order.clone()),
        amount: None,
        slip_no: None,
        reason: "金额不符，原路退回".to_owned(),
        origin: refund::Origin::Cashier,
        requested_by: "finance-01".to_owned(),
        request_key: None,
        by: RefundWay::Channel,
    };
    request_refund(hospital.gateway(), asked).await.expect("asked for");
    hospital.lives_through(120, 10).await;
    let ledger = hospital.simulator.ledger();
    assert_eq!(
        (ledger.payments[0].paid_fen, ledger.payments[0].refunded_fen),
        (received.get(), received.get())
    );
    hospital.holds_nothing().await;

    let sheet = patient.pays(&[1]).await;
    hospital.lives_through(10, 5).await;
    assert_eq!(patient.looks_at_result(&sheet).await.heading(), "支付成功");
    let bookings: Vec<i64> =
        hospital.simulator.his().records().bookings().iter().map(|booking| booking.total_fen).collect();
    assert_eq!(bookings, [record.payment.amount.get()]);
    hospital.holds_nothing().await;
}

async fn another_amount_is_held_and_put_before_a_person(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    let order = first_order(&hospital);
    assert!(matches!(pays_late(&hospital, &order, Some(1)).await, Recorded::Applied(State::Suspense { .. })));
    hospital.lives_through(10, 5).await;
    let story = hospital.story(order.as_str()).await;
    assert_eq!(story.received, Fen::new(1));
    assert!(
        story.open_tasks.iter().any(|task| task.contains("wrong_amount") && task.contains("parked")),
        "{:#?}",
        story.open_tasks
    );
    patient.looks_at_result(&sheet).await.says("请不要重复支付");
    assert!(hospital.simulator.his().records().bookings().is_empty());
    hospital.verifies().await;
}

async fn nothing_forged_is_applied(hospital: Hospital) {
    let defects = [
        Defect::Forged,
        Defect::Tampered,
        Defect::Probe,
        Defect::WrongSerial,
        Defect::Stale,
        Defect::WrongApp,
        Defect::OtherMerchant,
    ];
    for (number, defect) in defects.into_iter().enumerate() {
        hospital.writes_slip(CARD, &format!("复查 {number}"), 1_000);
        let mut patient = hospital.patient(CARD, App::Wechat).await;
        hospital.simulator.faults().add(Rule::next("wechat.notify.payment", Fault::NotifyDefect { defect }));
        let before = hospital.kept_notifications().await.len();
        let sheet = patient.pays(&[1]).await;
        hospital.simulator.pump().await;
        let kept = hospital.kept_notifications().await.split_off(before);
        assert!(!kept.is_empty(), "{defect:?}: the evidence is kept");
        assert!(
            kept.iter().all(|kept| kept.verdict.starts_with("not_verified")),
            "{defect:?}: {:?}",
            kept[0].verdict
        );
        // Then the truth comes: the resend, or our own question.
        hospital.lives_through(60, 5).await;
        assert_eq!(patient.looks_at_result(&sheet).await.heading(), "支付成功", "{defect:?}");
        let charged = |slip: &&Slip| slip.status == SlipStatus::Paid;
        let paid = hospital.simulator.his().records().slips_of(CARD).filter(charged).count();
        assert_eq!(paid, number + 1, "{defect:?}: one more slip is paid, and once");
    }
    hospital.holds_nothing().await;
}

async fn news_older_than_five_minutes_is_refused(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    patient.pays(&[1]).await;
    hospital.refuses_all_news_for_once().await;
    let kept = hospital.kept_notifications().await.remove(0);
    assert!(kept.verdict.starts_with("not_verified"), "{}", kept.verdict);
    hospital.time_passes(301);
    let (status, body) = kept.sent_to(&hospital.replica.public_url).await;
    assert!((400..=599).contains(&status), "{status} {body}");
    hospital.settles().await;
    hospital.verifies().await;
}

async fn a_body_of_a_megabyte_is_refused(hospital: Hospital) {
    let url = format!("{}/n/wechat-main", hospital.replica.public_url);
    let answer = reqwest::Client::new().post(url).body(vec![b'x'; 1 << 20]).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 413);
    assert!(hospital.kept_notifications().await.is_empty());
}

/// The genuine words in the other charset of these gateways, and words that are no UTF-8 at all.
async fn news_in_another_charset_is_kept_and_moves_nothing(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Alipay).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    hospital.simulator.faults().add(Rule::every("alipay.notify.payment", Fault::NotifyLost));
    patient.pays_in_the_sheet(&sheet).await;
    let order = first_order(&hospital);
    // "支付成功" in GBK.
    let gbk = b"\xd6\xa7\xb8\xb6\xb3\xc9\xb9\xa6";
    let mut form = format!(
        "charset=GBK&sign_type=RSA2&sign=AAAA&trade_status=TRADE_SUCCESS&out_trade_no={order}&subject="
    );
    form.push_str("%D6%A7%B8%B6");
    let mut raw_form = form.clone().into_bytes();
    raw_form.extend_from_slice(gbk);
    let mut json = br#"{"id":"1","event_type":"TRANSACTION.SUCCESS","summary":""#.to_vec();
    json.extend_from_slice(gbk);
    json.extend_from_slice(br#"","resource":{}}"#);
    for (channel, content_type, body) in [
        ("alipay-main", "application/x-www-form-urlencoded; charset=GBK", form.into_bytes()),
        ("alipay-main", "application/x-www-form-urlencoded", raw_form),
        ("wechat-main", "application/json; charset=GBK", json),
    ] {
        let url = format!("{}/n/{channel}", hospital.replica.public_url);
        let request =
            reqwest::Client::new().post(url).header("content-type", content_type).body(body.clone());
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let said = answer.text().await.expect("a text");
        assert!(status >= 400 || said != "success", "{channel} was acknowledged: {status} {said}");
        let kept = hospital.kept_notifications().await.pop().expect("it is kept");
        assert_eq!(kept.body, body, "byte for byte");
        assert!(kept.verdict.starts_with("not_verified"), "{}", kept.verdict);
    }
    hospital.lives_through(60, 5).await;
    assert_eq!(patient.looks_at_result(&sheet).await.heading(), "支付成功", "the query found out");
    assert_eq!(hospital.simulator.his().records().bookings().len(), 1);
    hospital.verifies().await;
}
