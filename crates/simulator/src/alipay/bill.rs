//! Bills: the link that dies in thirty seconds, and the archive behind it.
//!
//! # Source
//! Protocol page section 10; `bill/trade.rs` and `bill/account.rs` write the two kinds of file.

mod account;
mod trade;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::Alipay;
use super::credentials::Application;
use super::form::Content;
use super::gate::Outcome;
use super::refusal::Refusal;
use super::trade::Trade;
use super::zip::{self, Member};
use crate::clock::{self, DAY_MS, SECOND_MS};
use crate::faults::{Fault, Stage, copies, of_day};
use crate::wire::carry_out;

/// How long a link lives.
const LINK_LIFE_MS: i64 = 30 * SECOND_MS;
/// A day's bill is ready at nine the next morning.
const READY_AFTER_MS: i64 = 9 * 3_600 * SECOND_MS;

/// Which file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BillType {
    /// `trade`
    Trade,
    /// `signcustomer`
    Account,
}

/// What a link leads to.
#[derive(Debug, Clone)]
pub(super) struct BillLink {
    pid: String,
    bill_type: BillType,
    period: Period,
    made_at_ms: i64,
}

/// A day or a month.
#[derive(Debug, Clone)]
struct Period {
    /// `20260305` or `202603`.
    compact: String,
    from_ms: i64,
    until_ms: i64,
}

impl Period {
    fn of(bill_date: &str) -> Option<Self> {
        let compact = bill_date.replace('-', "");
        if let Some(from_ms) = clock::start_of_day_ms(bill_date) {
            return Some(Period { compact, from_ms, until_ms: from_ms + DAY_MS });
        }
        let from_ms = clock::start_of_day_ms(&format!("{bill_date}-01"))?;
        let next_month = (28..=31)
            .filter_map(|days| clock::start_of_day_ms(&clock::day(from_ms + days * DAY_MS)))
            .find(|at_ms| clock::day(*at_ms).ends_with("-01"))?;
        Some(Period { compact, from_ms, until_ms: next_month })
    }

    /// The call as rules name it: the day of a monthly bill is its first.
    fn call(&self) -> String {
        of_day("alipay.bill_download", &clock::day(self.from_ms))
    }

    fn holds(&self, at_ms: i64) -> bool {
        (self.from_ms..self.until_ms).contains(&at_ms)
    }
}

/// Money that moved: a payment, or a refund of one.
#[derive(Clone)]
struct Movement {
    trade: Trade,
    /// The refund's number; nothing for the payment itself.
    out_request_no: Option<String>,
    /// Always positive.
    amount_fen: i64,
    at_ms: i64,
    buyer: String,
    /// What a refund gives back of it: a question that no source settles.
    gives_fee_back: bool,
}

impl Movement {
    /// The merchant's number of it.
    fn number(&self) -> &str {
        self.out_request_no.as_deref().unwrap_or(&self.trade.out_trade_no)
    }

    /// Negative for refunds.
    fn signed_fen(&self) -> i64 {
        if self.out_request_no.is_some() { -self.amount_fen } else { self.amount_fen }
    }

    /// 0.6 %, rounded half up; negative where the merchant pays it, positive where he gets it back.
    fn fee_fen(&self) -> i64 {
        let fee_fen = (self.amount_fen * 6 + 500) / 1_000;
        match (self.out_request_no.is_some(), self.gives_fee_back) {
            (false, _) => -fee_fen,
            (true, true) => fee_fen,
            (true, false) => 0,
        }
    }
}

