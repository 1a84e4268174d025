//! The staff's screens of a hospital with many payments: how long a search by each key takes, how long the dashboard's reading and counting
//! take, and whether every question finds its rows by an index.
//!
//! ```text
//! tests/services.sh cargo bench -p mingfen-tests --bench screens -- [POSTGRESQL_ROWS [SQLITE_ROWS]]
//! ```
//!
//! Payments of 90 days are written by SQL, ten million on PostgreSQL and a million on SQLite when nothing else is said, more of them
//! in the morning than at noon and on workdays than at weekends; with their bills, slips, write-backs, refunds, and orders that nobody
//! paid, of 200 000 patients. The clock stands at 10:42. It fails when a plan reads a large table from end to end.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

mod filling;
mod people;
mod search;
mod statements;

use filling::{DAYS, fills};
use mingfen_domain::{BusinessDay, Clock};
use mingfen_gateway::service::dashboard::dashboard;
use mingfen_gateway::service::fold_takings;
use mingfen_store::{Dimension, Slots};
use mingfen_tests::{Hospital, Room};
use statements::Statements;
use std::fs;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const POSTGRESQL_ROWS: u64 = 10_000_000;
const SQLITE_ROWS: u64 = 1_000_000;
const ROUNDS: usize = 100;
/// What must never be read from end to end.
const LARGE: [&str; 6] = ["bills", "payments", "bill_slips", "write_backs", "refunds", "takings"];

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
    let statements = Statements::install();
    let mut sound = true;
    for (engine, rows) in [("SQLite", sqlite), ("PostgreSQL", postgresql)] {
        if rows == 0 {
            continue;
        }
        println!("\n{engine}, {rows} payments in {DAYS} days");
        sound &= runtime.block_on(async {
            let room = if engine == "SQLite" { Room::on_sqlite() } else { Room::on_postgres().await };
            measures(room, rows, &statements).await
        });
    }
    println!("\n{}", machine());
    assert!(sound, "a plan reads a large table from end to end");
}

async fn measures(room: Room, rows: u64, statements: &Statements) -> bool {
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

    let mut sound = search::measures(&hospital, sqlite, written, statements).await;

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
