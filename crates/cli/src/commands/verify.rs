//! `mingfen verify`: proves that the books balance and that the audit chain holds.

use crate::arguments::Verify;
use crate::assemble::Checked;
use crate::exit::Exit;
use crate::screen::{Screen, Tone, right};
use comfy_table::Cell;
use mingfen_config::Sources;
use mingfen_domain::Fen;
use mingfen_gateway::service::{Verification, accept_end, verify};
use serde_json::json;

pub async fn run(sources: &Sources, options: &Verify, screen: &mut Screen) -> anyhow::Result<Exit> {
    let gateway = Checked::from_sources(sources)?.gateway().await?;
    if let Some(end) = &options.accept {
        accept_end(&gateway, end, &options.by).await?;
        screen.line("The audit chain goes on from there. Restart the gateways: each still remembers the end that it saw.");
        return Ok(Exit::Done);
    }
    let found = verify(&gateway, options.anchor.as_ref()).await?;
    if options.json {
        screen.json(&as_json(&found));
    } else {
        tell(&found, screen);
    }
    Ok(if found.is_sound() { Exit::Done } else { Exit::Found })
}

fn as_json(found: &Verification) -> serde_json::Value {
    json!({
        "sound": found.is_sound(),
        "entries": found.entries,
        "trial_balance": found.trial_balance.iter()
            .map(|(account, fen)| json!({ "account": account.to_text(), "fen": fen.get() }))
            .collect::<Vec<_>>(),
        "problems": found.problems,
        "audit": {
            "rows": found.audit.rows,
            "anchor": found.audit.anchor.to_string(),
            "overdue": found.audit.overdue,
            "kept": found.audit.kept.as_ref().map(|row| json!({
                "at": row.at.to_rfc3339(),
                "actor": row.actor,
                "action": row.action,
                "subject": row.subject,
                "detail": row.detail,
            })),
            "broken": found.audit.broken,
        },
    })
}

fn tell(found: &Verification, screen: &mut Screen) {
    let mut table = screen.table(&["account", "debit", "credit"]);
    for (account, fen) in &found.trial_balance {
        let (debit, credit) = if *fen < Fen::ZERO {
            (String::new(), fen.negated().unwrap_or(*fen).to_yuan_grouped())
        } else {
            (fen.to_yuan_grouped(), String::new())
        };
        table.add_row([Cell::new(account.to_text()), right(debit), right(credit)]);
    }
    screen.line(table.to_string());
    screen.line(format!("{} journal entries, {} audit rows.", found.entries, found.audit.rows));
    for problem in &found.problems {
        let bad = screen.toned(Tone::Bad, problem);
        screen.line(bad);
    }
    for broken in &found.audit.broken {
        let bad = screen.toned(Tone::Bad, &format!("The audit chain: {broken}."));
        screen.line(bad);
    }
    if let Some(row) = &found.audit.kept {
        let at = row.at.to_beijing_text();
        screen.line(format!(
            "The link that was kept is there: {at} {} {} {}: {}",
            row.actor, row.action, row.subject, row.detail
        ));
    }
    screen.line(format!("Anchor: {}", found.audit.anchor));
    if found.is_sound() {
        let good =
            screen.toned(Tone::Good, "The books balance, every fen is explained, the audit chain holds.");
        screen.line(good);
    }
}
