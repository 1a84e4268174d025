//! Statement files: asked for, announced with a hash, fetched once with a token that lives five minutes.
//!
//! # Source
//! WeChat Pay API v3 reference, section 8.1. The hash is over the uncompressed bytes, byte-order mark and line ends
//! included.

use std::io::Write as _;
use std::sync::Arc;

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use sha1::{Digest, Sha1};

use super::Wechat;
use super::book::BillFile;
use super::gate::{Answered, Caller, Family};
use super::refusal::Refusal;
use super::routes::query;
use crate::clock::{self, DAY_MS, SECOND_MS};
use crate::faults::{Fault, Stage, copies, of_day};
use crate::wire;

mod fund_flow;
mod trade;

const TOKEN_LIFE_MS: i64 = 5 * 60 * SECOND_MS;
/// Files are fetched from ten in the morning of the next day.
const READY_AFTER_MS: i64 = DAY_MS + 10 * 3_600 * SECOND_MS;
/// "Within three months", read as the longest three months.
const OLDEST_MS: i64 = 92 * DAY_MS;

/// Adds the routes of bills.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/v3/bill/tradebill").get(trade_bill))
        .service(web::resource("/v3/bill/fundflowbill").get(fund_flow_bill))
        .service(web::resource("/v3/billdownload/file").get(download));
}

/// A file in the grammar of section 8.2, before it becomes bytes.
pub(super) struct Sheet {
    pub(super) header: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
    pub(super) summary_header: &'static str,
    pub(super) summary: Vec<String>,
    /// Makes the summary from the rows.
    pub(super) sum_up: fn(&Sheet) -> Vec<String>,
}

impl Sheet {
    /// UTF-8 with byte-order mark, CRLF after every line, a back-tick before every field.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let line = |fields: &[String]| {
            let marked: Vec<String> = fields.iter().map(|field| format!("`{field}")).collect();
            marked.join(",")
        };
        let mut lines = vec![self.header.join(",")];
        lines.extend(self.rows.iter().map(|row| line(row)));
        lines.push(self.summary_header.to_owned());
        lines.push(line(&self.summary));
        let mut text = String::from('\u{feff}');
        for line in lines {
            text.push_str(&line);
            text.push_str("\r\n");
        }
        text.into_bytes()
    }

    /// Puts a fault of the plan into the rows. The summary then counts what is left, unless it is kept; a damaged row cannot be
    /// counted.
    fn spoil(&mut self, fault: &Fault, keep_summary: bool) {
        match fault {
            Fault::StatementRowMissing if !self.rows.is_empty() => {
                self.rows.remove(0);
            }
            Fault::StatementRowDamaged => {
                if let Some(row) = self.rows.first_mut() {
                    row.truncate(row.len() / 2);
                }
                return;
            }
            Fault::StatementRowExtra => {
                if let Some(mut extra) = self.rows.first().cloned() {
                    for name in ["微信订单号", "微信支付业务单号"] {
                        self.set(&mut extra, name, "4200009999209901010000000000");
                    }
                    for name in ["商户订单号", "业务凭证号"] {
                        self.set(&mut extra, name, "NOBODY20990101000001");
                    }
                    self.rows.push(extra);
                }
            }
            Fault::StatementRows { missing, doubled } => {
                let rows = std::mem::take(&mut self.rows);
                for row in rows {
                    let times = copies(self.number(&row), missing, doubled);
                    self.rows.extend(std::iter::repeat_n(row, times));
                }
            }
            Fault::StatementAmount { delta_fen } => {
                if let Some(mut row) = self.rows.first().cloned() {
                    for name in AMOUNTS {
                        // A payment row has nothing in the columns of refunds, and the other way round.
                        let there = self.get(&row, name).map(milli_fen).filter(|amount| *amount != 0);
                        if let Some(amount) = there {
                            self.set(
                                &mut row,
                                name,
                                &crate::money::yuan((amount / 1_000).saturating_add(*delta_fen)),
                            );
                        }
                    }
                    self.rows[0] = row;
                }
            }
            _ => {}
        }
        if !keep_summary {
            self.summary = (self.sum_up)(self);
        }
    }

    /// A column's sum in thousandths of a fen; zero when this type has no such column.
    pub(super) fn sum(&self, name: &str) -> i64 {
        self.rows.iter().filter_map(|row| self.get(row, name)).map(milli_fen).fold(0, i64::saturating_add)
    }

    pub(super) fn get<'row>(&self, row: &'row [String], name: &str) -> Option<&'row str> {
        let index = self.header.iter().position(|column| *column == name)?;
        row.get(index).map(String::as_str)
    }

    /// The merchant's number of what a row is about: the refund's, where it is one.
    fn number<'row>(&self, row: &'row [String]) -> &'row str {
        let named = |name| self.get(row, name).filter(|number| !number.is_empty() && *number != "0");
        ["商户退款单号", "商户订单号", "业务凭证号"].into_iter().find_map(named).unwrap_or_default()
    }

    fn set(&self, row: &mut [String], name: &str, value: &str) {
        let index = self.header.iter().position(|column| *column == name);
        if let Some(field) = index.and_then(|index| row.get_mut(index)) {
            *field = value.to_owned();
        }
    }
}

