//! A file that a person brings for a day: the statement of a channel that gives none or a damaged one, or HIS's ledger. It is read whole
//! before anything of it is kept: one place that cannot be read, and none of it is taken.
//!
//! What if we die here? Until the last transaction there are pieces that no row names. What if it is brought twice? The later one
//! counts. What if the channel gives its own after all? Its own goes first, as long as it is in order.

use super::collect::{copy_plain, temporary};
use super::day::ReconcileRefused;
use super::keep::keep_file;
use super::request::ask_for_day;
use crate::Gateway;
use crate::service::Trouble;
use crate::service::attention::audit;
use mingfen_domain::BusinessDay;
use mingfen_domain::ids::ChannelId;
use mingfen_domain::sides::Side;
use mingfen_provider_api::Provider;
use mingfen_provider_api::statement::StatementError;
use mingfen_reconciliation::files::{self, FilesError, HIS_LEDGER, Input, Layout, Progress, Refusal};
use mingfen_reconciliation::matching::{HashKey, MatchingError, Rules};
use mingfen_store::{ALL_CHANNELS, BroughtFileRecord, InputKind, StoreError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How large a file may be.
pub const MOST_BROUGHT: u64 = 512 << 20;

/// What is brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Brought {
    /// A channel's statement.
    Statement(ChannelId),
    /// HIS's ledger.
    Ledger,
}

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum BringRefused {
    /// The day is not over.
    #[error("{0} is not over yet")]
    NotOver(BusinessDay),
    /// The day is signed.
    #[error("{0} is signed and frozen")]
    Signed(BusinessDay),
    /// No such account, or it has no statements.
    #[error("there is no account of that name that has statements")]
    NoAccount,
    /// Something in it cannot be read.
    #[error("{file}{}{}: {problem}", if *line == 0 { String::new() } else { format!(", line {line}") }, column.as_ref().map(|name| format!(", column {name}")).unwrap_or_default())]
    File {
        /// Its name.
        file: String,
        /// The line; 0: the file as a whole.
        line: u64,
        /// The column's heading.
        column: Option<String>,
        /// What is wrong with it, with the text that was read.
        problem: String,
    },
    /// Nothing was kept; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for BringRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<StatementError> for BringRefused {
    fn from(error: StatementError) -> Self {
        let StatementError { file, line, column, problem, .. } = error;
        Self::File { file, line, column, problem }
    }
}

impl From<Refusal> for BringRefused {
    fn from(refusal: Refusal) -> Self {
        let Refusal { file, line, column, problem, .. } = refusal;
        Self::File { file, line, column, problem }
    }
}

/// Takes a file for a day, and has the day compared with it. `path` is where it lies, under its own name.
///
/// # Errors
/// [`BringRefused`]: nothing was kept.
pub async fn bring_file(
    gateway: &Gateway,
    day: BusinessDay,
    what: &Brought,
    path: &Path,
    by: &str,
) -> Result<(), BringRefused> {
    if day.end() > gateway.now() {
        return Err(BringRefused::NotOver(day));
    }
    if gateway.store.sign_off(day, ALL_CHANNELS).await?.is_some() {
        return Err(BringRefused::Signed(day));
    }
    check(gateway, day, what, path).await?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let file_sha256 = keep_file(gateway, path, &name).await?;
    let now = gateway.now();
    let (kind, channel) = match what {
        Brought::Statement(channel) => (InputKind::Statement, Some(channel.clone())),
        Brought::Ledger => (InputKind::Ledger, None),
    };
    let subject = channel.as_ref().map_or_else(|| format!("{day}:his"), |channel| format!("{day}:{channel}"));
    let detail = format!("{} {name}, SHA-256 {file_sha256}", kind.as_str());
    let record = BroughtFileRecord {
        day,
        kind,
        channel,
        file_sha256,
        name,
        brought_by: by.to_owned(),
        brought_at: now,
    };
    let mut tx = gateway.store.begin().await?;
    tx.bring_file(&record).await?;
    audit(&mut tx, now, by, "file.brought", &subject, &detail).await?;
    tx.commit().await?;
    match ask_for_day(gateway, day, by).await {
        Ok(()) => Ok(()),
        Err(ReconcileRefused::Trouble(trouble)) => Err(trouble.into()),
        // It was signed at this very moment: the file is there, and does nothing.
        Err(_) => Err(BringRefused::Signed(day)),
    }
}

