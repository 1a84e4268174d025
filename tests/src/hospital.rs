//! The box itself.

use crate::books::is_in_between;
use crate::bystander::Bystander;
use crate::clock::MovedClock;
use crate::engine::Room;
use crate::patient::{App, Patient};
use crate::signed::SignedCall;
use crate::slips;
use mingfen_domain::ids::{ChannelId, HospitalId};
use mingfen_domain::person::Phone;
use mingfen_domain::rules::{Rule, Rules};
use mingfen_domain::{Clock, Fen, Random, Timestamp};
use mingfen_gateway::ambient::SystemRandom;
use mingfen_gateway::cache::{Cache, MemoryCache};
use mingfen_gateway::notice::{HttpSms, Webhook};
use mingfen_gateway::serve::{Listener, listen};
use mingfen_gateway::service::{self, OrderStory, Verification};
use mingfen_gateway::settings::{
    AccountSettings, ApiKey, ApiRight, GatewaySettings, HospitalSettings, KeyLimits, LimitSettings,
    PlaceSettings, ReconciliationSettings, RouteSettings, StaffSettings, TimingSettings,
};
use mingfen_gateway::{Gateway, Parts, jobs};
use mingfen_his::Capabilities;
use mingfen_his::ledger::Ledger;
use mingfen_his::rest::{RestHis, RestHisSettings};
use mingfen_provider_api::{BuildContext, Provider};
use mingfen_simulator::his::{DEMO_KEY_ID, DEMO_SECRET, GatewayAccess, HOSPITAL_ID, HOSPITAL_NAME};
use mingfen_simulator::{Running, Settings, Simulator, alipay, sms};
use mingfen_store::{Store, StoreSettings};
use mingfen_vault::chain::{self, Link};
use mingfen_vault::{KeyId, Keyring};
use sqlx::{AnyConnection, Connection, Row};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Everything that the gateway writes; a story that expects "nothing stored" counts these.
const TABLES: &[&str] = &[
    "bills",
    "bill_slips",
    "slip_claims",
    "payments",
    "notifications",
    "sightings",
    "write_backs",
    "refunds",
    "refund_requests",
    "shifts",
    "window_orders",
    "window_refunds",
    "journal_entries",
    "journal_postings",
    "audit_events",
    "tasks",
    "api_answers",
    "notices",
];

/// The card of the demo's first patient.
pub const CARD: &str = mingfen_simulator::his::DEMO_CARD_NO;
pub(crate) const API_SECRET: &str = "a-secret-that-only-the-box-knows-00";
pub(crate) const KIOSK_SECRET: &str = "another-secret-of-a-kiosk-0000000";

/// One gateway process's worth of gateway.
pub struct Replica {
    /// The gateway.
    pub gateway: Arc<Gateway>,
    /// Where patients and providers reach it.
    pub public_url: String,
    /// Where HIS reaches it.
    pub internal_url: String,
    stop: watch::Sender<bool>,
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// A hospital in a box.
pub struct Hospital {
    /// The other side of every wire.
    pub simulator: Running,
    /// The first gateway.
    pub replica: Replica,
    /// Everybody's time but the simulator's, which moves along.
    pub clock: Arc<MovedClock>,
    room: Room,
    arrangement: Arrangement,
}

/// What may be otherwise than usual.
#[derive(Clone)]
pub struct Arrangement {
    /// More merchant accounts than the simulator's.
    pub channels: Vec<Arc<dyn Provider>>,
    /// How long a lease on a task lasts, in seconds.
    pub task_lease: i64,
    /// Somebody stands between gateway and HIS.
    pub his: Option<Arc<Bystander>>,
    /// Keys for tokens, fields and sessions.
    pub keyring: Arc<Keyring>,
    /// Days are compared by themselves.
    pub compares_by_itself: bool,
    /// Who is told when a day does not agree: an address, and a phone.
    pub alerts: Option<(String, Phone)>,
    /// What finance knows of the merchant accounts.
    pub accounts: BTreeMap<ChannelId, AccountSettings>,
    /// HIS's ledger, when it is not read from the demo HIS.
    pub ledger: Option<Arc<dyn Ledger>>,
    /// A day with more findings is refused.
    pub most_findings: u64,
}

/// What signs alerts.
pub const ALERT_SECRET: &str = "a-secret-between-box-and-listener";

impl Default for Arrangement {
    fn default() -> Self {
        let keyring = keyring(&[1], 1);
        Self {
            channels: Vec::new(),
            task_lease: 60,
            his: None,
            keyring,
            compares_by_itself: false,
            alerts: None,
            accounts: BTreeMap::new(),
            ledger: None,
            most_findings: 100_000,
        }
    }
}

impl Hospital {
    /// Opens one on the embedded engine.
    pub async fn on_sqlite() -> Self {
        Self::open(Room::on_sqlite()).await
    }

