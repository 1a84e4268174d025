//! The blocklist: adding an entry, reading it, lifting it.

use super::limits;
use super::words::People;
use crate::http::form::Form;
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::service::rules::{
    BlockRefused, BlockWish, LiftRefused, add_block, lift_block, masked_block, reveal_block,
};
use actix_web::http::StatusCode;
use actix_web::web;
use mingfen_domain::BusinessDay;
use mingfen_domain::access::Right;
use mingfen_domain::ids::BlockNo;
use mingfen_pages::staff::{BlockEntry, BlockForm, BlockRow, Both, Face, KindChoice, State};
use mingfen_store::{BlockRecord, BlockedKind};

fn kind_words(kind: BlockedKind) -> Both {
    match kind {
        BlockedKind::Card => Both::new("就诊卡", "card"),
        BlockedKind::Payer => Both::new("付款人", "payer"),
        BlockedKind::Phone => Both::new("手机号", "phone"),
    }
}

/// The form of a new entry; what was typed as the number is not shown again.
pub(super) fn form(typed: Option<&Form>, trouble: Option<Both>) -> BlockForm {
    let value = |name: &str| {
        typed.and_then(|form| form.value(name)).unwrap_or_default().chars().take(80).collect::<String>()
    };
    let chosen = typed.and_then(|form| form.value("kind")).and_then(BlockedKind::parse);
    BlockForm {
        kinds: [BlockedKind::Payer, BlockedKind::Card, BlockedKind::Phone]
            .into_iter()
            .map(|kind| KindChoice {
                key: kind.as_str(),
                word: kind_words(kind),
                chosen: chosen == Some(kind),
            })
            .collect(),
        reason: value("reason"),
        until: value("until"),
        trouble,
    }
}

/// The latest entries.
pub(super) async fn rows(
    staff: &Staff,
    people: &mut People,
    most: i64,
) -> Result<Vec<BlockRow>, StaffFailure> {
    let mut rows = Vec::new();
    for record in staff.gateway.store.blocks(most).await? {
        rows.push(row(staff, people, &record).await?);
    }
    Ok(rows)
}

async fn row(staff: &Staff, people: &mut People, record: &BlockRecord) -> Result<BlockRow, StaffFailure> {
    let state = if record.lifted.is_some() {
        State::new(Face::Idle, "已移出", "lifted")
    } else if record.holds(staff.gateway.now()) {
        State::new(Face::Ok, "生效", "holds")
    } else {
        State::new(Face::Idle, "已到期", "over")
    };
    Ok(BlockRow {
        href: format!("/admin/limits/blocklist/{}", record.block_no),
        kind: kind_words(record.kind),
        masked: masked_block(&staff.gateway, record)?,
        reason: record.reason.clone(),
        added: format!(
            "{} {}",
            people.name(staff, &record.added_by).await?,
            staff.moment(record.added_at).full()
        ),
        until: match record.until {
            // It ends at a midnight: the day before is the last one.
            Some(until) => Both::same(BusinessDay::of(until.plus_ms(-1)).to_string()),
            None => Both::new("直到移出", "until lifted"),
        },
        state,
    })
}

/// Adds an entry.
pub(in crate::internal) async fn add(staff: Staff, body: web::Bytes) -> StaffAnswer {
    let typed = staff.form(&body)?;
    let until = match typed.value("until").unwrap_or_default().trim() {
        "" => Ok(None),
        day => BusinessDay::parse(day).map(|day| Some(day.end())),
    };
    let kind = typed.value("kind").and_then(BlockedKind::parse);
    let (Some(kind), Ok(until)) = (kind, until) else {
        let words = Both::new("日期要写成 2026-11-24 这样", "a day is written 2026-11-24");
        return limits::page(&staff, StatusCode::BAD_REQUEST, Some(form(Some(&typed), Some(words)))).await;
    };
    let wish = BlockWish {
        kind,
        value: typed.value("value").unwrap_or_default().to_owned(),
        reason: typed.value("reason").unwrap_or_default().trim().to_owned(),
        until,
    };
    let refused = match add_block(&staff.gateway, &wish, &staff.actor()).await {
        Ok(blocked) => {
            let said = State::new(
                Face::Ok,
                format!("{} 已加入黑名单，立即生效", blocked.masked),
                format!("{} is on the list from now on", blocked.masked),
            );
            return Ok(staff.say_and_go("/admin/limits", &said));
        }
        Err(BlockRefused::Trouble(trouble)) => return Err(trouble.into()),
        Err(refused) => refused,
    };
    let zh = match &refused {
        BlockRefused::Value => "没有看懂：填支付单号，或完整的卡号、手机号、openid".to_owned(),
        BlockRefused::NotKnown => "这笔支付没有这样的信息（不是在应用里付的，或没有留手机号）".to_owned(),
        BlockRefused::NoReason => "请写明原因，2 至 80 个字".to_owned(),
        BlockRefused::Past => "最后一天已经过去".to_owned(),
        BlockRefused::There(number) => format!("已经在名单里：{number}"),
        BlockRefused::Trouble(_) => "没有保存，请再试一次".to_owned(),
    };
    let status = match refused {
        BlockRefused::There(_) => StatusCode::CONFLICT,
        _ => StatusCode::BAD_REQUEST,
    };
    let trouble = Both::new(zh, refused.to_string());
    limits::page(&staff, status, Some(form(Some(&typed), Some(trouble)))).await
}

