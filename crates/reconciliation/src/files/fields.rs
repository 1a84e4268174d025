//! Bytes of a field to what they mean. Strict: what is not understood is refused, never guessed.

use crate::sides::When;
use mingfen_domain::Fen;

/// A text of four to eight bytes, compared and counted with in one step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    /// The last byte is the highest one; below the first there are zeros.
    bytes: u64,
    length: usize,
}

#[inline]
pub(super) fn word(text: &[u8]) -> Option<Word> {
    let length = text.len();
    if !(4..=8).contains(&length) {
        return None;
    }
    let (start, end) = (text.first_chunk::<4>()?, text.last_chunk::<4>()?);
    let below = 8 * (8 - length as u32);
    let bytes = u64::from(u32::from_le_bytes(*start)) << below | u64::from(u32::from_le_bytes(*end)) << 32;
    Some(Word { bytes, length })
}

/// The number that eight bytes make, each of which is a digit's value; the highest byte is the last digit.
#[inline]
const fn eight_digits(digits: u64) -> u64 {
    let pairs = (digits.wrapping_mul(10) + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours.wrapping_mul(10_000) + (fours >> 32)) & 0xffff_ffff
}

/// Whether every byte is below ten.
#[inline]
const fn are_digits(bytes: u64) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    (bytes | (bytes & !HIGH).wrapping_add(0x7676_7676_7676_7676)) & HIGH == 0
}

/// Four to eight bytes with that many decimals and at least one digit before them. `None` where it is not written so; then nothing is
/// said about it yet.
#[inline]
fn plain<const DECIMALS: usize>(text: &[u8]) -> Option<u64> {
    let Word { bytes: word, length } = word(text)?;
    let dot = 8 * (7 - DECIMALS as u32);
    if length < DECIMALS + 2 || (word >> dot) as u8 != b'.' {
        return None;
    }
    let (behind, before) = (u64::MAX << dot << 8, (1 << dot) - 1);
    let digits = (word & behind) | (word & before) << 8;
    let first = 8 * (9 - length as u32);
    let digits = (digits ^ 0x3030_3030_3030_3030) >> first << first;
    are_digits(digits).then(|| eight_digits(digits))
}

/// Yuan with at most two decimals, as [`Fen::from_yuan`] reads them: two digits after the dot or one, nothing else.
#[inline]
pub(super) fn yuan(text: &[u8]) -> Option<Fen> {
    match plain::<2>(text) {
        Some(fen) => Some(Fen::new(fen as i64)),
        None => any_yuan(text),
    }
}

fn any_yuan(text: &[u8]) -> Option<Fen> {
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
#[inline]
pub(super) fn milli_fen(text: &[u8]) -> Option<i64> {
    match plain::<5>(text) {
        Some(milli) => Some(milli as i64),
        None => any_milli_fen(text),
    }
}

/// Whatever [`yuan`] or [`milli_fen`] reads, in 1/1000 fen.
#[inline]
pub(super) fn any_milli(text: &[u8]) -> Option<i128> {
    match plain::<2>(text).map(|fen| fen * 1000).or_else(|| plain::<5>(text)) {
        Some(milli) => Some(i128::from(milli)),
        None => match any_yuan(text) {
            Some(fen) => Some(i128::from(fen.get()) * 1000),
            None => any_milli_fen(text).map(i128::from),
        },
    }
}

fn any_milli_fen(text: &[u8]) -> Option<i64> {
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
    #[inline(always)]
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
            [b' ' | b'T', clock @ ..] => {
                let (clock, rest) = clock.split_first_chunk::<8>()?;
                let is_fraction = || rest[0] == b'.' && rest[1..].iter().all(u8::is_ascii_digit);
                if !rest.is_empty() && !is_fraction() {
                    return None;
                }
                Some(second(*clock)?)
            }
            [h1, h0, m1, m0, s1, s0] => Some(second([*h1, *h0, b':', *m1, *m0, b':', *s1, *s0])?),
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

/// Of a clock such as `08:30:00`.
#[inline]
const fn second(clock: [u8; 8]) -> Option<u32> {
    // Colons become zeros, and what ought to be a colon and is none becomes more than that.
    let digits = u64::from_le_bytes(clock) ^ u64::from_le_bytes(*b"00:00:00");
    const COLONS: u64 = 0x0000_ff00_00ff_0000;
    let pairs = (digits & !COLONS).wrapping_mul(10).wrapping_add(digits >> 8);
    let (hour, minute, second) = (pairs as u8 as u32, (pairs >> 24) as u8 as u32, (pairs >> 48) as u8 as u32);
    if are_digits(digits) && digits & COLONS == 0 && hour < 24 && minute < 60 && second < 60 {
        Some(hour * 3600 + minute * 60 + second)
    } else {
        None
    }
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

    #[test]
    fn what_is_read_in_one_step_is_read_as_digit_by_digit() {
        let bytes: Vec<u8> = (0..=255).collect();
        for text in ["1.00", "12.34", "123.45", "1234.56", "12345.67", "0.04000", "12.34567", "99999.99"] {
            let mut text = text.as_bytes().to_vec();
            for place in 0..text.len() {
                let kept = text[place];
                for &byte in &bytes {
                    text[place] = byte;
                    assert_eq!(yuan(&text), any_yuan(&text), "{text:?}");
                    assert_eq!(milli_fen(&text), any_milli_fen(&text), "{text:?}");
                    let fen = any_yuan(&text).map(|fen| fen.get() * 1000).or_else(|| any_milli_fen(&text));
                    assert_eq!(any_milli(&text), fen.map(i128::from), "{text:?}");
                }
                text[place] = kept;
            }
        }
        assert_eq!(second([b'\xaa', b'\xa3', b'\xa9', b',', b'\xd6', b'\xa7', b'\xb8', b'\xb6']), None);
        for &byte in &bytes {
            assert_eq!(second([byte; 8]), None, "{byte}");
        }
        for place in 0..8 {
            for &byte in &bytes {
                let mut text = *b"23:59:59";
                text[place] = byte;
                let digit_by_digit = |pair: &[u8], below| digits(pair).filter(|number| *number < below);
                let expected = digit_by_digit(&text[..2], 24).and_then(|hour| {
                    let minute = digit_by_digit(&text[3..5], 60)?;
                    Some(hour * 3600 + minute * 60 + digit_by_digit(&text[6..], 60)?)
                });
                let expected = expected.filter(|_| text[2] == b':' && text[5] == b':');
                assert_eq!(second(text), expected, "{text:?}");
            }
        }
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
