//! `[database]`: where the facts are kept.

use crate::reader::Reading;
use crate::secret::Secret;

/// Which database.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// `sqlite://…` or `postgres://…`; the latter has a password in it.
    pub url: Secret,
    /// Connections of this process.
    pub max_connections: u32,
}

pub(crate) fn read(reading: &mut Reading<'_>) -> DatabaseSettings {
    let mut section = reading.section("database");
    let url = section.secret("url", "url_file", "the database's address");
    let known = ["sqlite:", "postgres://", "postgresql://"];
    if !url.is_empty() && !known.iter().any(|scheme| url.reveal().starts_with(scheme)) {
        let scheme = url.reveal().split(':').next().unwrap_or_default();
        let scheme: String = scheme.chars().take(12).collect();
        section.wrong(
            "url",
            format!("an address that begins with {scheme:?}"),
            "sqlite://path/to/file.db?mode=rwc or postgres://user:password@host/name is wanted",
        );
    }
    let settings = DatabaseSettings {
        url,
        max_connections: u32::try_from(section.number("max_connections", 1, 1_000)).unwrap_or(1),
    };
    section.end();
    settings
}
