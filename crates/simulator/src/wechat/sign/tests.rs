//! Vectors V1 to V5 and V8 of the reference; one throw-away key plays both sides.

use sha2::{Digest, Sha256};

use super::*;

const KEY_PEM: &str = include_str!("../../../assets/vectors/wechat-test-key.pem");
const TIMESTAMP: &str = "1767240000";
const NONCE: &str = "0A1B2C3D4E5F60718293A4B5C6D7E8F9";
const ANSWER_NONCE: &str = "c5ac7061fccab6bf3e254dcf98995b8c";
const CREATE_BODY: &str = r#"{"appid":"wx1111111111111111","mchid":"1900000001","description":"门诊缴费","out_trade_no":"HOSP20260101000001","time_expire":"2026-01-01T12:30:00+08:00","attach":"REG:42","notify_url":"https://pay.hospital.example/wechat/notify","amount":{"total":1250,"currency":"CNY"},"payer":{"openid":"oTESTopenid0000000000000001"}}"#;

fn key() -> RsaKey {
    RsaKey::from_pkcs8_pem(KEY_PEM).expect("the test key of the reference")
}

fn check(message: &[u8], signature: &str) {
    assert_eq!(sign(&key(), message), signature);
    assert!(verifies(&key(), message, signature));
}

#[test]
fn v1_signs_a_request_with_a_body() {
    let message =
        request_message("POST", "/v3/pay/transactions/jsapi", TIMESTAMP, NONCE, CREATE_BODY.as_bytes());
    assert_eq!(
        hex::encode(Sha256::digest(&message)),
        "555932fe66125aa5201b445def442e820b8954ea1891aff1e970d402b206aefe"
    );
    check(
        &message,
        "AHQwO2WKgbjI/Fe1i094Z2k/FB+5c/+0UHfBzPToL830kL/x6gZu6d48PHifDRzXEIxQIpQlNFqb0PmVm7GjKaLM6CcENRUO\
     +KqD57jzkqe1fZhAYi5bK2aPd2+hJUX+jtDOthB2jB+oZiV0Gwk049xGfkpXWD4GUmx9ViuVnguL4e6lyR9MEmOhwRMRqLSZ\
     h4c+goRntqOBaioYb/Ke+4I+k0lvFxvdA6TIhXSSUHZHEH55f4lTK+3ap6a1jaAe/XdzR7q960aY1skJIUq5dLb8t9JkFtbe\
     cR4vWmOfOXW2xTIrQdudqk5iPOJuCBXIj/eItlxhiy/FGFcBxUc/SQ==",
    );
}

#[test]
fn v2_signs_a_request_without_a_body() {
    let path = "/v3/pay/transactions/out-trade-no/HOSP20260101000001?mchid=1900000001";
    check(
        &request_message("GET", path, TIMESTAMP, NONCE, b""),
        "HcnmEnMU0PY7O+CCverDhdoqUF13MA5M36KFKSkAFxJEfTi+Ym+Pjq3R1NdoRE4YJ+mQucJ0ctI671NhApuNoP94rNkMmP7M\
     JfbZfXX3NmKDsaWu6OM+/EznYuNokPOAof3EtwOrDGCY34PqHQVnSVQlpNvrPi2bYiyPZAwBZAVwz6ijJPoxQ3n46pxro+Gd\
     TuInM3hP/yjcCReUITTR/KrNaqQvGwcdUWU1//YYgXRPjuXqGJUjtZcngq81l1kwGb0YJjQ3UEpj+Jqoh89Oh5/5fbHaZAlP\
     TfGNR+wOVeH/ONtiHnGv45qaAry0evo0qcTDsSnjT2EXO/S9SKHLwg==",
    );
}

