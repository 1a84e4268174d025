//! The dashboard: numbers of a day in words. What they are is read by one service; here they are only said.

use super::provider_words;
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::service::Trouble;
use crate::service::dashboard::{
    Compared, Dashboard, DashboardRefused, TrendDay, dashboard, mean, per_mille, within,
};
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use mingfen_domain::access::Right;
use mingfen_domain::ids::ChannelId;
use mingfen_domain::payment::Scene;
use mingfen_domain::{BusinessDay, Fen, Timestamp};
use mingfen_pages::staff::charts::{AgeBar, HourBar, TickBar, TrendPoint};
use mingfen_pages::staff::{
    Both, ChannelRow, DepartmentRow, Face, Figure, HourRow, Hours, MethodRow, Open, StaffDashboard, State,
    SumRow, Trend, WeekRow,
};
use mingfen_reconciliation::report::no_formula;
use mingfen_store::{Counted, Dimension};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Departments that are drawn; all of them stand in the table.
const DRAWN: usize = 10;
/// Reasons and people that stand by themselves; the others are added up.
const NAMED: usize = 8;
/// Hours that are drawn even when nothing came in.
const OFFICE: std::ops::RangeInclusive<usize> = 8..=17;
const DAY_SECONDS: i64 = 86_400;

/// The page.
pub(in crate::internal) async fn show(staff: Staff) -> StaffAnswer {
    let board = asked(&staff).await?;
    let names = refunders(&staff, &board).await?;
    let view = view(&staff, &board, &names)?;
    Ok(staff.page(&view))
}

/// The numbers as a file.
pub(in crate::internal) async fn export(staff: Staff) -> StaffAnswer {
    let board = asked(&staff).await?;
    let names = refunders(&staff, &board).await?;
    let text = csv(&staff, &board, &names)?;
    let name = format!("attachment; filename=\"takings-{}.csv\"", board.day);
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, name))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(text))
}

async fn asked(staff: &Staff) -> Result<Dashboard, StaffFailure> {
    let day = match staff.query("day") {
        None => None,
        Some(text) => Some(BusinessDay::parse(&text).map_err(|_| {
            StaffFailure::Bad(Both::new("日期要写成 2026-11-24 这样", "A day is written as 2026-11-24"))
        })?),
    };
    dashboard(&staff.gateway, day).await.map_err(|refused| match refused {
        DashboardRefused::Future(day) => StaffFailure::Bad(Both::new(
            format!("{day} 还没有到，看今日或更早的一天"),
            format!("{day} has not begun; choose today or an earlier day"),
        )),
        DashboardRefused::Trouble(trouble) => trouble.into(),
    })
}

/// The people behind refunds and what was taken at the window, by what stands in the records.
async fn refunders(staff: &Staff, board: &Dashboard) -> Result<BTreeMap<String, Both>, StaffFailure> {
    let mut names = BTreeMap::new();
    let refunds = largest(board, Dimension::RefundBy).into_iter().take(NAMED);
    for (by, _) in refunds.chain(largest(board, Dimension::Cashier).into_iter().take(NAMED)) {
        let name = match by.split_once(':') {
            _ if by == "gateway" => Both::new("系统自动退回", "by itself"),
            Some(("staff", number)) => match staff.gateway.store.staff_member(number).await? {
                Some(there) if there.place.is_empty() => Both::same(there.name),
                Some(there) => Both::same(format!("{} · {}", there.name, there.place)),
                None => Both::same(number),
            },
            Some(("cli", who)) => Both::new(format!("命令行 {who}"), format!("command line {who}")),
            Some((key, operator)) => {
                Both::new(format!("接口 {key} · {operator}"), format!("API {key} · {operator}"))
            }
            None => Both::same(by),
        };
        names.insert(by.to_owned(), name);
    }
    Ok(names)
}

/// The members, by their money and then by their name.
fn largest(board: &Dashboard, dimension: Dimension) -> Vec<(&str, Compared)> {
    let mut members: Vec<(&str, Compared)> = board
        .members(dimension)
        .filter(|(_, compared)| compared.day.number > 0)
        .map(|(member, compared)| (member, *compared))
        .collect();
    members.sort_by(|(one, first), (other, second)| second.day.fen.cmp(&first.day.fen).then(one.cmp(other)));
    members
}

