//! A hospital in a box: gateway, simulated providers, demo HIS and text messages on loopback, on either engine, with a clock
//! that a story moves.
//!
//! Methods are what people do: `patient.pays(…)`, `hospital.an_hour_passes()`. Nothing here waits for real time: jobs run
//! when a story lets them, and the simulator delivers when it is told to.
#![allow(clippy::missing_panics_doc, reason = "a harness panics to say what went wrong")]

mod clock;
mod engine;
mod hospital;
mod patient;

pub use clock::MovedClock;
pub use engine::{Room, required};
pub use hospital::{CARD, Hospital, Kept, Replica};
pub use patient::{App, Page, Patient};
