//! Times and days as the contract writes them, to and from epoch milliseconds.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::denial::Denial;
use crate::clock::{self, DAY_MS};

/// Reads a time that a request carries.
pub(super) fn parse(member: &str, text: &str) -> Result<i64, Denial> {
    let at = OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| Denial::bad_request(format!("{member} is not an RFC 3339 time with offset")))?;
    Ok(at.unix_timestamp().saturating_mul(clock::SECOND_MS))
}

/// `20261124`, as numbers of slips and receipts carry it.
pub(super) fn compact_day(at_ms: i64) -> String {
    clock::day(at_ms).replace('-', "")
}

/// 23:59 of the day on which this falls; of the next day when less than an hour is left.
pub(super) fn end_of_day_ms(at_ms: i64) -> Option<i64> {
    let hour_later = at_ms.saturating_add(3_600 * clock::SECOND_MS);
    clock::start_of_day_ms(&clock::day(hour_later)).map(|start_ms| start_ms + DAY_MS - 60 * clock::SECOND_MS)
}

/// `11-24 10:31:05`, for people.
pub(super) fn short(at_ms: i64) -> String {
    clock::date_time(at_ms).get(5..).unwrap_or_default().to_owned()
}
