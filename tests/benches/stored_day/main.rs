//! A large day on its whole way through an installation: compared, kept, listed, filtered, reported, compared again, set against
//! its earlier version, settled and signed, on both engines.
//!
//! ```text
//! tests/services.sh cargo bench -p mingfen-tests --bench stored_day -- [ROWS]
//! ```
//!
//! `ROWS` are payments and refunds together, at least 10 000, a million when they are left out, as many on each of the three sides. For every step
//! stands how long it took and the most memory that this process had meanwhile: gateway, SQLite, and the idle harness. PostgreSQL
//! is another process. Seconds belong to the machine; that memory does not grow with the rows belongs to the program.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

mod gauge;

use gauge::{Table, machine};
use mingfen_domain::difference::{Category, Remedy};
use mingfen_domain::ids::RunId;
use mingfen_domain::{BusinessDay, Clock};
use mingfen_gateway::ambient::SystemClock;
use mingfen_gateway::service::reconciliation::{
    DayReconciled, ReconcileRefused, RemedyOrder, ReportForm, Scope, order_across, order_remedy,
    preview_remedy, reconcile_day, sign_day, write_report,
};
use mingfen_reconciliation::files::Progress;
use mingfen_store::{ALL_CHANNELS, FindingFilter, FindingRecord, Standing};
use mingfen_tests::{Arrangement, BigDay, Hospital, Room, Told};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// As many as a page of the list shows.
const PAGE: i64 = 100;
const ROWS: u64 = 1_000_000;
/// Two findings a row, and at most 100 000 are allowed.
const CROWDED_ROWS: u64 = 49_900;

fn main() {
    // `cargo test --benches` only wants to know that it starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let rows = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(ROWS);
    println!("{}", machine());
    let runtime = Runtime::new().expect("a runtime");
    for engine in ["SQLite", "PostgreSQL"] {
        println!("\n{engine}, {rows} rows a side");
        runtime.block_on(async {
            let room = if engine == "SQLite" { Room::on_sqlite() } else { Room::on_postgres().await };
            whole_day(room, rows).await;
        });
        println!("\n{engine}, nearly as many findings as are allowed");
        runtime.block_on(async {
            let room = if engine == "SQLite" { Room::on_sqlite() } else { Room::on_postgres().await };
            crowded_day(room).await;
        });
    }
    println!("\n{}", machine());
}

async fn hospital_of(room: Room, big: &Arc<BigDay>) -> Hospital {
    let arrangement =
        Arrangement { channels: vec![big.clone()], ledger: Some(big.clone()), ..Arrangement::default() };
    let hospital = Hospital::arranged(room, arrangement).await;
    // Every statement is made.
    hospital.time_passes(2 * 86_400);
    hospital
}

/// A day like any other, and all that is done with it.
async fn whole_day(room: Room, rows: u64) {
    let day = BusinessDay::of(SystemClock.now());
    let big = BigDay::of_rows(rows, day);
    let hospital = hospital_of(room, &big).await;
    let mut table = Table::begin();
    let all = 3 * rows;

    table.step("our side is written by SQL", rows, big.is_lived_through(&hospital)).await;
    let first = table.step("first run", all, compares(&hospital, day)).await.expect("it is compared");
    assert!(!first.unchanged && !first.incomplete, "{first:?}");
    let found: u64 = big.findings().values().sum();
    assert_eq!(first.run.findings.unsigned_abs(), found, "as many as there are troubles");

    reads(&mut table, &hospital, &first).await;
    let order = big.an_order_that_his_lacks();
    let across =
        table.step("one order across the sides", all, order_across(hospital.gateway(), order.as_str()));
    let across = across.await.expect("readable").expect("it is known");
    assert_eq!(across.rows.len(), 2, "the statement and we have it: {across:#?}");

    let again = table.step("the same again", all, compares(&hospital, day)).await.expect("it is compared");
    assert!(again.unchanged, "{again:?}");
    big.his_says(Told::BookedLate);
    let second = table.step("another ledger: version 2", all, compares(&hospital, day)).await;
    let second = second.expect("it is compared");
    assert_eq!(second.run.version, 2);
    let (before, after) = (&first.run.run_id, &second.run.run_id);
    let gone = table.step("what is gone in version 2", found, differs(&hospital, before, after)).await;
    let new = table.step("what is new in it", found, differs(&hospital, after, before)).await;
    println!("  {gone} findings are gone, {new} are new");
    assert!(gone > 0 && new == 0);

    // With fewer rows it would be a run like any other, and each finding would want its remedy.
    if rows > CROWDED_ROWS {
        big.his_says(Told::Elsewhere);
        let refused = table.step("the ledger of elsewhere", all, compares(&hospital, day)).await;
        println!("  {}", refused.expect_err("the sides have nothing in common"));
    }
    let current =
        hospital.store().current_run(day, ALL_CHANNELS).await.expect("readable").expect("there is one");
    let settled = table.step("a remedy for each", found, settles(&hospital, &current.run_id)).await;
    println!("  {settled} remedies");
    let signed = table.step("signed", found, sign_day(hospital.gateway(), day, "lead", "")).await;
    if let Err(refused) = signed {
        println!("  {refused}");
    }
}

