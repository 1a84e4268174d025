//! Answers that are older than what has happened since, parties that change their mind, and what must not follow from it.

use mingfen_domain::books::Account;
use mingfen_domain::ids::{BillNo, OutTradeNo, ProviderRefundNo, ProviderTradeNo, SlipNo};
use mingfen_domain::payment::State as PaymentState;
use mingfen_domain::refund::{Origin, State};
use mingfen_domain::split::Tender;
use mingfen_domain::write_back::State as WriteBackState;
use mingfen_domain::{Amount, Clock, Fen};
use mingfen_gateway::service::{
    Recorded, RefundAsked, RefundRefused, RefundTarget, RefundWay, Source, Way, close_task,
    record_refund_sighting, record_sighting, request_refund,
};
use mingfen_his::{Booking, BookingAnswer, His, PaidTender, SlipAmount};
use mingfen_provider_api::{OrderSighting, RefundSighting, Sighted, SightedRefund};
use mingfen_simulator::faults::{Fault, Rule, When};
use mingfen_simulator::his::{SlipStatus, Trouble};
use mingfen_simulator::wechat::book::RefundState;
use mingfen_store::{TaskKind, TaskState};
use mingfen_tests::{App, CARD, Hospital, Installation, Room, until};

stories!(
    an_answer_older_than_the_money_denies_nothing,
    a_closed_matter_opens_again_for_other_money,
    a_refusal_after_a_doubt_waits_until_his_is_done_with_the_first_telling,
    his_books_after_all_what_was_sent_back_and_a_person_is_told,
    another_booking_under_our_number_is_neither_booked_nor_sent_back,
    a_lock_whose_answer_was_lost_does_not_keep_the_patient_out,
    a_refund_of_one_slip_is_its_own_share_and_no_more,
    a_refund_is_followed_beyond_the_tenth_day,
    a_refund_that_failed_and_arrives_all_the_same_is_not_given_twice,
    money_given_back_by_hand_is_written_down_and_not_given_again,
);

/// A patient paid so many slips and HIS booked them; answers the order and the bill.
async fn paid(hospital: &Hospital, app: App, slips: &[usize]) -> (OutTradeNo, BillNo) {
    let mut patient = hospital.patient(CARD, app).await;
    patient.pays(slips).await;
    hospital.lives_through(10, 5).await;
    order_and_bill(hospital).await
}

async fn order_and_bill(hospital: &Hospital) -> (OutTradeNo, BillNo) {
    let ledger = hospital.simulator.ledger();
    let payment = ledger.payments.iter().find(|payment| payment.paid_fen > 0).expect("paid");
    let order = OutTradeNo::parse(payment.out_trade_no.as_str()).expect("a number");
    let record = hospital.store().payment(&order).await.expect("readable").expect("stored");
    (order, record.payment.bill_no)
}

async fn parked(hospital: &Hospital) -> Vec<String> {
    let tasks = hospital.store().list(Some(TaskState::Parked), 20).await.expect("readable");
    tasks.into_iter().map(|task| task.task_id).collect()
}

fn cashier(
    order: &OutTradeNo,
    amount: Option<i64>,
    slip_no: Option<&SlipNo>,
    key: Option<&str>,
) -> RefundAsked {
    RefundAsked {
        target: RefundTarget::Order(order.clone()),
        amount: amount.map(|fen| Amount::from_fen(fen).expect("an amount")),
        slip_no: slip_no.cloned(),
        reason: "退药".to_owned(),
        origin: Origin::Cashier,
        requested_by: "cashier-01".to_owned(),
        request_key: key.map(str::to_owned),
        by: RefundWay::Channel,
    }
}

