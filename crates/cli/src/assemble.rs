//! Turns settings into a gateway: the only place that knows providers, HIS adapter, database and cache at once.

use crate::{logging, tls};
use anyhow::Context;
use mingfen_config::{ChannelSettings, Draft, LedgerSettings, Problems, Settings, Sources, nearest};
use mingfen_domain::{Clock, Fen, Random};
use mingfen_gateway::ambient::{SystemClock, SystemRandom};
use mingfen_gateway::cache::{Cache, MemoryCache, RedisCache};
use mingfen_gateway::notice::{HttpSms, Sms, Webhook};
use mingfen_gateway::settings as told;
use mingfen_gateway::{Gateway, GatewaySettings, Parts};
use mingfen_his::ledger::Ledger;
use mingfen_his::rest::{RestHis, RestHisSettings};
use mingfen_his::sql_view::{SqlLedger, SqlLedgerSettings};
use mingfen_his::{Capabilities, His};
use mingfen_provider_api::{BuildContext, ConfigError, Provider};
use mingfen_providers::ALL;
use mingfen_reconciliation::files::Layout;
use mingfen_store::{Engine, Store, StoreSettings};
use mingfen_vault::{KeyId, Keyring};
use rustls::ServerConfig;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Everything that can be checked without a network or a database. `config check` ends here, `serve` goes on.
pub struct Checked {
    /// All settings.
    pub settings: Settings,
    /// The merchant accounts.
    pub channels: Vec<Arc<dyn Provider>>,
    /// Certificate of the public listener.
    pub public_tls: Option<Arc<ServerConfig>>,
    /// Certificate of the internal listener.
    pub internal_tls: Option<Arc<ServerConfig>>,
    his: Arc<RestHis>,
    ledger: Option<Arc<dyn Ledger>>,
    layouts: BTreeMap<PathBuf, String>,
    keyring: Arc<Keyring>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Checked {
    /// Reads and checks.
    ///
    /// # Errors
    /// Everything that is wrong, from every section and every channel.
    pub fn from_sources(sources: &Sources) -> Result<Self, Problems> {
        Self::at(sources, Arc::new(SystemClock))
    }

    /// The same on another clock, for rehearsals.
    ///
    /// # Errors
    /// As [`Checked::from_sources`].
    pub fn at(sources: &Sources, clock: Arc<dyn Clock>) -> Result<Self, Problems> {
        let mut draft = Draft::load(sources)?;
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let channels = build_channels(&mut draft, &clock, &random);
        let keyring = read_keyring(&mut draft);
        let his = read_his(&mut draft, &clock, &random);
        let ledger = read_sql_ledger(&mut draft);
        let layouts = read_layouts(&mut draft);
        let public_tls = read_tls(&mut draft, "public");
        let internal_tls = read_tls(&mut draft, "internal");
        if let Err(problem) = logging::parse(&draft.as_read().log.filter) {
            draft.add_problem("log.filter", &problem);
        }
        let settings = draft.finish()?;
        let keyring = Arc::new(keyring.expect("a keyring that was not read is a problem of the draft"));
        let his = Arc::new(his.expect("a HIS that cannot be called is a problem of the draft"));
        Ok(Self {
            settings,
            channels,
            public_tls,
            internal_tls,
            his,
            ledger,
            layouts,
            keyring,
            clock,
            random,
        })
    }

    /// Connects the rest and puts the gateway together.
    ///
    /// # Errors
    /// When the database is not there or not up to date.
    pub async fn gateway(self) -> anyhow::Result<Arc<Gateway>> {
        let store = open_migrated(&self.settings).await?;
        self.gateway_on(store).await
    }

    /// The way to HIS.
    pub fn his(&self) -> Arc<dyn His> {
        self.his.clone()
    }

    /// The same on a store that is open and up to date.
    ///
    /// # Errors
    /// When what is configured beside it is not there.
    pub async fn gateway_on(self, store: Store) -> anyhow::Result<Arc<Gateway>> {
        let settings = &self.settings;
        Ok(Gateway::new(Parts {
            settings: gateway_settings(settings, &self.layouts),
            store,
            his: self.his,
            channels: self.channels,
            keyring: self.keyring,
            cache: open_cache(settings).await?,
            sms: open_sms(settings)?,
            webhook: open_webhook(settings)?,
            ledger: self.ledger,
            clock: self.clock,
            random: self.random,
        }))
    }
}

/// Opens the database as it is; a SQLite file is made, with its directory, when it is not there.
///
/// # Errors
/// When it cannot be opened.
pub async fn open_store(settings: &Settings) -> anyhow::Result<Store> {
    Store::open(&store_settings(settings)?).await.context("the database (database.url) cannot be opened")
}

/// Opens a fresh database and makes its tables. No commit waits for the disk: it is filled, and thrown away when that is interrupted.
///
/// # Errors
/// When it cannot be opened.
pub async fn open_to_fill(settings: &Settings) -> anyhow::Result<Store> {
    let store = Store::open_to_fill(&store_settings(settings)?).await;
    let store = store.context("the database (database.url) cannot be opened")?;
    store.migrate().await.context("the tables could not be made")?;
    Ok(store)
}

fn store_settings(settings: &Settings) -> anyhow::Result<StoreSettings> {
    let url = settings.database.url.reveal();
    make_directory_of(url)?;
    Ok(StoreSettings { url: url.to_owned(), max_connections: settings.database.max_connections })
}

/// SQLite belongs to this process, which brings it up to date. PostgreSQL is shared with processes that may be older: a
/// person or a deployment decides when.
async fn open_migrated(settings: &Settings) -> anyhow::Result<Store> {
    let store = open_store(settings).await?;
    match store.engine() {
        Engine::Sqlite => {
            store.migrate().await.context("the database could not be brought up to date")?;
        }
        Engine::Postgres => {
            let pending = store.pending_migrations().await?;
            anyhow::ensure!(
                pending.is_empty(),
                "the database is not up to date ({} missing); run `mingfen migrate` first",
                pending.join(", ")
            );
        }
    }
    Ok(store)
}

fn make_directory_of(url: &str) -> anyhow::Result<()> {
    let Some(path) = url.strip_prefix("sqlite://") else { return Ok(()) };
    let path = Path::new(path.split('?').next().unwrap_or(path));
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => {
            std::fs::create_dir_all(parent).with_context(|| format!("{} cannot be made", parent.display()))
        }
        _ => Ok(()),
    }
}

