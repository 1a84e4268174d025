//! The trade bill, all three types.
//!
//! # Source
//! WeChat Pay API v3 reference, section 8.2; vector V9 is the test here.

use super::super::book::{Book, Order, Paid, Refund};
use super::super::merchant::Merchant;
use super::{Sheet, escape, fee_yuan};
use crate::clock::{DAY_MS, date_time};
use crate::money::yuan;

/// `bill_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    All,
    Success,
    Refund,
}

const REFUND_COLUMNS: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,退款申请时间,退款成功时间,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
/// Columns that only the REFUND type has.
const TIMES: [&str; 2] = ["退款申请时间", "退款成功时间"];
/// Columns that the SUCCESS type lacks besides those.
const REFUND_ONLY: [&str; 7] =
    ["微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态", "申请退款金额"];
const SUMMARY_COLUMNS: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

fn columns(kind: Kind) -> Vec<&'static str> {
    let has = |column: &&str| match kind {
        Kind::Refund => true,
        Kind::All => !TIMES.contains(column),
        Kind::Success => !TIMES.contains(column) && !REFUND_ONLY.contains(column),
    };
    REFUND_COLUMNS.split(',').filter(has).collect()
}

/// One line of the bill before it is cut into columns.
struct Line<'book> {
    at_ms: i64,
    order: &'book Order,
    paid: &'book Paid,
    refund: Option<&'book Refund>,
    fee_fen: i64,
}

/// The bill of a day that starts at `day_ms`; `made_ms` is when refund states were frozen.
pub(crate) fn sheet(book: &Book, merchant: &Merchant, day_ms: i64, kind: Kind, made_ms: i64) -> Sheet {
    let lines = lines(book, merchant, day_ms, kind);
    let header = columns(kind);
    let cells = |line: &Line<'_>| header.iter().map(|column| line.cell(column, made_ms)).collect();
    let rows = lines.iter().map(cells).collect();
    let mut sheet = Sheet { header, rows, summary_header: SUMMARY_COLUMNS, summary: Vec::new(), sum_up };
    sheet.summary = sum_up(&sheet);
    sheet
}

fn sum_up(sheet: &Sheet) -> Vec<String> {
    let fen = |name| yuan(sheet.sum(name) / 1_000);
    vec![
        sheet.rows.len().to_string(),
        fen("应结订单金额"),
        fen("退款金额"),
        fen("充值券退款金额"),
        fee_yuan(sheet.sum("手续费") / 1_000),
        fen("订单金额"),
        fen("申请退款金额"),
    ]
}

fn lines<'book>(book: &'book Book, merchant: &Merchant, day_ms: i64, kind: Kind) -> Vec<Line<'book>> {
    let within = |at_ms: i64| (day_ms..day_ms.saturating_add(DAY_MS)).contains(&at_ms);
    let mut lines = Vec::new();
    for order in book.orders.values().filter(|order| order.mchid == merchant.mchid) {
        let Some(paid) = &order.paid else { continue };
        if kind != Kind::Refund && within(paid.at_ms) {
            let fee_fen = paid.fee_fen();
            lines.push(Line { at_ms: paid.at_ms, order, paid, refund: None, fee_fen });
        }
        if kind == Kind::Success {
            continue;
        }
        for refund in book.refunds_of(order).into_iter().filter(|refund| within(refund.accepted_ms)) {
            let at_ms = refund.accepted_ms;
            lines.push(Line { at_ms, order, paid, refund: Some(refund), fee_fen: -refund.fee_back_fen });
        }
    }
    lines.sort_by_key(|line| (line.at_ms, line.refund.is_some()));
    lines
}

