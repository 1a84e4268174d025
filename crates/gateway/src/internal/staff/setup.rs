//! How the gateway is set up, and what of its work waits for a person.

use super::provider_words;
use crate::http::form::Form;
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::service::{
    CloseRefused, KeyRefused, MadeKey, NewKey, RetryRefused, close_task, make_key, matter, retry_task,
    revoke_key, rotate_key,
};
use crate::settings::{ApiRight, KeyLimits};
use actix_web::http::StatusCode;
use actix_web::web;
use mingfen_domain::access::Right;
use mingfen_domain::payment::Scene;
use mingfen_domain::{BusinessDay, Fen, Timestamp};
use mingfen_pages::staff::{
    AccountRow, ApiKeys, Both, Expiries, ExpiryRow, Face, KeyForm, KeyRow, MerchantAccounts, ParkedRow,
    ParkedTasks, RightChoice, State,
};
use mingfen_provider_api::Provider;
use mingfen_store::{TaskKind, TaskState};

/// From so many days before its end something is amber.
const NEAR_DAYS: i64 = 45;
const DAY_MS: i64 = 86_400_000;
/// Parked tasks on the page.
const PARKED: i64 = 200;

fn abilities(channel: &dyn Provider) -> Vec<Both> {
    let scene = |scene: &Scene| match scene {
        Scene::InApp => Both::new("应用内支付", "inside the app"),
        Scene::MobileBrowser => Both::new("手机网页", "mobile browser"),
        Scene::ShownCode => Both::new("动态码", "shown code"),
        Scene::Window => Both::new("窗口收款", "taken at the window"),
    };
    let mut all: Vec<Both> = channel.scenes().iter().map(scene).collect();
    let more = [
        (channel.authorisation().is_some(), "授权登录", "authorisation"),
        (channel.inquiry().is_some(), "查询与关单", "query, close"),
        (channel.refunds().is_some(), "退款", "refunds"),
        (channel.notifications().is_some(), "通知", "notifications"),
        (channel.statements().is_some(), "对账单", "statements"),
    ];
    all.extend(more.into_iter().filter(|(there, ..)| *there).map(|(_, zh, en)| Both::new(zh, en)));
    all
}

fn expiries_of(channel: &dyn Provider) -> Vec<(String, Timestamp)> {
    channel.upkeep().map(|upkeep| upkeep.expiries()).unwrap_or_default()
}

fn days_left(at: Timestamp, now: Timestamp) -> i64 {
    at.since_ms(now).div_euclid(DAY_MS)
}

/// A rate in 1/100 000 as per cent: `200` is `0.20 %`.
fn per_cent(per_100000: u32) -> String {
    format!("{}.{:02} %", per_100000 / 1000, per_100000 % 1000 / 10)
}

/// The merchant accounts.
pub(in crate::internal) async fn accounts(staff: Staff) -> StaffAnswer {
    let gateway = &staff.gateway;
    let now = gateway.now();
    let rows = gateway
        .channels
        .iter()
        .map(|(id, channel)| {
            let known = gateway.settings.reconciliation.accounts.get(id);
            let soonest = expiries_of(channel.as_ref()).into_iter().map(|(_, at)| days_left(at, now)).min();
            let state = match soonest {
                Some(left) if left < 0 => State::new(Face::Bad, "证书已到期", "certificate has ended"),
                Some(left) if left <= NEAR_DAYS => State::new(
                    Face::Warn,
                    format!("证书 {left} 天后到期"),
                    format!("certificate ends in {left} days"),
                ),
                _ => State::new(Face::Ok, "启用", "in use"),
            };
            AccountRow {
                channel: id.to_string(),
                provider: provider_words(channel.provider_name()),
                identity: channel.identity(),
                bank_account: known.and_then(|known| known.bank_account.clone()).unwrap_or_default(),
                fee: known.and_then(|known| known.fee_per_100000).map(per_cent).unwrap_or_default(),
                abilities: abilities(channel.as_ref()),
                state,
            }
        })
        .collect();
    let routes = &gateway.settings.routes;
    let route = |word, channel: &Option<mingfen_domain::ids::ChannelId>| {
        (word, channel.as_ref().map_or_else(|| "—".to_owned(), ToString::to_string))
    };
    let view = MerchantAccounts {
        rows,
        routes: vec![
            route(Both::new("微信内", "inside WeChat"), &routes.wechat),
            route(Both::new("支付宝内", "inside Alipay"), &routes.alipay),
        ],
        hospital_id: gateway.settings.hospital.id.to_string(),
    };
    Ok(staff.page(&view))
}