fn view(
    staff: &Staff,
    board: &Dashboard,
    names: &BTreeMap<String, Both>,
) -> Result<StaffDashboard, StaffFailure> {
    let all = total(board, Dimension::Total)?;
    let refunded = total(board, Dimension::Refunded)?;
    let (departments, bars, departments_total) = departments(board)?;
    let today = board.until.is_some();
    let later = BusinessDay::of(board.day.start().plus_seconds(DAY_SECONDS));
    let open = (today && staff.may(Right::ReadReconciliation)).then(|| open(board)).transpose()?;
    Ok(StaffDashboard {
        lead: lead(board)?,
        day: board.day.to_string(),
        today,
        earlier: BusinessDay::of(board.day.start().plus_ms(-1)).to_string(),
        later: (!today).then(|| later.to_string()),
        notes: notes(board),
        figures: figures(board)?,
        usual: (board.usual_days > 0).then(|| {
            Both::new(
                format!("平常{}（近 {} 周平均）", weekday(board.day).0, board.usual_days),
                format!("usual {} (mean of {})", weekday(board.day).1, board.usual_days),
            )
        }),
        hours: hours(board)?,
        methods: methods(staff, board)?,
        total: sum_row(Both::new("合计", "Total"), all.day, all.day.fen, 1000),
        accounts: accounts(board)?,
        trend: trend(board)?,
        departments,
        department_bars: bars,
        departments_total,
        scenes: sums(board, Dimension::Scene, usize::MAX, scene)?,
        reasons: sums(board, Dimension::RefundReason, NAMED, |reason| {
            if reason.is_empty() { Both::new("未写明", "not said") } else { Both::same(reason) }
        })?,
        refunders: sums(board, Dimension::RefundBy, NAMED, |by| {
            names.get(by).cloned().unwrap_or_else(|| Both::same(by))
        })?,
        cashiers: sums(board, Dimension::Cashier, NAMED, |by| {
            names.get(by).cloned().unwrap_or_else(|| Both::same(by))
        })?,
        refunded: sum_row(Both::new("合计", "Total"), refunded.day, refunded.day.fen, 1000),
        open,
        exports: staff.may(Right::ExportReports),
        printing: staff.query("print").is_some(),
    })
}

fn total(board: &Dashboard, dimension: Dimension) -> Result<Compared, StaffFailure> {
    Ok(board.all(dimension).map_err(Trouble::from)?)
}

/// With a real minus, as money stands on the pages of staff.
fn yuan(fen: Fen) -> String {
    fen.to_yuan_grouped().replace('-', "−")
}

/// The same with its sign, whichever it is.
fn gap(fen: Fen) -> String {
    if fen > Fen::ZERO { format!("+{}", yuan(fen)) } else { yuan(fen) }
}

/// A count with thousands commas.
pub(super) fn grouped(number: i64) -> String {
    yuan(Fen::new(number.saturating_mul(100))).trim_end_matches(".00").to_owned()
}

/// Thousandths as a number with one decimal.
fn tenths(per_mille: i64) -> String {
    let (sign, size) =
        if per_mille < 0 { ("−", per_mille.unsigned_abs()) } else { ("", per_mille.unsigned_abs()) };
    format!("{sign}{}.{}", size / 10, size % 10)
}

/// Length of something drawn.
fn length(fen: Fen) -> u64 {
    u64::try_from(fen.get()).unwrap_or_default()
}

fn share_of(fen: Fen, all: Fen) -> Option<i64> {
    per_mille(fen.get(), all.get())
}

fn weekday(day: BusinessDay) -> (&'static str, &'static str) {
    let names = [
        ("周一", "Monday"),
        ("周二", "Tuesday"),
        ("周三", "Wednesday"),
        ("周四", "Thursday"),
        ("周五", "Friday"),
        ("周六", "Saturday"),
        ("周日", "Sunday"),
    ];
    names[usize::from(day.date().weekday().number_days_from_monday())]
}

fn short_day(day: BusinessDay) -> String {
    day.to_string().chars().skip(5).collect()
}

fn clock(at: Timestamp) -> String {
    at.to_beijing_text().chars().skip(11).take(5).collect()
}

fn lead(board: &Dashboard) -> Result<Both, StaffFailure> {
    let (zh, en) = weekday(board.day);
    let day = if board.until.is_some() { short_day(board.day) } else { board.day.to_string() };
    let (mut chinese, mut english) = match board.until {
        Some(now) => (
            format!("今日 {day} {zh}，截至 {}。", clock(now)),
            format!("Today, {en} {day}, up to {}. ", clock(now)),
        ),
        None => (format!("{day} {zh}，全天。"), format!("{en} {day}, the whole day. ")),
    };
    chinese += "金额为实付，未减退费";
    english += "Money paid, before refunds";
    let deposit = total(board, Dimension::Deposit)?.day;
    if deposit.number > 0 {
        let (number, sum) = (grouped(deposit.number), yuan(deposit.fen));
        let _ = write!(chinese, "；另有住院预交金 {number} 笔 ¥{sum}，不在以下各项内。");
        let _ = write!(english, "; {number} deposits of ¥{sum} are not in these numbers.");
    } else {
        chinese += "；不含住院预交金。";
        english += "; deposits are not in these numbers.";
    }
    Ok(Both::new(chinese, english))
}

