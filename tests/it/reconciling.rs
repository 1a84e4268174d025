//! A day compared: statements, our journal and HIS's ledger.

use mingfen_domain::books::Account;
use mingfen_domain::difference::{Category, Remedy};
use mingfen_domain::ids::{ChannelId, OutTradeNo};
use mingfen_domain::person::Phone;
use mingfen_domain::sides::Side;
use mingfen_domain::{BusinessDay, Clock, Fen};
use mingfen_gateway::ambient::SystemClock;
use mingfen_gateway::cache::MemoryCache;
use mingfen_gateway::jobs;
use mingfen_gateway::service::reconciliation::{
    DayReconciled, ReconcileRefused, RemedyOrder, RemedyPreview, RemedyRefused, Scope, SignRefused,
    decide_remedy, order_remedy, plan_days, preview_remedy, reconcile_day, sign_day,
};
use mingfen_gateway::settings::AccountSettings;
use mingfen_reconciliation::files::Progress;
use mingfen_simulator::faults::{Fault, Rule};
use mingfen_simulator::his::LedgerDamage;
use mingfen_store::{
    ALL_CHANNELS, FindingFilter, FindingRecord, InputState, RemedyRecord, RemedyState, Standing, TaskKind,
    TaskState,
};
use mingfen_tests::{ALERT_SECRET, App, Arrangement, CARD, Hospital, Installation, Room, until};
use mingfen_vault::request_signature;
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

stories!(
    a_quiet_day_agrees_and_comparing_it_again_adds_nothing,
    a_day_that_is_not_over_is_not_compared,
    money_that_his_was_not_told_of_is_told_by_a_remedy_and_clears_the_next_day,
    what_insurance_bore_and_what_is_a_deposit_is_compared_beside_the_money,
    what_was_waited_for_in_vain_is_counted_on_the_day_on_which_waiting_ends,
    a_row_that_the_statement_lacks_is_put_into_suspense_by_two_people,
    a_statement_that_is_not_there_leaves_its_account_out_and_the_next_version_has_it,
    a_damaged_statement_is_told_and_the_other_account_is_compared,
    two_people_with_the_same_remedy_have_one_effect,
    days_are_compared_by_themselves_once_and_missed_ones_are_caught_up_on,
    finance_is_told_once_of_a_day_that_does_not_agree,
    finance_is_reminded_of_what_is_past_its_deadline,
    fees_and_fund_flow_are_compared_and_a_wrong_rate_is_told_line_by_line,
);

/// It becomes ten in the morning, far from midnight whenever the story is told.
fn a_morning(hospital: &Hospital) -> BusinessDay {
    let until = today(hospital).end().plus_seconds(10 * 3600);
    hospital.time_passes(until.since_ms(hospital.clock.now()) / 1000 + 1);
    today(hospital)
}

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
    let day = a_morning(&hospital);
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
    let day = a_morning(&hospital);
    let refused = compares(&hospital, day).await.expect_err("it is today");
    assert!(matches!(refused, ReconcileRefused::NotOver(_)), "{refused:?}");
    assert!(hospital.store().current_run(day, ALL_CHANNELS).await.expect("readable").is_none());
}

