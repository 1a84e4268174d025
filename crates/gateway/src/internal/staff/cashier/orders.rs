//! One payment: its story, what is hidden of it, and its sheets.

use super::super::verdict_words;
use super::{file, words};
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::public::receipt as public_receipt;
use crate::service::desk::{
    ChannelAsked, OrderFile, RevealRefused, ask_channel, notification_of, print_receipt, receipts_printed,
    reveal_notification, reveal_person,
};
use crate::service::{LinkError, SheetError, SheetOptions, campus_line, hospital_frame, slip_sheet};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::{HttpResponse, web};
use mingfen_pages::print_slip::{CodeSize, Paper};
use mingfen_pages::staff::cashier::{
    Evidence, EvidenceDialog, FullPerson, PersonDialog, PrintDialog, PrintOption,
};
use mingfen_pages::staff::{Both, Face, State};
use mingfen_pages::{Frame, Language, Page as _, csp};
use mingfen_store::NotificationRecord;
use std::collections::BTreeMap;

/// 支付单.
pub(in crate::internal) async fn show(staff: Staff, bill: web::Path<String>) -> StaffAnswer {
    let file = file::read(&staff, &bill).await?;
    Ok(staff.page(&file::order(&staff, &file)?))
}

/// 向渠道再查询.
pub(in crate::internal) async fn ask(staff: Staff, bill: web::Path<String>, body: web::Bytes) -> StaffAnswer {
    staff.form(&body)?;
    let file = file::read(&staff, &bill).await?;
    let bill_no = &file.bill.bill.bill_no;
    let said = match ask_channel(&staff.gateway, bill_no, &staff.actor()).await? {
        ChannelAsked::NotFound => return Err(StaffFailure::NotFound),
        ChannelAsked::NothingOpen => {
            State::new(Face::Idle, "已有最终结果，没有再查", "The result is final; nobody was asked")
        }
        ChannelAsked::Asked { news: true } => {
            State::new(Face::Ok, "已查询，有新结果", "Asked, and there is news")
        }
        ChannelAsked::Asked { news: false } => State::new(
            Face::Info,
            "已查询，没有新消息；系统会继续查",
            "Asked, no news; it is asked again by itself",
        ),
    };
    Ok(staff.say_and_go(&format!("/orders/{bill_no}"), &said))
}

fn person_dialog(staff: &Staff, file: &OrderFile) -> Result<PersonDialog, StaffFailure> {
    Ok(PersonDialog { order: file::order(staff, file)?, reason: String::new(), trouble: None, shown: None })
}

/// 完整信息: asks for the reason.
pub(in crate::internal) async fn person(staff: Staff, bill: web::Path<String>) -> StaffAnswer {
    let file = file::read(&staff, &bill).await?;
    Ok(staff.page(&person_dialog(&staff, &file)?))
}

fn say_why() -> Both {
    Both::new("请写明理由，2 到 80 个字", "Say why, in 2 to 80 characters")
}

/// 完整信息: shows it once. What is shown is in this answer only; reloading asks for the form again.
pub(in crate::internal) async fn show_person(
    staff: Staff,
    bill: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    let form = staff.form(&body)?;
    let reason = form.value("reason").unwrap_or_default().trim().to_owned();
    let file = file::read(&staff, &bill).await?;
    let bill_no = &file.bill.bill.bill_no;
    match reveal_person(&staff.gateway, bill_no, &reason, &staff.actor()).await {
        Ok((patient, phone)) => {
            let shown = FullPerson {
                name: patient.name,
                card_no: patient.card_no,
                phone: patient.phone,
                message_phone: phone.map(|phone| phone.as_str().to_owned()),
                id_no: patient.id_no,
            };
            // The trail has a row more.
            let file = file::read(&staff, &bill).await?;
            Ok(staff.page(&PersonDialog { shown: Some(shown), ..person_dialog(&staff, &file)? }))
        }
        Err(RevealRefused::NoReason) => {
            let dialog = PersonDialog { reason, trouble: Some(say_why()), ..person_dialog(&staff, &file)? };
            Ok(staff.page_as(StatusCode::BAD_REQUEST, &dialog))
        }
        Err(RevealRefused::NotFound) => Err(StaffFailure::NotFound),
        Err(RevealRefused::Trouble(trouble)) => Err(trouble.into()),
    }
}

