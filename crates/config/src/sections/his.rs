//! `[his]`: the hospital information system.

use super::LedgerSettings;
use super::ledger;
use crate::reader::Reading;
use crate::secret::Secret;
use std::time::Duration;
use url::Url;

/// How HIS is called.
#[derive(Clone, Debug)]
pub struct HisSettings {
    /// Where its calls begin.
    pub base_url: Url,
    /// Our name there.
    pub key_id: String,
    /// What signs our calls.
    pub secret: Secret,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// Whether it can hold slips.
    pub locks: bool,
    /// Whether it can be asked about a booking.
    pub finds_bookings: bool,
    /// Whether booking the same bill twice is harmless.
    pub booking_is_idempotent: bool,
    /// Where a day of its ledger comes from.
    pub ledger: LedgerSettings,
}

pub(crate) fn read(reading: &mut Reading<'_>) -> HisSettings {
    let ledger = ledger::read(reading);
    let mut section = reading.section("his");
    section.choice("adapter", &[("rest", ())]);
    let settings = HisSettings {
        base_url: section.url("base_url", "the address where HIS's calls begin"),
        key_id: section.text("key_id", "the id of the key that both sides agreed on"),
        secret: section.secret("secret", "secret_file", "the shared secret"),
        timeout: section.duration("timeout"),
        connect_timeout: section.duration("connect_timeout"),
        locks: section.flag("locks"),
        finds_bookings: section.flag("finds_bookings"),
        booking_is_idempotent: section.flag("booking_is_idempotent"),
        ledger,
    };
    section.expects("ledger");
    section.end();
    settings
}
