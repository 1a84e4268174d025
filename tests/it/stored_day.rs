//! A day of 2 000 rows a side on its whole way: compared, kept, listed, reported, compared again, set against its earlier version,
//! settled and signed. The same with a million rows, and with numbers, is `tests/benches/stored_day`.

use mingfen_domain::difference::{Category, Remedy};
use mingfen_domain::ids::RunId;
use mingfen_domain::{BusinessDay, Clock};
use mingfen_gateway::ambient::SystemClock;
use mingfen_gateway::service::reconciliation::{
    DayReconciled, ReconcileRefused, RemedyOrder, ReportForm, Scope, SignRefused, order_across, order_remedy,
    preview_remedy, reconcile_day, sign_day, write_report,
};
use mingfen_reconciliation::files::Progress;
use mingfen_store::{ALL_CHANNELS, FindingFilter, FindingRecord, Standing};
use mingfen_tests::{Arrangement, BigDay, Hospital, Room, Told};
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

const ROWS: u64 = 2000;

mod a_day_is_kept_listed_reported_compared_again_and_signed {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_sqlite() {
        a_day_is_kept_listed_reported_compared_again_and_signed(Room::on_sqlite()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_postgres() {
        a_day_is_kept_listed_reported_compared_again_and_signed(Room::on_postgres().await).await;
    }
}

async fn a_day_is_kept_listed_reported_compared_again_and_signed(room: Room) {
    let day = BusinessDay::of(SystemClock.now());
    let big = BigDay::with_trouble(ROWS, 50, day);
    let arrangement = Arrangement {
        channels: vec![big.clone()],
        ledger: Some(big.clone()),
        most_findings: 500,
        ..Arrangement::default()
    };
    let hospital = Hospital::arranged(room, arrangement).await;
    hospital.time_passes(2 * 86_400);
    big.is_lived_through(&hospital).await;

    let first = compares(&hospital, day).await.expect("it is compared");
    let found = pages(&hospital, &first.run.run_id, &FindingFilter::default()).await;
    let mut counts = BTreeMap::new();
    for (finding, standing) in &found {
        assert_eq!(*standing, Standing::Open, "{finding:#?}");
        *counts.entry(finding.category).or_insert(0) += 1;
    }
    assert_eq!(counts, big.findings(), "every trouble is found, and nothing else");
    for category in counts.keys() {
        let filter = FindingFilter { category: Some(*category), ..FindingFilter::default() };
        let of_category: Vec<_> =
            found.iter().filter(|(finding, _)| finding.category == *category).cloned().collect();
        assert_eq!(pages(&hospital, &first.run.run_id, &filter).await, of_category, "{category:?}");
    }
    let waiting = FindingFilter { standing: Some(Standing::Waiting), ..FindingFilter::default() };
    assert_eq!(pages(&hospital, &first.run.run_id, &waiting).await, []);
    reports_hold_all(&hospital, &first.run.run_id, &found).await;

    let order = big.an_order_that_his_lacks();
    let across = order_across(hospital.gateway(), order.as_str()).await.expect("readable");
    let across = across.expect("it is known");
    let sides: Vec<&str> = across.rows.iter().map(|row| row.side.as_str()).collect();
    assert_eq!(sides, ["channel", "gateway"], "{across:#?}");
    assert!(across.rows.iter().all(|row| row.fields.iter().any(|(_, text)| text == order.as_str())));
    assert_eq!(across.findings.len(), 1);

    let again = compares(&hospital, day).await.expect("it is compared again");
    assert!(again.unchanged && again.run.run_id == first.run.run_id, "{again:?}");

    big.his_says(Told::BookedLate);
    let second = compares(&hospital, day).await.expect("it is compared again");
    assert_eq!((second.run.version, second.unchanged), (2, false));
    let gone = only_in(&hospital, &first.run.run_id, &second.run.run_id).await;
    let lacked: Vec<_> =
        found.iter().filter(|(finding, _)| finding.category == Category::ChannelOnly).cloned().collect();
    assert_eq!(gone, lacked.into_iter().map(|(finding, _)| finding.finding_key).collect::<Vec<_>>());
    assert_eq!(only_in(&hospital, &second.run.run_id, &first.run.run_id).await, Vec::<String>::new());

    big.his_says(Told::Elsewhere);
    let refused = compares(&hospital, day).await.expect_err("the sides have nothing in common");
    assert!(matches!(&refused, ReconcileRefused::TooMany(told) if told.sides[2].1 == 0), "{refused}");
    let current = hospital.store().current_run(day, ALL_CHANNELS).await.expect("readable");
    assert_eq!(current.map(|run| run.run_id), Some(second.run.run_id.clone()), "nothing was kept of it");

    let open = sign_day(hospital.gateway(), day, "lead", "").await.expect_err("differences are open");
    assert!(matches!(open, SignRefused::Open { .. }), "{open:?}");
    for (finding, _) in pages(&hospital, &second.run.run_id, &FindingFilter::default()).await {
        settles(&hospital, &second.run.run_id, &finding).await;
    }
    let signed = sign_day(hospital.gateway(), day, "lead", "逐笔处理完毕").await.expect("it is signed");
    assert_eq!(signed.run_id, second.run.run_id);
}

async fn compares(hospital: &Hospital, day: BusinessDay) -> Result<DayReconciled, ReconcileRefused> {
    reconcile_day(hospital.gateway(), day, &Scope::All, "tester", &Arc::new(Progress::default())).await
}

/// Everything that passes the filter, in pages that are smaller than a run.
async fn pages(
    hospital: &Hospital,
    run_id: &RunId,
    filter: &FindingFilter,
) -> Vec<(FindingRecord, Standing)> {
    let mut found: Vec<(FindingRecord, Standing)> = Vec::new();
    loop {
        let after = found.last().map_or(-1, |(finding, _)| finding.position);
        let page = hospital.store().findings_of_run(run_id, filter, after, 7).await.expect("readable");
        if page.is_empty() {
            return found;
        }
        found.extend(page);
    }
}

async fn only_in(hospital: &Hospital, run_id: &RunId, other: &RunId) -> Vec<String> {
    let found = hospital.store().findings_only_in(run_id, other, -1, 1000).await.expect("readable");
    found.into_iter().map(|(finding, _)| finding.finding_key).collect()
}

/// The file for programs names every finding's order, and the others are there.
async fn reports_hold_all(hospital: &Hospital, run_id: &RunId, found: &[(FindingRecord, Standing)]) {
    let directory = tempfile::tempdir().expect("a directory");
    for (form, name) in [(ReportForm::Csv, "csv"), (ReportForm::Xlsx, "xlsx"), (ReportForm::Html, "html")] {
        let path = directory.path().join(name);
        let out = File::create(&path).expect("a file");
        write_report(hospital.gateway(), run_id, form, out).await.expect("a report");
        let bytes = std::fs::read(&path).expect("readable");
        if form == ReportForm::Csv {
            let text = String::from_utf8_lossy(&bytes);
            for (finding, _) in found {
                assert!(text.contains(&finding.order_no), "{} is not in the report", finding.order_no);
            }
        } else {
            assert!(bytes.len() > 1000, "{form:?}");
        }
    }
}

/// What carries it, or ends it where it cannot be carried.
async fn settles(hospital: &Hospital, run_id: &RunId, finding: &FindingRecord) {
    let mut refused = Vec::new();
    for remedy in [Remedy::Carry, Remedy::WriteOff, Remedy::BookToSuspense] {
        let order = RemedyOrder {
            run_id: run_id.clone(),
            finding_key: finding.finding_key.clone(),
            remedy,
            reason: "按对账结果处理".to_owned(),
            by: "finance".to_owned(),
        };
        match preview_remedy(hospital.gateway(), &order).await {
            Ok(preview) => {
                order_remedy(hospital.gateway(), &order, &preview).await.expect("it is ordered");
                return;
            }
            Err(error) => refused.push(error),
        }
    }
    panic!("nothing ends {finding:#?}: {refused:?}");
}
