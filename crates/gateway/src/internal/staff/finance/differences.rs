//! Differences across days. Filters stand in the address; several are worked on at once only where no money moves.

use super::{People, day_in, plus, today, words};
use crate::http::form::Form;
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::service::Trouble;
use crate::service::reconciliation::{
    HandlingChange, HandlingRefused, RemedyOrder, RemedyRefused, at_stake, handle_finding, order_remedy,
    preview_remedy,
};
use actix_web::http::StatusCode;
use actix_web::web;
use futures_util::{StreamExt, stream};
use mingfen_domain::access::Right;
use mingfen_domain::difference::{Category, Owner, Remedy};
use mingfen_domain::ids::{ChannelId, RunId};
use mingfen_domain::{BusinessDay, Fen};
use mingfen_pages::staff::finance::{BulkAct, BulkDialog, Choice, DifferenceRow, Differences, Picker, Tab};
use mingfen_pages::staff::{Both, Face, State};
use mingfen_store::{
    ALL_CHANNELS, AssignedTo, DueWhen, FindingFilter, FindingRecord, PendingFilter, PendingPlace,
    PendingRecord, Standing,
};
use url::form_urlencoded;

/// Rows of a page.
const PAGE: usize = 50;
/// Differences are counted up to so many.
const MOST_COUNTED: i64 = 10_000;
/// Questions that are asked at once.
const AT_ONCE: usize = 4;

/// How the list is looked at: what stands in the address.
#[derive(Clone, Debug, Default)]
struct Look {
    day: Option<BusinessDay>,
    channel: Option<ChannelId>,
    category: Option<Category>,
    /// A standing, or all of a day's differences whatever they are.
    standing: Option<Standing>,
    all: bool,
    owner: Option<Owner>,
    /// `me`, `nobody`, or a number.
    who: String,
    /// `today`, `overdue`.
    due: String,
}

impl Look {
    /// What is not understood is no filter.
    fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let word = |name: &str| get(name).unwrap_or_default();
        let standing = word("standing");
        let plain = |text: String| {
            let fine =
                text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            if fine { text } else { String::new() }
        };
        Self {
            day: day_in(get("day").as_deref()),
            channel: ChannelId::parse(word("channel")).ok(),
            category: Category::parse(&word("category")),
            all: standing == "all",
            standing: Standing::parse(&standing),
            owner: Owner::parse(&word("owner")),
            who: plain(word("who")),
            due: match word("due").as_str() {
                due @ ("today" | "overdue") => due.to_owned(),
                _ => String::new(),
            },
        }
    }

    fn of_query(query: &str) -> Self {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self::read(|name| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()))
    }

    /// As it stands in the address.
    fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                query.append_pair(name, &value);
            }
        };
        add("day", self.day.map(|day| day.to_string()));
        add("channel", self.channel.as_ref().map(ToString::to_string));
        add("category", self.category.map(|category| category.as_str().to_owned()));
        let standing = self.standing.map(|standing| standing.as_str().to_owned());
        add("standing", if self.all { Some("all".to_owned()) } else { standing });
        add("owner", self.owner.map(|owner| owner.as_str().to_owned()));
        add("who", Some(self.who.clone()));
        add("due", Some(self.due.clone()));
        query.finish()
    }

    fn address(&self) -> String {
        let query = self.query();
        if query.is_empty() { "/differences".to_owned() } else { format!("/differences?{query}") }
    }

    /// Whether what is settled is looked at, too: that is a day's, not the worklist's.
    fn is_of_a_day(&self) -> bool {
        self.all
            || matches!(
                self.standing,
                Some(Standing::Settled | Standing::Resolved | Standing::Cleared | Standing::Moved)
            )
    }

    fn pending(&self, staff: &Staff, run: Option<RunId>) -> PendingFilter {
        let today = today(staff);
        PendingFilter {
            run,
            channel: self.channel.clone(),
            category: self.category,
            standing: self.standing,
            owner: self.owner,
            assigned: match self.who.as_str() {
                "" => AssignedTo::Anyone,
                "nobody" => AssignedTo::Nobody,
                "me" => AssignedTo::Person(staff.me.staff_no.clone()),
                person => AssignedTo::Person(person.to_owned()),
            },
            due: match self.due.as_str() {
                "today" => DueWhen::On(today),
                "overdue" => DueWhen::Before(today),
                _ => DueWhen::Any,
            },
        }
    }
}

