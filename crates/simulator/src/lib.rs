//! The other side of every wire: payment providers, a hospital's HIS and an SMS gate, simulated strictly.
//!
//! One listener on loopback serves all parties by distinct paths. They hold state like the real ones, reject what
//! the real ones reject, sign and encrypt with keys of their own, and go wrong on demand: by rules over HTTP or
//! from a test, by a control page for people, and by seed.
//!
//! **What never enters:** any other crate of ours. Each protocol is written again here from the published
//! documents, because a canonical string wrong in one place must not be right in both.
//!
//! **Reading order:** [`faults`] (what can go wrong), [`wire`] (how any call goes wrong), [`notify`] (at-least-once
//! delivery on the virtual [`clock`]), then a party: `wechat/mod.rs` opens with its own order. [`sheet`] is
//! what a user sees in either app, [`control`] puts the same Rust methods behind HTTP and on a page.
//!
//! **To add a party:** a folder with a state struct made from [`Shared`], a `configure` that adds its routes and
//! expects `web::Data` of that struct, and an implementation of [`Party`]; then a field in `Parties` below.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpServer, web};
use serde::Serialize;

pub mod alipay;
pub mod authenticator;
pub mod clock;
pub mod control;
pub mod faults;
pub mod his;
mod html;
pub mod keys;
pub mod ledger;
pub mod money;
pub mod notify;
pub mod random;
pub mod sheet;
pub mod sms;
pub mod wechat;
pub mod wire;

use clock::Clock;
use faults::Faults;
use ledger::Ledger;
use notify::{Delivered, Notifier};
use random::Random;
use wire::Calls;

/// How often the background task looks at the virtual clock, in real time.
const TICK: Duration = Duration::from_millis(200);
/// Larger than anything that the documents allow, small enough to refuse floods.
const LARGEST_BODY: usize = 2 * 1024 * 1024;

/// What a simulator is started with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen; port 0 takes any free one.
    pub bind: SocketAddr,
    /// Determines keys, nonces, numbers and lots.
    pub seed: u64,
    /// Whether due notifications and refunds happen by themselves; otherwise only in [`Running::pump`].
    pub pumping: bool,
    /// WeChat Pay's part.
    pub wechat: wechat::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            seed: 1,
            pumping: true,
            wechat: wechat::Settings::default(),
        }
    }
}

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("cannot listen on {0}")]
    Bind(SocketAddr, #[source] io::Error),
    /// The HTTP server did not come up.
    #[error("the simulator's HTTP server did not start")]
    Server(#[source] io::Error),
    /// The client that delivers notifications could not be made.
    #[error("the client for notifications could not be made")]
    Client(#[source] reqwest::Error),
    /// A party could not be set up.
    #[error("WeChat Pay could not be set up")]
    Wechat(#[from] wechat::SetUpError),
}

/// What all parties share.
#[derive(Debug)]
pub struct Shared {
    /// Virtual time.
    pub clock: Arc<Clock>,
    /// Seeded randomness.
    pub random: Random,
    /// The fault plan.
    pub faults: Faults,
    /// The delivery of notifications.
    pub notifier: Arc<Notifier>,
    /// The calls that came in.
    pub calls: Calls,
    /// The pay sheets that are open.
    pub sheets: sheet::Sheets,
    /// `http://127.0.0.1:port`, without a trailing slash.
    pub base_url: String,
    /// The seed, for keys.
    pub seed: u64,
}

/// What the engine asks of every party.
pub trait Party: Send + Sync {
    /// Does what is due by the clock (refunds that complete, orders that expire) and says what it did, in order.
    fn settle_due(&self, now_ms: i64) -> Vec<String>;

    /// Adds the party's payments and refunds to the ledger.
    fn tell(&self, ledger: &mut Ledger);
}

/// The parties of one simulator.
#[derive(Clone)]
pub(crate) struct Parties {
    pub(crate) shared: Arc<Shared>,
    pub(crate) wechat: Arc<wechat::Wechat>,
    pub(crate) alipay: Arc<alipay::Alipay>,
    pub(crate) his: Arc<his::His>,
    pub(crate) sms: Arc<sms::Sms>,
    pub(crate) authenticator: Arc<authenticator::Authenticator>,
}

impl Parties {
    fn all(&self) -> [&dyn Party; 4] {
        [&self.wechat, &*self.alipay, &*self.his, &*self.sms]
    }

    pub(crate) fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::default();
        for party in self.all() {
            party.tell(&mut ledger);
        }
        ledger.notifications = self.shared.notifier.records();
        ledger
    }

    fn settle_due(&self) -> Vec<String> {
        let now_ms = self.shared.clock.now_ms();
        self.all().iter().flat_map(|party| party.settle_due(now_ms)).collect()
    }

    pub(crate) async fn pump(&self) -> Pumped {
        let mut pumped = Pumped::default();
        loop {
            let settled = self.settle_due();
            let delivered = self.shared.notifier.deliver_due(&self.shared.clock).await;
            if settled.is_empty() && delivered.is_empty() {
                return pumped;
            }
            pumped.settled.extend(settled);
            pumped.delivered.extend(delivered);
        }
    }

    async fn pump_side_by_side(&self) -> usize {
        let mut done = 0;
        loop {
            let settled = self.settle_due().len();
            let delivered = self.shared.notifier.deliver_all_due(&self.shared.clock).await;
            if settled + delivered == 0 {
                return done;
            }
            done += settled + delivered;
        }
    }

    /// Runs until aborted. Deliveries go side by side, so that one silent receiver does not hold up the others.
    async fn pump_in_real_time(self) {
        loop {
            self.settle_due();
            self.shared.notifier.deliver_due_side_by_side(&self.shared.clock).await;
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                () = self.shared.notifier.queued() => {}
            }
        }
    }
}

/// What a pump did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Pumped {
    /// State changes that were due, one sentence each.
    pub settled: Vec<String>,
    /// Notifications that went out, in order.
    pub delivered: Vec<Delivered>,
}

