//! Signatures, envelopes, checks of the gateway, authorisation.

use super::*;

#[actix_web::test]
async fn a_call_without_a_sound_app_id_is_refused_before_its_signature_is_looked_at() {
    let merchant = Merchant::open().await;
    let mut parameters = merchant.parameters("alipay.trade.query", &json!({ "out_trade_no": "H1" }));
    parameters.remove("sign");
    parameters.insert("app_id".to_owned(), "2021999999999999".to_owned());
    let node = merchant.send(&parameters).await;
    assert_eq!((node.code().as_str(), node.signed), ("40002 isv.invalid-app-id", false));
}

#[actix_web::test]
async fn the_gateway_finds_fault_in_its_order_and_does_not_sign() {
    let merchant = Merchant::open().await;
    let sound = merchant.parameters("alipay.trade.query", &json!({ "out_trade_no": "H1" }));
    for (name, value, expected) in [
        ("method", "", "40001 isv.missing-method"),
        ("method", "alipay.trade.nothing", "40002 isv.invalid-method"),
        ("timestamp", "2026-03-05 09:10:00", "40002 isv.invalid-timestamp"),
        ("timestamp", "yesterday", "40002 isv.invalid-timestamp"),
        ("version", "2.0", "40002 isv.invalid-version"),
        ("sign_type", "RSA", "40002 isv.invalid-signature-type"),
        ("charset", "latin1", "40002 isv.invalid-charset"),
        ("sign", "", "40001 isv.missing-signature"),
        ("sign", "AAAA", "40002 isv.invalid-signature"),
        ("biz_content", "{}", "40002 isv.invalid-signature"),
    ] {
        let mut parameters = sound.clone();
        parameters.insert(name.to_owned(), value.to_owned());
        // The charset of the query goes with the body's here: both are sent.
        let url = merchant.alipay().gateway_url();
        let answer = merchant.client.post(url).body(form(&parameters)).send().await.expect("an answer");
        let node = merchant.open_envelope(&answer.text().await.expect("text"));
        assert_eq!((node.code().as_str(), node.signed), (expected, false), "{name}={value}");
    }
}

#[actix_web::test]
async fn a_wrong_signature_is_answered_with_the_text_that_was_checked() {
    let merchant = Merchant::open().await;
    let mut parameters = merchant.parameters("alipay.trade.query", &json!({ "out_trade_no": "H1" }));
    parameters.insert("sign".to_owned(), STANDARD.encode([1_u8; 256]));
    let node = merchant.send(&parameters).await;
    assert!(node.text("sub_msg").contains("&amp;biz_content="), "{}", node.text("sub_msg"));
}

