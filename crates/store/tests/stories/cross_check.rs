use crate::samples::{
    MORNING, amount, bill_no, entry, hospital, keep_opened, keep_paid, out_refund_no, out_trade_no,
    provider_refund_no, received, refund, slip_no, trace,
};
use crate::{Room, stories};
use mingfen_domain::bill::BillState;
use mingfen_domain::books::{Account, Reason};
use mingfen_domain::payment::{State, SuspenseReason};
use mingfen_domain::{refund as refunds, write_back};
use mingfen_store::{AuditEvent, Store, TaskKind, Tx};

stories!(
    an_honest_day_is_explained_to_the_fen,
    every_planted_contradiction_is_found,
    what_a_person_closed_is_not_abandoned,
    a_wiped_table_is_told_in_a_few_lines,
    a_snapshot_sees_one_moment_and_writes_nothing,
    a_claim_outlives_no_bill,
);

/// Bill 1 waits. Bill 2 is paid, booked by HIS, and 40.00 of it went back; a refund of 10.00 was given up. Payment 3 came
/// double and is in suspense, its refund under way.
async fn keep_an_honest_day(store: &Store) {
    for number in [1, 3] {
        keep_opened(store, number).await;
        let mut tx = store.begin().await.unwrap();
        due(&mut tx, TaskKind::FollowPayment, out_trade_no(number).as_str()).await;
        tx.commit().await.unwrap();
    }
    keep_paid(store, 2).await;
    let mut tx = store.begin().await.unwrap();
    told(&mut tx, "payment.paid", out_trade_no(2).as_str(), "100.00 yuan").await;
    tx.commit().await.unwrap();
    book_at_his(store, 2).await;
    refund_and_arrive(store).await;
    refund_and_give_up(store).await;
    come_double(store).await;
}

async fn due(tx: &mut Tx, kind: TaskKind, subject: &str) {
    tx.schedule(kind, subject, MORNING, &trace()).await.unwrap();
}

async fn told(tx: &mut Tx, action: &str, subject: &str, detail: &str) {
    let (actor, action) = ("gateway".into(), action.into());
    let event = AuditEvent { at: MORNING, actor, action, subject: subject.into(), detail: detail.into() };
    tx.record(&event).await.unwrap();
}

async fn book_at_his(store: &Store, number: usize) {
    let mut tx = store.begin().await.unwrap();
    let mut record = tx.write_back_for_update(&bill_no(number)).await.unwrap().unwrap();
    record.state = write_back::State::Posted(write_back::Booked {
        his_order_no: "H2".into(),
        receipt_no: "R2".into(),
        places: vec![],
    });
    tx.save_write_back(&record).await.unwrap();
    let booked =
        entry(Reason::Booked, bill_no(number).as_str(), Account::PatientMoney, Account::HisRevenue, 10_000);
    tx.post(&booked, MORNING).await.unwrap();
    told(&mut tx, "write_back.posted", bill_no(number).as_str(), "H2, receipt R2").await;
    tx.commit().await.unwrap();
}

async fn refund_and_arrive(store: &Store) {
    let mut tx = store.begin().await.unwrap();
    assert!(tx.hold_for_refund(&out_trade_no(2), amount(4000)).await.unwrap());
    let mut record = refund(1, 2, 4000);
    tx.insert_refund(&record).await.unwrap();
    let no = out_refund_no(1);
    let (revenue, payable) = (Account::HisRevenue, Account::RefundsPayable);
    tx.post(&entry(Reason::RefundRequested, no.as_str(), revenue, payable.clone(), 4000), MORNING)
        .await
        .unwrap();
    record.refund.state =
        refunds::State::Succeeded { provider_refund_no: provider_refund_no(), refunded_at: MORNING };
    tx.save_refund_state(&record.refund).await.unwrap();
    let channel = Account::ChannelReceivable(crate::samples::channel());
    tx.post(&entry(Reason::RefundArrived, no.as_str(), payable, channel, 4000), MORNING).await.unwrap();
    told(&mut tx, "refund.requested", no.as_str(), "40.00 yuan of P26010100000002, cashier").await;
    told(&mut tx, "refund.arrived", no.as_str(), "40.00 yuan").await;
    due(&mut tx, TaskKind::WriteBackRefund, no.as_str()).await;
    tx.commit().await.unwrap();
}

