//! The adapter against a scripted gateway: answers are written down and signed here, requests are kept and checked.

mod calls;
mod certificates;
mod notifications;
mod settings;
mod vectors;

use super::config;
use super::form::Form;
use super::sign::request_text;
use super::*;
use crate::keys::{self, Verifier};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mingfen_domain::{Amount, Random};
use mingfen_provider_api::BuildContext;
use std::sync::{LazyLock, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(super) const APP_ID: &str = "2021000100000001";
pub(super) const SELLER_ID: &str = "2088100000000001";
pub(super) const ORDER: &str = "H20260305000001";
pub(super) const TRADE: &str = "2026030522001400001000000001";
/// 2026-03-05 09:30:00 in Beijing.
pub(super) const NOW: Timestamp = Timestamp::from_seconds(1_772_674_200);

/// A key pair in the texts that a console hands out.
pub(super) struct Pair {
    pub private: String,
    pub public: String,
}

impl Pair {
    fn generate() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
        let private: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().expect("PKCS#8");
        let signer = keys::private_key(&STANDARD.encode(private.as_ref())).expect("a signer");
        Self { private: STANDARD.encode(private.as_ref()), public: STANDARD.encode(signer.public_half()) }
    }

    pub fn signer(&self) -> Signer {
        keys::private_key(&self.private).expect("a private key")
    }

    pub fn verifier(&self) -> Verifier {
        keys::public_key(&self.public).expect("a public key")
    }
}

pub(super) static APP: LazyLock<Pair> = LazyLock::new(Pair::generate);
pub(super) static ALIPAY: LazyLock<Pair> = LazyLock::new(Pair::generate);

struct Still;
impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

struct Zero;
impl Random for Zero {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

pub(super) fn context() -> BuildContext {
    BuildContext {
        channel: ChannelId::parse("alipay-main").expect("a channel"),
        clock: Arc::new(Still),
        random: Arc::new(Zero),
        base_dir: std::path::PathBuf::from("/nowhere"),
    }
}

/// A table in public-key mode, `further` lines after it.
pub(super) fn table(gateway: &str, further: &str) -> toml::Table {
    toml::from_str(&format!(
        "provider = \"alipay\"\napp_id = \"{APP_ID}\"\nseller_id = \"{SELLER_ID}\"\napp_private_key = \"{}\"\n\
         alipay_public_key = \"{}\"\ngateway_url = \"{gateway}/gateway.do\"\nbill_base_url = \"{gateway}\"\n{further}",
        APP.private, ALIPAY.public
    ))
    .expect("the test's table")
}

pub(super) fn channel(gateway: &str) -> Alipay {
    match config::read(&context(), &table(gateway, "")) {
        Ok(channel) => channel,
        Err(errors) => panic!("{errors:?}"),
    }
}

pub(super) fn order(scene: mingfen_provider_api::PayerScene) -> OrderRequest {
    OrderRequest {
        out_trade_no: mingfen_domain::ids::OutTradeNo::parse(ORDER).expect("an order number"),
        amount: Amount::from_fen(8850).expect("an amount"),
        subject: "门诊缴费 张+三".to_owned(),
        scene,
        expires_at: NOW.plus_seconds(900),
        created_at: NOW,
        notify_url: "https://pay.example-hospital.cn/n/alipay".to_owned(),
        return_url: "https://pay.example-hospital.cn/r".to_owned(),
        client_ip: None,
    }
}

/// An answer of the scripted gateway.
pub(super) enum Answer {
    /// This node, signed as Alipay does.
    Signed(&'static str),
    /// These bytes as they are.
    Raw(String),
    /// These bytes with another status.
    Status(u16, &'static str),
}

/// What was asked: the parameters of the body and of the query together.
pub(super) type Asked = Vec<(String, String)>;

pub(super) fn value<'a>(asked: &'a Asked, name: &str) -> &'a str {
    asked.iter().find(|(candidate, _)| candidate == name).map_or("", |(_, value)| value.as_str())
}

/// Answers one connection after the other, checks the signature of each request and keeps it.
pub(super) async fn gateway(answers: Vec<Answer>) -> (String, JoinHandle<Vec<Asked>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let server = tokio::spawn(async move {
        let asked = Mutex::new(Vec::new());
        for answer in answers {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let request = read_request(&mut stream).await;
            let method = value(&request, "method").to_owned();
            asked.lock().expect("no panic").push(request);
            let (status, body) = match answer {
                Answer::Signed(node) => (200, signed(&method, node, &ALIPAY.signer(), "")),
                Answer::Raw(body) => (200, body),
                Answer::Status(status, body) => (status, body.to_owned()),
            };
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: text/html;charset=utf-8\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).await.expect("writes");
            stream.write_all(body.as_bytes()).await.expect("writes");
        }
        asked.into_inner().expect("no panic")
    });
    (address, server)
}

/// The body of an answer. `further` stands between node and signature.
pub(super) fn signed(method: &str, node: &str, signer: &Signer, further: &str) -> String {
    let sign = signer.sign(node.as_bytes()).expect("signs").replace('/', "\\/");
    format!("{{\"{}_response\":{node},{further}\"sign\":\"{sign}\"}}", method.replace('.', "_"))
}

async fn read_request(stream: &mut tokio::net::TcpStream) -> Asked {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.expect("reads");
        bytes.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned))
            .and_then(|length| length.parse().ok())
            .unwrap_or(0_usize);
        if body.len() < length {
            continue;
        }
        let query = head
            .split_whitespace()
            .nth(1)
            .and_then(|path| path.split_once('?'))
            .map_or("", |(_, query)| query);
        let asked = parameters(&format!("{query}&{body}"));
        if !value(&asked, "sign").is_empty() {
            check_request(&asked);
        }
        return asked;
    }
}

pub(super) fn parameters(encoded: &str) -> Asked {
    let form = Form::parse(encoded.as_bytes()).expect("a form");
    encoded
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, _)| (name.to_owned(), form.text(name).unwrap_or_default().into_owned()))
        .collect()
}

pub(super) fn check_request(asked: &Asked) {
    let pairs: Vec<(&str, &str)> =
        asked.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert!(APP.verifier().verifies(&request_text(&pairs), value(asked, "sign")), "{asked:?}");
}
