use super::*;

/// 2026-11-24 10:00:00 in Beijing.
const TEN: i64 = 1_795_485_600_000;

fn number(rule: Rule) -> i64 {
    match rule {
        Rule::MaxPayment => 20_000,
        Rule::PayerHourPayments => 3,
        Rule::PayerHourSum => 30_000,
        Rule::PayerDayPayments => 5,
        Rule::PayerDaySum => 50_000,
        Rule::CardHourPayments => 4,
        Rule::CardHourSum => 40_000,
        Rule::CardDayPayments => 6,
        Rule::CardDaySum => 60_000,
        Rule::RefundAlone => 10_000,
        Rule::TillAlone => 5000,
    }
}

fn rules() -> Rules {
    Rules::new(number).expect("they agree")
}

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_ms(TEN).plus_ms(minutes * 60_000)
}

fn yuan(fen: i64) -> Amount {
    Amount::from_fen(fen).expect("an amount")
}

/// What one payer may do now, after orders of so many fen so many minutes before.
fn payer(fen: i64, earlier: &[(i64, i64)]) -> Result<(), TooMuch> {
    let earlier = earlier.iter().map(|(minutes, fen)| Earlier { at: at(-minutes), money: Fen::new(*fen) });
    rules().allow(Whose::Payer, yuan(fen), at(0), earlier)
}

#[test]
fn every_rule_is_read_as_it_is_written_and_stands_at_its_place() {
    for (place, rule) in Rule::ALL.into_iter().enumerate() {
        assert_eq!(Rule::parse(rule.as_str()), Some(rule));
        assert_eq!(rule as usize, place);
        assert_eq!(rules().get(rule), number(rule));
    }
    assert_eq!((Rule::parse("none"), Whose::parse("card")), (None, Some(Whose::Card)));
}

#[test]
fn exactly_the_limit_is_allowed_and_one_fen_more_is_not() {
    assert!(!rules().too_large(yuan(20_000)) && rules().too_large(yuan(20_001)));
    assert_eq!(payer(10_000, &[(30, 20_000)]), Ok(()));
    let no = payer(10_001, &[(30, 20_000)]).expect_err("one fen too much");
    assert_eq!((no.rule, no.until), (Rule::PayerHourSum, Some(at(30))));
}

#[test]
fn so_many_orders_are_allowed_and_one_more_is_not() {
    assert_eq!(payer(1, &[(10, 1), (20, 1)]), Ok(()), "the third");
    let no = payer(1, &[(10, 1), (20, 1), (50, 1)]).expect_err("the fourth");
    assert_eq!(
        (no.rule, no.until),
        (Rule::PayerHourPayments, Some(at(10))),
        "the oldest is an hour old then"
    );
    let crowd = [(10, 1), (20, 1), (30, 1), (40, 1)];
    assert_eq!(payer(1, &crowd).expect_err("two too many").until, Some(at(30)));
}

#[test]
fn an_hour_is_over_to_the_millisecond() {
    let one = |ms: i64| Earlier { at: at(0).plus_ms(-ms), money: Fen::new(30_000) };
    let now = |ms: i64| rules().allow(Whose::Payer, yuan(1), at(0), [one(ms)]);
    assert_eq!(now(HOUR_MS - 1).expect_err("a moment too early").until, Some(at(0).plus_ms(1)));
    assert_eq!(now(HOUR_MS), Ok(()));
}

#[test]
fn a_day_is_the_business_day() {
    // 00:30 in Beijing: what was before midnight is of another day, although it is within the hour.
    let midnight = BusinessDay::of(at(0)).end();
    let earlier: Vec<Earlier> = (1..=5)
        .map(|hours| Earlier { at: midnight.plus_ms(-hours * 2 * HOUR_MS), money: Fen::new(1) })
        .collect();
    let evening = midnight.plus_ms(-60_000);
    let no = rules().allow(Whose::Payer, yuan(1), evening, earlier.clone()).expect_err("five today");
    assert_eq!((no.rule, no.until), (Rule::PayerDayPayments, Some(midnight)));
    assert_eq!(rules().allow(Whose::Payer, yuan(1), midnight, earlier), Ok(()));
}

#[test]
fn what_is_too_much_by_itself_has_no_hour() {
    let tight = Rules::new(|rule| match rule {
        Rule::MaxPayment => 30_000,
        rule => number(rule),
    })
    .expect("they agree");
    let late = [Earlier { at: at(-200), money: Fen::new(1) }];
    assert_eq!(tight.allow(Whose::Payer, yuan(30_000), at(0), late), Ok(()));
    let no = rules().allow(Whose::Payer, yuan(30_001), at(0), []).expect_err("never");
    assert_eq!((no.rule, no.until), (Rule::PayerHourSum, None));
}

