//! 退费进度: the list, one refund, and the second person's word.

use super::orders::{Askers, named};
use super::{file, page_mark, read_mark, when, words};
use crate::Gateway;
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::service::desk::{
    DecideRefused, Decision, Facts, HisWord, decide_request, request_facts, withdraw_request,
};
use crate::service::window::{GiveBackRefused, HandBack, hand_back};
use crate::service::{Private, Trouble, staff_actor};
use actix_web::http::StatusCode;
use actix_web::web;
use mingfen_domain::access::{Right, Role};
use mingfen_domain::ids::{BillNo, OutRefundNo, OutTradeNo, RefundRequestNo};
use mingfen_domain::refund::State as RefundState;
use mingfen_domain::refund_request::State as RequestState;
use mingfen_domain::window::{Method, PosSlip};
use mingfen_domain::{Fen, Timestamp};
use mingfen_pages::staff::cashier::{
    ApproveDialog, Check, HandOut, RefundList, RefundListRow, RefundProgress, RefundTab, RefundTabKind, Stage,
};
use mingfen_pages::staff::{Both, Face, State};
use mingfen_store::{RefundHisState, RefundPart, RefundRecord, RefundRequestRecord};
use mingfen_vault::mask;
use std::collections::BTreeMap;

const PAGE: i64 = 50;
/// A page looks again by itself for so long after the refund was asked for; a forgotten screen must end by itself.
const LOOKS_AGAIN_MS: i64 = 300_000;

/// Whose these bills are, masked.
pub(super) async fn names(
    gateway: &Gateway,
    bill_nos: &[BillNo],
) -> Result<BTreeMap<BillNo, String>, Trouble> {
    let mut wanted = bill_nos.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    let mut names = BTreeMap::new();
    for bill in gateway.store.bills_numbered(&wanted).await? {
        let patient = Private(gateway).open_patient(&bill.patient_sealed)?;
        names.insert(bill.bill.bill_no, mask::name(&patient.name));
    }
    Ok(names)
}

/// 退费进度.
pub(in crate::internal) async fn list(staff: Staff) -> StaffAnswer {
    let store = &staff.gateway.store;
    let kind =
        staff.query("list").and_then(|key| RefundTabKind::from_key(&key)).unwrap_or(RefundTabKind::Waiting);
    let before = staff.query("before").and_then(|mark| read_mark(&mark));
    let limit = PAGE + 1;
    let mut lines: Vec<(Timestamp, BillNo, RefundListRow)> = match kind {
        RefundTabKind::Waiting => {
            let requests = store.waiting_refund_requests(before.as_ref(), limit).await?;
            requests.iter().map(|request| request_row(&staff, request)).collect()
        }
        RefundTabKind::Dropped => {
            let requests = store.dropped_refund_requests(before.as_ref(), limit).await?;
            requests.iter().map(|request| request_row(&staff, request)).collect()
        }
        RefundTabKind::UnderWay => refund_rows(&staff, RefundPart::UnderWay, before.as_ref(), limit).await?,
        RefundTabKind::Arrived => refund_rows(&staff, RefundPart::Arrived, before.as_ref(), limit).await?,
        RefundTabKind::Failed => refund_rows(&staff, RefundPart::Stuck, before.as_ref(), limit).await?,
    };
    let more = i64::try_from(lines.len()).unwrap_or_default() > PAGE;
    lines.truncate(usize::try_from(PAGE).unwrap_or_default());
    let numbers: Vec<BillNo> = lines.iter().map(|(_, bill_no, _)| bill_no.clone()).collect();
    let names = names(&staff.gateway, &numbers).await?;
    let askers = Askers::of(&staff, lines.iter().map(|(_, _, row)| row.by.as_str())).await;
    let address = format!("/refunds?list={}", kind.key());
    let older = lines
        .last()
        .filter(|_| more)
        .map(|(at, _, row)| format!("{address}&before={}", page_mark(&(*at, row.number.clone()))));
    let (waiting, _) = store.refund_requests_waiting().await?;
    let under_way = store.count_refunds_standing(RefundPart::UnderWay).await?;
    let stuck = store.count_refunds_standing(RefundPart::Stuck).await?;
    let view = RefundList {
        kind,
        tabs: RefundTabKind::ALL
            .into_iter()
            .map(|kind| RefundTab {
                kind,
                count: match kind {
                    RefundTabKind::Waiting => Some(waiting),
                    RefundTabKind::UnderWay => Some(under_way),
                    RefundTabKind::Failed => Some(stuck),
                    RefundTabKind::Arrived | RefundTabKind::Dropped => None,
                },
            })
            .collect(),
        rows: lines
            .into_iter()
            .map(|(_, bill_no, row)| RefundListRow {
                who: names.get(&bill_no).cloned().unwrap_or_default(),
                by: askers.name(&row.by),
                ..row
            })
            .collect(),
        older,
        newest: before.map(|_| address),
    };
    Ok(staff.page(&view))
}

