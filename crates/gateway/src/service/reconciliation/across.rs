//! One order across the three sides: our own story, every row that any side's file has of it, what was found, and what was ordered.

use super::collect::{layout_of, temporary};
use super::keep::kept_bytes;
use crate::Gateway;
use crate::service::order_story::find_bill;
use crate::service::{OrderStory, Trouble, order_story};
use memchr::memmem::Finder;
use mingfen_domain::BusinessDay;
use mingfen_domain::sides::Side;
use mingfen_reconciliation::files::{Choice, Layout, front};
use mingfen_store::{
    ALL_CHANNELS, FindingRecord, InputKind, InputState, RemedyRecord, RunInputRecord, RunRecord, Standing,
};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// An order as all sides have it.
#[derive(Debug)]
pub struct OrderAcross {
    /// The order numbers that were looked for.
    pub order_nos: Vec<String>,
    /// Our own story of it, when we know it.
    pub story: Option<OrderStory>,
    /// Every row of it in the files of the runs of its days.
    pub rows: Vec<KeptRow>,
    /// What the runs found of it, the earliest day first.
    pub findings: Vec<(RunRecord, FindingRecord, Standing)>,
    /// What was ordered for these.
    pub remedies: Vec<RemedyRecord>,
}

/// Headings and what stands below them, decoded.
pub type Fields = Vec<(String, String)>;

/// A row of a kept file, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRow {
    /// Of which day's run.
    pub day: BusinessDay,
    /// Whose books.
    pub side: Side,
    /// The file's name.
    pub file: String,
    /// The file's SHA-256.
    pub sha256: String,
    /// The row's line in it.
    pub line: u64,
    /// Headings and fields, decoded.
    pub fields: Fields,
}

/// Finds an order by any number of it, ours or another's, and tells it across the sides. `None`: nobody has it.
///
/// # Errors
/// [`Trouble`] when records or kept files cannot be read.
pub async fn order_across(gateway: &Gateway, number: &str) -> Result<Option<OrderAcross>, Trouble> {
    let store = &gateway.store;
    let mut order_nos = Vec::new();
    let mut days = BTreeSet::new();
    if let Some(bill) = find_bill(gateway, number).await? {
        for record in store.payments_of_bill(&bill.bill.bill_no).await? {
            order_nos.push(record.payment.out_trade_no.as_str().to_owned());
            if let Some(received) = record.payment.state.received() {
                days.insert(BusinessDay::of(received.paid_at));
                // HIS may have booked it after midnight.
                days.insert(BusinessDay::of(received.paid_at).next());
            }
        }
        for record in store.refunds_of_bill(&bill.bill.bill_no).await? {
            days.extend(record.sent_at.map(BusinessDay::of));
            days.extend(record.sent_at.map(|sent| BusinessDay::of(sent).next()));
        }
    } else {
        order_nos.push(number.to_owned());
    }
    let (mut findings, mut remedies) = (Vec::new(), Vec::new());
    for order_no in &order_nos {
        findings.extend(store.findings_of_order(order_no).await?);
    }
    let keys: BTreeSet<&str> = findings.iter().map(|(_, finding, _)| finding.finding_key.as_str()).collect();
    for key in keys {
        remedies.extend(store.remedies_of(key).await?);
    }
    days.extend(findings.iter().map(|(run, ..)| run.day));
    let mut rows = Vec::new();
    for day in days {
        if let Some(run) = store.current_run(day, ALL_CHANNELS).await? {
            rows.extend(rows_of(gateway, &run, &order_nos).await?);
        }
    }
    let story = order_story(gateway, number).await?;
    if story.is_none() && findings.is_empty() && rows.is_empty() {
        return Ok(None);
    }
    Ok(Some(OrderAcross { order_nos, story, rows, findings, remedies }))
}

