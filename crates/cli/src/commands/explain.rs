//! `mingfen explain`: one order across the three sides.

use super::order;
use super::reconcile::{cause, finding_json};
use crate::arguments::Explain;
use crate::assemble::Checked;
use crate::exit::{Exit, Refusal};
use crate::screen::{Screen, Tone};
use comfy_table::Cell;
use mingfen_config::Sources;
use mingfen_gateway::service::reconciliation::{OrderAcross, order_across};
use serde_json::json;

pub async fn run(sources: &Sources, options: &Explain, screen: &mut Screen) -> anyhow::Result<Exit> {
    let gateway = Checked::from_sources(sources)?.gateway().await?;
    let Some(across) = order_across(&gateway, &options.number).await? else {
        let refusal = format!("neither our records nor any compared day know {:?}", options.number);
        return Err(Refusal(refusal).into());
    };
    if options.json {
        screen.json(&as_json(&across));
    } else {
        tell(&across, screen);
    }
    Ok(Exit::Done)
}

fn as_json(across: &OrderAcross) -> serde_json::Value {
    let rows: Vec<_> = across
        .rows
        .iter()
        .map(|row| {
            let fields: Vec<_> = row.fields.iter().map(|(heading, text)| json!([heading, text])).collect();
            json!({ "day": row.day.to_string(), "side": row.side.as_str(), "file": row.file, "sha256": row.sha256,
                "line": row.line, "fields": fields })
        })
        .collect();
    let findings: Vec<_> = across
        .findings
        .iter()
        .map(|(run, finding, standing)| {
            let remedies = across.remedies.iter().filter(|remedy| remedy.finding_key == finding.finding_key);
            let mut value = finding_json(finding, *standing, remedies);
            value["day"] = json!(run.day.to_string());
            value["version"] = json!(run.version);
            value
        })
        .collect();
    json!({
        "order_nos": across.order_nos, "rows": rows, "findings": findings,
        "story": across.story.as_ref().map(order::as_json),
    })
}

fn tell(across: &OrderAcross, screen: &mut Screen) {
    match &across.story {
        Some(story) => order::tell(story, screen),
        None => screen.line(format!("{}: no order of ours.", across.order_nos.join(", "))),
    }
    let heading = screen.toned(Tone::Strong, "Its rows in the files of the three sides");
    screen.line(heading);
    if across.rows.is_empty() {
        screen.line("  none: its days were not compared yet, or no side has it");
    }
    for row in &across.rows {
        screen.line(format!("{} {} {} 第 {} 行", row.day, row.side.chinese(), row.file, row.line));
        let mut table = screen.table(&["列", "内容"]);
        for (heading, text) in row.fields.iter().filter(|(_, text)| !text.is_empty()) {
            table.add_row(vec![Cell::new(heading), Cell::new(text)]);
        }
        screen.line(table.to_string());
    }
    let heading = screen.toned(Tone::Strong, "What the comparisons found");
    screen.line(heading);
    if across.findings.is_empty() && !across.rows.is_empty() {
        screen.line("  nothing: the three sides agree on it");
    }
    for (run, finding, standing) in &across.findings {
        screen.line(format!(
            "{} 第 {} 版：{}，{}，{}",
            run.day,
            run.version,
            finding.category.chinese(),
            cause(&finding.cause),
            standing.chinese()
        ));
        for line in finding.evidence.lines() {
            screen.line(format!("  · {line}"));
        }
    }
    for remedy in &across.remedies {
        screen.line(format!(
            "{} {} {} 元：{}，{}（{}）",
            remedy.remedy_id,
            remedy.remedy.chinese(),
            remedy.amount,
            remedy.state.chinese(),
            remedy.reason,
            remedy.asked_by
        ));
    }
}
