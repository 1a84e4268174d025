//! What is known of an order, as sentences that staff read: what the books say, what our records say, what the parties said.

use super::case::{Case, has_arrived};
use super::known::{
    ChannelAnswer, HisAnswer, Learnt, OwnPayment, OwnRefund, OwnWriteBack, RefundAnswer, Told, Way,
};
use crate::matching::Found;
use crate::sides::{Kind, Side, State, day_of};
use mingfen_domain::difference::Category;
use mingfen_domain::payment::{ClosedBecause, State as PaymentState, SuspenseReason};
use mingfen_domain::refund::{Origin, State as RefundState};
use mingfen_domain::{Fen, Timestamp, write_back};

/// The same sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Chinese.
    pub chinese: String,
    /// English.
    pub english: String,
}

/// A sentence stays one line, whatever others have written into their answers.
fn sentence(chinese: String, english: String) -> Sentence {
    let one_line = |text: String| text.replace(char::is_control, " ");
    Sentence { chinese: one_line(chinese), english: one_line(english) }
}

macro_rules! say {
    ($chinese:literal, $english:literal) => {
        sentence(format!($chinese), format!($english))
    };
}

/// Everything that is known, the books first, the answers last.
pub(super) fn of(case: &Case<'_>) -> Vec<Sentence> {
    let mut said: Vec<Sentence> = Side::ALL.into_iter().filter_map(|side| books(case, side)).collect();
    match case.finding.category {
        Category::InsuranceComponentDiffers => {
            said.extend(Side::ALL.into_iter().filter_map(|side| insurance(case, side)))
        }
        Category::DepositLineDiffers => {
            said.extend(Side::ALL.into_iter().filter_map(|side| deposit(case, side)))
        }
        _ => {}
    }
    if !case.known.statement_available {
        said.push(say!("该渠道的对账单还没有。", "The statement of that channel is not there."));
    }
    if case.known.same_provider_no == Some(true) {
        said.push(say!(
            "同一渠道交易号、同一金额还出现在另一行。",
            "The same amount stands under the same provider number in another row."
        ));
    }
    if case.known.same_provider_no == Some(false) {
        said.push(say!(
            "渠道交易号与其他行都不同。",
            "Its provider number is another than that of every other row."
        ));
    }
    if let Some(records) = case.records() {
        match &records.payment {
            Some(payment) => {
                of_payment(payment, &mut said);
                said.extend(case.write_back().map(of_write_back));
            }
            None => {
                said.push(say!("本系统没有这个单号的支付单。", "Our records have no payment of that number."))
            }
        }
        if !case.known.has_our_form {
            said.push(say!("单号不是本系统的格式。", "The number is not of our form."));
        }
        said.extend(records.refunds.iter().map(of_refund));
        if records.unproven_notification {
            said.push(say!(
                "收到过该单号的通知，验签未通过。",
                "A notification for that number came and did not prove itself."
            ));
        }
        said.extend(
            records
                .open_matters
                .iter()
                .map(|matter| say!("待人处理：{matter}", "A person is asked: {matter}")),
        );
    }
    said.extend(of_channel(case.known.channel));
    said.extend(of_channel_refund(case.known.channel_refund));
    said.extend(of_his(&case.known.his, "这张账单", "the bill"));
    said.extend(of_his(&case.known.his_refund, "这笔退费", "the refund"));
    said
}

const fn books_of(side: Side) -> (&'static str, &'static str) {
    match side {
        Side::Channel => ("对账单", "The statement"),
        Side::Gateway => ("本系统账", "Our journal"),
        Side::His => ("HIS 流水", "HIS's ledger"),
    }
}

/// What a side says that insurance bore, where each of its lines says.
fn insurance(case: &Case<'_>, side: Side) -> Option<Sentence> {
    let parts: Option<Vec<Fen>> = case.live(side).map(|line| line.insurance).collect();
    let sum = parts.filter(|parts| !parts.is_empty()).and_then(|parts| Fen::sum(parts).ok())?;
    let (chinese, english) = books_of(side);
    Some(say!("{chinese}：医保支付 {sum} 元。", "{english} says that insurance bore {sum} yuan."))
}

