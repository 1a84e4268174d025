//! The engine's methods over HTTP: clock, faults, pump, ledger. Each party adds its own below `/control/<party>`.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use crate::faults::Rule;
use crate::{Parties, Shared};

mod alipay;
mod forms;
mod page;
mod presets;

/// Adds the control routes.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/").get(page::show))
        .service(web::resource("/assets/control.css").get(style))
        // Before the forms: their scope would take these paths too.
        .configure(alipay::configure)
        .configure(forms::configure)
        .service(web::resource("/control/clock").get(show_clock).post(move_clock))
        .service(web::resource("/control/faults").get(list_faults).post(add_fault).delete(clear_faults))
        .service(web::resource("/control/faults/{id}").delete(remove_fault))
        .service(web::resource("/control/storm").post(raise_storm))
        .service(web::resource("/control/limits").post(set_limit))
        .service(web::resource("/control/pump").post(pump))
        .service(web::resource("/control/ledger").get(ledger))
        .service(web::resource("/control/calls").get(calls));
}

async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(include_str!("../../assets/control.css"))
}

async fn show_clock(shared: Data<Shared>) -> HttpResponse {
    let now_ms = shared.clock.now_ms();
    HttpResponse::Ok().json(json!({ "now_ms": now_ms, "beijing": crate::clock::rfc3339(now_ms) }))
}

/// Any of the members, applied in this order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    #[serde(default)]
    stop: bool,
    #[serde(default)]
    resume: bool,
    set_ms: Option<i64>,
    advance_ms: Option<i64>,
}

async fn move_clock(shared: Data<Shared>, change: Json<ClockChange>) -> HttpResponse {
    if change.stop {
        shared.clock.stop();
    }
    if change.resume {
        shared.clock.resume();
    }
    if let Some(at_ms) = change.set_ms {
        shared.clock.set_ms(at_ms);
    }
    if let Some(by_ms) = change.advance_ms {
        shared.clock.advance_ms(by_ms);
    }
    show_clock(shared).await
}

async fn list_faults(shared: Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(shared.faults.rules())
}

async fn add_fault(shared: Data<Shared>, rule: Json<Rule>) -> HttpResponse {
    HttpResponse::Created().json(json!({ "id": shared.faults.add(rule.into_inner()) }))
}

async fn clear_faults(shared: Data<Shared>) -> HttpResponse {
    shared.faults.clear();
    HttpResponse::NoContent().finish()
}

async fn remove_fault(shared: Data<Shared>, id: Path<u64>) -> HttpResponse {
    if shared.faults.remove(*id) {
        HttpResponse::NoContent().finish()
    } else {
        HttpResponse::NotFound().finish()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Storm {
    provider: String,
    percent: u32,
}

async fn raise_storm(shared: Data<Shared>, storm: Json<Storm>) -> HttpResponse {
    shared.faults.storm(&storm.provider, storm.percent);
    HttpResponse::NoContent().finish()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    call: String,
    per_second: u32,
}

async fn set_limit(shared: Data<Shared>, limit: Json<Limit>) -> HttpResponse {
    shared.faults.limit(&limit.call, limit.per_second);
    HttpResponse::NoContent().finish()
}

async fn pump(parties: Data<Parties>) -> HttpResponse {
    HttpResponse::Ok().json(parties.pump().await)
}

async fn ledger(parties: Data<Parties>) -> HttpResponse {
    HttpResponse::Ok().json(parties.ledger())
}

async fn calls(shared: Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(shared.calls.all())
}
