//! What waits for a second person.

use super::refused::{refused_page, refused_words};
use super::{People, plus, words};
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::service::reconciliation::{RemedyRefused, decide_remedy, preview_waiting};
use actix_web::http::StatusCode;
use actix_web::web;
use mingfen_domain::Fen;
use mingfen_domain::access::Right;
use mingfen_domain::ids::RemedyId;
use mingfen_pages::staff::finance::{ApprovalDialog, ApprovalRow, Approvals, Deed};
use mingfen_pages::staff::{Both, Face, State};
use mingfen_store::{RemedyRecord, RemedyState};

/// Orders on the page.
const PAGE: i64 = 50;

/// One of them in a list.
pub(super) fn row(staff: &Staff, people: &People, record: &RemedyRecord) -> ApprovalRow {
    let minutes = staff.gateway.now().since_ms(record.asked_at) / 60_000;
    let (hours, days) = (minutes / 60, minutes / 1440);
    ApprovalRow {
        href: format!("/approvals/{}", record.remedy_id),
        remedy: words::remedy(record.remedy),
        order_no: record.order_no.clone(),
        day: words::short(record.day),
        reason: record.reason.clone(),
        asked_by: people.who(&record.asked_by).zh,
        effect: record.preview.lines().next().unwrap_or_default().to_owned(),
        amount_yuan: words::yuan(record.amount),
        waits: if days > 0 {
            Both::new(format!("{days} 天"), format!("{days} d"))
        } else if hours > 0 {
            Both::new(format!("{hours} 小时"), format!("{hours} h"))
        } else {
            Both::new(format!("{minutes} 分钟"), format!("{minutes} min"))
        },
    }
}

pub(in crate::internal) async fn list(staff: Staff) -> StaffAnswer {
    let people = People::load(&staff).await?;
    Ok(staff.page(&page(&staff, &people).await?))
}

async fn page(staff: &Staff, people: &People) -> Result<Approvals, StaffFailure> {
    let mut waiting = staff.gateway.store.waiting_remedies(PAGE + 1).await?;
    let more = i64::try_from(waiting.len()).unwrap_or(i64::MAX) > PAGE;
    waiting.truncate(usize::try_from(PAGE).unwrap_or_default());
    let mut sum = Fen::ZERO;
    for record in &waiting {
        sum = plus(sum, record.amount)?;
    }
    let all = staff.gateway.store.waiting_count().await?;
    let own = waiting.iter().filter(|record| record.asked_by == staff.actor()).count();
    let lead = if waiting.is_empty() {
        Both::new("没有等待审批的处理。", "Nothing waits for approval.")
    } else {
        let sum = words::yuan(sum);
        let (own_zh, own_en) = if own > 0 {
            (
                format!("其中 {own} 项是您自己提交的，须由别人批准。"),
                format!(" {own} of them are your own; another person approves those."),
            )
        } else {
            (String::new(), String::new())
        };
        Both::new(
            format!("{all} 项等第二个人批准，本页合计 ¥{sum}。{own_zh}"),
            format!("{all} wait for a second person, ¥{sum} on this page.{own_en}"),
        )
    };
    Ok(Approvals {
        lead,
        rows: waiting.iter().map(|record| row(staff, people, record)).collect(),
        more,
        dialog: None,
    })
}

fn number_of(text: &str) -> Result<RemedyId, StaffFailure> {
    RemedyId::parse(text.to_owned()).map_err(|_| StaffFailure::NotFound)
}

/// One of them, with its facts of this moment.
pub(in crate::internal) async fn show(staff: Staff, number: web::Path<String>) -> StaffAnswer {
    let number = number_of(&number)?;
    let record = staff.gateway.store.remedy(&number).await?.ok_or(StaffFailure::NotFound)?;
    let people = People::load(&staff).await?;
    if record.state != RemedyState::Waiting {
        return refused_page(&staff, &people, RemedyRefused::Decided(Box::new(record)), "/approvals");
    }
    show_as(&staff, &people, record, StatusCode::OK).await
}

