//! Today.

use super::{People, approvals, before, day_in, minus, today, words};
use crate::http::staff::{Staff, StaffAnswer};
use crate::service::reconciliation::{HomeFacts, home_facts};
use crate::service::{Trouble, staff_actor};
use mingfen_domain::access::Right;
use mingfen_domain::difference::Category;
use mingfen_domain::ids::ChannelId;
use mingfen_domain::sides::Side;
use mingfen_domain::{BusinessDay, Fen};
use mingfen_pages::staff::finance::{
    CalendarCell, CalendarColumn, CalendarRow, Figure, FinanceHome, Light, ToDo, Way,
};
use mingfen_pages::staff::{Both, Face, State};
use mingfen_store::{InputState, PendingSums, Standing};

/// Orders that wait, on this page.
const APPROVALS: usize = 5;
/// Things to do of one kind, each by itself.
const EACH: usize = 5;

pub(in crate::internal) async fn show(staff: Staff) -> StaffAnswer {
    let until = day_in(staff.query("until").as_deref());
    let facts = home_facts(&staff.gateway, until).await?;
    let people = People::load(&staff).await?;
    Ok(staff.page(&view(&staff, &facts, &people)?))
}

fn count_text(sums: &PendingSums) -> String {
    format!("{}{}", words::number(sums.number), if sums.more { "+" } else { "" })
}

fn view(staff: &Staff, facts: &HomeFacts, people: &People) -> Result<FinanceHome, Trouble> {
    let yesterday = facts.yesterday;
    let title = words::day_title(yesterday);
    let (answer, state, lead) = answer(facts, &title);
    let last = facts.days.last().copied().unwrap_or(yesterday);
    let first = facts.days.first().copied().unwrap_or(yesterday);
    let newer = BusinessDay::of(last.start().plus_seconds(14 * 86_400)).min(yesterday);
    let mut ways = Vec::new();
    if facts.run.is_some() {
        if staff.may(Right::Compare) && !facts.signed.contains(&yesterday) {
            ways.push(Way::new(
                format!("/finance/days/{yesterday}/upload"),
                Both::new("上传对账单", "Bring a statement"),
            ));
        }
        ways.push(Way::new(
            format!("/finance/days/{yesterday}"),
            Both::new(
                format!("{} 批次", words::short(yesterday)),
                format!("Run of {}", words::short(yesterday)),
            ),
        ));
    }
    let waiting = facts.waiting.iter().take(APPROVALS);
    Ok(FinanceHome {
        answer,
        state,
        lead,
        ways,
        figures: figures(facts)?,
        span: Both::new(
            format!("{} 个账户，{} 天", facts.accounts.len(), facts.days.len()),
            format!("{} accounts, {} days", facts.accounts.len(), facts.days.len()),
        ),
        columns: facts
            .days
            .iter()
            .map(|day| {
                let (name, weekend) = words::weekday(*day);
                CalendarColumn {
                    number: day.date().day().to_string(),
                    weekday: name,
                    weekend,
                    on: *day == yesterday,
                }
            })
            .collect(),
        rows: rows(staff, facts),
        older: format!("/finance?until={}", before(first)),
        newer: if last < yesterday { format!("/finance?until={newer}") } else { String::new() },
        until: last.to_string(),
        today: today(staff).to_string(),
        to_do: to_do(staff, facts, people),
        approvals: waiting.map(|record| approvals::row(staff, people, record)).collect(),
    })
}

