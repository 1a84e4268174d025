//! Taking an answer apart without touching a byte of what is signed.
//!
//! Alipay signs the raw text of the `…_response` member as it stands on the wire: escapes, order and blanks included.
//! Reading and printing it again would change `\/` into `/` and break every signature, so the extent of the member is found
//! by a scanner that knows nothing but strings and brackets, and JSON is parsed only after the signature was checked.
//!
//! # Source
//! protocols/alipay.md sections 1.2 and 2.2. Requests always say `charset=utf-8`, so answers are UTF-8; in GBK a trail byte
//! could look like a bracket or a backslash.

/// An answer's parts, borrowed from the body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Envelope<'a> {
    /// The raw value that is signed.
    pub node: &'a [u8],
    /// Whether it stood under `error_response` instead of the method's own name.
    pub is_error_node: bool,
    /// The signature, Base64.
    pub sign: Option<&'a str>,
    /// The serial of the certificate that signed, in certificate mode.
    pub cert_sn: Option<&'a str>,
}

/// Why a body is not an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAnAnswer {
    #[error("the body is not one JSON object (an HTML page of a proxy, or cut short)")]
    NotAnObject,
    #[error("the body names a member twice, so that its meaning would depend on the reader")]
    Doubled,
    #[error("the body has neither the member of the method nor error_response")]
    NoNode,
}

/// Finds the parts of the answer to `method` (`alipay.trade.query`).
pub(super) fn open<'a>(body: &'a [u8], method: &str) -> Result<Envelope<'a>, NotAnAnswer> {
    let members = members(body).ok_or(NotAnAnswer::NotAnObject)?;
    for (index, (name, _)) in members.iter().enumerate() {
        if members[..index].iter().any(|(earlier, _)| earlier == name) {
            return Err(NotAnAnswer::Doubled);
        }
    }
    let value = |wanted: &[u8]| members.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    let own_name = format!("{}_response", method.replace('.', "_"));
    let own = value(own_name.as_bytes());
    let node = own.or_else(|| value(b"error_response")).ok_or(NotAnAnswer::NoNode)?;
    let text = |name: &[u8]| value(name).and_then(plain_string).filter(|text| !text.is_empty());
    Ok(Envelope { node, is_error_node: own.is_none(), sign: text(b"sign"), cert_sn: text(b"alipay_cert_sn") })
}

/// The text of a JSON string without escapes. Base64 may come with `\/`; that one is handled by [`unescaped_base64`].
fn plain_string(value: &[u8]) -> Option<&str> {
    let inner = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    std::str::from_utf8(inner).ok()
}

/// A signature as it stood in JSON, where `/` may be written `\/`.
pub(super) fn unescaped_base64(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\\') { text.replace("\\/", "/").into() } else { text.into() }
}

type Member<'a> = (&'a [u8], &'a [u8]);

/// The members of the outermost object: names without quotes, values raw.
fn members(body: &[u8]) -> Option<Vec<Member<'_>>> {
    let mut found = Vec::with_capacity(4);
    let mut at = expect(body, skip_blanks(body, 0), b'{')?;
    at = skip_blanks(body, at);
    if body.get(at) == Some(&b'}') {
        return only_blanks_follow(body, at + 1).then_some(found);
    }
    loop {
        at = skip_blanks(body, at);
        let name_end = string_end(body, at)?;
        let name = &body[at + 1..name_end - 1];
        at = skip_blanks(body, expect(body, skip_blanks(body, name_end), b':')?);
        let value_end = value_end(body, at)?;
        found.push((name, &body[at..value_end]));
        at = skip_blanks(body, value_end);
        match body.get(at)? {
            b',' => at += 1,
            b'}' => return only_blanks_follow(body, at + 1).then_some(found),
            _ => return None,
        }
    }
}

fn only_blanks_follow(body: &[u8], at: usize) -> bool {
    skip_blanks(body, at) == body.len()
}

