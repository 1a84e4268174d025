//! `/`: the control page for people, in Chinese. Everything on it works without script.

use std::fmt::Write as _;

use actix_web::web::Data;
use actix_web::{HttpResponse, http::header};

use super::{alipay, presets};
use crate::Parties;
use crate::clock;
use crate::html::escape;
use crate::ledger::{Ledger, LedgerPayment, LedgerRefund};
use crate::money::yuan_grouped;
use crate::notify::{Record, RecordState};
use crate::wechat::{Merchant, Trust};

const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";
/// Rows of each table; the ledger as JSON has all.
const SHOWN: usize = 50;

/// The page.
pub(super) async fn show(parties: Data<Parties>) -> HttpResponse {
    let ledger = parties.ledger();
    let sections = [
        clock_section(&parties),
        people_section(&parties),
        alipay::people_section(&parties),
        scan_section(),
        alipay::app_section(&parties),
        faults_section(&parties),
        payments_section(&ledger),
        refunds_section(&parties, &ledger),
        notifications_section(&ledger),
        merchants_section(&parties),
        alipay::applications_section(&parties),
    ]
    .concat();
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(format!(
            r#"<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<title>模拟器控制台</title>
<link rel="stylesheet" href="/assets/tokens.css"><link rel="stylesheet" href="/assets/control.css">
</head>
<body>
<p class="tape">模拟器：微信支付、支付宝、HIS 和短信都是模拟的，不扣真钱</p>
<div class="bar"><h1>模拟器控制台</h1><nav><a href="/his">演示 HIS</a><a href="/sms">短信</a><a href="/control/ledger">账本 JSON</a><a href="/control/calls">调用记录 JSON</a></nav></div>
<main>{sections}</main>
</body>
</html>
"#
        ))
}

