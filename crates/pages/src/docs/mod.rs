//! The documentation page of an API, from its OpenAPI document: whole, offline, without script.
//!
//! It reads OpenAPI 3.0 and 3.1 as data and is patient with what is missing: a part that is not there is not shown.

mod prose;
mod schema;
mod view;

use askama::Template;
use serde_json::Value;

use crate::{assets, page::RenderError};
use view::Api;

#[derive(Template)]
#[template(path = "docs/api.html")]
struct Html {
    api: Api,
    css: &'static str,
    mark: &'static str,
}

/// The page for this OpenAPI document.
///
/// # Errors
/// The template failed; with our views it does not.
pub fn render(openapi: &Value) -> Result<String, RenderError> {
    Ok(Html { api: Api::read(openapi), css: assets::docs_css(), mark: assets::mark() }.render()?)
}

/// The page for a small API that has one of everything.
///
/// # Errors
/// As [`render`].
pub fn sample() -> Result<String, RenderError> {
    let openapi: Value = serde_json::from_str(include_str!("sample.json")).unwrap_or_default();
    render(&openapi)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operations_fields_and_examples_are_shown() {
        let html = sample().expect("it renders");
        for part in [
            "id=\"post-v1-payments\"",
            "href=\"#schema-Payment\"",
            "id=\"schema-Payment\"",
            "slips[].slip_no",
            "24600",
            "Idempotency-Key",
            "409",
        ] {
            assert!(html.contains(part), "{part}");
        }
    }

    #[test]
    fn an_empty_document_still_makes_a_page() {
        let html = render(&json!({})).expect("it renders");
        assert!(html.contains("<h1>API</h1>"));
    }

    #[test]
    fn strange_documents_neither_panic_nor_become_markup() {
        let evil = "<script>alert(1)</script>";
        let html = render(&json!({
            "info": {"title": evil, "description": evil},
            "paths": {evil: {"get": {"summary": evil, "parameters": [{"$ref": "#/nowhere"}, 7], "responses": {evil: {"description": evil}}}}},
            "components": {"schemas": {evil: {"type": "object", "properties": {evil: {"$ref": format!("#/components/schemas/{evil}")}}},
                "Loop": {"properties": {"next": {"$ref": "#/components/schemas/Loop"}}},
                "Deep": {"properties": {"a": {"properties": {"b": {"properties": {"c": {"properties": {"d": {"properties": {"e": {"type": "string"}}}}}}}}}}}}},
        }))
        .expect("it renders");
        assert!(!html.contains("<script"));
        assert!(html.contains("href=\"#schema-Loop\""));
    }
}
