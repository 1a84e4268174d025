//! Notifications of payments and refunds: built anew for each attempt.
//!
//! # Source
//! WeChat Pay API v3 reference, sections 5 and 6.4.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::Wechat;
use super::book::{Order, Refund, RefundState};
use super::merchant::Merchant;
use super::orders::Transaction;
use super::sign;
use crate::clock::rfc3339;
use crate::faults::{Defect, Fault};
use crate::notify::{Message, Notification};

/// Pauses in seconds before each of the fifteen resends.
const SCHEDULE: &[i64] =
    &[15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600, 21_600];
/// How old a stale stamp is: outside the five minutes that receivers accept.
const STALE_S: i64 = -600;

#[derive(Serialize)]
struct Envelope<'a> {
    id: &'a str,
    create_time: String,
    resource_type: &'static str,
    event_type: &'a str,
    summary: &'a str,
    resource: Resource<'a>,
}

#[derive(Serialize)]
struct Resource<'a> {
    original_type: &'a str,
    algorithm: &'static str,
    ciphertext: String,
    associated_data: &'a str,
    nonce: String,
}

#[derive(Debug, Clone, Serialize)]
struct RefundNews {
    mchid: String,
    out_trade_no: String,
    transaction_id: String,
    out_refund_no: String,
    refund_id: String,
    refund_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    success_time: Option<String>,
    amount: RefundNewsAmount,
    user_received_account: &'static str,
}

#[derive(Debug, Clone, Serialize)]
struct RefundNewsAmount {
    total: i64,
    refund: i64,
    payer_total: i64,
    payer_refund: i64,
}

/// One event, from which every attempt is built.
struct Event {
    id: String,
    created_ms: i64,
    event_type: &'static str,
    summary: &'static str,
    original_type: &'static str,
    plaintext: Value,
    /// The same in the order of captures.
    ordered: Vec<u8>,
}

impl Wechat {
    /// Queues `TRANSACTION.SUCCESS`; `wish` overrides the fault plan.
    pub(crate) fn tell_payment(self: &Arc<Self>, order: &Order, wish: Option<Fault>) {
        let told = Transaction::of(order, 0, &self.settings().quirks);
        let event = self.event("TRANSACTION.SUCCESS", "支付成功", "transaction", &told);
        self.tell("wechat.notify.payment", &order.mchid, &order.out_trade_no, &order.notify_url, event, wish);
    }

    /// Queues the end of a refund, if the merchant said where to.
    pub(crate) fn tell_refund(self: &Arc<Self>, refund: &Refund) {
        let (event_type, summary) = match refund.state {
            RefundState::Success => ("REFUND.SUCCESS", "退款成功"),
            RefundState::Abnormal => ("REFUND.ABNORMAL", "退款异常"),
            RefundState::Closed => ("REFUND.CLOSED", "退款关闭"),
            RefundState::Processing => return,
        };
        let Some(url) = &refund.notify_url else { return };
        let news = RefundNews {
            mchid: refund.mchid.clone(),
            out_trade_no: refund.out_trade_no.clone(),
            transaction_id: refund.transaction_id.clone(),
            out_refund_no: refund.out_refund_no.clone(),
            refund_id: refund.refund_id.clone(),
            refund_status: refund.state.code(),
            success_time: refund.succeeded_ms.map(rfc3339),
            amount: RefundNewsAmount {
                total: refund.total_fen,
                refund: refund.refund_fen,
                payer_total: refund.total_fen,
                payer_refund: refund.refund_fen,
            },
            user_received_account: "支付用户零钱",
        };
        let event = self.event(event_type, summary, "refund", &news);
        self.tell("wechat.notify.refund", &refund.mchid, &refund.out_refund_no, url, event, None);
    }

    fn event<T: Serialize>(
        &self,
        event_type: &'static str,
        summary: &'static str,
        original_type: &'static str,
        plaintext: &T,
    ) -> Event {
        Event {
            id: self.event_id(),
            created_ms: self.shared().clock.now_ms(),
            event_type,
            summary,
            original_type,
            plaintext: serde_json::to_value(plaintext).unwrap_or_default(),
            ordered: serde_json::to_vec(plaintext).unwrap_or_default(),
        }
    }

    fn event_id(&self) -> String {
        [8, 4, 4, 4, 12].map(|length| self.shared().random.hex(length)).join("-")
    }