/// The telling of a bill as the gateway makes it.
async fn telling(hospital: &Hospital, bill_no: &BillNo) -> Booking {
    let bill = hospital.store().bill(bill_no).await.expect("readable").expect("stored");
    let payments = hospital.store().payments_of_bill(bill_no).await.expect("readable");
    let payment =
        &payments.iter().find(|record| record.payment.state.received().is_some()).expect("paid").payment;
    let received = payment.state.received().expect("paid");
    Booking {
        hospital: bill.bill.hospital.clone(),
        bill_no: bill_no.clone(),
        slips: bill
            .slips
            .iter()
            .map(|slip| SlipAmount { slip_no: slip.slip_no.clone(), amount: slip.self_pay })
            .collect(),
        total: bill.bill.split.self_pay(),
        tenders: vec![PaidTender {
            tender: Tender::SelfPay,
            channel: payment.channel.clone(),
            out_trade_no: payment.out_trade_no.clone(),
            provider_trade_no: received.provider_trade_no.clone(),
            amount: received.amount,
            paid_at: received.paid_at,
        }],
        lock_token: bill.bill.lock_token.clone(),
    }
}

async fn an_answer_older_than_the_money_denies_nothing(hospital: Hospital) {
    let (order, _) = paid(&hospital, App::Wechat, &[1]).await;
    let waiting = OrderSighting { out_trade_no: order.clone(), seen: Sighted::Waiting };
    let asked_before_it_was_paid = Source::answer(Way::Query, 1);
    let recorded =
        record_sighting(hospital.gateway(), &waiting, asked_before_it_was_paid).await.expect("recorded");
    assert!(matches!(recorded, Recorded::AlreadySo(PaymentState::Paid(_))), "{recorded:?}");
    assert_eq!(parked(&hospital).await, Vec::<String>::new());

    let version = hospital.store().payment(&order).await.expect("readable").expect("stored").payment.version;
    let recorded = record_sighting(hospital.gateway(), &waiting, Source::answer(Way::Query, version)).await;
    assert!(
        matches!(recorded, Ok(Recorded::Contradiction(_))),
        "asked after it was paid, it is one: {recorded:?}"
    );
    hospital.settles().await;
    assert_eq!(parked(&hospital).await, [format!("ask_person:{order}:contradiction")]);
    hospital.verifies().await;
}

async fn a_closed_matter_opens_again_for_other_money(hospital: Hospital) {
    let (order, _) = paid(&hospital, App::Wechat, &[1]).await;
    let amount = hospital.store().payment(&order).await.expect("readable").expect("stored").payment.amount;
    let matter = format!("ask_person:{order}:contradiction");
    for (trade_no, again) in [
        ("4200000000000000000000000001", true),
        ("4200000000000000000000000001", false),
        ("4200000000000000000000000002", true),
    ] {
        let seen = Sighted::Paid {
            provider_trade_no: ProviderTradeNo::parse(trade_no).expect("a number"),
            amount,
            paid_at: hospital.clock.now(),
        };
        let sighting = OrderSighting { out_trade_no: order.clone(), seen };
        record_sighting(hospital.gateway(), &sighting, Source::ours(Way::Query)).await.expect("recorded");
        hospital.settles().await;
        let tasks = parked(&hospital).await;
        assert_eq!(tasks.contains(&matter), again, "{trade_no}: {tasks:?}");
        if again {
            let story = hospital.story(order.as_str()).await;
            assert!(format!("{story:?}").contains(trade_no), "a person reads which money it is");
            close_task(hospital.gateway(), &matter, "looked at", "finance-01").await.expect("closed");
        }
    }
    hospital.verifies().await;
}

async fn a_refusal_after_a_doubt_waits_until_his_is_done_with_the_first_telling(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    // The first telling is on its way for long; the second one is refused because of it.
    hospital.simulator.faults().add(Rule::next("his.payments/confirm", Fault::Reset { when: When::Before }));
    patient.pays_in_the_sheet(&sheet).await;
    hospital.settles().await;
    let already = Trouble::Refuse { code: "SLIP_ALREADY_PAID".to_owned() };
    hospital.simulator.his().set_trouble("payments/confirm", already, None);
    hospital.lives_through(60, 5).await;
    let (_, bill_no) = order_and_bill(&hospital).await;
    let record = hospital.store().write_back(&bill_no).await.expect("readable").expect("stored");
    assert!(matches!(record.state, WriteBackState::RefusalToConfirm { .. }), "{:?}", record.state);
    assert!(hospital.simulator.ledger().refunds.is_empty(), "no money moves on a doubtful no");

    hospital.simulator.his().lift_trouble(None);
    let answer = hospital.his().book(&telling(&hospital, &bill_no).await).await;
    assert!(matches!(answer, BookingAnswer::Booked(_)), "the first telling arrives: {answer:?}");
    hospital.lives_through(180, 10).await;
    assert_eq!(patient.looks_at_result(&sheet).await.heading(), "支付成功");
    assert!(hospital.simulator.ledger().refunds.is_empty());
    assert_eq!(hospital.simulator.his().records().bookings().len(), 1);
    hospital.verifies().await;
}

