//! The dashboard of a hospital with many payments: how long the page's reading takes, how long counting takes, and whether every question
//! finds its rows by an index.
//!
//! ```text
//! tests/services.sh cargo bench -p mingfen-tests --bench dashboard -- [POSTGRESQL_ROWS [SQLITE_ROWS]]
//! ```
//!
//! Payments of 90 days are written by SQL, ten million on PostgreSQL and a million on SQLite when nothing else is said, more of them
//! in the morning than at noon and on workdays than at weekends; with their slips, write-backs, refunds, and orders that nobody paid.
//! (Bills are left out: nothing here asks for them.) The clock stands at 10:42. It fails when a plan reads a large table from end to end.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use mingfen_domain::{BusinessDay, Clock};
use mingfen_gateway::service::dashboard::dashboard;
use mingfen_gateway::service::fold_takings;
use mingfen_store::{Dimension, Slots};
use mingfen_tests::{Hospital, Room};
use std::fmt::Write;
use std::fs;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const POSTGRESQL_ROWS: u64 = 10_000_000;
const SQLITE_ROWS: u64 = 1_000_000;
const DAYS: u64 = 90;
const ROUNDS: usize = 100;
/// From seven to seven: the part of a day's payments that falls into each hour, of a hundred.
const HOURS: [u64; 12] = [8, 18, 19, 15, 8, 3, 5, 10, 8, 4, 1, 1];
/// Of every so many payments one is refunded, and to every so many there is an order that nobody paid.
const REFUND_EVERY: u64 = 50;
const UNPAID_EVERY: u64 = 60;
/// What must never be read from end to end.
const LARGE: [&str; 5] = ["payments", "bill_slips", "write_backs", "refunds", "takings"];

fn main() {
    // `cargo test --benches` only wants to know that it starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let mut rows = std::env::args().filter_map(|argument| argument.parse::<u64>().ok());
    let postgresql = rows.next().unwrap_or(POSTGRESQL_ROWS);
    let sqlite = rows.next().unwrap_or(SQLITE_ROWS);
    println!("{}", machine());
    let runtime = Runtime::new().expect("a runtime");
    let mut sound = true;
    for (engine, rows) in [("SQLite", sqlite), ("PostgreSQL", postgresql)] {
        if rows == 0 {
            continue;
        }
        println!("\n{engine}, {rows} payments in {DAYS} days");
        sound &= runtime.block_on(async {
            let room = if engine == "SQLite" { Room::on_sqlite() } else { Room::on_postgres().await };
            measures(room, rows).await
        });
    }
    println!("\n{}", machine());
    assert!(sound, "a plan reads a large table from end to end");
}

async fn measures(room: Room, rows: u64) -> bool {
    let sqlite = room.is_sqlite();
    let hospital = Hospital::open(room).await;
    let now = hospital.clock.now();
    let morning = BusinessDay::of(now).end().plus_seconds(10 * 3600 + 42 * 60);
    hospital.time_passes(morning.since_ms(now) / 1000);
    let today = BusinessDay::of(hospital.clock.now());

    let began = Instant::now();
    let written = fills(&hospital, sqlite, rows, today).await;
    println!("written by SQL: {written} payments in {}", seconds(began.elapsed()));
    // A server does this by itself in the time that such a table needs to grow.
    hospital.executes(if sqlite { "ANALYZE" } else { "VACUUM (ANALYZE)" }).await;

    let began = Instant::now();
    let mut rounds = Vec::new();
    loop {
        let round = Instant::now();
        fold_takings(hospital.gateway()).await.expect("counted");
        rounds.push(round.elapsed());
        let progress = hospital.store().takings_progress().await.expect("readable");
        if progress.is_some_and(|progress| progress.is_complete()) {
            break;
        }
    }
    println!("history counted in {}, {} rounds:", seconds(began.elapsed()), rounds.len());
    print_times("a round, a day of it", &mut rounds);
    hospital.executes(if sqlite { "ANALYZE" } else { "VACUUM (ANALYZE) takings" }).await;

    let board = dashboard(hospital.gateway(), None).await.expect("readable");
    let total = board.all(Dimension::Total).expect("it fits");
    println!(
        "today so far {} payments, usual {} over {} days",
        total.day.number, total.usual.number, board.usual_days
    );
    for (name, day) in [("today's dashboard", None), ("that of a day that is over", Some(back(today, 1)))] {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let began = Instant::now();
            dashboard(hospital.gateway(), day).await.expect("readable");
            times.push(began.elapsed());
        }
        print_times(name, &mut times);
    }
    let (mut seen, mut folded) = (Vec::new(), Vec::new());
    let busy = Slots::of(BusinessDay::start(today).plus_seconds(9 * 3600 + 1800));
    for at in 0..ROUNDS {
        hospital
            .is_tampered(&format!(
                "INSERT INTO takings_marks (mark_id, day, slot)
                SELECT 'mark-{at}', MAX(day), {} FROM takings WHERE dimension = 'total'",
                busy.first
            ))
            .await;
        let began = Instant::now();
        dashboard(hospital.gateway(), None).await.expect("readable");
        seen.push(began.elapsed());
        let began = Instant::now();
        fold_takings(hospital.gateway()).await.expect("counted");
        folded.push(began.elapsed());
    }
    print_times("today's, with a busy slot to count", &mut seen);
    print_times("counting that slot ahead", &mut folded);

    let mut sound = true;
    for (name, plan) in hospital.store().takings_plans(today).await.expect("plans") {
        println!("  {name}");
        for line in &plan {
            let whole = LARGE.iter().any(|table| reads_whole(line, table));
            sound &= !whole;
            let word = if whole { "!!" } else { "  " };
            if sqlite || whole || line.contains("Scan") || line.contains("Time") {
                println!("  {word} {line}");
            }
        }
    }
    sound
}

