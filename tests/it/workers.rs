//! The work behind the pages: shared by replicas, kept by leases, and not ended by a fault in one job.

use mingfen_gateway::Gateway;
use mingfen_gateway::cache::MemoryCache;
use mingfen_gateway::jobs::{run_due, work_until};
use mingfen_store::{TaskKind, TaskState};
use mingfen_tests::{App, Arrangement, Bystander, CARD, Hospital, Room, until};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// More than two workers have hands for, and in the end so few that one of them has hands free for what the other seems to have
/// left lying.
const BILLS: usize = 36;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn his_stalls_and_two_workers_never_tell_it_of_one_bill_at_once_on_sqlite() {
    his_stalls(Room::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn his_stalls_and_two_workers_never_tell_it_of_one_bill_at_once_on_postgres() {
    his_stalls(Room::on_postgres().await).await;
}

/// HIS takes longer for each bill than a lease lasts.
async fn his_stalls(room: Room) {
    let bystander = Bystander::who_stalls(Duration::from_secs(3));
    let arrangement = Arrangement { task_lease: 2, his: Some(bystander.clone()), ..Arrangement::default() };
    let hospital = Hospital::arranged(room, arrangement).await;
    for card_no in ["A10030000001", "A10030000002"] {
        hospital.registers(card_no);
        for number in 1..=BILLS / 2 {
            hospital.writes_slip(card_no, &format!("复查 {number}"), 1_000);
        }
        let mut patient = hospital.patient(card_no, App::Wechat).await;
        for _ in 1..=BILLS / 2 {
            // The first that is still to be paid: what is paid already stands apart.
            patient.pays(&[1]).await;
            hospital.simulator.pump().await;
        }
    }
    let other = hospital.another_replica(Arc::new(MemoryCache::default())).await;
    let (stop, stopped) = watch::channel(false);
    let workers = [hospital.replica.gateway.clone(), other.gateway.clone()].map(|one| works(one, &stopped));
    until("HIS has booked every bill", || async {
        let counts = hospital.store().counts().await.expect("readable");
        let of = |state| {
            let is_it =
                |count: &&mingfen_store::TaskCount| count.kind == TaskKind::WriteBack && count.state == state;
            counts.iter().find(is_it).map_or(0, |count| count.count)
        };
        of(TaskState::Done) == BILLS as i64 && of(TaskState::Ready) == 0
    })
    .await;
    stop.send_replace(true);
    for worker in workers {
        worker.await.expect("it ends when it is told to");
    }
    assert_eq!(bystander.told_twice_at_once(), []);
    assert_eq!(bystander.told().len(), BILLS, "each was told once, by one of the two");
    assert_eq!(hospital.simulator.his().records().bookings().len(), BILLS);
    hospital.verifies().await;
}

fn works(gateway: Arc<Gateway>, stopped: &watch::Receiver<bool>) -> JoinHandle<()> {
    let stopped = stopped.clone();
    tokio::spawn(async move { work_until(&gateway, stopped).await })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_breaks_off_ends_neither_the_others_nor_itself_on_sqlite() {
    a_job_breaks_off(Room::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_breaks_off_ends_neither_the_others_nor_itself_on_postgres() {
    a_job_breaks_off(Room::on_postgres().await).await;
}

async fn a_job_breaks_off(room: Room) {
    let bystander = Bystander::who_trips(1);
    let arrangement = Arrangement { his: Some(bystander.clone()), ..Arrangement::default() };
    let hospital = Hospital::arranged(room, arrangement).await;
    assert!(readiness(&hospital).await["worker_age_seconds"].is_null(), "nobody works yet");
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    for number in 1..=3 {
        patient.pays(&[number]).await;
    }
    hospital.simulator.pump().await;
    run_due(hospital.gateway()).await.expect("tasks can be claimed");

    assert_eq!(hospital.simulator.his().records().bookings().len(), 2, "the others are told all the same");
    let ready = hospital.store().list(Some(TaskState::Ready), 100).await.expect("readable");
    let broken: Vec<_> = ready.iter().filter(|task| task.kind == TaskKind::WriteBack).collect();
    assert_eq!(broken.len(), 1, "{ready:#?}");
    let because = broken[0].last_error.as_deref().unwrap_or_default();
    assert!(because.contains("the program broke off"), "{because}");
    assert!(broken[0].due_at > mingfen_domain::Clock::now(&*hospital.clock), "not in a circle");

    hospital.lives_through(10, 5).await;
    assert_eq!(hospital.simulator.his().records().bookings().len(), 3, "and it is tried again");
    assert_eq!(readiness(&hospital).await["worker_age_seconds"], 0);
    hospital.time_passes(90);
    assert_eq!(readiness(&hospital).await["worker_age_seconds"], 90);
    let url = format!("{}/metrics", hospital.replica.internal_url);
    let metrics = reqwest::get(url).await.expect("an answer").text().await.expect("a body");
    assert!(metrics.contains("mingfen_worker_age_seconds 90"), "{metrics}");
    hospital.settles().await;
    hospital.holds_nothing().await;
}

async fn readiness(hospital: &Hospital) -> serde_json::Value {
    let url = format!("{}/readyz", hospital.replica.internal_url);
    let text = reqwest::get(url).await.expect("an answer").text().await.expect("a body");
    serde_json::from_str(&text).expect("JSON")
}