fn request_row(staff: &Staff, request: &RefundRequestRecord) -> (Timestamp, BillNo, RefundListRow) {
    let decides = may_decide(staff, request);
    let row = RefundListRow {
        href: format!("/refunds/{}", request.request_no),
        at: when(staff, request.asked_at),
        number: request.request_no.to_string(),
        who: String::new(),
        reason: match &request.state {
            RequestState::Declined { reason } | RequestState::Refused { reason } => {
                format!("{}（{reason}）", request.reason)
            }
            _ => request.reason.clone(),
        },
        by: request.asked_by.clone(),
        amount_yuan: words::yuan(request.amount.fen()),
        state: words::request(request),
        decide: decides.then(|| format!("/refunds/{}/approve", request.request_no)),
    };
    (request.asked_at, request.bill_no.clone(), row)
}

fn may_decide(staff: &Staff, request: &RefundRequestRecord) -> bool {
    request.state == RequestState::Waiting
        && staff.may(Right::ApproveRefund)
        && request.asked_by != staff.actor()
}

async fn refund_rows(
    staff: &Staff,
    part: RefundPart,
    before: Option<&(Timestamp, String)>,
    limit: i64,
) -> Result<Vec<(Timestamp, BillNo, RefundListRow)>, StaffFailure> {
    let refunds = staff.gateway.store.refunds_standing(part, before, limit).await?;
    let row = |record: RefundRecord| {
        let row = RefundListRow {
            href: format!("/refunds/{}", record.refund.out_refund_no),
            at: when(staff, record.refund.requested_at),
            number: record.refund.out_refund_no.to_string(),
            who: String::new(),
            reason: record.refund.reason.clone(),
            by: record.requested_by.clone(),
            amount_yuan: words::yuan(record.refund.amount.fen()),
            state: words::refund(&record),
            decide: None,
        };
        (record.refund.requested_at, record.bill_no, row)
    };
    Ok(refunds.into_iter().map(row).collect())
}

async fn request_of(staff: &Staff, number: &str) -> Result<RefundRequestRecord, StaffFailure> {
    let number = RefundRequestNo::parse(number).map_err(|_| StaffFailure::NotFound)?;
    staff.gateway.store.refund_request(&number).await?.ok_or(StaffFailure::NotFound)
}

/// One refund, by its own number or by that of the request.
pub(in crate::internal) async fn show(staff: Staff, number: web::Path<String>) -> StaffAnswer {
    let store = &staff.gateway.store;
    if let Ok(refund_no) = OutRefundNo::parse(number.as_str())
        && let Some(record) = store.refund(&refund_no).await?
    {
        let request = match &record.request_key {
            Some(key) => store.refund_request_by_key(key).await?,
            None => None,
        };
        let view = progress(&staff, &record, request.as_ref()).await?;
        return Ok(staff.page(&view));
    }
    let request = request_of(&staff, &number).await?;
    if let RequestState::CarriedOut { out_refund_no } = &request.state {
        return Ok(staff.go(&format!("/refunds/{out_refund_no}")));
    }
    let view = waiting(&staff, &request).await?;
    Ok(staff.page(&view))
}

fn stage(face: Face, now: bool, what: Both, note: Both, at: String) -> Stage {
    Stage { face, now, what, note, at }
}

fn clock(staff: &Staff, at: Timestamp) -> String {
    let moment = staff.moment(at);
    if moment.today { moment.clock_with_seconds() } else { when(staff, at) }
}

async fn name_of(staff: &Staff, bill_no: &BillNo) -> Result<String, StaffFailure> {
    let names = names(&staff.gateway, std::slice::from_ref(bill_no)).await?;
    Ok(names.get(bill_no).cloned().unwrap_or_default())
}

