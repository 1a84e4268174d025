//! `[his.ledger]`: where a day of HIS's ledger comes from.

use crate::reader::{Reading, Section};
use crate::secret::Secret;
use std::path::PathBuf;
use std::time::Duration;

/// The source that was chosen, with its settings. What is set for another source is kept to its form and not used.
#[derive(Clone, Debug)]
pub enum LedgerSettings {
    /// HIS itself, page by page.
    Port,
    /// A query.
    Sql(SqlLedgerSettings),
    /// Files that HIS writes.
    File(FileLedgerSettings),
}

/// A query that reads the ledger from a database.
#[derive(Clone, Debug)]
pub struct SqlLedgerSettings {
    /// `postgres://…`, `mysql://…` or `sqlite:…`; it has a password in it.
    pub url: Secret,
    /// The SELECT; the HIS adapter judges it.
    pub query: String,
    /// What the column `kind` says of payments.
    pub payment_words: Vec<String>,
    /// What it says of refunds.
    pub refund_words: Vec<String>,
    /// For a whole day.
    pub timeout: Duration,
    /// For connecting.
    pub connect_timeout: Duration,
}

/// A directory in which each day has its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLedgerSettings {
    /// Where the files are.
    pub directory: PathBuf,
    /// A file's name with `{day}` or `{yyyymmdd}` in it.
    pub name: String,
    /// Which column is which; `None`: the program's own layout of HIS exports.
    pub layout_file: Option<PathBuf>,
}

/// Whether a file's name has a place for the day.
pub(super) fn names_a_day(name: &str) -> bool {
    name.contains("{day}") || name.contains("{yyyymmdd}")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Port,
    Sql,
    File,
}

pub(crate) fn read(reading: &mut Reading<'_>) -> LedgerSettings {
    let mut section = reading.inner("his", "ledger");
    let choices = [("port", Source::Port), ("sql", Source::Sql), ("file", Source::File)];
    // A wrong word is told; the others are still looked at.
    let source = section.choice("source", &choices).unwrap_or(Source::Port);
    let sql = sql(&mut section, source == Source::Sql);
    let file = file(&mut section, source == Source::File);
    section.end();
    match source {
        Source::Port => LedgerSettings::Port,
        Source::Sql => LedgerSettings::Sql(sql),
        Source::File => LedgerSettings::File(file),
    }
}

fn sql(section: &mut Section<'_, '_>, chosen: bool) -> SqlLedgerSettings {
    let (url, query) = if chosen {
        let url = section.secret("url", "url_file", "the address of the database with the ledger");
        let known = ["postgres://", "postgresql://", "mysql://", "mariadb://", "sqlite:"];
        if !url.is_empty() && !known.iter().any(|scheme| url.reveal().starts_with(scheme)) {
            let wanted = "postgres://, mysql:// or sqlite: is wanted, as in mysql://user:password@host/name";
            section.wrong("url", "another kind of address (hidden)", wanted);
        }
        (url, section.text("query", "the SELECT that gives a day's rows"))
    } else {
        // Read all the same: settings that wait for their source are no unknown settings.
        let url = section.optional_secret("url", "url_file").unwrap_or_default();
        (url, section.optional_text("query").unwrap_or_default())
    };
    SqlLedgerSettings {
        url,
        query,
        payment_words: section.words("payment_words", "what the column kind says of payments"),
        refund_words: section.words("refund_words", "what the column kind says of refunds"),
        timeout: section.duration("timeout"),
        connect_timeout: section.duration("connect_timeout"),
    }
}

fn file(section: &mut Section<'_, '_>, chosen: bool) -> FileLedgerSettings {
    let directory = section.optional_path("directory");
    if chosen && directory.is_none() {
        section.wrong("directory", "not set", "the directory with the ledger's files is wanted");
    }
    let name = if chosen {
        section.text("name", "a file's name with {day} in it")
    } else {
        section.optional_text("name").unwrap_or_default()
    };
    if !name.is_empty() && (name.contains(['/', '\\']) || !names_a_day(&name)) {
        let wanted = "a file's name is wanted, without a directory, in which {day} stands for 2026-01-01, \
                      or {yyyymmdd} for 20260101";
        section.wrong("name", format!("{name:?}"), wanted);
    }
    FileLedgerSettings {
        directory: directory.unwrap_or_default(),
        name,
        layout_file: section.optional_path("layout_file"),
    }
}
