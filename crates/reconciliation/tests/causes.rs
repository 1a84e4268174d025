//! Causes, as an accountant would table them: what the books say, what is known, why that is, and what may be done.

use mingfen_domain::difference::{Category, Remedy};
use mingfen_domain::ids::{BillNo, ChannelId, OutRefundNo, OutTradeNo, ProviderRefundNo, ProviderTradeNo};
use mingfen_domain::payment::{ClosedBecause, Received, State as PaymentState, SuspenseReason};
use mingfen_domain::refund::{Origin, State as RefundState};
use mingfen_domain::write_back::{Booked, State as WriteBackState};
use mingfen_domain::{Amount, BusinessDay, Fen, Timestamp};
use mingfen_reconciliation::cause::{
    Cause, ChannelAnswer, Explained, HisAnswer, Known, Learnt, OwnPayment, OwnRefund, OwnWriteBack, Records,
    RefundAnswer, Told, Way, explain,
};
use mingfen_reconciliation::matching::{Finding, Found};
use mingfen_reconciliation::sides::{Kind, Place, Side, State, day_number};
use proptest::prelude::{ProptestConfig, Strategy, prop_assert, prop_assert_eq, prop_assert_ne, proptest};
use std::collections::BTreeSet;

const CASES: &str = include_str!("golden/reconciliation/causes.toml");
const ORDER: &str = "P261125GOLDEN00000001";

#[derive(serde::Deserialize)]
struct Table {
    case: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    reason: String,
    finding: String,
    lines: Vec<String>,
    known: Vec<String>,
    expected: String,
}

fn day() -> BusinessDay {
    BusinessDay::parse("2026-11-25").expect("a day")
}

fn fen(text: &str) -> Fen {
    Fen::from_yuan(text).unwrap_or_else(|_| panic!("{text} is no sum"))
}

fn amount(text: &str) -> Amount {
    Amount::from_yuan(text).unwrap_or_else(|_| panic!("{text} is no amount"))
}

/// The words of a fact, and those among them that have the form `name=value`.
struct Words<'a> {
    plain: Vec<&'a str>,
    named: Vec<(&'a str, &'a str)>,
}

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        let (named, plain): (Vec<&str>, Vec<&str>) = text.split(' ').partition(|word| word.contains('='));
        Self { plain, named: named.into_iter().filter_map(|word| word.split_once('=')).collect() }
    }

    fn named(&self, name: &str) -> Option<&'a str> {
        self.named.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    fn has(&self, word: &str) -> bool {
        self.plain.contains(&word)
    }

    fn days(&self) -> i32 {
        self.named("day").map_or(0, |days| days.parse().expect("days"))
    }

    /// `day=` from the 25th and `at=`, noon otherwise.
    fn moment(&self) -> Timestamp {
        let time = self.named("at").unwrap_or("12:00:00");
        let on_the_day = Timestamp::from_beijing_text(&format!("{} {time}", day())).expect("a time");
        on_the_day.plus_seconds(i64::from(self.days()) * 86_400)
    }
}

fn line(text: &str) -> Found {
    let words = Words::of(text);
    let side = Side::parse(words.plain[0]).unwrap_or_else(|| panic!("{text}: no side"));
    let state = match (words.has("void"), words.has("under_way")) {
        (true, _) => State::Void,
        (_, true) => State::UnderWay,
        _ => State::Done,
    };
    Found {
        side,
        kind: Kind::parse(words.plain[1]).unwrap_or_else(|| panic!("{text}: no kind")),
        refund_no: words.named("no").unwrap_or_default().as_bytes().into(),
        amount: fen(words.plain[2]),
        day: day_number(day()) + words.days(),
        state,
        account: words.named("account").unwrap_or_default().as_bytes().into(),
        carried: words.has("carried"),
        insurance: words.named("insurance").map(fen),
        deposit: match (words.has("deposit"), words.has("no_deposit")) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
        place: Place { source: side as u16, at: 0 },
    }
}

