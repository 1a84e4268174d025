//! Moments, days and their cut. Everything is UTC milliseconds; Beijing time appears only where people or providers read it.

use std::fmt;
use time::format_description::well_known::Rfc3339;
use time::macros::{format_description, offset};
use time::{Date, OffsetDateTime, UtcOffset};

/// Beijing time: UTC+8, no daylight saving.
pub const BEIJING: UtcOffset = offset!(+8);

/// A moment: milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The furthest moment that is still a date: the end of the year 9999.
const LATEST_MS: i64 = 253_402_214_400_000;

impl Timestamp {
    /// Takes milliseconds since the epoch; moments before 1970 and after 9999 are pulled to that edge, where no real event is.
    pub const fn from_ms(ms: i64) -> Self {
        if ms < 0 {
            Self(0)
        } else if ms > LATEST_MS {
            Self(LATEST_MS)
        } else {
            Self(ms)
        }
    }

    /// Takes whole seconds since the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self::from_ms(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch.
    pub const fn seconds(self) -> i64 {
        self.0 / 1000
    }

    /// This moment and `ms` more (or less, when negative).
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self::from_ms(self.0.saturating_add(ms))
    }

    /// This moment and `seconds` more.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_ms(seconds.saturating_mul(1000))
    }

    /// Milliseconds from `earlier` to here; negative when `earlier` is later.
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// The same moment as a Beijing date and time.
    pub fn beijing(self) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH.saturating_add(time::Duration::milliseconds(self.0)).to_offset(BEIJING)
    }

    /// Prints `2026-01-01T12:00:30+08:00`, whole seconds, Beijing.
    pub fn to_rfc3339(self) -> String {
        let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+08:00");
        self.beijing().format(form).unwrap_or_default()
    }

    /// Prints `2026-01-01 12:00:30`, Beijing, as Alipay and the statements write it.
    pub fn to_beijing_text(self) -> String {
        self.beijing()
            .format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second]"))
            .unwrap_or_default()
    }

    /// Reads RFC 3339 with any offset.
    ///
    /// # Errors
    /// [`TimeError`] with the text.
    pub fn from_rfc3339(text: &str) -> Result<Self, TimeError> {
        let moment = OffsetDateTime::parse(text, &Rfc3339)
            .map_err(|_| TimeError::new(text, "2026-01-01T12:00:30+08:00"))?;
        Ok(Self::from_ms(moment.unix_timestamp() * 1000 + i64::from(moment.millisecond())))
    }

    /// Reads `2026-01-01 12:00:30`, with or without milliseconds, as Beijing time.
    ///
    /// # Errors
    /// [`TimeError`] with the text.
    pub fn from_beijing_text(text: &str) -> Result<Self, TimeError> {
        let form =
            format_description!("[year]-[month]-[day] [hour]:[minute]:[second][optional [.[subsecond]]]");
        let moment = time::PrimitiveDateTime::parse(text, form)
            .map_err(|_| TimeError::new(text, "2026-01-01 12:00:30"))?
            .assume_offset(BEIJING);
        Ok(Self::from_ms(moment.unix_timestamp() * 1000 + i64::from(moment.millisecond())))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

/// A text that is not a time or a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a time of the form {wanted}")]
pub struct TimeError {
    /// The refused text, cut to 40 characters.
    pub text: String,
    /// An example of what is wanted.
    pub wanted: &'static str,
}

impl TimeError {
    fn new(text: &str, wanted: &'static str) -> Self {
        Self { text: text.chars().take(40).collect(), wanted }
    }
}

/// A day of business in Beijing, cut at midnight. A statement's day is of this type, never "the last 24 hours".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusinessDay(Date);

impl BusinessDay {
    /// The day that contains `moment`.
    pub fn of(moment: Timestamp) -> Self {
        Self(moment.beijing().date())
    }

    /// Reads `2026-01-01`.
    ///
    /// # Errors
    /// [`TimeError`] with the text.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        Date::parse(text, format_description!("[year]-[month]-[day]"))
            .map(Self)
            .map_err(|_| TimeError::new(text, "2026-01-01"))
    }

    /// Its first moment.
    pub fn start(self) -> Timestamp {
        let midnight = self.0.midnight().assume_offset(BEIJING);
        Timestamp::from_seconds(midnight.unix_timestamp())
    }

    /// The first moment that is no longer in it.
    pub fn end(self) -> Timestamp {
        self.start().plus_seconds(86_400)
    }

    /// The day after.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.next_day().unwrap_or(self.0))
    }

    /// The calendar date.
    pub const fn date(self) -> Date {
        self.0
    }
}

impl fmt::Display for BusinessDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), u8::from(self.0.month()), self.0.day())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beijing_midnight_cuts_the_day() {
        let noon = Timestamp::from_seconds(1_767_240_000);
        assert_eq!(noon.to_rfc3339(), "2026-01-01T12:00:00+08:00");
        let day = BusinessDay::of(noon);
        assert_eq!(day.to_string(), "2026-01-01");
        assert_eq!(BusinessDay::of(day.end()).to_string(), "2026-01-02");
        assert_eq!(BusinessDay::of(day.end().plus_ms(-1)), day);
        assert_eq!(BusinessDay::parse("2026-01-01"), Ok(day));
    }

    #[test]
    fn provider_times_are_read() {
        let noon = Timestamp::from_seconds(1_767_240_000);
        assert_eq!(Timestamp::from_rfc3339("2026-01-01T12:00:00+08:00"), Ok(noon));
        assert_eq!(Timestamp::from_rfc3339("2026-01-01T04:00:00Z"), Ok(noon));
        assert_eq!(Timestamp::from_beijing_text("2026-01-01 12:00:00"), Ok(noon));
        assert_eq!(Timestamp::from_beijing_text("2026-01-01 12:00:00.123"), Ok(noon.plus_ms(123)));
        assert!(Timestamp::from_beijing_text("2026-13-01 12:00:00").is_err());
    }
}
