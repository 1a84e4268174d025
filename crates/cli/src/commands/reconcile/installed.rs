//! `mingfen reconcile` on a running installation: compare a day, look at what it found, order remedies, sign.

use super::with_progress;
use crate::arguments::{
    ReconcileDay, ReconcileDays, ReconcileDecide, ReconcileDiff, ReconcileForm, ReconcileRemedy,
    ReconcileReport, ReconcileShow, ReconcileSign, ReconcileWaiting,
};
use crate::assemble::Checked;
use crate::exit::{Exit, Refusal};
use crate::screen::{Screen, Tone, right};
use anyhow::Context;
use comfy_table::Cell;
use mingfen_config::Sources;
use mingfen_domain::difference::{Category, Remedy};
use mingfen_domain::ids::{ChannelId, RemedyId};
use mingfen_domain::sides::Side;
use mingfen_domain::{BusinessDay, Fen};
use mingfen_gateway::Gateway;
use mingfen_gateway::service::reconciliation::{
    ReconcileRefused, RemedyOrder, RemedyRefused, ReportForm, Scope, SignRefused, decide_remedy,
    order_remedy, preview_remedy, reconcile_day, sign_day, write_report,
};
use mingfen_reconciliation::cause::Cause;
use mingfen_store::{
    ALL_CHANNELS, FindingFilter, FindingRecord, RemedyRecord, RemedyState, RunInputRecord, RunRecord,
    RunTallyRecord, Standing,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::sync::Arc;
use tokio::runtime::Handle;

/// Findings that are read at once.
const PAGE: i64 = 500;

pub(super) async fn gateway(sources: &Sources) -> anyhow::Result<Arc<Gateway>> {
    Checked::from_sources(sources)?.gateway().await
}

pub(super) fn parse_day(text: &str) -> anyhow::Result<BusinessDay> {
    BusinessDay::parse(text).map_err(|error| Refusal(format!("--day: {error}")).into())
}

fn parse_scope(channel: Option<&str>) -> anyhow::Result<Scope> {
    Ok(match channel {
        None => Scope::All,
        Some(text) => {
            Scope::One(ChannelId::parse(text).map_err(|error| Refusal(format!("--channel: {error}")))?)
        }
    })
}

/// `mingfen reconcile --day`.
pub async fn day(sources: &Sources, options: &ReconcileDay, screen: &mut Screen) -> anyhow::Result<Exit> {
    let text = options
        .day
        .as_deref()
        .ok_or_else(|| Refusal("which day? For example: mingfen reconcile --day 2026-11-24".to_owned()))?;
    let (day, scope) = (parse_day(text)?, parse_scope(options.channel.as_deref())?);
    let gateway = gateway(sources).await?;
    let by = format!("cli:{}", options.by);
    // The line that tells how far it is runs on a thread of its own.
    let made = tokio::task::block_in_place(|| {
        with_progress(|progress| {
            Handle::current().block_on(reconcile_day(&gateway, day, &scope, &by, progress))
        })
    });
    let made = match made {
        Ok(made) => made,
        Err(ReconcileRefused::Trouble(error)) => return Err(error.into()),
        Err(refused) => {
            return Ok(super::refused(&refused.to_string(), options.json, screen));
        }
    };
    let inputs = gateway.store().inputs_of_run(&made.run.run_id).await?;
    let tallies = gateway.store().tallies_of_run(&made.run.run_id).await?;
    let open = open_of(&gateway, &made.run).await?;
    if options.json {
        let mut value = run_json(&made.run, &inputs, &tallies, open);
        value["unchanged"] = json!(made.unchanged);
        value["incomplete"] = json!(made.incomplete);
        screen.json(&value);
    } else {
        tell_run(&made.run, &inputs, &tallies, screen)?;
        if made.unchanged {
            screen.line(format!("The same as version {}: nothing was added.", made.run.version));
        }
        tell_verdict(&made.run, open, screen);
    }
    Ok(if open == 0 { Exit::Done } else { Exit::Differences })
}

async fn open_of(gateway: &Gateway, run: &RunRecord) -> anyhow::Result<i64> {
    let open = gateway.store().open_of_run(&run.run_id).await?;
    Ok(open.into_iter().map(|(_, count)| count).sum())
}

fn tell_run(
    run: &RunRecord,
    inputs: &[RunInputRecord],
    tallies: &[RunTallyRecord],
    screen: &mut Screen,
) -> anyhow::Result<()> {
    let title = format!("{} 第 {} 版（{}，批次 {}）", run.day, run.version, run.scope, run.run_id);
    let title = screen.toned(Tone::Strong, &title);
    screen.line(title);
    let mut table = screen.table(&["输入", "方", "账户", "状态", "笔数", "支付", "退费", "说明"]);
    for input in inputs {
        table.add_row(vec![
            Cell::new(input.kind.chinese()),
            Cell::new(input.side.chinese()),
            Cell::new(input.channel.as_ref().map(ToString::to_string).unwrap_or_default()),
            Cell::new(input.state.chinese()),
            right(input.lines.to_string()),
            right(input.paid.to_yuan_grouped()),
            right(input.refunded.to_yuan_grouped()),
            Cell::new(&input.remark),
        ]);
    }
    screen.line(table.to_string());
    let mut table =
        screen.table(&["对账结果", "渠道笔数", "渠道净额", "网关笔数", "网关净额", "HIS 笔数", "HIS 净额"]);
    let mut sums = [(0_i64, Fen::ZERO); 3];
    for category in Category::ALL {
        let of: Vec<&RunTallyRecord> = tallies.iter().filter(|tally| tally.category == category).collect();
        if of.is_empty() {
            continue;
        }
        let mut cells = vec![Cell::new(format!("{} {}", category.chinese(), category.english()))];
        for side in Side::ALL {
            let tally = of.iter().find(|tally| tally.side == side);
            let lines = tally.map_or(0, |tally| tally.lines);
            let net = tally.map_or(Ok(Fen::ZERO), |tally| tally.paid.minus(tally.refunded))?;
            let sum = &mut sums[side as usize];
            *sum = (sum.0 + lines, sum.1.plus(net)?);
            cells.push(right(lines.to_string()));
            cells.push(right(net.to_yuan_grouped()));
        }
        table.add_row(cells);
    }
    let mut cells = vec![Cell::new("合计 total")];
    for (lines, net) in sums {
        cells.push(right(lines.to_string()));
        cells.push(right(net.to_yuan_grouped()));
    }
    table.add_row(cells);
    screen.line(table.to_string());
    Ok(())
}

fn tell_verdict(run: &RunRecord, open: i64, screen: &mut Screen) {
    let verdict = if open == 0 {
        screen.toned(Tone::Good, "Nothing is open.")
    } else {
        screen.toned(
            Tone::Bad,
            &format!("{open} differences are open: mingfen reconcile show --day {}", run.day),
        )
    };
    screen.line(verdict);
}

fn run_json(run: &RunRecord, inputs: &[RunInputRecord], tallies: &[RunTallyRecord], open: i64) -> Value {
    let inputs: Vec<Value> = inputs
        .iter()
        .map(|input| {
            json!({
                "kind": input.kind.as_str(), "side": input.side.as_str(),
                "channel": input.channel.as_ref().map(ToString::to_string),
                "state": input.state.as_str(), "name": input.name, "sha256": input.file_sha256,
                "lines": input.lines, "paid_fen": input.paid.get(), "refunded_fen": input.refunded.get(),
                "left_out": input.left_out, "remark": input.remark,
            })
        })
        .collect();
    let categories: Vec<Value> = tallies
        .iter()
        .map(|tally| {
            json!({
                "category": tally.category.as_str(), "name": tally.category.chinese(),
                "settled": tally.category.is_settled(), "side": tally.side.as_str(), "lines": tally.lines,
                "paid_fen": tally.paid.get(), "refunded_fen": tally.refunded.get(),
            })
        })
        .collect();
    json!({
        "run_id": run.run_id.as_str(), "day": run.day.to_string(), "scope": run.scope, "version": run.version,
        "made_by": run.made_by, "finished_at": run.finished_at.to_rfc3339(), "superseded": run.superseded,
        "inputs_sha256": run.inputs_sha256, "result_sha256": run.result_sha256,
        "open": open, "inputs": inputs, "categories": categories,
    })
}

/// `mingfen reconcile days`.
pub async fn days(sources: &Sources, options: &ReconcileDays, screen: &mut Screen) -> anyhow::Result<Exit> {
    let gateway = gateway(sources).await?;
    let today = BusinessDay::of(gateway.now());
    let days = gateway.store().days(ALL_CHANNELS, today, options.last.into()).await?;
    let open: i64 = days.iter().map(|day| day.open).sum();
    let overdue: BTreeMap<BusinessDay, i64> =
        gateway.store().overdue_findings(today).await?.into_iter().collect();
    let overdue_of = |day: BusinessDay| overdue.get(&day).copied().unwrap_or(0);
    if options.json {
        let days: Vec<Value> = days
            .iter()
            .map(|day| {
                json!({ "day": day.run.day.to_string(), "version": day.run.version, "open": day.open,
                    "differences": day.run.differences, "overdue": overdue_of(day.run.day), "signed_by": day.signed_by, "run_id": day.run.run_id.as_str() })
            })
            .collect();
        screen.json(&json!(days));
    } else if days.is_empty() {
        screen.line("No day was compared yet: mingfen reconcile --day YYYY-MM-DD");
    } else {
        let mut table = screen.table(&["日期", "版本", "差异", "待处理", "逾期", "签结"]);
        for day in &days {
            table.add_row(vec![
                Cell::new(day.run.day),
                right(day.run.version.to_string()),
                right(day.run.differences.to_string()),
                right(number_or_dash(day.open)),
                right(number_or_dash(overdue_of(day.run.day))),
                Cell::new(day.signed_by.as_deref().unwrap_or("未签结")),
            ]);
        }
        screen.line(table.to_string());
        let listed = |day: &BusinessDay| days.iter().any(|there| there.run.day == *day);
        for (day, count) in overdue.iter().filter(|(day, _)| !listed(day)) {
            screen.line(format!("逾期未处理：{day} 有 {count} 笔，mingfen reconcile show --day {day}"));
        }
    }
    Ok(if open == 0 && overdue.is_empty() { Exit::Done } else { Exit::Differences })
}

fn number_or_dash(number: i64) -> String {
    if number == 0 { "-".to_owned() } else { number.to_string() }
}

/// The run that is meant: a day's current one, or one of its versions.
async fn find_run(
    gateway: &Gateway,
    day: &str,
    channel: Option<&str>,
    version: Option<i64>,
) -> anyhow::Result<RunRecord> {
    let (day, scope) = (parse_day(day)?, parse_scope(channel)?);
    let store = gateway.store();
    let found = match version {
        None => store.current_run(day, scope.word()).await?,
        Some(wanted) => {
            let versions = store.versions_of_day(day, scope.word()).await?;
            versions.into_iter().find(|run| run.version == wanted)
        }
    };
    let hint = format!("{day} has no such run; make one: mingfen reconcile --day {day}");
    found.ok_or_else(|| Refusal(hint).into())
}

/// `mingfen reconcile show`.
pub async fn show(sources: &Sources, options: &ReconcileShow, screen: &mut Screen) -> anyhow::Result<Exit> {
    let category = options.category.as_deref().map(|word| {
        Category::parse(word).ok_or_else(|| {
            let known: Vec<&str> = Category::ALL.iter().map(|category| category.as_str()).collect();
            Refusal(format!("--category: {word:?} is none of {}", known.join(", ")))
        })
    });
    let standing = options.standing.as_deref().map(|word| {
        Standing::parse(word).ok_or_else(|| {
            let known: Vec<&str> = Standing::ALL.iter().map(|standing| standing.as_str()).collect();
            Refusal(format!("--standing: {word:?} is none of {}", known.join(", ")))
        })
    });
    let filter = FindingFilter {
        category: category.transpose()?,
        standing: standing.transpose()?,
        unsettled: !options.all,
        ..FindingFilter::default()
    };
    let gateway = gateway(sources).await?;
    let run = find_run(&gateway, &options.day, options.channel.as_deref(), options.version).await?;
    if let Some(number) = options.finding {
        let (finding, standing) = finding_at(&gateway, &run, number).await?;
        let remedies = gateway.store().remedies_of(&finding.finding_key).await?;
        if options.json {
            screen.json(&finding_json(&finding, standing, &remedies));
        } else {
            tell_finding(&finding, standing, &remedies, screen);
        }
        return Ok(Exit::Done);
    }
    let open = open_of(&gateway, &run).await?;
    if !options.json {
        let inputs = gateway.store().inputs_of_run(&run.run_id).await?;
        let tallies = gateway.store().tallies_of_run(&run.run_id).await?;
        tell_run(&run, &inputs, &tallies, screen)?;
    }
    let (mut after, mut left) = (-1, i64::from(options.limit));
    let mut values = Vec::new();
    let mut table = screen.table(&["序号", "类别", "订单号", "渠道", "网关", "HIS", "原因", "状态", "期限"]);
    while left > 0 && !screen.is_closed() {
        let page = gateway.store().findings_of_run(&run.run_id, &filter, after, left.min(PAGE)).await?;
        let Some((last, _)) = page.last() else { break };
        after = last.position;
        left -= i64::try_from(page.len()).unwrap_or(left);
        for (finding, standing) in &page {
            if options.json {
                values.push(finding_json(finding, *standing, &[]));
                continue;
            }
            let yuan = |sum: Option<Fen>| right(sum.map(Fen::to_yuan_grouped).unwrap_or_default());
            table.add_row(vec![
                right((finding.position + 1).to_string()),
                Cell::new(finding.category.chinese()),
                Cell::new(&finding.order_no),
                yuan(finding.sums[0]),
                yuan(finding.sums[1]),
                yuan(finding.sums[2]),
                Cell::new(cause(&finding.cause)),
                Cell::new(standing.chinese()),
                Cell::new(finding.deadline.map(|day| day.to_string()).unwrap_or_default()),
            ]);
        }
    }
    if options.json {
        screen.json(
            &json!({ "run_id": run.run_id.as_str(), "day": run.day.to_string(), "version": run.version,
            "open": open, "findings": values }),
        );
    } else {
        screen.line(table.to_string());
        tell_verdict(&run, open, screen);
        screen
            .line(format!("One of them in full: mingfen reconcile show --day {} --finding NUMBER", run.day));
    }
    Ok(if open == 0 { Exit::Done } else { Exit::Differences })
}

/// What staff call a cause that was kept as a word.
pub fn cause(word: &str) -> &str {
    Cause::parse(word).map_or(word, |cause| cause.chinese())
}

async fn finding_at(
    gateway: &Gateway,
    run: &RunRecord,
    number: i64,
) -> anyhow::Result<(FindingRecord, Standing)> {
    let found =
        gateway.store().findings_of_run(&run.run_id, &FindingFilter::default(), number - 2, 1).await?;
    found
        .into_iter()
        .next()
        .filter(|(finding, _)| finding.position + 1 == number)
        .ok_or_else(|| Refusal(format!("{} version {} has no finding {number}", run.day, run.version)).into())
}

fn tell_finding(finding: &FindingRecord, standing: Standing, remedies: &[RemedyRecord], screen: &mut Screen) {
    let title = format!(
        "{}. {}（{}）：{}",
        finding.position + 1,
        finding.category.chinese(),
        finding.order_no,
        standing.chinese()
    );
    let title = screen.toned(Tone::Strong, &title);
    screen.line(title);
    let parsed = Cause::parse(&finding.cause);
    let sentence = parsed.map(|cause| format!("：{}", cause.chinese_sentence())).unwrap_or_default();
    let sure = if finding.certain { "" } else { "（推测）" };
    screen.line(format!("原因{sure}：{}{sentence}", cause(&finding.cause)));
    for line in finding.evidence.lines() {
        screen.line(format!("  · {line}"));
    }
    let mut table =
        screen.table(&["方", "类型", "退款单号", "金额", "日期", "结果", "时间", "渠道交易号", "行"]);
    for line in &finding.lines {
        table.add_row(vec![
            Cell::new(line.side.chinese()),
            Cell::new(line.kind.chinese()),
            Cell::new(&line.refund_no),
            right(line.amount.to_yuan_grouped()),
            Cell::new(line.day),
            Cell::new(line.state.chinese()),
            Cell::new(&line.at_text),
            Cell::new(&line.provider_no),
            right(line.file_line.to_string()),
        ]);
    }
    screen.line(table.to_string());
    let deadline = finding.deadline.map(|day| format!("，期限 {day}")).unwrap_or_default();
    screen.line(format!("责任：{}{deadline}", finding.owner.chinese()));
    for remedy in remedies {
        tell_remedy(remedy, screen);
    }
    let words: Vec<String> = finding
        .remedies
        .iter()
        .map(|remedy| format!("{}（{}）", remedy.chinese(), remedy.as_str()))
        .collect();
    screen.line(format!("可选处理：{}", words.join("，")));
}

fn tell_remedy(record: &RemedyRecord, screen: &mut Screen) {
    let decided = record.decided_by.as_ref().map(|by| format!("，复核 {by}")).unwrap_or_default();
    screen.line(format!(
        "{} {} {} 元：{}（{}，{}{decided}）{}",
        record.remedy_id,
        record.remedy.chinese(),
        record.amount,
        record.state.chinese(),
        record.asked_by,
        record.reason,
        if record.outcome.is_empty() { String::new() } else { format!(" → {}", record.outcome) }
    ));
}

pub fn finding_json<'r>(
    finding: &FindingRecord,
    standing: Standing,
    remedies: impl IntoIterator<Item = &'r RemedyRecord>,
) -> Value {
    let lines: Vec<Value> = finding
        .lines
        .iter()
        .map(|line| {
            json!({
                "side": line.side.as_str(), "kind": line.kind.as_str(), "refund_no": line.refund_no,
                "amount_fen": line.amount.get(), "day": line.day.to_string(), "state": line.state.as_str(),
                "account": line.account, "carried": line.carried, "input": line.input, "line": line.file_line,
                "provider_no": line.provider_no, "at": line.at_text,
            })
        })
        .collect();
    let allowed: Vec<&str> = finding.remedies.iter().map(|remedy| remedy.as_str()).collect();
    json!({
        "number": finding.position + 1, "key": finding.finding_key, "category": finding.category.as_str(),
        "name": finding.category.chinese(), "order_no": finding.order_no,
        "channel": finding.channel.as_ref().map(ToString::to_string), "standing": standing.as_str(),
        "since": finding.since_day.to_string(), "deadline": finding.deadline.map(|day| day.to_string()),
        "channel_fen": finding.sums[0].map(Fen::get), "gateway_fen": finding.sums[1].map(Fen::get),
        "his_fen": finding.sums[2].map(Fen::get), "cause": finding.cause, "cause_name": cause(&finding.cause),
        "certain": finding.certain, "evidence": finding.evidence.lines().collect::<Vec<_>>(),
        "owner": finding.owner.as_str(), "allowed": allowed, "lines": lines,
        "remedies": remedies.into_iter().map(remedy_json).collect::<Vec<_>>(),
    })
}