/// As what a side books it, where it says.
fn deposit(case: &Case<'_>, side: Side) -> Option<Sentence> {
    let (chinese, english) = books_of(side);
    Some(if case.live(side).find_map(|line| line.deposit)? {
        say!("{chinese}：记作住院预交金。", "{english} has it as a deposit.")
    } else {
        say!("{chinese}：不是预交金。", "{english} does not have it as a deposit.")
    })
}

fn books(case: &Case<'_>, side: Side) -> Option<Sentence> {
    let lines: Vec<&Found> = case.of_side(side).collect();
    let (chinese, english) = books_of(side);
    match lines.as_slice() {
        [] => None,
        [line] => {
            let (amount, day) = (line.amount, day_of(line.day));
            let kind = line.kind.chinese();
            let kind_english = line.kind.as_str();
            let (state, state_english) = match line.state {
                State::Done => ("", ""),
                State::UnderWay => ("，处理中", ", under way"),
                State::Void => ("，已作废", ", voided"),
            };
            Some(say!(
                "{chinese}：{day} {kind} {amount} 元{state}。",
                "{english} has a {kind_english} of {amount} yuan on {day}{state_english}."
            ))
        }
        many => {
            let count = many.len();
            let sum =
                |kind: Kind| Fen::sum(many.iter().filter(|line| line.kind == kind).map(|line| line.amount));
            let (Ok(paid), Ok(refunded)) = (sum(Kind::Payment), sum(Kind::Refund)) else { return None };
            Some(say!(
                "{chinese}：{count} 行，支付合计 {paid} 元，退费合计 {refunded} 元。",
                "{english} has {count} rows, payments of {paid} and refunds of {refunded} yuan in all."
            ))
        }
    }
}

/// A time in the middle of a sentence, where it is known.
fn time_text(at: Option<Timestamp>) -> (String, String) {
    at.map(Timestamp::to_beijing_text).map(|at| (format!("，{at}"), format!(" at {at}"))).unwrap_or_default()
}

fn of_payment(payment: &OwnPayment, said: &mut Vec<Sentence>) {
    let (ordered, channel) = (payment.ordered.fen(), &payment.channel);
    let created = payment.created_at.to_beijing_text();
    let received = payment.state.received();
    let (amount, paid_at) = received.map_or((Fen::ZERO, String::new()), |received| {
        (received.amount.fen(), received.paid_at.to_beijing_text())
    });
    said.push(match &payment.state {
        PaymentState::Opening => say!(
            "本系统：{created} 下单 {ordered} 元（{channel}），尚无结果。",
            "Our payment of {ordered} yuan was made at {created} ({channel}); no answer of the order is known."
        ),
        PaymentState::Waiting { .. } => say!(
            "本系统：{created} 下单 {ordered} 元（{channel}），等待支付。",
            "Our payment of {ordered} yuan was made at {created} ({channel}) and waits to be paid."
        ),
        PaymentState::Closed(because) => {
            let (why, why_english) = match because {
                ClosedBecause::Refused => ("渠道拒绝下单", "the channel refused the order"),
                ClosedBecause::ClosedThere => ("渠道已关单", "closed at the channel"),
                ClosedBecause::Expired => ("超时", "expired"),
            };
            say!(
                "本系统：{created} 下单 {ordered} 元（{channel}），已关单：{why}。",
                "Our payment of {ordered} yuan was made at {created} ({channel}) and is closed: {why_english}."
            )
        }
        PaymentState::Paid(_) => say!(
            "本系统：下单 {ordered} 元（{channel}），{paid_at} 实收 {amount} 元。",
            "Our payment of {ordered} yuan ({channel}) brought {amount} yuan at {paid_at}."
        ),
        PaymentState::Suspense { reason, .. } => {
            let (why, why_english) = match reason {
                SuspenseReason::Double => ("重复支付", "the bill was settled by another payment"),
                SuspenseReason::WrongAmount => ("金额不符", "another amount than ordered"),
            };
            say!(
                "本系统：下单 {ordered} 元（{channel}），{paid_at} 实收 {amount} 元，已挂账：{why}。",
                "Our payment of {ordered} yuan ({channel}) brought {amount} yuan at {paid_at}, held in suspense: {why_english}."
            )
        }
    });
    said.extend(payment.learnt.map(of_learning));
    if let Some(other) = &payment.settled_by_another {
        let bill = &payment.bill_no;
        said.push(say!(
            "账单 {bill} 已由另一张支付单 {other} 结清。",
            "Another payment, {other}, settled the bill {bill}."
        ));
    }
}

