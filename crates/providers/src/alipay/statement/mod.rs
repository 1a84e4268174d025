//! Bills (对账单): asked for, fetched at once, kept as the archive that they come in, read strictly out of it.
//!
//! # Source
//! protocols/alipay.md section 10 (`alipay.data.dataservice.bill.downloadurl.query`).

mod download;
mod export;
mod fund_flow;
mod plain;
mod shift;
mod summary;
mod table;
#[cfg(test)]
mod tests;
mod trades;

pub(super) use download::DownloadPlaces;
pub use export::{Part, export_trades, part_of, read_fund_flow, read_trades};

use self::plain::PlainTable;
use self::summary::Sums;
use super::Alipay;
use super::call::Call;
use super::error::{Failure, Kind};
use crate::text::{self, Archive, Lines, Member};
use async_trait::async_trait;
use mingfen_domain::fund_flow::FundFlowKind;
use mingfen_domain::{BusinessDay, Timestamp};
use mingfen_provider_api::CallError;
use mingfen_provider_api::statement::{
    Fetched, FundFlowLine, FundFlowTotals, StatementError, StatementKind, StatementLine, StatementTotals,
    Statements, TradeTable,
};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek};
use std::path::Path;

/// What two million rows come to, unpacked.
const LARGEST_UNPACKED_BYTES: u64 = 1024 * 1024 * 1024;
/// A day's bill is made by nine the next morning; by noon its absence means that nothing happened.
const MADE_AFTER_SECONDS: i64 = 12 * 60 * 60;

#[derive(Serialize)]
struct BillContent {
    bill_type: &'static str,
    bill_date: String,
}

#[derive(Deserialize)]
struct BillAnswer {
    bill_download_url: String,
}

#[async_trait]
impl Statements for Alipay {
    async fn fetch(
        &self,
        kind: StatementKind,
        day: BusinessDay,
        directory: &Path,
    ) -> Result<Fetched, CallError> {
        let (bill_type, word) = match kind {
            StatementKind::Trades => ("trade", "trades"),
            StatementKind::FundFlow => ("signcustomer", "fund-flow"),
        };
        let content = BillContent { bill_type, bill_date: day.to_string() };
        let call = Call::new("alipay.data.dataservice.bill.downloadurl.query", Kind::Plain, &content)?;
        let answer: BillAnswer = match self.ask(&call).await {
            Ok(answer) => answer,
            Err(failure) => return absence(&failure, day, self.clock.now()).ok_or(failure.error),
        };
        let name = format!("alipay-{}-{word}-{day}.zip", self.seller_id);
        let (file, seller_id) = (name.clone(), self.seller_id.clone());
        let arrived = self
            .download(&answer.bill_download_url, directory, move |arriving| {
                check(&file, arriving.as_file(), kind, &seller_id).map_err(download::torn)
            })
            .await?;
        Ok(Fetched::File(arrived.keep(directory, name)?))
    }

    fn trade_layout(&self) -> &'static str {
        super::TRADE_BILL_LAYOUT
    }

    fn trade_table(&self, file: &Path, directory: &Path) -> Result<TradeTable, StatementError> {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = directory.join(format!("{name}.table.csv"));
        let unwritten = |error: std::io::Error| {
            let problem = format!(
                "could not be written to the disk as a table ({error}); see that there is room and that the directory is ours"
            );
            StatementError::new(&name, 0, problem)
        };
        let mut table = PlainTable::new(BufWriter::new(File::create(&path).map_err(unwritten)?));
        let seller_id = Some(self.seller_id.as_str());
        let rows = |lines: Lines<'_, &mut dyn BufRead>| {
            export::rows(lines, seller_id, &mut |line, cells| table.row(line, cells))
        };
        read_halves(file, StatementKind::Trades, rows, |exported, summary| {
            summary::check(summary, &exported.sums, seller_id)
        })?;
        Ok(TradeTable { path, first_line: table.end().map_err(unwritten)? })
    }

    fn parse_trades(
        &self,
        file: &Path,
        each: &mut dyn FnMut(StatementLine<'_>),
    ) -> Result<StatementTotals, StatementError> {
        let read = |lines: Lines<'_, &mut dyn BufRead>| trades::parse(lines, Some(&self.seller_id), each);
        read_detail(file, StatementKind::Trades, read)
    }

    fn parse_fund_flow(
        &self,
        file: &Path,
        each: &mut dyn FnMut(FundFlowLine<'_>),
    ) -> Result<FundFlowTotals, StatementError> {
        let read = |lines: Lines<'_, &mut dyn BufRead>| fund_flow::parse(lines, Some(&self.seller_id), each);
        read_detail(file, StatementKind::FundFlow, read)
    }

    fn fund_flow_words(&self) -> &'static [(&'static str, FundFlowKind)] {
        fund_flow::WORDS
    }
}

