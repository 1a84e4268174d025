//! Vectors A1 to A3 of the protocol page: their signatures verify over the texts that this adapter makes.

use super::super::answer;
use super::super::sign::tests::A1;
use super::*;
use mingfen_provider_api::{News, NotVerified, RawNotification, Sighted};

pub(super) const KEY: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqKQlgynj/+sba0iJvgEW
eVXnKmYCXds1lTSk9fByJmtsjgt/pkbt8wd5H5NSkYV0mYFO3rdbmMDvr4OvsTSq
7qE8ESE7GmRQqdyRvYIQrf8Xz1sKD69CNyiPYBmhjLPeI+SbESofMhtQpq1BP1vi
4SKqyyzfo3ONqhZdOHOCvNicOxLGog6M+Z4KTmvnsi9yqVnHvtO3Jt8Ip95oIwtW
dCFvX2FLHGGGjL3gUVuc65/4cnqXeM33m+YpO3i9TDhTbUP2yOVt7uGlQSIz2AGW
ZtYREwyTi1ivK3W3RNPOTz5dMw/lN+d1j5UAF8Wj5m1XDkYpYko6mXnrAsN7tZqf
HwIDAQAB
-----END PUBLIC KEY-----";
const SIGN_A1: &str = "NOyVB9uqvo/zF3Romj0sy1hroRxSLjNmM8RFfVBHZDxfR8cVci1dgt0Rt8vGaPte8CYrVfTbzs7n6cj1whJE1OtpLl1B8YkS1AJdEvdBHPghgXTri4OGclrJt6/m+D4P7nNq5tAA/dKT97mNaPUZ7TlqWHZqZwgo1a3ajMLKKmGF4PAE8bBikJ+hNUnys1mAIbK3Q9sWRSUgEest0aBpoba0NbhK5q0OPk4vclRN5l3nYLXhN9+74wvdLkwgBCZcenlvzZPnmPPr7atIBcuoRbyBDSBmrKXfmeIxCanPsbQi/lNXOeBzdoN6uh0G//zYpxf0kcfGuSvjIONwF47CVQ==";
const SIGN_A2: &str = "f6bE7rIogcgYMJ5aDKcC/kHUzoHKAmwtE7S2nxxT95KNdykruuDSdEYCqr5kH+54z/AA4cKKeANi7A/WxHHY4yhenEpzrE7d7oMGn7sxYHnjJxUykgqcmgl8s4cZwXCOYZobO8OrT9syk14jjRSilHjzdIKuksPisGyqRv0zqmRx6/1OJbee6YlAXKLtdYXUm8IqOI/A24E4eTNfy/t+ZilB5RXWqYoiowsdUXgkmf5VqkoS2JwUPruWY3GYBpx9xTBdwkFhpNN5UulShDO2+5i0KOQA4oviGSI6e4EVsF/b+cfCO/Sp3scbvQThFSTUTDQSPru3CIcfW95svkYDJQ==";
const SIGN_A3: &str = "SVFo41XABGHdomeivaRj2qv7IHT9rhcDkxAnddF/WhgThfAiqfah7SVjd7PYC+xzjE4P3FUs4LyGxz9csir4sVOBXVthN9C1mi1Pz0iuatxh5+Lmsi0zKxrCpz4dabfxtZqoPHqofKXVrWEDNEcsVr4KQ4OF15Pug8AE+X7cqJQVegV756oTQlRYjfWvkzQoebFYXkP7RNwLkMvgWvu53LJiybTEm48ImGCuQQ33xQ8MwTh8FnjnIImOBbeeFTpck/USGnTffA1AsdwCzJHfcqNGoNrJFzyuufaLgu6UmBRtuYr1yuqDsFtUR3Nd8GP45gUKdheVWtEFAm3udl0kvQ==";