fn notes(board: &Dashboard) -> Vec<State> {
    let mut notes = Vec::new();
    if let Some(from) = board.counted_from {
        notes.push(State::new(
            Face::Info,
            format!("{from} 之前的历史正在统计，统计好之前不参与比较和走势"),
            format!("The history before {from} is being counted; until then nothing is compared with it"),
        ));
    } else if board.usual_days == 0 {
        notes.push(State::new(
            Face::Info,
            format!("还没有平常可比：前 8 周的{}没有收款", weekday(board.day).0),
            format!(
                "There is no usual day yet: nothing came in on a {} of the last 8 weeks",
                weekday(board.day).1
            ),
        ));
    }
    notes
}

/// More or less than usual, in words; by how much in money when that is said too.
fn beside_usual(board: &Dashboard, day: i64, usual_sum: i64) -> Option<(i64, i64)> {
    if board.usual_days == 0 || usual_sum <= 0 {
        return None;
    }
    let whole = day.checked_mul(board.usual_days)?;
    Some((per_mille(whole.checked_sub(usual_sum)?, usual_sum)?, day - mean(usual_sum, board.usual_days)))
}

/// The same of two shares, in points.
fn points(now: Option<i64>, usual: Option<i64>) -> Option<Both> {
    let gap = now? - usual?;
    Some(match gap {
        0 => Both::new("与平常相同", "as usual"),
        gap if gap > 0 => {
            Both::new(format!("比平常高 {} 点", tenths(gap)), format!("{} points above usual", tenths(gap)))
        }
        gap => {
            Both::new(format!("比平常低 {} 点", tenths(-gap)), format!("{} points below usual", tenths(-gap)))
        }
    })
}

/// Sentences, one after the other.
fn said(parts: Vec<Both>) -> Both {
    let (zh, en): (Vec<String>, Vec<String>) = parts.into_iter().map(|part| (part.zh, part.en)).unzip();
    Both::new(zh.join("；"), en.join("; "))
}

/// Milliseconds as a person says them: `1.4`, `31`, and from two minutes on in minutes.
fn spell(ms: i64) -> (String, Both) {
    let seconds = Both::new("秒", "s");
    match ms {
        ms if ms < 5_000 => (tenths((ms + 50) / 100), seconds),
        ms if ms < 120_000 => ((ms / 1000).to_string(), seconds),
        ms if ms < 2 * 3_600_000 => ((ms / 60_000).to_string(), Both::new("分钟", "min")),
        ms if ms < 90_000_000 => ((ms / 3_600_000).to_string(), Both::new("小时", "h")),
        _ => ("24".into(), Both::new("小时以上", "h and more")),
    }
}

fn figure(zh: &str, en: &str, value: String, unit: Both, said: Both) -> Figure {
    Figure { what: Both::new(zh, en), value, unit, said }
}

fn times(zh: &str, en: &str, times: &[(i64, i64)], more: Option<Both>) -> Figure {
    let (Some(half), Some(most)) = (within(times, 50), within(times, 95)) else {
        return figure(
            zh,
            en,
            "—".into(),
            Both::same(""),
            more.unwrap_or_else(|| Both::new("还没有", "none yet")),
        );
    };
    let (value, unit) = spell(half);
    let (most, most_unit) = spell(most);
    let mut parts = vec![Both::new(
        format!("一半在此内；95% 在 {most} {}内", most_unit.zh),
        format!("half within this; 95% within {most} {}", most_unit.en),
    )];
    parts.extend(more);
    figure(zh, en, value, unit, said(parts))
}