async fn refund_and_give_up(store: &Store) {
    let mut tx = store.begin().await.unwrap();
    let mut record = refund(2, 2, 1000);
    tx.hold_for_refund(&out_trade_no(2), amount(1000)).await.unwrap();
    tx.insert_refund(&record).await.unwrap();
    let no = out_refund_no(2);
    let (revenue, payable) = (Account::HisRevenue, Account::RefundsPayable);
    let requested = entry(Reason::RefundRequested, no.as_str(), revenue.clone(), payable.clone(), 1000);
    tx.post(&requested, MORNING).await.unwrap();
    record.refund.state = refunds::State::Failed { reason: "closed".into() };
    tx.save_refund_state(&record.refund).await.unwrap();
    tx.release_refund_hold(&out_trade_no(2), amount(1000)).await.unwrap();
    tx.post(&entry(Reason::RefundGivenUp, no.as_str(), payable, revenue, 1000), MORNING).await.unwrap();
    told(&mut tx, "refund.requested", no.as_str(), "10.00 yuan of P26010100000002, cashier").await;
    tx.commit().await.unwrap();
}

async fn come_double(store: &Store) {
    let mut tx = store.begin().await.unwrap();
    let mut payment = tx.payment_for_update(&out_trade_no(3)).await.unwrap().unwrap().payment;
    payment.state = State::Suspense { reason: SuspenseReason::Double, received: received(3, 10_000) };
    tx.save_payment_state(&payment, None).await.unwrap();
    let no = out_trade_no(3);
    let channel = Account::ChannelReceivable(crate::samples::channel());
    let suspense = entry(Reason::PaidIntoSuspense, no.as_str(), channel, Account::Suspense, 10_000);
    tx.post(&suspense, MORNING).await.unwrap();
    tx.hold_for_refund(&no, amount(10_000)).await.unwrap();
    let mut double = refund(3, 3, 10_000);
    double.refund.origin = refunds::Origin::Double;
    tx.insert_refund(&double).await.unwrap();
    told(&mut tx, "payment.double", no.as_str(), "100.00 yuan, sent back").await;
    let no = out_refund_no(3);
    told(&mut tx, "refund.requested", no.as_str(), "100.00 yuan of P26010100000003, double").await;
    due(&mut tx, TaskKind::FollowRefund, no.as_str()).await;
    let requested =
        entry(Reason::RefundRequested, no.as_str(), Account::Suspense, Account::RefundsPayable, 10_000);
    tx.post(&requested, MORNING).await.unwrap();
    tx.commit().await.unwrap();
}

async fn an_honest_day_is_explained_to_the_fen(room: Room) {
    assert!(room.store.cross_check().await.unwrap().is_empty(), "an empty store contradicts nothing");
    keep_an_honest_day(&room.store).await;
    let contradictions = room.store.cross_check().await.unwrap();
    assert!(contradictions.is_empty(), "{contradictions:?}");
    let mut tx = room.store.begin().await.unwrap();
    assert!(tx.cross_check().await.unwrap().is_empty());
}