fn remedy_json(record: &RemedyRecord) -> Value {
    json!({
        "remedy_id": record.remedy_id.as_str(), "day": record.day.to_string(), "order_no": record.order_no,
        "remedy": record.remedy.as_str(), "amount_fen": record.amount.get(), "state": record.state.as_str(),
        "reason": record.reason, "preview": record.preview.lines().collect::<Vec<_>>(),
        "asked_by": record.asked_by, "decided_by": record.decided_by, "outcome": record.outcome,
    })
}

/// `mingfen reconcile remedy`.
pub async fn remedy(
    sources: &Sources,
    options: &ReconcileRemedy,
    screen: &mut Screen,
) -> anyhow::Result<Exit> {
    let remedy = Remedy::parse(&options.remedy).ok_or_else(|| {
        let known: Vec<&str> = Remedy::ALL.iter().map(|remedy| remedy.as_str()).collect();
        Refusal(format!("{:?} is no remedy; there are {}", options.remedy, known.join(", ")))
    })?;
    let gateway = gateway(sources).await?;
    let run = find_run(&gateway, &options.day, None, None).await?;
    let (finding, _) = finding_at(&gateway, &run, options.finding).await?;
    let order = RemedyOrder {
        run_id: run.run_id,
        finding_key: finding.finding_key,
        remedy,
        reason: options.reason.clone(),
        by: format!("cli:{}", options.by),
    };
    let preview = preview_remedy(&gateway, &order).await.map_err(remedy_refused)?;
    if !options.json {
        screen.line(format!("{} {} 元，订单 {}：", remedy.chinese(), preview.amount, finding.order_no));
        for effect in &preview.effects {
            screen.line(format!("  · {effect}"));
        }
        if preview.needs_second_person {
            screen.line("  · 金额超过限额，须由另一人复核后才执行");
        }
    }
    if !options.yes {
        if !screen.can_ask() {
            let refusal = "nobody can be asked here; add --yes to carry it out, or look at the preview only";
            return Err(Refusal(refusal.to_owned()).into());
        }
        if !screen.confirms("Carry it out?") {
            screen.line("Nothing was changed.");
            return Ok(Exit::Refused);
        }
    }
    let record = order_remedy(&gateway, &order, &preview).await.map_err(remedy_refused)?;
    if options.json {
        screen.json(&remedy_json(&record));
    } else {
        tell_remedy(&record, screen);
        if record.state == RemedyState::Waiting {
            screen.line(format!("Another person: mingfen reconcile approve {} --by NAME", record.remedy_id));
        }
    }
    Ok(Exit::Done)
}

