//! A payment's file as its page shows it.

use super::{when, words};
use crate::http::staff::{Staff, StaffFailure};
use crate::service::desk::{OrderFile, order_file};
use crate::service::{Stage, Trouble, voucher_no};
use mingfen_domain::access::Right;
use mingfen_domain::ids::BillNo;
use mingfen_domain::write_back::State as WriteBack;
use mingfen_domain::{Fen, Timestamp};
use mingfen_pages::staff::Both;
use mingfen_pages::staff::cashier::{
    Ability, BookLine, MaskedPerson, Order, OrderAmounts, RefundLine, SlipLine, Step, Total,
};
use mingfen_vault::mask;

/// The file of the bill in an address.
pub(super) async fn read(staff: &Staff, bill: &str) -> Result<OrderFile, StaffFailure> {
    let bill_no = BillNo::parse(bill).map_err(|_| StaffFailure::NotFound)?;
    order_file(&staff.gateway, &bill_no).await?.ok_or(StaffFailure::NotFound)
}

/// Its page.
pub(super) fn order(staff: &Staff, file: &OrderFile) -> Result<Order, StaffFailure> {
    let received = file.received;
    let unpaid = received == Fen::ZERO;
    let net = received.minus(file.refunded).map_err(Trouble::from)?;
    let own = file.bill.bill.split.self_pay();
    let (sides, sides_note) = words::sides(file);
    let (books, books_total) = books(file)?;
    Ok(Order {
        bill_no: file.bill.bill.bill_no.to_string(),
        state: words::stage(file.stage.as_ref()),
        lead: lead(file),
        amounts: OrderAmounts {
            received_yuan: words::yuan(if unpaid { own } else { received }),
            unpaid,
            refunded_yuan: words::yuan(file.refunded),
            net_yuan: words::yuan(net),
            left_yuan: words::yuan(file.left),
        },
        sides,
        sides_note,
        matters: file.open.iter().filter(|work| work.parked).map(words::matter).collect(),
        steps: steps(staff, file),
        slips: slips(file)?,
        total_yuan: words::yuan(file.bill.bill.split.total()),
        own_yuan: words::yuan(own),
        has_insurance: file.bill.bill.split.total() != own,
        refunds: refunds(staff, file),
        books,
        books_total,
        patient: MaskedPerson {
            name: mask::name(&file.patient.name),
            card: format!("****{}", mask::card(&file.patient.card_no)),
            phone: file
                .phone
                .as_ref()
                .map(|phone| mask::phone(phone.as_str()))
                .or_else(|| file.patient.phone.as_deref().map(mask::phone)),
            id_no: file.patient.id_no.as_deref().map(mask::id_no),
            can_be_shown: staff.may(Right::Unmask),
        },
        numbers: numbers(file),
        print: able(staff, Right::PrintSheets, None),
        ask: able(staff, Right::AskChannel, closed_question(file)),
        refund: able(staff, Right::RequestRefund, closed_refund(file)),
    })
}

fn able(staff: &Staff, right: Right, closed: Option<Both>) -> Ability {
    match closed {
        _ if !staff.may(right) => Ability::Hidden,
        Some(why) => Ability::Closed(why),
        None => Ability::Open,
    }
}

fn closed_question(file: &OrderFile) -> Option<Both> {
    let live = file.payments.iter().any(|record| record.payment.state.is_live());
    (!live).then(|| Both::new("已有最终结果，不用再查", "The result is final; there is nothing to ask"))
}

fn closed_refund(file: &OrderFile) -> Option<Both> {
    if file.received == Fen::ZERO {
        return Some(Both::new("还没有收到钱，没有可退的", "No money has come; there is nothing to refund"));
    }
    if file.left == Fen::ZERO {
        return Some(Both::new(
            "已经退完，或都在退费途中、待审批",
            "All of it is back, under way, or waits for approval",
        ));
    }
    None
}

fn lead(file: &OrderFile) -> Option<Both> {
    match &file.stage {
        Some(Stage::NotCharged(_)) => {
            Some(Both::new("没有扣款，也不会再扣。", "Nothing was charged, and nothing will be."))
        }
        Some(Stage::Waiting { in_doubt: true }) => Some(Both::new(
            "超过 3 分钟没有消息：不要当作失败，系统正在向渠道查询。",
            "No news for three minutes: this is no failure, the channel is being asked.",
        )),
        Some(Stage::Booking) => Some(Both::new(
            "钱已经收到，正在告知 HIS；HIS 不通时会一直重试，不会丢。",
            "The money is here and HIS is being told; while HIS is down it is tried again, and nothing is lost.",
        )),
        _ => None,
    }
}

fn steps(staff: &Staff, file: &OrderFile) -> Vec<Step> {
    let day = |at: Timestamp| {
        let moment = staff.moment(at);
        (moment.today, format!("{:02}-{:02}", moment.month, moment.day))
    };
    let mut steps = Vec::with_capacity(file.steps.len());
    let mut last_day = None;
    for step in &file.steps {
        let (kind, face, what, note) = words::step(step);
        let (today, this_day) = day(step.at);
        let another = last_day.as_ref() != Some(&this_day);
        // The first day is named unless it is today.
        let named = another && (last_day.is_some() || !today);
        steps.push(Step {
            at: staff.moment(step.at).clock_with_seconds(),
            day: named.then(|| this_day.clone()),
            kind,
            face,
            what,
            note,
            amount_yuan: step.amount.map(words::yuan),
            evidence: step.evidence.as_ref().filter(|_| staff.may(Right::Unmask)).map(|id| {
                let href = format!("/orders/{}/evidence/{id}", file.bill.bill.bill_no);
                (href, Both::new("通知原文", "as received"))
            }),
        });
        last_day = Some(this_day);
    }
    steps
}