pub(in crate::internal) async fn list(staff: Staff) -> StaffAnswer {
    let look = Look::read(|name| staff.query(name));
    let people = People::load(&staff).await?;
    let view = view(&staff, &people, &look, staff.query("after").as_deref()).await?;
    Ok(staff.page(&view))
}

/// A page of the list.
struct Page {
    rows: Vec<PendingRecord>,
    next: Option<String>,
    number: i64,
    more: bool,
    at_stake: Fen,
    /// What is asked for cannot be: a day is wanted.
    wants_day: bool,
}

async fn read_page(staff: &Staff, look: &Look, after: Option<&str>) -> Result<Page, StaffFailure> {
    let store = &staff.gateway.store;
    let nothing = |wants_day| Page {
        rows: Vec::new(),
        next: None,
        number: 0,
        more: false,
        at_stake: Fen::ZERO,
        wants_day,
    };
    let run = match look.day {
        Some(day) => match store.current_run(day, ALL_CHANNELS).await? {
            Some(run) => Some(run),
            None => return Ok(nothing(false)),
        },
        None => None,
    };
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    if look.is_of_a_day() {
        let Some(run) = run else { return Ok(nothing(true)) };
        let filter = FindingFilter {
            category: look.category,
            standing: look.standing,
            channel: look.channel.clone(),
            ..FindingFilter::default()
        };
        let after = after.and_then(|text| text.parse::<i64>().ok()).unwrap_or(-1);
        let mut found = store.findings_of_run(&run.run_id, &filter, after, limit).await?;
        let more = found.len() > PAGE;
        found.truncate(PAGE);
        let next = found.last().filter(|_| more).map(|(last, _)| last.position.to_string());
        let mut rows = Vec::new();
        let mut sum = Fen::ZERO;
        for (finding, standing) in found {
            sum = plus(sum, at_stake(&finding)?)?;
            let handling = store.handling(&finding.finding_key).await?;
            rows.push(PendingRecord {
                due: handling.as_ref().and_then(|handling| handling.deadline).or(finding.deadline),
                assigned_to: handling.and_then(|handling| handling.assigned_to),
                finding,
                standing,
                run_id: run.run_id.clone(),
                day: run.day,
            });
        }
        let number = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        return Ok(Page { rows, next, number, more, at_stake: sum, wants_day: false });
    }
    let filter = look.pending(staff, run.map(|run| run.run_id));
    let place = after.and_then(place_of);
    let mut rows = store.pending_findings(&filter, place.as_ref(), limit).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).map(|last| place_text(&last.place()));
    let sums = store.pending_sums(&filter, MOST_COUNTED).await?;
    Ok(Page { rows, next, number: sums.number, more: sums.more, at_stake: sums.at_stake, wants_day: false })
}

/// A place in the address: deadline, run, position.
fn place_text(place: &PendingPlace) -> String {
    format!("{}.{}.{}", place.due, place.run_id, place.position)
}

fn place_of(text: &str) -> Option<PendingPlace> {
    let (due, rest) = text.split_once('.')?;
    let (run, position) = rest.split_once('.')?;
    BusinessDay::parse(due).ok()?;
    Some(PendingPlace {
        due: due.to_owned(),
        run_id: RunId::parse(run.to_owned()).ok()?,
        position: position.parse().ok()?,
    })
}

