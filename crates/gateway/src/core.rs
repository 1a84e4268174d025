//! What every use case works with.

use crate::cache::Cache;
use crate::http::session::back_proof;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::notice::{Sms, Webhook};
use crate::settings::{GatewaySettings, HospitalSettings};
use crate::watched_his::WatchedHis;
use mingfen_domain::ids::{ChannelId, OutTradeNo};
use mingfen_domain::person::Patient;
use mingfen_domain::{Clock, Random, Timestamp};
use mingfen_his::ledger::{Ledger, PagedLedger};
use mingfen_his::{His, HisError};
use mingfen_provider_api::Provider;
use mingfen_store::{HospitalDetailsRecord, Store};
use mingfen_vault::chain::Link;
use mingfen_vault::{KeyId, Keyring};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::{Notify, Semaphore};

/// The parts that `cli` puts together.
pub struct Parts {
    /// Settings.
    pub settings: GatewaySettings,
    /// The database, migrated.
    pub store: Store,
    /// The hospital's system.
    pub his: Arc<dyn His>,
    /// The merchant accounts.
    pub channels: Vec<Arc<dyn Provider>>,
    /// Keys for tokens, fields and sessions.
    pub keyring: Arc<Keyring>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Short-lived facts.
    pub cache: Arc<dyn Cache>,
    /// Text messages; `None`: nobody is told.
    pub sms: Option<Arc<dyn Sms>>,
    /// Where the hospital is told of what needs people; `None`: nowhere.
    pub webhook: Option<Arc<Webhook>>,
    /// HIS's ledger, when it is not read from HIS's own pages.
    pub ledger: Option<Arc<dyn Ledger>>,
}

/// The running system, shared by handlers and jobs.
pub struct Gateway {
    pub(crate) settings: GatewaySettings,
    pub(crate) store: Store,
    pub(crate) his: Arc<dyn His>,
    /// The same HIS, for what is known of it.
    pub(crate) watched_his: Arc<WatchedHis>,
    pub(crate) channels: BTreeMap<ChannelId, Arc<dyn Provider>>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) cache: Arc<dyn Cache>,
    pub(crate) sms: Option<Arc<dyn Sms>>,
    pub(crate) webhook: Option<Arc<Webhook>>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) metrics: Arc<Metrics>,
    /// The end of the audit chain when this process last linked a row; it must stay in the chain.
    pub(crate) audit_end: Mutex<Option<Link>>,
    /// Wakes the worker when a task was made due now.
    pub(crate) work: Notify,
    /// When this process last looked for due tasks, in milliseconds; zero: never, it does no work.
    worker_looked_ms: AtomicI64,
    /// What open pages of staff follow.
    pub(crate) live: Live,
    /// Turns to hash a password: each takes 19 MiB and a processor.
    pub(crate) hashing: Semaphore,
    /// This process among the replicas, for leases.
    pub(crate) replica: String,
    /// What pages and papers say of the hospital: the settings, and what was changed at the screens since.
    hospital: RwLock<Arc<HospitalSettings>>,
}

impl Gateway {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Arc<Self> {
        let replica = mingfen_domain::ambient::random_text(parts.random.as_ref(), b"0123456789abcdef", 12);
        let metrics = Arc::<Metrics>::default();
        let watched_his = Arc::new(WatchedHis::new(parts.his, Arc::clone(&metrics)));
        let ledger = parts.ledger.unwrap_or_else(|| Arc::new(PagedLedger::new(watched_his.clone())));
        let hospital = RwLock::new(Arc::new(parts.settings.hospital.clone()));
        Arc::new(Self {
            hospital,
            settings: parts.settings,
            store: parts.store,
            his: watched_his.clone(),
            ledger,
            watched_his,
            channels: parts
                .channels
                .into_iter()
                .map(|channel| (channel.channel().clone(), channel))
                .collect(),
            keyring: parts.keyring,
            clock: parts.clock,
            random: parts.random,
            cache: parts.cache,
            sms: parts.sms,
            webhook: parts.webhook,
            metrics,
            audit_end: Mutex::new(None),
            work: Notify::new(),
            live: Live::new(),
            hashing: Semaphore::new(2),
            worker_looked_ms: AtomicI64::new(0),
            replica,
        })
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The worker looks for due tasks.
    pub(crate) fn worker_looked(&self, now: Timestamp) {
        self.worker_looked_ms.store(now.ms(), Ordering::Relaxed);
    }

    /// Seconds since the worker of this process last looked for due tasks; `None`: it has none.
    pub(crate) fn worker_age_seconds(&self) -> Option<i64> {
        let looked = self.worker_looked_ms.load(Ordering::Relaxed);
        (looked != 0).then(|| self.now().since_ms(Timestamp::from_ms(looked)) / 1000)
    }

    /// The database.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The settings.
    pub const fn settings(&self) -> &GatewaySettings {
        &self.settings
    }

    /// The hospital as pages and papers say it.
    pub(crate) fn hospital(&self) -> Arc<HospitalSettings> {
        Arc::clone(&self.hospital.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on it is called that. What is not part of the record stays as it is set.
    pub(crate) fn call_hospital(&self, record: &HospitalDetailsRecord) {
        let known = self.hospital();
        let same = known.name_zh == record.name_zh
            && known.name_en == record.name_en
            && known.help_phone == record.help_phone;
        if same {
            return;
        }
        let called = HospitalSettings {
            name_zh: record.name_zh.clone(),
            name_en: record.name_en.clone(),
            help_phone: record.help_phone.clone(),
            ..(*known).clone()
        };
        *self.hospital.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(called);
    }

    /// The key that seals.
    pub fn current_key(&self) -> KeyId {
        self.keyring.current_key()
    }

    /// A configured account.
    pub fn channel(&self, id: &ChannelId) -> Option<&Arc<dyn Provider>> {
        self.channels.get(id)
    }

    /// Whose a card is, as HIS knows it; `None` when it does not.
    ///
    /// # Errors
    /// When HIS does not answer.
    pub async fn patient_of_card(&self, card_no: &str) -> Result<Option<Patient>, HisError> {
        let owed = self.his.owed_slips(&self.settings.hospital.id, card_no).await?;
        Ok(owed.map(|owed| owed.patient))
    }

    /// Where a provider notifies a channel.
    pub(crate) fn notify_url(&self, channel: &ChannelId) -> String {
        format!("{}/n/{channel}", self.public_base())
    }

    /// Where the payer's browser comes back to from a provider's cashier page, perhaps without its session.
    pub(crate) fn return_url(&self, order: &OutTradeNo) -> String {
        format!("{}/back/{order}/{}", self.public_base(), back_proof(self, order))
    }

    /// The public address without a trailing slash.
    pub(crate) fn public_base(&self) -> &str {
        self.settings.public_url.as_str().trim_end_matches('/')
    }
}
