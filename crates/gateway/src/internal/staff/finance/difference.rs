//! One difference: why, and what is done about it.

use super::super::verdict_words;
use super::differences::{handling_words, state_of};
use super::refused::{refused_page, refused_words};
use super::upload::{Received, receive};
use super::{People, day_in, day_of, today, words};
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::service::Trouble;
use crate::service::reconciliation::{
    HandlingChange, HandlingRefused, MOST_ATTACHED, MOST_FILES, RemedyOrder, RemedyPreview, RemedyRefused,
    at_stake, attach_file, handle_finding, line_as_received, note_finding, notes_of_finding, order_remedy,
    preview_remedy, read_attached,
};
use actix_multipart::Multipart;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY};
use actix_web::{HttpResponse, web};
use mingfen_domain::access::Right;
use mingfen_domain::difference::{Category, Remedy};
use mingfen_domain::ids::OutTradeNo;
use mingfen_domain::sides::{Kind, Side};
use mingfen_domain::{BusinessDay, Fen, Timestamp};
use mingfen_pages::staff::finance::{
    Deed, DifferencePage, Evidence, FileLine, Handling, LedgerEffect, NewsLine, RemedyChoice, RemedyDialog,
    SideCell, SideRow, StoryLine, Way,
};
use mingfen_pages::staff::{Both, Face, State};
use mingfen_store::{
    ALL_CHANNELS, FindingFilter, FindingLineRecord, FindingRecord, NotificationRecord, RemedyRecord,
    RemedyState, RunInputRecord, RunRecord, Standing,
};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Lines of evidence on the page.
const MOST_LINES: usize = 8;
/// Notifications on the page: a channel that is not believed tells the same again for a day.
const MOST_NEWS: usize = 20;

/// A difference of a day's current run.
struct Looked {
    day: BusinessDay,
    run: RunRecord,
    finding: FindingRecord,
    standing: Standing,
}

impl Looked {
    fn path(&self) -> String {
        format!("/finance/days/{}/differences/{}", self.day, self.finding.finding_key)
    }
}

async fn look(staff: &Staff, day: &str, key: &str) -> Result<Looked, StaffFailure> {
    let day = day_of(day)?;
    if key.len() != 32 || !key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(StaffFailure::NotFound);
    }
    let store = &staff.gateway.store;
    let run = store.current_run(day, ALL_CHANNELS).await?.ok_or(StaffFailure::NotFound)?;
    let (finding, standing) = store.finding(&run.run_id, key).await?.ok_or(StaffFailure::NotFound)?;
    Ok(Looked { day, run, finding, standing })
}

type Place = web::Path<(String, String)>;

pub(in crate::internal) async fn show(staff: Staff, place: Place) -> StaffAnswer {
    let looked = look(&staff, &place.0, &place.1).await?;
    let people = People::load(&staff).await?;
    Ok(staff.page(&view(&staff, &people, &looked).await?))
}

async fn show_error(staff: &Staff, looked: &Looked, refused: HandlingRefused, note: &str) -> StaffAnswer {
    let status = match refused {
        HandlingRefused::Trouble(trouble) => return Err(trouble.into()),
        HandlingRefused::Stale | HandlingRefused::FileThere => StatusCode::CONFLICT,
        _ => StatusCode::BAD_REQUEST,
    };
    let people = People::load(staff).await?;
    let mut page = view(staff, &people, looked).await?;
    note.clone_into(&mut page.note);
    page.error = Some(handling_words(&refused));
    Ok(staff.page_as(status, &page))
}

