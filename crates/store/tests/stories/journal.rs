use crate::samples::{MORNING, channel, keep_opened, out_trade_no, paid_entry};
use crate::{Room, stories};
use mingfen_domain::Fen;
use mingfen_domain::books::{Account, Reason};
use mingfen_store::JournalReport;

stories!(nothing_is_booked_twice, the_books_balance_or_say_which_entry_does_not, entries_are_read_as_booked);

async fn nothing_is_booked_twice(room: Room) {
    let posted = room
        .all_at_once(16, |store, number| async move {
            let mut tx = store.begin().await.unwrap();
            // Not even with another amount: the first one stands.
            let posted = tx.post(&paid_entry(1, 10_000 + number as i64), MORNING).await.unwrap();
            tx.commit().await.unwrap();
            posted
        })
        .await;
    assert_eq!(posted.iter().filter(|posted| **posted).count(), 1);
    let report = room.store.verify_journal().await.unwrap();
    assert_eq!(report, JournalReport { entries: 1, postings: 2, unbalanced: vec![] });
}

async fn the_books_balance_or_say_which_entry_does_not(room: Room) {
    keep_opened(&room.store, 1).await;
    let mut tx = room.store.begin().await.unwrap();
    tx.post(&paid_entry(1, 10_000), MORNING).await.unwrap();
    tx.post(&paid_entry(2, 2_500), MORNING).await.unwrap();
    tx.commit().await.unwrap();
    let balance = room.store.trial_balance().await.unwrap();
    assert_eq!(
        balance,
        [
            (Account::ChannelReceivable(channel()), Fen::new(12_500)),
            (Account::PatientMoney, Fen::new(-12_500)),
        ]
    );

    room.tamper(
        "UPDATE journal_postings SET fen = fen + 1 WHERE line = 0 AND entry_id = 'paid:P26010100000002'",
    )
    .await;
    room.tamper("DELETE FROM journal_postings WHERE entry_id = 'paid:P26010100000001'").await;
    let report = room.store.verify_journal().await.unwrap();
    assert_eq!(report.unbalanced, ["paid:P26010100000001", "paid:P26010100000002"]);
}

async fn entries_are_read_as_booked(room: Room) {
    let entry = paid_entry(1, 10_000);
    let mut tx = room.store.begin().await.unwrap();
    tx.post(&entry, MORNING).await.unwrap();
    tx.commit().await.unwrap();
    let entries = room.store.entries_of(out_trade_no(1).as_str()).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].reason, entries[0].at), (Reason::Paid, MORNING));
    assert_eq!(entries[0].postings, entry.postings());
}
