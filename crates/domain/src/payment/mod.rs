//! One payment order at one channel (支付单) and everything that can happen to it.
//!
//! A bill may see several payments: another app, another try. Each has its own order number and its own truth; which of them
//! settles the bill is the bill's business. Money that contradicts (late, double, another amount) has a state of its own,
//! [`State::Suspense`], from which it is refunded or put before a person. `Paid` never turns into "refunded": a refund is
//! another record.

mod event;
mod state;
#[cfg(test)]
mod tests;

pub use event::{BillStanding, Event, Received};
pub use state::{ClosedBecause, Contradiction, Effect, Outcome, State, SuspenseReason};

use crate::ids::{BillNo, ChannelId, OutTradeNo, TraceId};
use crate::money::Amount;
use crate::time::Timestamp;

/// In which surroundings the payer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scene {
    /// Inside the provider's own app, payer known: WeChat JSAPI, Alipay `trade.create`.
    InApp,
    /// A code on a screen, scanned by the payer.
    ShownCode,
    /// A mobile browser outside the app.
    MobileBrowser,
    /// At the cashier's window, in cash or by the bank's card terminal.
    Window,
}

impl Scene {
    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InApp => "in_app",
            Self::ShownCode => "shown_code",
            Self::MobileBrowser => "mobile_browser",
            Self::Window => "window",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::InApp, Self::ShownCode, Self::MobileBrowser, Self::Window]
            .into_iter()
            .find(|scene| scene.as_str() == word)
    }
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Our number at the provider.
    pub out_trade_no: OutTradeNo,
    /// The bill it is for.
    pub bill_no: BillNo,
    /// The merchant account it is paid into.
    pub channel: ChannelId,
    /// In which surroundings.
    pub scene: Scene,
    /// What was ordered.
    pub amount: Amount,
    /// Where it stands.
    pub state: State,
    /// Follows it through every log.
    pub trace: TraceId,
    /// When it was stored, before the wire was touched.
    pub created_at: Timestamp,
    /// Until when the payer may pay; told to the provider.
    pub expires_at: Timestamp,
    /// Compared at every change; the store refuses a stale one.
    pub version: i64,
}
