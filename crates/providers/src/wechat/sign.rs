//! The strings that are signed, from their parts. Pure; the vectors of section 12 are tested against them.

/// What the merchant signs of a request.
///
/// `path_and_query` is what goes over the wire: encoded, without scheme and host.
///
/// # Source
/// Section 1.2.
pub fn request_message(
    method: &str,
    path_and_query: &str,
    timestamp: i64,
    nonce: &str,
    body: &[u8],
) -> Vec<u8> {
    let mut message = format!("{method}\n{path_and_query}\n{timestamp}\n{nonce}\n").into_bytes();
    message.extend_from_slice(body);
    message.push(b'\n');
    message
}

/// What WeChat signs of an answer or a notification. `timestamp` is the header's text as it came.
///
/// # Source
/// Section 1.4.
pub fn answer_message(timestamp: &str, nonce: &str, body: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(timestamp.len() + nonce.len() + body.len() + 3);
    for part in [timestamp.as_bytes(), nonce.as_bytes(), body] {
        message.extend_from_slice(part);
        message.push(b'\n');
    }
    message
}

/// What the merchant signs for the payer's page. For JSAPI `package` is `prepay_id=…`.
///
/// # Source
/// Section 2.2. `signType` is not signed.
pub fn pay_message(appid: &str, timestamp: i64, nonce: &str, package: &str) -> String {
    format!("{appid}\n{timestamp}\n{nonce}\n{package}\n")
}

/// The value of the `Authorization` header.
///
/// # Source
/// Section 1.2: no blanks around commas or equals signs.
pub fn authorization(mchid: &str, serial: &str, timestamp: i64, nonce: &str, signature: &str) -> String {
    format!(
        "WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\",nonce_str=\"{nonce}\",timestamp=\"{timestamp}\",\
         serial_no=\"{serial}\",signature=\"{signature}\""
    )
}
