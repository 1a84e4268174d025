//! Alipay's gateway 支付宝开放平台, protocol "v2" (`gateway.do`), as a strict and stateful server.
//!
//! Read in this order: `canonical` (what is signed), `form` (how a call arrives), `gate` (who may call, and the
//! order in which the gateway finds fault), `envelope` (how an answer leaves), then `trade` and `book` (what is
//! true of money) and one file for each family of methods: `ordering`, `inquiry`, `ending`, `refunding`, `oauth`,
//! `bill`. `notification` tells merchants, `wallet` is the buyer's phone, `control` is for scripts, `quirks` is what
//! no source settles.
//!
//! Call names for fault rules: `alipay.create`, `alipay.precreate`, `alipay.wap`, `alipay.pay`, `alipay.query`,
//! `alipay.close`, `alipay.cancel`, `alipay.refund`, `alipay.refund_query`, `alipay.bill_url`,
//! `alipay.bill_download`, `alipay.cert_download`, `alipay.oauth_token`, and `alipay.notify.{payment,refund,closed}`.
//! A `status` 429 becomes 40005 and a 500 becomes 20000, both with HTTP 200; other statuses are those of a proxy
//! in front.
//!
//! **What is not here:** v3 (`/v3/…`), content encryption (`encrypt_type`), profit sharing, insurance. A call that
//! wants them is refused, not half-answered.
//!
//! # Source
//! Alipay Open Platform, gathered in the protocol page `alipay.md`; section numbers below are that page's.

mod bill;
mod book;
mod canonical;
mod control;
mod credentials;
mod ending;
mod envelope;
mod form;
mod gate;
mod inquiry;
mod notification;
mod oauth;
mod ordering;
mod quirks;
mod refunding;
mod refusal;
mod sheet;
#[cfg(test)]
mod tests;
mod trade;
mod wallet;
mod zip;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::web;

pub use self::credentials::{
    AlipayCredentials, Application, BuyerIds, CertificateError, CertificateFiles, KeyMode,
};
pub use self::quirks::Quirks;
pub use self::refusal::Refusal;
pub use self::sheet::BRIDGE_CODES;
pub use self::trade::{BankReturn, Origin, RefundState, Trade, TradeRefund, TradeStatus};
pub use self::wallet::{Buyer, PaymentFailure, SheetOrder};

use self::bill::BillLink;
use self::book::Book;
use self::credentials::KeyRoom;
use self::oauth::Authorisations;
use crate::ledger::{Ledger, LedgerPayment, LedgerRefund};
use crate::{Party, Shared};

/// The application in public-key mode that every simulator knows.
pub const DEMO_APP_ID: &str = "2021000100000001";
/// Its merchant.
pub const DEMO_PID: &str = "2088100000000001";
/// The application in certificate mode that every simulator knows.
pub const DEMO_CERTIFICATE_APP_ID: &str = "2021000100000002";
/// Its merchant.
pub const DEMO_CERTIFICATE_PID: &str = "2088100000000002";

/// Answers prepared by a script: the next calls of a name are refused this way.
#[derive(Debug, Clone)]
struct Script {
    refusal: Refusal,
    after_effect: bool,
    remaining: u32,
}

/// Everything that changes.
#[derive(Debug)]
struct State {
    applications: BTreeMap<String, Application>,
    book: Book,
    buyers: BTreeMap<String, Buyer>,
    /// Whose phone the browser is.
    phone: String,
    authorisations: Authorisations,
    bill_links: HashMap<String, BillLink>,
    scripts: HashMap<String, Script>,
    /// What merchants can pay refunds from; without an entry there is always enough.
    balances: HashMap<String, i64>,
    /// What `tradePay` tells the page next, whatever happened.
    bridge_code: Option<&'static str>,
    /// What no source settles.
    quirks: Quirks,
    /// Which of Alipay's keys is in use.
    generation: u64,
    notifications: u64,
}

/// Alipay.
#[derive(Debug)]
pub struct Alipay {
    shared: Arc<Shared>,
    keys: KeyRoom,
    state: Mutex<State>,
}

impl Alipay {
    /// With the two demo applications and two buyers, and no trades.
    pub fn new(shared: Arc<Shared>) -> Self {
        let application = |app_id: &str, pid: &str, key_mode| Application {
            app_id: app_id.to_owned(),
            pid: pid.to_owned(),
            key_mode,
            buyer_ids: BuyerIds::OpenId,
            callback: None,
            notifies_close: true,
        };
        let applications = [
            application(DEMO_APP_ID, DEMO_PID, KeyMode::PublicKey),
            application(DEMO_CERTIFICATE_APP_ID, DEMO_CERTIFICATE_PID, KeyMode::Certificate),
        ];
        let buyers = wallet::first_buyers();
        let phone = wallet::FIRST_BUYER.to_owned();
        let keys = KeyRoom::new(shared.seed);
        let state = State {
            applications: applications.into_iter().map(|one| (one.app_id.clone(), one)).collect(),
            book: Book::default(),
            buyers,
            phone,
            authorisations: Authorisations::default(),
            bill_links: HashMap::new(),
            scripts: HashMap::new(),
            balances: HashMap::new(),
            bridge_code: None,
            quirks: Quirks::default(),
            generation: 1,
            notifications: 0,
        };
        Alipay { shared, keys, state: Mutex::new(state) }
    }