fn build_channels(
    draft: &mut Draft,
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn Random>,
) -> Vec<Arc<dyn Provider>> {
    let mut built = Vec::new();
    let mut problems = Vec::new();
    for channel in &draft.as_read().channels {
        let context = BuildContext {
            channel: channel.id.clone(),
            clock: Arc::clone(clock),
            random: Arc::clone(random),
            base_dir: draft.as_read().base_dir.clone(),
        };
        match build_channel(channel, &context) {
            Ok(provider) => built.push(provider),
            Err(errors) => problems.extend(errors.into_iter().map(|error| (channel.id.clone(), error))),
        }
    }
    for (channel, error) in problems {
        draft.add_problem(&format!("channels.{channel}.{}", error.field), &error.problem);
    }
    built
}

fn build_channel(
    channel: &ChannelSettings,
    context: &BuildContext,
) -> Result<Arc<dyn Provider>, Vec<ConfigError>> {
    if channel.provider.is_empty() {
        // The section has said so already.
        return Err(Vec::new());
    }
    match ALL.iter().find(|registration| registration.name == channel.provider) {
        Some(registration) => (registration.build)(context, &channel.table),
        None => {
            let names: Vec<&str> = ALL.iter().map(|registration| registration.name).collect();
            let hint = nearest(&channel.provider, names.iter().copied());
            let hint = hint.map_or_else(String::new, |hint| format!("; did you mean {hint}?"));
            let problem = format!(
                "there is no provider {:?}; the providers are {}{hint}",
                channel.provider,
                names.join(", ")
            );
            Err(vec![ConfigError { field: "provider".into(), problem }])
        }
    }
}