/// Every row of these orders in what a run has read, carried lines left out: they are on their own day.
async fn rows_of(gateway: &Gateway, run: &RunRecord, order_nos: &[String]) -> Result<Vec<KeptRow>, Trouble> {
    let mut rows = Vec::new();
    for input in gateway.store.inputs_of_run(&run.run_id).await? {
        let is_read = input.state == InputState::Read && input.kind != InputKind::Carried;
        let Some(sha256) = input.file_sha256.clone().filter(|_| is_read) else { continue };
        let directory = tempfile::tempdir().map_err(temporary)?;
        let Some(path) = fetch_kept(gateway, &sha256, directory.path()).await? else { continue };
        let (path, first_line) = table_of(gateway, &input, path, directory.path())?;
        let layout = layout_of(&input)?;
        let wanted = order_nos.to_vec();
        let found = tokio::task::spawn_blocking(move || fields_of(&path, &layout, &wanted)).await;
        let found = found.map_err(|_| {
            Trouble::Inconsistent("looking for rows broke off, which is a fault of the program".to_owned())
        })??;
        for (line, fields) in found {
            rows.push(KeptRow {
                day: run.day,
                side: input.side,
                file: input.name.clone(),
                sha256: sha256.clone(),
                line: line + first_line - 1,
                fields,
            });
        }
    }
    Ok(rows)
}

/// Puts a kept file together again.
pub(super) async fn fetch_kept(
    gateway: &Gateway,
    sha256: &str,
    directory: &Path,
) -> Result<Option<PathBuf>, Trouble> {
    let Some(file) = gateway.store.kept_file(sha256).await? else { return Ok(None) };
    let path = directory.join("kept");
    let mut out = BufWriter::new(File::create(&path).map_err(temporary)?);
    let mut failed = None;
    kept_bytes(gateway, &file, |piece| match out.write_all(piece) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    })
    .await?;
    match failed.map_or_else(|| out.flush(), Err) {
        Ok(()) => Ok(Some(path)),
        Err(error) => Err(temporary(error)),
    }
}

/// A statement as rows; what is rows already stays.
pub(super) fn table_of(
    gateway: &Gateway,
    input: &RunInputRecord,
    path: PathBuf,
    directory: &Path,
) -> Result<(PathBuf, u64), Trouble> {
    let provider = input.channel.as_ref().and_then(|channel| gateway.channel(channel));
    match provider.and_then(|provider| provider.statements()) {
        Some(statements) if input.kind == InputKind::Statement => {
            let table = statements
                .trade_table(&path, directory)
                .map_err(|error| Trouble::Inconsistent(format!("{}: {error}", input.name)))?;
            Ok((table.path, table.first_line))
        }
        _ => Ok((path, 1)),
    }
}

/// The lines that hold one of these numbers, taken apart. Blocks while it reads.
fn fields_of(path: &Path, layout: &Layout, order_nos: &[String]) -> Result<Vec<(u64, Fields)>, Trouble> {
    let choice = Choice::by(layout, None);
    lines_with(path, order_nos)?
        .into_iter()
        .map(|line| {
            let fields = front::line_of(path, &choice, line);
            Ok((line, fields.map_err(|refusal| Trouble::Inconsistent(refusal.to_string()))?))
        })
        .collect()
}

/// The numbers of the lines that hold one of these numbers. They are ASCII, so the file's encoding does not matter.
fn lines_with(path: &Path, order_nos: &[String]) -> Result<Vec<u64>, Trouble> {
    let finders: Vec<Finder<'_>> = order_nos.iter().map(|number| Finder::new(number.as_str())).collect();
    let mut reader = BufReader::with_capacity(1 << 18, File::open(path).map_err(temporary)?);
    let (mut line, mut found) = (Vec::new(), Vec::new());
    for number in 1.. {
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(temporary)? == 0 {
            break;
        }
        if finders.iter().any(|finder| finder.find(&line).is_some()) {
            found.push(number);
        }
    }
    Ok(found)
}
