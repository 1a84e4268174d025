//! Being told: prove, open, check whose it is, read.
//!
//! # Source
//! Sections 1.4, 1.8, 5 and 6.4.

use super::Wechat;
use super::certs::{Encrypted, SignedHeaders};
use super::order::Transaction;
use super::refund::RefundState;
use mingfen_domain::ids::OutTradeNo;
use mingfen_provider_api::{
    Acknowledgement, News, NotVerified, Notifications, OrderSighting, RawNotification, Verified,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
struct Envelope<'a> {
    id: String,
    event_type: String,
    #[serde(borrow)]
    resource: Encrypted<'a>,
}

impl Notifications for Wechat {
    fn verify(&self, raw: &RawNotification) -> Result<Verified<News>, NotVerified> {
        let headers = SignedHeaders::collect(|name| raw.header(name))
            .ok_or_else(|| malformed("a Wechatpay signature header is missing"))?;
        self.wire.anchors.verify(&headers, &raw.body, raw.received_at)?;
        let envelope: Envelope<'_> =
            serde_json::from_slice(&raw.body).map_err(|error| malformed(&format!("the body: {error}")))?;
        let news = self.news(&envelope)?;
        Ok(Verified::by_signature(news, envelope.id))
    }

    /// Only what the APIv3 key opens names an order, so a stranger cannot make us ask.
    fn hint(&self, raw: &RawNotification) -> Option<OutTradeNo> {
        #[derive(Deserialize)]
        struct Named {
            out_trade_no: String,
        }
        let envelope: Envelope<'_> = serde_json::from_slice(&raw.body).ok()?;
        let plain = self.wire.api_v3_key.open(&envelope.resource).ok()?;
        let named: Named = serde_json::from_slice(&plain).ok()?;
        OutTradeNo::parse(named.out_trade_no).ok()
    }

    /// Anything but 2xx within 5 seconds is resent up to 15 times over a day.
    fn acknowledge(&self, accepted: bool) -> Acknowledgement {
        if accepted {
            Acknowledgement { status: 204, content_type: "application/json", body: "" }
        } else {
            Acknowledgement {
                status: 500,
                content_type: "application/json",
                body: r#"{"code":"FAIL","message":"失败"}"#,
            }
        }
    }
}

impl Wechat {
    fn news(&self, envelope: &Envelope<'_>) -> Result<News, NotVerified> {
        let kind = envelope.event_type.as_str();
        let original = envelope.resource.original_type.as_deref();
        match (kind.split('.').next(), original) {
            (Some("TRANSACTION"), None | Some("transaction")) => {
                let plain = self.opened(envelope)?;
                let transaction: Transaction = parsed(&plain)?;
                self.check_owner(&transaction.mchid, Some(&transaction.appid))
                    .map_err(NotVerified::OtherMerchant)?;
                let sighting: OrderSighting = self.sighting(&transaction).map_err(|text| malformed(&text))?;
                Ok(News::Order(sighting))
            }
            (Some("REFUND"), None | Some("refund")) => {
                let plain = self.opened(envelope)?;
                let state: RefundState = parsed(&plain)?;
                let mchid = state.mchid.as_deref().ok_or_else(|| malformed("a refund of no merchant"))?;
                self.check_owner(mchid, None).map_err(NotVerified::OtherMerchant)?;
                Ok(News::Refund(state.sighting().map_err(|text| malformed(&text))?))
            }
            _ => Ok(News::Other { kind: crate::text::cut(kind, 64).into_owned() }),
        }
    }

    fn opened(&self, envelope: &Envelope<'_>) -> Result<Vec<u8>, NotVerified> {
        self.wire
            .api_v3_key
            .open(&envelope.resource)
            .map_err(|problem| malformed(&format!("the resource {problem}")))
    }
}

fn parsed<T: DeserializeOwned>(plain: &[u8]) -> Result<T, NotVerified> {
    serde_json::from_slice(plain).map_err(|error| malformed(&format!("the opened resource: {error}")))
}

fn malformed(text: &str) -> NotVerified {
    NotVerified::Malformed(text.to_owned())
}
