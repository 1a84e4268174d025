use crate::samples::{MORNING, bill_no, channel, keep_opened};
use crate::{Room, stories};
use mingfen_store::{NoticeRecord, NotificationRecord, SightingRecord};

stories!(
    a_notification_is_kept_before_it_is_believed,
    sightings_are_read_in_the_order_of_their_time,
    notices_belong_to_their_bill,
);

async fn a_notification_is_kept_before_it_is_believed(room: Room) {
    let store = &room.store;
    let mut kept = NotificationRecord {
        notification_id: "n1".into(),
        channel: channel(),
        received_at: MORNING,
        headers_sealed: vec![0, 1],
        body_sealed: vec![255, 0],
        body_sha256: "ab".repeat(32),
        verdict: "received".into(),
        event_id: None,
        subject: None,
    };
    store.insert_notification(&kept).await.unwrap();
    assert!(store.notifications_of("P1").await.unwrap().is_empty());
    store.set_verdict("n1", "applied", Some("EV-1"), Some("P1")).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.set_verdict("n1", "already", None, None).await.unwrap();
    tx.commit().await.unwrap();
    kept.verdict = "already".into();
    kept.event_id = Some("EV-1".into());
    kept.subject = Some("P1".into());
    assert_eq!(store.notifications_of("P1").await.unwrap(), [kept]);
    assert!(store.set_verdict("n2", "applied", None, None).await.is_err());
}

async fn sightings_are_read_in_the_order_of_their_time(room: Room) {
    let sighting = |seconds, way: &str| SightingRecord {
        subject: "P1".into(),
        way: way.into(),
        seen: "paid".into(),
        detail: "T1 100.00".into(),
        outcome: "applied".into(),
        at: MORNING.plus_seconds(seconds),
        notification_id: None,
    };
    let mut tx = room.store.begin().await.unwrap();
    for record in [sighting(20, "query"), sighting(10, "notification"), sighting(20, "order_answer")] {
        tx.insert_sighting(&record).await.unwrap();
    }
    tx.commit().await.unwrap();
    let ways: Vec<String> =
        room.store.sightings_of("P1").await.unwrap().into_iter().map(|record| record.way).collect();
    assert_eq!(ways, ["notification", "query", "order_answer"]);
}

async fn notices_belong_to_their_bill(room: Room) {
    keep_opened(&room.store, 1).await;
    let notice = NoticeRecord {
        bill_no: bill_no(1),
        kind: "paid".into(),
        medium: "sms".into(),
        sent: false,
        provider_no: Some("SMS-1".into()),
        at: MORNING,
    };
    let mut tx = room.store.begin().await.unwrap();
    tx.insert_notice(&notice).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(room.store.notices_of_bill(&bill_no(1)).await.unwrap(), [notice]);
    assert!(room.store.notices_of_bill(&bill_no(2)).await.unwrap().is_empty());
}
