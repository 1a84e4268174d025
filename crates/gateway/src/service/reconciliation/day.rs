//! One day, compared and kept.
//!
//! What if we die here? Before the run is published nobody sees it, and the next attempt throws it away; after that it is there
//! whole. What if it is asked for twice? One at a time by a lease; the same files and settings give the same run, which is not kept
//! a second time. What if it changes later? Another version; the old one stays readable. What if the day is signed? It is refused.

use super::collect::{self, Collected, Prepared, collect, layout_of};
use super::explain::Circumstances;
use super::judge::{RunResult, count, is_difference, judge};
use super::keep::keep_file;
use super::schedule::follow_up;
use super::settle::{bank_files, fund_flows, settlements};
use crate::service::Trouble;
use crate::service::attention::audit;
use crate::{Gateway, crash};
use mingfen_domain::BusinessDay;
use mingfen_domain::difference::Category;
use mingfen_domain::ids::{ChannelId, RunId, TraceId};
use mingfen_domain::sides::Side;
use mingfen_his::ledger::LedgerError;
use mingfen_reconciliation::files::{self, FilesError, Input, LINES, Layout, Progress, Refusal, Report};
use mingfen_reconciliation::matching::{HashKey, MatchingError, OwnNumbers, Rules, TooManyFindings};
use mingfen_reconciliation::sides::day_number;
use mingfen_store::{
    ALL_CHANNELS, InputKind, InputState, PayoutRecord, RunInputRecord, RunRecord, RunSettlementRecord,
    RunTallyRecord, SignOffRecord, StoreError,
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Threads of a comparison. Others are served meanwhile.
const THREADS: usize = 2;

/// Which merchant accounts a run is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them: the day.
    All,
    /// One: a look at it, which signs nothing.
    One(ChannelId),
}

impl Scope {
    /// The word that is stored.
    pub fn word(&self) -> &str {
        match self {
            Self::All => ALL_CHANNELS,
            Self::One(channel) => channel.as_str(),
        }
    }

    /// Whether an account takes part.
    pub fn includes(&self, channel: &ChannelId) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => one == channel,
        }
    }

    /// Whether it is limited to one account.
    pub const fn is_one(&self) -> bool {
        matches!(self, Self::One(_))
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct DayReconciled {
    /// The run that is current now.
    pub run: RunRecord,
    /// The same files and settings gave the same result: no version was added.
    pub unchanged: bool,
    /// Whether there are differences other than that a statement is missing.
    pub differs: bool,
    /// Whether a statement is still to come, or has to come again.
    pub incomplete: bool,
}

/// Why a day was not compared.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileRefused {
    /// It is today, or to come.
    #[error("{0} is not over yet; a day is compared from the next one on")]
    NotOver(BusinessDay),
    /// It is frozen.
    #[error(
        "{} was signed off by {} at {}; it is frozen, and what comes late is cleared by a later day's run",
        .0.day, .0.signed_by, .0.signed_at
    )]
    Signed(Box<SignOffRecord>),
    /// Somebody is at it.
    #[error("{0} is being compared right now; wait for it")]
    Busy(BusinessDay),
    /// No such account.
    #[error("there is no channel {0} in the configuration")]
    NoChannel(ChannelId),
    /// HIS's ledger is incomplete, and an incomplete ledger is no ledger.
    #[error("HIS's ledger could not be read whole: {0}")]
    Ledger(LedgerError),
    /// HIS has not written its file of the day.
    #[error("HIS's ledger of the day is not there: {}", .0.display())]
    NoLedgerFile(PathBuf),
    /// A file that is not a statement is not in order.
    #[error(transparent)]
    Input(Refusal),
    /// The sides have next to nothing in common. Nobody can work through such a list; its one cause has to be found.
    #[error(
        "{0}. Nothing was kept. Look whether each side gave its own day; if the day is really so, raise reconciliation.most_findings"
    )]
    TooMany(TooManyFindings),
    /// Nothing was kept; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for ReconcileRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Compares a day and keeps the run. `made_by` is who had it made.
