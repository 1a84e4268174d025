//! Named points at which a test kills the process, to prove that dying there loses nothing.
//!
//! Debug builds only: with `MINGFEN_CRASH_AT=name` in the environment the process sends itself a SIGKILL when it first passes
//! that point: nothing unwinds, flushes or answers. A release build has no such code.
//!
//! A point in a path that several things take is named by what is recorded there, so that a test that means the money does not
//! die at the order's answer.

/// Every point that a story dies at, in the order of the path. More are passed; these are where something is at stake.
pub const POINTS: &[&str] = &[
    "open_payment.stored",
    "open_payment.locked",
    "open_payment.ordered",
    "sighting.waiting.before_commit",
    "sighting.waiting.recorded",
    "close_answer.waiting.heard",
    "sighting.closed.before_commit",
    "sighting.closed.recorded",
    "notification.kept",
    "sighting.paid.before_commit",
    "sighting.paid.recorded",
    "sighting.suspense.before_commit",
    "sighting.suspense.recorded",
    "write_back.marked",
    "write_back.told",
    "write_back.posted.before_commit",
    "write_back.posted.recorded",
    "write_back.refusal_to_confirm.recorded",
    "write_back.refused.before_commit",
    "write_back.refused.recorded",
    "auto_refund.before_commit",
    "api.refunds.begun",
    "request_refund.before_commit",
    "request_refund.stored",
    "api.refunds.worked",
    "refund.marked",
    "refund.sent",
    "refund.succeeded.before_commit",
    "refund.succeeded.recorded",
    "refund_write_back.marked",
    "refund_write_back.told",
    "refund_write_back.posted.before_commit",
    "refund_write_back.posted.recorded",
    "notice.sent",
    "notice.recorded",
    "window.noted",
    "refund_request.approved",
    "window_refund.noted",
    "shift.before_commit",
    "run.before_publish",
    "run.published",
];

/// Passes a point.
#[cfg(debug_assertions)]
pub fn point(name: &str) {
    if wanted() == Some(name) {
        die();
    }
}

/// Passes the point `what.state.moment`: before or after something was recorded as being in that state.
#[cfg(debug_assertions)]
pub fn point_of(what: &str, state: &str, moment: &str) {
    if wanted().is_some_and(|wanted| wanted.split('.').eq([what, state, moment])) {
        die();
    }
}

#[cfg(debug_assertions)]
fn wanted() -> Option<&'static str> {
    use std::sync::OnceLock;
    static WANTED: OnceLock<Option<String>> = OnceLock::new();
    WANTED.get_or_init(|| std::env::var("MINGFEN_CRASH_AT").ok()).as_deref()
}

/// A SIGKILL, as from outside. Nobody may send one without `unsafe` but another process, so a shell is asked to.
#[cfg(debug_assertions)]
fn die() -> ! {
    let _ = std::process::Command::new("/bin/sh").args(["-c", "kill -KILL $PPID"]).status();
    // Whoever waits for the SIGKILL sees that it was another end.
    std::process::abort();
}

/// Passes a point.
#[cfg(not(debug_assertions))]
pub fn point(_name: &str) {}

/// Passes a point.
#[cfg(not(debug_assertions))]
pub fn point_of(_what: &str, _state: &str, _moment: &str) {}
