//! WeChat Pay's side: seals and signs notifications with a key that is known to everybody.

use crate::samples;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mingfen_domain::ids::ChannelId;
use mingfen_domain::{Clock, Timestamp};
use mingfen_gateway::ambient::{SystemClock, SystemRandom};
use mingfen_provider_api::{BuildContext, Provider, RawNotification};
use mingfen_providers::keys::{self, Signer};
use mingfen_providers::wechat::Wechat;
use std::path::PathBuf;
use std::sync::Arc;

const KEY: &str = include_str!("../../../crates/providers/testdata/keys/vector-pkcs8.pem");
const PUBLIC: &str = include_str!("../../../crates/providers/testdata/keys/vector-spki.pem");
const API_V3_KEY: &str = "0123456789abcdef0123456789ABCDEF";
const SERIAL: &str = "PUB_KEY_ID_0114232134912410000000000000";
const NONCE: &str = "c5ac7061fccab6bf3e254dcf98995b8c";
const CHANNEL: &str = "wechat-bench";

pub struct Platform {
    signer: Signer,
    /// The moment that all of its notifications bear: a run is shorter than their window of five minutes.
    at: Timestamp,
}

impl Platform {
    pub fn new() -> Self {
        Self { signer: keys::private_key(KEY).expect("a key"), at: SystemClock.now().plus_seconds(150) }
    }

    pub fn channel_id(&self) -> ChannelId {
        ChannelId::parse(CHANNEL).expect("a channel")
    }

    /// The adapter that believes this platform.
    pub fn wechat(&self) -> Wechat {
        let context = BuildContext {
            channel: self.channel_id(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            base_dir: PathBuf::from("/"),
        };
        let table = format!(
            "mchid = \"1900000001\"\nappid = \"wx1111111111111111\"\napp_secret = \"secret\"\n\
             api_v3_key = \"{API_V3_KEY}\"\nmerchant_serial = \"5157F09EFDC096DE15EBE81A47057A7232F1B8E1\"\n\
             merchant_private_key = '''{KEY}'''\npublic_key_id = \"{SERIAL}\"\npublic_key = '''{PUBLIC}'''\n\
             api_base_url = \"http://127.0.0.1:9\"\ntoken_base_url = \"http://127.0.0.1:9\"\n"
        );
        Wechat::build(&context, &toml::from_str(&table).expect("a table")).expect("a channel")
    }

    pub fn channel(&self) -> Arc<dyn Provider> {
        Arc::new(self.wechat())
    }

    /// The news that a payment of the samples was paid.
    pub fn raw(&self, number: usize) -> RawNotification {
        let body = self.body(number);
        let headers = self.headers(&body);
        RawNotification { headers, body: body.into_bytes(), received_at: self.at }
    }

    /// The same as the bytes of a request.
    pub fn request(&self, number: usize) -> Vec<u8> {
        self.request_of(&self.body(number))
    }

    /// One that is signed as it should be and sealed as nobody seals: it opens as far as its last byte.
    pub fn spoilt_request(&self) -> Vec<u8> {
        let body = self.body(0);
        let spoilt =
            body.replace("\"associated_data\":\"transaction\"", "\"associated_data\":\"transactioN\"");
        assert_ne!(body, spoilt);
        self.request_of(&spoilt)
    }

    fn request_of(&self, body: &str) -> Vec<u8> {
        let mut request = format!(
            "POST /n/{CHANNEL} HTTP/1.1\r\nhost: pay.hospital.example\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in self.headers(body) {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        request.push_str(body);
        request.into_bytes()
    }

    fn headers(&self, body: &str) -> Vec<(String, String)> {
        let timestamp = self.at.seconds();
        let message = format!("{timestamp}\n{NONCE}\n{body}\n");
        let signature = self.signer.sign(message.as_bytes()).expect("signed");
        [
            ("wechatpay-timestamp", timestamp.to_string()),
            ("wechatpay-nonce", NONCE.to_owned()),
            ("wechatpay-signature", signature),
            ("wechatpay-serial", SERIAL.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    fn body(&self, number: usize) -> String {
        let payment = samples::payment(number).payment;
        let transaction = serde_json::json!({
            "mchid": "1900000001", "appid": "wx1111111111111111", "out_trade_no": payment.out_trade_no.as_str(),
            "transaction_id": format!("4200001234202601010{number:09}"), "trade_type": "JSAPI", "trade_state": "SUCCESS",
            "trade_state_desc": "支付成功", "bank_type": "OTHERS", "attach": "", "success_time": "2026-01-01T08:01:00+08:00",
            "payer": { "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" },
            "amount": { "total": payment.amount.fen().get(), "payer_total": payment.amount.fen().get(), "currency": "CNY", "payer_currency": "CNY" },
        })
        .to_string();
        let nonce = format!("{number:012}");
        serde_json::json!({
            "id": format!("{number:08}-2222-5333-8444-555555555555"), "create_time": "2026-01-01T08:01:00+08:00",
            "resource_type": "encrypt-resource", "event_type": "TRANSACTION.SUCCESS", "summary": "支付成功",
            "resource": {
                "original_type": "transaction", "algorithm": "AEAD_AES_256_GCM", "ciphertext": seal(&nonce, transaction),
                "associated_data": "transaction", "nonce": nonce,
            },
        })
        .to_string()
    }
}

fn seal(nonce: &str, plain: String) -> String {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, API_V3_KEY.as_bytes()).expect("32 bytes"));
    let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).expect("12 bytes");
    let mut sealed = plain.into_bytes();
    key.seal_in_place_append_tag(nonce, Aad::from("transaction"), &mut sealed).expect("sealed");
    STANDARD.encode(sealed)
}