fn figures(board: &Dashboard) -> Result<Vec<Figure>, StaffFailure> {
    let all = total(board, Dimension::Total)?;
    let unpaid = total(board, Dimension::Unpaid)?;
    let refunded = total(board, Dimension::Refunded)?;
    let none = || Both::same("");
    let (zh, en) = weekday(board.day);
    let by_now = if board.until.is_some() { ("同刻", " by now") } else { ("", "") };
    let takings = match beside_usual(board, all.day.fen.get(), all.usual.fen.get()) {
        None => Both::new("没有平常可比", "nothing to compare with"),
        Some((0, _)) => {
            Both::new(format!("与平常{zh}{}相同", by_now.0), format!("as on a usual {en}{}", by_now.1))
        }
        Some((part, by)) => {
            let (more, above) = if part > 0 { ("多", "above") } else { ("少", "below") };
            let by = yuan(Fen::new(by.saturating_abs()));
            let by = by.split('.').next().unwrap_or_default();
            Both::new(
                format!("比平常{zh}{}{more} {}%，约 ¥{by}", by_now.0, tenths(part.abs())),
                format!("{}% {above} a usual {en}{}, ¥{by}", tenths(part.abs()), by_now.1),
            )
        }
    };
    let each = if all.day.number > 0 {
        let each = yuan(Fen::new(mean(all.day.fen.get(), all.day.number)));
        Both::new(format!("平均每笔 ¥{each}"), format!("¥{each} each on average"))
    } else {
        Both::new("还没有", "none yet")
    };
    let success = |of: fn(&Compared) -> Counted| {
        let (paid, lost) = (of(&all).number, of(&unpaid).number);
        per_mille(paid, paid.saturating_add(lost))
    };
    let (now, usual) = (success(|of| of.day), success(|of| of.usual));
    let mut ended = Vec::new();
    ended.extend(points(now, usual));
    ended.push(Both::new(
        format!("{} 笔到期未付", grouped(unpaid.day.number)),
        format!("{} not paid in time", grouped(unpaid.day.number)),
    ));
    let rate = |of: fn(&Compared) -> Counted| share_of(of(&refunded).fen, of(&all).fen);
    let (back, back_usual) = (rate(|of| of.day), rate(|of| of.usual));
    let mut why = Vec::new();
    why.extend(points(back, back_usual));
    why.push(match largest(board, Dimension::RefundReason).first() {
        Some((reason, _)) if !reason.is_empty() => {
            Both::new(format!("多为{reason}"), format!("mostly {reason}"))
        }
        _ => Both::new(
            format!("{} 笔到账", grouped(refunded.day.number)),
            format!("{} arrived", grouped(refunded.day.number)),
        ),
    });
    let booked = total(board, Dimension::BookTime)?.day.number;
    let left = all.day.number - booked;
    let waiting = Both::new(
        if left == 0 { "没有在等的".to_owned() } else { format!("{} 笔未入账", grouped(left)) },
        if left == 0 { "none waits".to_owned() } else { format!("{} not booked yet", grouped(left)) },
    );
    let percent = |share: Option<i64>| match share {
        Some(share) => (tenths(share), Both::same("%")),
        None => ("—".to_owned(), Both::same("")),
    };
    let (success_text, success_unit) = percent(now);
    let (back_text, back_unit) = percent(back);
    let (taken_zh, taken_en) =
        if board.until.is_some() { ("今日收款", "Takings today") } else { ("当日收款", "Takings") };
    Ok(vec![
        figure(taken_zh, taken_en, format!("¥{}", yuan(all.day.fen)), none(), takings),
        figure("笔数", "Payments", grouped(all.day.number), none(), each),
        figure("支付成功率", "Paid of all ended", success_text, success_unit, said(ended)),
        times("下单到付成", "From order to paid", &board.times(Dimension::PayTime), None),
        times("回写 HIS", "Booked at HIS", &board.times(Dimension::BookTime), Some(waiting)),
        figure("退费率（按金额）", "Refunded, of the money", back_text, back_unit, said(why)),
    ])
}

fn hours(board: &Dashboard) -> Result<Hours, StaffFailure> {
    let any = |at: usize| {
        let hour = &board.hours[at];
        hour.day.number > 0 || hour.usual_whole.number > 0
    };
    let shown: Vec<usize> = (0..board.hours.len()).filter(|at| any(*at)).collect();
    let (Some(first), Some(last)) = (shown.first(), shown.last()) else {
        return Ok(Hours {
            bars: Vec::new(),
            rows: Vec::new(),
            total: hour_row(Both::new("合计", "Total"), board, Compared::default())?,
        });
    };
    let (first, last) = ((*first).min(*OFFICE.start()), (*last).max(*OFFICE.end()));
    let compares = board.usual_days > 0;
    let (mut bars, mut rows) = (Vec::new(), Vec::new());
    for at in first..=last {
        let hour = &board.hours[at];
        let begun = board.current_hour.is_none_or(|current| at <= current);
        let now = board.until.filter(|_| board.current_hour == Some(at)).map(clock);
        let (on_axis, in_table) = match &now {
            Some(now) => (
                Both::new(format!("至 {now}"), format!("to {now}")),
                Both::new(format!("{at} 时（至 {now}）"), format!("{at}h (to {now})")),
            ),
            None => {
                let name = Both::new(format!("{at} 时"), format!("{at}h"));
                (name.clone(), name)
            }
        };
        bars.push(HourBar {
            name: on_axis,
            day: begun.then(|| length(hour.day.fen)),
            usual: compares.then(|| length(Fen::new(mean(hour.usual_whole.fen.get(), board.usual_days)))),
        });
        if begun {
            rows.push(hour_row(in_table, board, Compared { day: hour.day, usual: hour.usual })?);
        }
    }
    let all = total(board, Dimension::Total)?;
    Ok(Hours { bars, rows, total: hour_row(Both::new("合计", "Total"), board, all)? })
}

