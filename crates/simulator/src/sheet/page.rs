//! The sheet as HTML. Hazard tape, the word 模拟 three times, no brand colours.

use actix_web::HttpResponse;
use actix_web::http::header;

use super::{DIGITS, Sitting, Wish};
use crate::html::escape;
use crate::money::{yuan, yuan_grouped};

/// Forms may be redirected to whichever page opened the sheet, so `form-action` stays open.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'";

const CROSS: &str =
    r#"<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="M6 6l12 12M18 6L6 18"/></svg>"#;
const CHEVRON: &str = r#"<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="M5.5 9l6.5 6.5L18.5 9"/></svg>"#;
const ERASE: &str = r#"<span class="sr">删除一位</span><svg viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="M8.5 5.5H20v13H8.5L3 12z"/><path d="M11.5 9.5l5 5M16.5 9.5l-5 5"/></svg>"#;

pub(super) fn sheet(id: &str, sitting: &Sitting) -> HttpResponse {
    let purchase = &sitting.purchase;
    let cells: String = (0..DIGITS)
        .map(|index| if index < sitting.entered { r#"<i class="is-full"></i>"# } else { "<i></i>" })
        .collect();
    let alert =
        sitting.alert.as_ref().map(|text| format!(r#"<p class="alert" role="alert">{}</p>"#, escape(text)));
    let body = format!(
        r#"<p class="behind" aria-hidden="true">模拟支付</p>
<main class="sheet">
<div class="sheet__head">
<a class="shut" href="/sheet/at/{id}/cancel"><span class="sr">取消付款</span>{CROSS}</a>
<h1>输入模拟支付密码</h1>
</div>
<div class="sum">
<p class="to">付给 {payee}</p>
<p class="yuan"><span>¥</span>{amount}</p>
</div>
<dl class="with"><dt>付款方式</dt><dd>模拟零钱（剩 {balance}）</dd></dl>
<p class="sr" role="status">已输入 {entered} 位，共 {DIGITS} 位</p>
<div class="cells" aria-hidden="true">{cells}</div>
{alert}<p class="hint">任意 6 位数字都行，请不要输入您的真密码</p>
<form class="pad" method="post" action="/sheet/at/{id}">
<details class="faults"{open}>
<summary>测试用：这一笔要发生什么{CHEVRON}</summary>
<ul>{wishes}</ul>
</details>
<div class="keys">{keys}</div>
</form>
</main>
<script src="/assets/sheet.js"></script>"#,
        payee = escape(&purchase.payee()),
        amount = yuan(purchase.amount_fen()),
        balance = yuan_grouped(purchase.balance_fen()),
        entered = sitting.entered,
        alert = alert.unwrap_or_default(),
        open = if sitting.wish == Wish::None { "" } else { " open" },
        wishes = wishes(sitting.wish),
        keys = keys(id),
    );
    page(purchase.app(), &body)
}

pub(super) fn told(app: &str, text: &str, back: Option<&str>) -> HttpResponse {
    let back = back.map(|back| format!(r#"<a href="{}">返回</a>"#, escape(back))).unwrap_or_default();
    let body = format!(
        r#"<p class="behind" aria-hidden="true">模拟支付</p>
<main class="sheet"><div class="sheet__head"><h1 class="told">模拟支付</h1></div>
<div class="told"><p role="alert">{}</p>{back}</div></main>"#,
        escape(text)
    );
    page(app, &body)
}

fn wishes(chosen: Wish) -> String {
    let item = |(wish, word, text): &(Wish, &str, &str)| {
        let checked = if *wish == chosen { " checked" } else { "" };
        format!(r#"<li><label><input type="radio" name="fault" value="{word}"{checked}>{text}</label></li>"#)
    };
    Wish::ALL.iter().map(item).collect()
}

fn keys(id: &str) -> String {
    let digit = |digit: u8| {
        format!(r#"<button class="key" type="submit" name="key" value="{digit}">{digit}</button>"#)
    };
    let mut keys: String = (1..=9).map(digit).collect();
    keys.push_str(&format!(r#"<a class="key key--soft" href="/sheet/at/{id}/cancel">取消</a>"#));
    keys.push_str(&digit(0));
    keys.push_str(&format!(
        r#"<button class="key key--soft" type="submit" name="key" value="back">{ERASE}</button>"#
    ));
    keys
}

fn page(app: &str, body: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .body(format!(
            r#"<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="robots" content="noindex">
<title>模拟支付 · 不扣真钱</title>
<link rel="stylesheet" href="/assets/tokens.css">
<link rel="stylesheet" href="/assets/sim.css">
</head>
<body>
<header class="tape">模拟器：不是真的{app}，不扣真钱</header>
{body}
</body>
</html>
"#
        ))
}
