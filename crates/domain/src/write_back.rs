//! Telling HIS that a bill was paid (回写 HIS): a machine of its own.
//!
//! HIS is told once under the bill's number. After a lost answer HIS is asked (the compensation query) before it is told
//! again. A refusal is believed only when HIS, asked once more, does not know our order either: only then money goes back.

use crate::slip::SlipKind;

/// HIS's answer to a booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booked {
    /// HIS's own order number.
    pub his_order_no: String,
    /// Receipt or invoice number.
    pub receipt_no: String,
    /// Where the patient goes next.
    pub places: Vec<Place>,
}

/// A signpost for the patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// 超声科登记台
    pub place: String,
    /// 门诊楼 3 层
    pub location: Option<String>,
    /// 现在就可以去
    pub wait: Option<String>,
    /// 排队号
    pub number_label: Option<String>,
    /// B36
    pub number: Option<String>,
    /// What it is for, when known; chooses the icon.
    pub kind: Option<SlipKind>,
}

/// Where a write-back stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// To be told; never tried, or certainly not booked.
    Due,
    /// Told, and no usable answer came. Ask before telling again.
    Unknown,
    /// HIS booked it.
    Posted(Booked),
    /// HIS said no; to be confirmed by asking once more.
    RefusalToConfirm {
        /// HIS's code and text.
        reason: String,
    },
    /// HIS said no and does not know our order: the money goes back.
    Refused {
        /// HIS's code and text.
        reason: String,
    },
}

/// What can happen to a write-back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// HIS answered the booking, or the query, with what it booked.
    Booked(Booked),
    /// HIS said a definite no to the booking.
    Refused {
        /// HIS's code and text.
        reason: String,
    },
    /// The booking left us and no usable answer came.
    InDoubt,
    /// Asked: HIS does not know our order.
    NotFound,
}

/// The answer of [`State::step`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new state.
    Moved(State),
    /// Nothing new.
    AlreadySo,
    /// HIS booked a bill whose money we sent, or are sending, back (短款): tell a person.
    BookedAfterRefusal,
}

impl State {
    /// The word that is stored.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Unknown => "unknown",
            Self::Posted(_) => "posted",
            Self::RefusalToConfirm { .. } => "refusal_to_confirm",
            Self::Refused { .. } => "refused",
        }
    }

    /// Whether HIS must be asked before it is told.
    pub const fn ask_first(&self) -> bool {
        matches!(self, Self::Unknown | Self::RefusalToConfirm { .. })
    }

    /// Decides every (state, event) pair.
    pub fn step(&self, event: Event) -> Outcome {
        use Outcome::{AlreadySo, Moved};
        match (self, event) {
            (Self::Due | Self::Unknown | Self::RefusalToConfirm { .. }, Event::Booked(booked)) => {
                Moved(Self::Posted(booked))
            }
            (Self::Posted(_), Event::Booked(_)) => AlreadySo,
            (Self::Refused { .. }, Event::Booked(_)) => Outcome::BookedAfterRefusal,

            (Self::Due | Self::Unknown, Event::Refused { reason }) => {
                Moved(Self::RefusalToConfirm { reason })
            }
            (
                Self::RefusalToConfirm { .. } | Self::Posted(_) | Self::Refused { .. },
                Event::Refused { .. },
            ) => AlreadySo,

            (Self::Due, Event::InDoubt) => Moved(Self::Unknown),
            (
                Self::Unknown | Self::RefusalToConfirm { .. } | Self::Posted(_) | Self::Refused { .. },
                Event::InDoubt,
            ) => AlreadySo,

            (Self::Unknown, Event::NotFound) => Moved(Self::Due),
            (Self::RefusalToConfirm { reason }, Event::NotFound) => {
                Moved(Self::Refused { reason: reason.clone() })
            }
            (Self::Due | Self::Posted(_) | Self::Refused { .. }, Event::NotFound) => AlreadySo,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_event_is_decided() {
        let booked = || Booked { his_order_no: "H1".into(), receipt_no: "R1".into(), places: vec![] };
        let reason = || "SLIP_CANCELLED".to_owned();
        let states = [
            State::Due,
            State::Unknown,
            State::Posted(booked()),
            State::RefusalToConfirm { reason: reason() },
            State::Refused { reason: reason() },
        ];
        let table = "
            due booked posted | due refused refusal_to_confirm | due in-doubt unknown | due not-found =
            unknown booked posted | unknown refused refusal_to_confirm | unknown in-doubt = | unknown not-found due
            posted booked = | posted refused = | posted in-doubt = | posted not-found =
            refusal_to_confirm booked posted | refusal_to_confirm refused = | refusal_to_confirm in-doubt = | refusal_to_confirm not-found refused
            refused booked ! | refused refused = | refused in-doubt = | refused not-found =";
        let expected: Vec<String> = table
            .split(['|', '\n'])
            .map(|cell| cell.trim().to_owned())
            .filter(|cell| !cell.is_empty())
            .collect();
        let mut actual = Vec::new();
        for state in states {
            for (name, event) in [
                ("booked", Event::Booked(booked())),
                ("refused", Event::Refused { reason: reason() }),
                ("in-doubt", Event::InDoubt),
                ("not-found", Event::NotFound),
            ] {
                let word = match state.step(event) {
                    Outcome::Moved(next) => next.as_str().to_owned(),
                    Outcome::AlreadySo => "=".into(),
                    Outcome::BookedAfterRefusal => "!".into(),
                };
                actual.push(format!("{} {name} {word}", state.as_str()));
            }
        }
        assert_eq!(actual, expected);
    }
}
