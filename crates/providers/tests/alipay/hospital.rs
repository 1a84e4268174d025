//! A hospital with one channel of Alipay and a simulator at the other end.

use mingfen_domain::ids::{ChannelId, OutRefundNo, OutTradeNo, ProviderTradeNo};
use mingfen_domain::{Amount, BusinessDay, Clock, Random, Timestamp};
use mingfen_provider_api::statement::{Fetched, StatementFile, StatementKind};
use mingfen_provider_api::{
    BuildContext, CallError, News, NotVerified, OrderRequest, Payer, PayerScene, Provider, RawNotification,
    RefundRequest, RefundSighting, Sighted, SightedRefund,
};
use mingfen_simulator::alipay::DEMO_APP_ID;
use mingfen_simulator::{Running, Settings, Simulator};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// 2026-03-05 09:30:00 in Beijing.
const HALF_PAST_NINE_MS: i64 = 1_772_674_200_000;

/// A hospital with one channel, a simulated Alipay and an address for notifications.
pub struct Hospital {
    pub simulator: Arc<Running>,
    pub channel: Arc<dyn Provider>,
    notify_url: String,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
    /// Where bills are fetched to.
    pub bills: tempfile::TempDir,
}

struct SimulatedTime(Arc<Running>);
impl Clock for SimulatedTime {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.0.clock().now_ms())
    }
}

struct Zero;
impl Random for Zero {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

impl Hospital {
    pub async fn open() -> Self {
        Self::open_as(DEMO_APP_ID).await
    }

    pub async fn open_as(app_id: &str) -> Self {
        let settings = Settings { pumping: false, ..Settings::default() };
        let simulator = Arc::new(Simulator::start(settings).await.expect("a simulator"));
        simulator.clock().stop();
        simulator.clock().set_ms(HALF_PAST_NINE_MS);
        let context = BuildContext {
            channel: ChannelId::parse("alipay-main").expect("a channel"),
            clock: Arc::new(SimulatedTime(Arc::clone(&simulator))),
            random: Arc::new(Zero),
            base_dir: std::path::PathBuf::from("/nowhere"),
        };
        let registration = mingfen_providers::alipay::REGISTRATION;
        let channel = (registration.build)(&context, &table(&simulator, app_id))
            .unwrap_or_else(|errors| panic!("{errors:?}"));
        let (notify_url, received) = inbox().await;
        let bills = tempfile::tempdir().expect("a directory");
        Self { simulator, channel, notify_url, received, bills }
    }

    pub async fn payer(&self) -> Payer {
        let authorisation = self.channel.authorisation().expect("an ability");
        let page = authorisation.authorise_url("https://pay.example-hospital.cn/back", "state_1");
        let location = get(&page).await.1.expect("a redirect");
        let query = location.split_once('?').expect("a query").1;
        let code = query
            .split('&')
            .find_map(|pair| pair.strip_prefix(authorisation.code_parameter())?.strip_prefix('='))
            .expect("a code");
        authorisation.payer(code).await.expect("a payer")
    }

    pub fn order(&self, number: &str, fen: i64, scene: PayerScene) -> OrderRequest {
        let now = Timestamp::from_ms(self.simulator.clock().now_ms());
        OrderRequest {
            out_trade_no: order_number(number),
            amount: Amount::from_fen(fen).expect("an amount"),
            subject: "门诊缴费".to_owned(),
            scene,
            expires_at: now.plus_seconds(900),
            created_at: now,
            notify_url: self.notify_url.clone(),
            return_url: "http://127.0.0.1:9/back".to_owned(),
            client_ip: None,
        }
    }

    /// An order in the app, opened and paid; its number at Alipay.
    pub async fn paid(&self, number: &str, fen: i64) -> String {
        let request = self.order(number, fen, PayerScene::InApp(self.payer().await));
        let opened = self.channel.open_order(&request).await.expect("an order");
        self.simulator.alipay().pay(&opened.handle).expect("pays");
        opened.handle
    }

    pub async fn query(&self, number: &str) -> Result<Sighted, CallError> {
        let inquiry = self.channel.inquiry().expect("an ability");
        inquiry.query(&order_number(number)).await.map(|sighting| sighting.seen)
    }

    pub async fn close(&self, number: &str) -> Result<Sighted, CallError> {
        let inquiry = self.channel.inquiry().expect("an ability");
        inquiry.close(&order_number(number)).await.map(|sighting| sighting.seen)
    }

    pub async fn refund(&self, request: &RefundRequest) -> Result<RefundSighting, CallError> {
        self.channel.refunds().expect("an ability").refund(request).await
    }

