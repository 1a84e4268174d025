//! `[redis]`: shared memory for what may be lost.

use crate::reader::Reading;
use crate::secret::Secret;

/// The Redis server, if there is one.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    /// `redis://…`, or `rediss://…` with TLS.
    pub url: Option<Secret>,
}

pub(crate) fn read(reading: &mut Reading<'_>) -> RedisSettings {
    let mut section = reading.section("redis");
    let url = section.optional_secret("url", "url_file");
    if let Some(url) = &url
        && !["redis://", "rediss://"].iter().any(|scheme| url.reveal().starts_with(scheme))
    {
        section.wrong("url", "an address of another kind (hidden)", "redis://host:6379/0 is wanted");
    }
    section.end();
    RedisSettings { url }
}
