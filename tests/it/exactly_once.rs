//! However often and from wherever the news comes: one payment, one write-back, one journal entry.

use futures_util::future::join_all;
use mingfen_gateway::cache::MemoryCache;
use mingfen_simulator::faults::{Fault, Rule};
use mingfen_tests::{App, CARD, Hospital};
use std::sync::Arc;

stories!(
    a_hundred_copies_of_one_notification_are_one_payment,
    two_gateways_hear_the_same_news,
    news_that_overtakes_the_order_answer_is_kept,
    a_double_click_is_one_order,
    a_second_app_is_shown_that_it_is_paid,
    a_second_app_closes_the_first_order_before_it_opens_its_own,
);

/// One slip paid once at the provider, booked once at HIS, in the books once.
async fn paid_once(hospital: &Hospital) {
    hospital.lives_through(20, 10).await;
    let paid: Vec<_> =
        hospital.simulator.ledger().payments.into_iter().filter(|payment| payment.paid_fen > 0).collect();
    assert_eq!(paid.len(), 1, "{paid:#?}");
    assert_eq!(paid[0].refunded_fen, 0);
    let bookings: Vec<i64> =
        hospital.simulator.his().records().bookings().iter().map(|booking| booking.total_fen).collect();
    assert_eq!(bookings, [paid[0].paid_fen]);
    let entries = hospital.store().entries_of(&paid[0].out_trade_no).await.expect("readable");
    assert_eq!(entries.len(), 1, "{entries:#?}");
    assert_eq!(hospital.simulator.sms().sent().len(), 1);
    hospital.verifies().await;
}

async fn a_hundred_copies_of_one_notification_are_one_payment(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    patient.pays(&[1]).await;
    hospital.refuses_all_news_for_once().await;
    let kept = hospital.kept_notifications().await.remove(0);
    let answers = join_all((0..100).map(|_| kept.sent_to(&hospital.replica.public_url))).await;
    assert!(answers.iter().all(|(status, _)| *status == 204 || *status == 200), "{answers:?}");
    let verdicts: Vec<String> =
        hospital.kept_notifications().await.into_iter().map(|kept| kept.verdict).collect();
    assert_eq!(verdicts.iter().filter(|verdict| *verdict == "applied").count(), 1, "{verdicts:?}");
    assert_eq!(verdicts.iter().filter(|verdict| *verdict == "already").count(), 99, "{verdicts:?}");
    paid_once(&hospital).await;
}

async fn two_gateways_hear_the_same_news(hospital: Hospital) {
    let other = hospital.another_replica(Arc::new(MemoryCache::default())).await;
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    patient.pays(&[1]).await;
    hospital.refuses_all_news_for_once().await;
    let kept = hospital.kept_notifications().await.remove(0);
    let urls = [&hospital.replica.public_url, &other.public_url];
    let answers = join_all((0..40).map(|index| kept.sent_to(urls[index % 2]))).await;
    assert!(answers.iter().all(|(status, _)| *status == 204 || *status == 200), "{answers:?}");
    let (one, two) = tokio::join!(
        mingfen_gateway::jobs::run_due(hospital.gateway()),
        mingfen_gateway::jobs::run_due(&other.gateway)
    );
    assert!(one.is_ok() && two.is_ok());
    paid_once(&hospital).await;
}

async fn news_that_overtakes_the_order_answer_is_kept(hospital: Hospital) {
    // The order reaches the provider, its answer is lost; the order call is repeated with the same number.
    hospital.simulator.faults().add(Rule::next("wechat.jsapi", Fault::Truncated));
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    patient.pays_in_the_sheet(&sheet).await;
    hospital.settles().await;
    assert_eq!(hospital.simulator.ledger().payments.len(), 1, "the same number was used again");
    paid_once(&hospital).await;
}

async fn a_double_click_is_one_order(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let list = patient.scans().await;
    let phone = patient.chooses(&list, &[1]).await;
    let confirm = patient.gives_phone(&phone, Some("13800001234")).await;
    let mut again = patient.copy();
    let (one, two) = tokio::join!(patient.presses_pay(&confirm), again.presses_pay(&confirm));
    assert_eq!(one.reference(), two.reference(), "{}\n{}", one.text, two.text);
    assert_eq!(hospital.simulator.ledger().payments.len(), 1);
    patient.pays_in_the_sheet(&one).await;
    paid_once(&hospital).await;
}

async fn a_second_app_is_shown_that_it_is_paid(hospital: Hospital) {
    hospital.simulator.faults().add(Rule::every("wechat.notify.payment", Fault::NotifyLost));
    let mut wechat = hospital.patient(CARD, App::Wechat).await;
    let mut alipay = hospital.patient(CARD, App::Alipay).await;
    let list = alipay.scans().await;
    let phone = alipay.chooses(&list, &[1]).await;
    let confirm = alipay.gives_phone(&phone, Some("13900001234")).await;
    wechat.pays(&[1]).await;
    // Nobody told us yet; the other app asks for the same slip.
    let page = alipay.presses_pay(&confirm).await;
    assert!(page.url.contains("/result/"), "{}", page.url);
    hospital.settles().await;
    let page = alipay.opens(&page.url).await;
    assert_eq!(page.heading(), "支付成功");
    paid_once(&hospital).await;
}

async fn a_second_app_closes_the_first_order_before_it_opens_its_own(hospital: Hospital) {
    let mut wechat = hospital.patient(CARD, App::Wechat).await;
    let mut alipay = hospital.patient(CARD, App::Alipay).await;
    wechat.goes_to_the_sheet(&[1]).await;
    let sheet = alipay.goes_to_the_sheet(&[1]).await;
    let states: Vec<_> = hospital
        .simulator
        .ledger()
        .payments
        .into_iter()
        .map(|payment| (payment.provider, payment.state))
        .collect();
    assert!(states.contains(&("wechat", "CLOSED".to_owned())), "{states:?}");
    alipay.pays_in_the_sheet(&sheet).await;
    paid_once(&hospital).await;
}
