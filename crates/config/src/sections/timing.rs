//! `[timing]`: how long things take and last.

use crate::reader::Reading;
use std::time::Duration;

/// How long things take and last.
#[derive(Clone, Debug)]
pub struct TimingSettings {
    /// A slip's code works this long.
    pub link_valid: Duration,
    /// A patient's session works this long after the last page.
    pub session_valid: Duration,
    /// A payer has this long.
    pub order_valid: Duration,
    /// An order that the provider does not know is asked after for this long after its deadline.
    pub missing_grace: Duration,
    /// A write-back is repeated this long by itself.
    pub max_unknown: Duration,
    /// A lease on a task.
    pub task_lease: Duration,
}

/// Providers refuse orders that end sooner.
const SHORTEST_ORDER: Duration = Duration::from_secs(60);

pub(crate) fn read(reading: &mut Reading<'_>) -> TimingSettings {
    let mut section = reading.section("timing");
    let settings = TimingSettings {
        link_valid: section.duration("link_valid"),
        session_valid: section.duration("session_valid"),
        order_valid: section.duration("order_valid"),
        missing_grace: section.duration("missing_grace"),
        max_unknown: section.duration("max_unknown"),
        task_lease: section.duration("task_lease"),
    };
    let order_seconds = settings.order_valid.as_secs();
    if (2..SHORTEST_ORDER.as_secs()).contains(&order_seconds) {
        section.wrong(
            "order_valid",
            format!("{order_seconds} s"),
            "at least 60s is wanted: providers refuse shorter orders",
        );
    }
    section.end();
    settings
}
