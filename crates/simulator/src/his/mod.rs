//! The demo HIS 青禾市人民医院: a hospital with patients, slips and a ledger of its own, behind the HIS contract.
//!
//! `signature` decides who is asking, `api` is the contract's calls, `desk` what they do to the `records`; `staff`
//! is what the hospital's own people do, `page` what they look at, `control` the same over HTTP for scripts.
//! `push` makes the hospital's own call to the gateway. `seed` is the people and slips it starts with.
//!
//! # Source
//! `docs/his-rest.md`; nothing here knows how the gateway reads it.

mod api;
mod control;
mod denial;
mod desk;
mod moment;
mod page;
mod push;
mod records;
mod seed;
mod signature;
mod staff;
#[cfg(test)]
mod tests;
mod trouble;
mod wire;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::web;

pub use self::denial::Denial;
pub use self::push::{GatewayAccess, PushFailure, PushedLink, SignedRequest};
pub use self::records::{
    Booking, Charge, ChargedBy, LedgerDamage, LedgerEntry, Records, RefundBooking, Slip,
};
pub use self::signature::sign;
pub use self::staff::NewSlip;
pub use self::trouble::Trouble;
pub use self::wire::{ChargeLine, LedgerRow, Patient, Place, SlipAmount, SlipKind, SlipStatus, Tender};

use self::signature::Nonces;
use self::trouble::Troubles;
use crate::ledger::Ledger;
use crate::{Party, Shared};

/// The hospital's id in every call.
pub const HOSPITAL_ID: &str = "QH01";
/// The hospital's name on pages and slips.
pub const HOSPITAL_NAME: &str = "青禾市人民医院";
/// Key id of the demo gateway.
pub const DEMO_KEY_ID: &str = "mingfen-demo";
/// Shared secret of the demo; it protects a simulator, nothing else.
pub const DEMO_SECRET: &str = "mingfen-demo-secret-0123456789abcdef";
/// The card of the patient that the demo begins with.
pub const DEMO_CARD_NO: &str = "A10023846021";

/// The hospital. All methods may be called from any thread; each sees and leaves whole records.
pub struct His {
    shared: Arc<Shared>,
    records: Mutex<Records>,
    troubles: Mutex<Troubles>,
    nonces: Mutex<Nonces>,
    keys: Mutex<HashMap<String, String>>,
    gateway: Mutex<Option<GatewayAccess>>,
    links: Mutex<HashMap<String, PushedLink>>,
    rows_per_page: Mutex<usize>,
}

impl std::fmt::Debug for His {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("His").finish_non_exhaustive()
    }
}

impl His {
    /// A hospital with the demo's people and slips, written today by the shared clock.
    pub fn new(shared: Arc<Shared>) -> Self {
        let mut records = Records::default();
        seed::fill(&mut records, shared.clock.now_ms());
        let keys = HashMap::from([(DEMO_KEY_ID.to_owned(), DEMO_SECRET.to_owned())]);
        His {
            shared,
            records: Mutex::new(records),
            troubles: Mutex::default(),
            nonces: Mutex::default(),
            keys: Mutex::new(keys),
            gateway: Mutex::default(),
            links: Mutex::default(),
            rows_per_page: Mutex::new(200),
        }
    }

    /// The records, held until the guard is dropped: read them, or do what staff do ([`Records::write_slip`] …).
    pub fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds of the shared clock, for the methods of [`Records`] that want the time.
    pub fn now_ms(&self) -> i64 {
        self.shared.clock.now_ms()
    }

    /// Lets another caller in, under this key id and secret.
    pub fn add_key(&self, key_id: &str, secret: &str) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(key_id.to_owned(), secret.to_owned());
    }

    /// Sets a trouble for one call (`payments/confirm`) or all (`*`), for a number of calls or until lifted.
    ///
    /// What the fault engine can do (time-out or cut before or after the effect, slowness, a status) is a rule there,
    /// under the name `his.payments/confirm`.
    pub fn set_trouble(&self, call: &str, trouble: Trouble, times: Option<u32>) {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).set(call, trouble, times);
    }

    /// Lifts the trouble of one call, or with `None` every trouble set by [`His::set_trouble`].
    pub fn lift_trouble(&self, call: Option<&str>) {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).lift(call);
    }

    /// Every call answers 503 until [`His::comes_back`].
    pub fn goes_down(&self) {
        self.set_trouble("*", Trouble::Down, None);
    }

    /// Ends [`His::goes_down`].
    pub fn comes_back(&self) {
        self.lift_trouble(Some("*"));
    }

    /// How many rows a page of `ledger/day` holds.
    pub fn set_rows_per_page(&self, rows: usize) {
        *self.rows_per_page.lock().unwrap_or_else(PoisonError::into_inner) = rows.max(1);
    }

    fn troubles_in_force(&self) -> Vec<(String, Trouble, Option<u32>)> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).in_force()
    }

    fn rows_per_page(&self) -> usize {
        *self.rows_per_page.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The hospital does nothing by itself, and its ledger is its own: the simulator's ledger holds what providers know.
impl Party for His {
    fn settle_due(&self, _now_ms: i64) -> Vec<String> {
        Vec::new()
    }

    fn tell(&self, _ledger: &mut Ledger) {}
}

/// The routes: `/his/v1/…` (the contract), `/his` (the page), `/control/his/…`.
///
/// The application's data must hold a `web::Data<His>`.
pub fn configure(service: &mut web::ServiceConfig) {
    api::configure(service);
    control::configure(service);
    page::configure(service);
}
