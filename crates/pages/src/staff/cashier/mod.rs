//! The cashier's pages: whose payment is it, what happened to its money, may it go back, did it arrive.

mod desk;
mod dialogs;
mod order;
mod print;
mod refund;
mod refunds;
mod search;
mod shared;
mod shift;
mod shortcuts;
mod window;

pub use desk::{Desk, Errand, Figure};
pub use dialogs::{Evidence, EvidenceDialog, FullPerson, PersonDialog};
pub use order::{BookLine, MaskedPerson, Order, OrderAmounts, RefundLine, SlipLine, Step, StepKind, Total};
pub use print::{PrintDialog, PrintOption};
pub use refund::{
    ApproveDialog, Check, RefundByAmount, RefundChoice, RefundDialog, RefundForm, RefundReason, RefundWay,
};
pub use refunds::{HandOut, RefundList, RefundListRow, RefundProgress, RefundTab, RefundTabKind, Stage};
pub use search::{Reading, SearchResults};
pub use shared::{Ability, OrderRow};
pub use shift::{
    AskedClose, Receiver, ShiftCell, ShiftCheck, ShiftFace, ShiftListRow, ShiftMatrix, ShiftPage,
    ShiftReason, ShiftRow, ShiftSheet, ShiftStart, TillCount, TillLines,
};
pub use shortcuts::Shortcuts;
pub use window::{CounterWay, OwedSlip, WindowSlips, WindowTill};