fn payment(words: &Words<'_>) -> OwnPayment {
    let ordered = amount(words.plain[2]);
    let received = Received {
        provider_trade_no: ProviderTradeNo::parse("420000001").expect("a number"),
        amount: words.named("received").map_or(ordered, amount),
        paid_at: words.moment(),
    };
    let learnt = words.named("learnt_minutes_later").map(|minutes| {
        let minutes: i64 = minutes.parse().expect("minutes");
        Learnt { at: received.paid_at.plus_seconds(minutes * 60), way: Way::Notification }
    });
    OwnPayment {
        bill_no: BillNo::parse("B261125GOLDEN00000001").expect("a number"),
        channel: ChannelId::parse("main").expect("a channel"),
        ordered,
        created_at: received.paid_at.plus_seconds(-60),
        state: match words.plain[1] {
            "opening" => PaymentState::Opening,
            "waiting" => PaymentState::Waiting { handle: String::new() },
            "closed" => PaymentState::Closed(ClosedBecause::Expired),
            "paid" => PaymentState::Paid(received),
            "double" => PaymentState::Suspense { reason: SuspenseReason::Double, received },
            "wrong_amount" => PaymentState::Suspense { reason: SuspenseReason::WrongAmount, received },
            other => panic!("{other} is no state of a payment"),
        },
        learnt,
        bill_total: words.named("bill").map_or(ordered.fen(), fen),
        slips: words.named("slips").map_or(vec![ordered.fen()], |slips| slips.split('+').map(fen).collect()),
        settled_by_another: words
            .named("settled_by")
            .map(|other| OutTradeNo::parse(other).expect("a number")),
        write_back: None,
    }
}

fn write_back(words: &Words<'_>) -> OwnWriteBack {
    let reason = || "SLIP_CANCELLED 缴费单已作废".to_owned();
    let state = match words.plain[1] {
        "due" => WriteBackState::Due,
        "unknown" => WriteBackState::Unknown,
        "posted" => WriteBackState::Posted(Booked {
            his_order_no: "H1".into(),
            receipt_no: "R1".into(),
            places: Vec::new(),
        }),
        "refusal_to_confirm" => WriteBackState::RefusalToConfirm { reason: reason() },
        "refused" => WriteBackState::Refused { reason: reason() },
        other => panic!("{other} is no state of a write-back"),
    };
    let posted_at = matches!(state, WriteBackState::Posted(_)).then(|| words.moment());
    OwnWriteBack { state, posted_at, parked: words.has("parked") }
}

fn refund(words: &Words<'_>) -> OwnRefund {
    let number = || ProviderRefundNo::parse("503000001").expect("a number");
    let origin = Origin::parse(words.plain[3]).expect("an origin");
    let state = match words.plain[4] {
        "due" => RefundState::Due,
        "unknown" => RefundState::Unknown,
        "processing" => RefundState::Processing { provider_refund_no: number() },
        "succeeded" => RefundState::Succeeded { provider_refund_no: number(), refunded_at: words.moment() },
        "abnormal" => RefundState::Abnormal { provider_refund_no: number() },
        "failed" => RefundState::Failed { reason: "NOT_ENOUGH 余额不足".into() },
        other => panic!("{other} is no state of a refund"),
    };
    OwnRefund {
        out_refund_no: OutRefundNo::parse(words.plain[1]).expect("a number"),
        amount: amount(words.plain[2]),
        origin,
        state,
        sent_at: Some(words.moment()),
        told: match words.named("told") {
            Some("booked") => Told::Booked,
            Some("refused") => Told::Refused,
            Some(other) => panic!("{other} is nothing that HIS was told"),
            None if origin.concerns_his() => Told::NotYet,
            None => Told::NeedNot,
        },
        parked: words.has("parked"),
        by_hand: words.has("by_hand"),
    }
}

