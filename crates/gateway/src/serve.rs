//! The two listeners and the worker, until told to stop.

use crate::http::limits::{self, Side};
use crate::jobs::work_until;
use crate::{Gateway, internal, public, service};
use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use rustls::ServerConfig;
use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A bound socket, with TLS when it is configured.
pub struct Listener {
    /// Bound and listening.
    pub socket: TcpListener,
    /// Certificate and key.
    pub tls: Option<Arc<ServerConfig>>,
}

/// What is being answered when we stop gets so many seconds.
const GRACE_SECONDS: u64 = 10;
/// A client that sends a request slower than this is not served.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);

/// Serves and works until `stop` becomes true; then new connections are refused and what is under way is finished.
///
/// # Errors
/// When a listener cannot be started, and when the worker ends before it is told to: a gateway that takes money and tells nobody
/// must not go on.
pub async fn serve(
    gateway: Arc<Gateway>,
    public_listener: Listener,
    internal_listener: Listener,
    stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let worker_stop = stop.clone();
    let worker_gateway = gateway.clone();
    let mut worker = tokio::spawn(async move { work_until(&worker_gateway, worker_stop).await });
    let told = stop.clone();
    let mut listening = pin!(listen(gateway, public_listener, internal_listener, stop));
    let ended = tokio::select! {
        ended = &mut listening => ended,
        end = &mut worker => {
            if *told.borrow() {
                return listening.await;
            }
            let how = end.err().map_or_else(String::new, |error| format!(": {error}"));
            return Err(std::io::Error::other(format!("the worker ended by itself{how}")));
        }
    };
    if ended.is_err() {
        worker.abort();
    }
    if let Err(error) = worker.await
        && error.is_panic()
    {
        tracing::error!("the worker ended badly");
    }
    ended
}

/// Serves without working: the jobs are run by another process, or by a test that moves the clock.
///
/// # Errors
/// When a listener cannot be started.
pub async fn listen(
    gateway: Arc<Gateway>,
    public_listener: Listener,
    internal_listener: Listener,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let body_bytes = gateway.settings.limits.max_body_bytes;
    let data = web::Data::from(gateway.clone());
    let for_public = data.clone();
    let public_server = HttpServer::new(move || {
        App::new()
            .app_data(for_public.clone())
            .app_data(Side::Public)
            .app_data(web::PayloadConfig::new(body_bytes))
            .wrap(from_fn(limits::in_words))
            .wrap(from_fn(limits::per_address))
            .wrap(from_fn(limits::headers))
            .configure(public::configure)
            .default_service(web::to(public::not_found))
    });
    let internal_server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .app_data(Side::Internal)
            .app_data(web::PayloadConfig::new(body_bytes))
            .wrap(from_fn(limits::in_words))
            .wrap(from_fn(limits::headers))
            .configure(internal::configure)
            .default_service(web::to(internal::not_found))
    });
    let public_server =
        public_server.client_request_timeout(HEAD_PATIENCE).shutdown_timeout(GRACE_SECONDS).disable_signals();
    let internal_server = internal_server
        .client_request_timeout(HEAD_PATIENCE)
        .shutdown_timeout(GRACE_SECONDS)
        .workers(2)
        .disable_signals();
    let public_server = match public_listener.tls {
        Some(tls) => public_server.listen_rustls_0_23(public_listener.socket, (*tls).clone())?.run(),
        None => public_server.listen(public_listener.socket)?.run(),
    };
    let internal_server = match internal_listener.tls {
        Some(tls) => internal_server.listen_rustls_0_23(internal_listener.socket, (*tls).clone())?.run(),
        None => internal_server.listen(internal_listener.socket)?.run(),
    };
    let (followed, told) = (gateway.clone(), stop.clone());
    let follower = tokio::spawn(async move { service::follow_hospital(&followed, told).await });
    let handles: [ServerHandle; 2] = [public_server.handle(), internal_server.handle()];
    let stopper = tokio::spawn(async move {
        while !*stop.borrow() {
            if stop.changed().await.is_err() {
                break;
            }
        }
        for handle in handles {
            handle.stop(true).await;
        }
    });
    let (public_end, internal_end) = tokio::join!(public_server, internal_server);
    stopper.abort();
    follower.abort();
    public_end.and(internal_end)
}
