//! Bytes of a field to what they mean. Strict: what is not understood is refused, never guessed.

use crate::sides::When;
use mingfen_domain::Fen;

/// Yuan with at most two decimals, as [`Fen::from_yuan`] reads them: two digits after the dot or one, nothing else.
#[inline]
pub(super) fn yuan(text: &[u8]) -> Option<Fen> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let (whole, decimals): (&[u8], &[u8]) = match digits {
        [whole @ .., b'.', tens, ones] => (whole, &[*tens, *ones]),
        [whole @ .., b'.', tens] => (whole, &[*tens, b'0']),
        whole => (whole, b"00"),
    };
    if whole.is_empty() || whole.len() > 15 {
        return None;
    }
    let mut fen: i64 = 0;
    for &byte in whole.iter().chain(decimals) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        fen = fen * 10 + i64::from(digit);
    }
    Some(Fen::new(if negative { -fen } else { fen }))
}

/// A whole number of fen.
pub(super) fn fen(text: &[u8]) -> Option<Fen> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 17 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let fen = digits.iter().fold(0_i64, |fen, digit| fen * 10 + i64::from(digit - b'0'));
    Some(Fen::new(if negative { -fen } else { fen }))
}

/// Yuan with at most five decimals, in 1/1000 fen.
pub(super) fn milli_fen(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let mut parts = digits.splitn(2, |&byte| byte == b'.');
    let (whole, decimals) = (parts.next()?, parts.next().unwrap_or(b"0"));
    if whole.is_empty() || whole.len() > 12 || decimals.is_empty() || decimals.len() > 5 {
        return None;
    }
    let mut value = 0_i64;
    for &byte in whole.iter().chain(decimals) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    let value = (decimals.len()..5).fold(value, |value, _| value * 10);
    Some(if negative { -value } else { value })
}

/// A number of things; some files print `45.0`.
pub(super) fn count(text: &[u8]) -> Option<u64> {
    let digits = match text.iter().position(|&byte| byte == b'.') {
        Some(dot) if text[dot + 1..].iter().all(|&byte| byte == b'0') => &text[..dot],
        Some(_) => return None,
        None => text,
    };
    if digits.is_empty() || digits.len() > 18 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |count, digit| count * 10 + u64::from(digit - b'0')))
}

/// Reads days, and remembers the last one: all rows of a file have much the same.
#[derive(Default)]
pub(super) struct Days {
    text: [u8; 10],
    day: i32,
}

impl Days {
    /// `2026-11-25 08:30:00` with `-` or `/` and a blank or `T`, with or without fractions; `20261125083000`; or a day alone.
    #[inline]
    pub fn when(&mut self, text: &[u8]) -> Option<When> {
        let (date, time) = if let Some((date, time)) = text.split_first_chunk::<10>()
            && !date[4].is_ascii_digit()
        {
            if *date != self.text {
                self.day = separated_day(date)?;
                self.text = *date;
            }
            (self.day, time)
        } else {
            let (date, time) = text.split_first_chunk::<8>()?;
            (day(&date[..4], &date[4..6], &date[6..])?, time)
        };
        let second = match time {
            [] => None,
            [b' ' | b'T', h1, h0, b':', m1, m0, b':', s1, s0, rest @ ..] => {
                let is_fraction =
                    rest.is_empty() || (rest[0] == b'.' && rest[1..].iter().all(u8::is_ascii_digit));
                if !is_fraction {
                    return None;
                }
                Some(second([*h1, *h0], [*m1, *m0], [*s1, *s0])?)
            }
            [h1, h0, m1, m0, s1, s0] => Some(second([*h1, *h0], [*m1, *m0], [*s1, *s0])?),
            _ => return None,
        };
        Some(When { day: date, second })
    }
}

fn separated_day(date: &[u8; 10]) -> Option<i32> {
    let separator = date[4];
    if date[7] != separator || !matches!(separator, b'-' | b'/') {
        return None;
    }
    day(&date[..4], &date[5..7], &date[8..])
}

fn second(hour: [u8; 2], minute: [u8; 2], second: [u8; 2]) -> Option<u32> {
    let (hour, minute, second) = (digits(&hour)?, digits(&minute)?, digits(&second)?);
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
}

fn digits(text: &[u8]) -> Option<u32> {
    text.iter()
        .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
fn day(year: &[u8], month: &[u8], day: &[u8]) -> Option<i32> {
    let number = |text| digits(text).and_then(|number| i32::try_from(number).ok());
    let (year, month, day) = (number(year)?, number(month)?, number(day)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1970..=9999).contains(&year) || !(1..=last).contains(&day) {
        return None;
    }
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(365 * year + year / 4 - year / 100 + year / 400 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sides::day_number;
    use mingfen_domain::BusinessDay;
    use proptest::prelude::*;

    #[test]
    fn a_time_has_one_of_the_written_forms() {
        let mut days = Days::default();
        let expected = Some(When { day: 20_782, second: Some(30_600) });
        for text in [
            "2026-11-25 08:30:00",
            "2026/11/25 08:30:00",
            "2026-11-25T08:30:00",
            "2026-11-25 08:30:00.123",
            "20261125083000",
        ] {
            assert_eq!(days.when(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(days.when(b"2026-11-25"), Some(When { day: 20_782, second: None }));
        assert_eq!(days.when(b"20261125"), Some(When { day: 20_782, second: None }));
        for text in [
            "",
            "2026-11-25 8:30",
            "2026-02-29 08:30:00",
            "2026-13-01",
            "2026-11-25 24:00:00",
            "25/11/2026",
            "2026-11/25",
            "2026-11-25 08:30:00x",
            "46351.35",
        ] {
            assert_eq!(days.when(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn fees_have_five_decimals() {
        assert_eq!(milli_fen(b"0.04000"), Some(4000));
        assert_eq!(milli_fen(b"-0.03"), Some(-3000));
        assert_eq!(milli_fen(b"1"), Some(100_000));
        for text in ["", ".", "1.", "0.000001", "x"] {
            assert_eq!(milli_fen(text.as_bytes()), None, "{text}");
        }
        assert_eq!(count(b"45.0"), Some(45));
        assert_eq!(count(b"45.5"), None);
    }

    proptest! {
        #[test]
        fn yuan_are_read_as_the_domain_reads_them(text in "-?[0-9]{0,6}(\\.[0-9]{0,3})?|[-.0-9x ]{0,8}") {
            prop_assert_eq!(yuan(text.as_bytes()), Fen::from_yuan(&text).ok(), "{}", text);
        }

        #[test]
        fn days_are_counted_as_the_domain_counts_them(year in 1970..9999_i32, month in 1..13_i32, of_month in 1..32_i32) {
            let text = format!("{year:04}-{month:02}-{of_month:02}");
            let expected = BusinessDay::parse(&text).ok().map(day_number);
            prop_assert_eq!(Days::default().when(text.as_bytes()).map(|when| when.day), expected, "{}", text);
        }
    }
}
