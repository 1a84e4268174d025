//! Carries out a call under the faults that concern any HTTP answer, and keeps a record of calls.

use std::any::Any;
use std::future::Future;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{self, BodySize, BoxBody, MessageBody};
use actix_web::dev::Extensions;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::Shared;
use crate::faults::{Fault, Stage, When};

/// How long a call that never answers is held before its connection is closed, in real time.
const HANG: Duration = Duration::from_secs(90);

/// One call that reached the simulator.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    /// Virtual clock.
    pub at_ms: i64,
    /// Call name as in fault rules.
    pub call: String,
    /// The order that the caller says it is about (`X-Mingfen-Trace`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// The HTTP status that was sent, or was meant to be.
    pub status: u16,
    /// The fault that struck it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// The calls so far, oldest first.
#[derive(Debug, Default)]
pub struct Calls(Mutex<Vec<Call>>);

impl Calls {
    /// All calls so far.
    pub fn all(&self) -> Vec<Call> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many calls of this name came in.
    pub fn count(&self, call: &str) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().filter(|one| one.call == call).count()
    }

    fn push(&self, call: Call) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    }
}

/// Runs `effect` as the call of this name, with whatever the fault plan has for it.
///
/// `refusal` makes the party's own error answer for a status that a fault asks for.
pub async fn carry_out<Effect>(
    shared: &Shared,
    request: &HttpRequest,
    call: &str,
    refusal: impl Fn(u16) -> HttpResponse,
    effect: Effect,
) -> HttpResponse
where
    Effect: Future<Output = HttpResponse>,
{
    let now_ms = shared.clock.now_ms();
    let fault = if shared.faults.within_limit(call, now_ms.div_euclid(1_000)) {
        shared.faults.take(call, Stage::Wire)
    } else {
        Some(Fault::Status { status: 429, when: When::Before })
    };
    let answer = struck(request, fault.as_ref(), refusal, effect).await;
    let trace = request.headers().get("x-mingfen-trace").and_then(|value| value.to_str().ok());
    let trace = trace.map(str::to_owned);
    let status = answer.status().as_u16();
    shared.calls.push(Call { at_ms: now_ms, call: call.to_owned(), trace, status, fault });
    answer
}

async fn struck<Effect>(
    request: &HttpRequest,
    fault: Option<&Fault>,
    refusal: impl Fn(u16) -> HttpResponse,
    effect: Effect,
) -> HttpResponse
where
    Effect: Future<Output = HttpResponse>,
{
    match fault {
        Some(Fault::Status { status, when }) => {
            if *when == When::After {
                effect.await;
            }
            refusal(*status)
        }
        Some(Fault::Reset { when }) => {
            if *when == When::After {
                effect.await;
            }
            cut(request)
        }
        Some(Fault::Timeout { when }) => {
            if *when == When::After {
                effect.await;
            }
            tokio::time::sleep(HANG).await;
            cut(request)
        }
        Some(Fault::Slow { delay_ms }) => {
            tokio::time::sleep(Duration::from_millis(*delay_ms)).await;
            effect.await
        }
        Some(Fault::Truncated) => truncate(effect.await).await,
        _ => effect.await,
    }
}

/// A second handle on a connection's socket, by which a handler can close it under the server's feet.
#[derive(Clone)]
struct Socket(Arc<TcpStream>);

/// Keeps a handle on each connection's socket; for `HttpServer::on_connect`.
pub(crate) fn keep_socket(connection: &dyn Any, extensions: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<actix_web::rt::net::TcpStream>() else { return };
    if let Ok(descriptor) = stream.as_fd().try_clone_to_owned() {
        extensions.insert(Socket(Arc::new(TcpStream::from(descriptor))));
    }
}

/// Closes the connection; the answer returned never leaves the machine.
fn cut(request: &HttpRequest) -> HttpResponse {
    if let Some(Socket(stream)) = request.conn_data::<Socket>() {
        // An error means that the client was faster.
        let _ = stream.shutdown(Shutdown::Both);
    }
    HttpResponse::InternalServerError().force_close().finish()
}

async fn truncate(answer: HttpResponse) -> HttpResponse {
    let (head, body) = answer.into_parts();
    let whole = body::to_bytes(body).await.unwrap_or_default();
    let half = whole.slice(..whole.len() / 2);
    head.set_body(BoxBody::new(HalfBody { announced: whole.len() as u64, half: Some(half) }))
}

/// Announces more than it gives.
struct HalfBody {
    announced: u64,
    half: Option<Bytes>,
}

impl MessageBody for HalfBody {
    type Error = std::io::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.announced)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(Some(match self.half.take() {
            Some(half) if !half.is_empty() => Ok(half),
            _ => Err(std::io::Error::other("the body ends here on purpose")),
        }))
    }
}
