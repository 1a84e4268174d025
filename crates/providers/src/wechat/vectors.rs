//! The vectors of section 12, and a channel that is built from them.

use super::Wechat;
use super::certs::SignedHeaders;
use super::sign;
use crate::keys;
use mingfen_domain::ids::{ChannelId, OutRefundNo, OutTradeNo, ProviderTradeNo};
use mingfen_domain::{Amount, Clock, Random, Timestamp};
use mingfen_provider_api::{
    Bridge, BuildContext, ConfigError, News, NotVerified, Notifications, OrderRequest, Payer, PayerScene,
    Presentation, RawNotification, RefundRequest, Sighted,
};
use std::path::PathBuf;
use std::sync::Arc;

const KEY: &str = include_str!("../../testdata/keys/vector-pkcs8.pem");
const PUBLIC: &str = include_str!("../../testdata/keys/vector-spki.pem");
const SIGNATURES: &str = include_str!("../../testdata/wechat/signatures.txt");
const CREATE: &str = include_str!("../../testdata/wechat/v1-create.json");
pub const TRANSACTION: &str = include_str!("../../testdata/wechat/v5-transaction.json");
const NOTIFICATION: &str = include_str!("../../testdata/wechat/v5-notification.json");
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0114232134912410000000000000";
const NOON: i64 = 1_767_240_000;
const NONCE: &str = "0A1B2C3D4E5F60718293A4B5C6D7E8F9";
const ANSWER_NONCE: &str = "c5ac7061fccab6bf3e254dcf98995b8c";

struct Noon;
impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(NOON)
    }
}

struct Zero;
impl Random for Zero {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// Everything but the keys that prove WeChat's word.
pub fn merchant() -> String {
    format!(
        "provider = \"wechat\"\nmchid = \"1900000001\"\nappid = \"wx1111111111111111\"\napp_secret = \"secret\"\n\
         api_v3_key = \"0123456789abcdef0123456789ABCDEF\"\n\
         merchant_serial = \"5157F09EFDC096DE15EBE81A47057A7232F1B8E1\"\n\
         merchant_private_key = '''{KEY}'''\n\
         api_base_url = \"http://127.0.0.1:9\"\ntoken_base_url = \"http://127.0.0.1:9\"\n\
         allow_private_payer_address = false\n"
    )
}

pub fn table() -> String {
    format!("{}public_key_id = \"{PUBLIC_KEY_ID}\"\npublic_key = '''{PUBLIC}'''\n", merchant())
}

pub fn build(table: &str) -> Result<Wechat, Vec<ConfigError>> {
    let context = BuildContext {
        channel: ChannelId::parse("wechat").expect("a channel"),
        clock: Arc::new(Noon),
        random: Arc::new(Zero),
        base_dir: PathBuf::from("/"),
    };
    Wechat::build(&context, &toml::from_str(table).expect("a table"))
}

pub fn wechat() -> Wechat {
    build(&table()).expect("a channel")
}

pub fn order() -> OrderRequest {
    OrderRequest {
        out_trade_no: OutTradeNo::parse("HOSP20260101000001").expect("a number"),
        amount: Amount::from_fen(1250).expect("an amount"),
        subject: "门诊缴费".to_owned(),
        scene: PayerScene::InApp(Payer {
            kind: "openid".to_owned(),
            id: "oTESTopenid0000000000000001".to_owned(),
        }),
        expires_at: Timestamp::from_seconds(NOON + 1800),
        created_at: Timestamp::from_seconds(NOON),
        notify_url: "https://pay.hospital.example/wechat/notify".to_owned(),
        return_url: "https://pay.hospital.example/r?a=1".to_owned(),
        client_ip: None,
    }
}

pub fn refund() -> RefundRequest {
    RefundRequest {
        out_refund_no: OutRefundNo::parse("RF20260101000001").expect("a number"),
        out_trade_no: OutTradeNo::parse("HOSP20260101000001").expect("a number"),
        provider_trade_no: ProviderTradeNo::parse("4200009999202601010000000001").expect("a number"),
        amount: Amount::from_fen(500).expect("an amount"),
        paid: Amount::from_fen(1250).expect("an amount"),
        reason: "退号".to_owned(),
        notify_url: "https://pay.hospital.example/wechat/refund".to_owned(),
    }
}

fn signature(name: &str) -> &'static str {
    SIGNATURES
        .lines()
        .find_map(|line| line.strip_prefix(name).and_then(|rest| rest.strip_prefix(' ')))
        .expect("the vector's signature")
}