fn evidence_dialog(
    staff: &Staff,
    file: &OrderFile,
    record: &NotificationRecord,
) -> Result<EvidenceDialog, StaffFailure> {
    let at = staff.moment(record.received_at);
    let at = format!("{}:{:02}", at.full(), at.second);
    let channel = &record.channel;
    Ok(EvidenceDialog {
        order: file::order(staff, file)?,
        id: record.notification_id.clone(),
        what: Both::new(format!("{at} 收到，渠道 {channel}"), format!("received {at}, channel {channel}")),
        reason: String::new(),
        trouble: None,
        shown: None,
    })
}

/// 通知原文: asks for the reason.
pub(in crate::internal) async fn evidence(staff: Staff, path: web::Path<(String, String)>) -> StaffAnswer {
    let (bill, id) = path.into_inner();
    let file = file::read(&staff, &bill).await?;
    let record = notification_of(&staff.gateway, &file.bill, &id).await?.ok_or(StaffFailure::NotFound)?;
    Ok(staff.page(&evidence_dialog(&staff, &file, &record)?))
}

/// 通知原文: shows it once.
pub(in crate::internal) async fn show_evidence(
    staff: Staff,
    path: web::Path<(String, String)>,
    body: web::Bytes,
) -> StaffAnswer {
    let form = staff.form(&body)?;
    let reason = form.value("reason").unwrap_or_default().trim().to_owned();
    let (bill, id) = path.into_inner();
    let file = file::read(&staff, &bill).await?;
    let record = notification_of(&staff.gateway, &file.bill, &id).await?.ok_or(StaffFailure::NotFound)?;
    match reveal_notification(&staff.gateway, &file.bill, &id, &reason, &staff.actor()).await {
        Ok(revealed) => {
            let shown = Evidence {
                headers: revealed.headers,
                body: text_of(&revealed.body),
                verdict: verdict_words(&revealed.record.verdict),
                sha256: revealed.record.body_sha256,
            };
            let file = file::read(&staff, &bill).await?;
            Ok(staff.page(&EvidenceDialog { shown: Some(shown), ..evidence_dialog(&staff, &file, &record)? }))
        }
        Err(RevealRefused::NoReason) => {
            let dialog = EvidenceDialog {
                reason,
                trouble: Some(say_why()),
                ..evidence_dialog(&staff, &file, &record)?
            };
            Ok(staff.page_as(StatusCode::BAD_REQUEST, &dialog))
        }
        Err(RevealRefused::NotFound) => Err(StaffFailure::NotFound),
        Err(RevealRefused::Trouble(trouble)) => Err(trouble.into()),
    }
}

/// Bytes as a person reads them; what is no text is shown in hexadecimal, nothing is guessed.
fn text_of(body: &[u8]) -> String {
    match std::str::from_utf8(body) {
        Ok(text) => text.to_owned(),
        Err(_) => hex::encode(body),
    }
}

async fn print_dialog(
    staff: &Staff,
    file: &OrderFile,
    trouble: Option<Both>,
) -> Result<PrintDialog, StaffFailure> {
    let booked = matches!(
        file.write_back.as_ref().map(|record| &record.state),
        Some(mingfen_domain::write_back::State::Posted(_))
    );
    let printed = receipts_printed(&staff.gateway, &file.bill.bill.bill_no).await?;
    let option =
        |paper: Paper, zh: &str, en: &str| PrintOption { paper: paper.key(), word: Both::new(zh, en) };
    Ok(PrintDialog {
        order: file::order(staff, file)?,
        receipt: booked.then_some(i64::from(printed)),
        no_receipt: Both::new("HIS 入账后才有收据。", "There is a receipt once HIS has booked it."),
        papers: vec![
            option(Paper::A5, "A5", "A5"),
            option(Paper::Roll80, "80 毫米卷纸", "80 mm roll"),
            option(Paper::Roll58, "58 毫米卷纸", "58 mm roll"),
        ],
        trouble,
    })
}

