//! Bills (对账单): asked for, fetched at once, unpacked, read strictly.
//!
//! # Source
//! protocols/alipay.md section 10 (`alipay.data.dataservice.bill.downloadurl.query`).

mod download;
mod fund_flow;
mod shift;
mod summary;
mod table;
#[cfg(test)]
mod tests;
mod trades;

pub(super) use download::DownloadPlaces;

use super::Alipay;
use super::call::Call;
use super::error::{Failure, Kind};
use crate::text::{self, ArchiveEntry};
use async_trait::async_trait;
use mingfen_domain::{BusinessDay, Timestamp};
use mingfen_provider_api::CallError;
use mingfen_provider_api::statement::{
    Fetched, FundFlowLine, StatementError, StatementFile, StatementKind, StatementLine, StatementTotals,
    Statements,
};
use serde::{Deserialize, Serialize};

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
    async fn fetch(&self, kind: StatementKind, day: BusinessDay) -> Result<Fetched, CallError> {
        let bill_type = match kind {
            StatementKind::Trades => "trade",
            StatementKind::FundFlow => "signcustomer",
        };
        let content = BillContent { bill_type, bill_date: day.to_string() };
        let call = Call::new("alipay.data.dataservice.bill.downloadurl.query", Kind::Plain, &content)?;
        let answer: BillAnswer = match self.ask(&call).await {
            Ok(answer) => answer,
            Err(failure) => return absence(&failure, day, self.clock.now()).ok_or(failure.error),
        };
        let packed = self.download(&answer.bill_download_url).await?;
        let entries = text::unzip(&packed, LARGEST_UNPACKED_BYTES)
            .map_err(|error| download::torn(format!("the bill {error}")))?;
        let (detail, summary) = halves(entries, kind);
        let detail = detail.ok_or_else(|| download::torn("the archive holds no detail file".to_owned()))?;
        match summary {
            Some(summary) => summary::check(kind, &summary, &detail, &self.seller_id)
                .map_err(|error| download::torn(error.to_string()))?,
            // The detail has totals of its own, so a bill is not refused for it.
            None => tracing::warn!(file = %detail.name, "the archive holds no summary of the bill"),
        }
        Ok(Fetched::File(detail))
    }

    fn trade_layout(&self) -> &'static str {
        ""
    }

    fn parse_trades(
        &self,
        file: &StatementFile,
        each: &mut dyn FnMut(StatementLine<'_>),
    ) -> Result<StatementTotals, StatementError> {
        trades::parse(file, &self.seller_id, each)
    }

    fn parse_fund_flow(&self, file: &StatementFile) -> Result<Vec<FundFlowLine>, StatementError> {
        fund_flow::parse(file, &self.seller_id)
    }
}

/// Detail and summary. Names are GBK without saying so and come in either order; what a member is, its first line says.
fn halves(entries: Vec<ArchiveEntry>, kind: StatementKind) -> (Option<StatementFile>, Option<StatementFile>) {
    let (detail_title, summary_title) = match kind {
        StatementKind::Trades => (trades::TITLE, summary::TRADES_TITLE),
        StatementKind::FundFlow => (fund_flow::TITLE, summary::FUND_FLOW_TITLE),
    };
    let (mut detail, mut summary) = (None, None);
    for entry in entries {
        let title = text::lines(&entry.bytes).next().and_then(|(_, line)| text::decode_gbk(line).ok());
        let half = match title.as_deref().map(str::trim) {
            Some(title) if title == detail_title => &mut detail,
            Some(title) if title == summary_title => &mut summary,
            _ => continue,
        };
        *half = Some(StatementFile { name: entry.name, bytes: entry.bytes });
    }
    (detail, summary)
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