async fn view(staff: &Staff, people: &People, looked: &Looked) -> Result<DifferencePage, StaffFailure> {
    let Looked { day, run, finding, standing } = looked;
    let store = &staff.gateway.store;
    let key = finding.finding_key.as_str();
    let works = staff.may(Right::WorkOnDifferences);
    let orders = store.remedies_of(key).await?;
    let handling = store.handling(key).await?;
    let inputs = store.inputs_of_run(&run.run_id).await?;
    let amount = words::yuan(at_stake(finding)?);
    let name = words::category(finding.category);
    let deadline = handling.as_ref().and_then(|handling| handling.deadline).or(finding.deadline);
    let assigned = handling.as_ref().and_then(|handling| handling.assigned_to.clone());
    let needs = matches!(standing, Standing::Open | Standing::Waiting | Standing::Carried);
    let due = deadline.filter(|_| needs).map(|due| {
        let now = today(staff);
        if due < now {
            State::new(
                Face::Bad,
                format!("{} 已过期", words::short(due)),
                format!("was due {}", words::short(due)),
            )
        } else if due == now {
            State::new(Face::Warn, "今天到期", "due today")
        } else {
            State::new(
                Face::Idle,
                format!("{} 到期", words::short(due)),
                format!("due {}", words::short(due)),
            )
        }
    });
    let files = store.finding_files(key, MOST_FILES).await?;
    let order = OutTradeNo::parse(&finding.order_no).ok();
    let open = FindingFilter { standing: Some(Standing::Open), unsettled: true, ..FindingFilter::default() };
    // From the last one on to the first again.
    let mut next = store.findings_of_run(&run.run_id, &open, finding.position, 1).await?;
    if next.is_empty() {
        next = store.findings_of_run(&run.run_id, &open, -1, 1).await?;
    }
    let next = next.into_iter().map(|(next, _)| next.finding_key).find(|next| next != key);
    Ok(DifferencePage {
        day: day.to_string(),
        key: key.to_owned(),
        heading: Both::new(format!("{} ¥{amount}", name.zh), format!("{}: ¥{amount}", name.en)),
        state: state_of(staff, finding, *standing, deadline),
        due,
        notice: None,
        why: words::cause_sentence(finding),
        sure: if finding.certain {
            State::new(Face::Ok, "把握：确定", "certain")
        } else {
            State::new(Face::Info, "把握：推测，最可能", "most probable, not proven")
        },
        basis: finding.evidence.lines().map(str::to_owned).collect(),
        rows: side_rows(finding),
        evidence: evidence(staff, finding, &inputs).await?,
        news: match &order {
            Some(order) => news(staff, finding, order).await?,
            None => Vec::new(),
        },
        next: next.map(|next| format!("/finance/days/{day}/differences/{next}")),
        order: (!finding.order_no.is_empty()).then(|| {
            let number: String = url::form_urlencoded::byte_serialize(finding.order_no.as_bytes()).collect();
            Way::new(format!("/orders?q={number}"), Both::new("支付单全程", "the order's story"))
        }),
        remedies: if works { choices(looked, &orders, people) } else { Vec::new() },
        story: story(staff, people, looked, &orders).await?,
        files: files
            .into_iter()
            .map(|file| {
                let at = words::moment(staff, file.at);
                FileLine {
                    href: format!("{}/files/{}", looked.path(), file.file_id),
                    name: file.name,
                    size: size_words(file.size_bytes),
                    brought: format!("{} {}", people.who(&file.brought_by).zh, at.zh),
                }
            })
            .collect(),
        handling: Handling {
            people: people.choices(assigned.as_deref()),
            deadline: deadline.map(|day| day.to_string()).unwrap_or_default(),
            version: handling.as_ref().map_or(0, |handling| handling.version),
        },
        assigned: assigned.as_deref().map(|person| people.by_number(person)).unwrap_or_default(),
        works,
        note: String::new(),
        error: None,
        dialog: None,
    })
}

fn size_words(bytes: i64) -> String {
    if bytes < 1024 {
        format!("{bytes} B")
    } else if bytes < 1 << 20 {
        format!("{} KB", bytes / 1024)
    } else {
        format!("{} MB", bytes >> 20)
    }
}

