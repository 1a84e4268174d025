//! 退费: chosen first, so that the button can name the amount; then sent, with the key that was made when the form was shown.

use super::{encoded, file, words};
use crate::http::form::Form;
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::http::words::is_readable;
use crate::service::Trouble;
use crate::service::desk::{
    AskRefused, Asked, HisWord, NoPicture, OrderFile, RefundChoice, RefundPicture, Wish, ask_refund,
    refund_picture, word_for_amount,
};
use actix_web::http::StatusCode;
use actix_web::web;
use mingfen_domain::ids::SlipNo;
use mingfen_domain::{Amount, Fen, ambient};
use mingfen_pages::staff::cashier::{
    self as pages, RefundByAmount, RefundDialog, RefundForm, RefundReason, RefundWay,
};
use mingfen_pages::staff::{Both, Face, State};

/// 原因, in the order of the list.
const REASONS: [(&str, &str, &str); 5] = [
    ("repeat", "重复缴费", "paid twice"),
    ("cancelled", "检查取消", "examination cancelled"),
    ("returned", "药品退回", "drugs returned"),
    ("wrong", "开错单", "slip written in error"),
    ("other", "其他", "other"),
];

/// What was chosen and typed so far.
#[derive(Clone, Debug, Default)]
struct Choice {
    by_amount: bool,
    slip: Option<String>,
    whole: bool,
    amount: String,
    reason: String,
    note: String,
    /// The form's key, when it was shown before.
    key: Option<String>,
}

impl Choice {
    fn of_query(staff: &Staff) -> Self {
        let slip = staff.query("slip");
        Self {
            by_amount: staff.query("by").as_deref() == Some("amount"),
            whole: slip.as_deref() == Some("all"),
            slip: slip.filter(|slip| slip != "all"),
            amount: staff.query("amount").unwrap_or_default().trim().to_owned(),
            ..Self::default()
        }
    }

    fn of_form(form: &Form, amount: Option<Amount>) -> Self {
        let value = |name: &str| form.value(name).unwrap_or_default().to_owned();
        let by_amount = form.value("by") == Some("amount");
        let slip = form.value("slip").map(str::to_owned);
        Self {
            by_amount,
            whole: !by_amount && slip.is_none(),
            slip,
            amount: amount.map(|amount| amount.to_string()).unwrap_or_default(),
            reason: value("reason"),
            note: value("note").trim().to_owned(),
            key: form.value("key").map(str::to_owned),
        }
    }
}

/// Why something did not do.
#[derive(Default)]
struct Troubles {
    general: Option<Both>,
    reason: Option<Both>,
}

/// 退费: what may go back.
pub(in crate::internal) async fn show(staff: Staff, bill: web::Path<String>) -> StaffAnswer {
    let file = file::read(&staff, &bill).await?;
    let choice = Choice::of_query(&staff);
    page(&staff, StatusCode::OK, &file, &choice, Troubles::default()).await
}

async fn page(
    staff: &Staff,
    status: StatusCode,
    file: &OrderFile,
    choice: &Choice,
    troubles: Troubles,
) -> StaffAnswer {
    match refund_picture(&staff.gateway, &file.bill.bill.bill_no).await? {
        Ok(picture) => {
            let dialog = dialog(staff, file, &picture, choice, troubles).await?;
            Ok(staff.page_as(status, &dialog))
        }
        Err(NoPicture::NotFound) => Err(StaffFailure::NotFound),
        Err(NoPicture::NotPaid) => {
            let said = State::new(
                Face::Warn,
                "这笔单没有收到钱，没有可退的",
                "Nothing was paid; there is nothing to refund",
            );
            Ok(staff.say_and_go(&format!("/orders/{}", file.bill.bill.bill_no), &said))
        }
    }
}