async fn show_as(staff: &Staff, people: &People, record: RemedyRecord, status: StatusCode) -> StaffAnswer {
    let preview = preview_waiting(&staff.gateway, &record).await;
    let own = record.asked_by == staff.actor();
    let may = staff.may(Right::ApproveRemedy);
    let (effects, facts, same, read) = match preview {
        Err(RemedyRefused::Trouble(trouble)) => return Err(trouble.into()),
        Ok(preview) if preview.text() == record.preview => (
            preview.effects.clone(),
            State::new(Face::Ok, "与提交时相同", "the same as when it was ordered"),
            true,
            preview.fingerprint(),
        ),
        Ok(preview) => (
            preview.effects,
            State::new(
                Face::Bad,
                "账面已经变了，不能批准；请驳回，由提交人重新提交",
                "The facts have changed; decline it and have it ordered anew",
            ),
            false,
            String::new(),
        ),
        Err(refused) => {
            let why = refused_words(&refused, people);
            (vec![why.zh.clone()], State { face: Face::Bad, word: why }, false, String::new())
        }
    };
    let remedy = words::remedy(record.remedy);
    let category = staff.gateway.store.finding(&record.run_id, &record.finding_key).await?;
    let category = category.map(|(finding, _)| words::category(finding.category));
    let category = category.unwrap_or_else(|| Both::same("—"));
    let at = words::moment(staff, record.asked_at);
    let by = people.who(&record.asked_by);
    let amount = words::yuan(record.amount);
    let approve = if !may {
        Deed::Off(Both::new("由财务主管批准", "a finance lead approves it"))
    } else if own {
        Deed::Off(Both::new(
            "这是您自己提交的，须由另一人批准",
            "You ordered it; another person has to approve it",
        ))
    } else if !same {
        Deed::Off(Both::new("账面与提交时不同", "the facts are not those it was ordered on"))
    } else {
        Deed::On
    };
    let mut view = page(staff, people).await?;
    view.dialog = Some(ApprovalDialog {
        action: format!("/approvals/{}", record.remedy_id),
        title: Both::new(
            format!("{} · {}", remedy.zh, category.zh),
            format!("{} · {}", remedy.en, category.en),
        ),
        difference: format!("{} {}", words::short(record.day), category.zh),
        difference_href: format!("/finance/days/{}/differences/{}", record.day, record.finding_key),
        order_no: record.order_no.clone(),
        asked: Both::new(format!("{}，{}", by.zh, at.zh), format!("{}, {}", by.en, at.en)),
        reason: record.reason.clone(),
        effects,
        facts,
        approve,
        decline: if may && !own { Deed::On } else { Deed::Hidden },
        withdraw: if own && staff.may(Right::WorkOnDifferences) { Deed::On } else { Deed::Hidden },
        verb: Both::new(
            format!("批准 · {} ¥{amount}", remedy.zh),
            format!("Approve · {} ¥{amount}", remedy.en),
        ),
        amount_yuan: amount,
        read,
    });
    Ok(staff.page_as(status, &view))
}

/// The second person says yes.
pub(in crate::internal) async fn approve(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    let form = staff.form(&body)?;
    let number = number_of(&number)?;
    let people = People::load(&staff).await?;
    let record = staff.gateway.store.remedy(&number).await?.ok_or(StaffFailure::NotFound)?;
    // What is approved is what was read.
    if record.state == RemedyState::Waiting
        && let Ok(now) = preview_waiting(&staff.gateway, &record).await
        && form.value("read") != Some(now.fingerprint().as_str())
        && record.asked_by != staff.actor()
    {
        return show_as(&staff, &people, record, StatusCode::CONFLICT).await;
    }
    decide(&staff, &people, record, true, ("已批准并执行", "Approved and carried out")).await
}

/// The second person says no.
pub(in crate::internal) async fn decline(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    staff.form(&body)?;
    let number = number_of(&number)?;
    let people = People::load(&staff).await?;
    let record = staff.gateway.store.remedy(&number).await?.ok_or(StaffFailure::NotFound)?;
    decide(&staff, &people, record, false, ("已驳回，没有执行", "Declined; nothing was done")).await
}

/// Whoever ordered it takes it back.
pub(in crate::internal) async fn withdraw(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    staff.form(&body)?;
    let number = number_of(&number)?;
    let people = People::load(&staff).await?;
    let record = staff.gateway.store.remedy(&number).await?.ok_or(StaffFailure::NotFound)?;
    if record.asked_by != staff.actor() {
        return Err(StaffFailure::NoRight);
    }
    decide(&staff, &people, record, false, ("已撤回，没有执行", "Taken back; nothing was done")).await
}

async fn decide(
    staff: &Staff,
    people: &People,
    record: RemedyRecord,
    approve: bool,
    (zh, en): (&str, &str),
) -> StaffAnswer {
    match decide_remedy(&staff.gateway, &record.remedy_id, approve, &staff.actor()).await {
        Ok(done) => {
            let remedy = words::remedy(done.remedy);
            let outcome = if approve && !done.outcome.is_empty() {
                format!("：{}", done.outcome)
            } else {
                String::new()
            };
            let said = State::new(
                if approve { Face::Ok } else { Face::Info },
                format!("{} ¥{} {zh}{outcome}", remedy.zh, words::yuan(done.amount)),
                format!("{} ¥{}: {en}{outcome}", remedy.en, words::yuan(done.amount)),
            );
            Ok(staff.say_and_go("/approvals", &said))
        }
        Err(RemedyRefused::Changed(_)) => show_as(staff, people, record, StatusCode::CONFLICT).await,
        Err(refused) => refused_page(staff, people, refused, "/approvals"),
    }
}
