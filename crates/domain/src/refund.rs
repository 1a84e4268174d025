//! Money back after payment (退费): its own machine, never a state of the payment.
//!
//! A refund number is stored before it is sent and stays the same on every retry. One payment may see several refunds, up to
//! what was received; one request may later spread over several payments.

use crate::ids::{OutRefundNo, OutTradeNo, ProviderRefundNo, TraceId};
use crate::money::Amount;
use crate::time::Timestamp;

/// Who asked for it and why; decides whether HIS has to be asked and which account it is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A cashier at the window, by command or screen.
    Cashier,
    /// HIS, through the signed API.
    His,
    /// HIS refused the write-back for good.
    BookingRefused,
    /// The bill was already settled by another payment.
    Double,
    /// A person decided over money of the wrong amount.
    WrongAmount,
}

impl Origin {
    /// All origins.
    pub const ALL: [Self; 5] =
        [Self::Cashier, Self::His, Self::BookingRefused, Self::Double, Self::WrongAmount];

    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cashier => "cashier",
            Self::His => "his",
            Self::BookingRefused => "booking_refused",
            Self::Double => "double",
            Self::WrongAmount => "wrong_amount",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.as_str() == word)
    }

    /// Whether the money is booked at HIS, so that HIS is asked before and told after.
    pub const fn concerns_his(self) -> bool {
        matches!(self, Self::Cashier | Self::His)
    }
}

/// Where a refund stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Stored; certainly not sent, or certainly not taken by the provider. Send it (again, under the same number).
    Due,
    /// Sent, and no usable answer came. Ask before sending again.
    Unknown,
    /// The provider took it and works on it.
    Processing {
        /// The provider's number.
        provider_refund_no: ProviderRefundNo,
    },
    /// The money is back at the payer.
    Succeeded {
        /// The provider's number.
        provider_refund_no: ProviderRefundNo,
        /// When.
        refunded_at: Timestamp,
    },
    /// The provider took it and cannot deliver it (card closed); a person must act at the provider.
    Abnormal {
        /// The provider's number.
        provider_refund_no: ProviderRefundNo,
    },
    /// The provider said no, or gave up for good: nothing was paid back, the money is still ours to give.
    Failed {
        /// The provider's code and text.
        reason: String,
    },
}

/// What can happen to a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The provider has taken it.
    SeenProcessing {
        /// The provider's number.
        provider_refund_no: ProviderRefundNo,
    },
    /// The money is back.
    SeenSucceeded {
        /// The provider's number.
        provider_refund_no: ProviderRefundNo,
        /// When.
        refunded_at: Timestamp,
    },
    /// It cannot be delivered.
    SeenAbnormal {
        /// The provider's number.
        provider_refund_no: ProviderRefundNo,
    },
    /// The provider closed it without paying.
    SeenClosed,
    /// Asked: the provider does not know it.
    SeenMissing,
    /// Said no, for good.
    Refused {
        /// The provider's code and text.
        reason: String,
    },
    /// Said "not now" (no money in the account, rate limit): the same number later.
    Postponed,
    /// Sent, no usable answer.
    InDoubt,
}

impl Event {
    /// Whether it only says how things stood when the provider was asked, and so is worth nothing when the refund has moved since.
    pub const fn is_undone_by_time(&self) -> bool {
        match self {
            Self::SeenMissing | Self::Refused { .. } | Self::Postponed => true,
            Self::SeenProcessing { .. }
            | Self::SeenSucceeded { .. }
            | Self::SeenAbnormal { .. }
            | Self::SeenClosed
            | Self::InDoubt => false,
        }
    }
}

/// What must be done because of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Book it as paid out, tell HIS when it concerns HIS, tell the patient.
    Complete,
    /// Take back the reservation in the books, put it before a person.
    GiveUp,
    /// Put it before a person.
    AskPerson,
    /// It was given up and is on its way all the same: hold its money again.
    TakeBack,
    /// It was given up and has arrived all the same: hold its money again, then as [`Effect::Complete`].
    TakeBackAndComplete,
}

