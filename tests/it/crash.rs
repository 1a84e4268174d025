//! The program dies in the middle, at every named point, and starts again: no fen is lost and none is counted twice.

use futures_util::future::ready;
use futures_util::{FutureExt, StreamExt, stream};
use mingfen_domain::ids::{BillNo, OutTradeNo};
use mingfen_domain::{Clock, Fen};
use mingfen_gateway::ambient::SystemClock;
use mingfen_gateway::crash::POINTS;
use mingfen_simulator::faults::{Fault, Rule};
use mingfen_simulator::his::{SlipStatus, Trouble};
use mingfen_store::{TaskKind, TaskState};
use mingfen_tests::person::Person;
use mingfen_tests::{
    App, Balancer, CARD, Installation, Page, Patient, Process, RedisServer, Room, free_address,
    is_in_between, record_a_close_that_never_was, required, until,
};
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

/// Stories that are told at the same time: they wait most of the time.
const AT_ONCE: usize = 6;

/// What is going on when the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Story {
    /// A patient pays, HIS books.
    Payment,
    /// Another app takes the slip over: the first order is closed at its provider.
    Close,
    /// HIS asks for the money back.
    Refund,
    /// HIS refuses to book; the money goes back by itself.
    RefusedBooking,
    /// An order that was said to be closed is paid after another one; its money goes back by itself.
    DoubleMoney,
    /// Cash is taken at the window, some of it goes back with a lead's approval, and the shift is closed.
    Window,
}

/// Where the process dies in which story.
const DEATHS: &[(Story, &[&str])] = &[
    (
        Story::Payment,
        &[
            "open_payment.stored",
            "open_payment.locked",
            "open_payment.ordered",
            "sighting.waiting.before_commit",
            "sighting.waiting.recorded",
            "notification.kept",
            "sighting.paid.before_commit",
            "sighting.paid.recorded",
            "write_back.marked",
            "write_back.told",
            "write_back.posted.before_commit",
            "write_back.posted.recorded",
            "notice.sent",
            "notice.recorded",
        ],
    ),
    (
        Story::Close,
        &["close_answer.waiting.heard", "sighting.closed.before_commit", "sighting.closed.recorded"],
    ),
    (
        Story::Refund,
        &[
            "api.refunds.begun",
            "request_refund.before_commit",
            "request_refund.stored",
            "api.refunds.worked",
            "refund.marked",
            "refund.sent",
            "refund.succeeded.before_commit",
            "refund.succeeded.recorded",
            "refund_write_back.marked",
            "refund_write_back.told",
            "refund_write_back.posted.before_commit",
            "refund_write_back.posted.recorded",
        ],
    ),
    (
        Story::RefusedBooking,
        &[
            "write_back.refusal_to_confirm.recorded",
            "auto_refund.before_commit",
            "write_back.refused.before_commit",
            "write_back.refused.recorded",
            "refund.sent",
            "refund.succeeded.before_commit",
        ],
    ),
    (
        Story::DoubleMoney,
        &[
            "auto_refund.before_commit",
            "sighting.suspense.before_commit",
            "sighting.suspense.recorded",
            "refund.marked",
            "refund.succeeded.recorded",
        ],
    ),
    (
        Story::Window,
        &["window.noted", "refund_request.approved", "window_refund.noted", "shift.before_commit"],
    ),
];

#[test]
fn every_point_has_a_story_that_dies_there() {
    let mut told: Vec<&str> = DEATHS.iter().flat_map(|(_, points)| points.iter().copied()).collect();
    told.extend(crate::reconciling::DEATHS.map(|(point, _)| point));
    let mut named = POINTS.to_vec();
    told.sort_unstable();
    told.dedup();
    named.sort_unstable();
    assert_eq!(told, named);
}

