//! Every route says who may call it, how forgery is kept out and how often it may be called; the listeners serve nothing else.

use mingfen_gateway::http::route::{Caller, Csrf, Limit, Route};
use mingfen_gateway::{internal, public};
use serde_json::Value;
use std::collections::BTreeSet;

fn all() -> impl Iterator<Item = &'static Route> {
    public::ROUTES.iter().chain(internal::ROUTES)
}

#[test]
fn a_route_that_changes_something_is_guarded() {
    for route in all() {
        match route.method {
            "GET" => assert!(
                matches!(route.csrf, Csrf::ReadsOnly | Csrf::Signature),
                "{} {}",
                route.method,
                route.path
            ),
            "POST" => assert_ne!(route.csrf, Csrf::ReadsOnly, "{} {}", route.method, route.path),
            other => panic!("{other} {}", route.path),
        }
    }
}

#[test]
fn the_public_listener_counts_everybody_but_providers_and_assets() {
    for route in public::ROUTES {
        let free = route.caller == Caller::Provider || route.path.starts_with("/assets/");
        assert_eq!(route.limit == Limit::Proven, free, "{}", route.path);
    }
}

#[test]
fn the_api_is_signed() {
    for route in internal::ROUTES.iter().filter(|route| route.path.starts_with("/api/v1/")) {
        assert!(matches!(route.caller, Caller::Key(_)), "{}", route.path);
        assert_eq!(route.csrf, Csrf::Signature);
    }
}

fn api_routes() -> impl Iterator<Item = &'static Route> {
    internal::ROUTES.iter().filter(|route| route.path.starts_with("/api/v1/"))
}

fn operation<'a>(document: &'a Value, route: &Route) -> &'a Value {
    &document["paths"][route.path][route.method.to_lowercase()]
}

/// What a reference leads to, or the thing itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            let pointer = reference.strip_prefix('#').expect("a place in the document");
            document.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"))
        }
        None => value,
    }
}

fn every_reference<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| every_reference(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| every_reference(item, found)),
        _ => {}
    }
}

#[test]
fn the_description_names_every_route_of_the_api_and_no_other() {
    let document = internal::document();
    let listed: BTreeSet<(String, String)> =
        api_routes().map(|route| (route.path.to_owned(), route.method.to_lowercase())).collect();
    let described = document["paths"].as_object().expect("paths").iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("methods").keys();
        methods.map(|method| (path.clone(), method.clone())).collect::<Vec<_>>()
    });
    assert_eq!(described.collect::<BTreeSet<_>>(), listed);
}

#[test]
fn every_operation_says_how_it_is_signed_who_may_call_it_and_what_it_answers() {
    let document = internal::document();
    let scheme = &document["components"]["securitySchemes"]["signature"];
    assert_eq!((&scheme["in"], &scheme["name"]), (&"header".into(), &"X-Mingfen-Signature".into()));
    for route in api_routes() {
        let operation = operation(&document, route);
        let place = format!("{} {}", route.method, route.path);
        assert_eq!(operation["security"][0]["signature"], Value::Array(Vec::new()), "{place}");
        let Caller::Key(right) = route.caller else { panic!("{place}") };
        assert_eq!(operation["x-right"], right.word(), "{place}");
        assert!(
            operation["summary"].as_str().is_some_and(|text| text.contains('.')),
            "{place} has no sentence"
        );

        let parameters = operation["parameters"].as_array().expect("parameters");
        let parameters: Vec<&Value> = parameters.iter().map(|one| resolved(&document, one)).collect();
        let named = |place: &str| -> BTreeSet<&str> {
            let there = parameters.iter().filter(|one| one["in"] == place);
            there.map(|one| one["name"].as_str().expect("a name")).collect()
        };
        for header in ["X-Mingfen-Key", "X-Mingfen-Timestamp", "X-Mingfen-Nonce"] {
            assert!(named("header").contains(header), "{place} does not say {header}");
        }
        let placeholders: BTreeSet<&str> =
            route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(named("path"), placeholders, "{place}");
        for parameter in &parameters {
            let told = parameter["description"].is_string() && parameter["schema"]["type"].is_string();
            assert!(told, "{place}: {parameter}");
        }

        let responses = operation["responses"].as_object().expect("responses");
        let answer = &responses["200"]["content"]["application/json"]["schema"];
        assert!(resolved(&document, answer)["properties"].is_object(), "{place}: what does it answer?");
        for status in ["400", "401", "403", "429", "503"] {
            assert!(responses.contains_key(status), "{place} does not say {status}");
        }
        for (status, response) in responses.iter().filter(|(status, _)| *status != "200") {
            let schema = &response["content"]["application/json"]["schema"];
            let required = &resolved(&document, schema)["required"];
            assert_eq!(*required, serde_json::json!(["code", "message"]), "{place} {status}");
            let codes = response["description"].as_str().unwrap_or_default();
            assert!(codes.contains(char::is_uppercase), "{place} {status}");
        }
        assert_eq!(operation["requestBody"].is_object(), route.method == "POST", "{place}");
    }
}

#[test]
fn the_description_is_whole_and_strict() {
    let document = internal::document();
    let mut references = Vec::new();
    every_reference(&document, &mut references);
    assert!(references.len() > 50, "only {}", references.len());
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a place in the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let schemas = &document["components"]["schemas"];
    assert!(!schemas.to_string().contains(r#""null""#), "nothing is ever null");
    let refund = &schemas["RefundRequest"];
    for (pointer, wanted) in [
        ("/additionalProperties", serde_json::json!(false)),
        ("/required", serde_json::json!(["refund_request_no", "reason", "operator"])),
        ("/properties/amount_fen/minimum", 1.into()),
        ("/properties/amount_fen/type", "integer".into()),
        ("/properties/reason/maxLength", 80.into()),
        ("/properties/refund_request_no/maxLength", 48.into()),
        ("/properties/refund_request_no/pattern", "^[!-~]+$".into()),
    ] {
        assert_eq!(refund.pointer(pointer), Some(&wanted), "{pointer}: {refund}");
    }
    let link = &schemas["LinkRequest"];
    assert_eq!(link.pointer("/properties/slips/maxItems"), Some(&50.into()), "{link}");
    for (name, schema) in schemas.as_object().expect("schemas") {
        assert!(schema["description"].is_string(), "{name} has no sentence");
    }
}
