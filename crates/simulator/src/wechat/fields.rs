//! Request bodies checked against tables: required, type, length, alphabet, and nothing that is not in the table.
//!
//! # Source
//! WeChat Pay API v3 reference, sections 1.1 (body rules) and 9.1 (messages). Lengths are counted in bytes, as the
//! live message says (`字节数 150，大于最大值 127`).

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::refusal::{Detail, Refusal};

/// What a field may hold.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Text of so many bytes.
    Text {
        /// Fewest bytes.
        min: usize,
        /// Most bytes.
        max: usize,
    },
    /// Text over digits, letters and these signs.
    Number {
        /// Fewest bytes.
        min: usize,
        /// Most bytes.
        max: usize,
        /// Signs that are allowed besides digits and letters.
        signs: &'static str,
    },
    /// One of these words.
    Word(&'static [&'static str]),
    /// RFC 3339 with a numeric offset.
    Time,
    /// An address for notifications: https, no query; plain http towards this machine only.
    Url {
        /// Most bytes.
        max: usize,
    },
    /// A whole number.
    Int {
        /// Smallest value.
        min: i64,
    },
    /// True or false.
    Bool,
    /// An object with these members.
    Object(&'static [Field]),
    /// An array of objects with these members.
    Objects(&'static [Field]),
    /// An array of text.
    Texts,
}

/// One member of an object.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Member name.
    pub key: &'static str,
    /// Name in messages.
    pub name: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// Whether it must be there.
    pub required: bool,
}

/// A member that must be there.
pub const fn must(key: &'static str, name: &'static str, kind: Kind) -> Field {
    Field { key, name, kind, required: true }
}

/// A member that may be there.
pub const fn may(key: &'static str, name: &'static str, kind: Kind) -> Field {
    Field { key, name, kind, required: false }
}

/// Parses a body and checks it against the table.
pub fn parse(body: &[u8], fields: &[Field]) -> Result<Map<String, Value>, Refusal> {
    let map = read(body)?;
    check(&map, fields, "/body")?;
    Ok(map)
}

/// Checks a body that was read.
pub fn check_body(map: &Map<String, Value>, fields: &[Field]) -> Result<(), Refusal> {
    check(map, fields, "/body")
}

/// Checks a number in the path.
pub fn check_path(text: &str, field: &Field) -> Result<(), Refusal> {
    check_value(&Value::from(text), field, &format!("/uri_template/{}", field.key)).map_err(|refusal| {
        Refusal { detail: Some(Detail { location: "uri_template", value: text.into() }), ..refusal }
    })
}

/// Parses a body without looking at its members.
pub fn read(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let text = std::str::from_utf8(body).map_err(|_| Refusal::param("请求体不是合法的UTF-8编码"))?;
    if text.chars().any(|character| character.len_utf8() == 4) {
        return Err(Refusal::param("请求体含有不支持的字符，仅支持1至3字节的UTF-8字符"));
    }
    let value: Value = serde_json::from_str(text).map_err(|_| Refusal::param("请求体不是合法的JSON格式"))?;
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(Refusal::param("请求体不是合法的JSON对象")),
    }
}

fn check(map: &Map<String, Value>, fields: &[Field], path: &str) -> Result<(), Refusal> {
    for key in map.keys() {
        if !fields.iter().any(|field| field.key == key) {
            return Err(Refusal::param("参数中含有非法的额外参数").internal(270_924_358));
        }
    }
    for field in fields {
        let path = format!("{path}/{}", field.key);
        match map.get(field.key) {
            None if field.required => return Err(missing("body", &path, field.name)),
            None => {}
            Some(value) => check_value(value, field, &path)?,
        }
    }
    Ok(())
}

/// A parameter that is not there; `location` is `body` or `uri_template`.
pub fn missing(location: &'static str, path: &str, name: &str) -> Refusal {
    Refusal::at(
        location,
        "".into(),
        format!("输入源“{path}”映射到字段“{name}”必填性规则校验失败，此字段为必填项"),
    )
}