impl Line<'_> {
    fn ordered_fen(&self) -> i64 {
        if self.refund.is_some() { 0 } else { self.paid.amount_fen }
    }

    fn refunded_fen(&self) -> i64 {
        self.refund.map_or(0, |refund| refund.refund_fen)
    }

    fn cell(&self, column: &str, made_ms: i64) -> String {
        let of_refund = |value: fn(&Refund) -> String, otherwise: &str| {
            self.refund.map_or_else(|| otherwise.to_owned(), value)
        };
        match column {
            "交易时间" => date_time(self.at_ms),
            "公众账号ID" => self.order.appid.clone(),
            "商户号" => self.order.mchid.clone(),
            "特约商户号" => "0".to_owned(),
            "设备号" => escape(self.order.device_id.as_deref().unwrap_or_default()),
            "微信订单号" => self.paid.transaction_id.clone(),
            "商户订单号" => self.order.out_trade_no.clone(),
            "用户标识" => self.paid.openid.clone(),
            "交易类型" => self.order.channel.trade_type().to_owned(),
            "交易状态" => if self.refund.is_some() { "REFUND" } else { "SUCCESS" }.to_owned(),
            "付款银行" => "OTHERS".to_owned(),
            "货币种类" => "CNY".to_owned(),
            "应结订单金额" | "订单金额" => yuan(self.ordered_fen()),
            "代金券金额" | "充值券退款金额" => yuan(0),
            "退款申请时间" => of_refund(|refund| date_time(refund.accepted_ms), ""),
            "退款成功时间" => {
                let at_ms =
                    self.refund.and_then(|refund| refund.succeeded_ms).filter(|at_ms| *at_ms <= made_ms);
                at_ms.map(date_time).unwrap_or_default()
            }
            "微信退款单号" => of_refund(|refund| refund.refund_id.clone(), "0"),
            "商户退款单号" => of_refund(|refund| refund.out_refund_no.clone(), "0"),
            "退款金额" | "申请退款金额" => yuan(self.refunded_fen()),
            // Redirected to a card later on, it was still on its way back when the bill was made.
            "退款类型" => match self.refund {
                Some(refund) if refund_state(refund, made_ms) == "SUCCESS" => refund.channel.to_owned(),
                Some(_) => "ORIGINAL".to_owned(),
                None => String::new(),
            },
            "退款状态" => self.refund.map_or("", |refund| refund_state(refund, made_ms)).to_owned(),
            "商品名称" => escape(&self.order.description),
            "商户数据包" => escape(&self.order.attach),
            "手续费" => fee_yuan(self.fee_fen),
            "费率" => format!("{}%", yuan(self.paid.fee_basis_points)),
            _ => String::new(),
        }
    }
}

/// The bill's own words, which differ from the API's. What happened after the bill was made is not in it, ever.
fn refund_state(refund: &Refund, made_ms: i64) -> &'static str {
    let by_then = |at_ms: Option<i64>| at_ms.is_some_and(|at_ms| at_ms <= made_ms);
    if by_then(refund.succeeded_ms) {
        "SUCCESS"
    } else if by_then(refund.closed_ms) {
        "FAIL"
    } else if by_then(refund.abnormal_ms) {
        "CHANGE"
    } else {
        "PROCESSING"
    }
}

#[cfg(test)]
mod tests {
    use sha1::{Digest, Sha1};

    use super::super::super::MerchantSettings;
    use super::super::super::book::{Channel, RefundState, TradeState};
    use super::*;
    use crate::clock::{SECOND_MS, start_of_day_ms};

    const HOUR_MS: i64 = 3_600 * SECOND_MS;

    fn day() -> i64 {
        start_of_day_ms("2026-01-01").expect("a day")
    }

    fn merchant() -> Merchant {
        Merchant::new(1, 0, &MerchantSettings::new("1900000001", "wx1111111111111111", "医院"))
            .expect("a merchant")
    }