/// The notification of A3 as it is on the wire.
const A3: &[(&str, &str)] = &[
    ("gmt_create", "2026-03-05 09:30:41"),
    ("charset", "utf-8"),
    ("seller_id", "2088100000000001"),
    ("subject", "门诊缴费 张+三"),
    ("sign", SIGN_A3),
    ("sign_type", "RSA2"),
    ("app_id", "2021000100000001"),
    ("auth_app_id", "2021000100000001"),
    ("buyer_id", "2088000000000001"),
    ("buyer_logon_id", "138****0000"),
    ("buyer_pay_amount", "88.50"),
    ("fund_bill_list", r#"[{"amount":"88.50","fundChannel":"ALIPAYACCOUNT"}]"#),
    ("gmt_payment", "2026-03-05 09:30:45"),
    ("invoice_amount", "88.50"),
    ("notify_id", "2026030500222093045000011442501234"),
    ("notify_time", "2026-03-05 09:30:46"),
    ("notify_type", "trade_status_sync"),
    ("out_trade_no", "H20260305000001"),
    ("passback_params", "w%3Dopd1%26t%3D3"),
    ("point_amount", "0.00"),
    ("receipt_amount", "88.50"),
    ("total_amount", "88.50"),
    ("trade_no", "2026030522001400001000000001"),
    ("trade_status", "TRADE_SUCCESS"),
    ("version", "1.0"),
];

#[test]
fn a1_the_text_of_a_request() {
    let verifier = keys::public_key(KEY).unwrap();
    assert!(verifier.verifies(&request_text(A1), SIGN_A1));
}

#[test]
fn a2_the_text_of_an_answer() {
    let node = r#"{"code":"10000","msg":"Success","out_trade_no":"H20260305000001","qr_code":"https:\/\/qr.alipay.com\/bax00000test"}"#;
    let body = format!(r#"{{"alipay_trade_precreate_response":{node},"sign":"{SIGN_A2}"}}"#);
    let envelope = answer::open(body.as_bytes(), "alipay.trade.precreate").unwrap();
    let verifier = keys::public_key(KEY).unwrap();
    assert!(verifier.verifies(envelope.node, envelope.sign.unwrap()));
    let reprinted = body.replace("\\/", "/");
    let envelope = answer::open(reprinted.as_bytes(), "alipay.trade.precreate").unwrap();
    assert!(!verifier.verifies(envelope.node, SIGN_A2), "a reprinted answer is no longer what was signed");
}

#[test]
fn a3_a_notification_from_the_wire() {
    let mut table = table("http://127.0.0.1:1", "");
    table.insert("alipay_public_key".to_owned(), toml::Value::String(KEY.to_owned()));
    let channel = config::read(&context(), &table).unwrap_or_else(|errors| panic!("{errors:?}"));
    let wire = |pairs: &[(&str, &str)]| {
        let owned: Vec<_> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let body = super::super::call::encoded(&owned).replace("%20", "+");
        RawNotification { headers: Vec::new(), body: body.into_bytes(), received_at: NOW }
    };
    let raw = wire(A3);
    let verified = channel.notifications().unwrap().verify(&raw).unwrap();
    assert_eq!(verified.event_id(), "2026030500222093045000011442501234");
    match verified.into_news() {
        News::Order(sighting) => {
            assert_eq!(sighting.out_trade_no.as_str(), ORDER);
            match sighting.seen {
                Sighted::Paid { provider_trade_no, amount, paid_at } => {
                    assert_eq!((provider_trade_no.as_str(), amount.get()), (TRADE, 8850));
                    assert_eq!(paid_at.to_beijing_text(), "2026-03-05 09:30:45");
                }
                other => panic!("{other:?}"),
            }
        }
        other => panic!("{other:?}"),
    }
    let mut forged = A3.to_vec();
    forged.retain(|(name, _)| *name != "total_amount");
    forged.push(("total_amount", "0.01"));
    assert_eq!(
        channel.notifications().unwrap().verify(&wire(&forged)).err(),
        Some(NotVerified::WrongSignature)
    );
}