/// Does yesterday agree, in words.
fn answer(facts: &HomeFacts, title: &Both) -> (Both, State, Both) {
    let yesterday = facts.yesterday;
    if facts.run.is_none() {
        return (
            Both::new(
                format!("昨天（{}）还没有对账", title.zh),
                format!("Yesterday ({}) was not compared yet", title.en),
            ),
            State::new(Face::Idle, "未对账", "not compared"),
            Both::new(
                "对账单通常在上午出齐，系统到时会自动开始；也可以在那一天的页面上马上开始。",
                "Statements are usually there in the morning, and the comparison starts by itself; it can be started on the day's page.",
            ),
        );
    }
    let of_yesterday = |channel: &ChannelId, standings: &[Standing]| -> i64 {
        let counts = facts.counts.iter().filter(|count| {
            count.day == yesterday
                && count.channel.as_ref() == Some(channel)
                && standings.contains(&count.standing)
        });
        counts.map(|count| count.number).sum()
    };
    let needs = [Standing::Open, Standing::Waiting];
    let all_open: i64 = facts
        .counts
        .iter()
        .filter(|count| count.day == yesterday && needs.contains(&count.standing))
        .map(|count| count.number)
        .sum();
    let missing = facts
        .statements
        .iter()
        .filter(|one| one.day == yesterday && matches!(one.state, InputState::NotYet | InputState::Refused))
        .count();
    let is_missing = |channel: &ChannelId| {
        facts.statements.iter().any(|one| {
            one.day == yesterday
                && one.channel == *channel
                && matches!(one.state, InputState::NotYet | InputState::Refused)
        })
    };
    let differ = facts
        .accounts
        .iter()
        .filter(|channel| !is_missing(channel) && of_yesterday(channel, &needs) > 0)
        .count();
    let accounts = facts.accounts.len();
    let agree = accounts.saturating_sub(differ).saturating_sub(missing);
    let lead = Both::new(
        format!("{accounts} 个账户：{agree} 个平账，{differ} 个有差异，{missing} 个对账单未到或有误。"),
        format!("{accounts} accounts: {agree} agree, {differ} differ, {missing} without a sound statement."),
    );
    if all_open == 0 && missing == 0 {
        let heading =
            Both::new(format!("昨天（{}）全部平账", title.zh), format!("Yesterday ({}) agrees", title.en));
        let signed = facts.signed.contains(&yesterday);
        let state = if signed {
            State::new(Face::Ok, "已签结", "signed")
        } else {
            State::new(Face::Ok, "平账", "agrees")
        };
        return (heading, state, lead);
    }
    if differ == 0 && missing > 0 && all_open <= i64::try_from(missing).unwrap_or(i64::MAX) {
        return (
            Both::new(
                format!("昨天（{}）还差 {missing} 个账户的对账单", title.zh),
                format!("Yesterday ({}): {missing} statements are missing", title.en),
            ),
            State::new(Face::Info, "等待对账单", "waits for statements"),
            lead,
        );
    }
    (
        Both::new(
            format!("昨天（{}）有 {all_open} 笔对不上", title.zh),
            format!("Yesterday ({}): {all_open} differences", title.en),
        ),
        State::new(Face::Warn, "有差异", "differs"),
        lead,
    )
}

