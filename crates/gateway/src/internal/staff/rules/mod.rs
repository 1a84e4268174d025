//! Limits and risk rules: what holds, changing it with a second person, and the blocklist.

pub(in crate::internal) mod blocklist;
pub(in crate::internal) mod change;
pub(in crate::internal) mod limits;
pub(in crate::internal) mod proposal;
mod words;

pub(super) use words::People;
