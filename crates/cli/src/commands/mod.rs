//! One command a file.

mod completions;
mod config;
mod demo;
mod explain;
pub mod keys;
mod migrate;
mod order;
mod reconcile;
mod refund;
mod reseal;
mod serve;
mod simulate;
mod slip;
mod staff;
mod tasks;
mod verify;

use crate::arguments::{Cli, Command, Config, Keys, Reconcile};
use crate::exit::{Exit, Refusal};
use crate::screen::Screen;
use mingfen_config::Sources;

/// Whether a command looks at the configuration. One that does not must not be given one: it would do something else than its
/// reader thinks.
const fn reads_settings(command: &Command) -> bool {
    match command {
        Command::Serve
        | Command::Migrate(_)
        | Command::Refund(_)
        | Command::Order(_)
        | Command::Slip(_)
        | Command::Tasks(_)
        | Command::Staff(_)
        | Command::Verify(_)
        | Command::Keys(Keys::Usage(_) | Keys::Reseal(_))
        | Command::Explain(_)
        | Command::Config(Config::Check | Config::Show) => true,
        Command::Reconcile(command) => {
            !matches!(command.action, Some(Reconcile::Files(_) | Reconcile::Guess(_) | Reconcile::Line(_)))
        }
        Command::Demo(_)
        | Command::Simulate(_)
        | Command::Config(Config::Reference)
        | Command::Keys(Keys::Generate { .. } | Keys::Inspect { .. })
        | Command::Completions { .. } => false,
    }
}

/// Runs what was asked. `config_typed`: the configuration was named on the command line, not by the environment.
///
/// # Errors
/// Whatever went wrong, for [`crate::exit::report`].
pub async fn run(cli: Cli, config_typed: bool, screen: &mut Screen) -> anyhow::Result<Exit> {
    if config_typed && !reads_settings(&cli.command) {
        let refusal = "this command reads no configuration; leave --config out";
        return Err(Refusal(refusal.into()).into());
    }
    let sources = || Sources::of_process(cli.config.clone());
    match cli.command {
        Command::Demo(options) => demo::run(options, screen).await,
        Command::Serve => serve::run(&sources()).await,
        Command::Migrate(options) => migrate::run(&sources(), &options, screen).await,
        Command::Refund(options) => refund::run(&sources(), options, screen).await,
        Command::Order(options) => order::run(&sources(), &options, screen).await,
        Command::Slip(options) => slip::run(&sources(), &options, screen).await,
        Command::Tasks(options) => tasks::run(&sources(), options, screen).await,
        Command::Staff(action) => staff::run(&sources(), action, screen).await,
        Command::Verify(options) => verify::run(&sources(), &options, screen).await,
        Command::Reconcile(command) => reconcile::run(&sources(), &command, screen).await,
        Command::Explain(options) => explain::run(&sources(), &options, screen).await,
        Command::Simulate(options) => simulate::run(options, screen).await,
        Command::Config(action) => config::run(&sources(), &action, screen),
        Command::Keys(action) => keys::run(&sources(), &action, screen).await,
        Command::Completions { shell } => completions::run(shell, screen),
    }
}