fn slips(file: &OrderFile) -> Result<Vec<SlipLine>, StaffFailure> {
    use mingfen_domain::refund::State;
    let mut lines = Vec::with_capacity(file.bill.slips.len());
    for slip in &file.bill.slips {
        let back = file
            .refunds
            .iter()
            .filter(|record| {
                record.slip_no.as_ref() == Some(&slip.slip_no)
                    && matches!(record.refund.state, State::Succeeded { .. })
            })
            .map(|record| record.refund.amount.fen());
        let back = Fen::sum(back).map_err(Trouble::from)?;
        lines.push(SlipLine {
            title: slip.title.clone(),
            slip_no: slip.slip_no.to_string(),
            department: slip.department.clone(),
            back_yuan: (back > Fen::ZERO).then(|| words::yuan(back)),
            total_yuan: words::yuan(slip.total),
            own_yuan: words::yuan(slip.self_pay),
        });
    }
    Ok(lines)
}

fn refunds(staff: &Staff, file: &OrderFile) -> Vec<RefundLine> {
    let requests = file
        .requests
        .iter()
        // What was carried out stands there as a refund.
        .filter(|request| !matches!(request.state, mingfen_domain::refund_request::State::CarriedOut { .. }))
        .map(|request| {
            (
                request.asked_at,
                RefundLine {
                    href: format!("/refunds/{}", request.request_no),
                    at: when(staff, request.asked_at),
                    number: request.request_no.to_string(),
                    reason: request.reason.clone(),
                    by: words::who(&request.asked_by),
                    state: words::request(request),
                    amount_yuan: words::yuan(request.amount.fen()),
                },
            )
        });
    let refunds = file.refunds.iter().map(|record| {
        (
            record.refund.requested_at,
            RefundLine {
                href: format!("/refunds/{}", record.refund.out_refund_no),
                at: when(staff, record.refund.requested_at),
                number: record.refund.out_refund_no.to_string(),
                reason: record.refund.reason.clone(),
                by: words::who(&record.requested_by),
                state: words::refund(record),
                amount_yuan: words::yuan(record.refund.amount.fen()),
            },
        )
    });
    let mut lines: Vec<_> = requests.chain(refunds).collect();
    lines.sort_by_key(|(at, _)| *at);
    lines.into_iter().map(|(_, line)| line).collect()
}

fn books(file: &OrderFile) -> Result<(Vec<BookLine>, Total), StaffFailure> {
    let mut lines = Vec::new();
    let (mut debits, mut credits) = (Vec::new(), Vec::new());
    for entry in &file.entries {
        for (at, posting) in entry.postings.iter().enumerate() {
            let size = if posting.fen < Fen::ZERO {
                posting.fen.negated().map_err(Trouble::from)?
            } else {
                posting.fen
            };
            let debit = posting.fen >= Fen::ZERO;
            if debit {
                debits.push(size)
            } else {
                credits.push(size)
            }
            lines.push(BookLine {
                entry: (at == 0).then(|| words::entry(entry.reason)),
                account: words::account(&posting.account),
                debit_yuan: debit.then(|| words::yuan(size)),
                credit_yuan: (!debit).then(|| words::yuan(size)),
            });
        }
    }
    let debit = Fen::sum(debits).map_err(Trouble::from)?;
    let credit = Fen::sum(credits).map_err(Trouble::from)?;
    let total =
        Total { debit_yuan: words::yuan(debit), credit_yuan: words::yuan(credit), balanced: debit == credit };
    Ok((lines, total))
}

fn numbers(file: &OrderFile) -> Vec<(Both, String)> {
    let bill_no = &file.bill.bill.bill_no;
    let mut numbers = vec![(Both::new("账单", "Bill"), bill_no.to_string())];
    for record in &file.payments {
        numbers.push((Both::new("支付单", "Order"), record.payment.out_trade_no.to_string()));
        if let Some(received) = record.payment.state.received() {
            numbers
                .push((Both::new("渠道交易号", "Provider's number"), received.provider_trade_no.to_string()));
        }
    }
    if let Some(WriteBack::Posted(booked)) = file.write_back.as_ref().map(|record| &record.state) {
        numbers.push((Both::new("HIS 收据", "HIS receipt"), booked.receipt_no.clone()));
        numbers.push((Both::new("HIS 单号", "HIS order"), booked.his_order_no.clone()));
    }
    numbers.push((Both::new("缴费凭证号", "Voucher"), voucher_no(bill_no)));
    if let Some(record) = file.payments.first() {
        numbers.push((Both::new("商户账户", "Account"), record.payment.channel.to_string()));
    }
    numbers.push((Both::new("追踪号", "Trace"), file.bill.trace.to_string()));
    numbers
}