fn his_answer(words: &Words<'_>) -> HisAnswer {
    match words.plain[1] {
        "no" => HisAnswer::No,
        "silent" => HisAnswer::Silent,
        "booked" => HisAnswer::Booked {
            number: "H1".into(),
            amount: fen(words.plain[2]),
            at: (!words.has("some_time")).then(|| words.moment()),
        },
        other => panic!("{other} is no answer of HIS"),
    }
}

fn looked_at(records: &mut Option<Records>) -> &mut Records {
    records.get_or_insert_with(Records::default)
}

fn known(facts: &[String]) -> Known {
    let mut known = Known { day: Some(day()), ..Known::default() };
    for fact in facts {
        let words = Words::of(fact);
        let records = &mut known.records;
        match words.plain[0] {
            "nothing_here" => _ = looked_at(records),
            "payment" => looked_at(records).payment = Some(payment(&words)),
            "write_back" => {
                let payment =
                    looked_at(records).payment.as_mut().expect("the payment stands before its write-back");
                payment.write_back = Some(write_back(&words));
            }
            "refund" => looked_at(records).refunds.push(refund(&words)),
            "unproven_notification" => looked_at(records).unproven_notification = true,
            "matter" => looked_at(records).open_matters.push(words.plain[1..].join(" ")),
            "another_form" => known.has_our_form = false,
            "compared_since" => {
                known.compared_since = Some(BusinessDay::of(words.moment()));
            }
            "ends_at_23" => known.ends_early_seconds = 3600,
            "no_statement" => known.statement_available = false,
            "same_provider_number" => known.same_provider_no = Some(true),
            "other_provider_number" => known.same_provider_no = Some(false),
            "channel" => {
                known.channel = match words.plain[1] {
                    "silent" => ChannelAnswer::Silent,
                    "missing" => ChannelAnswer::Missing,
                    "waiting" => ChannelAnswer::Waiting,
                    "closed" => ChannelAnswer::Closed,
                    "paid" => ChannelAnswer::Paid { amount: fen(words.plain[2]), at: words.moment() },
                    other => panic!("{other} is no answer of a channel"),
                };
            }
            "channel_refund" => {
                known.channel_refund = match words.plain[1] {
                    "silent" => RefundAnswer::Silent,
                    "missing" => RefundAnswer::Missing,
                    "closed" => RefundAnswer::Closed,
                    "processing" => RefundAnswer::Processing,
                    "abnormal" => RefundAnswer::Abnormal,
                    "succeeded" => RefundAnswer::Succeeded {
                        amount: words.plain.get(2).map(|text| fen(text)),
                        at: words.moment(),
                    },
                    other => panic!("{other} is no answer of a channel"),
                };
            }
            "his" => known.his = his_answer(&words),
            "his_refund" => known.his_refund = his_answer(&words),
            other => panic!("{other} is nothing that can be known"),
        }
    }
    known
}

fn finding(category: &str, lines: &[String]) -> Finding {
    let mut lines: Vec<Found> = lines.iter().map(|text| line(text)).collect();
    lines.sort();
    let category = Category::parse(category).unwrap_or_else(|| panic!("{category} is no category"));
    Finding { category, order_no: ORDER.as_bytes().into(), lines }
}

fn in_words(explained: &Explained) -> String {
    let remedies: Vec<&str> = explained.remedies.iter().map(|remedy| remedy.as_str()).collect();
    format!(
        "{} {}, {}, {}: {}",
        if explained.certain { "certainly" } else { "probably" },
        explained.cause.as_str(),
        explained.category.as_str(),
        explained.owner.as_str(),
        remedies.join(" ")
    )
}