    /// What it shares with the other parties.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Address of the gateway, for a merchant's configuration.
    pub fn gateway_url(&self) -> String {
        format!("{}/alipay/gateway.do", self.shared.base_url)
    }

    /// Address of the authorisation page.
    pub fn authorise_url(&self) -> String {
        format!("{}/alipay/oauth2/publicAppAuthorize.htm", self.shared.base_url)
    }

    /// Adds an application, or sets one up anew.
    pub fn set_application(&self, application: Application) {
        self.state().applications.insert(application.app_id.clone(), application);
    }

    /// How an application is set up.
    pub fn application(&self, app_id: &str) -> Option<Application> {
        self.state().applications.get(app_id).cloned()
    }

    /// The keys and certificates of an application as they are now; nothing for one that is not known.
    ///
    /// # Errors
    /// When a certificate cannot be made.
    pub fn credentials(&self, app_id: &str) -> Result<Option<AlipayCredentials>, CertificateError> {
        let (application, generation) = {
            let state = self.state();
            (state.applications.get(app_id).cloned(), state.generation)
        };
        application.map(|application| self.keys.credentials(&application, generation)).transpose()
    }

    /// Alipay signs with a new key, and in certificate mode names a new certificate.
    pub fn rotate(&self) {
        let mut state = self.state();
        state.generation = state.generation.saturating_add(1);
    }

    /// Refuses the next calls of this name (`alipay.refund`) this way, before or after they take effect.
    pub fn refuse_next(&self, call: &str, refusal: Refusal, after_effect: bool, times: u32) {
        let script = Script { refusal, after_effect, remaining: times };
        self.state().scripts.insert(call.to_owned(), script);
    }

    /// What a merchant can pay refunds from; `None` means always enough.
    pub fn set_balance(&self, pid: &str, balance_fen: Option<i64>) {
        let mut state = self.state();
        match balance_fen {
            Some(fen) => drop(state.balances.insert(pid.to_owned(), fen)),
            None => drop(state.balances.remove(pid)),
        }
    }

    /// What this gateway does where no source says what the real one does.
    pub fn quirks(&self) -> Quirks {
        self.state().quirks
    }

    /// Chooses otherwise, from now on.
    pub fn set_quirks(&self, quirks: Quirks) {
        self.state().quirks = quirks;
    }

    /// All applications.
    pub fn applications(&self) -> Vec<Application> {
        self.state().applications.values().cloned().collect()
    }

    /// What a merchant can pay refunds from; `None` means always enough.
    pub fn balance(&self, pid: &str) -> Option<i64> {
        self.state().balances.get(pid).copied()
    }

    /// All orders, those that have not appeared included.
    pub fn trades(&self) -> Vec<Trade> {
        self.settle(self.shared.clock.now_ms());
        self.state().book.all().to_vec()
    }

    /// A merchant's order.
    pub fn trade(&self, pid: &str, out_trade_no: &str) -> Option<Trade> {
        self.settle(self.shared.clock.now_ms());
        let state = self.state();
        state.book.by_out_trade_no(pid, out_trade_no).map(|index| state.book.get(index).clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what is due by the clock, tells merchants, and says what it did.
    fn settle(&self, now_ms: i64) -> Vec<String> {
        let due = self.state().book.settle(now_ms);
        let mut done = Vec::new();
        for (index, news) in due {
            done.push(format!("alipay {}: {news:?}", self.state().book.get(index).out_trade_no));
            self.tell_merchant(index, &news);
        }
        done
    }
}

impl Party for Alipay {
    fn settle_due(&self, now_ms: i64) -> Vec<String> {
        self.settle(now_ms)
    }

    fn tell(&self, ledger: &mut Ledger) {
        for trade in self.trades() {
            ledger.refunds.extend(trade.refunds.iter().map(|refund| LedgerRefund {
                provider: "alipay",
                merchant: trade.pid.clone(),
                out_trade_no: trade.out_trade_no.clone(),
                out_refund_no: refund.out_request_no.clone(),
                refund_no: None,
                amount_fen: refund.amount_fen,
                state: if refund.done_at_ms().is_some() { "REFUND_SUCCESS" } else { "PENDING" }.to_owned(),
                accepted_at_ms: refund.accepted_at_ms,
                succeeded_at_ms: refund.done_at_ms(),
            }));
            ledger.payments.push(LedgerPayment {
                provider: "alipay",
                merchant: trade.pid.clone(),
                out_trade_no: trade.out_trade_no.clone(),
                trade_no: trade.appeared.then(|| trade.trade_no.clone()),
                amount_fen: trade.total_fen,
                paid_fen: if trade.is_paid() { trade.total_fen } else { 0 },
                refunded_fen: trade.refunded_fen(),
                state: if trade.appeared { trade.status.as_str() } else { "" }.to_owned(),
                payer: trade.buyer.clone(),
                created_at_ms: trade.created_at_ms,
                paid_at_ms: trade.paid_at_ms,
            });
        }
    }
}

/// The routes; they expect `web::Data<Alipay>`.
pub fn configure(service: &mut web::ServiceConfig) {
    gate::configure(service);
    oauth::configure(service);
    wallet::configure(service);
    sheet::configure(service);
    bill::configure(service);
    control::configure(service);
}
