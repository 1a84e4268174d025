//! A shift as its pages show it.

use super::{when, words};
use crate::http::staff::{Staff, StaffFailure};
use crate::service::Trouble;
use crate::service::window::{REFUND, ShiftPicture};
use mingfen_domain::Fen;
use mingfen_domain::access::{Right, Role};
use mingfen_domain::ids::ChannelId;
use mingfen_domain::receipts::Roll;
use mingfen_domain::shift::{CashCount, DifferenceReason, FACES, State as ShiftState};
use mingfen_domain::window::Method;
use mingfen_pages::staff::cashier::{
    AskedClose, Receiver, ShiftCell, ShiftCheck, ShiftFace, ShiftListRow, ShiftMatrix, ShiftReason, ShiftRow,
    TillCount, TillLines,
};
use mingfen_pages::staff::{Both, Face, State};
use mingfen_store::{OpenItem, OpenKind, ShiftRecord};

const STAFF_AT_ONCE: i64 = 200;
/// Missing or doubled receipt numbers that are named.
const RECEIPTS_NAMED: usize = 8;

/// Kinds in the order of the matrix: the store's word, and what it is called.
const GROUPS: [(&str, &str, &str); 4] = [
    ("outpatient", "门诊缴费", "Outpatient fees"),
    ("registration", "挂号", "Registration"),
    ("deposit", "住院预交金", "Deposits"),
    (REFUND, "退费", "Given back"),
];

fn cell(number: i64, fen: Fen) -> ShiftCell {
    if number == 0 {
        return ShiftCell { number: "—".into(), yuan: "—".into() };
    }
    ShiftCell { number: number.to_string(), yuan: words::yuan(fen) }
}

/// 收退合计: every window account is a column, whether it took anything or not.
pub(super) fn matrix(staff: &Staff, picture: &ShiftPicture) -> Result<ShiftMatrix, StaffFailure> {
    let mut ways: Vec<(Method, ChannelId)> = Vec::new();
    for (id, channel) in &staff.gateway.channels {
        if let Some(method) = channel.window() {
            ways.push((method, id.clone()));
        }
    }
    ways.extend(picture.sums.iter().map(|sum| (sum.method, sum.channel.clone())));
    ways.sort();
    ways.dedup();
    let of = |group: Option<&str>, way: Option<&ChannelId>| -> Result<(i64, Fen), Trouble> {
        let mut all = (0, Fen::ZERO);
        for sum in &picture.sums {
            if group.is_some_and(|group| group != sum.group) || way.is_some_and(|way| *way != sum.channel) {
                continue;
            }
            let fen = if sum.group == REFUND { sum.fen.negated()? } else { sum.fen };
            all = (all.0 + sum.number, all.1.plus(fen)?);
        }
        Ok(all)
    };
    let row = |name: Both, group: Option<&str>| -> Result<ShiftRow, Trouble> {
        let mut cells = Vec::new();
        for (_, way) in &ways {
            let (number, fen) = of(group, Some(way))?;
            cells.push(cell(number, fen));
        }
        let (number, fen) = of(group, None)?;
        cells.push(cell(number, fen));
        Ok(ShiftRow { name, cells })
    };
    let several = |method: Method| ways.iter().filter(|(other, _)| *other == method).count() > 1;
    let mut rows = Vec::new();
    for (word, zh, en) in GROUPS {
        rows.push(row(Both::new(zh, en), Some(word))?);
    }
    Ok(ShiftMatrix {
        ways: ways
            .iter()
            .map(|(method, channel)| {
                let word = words::way(&staff.gateway, channel);
                if several(*method) {
                    Both::new(format!("{} {channel}", word.zh), format!("{} {channel}", word.en))
                } else {
                    word
                }
            })
            .collect(),
        net: row(Both::new("净额", "Net"), None)?,
        rows,
    })
}

fn face_name(fen: i64) -> Both {
    match fen {
        1 => Both::new("分币（分）", "fen"),
        10 | 50 => Both::new(format!("{} 角", fen / 10), format!("{} jiao", fen / 10)),
        _ => Both::new(format!("{} 元", fen / 100), format!("{} yuan", fen / 100)),
    }
}

