//! 短信模板: what messages say, proposing another wording with its preview, and its second person.

use super::proposals::{approval, refusal, undecided, withdrawal};
use super::rules::People;
use crate::http::form::query_value;
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::service::{
    Decision, NOTICE_LANGUAGES, Wording, WordingRefused, WordingWish, check_wording, decide_wording,
    propose_wording, seen_wording, wording_at,
};
use actix_web::http::StatusCode;
use actix_web::web;
use mingfen_domain::access::Right;
use mingfen_domain::ids::ProposalNo;
use mingfen_domain::notice_text::{NoticeEvent, NoticeText, NoticeTextError};
use mingfen_domain::proposal::State as Stands;
use mingfen_pages::staff::{
    Both, Face, NoticeChange, NoticeGroup, NoticePlace, NoticeProposal, NoticeRow, NoticeTemplates, State,
    WordingPreview, WordingRow,
};
use mingfen_store::NoticeTemplateRecord;

/// Proposals and versions on a page.
const MOST: i64 = 20;

fn event_words(event: NoticeEvent) -> (Both, Both) {
    match event {
        NoticeEvent::Paid => {
            (Both::new("缴费成功", "Paid"), Both::new("HIS 入账后发给患者", "sent when HIS has booked it"))
        }
        NoticeEvent::Refunded => (
            Both::new("退款到账", "Refunded"),
            Both::new("渠道说已退到后发给患者", "sent when the channel says that it is back"),
        ),
        NoticeEvent::RefundDelayed => (
            Both::new("退款没有退成", "Refund cannot be delivered"),
            Both::new("渠道退不到原账户时发给患者", "sent when it cannot reach the account"),
        ),
    }
}

fn language_words(language: &str) -> Both {
    if language == "en" { Both::new("英文", "English") } else { Both::new("中文", "Chinese") }
}

fn title(event: NoticeEvent, language: &str) -> Both {
    let (event, language) = (event_words(event).0, language_words(language));
    Both::new(format!("{}，{}", event.zh, language.zh), format!("{}, {}", event.en, language.en))
}

fn place(name: &str, example: &str) -> NoticePlace {
    let what = match name {
        "hospital" => Both::new("医院名称", "the hospital’s name"),
        "amount" => Both::new("金额，元", "the amount in yuan"),
        "voucher" => Both::new("缴费凭证号", "the voucher’s number"),
        other => Both::same(other),
    };
    NoticePlace { name: format!("{{{name}}}"), what, example: example.to_owned() }
}

fn stands(record: &NoticeTemplateRecord, version: i64) -> State {
    match record.state {
        Stands::Waiting if record.based_on != version => {
            State::new(Face::Warn, "已另有改动", "changed since")
        }
        Stands::Waiting | Stands::Unconfirmed => {
            State::new(Face::Info, "等待第二人", "waits for a second person")
        }
        Stands::InForce if record.version.is_some_and(|own| own < version) => {
            State::new(Face::Idle, "已被替换", "replaced")
        }
        Stands::InForce => State::new(Face::Ok, "生效", "in force"),
        Stands::Declined { .. } => State::new(Face::Idle, "已驳回", "declined"),
        Stands::Withdrawn => State::new(Face::Idle, "已撤回", "taken back"),
    }
}

async fn row(
    staff: &Staff,
    people: &mut People,
    record: &NoticeTemplateRecord,
    version: i64,
) -> Result<WordingRow, StaffFailure> {
    let asked = people.name(staff, &record.asked_by).await?;
    let at = staff.moment(record.asked_at).full();
    Ok(WordingRow {
        href: format!("/admin/notices/changes/{}", record.proposal_no),
        title: title(record.event, &record.language),
        body: record.body.clone(),
        reason: record.reason.clone(),
        who: Both::new(format!("{asked} {at} 提出"), format!("proposed by {asked} {at}")),
        state: stands(record, version),
    })
}

