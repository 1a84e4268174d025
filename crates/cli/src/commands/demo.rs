//! `mingfen demo`: the whole path on this machine, nothing to configure.
//!
//! The gateway here is the one that `serve` runs, built from a configuration file that is written first; only the other side
//! of every wire is simulated.

use super::serve::stop_signal;
use crate::arguments::Demo;
use crate::assemble::Checked;
use crate::exit::{Exit, Refusal};
use crate::history::{self, Made};
use crate::lan::{Lan, own_address};
use crate::logging;
use crate::screen::{Screen, Tone};
use crate::simulated::{self, GatewayPlace};
use anyhow::Context;
use mingfen_config::{LogFormat, LogSettings, Sources};
use mingfen_domain::access::Role;
use mingfen_domain::ambient::{READABLE, random_text};
use mingfen_domain::difference::Category;
use mingfen_gateway::Gateway;
use mingfen_gateway::ambient::SystemRandom;
use mingfen_gateway::serve::{Listener, serve};
use mingfen_gateway::service::staff::{NewAccount, add_rehearsal_staff};
use mingfen_pages::qr;
use mingfen_simulator::{Running, Settings, Simulator};
use mingfen_vault::totp;
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Public listener; the internal one and the simulator take the next two.
const FIRST_PORT: u16 = 7080;
/// Determines the simulated parties' keys. Any number would do; from this one the four RSA keys are found in a tenth of a second
/// instead of one, because their primes come early. They protect nothing.
const SEED: u64 = 149;
/// How long requests under way may take when the demo is stopped.
const PATIENCE: Duration = Duration::from_secs(2);

pub async fn run(options: Demo, screen: &mut Screen) -> anyhow::Result<Exit> {
    let started = Instant::now();
    let home = Home::new(options.data.as_deref())?;
    let sockets = Sockets::take(options.port)?;
    let days = options.history_days();
    // In the past nothing happens by itself.
    let settings =
        Settings { bind: sockets.simulator, seed: SEED, pumping: days == 0, ..Settings::default() };
    let mut simulator = Simulator::start(settings).await.context("the simulator did not start")?;
    let place =
        GatewayPlace { public: sockets.public.local_addr()?, internal: sockets.internal.local_addr()? };
    let made = match days {
        0 => None,
        days => {
            let hired = async |gateway: &Gateway| hire(gateway, &simulator).await;
            Some(history::make(home.path(), &simulator, days, hired).await?)
        }
    };
    let written = simulated::write(home.path(), &simulator, place, &SystemRandom)?;
    simulator.his().set_gateway(written.access);
    let sources = Sources { file: Some(written.config.clone()), environment: Vec::new() };
    simulator.keep_pumping();
    // What went wrong in the past was meant to.
    logging::start(&LogSettings { format: LogFormat::Text, filter: "warn".into() })?;
    let gateway = Checked::from_sources(&sources)?.gateway().await?;
    let (stop, stopped) = watch::channel(false);
    let public = Listener { socket: sockets.public, tls: None };
    let internal = Listener { socket: sockets.internal, tls: None };
    let mut serving = tokio::spawn(serve(gateway.clone(), public, internal, stopped));

    let pushed = simulator.his().push(&options.card, &[]).await;
    let pushed = pushed.with_context(|| format!("no code could be made for card {}", options.card))?;
    let lan = match (options.listen, options.lan) {
        (Some(address), _) => Some(open_lan(address, place, &simulator).await?),
        (None, true) => Some(open_lan(own_address()?, place, &simulator).await?),
        (None, false) => None,
    };
    let (staff, categories) = match made {
        Some(Made { begun, categories }) => (begun, categories),
        None => (hire(&gateway, &simulator).await?, Vec::new()),
    };
    let ready = Ready {
        staff,
        link: pushed.link,
        place,
        simulator: &simulator,
        config: written.config,
        card: options.card,
        lan,
        days,
        categories,
    };
    if options.json {
        ready.print_json(started, screen);
    } else {
        ready.print(started, screen);
    }

    tokio::select! {
        stopped = stop_signal() => stopped?,
        ended = &mut serving => ended.context("the gateway ended by itself")?.context("a listener failed")?,
    }
    stop.send_replace(true);
    // What is cut off here is forgotten with the demo, or goes on at the next start.
    let _ = tokio::time::timeout(PATIENCE, serving).await;
    gateway.store().close().await;
    simulator.stop().await;
    Ok(Exit::Done)
}