/// The count by face; `typed` stands where it could not be read.
pub(super) fn faces(count: Option<&CashCount>, typed: &[String]) -> Vec<ShiftFace> {
    FACES
        .into_iter()
        .enumerate()
        .map(|(at, fen)| {
            let pieces = count.and_then(|count| count.faces().nth(at)).map(|(_, pieces)| pieces);
            let sum = pieces.map(|pieces| Fen::new(fen * i64::from(pieces)));
            ShiftFace {
                fen,
                name: face_name(fen),
                pieces: match typed.get(at) {
                    Some(typed) => typed.clone(),
                    None => pieces.map(|pieces| pieces.to_string()).unwrap_or_default(),
                },
                yuan: sum.map_or_else(|| "—".to_owned(), words::yuan),
            }
        })
        .collect()
}

pub(super) fn till_lines(picture: &ShiftPicture) -> Result<TillLines, StaffFailure> {
    let float = picture.shift.float;
    let ((taken_number, taken), (back_number, back)) =
        (picture.taken(Method::Cash)?, picture.back(Method::Cash)?);
    let expected = float.plus(taken).and_then(|sum| sum.minus(back)).map_err(Trouble::from)?;
    let back = back.negated().map_err(Trouble::from)?;
    Ok(TillLines {
        lines: vec![
            (Both::new("备用金", "Float"), words::yuan(float)),
            (
                Both::new(format!("现金收款 {taken_number} 笔"), format!("Taken in cash, {taken_number}")),
                words::yuan(taken),
            ),
            (
                Both::new(format!("现金退费 {back_number} 笔"), format!("Given back in cash, {back_number}")),
                words::yuan(back),
            ),
        ],
        expected_yuan: words::yuan(expected),
    })
}

/// The size of a sum, with the sign of money.
pub(super) fn size(fen: Fen) -> String {
    let size = if fen < Fen::ZERO { fen.negated().unwrap_or(fen) } else { fen };
    format!("¥{}", words::yuan(size))
}

/// `少 ¥20.00`.
pub(super) fn apart(difference: Fen) -> Both {
    let much = size(difference);
    if difference < Fen::ZERO {
        Both::new(format!("少 {much}"), format!("{much} short"))
    } else {
        Both::new(format!("多 {much}"), format!("{much} over"))
    }
}

pub(super) fn till_count(picture: &ShiftPicture) -> Option<TillCount> {
    let balance = picture.balance?;
    Some(TillCount {
        counted_yuan: words::yuan(balance.counted),
        difference: (balance.difference != Fen::ZERO)
            .then(|| (apart(balance.difference), words::yuan(balance.difference))),
        handed_in_yuan: size(balance.handed_in),
        fills_up: balance.handed_in < Fen::ZERO,
        float_yuan: size(balance.float),
    })
}

pub(super) fn reason_word(reason: DifferenceReason) -> Both {
    match reason {
        DifferenceReason::Counterfeit => Both::new("假币没收", "counterfeit taken away"),
        DifferenceReason::Change => Both::new("找零差错", "wrong change"),
        DifferenceReason::Unrecorded => Both::new("漏记或错记", "not written down, or wrongly"),
        DifferenceReason::Other => Both::new("其他", "other"),
    }
}

pub(super) fn reasons(chosen: Option<&str>) -> Vec<ShiftReason> {
    DifferenceReason::ALL
        .into_iter()
        .map(|reason| ShiftReason {
            code: reason.as_str(),
            word: reason_word(reason),
            chosen: chosen.map_or(reason == DifferenceReason::Change, |chosen| chosen == reason.as_str()),
        })
        .collect()
}

/// What happens above what one person may close over, and what the button says.
pub(super) fn asks(picture: &ShiftPicture) -> (Both, Both) {
    let alone = size(picture.alone.unwrap_or(Fen::ZERO));
    let apart = apart(picture.balance.map_or(Fen::ZERO, |balance| balance.difference));
    (
        Both::new(
            format!("差额超过 {alone}：先送组长会签，会签后才结班。收钱的人和数钱的人不能会签。"),
            format!(
                "More than {alone}: it is closed when a lead has countersigned, who neither took nor counted the money."
            ),
        ),
        Both::new(format!("送组长会签：{}", apart.zh), format!("Ask for a countersignature: {}", apart.en)),
    )
}

