//! Which order a call to HIS is about, so that the logs of both sides can be laid beside each other. It travels beside the
//! call and not in it: no answer depends on it.

use mingfen_domain::ids::TraceId;

tokio::task_local! {
    static TRACE: TraceId;
}

/// Does `work` on behalf of the order that `trace` follows.
pub async fn on_behalf_of<F: Future>(trace: TraceId, work: F) -> F::Output {
    TRACE.scope(trace, work).await
}

/// The order that the present work is about.
pub fn current() -> Option<TraceId> {
    TRACE.try_with(Clone::clone).ok()
}
