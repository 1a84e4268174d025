//! A refund that needs a second person: asked for by one, decided by another, then carried out.
//!
//! Approval and refund are two steps, because the refund asks HIS and may be refused even then. An approved request is carried out
//! under its own key, so that carrying it out twice pays once.

use crate::ids::OutRefundNo;

/// Where a request stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for another person.
    Waiting,
    /// Approved; the refund is to be asked for.
    Approved,
    /// The refund is there.
    CarriedOut {
        /// Its number.
        out_refund_no: OutRefundNo,
    },
    /// Approved, and the refund was refused: by HIS, or because too little was left by then.
    Refused {
        /// Why.
        reason: String,
    },
    /// The second person said no.
    Declined {
        /// Why.
        reason: String,
    },
    /// Whoever asked took it back.
    Withdrawn,
}

/// What can happen to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Another person says yes.
    Approve,
    /// Another person says no.
    Decline {
        /// Why.
        reason: String,
    },
    /// Whoever asked takes it back.
    Withdraw,
    /// The refund was stored.
    CarryOut {
        /// Its number.
        out_refund_no: OutRefundNo,
    },
    /// The refund was refused for good.
    Refuse {
        /// Why.
        reason: String,
    },
}

/// The answer of [`State::step`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new state.
    Moved(State),
    /// It was so before: nothing new, and no harm.
    AlreadySo,
    /// Somebody decided otherwise before; they are told who and what.
    TooLate,
    /// It cannot happen in this state: a fault of the program.
    Impossible,
}

impl State {
    /// The word that is stored.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::CarriedOut { .. } => "carried_out",
            Self::Refused { .. } => "refused",
            Self::Declined { .. } => "declined",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether its amount is spoken for: it waits, or is about to be carried out.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Waiting | Self::Approved)
    }

    /// Decides every (state, event) pair.
    pub fn step(&self, event: Event) -> Outcome {
        use Outcome::{AlreadySo, Impossible, Moved, TooLate};
        match (self, event) {
            (Self::Waiting, Event::Approve) => Moved(Self::Approved),
            (Self::Waiting, Event::Decline { reason }) => Moved(Self::Declined { reason }),
            (Self::Waiting, Event::Withdraw) => Moved(Self::Withdrawn),
            (Self::Waiting, Event::CarryOut { .. } | Event::Refuse { .. }) => Impossible,

            (Self::Approved, Event::CarryOut { out_refund_no }) => Moved(Self::CarriedOut { out_refund_no }),
            (Self::Approved, Event::Refuse { reason }) => Moved(Self::Refused { reason }),
            // Two press at once: the second one learns who was first.
            (
                Self::Approved
                | Self::CarriedOut { .. }
                | Self::Refused { .. }
                | Self::Declined { .. }
                | Self::Withdrawn,
                Event::Approve | Event::Decline { .. } | Event::Withdraw,
            ) => TooLate,

            (Self::CarriedOut { out_refund_no }, Event::CarryOut { out_refund_no: again }) => {
                if *out_refund_no == again {
                    AlreadySo
                } else {
                    Impossible
                }
            }
            // Whoever was slower found that the money is taken by the very refund that was carried out.
            (Self::CarriedOut { .. }, Event::Refuse { .. }) => AlreadySo,
            (Self::Refused { .. }, Event::Refuse { .. }) => AlreadySo,
            // Stored after all, by whoever was slower: the refund is the truth.
            (Self::Refused { .. }, Event::CarryOut { out_refund_no }) => {
                Moved(Self::CarriedOut { out_refund_no })
            }
            (Self::Declined { .. } | Self::Withdrawn, Event::CarryOut { .. } | Event::Refuse { .. }) => {
                Impossible
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> OutRefundNo {
        OutRefundNo::parse(text).unwrap()
    }

    fn states() -> [State; 6] {
        [
            State::Waiting,
            State::Approved,
            State::CarriedOut { out_refund_no: number("R260101AAAA") },
            State::Refused { reason: "HIS".into() },
            State::Declined { reason: "no".into() },
            State::Withdrawn,
        ]
    }

    fn events() -> [Event; 6] {
        [
            Event::Approve,
            Event::Decline { reason: "no".into() },
            Event::Withdraw,
            Event::CarryOut { out_refund_no: number("R260101AAAA") },
            Event::CarryOut { out_refund_no: number("R260101BBBB") },
            Event::Refuse { reason: "HIS".into() },
        ]
    }

    /// The word of what becomes of it.
    fn word(outcome: &Outcome) -> &'static str {
        match outcome {
            Outcome::Moved(state) => state.as_str(),
            Outcome::AlreadySo => "already",
            Outcome::TooLate => "too late",
            Outcome::Impossible => "impossible",
        }
    }

    #[test]
    fn every_state_and_event_is_decided() {
        // Approve, decline, withdraw, carry out as R…A, as R…B, refuse.
        let table = [
            ["approved", "declined", "withdrawn", "impossible", "impossible", "impossible"],
            ["too late", "too late", "too late", "carried_out", "carried_out", "refused"],
            ["too late", "too late", "too late", "already", "impossible", "already"],
            ["too late", "too late", "too late", "carried_out", "carried_out", "already"],
            ["too late", "too late", "too late", "impossible", "impossible", "impossible"],
            ["too late", "too late", "too late", "impossible", "impossible", "impossible"],
        ];
        for (state, row) in states().iter().zip(table) {
            for (event, wanted) in events().into_iter().zip(row) {
                assert_eq!(word(&state.step(event.clone())), wanted, "{state:?} × {event:?}");
            }
        }
    }

    #[test]
    fn no_money_moves_without_a_yes() {
        for state in states() {
            for event in events() {
                if let Outcome::Moved(State::CarriedOut { .. }) = state.step(event) {
                    assert!(matches!(state, State::Approved | State::Refused { .. }));
                }
            }
        }
    }
}