/// A closing that waits, as this person finds it.
pub(super) async fn asked(
    staff: &Staff,
    picture: &ShiftPicture,
    trouble: Option<Both>,
) -> Result<Option<AskedClose>, StaffFailure> {
    let Some(asked) = &picture.shift.asked else { return Ok(None) };
    let (by, at) = (super::orders::named(staff, &asked.by).await, when(staff, asked.at));
    let (reason, note) = &asked.reason;
    let word = reason_word(*reason);
    let own = asked.by == staff.actor();
    let second = !own && picture.can_countersign(&staff.me.staff_no);
    let unknown = picture.unknown().next().is_some();
    Ok(Some(AskedClose {
        asked: Both::new(format!("{by} {at}"), format!("{by} at {at}")),
        reason: Both::new(format!("{}。{note}", word.zh), format!("{}. {note}", word.en)),
        receiver: match &asked.receiver {
            Some(number) => super::orders::named(staff, &crate::service::staff_actor(number)).await,
            None => String::new(),
        },
        word: asked.word.clone(),
        own,
        countersigns: second && staff.may(Right::CountersignShift),
        waits: if second || own {
            Both::new(
                "等组长会签。会签前再收退一笔，清点和会签都作废",
                "A lead has to countersign. When money moves before that, count and asking are void",
            )
        } else {
            Both::new(
                "收钱的人和数钱的人不能会签：须由另一位组长会签",
                "Whoever took or counted the money does not countersign: another lead has to",
            )
        },
        word_for: unknown
            .then(|| Both::new("有未知的笔仍会签的理由", "Why you countersign over what is undecided")),
        trouble,
    }))
}

/// The books say the same, and HIS has all of it, or not.
pub(super) fn books(picture: &ShiftPicture) -> Result<State, StaffFailure> {
    let taken: i64 = picture.sums.iter().filter(|sum| sum.group != REFUND).map(|sum| sum.number).sum();
    if !picture.books_agree {
        return Ok(State::new(
            Face::Bad,
            "与记账不符，请告知财务",
            "the journal says otherwise: tell finance",
        ));
    }
    Ok(if taken == 0 {
        State::new(Face::Idle, "还没有收款", "nothing taken yet")
    } else if picture.booked() == taken {
        State::new(Face::Ok, format!("{taken} 笔全部入账"), format!("all {taken} booked at HIS"))
    } else {
        let rest = taken - picture.booked();
        State::new(
            Face::Info,
            format!("{taken} 笔，{rest} 笔未入账"),
            format!("{taken} taken, {rest} not booked at HIS"),
        )
    })
}

pub(super) fn elsewhere(picture: &ShiftPicture) -> Both {
    let (number, fen) = picture.elsewhere;
    if number == 0 {
        return Both::new(
            "本班没有经办扫码支付的退费。",
            "No refund through a channel was asked for in this shift.",
        );
    }
    let yuan = words::yuan(fen);
    Both::new(
        format!("另经办扫码支付退费 {number} 笔 {yuan}，原路退回患者，不计入本窗口。"),
        format!("{number} refunds of {yuan} more go back through channels; they are not this till's."),
    )
}

/// What is undecided, as a sentence: `退费 R… ¥128.50 已提交，未到账。`
pub(super) fn open_sentence(item: &OpenItem) -> Both {
    let (number, yuan) = (&item.number, size(item.amount.fen()));
    let (zh, en) = match item.kind {
        OpenKind::Untaken => ("已锁单，未收款", "holds slips and is not paid"),
        OpenKind::Unbooked => ("已收款，HIS 还没有结果", "is taken and has no word from HIS"),
        OpenKind::ToGiveBack => ("待窗口退给患者", "is to be given back over the counter"),
        OpenKind::RefundUnknown => ("退费已提交，结果未知", "is a refund whose end is unknown"),
        OpenKind::RefundUnderWay => ("退费已提交，未到账", "is a refund that has not arrived"),
    };
    Both::new(format!("{number} {yuan} {zh}。"), format!("{number} of {yuan} {en}."))
}

