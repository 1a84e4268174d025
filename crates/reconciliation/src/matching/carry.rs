//! What may still come: entries close to a day's cut, and entries that an earlier run has left over.

use super::Rules;
use crate::sides::When;
use mingfen_domain::difference::Category;

const DAY_SECONDS: u32 = 86_400;

/// From which second of a day on, and for how many, nothing is near its cut.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    from: u32,
    seconds: u32,
}

impl Cut {
    pub fn of(rules: &Rules) -> Self {
        let from = rules.near_cut_seconds;
        let to = DAY_SECONDS.saturating_sub(from.saturating_add(rules.ends_early_seconds));
        Self { from, seconds: to.saturating_sub(from) }
    }

    /// Whether a moment is so close to its day's cut that the other side may have it on the neighbouring day.
    #[inline]
    pub fn is_near(self, when: When) -> bool {
        when.second.is_some_and(|second| second.wrapping_sub(self.from) >= self.seconds)
    }
}

/// Whether a one-sided entry is waited for, instead of being called one-sided: it is close to the cut, or was carried here and the
/// deadline of [`Category::CrossDay`] has not passed.
pub(super) fn still_waits(day: i32, near_cut: bool, carried: bool, rules: &Rules) -> bool {
    if !carried {
        return near_cut;
    }
    let deadline = i32::from(Category::CrossDay.deadline_days());
    rules.day.is_some_and(|today| today.saturating_sub(day) < deadline)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_a_day_are_near_its_cut() {
        let rules = Rules::default();
        let at = |second| Cut::of(&rules).is_near(When { day: 7, second });
        assert!(at(Some(0)) && at(Some(899)) && at(Some(86_399)) && at(Some(85_500)));
        assert!(!at(Some(900)) && !at(Some(85_499)) && !at(Some(43_200)));
        assert!(!at(None), "a day without a time is no reason to wait");
    }

    #[test]
    fn a_channel_whose_day_ends_before_midnight_has_the_rest_on_its_next_statement() {
        let rules = Rules { ends_early_seconds: 3600, ..Rules::default() };
        let at = |second| Cut::of(&rules).is_near(When { day: 7, second: Some(second) });
        assert!(at(82_800) && at(81_900) && at(899), "23:00, a quarter before, and behind midnight");
        assert!(!at(81_899) && !at(900));
    }

    #[test]
    fn a_carried_entry_waits_until_its_deadline() {
        let rules = Rules { day: Some(100), ..Rules::default() };
        assert!(still_waits(99, false, true, &rules));
        assert!(still_waits(98, true, true, &rules));
        assert!(!still_waits(97, true, true, &rules), "the third day is the last");
        assert!(still_waits(100, true, false, &rules));
        assert!(!still_waits(100, false, false, &rules));
        assert!(!still_waits(100, true, true, &Rules::default()), "nobody said which day it is");
    }
}
