//! The configured text: one SELECT, with names where the day and the hospital go.
//!
//! What is checked here keeps an honest mistake from reaching the database: two statements, a quote that is not closed, a
//! placeholder that nobody knows. What keeps the database safe is that the session is read-only and that the text is put in
//! brackets, `SELECT … FROM (text) AS q`, where nothing but a query can stand; so the brackets must be the text's own.

use super::engine::Engine;

/// A value that the query may ask for; it is bound, never pasted into the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placeholder {
    Hospital,
    Day,
    From,
    To,
}

const PLACEHOLDERS: [(&str, Placeholder); 4] = [
    ("hospital", Placeholder::Hospital),
    ("day", Placeholder::Day),
    ("from", Placeholder::From),
    ("to", Placeholder::To),
];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(Placeholder),
}

/// A query that was understood as far as it needs to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    parts: Vec<Part>,
}

impl Query {
    /// Takes the text apart. The error is a sentence without its full stop.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let query = Self { parts: Scanner::new(text).scan()? };
        let first = query.parts.iter().find_map(|part| match part {
            Part::Text(text) => text.split_whitespace().next(),
            Part::Value(_) => None,
        });
        let first: String = first.unwrap_or_default().chars().take_while(char::is_ascii_alphabetic).collect();
        if !["SELECT", "WITH"].contains(&first.to_ascii_uppercase().as_str()) {
            return Err("one SELECT is wanted, or WITH … SELECT".to_owned());
        }
        let asks = |wanted| query.values().any(|value| value == wanted);
        let between = asks(Placeholder::From) && asks(Placeholder::To);
        if !asks(Placeholder::Day) && !between {
            return Err("it does not say which day: select with :day, or with :from and :to, \
                        the day's first moment and the first one after it"
                .to_owned());
        }
        Ok(query)
    }

    /// The text as one engine wants it, with a mark of its own for each of [`Query::values`].
    pub(super) fn on(&self, engine: Engine) -> String {
        let mut marks = 0;
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Value(value) => {
                    marks += 1;
                    text.push_str(&engine.mark(*value, marks));
                }
            }
        }
        text
    }

    /// What to bind, in order.
    pub(super) fn values(&self) -> impl Iterator<Item = Placeholder> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Value(value) => Some(*value),
        })
    }
}

struct Scanner<'a> {
    rest: &'a str,
    parts: Vec<Part>,
    open: usize,
    ended: bool,
}

impl<'a> Scanner<'a> {
    const fn new(text: &'a str) -> Self {
        Self { rest: text, parts: Vec::new(), open: 0, ended: false }
    }

    fn scan(mut self) -> Result<Vec<Part>, String> {
        while let Some(character) = self.rest.chars().next() {
            if self.skip_comment()? {
                self.push(" ");
                continue;
            }
            if self.ended && !character.is_whitespace() {
                return Err("it has more than one statement: one SELECT is wanted".to_owned());
            }
            match character {
                '\'' | '"' | '`' => self.quoted(character)?,
                ':' => self.colon()?,
                ';' => {
                    self.ended = true;
                    self.rest = &self.rest[1..];
                }
                '?' | '$' | '#' => {
                    return Err(format!(
                        "a {character} outside of quotes means something else to every database: \
                         values are written as :hospital, :day, :from or :to, and comments as -- comment"
                    ));
                }
                _ => {
                    self.count(character)?;
                    let length = character.len_utf8();
                    self.take(length);
                }
            }
        }
        if self.open > 0 { Err("a bracket is not closed".to_owned()) } else { Ok(self.parts) }
    }

    /// Comments go, so that nothing can hide in them.
    fn skip_comment(&mut self) -> Result<bool, String> {
        let end = if let Some(comment) = self.rest.strip_prefix("--") {
            if comment.chars().next().is_some_and(|next| !next.is_whitespace()) {
                return Err("-- begins a comment in some databases only: put a blank behind it".to_owned());
            }
            self.rest.find('\n').unwrap_or(self.rest.len())
        } else if let Some(comment) = self.rest.strip_prefix("/*") {
            comment.find("*/").ok_or("a comment is not closed")? + 4
        } else {
            return Ok(false);
        };
        self.rest = &self.rest[end..];
        Ok(true)
    }

