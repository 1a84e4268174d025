//! The Alipay adapter against the simulator, which was written from the same documents and shares no code with it.

use mingfen_domain::ids::{ChannelId, OutRefundNo, OutTradeNo, ProviderTradeNo};
use mingfen_domain::{Amount, BusinessDay, Clock, Fen, Random, Timestamp};
use mingfen_provider_api::statement::{Fetched, LineKind, StatementFile, StatementKind};
use mingfen_provider_api::{
    BuildContext, CallError, News, NotVerified, OrderRequest, Payer, PayerScene, Presentation, Provider,
    RawNotification, RefundRequest, RefundSighting, Sighted, SightedRefund,
};
use mingfen_simulator::alipay::{DEMO_APP_ID, DEMO_CERTIFICATE_APP_ID};
use mingfen_simulator::faults::{Defect, Fault, Rule, When};
use mingfen_simulator::{Running, Settings, Simulator};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// 2026-03-05 09:30:00 in Beijing.
const HALF_PAST_NINE_MS: i64 = 1_772_674_200_000;

/// A hospital with one channel, a simulated Alipay and an address for notifications.
struct Hospital {
    simulator: Arc<Running>,
    channel: Arc<dyn Provider>,
    notify_url: String,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
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
    async fn open() -> Self {
        Self::open_as(DEMO_APP_ID).await
    }

    async fn open_as(app_id: &str) -> Self {
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
        Self { simulator, channel, notify_url, received }
    }