/// The wordings in force.
pub(in crate::internal) async fn list(staff: Staff) -> StaffAnswer {
    let (gateway, now) = (&staff.gateway, staff.gateway.now());
    let mut groups = Vec::new();
    for event in NoticeEvent::ALL {
        let (words, when) = event_words(event);
        let mut rows = Vec::new();
        for language in NOTICE_LANGUAGES {
            let wording = wording_at(gateway, event, language, now).await?;
            let record = gateway.store.notice_template_at(event, language, now).await?;
            let since = record.and_then(|record| record.in_force_at).filter(|_| wording.version > 0);
            rows.push(NoticeRow {
                href: format!("/admin/notices/{event}/{language}"),
                language: language_words(language),
                sample: wording.text.sample(event),
                parts: parts(&staff, event, &wording.text),
                version: match since {
                    Some(at) => {
                        let (version, at) = (wording.version, staff.moment(at).full());
                        Both::new(
                            format!("第 {version} 版，{at} 起"),
                            format!("version {version}, since {at}"),
                        )
                    }
                    None => Both::new("内置，没有改过", "built in, never changed"),
                },
                code: wording.code,
            });
        }
        groups.push(NoticeGroup { event: words, when, rows });
    }
    let mut people = People::default();
    let mut waiting = Vec::new();
    for record in gateway.store.notice_templates_waiting(MOST).await? {
        let version = wording_at(gateway, record.event, &record.language, now).await?.version;
        waiting.push(row(&staff, &mut people, &record, version).await?);
    }
    let view = NoticeTemplates {
        groups,
        waiting,
        sends: gateway.sms.is_some(),
        manages: staff.may(Right::ManageTexts),
    };
    Ok(staff.page(&view))
}

/// Messages of a wording, with the signature of this hospital.
fn parts(staff: &Staff, event: NoticeEvent, text: &NoticeText) -> usize {
    check_wording(&staff.gateway, event, "-", text.as_str()).map_or(text.parts(), |text| text.parts())
}

fn which(path: &(String, String)) -> Result<(NoticeEvent, &'static str), StaffFailure> {
    let event = NoticeEvent::parse(&path.0).ok_or(StaffFailure::NotFound)?;
    let language = NOTICE_LANGUAGES.into_iter().find(|language| *language == path.1);
    Ok((event, language.ok_or(StaffFailure::NotFound)?))
}

/// What was typed on the page of one message.
struct Typed {
    event: NoticeEvent,
    language: &'static str,
    holds: Wording,
    code: String,
    body: String,
}