async fn his_books_after_all_what_was_sent_back_and_a_person_is_told(hospital: Hospital) {
    let cancelled = Trouble::Refuse { code: "SLIP_CANCELLED".to_owned() };
    hospital.simulator.his().set_trouble("payments/confirm", cancelled, None);
    let mut patient = hospital.patient(CARD, App::Alipay).await;
    patient.pays(&[1]).await;
    hospital.lives_through(60, 5).await;
    let (_, bill_no) = order_and_bill(&hospital).await;
    assert_eq!(hospital.simulator.ledger().refunds.len(), 1, "it went back");
    assert_eq!(parked(&hospital).await, Vec::<String>::new());

    hospital.simulator.his().lift_trouble(None);
    let answer = hospital.his().book(&telling(&hospital, &bill_no).await).await;
    assert!(matches!(answer, BookingAnswer::Booked(_)), "{answer:?}");
    hospital.lives_through(400, 50).await;
    assert_eq!(parked(&hospital).await, [format!("ask_person:{bill_no}:booked_after_refusal")]);
    hospital.verifies().await;
}

async fn another_booking_under_our_number_is_neither_booked_nor_sent_back(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    hospital.simulator.his().goes_down();
    patient.pays_in_the_sheet(&sheet).await;
    hospital.settles().await;
    let (_, bill_no) = order_and_bill(&hospital).await;
    hospital.simulator.his().comes_back();
    // Somebody books another slip of the patient under our bill's number.
    let mut other = telling(&hospital, &bill_no).await;
    let (slip_no, fen) = {
        let records = hospital.simulator.his().records();
        let slip = records.slips_of(CARD).find(|slip| slip.slip_no != other.slips[0].slip_no.as_str());
        let slip = slip.expect("another slip");
        (SlipNo::parse(slip.slip_no.as_str()).expect("a number"), slip.self_pay_fen())
    };
    other.slips = vec![SlipAmount { slip_no, amount: Fen::new(fen) }];
    other.total = Fen::new(fen);
    other.tenders[0].amount = Amount::from_fen(fen).expect("an amount");
    let answer = hospital.his().book(&other).await;
    assert!(matches!(answer, BookingAnswer::Booked(_)), "{answer:?}");

    hospital.lives_through(600, 30).await;
    let record = hospital.store().write_back(&bill_no).await.expect("readable").expect("stored");
    assert!(
        !matches!(record.state, WriteBackState::Posted(_) | WriteBackState::Refused { .. }),
        "{:?}",
        record.state
    );
    assert!(hospital.simulator.ledger().refunds.is_empty());
    let tasks = parked(&hospital).await;
    assert!(tasks.contains(&format!("ask_person:{bill_no}:booked_otherwise")), "{tasks:?}");
    hospital.verifies().await;
}

async fn a_lock_whose_answer_was_lost_does_not_keep_the_patient_out(hospital: Hospital) {
    hospital.simulator.faults().add(Rule::next("his.slips/lock", Fault::Reset { when: When::After }));
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let confirm = patient.goes_to_confirm(&[1]).await;
    let busy = patient.presses_pay(&confirm).await;
    assert_eq!(busy.status, 503);
    busy.says("钱没有扣");
    hospital.lives_through(5, 1).await;
    let sheet = patient.presses_pay(&confirm).await;
    patient.pays_in_the_sheet(&sheet).await;
    hospital.lives_through(10, 5).await;
    assert_eq!(patient.looks_at_result(&sheet).await.heading(), "支付成功");
    hospital.verifies().await;
}