/// 打印.
pub(in crate::internal) async fn print(staff: Staff, bill: web::Path<String>) -> StaffAnswer {
    let file = file::read(&staff, &bill).await?;
    Ok(staff.page(&print_dialog(&staff, &file, None).await?))
}

/// A sheet: it is personal, and every print of it counts, so nobody keeps it.
fn sheet(html: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, csp::policy()))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(html)
}

/// 收据.
pub(in crate::internal) async fn receipt(
    staff: Staff,
    bill: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    staff.form(&body)?;
    let file = file::read(&staff, &bill).await?;
    let bill_no = &file.bill.bill.bill_no;
    let Some(printed) = print_receipt(&staff.gateway, bill_no, &staff.actor()).await? else {
        let why = Both::new("HIS 还没有入账，没有收据", "HIS has not booked it yet: there is no receipt");
        let dialog = print_dialog(&staff, &file, Some(why)).await?;
        return Ok(staff.page_as(StatusCode::CONFLICT, &dialog));
    };
    let back = format!("/orders/{bill_no}");
    let view = public_receipt::receipt(&staff.gateway, &printed.view, back, printed.before);
    let view = view.ok_or(StaffFailure::NotFound)?;
    let frame = Frame {
        campus: campus_line(&staff.gateway, &staff.actor()).await?,
        ..hospital_frame(&staff.gateway.hospital(), Language::ZhCn)
    };
    let html = view.html(&frame).map_err(|error| {
        StaffFailure::Trouble(crate::service::Trouble::Inconsistent(format!(
            "a receipt could not be printed: {error}"
        )))
    })?;
    Ok(sheet(html))
}

/// 缴费单.
pub(in crate::internal) async fn slip(
    staff: Staff,
    bill: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    let form = staff.form(&body)?;
    let file = file::read(&staff, &bill).await?;
    let Some(paper) = form.value("paper").and_then(Paper::from_key) else {
        return Err(StaffFailure::Bad(Both::new("没有这种纸张", "There is no such paper")));
    };
    let options = SheetOptions { paper, code_size: CodeSize::default() };
    let trouble = match slip_sheet(&staff.gateway, &file.patient, &[], options, &staff.actor()).await {
        Ok(made) => return Ok(sheet(made.page)),
        Err(SheetError::NothingOwed) => {
            Both::new("这张卡现在没有待缴的费用", "Nothing is owed with this card now")
        }
        Err(SheetError::NotMatched) => {
            Both::new("HIS 没有这张卡，或姓名不符", "HIS knows no such card, or another name")
        }
        Err(SheetError::His(_)) => Both::new("HIS 没有应答，请稍后再试", "HIS does not answer; try again"),
        Err(SheetError::Trouble(trouble) | SheetError::Link(LinkError::Trouble(trouble))) => {
            return Err(trouble.into());
        }
        Err(SheetError::Link(_) | SheetError::Code(_) | SheetError::Render(_)) => {
            Both::new("患者信息太长，放不进二维码", "The patient does not fit into a code")
        }
    };
    let dialog = print_dialog(&staff, &file, Some(trouble)).await?;
    Ok(staff.page_as(StatusCode::CONFLICT, &dialog))
}

/// What the people of a list are called.
pub(super) struct Askers(BTreeMap<String, String>);

impl Askers {
    /// Of these actors, each looked up once.
    pub(super) async fn of(staff: &Staff, actors: impl Iterator<Item = &str>) -> Self {
        let mut names = BTreeMap::new();
        for actor in actors {
            if !names.contains_key(actor) {
                names.insert(actor.to_owned(), named(staff, actor).await);
            }
        }
        Self(names)
    }

    pub(super) fn name(&self, actor: &str) -> String {
        self.0.get(actor).cloned().unwrap_or_else(|| words::who(actor))
    }
}

/// What somebody is called: the number, and the name when the account is still there.
pub(super) async fn named(staff: &Staff, actor: &str) -> String {
    let number = words::who(actor);
    match staff.gateway.store.staff_member(&number).await {
        Ok(Some(account)) if actor.starts_with("staff:") => format!("{} {number}", account.name),
        _ => number,
    }
}
