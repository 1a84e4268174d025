//! The API's description, generated from the handlers, and its documentation page, which needs no internet.

use super::{ROUTES, api};
use crate::http::route::Caller;
use crate::settings::ApiRight;
use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_SECURITY_POLICY;
use mingfen_pages::{csp, docs};
use serde_json::{Value, json};
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Mingfen API v1",
        description = "For HIS, kiosks and other programs of the hospital, on the internal listener only. Every request is signed; see Security. Money is an integer number of fen, a time is RFC 3339 with offset, a day is Beijing time. What may be left out is left out, never null."
    ),
    tags(
        (name = "slips", description = "What is owed, and the codes by which it is paid."),
        (name = "orders", description = "What became of it."),
        (name = "refunds", description = "Money back."),
        (name = "days", description = "A day's money, for a comparison."),
        (name = "tasks", description = "What waits for a person.")
    ),
    paths(
        api::links::make_link,
        api::links::revoke,
        api::unpaid::unpaid,
        api::orders::order,
        api::orders::story,
        api::orders::close_order,
        api::refunds::refund,
        api::refunds::refund_state,
        api::refunds::refund_by_request,
        api::days::payments,
        api::days::refunds,
        api::tasks::tasks,
        api::tasks::retry_task,
        api::tasks::close_task
    )
)]
struct Description;

/// The OpenAPI document: what the handlers say of themselves, and what holds for all of them.
pub fn document() -> Value {
    let mut document = serde_json::to_value(Description::openapi()).unwrap_or_default();
    document["components"]["securitySchemes"] = security_schemes();
    document["components"]["parameters"] = header_parameters();
    document["components"]["schemas"]["Error"] = error_schema();
    for route in ROUTES {
        if let Caller::Key(right) = route.caller {
            let method = route.method.to_lowercase();
            complete(&mut document["paths"][route.path][method.as_str()], route.method, route.path, right);
        }
    }
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        for (name, schema) in schemas.iter_mut() {
            never_null(schema);
            if name.ends_with("Request") {
                schema["additionalProperties"] = false.into();
            }
        }
    }
    document
}

/// Calls that only read although they are a POST, because what they ask for must not be in an address.
const READING_POSTS: [&str; 1] = ["/api/v1/slips/unpaid"];
/// Calls that are refused without an `Idempotency-Key`.
const KEYED: [&str; 1] = ["/api/v1/refunds"];

fn security_schemes() -> Value {
    json!({ "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Mingfen-Signature",
        "description": "Lower-case hexadecimal HMAC-SHA256, keyed with the secret's bytes, over five lines joined by LF without one after the last: the method; the path with its query, exactly as sent; X-Mingfen-Timestamp; X-Mingfen-Nonce; the lower-case hexadecimal SHA-256 of the raw body (of the empty string when there is none). docs/his-rest.md has a test vector, docs/examples/signed-call.sh a call with curl and openssl.",
    }})
}

fn header_parameters() -> Value {
    let header = |name: &str, required: bool, description: &str, schema: Value| json!({ "name": name, "in": "header", "required": required, "description": description, "schema": schema });
    let idempotency = json!({ "type": "string", "minLength": 8, "maxLength": 64, "pattern": "^[!-~]+$" });
    json!({
        "Key": header("X-Mingfen-Key", true, "Who calls: the <id> of [api.keys.<id>].",
            json!({ "type": "string", "minLength": 1, "maxLength": 32, "pattern": "^[a-z0-9-]+$", "example": "his" })),
        "Timestamp": header("X-Mingfen-Timestamp", true, "Unix seconds, digits only, at most 300 from the gateway's clock.",
            json!({ "type": "string", "pattern": "^[1-9][0-9]*$", "example": "1767240000" })),
        "Nonce": header("X-Mingfen-Nonce", true, "A new one for every request, repeats included; it is accepted once.",
            json!({ "type": "string", "minLength": 16, "maxLength": 64, "pattern": "^[A-Za-z0-9]+$", "example": "0A1B2C3D4E5F60718293A4B5C6D7E8F9" })),
        "IdempotencyKey": header("Idempotency-Key", true, "Your number of this request, the same on every retry: the same body gets the first answer again.", idempotency.clone()),
        "OptionalIdempotencyKey": header("Idempotency-Key", false, "Your number of this request, when a repeat shall get the first answer again.", idempotency),
    })
}