async fn waiting(staff: &Staff, request: &RefundRequestRecord) -> Result<RefundProgress, StaffFailure> {
    let asker = named(staff, &request.asked_by).await;
    let decider = match &request.decided_by {
        Some(by) => named(staff, by).await,
        None => String::new(),
    };
    let decided_at = request.decided_at.map(|at| clock(staff, at)).unwrap_or_default();
    let mut stages = vec![stage(
        Face::Ok,
        false,
        Both::new(format!("{asker} 提交申请"), format!("{asker} asked")),
        Both::same(request.reason.clone()),
        clock(staff, request.asked_at),
    )];
    let to_come = |what: (&str, &str), note: (&str, &str)| {
        stage(Face::Idle, false, Both::new(what.0, what.1), Both::new(note.0, note.1), String::new())
    };
    let his = to_come(
        ("再问一次 HIS", "HIS is asked once more"),
        ("批准后、退款前", "after the approval, before the refund"),
    );
    let counter = counter(staff, &request.out_trade_no).await?;
    let channel = match counter {
        None => to_come(("渠道退款", "The channel pays back"), ("原路退回", "to where it came from")),
        Some(method) => to_come(
            counter_words(method),
            ("由收费员当面退，退了才算数", "a cashier gives it back, and says so"),
        ),
    };
    let (tell, matter) = match &request.state {
        RequestState::Waiting => {
            stages.push(stage(
                Face::Info,
                true,
                Both::new("等待另一位批准", "Waiting for another person"),
                Both::new(
                    "收费组长或财务主管在“退费进度”里审批；批准前不会动钱",
                    "A cashier lead or the finance lead decides; no money moves before",
                ),
                String::new(),
            ));
            stages.extend([his, channel]);
            let tell = match counter {
                None => Both::new(
                    "退费已经提交，金额较大，需要组长批准。批准后原路退回，到账会发短信；您可以先去办别的事。",
                    "The refund is asked for. It is large, so a lead has to approve it; then it goes back to where it came from, and you get a text message.",
                ),
                Some(Method::Cash) => Both::new(
                    "退费已经提交，金额较大，需要组长批准。批准后在窗口退您现金，请稍等。",
                    "The refund is asked for. It is large, so a lead has to approve it; then you get it in cash, here.",
                ),
                Some(Method::Pos) => Both::new(
                    "退费已经提交，金额较大，需要组长批准。批准后在窗口用 POS 退回原卡，请稍等，把卡准备好。",
                    "The refund is asked for. It is large, so a lead has to approve it; then it goes back to your card, here.",
                ),
            };
            (tell, None)
        }
        RequestState::Approved => {
            stages.push(stage(
                Face::Ok,
                false,
                Both::new(format!("{decider} 批准"), format!("{decider} approved")),
                Both::new("两人不同，已留痕", "two persons, written down"),
                decided_at,
            ));
            stages.push(stage(
                Face::Info,
                true,
                Both::new("正在向 HIS 和渠道提交", "HIS and the channel are being told"),
                Both::new("HIS 没有应答时会自动重试", "while HIS is silent it is tried again by itself"),
                String::new(),
            ));
            stages.push(channel);
            let tell = match counter {
                None => Both::new(
                    "退费已经批准，正在提交，到账会发短信。",
                    "The refund is approved and being sent; you get a text message.",
                ),
                Some(_) => Both::new(
                    "退费已经批准，马上在窗口退给您。",
                    "The refund is approved; you get it here in a moment.",
                ),
            };
            (tell, None)
        }
        RequestState::Refused { reason } => {
            stages.push(stage(
                Face::Ok,
                false,
                Both::new(format!("{decider} 批准"), format!("{decider} approved")),
                Both::default(),
                decided_at,
            ));
            stages.push(stage(
                Face::Bad,
                false,
                Both::new("没有退成，没有动过钱", "Refused; no money moved"),
                Both::same(reason.clone()),
                String::new(),
            ));
            (
                Both::new("这次没有退成，我再查一下原因。", "It could not be refunded; I will find out why."),
                Some(Both::new(
                    "批准以后情况变了：请回到支付单看还可退多少，需要时重新申请。",
                    "Things changed after the approval: look at what is left of the payment, and ask again if needed.",
                )),
            )
        }
        RequestState::Declined { reason } => {
            stages.push(stage(
                Face::Bad,
                false,
                Both::new(format!("{decider} 拒绝"), format!("{decider} declined")),
                Both::same(reason.clone()),
                decided_at,
            ));
            (Both::new("这笔退费没有批准，钱没有动。", "The refund was declined; no money moved."), None)
        }
        RequestState::Withdrawn => {
            stages.push(stage(
                Face::Idle,
                false,
                Both::new(format!("{decider} 撤回"), format!("{decider} took it back")),
                Both::default(),
                decided_at,
            ));
            (Both::new("退费申请已撤回，钱没有动。", "The request was taken back; no money moved."), None)
        }
        RequestState::CarriedOut { .. } => (Both::default(), None),
    };
    let number = request.request_no.to_string();
    let waits = request.state == RequestState::Waiting;
    let own = request.asked_by == staff.actor();
    let mut facts = vec![
        (Both::new("申请单号", "Request"), number.clone()),
        (Both::new("原因", "Reason"), request.reason.clone()),
    ];
    if let Some(slip_no) = &request.slip_no {
        facts.push((Both::new("缴费单", "Slip"), slip_no.to_string()));
    }
    Ok(RefundProgress {
        state: words::request(request),
        amount_yuan: words::yuan(request.amount.fen()),
        order_href: format!("/orders/{}", request.bill_no),
        who: name_of(staff, &request.bill_no).await?,
        facts,
        stages,
        tell,
        matter,
        withdraw: (waits && own && staff.may(Right::RequestRefund))
            .then(|| format!("/refunds/{number}/withdraw")),
        decide: may_decide(staff, request).then(|| format!("/refunds/{number}/approve")),
        again_after: looks_again(staff, request.state.is_open(), request.asked_at),
        hand_out: None,
        number,
    })
}

fn looks_again(staff: &Staff, open: bool, since: Timestamp) -> Option<u32> {
    (open && staff.gateway.now().since_ms(since) < LOOKS_AGAIN_MS).then_some(10)
}

