//! The fund-flow bill of the basic account.
//!
//! # Source
//! WeChat Pay API v3 reference, section 8.2. A refund row is as captured; that a payment makes two rows, gross and
//! fee, is not confirmed by a capture.

use super::super::book::Book;
use super::super::merchant::Merchant;
use super::{Sheet, milli_fen};
use crate::clock::{DAY_MS, date_time};
use crate::money::yuan;

const COLUMNS: &str = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号";
const SUMMARY_COLUMNS: &str = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额";

/// One change of the account.
struct Movement {
    at_ms: i64,
    /// Order within the same moment.
    rank: u8,
    business_no: String,
    flow_no: String,
    kind: &'static str,
    /// Positive comes in.
    change_fen: i64,
    remark: String,
    voucher: String,
}

/// The bill of the day that starts at `day_ms`.
pub(crate) fn sheet(book: &Book, merchant: &Merchant, day_ms: i64) -> Sheet {
    let end_ms = day_ms.saturating_add(DAY_MS);
    let mut balance_fen = merchant.portal().opening_fen;
    let mut sheet = Sheet {
        header: COLUMNS.split(',').collect(),
        rows: Vec::new(),
        summary_header: SUMMARY_COLUMNS,
        summary: Vec::new(),
        sum_up,
    };
    for movement in movements(book, merchant) {
        balance_fen = balance_fen.saturating_add(movement.change_fen);
        if (day_ms..end_ms).contains(&movement.at_ms) {
            sheet.rows.push(movement.cells(merchant, balance_fen));
        }
    }
    sheet.summary = sum_up(&sheet);
    sheet
}

fn sum_up(sheet: &Sheet) -> Vec<String> {
    let side = |word: &str| {
        let amounts: Vec<i64> = sheet
            .rows
            .iter()
            .filter(|row| sheet.get(row, "收支类型") == Some(word))
            .filter_map(|row| sheet.get(row, "收支金额(元)"))
            .map(milli_fen)
            .collect();
        let sum = amounts.iter().fold(0_i64, |sum, amount| sum.saturating_add(*amount));
        [amounts.len().to_string(), yuan(sum / 1_000)]
    };
    let count = sheet.rows.len().to_string();
    [vec![count], side("收入").to_vec(), side("支出").to_vec()].concat()
}

impl Movement {
    fn cells(&self, merchant: &Merchant, balance_fen: i64) -> Vec<String> {
        let side = if self.change_fen < 0 { "支出" } else { "收入" };
        let applicant =
            if self.kind == "退款" { format!("{}API", merchant.mchid) } else { "system".to_owned() };
        vec![
            date_time(self.at_ms),
            self.business_no.clone(),
            self.flow_no.clone(),
            self.kind.to_owned(),
            self.kind.to_owned(),
            side.to_owned(),
            yuan(self.change_fen.saturating_abs()),
            yuan(balance_fen),
            applicant,
            self.remark.clone(),
            self.voucher.clone(),
        ]
    }
}

/// All changes of the account since the beginning, in order.
fn movements(book: &Book, merchant: &Merchant) -> Vec<Movement> {
    let mut movements = Vec::new();
    for order in book.orders.values().filter(|order| order.mchid == merchant.mchid) {
        let Some(paid) = &order.paid else { continue };
        let fee_fen = paid.fee_fen();
        let row = |rank, kind, change_fen, remark| Movement {
            at_ms: paid.at_ms,
            rank,
            business_no: paid.transaction_id.clone(),
            flow_no: paid.transaction_id.clone(),
            kind,
            change_fen,
            remark,
            voucher: order.out_trade_no.clone(),
        };
        movements.push(row(
            0,
            "交易",
            paid.amount_fen,
            format!("结算总金额{}元;含手续费{}元", yuan(paid.amount_fen), yuan(fee_fen)),
        ));
        if fee_fen > 0 {
            movements.push(row(1, "扣除交易手续费", -fee_fen, String::new()));
        }
    }
    for refund in book.refunds.values().filter(|refund| refund.mchid == merchant.mchid) {
        let net_fen = refund.refund_fen.saturating_sub(refund.fee_back_fen);
        let row = |at_ms, rank, change_fen, remark| Movement {
            at_ms,
            rank,
            business_no: refund.refund_id.clone(),
            flow_no: refund.transaction_id.clone(),
            kind: "退款",
            change_fen,
            remark,
            voucher: refund.out_refund_no.clone(),
        };
        let remark =
            format!("退款总金额{}元;含手续费{}元", yuan(refund.refund_fen), yuan(refund.fee_back_fen));
        movements.push(row(refund.accepted_ms, 2, -net_fen, remark));
        if let Some(closed_ms) = refund.closed_ms {
            movements.push(row(closed_ms, 3, net_fen, "退款失败退回".to_owned()));
        }
    }
    movements
        .sort_by(|one, two| (one.at_ms, one.rank, &one.voucher).cmp(&(two.at_ms, two.rank, &two.voucher)));
    movements
}
