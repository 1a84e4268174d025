//! Reading an answer member by member, strictly, with an error that names the member: `slips[2].total_fen`.
//!
//! Read by hand and not derived, because the error is what a HIS vendor works from, and a derived one repeats the value it
//! did not like, which here may be a patient's name.

use crate::text::clean;
use mingfen_domain::ids::IdError;
use mingfen_domain::{Amount, Fen, Timestamp};
use serde_json::Value;

/// Where an answer is not what the contract says.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer's {path} is {problem}")]
pub(super) struct Misread {
    path: String,
    problem: String,
}

/// A place in an answer: its value and the way to it.
pub(super) struct Member<'a> {
    path: String,
    value: &'a Value,
}

impl<'a> Member<'a> {
    pub(super) const fn root(value: &'a Value) -> Self {
        Self { path: String::new(), value }
    }

    /// This place is not what it should be. `problem` continues "… is".
    pub(super) fn wrong(&self, problem: impl Into<String>) -> Misread {
        let path = if self.path.is_empty() { "body" } else { &self.path };
        Misread { path: path.to_owned(), problem: problem.into() }
    }

    pub(super) fn member(&self, name: &str) -> Result<Self, Misread> {
        let absent = || Misread { path: self.path_to(name), problem: "missing".to_owned() };
        self.optional(name)?.ok_or_else(absent)
    }

    /// A member that may be left out. `null` is not leaving out; the contract says so.
    pub(super) fn optional(&self, name: &str) -> Result<Option<Self>, Misread> {
        let members = self.value.as_object().ok_or_else(|| self.wrong("not an object"))?;
        let found = members.get(name).map(|value| Self { path: self.path_to(name), value });
        match found {
            Some(member) if member.value.is_null() => Err(member.wrong("null; leave it out instead")),
            found => Ok(found),
        }
    }

    pub(super) fn list(&self, name: &str) -> Result<Vec<Self>, Misread> {
        let member = self.member(name)?;
        let items = member.value.as_array().ok_or_else(|| member.wrong("not a list"))?;
        let item = |(index, value)| Self { path: format!("{}[{index}]", member.path), value };
        Ok(items.iter().enumerate().map(item).collect())
    }

