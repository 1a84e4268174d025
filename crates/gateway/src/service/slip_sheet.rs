//! The printable fee slip: what is owed now, and the code that opens it on a phone.

use super::{LinkError, SlipLink, Trouble, campus_line, slip_link};
use crate::Gateway;
use crate::public::view::{kind, who};
use crate::settings::HospitalSettings;
use mingfen_domain::ids::SlipNo;
use mingfen_domain::person::Patient;
use mingfen_domain::slip::{Slip, SlipKind, SlipStatus};
use mingfen_domain::{Fen, Timestamp};
use mingfen_his::{HisError, Owed};
use mingfen_pages::print_slip::{CodeSize, Paper, PrintItem, PrintSlip};
use mingfen_pages::{Frame, Language, Moment, Page as _, RenderError, qr};

/// How a sheet is to look.
#[derive(Clone, Copy, Debug)]
pub struct SheetOptions {
    /// What it is printed on.
    pub paper: Paper,
    /// How large its code is.
    pub code_size: CodeSize,
}

/// A sheet, and the link that its code holds.
#[derive(Clone, Debug)]
pub struct SlipSheet {
    /// The link.
    pub link: SlipLink,
    /// A document that stands alone.
    pub html: String,
    /// The same as a page of ours, with its style beside it.
    pub page: String,
}

/// Why there is no sheet.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// HIS does not know the card, or knows it under another name.
    #[error("HIS knows no such card, or knows it under another name")]
    NotMatched,
    /// There is nothing to print.
    #[error("nothing of what was asked for is owed with this card now")]
    NothingOwed,
    /// HIS does not answer, or says no.
    #[error(transparent)]
    His(#[from] HisError),
    /// The patient does not fit into a link.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The link does not fit into a code.
    #[error(transparent)]
    Code(#[from] qr::QrError),
    /// The sheet could not be made.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The sums do not fit.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Makes the sheet of these slips, or of everything that is owed when none is named. The code opens all that is owed when
/// it is scanned, whatever the sheet names. `by` had it made, for the audit trail.
///
/// # Errors
/// [`SheetError`]: nothing was made.
pub async fn slip_sheet(
    gateway: &Gateway,
    patient: &Patient,
    slip_nos: &[SlipNo],
    options: SheetOptions,
    by: &str,
) -> Result<SlipSheet, SheetError> {
    let hospital = gateway.hospital();
    let owed = match gateway.his.owed_slips(&hospital.id, &patient.card_no).await? {
        Some(Owed { patient: known, slips }) if known.name == patient.name => slips,
        Some(_) | None => return Err(SheetError::NotMatched),
    };
    let printed = |slip: &Slip| {
        slip.status == SlipStatus::Unpaid && (slip_nos.is_empty() || slip_nos.contains(&slip.slip_no))
    };
    let slips: Vec<Slip> = owed.into_iter().filter(printed).collect();
    if slips.is_empty() {
        return Err(SheetError::NothingOwed);
    }
    let link = slip_link(gateway, patient, by).await?;
    let sheet = sheet(gateway.now(), patient, &slips, &link, options)?;
    let frame = Frame {
        campus: campus_line(gateway, by).await.map_err(Trouble::from)?,
        ..hospital_frame(&hospital, Language::ZhCn)
    };
    let (html, page) = (sheet.standalone(&frame)?, sheet.html(&frame)?);
    Ok(SlipSheet { link, html, page })
}

fn sheet(
    now: Timestamp,
    patient: &Patient,
    slips: &[Slip],
    link: &SlipLink,
    options: SheetOptions,
) -> Result<PrintSlip, SheetError> {
    let moment = |at: Timestamp| Moment::local(at.ms(), now.ms(), 480);
    let first = slips.first().map(|slip| slip.department.clone()).filter(|department| !department.is_empty());
    Ok(PrintSlip {
        paper: options.paper,
        who: who(patient),
        sheet_no: match slips {
            [only] => Some(only.slip_no.to_string()),
            _ => None,
        },
        department: first.filter(|first| slips.iter().all(|slip| slip.department == *first)),
        valid_until: moment(link.expires_at),
        printed_at: moment(now),
        items: slips
            .iter()
            .map(|slip| PrintItem {
                kind: kind(slip.kind),
                what: slip.title.clone(),
                // HIS says where to go when it has booked the payment.
                place: None,
                held_until: slip.pay_by.filter(|_| slip.kind == SlipKind::Registration).map(moment),
                amount_yuan: slip.split.total().to_yuan_grouped(),
            })
            .collect(),
        total_yuan: Fen::sum(slips.iter().map(|slip| slip.split.total()))
            .map_err(Trouble::from)?
            .to_yuan_grouped(),
        code: qr::QrCode::new(&link.url, qr::Level::M)?,
        code_size: options.code_size,
    })
}

/// What every page of the hospital says, without a visitor.
pub(crate) fn hospital_frame(hospital: &HospitalSettings, language: Language) -> Frame {
    let places = &hospital.places;
    let (name, cashier, kiosk) = match language {
        Language::ZhCn => (&hospital.name_zh, &places.cashier_zh, &places.kiosk_zh),
        Language::En => (&hospital.name_en, &places.cashier_en, &places.kiosk_en),
    };
    Frame {
        hospital_name: name.clone(),
        language,
        elder: false,
        help_phone: hospital.help_phone.clone(),
        cashier_place: cashier.clone(),
        kiosk_place: kiosk.clone(),
        path: String::new(),
        csrf: String::new(),
        campus: String::new(),
        bridge_script: None,
    }
}
