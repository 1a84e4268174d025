//! One command a file.

mod completions;
mod config;
mod demo;
pub mod keys;
mod migrate;
mod order;
mod refund;
mod reseal;
mod serve;
mod simulate;
mod slip;
mod tasks;
mod verify;

use crate::arguments::{Cli, Command};
use crate::exit::Exit;
use crate::screen::Screen;
use mingfen_config::Sources;

/// Runs what was asked.
///
/// # Errors
/// Whatever went wrong, for [`crate::exit::report`].
pub async fn run(cli: Cli, screen: &mut Screen) -> anyhow::Result<Exit> {
    let sources = || Sources::of_process(cli.config.clone());
    match cli.command {
        Command::Demo(options) => demo::run(options, screen).await,
        Command::Serve => serve::run(&sources()).await,
        Command::Migrate(options) => migrate::run(&sources(), &options, screen).await,
        Command::Refund(options) => refund::run(&sources(), options, screen).await,
        Command::Order(options) => order::run(&sources(), &options, screen).await,
        Command::Slip(options) => slip::run(&sources(), &options, screen).await,
        Command::Tasks(options) => tasks::run(&sources(), options, screen).await,
        Command::Verify(options) => verify::run(&sources(), &options, screen).await,
        Command::Simulate(options) => simulate::run(options, screen).await,
        Command::Config(action) => config::run(&sources(), &action, screen),
        Command::Keys(action) => keys::run(&sources(), &action, screen).await,
        Command::Completions { shell } => completions::run(shell, screen),
    }
}