fn remedy_refused(error: RemedyRefused) -> anyhow::Error {
    match error {
        RemedyRefused::Trouble(error) => error.into(),
        refused => Refusal(refused.to_string()).into(),
    }
}

/// `mingfen reconcile waiting`.
pub async fn waiting(
    sources: &Sources,
    options: &ReconcileWaiting,
    screen: &mut Screen,
) -> anyhow::Result<Exit> {
    let gateway = gateway(sources).await?;
    let waiting = gateway.store().waiting_remedies(1000).await?;
    if options.json {
        screen.json(&json!(waiting.iter().map(remedy_json).collect::<Vec<_>>()));
    } else if waiting.is_empty() {
        screen.line("No remedy waits for a second person.");
    } else {
        for record in &waiting {
            tell_remedy(record, screen);
            for effect in record.preview.lines() {
                screen.line(format!("  · {effect}"));
            }
        }
    }
    Ok(if waiting.is_empty() { Exit::Done } else { Exit::Found })
}

/// `mingfen reconcile approve` and `decline`.
pub async fn decide(
    sources: &Sources,
    options: &ReconcileDecide,
    approve: bool,
    screen: &mut Screen,
) -> anyhow::Result<Exit> {
    let number = RemedyId::parse(options.remedy.as_str()).map_err(|error| Refusal(error.to_string()))?;
    let gateway = gateway(sources).await?;
    let by = format!("cli:{}", options.by);
    let record = decide_remedy(&gateway, &number, approve, &by).await.map_err(remedy_refused)?;
    if options.json {
        screen.json(&remedy_json(&record));
    } else {
        tell_remedy(&record, screen);
    }
    Ok(Exit::Done)
}

