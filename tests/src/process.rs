//! The real program as processes of its own: started, killed at a named point, started again at the same addresses.

use crate::engine::Room;
use crate::patient::{App, Patient};
use crate::person::Person;
use crate::slips;
use mingfen_domain::Clock;
use mingfen_domain::ambient::{UPPER_ALPHANUMERIC, random_text};
use mingfen_gateway::ambient::{SystemClock, SystemRandom};
use mingfen_simulator::alipay::DEMO_APP_ID;
use mingfen_simulator::his::{DEMO_KEY_ID, DEMO_SECRET, GatewayAccess, HOSPITAL_ID, HOSPITAL_NAME};
use mingfen_simulator::{Running, Settings, Simulator, sms};
use mingfen_store::{Store, StoreSettings};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use toml::{Table, Value};

const API_SECRET: &str = "a-secret-that-only-the-story-knows-0";
/// Key number 1 of nobody.
const KEYRING: &str = "1:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
/// What a power cut looks like to a process.
const SIGKILL: i32 = 9;
/// Nothing in a story takes longer, however busy the machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How often a story looks whether something has happened.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Waits until something is so; the run fails and says what was waited for when it never is.
pub async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Where one process listens.
#[derive(Clone, Copy, Debug)]
struct Place {
    public: SocketAddr,
    internal: SocketAddr,
}

impl Place {
    fn free() -> Self {
        Self { public: free_address(), internal: free_address() }
    }
}

/// An address below the ports that the system gives to outgoing connections: it stays free while nobody listens at it.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = 10_000 + u16::try_from(std::process::id() % 8_000).unwrap_or(0);
    for _ in 0..2_000 {
        let port = start + NEXT.fetch_add(1, Ordering::Relaxed) % 2_000;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no port is free at the loopback interface");
}

/// A simulator and a directory with the configuration of the gateways against it.
pub struct Installation {
    /// The other side of every wire, in real time.
    pub simulator: Running,
    /// The database that the processes share.
    pub store: Store,
    directory: TempDir,
    room: Room,
    places: Vec<Place>,
    redis: Option<String>,
    public_url: String,
}

impl Installation {
    /// One gateway process.
    pub async fn of_one(room: Room) -> Self {
        let place = Place::free();
        Self::open(room, vec![place], None, place.public).await
    }

    /// Two gateway processes behind a balancer, with a shared Redis.
    pub async fn of_two(room: Room, redis: &str, balancer: SocketAddr) -> Self {
        Self::open(room, vec![Place::free(), Place::free()], Some(redis.to_owned()), balancer).await
    }

    async fn open(room: Room, places: Vec<Place>, redis: Option<String>, public: SocketAddr) -> Self {
        let simulator = Simulator::start(Settings::default()).await.expect("the simulator starts");
        let store = Store::open(&StoreSettings { url: room.url.clone(), max_connections: 2 })
            .await
            .expect("the database opens");
        let directory = tempfile::tempdir().expect("a temporary directory");
        let access = GatewayAccess {
            base_url: format!("http://{}", places[0].internal),
            key_id: "demo-his".to_owned(),
            secret: API_SECRET.to_owned(),
        };
        simulator.his().set_gateway(access);
        let public_url = format!("http://{public}");
        let town = Self { simulator, store, directory, room, places, redis, public_url };
        for place in 0..town.places.len() {
            fs::write(town.config(place), town.configuration(place)).expect("written");
        }
        town
    }

    /// Starts the gateway at its place; with `crash_at` it dies when it passes that point. Answers when it is ready.
    pub async fn serves(&self, place: usize, crash_at: Option<&str>) -> Process {
        let environment = crash_at.map(|point| ("MINGFEN_CRASH_AT", point));
        self.serves_with(place, environment.as_slice()).await
    }

    /// Starts it with more in its environment, which goes before its configuration file.
    pub async fn serves_with(&self, place: usize, environment: &[(&str, &str)]) -> Process {
        let words = environment.iter().map(|(_, value)| value.replace(['/', ':'], "-")).collect::<String>();
        let log_path = self.directory.path().join(format!("serve-{place}-{:.80}.log", words));
        let log = fs::File::create(&log_path).expect("a log");
        let mut command = Command::new(program());
        command.arg("serve").arg("--config").arg(self.config(place));
        command.env_remove("RUST_LOG").env_remove("MINGFEN_CRASH_AT").kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command.envs(environment.iter().copied());
        let mut process = Process { child: command.spawn().expect("the program starts"), log_path };
        let ready = format!("http://{}/readyz", self.places[place].internal);
        let deadline = Instant::now() + PATIENCE;
        while !reqwest::get(&ready).await.is_ok_and(|answer| answer.status().is_success()) {
            let ended = process.child.try_wait().expect("its state is known");
            assert!(ended.is_none() && Instant::now() < deadline, "it is not ready:\n{}", process.log());
            tokio::time::sleep(LOOK_EVERY).await;
        }
        process
    }

