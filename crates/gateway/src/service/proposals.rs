//! The word on a proposal: who may say what, and why nothing was decided. What a proposal changes is told where it is made.

use crate::http::words::is_readable;
use crate::service::Trouble;
use mingfen_domain::proposal::{Event, Outcome, State};
use mingfen_store::StoreError;

/// A person's word.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Yes, to what was shown.
    Approve {
        /// What was shown.
        seen: String,
    },
    /// No, and why.
    Decline {
        /// Why.
        reason: String,
    },
    /// Whoever proposed it takes it back.
    Withdraw,
}

impl Decision {
    /// A no wants a reason that can be read.
    ///
    /// # Errors
    /// [`DecideProposalRefused::NoReason`].
    pub(super) fn check(&self) -> Result<(), DecideProposalRefused> {
        match self {
            Self::Decline { reason } if !is_readable(reason, 2, 80) => Err(DecideProposalRefused::NoReason),
            _ => Ok(()),
        }
    }
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum DecideProposalRefused {
    /// There is no such proposal.
    #[error("there is no such proposal")]
    NotFound,
    /// Nobody approves what they proposed.
    #[error("another person has to decide it")]
    SamePerson,
    /// Only who proposed takes it back.
    #[error("only who proposed it takes it back")]
    NotYours,
    /// Somebody was first.
    #[error("it was decided already: {0}")]
    Decided(&'static str),
    /// Things are not as they were shown.
    #[error("things have changed since they were shown")]
    Changed,
    /// A reason is required.
    #[error("a reason of 2 to 80 characters is required")]
    NoReason,
    /// Nothing happened; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for DecideProposalRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Where the word of `by` takes a proposal that `asked_by` made and that stands in `state`. `is_as_seen`: whether an approval was given to what
/// is there now.
///
/// # Errors
/// [`DecideProposalRefused`]: it stands as before.
pub(super) fn next_state(
    state: &State,
    asked_by: &str,
    decision: &Decision,
    by: &str,
    is_as_seen: impl FnOnce(&str) -> bool,
) -> Result<State, DecideProposalRefused> {
    let own = asked_by == by;
    let event = match decision {
        Decision::Withdraw if !own => return Err(DecideProposalRefused::NotYours),
        Decision::Approve { .. } | Decision::Decline { .. } if own => {
            return Err(DecideProposalRefused::SamePerson);
        }
        Decision::Withdraw => Event::Withdraw,
        Decision::Decline { reason } => Event::Decline { reason: reason.clone() },
        Decision::Approve { .. } => Event::Approve,
    };
    let Outcome::Moved(next) = state.step(event) else {
        return Err(DecideProposalRefused::Decided(state.as_str()));
    };
    match decision {
        Decision::Approve { seen } if !is_as_seen(seen) => Err(DecideProposalRefused::Changed),
        _ => Ok(next),
    }
}