/// The only difference of a run.
async fn the_difference(hospital: &Hospital, made: &DayReconciled) -> (FindingRecord, Standing) {
    let mut found = findings(hospital, made).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

fn order(made: &DayReconciled, finding: &FindingRecord, remedy: Remedy, by: &str) -> RemedyOrder {
    RemedyOrder {
        run_id: made.run.run_id.clone(),
        finding_key: finding.finding_key.clone(),
        remedy,
        reason: "按对账结果处理".to_owned(),
        by: by.to_owned(),
    }
}

/// Reads the preview, then orders.
async fn orders(
    hospital: &Hospital,
    made: &DayReconciled,
    finding: &FindingRecord,
    remedy: Remedy,
) -> (RemedyPreview, RemedyRecord) {
    let order = order(made, finding, remedy, "finance");
    let preview = preview_remedy(hospital.gateway(), &order).await.expect("it can be previewed");
    let record = order_remedy(hospital.gateway(), &order, &preview).await.expect("it can be ordered");
    assert_eq!(record.preview, preview.text(), "what was shown is what is kept");
    (preview, record)
}

/// HIS is down from the payment until the next morning; then its write-back waits on a person's word.
async fn money_that_his_was_not_told_of_is_told_by_a_remedy_and_clears_the_next_day(hospital: Hospital) {
    let day = a_morning(&hospital);
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    hospital.simulator.his().set_trouble("payments/confirm", mingfen_simulator::his::Trouble::Down, None);
    patient.pays_in_the_sheet(&sheet).await;
    hospital.lives_through(4 * 3600, 600).await;
    statements_are_made(&hospital).await;

    let made = compares(&hospital, day).await.expect("it is compared");
    let (finding, standing) = the_difference(&hospital, &made).await;
    assert_eq!((finding.category, standing), (Category::ChannelOnly, Standing::Open), "{finding:#?}");
    assert_eq!((finding.cause.as_str(), finding.certain), ("write_back_waiting", true), "{finding:#?}");
    assert_eq!(finding.remedies.first(), Some(&Remedy::WriteBackNow));
    let signed = sign_day(hospital.gateway(), day, "lead", "").await.expect_err("it is open");
    assert!(matches!(signed, SignRefused::Open { open: 1, waiting: 0 }), "{signed:?}");

    hospital.simulator.his().lift_trouble(None);
    let (preview, record) = orders(&hospital, &made, &finding, Remedy::WriteBackNow).await;
    assert!(!preview.needs_second_person);
    assert_eq!(record.state, RemedyState::Done);
    hospital.settles().await;
    assert_eq!(hospital.simulator.his().records().bookings().len(), 1, "HIS was told");
    let (_, standing) = the_difference(&hospital, &made).await;
    assert_eq!(standing, Standing::Carried, "it still has to show in HIS's ledger");
    let signed = sign_day(hospital.gateway(), day, "lead", "回写后结转").await.expect("it is signed");
    assert_eq!(signed.run_id, made.run.run_id);
    let refused = compares(&hospital, day).await.expect_err("it is frozen");
    assert!(matches!(refused, ReconcileRefused::Signed(_)), "{refused:?}");

    let next = day.next();
    statements_are_made(&hospital).await;
    let made_next = compares(&hospital, next).await.expect("it is compared");
    let (finding_next, standing) = the_difference(&hospital, &made_next).await;
    assert_eq!((finding_next.category, standing), (Category::MatchedLate, Standing::Settled));
    assert_eq!(finding_next.since_day, day);
    let (_, standing) = the_difference(&hospital, &made).await;
    assert_eq!(standing, Standing::Cleared);
    hospital.holds_nothing().await;
}

/// The money agrees everywhere; HIS's ledger says another part of insurance of one order, and has a deposit of another.
async fn what_insurance_bore_and_what_is_a_deposit_is_compared_beside_the_money(hospital: Hospital) {
    let day = a_morning(&hospital);
    let mut bills = Vec::new();
    for (card, app) in [(CARD, App::Wechat), ("A10023847718", App::Alipay)] {
        hospital.patient(card, app).await.pays(&[1]).await;
        hospital.lives_through(60, 5).await;
        let booked =
            hospital.simulator.his().records().bookings().last().expect("a booking").order_no.clone();
        bills.push(booked);
    }
    statements_are_made(&hospital).await;
    let quiet = compares(&hospital, day).await.expect("it is compared");
    assert_eq!(quiet.run.differences, 0, "what is said and the same is no difference");
    let [insured, deposited] = bills.try_into().expect("two orders");
    hospital.simulator.his().records().set_ledger_damage(vec![
        LedgerDamage::Insurance { order_no: insured, insurance_fen: 77 },
        LedgerDamage::Purpose { order_no: deposited, deposit: true },
    ]);
    let made = compares(&hospital, day).await.expect("it is compared again");
    assert_eq!((made.run.version, made.run.differences), (2, 2));
    let found = findings(&hospital, &made).await;
    let told: Vec<(Category, &str, bool)> = found
        .iter()
        .map(|(finding, _)| (finding.category, finding.cause.as_str(), finding.certain))
        .collect();
    assert_eq!(
        told,
        [
            (Category::InsuranceComponentDiffers, "insurance_parts_differ", true),
            (Category::DepositLineDiffers, "deposit_differs", true)
        ],
        "{found:#?}"
    );
    assert!(found[0].0.evidence.contains("HIS 流水：医保支付 0.77 元"), "{}", found[0].0.evidence);
    assert!(found[1].0.evidence.contains("HIS 流水：记作住院预交金"), "{}", found[1].0.evidence);
    // There is no money to book: it is closed with a reason.
    let balance = hospital.verifies().await.trial_balance;
    for (finding, _) in &found {
        let (preview, record) = orders(&hospital, &made, finding, Remedy::WriteOff).await;
        assert_eq!((preview.amount, preview.needs_second_person), (Fen::ZERO, false));
        assert_eq!(preview.effects, ["三方金额一致，不记账，按理由结案"]);
        assert_eq!(record.state, RemedyState::Done);
    }
    assert_eq!(hospital.verifies().await.trial_balance, balance, "nothing was booked");
    assert!(findings(&hospital, &made).await.iter().all(|(_, standing)| *standing == Standing::Resolved));
    sign_day(hospital.gateway(), day, "lead", "分项差异已核实").await.expect("it is signed");
}

/// Paid at two minutes to midnight, booked after it, and the ledger of that next day lacks the row.
async fn what_was_waited_for_in_vain_is_counted_on_the_day_on_which_waiting_ends(hospital: Hospital) {
    let day = a_morning(&hospital);
    let late = day.end().plus_seconds(-120);
    hospital.time_passes(late.since_ms(hospital.clock.now()) / 1000);
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    hospital.simulator.his().set_trouble("payments/confirm", mingfen_simulator::his::Trouble::Down, None);
    patient.pays_in_the_sheet(&sheet).await;
    hospital.lives_through(180, 10).await;
    hospital.simulator.his().lift_trouble(None);
    hospital.lives_through(600, 60).await;
    assert_eq!(today(&hospital), day.next());
    assert_eq!(hospital.simulator.his().records().bookings().len(), 1, "HIS has booked it");
    let until = day.next().start().plus_seconds(13 * 3600);
    hospital.time_passes(until.since_ms(hospital.clock.now()) / 1000);
    hospital.settles().await;
    let made = compares(&hospital, day).await.expect("it is compared");
    let (finding, standing) = the_difference(&hospital, &made).await;
    assert_eq!((finding.category, standing), (Category::CrossDay, Standing::Carried), "{finding:#?}");
    assert_eq!((made.run.differences, made.differs), (0, false), "it may still come");

    let order = OutTradeNo::parse(finding.order_no.as_str()).expect("a number of ours");
    let payment = hospital.store().payment(&order).await.expect("readable").expect("a payment").payment;
    let lacks = |orders: &[&str]| {
        let missing =
            orders.iter().map(|order| LedgerDamage::Missing { order_no: (*order).to_owned() }).collect();
        hospital.simulator.his().records().set_ledger_damage(missing);
    };
    lacks(&[payment.bill_no.as_str()]);
    let next = day.next();
    statements_are_made(&hospital).await;
    let ended = compares(&hospital, next).await.expect("it is compared");
    let (finding, standing) = the_difference(&hospital, &ended).await;
    assert_eq!((finding.category, standing), (Category::ChannelOnly, Standing::Open), "{finding:#?}");
    assert_eq!((finding.cause.as_str(), finding.certain), ("his_row_missing", true));
    assert_eq!((finding.since_day, finding.carried_in), (day, false));
    assert_eq!((ended.run.differences, ended.differs), (1, true), "somebody has to look now");
    let signed = sign_day(hospital.gateway(), next, "lead", "").await.expect_err("it is open");
    assert!(matches!(signed, SignRefused::Open { open: 1, waiting: 0 }), "{signed:?}");

    let after = next.next();
    statements_are_made(&hospital).await;
    let still = compares(&hospital, after).await.expect("it is compared");
    let (finding, _) = the_difference(&hospital, &still).await;
    assert_eq!((finding.category, finding.carried_in), (Category::ChannelOnly, true));
    assert_eq!(still.run.differences, 0, "it is counted once");

    lacks(&[]);
    let mended = compares(&hospital, next).await.expect("it is compared again");
    assert_eq!((mended.run.version, mended.run.differences), (2, 0));
    let (finding, standing) = the_difference(&hospital, &mended).await;
    assert_eq!((finding.category, standing), (Category::MatchedLate, Standing::Settled), "{finding:#?}");
    let (_, standing) = the_difference(&hospital, &made).await;
    assert_eq!(standing, Standing::Cleared);
    let mended = compares(&hospital, after).await.expect("it is compared again");
    assert_eq!(findings(&hospital, &mended).await, []);
    hospital.holds_nothing().await;
}

async fn a_row_that_the_statement_lacks_is_put_into_suspense_by_two_people(hospital: Hospital) {
    let day = a_morning(&hospital);
    // More than one person may decide over alone.
    hospital.writes_slip("A10023847718", "磁共振", 150_000);
    let mut patient = hospital.patient("A10023847718", App::Wechat).await;
    patient.pays(&[1]).await;
    hospital.lives_through(60, 5).await;
    hospital.simulator.faults().add(Rule::every("wechat.tradebill", Fault::StatementRowMissing));
    statements_are_made(&hospital).await;
    let made = compares(&hospital, day).await.expect("it is compared");
    let (finding, _) = the_difference(&hospital, &made).await;
    assert_eq!(finding.category, Category::HisOnly, "{finding:#?}");
    assert_eq!(finding.cause, "statement_row_missing", "{finding:#?}");

    let order = order(&made, &finding, Remedy::BookToSuspense, "finance");
    let preview = preview_remedy(hospital.gateway(), &order).await.expect("it can be previewed");
    let before = hospital.verifies().await.trial_balance;
    let record = order_remedy(hospital.gateway(), &order, &preview).await.expect("it can be ordered");
    let needs_two = preview.amount > Fen::new(100_000);
    assert_eq!(preview.needs_second_person, needs_two);
    let done = if needs_two {
        assert_eq!(record.state, RemedyState::Waiting);
        assert_eq!(hospital.verifies().await.trial_balance, before, "nothing was booked yet");
        let alone = decide_remedy(hospital.gateway(), &record.remedy_id, true, "finance").await;
        assert!(matches!(alone, Err(RemedyRefused::SamePerson(_))), "{alone:?}");
        decide_remedy(hospital.gateway(), &record.remedy_id, true, "lead").await.expect("approved")
    } else {
        record
    };
    assert_eq!(done.state, RemedyState::Done);
    let balance = hospital.verifies().await.trial_balance;
    let of = |wanted: &Account| {
        balance.iter().find(|(account, _)| account == wanted).map_or(Fen::ZERO, |(_, fen)| *fen)
    };
    assert_eq!(of(&Account::Suspense), preview.amount, "HIS has it, the channel does not");
    assert_eq!(
        preview.effects,
        [
            format!("记账：贷 渠道应收（wechat-main） {} 元", preview.amount),
            format!("记账：借 挂账 {} 元", preview.amount)
        ]
    );
    let (_, standing) = the_difference(&hospital, &made).await;
    assert_eq!(standing, Standing::Resolved);
    let twice = order_remedy(hospital.gateway(), &order, &preview).await.expect_err("it is resolved");
    assert!(matches!(twice, RemedyRefused::Settled(_)), "{twice:?}");
}

async fn a_statement_that_is_not_there_leaves_its_account_out_and_the_next_version_has_it(
    hospital: Hospital,
) {
    let day = a_morning(&hospital);
    for (card, app) in [(CARD, App::Wechat), ("A10023847718", App::Alipay)] {
        hospital.patient(card, app).await.pays(&[1]).await;
        hospital.lives_through(60, 5).await;
    }
    // Half past eight: nobody has made a statement yet.
    let until = day.end().plus_seconds(8 * 3600 + 1800);
    hospital.time_passes(until.since_ms(hospital.clock.now()) / 1000);
    let early = compares(&hospital, day).await.expect("it is compared");
    assert!(early.incomplete && !early.differs);
    let found = findings(&hospital, &early).await;
    let categories: Vec<Category> = found.iter().map(|(finding, _)| finding.category).collect();
    assert_eq!(categories, [Category::StatementNotAvailable; 2], "{found:#?}");
    let inputs = hospital.store().inputs_of_run(&early.run.run_id).await.expect("readable");
    let tallies = hospital.store().tallies_of_run(&early.run.run_id).await.expect("readable");
    for side in Side::ALL {
        let read: i64 = inputs.iter().filter(|input| input.side == side).map(|input| input.lines).sum();
        let divided: i64 = tallies.iter().filter(|tally| tally.side == side).map(|tally| tally.lines).sum();
        assert_eq!(read, divided, "the categories add up to what was read from {side:?}");
    }
    statements_are_made(&hospital).await;
    let made = compares(&hospital, day).await.expect("it is compared");
    assert_eq!((made.run.version, made.run.differences, made.incomplete), (2, 0, false));
    assert_eq!(findings(&hospital, &made).await, []);
    let versions = hospital.store().versions_of_day(day, ALL_CHANNELS).await.expect("readable");
    assert_eq!(versions.iter().map(|run| run.superseded).collect::<Vec<_>>(), [false, true]);
}

async fn a_damaged_statement_is_told_and_the_other_account_is_compared(hospital: Hospital) {
    let day = a_morning(&hospital);
    for (card, app) in [(CARD, App::Wechat), ("A10023847718", App::Alipay)] {
        hospital.patient(card, app).await.pays(&[1]).await;
        hospital.lives_through(60, 5).await;
    }
    // A row was changed on the way, and the file's own totals were not.
    hospital
        .simulator
        .faults()
        .add(Rule::every("wechat.tradebill", Fault::StatementAmount { delta_fen: 100 }));
    hospital.simulator.faults().add(Rule::every("wechat.tradebill", Fault::StatementSummaryKept));
    statements_are_made(&hospital).await;
    let made = compares(&hospital, day).await.expect("it is compared");
    let (finding, _) = the_difference(&hospital, &made).await;
    assert_eq!(finding.category, Category::TotalsRowDiffers, "{finding:#?}");
    assert_eq!(finding.channel.as_ref().map(ToString::to_string).as_deref(), Some("wechat-main"));
    let inputs = hospital.store().inputs_of_run(&made.run.run_id).await.expect("readable");
    let refused: Vec<_> = inputs.iter().filter(|input| input.state == InputState::Refused).collect();
    assert!(refused.len() == 1 && refused[0].file_sha256.is_some(), "what was refused is kept: {refused:#?}");
}

async fn two_people_with_the_same_remedy_have_one_effect(hospital: Hospital) {
    let day = a_morning(&hospital);
    hospital.patient(CARD, App::Wechat).await.pays(&[1]).await;
    hospital.lives_through(60, 5).await;
    hospital.simulator.faults().add(Rule::every("wechat.tradebill", Fault::StatementRowMissing));
    statements_are_made(&hospital).await;
    let made = compares(&hospital, day).await.expect("it is compared");
    let (finding, _) = the_difference(&hospital, &made).await;
    let one = order(&made, &finding, Remedy::WriteOff, "one");
    let other = order(&made, &finding, Remedy::BookToSuspense, "other");
    let shown_one = preview_remedy(hospital.gateway(), &one).await.expect("previewed");
    let shown_other = preview_remedy(hospital.gateway(), &other).await.expect("previewed");
    let (first, second) = tokio::join!(
        order_remedy(hospital.gateway(), &one, &shown_one),
        order_remedy(hospital.gateway(), &other, &shown_other),
    );
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    let told = first.err().or(second.err()).expect("one of them is told");
    assert!(
        matches!(told, RemedyRefused::Ordered(_) | RemedyRefused::Settled(_) | RemedyRefused::Changed(_)),
        "{told:?}"
    );
    hospital.verifies().await;
}

async fn days_are_compared_by_themselves_once_and_missed_ones_are_caught_up_on(hospital: Hospital) {
    let first = a_morning(&hospital);
    hospital.patient(CARD, App::Wechat).await.pays(&[1]).await;
    hospital.lives_through(60, 5).await;
    // Nobody works for three days.
    hospital.time_passes(3 * 86_400 + 3 * 3600);
    let arrangement = Arrangement { compares_by_itself: true, ..Arrangement::default() };
    let cache = Arc::new(MemoryCache::default());
    let one = hospital.replica_arranged(cache.clone(), &arrangement).await;
    let other = hospital.replica_arranged(cache, &arrangement).await;
    let (planned, also) = tokio::join!(plan_days(&one.gateway), plan_days(&other.gateway));
    planned.and(also).expect("planned");
    hospital.time_passes(1);
    let (done, also) = tokio::join!(jobs::run_due(&one.gateway), jobs::run_due(&other.gateway));
    done.and(also).expect("worked");
    // A day that was compared before the one in front of it is looked at once more, when nobody is at it any more.
    hospital.time_passes(61);
    jobs::run_due(&one.gateway).await.expect("worked");
    let days = hospital.store().days(ALL_CHANNELS, today(&hospital), 10).await.expect("readable");
    let compared: Vec<BusinessDay> = days.iter().map(|day| day.run.day).collect();
    assert_eq!(compared, [first.next().next(), first.next(), first]);
    for day in &days {
        let versions = hospital.store().versions_of_day(day.run.day, ALL_CHANNELS).await.expect("readable");
        assert_eq!(versions.len(), 1, "once, whoever won: {versions:#?}");
        let task =
            hospital.store().task(TaskKind::Reconcile, &day.run.day.to_string()).await.expect("readable");
        assert_eq!(task.map(|task| task.state), Some(TaskState::Done));
    }
}

async fn fees_and_fund_flow_are_compared_and_a_wrong_rate_is_told_line_by_line(hospital: Hospital) {
    let day = a_morning(&hospital);
    hospital.patient(CARD, App::Wechat).await.pays(&[1]).await;
    hospital.lives_through(60, 5).await;
    statements_are_made(&hospital).await;
    let channel = ChannelId::parse("wechat-main").expect("a channel");
    let directory = tempfile::tempdir().expect("a directory");
    let bank_file = directory.path().join("bank-{day}.csv").to_string_lossy().into_owned();
    for (fee, category) in [(600, None), (380, Some(Category::FeeDifference))] {
        let account = AccountSettings {
            his_names: vec!["WXPay".to_owned()],
            bank_account: Some("ICBC 0001".to_owned()),
            fee_per_100000: Some(fee),
            bank_file: Some((bank_file.clone(), None)),
        };
        let accounts = BTreeMap::from([(channel.clone(), account)]);
        let arrangement = Arrangement { accounts, ..Arrangement::default() };
        let replica = hospital.replica_arranged(Arc::new(MemoryCache::default()), &arrangement).await;
        let progress = Arc::new(Progress::default());
        let made =
            reconcile_day(&replica.gateway, day, &Scope::All, "tester", &progress).await.expect("compared");
        let found = findings(&hospital, &made).await;
        let categories: Vec<Category> = found.iter().map(|(finding, _)| finding.category).collect();
        assert_eq!(categories, Vec::from_iter(category), "{found:#?}");
        let settled = hospital.store().settlements_of_run(&made.run.run_id).await.expect("readable");
        let wechat = settled.iter().find(|settled| settled.channel == channel).expect("it is there");
        assert_eq!(wechat.fee_expected_milli_fen == Some(wechat.fee_milli_fen), category.is_none());
        let net = wechat.paid.minus(wechat.refunded).expect("a sum");
        let fee = Fen::new(wechat.fee_milli_fen / 1000);
        assert_eq!(wechat.fund_flow_net, Some(net.minus(fee).expect("a sum")), "{wechat:#?}");
        assert_eq!(wechat.verdict == "differs", category.is_some(), "{wechat:#?}");
    }
}

/// Waits for one request at the listener and answers it: its head and its body.
async fn hears(listener: &TcpListener) -> (String, String) {
    let (mut socket, _) = listener.accept().await.expect("somebody calls");
    let mut bytes = Vec::new();
    let body_at = loop {
        let mut part = [0; 4096];
        let read = socket.read(&mut part).await.expect("readable");
        bytes.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some(head) = text.find("\r\n\r\n") else { continue };
        let length = text
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        let length: usize = length.and_then(|length| length.parse().ok()).expect("a length");
        if bytes.len() >= head + 4 + length {
            break head + 4;
        }
    };
    socket.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await.expect("answered");
    let text = String::from_utf8(bytes).expect("text");
    (text[..body_at].to_owned(), text[body_at..].to_owned())
}

async fn finance_is_told_once_of_a_day_that_does_not_agree(hospital: Hospital) {
    let day = a_morning(&hospital);
    hospital.patient(CARD, App::Wechat).await.pays(&[1]).await;
    hospital.lives_through(60, 5).await;
    hospital.simulator.faults().add(Rule::every("wechat.tradebill", Fault::StatementRowMissing));
    statements_are_made(&hospital).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/robot?key=1", listener.local_addr().expect("an address"));
    let phone = Phone::parse("13900007777").expect("a phone");
    let alerts = Some((url, phone));
    let arrangement = Arrangement { compares_by_itself: true, alerts, ..Arrangement::default() };
    let replica = hospital.replica_arranged(Arc::new(MemoryCache::default()), &arrangement).await;
    plan_days(&replica.gateway).await.expect("planned");
    let (heard, done) = tokio::join!(hears(&listener), jobs::run_due(&replica.gateway));
    done.expect("worked");
    let (head, body) = heard;
    let told: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(
        (&told["event"], &told["differences"]),
        (&"reconciliation.differs".into(), &1.into()),
        "{body}"
    );
    assert_eq!(told["day"], day.to_string());
    assert_eq!(told["categories"][0]["category"], "his_only");
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned));
        line.unwrap_or_else(|| panic!("no {name} in {head}"))
    };
    let timestamp: i64 = header("x-mingfen-timestamp").parse().expect("seconds");
    let (nonce, signature) = (header("x-mingfen-nonce"), header("x-mingfen-signature"));
    let secret = ALERT_SECRET.as_bytes();
    let path = "/robot?key=1";
    let proves =
        request_signature::verify(secret, "POST", path, timestamp, &nonce, body.as_bytes(), &signature);
    assert!(proves, "{head}");
    let sent = hospital.simulator.sms().sent_to("13900007777");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].template, "reconciliation_differs");
    // Compared again with the same result, nobody is told again.
    compares(&hospital, day).await.expect("it is compared");
    jobs::run_due(&replica.gateway).await.expect("worked");
    assert_eq!(hospital.simulator.sms().sent_to("13900007777").len(), 1);
}

