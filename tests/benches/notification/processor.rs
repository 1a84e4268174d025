//! Processor time, as Linux accounts for it.

use crate::client::THREAD;
use std::fs;
use std::time::Duration;

/// Processor time of everything but the clients, since it was started. PostgreSQL works in processes of its own.
pub struct Gauge {
    then: Duration,
}

impl Gauge {
    pub fn start() -> Self {
        Self { then: busy() }
    }

    pub fn stop(self) -> Duration {
        busy().saturating_sub(self.then)
    }
}

/// Adds up `/proc/self/task/*/schedstat`, whose first number is nanoseconds on a processor. A client's thread is gone, with
/// its time, before the gauge is read.
fn busy() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux").flatten();
    let others = tasks.filter(|task| {
        fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.trim_end() != THREAD)
    });
    others
        .map(|task| {
            let spent = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            let nanos = spent.split_whitespace().next().and_then(|word| word.parse().ok());
            Duration::from_nanos(nanos.unwrap_or_default())
        })
        .sum()
}