/// The people of the demo, each of whom can sign in.
struct Staff {
    /// Made up at each start: it is nobody else's.
    password: String,
    people: Vec<(&'static str, &'static str, Role)>,
}

const PEOPLE: [(&str, &str, Role); 8] = [
    ("0201", "陈敏", Role::Cashier),
    ("0202", "郭芳", Role::Cashier),
    ("0203", "周慧", Role::Cashier),
    ("0101", "林国栋", Role::CashierLead),
    ("0301", "王静怡", Role::Finance),
    ("0501", "赵启明", Role::FinanceLead),
    ("0601", "孙若兰", Role::Auditor),
    ("0901", "何志远", Role::Administrator),
];

async fn hire(gateway: &Gateway, simulator: &Running) -> anyhow::Result<Staff> {
    let random = SystemRandom;
    let password = format!("demo-{}", random_text(&random, READABLE, 8).to_lowercase());
    for (staff_no, name, role) in PEOPLE {
        let window = history::WINDOWS.iter().find(|window| window.cashier.staff_no() == staff_no);
        let place = window.map_or("", |window| window.name);
        let account = NewAccount {
            staff_no: staff_no.into(),
            name: name.into(),
            roles: vec![role],
            place: place.into(),
        };
        let secret = role.needs_second_factor().then(|| totp::fresh_secret(&random));
        if let Some(secret) = &secret {
            simulator.authenticator().add(&format!("{staff_no} {name}"), secret);
        }
        let secret = secret.as_ref().map(<[u8; totp::SECRET_BYTES]>::as_slice);
        add_rehearsal_staff(gateway, &account, &password, secret, "demo")
            .await
            .with_context(|| format!("no account could be made for {staff_no}"))?;
    }
    Ok(Staff { password, people: PEOPLE.to_vec() })
}

/// What a phone needs: the patient pages and the simulator, which stands for its apps.
async fn open_lan(address: Ipv4Addr, place: GatewayPlace, simulator: &Running) -> anyhow::Result<Lan> {
    if address.is_loopback() || address.is_unspecified() {
        let refusal = format!("--listen {address}: name the address by which a phone reaches this machine");
        return Err(Refusal(refusal).into());
    }
    let simulator = simulator.base_url.rsplit(':').next().and_then(|port| port.parse().ok());
    let simulator = simulator.context("the simulator's address has no port")?;
    Lan::open(address, &[place.public.port(), simulator]).await
}

/// Where database, keys and configuration are.
enum Home {
    Forgotten(tempfile::TempDir),
    Kept(PathBuf),
}

impl Home {
    fn new(kept: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = kept else {
            let directory = tempfile::Builder::new().prefix("mingfen-demo-").tempdir();
            return directory.map(Self::Forgotten).context("no temporary directory can be made");
        };
        history::forget_unfinished(path)?;
        if path.join("mingfen.db").exists() {
            let refusal = format!(
                "{shown} holds an earlier demo, and the simulated hospital remembers nothing of it. Take another directory; to \
                 look at the earlier one: mingfen verify --config {shown}/mingfen.toml",
                shown = path.display()
            );
            return Err(Refusal(refusal).into());
        }
        Ok(Self::Kept(path.to_path_buf()))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Forgotten(directory) => directory.path(),
            Self::Kept(path) => path,
        }
    }
}

/// The ports of this demo.
struct Sockets {
    public: TcpListener,
    internal: TcpListener,
    simulator: SocketAddr,
}

impl Sockets {
    fn take(port: Option<u16>) -> anyhow::Result<Self> {
        match port {
            Some(first) => {
                Self::at(first).with_context(|| format!("ports {first} and the next two cannot be used"))
            }
            // The usual ports when they are free, any others when not.
            None => Self::at(FIRST_PORT).or_else(|_| Self::anywhere()).context("no ports can be listened at"),
        }
    }

    fn at(first: u16) -> std::io::Result<Self> {
        let too_high =
            || std::io::Error::new(std::io::ErrorKind::InvalidInput, "the last port would be above 65535");
        let third = first.checked_add(2).ok_or_else(too_high)?;
        let simulator = loopback(third);
        // Held for a moment, to know that it is free; the simulator takes it again.
        drop(TcpListener::bind(simulator)?);
        Ok(Self {
            public: TcpListener::bind(loopback(first))?,
            internal: TcpListener::bind(loopback(first + 1))?,
            simulator,
        })
    }