fn figures(facts: &HomeFacts) -> Result<Vec<Figure>, Trouble> {
    let mut figures = Vec::new();
    if facts.run.is_some() {
        let day = words::short(facts.yesterday);
        let net = |side| -> Result<Fen, Trouble> { Ok(facts.summary.total(side)?.net()?) };
        let (channel, his) = (net(Side::Channel)?, net(Side::His)?);
        // What no statement can answer is no difference.
        let no_statement =
            [Category::StatementNotAvailable, Category::UnparsableRow, Category::TotalsRowDiffers];
        let (mut his, mut waits) = (his, false);
        for category in no_statement {
            let unanswered = facts.summary.of(category, Side::His);
            his = minus(his, unanswered.net()?)?;
            waits |= unanswered.lines > 0;
        }
        let foreign = facts.summary.of(Category::Foreign, Side::Channel);
        let own = minus(channel, foreign.net()?)?;
        let gap = minus(own, his)?;
        let gap_words = if gap == Fen::ZERO {
            Both::new("与渠道相同", "the same as the channels")
        } else if gap > Fen::ZERO {
            Both::new(
                format!("渠道比 HIS 多 ¥{}", words::yuan(gap)),
                format!("channels have ¥{} more", words::yuan(gap)),
            )
        } else {
            let more = words::yuan(gap.negated()?);
            Both::new(format!("HIS 比渠道多 ¥{more}"), format!("HIS has ¥{more} more"))
        };
        let aside = if foreign.lines == 0 {
            Both::new("没有外部流水", "no rows of others")
        } else {
            let lines = foreign.lines;
            Both::new(format!("不含外部流水 {lines} 行"), format!("without {lines} rows of others"))
        };
        figures.push(Figure {
            label: Both::new(format!("{day} 渠道净额"), format!("Channels, net, {day}")),
            value: format!("¥{}", words::yuan(own)),
            unit: Both::same(""),
            detail: aside,
        });
        figures.push(Figure {
            label: Both::new(format!("{day} HIS 净额"), format!("HIS, net, {day}")),
            value: format!("¥{}", words::yuan(his)),
            unit: Both::same(""),
            detail: if waits {
                Both::new(
                    format!("{}；不含对账单未到或有误的账户", gap_words.zh),
                    format!("{}; without accounts that have no sound statement", gap_words.en),
                )
            } else {
                gap_words
            },
        });
    }
    let nobodys = facts.nobodys.number;
    figures.push(Figure {
        label: Both::new("未了差异", "Open differences"),
        value: count_text(&facts.all),
        unit: Both::new("笔", ""),
        detail: Both::new(
            format!("合计 ¥{}，其中 {nobodys} 笔无人认领", words::yuan(facts.all.at_stake)),
            format!("¥{} in all, {nobodys} taken by nobody", words::yuan(facts.all.at_stake)),
        ),
    });
    let earliest = facts.unsigned.first().map(|(day, _)| words::short(*day));
    figures.push(Figure {
        label: Both::new("未签结", "Not signed"),
        value: facts.unsigned.len().to_string(),
        unit: Both::new("天", "days"),
        detail: earliest.map_or_else(
            || Both::new("近一个月都已签结", "every day of the last month is signed"),
            |day| Both::new(format!("最早 {day}"), format!("the earliest is {day}")),
        ),
    });
    Ok(figures)
}

fn rows(staff: &Staff, facts: &HomeFacts) -> Vec<CalendarRow> {
    if facts.compared.is_empty() && facts.run.is_none() && facts.unsigned.is_empty() {
        return Vec::new();
    }
    let whole = CalendarRow {
        name: Both::new("全日", "Whole day"),
        detail: String::new(),
        cells: facts
            .days
            .iter()
            .map(|day| cell(facts, *day, None, &Both::new("全日", "Whole day")))
            .collect(),
    };
    let accounts = facts.accounts.iter().map(|channel| {
        let name = words::account(staff, channel);
        let called = Both::new(format!("{} {channel}", name.zh), format!("{} {channel}", name.en));
        CalendarRow {
            name,
            detail: channel.to_string(),
            cells: facts.days.iter().map(|day| cell(facts, *day, Some(channel), &called)).collect(),
        }
    });
    std::iter::once(whole).chain(accounts).collect()
}

