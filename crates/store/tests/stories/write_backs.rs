use crate::samples::{MORNING, bill_no, keep_opened, out_trade_no};
use crate::{Room, stories};
use mingfen_domain::slip::SlipKind;
use mingfen_domain::write_back::{Booked, Place, State};
use mingfen_store::StoreError;

stories!(a_bill_is_written_back_once, every_state_comes_back_as_it_was_saved, a_stale_write_back_is_refused);

async fn a_bill_is_written_back_once(room: Room) {
    keep_opened(&room.store, 1).await;
    let made = room
        .all_at_once(16, |store, number| async move {
            let mut tx = store.begin().await.unwrap();
            let made = tx.insert_write_back_due(&bill_no(1), &out_trade_no(number), MORNING).await.unwrap();
            tx.commit().await.unwrap();
            made
        })
        .await;
    assert_eq!(made.iter().filter(|made| **made).count(), 1);
    let winner = made.iter().position(|made| *made).unwrap();
    let kept = room.store.write_back(&bill_no(1)).await.unwrap().unwrap();
    assert_eq!(kept.out_trade_no, out_trade_no(winner));
}

async fn every_state_comes_back_as_it_was_saved(room: Room) {
    keep_opened(&room.store, 1).await;
    let mut tx = room.store.begin().await.unwrap();
    tx.insert_write_back_due(&bill_no(1), &out_trade_no(1), MORNING).await.unwrap();
    tx.commit().await.unwrap();
    let place = Place {
        place: "超声科登记台".into(),
        location: Some("门诊楼 3 层".into()),
        wait: None,
        number_label: Some("排队号".into()),
        number: Some("B36".into()),
        kind: Some(SlipKind::Exam),
    };
    let booked = Booked { his_order_no: "H1".into(), receipt_no: "R1".into(), places: vec![place] };
    for state in [
        State::Unknown,
        State::RefusalToConfirm { reason: "SLIP_CANCELLED".into() },
        State::Refused { reason: "SLIP_CANCELLED".into() },
        State::Posted(booked),
        State::Due,
    ] {
        let mut tx = room.store.begin().await.unwrap();
        let mut record = tx.write_back_for_update(&bill_no(1)).await.unwrap().unwrap();
        record.state = state;
        record.posted_at = matches!(record.state, State::Posted(_)).then_some(MORNING);
        tx.save_write_back(&record).await.unwrap();
        tx.commit().await.unwrap();
        record.version += 1;
        assert_eq!(room.store.write_back(&bill_no(1)).await.unwrap(), Some(record));
    }
}

async fn a_stale_write_back_is_refused(room: Room) {
    keep_opened(&room.store, 1).await;
    let mut tx = room.store.begin().await.unwrap();
    tx.insert_write_back_due(&bill_no(1), &out_trade_no(1), MORNING).await.unwrap();
    let record = tx.write_back(&bill_no(1)).await.unwrap().unwrap();
    tx.save_write_back(&record).await.unwrap();
    let stale = tx.save_write_back(&record).await.unwrap_err();
    assert!(matches!(stale, StoreError::Stale { table: "write_backs", .. }), "{stale}");
}