fn of_learning(learnt: Learnt) -> Sentence {
    let at = learnt.at.to_beijing_text();
    match learnt.way {
        Way::Notification => {
            say!("{at} 由渠道通知得知收款。", "A notification told us of the money at {at}.")
        }
        Way::Query => say!("{at} 由主动查询得知收款。", "Asking the channel told us of the money at {at}."),
        Way::Other => say!("{at} 得知收款。", "We learnt of the money at {at}."),
    }
}

fn of_write_back(told: &OwnWriteBack) -> Sentence {
    let (parked, parked_english) = if told.parked {
        ("，已搁置，等人处理", "; it has given up and waits for a person")
    } else {
        ("", "")
    };
    match &told.state {
        write_back::State::Due => say!("回写：待发送{parked}。", "HIS is still to be told{parked_english}."),
        write_back::State::Unknown => say!(
            "回写：已发送，HIS 没有可用的答复{parked}。",
            "HIS was told and gave no usable answer{parked_english}."
        ),
        write_back::State::Posted(booked) => {
            let number = &booked.his_order_no;
            let (at, at_english) = time_text(told.posted_at);
            say!(
                "回写：HIS 已确认入账，HIS 单号 {number}{at}。",
                "HIS confirmed the booking under its number {number}{at_english}."
            )
        }
        write_back::State::RefusalToConfirm { reason } => say!(
            "回写：HIS 拒绝（{reason}），待再次核实{parked}。",
            "HIS refused the booking ({reason}) and is to be asked once more{parked_english}."
        ),
        write_back::State::Refused { reason } => {
            say!("回写：HIS 拒绝入账（{reason}）。", "HIS refused the booking for good ({reason}).")
        }
    }
}

fn of_refund(refund: &OwnRefund) -> Sentence {
    let (number, amount) = (&refund.out_refund_no, refund.amount.fen());
    let (origin, origin_english) = match refund.origin {
        Origin::Cashier => ("收费员发起", "asked for by a cashier"),
        Origin::His => ("HIS 发起", "asked for by HIS"),
        Origin::BookingRefused => ("因 HIS 拒绝入账", "because HIS refused the booking"),
        Origin::Double => ("因重复支付", "because it was paid twice"),
        Origin::WrongAmount => ("因金额不符", "because the amount was wrong"),
    };
    let (state, state_english) = match &refund.state {
        RefundState::Succeeded { refunded_at, .. } if refund.by_hand => {
            let at = refunded_at.to_beijing_text();
            (format!("{at} 已手工退给患者"), format!("paid back by hand at {at}"))
        }
        _ if refund.by_hand => ("已手工退给患者".to_owned(), "paid back by hand".to_owned()),
        RefundState::Due => ("待发送".to_owned(), "still to be sent".to_owned()),
        RefundState::Unknown => {
            ("已发送，渠道没有可用的答复".to_owned(), "sent, and no usable answer came".to_owned())
        }
        RefundState::Processing { .. } => ("渠道处理中".to_owned(), "under way at the channel".to_owned()),
        RefundState::Succeeded { refunded_at, .. } => {
            let at = refunded_at.to_beijing_text();
            (format!("{at} 已到账"), format!("arrived at {at}"))
        }
        RefundState::Abnormal { .. } => {
            ("渠道无法送达".to_owned(), "the channel cannot deliver it".to_owned())
        }
        RefundState::Failed { reason } => (format!("未成功（{reason}）"), format!("failed ({reason})")),
    };
    let (told, told_english) = match refund.told {
        _ if !has_arrived(refund) => ("", ""),
        Told::NeedNot => ("", ""),
        Told::NotYet if refund.parked => ("；告知 HIS 已搁置", "; telling HIS waits for a person"),
        Told::NotYet => ("；HIS 未确认", "; HIS has not confirmed it"),
        Told::Booked => ("；HIS 已记账", "; HIS booked it"),
        Told::Refused => ("；HIS 拒绝记账", "; HIS refuses to book it"),
    };
    say!(
        "退费 {number}：{amount} 元，{origin}，{state}{told}。",
        "Refund {number} of {amount} yuan, {origin_english}: {state_english}{told_english}."
    )
}