fn notification() -> RawNotification {
    let headers = [
        ("wechatpay-timestamp", "1767240031"),
        ("wechatpay-nonce", ANSWER_NONCE),
        ("wechatpay-signature", signature("v5")),
        ("wechatpay-serial", PUBLIC_KEY_ID),
    ];
    RawNotification {
        headers: headers.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: NOTIFICATION.as_bytes().to_vec(),
        received_at: Timestamp::from_seconds(NOON + 31),
    }
}

fn with_header(name: &str, value: &str) -> RawNotification {
    let mut raw = notification();
    for (there, text) in &mut raw.headers {
        if there == name {
            value.clone_into(text);
        }
    }
    raw
}

#[test]
fn v1_and_v2_requests_are_signed() {
    let signer = keys::private_key(KEY).expect("the vector's key");
    let post = sign::request_message("POST", "/v3/pay/transactions/jsapi", NOON, NONCE, CREATE.as_bytes());
    assert_eq!(signer.sign(&post).as_deref(), Some(signature("v1")));
    let path = "/v3/pay/transactions/out-trade-no/HOSP20260101000001?mchid=1900000001";
    let get = sign::request_message("GET", path, NOON, NONCE, b"");
    assert_eq!(signer.sign(&get).as_deref(), Some(signature("v2")));
}

#[test]
fn v3_the_payers_page_is_signed() {
    let shown = wechat().jsapi("wx01120000000000a1b2c3d4e5f6a70000", NOON, NONCE.to_owned());
    let Ok(Presentation::InApp { bridge: Bridge::Wechat, parameters }) = shown else {
        panic!("{shown:?}");
    };
    let texts: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        texts,
        [
            ("appId", "wx1111111111111111"),
            ("timeStamp", "1767240000"),
            ("nonceStr", NONCE),
            ("package", "prepay_id=wx01120000000000a1b2c3d4e5f6a70000"),
            ("signType", "RSA"),
            ("paySign", signature("v3-jsapi")),
        ]
    );
    let app = sign::pay_message("wx1111111111111111", NOON, NONCE, "wx01120000000000a1b2c3d4e5f6a70000");
    let signer = keys::private_key(KEY).expect("the vector's key");
    assert_eq!(signer.sign(app.as_bytes()).as_deref(), Some(signature("v3-app")));
}

#[test]
fn v4_answers_are_proven_the_empty_one_too() {
    let anchors = &wechat().wire.anchors;
    let now = Timestamp::from_seconds(NOON);
    for (body, name) in
        [(&b"{\"prepay_id\":\"wx01120000000000a1b2c3d4e5f6a70000\"}"[..], "v4"), (b"", "v4-empty")]
    {
        let headers = SignedHeaders {
            timestamp: "1767240000",
            nonce: ANSWER_NONCE,
            signature: signature(name),
            serial: PUBLIC_KEY_ID,
        };
        assert_eq!(anchors.verify(&headers, body, now), Ok(()));
        assert_eq!(anchors.verify(&headers, b"{}", now), Err(NotVerified::WrongSignature));
    }
}