async fn progress(
    staff: &Staff,
    record: &RefundRecord,
    request: Option<&RefundRequestRecord>,
) -> Result<RefundProgress, StaffFailure> {
    let refund = &record.refund;
    let asker = named(staff, &record.requested_by).await;
    let mut stages = Vec::new();
    match request.and_then(|request| request.decided_by.as_ref().map(|by| (request, by))) {
        Some((request, by)) => {
            let decider = named(staff, by).await;
            stages.push(stage(
                Face::Ok,
                false,
                Both::new(
                    format!("{asker} 提交，{decider} 批准"),
                    format!("{asker} asked, {decider} approved"),
                ),
                Both::new("两人不同，已留痕", "two persons, written down"),
                request.decided_at.map(|at| clock(staff, at)).unwrap_or_default(),
            ));
        }
        None => stages.push(stage(
            Face::Ok,
            false,
            Both::new(format!("{asker} 提交"), format!("{asker} asked")),
            Both::same(refund.reason.clone()),
            clock(staff, refund.requested_at),
        )),
    }
    if refund.origin.concerns_his() {
        stages.push(stage(
            Face::Ok,
            false,
            Both::new("HIS 允许退费", "HIS allows it"),
            Both::new("退款前问过 HIS", "asked before"),
            clock(staff, refund.requested_at),
        ));
    }
    let payment = staff.gateway.store.payment(&refund.out_trade_no).await?;
    let way = payment.as_ref().map_or_else(
        || Both::new("渠道", "the channel"),
        |payment| words::way(&staff.gateway, &payment.payment.channel),
    );
    let counter = counter(staff, &refund.out_trade_no).await?;
    match counter {
        Some(method) => stages.extend(counter_stages(staff, record, method).await?),
        None => stages.extend(channel_stages(staff, record, &way)),
    }
    stages.push(his_stage(record));
    let told = staff.gateway.store.notices_of_bill(&record.bill_no).await?;
    let after =
        |notice: &&mingfen_store::NoticeRecord| notice.kind == "refunded" && notice.at >= refund.requested_at;
    let notice = told.iter().rev().find(after);
    stages.push(match notice {
        Some(notice) if notice.sent => stage(
            Face::Ok,
            false,
            Both::new("已短信告知患者", "The patient was told"),
            Both::default(),
            clock(staff, notice.at),
        ),
        Some(notice) => stage(
            Face::Warn,
            false,
            Both::new("短信没有发出", "The text message was not taken"),
            Both::default(),
            clock(staff, notice.at),
        ),
        None => stage(
            Face::Idle,
            false,
            Both::new("短信告知患者", "The patient is told"),
            Both::new("到账后发出", "once it has arrived"),
            String::new(),
        ),
    });
    let mut facts = vec![
        (Both::new("退款单号", "Refund"), refund.out_refund_no.to_string()),
        (Both::new("支付单", "Order"), refund.out_trade_no.to_string()),
        (Both::new("原因", "Reason"), refund.reason.clone()),
        (
            Both::new("退回", "Goes to"),
            if staff.language == mingfen_pages::Language::En { way.en.clone() } else { way.zh.clone() },
        ),
    ];
    if let RefundState::Processing { provider_refund_no }
    | RefundState::Succeeded { provider_refund_no, .. }
    | RefundState::Abnormal { provider_refund_no } = &refund.state
    {
        facts.insert(1, (Both::new("渠道退款号", "Provider's number"), provider_refund_no.to_string()));
    }
    if let Some(number) = &record.his_refund_no {
        facts.push((Both::new("HIS 退费单", "HIS refund"), number.clone()));
    }
    if let Some(slip_no) = &record.slip_no {
        facts.push((Both::new("缴费单", "Slip"), slip_no.to_string()));
    }
    let (tell, matter) = match counter {
        Some(method) => (words_at_counter(record, method), None),
        None => words_for_patient(record, &way),
    };
    let due = refund.state == RefundState::Due;
    let hand_out = match counter.filter(|_| due && staff.may(Right::TakeMoney)) {
        Some(method) => Some(HandOut {
            action: format!("/refunds/{}/given-back", refund.out_refund_no),
            cash: method == Method::Cash,
            terminal: String::new(),
            reference: String::new(),
            trouble: None,
            shift_open: staff.gateway.store.open_shift_of(&staff.me.staff_no).await?.is_some(),
        }),
        None => None,
    };
    Ok(RefundProgress {
        number: refund.out_refund_no.to_string(),
        state: match counter {
            Some(Method::Cash) if due => State::new(Face::Warn, "待窗口退现金", "to be given back in cash"),
            Some(Method::Pos) if due => {
                State::new(Face::Warn, "待 POS 退回原卡", "to be sent back to the card")
            }
            _ => words::refund(record),
        },
        amount_yuan: words::yuan(refund.amount.fen()),
        order_href: format!("/orders/{}", record.bill_no),
        who: name_of(staff, &record.bill_no).await?,
        facts,
        stages,
        tell,
        matter,
        withdraw: None,
        decide: None,
        again_after: looks_again(
            staff,
            refund.state.is_under_way() && counter.is_none(),
            refund.requested_at,
        ),
        hand_out,
    })
}

const fn counter_words(method: Method) -> (&'static str, &'static str) {
    match method {
        Method::Cash => ("窗口退现金", "Given back in cash"),
        Method::Pos => ("POS 退回原卡", "Sent back to the card"),
    }
}

