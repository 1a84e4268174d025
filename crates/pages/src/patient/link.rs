//! The code does not open.

use super::shared::sample;
use crate::{
    Moment,
    page::{Page, page},
};

/// The code has expired.
#[derive(Clone, Debug)]
pub struct LinkExpired {
    /// Until when it was good.
    pub expired_at: Option<Moment>,
}

/// The code cannot be used. The same for tampered, foreign and unknown key: the page says nothing more.
#[derive(Clone, Copy, Debug)]
pub struct LinkInvalid;

/// The hospital knows no such card, or knows it under another name. Says nothing of what it knows.
#[derive(Clone, Copy, Debug)]
pub struct NotMatched;

/// Too many tries from one place.
#[derive(Clone, Debug)]
pub struct TooManyTries {
    /// Whole minutes to wait.
    pub minutes: u32,
    /// From then on it can be tried again.
    pub again_at: Moment,
}

page!(LinkExpired, "patient/link_expired.html", [
    "ordinary" => Self { expired_at: Some(sample::yesterday(23, 59)) },
    "unknown when" => Self { expired_at: None },
]);

page!(LinkInvalid, "patient/link_invalid.html", ["ordinary" => Self]);

page!(NotMatched, "patient/not_matched.html", ["ordinary" => Self]);

page!(TooManyTries, "patient/too_many_tries.html", [
    "ordinary" => Self { minutes: 10, again_at: sample::today(10, 42) },
    "one minute" => Self { minutes: 1, again_at: sample::yesterday(0, 1) },
]);
