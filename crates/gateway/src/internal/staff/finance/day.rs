//! A day's run, its versions, its sign-off.

use super::{People, before, day_of, minus, today, words};
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::service::Trouble;
use crate::service::reconciliation::{
    DayFacts, ReconcileRefused, SignRefused, ask_for_day, at_stake, day_facts, sign_day,
};
use actix_web::http::StatusCode;
use actix_web::web;
use mingfen_domain::access::Right;
use mingfen_domain::difference::Category;
use mingfen_domain::sides::Side;
use mingfen_domain::{BusinessDay, Fen};
use mingfen_pages::staff::finance::{
    CategoryLine, DayDiff, DayPage, Deed, DiffLine, InputLine, RunShown, SettledLine, SideTotals, SignCard,
    SignDialog, Term, VersionLine, Way,
};
use mingfen_pages::staff::{Both, Face, State};
use mingfen_store::{
    ALL_CHANNELS, FindingRecord, InputKind, InputState, RequestEnd, RunInputRecord, RunRecord,
    RunSettlementRecord, Standing,
};

/// Differences of each side of a comparison of versions.
const DIFFS: i64 = 200;

pub(in crate::internal) async fn show(staff: Staff, day: web::Path<String>) -> StaffAnswer {
    let day = day_of(&day)?;
    let version = staff.query("version").map(|text| text.parse::<i64>()).transpose();
    let version = version.map_err(|_| StaffFailure::NotFound)?;
    let facts = day_facts(&staff.gateway, day, version).await?;
    if version.is_some() && facts.run.is_none() {
        return Err(StaffFailure::NotFound);
    }
    let people = People::load(&staff).await?;
    Ok(staff.page(&view(&staff, day, &facts, &people)?))
}

/// Has it compared again.
pub(in crate::internal) async fn compare(
    staff: Staff,
    day: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    staff.form(&body)?;
    let day = day_of(&day)?;
    let said = match ask_for_day(&staff.gateway, day, &staff.actor()).await {
        Ok(()) => State::new(Face::Info, "已安排，马上开始", "It is on its way"),
        Err(ReconcileRefused::NotOver(_)) => State::new(
            Face::Warn,
            "这一天还没有过完，次日才能对账",
            "The day is not over; it is compared from the next one on",
        ),
        Err(ReconcileRefused::Signed(_)) => {
            State::new(Face::Warn, "已签结，不能重跑", "It is signed and not compared again")
        }
        Err(ReconcileRefused::Trouble(trouble)) => return Err(trouble.into()),
        Err(other) => return Err(Trouble::Inconsistent(other.to_string()).into()),
    };
    Ok(staff.say_and_go(&format!("/finance/days/{day}"), &said))
}

/// The question before it is signed.
pub(in crate::internal) async fn ask_sign(staff: Staff, day: web::Path<String>) -> StaffAnswer {
    let day = day_of(&day)?;
    show_sign(&staff, day, StatusCode::OK, String::new(), None).await
}

async fn show_sign(
    staff: &Staff,
    day: BusinessDay,
    status: StatusCode,
    remark: String,
    refused: Option<Both>,
) -> StaffAnswer {
    let facts = day_facts(&staff.gateway, day, None).await?;
    let people = People::load(staff).await?;
    let mut page = view(staff, day, &facts, &people)?;
    if let Some(run) = &facts.run
        && facts.signed.is_none()
    {
        let own = minus(
            facts.total(Side::Channel)?.1,
            facts.summary.of(Category::Foreign, Side::Channel).net().map_err(Trouble::from)?,
        )?;
        let his = facts.total(Side::His)?.1;
        let carried = facts.count(Standing::Carried);
        page.dialog = Some(SignDialog {
            figures: vec![
                (Both::new("渠道净额", "Channel, net"), words::yuan(own)),
                (Both::new("HIS 净额", "HIS, net"), words::yuan(his)),
                (Both::new("渠道 − HIS", "Channel − HIS"), words::signed(minus(own, his)?)),
                (
                    Both::new("待处理", "Open"),
                    words::number(facts.count(Standing::Open) + facts.count(Standing::Waiting)),
                ),
                (Both::new("结转到以后", "Carried on"), words::number(carried)),
            ],
            remark,
            refused: refused.or_else(|| not_signable(&facts)),
            run_id: run.run_id.as_str().to_owned(),
        });
    }
    Ok(staff.page_as(status, &page))
}

