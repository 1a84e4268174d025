//! Sentences as data: a text with marks, and values that are put into it.
//!
//! Marks are read in the sentence only, never in a value, and values are escaped. So a name that the HIS sends cannot
//! become markup, however it is spelled.

use std::fmt::{self, Display, Write};

use askama::filters::HtmlSafe;

/// A sentence of the wording tables.
///
/// | mark | becomes |
/// |---|---|
/// | `\|` | the border of a clause that stays on one line when the sentence breaks |
/// | `[…]` | strong |
/// | `<…>` | digits of one width, never broken |
/// | `·` | the drawn separator dot |
/// | `{}` `{0}` `{1}` | the values of [`with`](Self::with) and [`with2`](Self::with2) |
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phrase(pub(crate) &'static str);

/// A sentence that counts: English has a form of its own for one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    one: Phrase,
    other: Phrase,
}

/// A sentence with its values; prints HTML.
#[derive(Clone, Debug)]
pub(crate) struct Filled {
    phrase: Phrase,
    values: Vec<String>,
}

/// Short spelling for the tables.
pub(crate) const fn p(text: &'static str) -> Phrase {
    Phrase(text)
}

/// A counted sentence, with a form for one.
pub(crate) const fn counted(one: &'static str, other: &'static str) -> Counted {
    Counted { one: Phrase(one), other: Phrase(other) }
}

/// A counted sentence of a language that counts everything alike.
pub(crate) const fn any(text: &'static str) -> Counted {
    Counted { one: Phrase(text), other: Phrase(text) }
}

impl Phrase {
    pub(crate) fn with(self, value: impl Display) -> Filled {
        Filled { phrase: self, values: vec![value.to_string()] }
    }

    pub(crate) fn with2(self, first: impl Display, second: impl Display) -> Filled {
        Filled { phrase: self, values: vec![first.to_string(), second.to_string()] }
    }

    /// The sentence without marks, for titles and attributes.
    pub(crate) fn plain(self) -> String {
        Filled { phrase: self, values: Vec::new() }.plain()
    }
}

impl Counted {
    pub(crate) fn count(self, number: impl Display) -> Filled {
        let number = number.to_string();
        let phrase = if number == "1" { self.one } else { self.other };
        Filled { phrase, values: vec![number] }
    }
}

impl Filled {
    /// The sentence without marks, for titles and attributes; not escaped yet.
    pub(crate) fn plain(&self) -> String {
        let mut text = String::with_capacity(self.phrase.0.len());
        walk(self.phrase.0, |piece| match piece {
            Piece::Text(c) => text.push(c),
            Piece::Value(n) => text.push_str(self.values.get(n).map_or("", String::as_str)),
            Piece::Dot => text.push('·'),
            Piece::Clause | Piece::Open(_) | Piece::Close(_) => {}
        });
        text
    }
}

impl Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_html(f, self.0, &[])
    }
}

impl Display for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_html(f, self.phrase.0, &self.values)
    }
}

impl HtmlSafe for Phrase {}
impl HtmlSafe for Filled {}

enum Piece {
    Text(char),
    Value(usize),
    Clause,
    Dot,
    Open(&'static str),
    Close(&'static str),
}

fn walk(text: &str, mut found: impl FnMut(Piece)) {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        found(match c {
            '|' => Piece::Clause,
            '·' => Piece::Dot,
            '[' => Piece::Open("<b>"),
            ']' => Piece::Close("</b>"),
            '<' => Piece::Open("<span class=\"num\">"),
            '>' => Piece::Close("</span>"),
            '{' => {
                let index = chars.by_ref().take_while(|&c| c != '}').filter_map(|c| c.to_digit(10)).last();
                Piece::Value(index.map_or(0, |n| n as usize))
            }
            c => Piece::Text(c),
        });
    }
}

fn write_html(f: &mut fmt::Formatter<'_>, text: &str, values: &[String]) -> fmt::Result {
    let clauses = text.contains('|');
    let mut html = String::with_capacity(text.len() + 64);
    if clauses {
        html.push_str("<span class=\"nw\">");
    }
    walk(text, |piece| match piece {
        Piece::Text(c) => escape_char(&mut html, c),
        Piece::Value(n) => {
            values.get(n).into_iter().flat_map(|v| v.chars()).for_each(|c| escape_char(&mut html, c))
        }
        Piece::Clause => {
            // A space at the end of an inline block vanishes, so it goes between the two.
            let space = if html.ends_with(' ') { " " } else { "" };
            html.truncate(html.len() - space.len());
            html.push_str("</span>");
            html.push_str(space);
            html.push_str("<span class=\"nw\">");
        }
        Piece::Dot => html.push_str("<i class=\"sep\"></i>"),
        Piece::Open(tag) | Piece::Close(tag) => html.push_str(tag),
    });
    if clauses {
        html.push_str("</span>");
    }
    f.write_str(&html)
}

/// One character of a text, where markup is written.
pub(crate) fn escape_char(html: &mut String, c: char) {
    match c {
        '&' => html.push_str("&amp;"),
        '<' => html.push_str("&lt;"),
        '>' => html.push_str("&gt;"),
        '"' => html.push_str("&quot;"),
        '\'' => html.push_str("&#39;"),
        c => {
            // Writing to a String cannot fail.
            let _ = html.write_char(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_markup_and_values_do_not() {
        let html = p("钱{}，|[到 <{1}>]").with2("<b>&", "10:42|]").to_string();
        assert_eq!(
            html,
            "<span class=\"nw\">钱&lt;b&gt;&amp;，</span><span class=\"nw\"><b>到 <span class=\"num\">10:42|]</span></b></span>"
        );
    }

    #[test]
    fn plain_text_has_no_marks() {
        assert_eq!(p("还不知道，|请[不要]付 · {}").with("x").plain(), "还不知道，请不要付 · x");
    }

    #[test]
    fn one_has_a_form_of_its_own() {
        let bills = counted("{} bill", "{} bills");
        assert_eq!(bills.count(1).plain(), "1 bill");
        assert_eq!(bills.count(2).plain(), "2 bills");
    }
}