async fn finance_is_reminded_of_what_is_past_its_deadline(hospital: Hospital) {
    let day = a_morning(&hospital);
    hospital.patient(CARD, App::Wechat).await.pays(&[1]).await;
    hospital.lives_through(60, 5).await;
    hospital.simulator.faults().add(Rule::every("wechat.tradebill", Fault::StatementRowMissing));
    statements_are_made(&hospital).await;
    let made = compares(&hospital, day).await.expect("it is compared");
    assert_eq!(made.run.differences, 1);
    for _ in 0..5 {
        statements_are_made(&hospital).await;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/robot", listener.local_addr().expect("an address"));
    let alerts = Some((url, Phone::parse("13900007777").expect("a phone")));
    let arrangement = Arrangement { compares_by_itself: true, alerts, ..Arrangement::default() };
    let replica = hospital.replica_arranged(Arc::new(MemoryCache::default()), &arrangement).await;
    plan_days(&replica.gateway).await.expect("planned");
    let yesterday = BusinessDay::of(hospital.clock.now().plus_seconds(-86_400));
    let (heard, done) = tokio::join!(hears(&listener), async {
        for _ in 0..10 {
            jobs::run_due(&replica.gateway).await.expect("worked");
        }
    });
    let told: Value = serde_json::from_str(&heard.1).expect("JSON");
    assert_eq!((&told["day"], &told["differences"]), (&yesterday.to_string().into(), &0.into()), "{told}");
    assert_eq!(told["overdue"], serde_json::json!([{ "day": day.to_string(), "count": 1 }]), "{told}");
    assert_eq!((hospital.simulator.sms().sent_to("13900007777").len(), done), (0, ()));
}

/// Where the program dies: while it writes a run, and when it has just written one. So many versions are there after that.
pub const DEATHS: [(&str, usize); 2] = [("run.before_publish", 0), ("run.published", 1)];

async fn dying_in_a_run_leaves_none_or_a_whole_one(room: Room) {
    let town = Installation::of_one(room).await;
    // Who died holds the day until its lease is over.
    let lease = ("MINGFEN__TIMING__TASK_LEASE", "1s");
    for (days_ago, (point, left)) in (1..).zip(DEATHS) {
        let day = BusinessDay::of(SystemClock.now().plus_seconds(-86_400 * days_ago));
        let text = day.to_string();
        let line = ["reconcile", "--day", &text, "--json"];
        let died = town.runs_with(&line, &[lease, ("MINGFEN_CRASH_AT", point)]).await;
        assert_eq!(died.status.signal(), Some(9), "{point}: {died:?}");
        let versions = town.store.versions_of_day(day, ALL_CHANNELS).await.expect("readable");
        assert_eq!(versions.len(), left, "{point}");
        until("the dead one's lease is over", async || {
            town.runs_with(&line, &[lease]).await.status.code() != Some(2)
        })
        .await;
        let versions = town.store.versions_of_day(day, ALL_CHANNELS).await.expect("readable");
        assert_eq!(versions.iter().map(|run| run.version).collect::<Vec<_>>(), [1], "{point}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dying_in_a_run_leaves_none_or_a_whole_one_on_sqlite() {
    dying_in_a_run_leaves_none_or_a_whole_one(Room::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dying_in_a_run_leaves_none_or_a_whole_one_on_postgres() {
    dying_in_a_run_leaves_none_or_a_whole_one(Room::on_postgres().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn finance_works_a_day_from_the_command_line() {
    let town = Installation::of_one(Room::on_sqlite()).await;
    let day = BusinessDay::of(SystemClock.now().plus_seconds(-86_400)).to_string();
    // HIS exports its ledger into a file, and has booked what nobody paid here.
    let order = "P26112400000000000000";
    let ledger = format!("商户订单号,类型,金额,记账时间\n{order},收费,88.80,{day} 12:00:00\n合计,,88.80,\n");
    std::fs::write(town.directory().join(format!("ledger-{day}.csv")), ledger).expect("written");
    let directory = town.directory().to_str().expect("a path").to_owned();
    let environment = [
        ("MINGFEN__HIS__LEDGER__SOURCE", "file"),
        ("MINGFEN__HIS__LEDGER__DIRECTORY", directory.as_str()),
        ("MINGFEN__HIS__LEDGER__NAME", "ledger-{day}.csv"),
    ];
    let runs = async |line: &[&str]| town.runs_with(line, &environment).await;
    let looked = runs(&["reconcile", "ledger", "--day", &day]).await;
    let said = String::from_utf8_lossy(&looked.stdout).into_owned();
    assert!(looked.status.success() && said.contains(&format!("ledger-{day}.csv")), "{said}");
    let nothing = runs(&["reconcile", "ledger", "--day", "2026-01-01"]).await;
    assert_eq!(nothing.status.code(), Some(2), "the file of that day is not there");
    let view = town.directory().join("his.db");
    std::fs::write(&view, b"").expect("a database with nothing in it");
    let url = format!("sqlite://{}", view.display());
    let query = format!(
        "SELECT 1 AS row_no, 'payment' AS kind, 'B1' AS order_no, '' AS refund_no, '{order}' AS out_trade_no, \
         8880 AS amount_fen, :from AS booked_at, 1 AS deposits WHERE :to > :from"
    );
    let by_query = [
        ("MINGFEN__HIS__LEDGER__SOURCE", "sql"),
        ("MINGFEN__HIS__LEDGER__URL", url.as_str()),
        ("MINGFEN__HIS__LEDGER__QUERY", query.as_str()),
    ];
    let looked = town.runs_with(&["reconcile", "ledger", "--day", &day], &by_query).await;
    let said = String::from_utf8_lossy(&looked.stdout).into_owned();
    assert!(looked.status.success(), "{said}{}", String::from_utf8_lossy(&looked.stderr));
    for told in ["支付 1 笔 88.80 元，退费 0 笔 0.00 元", "insurance_fen、deposit", "不会读：deposits", order]
    {
        assert!(said.contains(told), "{told} is not in {said}");
    }
    let compared = runs(&["reconcile", "--day", &day]).await;
    let said = String::from_utf8_lossy(&compared.stdout).into_owned();
    assert_eq!(compared.status.code(), Some(1), "{said}{}", String::from_utf8_lossy(&compared.stderr));
    let shown = runs(&["reconcile", "show", "--day", &day, "--json"]).await;
    let shown: Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    let findings = shown["findings"].as_array().expect("a list");
    let number = findings.iter().find(|finding| finding["order_no"] == order).expect("it is found")["number"]
        .to_string();
    let full = runs(&["reconcile", "show", "--day", &day, "--finding", &number]).await;
    let said = String::from_utf8_lossy(&full.stdout).into_owned();
    assert!(said.contains("HIS 单边（短款）") && said.contains(order), "{said}");
    let signed = runs(&["reconcile", "sign", "--day", &day]).await;
    let said = String::from_utf8_lossy(&signed.stderr).into_owned();
    assert!(signed.status.code() == Some(5) && said.contains("are open"), "{said}");
    let remedy =
        ["reconcile", "remedy", "--day", &day, "--finding", &number, "carry", "--reason", "明日再查"];
    let asked = runs(&remedy).await;
    assert_eq!(asked.status.code(), Some(5), "nobody could be asked");
    let done = runs(&[&remedy[..], &["--yes"]].concat()).await;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success() && said.contains("结转") && said.contains("已执行"), "{said}");
    for (form, begins) in
        [("xlsx", &b"PK"[..]), ("csv", "\u{feff}#".as_bytes()), ("html", b"<!doctype html>")]
    {
        let path = town.directory().join(format!("day.{form}"));
        let out = path.to_str().expect("a path");
        let written = runs(&["reconcile", "report", "--day", &day, "--form", form, "--out", out]).await;
        assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
        let bytes = std::fs::read(&path).expect("it is there");
        assert!(bytes.starts_with(begins), "{form}: {:?}", &bytes[..20]);
    }
    let explained = runs(&["explain", order]).await;
    let said = String::from_utf8_lossy(&explained.stdout).into_owned();
    assert!(explained.status.success() && said.contains("HIS") && said.contains("已结转"), "{said}");
    let unknown = runs(&["explain", "P26112400000000000009"]).await;
    assert_eq!(unknown.status.code(), Some(5));
    let days = runs(&["reconcile", "days", "--json"]).await;
    let days: Value = serde_json::from_slice(&days.stdout).expect("JSON");
    assert_eq!(days[0]["day"], day.as_str());
    town.verifies().await;
}
