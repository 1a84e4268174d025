//! `mingfen reconcile`: `files` compares statements with HIS exports, without an installation, `guess` proposes a layout for a file,
//! `line` shows one of its lines; everything else is about the days of an installation (`installed`).

mod guess;
mod installed;
mod known;
mod ledger;
mod line;

pub use installed::{cause, finding_json};

use crate::arguments::{Reconcile, ReconcileCommand, ReconcileFiles};
use crate::exit::{Exit, Refusal};
use crate::screen::{Screen, Tone, right};
use anyhow::Context;
use comfy_table::Cell;
use mingfen_config::Sources;
use mingfen_domain::difference::Category;
use mingfen_domain::{BusinessDay, Fen};
use mingfen_reconciliation::files::{
    Choice, FilesError, HIS_LEDGER, Layout, Limits, Prepared, Progress, Report, reconcile_prepared,
};
use mingfen_reconciliation::matching::{HashKey, OwnNumbers, Rules, Tally};
use mingfen_reconciliation::report;
use mingfen_reconciliation::sides::{Side, day_number};
use serde_json::json;
use std::fs::{self, File};
use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The name of the report in the directory of `--out`.
const DIFFERENCES: &str = "differences.csv";
/// What becomes of the report of an earlier run, so that nobody takes it for today's.
const EARLIER: &str = "differences.earlier.csv";
const THREADS: usize = 2;

pub async fn run(sources: &Sources, command: &ReconcileCommand, screen: &mut Screen) -> anyhow::Result<Exit> {
    match &command.action {
        None => installed::day(sources, &command.day, screen).await,
        Some(Reconcile::Days(options)) => installed::days(sources, options, screen).await,
        Some(Reconcile::Ledger(options)) => ledger::run(sources, options, screen).await,
        Some(Reconcile::Show(options)) => installed::show(sources, options, screen).await,
        Some(Reconcile::Remedy(options)) => installed::remedy(sources, options, screen).await,
        Some(Reconcile::Waiting(options)) => installed::waiting(sources, options, screen).await,
        Some(Reconcile::Approve(options)) => installed::decide(sources, options, true, screen).await,
        Some(Reconcile::Decline(options)) => installed::decide(sources, options, false, screen).await,
        Some(Reconcile::Sign(options)) => installed::sign(sources, options, screen).await,
        Some(Reconcile::Diff(options)) => installed::diff(sources, options, screen).await,
        Some(Reconcile::Report(options)) => installed::report(sources, options, screen).await,
        Some(Reconcile::Files(options)) => Ok(of_files(options, screen)),
        Some(Reconcile::Guess(options)) => Ok(guess::run(options, screen)),
        Some(Reconcile::Line(options)) => Ok(line::run(options, screen)),
    }
}

/// Two files and nothing else.
fn of_files(options: &ReconcileFiles, screen: &mut Screen) -> Exit {
    // Whatever keeps the comparison from its end is told as refused: 1 would say that it was made and found something.
    match set_aside(options).and_then(|()| files(options, screen)) {
        Ok(exit) => exit,
        Err(error) => {
            let earlier = options.out.join(EARLIER);
            let hint = if earlier.exists() {
                format!("\nNothing was compared. {} is of an earlier run.", earlier.display())
            } else {
                String::new()
            };
            screen.complain(&format!("{error:#}{hint}"));
            if options.json {
                screen.json(&refusal(&error));
            }
            Exit::InputRefused
        }
    }
}

/// A report that is there already is of another run: it gets another name before anything is read.
fn set_aside(options: &ReconcileFiles) -> anyhow::Result<()> {
    let (report, earlier) = (options.out.join(DIFFERENCES), options.out.join(EARLIER));
    match fs::rename(&report, &earlier) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error)
            .with_context(|| format!("{}, a report of an earlier run, cannot be renamed", report.display())),
        _ => Ok(()),
    }
}