async fn a_refund_of_one_slip_is_its_own_share_and_no_more(hospital: Hospital) {
    let (order, bill_no) = paid(&hospital, App::Alipay, &[]).await;
    let bill = hospital.store().bill(&bill_no).await.expect("readable").expect("stored");
    assert!(bill.slips.len() > 1, "several slips in one bill");
    let slip = &bill.slips[1];
    let gateway = hospital.gateway();

    let foreign = SlipNo::parse("MZ-OF-SOMEBODY-ELSE").expect("a number");
    let refused = request_refund(gateway, cashier(&order, None, Some(&foreign), None)).await;
    assert!(matches!(refused, Err(RefundRefused::NoSuchSlip(_))), "{refused:?}");
    let beyond = slip.self_pay.get() + 1;
    let refused = request_refund(gateway, cashier(&order, Some(beyond), Some(&slip.slip_no), None)).await;
    assert!(matches!(refused, Err(RefundRefused::TooMuch { .. })), "{refused:?}");

    let granted = request_refund(gateway, cashier(&order, None, Some(&slip.slip_no), Some("his:TF1"))).await;
    let granted = granted.expect("the slip's share");
    assert_eq!(granted.refund.amount.fen(), slip.self_pay);
    let again = request_refund(gateway, cashier(&order, None, Some(&slip.slip_no), None)).await;
    assert!(matches!(again, Err(RefundRefused::NothingLeft)), "another request for the same slip: {again:?}");
    let other =
        request_refund(gateway, cashier(&order, None, Some(&bill.slips[0].slip_no), Some("his:TF1"))).await;
    assert!(matches!(other, Err(RefundRefused::OtherRequest(_))), "{other:?}");

    hospital.lives_through(120, 10).await;
    let statuses: Vec<_> = {
        let records = hospital.simulator.his().records();
        let of_bill = |slip_no: &str| bill.slips.iter().any(|billed| billed.slip_no.as_str() == slip_no);
        records
            .slips_of(CARD)
            .filter(|slip| of_bill(&slip.slip_no))
            .map(|slip| (slip.slip_no.clone(), slip.status))
            .collect()
    };
    let refunded: Vec<_> = statuses
        .iter()
        .filter(|(_, status)| *status == SlipStatus::Refunded)
        .map(|(slip_no, _)| slip_no.as_str())
        .collect();
    assert_eq!(refunded, [slip.slip_no.as_str()], "HIS knows which slip it was");
    hospital.verifies().await;
}

async fn a_refund_is_followed_beyond_the_tenth_day(hospital: Hospital) {
    let (order, bill_no) = paid(&hospital, App::Wechat, &[1]).await;
    hospital.simulator.faults().add(Rule::next("wechat.refund", Fault::RefundAbnormal));
    let refund =
        request_refund(hospital.gateway(), cashier(&order, None, None, None)).await.expect("asked for");
    let number = &refund.refund.out_refund_no;
    hospital.lives_through(11 * 86_400, 43_200).await;
    let tasks = parked(&hospital).await;
    assert!(tasks.contains(&format!("ask_person:{number}:refund_overdue")), "{tasks:?}");

    // On the eleventh day it is paid to another card, and the notification is lost.
    hospital.simulator.faults().add(Rule::every("wechat.notify.refund", Fault::NotifyLost));
    let wechat = hospital.simulator.wechat();
    let mchid = wechat.credentials().expect("a merchant").mchid;
    assert!(wechat.end_refund(&mchid, number.as_str(), RefundState::Success));
    hospital.lives_through(86_400, 21_600).await;
    let record = hospital.store().refund(number).await.expect("readable").expect("stored");
    assert!(matches!(record.refund.state, State::Succeeded { .. }), "{:?}", record.refund.state);
    assert_eq!(hospital.simulator.his().records().refunds_of(bill_no.as_str()).count(), 1, "HIS was told");
    hospital.verifies().await;
}

