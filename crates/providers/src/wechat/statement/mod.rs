//! Bills (对账单): fetched, checked against their hash, read by column name.
//!
//! # Source
//! Section 8.

mod fund_flow;
mod table;
mod trades;

use super::Wechat;
use super::error::{Asked, Meaning, sort};
use super::wire::Failure;
use crate::arriving::{self, Arriving};
use crate::http::{Body, Method};
use crate::text::{self, Lines};
use async_trait::async_trait;
use mingfen_domain::BusinessDay;
use mingfen_domain::fund_flow::FundFlowKind;
use mingfen_provider_api::CallError;
use mingfen_provider_api::statement::{
    Fetched, FundFlowLine, FundFlowTotals, StatementError, StatementFile, StatementKind, StatementLine,
    StatementTotals, Statements, TradeTable,
};
use serde::Deserialize;
use sha1::{Digest, Sha1};
use std::io::{BufRead, BufReader};
use std::path::Path;
use url::Url;

/// A million rows a day have about 280 MB.
const FILE_LIMIT_BYTES: u64 = 1 << 30;
const DOWNLOAD_LIMIT_BYTES: u64 = 256 << 20;

/// Bills are made from nine in the morning on, and are to be fetched from ten.
const READY_SECONDS_INTO_THE_NEXT_DAY: i64 = 10 * 3600;

#[derive(Deserialize)]
struct BillAnswer {
    hash_type: String,
    hash_value: String,
    download_url: String,
}

#[async_trait]
impl Statements for Wechat {
    async fn fetch(
        &self,
        kind: StatementKind,
        day: BusinessDay,
        directory: &Path,
    ) -> Result<Fetched, CallError> {
        let (path, word) = match kind {
            StatementKind::Trades => {
                (format!("/v3/bill/tradebill?bill_date={day}&bill_type=ALL&tar_type=GZIP"), "trades")
            }
            StatementKind::FundFlow => (
                format!("/v3/bill/fundflowbill?bill_date={day}&account_type=BASIC&tar_type=GZIP"),
                "fund-flow",
            ),
        };
        let answer: BillAnswer = match self.wire.get::<BillAnswer>(&path).await {
            Ok(answer) => {
                tracing::debug!(statement.day = %day, provider.request_id = %answer.request_id, "a bill was announced");
                answer.said
            }
            Err(Failure::Answered(answer)) if sort(Asked::Bill, &answer) == Meaning::Missing => {
                // Before the bills are made, "there is none" only says that it is too early (section 8.1).
                let ready_at = day.end().plus_seconds(READY_SECONDS_INTO_THE_NEXT_DAY);
                return Ok(if self.now() < ready_at { Fetched::NotYet } else { Fetched::NothingThatDay });
            }
            Err(Failure::Answered(answer)) if answer.plain_code() == "STATEMENTCREATING" => {
                return Ok(Fetched::NotYet);
            }
            Err(failure) => return Err(failure.into_call_error(Asked::Bill)),
        };
        let name = format!("wechat-{}-{word}-{day}.csv", self.wire.mchid);
        Ok(Fetched::File(self.download(&answer, directory, name).await?))
    }

    fn trade_layout(&self) -> &'static str {
        super::TRADE_BILL_LAYOUT
    }

    fn trade_table(&self, file: &Path, _: &Path) -> Result<TradeTable, StatementError> {
        Ok(TradeTable { path: file.to_owned(), first_line: 1 })
    }

    fn parse_trades(
        &self,
        file: &Path,
        each: &mut dyn FnMut(StatementLine<'_>),
    ) -> Result<StatementTotals, StatementError> {
        let (name, reader) = text::open(file)?;
        trades::parse(Lines::new(&name, reader), Some(&self.wire.mchid), each)
    }

    fn parse_fund_flow(
        &self,
        file: &Path,
        each: &mut dyn FnMut(FundFlowLine<'_>),
    ) -> Result<FundFlowTotals, StatementError> {
        let (name, reader) = text::open(file)?;
        fund_flow::parse(Lines::new(&name, reader), each)
    }

    fn fund_flow_words(&self) -> &'static [(&'static str, FundFlowKind)] {
        fund_flow::WORDS
    }
}

