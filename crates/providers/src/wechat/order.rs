//! Orders: create (JSAPI, Native, H5), show to the payer, query by both numbers, close.
//!
//! # Source
//! Sections 2.2 and 3.

use super::Wechat;
use super::error::{Asked, Meaning, sort};
use super::sign;
use super::wire::{Failure, Proven};
use crate::http::{BaseUrl, Method, percent_encode};
use async_trait::async_trait;
use mingfen_domain::ids::{OutTradeNo, ProviderTradeNo};
use mingfen_domain::{Amount, Timestamp};
use mingfen_provider_api::{
    Bridge, CallError, Inquiry, Opened, OrderRequest, OrderSighting, PayerScene, Presentation, Sighted,
};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// `prepay_id` and `code_url` live 2 hours, `h5_url` 5 minutes; a little less, because the clock ran before they were made.
const HANDLE_LIFE_SECONDS: i64 = 2 * 3600 - 60;
const H5_LIFE_SECONDS: i64 = 5 * 60 - 15;
/// The limits are bytes on the wire, whatever the document calls them: `字节数 150，大于最大值 127`.
const DESCRIPTION_BYTES: usize = 127;

/// Body of `POST /v3/pay/transactions/{jsapi|native|h5}`, keys in the order of vector V1.
#[derive(Serialize)]
struct CreateRequest<'a> {
    appid: &'a str,
    mchid: &'a str,
    description: String,
    out_trade_no: &'a str,
    time_expire: String,
    notify_url: &'a str,
    amount: CreateAmount,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: Option<CreatePayer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_info: Option<SceneInfo>,
}

#[derive(Serialize)]
struct CreateAmount {
    total: i64,
    currency: &'static str,
}

#[derive(Serialize)]
struct CreatePayer<'a> {
    openid: &'a str,
}

#[derive(Serialize)]
struct SceneInfo {
    payer_client_ip: String,
    h5_info: H5Info,
}

#[derive(Serialize)]
struct H5Info {
    r#type: &'static str,
}

/// Each endpoint answers with one of these.
#[derive(Deserialize)]
struct CreateAnswer {
    prepay_id: Option<String>,
    code_url: Option<String>,
    h5_url: Option<String>,
}

#[derive(Serialize)]
struct CloseRequest<'a> {
    mchid: &'a str,
}

/// An order as queries and payment notifications tell it (section 3.3).
#[derive(Deserialize)]
pub struct Transaction {
    pub mchid: String,
    pub appid: String,
    pub out_trade_no: String,
    pub trade_state: String,
    transaction_id: Option<String>,
    success_time: Option<String>,
    amount: Option<TransactionAmount>,
}

#[derive(Deserialize)]
struct TransactionAmount {
    total: Option<i64>,
    currency: Option<String>,
}

impl Transaction {
    /// What was seen. `REFUND` is a paid order of which something was refunded, so it is paid.
    ///
    /// # Errors
    /// A paid order that does not say by which number, when and how much.
    pub fn seen(&self) -> Result<Sighted, String> {
        match self.trade_state.as_str() {
            "SUCCESS" | "REFUND" => self.paid(),
            "NOTPAY" | "USERPAYING" | "ACCEPT" => Ok(Sighted::Waiting),
            "CLOSED" => Ok(Sighted::Closed),
            // REVOKED and PAYERROR exist for payment codes only, which this channel does not take; others may come.
            other => Ok(Sighted::Unknown { text: crate::text::cut(other, 32).into_owned() }),
        }
    }

    fn paid(&self) -> Result<Sighted, String> {
        let lacks = |what: &str| format!("a paid order without a usable {what}");
        let amount = self.amount.as_ref().ok_or_else(|| lacks("amount"))?;
        if let Some(currency) = amount.currency.as_deref().filter(|&currency| currency != "CNY") {
            let currency = crate::text::cut(currency, 16);
            return Ok(Sighted::Unknown { text: format!("{} in {currency}", self.trade_state) });
        }
        let total = amount.total.and_then(|total| Amount::from_fen(total).ok());
        let number = self.transaction_id.as_deref().and_then(|text| ProviderTradeNo::parse(text).ok());
        let time = self.success_time.as_deref().and_then(|text| Timestamp::from_rfc3339(text).ok());
        Ok(Sighted::Paid {
            provider_trade_no: number.ok_or_else(|| lacks("transaction_id"))?,
            amount: total.ok_or_else(|| lacks("amount.total"))?,
            paid_at: time.ok_or_else(|| lacks("success_time"))?,
        })
    }
}

