//! A hospital in a box: gateway, simulated providers, demo HIS and text messages on loopback, on either engine, with a clock
//! that a story moves.
//!
//! Methods are what people do: `patient.pays(…)`, `hospital.an_hour_passes()`. Nothing here waits for real time: jobs run
//! when a story lets them, and the simulator delivers when it is told to. The exception is an [`Installation`]: the real
//! program in processes that are killed and started again, in real time, where a story waits until something is so.
#![allow(clippy::missing_panics_doc, reason = "a harness panics to say what went wrong")]

mod balancer;
mod big_day;
mod books;
mod bystander;
mod clock;
mod engine;
mod hospital;
mod patient;
pub mod person;
mod process;
mod redis;
mod rehearsal;
mod signed;
mod slips;

pub use balancer::Balancer;
pub use big_day::{BigDay, Told};
pub use books::{is_in_between, record_a_close_that_never_was};
pub use bystander::Bystander;
pub use clock::MovedClock;
pub use engine::{Room, required};
pub use hospital::{ALERT_SECRET, Arrangement, CARD, Hospital, Kept, Replica, keyring};
pub use patient::{App, Page, Patient};
pub use process::{Installation, Process, free_address, until};
pub use redis::RedisServer;
pub use rehearsal::Rehearsal;
pub use signed::{Answered, SignedCall};
