//! A slip's link and code.

use super::members::Members;
use super::{operator, optional_operator, to_json};
use crate::Gateway;
use crate::http::api_error::ApiFailure;
use crate::http::signed_request::{Key, change};
use crate::http::words::is_readable;
use crate::service::{self, SheetOptions};
use crate::settings::ApiRight;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mingfen_domain::ids::SlipNo;
use mingfen_domain::person::{Patient, Phone};
use mingfen_pages::print_slip::{CodeSize, Paper};
use mingfen_pages::qr::{self, QrOptions};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Slips that one request may name.
const MOST_SLIPS: usize = 50;

/// A patient whose slips shall be payable by a code.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the shape in the description; members.rs reads it")]
pub(crate) struct LinkRequest {
    /// The hospital, as configured here.
    #[schema(example = "QH01", min_length = 1, max_length = 16)]
    hospital_id: String,
    patient: PatientRequest,
    /// Slips that are printed on the sheet; the patient is shown everything unpaid for the card.
    #[schema(max_items = 50)]
    slips: Option<Vec<String>>,
    /// Who prints it, for the audit trail.
    #[schema(example = "王芳", min_length = 1, max_length = 32)]
    operator: Option<String>,
    /// How the code is drawn.
    qr: Option<QrRequest>,
    /// The sheet as well, for this paper: what is owed now, or the slips that are named, with the code.
    paper: Option<SheetPaper>,
}

/// What a sheet is printed on.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the shape in the description; members.rs reads it")]
pub(crate) enum SheetPaper {
    /// A5 upright.
    #[schema(rename = "a5")]
    A5,
    /// A roll of 80 mm.
    #[schema(rename = "80mm")]
    Roll80,
    /// A roll of 58 mm.
    #[schema(rename = "58mm")]
    Roll58,
}

fn paper(members: &mut Members) -> Result<Option<Paper>, ApiFailure> {
    let word = members.optional_text("paper")?;
    match word.as_deref() {
        None => Ok(None),
        Some("a5") => Ok(Some(Paper::A5)),
        Some("80mm") => Ok(Some(Paper::Roll80)),
        Some("58mm") => Ok(Some(Paper::Roll58)),
        Some(_) => Err(members.refuse("paper", "a5, 80mm or 58mm")),
    }
}

/// How a code is drawn.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the shape in the description; members.rs reads it")]
pub(crate) struct QrRequest {
    /// Dots a module; 6 when it is left out, which fits 58 mm paper at 203 dpi.
    #[schema(minimum = 1, maximum = 20)]
    dots: Option<u32>,
    /// Light modules around it; 4 when it is left out, and fewer are not promised to scan.
    #[schema(minimum = 0, maximum = 16)]
    margin: Option<u32>,
}

fn qr_options(members: Option<Members>) -> Result<QrOptions, ApiFailure> {
    let mut options = QrOptions::default();
    let Some(mut members) = members else { return Ok(options) };
    for (name, least, most, option) in
        [("dots", 1, 20, &mut options.dots), ("margin", 0, 16, &mut options.margin)]
    {
        if let Some(number) = members.optional_integer(name)? {
            *option = u32::try_from(number)
                .ok()
                .filter(|number| (least..=most).contains(number))
                .ok_or_else(|| members.refuse(name, format_args!("{least} to {most}")))?;
        }
    }
    members.end()?;
    Ok(options)
}

/// Whom the slip is for. All of it is sealed into the link.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the shape in the description; members.rs reads it")]
pub(crate) struct PatientRequest {
    /// As it is on the card; characters that cannot be seen are refused.
    #[schema(example = "张小明", min_length = 1, max_length = 30)]
    name: String,
    /// 1 to 32 letters, digits or -.
    #[schema(example = "A10023846021", min_length = 1, max_length = 32, pattern = "^[A-Za-z0-9-]+$")]
    card_no: String,
    /// A mainland mobile number; blanks and hyphens between digits are forgiven.
    #[schema(example = "13800001234", min_length = 11, max_length = 20)]
    phone: Option<String>,
    /// Identity card.
    #[schema(min_length = 1, max_length = 20, pattern = "^[A-Za-z0-9-]+$")]
    id_no: Option<String>,
}