/// What a careless hand may do, how it is put right, and the sentence that must be there in between.
const PLANTED: &[(&str, &str, &str)] = &[
    (
        "UPDATE journal_postings SET fen = fen * 2 WHERE entry_id = 'paid:P26010100000002'",
        "UPDATE journal_postings SET fen = fen / 2 WHERE entry_id = 'paid:P26010100000002'",
        "P26010100000002 was paid, but",
    ),
    (
        "UPDATE journal_entries SET subject = 'P999' WHERE reason = 'paid_into_suspense'",
        "UPDATE journal_entries SET subject = 'P26010100000003' WHERE reason = 'paid_into_suspense'",
        "P26010100000003 is in suspense, but",
    ),
    (
        "UPDATE journal_entries SET subject = 'P26010100000001' WHERE reason = 'paid'",
        "UPDATE journal_entries SET subject = 'P26010100000002' WHERE reason = 'paid'",
        "P26010100000001 is paid in the journal, but",
    ),
    (
        "UPDATE journal_entries SET subject = 'B26010100000001' WHERE reason = 'booked'",
        "UPDATE journal_entries SET subject = 'B26010100000002' WHERE reason = 'booked'",
        "B26010100000002 was posted to HIS, but",
    ),
    (
        "UPDATE write_backs SET state = 'unknown' WHERE bill_no = 'B26010100000002'",
        "UPDATE write_backs SET state = 'posted' WHERE bill_no = 'B26010100000002'",
        "B26010100000002 is booked in the journal, but",
    ),
    (
        "UPDATE refunds SET amount_fen = 9999 WHERE out_refund_no = 'R26010100000003'",
        "UPDATE refunds SET amount_fen = 10000 WHERE out_refund_no = 'R26010100000003'",
        "R26010100000003 is a refund, but",
    ),
    (
        "UPDATE refunds SET state = 'succeeded' WHERE out_refund_no = 'R26010100000003'",
        "UPDATE refunds SET state = 'due' WHERE out_refund_no = 'R26010100000003'",
        "R26010100000003 is a refund that arrived, but",
    ),
    (
        "UPDATE refunds SET state = 'failed' WHERE out_refund_no = 'R26010100000001'",
        "UPDATE refunds SET state = 'succeeded' WHERE out_refund_no = 'R26010100000001'",
        "R26010100000001 is a refund that was given up, but",
    ),
    (
        "UPDATE refunds SET state = 'due' WHERE out_refund_no = 'R26010100000001'",
        "UPDATE refunds SET state = 'succeeded' WHERE out_refund_no = 'R26010100000001'",
        "R26010100000001 is a refund in the journal, but",
    ),
    (
        "UPDATE payments SET refund_held_fen = 3999 WHERE out_trade_no = 'P26010100000002'",
        "UPDATE payments SET refund_held_fen = 4000 WHERE out_trade_no = 'P26010100000002'",
        "P26010100000002 does not hold exactly",
    ),
    (
        "UPDATE bills SET settled_by = 'P26010100000003' WHERE bill_no = 'B26010100000002'",
        "UPDATE bills SET settled_by = 'P26010100000002' WHERE bill_no = 'B26010100000002'",
        "B26010100000002 is settled, but by no payment",
    ),
    (
        "UPDATE bills SET state = 'settled', settled_by = 'P26010100000003' WHERE bill_no = 'B26010100000003'",
        "UPDATE bills SET state = 'open', settled_by = NULL WHERE bill_no = 'B26010100000003'",
        "B26010100000003 is settled, but HIS is not told",
    ),
    (
        "UPDATE bills SET state = 'released' WHERE bill_no = 'B26010100000001'",
        "UPDATE bills SET state = 'open' WHERE bill_no = 'B26010100000001'",
        "B26010100000001 holds slips, but",
    ),
    (
        "UPDATE journal_postings SET fen = fen - 1 WHERE line = 1 AND entry_id = 'booked:B26010100000002'",
        "UPDATE journal_postings SET fen = fen + 1 WHERE line = 1 AND entry_id = 'booked:B26010100000002'",
        "booked:B26010100000002 is an entry that does not balance",
    ),
    (
        "UPDATE journal_postings SET account = 'suspense' WHERE line = 1 AND entry_id = 'paid:P26010100000002'",
        "UPDATE journal_postings SET account = 'patient_money' WHERE line = 1 AND entry_id = 'paid:P26010100000002'",
        "paid:P26010100000002 is an entry with another account",
    ),
    (
        "UPDATE journal_postings SET account = 'channel_receivable:other' WHERE line = 0 AND entry_id = 'paid:P26010100000002'",
        "UPDATE journal_postings SET account = 'channel_receivable:wechat-main' WHERE line = 0 AND entry_id = 'paid:P26010100000002'",
        "paid:P26010100000002 is an entry with another account",
    ),
    (
        "UPDATE refunds SET origin = 'double' WHERE out_refund_no = 'R26010100000002'",
        "UPDATE refunds SET origin = 'cashier' WHERE out_refund_no = 'R26010100000002'",
        "refund_given_up:R26010100000002 is an entry with another account",
    ),
    (
        "UPDATE payments SET amount_fen = 9999 WHERE out_trade_no = 'P26010100000002'",
        "UPDATE payments SET amount_fen = 10000 WHERE out_trade_no = 'P26010100000002'",
        "P26010100000002 is paid with another amount",
    ),
    (
        "UPDATE slip_claims SET bill_no = 'B26010100000001' WHERE slip_no = 'S000004'",
        "UPDATE slip_claims SET bill_no = 'B26010100000002' WHERE slip_no = 'S000004'",
        "B26010100000002 is open or settled, but somebody else may pay",
    ),
    (
        "UPDATE write_backs SET state = 'refused', out_trade_no = 'P1'",
        "UPDATE write_backs SET state = 'posted', out_trade_no = 'P26010100000002'",
        "B26010100000002 was refused by HIS, but",
    ),
    (
        "UPDATE refunds SET out_trade_no = 'P26010100000001' WHERE out_refund_no = 'R26010100000003'",
        "UPDATE refunds SET out_trade_no = 'P26010100000003' WHERE out_refund_no = 'R26010100000003'",
        "P26010100000003 was paid for slips that were paid already, but",
    ),
    (
        "UPDATE tasks SET state = 'done' WHERE task_id = 'follow_payment:P26010100000001'",
        "UPDATE tasks SET state = 'parked' WHERE task_id = 'follow_payment:P26010100000001'",
        "P26010100000001 may still be paid, but",
    ),
    (
        "UPDATE write_backs SET state = 'due'",
        "UPDATE write_backs SET state = 'posted'",
        "B26010100000002 is paid and not booked, but",
    ),
    (
        "UPDATE tasks SET subject = 'R1' WHERE task_id = 'follow_refund:R26010100000003'",
        "UPDATE tasks SET subject = 'R26010100000003' WHERE task_id = 'follow_refund:R26010100000003'",
        "R26010100000003 is a refund that has not arrived, but",
    ),
    (
        "UPDATE tasks SET state = 'done' WHERE kind = 'write_back_refund'",
        "UPDATE tasks SET state = 'ready' WHERE kind = 'write_back_refund'",
        "R26010100000001 is a refund that arrived, but nobody tells HIS",
    ),
    (
        "UPDATE audit_events SET detail = '100.01 yuan' WHERE action = 'payment.paid'",
        "UPDATE audit_events SET detail = '100.00 yuan' WHERE action = 'payment.paid'",
        "P26010100000002 has money, but the audit trail",
    ),
    (
        "UPDATE audit_events SET subject = 'P26010100000001' WHERE action = 'payment.double'",
        "UPDATE audit_events SET subject = 'P26010100000003' WHERE action = 'payment.double'",
        "P26010100000001 was paid, says the audit trail, but",
    ),
    (
        "UPDATE audit_events SET action = 'write_back.refused' WHERE action = 'write_back.posted'",
        "UPDATE audit_events SET action = 'write_back.posted' WHERE action = 'write_back.refused'",
        "B26010100000002 stands otherwise at HIS",
    ),
    (
        "UPDATE audit_events SET detail = '4.00 yuan' WHERE action = 'refund.arrived'",
        "UPDATE audit_events SET detail = '40.00 yuan' WHERE action = 'refund.arrived'",
        "R26010100000001 is a refund that the audit trail does not tell of",
    ),
    (
        "UPDATE audit_events SET subject = 'R26010100000009' WHERE subject = 'R26010100000002'",
        "UPDATE audit_events SET subject = 'R26010100000002' WHERE subject = 'R26010100000009'",
        "R26010100000009 is a refund, says the audit trail, but",
    ),
];

