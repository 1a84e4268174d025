//! Runs: written in pieces, seen in one moment, never changed; and what was ordered for their differences.

use crate::room::{Room, stories};
use crate::samples::{MORNING, channel, trace};
use mingfen_domain::difference::{Category, Owner, Remedy};
use mingfen_domain::ids::{RemedyId, RunId};
use mingfen_domain::sides::{Kind, Side, State};
use mingfen_domain::{BusinessDay, Fen};
use mingfen_store::{
    ALL_CHANNELS, FindingFilter, FindingLineRecord, FindingRecord, InputKind, InputState, KeptFileRecord,
    RemedyRecord, RemedyState, RunInputRecord, RunRecord, RunTallyRecord, SignOffRecord, Standing, Store,
    StoreError,
};

stories!(
    a_run_is_seen_when_it_is_whole_and_the_next_one_supersedes_it,
    what_a_dead_process_left_half_written_is_thrown_away,
    findings_come_in_pages_and_by_filter,
    a_difference_stands_by_what_was_ordered_and_by_what_later_days_brought,
    of_what_settles_a_difference_there_is_one,
    two_versions_are_compared,
    a_file_is_there_when_all_of_it_is,
    a_day_is_signed_once,
);

pub fn day(text: &str) -> BusinessDay {
    BusinessDay::parse(text).unwrap()
}

pub fn run_id(number: usize) -> RunId {
    RunId::parse(format!("D260101{number:014}")).unwrap()
}

pub fn run(number: usize, of: &str, version: i64) -> RunRecord {
    RunRecord {
        run_id: run_id(number),
        day: day(of),
        scope: ALL_CHANNELS.into(),
        version,
        superseded: false,
        made_by: "tester".into(),
        begun_at: MORNING,
        finished_at: MORNING,
        rules: "three sides".into(),
        inputs_sha256: "aa".into(),
        result_sha256: "bb".into(),
        findings: 0,
        differences: 0,
        trace: trace(),
    }
}

pub fn finding(position: i64, category: Category, of: &str) -> FindingRecord {
    FindingRecord {
        position,
        finding_key: format!("key{position}"),
        category,
        order_no: format!("P26010100{position:06}"),
        channel: (position % 2 == 0).then(channel),
        settled: category.is_settled(),
        carries: !category.is_settled(),
        carried_in: false,
        since_day: day(of),
        deadline: Some(day("2026-01-03")),
        sums: [Some(Fen::new(8880)), None, Some(Fen::ZERO)],
        cause: "not_booked".into(),
        certain: position % 3 == 0,
        evidence: "一行\n两行".into(),
        owner: Owner::Finance,
        remedies: vec![Remedy::WriteBackNow, Remedy::Note],
        lines: (0..position % 3)
            .map(|line| FindingLineRecord {
                side: Side::Channel,
                kind: Kind::Refund,
                refund_no: format!("R{line}"),
                amount: Fen::new(100 + line),
                day: day(of),
                state: State::UnderWay,
                account: "wechat-main".into(),
                carried: line == 1,
                input: 0,
                file_line: 7 + line,
                provider_no: "42".into(),
                at_text: "2026-01-01 10:00:00".into(),
                insurance: (line == 1).then(|| Fen::new(2000)),
                deposit: [None, Some(false), Some(true)].get(line as usize).copied().flatten(),
            })
            .collect(),
    }
}

pub async fn publish(store: &Store, run: &RunRecord, findings: &[FindingRecord], cleared: &[(String, bool)]) {
    let mut tx = store.begin().await.unwrap();
    tx.insert_run(run).await.unwrap();
    tx.commit().await.unwrap();
    store.insert_findings(&run.run_id, findings).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.insert_run_clearings(&run.run_id, cleared).await.unwrap();
    tx.publish_run(run).await.unwrap();
    tx.commit().await.unwrap();
}

async fn all(store: &Store, number: usize) -> Vec<(FindingRecord, Standing)> {
    store.findings_of_run(&run_id(number), &FindingFilter::default(), -1, 10_000).await.unwrap()
}

async fn standing(store: &Store, number: usize, position: usize) -> Standing {
    all(store, number).await[position].1
}

