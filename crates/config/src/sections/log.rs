//! `[log]`: what the program says of itself.

use crate::reader::Reading;

/// Form and choice of messages.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// For whom.
    pub format: LogFormat,
    /// Levels by module, in the form of `tracing`'s filter.
    pub filter: String,
}

/// For whom messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// People.
    Text,
    /// Machines: one JSON object a line.
    Json,
}

pub(crate) fn read(reading: &mut Reading<'_>) -> LogSettings {
    let mut section = reading.section("log");
    let settings = LogSettings {
        format: section
            .choice("format", &[("text", LogFormat::Text), ("json", LogFormat::Json)])
            .unwrap_or(LogFormat::Text),
        filter: section.text("filter", "a level (error, warn, info, debug, trace) or levels by module"),
    };
    section.end();
    settings
}