impl Alipay {
    /// `alipay.data.dataservice.bill.downloadurl.query`
    pub(super) fn bill_url(&self, application: &Application, content: &Content) -> Outcome {
        let invalid = || Refusal::business("isv.invalid_arguments", "参数不合法");
        let bill_type = match content.required("bill_type", 20)?.as_str() {
            "trade" => BillType::Trade,
            "signcustomer" => BillType::Account,
            _ => return Err(invalid()),
        };
        let period = Period::of(&content.required("bill_date", 15)?).ok_or_else(invalid)?;
        let now_ms = self.shared.clock.now_ms();
        let earliest_ms = clock::start_of_day_ms("2016-01-01").unwrap_or_default();
        if now_ms < period.until_ms || period.from_ms < earliest_ms {
            return Err(invalid());
        }
        let missing = || Refusal::business("isp.bill_not_exist", "账单不存在");
        if now_ms < period.until_ms + READY_AFTER_MS || self.movements(&application.pid, &period).is_empty() {
            return Err(missing());
        }
        if self.shared.faults.take(&period.call(), Stage::Making).is_some() {
            // "There is none" would be said of a day without movements, too.
            return Err(Refusal::business("isp.unknow-error", "系统繁忙"));
        }
        let user = format!("{}0156", application.pid);
        let token = self.shared.random.hex(24);
        let kind = if bill_type == BillType::Trade { "trade" } else { "signcustomer" };
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("bizType", kind)
            .append_pair("userId", &user)
            .append_pair("fileType", "csv.zip")
            .append_pair("bizDates", &period.compact)
            .append_pair("downloadFileName", &format!("{user}_{}.csv.zip", period.compact))
            .append_pair("fileId", &format!("/{kind}/{token}"))
            .finish();
        let link = BillLink { pid: application.pid.clone(), bill_type, period, made_at_ms: now_ms };
        self.state().bill_links.insert(format!("/{kind}/{token}"), link);
        let address = format!("{}/alipay/downloadBillFile.resource?{query}", self.shared.base_url);
        Ok(vec![("bill_download_url", json!(address))])
    }

    /// A merchant's movements in a period, in order of time, with what the fault plan does to them.
    fn movements(&self, pid: &str, period: &Period) -> Vec<Movement> {
        let state = self.state();
        let quirks = state.quirks;
        let mut all = Vec::new();
        let billed = |trade: &&Trade| {
            trade.pid == pid && (quirks.cancelled_payments_are_billed || trade.cancelled.is_none())
        };
        for trade in state.book.all().iter().filter(billed) {
            let buyer = trade.buyer.as_ref().and_then(|user_id| state.buyers.get(user_id));
            let buyer = buyer.map(|buyer| format!("{}({})", buyer.name, buyer.logon_id)).unwrap_or_default();
            let movement = |out_request_no, amount_fen, at_ms| Movement {
                trade: trade.clone(),
                out_request_no,
                amount_fen,
                at_ms,
                buyer: buyer.clone(),
                gives_fee_back: quirks.refunds_give_the_fee_back,
            };
            all.extend(trade.paid_at_ms.map(|at_ms| movement(None, trade.total_fen, at_ms)));
            all.extend(trade.refunds.iter().filter_map(|refund| {
                Some(movement(Some(refund.out_request_no.clone()), refund.amount_fen, refund.done_at_ms()?))
            }));
        }
        all.retain(|movement| period.holds(movement.at_ms));
        all.sort_by_key(|movement| (movement.at_ms, movement.out_request_no.is_some()));
        all
    }

    fn archive(&self, link: &BillLink) -> std::io::Result<Vec<u8>> {
        let mut movements = self.movements(&link.pid, &link.period);
        let fault = self.shared.faults.take(&link.period.call(), Stage::Statement);
        let true_movements = movements.clone();
        damage(&mut movements, fault.as_ref());
        let now_ms = self.shared.clock.now_ms();
        let user = format!("{}0156", link.pid);
        let head = Head { user: &user, period: &link.period, made_at_ms: now_ms };
        let wide = fault == Some(Fault::StatementColumns);
        // Every other damage is one that agrees with itself.
        let summed = match fault {
            Some(Fault::StatementSummary) => true_movements.get(1..).unwrap_or_default(),
            _ => &movements,
        };
        let (name, mut detail, summary) = match link.bill_type {
            BillType::Trade => {
                ("业务明细", trade::detail(&head, &movements, wide), trade::summary(&head, summed))
            }
            BillType::Account => {
                ("账务明细", account::detail(&head, &movements), account::summary(&head, summed))
            }
        };
        if fault == Some(Fault::StatementRowDamaged) {
            detail = cut_first_row(&detail, link.bill_type);
        }
        let with_cr = self.quirks().bill_lines_end_with_cr;
        let member = |suffix: &str, text: &str| Member {
            name: gbk(&format!("{user}_{}_{name}{suffix}.csv", link.period.compact)),
            content: if with_cr { gbk(text) } else { gbk(&text.replace("\r\n", "\n")) },
        };
        let mut members = vec![member("", &detail), member("(汇总)", &summary)];
        super::envelope::shuffle(&self.shared.random, &mut members);
        let mut archive = zip::pack(&members)?;
        if fault == Some(Fault::StatementHash) {
            archive.truncate(archive.len() / 2);
        }
        Ok(archive)
    }
}

