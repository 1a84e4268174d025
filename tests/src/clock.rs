//! Real time plus what the story added.

use mingfen_domain::{Clock, Timestamp};
use mingfen_gateway::ambient::SystemClock;
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that a story moves.
#[derive(Debug, Default)]
pub struct MovedClock(AtomicI64);

impl MovedClock {
    /// Moves on.
    pub fn advance_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_ms(self.0.load(Ordering::SeqCst))
    }
}