fn hour_row(name: Both, board: &Dashboard, compared: Compared) -> Result<HourRow, StaffFailure> {
    let usual = (board.usual_days > 0).then(|| Fen::new(mean(compared.usual.fen.get(), board.usual_days)));
    let apart = match usual {
        Some(usual) => Some(gap(compared.day.fen.minus(usual).map_err(Trouble::from)?)),
        None => None,
    };
    Ok(HourRow { name, day_yuan: yuan(compared.day.fen), usual_yuan: usual.map(yuan), gap_yuan: apart })
}

/// A provider's colour and name; the colours are those of every page.
fn method_of(provider: &str) -> (u8, Both) {
    match provider {
        "wechat" => (1, provider_words(provider)),
        "alipay" => (2, provider_words(provider)),
        "unionpay" => (3, provider_words(provider)),
        "insurance" => (4, provider_words(provider)),
        "cash" => (5, provider_words(provider)),
        "pos" => (6, provider_words(provider)),
        other => (6, Both::same(other)),
    }
}

fn methods(staff: &Staff, board: &Dashboard) -> Result<Vec<MethodRow>, StaffFailure> {
    let all = total(board, Dimension::Total)?;
    let mut by: BTreeMap<(u8, String), (Both, Compared)> = BTreeMap::new();
    for (channel, compared) in board.members(Dimension::Channel) {
        let id = ChannelId::parse(channel).ok();
        let provider = id.and_then(|id| staff.gateway.channel(&id)).map(|channel| channel.provider_name());
        let (colour, name) = method_of(provider.unwrap_or(channel));
        let there = by.entry((colour, name.zh.clone())).or_insert((name, Compared::default()));
        for (to, more) in [(&mut there.1.day, compared.day), (&mut there.1.usual, compared.usual)] {
            to.number = to.number.saturating_add(more.number);
            to.fen = to.fen.plus(more.fen).map_err(Trouble::from)?;
        }
    }
    Ok(by
        .into_iter()
        .filter(|(_, (_, compared))| compared.day.number > 0 || compared.usual.number > 0)
        .map(|((colour, _), (name, compared))| {
            let now = share_of(compared.day.fen, all.day.fen);
            MethodRow {
                colour,
                name,
                number: grouped(compared.day.number),
                yuan: yuan(compared.day.fen),
                share: now.map_or("—".into(), |now| format!("{}%", tenths(now))),
                per_mille: now.and_then(|now| u64::try_from(now).ok()).unwrap_or_default(),
                said: points(now, share_of(compared.usual.fen, all.usual.fen))
                    .unwrap_or_else(|| Both::same("—")),
            }
        })
        .collect())
}

fn accounts(board: &Dashboard) -> Result<Vec<ChannelRow>, StaffFailure> {
    let mut names: Vec<&str> = [Dimension::Channel, Dimension::Unpaid, Dimension::RefundChannel]
        .into_iter()
        .flat_map(|dimension| board.members(dimension))
        .filter(|(_, compared)| compared.day.number > 0)
        .map(|(name, _)| name)
        .collect();
    names.sort_unstable();
    names.dedup();
    let of = |dimension: Dimension, name: &str| {
        board
            .by
            .get(&dimension)
            .and_then(|members| members.get(name))
            .map_or(Counted::default(), |there| there.day)
    };
    names
        .into_iter()
        .map(|name| {
            let (paid, back) = (of(Dimension::Channel, name), of(Dimension::RefundChannel, name));
            Ok(ChannelRow {
                name: name.to_owned(),
                number: grouped(paid.number),
                yuan: yuan(paid.fen),
                unpaid: grouped(of(Dimension::Unpaid, name).number),
                refunds: grouped(back.number),
                refunded_yuan: yuan(back.fen.negated().map_err(Trouble::from)?),
            })
        })
        .collect()
}

