//! HIS is down, loses answers, or says no for good.

use mingfen_domain::Fen;
use mingfen_simulator::faults::{Fault, Rule, When};
use mingfen_simulator::his::Trouble;
use mingfen_store::TaskState;
use mingfen_tests::{App, CARD, Hospital};

stories!(
    his_is_down_for_an_hour_and_catches_up,
    a_lost_answer_is_asked_about_and_not_booked_twice,
    an_unreadable_answer_is_asked_about,
    a_slip_cancelled_while_it_was_paid_goes_back_by_itself,
    an_insured_slip_is_charged_its_own_share,
    another_amount_at_the_moment_of_paying_is_shown_and_not_charged,
    his_down_before_paying_takes_no_money,
    what_was_overdue_is_closed_when_his_catches_up,
);

async fn his_is_down_for_an_hour_and_catches_up(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    hospital.simulator.his().goes_down();
    patient.pays_in_the_sheet(&sheet).await;
    hospital.lives_through(3600, 300).await;
    patient.looks_at_result(&sheet).await.says("请不要重复支付");
    hospital.simulator.his().comes_back();
    hospital.lives_through(1900, 300).await;
    assert_eq!(patient.looks_at_result(&sheet).await.heading(), "支付成功");
    assert_eq!(hospital.simulator.his().records().bookings().len(), 1);
    hospital.verifies().await;
}

async fn a_lost_answer_is_asked_about_and_not_booked_twice(hospital: Hospital) {
    hospital.simulator.faults().add(Rule::next("his.payments/confirm", Fault::Reset { when: When::After }));
    booked_once(hospital).await;
}

async fn an_unreadable_answer_is_asked_about(hospital: Hospital) {
    hospital.simulator.his().set_trouble("payments/confirm", Trouble::Garbage, Some(1));
    booked_once(hospital).await;
}

async fn booked_once(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.pays(&[1]).await;
    hospital.lives_through(60, 5).await;
    assert_eq!(patient.looks_at_result(&sheet).await.heading(), "支付成功");
    assert_eq!(hospital.simulator.his().records().bookings().len(), 1);
    assert_eq!(hospital.simulator.calls().count("his.payments/confirm"), 1, "asked, not told again");
    hospital.verifies().await;
}

async fn a_slip_cancelled_while_it_was_paid_goes_back_by_itself(hospital: Hospital) {
    for app in [App::Wechat, App::Alipay] {
        let card = if app == App::Wechat { CARD } else { "A10023847718" };
        hospital.simulator.his().set_trouble(
            "payments/confirm",
            Trouble::Refuse { code: "SLIP_CANCELLED".into() },
            None,
        );
        let mut patient = hospital.patient(card, app).await;
        let sheet = patient.pays(&[1]).await;
        hospital.settles().await;
        hospital.lives_through(90, 5).await;
        let page = patient.looks_at_result(&sheet).await;
        page.says("已退");
        let paid: Vec<_> =
            hospital.simulator.ledger().payments.into_iter().filter(|payment| payment.paid_fen > 0).collect();
        assert!(paid.iter().all(|payment| payment.refunded_fen == payment.paid_fen), "{paid:#?}");
        assert!(hospital.simulator.his().records().bookings().is_empty(), "never both booked and refunded");
    }
    let verification = hospital.verifies().await;
    assert!(
        verification.trial_balance.iter().all(|(_, fen)| fen.get() == 0),
        "{:?}",
        verification.trial_balance
    );
}

async fn an_insured_slip_is_charged_its_own_share(hospital: Hospital) {
    let insured = {
        let records = hospital.simulator.his().records();
        let slips: Vec<_> =
            records.patients().flat_map(|patient| records.slips_of(&patient.card_no)).cloned().collect();
        slips
            .into_iter()
            .find(|slip| slip.self_pay_fen() != slip.total_fen && !slip.pay_together)
            .expect("an insured slip")
    };
    let mut patient = hospital.patient(&insured.card_no, App::Wechat).await;
    let number = {
        let records = hospital.simulator.his().records();
        records.slips_of(&insured.card_no).position(|slip| slip.slip_no == insured.slip_no).expect("listed")
            + 1
    };
    let sheet = patient.pays(&[number]).await;
    hospital.lives_through(20, 10).await;
    assert_eq!(patient.looks_at_result(&sheet).await.heading(), "支付成功");
    let paid = hospital.simulator.ledger().payments;
    assert_eq!(paid.iter().map(|payment| payment.paid_fen).sum::<i64>(), insured.self_pay_fen());
    hospital.verifies().await;
}

async fn another_amount_at_the_moment_of_paying_is_shown_and_not_charged(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let list = patient.scans().await;
    let phone = patient.chooses(&list, &[]).await;
    let confirm = patient.gives_phone(&phone, Some("13800001234")).await;
    let total = {
        let mut records = hospital.simulator.his().records();
        let slip_no = records.slips_of(CARD).next().expect("a slip").slip_no.clone();
        records.change_amount(&slip_no, 3300).expect("changed");
        records.slips_of(CARD).map(|slip| slip.self_pay_fen()).sum::<i64>()
    };
    let changed = patient.presses_pay(&confirm).await;
    changed.says(&Fen::new(total).to_yuan()).says("钱没有扣");
    assert!(hospital.simulator.ledger().payments.is_empty());
    let sheet = patient.presses_pay(&changed).await;
    patient.pays_in_the_sheet(&sheet).await;
    hospital.lives_through(10, 5).await;
    assert_eq!(hospital.simulator.ledger().payments[0].paid_fen, total);
    hospital.verifies().await;
}

async fn his_down_before_paying_takes_no_money(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    hospital.simulator.his().goes_down();
    let page = patient.scans().await;
    assert_eq!(page.status, 503);
    page.says("钱没有扣");
    hospital.simulator.his().comes_back();
    assert_eq!(patient.opens(&page.url).await.status, 200);
}

async fn what_was_overdue_is_closed_when_his_catches_up(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    hospital.simulator.his().goes_down();
    patient.pays_in_the_sheet(&sheet).await;
    hospital.lives_through(9000, 600).await;
    let parked = || async { hospital.store().list(Some(TaskState::Parked), 10).await.expect("readable") };
    assert_eq!(parked().await.len(), 1, "a person is told after two hours");
    hospital.simulator.his().comes_back();
    hospital.lives_through(3600, 600).await;
    assert_eq!(parked().await.len(), 0);
    assert_eq!(patient.looks_at_result(&sheet).await.heading(), "支付成功");
    hospital.verifies().await;
}
