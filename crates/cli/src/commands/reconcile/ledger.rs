//! `mingfen reconcile ledger`: what HIS's ledger says of a day, for whoever writes its query.

use super::installed::{gateway, parse_day};
use crate::arguments::ReconcileLedger;
use crate::exit::Exit;
use crate::screen::{Screen, Tone, right};
use comfy_table::Cell;
use mingfen_config::Sources;
use mingfen_domain::Fen;
use mingfen_gateway::service::reconciliation::{LedgerLook, look_at_ledger};
use mingfen_his::ledger::{LedgerDay, LedgerSum};
use mingfen_his::sql_view::QueryColumns;
use mingfen_his::{LedgerKind, LedgerRow};
use serde_json::{Value, json};
use std::path::Path;

pub async fn run(sources: &Sources, options: &ReconcileLedger, screen: &mut Screen) -> anyhow::Result<Exit> {
    let day = parse_day(&options.day)?;
    let gateway = gateway(sources).await?;
    Ok(match look_at_ledger(&gateway, day, options.rows.into()).await {
        Err(error) => super::refused(&error.to_string(), options.json, screen),
        Ok(LedgerLook::File(path)) => of_file(&path, options.json, screen),
        Ok(LedgerLook::Asked { columns, day, first }) => {
            if options.json {
                screen.json(&as_json(columns.as_ref(), &day, &first));
            } else {
                tell(columns.as_ref(), &day, &first, screen);
            }
            Exit::Done
        }
    })
}

fn of_file(path: &Path, json: bool, screen: &mut Screen) -> Exit {
    let shown = path.display();
    if !path.exists() {
        let problem = format!("HIS's ledger of the day is not there: {shown}");
        return super::refused(&problem, json, screen);
    }
    if json {
        screen.json(&json!({ "file": path }));
    } else {
        screen.line(format!("HIS 写文件：{shown} 已在。看它会怎样读：mingfen reconcile guess {shown}"));
    }
    Exit::Done
}

fn tell(columns: Option<&QueryColumns>, day: &LedgerDay, first: &[LedgerRow], screen: &mut Screen) {
    if let Some(QueryColumns { absent, ignored }) = columns {
        if !absent.is_empty() {
            screen.line(format!("查询没有这些列（可以没有）：{}", absent.join("、")));
        }
        if !ignored.is_empty() {
            let told = format!("查询多出这些列，不会读：{}；是不是写错了列名？", ignored.join("、"));
            let told = screen.toned(Tone::Bad, &told);
            screen.line(told);
        }
    }
    let sum = |LedgerSum { rows, total }: LedgerSum| format!("{rows} 笔 {} 元", total.to_yuan_grouped());
    screen.line(format!("支付 {}，退费 {}", sum(day.payments), sum(day.refunds)));
    if first.is_empty() {
        return;
    }
    let mut table = screen.table(&[
        "行号",
        "类型",
        "账单号",
        "退费单号",
        "商户订单号",
        "渠道",
        "金额",
        "医保",
        "预交金",
        "记账时间",
    ]);
    for row in first {
        table.add_row(vec![
            Cell::new(&row.row_no),
            Cell::new(match row.kind {
                LedgerKind::Payment => "支付",
                LedgerKind::Refund => "退费",
            }),
            Cell::new(&row.order_no),
            Cell::new(row.refund_no.as_deref().unwrap_or("-")),
            Cell::new(&row.out_trade_no),
            Cell::new(&row.channel),
            right(row.amount.fen().to_yuan_grouped()),
            right(row.insurance.map_or_else(|| "-".to_owned(), Fen::to_yuan_grouped)),
            Cell::new(match row.deposit {
                Some(true) => "是",
                Some(false) => "否",
                None => "-",
            }),
            Cell::new(row.booked_at.to_beijing_text()),
        ]);
    }
    screen.line(table.to_string());
}

fn as_json(columns: Option<&QueryColumns>, day: &LedgerDay, first: &[LedgerRow]) -> Value {
    let sum = |LedgerSum { rows, total }: LedgerSum| json!({ "rows": rows, "total_fen": total.get() });
    let rows: Vec<Value> = first
        .iter()
        .map(|row| {
            json!({
                "row_no": row.row_no,
                "kind": match row.kind { LedgerKind::Payment => "payment", LedgerKind::Refund => "refund" },
                "order_no": row.order_no,
                "refund_no": row.refund_no,
                "slip_no": row.slip_no,
                "out_trade_no": row.out_trade_no,
                "provider_trade_no": row.provider_trade_no,
                "channel": row.channel,
                "his_order_no": row.his_order_no,
                "amount_fen": row.amount.get(),
                "insurance_fen": row.insurance.map(Fen::get),
                "deposit": row.deposit,
                "booked_at": row.booked_at.to_rfc3339(),
            })
        })
        .collect();
    json!({
        "columns": columns.map(|columns| json!({ "absent": columns.absent, "ignored": columns.ignored })),
        "payments": sum(day.payments),
        "refunds": sum(day.refunds),
        "first": rows,
    })
}
