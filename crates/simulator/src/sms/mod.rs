//! Part of the simulator: the SMS gate.

use std::sync::Arc;

use actix_web::web;

use crate::ledger::Ledger;
use crate::{Party, Shared};

/// State of the SMS gate.
#[derive(Debug)]
pub struct Sms {
    shared: Arc<Shared>,
}

impl Sms {
    /// Without any history.
    pub fn new(shared: Arc<Shared>) -> Self {
        Sms { shared }
    }

    /// What it shares with the other parties.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Party for Sms {
    fn settle_due(&self, _now_ms: i64) -> Vec<String> {
        Vec::new()
    }

    fn tell(&self, _ledger: &mut Ledger) {}
}

/// Adds the routes; they expect `web::Data<Sms>`.
pub fn configure(_config: &mut web::ServiceConfig) {}
