//! The program's own demo as a process: the real gateway, the simulator beside it, and the days that both have lived.

use crate::process::{PATIENCE, program, until};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// A demo that is ready; it ends with this.
pub struct Rehearsal {
    /// What it printed.
    pub said: Value,
    directory: PathBuf,
    _child: Child,
}

impl Rehearsal {
    /// Starts one in a directory and waits until it is ready.
    pub async fn starts(directory: &TempDir, options: &[&str]) -> Self {
        let mut child = begin(directory.path(), options);
        let stdout = child.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(stdout).lines();
        let mut text = String::new();
        let said = timeout(PATIENCE, async {
            while let Some(line) = lines.next_line().await.expect("readable") {
                text.push_str(&line);
                text.push('\n');
                if let Ok(said) = serde_json::from_str(&text) {
                    return said;
                }
            }
            panic!("the demo ended before it was ready: {text}")
        });
        let said = said.await.expect("the demo is ready");
        Self { said, directory: directory.path().to_path_buf(), _child: child }
    }

    /// Starts one and cuts its power while it is still making its past.
    pub async fn is_interrupted(directory: &TempDir, options: &[&str]) {
        let mut child = begin(directory.path(), options);
        let (mark, database) =
            (directory.path().join("history.unfinished"), directory.path().join("mingfen.db"));
        until("it makes its past", async || mark.exists() && database.exists()).await;
        child.kill().await.expect("it was there to be killed");
        assert!(mark.exists(), "it was faster than the story");
    }

    /// Its database.
    pub fn database_url(&self) -> String {
        format!("sqlite://{}", self.directory.join("mingfen.db").display())
    }

    /// What the simulator says at this path.
    pub async fn simulator_says(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.said["simulator_url"].as_str().expect("an address"));
        let answer = reqwest::get(&url).await.expect("the simulator answers");
        serde_json::from_str(&answer.text().await.expect("a text")).expect("JSON")
    }

    /// The books, the records and the audit trail hold, says the program itself.
    pub async fn verifies(&self) {
        let mut command = Command::new(program());
        command.args(["verify", "--config"]).arg(self.directory.join("mingfen.toml"));
        let said = command.stdin(Stdio::null()).output().await.expect("the program runs");
        let (out, complained) =
            (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
        assert!(said.status.success(), "{out}{complained}");
    }
}

fn begin(directory: &Path, options: &[&str]) -> Child {
    let mut command = Command::new(program());
    command.args(["demo", "--json", "--data"]).arg(directory).args(options);
    command.env_remove("RUST_LOG").env_remove("MINGFEN_CRASH_AT").kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().expect("the program starts")
}
