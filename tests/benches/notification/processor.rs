//! Processor time by thread, as Linux accounts for it.

use crate::client::THREAD;
use std::fs;
use std::time::Duration;

/// How SQLite's threads are named (Linux keeps fifteen letters); PostgreSQL works in processes of its own.
const STORE_THREADS: &str = "sqlx-sqlite-wor";

/// Processor time since it was started.
pub struct Gauge {
    then: Busy,
}

/// Processor time.
#[derive(Clone, Copy, Default)]
pub struct Busy {
    /// Of everything but the clients and the store's own threads.
    pub gateway: Duration,
}

impl Gauge {
    pub fn start() -> Self {
        Self { then: Busy::now() }
    }

    pub fn stop(self) -> Busy {
        Busy { gateway: Busy::now().gateway.saturating_sub(self.then.gateway) }
    }
}

impl Busy {
    /// Adds up `/proc/self/task/*/schedstat`, whose first number is nanoseconds on a processor. A client's thread is gone, with
    /// its time, before the gauge is read.
    fn now() -> Self {
        let mut busy = Self::default();
        for task in fs::read_dir("/proc/self/task").expect("Linux").flatten() {
            let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            let name = name.trim_end();
            if name == THREAD || name == STORE_THREADS {
                continue;
            }
            let spent = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            let nanos =
                spent.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or_default();
            busy.gateway += Duration::from_nanos(nanos);
        }
        busy
    }
}