#[test]
fn every_case_is_explained_as_an_accountant_would() {
    let table: Table = toml::from_str(CASES).expect("a table of cases");
    assert!(table.case.len() >= 60, "{}", table.case.len());
    let mut wrong = Vec::new();
    let (mut categories, mut causes) = (BTreeSet::new(), BTreeSet::new());
    for case in &table.case {
        let finding = finding(&case.finding, &case.lines);
        let explained = explain(&finding, &known(&case.known));
        categories.insert(finding.category.as_str());
        causes.insert(explained.cause.as_str());
        let actual = in_words(&explained);
        if actual != case.expected {
            wrong.push(format!(
                "{}\n  wanted {}\n  found  {actual}\n  {:?}",
                case.reason, case.expected, explained.evidence
            ));
        }
        assert!(explained.evidence.len() >= finding.lines.len().min(1), "{}", case.reason);
        let settled =
            matches!(explained.remedies.as_slice(), [Remedy::Note]) && explained.category.is_settled();
        assert_eq!(explained.advised.is_none(), settled, "{}", case.reason);
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    let missing = |all: Vec<&'static str>, seen: &BTreeSet<&str>| {
        all.into_iter().filter(|word| !seen.contains(word)).collect::<Vec<_>>()
    };
    let none: Vec<&str> = Vec::new();
    assert_eq!(missing(Category::ALL.into_iter().map(Category::as_str).collect(), &categories), none);
    assert_eq!(missing(Cause::ALL.into_iter().map(Cause::as_str).collect(), &causes), none);
}

/// What lines and facts the properties are made of: everything that the table's words can say, in every combination.
const LINES: [&str; 14] = [
    "channel payment 88.00",
    "channel payment 80.00 day=-1 carried",
    "channel payment 88.00 void",
    "channel payment 88.00 under_way",
    "channel refund 20.00 no=REFUND01",
    "channel refund 88.00",
    "gateway payment 88.00",
    "gateway refund 20.00 no=REFUND01",
    "his payment 88.00",
    "his payment 60.00 day=1",
    "his payment 88.00 void",
    "his refund 20.00 no=REFUND01",
    "his refund 88.00",
    "his refund 20.00 no=REFUND01 void",
];
const PAYMENTS: [&[&str]; 14] = [
    &[],
    &["nothing_here"],
    &["payment opening 88.00"],
    &["payment waiting 88.00", "unproven_notification"],
    &["payment closed 88.00"],
    &["payment double 88.00 settled_by=PAYMENT2"],
    &["payment wrong_amount 88.00 received=80.00"],
    &["payment paid 88.00"],
    &["payment paid 88.00 slips=60.00+28.00 at=23:59:59", "write_back due"],
    &["payment paid 88.00 learnt_minutes_later=300", "write_back unknown"],
    &["payment paid 88.00 bill=100.00", "write_back unknown parked"],
    &["payment paid 88.00 day=-1", "write_back posted day=1"],
    &["payment paid 88.00", "write_back refusal_to_confirm"],
    &["payment paid 88.00", "write_back refused"],
];
const ORIGINS: [&str; 5] = ["cashier", "his", "booking_refused", "double", "wrong_amount"];
const REFUND_STATES: [&str; 9] = [
    "due",
    "unknown",
    "processing",
    "succeeded",
    "succeeded told=booked day=1",
    "succeeded told=refused",
    "succeeded by_hand",
    "abnormal",
    "failed",
];
const CHANNEL: [&str; 7] = [
    "",
    "channel silent",
    "channel missing",
    "channel waiting",
    "channel closed",
    "channel paid 88.00",
    "channel paid 80.00 day=-1 at=23:59:59",
];
const CHANNEL_REFUND: [&str; 8] = [
    "",
    "channel_refund silent",
    "channel_refund missing",
    "channel_refund closed",
    "channel_refund processing",
    "channel_refund abnormal",
    "channel_refund succeeded 20.00",
    "channel_refund succeeded day=1",
];
const HIS: [&str; 6] =
    ["", "his silent", "his no", "his booked 88.00", "his booked 60.00 day=1", "his booked 88.00 some_time"];
const FLAGS: [&str; 5] =
    ["", "another_form", "no_statement", "same_provider_number", "other_provider_number"];

fn any_finding() -> impl Strategy<Value = Finding> {
    let lines = proptest::collection::vec(proptest::sample::select(&LINES[..]), 0..5);
    (0..Category::ALL.len(), lines).prop_map(|(category, lines)| {
        let lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
        finding(Category::ALL[category].as_str(), &lines)
    })
}

