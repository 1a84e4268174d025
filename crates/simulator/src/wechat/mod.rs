//! WeChat Pay API v3 for direct merchants, with the open platform and the app around it.
//!
//! **Reading order:** `sign` (pure), `gate` (who gets in, how answers are signed), `merchant` (the portal), `book`
//! (what is remembered), `quirks` (what the sources leave open), then the calls: `oauth`, `orders`, `payment` (the user pays), `news`, `refunds`,
//! `certificates`, `bills`. `routes` maps paths to them; `app` is what the user sees; `portal` is control over HTTP.
//!
//! Call names for fault rules: `wechat.authorize`, `wechat.access_token`, `wechat.jsapi`, `wechat.native`,
//! `wechat.h5`, `wechat.app`, `wechat.query`, `wechat.close`, `wechat.pay`, `wechat.refund`, `wechat.query_refund`,
//! `wechat.abnormal_refund`, `wechat.certificates`, `wechat.tradebill`, `wechat.fundflowbill`,
//! `wechat.billdownload`, `wechat.notify.payment`, `wechat.notify.refund`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::keys::{self, RsaKey};
use crate::ledger::{Ledger, LedgerPayment, LedgerRefund};
use crate::{Party, Shared};

mod app;
mod bills;
pub mod book;
mod certificate;
mod certificates;
mod fields;
mod gate;
pub mod merchant;
mod news;
mod oauth;
mod orders;
mod payment;
mod portal;
pub mod quirks;
mod refunds;
mod refusal;
mod routes;
mod sign;

pub use merchant::{Merchant, Standing, Trust, WechatCredentials};
pub use oauth::USER_COOKIE;
pub use payment::{JsapiCall, PayError};
pub use routes::configure;

use book::{Book, Order, TradeState, User};
use quirks::Quirks;

/// What this party is started with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The merchants; the first one is the hospital of the demo.
    pub merchants: Vec<MerchantSettings>,
    /// Names and opening balances of the app's users, `u1` first.
    pub users: Vec<(String, i64)>,
    /// How long an ordinary refund takes, in seconds of the virtual clock.
    pub refund_takes_s: i64,
    /// How far apart refunds of one order must be; 0 turns the rule off.
    pub refund_gap_s: i64,
    /// Registered domains for authorisation; empty allows all. This machine is always allowed.
    pub redirect_domains: Vec<String>,
    /// Whether the H5 page insists on a `Referer` of one of the merchant's registered domains.
    pub h5_checks_referer: bool,
    /// Whether an H5 order may name a payer on this machine, which the live server refuses: browsers of a demo have no
    /// other address.
    pub h5_payers_on_this_machine: bool,
    /// Whether a bill can be had at any time of the next day instead of from 10:00.
    pub bills_at_once: bool,
    /// How what the sources leave open is read.
    pub quirks: Quirks,
}

/// One merchant.
#[derive(Clone)]
pub struct MerchantSettings {
    /// Ten digits.
    pub mchid: String,
    /// The official account.
    pub appid: String,
    /// Shown on the pay sheet.
    pub name: String,
    /// By what it verifies us.
    pub trust: Trust,
    /// Hundredths of a percent; 60 is 0.60 %.
    pub fee_basis_points: i64,
    /// What can be refunded from at the start.
    pub opening_balance_fen: i64,
    /// A key to use instead of one made from the seed (PKCS#8 PEM).
    pub merchant_private_key_pem: Option<String>,
    /// Likewise for WeChat Pay's own key for this merchant.
    pub wechatpay_private_key_pem: Option<String>,
    /// Registered domains of H5 pay; a page below one of them may send browsers to the cashier page.
    pub h5_domains: Vec<String>,
}

impl std::fmt::Debug for MerchantSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("MerchantSettings").field("mchid", &self.mchid).finish_non_exhaustive()
    }
}

