//! A day is compared: the channels' statements, our journal and HIS's ledger become files, the files are matched, what differs is
//! explained and kept as a run; people order remedies, which are carried out here, and sign the day.
//!
//! # Reading order
//! 1. [`reconcile_day`]: the whole of it, in the order in which it happens.
//! 2. `collect`: everything that takes part, as files. `explain`: why it differs, the missing side asked once more.
//! 3. `keep`: what was read, piece by piece, so that any line can be shown years later.
//! 4. [`order_remedy`]: a preview that is the effect. [`sign_day`]: the end of a day.

mod collect;
mod day;
mod keep;

pub use day::{DayReconciled, ReconcileRefused, Scope, reconcile_day};
pub use keep::kept_bytes;