async fn a_run_is_seen_when_it_is_whole_and_the_next_one_supersedes_it(room: Room) {
    let store = &room.store;
    let of = day("2026-01-01");
    let first = run(1, "2026-01-01", 1);
    let mut tx = store.begin().await.unwrap();
    tx.insert_run(&first).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.current_run(of, ALL_CHANNELS).await.unwrap(), None);
    assert_eq!(store.run(&first.run_id).await.unwrap(), None);
    let input = RunInputRecord {
        side: Side::His,
        kind: InputKind::Ledger,
        channel: Some(channel()),
        state: InputState::Read,
        name: "ledger.csv".into(),
        layout: "x".into(),
        file_sha256: Some("ff".into()),
        lines: 3,
        paid: Fen::new(300),
        refunded: Fen::new(100),
        left_out: 2,
        remark: String::new(),
    };
    let tally = RunTallyRecord {
        category: Category::Matched,
        side: Side::His,
        lines: 3,
        paid: Fen::new(300),
        refunded: Fen::new(100),
    };
    let mut tx = store.begin().await.unwrap();
    tx.insert_run_inputs(&first.run_id, std::slice::from_ref(&input)).await.unwrap();
    tx.insert_run_tallies(&first.run_id, std::slice::from_ref(&tally)).await.unwrap();
    tx.publish_run(&first).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.current_run(of, ALL_CHANNELS).await.unwrap().as_ref(), Some(&first));
    assert_eq!(store.inputs_of_run(&first.run_id).await.unwrap(), [input]);
    assert_eq!(store.tallies_of_run(&first.run_id).await.unwrap(), [tally]);
    let second = run(2, "2026-01-01", 2);
    publish(store, &second, &[], &[]).await;
    assert_eq!(store.current_run(of, ALL_CHANNELS).await.unwrap(), Some(second.clone()));
    let versions = store.versions_of_day(of, ALL_CHANNELS).await.unwrap();
    assert_eq!(versions.len(), 2);
    assert_eq!((versions[1].run_id.clone(), versions[1].superseded), (first.run_id, true));
    let mut tx = store.begin().await.unwrap();
    let again = tx.insert_run(&RunRecord { run_id: run_id(3), ..second }).await;
    assert!(matches!(again, Err(StoreError::UniqueViolation(_))), "one version has one run: {again:?}");
    drop(tx);
    assert_eq!(store.current_run_before(of, ALL_CHANNELS).await.unwrap(), None);
    let before = store.current_run_before(of.next(), ALL_CHANNELS).await.unwrap();
    assert_eq!(before.map(|run| run.version), Some(2));
}

async fn what_a_dead_process_left_half_written_is_thrown_away(room: Room) {
    let store = &room.store;
    let half = run(1, "2026-01-01", 1);
    let mut tx = store.begin().await.unwrap();
    tx.insert_run(&half).await.unwrap();
    tx.commit().await.unwrap();
    store.insert_findings(&half.run_id, &[finding(0, Category::HisOnly, "2026-01-01")]).await.unwrap();
    assert_eq!(store.findings_of_order("P26010100000000").await.unwrap(), []);
    assert_eq!(all(store, 1).await, []);
    store.discard_unfinished_runs(half.day, ALL_CHANNELS).await.unwrap();
    publish(store, &half, &[], &[]).await;
    assert_eq!(all(store, 1).await, []);
}

