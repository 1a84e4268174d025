//! Which statements something makes, and how the engine would find their rows.

use mingfen_tests::Hospital;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Hears the statements of the whole program while it is asked to.
#[derive(Clone)]
pub struct Statements {
    listens: Arc<AtomicBool>,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Statements {
    /// Listens from now on when it is asked to; once in a program.
    pub fn install() -> Self {
        let heard = Self { listens: Arc::default(), heard: Arc::default() };
        let listens = heard.listens.clone();
        let asked = dynamic_filter_fn(move |metadata, _| {
            listens.load(Ordering::Relaxed) && metadata.target() == "sqlx::query"
        });
        let layer = tracing_subscriber::fmt::layer().json().with_writer(heard.clone()).with_filter(asked);
        tracing_subscriber::registry().with(layer).init();
        heard
    }

    /// The distinct questions (`SELECT`, `WITH`) that are asked meanwhile.
    pub async fn of(&self, something: impl Future<Output = ()>) -> BTreeSet<String> {
        self.listens.store(true, Ordering::Relaxed);
        something.await;
        self.listens.store(false, Ordering::Relaxed);
        let lines = std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        let lines = String::from_utf8(lines).expect("text");
        let statement = |line: &str| {
            let event: serde_json::Value = serde_json::from_str(line).expect("an event");
            let fields = &event["fields"];
            let whole = fields["db.statement"].as_str().unwrap_or_default().trim();
            let whole = if whole.is_empty() { fields["summary"].as_str().unwrap_or_default() } else { whole };
            whole.to_owned()
        };
        let asks = |sql: &String| sql.starts_with("SELECT") || sql.starts_with("WITH");
        lines.lines().map(statement).filter(asks).collect()
    }
}

impl Write for Statements {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Statements {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// How the engine would find the rows, whatever the values are: a line each.
pub async fn plan(hospital: &Hospital, sqlite: bool, sql: &str) -> Vec<String> {
    if sqlite {
        // The words are in the fourth column.
        return hospital.reads_column(&format!("EXPLAIN QUERY PLAN {sql}"), 3).await;
    }
    let values = (1..).take_while(|at| sql.contains(&format!("${at}"))).count();
    let nothing = if values == 0 { String::new() } else { format!("({})", vec!["NULL"; values].join(", ")) };
    // Only the last of these answers with rows.
    let asked = format!(
        "SET plan_cache_mode = force_generic_plan; PREPARE asked AS {sql}; EXPLAIN EXECUTE asked{nothing}"
    );
    hospital.reads(&asked).await
}
