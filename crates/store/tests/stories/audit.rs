use crate::samples::MORNING;
use crate::{Room, stories};
use mingfen_store::{AuditEvent, AuditLink, StoreError};

stories!(
    what_many_wrote_is_sealed_into_one_chain_without_gaps,
    an_event_is_sealed_once,
    an_event_lives_and_dies_with_its_transaction,
);

fn event(number: usize) -> AuditEvent {
    AuditEvent {
        at: MORNING.plus_ms(number as i64),
        actor: "cashier-7".into(),
        action: "refund.request".into(),
        subject: format!("R{number}"),
        detail: "40.00".into(),
    }
}

/// Seals what is unsealed, up to `limit`, with a hash that is easy to follow; says how many that were.
async fn seal_some(room: &Room, limit: i64) -> usize {
    let mut tx = room.store.begin().await.unwrap();
    let last = tx.last_link().await.unwrap().map_or(0, |link| link.seq);
    let unsealed = tx.unsealed(limit).await.unwrap();
    let links: Vec<_> = (last + 1..)
        .zip(&unsealed)
        .map(|(seq, record)| (record.event_id.clone(), seq, format!("{seq:064x}")))
        .collect();
    let count = links.len();
    tx.seal(links).await.unwrap();
    tx.commit().await.unwrap();
    count
}

async fn what_many_wrote_is_sealed_into_one_chain_without_gaps(room: Room) {
    room.all_at_once(8, |store, writer| async move {
        for number in 0..40 {
            let mut tx = store.begin().await.unwrap();
            tx.record(&event(writer * 40 + number)).await.unwrap();
            tx.commit().await.unwrap();
        }
    })
    .await;
    assert_eq!(room.store.last_link().await.unwrap(), None);
    assert_eq!(seal_some(&room, 70).await, 70);
    assert_eq!(seal_some(&room, 1000).await, 250, "more than fits one statement");
    assert_eq!(seal_some(&room, 1000).await, 0);

    let chain = room.store.stream_chain(1, 1000).await.unwrap();
    let numbers: Vec<i64> = chain.iter().map(|record| record.link.as_ref().unwrap().seq).collect();
    assert_eq!(numbers, (1..=320).collect::<Vec<i64>>());
    assert_eq!(room.store.stream_chain(300, 5).await.unwrap(), chain[299..304]);
    let last = AuditLink { seq: 320, hash: format!("{:064x}", 320) };
    assert_eq!(room.store.last_link().await.unwrap(), Some(last));
    assert_eq!(room.store.audit_of("R17").await.unwrap()[0].event, event(17));
}

async fn an_event_is_sealed_once(room: Room) {
    let mut tx = room.store.begin().await.unwrap();
    tx.record(&event(1)).await.unwrap();
    tx.record(&event(2)).await.unwrap();
    tx.commit().await.unwrap();
    let unsealed = room.store.unsealed(10).await.unwrap();
    assert_eq!(seal_some(&room, 1).await, 1);

    let mut tx = room.store.begin().await.unwrap();
    let again = tx.seal(vec![(unsealed[0].event_id.clone(), 2, "aa".into())]).await.unwrap_err();
    assert!(matches!(again, StoreError::Stale { table: "audit_events", .. }), "{again}");
    drop(tx);
    let mut tx = room.store.begin().await.unwrap();
    let same_number = tx.seal(vec![(unsealed[1].event_id.clone(), 1, "bb".into())]).await.unwrap_err();
    assert!(matches!(same_number, StoreError::UniqueViolation(_)), "{same_number}");
}

async fn an_event_lives_and_dies_with_its_transaction(room: Room) {
    let mut tx = room.store.begin().await.unwrap();
    tx.record(&event(1)).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(room.store.unsealed(10).await.unwrap(), []);
}