/// A refund over the counter: it waits for a cashier, and then it is over.
async fn counter_stages(
    staff: &Staff,
    record: &RefundRecord,
    method: Method,
) -> Result<Vec<Stage>, StaffFailure> {
    let (zh, en) = counter_words(method);
    Ok(vec![match (
        &record.refund.state,
        staff.gateway.store.window_refund(&record.refund.out_refund_no).await?,
    ) {
        (RefundState::Succeeded { refunded_at, .. }, given) => {
            let who = match &given {
                Some(given) => named(staff, &staff_actor(&given.cashier)).await,
                None => String::new(),
            };
            let note = match given.as_ref().map(|given| (&given.shift_no, &given.slip)) {
                Some((shift_no, Some(slip))) => format!("{who} · {shift_no} · {}", slip.number()),
                Some((shift_no, None)) => format!("{who} · {shift_no}"),
                None => who,
            };
            stage(Face::Ok, false, Both::new(zh, en), Both::same(note), clock(staff, *refunded_at))
        }
        (RefundState::Failed { reason }, _) => {
            stage(Face::Bad, false, Both::new(zh, en), Both::same(reason.clone()), String::new())
        }
        _ => stage(
            Face::Info,
            true,
            Both::new(zh, en),
            Both::new(
                "患者到窗口，收费员退钱后登记",
                "the patient comes to the window; a cashier gives it back and says so",
            ),
            String::new(),
        ),
    }])
}

fn words_at_counter(record: &RefundRecord, method: Method) -> Both {
    match (&record.refund.state, method) {
        (RefundState::Succeeded { .. }, Method::Cash) => {
            Both::new("现金已经当面退给您。", "You have the cash.")
        }
        (RefundState::Succeeded { .. }, Method::Pos) => Both::new(
            "已经退到您付款的银行卡，1 到 7 个工作日到账。",
            "It is sent back to your card, and arrives in one to seven working days.",
        ),
        (RefundState::Failed { .. }, _) => Both::new(
            "这次没有退成，钱还在医院，我们马上再办。",
            "It could not be given back this time; the hospital still has the money.",
        ),
        (_, Method::Cash) => {
            Both::new("请在窗口领取退给您的现金。", "Please take your cash here at the window.")
        }
        (_, Method::Pos) => Both::new(
            "请把付款的银行卡给我，在 POS 上退回原卡。",
            "Please give me the card that paid; it goes back to that card.",
        ),
    }
}

/// Accepted and arrived are two things, and unknown is a third.
fn channel_stages(staff: &Staff, record: &RefundRecord, way: &Both) -> Vec<Stage> {
    let sent_at = record.sent_at.map(|at| clock(staff, at)).unwrap_or_default();
    let accepted = |face, now| {
        stage(
            face,
            now,
            Both::new(format!("{}受理", way.zh), format!("Accepted by {}", way.en)),
            Both::new("同一退款单号，重试不会多退", "one number: trying again pays once"),
            if face == Face::Ok { sent_at.clone() } else { String::new() },
        )
    };
    let arrival = |face, now, zh: &str, en: &str, note: (&str, &str), at: String| {
        stage(face, now, Both::new(zh, en), Both::new(note.0, note.1), at)
    };
    let wait = (
        "受理不等于到账。多数 1 分钟内；信用卡 1 至 3 个工作日",
        "Accepted is not arrived. Mostly a minute; credit cards one to three working days",
    );
    match &record.refund.state {
        RefundState::Due => vec![
            stage(
                Face::Info,
                true,
                Both::new("等待提交渠道", "About to be sent"),
                Both::new("没有动账；系统自动提交", "no money has moved; it is sent by itself"),
                String::new(),
            ),
            arrival(Face::Idle, false, "等待到账", "Waiting for it to arrive", ("", ""), String::new()),
        ],
        RefundState::Unknown => vec![
            stage(
                Face::Info,
                true,
                Both::new("已提交，渠道还没有答复", "Sent, no answer yet"),
                Both::new(
                    "结果未知，不是失败：先查询，不重发",
                    "unknown is not failed: it is asked after, not sent again",
                ),
                sent_at.clone(),
            ),
            arrival(Face::Idle, false, "等待到账", "Waiting for it to arrive", ("", ""), String::new()),
        ],
        RefundState::Processing { .. } => {
            vec![
                accepted(Face::Ok, false),
                arrival(Face::Info, true, "等待到账", "Waiting for it to arrive", wait, String::new()),
            ]
        }
        RefundState::Succeeded { refunded_at, .. } => vec![
            accepted(Face::Ok, false),
            arrival(
                Face::Ok,
                false,
                "已到账",
                "Arrived",
                ("渠道确认已退到付款人", "the channel says that the payer has it"),
                clock(staff, *refunded_at),
            ),
        ],
        RefundState::Abnormal { .. } => vec![
            accepted(Face::Ok, false),
            arrival(
                Face::Bad,
                false,
                "退不到原账户",
                "It cannot be delivered",
                ("付款人的卡可能已注销", "the payer's card may be closed"),
                String::new(),
            ),
        ],
        RefundState::Failed { reason } => vec![stage(
            Face::Bad,
            false,
            Both::new("渠道没有退", "The channel did not pay it back"),
            Both::same(reason.clone()),
            String::new(),
        )],
    }
}

