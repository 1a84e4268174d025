//! A day is compared: the channels' statements, our journal and HIS's ledger become files, the files are matched, what differs is
//! explained and kept as a run; people order remedies, which are carried out here, and sign the day.
//!
//! # Reading order
//! 1. [`reconcile_day`]: the whole of it, in the order in which it happens.
//! 2. `collect`: everything that takes part, as files. `judge`: what was found, as it is kept. `explain`: why it differs, the missing
//!    side asked once more.
//! 3. `keep`: what was read, piece by piece, so that any line can be shown years later.
//! 4. [`order_remedy`]: a preview that is the effect. [`sign_day`]: the end of a day.

mod across;
mod alert;
mod ask;
mod collect;
mod day;
mod explain;
mod judge;
mod keep;
mod look;
mod remedy;
mod report;
mod schedule;
mod settle;
mod sign;

pub use across::{KeptRow, OrderAcross, order_across};
pub use alert::send_alert;
pub use day::{DayReconciled, ReconcileRefused, Scope, reconcile_day};
pub use keep::kept_bytes;
pub use look::{LedgerLook, look_at_ledger};
pub use remedy::{RemedyOrder, RemedyPreview, RemedyRefused, decide_remedy, order_remedy, preview_remedy};
pub use report::{ReportForm, ReportRefused, write_report};
pub use schedule::{follow_day, plan_days};
pub use sign::{SignRefused, sign_day};
