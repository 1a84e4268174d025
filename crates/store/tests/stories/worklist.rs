//! The worklist: what is open over all days, by deadline, and who works on it.

use crate::room::{Room, stories};
use crate::runs::{day, finding, publish, run, run_id};
use crate::samples::{MORNING, channel};
use mingfen_domain::difference::{Category, Owner, Remedy};
use mingfen_domain::ids::RemedyId;
use mingfen_domain::{BusinessDay, Fen};
use mingfen_store::{
    AssignedTo, BroughtFileRecord, DueWhen, FindingFileRecord, FindingRecord, HandlingRecord, InputKind,
    KeptFileRecord, PendingFilter, RemedyRecord, RemedyState, RequestEnd, Standing, Store, StoreError,
};

stories!(
    open_differences_of_all_days_come_by_deadline_and_page_by_page,
    what_is_settled_superseded_cleared_or_decided_leaves_the_worklist_and_comes_back_when_that_is_undone,
    who_works_on_a_difference_is_said_by_one_at_a_time_and_outlives_a_rerun,
    notes_and_files_stay_with_their_difference,
    of_what_was_brought_the_latest_counts,
    a_comparison_that_was_asked_for_ends_once,
);

fn named(key: &str, position: i64, category: Category, of: &str, due: Option<&str>) -> FindingRecord {
    FindingRecord { finding_key: key.into(), deadline: due.map(day), ..finding(position, category, of) }
}

async fn keys(store: &Store, filter: &PendingFilter) -> Vec<String> {
    let found = store.pending_findings(filter, None, 100).await.unwrap();
    let sums = store.pending_sums(filter, 100).await.unwrap();
    assert_eq!(usize::try_from(sums.number).unwrap(), found.len(), "the sums are those of the list");
    found.into_iter().map(|record| record.finding.finding_key).collect()
}

async fn open_differences_of_all_days_come_by_deadline_and_page_by_page(room: Room) {
    let store = &room.store;
    let first = [
        named("late", 0, Category::ChannelOnly, "2026-01-01", Some("2026-01-02")),
        named("settled", 1, Category::MatchedLate, "2026-01-01", None),
        named("never", 2, Category::HisOnly, "2026-01-01", None),
    ];
    let second = [
        named("soon", 0, Category::AmountOver, "2026-01-02", Some("2026-01-03")),
        named("waits", 1, Category::CrossDay, "2026-01-02", Some("2026-01-02")),
        FindingRecord {
            carried_in: true,
            ..named("late", 2, Category::ChannelOnly, "2026-01-01", Some("2026-01-02"))
        },
    ];
    publish(store, &run(1, "2026-01-01", 1), &first, &[]).await;
    publish(store, &run(2, "2026-01-02", 1), &second, &[]).await;
    let all = PendingFilter::default();
    assert_eq!(keys(store, &all).await, ["late", "waits", "soon", "never"]);
    let sums = store.pending_sums(&all, 100).await.unwrap();
    assert_eq!((sums.at_stake, sums.more), (Fen::new(4 * 8880), false));
    assert!(store.pending_sums(&all, 3).await.unwrap().more);

    let mut paged = Vec::new();
    let mut after = None;
    loop {
        let page = store.pending_findings(&all, after.as_ref(), 1).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.place());
        paged.extend(page.into_iter().map(|record| record.finding.finding_key));
    }
    assert_eq!(paged, ["late", "waits", "soon", "never"], "every page follows the one before");

    let of = |filter: PendingFilter| async move { keys(store, &filter).await };
    assert_eq!(of(PendingFilter { run: Some(run_id(2)), ..all.clone() }).await, ["waits", "soon"]);
    assert_eq!(of(PendingFilter { category: Some(Category::HisOnly), ..all.clone() }).await, ["never"]);
    assert_eq!(of(PendingFilter { standing: Some(Standing::Carried), ..all.clone() }).await, ["waits"]);
    assert_eq!(of(PendingFilter { standing: Some(Standing::Settled), ..all.clone() }).await, [""; 0]);
    assert_eq!(
        of(PendingFilter { channel: Some(channel()), ..all.clone() }).await,
        ["late", "soon", "never"]
    );
    assert_eq!(of(PendingFilter { owner: Some(Owner::It), ..all.clone() }).await, [""; 0]);
    // What waits across days is not late by itself.
    let late = DueWhen::Before(day("2026-01-04"));
    assert_eq!(of(PendingFilter { due: late, ..all.clone() }).await, ["late", "soon"]);
    assert_eq!(of(PendingFilter { due: DueWhen::On(day("2026-01-03")), ..all.clone() }).await, ["soon"]);
    assert_eq!(
        store.overdue_findings(day("2026-01-03")).await.unwrap(),
        [(day("2026-01-01"), 1)],
        "the reminder counts the same"
    );
    let counts = store.pending_counts(day("2026-01-01"), day("2026-01-02"), day("2026-01-03")).await.unwrap();
    let told: Vec<(BusinessDay, Standing, bool, i64)> = counts
        .iter()
        .filter(|count| count.channel == Some(channel()))
        .map(|count| (count.day, count.standing, count.overdue, count.number))
        .collect();
    assert_eq!(told.len(), 3, "{counts:?}");
    assert!(told.contains(&(day("2026-01-01"), Standing::Open, true, 1)), "{counts:?}");
    assert!(told.contains(&(day("2026-01-02"), Standing::Open, false, 1)), "{counts:?}");
}

