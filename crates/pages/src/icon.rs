//! Line icons: a 24 box, stroke 2, coloured by the text around them. Always beside a word, so hidden from readers.

use std::fmt::{self, Display};

use askama::filters::HtmlSafe;

/// A line icon; prints inline SVG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    Back,
    Calendar,
    Clock,
    Code,
    Cross,
    Down,
    Download,
    Exchange,
    Forward,
    Hourglass,
    Lock,
    Next,
    Person,
    Phone,
    Pill,
    Pulse,
    Return,
    Shield,
    Slip,
    Tick,
    Tube,
    Wallet,
    Warning,
}

impl Icon {
    fn shapes(self) -> &'static str {
        match self {
            Self::Back => r#"<path d="M15 5.5L8.5 12l6.5 6.5"/>"#,
            Self::Calendar => {
                r#"<rect x="4" y="5" width="16" height="15" rx="2.5"/><path d="M4 10h16M8.5 3v4M15.5 3v4M8.5 14.5h3"/>"#
            }
            Self::Clock => r#"<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3.5 2"/>"#,
            Self::Code => {
                r#"<path d="M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.5v2.5H14zM20 14v2.5M17.5 20H20M14 20h.01"/>"#
            }
            Self::Cross => r#"<path d="M6.5 6.5l11 11M17.5 6.5l-11 11"/>"#,
            Self::Down => r#"<path d="M5.5 9l6.5 6.5L18.5 9"/>"#,
            Self::Download => r#"<path d="M12 4v11M7 10.5l5 5 5-5M4.5 20h15"/>"#,
            Self::Exchange => r#"<path d="M4 8.5h15M15 4.5l4 4-4 4M20 15.5H5M9 11.5l-4 4 4 4"/>"#,
            Self::Forward => r#"<path d="M4 12h15M13 6l6 6-6 6"/>"#,
            Self::Hourglass => {
                r#"<path d="M7 3.5h10M7 20.5h10M8 3.5v3.5l4 5 4-5V3.5M8 20.5V17l4-5 4 5v3.5"/>"#
            }
            Self::Lock => {
                r#"<rect x="4.5" y="10.5" width="15" height="10" rx="2.5"/><path d="M8 10.5V7.5a4 4 0 0 1 8 0v3"/>"#
            }
            Self::Next => r#"<path d="M9 5.5l6.5 6.5L9 18.5"/>"#,
            Self::Person => r#"<circle cx="12" cy="8" r="4"/><path d="M4.5 20a7.5 7.5 0 0 1 15 0"/>"#,
            Self::Phone => r#"<rect x="6.5" y="2.5" width="11" height="19" rx="2.5"/><path d="M11 18h2"/>"#,
            Self::Pill => {
                r#"<rect x="2.5" y="8" width="19" height="8" rx="4" transform="rotate(-45 12 12)"/><path d="M9.2 9.2l5.6 5.6"/>"#
            }
            Self::Pulse => r#"<path d="M3 12.5h4l2.5-7 4.5 13 2.5-6H21"/>"#,
            Self::Return => r#"<path d="M4 10h10.5a5 5 0 0 1 0 10H9"/><path d="M8.5 5.5L4 10l4.5 4.5"/>"#,
            Self::Shield => {
                r#"<path d="M12 3l7.5 2.7v5.6c0 4.7-3.1 8-7.5 9.7-4.4-1.7-7.5-5-7.5-9.7V5.7z"/><path d="M8.7 11.9l2.4 2.4 4.3-4.5"/>"#
            }
            Self::Slip => r#"<path d="M6 3h12v18l-3-2-3 2-3-2-3 2z"/><path d="M9.5 8h5M9.5 12h5"/>"#,
            Self::Tick => r#"<path d="M5 12.5l4.5 4.5L19 7.5"/>"#,
            Self::Tube => r#"<path d="M9 3v14.5a3 3 0 0 0 6 0V3M7.5 3h9M9 12.5h6"/>"#,
            Self::Wallet => {
                r#"<path d="M4 7.5A2.5 2.5 0 0 1 6.5 5H18v3.5M4 7.5V17a2 2 0 0 0 2 2h13a1.5 1.5 0 0 0 1.5-1.5v-7.5A1.5 1.5 0 0 0 19 8.5H5"/><path d="M16.5 13.75v.01"/>"#
            }
            Self::Warning => r#"<path d="M12 4L2.8 19.5h18.4z"/><path d="M12 10v4.5M12 17v.01"/>"#,
        }
    }
}

impl Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">"#)?;
        f.write_str(self.shapes())?;
        f.write_str("</svg>")
    }
}

impl HtmlSafe for Icon {}