/// What the three sides say, thing by thing. Of the amount, what became of it and the account the odd one out is marked.
fn side_rows(finding: &FindingRecord) -> Vec<SideRow> {
    if finding.lines.is_empty() {
        return Vec::new();
    }
    let of = |side: Side| -> Vec<&FindingLineRecord> {
        finding.lines.iter().filter(|line| line.side == side).collect()
    };
    let sides = Side::ALL.map(of);
    let there: [bool; 3] = std::array::from_fn(|place| !sides[place].is_empty());
    let mut rows = Vec::new();
    if !there.iter().all(|there| *there) {
        let cell = |there: bool| SideCell {
            text: if there { Both::new("有", "there") } else { Both::new("没有", "missing") },
            differs: !there,
        };
        rows.push(SideRow { name: Both::new("记录", "Record"), cells: there.map(cell) });
    }
    let mut add = |name: Both, marks: bool, text: &dyn Fn(&FindingLineRecord) -> Both| {
        let texts: [Option<Both>; 3] = std::array::from_fn(|place| joined(&sides[place], text));
        if texts.iter().all(Option::is_none) {
            return;
        }
        let odd: [bool; 3] = std::array::from_fn(|place| marks && is_odd(&texts, place));
        let mut place = 0;
        let cells = texts.map(|text| {
            let cell = SideCell { text: text.unwrap_or_else(|| Both::same("—")), differs: odd[place] };
            place += 1;
            cell
        });
        rows.push(SideRow { name, cells });
    };
    add(Both::new("类型", "Kind"), false, &|line| words::kind(line.kind));
    add(Both::new("金额 元", "Amount, yuan"), true, &|line| Both::same(words::yuan(line.amount)));
    add(Both::new("结果", "What became of it"), true, &|line| words::line_state(line.state));
    add(Both::new("账单日", "Day"), true, &|line| Both::same(line.day.to_string()));
    add(Both::new("时间", "Time"), false, &|line| Both::same(line.at_text.as_str()));
    add(Both::new("渠道交易号", "Provider's number"), true, &|line| {
        Both::same(line.provider_no.as_str())
    });
    add(Both::new("退款单号", "Refund"), true, &|line| Both::same(line.refund_no.as_str()));
    add(Both::new("账户", "Account"), false, &|line| Both::same(line.account.as_str()));
    add(Both::new("医保支付 元", "Insurance, yuan"), true, &|line| {
        Both::same(line.insurance.map(words::yuan).unwrap_or_default())
    });
    add(Both::new("住院预交金", "Deposit"), true, &|line| match line.deposit {
        None => Both::same(""),
        Some(true) => Both::new("是", "yes"),
        Some(false) => Both::new("否", "no"),
    });
    add(Both::new("上日结转", "Carried over"), false, &|line| {
        if line.carried { Both::new("是", "yes") } else { Both::same("") }
    });
    rows
}

/// A side's lines in one cell; nothing where it says nothing.
fn joined(lines: &[&FindingLineRecord], text: &dyn Fn(&FindingLineRecord) -> Both) -> Option<Both> {
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    for line in lines {
        let said = text(line);
        if !said.zh.is_empty() {
            zh.push(said.zh);
            en.push(said.en);
        }
    }
    (!zh.is_empty()).then(|| Both::new(zh.join("；"), en.join("; ")))
}

/// Whether this side says something else than the others that say anything; of two that differ, both do.
fn is_odd(texts: &[Option<Both>; 3], place: usize) -> bool {
    let Some(own) = &texts[place] else { return false };
    let others: Vec<&Both> = texts
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != place)
        .filter_map(|(_, text)| text.as_ref())
        .collect();
    !others.is_empty() && others.iter().all(|other| *other != own)
}