fn write_off(key: &str, state: RemedyState) -> RemedyRecord {
    RemedyRecord {
        remedy_id: RemedyId::parse("Y26010100000000000001".to_owned()).unwrap_or_else(|_| unreachable!()),
        finding_key: key.into(),
        run_id: run_id(1),
        day: day("2026-01-01"),
        order_no: "P1".into(),
        remedy: Remedy::WriteOff,
        settles: true,
        amount: Fen::new(8880),
        reason: "why".into(),
        preview: "what".into(),
        state,
        asked_by: "one".into(),
        asked_at: MORNING,
        decided_by: None,
        decided_at: None,
        outcome: String::new(),
        version: 0,
    }
}

async fn what_is_settled_superseded_cleared_or_decided_leaves_the_worklist_and_comes_back_when_that_is_undone(
    room: Room,
) {
    let store = &room.store;
    let all = PendingFilter::default();
    let first = [
        named("cleared", 0, Category::ChannelOnly, "2026-01-01", None),
        named("decided", 1, Category::HisOnly, "2026-01-01", None),
    ];
    publish(store, &run(1, "2026-01-01", 1), &first, &[]).await;
    assert_eq!(keys(store, &all).await, ["cleared", "decided"]);
    publish(store, &run(2, "2026-01-02", 1), &[], &[("cleared".into(), true)]).await;
    assert_eq!(keys(store, &all).await, ["decided"]);
    // The next day is compared again, and does not clear it any more.
    publish(store, &run(3, "2026-01-02", 2), &[], &[]).await;
    assert_eq!(keys(store, &all).await, ["cleared", "decided"]);

    let mut tx = store.begin().await.unwrap();
    tx.insert_remedy(&write_off("decided", RemedyState::Waiting)).await.unwrap();
    tx.commit().await.unwrap();
    let waiting = PendingFilter { standing: Some(Standing::Waiting), ..all.clone() };
    assert_eq!(keys(store, &waiting).await, ["decided"]);
    assert_eq!(store.waiting_count().await.unwrap(), 1);
    let mut tx = store.begin().await.unwrap();
    tx.decide_remedy(&write_off("decided", RemedyState::Done)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(keys(store, &all).await, ["cleared"]);
    // A rerun finds both again: what was decided stays decided.
    publish(store, &run(4, "2026-01-01", 2), &first, &[]).await;
    assert_eq!(keys(store, &all).await, ["cleared"]);
    let of_the_old = PendingFilter { run: Some(run_id(1)), ..all.clone() };
    assert_eq!(keys(store, &of_the_old).await, [""; 0], "what was superseded is on no list");
}

fn handled(key: &str, by: &str, version: i64) -> HandlingRecord {
    HandlingRecord {
        finding_key: key.into(),
        assigned_to: Some("0501".into()),
        deadline: Some(day("2026-02-01")),
        changed_by: by.into(),
        changed_at: MORNING,
        version,
    }
}

async fn who_works_on_a_difference_is_said_by_one_at_a_time_and_outlives_a_rerun(room: Room) {
    let store = &room.store;
    let found = [
        named("a", 0, Category::ChannelOnly, "2026-01-01", Some("2026-01-02")),
        named("b", 1, Category::ChannelOnly, "2026-01-01", Some("2026-01-03")),
    ];
    publish(store, &run(1, "2026-01-01", 1), &found, &[]).await;
    assert_eq!(store.handling("a").await.unwrap(), None);
    let mut tx = store.begin().await.unwrap();
    tx.save_handling(&handled("a", "one", 0)).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let again = tx.save_handling(&handled("a", "two", 0)).await.unwrap_err();
    assert!(matches!(again, StoreError::UniqueViolation(_)), "{again:?}");
    tx.rollback().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.save_handling(&handled("a", "two", 1)).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let stale = tx.save_handling(&handled("a", "three", 1)).await.unwrap_err();
    assert!(matches!(stale, StoreError::Stale { .. }), "{stale:?}");
    tx.rollback().await.unwrap();
    assert_eq!(store.handling("a").await.unwrap(), Some(handled("a", "two", 2)));

    let all = PendingFilter::default();
    assert_eq!(keys(store, &all).await, ["b", "a"], "the later deadline is further down");
    let mine = PendingFilter { assigned: AssignedTo::Person("0501".into()), ..all.clone() };
    let nobodys = PendingFilter { assigned: AssignedTo::Nobody, ..all.clone() };
    assert_eq!(keys(store, &mine).await, ["a"]);
    assert_eq!(keys(store, &nobodys).await, ["b"]);
    publish(store, &run(2, "2026-01-01", 2), &found, &[]).await;
    assert_eq!(keys(store, &all).await, ["b", "a"], "the rerun has the deadline that a person set");
    assert_eq!(keys(store, &mine).await, ["a"]);
}

async fn notes_and_files_stay_with_their_difference(room: Room) {
    let store = &room.store;
    let kept = KeptFileRecord {
        file_sha256: "ff".into(),
        name: "x.pdf".into(),
        size_bytes: 3,
        pieces: 1,
        kept_at: MORNING,
    };
    store.keep_file(&kept).await.unwrap();
    let file = FindingFileRecord {
        file_id: String::new(),
        finding_key: "a".into(),
        file_sha256: "ff".into(),
        name: "x.pdf".into(),
        media_type: "application/pdf".into(),
        size_bytes: 3,
        at: MORNING,
        brought_by: "one".into(),
    };
    let mut tx = store.begin().await.unwrap();
    let first = tx.insert_finding_note("a", MORNING, "one", b"sealed").await.unwrap();
    let second = tx.insert_finding_note("a", MORNING.plus_ms(1), "two", b"sealed too").await.unwrap();
    let file_id = tx.insert_finding_file(&file).await.unwrap();
    tx.commit().await.unwrap();
    let notes = store.finding_notes("a", 10).await.unwrap();
    assert_eq!(notes.iter().map(|note| note.note_id.as_str()).collect::<Vec<_>>(), [first, second]);
    assert_eq!(notes[0].text_sealed, b"sealed");
    assert!(store.finding_notes("b", 10).await.unwrap().is_empty());
    let file = FindingFileRecord { file_id: file_id.clone(), ..file };
    assert_eq!(store.finding_files("a", 10).await.unwrap(), std::slice::from_ref(&file));
    assert_eq!(store.finding_file(&file_id).await.unwrap(), Some(file.clone()));
    let mut tx = store.begin().await.unwrap();
    let twice = tx.insert_finding_file(&file).await.unwrap_err();
    assert!(matches!(twice, StoreError::UniqueViolation(_)), "{twice:?}");
    tx.rollback().await.unwrap();
}

async fn of_what_was_brought_the_latest_counts(room: Room) {
    let store = &room.store;
    let brought = |sha: &str, by: &str| BroughtFileRecord {
        day: day("2026-01-01"),
        kind: InputKind::Statement,
        channel: Some(channel()),
        file_sha256: sha.into(),
        name: "s.csv".into(),
        brought_by: by.into(),
        brought_at: MORNING,
    };
    for sha in ["aa", "bb"] {
        let kept = KeptFileRecord {
            file_sha256: sha.into(),
            name: "s.csv".into(),
            size_bytes: 3,
            pieces: 1,
            kept_at: MORNING,
        };
        store.keep_file(&kept).await.unwrap();
        store.bring_file(&brought(sha, sha)).await.unwrap();
    }
    let ledger = BroughtFileRecord { kind: InputKind::Ledger, channel: None, ..brought("aa", "one") };
    store.bring_file(&ledger).await.unwrap();
    assert_eq!(store.brought_files(day("2026-01-01")).await.unwrap(), [ledger, brought("bb", "bb")]);
    assert!(store.brought_files(day("2026-01-02")).await.unwrap().is_empty());
}

async fn a_comparison_that_was_asked_for_ends_once(room: Room) {
    let store = &room.store;
    let of = day("2026-01-01");
    assert_eq!(store.run_request(of).await.unwrap(), None);
    store.ask_for_run(of, "one", MORNING).await.unwrap();
    let later = MORNING.plus_ms(5);
    store.ask_for_run(of, "two", later).await.unwrap();
    // What the first one had begun ends, and is not the second one's end.
    store.end_run_request(of, MORNING, later, RequestEnd::Refused, "no").await.unwrap();
    let request = store.run_request(of).await.unwrap().unwrap();
    assert_eq!((request.asked_by.as_str(), request.ended), ("two", None));
    store.end_run_request(of, later, later, RequestEnd::Made, "version 2").await.unwrap();
    store.end_run_request(of, later, MORNING, RequestEnd::Refused, "late").await.unwrap();
    let request = store.run_request(of).await.unwrap().unwrap();
    assert_eq!((request.ended, request.detail.as_str()), (Some((later, RequestEnd::Made)), "version 2"));
}