impl Wechat {
    /// Creates the order. A repeat sends the same bytes, which WeChat answers with a fresh handle (section 3.1).
    pub(super) async fn open(&self, request: &OrderRequest) -> Result<Opened, CallError> {
        let body = self.create_body(request)?;
        let endpoint = match request.scene {
            PayerScene::InApp(_) => "jsapi",
            PayerScene::ShownCode => "native",
            PayerScene::MobileBrowser { .. } => "h5",
            PayerScene::Window => return Err(CallError::not_a_window()),
        };
        let asked_at = self.now();
        let answer: Proven<CreateAnswer> = self
            .wire
            .post(&format!("/v3/pay/transactions/{endpoint}"), body)
            .await
            .map_err(|failure| failure.into_call_error(Asked::Open))?;
        tell_request_id(&request.out_trade_no, &answer.request_id, "an order was taken");
        let answer = answer.said;
        let (handle, life) = match request.scene {
            PayerScene::InApp(_) => (answer.prepay_id, HANDLE_LIFE_SECONDS),
            PayerScene::ShownCode => (answer.code_url, HANDLE_LIFE_SECONDS),
            PayerScene::MobileBrowser { .. } => (answer.h5_url, H5_LIFE_SECONDS),
            PayerScene::Window => return Err(CallError::not_a_window()),
        };
        let handle = handle
            .filter(|handle| !handle.is_empty() && handle.len() <= 2048)
            .ok_or_else(|| CallError::InDoubt("the order was taken, but its handle is missing".to_owned()))?;
        Ok(Opened { handle, provider_trade_no: None, usable_until: asked_at.plus_seconds(life) })
    }

    /// Signs freshly, because a page may be shown long after the order was opened.
    pub(super) fn presentation(
        &self,
        request: &OrderRequest,
        handle: &str,
        now: Timestamp,
    ) -> Result<Presentation, CallError> {
        match request.scene {
            PayerScene::InApp(_) => self.jsapi(handle, now.seconds(), self.wire.nonce()),
            PayerScene::ShownCode => Ok(Presentation::Code { text: handle.to_owned() }),
            PayerScene::Window => Err(CallError::not_a_window()),
            PayerScene::MobileBrowser { .. } => {
                BaseUrl::parse(handle.split('?').next().unwrap_or_default())
                    .map_err(|problem| CallError::NotSent(format!("the cashier page's address {problem}")))?;
                // The address may only be extended by this one parameter (section 3.1).
                let separator = if handle.contains('?') { '&' } else { '?' };
                let return_url = percent_encode(&request.return_url);
                Ok(Presentation::Redirect { url: format!("{handle}{separator}redirect_url={return_url}") })
            }
        }
    }

    /// The argument of `getBrandWCPayRequest`.
    pub(super) fn jsapi(
        &self,
        prepay_id: &str,
        timestamp: i64,
        nonce: String,
    ) -> Result<Presentation, CallError> {
        let package = format!("prepay_id={prepay_id}");
        let message = sign::pay_message(&self.appid, timestamp, &nonce, &package);
        let signature = self
            .wire
            .signer
            .sign(message.as_bytes())
            .ok_or_else(|| CallError::NotSent("the payment could not be signed".to_owned()))?;
        let parameters = [
            ("appId", self.appid.clone()),
            ("timeStamp", timestamp.to_string()),
            ("nonceStr", nonce),
            ("package", package),
            ("signType", "RSA".to_owned()),
            ("paySign", signature),
        ];
        Ok(Presentation::InApp {
            bridge: Bridge::Wechat,
            parameters: parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        })
    }

    /// Checks that a proven transaction is ours, and reads it.
    pub(super) fn sighting(&self, transaction: &Transaction) -> Result<OrderSighting, String> {
        self.check_owner(&transaction.mchid, Some(&transaction.appid))?;
        let out_trade_no = OutTradeNo::parse(transaction.out_trade_no.as_str())
            .map_err(|_| "an order number that is none of ours".to_owned())?;
        Ok(OrderSighting { out_trade_no, seen: transaction.seen()? })
    }

