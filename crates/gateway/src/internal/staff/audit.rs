//! The audit trail: read, verified, taken away.

use super::dashboard::grouped;
use crate::Gateway;
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::service::{Trouble, verify_trail};
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use futures_util::stream;
use mingfen_domain::access::Right;
use mingfen_domain::{BusinessDay, Timestamp};
use mingfen_pages::Language;
use mingfen_pages::staff::{AuditRow, AuditTrail, Both, ChainState, Choice, Face, State};
use mingfen_reconciliation::report::foreign_text;
use mingfen_store::{AuditEvent, AuditFilter, AuditRecord};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const PAGE: usize = 50;
/// Rows of one piece of an export.
const PIECE: i64 = 1000;
/// A short trail is walked while somebody waits; a long one goes on by itself.
const PATIENCE: Duration = Duration::from_secs(3);

/// Looks at what is hidden otherwise: by their beginnings.
const PERSONAL: &[&str] =
    &["person.", "evidence.shown", "blocklist.shown", "orders.searched", "slips.looked_up"];

/// The kinds of the filter: its word, its names, and the actions that it lets through.
const KINDS: [(&str, &str, &str, &[&str]); 6] = [
    ("", "全部", "everything", &[]),
    ("people", "有人参与", "done by people", &[]),
    ("personal", "看个人信息", "looks at personal data", PERSONAL),
    ("money", "动钱", "money", &["refund.", "remedy.", "payment.", "shift."]),
    ("sign-in", "登录与人员", "signing in, staff", &["staff."]),
    (
        "settings",
        "改设置",
        "settings and keys",
        &[
            "key.",
            "keys.",
            "rules.",
            "blocklist.",
            "notice_template.",
            "hospital.",
            "campus.",
            "slip_link.",
            "task.",
        ],
    ),
];

/// What a filter of the address means.
struct Wanted {
    day: Option<BusinessDay>,
    actor: String,
    /// As it stands in the trail: a staff number is a person's, anything else a key or a part of the program.
    actor_asked: Option<String>,
    subject: String,
    kind: &'static (&'static str, &'static str, &'static str, &'static [&'static str]),
}

impl Wanted {
    async fn of(staff: &Staff) -> Result<Self, StaffFailure> {
        let text =
            |name: &str| staff.query(name).unwrap_or_default().trim().chars().take(128).collect::<String>();
        let day = match text("day").as_str() {
            "" => None,
            day => Some(BusinessDay::parse(day).map_err(|_| {
                StaffFailure::Bad(Both::new("日期要写成 2026-11-24 这样", "a day is written 2026-11-24"))
            })?),
        };
        let kind = text("kind");
        let kind = KINDS.iter().find(|known| known.0 == kind).unwrap_or(&KINDS[0]);
        let actor = text("actor");
        let actor_asked = match actor.as_str() {
            "" => None,
            number if staff.gateway.store.staff_member(number).await?.is_some() => {
                Some(format!("staff:{number}"))
            }
            other => Some(other.to_owned()),
        };
        Ok(Self { day, actor, actor_asked, subject: text("subject"), kind })
    }

    fn filter(&self) -> AuditFilter {
        AuditFilter {
            from: self.day.map(BusinessDay::start),
            to: self.day.map(|day| day.next().start()),
            actor: self.actor_asked.clone(),
            by_people: self.kind.0 == "people",
            actions: self.kind.3.iter().map(|action| (*action).to_owned()).collect(),
            subject: (!self.subject.is_empty()).then(|| self.subject.clone()),
        }
    }

    fn query(&self) -> String {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        if let Some(day) = self.day {
            text.append_pair("day", &day.to_string());
        }
        for (name, value) in
            [("actor", self.actor.as_str()), ("subject", &self.subject), ("kind", self.kind.0)]
        {
            if !value.is_empty() {
                text.append_pair(name, value);
            }
        }
        text.finish()
    }
}