    /// Runs a command of the program to its end.
    pub async fn runs(&self, arguments: &[&str]) -> Output {
        self.runs_with(arguments, &[]).await
    }

    /// The same with more in its environment, which goes before its configuration file.
    pub async fn runs_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new(program());
        command.args(arguments).arg("--config").arg(self.config(0)).stdin(Stdio::null());
        command.env_remove("RUST_LOG").env_remove("MINGFEN_CRASH_AT").envs(environment.iter().copied());
        command.output().await.expect("the program runs")
    }

    /// The books, the records and the audit trail hold, says the program itself.
    pub async fn verifies(&self) {
        let said = self.runs(&["verify"]).await;
        assert!(
            said.status.success(),
            "{}{}",
            String::from_utf8_lossy(&said.stdout),
            String::from_utf8_lossy(&said.stderr)
        );
    }

    /// A patient who scans the slip of a card in an app.
    pub async fn patient(&self, card_no: &str, app: App) -> Patient {
        let link = self.simulator.his().push(card_no, &[]).await.expect("HIS gets a code for the slip").link;
        Patient::new(&self.simulator, app, link)
    }

    /// A patient comes for the first time, and doctors write slips of these amounts.
    pub fn owes(&self, card_no: &str, amounts: &[i64]) {
        slips::registers(&self.simulator, card_no);
        for (at, fen) in amounts.iter().enumerate() {
            slips::writes_slip(&self.simulator, card_no, &format!("检查 {}", at + 1), *fen);
        }
    }

    /// Cashiers take cash, too, from the next start on.
    pub fn takes_cash(&self) {
        for place in 0..self.places.len() {
            let cash = table(&[("provider", "window"), ("takes", "cash")]);
            let whole = format!("{}[channels.window-cash]\n{cash}\n", self.configuration(place));
            fs::write(self.config(place), whole).expect("written");
        }
    }

    /// Gives somebody an account at the first process, which is running, and has them sign in there for the first time.
    pub async fn employs(&self, staff_no: &str, name: &str, role: &str) -> Person {
        let made = self.runs(&["staff", "add", staff_no, "--name", name, "--role", role]).await;
        let said = String::from_utf8_lossy(&made.stdout).into_owned();
        let first = said.lines().find_map(|line| line.split_once("first sign-in: "));
        let (_, first) = first.unwrap_or_else(|| panic!("no account: {said}{made:?}"));
        let mut person = Person::at(&format!("http://{}", self.places[0].internal), staff_no);
        let page = person.begins(first.trim(), SystemClock.now()).await;
        assert_eq!(page.status, 200, "{} {}", page.url, page.text);
        person
    }

    /// The word for where a payment stands, as its page polls it; nothing while no gateway answers.
    pub async fn state_of(&self, reference: &str) -> Option<String> {
        let answer = reqwest::get(format!("{}/result/{reference}/state", self.public_url)).await.ok()?;
        answer.text().await.ok()
    }

    /// HIS asks for all the money of a bill back; `None`: no answer, HIS does not know whether it was heard.
    pub async fn his_asks_for_refund(&self, bill_no: &str) -> Option<(u16, String)> {
        let path = "/api/v1/refunds";
        let body = serde_json::json!({
            "order_no": bill_no, "refund_request_no": format!("RQ-{bill_no}"), "reason": "检查取消", "operator": "收费处",
        })
        .to_string();
        let nonce = random_text(&SystemRandom, UPPER_ALPHANUMERIC, 24);
        let timestamp = SystemClock.now().seconds();
        let signature = mingfen_vault::request_signature::sign(
            API_SECRET.as_bytes(),
            "POST",
            path,
            timestamp,
            &nonce,
            body.as_bytes(),
        );
        let request = reqwest::Client::new()
            .post(format!("http://{}{path}", self.places[0].internal))
            .header("x-mingfen-key", "demo-his")
            .header("x-mingfen-timestamp", timestamp.to_string())
            .header("x-mingfen-nonce", nonce)
            .header("x-mingfen-signature", signature)
            .header("idempotency-key", format!("refund-of-{bill_no}"))
            .body(body);
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.text().await.ok()?))
    }

    /// Where its configuration is, for files of a story's own.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Where a balancer finds the processes.
    pub fn public_addresses(&self) -> Vec<SocketAddr> {
        self.places.iter().map(|place| place.public).collect()
    }

    fn config(&self, place: usize) -> PathBuf {
        self.directory.path().join(format!("mingfen-{place}.toml"))
    }

    fn configuration(&self, place: usize) -> String {
        let base = self.simulator.base_url.as_str();
        let place = self.places[place];
        let mut sections = vec![
            (
                "server",
                table(&[
                    ("public_bind", &place.public.to_string()),
                    ("internal_bind", &place.internal.to_string()),
                    ("public_url", &self.public_url),
                    ("bridge_origin", base),
                ]),
            ),
            ("database", table(&[("url", &self.room.url)])),
            (
                "hospital",
                table(&[
                    ("id", HOSPITAL_ID),
                    ("name_zh", HOSPITAL_NAME),
                    ("name_en", "Qinghe People's Hospital"),
                    ("help_phone", "0000-8888 6000"),
                ]),
            ),
            ("keys", table(&[("keyring", KEYRING)])),
            (
                "his",
                table(&[
                    ("base_url", &format!("{base}/his/v1")),
                    ("key_id", DEMO_KEY_ID),
                    ("secret", DEMO_SECRET),
                ]),
            ),
            ("sms", table(&[("url", &format!("{base}/sms/v1/messages")), ("key", sms::DEMO_KEY)])),
            // What a dead process had begun is taken over soon, so that a story need not wait for it.
            ("timing", table(&[("task_lease", "2s")])),
            ("routes", table(&[("wechat", "wechat-main"), ("alipay", "alipay-main")])),
            ("log", table(&[("filter", "warn")])),
            ("api.keys.demo-his", {
                let mut key = table(&[("secret", API_SECRET)]);
                let rights = ["slips", "orders", "refunds", "tasks"].map(Value::from);
                key.insert("may".to_owned(), Value::Array(rights.to_vec()));
                key
            }),
            ("channels.wechat-main", self.wechat()),
            ("channels.alipay-main", self.alipay()),
        ];
        if let Some(redis) = &self.redis {
            sections.push(("redis", table(&[("url", redis)])));
        }
        sections.iter().map(|(name, table)| format!("[{name}]\n{table}\n")).collect()
    }

    fn wechat(&self) -> Table {
        let base = self.simulator.base_url.as_str();
        let wechat = self.simulator.wechat().credentials().expect("a WeChat Pay merchant");
        table(&[
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
        ])
    }

    fn alipay(&self) -> Table {
        let party = self.simulator.alipay();
        let app = party.credentials(DEMO_APP_ID).expect("readable").expect("an Alipay application");
        table(&[
            ("provider", "alipay"),
            ("app_id", &app.app_id),
            ("seller_id", &app.pid),
            ("app_private_key", &app.app_private_key_pem),
            ("alipay_public_key", &app.alipay_public_key_pem),
            ("gateway_url", &party.gateway_url()),
            ("authorise_url", &party.authorise_url()),
            ("bill_base_url", &self.simulator.base_url),
        ])
    }
}

