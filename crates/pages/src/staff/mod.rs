//! Pages for staff: cashier, finance, administrator, auditor.
//!
//! Their frame is [`StaffFrame`]; a sentence stands in the template in both languages ([`Say::t`]); a state is always icon, word and
//! colour ([`State`]). A dialog is a page of its own, laid over the page that it belongs to. The templates are in `templates/staff`.
//!
//! **One page more:** a view struct with its samples here, a template that extends `staff/shell.html` and sets `here`, and a line in
//! [`samples`]; `tests/staff_pages.rs` checks it in both languages.

mod admin;
mod audit;
pub mod cashier;
pub mod charts;
mod dashboard;
mod door;
pub mod finance;
mod frame;
mod hospital;
mod icon;
mod me;
mod notice;
mod notices;
mod page;
mod people;
mod rules;
pub mod samples;

pub use admin::{
    AccountRow, ApiKeys, Expiries, ExpiryRow, KeyForm, KeyRow, MerchantAccounts, ParkedRow, ParkedTasks,
    RightChoice,
};
pub use audit::{AuditRow, AuditTrail, ChainState, Choice};
pub use dashboard::{
    ChannelRow, DepartmentRow, Figure, HourRow, Hours, MethodRow, Open, StaffDashboard, SumRow, Trend,
    WeekRow,
};
pub use door::{Code, Enrol, NewPassword, SignIn};
pub use frame::{Both, Face, Health, Me, NavItem, Place, Say, StaffFrame, State};
pub use hospital::{CampusForm, CampusRow, HospitalForm, HospitalPage};
pub(crate) use icon::Icon;
pub use me::{MySession, Myself};
pub use notice::{NoticeKind, StaffNotice};
pub use notices::{
    NoticeChange, NoticeGroup, NoticePlace, NoticeProposal, NoticeRow, NoticeTemplates, WordingPreview,
    WordingRow,
};
pub use page::StaffPage;
pub use people::{CampusChoice, PeopleRow, PersonForm, RoleChoice, RolesMatrix, StaffPeople, StaffPerson};
pub use rules::{
    BlockEntry, BlockForm, BlockRow, FixedRow, KindChoice, LimitChange, LimitField, LimitGroup,
    LimitProposal, LimitRow, Limits, RuleSetRow, Trial, TrialRow, Tried,
};
