//! What waits for a person.

use super::members::Members;
use super::{operator, reply, to_json};
use crate::Gateway;
use crate::http::api_error::ApiFailure;
use crate::http::signed_request::{Key, caller, change};
use crate::http::words::is_readable;
use crate::service;
use crate::settings::ApiRight;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use mingfen_store::TaskState;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Everything that waits for a person.
#[derive(Serialize, ToSchema)]
pub(crate) struct TasksAnswer {
    tasks: Vec<TaskAnswer>,
}

/// Something that waits for a person.
#[derive(Serialize, ToSchema)]
pub(crate) struct TaskAnswer {
    /// For the other calls.
    #[schema(example = "write_back:B261125ABCDEFGH12345678")]
    task_id: String,
    /// What kind of work it is.
    kind: String,
    /// The number it is about.
    subject: String,
    /// How often it was tried.
    attempts: i64,
    /// Why it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Follows the order through every log.
    trace: String,
}

/// What waits for a person.
#[utoipa::path(get, path = "/api/v1/tasks", tag = "tasks",
    responses((status = 200, description = "Parked tasks with their reasons", body = TasksAnswer)))]
pub(crate) async fn tasks(gateway: web::Data<Gateway>, request: HttpRequest) -> HttpResponse {
    reply(parked(&gateway, &request).await)
}

async fn parked(gateway: &Gateway, request: &HttpRequest) -> Result<Value, ApiFailure> {
    caller(gateway, request, b"", ApiRight::Tasks).await?;
    let tasks = gateway.store().list(Some(TaskState::Parked), 500).await?;
    let tasks = tasks
        .into_iter()
        .map(|task| TaskAnswer {
            task_id: task.task_id,
            kind: task.kind.as_str().to_owned(),
            subject: task.subject,
            attempts: task.attempts,
            reason: task.last_error,
            trace: task.trace.to_string(),
        })
        .collect();
    to_json(&TasksAnswer { tasks })
}

/// Where a task stands after the call.
#[derive(Serialize, ToSchema)]
pub(crate) struct TaskMoved {
    task_id: String,
    /// `ready` or `done`.
    state: String,
}

/// Who wants a task tried once more.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the shape in the description; members.rs reads it")]
pub(crate) struct RetryRequest {
    /// Who, for the audit trail.
    #[schema(example = "王芳", min_length = 1, max_length = 32)]
    operator: String,
}

/// Tries a parked task once more. Every job is safe to repeat.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/retry", tag = "tasks", request_body = RetryRequest,
    params(("id" = String, Path, description = "The task's id", min_length = 1, max_length = 128)),
    responses((status = 200, description = "It is due now", body = TaskMoved), (status = 404, description = "NO_SUCH_TASK")))]
pub(crate) async fn retry_task(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    body: web::Bytes,
    id: web::Path<String>,
) -> HttpResponse {
    change(&gateway, &request, &body, ApiRight::Tasks, Key::Optional, async |key| {
        retried(&gateway, &key.id, &body, &id).await
    })
    .await
}

async fn retried(gateway: &Gateway, key: &str, body: &[u8], id: &str) -> Result<Value, ApiFailure> {
    let mut members = Members::parse(body)?;
    let operator = operator(&mut members)?;
    members.end()?;
    service::retry_task(gateway, task_id(id)?, &format!("{key}:{operator}")).await?;
    to_json(&TaskMoved { task_id: id.to_owned(), state: "ready".to_owned() })
}

/// What a person found and did.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the shape in the description; members.rs reads it")]
pub(crate) struct CloseRequest {
    /// What was found and what was done.
    #[schema(min_length = 1, max_length = 200)]
    note: String,
    /// Who, for the audit trail.
    #[schema(example = "王芳", min_length = 1, max_length = 32)]
    operator: String,
}

/// Closes a parked task that a person has dealt with. Moves no money.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/close", tag = "tasks", request_body = CloseRequest,
    params(("id" = String, Path, description = "The task's id", min_length = 1, max_length = 128)),
    responses((status = 200, description = "It is closed", body = TaskMoved), (status = 404, description = "NO_SUCH_TASK")))]
pub(crate) async fn close_task(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    body: web::Bytes,
    id: web::Path<String>,
) -> HttpResponse {
    change(&gateway, &request, &body, ApiRight::Tasks, Key::Optional, async |key| {
        closed(&gateway, &key.id, &body, &id).await
    })
    .await
}

async fn closed(gateway: &Gateway, key: &str, body: &[u8], id: &str) -> Result<Value, ApiFailure> {
    let mut members = Members::parse(body)?;
    let note = members.text("note")?;
    if !is_readable(&note, 1, 200) {
        return Err(members.refuse("note", "1 to 200 characters: what was found and what was done"));
    }
    let operator = operator(&mut members)?;
    members.end()?;
    service::close_task(gateway, task_id(id)?, &format!("{key}:{operator}"), &note).await?;
    to_json(&TaskMoved { task_id: id.to_owned(), state: "done".to_owned() })
}

/// An id can only be one that we gave: anything else is not even looked for.
fn task_id(id: &str) -> Result<&str, ApiFailure> {
    let plausible = (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    plausible.then_some(id).ok_or_else(|| {
        ApiFailure::new(StatusCode::NOT_FOUND, "NO_SUCH_TASK", "there is no parked task of this id")
    })
}