    /// What the provider says of the refund when it is asked.
    pub async fn asked(&self, request: &RefundRequest) -> SightedRefund {
        let refunds = self.channel.refunds().expect("an ability");
        refunds.query_refund(request).await.expect("an answer").seen
    }

    /// What has come in since the last time, unproven.
    pub async fn notified(&self) -> Vec<RawNotification> {
        self.simulator.pump().await;
        let bodies = std::mem::take(&mut *self.received.lock().expect("no panic"));
        let received_at = Timestamp::from_ms(self.simulator.clock().now_ms());
        bodies.into_iter().map(|body| RawNotification { headers: Vec::new(), body, received_at }).collect()
    }

    pub fn verify(&self, raw: &RawNotification) -> Result<News, NotVerified> {
        let verified = self.channel.notifications().expect("an ability").verify(raw)?;
        Ok(verified.into_news())
    }

    pub async fn told(&self) -> Vec<News> {
        self.notified().await.iter().map(|raw| self.verify(raw).expect("genuine")).collect()
    }

    pub async fn bill(&self, kind: StatementKind, day: &str) -> Result<Fetched, CallError> {
        let statements = self.channel.statements().expect("an ability");
        statements.fetch(kind, BusinessDay::parse(day).expect("a day"), self.bills.path()).await
    }
}

fn table(simulator: &Running, app_id: &str) -> toml::Table {
    let alipay = simulator.alipay();
    let credentials = alipay.credentials(app_id).expect("keys").expect("a known application");
    let mut table = toml::Table::new();
    let mut set = |name: &str, value: &str| {
        table.insert(name.to_owned(), toml::Value::String(value.to_owned()));
    };
    set("app_id", app_id);
    set("seller_id", &credentials.pid);
    set("app_private_key", &credentials.app_private_key_pkcs1_pem);
    set("gateway_url", &alipay.gateway_url());
    set("authorise_url", &alipay.authorise_url());
    set("bill_base_url", &simulator.base_url);
    match &credentials.certificates {
        None => set("alipay_public_key", &credentials.alipay_public_key_pem),
        Some(files) => {
            set("app_cert", &files.app_cert_pem);
            set("alipay_cert", &files.alipay_cert_pem);
            set("alipay_root_cert", &files.alipay_root_cert_pem);
        }
    }
    table
}

pub fn order_number(number: &str) -> OutTradeNo {
    OutTradeNo::parse(number).expect("an order number")
}

pub fn refund_request(number: &str, order: &str, trade_no: &str, fen: i64, paid: i64) -> RefundRequest {
    RefundRequest {
        out_refund_no: OutRefundNo::parse(number).expect("a refund number"),
        out_trade_no: order_number(order),
        provider_trade_no: ProviderTradeNo::parse(trade_no).expect("a trade number"),
        amount: Amount::from_fen(fen).expect("an amount"),
        paid: Amount::from_fen(paid).expect("an amount"),
        reason: "退费".to_owned(),
        notify_url: String::new(),
    }
}

/// Status and location of a page.
pub async fn get(url: &str) -> (u16, Option<String>) {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .tls_certs_only([])
        .build()
        .expect("a client");
    let answer = client.get(url).send().await.expect("an answer");
    let location = answer.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
    (answer.status().as_u16(), location)
}

async fn inbox() -> (String, Arc<Mutex<Vec<Vec<u8>>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/n/alipay", listener.local_addr().expect("an address"));
    let received = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&received);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let kept = Arc::clone(&kept);
            tokio::spawn(async move {
                receive(stream, &kept).await;
            });
        }
    });
    (url, received)
}

async fn receive(mut stream: TcpStream, kept: &Mutex<Vec<Vec<u8>>>) -> Option<()> {
    let mut bytes = Vec::new();
    let body = loop {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let Some(head_end) = text.find("\r\n\r\n") else { continue };
        let length: usize =
            text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())?;
        if bytes.len() >= head_end + 4 + length {
            break bytes.split_off(head_end + 4);
        }
    };
    // Kept first: the simulator goes on as soon as it has read the answer.
    kept.lock().expect("no panic").push(body);
    let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 7\r\n\r\nsuccess";
    stream.write_all(answer).await.ok()
}

pub fn fetched(fetched: Result<Fetched, CallError>) -> StatementFile {
    match fetched {
        Ok(Fetched::File(file)) => file,
        Ok(Fetched::NotYet) => panic!("not yet"),
        Ok(Fetched::NothingThatDay) => panic!("nothing"),
        Err(error) => panic!("{error}"),
    }
}