fn files(options: &ReconcileFiles, screen: &mut Screen) -> anyhow::Result<Exit> {
    let statement_map = layout(options.statement_map.as_deref())?;
    let map = layout(options.map.as_deref())?;
    let his_ledger = built_in(HIS_LEDGER)?;
    let day = options.day.as_deref().map(BusinessDay::parse).transpose().context("--day")?;
    let rules = Rules {
        day: day.map(day_number),
        own_numbers: OwnNumbers {
            prefixes: options.own_prefix.iter().map(|prefix| prefix.clone().into_bytes()).collect(),
            length: None,
        },
        memory_bytes: options.memory_mib.map(|mib| mib << 20),
        ..Rules::default()
    };
    let known = known::kinds()?;
    let limits = Limits::default();
    let statement = Choice { known: &known, layout: statement_map.as_ref(), otherwise: None, day, limits };
    let his = Choice { known: &[], layout: map.as_ref(), otherwise: Some(&his_ledger), day, limits };
    let mut prepared = Vec::new();
    for (side, paths, choice) in
        [(Side::Channel, &options.statement, &statement), (Side::His, &options.his, &his)]
    {
        for path in paths {
            let file = Prepared::open(path, choice).map_err(FilesError::from)?;
            if !options.json {
                describe(path, &file, screen);
            }
            prepared.push((side, file));
        }
    }
    let kinds: Vec<_> = (prepared.iter())
        .map(|(side, file)| json!({ "side": side.as_str(), "kind": file.kind, "container": file.container, "notes": file.notes }))
        .collect();
    let sides: Vec<Side> = prepared.iter().map(|(side, _)| *side).collect();
    let report =
        with_progress(|progress| reconcile_prepared(prepared, &rules, THREADS, progress, HashKey::random))?;
    fs::create_dir_all(&options.out).with_context(|| format!("{} cannot be made", options.out.display()))?;
    let path = options.out.join(DIFFERENCES);
    let written = || -> std::io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 18, File::create(&path)?);
        report::differences(&report, &mut out)?;
        out.flush()
    };
    written().with_context(|| format!("{} cannot be written", path.display()))?;
    // The new report is there; the one before it has nothing to tell any more.
    let _ = fs::remove_file(options.out.join(EARLIER));
    let left_out = [Side::Channel, Side::His].map(|wanted| {
        let of_side = sides.iter().zip(&report.left_out).filter(|(side, _)| **side == wanted);
        of_side.map(|(_, count)| count).sum::<u64>()
    });
    if options.json {
        screen.json(&as_json(&report, &path, left_out, &kinds));
    } else {
        tell(&report, &path, left_out, screen)?;
    }
    Ok(if report.outcome.summary.is_settled() { Exit::Done } else { Exit::Differences })
}

/// Says what a file was taken for: the wrong guess must be seen.
fn describe(path: &Path, file: &Prepared<'_>, screen: &mut Screen) {
    let container = file.container.map(|kind| format!(", {kind}")).unwrap_or_default();
    if let Some(kind) = file.kind {
        screen.line(format!("{}: {kind}{container}.", path.display()));
    } else if file.container.is_some() {
        screen.line(format!("{}: read by a layout{container}.", path.display()));
    }
    for note in &file.notes {
        screen.line(format!("  {note}"));
    }
}

/// A layout of ours.
fn built_in(text: &str) -> anyhow::Result<Layout> {
    Layout::parse(text).map_err(|problem| anyhow::anyhow!("a built-in layout: {problem}"))
}

/// Tells why nothing was done.
fn refused(problem: &str, json: bool, screen: &mut Screen) -> Exit {
    screen.complain(problem);
    if json {
        screen.json(&json!({ "refused": { "problem": problem } }));
    }
    Exit::InputRefused
}

fn layout(file: Option<&Path>) -> anyhow::Result<Option<Layout>> {
    let Some(path) = file else { return Ok(None) };
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let layout = Layout::parse(&text).map_err(|problem| Refusal(format!("{}: {problem}", path.display())))?;
    Ok(Some(layout))
}

/// Runs with a line on the terminal that tells how far it is; without a terminal nothing is told.
fn with_progress<T>(work: impl FnOnce(&Arc<Progress>) -> T) -> T {
    let progress = Arc::<Progress>::default();
    if !std::io::stderr().is_terminal() {
        return work(&progress);
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let teller = scope.spawn(|| {
            let start = Instant::now();
            while !done.load(Ordering::Relaxed) {
                std::thread::park_timeout(Duration::from_millis(200));
                // Nobody is left to be told when standard error is closed.
                let _ = write!(std::io::stderr().lock(), "\r\u{1b}[2K{}", line(&progress, start.elapsed()));
            }
            let _ = write!(std::io::stderr().lock(), "\r\u{1b}[2K");
        });
        let result = work(&progress);
        done.store(true, Ordering::Relaxed);
        teller.thread().unpark();
        result
    })
}

