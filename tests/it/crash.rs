//! The program dies in the middle, at every named point, and starts again: no fen is lost and none is counted twice.

use futures_util::future::ready;
use futures_util::{FutureExt, StreamExt, stream};
use mingfen_domain::ids::BillNo;
use mingfen_gateway::crash::POINTS;
use mingfen_simulator::faults::{Fault, Rule};
use mingfen_simulator::his::SlipStatus;
use mingfen_store::{TaskKind, TaskState};
use mingfen_tests::{
    App, Balancer, CARD, Installation, Page, Patient, RedisServer, Room, free_address, required, until,
};
use std::panic::AssertUnwindSafe;

/// Stories that are told at the same time: they wait most of the time.
const AT_ONCE: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dying_at_any_point_loses_nothing_on_sqlite() {
    at_every_point(async |point| dies_at(point, Room::on_sqlite(), App::Wechat).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dying_at_any_point_loses_nothing_on_postgres() {
    at_every_point(async |point| dies_at(point, Room::on_postgres().await, App::Alipay).await).await;
}

/// Tells the story of every point, and only then says which went wrong; each has said how by itself.
async fn at_every_point(story: impl AsyncFn(&'static str)) {
    let story = &story;
    let told = POINTS.iter().map(async |point| {
        let end = AssertUnwindSafe(story(point)).catch_unwind().await;
        end.is_err().then_some(*point)
    });
    let failed: Vec<_> = stream::iter(told).buffered(AT_ONCE).filter_map(ready).collect().await;
    assert!(failed.is_empty(), "dying is not harmless at {failed:?}");
}

async fn dies_at(point: &'static str, room: Room, app: App) {
    let town = Installation::of_one(room).await;
    let wants_refund = point.contains("refund");
    let doomed = town.serves(0, Some(point)).await;
    let mut patient = town.patient(CARD, app).await;
    let sheet = sheet_if_answered(&mut patient).await;
    if let Some(sheet) = &sheet {
        patient.pays_in_the_sheet(sheet).await;
    }
    if wants_refund {
        booked(&town, sheet.as_ref().expect("nothing was to go wrong before the refund")).await;
        // Whether HIS hears an answer depends on the point.
        let _ = town.his_asks_for_refund(&only_booking(&town).0).await;
    }
    doomed.dies().await;

    let _gateway = town.serves(0, None).await;
    let sheet = match sheet {
        Some(sheet) => sheet,
        None => {
            let sheet = patient.goes_to_the_sheet(&[1]).await;
            patient.pays_in_the_sheet(&sheet).await;
            sheet
        }
    };
    if wants_refund {
        refunded(&town).await;
    } else {
        booked(&town, &sheet).await;
    }
    everything_adds_up(&town, 1, wants_refund).await;
}

/// Presses "pay" once. `None`: the browser says that nobody answers.
async fn sheet_if_answered(patient: &mut Patient) -> Option<Page> {
    let confirm = patient.goes_to_confirm(&[1]).await;
    patient.tries_to_pay(&confirm).await.ok()
}

/// The result page says "paid", which it says only when HIS has booked it.
async fn booked(town: &Installation, sheet: &Page) {
    let reference = sheet.reference();
    until("it is paid and booked", || async { town.state_of(&reference).await.as_deref() == Some("paid") })
        .await;
}

/// HIS asks until it is answered, as often as it takes, and then finds the refund in its own books.
async fn refunded(town: &Installation) {
    let (bill_no, _) = only_booking(town);
    until("HIS is answered", || async { matches!(town.his_asks_for_refund(&bill_no).await, Some((200, _))) })
        .await;
    until("HIS has booked the refund", || async {
        town.simulator.his().records().refunds_of(&bill_no).count() > 0
    })
    .await;
}

fn only_booking(town: &Installation) -> (String, i64) {
    let records = town.simulator.his().records();
    let bookings: Vec<_> =
        records.bookings().into_iter().map(|booking| (booking.order_no.clone(), booking.total_fen)).collect();
    assert_eq!(bookings.len(), 1, "{bookings:?}");
    bookings[0].clone()
}

/// So many slips were paid: once each at the provider, once each in HIS, once each in the books, to the fen.
async fn everything_adds_up(town: &Installation, slips: usize, refunded: bool) {
    until("nothing is left to do", || async { nothing_is_left_to_do(town).await }).await;
    let parked = town.store.list(Some(TaskState::Parked), 100).await.expect("readable");
    assert!(parked.is_empty(), "{parked:#?}");

    let ledger = town.simulator.ledger();
    let mut paid: Vec<i64> =
        ledger.payments.iter().map(|payment| payment.paid_fen).filter(|fen| *fen > 0).collect();
    let bookings: Vec<(String, i64)> = {
        let records = town.simulator.his().records();
        records.bookings().into_iter().map(|booking| (booking.order_no.clone(), booking.total_fen)).collect()
    };
    let mut booked: Vec<i64> = bookings.iter().map(|(_, fen)| *fen).collect();
    let settled = if refunded { SlipStatus::Refunded } else { SlipStatus::Paid };
    let mut owed: Vec<i64> = {
        let records = town.simulator.his().records();
        records.slips_of(CARD).filter(|slip| slip.status == settled).map(|slip| slip.self_pay_fen()).collect()
    };
    paid.sort_unstable();
    booked.sort_unstable();
    owed.sort_unstable();
    assert_eq!(paid.len(), slips, "{:#?}", ledger.payments);
    assert_eq!(paid, owed, "what was paid is what the slips cost");
    assert_eq!(booked, owed, "what HIS booked is what the slips cost");
    for (bill_no, _) in &bookings {
        let bill_no = BillNo::parse(bill_no.as_str()).expect("our number");
        let entries = town.store.entries_of(bill_no.as_str()).await.expect("readable");
        assert_eq!(entries.len(), 1, "{entries:#?}");
    }

    let back: Vec<i64> = ledger.refunds.iter().map(|refund| refund.amount_fen).collect();
    assert_eq!(back, if refunded { paid } else { Vec::new() }, "{:#?}", ledger.refunds);
    town.verifies().await;
}

/// Asking after an order or a refund that has ended is no work that anybody waits for.
async fn nothing_is_left_to_do(town: &Installation) -> bool {
    let ready = town.store.list(Some(TaskState::Ready), 100).await.expect("readable");
    ready.iter().all(|task| matches!(task.kind, TaskKind::FollowPayment | TaskKind::FollowRefund))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_one_postgres_and_redis() {
    let address = free_address();
    let town =
        Installation::of_two(Room::on_postgres().await, &required("MINGFEN_TEST_REDIS"), address).await;
    let (_one, _two) = (town.serves(0, None).await, town.serves(1, None).await);
    let balancer = Balancer::start(address, town.public_addresses()).await;
    // Both deliveries leave at the same moment, and each goes to another process.
    town.simulator.faults().add(Rule::every("wechat.notify.payment", Fault::NotifyDoubled));

    let mut patient = town.patient(CARD, App::Wechat).await;
    let sheet = patient.pays(&[1]).await;
    booked(&town, &sheet).await;

    let notified = town.simulator.ledger().notifications;
    assert!(notified[0].attempts.len() > 1, "{notified:#?}");
    let served = balancer.served();
    assert!(served.iter().all(|count| *count > 3), "{served:?}");
    everything_adds_up(&town, 1, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_go_on_while_redis_is_lost() {
    let address = free_address();
    let mut redis = RedisServer::start().await;
    let town = Installation::of_two(Room::on_postgres().await, &redis.url, address).await;
    let (_one, _two) = (town.serves(0, None).await, town.serves(1, None).await);
    let _balancer = Balancer::start(address, town.public_addresses()).await;

    let mut patient = town.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    redis.is_lost().await;
    patient.pays_in_the_sheet(&sheet).await;
    booked(&town, &sheet).await;

    let sheet = patient.pays(&[1]).await;
    booked(&town, &sheet).await;
    redis.comes_back().await;
    let sheet = patient.pays(&[1]).await;
    booked(&town, &sheet).await;
    everything_adds_up(&town, 3, false).await;
}
