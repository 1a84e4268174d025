//! Telling the merchant: what a notification says, how it is signed, and what can be wrong with it.
//!
//! # Source
//! Protocol page section 9. A refund is told at the address given at payment; it looks like a payment.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::Alipay;
use super::book::TradeIndex;
use super::canonical::{Parameters, notification_text};
use super::credentials::{KeyMode, KeyRoom};
use super::trade::{News, Trade};
use super::wallet;
use crate::clock::{self, SECOND_MS};
use crate::faults::Defect;
use crate::keys::RsaKey;
use crate::money::yuan;
use crate::notify::{Message, Notification};

/// Pauses between deliveries: 4 m, 10 m, 10 m, 1 h, 2 h, 6 h, 15 h.
const SCHEDULE: &[i64] = &[240, 600, 600, 3_600, 7_200, 21_600, 54_000];

impl Alipay {
    /// Queues the notification of what happened, if the order has an address for it.
    pub(super) fn tell_merchant(&self, index: TradeIndex, news: &News) {
        let notification = {
            let mut state = self.state();
            let trade = state.book.get(index).clone();
            let application = state.applications.get(&trade.app_id).cloned();
            let (Some(application), Some(url)) = (application, trade.notify_url.clone()) else { return };
            if matches!(news, News::Closed | News::Finished) && !application.notifies_close {
                return;
            }
            state.notifications += 1;
            let at_ms = self.shared.clock.now_ms();
            let notify_id =
                format!("{}00222{:06}{:015}", clock::day(at_ms).replace('-', ""), state.notifications, index);
            let mut parameters = content(&trade, news);
            parameters.insert("notify_id".to_owned(), notify_id);
            if let Some(buyer) = trade.buyer.as_ref().and_then(|user_id| state.buyers.get(user_id)) {
                parameters.insert("buyer_logon_id".to_owned(), buyer.logon_id.clone());
                for (name, value) in wallet::buyer_ids(&application, buyer, ["buyer_id", "buyer_open_id"]) {
                    parameters.insert(name.to_owned(), value.as_str().unwrap_or_default().to_owned());
                }
            }
            let sealer = Sealer {
                own: self.keys.alipay_key(state.generation),
                seed: self.shared.seed,
                certificate_sn: (application.key_mode == KeyMode::Certificate
                    && state.quirks.notifications_name_the_certificate)
                    .then(|| KeyRoom::alipay_cert_sn(state.generation)),
            };
            Notification {
                call: call_name(news).to_owned(),
                subject: subject(&trade, news),
                url,
                schedule: SCHEDULE,
                build: Arc::new(move |now_ms, defect| sealer.message(parameters.clone(), now_ms, defect)),
                acknowledged: |status, body| status == 200 && body == b"success",
            }
        };
        self.shared.notifier.queue(&self.shared.clock, &self.shared.faults, notification);
    }

    /// The signed query that a browser carries back to the merchant after a page payment. It proves nothing.
    pub(super) fn return_query(&self, trade: &Trade) -> String {
        let mut parameters = Parameters::new();
        let mut set = |name: &str, value: &str| {
            parameters.insert(name.to_owned(), value.to_owned());
        };
        set("app_id", &trade.app_id);
        set("auth_app_id", &trade.app_id);
        set("method", "alipay.trade.wap.pay.return");
        set("charset", "utf-8");
        set("version", "1.0");
        set("sign_type", "RSA2");
        set("out_trade_no", &trade.out_trade_no);
        set("trade_no", &trade.trade_no);
        set("total_amount", &yuan(trade.total_fen));
        set("seller_id", &trade.pid);
        set("timestamp", &clock::date_time(self.shared.clock.now_ms()));
        let key = self.keys.alipay_key(self.state().generation);
        let sign = STANDARD.encode(key.sign_sha256(notification_text(&parameters).as_bytes()));
        parameters.insert("sign".to_owned(), sign);
        encoded(&parameters)
    }
}

fn call_name(news: &News) -> &'static str {
    match news {
        News::Paid => "alipay.notify.payment",
        News::Refunded { .. } => "alipay.notify.refund",
        News::Closed | News::Finished => "alipay.notify.closed",
    }
}

fn subject(trade: &Trade, news: &News) -> String {
    match news {
        News::Refunded { out_request_no } => out_request_no.clone(),
        News::Paid | News::Closed | News::Finished => trade.out_trade_no.clone(),
    }
}

