//! The desk, what was found, and the keys.

use super::orders::Askers;
use super::words;
use super::{encoded, page_mark, read_mark, when};
use crate::http::staff::{Staff, StaffAnswer};
use crate::service::desk::{Found, Kind, OrderLine, PAGE, desk_figures, find_orders, latest_orders};
use crate::service::window::window_channel;
use actix_web::http::StatusCode;
use mingfen_domain::Fen;
use mingfen_domain::access::Right;
use mingfen_domain::ids::BillNo;
use mingfen_domain::window::Method;
use mingfen_pages::staff::Both;
use mingfen_pages::staff::cashier::{Desk, Errand, Figure, OrderRow, Reading, SearchResults, Shortcuts};
use mingfen_store::RefundPart;
use mingfen_vault::mask;

/// Payments on the desk.
const ON_THE_DESK: i64 = 8;
/// Refunds on the desk, of each kind.
const ERRANDS: i64 = 5;

pub(super) fn row(staff: &Staff, line: &OrderLine) -> OrderRow {
    let amount = line.payment.as_ref().map_or(line.bill.bill.split.self_pay(), |record| {
        record.payment.state.received().map_or(record.payment.amount.fen(), |received| received.amount.fen())
    });
    OrderRow {
        href: format!("/orders/{}", line.bill.bill.bill_no),
        at: when(staff, line.bill.bill.opened_at),
        number: line.bill.bill.bill_no.to_string(),
        who: mask::name(&line.patient.name),
        what: words::what_for(line),
        way: line
            .payment
            .as_ref()
            .map_or_else(|| Both::same("—"), |record| words::way(&staff.gateway, &record.payment.channel)),
        amount_yuan: words::yuan(amount),
        state: words::stage(line.stage.as_ref()),
        remark: words::remark(line),
    }
}

/// 收费台.
pub(in crate::internal) async fn show(staff: Staff) -> StaffAnswer {
    let gateway = &staff.gateway;
    let before = staff.query("before").and_then(|mark| read_mark(&mark));
    let mut lines = latest_orders(gateway, before.as_ref(), ON_THE_DESK + 1).await?;
    let more = i64::try_from(lines.len()).unwrap_or_default() > ON_THE_DESK;
    lines.truncate(usize::try_from(ON_THE_DESK).unwrap_or_default());
    let last = lines.last().map(|line| (line.bill.bill.opened_at, line.bill.bill.bill_no.to_string()));
    let older = last.filter(|_| more).map(|last| format!("/desk?before={}", page_mark(&last)));
    let view = Desk {
        figures: figures(&staff).await?,
        rows: lines.iter().map(|line| row(&staff, line)).collect(),
        older,
        newest: before.map(|_| "/desk".to_owned()),
        errands: errands(&staff).await?,
        refunds: staff.may(Right::RequestRefund) || staff.may(Right::ApproveRefund),
        takes: staff.may(Right::TakeMoney)
            && Method::ALL.into_iter().any(|method| window_channel(gateway, method).is_some()),
    };
    Ok(staff.page(&view))
}

async fn figures(staff: &Staff) -> Result<Vec<Figure>, crate::service::Trouble> {
    let figures = desk_figures(&staff.gateway).await?;
    let clock = staff.moment(staff.gateway.now()).clock();
    let count = || Some(Both::new("笔", "items"));
    let (waiting, oldest) = figures.waiting;
    let since = match oldest {
        Some(at) => {
            let at = when(staff, at);
            Both::new(format!("最早 {at} 提交"), format!("the first since {at}"))
        }
        None => Both::new("没有", "none"),
    };
    let (payments, refunds) = (figures.taken.number, figures.refunded.refunds);
    Ok(vec![
        Figure {
            what: Both::new("今日收款", "Received today"),
            value: format!("¥{}", words::yuan(figures.taken.fen)),
            unit: None,
            note: Both::new(
                format!("{payments} 笔，截至 {clock}"),
                format!("{payments} payments until {clock}"),
            ),
        },
        Figure {
            what: Both::new("今日申请退费", "Refunds asked for today"),
            value: format!("¥{}", words::yuan(figures.refunded.sum)),
            unit: None,
            note: Both::new(
                format!("{refunds} 笔，不含失败的"),
                format!("{refunds} refunds without those that failed"),
            ),
        },
        Figure {
            what: Both::new("退费待审批", "Refunds waiting for approval"),
            value: waiting.to_string(),
            unit: count(),
            note: since,
        },
        Figure {
            what: Both::new("退费途中", "Refunds under way"),
            value: figures.under_way.to_string(),
            unit: count(),
            note: Both::new("已受理或待提交，未到账", "accepted or to be sent, not arrived"),
        },
    ])
}