fn not_signable(facts: &DayFacts) -> Option<Both> {
    let (open, waiting) = (facts.count(Standing::Open), facts.count(Standing::Waiting));
    (open + waiting > 0).then(|| open_words(open, waiting))
}

fn open_words(open: i64, waiting: i64) -> Both {
    Both::new(
        format!("{open} 笔差异待处理，{waiting} 笔等第二人批准；须先处理、结转或挂账。"),
        format!(
            "{open} differences are open and {waiting} wait for a second person; settle or carry them first."
        ),
    )
}

/// Signs it.
pub(in crate::internal) async fn sign(staff: Staff, day: web::Path<String>, body: web::Bytes) -> StaffAnswer {
    let form = staff.form(&body)?;
    let day = day_of(&day)?;
    let remark = form.value("remark").unwrap_or_default().trim().to_owned();
    if remark.chars().count() > 200 || remark.chars().any(char::is_control) {
        let refused =
            Both::new("说明最多 200 字，不含换行。", "A remark has at most 200 characters on one line.");
        return show_sign(&staff, day, StatusCode::BAD_REQUEST, remark, Some(refused)).await;
    }
    // What is signed is what was looked at.
    let current = staff.gateway.store.current_run(day, ALL_CHANNELS).await?;
    if let Some(run) = &current
        && form.value("run") != Some(run.run_id.as_str())
    {
        let refused = Both::new(
            "您打开这一页之后又有了新版本，没有签结。请看过新的数字再签。",
            "There is a newer version than the one you looked at; it was not signed. Look at its figures first.",
        );
        return show_sign(&staff, day, StatusCode::CONFLICT, remark, Some(refused)).await;
    }
    let path = format!("/finance/days/{day}");
    match sign_day(&staff.gateway, day, &staff.actor(), &remark).await {
        Ok(_) => Ok(staff.say_and_go(
            &path,
            &State::new(Face::Ok, format!("{day} 已签结并冻结"), format!("{day} is signed and frozen")),
        )),
        Err(SignRefused::Trouble(trouble)) => Err(trouble.into()),
        Err(SignRefused::Signed(signed)) => {
            let people = People::load(&staff).await?;
            let by = people.who(&signed.signed_by);
            let at = words::moment(&staff, signed.signed_at);
            let said = State::new(
                Face::Warn,
                format!("已由{}在{}签结，没有再签一次", by.zh, at.zh),
                format!("{} has signed it ({}); it was not signed again", by.en, at.en),
            );
            Ok(staff.say_and_go(&path, &said))
        }
        Err(refused) => {
            let words = match refused {
                SignRefused::Open { open, waiting } => open_words(open, waiting),
                SignRefused::NoRun(_) => {
                    Both::new("这一天还没有对账，没有签结。", "The day was not compared; it was not signed.")
                }
                _ => Both::new(
                    "这一天正在对账，没有签结。请稍后再试。",
                    "The day is being compared; it was not signed. Try again in a moment.",
                ),
            };
            show_sign(&staff, day, StatusCode::CONFLICT, remark, Some(words)).await
        }
    }
}

