//! The table, written so that a finance person can read it: a row a state, a column an event.

use super::*;
use crate::ids::ProviderTradeNo;

fn received(number: &str, fen: i64) -> Received {
    Received {
        provider_trade_no: ProviderTradeNo::parse(number).unwrap(),
        amount: Amount::from_fen(fen).unwrap(),
        paid_at: Timestamp::from_ms(1),
    }
}

fn states() -> Vec<(&'static str, State)> {
    vec![
        ("opening", State::Opening),
        ("waiting", State::Waiting { handle: "h1".into() }),
        ("paid", State::Paid(received("T1", 100))),
        ("double", State::Suspense { reason: SuspenseReason::Double, received: received("T1", 100) }),
        (
            "wrong amount",
            State::Suspense { reason: SuspenseReason::WrongAmount, received: received("T1", 99) },
        ),
        ("refused", State::Closed(ClosedBecause::Refused)),
        ("closed", State::Closed(ClosedBecause::ClosedThere)),
        ("expired", State::Closed(ClosedBecause::Expired)),
    ]
}

fn events() -> Vec<(&'static str, Event)> {
    let paid = |number, fen, bill| Event::SeenPaid { received: received(number, fen), bill };
    vec![
        ("opened", Event::Opened { handle: "h1".into() }),
        ("reissued", Event::Opened { handle: "h2".into() }),
        ("open refused", Event::OpenRefused { code: "PARAM_ERROR".into() }),
        ("pays", paid("T1", 100, BillStanding::Free)),
        ("pays, bill taken", paid("T1", 100, BillStanding::Taken)),
        ("pays 0.99", paid("T1", 99, BillStanding::Free)),
        ("other number", paid("T2", 100, BillStanding::Free)),
        ("seen waiting", Event::SeenWaiting),
        ("seen missing", Event::SeenMissing),
        ("seen closed", Event::SeenClosed),
        ("seen unknown", Event::SeenUnknown),
        ("expires", Event::Expired),
    ]
}

fn in_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::AlreadySo => "=".into(),
        Outcome::Contradiction(kind) => format!("! {kind:?}"),
        Outcome::Moved(state, effects) => {
            let name = match state {
                State::Suspense { reason, .. } => format!("{reason:?}"),
                State::Closed(because) => format!("{because:?}"),
                other => other.as_str().to_owned(),
            };
            let effects: Vec<String> = effects.iter().map(|effect| format!(" +{effect:?}")).collect();
            format!("{name}{}", effects.concat())
        }
    }
}

const TABLE: &str = "
opening      | opened           | waiting
opening      | reissued         | waiting
opening      | open refused     | Refused +ReleaseBill
opening      | pays             | paid +SettleBill
opening      | pays, bill taken | Double +RefundAll
opening      | pays 0.99        | WrongAmount +AskPerson
opening      | other number     | paid +SettleBill
opening      | seen waiting     | =
opening      | seen missing     | =
opening      | seen closed      | ClosedThere +ReleaseBill
opening      | seen unknown     | =
opening      | expires          | Expired +ReleaseBill
waiting      | opened           | =
waiting      | reissued         | waiting
waiting      | open refused     | =
waiting      | pays             | paid +SettleBill
waiting      | pays, bill taken | Double +RefundAll
waiting      | pays 0.99        | WrongAmount +AskPerson
waiting      | other number     | paid +SettleBill
waiting      | seen waiting     | =
waiting      | seen missing     | =
waiting      | seen closed      | ClosedThere +ReleaseBill
waiting      | seen unknown     | =
waiting      | expires          | Expired +ReleaseBill
paid         | opened           | =
paid         | reissued         | =
paid         | open refused     | =
paid         | pays             | =
paid         | pays, bill taken | =
paid         | pays 0.99        | ! PaidOtherwise
paid         | other number     | ! PaidOtherwise
paid         | seen waiting     | ! PaidButDenied
paid         | seen missing     | ! PaidButDenied
paid         | seen closed      | ! PaidButDenied
paid         | seen unknown     | =
paid         | expires          | =
double       | opened           | =
double       | reissued         | =
double       | open refused     | =
double       | pays             | =
double       | pays, bill taken | =
double       | pays 0.99        | ! PaidOtherwise
double       | other number     | ! PaidOtherwise
double       | seen waiting     | ! PaidButDenied
double       | seen missing     | ! PaidButDenied
double       | seen closed      | ! PaidButDenied
double       | seen unknown     | =
double       | expires          | =
wrong amount | opened           | =
wrong amount | reissued         | =
wrong amount | open refused     | =
wrong amount | pays             | ! PaidOtherwise
wrong amount | pays, bill taken | ! PaidOtherwise
wrong amount | pays 0.99        | =
wrong amount | other number     | ! PaidOtherwise
wrong amount | seen waiting     | ! PaidButDenied
wrong amount | seen missing     | ! PaidButDenied
wrong amount | seen closed      | ! PaidButDenied
wrong amount | seen unknown     | =
wrong amount | expires          | =
";

/// The three closed states behave alike: money that comes late is still money, and HIS decides whether it can be booked.
const CLOSED: &str = "
opened           | ! OpenedAfterClose
reissued         | ! OpenedAfterClose
open refused     | =
pays             | paid +SettleBill
pays, bill taken | Double +RefundAll
pays 0.99        | WrongAmount +AskPerson
other number     | paid +SettleBill
seen waiting     | =
seen missing     | =
seen closed      | =
seen unknown     | =
expires          | =
";

#[test]
fn every_state_and_event_is_decided() {
    let mut expected: Vec<String> = Vec::new();
    let cells =
        |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>().join(" | ");
    expected.extend(TABLE.lines().filter(|line| !line.is_empty()).map(cells));
    for closed in ["refused", "closed", "expired"] {
        expected.extend(
            CLOSED.lines().filter(|line| !line.is_empty()).map(|line| format!("{closed} | {}", cells(line))),
        );
    }
    let ordered = Amount::from_fen(100).unwrap();
    let mut actual = Vec::new();
    for (state_name, state) in states() {
        for (event_name, event) in events() {
            actual.push(format!("{state_name} | {event_name} | {}", in_words(&state.step(ordered, event))));
        }
    }
    assert_eq!(actual, expected);
}

proptest::proptest! {
    /// However news are ordered, doubled or denied, a bill is settled by one payment at most once.
    #[test]
    fn no_order_of_news_settles_twice(picks in proptest::collection::vec(0_usize..12, 0..40)) {
        let ordered = Amount::from_fen(100).unwrap();
        let mut state = State::Opening;
        let mut settled = 0;
        for pick in picks {
            let (_, event) = events().swap_remove(pick);
            let had_money = state.received().cloned();
            if let Outcome::Moved(next, effects) = state.step(ordered, event) {
                settled += effects.iter().filter(|effect| **effect == Effect::SettleBill).count();
                state = next;
            }
            if let Some(money) = had_money {
                proptest::prop_assert_eq!(state.received(), Some(&money), "money once seen is never forgotten");
            }
        }
        proptest::prop_assert!(settled <= 1);
    }
}