fn his_stage(record: &RefundRecord) -> Stage {
    let (face, what, note) = match record.his_state {
        RefundHisState::None => (
            Face::Idle,
            ("HIS 不用记账", "HIS has nothing to book"),
            ("这笔钱 HIS 没有入账", "it had not booked this money"),
        ),
        RefundHisState::Due => (
            Face::Idle,
            ("HIS 记退费", "HIS books the refund"),
            ("到账后告知", "it is told once it has arrived"),
        ),
        RefundHisState::Unknown => (
            Face::Warn,
            ("HIS 没有答复", "HIS gave no answer"),
            ("先查询，不重记", "it is asked before it is told again"),
        ),
        RefundHisState::Posted => (Face::Ok, ("HIS 已记退费", "HIS booked the refund"), ("", "")),
        RefundHisState::Refused => {
            (Face::Bad, ("HIS 拒绝记退费", "HIS refused to book it"), ("已转人工", "a person was told"))
        }
    };
    stage(face, false, Both::new(what.0, what.1), Both::new(note.0, note.1), String::new())
}

/// What to say at the window, and what a person has to do.
fn words_for_patient(record: &RefundRecord, way: &Both) -> (Both, Option<Both>) {
    let (zh, en) = (&way.zh, &way.en);
    match &record.refund.state {
        RefundState::Due | RefundState::Unknown | RefundState::Processing { .. } => (
            Both::new(
                format!(
                    "退款已经提交给{zh}，一般马上到零钱或余额；如果您付款用的是信用卡，1 到 3 个工作日到账，到账会发短信。"
                ),
                format!(
                    "The refund is with {en}. It mostly arrives at once, on a credit card in one to three working days; you will get a text message."
                ),
            ),
            None,
        ),
        RefundState::Succeeded { .. } => (
            Both::new(
                format!("退款已经到账，请在{zh}的账单里查看。"),
                format!("The refund has arrived; look at your bills in {en}."),
            ),
            None,
        ),
        RefundState::Abnormal { .. } => (
            Both::new(
                "原来付款的卡退不回去，我们会用别的方式退给您，请留一个联系电话。",
                "It cannot go back to the card that paid. We will give it back another way; please leave a phone number.",
            ),
            Some(Both::new(
                "渠道退不到原账户。请组长到商户平台转退到其他卡，或手工退款并登记。",
                "The channel cannot deliver it. Have it paid to another card in the merchant's portal, or give it back by hand and record that.",
            )),
        ),
        RefundState::Failed { .. } => (
            Both::new(
                "渠道这次没有退成，钱还在医院，我们马上再办。",
                "The channel did not pay it back this time; the hospital still has the money, and we take care of it now.",
            ),
            Some(Both::new(
                "钱还在医院：请回到支付单重新退费，或手工退款并登记。",
                "The hospital still has the money: refund it again from the payment, or by hand, and record that.",
            )),
        ),
    }
}

/// How a refund goes back over the counter, when it does.
async fn counter(staff: &Staff, order: &OutTradeNo) -> Result<Option<Method>, StaffFailure> {
    let payment = staff.gateway.store.payment(order).await?;
    let channel = payment.and_then(|payment| staff.gateway.channel(&payment.payment.channel).cloned());
    Ok(channel.and_then(|channel| channel.window()))
}

/// 窗口退款: the patient has the money.
pub(in crate::internal) async fn given_back(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    let form = staff.form(&body)?;
    let refund_no = OutRefundNo::parse(number.as_str()).map_err(|_| StaffFailure::NotFound)?;
    let page = format!("/refunds/{refund_no}");
    // Enter in a text field moves no money.
    if form.value("do") != Some("given") {
        return Ok(staff.go(&page));
    }
    let store = &staff.gateway.store;
    let record = store.refund(&refund_no).await?.ok_or(StaffFailure::NotFound)?;
    let method = counter(&staff, &record.refund.out_trade_no).await?.ok_or(StaffFailure::NotFound)?;
    let value = |name: &str| form.value(name).unwrap_or_default().trim().to_owned();
    let (terminal, reference) = (value("terminal"), value("reference"));
    let again = async |trouble: Both| {
        let request = match &record.request_key {
            Some(key) => store.refund_request_by_key(key).await?,
            None => None,
        };
        let mut view = progress(&staff, &record, request.as_ref()).await?;
        if let Some(hand) = &mut view.hand_out {
            hand.trouble = Some(trouble);
            (hand.terminal, hand.reference) = (terminal.clone(), reference.clone());
        }
        Ok(staff.page_as(StatusCode::CONFLICT, &view))
    };
    let slip = match method {
        Method::Cash => None,
        Method::Pos => match PosSlip::parse(&terminal, &reference) {
            Ok(slip) => Some(slip),
            Err(error) => return again(words::pos_slip(error)).await,
        },
    };
    let hand = HandBack { out_refund_no: refund_no, slip, cashier: staff.me.staff_no.clone() };
    match hand_back(&staff.gateway, &hand).await {
        Ok(record) => {
            let amount = words::yuan(record.refund.amount.fen());
            let said = State::new(
                Face::Ok,
                format!("已退 {amount}，已记入本班"),
                format!("{amount} were given back, and belong to your shift"),
            );
            Ok(staff.say_and_go(&page, &said))
        }
        Err(GiveBackRefused::NotFound) => Err(StaffFailure::NotFound),
        Err(GiveBackRefused::Trouble(trouble)) => Err(trouble.into()),
        Err(GiveBackRefused::Over) => {
            let said = State::new(
                Face::Info,
                "这笔退款已有结果，没有再记",
                "It is over already; nothing was written down",
            );
            Ok(staff.say_and_go(&page, &said))
        }
        Err(GiveBackRefused::NoShift) => {
            again(Both::new("您还没有开班，没有记退款", "You have no open shift; nothing was written down"))
                .await
        }
        Err(GiveBackRefused::NoSlip) => {
            again(Both::new(
                "请填退货小票上的终端号和参考号",
                "Give terminal and reference of the refund's slip",
            ))
            .await
        }
        Err(GiveBackRefused::SlipUsed) => again(words::slip_used()).await,
    }
}

