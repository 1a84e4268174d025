use crate::arguments::Cli;
use crate::assemble::Checked;
use crate::commands::keys::{keyring_key, secret};
use clap::CommandFactory;
use mingfen_config::Sources;
use mingfen_config::sections::RIGHTS;
use mingfen_gateway::ambient::SystemRandom;
use mingfen_gateway::settings::ApiRight;
use mingfen_vault::{KeyId, Keyring};
use std::path::Path;

#[test]
fn the_command_line_contradicts_itself_nowhere() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_says_what_it_does() {
    for command in Cli::command().get_subcommands() {
        assert!(command.get_about().is_some(), "{} has no sentence", command.get_name());
    }
}

#[test]
fn the_configuration_knows_the_rights_that_the_gateway_knows() {
    assert_eq!(ApiRight::ALL.map(|(_, word)| word), RIGHTS);
}

#[test]
fn made_keys_are_accepted_where_they_belong() {
    let text = keyring_key(KeyId(7), &SystemRandom);
    assert_eq!(Keyring::parse(&text, KeyId(7)).map(|keyring| keyring.current_key()), Ok(KeyId(7)));
    assert!(secret(&SystemRandom).len() >= 32);
}

/// Its secrets are files of another machine; apart from them nothing may be wrong with it.
#[test]
fn the_production_example_lacks_only_its_secrets() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/production.example.toml");
    let problems = Checked::from_sources(&Sources { file: Some(file), environment: Vec::new() }).err();
    for problem in problems.expect("secrets are missing here").iter() {
        let about_a_file = problem.setting.ends_with("_file") || problem.wanted.contains("/run/secrets/");
        assert!(about_a_file, "{problem}");
    }
}

/// What is broken by hand must fit a narrow terminal; everything else is wrapped by the terminal's own width.
#[test]
fn help_fits_eighty_columns() {
    fn check(command: &clap::Command) {
        for help in [command.get_after_help(), command.get_after_long_help()].into_iter().flatten() {
            for line in help.to_string().lines() {
                assert!(line.chars().count() <= 80, "{}: {line}", command.get_name());
            }
        }
        command.get_subcommands().for_each(check);
    }
    check(&Cli::command());
}