fn departments(board: &Dashboard) -> Result<(Vec<DepartmentRow>, Vec<TickBar>, DepartmentRow), StaffFailure> {
    let compares = board.usual_days > 0;
    let members = largest(board, Dimension::Department);
    let usual = |compared: &Compared| Fen::new(mean(compared.usual.fen.get(), board.usual_days));
    let name = |member: &str| {
        if member.is_empty() { Both::new("未写明", "not said") } else { Both::same(member) }
    };
    let row = |name: Both, compared: &Compared| DepartmentRow {
        name,
        slips: grouped(compared.day.number),
        yuan: yuan(compared.day.fen),
        usual_yuan: compares.then(|| yuan(usual(compared))),
    };
    let bars = members
        .iter()
        .take(DRAWN)
        .map(|(member, compared)| TickBar {
            name: name(member).zh,
            length: length(compared.day.fen),
            usual: compares.then(|| length(usual(compared))),
            value: yuan(compared.day.fen).split('.').next().unwrap_or_default().to_owned(),
        })
        .collect();
    let rows = members.iter().map(|(member, compared)| row(name(member), compared)).collect();
    let all = total(board, Dimension::Department)?;
    // What is usual of departments that nothing came in from today is in the sum too.
    Ok((rows, bars, row(Both::new("合计", "Total"), &all)))
}

fn scene(word: &str) -> Both {
    match Scene::parse(word) {
        Some(Scene::InApp) => Both::new("自助扫码，应用内付", "scanned, paid in the app"),
        Some(Scene::ShownCode) => Both::new("屏幕出码，手机扫", "a code on a screen"),
        Some(Scene::MobileBrowser) => Both::new("手机浏览器", "mobile browser"),
        Some(Scene::Window) => Both::new("收费窗口", "at the window"),
        None => Both::same(word),
    }
}

/// The largest by themselves, the others together.
fn sums(
    board: &Dashboard,
    dimension: Dimension,
    most: usize,
    name: impl Fn(&str) -> Both,
) -> Result<Vec<SumRow>, StaffFailure> {
    let all = total(board, dimension)?.day.fen;
    let members = largest(board, dimension);
    let top = members.first().map_or(Fen::ZERO, |(_, compared)| compared.day.fen);
    let bar = |fen: Fen| share_of(fen, top).and_then(|part| u64::try_from(part).ok()).unwrap_or_default();
    let mut rows: Vec<SumRow> = members
        .iter()
        .take(most)
        .map(|(member, compared)| sum_row(name(member), compared.day, all, bar(compared.day.fen)))
        .collect();
    let mut others = Counted::default();
    for (_, compared) in members.iter().skip(most) {
        others.number = others.number.saturating_add(compared.day.number);
        others.fen = others.fen.plus(compared.day.fen).map_err(Trouble::from)?;
    }
    if others.number > 0 {
        rows.push(sum_row(Both::new("其余", "the others"), others, all, bar(others.fen)));
    }
    Ok(rows)
}

fn sum_row(name: Both, counted: Counted, all: Fen, bar: u64) -> SumRow {
    SumRow {
        name,
        number: grouped(counted.number),
        yuan: yuan(counted.fen),
        share: share_of(counted.fen, all).map(|share| format!("{}%", tenths(share))),
        per_mille: bar,
    }
}

fn net_of(days: &[TrendDay]) -> Result<Fen, StaffFailure> {
    let nets: Result<Vec<Fen>, _> = days.iter().map(TrendDay::net).collect();
    Ok(Fen::sum(nets.map_err(Trouble::from)?).map_err(Trouble::from)?)
}

fn trend(board: &Dashboard) -> Result<Option<Trend>, StaffFailure> {
    let days = &board.trend;
    if days.len() < 2 {
        return Ok(None);
    }
    let mut points = Vec::with_capacity(days.len());
    for (at, day) in days.iter().enumerate() {
        let mean_of_seven = match at.checked_sub(6) {
            Some(from) => Some(length(Fen::new(mean(net_of(&days[from..=at])?.get(), 7)))),
            None => None,
        };
        let of_month = day.day.date().day();
        points.push(TrendPoint {
            fen: length(day.net().map_err(Trouble::from)?),
            mean: mean_of_seven,
            name: matches!(of_month, 1 | 15)
                .then(|| format!("{}-{of_month:02}", u8::from(day.day.date().month()))),
        });
    }
    let last = match days.last() {
        Some(last) => {
            let (zh, en) = weekday(last.day);
            let day = short_day(last.day);
            let fen = length(last.net().map_err(Trouble::from)?);
            Some((fen, Both::new(format!("{day} {zh}"), format!("{day} {en}"))))
        }
        None => None,
    };
    let sentence = if days.len() >= 14 {
        let (before, after) = days[days.len() - 14..].split_at(7);
        let (before, after) = (net_of(before)?, net_of(after)?);
        let change = per_mille(after.minus(before).map_err(Trouble::from)?.get(), before.get());
        change.map(|change| match change {
            0 => Both::new("最近 7 天与前 7 天相同", "the last 7 days are as the 7 before"),
            change => {
                let (more, above) = if change > 0 { ("多", "above") } else { ("少", "below") };
                let by = tenths(change.abs());
                Both::new(
                    format!("最近 7 天比前 7 天{more} {by}%"),
                    format!("the last 7 days are {by}% {above} the 7 before"),
                )
            }
        })
    } else {
        None
    };
    let mut parts = Vec::new();
    parts.extend(sentence);
    parts.push(Both::new(
        "细线每日，粗线 7 天平均，不含住院预交金",
        "thin: each day, thick: mean of seven; without deposits",
    ));
    // Whole weeks back from the last day, the oldest first.
    let odd = days.len() % 7;
    let (rest, whole) = days.split_at(odd);
    let mut weeks = Vec::new();
    for some in std::iter::once(rest).filter(|rest| !rest.is_empty()).chain(whole.chunks(7)) {
        let (Some(first), Some(last)) = (some.first(), some.last()) else { continue };
        let (first, last) = (short_day(first.day), short_day(last.day));
        weeks.push(week(Both::new(format!("{first} 至 {last}"), format!("{first} to {last}")), some)?);
    }
    Ok(Some(Trend {
        points, last, said: said(parts), weeks, total: week(Both::new("合计", "Total"), days)?
    }))
}

