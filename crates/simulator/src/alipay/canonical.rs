//! The texts that are signed, from parts. Pure; held against the vectors of the protocol page.
//!
//! # Source
//! Alipay Open Platform, "签名规则" (request: `sign_type` stays) and "异步通知验签" (notification: it goes).

use std::collections::BTreeMap;

/// Names and decoded values.
pub(super) type Parameters = BTreeMap<String, String>;

/// What a caller signs: everything but `sign` and empty values, in order of name.
pub(super) fn request_text(parameters: &Parameters) -> String {
    joined(parameters, &["sign"])
}

/// What Alipay signs in a notification or on a return address: `sign_type` and the certificate's number go too.
pub(super) fn notification_text(parameters: &Parameters) -> String {
    joined(parameters, &["sign", "sign_type", "alipay_cert_sn"])
}

fn joined(parameters: &Parameters, left_out: &[&str]) -> String {
    let pairs: Vec<String> = parameters
        .iter()
        .filter(|(name, value)| !value.is_empty() && !left_out.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use rsa::PublicKey;
    use rsa::pkcs1v15::{Signature, VerifyingKey};
    use rsa::pkcs8::DecodePublicKey;
    use rsa::signature::Verifier;
    use sha2::Sha256;

    use super::*;

    const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqKQlgynj/+sba0iJvgEW
eVXnKmYCXds1lTSk9fByJmtsjgt/pkbt8wd5H5NSkYV0mYFO3rdbmMDvr4OvsTSq
7qE8ESE7GmRQqdyRvYIQrf8Xz1sKD69CNyiPYBmhjLPeI+SbESofMhtQpq1BP1vi
4SKqyyzfo3ONqhZdOHOCvNicOxLGog6M+Z4KTmvnsi9yqVnHvtO3Jt8Ip95oIwtW
dCFvX2FLHGGGjL3gUVuc65/4cnqXeM33m+YpO3i9TDhTbUP2yOVt7uGlQSIz2AGW
ZtYREwyTi1ivK3W3RNPOTz5dMw/lN+d1j5UAF8Wj5m1XDkYpYko6mXnrAsN7tZqf
HwIDAQAB
-----END PUBLIC KEY-----
";

    fn verifies(text: &str, sign: &str) -> bool {
        let key = PublicKey::from_public_key_pem(PUBLIC_KEY).expect("a key");
        let bytes = STANDARD.decode(sign).expect("Base64");
        let signature = Signature::try_from(bytes.as_slice()).expect("a signature");
        VerifyingKey::<Sha256>::new(key).verify(text.as_bytes(), &signature).is_ok()
    }

    fn parameters(pairs: &[(&str, &str)]) -> Parameters {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// Vector A1 of the protocol page.
    #[test]
    fn a_request_keeps_sign_type_and_drops_empty_values() {
        let text = request_text(&parameters(&[
            ("version", "1.0"),
            ("app_auth_token", ""),
            ("sign", "left out"),
            ("app_id", "2021000100000001"),
            ("method", "alipay.trade.precreate"),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("timestamp", "2026-03-05 09:30:00"),
            ("notify_url", "https://pay.example-hospital.cn/n/alipay"),
            (
                "biz_content",
                r#"{"out_trade_no":"H20260305000001","total_amount":"88.50","subject":"门诊缴费 张+三","product_code":"QR_CODE_OFFLINE","timeout_express":"5m"}"#,
            ),
        ]));
        assert_eq!(text.len(), 347);
        assert!(verifies(
            &text,
            "NOyVB9uqvo/zF3Romj0sy1hroRxSLjNmM8RFfVBHZDxfR8cVci1dgt0Rt8vGaPte8CYrVfTbzs7n6cj1whJE1OtpLl1B8YkS1AJdEvdBHPghgXTri4OGclrJt6/m+D4P7nNq5tAA/dKT97mNaPUZ7TlqWHZqZwgo1a3ajMLKKmGF4PAE8bBikJ+hNUnys1mAIbK3Q9sWRSUgEest0aBpoba0NbhK5q0OPk4vclRN5l3nYLXhN9+74wvdLkwgBCZcenlvzZPnmPPr7atIBcuoRbyBDSBmrKXfmeIxCanPsbQi/lNXOeBzdoN6uh0G//zYpxf0kcfGuSvjIONwF47CVQ=="
        ));
    }

    /// Vector A3 of the protocol page.
    #[test]
    fn a_notification_drops_sign_type_too() {
        let text = notification_text(&parameters(&[
            ("app_id", "2021000100000001"),
            ("auth_app_id", "2021000100000001"),
            ("buyer_id", "2088000000000001"),
            ("buyer_logon_id", "138****0000"),
            ("buyer_pay_amount", "88.50"),
            ("charset", "utf-8"),
            ("fund_bill_list", r#"[{"amount":"88.50","fundChannel":"ALIPAYACCOUNT"}]"#),
            ("gmt_create", "2026-03-05 09:30:41"),
            ("gmt_payment", "2026-03-05 09:30:45"),
            ("invoice_amount", "88.50"),
            ("notify_id", "2026030500222093045000011442501234"),
            ("notify_time", "2026-03-05 09:30:46"),
            ("notify_type", "trade_status_sync"),
            ("out_trade_no", "H20260305000001"),
            ("passback_params", "w%3Dopd1%26t%3D3"),
            ("point_amount", "0.00"),
            ("receipt_amount", "88.50"),
            ("seller_id", "2088100000000001"),
            ("sign_type", "RSA2"),
            ("alipay_cert_sn", "left out"),
            ("subject", "门诊缴费 张+三"),
            ("total_amount", "88.50"),
            ("trade_no", "2026030522001400001000000001"),
            ("trade_status", "TRADE_SUCCESS"),
            ("version", "1.0"),
        ]));
        assert_eq!(text.len(), 652);
        assert!(verifies(
            &text,
            "SVFo41XABGHdomeivaRj2qv7IHT9rhcDkxAnddF/WhgThfAiqfah7SVjd7PYC+xzjE4P3FUs4LyGxz9csir4sVOBXVthN9C1mi1Pz0iuatxh5+Lmsi0zKxrCpz4dabfxtZqoPHqofKXVrWEDNEcsVr4KQ4OF15Pug8AE+X7cqJQVegV756oTQlRYjfWvkzQoebFYXkP7RNwLkMvgWvu53LJiybTEm48ImGCuQQ33xQ8MwTh8FnjnIImOBbeeFTpck/USGnTffA1AsdwCzJHfcqNGoNrJFzyuufaLgu6UmBRtuYr1yuqDsFtUR3Nd8GP45gUKdheVWtEFAm3udl0kvQ=="
        ));
    }

    /// Vector A2: an answer's text is its raw bytes, escapes included.
    #[test]
    fn an_answer_is_signed_with_its_escapes() {
        let text = r#"{"code":"10000","msg":"Success","out_trade_no":"H20260305000001","qr_code":"https:\/\/qr.alipay.com\/bax00000test"}"#;
        let sign = "f6bE7rIogcgYMJ5aDKcC/kHUzoHKAmwtE7S2nxxT95KNdykruuDSdEYCqr5kH+54z/AA4cKKeANi7A/WxHHY4yhenEpzrE7d7oMGn7sxYHnjJxUykgqcmgl8s4cZwXCOYZobO8OrT9syk14jjRSilHjzdIKuksPisGyqRv0zqmRx6/1OJbee6YlAXKLtdYXUm8IqOI/A24E4eTNfy/t+ZilB5RXWqYoiowsdUXgkmf5VqkoS2JwUPruWY3GYBpx9xTBdwkFhpNN5UulShDO2+5i0KOQA4oviGSI6e4EVsF/b+cfCO/Sp3scbvQThFSTUTDQSPru3CIcfW95svkYDJQ==";
        assert!(verifies(text, sign));
        assert!(!verifies(&text.replace("\\/", "/"), sign));
    }
}
