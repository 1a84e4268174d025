//! A route says how it is guarded; a table of routes is what a listener serves, and nothing else.

use super::api_error::ApiFailure;
use super::staff;
use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Route as Service};
use mingfen_domain::access::Right;

/// How a route that changes something knows that its own page sent the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Csrf {
    /// It changes nothing.
    ReadsOnly,
    /// The form carries the session's token.
    Token,
    /// It changes nothing that matters (language, type size, asking the provider once more).
    Harmless,
    /// The caller signs the request, or the provider its notification.
    Signature,
}

/// How often it may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// By each address so often a minute.
    PerAddress,
    /// The sender proves itself; only what proves nothing is counted, by address, and a key by its own limit.
    Proven,
}

/// Who may call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Anybody who has the link.
    Anyone,
    /// A provider.
    Provider,
    /// A system with an API key of that right.
    Key(crate::settings::ApiRight),
    /// Whoever reaches the internal listener.
    InternalNetwork,
    /// Whoever is at the door of the staff pages: signed in not at all, or not wholly.
    Door,
    /// A person who is signed in and has that right.
    Staff(Right),
}

/// One line of a listener's table.
#[derive(Clone, Copy)]
pub struct Route {
    /// The address, with its parameters in braces.
    pub path: &'static str,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Who.
    pub caller: Caller,
    /// Forgery.
    pub csrf: Csrf,
    /// Abuse.
    pub limit: Limit,
    /// The handler.
    pub service: fn() -> Service,
}

/// Registers a table: one resource an address, with an answer of its own for the wrong method.
pub fn register(config: &mut ServiceConfig, routes: &[Route], wrong_method: fn() -> Service) {
    let mut paths: Vec<&str> = routes.iter().map(|route| route.path).collect();
    paths.dedup();
    for path in paths {
        let mut resource = web::resource(path);
        for route in routes.iter().filter(|route| route.path == path) {
            resource = resource.route(guarded(route));
        }
        config.service(resource.default_service(wrong_method()));
    }
}

/// The handler with what stands in front of it: a page of staff is reached by who is signed in and has the right, and by nobody else.
fn guarded(route: &Route) -> Service {
    let service = (route.service)();
    match route.caller {
        Caller::Staff(right) => {
            service.wrap(from_fn(move |request, next| staff::guard(Some(right), request, next)))
        }
        Caller::Door => service.wrap(from_fn(move |request, next| staff::guard(None, request, next))),
        Caller::Anyone | Caller::Provider | Caller::Key(_) | Caller::InternalNetwork => service,
    }
}

/// An answer for callers that are no people.
pub async fn method_not_allowed() -> HttpResponse {
    let message = "there is something at this address, but not by this method; see /api/docs";
    ApiFailure::new(StatusCode::METHOD_NOT_ALLOWED, "NO_SUCH_METHOD", message).answer()
}
