//! Ending an order: closing what is known unpaid, cancelling what is unknown.
//!
//! # Source
//! Protocol page section 6.7.

use serde_json::json;

use super::Alipay;
use super::credentials::Application;
use super::form::Content;
use super::gate::Outcome;
use super::refusal::Refusal;
use super::trade::{CANCEL_WINDOW_MS, RefundState, TradeRefund, TradeStatus};
use crate::clock;

impl Alipay {
    /// `alipay.trade.close`: never closes what is paid, and cannot close a code that nobody has scanned.
    pub(super) fn close(&self, application: &Application, content: &Content) -> Outcome {
        let now_ms = self.shared.clock.now_ms();
        let (index, closed, members) = {
            let mut state = self.state();
            let Some(index) = state.book.named(&application.pid, content)? else {
                return Err(Refusal::business("ACQ.TRADE_NOT_EXIST", "交易不存在"));
            };
            let trade = state.book.get_mut(index);
            if trade.status != TradeStatus::WaitBuyerPay {
                let codes = [
                    "ACQ.TRADE_STATUS_ERROR",
                    "ACQ.REASON_TRADE_STATUS_INVALID",
                    "ACQ.REASON_ILLEGAL_STATUS",
                ];
                let code = codes[self.shared.random.below(3) as usize];
                return Err(Refusal::business(code, "交易状态不合法"));
            }
            let closed = trade.close(now_ms);
            let members =
                vec![("trade_no", json!(trade.trade_no)), ("out_trade_no", json!(trade.out_trade_no))];
            (index, closed, members)
        };
        self.tell_merchant(index, &closed);
        Ok(members)
    }

    /// `alipay.trade.cancel`: unpaid closes, paid goes back whole; safe to repeat.
    pub(super) fn cancel(&self, application: &Application, content: &Content) -> Outcome {
        let now_ms = self.shared.clock.now_ms();
        let mut state = self.state();
        let found = state.book.named(&application.pid, content)?;
        if state.quirks.cancel_wants_repeats > 0 {
            state.quirks.cancel_wants_repeats -= 1;
            let mut members = vec![("retry_flag", json!("Y"))];
            members.extend(content.text("out_trade_no", 64)?.map(|number| ("out_trade_no", json!(number))));
            return Ok(members);
        }
        let Some(index) = found else {
            if !state.quirks.cancel_of_nothing_succeeds {
                return Err(Refusal::business("ACQ.TRADE_NOT_EXIST", "交易不存在"));
            }
            let mut members = vec![("retry_flag", json!("N"))];
            let out_trade_no = content.text("out_trade_no", 64)?;
            members.extend(out_trade_no.map(|number| ("out_trade_no", json!(number))));
            return Ok(members);
        };
        let trade = state.book.get(index);
        let mut news = Vec::new();
        let action = match (trade.status, trade.cancelled) {
            (_, Some(action)) => action,
            (TradeStatus::TradeFinished, None) => {
                return Err(Refusal::business("ACQ.TRADE_HAS_FINISHED", "交易已完结"));
            }
            _ if now_ms - trade.created_at_ms > CANCEL_WINDOW_MS => {
                return Err(Refusal::business("ACQ.TRADE_CANCEL_TIME_OUT", "超过撤销时间范围"));
            }
            (TradeStatus::WaitBuyerPay, None) => {
                news.push(state.book.get_mut(index).close(now_ms));
                "close"
            }
            (TradeStatus::TradeClosed, None) if !trade.is_paid() => "close",
            (TradeStatus::TradeSuccess | TradeStatus::TradeClosed, None) => {
                if !trade.refunds.is_empty() {
                    return Err(Refusal::business("ACQ.REASON_TRADE_REFUND_FEE_ERR", "退款金额无效"));
                }
                let (total_fen, number) = (trade.total_fen, trade.out_trade_no.clone());
                state.draw_balance(&application.pid, total_fen)?;
                let trade = state.book.get_mut(index);
                trade.refunds.push(TradeRefund {
                    out_request_no: number.clone(),
                    amount_fen: total_fen,
                    reason: None,
                    accepted_at_ms: now_ms,
                    state: RefundState::Pending { due_at_ms: None },
                    bank: None,
                });
                news.extend(trade.complete_refund(&number, now_ms));
                "refund"
            }
        };
        let trade = state.book.get_mut(index);
        trade.cancelled = Some(action);
        let mut members = vec![
            ("trade_no", json!(trade.trade_no)),
            ("out_trade_no", json!(trade.out_trade_no)),
            ("retry_flag", json!("N")),
            ("action", json!(action)),
        ];
        if let Some(at_ms) = trade.refunds.first().and_then(TradeRefund::done_at_ms) {
            members.push(("gmt_refund_pay", json!(clock::date_time(at_ms))));
        }
        drop(state);
        for one in news {
            self.tell_merchant(index, &one);
        }
        Ok(members)
    }
}
