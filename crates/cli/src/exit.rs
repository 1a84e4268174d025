//! What the program's exit codes mean, and how an error is told.

use crate::screen::Screen;
use mingfen_config::Problems;
use std::process::ExitCode;

/// How a command ended. The numbers are part of the interface: scripts and cron read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what was asked.
    Done,
    /// Something went wrong on the way; the message says what.
    Failed,
    /// The configuration is not in order; every setting that needs attention was listed.
    Configuration,
    /// A check found something: unsound books, pending migrations, parked tasks.
    Found,
    /// The request was understood and refused, or what it names does not exist; nothing was changed.
    Refused,
    /// `reconcile`: there are differences. Its codes are those of `diff`, which it is like.
    Differences,
    /// `reconcile`: nothing was compared.
    InputRefused,
}

impl Exit {
    const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed | Self::Differences => 1,
            // Also clap's: the command line was not understood.
            Self::InputRefused => 2,
            Self::Configuration => 3,
            Self::Found => 4,
            Self::Refused => 5,
        }
    }
}

/// The table for `--help`.
pub const CODES: &str = "\
Exit codes:
  0  done
  1  something went wrong on the way
  2  the command line was not understood
  3  the configuration needs attention; everything wrong was listed
  4  a check found something (unsound books, pending migrations, parked tasks)
  5  refused, or not found; nothing was changed
`reconcile` is like diff: 0 all agrees, 1 differences, 2 nothing was compared";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A request that was understood and refused: [`Exit::Refused`] instead of [`Exit::Failed`].
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

/// Tells an error with its causes on standard error, and says which code it means. Whoever named no configuration is told so
/// before all that is missing from it.
pub fn report(error: &anyhow::Error, config_named: bool, screen: &mut Screen) -> Exit {
    if screen.is_closed() {
        return Exit::Done;
    }
    if let Some(problems) = error.downcast_ref::<Problems>() {
        let first = if config_named {
            ""
        } else {
            "no configuration file was named (--config PATH or MINGFEN_CONFIG); without one, "
        };
        screen.complain(&format!(
            "{first}{problems}\n\nAll settings: mingfen config reference. What is in force: mingfen config show."
        ));
        return Exit::Configuration;
    }
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string).filter(|cause| !cause.is_empty()) {
        if !text.contains(&cause) {
            text.push_str("\n  because: ");
            text.push_str(&cause);
        }
    }
    screen.complain(&text);
    if error.is::<Refusal>() { Exit::Refused } else { Exit::Failed }
}
