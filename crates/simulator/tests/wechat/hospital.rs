//! A merchant that talks to the simulator as a gateway would, and a place where its notifications arrive.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mingfen_simulator::keys::RsaKey;
use mingfen_simulator::wechat::{JsapiCall, WechatCredentials};
use mingfen_simulator::{Running, Settings, Simulator};
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::DecodePublicKey;
use rsa::signature::Verifier;
use serde_json::{Value, json};
use sha2::Sha256;

/// 2026-01-01T12:00:00+08:00.
pub const NOON_MS: i64 = 1_767_240_000_000;

/// A notification that arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

#[derive(Default)]
pub struct Inbox {
    pub arrived: Mutex<Vec<Arrived>>,
    /// Status to answer with; 0 means 204.
    pub status: Mutex<u16>,
}

pub struct Hospital {
    pub simulator: Running,
    pub credentials: WechatCredentials,
    pub inbox: Arc<Inbox>,
    pub client: reqwest::Client,
    key: RsaKey,
    inbox_url: String,
}

pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Hospital {
    pub async fn open() -> Self {
        Hospital::open_with(Settings::default()).await
    }

    pub async fn open_with(settings: Settings) -> Self {
        let simulator = Simulator::start(Settings { pumping: false, ..settings }).await.expect("a simulator");
        simulator.clock().stop();
        simulator.clock().set_ms(NOON_MS);
        let credentials = simulator.wechat().credentials().expect("a merchant");
        let key = RsaKey::from_pkcs8_pem(&credentials.merchant_private_key_pem).expect("a key");
        let (inbox, inbox_url) = serve_inbox();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client");
        Hospital { simulator, credentials, inbox, client, key, inbox_url }
    }

    pub fn order(&self, number: &str, total_fen: i64) -> Value {
        let user = self.simulator.wechat().openid("u1", &self.credentials.appid);
        json!({
            "appid": self.credentials.appid, "mchid": self.credentials.mchid, "description": "门诊缴费",
            "out_trade_no": number, "notify_url": self.inbox_url,
            "amount": { "total": total_fen, "currency": "CNY" }, "payer": { "openid": user },
        })
    }

    pub fn refund(&self, number: &str, order: &str, refund_fen: i64, total_fen: i64) -> Value {
        json!({
            "out_trade_no": order, "out_refund_no": number, "notify_url": self.inbox_url,
            "amount": { "refund": refund_fen, "total": total_fen, "currency": "CNY" },
        })
    }

    pub fn authorization(&self, method: &str, path: &str, body: &str) -> String {
        self.authorization_of(&self.credentials, method, path, body)
    }

    /// As another merchant would sign it.
    pub fn authorization_of(
        &self,
        other: &WechatCredentials,
        method: &str,
        path: &str,
        body: &str,
    ) -> String {
        let timestamp = self.simulator.clock().now_s();
        let nonce = "0A1B2C3D4E5F60718293A4B5C6D7E8F9";
        let key = if other.mchid == self.credentials.mchid {
            self.key.clone()
        } else {
            RsaKey::from_pkcs8_pem(&other.merchant_private_key_pem).expect("a key")
        };
        let message = format!("{method}\n{path}\n{timestamp}\n{nonce}\n{body}\n");
        let signature = STANDARD.encode(key.sign_sha256(message.as_bytes()));
        format!(
            r#"WECHATPAY2-SHA256-RSA2048 mchid="{}",nonce_str="{nonce}",timestamp="{timestamp}",serial_no="{}",signature="{signature}""#,
            other.mchid, other.merchant_serial
        )
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &body.to_string(), &[]).await.expect("an answer")
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", &[]).await.expect("an answer")
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Result<Answer, reqwest::Error> {
        let authorization = self.authorization(method, path, body);
        let mut all = vec![
            ("Authorization", authorization.as_str()),
            ("Accept", "application/json"),
            ("User-Agent", "test"),
            ("Content-Type", "application/json"),
        ];
        all.extend_from_slice(headers);
        self.send_bare(method, path, body, &all).await
    }

    pub async fn send_bare(
        &self,
        method: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Result<Answer, reqwest::Error> {
        let url = format!("{}{path}", self.simulator.base_url);
        let mut request = self.client.request(method.parse().expect("a method"), url).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(Answer { status, headers, body: answer.bytes().await?.to_vec() })
    }

    /// Whether the answer carries a signature by the WeChat Pay public key.
    pub fn is_signed(&self, answer: &Answer) -> bool {
        let header =
            |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        header("Wechatpay-Serial") == self.credentials.public_key_id
            && self.verifies(
                header("Wechatpay-Timestamp"),
                header("Wechatpay-Nonce"),
                &answer.body,
                header("Wechatpay-Signature"),
            )
    }

    pub fn verifies(&self, timestamp: &str, nonce: &str, body: &[u8], signature: &str) -> bool {
        let key =
            rsa::PublicKey::from_public_key_pem(&self.credentials.wechatpay_public_key_pem).expect("a key");
        let mut message = format!("{timestamp}\n{nonce}\n").into_bytes();
        message.extend_from_slice(body);
        message.push(b'\n');
        let Ok(raw) = STANDARD.decode(signature) else { return false };
        let signature = Signature::try_from(raw.as_slice());
        signature.is_ok_and(|signature| VerifyingKey::<Sha256>::new(key).verify(&message, &signature).is_ok())
    }

    pub fn is_genuine(&self, arrived: &Arrived) -> bool {
        let header = |name: &str| {
            arrived
                .headers
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
                .unwrap_or_default()
        };
        let stamp: i64 = header("wechatpay-timestamp").parse().unwrap_or_default();
        stamp.abs_diff(self.simulator.clock().now_s()) < 300
            && header("wechatpay-serial") == self.credentials.public_key_id
            && self.verifies(
                header("wechatpay-timestamp"),
                header("wechatpay-nonce"),
                &arrived.body,
                header("wechatpay-signature"),
            )
    }

    pub fn open_resource(&self, body: &[u8]) -> Value {
        let envelope: Value = serde_json::from_slice(body).expect("an envelope");
        let text = |key: &str| envelope["resource"][key].as_str().unwrap_or_default().to_owned();
        let cipher = Aes256Gcm::new_from_slice(self.credentials.api_v3_key.as_bytes()).expect("32 bytes");
        let (sealed, nonce, aad) =
            (STANDARD.decode(text("ciphertext")).expect("base64"), text("nonce"), text("associated_data"));
        let payload = Payload { msg: &sealed, aad: aad.as_bytes() };
        let opened =
            cipher.decrypt(nonce.as_bytes().try_into().expect("12 bytes"), payload).expect("a plaintext");
        serde_json::from_slice(&opened).expect("json")
    }

    pub fn arrived(&self) -> Vec<Arrived> {
        self.inbox.arrived.lock().expect("a lock").clone()
    }

    pub fn answer_notifications_with(&self, status: u16) {
        *self.inbox.status.lock().expect("a lock") = status;
    }

    /// What a page hands to the app for this prepay id.
    pub fn jsapi_call(&self, prepay_id: &str) -> JsapiCall {
        let (time_stamp, nonce_str) = (self.simulator.clock().now_s().to_string(), "abc123".to_owned());
        let package = format!("prepay_id={prepay_id}");
        let message = format!("{}\n{time_stamp}\n{nonce_str}\n{package}\n", self.credentials.appid);
        let pay_sign = STANDARD.encode(self.key.sign_sha256(message.as_bytes()));
        let app_id = self.credentials.appid.clone();
        JsapiCall { app_id, time_stamp, nonce_str, package, sign_type: "RSA".to_owned(), pay_sign }
    }

    /// Orders by JSAPI and pays; the notification is queued, not delivered.
    pub async fn paid_order(&self, number: &str, total_fen: i64) {
        let created = self.post("/v3/pay/transactions/jsapi", &self.order(number, total_fen)).await;
        assert_eq!(created.status, 200, "{}", created.text());
        let prepay_id = created.json()["prepay_id"].as_str().expect("a prepay_id").to_owned();
        self.simulator.wechat().pay_jsapi(&self.jsapi_call(&prepay_id)).expect("paid");
    }

    pub async fn query(&self, number: &str) -> Answer {
        let path = format!("/v3/pay/transactions/out-trade-no/{number}?mchid={}", self.credentials.mchid);
        self.get(&path).await
    }

    pub async fn close(&self, number: &str) -> Answer {
        let path = format!("/v3/pay/transactions/out-trade-no/{number}/close");
        self.post(&path, &json!({ "mchid": self.credentials.mchid })).await
    }
}

fn serve_inbox() -> (Arc<Inbox>, String) {
    let inbox = Arc::new(Inbox::default());
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/notify", listener.local_addr().expect("an address"));
    let served = inbox.clone();
    let server = HttpServer::new(move || {
        App::new().app_data(Data::from(served.clone())).route("/notify", web::post().to(receive))
    });
    tokio::spawn(server.workers(1).disable_signals().listen(listener).expect("a listener").run());
    (inbox, url)
}

async fn receive(inbox: Data<Inbox>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned()))
        .collect();
    inbox.arrived.lock().expect("a lock").push(Arrived { headers, body: body.to_vec() });
    let status = *inbox.status.lock().expect("a lock");
    HttpResponse::build(actix_web::http::StatusCode::from_u16(status.max(200)).expect("a status")).finish()
}