async fn every_planted_contradiction_is_found(room: Room) {
    keep_an_honest_day(&room.store).await;
    for (plant, put_right, sentence) in PLANTED {
        room.tamper(plant).await;
        let found = room.store.cross_check().await.unwrap();
        assert!(found.iter().any(|found| found.starts_with(sentence)), "{plant}: {found:?}");
        room.tamper(put_right).await;
    }
    let contradictions = room.store.cross_check().await.unwrap();
    assert!(contradictions.is_empty(), "{contradictions:?}");
}

async fn what_a_person_closed_is_not_abandoned(room: Room) {
    keep_opened(&room.store, 1).await;
    let found = room.store.cross_check().await.unwrap();
    assert_eq!(found, ["P26010100000001 may still be paid, but nobody asks after it"]);
    let mut tx = room.store.begin().await.unwrap();
    told(&mut tx, "task.closed", "follow_payment:P26010100000001", "the channel is gone").await;
    tx.commit().await.unwrap();
    assert!(room.store.cross_check().await.unwrap().is_empty());
}

async fn a_wiped_table_is_told_in_a_few_lines(room: Room) {
    for number in 1..=102 {
        keep_opened(&room.store, number).await;
    }
    let found = room.store.cross_check().await.unwrap();
    assert_eq!(found.len(), 101);
    assert_eq!(found[100], "and more than these 100 may still be paid, but nobody asks after it");
}

async fn a_snapshot_sees_one_moment_and_writes_nothing(room: Room) {
    keep_an_honest_day(&room.store).await;
    let mut before = room.store.snapshot().await.unwrap();
    assert!(before.cross_check().await.unwrap().is_empty());
    room.tamper("UPDATE payments SET amount_fen = 9999 WHERE out_trade_no = 'P26010100000002'").await;
    assert!(before.cross_check().await.unwrap().is_empty(), "it still sees its own moment");
    assert_eq!(room.store.cross_check().await.unwrap().len(), 1);
    assert!(before.hold_for_refund(&out_trade_no(2), amount(1)).await.is_err());
}

async fn a_claim_outlives_no_bill(room: Room) {
    keep_opened(&room.store, 1).await;
    let mut tx = room.store.begin().await.unwrap();
    due(&mut tx, TaskKind::FollowPayment, out_trade_no(1).as_str()).await;
    tx.set_bill_state(&bill_no(1), &BillState::Released, 0).await.unwrap();
    assert_eq!(tx.cross_check().await.unwrap().len(), 1);
    tx.release_claims(&bill_no(1)).await.unwrap();
    assert!(tx.cross_check().await.unwrap().is_empty());
    tx.claim_slips(&hospital(), &[slip_no(9)], &bill_no(9)).await.unwrap();
    assert_eq!(tx.cross_check().await.unwrap().len(), 1, "a bill that is not there holds slips");
}
