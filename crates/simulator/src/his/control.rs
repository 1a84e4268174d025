//! `/control/his/…`: what staff and misfortune do to the hospital, for scripts and browser tests.
//!
//! All calls take and give JSON. They are not part of any contract and carry no signature.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::denial::Denial;
use super::records::LedgerDamage;
use super::staff::NewSlip;
use super::trouble::Trouble;
use super::wire::Patient;
use super::{GatewayAccess, His};

pub(super) fn configure(service: &mut web::ServiceConfig) {
    service.service(
        web::scope("/control/his")
            .route("/state", web::get().to(state))
            .route("/patients", web::post().to(register))
            .route("/slips", web::post().to(write_slip))
            .route("/slips/cancel", web::post().to(cancel))
            .route("/slips/pay-at-window", web::post().to(pay_at_window))
            .route("/slips/amount", web::post().to(change_amount))
            .route("/slips/delivered", web::post().to(set_delivered))
            .route("/trouble", web::post().to(set_trouble))
            .route("/trouble/lift", web::post().to(lift_trouble))
            .route("/ledger", web::post().to(set_ledger))
            .route("/gateway", web::post().to(set_gateway))
            .route("/push", web::post().to(push)),
    );
}

type Hospital = web::Data<His>;

fn answer(outcome: Result<Value, Denial>) -> HttpResponse {
    match outcome {
        Ok(value) => HttpResponse::Ok().json(value),
        Err(denial) => {
            let body = json!({ "code": denial.code, "message": denial.message });
            HttpResponse::build(denial.status).json(body)
        }
    }
}

/// Everything a test wants to compare, without personal data.
async fn state(hospital: Hospital) -> HttpResponse {
    let records = hospital.records();
    let slips: Vec<Value> = records
        .slips
        .values()
        .map(|slip| {
            let by = slip.charge.as_ref().map(|charge| match &charge.by {
                super::ChargedBy::Order(order_no) => json!({ "order_no": order_no, "at_ms": charge.at_ms }),
                super::ChargedBy::Window(cashier) => json!({ "window": cashier, "at_ms": charge.at_ms }),
            });
            json!({
                "slip_no": slip.slip_no, "card_no": slip.card_no, "kind": slip.kind, "status": slip.status,
                "total_fen": slip.total_fen, "self_pay_fen": slip.self_pay_fen(),
                "delivered": slip.delivered, "charged_by": by,
                "locked": records.is_locked(&slip.slip_no, hospital.now_ms()),
            })
        })
        .collect();
    let bookings: Vec<Value> = records
        .bookings()
        .into_iter()
        .map(|booking| {
            json!({
                "order_no": booking.order_no, "his_order_no": booking.his_order_no,
                "receipt_no": booking.receipt_no, "total_fen": booking.total_fen,
                "refunded_fen": records.refunded_fen(&booking.order_no), "booked_at_ms": booking.booked_at_ms,
                "slips": booking.slips.iter().map(|paid| &paid.slip_no).collect::<Vec<_>>(),
            })
        })
        .collect();
    let refunds: Vec<Value> = records
        .refunds
        .values()
        .map(|refund| {
            json!({
                "refund_no": refund.refund_no, "order_no": refund.order_no,
                "his_refund_no": refund.his_refund_no, "amount_fen": refund.amount_fen,
            })
        })
        .collect();
    let troubles: Vec<Value> = hospital
        .troubles_in_force()
        .into_iter()
        .map(|(call, trouble, times)| json!({ "call": call, "trouble": trouble, "times": times }))
        .collect();
    answer(Ok(json!({ "slips": slips, "bookings": bookings, "refunds": refunds, "troubles": troubles })))
}

async fn register(hospital: Hospital, patient: web::Json<Patient>) -> HttpResponse {
    hospital.records().register(patient.into_inner());
    answer(Ok(json!({})))
}

async fn write_slip(hospital: Hospital, slip: web::Json<NewSlip>) -> HttpResponse {
    let now_ms = hospital.now_ms();
    answer(
        hospital.records().write_slip(slip.into_inner(), now_ms).map(|slip_no| json!({ "slip_no": slip_no })),
    )
}

#[derive(Deserialize)]
struct OneSlip {
    slip_no: String,
}

async fn cancel(hospital: Hospital, ask: web::Json<OneSlip>) -> HttpResponse {
    answer(hospital.records().cancel_slip(&ask.slip_no).map(|()| json!({})))
}