#[test]
fn v3_signs_the_call_of_the_client() {
    let sign_package = |package| pay_sign_message("wx1111111111111111", TIMESTAMP, NONCE, package);
    check(
        &sign_package("prepay_id=wx01120000000000a1b2c3d4e5f6a70000"),
        "dpV43QfWrdJc93A/fVC/38md75YEqH3ICxJvs1xT0aDRjHzU4uOyPGEcAsIjufEZ+mrwjXi5bemLslJnG0g83D3Mv+WTteQM\
     KC4XKkgaE+lI+bODYgmMN2qEzyZ4fxGELGCjXCHaGx6qR/+hboxZUEKx9ZvpJYem2/YCViDYxA0W23yGKbWMm3lKwr5guohJ\
     C5MZIGtcr/SFvfX2HGZwrYEtShzdLrWLNmJw/B+ishPnBYAdRgkEdlffOnG/D56y5bXlIGmPiYOQox3SruVz/yrW4GKvzDRA\
     KpaBCrBqQFiFI9FWJ+G0PDlYojAFaeJBBRTAhAvKD+t9kfUR3pjWrA==",
    );
    check(
        &sign_package("wx01120000000000a1b2c3d4e5f6a70000"),
        "jfMBgebMB6MOwIDXOoEoynVWcxXwpg9G8qtVDQnaGO/u/VUcHIBzb6ySh1IkFqoPBnjyh8lqYSQwEtH+GzSWDlgFzYzlJKOK\
     C9Cwp9TaTZhQBTHpKhwijPpymqFCmtzw8xVJ23RQlhlgnpvD6KNs4Vk+pxG3YDMBiO6bQ6pTE9GnS59PJedl8guFReeUs9uG\
     oNYXVu0QnccDdYVawKNMaNmm/IbV52m3hog9NCMOy4M+t7dPuqJqrpXuZ3GsaL9JwmKS7MAcrdxZ89CdWSzBHhPSxMz45lTO\
     SXrcRxWQv8SejJrQ3NMNqnw3FvRbZKlxFP8h6KpoLT1AfQH1ltb4Lg==",
    );
}

