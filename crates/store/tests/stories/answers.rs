use crate::samples::MORNING;
use crate::{Room, stories};
use mingfen_domain::Timestamp;
use mingfen_store::{Begin, Store};

stories!(
    a_request_is_done_once_and_answered_alike,
    of_many_at_once_one_is_fresh,
    a_request_without_effect_may_be_repeated,
    a_request_is_taken_over_from_the_dead_by_one,
    old_answers_are_forgotten,
);

async fn begin(store: &Store, key: &str, hash: &str, now: Timestamp) -> Begin {
    let mut tx = store.begin().await.unwrap();
    let begin = tx.begin_answer("his", key, hash, now).await.unwrap();
    tx.commit().await.unwrap();
    begin
}

async fn a_request_is_done_once_and_answered_alike(room: Room) {
    let store = &room.store;
    assert_eq!(begin(store, "k1", "hash", MORNING).await, Begin::Fresh);
    assert_eq!(begin(store, "k1", "hash", MORNING).await, Begin::InProgress);
    store.store_answer("his", "k1", 201, "{\"refund\":\"R1\"}").await.unwrap();
    let stored = Begin::Stored { status: 201, body: "{\"refund\":\"R1\"}".into() };
    assert_eq!(begin(store, "k1", "hash", MORNING).await, stored);
    assert_eq!(begin(store, "k1", "another", MORNING).await, Begin::OtherRequest);
    assert_eq!(begin(store, "k2", "hash", MORNING).await, Begin::Fresh);
    assert!(store.store_answer("his", "k1", 500, "").await.is_err(), "the first answer stands");
}

async fn of_many_at_once_one_is_fresh(room: Room) {
    let begun =
        room.all_at_once(16, |store, _| async move { begin(&store, "k1", "hash", MORNING).await }).await;
    assert_eq!(begun.iter().filter(|begin| **begin == Begin::Fresh).count(), 1);
    assert_eq!(begun.iter().filter(|begin| **begin == Begin::InProgress).count(), 15);
}

async fn a_request_without_effect_may_be_repeated(room: Room) {
    let store = &room.store;
    begin(store, "k1", "hash", MORNING).await;
    store.forget_answer("his", "k1").await.unwrap();
    assert_eq!(begin(store, "k1", "hash", MORNING).await, Begin::Fresh);
    store.store_answer("his", "k1", 200, "done").await.unwrap();
    store.forget_answer("his", "k1").await.unwrap();
    let stored = Begin::Stored { status: 200, body: "done".into() };
    assert_eq!(begin(store, "k1", "hash", MORNING).await, stored, "an answer is not forgotten so easily");
}

async fn a_request_is_taken_over_from_the_dead_by_one(room: Room) {
    let store = &room.store;
    begin(store, "k1", "hash", MORNING).await;
    let later = MORNING.plus_seconds(60);
    assert!(!store.take_over_answer("his", "k1", MORNING, later).await.unwrap(), "it may be under way");
    let taken = room
        .all_at_once(16, |store, _| async move {
            store.take_over_answer("his", "k1", MORNING.plus_seconds(1), later).await.unwrap()
        })
        .await;
    assert_eq!(taken.iter().filter(|taken| **taken).count(), 1);
    store.store_answer("his", "k1", 200, "done").await.unwrap();
    let much_later = later.plus_seconds(600);
    assert!(!store.take_over_answer("his", "k1", much_later, much_later).await.unwrap(), "it was answered");
}

async fn old_answers_are_forgotten(room: Room) {
    let store = &room.store;
    begin(store, "old", "hash", MORNING).await;
    begin(store, "new", "hash", MORNING.plus_seconds(10)).await;
    assert_eq!(store.purge_answers(MORNING.plus_seconds(10)).await.unwrap(), 1);
    assert_eq!(begin(store, "old", "hash", MORNING).await, Begin::Fresh);
    assert_eq!(begin(store, "new", "hash", MORNING).await, Begin::InProgress);
}