/// `mingfen reconcile sign`.
pub async fn sign(sources: &Sources, options: &ReconcileSign, screen: &mut Screen) -> anyhow::Result<Exit> {
    let day = parse_day(&options.day)?;
    let gateway = gateway(sources).await?;
    let by = format!("cli:{}", options.by);
    let signed = sign_day(&gateway, day, &by, &options.remark).await.map_err(|error| match error {
        SignRefused::Trouble(error) => anyhow::Error::from(error),
        refused => Refusal(refused.to_string()).into(),
    })?;
    if options.json {
        screen.json(&json!({ "day": day.to_string(), "run_id": signed.run_id.as_str(), "signed_by": signed.signed_by,
            "signed_at": signed.signed_at.to_rfc3339(), "chain_seq": signed.chain_seq, "chain_hash": signed.chain_hash }));
    } else {
        let done = screen.toned(Tone::Good, &format!("{day} is signed off and frozen."));
        screen.line(done);
        screen.line(format!("Audit chain: {}:{}", signed.chain_seq, signed.chain_hash));
    }
    Ok(Exit::Done)
}

/// `mingfen reconcile diff`.
pub async fn diff(sources: &Sources, options: &ReconcileDiff, screen: &mut Screen) -> anyhow::Result<Exit> {
    let gateway = gateway(sources).await?;
    let new = find_run(&gateway, &options.day, None, options.to).await?;
    let old = find_run(&gateway, &options.day, None, Some(options.from.unwrap_or(new.version - 1))).await?;
    let (gone, come) = (only_in(&gateway, &old, &new).await?, only_in(&gateway, &new, &old).await?);
    let (before, after) = (
        gateway.store().inputs_of_run(&old.run_id).await?,
        gateway.store().inputs_of_run(&new.run_id).await?,
    );
    let changed: Vec<&RunInputRecord> = after
        .iter()
        .filter(|input| {
            !before.iter().any(|there| {
                there.name == input.name
                    && there.file_sha256 == input.file_sha256
                    && there.state == input.state
            })
        })
        .collect();
    if options.json {
        let list = |found: &[(FindingRecord, Standing)]| {
            found.iter().map(|(finding, standing)| finding_json(finding, *standing, &[])).collect::<Vec<_>>()
        };
        screen.json(&json!({ "day": new.day.to_string(), "from": old.version, "to": new.version,
            "inputs_changed": changed.iter().map(|input| input.name.as_str()).collect::<Vec<_>>(),
            "rules_changed": old.rules != new.rules, "gone": list(&gone), "come": list(&come) }));
    } else {
        screen.line(format!("{}: version {} → {}", new.day, old.version, new.version));
        for input in &changed {
            screen.line(format!(
                "  输入变化：{} {}（{}）",
                input.side.chinese(),
                input.name,
                input.state.chinese()
            ));
        }
        if old.rules != new.rules {
            screen.line(format!("  规则变化：{} → {}", old.rules, new.rules));
        }
        for (sign, tone, found) in [("-", Tone::Good, &gone), ("+", Tone::Bad, &come)] {
            for (finding, _) in found {
                let text = format!(
                    "{sign} {} {} {}",
                    finding.category.chinese(),
                    finding.order_no,
                    cause(&finding.cause)
                );
                let text = screen.toned(tone, &text);
                screen.line(text);
            }
        }
        if gone.is_empty() && come.is_empty() {
            screen.line("The findings are the same.");
        }
    }
    Ok(if gone.is_empty() && come.is_empty() { Exit::Done } else { Exit::Differences })
}

