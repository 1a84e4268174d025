//! One use case a file, named by its verb.
//!
//! Everything that is learnt of an order enters by [`record_sighting`], everything of a refund by [`record_refund`]. Each
//! writes its whole effect, outbox rows included, in one transaction, and nothing is acknowledged before it is durable.

mod api_keys;
mod attention;
mod close_order;
mod close_task;
pub mod dashboard;
pub mod desk;
mod follow_payment;
mod follow_refund;
mod give_lock_back;
mod hospital;
mod notice_templates;
mod open_payment;
mod order_money;
mod order_story;
mod payment_view;
mod post_refund_to_his;
mod post_write_back;
mod private;
mod proposals;
mod receive_notification;
pub mod reconciliation;
mod record_refund;
mod record_sighting;
mod refund_for_key;
mod request_refund;
mod reseal;
mod retry_task;
mod revoke_link;
pub mod rules;
mod seal_audit;
mod send_notice;
mod slip_link;
mod slip_sheet;
pub mod staff;
mod takings;
mod verify;
pub mod window;

pub use api_keys::{KeyRefused, MadeKey, NewKey, OVERLAP_DAYS, make_key, revoke_key, rotate_key};
pub use close_order::{CloseOrderRefused, close_order};
pub use close_task::{CloseRefused, close_task};
pub use follow_payment::{ask_now, follow_payment, says_unpaid};
pub use follow_refund::follow_refund;
pub use give_lock_back::give_lock_back;
pub use hospital::{
    CampusWish, HospitalRefused, HospitalWish, change_hospital, keep_campus, look_at_hospital,
    place_at_campus,
};
pub use notice_templates::{
    NOTICE_LANGUAGES, Wording, WordingRefused, WordingWish, check_wording, decide_wording, propose_wording,
    seen_wording, wording_at,
};
pub use open_payment::{NotOwed, OpenError, OpenPayment, Opened, open_payment, order_again};
pub use order_money::{OrderMoney, order_money};
pub use order_story::{OpenWork, OrderStory, StoryStep, order_story};
pub use payment_view::{PaymentView, RefusedBecause, Stage, payment_view, view_by_ref};
pub use post_refund_to_his::post_refund_to_his;
pub use post_write_back::{post_write_back, recheck_refusal};
pub use proposals::{DecideProposalRefused, Decision};
pub use receive_notification::{Received, receive_notification};
pub use record_refund::{RefundRecorded, record_refund_event, record_refund_sighting};
pub use record_sighting::{Recorded, Source, Told, Way, record_event, record_sighting};
pub use refund_for_key::{KeyRefundRefused, refund_for_key};
pub use request_refund::{RefundAsked, RefundRefused, RefundTarget, RefundWay, request_refund};
pub use reseal::{KeyUsage, Resealed, key_usage, reseal};
pub use retry_task::{RetryRefused, retry_task};
pub use revoke_link::{RevokeRefused, revoke_link};
pub use seal_audit::{accept_end, audit_anchor, seal_audit};
pub use send_notice::send_notice;
pub use slip_link::{LinkError, SlipLink, slip_link};
pub use slip_sheet::{SheetError, SheetOptions, SlipSheet, slip_sheet};
pub use takings::fold_takings;
pub use verify::{Trail, Verification, verify, verify_trail};

pub(crate) use api_keys::{made_key, note_key_use};
pub(crate) use attention::{KINDS as KINDS_OF_MATTERS, matter};
pub(crate) use hospital::{campus_line, follow_hospital};
pub(crate) use open_payment::order_request;
pub(crate) use payment_view::voucher_no;
pub(crate) use private::Private;
pub(crate) use revoke_link::token_sha256;
pub(crate) use slip_sheet::hospital_frame;
pub(crate) use staff::{actor as staff_actor, token_digest as staff_token_digest};

use mingfen_domain::money::MoneyError;
use mingfen_reconciliation::matching::MatchingError;
use mingfen_store::StoreError;

/// What a job reports to the worker.
#[derive(Debug)]
pub enum JobEnd {
    /// Nothing is left to do.
    Done,
    /// Again after so many seconds, with the reason.
    Again {
        /// Seconds from now.
        after: i64,
        /// For people who look at the task.
        because: String,
    },
    /// It needs a person.
    Park {
        /// For that person: what happened and what can be done.
        because: String,
    },
}

impl JobEnd {
    pub(crate) fn again(after: i64, because: impl Into<String>) -> Self {
        Self::Again { after, because: because.into() }
    }

    /// Again on a widening schedule: the wait for this attempt, the last one for ever.
    pub(crate) fn widening(schedule: &[i64], attempts: i64, because: impl Into<String>) -> Self {
        let index = usize::try_from(attempts.max(1) - 1).unwrap_or(usize::MAX);
        let after = schedule.get(index).or(schedule.last()).copied().unwrap_or(60);
        Self::Again { after, because: because.into() }
    }
}

/// Why a use case could not even write down what happened. The worker tries again.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A sealed field does not open: a key is missing or the row was tampered with.
    #[error("a sealed field of {0} does not open; is the key that sealed it still in the keyring?")]
    Sealed(String),
    /// Money that does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The channel is no longer configured.
    #[error("channel {0} is not in the configuration any more; put it back until its orders are settled")]
    NoChannel(String),
    /// The channel cannot do that.
    #[error("channel {0} has no {1}")]
    NoAbility(String, &'static str),
    /// A temporary file.
    #[error("a temporary file could not be used: {0}; is the disk full?")]
    TemporaryFile(String),
    /// The records contradict themselves.
    #[error("{0}")]
    Inconsistent(String),
    /// The program is on its way out.
    #[error("the program is stopping; try again in a moment")]
    Stopping,
}

impl From<MatchingError> for Trouble {
    fn from(error: MatchingError) -> Self {
        match error {
            MatchingError::OutOfRange => Self::Money(MoneyError::OutOfRange),
            other => Self::TemporaryFile(other.to_string()),
        }
    }
}
