//! `mingfen completions`: what a shell needs to complete our words.

use crate::arguments::Cli;
use crate::exit::Exit;
use crate::screen::Screen;
use clap::CommandFactory;
use clap_complete::Shell;

pub fn run(shell: Shell, screen: &mut Screen) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "mingfen", &mut script);
    screen.raw(&script);
    Ok(Exit::Done)
}
