//! Being told: proof first, meaning afterwards.
//!
//! # Source
//! Alipay Open Platform, 异步通知说明 (protocols/alipay.md section 9). Age is not checked: Alipay repeats a notification over a
//! day, and a replay says nothing that the order's own record does not already know.

use super::Alipay;
use super::certs::{SerialNumber, VerifierFor};
use super::form::Form;
use super::sign::FormRule;
use mingfen_domain::ids::{OutRefundNo, OutTradeNo, ProviderRefundNo, ProviderTradeNo};
use mingfen_domain::{Amount, Timestamp};
use mingfen_provider_api::{
    Acknowledgement, News, NotVerified, Notifications, OrderSighting, RawNotification, RefundSighting,
    Sighted, SightedRefund, Verified,
};

impl Notifications for Alipay {
    fn verify(&self, raw: &RawNotification) -> Result<Verified<News>, NotVerified> {
        let form = Form::parse(&raw.body).map_err(|problem| NotVerified::Malformed(problem.to_string()))?;
        self.check_signature(&form)?;
        let event_id = needed(&form, "notify_id")?;
        let app_id = needed(&form, "app_id")?;
        if app_id != self.app_id {
            return Err(NotVerified::OtherMerchant(format!("app_id {}", super::error::cut(&app_id))));
        }
        let news = if is_of_a_trade(&form) {
            let seller_id = needed(&form, "seller_id")?;
            if seller_id != self.seller_id {
                return Err(NotVerified::OtherMerchant(format!(
                    "seller_id {}",
                    super::error::cut(&seller_id)
                )));
            }
            news_of_a_trade(&form)?
        } else {
            News::Other { kind: form.text("notify_type").unwrap_or_default().into_owned() }
        };
        Ok(Verified::by_signature(news, event_id))
    }

    fn hint(&self, raw: &RawNotification) -> Option<OutTradeNo> {
        let form = Form::parse(&raw.body).ok()?;
        OutTradeNo::parse(form.text("out_trade_no")?).ok()
    }

    fn acknowledge(&self, accepted: bool) -> Acknowledgement {
        // Exactly these seven bytes; anything else makes Alipay repeat.
        let body = if accepted { "success" } else { "failure" };
        Acknowledgement { status: 200, content_type: "text/plain; charset=utf-8", body }
    }
}

impl Alipay {
    fn check_signature(&self, form: &Form<'_>) -> Result<(), NotVerified> {
        let sign_type = form.text("sign_type").unwrap_or_default();
        if sign_type != "RSA2" {
            return Err(NotVerified::Malformed(format!(
                "sign_type is {:?}; only RSA2 is accepted",
                super::error::cut(&sign_type)
            )));
        }
        let sign = form.text("sign").ok_or_else(|| NotVerified::Malformed("sign is missing".to_owned()))?;
        let named = match form.text("alipay_cert_sn") {
            None => None,
            Some(text) => Some(
                SerialNumber::parse(&text)
                    .ok_or_else(|| NotVerified::Malformed("alipay_cert_sn is no serial number".to_owned()))?,
            ),
        };
        let verifiers = match self.trust.verifiers_for(named.as_ref()) {
            VerifierFor::Known(verifiers) => verifiers,
            VerifierFor::Unknown(serial) => {
                self.trust.want(&serial, self.clock.now());
                return Err(NotVerified::UnknownKey(serial.to_string()));
            }
        };
        for rule in [FormRule::Trade, FormRule::LifeAccount] {
            let text = form.signed_text(rule);
            if verifiers.iter().any(|verifier| verifier.verifies(&text, &sign)) {
                return Ok(());
            }
        }
        Err(NotVerified::WrongSignature)
    }
}

fn is_of_a_trade(form: &Form<'_>) -> bool {
    form.text("notify_type").as_deref() == Some("trade_status_sync") && form.text("trade_status").is_some()
}

/// A refund's notification looks like a payment's and says TRADE_SUCCESS when it was partial: it is recognised first, or a
/// refund would be booked as a second payment.
fn news_of_a_trade(form: &Form<'_>) -> Result<News, NotVerified> {
    let marks_of_a_refund = ["out_biz_no", "refund_fee", "gmt_refund"];
    if marks_of_a_refund.iter().any(|name| form.text(name).is_some()) {
        return refund(form);
    }
    let out_trade_no = order_number(form)?;
    let status = needed(form, "trade_status")?;
    let paid_at = form.text("gmt_payment");
    let seen = match (status.as_str(), paid_at) {
        ("TRADE_SUCCESS" | "TRADE_FINISHED" | "TRADE_CLOSED", Some(paid_at)) => Sighted::Paid {
            provider_trade_no: ProviderTradeNo::parse(needed(form, "trade_no")?)
                .map_err(|error| malformed("trade_no", error))?,
            amount: Amount::from_yuan(&needed(form, "total_amount")?)
                .map_err(|error| malformed("total_amount", error))?,
            paid_at: moment("gmt_payment", &paid_at)?,
        },
        ("TRADE_CLOSED", None) => Sighted::Closed,
        ("WAIT_BUYER_PAY", _) => Sighted::Waiting,
        (other, _) => {
            Sighted::Unknown { text: format!("trade_status {}, no gmt_payment", super::error::cut(other)) }
        }
    };
    Ok(News::Order(OrderSighting { out_trade_no, seen }))
}

/// `refund_fee` is what the whole trade has paid back so far, never the amount of this refund; so no amount is told.
fn refund(form: &Form<'_>) -> Result<News, NotVerified> {
    let out_trade_no = order_number(form)?;
    let (Some(number), Some(refunded_at)) = (form.text("out_biz_no"), form.text("gmt_refund")) else {
        return Ok(News::Other { kind: "refund without out_biz_no or gmt_refund".to_owned() });
    };
    // A refund made by hand at Alipay has a number of theirs, or the order's own.
    let ours = (number != out_trade_no.as_str()).then(|| OutRefundNo::parse(number.as_ref()).ok()).flatten();
    let (Some(out_refund_no), Ok(provider_refund_no)) = (ours, ProviderRefundNo::parse(number.as_ref()))
    else {
        return Ok(News::Other { kind: "refund that is not ours".to_owned() });
    };
    let refunded_at = moment("gmt_refund", &refunded_at)?;
    let seen = SightedRefund::Succeeded { provider_refund_no, refunded_at };
    Ok(News::Refund(RefundSighting { out_refund_no, out_trade_no, amount: None, seen }))
}

fn order_number(form: &Form<'_>) -> Result<OutTradeNo, NotVerified> {
    OutTradeNo::parse(needed(form, "out_trade_no")?).map_err(|error| malformed("out_trade_no", error))
}

fn moment(name: &str, text: &str) -> Result<Timestamp, NotVerified> {
    Timestamp::from_beijing_text(text).map_err(|error| malformed(name, error))
}

fn needed(form: &Form<'_>, name: &str) -> Result<String, NotVerified> {
    form.text(name)
        .map(std::borrow::Cow::into_owned)
        .ok_or_else(|| NotVerified::Malformed(format!("{name} is missing")))
}

fn malformed(name: &str, error: impl std::fmt::Display) -> NotVerified {
    NotVerified::Malformed(format!("{name}: {error}"))
}
