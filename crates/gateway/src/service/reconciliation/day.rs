//! One day, compared and kept.
//!
//! What if we die here? Before the run is published nobody sees it, and the next attempt throws it away; after that it is there
//! whole. What if it is asked for twice? One at a time by a lease; the same files and settings give the same run, which is not kept
//! a second time. What if it changes later? Another version; the old one stays readable. What if the day is signed? It is refused.

use super::collect::{self, Collected, Origin, Prepared, collect, layout_of};
use super::explain::known;
use super::keep::keep_file;
use super::settle::{bank_files, fund_flows, settlements};
use crate::service::Trouble;
use crate::service::attention::audit;
use crate::{Gateway, crash};
use futures_util::stream::{self, StreamExt as _};
use mingfen_domain::difference::{Category, Remedy};
use mingfen_domain::ids::{ChannelId, RunId, TraceId};
use mingfen_domain::sides::{Kind, Side, State};
use mingfen_domain::{BusinessDay, Fen};
use mingfen_his::ledger::LedgerError;
use mingfen_reconciliation::cause::{self, Explained, Known};
use mingfen_reconciliation::files::{
    self, Evidence, FilesError, Input, LINES, Layout, Progress, Refusal, Report,
};
use mingfen_reconciliation::matching::{
    Finding, Found, HashKey, MatchingError, OwnNumbers, Rules, Tally, TooManyFindings,
};
use mingfen_reconciliation::sides::{day_number, day_of};
use mingfen_store::{
    ALL_CHANNELS, FindingLineRecord, FindingRecord, InputKind, InputState, PayoutRecord, RunInputRecord,
    RunRecord, RunSettlementRecord, RunTallyRecord, SignOffRecord, StoreError,
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Threads of a comparison. Others are served meanwhile.
const THREADS: usize = 2;

/// Questions to the parties at the same time.
const QUESTIONS_AT_ONCE: usize = 8;
/// So many differences are explained by our own records; a day with more has one cause for all of them.
const LOOKED_UP: usize = 5000;

/// How much is found out about a finding.
#[derive(Clone, Copy)]
enum Depth {
    /// What its lines say.
    Lines,
    /// What our records say.
    Records,
    /// What the missing side says.
    Asking,
}

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
    result.explain(gateway, &compared.report.outcome.findings, &absent(&collected.inputs)).await?;
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
    write(gateway, &run, &collected, &settlements, &result).await?;
    Ok(DayReconciled { run, unchanged: false, differs, incomplete })
}

