//! Structured logs on standard error, for people or for machines.

use mingfen_config::{LogFormat, LogSettings};
use tracing_subscriber::EnvFilter;

/// Starts logging as the settings say. `RUST_LOG` goes before them, for one run of looking closely.
///
/// # Errors
/// When the filter is not one.
pub fn start(settings: &LogSettings) -> anyhow::Result<()> {
    let filter = match EnvFilter::try_from_default_env() {
        Ok(filter) => filter,
        Err(_) => parse(&settings.filter).map_err(|problem| anyhow::anyhow!("log.filter: {problem}"))?,
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Logging that somebody started before (a test) stays as it is.
    let _ = match settings.format {
        LogFormat::Text => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
            builder.with_ansi(colours).with_target(false).compact().try_init()
        }
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(true).try_init(),
    };
    Ok(())
}

/// Reads a filter, or says what is wrong with it.
pub fn parse(filter: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(filter).map_err(|error| {
        format!("{error}; wanted is a level (error, warn, info, debug, trace) or levels by module such as info,mingfen_store=debug")
    })
}
