use crate::samples::MORNING;
use crate::{Room, stories};
use mingfen_domain::{BusinessDay, Fen, Timestamp};
use mingfen_store::{Attempt, Begin, Store};

stories!(
    a_request_is_done_once_and_answered_alike,
    of_many_at_once_one_is_fresh,
    a_request_without_effect_may_be_repeated,
    a_request_is_taken_over_from_the_dead_by_one,
    who_was_taken_over_from_can_neither_end_nor_forget_it,
    old_answers_are_forgotten,
    a_nonce_is_new_once_and_forgotten_when_it_is_too_old,
    an_allowance_is_never_exceeded,
);

fn by<'a>(key: &'a str, attempt: &'a str) -> Attempt<'a> {
    Attempt { api_key: "his", idempotency_key: key, attempt }
}

async fn begin(store: &Store, key: &str, hash: &str, now: Timestamp) -> Begin {
    let mut tx = store.begin().await.unwrap();
    let begin = tx.begin_answer(by(key, "first"), hash, now).await.unwrap();
    tx.commit().await.unwrap();
    begin
}

async fn a_request_is_done_once_and_answered_alike(room: Room) {
    let store = &room.store;
    assert_eq!(begin(store, "k1", "hash", MORNING).await, Begin::Fresh);
    assert_eq!(begin(store, "k1", "hash", MORNING).await, Begin::InProgress);
    assert!(store.store_answer(by("k1", "first"), 201, b"sealed").await.unwrap());
    let stored = Begin::Stored { status: 201, body_sealed: b"sealed".to_vec() };
    assert_eq!(begin(store, "k1", "hash", MORNING).await, stored);
    assert_eq!(begin(store, "k1", "another", MORNING).await, Begin::OtherRequest);
    assert_eq!(begin(store, "k2", "hash", MORNING).await, Begin::Fresh);
    assert!(!store.store_answer(by("k1", "first"), 500, b"").await.unwrap(), "the first answer stands");
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
    assert!(store.forget_answer(by("k1", "first")).await.unwrap());
    assert_eq!(begin(store, "k1", "hash", MORNING).await, Begin::Fresh);
    assert!(store.store_answer(by("k1", "first"), 200, b"done").await.unwrap());
    assert!(!store.forget_answer(by("k1", "first")).await.unwrap());
    let stored = Begin::Stored { status: 200, body_sealed: b"done".to_vec() };
    assert_eq!(begin(store, "k1", "hash", MORNING).await, stored, "an answer is not forgotten so easily");
}

async fn a_request_is_taken_over_from_the_dead_by_one(room: Room) {
    let store = &room.store;
    begin(store, "k1", "hash", MORNING).await;
    let later = MORNING.plus_seconds(60);
    assert!(!store.take_over_answer(by("k1", "x"), MORNING, later).await.unwrap(), "it may be under way");
    let taken = room
        .all_at_once(16, |store, number| async move {
            let attempt = format!("taker-{number}");
            let took =
                store.take_over_answer(by("k1", &attempt), MORNING.plus_seconds(1), later).await.unwrap();
            took.then_some(attempt)
        })
        .await;
    let takers: Vec<String> = taken.into_iter().flatten().collect();
    let [taker] = takers.as_slice() else { panic!("{takers:?}") };
    assert!(store.store_answer(by("k1", taker), 200, b"done").await.unwrap());
    let much_later = later.plus_seconds(600);
    assert!(!store.take_over_answer(by("k1", "x"), much_later, much_later).await.unwrap(), "it was answered");
}

async fn who_was_taken_over_from_can_neither_end_nor_forget_it(room: Room) {
    let store = &room.store;
    begin(store, "k1", "hash", MORNING).await;
    let later = MORNING.plus_seconds(61);
    assert!(store.take_over_answer(by("k1", "second"), MORNING.plus_seconds(1), later).await.unwrap());
    assert!(!store.forget_answer(by("k1", "first")).await.unwrap());
    assert!(!store.store_answer(by("k1", "first"), 503, b"slow").await.unwrap());
    assert_eq!(begin(store, "k1", "hash", later).await, Begin::InProgress);
    assert!(store.store_answer(by("k1", "second"), 200, b"done").await.unwrap());
    let stored = Begin::Stored { status: 200, body_sealed: b"done".to_vec() };
    assert_eq!(begin(store, "k1", "hash", later).await, stored);
}

async fn a_nonce_is_new_once_and_forgotten_when_it_is_too_old(room: Room) {
    let store = &room.store;
    let until = MORNING.plus_seconds(900);
    let new = room.all_at_once(8, move |store, _| async move {
        store.remember_nonce("his", "N1", until).await.unwrap()
    });
    assert_eq!(new.await.into_iter().filter(|new| *new).count(), 1);
    assert!(store.remember_nonce("kiosk", "N1", until).await.unwrap(), "each key has its own");
    assert_eq!(store.purge_nonces(until).await.unwrap(), 0);
    assert_eq!(store.purge_nonces(until.plus_ms(1)).await.unwrap(), 2);
}

async fn an_allowance_is_never_exceeded(room: Room) {
    let store = &room.store;
    let day = BusinessDay::of(MORNING);
    let used = room.all_at_once(8, move |store, _| async move {
        store.use_allowance("his", day, Fen::new(30), Fen::new(100)).await.unwrap()
    });
    assert_eq!(used.await.into_iter().filter(|used| *used).count(), 3);
    assert_eq!(store.allowance_used("his", day).await.unwrap(), Fen::new(90));
    assert!(!store.use_allowance("kiosk", day, Fen::new(101), Fen::new(100)).await.unwrap());
    store.return_allowance("his", day, Fen::new(30)).await.unwrap();
    assert!(store.use_allowance("his", day, Fen::new(40), Fen::new(100)).await.unwrap());
    assert!(store.use_allowance("his", day.next(), Fen::new(100), Fen::new(100)).await.unwrap());
    assert_eq!(store.purge_allowances(day.next()).await.unwrap(), 1);
    assert_eq!(store.allowance_used("his", day).await.unwrap(), Fen::ZERO);
}

async fn old_answers_are_forgotten(room: Room) {
    let store = &room.store;
    begin(store, "old", "hash", MORNING).await;
    begin(store, "new", "hash", MORNING.plus_seconds(10)).await;
    assert_eq!(store.purge_answers(MORNING.plus_seconds(10)).await.unwrap(), 1);
    assert_eq!(begin(store, "old", "hash", MORNING).await, Begin::Fresh);
    assert_eq!(begin(store, "new", "hash", MORNING).await, Begin::InProgress);
}
