//! Drawings inside of a page.

use std::fmt::{self, Display};

/// Inline SVG: it is markup already.
pub(crate) struct Svg(pub(crate) String);

impl Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Svg {}
