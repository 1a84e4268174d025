//! 业务明细: what was sold and given back, one row for each movement, no quoting.
//!
//! # Source
//! Protocol page sections 10.3 and 10.4.

use std::fmt::Write as _;

use super::{Head, Movement};
use crate::clock;
use crate::money::yuan;

pub(super) const COLUMNS: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";

/// Columns that bills of some contracts have before the last one.
const FURTHER_COLUMNS: &str = "实收净额（元）,商户识别号,交易方式,花呗分期数";

/// `wide` adds the columns of some contracts.
pub(super) fn detail(head: &Head<'_>, movements: &[Movement], wide: bool) -> String {
    let mut text = head.lines("支付宝业务明细查询");
    text +=
        "#-----------------------------------------业务明细列表----------------------------------------\r\n";
    let (columns, note) = COLUMNS.rsplit_once(',').unwrap_or((COLUMNS, ""));
    text += columns;
    if wide {
        let _ = write!(text, ",{FURTHER_COLUMNS}");
    }
    let _ = write!(text, ",{note}\r\n");
    for movement in movements {
        text += &row(movement, wide);
    }
    text +=
        "#-----------------------------------------业务明细列表结束------------------------------------\r\n";
    let sum = |refunds: bool| {
        let chosen = movements.iter().filter(|movement| movement.out_request_no.is_some() == refunds);
        chosen.fold((0_u64, 0_i64), |(count, fen), movement| (count + 1, fen + movement.signed_fen()))
    };
    let ((paid, paid_fen), (refunded, refunded_fen)) = (sum(false), sum(true));
    let _ = write!(text, "#交易合计：{paid}笔，商家实收共{}元，商家优惠共0.00元\r\n", yuan(paid_fen));
    let _ = write!(
        text,
        "#退款合计：{refunded}笔，商家实收退款共{}元，商家优惠退款共0.00元\r\n",
        yuan(refunded_fen)
    );
    text + &head.made_at()
}

fn row(movement: &Movement, wide: bool) -> String {
    let trade = &movement.trade;
    let refund = movement.out_request_no.as_deref();
    let amount = yuan(movement.signed_fen());
    let fee_fen = movement.fee_fen();
    let further = match wide {
        true => format!(",{},2088\t,条码支付,", yuan(movement.signed_fen() + fee_fen)),
        false => String::new(),
    };
    format!(
        "{trade_no}\t,{out_trade_no}\t,{kind}\t,{subject},{created},{done},\t,\t,\t,\t,{buyer}\t,{amount},{amount},0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,{refund}\t,{fee},0.00{further},{note}\r\n",
        trade_no = trade.trade_no,
        out_trade_no = trade.out_trade_no,
        kind = if refund.is_some() { "退款" } else { "交易" },
        subject = trade.subject,
        created = clock::date_time(trade.created_at_ms),
        done = clock::date_time(movement.at_ms),
        buyer = movement.buyer,
        refund = refund.unwrap_or_default(),
        fee = yuan(fee_fen),
        note = trade.body.as_deref().unwrap_or(&trade.subject),
    )
}

pub(super) fn summary(head: &Head<'_>, movements: &[Movement]) -> String {
    let refunds = movements.iter().filter(|movement| movement.out_request_no.is_some()).count();
    let net_fen: i64 = movements.iter().map(Movement::signed_fen).sum();
    let fee_fen: i64 = movements.iter().map(Movement::fee_fen).sum();
    let figures = format!(
        "{},{refunds},{net},{net},0.00,0.00,0.00,{fee},0.00,{rest}",
        movements.len() - refunds,
        net = yuan(net_fen),
        fee = yuan(fee_fen),
        rest = yuan(net_fen + fee_fen),
    );
    let mut text = head.lines("支付宝业务汇总查询");
    text +=
        "#-----------------------------------------业务汇总列表----------------------------------------\r\n";
    text += "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）\r\n";
    let _ = write!(text, "\t,\t,{figures}\r\n合计,,{figures}\r\n");
    text +=
        "#----------------------------------------业务汇总列表结束-------------------------------------\r\n";
    text + &head.made_at()
}
