//! How long, and with how much memory at most, as Linux accounts for it.

use std::fs;
use std::time::{Duration, Instant};

/// A table that grows by a line a step.
pub struct Table {
    most: u64,
}

impl Table {
    /// Prints the headings.
    pub fn begin() -> Self {
        println!("{:<42} {:>9} {:>11} {:>9} {:>9}", "step", "seconds", "rows/s", "MiB", "most so far");
        Self { most: 0 }
    }

    /// Does a step and prints its line.
    pub async fn step<T>(&mut self, name: &str, rows: u64, step: impl Future<Output = T>) -> T {
        forget_peak();
        let began = Instant::now();
        let done = step.await;
        let took = began.elapsed();
        let peak = peak_mib();
        self.most = self.most.max(peak);
        println!("{name:<42} {:>9} {:>11} {peak:>9} {:>9}", seconds(took), per_second(rows, took), self.most);
        done
    }
}

/// What the machine is and what else it does.
pub fn machine() -> String {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split(' ').take(3).collect();
    format!("{processors} processors, load of the last 1, 5 and 15 minutes: {}", load.join(" "))
}

/// From now on the peak is that of what follows. Where the kernel does not allow it, it stays that of everything so far.
fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib =
        peak.and_then(|rest| rest.trim().strip_suffix(" kB")).and_then(|number| number.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

fn seconds(time: Duration) -> String {
    format!("{}.{:03}", time.as_secs(), time.subsec_millis())
}

fn per_second(rows: u64, time: Duration) -> u128 {
    u128::from(rows) * 1_000_000 / time.as_micros().max(1)
}
