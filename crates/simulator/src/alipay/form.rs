//! The parameters of a call: query and body merged, decoded in the caller's charset, and the values within.

use std::borrow::Cow;

use encoding_rs::Encoding;
use serde_json::{Map, Value};

use super::canonical::Parameters;
use super::refusal::Refusal;
use crate::clock;

/// The encoding that a `charset` parameter names; nothing for one that the gateway does not take.
pub(super) fn charset(name: &str) -> Option<&'static Encoding> {
    match name.to_ascii_lowercase().as_str() {
        "utf-8" => Some(encoding_rs::UTF_8),
        "gbk" | "gb2312" => Some(encoding_rs::GBK),
        _ => None,
    }
}

/// Merges query and body. `charset` is read from the query first, since it must be known before the body is decoded.
pub(super) fn merge(query: &str, body: &[u8]) -> Parameters {
    let pairs = || raw_pairs(query.as_bytes()).chain(raw_pairs(body));
    let named = pairs().find(|(name, _)| name == b"charset").map(|(_, value)| value);
    let encoding = named
        .and_then(|value| String::from_utf8(value).ok())
        .and_then(|name| charset(&name))
        .unwrap_or(encoding_rs::UTF_8);
    let decode = |bytes: Vec<u8>| encoding.decode_without_bom_handling(&bytes).0.into_owned();
    pairs().map(|(name, value)| (decode(name), decode(value))).collect()
}

fn raw_pairs(text: &[u8]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let middle = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let value = pair.get(middle.saturating_add(1)..).unwrap_or_default();
        (form_decode(&pair[..middle]), form_decode(value))
    })
}

/// `+` is a space, `%XX` a byte; a lone `%` stays.
fn form_decode(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        let byte = match first {
            b'+' => b' ',
            b'%' => match tail.get(..2).and_then(|pair| hex::decode(pair).ok()) {
                Some(decoded) => {
                    bytes.extend(decoded);
                    rest = &tail[2..];
                    continue;
                }
                None => b'%',
            },
            other => *other,
        };
        bytes.push(byte);
        rest = tail;
    }
    bytes
}

/// Bytes of a text in the caller's charset.
pub(super) fn encode<'text>(text: &'text str, charset_name: &str) -> Cow<'text, [u8]> {
    charset(charset_name).unwrap_or(encoding_rs::UTF_8).encode(text).0
}

/// The members of a `biz_content`.
pub(super) struct Content(Map<String, Value>);

impl Content {
    /// Reads the parameter; anything but a JSON object is refused by the gateway itself.
    pub(super) fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let text = parameters.get("biz_content").map_or("", String::as_str);
        match serde_json::from_str(text) {
            Ok(Value::Object(members)) => Ok(Content(members)),
            _ => Err(Refusal::argument("isv.illegal-json", "请求参数 biz_content 不是合法的 JSON")),
        }
    }

    /// A text member; absent, empty and null are the same.
    pub(super) fn text(&self, name: &str, longest: usize) -> Result<Option<String>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= longest => Ok(Some(text.clone())),
            Some(_) => Err(invalid(name)),
        }
    }

    /// A text member that must be there.
    pub(super) fn required(&self, name: &str, longest: usize) -> Result<String, Refusal> {
        self.text(name, longest)?.ok_or_else(|| invalid(name))
    }

    /// An amount in yuan as text or, since merchants do that, as a JSON number; in fen, at least one.
    pub(super) fn amount_fen(&self, name: &str) -> Result<i64, Refusal> {
        let text = match self.0.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return Err(invalid(name)),
        };
        fen(&text).filter(|fen| (1..=10_000_000_000).contains(fen)).ok_or_else(|| invalid(name))
    }

    /// A time of the form `yyyy-MM-dd HH:mm:ss` in China.
    pub(super) fn time_ms(&self, name: &str) -> Result<Option<i64>, Refusal> {
        match self.text(name, 32)? {
            None => Ok(None),
            Some(text) => date_time_ms(&text).map(Some).ok_or_else(|| invalid(name)),
        }
    }

    /// Whether `query_options` asks for this.
    pub(super) fn asks_for(&self, option: &str) -> bool {
        let options = self.0.get("query_options").and_then(Value::as_array);
        options.is_some_and(|options| options.iter().any(|one| one.as_str() == Some(option)))
    }
}

fn invalid(name: &str) -> Refusal {
    Refusal::business("ACQ.INVALID_PARAMETER", &format!("参数无效：{name}"))
}

/// Yuan text with at most two decimals, exactly, in fen.
pub(super) fn fen(text: &str) -> Option<i64> {
    let (whole, cents) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let dotted_well = !text.contains('.') || (1..=2).contains(&cents.len());
    if whole.is_empty() || whole.len() > 9 || !digits(whole) || !digits(cents) || !dotted_well {
        return None;
    }
    let cents = format!("{cents:0<2}");
    whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(cents.parse::<i64>().ok()?)
}

/// `yyyy-MM-dd HH:mm:ss` in China, as epoch milliseconds.
pub(super) fn date_time_ms(text: &str) -> Option<i64> {
    let (day, time_of_day) = text.split_once(' ')?;
    let format = time::macros::format_description!("[hour]:[minute]:[second]");
    let time_of_day = time::Time::parse(time_of_day, format).ok()?;
    let (hour, minute, second) = time_of_day.as_hms();
    let seconds = i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second);
    Some(clock::start_of_day_ms(day)? + seconds * clock::SECOND_MS)
}

/// When an order of `timeout_express` made now runs out; nothing for text of another form.
pub(super) fn timeout_ms(text: &str, now_ms: i64) -> Option<i64> {
    if text == "1c" {
        return clock::start_of_day_ms(&clock::day(now_ms)).map(|start_ms| start_ms + clock::DAY_MS);
    }
    let unit = text.chars().last()?;
    let count: i64 = text.strip_suffix(unit)?.parse().ok()?;
    let minutes = match unit {
        'm' => count,
        'h' => count.checked_mul(60)?,
        'd' => count.checked_mul(60 * 24)?,
        _ => return None,
    };
    (1..=15 * 24 * 60).contains(&minutes).then(|| now_ms + minutes * 60 * clock::SECOND_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_reads_digit_by_digit() {
        for (text, expected) in [
            ("88.50", Some(8850)),
            ("88.5", Some(8850)),
            ("88", Some(8800)),
            ("0.01", Some(1)),
            ("88.505", None),
            ("88.", None),
            (".5", None),
            ("-1.00", None),
            ("1e3", None),
            ("", None),
        ] {
            assert_eq!(fen(text), expected, "{text}");
        }
    }

    #[test]
    fn query_and_body_merge_in_the_charset_of_the_query() {
        let merged = merge("charset=GBK&app_id=1", b"subject=%C3%C5%D5%EF+a%2Bb%&empty=");
        assert_eq!(merged.get("subject").map(String::as_str), Some("门诊 a+b%"));
        assert_eq!(merged.get("empty").map(String::as_str), Some(""));
        assert_eq!(merged.get("app_id").map(String::as_str), Some("1"));
    }

    #[test]
    fn a_timeout_is_minutes_hours_days_or_the_end_of_the_day() {
        let noon = 1_767_240_000_000;
        assert_eq!(timeout_ms("90m", noon), Some(noon + 5_400_000));
        assert_eq!(timeout_ms("1c", noon).map(clock::date_time).as_deref(), Some("2026-01-02 00:00:00"));
        assert_eq!(timeout_ms("1.5h", noon), None);
        assert_eq!(timeout_ms("16d", noon), None);
        assert_eq!(date_time_ms("2026-01-01 12:00:00"), Some(noon));
    }
}
