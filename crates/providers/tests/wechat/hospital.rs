//! A hospital with one WeChat channel, a simulated WeChat, and an ear for notifications.

use mingfen_domain::ids::{ChannelId, OutRefundNo, OutTradeNo, ProviderTradeNo};
use mingfen_domain::{Amount, Clock, Random, Timestamp};
use mingfen_provider_api::{
    Authorisation, BuildContext, Inquiry, News, NotVerified, Notifications, Opened, OrderRequest, Payer,
    PayerScene, Presentation, Provider, RawNotification, RefundRequest, Sighted, Verified,
};
use mingfen_providers::wechat::Wechat;
use mingfen_simulator::faults::{Fault, Rule, When};
use mingfen_simulator::wechat::quirks::Quirks;
use mingfen_simulator::wechat::{JsapiCall, MerchantSettings, Trust, WechatCredentials};
use mingfen_simulator::{Running, Settings, Simulator};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The key of the protocol page's vectors plays every key that need not differ, because making keys takes seconds.
const KEY: &str = include_str!("../../testdata/keys/vector-pkcs8.pem");
/// 2026-01-01T12:00:00+08:00.
pub const NOON: i64 = 1_767_240_000;
pub const MCHID: &str = "1900000001";

pub struct Hospital {
    pub sim: Arc<Running>,
    pub wechat: Wechat,
    /// How this hospital's WeChat reads what its document leaves open.
    pub quirks: Quirks,
    /// Where bills are fetched to.
    pub bills: tempfile::TempDir,
    heard: Arc<Mutex<Vec<RawNotification>>>,
    ear: String,
}

/// The simulator's clock as the adapter sees it, so many seconds off.
struct SimulatedClock(Arc<Running>, i64);

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.0.clock().now_ms()).plus_seconds(self.1)
    }
}

struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let next = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
            *byte = next.to_be_bytes()[0];
        }
    }
}

impl Hospital {
    pub async fn open() -> Self {
        Self::trusting(Trust::PublicKey).await
    }

    pub async fn trusting(trust: Trust) -> Self {
        Self::open_with(trust, Quirks::recommended()).await
    }

    pub async fn reading(quirks: Quirks) -> Self {
        Self::open_with(Trust::PublicKey, quirks).await
    }

    pub async fn open_with(trust: Trust, quirks: Quirks) -> Self {
        let mut settings = Settings { pumping: false, ..Settings::default() };
        settings.wechat.quirks = quirks;
        settings.wechat.merchants = vec![MerchantSettings {
            trust,
            merchant_private_key_pem: Some(KEY.to_owned()),
            wechatpay_private_key_pem: Some(KEY.to_owned()),
            ..MerchantSettings::new(MCHID, "wx1111111111111111", "青禾市人民医院")
        }];
        let sim = Arc::new(Simulator::start(settings).await.expect("a simulator"));
        sim.clock().stop();
        sim.clock().set_ms(NOON * 1000);
        let heard = Arc::default();
        let ear = listen(Arc::clone(&sim), Arc::clone(&heard)).await;
        let wechat = adapter(&sim, &sim.base_url, 0, "");
        let bills = tempfile::tempdir().expect("a directory");
        Self { sim, wechat, quirks, bills, heard, ear }
    }

    /// The same hospital with other settings of its channel.
    pub fn with_settings(&self, more: &str) -> Wechat {
        adapter(&self.sim, &self.sim.base_url, 0, more)
    }

    /// The same hospital whose provider is said to be elsewhere.
    pub fn at(&self, base_url: &str) -> Wechat {
        adapter(&self.sim, base_url, 0, "")
    }

    /// Likewise, with other settings.
    pub fn at_with(&self, base_url: &str, more: &str) -> Wechat {
        adapter(&self.sim, base_url, 0, more)
    }

    /// The same hospital with a wrong clock.
    pub fn with_clock_off_by(&self, seconds: i64) -> Wechat {
        adapter(&self.sim, &self.sim.base_url, seconds, "")
    }

    pub fn fault(&self, call: &str, fault: Fault) {
        self.sim.faults().add(Rule::next(call, fault));
    }

    /// The next call of this name is refused in these words.
    pub fn says(&self, call: &str, status: u16, code: &str, message: &str, when: When) {
        let (code, message) = (code.to_owned(), message.to_owned());
        self.fault(call, Fault::Refusal { status, code, message, when });
    }

    pub fn pass_seconds(&self, seconds: i64) {
        self.sim.clock().advance_ms(seconds * 1000);
    }

    pub async fn payer(&self) -> Payer {
        let code = self.sim.wechat().issue_code("wx1111111111111111", "u1");
        self.wechat.payer(&code).await.expect("a payer")
    }

    pub async fn order(&self, number: &str, fen: i64) -> OrderRequest {
        OrderRequest { scene: PayerScene::InApp(self.payer().await), ..self.shown_order(number, fen) }
    }

    pub fn shown_order(&self, number: &str, fen: i64) -> OrderRequest {
        OrderRequest {
            out_trade_no: trade_no(number),
            amount: amount(fen),
            subject: "门诊缴费".to_owned(),
            scene: PayerScene::ShownCode,
            expires_at: Timestamp::from_seconds(NOON + 1800),
            created_at: Timestamp::from_seconds(NOON),
            notify_url: format!("{}/payment", self.ear),
            return_url: "https://pay.hospital.example/r".to_owned(),
            client_ip: None,
        }
    }

