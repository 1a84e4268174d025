//! Money back: whole, in parts, at once from everywhere, and never more than was paid.

use futures_util::future::join_all;
use mingfen_domain::books::Account;
use mingfen_domain::ids::OutTradeNo;
use mingfen_domain::refund::{Origin, State};
use mingfen_domain::{Amount, Fen};
use mingfen_gateway::service::{
    RefundAsked, RefundRefused, RefundTarget, RefundWay, close_task, request_refund,
};
use mingfen_simulator::faults::{Fault, Rule, When};
use mingfen_simulator::wechat::book::RefundState;
use mingfen_tests::{App, CARD, Hospital};

stories!(
    a_part_then_the_rest_then_nothing_more,
    sixty_four_refunds_at_once_never_exceed_what_was_paid,
    the_same_request_twice_is_one_refund,
    a_lost_refund_answer_is_asked_about,
    an_abnormal_refund_waits_for_a_person,
    a_refund_that_the_provider_gave_up_is_asked_for_again,
    his_is_asked_first_and_told_after,
    a_refund_news_overtakes_the_answer,
);

/// A patient paid and HIS booked; answers the order.
async fn paid(hospital: &Hospital, app: App) -> OutTradeNo {
    let mut patient = hospital.patient(CARD, app).await;
    patient.pays(&[1]).await;
    hospital.lives_through(10, 5).await;
    let ledger = hospital.simulator.ledger();
    let payment = ledger.payments.iter().find(|payment| payment.paid_fen > 0).expect("paid");
    OutTradeNo::parse(payment.out_trade_no.as_str()).expect("a number")
}

pub(crate) fn asked(order: &OutTradeNo, fen: Option<i64>, key: Option<&str>) -> RefundAsked {
    RefundAsked {
        target: RefundTarget::Order(order.clone()),
        amount: fen.map(|fen| Amount::from_fen(fen).expect("an amount")),
        slip_no: None,
        reason: "退药".to_owned(),
        origin: Origin::Cashier,
        requested_by: "cashier-01".to_owned(),
        request_key: key.map(str::to_owned),
        by: RefundWay::Channel,
    }
}

fn back_at_the_payer(hospital: &Hospital) -> i64 {
    hospital.simulator.ledger().payments.iter().map(|payment| payment.refunded_fen).sum()
}

async fn a_part_then_the_rest_then_nothing_more(hospital: Hospital) {
    let order = paid(&hospital, App::Alipay).await;
    let total =
        hospital.store().payment(&order).await.expect("readable").expect("stored").payment.amount.get();
    request_refund(hospital.gateway(), asked(&order, Some(100), None)).await.expect("a part");
    hospital.lives_through(90, 10).await;
    assert_eq!(back_at_the_payer(&hospital), 100);
    request_refund(hospital.gateway(), asked(&order, None, None)).await.expect("the rest");
    hospital.lives_through(90, 10).await;
    assert_eq!(back_at_the_payer(&hospital), total);
    let more = request_refund(hospital.gateway(), asked(&order, Some(1), None)).await;
    assert!(matches!(more, Err(RefundRefused::NothingLeft)), "{more:?}");
    let story = hospital.story(order.as_str()).await;
    assert_eq!(story.refunded.get(), total);
    assert_eq!(
        hospital.simulator.his().records().refunded_fen(story.bill_no.as_str()),
        total,
        "HIS shows it too"
    );
    hospital.verifies().await;
}

async fn sixty_four_refunds_at_once_never_exceed_what_was_paid(hospital: Hospital) {
    let order = paid(&hospital, App::Alipay).await;
    let total =
        hospital.store().payment(&order).await.expect("readable").expect("stored").payment.amount.get();
    let part = total / 10;
    let answers =
        join_all((0..64).map(|_| request_refund(hospital.gateway(), asked(&order, Some(part), None)))).await;
    let granted = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(granted, 10, "{:?}", answers.iter().filter_map(|answer| answer.as_ref().err()).next());
    hospital.lives_through(300, 10).await;
    assert_eq!(back_at_the_payer(&hospital), part * 10);
    hospital.verifies().await;
}

async fn the_same_request_twice_is_one_refund(hospital: Hospital) {
    let order = paid(&hospital, App::Wechat).await;
    let (one, two) = tokio::join!(
        request_refund(hospital.gateway(), asked(&order, Some(300), Some("his:TF001"))),
        request_refund(hospital.gateway(), asked(&order, Some(300), Some("his:TF001")))
    );
    let numbers: Vec<_> =
        [one, two].into_iter().flatten().map(|record| record.refund.out_refund_no).collect();
    assert!(!numbers.is_empty() && numbers.iter().all(|number| *number == numbers[0]), "{numbers:?}");
    let other = request_refund(hospital.gateway(), asked(&order, Some(301), Some("his:TF001"))).await;
    assert!(matches!(other, Err(RefundRefused::OtherRequest(_))), "{other:?}");
    hospital.lives_through(60, 10).await;
    assert_eq!(back_at_the_payer(&hospital), 300);
    hospital.verifies().await;
}

async fn a_lost_refund_answer_is_asked_about(hospital: Hospital) {
    let order = paid(&hospital, App::Wechat).await;
    hospital.simulator.faults().add(Rule::next("wechat.refund", Fault::Reset { when: When::After }));
    request_refund(hospital.gateway(), asked(&order, None, None)).await.expect("asked for");
    hospital.lives_through(120, 5).await;
    let ledger = hospital.simulator.ledger();
    assert_eq!(ledger.refunds.len(), 1, "one number: {:#?}", ledger.refunds);
    assert_eq!(back_at_the_payer(&hospital), ledger.payments[0].paid_fen);
    hospital.verifies().await;
}