fn view(staff: &Staff, day: BusinessDay, facts: &DayFacts, people: &People) -> Result<DayPage, StaffFailure> {
    let (open, waiting) = (facts.count(Standing::Open), facts.count(Standing::Waiting));
    let old_version = facts.run.as_ref().filter(|run| run.superseded).map(|run| run.version);
    let over = day < today(staff);
    let (under_way, ended) = asked_for(staff, facts, people);
    let state = match (&facts.run, &facts.signed) {
        (None, _) => State::new(Face::Idle, "未对账", "not compared"),
        (Some(_), Some(_)) if old_version.is_none() => State::new(Face::Ok, "已签结", "signed"),
        _ if open + waiting > 0 => State::new(
            Face::Warn,
            format!("{} 笔待处理", open + waiting),
            format!("{} to do", open + waiting),
        ),
        _ if facts.count(Standing::Carried) > 0 => {
            State::new(Face::Info, "平账，有结转", "agrees, some carried")
        }
        _ => State::new(Face::Ok, "平账", "agrees"),
    };
    let compare = if !staff.may(Right::Compare) || old_version.is_some() {
        Deed::Hidden
    } else if facts.signed.is_some() {
        Deed::Off(Both::new(
            "已签结，冻结；迟到的账由次日清账",
            "signed and frozen; what comes late is cleared by the next day",
        ))
    } else if under_way.is_some() {
        Deed::Off(Both::new("正在进行", "it runs"))
    } else if !over {
        Deed::Off(Both::new("这一天还没有过完", "the day is not over"))
    } else {
        Deed::On
    };
    let upload = if matches!(compare, Deed::On) && over { Deed::On } else { Deed::Hidden };
    let mut beside =
        vec![Way::new(format!("/finance/days/{}", before(day)), Both::same(words::short(before(day))))];
    if day.next() <= today(staff) {
        beside.push(Way::new(format!("/finance/days/{}", day.next()), Both::same(words::short(day.next()))));
    }
    Ok(DayPage {
        day: day.to_string(),
        title: words::day_title(day),
        state,
        beside,
        under_way,
        ended,
        old_version,
        compare,
        upload,
        export: if facts.run.is_some() && staff.may(Right::ExportReports) { Deed::On } else { Deed::Hidden },
        run: match &facts.run {
            Some(run) => Some(run_shown(staff, day, run, facts, people)?),
            None => None,
        },
        sign: sign_card(staff, facts, people, old_version),
        dialog: None,
    })
}

/// Whether a comparison is under way that somebody asked for, or how the last one ended.
fn asked_for(staff: &Staff, facts: &DayFacts, people: &People) -> (Option<Both>, Option<State>) {
    let Some(request) = &facts.request else { return (None, None) };
    let (by, at) = (people.who(&request.asked_by), words::moment(staff, request.asked_at));
    match request.ended {
        None => (
            Some(Both::new(
                format!("{}{}要求对账，正在进行。离开本页不影响，完成后本页会换成新版本。", by.zh, at.zh),
                format!(
                    "{} asked for it ({}); it runs. You may leave this page; it shows the new version when it is there.",
                    by.en, at.en
                ),
            )),
            None,
        ),
        // Of yesterday's nobody wants to hear.
        Some((ended_at, _)) if staff.gateway.now().since_ms(ended_at) > 86_400_000 => (None, None),
        Some((_, RequestEnd::Made)) => (
            None,
            Some(State::new(
                Face::Ok,
                format!("{}{}要求的对账已完成：第 {} 版。", by.zh, at.zh, request.detail),
                format!("What {} asked for ({}) is there: version {}.", by.en, at.en, request.detail),
            )),
        ),
        Some((_, RequestEnd::Unchanged)) => (
            None,
            Some(State::new(
                Face::Ok,
                format!("{}{}要求的对账与第 {} 版相同，没有新增版本。", by.zh, at.zh, request.detail),
                format!(
                    "What {} asked for ({}) is the same as version {}; none was added.",
                    by.en, at.en, request.detail
                ),
            )),
        ),
        Some((_, RequestEnd::Refused)) => (
            None,
            Some(State::new(
                Face::Bad,
                format!("{}{}要求的对账没有完成，什么也没有改变：{}", by.zh, at.zh, request.detail),
                format!(
                    "What {} asked for ({}) was not made, and nothing was changed: {}",
                    by.en, at.en, request.detail
                ),
            )),
        ),
    }
}

