//! What holds for any lines at all. The generator uses few orders, few amounts and few days, so that everything collides.

use super::*;
use crate::sides::{Line, When};
use proptest::prelude::*;
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
struct Made {
    side: Side,
    kind: Kind,
    state: State,
    order: u8,
    refund: u8,
    fen: i64,
    day: i32,
    second: Option<u32>,
    account: u8,
    fee_differs: bool,
    carried: bool,
    insurance: Option<i64>,
    deposit: Option<bool>,
    place: Place,
}

fn made(three_sided: bool) -> impl Strategy<Value = Vec<Made>> {
    let side = prop_oneof![
        Just(Side::Channel),
        Just(Side::His),
        Just(if three_sided { Side::Gateway } else { Side::His })
    ];
    let state = prop_oneof![8 => Just(State::Done), 1 => Just(State::UnderWay), 1 => Just(State::Void)];
    let kind = prop_oneof![2 => Just(Kind::Payment), 1 => Just(Kind::Refund)];
    let second = prop_oneof![6 => Just(Some(40_000)), 1 => Just(Some(86_000)), 1 => Just(None)];
    let line = (
        (side, kind, state),
        (0..8_u8, 0..3_u8, prop_oneof![Just(100), Just(60), Just(40), Just(160), Just(0)]),
        (prop_oneof![6 => Just(20_000), 1 => 19_997..20_003_i32], second),
        (
            prop_oneof![4 => Just(0), 4 => Just(1), 1 => Just(2_u8)],
            prop::bool::weighted(0.05),
            prop::bool::weighted(0.1),
        ),
        (
            prop_oneof![3 => Just(None), 4 => Just(Some(2000)), 1 => Just(Some(i64::MAX))],
            prop_oneof![3 => Just(None), 4 => Just(Some(false)), 1 => Just(Some(true))],
        ),
    );
    proptest::collection::vec(line, 0..60).prop_map(|lines| {
        lines
            .into_iter()
            .enumerate()
            .map(
                |(
                    index,
                    (
                        (side, kind, state),
                        (order, refund, fen),
                        (day, second),
                        (account, fee_differs, carried),
                        (insurance, deposit),
                    ),
                )| Made {
                    side,
                    kind,
                    state,
                    order,
                    refund: if kind == Kind::Refund { refund } else { 0 },
                    fen,
                    day,
                    second,
                    account,
                    fee_differs,
                    carried,
                    insurance,
                    deposit,
                    place: Place { source: side as u16, at: index as u64 * 300 },
                },
            )
            .collect()
    })
}

fn rules(three_sided: bool) -> Rules {
    Rules {
        three_sided,
        day: Some(20_000),
        own_numbers: OwnNumbers { prefixes: vec![b"P2".to_vec()], length: None },
        list_foreign: true,
        ..Rules::default()
    }
}

/// One in eight orders has a shop's number; another is too odd to be packed.
fn order_no(order: u8) -> String {
    match order {
        0 => "SHOP0001".to_owned(),
        1 => "P2-lower-case-и".to_owned(),
        order => format!("P261125ABCDEFGH{order:06}"),
    }
}

fn run(lines: &[Made], rules: Rules, threads: usize, partitions: (usize, usize), key: HashKey) -> Outcome {
    settled(lines, rules, threads, partitions, key).expect("an outcome")
}

fn settled(
    lines: &[Made],
    rules: Rules,
    threads: usize,
    (partitions, parts): (usize, usize),
    key: HashKey,
) -> Result<Outcome, MatchingError> {
    let matching = Matching::new(rules, key, threads, 0).with_partitions(partitions, parts);
    let mut shelves: Vec<Shelf<'_>> = (0..threads).map(|_| matching.shelf()).collect();
    for (number, shelf) in shelves.iter_mut().enumerate() {
        for side in Side::ALL {
            shelf.open(side as u16, side);
            for line in
                lines.iter().enumerate().filter(|(index, _)| index % threads == number).map(|(_, line)| line)
            {
                if line.side != side {
                    continue;
                }
                let order_no = order_no(line.order);
                let refund_no = if line.refund == 0 { String::new() } else { format!("R{}", line.refund) };
                let account =
                    if line.account == 0 { String::new() } else { format!("19000000{}", line.account) };
                shelf
                    .push(&Line {
                        kind: line.kind,
                        state: line.state,
                        order_no: order_no.as_bytes(),
                        refund_no: refund_no.as_bytes(),
                        amount: Fen::new(line.fen),
                        when: When { day: line.day, second: line.second },
                        account: account.as_bytes(),
                        fee_differs: line.fee_differs,
                        carried: line.carried,
                        insurance: line.insurance.map(Fen::new),
                        deposit: line.deposit,
                        at: line.place.at,
                    })
                    .expect("a line");
            }
        }
    }
    matching.settle(shelves)
}

fn plain(lines: &[Made], three_sided: bool) -> Outcome {
    run(lines, rules(three_sided), 1, (1, 1), HashKey::new(1, 2))
}