async fn view(
    staff: &Staff,
    people: &People,
    look: &Look,
    after: Option<&str>,
) -> Result<Differences, StaffFailure> {
    let page = read_page(staff, look, after).await?;
    let mut sum = Fen::ZERO;
    let mut rows = Vec::new();
    for record in &page.rows {
        sum = plus(sum, at_stake(&record.finding)?)?;
        rows.push(row(staff, people, record)?);
    }
    let plus_sign = if page.more { "+" } else { "" };
    let number = format!("{}{plus_sign}", words::number(page.number));
    let filtered = !look.query().is_empty();
    let lead = if page.wants_day {
        Both::new(
            "已了结的差异按天看：请选一个账单日。",
            "What is settled is looked at by day: choose a day.",
        )
    } else if page.rows.is_empty() && filtered {
        Both::new("没有符合条件的差异。", "No difference is like that.")
    } else if page.rows.is_empty() {
        Both::new("没有未了的差异。", "No difference is open.")
    } else if look.is_of_a_day() {
        Both::new(
            format!("本页 {number} 笔，合计 ¥{}。", words::yuan(page.at_stake)),
            format!("{number} on this page, ¥{} in all.", words::yuan(page.at_stake)),
        )
    } else {
        Both::new(
            format!(
                "{number} 笔未了，合计 ¥{}{plus_sign}。筛选条件写在网址里，刷新、转发都不丢。",
                words::yuan(page.at_stake)
            ),
            format!(
                "{number} are open, ¥{}{plus_sign} in all. Filters stand in the address: reload or send it on.",
                words::yuan(page.at_stake)
            ),
        )
    };
    let shown = words::number(i64::try_from(rows.len()).unwrap_or(i64::MAX));
    Ok(Differences {
        lead,
        tabs: tabs(staff, look).await?,
        pickers: pickers(staff, people, look),
        day: look.day.map(|day| day.to_string()).unwrap_or_default(),
        filtered,
        kept: if look.due.is_empty() { Vec::new() } else { vec![("due", look.due.clone())] },
        back: look.query(),
        works: staff.may(Right::WorkOnDifferences) && !look.is_of_a_day(),
        rows,
        page_yuan: words::yuan(sum),
        place: Both::new(
            format!("本页 {shown} 笔，共 {number} 笔"),
            format!("{shown} on this page of {number}"),
        ),
        first: if after.is_some() { look.address() } else { String::new() },
        next: page.next.map_or_else(String::new, |next| {
            let query = look.query();
            let and = if query.is_empty() { "" } else { "&" };
            format!("/differences?{query}{and}after={next}")
        }),
        export: match look.day {
            Some(day) if staff.may(Right::ExportReports) => format!("/finance/days/{day}/differences.csv"),
            _ => String::new(),
        },
        dialog: None,
    })
}

/// Whole days from `day` to `today`.
fn days_since(day: BusinessDay, today: BusinessDay) -> i64 {
    today.start().since_ms(day.start()) / 86_400_000
}

/// How it stands: what is late says so first.
pub(super) fn state_of(
    staff: &Staff,
    finding: &FindingRecord,
    standing: Standing,
    due: Option<BusinessDay>,
) -> State {
    let needs = matches!(standing, Standing::Open | Standing::Waiting | Standing::Carried);
    let late = due.is_some_and(|due| due < today(staff)) && finding.category != Category::CrossDay;
    if needs && late {
        let word = words::standing(standing).word;
        return State::new(Face::Bad, format!("已逾期，{}", word.zh), format!("overdue, {}", word.en));
    }
    words::standing(standing)
}

fn row(staff: &Staff, people: &People, record: &PendingRecord) -> Result<DifferenceRow, Trouble> {
    let finding = &record.finding;
    let age = days_since(finding.since_day, today(staff));
    let needs = matches!(record.standing, Standing::Open | Standing::Waiting | Standing::Carried);
    let advice = finding.remedies.first().filter(|remedy| needs && **remedy != Remedy::Note).map(|first| {
        let name = words::remedy(*first);
        Both::new(format!("建议：{}", name.zh), format!("advised: {}", name.en))
    });
    Ok(DifferenceRow {
        pick: format!("{}.{}", record.day, finding.finding_key),
        href: format!("/finance/days/{}/differences/{}", record.day, finding.finding_key),
        category: words::category(finding.category),
        order_no: finding.order_no.clone(),
        day: words::short(record.day),
        account: finding.channel.as_ref().map(ToString::to_string).unwrap_or_default(),
        cause: words::cause(finding),
        advice,
        amount_yuan: words::yuan(at_stake(finding)?),
        assigned: record.assigned_to.as_deref().map(|person| people.by_number(person)).unwrap_or_default(),
        owner: words::owner(finding.owner),
        deadline: record.due.map_or_else(|| "—".to_owned(), words::short),
        age: Both::new(format!("已 {age} 天"), format!("{age} days old")),
        state: state_of(staff, finding, record.standing, record.due),
    })
}

async fn tabs(staff: &Staff, look: &Look) -> Result<Vec<Tab>, StaffFailure> {
    let mut tabs = Vec::new();
    let of = |who: &str, due: &str| Look { who: who.to_owned(), due: due.to_owned(), ..Look::default() };
    for (zh, en, tab) in [
        ("全部未了", "All open", of("", "")),
        ("我的", "Mine", of("me", "")),
        ("无人认领", "Nobody's", of("nobody", "")),
        ("今天到期", "Due today", of("", "today")),
        ("已逾期", "Overdue", of("", "overdue")),
    ] {
        let sums = staff.gateway.store.pending_sums(&tab.pending(staff, None), MOST_COUNTED).await?;
        let number = format!("{}{}", words::number(sums.number), if sums.more { "+" } else { "" });
        tabs.push(Tab {
            word: Both::new(format!("{zh} {number}"), format!("{en} {number}")),
            on: look.query() == tab.query(),
            href: tab.address(),
        });
    }
    Ok(tabs)
}