/// What a file of WeChat Pay's is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bill {
    /// 交易账单 of the type ALL.
    Trades,
    /// 交易账单 of the type SUCCESS: payments alone.
    Payments,
    /// 交易账单 of the type REFUND: refunds alone.
    Refunds,
    /// 资金账单.
    FundFlow,
}

/// What a file that begins with these bytes is, by its headings; whoever saved it again in another encoding is understood.
pub fn bill_of(bytes: &[u8]) -> Option<Bill> {
    let line = text::first_line(bytes);
    let line = line.get(..line.len().min(2000))?;
    let header = text::decode(line).ok()?;
    let names: Vec<&str> = header.split(',').map(|name| name.trim().trim_start_matches('`')).collect();
    let has = |wanted: &[&str]| names.iter().filter(|name| wanted.contains(name)).count();
    let trades = ["交易时间", "公众账号ID", "微信订单号", "商户订单号", "交易状态", "付款银行", "货币种类"];
    if has(&["资金流水单号", "收支类型", "业务凭证号", "记账时间"]) >= 2 {
        Some(Bill::FundFlow)
    } else if has(&trades) < 3 {
        None
    } else if has(&["退款申请时间", "退款成功时间"]) > 0 {
        Some(Bill::Refunds)
    } else if has(&["微信退款单号", "商户退款单号", "退款金额", "退款状态"]) > 0 {
        Some(Bill::Trades)
    } else {
        Some(Bill::Payments)
    }
}

/// Reads a trade bill of whatever merchant; otherwise as [`Statements::parse_trades`].
///
/// # Errors
/// With line and cause.
pub fn read_trades<R: BufRead>(
    lines: Lines<'_, R>,
    each: &mut dyn FnMut(StatementLine<'_>),
) -> Result<StatementTotals, StatementError> {
    trades::parse(lines, None, each)
}

/// Reads a fund-flow bill.
///
/// # Errors
/// With line and cause.
pub fn read_fund_flow<R: BufRead>(
    lines: Lines<'_, R>,
    each: &mut dyn FnMut(FundFlowLine<'_>),
) -> Result<FundFlowTotals, StatementError> {
    fund_flow::parse(lines, each)
}

impl Wechat {
    /// The download is not signed; what proves it is the hash in the signed answer, over the unpacked bytes.
    async fn download(
        &self,
        bill: &BillAnswer,
        directory: &Path,
        name: String,
    ) -> Result<StatementFile, CallError> {
        let in_doubt = |cause: &str| CallError::InDoubt(cause.to_owned());
        let mut url = Url::parse(&bill.download_url)
            .map_err(|_| in_doubt("the bill's download_url is not an address"))?;
        if let Some(base) = &self.bill_base_url {
            base.take_over(&mut url)?;
        }
        let request = self.wire.signed(Method::GET, url, None)?;
        let answer = self.wire.http.download(request, DOWNLOAD_LIMIT_BYTES).await?;
        if answer.status != 200 {
            return Err(CallError::Postponed {
                code: format!("HTTP {}", answer.status),
                message: "the bill could not be downloaded; ask for a new address".to_owned(),
            });
        }
        let place = directory.to_owned();
        let (file, sha1) = answer.read(move |body| unpack(body, &place)).await?;
        check_hash(bill, &sha1).map_err(in_doubt)?;
        file.keep(directory, name)
    }
}

/// Writes the body unpacked into a file; beside it the SHA-1 of what was written, in hex.
fn unpack(body: &mut Body, directory: &Path) -> Result<(Arriving, String), CallError> {
    let mut file = Arriving::begin(directory)?;
    let mut sha1 = Sha1::new();
    let unpacked =
        text::gunzip(BufReader::new(body), FILE_LIMIT_BYTES).map_err(|error| arriving::unreadable(&error))?;
    file.fill(unpacked, |piece| sha1.update(piece))?;
    Ok((file, hex::encode(sha1.finalize())))
}

fn check_hash(bill: &BillAnswer, sha1: &str) -> Result<(), &'static str> {
    if bill.hash_type != "SHA1" {
        return Err("the bill's hash is of a kind that we do not know");
    }
    if sha1.eq_ignore_ascii_case(&bill.hash_value) {
        Ok(())
    } else {
        Err("the bill does not have the hash that WeChat signed; fetch it again")
    }
}

#[cfg(test)]
mod tests;
