//! The table: every (state, event) pair is decided in [`State::step`], without a wildcard.

use super::event::{BillStanding, Event, Received};
use crate::money::Amount;

/// Where a payment stands; each variant holds the facts that are true in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Stored; the order call may or may not have left us, or its answer was lost. Ask before anything else.
    Opening,
    /// The provider holds an order that the payer can pay.
    Waiting {
        /// The adapter's own text for what the payer is shown.
        handle: String,
    },
    /// Paid with the amount that was ordered, and the bill took it.
    Paid(Received),
    /// Money came that the bill cannot take. It is held apart until it is refunded or a person decides.
    Suspense {
        /// Why.
        reason: SuspenseReason,
        /// What came.
        received: Received,
    },
    /// Nobody can pay it any more and nobody did.
    Closed(ClosedBecause),
}

/// Why money is held apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuspenseReason {
    /// Another payment settled the bill first.
    Double,
    /// The provider received another amount than we ordered.
    WrongAmount,
}

/// Why a payment is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedBecause {
    /// The provider refused to open it.
    Refused,
    /// Closed at the provider by us or by itself.
    ClosedThere,
    /// Never reached the provider, or can no longer be paid there.
    Expired,
}

/// What must be done because of a step; stored as outbox rows in the same transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Settle the bill with this payment and tell HIS.
    SettleBill,
    /// Book what was received into suspense and send it back to the payer, all of it.
    RefundAll,
    /// Book what was received into suspense and put it before a person.
    AskPerson,
    /// Give the slips back when no other payment of the bill is live.
    ReleaseBill,
}

/// A contradiction that left the state as it was: a fact that a person must see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// Paid here, and the provider now says something that denies it.
    PaidButDenied,
    /// Paid twice under one order number: another provider number or another amount than the first.
    PaidOtherwise,
    /// The provider opened an order that is closed here.
    OpenedAfterClose,
}

/// The answer of [`State::step`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new state and what follows from it.
    Moved(State, Vec<Effect>),
    /// Nothing new; a doubled notification ends here.
    AlreadySo,
    /// Not what we hold to be true: keep the state, keep the evidence, tell a person.
    Contradiction(Contradiction),
}

impl State {
    /// The word that is stored.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Waiting { .. } => "waiting",
            Self::Paid(_) => "paid",
            Self::Suspense { .. } => "suspense",
            Self::Closed(_) => "closed",
        }
    }

    /// Whether the payer may still pay it, as far as we know. Such an order is asked after until it is not live any more.
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Opening | Self::Waiting { .. })
    }

    /// What was received, if anything was.
    pub const fn received(&self) -> Option<&Received> {
        match self {
            Self::Paid(received) | Self::Suspense { received, .. } => Some(received),
            Self::Opening | Self::Waiting { .. } | Self::Closed(_) => None,
        }
    }

    /// Decides what `event` does to a payment of `ordered` in this state. Every pair is decided here; the tests walk all of them.
    pub fn step(&self, ordered: Amount, event: Event) -> Outcome {
        use Outcome::{AlreadySo, Moved};
        match (self, event) {
            // Money first: wherever it comes, it gets a home.
            (Self::Opening | Self::Waiting { .. } | Self::Closed(_), Event::SeenPaid { received, bill }) => {
                money(ordered, received, bill)
            }
            (
                Self::Paid(first) | Self::Suspense { received: first, .. },
                Event::SeenPaid { received, .. },
            ) => {
                if first.provider_trade_no == received.provider_trade_no && first.amount == received.amount {
                    AlreadySo
                } else {
                    Outcome::Contradiction(Contradiction::PaidOtherwise)
                }
            }

            (Self::Opening, Event::Opened { handle }) => Moved(Self::Waiting { handle }, vec![]),
            (Self::Waiting { handle: old }, Event::Opened { handle }) => {
                if *old == handle {
                    AlreadySo
                } else {
                    Moved(Self::Waiting { handle }, vec![])
                }
            }
            // The answer of our order call may come after the news that it was paid.
            (Self::Paid(_) | Self::Suspense { .. }, Event::Opened { .. }) => AlreadySo,
            (Self::Closed(_), Event::Opened { .. }) => {
                Outcome::Contradiction(Contradiction::OpenedAfterClose)
            }

            (Self::Opening, Event::OpenRefused { .. }) => closed(ClosedBecause::Refused),
            // A repeated order call that is refused says nothing about the order that stands there already.
            (
                Self::Waiting { .. } | Self::Paid(_) | Self::Suspense { .. } | Self::Closed(_),
                Event::OpenRefused { .. },
            ) => AlreadySo,

            (
                Self::Opening | Self::Waiting { .. },
                Event::SeenWaiting | Event::SeenMissing | Event::SeenUnknown,
            ) => AlreadySo,
            (Self::Closed(_), Event::SeenWaiting | Event::SeenMissing | Event::SeenUnknown) => AlreadySo,
            (Self::Paid(_) | Self::Suspense { .. }, Event::SeenUnknown) => AlreadySo,
            (
                Self::Paid(_) | Self::Suspense { .. },
                Event::SeenWaiting | Event::SeenMissing | Event::SeenClosed,
            ) => Outcome::Contradiction(Contradiction::PaidButDenied),

            (Self::Opening | Self::Waiting { .. }, Event::SeenClosed) => closed(ClosedBecause::ClosedThere),
            (Self::Opening | Self::Waiting { .. }, Event::Expired) => closed(ClosedBecause::Expired),
            (Self::Closed(_), Event::SeenClosed | Event::Expired) => AlreadySo,
            (Self::Paid(_) | Self::Suspense { .. }, Event::Expired) => AlreadySo,
        }
    }
}

fn money(ordered: Amount, received: Received, bill: BillStanding) -> Outcome {
    if received.amount != ordered {
        return Outcome::Moved(
            State::Suspense { reason: SuspenseReason::WrongAmount, received },
            vec![Effect::AskPerson],
        );
    }
    match bill {
        BillStanding::Free => Outcome::Moved(State::Paid(received), vec![Effect::SettleBill]),
        BillStanding::Taken => Outcome::Moved(
            State::Suspense { reason: SuspenseReason::Double, received },
            vec![Effect::RefundAll],
        ),
    }
}

fn closed(because: ClosedBecause) -> Outcome {
    Outcome::Moved(State::Closed(because), vec![Effect::ReleaseBill])
}