    async fn payer(&self) -> Payer {
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

    fn order(&self, number: &str, fen: i64, scene: PayerScene) -> OrderRequest {
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
    async fn paid(&self, number: &str, fen: i64) -> String {
        let request = self.order(number, fen, PayerScene::InApp(self.payer().await));
        let opened = self.channel.open_order(&request).await.expect("an order");
        self.simulator.alipay().pay(&opened.handle).expect("pays");
        opened.handle
    }

    async fn query(&self, number: &str) -> Result<Sighted, CallError> {
        let inquiry = self.channel.inquiry().expect("an ability");
        inquiry.query(&order_number(number)).await.map(|sighting| sighting.seen)
    }

    async fn close(&self, number: &str) -> Result<Sighted, CallError> {
        let inquiry = self.channel.inquiry().expect("an ability");
        inquiry.close(&order_number(number)).await.map(|sighting| sighting.seen)
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundSighting, CallError> {
        self.channel.refunds().expect("an ability").refund(request).await
    }

    /// What has come in since the last time, unproven.
    async fn notified(&self) -> Vec<RawNotification> {
        self.simulator.pump().await;
        let bodies = std::mem::take(&mut *self.received.lock().expect("no panic"));
        let received_at = Timestamp::from_ms(self.simulator.clock().now_ms());
        bodies.into_iter().map(|body| RawNotification { headers: Vec::new(), body, received_at }).collect()
    }

    fn verify(&self, raw: &RawNotification) -> Result<News, NotVerified> {
        let verified = self.channel.notifications().expect("an ability").verify(raw)?;
        Ok(verified.into_news())
    }

    async fn told(&self) -> Vec<News> {
        self.notified().await.iter().map(|raw| self.verify(raw).expect("genuine")).collect()
    }

    async fn bill(&self, kind: StatementKind, day: &str) -> Result<Fetched, CallError> {
        let statements = self.channel.statements().expect("an ability");
        statements.fetch(kind, BusinessDay::parse(day).expect("a day")).await
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

fn order_number(number: &str) -> OutTradeNo {
    OutTradeNo::parse(number).expect("an order number")
}

fn refund_request(number: &str, order: &str, trade_no: &str, fen: i64, paid: i64) -> RefundRequest {
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
async fn get(url: &str) -> (u16, Option<String>) {
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

#[tokio::test]
async fn a_patient_pays_in_the_app_and_gets_a_part_back() {
    let hospital = Hospital::open().await;
    let trade_no = hospital.paid("H20260305000001", 8850).await;
    match &hospital.told().await[..] {
        [News::Order(sighting)] => {
            assert!(matches!(&sighting.seen, Sighted::Paid { amount, provider_trade_no, .. }
                if amount.get() == 8850 && provider_trade_no.as_str() == trade_no))
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(hospital.query("H20260305000001").await, Ok(Sighted::Paid { .. })));
    assert!(
        matches!(hospital.close("H20260305000001").await, Ok(Sighted::Paid { .. })),
        "a paid order is not closed"
    );

    let first = refund_request("R20260305000001", "H20260305000001", &trade_no, 850, 8850);
    let refunds = hospital.channel.refunds().expect("an ability");
    assert_eq!(refunds.query_refund(&first).await.map(|found| found.seen), Ok(SightedRefund::Missing));
    for _ in 0..2 {
        let sighting = hospital.refund(&first).await.expect("a refund");
        assert!(matches!(sighting.seen, SightedRefund::Succeeded { .. }), "{sighting:?}");
        hospital.simulator.clock().advance_ms(10_000);
    }
    let second = refund_request("R20260305000002", "H20260305000001", &trade_no, 8000, 8850);
    hospital.refund(&second).await.expect("a refund");
    let asked = refunds.query_refund(&second).await.expect("an answer");
    assert_eq!(asked.amount.map(Amount::get), Some(8000), "of this refund, not of all");

    let told = hospital.told().await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|news| matches!(news, News::Refund(_))), "{told:?}");
    assert!(
        matches!(hospital.query("H20260305000001").await, Ok(Sighted::Paid { .. })),
        "refunded whole and closed, it was paid all the same"
    );
    let ledger = hospital.simulator.ledger();
    assert_eq!(ledger.payments[0].refunded_fen, 8850);
}

#[tokio::test]
async fn a_code_is_missing_until_it_is_scanned() {
    let hospital = Hospital::open().await;
    let request = hospital.order("H20260305000002", 100, PayerScene::ShownCode);
    let opened = hospital.channel.open_order(&request).await.expect("a code");
    assert_eq!(hospital.query("H20260305000002").await, Ok(Sighted::Missing));
    assert_eq!(hospital.close("H20260305000002").await, Ok(Sighted::Missing));
    let shown = hospital.channel.present(&request, &opened.handle, request.created_at).expect("a code");
    let Presentation::Code { text } = shown else { panic!("{shown:?}") };
    hospital.simulator.alipay().scan(&text).expect("scanned");
    assert_eq!(hospital.query("H20260305000002").await, Ok(Sighted::Waiting));
    assert_eq!(hospital.close("H20260305000002").await, Ok(Sighted::Closed));
    assert_eq!(hospital.query("H20260305000002").await, Ok(Sighted::Closed));
    assert_eq!(hospital.close("H20260305000002").await, Ok(Sighted::Closed), "closing is safe to repeat");
    match &hospital.told().await[..] {
        [News::Order(sighting)] => assert_eq!(sighting.seen, Sighted::Closed),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_browser_is_sent_to_a_page_that_opens_the_order() {
    let hospital = Hospital::open().await;
    let scene = PayerScene::MobileBrowser { client_ip: "203.0.113.7".to_owned() };
    let request = hospital.order("H20260305000003", 100, scene);
    let opened = hospital.channel.open_order(&request).await.expect("an order");
    let page = hospital.channel.present(&request, &opened.handle, request.created_at).expect("an address");
    let Presentation::Redirect { url } = page else { panic!("{page:?}") };
    let (status, location) = get(&url).await;
    assert_eq!(status, 302);
    assert_eq!(hospital.query("H20260305000003").await, Ok(Sighted::Missing));
    get(&location.expect("a cashier page")).await;
    assert_eq!(hospital.query("H20260305000003").await, Ok(Sighted::Waiting));
}

#[tokio::test]
async fn a_lost_answer_is_in_doubt_and_a_repeat_does_no_harm() {
    let hospital = Hospital::open().await;
    let faults = hospital.simulator.faults();
    let request = hospital.order("H20260305000004", 100, PayerScene::InApp(hospital.payer().await));
    faults.add(Rule::next("alipay.create", Fault::Reset { when: When::After }));
    assert!(matches!(hospital.channel.open_order(&request).await, Err(CallError::InDoubt(_))));
    let opened = hospital.channel.open_order(&request).await.expect("the same order");
    hospital.simulator.alipay().pay(&opened.handle).expect("pays");
    let refund = refund_request("R20260305000004", "H20260305000004", &opened.handle, 100, 100);
    for fault in [
        Fault::Reset { when: When::After },
        Fault::Status { status: 500, when: When::Before },
        Fault::Status { status: 502, when: When::After },
        Fault::Truncated,
        Fault::ForgedSignature,
        Fault::Unsigned,
    ] {
        faults.add(Rule::next("alipay.refund", fault.clone()));
        let answer = hospital.refund(&refund).await;
        assert!(matches!(answer, Err(CallError::InDoubt(_))), "{fault:?} {answer:?}");
        hospital.simulator.clock().advance_ms(10_000);
    }
    faults.add(Rule::next("alipay.refund", Fault::Status { status: 429, when: When::Before }));
    assert!(matches!(hospital.refund(&refund).await, Err(CallError::Postponed { .. })));
    let sighting = hospital.refund(&refund).await.expect("an answer");
    assert!(matches!(sighting.seen, SightedRefund::Succeeded { .. }), "{sighting:?}");
    assert_eq!(hospital.simulator.ledger().refunds.len(), 1, "one number is paid out once");
}

#[tokio::test]
async fn what_alipay_did_not_sign_for_us_is_not_believed() {
    let hospital = Hospital::open().await;
    for (index, defect) in
        [Defect::Forged, Defect::Tampered, Defect::WrongApp, Defect::OtherMerchant].into_iter().enumerate()
    {
        let fault = Fault::NotifyDefect { defect };
        hospital.simulator.faults().add(Rule::next("alipay.notify.payment", fault));
        hospital.paid(&format!("H2026030500001{index}"), 100).await;
        let received = hospital.notified().await;
        assert_eq!(received.len(), 1);
        match (defect, hospital.verify(&received[0])) {
            (Defect::Forged | Defect::Tampered, Err(NotVerified::WrongSignature))
            | (Defect::WrongApp | Defect::OtherMerchant, Err(NotVerified::OtherMerchant(_))) => {}
            (defect, other) => panic!("{defect:?} {other:?}"),
        }
        // The resend is sound.
        hospital.simulator.clock().advance_ms(24 * 60 * 1000);
        hospital.notified().await;
    }
}

#[tokio::test]
async fn certificate_mode_survives_a_new_certificate() {
    let hospital = Hospital::open_as(DEMO_CERTIFICATE_APP_ID).await;
    hospital.paid("H20260305000020", 100).await;
    assert_eq!(hospital.told().await.len(), 1);
    hospital.simulator.alipay().rotate();
    assert!(
        matches!(hospital.query("H20260305000020").await, Ok(Sighted::Paid { .. })),
        "an answer fetches the certificate it names"
    );

    let hospital = Hospital::open_as(DEMO_CERTIFICATE_APP_ID).await;
    let request = hospital.order("H20260305000021", 100, PayerScene::InApp(hospital.payer().await));
    let opened = hospital.channel.open_order(&request).await.expect("an order");
    hospital.simulator.alipay().rotate();
    hospital.simulator.alipay().pay(&opened.handle).expect("pays");
    let received = hospital.notified().await;
    assert!(matches!(hospital.verify(&received[0]), Err(NotVerified::UnknownKey(_))));
    hospital.channel.upkeep().expect("an ability").refresh().await.expect("fetched");
    assert!(hospital.verify(&received[0]).is_ok());
}

#[tokio::test]
async fn the_days_bills_are_fetched_and_read() {
    let hospital = Hospital::open().await;
    let trade_no = hospital.paid("H20260305000030", 8850).await;
    hospital.paid("H20260305000031", 9700).await;
    let refund = refund_request("R20260305000030", "H20260305000030", &trade_no, 850, 8850);
    hospital.refund(&refund).await.expect("a refund");
    let day = "2026-03-05";
    assert!(matches!(hospital.bill(StatementKind::Trades, day).await, Ok(Fetched::NotYet)));
    hospital.simulator.clock().advance_ms(25 * 3_600_000);
    let file = fetched(hospital.bill(StatementKind::Trades, day).await);
    let statements = hospital.channel.statements().expect("an ability");
    let mut lines = Vec::new();
    let totals = statements
        .parse_trades(&file, &mut |line| {
            lines.push((line.kind, line.out_refund_no.into_owned(), line.amount))
        })
        .expect("a sound bill");
    assert_eq!((totals.lines, totals.paid, totals.refunded), (3, Fen::new(18_550), Fen::new(850)));
    assert!(lines.contains(&(LineKind::Refund, "R20260305000030".to_owned(), Fen::new(850))), "{lines:?}");
    let account = fetched(hospital.bill(StatementKind::FundFlow, day).await);
    assert!(!statements.parse_fund_flow(&account).expect("a sound bill").is_empty());

    hospital.simulator.faults().add(Rule::next("alipay.bill_download", Fault::StatementHash));
    assert!(matches!(hospital.bill(StatementKind::Trades, day).await, Err(CallError::Postponed { .. })));
    hospital.simulator.faults().add(Rule::next("alipay.bill_download", Fault::StatementRowDamaged));
    let damaged = fetched(hospital.bill(StatementKind::Trades, day).await);
    let refused = statements.parse_trades(&damaged, &mut |_| {});
    assert!(refused.is_err_and(|error| error.line > 0), "a damaged row is named");

    hospital.simulator.clock().advance_ms(24 * 3_600_000);
    assert!(matches!(
        hospital.bill(StatementKind::Trades, "2026-03-06").await,
        Ok(Fetched::NotYet | Fetched::NothingThatDay)
    ));
}

fn fetched(fetched: Result<Fetched, CallError>) -> StatementFile {
    match fetched {
        Ok(Fetched::File(file)) => file,
        Ok(Fetched::NotYet) => panic!("not yet"),
        Ok(Fetched::NothingThatDay) => panic!("nothing"),
        Err(error) => panic!("{error}"),
    }
}
