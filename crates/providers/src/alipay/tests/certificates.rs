//! Certificate mode: names by Alipay's rule, chains, and a certificate that changes.

use super::*;
use crate::alipay::certs::SerialNumber;
use crate::alipay::x509;
use crate::keys::Certificate;
use mingfen_provider_api::{NotVerified, RawNotification, Sighted};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair as CertificateKey,
    SerialNumber as CertificateSerial,
};

#[test]
fn serial_numbers_follow_the_rule() {
    for (issuer, serial, expected) in [
        (
            "CN=Ant Financial Certification Authority R1,OU=Certification Authority,O=Ant Financial,C=CN",
            "2292228364100439313",
            "687b59193f3f462dd5336e5abf83c5d8",
        ),
        (
            "CN=iTrusChina Class 2 Root CA - G3,OU=China Trust Network,O=iTrusChina,C=CN",
            "95790491425698859646659490580052089075020051350",
            "02941eef3187dddf3d3b83462e1dfcf6",
        ),
        (
            "CN=Ant Financial Certification Authority Class 2 R1 test,OU=Certification Authority test,O=Ant Financial test,C=CN",
            "42727596570937250296276815632325160726",
            "9c51a0ddeb34866e5a331e613f57bf0f",
        ),
        (
            "CN=Ant Financial Certification Authority Class 2 R1 test,OU=Certification Authority test,O=Ant Financial test,C=CN",
            "42717149582936021875350330600809583375",
            "05d88faef76d723019c5c14d3ecd014a",
        ),
    ] {
        assert_eq!(SerialNumber::of(issuer, serial).to_string(), expected);
    }
    assert!(SerialNumber::parse("05d88faef76d723019c5c14d3ecd014a").is_some());
    for bad in ["", "05D88FAEF76D723019C5C14D3ECD014A", "05d8", "../../etc/passwd................."] {
        assert!(SerialNumber::parse(bad).is_none(), "{bad}");
    }
}

/// A certificate authority or a holder, with its PEM.
struct Holder {
    key: String,
    pem: String,
    params: CertificateParams,
}

fn params(names: &[(DnType, &str)], serial: u64, is_ca: bool) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    for (kind, value) in names {
        params.distinguished_name.push(kind.clone(), *value);
    }
    params.serial_number = Some(CertificateSerial::from(serial));
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    params
}

fn names<'a>(organisation: &'a str, common: &'a str) -> [(DnType, &'a str); 4] {
    [
        (DnType::CountryName, "CN"),
        (DnType::OrganizationName, organisation),
        (DnType::OrganizationalUnitName, "Certification Authority test"),
        (DnType::CommonName, common),
    ]
}

fn pem_of(pair: &Pair) -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", pair.private)
}

fn key(pem: &str) -> CertificateKey {
    CertificateKey::from_pem_and_sign_algo(pem, &rcgen::PKCS_RSA_SHA256).unwrap()
}

fn root(organisation: &str, pair: &Pair, serial: u64) -> Holder {
    let params = params(&names(organisation, "Root R1 test"), serial, true);
    let pem = params.self_signed(&key(&pem_of(pair))).unwrap().pem();
    Holder { key: pem_of(pair), pem, params }
}

fn issued(by: &Holder, organisation: &str, common: &str, pair: &Pair, serial: u64, is_ca: bool) -> Holder {
    let params = params(&names(organisation, common), serial, is_ca);
    let issuer = Issuer::new(by.params.clone(), key(&by.key));
    let pem = params.signed_by(&key(&pem_of(pair)), &issuer).unwrap().pem();
    Holder { key: pem_of(pair), pem, params }
}

static ROOT_KEY: LazyLock<Pair> = LazyLock::new(Pair::generate);
static NEXT_ALIPAY: LazyLock<Pair> = LazyLock::new(Pair::generate);

struct Files {
    root: Holder,
    authority: Holder,
    table: toml::Table,
}

/// Root → authority → the application's and Alipay's certificates; the root file also holds an elliptic-curve root.
fn files(gateway: &str) -> Files {
    let root = root("Ant Financial test", &ROOT_KEY, 7);
    let authority = issued(&root, "Ant Financial test", "Class 2 R1 test", &ROOT_KEY, 8, true);
    let app = issued(&authority, "Hospital", "app", &APP, 9, false);
    let alipay = issued(&authority, "Alipay", "alipay", &ALIPAY, 10, false);
    let curve_key = CertificateKey::generate().unwrap();
    let curve = params(&names("Ant Financial test", "E1"), 11, true).self_signed(&curve_key).unwrap().pem();
    let mut table = table(gateway, "");
    table.remove("alipay_public_key");
    for (name, value) in [
        ("app_cert", app.pem),
        ("alipay_cert", format!("{}{}", alipay.pem, authority.pem)),
        ("alipay_root_cert", format!("{curve}{}", root.pem)),
    ] {
        table.insert(name.to_owned(), toml::Value::String(value));
    }
    Files { root, authority, table }
}