async fn an_abnormal_refund_waits_for_a_person(hospital: Hospital) {
    let order = paid(&hospital, App::Wechat).await;
    hospital.simulator.faults().add(Rule::next("wechat.refund", Fault::RefundAbnormal));
    let record = request_refund(hospital.gateway(), asked(&order, None, None)).await.expect("asked for");
    hospital.lives_through(120, 10).await;
    let record =
        hospital.store().refund(&record.refund.out_refund_no).await.expect("readable").expect("stored");
    assert!(matches!(record.refund.state, State::Abnormal { .. }), "{:?}", record.refund.state);
    let story = hospital.story(order.as_str()).await;
    assert!(
        story.open_tasks.iter().any(|task| task.contains("refund_abnormal") && task.contains("parked")),
        "{:#?}",
        story.open_tasks
    );
    // A person closes the matter; the money arrives by another card and we learn it by asking, told or not.
    let task = format!("ask_person:{}:refund_abnormal", record.refund.out_refund_no);
    close_task(hospital.gateway(), &task, "finance-01", "to another card in the portal")
        .await
        .expect("closed");
    let number = record.refund.out_refund_no.as_str();
    hospital.simulator.faults().add(Rule::every("wechat.notify.refund", Fault::NotifyLost));
    let mchid = hospital.simulator.wechat().merchants()[0].credentials().mchid;
    assert!(hospital.simulator.wechat().end_refund(&mchid, number, RefundState::Success));
    hospital.lives_through(25_000, 5_000).await;
    let story = hospital.story(order.as_str()).await;
    assert_eq!((story.refunded, story.open_tasks.len()), (story.received, 0), "{:#?}", story.open_tasks);
    hospital.verifies().await;
}

async fn a_refund_that_the_provider_gave_up_is_asked_for_again(hospital: Hospital) {
    let order = paid(&hospital, App::Wechat).await;
    let sound = hospital.verifies().await.trial_balance;
    hospital.simulator.faults().add(Rule::next("wechat.refund", Fault::RefundClosed));
    let first = request_refund(hospital.gateway(), asked(&order, None, None)).await.expect("asked for");
    hospital.lives_through(120, 10).await;
    let first =
        hospital.store().refund(&first.refund.out_refund_no).await.expect("readable").expect("stored").refund;
    assert!(matches!(first.state, State::Failed { .. }), "{:?}", first.state);
    assert_eq!(back_at_the_payer(&hospital), 0);
    let story = hospital.story(order.as_str()).await;
    assert!(
        story.open_tasks.iter().any(|task| task.contains("refund_failed") && task.contains("parked")),
        "{:#?}",
        story.open_tasks
    );
    assert_eq!(story.refunded.get(), 0);
    let taken_back = hospital.verifies().await.trial_balance;
    let held = |balance: &[(Account, Fen)]| -> Vec<(Account, Fen)> {
        balance.iter().filter(|(_, fen)| *fen != Fen::ZERO).cloned().collect()
    };
    assert_eq!(held(&taken_back), held(&sound), "as if it had never been asked for");

    // The money is ours to give again, under another number.
    let again = request_refund(hospital.gateway(), asked(&order, None, None)).await.expect("asked for");
    assert_ne!(again.refund.out_refund_no, first.out_refund_no);
    hospital.lives_through(120, 10).await;
    assert_eq!(back_at_the_payer(&hospital), hospital.simulator.ledger().payments[0].paid_fen);
    hospital.holds_nothing().await;
}

async fn his_is_asked_first_and_told_after(hospital: Hospital) {
    let order = paid(&hospital, App::Wechat).await;
    let slip_no = {
        let mut records = hospital.simulator.his().records();
        let slip_no = records
            .slips_of(CARD)
            .find(|slip| slip.status == mingfen_simulator::his::SlipStatus::Paid)
            .expect("charged")
            .slip_no
            .clone();
        records.set_delivered(&slip_no, true).expect("handed out");
        slip_no
    };
    let refused = request_refund(hospital.gateway(), asked(&order, None, None)).await;
    assert!(matches!(refused, Err(RefundRefused::HisSaysNo(_))), "{refused:?}");
    hospital.simulator.his().records().set_delivered(&slip_no, false).expect("brought back");
    request_refund(hospital.gateway(), asked(&order, None, None)).await.expect("allowed now");
    hospital.lives_through(60, 10).await;
    let story = hospital.story(order.as_str()).await;
    assert!(story.open_tasks.is_empty(), "{:#?}", story.open_tasks);
    assert_eq!(hospital.simulator.his().records().refunds_of(story.bill_no.as_str()).count(), 1);
    hospital.verifies().await;
}

async fn a_refund_news_overtakes_the_answer(hospital: Hospital) {
    let order = paid(&hospital, App::Wechat).await;
    // The answer is lost and the provider finishes; the notification is the first that we hear.
    hospital.simulator.faults().add(Rule::next("wechat.refund", Fault::Truncated));
    hospital
        .simulator
        .faults()
        .add(Rule::every("wechat.query_refund", Fault::Status { status: 500, when: When::Before }));
    request_refund(hospital.gateway(), asked(&order, None, None)).await.expect("asked for");
    hospital.lives_through(60, 5).await;
    assert_eq!(back_at_the_payer(&hospital), hospital.simulator.ledger().payments[0].paid_fen);
    let story = hospital.story(order.as_str()).await;
    assert_eq!(story.refunded, story.received);
    hospital.verifies().await;
}
