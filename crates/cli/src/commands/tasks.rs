//! `mingfen tasks`: background work, above all what waits for a person.

use crate::arguments::{TaskAction, TaskList, Tasks};
use crate::assemble::Checked;
use crate::exit::{Exit, Refusal};
use crate::screen::{Screen, Tone};
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
        let good = screen.toned(Tone::Good, "No task waits for a person.");
        screen.line(good);
    } else {
        let mut table = screen.table(&["id", "state", "due", "tries", "what happened last"]);
        for task in tasks {
            table.add_row([
                task.task_id.clone(),
                task.state.as_str().to_owned(),
                task.due_at.to_rfc3339(),
                task.attempts.to_string(),
                task.last_error.clone().unwrap_or_default(),
            ]);
        }
        screen.line(table.to_string());
        screen.line("Look at one with `mingfen order NUMBER`; try it again with `mingfen tasks retry ID`, or close it with `mingfen tasks close ID --note …`.");
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