fn serial_of(pem: &str) -> String {
    let certificate: Certificate = keys::certificates(pem).unwrap().remove(0);
    x509::facts(&certificate.der).unwrap().serial.to_string()
}

fn read(table: &toml::Table) -> Alipay {
    config::read(&context(), table).unwrap_or_else(|errors| panic!("{errors:?}"))
}

#[test]
fn a_certificate_is_named_by_its_issuer_most_specific_first() {
    let files = files("http://127.0.0.1:1");
    let expected =
        SerialNumber::of("CN=Root R1 test,OU=Certification Authority test,O=Ant Financial test,C=CN", "8");
    assert_eq!(serial_of(&files.authority.pem), expected.to_string());
    let comma = root("Ant, Financial", &ROOT_KEY, 12);
    let expected =
        SerialNumber::of("CN=Root R1 test,OU=Certification Authority test,O=Ant\\, Financial,C=CN", "12");
    assert_eq!(serial_of(&comma.pem), expected.to_string());
}

#[tokio::test]
async fn requests_name_the_certificates_and_answers_are_believed_by_theirs() {
    let node = r#"{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}"#;
    let held = files("http://127.0.0.1:1");
    let alipay_serial = serial_of(held.table["alipay_cert"].as_str().unwrap());
    let further = format!("\"alipay_cert_sn\":\"{alipay_serial}\",");
    let body = signed("alipay.trade.query", node, &ALIPAY.signer(), &further);
    let (address, server) = gateway(vec![Answer::Raw(body)]).await;
    let channel = read(&files(&address).table);
    let order = mingfen_domain::ids::OutTradeNo::parse(ORDER).unwrap();
    assert_eq!(channel.inquiry().unwrap().query(&order).await.unwrap().seen, Sighted::Missing);
    let asked = server.await.unwrap();
    assert_eq!(value(&asked[0], "app_cert_sn"), serial_of(held.table["app_cert"].as_str().unwrap()));
    assert_eq!(value(&asked[0], "alipay_root_cert_sn"), serial_of(&held.root.pem), "only the RSA root");
    let expiries = channel.upkeep().unwrap().expiries();
    assert_eq!(
        expiries.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["app_cert", "alipay_cert"]
    );
}

fn notification(signer: &Signer, serial: &str) -> RawNotification {
    let mut fields: Vec<(String, String)> = [
        ("alipay_cert_sn", serial),
        ("notify_type", "x"),
        ("notify_id", "n1"),
        ("app_id", APP_ID),
        ("sign_type", "RSA2"),
    ]
    .iter()
    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
    .collect();
    let body = crate::alipay::call::encoded(&fields);
    let text = Form::parse(body.as_bytes()).unwrap().signed_text(crate::alipay::sign::FormRule::Trade);
    fields.push(("sign".to_owned(), signer.sign(&text).unwrap()));
    let body = crate::alipay::call::encoded(&fields).into_bytes();
    RawNotification { headers: Vec::new(), body, received_at: NOW }
}

/// The answer that brings a certificate; unsigned, as nobody could verify it yet.
fn download(pem: &str) -> Answer {
    let content = STANDARD.encode(pem);
    Answer::Raw(format!(
        r#"{{"alipay_open_app_alipaycert_download_response":{{"code":"10000","msg":"Success","alipay_cert_content":"{content}"}}}}"#
    ))
}