fn pickers(staff: &Staff, people: &People, look: &Look) -> Vec<Picker> {
    let any = |on: bool| Choice::new("", Both::new("不限", "any"), on);
    let mut categories = vec![any(look.category.is_none())];
    categories.extend(Category::ALL.into_iter().filter(|category| *category != Category::Matched).map(
        |category| Choice::new(category.as_str(), words::category(category), look.category == Some(category)),
    ));
    let mut channels = vec![any(look.channel.is_none())];
    channels.extend(staff.gateway.channels.keys().map(|channel| {
        Choice::new(channel.as_str(), Both::same(channel.as_str()), look.channel.as_ref() == Some(channel))
    }));
    let unfinished = look.standing.is_none() && !look.all;
    let mut standings = vec![Choice::new("", Both::new("未了", "open in any way"), unfinished)];
    standings.extend(Standing::ALL.into_iter().map(|standing| {
        Choice::new(standing.as_str(), words::standing(standing).word, look.standing == Some(standing))
    }));
    standings.push(Choice::new("all", Both::new("全部（须选账单日）", "all (of a day)"), look.all));
    let mut owners = vec![any(look.owner.is_none())];
    owners.extend(
        words::OWNERS
            .into_iter()
            .map(|owner| Choice::new(owner.as_str(), words::owner(owner), look.owner == Some(owner))),
    );
    let mut whom = vec![
        any(look.who.is_empty()),
        Choice::new("me", Both::new("我", "me"), look.who == "me"),
        Choice::new("nobody", Both::new("无人认领", "nobody"), look.who == "nobody"),
    ];
    whom.extend(
        people
            .choices(None)
            .into_iter()
            .filter(|choice| !choice.value.is_empty())
            .map(|choice| Choice { on: choice.value == look.who, ..choice }),
    );
    vec![
        Picker { name: "category", label: Both::new("类别", "Category"), choices: categories },
        Picker { name: "channel", label: Both::new("账户", "Account"), choices: channels },
        Picker { name: "standing", label: Both::new("状态", "State"), choices: standings },
        Picker { name: "owner", label: Both::new("责任", "Owner"), choices: owners },
        Picker { name: "who", label: Both::new("负责人", "With"), choices: whom },
    ]
}

/// A difference that was ticked: the day and the key.
fn pick_of(text: &str) -> Option<(BusinessDay, String)> {
    let (day, key) = text.split_once('.')?;
    let fine = key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
    fine.then(|| BusinessDay::parse(day).ok().map(|day| (day, key.to_owned()))).flatten()
}

/// The question before something is done for several.
pub(in crate::internal) async fn ask_bulk(staff: Staff) -> StaffAnswer {
    let query = staff.request.query_string().to_owned();
    let form = Form::parse(query.as_bytes()).ok_or(StaffFailure::Stale)?;
    let look = Look::of_query(form.value("back").unwrap_or_default());
    let Some(act) = form.value("act").and_then(BulkAct::parse) else { return Ok(staff.go(&look.address())) };
    let picks: Vec<String> =
        form.values("d").filter(|text| pick_of(text).is_some()).map(str::to_owned).collect();
    if picks.is_empty() {
        let said = State::new(Face::Warn, "请先勾选差异", "Tick some differences first");
        return Ok(staff.say_and_go(&look.address(), &said));
    }
    show_bulk(&staff, &look, act, picks, &Typed::default(), StatusCode::OK, None).await
}

#[derive(Default)]
struct Typed {
    who: String,
    until: String,
    reason: String,
}

async fn show_bulk(
    staff: &Staff,
    look: &Look,
    act: BulkAct,
    picks: Vec<String>,
    typed: &Typed,
    status: StatusCode,
    error: Option<Both>,
) -> StaffAnswer {
    let people = People::load(staff).await?;
    let mut page = view(staff, &people, look, None).await?;
    let mut sum = Fen::ZERO;
    for (day, key) in picks.iter().filter_map(|text| pick_of(text)) {
        if let Some((_, finding)) = find(staff, day, &key).await? {
            sum = plus(sum, at_stake(&finding)?)?;
        }
    }
    let number = picks.len();
    let chosen = if typed.who.is_empty() { staff.me.staff_no.clone() } else { typed.who.clone() };
    page.dialog = Some(BulkDialog {
        act,
        lead: Both::new(
            format!("已选 {number} 笔，合计 ¥{}。", words::yuan(sum)),
            format!("{number} are chosen, ¥{} in all.", words::yuan(sum)),
        ),
        picks,
        back: look.query(),
        people: people.choices(Some(&chosen)),
        deadline: if typed.until.is_empty() { today(staff).next().to_string() } else { typed.until.clone() },
        reason: typed.reason.clone(),
        error,
    });
    Ok(staff.page_as(status, &page))
}

