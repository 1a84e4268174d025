//! What one paid notification costs, from `BEGIN` to a commit that is on disk: the statements of the one door for news.
//!
//! ```text
//! tests/services.sh cargo bench -p mingfen-store
//! tests/services.sh crates/store/benches/pgbench.sh      # the same statements by PostgreSQL's own client
//! ```
//!
//! Each transaction settles a bill of its own. The bills are made beforehand and not measured. `elem/s` is transactions a
//! second, all clients together.

#![allow(missing_docs, reason = "criterion's macros make functions without a page")]

#[path = "../tests/stories/room.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "the stories use the rest")]
mod room;
#[path = "../tests/stories/samples.rs"]
#[allow(dead_code, reason = "the stories use the rest")]
mod samples;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mingfen_domain::bill::BillState;
use mingfen_domain::payment::State;
use mingfen_store::{AuditEvent, SightingRecord, Store, TaskKind};
use room::Room;
use samples::{MORNING, bill, bill_no, out_trade_no, paid_entry, payment, received, trace};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const CLIENTS: [usize; 3] = [1, 8, 32];

async fn record_paid(store: &Store, number: usize) {
    let mut tx = store.begin().await.unwrap();
    let mut payment = tx.payment_for_update(&out_trade_no(number)).await.unwrap().unwrap().payment;
    let bill = tx.bill_for_update(&bill_no(number)).await.unwrap().unwrap();
    payment.state = State::Paid(received(number, 10_000));
    tx.save_payment_state(&payment, None).await.unwrap();
    let settled = BillState::Settled { by: payment.out_trade_no.clone() };
    tx.set_bill_state(&payment.bill_no, &settled, bill.version).await.unwrap();
    assert!(tx.insert_write_back_due(&payment.bill_no, &payment.out_trade_no, MORNING).await.unwrap());
    assert!(tx.post(&paid_entry(number, 10_000), MORNING).await.unwrap());
    let sighting = SightingRecord {
        subject: payment.out_trade_no.as_str().to_owned(),
        way: "notification".into(),
        seen: "paid".into(),
        detail: "T1 100.00".into(),
        outcome: "applied".into(),
        at: MORNING,
        notification_id: Some("n1".into()),
    };
    tx.insert_sighting(&sighting).await.unwrap();
    let event = AuditEvent {
        at: MORNING,
        actor: "wechat-main".into(),
        action: "payment.paid".into(),
        subject: payment.out_trade_no.as_str().to_owned(),
        detail: "100.00".into(),
    };
    tx.record(&event).await.unwrap();
    tx.schedule(TaskKind::WriteBack, payment.bill_no.as_str(), MORNING, &trace()).await.unwrap();
    tx.commit().await.unwrap();
}

/// Keeps the bills that are about to be paid, many in one transaction.
async fn keep_waiting(store: &Store, numbers: Range<usize>) {
    let mut numbers = numbers.peekable();
    while numbers.peek().is_some() {
        let mut tx = store.begin().await.unwrap();
        for number in numbers.by_ref().take(500) {
            tx.insert_bill(&bill(number)).await.unwrap();
            tx.insert_payment(&payment(number)).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}

/// Pays `count` bills from that many clients at once and says how long that took.
async fn pay_all(store: Store, first: usize, count: usize, clients: usize) -> Duration {
    keep_waiting(&store, first..first + count).await;
    let next = Arc::new(AtomicUsize::new(first));
    let began = Instant::now();
    let clients: Vec<_> = (0..clients)
        .map(|_| {
            let (store, next) = (store.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= first + count {
                        break;
                    }
                    record_paid(&store, number).await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    began.elapsed()
}

fn commits(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let rooms = [
        ("sqlite", runtime.block_on(Room::on_sqlite())),
        ("postgres", runtime.block_on(Room::on_postgres())),
    ];
    let mut group = criterion.benchmark_group("paid notification to durable commit");
    group.throughput(Throughput::Elements(1)).sample_size(10).measurement_time(Duration::from_secs(6));
    let made = AtomicUsize::new(1);
    for (engine, room) in &rooms {
        for clients in CLIENTS {
            group.bench_function(BenchmarkId::new(*engine, format!("{clients} clients")), |bencher| {
                bencher.to_async(&runtime).iter_custom(|count| {
                    let count = usize::try_from(count).unwrap();
                    let first = made.fetch_add(count, Ordering::Relaxed);
                    pay_all(room.store.clone(), first, count, clients)
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, commits);
criterion_main!(benches);