#[test]
fn v5_a_notification_is_proven_opened_and_read() {
    let verified = wechat().verify(&notification()).expect("genuine");
    assert_eq!(verified.event_id(), "11111111-2222-5333-8444-555555555555");
    let News::Order(sighting) = verified.into_news() else { panic!("news of an order") };
    assert_eq!(sighting.out_trade_no.as_str(), "HOSP20260101000001");
    let paid = Sighted::Paid {
        provider_trade_no: ProviderTradeNo::parse("4200009999202601010000000001").expect("a number"),
        amount: Amount::from_fen(1250).expect("an amount"),
        paid_at: Timestamp::from_seconds(NOON + 30),
    };
    assert_eq!(sighting.seen, paid);
}

#[test]
fn v8_a_sensitive_field_is_oaep_with_sha_1() {
    use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let der: String = KEY.lines().filter(|line| !line.starts_with('-')).collect();
    let key = PrivateDecryptingKey::from_pkcs8(&STANDARD.decode(der).expect("Base64")).expect("a key");
    let key = OaepPrivateDecryptingKey::new(key).expect("a key for OAEP");
    let sealed = STANDARD.decode(signature("v8")).expect("Base64");
    let mut plain = vec![0; key.min_output_size()];
    let plain = key.decrypt(&OAEP_SHA1_MGF1SHA1, &sealed, &mut plain, None).expect("opens");
    assert_eq!(plain, "张三".as_bytes());
}

#[test]
fn a_probe_and_a_forgery_are_wrong_signatures() {
    let wechat = wechat();
    for text in ["WECHATPAY/SIGNTEST/not-base64!", "WECHATPAY/SIGNTEST/AAAA", "", signature("v4")] {
        let raw = with_header("wechatpay-signature", text);
        assert_eq!(wechat.verify(&raw), Err(NotVerified::WrongSignature));
    }
    let mut tampered = notification();
    tampered.body[40] ^= 1;
    assert_eq!(wechat.verify(&tampered), Err(NotVerified::WrongSignature));
}

#[test]
fn old_and_future_notifications_prove_nothing() {
    let mut raw = notification();
    for (received, wanted) in [(331, Err(-300)), (330, Ok(())), (-269, Err(300)), (-268, Ok(()))] {
        raw.received_at = Timestamp::from_seconds(NOON + received);
        let got = wechat().verify(&raw).map(|_| ());
        assert_eq!(got, wanted.map_err(NotVerified::WrongTime), "{received}");
    }
    let raw = with_header("wechatpay-timestamp", "soon");
    assert!(matches!(wechat().verify(&raw), Err(NotVerified::Malformed(_))));
}

#[test]
fn an_unknown_key_is_named() {
    let raw = with_header("wechatpay-serial", "PUB_KEY_ID_2");
    assert_eq!(wechat().verify(&raw), Err(NotVerified::UnknownKey("PUB_KEY_ID_2".to_owned())));
    let mut bare = notification();
    bare.headers.retain(|(name, _)| name != "wechatpay-nonce");
    assert!(matches!(wechat().verify(&bare), Err(NotVerified::Malformed(_))));
}

#[test]
fn a_genuine_notification_for_another_merchant_is_refused() {
    for (from, to) in [("1900000001", "1900000002"), ("wx1111111111111111", "wx2222222222222222")] {
        let wechat = build(&table().replace(from, to)).expect("another channel with the same keys");
        assert!(matches!(wechat.verify(&notification()), Err(NotVerified::OtherMerchant(_))));
    }
}

#[test]
fn another_api_key_is_a_matter_of_configuration() {
    let wechat = build(&table().replace("89ABCDEF", "89ABCDEE")).expect("a channel");
    match wechat.verify(&notification()) {
        Err(NotVerified::Malformed(text)) => assert!(text.contains("api_v3_key"), "{text}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(wechat.hint(&notification()), None);
}

#[test]
fn only_what_our_key_opens_gives_a_hint() {
    let raw = with_header("wechatpay-signature", "forged");
    assert_eq!(wechat().hint(&raw).as_ref().map(OutTradeNo::as_str), Some("HOSP20260101000001"));
}
