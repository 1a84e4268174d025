//! `mingfen order`: the whole story of an order, step by step.

use crate::arguments::Order;
use crate::assemble::Checked;
use crate::exit::{Exit, Refusal};
use crate::screen::{Screen, Tone};
use comfy_table::{Cell, CellAlignment};
use mingfen_config::Sources;
use mingfen_gateway::service::{OrderStory, order_story};
use serde_json::{Value, json};

pub async fn run(sources: &Sources, options: &Order, screen: &mut Screen) -> anyhow::Result<Exit> {
    let gateway = Checked::from_sources(sources)?.gateway().await?;
    let Some(story) = order_story(&gateway, &options.number).await? else {
        let refusal =
            format!("no slip, bill, order, refund or provider's number {:?} is known here", options.number);
        return Err(Refusal(refusal).into());
    };
    if options.json {
        screen.json(&as_json(&story));
    } else {
        tell(&story, screen);
    }
    Ok(Exit::Done)
}

/// The story as scripts read it.
pub fn as_json(story: &OrderStory) -> Value {
    let slips: Vec<Value> = story
        .slips
        .iter()
        .map(|(slip_no, title, total)| json!({ "slip_no": slip_no.as_str(), "title": title, "total_fen": total.get() }))
        .collect();
    let steps: Vec<Value> = story
        .steps
        .iter()
        .map(|step| {
            json!({
                "at": step.at.to_rfc3339(),
                "who": step.who,
                "what": step.what,
                "amount_fen": step.amount.map(mingfen_domain::Fen::get),
                "reference": step.reference,
            })
        })
        .collect();
    json!({
        "bill_no": story.bill_no.as_str(),
        "state": story.state,
        "patient": story.patient,
        "slips": slips,
        "total_fen": story.total.get(),
        "self_pay_fen": story.self_pay.get(),
        "received_fen": story.received.get(),
        "refunded_fen": story.refunded.get(),
        "receipt_no": story.receipt_no,
        "trace": story.trace,
        "steps": steps,
        "open_tasks": story.open_tasks,
    })
}

/// The story as people read it.
pub fn tell(story: &OrderStory, screen: &mut Screen) {
    let heading = screen.toned(Tone::Strong, &format!("Bill {} is {}", story.bill_no, story.state));
    screen.line(heading);
    screen.line(format!("  patient   {}", story.patient));
    for (slip_no, title, total) in &story.slips {
        screen.line(format!("  slip      {slip_no}  {title}  {}", total.to_yuan_grouped()));
    }
    screen.line(format!(
        "  money     owed {} of {}, received {}, refunded {}",
        story.self_pay.to_yuan_grouped(),
        story.total.to_yuan_grouped(),
        story.received.to_yuan_grouped(),
        story.refunded.to_yuan_grouped()
    ));
    if let Some(receipt) = &story.receipt_no {
        screen.line(format!("  receipt   {receipt}"));
    }
    screen.line(format!("  trace     {}", story.trace));
    let mut table = screen.table(&["when", "who", "what", "yuan", "number"]);
    for step in &story.steps {
        let yuan = step.amount.map(mingfen_domain::Fen::to_yuan_grouped).unwrap_or_default();
        table.add_row([
            Cell::new(step.at.to_rfc3339()),
            Cell::new(&step.who),
            Cell::new(&step.what),
            Cell::new(yuan).set_alignment(CellAlignment::Right),
            Cell::new(&step.reference),
        ]);
    }
    screen.line(table.to_string());
    for task in &story.open_tasks {
        let open = screen.toned(Tone::Bad, &format!("still open: {task}"));
        screen.line(open);
    }
}
