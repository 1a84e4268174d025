//! Giving money back.
//!
//! # Source
//! Protocol page section 6.8: `fund_change` tells whether *this* call moved money, `refund_fee` is the sum of all.

use serde_json::json;

use super::credentials::Application;
use super::form::Content;
use super::gate::Outcome;
use super::ordering::buyer_members;
use super::refusal::Refusal;
use super::trade::{BANK_ANSWERS_AFTER_MS, BankReturn, News, RefundState, Trade, TradeRefund, TradeStatus};
use super::{Alipay, State};
use crate::clock::{self, SECOND_MS};
use crate::faults::{Fault, Stage};
use crate::money::yuan;

impl Alipay {
    /// `alipay.trade.refund`
    pub(super) fn refund(&self, application: &Application, content: &Content) -> Outcome {
        let now_ms = self.shared.clock.now_ms();
        let amount_fen = content.amount_fen("refund_amount")?;
        let mut state = self.state();
        let Some(index) = state.book.named(&application.pid, content)? else {
            return Err(Refusal::business("ACQ.TRADE_NOT_EXIST", "交易不存在"));
        };
        let trade = state.book.get(index);
        let out_request_no = match content.text("out_request_no", 64)? {
            Some(number) => number,
            None if amount_fen < trade.total_fen => {
                return Err(refused(trade, "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限"));
            }
            None => trade.out_trade_no.clone(),
        };
        if let Some(earlier) = trade.refunds.iter().find(|refund| refund.out_request_no == out_request_no) {
            if earlier.amount_fen != amount_fen {
                return Err(refused(trade, "ACQ.DISCORDANT_REPEAT_REQUEST", "请求信息不一致"));
            }
            return Ok(answer(&state, application, trade, false, earlier.done_at_ms()));
        }
        check_refundable(trade, amount_fen)?;
        let fault = self.shared.faults.take("alipay.refund", Stage::Refund);
        if fault == Some(Fault::RefundClosed) {
            // Accepted in words only: the number stays unused, and the same call later does it.
            return Ok(answer(&state, application, trade, false, None));
        }
        state.draw_balance(&application.pid, amount_fen)?;
        let due_at_ms = match fault {
            Some(Fault::RefundLate { seconds }) => {
                Some(now_ms.saturating_add(seconds.saturating_mul(SECOND_MS)))
            }
            Some(Fault::RefundAbnormal) => Some(now_ms.saturating_add(BANK_ANSWERS_AFTER_MS)),
            _ => None,
        };
        let waits =
            matches!(fault, Some(Fault::RefundLate { .. } | Fault::RefundStuck | Fault::RefundAbnormal));
        let to_a_card = fault == Some(Fault::RefundAbnormal);
        let trade = state.book.get_mut(index);
        trade.refunds.push(TradeRefund {
            out_request_no: out_request_no.clone(),
            amount_fen,
            reason: content.text("refund_reason", 256)?,
            accepted_at_ms: now_ms,
            state: RefundState::Pending { due_at_ms },
            // The moment is set anew when the money leaves the merchant.
            bank: to_a_card.then_some(BankReturn::Processing { fails_at_ms: Some(i64::MAX) }),
        });
        let news = if waits { None } else { trade.complete_refund(&out_request_no, now_ms) };
        let members = answer(&state, application, state.book.get(index), !waits, (!waits).then_some(now_ms));
        drop(state);
        if let Some(news) = news {
            self.tell_merchant(index, &news);
        }
        Ok(members)
    }

    /// Lets a refund that stays in process reach the buyer; whether there was one.
    pub fn complete_refund(&self, pid: &str, out_trade_no: &str, out_request_no: &str) -> bool {
        let now_ms = self.shared.clock.now_ms();
        self.on_refund(pid, out_trade_no, |trade| {
            let pending = trade
                .refunds
                .iter()
                .any(|refund| refund.out_request_no == out_request_no && refund.done_at_ms().is_none());
            pending.then(|| trade.complete_refund(out_request_no, now_ms))
        })
    }

    /// The bank answers for a refund that goes to a card; whether there was one whose money had left the merchant.
    pub fn end_bank_return(
        &self,
        pid: &str,
        out_trade_no: &str,
        out_request_no: &str,
        arrived: bool,
    ) -> bool {
        self.on_refund(pid, out_trade_no, |trade| trade.end_bank_return(out_request_no, arrived))
    }

    fn on_refund(
        &self,
        pid: &str,
        out_trade_no: &str,
        change: impl FnOnce(&mut Trade) -> Option<Option<News>>,
    ) -> bool {
        let changed = {
            let mut state = self.state();
            let index = state.book.by_out_trade_no(pid, out_trade_no);
            index.and_then(|index| Some((index, change(state.book.get_mut(index))?)))
        };
        if let Some((index, Some(news))) = &changed {
            self.tell_merchant(*index, news);
        }
        changed.is_some()
    }
}

impl State {
    /// Takes a refund's money from the merchant's balance, where one is set.
    pub(super) fn draw_balance(&mut self, pid: &str, amount_fen: i64) -> Result<(), Refusal> {
        let Some(balance_fen) = self.balances.get_mut(pid) else { return Ok(()) };
        if *balance_fen < amount_fen {
            let refusal = Refusal::business("ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足");
            return Err(with_zero_refund(refusal));
        }
        *balance_fen -= amount_fen;
        Ok(())
    }
}

fn check_refundable(trade: &Trade, amount_fen: i64) -> Result<(), Refusal> {
    match trade.status {
        TradeStatus::WaitBuyerPay => Err(refused(trade, "ACQ.TRADE_STATUS_ERROR", "交易状态不合法")),
        TradeStatus::TradeFinished => Err(refused(trade, "ACQ.TRADE_HAS_FINISHED", "交易已完结")),
        TradeStatus::TradeClosed if !trade.is_paid() => {
            Err(refused(trade, "ACQ.TRADE_HAS_CLOSE", "交易已经关闭"))
        }
        TradeStatus::TradeSuccess | TradeStatus::TradeClosed
            if amount_fen > trade.total_fen - trade.claimed_fen() =>
        {
            Err(refused(trade, "ACQ.REASON_TRADE_REFUND_FEE_ERR", "退款金额无效"))
        }
        TradeStatus::TradeSuccess | TradeStatus::TradeClosed => Ok(()),
    }
}

fn refused(trade: &Trade, sub_code: &str, sub_msg: &str) -> Refusal {
    let mut refusal = with_zero_refund(Refusal::business(sub_code, sub_msg));
    refusal.members.push(("trade_no", json!(trade.trade_no)));
    refusal.members.push(("out_trade_no", json!(trade.out_trade_no)));
    refusal
}

fn with_zero_refund(mut refusal: Refusal) -> Refusal {
    refusal.members.push(("refund_fee", json!("0.00")));
    refusal.members.push(("send_back_fee", json!("0.00")));
    refusal
}

fn answer(
    state: &State,
    application: &Application,
    trade: &Trade,
    moved: bool,
    at_ms: Option<i64>,
) -> super::envelope::Members {
    let mut members = vec![
        ("trade_no", json!(trade.trade_no)),
        ("out_trade_no", json!(trade.out_trade_no)),
        ("fund_change", json!(if moved { "Y" } else { "N" })),
        ("refund_fee", json!(yuan(trade.refunded_fen()))),
        ("send_back_fee", json!("0.00")),
    ];
    members.extend(at_ms.map(|at_ms| ("gmt_refund_pay", json!(clock::date_time(at_ms)))));
    members.extend(buyer_members(state, application, trade));
    members
}
