//! A day is compared: the channels' statements, our journal and HIS's ledger become files, the files are matched, what differs is
//! explained and kept as a run; people order remedies, which are carried out here, and sign the day.
//!
//! # Reading order
//! 1. [`reconcile_day`]: the whole of it, in the order in which it happens.
//! 2. `collect`: everything that takes part, as files. `judge`: what was found, as it is kept. `explain`: why it differs, the missing
//!    side asked once more.
//! 3. `keep`: what was read, piece by piece, so that any line can be shown years later.
//! 4. [`order_remedy`]: a preview that is the effect. [`sign_day`]: the end of a day.
//! 5. For the screens: `desk`, what is known of days; `handling`, who works on what; `evidence`, a line as it came; `bring`, a file by
//!    hand; `request`, a comparison that somebody asks for.

mod across;
mod alert;
mod ask;
mod bring;
mod collect;
mod day;
mod desk;
mod evidence;
mod explain;
mod handling;
mod judge;
mod keep;
mod look;
mod remedy;
mod report;
mod request;
mod schedule;
mod settle;
mod sign;

pub use across::{KeptRow, OrderAcross, order_across};
pub use alert::send_alert;
pub use bring::{BringRefused, Brought, MOST_BROUGHT, bring_file};
pub use day::{DayReconciled, ReconcileRefused, Scope, reconcile_day};
pub use desk::{DayFacts, HomeFacts, day_facts, home_facts};
pub use evidence::{LineAsReceived, line_as_received};
pub use handling::{
    FindingNote, HandlingChange, HandlingRefused, MOST_ATTACHED, MOST_FILES, at_stake, attach_file,
    handle_finding, note_finding, notes_of_finding, read_attached,
};
pub use keep::kept_bytes;
pub use look::{LedgerLook, look_at_ledger};
pub use remedy::{
    RemedyOrder, RemedyPreview, RemedyRefused, decide_remedy, order_remedy, preview_remedy, preview_waiting,
};
pub use report::{ReportForm, ReportRefused, write_report};
pub use request::ask_for_day;
pub use schedule::{follow_day, plan_days};
pub use sign::{SignRefused, sign_day};