/// What expires, the soonest first.
pub(in crate::internal) async fn expiry(staff: Staff) -> StaffAnswer {
    let now = staff.gateway.now();
    let row = |what: Both, kind: Both, at: Timestamp, note: Both| {
        let left = days_left(at, now);
        let state = match left {
            left if left < 0 => State::new(Face::Bad, "已到期", "ended"),
            left if left <= NEAR_DAYS => State::new(Face::Warn, "快到期", "soon"),
            _ => State::new(Face::Ok, "有效", "valid"),
        };
        ExpiryRow { what, kind, day: BusinessDay::of(at).to_string(), left, state, note }
    };
    let mut rows = Vec::new();
    for (id, channel) in &staff.gateway.channels {
        for (what, at) in expiries_of(channel.as_ref()) {
            let provider = provider_words(channel.provider_name());
            rows.push(row(
                Both::new(format!("{} {id}：{what}", provider.zh), format!("{} {id}: {what}", provider.en)),
                Both::new("证书", "certificate"),
                at,
                Both::new(
                    "到期后这个渠道的收款、退款、对账会停；换好文件后重启",
                    "then this channel stops; replace the file and restart",
                ),
            ));
        }
    }
    for key in staff.gateway.store.api_keys().await?.into_iter().filter(|key| key.is_valid(now)) {
        if let Some(at) = key.expires_at {
            rows.push(row(
                Both::new(format!("{} {}", key.label, key.key_id), format!("{} {}", key.label, key.key_id)),
                Both::new("接口密钥", "API key"),
                at,
                Both::new(
                    "到期自动停用；请确认对方已换用新密钥",
                    "it ends by itself; see that the other side uses the new one",
                ),
            ));
        }
    }
    rows.sort_by_key(|row| row.left);
    Ok(staff.page(&Expiries { rows }))
}

fn right_words(right: ApiRight) -> Both {
    match right {
        ApiRight::Slips => Both::new("生成、作废缴费码", "make and revoke slip codes"),
        ApiRight::Unpaid => Both::new("查待缴清单", "list what a card owes"),
        ApiRight::Orders => Both::new("查单（无个人信息）", "read orders, nothing personal"),
        ApiRight::OrderStories => Both::new("查单据经过", "read stories of orders"),
        ApiRight::CloseOrders => Both::new("关闭未付订单", "close unpaid orders"),
        ApiRight::Refunds => Both::new("申请退费", "ask for refunds"),
        ApiRight::DayLists => Both::new("按日列支付与退款", "list a day's payments and refunds"),
        ApiRight::Tasks => Both::new("看和重试搁置任务", "see and retry parked tasks"),
    }
}

fn limit_words(limits: &KeyLimits, refunds: bool) -> Both {
    let per_minute = limits.per_minute;
    if !refunds {
        return Both::new(
            format!("每分钟 {per_minute} 次；不能退费"),
            format!("{per_minute} a minute; no refunds"),
        );
    }
    let (single, day) = (limits.max_refund.to_yuan_grouped(), limits.max_refund_per_day.to_yuan_grouped());
    Both::new(
        format!("每分钟 {per_minute} 次；退费单笔 ≤ {single} 元，每日 ≤ {day} 元"),
        format!("{per_minute} a minute; refunds up to {single} yuan each, {day} a day"),
    )
}

fn key_form(typed: Option<&Form>, trouble: Option<Both>) -> KeyForm {
    let value = |name: &str, usual: &str| {
        typed.and_then(|form| form.value(name)).unwrap_or(usual).chars().take(64).collect::<String>()
    };
    KeyForm {
        label: value("label", ""),
        rights: ApiRight::ALL
            .iter()
            .map(|(right, key)| RightChoice {
                key,
                word: right_words(*right),
                chosen: typed.is_some_and(|form| form.values("right").any(|word| word == *key)),
            })
            .collect(),
        per_minute: value("per_minute", "600"),
        max_refund: value("max_refund", "0.00"),
        max_refund_per_day: value("max_refund_per_day", "0.00"),
        until: value("until", ""),
        trouble,
    }
}

