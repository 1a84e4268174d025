//! A cashier's shift (班次): opened with a float, counted, closed and handed in (交款日结). What is closed is frozen: what comes after it
//! belongs to another shift, and a mistake is put right by another entry.

use crate::money::{Fen, MoneyError};
use std::fmt;

/// Where a shift stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The cashier takes money.
    Open,
    /// The till was counted, and nothing has moved since.
    Counted(CashCount),
    /// The same, and it is over or short by more than one person may close over: the closing waits for a countersignature.
    Asked(CashCount),
    /// Closed: frozen, its cash is on its way to whoever receives it.
    Closed(CashCount),
    /// The cash was received.
    HandedOver(CashCount),
}

/// What can happen to a shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Money came into it, or went back out of it.
    MoneyMoved,
    /// The till was counted.
    Counted(CashCount),
    /// One person wants it closed, and another one has to countersign.
    Asked,
    /// The other one sends it back, or who asked takes it back.
    SentBack,
    /// The shift is closed over what was counted.
    Closed,
    /// Somebody received the cash.
    HandedOver,
}

/// The answer of [`State::step`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new state.
    Moved(State),
    /// It is so already.
    AlreadySo,
    /// It cannot happen in this state, and why.
    Refused(Refusal),
}

/// Why something cannot happen to a shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is closed: whatever comes now belongs to another one.
    Frozen,
    /// The till was not counted, or money has moved since.
    NotCounted,
    /// It is still open: there is no cash to receive.
    NotClosed,
    /// Nothing waits for a countersignature.
    NotAsked,
}

impl State {
    /// The word that is stored.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Counted(_) => "counted",
            Self::Asked(_) => "asked",
            Self::Closed(_) => "closed",
            Self::HandedOver(_) => "handed_over",
        }
    }

    /// Whether money may still move in it.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Open | Self::Counted(_) | Self::Asked(_))
    }

    /// What was counted, as long as that holds.
    pub const fn count(&self) -> Option<&CashCount> {
        match self {
            Self::Open => None,
            Self::Counted(count) | Self::Asked(count) | Self::Closed(count) | Self::HandedOver(count) => {
                Some(count)
            }
        }
    }

    /// Decides every (state, event) pair.
    pub fn step(&self, event: Event) -> Outcome {
        use Outcome::{AlreadySo, Moved, Refused};
        match (self, event) {
            (Self::Open, Event::MoneyMoved) => AlreadySo,
            // What was counted is not what is there any more.
            (Self::Counted(_) | Self::Asked(_), Event::MoneyMoved) => Moved(Self::Open),
            (Self::Closed(_) | Self::HandedOver(_), Event::MoneyMoved | Event::Counted(_)) => {
                Refused(Refusal::Frozen)
            }

            (Self::Open, Event::Counted(count)) => Moved(Self::Counted(count)),
            (Self::Counted(before), Event::Counted(count)) => {
                if *before == count {
                    AlreadySo
                } else {
                    Moved(Self::Counted(count))
                }
            }
            // Another count is another difference: nobody has read it yet.
            (Self::Asked(before), Event::Counted(count)) => {
                if *before == count {
                    AlreadySo
                } else {
                    Moved(Self::Counted(count))
                }
            }

            (Self::Open, Event::Asked) => Refused(Refusal::NotCounted),
            (Self::Counted(count), Event::Asked) => Moved(Self::Asked(count.clone())),
            (Self::Asked(_), Event::Asked) => AlreadySo,
            (Self::Closed(_) | Self::HandedOver(_), Event::Asked | Event::SentBack) => {
                Refused(Refusal::Frozen)
            }

            (Self::Open | Self::Counted(_), Event::SentBack) => Refused(Refusal::NotAsked),
            (Self::Asked(count), Event::SentBack) => Moved(Self::Counted(count.clone())),

            (Self::Open, Event::Closed) => Refused(Refusal::NotCounted),
            (Self::Counted(count) | Self::Asked(count), Event::Closed) => Moved(Self::Closed(count.clone())),
            (Self::Closed(_) | Self::HandedOver(_), Event::Closed) => AlreadySo,

            (Self::Open | Self::Counted(_) | Self::Asked(_), Event::HandedOver) => {
                Refused(Refusal::NotClosed)
            }
            (Self::Closed(count), Event::HandedOver) => Moved(Self::HandedOver(count.clone())),
            (Self::HandedOver(_), Event::HandedOver) => AlreadySo,
        }
    }
}

