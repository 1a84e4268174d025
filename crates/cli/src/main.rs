//! `mingfen`: builds the running system and nothing else.
//!
//! # Reading order
//! [`arguments`] is what a person can type, [`commands`] one file for each. [`assemble`] turns settings into a gateway: the
//! only place that knows providers, HIS adapter, database and cache at once. [`exit`] says what the exit codes mean.

mod arguments;
mod assemble;
mod commands;
mod exit;
mod history;
mod lan;
mod logging;
mod screen;
mod simulated;
#[cfg(test)]
mod tests;
mod tls;
mod words;

use arguments::Cli;
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches};
use screen::Screen;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let config_typed = matches.value_source("config") == Some(ValueSource::CommandLine);
    let config_named = cli.config.is_some();
    let mut screen = Screen::new();
    match commands::run(cli, config_typed, &mut screen).await {
        Ok(exit) => exit.into(),
        Err(error) => exit::report(&error, config_named, &mut screen).into(),
    }
}