/// `收据 5 张，SJ…01 至 SJ…05`, a roll each.
pub(super) fn receipts(picture: &ShiftPicture) -> Both {
    let receipts = &picture.receipts;
    if receipts.number == 0 {
        return Both::new("没有收据", "No receipts");
    }
    let span = |roll: &Roll, to: &str| {
        if roll.first == roll.last { roll.first.clone() } else { format!("{}{to}{}", roll.first, roll.last) }
    };
    let spans =
        |to: &str, and: &str| receipts.rolls.iter().map(|roll| span(roll, to)).collect::<Vec<_>>().join(and);
    let number = receipts.number;
    Both::new(
        format!("收据 {number} 张，{}", spans(" 至 ", "、")),
        format!("{number} receipts, {}", spans(" to ", ", ")),
    )
}

/// What is missing among the receipt numbers, or there twice: a question, and nothing that is in the way.
pub(super) fn receipt_question(picture: &ShiftPicture) -> Option<Both> {
    let receipts = &picture.receipts;
    let some = |numbers: &[String], and: &str| {
        let shown = numbers.iter().take(RECEIPTS_NAMED).cloned().collect::<Vec<_>>().join(and);
        if numbers.len() > RECEIPTS_NAMED { format!("{shown}…") } else { shown }
    };
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    if !receipts.missing.is_empty() {
        let number = receipts.missing.len();
        zh.push(format!("缺号 {number} 个：{}（是否作废，或在别处开出）", some(&receipts.missing, "、")));
        en.push(format!("{number} missing: {} (void, or drawn elsewhere?)", some(&receipts.missing, ", ")));
    }
    if !receipts.doubles.is_empty() {
        let number = receipts.doubles.len();
        zh.push(format!("重号 {number} 个：{}（请 HIS 核对）", some(&receipts.doubles, "、")));
        en.push(format!("{number} there twice: {} (HIS has to look)", some(&receipts.doubles, ", ")));
    }
    (!zh.is_empty()).then(|| Both::new(zh.join("；"), en.join("; ")))
}

/// 交接前检查.
pub(super) fn checks(picture: &ShiftPicture) -> Result<Vec<ShiftCheck>, StaffFailure> {
    let mut checks = Vec::new();
    if picture.unknown().next().is_none() {
        checks.push(ShiftCheck {
            face: Face::Ok,
            what: Both::new("没有未知状态的收款和退费", "Nothing is undecided"),
            note: Both::new(
                "收款、回写、窗口退费均已有结果",
                "payments, booking and refunds over the counter are over",
            ),
            href: None,
        });
    }
    for item in &picture.open {
        let (zh, en) = match item.kind {
            OpenKind::Untaken => ("一笔单还锁着，没有收款", "An order holds slips and is not paid"),
            OpenKind::Unbooked => ("一笔收款 HIS 还没有结果", "HIS has not decided over a payment"),
            OpenKind::ToGiveBack => ("一笔退费还没有退给患者", "A refund is not given back yet"),
            OpenKind::RefundUnknown => ("一笔退费结果未知", "The end of a refund is unknown"),
            OpenKind::RefundUnderWay => {
                ("一笔退费未到账，不影响现金", "A refund has not arrived; not in cash")
            }
        };
        let note = format!("{} {}", item.number, size(item.amount.fen()));
        let href = match item.kind {
            OpenKind::Untaken => format!("/window/{}", item.number),
            OpenKind::Unbooked => format!("/orders/{}", item.bill_no),
            OpenKind::ToGiveBack | OpenKind::RefundUnknown | OpenKind::RefundUnderWay => {
                format!("/refunds/{}", item.number)
            }
        };
        checks.push(ShiftCheck {
            face: if item.unknown { Face::Bad } else { Face::Warn },
            what: Both::new(zh, en),
            note: Both::same(note),
            href: Some(href),
        });
    }
    let question = receipt_question(picture);
    checks.push(ShiftCheck {
        face: match (&question, picture.receipts.number) {
            (Some(_), _) => Face::Warn,
            (None, 0) => Face::Idle,
            (None, _) => Face::Ok,
        },
        what: receipts(picture),
        note: match question {
            Some(question) => question,
            None if picture.receipts.number == 0 => {
                Both::new("HIS 入账后才有收据号", "HIS gives the numbers when it books")
            }
            None => Both::new("没有缺号、重号", "none is missing or there twice"),
        },
        href: None,
    });
    let ((taken, fen), (back, back_fen)) = (picture.taken(Method::Pos)?, picture.back(Method::Pos)?);
    let yuan = words::yuan(fen.minus(back_fen).map_err(Trouble::from)?);
    let items = taken + back;
    checks.push(ShiftCheck {
        face: if items == 0 { Face::Idle } else { Face::Info },
        what: Both::new("与 POS 签退小票核对", "Compare with the terminal's closing slip"),
        note: if items == 0 {
            Both::new("本班没有刷卡", "no card in this shift")
        } else {
            Both::new(format!("{items} 笔，净额 {yuan}"), format!("{items} items, {yuan} net"))
        },
        href: None,
    });
    Ok(checks)
}