async fn evidence(
    staff: &Staff,
    finding: &FindingRecord,
    inputs: &[RunInputRecord],
) -> Result<Vec<Evidence>, StaffFailure> {
    let mut shown = Vec::new();
    for line in finding.lines.iter().filter(|line| !line.carried).take(MOST_LINES) {
        let input = usize::try_from(line.input).ok().and_then(|place| inputs.get(place));
        let Some(input) = input else { continue };
        let number = line.file_line.unsigned_abs();
        let kind = words::input_kind(input.kind);
        let (name, place) = (&input.name, words::number(line.file_line));
        let caption = Both::new(
            format!("{} {name} 第 {place} 行，原样", kind.zh),
            format!("{} {name}, line {place}, as received", kind.en),
        );
        // What cannot be read any more is no reason to hide the rest of the page.
        let received = match line_as_received(&staff.gateway, input, number).await {
            Ok(received) => received,
            Err(Trouble::Store(error)) => return Err(error.into()),
            Err(trouble) => {
                tracing::warn!(file = %name, line = number, error = %trouble, "a line of a kept file cannot be shown");
                None
            }
        };
        let (raw, note) = match received {
            Some(received) if received.text.is_some() => {
                let masked = Both::new("付款人信息已脱敏", "the payer is masked");
                (received.text, if received.masked { masked } else { Both::same("") })
            }
            _ => (
                None,
                Both::new(
                    "原件较大或无法在此展开；信息科可用命令行查看这一行。",
                    "The file is too large to be opened here; the line can be shown on the command line.",
                ),
            ),
        };
        shown.push(Evidence { caption, raw, note });
    }
    let carried = finding.lines.iter().filter(|line| line.carried).count();
    if carried > 0 {
        shown.push(Evidence {
            caption: Both::new(
                format!("另有 {carried} 行从前面的日子结转而来，原件在那一天的批次里。"),
                format!("{carried} more lines were carried over; the files are with their own day."),
            ),
            raw: None,
            note: Both::same(""),
        });
    }
    Ok(shown)
}

/// What the channel told by itself of the payment or of the refunds that it is about.
async fn news(
    staff: &Staff,
    finding: &FindingRecord,
    order: &OutTradeNo,
) -> Result<Vec<NewsLine>, StaffFailure> {
    let store = &staff.gateway.store;
    let refunds =
        finding.lines.iter().map(|line| line.refund_no.as_str()).filter(|number| !number.is_empty());
    let mut subjects: BTreeSet<&str> = refunds.collect();
    if finding.lines.iter().any(|line| line.kind == Kind::Payment) || subjects.is_empty() {
        subjects.insert(order.as_str());
    }
    let mut told = Vec::new();
    for subject in subjects.into_iter().take(MOST_LINES) {
        told.extend(store.notifications_of(subject).await?);
    }
    told.sort_by_key(|told| told.received_at);
    let bill = if staff.may(Right::Unmask) {
        store.payment(order).await?.map(|record| record.payment.bill_no)
    } else {
        None
    };
    let line = |told: NotificationRecord| {
        let moment = staff.moment(told.received_at);
        NewsLine {
            at: Both::same(format!("{}:{:02}", moment.full(), moment.second)),
            channel: told.channel.to_string(),
            verdict: verdict_words(&told.verdict),
            href: bill.as_ref().map(|bill| format!("/orders/{bill}/evidence/{}", told.notification_id)),
        }
    };
    Ok(told.into_iter().take(MOST_NEWS).map(line).collect())
}

fn choices(looked: &Looked, orders: &[RemedyRecord], people: &People) -> Vec<RemedyChoice> {
    let Looked { finding, standing, .. } = looked;
    let ended = !matches!(standing, Standing::Open | Standing::Waiting | Standing::Carried);
    let settling = orders.iter().find(|order| order.settles && order.state != RemedyState::Declined);
    let mut remedies = finding.remedies.clone();
    // What the category allows beyond what is advised here can be looked at, too: the preview says whether the facts forbid it.
    remedies.extend(finding.category.remedies().iter().filter(|remedy| !finding.remedies.contains(remedy)));
    let advised = finding.remedies.first().copied().filter(|first| *first != Remedy::Note && !ended);
    remedies
        .into_iter()
        .map(|remedy| {
            let deed = match settling {
                _ if ended
                    && remedy != Remedy::Note
                    && !(remedy == Remedy::WriteOff && *standing == Standing::Resolved) =>
                {
                    let word = words::standing(*standing).word;
                    Deed::Off(Both::new(
                        format!("不用处理：{}", word.zh),
                        format!("nothing to do: {}", word.en),
                    ))
                }
                Some(order)
                    if remedy.settles()
                        && !(remedy == Remedy::WriteOff
                            && order.remedy == Remedy::BookToSuspense
                            && order.state == RemedyState::Done) =>
                {
                    let (by, name, state) = (
                        people.who(&order.asked_by),
                        words::remedy(order.remedy),
                        words::remedy_state(order.state),
                    );
                    Deed::Off(Both::new(
                        format!("{}已提交“{}”：{}", by.zh, name.zh, state.zh),
                        format!("{} has ordered “{}”: {}", by.en, name.en, state.en),
                    ))
                }
                _ => Deed::On,
            };
            RemedyChoice {
                href: format!("{}/remedies/{}", looked.path(), remedy.as_str()),
                name: words::remedy(remedy),
                what: words::remedy_what(remedy),
                money: match remedy {
                    Remedy::Refund => State::new(Face::Warn, "动钱", "money moves"),
                    Remedy::BookToSuspense | Remedy::WriteOff => {
                        State::new(Face::Warn, "记账", "books change")
                    }
                    _ => State::new(Face::Idle, "不动钱", "no money moves"),
                },
                advised: advised == Some(remedy),
                deed,
            }
        })
        .collect()
}