async fn errands(staff: &Staff) -> Result<Vec<Errand>, crate::service::Trouble> {
    let store = &staff.gateway.store;
    let requests = store.waiting_refund_requests(None, ERRANDS).await?;
    let mut refunds = store.refunds_standing(RefundPart::Stuck, None, ERRANDS).await?;
    refunds.extend(store.refunds_standing(RefundPart::UnderWay, None, ERRANDS).await?);
    let numbers: Vec<BillNo> = requests
        .iter()
        .map(|request| request.bill_no.clone())
        .chain(refunds.iter().map(|refund| refund.bill_no.clone()))
        .collect();
    let names = super::refunds::names(&staff.gateway, &numbers).await?;
    let what = |bill_no: &BillNo, amount: Fen| {
        let (name, amount) = (names.get(bill_no).cloned().unwrap_or_default(), words::yuan(amount));
        Both::new(format!("{name} · 退费 {amount}"), format!("{name} · refund of {amount}"))
    };
    let by = requests.iter().map(|request| request.asked_by.as_str());
    let askers = Askers::of(staff, by.chain(refunds.iter().map(|refund| refund.requested_by.as_str()))).await;
    let note = |reason: &str, by: &str| {
        let by = askers.name(by);
        Both::new(format!("{reason}，{by} 提交"), format!("{reason}, asked for by {by}"))
    };
    let mut errands: Vec<_> = requests
        .iter()
        .map(|request| {
            (
                request.asked_at,
                Errand {
                    href: format!("/refunds/{}", request.request_no),
                    at: when(staff, request.asked_at),
                    what: what(&request.bill_no, request.amount.fen()),
                    note: note(&request.reason, &request.asked_by),
                    state: words::request(request),
                },
            )
        })
        .collect();
    errands.extend(refunds.iter().map(|record| {
        (
            record.refund.requested_at,
            Errand {
                href: format!("/refunds/{}", record.refund.out_refund_no),
                at: when(staff, record.refund.requested_at),
                what: what(&record.bill_no, record.refund.amount.fen()),
                note: note(&record.refund.reason, &record.requested_by),
                state: words::refund(record),
            },
        )
    }));
    errands.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    Ok(errands.into_iter().map(|(_, errand)| errand).collect())
}

/// 查找.
pub(in crate::internal) async fn find(staff: Staff) -> StaffAnswer {
    let text = staff.query("q").unwrap_or_default();
    if text.trim().is_empty() {
        return Ok(staff.go("/desk"));
    }
    let wanted = staff.query("as").and_then(|key| Kind::from_key(&key));
    let before = staff.query("before").and_then(|mark| read_mark(&mark));
    let found = find_orders(&staff.gateway, &text, wanted, before.as_ref(), &staff.actor()).await?;
    if let Some(only) = &found.only {
        return Ok(staff.go(&format!("/orders/{only}")));
    }
    let status = if found.lines.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::OK };
    Ok(staff.page_as(status, &results(&staff, &text, found, before.is_some())))
}

fn results(staff: &Staff, text: &str, found: Found, later_page: bool) -> SearchResults {
    let address = |kind: Kind| format!("/orders?q={}&as={}", encoded(text), kind.key());
    let chosen = found.readings.iter().find(|reading| Some(reading.kind) == found.chosen);
    let hits = |hits: usize, more: bool| if more { format!("{PAGE}+") } else { hits.to_string() };
    let heading = match chosen {
        None => Both::new("看不懂这段文字", "This text means nothing here"),
        Some(reading) => {
            let (word, count) =
                (words::reading(reading.kind, &reading.shown), hits(reading.hits, reading.more));
            if reading.hits == 0 {
                Both::new(format!("{}，没有找到", word.zh), format!("{}: nothing was found", word.en))
            } else if later_page {
                Both::new(format!("{}，较早的", word.zh), format!("{}: earlier ones", word.en))
            } else {
                Both::new(format!("{}，找到 {count} 笔", word.zh), format!("{}: {count} payments", word.en))
            }
        }
    };
    let readings: Vec<Reading> = found
        .readings
        .iter()
        .filter(|reading| reading.hits > 0 || Some(reading.kind) == found.chosen || found.readings.len() <= 4)
        .map(|reading| Reading {
            word: words::reading(reading.kind, ""),
            hits: hits(reading.hits, reading.more),
            href: (Some(reading.kind) != found.chosen).then(|| address(reading.kind)),
        })
        .collect();
    let received: Vec<Fen> =
        found.lines.iter().map(|line| line.received).filter(|fen| *fen > Fen::ZERO).collect();
    let sum = Fen::sum(received.iter().copied()).ok();
    let count = received.len();
    let whole = found.next.is_none() && !later_page && count > 1;
    let total = sum.filter(|_| whole).map(|sum| {
        (Both::new(format!("已收 {count} 笔合计"), format!("Received, {count} payments")), words::yuan(sum))
    });
    let by_person = matches!(found.chosen, Some(Kind::Phone | Kind::PhoneTail | Kind::Name));
    let older = match (&found.next, found.chosen) {
        (Some(next), Some(kind)) => Some(format!("{}&before={}", address(kind), page_mark(next))),
        _ => None,
    };
    SearchResults {
        heading,
        lead: (!found.lines.is_empty()).then(|| Both::new("最近的在前。", "The latest first.")),
        readings,
        rows: found.lines.iter().map(|line| row(staff, line)).collect(),
        total,
        older,
        newest: found.chosen.filter(|_| later_page).map(address),
        limits: by_person.then(|| {
            Both::new(
                "较早的支付单没有手机号和姓名索引（重新加封密钥后补上），请用单号或就诊卡查找。",
                "Older payments have no index by phone and name until they are sealed again: find them by a number or by the card.",
            )
        }),
    }
}

/// 快捷键.
pub(in crate::internal) async fn shortcuts(staff: Staff) -> StaffAnswer {
    Ok(staff.page(&Shortcuts { cashier: staff.may(Right::RequestRefund) }))
}