async fn dialog(
    staff: &Staff,
    file: &OrderFile,
    picture: &RefundPicture,
    choice: &Choice,
    troubles: Troubles,
) -> Result<RefundDialog, StaffFailure> {
    let path = format!("/orders/{}/refund", file.bill.bill.bill_no);
    let able: Vec<&RefundChoice> = picture.choices.iter().filter(|one| possible(one)).collect();
    let picked = |one: &RefundChoice| match (&one.slip, able.as_slice()) {
        // One slip only: there is nothing to choose.
        (_, [only]) if choice.slip.is_none() && !choice.whole => **only == *one,
        (Some(slip), _) => choice.slip.as_deref() == Some(slip.slip_no.as_str()),
        (None, _) => choice.whole,
    };
    let chosen = able.iter().copied().find(|one| picked(one));
    let typed = match (choice.by_amount, choice.amount.is_empty()) {
        (true, false) => Some(amount_of(&choice.amount, picture.left)),
        _ => None,
    };
    let (his, his_word) = match &typed {
        Some(Ok(amount)) => {
            let word = word_for_amount(&staff.gateway, &picture.payment, None, *amount).await?;
            (words::his(&word), Some(word))
        }
        _ => (summary(picture, able.len()), None),
    };
    let meant: Option<(Option<SlipNo>, Amount)> = if choice.by_amount {
        match (&typed, &his_word) {
            (Some(Ok(amount)), Some(word)) if word.allows() => Some((None, *amount)),
            _ => None,
        }
    } else {
        chosen.and_then(|one| {
            let amount = Amount::try_from(one.left).ok()?;
            Some((one.slip.as_ref().map(|slip| slip.slip_no.clone()), amount))
        })
    };
    let form = meant.map(|(slip_no, amount)| RefundForm {
        key: choice.key.clone().unwrap_or_else(|| {
            ambient::random_text(staff.gateway.random.as_ref(), ambient::UPPER_ALPHANUMERIC, 24)
        }),
        slip_no: slip_no.map(|slip_no| slip_no.to_string()),
        amount_fen: amount.get(),
        amount_yuan: words::yuan(amount.fen()),
        second_person: picture.needs_second_person(amount.fen()),
    });
    let asked = staff.moment(picture.asked_at).clock_with_seconds();
    let way = words::way(&staff.gateway, &picture.payment.payment.channel);
    let (received, held, waiting) =
        (words::yuan(picture.received), words::yuan(picture.held), words::yuan(picture.waiting));
    let waits = if picture.waiting > Fen::ZERO {
        (format!("，待审批 {waiting}"), format!(", {waiting} wait for approval"))
    } else {
        Default::default()
    };
    let all = Some(picture.left)
        .filter(|left| *left > Fen::ZERO)
        .map(|left| (words::yuan(left), format!("{path}?by=amount&amount={}", encoded(&left.to_yuan()))));
    Ok(RefundDialog {
        order: file::order(staff, file)?,
        way: if choice.by_amount { RefundWay::ByAmount } else { RefundWay::BySlip },
        sums: Both::new(
            format!("实付 {received}，已退或在途 {held}{}，原路退回{}", waits.0, way.zh),
            format!("{received} paid, {held} back or under way{}; goes back to {}", waits.1, way.en),
        ),
        his,
        his_at: Both::new(format!("{asked} 查询"), format!("asked at {asked}")),
        choices: picture
            .choices
            .iter()
            .map(|one| {
                let address = one.slip.as_ref().map_or("all", |slip| slip.slip_no.as_str());
                pages::RefundChoice {
                    href: possible(one).then(|| format!("{path}?slip={}", encoded(address))),
                    chosen: chosen == Some(one),
                    what: match &one.slip {
                        Some(slip) => Both::same(slip.title.clone()),
                        None => Both::new("整笔，全部缴费单", "all of it, every slip"),
                    },
                    slip_no: one.slip.as_ref().map(|slip| slip.slip_no.to_string()),
                    answer: words::his(&one.his),
                    left_yuan: words::yuan(one.left),
                }
            })
            .collect(),
        by_amount: RefundByAmount {
            typed: choice.amount.clone(),
            trouble: typed.and_then(|typed| typed.err()),
            all,
        },
        reasons: REASONS
            .into_iter()
            .map(|(code, zh, en)| RefundReason {
                code,
                word: if code == "other" {
                    Both::new(format!("{zh}（须说明）"), format!("{en} (say what)"))
                } else {
                    Both::new(zh, en)
                },
                chosen: code == choice.reason,
            })
            .collect(),
        note: choice.note.clone(),
        reason_trouble: troubles.reason,
        trouble: troubles.general,
        limit_yuan: words::yuan(picture.alone),
        form,
        why_not: why_not(choice, able.is_empty()),
    })
}

fn possible(choice: &RefundChoice) -> bool {
    choice.his.allows() && choice.left > Fen::ZERO
}

fn why_not(choice: &Choice, nothing: bool) -> Both {
    if choice.by_amount {
        Both::new(
            "先填金额并核对，HIS 允许后才能提交",
            "Enter the amount and check it; it can be sent once HIS allows it",
        )
    } else if nothing {
        Both::new("现在没有能退的，原因见上", "Nothing can go back now; the reasons are above")
    } else {
        Both::new("先选要退的缴费单", "Choose what goes back first")
    }
}

