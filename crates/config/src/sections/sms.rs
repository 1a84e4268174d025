//! `[sms]`: text messages to patients.

use crate::reader::Reading;
use crate::secret::Secret;
use std::time::Duration;
use url::Url;

/// The message service; `None` when nobody is told by SMS.
#[derive(Clone, Debug)]
pub struct SmsSettings {
    /// Where messages are posted, and the key.
    pub service: Option<(Url, Secret)>,
    /// How long its answer may take.
    pub timeout: Duration,
}

pub(crate) fn read(reading: &mut Reading<'_>) -> SmsSettings {
    let mut section = reading.section("sms");
    let url = section.optional_url("url");
    let service = match url {
        Some(url) => Some((url, section.secret("key", "key_file", "the key of the service at sms.url"))),
        None => {
            // Read all the same: a key that waits for its address is no unknown setting.
            section.optional_secret("key", "key_file");
            None
        }
    };
    let settings = SmsSettings { service, timeout: section.duration("timeout") };
    section.end();
    settings
}