fn of_channel(answer: ChannelAnswer) -> Option<Sentence> {
    Some(match answer {
        ChannelAnswer::NotAsked => return None,
        ChannelAnswer::Silent => {
            say!("再次查询渠道：没有可用的答复。", "The channel, asked once more, gave no usable answer.")
        }
        ChannelAnswer::Missing => {
            say!("再次查询渠道：没有这张单。", "The channel, asked once more, does not know the order.")
        }
        ChannelAnswer::Waiting => {
            say!("再次查询渠道：未支付。", "The channel, asked once more, says that it is not paid.")
        }
        ChannelAnswer::Closed => {
            say!(
                "再次查询渠道：已关单，未支付。",
                "The channel, asked once more, says that it is closed unpaid."
            )
        }
        ChannelAnswer::Paid { amount, at } => {
            let at = at.to_beijing_text();
            say!(
                "再次查询渠道：{at} 已支付 {amount} 元。",
                "The channel, asked once more, says that {amount} yuan were paid at {at}."
            )
        }
    })
}

fn of_channel_refund(answer: RefundAnswer) -> Option<Sentence> {
    let (state, state_english) = match answer {
        RefundAnswer::NotAsked => return None,
        RefundAnswer::Silent => ("没有可用的答复", "gave no usable answer"),
        RefundAnswer::Missing => ("没有这笔退费", "does not know it"),
        RefundAnswer::Closed => ("已关闭，未退款", "says that it ended without paying"),
        RefundAnswer::Processing => ("处理中", "says that it is under way"),
        RefundAnswer::Abnormal => ("异常，无法送达", "says that it cannot be delivered"),
        RefundAnswer::Succeeded { amount, at } => {
            let at = at.to_beijing_text();
            let sum = amount.map(|amount| format!(" {amount} 元")).unwrap_or_default();
            let sum_english = amount.map(|amount| format!("{amount} yuan ")).unwrap_or("it ".to_owned());
            return Some(say!(
                "再次查询渠道退费：{at} 已到账{sum}。",
                "The channel, asked once more of the refund, says that {sum_english}arrived at {at}."
            ));
        }
    };
    Some(say!("再次查询渠道退费：{state}。", "The channel, asked once more of the refund, {state_english}."))
}

fn of_his(answer: &HisAnswer, what: &str, what_english: &str) -> Option<Sentence> {
    Some(match answer {
        HisAnswer::NotAsked => return None,
        HisAnswer::Silent => say!(
            "再次查询 HIS {what}：没有可用的答复。",
            "HIS, asked once more of {what_english}, gave no usable answer."
        ),
        HisAnswer::No => say!(
            "再次查询 HIS {what}：确无此账。",
            "HIS, asked once more of {what_english}, has certainly not booked it."
        ),
        HisAnswer::Booked { number, amount, at } => {
            let (at, at_english) = time_text(*at);
            say!(
                "再次查询 HIS {what}：已入账 {amount} 元，HIS 单号 {number}{at}。",
                "HIS, asked once more of {what_english}, has booked {amount} yuan under its number {number}{at_english}."
            )
        }
    })
}