/// The page.
pub(in crate::internal) async fn show(staff: Staff) -> StaffAnswer {
    let wanted = Wanted::of(&staff).await?;
    let before = staff.query("before").and_then(|text| {
        let (at, event_id) = text.split_once(':')?;
        Some((Timestamp::from_ms(at.parse().ok()?), event_id.to_owned()))
    });
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut records = staff.gateway.store.search_audit(&wanted.filter(), before.as_ref(), limit).await?;
    let more = records.len() > PAGE;
    records.truncate(PAGE);
    let query = wanted.query();
    let with = |path: &str, more: &str| {
        let parts: Vec<&str> = [query.as_str(), more].into_iter().filter(|part| !part.is_empty()).collect();
        if parts.is_empty() { path.to_owned() } else { format!("{path}?{}", parts.join("&")) }
    };
    let older = records
        .last()
        .filter(|_| more)
        .map(|last| with("/audit", &format!("before={}:{}", last.event.at.ms(), last.event_id)));
    let names = names_of(&staff.gateway, &records).await?;
    let view = AuditTrail {
        chain: chain(&staff).await?,
        day: wanted.day.map(|day| day.to_string()).unwrap_or_default(),
        actor: wanted.actor.clone(),
        subject: wanted.subject.clone(),
        kinds: KINDS
            .iter()
            .map(|(key, zh, en, _)| Choice {
                key: (*key).to_owned(),
                word: Both::new(*zh, *en),
                chosen: *key == wanted.kind.0,
            })
            .collect(),
        rows: records.iter().map(|record| row(&staff, record, &names)).collect(),
        older,
        newest: before.is_some().then(|| with("/audit", "")),
        export: staff.may(Right::ExportAudit).then(|| with("/audit.csv", "")),
    };
    Ok(staff.page(&view))
}

async fn chain(staff: &Staff) -> Result<ChainState, StaffFailure> {
    let Some(check) = staff.gateway.store.last_audit_check().await? else {
        return Ok(ChainState {
            state: State::new(Face::Info, "还没有校验过", "not verified yet"),
            headline: Both::new(
                "点“立即校验”，从第一行走到最后一行",
                "“Verify now” walks from the first row to the last",
            ),
            more: Both::same(""),
            problems: Vec::new(),
            anchor: None,
        });
    };
    let at = staff.moment(check.at).full();
    let took = format!("{}.{}", check.took_ms / 1000, check.took_ms % 1000 / 100);
    let whole = check.problems.is_empty();
    let state = if whole {
        State::new(Face::Ok, "链条完整", "whole")
    } else {
        State::new(Face::Bad, "断链", "broken")
    };
    let rows = grouped(check.rows);
    let headline = if whole {
        Both::new(format!("{rows} 行，全部相连"), format!("{rows} rows, all linked"))
    } else {
        let next = grouped(check.last_seq + 1);
        Both::new(
            format!("第 {next} 行起不能作证；在它之前的 {rows} 行完整"),
            format!("from row {next} on it proves nothing; the {rows} before it hold"),
        )
    };
    Ok(ChainState {
        state,
        headline,
        more: Both::new(format!("上次校验 {at}，用时 {took} 秒"), format!("verified {at} in {took} s")),
        problems: check.problems.lines().map(str::to_owned).collect(),
        anchor: Some(format!("{}:{}", check.last_seq, check.last_hash)),
    })
}

/// The names of the people on a page.
async fn names_of(gateway: &Gateway, records: &[AuditRecord]) -> Result<BTreeMap<String, String>, Trouble> {
    let mut names = BTreeMap::new();
    for record in records {
        let Some(staff_no) = record.event.actor.strip_prefix("staff:") else { continue };
        if names.contains_key(staff_no) {
            continue;
        }
        let name = gateway.store.staff_member(staff_no).await?.map(|member| member.name);
        names.insert(staff_no.to_owned(), name.unwrap_or_else(|| staff_no.to_owned()));
    }
    Ok(names)
}

fn row(staff: &Staff, record: &AuditRecord, names: &BTreeMap<String, String>) -> AuditRow {
    let event = &record.event;
    let (who, who_more) = match event.actor.strip_prefix("staff:") {
        Some(staff_no) => (Both::same(names.get(staff_no).cloned().unwrap_or_default()), staff_no.to_owned()),
        None if event.actor == "gateway" => (Both::new("系统", "the gateway"), String::new()),
        None if event.actor == "patient" => (Both::new("患者", "the patient"), String::new()),
        None if event.actor == "command line" => (Both::new("命令行", "command line"), String::new()),
        None => (Both::same(event.actor.clone()), String::new()),
    };
    let moment = staff.moment(event.at);
    AuditRow {
        at: format!("{:02}-{:02} {}", moment.month, moment.day, moment.clock_with_seconds()),
        who,
        who_more,
        action: action_words(&event.action),
        personal: PERSONAL.iter().any(|action| event.action.starts_with(action)),
        subject: event.subject.clone(),
        subject_path: subject_path(staff, event),
        detail: if staff.language == Language::ZhCn {
            in_chinese(&event.detail)
        } else {
            event.detail.clone()
        },
        link: record.link.as_ref().map(|link| {
            let hash = &link.hash;
            let short = match (hash.get(..4), hash.get(hash.len().saturating_sub(4)..)) {
                (Some(head), Some(tail)) => format!("{head}…{tail}"),
                _ => hash.clone(),
            };
            (link.seq, short)
        }),
    }
}

