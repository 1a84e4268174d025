//! The patient pages, one view struct each.
//!
//! A view holds what may be printed and nothing else: amounts as text, names, cards and phones already masked. Sentences
//! are in `wording`, markup is in `templates/patient`.

mod confirm;
mod error_page;
mod history;
mod link;
mod pay;
mod phone;
mod receipt;
mod refund;
mod result;
mod shared;
mod slip_detail;
mod slips;
mod start;
mod trouble;

pub use confirm::{AmountChanged, ChangedLine, Confirm, Difference, HeldBack, OverLimit, Split};
pub use error_page::{ErrorKind, ErrorPage};
pub use history::{EntryLink, EntryState, History, HistoryEntry};
pub use link::{LinkExpired, LinkInvalid, NotMatched, TooManyTries};
pub use pay::{Opening, Pay, Waiting};
pub use phone::{Phone, PhoneError};
pub use receipt::{Receipt, ReceiptItem, Tender, TenderKind};
pub use refund::{Refund, RefundProgress, RefundReason, SlipsRemain};
pub use result::{
    AlreadyPaid, InsurancePart, MoneyBack, NoLongerOwed, NotCharged, NotChargedReason, Paid, PaidBooking,
    PaidBy, Place,
};
pub use shared::{Deadline, InsuranceClass, PayApp, SlipKind, Who};
pub use slip_detail::{ChargeLine, ClassTotal, SlipDetail};
pub use slips::{NothingToPay, SlipCard, Slips, UnderwaySlip};
pub use start::{Authorise, AuthoriseState, ChooseApp};
pub use trouble::{Busy, Held, InDoubt};

pub(crate) use shared::sample;