/// What notes and coins are worth, in fen, the largest first. The last one counts what is left in fen coins.
pub const FACES: [i64; 9] = [10_000, 5000, 2000, 1000, 500, 100, 50, 10, 1];
/// More pieces of one face lie in no till.
pub const MOST_PIECES: u32 = 99_999;

/// How many pieces of each face lie in the till, in the order of [`FACES`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CashCount([u32; FACES.len()]);

impl CashCount {
    /// A count; `None` when a face has more than [`MOST_PIECES`].
    pub fn new(pieces: [u32; FACES.len()]) -> Option<Self> {
        pieces.iter().all(|pieces| *pieces <= MOST_PIECES).then_some(Self(pieces))
    }

    /// Each face with its pieces.
    pub fn faces(&self) -> impl Iterator<Item = (Fen, u32)> {
        FACES.into_iter().map(Fen::new).zip(self.0)
    }

    /// All of it. The most that can be counted fits easily.
    pub fn total(&self) -> Fen {
        let fen = FACES.iter().zip(self.0).map(|(face, pieces)| face * i64::from(pieces)).sum();
        Fen::new(fen)
    }

    /// Reads what [`CashCount`] prints.
    pub fn parse(text: &str) -> Option<Self> {
        let mut pieces = [0; FACES.len()];
        let mut parts = text.split(',');
        for to in &mut pieces {
            *to = parts.next()?.parse().ok()?;
        }
        parts.next().is_none().then_some(())?;
        Self::new(pieces)
    }
}

/// The pieces of each face, `23,4,6,10,5,16,0,0,0`: as it is stored.
impl fmt::Display for CashCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, pieces) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{pieces}")?;
        }
        Ok(())
    }
}

/// What should be in the till, and what was found there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TillBalance {
    /// With what the shift began (备用金); it stays in the till.
    pub float: Fen,
    /// What was taken in cash.
    pub taken: Fen,
    /// What was given back in cash; positive.
    pub back: Fen,
    /// What should be there.
    pub expected: Fen,
    /// What was counted.
    pub counted: Fen,
    /// Counted less expected: negative when the till is short.
    pub difference: Fen,
    /// Counted less the float: what is handed in. Negative when the float has to be filled up.
    pub handed_in: Fen,
}

impl TillBalance {
    /// Compares the till with what went through it.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn of(float: Fen, taken: Fen, back: Fen, counted: Fen) -> Result<Self, MoneyError> {
        let expected = float.plus(taken)?.minus(back)?;
        Ok(Self {
            float,
            taken,
            back,
            expected,
            counted,
            difference: counted.minus(expected)?,
            handed_in: counted.minus(float)?,
        })
    }
}

/// Why a till is over or short, as the cashier says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DifferenceReason {
    /// A counterfeit note was taken away (假币没收).
    Counterfeit,
    /// Wrong change (找零差错).
    Change,
    /// A payment was taken and not written down, or the reverse (漏记、错记).
    Unrecorded,
    /// Something else, in words (其他).
    Other,
}

impl DifferenceReason {
    /// All of them, in the order of the list.
    pub const ALL: [Self; 4] = [Self::Counterfeit, Self::Change, Self::Unrecorded, Self::Other];

    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counterfeit => "counterfeit",
            Self::Change => "change",
            Self::Unrecorded => "unrecorded",
            Self::Other => "other",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn count(hundreds: u32) -> CashCount {
        let mut pieces = [0; FACES.len()];
        pieces[0] = hundreds;
        CashCount::new(pieces).unwrap()
    }

