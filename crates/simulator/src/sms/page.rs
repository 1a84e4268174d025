//! `/sms`: the messages as their receivers see them, one phone for each number.
//!
//! The gate knows template names and parameters, not the approved texts; a template that it does not know is shown
//! with its parameters, name by name.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use super::{SentMessage, Sms};
use crate::clock;
use crate::html::escape;

const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(super) fn configure(service: &mut web::ServiceConfig) {
    service.route("/sms", web::get().to(show)).route("/sms/page.css", web::get().to(style));
}

async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(include_str!("page.css"))
}

async fn show(sms: web::Data<Sms>) -> HttpResponse {
    let mut phones: BTreeMap<String, Vec<SentMessage>> = BTreeMap::new();
    for message in sms.sent() {
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

/// A parameter named `text` is the whole text; otherwise the parameters stand below each other.
fn text(message: &SentMessage) -> String {
    if let Some(text) = message.params.get("text") {
        return format!("【{}】{text}", crate::his::HOSPITAL_NAME);
    }
    let parts: Vec<String> = message.params.iter().map(|(name, value)| format!("{name}：{value}")).collect();
    format!("【{}】{}", crate::his::HOSPITAL_NAME, parts.join("\n"))
}
