//! The settings: where they come from, what they must be, and how a mistake is explained.
//!
//! Embedded defaults, then a file, then the environment. Everything is checked at the start, and all that is wrong is told
//! at once. `config check` and `serve` run the same code.
//!
//! # What never enters
//! No socket, no database, no provider. A channel's table goes untouched to its adapter, which knows what must be in it.
//!
//! # Reading order
//! 1. `config/default.toml` in the root of the repository: every setting, its default and a sentence.
//! 2. [`Draft::load`] and [`Draft::finish`]; [`Settings`] is what comes out.
//! 3. [`sections`]: one file per section. `reader` is how a section asks for its values, `sources` where they came from.
//! 4. [`reference`] and [`shown`]: the settings as documentation, and as they are in force.
//!
//! # How to add a setting
//! A line with a comment in `config/default.toml` and a field read in its section. A test fails when only one of the two is
//! there, another until `docs/settings.md` is generated again (`mingfen config reference > docs/settings.md`).

mod duration;
mod problem;
mod reader;
pub mod reference;
mod secret;
pub mod sections;
pub mod shown;
mod sources;
mod suggest;
#[cfg(test)]
mod tests;

pub use problem::{Problem, Problems};
pub use secret::Secret;
pub use sections::{
    AccountSettings, ApiSettings, ChannelSettings, DatabaseSettings, FileLedgerSettings, HisSettings,
    HospitalSettings, KeySettings, LedgerSettings, LimitSettings, LogFormat, LogSettings,
    ReconciliationSettings, RedisSettings, RouteSettings, ServerSettings, SmsSettings, SqlLedgerSettings,
    StaffSettings, TimingSettings, TlsFiles,
};
pub use sources::Sources;
pub use suggest::nearest;

use reader::Reading;
use sources::Merged;
use std::path::PathBuf;

/// Every setting, read and checked.
#[derive(Debug)]
pub struct Settings {
    /// The two listeners.
    pub server: ServerSettings,
    /// Where the facts are kept.
    pub database: DatabaseSettings,
    /// What may be lost.
    pub redis: RedisSettings,
    /// Who is paid.
    pub hospital: HospitalSettings,
    /// What seals.
    pub keys: KeySettings,
    /// The hospital information system.
    pub his: HisSettings,
    /// Text messages.
    pub sms: SmsSettings,
    /// How long things take and last.
    pub timing: TimingSettings,
    /// Bounds.
    pub limits: LimitSettings,
    /// Callers of the signed API.
    pub api: ApiSettings,
    /// Which channel for which app.
    pub routes: RouteSettings,
    /// How days are compared.
    pub reconciliation: ReconciliationSettings,
    /// How people sign in.
    pub staff: StaffSettings,
    /// The merchant accounts.
    pub channels: Vec<ChannelSettings>,
    /// What the program says of itself.
    pub log: LogSettings,
    /// Where relative paths start.
    pub base_dir: PathBuf,
}

/// Settings that were read but not yet accepted: others may still add what they find wrong.
#[derive(Debug)]
pub struct Draft {
    settings: Settings,
    merged: Merged,
    problems: Problems,
    secrets: Vec<String>,
    #[cfg(test)]
    known: Vec<String>,
}

impl Draft {
    /// Reads all sources and checks every section. Problems are collected, not returned: [`Draft::finish`] tells them.
    ///
    /// # Errors
    /// [`Problems`] at once when the file cannot be read or is not TOML: nothing in it can be judged then.
    pub fn load(sources: &Sources) -> Result<Self, Problems> {
        Ok(Self::read(Merged::new(sources)?))
    }

    fn read(merged: Merged) -> Self {
        let mut reading = Reading::new(&merged);
        let channels = sections::channels::read(&mut reading);
        let settings = Settings {
            server: sections::server::read(&mut reading),
            database: sections::database::read(&mut reading),
            redis: sections::redis::read(&mut reading),
            hospital: sections::hospital::read(&mut reading),
            keys: sections::keys::read(&mut reading),
            his: sections::his::read(&mut reading),
            sms: sections::sms::read(&mut reading),
            timing: sections::timing::read(&mut reading),
            limits: sections::limits::read(&mut reading),
            api: sections::api::read(&mut reading),
            routes: sections::routes::read(&mut reading, &channels),
            reconciliation: sections::reconciliation::read(&mut reading, &channels),
            staff: sections::staff::read(&mut reading),
            channels,
            log: sections::log::read(&mut reading),
            base_dir: merged.base_dir().to_path_buf(),
        };
        reading.refuse_unknown_sections();
        let read = reading.done();
        Self {
            settings,
            problems: read.problems,
            secrets: read.secrets,
            #[cfg(test)]
            known: read.known,
            merged,
        }
    }

    /// The settings as far as they could be read, for checks that other crates know how to make. Whatever is wrong has a
    /// harmless stand-in here: judge with this, start nothing with it.
    pub const fn as_read(&self) -> &Settings {
        &self.settings
    }

    /// Adds something that is wrong with one setting, found by who knows more about it than this crate.
    pub fn add_problem(&mut self, setting: &str, problem: &str) {
        // Whoever gave a file is told of the file.
        let file = format!("{setting}_file");
        let (setting, problem) = match self.merged.text(&file) {
            Some(path) if !self.merged.is_set(setting) => (file, format!("{path:?}: {problem}")),
            _ => (setting.to_owned(), problem.to_owned()),
        };
        let origin = self.merged.origin(&setting);
        self.problems.push(Problem::said(&setting, &problem, origin));
    }

    /// The settings, when nothing is wrong.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the sections.
    pub fn finish(self) -> Result<Settings, Problems> {
        if self.problems.is_empty() { Ok(self.settings) } else { Err(self.problems) }
    }
}
