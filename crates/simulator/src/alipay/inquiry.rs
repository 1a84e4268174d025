//! Questions: what became of a trade, of a refund, and which certificate a number names.
//!
//! # Source
//! Protocol page sections 6.6, 6.9 and 3.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Alipay;
use super::credentials::{Application, KeyRoom};
use super::form::Content;
use super::gate::Outcome;
use super::ordering::payment_members;
use super::refusal::Refusal;
use super::trade::{BankReturn, TradeRefund};
use crate::clock;
use crate::faults::{Fault, Stage};
use crate::money::yuan;

/// `deposit_back_info`: where money stands that goes back to a card.
fn deposit_back(bank: BankReturn, refund: &TradeRefund, moved_at_ms: i64) -> Value {
    let mut back = json!({
        "has_deposit_back": "true",
        "dback_status": bank.as_str(),
        "dback_amount": yuan(refund.amount_fen),
    });
    match bank {
        BankReturn::Processing { .. } => {
            let expected = moved_at_ms.saturating_add(clock::DAY_MS);
            back["est_bank_receipt_time"] = json!(clock::date_time(expected));
        }
        BankReturn::Arrived => back["bank_ack_time"] = json!(clock::date_time(moved_at_ms)),
        BankReturn::Failed => {}
    }
    back
}

impl Alipay {
    /// `alipay.trade.query`
    pub(super) fn query(&self, application: &Application, content: &Content) -> Outcome {
        let told = self.shared.faults.take("alipay.query", Stage::Amount);
        let state = self.state();
        let Some(index) = state.book.named(&application.pid, content)? else {
            let out_trade_no = content.text("out_trade_no", 64)?;
            let refusal = Refusal::business("ACQ.TRADE_NOT_EXIST", "交易不存在");
            return Err(refusal.with_zero_amounts(out_trade_no.as_deref()));
        };
        let trade = state.book.get(index);
        let mut members = match told {
            Some(Fault::Amount { delta_fen }) => {
                let mut other = trade.clone();
                other.total_fen = other.total_fen.saturating_add(delta_fen);
                payment_members(&state, application, &other)
            }
            _ => payment_members(&state, application, trade),
        };
        members.push(("trade_status", json!(trade.status.as_str())));
        members.push(("buyer_user_type", json!("PRIVATE")));
        if let Some(at_ms) = trade.paid_at_ms {
            members.push(("send_pay_date", json!(clock::date_time(at_ms))));
        }
        if trade.cancelled.is_some() {
            members.push(("ext_infos", json!(r#"{"action":"cancel"}"#)));
        }
        if content.asks_for("fund_bill_list") && trade.is_paid() {
            let amount = yuan(trade.total_fen);
            members
                .push(("fund_bill_list", json!([{ "fund_channel": trade.fund_channel, "amount": amount }])));
        }
        for (name, value) in [
            ("subject", Some(&trade.subject)),
            ("body", trade.body.as_ref()),
            ("passback_params", trade.passback_params.as_ref()),
        ] {
            members.extend(value.map(|value| (name, json!(value))));
        }
        Ok(members)
    }

    /// `alipay.trade.fastpay.refund.query`: of a number that was never used, or whose money has not moved, it says
    /// nothing at all.
    pub(super) fn query_refund(&self, application: &Application, content: &Content) -> Outcome {
        let out_request_no = content.required("out_request_no", 64)?;
        let state = self.state();
        let Some(index) = state.book.named(&application.pid, content)? else {
            // Some answers lack the prefix.
            let sub_code =
                if self.shared.random.percent(50) { "TRADE_NOT_EXIST" } else { "ACQ.TRADE_NOT_EXIST" };
            return Err(Refusal::business(sub_code, "查询退款的交易不存在"));
        };
        let trade = state.book.get(index);
        let refund = trade.refunds.iter().find(|refund| refund.out_request_no == out_request_no);
        let Some((refund, at_ms)) = refund.and_then(|refund| Some((refund, refund.done_at_ms()?))) else {
            return Ok(Vec::new());
        };
        let mut members = vec![
            ("out_request_no", json!(refund.out_request_no)),
            ("out_trade_no", json!(trade.out_trade_no)),
            ("trade_no", json!(trade.trade_no)),
            ("total_amount", json!(yuan(trade.total_fen))),
            ("refund_amount", json!(yuan(refund.amount_fen))),
            ("refund_status", json!("REFUND_SUCCESS")),
        ];
        if content.asks_for("gmt_refund_pay") {
            members.push(("gmt_refund_pay", json!(clock::date_time(at_ms))));
        }
        if content.asks_for("refund_detail_item_list") {
            let item = json!({ "fund_channel": trade.fund_channel, "amount": yuan(refund.amount_fen) });
            members.push(("refund_detail_item_list", json!([item])));
        }
        if let Some(bank) = refund.bank.filter(|_| content.asks_for("deposit_back_info")) {
            members.push(("deposit_back_info", deposit_back(bank, refund, at_ms)));
        }
        if let Some(reason) = &refund.reason {
            members.push(("refund_reason", json!(reason)));
        }
        Ok(members)
    }

    /// `alipay.open.app.alipaycert.download`: the certificate of any generation, the present one included.
    pub(super) fn download_certificate(&self, _application: &Application, content: &Content) -> Outcome {
        let wanted = content.required("alipay_cert_sn", 32)?;
        let newest = self.state().generation;
        let generation = (1..=newest).rev().find(|generation| KeyRoom::alipay_cert_sn(*generation) == wanted);
        let unknown = || Refusal::business("isv.invalid-alipay-cert-sn", "支付宝公钥证书序列号不存在");
        let pem = self.keys.alipay_cert_pem(generation.ok_or_else(unknown)?).map_err(|_| unknown())?;
        Ok(vec![("alipay_cert_content", json!(STANDARD.encode(pem)))])
    }
}