    /// Opens one on PostgreSQL.
    pub async fn on_postgres() -> Self {
        Self::open(Room::on_postgres().await).await
    }

    /// Opens one in a room.
    pub async fn open(room: Room) -> Self {
        Self::open_with(room, Vec::new()).await
    }

    /// Opens one in a room, with more merchant accounts than the simulator's.
    pub async fn open_with(room: Room, more: Vec<Arc<dyn Provider>>) -> Self {
        Self::arranged(room, Arrangement { channels: more, ..Arrangement::default() }).await
    }

    /// Opens one in a room that is arranged otherwise than usual.
    pub async fn arranged(room: Room, arrangement: Arrangement) -> Self {
        let settings = Settings { pumping: false, ..Settings::default() };
        let simulator = Simulator::start(settings).await.expect("the simulator starts");
        let clock = Arc::new(MovedClock::default());
        let store = open_store(&room.url).await;
        let cache = Arc::new(MemoryCache::default());
        let replica = start(&simulator, store, clock.clone(), cache, &arrangement).await;
        simulator.his().set_gateway(access(&replica));
        Self { simulator, replica, clock, room, arrangement }
    }

    /// Another gateway on the same database, with a cache of its own or a shared one.
    pub async fn another_replica(&self, cache: Arc<dyn Cache>) -> Replica {
        self.replica_arranged(cache, &self.arrangement).await
    }

    /// The same, arranged otherwise.
    pub async fn replica_arranged(&self, cache: Arc<dyn Cache>, arrangement: &Arrangement) -> Replica {
        start(&self.simulator, open_store(&self.room.url).await, self.clock.clone(), cache, arrangement).await
    }

    /// The secret of HIS's key at the gateway.
    pub fn api_secret() -> String {
        API_SECRET.to_owned()
    }

    /// Whether its database is SQLite.
    pub fn is_sqlite(&self) -> bool {
        self.room.is_sqlite()
    }

    /// The gateway.
    pub fn gateway(&self) -> &Gateway {
        &self.replica.gateway
    }

    /// Its database.
    pub fn store(&self) -> &Store {
        self.replica.gateway.store()
    }

    /// The way to the demo HIS that the gateway takes: for calls of the gateway's that a story makes itself, such as one that
    /// was long on its way.
    pub fn his(&self) -> RestHis {
        rest_his(&self.simulator.base_url, self.clock.clone(), Arc::new(SystemRandom))
    }

    /// Time passes for everybody; nothing happens by itself.
    pub fn time_passes(&self, seconds: i64) {
        self.clock.advance_ms(seconds * 1000);
        self.simulator.clock().advance_ms(seconds * 1000);
    }

    /// Everything that is due happens, on both sides, until nothing is due at this moment.
    pub async fn settles(&self) {
        loop {
            let pumped = self.simulator.pump().await;
            let done = jobs::run_due(self.gateway()).await.expect("tasks can be claimed");
            if done == 0 && pumped.settled.is_empty() && pumped.delivered.is_empty() {
                service::seal_audit(self.gateway()).await.expect("the trail is linked");
                return;
            }
        }
    }

    /// Time passes in steps, and what is due happens at each.
    pub async fn lives_through(&self, seconds: i64, step: i64) {
        let mut left = seconds;
        while left > 0 {
            self.time_passes(step.min(left));
            self.settles().await;
            left -= step;
        }
    }