fn sign_card(staff: &Staff, facts: &DayFacts, people: &People, old_version: Option<i64>) -> SignCard {
    let (open, waiting) = (facts.count(Standing::Open), facts.count(Standing::Waiting));
    let mut lines = Vec::new();
    if let Some(run) = &facts.run {
        let (by, at) = (people.who(&run.made_by), words::moment(staff, run.finished_at));
        lines.push((Both::new("制表", "made by"), format!("{} {}", by.zh, at.zh)));
    }
    if let Some(signed) = &facts.signed {
        let (by, at) = (people.who(&signed.signed_by), words::moment(staff, signed.signed_at));
        lines.push((Both::new("签结", "signed by"), format!("{} {}", by.zh, at.zh)));
        if !signed.remark.is_empty() {
            lines.push((Both::new("说明", "remark"), signed.remark.clone()));
        }
        let anchor = format!("{}:{}", signed.chain_seq, words::hash_ends(&signed.chain_hash));
        lines.push((Both::new("审计锚点", "audit anchor"), anchor));
        return SignCard {
            state: State::new(Face::Ok, "已签结", "signed"),
            text: Both::new(
                "本日已冻结；迟到的账由次日清账，不改已签的数字。",
                "The day is frozen; what comes late is cleared by the next day.",
            ),
            lines,
            deed: Deed::Hidden,
        };
    }
    let why = if facts.run.is_none() {
        Some(Both::new("还没有对账。", "It was not compared yet."))
    } else if old_version.is_some() {
        Some(Both::new("只能签结当前版本。", "Only the current version can be signed."))
    } else {
        not_signable(facts)
    };
    let may = staff.may(Right::SignDay);
    match why {
        Some(text) => SignCard {
            state: State::new(Face::Warn, "还不能签结", "cannot be signed yet"),
            deed: if may {
                Deed::Off(if open + waiting > 0 {
                    Both::new(
                        format!("还有 {} 笔待处理", open + waiting),
                        format!("{} are still to do", open + waiting),
                    )
                } else {
                    text.clone()
                })
            } else {
                Deed::Hidden
            },
            text,
            lines,
        },
        None => SignCard {
            state: State::new(Face::Ok, "可以签结", "can be signed"),
            text: if may {
                Both::new(
                    "没有待处理的差异。签结后本日冻结。",
                    "No difference is open. A signed day is frozen.",
                )
            } else {
                Both::new(
                    "没有待处理的差异，由财务主管签结。",
                    "No difference is open; a finance lead signs it.",
                )
            },
            lines,
            deed: if may { Deed::On } else { Deed::Hidden },
        },
    }
}

