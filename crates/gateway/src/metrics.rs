//! Counters for `/metrics`, in the Prometheus text form. Numbers only: no name, no card, no order number becomes a label.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

/// Counters by name and label text.
#[derive(Default)]
pub struct Metrics {
    counters: Mutex<BTreeMap<(&'static str, String), u64>>,
}

/// Every counter: name and what it counts.
const COUNTERS: &[(&str, &str)] = &[
    ("mingfen_payments_opened_total", "Payment orders stored, by channel."),
    ("mingfen_payments_held_back_total", "Payments held back before an order, by rule or blocklist."),
    ("mingfen_sightings_total", "News of orders, by way and outcome."),
    ("mingfen_notifications_total", "Provider notifications, by channel and verdict."),
    ("mingfen_write_backs_total", "Write-backs to HIS, by outcome."),
    (
        "mingfen_his_calls_total",
        "Calls to HIS, by call and result; refused_us is a wrong key, secret or clock.",
    ),
    ("mingfen_refunds_total", "Refund steps, by state reached."),
    ("mingfen_notices_total", "Messages to patients, by outcome."),
    ("mingfen_reconciliation_runs_total", "Days compared, by their end."),
    ("mingfen_alerts_total", "Alerts to finance, by outcome."),
    ("mingfen_sign_ins_refused_total", "Wrong passwords and codes of staff."),
    ("mingfen_attention_total", "Matters put before a person, by kind."),
    ("mingfen_api_refused_total", "API requests that were not let in, by reason."),
    ("mingfen_http_requests_total", "Requests, by listener and status class."),
];

impl Metrics {
    /// Adds one. `labels` is the text between the braces, for example `channel="wechat-main"`.
    pub fn add(&self, name: &'static str, labels: String) {
        debug_assert!(COUNTERS.iter().any(|(known, _)| *known == name), "{name} has no description");
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        *counters.entry((name, labels)).or_default() += 1;
    }

    /// Prints all counters, then `gauges` (name, help, labels, value).
    pub fn render(&self, gauges: &[(&str, &str, String, i64)]) -> String {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for (name, help) in COUNTERS {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
            for ((_, labels), value) in counters.iter().filter(|((known, _), _)| known == name) {
                let _ = writeln!(text, "{name}{{{labels}}} {value}");
            }
        }
        let mut last = "";
        for (name, help, labels, value) in gauges {
            if *name != last {
                let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
                last = name;
            }
            let braces = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
            let _ = writeln!(text, "{name}{braces} {value}");
        }
        text
    }
}
