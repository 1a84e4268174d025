//! Hospital-local times as they are read: "今天 10:31", "20 Nov 10:31".

use crate::wording::Wording;

/// A point in the hospital's local time, with the one thing a reader wants to know first: is it today?
///
/// Language-neutral; the page that prints it chooses the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Calendar year.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// Same local day as the page that shows it.
    pub today: bool,
}

impl Moment {
    /// The moment `at_ms`, seen from `now_ms` (both epoch milliseconds UTC), at a place `offset_minutes` east of UTC
    /// (China: 480).
    pub fn local(at_ms: i64, now_ms: i64, offset_minutes: i64) -> Self {
        let seconds = |ms: i64| ms.div_euclid(1000) + offset_minutes * 60;
        let (at, now) = (seconds(at_ms), seconds(now_ms));
        let (year, month, day) = civil(at.div_euclid(86_400));
        let of_day = at.rem_euclid(86_400);
        let part = |n: i64| u8::try_from(n).unwrap_or_default();
        Self {
            year,
            month,
            day,
            hour: part(of_day / 3600),
            minute: part(of_day / 60 % 60),
            second: part(of_day % 60),
            today: at.div_euclid(86_400) == now.div_euclid(86_400),
        }
    }

    /// `10:31`.
    pub fn clock(&self) -> String {
        format!("{:02}:{:02}", self.hour, self.minute)
    }

    /// `10:31:08`.
    pub fn clock_with_seconds(&self) -> String {
        format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }

    /// `2026-11-20 10:31`, for paper and for detail rows.
    pub fn full(&self) -> String {
        format!("{:04}-{:02}-{:02} {}", self.year, self.month, self.day, self.clock())
    }

    /// The clock alone when it is today, with the day before it when it is not.
    pub(crate) fn deadline(&self, say: &Wording) -> String {
        if self.today { self.clock() } else { self.short(say) }
    }

    /// `今天 10:31`, or with the date when it is not today.
    pub(crate) fn short(&self, say: &Wording) -> String {
        if self.today { say.time.today.with(self.clock()).plain() } else { self.dated(say) }
    }

    /// `11 月 20 日 23:59`, for paper, where "today" would soon be wrong.
    pub(crate) fn dated(&self, say: &Wording) -> String {
        say.time.day_and_clock.with2(self.day_and_month(say), self.clock()).plain()
    }

    /// `11 月 20 日`.
    pub(crate) fn day_and_month(&self, say: &Wording) -> String {
        let index = usize::from(self.month.clamp(1, 12)) - 1;
        say.time.day.with2(say.time.months[index], self.day).plain()
    }
}

/// Year, month and day of a number of days since 1970-01-01 (proleptic Gregorian; H. Hinnant, "chrono-compatible
/// low-level date algorithms").
fn civil(days: i64) -> (i64, u8, u8) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, u8::try_from(month).unwrap_or(1), u8::try_from(day).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Language;

    /// 2026-11-20 10:31:08 in China.
    const AT_MS: i64 = 1_795_141_868_000;

    #[test]
    fn today_is_said_in_both_languages() {
        let moment = Moment::local(AT_MS, AT_MS + 3_600_000, 480);
        assert_eq!(moment.full(), "2026-11-20 10:31");
        assert_eq!(moment.clock_with_seconds(), "10:31:08");
        assert_eq!(moment.short(Wording::of(Language::ZhCn)), "今天 10:31");
        assert_eq!(moment.short(Wording::of(Language::En)), "10:31 today");
    }

    #[test]
    fn another_day_is_named() {
        let moment = Moment::local(AT_MS, AT_MS + 86_400_000, 480);
        assert_eq!(moment.short(Wording::of(Language::ZhCn)), "11 月 20 日 10:31");
        assert_eq!(moment.short(Wording::of(Language::En)), "20 Nov 10:31");
    }

    #[test]
    fn the_day_turns_at_local_midnight() {
        let just_before = Moment::local(AT_MS, 1_795_190_399_999, 480);
        let just_after = Moment::local(AT_MS, 1_795_190_400_000, 480);
        assert!(just_before.today);
        assert!(!just_after.today);
    }

    #[test]
    fn leap_days_and_century_ends_are_counted() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(11_017), (2000, 3, 1));
        assert_eq!(civil(-1), (1969, 12, 31));
    }
}
