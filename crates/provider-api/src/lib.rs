//! The port that every payment provider implements: what we ask, what we are told, and how sure we are.
//!
//! # What never enters
//! No provider's name for a thing, no HTTP, no store. The gateway sees only this crate; `cli` puts the adapters behind it.
//!
//! # Reading order
//! 1. [`Provider`]: what all providers do. The rest are abilities: a method that answers `None` when a provider lacks one.
//! 2. [`order`] what we ask, [`sighting`] what we are told, [`raw`] what comes in unproven.
//! 3. [`error`]: the money question first. [`statement`]: the provider's files.
//!
//! # How to add an ability
//! A trait here without default bodies, a method on [`Provider`] that answers `Option<&dyn Ability>`, and every adapter
//! decides; forgetting one does not compile.

pub mod error;
pub mod order;
pub mod raw;
pub mod registry;
pub mod sighting;
pub mod statement;

pub use error::CallError;
pub use order::{Bridge, Opened, OrderRequest, Payer, PayerScene, Presentation, RefundRequest};
pub use raw::{Acknowledgement, NotVerified, RawNotification, Verified};
pub use registry::{Build, BuildContext, ConfigError, Registration};
pub use sighting::{News, OrderSighting, RefundSighting, Sighted, SightedRefund};

use async_trait::async_trait;
use mingfen_domain::Timestamp;
use mingfen_domain::ids::{ChannelId, OutTradeNo, ProviderTradeNo};
use mingfen_domain::payment::Scene;
use mingfen_domain::window::Method;

/// One merchant account at a provider.
///
/// Adapters hold keys and certificates and nothing else: they never retry, never touch the store, never log a body.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The configured account.
    fn channel(&self) -> &ChannelId;

    /// The provider's short name, `wechat` or `alipay`: chooses words and icons on pages.
    fn provider_name(&self) -> &'static str;

    /// Merchant and application numbers, for people who look at the configuration. No secrets.
    fn identity(&self) -> String;

    /// The scenes in which it can take money.
    fn scenes(&self) -> &'static [Scene];

    /// Asks the provider to open an order. Safe to repeat with the same request: the same bytes go out.
    async fn open_order(&self, request: &OrderRequest) -> Result<Opened, CallError>;

    /// What the payer's page does with an opened order, signed freshly for this moment.
    fn present(
        &self,
        request: &OrderRequest,
        handle: &str,
        now: Timestamp,
    ) -> Result<Presentation, CallError>;

    /// Finding out who the payer is.
    fn authorisation(&self) -> Option<&dyn Authorisation>;
    /// Asking after an order and closing it.
    fn inquiry(&self) -> Option<&dyn Inquiry>;
    /// Sending money back.
    fn refunds(&self) -> Option<&dyn Refunds>;
    /// Being told.
    fn notifications(&self) -> Option<&dyn Notifications>;
    /// The provider's files.
    fn statements(&self) -> Option<&dyn statement::Statements>;
    /// Keys and certificates that change by themselves.
    fn upkeep(&self) -> Option<&dyn Upkeep>;
    /// Taking money at the window, and how: a person's word is the news, and nothing goes over a wire.
    fn window(&self) -> Option<Method>;
}

/// Finding out who the payer is (授权登录).
#[async_trait]
pub trait Authorisation: Send + Sync {
    /// Where the browser is sent. `return_url` comes back with the parameter that [`Authorisation::code_parameter`] names, and `state`.
    fn authorise_url(&self, return_url: &str, state: &str) -> String;

    /// The name of the query parameter that holds the code.
    fn code_parameter(&self) -> &'static str;

    /// Exchanges a code for the payer.
    async fn payer(&self, code: &str) -> Result<Payer, AuthoriseError>;
}

/// Why there is no payer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthoriseError {
    /// The code is used or too old: start again once.
    #[error("the authorisation code is used or too old")]
    CodeSpent,
    /// The provider refuses us: configuration.
    #[error("the provider refuses the authorisation: {0}")]
    Refused(String),
    /// No usable answer: try again.
    #[error("no usable answer from the provider: {0}")]
    NoAnswer(String),
}

/// Asking after an order and closing it.
#[async_trait]
pub trait Inquiry: Send + Sync {
    /// What the provider says of the order now. That it is missing may be unproven, and ends nothing.
    async fn query(&self, order: &OutTradeNo) -> Result<OrderSighting, CallError>;

    /// What the provider says of the payment under its own number: for statements, and for people who have only that.
    ///
    /// `None` when no payment of this account has that number.
    async fn query_by_provider_trade_no(
        &self,
        number: &ProviderTradeNo,
    ) -> Result<Option<OrderSighting>, CallError>;

    /// Closes the order at the provider, so that nobody can pay it any more.
    ///
    /// Safe to repeat. A paid order is not closed: it comes back as a sighting that says paid. An order that a provider cannot
    /// close because nobody has scanned it comes back as missing: wait until its own expiry has passed.
    async fn close(&self, order: &OutTradeNo) -> Result<OrderSighting, CallError>;
}

/// Sending money back.
#[async_trait]
pub trait Refunds: Send + Sync {
    /// Asks for a refund. Safe to repeat with the same request: a number is paid out once.
    async fn refund(&self, request: &RefundRequest) -> Result<RefundSighting, CallError>;

    /// What the provider says of the refund now.
    async fn query_refund(&self, request: &RefundRequest) -> Result<RefundSighting, CallError>;
}

/// Being told.
pub trait Notifications: Send + Sync {
    /// Proves that the provider sent these bytes to this merchant, and reads them. Nothing unproven comes out of here.
    fn verify(&self, raw: &RawNotification) -> Result<Verified<News>, NotVerified>;

    /// An order number that an unproven notification names: good for one rate-capped query, never for more.
    fn hint(&self, raw: &RawNotification) -> Option<OutTradeNo>;

    /// What the provider wants to hear; `accepted` only after the news is durable.
    fn acknowledge(&self, accepted: bool) -> Acknowledgement;
}

/// Keys and certificates that change by themselves.
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// Fetches what is new; called on a timer, as often as its owner likes.
    async fn refresh(&self) -> Result<(), CallError>;

    /// Fetches because a message named a key that is not held.
    ///
    /// Anybody can send such a message, with a new name each time: however many come, an adapter asks the provider at most once
    /// a minute, and answers `Ok` without asking when somebody just did. The caller then tries to verify once more.
    async fn refresh_for_unknown_key(&self) -> Result<(), CallError>;

    /// What expires and when, for the page that warns.
    fn expiries(&self) -> Vec<(String, Timestamp)>;
}
