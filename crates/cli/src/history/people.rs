//! The invented patients. A person is a number; name, card and phone are functions of it.

use super::catalogue::{GIVEN_NAMES, SURNAMES};

/// How many there are.
pub const COUNT: u64 = 640;

/// A patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// HIS's number.
    pub patient_id: String,
    /// Family name first.
    pub name: String,
    /// The visit card.
    pub card_no: String,
    /// Three in four have one on file. 1380000 is nobody's beginning.
    pub phone: Option<String>,
}

/// The person of this number.
pub fn person(number: usize) -> Person {
    let surname = SURNAMES[number % SURNAMES.len()];
    // 40 surnames and 60 given names: neighbours share neither.
    let given = GIVEN_NAMES[(number * 7 + number / SURNAMES.len()) % GIVEN_NAMES.len()];
    Person {
        patient_id: format!("P{:08}", 1000 + number),
        name: format!("{surname}{given}"),
        card_no: format!("A1003{:07}", 1_000_003 + number * 6_007 % 8_999_000),
        phone: (number % 4 != 3).then(|| format!("1380000{:04}", 1000 + number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn nobody_has_somebody_elses_card_or_name() {
        let people: Vec<Person> = (0..usize::try_from(COUNT).expect("few")).map(person).collect();
        let cards: BTreeSet<&str> = people.iter().map(|person| person.card_no.as_str()).collect();
        assert_eq!(cards.len(), people.len());
        assert!(cards.iter().all(|card| card.len() == 12), "{cards:?}");
        let names: BTreeSet<&str> = people.iter().map(|person| person.name.as_str()).collect();
        assert!(names.len() > people.len() * 3 / 4, "only {} names", names.len());
    }
}