///
/// # Errors
/// [`ReconcileRefused`]: nothing was kept.
pub async fn reconcile_day(
    gateway: &Gateway,
    day: BusinessDay,
    scope: &Scope,
    made_by: &str,
    progress: &Arc<Progress>,
) -> Result<DayReconciled, ReconcileRefused> {
    if day.end() > gateway.now() {
        return Err(ReconcileRefused::NotOver(day));
    }
    if let Scope::One(channel) = scope
        && gateway.channel(channel).is_none()
    {
        return Err(ReconcileRefused::NoChannel(channel.clone()));
    }
    let run_id = RunId::fresh(gateway.now(), gateway.random.as_ref());
    let lease = format!("reconcile:{day}:{}", scope.word());
    let lease_ms = gateway.settings.timing.task_lease * 1000;
    if !gateway.store.try_lease(&lease, run_id.as_str(), gateway.now(), lease_ms).await? {
        return Err(ReconcileRefused::Busy(day));
    }
    let end = tokio::select! {
        end = make(gateway, day, scope, made_by, &run_id, progress) => end,
        () = keep_lease(gateway, &lease, &run_id, lease_ms) => Err(ReconcileRefused::Busy(day)),
    };
    gateway.store.release_lease(&lease, run_id.as_str()).await?;
    end
}

/// Renews the lease until it is lost.
async fn keep_lease(gateway: &Gateway, lease: &str, owner: &RunId, lease_ms: i64) {
    let every = Duration::from_millis(lease_ms.unsigned_abs().div_ceil(3));
    loop {
        tokio::time::sleep(every).await;
        match gateway.store.try_lease(lease, owner.as_str(), gateway.now(), lease_ms).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(lease, error = %error, "a lease could not be renewed"),
        }
    }
}

async fn make(
    gateway: &Gateway,
    day: BusinessDay,
    scope: &Scope,
    made_by: &str,
    run_id: &RunId,
    progress: &Arc<Progress>,
) -> Result<DayReconciled, ReconcileRefused> {
    if let Some(signed) = gateway.store.sign_off(day, scope.word()).await? {
        return Err(ReconcileRefused::Signed(Box::new(signed)));
    }
    let begun_at = gateway.now();
    let directory = tempfile::tempdir().map_err(collect::temporary)?;
    let before = gateway.store.current_run_before(day, scope.word()).await?;
    let mut collected = collect(gateway, day, scope, before.as_ref(), directory.path()).await?;
    let rules = rules(gateway, day);
    let flows = fund_flows(gateway, day, &collected.inputs, directory.path()).await?;
    collected.inputs.extend(flows);
    collected.inputs.extend(bank_files(gateway, day, directory.path())?);
    let compared = compare(&mut collected, &rules, progress).await?;
    for input in &mut collected.inputs {
        if let Some(path) = &input.path {
            input.record.file_sha256 = Some(keep_file(gateway, path, &input.record.name).await?);
        }
    }
    let settlements = settlements(gateway, day, before.as_ref(), &collected.inputs).await?;
    let mut result = judge(day, &collected, &compared)?;
    let circumstances = Circumstances {
        day,
        compared_since: gateway.store.first_day(scope.word()).await?.map_or(day, |first| first.min(day)),
        near_cut_seconds: gateway.settings.reconciliation.near_cut_seconds,
        ends_early: ends_early(&collected.inputs)?,
        absent: absent(&collected.inputs),
    };
    result.explain(gateway, &compared.report.outcome.findings, &circumstances).await?;
    result.count_what_ripened(gateway, scope.word()).await?;
    let rules = rules_text(&rules);
    let versions = gateway.store.versions_of_day(day, scope.word()).await?;
    let run = RunRecord {
        run_id: run_id.clone(),
        day,
        scope: scope.word().to_owned(),
        version: versions.first().map_or(0, |latest| latest.version) + 1,
        superseded: false,
        made_by: made_by.to_owned(),
        begun_at,
        finished_at: gateway.now(),
        inputs_sha256: inputs_sha256(&collected.inputs, &rules),
        rules,
        result_sha256: result.sha256(),
        findings: count(result.findings.len()),
        differences: count(result.findings.iter().filter(|finding| is_difference(finding)).count()),
        trace: TraceId::fresh(gateway.random.as_ref()),
    };
    let incomplete = collected
        .inputs
        .iter()
        .any(|input| matches!(input.record.state, InputState::NotYet | InputState::Refused));
    let differs = result
        .findings
        .iter()
        .any(|finding| is_difference(finding) && finding.category != Category::StatementNotAvailable);
    if let Some(current) = versions.into_iter().next()
        && current.inputs_sha256 == run.inputs_sha256
        && current.result_sha256 == run.result_sha256
    {
        return Ok(DayReconciled { run: current, unchanged: true, differs, incomplete });
    }
    let made = DayReconciled { run, unchanged: false, differs, incomplete };
    write(gateway, &made, &collected, &settlements, &result).await?;
    Ok(made)
}