/// 审批退费: the facts of this moment.
pub(in crate::internal) async fn approve(staff: Staff, number: web::Path<String>) -> StaffAnswer {
    let request = request_of(&staff, &number).await?;
    if request.state != RequestState::Waiting {
        return decided(&staff, &request).await;
    }
    let facts = request_facts(&staff.gateway, &request).await?;
    let view = approval(&staff, &request, &facts).await?;
    Ok(staff.page(&view))
}

/// Somebody was first: who, when, and what.
async fn decided(staff: &Staff, request: &RefundRequestRecord) -> StaffAnswer {
    let by = match &request.decided_by {
        Some(by) => named(staff, by).await,
        None => String::new(),
    };
    let at = request.decided_at.map(|at| clock(staff, at)).unwrap_or_default();
    let (zh, en) = match &request.state {
        RequestState::Declined { .. } => ("拒绝", "declined"),
        RequestState::Withdrawn => ("撤回", "took back"),
        _ => ("批准", "approved"),
    };
    let said = State::new(
        Face::Info,
        format!("{by} 已于 {at} {zh}这笔退费，没有重复办理"),
        format!("{by} {en} it at {at} already; nothing was done twice"),
    );
    Ok(staff.say_and_go(&format!("/refunds/{}", request.request_no), &said))
}

async fn approval(
    staff: &Staff,
    request: &RefundRequestRecord,
    facts: &Facts,
) -> Result<ApproveDialog, StaffFailure> {
    let file = file::read(staff, request.bill_no.as_str()).await?;
    let asker = named(staff, &request.asked_by).await;
    let asked_at = clock(staff, request.asked_at);
    let amount = words::yuan(request.amount.fen());
    let left = words::yuan(facts.left);
    let received = words::yuan(facts.received);
    let asked = staff.moment(facts.asked_at).clock_with_seconds();
    let way = words::way(&staff.gateway, &facts.payment.payment.channel);
    let own = request.asked_by == staff.actor();
    let check =
        |what: (&str, &str), basis: Both, state| Check { what: Both::new(what.0, what.1), basis, state };
    let money_here = facts.received > Fen::ZERO;
    let roles: Vec<&str> = staff.me.roles.iter().copied().map(Role::chinese).collect();
    let english: Vec<&str> = staff.me.roles.iter().copied().map(Role::english).collect();
    let why_not = if own {
        Some(Both::new("自己的申请须由另一位审批", "Another person has to approve your own request"))
    } else if !facts.enough {
        Some(Both::new(
            "还可退的不够了，请拒绝或等申请人撤回",
            "Not enough is left; decline it, or have it taken back",
        ))
    } else {
        match &facts.his {
            word if word.allows() => None,
            HisWord::No(_) => {
                Some(Both::new("HIS 不允许退，只能拒绝", "HIS does not allow it; it can only be declined"))
            }
            _ => Some(Both::new(
                "问到 HIS 以后才能批准，请稍后再试",
                "It can be approved once HIS has answered; try again",
            )),
        }
    };
    let what = match &request.slip_no {
        Some(slip_no) => {
            let slip = file.bill.slips.iter().find(|slip| slip.slip_no == *slip_no);
            Both::same(slip.map_or_else(|| slip_no.to_string(), |slip| format!("{} {slip_no}", slip.title)))
        }
        None => Both::new("不指明缴费单", "no slip in particular"),
    };
    Ok(ApproveDialog {
        order: file::order(staff, &file)?,
        number: request.request_no.to_string(),
        amount_yuan: amount.clone(),
        asked: Both::new(format!("{asker} 于 {asked_at} 申请"), format!("{asker} asked at {asked_at}")),
        what,
        reason: request.reason.clone(),
        way: Both::new(
            format!("{} 原路，实付 {received}", way.zh),
            format!("to {}, {received} were paid", way.en),
        ),
        checks: vec![
            check(
                ("HIS 允许退", "HIS allows it"),
                Both::new(format!("{asked} 再次查询"), format!("asked again at {asked}")),
                words::his(&facts.his),
            ),
            check(
                ("钱已收到", "The money is here"),
                Both::new("本系统与渠道的记录", "our record and the channel's"),
                if money_here {
                    State::new(Face::Ok, "已收到", "yes")
                } else {
                    State::new(Face::Bad, "没有收到", "no")
                },
            ),
            check(
                ("不超还可退", "Not more than is left"),
                Both::new(
                    format!("还可退 {left}，本次 {amount}"),
                    format!("{left} are left, this is {amount}"),
                ),
                if facts.enough {
                    State::new(Face::Ok, "够", "enough")
                } else {
                    State::new(Face::Bad, "不够", "not enough")
                },
            ),
            check(
                ("两人不同", "Two persons"),
                Both::new(
                    format!("申请 {}，批准 {}", words::who(&request.asked_by), staff.me.staff_no),
                    format!("{} asks, {} decides", words::who(&request.asked_by), staff.me.staff_no),
                ),
                if own {
                    State::new(Face::Bad, "同一人", "the same")
                } else {
                    State::new(Face::Ok, "不同", "different")
                },
            ),
        ],
        changed: false,
        trouble: None,
        seen: facts.seen(),
        why_not,
        note: String::new(),
        by: Both::new(
            format!("批准人：{}，{}", staff.me.name, roles.join("、")),
            format!("Decides: {}, {}", staff.me.name, english.join(", ")),
        ),
    })
}

