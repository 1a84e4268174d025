//! Golden days: anomalies made by hand, each with its reason, among many clean rows. All must be found and named right, and there
//! must be no alarm about anything else.

use mingfen_domain::difference::Category;
use mingfen_domain::{BusinessDay, Fen};
use mingfen_reconciliation::matching::{HashKey, Matching, Outcome, OwnNumbers, Rules};
use mingfen_reconciliation::sides::{Kind, Line, Side, State, When, day_number};
use std::collections::BTreeMap;

const TWO: &str = include_str!("golden/reconciliation/two_sides.toml");
const THREE: &str = include_str!("golden/reconciliation/three_sides.toml");
const CLEAN_ORDERS: u32 = 600;

#[derive(serde::Deserialize)]
struct Day {
    case: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    order: String,
    reason: String,
    lines: Vec<String>,
    expected: Vec<String>,
}

/// A line of the file, taken apart.
struct Written {
    side: Side,
    order: String,
    refund: String,
    kind: Kind,
    state: State,
    amount: Fen,
    when: When,
    account: String,
    fee: bool,
    carried: bool,
    insurance: Option<Fen>,
    deposit: Option<bool>,
}

fn today() -> i32 {
    day_number(BusinessDay::parse("2026-11-25").expect("a day"))
}

fn written(order: &str, text: &str) -> Written {
    let mut words = text.split(' ');
    let mut next = || words.next().unwrap_or_else(|| panic!("{text}: too short"));
    let side = match next() {
        "channel" => Side::Channel,
        "gateway" => Side::Gateway,
        "his" => Side::His,
        other => panic!("{other} is no side"),
    };
    let kind = if next() == "refund" { Kind::Refund } else { Kind::Payment };
    let amount = Fen::from_yuan(next()).expect("yuan");
    let account = if side == Side::Channel { "1900000001".to_owned() } else { String::new() };
    let mut line = Written {
        side,
        order: order.to_owned(),
        refund: String::new(),
        kind,
        state: State::Done,
        amount,
        when: When { day: today(), second: Some(43_200) },
        account,
        fee: false,
        carried: false,
        insurance: None,
        deposit: None,
    };
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("no", number) => line.refund = format!("{order}{number}"),
            ("day", days) => line.when.day += days.parse::<i32>().expect("days"),
            ("at", time) => {
                let part = |index: usize| {
                    time.split(':').nth(index).expect("a time").parse::<u32>().expect("a time")
                };
                line.when.second = Some(part(0) * 3600 + part(1) * 60 + part(2));
            }
            ("account", account) => line.account = account.to_owned(),
            ("void", _) => line.state = State::Void,
            ("under_way", _) => line.state = State::UnderWay,
            ("fee", _) => line.fee = true,
            ("carried", _) => line.carried = true,
            ("insurance", yuan) => line.insurance = Some(Fen::from_yuan(yuan).expect("yuan")),
            ("deposit", _) => line.deposit = Some(true),
            ("no_deposit", _) => line.deposit = Some(false),
            (other, _) => panic!("{text}: {other} means nothing"),
        }
    }
    line
}

/// Clean orders: paid, and every fifth partly refunded. Amounts and times repeat all the time.
fn clean(three_sided: bool) -> Vec<Written> {
    let sides: &[Side] = if three_sided { &Side::ALL } else { &[Side::Channel, Side::His] };
    let mut lines = Vec::new();
    for number in 0..CLEAN_ORDERS {
        for side in sides {
            let order = format!("P261125CLEAN{number:09}");
            let time = format!("at={:02}:{:02}:10", 8 + number % 10, number % 7);
            let yuan = [100, 60, 40, 88][number as usize % 4];
            lines.push(written(&order, &format!("{} payment {yuan}.00 {time}", side.as_str())));
            if number % 5 == 0 {
                lines.push(written(&order, &format!("{} refund 20.00 no=R1 {time}", side.as_str())));
            }
        }
    }
    lines
}

fn run(lines: &[Written], three_sided: bool, threads: usize) -> Outcome {
    let rules = Rules {
        three_sided,
        day: Some(today()),
        own_numbers: OwnNumbers { prefixes: vec![b"P26".to_vec()], length: Some(21) },
        list_foreign: true,
        ..Rules::default()
    };
    let matching = Matching::new(rules, HashKey::random(), threads, lines.len() as u64);
    let mut shelves: Vec<_> = (0..threads).map(|_| matching.shelf()).collect();
    for (number, shelf) in shelves.iter_mut().enumerate() {
        for side in Side::ALL {
            shelf.open(side as u16, side);
            for (at, line) in
                lines.iter().enumerate().filter(|(at, line)| at % threads == number && line.side == side)
            {
                let fed = shelf.push(&Line {
                    kind: line.kind,
                    state: line.state,
                    order_no: line.order.as_bytes(),
                    refund_no: line.refund.as_bytes(),
                    amount: line.amount,
                    when: line.when,
                    account: line.account.as_bytes(),
                    fee_differs: line.fee,
                    carried: line.carried,
                    insurance: line.insurance,
                    deposit: line.deposit,
                    at: at as u64,
                });
                fed.expect("a line");
            }
        }
    }
    matching.settle(shelves).expect("an outcome")
}

fn check(text: &str, three_sided: bool) -> usize {
    let day: Day = toml::from_str(text).expect("a golden day");
    let mut lines = clean(three_sided);
    let clean_rows = lines.len();
    assert!(clean_rows >= 500);
    for case in &day.case {
        lines.extend(case.lines.iter().map(|line| written(&case.order, line)));
    }
    let outcome = run(&lines, three_sided, 2);
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for finding in &outcome.findings {
        let order = String::from_utf8_lossy(&finding.order_no).into_owned();
        let mut parts: Vec<String> =
            finding.lines.iter().map(|line| format!("{} {}", line.side.as_str(), line.amount)).collect();
        parts.sort();
        found.entry(order).or_default().push(format!("{}: {}", finding.category.as_str(), parts.join(" + ")));
    }
    let mut wrong = Vec::new();
    let mut anomalies = 0;
    for case in &day.case {
        anomalies += case.expected.len();
        let mut expected = case.expected.clone();
        let mut actual = found.remove(&case.order).unwrap_or_default();
        expected.sort();
        actual.sort();
        if expected != actual {
            wrong.push(format!("{} {}\n  wanted {expected:?}\n  found  {actual:?}", case.order, case.reason));
        }
    }
    wrong.extend(found.into_iter().map(|(order, alarms)| format!("false alarm about {order}: {alarms:?}")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for side in Side::ALL {
        let total = outcome.summary.total(side).expect("a total");
        assert_eq!(total.lines, lines.iter().filter(|line| line.side == side).count() as u64);
    }
    anomalies
}

#[test]
fn every_anomaly_of_two_sides_is_found_and_named_and_nothing_else() {
    assert!(check(TWO, false) >= 60);
}

#[test]
fn every_anomaly_of_three_sides_is_found_and_named_and_nothing_else() {
    assert!(check(THREE, true) >= 15);
}

/// What only a file as a whole shows.
const NOT_OF_LINES: [Category; 3] =
    [Category::TotalsRowDiffers, Category::UnparsableRow, Category::StatementNotAvailable];

#[test]
fn the_golden_days_know_every_category_that_lines_can_have() {
    for category in Category::ALL {
        let word = format!("\"{}: ", category.as_str());
        let known = TWO.contains(&word) || THREE.contains(&word);
        assert_eq!(known, category != Category::Matched && !NOT_OF_LINES.contains(&category), "{category:?}");
    }
}