fn cell(facts: &HomeFacts, day: BusinessDay, channel: Option<&ChannelId>, called: &Both) -> CalendarCell {
    let compared = facts.compared.contains(&day);
    let signed = facts.signed.contains(&day);
    let (mut open, mut overdue, mut waits) = (0, 0, 0);
    for count in facts.counts.iter().filter(|count| count.day == day) {
        if channel.is_some() && count.channel.as_ref() != channel {
            continue;
        }
        if count.overdue {
            overdue += count.number;
        } else if matches!(count.standing, Standing::Open | Standing::Waiting) {
            open += count.number;
        } else {
            waits += count.number;
        }
    }
    let statement = channel.and_then(|channel| {
        facts.statements.iter().find(|one| one.day == day && one.channel == *channel).map(|one| one.state)
    });
    let (light, number) = if !compared {
        (Light::None, 0)
    } else if overdue > 0 {
        (Light::Overdue, overdue)
    } else if statement == Some(InputState::NotYet) {
        (Light::NotCome, 0)
    } else if statement == Some(InputState::Refused) {
        (Light::Damaged, 0)
    } else if open > 0 {
        (Light::Open, open)
    } else if signed {
        (Light::Signed, 0)
    } else if waits > 0 {
        (Light::Waits, waits)
    } else {
        (Light::Agrees, 0)
    };
    let (zh, en) = light.word();
    let lock = if signed && light != Light::Signed { ("，已签结", ", signed") } else { ("", "") };
    let how_many =
        if number > 0 { (format!(" {number} 笔"), format!(" {number}")) } else { Default::default() };
    let shown = words::short(day);
    CalendarCell {
        light,
        count: number.unsigned_abs(),
        // A day that was not compared has a page, too: the comparison starts there.
        href: if compared || day >= facts.yesterday { format!("/finance/days/{day}") } else { String::new() },
        label: Both::new(
            format!("{shown} {} {zh}{}{}", called.zh, how_many.0, lock.0),
            format!("{shown} {} {en}{}{}", called.en, how_many.1, lock.1),
        ),
    }
}