    /// A patient whose code leads to another replica.
    pub async fn patient_at(&self, replica: &Replica, card_no: &str, app: App) -> Patient {
        let link = self.simulator.his().push(card_no, &[]).await.expect("HIS gets a code for the slip").link;
        let link = link.replace(&self.replica.public_url, &replica.public_url);
        Patient::new(&self.simulator, app, link)
    }

    /// A patient who scans the slip of a card in an app.
    pub async fn patient(&self, card_no: &str, app: App) -> Patient {
        let link = self.simulator.his().push(card_no, &[]).await.expect("HIS gets a code for the slip").link;
        Patient::new(&self.simulator, app, link)
    }

    /// Everything that happened to an order.
    pub async fn story(&self, number: &str) -> OrderStory {
        let story = service::order_story(self.gateway(), number).await.expect("the records can be read");
        story.unwrap_or_else(|| panic!("nothing is known of {number}"))
    }

    /// The books, the records and the audit trail hold.
    pub async fn verifies(&self) -> Verification {
        let verification = service::verify(self.gateway(), None).await.expect("the journal can be read");
        assert!(verification.is_sound(), "{:#?}", verification);
        verification
    }

    /// Verified, and no money waits in between: nothing is in suspense, nothing is promised back, nothing waits to be booked.
    pub async fn holds_nothing(&self) {
        let balance = self.verifies().await.trial_balance;
        let held: Vec<_> =
            balance.iter().filter(|(account, fen)| *fen != Fen::ZERO && is_in_between(account)).collect();
        assert!(held.is_empty(), "{held:?}");
    }

    /// A patient comes for the first time.
    pub fn registers(&self, card_no: &str) {
        slips::registers(&self.simulator, card_no);
    }

    /// A doctor writes one more slip for the card.
    pub fn writes_slip(&self, card_no: &str, title: &str, fen: i64) {
        slips::writes_slip(&self.simulator, card_no, title, fen);
    }

    /// What a check of everything finds, sound or not; with a link that was kept elsewhere, or without.
    pub async fn is_checked(&self, kept: Option<&Link>) -> Verification {
        let kept = kept.map(|link| chain::Kept::from(*link));
        service::verify(self.gateway(), kept.as_ref()).await.expect("the journal can be read")
    }

    /// A hand at the database writes past the gateway.
    pub async fn is_tampered(&self, sql: &str) {
        self.room.tamper(sql).await;
    }

    /// The same, whether it finds something to change or not: for whoever fills a database.
    pub async fn executes(&self, sql: &str) {
        self.room.execute(sql).await;
    }

    /// Reads one column of bytes past the store, as a thief of the database would.
    pub async fn reads_bytes(&self, sql: &'static str) -> Vec<Vec<u8>> {
        let mut connection = AnyConnection::connect(&self.room.url).await.expect("the database opens");
        let rows = sqlx::query(sql).fetch_all(&mut connection).await.expect("it can be asked");
        rows.iter().map(|row| row.try_get(0).expect("bytes")).collect()
    }

    /// Reads the first column, of text, past the store.
    pub async fn reads(&self, sql: &str) -> Vec<String> {
        self.reads_column(sql, 0).await
    }

    /// The same of another column; the first is 0.
    pub async fn reads_column(&self, sql: &str, column: usize) -> Vec<String> {
        let mut connection = AnyConnection::connect(&self.room.url).await.expect("the database opens");
        let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
            .fetch_all(&mut connection)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.iter().map(|row| row.try_get(column).expect("text")).collect()
    }

    /// How many rows each table of the gateway has.
    pub async fn row_counts(&self) -> BTreeMap<String, i64> {
        let mut connection = AnyConnection::connect(&self.room.url).await.expect("the database opens");
        let mut counts = BTreeMap::new();
        for table in TABLES {
            let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
            let count: i64 =
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect("the table is there");
            counts.insert((*table).to_owned(), count);
        }
        counts
    }

    /// Every notification that was kept, the oldest first, opened.
    pub async fn kept_notifications(&self) -> Vec<Kept> {
        self.kept_notifications_with(&self.arrangement.keyring).await
    }

