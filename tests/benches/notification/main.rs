//! What a paid notification costs on its whole way: HTTP in, kept, proven, opened, recorded in one durable transaction, HTTP out.
//!
//! ```text
//! tests/services.sh cargo bench -p mingfen-tests --bench notification
//! ```
//!
//! Prints, for each engine and number of clients, notifications acknowledged a second with the time that one waited, and the
//! same for every notification sent once more. Beside it stand what the parts cost by themselves, and PostgreSQL's own client
//! with the same statements (`crates/store/benches/notification.pgbench`) in the same run.
//!
//! "Outside the store" is measured where there is no store: what proves nothing is proven, opened and refused without being kept
//! once an address has sent too much of it.
//!
//! Each notification is of a payment of its own, signed and sealed beforehand as WeChat Pay does. The clients are plain
//! sockets with ready-made bytes on a thread of their own, so that the processor time of the gateway can be told apart. The
//! numbers belong to the machine; only ratios travel.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

#[path = "../../../crates/store/tests/stories/samples.rs"]
#[allow(dead_code, missing_docs, unreachable_pub, reason = "the stories of the store use the rest")]
mod samples;

mod client;
mod platform;
mod processor;

use actix_web::{App, HttpResponse, HttpServer, web};
use client::{Told, tell, tell_any};
use mingfen_domain::ids::ChannelId;
use mingfen_domain::payment::State;
use mingfen_provider_api::Notifications;
use mingfen_store::Store;
use mingfen_tests::{Hospital, Room};
use platform::Platform;
use processor::Gauge;
use std::hint::black_box;
use std::net::{SocketAddr, TcpListener};
use std::ops::Range;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Clients at once, and how many notifications they tell altogether.
const ROUNDS: [(usize, usize); 3] = [(1, 2_000), (8, 6_000), (32, 12_000)];

fn main() {
    // `cargo test --benches` only wants to know that it starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let runtime = Runtime::new().expect("a runtime");
    let platform = Arc::new(Platform::new());

    let parts = parts(&runtime, &platform);
    without_a_store(&runtime, &platform, parts);
    let ceilings = pgbench();
    println!("\nfrom the socket to the durable commit and back");
    println!(
        "{:<10} {:>7} {:>14} {:>9} {:>9} {:>14}",
        "engine", "clients", "acknowledged/s", "p50", "p99", "once more/s"
    );
    for engine in ["sqlite", "postgres"] {
        for (clients, count) in ROUNDS {
            let room = match engine {
                "sqlite" => Room::on_sqlite(),
                _ => runtime.block_on(Room::on_postgres()),
            };
            let channel = platform.channel();
            let hospital = runtime.block_on(Hospital::open_with(room, vec![channel.clone()]));
            runtime.block_on(keep_waiting(hospital.store(), &platform.channel_id(), 0..count));
            let address = address_of(&hospital.replica.public_url);
            let requests = Arc::new((0..count).map(|number| platform.request(number)).collect::<Vec<_>>());

            let first = tell(address, &requests, clients, 204);
            let repeat = tell(address, &requests, clients, 204);
            runtime.block_on(assert_all_paid(hospital.store(), count));
            println!(
                "{engine:<10} {clients:>7} {:>14} {:>9} {:>9} {:>14}",
                first.per_second(),
                micros(first.p50),
                micros(first.p99),
                repeat.per_second(),
            );
            if engine == "postgres"
                && let Some((_, ceiling)) = ceilings.iter().find(|(with, _)| *with == clients)
            {
                println!(
                    "{:>18} {:>14}  pgbench, the same statements; we reach {} of it",
                    "",
                    ceiling,
                    times(first.per_second(), *ceiling)
                );
            }
        }
    }
}