/// The keys.
pub(in crate::internal) async fn keys(staff: Staff) -> StaffAnswer {
    keys_page(&staff, StatusCode::OK, None, key_form(None, None)).await
}

async fn keys_page(staff: &Staff, status: StatusCode, made: Option<MadeKey>, form: KeyForm) -> StaffAnswer {
    let now = staff.gateway.now();
    let mut rows: Vec<KeyRow> = staff
        .gateway
        .settings
        .api_keys
        .iter()
        .map(|key| KeyRow {
            key_id: key.id.clone(),
            label: "配置文件 · configuration file".into(),
            rights: key.may.iter().map(|right| right_words(*right)).collect(),
            limits: limit_words(&key.limits, key.may.contains(&ApiRight::Refunds)),
            used: None,
            state: State::new(Face::Ok, "使用中", "in use"),
            ours: false,
        })
        .collect();
    for key in staff.gateway.store.api_keys().await? {
        let rights: Vec<ApiRight> = key.rights.iter().filter_map(|word| ApiRight::parse(word)).collect();
        let state = match (&key.revoked, key.expires_at) {
            (Some((at, _)), _) => {
                let day = BusinessDay::of(*at);
                State::new(Face::Idle, format!("{day} 已作废"), format!("revoked {day}"))
            }
            (None, Some(at)) if at <= now => State::new(Face::Idle, "已到期", "ended"),
            (None, Some(at)) => {
                let day = BusinessDay::of(at);
                State::new(Face::Warn, format!("{day} 停用"), format!("ends {day}"))
            }
            (None, None) => State::new(Face::Ok, "使用中", "in use"),
        };
        let limits = KeyLimits {
            per_minute: u32::try_from(key.per_minute).unwrap_or_default(),
            max_refund: key.max_refund,
            max_refund_per_day: key.max_refund_per_day,
        };
        rows.push(KeyRow {
            ours: key.is_valid(now),
            limits: limit_words(&limits, rights.contains(&ApiRight::Refunds)),
            rights: rights.into_iter().map(right_words).collect(),
            used: key.used_at.map(|at| staff.moment(at).full()),
            key_id: key.key_id,
            label: key.label,
            state,
        });
    }
    let view = ApiKeys {
        rows,
        made: made.map(|made| (made.key_id, made.secret)),
        form: staff.may(Right::ManageKeys).then_some(form),
    };
    Ok(staff.page_as(status, &view))
}

fn refused_words(refused: &KeyRefused) -> Both {
    let zh = match refused {
        KeyRefused::Label => "用途要写 1 至 40 个看得见的字",
        KeyRefused::NoRight => "至少选一项权利",
        KeyRefused::Limits => "次数为 1 至 100000；单笔退费上限不能大于每日上限",
        KeyRefused::Past => "有效期已经过去",
        KeyRefused::NotFound => "没有这把密钥，或已经作废",
        KeyRefused::Trouble(_) => "没有保存，请再试一次",
    };
    Both::new(zh, refused.to_string())
}

/// What was typed, or what is wrong with it.
fn new_key(form: &Form) -> Result<NewKey, Both> {
    let yuan = |name: &str, what: &str| {
        let text = form.value(name).unwrap_or_default().trim().replace(',', "");
        Fen::from_yuan(&text)
            .map_err(|_| Both::new(format!("{what}要写成 100.00 这样"), "an amount is written 100.00"))
    };
    let until = form.value("until").unwrap_or_default().trim();
    let expires_at = match until {
        "" => None,
        day => {
            let day = BusinessDay::parse(day)
                .map_err(|_| Both::new("日期要写成 2026-11-24 这样", "a day is written 2026-11-24"))?;
            Some(day.next().start())
        }
    };
    Ok(NewKey {
        label: form.value("label").unwrap_or_default().trim().to_owned(),
        rights: form.values("right").filter_map(ApiRight::parse).collect(),
        limits: KeyLimits {
            per_minute: form
                .value("per_minute")
                .and_then(|text| text.trim().parse().ok())
                .ok_or_else(|| Both::new("每分钟次数要写整数", "requests a minute are a whole number"))?,
            max_refund: yuan("max_refund", "单笔退费上限")?,
            max_refund_per_day: yuan("max_refund_per_day", "每日退费上限")?,
        },
        expires_at,
    })
}