/// Free text as files carry it: a comma becomes backslash and space, a line end backslash and `n`.
pub(super) fn escape(text: &str) -> String {
    text.replace(',', "\\ ").replace('\n', "\\n")
}

/// Columns whose amount a fault moves.
const AMOUNTS: [&str; 5] = ["应结订单金额", "订单金额", "退款金额", "申请退款金额", "收支金额(元)"];

/// An amount of two or five decimals, as this module prints them.
fn milli_fen(text: &str) -> i64 {
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let digits: i64 = text.replace('.', "").parse().unwrap_or_default();
    if decimals == 5 { digits } else { digits.saturating_mul(1_000) }
}

/// Fees have five decimals.
pub(super) fn fee_yuan(fen: i64) -> String {
    format!("{}000", crate::money::yuan(fen))
}

async fn trade_bill(wechat: Data<Wechat>, request: HttpRequest) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    let effect = |caller: &Caller| {
        let day = wechat.bill_day(&request, "wechat.tradebill")?;
        let kind = match query(&request, "bill_type").as_deref() {
            None | Some("ALL") => trade::Kind::All,
            Some("SUCCESS") => trade::Kind::Success,
            Some("REFUND") => trade::Kind::Refund,
            Some(other) => return Err(wrong_query("bill_type", "账单类型", other)),
        };
        let made_ms = day.saturating_add(READY_AFTER_MS).min(wechat.shared().clock.now_ms());
        let sheet = trade::sheet(&wechat.book(), &caller.merchant, day, kind, made_ms);
        wechat.announce(&request, caller, &of_day("wechat.tradebill", &clock::day(day)), sheet)
    };
    wechat.admit(&request, b"", (Family::Bills, "wechat.tradebill"), effect).await
}

async fn fund_flow_bill(wechat: Data<Wechat>, request: HttpRequest) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    let effect = |caller: &Caller| {
        let day = wechat.bill_day(&request, "wechat.fundflowbill")?;
        let sheet = match query(&request, "account_type").as_deref() {
            None | Some("BASIC") => fund_flow::sheet(&wechat.book(), &caller.merchant, day),
            // Nothing ever moves in the other two accounts here.
            Some("OPERATION" | "FEES") => return Err(no_statement()),
            Some(other) => return Err(wrong_query("account_type", "资金账户类型", other)),
        };
        wechat.announce(&request, caller, &of_day("wechat.fundflowbill", &clock::day(day)), sheet)
    };
    wechat.admit(&request, b"", (Family::Bills, "wechat.fundflowbill"), effect).await
}

