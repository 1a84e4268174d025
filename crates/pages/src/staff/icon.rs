//! Line icons of the staff pages: a 16 box, stroke 1.6, coloured by the text around them. Always beside a word, so hidden from readers.

use std::fmt::{self, Display};

use askama::filters::HtmlSafe;

/// A line icon; prints inline SVG of class `i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// A set is drawn whole; pages take from it.
#[allow(dead_code)]
pub(crate) enum Icon {
    Add,
    Back,
    Badge,
    Bank,
    Bell,
    Bin,
    Calendar,
    Card,
    Chart,
    Clock,
    Cross,
    CrossRound,
    Difference,
    Down,
    Expiry,
    Eye,
    Flag,
    Forward,
    Home,
    Info,
    Key,
    Leave,
    Link,
    Lock,
    Minus,
    Next,
    Parked,
    People,
    Person,
    Phone,
    Printer,
    Refund,
    Scan,
    Search,
    Shield,
    Shift,
    Slip,
    Sms,
    Stamp,
    Tick,
    TickRound,
    Triangle,
    Up,
    Wheel,
    Yuan,
    Barcode,
}

impl Icon {
    fn shapes(self) -> &'static str {
        match self {
            Self::Add => r#"<path d="M8 3v10M3 8h10"/>"#,
            Self::Back => r#"<path d="M10 3.6L5.6 8 10 12.4"/>"#,
            Self::Badge => {
                r#"<path d="M3 6.4v7h10v-7M2.4 6.4L3.6 3h8.8l1.2 3.4M2.4 6.4a1.9 1.9 0 003.7 0 1.9 1.9 0 003.8 0 1.9 1.9 0 003.7 0"/>"#
            }
            Self::Bank => r#"<path d="M2.4 6.4L8 3l5.6 3.4zM3 13.2h10M4.4 6.6v6.4M8 6.6v6.4M11.6 6.6v6.4"/>"#,
            Self::Bell => r#"<path d="M4 11V7a4 4 0 018 0v4l1 1.2H3zM6.8 13.8h2.4"/>"#,
            Self::Bin => r#"<path d="M3 4.6h10M6.2 4.6V3h3.6v1.6M4.4 4.6l.6 8.8h6l.6-8.8"/>"#,
            Self::Barcode => {
                r#"<path d="M2.6 3.4v9.2M5 3.4v9.2M7.6 3.4v9.2M9.4 3.4v9.2M11.8 3.4v9.2M13.4 3.4v9.2"/>"#
            }
            Self::Calendar => {
                r#"<rect x="2.5" y="3.4" width="11" height="10" rx="1.4"/><path d="M2.5 6.6h11M5.4 2.2v2.4M10.6 2.2v2.4"/>"#
            }
            Self::Card => {
                r#"<rect x="1.8" y="3.6" width="12.4" height="8.8" rx="1.4"/><path d="M1.8 6.6h12.4M4.2 10h2.6"/>"#
            }
            Self::Chart => r#"<path d="M2.6 13.4h10.8M4.4 11V8.2M8 11V4M11.6 11V6.4"/>"#,
            Self::Clock => r#"<circle cx="8" cy="8" r="6.2"/><path d="M8 4.6V8l2.3 1.6"/>"#,
            Self::Cross => r#"<path d="M3.8 3.8l8.4 8.4M12.2 3.8l-8.4 8.4"/>"#,
            Self::CrossRound => {
                r#"<circle cx="8" cy="8" r="6.2"/><path d="M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4"/>"#
            }
            Self::Difference => r#"<path d="M3 5.4h10M3 10.6h10M10.8 2.6L5.2 13.4"/>"#,
            Self::Down => r#"<path d="M8 2.6v7.6M4.8 7.2L8 10.4l3.2-3.2M3 13.4h10"/>"#,
            Self::Expiry => {
                r#"<circle cx="8" cy="6.4" r="3.8"/><path d="M5.8 9.6L5 14l3-1.5L11 14l-.8-4.4"/>"#
            }
            Self::Eye => {
                r#"<path d="M1.6 8s2.3-4.2 6.4-4.2S14.4 8 14.4 8s-2.3 4.2-6.4 4.2S1.6 8 1.6 8z"/><circle cx="8" cy="8" r="1.9"/>"#
            }
            Self::Flag => r#"<path d="M3.8 14V2.6M3.8 3.2h8L10 5.9l1.8 2.7h-8"/>"#,
            Self::Forward => r#"<path d="M2.6 8H13M9.4 4.4L13 8l-3.6 3.6"/>"#,
            Self::Home => r#"<path d="M2.5 7.4L8 2.8l5.5 4.6"/><path d="M4 6.5V13h8V6.5"/>"#,
            Self::Info => r#"<circle cx="8" cy="8" r="6.2"/><path d="M8 7.4v3.6M8 5v.1"/>"#,
            Self::Key => r#"<circle cx="5.2" cy="10.8" r="2.7"/><path d="M7.2 8.8l5.6-5.6M10.4 5.6l2 2"/>"#,
            Self::Leave => r#"<path d="M6.4 2.8H3.2v10.4h3.2M10 5l3 3-3 3M13 8H6.4"/>"#,
            Self::Link => {
                r#"<path d="M6.7 9.3a2.6 2.6 0 003.7 0l2-2a2.6 2.6 0 00-3.7-3.7l-.9.9"/><path d="M9.3 6.7a2.6 2.6 0 00-3.7 0l-2 2a2.6 2.6 0 003.7 3.7l.9-.9"/>"#
            }
            Self::Lock => {
                r#"<path d="M4 7V5.2a4 4 0 018 0V7"/><rect x="3" y="7" width="10" height="6.6" rx="1.4"/>"#
            }
            Self::Minus => r#"<circle cx="8" cy="8" r="6.2"/><path d="M5.4 8h5.2"/>"#,
            Self::Next => r#"<path d="M6 3.6L10.4 8 6 12.4"/>"#,
            Self::Parked => {
                r#"<rect x="2.6" y="2.6" width="10.8" height="10.8" rx="2"/><path d="M6.4 11.4V4.8h2.1a2 2 0 010 4H6.4"/>"#
            }
            Self::People => {
                r#"<circle cx="6" cy="5.6" r="2.4"/><path d="M1.8 13c.3-2.5 2-3.8 4.2-3.8s3.9 1.3 4.2 3.8M10.6 3.5a2.3 2.3 0 010 4.3M11.7 9.6c1.5.5 2.3 1.7 2.5 3.4"/>"#
            }
            Self::Person => {
                r#"<circle cx="8" cy="5.4" r="2.8"/><path d="M2.8 13.6c.5-2.9 2.5-4.4 5.2-4.4s4.7 1.5 5.2 4.4"/>"#
            }
            Self::Phone => {
                r#"<rect x="4.4" y="1.8" width="7.2" height="12.4" rx="1.6"/><path d="M7.2 11.8h1.6"/>"#
            }
            Self::Printer => {
                r#"<path d="M4.6 6V2.6h6.8V6M4.4 11H3a.8.8 0 01-.8-.8V6.8A.8.8 0 013 6h10a.8.8 0 01.8.8v3.4a.8.8 0 01-.8.8h-1.4"/><path d="M4.6 9.2h6.8v4.2H4.6z"/>"#
            }
            Self::Refund => {
                r#"<path d="M3 6.2h6.4a3.4 3.4 0 010 6.8H6"/><path d="M5.6 3.4L2.8 6.2l2.8 2.8"/>"#
            }
            Self::Scan => {
                r#"<path d="M2.5 5V3.4a1 1 0 011-1H5M11 2.5h1.6a1 1 0 011 1V5M13.5 11v1.6a1 1 0 01-1 1H11M5 13.5H3.4a1 1 0 01-1-1V11"/><path d="M4.6 8h6.8"/>"#
            }
            Self::Search => r#"<circle cx="7" cy="7" r="4.6"/><path d="M10.5 10.5L14 14"/>"#,
            Self::Shield => r#"<path d="M8 2.2l5 1.8v3.8c0 3-2.1 5-5 6-2.9-1-5-3-5-6V4z"/>"#,
            Self::Shift => {
                r#"<path d="M2.5 9l1.8-5.6h7.4L13.5 9v4h-11z"/><path d="M2.5 9h3.2l.8 1.6h3l.8-1.6h3.2"/>"#
            }
            Self::Slip => {
                r#"<path d="M4 2.4h5.2L12 5.2v8.4H4z"/><path d="M9 2.6v2.8h2.8M6 8.2h4M6 10.6h4"/>"#
            }
            Self::Sms => r#"<path d="M2.4 3.4h11.2V11H7l-3 2.4V11H2.4z"/>"#,
            Self::Stamp => {
                r#"<path d="M6.6 9.4c.2-1.5-.9-2.6-.9-4a2.3 2.3 0 014.6 0c0 1.4-1.1 2.5-.9 4"/><path d="M3.4 9.4h9.2v2H3.4zM3.4 13.6h9.2"/>"#
            }
            Self::Tick => r#"<path d="M3.2 8.4l3.2 3.2 6.4-7"/>"#,
            Self::TickRound => r#"<circle cx="8" cy="8" r="6.2"/><path d="M5.2 8.2l2 2 3.7-4.2"/>"#,
            Self::Triangle => r#"<path d="M8 2.4L14.3 13H1.7z"/><path d="M8 6.4v3.2M8 11.4v.1"/>"#,
            Self::Up => r#"<path d="M8 10.6V3M4.8 6L8 2.8 11.2 6M3 13.4h10"/>"#,
            Self::Wheel => r#"<path d="M13 8a5 5 0 11-1.6-3.7M13.2 2.6v3h-3"/>"#,
            Self::Yuan => r#"<path d="M4.4 2.8L8 7.6l3.6-4.8M8 7.6v6M4.8 8.2h6.4M4.8 10.8h6.4"/>"#,
        }
    }
}

impl Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shapes = self.shapes();
        write!(
            f,
            "<svg class=\"i\" viewBox=\"0 0 16 16\" aria-hidden=\"true\" focusable=\"false\">{shapes}</svg>"
        )
    }
}

impl HtmlSafe for Icon {}