impl MerchantSettings {
    /// A merchant in public-key mode with a fee of 0.60 %, a million yuan in hand, and its web pages on this machine.
    pub fn new(mchid: &str, appid: &str, name: &str) -> Self {
        MerchantSettings {
            mchid: mchid.to_owned(),
            appid: appid.to_owned(),
            name: name.to_owned(),
            trust: Trust::PublicKey,
            fee_basis_points: 60,
            opening_balance_fen: 100_000_000,
            merchant_private_key_pem: None,
            wechatpay_private_key_pem: None,
            h5_domains: ["127.0.0.1", "localhost", "[::1]"].map(str::to_owned).to_vec(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            merchants: vec![
                MerchantSettings::new("1900000001", "wx1111111111111111", "青禾市人民医院"),
                MerchantSettings::new("1900000002", "wx2222222222222222", "青禾市中医院"),
            ],
            users: vec![
                ("王小明".to_owned(), 1_000_000),
                ("李芳".to_owned(), 500_000),
                ("赵大海".to_owned(), 100),
            ],
            refund_takes_s: 3,
            refund_gap_s: 60,
            redirect_domains: Vec::new(),
            h5_checks_referer: true,
            h5_payers_on_this_machine: true,
            bills_at_once: false,
            quirks: Quirks::recommended(),
        }
    }
}

/// Why it could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// A given key is not a PKCS#8 PEM RSA key.
    #[error("the private key given for merchant {0} is not a PKCS#8 PEM RSA key")]
    Key(String),
}

/// State of WeChat Pay.
#[derive(Debug)]
pub struct Wechat {
    shared: Arc<Shared>,
    settings: Settings,
    merchants: Vec<Arc<Merchant>>,
    book: Mutex<Book>,
    refuses_authorisation: std::sync::atomic::AtomicBool,
}

impl Wechat {
    /// Without any history. Starts to make the first merchant's keys in the background.
    ///
    /// # Errors
    /// A key in the settings that cannot be read.
    pub fn new(shared: Arc<Shared>, settings: Settings) -> Result<Self, SetUpError> {
        let now_ms = shared.clock.now_ms();
        let merchants =
            settings.merchants.iter().map(|one| Merchant::new(shared.seed, now_ms, one).map(Arc::new));
        let merchants: Vec<Arc<Merchant>> = merchants.collect::<Result<_, _>>()?;
        if let Some(first) = merchants.first() {
            let (seed, labels) = (shared.seed, first.first_labels());
            std::thread::spawn(move || keys::warm_up(seed, &labels));
        }
        let users: Vec<User> = settings
            .users
            .iter()
            .enumerate()
            .map(|(index, (name, balance_fen))| User {
                id: format!("u{}", index + 1),
                name: name.clone(),
                balance_fen: *balance_fen,
            })
            .collect();
        let current_user = users.first().map(|user| user.id.clone()).unwrap_or_default();
        let book = Mutex::new(Book { users, current_user, ..Book::default() });
        Ok(Wechat { shared, settings, merchants, book, refuses_authorisation: Default::default() })
    }

    /// What it shares with the other parties.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All merchants, the demo's hospital first.
    pub fn merchants(&self) -> &[Arc<Merchant>] {
        &self.merchants
    }

    /// A merchant by its number.
    pub fn merchant(&self, mchid: &str) -> Option<Arc<Merchant>> {
        self.merchants.iter().find(|merchant| merchant.mchid == mchid).cloned()
    }

    pub(crate) fn merchant_of_app(&self, appid: &str) -> Option<Arc<Merchant>> {
        self.merchants.iter().find(|merchant| merchant.appid == appid).cloned()
    }

    pub(crate) fn other_merchant(&self, than: &Merchant) -> Option<Arc<Merchant>> {
        self.merchants.iter().find(|merchant| merchant.mchid != than.mchid).cloned()
    }

    /// The credentials of the first merchant; empty numbers when there is none.
    pub fn credentials(&self) -> Option<WechatCredentials> {
        self.merchants.first().map(|merchant| merchant.credentials())
    }

    /// An order as it stands.
    pub fn order(&self, mchid: &str, out_trade_no: &str) -> Option<Order> {
        self.book().orders.get(&(mchid.to_owned(), out_trade_no.to_owned())).cloned()
    }

    /// A refund as it stands.
    pub fn refund_of(&self, mchid: &str, out_refund_no: &str) -> Option<book::Refund> {
        self.book().refunds.get(&(mchid.to_owned(), out_refund_no.to_owned())).cloned()
    }

    /// All users.
    pub fn users(&self) -> Vec<User> {
        self.book().users.clone()
    }

