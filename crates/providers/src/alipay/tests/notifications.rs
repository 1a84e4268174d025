//! Being told: what is believed, and what it means.

use super::*;
use crate::alipay::sign::FormRule;
use mingfen_provider_api::{
    News, NotVerified, OrderSighting, RawNotification, RefundSighting, Sighted, SightedRefund, Verified,
};

const PAID: &[(&str, &str)] = &[
    ("notify_type", "trade_status_sync"),
    ("notify_id", "n1"),
    ("app_id", APP_ID),
    ("seller_id", SELLER_ID),
    ("charset", "utf-8"),
    ("sign_type", "RSA2"),
    ("out_trade_no", ORDER),
    ("trade_no", TRADE),
    ("trade_status", "TRADE_SUCCESS"),
    ("total_amount", "88.50"),
    ("gmt_payment", "2026-03-05 09:30:45"),
    ("a_field_of_tomorrow", "张+三 & 100%"),
];

/// A signed notification: `PAID` with `changes`; an empty value takes a field away.
fn notification(changes: &[(&str, &str)], rule: FormRule) -> RawNotification {
    let mut fields: Vec<(String, String)> =
        PAID.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    for (name, value) in changes {
        fields.retain(|(candidate, _)| candidate != name);
        if !value.is_empty() {
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    let body = crate::alipay::call::encoded(&fields);
    let text = Form::parse(body.as_bytes()).unwrap().signed_text(rule);
    fields.push(("sign".to_owned(), ALIPAY.signer().sign(&text).unwrap()));
    let body = crate::alipay::call::encoded(&fields).into_bytes();
    RawNotification { headers: Vec::new(), body, received_at: NOW }
}

fn verify(raw: &RawNotification) -> Result<Verified<News>, NotVerified> {
    channel("http://127.0.0.1:1").notifications().unwrap().verify(raw)
}

fn told(changes: &[(&str, &str)]) -> News {
    verify(&notification(changes, FormRule::Trade)).unwrap().into_news()
}

fn of_the_order(changes: &[(&str, &str)]) -> Sighted {
    match told(changes) {
        News::Order(OrderSighting { out_trade_no, seen }) => {
            assert_eq!(out_trade_no.as_str(), ORDER);
            seen
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_payment_is_told() {
    assert!(matches!(of_the_order(&[]), Sighted::Paid { amount, .. } if amount.get() == 8850));
    assert!(matches!(of_the_order(&[("trade_status", "TRADE_FINISHED")]), Sighted::Paid { .. }));
}

#[test]
fn a_closed_trade_was_paid_when_it_has_a_payment_time() {
    let closed = ("trade_status", "TRADE_CLOSED");
    assert_eq!(of_the_order(&[closed, ("gmt_payment", "")]), Sighted::Closed);
    assert!(matches!(of_the_order(&[closed]), Sighted::Paid { .. }));
}

#[test]
fn what_cannot_be_read_stays_pending() {
    assert_eq!(of_the_order(&[("trade_status", "WAIT_BUYER_PAY"), ("gmt_payment", "")]), Sighted::Waiting);
    for status in ["TRADE_FINISHED", "TRADE_SUCCESS", "NEW_STATUS"] {
        let seen = of_the_order(&[("trade_status", status), ("gmt_payment", "")]);
        assert!(matches!(seen, Sighted::Unknown { .. }), "{seen:?}");
    }
}

#[test]
fn a_refund_is_never_told_as_a_second_payment() {
    let refund = [
        ("out_biz_no", "R20260305000001"),
        ("refund_fee", "18.50"),
        ("gmt_refund", "2026-03-05 11:05:00.123"),
    ];
    let closed = [refund.as_slice(), &[("trade_status", "TRADE_CLOSED")]].concat();
    for changes in [refund.to_vec(), closed] {
        match told(&changes) {
            News::Refund(RefundSighting { out_refund_no, amount, seen, .. }) => {
                assert_eq!(out_refund_no.as_str(), "R20260305000001");
                assert_eq!(amount, None, "refund_fee is the sum of all refunds");
                assert!(matches!(seen, SightedRefund::Succeeded { refunded_at, .. }
                    if refunded_at == Timestamp::from_beijing_text("2026-03-05 11:05:00.123").unwrap()));
            }
            other => panic!("{other:?}"),
        }
    }
    for part in refund {
        assert!(matches!(told(&[part]), News::Other { .. }), "{part:?}");
    }
    let by_hand = [("out_biz_no", ORDER), ("refund_fee", "88.50"), ("gmt_refund", "2026-03-05 11:05:00.123")];
    assert!(matches!(told(&by_hand), News::Other { .. }));
}

#[test]
fn other_kinds_are_kept_and_not_acted_on() {
    assert_eq!(told(&[("notify_type", "dut_user_sign")]), News::Other { kind: "dut_user_sign".to_owned() });
}

#[test]
fn life_account_messages_are_signed_with_their_sign_type() {
    let raw = notification(&[("notify_type", "fuwu_follow")], FormRule::LifeAccount);
    assert!(verify(&raw).is_ok());
}

#[test]
fn a_certificate_named_in_public_key_mode_changes_nothing() {
    let raw = notification(&[("alipay_cert_sn", "05d88faef76d723019c5c14d3ecd014a")], FormRule::Trade);
    assert!(verify(&raw).is_ok());
}

#[test]
fn what_is_for_others_is_refused_by_name() {
    for change in [("app_id", "2021000100000009"), ("seller_id", "2088100000000009")] {
        let refused = verify(&notification(&[change], FormRule::Trade)).err();
        assert!(matches!(refused, Some(NotVerified::OtherMerchant(_))), "{refused:?}");
    }
}

#[test]
fn what_is_not_signed_by_alipay_proves_nothing() {
    let good = notification(&[], FormRule::Trade);
    let text = String::from_utf8(good.body.clone()).unwrap();
    let with = |body: String| RawNotification { body: body.into_bytes(), ..good.clone() };
    for (body, expected) in [
        (text.replace("88.50", "88.51"), NotVerified::WrongSignature),
        (text.replace("sign=", "sign=AAAA"), NotVerified::WrongSignature),
        (format!("{text}&extra=1"), NotVerified::WrongSignature),
        (text.replace("charset=utf-8&", ""), NotVerified::WrongSignature),
    ] {
        assert_eq!(verify(&with(body)).err(), Some(expected));
    }
    for body in [
        String::new(),
        "{}".to_owned(),
        format!("{text}&total_amount=0.01"),
        text.replace("sign_type=RSA2", "sign_type=RSA"),
        text.split("&sign=").next().unwrap().to_owned(),
        "x=%ZZ".to_owned(),
    ] {
        let refused = verify(&with(body)).err();
        assert!(matches!(refused, Some(NotVerified::Malformed(_))), "{refused:?}");
    }
}

#[test]
fn a_genuine_notification_without_what_it_must_hold_is_malformed() {
    for change in [
        ("notify_id", ""),
        ("app_id", ""),
        ("seller_id", ""),
        ("out_trade_no", ""),
        ("out_trade_no", "a-b"),
        ("trade_no", ""),
        ("total_amount", "88.505"),
        ("total_amount", "0.00"),
        ("gmt_payment", "yesterday"),
    ] {
        let refused = verify(&notification(&[change], FormRule::Trade)).err();
        assert!(matches!(refused, Some(NotVerified::Malformed(_))), "{change:?} {refused:?}");
    }
}

#[test]
fn an_unproven_notification_is_good_for_a_hint() {
    let channel = channel("http://127.0.0.1:1");
    let notifications = channel.notifications().unwrap();
    let raw = |body: &str| RawNotification {
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
        received_at: NOW,
    };
    let hint = notifications.hint(&raw("out_trade_no=H20260305000001&sign=x"));
    assert_eq!(hint.as_ref().map(mingfen_domain::ids::OutTradeNo::as_str), Some(ORDER));
    for body in ["", "out_trade_no=%zz", "out_trade_no=a-b", "<xml>"] {
        assert_eq!(notifications.hint(&raw(body)), None, "{body}");
    }
}

#[test]
fn alipay_hears_seven_bytes() {
    let channel = channel("http://127.0.0.1:1");
    let notifications = channel.notifications().unwrap();
    assert_eq!(notifications.acknowledge(true).body, "success");
    assert_eq!(notifications.acknowledge(false).body, "failure");
    assert_eq!(notifications.acknowledge(false).status, 200);
}