/// Whether a line of a plan says that a table is read from end to end.
fn reads_whole(line: &str, table: &str) -> bool {
    let ends =
        |text: &str, at: usize| text[at..].chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '_');
    let postgres = format!("Seq Scan on {table}");
    let sqlite = format!("SCAN {table}");
    line.find(&postgres).is_some_and(|at| ends(line, at + postgres.len()))
        || (line.find(&sqlite).is_some_and(|at| ends(line, at + sqlite.len())) && !line.contains("USING"))
}

fn back(day: BusinessDay, days: i64) -> BusinessDay {
    BusinessDay::of(day.start().plus_seconds(-86_400 * days))
}

/// Writes the payments of 90 days, the last until now; answers how many.
async fn fills(hospital: &Hospital, sqlite: bool, rows: u64, today: BusinessDay) -> u64 {
    let days: Vec<BusinessDay> =
        (0..DAYS).rev().map(|at| back(today, i64::try_from(at).expect("small"))).collect();
    let weight = |day: &BusinessDay| if day.date().weekday().number_days_from_monday() < 5 { 10 } else { 5 };
    let all: u64 = days.iter().map(weight).sum();
    let mut first = 0;
    for day in &days {
        let of_day = rows * weight(day) / all;
        let mut hours = String::new();
        let mut base = 0;
        for (hour, part) in (7_i64..).zip(HOURS) {
            let count = (of_day * part / 100).max(1);
            let comma = if hours.is_empty() { "" } else { ", " };
            let start = day.start().plus_seconds(hour * 3600).ms();
            write!(hours, "{comma}({start}, {count}, {base})").expect("text");
            base += count;
        }
        let numbers = if sqlite {
            format!("n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < {base})")
        } else {
            format!("n (n) AS (SELECT generate_series(CAST(0 AS BIGINT), {base} - 1))")
        };
        let now = hospital.clock.now().ms();
        let paid = format!(
            "WITH RECURSIVE {numbers},
            h (start_ms, count, base) AS (VALUES {hours}),
            paid (number, at_ms) AS (
                SELECT {first} + n.n, h.start_ms + (n.n - h.base) * 3600000 / h.count
                FROM n
                JOIN h ON n.n >= h.base AND n.n < h.base + h.count
                WHERE h.start_ms + (n.n - h.base) * 3600000 / h.count <= {now}
            )"
        );
        hospital.executes(&format!("{}{}", without_keys(sqlite), payments(&paid))).await;
        hospital.executes(&format!("{}{}", without_keys(sqlite), unpaid(&paid))).await;
        hospital.executes(&format!("{}{}", without_keys(sqlite), slips(&paid))).await;
        hospital.executes(&format!("{}{}", without_keys(sqlite), write_backs(&paid))).await;
        hospital.executes(&format!("{}{}", without_keys(sqlite), refunds(&paid))).await;
        first += base;
    }
    first
}

/// The bills that rows refer to are not there.
const fn without_keys(sqlite: bool) -> &'static str {
    if sqlite { "PRAGMA foreign_keys = OFF;" } else { "SET session_replication_role = replica;" }
}

