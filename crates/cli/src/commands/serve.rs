//! `mingfen serve`: runs the gateway until it is told to stop.

use crate::assemble::Checked;
use crate::exit::Exit;
use crate::logging;
use anyhow::Context;
use mingfen_config::Sources;
use mingfen_gateway::serve::{Listener, serve};
use std::net::{SocketAddr, TcpListener};
use tokio::sync::watch;

pub async fn run(sources: &Sources) -> anyhow::Result<Exit> {
    let checked = Checked::from_sources(sources)?;
    logging::start(&checked.settings.log)?;
    let server = checked.settings.server.clone();
    let (public_tls, internal_tls) = (checked.public_tls.clone(), checked.internal_tls.clone());
    let gateway = checked.gateway().await?;
    let public = Listener { socket: listen(server.public_bind, "server.public_bind")?, tls: public_tls };
    let internal =
        Listener { socket: listen(server.internal_bind, "server.internal_bind")?, tls: internal_tls };
    tracing::info!(
        public = %server.public_bind,
        internal = %server.internal_bind,
        public_url = %server.public_url,
        version = env!("CARGO_PKG_VERSION"),
        "the gateway is ready"
    );
    let (stop, stopped) = watch::channel(false);
    let mut running = tokio::spawn(serve(gateway.clone(), public, internal, stopped));
    tokio::select! {
        told = stop_signal() => told?,
        // Whoever supervises the process starts it again; half a gateway would go unnoticed.
        ended = &mut running => {
            ended.context("the gateway ended by itself")?.context("the gateway cannot go on")?;
            anyhow::bail!("the gateway ended by itself");
        }
    }
    tracing::info!(grace_s = server.shutdown_grace.as_secs(), "stopping: no new request is taken");
    stop.send_replace(true);
    match tokio::time::timeout(server.shutdown_grace, running).await {
        Ok(ended) => ended.context("the gateway ended by itself")?.context("a listener failed")?,
        // Whatever was cut off is in the store and goes on at the next start.
        Err(_) => {
            tracing::warn!("requests under way took longer than server.shutdown_grace and were cut off")
        }
    }
    gateway.store().close().await;
    tracing::info!("stopped");
    Ok(Exit::Done)
}

/// Takes an address, or says which setting to change.
pub fn listen(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).with_context(|| format!("{address} ({setting}) cannot be listened at"))
}

/// Waits for SIGTERM (a service manager) or Ctrl-C (a person).
pub async fn stop_signal() -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => {}
            pressed = tokio::signal::ctrl_c() => pressed?,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await?;
    Ok(())
}