async fn story(
    staff: &Staff,
    people: &People,
    looked: &Looked,
    orders: &[RemedyRecord],
) -> Result<Vec<StoryLine>, StaffFailure> {
    let key = looked.finding.finding_key.as_str();
    let mut told: Vec<(Timestamp, StoryLine)> = Vec::new();
    let mut add = |at: Timestamp, who: &str, what: Both, detail: String| {
        let (who, clock) = (people.who(who).zh, words::moment(staff, at).zh);
        told.push((at, StoryLine { at: clock.trim_start_matches("今天 ").to_owned(), who, what, detail }));
    };
    let run = &looked.run;
    let found = format!("第 {} 版", run.version);
    add(run.finished_at, &run.made_by, Both::new("对账发现", "found by the run"), found);
    for order in orders {
        let name = words::remedy(order.remedy);
        add(
            order.asked_at,
            &order.asked_by,
            Both::new(format!("提交 {}", name.zh), format!("ordered {}", name.en)),
            order.reason.clone(),
        );
        if let (Some(by), Some(at)) = (&order.decided_by, order.decided_at) {
            let state = words::remedy_state(order.state);
            let what = Both::new(format!("{} {}", name.zh, state.zh), format!("{} {}", name.en, state.en));
            add(at, by, what, order.outcome.clone());
        } else if order.state == RemedyState::Done {
            let what = Both::new(format!("{} 已执行", name.zh), format!("{} done", name.en));
            add(order.asked_at, &order.asked_by, what, order.outcome.clone());
        }
    }
    for note in notes_of_finding(&staff.gateway, key).await? {
        add(note.at, &note.by, Both::new("留言", "wrote"), note.text);
    }
    for row in staff.gateway.store.audit_of(key).await? {
        let event = row.event;
        match event.action.as_str() {
            "difference.handled" => {
                let changed = Both::new("改负责人或期限", "changed who or until when");
                add(event.at, &event.actor, changed, handled_words(people, &event.detail));
            }
            "difference.file" => {
                add(event.at, &event.actor, Both::new("添加附件", "added a file"), String::new())
            }
            _ => {}
        }
    }
    told.sort_by_key(|(at, _)| *at);
    Ok(told.into_iter().map(|(_, line)| line).collect())
}

/// What the trail says of a change of who and until when, for people to read: `with 0301, until 2026-11-29: reason`.
fn handled_words(people: &People, detail: &str) -> String {
    let (changes, reason) = detail.split_once(": ").unwrap_or((detail, ""));
    let changes = changes.split(", ").map(|change| match change.split_once(' ') {
        Some(("with", "nobody")) => "不再由人负责".to_owned(),
        Some(("with", person)) => format!("由{}负责", people.by_number(person)),
        Some(("until", day)) => format!("期限 {day}"),
        Some(("deadline", _)) => "期限恢复为系统所定".to_owned(),
        _ => change.to_owned(),
    });
    let said = changes.collect::<Vec<_>>().join("，");
    if reason.is_empty() { said } else { format!("{said}。{reason}") }
}

