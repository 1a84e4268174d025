//! Part of the simulator: the Alipay gateway.

use std::sync::Arc;

use actix_web::web;

use crate::ledger::Ledger;
use crate::{Party, Shared};

/// State of the Alipay gateway.
#[derive(Debug)]
pub struct Alipay {
    shared: Arc<Shared>,
}

impl Alipay {
    /// Without any history.
    pub fn new(shared: Arc<Shared>) -> Self {
        Alipay { shared }
    }

    /// What it shares with the other parties.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Party for Alipay {
    fn settle_due(&self, _now_ms: i64) -> Vec<String> {
        Vec::new()
    }

    fn tell(&self, _ledger: &mut Ledger) {}
}

/// Adds the routes; they expect `web::Data<Alipay>`.
pub fn configure(_config: &mut web::ServiceConfig) {}
