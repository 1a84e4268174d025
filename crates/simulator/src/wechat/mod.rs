//! WeChat Pay API v3.
use std::sync::Arc;

use actix_web::web;

use crate::ledger::Ledger;
use crate::{Party, Shared};

/// What this party is started with.
#[derive(Debug, Clone, Default)]
pub struct Settings {}

/// Why it could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {}

/// State of WeChat Pay.
#[derive(Debug)]
pub struct Wechat {
    shared: Arc<Shared>,
}

impl Wechat {
    /// Without any history.
    pub fn new(shared: Arc<Shared>, _settings: Settings) -> Result<Self, SetUpError> {
        Ok(Wechat { shared })
    }

    /// What it shares with the other parties.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Party for Wechat {
    fn settle_due(&self, _now_ms: i64) -> Vec<String> {
        Vec::new()
    }

    fn tell(&self, _ledger: &mut Ledger) {}
}

/// Adds the routes; they expect `web::Data<Wechat>`.
pub fn configure(_config: &mut web::ServiceConfig) {}
