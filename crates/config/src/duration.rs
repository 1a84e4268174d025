//! Durations as people write them: `20s`, `30min`, `24h`, `7d`.

use std::time::Duration;

/// Reads a whole number followed by its unit.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim() {
        "s" => 1,
        "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor).map(Duration::from_secs)
}

/// What [`parse`] reads, for error messages.
pub(crate) const FORM: &str = "a whole number with its unit: 20s, 30min, 24h or 7d";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        for (text, seconds) in [("20s", 20), ("30min", 1_800), ("24 h", 86_400), ("7d", 604_800)] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "20", "s", "-5s", "1.5h", "20S", "1h30min", "99999999999999999999s"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