fn run_shown(
    staff: &Staff,
    day: BusinessDay,
    run: &RunRecord,
    facts: &DayFacts,
    people: &People,
) -> Result<RunShown, StaffFailure> {
    let totals = [facts.total(Side::Channel)?, facts.total(Side::Gateway)?, facts.total(Side::His)?];
    let foreign = facts.summary.of(Category::Foreign, Side::Channel).net().map_err(Trouble::from)?;
    let own = minus(totals[0].1, foreign)?;
    let mut lines = Vec::new();
    let mut gaps = Vec::new();
    for category in Category::ALL {
        let sides = Side::ALL.map(|side| facts.summary.of(category, side));
        if sides.iter().all(|tally| tally.lines == 0) {
            continue;
        }
        let mut nets = [Fen::ZERO; 3];
        for (net, tally) in nets.iter_mut().zip(&sides) {
            *net = tally.net().map_err(Trouble::from)?;
        }
        let gap = if category == Category::Foreign { Fen::ZERO } else { minus(nets[0], nets[2])? };
        let listed = facts.listed.iter().any(|(of, count)| *of == category && *count > 0);
        let open = facts.open.iter().find(|(of, _)| *of == category).map_or(0, |(_, count)| *count);
        gaps.push((category, gap));
        lines.push((
            CategoryLine {
                name: words::category(category),
                href: if listed && !run.superseded {
                    format!("/differences?day={day}&category={}&standing=all", category.as_str())
                } else {
                    String::new()
                },
                sides: std::array::from_fn(|place| {
                    let tally = &sides[place];
                    (tally.lines > 0).then(|| {
                        (
                            words::number(i64::try_from(tally.lines).unwrap_or(i64::MAX)),
                            words::yuan(nets[place]),
                        )
                    })
                }),
                difference_yuan: words::signed(gap),
                share: 0,
                state: match category {
                    Category::Foreign => State::new(Face::Idle, "已剔除", "set aside"),
                    settled if settled.is_settled() => State::new(Face::Ok, "无须处理", "nothing to do"),
                    _ if open > 0 => {
                        State::new(Face::Warn, format!("{open} 笔待处理"), format!("{open} to do"))
                    }
                    _ => State::new(Face::Ok, "已处理", "done"),
                },
            },
            gap,
        ));
    }
    let size = |gap: Fen| gap.get().unsigned_abs();
    let largest = lines.iter().map(|(_, gap)| size(*gap)).max().unwrap_or(0);
    let categories = lines
        .into_iter()
        .map(|(line, gap)| {
            let share = (u128::from(size(gap)) * 100).checked_div(u128::from(largest)).unwrap_or(0);
            CategoryLine { share: u8::try_from(share).unwrap_or(100), ..line }
        })
        .collect();
    let terms = gaps
        .into_iter()
        .filter(|(_, gap)| *gap != Fen::ZERO)
        .map(|(category, gap)| Term { name: words::category(category), yuan: words::signed(gap) })
        .collect();
    let statements = facts.inputs.iter().filter(|input| input.kind == InputKind::Statement);
    let (there, all) = statements.fold((0, 0), |(there, all), input| {
        let is_there = matches!(input.state, InputState::Read | InputState::Nothing);
        (there + usize::from(is_there), all + 1)
    });
    let left_out: i64 =
        facts.inputs.iter().filter(|input| input.side == Side::His).map(|input| input.left_out).sum();
    let notes = [
        Both::new(
            format!("{all} 个账户的对账单，读到 {there} 份"),
            format!("{there} of {all} statements were read"),
        ),
        Both::new("支付单与退款单", "payments and refunds"),
        if left_out > 0 {
            Both::new(
                format!("另有 {left_out} 行不参与（其他支付方式、手工退费）"),
                format!("{left_out} more rows take no part (other ways to pay, refunds by hand)"),
            )
        } else {
            Both::new("收费台账", "its ledger of the day")
        },
    ];
    let names = [
        Both::new("渠道 · 对账单", "Channel · statement"),
        Both::new("网关 · 本系统", "Gateway · our books"),
        Both::new("HIS · 收费台账", "HIS · ledger"),
    ];
    let mut sides = Vec::new();
    for ((name, note), (tally, net)) in names.into_iter().zip(notes).zip(&totals) {
        let lines = i64::try_from(tally.lines).unwrap_or(i64::MAX);
        sides.push(SideTotals {
            name,
            net_yuan: words::yuan(*net),
            lines: words::number(lines),
            paid_yuan: words::yuan(tally.paid),
            refunded_yuan: words::yuan(tally.refunded.negated().map_err(Trouble::from)?),
            note,
        });
    }
    let sides: [SideTotals; 3] =
        sides.try_into().map_err(|_| Trouble::Inconsistent("there are three sides".to_owned()))?;
    let mut inputs = Vec::new();
    for input in &facts.inputs {
        inputs.push(input_line(input)?);
    }
    let mut settlement = Vec::new();
    for line in &facts.settlements {
        settlement.push(settled_line(line)?);
    }
    Ok(RunShown {
        number: run.run_id.as_str().to_owned(),
        sides,
        channel_yuan: words::yuan(own),
        set_aside_yuan: (foreign != Fen::ZERO).then(|| words::yuan(foreign)),
        his_yuan: words::yuan(totals[2].1),
        difference_yuan: words::signed(minus(own, totals[2].1)?),
        terms,
        categories,
        totals: totals.map(|(tally, net)| {
            (words::number(i64::try_from(tally.lines).unwrap_or(i64::MAX)), words::yuan(net))
        }),
        versions: facts
            .versions
            .iter()
            .map(|version| version_line(staff, day, run, version, people))
            .collect(),
        inputs,
        rules: words::rules(&run.rules),
        settlement,
    })
}

fn version_line(
    staff: &Staff,
    day: BusinessDay,
    shown: &RunRecord,
    version: &RunRecord,
    people: &People,
) -> VersionLine {
    let (by, at) = (people.who(&version.made_by), words::moment(staff, version.finished_at));
    let number = version.version;
    VersionLine {
        number,
        shown: version.run_id == shown.run_id,
        state: if version.superseded {
            State::new(Face::Idle, "已被替代", "superseded")
        } else {
            State::new(Face::Info, "当前", "current")
        },
        made: Both::new(format!("{} {}", at.zh, by.zh), format!("{} {}", at.en, by.en)),
        note: Both::new(
            format!("{} 笔差异", version.differences),
            format!("{} differences", version.differences),
        ),
        href: if version.superseded {
            format!("/finance/days/{day}?version={number}")
        } else {
            format!("/finance/days/{day}")
        },
        diff_href: if number > 1 {
            format!("/finance/days/{day}/diff?from={}&to={number}", number - 1)
        } else {
            String::new()
        },
    }
}