fn week(name: Both, days: &[TrendDay]) -> Result<WeekRow, StaffFailure> {
    let net = net_of(days)?;
    let number = i64::try_from(days.len()).unwrap_or_default();
    Ok(WeekRow {
        name,
        days: number.to_string(),
        yuan: yuan(net),
        mean_yuan: yuan(Fen::new(mean(net.get(), number))),
    })
}

fn owner_english(owner: mingfen_domain::difference::Owner) -> &'static str {
    use mingfen_domain::difference::Owner;
    match owner {
        Owner::Cashier => "cashiers",
        Owner::Finance => "finance",
        Owner::It => "IT",
        Owner::Provider => "the provider",
    }
}

fn open(board: &Dashboard) -> Result<Open, StaffFailure> {
    let mut ages = [(0_i64, Fen::ZERO, 0_i64); 3];
    let mut owners: BTreeMap<&'static str, (Both, Counted)> = BTreeMap::new();
    let mut all = Counted::default();
    for some in &board.open {
        let days = board.day.start().since_ms(some.since.start()) / (DAY_SECONDS * 1000);
        let age = match days {
            days if days <= 1 => &mut ages[0],
            2 | 3 => &mut ages[1],
            _ => &mut ages[2],
        };
        age.0 = age.0.saturating_add(some.number);
        age.1 = age.1.plus(some.fen).map_err(Trouble::from)?;
        age.2 = age.2.saturating_add(if some.overdue { some.number } else { 0 });
        let name = || Both::new(some.owner.chinese(), owner_english(some.owner));
        let there = owners.entry(some.owner.as_str()).or_insert_with(|| (name(), Counted::default()));
        for to in [&mut there.1, &mut all] {
            to.number = to.number.saturating_add(some.number);
            to.fen = to.fen.plus(some.fen).map_err(Trouble::from)?;
        }
    }
    let names = [("1 天内", "a day"), ("2 至 3 天", "2–3 days"), ("4 天以上", "4 and more")];
    let mut bars = names.into_iter().zip(ages).map(|((zh, en), (number, fen, overdue))| {
        let mut said = Both::new(format!("{} 元", yuan(fen)), format!("{} yuan", yuan(fen)));
        if overdue > 0 {
            said.zh += &format!("，{overdue} 笔已逾期");
            said.en += &format!(", {overdue} overdue");
        }
        AgeBar {
            name: Both::new(zh, en),
            number: u64::try_from(number).unwrap_or_default(),
            value: Both::new(format!("{} 笔", grouped(number)), grouped(number)),
            said,
        }
    });
    let mut bar = || {
        bars.next().unwrap_or_else(|| AgeBar {
            name: Both::same(""),
            number: 0,
            value: Both::same(""),
            said: Both::same(""),
        })
    };
    let ages = [bar(), bar(), bar()];
    Ok(Open {
        said: Both::new(
            format!("按存在天数，共 {} 笔", grouped(all.number)),
            format!("by age, {} in all", grouped(all.number)),
        ),
        ages,
        owners: owners.into_values().map(|(name, counted)| sum_row(name, counted, all.fen, 0)).collect(),
        total: sum_row(Both::new("合计", "Total"), all, all.fen, 0),
        goes_there: crate::http::staff::is_served("/differences"),
    })
}

/// A cell that a spreadsheet takes for text, whatever it begins with.
fn cell(text: &str) -> String {
    format!("\"{}\"", no_formula(text).replace('"', "\"\""))
}

