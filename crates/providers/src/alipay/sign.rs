//! The texts that Alipay signs, and the one that it wants signed: pure functions from parts to bytes.
//!
//! # Source
//! Alipay Open Platform, 自行实现签名 and 自行实现验签 (protocols/alipay.md sections 2.1, 2.2, 9.1).

use std::borrow::Cow;

/// One decoded parameter of a request or a form, in the bytes of the message's own charset.
pub(super) type Parameter<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// Which rule a form is signed by; they differ only in whether `sign_type` belongs to the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FormRule {
    /// Notifications of trades leave `sign_type` out (unlike requests).
    Trade,
    /// Service messages of a life account (生活号) keep it in.
    LifeAccount,
}

/// The text of a request that is signed: everything but `sign` and empty values, sorted by name, values raw.
pub(super) fn request_text(parameters: &[(&str, &str)]) -> Vec<u8> {
    let kept = parameters
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
        .filter(|(name, _)| *name != b"sign");
    joined(kept.collect())
}

/// The text of a notification that Alipay has signed. `parameters` is the whole form as received: names that nobody knows yet
/// are signed too.
pub(super) fn form_text(parameters: &[Parameter<'_>], rule: FormRule) -> Vec<u8> {
    let dropped = |name: &[u8]| match name {
        b"sign" | b"alipay_cert_sn" => true,
        b"sign_type" => rule == FormRule::Trade,
        _ => false,
    };
    joined(
        parameters
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()))
            .filter(|(name, _)| !dropped(name))
            .collect(),
    )
}

fn joined(mut parameters: Vec<(&[u8], &[u8])>) -> Vec<u8> {
    parameters.retain(|(_, value)| !value.is_empty());
    parameters.sort_unstable();
    let length = parameters.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    let mut text = Vec::with_capacity(length);
    for (name, value) in parameters {
        if !text.is_empty() {
            text.push(b'&');
        }
        text.extend_from_slice(name);
        text.push(b'=');
        text.extend_from_slice(value);
    }
    text
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    fn check(text: &[u8], length: usize, sha256: &str) {
        assert_eq!(text.len(), length, "{}", String::from_utf8_lossy(text));
        assert_eq!(hex::encode(Sha256::digest(text)), sha256, "{}", String::from_utf8_lossy(text));
    }

    /// Vector A1 of the protocol page, in the order of its worked example on the wire.
    pub(in crate::alipay) const A1: &[(&str, &str)] = &[
        ("app_id", "2021000100000001"),
        ("method", "alipay.trade.precreate"),
        ("format", "JSON"),
        ("sign_type", "RSA2"),
        ("timestamp", "2026-03-05 09:30:00"),
        ("version", "1.0"),
        ("notify_url", "https://pay.example-hospital.cn/n/alipay"),
        ("app_auth_token", ""),
        (
            "biz_content",
            r#"{"out_trade_no":"H20260305000001","total_amount":"88.50","subject":"门诊缴费 张+三","product_code":"QR_CODE_OFFLINE","timeout_express":"5m"}"#,
        ),
        ("charset", "utf-8"),
        ("sign", "whatever stands here"),
    ];

    #[test]
    fn a_request_is_signed_as_vector_a1_says() {
        check(&request_text(A1), 347, "c2025b10f721ffe382cf783e07c855762c15e070c62cdc1ecd37bc2529630b45");
    }

    #[test]
    fn the_two_form_rules_differ_only_in_sign_type() {
        let form: Vec<Parameter<'_>> = [
            ("sign_type", "RSA2"),
            ("b", "2"),
            ("sign", "x"),
            ("empty", ""),
            ("alipay_cert_sn", "05d8"),
            ("a", "1+ 1"),
        ]
        .iter()
        .map(|(name, value)| (Cow::Borrowed(name.as_bytes()), Cow::Borrowed(value.as_bytes())))
        .collect();
        assert_eq!(form_text(&form, FormRule::Trade), b"a=1+ 1&b=2");
        assert_eq!(form_text(&form, FormRule::LifeAccount), b"a=1+ 1&b=2&sign_type=RSA2");
    }
}