    pub fn refund(&self, number: &str, of: &OrderRequest, paid: &Sighted, fen: i64) -> RefundRequest {
        RefundRequest {
            out_refund_no: OutRefundNo::parse(number).expect("a number"),
            out_trade_no: of.out_trade_no.clone(),
            provider_trade_no: provider_no(paid),
            amount: amount(fen),
            paid: of.amount,
            reason: "退号".to_owned(),
            notify_url: format!("{}/refund", self.ear),
        }
    }

    /// Shows the order in the app and pays it there.
    pub fn pays_in_app(&self, request: &OrderRequest, opened: &Opened) {
        let now = Timestamp::from_ms(self.sim.clock().now_ms());
        let shown = self.wechat.present(request, &opened.handle, now).expect("a presentation");
        let Presentation::InApp { parameters, .. } = shown else { panic!("not for the app: {shown:?}") };
        let value = |name: &str| {
            parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let call = JsapiCall {
            app_id: value("appId"),
            time_stamp: value("timeStamp"),
            nonce_str: value("nonceStr"),
            package: value("package"),
            sign_type: value("signType"),
            pay_sign: value("paySign"),
        };
        self.sim.wechat().pay_jsapi(&call).expect("pays");
    }

    /// Opens an order and pays it; what a query then says.
    pub async fn paid(&self, request: &OrderRequest) -> Sighted {
        let opened = self.wechat.open_order(request).await.expect("opens");
        self.pays_in_app(request, &opened);
        self.seen(request).await
    }

    pub async fn seen(&self, request: &OrderRequest) -> Sighted {
        self.wechat.query(&request.out_trade_no).await.expect("a sighting").seen
    }

    /// Lets everything that is due be delivered, and hands over what was heard.
    pub async fn hears(&self) -> Vec<RawNotification> {
        self.sim.pump().await;
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The one notification that is due, proven or not.
    pub async fn told(&self) -> Result<Verified<News>, NotVerified> {
        let heard = self.hears().await;
        assert_eq!(heard.len(), 1, "one notification is due");
        self.wechat.verify(&heard[0])
    }
}

fn adapter(sim: &Arc<Running>, base_url: &str, off_by_seconds: i64, more: &str) -> Wechat {
    let credentials = sim.wechat().credentials().expect("a merchant");
    let context = BuildContext {
        channel: ChannelId::parse("wechat").expect("a channel"),
        clock: Arc::new(SimulatedClock(Arc::clone(sim), off_by_seconds)),
        random: Arc::new(Counting(AtomicU64::new(1))),
        base_dir: PathBuf::from("/"),
    };
    let table = table(&credentials, base_url) + more;
    Wechat::build(&context, &toml::from_str(&table).expect("a table")).expect("a channel")
}

fn table(of: &WechatCredentials, base: &str) -> String {
    let trust = match of.trust {
        Trust::PublicKey => "",
        Trust::PlatformCertificate | Trust::Both { .. } => "platform_certificates = true\n",
    };
    let key = match of.trust {
        Trust::PlatformCertificate => String::new(),
        Trust::PublicKey | Trust::Both { .. } => format!(
            "public_key_id = \"{}\"\npublic_key = '''{}'''\n",
            of.public_key_id, of.wechatpay_public_key_pem
        ),
    };
    format!(
        "provider = \"wechat\"\nmchid = \"{}\"\nappid = \"{}\"\napp_secret = \"{}\"\napi_v3_key = \"{}\"\n\
         merchant_serial = \"{}\"\nmerchant_private_key = '''{}'''\napi_base_url = \"{base}\"\n\
         authorise_base_url = \"{base}\"\ntoken_base_url = \"{base}\"\ntimeout_ms = 1500\nconnect_timeout_ms = 1000\n\
         {trust}{key}",
        of.mchid, of.appid, of.app_secret, of.api_v3_key, of.merchant_serial, of.merchant_private_key_pem,
    )
}

pub fn trade_no(text: &str) -> OutTradeNo {
    OutTradeNo::parse(text).expect("an order number")
}

pub fn amount(fen: i64) -> Amount {
    Amount::from_fen(fen).expect("an amount")
}

pub fn provider_no(seen: &Sighted) -> ProviderTradeNo {
    match seen {
        Sighted::Paid { provider_trade_no, .. } => provider_trade_no.clone(),
        other => panic!("not paid: {other:?}"),
    }
}

/// Hears every POST, acknowledges it and keeps it.
async fn listen(sim: Arc<Running>, heard: Arc<Mutex<Vec<RawNotification>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let now = Timestamp::from_ms(sim.clock().now_ms());
            if let Some(raw) = hear(stream, now).await {
                heard.lock().unwrap_or_else(PoisonError::into_inner).push(raw);
            }
        }
    });
    format!("http://{address}")
}

async fn hear(mut stream: TcpStream, received_at: Timestamp) -> Option<RawNotification> {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4096];
        match stream.read(&mut part).await.ok()? {
            0 => return None,
            size => bytes.extend_from_slice(&part[..size]),
        }
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let headers: Vec<(String, String)> = head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers
            .iter()
            .find(|(name, _)| name == "content-length")
            .and_then(|(_, text)| text.parse::<usize>().ok())?;
        let body = bytes.get(end + 4..)?.to_vec();
        if body.len() >= length {
            let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).await.ok()?;
            return Some(RawNotification { headers, body, received_at });
        }
    }
}
