//! What we ask a provider.

use mingfen_domain::ids::{OutRefundNo, OutTradeNo, ProviderTradeNo};
use mingfen_domain::payment::Scene;
use mingfen_domain::{Amount, Timestamp};
use std::fmt;

/// Who pays, as the provider names them: an openid or a user id, good for one application.
#[derive(Clone, PartialEq, Eq)]
pub struct Payer {
    /// Which kind of id, when a provider has several (`openid`, `user_id`, `open_id`).
    pub kind: String,
    /// The id.
    pub id: String,
}

impl fmt::Debug for Payer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payer({}, hidden)", self.kind)
    }
}

/// In which surroundings the payer pays, with what the provider wants to know of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayerScene {
    /// Inside the app.
    InApp(Payer),
    /// A code on a screen.
    ShownCode,
    /// A mobile browser outside the app; `client_ip` is the payer's.
    MobileBrowser {
        /// The payer's address as we see it.
        client_ip: String,
    },
    /// At the cashier's window.
    Window,
}

impl PayerScene {
    /// Without the details.
    pub const fn scene(&self) -> Scene {
        match self {
            Self::InApp(_) => Scene::InApp,
            Self::ShownCode => Scene::ShownCode,
            Self::MobileBrowser { .. } => Scene::MobileBrowser,
            Self::Window => Scene::Window,
        }
    }
}

/// An order to open. Made only of what is stored, so that a repeat sends the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRequest {
    /// Our number.
    pub out_trade_no: OutTradeNo,
    /// What is charged.
    pub amount: Amount,
    /// What the payer reads in the app; holds no diagnosis and no name.
    pub subject: String,
    /// Where the payer is.
    pub scene: PayerScene,
    /// Last moment to pay; whole seconds.
    pub expires_at: Timestamp,
    /// When the order was stored.
    pub created_at: Timestamp,
    /// Where the provider tells us.
    pub notify_url: String,
    /// Where a browser comes back to from a cashier page; proves nothing.
    pub return_url: String,
    /// The payer's address as it was when the order was stored, where it is known; a scene that cannot do without has its own.
    pub client_ip: Option<String>,
}

/// An order that stands at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The adapter's own text for what the payer is shown; stored, opaque to everyone else, at most 2048 characters.
    pub handle: String,
    /// The provider's number, when it has one already.
    pub provider_trade_no: Option<ProviderTradeNo>,
    /// Until when the handle works; ask for the order again after it.
    pub usable_until: Timestamp,
}

/// Which script interface of the app the page calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bridge {
    /// `WeixinJSBridge`
    Wechat,
    /// `AlipayJSBridge`
    Alipay,
}

/// What the payer's page does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presentation {
    /// Call the app's script interface with these parameters.
    InApp {
        /// Which one.
        bridge: Bridge,
        /// Names and values of its one argument, in order.
        parameters: Vec<(String, String)>,
    },
    /// Show this text as a QR code.
    Code {
        /// What the code holds.
        text: String,
    },
    /// Send the browser there.
    Redirect {
        /// Where to.
        url: String,
    },
}

/// A refund to ask for, or to ask after. Made only of what is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRequest {
    /// Our number, the same on every retry.
    pub out_refund_no: OutRefundNo,
    /// The payment it is taken from.
    pub out_trade_no: OutTradeNo,
    /// The provider's number of that payment.
    pub provider_trade_no: ProviderTradeNo,
    /// What goes back.
    pub amount: Amount,
    /// What was paid.
    pub paid: Amount,
    /// Shown to the payer.
    pub reason: String,
    /// Where the provider tells us.
    pub notify_url: String,
}