/// 审批退费: the decision.
pub(in crate::internal) async fn decide(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    let form = staff.form(&body)?;
    let request = request_of(&staff, &number).await?;
    let note = form.value("note").unwrap_or_default().trim().to_owned();
    let decision = match form.value("decision") {
        Some("approve") => Decision::Approve { seen: form.value("seen").unwrap_or_default().to_owned() },
        Some("decline") => Decision::Decline { reason: note.clone() },
        // Enter in the text field moves no money.
        _ => return Ok(staff.go(&format!("/refunds/{}/approve", request.request_no))),
    };
    let again = async |status: StatusCode, trouble: Option<Both>, facts: Option<Box<Facts>>| {
        let changed = facts.is_some() && trouble.is_none();
        let facts = match facts {
            Some(facts) => *facts,
            None => request_facts(&staff.gateway, &request).await?,
        };
        let view = ApproveDialog {
            changed,
            trouble,
            note: note.clone(),
            ..approval(&staff, &request, &facts).await?
        };
        Ok(staff.page_as(status, &view))
    };
    match decide_request(&staff.gateway, &request.request_no, decision, &staff.actor()).await {
        Ok(record) => {
            let amount = words::yuan(record.amount.fen());
            let said = match &record.state {
                RequestState::Declined { .. } => State::new(
                    Face::Info,
                    format!("已拒绝，{amount} 没有退"),
                    format!("Declined; {amount} stay"),
                ),
                RequestState::Refused { .. } => State::new(
                    Face::Bad,
                    format!("已批准，但没有退成，{amount} 没有动"),
                    format!("Approved, and then refused; {amount} did not move"),
                ),
                _ => State::new(
                    Face::Ok,
                    format!("已批准，退款 {amount} 已提交"),
                    format!("Approved; the refund of {amount} is on its way"),
                ),
            };
            Ok(staff.say_and_go(&format!("/refunds/{}", record.request_no), &said))
        }
        Err(DecideRefused::NotFound) => Err(StaffFailure::NotFound),
        Err(DecideRefused::Trouble(trouble)) => Err(trouble.into()),
        Err(DecideRefused::Decided(record)) => decided(&staff, &record).await,
        Err(DecideRefused::Changed(facts)) => again(StatusCode::CONFLICT, None, Some(facts)).await,
        Err(DecideRefused::NotNow(facts)) => {
            let why = Both::new("现在不能批准，原因见下", "It cannot be approved now; the reason is below");
            again(StatusCode::CONFLICT, Some(why), Some(facts)).await
        }
        Err(DecideRefused::NoReason) => {
            let why =
                Both::new("拒绝时请写明理由，2 到 80 个字", "Say why you decline, in 2 to 80 characters");
            again(StatusCode::BAD_REQUEST, Some(why), None).await
        }
        Err(DecideRefused::SamePerson | DecideRefused::NotYours) => {
            let why = Both::new(
                "自己的申请须由另一位审批；您可以撤回它",
                "Another person has to decide over your own request; you may take it back",
            );
            again(StatusCode::FORBIDDEN, Some(why), None).await
        }
    }
}

/// 撤回申请.
pub(in crate::internal) async fn withdraw(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    staff.form(&body)?;
    let request = request_of(&staff, &number).await?;
    match withdraw_request(&staff.gateway, &request.request_no, &staff.actor()).await {
        Ok(record) => {
            let said = State::new(Face::Info, "申请已撤回，没有动过钱", "Taken back; no money moved");
            Ok(staff.say_and_go(&format!("/refunds/{}", record.request_no), &said))
        }
        Err(DecideRefused::Decided(record)) => decided(&staff, &record).await,
        Err(DecideRefused::NotYours | DecideRefused::SamePerson) => Err(StaffFailure::NoRight),
        Err(DecideRefused::NotFound) => Err(StaffFailure::NotFound),
        Err(DecideRefused::Trouble(trouble)) => Err(trouble.into()),
        Err(DecideRefused::Changed(_) | DecideRefused::NotNow(_) | DecideRefused::NoReason) => {
            Err(StaffFailure::Stale)
        }
    }
}