fn rules(gateway: &Gateway, day: BusinessDay) -> Rules {
    let settings = &gateway.settings.reconciliation;
    Rules {
        three_sided: true,
        day: Some(day_number(day)),
        near_cut_seconds: settings.near_cut_seconds,
        // As the statements' layouts have it.
        ends_early_seconds: 0,
        // As `OutTradeNo::fresh` makes them.
        own_numbers: OwnNumbers { prefixes: vec![b"P".to_vec()], length: Some(21) },
        memory_bytes: Some(settings.memory_bytes),
        list_foreign: false,
        most_findings: Some(settings.most_findings),
    }
}

/// What decides, for people and for the hash: how much memory there is does not, nor how many findings would be too many.
fn rules_text(rules: &Rules) -> String {
    format!(
        "three sides; {} s around midnight are waited for; our numbers are P and 20 more",
        rules.near_cut_seconds
    )
}

/// How long before midnight the days of some accounts end.
fn ends_early(inputs: &[Prepared]) -> Result<BTreeMap<ChannelId, u32>, Trouble> {
    let statements = inputs.iter().filter(|input| input.record.kind == InputKind::Statement);
    let mut ends_early = BTreeMap::new();
    for Prepared { record, path, .. } in statements {
        if let (Some(channel), Some(_)) = (&record.channel, path) {
            ends_early.insert(channel.clone(), layout_of(record)?.ends_early_seconds());
        }
    }
    Ok(ends_early)
}

/// The files that were compared, by their places among the inputs, and what was found.
pub(super) struct Compared {
    pub inputs: Vec<usize>,
    pub report: Report,
}

/// Compares what is there. A statement that is not in order is left out with its account, and told; the others are compared.
async fn compare(
    collected: &mut Collected,
    rules: &Rules,
    progress: &Arc<Progress>,
) -> Result<Compared, ReconcileRefused> {
    loop {
        let absent = absent(&collected.inputs);
        let mut inputs = Vec::new();
        let mut files: Vec<(Side, PathBuf, Layout, Option<String>, bool)> = Vec::new();
        for (place, prepared) in collected.inputs.iter().enumerate() {
            let record = &prepared.record;
            let path =
                prepared.compared().filter(|_| !matches!(record.kind, InputKind::FundFlow | InputKind::Bank));
            let Some(path) = path else { continue };
            if record.channel.as_ref().is_some_and(|channel| absent.contains(channel)) {
                continue;
            }
            let layout = layout_of(record)?;
            // The rows of a statement say a merchant number, everybody else our name of the account.
            let account = match record.kind {
                InputKind::Statement => record.channel.as_ref().map(|channel| channel.as_str().to_owned()),
                // A file of HIS's names accounts in its own way, or not at all.
                InputKind::Ledger if record.layout != LINES => Some(String::new()),
                InputKind::Journal
                | InputKind::Ledger
                | InputKind::Carried
                | InputKind::FundFlow
                | InputKind::Bank => None,
            };
            inputs.push(place);
            files.push((record.side, path.clone(), layout, account, record.kind == InputKind::Carried));
        }
        let (rules, progress) = (rules.clone(), Arc::clone(progress));
        let end = tokio::task::spawn_blocking(move || {
            let inputs: Vec<Input<'_>> = files
                .iter()
                .map(|(side, path, layout, account, carried)| Input {
                    side: *side,
                    path: path.clone(),
                    layout,
                    account: account.clone(),
                    carried: *carried,
                })
                .collect();
            files::compare(&inputs, rules, HashKey::random(), THREADS, &progress)
        })
        .await
        .map_err(|_| {
            Trouble::Inconsistent("the comparison broke off, which is a fault of the program".to_owned())
        })?;
        match end {
            Ok(report) => {
                for (place, (tally, left_out)) in
                    inputs.iter().zip(report.tallies.iter().zip(&report.left_out))
                {
                    let Some(Prepared { record, .. }) = collected.inputs.get_mut(*place) else { continue };
                    collect::count(record, tally);
                    if record.kind == InputKind::Statement {
                        record.left_out = i64::try_from(*left_out).unwrap_or(i64::MAX);
                    }
                }
                return Ok(Compared { inputs, report });
            }
            Err((number, FilesError::Refused(refusal))) => {
                let place = number.and_then(|number| inputs.get(number)).copied();
                let statement = place
                    .and_then(|place| collected.inputs.get_mut(place))
                    .filter(|input| input.record.kind == InputKind::Statement);
                let Some(statement) = statement else { return Err(ReconcileRefused::Input(refusal)) };
                let line = statement.original_line(refusal.line);
                let told = Refusal { file: statement.record.name.clone(), line, ..refusal };
                statement.refuse(told.category, &told);
            }
            Err((_, FilesError::Matching(MatchingError::TooManyFindings(told)))) => {
                return Err(ReconcileRefused::TooMany(told));
            }
            Err((_, FilesError::Matching(error))) => {
                return Err(Trouble::from(error).into());
            }
            Err((_, FilesError::Again(file, error))) => {
                return Err(Trouble::TemporaryFile(format!("{file}: {error}")).into());
            }
        }
    }
}

