//! What a card owes, for a kiosk that reads the card itself.

use super::links::{is_card_no, this_hospital};
use super::members::Members;
use super::{reply, to_json};
use crate::Gateway;
use crate::http::api_error::ApiFailure;
use crate::http::signed_request::caller;
use crate::settings::ApiRight;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use mingfen_domain::slip::{Slip, SlipStatus};
use mingfen_vault::mask;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Whose slips are asked for. In the body, so that no card number is in an address.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the shape in the description; members.rs reads it")]
pub(crate) struct UnpaidRequest {
    /// The hospital, as configured here.
    #[schema(example = "QH01", min_length = 1, max_length = 16)]
    hospital_id: String,
    /// 1 to 32 letters, digits or -.
    #[schema(example = "A10023846021", min_length = 1, max_length = 32, pattern = "^[A-Za-z0-9-]+$")]
    card_no: String,
}

/// What a card owes.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnpaidAnswer {
    /// Masked, to be compared by the person at the screen.
    #[schema(example = "张*明")]
    patient: String,
    slips: Vec<UnpaidSlip>,
}

/// A slip that is not paid.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnpaidSlip {
    slip_no: String,
    /// `registration`, `exam`, `lab`, `drug`, `treatment`, `deposit`, `other`.
    kind: String,
    title: String,
    department: String,
    #[schema(minimum = 0)]
    total_fen: i64,
    #[schema(minimum = 0)]
    self_pay_fen: i64,
    /// RFC 3339.
    #[schema(format = "date-time")]
    billed_at: String,
    /// RFC 3339; left out when it does not lapse.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pay_by: Option<String>,
    /// All slips of its visit must be paid at once.
    pay_together: bool,
}

/// Lists what HIS says is unpaid for a card, now.
#[utoipa::path(post, path = "/api/v1/slips/unpaid", tag = "slips", request_body = UnpaidRequest,
    responses((status = 200, description = "What is unpaid", body = UnpaidAnswer), (status = 404, description = "NO_SUCH_PATIENT"), (status = 502, description = "HIS_DOES_NOT_ANSWER")))]
pub(crate) async fn unpaid(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    reply(listed(&gateway, &request, &body).await)
}

async fn listed(gateway: &Gateway, request: &HttpRequest, body: &[u8]) -> Result<Value, ApiFailure> {
    caller(gateway, request, body, ApiRight::Unpaid).await?;
    let mut members = Members::parse(body)?;
    this_hospital(gateway, &mut members)?;
    let card_no = members.text("card_no")?;
    if !is_card_no(&card_no) {
        return Err(members.refuse("card_no", "1 to 32 letters, digits or -"));
    }
    members.end()?;
    let owed = gateway.his.owed_slips(&gateway.settings().hospital.id, &card_no).await?;
    let owed = owed.ok_or_else(|| {
        ApiFailure::new(StatusCode::NOT_FOUND, "NO_SUCH_PATIENT", "HIS knows no patient of this card")
    })?;
    let unpaid = owed.slips.iter().filter(|slip| slip.status == SlipStatus::Unpaid);
    to_json(&UnpaidAnswer {
        patient: mask::name(&owed.patient.name),
        slips: unpaid.map(unpaid_slip).collect(),
    })
}

fn unpaid_slip(slip: &Slip) -> UnpaidSlip {
    UnpaidSlip {
        slip_no: slip.slip_no.to_string(),
        kind: slip.kind.as_str().to_owned(),
        title: slip.title.clone(),
        department: slip.department.clone(),
        total_fen: slip.split.total().get(),
        self_pay_fen: slip.split.self_pay().get(),
        billed_at: slip.billed_at.to_rfc3339(),
        pay_by: slip.pay_by.map(|at| at.to_rfc3339()),
        pay_together: slip.pay_together,
    }
}