/// Every number of the page, a row each: plain yuan, so that a spreadsheet counts with them.
fn csv(staff: &Staff, board: &Dashboard, names: &BTreeMap<String, Both>) -> Result<String, StaffFailure> {
    let mut text = String::from("\u{feff}");
    let until = board.until.map_or_else(|| "全天".to_owned(), |now| format!("截至 {}", clock(now)));
    let hospital = &staff.gateway.settings.hospital;
    let mut line = |cells: &[String]| {
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    };
    line(&[cell("经营看板"), cell(hospital.id.as_str()), cell(&board.day.to_string()), cell(&until)]);
    line(&[cell(&format!("平常为此前 {} 个同一星期几的平均，截至同一分钟；金额单位为元", board.usual_days))]);
    line(&["类", "项", "笔数", "金额", "平常笔数", "平常金额"].map(str::to_owned));
    let usual = |compared: &Compared| {
        if board.usual_days == 0 {
            return [String::new(), String::new()];
        }
        let mean_of = |sum: i64| mean(sum, board.usual_days);
        [mean_of(compared.usual.number).to_string(), Fen::new(mean_of(compared.usual.fen.get())).to_yuan()]
    };
    for (dimension, word, compares) in [
        (Dimension::Total, "收款", true),
        (Dimension::Refunded, "退款", true),
        (Dimension::Unpaid, "到期未付", true),
        (Dimension::Deposit, "住院预交金", true),
        (Dimension::DepositBack, "退预交金", false),
        (Dimension::Channel, "商户号", true),
        (Dimension::Department, "科室", true),
        (Dimension::Scene, "付款场景", true),
        (Dimension::Cashier, "窗口收款员", false),
        (Dimension::RefundChannel, "退款商户号", false),
        (Dimension::RefundReason, "退费原因", true),
        (Dimension::RefundBy, "退费经手", false),
    ] {
        for (member, compared) in board.members(dimension) {
            let name = match dimension {
                Dimension::Scene => scene(member).zh,
                Dimension::RefundBy | Dimension::Cashier => {
                    names.get(member).map_or(member.to_owned(), |name| name.zh.clone())
                }
                _ => member.to_owned(),
            };
            let [number, fen] = if compares { usual(compared) } else { [String::new(), String::new()] };
            line(&[
                cell(word),
                cell(&name),
                compared.day.number.to_string(),
                compared.day.fen.to_yuan(),
                number,
                fen,
            ]);
        }
    }
    for (at, hour) in board.hours.iter().enumerate() {
        let compared = Compared { day: hour.day, usual: hour.usual_whole };
        if compared != Compared::default() {
            let [number, fen] = usual(&compared);
            let day = compared.day;
            line(&[cell("小时"), at.to_string(), day.number.to_string(), day.fen.to_yuan(), number, fen]);
        }
    }
    for (dimension, word) in
        [(Dimension::PayTime, "下单到付成 毫秒内"), (Dimension::BookTime, "回写 HIS 毫秒内")]
    {
        for (took, number) in board.times(dimension) {
            line(&[
                cell(word),
                took.to_string(),
                number.to_string(),
                String::new(),
                String::new(),
                String::new(),
            ]);
        }
    }
    for day in &board.trend {
        let net = day.net().map_err(Trouble::from)?;
        let name = cell(&day.day.to_string());
        line(&[
            cell("每日净收"),
            name,
            day.paid.number.to_string(),
            net.to_yuan(),
            String::new(),
            String::new(),
        ]);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_people_read_them() {
        assert_eq!(
            (grouped(1_583), grouped(0), grouped(-12_000)),
            ("1,583".into(), "0".into(), "−12,000".into())
        );
        assert_eq!((tenths(104), tenths(-7), tenths(1000)), ("10.4".into(), "−0.7".into(), "100.0".into()));
        assert_eq!(
            (gap(Fen::new(69_986)), gap(Fen::new(-5)), gap(Fen::ZERO)),
            ("+699.86".into(), "−0.05".into(), "0.00".into())
        );
        for (ms, value, unit) in [
            (1_400, "1.4", "秒"),
            (31_000, "31", "秒"),
            (120_000, "2", "分钟"),
            (7_200_000, "2", "小时"),
            (90_000_000, "24", "小时以上"),
        ] {
            let (text, said) = spell(ms);
            assert_eq!((text.as_str(), said.zh.as_str()), (value, unit), "{ms}");
        }
    }

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(cell("=1+1"), "\"'=1+1\"");
        assert_eq!(cell("内\"科"), "\"内\"\"科\"");
    }

    #[test]
    fn points_are_said_with_their_direction() {
        assert_eq!(points(Some(518), Some(527)).map(|both| both.zh), Some("比平常低 0.9 点".into()));
        assert_eq!(points(Some(5), Some(5)).map(|both| both.zh), Some("与平常相同".into()));
        assert_eq!(points(Some(5), None), None);
    }
}
