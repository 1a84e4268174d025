//! Slips, patients and locks out of answers.

use super::answer::{Member, Misread};
use crate::{LockAnswer, Owed};
use mingfen_domain::Fen;
use mingfen_domain::ids::{HospitalId, SlipNo};
use mingfen_domain::person::Patient;
use mingfen_domain::slip::{ChargeLine, Slip, SlipKind, SlipStatus};
use mingfen_domain::split::Split;
use std::collections::HashSet;

/// The answer of `slips/list`. Another card's patient or a slip that is not unpaid would be shown to the wrong person or
/// charged twice, so both make the answer unreadable.
pub(super) fn owed(answer: &Member<'_>, hospital: &HospitalId, card_no: &str) -> Result<Owed, Misread> {
    let person = answer.member("patient")?;
    let patient = patient(&person)?;
    if patient.card_no != card_no {
        return Err(person.member("card_no")?.wrong("another card's than the one asked for"));
    }
    let mut seen = HashSet::new();
    let slips = answer.list("slips")?;
    let slips = slips.iter().map(|item| {
        let slip = slip(item, hospital)?;
        if slip.status != SlipStatus::Unpaid {
            return Err(item.member("status")?.wrong("not unpaid; the list is of what is owed"));
        }
        if !seen.insert(slip.slip_no.clone()) {
            return Err(item.member("slip_no")?.wrong("listed twice"));
        }
        Ok(slip)
    });
    Ok(Owed { patient, slips: slips.collect::<Result<_, _>>()? })
}

/// The answer of `slips/detail`.
pub(super) fn detail(answer: &Member<'_>, hospital: &HospitalId, slip_no: &SlipNo) -> Result<Slip, Misread> {
    let item = answer.member("slip")?;
    let slip = slip(&item, hospital)?;
    if slip.slip_no == *slip_no {
        Ok(slip)
    } else {
        Err(item.member("slip_no")?.wrong("another slip's than the one asked for"))
    }
}

/// The answer of `slips/lock`.
pub(super) fn locked(answer: &Member<'_>) -> Result<LockAnswer, Misread> {
    Ok(LockAnswer::Locked {
        token: answer.filled_text("lock_token")?,
        expires_at: answer.time("expires_at")?,
    })
}

fn patient(item: &Member<'_>) -> Result<Patient, Misread> {
    // HIS's own number for the patient is required by the contract and of no use to us.
    item.text("patient_id")?;
    Ok(Patient {
        name: item.text("name")?,
        card_no: item.filled_text("card_no")?,
        phone: item.optional_text("phone")?,
        id_no: item.optional_text("id_no")?,
    })
}

fn slip(item: &Member<'_>, hospital: &HospitalId) -> Result<Slip, Misread> {
    let lines = if item.optional("lines")?.is_some() { item.list("lines")? } else { Vec::new() };
    Ok(Slip {
        hospital: hospital.clone(),
        slip_no: item.member("slip_no")?.as_id(SlipNo::parse)?,
        kind: SlipKind::parse(&item.text("kind")?),
        title: item.text("title")?,
        status: status(&item.member("status")?)?,
        department: item.optional_text("department")?.unwrap_or_default(),
        doctor: item.optional_text("doctor")?.unwrap_or_default(),
        billed_at: item.time("billed_at")?,
        pay_by: item.optional("pay_by")?.map(|member| member.as_time()).transpose()?,
        visit_no: item.optional_text("visit_no")?,
        pay_together: pay_together(item)?,
        split: split(item)?,
        lines: lines.iter().map(line).collect::<Result<_, _>>()?,
    })
}

fn status(member: &Member<'_>) -> Result<SlipStatus, Misread> {
    match member.as_text()? {
        "unpaid" => Ok(SlipStatus::Unpaid),
        "paid" => Ok(SlipStatus::Paid),
        "cancelled" => Ok(SlipStatus::Cancelled),
        "refunded" => Ok(SlipStatus::Refunded),
        _ => Err(member.wrong("none of unpaid, paid, cancelled, refunded")),
    }
}

/// "Together" means together with the visit's other slips, so it needs a visit.
fn pay_together(item: &Member<'_>) -> Result<bool, Misread> {
    let together = item.truth("pay_together")?;
    if together {
        item.filled_text("visit_no")?;
    }
    Ok(together)
}

fn split(item: &Member<'_>) -> Result<Split, Misread> {
    let part = |name| item.optional(name)?.map_or(Ok(Fen::ZERO), |member| member.as_fen());
    let (pooled_fund, account) = (part("pooled_fund_fen")?, part("account_fen")?);
    let (self_pay, total) = (item.fen("self_pay_fen")?, item.fen("total_fen")?);
    Split::new(pooled_fund, account, self_pay, total)
        .map_err(|error| item.wrong(format!("not a bill that adds up: {error}")))
}

fn line(item: &Member<'_>) -> Result<ChargeLine, Misread> {
    Ok(ChargeLine {
        code: item.text("code")?,
        name: item.filled_text("name")?,
        spec: item.text("spec")?,
        unit: item.text("unit")?,
        unit_price: item.decimal("unit_price")?,
        quantity: item.decimal("quantity")?,
        amount: item.fen("amount_fen")?,
        insurance_class: insurance_class(item)?,
    })
}

fn insurance_class(item: &Member<'_>) -> Result<Option<String>, Misread> {
    let Some(member) = item.optional("insurance_class")? else { return Ok(None) };
    match member.as_text()? {
        class @ ("甲" | "乙" | "自费") => Ok(Some(class.to_owned())),
        _ => Err(member.wrong("none of 甲, 乙, 自费")),
    }
}