    /// Merchant and application must be this channel's. Refund notifications name no application (section 6.4).
    pub(super) fn check_owner(&self, mchid: &str, appid: Option<&str>) -> Result<(), String> {
        if mchid != self.wire.mchid {
            return Err(format!("it is for mchid {}", crate::text::cut(mchid, 32)));
        }
        match appid {
            Some(appid) if appid != self.appid => {
                Err(format!("it is for appid {}", crate::text::cut(appid, 32)))
            }
            _ => Ok(()),
        }
    }

    async fn transaction(&self, path: &str) -> Result<Transaction, Failure> {
        let answer: Proven<Transaction> = self.wire.get(&format!("{path}?mchid={}", self.wire.mchid)).await?;
        tell_request_id(&answer.said.out_trade_no, &answer.request_id, "an order was asked after");
        Ok(answer.said)
    }

    fn create_body(&self, request: &OrderRequest) -> Result<Vec<u8>, CallError> {
        let payer = match &request.scene {
            PayerScene::InApp(payer) => Some(CreatePayer { openid: &payer.id }),
            PayerScene::ShownCode | PayerScene::MobileBrowser { .. } | PayerScene::Window => None,
        };
        let scene_info = match &request.scene {
            PayerScene::MobileBrowser { client_ip } => {
                let payer_client_ip = client_ip_of(client_ip, self.allow_private_payer_address)?;
                Some(SceneInfo { payer_client_ip, h5_info: H5Info { r#type: "Wap" } })
            }
            PayerScene::InApp(_) | PayerScene::ShownCode | PayerScene::Window => None,
        };
        let body = CreateRequest {
            appid: &self.appid,
            mchid: &self.wire.mchid,
            description: wire_text(&request.subject, DESCRIPTION_BYTES).unwrap_or("缴费".to_owned()),
            out_trade_no: request.out_trade_no.as_str(),
            time_expire: request.expires_at.to_rfc3339(),
            notify_url: &request.notify_url,
            amount: CreateAmount { total: request.amount.get(), currency: "CNY" },
            payer,
            scene_info,
        };
        to_bytes(&body)
    }
}

#[async_trait]
impl Inquiry for Wechat {
    async fn query(&self, order: &OutTradeNo) -> Result<OrderSighting, CallError> {
        let path = format!("/v3/pay/transactions/out-trade-no/{}", percent_encode(order.as_str()));
        match self.transaction(&path).await {
            Ok(transaction) => {
                let sighting = self.sighting(&transaction).map_err(CallError::InDoubt)?;
                if sighting.out_trade_no == *order {
                    Ok(sighting)
                } else {
                    Err(CallError::InDoubt("asked after one order, told of another".to_owned()))
                }
            }
            Err(Failure::Answered(answer)) if sort(Asked::Query, &answer) == Meaning::Missing => {
                Ok(OrderSighting { out_trade_no: order.clone(), seen: Sighted::Missing })
            }
            Err(failure) => Err(failure.into_call_error(Asked::Query)),
        }
    }

    /// Knows paid orders only (section 3.3).
    async fn query_by_provider_trade_no(
        &self,
        number: &ProviderTradeNo,
    ) -> Result<Option<OrderSighting>, CallError> {
        let path = format!("/v3/pay/transactions/id/{}", percent_encode(number.as_str()));
        let transaction = match self.transaction(&path).await {
            Ok(transaction) => transaction,
            Err(Failure::Answered(answer)) if sort(Asked::Query, &answer) == Meaning::Missing => {
                return Ok(None);
            }
            Err(failure) => return Err(failure.into_call_error(Asked::Query)),
        };
        let sighting = self.sighting(&transaction).map_err(CallError::InDoubt)?;
        match &sighting.seen {
            Sighted::Paid { provider_trade_no, .. } if provider_trade_no != number => {
                Err(CallError::InDoubt("asked after one transaction, told of another".to_owned()))
            }
            _ => Ok(Some(sighting)),
        }
    }

    /// Queries, closes what is not paid, and queries again: a payment that races with the close ends in exactly one of the two
    /// (section 3.5).
    ///
    /// A number that WeChat does not know is closed too: the proven 204 burns it, so that a create call still under way can no
    /// longer succeed.
    async fn close(&self, order: &OutTradeNo) -> Result<OrderSighting, CallError> {
        let before = self.query(order).await?;
        match before.seen {
            Sighted::Paid { .. } | Sighted::Closed | Sighted::Unknown { .. } => return Ok(before),
            Sighted::Waiting | Sighted::Missing => {}
        }
        let path = format!("/v3/pay/transactions/out-trade-no/{}/close", percent_encode(order.as_str()));
        let body = to_bytes(&CloseRequest { mchid: &self.wire.mchid })?;
        match self.wire.call(Method::POST, &path, Some(body)).await {
            Ok(answer) => tell_request_id(order, &answer.request_id, "an order was closed"),
            Err(Failure::Answered(answer)) if answer.says_paid() => return self.query(order).await,
            Err(failure) => return Err(failure.into_call_error(Asked::Close)),
        }
        match self.query(order).await {
            Ok(after) if !matches!(after.seen, Sighted::Missing) => Ok(after),
            // The proven 204 is an explicit yes; an unproven "not found" or silence after it changes nothing.
            _ => Ok(OrderSighting { out_trade_no: order.clone(), seen: Sighted::Closed }),
        }
    }
}

/// WeChat's support finds a call by this number only (section 9.4).
fn tell_request_id(order: &(impl std::fmt::Display + ?Sized), request_id: &str, what: &str) {
    tracing::debug!(payment.out_trade_no = %order, provider.request_id = %request_id, "{what}");
}

/// Text as WeChat takes it: no characters of four UTF-8 bytes (section 1.1), no control characters, cut between two characters
/// to at most `limit` bytes. `None` when nothing is left.
pub fn wire_text(text: &str, limit: usize) -> Option<String> {
    let kept: String =
        text.chars().filter(|character| character.len_utf8() < 4 && !character.is_control()).collect();
    let kept = kept.trim();
    let kept = kept[..kept.floor_char_boundary(limit)].trim_end();
    if kept.is_empty() { None } else { Some(kept.to_owned()) }
}

/// A payer in a browser has an address of the outside. Any other means that a proxy in front of us does not say whom it speaks
/// for; WeChat refuses 127.0.0.1 (section 9.3) and judges the rest by risk, so none of them is sent.
fn client_ip_of(text: &str, allow_private: bool) -> Result<String, CallError> {
    let address: IpAddr = text
        .parse()
        .map_err(|_| CallError::NotSent("the payer's address is needed and is no IP address".to_owned()))?;
    let address = address.to_canonical();
    let private = match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    };
    if address.is_unspecified() || (private && !allow_private) {
        return Err(CallError::NotSent(format!(
            "the payer's address {address} is of this machine or of a network inside; WeChat wants the payer's own outside its app. \
             Does the proxy in front of the gateway pass it on?"
        )));
    }
    Ok(address.to_string())
}

/// Serialises once; these bytes are signed and sent.
pub fn to_bytes(body: &impl Serialize) -> Result<Vec<u8>, CallError> {
    serde_json::to_vec(body)
        .map_err(|error| CallError::NotSent(format!("the request cannot be written: {error}")))
}

#[cfg(test)]
mod tests {
    use super::super::vectors;
    use super::*;

    #[test]
    fn a_repeated_request_is_the_same_to_the_byte() {
        let wechat = vectors::wechat();
        let first = wechat.create_body(&vectors::order()).expect("a body");
        assert_eq!(first, wechat.create_body(&vectors::order()).expect("a body"));
        assert_eq!(
            String::from_utf8(first).as_deref(),
            Ok(
                r#"{"appid":"wx1111111111111111","mchid":"1900000001","description":"门诊缴费","out_trade_no":"HOSP20260101000001","time_expire":"2026-01-01T12:30:00+08:00","notify_url":"https://pay.hospital.example/wechat/notify","amount":{"total":1250,"currency":"CNY"},"payer":{"openid":"oTESTopenid0000000000000001"}}"#
            )
        );
    }

    #[test]
    fn a_browser_order_names_the_payers_address() {
        let mut request = vectors::order();
        request.scene = PayerScene::MobileBrowser { client_ip: "2001:db8::1".to_owned() };
        let body = String::from_utf8(vectors::wechat().create_body(&request).expect("a body"));
        assert!(body.is_ok_and(|body| {
            body.ends_with(r#""scene_info":{"payer_client_ip":"2001:db8::1","h5_info":{"type":"Wap"}}}"#)
        }));
        for bad in ["unknown", "127.0.0.1", "::1", "0.0.0.0"] {
            request.scene = PayerScene::MobileBrowser { client_ip: bad.to_owned() };
            assert!(matches!(vectors::wechat().create_body(&request), Err(CallError::NotSent(_))), "{bad}");
        }
    }

    #[test]
    fn an_address_of_the_inside_is_not_the_payers() {
        let inside = [
            "127.0.0.1",
            "::1",
            "::ffff:127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "::ffff:192.168.1.1",
            "169.254.1.1",
            "fe80::1",
            "fd00::1",
        ];
        for text in inside {
            assert!(matches!(client_ip_of(text, false), Err(CallError::NotSent(_))), "{text}");
            assert!(client_ip_of(text, true).is_ok(), "{text}");
        }
        for text in ["0.0.0.0", "::", "unknown", ""] {
            assert!(client_ip_of(text, true).is_err(), "{text}");
        }
        for text in ["203.0.113.7", "172.32.0.1", "2001:db8::1"] {
            assert_eq!(client_ip_of(text, false).as_deref(), Ok(text));
        }
        assert_eq!(client_ip_of("::ffff:203.0.113.7", false).as_deref(), Ok("203.0.113.7"));
    }

    #[test]
    fn a_browser_comes_back_by_an_encoded_address() {
        let mut request = vectors::order();
        request.scene = PayerScene::MobileBrowser { client_ip: "192.0.2.1".to_owned() };
        let handle = "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1&package=2";
        let shown = vectors::wechat().presentation(&request, handle, request.created_at);
        let url = format!("{handle}&redirect_url=https%3A%2F%2Fpay.hospital.example%2Fr%3Fa%3D1");
        assert_eq!(shown, Ok(Presentation::Redirect { url }));
        assert!(vectors::wechat().presentation(&request, "javascript:1", request.created_at).is_err());
    }

    #[test]
    fn text_loses_what_wechat_refuses() {
        assert_eq!(wire_text(" 门诊\n缴费😀 ", 127).as_deref(), Some("门诊缴费"));
        assert_eq!(wire_text(&"费".repeat(200), 127).map(|text| text.len()), Some(126));
        assert_eq!(wire_text(&"a".repeat(200), 127).map(|text| text.len()), Some(127));
        assert_eq!(wire_text("退 费", 4).as_deref(), Some("退"));
        assert_eq!(wire_text("😀", 127), None);
    }

    #[test]
    fn every_trade_state_has_its_reading() {
        let seen = |state: &str| {
            let text = vectors::TRANSACTION.replace("\"SUCCESS\"", &format!("\"{state}\""));
            serde_json::from_str::<Transaction>(&text).expect("the vector").seen().expect("readable")
        };
        for paid in ["SUCCESS", "REFUND"] {
            assert!(matches!(seen(paid), Sighted::Paid { amount, .. } if amount.get() == 1250), "{paid}");
        }
        for waiting in ["NOTPAY", "USERPAYING", "ACCEPT"] {
            assert_eq!(seen(waiting), Sighted::Waiting);
        }
        assert_eq!(seen("CLOSED"), Sighted::Closed);
        for other in ["REVOKED", "PAYERROR", "TOMORROW"] {
            assert_eq!(seen(other), Sighted::Unknown { text: other.to_owned() });
        }
    }

    #[test]
    fn another_currency_is_not_our_money() {
        let text = vectors::TRANSACTION.replace("\"currency\":\"CNY\"", "\"currency\":\"HKD\"");
        let seen = serde_json::from_str::<Transaction>(&text).expect("the vector").seen();
        assert_eq!(seen, Ok(Sighted::Unknown { text: "SUCCESS in HKD".to_owned() }));
    }

    #[test]
    fn another_merchants_order_is_not_ours() {
        let wechat = vectors::wechat();
        for (from, to) in [("1900000001", "1900000002"), ("wx1111111111111111", "wx2222222222222222")] {
            let text = vectors::TRANSACTION.replace(from, to);
            let transaction: Transaction = serde_json::from_str(&text).expect("the vector");
            assert!(wechat.sighting(&transaction).is_err());
        }
    }
}