async fn find(
    staff: &Staff,
    day: BusinessDay,
    key: &str,
) -> Result<Option<(RunId, FindingRecord)>, StaffFailure> {
    let store = &staff.gateway.store;
    let Some(run) = store.current_run(day, ALL_CHANNELS).await? else { return Ok(None) };
    let found = store.finding(&run.run_id, key).await?;
    Ok(found.map(|(finding, _)| (run.run_id, finding)))
}

/// Does it for each of them, and says for how many it was not allowed.
pub(in crate::internal) async fn bulk(staff: Staff, body: web::Bytes) -> StaffAnswer {
    let form = staff.form(&body)?;
    let look = Look::of_query(form.value("back").unwrap_or_default());
    let act = form.value("act").and_then(BulkAct::parse).ok_or(StaffFailure::Stale)?;
    let picks: Vec<String> =
        form.values("d").filter(|text| pick_of(text).is_some()).take(PAGE).map(str::to_owned).collect();
    let field = |name: &str| form.value(name).unwrap_or_default().trim().to_owned();
    let typed = Typed { who: field("who"), until: field("until"), reason: field("reason") };
    let needs_reason = matches!(act, BulkAct::Deadline | BulkAct::Carry);
    let length = typed.reason.chars().count();
    if (needs_reason && length == 0) || length > 200 || typed.reason.chars().any(char::is_control) {
        let error = Both::new(
            "请写理由，1 至 200 字，不含换行。",
            "Give a reason of 1 to 200 characters on one line.",
        );
        return show_bulk(&staff, &look, act, picks, &typed, StatusCode::BAD_REQUEST, Some(error)).await;
    }
    let until = day_in(Some(&typed.until));
    if act == BulkAct::Deadline && until.is_none() {
        let error = Both::new("请选一个期限。", "Choose a deadline.");
        return show_bulk(&staff, &look, act, picks, &typed, StatusCode::BAD_REQUEST, Some(error)).await;
    }
    let (mut done, mut left_out) = (0_usize, Vec::new());
    let parsed: Vec<(BusinessDay, String)> = picks.iter().filter_map(|text| pick_of(text)).collect();
    let outcomes = stream::iter(parsed.into_iter().map(|(day, key)| {
        let (staff, typed) = (&staff, &typed);
        async move { one_of_many(staff, act, day, &key, typed, until).await }
    }));
    let mut outcomes = outcomes.buffered(if act == BulkAct::AskAgain { AT_ONCE } else { 1 });
    while let Some(outcome) = outcomes.next().await {
        match outcome? {
            Done::Yes => done += 1,
            Done::No(why) => left_out.push(why),
            Done::Handling(error) => {
                return show_bulk(&staff, &look, act, picks, &typed, StatusCode::BAD_REQUEST, Some(error))
                    .await;
            }
        }
    }
    let said = if left_out.is_empty() {
        State::new(Face::Ok, format!("{done} 笔已处理"), format!("{done} are done"))
    } else {
        let (zh, en) =
            (left_out.iter().map(|why| why.zh.as_str()), left_out.iter().map(|why| why.en.as_str()));
        let join = |words: Vec<&str>| words.into_iter().take(3).collect::<Vec<_>>().join(" ");
        State::new(
            Face::Warn,
            format!("{done} 笔已处理，{} 笔跳过：{}", left_out.len(), join(zh.collect())),
            format!("{done} are done, {} left out: {}", left_out.len(), join(en.collect())),
        )
    };
    Ok(staff.say_and_go(&look.address(), &said))
}

enum Done {
    Yes,
    No(Both),
    /// What was typed is wrong for all of them.
    Handling(Both),
}

