//! `mingfen tasks`: background work, above all what waits for a person.

use crate::arguments::{TaskAction, TaskList, Tasks};
use crate::assemble::Checked;
use crate::exit::{Exit, Refusal};
use crate::screen::{Screen, Tone};
use crate::words;
use mingfen_config::Sources;
use mingfen_gateway::service::{CloseRefused, close_task};
use mingfen_gateway::{Gateway, jobs};
use mingfen_store::{TaskRecord, TaskState};
use serde_json::{Value, json};

pub async fn run(sources: &Sources, options: Tasks, screen: &mut Screen) -> anyhow::Result<Exit> {
    let gateway = Checked::from_sources(sources)?.gateway().await?;
    match options.action.unwrap_or(TaskAction::List(options.list)) {
        TaskAction::List(options) => list(&gateway, &options, screen).await,
        TaskAction::Retry { id } => {
            if !gateway.store().unpark(&id, gateway.now()).await? {
                return Err(
                    Refusal(format!("no parked task has the id {id:?}; see `mingfen tasks list`")).into()
                );
            }
            screen.line(format!("{id} is due now; a running gateway takes it, or `mingfen tasks run` does."));
            Ok(Exit::Done)
        }
        TaskAction::Close { id, note } => {
            close_task(&gateway, &id, "command line", &note).await.map_err(|refused| match refused {
                CloseRefused::Trouble(trouble) => anyhow::Error::from(trouble),
                refused => Refusal(format!("{id}: {refused}; see `mingfen tasks list`")).into(),
            })?;
            screen.line(format!("{id} is closed; the note is in the audit trail."));
            Ok(Exit::Done)
        }
        TaskAction::Run => {
            let rounds = jobs::run_due(&gateway).await?;
            screen.line(format!("{rounds} rounds of work done; nothing more is due now."));
            Ok(Exit::Done)
        }
    }
}

async fn list(gateway: &Gateway, options: &TaskList, screen: &mut Screen) -> anyhow::Result<Exit> {
    let store = gateway.store();
    let parked = store.list(Some(TaskState::Parked), options.limit).await?;
    let ready =
        if options.all { store.list(Some(TaskState::Ready), options.limit).await? } else { Vec::new() };
    let tasks: Vec<&TaskRecord> = parked.iter().chain(&ready).collect();
    if options.json {
        screen.json(&Value::Array(tasks.iter().map(|task| as_json(task)).collect()));
    } else if tasks.is_empty() {
        let nothing = if options.all {
            "Nothing is under way, and nothing waits for a person."
        } else {
            "No task waits for a person."
        };
        let good = screen.toned(Tone::Good, nothing);
        screen.line(good);
    } else {
        let mut table = screen.table(&["due", "tries", "what, its id, and what happened last"]);
        for task in tasks {
            let last = task.last_error.as_deref().unwrap_or_default();
            let what =
                if task.state == TaskState::Parked { "waits for a person" } else { "goes on by itself" };
            table.add_row([
                words::short_time(task.due_at),
                task.attempts.to_string(),
                format!("{}; {what}\n{}\n{last}", words::to_come(task.kind), task.task_id)
                    .trim_end()
                    .to_owned(),
            ]);
        }
        screen.line(table.to_string());
        screen.line("Look at one:   mingfen order NUMBER, the number in the middle of its id");
        screen.line("Try it again:  mingfen tasks retry ID");
        screen.line("Close it:      mingfen tasks close ID --note TEXT");
    }
    Ok(if parked.is_empty() { Exit::Done } else { Exit::Found })
}

fn as_json(task: &TaskRecord) -> Value {
    json!({
        "id": task.task_id,
        "kind": task.kind.as_str(),
        "subject": task.subject,
        "state": task.state.as_str(),
        "due_at": task.due_at.to_rfc3339(),
        "attempts": task.attempts,
        "last_error": task.last_error,
        "trace": task.trace.as_str(),
    })
}