/// Reads the detail out of an archive; a file that was unpacked by somebody is taken for the detail itself.
fn read_detail<T>(
    path: &Path,
    kind: StatementKind,
    read: impl FnOnce(Lines<'_, &mut dyn BufRead>) -> Result<T, StatementError>,
) -> Result<T, StatementError> {
    read_halves(path, kind, read, |_, _| Ok(()))
}

/// As [`read_detail`]; where there is a summary, `agree` compares it with what was read.
fn read_halves<T>(
    path: &Path,
    kind: StatementKind,
    read: impl FnOnce(Lines<'_, &mut dyn BufRead>) -> Result<T, StatementError>,
    agree: impl FnOnce(&T, Lines<'_, &mut dyn BufRead>) -> Result<(), StatementError>,
) -> Result<T, StatementError> {
    let (file, mut reader) = text::open(path)?;
    let refuse = |problem: String| StatementError::new(&file, 0, problem);
    let start = reader.fill_buf().map_err(|error| refuse(format!("cannot be read: {error}")))?;
    if !start.starts_with(b"PK") {
        return read(Lines::new(&file, &mut reader));
    }
    let unpack = |error: text::TextError| refuse(format!("{error}; fetch it again"));
    let mut archive = Archive::new(reader, LARGEST_UNPACKED_BYTES).map_err(unpack)?;
    let (detail, summary) = halves(&file, &mut archive, kind)?;
    let detail = detail.ok_or_else(|| refuse("holds no detail file; fetch it again".to_owned()))?;
    let found = {
        let mut unpacked = archive.open(&detail).map_err(unpack)?;
        read(Lines::new(&path_in(&file, &detail), &mut unpacked))?
    };
    if let Some(summary) = summary {
        let mut unpacked = archive.open(&summary).map_err(unpack)?;
        agree(&found, Lines::new(&path_in(&file, &summary), &mut unpacked))?;
    }
    Ok(found)
}

/// Whether an archive is whole and its two halves agree. A detail that cannot be understood is left to whoever reads it, who names its
/// line.
fn check(file: &str, archive: &File, kind: StatementKind, seller_id: &str) -> Result<(), String> {
    let damaged = |error: text::TextError| format!("the bill {error}");
    let mut archive = Archive::new(BufReader::new(archive), LARGEST_UNPACKED_BYTES).map_err(damaged)?;
    archive.check().map_err(damaged)?;
    let (detail, summary) = halves(file, &mut archive, kind).map_err(|error| error.to_string())?;
    let detail = detail.ok_or("the archive holds no detail file")?;
    let Some(summary) = summary else {
        // The detail has totals of its own, so a bill is not refused for it.
        tracing::warn!(%file, "the archive holds no summary of the bill");
        return Ok(());
    };
    let lines = archive.open(&detail).map_err(damaged)?;
    let Ok(sums) = Sums::of(kind, Lines::new(&path_in(file, &detail), lines), Some(seller_id)) else {
        return Ok(());
    };
    let lines = archive.open(&summary).map_err(damaged)?;
    summary::check(Lines::new(&path_in(file, &summary), lines), &sums, Some(seller_id))
        .map_err(|error| error.to_string())
}

/// Detail and summary. Names are GBK without saying so and come in either order; what a member is, its first line says.
fn halves<R: Read + Seek>(
    file: &str,
    archive: &mut Archive<R>,
    kind: StatementKind,
) -> Result<(Option<Member>, Option<Member>), StatementError> {
    let (detail_part, summary_part) = match kind {
        StatementKind::Trades => (Part::Trades, Part::TradesSummary),
        StatementKind::FundFlow => (Part::FundFlow, Part::FundFlowSummary),
    };
    let refuse = |problem: String| StatementError::new(file, 0, problem);
    let unpack = |error: text::TextError| refuse(format!("{error}; fetch it again"));
    let (mut detail, mut summary) = (None, None);
    for member in archive.members().map_err(unpack)? {
        let mut lines = Lines::new(file, archive.open(&member).map_err(unpack)?);
        let half = match lines.read()?.and_then(|(_, line)| export::part_of(line)) {
            Some(part) if part == detail_part => &mut detail,
            Some(part) if part == summary_part => &mut summary,
            _ => continue,
        };
        if half.replace(member).is_some() {
            return Err(refuse("holds two files of the same title; which one is meant?".to_owned()));
        }
    }
    Ok((detail, summary))
}

fn path_in(archive: &str, member: &Member) -> String {
    format!("{archive}/{}", member.name)
}

/// "No bill" is said of a day without trades and of one whose bill is not made yet; the hour tells which.
fn absence(failure: &Failure, day: BusinessDay, now: Timestamp) -> Option<Fetched> {
    let code = failure.code.to_ascii_lowercase();
    let too_early = now < day.end().plus_seconds(MADE_AFTER_SECONDS);
    let no_bill = ["bill_not_exist", "no_bill_data"].iter().any(|word| code.contains(word));
    // The documented code is misspelt.
    let not_askable = ["invalid_arguments", "invailid_arguments"].iter().any(|word| code.contains(word));
    let before_us = code.contains("bill_date_before_registration");
    match (no_bill, not_askable, too_early) {
        (true, _, true) | (_, true, true) => Some(Fetched::NotYet),
        (true, _, false) => Some(Fetched::NothingThatDay),
        _ if before_us => Some(Fetched::NothingThatDay),
        _ => None,
    }
}