fn skip_blanks(body: &[u8], mut at: usize) -> usize {
    while matches!(body.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

fn expect(body: &[u8], at: usize, wanted: u8) -> Option<usize> {
    (body.get(at) == Some(&wanted)).then_some(at + 1)
}

/// The position after the string that starts at `at`.
fn string_end(body: &[u8], at: usize) -> Option<usize> {
    let mut at = expect(body, at, b'"')?;
    loop {
        match body.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The position after the value that starts at `at`. Brackets inside strings do not count.
fn value_end(body: &[u8], at: usize) -> Option<usize> {
    match body.get(at)? {
        b'"' => string_end(body, at),
        b'{' | b'[' => {
            let mut depth = 0_usize;
            let mut at = at;
            loop {
                match body.get(at)? {
                    b'"' => {
                        at = string_end(body, at)?;
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        _ => {
            let length = body[at..]
                .iter()
                .position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'))?;
            (length > 0).then_some(at + length)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    fn node(body: &str) -> Result<String, NotAnAnswer> {
        open(body.as_bytes(), "alipay.trade.query")
            .map(|envelope| String::from_utf8_lossy(envelope.node).into_owned())
    }

    #[test]
    fn the_signed_text_of_vector_a2_is_cut_out_byte_by_byte() {
        let text = r#"{"code":"10000","msg":"Success","out_trade_no":"H20260305000001","qr_code":"https:\/\/qr.alipay.com\/bax00000test"}"#;
        let body = format!(r#"{{"alipay_trade_precreate_response":{text},"sign":"f6bE=="}}"#);
        let envelope = open(body.as_bytes(), "alipay.trade.precreate").unwrap();
        assert_eq!(envelope.node.len(), 115);
        assert_eq!(
            hex::encode(Sha256::digest(envelope.node)),
            "168b5ac21433800f27f2845002b921bf2c2fff31593a8ae609012aec0a71f33a"
        );
        assert_eq!((envelope.sign, envelope.cert_sn, envelope.is_error_node), (Some("f6bE=="), None, false));
    }

    #[test]
    fn members_come_in_any_order_with_any_blanks() {
        let body = "\r\n{ \"sign\" : \"a\\/b\" ,\n\"alipay_cert_sn\":\"05d8\", \"alipay_trade_query_response\" : { \"a\" : [ 1 , {} ] } }\n";
        let envelope = open(body.as_bytes(), "alipay.trade.query").unwrap();
        assert_eq!(envelope.node, br#"{ "a" : [ 1 , {} ] }"#);
        assert_eq!(envelope.sign.map(unescaped_base64).as_deref(), Some("a/b"));
        assert_eq!(envelope.cert_sn, Some("05d8"));
    }

    #[test]
    fn brackets_and_quotes_inside_strings_do_not_count() {
        let inner = r#"{"sub_msg":"} \" ] { \\","x":"[\\\"}"}"#;
        let body = format!(r#"{{"n":null,"t":-1.5e3,"alipay_trade_query_response":{inner},"sign":"s"}}"#);
        assert_eq!(node(&body).unwrap(), inner);
    }

    #[test]
    fn an_error_may_stand_under_its_own_name() {
        let envelope = open(br#"{"error_response":{"code":"40002"}}"#, "alipay.trade.query").unwrap();
        assert!(envelope.is_error_node);
        assert_eq!(envelope.sign, None);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let doubled =
            r#"{"alipay_trade_query_response":{"code":"1"},"alipay_trade_query_response":{"code":"2"}}"#;
        assert_eq!(node(doubled), Err(NotAnAnswer::Doubled));
    }

    #[test]
    fn pages_and_torn_bodies_are_refused() {
        for body in [
            "",
            "<html>",
            "[]",
            "\"x\"",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":{",
            "{\"a\":\"x",
            "{\"a\":1,}",
            "{} {}",
            "{\"a\":\"\\",
            "{\"alipay_trade_query_response\":{\"code\":\"10000\"",
        ] {
            assert_eq!(node(body), Err(NotAnAnswer::NotAnObject), "{body}");
        }
        assert_eq!(node("{}"), Err(NotAnAnswer::NoNode));
        assert_eq!(node("{\"sign\":\"x\"}"), Err(NotAnAnswer::NoNode));
    }
}