/// What the first lines of every file tell.
struct Head<'bill> {
    user: &'bill str,
    period: &'bill Period,
    made_at_ms: i64,
}

impl Head<'_> {
    fn lines(&self, title: &str) -> String {
        format!(
            "#{title}\r\n#账号：[{}]\r\n#起始日期：[{}]   终止日期：[{}]\r\n",
            self.user,
            long_date(self.period.from_ms),
            long_date(self.period.until_ms)
        )
    }

    fn made_at(&self) -> String {
        format!("#导出时间：[{}]\r\n", long_date(self.made_at_ms))
    }
}

/// `2026年03月05日 00:00:00`
fn long_date(at_ms: i64) -> String {
    let format = time::macros::format_description!("[year]年[month]月[day]日 [hour]:[minute]:[second]");
    clock::beijing(at_ms).format(format).unwrap_or_default()
}

fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GBK.encode(text).0.into_owned()
}

fn damage(movements: &mut Vec<Movement>, fault: Option<&Fault>) {
    match fault {
        Some(Fault::StatementRowMissing) if !movements.is_empty() => drop(movements.remove(0)),
        Some(Fault::StatementRowExtra) => {
            if let Some(mut extra) = movements.first().cloned() {
                extra.trade.out_trade_no = "NOBODY00000000000001".to_owned();
                extra.trade.trade_no = "2026010122001499999999999999".to_owned();
                movements.push(extra);
            }
        }
        Some(Fault::StatementRows { missing, doubled }) => {
            let whole = std::mem::take(movements);
            for movement in whole {
                let times = copies(movement.number(), missing, doubled);
                movements.extend(std::iter::repeat_n(movement, times));
            }
        }
        Some(Fault::StatementAmount { delta_fen }) => {
            if let Some(first) = movements.first_mut() {
                first.amount_fen = first.amount_fen.saturating_add(*delta_fen);
            }
        }
        // Bills quote nothing: the column after it moves, and so do all others.
        Some(Fault::StatementComma) => {
            if let Some(first) = movements.first_mut() {
                first.trade.subject = format!("{},二楼", first.trade.subject);
            }
        }
        _ => {}
    }
}

/// Cuts the first row in the middle; what follows stays.
fn cut_first_row(detail: &str, bill_type: BillType) -> String {
    let header = match bill_type {
        BillType::Trade => trade::COLUMNS,
        BillType::Account => account::COLUMNS,
    };
    let Some((before, rows)) = detail.split_once(&format!("{header}\r\n")) else { return detail.to_owned() };
    let (first, rest) = rows.split_once("\r\n").unwrap_or((rows, ""));
    let half: String = first.chars().take(first.chars().count() / 2).collect();
    format!("{before}{header}\r\n{half}\r\n{rest}")
}

pub(super) fn configure(service: &mut web::ServiceConfig) {
    service.route("/alipay/downloadBillFile.resource", web::get().to(download));
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(rename = "fileId")]
    file_id: String,
    /// Set on the address to which the first one leads.
    #[serde(default)]
    redirected: bool,
}

async fn download(
    alipay: web::Data<Alipay>,
    request: HttpRequest,
    wanted: web::Query<Wanted>,
) -> HttpResponse {
    let refusal = |status| {
        let status = actix_web::http::StatusCode::from_u16(status);
        HttpResponse::build(status.unwrap_or(actix_web::http::StatusCode::BAD_GATEWAY)).finish()
    };
    if alipay.quirks().bill_addresses_redirect && !wanted.redirected {
        let further = format!("{}?{}&redirected=true", request.path(), request.query_string());
        return HttpResponse::Found().insert_header(("Location", further)).finish();
    }
    let effect = async {
        let link = alipay.state().bill_links.get(&wanted.file_id).cloned();
        let now_ms = alipay.shared.clock.now_ms();
        let alive = link.filter(|link| now_ms <= link.made_at_ms.saturating_add(LINK_LIFE_MS));
        match alive.map(|link| alipay.archive(&link)) {
            Some(Ok(archive)) => HttpResponse::Ok().content_type("application/octet-stream").body(archive),
            _ => HttpResponse::Ok()
                .content_type("text/html;charset=GBK")
                .body(gbk("<html><head><title>支付宝</title></head><body>下载链接已失效</body></html>")),
        }
    };
    carry_out(&alipay.shared, &request, "alipay.bill_download", refusal, effect).await
}