/// A row's content as it is read in Chinese, where it is one of the program's own forms; whatever people wrote stays as it stands.
fn in_chinese(detail: &str) -> String {
    let is_money =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if let Some((amount, rest)) = detail.split_once(" yuan").filter(|(amount, _)| is_money(amount)) {
        return match rest.split_once(' ') {
            Some(("", rest)) if rest.starts_with("for ") => format!("{amount} 元，账单 {}", &rest[4..]),
            Some(("", rest)) if rest.starts_with("of ") => format!("{amount} 元，支付单 {}", &rest[3..]),
            _ => format!("{amount} 元{rest}"),
        };
    }
    for (form, chinese) in [
        ("with a second factor from ", "密码加动态码，来自 "),
        ("by password from ", "密码，来自 "),
        ("works until ", "有效至 "),
        ("asked for a comparison", "要求重新对账"),
    ] {
        if let Some(rest) = detail.strip_prefix(form) {
            return format!("{chinese}{rest}");
        }
    }
    match detail.split_once(", receipt ") {
        Some((order, receipt)) if !order.contains(' ') && !receipt.contains(' ') => {
            format!("{order}，收据 {receipt}")
        }
        _ => detail.to_owned(),
    }
}

/// Where a subject is shown, for who may look there.
fn subject_path(staff: &Staff, event: &AuditEvent) -> Option<String> {
    let subject = event.subject.as_str();
    let plain = subject.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if event.action.starts_with("staff.") {
        return (plain && staff.may(Right::ManageStaff)).then(|| format!("/admin/staff/{subject}"));
    }
    let is_ours = plain && subject.len() > 15 && subject.starts_with(['P', 'B', 'R']);
    (is_ours && staff.may(Right::FindOrders)).then(|| format!("/orders?q={subject}"))
}