fn rules(gateway: &Gateway, day: BusinessDay) -> Rules {
    let settings = &gateway.settings.reconciliation;
    Rules {
        three_sided: true,
        day: Some(day_number(day)),
        near_cut_seconds: settings.near_cut_seconds,
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

/// The files that were compared, by their places among the inputs, and what was found.
struct Compared {
    inputs: Vec<usize>,
    report: Report,
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
fn absent(inputs: &[Prepared]) -> BTreeSet<ChannelId> {
    inputs
        .iter()
        .filter(|input| input.record.kind == InputKind::Statement)
        .filter(|input| matches!(input.record.state, InputState::NotYet | InputState::Refused))
        .filter_map(|input| input.record.channel.clone())
        .collect()
}

/// What a run found, ready to be kept.
pub(super) struct RunResult {
    pub day: BusinessDay,
    pub findings: Vec<FindingRecord>,
    pub tallies: BTreeMap<(Category, Side), Tally>,
    pub clearings: Vec<(String, bool)>,
}

fn judge(day: BusinessDay, collected: &Collected, compared: &Compared) -> Result<RunResult, Trouble> {
    let report = &compared.report;
    let mut tallies: BTreeMap<(Category, Side), Tally> = BTreeMap::new();
    for category in Category::ALL {
        for side in Side::ALL {
            let tally = report.outcome.summary.of(category, side);
            if tally.lines > 0 {
                tallies.insert((category, side), tally);
            }
        }
    }
    let mut findings = Vec::with_capacity(report.outcome.findings.len());
    let mut fates: BTreeMap<&str, Vec<(bool, bool)>> = BTreeMap::new();
    for (finding, evidence) in report.outcome.findings.iter().zip(&report.evidence) {
        let record = finding_record(day, finding, evidence, collected, compared)?;
        for (found, there) in finding.lines.iter().zip(evidence) {
            if let Some(origin) = origin(collected, compared, found, there) {
                let same = origin.finding_key == record.finding_key;
                fates.entry(&origin.finding_key).or_default().push((record.settled, same));
            }
        }
        findings.push(record);
    }
    let clearings = fates
        .into_iter()
        .filter_map(|(key, fates)| {
            if fates.iter().all(|(settled, _)| *settled) {
                Some((key.to_owned(), true))
            } else if fates.iter().any(|(settled, same)| !settled && !same) {
                Some((key.to_owned(), false))
            } else {
                None
            }
        })
        .collect();
    for channel in absent(&collected.inputs) {
        let of_channel = |input: &&Prepared| input.record.channel.as_ref() == Some(&channel);
        let (mut sums, mut lines) = ([None; 3], 0_i64);
        for Prepared { record, .. } in collected.inputs.iter().filter(of_channel) {
            if matches!(record.kind, InputKind::Statement | InputKind::FundFlow) {
                continue;
            }
            let tally =
                Tally { lines: record.lines.unsigned_abs(), paid: record.paid, refunded: record.refunded };
            let category = (Category::StatementNotAvailable, record.side);
            tallies.entry(category).or_default().add(&tally)?;
            sums[record.side as usize] = Some(tally.net()?);
            lines += record.lines;
        }
        findings.push(absent_record(day, &channel, collected, sums, lines));
    }
    for (position, finding) in (0_i64..).zip(&mut findings) {
        finding.position = position;
    }
    Ok(RunResult { day, findings, tallies, clearings })
}

/// Where a carried line comes from.
fn origin<'c>(
    collected: &'c Collected,
    compared: &Compared,
    found: &Found,
    evidence: &Evidence,
) -> Option<&'c Origin> {
    let place = compared.inputs.get(usize::from(found.place.source))?;
    // Line 1 is the header.
    let row = usize::try_from(evidence.line.checked_sub(2)?).ok()?;
    collected.carried.get(place)?.get(row)
}

fn finding_record(
    day: BusinessDay,
    finding: &Finding,
    evidence: &[Evidence],
    collected: &Collected,
    compared: &Compared,
) -> Result<FindingRecord, Trouble> {
    let order_no = String::from_utf8_lossy(&finding.order_no).into_owned();
    let mut lines = Vec::with_capacity(finding.lines.len());
    let mut sums: [Option<Fen>; 3] = [None; 3];
    for (found, there) in finding.lines.iter().zip(evidence) {
        let sum = &mut sums[found.side as usize];
        let before = sum.unwrap_or_default();
        *sum = Some(match (found.state, found.kind) {
            (State::Void, _) => before,
            (_, Kind::Payment) => before.plus(found.amount)?,
            (_, Kind::Refund) => before.minus(found.amount)?,
        });
        let from = origin(collected, compared, found, there).map(|origin| &origin.line);
        let input = compared.inputs.get(usize::from(found.place.source)).copied().unwrap_or_default();
        let file_line = collected.inputs.get(input).map_or(0, |input| input.original_line(there.line));
        lines.push(FindingLineRecord {
            side: found.side,
            kind: found.kind,
            refund_no: String::from_utf8_lossy(&found.refund_no).into_owned(),
            amount: found.amount,
            day: day_of(found.day),
            state: found.state,
            account: String::from_utf8_lossy(&found.account).into_owned(),
            carried: found.carried,
            input: count(input),
            file_line: i64::try_from(file_line).unwrap_or(0),
            provider_no: from.map_or_else(|| there.provider_no.clone(), |from| from.provider_no.clone()),
            at_text: from.map_or_else(|| there.at.clone(), |from| from.at_text.clone()),
        });
    }
    let since_day = lines.iter().map(|line| line.day).min().unwrap_or(day);
    let accounts: BTreeSet<&str> =
        lines.iter().map(|line| line.account.as_str()).filter(|account| !account.is_empty()).collect();
    let channel = accounts.first().and_then(|account| ChannelId::parse(*account).ok());
    let sides: BTreeSet<Side> = lines.iter().map(|line| line.side).collect();
    let category = finding.category;
    Ok(FindingRecord {
        position: 0,
        finding_key: finding_key(&order_no, &lines),
        category,
        channel,
        settled: category.is_settled(),
        carries: carries(category, &sides),
        carried_in: lines.iter().all(|line| line.carried),
        since_day,
        deadline: deadline(since_day, category),
        sums,
        cause: String::new(),
        certain: false,
        evidence: String::new(),
        owner: category.owner(),
        remedies: category.remedies().to_vec(),
        order_no,
        lines,
    })
}

/// A whole account that could not be compared.
fn absent_record(
    day: BusinessDay,
    channel: &ChannelId,
    collected: &Collected,
    sums: [Option<Fen>; 3],
    lines: i64,
) -> FindingRecord {
    let is_statement = |input: &&Prepared| {
        input.record.kind == InputKind::Statement && input.record.channel.as_ref() == Some(channel)
    };
    let statement = collected.inputs.iter().find(is_statement);
    let remark = statement.map_or("", |input| input.record.remark.as_str());
    let refused = statement.and_then(|input| input.refused);
    let category = refused.unwrap_or(Category::StatementNotAvailable);
    FindingRecord {
        position: 0,
        finding_key: finding_key(&format!("{channel} {day} {}", category.as_str()), &[]),
        category,
        order_no: String::new(),
        channel: Some(channel.clone()),
        settled: false,
        carries: false,
        carried_in: false,
        since_day: day,
        deadline: deadline(day, category),
        sums,
        cause: if refused.is_some() { "file_damaged" } else { "statement_not_there_yet" }.to_owned(),
        certain: true,
        evidence: format!("{remark}\n本系统与 HIS 共 {lines} 笔流水尚未核对"),
        owner: category.owner(),
        remedies: vec![Remedy::AskAgain, Remedy::Note],
        lines: Vec::new(),
    }
}

/// The name of a difference: its order and its lines, but neither what they are called nor where they were read.
fn finding_key(order_no: &str, lines: &[FindingLineRecord]) -> String {
    let mut texts: Vec<String> = lines
        .iter()
        .map(|line| {
            let FindingLineRecord { side, kind, refund_no, amount, day, .. } = line;
            format!("{} {} {refund_no} {} {day}", side.as_str(), kind.as_str(), amount.get())
        })
        .collect();
    texts.sort_unstable();
    let digest = Sha256::digest(format!("{order_no}\n{}", texts.join("\n")));
    hex::encode(&digest[..16])
}

/// Whether the lines may still find their other half on a later day.
fn carries(category: Category, sides: &BTreeSet<Side>) -> bool {
    match category {
        Category::ChannelOnly
        | Category::GatewayOnly
        | Category::HisOnly
        | Category::RefundMissingInChannel
        | Category::RefundMissingInHis
        | Category::StatusMismatch => true,
        // Both have it, only on different days.
        Category::CrossDay => !(sides.contains(&Side::Channel) && sides.contains(&Side::His)),
        Category::Matched
        | Category::MatchedLate
        | Category::MatchedNetted
        | Category::AmountOver
        | Category::AmountUnder
        | Category::GatewayDiffers
        | Category::DuplicateInChannel
        | Category::DuplicateInHis
        | Category::FeeDifference
        | Category::WrongAccount
        | Category::Foreign
        | Category::InsuranceComponentDiffers
        | Category::DepositLineDiffers
        | Category::TotalsRowDiffers
        | Category::UnparsableRow
        | Category::StatementNotAvailable => false,
    }
}

fn deadline(since: BusinessDay, category: Category) -> Option<BusinessDay> {
    let days = category.deadline_days();
    (days > 0).then(|| (0..days).fold(since, |day, _| day.next()))
}

/// A difference of this very day that somebody has to look at.
fn is_difference(finding: &FindingRecord) -> bool {
    !finding.settled && !finding.carried_in && finding.category != Category::CrossDay
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl RunResult {
    /// Gives a finding another category, and its lines with it.
    pub(super) fn reclassify(&mut self, place: usize, category: Category) -> Result<(), Trouble> {
        let Some(finding) = self.findings.get_mut(place) else { return Ok(()) };
        for line in &finding.lines {
            let mut moved = Tally::default();
            moved.count(line.kind, line.amount)?;
            if let Some(from) = self.tallies.get_mut(&(finding.category, line.side)) {
                from.lines -= moved.lines;
                from.paid = from.paid.minus(moved.paid)?;
                from.refunded = from.refunded.minus(moved.refunded)?;
            }
            self.tallies.entry((category, line.side)).or_default().add(&moved)?;
        }
        finding.category = category;
        finding.settled = category.is_settled();
        finding.carries = carries(category, &finding.lines.iter().map(|line| line.side).collect());
        finding.deadline = deadline(finding.since_day, category);
        Ok(())
    }

    /// Says why each finding is there. Those that somebody has to act on are looked up, and the first of them asked about.
    async fn explain(
        &mut self,
        gateway: &Gateway,
        found: &[Finding],
        absent: &BTreeSet<ChannelId>,
    ) -> Result<(), Trouble> {
        let most = gateway.settings.reconciliation.ask_at_most;
        let mut open = 0;
        let questions: Vec<(usize, Depth)> = (0..found.len())
            .map(|place| {
                let finding = &self.findings[place];
                if finding.settled {
                    return (place, Depth::Lines);
                }
                open += 1;
                let depth = match open {
                    asked if asked <= most => Depth::Asking,
                    looked if looked <= LOOKED_UP => Depth::Records,
                    _ => Depth::Lines,
                };
                (place, depth)
            })
            .collect();
        let explained: Vec<Result<(usize, Explained), Trouble>> = {
            let (findings, day) = (&self.findings, self.day);
            let answers = questions.into_iter().map(|(place, depth)| async move {
                let known = match depth {
                    Depth::Lines => Known { day: Some(day), ..Known::default() },
                    Depth::Records => known(gateway, &findings[place], (day, absent), false).await?,
                    Depth::Asking => known(gateway, &findings[place], (day, absent), true).await?,
                };
                Ok((place, cause::explain(&found[place], &known)))
            });
            stream::iter(answers).buffered(QUESTIONS_AT_ONCE).collect().await
        };
        for explained in explained {
            let (place, explained) = explained?;
            if explained.category != self.findings[place].category {
                self.reclassify(place, explained.category)?;
            }
            let finding = &mut self.findings[place];
            finding.cause = explained.cause.as_str().to_owned();
            finding.certain = explained.certain;
            finding.owner = explained.owner;
            finding.remedies = explained.remedies;
            let evidence: Vec<&str> =
                explained.evidence.iter().map(|sentence| sentence.chinese.as_str()).collect();
            finding.evidence = evidence.join("\n");
        }
        Ok(())
    }

    fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for finding in &self.findings {
            hash.update(format!(
                "{} {} {} {} {}\n",
                finding.finding_key,
                finding.category.as_str(),
                finding.carried_in,
                finding.cause,
                finding.evidence
            ));
        }
        for ((category, side), tally) in &self.tallies {
            let Tally { lines, paid, refunded } = tally;
            hash.update(format!("{} {} {lines} {paid} {refunded}\n", category.as_str(), side.as_str()));
        }
        for (key, settled) in &self.clearings {
            hash.update(format!("{key} {settled}\n"));
        }
        hex::encode(hash.finalize())
    }
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
    run: &RunRecord,
    collected: &Collected,
    (settlements, payouts): &(Vec<RunSettlementRecord>, Vec<PayoutRecord>),
    result: &RunResult,
) -> Result<(), Trouble> {
    let store = &gateway.store;
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
    tx.commit().await?;
    crash::point("run.published");
    let end = if run.differences == 0 { "agrees" } else { "differs" };
    gateway.metrics.add("mingfen_reconciliation_runs_total", format!("end=\"{end}\""));
    tracing::info!(run.id = %run.run_id, run.day = %run.day, run.scope = %run.scope, run.version, run.differences, trace = %run.trace, "a day was compared");
    Ok(())
}