    /// The order and the refund of vector V9.
    fn book() -> Book {
        let paid_ms = day() + 12 * HOUR_MS + 30 * SECOND_MS;
        let accepted_ms = day() + 15 * HOUR_MS + 602 * SECOND_MS;
        let mut book = Book::default();
        let order = Order {
            mchid: "1900000001".to_owned(),
            appid: "wx1111111111111111".to_owned(),
            out_trade_no: "HOSP20260101000001".to_owned(),
            channel: Channel::Jsapi,
            description: "门诊缴费".to_owned(),
            attach: "REG:42".to_owned(),
            notify_url: String::new(),
            total_fen: 1250,
            openid: None,
            device_id: None,
            fingerprint: String::new(),
            created_ms: paid_ms,
            pay_until_ms: paid_ms,
            auto_close_ms: paid_ms,
            state: TradeState::Refund,
            paid: Some(Paid {
                transaction_id: "4200009999202601010000000001".to_owned(),
                at_ms: paid_ms,
                openid: "oTESTopenid0000000000000001".to_owned(),
                amount_fen: 1250,
                fee_basis_points: 60,
            }),
            artefacts: Vec::new(),
        };
        let refund = Refund {
            refund_id: "50300009992026010100000000001".to_owned(),
            mchid: "1900000001".to_owned(),
            out_refund_no: "RF20260101000001".to_owned(),
            out_trade_no: "HOSP20260101000001".to_owned(),
            transaction_id: "4200009999202601010000000001".to_owned(),
            fingerprint: String::new(),
            refund_fen: 500,
            total_fen: 1250,
            fee_back_fen: 3,
            funds_account: "AVAILABLE".to_owned(),
            notify_url: None,
            accepted_ms,
            ends: None,
            state: RefundState::Success,
            succeeded_ms: Some(accepted_ms + 3 * SECOND_MS),
            closed_ms: None,
            abnormal_ms: None,
            channel: "ORIGINAL",
        };
        book.orders.insert((order.mchid.clone(), order.out_trade_no.clone()), order);
        book.refunds.insert((refund.mchid.clone(), refund.out_refund_no.clone()), refund);
        book
    }

    #[test]
    fn v9_is_the_bill_of_a_payment_and_its_refund() {
        let bytes = sheet(&book(), &merchant(), day(), Kind::All, day() + DAY_MS).bytes();
        assert_eq!(bytes.len(), 1138);
        assert_eq!(hex::encode(Sha1::digest(&bytes)), "a659260f02fff20d583488b66174ec0448eed4d2");
    }

    #[test]
    fn each_type_has_its_columns_and_rows() {
        for (kind, column_count, row_count) in
            [(Kind::All, 27, 2), (Kind::Success, 20, 1), (Kind::Refund, 29, 1)]
        {
            let sheet = sheet(&book(), &merchant(), day(), kind, day() + DAY_MS);
            assert_eq!((sheet.header.len(), sheet.rows.len()), (column_count, row_count), "{kind:?}");
            assert!(sheet.rows.iter().all(|row| row.len() == column_count));
        }
    }

    #[test]
    fn a_refund_that_came_later_stays_in_process_in_the_bill() {
        let sheet = sheet(&book(), &merchant(), day(), Kind::Refund, day());
        assert!(sheet.rows[0].contains(&"PROCESSING".to_owned()));
    }

    #[test]
    fn what_became_of_a_refund_after_the_bill_was_made_is_not_in_it() {
        let made_ms = day() + 34 * HOUR_MS;
        let states = |refund: fn(&mut Refund, i64)| {
            let mut book = book();
            let key = ("1900000001".to_owned(), "RF20260101000001".to_owned());
            let one = book.refunds.get_mut(&key).expect("the refund");
            one.succeeded_ms = None;
            refund(one, made_ms);
            let sheet = sheet(&book, &merchant(), day(), Kind::Refund, made_ms);
            let cell = |name: &str| sheet.get(&sheet.rows[0], name).unwrap_or_default().to_owned();
            [cell("退款状态"), cell("退款成功时间"), cell("退款类型")]
        };
        let closed_later = states(|refund, made_ms| {
            (refund.state, refund.closed_ms) = (RefundState::Closed, Some(made_ms + 1));
        });
        assert_eq!(closed_later, ["PROCESSING", "", "ORIGINAL"]);
        let abnormal_then_redirected = states(|refund, made_ms| {
            (refund.state, refund.channel) = (RefundState::Success, "OTHER_BANKCARD");
            (refund.abnormal_ms, refund.succeeded_ms) = (Some(made_ms), Some(made_ms + 1));
        });
        assert_eq!(abnormal_then_redirected, ["CHANGE", "", "ORIGINAL"]);
        let closed = states(|refund, made_ms| {
            (refund.state, refund.closed_ms) = (RefundState::Closed, Some(made_ms));
        });
        assert_eq!(closed, ["FAIL", "", "ORIGINAL"]);
    }

    #[test]
    fn another_day_is_empty() {
        assert!(sheet(&book(), &merchant(), day() + DAY_MS, Kind::All, day() + 2 * DAY_MS).rows.is_empty());
    }
}
