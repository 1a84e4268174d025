//! Alipay (支付宝): the gateway protocol "v2", in public-key and certificate mode.
//!
//! # Reading order
//! 1. [`config`](self) a channel's table. `sign` the texts that are signed, `answer` the text that was signed, `certs` and
//!    `x509` whom we believe.
//! 2. `call`: one signed exchange. `error`: what a refusal means for money.
//! 3. The calls: `authorise`, `order`, `inquiry`, `refund`; being told: `form`, `notification`; files: `statement`.
//!
//! # What is peculiar
//! A code on a screen and a cashier page make no trade until somebody scans or logs in: "no such trade" means "not yet", and such
//! an order cannot be closed. A refund's notification looks like a payment's. `code 10000` never says that money moved,
//! and a refund that the query does not know may be running all the same.

mod answer;
mod authorise;
mod call;
mod certs;
mod config;
mod error;
mod form;
mod inquiry;
mod notification;
mod order;
mod refund;
mod sign;
mod statement;
#[cfg(test)]
mod tests;
mod upkeep;
mod x509;

pub use inquiry::Cancelled;
pub use statement::{Part, export_trades, part_of, read_fund_flow, read_trades};

use crate::http::{BaseUrl, HttpClient};
use crate::keys::Signer;
use async_trait::async_trait;
use certs::Trust;
use mingfen_domain::ids::ChannelId;
use mingfen_domain::payment::Scene;
use mingfen_domain::window::Method;
use mingfen_domain::{Clock, Timestamp};
use mingfen_provider_api::statement::Statements;
use mingfen_provider_api::{
    Authorisation, CallError, Inquiry, Notifications, Opened, OrderRequest, Presentation, Provider, Refunds,
    Registration, Upkeep,
};
use statement::DownloadPlaces;
use std::sync::Arc;

/// The rows that [`export_trades`] gives, as a layout: `mingfen reconcile files`.
pub const TRADE_BILL_LAYOUT: &str = include_str!("statement/layout.toml");

/// How a channel of Alipay is built.
pub const REGISTRATION: Registration = Registration { name: "alipay", build: config::build };

/// One application of a merchant at Alipay.
pub struct Alipay {
    channel: ChannelId,
    app_id: String,
    /// The merchant (PID) that collects.
    seller_id: String,
    signer: Signer,
    trust: Trust,
    gateway_url: BaseUrl,
    authorise_url: BaseUrl,
    /// `QR_CODE_OFFLINE` or `FACE_TO_FACE_PAYMENT`, as the contract says.
    precreate_product_code: String,
    download_places: DownloadPlaces,
    http: HttpClient,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Provider for Alipay {
    fn channel(&self) -> &ChannelId {
        &self.channel
    }

    fn provider_name(&self) -> &'static str {
        "alipay"
    }

    fn identity(&self) -> String {
        let mode = match self.trust {
            Trust::PublicKey(_) => "public-key mode",
            Trust::Certificates(_) => "certificate mode",
        };
        format!("app_id {}, seller_id {}, {mode}", self.app_id, self.seller_id)
    }

    fn scenes(&self) -> &'static [Scene] {
        &[Scene::InApp, Scene::ShownCode, Scene::MobileBrowser]
    }

    async fn open_order(&self, request: &OrderRequest) -> Result<Opened, CallError> {
        self.open(request).await
    }

    fn present(
        &self,
        request: &OrderRequest,
        handle: &str,
        now: Timestamp,
    ) -> Result<Presentation, CallError> {
        self.presentation(request, handle, now)
    }

    fn authorisation(&self) -> Option<&dyn Authorisation> {
        Some(self)
    }

    fn inquiry(&self) -> Option<&dyn Inquiry> {
        Some(self)
    }

    fn refunds(&self) -> Option<&dyn Refunds> {
        Some(self)
    }

    fn notifications(&self) -> Option<&dyn Notifications> {
        Some(self)
    }

    fn statements(&self) -> Option<&dyn Statements> {
        Some(self)
    }

    fn upkeep(&self) -> Option<&dyn Upkeep> {
        match self.trust {
            Trust::PublicKey(_) => None,
            Trust::Certificates(_) => Some(self),
        }
    }

    fn window(&self) -> Option<Method> {
        None
    }
}
