//! `mingfen reconcile line`: a line of a file as it is, for whoever was told its number.

use super::{built_in, known, layout, refused};
use crate::arguments::ReconcileLine;
use crate::exit::Exit;
use crate::screen::Screen;
use mingfen_reconciliation::files::{Choice, HIS_LEDGER, Limits, line_of};
use serde_json::json;

pub fn run(options: &ReconcileLine, screen: &mut Screen) -> Exit {
    match fields(options) {
        Ok(fields) if options.json => {
            let fields: Vec<_> =
                fields.iter().map(|(heading, text)| json!({ "heading": heading, "text": text })).collect();
            screen.json(&json!({ "line": options.line, "fields": fields }));
            Exit::Done
        }
        Ok(fields) => {
            let mut table = screen.table(&["heading", "text"]);
            for (heading, text) in fields {
                table.add_row([heading, one_line(&text)]);
            }
            screen.line(table.to_string());
            Exit::Done
        }
        Err(error) => refused(&format!("{error:#}"), options.json, screen),
    }
}

fn fields(options: &ReconcileLine) -> anyhow::Result<Vec<(String, String)>> {
    let map = layout(options.map.as_deref())?;
    let his_ledger = built_in(HIS_LEDGER)?;
    let known = known::kinds()?;
    let choice = Choice {
        known: &known,
        layout: map.as_ref(),
        otherwise: Some(&his_ledger),
        day: None,
        limits: Limits::default(),
    };
    Ok(line_of(&options.file, &choice, options.line)?)
}

/// What cannot be seen is shown as what it is, and moves no cursor.
fn one_line(text: &str) -> String {
    let visible = |character: char| match character {
        character if character.is_control() => character.escape_default().to_string(),
        character => character.to_string(),
    };
    text.chars().map(visible).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(one_line("HOSP1\t"), "HOSP1\\t");
        assert_eq!(one_line("门诊\u{1b}[2J"), "门诊\\u{1b}[2J");
    }
}
