//! `/his`: what the hospital's own people look at. Works without script; every button is a form.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt::Write as _;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::moment::short;
use super::records::{ChargedBy, LedgerEntry, Records, Slip};
use super::wire::{Patient, SlipStatus};
use super::{DEMO_CARD_NO, HOSPITAL_NAME, His};
use crate::html::escape;
use crate::money::yuan_grouped;

/// The page itself loads nothing but its style sheets and shows only codes that it embeds.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Patients in the list.
const PEOPLE_SHOWN: usize = 40;

pub(super) fn configure(service: &mut web::ServiceConfig) {
    service
        .route("/his", web::get().to(show))
        .route("/his/page.css", web::get().to(style))
        .route("/his/sheet", web::get().to(sheet))
        .route("/his/do", web::post().to(act));
}

#[derive(Deserialize)]
struct View {
    #[serde(default)]
    card: Option<String>,
    #[serde(default)]
    said: Option<String>,
}

async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(include_str!("page.css"))
}

#[derive(Deserialize)]
struct Sheet {
    card: String,
    paper: String,
}

/// The sheet as the gateway makes it, to be printed; it brings its own styles and nothing else.
async fn sheet(hospital: web::Data<His>, asked: web::Query<Sheet>) -> HttpResponse {
    const SHEET_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'";
    let pushed = hospital.push_on_paper(&asked.card, &[], Some(&asked.paper)).await;
    let pushed = pushed.map_err(|failure| failure.to_string());
    match pushed.and_then(|link| link.sheet_html.ok_or_else(|| "网关没有给出缴费单".to_owned())) {
        Ok(html) => HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CONTENT_SECURITY_POLICY, SHEET_POLICY))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(html),
        Err(problem) => HttpResponse::BadGateway()
            .content_type("text/plain; charset=utf-8")
            .body(format!("打印不了缴费单：{problem}")),
    }
}

async fn show(hospital: web::Data<His>, view: web::Query<View>) -> HttpResponse {
    let card_no = view.card.as_deref().unwrap_or(DEMO_CARD_NO);
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(render(&hospital, card_no, view.said.as_deref()))
}

/// A button pressed on the page.
#[derive(Deserialize)]
struct Pressed {
    what: String,
    card: String,
    #[serde(default)]
    slip: String,
}

async fn act(hospital: web::Data<His>, pressed: web::Form<Pressed>) -> HttpResponse {
    let Pressed { what, card, slip } = pressed.into_inner();
    let now_ms = hospital.now_ms();
    let outcome = match what.as_str() {
        "cancel" => hospital.records().cancel_slip(&slip).map_err(|denial| denial.message),
        "window" => {
            let paid = hospital.records().pay_at_window(&slip, "1 号窗口", true, now_ms);
            paid.map(|_| ()).map_err(|denial| denial.message)
        }
        "deliver" => hospital.records().set_delivered(&slip, true).map_err(|denial| denial.message),
        "take-back" => hospital.records().set_delivered(&slip, false).map_err(|denial| denial.message),
        "dearer" => {
            let total_fen = hospital.records().slip(&slip).map(|slip| slip.total_fen).unwrap_or_default();
            let changed = hospital.records().change_amount(&slip, total_fen.saturating_add(500));
            changed.map_err(|denial| denial.message)
        }
        "push" => hospital.push(&card, &[]).await.map(|_| ()).map_err(|failure| failure.to_string()),
        "down" => {
            hospital.goes_down();
            Ok(())
        }
        "up" => {
            hospital.lift_trouble(None);
            Ok(())
        }
        other => Err(format!("没有这个操作：{other}")),
    };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("card", &card);
    if let Err(said) = outcome {
        query.append_pair("said", &said);
    }
    HttpResponse::SeeOther().insert_header((header::LOCATION, format!("/his?{}", query.finish()))).finish()
}