    fn anywhere() -> std::io::Result<Self> {
        Ok(Self {
            public: TcpListener::bind(loopback(0))?,
            internal: TcpListener::bind(loopback(0))?,
            simulator: loopback(0),
        })
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Everything that a person or a script wants to know once it runs.
struct Ready<'a> {
    staff: Staff,
    link: String,
    place: GatewayPlace,
    simulator: &'a Running,
    config: PathBuf,
    card: String,
    lan: Option<Lan>,
    /// Days of history.
    days: usize,
    /// What their comparisons have found between them.
    categories: Vec<Category>,
}

impl Ready<'_> {
    fn print_json(&self, started: Instant, screen: &mut Screen) {
        let simulator = &self.simulator.base_url;
        screen.json(&json!({
            "link": self.link,
            "lan_link": self.lan.as_ref().map(|lan| lan.outward(&self.link)),
            "card_no": self.card,
            "public_url": format!("http://{}", self.place.public),
            "internal_url": format!("http://{}", self.place.internal),
            "simulator_url": simulator,
            "his_url": format!("{simulator}/his"),
            "sms_url": format!("{simulator}/sms"),
            "control_url": format!("{simulator}/"),
            "staff_url": format!("http://{}/", self.place.internal),
            "staff_password": self.staff.password,
            "staff": self.staff.people.iter().map(|(staff_no, name, role)| json!({
                "staff_no": staff_no,
                "name": name,
                "role": role.as_str(),
                "second_factor": role.needs_second_factor(),
            })).collect::<Vec<_>>(),
            "authenticator_url": format!("{simulator}/authenticator"),
            "config": self.config.display().to_string(),
            "history": {
                "days": self.days,
                "categories": self.categories.iter().map(|category| category.as_str()).collect::<Vec<_>>(),
            },
            "ready_ms": u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        }));
    }

    fn print(&self, started: Instant, screen: &mut Screen) {
        let simulator = &self.simulator.base_url;
        // Into a file or a pipe goes text alone.
        let scanned = self.lan.as_ref().map_or_else(|| self.link.clone(), |lan| lan.outward(&self.link));
        if let Ok(code) = qr::terminal(&scanned)
            && screen.is_terminal()
        {
            screen.line(code);
        }
        let ready = started.elapsed();
        let heading =
            format!("Mingfen demo, ready after {}.{:01} s", ready.as_secs(), ready.subsec_millis() / 100);
        let heading = screen.toned(Tone::Strong, &heading);
        screen.line(heading);
        if self.days > 0 {
            screen.line(format!(
                "\n  {} days are behind it  compared and signed, but for the last ones: their differences are yours",
                self.days
            ));
        }
        screen.line(format!("\n  the slip's link   {}", self.link));
        if self.lan.is_some() {
            screen.line(format!("  for a phone       {scanned}"));
            let risk = "everybody in this network can use this demo, its HIS and its controls";
            let risk = screen.toned(Tone::Bad, risk);
            screen.line(format!("                    {risk}"));
        }
        screen.line(format!("\n  demo HIS          {simulator}/his         slips, ledger, refunds"));
        screen.line(format!("  text messages     {simulator}/sms         what patients were sent"));
        screen.line(format!("  controls          {simulator}/            lose, delay, double, forge"));
        screen.line(format!(
            "  internal listener http://{}        HIS API, health, metrics",
            self.place.internal
        ));
        screen.line(format!("\n  staff             http://{}/        sign in as", self.place.internal));
        for (staff_no, name, role) in &self.staff.people {
            let code = if role.needs_second_factor() { "  and a code" } else { "" };
            screen.line(format!("                    {staff_no} {name}  {}{code}", role.english()));
        }
        screen.line(format!("    password        {}        made up for this demo", self.staff.password));
        screen.line(format!("    codes           {simulator}/authenticator"));
        screen.line(format!("\n  look at it        mingfen order NUMBER --config {}", self.config.display()));
        screen.line("  pay               open the link in a browser; any six digits are the password");
        screen.line("  stop              Ctrl-C");
    }
}