/// Points whose names stand in the code; the others are made of a state, and a story that means one names it.
#[test]
fn every_point_in_the_code_is_named() {
    let mut folders =
        vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/gateway/src"))];
    let mut passed = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let code = std::fs::read_to_string(&path).expect("readable");
            for called in code.split("crash::point(\"").skip(1) {
                let point = called.split('"').next().unwrap_or_default();
                assert!(POINTS.contains(&point), "{point} in {} is not named", path.display());
                passed += 1;
            }
        }
    }
    assert!(passed > 10, "only {passed} points were found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dying_at_any_point_loses_nothing_on_sqlite() {
    at_every_point(BY_PHONE, async |story, point| {
        dies_at(story, point, Room::on_sqlite(), App::Wechat).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dying_at_any_point_loses_nothing_on_postgres() {
    at_every_point(BY_PHONE, async |story, point| {
        dies_at(story, point, Room::on_postgres().await, App::Alipay).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dying_at_the_window_loses_nothing_on_sqlite() {
    at_every_point(&[Story::Window], async |story, point| {
        dies_at(story, point, Room::on_sqlite(), App::Browser).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dying_at_the_window_loses_nothing_on_postgres() {
    at_every_point(&[Story::Window], async |story, point| {
        dies_at(story, point, Room::on_postgres().await, App::Browser).await;
    })
    .await;
}

/// Stories of a patient with a phone.
const BY_PHONE: &[Story] =
    &[Story::Payment, Story::Close, Story::Refund, Story::RefusedBooking, Story::DoubleMoney];

/// Tells these stories with every death, and only then says which went wrong; each has said how by itself.
async fn at_every_point(stories: &[Story], dies: impl AsyncFn(Story, &'static str)) {
    let dies = &dies;
    let told = DEATHS.iter().filter(|(story, _)| stories.contains(story));
    let deaths = told.flat_map(|(story, points)| points.iter().map(|point| (*story, *point)));
    let told = deaths.map(async |(story, point)| {
        let end = AssertUnwindSafe(dies(story, point)).catch_unwind().await;
        end.is_err().then_some((story, point))
    });
    let failed: Vec<_> = stream::iter(told).buffered(AT_ONCE).filter_map(ready).collect().await;
    assert!(failed.is_empty(), "dying is not harmless at {failed:?}");
}

/// Milliseconds after the patient presses "pay": before, in and after each step, wherever this machine is by then.
const MOMENTS_MS: &[u64] = &[0, 10, 30, 60, 100, 200, 400, 800];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_at_any_moment_loses_nothing_on_sqlite() {
    at_any_moment(async |moment| is_cut_off(moment, Room::on_sqlite(), App::Alipay).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_at_any_moment_loses_nothing_on_postgres() {
    at_any_moment(async |moment| is_cut_off(moment, Room::on_postgres().await, App::Wechat).await).await;
}

async fn at_any_moment(is_cut_off: impl AsyncFn(Duration)) {
    let is_cut_off = &is_cut_off;
    let told = MOMENTS_MS.iter().map(async |ms| {
        let end = AssertUnwindSafe(is_cut_off(Duration::from_millis(*ms))).catch_unwind().await;
        end.is_err().then_some(*ms)
    });
    let failed: Vec<_> = stream::iter(told).buffered(AT_ONCE).filter_map(ready).collect().await;
    assert!(failed.is_empty(), "a power cut is not harmless after {failed:?} ms");
}

/// Killed from outside, wherever it is.
async fn is_cut_off(moment: Duration, room: Room, app: App) {
    let town = Installation::of_one(room).await;
    let doomed = town.serves(0, None).await;
    let mut patient = town.patient(CARD, app).await;
    let confirm = patient.goes_to_confirm(&[1]).await;
    let pays = async {
        let sheet = patient.tries_to_pay(&confirm).await.ok()?;
        patient.pays_in_the_sheet(&sheet).await;
        Some(sheet)
    };
    let cut = async {
        tokio::time::sleep(moment).await;
        doomed.is_killed().await;
    };
    let (sheet, ()) = tokio::join!(pays, cut);

    let _gateway = town.serves(0, None).await;
    let sheet = match sheet {
        Some(sheet) => sheet,
        None => patient.pays(&[1]).await,
    };
    booked(&town, &sheet).await;
    everything_adds_up(&town, 1, false).await;
}

async fn dies_at(story: Story, point: &'static str, room: Room, app: App) {
    let town = Installation::of_one(room).await;
    if story == Story::Window {
        town.takes_cash();
    }
    let doomed = town.serves(0, Some(point)).await;
    match story {
        Story::Payment => pays(&town, doomed, app).await,
        Story::Close => takes_over(&town, doomed).await,
        Story::Refund => is_refunded(&town, doomed, app).await,
        Story::RefusedBooking => is_refused(&town, doomed, app).await,
        Story::DoubleMoney => pays_twice(&town, doomed).await,
        Story::Window => is_taken_and_handed_in(&town, doomed).await,
    }
}

async fn pays(town: &Installation, doomed: Process, app: App) {
    let mut patient = town.patient(CARD, app).await;
    let sheet = sheet_if_answered(&mut patient).await;
    if let Some(sheet) = &sheet {
        patient.pays_in_the_sheet(sheet).await;
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
    booked(town, &sheet).await;
    everything_adds_up(town, 1, false).await;
}

async fn takes_over(town: &Installation, doomed: Process) {
    let mut first = town.patient(CARD, App::Wechat).await;
    let mut second = town.patient(CARD, App::Alipay).await;
    first.goes_to_the_sheet(&[1]).await;
    let confirm = second.goes_to_confirm(&[1]).await;
    assert!(second.tries_to_pay(&confirm).await.is_err(), "it dies in the middle");
    doomed.dies().await;

    let _gateway = town.serves(0, None).await;
    // While HIS still holds the slips for the first order, the page says so and offers to try again.
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut sheet = second.presses_pay(&confirm).await;
    while sheet.attribute("data-call").is_none() {
        assert!(Instant::now() < deadline, "the slip never came free:\n{}", sheet.text);
        tokio::time::sleep(Duration::from_millis(200)).await;
        sheet = second.presses_pay(&confirm).await;
    }
    second.pays_in_the_sheet(&sheet).await;
    booked(town, &sheet).await;
    let closed = town.simulator.ledger().payments.into_iter().filter(|order| order.state == "CLOSED").count();
    assert_eq!(closed, 1, "the first order cannot be paid any more");
    everything_adds_up(town, 1, false).await;
}

async fn is_refunded(town: &Installation, doomed: Process, app: App) {
    let mut patient = town.patient(CARD, app).await;
    let sheet = patient.pays(&[1]).await;
    booked(town, &sheet).await;
    // Whether HIS hears an answer depends on the point.
    let _ = town.his_asks_for_refund(&only_booking(town).0).await;
    doomed.dies().await;

    let _gateway = town.serves(0, None).await;
    refunded(town).await;
    everything_adds_up(town, 1, true).await;
}

async fn is_refused(town: &Installation, doomed: Process, app: App) {
    let no = Trouble::Refuse { code: "SLIP_CANCELLED".into() };
    town.simulator.his().set_trouble("payments/confirm", no, None);
    let mut patient = town.patient(CARD, app).await;
    patient.pays(&[1]).await;
    doomed.dies().await;

    let _gateway = town.serves(0, None).await;
    all_goes_back_but(town, 0).await;
    assert!(town.simulator.his().records().bookings().is_empty(), "never both booked and sent back");
    nothing_is_held(town).await;
}

async fn pays_twice(town: &Installation, doomed: Process) {
    let mut first = town.patient(CARD, App::Wechat).await;
    let mut second = town.patient(CARD, App::Alipay).await;
    let late = first.goes_to_the_sheet(&[1]).await;
    was_said_to_be_closed(town).await;
    let sheet = second.pays(&[1]).await;
    booked(town, &sheet).await;
    first.pays_in_the_sheet(&late).await;
    doomed.dies().await;

    let _gateway = town.serves(0, None).await;
    all_goes_back_but(town, 1).await;
    only_booking(town);
    nothing_is_held(town).await;
}

/// Whoever presses a button while the process dies presses it again, on the same page, once another one is there.
struct Counter<'a> {
    town: &'a Installation,
    doomed: Option<Process>,
    /// The one after it; it stops with the story.
    living: Option<Process>,
}

impl Counter<'_> {
    async fn presses(
        &mut self,
        person: &mut Person,
        page: &Page,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Page {
        if let Ok(answer) = person.tries_to_fill(page, path, fields).await {
            return answer;
        }
        self.doomed.take().expect("it dies once").dies().await;
        self.living = Some(self.town.serves(0, None).await);
        person.fills(page, path, fields).await
    }
}

async fn is_taken_and_handed_in(town: &Installation, doomed: Process) {
    let card = "C900100";
    town.owes(card, &[24_000, 5000]);
    let mut cashier = town.employs("0317", "陈敏", "cashier").await;
    let mut lead = town.employs("0301", "林国栋", "cashier-lead").await;
    let mut counter = Counter { town, doomed: Some(doomed), living: None };

    let page = cashier.opens("/shift").await;
    cashier.fills(&page, "/shift", &[("float", "500")]).await;
    let shift_no = town.store.open_shift_of("0317").await.expect("readable").expect("open").shift_no;
    let page = cashier.opens(&format!("/window?q={card}")).await;
    let hidden = |page: &Page, name: &str| page.field(name).unwrap_or_default();
    let (snapshot, key) = (hidden(&page, "snapshot"), hidden(&page, "key"));
    let chosen =
        [("snapshot", snapshot.as_str()), ("key", &key), ("way", "cash"), ("slip", "0"), ("slip", "1")];
    let till = cashier.fills(&page, "/window/orders", &chosen).await;
    let path = url::Url::parse(&till.url).expect("an address").path().to_owned();
    counter.presses(&mut cashier, &till, &path, &[("tendered", "300"), ("do", "take")]).await;
    until("HIS has booked it", || async { town.simulator.his().records().bookings().len() == 1 }).await;
    let (bill_no, booked_fen) = only_booking(town);
    assert_eq!(booked_fen, 29_000);
    let order = format!("/orders/{bill_no}");
    until("our side knows it", async || cashier.clone().opens(&order).await.text.contains("已入账")).await;

    // More than one person gives back alone.
    let bill = BillNo::parse(bill_no.as_str()).expect("our number");
    let slips = town.store.bill(&bill).await.expect("readable").expect("kept").slips;
    let large = slips.iter().find(|slip| slip.self_pay == Fen::new(24_000)).expect("the large slip");
    let to = format!("{order}/refund");
    let dialog = cashier.opens(&format!("{to}?slip={}", large.slip_no)).await;
    let (key, fen, slip) = (hidden(&dialog, "key"), hidden(&dialog, "amount_fen"), hidden(&dialog, "slip"));
    let wish = [
        ("key", key.as_str()),
        ("amount_fen", &fen),
        ("slip", &slip),
        ("by", "slip"),
        ("reason", "returned"),
        ("note", ""),
    ];
    let waits = cashier.fills(&dialog, &to, &wish).await;
    waits.says("等待另一位批准");
    let request = url::Url::parse(&waits.url).expect("an address").path().to_owned();
    let to = format!("{request}/approve");
    let facts = lead.opens(&to).await;
    let seen = facts.field("seen").unwrap_or_else(|| panic!("no facts: {}", facts.text));
    counter.presses(&mut lead, &facts, &to, &[("seen", &seen), ("decision", "approve")]).await;
    let refunds = async || town.store.refunds_of_bill(&bill).await.expect("readable");
    until("the refund is there", async || refunds().await.len() == 1).await;
    let refund = refunds().await.remove(0).refund.out_refund_no;
    let page = cashier.opens(&format!("/refunds/{refund}")).await;
    counter.presses(&mut cashier, &page, &format!("/refunds/{refund}/given-back"), &[("do", "given")]).await;
    until("HIS knows that it went back", || async {
        town.simulator.his().records().refunded_fen(&bill_no) == 24_000
    })
    .await;
    until("nothing is left to do", || async { nothing_is_left_to_do(town).await }).await;

    let shift = format!("/shift/{shift_no}");
    let page = cashier.opens(&shift).await;
    let page = cashier.fills(&page, &format!("{shift}/count"), &[("d10000", "5"), ("d5000", "1")]).await;
    page.says("账款相符");
    let seen = hidden(&page, "seen");
    counter.presses(&mut cashier, &page, &format!("{shift}/close"), &[("seen", &seen)]).await;
    assert!(counter.doomed.is_none(), "it never died");

    let sheet = cashier.opens(&format!("{shift}/sheet")).await;
    sheet.says("¥50.00").says("人民币伍拾元整").says("已结班，待签收");
    let closed = town.store.shift(&shift_no).await.expect("readable").expect("kept");
    let closing = closed.closing.expect("closed");
    assert_eq!((closing.taken, closing.back), ((1, Fen::new(29_000)), (1, Fen::new(24_000))));
    assert_eq!((closing.difference, closing.handed_in), (Fen::ZERO, Fen::new(5000)));
    let trail = town.store.audit_of(shift_no.as_str()).await.expect("readable");
    assert_eq!(trail.iter().filter(|row| row.event.action == "shift.closed").count(), 1);
    let balance = town.store.trial_balance().await.expect("readable");
    let held = |name: &str| {
        balance.iter().find(|(account, _)| account.to_text() == name).map_or(0, |(_, fen)| fen.get())
    };
    assert_eq!((held("channel_receivable:window-cash"), held("cash_handed_in")), (0, 5000));
    nothing_is_held(town).await;
}

/// The only order is recorded as closed by its provider, which was wrong: it can still be paid there.
async fn was_said_to_be_closed(town: &Installation) {
    let order =
        OutTradeNo::parse(town.simulator.ledger().payments[0].out_trade_no.as_str()).expect("a number");
    let bill_no = record_a_close_that_never_was(&town.store, &order, SystemClock.now()).await;
    until("HIS holds the slips no more", || async {
        let task = town.store.task(TaskKind::Unlock, bill_no.as_str()).await.expect("readable");
        task.is_some_and(|task| task.state == TaskState::Done)
    })
    .await;
}

/// Every payment goes back whole and once, except for so many that are booked.
async fn all_goes_back_but(town: &Installation, booked: usize) {
    until("it is back at the payer", || async {
        let ledger = town.simulator.ledger();
        let paid = ledger.payments.iter().filter(|payment| payment.paid_fen > 0);
        let (back, kept): (Vec<_>, Vec<_>) =
            paid.partition(|payment| payment.refunded_fen == payment.paid_fen);
        assert!(kept.iter().all(|payment| payment.refunded_fen == 0), "in part: {kept:#?}");
        (back.len(), kept.len(), ledger.refunds.len()) == (1, booked, 1)
    })
    .await;
}

/// The program's own check is sound, and no money waits in between.
async fn nothing_is_held(town: &Installation) {
    until("nothing is left to do", || async { nothing_is_left_to_do(town).await }).await;
    until("no money is on its way", || async {
        let balance = town.store.trial_balance().await.expect("readable");
        balance.iter().all(|(account, fen)| *fen == Fen::ZERO || !is_in_between(account))
    })
    .await;
    town.verifies().await;
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
    nothing_is_held(town).await;
}

/// Asking after an order or a refund that has ended, or once more after a refusal, is no work that anybody waits for.
async fn nothing_is_left_to_do(town: &Installation) -> bool {
    let ready = town.store.list(Some(TaskState::Ready), 100).await.expect("readable");
    ready.iter().all(|task| {
        matches!(task.kind, TaskKind::FollowPayment | TaskKind::FollowRefund | TaskKind::RecheckRefusal)
    })
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
