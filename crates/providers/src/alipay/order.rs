//! Opening an order, and what the payer's page does with it.
//!
//! # Source
//! protocols/alipay.md sections 6.1 to 6.4 (`alipay.trade.create`, `alipay.trade.precreate`, `alipay.trade.wap.pay`).

use super::Alipay;
use super::call::{Call, encoded};
use super::error::{Failure, Kind};
use mingfen_domain::ids::ProviderTradeNo;
use mingfen_domain::{Amount, Timestamp};
use mingfen_provider_api::{Bridge, CallError, Opened, OrderRequest, Payer, PayerScene, Presentation};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// 100 000 000.00 yuan, the most that Alipay takes.
const LARGEST_FEN: i64 = 10_000_000_000;
/// The longest `notify_url` and `return_url`, in characters. A `quit_url` may have 400 and is our `return_url`.
const LONGEST_ADDRESS: usize = 256;
/// A code lives no longer, whatever the order's deadline is.
const CODE_LIFE_SECONDS: i64 = 2 * 60 * 60;
/// Alipay allows 256; bills and screens are happier with less.
const LONGEST_SUBJECT: usize = 64;
/// What is written when nothing presentable is left of a subject.
const PLAIN_SUBJECT: &str = "医疗缴费";
/// A value that holds one of these is refused as `isv.suspected-attack`.
const SUSPECTED: &[&str] = &["body", "subject", "service", "out_trade_no", "seller_id", "total_fee"];

/// The `biz_content` of an order. Made only of what is stored: a repeat has the same bytes, its deadline is absolute.
#[derive(Serialize)]
struct OrderContent<'a> {
    out_trade_no: &'a str,
    total_amount: String,
    subject: String,
    product_code: &'a str,
    seller_id: &'a str,
    time_expire: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    buyer_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buyer_open_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quit_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    business_params: Option<BusinessParams>,
}

#[derive(Serialize)]
struct BusinessParams {
    /// The payer's public address, for risk control; some trades are refused without it.
    mc_create_trade_ip: String,
}

#[derive(Deserialize)]
struct CreateAnswer {
    out_trade_no: String,
    trade_no: String,
}

#[derive(Deserialize)]
struct PrecreateAnswer {
    out_trade_no: String,
    qr_code: String,
}

impl Alipay {
    pub(super) async fn open(&self, request: &OrderRequest) -> Result<Opened, CallError> {
        match &request.scene {
            PayerScene::InApp(payer) => self.create(request, payer).await,
            PayerScene::ShownCode => self.precreate(request).await,
            PayerScene::Window => Err(CallError::not_a_window()),
            // The cashier page opens the order when the payer logs in; until then nothing is on the wire.
            PayerScene::MobileBrowser { .. } => {
                self.content(request)?;
                Ok(Opened {
                    handle: "wap".to_owned(),
                    provider_trade_no: None,
                    usable_until: request.expires_at,
                })
            }
        }
    }

    pub(super) fn presentation(
        &self,
        request: &OrderRequest,
        handle: &str,
        now: Timestamp,
    ) -> Result<Presentation, CallError> {
        match request.scene {
            PayerScene::InApp(_) => Ok(Presentation::InApp {
                bridge: Bridge::Alipay,
                parameters: vec![("tradeNO".to_owned(), handle.to_owned())],
            }),
            PayerScene::ShownCode => Ok(Presentation::Code { text: handle.to_owned() }),
            PayerScene::MobileBrowser { .. } => self.cashier_page(request, now),
            PayerScene::Window => Err(CallError::not_a_window()),
        }
    }

    async fn create(&self, request: &OrderRequest, payer: &Payer) -> Result<Opened, CallError> {
        let mut content = self.content(request)?;
        match payer.kind.as_str() {
            "user_id" => content.buyer_id = Some(&payer.id),
            "open_id" => content.buyer_open_id = Some(&payer.id),
            other => return Err(CallError::NotSent(format!("Alipay has no payer of kind {other}"))),
        }
        let call = Call::new("alipay.trade.create", Kind::Open, &content)?.notifying(&request.notify_url);
        let answer: CreateAnswer = self.ask(&call).await?;
        same_order(&answer.out_trade_no, request)?;
        let number = ProviderTradeNo::parse(answer.trade_no)
            .map_err(|error| Failure::in_doubt(format!("trade_no: {error}")))?;
        Ok(Opened {
            handle: number.as_str().to_owned(),
            provider_trade_no: Some(number),
            usable_until: request.expires_at,
        })
    }

    async fn precreate(&self, request: &OrderRequest) -> Result<Opened, CallError> {
        let content = self.content(request)?;
        let asked_at = self.clock.now();
        let call = Call::new("alipay.trade.precreate", Kind::Open, &content)?.notifying(&request.notify_url);
        let answer: PrecreateAnswer = self.ask(&call).await?;
        same_order(&answer.out_trade_no, request)?;
        if answer.qr_code.is_empty() || answer.qr_code.len() > 1024 {
            return Err(CallError::InDoubt("qr_code is empty or too long for a code".to_owned()));
        }
        Ok(Opened {
            handle: answer.qr_code,
            provider_trade_no: None,
            usable_until: request.expires_at.min(asked_at.plus_seconds(CODE_LIFE_SECONDS)),
        })
    }

    fn cashier_page(&self, request: &OrderRequest, now: Timestamp) -> Result<Presentation, CallError> {
        let content = serde_json::to_string(&self.content(request)?)
            .map_err(|error| CallError::NotSent(format!("biz_content cannot be written: {error}")))?;
        let further = [
            ("notify_url", request.notify_url.as_str()),
            ("return_url", request.return_url.as_str()),
            ("biz_content", content.as_str()),
        ];
        let parameters = self.signed("alipay.trade.wap.pay", now, &further)?;
        let mut url = self.gateway_url.url().clone();
        url.set_query(Some(&encoded(&parameters)));
        Ok(Presentation::Redirect { url: url.into() })
    }