    fn tell(
        self: &Arc<Self>,
        call: &str,
        mchid: &str,
        subject: &str,
        url: &str,
        event: Event,
        wish: Option<Fault>,
    ) {
        let Some(merchant) = self.merchant(mchid) else { return };
        if merchant.portal().api_v3_key.is_none() {
            return;
        }
        let wechat = self.clone();
        let notification = Notification {
            call: call.to_owned(),
            subject: subject.to_owned(),
            url: url.to_owned(),
            schedule: SCHEDULE,
            build: Arc::new(move |now_ms, defect| wechat.message(&merchant, &event, now_ms, defect)),
            acknowledged: if self.settings().quirks.acknowledged_by_any_2xx {
                |status, _| (200..300).contains(&status)
            } else {
                |status, _| matches!(status, 200 | 204)
            },
        };
        let shared = self.shared();
        match wish {
            Some(fault) => shared.notifier.queue_with(&shared.clock, Some(fault), notification),
            None => shared.notifier.queue(&shared.clock, &shared.faults, notification),
        };
    }

    fn message(
        &self,
        merchant: &Arc<Merchant>,
        event: &Event,
        now_ms: i64,
        defect: Option<Defect>,
    ) -> Message {
        let other = (defect == Some(Defect::OtherMerchant)).then(|| self.other_merchant(merchant)).flatten();
        let sender = other.as_ref().unwrap_or(merchant);
        let random = &self.shared().random;
        let nonce = random.alphanumeric(12);
        let api_v3_key = sender.portal().api_v3_key.clone().unwrap_or_default();
        let plaintext = event.with_defect(defect, &sender.mchid);
        let id =
            if self.settings().quirks.resend_keeps_event_id { event.id.clone() } else { self.event_id() };
        let envelope = Envelope {
            id: &id,
            create_time: rfc3339(event.created_ms),
            resource_type: "encrypt-resource",
            event_type: event.event_type,
            summary: event.summary,
            resource: Resource {
                original_type: event.original_type,
                algorithm: "AEAD_AES_256_GCM",
                ciphertext: sign::seal(&api_v3_key, &nonce, event.original_type, &plaintext),
                associated_data: event.original_type,
                nonce,
            },
        };
        let mut body = serde_json::to_vec(&envelope).unwrap_or_default();
        let key = sender.notification_key(random.below(100), now_ms);
        let signature_fault = match defect {
            Some(Defect::Forged) => Some(Fault::ForgedSignature),
            Some(Defect::Probe) => Some(Fault::ProbeSignature),
            Some(Defect::WrongSerial) => Some(Fault::WrongSerial),
            Some(Defect::Stale) => Some(Fault::SkewedTimestamp { seconds: STALE_S }),
            _ => None,
        };
        let mut headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        let signed = self.signature_headers(&key, now_ms, &body, signature_fault.as_ref());
        headers.extend(signed.into_iter().map(|(name, value)| (name.to_owned(), value)));
        if defect == Some(Defect::Tampered) {
            tamper(&mut body);
        }
        Message { headers, body }
    }
}

impl Event {
    fn with_defect(&self, defect: Option<Defect>, mchid: &str) -> Vec<u8> {
        let mut changed = self.plaintext.clone();
        match defect {
            Some(Defect::WrongAmount) => {
                // A refund's own amount too: its total is the order's.
                for name in ["total", "refund"] {
                    if let Some(fen) = changed["amount"][name].as_i64() {
                        changed["amount"][name] = fen.saturating_add(1).into();
                    }
                }
            }
            Some(Defect::WrongApp) => changed["appid"] = "wxffffffffffffffff".into(),
            Some(Defect::OtherMerchant) => changed["mchid"] = mchid.into(),
            _ => return self.ordered.clone(),
        }
        changed.to_string().into_bytes()
    }
}

/// Changes one digit of the event's time, which leaves the body well-formed.
fn tamper(body: &mut [u8]) {
    let marker = b"\"create_time\":\"";
    let start = body.windows(marker.len()).position(|window| window == marker);
    if let Some(digit) = start.and_then(|start| body.get_mut(start + marker.len() + 3)) {
        *digit = if *digit == b'9' { b'0' } else { *digit + 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resends_span_a_day_and_four_minutes() {
        assert_eq!(SCHEDULE.len(), 15);
        assert_eq!(SCHEDULE.iter().sum::<i64>(), (24 * 60 + 4) * 60);
    }

    #[test]
    fn tampering_keeps_the_body_well_formed() {
        let mut body = br#"{"id":"1","create_time":"2026-01-01T12:00:31+08:00"}"#.to_vec();
        tamper(&mut body);
        assert_eq!(body, br#"{"id":"1","create_time":"2027-01-01T12:00:31+08:00"}"#);
    }
}