/// The answer of [`State::step`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new state and what follows from it.
    Moved(State, Option<Effect>),
    /// Nothing new.
    AlreadySo,
    /// The provider denies what it said before: keep the state, tell a person.
    Contradiction,
}

impl State {
    /// The word that is stored.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Unknown => "unknown",
            Self::Processing { .. } => "processing",
            Self::Succeeded { .. } => "succeeded",
            Self::Abnormal { .. } => "abnormal",
            Self::Failed { .. } => "failed",
        }
    }

    /// Whether its amount counts against what may still be refunded.
    pub const fn holds_money(&self) -> bool {
        !matches!(self, Self::Failed { .. })
    }

    /// Whether something is still to be done by itself.
    pub const fn is_under_way(&self) -> bool {
        matches!(self, Self::Due | Self::Unknown | Self::Processing { .. })
    }

    /// Decides every (state, event) pair.
    pub fn step(&self, event: Event) -> Outcome {
        use Outcome::{AlreadySo, Contradiction, Moved};
        match (self, event) {
            (
                Self::Due | Self::Unknown | Self::Processing { .. } | Self::Abnormal { .. },
                Event::SeenSucceeded { provider_refund_no, refunded_at },
            ) => Moved(Self::Succeeded { provider_refund_no, refunded_at }, Some(Effect::Complete)),
            (Self::Succeeded { .. }, Event::SeenSucceeded { .. }) => AlreadySo,

            (Self::Due | Self::Unknown, Event::SeenProcessing { provider_refund_no }) => {
                Moved(Self::Processing { provider_refund_no }, None)
            }
            (Self::Processing { .. } | Self::Succeeded { .. }, Event::SeenProcessing { .. }) => AlreadySo,
            // A person had it paid to another card: it is on its way again.
            (Self::Abnormal { .. }, Event::SeenProcessing { provider_refund_no }) => {
                Moved(Self::Processing { provider_refund_no }, None)
            }

            (
                Self::Due | Self::Unknown | Self::Processing { .. },
                Event::SeenAbnormal { provider_refund_no },
            ) => Moved(Self::Abnormal { provider_refund_no }, Some(Effect::AskPerson)),
            (Self::Abnormal { .. }, Event::SeenAbnormal { .. }) => AlreadySo,
            (Self::Succeeded { .. }, Event::SeenAbnormal { .. } | Event::SeenClosed) => Contradiction,

            (
                Self::Due | Self::Unknown | Self::Processing { .. } | Self::Abnormal { .. },
                Event::SeenClosed,
            ) => Moved(Self::Failed { reason: "closed by the provider".into() }, Some(Effect::GiveUp)),
            (Self::Due | Self::Unknown, Event::Refused { reason }) => {
                Moved(Self::Failed { reason }, Some(Effect::GiveUp))
            }
            // A refused repeat says nothing about the refund that the provider has taken.
            (
                Self::Processing { .. } | Self::Succeeded { .. } | Self::Abnormal { .. },
                Event::Refused { .. },
            ) => AlreadySo,

            (Self::Due | Self::Unknown, Event::SeenMissing | Event::Postponed) => match self {
                Self::Due => AlreadySo,
                _ => Moved(Self::Due, None),
            },
            (
                Self::Processing { .. } | Self::Abnormal { .. } | Self::Succeeded { .. },
                Event::SeenMissing,
            ) => Contradiction,
            (Self::Processing { .. } | Self::Abnormal { .. } | Self::Succeeded { .. }, Event::Postponed) => {
                AlreadySo
            }

            (Self::Due, Event::InDoubt) => Moved(Self::Unknown, None),
            (
                Self::Unknown
                | Self::Processing { .. }
                | Self::Succeeded { .. }
                | Self::Abnormal { .. }
                | Self::Failed { .. },
                Event::InDoubt,
            ) => AlreadySo,

            // A refund that we gave up and that moves all the same: its money must not be given a second time.
            (Self::Failed { .. }, Event::SeenSucceeded { provider_refund_no, refunded_at }) => {
                Moved(Self::Succeeded { provider_refund_no, refunded_at }, Some(Effect::TakeBackAndComplete))
            }
            (Self::Failed { .. }, Event::SeenProcessing { provider_refund_no }) => {
                Moved(Self::Processing { provider_refund_no }, Some(Effect::TakeBack))
            }
            // Taken, but neither delivered nor refused: a person decides at the provider, and here.
            (Self::Failed { .. }, Event::SeenAbnormal { .. }) => Contradiction,
            (
                Self::Failed { .. },
                Event::SeenClosed | Event::SeenMissing | Event::Refused { .. } | Event::Postponed,
            ) => AlreadySo,
        }
    }
}

