//! 账务明细: what came into the merchant's account and went out of it, fees on lines of their own.
//!
//! # Source
//! Protocol page section 10.5.

use std::fmt::Write as _;

use super::{Head, Movement};
use crate::clock;
use crate::money::yuan;

pub(super) const COLUMNS: &str = "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注";
/// What is in the account when the period begins.
const OPENING_FEN: i64 = 10_000_000;

struct Entry<'movement> {
    movement: &'movement Movement,
    fen: i64,
    kind: &'static str,
    note: String,
}

/// Each movement and the fee that goes with it.
fn entries(movements: &[Movement]) -> Vec<Entry<'_>> {
    let mut all = Vec::new();
    for movement in movements {
        let refund = movement.out_request_no.is_some();
        let note = movement.out_request_no.clone().unwrap_or_else(|| movement.trade.subject.clone());
        let kind = if refund { "退款（交易退款）" } else { "在线支付" };
        let fee_fen = movement.fee_fen();
        all.push(Entry { movement, fen: movement.signed_fen(), kind, note });
        if fee_fen != 0 {
            let note = format!("服务费[{}]", movement.trade.trade_no);
            all.push(Entry { movement, fen: fee_fen, kind: "收费", note });
        }
    }
    all
}

pub(super) fn detail(head: &Head<'_>, movements: &[Movement]) -> String {
    let entries = entries(movements);
    let mut text = head.lines("支付宝账务明细查询");
    text +=
        "#-----------------------------------------账务明细列表----------------------------------------\r\n";
    text += COLUMNS;
    text += "\r\n";
    let mut balance_fen = OPENING_FEN;
    for (number, entry) in entries.iter().enumerate() {
        balance_fen = balance_fen.saturating_add(entry.fen);
        let trade = &entry.movement.trade;
        let (income, outgo) =
            if entry.fen > 0 { (yuan(entry.fen), String::new()) } else { (String::new(), yuan(entry.fen)) };
        let _ = write!(
            text,
            "{day}{number:018}\t,{trade_no}\t,{out_trade_no}\t,{subject},{at},{buyer},{income},{outgo},{balance},支付宝,{kind},{note}\r\n",
            day = head.period.compact,
            trade_no = trade.trade_no,
            out_trade_no = trade.out_trade_no,
            subject = trade.subject,
            at = clock::date_time(entry.movement.at_ms),
            buyer = entry.movement.buyer,
            balance = yuan(balance_fen),
            kind = entry.kind,
            note = entry.note,
        );
    }
    text +=
        "#-----------------------------------------账务明细列表结束------------------------------------\r\n";
    text += &totals(&entries);
    text + &head.made_at()
}

fn totals(entries: &[Entry<'_>]) -> String {
    let sum = |income: bool| {
        let chosen = entries.iter().filter(|entry| (entry.fen > 0) == income);
        chosen.fold((0_u64, 0_i64), |(count, fen), entry| (count + 1, fen + entry.fen))
    };
    let ((incomes, income_fen), (outgoes, outgo_fen)) = (sum(true), sum(false));
    format!(
        "#支出合计：{outgoes}笔，共{}元\r\n#收入合计：{incomes}笔，共{}元\r\n",
        yuan(outgo_fen),
        yuan(income_fen)
    )
}

pub(super) fn summary(head: &Head<'_>, movements: &[Movement]) -> String {
    let mut text = head.lines("支付宝账务汇总查询");
    text += &totals(&entries(movements));
    text + &head.made_at()
}
