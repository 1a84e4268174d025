//! Descriptions: paragraphs and `code`, nothing else of Markdown.

use std::fmt::{self, Display};

use askama::filters::HtmlSafe;

/// A description; prints paragraphs.
#[derive(Clone, Debug, Default)]
pub(super) struct Prose(String);

impl Prose {
    pub(super) fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }
}

impl Display for Prose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for paragraph in self.0.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
            f.write_str("<p>")?;
            inline(f, paragraph)?;
            f.write_str("</p>")?;
        }
        Ok(())
    }
}

impl HtmlSafe for Prose {}

/// Text between two backticks is code; a backtick without a partner is a backtick.
fn inline(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        let Some((code, after)) = after.split_once('`') else { break };
        escaped(f, before)?;
        f.write_str("<code>")?;
        escaped(f, code)?;
        f.write_str("</code>")?;
        rest = after;
    }
    escaped(f, rest)
}

fn escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str(&text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_and_code_are_marked_and_the_rest_is_text() {
        assert_eq!(
            Prose::new("a `b<c>`\n\n<d> ` e").to_string(),
            "<p>a <code>b&lt;c&gt;</code></p><p>&lt;d&gt; ` e</p>"
        );
    }
}
