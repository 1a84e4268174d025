//! Part of the simulator: the demo HIS.

use std::sync::Arc;

use actix_web::web;

use crate::ledger::Ledger;
use crate::{Party, Shared};

/// State of the demo HIS.
#[derive(Debug)]
pub struct His {
    shared: Arc<Shared>,
}

impl His {
    /// Without any history.
    pub fn new(shared: Arc<Shared>) -> Self {
        His { shared }
    }

    /// What it shares with the other parties.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Party for His {
    fn settle_due(&self, _now_ms: i64) -> Vec<String> {
        Vec::new()
    }

    fn tell(&self, _ledger: &mut Ledger) {}
}

/// Adds the routes; they expect `web::Data<His>`.
pub fn configure(_config: &mut web::ServiceConfig) {}