/// Makes a key, and shows its secret once.
pub(in crate::internal) async fn add_key(staff: Staff, body: web::Bytes) -> StaffAnswer {
    let form = staff.form(&body)?;
    let wrong = |trouble: Both| key_form(Some(&form), Some(trouble));
    let new = match new_key(&form) {
        Ok(new) => new,
        Err(trouble) => return keys_page(&staff, StatusCode::BAD_REQUEST, None, wrong(trouble)).await,
    };
    match make_key(&staff.gateway, &new, &staff.actor()).await {
        Ok(made) => keys_page(&staff, StatusCode::OK, Some(made), key_form(None, None)).await,
        Err(KeyRefused::Trouble(trouble)) => Err(trouble.into()),
        Err(refused) => {
            keys_page(&staff, StatusCode::BAD_REQUEST, None, wrong(refused_words(&refused))).await
        }
    }
}

/// Makes the key that follows another one.
pub(in crate::internal) async fn rotate(
    staff: Staff,
    key_id: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    staff.form(&body)?;
    match rotate_key(&staff.gateway, &key_id, &staff.actor()).await {
        Ok(made) => keys_page(&staff, StatusCode::OK, Some(made), key_form(None, None)).await,
        Err(refused) => refuse_key(&staff, &refused),
    }
}

/// Revokes a key.
pub(in crate::internal) async fn revoke(
    staff: Staff,
    key_id: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    staff.form(&body)?;
    match revoke_key(&staff.gateway, &key_id, &staff.actor()).await {
        Ok(()) => {
            let said = State::new(
                Face::Ok,
                format!("{key_id} 已作废，立即生效"),
                format!("{key_id} is refused from now on"),
            );
            Ok(staff.say_and_go("/admin/keys", &said))
        }
        Err(refused) => refuse_key(&staff, &refused),
    }
}

fn refuse_key(staff: &Staff, refused: &KeyRefused) -> StaffAnswer {
    let words = refused_words(refused);
    Ok(staff.say_and_go("/admin/keys", &State { face: Face::Bad, word: words }))
}

fn kind_words(kind: TaskKind) -> Both {
    match kind {
        TaskKind::FollowPayment => Both::new("查询支付结果", "ask whether it was paid"),
        TaskKind::WriteBack => Both::new("回写 HIS", "tell HIS"),
        TaskKind::FollowRefund => Both::new("渠道退款", "refund at the channel"),
        TaskKind::WriteBackRefund => Both::new("退款告知 HIS", "tell HIS of the refund"),
        TaskKind::Notice => Both::new("短信通知", "text message"),
        TaskKind::RecheckRefusal => Both::new("再问 HIS 是否真的没记账", "ask HIS once more"),
        TaskKind::Unlock => Both::new("归还 HIS 锁定", "give HIS its lock back"),
        TaskKind::AskPerson => Both::new("需要人看", "for a person"),
        TaskKind::Reconcile => Both::new("对账", "compare a day"),
        TaskKind::Alert => Both::new("差异告警", "alert"),
        TaskKind::ApprovedRefund => Both::new("提交已批准的退费", "ask for an approved refund"),
    }
}

fn retry_words(kind: TaskKind) -> Both {
    match kind {
        TaskKind::FollowPayment => Both::new("只是查询，不会再扣款", "it only asks; nothing is charged"),
        TaskKind::WriteBack => Both::new(
            "先查询，HIS 没有才再送；同一单号，不会重复入账",
            "HIS is asked first, and told under the same number only when it has nothing",
        ),
        TaskKind::FollowRefund => Both::new(
            "先查询，没有受理才再发；同一退款单号，不会退两次",
            "the channel is asked first; the same refund number never pays twice",
        ),
        TaskKind::WriteBackRefund => {
            Both::new("先查询，HIS 没有才再送", "HIS is asked first, and told only when it has nothing")
        }
        TaskKind::Notice => Both::new("再发一次短信", "the message is sent once more"),
        TaskKind::RecheckRefusal | TaskKind::Unlock => Both::new("只是再问一次", "it only asks once more"),
        TaskKind::AskPerson => {
            Both::new("看过并处理后，写明经过再关闭", "look at it, deal with it, and close it with a note")
        }
        TaskKind::Reconcile => Both::new("重新取对账单并比对", "statements are fetched and compared again"),
        TaskKind::ApprovedRefund => Both::new(
            "再问 HIS，再提交；同一申请，不会退两次",
            "HIS is asked once more, then the refund is stored; the same request never pays twice",
        ),
        TaskKind::Alert => Both::new("再发一次告警", "the alert is sent once more"),
    }
}