/// What an action is called.
fn action_words(action: &str) -> Both {
    let (zh, en) = match action {
        "payment.opened" => ("下单", "order opened"),
        "payment.paid" => ("支付成功", "paid"),
        "payment.double" => ("重复支付", "paid twice"),
        "refund.requested" => ("申请退款", "refund asked for"),
        "refund.arrived" => ("退款到账", "refund arrived"),
        "refund.booked" => ("退款已记入 HIS", "refund booked at HIS"),
        "refund.taken_back" => ("退款撤回", "refund taken back"),
        "refund.approval_asked" => ("提交退费审批", "refund approval asked for"),
        "refund.approved" => ("批准退费", "refund approved"),
        "refund.declined" => ("拒绝退费", "refund declined"),
        "refund.withdrawn" => ("撤回退费申请", "refund request withdrawn"),
        "shift.opened" => ("开班", "shift opened"),
        "shift.counted" => ("清点现金", "till counted"),
        "shift.asked" => ("差额送会签", "countersignature asked for"),
        "shift.taken_back" => ("撤回会签", "countersignature taken back"),
        "shift.sent_back" => ("退回重数", "sent back to be counted"),
        "shift.closed" => ("结班", "shift closed"),
        "shift.printed" => ("打印交接单", "hand-over sheet printed"),
        "shift.received" => ("签收现金", "cash received"),
        "shift.looked_into" => ("核查日结差额", "difference looked into"),
        "window.taken" => ("窗口收款", "taken at the window"),
        "window.dropped" => ("窗口放开缴费单", "dropped at the window"),
        "window.given_back" => ("窗口退现", "given back at the window"),
        "write_back.posted" => ("回写 HIS", "told HIS"),
        "write_back.refused" => ("HIS 拒绝记账", "HIS refused"),
        "order.close_asked" => ("要求关单", "closing asked for"),
        "remedy.asked" => ("提交差异处理", "remedy ordered"),
        "remedy.done" => ("差异已处理", "remedy done"),
        "remedy.declined" => ("拒绝差异处理", "remedy declined"),
        "run.made" => ("运行对账", "day compared"),
        "run.published" => ("对账结果发布", "run published"),
        "day.signed" => ("签结", "day signed"),
        "task.retried" => ("重试任务", "task retried"),
        "task.closed" => ("关闭任务", "task closed"),
        "slip_link.made" => ("生成缴费码", "slip code made"),
        "slip_link.revoked" => ("作废缴费码", "slip code revoked"),
        "key.made" => ("新建接口密钥", "API key made"),
        "key.rotated" => ("轮换接口密钥", "API key rotated"),
        "key.revoked" => ("作废接口密钥", "API key revoked"),
        "keys.resealed" => ("轮换加密密钥", "sealed anew"),
        "staff.added" => ("新增人员", "account made"),
        "staff.changed" => ("修改人员", "account changed"),
        "staff.signed_in" => ("登录", "signed in"),
        "staff.wrong_password" => ("密码输错", "wrong password"),
        "staff.wrong_code" => ("验证码输错", "wrong code"),
        "staff.recovery_used" => ("使用恢复码", "recovery code used"),
        "staff.second_factor" => ("动态码变更", "second factor changed"),
        "staff.password" => ("密码变更", "password changed"),
        "staff.session_ended" => ("退出登录", "session ended"),
        "staff.sessions_ended" => ("结束多处登录", "sessions ended"),
        "staff.unlocked" => ("解锁", "unlocked"),
        "staff.refused" => ("越权尝试", "refused"),
        "payment.held_back" => ("按规则拦下", "held back by a rule"),
        "rules.proposed" => ("提出限额改动", "limits proposed"),
        "rules.tightened" => ("限额先收紧", "limits tightened at once"),
        "rules.approved" => ("批准限额改动", "limits approved"),
        "rules.confirmed" => ("确认限额收紧", "limits confirmed"),
        "rules.declined" => ("驳回限额改动", "limits declined"),
        "rules.withdrawn" => ("撤回限额改动", "limits taken back"),
        "notice_template.proposed" => ("提出改短信模板", "message proposed"),
        "notice_template.approved" => ("批准短信模板", "message approved"),
        "notice_template.declined" => ("驳回短信模板", "message declined"),
        "notice_template.withdrawn" => ("撤回短信模板", "message taken back"),
        "hospital.changed" => ("改医院信息", "hospital changed"),
        "campus.added" => ("新增院区", "campus added"),
        "campus.changed" => ("改院区", "campus changed"),
        "blocklist.added" => ("加入黑名单", "put on the blocklist"),
        "blocklist.lifted" => ("移出黑名单", "taken off the blocklist"),
        "blocklist.shown" => ("看黑名单号码", "blocklist number seen"),
        "difference.handled" => ("改差异负责人或期限", "who and until when"),
        "difference.noted" => ("差异留言", "difference noted"),
        "difference.file" => ("差异附件", "file added to a difference"),
        "file.brought" => ("上传对账文件", "file brought"),
        "report.exported" => ("导出对账报告", "report taken away"),
        "run.asked" => ("要求重跑对账", "comparison asked for"),
        "receipt.printed" => ("打印收据", "receipt printed"),
        "order.asked" => ("向渠道查询", "channel asked"),
        "orders.searched" => ("按个人信息查找支付单", "payments searched by person"),
        "slips.looked_up" => ("按个人信息查缴费单", "slips looked up by person"),
        "refund.refused" => ("退费未执行", "refund not carried out"),
        "audit.verified" => ("校验审计日志", "trail verified"),
        "audit.exported" => ("导出审计日志", "trail exported"),
        "audit.end_accepted" => ("接受链尾", "chain end accepted"),
        "person.seen" => ("看个人信息", "personal data seen"),
        "person.shown" => ("看完整个人信息", "personal data shown in full"),
        "evidence.shown" => ("看通知原文", "notification shown as it came"),
        "person.searched" => ("按个人信息查找", "searched by personal data"),
        other => return Both::same(other),
    };
    Both::new(zh, en)
}

