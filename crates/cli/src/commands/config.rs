//! `mingfen config`: the settings checked, documented, shown.

use crate::arguments::Config;
use crate::assemble::Checked;
use crate::exit::Exit;
use crate::screen::{Screen, Tone};
use mingfen_config::{Draft, Sources, reference};

pub fn run(sources: &Sources, action: &Config, screen: &mut Screen) -> anyhow::Result<Exit> {
    match action {
        Config::Check => check(sources, screen),
        Config::Reference => {
            screen.raw(reference::markdown().as_bytes());
            Ok(Exit::Done)
        }
        Config::Show => show(sources, screen),
    }
}

fn check(sources: &Sources, screen: &mut Screen) -> anyhow::Result<Exit> {
    let checked = Checked::from_sources(sources)?;
    let good = screen.toned(Tone::Good, "The configuration is in order.");
    screen.line(good);
    let settings = &checked.settings;
    screen.line(format!("  public    {} as {}", settings.server.public_bind, settings.server.public_url));
    screen.line(format!("  internal  {}", settings.server.internal_bind));
    screen.line(format!("  hospital  {} {}", settings.hospital.id, settings.hospital.name_zh));
    for channel in &checked.channels {
        screen.line(format!(
            "  channel   {} ({}) {}",
            channel.channel(),
            channel.provider_name(),
            channel.identity()
        ));
    }
    if checked.channels.is_empty() {
        screen.line("  channel   none: nobody can pay");
    }
    if settings.redis.url.is_none() {
        screen.line("  redis     none: right for one process, not for several");
    }
    Ok(Exit::Done)
}

fn show(sources: &Sources, screen: &mut Screen) -> anyhow::Result<Exit> {
    let draft = Draft::load(sources)?;
    let mut table = screen.table(&["setting", "value", "from"]);
    for setting in draft.shown() {
        table.add_row([setting.name, setting.value, setting.origin]);
    }
    screen.line(table.to_string());
    Ok(Exit::Done)
}