#[test]
fn v4_signs_answers_with_and_without_a_body() {
    check(
        &answer_message(TIMESTAMP, ANSWER_NONCE, br#"{"prepay_id":"wx01120000000000a1b2c3d4e5f6a70000"}"#),
        "evyAziNO2U+Y+o1loRGsKQ3zSWjuDX46U6zru1FF/G6uVh+AhFfBjXB7IO2YCxazfaos/0mYbqRJvnP3pxMef8AOQ20hZNnz\
     V4TfYwwkY/nx4/HuS5PTUzWaK059SUztWxmFZPbNCCG8BU6Vo4vrTSrl/7lekr/tLzUj35lpKuntz+qGX17m5vv1Pxh2KDxH\
     3sacU/02IMmBVoh0wl/lgGQqX06xf1pXU755yw/11ST3TemgJOZ3YJzBYV755/T/SSGzcp2Avuxc3wgYejhJ8/oAYda7SarB\
     kFHce/ZQB3LHGX+3ojivWVYwu/QYunOblKjvxKMqWIOZLcnRSepHdQ==",
    );
    check(
        &answer_message(TIMESTAMP, ANSWER_NONCE, b""),
        "B1J+x2BoNEC3kikX85uDn24EOtPBJeT7iOsTL6YxCEX5csaJ2bU6Q9/GrhkKivktB6ergJanXqmKzvobQ87ZsKp5g5xXYqw4\
     oyxVRRoJa7CnAsxkomZRdBx8XQe+LMDTX4GR71CLvq1pKTj7vif1Ed2FAjFWGNynItGadL4bwiiNcwa0KBs/tAL7R1S19LGr\
     50Yq48u6TPRk4UyJ1VUH8hikhVqyLwVG3fa3mEkipDzAIRs/NHcY4iQzBhC4WLAw283hsoZY7hFp0Sl7cjjZL/YhTDDs/cYO\
     KYpmhi8YhgBDcQ6hcLWO8wXYiGT+WJ+Yg3eUDzYT+wagqc7QOnNeBQ==",
    );
}

#[test]
fn v5_seals_and_signs_a_notification() {
    let plaintext = r#"{"mchid":"1900000001","appid":"wx1111111111111111","out_trade_no":"HOSP20260101000001","transaction_id":"4200009999202601010000000001","trade_type":"JSAPI","trade_state":"SUCCESS","trade_state_desc":"支付成功","bank_type":"OTHERS","attach":"REG:42","success_time":"2026-01-01T12:00:30+08:00","payer":{"openid":"oTESTopenid0000000000000001"},"amount":{"total":1250,"payer_total":1250,"currency":"CNY","payer_currency":"CNY"}}"#;
    let sealed =
        seal("0123456789abcdef0123456789ABCDEF", "Qw3rTy7uIo9P", "transaction", plaintext.as_bytes());
    assert_eq!(
        sealed,
        "6Jvbw6DQmaa/Sm3qX3iTiV7dNfr40iZHTNgE4V11SrHUhkh4yxGCMmmI0qdaQs8DXI2AM8GHjYEgcrSx6MRt7Ua7sNDgp1xP\
     Z01VkM/J71beouUMkRMgQBLh3yy2JDN+hdQut0EHpNdn76dM/jCVPGHxj3lXpnRz8WIuNlpOGmohY9INgA04rbPeO2vZq9hp\
     q09OmyHkhzBAMDHHsC2JzOc8TdmnQlGmZmGXpHGZMQ7K4G94a9tNP++0TDWLVGqMDq8ZtLjTGBR86HRkbuR41NJAvehu1434\
     5RhhD8/kne4+FOqRExRQ9/KWMbCC6kXz2cnGrVXss6B3tx/ItryXOMfiuSirKWP/Dos7Nv8KM2bu3HSO9TTBpJ0vSze8RvrO\
     +adQMe1YnExcGM3SevrcyyDG9vU4ltCQP7fVNKoS6NiTpWUKvVy2D43UR/KFYvTRu+tzIV6vYBPvc3Du+pCiCoG9WJkebcf9\
     Y6jglmS6IXTxvsdMFVAc3DFeHAlSLJ7SlMJIJEr+a+yHxkmP7jwKWnaZgW3cHAgKkUkRnx4zs9kKlQw5EZSweImcxAms1gAB\
     bLW2eZ4ioSs/C58s"
    );
    let body = format!(
        r#"{{"id":"11111111-2222-5333-8444-555555555555","create_time":"2026-01-01T12:00:31+08:00","resource_type":"encrypt-resource","event_type":"TRANSACTION.SUCCESS","summary":"支付成功","resource":{{"original_type":"transaction","algorithm":"AEAD_AES_256_GCM","ciphertext":"{sealed}","associated_data":"transaction","nonce":"Qw3rTy7uIo9P"}}}}"#
    );
    assert_eq!(body.len(), 919);
    check(
        &answer_message("1767240031", ANSWER_NONCE, body.as_bytes()),
        "nXzLUmzyqgfTZGRegPEALKsO46ZKiB9Ua49htEXtx2ZPYakzPKV2nGOfZ1WEBRGtFf7NreS96zNVnOTBnyUfvcktPh5H06Tf\
     aj/4+EKIgzOAMp5ONq7Wga0uPo/z9So3Xu5njgaRobs7D7uevn2AeuIrPMsSOsWgIQkCLSFX0pJdPt3tlGz849mSgD/Vk6VQ\
     CeLVn1N6GX8dKlQVfvU82DoSugwv58EDrgQ/1UYwZhUpArZ/VMoN3/Ps0DPaAMSkP7GXYT0d/he1oOTp5q8LbeexjL2NwOag\
     qKKkvx2jtaqOFbWWF+nfsJ8doCQ4PekgtA2K/NfsSALyQfXA+4kiJw==",
    );
}

#[test]
fn v8_opens_a_sensitive_field() {
    let field = "XZYV0VAfjZulU7NCXLjiubr+ZOTyaUR23eazBMFwzM9Zb+nFdys+ug+3UEwa9tTbv787gOzumi5MlGY2CCCaD5BlDqln1f45\
     c3zG7Eqt22tOCOkGnhYVf1oJbEW4hXszMnNPhOzqtyN8sQi0v9UM2NDMYnff8SGoxh11HkMWcNyYUw29hWRlB2FgeYev9aE1\
     TAPxSztW0G99O5ybIkdz+DwBT95ICvvtKhkWtFPDrweebOOCVl8G+Zk6zqkN0rqxqh20QTpXUacWLb8CoBNSsNB1hRob92vS\
     qYQv1jXrc8d7dQ05QvHXuvqOSgTqIOK4BJ8DaDmFeQw7kUw0b1dxrA==";
    assert_eq!(open_field(&key(), field).as_deref(), Some("张三"));
}

#[test]
fn an_authorization_has_five_quoted_parameters_each_once() {
    let good =
        r#"WECHATPAY2-SHA256-RSA2048 mchid="1",nonce_str="n",signature="s",timestamp="2",serial_no="A""#;
    assert_eq!(Authorization::parse(good).map(|parsed| parsed.serial_no).as_deref(), Ok("A"));
    for (header, error) in [
        ("", AuthorizationError::Grammar),
        ("Bearer x", AuthorizationError::Scheme),
        (&good.replace(",nonce", ", nonce"), AuthorizationError::Grammar),
        (&good.replace("timestamp", "mchid"), AuthorizationError::Grammar),
        (&good.replace("\"n\"", "n"), AuthorizationError::Grammar),
        (&good.replace(",serial_no=\"A\"", ""), AuthorizationError::Grammar),
    ] {
        assert_eq!(Authorization::parse(header), Err(error), "{header}");
    }
}
