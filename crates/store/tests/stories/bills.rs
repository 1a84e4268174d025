use crate::samples::{bill, bill_no, hospital, keep_opened, out_trade_no, slip_no};
use crate::{Room, stories};
use mingfen_domain::bill::BillState;
use mingfen_store::StoreError;

stories!(
    a_bill_comes_back_as_it_was_kept,
    a_bill_is_found_by_link_card_and_slip,
    of_two_who_read_the_same_version_one_is_stale,
    a_number_is_given_once,
    a_row_that_contradicts_itself_is_named,
);

async fn a_bill_comes_back_as_it_was_kept(room: Room) {
    let mut kept = bill(1);
    let mut tx = room.store.begin().await.unwrap();
    tx.insert_bill(&kept).await.unwrap();
    assert_eq!(tx.bill(&bill_no(1)).await.unwrap().as_ref(), Some(&kept));
    tx.set_lock_token(&bill_no(1), Some("lock-1")).await.unwrap();
    tx.commit().await.unwrap();
    kept.bill.lock_token = Some("lock-1".into());
    let read = room.store.bill(&bill_no(1)).await.unwrap().unwrap();
    assert_eq!(read, kept);
    assert_eq!(read.slips[1].department, kept.slips[1].department);
    assert_eq!(room.store.bill(&bill_no(2)).await.unwrap(), None);
    let shown = format!("{read:?}");
    assert!(shown.contains("B26010100000001") && !shown.contains("card-1"), "{shown}");
}

async fn a_bill_is_found_by_link_card_and_slip(room: Room) {
    for number in 1..=3 {
        keep_opened(&room.store, number).await;
    }
    let by_link = room.store.bill_by_view_ref("view-2").await.unwrap().unwrap();
    assert_eq!(by_link.bill.bill_no, bill_no(2));
    let of_card =
        room.store.bills_of_card(&hospital(), &["card-0".into(), "card-1".into()], 2).await.unwrap();
    let numbers: Vec<_> = of_card.iter().map(|record| record.bill.bill_no.clone()).collect();
    assert_eq!(numbers, [bill_no(3), bill_no(2)], "the latest first");
    assert_eq!(of_card[0].slips.len(), 2);
    let of_slip = room.store.bills_of_slip(&hospital(), &slip_no(2)).await.unwrap();
    assert_eq!(of_slip.len(), 1);
    assert_eq!(of_slip[0], bill(1));
}

async fn of_two_who_read_the_same_version_one_is_stale(room: Room) {
    keep_opened(&room.store, 1).await;
    let answers = room
        .all_at_once(8, |store, number| async move {
            let version = store.bill(&bill_no(1)).await.unwrap().unwrap().version;
            let mut tx = store.begin().await.unwrap();
            let settled = BillState::Settled { by: out_trade_no(number) };
            let answer = tx.set_bill_state(&bill_no(1), &settled, version).await;
            tx.commit().await.unwrap();
            (version, answer)
        })
        .await;
    let winners = answers.iter().filter(|(version, answer)| *version == 0 && answer.is_ok()).count();
    assert_eq!(winners, 1, "only one can have moved it from the version that it had");
    let version = room.store.bill(&bill_no(1)).await.unwrap().unwrap().version;
    assert_eq!(answers.iter().filter(|(_, answer)| answer.is_ok()).count() as i64, version);

    let mut tx = room.store.begin().await.unwrap();
    let stale = tx.set_bill_state(&bill_no(1), &BillState::Released, 0).await.unwrap_err();
    assert!(
        matches!(&stale, StoreError::Stale { table: "bills", key } if key == "B26010100000001"),
        "{stale}"
    );
}

async fn a_number_is_given_once(room: Room) {
    keep_opened(&room.store, 1).await;
    let mut tx = room.store.begin().await.unwrap();
    let again = tx.insert_bill(&bill(1)).await.unwrap_err();
    assert!(matches!(again, StoreError::UniqueViolation(_)), "{again}");
}

async fn a_row_that_contradicts_itself_is_named(room: Room) {
    keep_opened(&room.store, 1).await;
    room.tamper("UPDATE bills SET trace_id = 'not hexadecimal!'").await;
    let error = room.store.bill(&bill_no(1)).await.unwrap_err();
    let StoreError::Inconsistent { table, key, column, .. } = &error else { panic!("{error}") };
    assert_eq!((*table, key.as_str(), *column), ("bills", "B26010100000001", "trace_id"));
}
