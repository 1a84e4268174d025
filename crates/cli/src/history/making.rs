//! Makes the history in a fresh database, and leaves the simulator at the present moment.
//!
//! What if we die here? A mark beside the database says that the history is not whole; the next start finds it and begins anew.

use super::{Life, Plan, Progress, SEED, SimulatedTime};
use crate::assemble::{Checked, open_to_fill};
use crate::simulated::{self, GatewayPlace};
use anyhow::Context;
use mingfen_config::Sources;
use mingfen_domain::difference::Category;
use mingfen_domain::{BusinessDay, Clock};
use mingfen_gateway::Gateway;
use mingfen_gateway::ambient::{SystemClock, SystemRandom};
use mingfen_gateway::serve::{Listener, listen};
use mingfen_simulator::Running;
use std::fs::{self, File};
use std::io::{ErrorKind, IsTerminal, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Stands in the directory while the history is being made.
const MARK: &str = "history.unfinished";
/// What a demo writes into its directory, the database's companions among it.
const FILES: [&str; 10] = [
    "mingfen.db",
    "mingfen.db-wal",
    "mingfen.db-shm",
    "mingfen.toml",
    "keyring",
    "api_secret",
    "wechat_merchant_key.pem",
    "wechat_public_key.pem",
    "alipay_app_key.pem",
    "alipay_public_key.pem",
];
/// The progress is told again after so long.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Throws away what an interrupted start has left, if there is any.
///
/// # Errors
/// When a file cannot be removed.
pub fn forget_unfinished(directory: &Path) -> anyhow::Result<()> {
    let mark = directory.join(MARK);
    if !mark.exists() {
        return Ok(());
    }
    // The mark goes last: whoever dies here is found again.
    for path in FILES.iter().map(|name| directory.join(name)).chain([mark]) {
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("{} cannot be removed", path.display())),
        }
    }
    Ok(())
}

/// A history that was lived through.
pub struct Made<T> {
    /// What was begun on its first morning.
    pub begun: T,
    /// What the comparisons of its days have to find between them.
    pub categories: Vec<Category>,
}

/// Lives through so many days until now, in a directory that holds no demo. The simulator is not pumping meanwhile, and finds itself at
/// the present afterwards. `begin` is called with the gateway on the first morning.
///
/// The gateway of the past listens at ports of its own: who opens the demo's waits until it is there, and no connection leads back.
///
/// # Errors
/// Whatever broke off; then nothing of it counts.
pub async fn make<T>(
    directory: &Path,
    simulator: &Running,
    days: usize,
    begin: impl AsyncFnOnce(&Gateway) -> anyhow::Result<T>,
) -> anyhow::Result<Made<T>> {
    fs::create_dir_all(directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    let mark = directory.join(MARK);
    File::create(&mark)
        .and_then(|file| file.sync_all())
        .with_context(|| format!("{} cannot be written", mark.display()))?;
    let sockets = [anywhere()?, anywhere()?];
    let place = GatewayPlace { public: sockets[0].local_addr()?, internal: sockets[1].local_addr()? };
    let written = simulated::write(directory, simulator, place, &SystemRandom)?;
    simulator.his().set_gateway(written.access);
    let sources = Sources { file: Some(written.config), environment: Vec::new() };

    let until = SystemClock.now();
    let plan = Plan::new(SEED, BusinessDay::of(until), days);
    let clock = Arc::clone(simulator.clock());
    let morning = plan.days.first().context("a history of no days")?.day.start().plus_seconds(6 * 3600);
    clock.stop();
    clock.set_ms(morning.ms());

    let checked = Checked::at(&sources, Arc::new(SimulatedTime(Arc::clone(&clock))))?;
    let store = open_to_fill(&checked.settings).await?;
    let his = checked.his();
    let gateway = checked.gateway_on(store).await?;
    let (stop, stopped) = watch::channel(false);
    let [public, internal] = sockets.map(|socket| Listener { socket, tls: None });
    tokio::spawn(listen(Arc::clone(&gateway), public, internal, stopped));

    let begun = begin(&gateway).await?;
    let progress = Arc::new(Progress::default());
    let mut life = Life::new(Arc::clone(&gateway), simulator, his, Arc::new(SystemRandom))?;
    let teller = Teller::start(Arc::clone(&progress));
    let lived = life.live(&plan, until, &progress).await;
    drop(teller);
    lived?;

    stop.send_replace(true);
    gateway.store().close().await;
    File::open(directory.join("mingfen.db"))
        .and_then(|file| file.sync_all())
        .context("the history cannot be brought onto the disk")?;
    clock.follow_machine();
    fs::remove_file(&mark).with_context(|| format!("{} cannot be removed", mark.display()))?;
    Ok(Made { begun, categories: plan.categories(until).into_iter().collect() })
}

fn anywhere() -> anyhow::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port can be listened at")
}

/// Tells a person at a terminal how far it is, until dropped.
struct Teller {
    done: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Teller {
    fn start(progress: Arc<Progress>) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let thread = std::io::stderr().is_terminal().then(|| {
            let done = Arc::clone(&done);
            std::thread::spawn(move || {
                let start = Instant::now();
                while !done.load(Ordering::Relaxed) {
                    std::thread::park_timeout(TELL_EVERY);
                    // Nobody is left to be told when standard error is closed.
                    let _ =
                        write!(std::io::stderr().lock(), "\r\u{1b}[2K{}", line(&progress, start.elapsed()));
                }
                let _ = write!(std::io::stderr().lock(), "\r\u{1b}[2K");
            })
        });
        Self { done, thread }
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn line(progress: &Progress, elapsed: Duration) -> String {
    const WIDTH: u64 = 30;
    let done = progress.done.load(Ordering::Relaxed);
    let total = progress.total.load(Ordering::Relaxed).max(1);
    let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let filled = usize::try_from(done.min(total) * WIDTH / total).unwrap_or_default();
    let rest = usize::try_from(WIDTH).unwrap_or_default().saturating_sub(filled);
    let left_ms = total.saturating_sub(done).saturating_mul(elapsed_ms) / done.max(1);
    format!(
        "{}{} {:>3} %  the hospital's last weeks, once  {} s left",
        "█".repeat(filled),
        "░".repeat(rest),
        done.min(total) * 100 / total,
        left_ms.div_ceil(1000)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_it_is() {
        let progress = Progress::default();
        progress.total.store(10, Ordering::Relaxed);
        progress.done.store(5, Ordering::Relaxed);
        let line = line(&progress, Duration::from_secs(4));
        assert!(line.contains(" 50 %") && line.contains("4 s left"), "{line}");
        assert!(line.starts_with(&"█".repeat(15)), "{line}");
    }

    #[test]
    fn what_an_interrupted_start_left_is_forgotten_and_nothing_else() {
        let directory = tempfile::tempdir().expect("a directory");
        let write = |name: &str| fs::write(directory.path().join(name), b"x").expect("written");
        ["mingfen.db", "mingfen.db-wal", "keyring", "notes.txt"].into_iter().for_each(write);
        forget_unfinished(directory.path()).expect("nothing to do");
        assert!(directory.path().join("mingfen.db").exists(), "a whole demo is left alone");
        write(MARK);
        forget_unfinished(directory.path()).expect("forgotten");
        let left: Vec<_> = fs::read_dir(directory.path())
            .expect("readable")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
            .collect();
        assert_eq!(left, ["notes.txt"]);
    }
}
