//! The use cases, the jobs and the two listeners.
//!
//! # What never enters
//! Wire formats of providers, SQL text, HTML. A handler reads: extract, parse into domain types, call one service function,
//! render. If it holds an `if` about money, that line belongs in [`service`] or in the domain.
//!
//! # Reading order
//! 1. [`Gateway`]: what every use case works with.
//! 2. [`service`]: one use case a file. `record_sighting` is the one door for news.
//! 3. [`jobs`]: what happens by itself.
//! 4. [`public`] and [`internal`]: the two listeners; [`http`] what they share.
//!
//! # How to add a use case
//! A file in `service` named by its verb, one public function, one error enum; its match in `http::error`.

pub mod ambient;
pub mod cache;
mod core;
pub mod crash;
pub mod http;
pub mod internal;
pub mod jobs;
mod live;
pub mod metrics;
pub mod notice;
pub mod public;
pub mod serve;
pub mod service;
pub mod settings;
mod trace;
mod watched_his;

pub use self::core::{Gateway, Parts};
pub use settings::GatewaySettings;