fn check_sums(lines: &[Made], outcome: &Outcome) {
    for side in Side::ALL {
        let total = outcome.summary.total(side).expect("a total");
        let of = |kind| {
            let of_kind = lines.iter().filter(|line| line.side == side && line.kind == kind);
            Fen::new(of_kind.map(|line| line.fen).sum())
        };
        let lines = lines.iter().filter(|line| line.side == side).count() as u64;
        assert_eq!(total, Tally { lines, paid: of(Kind::Payment), refunded: of(Kind::Refund) }, "{side:?}");
    }
    let mut seen = BTreeSet::new();
    for finding in &outcome.findings {
        for line in &finding.lines {
            assert!(seen.insert(line.place), "{:?} is used twice", line.place);
        }
    }
    for category in Category::ALL {
        if matches!(category, Category::Matched) {
            continue;
        }
        for side in Side::ALL {
            let listed = outcome.findings.iter().filter(|finding| finding.category == category);
            let listed = listed.flat_map(|finding| &finding.lines).filter(|line| line.side == side).count();
            assert_eq!(listed as u64, outcome.summary.of(category, side).lines, "{category:?} {side:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_entry_is_used_twice_and_the_categories_add_up(two in made(false), three in made(true)) {
        check_sums(&two, &plain(&two, false));
        check_sums(&three, &plain(&three, true));
    }

    #[test]
    fn order_partitions_threads_key_and_spilling_change_nothing(
        (lines, shuffled) in made(true).prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle())),
        threads in 1..4_usize, partitions in 0..7_u32, parts in 0..5_u32, key in any::<(u64, u64)>(), spill in any::<bool>(),
    ) {
        let expected = plain(&lines, true);
        let rules = Rules { memory_bytes: spill.then_some(1), ..rules(true) };
        let actual = run(&shuffled, rules, threads, (1 << partitions, 1 << parts), HashKey::new(key.0, key.1));
        prop_assert_eq!(format!("{expected:?}"), format!("{actual:?}"));
    }

    #[test]
    fn more_findings_than_are_allowed_are_refused_with_the_same_words_by_any_threads(
        lines in made(true), most in 0..6_u64, threads in 1..4_usize, partitions in 0..7_u32, parts in 0..5_u32,
    ) {
        let expected = plain(&lines, true);
        let rules = Rules { most_findings: Some(most), ..rules(true) };
        match settled(&lines, rules, threads, (1 << partitions, 1 << parts), HashKey::random()) {
            Ok(outcome) => {
                prop_assert!(expected.findings.len() as u64 <= most);
                prop_assert_eq!(outcome, expected);
            }
            Err(MatchingError::TooManyFindings(told)) => {
                prop_assert_eq!((told.most, told.found), (most, expected.findings.len() as u64));
                prop_assert!(told.found > most);
                for (side, (lines, agree)) in Side::ALL.into_iter().zip(told.sides) {
                    prop_assert_eq!(lines, expected.summary.total(side).expect("a total").lines);
                    prop_assert_eq!(agree, expected.summary.of(Category::Matched, side).lines);
                }
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn swapping_the_sides_mirrors_the_categories(lines in made(false)) {
        let mirrored: Vec<Made> =
            lines.iter().map(|line| Made { side: line.side.mirrored(), ..line.clone() }).collect();
        // A shop's order is the channel's peculiarity: its mirror is an order that only HIS has.
        let all_ours = Rules { own_numbers: OwnNumbers::default(), ..rules(false) };
        let here = run(&lines, all_ours.clone(), 1, (1, 1), HashKey::new(1, 2));
        let there = run(&mirrored, all_ours, 1, (1, 1), HashKey::new(1, 2));
        for category in Category::ALL {
            for side in Side::ALL {
                prop_assert_eq!(
                    here.summary.of(category, side).lines,
                    there.summary.of(category.mirrored(), side.mirrored()).lines,
                    "{:?} {:?}", category, side
                );
            }
        }
    }

    #[test]
    fn a_clean_pair_more_changes_nothing_else(mut lines in made(false), fen in 1..500_i64) {
        let before = plain(&lines, false);
        for side in [Side::Channel, Side::His] {
            lines.push(Made {
                side, kind: Kind::Payment, state: State::Done, order: 99, refund: 0, fen, day: 20_000, second: Some(86_399),
                account: 1, fee_differs: false, carried: false, insurance: None, deposit: None, place: Place { source: 9, at: side as u64 },
            });
        }
        let after = plain(&lines, false);
        prop_assert_eq!(before.findings, after.findings);
        for category in Category::ALL {
            for side in Side::ALL {
                let more = u64::from(category == Category::Matched && side != Side::Gateway);
                prop_assert_eq!(before.summary.of(category, side).lines + more, after.summary.of(category, side).lines);
            }
        }
    }

    /// The short way and the long way must say the same: forbid the short one and compare.
    #[test]
    fn the_plain_case_is_what_grouping_would_say(lines in made(false)) {
        let outcome = plain(&lines, false);
        let mut doubled = lines.clone();
        doubled.retain(|line| line.side != Side::Gateway);
        let long = {
            // A void entry of nothing in every order makes each group longer than two and is netted by itself.
            let mut more = doubled.clone();
            more.extend((0..8).map(|order| Made {
                side: Side::Channel, kind: Kind::Payment, state: State::Void, order, refund: 0, fen: 7, day: 20_000,
                second: None, account: 0, fee_differs: false, carried: false, insurance: None, deposit: None,
                place: Place { source: 8, at: u64::from(order) },
            }));
            plain(&more, false)
        };
        for side in [Side::Channel, Side::His] {
            prop_assert_eq!(outcome.summary.of(Category::Matched, side), long.summary.of(Category::Matched, side));
        }
    }
}

/// Every group of up to four lines of an order, out of lines that are alike in most: what is decided the short way is decided as it
/// is the long way.
#[test]
fn every_small_group_is_decided_as_grouping_would() {
    let mut all = Vec::new();
    for side in [Side::Channel, Side::His] {
        for (kind, refund) in [(Kind::Payment, 0), (Kind::Refund, 0), (Kind::Refund, 1)] {
            all.extend([100, 60].map(|fen| Made {
                side,
                kind,
                state: State::Done,
                order: 2,
                refund,
                fen,
                day: 20_000,
                second: Some(40_000),
                account: 1,
                fee_differs: false,
                carried: false,
                insurance: None,
                deposit: None,
                place: Place { source: side as u16, at: 0 },
            }));
        }
    }
    // A payment that came to nothing on both sides makes each group longer and changes nothing else.
    let void = Made { state: State::Void, kind: Kind::Payment, refund: 0, fen: 7, ..all[0].clone() };
    let places = all.len().pow(4);
    for number in 0..places {
        let digit = |place: u32| number / all.len().pow(place) % all.len();
        let ascending = (0..3).all(|place| digit(place) <= digit(place + 1));
        if !ascending {
            continue;
        }
        for count in 2..=4 {
            let mut lines: Vec<Made> = (0..count).map(|place| all[digit(place)].clone()).collect();
            for (at, line) in lines.iter_mut().enumerate() {
                line.place.at = at as u64;
            }
            let short = plain(&lines, false);
            lines.push(Made { place: Place { source: 8, at: 0 }, ..void.clone() });
            let mut long = plain(&lines, false);
            long.findings.retain(|finding| finding.lines.iter().all(|line| line.state != State::Void));
            assert_eq!(short.findings, long.findings, "{lines:?}");
            for side in Side::ALL {
                let of = |outcome: &Outcome| outcome.summary.of(Category::Matched, side);
                assert_eq!(of(&short), of(&long), "{lines:?}");
            }
        }
    }
}

/// More shapes than a byte can number, and numbers of every length in both forms, so that blocks are full behind entries of every size.
#[test]
fn what_is_put_on_a_shelf_comes_back_as_it_was() {
    type Put = (Vec<u8>, Vec<u8>, Fen, Option<Fen>, Vec<u8>, u64);
    let text = |index: usize, length: usize| -> Vec<u8> {
        let filling: &[u8] = if index.is_multiple_of(2) { b"AB12" } else { b"ab12" };
        filling.iter().copied().cycle().take(length).collect()
    };
    let lines: Vec<Put> = (0..6000)
        .map(|index| {
            let mut order_no = format!("{index:04}").into_bytes();
            order_no.extend(text(index / 2, index * 7 % 125));
            let refund_no = text(index / 3, if index.is_multiple_of(4) { index % 129 } else { 0 });
            let insurance = index.is_multiple_of(5).then(|| Fen::new(1 << (index % 50)));
            let account = format!("A{}", index % 300).into_bytes();
            (
                order_no,
                refund_no,
                Fen::new(1 << (index % 45)),
                insurance,
                account,
                (index as u64) << (index % 4 * 9),
            )
        })
        .collect();
    let expected: BTreeSet<&Put> = lines.iter().collect();
    for (partitions, memory_bytes) in [(1, None), (4, None), (4, Some(1 << 16))] {
        let rules = Rules { memory_bytes, ..rules(false) };
        let matching = Matching::new(rules, HashKey::random(), 1, 0).with_partitions(partitions, 2);
        let mut shelf = matching.shelf();
        shelf.open(0, Side::His);
        for (order_no, refund_no, amount, insurance, account, at) in &lines {
            let line = Line {
                kind: if refund_no.is_empty() { Kind::Payment } else { Kind::Refund },
                state: State::Done,
                order_no,
                refund_no,
                amount: *amount,
                when: When { day: 20_000, second: Some(40_000) },
                account,
                fee_differs: false,
                carried: false,
                insurance: *insurance,
                deposit: None,
                at: *at,
            };
            shelf.push(&line).expect("a line");
        }
        let outcome = matching.settle(vec![shelf]).expect("an outcome");
        let found: BTreeSet<Put> = (outcome.findings.into_iter())
            .flat_map(|finding| {
                let order_no = finding.order_no;
                finding.lines.into_iter().map(move |line| {
                    let (refund_no, account) = (line.refund_no.into_vec(), line.account.into_vec());
                    (order_no.to_vec(), refund_no, line.amount, line.insurance, account, line.place.at)
                })
            })
            .collect();
        assert!(found.iter().eq(expected.iter().copied()), "{partitions} {memory_bytes:?}");
    }
}