impl Typed {
    async fn read(
        staff: &Staff,
        (event, language): (NoticeEvent, &'static str),
        field: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, StaffFailure> {
        let holds = wording_at(&staff.gateway, event, language, staff.gateway.now()).await?;
        let code = field("code").unwrap_or_else(|| holds.code.clone()).trim().chars().take(64).collect();
        let body = field("body").unwrap_or_else(|| holds.text.as_str().to_owned());
        let body = body.trim().chars().take(600).collect();
        Ok(Self { event, language, holds, code, body })
    }

    async fn page(
        &self,
        staff: &Staff,
        status: StatusCode,
        preview: Option<WordingPreview>,
        trouble: Option<Both>,
    ) -> StaffAnswer {
        let mut people = People::default();
        let mut versions = Vec::new();
        for record in staff.gateway.store.notice_template_versions(self.event, self.language, MOST).await? {
            versions.push(row(staff, &mut people, &record, self.holds.version).await?);
        }
        let view = NoticeChange {
            path: format!("/admin/notices/{}/{}", self.event, self.language),
            title: title(self.event, self.language),
            code: self.code.clone(),
            body: self.body.clone(),
            places: self.event.places().iter().map(|(name, example)| place(name, example)).collect(),
            preview,
            versions,
            trouble,
        };
        Ok(staff.page_as(status, &view))
    }

    fn preview(
        &self,
        staff: &Staff,
        text: &NoticeText,
        reason: String,
        trouble: Option<Both>,
    ) -> WordingPreview {
        WordingPreview {
            sample: text.sample(self.event),
            parts: text.parts(),
            number: ProposalNo::fresh(staff.gateway.now(), staff.gateway.random.as_ref()).to_string(),
            based_on: self.holds.version,
            reason,
            trouble,
        }
    }
}

fn text_words(error: &NoticeTextError) -> String {
    match error {
        NoticeTextError::Empty => "原文不能为空".to_owned(),
        NoticeTextError::Brace => "大括号要成对，中间只写占位的名字".to_owned(),
        NoticeTextError::UnknownPlace(name) => format!("没有 {{{name}}} 这个占位"),
        NoticeTextError::Twice(name) => format!("占位 {{{name}}} 只能用一次"),
        NoticeTextError::NotAllowed => "不能有换行、【】和看不见的字符".to_owned(),
        NoticeTextError::TooLong { parts } => format!("太长：会拆成 {parts} 条，最多 3 条"),
    }
}

fn refused_words(refused: &WordingRefused) -> Both {
    let zh = match refused {
        WordingRefused::Code => "模板编号写字母、数字、横线、点、下划线，最多 64 个".to_owned(),
        WordingRefused::Text(error) => text_words(error),
        WordingRefused::NoReason => "请写明理由，2 至 80 个字".to_owned(),
        WordingRefused::NoChange => "没有改动：和现在的一样".to_owned(),
        WordingRefused::Changed => "这一页打开后，模板已另有改动，请再看一遍".to_owned(),
        WordingRefused::Trouble(_) => "没有保存，请再试一次".to_owned(),
    };
    Both::new(zh, refused.to_string())
}

/// The form of one message, and the preview of what was typed in it.
pub(in crate::internal) async fn show(staff: Staff, path: web::Path<(String, String)>) -> StaffAnswer {
    let typed = Typed::read(&staff, which(&path)?, |name| query_value(&staff.request, name)).await?;
    if staff.query("body").is_none() {
        return typed.page(&staff, StatusCode::OK, None, None).await;
    }
    match check_wording(&staff.gateway, typed.event, &typed.code, &typed.body) {
        Ok(text) => {
            let preview = typed.preview(&staff, &text, String::new(), None);
            typed.page(&staff, StatusCode::OK, Some(preview), None).await
        }
        Err(refused) => {
            typed.page(&staff, StatusCode::BAD_REQUEST, None, Some(refused_words(&refused))).await
        }
    }
}

/// Sends a wording to a second person.
pub(in crate::internal) async fn send(
    staff: Staff,
    path: web::Path<(String, String)>,
    body: web::Bytes,
) -> StaffAnswer {
    let form = staff.form(&body)?;
    let typed = Typed::read(&staff, which(&path)?, |name| form.value(name).map(str::to_owned)).await?;
    let reason: String = form.value("reason").unwrap_or_default().trim().chars().take(200).collect();
    let number = form.value("number").and_then(|text| ProposalNo::parse(text).ok());
    let wish = WordingWish {
        proposal_no: number.ok_or(StaffFailure::Stale)?,
        event: typed.event,
        language: typed.language.to_owned(),
        based_on: form.value("based_on").and_then(|text| text.parse().ok()).ok_or(StaffFailure::Stale)?,
        code: typed.code.clone(),
        body: typed.body.clone(),
        reason: reason.clone(),
    };
    let refused = match propose_wording(&staff.gateway, &wish, &staff.actor()).await {
        Ok(record) => {
            let said = State::new(
                Face::Info,
                "已提交，等第二人批准后生效",
                "Sent; it takes effect when a second person approves it",
            );
            return Ok(staff.say_and_go(&format!("/admin/notices/changes/{}", record.proposal_no), &said));
        }
        Err(WordingRefused::Trouble(trouble)) => return Err(trouble.into()),
        Err(refused) => refused,
    };
    let status = match refused {
        WordingRefused::Changed => StatusCode::CONFLICT,
        _ => StatusCode::BAD_REQUEST,
    };
    let words = refused_words(&refused);
    match check_wording(&staff.gateway, typed.event, &typed.code, &typed.body) {
        Ok(text) => {
            let preview = typed.preview(&staff, &text, reason, Some(words));
            typed.page(&staff, status, Some(preview), None).await
        }
        Err(_) => typed.page(&staff, status, None, Some(words)).await,
    }
}

/// A proposal, or a version.
pub(in crate::internal) async fn proposal(staff: Staff, number: web::Path<String>) -> StaffAnswer {
    proposal_page(&staff, &number, StatusCode::OK, None).await
}

async fn proposal_page(
    staff: &Staff,
    number: &str,
    status: StatusCode,
    trouble: Option<Both>,
) -> StaffAnswer {
    let number = ProposalNo::parse(number).map_err(|_| StaffFailure::NotFound)?;
    let gateway = &staff.gateway;
    let record = gateway.store.notice_template(&number).await?.ok_or(StaffFailure::NotFound)?;
    let version = wording_at(gateway, record.event, &record.language, gateway.now()).await?.version;
    // What was in force just before it, or is while it waits.
    let before_at = record.in_force_at.map_or(gateway.now(), |at| at.plus_ms(-1));
    let before = wording_at(gateway, record.event, &record.language, before_at).await?;
    let text = NoticeText::parse(record.event, &record.body, "").map_err(|_| StaffFailure::NotFound)?;
    let mut people = People::default();
    let asked = people.name(staff, &record.asked_by).await?;
    let decided = match (&record.decided_by, record.decided_at) {
        (Some(by), Some(at)) => {
            let (by, at) = (people.name(staff, by).await?, staff.moment(at).full());
            Some(match &record.state {
                Stands::Declined { reason } => {
                    Both::new(format!("{by} {at} 驳回：{reason}"), format!("declined by {by} {at}: {reason}"))
                }
                Stands::Withdrawn => Both::new(format!("{by} {at} 撤回"), format!("taken back by {by} {at}")),
                _ => Both::new(format!("{by} {at} 批准"), format!("approved by {by} {at}")),
            })
        }
        _ => None,
    };
    let own = record.asked_by == staff.actor();
    let waits = record.state == Stands::Waiting;
    let decides = staff.may(Right::ApproveRules) && !own && waits;
    let stale = record.based_on != version;
    let view = NoticeProposal {
        title: title(record.event, &record.language),
        state: stands(&record, version),
        before: (before.code.clone(), before.text.sample(record.event)),
        after: (record.code.clone(), text.sample(record.event)),
        parts: parts(staff, record.event, &text),
        reason: record.reason.clone(),
        asked: Both::same(format!("{asked} {}", staff.moment(record.asked_at).full())),
        decided,
        seen: (decides && !stale).then(|| seen_wording(&record, version)),
        may_decline: decides,
        may_withdraw: own && waits,
        why_not: why_not(staff, waits, own, stale),
        trouble,
        number: record.proposal_no.to_string(),
    };
    Ok(staff.page_as(status, &view))
}

fn why_not(staff: &Staff, waits: bool, own: bool, stale: bool) -> Option<Both> {
    if !waits {
        return None;
    }
    if own {
        return Some(Both::new(
            "自己提出的，要由另一位管理员或财务主管批准。",
            "You proposed it: another administrator or a finance lead has to approve it.",
        ));
    }
    if !staff.may(Right::ApproveRules) {
        return Some(Both::new(
            "由管理员或财务主管批准。",
            "An administrator or a finance lead approves it.",
        ));
    }
    stale.then(|| {
        Both::new(
            "提出之后模板已另有改动，这个申请不能再批准。",
            "The message has changed since it was proposed, so it cannot be approved any more.",
        )
    })
}

/// Approves it.
pub(in crate::internal) async fn approve(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    decided(&staff, &number, approval(&staff, &body)?).await
}

/// Says no.
pub(in crate::internal) async fn decline(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    decided(&staff, &number, refusal(&staff, &body)?).await
}

/// Takes one's own proposal back.
pub(in crate::internal) async fn withdraw(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    decided(&staff, &number, withdrawal(&staff, &body)?).await
}

async fn decided(staff: &Staff, number: &str, decision: Decision) -> StaffAnswer {
    let proposal_no = ProposalNo::parse(number).map_err(|_| StaffFailure::NotFound)?;
    match decide_wording(&staff.gateway, &proposal_no, decision, &staff.actor()).await {
        Ok(record) => {
            let said = match record.state {
                Stands::InForce => State::new(
                    Face::Ok,
                    "已生效，对之后发生的事用新模板",
                    "It is in force for what happens from now on",
                ),
                Stands::Declined { .. } => {
                    State::new(Face::Info, "已驳回，模板没有变", "Declined; the message stays")
                }
                _ => State::new(Face::Info, "已撤回，模板没有变", "Taken back; the message stays"),
            };
            Ok(staff.say_and_go(&format!("/admin/notices/changes/{proposal_no}"), &said))
        }
        Err(refused) => {
            let (status, why) = undecided(refused)?;
            proposal_page(staff, number, status, Some(why)).await
        }
    }
}