/// Has the trail verified. A long one goes on after the answer; its end is on the page.
pub(in crate::internal) async fn verify(staff: Staff, body: web::Bytes) -> StaffAnswer {
    staff.form(&body)?;
    let (gateway, actor) = (staff.gateway.clone(), staff.actor());
    let walk = tokio::spawn(async move { verify_trail(&gateway, &actor).await });
    let said = match tokio::time::timeout(PATIENCE, walk).await {
        Err(_) => State::new(
            Face::Info,
            "正在校验，完成后刷新本页可见",
            "It is being verified; reload this page later",
        ),
        Ok(Ok(Ok(Some(check)))) if check.problems.is_empty() => {
            State::new(Face::Ok, "校验完成，链条完整", "Verified: the chain is whole")
        }
        Ok(Ok(Ok(Some(_)))) => {
            State::new(Face::Bad, "校验完成，发现断点，见下", "Verified: it is broken, see below")
        }
        Ok(Ok(Ok(None))) => State::new(Face::Info, "已有人在校验，请稍候", "Somebody is at it already; wait"),
        Ok(Ok(Err(trouble))) => return Err(trouble.into()),
        Ok(Err(_)) => return Err(Trouble::Stopping.into()),
    };
    Ok(staff.say_and_go("/audit", &said))
}

/// The rows of a filter as a file. That somebody took them away is itself a row.
pub(in crate::internal) async fn export(staff: Staff) -> StaffAnswer {
    let wanted = Wanted::of(&staff).await?;
    let now = staff.gateway.now();
    let query = wanted.query();
    let mut tx = staff.gateway.store.begin().await?;
    tx.record(&AuditEvent {
        at: now,
        actor: staff.actor(),
        action: "audit.exported".into(),
        subject: "audit".into(),
        detail: if query.is_empty() { "everything".into() } else { query },
    })
    .await?;
    tx.commit().await?;
    let name = format!("audit-{}.csv", wanted.day.map_or_else(|| "all".to_owned(), |day| day.to_string()));
    let head = "\u{feff}时间 at,人员 actor,动作 action,对象 subject,内容 detail,行 seq,指纹 hash\r\n";
    let first =
        Export { gateway: staff.gateway.clone(), filter: wanted.filter(), before: None, head: Some(head) };
    let pieces = stream::try_unfold(Some(first), |export| async move {
        let Some(mut export) = export else { return Ok::<_, Trouble>(None) };
        let records =
            export.gateway.store.search_audit(&export.filter, export.before.as_ref(), PIECE).await?;
        let mut text = export.head.take().unwrap_or_default().to_owned();
        for record in &records {
            line(&mut text, record);
        }
        let next = records.last().map(|last| (last.event.at, last.event_id.clone()));
        export.before.clone_from(&next);
        Ok(Some((web::Bytes::from(text), next.map(|_| export))))
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .streaming(Box::pin(futures_util::TryStreamExt::map_err(pieces, |error| {
            std::io::Error::other(error.to_string())
        }))))
}

struct Export {
    gateway: Arc<Gateway>,
    filter: AuditFilter,
    before: Option<(Timestamp, String)>,
    head: Option<&'static str>,
}

fn line(text: &mut String, record: &AuditRecord) {
    let event = &record.event;
    let (seq, hash) =
        record.link.as_ref().map_or((String::new(), ""), |link| (link.seq.to_string(), &link.hash));
    let cells = [
        event.at.to_rfc3339(),
        event.actor.clone(),
        event.action.clone(),
        event.subject.clone(),
        event.detail.clone(),
        seq,
        hash.to_owned(),
    ];
    let cells: Vec<_> = cells.iter().map(|cell| foreign_text(cell)).collect();
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(foreign_text("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(foreign_text("-1"), "'-1");
        assert_eq!(foreign_text("128.50 yuan, 药品"), "\"128.50 yuan, 药品\"");
    }

    #[test]
    fn the_programs_own_forms_are_read_in_chinese_and_nothing_else_is_touched() {
        assert_eq!(
            in_chinese("12.00 yuan for B261201MPZV5G26APY3K4"),
            "12.00 元，账单 B261201MPZV5G26APY3K4"
        );
        assert_eq!(in_chinese("25.00 yuan of P1, cashier"), "25.00 元，支付单 P1, cashier");
        assert_eq!(in_chinese("40.00 yuan"), "40.00 元");
        assert_eq!(in_chinese("40.00 yuan, sent back"), "40.00 元, sent back");
        assert_eq!(in_chinese("HIS1, receipt SJ1"), "HIS1，收据 SJ1");
        assert_eq!(in_chinese("多收 12 yuan for B1"), "多收 12 yuan for B1");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            (grouped(7), grouped(4711), grouped(4_816_207)),
            ("7".into(), "4,711".into(), "4,816,207".into())
        );
    }
}
