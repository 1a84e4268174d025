use crate::samples::{MORNING, trace};
use crate::{Room, stories};
use mingfen_domain::Timestamp;
use mingfen_store::{Store, TaskCount, TaskKind, TaskState};
use std::collections::HashSet;

stories!(
    no_task_is_claimed_twice,
    a_lease_that_ran_out_is_anybodys,
    a_lease_is_kept_while_the_work_goes_on,
    a_failed_task_waits_for_its_next_time,
    a_parked_task_waits_for_a_person,
    the_earlier_moment_wins,
    a_task_scheduled_while_it_runs_runs_again,
    only_the_asked_kinds_are_claimed,
    a_named_lease_has_one_owner,
);

const LEASE_MS: i64 = 30_000;

async fn schedule(store: &Store, kind: TaskKind, subject: &str, due_at: Timestamp) {
    let mut tx = store.begin().await.unwrap();
    tx.schedule(kind, subject, due_at, &trace()).await.unwrap();
    tx.commit().await.unwrap();
}

/// Claims everything due and says which tasks those were.
async fn claim(store: &Store, now: Timestamp, owner: &str) -> Vec<String> {
    let tasks = store.claim_due(now, owner, LEASE_MS, 100, &TaskKind::ALL).await.unwrap();
    tasks.into_iter().map(|task| task.task_id).collect()
}

async fn no_task_is_claimed_twice(room: Room) {
    for number in 0..200 {
        schedule(&room.store, TaskKind::WriteBack, &format!("B{number:03}"), MORNING).await;
    }
    let claimed = room
        .all_at_once(8, |store, owner| async move {
            let mut mine = Vec::new();
            loop {
                let owner = format!("worker-{owner}");
                let tasks = store.claim_due(MORNING, &owner, LEASE_MS, 7, &TaskKind::ALL).await.unwrap();
                if tasks.is_empty() {
                    return mine;
                }
                assert!(tasks.len() <= 7);
                for task in tasks {
                    assert!(store.finish(&task.task_id, &owner, MORNING).await.unwrap());
                    mine.push(task.task_id);
                }
            }
        })
        .await;
    let all: Vec<String> = claimed.into_iter().flatten().collect();
    let distinct: HashSet<&String> = all.iter().collect();
    assert_eq!((all.len(), distinct.len()), (200, 200));
    let done = TaskCount { kind: TaskKind::WriteBack, state: TaskState::Done, count: 200 };
    assert_eq!(room.store.counts().await.unwrap(), [done]);
    assert_eq!(room.store.next_due().await.unwrap(), None);
}

async fn a_lease_that_ran_out_is_anybodys(room: Room) {
    let store = &room.store;
    schedule(store, TaskKind::WriteBack, "B1", MORNING).await;
    assert_eq!(claim(store, MORNING, "one").await, ["write_back:B1"]);
    assert!(claim(store, MORNING.plus_ms(LEASE_MS - 1), "two").await.is_empty());
    let lease_end = MORNING.plus_ms(LEASE_MS);
    assert_eq!(store.next_due().await.unwrap(), Some(lease_end));
    assert_eq!(claim(store, lease_end, "two").await, ["write_back:B1"]);
    assert!(!store.finish("write_back:B1", "one", lease_end).await.unwrap());
    assert!(!store.retry("write_back:B1", "one", lease_end, "late").await.unwrap());
    assert!(!store.park("write_back:B1", "one", lease_end, "late").await.unwrap());
    let task = store.task(TaskKind::WriteBack, "B1").await.unwrap().unwrap();
    assert_eq!((task.state, task.attempts), (TaskState::Ready, 2));
    assert!(store.finish("write_back:B1", "two", lease_end).await.unwrap());
}

async fn a_lease_is_kept_while_the_work_goes_on(room: Room) {
    let store = &room.store;
    let id = "write_back:B1";
    schedule(store, TaskKind::WriteBack, "B1", MORNING).await;
    claim(store, MORNING, "one").await;
    let (first, second, third) =
        (MORNING.plus_ms(LEASE_MS), MORNING.plus_ms(2 * LEASE_MS), MORNING.plus_ms(3 * LEASE_MS));
    assert!(!store.renew(id, "two", first, second).await.unwrap(), "it is not theirs");
    assert!(store.renew(id, "one", first, second).await.unwrap());
    assert!(claim(store, first, "two").await.is_empty(), "it is still worked on");
    assert!(!store.renew(id, "one", first, third).await.unwrap(), "that lease is over");

    // Scheduled anew meanwhile: it runs once more afterwards, and the lease is kept until then.
    schedule(store, TaskKind::WriteBack, "B1", MORNING).await;
    assert!(store.renew(id, "one", second, third).await.unwrap());
    assert!(claim(store, second, "two").await.is_empty());
    assert!(!store.finish(id, "one", second).await.unwrap());

    assert_eq!(claim(store, third, "two").await, [id]);
    assert!(!store.renew(id, "one", third, third.plus_ms(LEASE_MS)).await.unwrap(), "it was lost");
}

