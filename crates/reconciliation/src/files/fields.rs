//! Bytes of a field to what they mean. Strict: what is not understood is refused, never guessed.

use crate::sides::When;
use mingfen_domain::Fen;

/// A text of one to eight bytes, compared and counted with in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Of each byte in how far it is from `0`, so that a digit is its value. The last one is the highest; below the first there are zeros.
    bytes: u64,
    length: usize,
}

const NOUGHTS: u64 = u64::from_le_bytes(*b"00000000");
const DOT: u8 = b'.' ^ b'0';

impl Word {
    /// `0.00`, which most amounts of a bill are.
    pub const NOUGHT: Self = Self { bytes: (DOT as u64) << 40, length: 4 };

    /// What stands from `start` to `end` of a block, read in one step together with what is before it. `None` for what is longer or
    /// empty, and at the very front of a block, where nothing is before it.
    #[inline(always)]
    pub fn within(block: &[u8], start: usize, end: usize) -> Option<Self> {
        let bytes = u64::from_le_bytes(*block.get(..end)?.last_chunk()?);
        Self::of_last(bytes, end.wrapping_sub(start))
    }

    /// A text by itself.
    pub fn of(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; 8];
        bytes.get_mut(8_usize.checked_sub(text.len())?..)?.copy_from_slice(text);
        Self::of_last(u64::from_le_bytes(bytes), text.len())
    }

    /// The last of eight bytes.
    #[inline(always)]
    fn of_last(bytes: u64, length: usize) -> Option<Self> {
        if length.wrapping_sub(1) >= 8 {
            return None;
        }
        let below = 8 * (8 - length as u32);
        Some(Self { bytes: (bytes ^ NOUGHTS) >> below << below, length })
    }

    /// As [`yuan`], in fen. `None` says nothing about it yet, here and below.
    #[inline(always)]
    pub fn yuan(self) -> Option<u64> {
        self.plain::<2>()
    }

    /// As [`any_milli`].
    #[inline(always)]
    pub fn milli(self) -> Option<u64> {
        self.plain::<2>().map(|fen| fen * 1000).or_else(|| self.plain::<5>())
    }

    /// A number with that many decimals and at least one digit before them.
    #[inline(always)]
    fn plain<const DECIMALS: usize>(self) -> Option<u64> {
        let dot = 8 * (7 - DECIMALS as u32);
        if self.length < DECIMALS + 2 || (self.bytes >> dot) as u8 != DOT {
            return None;
        }
        // With a nought instead of the dot, which makes no number ten times as much as it is: the weights leave it out.
        let digits = self.bytes & !(0xff << dot);
        are_digits(digits).then(|| weighed(digits, const { weights(DECIMALS) }))
    }
}

/// What each two of eight digits count, where a dot stands before the last decimals.
const fn weights(decimals: usize) -> [u64; 4] {
    match decimals {
        // ddddd.dd
        2 => [100_000, 1000, 10, 1],
        // dd.ddddd
        _ => [100_000, 10_000, 100, 1],
    }
}

/// The sum of each two digits' number and its weight; the highest byte is the last digit.
#[inline(always)]
const fn weighed(digits: u64, [first, second, third, fourth]: [u64; 4]) -> u64 {
    const ODD: u64 = 0x0000_00ff_0000_00ff;
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let odd = (pairs & ODD).wrapping_mul(first << 32 | third);
    let even = (pairs >> 16 & ODD).wrapping_mul(second << 32 | fourth);
    odd.wrapping_add(even) >> 32
}

/// Whether every byte is below ten.
#[inline]
const fn are_digits(bytes: u64) -> bool {
    // A byte that carries into the next one is above already.
    (bytes | bytes.wrapping_add(0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080 == 0
}

/// Yuan with at most two decimals, as [`Fen::from_yuan`] reads them: two digits after the dot or one, nothing else.
#[inline]
pub(super) fn yuan(text: &[u8]) -> Option<Fen> {
    match Word::of(text).and_then(Word::yuan) {
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
    match Word::of(text).and_then(Word::plain::<5>) {
        Some(milli) => Some(milli as i64),
        None => any_milli_fen(text),
    }
}

/// Whatever [`yuan`] or [`milli_fen`] reads, in 1/1000 fen.
#[inline]
pub(super) fn any_milli(text: &[u8]) -> Option<i128> {
    match Word::of(text).and_then(Word::milli) {
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
pub(super) struct Days {
    /// A date and what stands between it and a time.
    front: [u8; 11],
    day: i32,
}

impl Default for Days {
    fn default() -> Self {
        // No field has a line break in it, so no text begins like this.
        Self { front: [b'\n'; 11], day: 0 }
    }
}

impl Days {
    /// `2026-11-25 08:30:00` with `-` or `/` and a blank or `T`, with or without fractions; `20261125083000`; or a day alone.
    #[inline(always)]
    pub fn when(&mut self, text: &[u8]) -> Option<When> {
        if let Some((front, clock)) = text.split_first_chunk()
            && *front == self.front
            && let Ok(clock) = clock.try_into()
        {
            return Some(When { day: self.day, second: Some(second(clock)?) });
        }
        self.any(text)
    }

    #[inline(never)]
    fn any(&mut self, text: &[u8]) -> Option<When> {
        let (date, time) = if let Some((date, time)) = text.split_first_chunk::<10>()
            && !date[4].is_ascii_digit()
        {
            if self.front[..10] != *date {
                self.day = separated_day(date)?;
                self.front[..10].copy_from_slice(date);
            }
            if let [between @ (b' ' | b'T'), ..] = time {
                self.front[10] = *between;
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

    #[test]
    fn a_day_is_remembered_with_what_stands_behind_it() {
        let mut days = Days::default();
        assert_eq!(days.when(&[0; 19]), None);
        for _ in 0..2 {
            for (text, second) in [("2026-11-25", None), ("2026-11-25 08:30:00", Some(30_600))] {
                assert_eq!(days.when(text.as_bytes()), Some(When { day: 20_782, second }), "{text}");
            }
            for text in
                ["2026-11-25\n08:30:00", "2026-11-25x08:30:00", "2026-11-25 08:30:0", "2026-11-25 08:61:00"]
            {
                assert_eq!(days.when(text.as_bytes()), None, "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_word_is_the_same_wherever_it_stands(before in "[0-9,]{8,9}", text in "[0-9.]{1,8}|.{0,9}") {
            let block = format!("{before}{text},");
            let within = Word::within(block.as_bytes(), before.len(), before.len() + text.len());
            let alone = Word::of(text.as_bytes());
            prop_assert_eq!(within, alone);
            prop_assert_eq!(alone.is_some(), (1..=8).contains(&text.len()));
            prop_assert_eq!(alone == Some(Word::NOUGHT), text == "0.00");
        }

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
