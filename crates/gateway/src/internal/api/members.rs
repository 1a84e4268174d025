//! A request's JSON, read member by member. What is wrong is said by the member's name and never by its value: values are
//! names and card numbers, and an answer is kept for repeats.
//!
//! Refused are a member that is `null` (an optional member is left out: `null` could be read as "all of it"), one that is
//! there twice (two programs would read two requests), and one that is not known (a misspelt optional member would be lost
//! without a word).

use crate::http::api_error::ApiFailure;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// An object of a request while it is read.
pub(super) struct Members {
    path: String,
    members: Map<String, Value>,
    known: Vec<&'static str>,
}

impl Members {
    /// Reads a body, which must be one JSON object.
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiFailure> {
        let bad = |problem: &str| ApiFailure::bad_request(format!("the body {problem}"));
        if body.is_empty() {
            return Err(bad("is empty; a JSON object is wanted"));
        }
        match serde_json::from_slice(body) {
            Ok(Strict(Value::Object(members))) => {
                Ok(Self { path: String::new(), members, known: Vec::new() })
            }
            Ok(_) => Err(bad("is not a JSON object")),
            // Our own words only: those of the parser repeat what they met.
            Err(error) if error.is_data() => Err(ApiFailure::bad_request(error.to_string())),
            Err(error) => {
                Err(bad(&format!("is not JSON at line {} column {}", error.line(), error.column())))
            }
        }
    }

    /// The full name of a member, as in `patient.name`.
    fn name(&self, member: &str) -> String {
        if self.path.is_empty() { member.to_owned() } else { format!("{}.{member}", self.path) }
    }

    fn wrong(&self, member: &str, problem: &str) -> ApiFailure {
        ApiFailure::bad_request(format!("{} {problem}", self.name(member)))
    }

    fn take(&mut self, member: &'static str) -> Result<Option<Value>, ApiFailure> {
        self.known.push(member);
        match self.members.remove(member) {
            Some(Value::Null) => {
                Err(self.wrong(member, "is null; leave the member out when there is nothing to say"))
            }
            value => Ok(value),
        }
    }

    /// Says that a member is not there.
    pub(super) fn missing(&self, member: &str) -> ApiFailure {
        self.wrong(member, "is missing")
    }

    /// A text that may be left out.
    pub(super) fn optional_text(&mut self, member: &'static str) -> Result<Option<String>, ApiFailure> {
        match self.take(member)? {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(member, "must be a text in quotes")),
        }
    }

    /// A text.
    pub(super) fn text(&mut self, member: &'static str) -> Result<String, ApiFailure> {
        self.optional_text(member)?.ok_or_else(|| self.missing(member))
    }

    /// A whole number that may be left out.
    pub(super) fn optional_integer(&mut self, member: &'static str) -> Result<Option<i64>, ApiFailure> {
        match self.take(member)? {
            None => Ok(None),
            Some(Value::Number(number)) if number.as_i64().is_some() => Ok(number.as_i64()),
            Some(_) => Err(self.wrong(member, "must be a whole number without quotes and decimals")),
        }
    }

    /// A list of at most `most` texts, empty when it is left out.
    pub(super) fn texts(&mut self, member: &'static str, most: usize) -> Result<Vec<String>, ApiFailure> {
        let Some(value) = self.take(member)? else { return Ok(Vec::new()) };
        let wanted = format!("must be a list of at most {most} texts");
        let Value::Array(items) = value else { return Err(self.wrong(member, &wanted)) };
        if items.len() > most {
            return Err(self.wrong(member, &wanted));
        }
        items
            .into_iter()
            .map(|item| match item {
                Value::String(text) => Ok(text),
                _ => Err(self.wrong(member, &wanted)),
            })
            .collect()
    }

    /// An object within this one.
    pub(super) fn object(&mut self, member: &'static str) -> Result<Self, ApiFailure> {
        self.optional_object(member)?.ok_or_else(|| self.missing(member))
    }

    /// An object within this one that may be left out.
    pub(super) fn optional_object(&mut self, member: &'static str) -> Result<Option<Self>, ApiFailure> {
        match self.take(member)? {
            None => Ok(None),
            Some(Value::Object(members)) => {
                Ok(Some(Self { path: self.name(member), members, known: Vec::new() }))
            }
            Some(_) => Err(self.wrong(member, "must be an object")),
        }
    }

    /// Ends it: whatever nobody asked for is refused.
    pub(super) fn end(self) -> Result<(), ApiFailure> {
        match self.members.keys().next() {
            None => Ok(()),
            Some(unknown) => {
                let place = if self.path.is_empty() { String::new() } else { format!(" of {}", self.path) };
                let unknown = printable(unknown);
                let known = self.known.join(", ");
                Err(ApiFailure::bad_request(format!(
                    "there is no member {unknown}{place}; the members are {known}"
                )))
            }
        }
    }

    /// Says what a member must be.
    pub(super) fn refuse(&self, member: &str, rule: impl fmt::Display) -> ApiFailure {
        self.wrong(member, &format!("must be {rule}"))
    }

    /// Parses a member by a type of the domain, whose errors do not repeat the text.
    pub(super) fn parsed<T, E: fmt::Display>(
        &self,
        member: &str,
        text: String,
        parse: impl FnOnce(String) -> Result<T, E>,
    ) -> Result<T, ApiFailure> {
        parse(text).map_err(|error| self.wrong(member, &format!("is refused: {error}")))
    }
}