fn render(hospital: &His, card_no: &str, said: Option<&str>) -> String {
    let troubles = hospital.troubles_in_force();
    let link = hospital.link_of(card_no);
    let now_ms = hospital.now_ms();
    let records = hospital.records();
    let mut main = String::new();
    if let Some(said) = said {
        let _ = write!(main, r#"<p class="note" role="alert">{}</p>"#, escape(said));
    }
    if let Ok(patient) = records.patient(card_no) {
        main += &slips_card(&records, patient, now_ms);
        if let Some(link) = link {
            main += &link_card(&link);
        }
    } else {
        main += r#"<p class="note">没有这张就诊卡</p>"#;
    }
    main += &receipts_card(&records);
    main += &ledger_card(records.ledger());
    format!(
        r#"<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<title>医院信息系统 · 演示</title><link rel="stylesheet" href="/assets/tokens.css"><link rel="stylesheet" href="/his/page.css">
</head>
<body>
<p class="tape">演示用的医院信息系统：人和钱都是虚构的</p>
<header class="top"><span class="mark" aria-hidden="true">+</span><h1>{HOSPITAL_NAME}</h1><p>门诊收费</p>{status}</header>
<div class="frame">
<nav aria-label="患者"><ul class="people">{people}</ul></nav>
<main class="stack">{main}</main>
</div>
</body>
</html>
"#,
        status = status(&troubles, card_no),
        people = people(&records, card_no),
    )
}

fn status(troubles: &[(String, super::Trouble, Option<u32>)], card_no: &str) -> String {
    if troubles.is_empty() {
        return format!(
            r#"<span class="st st--paid">运行正常</span>{}"#,
            button("down", "停机", "bad", card_no, "")
        );
    }
    let calls: Vec<String> = troubles.iter().map(|(call, _, _)| escape(call)).collect();
    format!(
        r#"<span class="st st--bad">故障：{}</span>{}"#,
        calls.join("、").replace('*', "全部接口"),
        button("up", "恢复正常", "primary", card_no, "")
    )
}

fn button(what: &str, face: &str, class: &str, card_no: &str, slip_no: &str) -> String {
    format!(
        r#"<form method="post" action="/his/do"><input type="hidden" name="card" value="{}"><input type="hidden" name="slip" value="{}"><button class="{class}" name="what" value="{what}">{face}</button></form>"#,
        escape(card_no),
        escape(slip_no),
    )
}

/// Whom a doctor saw last, in order of card; everybody else is found by `?card=`.
fn people(records: &Records, card_no: &str) -> String {
    let mut seen: HashMap<&str, (i64, i64)> = HashMap::new();
    for slip in records.slips.values() {
        let (last_ms, owed) = seen.entry(&slip.card_no).or_default();
        *last_ms = slip.billed_at_ms.max(*last_ms);
        if slip.status == SlipStatus::Unpaid {
            *owed += slip.self_pay_fen();
        }
    }
    let of = |patient: &Patient| seen.get(patient.card_no.as_str()).copied().unwrap_or_default();
    let mut patients: Vec<&Patient> = records.patients().collect();
    patients.sort_by_key(|patient| (patient.card_no != card_no, Reverse(of(patient).0)));
    let others = patients.split_off(patients.len().min(PEOPLE_SHOWN)).len();
    patients.sort_by_key(|patient| &patient.card_no);
    let mut list = String::new();
    for patient in patients {
        let (_, owed) = of(patient);
        let owed = if owed == 0 { "无待缴".to_owned() } else { yuan_grouped(owed) };
        let current = if patient.card_no == card_no { r#" aria-current="true""# } else { "" };
        let _ = write!(
            list,
            r#"<li><a href="/his?card={card}"{current}><span><b>{name}</b><small>{card}</small></span><span class="owed">{owed}</span></a></li>"#,
            card = escape(&patient.card_no),
            name = escape(&patient.name),
        );
    }
    if others > 0 {
        let _ = write!(list, r#"<li class="quiet">另有 {others} 位患者，地址后加 ?card=卡号</li>"#);
    }
    list
}

fn slips_card(records: &Records, patient: &Patient, now_ms: i64) -> String {
    let mut slips: Vec<&Slip> = records.slips_of(&patient.card_no).collect();
    slips.sort_by_key(|slip| (slip.billed_at_ms, &slip.slip_no));
    let mut rows = String::new();
    for slip in &slips {
        rows += &slip_row(slip, records.is_locked(&slip.slip_no, now_ms));
    }
    let unpaid = slips.iter().any(|slip| slip.status == SlipStatus::Unpaid);
    let push = if unpaid {
        let papers: String = [("a5", "A5"), ("80mm", "80 mm"), ("58mm", "58 mm")]
            .iter()
            .map(|(paper, face)| {
                let card = escape(&patient.card_no);
                format!(r#" <a href="/his/sheet?card={card}&amp;paper={paper}" target="_blank" rel="noopener">{face}</a>"#)
            })
            .collect();
        let push = button("push", "推送并取缴费码", "primary", &patient.card_no, "");
        format!(r#"<span class="quiet">打印缴费单{papers}</span>{push}"#)
    } else {
        String::new()
    };
    let table = if slips.is_empty() {
        r#"<p class="empty">没有缴费单</p>"#.to_owned()
    } else {
        format!(
            r#"<div class="scroll"><table><thead><tr><th>缴费单</th><th>项目</th><th>状态</th><th class="money">应缴（元）</th><th>由哪笔收的</th><th>操作</th></tr></thead><tbody>{rows}</tbody></table></div>"#
        )
    };
    format!(
        r#"<section class="card"><div class="card__head"><h2>{name}</h2><span class="quiet">{card} · {phone} · {id}</span>{push}</div>{table}</section>"#,
        name = escape(&patient.name),
        card = escape(&patient.card_no),
        phone = escape(patient.phone.as_deref().unwrap_or("没有留手机号")),
        id = escape(patient.id_no.as_deref().unwrap_or("没有身份证号")),
    )
}

fn slip_row(slip: &Slip, locked: bool) -> String {
    let class = match slip.status {
        SlipStatus::Unpaid => "st st--unpaid",
        SlipStatus::Paid => "st st--paid",
        SlipStatus::Cancelled | SlipStatus::Refunded => "st",
    };
    let mut marks = format!(r#"<span class="{class}">{}</span>"#, slip.status.word());
    if locked {
        marks += r#" <span class="st">缴费中</span>"#;
    }
    if slip.delivered {
        marks += r#" <span class="st">已发出</span>"#;
    }
    let charged = match &slip.charge {
        None => "—".to_owned(),
        Some(charge) => {
            let by = match &charge.by {
                ChargedBy::Order(order_no) => format!(r#"<span class="code">{}</span>"#, escape(order_no)),
                ChargedBy::Window(cashier) => escape(cashier),
            };
            format!(
                r#"{by}<br><small class="quiet">{} · {}</small>"#,
                short(charge.at_ms),
                escape(&charge.receipt_no)
            )
        }
    };
    let insured = slip.pooled_fund_fen + slip.account_fen;
    let split = if insured > 0 {
        let total = yuan_grouped(slip.total_fen);
        let (fund, account) = (yuan_grouped(slip.pooled_fund_fen), yuan_grouped(slip.account_fen));
        format!(r#"<br><small class="quiet">共 {total}，统筹 {fund}，个账 {account}</small>"#)
    } else {
        String::new()
    };
    format!(
        r#"<tr><td><span class="code slip-no">{no}</span><br><small class="quiet">{billed}</small></td><td><b>{kind}</b> {title}{together}<br><small class="quiet">{department} {doctor}</small>{lines}</td><td>{marks}</td><td class="money"><b>{owed}</b>{split}</td><td>{charged}</td><td><div class="does">{does}</div></td></tr>"#,
        no = escape(&slip.slip_no),
        billed = short(slip.billed_at_ms),
        kind = slip.kind.word(),
        title = escape(&slip.title),
        together = if slip.pay_together { r#" <span class="st">须一起缴</span>"# } else { "" },
        department = escape(slip.department.as_deref().unwrap_or_default()),
        doctor = escape(slip.doctor.as_deref().unwrap_or_default()),
        lines = lines(slip),
        owed = yuan_grouped(slip.self_pay_fen()),
        does = does(slip),
    )
}

fn does(slip: &Slip) -> String {
    let press = |what, face, class| button(what, face, class, &slip.card_no, &slip.slip_no);
    match slip.status {
        SlipStatus::Unpaid => {
            press("window", "窗口收费", "")
                + &press("dearer", "加 5 元", "")
                + &press("cancel", "作废", "bad")
        }
        SlipStatus::Paid if slip.delivered => press("take-back", "收回", ""),
        SlipStatus::Paid => press("deliver", "发药／已做", ""),
        SlipStatus::Cancelled | SlipStatus::Refunded => String::new(),
    }
}

fn lines(slip: &Slip) -> String {
    let mut rows = String::new();
    for line in &slip.lines {
        let _ = write!(
            rows,
            r#"<tr><td>{name} <span class="quiet">{spec}</span></td><td class="money">{price} × {quantity} {unit}</td><td class="money">{amount}</td><td>{class}</td></tr>"#,
            name = escape(&line.name),
            spec = escape(&line.spec),
            price = escape(&line.unit_price),
            quantity = escape(&line.quantity),
            unit = escape(&line.unit),
            amount = yuan_grouped(line.amount_fen),
            class = escape(line.insurance_class.as_deref().unwrap_or_default()),
        );
    }
    format!(
        "<details><summary>明细 {} 项</summary><table><tbody>{rows}</tbody></table></details>",
        slip.lines.len()
    )
}

fn link_card(link: &super::PushedLink) -> String {
    let image = link
        .image()
        .map(|address| format!(r#"<img src="{}" alt="缴费二维码">"#, escape(&address)))
        .unwrap_or_default();
    format!(
        r#"<section class="card"><div class="card__head"><h2>缴费码</h2><span class="quiet">有效到 {until}</span></div><div class="qr">{image}<p>微信、支付宝扫码缴费。在这台电脑上也可以直接打开：<br><a class="code" href="{link}">{link}</a></p></div></section>"#,
        until = escape(&link.expires_at),
        link = escape(&link.link),
    )
}

fn receipts_card(records: &Records) -> String {
    let mut rows = String::new();
    for booking in records.bookings().into_iter().rev().take(200) {
        let refunded = records.refunded_fen(&booking.order_no);
        let state = match refunded {
            0 => r#"<span class="st st--paid">已入账</span>"#.to_owned(),
            all if all == booking.total_fen => r#"<span class="st">已全退</span>"#.to_owned(),
            part => format!(r#"<span class="st st--unpaid">已退 {}</span>"#, yuan_grouped(part)),
        };
        let channels: Vec<String> = booking
            .tenders
            .iter()
            .map(|tender| format!("{} {}", tender.channel, tender.provider_trade_no))
            .collect();
        let slips: Vec<&str> = booking.slips.iter().map(|paid| paid.slip_no.as_str()).collect();
        let _ = write!(
            rows,
            r#"<tr><td class="code">{receipt}</td><td class="code">{order}</td><td class="code">{slips}</td><td class="code">{channels}</td><td class="money">{total}</td><td>{state}</td><td>{at}</td></tr>"#,
            receipt = escape(&booking.receipt_no),
            order = escape(&booking.order_no),
            slips = escape(&slips.join(" ")),
            channels = escape(&channels.join(" ")),
            total = yuan_grouped(booking.total_fen),
            at = short(booking.booked_at_ms),
        );
    }
    section(
        "扫码缴费收据",
        "网关回写的缴费，最新在前",
        r#"<th>收据</th><th>网关订单</th><th>缴费单</th><th>渠道与交易号</th><th class="money">金额（元）</th><th>状态</th><th>入账</th>"#,
        &rows,
    )
}

fn ledger_card(ledger: &[LedgerEntry]) -> String {
    let mut rows = String::new();
    for entry in ledger.iter().rev().take(200) {
        let row = &entry.row;
        let (word, sign) = if row.kind == "refund" { ("退费", "−") } else { ("收费", "") };
        let _ = write!(
            rows,
            r#"<tr><td class="code">{no}</td><td>{word}</td><td class="code">{slip}</td><td class="code">{order}</td><td>{channel}</td><td class="money">{sign}{amount}</td><td>{at}</td></tr>"#,
            no = escape(&row.row_no),
            slip = escape(row.slip_no.as_deref().unwrap_or("—")),
            order = escape(row.refund_no.as_deref().unwrap_or(&row.order_no)),
            channel = escape(&row.channel),
            amount = yuan_grouped(row.amount_fen),
            at = short(entry.booked_at_ms),
        );
    }
    section(
        "收费台账",
        "窗口收的也在内",
        r#"<th>行号</th><th>类别</th><th>缴费单</th><th>订单或退单</th><th>渠道</th><th class="money">金额（元）</th><th>入账</th>"#,
        &rows,
    )
}

fn section(title: &str, says: &str, head: &str, rows: &str) -> String {
    let body = if rows.is_empty() {
        r#"<p class="empty">还没有</p>"#.to_owned()
    } else {
        format!(
            r#"<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"#
        )
    };
    format!(
        r#"<section class="card"><div class="card__head"><h2>{title}</h2><span class="quiet">{says}</span></div>{body}</section>"#
    )
}