fn any_known() -> impl Strategy<Value = Known> {
    let select = proptest::sample::select::<&'static str>;
    let refund = (1..3, select(&ORIGINS[..]), select(&REFUND_STATES[..]), select(&["20.00", "88.00"][..]))
        .prop_map(|(number, origin, state, sum)| format!("refund REFUND0{number} {sum} {origin} {state}"));
    let answers = (
        select(&CHANNEL[..]),
        select(&CHANNEL_REFUND[..]),
        select(&HIS[..]),
        select(&HIS[..]),
        select(&FLAGS[..]),
    );
    (proptest::sample::select(&PAYMENTS[..]), proptest::collection::vec(refund, 0..3), answers).prop_map(
        |(payment, refunds, (channel, channel_refund, his, his_refund, flag))| {
            let mut facts: Vec<String> = payment.iter().map(|fact| (*fact).to_owned()).collect();
            // Two files know of no refunds of ours.
            if !payment.is_empty() {
                facts.extend(refunds);
            }
            let his_refund = his_refund.replacen("his", "his_refund", 1);
            let answers = [channel, channel_refund, his, &his_refund, flag];
            facts.extend(answers.into_iter().filter(|answer| !answer.is_empty()).map(str::to_owned));
            known(&facts)
        },
    )
}

fn live(finding: &Finding, side: Side, kind: Kind) -> bool {
    finding.lines.iter().any(|line| line.side == side && line.kind == kind && line.state != State::Void)
}

/// What the rules look at, said a second time and more simply than the code does.
struct Facts<'a> {
    finding: &'a Finding,
    known: &'a Known,
}