async fn findings_come_in_pages_and_by_filter(room: Room) {
    let store = &room.store;
    // More than are written at once.
    let findings: Vec<FindingRecord> = (0..450)
        .map(|position| {
            let category = if position < 300 { Category::ChannelOnly } else { Category::MatchedLate };
            finding(position, category, "2026-01-01")
        })
        .collect();
    publish(store, &run(1, "2026-01-01", 1), &findings, &[]).await;
    let read: Vec<FindingRecord> = all(store, 1).await.into_iter().map(|(finding, _)| finding).collect();
    assert_eq!(read, findings);
    let mut after = -1;
    let mut pages = Vec::new();
    let filter = FindingFilter { unsettled: true, channel: Some(channel()), ..FindingFilter::default() };
    loop {
        let page = store.findings_of_run(&run_id(1), &filter, after, 100).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        after = last.position;
        pages.push(page.len());
        assert!(page.iter().all(|(finding, standing)| {
            finding.position % 2 == 0
                && *finding == findings[finding.position as usize]
                && *standing == Standing::Open
        }));
    }
    assert_eq!(pages, [100, 50]);
    let late = FindingFilter { category: Some(Category::MatchedLate), ..FindingFilter::default() };
    assert_eq!(store.findings_of_run(&run_id(1), &late, -1, 1000).await.unwrap().len(), 150);
    let none = FindingFilter { standing: Some(Standing::Waiting), ..FindingFilter::default() };
    assert_eq!(store.findings_of_run(&run_id(1), &none, -1, 1000).await.unwrap(), []);
    assert_eq!(
        store.finding_counts(&run_id(1)).await.unwrap(),
        [(Category::MatchedLate, 150), (Category::ChannelOnly, 300)]
    );
    assert_eq!(
        store.standings_of_run(&run_id(1)).await.unwrap(),
        [(Standing::Open, 300), (Standing::Settled, 150)]
    );
    assert_eq!(store.open_of_run(&run_id(1)).await.unwrap(), [(Category::ChannelOnly, 300)]);
    assert_eq!(store.overdue_findings(day("2026-01-03")).await.unwrap(), []);
    assert_eq!(store.overdue_findings(day("2026-01-04")).await.unwrap(), [(day("2026-01-01"), 300)]);
}

fn remedy(number: usize, key: &str, remedy: Remedy, state: RemedyState) -> RemedyRecord {
    RemedyRecord {
        remedy_id: RemedyId::parse(format!("H260101{number:014}")).unwrap(),
        finding_key: key.into(),
        run_id: run_id(1),
        day: day("2026-01-01"),
        order_no: "P1".into(),
        remedy,
        settles: remedy.settles(),
        amount: Fen::new(8880),
        reason: "因为".into(),
        preview: "记账".into(),
        state,
        asked_by: "one".into(),
        asked_at: MORNING,
        decided_by: None,
        decided_at: None,
        outcome: String::new(),
        version: 0,
    }
}

async fn order(store: &Store, record: &RemedyRecord) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.hold_finding(&record.finding_key).await?;
    tx.insert_remedy(record).await?;
    tx.commit().await
}

async fn a_difference_stands_by_what_was_ordered_and_by_what_later_days_brought(room: Room) {
    let store = &room.store;
    let findings: Vec<FindingRecord> = (0..6)
        .map(|position| {
            let category = if position == 5 { Category::CrossDay } else { Category::ChannelOnly };
            finding(position, category, "2026-01-01")
        })
        .collect();
    publish(store, &run(1, "2026-01-01", 1), &findings, &[]).await;
    order(store, &remedy(1, "key0", Remedy::WriteOff, RemedyState::Done)).await.unwrap();
    order(store, &remedy(2, "key1", Remedy::WriteOff, RemedyState::Waiting)).await.unwrap();
    order(store, &remedy(3, "key2", Remedy::WriteBackNow, RemedyState::Done)).await.unwrap();
    order(store, &remedy(4, "key3", Remedy::Note, RemedyState::Done)).await.unwrap();
    order(store, &remedy(5, "key4", Remedy::Refund, RemedyState::Declined)).await.unwrap();
    let standings = async || {
        let found = all(store, 1).await;
        found.into_iter().map(|(_, standing)| standing).collect::<Vec<_>>()
    };
    use Standing::{Carried, Cleared, Moved, Open, Resolved, Waiting};
    assert_eq!(standings().await, [Resolved, Waiting, Carried, Open, Open, Carried]);
    let cleared = [("key2".to_owned(), true), ("key4".to_owned(), false), ("key5".to_owned(), true)];
    publish(store, &run(2, "2026-01-02", 1), &[], &cleared).await;
    assert_eq!(standings().await, [Resolved, Waiting, Cleared, Open, Moved, Cleared]);
    // A later version of the later day that does not say so takes it back.
    publish(store, &run(3, "2026-01-02", 2), &[], &cleared[..1]).await;
    assert_eq!(standings().await, [Resolved, Waiting, Cleared, Open, Open, Carried]);
    assert_eq!(standing(store, 1, 3).await, Open);
}

