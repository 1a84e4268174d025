//! A posted form as names and values, in order, within bounds.

use actix_web::HttpRequest;
use std::borrow::Cow;

/// The fields of a form.
#[derive(Clone, Debug, Default)]
pub struct Form(Vec<(String, String)>);

/// Fields that any form of ours may have.
const MOST_FIELDS: usize = 64;

impl Form {
    /// Reads `application/x-www-form-urlencoded`. `None`: not UTF-8, or more fields than any page of ours sends.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(body)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let lossy = |text: &String| text.contains('\u{fffd}') || text.contains('\0');
        if fields.len() > MOST_FIELDS || fields.iter().any(|(name, value)| lossy(name) || lossy(value)) {
            return None;
        }
        Some(Self(fields))
    }

    /// The first value of a name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All values of a name.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A field of the address's query, decoded.
pub fn query_value(request: &HttpRequest, name: &str) -> Option<String> {
    url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// A path of our own to come back to; anything else leads to the list.
pub fn own_path(text: Option<&str>) -> Cow<'_, str> {
    match text {
        Some(path)
            if path.starts_with('/')
                && !path.starts_with("//")
                && path.len() < 512
                && path.bytes().all(|byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'%')
                }) =>
        {
            Cow::Borrowed(path)
        }
        _ => Cow::Borrowed("/slips"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_order() {
        let form = Form::parse(b"slip=1&slip=3&csrf=a%2Bb&name=%E5%BC%A0").unwrap();
        assert_eq!(form.values("slip").collect::<Vec<_>>(), ["1", "3"]);
        assert_eq!(form.value("csrf"), Some("a+b"));
        assert_eq!(form.value("name"), Some("张"));
        assert!(Form::parse(b"a=%FF").is_none());
        assert!(Form::parse("x=1&".repeat(65).as_bytes()).is_none());
    }

    #[test]
    fn only_our_own_paths_are_come_back_to() {
        assert_eq!(own_path(Some("/result/ABC")), "/result/ABC");
        assert_eq!(own_path(Some("/result/%E5%BC%A0")), "/result/%E5%BC%A0");
        for foreign in ["//evil.example", "https://evil.example", "/a?b=c", "javascript:x", "/\\evil"] {
            assert_eq!(own_path(Some(foreign)), "/slips", "{foreign}");
        }
    }
}
