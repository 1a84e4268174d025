use crate::samples::{MORNING, bill_no, keep_paid, out_refund_no, out_trade_no, provider_refund_no, refund};
use crate::{Room, stories};
use mingfen_domain::refund::State;
use mingfen_store::{Inserted, RefundHisState, StoreError};

stories!(
    every_state_comes_back_as_it_was_saved,
    the_same_key_is_the_same_refund,
    a_stale_refund_is_refused,
    what_his_knows_is_kept_beside_the_machine,
);

async fn every_state_comes_back_as_it_was_saved(room: Room) {
    keep_paid(&room.store, 1).await;
    let kept = refund(1, 1, 4000);
    let mut tx = room.store.begin().await.unwrap();
    assert_eq!(tx.insert_refund(&kept).await.unwrap(), Inserted::New);
    tx.commit().await.unwrap();
    assert_eq!(room.store.refund(&out_refund_no(1)).await.unwrap(), Some(kept));

    let number = provider_refund_no();
    for state in [
        State::Unknown,
        State::Processing { provider_refund_no: number.clone() },
        State::Abnormal { provider_refund_no: number.clone() },
        State::Succeeded { provider_refund_no: number, refunded_at: MORNING.plus_seconds(300) },
        State::Failed { reason: "NOT_ENOUGH 余额不足".into() },
        State::Due,
    ] {
        let mut tx = room.store.begin().await.unwrap();
        let mut refund = tx.refund_for_update(&out_refund_no(1)).await.unwrap().unwrap().refund;
        refund.state = state.clone();
        tx.save_refund_state(&refund).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(room.store.refund(&out_refund_no(1)).await.unwrap().unwrap().refund.state, state);
    }
}

async fn the_same_key_is_the_same_refund(room: Room) {
    keep_paid(&room.store, 1).await;
    let answers = room
        .all_at_once(16, |store, number| async move {
            let mut record = refund(number, 1, 100);
            record.request_key = Some("his:42".into());
            let mut tx = store.begin().await.unwrap();
            let inserted = tx.insert_refund(&record).await.unwrap();
            tx.commit().await.unwrap();
            inserted
        })
        .await;
    assert_eq!(answers.iter().filter(|answer| **answer == Inserted::New).count(), 1);
    let only = room.store.refund_by_request_key("his:42").await.unwrap().unwrap();
    let taken = Inserted::KeyTaken(only.refund.out_refund_no);
    assert_eq!(answers.iter().filter(|answer| **answer == taken).count(), 15);

    let mut tx = room.store.begin().await.unwrap();
    for number in [20, 21] {
        assert_eq!(
            tx.insert_refund(&refund(number, 1, 100)).await.unwrap(),
            Inserted::New,
            "no key, no clash"
        );
    }
    tx.commit().await.unwrap();
    assert_eq!(room.store.refunds_of_payment(&out_trade_no(1)).await.unwrap().len(), 3);
    assert_eq!(room.store.refunds_of_bill(&bill_no(1)).await.unwrap().len(), 3);
}

async fn a_stale_refund_is_refused(room: Room) {
    keep_paid(&room.store, 1).await;
    let mut tx = room.store.begin().await.unwrap();
    let mut record = refund(1, 1, 100);
    tx.insert_refund(&record).await.unwrap();
    record.refund.state = State::Unknown;
    tx.save_refund_state(&record.refund).await.unwrap();
    let stale = tx.save_refund_state(&record.refund).await.unwrap_err();
    assert!(matches!(stale, StoreError::Stale { table: "refunds", .. }), "{stale}");
}

async fn what_his_knows_is_kept_beside_the_machine(room: Room) {
    keep_paid(&room.store, 1).await;
    let mut tx = room.store.begin().await.unwrap();
    tx.insert_refund(&refund(1, 1, 100)).await.unwrap();
    let no = out_refund_no(1);
    tx.set_refund_his_state(&no, RefundHisState::Posted, Some("HIS-9")).await.unwrap();
    tx.set_refund_his_state(&no, RefundHisState::Posted, None).await.unwrap();
    let read = tx.refund(&no).await.unwrap().unwrap();
    assert_eq!((read.his_state, read.his_refund_no.as_deref()), (RefundHisState::Posted, Some("HIS-9")));
    assert_eq!(read.refund.version, 0, "the machine did not step");
}
