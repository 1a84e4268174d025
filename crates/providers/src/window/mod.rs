//! The cashier's window (窗口): cash, and the bank's own card terminal. A provider with no wire.
//!
//! Nobody is asked and nobody tells: an order stands open from the moment on that it was stored, and a cashier's word that the money is
//! there is the news. So it can neither be inquired after nor refunded from here; the gateway keeps what cashiers said, and what they
//! gave back over the counter, in their shifts.

use crate::settings::SettingsReader;
use async_trait::async_trait;
use mingfen_domain::Timestamp;
use mingfen_domain::ids::ChannelId;
use mingfen_domain::payment::Scene;
use mingfen_domain::window::Method;
use mingfen_provider_api::statement::Statements;
use mingfen_provider_api::{
    Authorisation, BuildContext, CallError, ConfigError, Inquiry, Notifications, Opened, OrderRequest,
    PayerScene, Presentation, Provider, Refunds, Registration, Upkeep,
};
use std::sync::Arc;

/// The line in [`crate::ALL`].
pub const REGISTRATION: Registration = Registration {
    name: "window",
    build: |context, table| Ok(Arc::new(Window::build(context, table)?) as Arc<dyn Provider>),
};

/// One way of taking money at the window: the tills, or the bank's terminals.
pub struct Window {
    channel: ChannelId,
    method: Method,
    account: String,
}

impl Window {
    /// Builds a channel from its table: `takes` is `"cash"` or `"pos"`, `account` may name the bank's merchant number.
    ///
    /// # Errors
    /// Everything that is wrong with the table.
    pub fn build(context: &BuildContext, table: &toml::Table) -> Result<Self, Vec<ConfigError>> {
        let mut settings = SettingsReader::new(table, &context.base_dir);
        let takes = settings.matching("takes", "\"cash\" or \"pos\"", |text| Method::parse(text).is_some());
        let account = settings.optional_text("account").unwrap_or_default();
        let built = takes.as_deref().and_then(Method::parse).map(|method| Self {
            channel: context.channel.clone(),
            method,
            account,
        });
        settings.finish(built)
    }
}

#[async_trait]
impl Provider for Window {
    fn channel(&self) -> &ChannelId {
        &self.channel
    }

    fn provider_name(&self) -> &'static str {
        self.method.as_str()
    }

    fn identity(&self) -> String {
        match (self.method, self.account.as_str()) {
            (Method::Cash, _) => "the tills".to_owned(),
            (Method::Pos, "") => "the bank's terminals".to_owned(),
            (Method::Pos, account) => format!("the bank's terminals, account {account}"),
        }
    }

    fn scenes(&self) -> &'static [Scene] {
        &[Scene::Window]
    }

    /// Nothing is sent: the order is open because it is stored.
    async fn open_order(&self, request: &OrderRequest) -> Result<Opened, CallError> {
        match request.scene {
            PayerScene::Window => Ok(Opened {
                handle: self.method.as_str().to_owned(),
                provider_trade_no: None,
                usable_until: request.expires_at,
            }),
            PayerScene::InApp(_) | PayerScene::ShownCode | PayerScene::MobileBrowser { .. } => {
                Err(CallError::NotSent("the window takes money over the counter only".to_owned()))
            }
        }
    }

    /// A payer has no page here.
    fn present(&self, _: &OrderRequest, _: &str, _: Timestamp) -> Result<Presentation, CallError> {
        Err(CallError::NotSent("the window has no page for a payer".to_owned()))
    }

    fn authorisation(&self) -> Option<&dyn Authorisation> {
        None
    }

    fn inquiry(&self) -> Option<&dyn Inquiry> {
        None
    }

    fn refunds(&self) -> Option<&dyn Refunds> {
        None
    }

    fn notifications(&self) -> Option<&dyn Notifications> {
        None
    }

    fn statements(&self) -> Option<&dyn Statements> {
        None
    }

    fn upkeep(&self) -> Option<&dyn Upkeep> {
        None
    }

    fn window(&self) -> Option<Method> {
        Some(self.method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mingfen_domain::ids::OutTradeNo;
    use mingfen_domain::{Amount, Clock, Random};
    use mingfen_provider_api::Payer;

    struct Still;
    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::from_seconds(1_767_240_000)
        }
    }
    impl Random for Still {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    fn built(table: &str) -> Result<Window, Vec<ConfigError>> {
        let context = BuildContext {
            channel: ChannelId::parse("window-cash").unwrap(),
            clock: Arc::new(Still),
            random: Arc::new(Still),
            base_dir: ".".into(),
        };
        Window::build(&context, &table.parse().unwrap())
    }

    fn order(scene: PayerScene) -> OrderRequest {
        OrderRequest {
            out_trade_no: OutTradeNo::parse("P26010200000000000000").unwrap(),
            amount: Amount::from_fen(8850).unwrap(),
            subject: "门诊缴费".into(),
            scene,
            expires_at: Still.now().plus_seconds(900),
            created_at: Still.now(),
            notify_url: String::new(),
            return_url: String::new(),
            client_ip: None,
        }
    }

    #[test]
    fn a_table_says_what_is_taken() {
        let cash = built("provider = \"window\"\ntakes = \"cash\"").unwrap();
        assert_eq!((cash.window(), cash.provider_name()), (Some(Method::Cash), "cash"));
        let pos = built("provider = \"window\"\ntakes = \"pos\"\naccount = \"898330148160001\"").unwrap();
        assert_eq!(pos.window(), Some(Method::Pos));
        assert!(pos.identity().ends_with("898330148160001"));
        let wrong = |table: &str| built(table).err().unwrap().remove(0).field;
        assert_eq!(wrong("provider = \"window\""), "takes");
        assert_eq!(wrong("provider = \"window\"\ntakes = \"cheque\""), "takes");
        assert_eq!(wrong("provider = \"window\"\ntakes = \"cash\"\napp_id = \"1\""), "app_id");
    }

    #[tokio::test]
    async fn an_order_is_open_without_a_call_and_no_phone_pays_it() {
        let cash = built("provider = \"window\"\ntakes = \"cash\"").unwrap();
        let opened = cash.open_order(&order(PayerScene::Window)).await.unwrap();
        assert_eq!(opened.usable_until, Still.now().plus_seconds(900));
        let payer = Payer { kind: "openid".into(), id: "o1".into() };
        for scene in [PayerScene::InApp(payer), PayerScene::ShownCode] {
            assert!(matches!(cash.open_order(&order(scene)).await, Err(CallError::NotSent(_))));
        }
    }
}