fn table(pairs: &[(&str, &str)]) -> Table {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
}

/// A gateway process.
pub struct Process {
    child: Child,
    log_path: PathBuf,
}

impl Process {
    /// It is killed at its point, without a chance to do anything about it; any other end fails the run.
    pub async fn dies(mut self) {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = status
            .unwrap_or_else(|_| panic!("it never passed the point where it was to die:\n{}", self.log()));
        let status = status.expect("its end is known");
        assert_eq!(ExitStatusExt::signal(&status), Some(SIGKILL), "it ended with {status}:\n{}", self.log());
    }

    /// Its supervisor asks it to stop.
    pub fn is_asked_to_stop(&self) {
        let number = self.child.id().expect("it is there").to_string();
        let sent =
            std::process::Command::new("/bin/sh").args(["-c", &format!("kill -TERM {number}")]).status();
        assert!(sent.expect("a shell").success(), "it could not be asked");
    }

    /// It ends by itself, and well; answers what it said.
    pub async fn ends_well(mut self) -> String {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("it does not stop:\n{}", self.log()));
        let status = status.expect("its end is known");
        assert!(status.success(), "it ended with {status}:\n{}", self.log());
        self.log()
    }

    /// Power is cut.
    pub async fn is_killed(mut self) {
        self.child.kill().await.expect("it was there to be killed");
    }

    /// What it said of itself.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log_path).unwrap_or_default()
    }
}

/// The built program: `MINGFEN_BIN`, or beside this test.
pub(crate) fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("MINGFEN_BIN") {
        return named.into();
    }
    let test = std::env::current_exe().expect("this test is a file");
    let program = test.parent().and_then(Path::parent).map(|directory| directory.join("mingfen"));
    program.filter(|program| program.is_file()).unwrap_or_else(|| {
        panic!(
            "the program is not built. Build it with `cargo build -p mingfen-cli`, or name it in MINGFEN_BIN"
        )
    })
}