#[derive(Deserialize)]
struct AtWindow {
    slip_no: String,
    #[serde(default = "anyone")]
    cashier: String,
    /// Refuse while a patient holds the slip; by default the window takes the money all the same.
    #[serde(default)]
    respect_lock: bool,
}

fn anyone() -> String {
    "1 号窗口".to_owned()
}

async fn pay_at_window(hospital: Hospital, ask: web::Json<AtWindow>) -> HttpResponse {
    let now_ms = hospital.now_ms();
    let paid = hospital.records().pay_at_window(&ask.slip_no, &ask.cashier, ask.respect_lock, now_ms);
    answer(paid.map(|receipt_no| json!({ "receipt_no": receipt_no })))
}

#[derive(Deserialize)]
struct NewAmount {
    slip_no: String,
    total_fen: i64,
}

async fn change_amount(hospital: Hospital, ask: web::Json<NewAmount>) -> HttpResponse {
    answer(hospital.records().change_amount(&ask.slip_no, ask.total_fen).map(|()| json!({})))
}

#[derive(Deserialize)]
struct Delivered {
    slip_no: String,
    delivered: bool,
}

async fn set_delivered(hospital: Hospital, ask: web::Json<Delivered>) -> HttpResponse {
    answer(hospital.records().set_delivered(&ask.slip_no, ask.delivered).map(|()| json!({})))
}

#[derive(Deserialize)]
struct SetTrouble {
    /// `payments/confirm`, or `*`.
    call: String,
    #[serde(flatten)]
    trouble: Trouble,
    /// How many calls it meets; absent means until lifted.
    #[serde(default)]
    times: Option<u32>,
}

async fn set_trouble(hospital: Hospital, ask: web::Json<SetTrouble>) -> HttpResponse {
    let ask = ask.into_inner();
    hospital.set_trouble(&ask.call, ask.trouble, ask.times);
    answer(Ok(json!({})))
}

#[derive(Deserialize)]
struct LiftTrouble {
    #[serde(default)]
    call: Option<String>,
}

async fn lift_trouble(hospital: Hospital, ask: web::Json<LiftTrouble>) -> HttpResponse {
    hospital.lift_trouble(ask.call.as_deref());
    answer(Ok(json!({})))
}

#[derive(Deserialize)]
struct SetLedger {
    #[serde(default)]
    rows_per_page: Option<usize>,
    /// Seconds added to the time at which the hospital books: a day that turns earlier or later than elsewhere.
    #[serde(default)]
    booking_shift_s: Option<i64>,
    #[serde(default)]
    damages: Option<Vec<LedgerDamage>>,
}

async fn set_ledger(hospital: Hospital, ask: web::Json<SetLedger>) -> HttpResponse {
    let ask = ask.into_inner();
    if let Some(rows) = ask.rows_per_page {
        hospital.set_rows_per_page(rows);
    }
    let mut records = hospital.records();
    if let Some(shift_s) = ask.booking_shift_s {
        records.set_booking_shift_s(shift_s);
    }
    if let Some(damages) = ask.damages {
        records.set_ledger_damage(damages);
    }
    answer(Ok(json!({})))
}

#[derive(Deserialize)]
struct SetGateway {
    base_url: String,
    key_id: String,
    secret: String,
}

async fn set_gateway(hospital: Hospital, ask: web::Json<SetGateway>) -> HttpResponse {
    let SetGateway { base_url, key_id, secret } = ask.into_inner();
    hospital.set_gateway(GatewayAccess { base_url, key_id, secret });
    answer(Ok(json!({})))
}

#[derive(Deserialize)]
struct Push {
    card_no: String,
    #[serde(default)]
    slips: Vec<String>,
}

async fn push(hospital: Hospital, ask: web::Json<Push>) -> HttpResponse {
    match hospital.push(&ask.card_no, &ask.slips).await {
        Ok(pushed) => HttpResponse::Ok().json(json!({
            "link": pushed.link, "expires_at": pushed.expires_at,
            "qr_png": pushed.qr_png, "qr_svg": pushed.qr_svg,
        })),
        Err(failure) => {
            HttpResponse::build(StatusCode::BAD_GATEWAY).json(json!({ "message": failure.to_string() }))
        }
    }
}