#[tokio::test]
async fn a_new_certificate_is_fetched_when_a_notification_names_it() {
    let held = files("http://127.0.0.1:1");
    let next = issued(&held.authority, "Alipay", "alipay", &NEXT_ALIPAY, 20, false);
    let serial = serial_of(&next.pem);
    let (address, server) = gateway(vec![download(&next.pem)]).await;
    let channel = read(&files(&address).table);
    let raw = notification(&NEXT_ALIPAY.signer(), &serial);
    let notifications = channel.notifications().unwrap();
    assert_eq!(notifications.verify(&raw).err(), Some(NotVerified::UnknownKey(serial.clone())));
    channel.upkeep().unwrap().refresh().await.unwrap();
    assert!(notifications.verify(&raw).is_ok());
    // The old one still counts: notifications overlap.
    let old = serial_of(held.table["alipay_cert"].as_str().unwrap());
    assert!(notifications.verify(&notification(&ALIPAY.signer(), &old)).is_ok());
    // Nothing more is wanted, so nothing more is asked.
    channel.upkeep().unwrap().refresh().await.unwrap();
    let asked = server.await.unwrap();
    assert_eq!(value(&asked[0], "biz_content"), format!(r#"{{"alipay_cert_sn":"{serial}"}}"#));
}

#[tokio::test]
async fn an_answer_that_names_a_new_certificate_is_believed_once_it_is_fetched() {
    let held = files("http://127.0.0.1:1");
    let next = issued(&held.authority, "Alipay", "alipay", &NEXT_ALIPAY, 20, false);
    let further = format!("\"alipay_cert_sn\":\"{}\",", serial_of(&next.pem));
    let node = r#"{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}"#;
    let body = signed("alipay.trade.query", node, &NEXT_ALIPAY.signer(), &further);
    let (address, _server) = gateway(vec![Answer::Raw(body), download(&next.pem)]).await;
    let channel = read(&files(&address).table);
    let order = mingfen_domain::ids::OutTradeNo::parse(ORDER).unwrap();
    assert_eq!(channel.inquiry().unwrap().query(&order).await.unwrap().seen, Sighted::Missing);
}

#[tokio::test]
async fn an_answer_whose_certificate_cannot_be_fetched_is_in_doubt() {
    let held = files("http://127.0.0.1:1");
    let next = issued(&held.authority, "Alipay", "alipay", &NEXT_ALIPAY, 20, false);
    let further = format!("\"alipay_cert_sn\":\"{}\",", serial_of(&next.pem));
    let body = signed("alipay.trade.query", r#"{"code":"10000"}"#, &NEXT_ALIPAY.signer(), &further);
    let refusal = r#"{"error_response":{"code":"40006","msg":"Insufficient Permissions"}}"#.to_owned();
    for answers in [vec![Answer::Raw(body.clone())], vec![Answer::Raw(body), Answer::Raw(refusal)]] {
        let (address, _server) = gateway(answers).await;
        let channel = read(&files(&address).table);
        let order = mingfen_domain::ids::OutTradeNo::parse(ORDER).unwrap();
        let seen = channel.inquiry().unwrap().query(&order).await;
        assert!(matches!(seen, Err(CallError::InDoubt(_))), "{seen:?}");
    }
}

#[tokio::test]
async fn a_certificate_that_does_not_prove_itself_is_not_believed() {
    let held = files("http://127.0.0.1:1");
    let forged_root = root("Ant Financial test", &NEXT_ALIPAY, 7);
    let forged = issued(&forged_root, "Alipay", "alipay", &NEXT_ALIPAY, 30, false);
    let merchants = issued(&held.authority, "Some merchant", "alipay", &NEXT_ALIPAY, 31, false);
    let merchant_authority = issued(&held.authority, "Some merchant", "x", &NEXT_ALIPAY, 32, false);
    let by_merchant = issued(&merchant_authority, "Alipay", "alipay", &NEXT_ALIPAY, 33, false);
    let good = issued(&held.authority, "Alipay", "alipay", &NEXT_ALIPAY, 34, false);
    for (wanted, came, cause) in [
        (&forged, forged.pem.clone(), "not issued under any root"),
        (&merchants, merchants.pem.clone(), "another owner"),
        (&by_merchant, format!("{}{}", by_merchant.pem, merchant_authority.pem), "not issued under any root"),
        (&good, merchants.pem.clone(), "another certificate came"),
        (&good, "nothing".to_owned(), "no readable certificate"),
    ] {
        let (address, _server) = gateway(vec![download(&came)]).await;
        let channel = read(&files(&address).table);
        let raw = notification(&NEXT_ALIPAY.signer(), &serial_of(&wanted.pem));
        let notifications = channel.notifications().unwrap();
        assert!(matches!(notifications.verify(&raw), Err(NotVerified::UnknownKey(_))));
        let refused = channel.upkeep().unwrap().refresh().await.unwrap_err().to_string();
        assert!(refused.contains(cause), "{refused} / {cause}");
        assert!(matches!(notifications.verify(&raw), Err(NotVerified::UnknownKey(_))));
    }
}

#[tokio::test]
async fn strangers_cannot_make_us_fetch_certificates_without_end() {
    let held = files("http://127.0.0.1:1");
    let next = issued(&held.authority, "Alipay", "alipay", &NEXT_ALIPAY, 20, false);
    let further = format!("\"alipay_cert_sn\":\"{}\",", serial_of(&next.pem));
    let node = r#"{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}"#;
    let genuine = signed("alipay.trade.query", node, &NEXT_ALIPAY.signer(), &further);
    let unknown = r#"{"error_response":{"code":"40002","sub_code":"isv.invalid-alipay-cert-sn"}}"#.to_owned();
    let (address, server) =
        gateway(vec![Answer::Raw(unknown), Answer::Raw(genuine), download(&next.pem)]).await;
    let channel = read(&files(&address).table);
    let notifications = channel.notifications().unwrap();
    let mut refused = 0;
    for number in 0..10 {
        let raw = notification(&NEXT_ALIPAY.signer(), &format!("{number:032x}"));
        assert!(matches!(notifications.verify(&raw), Err(NotVerified::UnknownKey(_))));
        refused += usize::from(channel.upkeep().unwrap().refresh().await.is_err());
    }
    assert_eq!(refused, 1, "one download");
    // They have used up the turn of notifications; a new certificate is learned of by an answer all the same.
    let order = mingfen_domain::ids::OutTradeNo::parse(ORDER).unwrap();
    assert_eq!(channel.inquiry().unwrap().query(&order).await.unwrap().seen, Sighted::Missing);
    assert_eq!(server.await.unwrap().len(), 3);
}

#[test]
fn a_certificate_without_an_owner_is_not_taken() {
    let held = files("http://127.0.0.1:1");
    let names = [(DnType::CountryName, "CN"), (DnType::CommonName, "alipay")];
    let nameless = params(&names, 40, false);
    let issuer = Issuer::new(held.authority.params.clone(), key(&held.authority.key));
    let pem = nameless.signed_by(&key(&pem_of(&ALIPAY)), &issuer).unwrap().pem();
    let mut table = held.table;
    table.insert("alipay_cert".to_owned(), toml::Value::String(format!("{pem}{}", held.authority.pem)));
    match config::read(&context(), &table) {
        Err(errors) => {
            assert!(errors[0].to_string().contains("alipay_cert: names no organisation"), "{errors:?}")
        }
        Ok(_) => panic!("it was taken"),
    }
}

#[test]
fn what_failed_is_fetched_again_only_after_a_while() {
    let held = read(&files("http://127.0.0.1:1").table);
    let Trust::Certificates(certificates) = &held.trust else { panic!("certificate mode") };
    let serial = |number: u8| SerialNumber::parse(&format!("{number:032x}")).unwrap();
    let wanted = |number: u8, at: Timestamp| {
        certificates.want(&serial(number), at);
        certificates.take_wanted().is_some()
    };
    assert!(wanted(1, NOW));
    certificates.note_failed(serial(1), NOW);
    assert!(!wanted(2, NOW.plus_seconds(59)), "one a minute");
    assert!(wanted(2, NOW.plus_seconds(60)));
    assert!(!wanted(1, NOW.plus_seconds(3_599)), "it failed");
    assert!(wanted(1, NOW.plus_seconds(3_600)));
}

#[test]
fn files_that_do_not_belong_together_are_named() {
    let held = files("http://127.0.0.1:1");
    let problem = |name: &str, value: String| {
        let mut table = held.table.clone();
        table.insert(name.to_owned(), toml::Value::String(value));
        match config::read(&context(), &table) {
            Ok(_) => String::new(),
            Err(errors) => errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        }
    };
    let text = |name: &str| held.table[name].as_str().unwrap().to_owned();
    let swapped = problem("app_cert", text("alipay_cert"));
    assert!(swapped.contains("app_cert: does not belong to app_private_key"), "{swapped}");
    let other_root = root("Other", &NEXT_ALIPAY, 1);
    let other = problem("alipay_root_cert", other_root.pem);
    assert!(
        other.contains("alipay_cert: was not issued under any certificate of alipay_root_cert"),
        "{other}"
    );
    let curve_only = problem(
        "alipay_root_cert",
        text("alipay_root_cert").split_inclusive("-----END CERTIFICATE-----").next().unwrap().to_owned(),
    );
    assert!(curve_only.contains("alipay_root_cert: holds no RSA root"), "{curve_only}");
    let key_instead = problem("alipay_cert", ALIPAY.public.clone());
    assert!(key_instead.contains("alipay_cert: looks like an RSA public key"), "{key_instead}");
}
