//! `mingfen`: builds the running system and nothing else.
//!
//! # Reading order
//! [`arguments`] is what a person can type, [`commands`] one file for each. [`assemble`] turns settings into a gateway: the
//! only place that knows providers, HIS adapter, database and cache at once. [`exit`] says what the exit codes mean.

mod arguments;
mod assemble;
mod commands;
mod exit;
mod logging;
mod screen;
mod simulated;
#[cfg(test)]
mod tests;
mod tls;

use arguments::Cli;
use clap::Parser;
use screen::Screen;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut screen = Screen::new();
    match commands::run(cli, &mut screen).await {
        Ok(exit) => exit.into(),
        Err(error) => exit::report(&error, &mut screen).into(),
    }
}
