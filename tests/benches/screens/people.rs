//! Who pays: patients with names, cards and phones, sealed and hashed as the gateway keeps them.

use mingfen_gateway::ambient::SystemRandom;
use mingfen_simulator::his::HOSPITAL_ID;
use mingfen_tests::{Hospital, keyring};
use mingfen_vault::field;
use std::fmt::Write;

/// How many; each comes again and again.
pub const PEOPLE: u64 = 200_000;
/// Whose payment it is: the number times this, of [`PEOPLE`].
pub const STEP: u64 = 7919;
/// So many in one statement.
const AT_ONCE: u64 = 2_000;

const SURNAMES: [&str; 20] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何",
    "郭", "马", "罗",
];
const GIVEN: [&str; 25] = [
    "伟", "芳", "娜", "秀英", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明",
    "超", "秀兰", "霞", "平", "刚", "桂英", "建国", "小雨",
];

/// A patient, by number.
pub struct Person {
    pub name: String,
    pub card: String,
    pub phone: String,
}

/// The patient of that number.
pub fn person(number: u64) -> Person {
    let at = |list: &[&'static str], number: u64| {
        list[usize::try_from(number % u64::try_from(list.len()).expect("small")).expect("small")]
    };
    let spread = number * 48271 % 100_000_007;
    Person {
        name: format!("{}{}{}", at(&SURNAMES, spread), at(&GIVEN, spread / 20), at(&GIVEN, spread / 500)),
        card: format!("A1{:09}", 20_000_000 + number),
        phone: format!("138{:08}", spread),
    }
}

/// The patient whose payment has that number.
pub fn payer_of(payment: u64) -> Person {
    person(payment * STEP % PEOPLE)
}

/// Writes down what the gateway would keep of each of them, in a table to copy from.
pub async fn are_known(hospital: &Hospital, sqlite: bool) {
    let bytes = if sqlite { "BLOB" } else { "BYTEA" };
    hospital
        .executes(&format!(
            "CREATE TABLE bench_people (
                person_no BIGINT NOT NULL PRIMARY KEY, patient_sealed {bytes} NOT NULL, card_index TEXT NOT NULL,
                phone_index TEXT NOT NULL, phone_tail_index TEXT NOT NULL, name_index TEXT NOT NULL
            )"
        ))
        .await;
    let keyring = keyring(&[1], 1);
    for first in (0..PEOPLE).step_by(usize::try_from(AT_ONCE).expect("small")) {
        let mut rows = String::new();
        for number in first..first + AT_ONCE {
            let Person { name, card, phone } = person(number);
            let plain = format!(r#"{{"name":"{name}","card_no":"{card}","phone":"{phone}","id_no":null}}"#);
            let sealed = hex::encode(field::seal(&keyring, "bills.patient", plain.as_bytes(), &SystemRandom));
            let sealed = if sqlite { format!("X'{sealed}'") } else { format!("decode('{sealed}', 'hex')") };
            let index = |purpose: &str, value: &str| {
                field::index(&keyring, purpose, &format!("{HOSPITAL_ID}:{value}"))
            };
            let comma = if rows.is_empty() { "" } else { "," };
            write!(
                rows,
                "{comma}({number}, {sealed}, '{}', '{}', '{}', '{}')",
                index("bills.card", &card),
                index("bills.phone_index", &phone),
                index("bills.phone_tail_index", &phone[7..]),
                index("bills.name_index", &name),
            )
            .expect("text");
        }
        hospital.executes(&format!("INSERT INTO bench_people VALUES {rows}")).await;
    }
}