fn input_line(input: &RunInputRecord) -> Result<InputLine, Trouble> {
    Ok(InputLine {
        kind: words::input_kind(input.kind),
        account: input.channel.as_ref().map(ToString::to_string).unwrap_or_default(),
        name: input.name.clone(),
        state: words::input_state(input.state, input.kind),
        lines: words::number(input.lines),
        net_yuan: words::yuan(minus(input.paid, input.refunded)?),
        sha256: input.file_sha256.as_deref().map(words::hash_ends).unwrap_or_default(),
        remark: input.remark.clone(),
    })
}

/// How an account's settlement stands.
pub(super) fn settlement_state(line: &RunSettlementRecord) -> State {
    match line.verdict.as_str() {
        "agrees" => State::new(Face::Ok, "到账相符", "arrived"),
        "in_transit" => State::new(Face::Info, "在途", "on its way"),
        "differs" => State::new(Face::Warn, "有差额", "differs"),
        _ => State::new(Face::Idle, "未核对", "not compared"),
    }
}

fn settled_line(line: &RunSettlementRecord) -> Result<SettledLine, Trouble> {
    Ok(SettledLine {
        account: line.channel.to_string(),
        bank: line.bank_account.clone(),
        net_yuan: words::yuan(minus(line.paid, line.refunded)?),
        fee_yuan: words::fee(line.fee_milli_fen),
        arrived_yuan: line.arrived.map(words::yuan),
        state: settlement_state(line),
    })
}

/// What changed between two versions.
pub(in crate::internal) async fn diff(staff: Staff, day: web::Path<String>) -> StaffAnswer {
    let day = day_of(&day)?;
    let store = &staff.gateway.store;
    let versions = store.versions_of_day(day, ALL_CHANNELS).await?;
    let wanted = |name: &str| -> Result<RunRecord, StaffFailure> {
        let number = staff.query(name).and_then(|text| text.parse::<i64>().ok());
        let found = versions.iter().find(|run| Some(run.version) == number);
        found.cloned().ok_or(StaffFailure::NotFound)
    };
    let (old, new) = (wanted("from")?, wanted("to")?);
    let gone = store.findings_only_in(&old.run_id, &new.run_id, -1, DIFFS + 1).await?;
    let come = store.findings_only_in(&new.run_id, &old.run_id, -1, DIFFS + 1).await?;
    let (inputs_before, inputs_after) =
        (store.inputs_of_run(&old.run_id).await?, store.inputs_of_run(&new.run_id).await?);
    let changed: Vec<String> = inputs_after
        .iter()
        .filter(|input| {
            !inputs_before.iter().any(|there| {
                there.name == input.name
                    && there.file_sha256 == input.file_sha256
                    && there.state == input.state
            })
        })
        .map(|input| {
            let (side, state) = (words::side(input.side), words::input_state(input.state, input.kind));
            format!("{} {}（{}）", side.zh, input.name, state.word.zh)
        })
        .collect();
    let most = usize::try_from(DIFFS).unwrap_or_default();
    let more = gone.len() > most || come.len() > most;
    let list = |found: Vec<(FindingRecord, Standing)>, run: &RunRecord| -> Result<Vec<DiffLine>, Trouble> {
        found
            .into_iter()
            .take(most)
            .map(|(finding, _)| {
                Ok(DiffLine {
                    category: words::category(finding.category),
                    cause: words::cause(&finding),
                    amount_yuan: words::yuan(at_stake(&finding)?),
                    href: if run.superseded {
                        String::new()
                    } else {
                        format!("/finance/days/{day}/differences/{}", finding.finding_key)
                    },
                    order_no: finding.order_no,
                })
            })
            .collect()
    };
    let (gone, come) = (list(gone, &old)?, list(come, &new)?);
    let plus = if more { "+" } else { "" };
    let lead = if gone.is_empty() && come.is_empty() {
        Both::new("差异相同。", "The differences are the same.")
    } else {
        Both::new(
            format!(
                "少了 {} 笔差异，多了 {} 笔{plus}，{} 个文件变了。",
                gone.len(),
                come.len(),
                changed.len()
            ),
            format!(
                "{} differences less, {} more{plus}; {} files changed.",
                gone.len(),
                come.len(),
                changed.len()
            ),
        )
    };
    Ok(staff.page(&DayDiff {
        day: day.to_string(),
        versions: (old.version, new.version),
        lead,
        inputs: changed,
        rules: (old.rules != new.rules).then(|| (words::rules(&old.rules), words::rules(&new.rules))),
        gone,
        come,
        more,
    }))
}