/// Who works on it and until when.
pub(in crate::internal) async fn handle(staff: Staff, place: Place, body: web::Bytes) -> StaffAnswer {
    let form = staff.form(&body)?;
    let looked = look(&staff, &place.0, &place.1).await?;
    let version = form.value("version").and_then(|text| text.parse().ok()).ok_or(StaffFailure::Stale)?;
    let who = form.value("who").unwrap_or_default();
    let until = day_in(form.value("until"));
    let before = staff.gateway.store.handling(&looked.finding.finding_key).await?;
    let shown = before.and_then(|handling| handling.deadline).or(looked.finding.deadline);
    let change = HandlingChange {
        assigned_to: Some(if who.is_empty() { None } else { Some(who.to_owned()) }),
        // What was shown is left as it is; a deadline that nobody set stays the one that was found.
        deadline: (until != shown).then_some(until),
        version: Some(version),
        reason: String::new(),
    };
    match handle_finding(&staff.gateway, &looked.finding.finding_key, &change, &staff.actor()).await {
        Ok(_) => Ok(staff.say_and_go(&looked.path(), &State::new(Face::Ok, "已保存", "Saved"))),
        Err(refused) => show_error(&staff, &looked, refused, "").await,
    }
}

/// A note.
pub(in crate::internal) async fn note(staff: Staff, place: Place, body: web::Bytes) -> StaffAnswer {
    let form = staff.form(&body)?;
    let looked = look(&staff, &place.0, &place.1).await?;
    let text = form.value("text").unwrap_or_default();
    match note_finding(&staff.gateway, &looked.finding.finding_key, text, &staff.actor()).await {
        Ok(()) => Ok(staff.say_and_go(&looked.path(), &State::new(Face::Ok, "已留言", "Noted"))),
        Err(refused) => show_error(&staff, &looked, refused, text).await,
    }
}

/// A file.
pub(in crate::internal) async fn attach(staff: Staff, place: Place, body: Multipart) -> StaffAnswer {
    let received = receive(&staff, body, MOST_ATTACHED).await?;
    let looked = look(&staff, &place.0, &place.1).await?;
    let Received { file, name, too_large, .. } = received;
    let refused = match file {
        _ if too_large => HandlingRefused::FileSize,
        None => HandlingRefused::FileSize,
        Some(file) => {
            let key = &looked.finding.finding_key;
            match attach_file(&staff.gateway, key, &file, &name, &staff.actor()).await {
                Ok(()) => {
                    let said = State::new(Face::Ok, "附件已加密保存", "The file is kept, sealed");
                    return Ok(staff.say_and_go(&looked.path(), &said));
                }
                Err(refused) => refused,
            }
        }
    };
    show_error(&staff, &looked, refused, "").await
}

/// A file again, never to be run by a browser.
pub(in crate::internal) async fn attached(
    staff: Staff,
    place: web::Path<(String, String, String)>,
) -> StaffAnswer {
    let looked = look(&staff, &place.0, &place.1).await?;
    let file = staff.gateway.store.finding_file(&place.2).await?;
    let file = file.filter(|file| file.finding_key == looked.finding.finding_key);
    let file = file.ok_or(StaffFailure::NotFound)?;
    let bytes = read_attached(&staff.gateway, &file).await?.ok_or(StaffFailure::NotFound)?;
    let mut name = String::new();
    for byte in file.name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            name.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(name, "%{byte:02X}");
        }
    }
    Ok(HttpResponse::Ok()
        .content_type(file.media_type.as_str())
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{name}")))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .body(bytes))
}

type RemedyPlace = web::Path<(String, String, String)>;

fn order_of(staff: &Staff, looked: &Looked, remedy: Remedy, reason: &str) -> RemedyOrder {
    RemedyOrder {
        run_id: looked.run.run_id.clone(),
        finding_key: looked.finding.finding_key.clone(),
        remedy,
        reason: reason.to_owned(),
        by: staff.actor(),
    }
}