    /// A user by id.
    pub fn user(&self, id: &str) -> Option<User> {
        self.book().users.iter().find(|user| user.id == id).cloned()
    }

    /// Whoever authorises and pays when nothing says who.
    pub fn current_user(&self) -> String {
        self.book().current_user.clone()
    }

    /// Makes another user the current one; false when there is no such user.
    pub fn set_current_user(&self, id: &str) -> bool {
        let mut book = self.book();
        let known = book.users.iter().any(|user| user.id == id);
        if known {
            book.current_user = id.to_owned();
        }
        known
    }

    /// Sets a user's purse; false when there is no such user.
    pub fn set_balance(&self, id: &str, balance_fen: i64) -> bool {
        let mut book = self.book();
        let user = book.users.iter_mut().find(|user| user.id == id);
        user.map(|user| user.balance_fen = balance_fen).is_some()
    }

    /// Makes users refuse authorisation from now on, or stop doing so.
    pub fn refuse_authorisation(&self, refuse: bool) {
        self.refuses_authorisation.store(refuse, std::sync::atomic::Ordering::SeqCst);
    }

    pub(crate) fn refuses_authorisation(&self) -> bool {
        self.refuses_authorisation.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// A key that no merchant trusts.
    pub(crate) fn stranger_key(&self) -> Arc<RsaKey> {
        keys::rsa_2048(self.shared.seed, "wechat/stranger")
    }

    /// Closes what closes by itself. Calls look too, because what the live server says does not wait for anybody to pump.
    pub(crate) fn close_expired(&self, now_ms: i64) -> Vec<String> {
        let mut book = self.book();
        let at_expiry = self.settings.quirks.closes_at_expiry;
        let over =
            |order: &Order| order.auto_close_ms <= now_ms || (at_expiry && order.pay_until_ms < now_ms);
        let due = |order: &&mut Order| order.state == TradeState::NotPay && over(order);
        let closed = book.orders.values_mut().filter(due).map(|order| {
            order.state = TradeState::Closed;
            format!("wechat order {} closed by itself", order.out_trade_no)
        });
        closed.collect()
    }
}

/// The handle by which the engine reaches WeChat Pay; it needs the `Arc` to queue notifications.
impl Party for Arc<Wechat> {
    fn settle_due(&self, now_ms: i64) -> Vec<String> {
        let mut done = self.close_expired(now_ms);
        for (key, end) in self.refunds_due(now_ms) {
            self.finish(&key, end);
            done.push(format!("wechat refund {} became {}", key.1, end.code()));
        }
        done
    }

    fn tell(&self, ledger: &mut Ledger) {
        let book = self.book();
        let mut payments: Vec<&Order> = book.orders.values().collect();
        payments.sort_by_key(|order| order.created_ms);
        ledger.payments.extend(payments.into_iter().map(|order| LedgerPayment {
            provider: "wechat",
            merchant: order.mchid.clone(),
            out_trade_no: order.out_trade_no.clone(),
            trade_no: order.paid.as_ref().map(|paid| paid.transaction_id.clone()),
            amount_fen: order.total_fen,
            paid_fen: order.paid.as_ref().map_or(0, |paid| paid.amount_fen),
            refunded_fen: book.refunded_fen(order),
            state: order.state.code().to_owned(),
            payer: order.paid.as_ref().map(|paid| paid.openid.clone()),
            created_at_ms: order.created_ms,
            paid_at_ms: order.paid.as_ref().map(|paid| paid.at_ms),
        }));
        let mut refunds: Vec<&book::Refund> = book.refunds.values().collect();
        refunds.sort_by_key(|refund| refund.accepted_ms);
        ledger.refunds.extend(refunds.into_iter().map(|refund| LedgerRefund {
            provider: "wechat",
            merchant: refund.mchid.clone(),
            out_trade_no: refund.out_trade_no.clone(),
            out_refund_no: refund.out_refund_no.clone(),
            refund_no: Some(refund.refund_id.clone()),
            amount_fen: refund.refund_fen,
            state: refund.state.code().to_owned(),
            accepted_at_ms: refund.accepted_ms,
            succeeded_at_ms: refund.succeeded_ms,
        }));
    }
}