fn summary(picture: &RefundPicture, able: usize) -> State {
    let slips = picture.choices.iter().filter(|one| one.slip.is_some() && possible(one)).count();
    let any = |wanted: fn(&HisWord) -> bool| picture.choices.iter().any(|one| wanted(&one.his));
    if able > 0 {
        let slips = slips.max(1);
        return State::new(
            Face::Ok,
            format!("可以退 {slips} 张缴费单"),
            format!("{slips} slips may go back"),
        );
    }
    if any(|word| *word == HisWord::Silent) {
        return State::new(Face::Warn, "HIS 没有应答，请稍后再试", "HIS does not answer; try again");
    }
    if any(|word| *word == HisWord::NotBooked) {
        return State::new(
            Face::Info,
            "HIS 还没有入账，入账后才能退",
            "HIS has not booked it yet; it can go back once it has",
        );
    }
    if picture.left == Fen::ZERO {
        return State::new(Face::Idle, "没有可退的金额", "Nothing is left to refund");
    }
    State::new(Face::Warn, "HIS 不允许退", "HIS does not allow it")
}

/// What was typed, exactly; never rounded.
fn amount_of(text: &str, left: Fen) -> Result<Amount, Both> {
    let Ok(amount) = Amount::from_yuan(text) else {
        return Err(Both::new(
            "请输入金额，例如 12.30；最多两位小数",
            "Enter an amount such as 12.30, two decimals at most",
        ));
    };
    if amount.fen() <= left {
        return Ok(amount);
    }
    let most = words::yuan(left);
    let over = amount.fen().minus(left).map(words::yuan).unwrap_or_default();
    Err(Both::new(format!("最多 {most}，超出 {over}"), format!("{most} at most, {over} too much")))
}

/// The reason as it is kept: the list's word, and what was typed.
fn reason(form: &Form) -> Result<String, Both> {
    let code = form.value("reason").unwrap_or_default();
    let note = form.value("note").unwrap_or_default().trim();
    let Some((_, zh, _)) = REASONS.into_iter().find(|(known, _, _)| *known == code) else {
        return Err(Both::new("请选择原因", "Choose a reason"));
    };
    if note.is_empty() {
        return if code == "other" {
            Err(Both::new("选“其他”时请写明原因", "With “other”, say what it is"))
        } else {
            Ok(zh.to_owned())
        };
    }
    if !is_readable(note, 2, 60) {
        return Err(Both::new("说明须为 2 到 60 个可见字符", "2 to 60 characters that can be read"));
    }
    Ok(if code == "other" { note.to_owned() } else { format!("{zh}：{note}") })
}

/// 退费: sends it.
pub(in crate::internal) async fn send(
    staff: Staff,
    bill: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    let form = staff.form(&body)?;
    let file = file::read(&staff, &bill).await?;
    let amount =
        form.value("amount_fen").and_then(|fen| fen.parse().ok()).and_then(|fen| Amount::from_fen(fen).ok());
    let slip_no = match form.value("slip") {
        Some(text) => Some(SlipNo::parse(text).map_err(|_| StaffFailure::NotFound)?),
        None => None,
    };
    let choice = Choice::of_form(&form, amount);
    let Some(amount) = amount else {
        return Err(StaffFailure::Bad(Both::new("没有金额", "There is no amount")));
    };
    let reason = match reason(&form) {
        Ok(reason) => reason,
        Err(trouble) => {
            let troubles = Troubles { reason: Some(trouble), general: None };
            return page(&staff, StatusCode::BAD_REQUEST, &file, &choice, troubles).await;
        }
    };
    let wish = Wish {
        bill_no: file.bill.bill.bill_no.clone(),
        slip_no,
        amount,
        reason,
        key: choice.key.clone().unwrap_or_default(),
        by: staff.actor(),
    };
    match ask_refund(&staff.gateway, wish).await {
        Ok(Asked::Refund(record)) => {
            let said = State::new(
                Face::Ok,
                format!("退款 {} 已提交", words::yuan(record.refund.amount.fen())),
                format!("The refund of {} is on its way", words::yuan(record.refund.amount.fen())),
            );
            Ok(staff.say_and_go(&format!("/refunds/{}", record.refund.out_refund_no), &said))
        }
        Ok(Asked::Waiting(record)) => {
            let said = State::new(
                Face::Info,
                format!("退款 {} 已提交，等另一位审批", words::yuan(record.amount.fen())),
                format!("The refund of {} waits for another person", words::yuan(record.amount.fen())),
            );
            Ok(staff.say_and_go(&format!("/refunds/{}", record.request_no), &said))
        }
        Err(AskRefused::NotFound) => Err(StaffFailure::NotFound),
        Err(AskRefused::BadKey) => Err(StaffFailure::Stale),
        Err(AskRefused::Refused(refused)) => {
            if let crate::service::RefundRefused::Trouble(Trouble::Store(error)) = refused {
                return Err(error.into());
            }
            // What was shown does not hold any more: the picture is taken again, under a new key.
            let choice = Choice { key: None, ..choice };
            let troubles = Troubles { general: Some(words::refused(&refused)), reason: None };
            page(&staff, StatusCode::CONFLICT, &file, &choice, troubles).await
        }
    }
}
