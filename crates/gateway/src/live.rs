//! What open pages follow: that something happened, and to what. The pages then fetch what they show once more, so that an event
//! carries no name and no amount, and one that is lost costs a second.
//!
//! The feed is the audit trail: everything that a page shows leaves a row there, whichever process did it. One task a process reads it
//! once a second while somebody listens, which an index makes cheap, and works on both engines with any number of replicas
//! (docs/adr/0016-live-pages-follow-the-trail.md). Rows of another process may be committed a little out of order, so the last seconds
//! are read again each time and what was told is remembered.

use crate::Gateway;
use mingfen_domain::Timestamp;
use mingfen_store::AuditFilter;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::broadcast;

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The trail's word: `payment.paid`.
    pub action: String,
    /// To which number.
    pub subject: String,
}

/// The feed of one process.
#[derive(Debug)]
pub(crate) struct Live {
    sender: broadcast::Sender<Change>,
    reading: AtomicBool,
}

const EVERY: Duration = Duration::from_secs(1);
/// Rows that were written up to so long ago are read again: clocks of replicas differ, and a commit takes time.
const OVERLAP_MS: i64 = 5_000;
/// More than this in a few seconds and pages are told of the newest only; they look at everything anyway.
const MOST: i64 = 500;

impl Live {
    pub(crate) fn new() -> Self {
        Self { sender: broadcast::channel(256).0, reading: AtomicBool::new(false) }
    }
}

/// Listens from now on.
pub(crate) fn listen(gateway: &Arc<Gateway>) -> broadcast::Receiver<Change> {
    let receiver = gateway.live.sender.subscribe();
    if !gateway.live.reading.swap(true, Ordering::SeqCst) {
        tokio::spawn(read(gateway.clone()));
    }
    receiver
}

async fn read(gateway: Arc<Gateway>) {
    let mut told = Told::since(gateway.now());
    loop {
        tokio::time::sleep(EVERY).await;
        if gateway.live.sender.receiver_count() == 0 {
            gateway.live.reading.store(false, Ordering::SeqCst);
            // Somebody may have come between the two lines above and found us still reading.
            if gateway.live.sender.receiver_count() == 0 || gateway.live.reading.swap(true, Ordering::SeqCst)
            {
                return;
            }
        }
        let filter = AuditFilter { from: Some(told.from), ..AuditFilter::default() };
        match gateway.store.search_audit(&filter, None, MOST).await {
            Ok(rows) => {
                for row in rows.into_iter().rev() {
                    if told.is_new(&row.event_id, row.event.at) {
                        // Nobody listening any more is no error.
                        let _ = gateway
                            .live
                            .sender
                            .send(Change { action: row.event.action, subject: row.event.subject });
                    }
                }
                told.forget();
            }
            Err(error) => tracing::warn!(error = %error, "open pages are not told of news right now"),
        }
    }
}

/// What was told of the last seconds.
struct Told {
    from: Timestamp,
    newest: Timestamp,
    seen: BTreeSet<(Timestamp, String)>,
}

impl Told {
    fn since(now: Timestamp) -> Self {
        Self { from: now, newest: now, seen: BTreeSet::new() }
    }

    fn is_new(&mut self, event_id: &str, at: Timestamp) -> bool {
        self.newest = self.newest.max(at);
        self.seen.insert((at, event_id.to_owned()))
    }

    /// What is too old to come again.
    fn forget(&mut self) {
        self.from = self.from.max(self.newest.plus_ms(-OVERLAP_MS));
        self.seen = self.seen.split_off(&(self.from, String::new()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_told_once_although_the_last_seconds_are_read_again() {
        let at = |ms: i64| Timestamp::from_ms(1_000_000 + ms);
        let mut told = Told::since(at(0));
        assert!(told.is_new("a", at(10)) && told.is_new("b", at(9_000)));
        told.forget();
        assert_eq!(told.from, at(4_000));
        assert!(!told.is_new("b", at(9_000)), "read again");
        assert!(told.is_new("late", at(8_000)), "committed after a newer one");
        assert_eq!(told.seen.len(), 2, "what cannot come again is forgotten");
    }
}
