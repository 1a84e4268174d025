//! Receipt numbers of a shift (收据号段): which is the first and the last, which is missing in between, and which is there twice.
//!
//! HIS gives the numbers, each HIS in its own way. So only what they have in common is read: they end in digits that count. A missing
//! number is a question and not a refusal: another window may have drawn it.

use std::collections::BTreeMap;

/// Whatever is further apart is no gap but another roll: a new day, or another printer.
const MOST_MISSING: u64 = 999;
/// More digits than this do not count anything.
const MOST_DIGITS: usize = 18;

/// Numbers of one roll, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roll {
    /// The first.
    pub first: String,
    /// The last.
    pub last: String,
}

/// What receipt numbers come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipts {
    /// How many there are, doubles counted each time.
    pub number: usize,
    /// From which to which, a roll each.
    pub rolls: Vec<Roll>,
    /// What is missing between the first and the last of a roll, in order.
    pub missing: Vec<String>,
    /// What is there more than once, in order.
    pub doubles: Vec<String>,
}

impl Receipts {
    /// Reads numbers in any order.
    pub fn of<'a>(numbers: impl IntoIterator<Item = &'a str>) -> Self {
        let mut receipts = Self::default();
        // By what stands before the digits, and how many digits there are; a number without any is a roll of its own.
        let mut series: BTreeMap<(&str, usize), BTreeMap<u64, usize>> = BTreeMap::new();
        for number in numbers {
            receipts.number += 1;
            let (before, digits) = split(number);
            let counted = digits.parse().unwrap_or(0);
            *series.entry((before, digits.len())).or_default().entry(counted).or_default() += 1;
        }
        for ((before, width), numbers) in &series {
            let text = |number: u64| match width {
                0 => (*before).to_owned(),
                _ => format!("{before}{number:0width$}"),
            };
            let mut roll: Option<(u64, u64)> = None;
            for (number, times) in numbers {
                if *times > 1 {
                    receipts.doubles.push(text(*number));
                }
                roll = Some(match roll {
                    Some((first, last)) if number - last <= MOST_MISSING + 1 => {
                        receipts.missing.extend((last + 1..*number).map(text));
                        (first, *number)
                    }
                    before => {
                        receipts.keep(before.map(|(first, last)| (text(first), text(last))));
                        (*number, *number)
                    }
                });
            }
            receipts.keep(roll.map(|(first, last)| (text(first), text(last))));
        }
        receipts
    }

    fn keep(&mut self, roll: Option<(String, String)>) {
        self.rolls.extend(roll.map(|(first, last)| Roll { first, last }));
    }

    /// Leaves out what is known to be elsewhere.
    pub fn explain(&mut self, known: &[String]) {
        self.missing.retain(|number| !known.contains(number));
    }
}

/// What stands before the digits at the end, and the digits.
fn split(number: &str) -> (&str, &str) {
    let digits = number.bytes().rev().take_while(u8::is_ascii_digit).count().min(MOST_DIGITS);
    number.split_at(number.len() - digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(numbers: &[&str], rolls: &[(&str, &str)], missing: &[&str], doubles: &[&str]) {
        let mut backwards = numbers.to_vec();
        backwards.reverse();
        for numbers in [numbers.to_vec(), backwards] {
            let receipts = Receipts::of(numbers.iter().copied());
            let found: Vec<_> =
                receipts.rolls.iter().map(|roll| (roll.first.as_str(), roll.last.as_str())).collect();
            assert_eq!(receipts.number, numbers.len());
            assert_eq!(
                (found, receipts.missing, receipts.doubles),
                (
                    rolls.to_vec(),
                    missing.iter().map(|number| (*number).to_owned()).collect(),
                    doubles.iter().map(|number| (*number).to_owned()).collect()
                ),
                "{numbers:?}"
            );
        }
    }

    #[test]
    fn numbers_in_a_row_miss_nothing() {
        check(&[], &[], &[], &[]);
        check(&["SJ20261124000007"], &[("SJ20261124000007", "SJ20261124000007")], &[], &[]);
        check(&["SJ09", "SJ10", "SJ11"], &[("SJ09", "SJ11")], &[], &[]);
    }

    #[test]
    fn what_is_missing_and_what_is_double_is_named() {
        check(&["A001", "A002", "A005", "A005"], &[("A001", "A005")], &["A003", "A004"], &["A005"]);
        check(&["X", "X", "Y"], &[("X", "X"), ("Y", "Y")], &[], &["X"]);
    }

    #[test]
    fn another_day_another_window_or_another_width_is_another_roll() {
        check(
            &["SJ20261124000998", "SJ20261125000001"],
            &[("SJ20261124000998", "SJ20261124000998"), ("SJ20261125000001", "SJ20261125000001")],
            &[],
            &[],
        );
        check(&["A1", "B1", "A3"], &[("A1", "A3"), ("B1", "B1")], &["A2"], &[]);
        check(&["A9", "A10"], &[("A9", "A9"), ("A10", "A10")], &[], &[]);
    }

    #[test]
    fn any_text_is_read() {
        let long = "9".repeat(40);
        check(&[&long, "收据一", ""], &[("", ""), (&long, &long), ("收据一", "收据一")], &[], &[]);
    }

    #[test]
    fn what_is_known_elsewhere_is_not_missing() {
        let mut receipts = Receipts::of(["A1", "A4"]);
        receipts.explain(&["A2".to_owned(), "A9".to_owned()]);
        assert_eq!(receipts.missing, ["A3"]);
    }
}