/// Starts simulators.
#[derive(Debug)]
pub struct Simulator;

impl Simulator {
    /// Starts a simulator; it runs until [`Running::stop`] or until the runtime ends.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(settings: Settings) -> Result<Running, StartError> {
        let bind = settings.bind;
        let listener = TcpListener::bind(bind).map_err(|error| StartError::Bind(bind, error))?;
        let address = listener.local_addr().map_err(|error| StartError::Bind(bind, error))?;
        let shared = Arc::new(Shared {
            clock: Arc::default(),
            random: Random::new(settings.seed),
            faults: Faults::new(settings.seed),
            notifier: Arc::new(Notifier::new().map_err(StartError::Client)?),
            calls: Calls::default(),
            sheets: sheet::Sheets::default(),
            base_url: format!("http://{address}"),
            seed: settings.seed,
        });
        let parties = Parties {
            wechat: Arc::new(wechat::Wechat::new(shared.clone(), settings.wechat)?),
            alipay: Arc::new(alipay::Alipay::new(shared.clone())),
            his: Arc::new(his::His::new(shared.clone())),
            sms: Arc::new(sms::Sms::new(shared.clone())),
            authenticator: Arc::new(authenticator::Authenticator::new(shared.clone())),
            shared,
        };
        let server = serve(parties.clone(), listener).map_err(StartError::Server)?;
        let handle = server.handle();
        tokio::spawn(server);
        let pump = settings.pumping.then(|| tokio::spawn(parties.clone().pump_in_real_time()));
        Ok(Running { base_url: parties.shared.base_url.clone(), parties, handle, pump })
    }
}

fn serve(parties: Parties, listener: TcpListener) -> io::Result<actix_web::dev::Server> {
    let factory = move || {
        App::new()
            .app_data(web::PayloadConfig::new(LARGEST_BODY))
            .app_data(web::Data::new(parties.clone()))
            .app_data(web::Data::from(parties.shared.clone()))
            .app_data(web::Data::from(parties.wechat.clone()))
            .app_data(web::Data::from(parties.alipay.clone()))
            .app_data(web::Data::from(parties.his.clone()))
            .app_data(web::Data::from(parties.sms.clone()))
            .app_data(web::Data::from(parties.authenticator.clone()))
            .configure(wechat::configure)
            .configure(alipay::configure)
            .configure(his::configure)
            .configure(sms::configure)
            .configure(authenticator::configure)
            .configure(sheet::configure)
            .configure(control::configure)
    };
    Ok(HttpServer::new(factory)
        .on_connect(wire::keep_socket)
        .workers(2)
        .disable_signals()
        .shutdown_timeout(0)
        .listen(listener)?
        .run())
}

/// A simulator at work.
pub struct Running {
    /// `http://127.0.0.1:port`, without a trailing slash.
    pub base_url: String,
    parties: Parties,
    handle: actix_web::dev::ServerHandle,
    pump: Option<tokio::task::JoinHandle<()>>,
}

impl Running {
    /// WeChat Pay: merchants, users, orders.
    pub fn wechat(&self) -> &Arc<wechat::Wechat> {
        &self.parties.wechat
    }

    /// Alipay.
    pub fn alipay(&self) -> &Arc<alipay::Alipay> {
        &self.parties.alipay
    }

    /// The demo HIS.
    pub fn his(&self) -> &his::His {
        &self.parties.his
    }

    /// The SMS gate.
    pub fn sms(&self) -> &sms::Sms {
        &self.parties.sms
    }

    /// The phone with staff's second factors.
    pub fn authenticator(&self) -> &authenticator::Authenticator {
        &self.parties.authenticator
    }

    /// The virtual clock.
    pub fn clock(&self) -> &Arc<Clock> {
        &self.parties.shared.clock
    }

    /// The fault plan.
    pub fn faults(&self) -> &Faults {
        &self.parties.shared.faults
    }

    /// The calls that came in.
    pub fn calls(&self) -> &Calls {
        &self.parties.shared.calls
    }

    /// Everything that happened to money.
    pub fn ledger(&self) -> Ledger {
        self.parties.ledger()
    }

    /// Does all that is due now, in a fixed order, until nothing is due any more.
    pub async fn pump(&self) -> Pumped {
        self.parties.pump().await
    }

    /// The same, deliveries side by side: faster, and in no order. Answers how much was done.
    pub async fn pump_side_by_side(&self) -> usize {
        self.parties.pump_side_by_side().await
    }

    /// From now on what is due happens by itself, as [`Settings::pumping`] has it from the start.
    pub fn keep_pumping(&mut self) {
        if self.pump.is_none() {
            self.pump = Some(tokio::spawn(self.parties.clone().pump_in_real_time()));
        }
    }

    /// Closes the listener and all connections.
    pub async fn stop(self) {
        if let Some(pump) = &self.pump {
            pump.abort();
        }
        self.handle.stop(false).await;
    }
}