/// What needs somebody, the heaviest first.
fn to_do(staff: &Staff, facts: &HomeFacts, people: &People) -> Vec<ToDo> {
    let mut to_do = Vec::new();
    let mut add = |face, what: Both, detail: Both, href: String, verb: Both| {
        to_do.push(ToDo { face, what, detail, way: Way::new(href, verb) });
    };
    if facts.overdue.number > 0 {
        let (number, sum) = (count_text(&facts.overdue), words::yuan(facts.overdue.at_stake));
        add(
            Face::Bad,
            Both::new(format!("{number} 笔差异已逾期"), format!("{number} differences are overdue")),
            Both::new(format!("合计 ¥{sum}"), format!("¥{sum} in all")),
            "/differences?due=overdue".into(),
            Both::new("处理", "Open"),
        );
    }
    if facts.due_today.number > 0 {
        let (number, sum) = (count_text(&facts.due_today), words::yuan(facts.due_today.at_stake));
        add(
            Face::Warn,
            Both::new(format!("{number} 笔差异今天到期"), format!("{number} differences are due today")),
            Both::new(format!("合计 ¥{sum}"), format!("¥{sum} in all")),
            "/differences?due=today".into(),
            Both::new("去列表", "List"),
        );
    }
    let by_others = facts.waiting.iter().filter(|record| record.asked_by != staff.actor()).count();
    if by_others > 0 && staff.may(Right::ApproveRemedy) {
        add(
            Face::Warn,
            Both::new(format!("{by_others} 项等您审批"), format!("{by_others} wait for your approval")),
            Both::new("批准前会重新核对事实", "the facts are looked up again before"),
            "/approvals".into(),
            Both::new("审批", "Approve"),
        );
    } else if !facts.waiting.is_empty() {
        let waiting = facts.waiting.len();
        add(
            Face::Info,
            Both::new(format!("{waiting} 项等第二人批准"), format!("{waiting} wait for a second person")),
            Both::new("由财务主管批准", "a finance lead approves them"),
            "/approvals".into(),
            Both::new("查看", "Look"),
        );
    }
    for shift in facts.shifts.iter().take(EACH) {
        let Some(closing) = &shift.closing else { continue };
        let who = people.who(&staff_actor(&shift.cashier));
        let much =
            words::yuan(closing.difference.negated().unwrap_or(closing.difference).max(closing.difference));
        let (zh, en) = if closing.difference < Fen::ZERO { ("少", "short") } else { ("多", "over") };
        let at = words::moment(staff, closing.at);
        let second = closing.countersigned_by.as_deref().map(|by| people.who(by)).unwrap_or_default();
        add(
            Face::Warn,
            Both::new(
                format!("{} 日结{zh} ¥{much}，待核查", who.zh),
                format!("{}'s till was ¥{much} {en}", who.en),
            ),
            Both::new(
                format!("{} 结班，{} 会签", at.zh, second.zh),
                format!("closed {}, countersigned by {}", at.en, second.en),
            ),
            format!("/shifts/{}", shift.shift_no),
            if staff.may(Right::WorkOnDifferences) {
                Both::new("核查", "Look into it")
            } else {
                Both::new("查看", "Look")
            },
        );
    }
    if facts.shifts.len() > EACH {
        let more = facts.shifts.len() - EACH;
        add(
            Face::Warn,
            Both::new(
                format!("还有 {more} 班日结差额待核查"),
                format!("{more} more tills were far over or short"),
            ),
            Both::new("差额都由组长会签过", "each difference was countersigned"),
            "/shifts".into(),
            Both::new("班次", "Shifts"),
        );
    }
    if facts.shifts_asked > 0 {
        let asked = facts.shifts_asked;
        add(
            Face::Info,
            Both::new(
                format!("{asked} 班日结差额等组长会签"),
                format!("{asked} shifts wait for a countersignature"),
            ),
            Both::new("会签后由财务核查", "finance looks into them after that"),
            "/shifts".into(),
            Both::new("查看", "Look"),
        );
    }
    for one in facts.statements.iter().filter(|one| one.day == facts.yesterday).take(EACH) {
        let name = words::account(staff, &one.channel);
        let day = words::short(one.day);
        let (face, zh, en) = match one.state {
            InputState::NotYet => (Face::Info, "对账单未到", "no statement yet"),
            InputState::Refused => (Face::Warn, "对账单有误", "the statement is damaged"),
            InputState::Read | InputState::Nothing => continue,
        };
        let way = if staff.may(Right::Compare) { "/upload" } else { "" };
        add(
            face,
            Both::new(
                format!("{} {} {day} {zh}", name.zh, one.channel),
                format!("{} {}: {en} ({day})", name.en, one.channel),
            ),
            Both::new("系统会继续取；也可以手工上传", "it is fetched again by itself, or brought by hand"),
            format!("/finance/days/{}{way}", one.day),
            if way.is_empty() { Both::new("查看", "Look") } else { Both::new("上传", "Bring") },
        );
    }
    let ready: Vec<BusinessDay> =
        facts.unsigned.iter().filter(|(_, open)| *open == 0).map(|(day, _)| *day).collect();
    if let Some(first) = ready.first() {
        let days: Vec<String> = ready.iter().take(EACH).map(|day| words::short(*day)).collect();
        let (number, days) = (ready.len(), days.join("、"));
        let may = staff.may(Right::SignDay);
        add(
            Face::Info,
            Both::new(format!("{number} 天可以签结"), format!("{number} days can be signed")),
            Both::same(days),
            if may { format!("/finance/days/{first}/sign") } else { format!("/finance/days/{first}") },
            if may { Both::new("签结", "Sign") } else { Both::new("查看", "Look") },
        );
    }
    let blocked: Vec<&(BusinessDay, i64)> = facts.unsigned.iter().filter(|(_, open)| *open > 0).collect();
    if let Some((first, _)) = blocked.first() {
        let number = blocked.len();
        add(
            Face::Info,
            Both::new(format!("{number} 天还不能签结"), format!("{number} days cannot be signed yet")),
            Both::new(
                format!("最早 {}，先处理当日的差异", words::short(*first)),
                format!("the earliest is {}; its differences come first", words::short(*first)),
            ),
            format!("/differences?day={first}"),
            Both::new("处理", "Open"),
        );
    }
    to_do
}