impl Wechat {
    /// Start of the day asked for, once its file can be had.
    fn bill_day(&self, request: &HttpRequest, call: &str) -> Result<i64, Refusal> {
        let asked = query(request, "bill_date").unwrap_or_default();
        if asked.is_empty() {
            return Err(super::fields::missing("query", "/query/bill_date", "账单日期"));
        }
        let Some(day) = clock::start_of_day_ms(&asked) else {
            return Err(wrong_query("bill_date", "账单日期", &asked));
        };
        let now_ms = self.shared().clock.now_ms();
        let age_ms = now_ms.saturating_sub(day);
        if age_ms < DAY_MS {
            return Err(Refusal::invalid_request("账单日期不能是当天或未来的日期"));
        }
        if age_ms > OLDEST_MS.saturating_add(DAY_MS) {
            return Err(Refusal::invalid_request("仅支持三个月内的账单下载申请"));
        }
        let is_early = age_ms < READY_AFTER_MS && !self.settings().bills_at_once;
        if is_early || self.shared().faults.take(&of_day(call, &asked), Stage::Making).is_some() {
            return Err(Refusal::new(400, "STATEMENT_CREATING", "账单生成中，请稍后再试"));
        }
        Ok(day)
    }

    fn announce(&self, request: &HttpRequest, caller: &Caller, call: &str, mut sheet: Sheet) -> Answered {
        if sheet.rows.is_empty() {
            return Err(no_statement());
        }
        let gzip = match query(request, "tar_type").as_deref() {
            None => false,
            Some("GZIP") => true,
            Some(other) => return Err(wrong_query("tar_type", "压缩类型", other)),
        };
        let fault = self.shared().faults.take(call, Stage::Statement);
        if let Some(fault) = &fault {
            let kept = self.shared().faults.take(call, Stage::Summary).is_some();
            sheet.spoil(fault, kept);
        }
        let plain = sheet.bytes();
        let mut hash = hex::encode(Sha1::digest(&plain));
        if fault == Some(Fault::StatementHash) {
            hash = self.shared().random.hex(40);
        }
        let bytes = if gzip { compress(&plain) } else { plain };
        let token = self.shared().random.alphanumeric(64);
        let expires_ms = self.shared().clock.now_ms().saturating_add(TOKEN_LIFE_MS);
        let file = BillFile { mchid: caller.merchant.mchid.clone(), bytes, expires_ms };
        self.book().bills.insert(token.clone(), file);
        let url = format!("{}/v3/billdownload/file?token={token}", self.shared().base_url);
        let answer = json!({ "hash_type": "SHA1", "hash_value": hash, "download_url": url });
        Ok(Some(answer.to_string().into_bytes()))
    }

    fn fetch(&self, request: &HttpRequest) -> Result<Vec<u8>, Refusal> {
        let caller = self.authenticate(request, b"", Family::Bills)?;
        let token = query(request, "token").unwrap_or_default();
        let now_ms = self.shared().clock.now_ms();
        let book = self.book();
        let file = book.bills.get(&token).filter(|file| now_ms <= file.expires_ms);
        let file = file.ok_or_else(|| Refusal::invalid_request("token已过期或无效，请重新申请账单"))?;
        if file.mchid != caller.merchant.mchid {
            return Err(Refusal::new(403, "NO_AUTH", "无权限下载该账单"));
        }
        Ok(file.bytes.clone())
    }
}

/// The one success that is not signed.
async fn download(wechat: Data<Wechat>, request: HttpRequest) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    let refuse = |refusal: &Refusal| refusal.answer(Some(wechat.request_id(refusal.internal)));
    let effect = async {
        match wechat.fetch(&request) {
            Ok(bytes) => HttpResponse::Ok().content_type("application/octet-stream").body(bytes),
            Err(refusal) => refuse(&refusal),
        }
    };
    let by_status = |status| refuse(&Refusal::of_status(status));
    wire::carry_out(wechat.shared(), &request, "wechat.billdownload", by_status, effect).await
}

fn compress(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    // Writing to memory does not fail.
    let _ = encoder.write_all(plain);
    encoder.finish().unwrap_or_default()
}

fn no_statement() -> Refusal {
    Refusal::new(400, "NO_STATEMENT_EXIST", "账单文件不存在")
}

fn wrong_query(key: &str, name: &str, value: &str) -> Refusal {
    let message = format!("输入源“/query/{key}”映射到值字段“{name}”字符串规则校验失败，格式或取值不正确");
    Refusal::at("query", value.into(), message)
}