fn line(progress: &Progress, elapsed: Duration) -> String {
    const WIDTH: u64 = 30;
    let load = |number: &std::sync::atomic::AtomicU64| number.load(Ordering::Relaxed);
    let (rows, bytes) = (load(&progress.rows), load(&progress.bytes));
    let total = load(&progress.total_bytes).max(1);
    let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let filled = usize::try_from(bytes * WIDTH / total).unwrap_or_default();
    let rest = usize::try_from(WIDTH).unwrap_or_default().saturating_sub(filled);
    let left_ms = (total.saturating_sub(bytes)).saturating_mul(elapsed_ms) / bytes.max(1);
    let percent = bytes * 100 / total;
    let per_second = rows * 1000 / elapsed_ms;
    let left =
        if bytes >= total { "comparing".to_owned() } else { format!("{} s left", left_ms.div_ceil(1000)) };
    format!(
        "{}{} {percent:>3} %  {rows} rows  {per_second} rows/s  {left}",
        "█".repeat(filled),
        "░".repeat(rest)
    )
}

fn tell(report: &Report, path: &Path, left_out: [u64; 2], screen: &mut Screen) -> anyhow::Result<()> {
    let summary = &report.outcome.summary;
    let mut table = screen.table(&[
        "对账结果",
        "",
        "渠道笔数",
        "渠道支付",
        "渠道退费",
        "HIS 笔数",
        "HIS 支付",
        "HIS 退费",
    ]);
    let mut row = |chinese: &str, english: &str, channel: Tally, his: Tally| {
        let mut cells = vec![Cell::new(chinese), Cell::new(english)];
        for tally in [channel, his] {
            cells.push(right(tally.lines.to_string()));
            cells.push(right(tally.paid.to_yuan_grouped()));
            cells.push(right(tally.refunded.to_yuan_grouped()));
        }
        table.add_row(cells);
    };
    for category in Category::ALL {
        let (channel, his) = (summary.of(category, Side::Channel), summary.of(category, Side::His));
        if channel.lines + his.lines != 0 {
            row(category.chinese(), category.english(), channel, his);
        }
    }
    row("合计", "total", summary.total(Side::Channel)?, summary.total(Side::His)?);
    screen.line(table.to_string());
    for (left_out, name) in left_out.into_iter().zip(["statement", "HIS export"]) {
        if left_out != 0 {
            screen.line(format!("{left_out} rows of the {name} were left out, as its layout says."));
        }
    }
    screen.line(format!("Written: {}", path.display()));
    let verdict = if summary.is_settled() {
        screen.toned(Tone::Good, "The two sides agree.")
    } else {
        let open = report.outcome.findings.iter().filter(|finding| !finding.category.is_settled()).count();
        screen.toned(Tone::Bad, &format!("{open} differences."))
    };
    screen.line(verdict);
    Ok(())
}

fn as_json(
    report: &Report,
    path: &Path,
    [statement, his]: [u64; 2],
    files: &[serde_json::Value],
) -> serde_json::Value {
    let summary = &report.outcome.summary;
    let tally = |tally: Tally| {
        let fen = |sum: Fen| sum.get();
        json!({ "lines": tally.lines, "paid_fen": fen(tally.paid), "refunded_fen": fen(tally.refunded) })
    };
    let categories: Vec<_> = Category::ALL
        .into_iter()
        .map(|category| (category, summary.of(category, Side::Channel), summary.of(category, Side::His)))
        .filter(|(_, channel, his)| channel.lines + his.lines != 0)
        .map(|(category, channel, his)| {
            json!({ "category": category.as_str(), "name": category.chinese(), "settled": category.is_settled(),
                "channel": tally(channel), "his": tally(his) })
        })
        .collect();
    json!({
        "agree": summary.is_settled(),
        "categories": categories,
        "files": files,
        "left_out": { "statement": statement, "his": his },
        "differences": path,
    })
}

fn refusal(error: &anyhow::Error) -> serde_json::Value {
    match error.downcast_ref::<FilesError>() {
        Some(FilesError::Refused(refusal)) => json!({ "refused": {
            "category": refusal.category.as_str(), "file": refusal.file, "line": refusal.line,
            "column": refusal.column, "problem": refusal.problem,
        } }),
        _ => json!({ "refused": { "problem": format!("{error:#}") } }),
    }
}