#[test]
fn the_latest_of_several_hours_is_named() {
    // Over in number until 10:10, over in money for the whole day.
    let earlier = [(5, 1), (10, 1), (50, 1), (120, 49_000)];
    let no = payer(1_000, &earlier).expect_err("both");
    assert_eq!((no.rule, no.until), (Rule::PayerHourPayments, Some(BusinessDay::of(at(0)).end())));
}

#[test]
fn a_card_has_numbers_of_its_own() {
    let earlier = |count: i64| (1..=count).map(|minutes| Earlier { at: at(-minutes), money: Fen::ZERO });
    assert_eq!(rules().allow(Whose::Card, yuan(1), at(0), earlier(3)), Ok(()));
    let no = rules().allow(Whose::Card, yuan(1), at(0), earlier(4)).expect_err("the fifth");
    assert_eq!(no.rule, Rule::CardHourPayments);
    assert_eq!((rules().most_that_count(Whose::Payer), rules().most_that_count(Whose::Card)), (5, 6));
}

#[test]
fn numbers_that_contradict_each_other_are_no_set() {
    let with = |changed: Rule, to: i64| Rules::new(|rule| if rule == changed { to } else { number(rule) });
    assert_eq!(
        with(Rule::MaxPayment, 30_001),
        Err(RulesError::Above { rule: Rule::MaxPayment, other: Rule::PayerHourSum })
    );
    assert_eq!(
        with(Rule::CardHourPayments, 7),
        Err(RulesError::Above { rule: Rule::CardHourPayments, other: Rule::CardDayPayments })
    );
    assert!(with(Rule::RefundAlone, 0).is_ok(), "then every refund takes two people");
    assert!(with(Rule::TillAlone, 0).is_ok(), "then every difference takes two people");
    assert!(matches!(with(Rule::MaxPayment, 0), Err(RulesError::OutOfRange { .. })));
    assert!(matches!(with(Rule::PayerDayPayments, 100_001), Err(RulesError::OutOfRange { .. })));
}

#[test]
fn tightening_loosens_nothing() {
    let with = |changed: Rule, to: i64| {
        Rules::new(|rule| if rule == changed { to } else { number(rule) }).expect("they agree")
    };
    assert!(with(Rule::MaxPayment, 19_999).only_tighten(&rules()));
    assert!(!with(Rule::MaxPayment, 20_001).only_tighten(&rules()) && !rules().only_tighten(&rules()));
    let mixed = Rules::new(|rule| match rule {
        Rule::MaxPayment => 10_000,
        Rule::CardDayPayments => 7,
        rule => number(rule),
    })
    .expect("they agree");
    assert!(!mixed.only_tighten(&rules()));
    assert_eq!(mixed.changes(&rules()), [Rule::MaxPayment, Rule::CardDayPayments]);
}

fn made(minutes: i64, fen: i64, payer: Option<&str>, card: &str) -> TrialPayment {
    TrialPayment {
        at: at(minutes),
        amount: yuan(fen),
        counts: true,
        payer: payer.map(str::to_owned),
        card: Some(card.to_owned()),
    }
}

#[test]
fn a_trial_refuses_what_the_rules_refuse() {
    let rules = rules();
    let mut trial = Trial::new(&rules, at(-120));
    for payment in [
        made(-130, 20_001, None, "c1"),
        made(-110, 20_001, None, "c1"),
        made(-10, 20_000, Some("p1"), "c1"),
        made(-9, 10_000, Some("p1"), "c2"),
        made(-8, 1, Some("p1"), "c2"),
        made(-7, 1, Some("p2"), "c2"),
    ] {
        trial.take(&payment).expect("it fits");
    }
    let refused: Vec<_> =
        trial.end().into_iter().map(|(rule, no)| (rule, no.payments, no.sum.get())).collect();
    assert_eq!(
        refused,
        [(Rule::MaxPayment, 1, 20_001), (Rule::PayerHourSum, 1, 1)],
        "the first is from before"
    );
}

#[test]
fn what_a_trial_refuses_leaves_room_for_the_next() {
    let rules = rules();
    let mut trial = Trial::new(&rules, at(-120));
    for payment in [
        made(-10, 15_000, Some("p1"), "c1"),
        made(-9, 15_001, Some("p1"), "c1"),
        made(-8, 15_000, Some("p1"), "c1"),
        TrialPayment { counts: false, ..made(-7, 10_000, Some("p2"), "c1") },
        made(-6, 10_000, Some("p3"), "c1"),
    ] {
        trial.take(&payment).expect("it fits");
    }
    let refused = trial.end();
    assert_eq!(refused.get(&Rule::PayerHourSum).map(|no| no.payments), Some(1));
    assert_eq!(refused.len(), 1, "{refused:?}");
}