/// Accounts whose statement is not there, or not in order.
pub(super) fn absent(inputs: &[Prepared]) -> BTreeSet<ChannelId> {
    inputs
        .iter()
        .filter(|input| input.record.kind == InputKind::Statement)
        .filter(|input| matches!(input.record.state, InputState::NotYet | InputState::Refused))
        .filter_map(|input| input.record.channel.clone())
        .collect()
}

fn inputs_sha256(inputs: &[Prepared], rules: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(rules);
    for Prepared { record, .. } in inputs {
        let channel = record.channel.as_ref().map_or("", ChannelId::as_str);
        let file = record.file_sha256.as_deref().unwrap_or_default();
        let (side, kind, state) = (record.side.as_str(), record.kind.as_str(), record.state.as_str());
        hash.update(format!("{side} {kind} {channel} {state} {file} {}\n", record.layout));
    }
    hex::encode(hash.finalize())
}

/// Writes the run. It is there when the last transaction is, and not before.
async fn write(
    gateway: &Gateway,
    made: &DayReconciled,
    collected: &Collected,
    (settlements, payouts): &(Vec<RunSettlementRecord>, Vec<PayoutRecord>),
    result: &RunResult,
) -> Result<(), Trouble> {
    let (store, run) = (&gateway.store, &made.run);
    let today = BusinessDay::of(gateway.now());
    // A reminder a day is enough, also for who catches up on many.
    let is_overdue = run.day.next() == today && !store.overdue_findings(today).await?.is_empty();
    store.discard_unfinished_runs(run.day, &run.scope).await?;
    let mut tx = store.begin().await?;
    tx.insert_run(run).await?;
    tx.commit().await?;
    store.insert_findings(&run.run_id, &result.findings).await?;
    crash::point("run.before_publish");
    let inputs: Vec<RunInputRecord> = collected.inputs.iter().map(|input| input.record.clone()).collect();
    let tallies: Vec<RunTallyRecord> = result
        .tallies
        .iter()
        .filter(|(_, tally)| tally.lines > 0)
        .map(|((category, side), tally)| RunTallyRecord {
            category: *category,
            side: *side,
            lines: i64::try_from(tally.lines).unwrap_or(i64::MAX),
            paid: tally.paid,
            refunded: tally.refunded,
        })
        .collect();
    let mut tx = store.begin().await?;
    tx.insert_run_inputs(&run.run_id, &inputs).await?;
    tx.insert_run_settlements(&run.run_id, settlements).await?;
    tx.insert_run_payouts(&run.run_id, payouts).await?;
    tx.insert_run_tallies(&run.run_id, &tallies).await?;
    tx.insert_run_clearings(&run.run_id, &result.clearings).await?;
    tx.publish_run(run).await?;
    let detail = format!(
        "{} {} version {}: {} differences, inputs {}, result {}",
        run.day, run.scope, run.version, run.differences, run.inputs_sha256, run.result_sha256
    );
    audit(&mut tx, run.finished_at, &run.made_by, "run.made", run.run_id.as_str(), &detail).await?;
    follow_up(gateway, &mut tx, made, is_overdue).await?;
    tx.commit().await?;
    crash::point("run.published");
    let end = if run.differences == 0 { "agrees" } else { "differs" };
    gateway.metrics.add("mingfen_reconciliation_runs_total", format!("end=\"{end}\""));
    tracing::info!(run.id = %run.run_id, run.day = %run.day, run.scope = %run.scope, run.version, run.differences, trace = %run.trace, "a day was compared");
    Ok(())
}