fn error_schema() -> Value {
    json!({
        "type": "object",
        "description": "Why there is no answer. Programs look at `code`.",
        "required": ["code", "message"],
        "properties": {
            "code": { "type": "string", "pattern": "^[A-Z_]+$", "example": "BAD_REQUEST" },
            "message": { "type": "string", "description": "For the person who wrote the program: what is wrong and what to do. Never a value that was sent." },
        },
    })
}

/// Adds to an operation what holds for every signed call.
fn complete(operation: &mut Value, method: &str, path: &str, right: ApiRight) {
    operation["security"] = json!([{ "signature": [] }]);
    operation["x-right"] = right.word().into();
    let said = operation["description"].as_str().unwrap_or_default();
    let needs = format!("{said}\n\nNeeds the right `{}`.", right.word());
    operation["description"] = needs.trim_start().into();
    let mut headers = vec!["Key", "Timestamp", "Nonce"];
    let changes = method == "POST" && !READING_POSTS.contains(&path);
    if changes {
        headers.push(if KEYED.contains(&path) { "IdempotencyKey" } else { "OptionalIdempotencyKey" });
    }
    let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    parameters
        .extend(headers.iter().map(|name| json!({ "$ref": format!("#/components/parameters/{name}") })));
    parameters.iter_mut().for_each(never_null);
    operation["parameters"] = parameters.into();
    let mut errors = vec![
        ("400", "BAD_REQUEST"),
        ("401", "NOT_SIGNED"),
        ("403", "NOT_ALLOWED"),
        ("429", "TOO_MANY_REQUESTS: wait as long as the header Retry-After says"),
        ("503", "TRY_AGAIN"),
    ];
    if method == "POST" {
        errors.push(("413", "TOO_LARGE"));
    }
    if changes {
        errors.push(("409", "IDEMPOTENCY_KEY_USED, IN_PROGRESS"));
    }
    for (status, codes) in errors {
        let known = operation["responses"][status]["description"].as_str();
        let codes = known.map_or_else(|| codes.to_owned(), |known| format!("{known}, {codes}"));
        operation["responses"][status] = json!({ "description": codes });
    }
    if let Some(responses) = operation["responses"].as_object_mut() {
        for (_, response) in responses.iter_mut().filter(|(status, _)| *status != "200") {
            let error = json!({ "$ref": "#/components/schemas/Error" });
            response["content"] = json!({ "application/json": { "schema": error } });
        }
    }
}

/// What may be left out is left out and never `null`, in requests and in answers.
fn never_null(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    members.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(ways)) = members.get_mut("oneOf") {
                ways.retain(|way| way["type"] != "null");
                if let [only] = ways.as_slice()
                    && let Some(reference) = only.get("$ref").cloned()
                {
                    members.remove("oneOf");
                    members.insert("$ref".to_owned(), reference);
                }
            }
            members.values_mut().for_each(never_null);
        }
        Value::Array(items) => items.iter_mut().for_each(never_null),
        _ => {}
    }
}

pub(super) async fn json() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json; charset=utf-8").body(document().to_string())
}

pub(super) async fn page() -> HttpResponse {
    match docs::render(&document()) {
        Ok(html) => HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header((CONTENT_SECURITY_POLICY, csp::policy()))
            .body(html),
        Err(error) => {
            tracing::error!(error = %error, "the documentation page could not be printed");
            HttpResponse::InternalServerError().finish()
        }
    }
}