#[actix_web::test]
async fn query_body_and_both_are_one_call_and_gbk_is_spoken() {
    let merchant = Merchant::open().await;
    let content = json!({ "out_trade_no": "H1" });
    let parameters = merchant.parameters("alipay.trade.query", &content);
    let url = format!("{}?{}", merchant.alipay().gateway_url(), form(&parameters));
    let answer = merchant.client.get(&url).send().await.expect("an answer").text().await.expect("text");
    assert_eq!(merchant.open_envelope(&answer).code(), "40004 ACQ.TRADE_NOT_EXIST");

    let mut parameters = parameters;
    parameters.insert("charset".to_owned(), "GBK".to_owned());
    parameters.insert("biz_content".to_owned(), r#"{"out_trade_no":"H1","note":"门诊"}"#.to_owned());
    parameters.remove("sign");
    let text = request_text(&parameters);
    let sign = STANDARD.encode(merchant.key.sign_sha256(&super::super::form::encode(&text, "gbk")));
    parameters.insert("sign".to_owned(), sign);
    let pairs: Vec<String> = parameters
        .iter()
        .map(|(name, value)| {
            let bytes = super::super::form::encode(value, "gbk").into_owned();
            format!("{name}={}", url::form_urlencoded::byte_serialize(&bytes).collect::<String>())
        })
        .collect();
    let request = merchant.client.post(merchant.alipay().gateway_url()).body(pairs.join("&"));
    let bytes = request.send().await.expect("an answer").bytes().await.expect("bytes");
    let (text, _, broken) = encoding_rs::GBK.decode(&bytes);
    assert!(!broken && text.contains("交易不存在"), "{text}");
}

#[actix_web::test]
async fn business_answers_are_signed_over_raw_bytes_in_varying_order() {
    let merchant = Merchant::open().await;
    let mut texts = std::collections::HashSet::new();
    for _ in 0..8 {
        let parameters = merchant.parameters("alipay.trade.query", &json!({ "out_trade_no": "H1" }));
        let url = merchant.alipay().gateway_url();
        let answer = merchant.client.post(url).body(form(&parameters)).send().await.expect("an answer");
        let text = answer.text().await.expect("text");
        let node = merchant.open_envelope(&text);
        assert!(node.signed && node.name == "alipay_trade_query_response");
        texts.insert(text);
    }
    assert!(texts.len() > 1, "the order of members never changed");
}

#[actix_web::test]
async fn certificate_mode_signs_numbers_and_names_its_certificate() {
    let merchant = Merchant::open_as(DEMO_CERTIFICATE_APP_ID).await;
    let mut parameters = merchant.parameters("alipay.trade.query", &json!({ "out_trade_no": "H1" }));
    assert_eq!(merchant.send(&parameters).await.code(), "40004 ACQ.TRADE_NOT_EXIST");
    parameters.remove("app_cert_sn");
    merchant.sign(&mut parameters);
    assert_eq!(merchant.send(&parameters).await.code(), "40001 isv.missing-app-cert-sn");

    merchant.alipay().rotate();
    let files = merchant.alipay().credentials(DEMO_CERTIFICATE_APP_ID).expect("made").expect("known");
    let newer = files.certificates.expect("certificates");
    let node = merchant
        .call("alipay.open.app.alipaycert.download", json!({ "alipay_cert_sn": newer.alipay_cert_sn }))
        .await;
    let pem = STANDARD.decode(node.text("alipay_cert_content")).expect("Base64");
    assert!(pem.starts_with(b"-----BEGIN CERTIFICATE"));
    assert_ne!(
        newer.alipay_cert_sn,
        merchant.credentials.certificates.as_ref().expect("files").alipay_cert_sn
    );
}

#[actix_web::test]
async fn a_notification_of_certificate_mode_may_leave_its_certificate_out() {
    let merchant = Merchant::open_as(DEMO_CERTIFICATE_APP_ID).await;
    merchant.paid("H1", "1.00").await;
    merchant.alipay().set_quirks(Quirks { notifications_name_the_certificate: false, ..Quirks::default() });
    merchant.paid("H2", "1.00").await;
    let news = merchant.news().await;
    let named: Vec<(bool, bool)> =
        news.iter().map(|(told, sound)| (told.contains_key("alipay_cert_sn"), *sound)).collect();
    assert_eq!(named, [(true, true), (false, true)]);
}

#[actix_web::test]
async fn a_code_of_authorisation_serves_once() {
    let merchant = Merchant::open().await;
    let url = format!(
        "{}?app_id={DEMO_APP_ID}&scope=auth_base&redirect_uri={}&state=s-1_x",
        merchant.alipay().authorise_url(),
        "http%3A%2F%2F127.0.0.1%3A9%2Fp%2Fback"
    );
    let answer = merchant.client.get(url).send().await.expect("an answer");
    let location = url::Url::parse(answer.headers()["location"].to_str().expect("text")).expect("an address");
    let members: std::collections::HashMap<_, _> = location.query_pairs().into_owned().collect();
    assert_eq!((members["state"].as_str(), members["source"].as_str()), ("s-1_x", "alipay_wallet"));
    let ask = json!({ "grant_type": "authorization_code", "code": members["auth_code"] });
    let node = merchant.call("alipay.system.oauth.token", ask.clone()).await;
    assert!(node.signed && node.text("open_id") == merchant.open_id(), "{node:?}");
    let again = merchant.call("alipay.system.oauth.token", ask).await;
    assert_eq!((again.name.as_str(), again.code().as_str()), ("error_response", "40002 isv.code-invalid"));
    let renew = json!({ "grant_type": "refresh_token", "refresh_token": node.text("refresh_token") });
    assert_eq!(merchant.call("alipay.system.oauth.token", renew).await.text("open_id"), merchant.open_id());
}

#[actix_web::test]
async fn an_application_sees_the_kind_of_buyer_id_it_is_on() {
    let merchant = Merchant::open().await;
    let mut application = merchant.alipay().application(DEMO_APP_ID).expect("known");
    application.buyer_ids = BuyerIds::UserId;
    merchant.alipay().set_application(application);
    assert_eq!(merchant.create("H1", "1.00").await.code(), "40004 ACQ.INVALID_PARAMETER");
    let content = json!({
        "out_trade_no": "H1", "total_amount": "1.00", "subject": "门诊缴费", "product_code": "JSAPI_PAY",
        "buyer_id": super::super::wallet::FIRST_BUYER,
    });
    assert_eq!(merchant.call("alipay.trade.create", content).await.code(), "10000");
    let node = merchant.query("H1").await;
    assert_eq!(node.text("buyer_user_id"), super::super::wallet::FIRST_BUYER);
    assert!(node.value.get("buyer_open_id").is_none());
}

#[actix_web::test]
async fn forged_and_unsigned_answers_do_not_verify() {
    let merchant = Merchant::open().await;
    for fault in [Fault::ForgedSignature, Fault::Unsigned, Fault::ProbeSignature] {
        merchant.simulator.faults().add(Rule::next("alipay.query", fault));
        assert!(!merchant.query("H1").await.signed);
    }
    merchant
        .simulator
        .faults()
        .add(Rule::next("alipay.query", Fault::Status { status: 429, when: When::Before }));
    assert_eq!(merchant.query("H1").await.code(), "40005 isv.app-call-limited");
}