async fn a_refund_that_failed_and_arrives_all_the_same_is_not_given_twice(hospital: Hospital) {
    let (order, _) = paid(&hospital, App::Wechat, &[1]).await;
    hospital.simulator.faults().add(Rule::next("wechat.refund", Fault::RefundClosed));
    let refund =
        request_refund(hospital.gateway(), cashier(&order, None, None, None)).await.expect("asked for");
    let number = &refund.refund.out_refund_no;
    hospital.lives_through(120, 10).await;
    let record = hospital.store().refund(number).await.expect("readable").expect("stored");
    assert!(matches!(record.refund.state, State::Failed { .. }), "{:?}", record.refund.state);
    let payment = hospital.store().payment(&order).await.expect("readable").expect("stored");
    assert_eq!(payment.refund_held, Fen::ZERO, "the money is ours to give again");

    let arrived = RefundSighting {
        out_refund_no: number.clone(),
        out_trade_no: order.clone(),
        amount: None,
        seen: SightedRefund::Succeeded {
            provider_refund_no: ProviderRefundNo::parse("50300000000000000000000000001").expect("a number"),
            refunded_at: hospital.clock.now(),
        },
    };
    let recorded = record_refund_sighting(hospital.gateway(), &arrived, Source::ours(Way::Query)).await;
    assert_eq!(recorded.expect("recorded").word, "applied");
    hospital.settles().await;
    let again = request_refund(hospital.gateway(), cashier(&order, None, None, None)).await;
    assert!(matches!(again, Err(RefundRefused::NothingLeft)), "{again:?}");
    assert!(
        hospital.store().task(TaskKind::WriteBackRefund, number.as_str()).await.expect("readable").is_some()
    );
    let tasks = parked(&hospital).await;
    assert!(
        !tasks.iter().any(|task| task.contains("refund_failed")),
        "nobody is to refund it anew: {tasks:?}"
    );
    hospital.verifies().await;
}

async fn money_given_back_by_hand_is_written_down_and_not_given_again(hospital: Hospital) {
    let (order, bill_no) = paid(&hospital, App::Alipay, &[1]).await;
    let by_hand = RefundAsked { by: RefundWay::Hand, ..cashier(&order, None, None, None) };
    let refund = request_refund(hospital.gateway(), by_hand).await.expect("written down");
    assert!(matches!(refund.refund.state, State::Succeeded { .. }), "{:?}", refund.refund.state);
    hospital.lives_through(60, 10).await;
    assert!(hospital.simulator.ledger().refunds.is_empty(), "nothing was sent");
    assert_eq!(hospital.simulator.his().records().refunds_of(bill_no.as_str()).count(), 1, "HIS was told");
    let again = request_refund(hospital.gateway(), cashier(&order, None, None, None)).await;
    assert!(matches!(again, Err(RefundRefused::NothingLeft)), "{again:?}");
    let verification = hospital.verifies().await;
    let by_hand: Fen = verification
        .trial_balance
        .iter()
        .find(|(account, _)| *account == Account::PaidByHand)
        .map(|(_, fen)| *fen)
        .expect("an account of its own");
    assert_eq!(by_hand.get(), -refund.refund.amount.get(), "finance settles it with the cashier's office");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cashier_who_types_the_same_command_again_is_asked_whether_that_is_meant() {
    let town = Installation::of_one(Room::on_sqlite()).await;
    let gateway = town.serves(0, None).await;
    let mut patient = town.patient(CARD, App::Wechat).await;
    let sheet = patient.pays(&[1]).await;
    let reference = sheet.reference();
    until("it is booked", || async { town.state_of(&reference).await.as_deref() == Some("paid") }).await;
    gateway.is_killed().await;

    let order = town.simulator.ledger().payments[0].out_trade_no.clone();
    let line = ["refund", &order, "--amount", "1.00", "--reason", "退药", "--yes"];
    let first = town.runs(&line).await;
    let said = String::from_utf8_lossy(&first.stdout).into_owned();
    assert!(first.status.success(), "{said}{}", String::from_utf8_lossy(&first.stderr));
    assert!(said.contains("is stored"), "{said}");
    let second = town.runs(&line).await;
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success() && said.contains("--again"), "{said}");
    let third = town.runs(&[&line[..], &["--again"]].concat()).await;
    assert!(third.status.success(), "{}", String::from_utf8_lossy(&third.stderr));
    let refunds =
        town.store.refunds_of_payment(&OutTradeNo::parse(order).expect("a number")).await.expect("readable");
    assert_eq!(refunds.len(), 2);
    town.verifies().await;
}