async fn a_failed_task_waits_for_its_next_time(room: Room) {
    let store = &room.store;
    schedule(store, TaskKind::Notice, "B1", MORNING).await;
    claim(store, MORNING, "one").await;
    let next = MORNING.plus_seconds(60);
    assert!(store.retry("notice:B1", "one", next, "HIS is down").await.unwrap());
    assert!(claim(store, next.plus_ms(-1), "two").await.is_empty());
    let task = store.task(TaskKind::Notice, "B1").await.unwrap().unwrap();
    assert_eq!((task.attempts, task.last_error.as_deref()), (1, Some("HIS is down")));
    assert_eq!(claim(store, next, "two").await, ["notice:B1"]);
}

async fn a_parked_task_waits_for_a_person(room: Room) {
    let store = &room.store;
    schedule(store, TaskKind::Unlock, "B1", MORNING).await;
    claim(store, MORNING, "one").await;
    assert!(!store.unpark("unlock:B1", MORNING).await.unwrap(), "it is not parked yet");
    assert!(store.park("unlock:B1", "one", MORNING, "tried 12 times").await.unwrap());
    assert!(claim(store, MORNING.plus_seconds(86_400), "two").await.is_empty());
    let parked = store.list(Some(TaskState::Parked), 10).await.unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0].last_error.as_deref(), Some("tried 12 times"));
    assert!(store.unpark("unlock:B1", MORNING).await.unwrap());
    let again = store.claim_due(MORNING, "two", LEASE_MS, 1, &[TaskKind::Unlock]).await.unwrap();
    assert_eq!(again[0].attempts, 1, "it begins anew");
}

async fn the_earlier_moment_wins(room: Room) {
    let store = &room.store;
    let due = |seconds| MORNING.plus_seconds(seconds);
    let due_at =
        async || store.task(TaskKind::FollowPayment, "P1").await.unwrap().map(|task| task.due_at).unwrap();
    schedule(store, TaskKind::FollowPayment, "P1", due(50)).await;
    schedule(store, TaskKind::FollowPayment, "P1", due(90)).await;
    assert_eq!(due_at().await, due(50));
    schedule(store, TaskKind::FollowPayment, "P1", due(10)).await;
    assert_eq!(due_at().await, due(10));

    claim(store, due(10), "one").await;
    store.finish("follow_payment:P1", "one", due(10)).await.unwrap();
    schedule(store, TaskKind::FollowPayment, "P1", due(200)).await;
    assert_eq!(due_at().await, due(200), "a task that is done begins anew");
    assert_eq!(store.list(None, 10).await.unwrap().len(), 1);
}

async fn a_task_scheduled_while_it_runs_runs_again(room: Room) {
    let store = &room.store;
    schedule(store, TaskKind::FollowRefund, "R1", MORNING).await;
    claim(store, MORNING, "one").await;
    schedule(store, TaskKind::FollowRefund, "R1", MORNING).await;
    assert!(claim(store, MORNING, "two").await.is_empty(), "not while the first one is at it");
    assert!(!store.finish("follow_refund:R1", "one", MORNING).await.unwrap());
    assert_eq!(claim(store, MORNING.plus_ms(LEASE_MS), "two").await, ["follow_refund:R1"]);
}

async fn only_the_asked_kinds_are_claimed(room: Room) {
    let store = &room.store;
    schedule(store, TaskKind::WriteBack, "B1", MORNING).await;
    schedule(store, TaskKind::WriteBackRefund, "R1", MORNING).await;
    let claimed = store.claim_due(MORNING, "one", LEASE_MS, 10, &[TaskKind::WriteBackRefund]).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!((claimed[0].kind, claimed[0].subject.as_str()), (TaskKind::WriteBackRefund, "R1"));
    assert!(store.claim_due(MORNING, "one", LEASE_MS, 10, &[]).await.unwrap().is_empty());
}

async fn a_named_lease_has_one_owner(room: Room) {
    let taken = room
        .all_at_once(16, |store, owner| async move {
            store.try_lease("audit.seal", &format!("process-{owner}"), MORNING, 1000).await.unwrap()
        })
        .await;
    assert_eq!(taken.iter().filter(|taken| **taken).count(), 1);
    let store = &room.store;
    let owner = format!("process-{}", taken.iter().position(|taken| *taken).unwrap());
    assert!(
        store.try_lease("audit.seal", &owner, MORNING.plus_ms(999), 1000).await.unwrap(),
        "kept for longer"
    );
    assert!(!store.try_lease("audit.seal", "another", MORNING.plus_ms(1998), 1000).await.unwrap());
    assert!(store.try_lease("audit.seal", "another", MORNING.plus_ms(1999), 1000).await.unwrap());
    store.release_lease("audit.seal", &owner).await.unwrap();
    assert!(
        !store.try_lease("audit.seal", &owner, MORNING.plus_ms(2000), 1000).await.unwrap(),
        "not its own"
    );
    store.release_lease("audit.seal", "another").await.unwrap();
    assert!(store.try_lease("audit.seal", &owner, MORNING.plus_ms(2000), 1000).await.unwrap());
}
