//! The cashier's pages: whose payment is it, what happened to its money, may it go back, did it arrive.

mod desk;
mod dialogs;
mod order;
mod print;
mod refund;
mod refunds;
mod search;
mod shared;
mod shortcuts;

pub use desk::{Desk, Errand, Figure};
pub use dialogs::{Evidence, EvidenceDialog, FullPerson, PersonDialog};
pub use order::{BookLine, MaskedPerson, Order, OrderAmounts, RefundLine, SlipLine, Step, StepKind, Total};
pub use print::{PrintDialog, PrintOption};
pub use refund::{
    ApproveDialog, Check, RefundByAmount, RefundChoice, RefundDialog, RefundForm, RefundReason, RefundWay,
};
pub use refunds::{RefundList, RefundListRow, RefundProgress, RefundTab, RefundTabKind, Stage};
pub use search::{Reading, SearchResults};
pub use shared::{Ability, OrderRow};
pub use shortcuts::Shortcuts;