/// The preview: nothing is changed, and nobody is asked.
pub(in crate::internal) async fn preview(staff: Staff, place: RemedyPlace) -> StaffAnswer {
    let looked = look(&staff, &place.0, &place.1).await?;
    let remedy = Remedy::parse(&place.2).ok_or(StaffFailure::NotFound)?;
    let people = People::load(&staff).await?;
    match preview_remedy(&staff.gateway, &order_of(&staff, &looked, remedy, "")).await {
        Ok(preview) => {
            let shown = Shown { remedy, preview, reason: String::new(), refused: None };
            show_preview(&staff, &people, &looked, shown, StatusCode::OK).await
        }
        Err(refused) => refused_page(&staff, &people, refused, &looked.path()),
    }
}

struct Shown {
    remedy: Remedy,
    preview: RemedyPreview,
    reason: String,
    refused: Option<Both>,
}

async fn show_preview(
    staff: &Staff,
    people: &People,
    looked: &Looked,
    shown: Shown,
    status: StatusCode,
) -> StaffAnswer {
    let Shown { remedy, preview, reason, refused } = shown;
    let name = words::remedy(remedy);
    let amount = (preview.amount > Fen::ZERO && words::moves(remedy)).then(|| words::yuan(preview.amount));
    let named = match &amount {
        Some(amount) => Both::new(format!("{} ¥{amount}", name.zh), format!("{} ¥{amount}", name.en)),
        None => name.clone(),
    };
    let mut page = view(staff, people, looked).await?;
    page.dialog = Some(RemedyDialog {
        action: format!("{}/remedies/{}", looked.path(), remedy.as_str()),
        verb: if preview.needs_second_person {
            Both::new(format!("提交审批 · {}", named.zh), format!("Have it approved · {}", named.en))
        } else {
            named
        },
        name,
        amount_yuan: amount,
        ledgers: ledgers(remedy, looked.finding.category, preview.amount),
        second: preview.needs_second_person.then(|| second_person(people, staff)),
        reason,
        refused,
        read: preview.fingerprint(),
        effects: preview.effects,
    });
    Ok(staff.page_as(status, &page))
}

fn second_person(people: &People, staff: &Staff) -> Both {
    let others: Vec<String> = people
        .0
        .iter()
        .filter(|person| person.active && Right::ApproveRemedy.is_had_by(&person.roles))
        .filter(|person| person.staff_no != staff.me.staff_no)
        .map(|person| people.by_number(&person.staff_no))
        .take(5)
        .collect();
    if others.is_empty() {
        return Both::new(
            "金额超过限额，须由另一位财务主管批准；现在没有别的财务主管，请联系管理员。",
            "It is above the limit, and another finance lead has to approve it; there is none, an administrator can help.",
        );
    }
    let names = others.join("、");
    Both::new(
        format!("金额超过限额，提交后由{names}批准，您本人不能批准。批准时若账面已变，会退回重看。"),
        format!(
            "It is above the limit: {names} can approve it, you cannot. If the facts change before, it is shown anew."
        ),
    )
}

/// What becomes of each ledger, those that stay as they are among them.
fn ledgers(remedy: Remedy, category: Category, amount: Fen) -> Vec<LedgerEffect> {
    let same = || (Both::new("不变", "unchanged"), true);
    let changes = |zh: &str, en: &str| (Both::new(zh, en), false);
    let books = amount > Fen::ZERO;
    let [channel, own, his, patient] = match remedy {
        Remedy::Refund => [
            changes("新增一笔退款，原路退回", "one more refund, the way it came"),
            changes("受理时记应退款，到账后结平", "a payable when it is taken, cleared when it arrives"),
            if category == Category::AmountOver {
                changes(
                    "先征询是否可退；已少记，只登记退款号",
                    "asked first whether it may be; only the refund's number is told",
                )
            } else {
                changes(
                    "先征询是否可退，再登记退费",
                    "asked first whether it may be, then told of the refund",
                )
            },
            changes("收到退款，并收到通知", "gets the money, and is told"),
        ],
        Remedy::WriteBackNow => [same(), same(), changes("补记这一笔", "books it"), same()],
        Remedy::BookToSuspense if books => {
            [same(), changes("差额转入挂账科目", "the gap goes to suspense"), same(), same()]
        }
        Remedy::WriteOff if books => {
            [same(), changes("差额记为损益", "the gap becomes a loss or gain"), same(), same()]
        }
        Remedy::AskAgain => [
            same(),
            (Both::new("不变；若查到新情况，按正常流程入账", "unchanged; news is booked as usual"), true),
            same(),
            same(),
        ],
        Remedy::Carry | Remedy::MarkForeign | Remedy::Note | Remedy::BookToSuspense | Remedy::WriteOff => {
            [same(), same(), same(), same()]
        }
    };
    [
        (Both::new("渠道", "Channel"), channel),
        (Both::new("网关账簿", "Our books"), own),
        (Both::same("HIS"), his),
        (Both::new("患者", "Patient"), patient),
    ]
    .into_iter()
    .map(|(ledger, (effect, unchanged))| LedgerEffect { ledger, effect, unchanged })
    .collect()
}

