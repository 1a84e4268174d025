//! Limits and risk rules (限额与风控): which hold, who may open a payment under them, and how they are changed.
//!
//! | file | does |
//! |---|---|
//! | `admit` | asks rules and blocklist before a payment is opened, and counts it |
//! | `propose` | a set of rules by one person, and another's word on it |
//! | `trial` | what a set would have refused last week |
//! | `blocklist` | cards, payers and phones that may not pay by phone |
//!
//! There is no cache: whoever opens a payment reads the newest version, one row by its key, so a version holds on every replica from its
//! commit on. When it cannot be read, nothing is opened.

mod admit;
mod blocklist;
mod propose;
mod trial;

pub(crate) use admit::{Admission, Asking};
pub use admit::{Held, HeldBy};
pub use blocklist::{
    BlockRefused, BlockWish, Blocked, LiftRefused, add_block, lift_block, masked_block, reveal_block,
};
pub use propose::{ProposeRefused, RulesWish, decide_rules, propose_rules, seen_of};
pub use trial::{RefundTally, RuleTally, TillTally, TrialReport, try_rules};

use crate::Gateway;
use mingfen_domain::rules::Rules;
use mingfen_store::{RuleSetRecord, StoreError, Tx};

/// The rules that hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RulesInForce {
    /// Which version; 0: those of the configuration.
    pub version: i64,
    /// The rules.
    pub rules: Rules,
}

/// Reads the rules that hold at this moment.
///
/// # Errors
/// [`StoreError`]: nobody knows what is allowed, so nothing is.
pub async fn rules_in_force(gateway: &Gateway) -> Result<RulesInForce, StoreError> {
    Ok(or_configured(gateway, gateway.store.rules_in_force().await?))
}

/// The same within a transaction.
pub(super) async fn rules_in_force_within(
    gateway: &Gateway,
    tx: &mut Tx,
) -> Result<RulesInForce, StoreError> {
    Ok(or_configured(gateway, tx.rules_in_force().await?))
}

fn or_configured(gateway: &Gateway, newest: Option<RuleSetRecord>) -> RulesInForce {
    match newest {
        Some(record) => RulesInForce { version: record.version.unwrap_or_default(), rules: record.rules },
        None => RulesInForce { version: 0, rules: gateway.settings.limits.rules },
    }
}