/// Everything that does not depend on the attempt.
fn content(trade: &Trade, news: &News) -> Parameters {
    let mut parameters = Parameters::new();
    let mut set = |name: &str, value: String| {
        parameters.insert(name.to_owned(), value);
    };
    set("notify_type", "trade_status_sync".to_owned());
    set("app_id", trade.app_id.clone());
    set("auth_app_id", trade.app_id.clone());
    set("charset", "utf-8".to_owned());
    set("version", "1.0".to_owned());
    set("sign_type", "RSA2".to_owned());
    set("trade_no", trade.trade_no.clone());
    set("out_trade_no", trade.out_trade_no.clone());
    set("seller_id", trade.pid.clone());
    set("seller_email", "qinghe***@example.com".to_owned());
    set("trade_status", trade.status.as_str().to_owned());
    set("total_amount", yuan(trade.total_fen));
    set("subject", trade.subject.clone());
    set("gmt_create", clock::date_time(trade.created_at_ms));
    // A member that no document names: receivers must sign-check what they do not know, too.
    set("sim_unknown_member", "100% 未知+字段".to_owned());
    if let Some(body) = &trade.body {
        set("body", body.clone());
    }
    if let Some(passback) = &trade.passback_params {
        set("passback_params", passback.clone());
    }
    if let Some(at_ms) = trade.paid_at_ms {
        set("gmt_payment", clock::date_time(at_ms));
    }
    match news {
        News::Paid => {
            let amount = yuan(trade.total_fen);
            for name in ["receipt_amount", "buyer_pay_amount", "invoice_amount"] {
                set(name, amount.clone());
            }
            set("point_amount", "0.00".to_owned());
            set(
                "fund_bill_list",
                json!([{ "amount": amount, "fundChannel": trade.fund_channel }]).to_string(),
            );
        }
        News::Refunded { out_request_no } => {
            let at_ms = trade.refunds.iter().rev().find_map(|refund| {
                (refund.out_request_no == *out_request_no).then(|| refund.done_at_ms()).flatten()
            });
            let at_ms = at_ms.unwrap_or_default();
            set("out_biz_no", out_request_no.clone());
            set("refund_fee", yuan(trade.refunded_fen()));
            set("gmt_refund", format!("{}.{:03}", clock::date_time(at_ms), at_ms.rem_euclid(SECOND_MS)));
            if let Some(ended_at_ms) = trade.ended_at_ms {
                set("gmt_close", clock::date_time(ended_at_ms));
            }
        }
        News::Closed | News::Finished => {
            set("gmt_close", clock::date_time(trade.ended_at_ms.unwrap_or_default()));
        }
    }
    parameters
}

/// Signs the attempts of one notification.
struct Sealer {
    own: Arc<RsaKey>,
    /// From which a key of nobody is made when a defect asks for one.
    seed: u64,
    certificate_sn: Option<String>,
}

impl Sealer {
    fn message(&self, mut parameters: Parameters, now_ms: i64, defect: Option<Defect>) -> Message {
        let told_at_ms = match defect {
            Some(Defect::Stale) => now_ms.saturating_sub(600 * SECOND_MS),
            _ => now_ms,
        };
        parameters.insert("notify_time".to_owned(), clock::date_time(told_at_ms));
        if let Some(sn) = &self.certificate_sn {
            let sn = if defect == Some(Defect::WrongSerial) { "0".repeat(32) } else { sn.clone() };
            parameters.insert("alipay_cert_sn".to_owned(), sn);
        }
        match defect {
            Some(Defect::WrongAmount) => dearer(&mut parameters),
            Some(Defect::WrongApp) => {
                parameters.insert("app_id".to_owned(), "2021000199999999".to_owned());
            }
            Some(Defect::OtherMerchant) => {
                parameters.insert("seller_id".to_owned(), "2088199999999999".to_owned());
            }
            _ => {}
        }
        let text = notification_text(&parameters);
        let sign = match defect {
            Some(Defect::Forged | Defect::WrongSerial) => {
                KeyRoom::new(self.seed).foreign_key().sign_sha256(text.as_bytes())
            }
            Some(Defect::Probe) => vec![0; 256],
            _ => self.own.sign_sha256(text.as_bytes()),
        };
        parameters.insert("sign".to_owned(), STANDARD.encode(sign));
        if defect == Some(Defect::Tampered) {
            dearer(&mut parameters);
        }
        let content_type = "application/x-www-form-urlencoded; charset=utf-8".to_owned();
        Message {
            headers: vec![("Content-Type".to_owned(), content_type)],
            body: encoded(&parameters).into_bytes(),
        }
    }
}

/// One fen more than is true.
fn dearer(parameters: &mut Parameters) {
    let fen = parameters.get("total_amount").and_then(|text| super::form::fen(text)).unwrap_or_default();
    parameters.insert("total_amount".to_owned(), yuan(fen + 1));
}

fn encoded(parameters: &Parameters) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}