    /// The same, opened with another keyring.
    pub async fn kept_notifications_with(&self, keyring: &Keyring) -> Vec<Kept> {
        let open = |sealed: &[u8]| {
            mingfen_vault::field::open(keyring, "notifications.raw", sealed).expect("it opens")
        };
        let rows = self.store().notifications_since(Timestamp::from_ms(0), 1000).await.expect("readable");
        rows.into_iter()
            .map(|row| Kept {
                channel: row.channel.to_string(),
                verdict: row.verdict,
                headers: serde_json::from_slice(&open(&row.headers_sealed)).expect("JSON"),
                body: open(&row.body_sealed),
            })
            .collect()
    }

    /// Notifications are refused for now, as by a gateway whose clock is off; they are kept all the same.
    pub async fn refuses_all_news_for_once(&self) {
        self.clock.advance_ms(400_000);
        self.simulator.pump().await;
        self.clock.advance_ms(-400_000);
    }

    /// A signed call of the API.
    pub async fn api(
        &self,
        method: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> (u16, serde_json::Value) {
        let nonce = mingfen_domain::ambient::random_text(
            &SystemRandom,
            mingfen_domain::ambient::UPPER_ALPHANUMERIC,
            24,
        );
        self.api_with(method, path, body, headers, self.clock.now().seconds(), &nonce).await
    }

    /// The same, with a time and a nonce of the story's choice.
    pub async fn api_with(
        &self,
        method: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
        timestamp: i64,
        nonce: &str,
    ) -> (u16, serde_json::Value) {
        let mut call = SignedCall::signed_with("demo-his", API_SECRET, timestamp, nonce, method, path, body);
        for (name, value) in headers {
            call = call.with(name, value);
        }
        let answer = call.sent_to(&self.replica.internal_url).await;
        (answer.status, answer.json)
    }
}

/// The rules of the configuration: far away for who does not look for them, but for the largest payment and the refunds.
pub fn usual_rules() -> Rules {
    Rules::new(|rule| match rule {
        Rule::MaxPayment => 5_000_000,
        Rule::RefundAlone => 10_000,
        Rule::TillAlone => 5000,
        rule if rule.counts_payments() => 10_000,
        _ => 1_000_000_000,
    })
    .expect("they agree")
}

/// A keyring of these keys, in this order; the same number is always the same key.
pub fn keyring(numbers: &[u8], current: u8) -> Arc<Keyring> {
    let key = |number: u8| {
        let byte = |index: usize| u8::try_from(index * 7).expect("a byte").wrapping_add(number * 11);
        (KeyId(number), std::array::from_fn(byte))
    };
    let keys = numbers.iter().map(|number| key(*number)).collect();
    Arc::new(Keyring::new(KeyId(current), keys).expect("a keyring"))
}

/// A notification as it was kept: what a sender could send again.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Which account it was for.
    pub channel: String,
    /// What became of it.
    pub verdict: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The bytes.
    pub body: Vec<u8>,
}

impl Kept {
    /// Sends it to a gateway once more; answers the status and what the provider would read.
    pub async fn sent_to(&self, public_url: &str) -> (u16, String) {
        let mut request =
            reqwest::Client::new().post(format!("{public_url}/n/{}", self.channel)).body(self.body.clone());
        for (name, value) in
            self.headers.iter().filter(|(name, _)| name != "host" && name != "content-length")
        {
            request = request.header(name, value);
        }
        let answer = request.send().await.expect("the gateway answers");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }
}

fn access(replica: &Replica) -> GatewayAccess {
    GatewayAccess {
        base_url: replica.internal_url.clone(),
        key_id: "demo-his".to_owned(),
        secret: API_SECRET.to_owned(),
    }
}

async fn open_store(url: &str) -> Store {
    Store::open(&StoreSettings { url: url.to_owned(), max_connections: 16 })
        .await
        .expect("the database opens")
}

async fn start(
    simulator: &Running,
    store: Store,
    clock: Arc<MovedClock>,
    cache: Arc<dyn Cache>,
    arrangement: &Arrangement,
) -> Replica {
    let sockets = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    let [public_url, internal_url] = [&sockets[0], &sockets[1]]
        .map(|socket| format!("http://{}", socket.local_addr().expect("an address")));
    let [public, internal] = sockets.map(|socket| Listener { socket, tls: None });
    let mut parts = parts(simulator, store, clock, cache, &public_url);
    parts.channels.extend(arrangement.channels.iter().cloned());
    parts.settings.timing.task_lease = arrangement.task_lease;
    parts.keyring = arrangement.keyring.clone();
    parts.settings.reconciliation.by_itself = arrangement.compares_by_itself;
    parts.settings.reconciliation.accounts = arrangement.accounts.clone();
    if let Some((url, phone)) = &arrangement.alerts {
        parts.settings.reconciliation.alert_phones = vec![phone.clone()];
        let url = url.parse().expect("an address");
        let webhook = Webhook::new(url, ALERT_SECRET.as_bytes().to_vec()).expect("a client");
        parts.webhook = Some(Arc::new(webhook));
    }
    if let Some(ledger) = &arrangement.ledger {
        parts.ledger = Some(ledger.clone());
    }
    parts.settings.reconciliation.most_findings = arrangement.most_findings;
    if let Some(bystander) = &arrangement.his {
        parts.his = bystander.between(parts.his);
    }
    let gateway = Gateway::new(parts);
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(listen(gateway.clone(), public, internal, stopped));
    Replica { gateway, public_url, internal_url, stop }
}

fn parts(
    simulator: &Running,
    store: Store,
    clock: Arc<MovedClock>,
    cache: Arc<dyn Cache>,
    public_url: &str,
) -> Parts {
    let base = simulator.base_url.as_str();
    let clock: Arc<dyn Clock> = clock;
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let his = rest_his(base, clock.clone(), random.clone());
    let sms = HttpSms::new(
        format!("{base}/sms/v1/messages").parse().expect("an address"),
        sms::DEMO_KEY.to_owned(),
        Duration::from_secs(2),
    )
    .expect("the message client is made");
    Parts {
        settings: settings(public_url, base),
        store,
        his: Arc::new(his),
        channels: channels(simulator, &clock, &random),
        keyring: keyring(&[1], 1),
        clock,
        random,
        cache,
        sms: Some(Arc::new(sms)),
        webhook: None,
        ledger: None,
    }
}

/// The gateway's own way to the demo HIS.
fn rest_his(base: &str, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> RestHis {
    let settings = RestHisSettings {
        base_url: format!("{base}/his/v1").parse().expect("an address"),
        key_id: DEMO_KEY_ID.to_owned(),
        secret: DEMO_SECRET.to_owned(),
        timeout_ms: 1500,
        connect_timeout_ms: 1000,
        capabilities: Capabilities { locks: true, finds_bookings: true, booking_is_idempotent: true },
    };
    RestHis::new(settings, clock, random).expect("the HIS client is made")
}

fn settings(public_url: &str, simulator: &str) -> GatewaySettings {
    let channel = |name: &str| Some(ChannelId::parse(name).expect("a channel"));
    GatewaySettings {
        hospital: HospitalSettings {
            id: HospitalId::parse(HOSPITAL_ID).expect("a hospital"),
            name_zh: HOSPITAL_NAME.to_owned(),
            name_en: "Qinghe People's Hospital".to_owned(),
            help_phone: "0000-8888 6000".to_owned(),
            places: PlaceSettings { cashier_zh: "门诊楼 1 层".to_owned(), ..PlaceSettings::default() },
        },
        public_url: public_url.parse().expect("an address"),
        trust_forwarded_for: false,
        bridge_origin: Some(simulator.parse().expect("an address")),
        staff: StaffSettings {
            idle: 900,
            valid: 43_200,
            attempts: 5,
            lock_for: 900,
            attempts_per_minute: 1000,
            secure_cookies: false,
        },
        timing: TimingSettings {
            link_valid: 86_400,
            session_valid: 7200,
            order_valid: 900,
            missing_grace: 600,
            max_unknown: 7200,
            task_lease: 60,
        },
        limits: LimitSettings {
            public_per_minute: 100_000,
            bad_links: 20,
            hinted_queries_per_minute: 5,
            unproven_per_minute: 20,
            failed_signatures_per_minute: 20,
            rules: usual_rules(),
            max_body_bytes: 65_536,
        },
        api_keys: vec![
            ApiKey {
                id: "demo-his".to_owned(),
                secret: API_SECRET.as_bytes().to_vec(),
                may: ApiRight::ALL.map(|(right, _)| right).to_vec(),
                limits: KeyLimits {
                    per_minute: 100_000,
                    max_refund: Fen::new(100_000),
                    max_refund_per_day: Fen::new(150_000),
                },
            },
            ApiKey {
                id: "kiosk".to_owned(),
                secret: KIOSK_SECRET.as_bytes().to_vec(),
                may: vec![ApiRight::Slips, ApiRight::Unpaid, ApiRight::Orders],
                limits: KeyLimits { per_minute: 10, max_refund: Fen::ZERO, max_refund_per_day: Fen::ZERO },
            },
        ],
        routes: RouteSettings { wechat: channel("wechat-main"), alipay: channel("alipay-main") },
        reconciliation: ReconciliationSettings {
            by_itself: false,
            ready_after: 10 * 3600,
            retry_after: 1800,
            catch_up_days: 31,
            near_cut_seconds: 900,
            second_person_above: Fen::new(100_000),
            ask_at_most: 500,
            memory_bytes: 64 << 20,
            most_findings: 100_000,
            accounts: BTreeMap::new(),
            alert_phones: Vec::new(),
            ledger_files: None,
        },
    }
}

fn channels(simulator: &Running, clock: &Arc<dyn Clock>, random: &Arc<dyn Random>) -> Vec<Arc<dyn Provider>> {
    let base = &simulator.base_url;
    let wechat = simulator.wechat().credentials().expect("a WeChat Pay merchant");
    let alipay_app = simulator
        .alipay()
        .credentials(alipay::DEMO_APP_ID)
        .expect("readable")
        .expect("an Alipay application");
    let table = |pairs: &[(&str, &str)]| -> toml::Table {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), toml::Value::String((*value).to_owned())))
            .collect()
    };
    let wechat_table = table(&[
        ("provider", "wechat"),
        ("mchid", &wechat.mchid),
        ("appid", &wechat.appid),
        ("app_secret", &wechat.app_secret),
        ("api_v3_key", &wechat.api_v3_key),
        ("merchant_serial", &wechat.merchant_serial),
        ("merchant_private_key", &wechat.merchant_private_key_pem),
        ("public_key_id", &wechat.public_key_id),
        ("public_key", &wechat.wechatpay_public_key_pem),
        ("api_base_url", base),
        ("authorise_base_url", base),
        ("token_base_url", base),
        ("bill_base_url", base),
    ]);
    let alipay_table = table(&[
        ("provider", "alipay"),
        ("app_id", &alipay_app.app_id),
        ("seller_id", &alipay_app.pid),
        ("app_private_key", &alipay_app.app_private_key_pem),
        ("alipay_public_key", &alipay_app.alipay_public_key_pem),
        ("gateway_url", &simulator.alipay().gateway_url()),
        ("authorise_url", &simulator.alipay().authorise_url()),
        ("bill_base_url", base),
    ]);
    let cash = table(&[("provider", "window"), ("takes", "cash")]);
    let pos = table(&[("provider", "window"), ("takes", "pos")]);
    [
        ("wechat-main", "wechat", wechat_table),
        ("alipay-main", "alipay", alipay_table),
        ("window-cash", "window", cash),
        ("window-pos", "window", pos),
    ]
    .into_iter()
    .map(|(id, provider, table)| {
        let context = BuildContext {
            channel: ChannelId::parse(id).expect("a channel"),
            clock: clock.clone(),
            random: random.clone(),
            base_dir: PathBuf::from("."),
        };
        let registration = mingfen_providers::ALL
            .iter()
            .find(|registration| registration.name == provider)
            .expect("the adapter is listed");
        (registration.build)(&context, &table).unwrap_or_else(|errors| panic!("{id}: {errors:?}"))
    })
    .collect()
}
