//! The wire as a merchant meets it, against a running simulator. The merchant here is as small as can be: it signs
//! with the handed-out key and verifies the raw bytes of the node.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::canonical::{Parameters, notification_text, request_text};
use super::*;
use crate::faults::{Defect, Fault, Rule, When};
use crate::keys::RsaKey;
use crate::{Running, Settings, Simulator};

mod money;
mod sheet;
mod transport;

const NINE_30_MS: i64 = 1_772_674_200_000;

/// A merchant with a browser and an address for notifications.
struct Merchant {
    simulator: Running,
    client: reqwest::Client,
    credentials: AlipayCredentials,
    key: RsaKey,
    inbox: Inbox,
}

/// A verified (or not) node of an answer.
#[derive(Debug)]
struct Node {
    name: String,
    value: Value,
    signed: bool,
}

impl Node {
    fn text(&self, member: &str) -> &str {
        self.value[member].as_str().unwrap_or_default()
    }

    /// `40004 ACQ.TRADE_NOT_EXIST`, or `10000`.
    fn code(&self) -> String {
        format!("{} {}", self.text("code"), self.text("sub_code")).trim().to_owned()
    }
}

impl Merchant {
    async fn open() -> Self {
        Self::open_as(DEMO_APP_ID).await
    }

    async fn open_as(app_id: &str) -> Self {
        let simulator =
            Simulator::start(Settings { pumping: false, ..Settings::default() }).await.expect("starts");
        simulator.clock().stop();
        simulator.clock().set_ms(NINE_30_MS);
        let credentials = simulator.alipay().credentials(app_id).expect("made").expect("known");
        let key = RsaKey::from_pkcs8_pem(&credentials.app_private_key_pem).expect("a key");
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client");
        let inbox = Inbox::open().await;
        Merchant { simulator, client, credentials, key, inbox }
    }

    fn alipay(&self) -> &Alipay {
        self.simulator.alipay()
    }

    fn open_id(&self) -> String {
        let state = self.alipay().state();
        state.buyers[super::wallet::FIRST_BUYER].open_id(&self.credentials.app_id)
    }

    /// The signed parameters of a call.
    fn parameters(&self, method: &str, content: &Value) -> Parameters {
        let now = crate::clock::date_time(self.simulator.clock().now_ms());
        let mut parameters = Parameters::new();
        for (name, value) in [
            ("app_id", self.credentials.app_id.as_str()),
            ("method", method),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("timestamp", now.as_str()),
            ("version", "1.0"),
            ("notify_url", self.inbox.url.as_str()),
        ] {
            parameters.insert(name.to_owned(), value.to_owned());
        }
        if let Some(files) = &self.credentials.certificates {
            parameters.insert("app_cert_sn".to_owned(), files.app_cert_sn.clone());
            parameters.insert("alipay_root_cert_sn".to_owned(), files.alipay_root_cert_sn.clone());
        }
        match method {
            "alipay.system.oauth.token" => {
                for (name, value) in content.as_object().expect("members") {
                    parameters.insert(name.clone(), value.as_str().expect("text").to_owned());
                }
            }
            _ => {
                parameters.insert("biz_content".to_owned(), content.to_string());
            }
        }
        self.sign(&mut parameters);
        parameters
    }

    fn sign(&self, parameters: &mut Parameters) {
        parameters.remove("sign");
        let sign = STANDARD.encode(self.key.sign_sha256(request_text(parameters).as_bytes()));
        parameters.insert("sign".to_owned(), sign);
    }

    async fn call(&self, method: &str, content: Value) -> Node {
        self.send(&self.parameters(method, &content)).await
    }

    /// Sends with `charset` in the query and the rest in the body, and verifies what comes back.
    async fn send(&self, parameters: &Parameters) -> Node {
        let body = form(parameters);
        let url = format!("{}?charset=utf-8", self.alipay().gateway_url());
        let request =
            self.client.post(url).header("Content-Type", "application/x-www-form-urlencoded").body(body);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/html;charset=utf-8");
        self.open_envelope(&answer.text().await.expect("text"))
    }

    fn open_envelope(&self, text: &str) -> Node {
        assert!(!text.replace("\\/", "").contains('/') || text.contains("\"sign\""), "unescaped: {text}");
        let whole: Value = serde_json::from_str(text).expect("JSON");
        let members = whole.as_object().expect("an object");
        let name = members.keys().find(|name| name.ends_with("_response")).expect("a node").clone();
        let raw: std::collections::BTreeMap<String, &serde_json::value::RawValue> =
            serde_json::from_str(text).expect("JSON");
        let signed = members.get("sign").is_some_and(|sign| {
            let sign = STANDARD.decode(sign.as_str().expect("text")).expect("Base64");
            self.alipay_key().verifies_sha256(raw[&name].get().as_bytes(), &sign)
        });
        Node { value: whole[&name].clone(), name, signed }
    }

    fn alipay_key(&self) -> Arc<RsaKey> {
        let generation = self.alipay().state().generation;
        self.alipay().keys.alipay_key(generation)
    }

    async fn create(&self, out_trade_no: &str, amount: &str) -> Node {
        self.call(
            "alipay.trade.create",
            json!({
                "out_trade_no": out_trade_no, "total_amount": amount, "subject": "门诊缴费 张+三",
                "product_code": "JSAPI_PAY", "buyer_open_id": self.open_id(), "timeout_express": "15m",
                "passback_params": "w%3Dopd1%26t%3D3",
            }),
        )
        .await
    }

    /// Creates an order and pays it on the sheet.
    async fn paid(&self, out_trade_no: &str, amount: &str) -> String {
        let trade_no = self.create(out_trade_no, amount).await.text("trade_no").to_owned();
        self.alipay().pay(&trade_no).expect("paid");
        trade_no
    }

    async fn query(&self, out_trade_no: &str) -> Node {
        self.call("alipay.trade.query", json!({ "out_trade_no": out_trade_no })).await
    }

    async fn refund(&self, out_trade_no: &str, number: &str, amount: &str) -> Node {
        let content =
            json!({ "out_trade_no": out_trade_no, "out_request_no": number, "refund_amount": amount });
        self.call("alipay.trade.refund", content).await
    }

    /// Delivers what is due and returns the notifications that came, oldest first, each verified or not.
    async fn news(&self) -> Vec<(Parameters, bool)> {
        self.simulator.pump().await;
        let received: Vec<String> = std::mem::take(&mut *self.inbox.bodies.lock().expect("inbox"));
        received
            .iter()
            .map(|body| {
                let parameters = super::form::merge("", body.as_bytes());
                let sign = STANDARD.decode(&parameters["sign"]).expect("Base64");
                let text = notification_text(&parameters);
                let sound = self.alipay_key().verifies_sha256(text.as_bytes(), &sign);
                (parameters, sound)
            })
            .collect()
    }
}

fn form(parameters: &Parameters) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

/// Where notifications arrive; answers `success`.
struct Inbox {
    url: String,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Inbox {
    async fn open() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/n/alipay", listener.local_addr().expect("an address"));
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let kept = bodies.clone();
        let server = actix_web::HttpServer::new(move || {
            let kept = kept.clone();
            actix_web::App::new().route(
                "/n/alipay",
                web::post().to(move |body: String| {
                    kept.lock().expect("inbox").push(body);
                    async { "success" }
                }),
            )
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .expect("listens")
        .run();
        tokio::spawn(server);
        Inbox { url, bodies }
    }
}