/// Reads it whole.
async fn check(gateway: &Gateway, day: BusinessDay, what: &Brought, path: &Path) -> Result<(), BringRefused> {
    let path = path.to_owned();
    let checked = match what {
        Brought::Statement(channel) => {
            let provider = gateway.channel(channel).cloned().ok_or(BringRefused::NoAccount)?;
            tokio::task::spawn_blocking(move || check_statement(&provider, &path)).await
        }
        Brought::Ledger => {
            let files = gateway.settings.reconciliation.ledger_files.as_ref();
            let text = files.and_then(|files| files.layout.clone()).unwrap_or_else(|| HIS_LEDGER.to_owned());
            tokio::task::spawn_blocking(move || check_ledger(&text, day, &path)).await
        }
    };
    checked.map_err(|_| {
        Trouble::Inconsistent("reading a file broke off, which is a fault of the program".to_owned())
    })?
}

pub(super) fn check_statement(provider: &Arc<dyn Provider>, path: &Path) -> Result<(), BringRefused> {
    let statements = provider.statements().ok_or(BringRefused::NoAccount)?;
    let directory = tempfile::tempdir().map_err(temporary)?;
    let table = statements.trade_table(path, directory.path())?;
    statements.parse_trades(path, &mut |_| {})?;
    let layout = Layout::parse(statements.trade_layout())
        .map_err(|problem| Trouble::Inconsistent(format!("the layout of a statement: {problem}")))?;
    // As the comparison will read it: what it would refuse tomorrow is refused today.
    let above = table.first_line.saturating_sub(1);
    read_whole(&table.path, &layout).map_err(|refused| match refused {
        BringRefused::File { line, column, problem, .. } => BringRefused::File {
            file: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            line: if line == 0 { 0 } else { line + above },
            column,
            problem,
        },
        other => other,
    })
}

fn check_ledger(layout: &str, day: BusinessDay, path: &Path) -> Result<(), BringRefused> {
    let layout = Layout::parse(layout)
        .map_err(|problem| Trouble::Inconsistent(format!("the layout of HIS's files: {problem}")))?;
    let directory = tempfile::tempdir().map_err(temporary)?;
    let plain: PathBuf = directory.path().join("plain");
    match copy_plain(path, &layout, Some(day), &plain) {
        Ok(()) => {}
        Err(ReconcileRefused::Input(refusal)) => return Err(refusal.into()),
        Err(ReconcileRefused::Trouble(trouble)) => return Err(trouble.into()),
        Err(other) => return Err(Trouble::Inconsistent(other.to_string()).into()),
    }
    read_whole(&plain, &layout).map_err(|refused| match refused {
        BringRefused::File { line, column, problem, .. } => BringRefused::File {
            file: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            line,
            column,
            problem,
        },
        other => other,
    })
}

/// Holds the file against itself: every row is read as in a comparison, and next to nothing is left to be kept in memory.
fn read_whole(path: &Path, layout: &Layout) -> Result<(), BringRefused> {
    let inputs = [Side::Channel, Side::His].map(|side| Input::new(side, path.to_owned(), layout));
    let rules = Rules { most_findings: Some(10_000), memory_bytes: Some(64 << 20), ..Rules::default() };
    match files::reconcile(&inputs, rules, HashKey::random(), 1, &Progress::default()) {
        // It has the same entries again and again, which the comparison will say.
        Ok(_) | Err(FilesError::Matching(MatchingError::TooManyFindings(_))) => Ok(()),
        Err(FilesError::Refused(refusal)) => Err(refusal.into()),
        Err(FilesError::Matching(error)) => Err(Trouble::from(error).into()),
        Err(FilesError::Again(file, error)) => Err(Trouble::TemporaryFile(format!("{file}: {error}")).into()),
    }
}
