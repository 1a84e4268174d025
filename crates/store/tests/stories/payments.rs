use crate::samples::{
    MORNING, amount, bill_no, channel, keep_opened, keep_paid, out_trade_no, payment, received,
};
use crate::{Room, stories};
use mingfen_domain::Fen;
use mingfen_domain::ids::ProviderTradeNo;
use mingfen_domain::payment::{ClosedBecause, State, SuspenseReason};
use mingfen_store::StoreError;

stories!(
    a_payment_comes_back_as_it_was_kept,
    every_state_comes_back_as_it_was_saved,
    a_stale_payment_is_refused,
    who_reads_for_update_is_never_stale,
    payments_are_found_by_bill_and_by_the_providers_number,
    refund_holds_never_exceed_what_was_received,
    nothing_is_held_of_a_payment_without_money,
);

async fn a_payment_comes_back_as_it_was_kept(room: Room) {
    keep_opened(&room.store, 1).await;
    assert_eq!(room.store.payment(&out_trade_no(1)).await.unwrap(), Some(payment(1)));
    assert_eq!(room.store.payment(&out_trade_no(2)).await.unwrap(), None);
}

async fn every_state_comes_back_as_it_was_saved(room: Room) {
    keep_opened(&room.store, 1).await;
    let states = [
        State::Waiting { handle: "prepay-1".into() },
        State::Closed(ClosedBecause::Refused),
        State::Closed(ClosedBecause::ClosedThere),
        State::Closed(ClosedBecause::Expired),
        State::Suspense { reason: SuspenseReason::Double, received: received(1, 10_000) },
        State::Suspense { reason: SuspenseReason::WrongAmount, received: received(1, 9_999) },
        State::Paid(received(1, 10_000)),
        State::Opening,
    ];
    for (version, state) in (0_i64..).zip(states) {
        let handle_until = state.is_live().then(|| MORNING.plus_seconds(7200));
        let mut tx = room.store.begin().await.unwrap();
        let mut payment = tx.payment_for_update(&out_trade_no(1)).await.unwrap().unwrap().payment;
        assert_eq!(payment.version, version);
        payment.state = state;
        tx.save_payment_state(&payment, handle_until).await.unwrap();
        tx.commit().await.unwrap();
        let read = room.store.payment(&out_trade_no(1)).await.unwrap().unwrap();
        assert_eq!(read.payment.state, payment.state);
        assert_eq!(read.handle_until, handle_until);
    }
}

async fn a_stale_payment_is_refused(room: Room) {
    keep_opened(&room.store, 1).await;
    let mut payment = room.store.payment(&out_trade_no(1)).await.unwrap().unwrap().payment;
    payment.state = State::Waiting { handle: "prepay-1".into() };
    let mut tx = room.store.begin().await.unwrap();
    tx.save_payment_state(&payment, None).await.unwrap();
    let stale = tx.save_payment_state(&payment, None).await.unwrap_err();
    assert!(matches!(stale, StoreError::Stale { table: "payments", .. }), "{stale}");
}

async fn who_reads_for_update_is_never_stale(room: Room) {
    keep_opened(&room.store, 1).await;
    room.all_at_once(16, |store, number| async move {
        let mut tx = store.begin().await.unwrap();
        let mut payment = tx.payment_for_update(&out_trade_no(1)).await.unwrap().unwrap().payment;
        payment.state = State::Waiting { handle: format!("prepay-{number}") };
        tx.save_payment_state(&payment, None).await.unwrap();
        tx.commit().await.unwrap();
    })
    .await;
    assert_eq!(room.store.payment(&out_trade_no(1)).await.unwrap().unwrap().payment.version, 16);
}

async fn payments_are_found_by_bill_and_by_the_providers_number(room: Room) {
    keep_opened(&room.store, 1).await;
    let mut another = payment(2);
    another.payment.bill_no = bill_no(1);
    another.payment.created_at = MORNING.plus_seconds(5);
    let mut tx = room.store.begin().await.unwrap();
    tx.insert_payment(&another).await.unwrap();
    let mut first = payment(1).payment;
    first.state = State::Paid(received(1, 10_000));
    tx.save_payment_state(&first, None).await.unwrap();
    let live = tx.live_payments_of_bill(&bill_no(1)).await.unwrap();
    assert_eq!(live, [another]);
    tx.commit().await.unwrap();
    let all = room.store.payments_of_bill(&bill_no(1)).await.unwrap();
    let numbers: Vec<_> = all.iter().map(|record| record.payment.out_trade_no.clone()).collect();
    assert_eq!(numbers, [out_trade_no(1), out_trade_no(2)]);
    let theirs = ProviderTradeNo::parse("T1").unwrap();
    let found = room.store.payment_by_provider_no(&channel(), &theirs).await.unwrap().unwrap();
    assert_eq!(found.payment.out_trade_no, out_trade_no(1));
}

async fn refund_holds_never_exceed_what_was_received(room: Room) {
    keep_paid(&room.store, 1).await;
    let held = room
        .all_at_once(64, |store, _| async move {
            let mut tx = store.begin().await.unwrap();
            let held = tx.hold_for_refund(&out_trade_no(1), amount(300)).await.unwrap();
            tx.commit().await.unwrap();
            held
        })
        .await;
    assert_eq!(held.iter().filter(|held| **held).count(), 33, "33 times 3.00 of 100.00");
    let read = room.store.payment(&out_trade_no(1)).await.unwrap().unwrap();
    assert_eq!(read.refund_held, Fen::new(9900));

    let mut tx = room.store.begin().await.unwrap();
    tx.release_refund_hold(&out_trade_no(1), amount(9800)).await.unwrap();
    assert!(tx.release_refund_hold(&out_trade_no(1), amount(101)).await.is_err());
    assert!(!tx.hold_for_refund(&out_trade_no(1), amount(9901)).await.unwrap());
    assert!(
        tx.hold_for_refund(&out_trade_no(1), amount(9900)).await.unwrap(),
        "the last fen can be promised"
    );
}

async fn nothing_is_held_of_a_payment_without_money(room: Room) {
    keep_opened(&room.store, 1).await;
    let mut tx = room.store.begin().await.unwrap();
    assert!(!tx.hold_for_refund(&out_trade_no(1), amount(1)).await.unwrap());
    assert!(!tx.hold_for_refund(&out_trade_no(2), amount(1)).await.unwrap());
}
