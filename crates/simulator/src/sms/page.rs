//! `/sms`: the messages as their receivers see them, one phone for each number.
//!
//! A template that it does not know is shown with its parameters, name by name.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use super::{SentMessage, Sms};
use crate::clock;
use crate::html::escape;

const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The latest so many.
const MESSAGES_SHOWN: usize = 200;

pub(super) fn configure(service: &mut web::ServiceConfig) {
    service.route("/sms", web::get().to(show)).route("/sms/page.css", web::get().to(style));
}

async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(include_str!("page.css"))
}

async fn show(sms: web::Data<Sms>) -> HttpResponse {
    let mut phones: BTreeMap<String, Vec<SentMessage>> = BTreeMap::new();
    let sent = sms.sent();
    let older = sent.len().saturating_sub(MESSAGES_SHOWN);
    for message in sent.into_iter().skip(older) {
        phones.entry(message.phone.clone()).or_default().push(message);
    }
    let shown = match phones.is_empty() {
        true => r#"<p class="none">还没有短信。患者缴费成功或退费到账后，短信会出现在这里。</p>"#.to_owned(),
        false => phones.iter().map(|(number, messages)| phone(number, messages)).collect(),
    };
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(format!(
            r#"<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<title>短信 · 演示</title><link rel="stylesheet" href="/assets/tokens.css"><link rel="stylesheet" href="/sms/page.css">
</head>
<body>
<p class="tape">模拟短信：没有真的发出</p>
<main>{shown}</main>
</body>
</html>
"#
        ))
}

fn phone(number: &str, messages: &[SentMessage]) -> String {
    let mut list = String::new();
    for message in messages.iter().rev() {
        let _ = write!(
            list,
            r#"<li><p class="when">{when}</p><p class="text">{text}</p><p class="from">{template} · {id}</p></li>"#,
            when = clock::date_time(message.sent_at_ms),
            text = escape(&text(message)),
            template = escape(&message.template),
            id = escape(&message.message_id),
        );
    }
    format!(
        r#"<section class="phone"><header><h2>{}</h2><p>{} 条短信，最新在前</p></header><ol>{list}</ol></section>"#,
        escape(number),
        messages.len(),
    )
}

/// The text as the patient reads it: an approved template is a sentence in Chinese and one in English, and `{name}` in it
/// is a parameter.
fn text(message: &SentMessage) -> String {
    let sentences = TEMPLATES.iter().find(|(template, ..)| *template == message.template);
    let signature = crate::his::HOSPITAL_NAME;
    match (message.params.get("text"), sentences) {
        (Some(text), _) => format!("【{signature}】{text}"),
        (None, Some((_, chinese, english))) => {
            format!("【{signature}】{}\n{}", filled(chinese, message), filled(english, message))
        }
        (None, None) => {
            let parts: Vec<String> =
                message.params.iter().map(|(name, value)| format!("{name}：{value}")).collect();
            format!("【{signature}】{}", parts.join("\n"))
        }
    }
}

/// The texts that an operator would have had approved, by template.
const TEMPLATES: [(&str, &str, &str); 4] = [
    (
        "paid",
        "您已缴费 {amount} 元，凭证号 {voucher}。再扫一次缴费单上的码，可以看接下来去哪里和收据。",
        "You paid CNY {amount}, voucher {voucher}. Scan the code on the fee slip again to see where to go next and the receipt.",
    ),
    (
        "refunded",
        "已退回给您 {amount} 元，原路退到付款的账户。银行卡一般 1–3 个工作日到账。",
        "CNY {amount} went back to the account that paid. Bank cards take 1–3 working days.",
    ),
    (
        "refund_delayed",
        "退给您的 {amount} 元没能退到付款的账户，钱没有丢。我们正在人工处理，会联系您。",
        "Your refund of CNY {amount} could not reach the account that paid. It is not lost; our staff will contact you.",
    ),
    (
        "reconciliation_differs",
        "{day} 对账有 {differences} 笔差异待处理，请到财务工作台查看。",
        "The reconciliation of {day} has {differences} open differences; see the finance workbench.",
    ),
];

/// A parameter that is missing stays visible as its name.
fn filled(sentence: &str, message: &SentMessage) -> String {
    let mut text = sentence.to_owned();
    for (name, value) in &message.params {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text
}