fn check_value(value: &Value, field: &Field, path: &str) -> Result<(), Refusal> {
    let name = field.name;
    let text_rule = |reason: &str| {
        let message = format!("输入源“{path}”映射到值字段“{name}”字符串规则校验失败，{reason}");
        Refusal::at("body", value.clone(), message)
    };
    let wrong_type = || {
        Refusal::at(
            "body",
            value.clone(),
            format!("输入源“{path}”映射到字段“{name}”类型校验失败，类型不匹配"),
        )
    };
    match field.kind {
        Kind::Text { min, max } => {
            length(value.as_str().ok_or_else(wrong_type)?, min, max).map_err(|reason| text_rule(&reason))
        }
        Kind::Number { min, max, signs } => {
            let text = value.as_str().ok_or_else(wrong_type)?;
            length(text, min, max).map_err(|reason| text_rule(&reason))?;
            let allowed = |c: char| c.is_ascii_alphanumeric() || signs.contains(c);
            if text.chars().all(allowed) {
                Ok(())
            } else {
                Err(text_rule("字符串含有不允许的字符"))
            }
        }
        Kind::Word(words) => {
            let text = value.as_str().ok_or_else(wrong_type)?;
            if words.contains(&text) { Ok(()) } else { Err(text_rule("枚举值不在允许的范围内")) }
        }
        Kind::Time => match value.as_str() {
            Some(text) if time_ms(text).is_some() => Ok(()),
            Some(_) => Err(text_rule("字符串必须是符合 RFC3339 日期时间格式")),
            None => Err(wrong_type()),
        },
        Kind::Url { max } => {
            let text = value.as_str().ok_or_else(wrong_type)?;
            length(text, 1, max).map_err(|reason| text_rule(&reason))?;
            if may_notify(text) { Ok(()) } else { Err(text_rule("必须是不带参数的https地址")) }
        }
        Kind::Int { min } => {
            let number = value.as_i64().ok_or_else(wrong_type)?;
            if number >= min {
                return Ok(());
            }
            let message = format!("输入源“{path}”映射到数值字段“{name}”规则校验失败，值低于最小值 {min}");
            Err(Refusal::at("body", value.clone(), message))
        }
        Kind::Bool => value.as_bool().map(|_| ()).ok_or_else(wrong_type),
        Kind::Object(fields) => check(value.as_object().ok_or_else(wrong_type)?, fields, path),
        Kind::Objects(fields) => {
            for (index, item) in value.as_array().ok_or_else(wrong_type)?.iter().enumerate() {
                check(item.as_object().ok_or_else(wrong_type)?, fields, &format!("{path}/{index}"))?;
            }
            Ok(())
        }
        Kind::Texts => {
            let items = value.as_array().ok_or_else(wrong_type)?;
            if items.iter().all(Value::is_string) { Ok(()) } else { Err(wrong_type()) }
        }
    }
}

fn length(text: &str, min: usize, max: usize) -> Result<(), String> {
    match text.len() {
        short if short < min => Err(format!("字节数 {short}，小于最小值 {min}")),
        long if long > max => Err(format!("字节数 {long}，大于最大值 {max}")),
        _ => Ok(()),
    }
}

/// An RFC 3339 moment; a trailing `Z` is refused, since merchants report it as a cause of 参数非法.
pub fn time_ms(text: &str) -> Option<i64> {
    if text.ends_with(['Z', 'z']) {
        return None;
    }
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).ok()
}

/// Whether notifications may be sent there.
pub fn may_notify(text: &str) -> bool {
    let Ok(url) = url::Url::parse(text) else { return false };
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    scheme && url.query().is_none() && url.fragment().is_none()
}

/// Whether the address is this machine, where plain http is accepted.
pub fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The same JSON in one form, whatever the order of its keys: what re-entry is judged by.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            let members: Vec<String> = keys
                .iter()
                .map(|key| format!("{}:{}", Value::from(key.as_str()), canonical(&map[*key])))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Field] = &[
        must("no", "单号", Kind::Number { min: 6, max: 8, signs: "_-|*" }),
        may("at", "交易结束时间", Kind::Time),
        may("amount", "订单金额", Kind::Object(&[must("total", "总金额", Kind::Int { min: 1 })])),
        may("url", "通知地址", Kind::Url { max: 60 }),
    ];

    fn check(body: &str, expected: &str) {
        let seen = parse(body.as_bytes(), TABLE).map_or_else(|refusal| refusal.message, |_| String::new());
        assert_eq!(seen, expected, "{body}");
    }

    #[test]
    fn bodies_are_checked_member_by_member() {
        check(r#"{"no":"A|*-_1","amount":{"total":1},"at":"2026-01-01T12:00:00+08:00"}"#, "");
        check(r#"{"no":"A|*-_1","extra":1}"#, "参数中含有非法的额外参数");
        check(r#"{}"#, "输入源“/body/no”映射到字段“单号”必填性规则校验失败，此字段为必填项");
        check(
            r#"{"no":"12345"}"#,
            "输入源“/body/no”映射到值字段“单号”字符串规则校验失败，字节数 5，小于最小值 6",
        );
        check(
            r#"{"no":"12345!"}"#,
            "输入源“/body/no”映射到值字段“单号”字符串规则校验失败，字符串含有不允许的字符",
        );
        check(
            r#"{"no":"123456","at":"20220421191948"}"#,
            "输入源“/body/at”映射到值字段“交易结束时间”字符串规则校验失败，字符串必须是符合 RFC3339 日期时间格式",
        );
        check(
            r#"{"no":"123456","amount":{"total":0}}"#,
            "输入源“/body/amount/total”映射到数值字段“总金额”规则校验失败，值低于最小值 1",
        );
        check(
            r#"{"no":"123456","amount":{"total":1.5}}"#,
            "输入源“/body/amount/total”映射到字段“总金额”类型校验失败，类型不匹配",
        );
        check("[]", "请求体不是合法的JSON对象");
        check(r#"{"no":"12345😀"}"#, "请求体含有不支持的字符，仅支持1至3字节的UTF-8字符");
    }

    #[test]
    fn notifications_go_to_https_or_to_this_machine() {
        assert!(may_notify("https://pay.hospital.example/wechat/notify"));
        assert!(may_notify("http://127.0.0.1:8080/notify"));
        assert!(!may_notify("http://pay.hospital.example/notify"));
        assert!(!may_notify("https://pay.hospital.example/notify?a=1"));
    }

    #[test]
    fn key_order_does_not_matter_for_re_entry() {
        let read = |text| canonical(&serde_json::from_str(text).expect("json"));
        assert_eq!(read(r#"{"b":[1,{"d":2,"c":3}],"a":"x"}"#), read(r#"{"a":"x","b":[1,{"c":3,"d":2}]}"#));
    }
}
