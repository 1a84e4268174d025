//! One order's trace id through everything that is done for it: a span in every log line, and a header to HIS.

use mingfen_domain::ids::TraceId;
use tracing::Instrument as _;

/// Does `work` for the order that `trace` follows. Within work for the same order it adds nothing.
pub(crate) async fn follow<F: Future>(trace: &TraceId, work: F) -> F::Output {
    if mingfen_his::trace::current().as_ref() == Some(trace) {
        return work.await;
    }
    let span = tracing::info_span!("order", trace = %trace);
    mingfen_his::trace::on_behalf_of(trace.clone(), work.instrument(span)).await
}
