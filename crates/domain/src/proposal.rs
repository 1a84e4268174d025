//! A change that takes two people: proposed by one, decided by another, in force from then on and never changed again.
//!
//! A change that only tightens may be in force at once and wait for its second person afterwards: an emergency does not wait for one.
//! What is in force cannot be declined; whoever disagrees proposes other values.

/// Where a proposal stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for another person.
    Waiting,
    /// In force, because it only tightens; another person has still to confirm it.
    Unconfirmed,
    /// In force, or it was until the next one.
    InForce,
    /// The second person said no.
    Declined {
        /// Why.
        reason: String,
    },
    /// Whoever proposed took it back.
    Withdrawn,
}

/// What can happen to a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Another person says yes.
    Approve,
    /// Another person says no.
    Decline {
        /// Why.
        reason: String,
    },
    /// Whoever proposed takes it back.
    Withdraw,
}

/// The answer of [`State::step`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new state.
    Moved(State),
    /// It was so before: nothing new, and no harm.
    AlreadySo,
    /// Somebody decided otherwise before, or it is in force; they are told.
    TooLate,
}

impl State {
    /// The word that is stored.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Unconfirmed => "unconfirmed",
            Self::InForce => "in_force",
            Self::Declined { .. } => "declined",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether another person has still to say something.
    pub const fn waits(&self) -> bool {
        matches!(self, Self::Waiting | Self::Unconfirmed)
    }

    /// Whether it took effect.
    pub const fn took_effect(&self) -> bool {
        matches!(self, Self::Unconfirmed | Self::InForce)
    }

    /// Every (state, event) pair is decided here; the test walks all of them.
    pub fn step(&self, event: Event) -> Outcome {
        match (self, event) {
            (Self::Waiting | Self::Unconfirmed, Event::Approve) => Outcome::Moved(Self::InForce),
            (Self::Waiting, Event::Decline { reason }) => Outcome::Moved(Self::Declined { reason }),
            (Self::Waiting, Event::Withdraw) => Outcome::Moved(Self::Withdrawn),
            (Self::InForce, Event::Approve)
            | (Self::Declined { .. }, Event::Decline { .. })
            | (Self::Withdrawn, Event::Withdraw) => Outcome::AlreadySo,
            (Self::Unconfirmed | Self::InForce, Event::Decline { .. } | Event::Withdraw)
            | (Self::Declined { .. }, Event::Approve | Event::Withdraw)
            | (Self::Withdrawn, Event::Approve | Event::Decline { .. }) => Outcome::TooLate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_decided() {
        let no = || State::Declined { reason: "too loose".into() };
        let states = [State::Waiting, State::Unconfirmed, State::InForce, no(), State::Withdrawn];
        let events = [Event::Approve, Event::Decline { reason: "too loose".into() }, Event::Withdraw];
        let moved = Outcome::Moved;
        let table = [
            [moved(State::InForce), moved(no()), moved(State::Withdrawn)],
            [moved(State::InForce), Outcome::TooLate, Outcome::TooLate],
            [Outcome::AlreadySo, Outcome::TooLate, Outcome::TooLate],
            [Outcome::TooLate, Outcome::AlreadySo, Outcome::TooLate],
            [Outcome::TooLate, Outcome::TooLate, Outcome::AlreadySo],
        ];
        for (state, row) in states.iter().zip(table) {
            for (event, expected) in events.iter().zip(row) {
                assert_eq!(state.step(event.clone()), expected, "{state:?} {event:?}");
            }
        }
    }

    #[test]
    fn what_is_in_force_stays_so() {
        assert!(State::Unconfirmed.waits() && State::Unconfirmed.took_effect());
        assert!(!State::InForce.waits() && !State::Waiting.took_effect());
    }
}