/// A day of which every line is a finding, as far as that is allowed.
async fn crowded_day(room: Room) {
    let day = BusinessDay::of(SystemClock.now());
    let big = BigDay::of_rows(CROWDED_ROWS, day);
    big.his_says(Told::Elsewhere);
    let hospital = hospital_of(room, &big).await;
    let mut table = Table::begin();
    big.is_lived_through(&hospital).await;
    let made = table.step("first run", 3 * CROWDED_ROWS, compares(&hospital, day)).await;
    let made = made.expect("it is compared");
    reads(&mut table, &hospital, &made).await;
    println!("  {} findings", made.run.findings);
}

/// Lists and reports of a run.
async fn reads(table: &mut Table, hospital: &Hospital, made: &DayReconciled) {
    let (run_id, day, found) = (&made.run.run_id, made.run.day, made.run.findings.unsigned_abs());
    let everything = FindingFilter::default();
    let listed = table.step("all findings, a page at a time", found, lists(hospital, run_id, &everything));
    assert_eq!(listed.await, found);
    let of_category = FindingFilter { category: Some(Category::ChannelOnly), ..FindingFilter::default() };
    table.step("those of one category", found, lists(hospital, run_id, &of_category)).await;
    let open = FindingFilter { standing: Some(Standing::Open), ..FindingFilter::default() };
    table.step("those that are open", found, lists(hospital, run_id, &open)).await;
    let waiting = FindingFilter { standing: Some(Standing::Waiting), ..FindingFilter::default() };
    table.step("those that wait, of which there are none", found, lists(hospital, run_id, &waiting)).await;
    table
        .step("how many stand how", found, hospital.store().standings_of_run(run_id))
        .await
        .expect("readable");
    table
        .step("the list of days", found, hospital.store().days(ALL_CHANNELS, day, 31))
        .await
        .expect("readable");
    table.step("overdue ones", found, hospital.store().overdue_findings(day.next())).await.expect("readable");

    let directory = tempfile::tempdir().expect("a directory");
    for (form, name) in [
        (ReportForm::Xlsx, "report.xlsx"),
        (ReportForm::Csv, "report.csv"),
        (ReportForm::Html, "report.html"),
    ] {
        let path = directory.path().join(name);
        table.step(name, found, reports(hospital, run_id, form, &path)).await;
    }
}

async fn compares(hospital: &Hospital, day: BusinessDay) -> Result<DayReconciled, ReconcileRefused> {
    reconcile_day(hospital.gateway(), day, &Scope::All, "benchmark", &Arc::new(Progress::default())).await
}

/// How many findings pass the filter.
async fn lists(hospital: &Hospital, run_id: &RunId, filter: &FindingFilter) -> u64 {
    let (mut after, mut count) = (-1, 0);
    loop {
        let page = hospital.store().findings_of_run(run_id, filter, after, PAGE).await.expect("readable");
        let Some((last, _)) = page.last() else { return count };
        after = last.position;
        count += page.len() as u64;
    }
}

async fn differs(hospital: &Hospital, run_id: &RunId, other: &RunId) -> u64 {
    let (mut after, mut count) = (-1, 0);
    loop {
        let page = hospital.store().findings_only_in(run_id, other, after, PAGE).await.expect("readable");
        let Some((last, _)) = page.last() else { return count };
        after = last.position;
        count += page.len() as u64;
    }
}

async fn reports(hospital: &Hospital, run_id: &RunId, form: ReportForm, path: &Path) {
    let out = BufWriter::new(File::create(path).expect("a file"));
    write_report(hospital.gateway(), run_id, form, out).await.expect("a report");
    assert!(path.metadata().expect("a file").len() > 1000);
}

/// Orders for every open difference what carries or ends it.
async fn settles(hospital: &Hospital, run_id: &RunId) -> u64 {
    let open = FindingFilter { standing: Some(Standing::Open), ..FindingFilter::default() };
    let (mut after, mut count) = (-1, 0);
    loop {
        let page = hospital.store().findings_of_run(run_id, &open, after, PAGE).await.expect("readable");
        let Some((last, _)) = page.last() else { return count };
        after = last.position;
        for (finding, _) in page {
            count += u64::from(is_settled(hospital, run_id, &finding).await);
        }
    }
}

async fn is_settled(hospital: &Hospital, run_id: &RunId, finding: &FindingRecord) -> bool {
    for remedy in [Remedy::Carry, Remedy::WriteOff, Remedy::BookToSuspense] {
        let order = RemedyOrder {
            run_id: run_id.clone(),
            finding_key: finding.finding_key.clone(),
            remedy,
            reason: "按对账结果处理".to_owned(),
            by: "finance".to_owned(),
        };
        if let Ok(preview) = preview_remedy(hospital.gateway(), &order).await {
            return order_remedy(hospital.gateway(), &order, &preview).await.is_ok();
        }
    }
    false
}
