//! Every route says who may call it, how forgery is kept out and how often it may be called; the listeners serve nothing else.

use mingfen_gateway::http::route::{Caller, Csrf, Limit, Route};
use mingfen_gateway::{internal, public};

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

#[test]
fn the_description_names_every_route_of_the_api() {
    let document = internal::document();
    for route in internal::ROUTES.iter().filter(|route| route.path.starts_with("/api/v1/")) {
        let operation = &document["paths"][route.path][route.method.to_lowercase()];
        assert!(operation.is_object(), "{} {} is not described", route.method, route.path);
    }
}