/// What waits for a person.
pub(in crate::internal) async fn parked(staff: Staff) -> StaffAnswer {
    parked_page(&staff, StatusCode::OK, None).await
}

async fn parked_page(staff: &Staff, status: StatusCode, trouble: Option<Both>) -> StaffAnswer {
    let mut tasks = staff.gateway.store.list(Some(TaskState::Parked), PARKED + 1).await?;
    let more = i64::try_from(tasks.len()).unwrap_or_default() > PARKED;
    tasks.truncate(usize::try_from(PARKED).unwrap_or_default());
    let under_way = staff.gateway.store.tasks_in(TaskState::Ready).await?;
    let mut rows = Vec::new();
    for task in tasks {
        let because = if task.kind == TaskKind::AskPerson {
            matter(&staff.gateway, &task.subject).await?
        } else {
            task.last_error.clone().unwrap_or_default()
        };
        let number = task.subject.split(':').next().unwrap_or_default();
        let is_ours = number.len() > 15 && number.starts_with(['P', 'B', 'R']);
        rows.push(ParkedRow {
            subject_path: (is_ours && staff.may(Right::FindOrders)).then(|| format!("/orders?q={number}")),
            kind: kind_words(task.kind),
            retry: retry_words(task.kind),
            can_retry: task.kind != TaskKind::AskPerson,
            since: staff.moment(task.due_at).full(),
            attempts: task.attempts,
            task_id: task.task_id,
            subject: task.subject,
            because,
        });
    }
    let view = ParkedTasks { rows, more, under_way, manages: staff.may(Right::RetryTasks), trouble };
    Ok(staff.page_as(status, &view))
}

/// Tries a task once more.
pub(in crate::internal) async fn retry(staff: Staff, body: web::Bytes) -> StaffAnswer {
    let form = staff.form(&body)?;
    let task_id = form.value("task").unwrap_or_default();
    let said = match retry_task(&staff.gateway, task_id, &staff.actor()).await {
        Ok(()) => State::new(Face::Info, "已排到最前，马上再试", "It is due now and will be tried at once"),
        Err(RetryRefused::NotParked) => State::new(
            Face::Info,
            "它已不在搁置中：有人处理过，或已自行完成",
            "It does not wait any more: somebody dealt with it, or it is done",
        ),
        Err(RetryRefused::Trouble(trouble)) => return Err(trouble.into()),
    };
    Ok(staff.say_and_go("/admin/parked", &said))
}

/// Closes a task with a note.
pub(in crate::internal) async fn close(
    staff: Staff,
    body: web::Bytes,
) -> Result<actix_web::HttpResponse, StaffFailure> {
    let form = staff.form(&body)?;
    let (task_id, note) =
        (form.value("task").unwrap_or_default(), form.value("note").unwrap_or_default().trim());
    let said = match close_task(&staff.gateway, task_id, &staff.actor(), note).await {
        Ok(()) => State::new(Face::Ok, "已关闭，经过写入审计日志", "Closed; the note is in the audit trail"),
        Err(CloseRefused::NotParked) => State::new(
            Face::Info,
            "它已不在搁置中：有人处理过，或已自行完成",
            "It does not wait any more: somebody dealt with it, or it is done",
        ),
        Err(CloseRefused::NoNote) => {
            let trouble = Both::new(
                "请写 1 至 200 个字：查到了什么、做了什么",
                "A note of 1 to 200 characters is required: what was found and done",
            );
            return parked_page(&staff, StatusCode::BAD_REQUEST, Some(trouble)).await;
        }
        Err(CloseRefused::Trouble(trouble)) => return Err(trouble.into()),
    };
    Ok(staff.say_and_go("/admin/parked", &said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_said_in_per_cent() {
        assert_eq!(
            (per_cent(200), per_cent(60), per_cent(1_500)),
            ("0.20 %".into(), "0.06 %".into(), "1.50 %".into())
        );
    }
}