/// Orders what was read; when it is not that any more, the new preview is shown and nothing is done.
pub(in crate::internal) async fn order(staff: Staff, place: RemedyPlace, body: web::Bytes) -> StaffAnswer {
    let form = staff.form(&body)?;
    let looked = look(&staff, &place.0, &place.1).await?;
    let remedy = Remedy::parse(&place.2).ok_or(StaffFailure::NotFound)?;
    let reason = form.value("reason").unwrap_or_default().trim().to_owned();
    let people = People::load(&staff).await?;
    let wish = order_of(&staff, &looked, remedy, &reason);
    let preview = match preview_remedy(&staff.gateway, &wish).await {
        Ok(preview) => preview,
        Err(refused) => return refused_page(&staff, &people, refused, &looked.path()),
    };
    let ordered = if form.value("read") == Some(preview.fingerprint().as_str()) {
        order_remedy(&staff.gateway, &wish, &preview).await
    } else {
        Err(RemedyRefused::Changed(preview.clone()))
    };
    match ordered {
        Ok(record) => {
            let name = words::remedy(record.remedy);
            let said = if record.state == RemedyState::Waiting {
                State::new(
                    Face::Info,
                    format!("“{}”已提交，等第二个人批准", name.zh),
                    format!("“{}” waits for a second person", name.en),
                )
            } else {
                let outcome =
                    if record.outcome.is_empty() { String::new() } else { format!("：{}", record.outcome) };
                State::new(
                    Face::Ok,
                    format!("“{}”已执行{outcome}", name.zh),
                    format!("“{}” is done{outcome}", name.en),
                )
            };
            Ok(staff.say_and_go(&looked.path(), &said))
        }
        Err(refused @ RemedyRefused::Changed(_)) => {
            let words = refused_words(&refused, &people);
            let RemedyRefused::Changed(preview) = refused else { return Err(StaffFailure::Stale) };
            let shown = Shown { remedy, preview, reason, refused: Some(words) };
            show_preview(&staff, &people, &looked, shown, StatusCode::CONFLICT).await
        }
        Err(refused @ RemedyRefused::NoReason) => {
            let refused = Some(refused_words(&refused, &people));
            let shown = Shown { remedy, preview, reason, refused };
            show_preview(&staff, &people, &looked, shown, StatusCode::BAD_REQUEST).await
        }
        Err(refused) => refused_page(&staff, &people, refused, &looked.path()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_odd_one_out_is_marked_and_of_two_that_differ_both() {
        let text = |text: &str| (!text.is_empty()).then(|| Both::same(text));
        let odd = |a, b, c| {
            let texts = [text(a), text(b), text(c)];
            [0, 1, 2].map(|place| is_odd(&texts, place))
        };
        assert_eq!(odd("1", "1", "2"), [false, false, true]);
        assert_eq!(odd("1", "", "2"), [true, false, true]);
        assert_eq!(odd("1", "1", ""), [false; 3]);
        assert_eq!(odd("1", "", ""), [false; 3]);
    }
}
