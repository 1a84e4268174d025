//! Named points at which a test kills the process, to prove that dying there loses nothing.
//!
//! Debug builds only: with `MINGFEN_CRASH_AT=name` (or `name#3`, the third time it is passed) in the environment the process
//! aborts at that point, without unwinding, flushing or answering. A release build has no such code.

/// Every point, in the order of the path. A test walks this list.
pub const POINTS: &[&str] = &[
    "open_payment.stored",
    "open_payment.locked",
    "open_payment.ordered",
    "notification.kept",
    "record_sighting.before_commit",
    "record_sighting.committed",
    "write_back.marked",
    "write_back.told",
    "write_back.recorded",
    "request_refund.stored",
    "refund.marked",
    "refund.sent",
    "refund.recorded",
    "refund_write_back.marked",
    "refund_write_back.told",
    "notice.sent",
];

/// Passes a point.
#[cfg(debug_assertions)]
pub fn point(name: &'static str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    static WANTED: OnceLock<Option<(String, u32)>> = OnceLock::new();
    static PASSED: AtomicU32 = AtomicU32::new(0);
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("MINGFEN_CRASH_AT").ok()?;
        Some(match text.split_once('#') {
            Some((name, times)) => (name.to_owned(), times.parse().unwrap_or(1)),
            None => (text, 1),
        })
    });
    if let Some((wanted, times)) = wanted
        && wanted == name
        && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *times
    {
        std::process::abort();
    }
}

/// Passes a point.
#[cfg(not(debug_assertions))]
pub fn point(_name: &'static str) {}
