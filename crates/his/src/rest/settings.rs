//! Where the HIS is and how we prove who we are.

use crate::Capabilities;
use std::fmt;
use url::{Host, Url};

/// The shortest secret that is accepted, in bytes.
const SHORTEST_SECRET: usize = 16;

/// The address of a HIS and the key agreed with it.
#[derive(Clone)]
pub struct RestHisSettings {
    /// What the calls are appended to, for example `https://his.hospital.example/his/v1`. Plain `http` only towards this
    /// machine. Certificates are checked against the operating system's trusted roots, where a hospital's own authority goes.
    pub base_url: Url,
    /// The key's name, agreed between the two sides.
    pub key_id: String,
    /// The shared secret; its bytes are the HMAC key.
    pub secret: String,
    /// For one call in all, connecting included.
    pub timeout_ms: u64,
    /// For connecting.
    pub connect_timeout_ms: u64,
    /// What this HIS can do: a vendor may leave out the lock, or the compensation query.
    pub capabilities: Capabilities,
}

impl fmt::Debug for RestHisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestHisSettings")
            .field("base_url", &self.base_url.as_str())
            .field("key_id", &self.key_id)
            .field("secret", &"hidden")
            .field("timeout_ms", &self.timeout_ms)
            .field("connect_timeout_ms", &self.connect_timeout_ms)
            .finish()
    }
}

/// Which setting is wrong.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// `http` towards another machine would send patients' names in clear.
    #[error("base_url: plain http is accepted towards this machine only, {host} needs https")]
    PlainHttp {
        /// The host named in it.
        host: String,
    },
    /// It is no address that calls can be appended to.
    #[error("base_url: wanted is https://host/path without user name, query and fragment")]
    NotABase,
    /// It must go into a header as it is.
    #[error("key_id: wanted are 1 to 64 letters, digits, _ or -")]
    KeyId,
    /// It could be guessed.
    #[error("secret: it has {length} bytes, wanted are at least {SHORTEST_SECRET}")]
    ShortSecret {
        /// Its length.
        length: usize,
    },
    /// Zero would fail every call.
    #[error("{name}: wanted is at least 1")]
    ZeroTimeout {
        /// Which of the two.
        name: &'static str,
    },
    /// The HTTP client cannot be prepared, for example because no trusted roots were found.
    #[error("the HTTP client cannot be prepared")]
    Client(#[source] reqwest::Error),
}

impl RestHisSettings {
    /// Checks all that can be known without sending anything.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        check_address(&self.base_url)?;
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !(1..=64).contains(&self.key_id.len()) || !self.key_id.bytes().all(word) {
            return Err(SettingsError::KeyId);
        }
        if self.secret.len() < SHORTEST_SECRET {
            return Err(SettingsError::ShortSecret { length: self.secret.len() });
        }
        for (name, ms) in [("timeout_ms", self.timeout_ms), ("connect_timeout_ms", self.connect_timeout_ms)] {
            if ms == 0 {
                return Err(SettingsError::ZeroTimeout { name });
            }
        }
        Ok(())
    }
}

fn check_address(url: &Url) -> Result<(), SettingsError> {
    let host = url.host().ok_or(SettingsError::NotABase)?;
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    match url.scheme() {
        "https" | "http" if !bare => Err(SettingsError::NotABase),
        "https" => Ok(()),
        "http" if is_this_machine(&host) => Ok(()),
        "http" => Err(SettingsError::PlainHttp { host: host.to_string() }),
        _ => Err(SettingsError::NotABase),
    }
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> RestHisSettings {
        RestHisSettings {
            base_url: Url::parse(url).unwrap(),
            key_id: "mingfen".to_owned(),
            secret: "0123456789abcdef".to_owned(),
            timeout_ms: 5_000,
            connect_timeout_ms: 2_000,
            capabilities: Capabilities { locks: true, finds_bookings: true, booking_is_idempotent: true },
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for url in [
            "https://his.hospital.example/his/v1",
            "https://10.1.2.3:8443/",
            "http://127.0.0.1:9000/his/v1",
            "http://localhost/his",
            "http://[::1]:80",
        ] {
            settings(url).check().expect(url);
        }
        for url in ["http://10.1.2.3/his", "http://localhost.evil.example/", "http://[::ffff:10.0.0.1]/"] {
            assert!(matches!(settings(url).check(), Err(SettingsError::PlainHttp { .. })), "{url}");
        }
    }

    #[test]
    fn an_address_is_a_place_to_append_to() {
        for url in
            ["https://user@his/", "https://his/?a=1", "https://his/#x", "ftp://his/", "data:text/plain,x"]
        {
            assert!(matches!(settings(url).check(), Err(SettingsError::NotABase)), "{url}");
        }
    }

    #[test]
    fn keys_and_times_that_cannot_work_are_refused() {
        let wrong = |change: fn(&mut RestHisSettings)| {
            let mut settings = settings("https://his/");
            change(&mut settings);
            settings.check().unwrap_err().to_string()
        };
        assert_eq!(wrong(|s| s.secret = "short".into()), "secret: it has 5 bytes, wanted are at least 16");
        assert_eq!(
            wrong(|s| s.key_id = "a\r\nb".into()),
            "key_id: wanted are 1 to 64 letters, digits, _ or -"
        );
        assert_eq!(wrong(|s| s.timeout_ms = 0), "timeout_ms: wanted is at least 1");
        assert_eq!(wrong(|s| s.connect_timeout_ms = 0), "connect_timeout_ms: wanted is at least 1");
    }

    #[test]
    fn the_secret_is_never_printed() {
        assert!(!format!("{:?}", settings("https://his/")).contains("0123456789abcdef"));
    }
}
