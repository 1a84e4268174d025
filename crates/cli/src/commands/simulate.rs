//! `mingfen simulate`: the simulator alone.

use super::serve::stop_signal;
use crate::arguments::Simulate;
use crate::exit::{Exit, Refusal};
use crate::screen::{Screen, Tone};
use crate::simulated::{self, GatewayPlace};
use anyhow::Context;
use mingfen_gateway::ambient::SystemRandom;
use mingfen_simulator::{Settings, Simulator};
use serde_json::json;
use std::net::SocketAddr;

/// Where the gateway of a written configuration listens: the defaults of `[server]`.
const PUBLIC: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);
const INTERNAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8081);

pub async fn run(options: Simulate, screen: &mut Screen) -> anyhow::Result<Exit> {
    if !options.bind.ip().is_loopback() {
        let refusal = format!(
            "--bind {}: a simulator listens at 127.0.0.1 or [::1] only; its keys are no secrets",
            options.bind
        );
        return Err(Refusal(refusal).into());
    }
    let settings = Settings { bind: options.bind, seed: options.seed, ..Settings::default() };
    let running = Simulator::start(settings).await.context("the simulator did not start")?;
    let mut config = None;
    if let Some(directory) = &options.write {
        let place = GatewayPlace { public: PUBLIC, internal: INTERNAL };
        let written = simulated::write(directory, &running, place, &SystemRandom)?;
        running.his().set_gateway(written.access);
        config = Some(written.config.display().to_string());
    }
    let base = running.base_url.clone();
    if options.json {
        screen.json(&json!({
            "simulator_url": base,
            "his_url": format!("{base}/his"),
            "sms_url": format!("{base}/sms"),
            "control_url": format!("{base}/"),
            "config": config,
        }));
    } else {
        let heading = screen.toned(Tone::Strong, &format!("Simulator at {base}, seed {}", options.seed));
        screen.line(heading);
        screen.line(format!("  HIS           {base}/his"));
        screen.line(format!("  text messages {base}/sms"));
        screen.line(format!("  controls      {base}/"));
        if let Some(config) = config {
            screen.line(format!("  gateway       mingfen serve --config {config}"));
        }
        screen.line("Stop with Ctrl-C.");
    }
    stop_signal().await?;
    running.stop().await;
    Ok(Exit::Done)
}