    fn quoted(&mut self, quote: char) -> Result<(), String> {
        let inside = &self.rest[1..];
        let length = inside.find(quote).ok_or_else(|| format!("a {quote} is not closed"))?;
        if inside[..length].contains('\\') {
            return Err(
                "a backslash in quotes is read differently by each database: do without it".to_owned()
            );
        }
        self.take(length + 2);
        Ok(())
    }

    fn colon(&mut self) -> Result<(), String> {
        if self.rest.starts_with("::") {
            self.take(2);
            return Ok(());
        }
        let after = &self.rest[1..];
        let length = after.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let name = &after[..length];
        if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
            self.take(1);
            return Ok(());
        }
        let known = PLACEHOLDERS.iter().find(|(known, _)| *known == name);
        let (_, value) =
            known.ok_or_else(|| format!("there is no :{name}; there are :hospital, :day, :from and :to"))?;
        self.parts.push(Part::Value(*value));
        self.rest = &after[length..];
        Ok(())
    }

    fn count(&mut self, character: char) -> Result<(), String> {
        match character {
            '(' => self.open += 1,
            ')' => self.open = self.open.checked_sub(1).ok_or("a bracket is closed that was never opened")?,
            _ => {}
        }
        Ok(())
    }

    /// Moves this many bytes from the rest to what is kept.
    fn take(&mut self, length: usize) {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        self.push(taken);
    }

    fn push(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(Part::Text(last)) => last.push_str(text),
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn postgres(text: &str) -> Result<String, String> {
        Query::parse(text).map(|query| query.on(Engine::Postgres))
    }

    #[test]
    fn names_become_marks_and_quotes_stay_what_they_are() {
        let text = "SELECT ':day' AS a, \"it's :x\" AS b, c::text -- :day; DROP\n FROM t /* ; :nobody */ WHERE d = :day AND :hospital = h;";
        assert_eq!(
            postgres(text).unwrap(),
            "SELECT ':day' AS a, \"it's :x\" AS b, c::text  \n FROM t   WHERE d = CAST(CAST($1 AS text) AS date) AND CAST($2 AS text) = h"
        );
        let query = Query::parse("with x AS (SELECT 'a''b;(') SELECT :from, :to, :from").unwrap();
        assert_eq!(query.on(Engine::Mysql), "with x AS (SELECT 'a''b;(') SELECT ?, ?, ?");
        let values: Vec<_> = query.values().collect();
        assert_eq!(values, [Placeholder::From, Placeholder::To, Placeholder::From]);
    }

    #[test]
    fn anything_but_one_select_of_a_day_is_refused() {
        for (text, problem) in [
            ("", "one SELECT is wanted"),
            ("DELETE FROM t WHERE d = :day", "one SELECT is wanted"),
            ("SELECTED :day", "one SELECT is wanted"),
            ("(SELECT :day)", "one SELECT is wanted"),
            ("SELECT :day; DROP TABLE t", "more than one statement"),
            ("SELECT :day;;", "more than one statement"),
            ("SELECT :day) AS q; DROP TABLE t; SELECT (1", "never opened"),
            ("SELECT (:day", "a bracket is not closed"),
            ("SELECT :day, 'x", "a ' is not closed"),
            ("SELECT :day, 'it\\'s'", "a backslash"),
            ("SELECT :day /* x", "a comment is not closed"),
            ("SELECT :day, 5--3", "put a blank behind it"),
            ("SELECT :day, ?", "a ? outside of quotes"),
            ("SELECT :day, $1", "a $ outside of quotes"),
            ("SELECT :day # x", "a # outside of quotes"),
            ("SELECT :dya", "there is no :dya; there are :hospital, :day, :from and :to"),
            ("SELECT 1 FROM t", "it does not say which day"),
            ("SELECT 1 FROM t WHERE at >= :from", "it does not say which day"),
        ] {
            let refused = Query::parse(text).expect_err(text);
            assert!(refused.contains(problem), "{text}: {refused}");
        }
    }

    #[test]
    fn what_is_no_name_is_left_alone() {
        let text = "SELECT a[1:2], '中文' FROM t WHERE d = :day ; \n -- done";
        assert_eq!(
            postgres(text).unwrap().trim_end(),
            "SELECT a[1:2], '中文' FROM t WHERE d = CAST(CAST($1 AS text) AS date)"
        );
    }
}
