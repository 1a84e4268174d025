//! `mingfen keys usage` and `mingfen keys reseal`: what each key sealed, and sealing it again with the current one.

use crate::arguments::{JsonOnly, Reseal};
use crate::assemble::Checked;
use crate::exit::Exit;
use crate::screen::{Screen, Tone, right};
use comfy_table::Cell;
use mingfen_config::Sources;
use mingfen_gateway::Gateway;
use mingfen_gateway::service::{KeyUsage, key_usage, reseal};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub async fn usage(sources: &Sources, options: &JsonOnly, screen: &mut Screen) -> anyhow::Result<Exit> {
    let gateway = Checked::from_sources(sources)?.gateway().await?;
    let usage = key_usage(&gateway).await?;
    if options.json {
        screen.json(&as_json(&gateway, &usage));
    } else {
        tell(&gateway, &usage, screen);
    }
    Ok(end(&gateway, &usage))
}

pub async fn run(sources: &Sources, options: &Reseal, screen: &mut Screen) -> anyhow::Result<Exit> {
    let gateway = Checked::from_sources(sources)?.gateway().await?;
    let resealed = reseal(&gateway, &options.by, |so_far| {
        if !options.json {
            screen.line(format!("{}: {}", so_far.column, so_far.done));
        }
    })
    .await?;
    let usage = key_usage(&gateway).await?;
    if options.json {
        let mut value = as_json(&gateway, &usage);
        let done = resealed
            .iter()
            .map(|one| json!({ "column": one.column, "done": one.done, "unreadable": one.unreadable }));
        value["resealed"] = done.collect();
        screen.json(&value);
        return Ok(end(&gateway, &usage));
    }
    for column in resealed.iter().filter(|column| !column.unreadable.is_empty()) {
        let problem = format!(
            "{}: {} values do not open, the first in row {}; is their key in the keyring?",
            column.column,
            column.unreadable.len(),
            column.unreadable[0]
        );
        let bad = screen.toned(Tone::Bad, &problem);
        screen.line(bad);
    }
    tell(&gateway, &usage, screen);
    Ok(end(&gateway, &usage))
}

/// Values that the current key did not seal, by the key that did.
fn left(gateway: &Gateway, usage: &[KeyUsage]) -> BTreeMap<Option<u8>, i64> {
    let current = Some(gateway.current_key().0);
    let mut left = BTreeMap::new();
    for (key, number) in usage.iter().flat_map(|column| &column.values).filter(|(key, _)| **key != current) {
        *left.entry(*key).or_default() += number;
    }
    left
}

fn end(gateway: &Gateway, usage: &[KeyUsage]) -> Exit {
    if left(gateway, usage).is_empty() { Exit::Done } else { Exit::Found }
}

fn named(key: Option<u8>) -> String {
    key.map_or_else(|| "unnamed".to_owned(), |key| key.to_string())
}

fn as_json(gateway: &Gateway, usage: &[KeyUsage]) -> Value {
    let by_key = |values: &BTreeMap<Option<u8>, i64>| -> Value {
        values.iter().map(|(key, number)| (named(*key), json!(number))).collect()
    };
    json!({
        "current": gateway.current_key().0,
        "columns": usage.iter().map(|column| json!({ "column": column.column, "values": by_key(&column.values) })).collect::<Vec<_>>(),
        "left": by_key(&left(gateway, usage)),
    })
}

fn tell(gateway: &Gateway, usage: &[KeyUsage], screen: &mut Screen) {
    let mut table = screen.table(&["column", "key", "values"]);
    for column in usage {
        for (key, number) in &column.values {
            table.add_row([Cell::new(&column.column), Cell::new(named(*key)), right(number)]);
        }
    }
    screen.line(table.to_string());
    let left = left(gateway, usage);
    let current = gateway.current_key();
    for (key, number) in &left {
        let line = match key {
            Some(key) => format!("Key {key} sealed {number} values: it cannot be retired yet."),
            None => format!("{number} values name no key: it is not known which one they need."),
        };
        let bad = screen.toned(Tone::Bad, &line);
        screen.line(bad);
    }
    if left.is_empty() {
        let good = screen.toned(
            Tone::Good,
            &format!(
                "Key {current} sealed everything. An older key is needed only while printed codes last."
            ),
        );
        screen.line(good);
    }
}