/// A refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Our number, the same on every retry.
    pub out_refund_no: OutRefundNo,
    /// The payment that it is taken from.
    pub out_trade_no: OutTradeNo,
    /// How much.
    pub amount: Amount,
    /// Who asked.
    pub origin: Origin,
    /// Shown to the payer and kept for the auditor.
    pub reason: String,
    /// Where it stands.
    pub state: State,
    /// Follows it through every log.
    pub trace: TraceId,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// Compared at every change.
    pub version: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "
due        | processing>processing succeeded>succeeded+Complete abnormal>abnormal+AskPerson closed>failed+GiveUp missing>= refused>failed+GiveUp postponed>= doubt>unknown
unknown    | processing>processing succeeded>succeeded+Complete abnormal>abnormal+AskPerson closed>failed+GiveUp missing>due refused>failed+GiveUp postponed>due doubt>=
processing | processing>= succeeded>succeeded+Complete abnormal>abnormal+AskPerson closed>failed+GiveUp missing>! refused>= postponed>= doubt>=
succeeded  | processing>= succeeded>= abnormal>! closed>! missing>! refused>= postponed>= doubt>=
abnormal   | processing>processing succeeded>succeeded+Complete abnormal>= closed>failed+GiveUp missing>! refused>= postponed>= doubt>=
failed     | processing>processing+TakeBack succeeded>succeeded+TakeBackAndComplete abnormal>! closed>= missing>= refused>= postponed>= doubt>=";

    #[test]
    fn every_state_and_event_is_decided() {
        let number = || ProviderRefundNo::parse("N1").unwrap();
        let at = Timestamp::from_ms(5);
        let states = [
            State::Due,
            State::Unknown,
            State::Processing { provider_refund_no: number() },
            State::Succeeded { provider_refund_no: number(), refunded_at: at },
            State::Abnormal { provider_refund_no: number() },
            State::Failed { reason: "no".into() },
        ];
        let mut actual = String::new();
        for state in states {
            let mut row = Vec::new();
            for (name, event) in [
                ("processing", Event::SeenProcessing { provider_refund_no: number() }),
                ("succeeded", Event::SeenSucceeded { provider_refund_no: number(), refunded_at: at }),
                ("abnormal", Event::SeenAbnormal { provider_refund_no: number() }),
                ("closed", Event::SeenClosed),
                ("missing", Event::SeenMissing),
                ("refused", Event::Refused { reason: "no".into() }),
                ("postponed", Event::Postponed),
                ("doubt", Event::InDoubt),
            ] {
                let word = match state.step(event) {
                    Outcome::AlreadySo => "=".into(),
                    Outcome::Contradiction => "!".into(),
                    Outcome::Moved(next, None) => next.as_str().to_owned(),
                    Outcome::Moved(next, Some(effect)) => format!("{}+{effect:?}", next.as_str()),
                };
                row.push(format!("{name}>{word}"));
            }
            actual.push_str(&format!("\n{:<10} | {}", state.as_str(), row.join(" ")));
        }
        assert_eq!(actual, TABLE);
    }
}
