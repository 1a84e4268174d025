//! A day compared: statements, our journal and HIS's ledger.

use mingfen_domain::difference::Category;
use mingfen_domain::sides::Side;
use mingfen_domain::{BusinessDay, Clock, Fen};
use mingfen_gateway::service::reconciliation::{DayReconciled, ReconcileRefused, Scope, reconcile_day};
use mingfen_reconciliation::files::Progress;
use mingfen_store::{ALL_CHANNELS, FindingFilter, FindingRecord, Standing};
use mingfen_tests::{App, CARD, Hospital};
use std::sync::Arc;

stories!(a_quiet_day_agrees_and_comparing_it_again_adds_nothing, a_day_that_is_not_over_is_not_compared,);

/// The day on the hospital's clock.
fn today(hospital: &Hospital) -> BusinessDay {
    BusinessDay::of(hospital.clock.now())
}

/// It becomes one in the afternoon of the next day: every statement is made.
async fn statements_are_made(hospital: &Hospital) {
    let until = today(hospital).end().plus_seconds(13 * 3600);
    hospital.time_passes(until.since_ms(hospital.clock.now()) / 1000);
    hospital.settles().await;
}

async fn compares(hospital: &Hospital, day: BusinessDay) -> Result<DayReconciled, ReconcileRefused> {
    reconcile_day(hospital.gateway(), day, &Scope::All, "tester", &Arc::new(Progress::default())).await
}

async fn findings(hospital: &Hospital, made: &DayReconciled) -> Vec<(FindingRecord, Standing)> {
    let filter = FindingFilter::default();
    hospital.store().findings_of_run(&made.run.run_id, &filter, -1, 1000).await.expect("readable")
}

async fn a_quiet_day_agrees_and_comparing_it_again_adds_nothing(hospital: Hospital) {
    let day = today(&hospital);
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    patient.pays(&[1]).await;
    hospital.lives_through(60, 5).await;
    statements_are_made(&hospital).await;
    let made = compares(&hospital, day).await.expect("it is compared");
    assert_eq!(findings(&hospital, &made).await, []);
    assert_eq!((made.run.version, made.run.differences, made.unchanged), (1, 0, false));
    let tallies = hospital.store().tallies_of_run(&made.run.run_id).await.expect("readable");
    let paid: Vec<(Category, Side, i64, Fen)> =
        tallies.iter().map(|tally| (tally.category, tally.side, tally.lines, tally.paid)).collect();
    assert_eq!(paid.len(), 3, "{paid:?}");
    assert!(paid.iter().all(|(category, _, lines, fen)| {
        *category == Category::Matched && *lines == 1 && *fen == paid[0].3
    }));
    let again = compares(&hospital, day).await.expect("it is compared again");
    assert!(again.unchanged, "{again:?}");
    assert_eq!(again.run.run_id, made.run.run_id);
    let versions = hospital.store().versions_of_day(day, ALL_CHANNELS).await.expect("readable");
    assert_eq!(versions.len(), 1);
    hospital.verifies().await;
}

async fn a_day_that_is_not_over_is_not_compared(hospital: Hospital) {
    let day = today(&hospital);
    let refused = compares(&hospital, day).await.expect_err("it is today");
    assert!(matches!(refused, ReconcileRefused::NotOver(_)), "{refused:?}");
    assert!(hospital.store().current_run(day, ALL_CHANNELS).await.expect("readable").is_none());
}
