use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mingfen_simulator::wechat::{MerchantSettings, Settings as WechatSettings, Standing, Trust};
use mingfen_simulator::{Settings, wechat};

use crate::hospital::Hospital;

const NUMBER: &str = "HOSP20260101000001";

async fn open(trust: Trust) -> Hospital {
    let merchant =
        MerchantSettings { trust, ..MerchantSettings::new("1900000001", "wx1111111111111111", "医院") };
    let wechat = WechatSettings { merchants: vec![merchant], ..wechat::Settings::default() };
    Hospital::open_with(Settings { wechat, ..Settings::default() }).await
}

fn serial(answer: &crate::hospital::Answer) -> String {
    answer
        .headers
        .get("Wechatpay-Serial")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn public_key_merchants_have_no_certificates() {
    let hospital = open(Trust::PublicKey).await;
    let answer = hospital.get("/v3/certificates").await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (404, Some("RESOURCE_NOT_EXISTS")));
    assert_eq!(hospital.credentials.public_key_id.len(), "PUB_KEY_ID_".len() + 28);
}

#[tokio::test]
async fn certificates_come_sealed_and_rotate_with_an_overlap() {
    let hospital = open(Trust::PlatformCertificate).await;
    let answer = hospital.get("/v3/certificates").await;
    let first = answer.json()["data"][0].clone();
    assert_eq!(first["serial_no"].as_str(), Some(serial(&answer).as_str()));
    let wrapped = serde_json::json!({ "resource": first["encrypt_certificate"] });
    let resource = &wrapped["resource"];
    let pem = {
        use aes_gcm::aead::{Aead, Payload};
        use aes_gcm::{Aes256Gcm, KeyInit};
        let cipher = Aes256Gcm::new_from_slice(hospital.credentials.api_v3_key.as_bytes()).expect("32 bytes");
        let sealed = STANDARD.decode(resource["ciphertext"].as_str().unwrap_or_default()).expect("base64");
        let nonce = resource["nonce"].as_str().unwrap_or_default().as_bytes().try_into().expect("12 bytes");
        String::from_utf8(
            cipher.decrypt(nonce, Payload { msg: &sealed, aad: b"certificate" }).expect("opened"),
        )
    };
    assert!(pem.is_ok_and(|pem| pem.starts_with("-----BEGIN CERTIFICATE-----")));

    let merchant = hospital.simulator.wechat().merchant("1900000001").expect("a merchant");
    let fresh = merchant.rotate_platform_certificate(hospital.simulator.clock().now_ms());
    let answer = hospital.get("/v3/certificates").await;
    assert_eq!((answer.json()["data"].as_array().map(Vec::len), serial(&answer)), (Some(2), fresh.clone()));
    hospital.simulator.clock().advance_ms(86_400_001);
    let answer = hospital.get("/v3/certificates").await;
    assert_eq!((answer.json()["data"].as_array().map(Vec::len), serial(&answer)), (Some(1), fresh));
}

#[tokio::test]
async fn a_certificate_is_listed_before_it_signs() {
    let hospital = open(Trust::PlatformCertificate).await;
    let old = serial(&hospital.get("/v3/certificates").await);
    let change = r#"{"announce_platform_certificate":{"effective_in_s":3600}}"#;
    let headers = [("Content-Type", "application/json")];
    let control = "/control/wechat/merchants/1900000001";
    let announced = hospital.send_bare("POST", control, change, &headers).await.expect("an answer").json();
    let answer = hospital.get("/v3/certificates").await;
    let listed = answer.json()["data"].as_array().map(Vec::len);
    assert_eq!((listed, serial(&answer)), (Some(2), old), "listed, and not signing yet");
    hospital.simulator.clock().advance_ms(3_600_000);
    let answer = hospital.get("/v3/certificates").await;
    let listed = answer.json()["data"].as_array().map(Vec::len);
    assert_eq!((listed, Some(serial(&answer).as_str())), (Some(2), announced["serial"].as_str()));
}

#[tokio::test]
async fn in_the_overlap_answers_follow_the_request() {
    let hospital = open(Trust::Both { notify_by_public_key_percent: 50 }).await;
    let path = format!("/v3/pay/transactions/out-trade-no/{NUMBER}?mchid=1900000001");
    hospital.post("/v3/pay/transactions/jsapi", &hospital.order(NUMBER, 100)).await;
    let id = hospital.credentials.public_key_id.clone();
    let by_key = hospital.send("GET", &path, "", &[("Wechatpay-Serial", &id)]).await.expect("an answer");
    assert!(hospital.is_signed(&by_key));
    let by_certificate = hospital.get(&path).await;
    assert_eq!(serial(&by_certificate).len(), 40);
    let wrong = hospital.send("GET", &path, "", &[("Wechatpay-Serial", "ABC")]).await.expect("an answer");
    assert_eq!(wrong.json()["message"], "平台证书序列号Wechatpay-Serial错误");
}

#[tokio::test]
async fn a_merchant_certificate_can_end_or_be_renewed() {
    let hospital = open(Trust::PublicKey).await;
    let merchant = hospital.simulator.wechat().merchant("1900000001").expect("a merchant");
    for (standing, message) in [
        (Standing::Expired, "商户证书已过期"),
        (Standing::Revoked, "商户证书已作废"),
        (Standing::Replaced, "已更换证书，请使用新证书"),
    ] {
        merchant.set_standing(standing);
        let answer = hospital.query(NUMBER).await;
        assert_eq!((answer.status, answer.json()["message"].as_str()), (401, Some(message)));
    }
    merchant.set_standing(Standing::Valid);
    merchant.set_api_v3_key(None);
    assert_eq!(hospital.query(NUMBER).await.json()["message"], "商户未设置APIv3密钥。");
}
