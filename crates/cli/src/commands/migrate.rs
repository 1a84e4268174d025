//! `mingfen migrate`: brings the database up to date.

use crate::arguments::Migrate;
use crate::assemble;
use crate::exit::Exit;
use crate::screen::{Screen, Tone};
use mingfen_config::{Draft, Sources};

pub async fn run(sources: &Sources, options: &Migrate, screen: &mut Screen) -> anyhow::Result<Exit> {
    let settings = Draft::load(sources)?.finish()?;
    let store = assemble::open_store(&settings).await?;
    let pending = store.pending_migrations().await?;
    for migration in &pending {
        screen.line(format!("{} {migration}", if options.check { "missing" } else { "applying" }));
    }
    if pending.is_empty() {
        let good = screen.toned(Tone::Good, "The database is up to date.");
        screen.line(good);
        return Ok(Exit::Done);
    }
    if options.check {
        return Ok(Exit::Found);
    }
    let applied = store.migrate().await?;
    screen.line(format!("{applied} applied. The database is up to date."));
    Ok(Exit::Done)
}
