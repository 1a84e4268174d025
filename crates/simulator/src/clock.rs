//! The simulator's time: real time plus an offset that control may move.
//!
//! Every rule that speaks of time (skew, artefact lives, resend schedule, bill readiness) reads this clock, so a
//! test moves a day ahead in no time at all.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use time::{OffsetDateTime, UtcOffset};

/// Milliseconds in a second, for readers of the arithmetic.
pub const SECOND_MS: i64 = 1_000;
/// Milliseconds in a day.
pub const DAY_MS: i64 = 86_400 * SECOND_MS;
const BEIJING: UtcOffset = time::macros::offset!(+8);

/// A clock that runs with the machine's but may be moved or stopped.
#[derive(Debug, Default)]
pub struct Clock {
    offset_ms: AtomicI64,
    /// The instant at which the clock stands still; 0 while it runs.
    stopped_at_ms: AtomicI64,
}

impl Clock {
    /// Epoch milliseconds UTC.
    pub fn now_ms(&self) -> i64 {
        match self.stopped_at_ms.load(Ordering::SeqCst) {
            0 => machine_now_ms().saturating_add(self.offset_ms.load(Ordering::SeqCst)),
            stopped => stopped,
        }
    }

    /// Epoch seconds UTC.
    pub fn now_s(&self) -> i64 {
        self.now_ms().div_euclid(SECOND_MS)
    }

    /// The present moment as Beijing civil time.
    pub fn beijing(&self) -> OffsetDateTime {
        beijing(self.now_ms())
    }

    /// Moves the clock by that much; negative values go back.
    pub fn advance_ms(&self, by_ms: i64) {
        self.set_ms(self.now_ms().saturating_add(by_ms));
    }

    /// Sets the clock; it goes on running from there unless it is stopped.
    pub fn set_ms(&self, at_ms: i64) {
        if self.stopped_at_ms.load(Ordering::SeqCst) == 0 {
            self.offset_ms.store(at_ms.saturating_sub(machine_now_ms()), Ordering::SeqCst);
        } else {
            self.stopped_at_ms.store(at_ms.max(1), Ordering::SeqCst);
        }
    }

    /// Makes the clock stand still, so that nothing but [`Clock::advance_ms`] moves it.
    pub fn stop(&self) {
        let now = self.now_ms().max(1);
        self.stopped_at_ms.store(now, Ordering::SeqCst);
    }

    /// Lets it run with the machine's own time again, whatever was set before.
    pub fn follow_machine(&self) {
        self.stopped_at_ms.store(0, Ordering::SeqCst);
        self.offset_ms.store(0, Ordering::SeqCst);
    }

    /// Lets a stopped clock run on from where it stood.
    pub fn resume(&self) {
        let now = self.now_ms();
        self.stopped_at_ms.store(0, Ordering::SeqCst);
        self.set_ms(now);
    }
}

/// Epoch milliseconds as Beijing civil time (UTC+8, no daylight saving).
pub fn beijing(at_ms: i64) -> OffsetDateTime {
    let nanos = i128::from(at_ms).saturating_mul(1_000_000);
    OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH).to_offset(BEIJING)
}

/// `2026-01-01T12:00:30+08:00`.
pub fn rfc3339(at_ms: i64) -> String {
    let format = time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+08:00");
    beijing(at_ms).format(format).unwrap_or_default()
}

/// `2026-01-01 12:00:30`, Beijing time.
pub fn date_time(at_ms: i64) -> String {
    let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    beijing(at_ms).format(format).unwrap_or_default()
}

/// `2026-01-01`, Beijing time.
pub fn day(at_ms: i64) -> String {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    beijing(at_ms).format(format).unwrap_or_default()
}

/// Start of a Beijing day `yyyy-MM-dd` in epoch milliseconds; nothing for text of another form.
pub fn start_of_day_ms(day: &str) -> Option<i64> {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    if day.len() != 10 {
        return None;
    }
    let date = time::Date::parse(day, format).ok()?;
    Some(date.midnight().assume_offset(BEIJING).unix_timestamp().saturating_mul(SECOND_MS))
}

/// The one place where the simulator asks the machine for the time.
#[allow(clippy::disallowed_methods, reason = "this is the door that the lint asks for")]
fn machine_now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_clock_moves_only_when_told() {
        let clock = Clock::default();
        clock.stop();
        clock.set_ms(1_767_240_000_000);
        assert_eq!(clock.now_s(), 1_767_240_000);
        clock.advance_ms(30 * SECOND_MS);
        assert_eq!(rfc3339(clock.now_ms()), "2026-01-01T12:00:30+08:00");
    }

    #[test]
    fn a_clock_that_was_moved_and_stopped_finds_back_to_the_machine() {
        let clock = Clock::default();
        clock.stop();
        clock.set_ms(1_767_240_000_000);
        clock.follow_machine();
        let apart = clock.now_ms() - machine_now_ms();
        assert!(apart.abs() < 5_000, "{apart}");
    }

    #[test]
    fn a_day_starts_at_midnight_in_beijing() {
        assert_eq!(start_of_day_ms("2026-01-01").map(date_time).as_deref(), Some("2026-01-01 00:00:00"));
        assert_eq!(start_of_day_ms("2026-1-1"), None);
        assert_eq!(start_of_day_ms("2026-02-30"), None);
    }
}