    fn content<'a>(&'a self, request: &'a OrderRequest) -> Result<OrderContent<'a>, CallError> {
        let (product_code, client_ip) = match &request.scene {
            PayerScene::InApp(_) => ("JSAPI_PAY", request.client_ip.as_ref()),
            // Whoever scans a screen has another address than the screen.
            PayerScene::ShownCode => (self.precreate_product_code.as_str(), None),
            PayerScene::MobileBrowser { client_ip } => ("QUICK_WAP_WAY", Some(client_ip)),
            PayerScene::Window => return Err(CallError::not_a_window()),
        };
        let in_a_browser = matches!(request.scene, PayerScene::MobileBrowser { .. });
        within("notify_url", &request.notify_url)?;
        if in_a_browser {
            within("return_url", &request.return_url)?;
        }
        Ok(OrderContent {
            out_trade_no: request.out_trade_no.as_str(),
            total_amount: yuan(request.amount)?,
            subject: presentable(&request.subject),
            product_code,
            seller_id: &self.seller_id,
            time_expire: request.expires_at.to_beijing_text(),
            buyer_id: None,
            buyer_open_id: None,
            quit_url: in_a_browser.then_some(request.return_url.as_str()),
            business_params: client_ip
                .and_then(|text| public_address(text))
                .map(|mc_create_trade_ip| BusinessParams { mc_create_trade_ip }),
        })
    }
}

/// What is too long is refused by Alipay as `isv.invalid-parameter`, which does not say what.
fn within(name: &str, address: &str) -> Result<(), CallError> {
    let length = address.chars().count();
    if length <= LONGEST_ADDRESS {
        return Ok(());
    }
    Err(CallError::NotSent(format!(
        "{name} has {length} characters and Alipay takes {LONGEST_ADDRESS}; shorten the gateway's public address or its path"
    )))
}

/// An address that can be the payer's own. One of this machine or of a network inside is a proxy's; Alipay would take it for
/// the payer's and judge by it, so none is sent then.
fn public_address(text: &str) -> Option<String> {
    let address = text.parse::<IpAddr>().ok()?.to_canonical();
    let inside = match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    };
    (!inside && !address.is_unspecified()).then(|| address.to_string())
}

/// Yuan with two decimals, within what Alipay takes.
pub(super) fn yuan(amount: Amount) -> Result<String, CallError> {
    if amount.get() > LARGEST_FEN {
        return Err(CallError::NotSent("the amount is above Alipay's limit of 100000000.00 yuan".to_owned()));
    }
    Ok(amount.fen().to_yuan())
}

/// A text that Alipay accepts, that shifts no column of a bill and can be written in GBK: letters, digits and a few harmless
/// signs of the basic plane; everything else becomes a blank.
pub(super) fn presentable(text: &str) -> String {
    let harmless = |c: char| {
        (c.is_alphanumeric() && c <= '\u{FFFF}') || matches!(c, '-' | '.' | '(' | ')' | '（' | '）')
    };
    let blanked: String = text.chars().map(|c| if harmless(c) { c } else { ' ' }).collect();
    let joined = blanked.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = joined.to_lowercase();
    if joined.is_empty() || SUSPECTED.iter().any(|word| lower.contains(word)) {
        return PLAIN_SUBJECT.to_owned();
    }
    joined.chars().take(LONGEST_SUBJECT).collect()
}

fn same_order(answered: &str, request: &OrderRequest) -> Result<(), CallError> {
    if answered == request.out_trade_no.as_str() {
        Ok(())
    } else {
        Err(CallError::InDoubt("the answer is about another order".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_made_presentable() {
        for (text, expected) in [
            ("门诊缴费", "门诊缴费"),
            ("门诊/检查&化验=1,2，3", "门诊 检查 化验 1 2 3"),
            ("  😀 CT检查（增强）-A.1 \n", "CT检查（增强）-A.1"),
            ("Body check", PLAIN_SUBJECT),
            ("，/", PLAIN_SUBJECT),
            ("", PLAIN_SUBJECT),
        ] {
            assert_eq!(presentable(text), expected, "{text}");
        }
        assert_eq!(presentable(&"诊".repeat(300)).chars().count(), LONGEST_SUBJECT);
    }

    #[test]
    fn only_a_public_address_is_the_payers() {
        assert_eq!(public_address("203.0.113.7").as_deref(), Some("203.0.113.7"));
        assert_eq!(public_address("::ffff:203.0.113.7").as_deref(), Some("203.0.113.7"));
        assert_eq!(public_address("2001:db8::1").as_deref(), Some("2001:db8::1"));
        for text in
            ["", "unknown", "0.0.0.0", "127.0.0.1", "::1", "10.1.2.3", "192.168.1.1", "fd00::1", "fe80::1"]
        {
            assert_eq!(public_address(text), None, "{text}");
        }
    }

    #[test]
    fn amounts_are_yuan_with_two_decimals_within_the_limit() {
        assert_eq!(yuan(Amount::from_fen(1).unwrap()).unwrap(), "0.01");
        assert_eq!(yuan(Amount::from_fen(LARGEST_FEN).unwrap()).unwrap(), "100000000.00");
        assert!(matches!(yuan(Amount::from_fen(LARGEST_FEN + 1).unwrap()), Err(CallError::NotSent(_))));
    }
}