async fn one_of_many(
    staff: &Staff,
    act: BulkAct,
    day: BusinessDay,
    key: &str,
    typed: &Typed,
    until: Option<BusinessDay>,
) -> Result<Done, StaffFailure> {
    let Some((run_id, finding)) = find(staff, day, key).await? else {
        return Ok(Done::No(Both::new("差异已不在当前批次。", "It is not in the current run any more.")));
    };
    let remedy = match act {
        BulkAct::Assign | BulkAct::Deadline => {
            let change = HandlingChange {
                assigned_to: (act == BulkAct::Assign)
                    .then(|| if typed.who.is_empty() { None } else { Some(typed.who.clone()) }),
                deadline: (act == BulkAct::Deadline).then_some(until),
                version: None,
                reason: typed.reason.clone(),
            };
            return match handle_finding(&staff.gateway, key, &change, &staff.actor()).await {
                Ok(_) => Ok(Done::Yes),
                Err(HandlingRefused::Trouble(trouble)) => Err(trouble.into()),
                Err(HandlingRefused::Stale) => {
                    Ok(Done::No(Both::new("刚才有人改过。", "Somebody has just changed it.")))
                }
                Err(refused) => Ok(Done::Handling(handling_words(&refused))),
            };
        }
        BulkAct::AskAgain => Remedy::AskAgain,
        BulkAct::Carry => Remedy::Carry,
    };
    let reason = if typed.reason.is_empty() { "批量再次查询".to_owned() } else { typed.reason.clone() };
    let order = RemedyOrder { run_id, finding_key: key.to_owned(), remedy, reason, by: staff.actor() };
    let ordered = match preview_remedy(&staff.gateway, &order).await {
        // What moves money is ordered one by one, after its preview was read.
        Ok(preview) if preview.needs_second_person || words::moves(remedy) => {
            return Ok(Done::No(Both::new("须逐笔处理。", "It has to be done by itself.")));
        }
        Ok(preview) => order_remedy(&staff.gateway, &order, &preview).await,
        Err(refused) => Err(refused),
    };
    match ordered {
        Ok(_) => Ok(Done::Yes),
        Err(RemedyRefused::Trouble(trouble)) => Err(trouble.into()),
        Err(_) => {
            let (category, remedy) = (words::category(finding.category), words::remedy(remedy));
            Ok(Done::No(Both::new(
                format!("“{}”不能{}。", category.zh, remedy.zh),
                format!("“{}”: no {}.", category.en, remedy.en),
            )))
        }
    }
}

/// Why something about handling was refused.
pub(super) fn handling_words(refused: &HandlingRefused) -> Both {
    let zh = match refused {
        HandlingRefused::NoSuchPerson => "没有这个工号，或这个人不处理差异",
        HandlingRefused::Deadline => "期限要在今天或以后、一年以内",
        HandlingRefused::Stale => "刚才有人改过，没有保存；请看最新内容再改",
        HandlingRefused::Note => "留言为 1 至 500 字",
        HandlingRefused::FileKind => "没有收下：内容不是 PDF、PNG、JPEG、XLSX 或 CSV",
        HandlingRefused::FileSize => "没有收下：文件是空的，或超过 5 MB",
        HandlingRefused::FileThere => "没有收下：这笔差异已经有同一个文件",
        HandlingRefused::TooManyFiles => "没有收下：一笔差异最多 20 个附件",
        HandlingRefused::Trouble(_) => "没有保存，请再试一次",
    };
    Both::new(zh, refused.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_address_survives_being_read_and_written() {
        let query = "day=2026-11-23&channel=wechat-main&category=channel_only&standing=open&owner=finance&who=0501&due=today";
        assert_eq!(Look::of_query(query).query(), query);
        assert_eq!(Look::of_query("standing=all&day=2026-11-23").query(), "day=2026-11-23&standing=all");
    }

    #[test]
    fn what_is_not_understood_is_no_filter() {
        for odd in
            ["day=yesterday", "category=x", "standing=1", "owner=me", "due=never", "who=%3Cscript%3E", "x=y"]
        {
            assert_eq!(Look::of_query(odd).query(), "", "{odd}");
        }
    }

    #[test]
    fn places_and_picks_are_read_as_they_are_written() {
        let place = PendingPlace {
            due: "2026-11-24".into(),
            run_id: RunId::parse("D26112410310000000001".to_owned()).expect("a number"),
            position: 7,
        };
        assert_eq!(place_of(&place_text(&place)), Some(place));
        assert_eq!(place_of("2026-11-24.x"), None);
        let key = "0123456789abcdef0123456789abcdef";
        let day = BusinessDay::parse("2026-11-23").expect("a day");
        assert_eq!(pick_of(&format!("2026-11-23.{key}")), Some((day, key.to_owned())));
        assert_eq!(pick_of("2026-11-23.'; DROP"), None);
    }
}
