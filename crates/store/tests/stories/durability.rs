use crate::room::open;
use crate::samples::{bill, bill_no, keep_opened};
use crate::{Room, stories};
use mingfen_store::{Engine, Store, StoreSettings};

stories!(
    a_commit_is_on_disk_before_it_is_answered,
    a_server_told_to_answer_early_is_told_otherwise,
    what_was_committed_is_there_for_the_next_process,
    what_was_not_committed_never_was,
    migrating_twice_or_at_once_changes_nothing,
    a_migration_that_was_changed_afterwards_is_refused,
);

async fn a_commit_is_on_disk_before_it_is_answered(room: Room) {
    assert!(room.store.is_durable().await.unwrap());
    let to_fill = StoreSettings { url: room.url.clone(), max_connections: 2 };
    let to_fill = Store::open_to_fill(&to_fill).await.unwrap();
    assert_eq!(to_fill.is_durable().await.unwrap(), room.store.engine() == Engine::Postgres);
    let memory = StoreSettings { url: "sqlite::memory:".into(), max_connections: 4 };
    let memory = Store::open(&memory).await.unwrap();
    assert!(!memory.is_durable().await.unwrap());
    memory.migrate().await.unwrap();
    keep_opened(&memory, 1).await;
    assert_eq!(memory.bill(&bill_no(1)).await.unwrap(), Some(bill(1)));
}

async fn a_server_told_to_answer_early_is_told_otherwise(room: Room) {
    if room.store.engine() == Engine::Postgres {
        let early = open(&format!("{}%20-csynchronous_commit%3Doff", room.url)).await;
        assert!(early.is_durable().await.unwrap());
    }
}

async fn what_was_committed_is_there_for_the_next_process(room: Room) {
    keep_opened(&room.store, 1).await;
    room.store.close().await;
    assert!(room.store.ping().await.is_err());
    let next = open(&room.url).await;
    next.ping().await.unwrap();
    assert_eq!(next.bill(&bill_no(1)).await.unwrap(), Some(bill(1)));
}

async fn what_was_not_committed_never_was(room: Room) {
    let mut tx = room.store.begin().await.unwrap();
    tx.insert_bill(&bill(1)).await.unwrap();
    drop(tx);
    assert_eq!(room.store.bill(&bill_no(1)).await.unwrap(), None);
    keep_opened(&room.store, 1).await;
}

async fn migrating_twice_or_at_once_changes_nothing(room: Room) {
    assert_eq!(room.store.migrate().await.unwrap(), 0);
    assert!(room.store.pending_migrations().await.unwrap().is_empty());
    if room.store.engine() == Engine::Sqlite {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", directory.path().join("fresh.db").display());
        let (one, two) = (open(&url).await, open(&url).await);
        assert_eq!(one.pending_migrations().await.unwrap().first().map(String::as_str), Some("0001_bills"));
        let (one, two) = tokio::join!(one.migrate(), two.migrate());
        one.unwrap();
        two.unwrap();
    }
}

async fn a_migration_that_was_changed_afterwards_is_refused(room: Room) {
    room.tamper(
        "UPDATE _sqlx_migrations
            SET checksum = (SELECT checksum FROM _sqlx_migrations WHERE version = 2)
            WHERE version = 1",
    )
    .await;
    assert!(room.store.migrate().await.is_err());
}