async fn of_what_settles_a_difference_there_is_one(room: Room) {
    let store = &room.store;
    publish(store, &run(1, "2026-01-01", 1), &[finding(0, Category::ChannelOnly, "2026-01-01")], &[]).await;
    order(store, &remedy(1, "key0", Remedy::Note, RemedyState::Done)).await.unwrap();
    order(store, &remedy(2, "key0", Remedy::Refund, RemedyState::Waiting)).await.unwrap();
    let second = order(store, &remedy(3, "key0", Remedy::BookToSuspense, RemedyState::Done)).await;
    assert!(matches!(second, Err(StoreError::UniqueViolation(_))), "{second:?}");
    order(store, &remedy(4, "key0", Remedy::Note, RemedyState::Done)).await.unwrap();
    let waiting = store.waiting_remedies(10).await.unwrap();
    assert_eq!(waiting.len(), 1);
    let mut declined = waiting[0].clone();
    (declined.state, declined.decided_by, declined.decided_at) =
        (RemedyState::Declined, Some("two".into()), Some(MORNING));
    let mut tx = store.begin().await.unwrap();
    tx.decide_remedy(&declined).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let twice = tx.decide_remedy(&declined).await;
    assert!(matches!(twice, Err(StoreError::Stale { .. })), "{twice:?}");
    drop(tx);
    order(store, &remedy(5, "key0", Remedy::BookToSuspense, RemedyState::Done)).await.unwrap();
    let kept = store.remedies_of("key0").await.unwrap();
    assert_eq!(kept.len(), 4);
    assert_eq!(kept[1], RemedyRecord { version: 1, ..declined });
}

async fn two_versions_are_compared(room: Room) {
    let store = &room.store;
    let one: Vec<FindingRecord> = (0..3).map(|at| finding(at, Category::ChannelOnly, "2026-01-01")).collect();
    let mut other = one[1..].to_vec();
    other[0].category = Category::CrossDay;
    publish(store, &run(1, "2026-01-01", 1), &one, &[]).await;
    publish(store, &run(2, "2026-01-01", 2), &other, &[]).await;
    let only = async |in_run: usize, not_in: usize| {
        let found = store.findings_only_in(&run_id(in_run), &run_id(not_in), -1, 10).await.unwrap();
        found.into_iter().map(|(finding, _)| finding.position).collect::<Vec<_>>()
    };
    assert_eq!(only(1, 2).await, [0, 1]);
    assert_eq!(only(2, 1).await, [1]);
}

async fn a_file_is_there_when_all_of_it_is(room: Room) {
    let store = &room.store;
    store.keep_piece("aa", 0, b"first").await.unwrap();
    store.keep_piece("aa", 1, b"half").await.unwrap();
    assert_eq!(store.kept_file("aa").await.unwrap(), None);
    store.keep_piece("aa", 1, b"second").await.unwrap();
    let file = KeptFileRecord {
        file_sha256: "aa".into(),
        name: "bill.csv".into(),
        size_bytes: 11,
        pieces: 2,
        kept_at: MORNING,
    };
    store.keep_file(&file).await.unwrap();
    store.keep_file(&KeptFileRecord { name: "again.csv".into(), ..file.clone() }).await.unwrap();
    assert_eq!(store.kept_file("aa").await.unwrap(), Some(file));
    assert_eq!(store.kept_piece("aa", 1).await.unwrap().as_deref(), Some(&b"second"[..]));
    assert_eq!(store.kept_piece("aa", 2).await.unwrap(), None);
}

async fn a_day_is_signed_once(room: Room) {
    let store = &room.store;
    publish(store, &run(1, "2026-01-01", 1), &[], &[]).await;
    let sign_off = SignOffRecord {
        day: day("2026-01-01"),
        scope: ALL_CHANNELS.into(),
        run_id: run_id(1),
        signed_by: "lead".into(),
        signed_at: MORNING,
        remark: "平".into(),
        chain_seq: 40_312,
        chain_hash: "4d20".into(),
    };
    let mut tx = store.begin().await.unwrap();
    tx.insert_sign_off(&sign_off).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let twice = tx.insert_sign_off(&sign_off).await;
    assert!(matches!(twice, Err(StoreError::UniqueViolation(_))), "{twice:?}");
    drop(tx);
    assert_eq!(store.sign_off(sign_off.day, ALL_CHANNELS).await.unwrap().as_ref(), Some(&sign_off));
    let days = store.days(ALL_CHANNELS, day("2026-12-31"), 10).await.unwrap();
    assert_eq!(days.len(), 1);
    assert_eq!((days[0].open, days[0].signed_by.as_deref()), (0, Some("lead")));
}
