//! WeChat Pay (微信支付), API v3, direct merchant.
//!
//! # Reading order
//! [`config`](self) reads a channel's table; `sign` writes the strings that are signed; `certs` holds the keys that prove WeChat's
//! word; `wire` sends one call and verifies its answer; `error` sorts what they say when they say no. Then one file per thing
//! that is asked: `authorise`, `order`, `refund`, `notification`, `statement`.
//!
//! # Source
//! WeChat Pay API v3 reference, read 2026-11; section numbers in this folder are its sections.

mod authorise;
mod certs;
mod config;
mod error;
mod notification;
mod order;
mod refund;
mod sign;
mod statement;
mod wire;

pub use statement::{Bill, bill_of, read_fund_flow, read_trades};

use crate::http::BaseUrl;
use crate::settings::Secret;
use async_trait::async_trait;
use mingfen_domain::Timestamp;
use mingfen_domain::ids::ChannelId;
use mingfen_domain::payment::Scene;
use mingfen_domain::window::Method;
use mingfen_provider_api::statement::Statements;
use mingfen_provider_api::{
    Authorisation, BuildContext, CallError, ConfigError, Inquiry, Notifications, Opened, OrderRequest,
    Presentation, Provider, Refunds, Registration, Upkeep,
};
use std::sync::Arc;
use wire::Wire;

/// The trade bill (交易账单) as a layout for reading it as a file, without a channel: `mingfen reconcile files`.
pub const TRADE_BILL_LAYOUT: &str = include_str!("statement/layout.toml");

/// The line in [`crate::ALL`].
pub const REGISTRATION: Registration = Registration {
    name: "wechat",
    build: |context, table| Ok(Arc::new(Wechat::build(context, table)?) as Arc<dyn Provider>),
};

/// One merchant account at WeChat Pay.
pub struct Wechat {
    channel: ChannelId,
    appid: String,
    app_secret: Secret,
    authorise_base_url: BaseUrl,
    token_base_url: BaseUrl,
    bill_base_url: Option<BaseUrl>,
    allow_private_payer_address: bool,
    /// When the merchant's own certificate ends, if it was given.
    merchant_certificate_ends: Option<Timestamp>,
    wire: Wire,
}

impl Wechat {
    /// Builds a channel from its table.
    ///
    /// # Errors
    /// Everything that is wrong with the table.
    pub fn build(context: &BuildContext, table: &toml::Table) -> Result<Self, Vec<ConfigError>> {
        config::build(context, table)
    }

    fn now(&self) -> Timestamp {
        self.wire.clock.now()
    }
}

#[async_trait]
impl Provider for Wechat {
    fn channel(&self) -> &ChannelId {
        &self.channel
    }

    fn provider_name(&self) -> &'static str {
        "wechat"
    }

    fn identity(&self) -> String {
        format!("mchid {}, appid {}", self.wire.mchid, self.appid)
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
        let something_ends = self.wire.anchors.downloads() || self.merchant_certificate_ends.is_some();
        something_ends.then_some(self as &dyn Upkeep)
    }

    fn window(&self) -> Option<Method> {
        None
    }
}

#[cfg(test)]
mod vectors;
