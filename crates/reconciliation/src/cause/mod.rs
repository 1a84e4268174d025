//! Why a difference is there (差异原因), and what a person may do about it.
//!
//! [`explain`] takes a finding and what is [`Known`] of its order, and answers always and always the same: first with what the
//! facts prove, then with what they make probable, then with [`Cause::Unknown`]. Whoever calls it has asked the missing side once
//! more and puts the answer into [`Known`].
//!
//! # Reading order
//! `words.rs`: the causes, and what helps against each. `known.rs`: the facts. `verdict.rs`: from facts to cause, a function a kind
//! of difference. `remedies.rs`: what is safe. `evidence.rs`: the facts as sentences.
//!
//! # How to add a cause
//! A row in the table of `words.rs`, the place in `verdict.rs` that decides it, and cases with a reason in
//! `tests/golden/reconciliation/causes.toml`.

mod case;
mod evidence;
mod known;
mod remedies;
mod verdict;
mod words;

pub use evidence::Sentence;
pub use known::{
    ChannelAnswer, HisAnswer, Known, Learnt, OwnPayment, OwnRefund, OwnWriteBack, Records, RefundAnswer,
    Told, Way,
};
pub use words::Cause;

use crate::matching::Finding;
use case::Case;
use mingfen_domain::difference::{Category, Owner, Remedy};

/// A finding, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Why it is there.
    pub cause: Cause,
    /// Whether the facts prove it; otherwise it is the most probable.
    pub certain: bool,
    /// What is known of the order, in whole sentences.
    pub evidence: Vec<Sentence>,
    /// What it is after the asking: a one-sided entry that the other side has on a day still to come is [`Category::CrossDay`].
    pub category: Category,
    /// Who has to act first.
    pub owner: Owner,
    /// What may be ordered here, the most advisable first; a part of the category's remedies, never empty.
    pub remedies: Vec<Remedy>,
    /// The missing side can still deliver it on a later day, without anybody's doing.
    pub waits: bool,
    /// What is advised; nothing where there is nothing to do.
    pub advised: Option<Remedy>,
}

/// Says why a finding is there and what may be done about it.
pub fn explain(finding: &Finding, known: &Known) -> Explained {
    let case = Case::new(finding, known);
    let verdict = verdict::of(&case);
    let remedies = remedies::allowed(&case, &verdict);
    let settled = verdict.category.is_settled() && verdict.category != Category::Foreign;
    Explained {
        cause: verdict.cause,
        certain: verdict.certain,
        evidence: evidence::of(&case),
        category: verdict.category,
        owner: verdict.cause.owner().unwrap_or(verdict.category.owner()),
        advised: if settled { None } else { remedies.first().copied() },
        remedies,
        waits: verdict.outlook == verdict::Outlook::Open,
    }
}