const FEN: &str = "(500 + number * 7919 % 60000)";
const CHANNEL: &str = "CASE number % 10
    WHEN 9 THEN 'unionpay-main'
    WHEN 8 THEN 'wechat-east'
    WHEN 7 THEN 'alipay-main'
    WHEN 6 THEN 'alipay-main'
    WHEN 5 THEN 'alipay-main'
    ELSE 'wechat-main'
END";
const SCENE: &str = "CASE WHEN number % 17 = 0 THEN 'shown_code' WHEN number % 23 = 0 THEN 'mobile_browser' ELSE 'in_app' END";

fn payments(paid: &str) -> String {
    format!(
        "INSERT INTO payments (
            out_trade_no, bill_no, channel_id, scene, amount_fen, subject, state, provider_trade_no, received_fen,
            paid_at_ms, refund_held_fen, created_at_ms, expires_at_ms, trace_id, version, insurance_fen, deposit
        )
        {paid}
        SELECT
            'P' || (100000000000 + number), 'B' || (100000000000 + number), {CHANNEL}, {SCENE}, {FEN}, '门诊缴费',
            'paid', '4200' || (100000000000 + number), {FEN}, at_ms, 0, at_ms - 5000 - number * 6151 % 85000,
            at_ms + 900000, '00' || number, 2, 0, 0
        FROM paid"
    )
}

fn unpaid(paid: &str) -> String {
    format!(
        "INSERT INTO payments (
            out_trade_no, bill_no, channel_id, scene, amount_fen, subject, state, state_reason, refund_held_fen,
            created_at_ms, expires_at_ms, trace_id, version, insurance_fen, deposit
        )
        {paid}
        SELECT
            'X' || (100000000000 + number), 'B' || (100000000000 + number), {CHANNEL}, {SCENE}, {FEN}, '门诊缴费',
            'closed', 'expired', 0, at_ms - 900000, at_ms, '00' || number, 2, 0, 0
        FROM paid
        WHERE number % {UNPAID_EVERY} = 7"
    )
}

fn slips(paid: &str) -> String {
    format!(
        "INSERT INTO bill_slips (
            bill_no, position, hospital_id, slip_no, kind, title, department, total_fen, self_pay_fen
        )
        {paid}
        SELECT
            'B' || (100000000000 + number), 0, 'H1', 'S' || number, 'lab', '化验', '第' || (number * 31 % 30 + 1) || '科',
            {FEN}, {FEN}
        FROM paid"
    )
}

fn write_backs(paid: &str) -> String {
    format!(
        "INSERT INTO write_backs (
            bill_no, out_trade_no, state, his_order_no, receipt_no, places, due_at_ms, posted_at_ms, version
        )
        {paid}
        SELECT
            'B' || (100000000000 + number), 'P' || (100000000000 + number), 'posted', 'H' || number, 'RC' || number,
            '[]', at_ms + 300, at_ms + 500 + number * 4421 % 6000, 1
        FROM paid"
    )
}

fn refunds(paid: &str) -> String {
    format!(
        "INSERT INTO refunds (
            out_refund_no, out_trade_no, bill_no, amount_fen, origin, reason, requested_by, state,
            provider_refund_no, refunded_at_ms, his_state, his_refund_no, trace_id, requested_at_ms, sent_at_ms, version
        )
        {paid}
        SELECT
            'R' || (100000000000 + number), 'P' || (100000000000 + number), 'B' || (100000000000 + number), {FEN},
            'cashier', CASE number % 3 WHEN 0 THEN '药品退回' WHEN 1 THEN '检查未做' ELSE '其他：说明' END,
            'staff:02' || (10 + number % 12), 'succeeded', '5030' || number, at_ms + 1800000, 'posted', 'HR' || number,
            '00' || number, at_ms + 1700000, at_ms + 1700000, 3
        FROM paid
        WHERE number % {REFUND_EVERY} = 3"
    )
}

fn print_times(name: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |hundredths: usize| times[(times.len() * hundredths).div_ceil(100).clamp(1, times.len()) - 1];
    println!("  {name:<38} p50 {:>10} p99 {:>10}", milliseconds(at(50)), milliseconds(at(99)));
}

fn milliseconds(time: Duration) -> String {
    format!("{}.{:01} ms", time.as_millis(), time.subsec_micros() % 1000 / 100)
}

fn seconds(time: Duration) -> String {
    format!("{}.{:01} s", time.as_secs(), time.subsec_millis() / 100)
}

/// What the machine is and what else it does.
fn machine() -> String {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split(' ').take(3).collect();
    format!("{processors} processors, load of the last 1, 5 and 15 minutes: {}", load.join(" "))
}
