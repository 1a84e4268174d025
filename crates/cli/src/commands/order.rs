//! `mingfen order`: the whole story of an order, step by step.

use crate::arguments::Order;
use crate::assemble::Checked;
use crate::exit::{Exit, Refusal};
use crate::screen::{Screen, Tone, right};
use crate::words;
use comfy_table::Cell;
use mingfen_config::Sources;
use mingfen_domain::ids::TraceId;
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

/// The number on a line of its own, so that it is not broken and can be copied.
fn on_two_lines(text: &str, number: &str) -> String {
    if number.is_empty() || text.contains(number) { text.to_owned() } else { format!("{text}\n{number}") }
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
    if let Ok(trace) = TraceId::parse(story.trace.as_str()) {
        screen.line(format!("  read out  {} (code for staff)", trace.staff_code()));
    }
    let mut table = screen.table(&["when", "who", "what, and its number", "yuan"]);
    for step in &story.steps {
        let yuan = step.amount.map(mingfen_domain::Fen::to_yuan_grouped).unwrap_or_default();
        table.add_row([
            Cell::new(words::short_time(step.at)),
            Cell::new(&step.who),
            Cell::new(on_two_lines(&words::step(&step.what), &step.reference)),
            right(yuan),
        ]);
    }
    for open in &story.open {
        let who = if open.parked { "a person" } else { "to come" };
        let what = on_two_lines(&format!("{} ({})", words::to_come(open.kind), open.subject), &open.because);
        table.add_row([
            Cell::new(words::short_time(open.due_at)),
            Cell::new(who),
            Cell::new(what),
            Cell::new(""),
        ]);
    }
    screen.line(table.to_string());
    let parked = story.open.iter().filter(|open| open.parked).count();
    if parked > 0 {
        let waits =
            screen.toned(Tone::Bad, &format!("{parked} of it waits for a person; see mingfen tasks."));
        screen.line(waits);
    }
}