impl Facts<'_> {
    fn payment(&self) -> Option<&OwnPayment> {
        self.known.records.as_ref().and_then(|records| records.payment.as_ref())
    }

    fn refunds(&self) -> &[OwnRefund] {
        self.known.records.as_ref().map_or(&[], |records| &records.refunds)
    }

    fn is_about_refunds(&self) -> bool {
        self.finding.lines.iter().all(|line| line.kind == Kind::Refund) && !self.finding.lines.is_empty()
    }

    fn settled_by_another(&self) -> bool {
        self.payment().is_some_and(|payment| payment.settled_by_another.is_some())
    }

    fn refund_under_way(&self) -> bool {
        let open = |refund: &OwnRefund| {
            !refund.by_hand
                && (refund.state.is_under_way() || matches!(refund.state, RefundState::Abnormal { .. }))
        };
        self.refunds().iter().any(open)
            || matches!(
                self.known.channel_refund,
                RefundAnswer::Processing | RefundAnswer::Abnormal | RefundAnswer::Silent
            )
    }

    fn given_fen(&self) -> i64 {
        let given = |refund: &&OwnRefund| refund.by_hand || refund.state.holds_money();
        self.refunds().iter().filter(given).map(|refund| refund.amount.get()).sum()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn every_finding_is_explained_the_same_way_every_time(finding in any_finding(), known in any_known()) {
        let explained = explain(&finding, &known);
        prop_assert_eq!(&explained, &explain(&finding, &known));
        for sentence in &explained.evidence {
            for text in [&sentence.chinese, &sentence.english] {
                prop_assert!(!text.is_empty() && !text.contains(char::is_control), "{}", text);
            }
        }
    }

    #[test]
    fn remedies_are_some_of_those_of_the_category(finding in any_finding(), known in any_known()) {
        let explained = explain(&finding, &known);
        let offered = explained.category.remedies();
        prop_assert!(explained.remedies.iter().all(|remedy| offered.contains(remedy)), "{:?}", explained);
        let set: BTreeSet<&str> = explained.remedies.iter().map(|remedy| remedy.as_str()).collect();
        prop_assert_eq!(set.len(), explained.remedies.len());
        prop_assert!(explained.remedies.contains(&Remedy::Note));
        prop_assert_ne!(explained.remedies[0], Remedy::WriteOff);
        match explained.advised {
            Some(advised) => prop_assert_eq!(advised, explained.remedies[0]),
            None => prop_assert!(explained.category.is_settled()),
        }
    }

    /// No money moves twice, and none that nobody has.
    #[test]
    fn what_is_offered_is_safe(finding in any_finding(), known in any_known()) {
        let explained = explain(&finding, &known);
        let facts = Facts { finding: &finding, known: &known };
        let offers = |remedy| explained.remedies.contains(&remedy);
        let (refund, write_back) = (offers(Remedy::Refund), offers(Remedy::WriteBackNow));
        if known.records.is_none() {
            prop_assert!(!refund && !write_back, "two files prove nothing: {:?}", explained);
        }
        if refund {
            prop_assert!(!facts.refund_under_way(), "{:?}", explained);
            let received = facts.payment().and_then(|payment| payment.state.received());
            let received = received.map_or(0, |received| received.amount.get());
            prop_assert!(facts.given_fen() < received, "{:?}", explained);
            prop_assert!(
                !matches!(known.channel, ChannelAnswer::Missing | ChannelAnswer::Waiting | ChannelAnswer::Closed)
            );
        }
        if refund && facts.is_about_refunds() {
            prop_assert!(live(&finding, Side::His, Kind::Refund) && !live(&finding, Side::Channel, Kind::Refund));
            let arrived = matches!(known.channel_refund, RefundAnswer::Succeeded { .. });
            prop_assert!(!arrived, "{:?}", explained);
        }
        if refund && !facts.is_about_refunds() {
            prop_assert!(live(&finding, Side::Channel, Kind::Payment));
            let cancelled =
                finding.lines.iter().any(|line| line.side == Side::His && line.state == State::Void);
            let certainly_not = known.his == HisAnswer::No
                || facts.settled_by_another()
                || matches!(explained.category, Category::DuplicateInChannel | Category::AmountOver)
                || (known.his == HisAnswer::NotAsked && cancelled);
            prop_assert!(certainly_not, "{:?}", explained);
        }
        if write_back && !facts.is_about_refunds() {
            prop_assert!(!facts.refund_under_way() && facts.given_fen() == 0, "{:?}", explained);
            prop_assert!(live(&finding, Side::Channel, Kind::Payment));
            prop_assert!(!live(&finding, Side::His, Kind::Payment) && !facts.settled_by_another());
            prop_assert!(matches!(
                facts.payment().map(|payment| &payment.state),
                Some(PaymentState::Paid(_))
            ));
            prop_assert_eq!(&known.his, &HisAnswer::No);
        }
        if write_back && facts.is_about_refunds() {
            prop_assert!(live(&finding, Side::Channel, Kind::Refund) && !live(&finding, Side::His, Kind::Refund));
            prop_assert_eq!(&known.his_refund, &HisAnswer::No);
        }
        if offers(Remedy::MarkForeign) {
            let his_knows = finding.lines.iter().any(|line| line.side == Side::His)
                || [&known.his, &known.his_refund].iter().any(|answer| matches!(answer, HisAnswer::Booked { .. }));
            prop_assert!(facts.payment().is_none() && !his_knows, "{:?}", explained);
        }
        if offers(Remedy::BookToSuspense) || offers(Remedy::WriteOff) {
            prop_assert!(!facts.refund_under_way(), "{:?}", explained);
        }
        if !explained.certain && offers(Remedy::AskAgain) {
            prop_assert!(!explained.remedies[0].settles(), "{:?}", explained);
        }
    }
}

#[test]
fn what_others_wrote_stays_in_its_sentence() {
    let finding = finding("channel_only", &["channel payment 88.00".to_owned()]);
    let mut known = known(&["payment paid 88.00".to_owned()]);
    if let Some(records) = &mut known.records {
        records.open_matters.push("one\r\ntwo\u{7}{three}".to_owned());
    }
    let explained = explain(&finding, &known);
    assert!(
        explained.evidence.iter().any(|sentence| sentence.english == "A person is asked: one  two {three}")
    );
}