/// One entry.
pub(in crate::internal) async fn show(staff: Staff, number: web::Path<String>) -> StaffAnswer {
    entry(&staff, &number, StatusCode::OK, None, None).await
}

async fn entry(
    staff: &Staff,
    number: &str,
    status: StatusCode,
    value: Option<String>,
    trouble: Option<Both>,
) -> StaffAnswer {
    let number = BlockNo::parse(number).map_err(|_| StaffFailure::NotFound)?;
    let record = staff.gateway.store.block(&number).await?.ok_or(StaffFailure::NotFound)?;
    let mut people = People::default();
    let lifted = match &record.lifted {
        None => None,
        Some((by, at, reason)) => {
            let who = format!("{} {}", people.name(staff, by).await?, staff.moment(*at).full());
            Some(Both::new(format!("{who}：{reason}"), format!("{who}: {reason}")))
        }
    };
    let view = BlockEntry {
        row: row(staff, &mut people, &record).await?,
        number: record.block_no.to_string(),
        value,
        may_lift: record.lifted.is_none() && staff.may(Right::ManageLimits),
        may_show: staff.may(Right::UnmaskBlocked),
        lifted,
        trouble,
    };
    Ok(staff.page_as(status, &view))
}

fn no_reason() -> Both {
    Both::new("请写明理由，2 至 80 个字", "say why, in 2 to 80 characters")
}

/// Lifts it.
pub(in crate::internal) async fn lift(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    let form = staff.form(&body)?;
    let block_no = BlockNo::parse(number.as_str()).map_err(|_| StaffFailure::NotFound)?;
    let reason = form.value("reason").unwrap_or_default().trim();
    match lift_block(&staff.gateway, &block_no, reason, &staff.actor()).await {
        Ok(()) => {
            let said = State::new(Face::Ok, "已移出黑名单", "It is off the list");
            Ok(staff.say_and_go("/admin/limits", &said))
        }
        Err(LiftRefused::NoReason) => {
            entry(&staff, &number, StatusCode::BAD_REQUEST, None, Some(no_reason())).await
        }
        Err(LiftRefused::NotFound) => {
            let words = Both::new("已经移出了，这一次什么也没做", "it was lifted already; nothing was done");
            entry(&staff, &number, StatusCode::CONFLICT, None, Some(words)).await
        }
        Err(LiftRefused::Trouble(trouble)) => Err(trouble.into()),
    }
}

/// Shows it in full, once.
pub(in crate::internal) async fn reveal(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    let form = staff.form(&body)?;
    let block_no = BlockNo::parse(number.as_str()).map_err(|_| StaffFailure::NotFound)?;
    let reason = form.value("reason").unwrap_or_default().trim();
    match reveal_block(&staff.gateway, &block_no, reason, &staff.actor()).await {
        Ok(value) => entry(&staff, &number, StatusCode::OK, Some(value), None).await,
        Err(LiftRefused::NoReason) => {
            entry(&staff, &number, StatusCode::BAD_REQUEST, None, Some(no_reason())).await
        }
        Err(LiftRefused::NotFound) => Err(StaffFailure::NotFound),
        Err(LiftRefused::Trouble(trouble)) => Err(trouble.into()),
    }
}