/// The parts by themselves: an empty answer over HTTP, and proving and opening one notification.
fn parts(runtime: &Runtime, platform: &Platform) -> Duration {
    let (clients, count) = (8, 40_000);
    let address = runtime.block_on(async {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = socket.local_addr().expect("an address");
        let answer = || App::new().route("/n/{channel}", web::post().to(bare));
        tokio::spawn(HttpServer::new(answer).listen(socket).expect("it listens").disable_signals().run());
        address
    });
    let requests = Arc::new(vec![platform.request(0); count]);
    let gauge = Gauge::start();
    let bare = tell(address, &requests, clients, 204);
    let http = gauge.stop() / u32::try_from(count).unwrap_or(u32::MAX);

    let channel = platform.wechat();
    let raw = platform.raw(0);
    let repeats = 20_000;
    let began = Instant::now();
    for _ in 0..repeats {
        black_box(channel.verify(black_box(&raw)).is_ok());
    }
    let proof = began.elapsed() / repeats;
    println!("the parts by themselves, processor time a notification");
    println!(
        "  a bare actix-web answer   {:>9}   ({}/s with {clients} clients)",
        micros(http),
        bare.per_second()
    );
    println!("  proving and opening       {:>9}", micros(proof));
    println!("  together                  {:>9}", micros(http + proof));
    http + proof
}

/// The gateway's own share: HTTP, its middleware, copying, proving, opening, counting, answering. What is sealed as nobody seals it
/// opens as far as its last byte; above what is kept of such it never meets the store.
fn without_a_store(runtime: &Runtime, platform: &Platform, parts: Duration) {
    let (clients, kept, count) = (8, 200, 40_000);
    let hospital = runtime.block_on(Hospital::open_with(Room::on_sqlite(), vec![platform.channel()]));
    let address = address_of(&hospital.replica.public_url);
    let spoilt = platform.spoilt_request();
    let flood = tell_any(address, &Arc::new(vec![spoilt.clone(); kept]), clients);
    assert!(flood.count > 0);
    let gauge = Gauge::start();
    tell(address, &Arc::new(vec![spoilt; count]), clients, 429);
    let each = gauge.stop() / u32::try_from(count).unwrap_or(u32::MAX);
    println!(
        "the gateway without a store {:>9}   {} of the parts",
        micros(each),
        times(each.as_nanos(), parts.as_nanos())
    );
}

async fn bare(body: web::Bytes) -> HttpResponse {
    black_box(body.len());
    HttpResponse::NoContent().finish()
}

/// PostgreSQL's own client with the same statements; `(clients, transactions a second)`.
fn pgbench() -> Vec<(usize, u128)> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/store/benches/pgbench.sh");
    let said = Command::new(script).arg("notification.pgbench").output().expect("pgbench.sh runs");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let row = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
    };
    text.lines().filter_map(row).collect()
}

/// Bills whose order the patient has just paid in the app; the news is on its way.
async fn keep_waiting(store: &Store, channel: &ChannelId, numbers: Range<usize>) {
    let mut numbers = numbers.peekable();
    while numbers.peek().is_some() {
        let mut tx = store.begin().await.expect("a transaction");
        for number in numbers.by_ref().take(500) {
            let mut payment = samples::payment(number);
            payment.payment.channel = channel.clone();
            payment.payment.state = State::Waiting { handle: "prepay".to_owned() };
            tx.insert_bill(&samples::bill(number)).await.expect("a bill");
            tx.insert_payment(&payment).await.expect("a payment");
        }
        tx.commit().await.expect("durable");
    }
}

/// A benchmark of something that did not happen would be worthless.
async fn assert_all_paid(store: &Store, count: usize) {
    for number in (0..count).step_by(97) {
        let record = store.payment(&samples::out_trade_no(number)).await.expect("readable").expect("kept");
        assert!(
            matches!(record.payment.state, State::Paid(_)),
            "payment {number} is {:?}",
            record.payment.state
        );
    }
}

fn address_of(url: &str) -> SocketAddr {
    url.trim_start_matches("http://").parse().expect("a loopback address")
}

fn micros(time: Duration) -> String {
    format!("{} µs", time.as_micros())
}

/// A ratio with two digits, without floating point.
fn times(part: u128, whole: u128) -> String {
    let hundredths = part * 100 / whole.max(1);
    format!("×{}.{:02}", hundredths / 100, hundredths % 100)
}

impl Told {
    fn per_second(&self) -> u128 {
        u128::from(self.count) * 1_000_000 / self.took.as_micros().max(1)
    }
}
