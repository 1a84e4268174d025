//! `[staff]`: how people sign in at the screens of the internal listener.

use crate::reader::Reading;
use std::time::Duration;

/// How staff sign in.
#[derive(Clone, Debug)]
pub struct StaffSettings {
    /// Without a page for this long one has to sign in again.
    pub idle: Duration,
    /// After this long one has to sign in again whatever one does.
    pub valid: Duration,
    /// Wrong attempts in a row that lock an account.
    pub attempts: u32,
    /// For so long.
    pub lock_for: Duration,
    /// Attempts to sign in a minute from one address.
    pub attempts_per_minute: u32,
    /// The pages are reached by HTTPS only, although this program does not speak it.
    pub secure_cookies: bool,
}

pub(crate) fn read(reading: &mut Reading<'_>) -> StaffSettings {
    let mut section = reading.section("staff");
    let settings = StaffSettings {
        idle: section.duration("idle"),
        valid: section.duration("valid"),
        attempts: u32::try_from(section.number("attempts", 2, 100)).unwrap_or(5),
        lock_for: section.duration("lock_for"),
        attempts_per_minute: u32::try_from(section.number("attempts_per_minute", 1, 100_000)).unwrap_or(30),
        secure_cookies: section.flag("secure_cookies"),
    };
    section.end();
    settings
}