fn plain(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

pub(super) fn is_card_no(text: &str) -> bool {
    plain(text, 32)
}

fn patient(mut members: Members) -> Result<Patient, ApiFailure> {
    let name = members.text("name")?;
    if !is_readable(&name, 1, 30) || name.trim() != name {
        return Err(members.refuse("name", "1 to 30 characters that can be read, without blanks around"));
    }
    let card_no = members.text("card_no")?;
    if !is_card_no(&card_no) {
        return Err(members.refuse("card_no", "1 to 32 letters, digits or -"));
    }
    let phone = match members.optional_text("phone")? {
        None => None,
        Some(text) => {
            let phone = Phone::parse(&text).map_err(|error| {
                members.refuse("phone", format_args!("a mobile number of 11 digits: {error}"))
            })?;
            Some(phone.as_str().to_owned())
        }
    };
    let id_no = members.optional_text("id_no")?;
    if id_no.as_ref().is_some_and(|id_no| !plain(id_no, 20)) {
        return Err(members.refuse("id_no", "1 to 20 letters, digits or -"));
    }
    members.end()?;
    Ok(Patient { name, card_no, phone, id_no })
}

/// The hospital that a request is about: this one.
pub(super) fn this_hospital(gateway: &Gateway, members: &mut Members) -> Result<(), ApiFailure> {
    if members.text("hospital_id")? == gateway.settings().hospital.id.as_str() {
        Ok(())
    } else {
        Err(ApiFailure::bad_request("hospital_id is not the hospital of this gateway"))
    }
}

/// A link and its code.
#[derive(Serialize, ToSchema)]
pub(crate) struct LinkAnswer {
    /// What the code holds.
    #[schema(example = "https://pay.example-hospital.cn/s/AQE…", format = "uri")]
    link: String,
    /// Until when it works, RFC 3339.
    #[schema(example = "2026-11-25T09:58:00+08:00", format = "date-time")]
    expires_at: String,
    /// Version of the code.
    #[schema(minimum = 1, maximum = 40)]
    qr_version: u8,
    /// Error correction.
    #[schema(example = "M")]
    qr_level: String,
    /// PNG, Base64.
    #[schema(format = "byte")]
    qr_png: String,
    /// SVG text.
    qr_svg: String,
    /// The sheet, a document that stands alone, when a paper was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet_html: Option<String>,
}

/// Makes the link and the code for a fee slip.
#[utoipa::path(post, path = "/api/v1/slips", tag = "slips", request_body = LinkRequest,
    responses((status = 200, description = "The link and its code", body = LinkAnswer), (status = 409, description = "NOTHING_OWED, NOT_MATCHED: only with paper"), (status = 502, description = "HIS_DOES_NOT_ANSWER: only with paper")))]
pub(crate) async fn make_link(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    change(&gateway, &request, &body, ApiRight::Slips, Key::Optional, async |key| {
        link(&gateway, &key.id, &body).await
    })
    .await
}

async fn link(gateway: &Gateway, key: &str, body: &[u8]) -> Result<Value, ApiFailure> {
    let mut members = Members::parse(body)?;
    this_hospital(gateway, &mut members)?;
    let patient = patient(members.object("patient")?)?;
    // What is owed is read from HIS when the code is scanned: the numbers choose what a sheet names.
    let mut slips = Vec::new();
    for (index, slip_no) in members.texts("slips", MOST_SLIPS)?.into_iter().enumerate() {
        slips.push(members.parsed(&format!("slips[{index}]"), slip_no, SlipNo::parse)?);
    }
    let who = match optional_operator(&mut members)? {
        Some(operator) => format!("{key}:{operator}"),
        None => key.to_owned(),
    };
    let options = qr_options(members.optional_object("qr")?)?;
    let paper = paper(&mut members)?;
    members.end()?;
    let (link, sheet_html) = match paper {
        Some(paper) => {
            let code_size = CodeSize { margin: options.margin, dots: None };
            let look = SheetOptions { paper, code_size };
            let sheet = service::slip_sheet(gateway, &patient, &slips, look, &who).await?;
            (sheet.link, Some(sheet.html))
        }
        None => (service::slip_link(gateway, &patient, &who).await?, None),
    };
    let code = qr::QrCode::new(&link.url, qr::Level::M)
        .map_err(|error| ApiFailure::bad_request(error.to_string()))?;
    let broken =
        |error: qr::QrError| ApiFailure::new(StatusCode::INTERNAL_SERVER_ERROR, "NO_CODE", error.to_string());
    to_json(&LinkAnswer {
        qr_version: code.version(),
        qr_level: code.level().letter().to_owned(),
        qr_png: STANDARD.encode(code.png(&options).map_err(broken)?),
        qr_svg: code.svg(&options).map_err(broken)?,
        link: link.url,
        expires_at: link.expires_at.to_rfc3339(),
        sheet_html,
    })
}

/// A link that shall not open any more.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the shape in the description; members.rs reads it")]
pub(crate) struct RevokeRequest {
    /// The link as it was answered, or what follows its last `/`.
    #[schema(min_length = 1, max_length = 2000)]
    link: String,
    /// Who, for the audit trail.
    #[schema(example = "王芳", min_length = 1, max_length = 32)]
    operator: String,
}

/// What became of a link.
#[derive(Serialize, ToSchema)]
pub(crate) struct RevokedAnswer {
    /// `revoked`: it does not open any more, whether it was called back or has run out.
    state: String,
}

/// Calls a link back that was printed for the wrong person or lost. Who opened it before goes on until their session is over.
#[utoipa::path(post, path = "/api/v1/slips/revoke", tag = "slips", request_body = RevokeRequest,
    responses((status = 200, description = "It does not open any more", body = RevokedAnswer), (status = 404, description = "NO_SUCH_LINK")))]
pub(crate) async fn revoke(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    change(&gateway, &request, &body, ApiRight::Slips, Key::Optional, async |key| {
        revoked(&gateway, &key.id, &body).await
    })
    .await
}

async fn revoked(gateway: &Gateway, key: &str, body: &[u8]) -> Result<Value, ApiFailure> {
    let mut members = Members::parse(body)?;
    let link = members.text("link")?;
    if !(1..=2000).contains(&link.len()) || !link.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(members.refuse("link", "a link of a slip"));
    }
    let operator = operator(&mut members)?;
    members.end()?;
    service::revoke_link(gateway, &link, &format!("{key}:{operator}")).await?;
    to_json(&RevokedAnswer { state: "revoked".to_owned() })
}