/// Findings of a run that another does not have; a thousand are enough to read.
async fn only_in(
    gateway: &Gateway,
    run: &RunRecord,
    other: &RunRecord,
) -> anyhow::Result<Vec<(FindingRecord, Standing)>> {
    Ok(gateway.store().findings_only_in(&run.run_id, &other.run_id, -1, 1000).await?)
}

/// `mingfen reconcile report`.
pub async fn report(
    sources: &Sources,
    options: &ReconcileReport,
    screen: &mut Screen,
) -> anyhow::Result<Exit> {
    let form = match options.form {
        ReconcileForm::Xlsx => ReportForm::Xlsx,
        ReconcileForm::Csv => ReportForm::Csv,
        ReconcileForm::Html => ReportForm::Html,
    };
    let gateway = gateway(sources).await?;
    let run = find_run(&gateway, &options.day, options.channel.as_deref(), options.version).await?;
    let path = &options.out;
    // Nobody takes half a report for a whole one: it gets its name when it is whole.
    let mut partial = path.clone().into_os_string();
    partial.push(".partial");
    let file = File::create(&partial).with_context(|| format!("{} cannot be written", path.display()))?;
    let written = write_report(&gateway, &run.run_id, form, std::io::BufWriter::new(file)).await;
    let named = written.map_err(anyhow::Error::from).and_then(|()| {
        fs::rename(&partial, path).with_context(|| format!("{} cannot be written", path.display()))
    });
    if let Err(error) = named {
        let _ = fs::remove_file(&partial);
        return Err(error);
    }
    screen.line(format!("Written: {}", path.display()));
    Ok(Exit::Done)
}