pub(super) fn section(wide: bool, title: &str, body: &str) -> String {
    let class = if wide { r#" class="wide""# } else { "" };
    format!("<section{class}><h2>{title}</h2>{body}</section>")
}

/// A button that posts these hidden values.
pub(super) fn button(action: &str, values: &[(&str, &str)], text: &str, class: &str) -> String {
    let mut hidden = String::new();
    for (name, value) in values {
        let _ = write!(hidden, r#"<input type="hidden" name="{name}" value="{}">"#, escape(value));
    }
    format!(
        r#"<form class="inline" method="post" action="/control/page/{action}">{hidden}<button class="{class}" type="submit">{text}</button></form>"#
    )
}

fn clock_section(parties: &Parties) -> String {
    let now_ms = parties.shared.clock.now_ms();
    let jumps = [("60", "快进 1 分"), ("900", "快进 15 分"), ("3600", "快进 1 小时"), ("86400", "快进 1 天")];
    let jumps: String =
        jumps.iter().map(|(s, text)| button("advance", &[("seconds", s)], text, "")).collect();
    section(
        false,
        "虚拟时钟",
        &format!(
            r#"<p class="big">{}</p><p class="note">所有时限（预付单、退款、通知重发、账单）都按这个时钟。</p><div class="acts">{jumps}{}</div>"#,
            clock::date_time(now_ms),
            button("pump", &[], "处理到期的事", "main"),
        ),
    )
}

fn people_section(parties: &Parties) -> String {
    let current = parties.wechat.current_user();
    let mut rows = String::new();
    for user in parties.wechat.users() {
        let action = if user.id == current {
            r#"<span class="ok">正在用手机</span>"#.to_owned()
        } else {
            button("user", &[("id", &user.id)], "换成此人", "")
        };
        let _ = write!(
            rows,
            r#"<tr><td>{}</td><td class="money">{}</td><td>{action}</td></tr>"#,
            escape(&user.name),
            yuan_grouped(user.balance_fen)
        );
    }
    section(
        false,
        "微信用户",
        &format!(r#"<table><tr><th>姓名</th><th class="money">零钱（元）</th><th></th></tr>{rows}</table>"#),
    )
}

fn scan_section() -> String {
    section(
        false,
        "扫一扫",
        r#"<p class="note">粘贴 Native 支付的 code_url，按当前用户付款。</p>
<form method="get" action="/sheet/wechat/native"><label class="grow">code_url<input name="code_url" placeholder="weixin://wxpay/bizpayurl/up?pr=…" required></label><button type="submit">扫码</button></form>"#,
    )
}

/// Calls whose rate the page can limit.
const LIMITED: &[(&str, &str)] = &[
    ("wechat.jsapi", "微信 JSAPI 下单"),
    ("wechat.native", "微信 Native 下单"),
    ("wechat.h5", "微信 H5 下单"),
    ("wechat.query", "微信查单"),
    ("wechat.close", "微信关单"),
    ("wechat.refund", "微信退款"),
    ("wechat.query_refund", "微信查退款"),
    ("wechat.certificates", "微信平台证书"),
    ("wechat.tradebill", "微信交易账单"),
    ("wechat.fundflowbill", "微信资金账单"),
];

fn faults_section(parties: &Parties) -> String {
    let mut rows = String::new();
    for numbered in parties.shared.faults.rules() {
        let rule = &numbered.rule;
        let fault = serde_json::to_string(&rule.fault).unwrap_or_default();
        let times = rule.times.map_or("一直".to_owned(), |times| times.to_string());
        let _ = write!(
            rows,
            "<tr><td><code>{}</code></td><td>{}</td><td>{times}</td><td>{}%</td><td>{}</td></tr>",
            escape(&rule.call),
            presets::name_of(&rule.call, &rule.fault)
                .map_or_else(|| format!("<code>{}</code>", escape(&fault)), str::to_owned),
            rule.percent,
            button("unfault", &[("id", &numbered.id.to_string())], "删除", "bad"),
        );
    }
    let table = if rows.is_empty() {
        r#"<p class="none">没有设故障，一切正常。</p>"#.to_owned()
    } else {
        format!(
            r#"<div class="scroll"><table><tr><th>调用</th><th>故障</th><th>剩余次数</th><th>概率</th><th></th></tr>{rows}</table></div>{}"#,
            button("clear", &[], "全部清除", "bad")
        )
    };
    let choices: String = [("wechat", "微信支付"), ("alipay", "支付宝")].iter().map(fault_form).collect();
    let limits: String = parties
        .shared
        .faults
        .limits()
        .iter()
        .map(|(call, limit)| {
            let values = [("call", call.as_str()), ("per_second", "0")];
            format!(
                r#"<p class="note"><code>{}</code> 每秒最多 {limit} 次 {}</p>"#,
                escape(call),
                button("limit", &values, "取消", "bad")
            )
        })
        .collect();
    let calls: String =
        LIMITED.iter().map(|(call, name)| format!(r#"<option value="{call}">{name}</option>"#)).collect();
    section(
        true,
        "故障",
        &format!(
            r#"{table}
{choices}<form method="post" action="/control/page/storm"><label>随机风暴<select name="provider"><option value="wechat">微信支付</option><option value="alipay">支付宝</option></select></label><label>每种概率 %<input type="number" name="percent" value="3" min="1" max="100"></label><button type="submit">开始</button><span class="note">由种子决定，可重现。</span></form>
{limits}<form method="post" action="/control/page/limit"><label>限流<select name="call">{calls}</select></label><label>每秒次数<input type="number" name="per_second" value="1" min="0" max="1000"></label><button type="submit">设定</button><span class="note">超过的调用答 429；0 为取消。</span></form>"#
        ),
    )
}

/// Each party is offered what can happen there.
fn fault_form((provider, name): &(&str, &str)) -> String {
    let options: String = presets::ALL
        .iter()
        .enumerate()
        .filter(|(_, preset)| preset.call_at(provider).is_some())
        .map(|(index, preset)| format!(r#"<option value="{index}">{}</option>"#, preset.name_at(provider)))
        .collect();
    format!(
        r#"<form method="post" action="/control/page/fault"><input type="hidden" name="provider" value="{provider}"><label>{name}要发生什么<select name="preset">{options}</select></label><label>次数<input type="number" name="times" value="1" min="1" max="1000"></label><label>概率 %<input type="number" name="percent" value="100" min="1" max="100"></label><button class="main" type="submit">添加</button></form>
"#
    )
}

fn provider_name(provider: &str) -> &'static str {
    match provider {
        "wechat" => "微信支付",
        "alipay" => "支付宝",
        _ => "其他",
    }
}

fn payments_section(ledger: &Ledger) -> String {
    let row = |payment: &LedgerPayment| {
        let action = if payment.provider == "wechat" && payment.state == "NOTPAY" {
            let values =
                [("mchid", payment.merchant.as_str()), ("out_trade_no", payment.out_trade_no.as_str())];
            button("pay", &values, "直接付款", "")
        } else if payment.provider == "alipay" {
            alipay::payment_action(payment)
        } else {
            String::new()
        };
        format!(
            r#"<tr><td>{}</td><td>{}</td><td><code>{}</code></td><td class="money">{}</td><td class="money">{}</td><td class="money">{}</td><td>{}</td><td>{action}</td></tr>"#,
            clock::date_time(payment.created_at_ms),
            provider_name(payment.provider),
            escape(&payment.out_trade_no),
            yuan_grouped(payment.amount_fen),
            yuan_grouped(payment.paid_fen),
            yuan_grouped(payment.refunded_fen),
            escape(&payment.state),
        )
    };
    let rows: String = ledger.payments.iter().rev().take(SHOWN).map(row).collect();
    let head = r#"<tr><th>下单时间</th><th>渠道</th><th>商户订单号</th><th class="money">金额</th><th class="money">实扣</th><th class="money">已退</th><th>状态</th><th></th></tr>"#;
    section(true, "支付单", &table_or_none(head, &rows, "还没有人下单。"))
}

fn refunds_section(parties: &Parties, ledger: &Ledger) -> String {
    let row = |refund: &LedgerRefund| {
        let action =
            if refund.provider == "wechat" && matches!(refund.state.as_str(), "PROCESSING" | "ABNORMAL") {
                let end = |state: &str, text: &str| {
                    let values = [
                        ("mchid", refund.merchant.as_str()),
                        ("out_refund_no", &refund.out_refund_no),
                        ("state", state),
                    ];
                    button("refund", &values, text, "")
                };
                let ends = [end("success", "到账"), end("abnormal", "异常"), end("closed", "关闭")];
                format!(r#"<div class="acts">{}</div>"#, ends.concat())
            } else if refund.provider == "alipay" {
                alipay::refund_action(parties, refund)
            } else {
                String::new()
            };
        format!(
            r#"<tr><td>{}</td><td>{}</td><td><code>{}</code></td><td><code>{}</code></td><td class="money">{}</td><td>{}</td><td>{action}</td></tr>"#,
            clock::date_time(refund.accepted_at_ms),
            provider_name(refund.provider),
            escape(&refund.out_refund_no),
            escape(&refund.out_trade_no),
            yuan_grouped(refund.amount_fen),
            escape(&refund.state),
        )
    };
    let rows: String = ledger.refunds.iter().rev().take(SHOWN).map(row).collect();
    let head = r#"<tr><th>受理时间</th><th>渠道</th><th>商户退款单号</th><th>商户订单号</th><th class="money">金额</th><th>状态</th><th></th></tr>"#;
    section(true, "退款单", &table_or_none(head, &rows, "还没有退款。"))
}

fn notifications_section(ledger: &Ledger) -> String {
    let row = |record: &Record| {
        let (class, state) = match record.state {
            RecordState::Waiting => ("wait", "等待发送"),
            RecordState::Acknowledged => ("ok", "已确认"),
            RecordState::Lost => ("wrong", "丢失"),
            RecordState::GivenUp => ("wrong", "放弃"),
        };
        let due = record.due_at_ms.map(clock::date_time).unwrap_or_default();
        let attempts: Vec<String> = record
            .attempts
            .iter()
            .map(|attempt| {
                let status = attempt.status.map_or("无应答".to_owned(), |status| status.to_string());
                let fault = attempt.fault.as_ref().map(|fault| format!("（{}）", escape(fault)));
                format!("{status}{}", fault.unwrap_or_default())
            })
            .collect();
        format!(
            r#"<tr><td><code>{}</code></td><td><code>{}</code></td><td class="{class}">{state}</td><td>{due}</td><td>{}</td></tr>"#,
            escape(&record.call),
            escape(&record.subject),
            attempts.join("、"),
        )
    };
    let rows: String = ledger.notifications.iter().rev().take(SHOWN).map(row).collect();
    let head = "<tr><th>通知</th><th>单号</th><th>状态</th><th>下次发送</th><th>各次结果</th></tr>";
    section(true, "通知", &table_or_none(head, &rows, "还没有通知。"))
}

fn table_or_none(head: &str, rows: &str, none: &str) -> String {
    if rows.is_empty() {
        return format!(r#"<p class="none">{none}</p>"#);
    }
    format!(r#"<div class="scroll"><table>{head}{rows}</table></div>"#)
}

fn merchants_section(parties: &Parties) -> String {
    let row = |merchant: &std::sync::Arc<Merchant>| {
        let trust = merchant.portal().trust;
        let option = |word: &str, text: &str, chosen: bool| {
            format!(r#"<option value="{word}"{}>{text}</option>"#, if chosen { " selected" } else { "" })
        };
        let options = [
            option("public_key", "微信支付公钥", trust == Trust::PublicKey),
            option("platform_certificate", "平台证书", trust == Trust::PlatformCertificate),
            option("both", "切换期，两者并存", matches!(trust, Trust::Both { .. })),
        ]
        .concat();
        let mchid = escape(&merchant.mchid);
        format!(
            r#"<tr><td>{}</td><td><code>{mchid}</code></td><td class="money">{}</td><td><form class="inline" method="post" action="/control/page/trust"><input type="hidden" name="mchid" value="{mchid}"><select name="trust" aria-label="验签方式">{options}</select><button type="submit">切换</button></form> {}</td></tr>"#,
            escape(&merchant.name),
            yuan_grouped(merchant.balance_fen()),
            button("rotate", &[("mchid", &merchant.mchid)], "轮换平台证书", ""),
        )
    };
    let rows: String = parties.wechat.merchants().iter().map(row).collect();
    let head = r#"<tr><th>微信商户</th><th>商户号</th><th class="money">可退余额</th><th>验签方式</th></tr>"#;
    section(true, "商户平台", &table_or_none(head, &rows, "没有商户。"))
}
