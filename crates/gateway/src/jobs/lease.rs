//! A lease on a task while somebody works on it: renewed well before it ends, and when it is lost the work stops.
//!
//! A party that hangs makes a job longer than any lease: HIS takes up to sixteen seconds to not answer, a provider thirty. Without
//! this the lease would run out meanwhile, another replica would take the task, and two would tell HIS of one bill at once.

use crate::Gateway;
use mingfen_domain::Timestamp;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A lease is renewed when a third of it is over: two attempts may fail.
const RENEWED_IN_A_LEASE: u64 = 3;
/// No job takes longer: all its calls have bounds of their own. One that does is stuck, and somebody else shall try.
const LONGEST: Duration = Duration::from_secs(300);

/// A lease that this replica holds.
pub(super) struct Lease {
    until: Timestamp,
    ms: i64,
}

/// It is somebody else's by now, or must be taken for it.
pub(super) struct LeaseLost;

impl Lease {
    /// As it was claimed.
    pub(super) fn taken(now: Timestamp, ms: i64) -> Self {
        Self { until: now.plus_ms(ms), ms }
    }

    /// Works, and keeps the lease meanwhile. When it is lost the work is dropped where it stands: what it had sent is marked as
    /// sent, and whoever has the task now asks first.
    pub(super) async fn kept_during<T>(
        mut self,
        gateway: &Gateway,
        task_id: &str,
        work: impl Future<Output = T>,
    ) -> Result<T, LeaseLost> {
        let every = Duration::from_millis(self.ms.unsigned_abs().div_ceil(RENEWED_IN_A_LEASE));
        let begun = Instant::now();
        let kept = async {
            loop {
                sleep(every).await;
                if begun.elapsed() > LONGEST || !self.is_renewed(gateway, task_id).await {
                    return;
                }
            }
        };
        // Side by side: the work may hold the very connection that the renewal waits for.
        tokio::select! {
            end = work => Ok(end),
            () = kept => Err(LeaseLost),
        }
    }

    async fn is_renewed(&mut self, gateway: &Gateway, task_id: &str) -> bool {
        let now = gateway.now();
        let until = now.plus_ms(self.ms);
        match gateway.store.renew(task_id, &gateway.replica, self.until, until).await {
            Ok(true) => {
                self.until = until;
                true
            }
            Ok(false) => false,
            Err(error) => {
                tracing::warn!(task = task_id, error = %error, "a lease could not be renewed");
                // Whether somebody has it by now cannot be asked; from its end on it must be assumed.
                now < self.until
            }
        }
    }
}