/// Leads who can receive the cash; nobody receives their own.
pub(super) async fn receivers(
    staff: &Staff,
    cashier: &str,
    chosen: Option<&str>,
) -> Result<Vec<Receiver>, StaffFailure> {
    let mut receivers = Vec::new();
    let mut after = String::new();
    loop {
        let members = staff.gateway.store.staff_list(&after, STAFF_AT_ONCE).await?;
        let Some(last) = members.last() else { break };
        after.clone_from(&last.staff_no);
        for member in members {
            if !member.active || !member.roles.contains(&Role::CashierLead) || member.staff_no == cashier {
                continue;
            }
            receivers.push(Receiver {
                name: format!("{} {}", member.name, member.staff_no),
                chosen: chosen == Some(member.staff_no.as_str()),
                staff_no: member.staff_no,
            });
        }
    }
    Ok(receivers)
}

pub(super) fn standing(shift: &ShiftRecord, picture: Option<&ShiftPicture>) -> State {
    match &shift.state {
        ShiftState::Open => State::new(Face::Info, "收款中", "open"),
        ShiftState::Counted(_) => {
            let balance = picture.and_then(|picture| picture.balance);
            match balance.map(|balance| balance.difference) {
                Some(difference) if difference != Fen::ZERO => {
                    State::new(Face::Warn, "有差额，待说明", "over or short: say why")
                }
                Some(_) => State::new(Face::Ok, "账款相符", "the till agrees"),
                None => State::new(Face::Info, "已清点", "counted"),
            }
        }
        ShiftState::Asked(_) => State::new(Face::Warn, "差额待会签", "waits for a countersignature"),
        ShiftState::Closed(_) => State::new(Face::Warn, "已结班，待签收", "closed, to be received"),
        ShiftState::HandedOver(_) => State::new(Face::Ok, "已交接", "handed over"),
    }
}

/// A line of a list; a shift of somebody else leads to where this person may look at it.
pub(super) async fn row(staff: &Staff, shift: &ShiftRecord, own_list: bool) -> ShiftListRow {
    let closing = shift.closing.as_ref();
    let open = shift.state.is_open();
    let number = &shift.shift_no;
    let path = match (own_list, open) {
        (true, true) => format!("/shift/{number}"),
        (true, false) => format!("/shift/{number}/sheet"),
        (false, _) => format!("/shifts/{number}"),
    };
    ShiftListRow {
        href: path,
        from: when(staff, shift.opened_at),
        to: closing.map_or_else(|| "—".to_owned(), |closing| when(staff, closing.at)),
        who: super::orders::named(staff, &crate::service::staff_actor(&shift.cashier)).await,
        place: shift.place.clone(),
        number: number.to_string(),
        difference: closing
            .filter(|closing| closing.difference != Fen::ZERO)
            .map(|closing| words::yuan(closing.difference)),
        handed_in_yuan: closing.map(|closing| words::yuan(closing.handed_in)),
        state: standing(shift, None),
    }
}