fn read_keyring(draft: &mut Draft) -> Option<Keyring> {
    let keys = &draft.as_read().keys;
    if keys.keyring.is_empty() {
        return None;
    }
    match Keyring::parse(keys.keyring.reveal(), KeyId(keys.current)) {
        Ok(keyring) => Some(keyring),
        Err(error) => {
            draft.add_problem("keys.keyring", &error.to_string());
            None
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

fn read_his(draft: &mut Draft, clock: &Arc<dyn Clock>, random: &Arc<dyn Random>) -> Option<RestHis> {
    let his = &draft.as_read().his;
    if his.secret.is_empty() || his.key_id.is_empty() {
        // The section has said so already.
        return None;
    }
    let settings = RestHisSettings {
        base_url: his.base_url.clone(),
        key_id: his.key_id.clone(),
        secret: his.secret.reveal().to_owned(),
        timeout_ms: milliseconds(his.timeout),
        connect_timeout_ms: milliseconds(his.connect_timeout),
        capabilities: Capabilities {
            locks: his.locks,
            finds_bookings: his.finds_bookings,
            booking_is_idempotent: his.booking_is_idempotent,
        },
    };
    match RestHis::new(settings, Arc::clone(clock), Arc::clone(random)) {
        Ok(his) => Some(his),
        Err(error) => {
            draft.add_problem("his", &error.to_string());
            None
        }
    }
}

/// A query is judged before the start, without a connection.
fn read_sql_ledger(draft: &mut Draft) -> Option<Arc<dyn Ledger>> {
    let LedgerSettings::Sql(sql) = &draft.as_read().his.ledger else { return None };
    if sql.url.is_empty() {
        // The section has said so already.
        return None;
    }
    let settings = SqlLedgerSettings {
        url: sql.url.reveal().to_owned(),
        query: sql.query.clone(),
        payment_words: sql.payment_words.clone(),
        refund_words: sql.refund_words.clone(),
        timeout_ms: milliseconds(sql.timeout),
        connect_timeout_ms: milliseconds(sql.connect_timeout),
    };
    match SqlLedger::new(&settings) {
        Ok(ledger) => Some(Arc::new(ledger)),
        Err(problems) => {
            for problem in problems {
                draft.add_problem(&format!("his.ledger.{}", problem.setting), &problem.problem);
            }
            None
        }
    }
}

/// The layouts that the settings name, by their files: read and judged before the start.
fn read_layouts(draft: &mut Draft) -> BTreeMap<PathBuf, String> {
    let settings = draft.as_read();
    let mut wanted: Vec<(String, PathBuf)> = Vec::new();
    if let LedgerSettings::File(files) = &settings.his.ledger {
        wanted.extend(files.layout_file.clone().map(|path| ("his.ledger.layout_file".to_owned(), path)));
    }
    for account in &settings.reconciliation.accounts {
        let setting = format!("reconciliation.accounts.{}.bank_layout_file", account.channel);
        wanted.extend(account.bank_layout_file.clone().map(|path| (setting, path)));
    }
    let mut layouts = BTreeMap::new();
    for (setting, path) in wanted {
        let read = std::fs::read_to_string(&path).map_err(|error| error.to_string());
        match read.and_then(|text| Layout::parse(&text).map(|_| text)) {
            Ok(text) => {
                layouts.insert(path, text);
            }
            Err(problem) => draft.add_problem(&setting, &format!("{}: {problem}", path.display())),
        }
    }
    layouts
}

fn read_tls(draft: &mut Draft, listener: &str) -> Option<Arc<ServerConfig>> {
    let server = &draft.as_read().server;
    let files = if listener == "public" { &server.public_tls } else { &server.internal_tls };
    match tls::server_config(files.as_ref()?) {
        Ok(config) => Some(config),
        Err(tls::TlsProblem { part, problem }) => {
            draft.add_problem(&format!("server.{listener}_tls_{part}"), &problem);
            None
        }
    }
}

async fn open_cache(settings: &Settings) -> anyhow::Result<Arc<dyn Cache>> {
    Ok(match &settings.redis.url {
        None => Arc::new(MemoryCache::default()),
        Some(url) => {
            let cache = RedisCache::connect(url.reveal()).await;
            Arc::new(cache.context("redis.url is not the address of a Redis server")?)
        }
    })
}

fn open_sms(settings: &Settings) -> anyhow::Result<Option<Arc<dyn Sms>>> {
    let Some((url, key)) = &settings.sms.service else { return Ok(None) };
    let sms = HttpSms::new(url.clone(), key.reveal().to_owned(), settings.sms.timeout)
        .context("the client for text messages could not be made")?;
    Ok(Some(Arc::new(sms)))
}

fn open_webhook(settings: &Settings) -> anyhow::Result<Option<Arc<Webhook>>> {
    let Some((url, secret)) = &settings.reconciliation.alert_webhook else { return Ok(None) };
    let webhook = Webhook::new(url.clone(), secret.reveal().as_bytes().to_vec())
        .context("the client for alerts could not be made")?;
    Ok(Some(Arc::new(webhook)))
}

fn gateway_settings(settings: &Settings, layouts: &BTreeMap<PathBuf, String>) -> GatewaySettings {
    GatewaySettings {
        hospital: told::HospitalSettings {
            id: settings.hospital.id.clone(),
            name_zh: settings.hospital.name_zh.clone(),
            name_en: settings.hospital.name_en.clone(),
            help_phone: settings.hospital.help_phone.clone(),
            places: told::PlaceSettings {
                cashier_zh: settings.hospital.cashier_place_zh.clone(),
                cashier_en: settings.hospital.cashier_place_en.clone(),
                kiosk_zh: settings.hospital.kiosk_place_zh.clone(),
                kiosk_en: settings.hospital.kiosk_place_en.clone(),
                receipt_seal: settings.hospital.receipt_seal.clone(),
            },
        },
        public_url: settings.server.public_url.clone(),
        trust_forwarded_for: settings.server.trust_forwarded_for,
        bridge_origin: settings.server.bridge_origin.clone(),
        timing: told::TimingSettings {
            link_valid: seconds(settings.timing.link_valid),
            session_valid: seconds(settings.timing.session_valid),
            order_valid: seconds(settings.timing.order_valid),
            missing_grace: seconds(settings.timing.missing_grace),
            max_unknown: seconds(settings.timing.max_unknown),
            task_lease: seconds(settings.timing.task_lease),
        },
        staff: told::StaffSettings {
            idle: seconds(settings.staff.idle),
            valid: seconds(settings.staff.valid),
            attempts: i64::from(settings.staff.attempts),
            lock_for: seconds(settings.staff.lock_for),
            attempts_per_minute: settings.staff.attempts_per_minute,
            secure_cookies: settings.staff.secure_cookies || settings.server.internal_tls.is_some(),
        },
        limits: told::LimitSettings {
            public_per_minute: settings.limits.public_per_minute,
            bad_links: settings.limits.bad_links,
            hinted_queries_per_minute: settings.limits.hinted_queries_per_minute,
            unproven_per_minute: settings.limits.unproven_per_minute,
            failed_signatures_per_minute: settings.limits.failed_signatures_per_minute,
            rules: settings.limits.rules,
            max_body_bytes: settings.limits.max_body_bytes,
        },
        api_keys: settings.api.callers.iter().map(api_key).collect(),
        reconciliation: reconciliation(settings, layouts),
        routes: told::RouteSettings {
            wechat: settings.routes.wechat.clone(),
            alipay: settings.routes.alipay.clone(),
        },
    }
}

fn reconciliation(settings: &Settings, layouts: &BTreeMap<PathBuf, String>) -> told::ReconciliationSettings {
    let layout = |path: &Option<PathBuf>| path.as_ref().and_then(|path| layouts.get(path)).cloned();
    let ledger_files = match &settings.his.ledger {
        LedgerSettings::File(files) => Some(told::LedgerFiles {
            directory: files.directory.clone(),
            name: files.name.clone(),
            layout: layout(&files.layout_file),
        }),
        LedgerSettings::Port | LedgerSettings::Sql(_) => None,
    };
    let settings = &settings.reconciliation;
    told::ReconciliationSettings {
        by_itself: settings.by_itself,
        ready_after: seconds(settings.ready_after),
        retry_after: seconds(settings.retry_after),
        catch_up_days: seconds(settings.catch_up) / 86_400,
        near_cut_seconds: u32::try_from(settings.near_midnight.as_secs()).unwrap_or(u32::MAX),
        second_person_above: settings.second_person_above.map_or(Fen::ZERO, mingfen_domain::Amount::fen),
        ask_at_most: settings.ask_at_most,
        memory_bytes: settings.memory_mib << 20,
        most_findings: settings.most_findings,
        accounts: settings
            .accounts
            .iter()
            .map(|account| {
                let told = told::AccountSettings {
                    his_names: account.his_names.clone(),
                    bank_account: account.bank_account.clone(),
                    fee_per_100000: account.fee_per_100000,
                    bank_file: account
                        .bank_file
                        .as_ref()
                        .map(|path| (path.to_string_lossy().into_owned(), layout(&account.bank_layout_file))),
                };
                (account.channel.clone(), told)
            })
            .collect(),
        alert_phones: settings.alert_phones.clone(),
        ledger_files,
    }
}

fn api_key(caller: &mingfen_config::sections::ApiCaller) -> told::ApiKey {
    told::ApiKey {
        id: caller.id.clone(),
        secret: caller.secret.reveal().as_bytes().to_vec(),
        may: caller.may.iter().filter_map(|word| told::ApiRight::parse(word)).collect(),
        limits: told::KeyLimits {
            per_minute: caller.per_minute,
            max_refund: Fen::new(caller.max_refund_fen),
            max_refund_per_day: Fen::new(caller.max_refund_fen_per_day),
        },
    }
}
