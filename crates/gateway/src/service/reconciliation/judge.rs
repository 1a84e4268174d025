//! What the comparison found, as it is kept: each difference with its name, its sums and its deadline, accounts that could not be
//! compared, what became of what earlier days left over, and why everything is there.

use super::collect::{Collected, Origin, Prepared};
use super::day::{Compared, absent};
use super::explain::{Circumstances, known};
use crate::Gateway;
use crate::service::Trouble;
use futures_util::stream::{self, StreamExt as _};
use mingfen_domain::difference::{Category, Remedy};
use mingfen_domain::ids::ChannelId;
use mingfen_domain::sides::{Kind, Side, State};
use mingfen_domain::{BusinessDay, Fen};
use mingfen_reconciliation::cause::{self, Cause, Explained};
use mingfen_reconciliation::files::Evidence;
use mingfen_reconciliation::matching::{Finding, Found, Tally};
use mingfen_reconciliation::sides::day_of;
use mingfen_store::{FindingLineRecord, FindingRecord, InputKind};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

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

/// What a run found, ready to be kept.
pub(super) struct RunResult {
    pub day: BusinessDay,
    pub findings: Vec<FindingRecord>,
    pub tallies: BTreeMap<(Category, Side), Tally>,
    pub clearings: Vec<(String, bool)>,
}

pub(super) fn judge(
    day: BusinessDay,
    collected: &Collected,
    compared: &Compared,
) -> Result<RunResult, Trouble> {
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
        // What was not compared counts as what its finding is called, so that whoever looks for it finds it.
        let (category, cause) = why_absent(&channel, collected);
        let (mut sums, mut lines) = ([None; 3], 0_i64);
        for Prepared { record, .. } in collected.inputs.iter().filter(of_channel) {
            if matches!(record.kind, InputKind::Statement | InputKind::FundFlow) {
                continue;
            }
            let tally =
                Tally { lines: record.lines.unsigned_abs(), paid: record.paid, refunded: record.refunded };
            tallies.entry((category, record.side)).or_default().add(&tally)?;
            sums[record.side as usize] = Some(tally.net()?);
            lines += record.lines;
        }
        findings.push(absent_record(day, &channel, (category, cause), collected, sums, lines));
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
            insurance: found.insurance,
            deposit: found.deposit,
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

fn statement_of<'c>(channel: &ChannelId, collected: &'c Collected) -> Option<&'c Prepared> {
    let is_it = |input: &&Prepared| {
        input.record.kind == InputKind::Statement && input.record.channel.as_ref() == Some(channel)
    };
    collected.inputs.iter().find(is_it)
}

/// What it is called that an account could not be compared, and why.
fn why_absent(channel: &ChannelId, collected: &Collected) -> (Category, Cause) {
    let refused = statement_of(channel, collected).and_then(|input| input.refused);
    match refused.unwrap_or(Category::StatementNotAvailable) {
        category @ Category::StatementNotAvailable => (category, Cause::StatementNotYet),
        category @ Category::TotalsRowDiffers => (category, Cause::FileIncomplete),
        category => (category, Cause::FileDamaged),
    }
}

/// A whole account that could not be compared.
fn absent_record(
    day: BusinessDay,
    channel: &ChannelId,
    (category, cause): (Category, Cause),
    collected: &Collected,
    sums: [Option<Fen>; 3],
    lines: i64,
) -> FindingRecord {
    let remark = statement_of(channel, collected).map_or("", |input| input.record.remark.as_str());
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
        cause: cause.as_str().to_owned(),
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

/// A difference that is counted on this day and that somebody has to look at.
pub(super) fn is_difference(finding: &FindingRecord) -> bool {
    !finding.carried_in && needs_somebody(finding)
}

/// What only waits needs nobody yet.
fn needs_somebody(finding: &FindingRecord) -> bool {
    !finding.settled && finding.category != Category::CrossDay
}

pub(super) fn count(number: usize) -> i64 {
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

    /// Counts on this day what an earlier one only waited for, when waiting is over: nobody was told of it yet.
    pub(super) async fn count_what_ripened(&mut self, gateway: &Gateway, scope: &str) -> Result<(), Trouble> {
        let has_ripened = |finding: &FindingRecord| finding.carried_in && needs_somebody(finding);
        let keys: Vec<&str> = self
            .findings
            .iter()
            .filter(|finding| has_ripened(finding))
            .map(|finding| finding.finding_key.as_str())
            .collect();
        let counted = gateway.store.counted_before(self.day, scope, &keys).await?;
        for finding in self.findings.iter_mut().filter(|finding| has_ripened(finding)) {
            finding.carried_in = counted.contains(&finding.finding_key);
        }
        Ok(())
    }

    /// Says why each finding is there. Those that somebody has to act on are looked up, and the first of them asked about.
    pub(super) async fn explain(
        &mut self,
        gateway: &Gateway,
        found: &[Finding],
        circumstances: &Circumstances,
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
            let findings = &self.findings;
            let answers = questions.into_iter().map(|(place, depth)| async move {
                let known = match depth {
                    Depth::Lines => circumstances.known(),
                    Depth::Records => known(gateway, &findings[place], circumstances, false).await?,
                    Depth::Asking => known(gateway, &findings[place], circumstances, true).await?,
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
            // It is where it belongs, only nobody will ever compare that day.
            finding.carries &= explained.waits || finding.category != Category::CrossDay;
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

    pub(super) fn sha256(&self) -> String {
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