    /// Every state and every event.
    #[test]
    fn every_pair_is_decided() {
        use Outcome::{AlreadySo, Moved, Refused};
        let (one, two) = (count(1), count(2));
        let (open, counted) = (State::Open, State::Counted(one.clone()));
        let asked = State::Asked(one.clone());
        let (closed, over) = (State::Closed(one.clone()), State::HandedOver(one.clone()));
        for (state, event, outcome) in [
            (&open, Event::MoneyMoved, AlreadySo),
            (&open, Event::Counted(one.clone()), Moved(counted.clone())),
            (&open, Event::Asked, Refused(Refusal::NotCounted)),
            (&open, Event::SentBack, Refused(Refusal::NotAsked)),
            (&open, Event::Closed, Refused(Refusal::NotCounted)),
            (&open, Event::HandedOver, Refused(Refusal::NotClosed)),
            (&counted, Event::MoneyMoved, Moved(open.clone())),
            (&counted, Event::Counted(one.clone()), AlreadySo),
            (&counted, Event::Counted(two.clone()), Moved(State::Counted(two.clone()))),
            (&counted, Event::Asked, Moved(asked.clone())),
            (&counted, Event::SentBack, Refused(Refusal::NotAsked)),
            (&counted, Event::Closed, Moved(closed.clone())),
            (&counted, Event::HandedOver, Refused(Refusal::NotClosed)),
            (&asked, Event::MoneyMoved, Moved(open.clone())),
            (&asked, Event::Counted(one.clone()), AlreadySo),
            (&asked, Event::Counted(two.clone()), Moved(State::Counted(two.clone()))),
            (&asked, Event::Asked, AlreadySo),
            (&asked, Event::SentBack, Moved(counted.clone())),
            (&asked, Event::Closed, Moved(closed.clone())),
            (&asked, Event::HandedOver, Refused(Refusal::NotClosed)),
            (&closed, Event::MoneyMoved, Refused(Refusal::Frozen)),
            (&closed, Event::Counted(two.clone()), Refused(Refusal::Frozen)),
            (&closed, Event::Asked, Refused(Refusal::Frozen)),
            (&closed, Event::SentBack, Refused(Refusal::Frozen)),
            (&closed, Event::Closed, AlreadySo),
            (&closed, Event::HandedOver, Moved(over.clone())),
            (&over, Event::MoneyMoved, Refused(Refusal::Frozen)),
            (&over, Event::Counted(two), Refused(Refusal::Frozen)),
            (&over, Event::Asked, Refused(Refusal::Frozen)),
            (&over, Event::SentBack, Refused(Refusal::Frozen)),
            (&over, Event::Closed, AlreadySo),
            (&over, Event::HandedOver, AlreadySo),
        ] {
            assert_eq!(state.step(event.clone()), outcome, "{state:?} {event:?}");
        }
    }

    #[test]
    fn a_till_is_counted_by_face() {
        let count = CashCount::new([23, 4, 6, 10, 5, 16, 0, 0, 0]).unwrap();
        assert_eq!(count.total(), Fen::new(276_100));
        assert_eq!(CashCount::new([0, 0, 0, 0, 0, 0, 3, 4, 7]).unwrap().total(), Fen::new(197));
        assert_eq!(CashCount::new([MOST_PIECES + 1, 0, 0, 0, 0, 0, 0, 0, 0]), None);
        for bad in
            ["", "1", "1,2,3,4,5,6,7,8", "1,2,3,4,5,6,7,8,9,10", "a,0,0,0,0,0,0,0,0", "-1,0,0,0,0,0,0,0,0"]
        {
            assert_eq!(CashCount::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_till_is_compared_with_what_went_through_it() {
        let fen = Fen::new;
        let balance = TillBalance::of(fen(50_000), fen(232_600), fen(4500), fen(276_100)).unwrap();
        assert_eq!(balance.expected, fen(278_100));
        assert_eq!(balance.difference, fen(-2000), "20 yuan short");
        assert_eq!(balance.handed_in, fen(226_100));
        // More was given back than came in: the float is filled up.
        let balance = TillBalance::of(fen(50_000), fen(0), fen(30_000), fen(20_000)).unwrap();
        assert_eq!((balance.difference, balance.handed_in), (Fen::ZERO, fen(-30_000)));
    }

    proptest! {
        #[test]
        fn a_count_round_trips(pieces in proptest::array::uniform9(0..=MOST_PIECES)) {
            let count = CashCount::new(pieces).unwrap();
            prop_assert_eq!(CashCount::parse(&count.to_string()), Some(count));
        }
    }
}
