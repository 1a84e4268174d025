//! `mingfen reconcile guess`: a layout for a file that nobody has described, for a person to look at.

use super::{known, refused};
use crate::arguments::ReconcileGuess;
use crate::exit::Exit;
use crate::screen::{Screen, Tone, right};
use anyhow::Context;
use comfy_table::Cell;
use mingfen_reconciliation::files::Limits;
use mingfen_reconciliation::files::front::{Choice, kind_of};
use mingfen_reconciliation::files::guess::{Proposal, guess};
use mingfen_reconciliation::matching::HashKey;
use serde_json::json;
use std::fs;

pub fn run(options: &ReconcileGuess, screen: &mut Screen) -> Exit {
    match propose(options, screen) {
        Ok(exit) => exit,
        Err(error) => refused(&format!("{error:#}"), options.json, screen),
    }
}

fn propose(options: &ReconcileGuess, screen: &mut Screen) -> anyhow::Result<Exit> {
    let known = known::kinds()?;
    let limits = Limits::default();
    let choice = Choice { known: &known, layout: None, otherwise: None, day: None, limits };
    if let Some(kind) = kind_of(&options.file, &choice)? {
        let sentence =
            format!("{}: {kind}. It is known by itself and needs no layout.", options.file.display());
        if options.json {
            screen.json(&json!({ "known": kind }));
        } else {
            screen.line(sentence);
        }
        return Ok(Exit::Done);
    }
    let proposal = guess(&options.file, options.sheet.as_deref(), HashKey::random(), limits)?;
    if let Some(out) = &options.out {
        fs::write(out, &proposal.toml).with_context(|| format!("{} cannot be written", out.display()))?;
    }
    if options.json {
        screen.json(&as_json(&proposal));
    } else {
        tell(&proposal, options, screen);
    }
    let is_usable = proposal.missing.is_empty() && proposal.rows.is_ok();
    Ok(if is_usable { Exit::Done } else { Exit::Differences })
}

fn tell(proposal: &Proposal, options: &ReconcileGuess, screen: &mut Screen) {
    screen.line(&proposal.form);
    let mut table = screen.table(&["column", "heading", "why"]);
    for reason in &proposal.reasons {
        table.add_row([reason.column, &reason.heading, &reason.why]);
    }
    screen.line(table.to_string());
    if !proposal.missing.is_empty() {
        let sentence = format!("Not found, and needed: {}.", proposal.missing.join(", "));
        screen.line(screen.toned(Tone::Bad, &sentence));
    }
    match &options.out {
        Some(out) => screen.line(format!("Written: {}", out.display())),
        None => screen.line(format!("\n{}", proposal.toml)),
    }
    match &proposal.rows {
        Ok(rows) => {
            screen.line(format!("The first {} rows as this layout reads them:", rows.len()));
            let mut table =
                screen.table(&["line", "kind", "order_no", "refund_no", "amount", "at", "provider_no"]);
            for row in rows {
                let amount = right(row.amount.to_yuan_grouped());
                table.add_row(vec![
                    Cell::new(row.line),
                    Cell::new(row.kind.chinese()),
                    Cell::new(&row.order_no),
                    Cell::new(&row.refund_no),
                    amount,
                    Cell::new(&row.at),
                    Cell::new(&row.provider_no),
                ]);
            }
            screen.line(table.to_string());
        }
        Err(refusal) => screen.line(screen.toned(Tone::Bad, &refusal.to_string())),
    }
}

fn as_json(proposal: &Proposal) -> serde_json::Value {
    let reasons: Vec<_> = (proposal.reasons.iter())
        .map(|reason| json!({ "column": reason.column, "heading": reason.heading, "why": reason.why }))
        .collect();
    let rows = match &proposal.rows {
        Ok(rows) => json!(
            rows.iter()
                .map(|row| json!({
                    "line": row.line, "kind": row.kind.as_str(), "order_no": row.order_no, "refund_no": row.refund_no,
                    "amount_fen": row.amount.get(), "at": row.at, "provider_no": row.provider_no,
                }))
                .collect::<Vec<_>>()
        ),
        Err(refusal) => json!({ "refused": refusal.to_string() }),
    };
    json!({
        "form": proposal.form, "layout": proposal.toml, "columns": reasons, "missing": proposal.missing, "rows": rows,
    })
}