/// A name that may be said back: only when it looks like one.
fn printable(name: &str) -> String {
    let is_name = (1..=40).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if is_name { format!("{name:?}") } else { "of that name".to_owned() }
}

/// JSON in which no object has a member twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, Strict(value))) = map.next_entry::<String, Strict>()? {
            if members.contains_key(&name) {
                return Err(de::Error::custom(format!("the member {} is there twice", printable(&name))));
            }
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> String {
        let read = |mut members: Members| {
            members.text("name")?;
            members.optional_integer("amount_fen")?;
            members.texts("slips", 2)?;
            let mut patient = members.object("patient")?;
            patient.optional_text("phone")?;
            patient.end()?;
            members.end()
        };
        Members::parse(body.as_bytes()).and_then(read).expect_err(body).message
    }

    #[test]
    fn what_is_wrong_is_said_by_name_and_never_by_value() {
        for (body, said) in [
            ("", "the body is empty; a JSON object is wanted"),
            ("{", "the body is not JSON at line 1 column 1"),
            ("[]", "the body is not a JSON object"),
            (r#"{"name":"a","name":"b"}"#, "the member \"name\" is there twice at line 1 column 23"),
            (r#"{"patient":{}}"#, "name is missing"),
            (r#"{"name":null}"#, "name is null; leave the member out when there is nothing to say"),
            (r#"{"name":7}"#, "name must be a text in quotes"),
            (
                r#"{"name":"x","amount_fen":null}"#,
                "amount_fen is null; leave the member out when there is nothing to say",
            ),
            (
                r#"{"name":"x","amount_fen":"100"}"#,
                "amount_fen must be a whole number without quotes and decimals",
            ),
            (
                r#"{"name":"x","amount_fen":1.5}"#,
                "amount_fen must be a whole number without quotes and decimals",
            ),
            (r#"{"name":"x","slips":["a",null]}"#, "slips must be a list of at most 2 texts"),
            (r#"{"name":"x","slips":["a","b","c"]}"#, "slips must be a list of at most 2 texts"),
            (
                r#"{"name":"x","patient":{"phone":null}}"#,
                "patient.phone is null; leave the member out when there is nothing to say",
            ),
            (
                r#"{"name":"x","patient":{"fone":"1"}}"#,
                "there is no member \"fone\" of patient; the members are phone",
            ),
            (
                r#"{"name":"x","patient":{},"张三":1}"#,
                "there is no member of that name; the members are name, amount_fen, slips, patient",
            ),
        ] {
            assert_eq!(refused(body), said, "{body}");
        }
    }
}