    pub(super) fn as_text(&self) -> Result<&'a str, Misread> {
        self.value.as_str().ok_or_else(|| self.wrong("not a text"))
    }

    pub(super) fn text(&self, name: &str) -> Result<String, Misread> {
        Ok(clean(self.member(name)?.as_text()?))
    }

    /// A text that must say something.
    pub(super) fn filled_text(&self, name: &str) -> Result<String, Misread> {
        let member = self.member(name)?;
        let text = member.as_text()?;
        let text = clean(text);
        if text.is_empty() { Err(member.wrong("empty")) } else { Ok(text) }
    }

    pub(super) fn optional_text(&self, name: &str) -> Result<Option<String>, Misread> {
        self.optional(name)?.map(|member| Ok(clean(member.as_text()?))).transpose()
    }

    pub(super) fn truth(&self, name: &str) -> Result<bool, Misread> {
        self.member(name)?.as_truth()
    }

    pub(super) fn as_truth(&self) -> Result<bool, Misread> {
        self.value.as_bool().ok_or_else(|| self.wrong("neither true nor false"))
    }

    pub(super) fn as_fen(&self) -> Result<Fen, Misread> {
        self.value.as_i64().map(Fen::new).ok_or_else(|| self.wrong("not an integer number of fen"))
    }

    pub(super) fn fen(&self, name: &str) -> Result<Fen, Misread> {
        self.member(name)?.as_fen()
    }

    /// At least one fen.
    pub(super) fn amount(&self, name: &str) -> Result<Amount, Misread> {
        let member = self.member(name)?;
        Amount::try_from(member.as_fen()?).map_err(|_| member.wrong("not at least one fen"))
    }

    pub(super) fn as_time(&self) -> Result<Timestamp, Misread> {
        let wrong = || self.wrong("not a time like 2026-01-01T12:00:30+08:00");
        Timestamp::from_rfc3339(self.as_text()?).map_err(|_| wrong())
    }

    pub(super) fn time(&self, name: &str) -> Result<Timestamp, Misread> {
        self.member(name)?.as_time()
    }

    /// A number of one of our kinds.
    pub(super) fn as_id<T>(&self, parse: impl FnOnce(String) -> Result<T, IdError>) -> Result<T, Misread> {
        // The id's own error says what is wanted and how long the text was, never the text.
        parse(self.as_text()?.to_owned()).map_err(|error| self.wrong(format!("no {}: {error}", error.kind)))
    }

    /// Decimal text, as unit prices and quantities are: `"0.7988"`, `"24"`, `"-1"`.
    pub(super) fn decimal(&self, name: &str) -> Result<String, Misread> {
        let member = self.member(name)?;
        let text = member.as_text()?;
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
        let number =
            |part: &str| (1..=18).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        if number(whole) && number(decimals) {
            Ok(text.to_owned())
        } else {
            Err(member.wrong("no decimal number like \"0.7988\""))
        }
    }

    fn path_to(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mingfen_domain::ids::SlipNo;
    use serde_json::json;

    fn check(found: Result<impl std::fmt::Debug, Misread>, expected: &str) {
        assert_eq!(found.unwrap_err().to_string(), expected);
    }

    #[test]
    fn an_error_names_the_member_and_never_its_value() {
        let value =
            json!({ "slips": [{ "fen": 1.5, "at": "yesterday", "n": null, "price": "1,5", "no": "张三" }] });
        let root = Member::root(&value);
        let slip = &root.list("slips").unwrap()[0];
        check(slip.fen("fen"), "the answer's slips[0].fen is not an integer number of fen");
        check(slip.time("at"), "the answer's slips[0].at is not a time like 2026-01-01T12:00:30+08:00");
        check(slip.optional_text("n"), "the answer's slips[0].n is null; leave it out instead");
        check(slip.text("x"), "the answer's slips[0].x is missing");
        check(slip.decimal("price"), "the answer's slips[0].price is no decimal number like \"0.7988\"");
        check(slip.text("fen"), "the answer's slips[0].fen is not a text");
        check(root.truth("slips"), "the answer's slips is neither true nor false");
        check(slip.list("no").map(|_| ()), "the answer's slips[0].no is not a list");
        let id = slip.member("no").unwrap().as_id(SlipNo::parse);
        let wanted = "slip number must be 1 to 64 printable ASCII characters, this has 2 characters";
        check(id, &format!("the answer's slips[0].no is no slip number: {wanted}"));
        let text = json!("x");
        check(Member::root(&text).text("y"), "the answer's body is not an object");
    }

    #[test]
    fn numbers_that_are_no_whole_fen_are_refused() {
        let value =
            json!({ "a": "100", "b": 1e3, "c": 18_446_744_073_709_551_615_u64, "zero": 0, "minus": -5 });
        let root = Member::root(&value);
        for name in ["a", "b", "c"] {
            assert!(root.fen(name).is_err(), "{name}");
        }
        assert_eq!(root.fen("minus"), Ok(Fen::new(-5)));
        check(root.amount("zero"), "the answer's zero is not at least one fen");
    }

    #[test]
    fn texts_lose_what_nothing_can_hold() {
        let padded = format!(" H1\u{0}\u{202e}\r\n{} ", "长".repeat(600));
        let value = json!({ "no": padded, "blank": "\u{0} \u{feff}" });
        let root = Member::root(&value);
        assert_eq!(root.text("no").unwrap().chars().count(), 499);
        assert!(root.text("no").unwrap().starts_with("H1长"));
        check(root.filled_text("blank"), "the answer's blank is empty");
    }

    #[test]
    fn decimal_text_is_kept_as_it_came() {
        let value = json!({ "ok": ["0.7988", "24", "-1", "220.0000"], "bad": ["", ".5", "5.", "1e3", "--1", "+1", " 1"] });
        let root = Member::root(&value);
        for item in root.list("ok").unwrap() {
            let text = json!({ "n": item.as_text().unwrap() });
            assert_eq!(Member::root(&text).decimal("n").as_deref(), Ok(item.as_text().unwrap()));
        }
        for item in root.list("bad").unwrap() {
            let text = json!({ "n": item.as_text().unwrap() });
            assert!(Member::root(&text).decimal("n").is_err(), "{:?}", item.as_text());
        }
    }
}
