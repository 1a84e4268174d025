//! What the cashier's screens call things: states, channels, accounts, steps. Chinese and English side by side.

use crate::Gateway;
use crate::internal::staff::provider_words;
use crate::service::desk::{FileStep, HisWord, Kind, OrderFile, OrderLine, What};
use crate::service::{OpenWork, RefundRefused, Stage};
use mingfen_domain::Fen;
use mingfen_domain::books::{Account, Reason};
use mingfen_domain::ids::ChannelId;
use mingfen_domain::payment::{ClosedBecause, Scene};
use mingfen_domain::refund::State as RefundState;
use mingfen_domain::refund_request::State as RequestState;
use mingfen_domain::slip::SlipKind;
use mingfen_domain::window::PosSlipError;
use mingfen_pages::staff::cashier::StepKind;
use mingfen_pages::staff::{Both, Face, State};
use mingfen_store::{RefundHisState, RefundRecord, RefundRequestRecord, TaskKind};

/// With thousands, and a real minus.
pub(super) fn yuan(fen: Fen) -> String {
    fen.to_yuan_grouped().replace('-', "−")
}

/// Who somebody in the trail is: a staff number, or a part of the program.
pub(super) fn who(actor: &str) -> String {
    actor.strip_prefix("staff:").unwrap_or(actor).to_owned()
}

pub(super) fn way(gateway: &Gateway, channel: &ChannelId) -> Both {
    let provider = gateway.channel(channel).map(|provider| provider.provider_name());
    provider.map_or_else(|| Both::same(channel.to_string()), provider_words)
}

pub(super) fn kind(kind: SlipKind) -> (&'static str, &'static str) {
    match kind {
        SlipKind::Registration => ("挂号", "registration"),
        SlipKind::Exam => ("检查", "examination"),
        SlipKind::Lab => ("检验", "laboratory"),
        SlipKind::Drug => ("药费", "drugs"),
        SlipKind::Treatment => ("治疗", "treatment"),
        SlipKind::Deposit => ("住院预交金", "deposit"),
        SlipKind::Other => ("门诊缴费", "fees"),
    }
}

/// What a payment is for: the kind and department of its first slip, and how many more there are.
pub(super) fn what_for(line: &OrderLine) -> Both {
    let slips = &line.bill.slips;
    let Some(first) = slips.first() else { return Both::same("—") };
    let (zh, en) = kind(first.kind);
    let department =
        if first.department.is_empty() { String::new() } else { format!(" · {}", first.department) };
    match slips.len() {
        1 => Both::new(format!("{zh}{department}"), format!("{en}{department}")),
        all => Both::new(format!("{zh}{department} 等 {all} 张"), format!("{en}{department}, {all} slips")),
    }
}

pub(super) fn stage(stage: Option<&Stage>) -> State {
    match stage {
        None => State::new(Face::Idle, "未下单", "no order"),
        Some(Stage::Waiting { in_doubt: false }) => State::new(Face::Info, "等待支付", "waiting for payment"),
        Some(Stage::Waiting { in_doubt: true }) => State::new(Face::Warn, "结果未知", "unknown"),
        Some(Stage::Booking) => State::new(Face::Info, "回写中", "being booked"),
        Some(Stage::Paid(_)) => State::new(Face::Ok, "已入账", "booked"),
        Some(Stage::Refunding) => State::new(Face::Info, "退款中", "going back"),
        Some(Stage::Refunded { .. }) => State::new(Face::Ok, "已全部退回", "all back"),
        Some(Stage::RefundStuck) => State::new(Face::Bad, "退款未到账", "refund stuck"),
        Some(Stage::Held) => State::new(Face::Warn, "挂账待处理", "held for a person"),
        Some(Stage::NotCharged(ClosedBecause::Refused)) => State::new(Face::Idle, "下单被拒", "refused"),
        Some(Stage::NotCharged(_)) => State::new(Face::Idle, "已关单", "closed"),
    }
}

/// What a list says of a payment beside its state.
pub(super) fn remark(line: &OrderLine) -> Both {
    if line.refunded > Fen::ZERO {
        let back = yuan(line.refunded);
        return Both::new(format!("已退 {back}"), format!("{back} back"));
    }
    match &line.stage {
        Some(Stage::NotCharged(_)) => Both::new("未支付，未扣款", "not paid, nothing taken"),
        _ => Both::default(),
    }
}

pub(super) fn refund(record: &RefundRecord) -> State {
    match &record.refund.state {
        RefundState::Due => State::new(Face::Info, "等待提交渠道", "about to be sent"),
        RefundState::Unknown => State::new(Face::Info, "已提交，待确认", "sent, not confirmed"),
        RefundState::Processing { .. } => State::new(Face::Info, "渠道退款中", "at the channel"),
        RefundState::Succeeded { .. } => State::new(Face::Ok, "已到账", "arrived"),
        RefundState::Abnormal { .. } => {
            State::new(Face::Bad, "未到账（须人工）", "stuck: a person has to act")
        }
        RefundState::Failed { .. } => State::new(Face::Bad, "未到账（确定失败）", "failed for certain"),
    }
}

pub(super) fn request(record: &RefundRequestRecord) -> State {
    match &record.state {
        RequestState::Waiting => State::new(Face::Warn, "等待审批", "waiting for approval"),
        RequestState::Approved => State::new(Face::Info, "已批准，提交中", "approved, being sent"),
        RequestState::CarriedOut { .. } => State::new(Face::Ok, "已批准", "approved"),
        RequestState::Refused { .. } => State::new(Face::Bad, "批准后未退成", "refused after approval"),
        RequestState::Declined { .. } => State::new(Face::Idle, "已拒绝", "declined"),
        RequestState::Withdrawn => State::new(Face::Idle, "已撤回", "taken back"),
    }
}

pub(super) fn his(word: &HisWord) -> State {
    match word {
        HisWord::Yes => State::new(Face::Ok, "可退", "yes"),
        HisWord::NotConcerned => State::new(Face::Ok, "可退 · HIS 未入账", "yes · HIS has booked nothing"),
        HisWord::No(reason) => State::new(Face::Idle, format!("不可退 · {reason}"), format!("no · {reason}")),
        HisWord::Silent => State::new(Face::Warn, "HIS 没有应答", "HIS does not answer"),
        HisWord::NotBooked => State::new(Face::Info, "HIS 还没有入账", "HIS has not booked it yet"),
        HisWord::NothingLeft => State::new(Face::Idle, "没有可退的", "nothing is left"),
    }
}

/// Why there is no refund, for whoever stands at the window.
pub(super) fn refused(refused: &RefundRefused) -> Both {
    match refused {
        RefundRefused::NotFound => Both::new("没有这笔支付", "There is no such payment"),
        RefundRefused::NotPaid(_) => Both::new("这笔单没有收到钱，没有可退的", "Nothing was paid"),
        RefundRefused::NotBookedYet(_) => Both::new(
            "HIS 还没有入账；请等入账后再退，或等系统自动退回",
            "HIS has not booked it yet; wait until it has, or until it is sent back by itself",
        ),
        RefundRefused::TooMuch { left, .. } => {
            let left = yuan(*left);
            Both::new(
                format!("最多还可退 {left} 元，没有退"),
                format!("{left} yuan are left at most; nothing was refunded"),
            )
        }
        RefundRefused::NothingLeft => Both::new("已经没有可退的金额", "Nothing is left to refund"),
        RefundRefused::NoSuchSlip(_) => {
            Both::new("这张缴费单不在这笔支付里", "This slip is not part of the payment")
        }
        RefundRefused::OtherRequest(number) => Both::new(
            format!("这张表单已经用过，退款单号 {number}"),
            format!("This form was used before, refund {number}"),
        ),
        RefundRefused::HisSaysNo(reason) => {
            Both::new(format!("HIS 不允许退：{reason}"), format!("HIS does not allow it: {reason}"))
        }
        RefundRefused::HisSilent(_) => Both::new(
            "HIS 没有应答，没有退任何钱，请稍后再试",
            "HIS does not answer; nothing was refunded, try again",
        ),
        RefundRefused::NoRefunds(channel) => Both::new(
            format!("渠道 {channel} 不能退款，请按手工退款处理"),
            format!("Channel {channel} cannot refund; give it back by hand"),
        ),
        RefundRefused::NoReason => Both::new("请写明原因，最多 80 个字", "Say why, in 80 characters at most"),
        RefundRefused::Trouble(_) => Both::new(
            "系统暂时有问题，没有退任何钱，请再试一次",
            "We are in trouble; nothing was refunded, try again",
        ),
    }
}

pub(super) fn reading(kind: Kind, shown: &str) -> Both {
    let (zh, en) = match kind {
        Kind::Bill => ("账单号", "bill"),
        Kind::Order => ("支付单号", "order"),
        Kind::Refund => ("退款单号", "refund"),
        Kind::Slip => ("缴费单号", "slip"),
        Kind::Provider => ("渠道交易号", "provider's number"),
        Kind::Receipt => ("HIS 收据号", "HIS receipt"),
        Kind::Voucher => ("缴费凭证号", "voucher"),
        Kind::SlipLink => ("缴费单二维码", "code on a slip"),
        Kind::ResultLink => ("结果页链接", "result page"),
        Kind::Card => ("就诊卡", "card"),
        Kind::Phone => ("手机号", "phone"),
        Kind::PhoneTail => ("手机尾号", "phone ending in"),
        Kind::Name => ("姓名", "name"),
    };
    if shown.is_empty() {
        Both::new(zh, en)
    } else {
        Both::new(format!("{zh} {shown}"), format!("{en} {shown}"))
    }
}

pub(super) fn account(account: &Account) -> Both {
    match account {
        Account::ChannelReceivable(channel) => {
            Both::new(format!("渠道应收 {channel}"), format!("receivable from {channel}"))
        }
        Account::PatientMoney => Both::new("待入账", "patient money"),
        Account::HisRevenue => Both::new("HIS 收入", "HIS revenue"),
        Account::RefundsPayable => Both::new("应退款", "refunds payable"),
        Account::Suspense => Both::new("挂账", "suspense"),
        Account::PaidByHand => Both::new("手工退款", "paid by hand"),
        Account::WrittenOff => Both::new("核销", "written off"),
        Account::CashHandedIn => Both::new("上缴现金", "cash handed in"),
        Account::CashOverShort => Both::new("现金长短款", "cash over and short"),
    }
}

pub(super) fn entry(reason: Reason) -> Both {
    match reason {
        Reason::Paid => Both::new("支付", "paid"),
        Reason::PaidIntoSuspense => Both::new("收款挂账", "paid into suspense"),
        Reason::Booked => Both::new("HIS 入账", "booked at HIS"),
        Reason::RefundRequested => Both::new("申请退费", "refund asked for"),
        Reason::RefundArrived => Both::new("退费到账", "refund arrived"),
        Reason::RefundGivenUp => Both::new("退费作废", "refund given up"),
        Reason::RefundTakenBack => Both::new("作废的退费又到账", "refund taken back"),
        Reason::RefundPaidByHand => Both::new("手工退款", "paid back by hand"),
        Reason::DifferenceToSuspense => Both::new("对账差额挂账", "difference to suspense"),
        Reason::DifferenceWrittenOff => Both::new("对账差额核销", "difference written off"),
        Reason::ShiftClosed => Both::new("结班上缴", "shift closed"),
    }
}

/// Why what was typed is no slip of a terminal.
pub(super) fn pos_slip(error: PosSlipError) -> Both {
    match error {
        PosSlipError::Terminal => Both::new(
            "终端号须为 4 到 16 位字母或数字，见 POS 小票",
            "A terminal has 4 to 16 letters and digits; it is on the slip",
        ),
        PosSlipError::Reference => Both::new(
            "参考号须为 6 到 32 位字母或数字，见 POS 小票",
            "A reference has 6 to 32 letters and digits; it is on the slip",
        ),
    }
}

/// A slip of a terminal that was written down before.
pub(super) fn slip_used() -> Both {
    Both::new(
        "这张 POS 小票已登记过，没有记这一笔；请核对参考号",
        "This slip was used before; nothing was written down. Compare the reference",
    )
}

/// A matter that waits for a person.
pub(super) fn matter(work: &OpenWork) -> Both {
    let kind = work.subject.rsplit_once(':').map_or("", |(_, kind)| kind);
    let zh = match (work.kind, kind) {
        (_, "contradiction" | "refund_contradiction") => "渠道前后说法矛盾，请到商户平台核对",
        (_, "wrong_amount") => "渠道收款金额与下单不符，钱已挂账",
        (_, "refund_failed") => "渠道没有退成，钱还在医院，请重新退费或手工退款",
        (_, "refund_abnormal") => "渠道退不到原账户，请到商户平台处理",
        (_, "refund_not_booked" | "refund_booking_overdue") => "退费已到账，HIS 还没有记退费",
        (_, "write_back_overdue") => "HIS 长时间没有入账",
        (_, "booked_after_refusal" | "booked_otherwise" | "order_conflict") => "HIS 的入账与支付不符",
        (_, "his_refuses_us") => "HIS 拒绝本系统的连接",
        (_, "refund_overdue") => "退费长时间没有到账",
        (_, "unknown_order") => "渠道不认识这笔订单",
        (TaskKind::WriteBack, _) => "HIS 回写停住了",
        (TaskKind::FollowRefund | TaskKind::WriteBackRefund, _) => "退费停住了",
        _ => "有一步停住了，需要信息科处理",
    };
    let en = if work.because.is_empty() { work.subject.clone() } else { work.because.clone() };
    Both::new(zh, en)
}

/// A step of the story: its kind, face, words, and more words.
pub(super) fn step(step: &FileStep) -> (StepKind, Face, Both, Both) {
    match &step.what {
        What::Confirmed { slips, scene, authorised } => {
            let from = match scene {
                Some(Scene::InApp) => ("应用内打开", "opened inside the app"),
                Some(Scene::MobileBrowser) => ("手机浏览器打开", "opened in a browser"),
                Some(Scene::ShownCode) => ("屏幕二维码", "code on a screen"),
                Some(Scene::Window) => ("收费窗口", "at the window"),
                None => ("", ""),
            };
            let who =
                if *authorised { ("，付款人已授权", ", the payer is authorised") } else { ("", "") };
            let comma = if from.0.is_empty() { ("", "") } else { ("；", "; ") };
            let what = match scene {
                Some(Scene::Window) => Both::new("窗口选单", "Chosen at the window"),
                _ => Both::new("扫码并确认", "Scanned and confirmed"),
            };
            (
                StepKind::Confirmed,
                Face::Ok,
                what,
                Both::new(
                    format!("{}{}{}{slips} 张缴费单", from.0, who.0, comma.0),
                    format!("{}{}{}{slips} slips", from.1, who.1, comma.1),
                ),
            )
        }
        What::Ordered { order, channel } => (
            StepKind::Order,
            Face::Ok,
            Both::new("下单", "Order"),
            Both::new(format!("渠道 {channel}，{order}"), format!("channel {channel}, {order}")),
        ),
        What::Seen { of_refund, way, seen, outcome } => seen_step(*of_refund, way, seen, outcome),
        What::HisDoubted => (
            StepKind::His,
            Face::Warn,
            Both::new("HIS 没有应答", "HIS gave no answer"),
            Both::new("结果未知；先查询，不重发", "unknown; HIS is asked before it is told again"),
        ),
        What::Message { kind, sent } => {
            let what = match kind.as_str() {
                "paid" => ("支付成功", "paid"),
                "refunded" => ("退费到账", "refunded"),
                "refund_delayed" => ("退费延迟", "refund delayed"),
                other => (other, other),
            };
            let (face, how) = if *sent {
                (Face::Ok, ("已发出", "sent"))
            } else {
                (Face::Warn, ("没有发出", "not taken"))
            };
            (
                StepKind::Message,
                face,
                Both::new("短信", "Text message"),
                Both::new(format!("{}，{}", what.0, how.0), format!("{}; {}", what.1, how.1)),
            )
        }
        What::RefundAsked { number, reason, by } => (
            StepKind::Refund,
            Face::Info,
            Both::new("提交退费", "Refund"),
            Both::same(format!("{reason} · {} · {number}", who(by))),
        ),
        What::RefundRequested { number, reason, by } => (
            StepKind::Approval,
            Face::Info,
            Both::new("退费申请，等第二人", "Refund asked for, needs a second person"),
            Both::same(format!("{reason} · {} · {number}", who(by))),
        ),
        What::Written { by, action, detail } => written(by, action, detail),
    }
}

fn seen_step(of_refund: bool, way: &str, seen: &str, outcome: &str) -> (StepKind, Face, Both, Both) {
    let how = match way {
        "notification" => ("渠道通知", "Channel notified"),
        "query" => ("向渠道查询", "Channel asked"),
        "order_answer" => ("渠道受理下单", "Channel took the order"),
        "close_answer" => ("向渠道关单", "Closed at the channel"),
        "refund_answer" => ("渠道应答退款", "Channel answered the refund"),
        "deadline" => ("到期", "Deadline"),
        "cashier" => ("收费员", "Cashier"),
        other => (other, other),
    };
    let word = seen.split_whitespace().next().unwrap_or_default().trim_end_matches(':');
    let (zh, en) = match word {
        "paid" => ("支付成功", "paid"),
        "waiting" => ("未支付", "not paid"),
        "opened" => ("可以支付", "can be paid"),
        "closed" => ("已关闭", "closed"),
        "missing" => ("渠道没有这笔单", "unknown there"),
        "unknown" | "sent" => ("没有可用的应答，结果未知", "no usable answer, unknown"),
        "expired" => ("已过期", "expired"),
        "refused" => ("渠道拒绝", "refused"),
        "processing" => ("已受理，未到账", "accepted, not arrived"),
        "succeeded" => ("已退到付款人", "at the payer"),
        "abnormal" => ("退不到原账户", "cannot be delivered"),
        "postponed" => ("渠道要求稍后", "not now"),
        other => (other, other),
    };
    let (face, so) = match (outcome, word) {
        ("contradiction", _) => (Face::Warn, ("；与已知情况矛盾", "; contradicts what is known")),
        (_, "abnormal" | "refused") => (Face::Bad, ("", "")),
        (_, "unknown" | "sent" | "postponed") => (Face::Warn, ("", "")),
        ("already", _) => (Face::Idle, ("；已知，没有变化", "; known before")),
        (_, "waiting" | "missing" | "closed" | "expired") => (Face::Idle, ("", "")),
        (_, "processing" | "opened") => (Face::Info, ("", "")),
        _ => (Face::Ok, ("", "")),
    };
    let kind = if of_refund { StepKind::Refund } else { StepKind::Channel };
    (kind, face, Both::new(how.0, how.1), Both::new(format!("{zh}{}", so.0), format!("{en}{}", so.1)))
}

fn written(by: &str, action: &str, detail: &str) -> (StepKind, Face, Both, Both) {
    let by = who(by);
    let (kind, face, zh, en) = match action {
        "write_back.posted" => (StepKind::His, Face::Ok, "HIS 已入账", "HIS booked it"),
        "write_back.refused" => {
            (StepKind::His, Face::Bad, "HIS 拒绝入账，自动退款", "HIS refused; the money goes back")
        }
        "refund.arrived" => (StepKind::Refund, Face::Ok, "退费到账", "Refund arrived"),
        "refund.booked" => (StepKind::His, Face::Ok, "HIS 已记退费", "HIS booked the refund"),
        "refund.taken_back" => {
            (StepKind::Refund, Face::Warn, "作废的退费又在途", "A refund that was given up moves")
        }
        "refund.approved" => (StepKind::Approval, Face::Ok, "退费批准", "Refund approved"),
        "refund.declined" => (StepKind::Approval, Face::Idle, "退费拒绝", "Refund declined"),
        "refund.withdrawn" => (StepKind::Approval, Face::Idle, "退费撤回", "Refund taken back"),
        "refund.refused" => (StepKind::Approval, Face::Bad, "批准后没有退成", "Refused after approval"),
        "person.shown" => (StepKind::Looked, Face::Idle, "查看完整信息", "Personal data was shown"),
        "evidence.shown" => (StepKind::Looked, Face::Idle, "查看通知原文", "A notification was shown"),
        "receipt.printed" => (StepKind::Printed, Face::Idle, "打印收据", "Receipt printed"),
        "order.asked" => (StepKind::Channel, Face::Idle, "人工再查询", "Asked by a person"),
        "order.close_asked" => (StepKind::Channel, Face::Idle, "要求关单", "To be closed"),
        "window.taken" => (StepKind::Paid, Face::Ok, "窗口收款", "Taken at the window"),
        "window.dropped" => (StepKind::Order, Face::Idle, "窗口放开缴费单", "The slips were let go"),
        "window.given_back" => (StepKind::Refund, Face::Ok, "窗口退款", "Given back over the counter"),
        _ => {
            let known = crate::service::KINDS_OF_MATTERS.contains(&action);
            let face = if known { Face::Warn } else { Face::Idle };
            let word = if known { "转人工处理" } else { action };
            return (
                StepKind::Matter,
                face,
                Both::new(word, action.replace(['_', '.'], " ")),
                Both::same(format!("{by} · {detail}")),
            );
        }
    };
    (kind, face, Both::new(zh, en), more(action, &by, detail))
}

/// What the trail says beside the word, without what the page says anyway.
fn more(action: &str, by: &str, detail: &str) -> Both {
    let person = if by == "gateway" { "" } else { by };
    let joined = |zh: &str, en: &str| {
        let with = |text: &str| match (person.is_empty(), text.is_empty()) {
            (true, _) => text.to_owned(),
            (false, true) => person.to_owned(),
            (false, false) => format!("{person} · {text}"),
        };
        Both::new(with(zh), with(en))
    };
    match action {
        "write_back.posted" => match detail.split_once(", receipt ") {
            Some((order, receipt)) => joined(
                &format!("HIS 单号 {order}，收据 {receipt}"),
                &format!("HIS order {order}, receipt {receipt}"),
            ),
            None => joined(detail, detail),
        },
        "window.taken" | "window.given_back" => {
            // `88.50 yuan in cash, shift S…`, `… in card, slip 12345678-110123456789, shift S…`
            let how = detail.split_once(" yuan in ").map_or(detail, |(_, how)| how);
            let zh = how.replace("cash", "现金").replace("card, slip ", "刷卡，小票 ");
            joined(&zh.replace(", shift ", "，班次 "), how)
        }
        "window.dropped" => joined("", ""),
        "refund.arrived" | "refund.approved" | "refund.withdrawn" => joined("", ""),
        "refund.declined" => {
            let reason = detail.split_once(": ").map_or("", |(_, reason)| reason);
            joined(reason, reason)
        }
        "receipt.printed" => match detail.split_once(", reprint ") {
            Some((_, times)) => joined(&format!("补打，第 {times} 次"), &format!("reprint {times}")),
            None => joined("", ""),
        },
        _ => joined(detail, detail),
    }
}

/// Channel, gateway and HIS: what each has, and whether they agree.
pub(super) fn sides(file: &OrderFile) -> (Vec<State>, Both) {
    use mingfen_domain::write_back::State as WriteBack;
    let side = |face, zh: &str, en: &str| State::new(face, zh, en);
    if file.received == Fen::ZERO {
        let face = if matches!(file.stage, Some(Stage::NotCharged(_))) { Face::Idle } else { Face::Info };
        return (vec![side(face, "渠道", "channel")], Both::new("没有收到钱", "no money has come"));
    }
    let told = file.write_back.as_ref().map(|record| &record.state);
    let his = match told {
        Some(WriteBack::Posted(_)) => side(Face::Ok, "HIS", "HIS"),
        Some(WriteBack::Refused { .. }) => side(Face::Idle, "HIS", "HIS"),
        Some(_) => side(Face::Info, "HIS", "HIS"),
        None => side(Face::Idle, "HIS", "HIS"),
    };
    let unbooked = file.refunds.iter().any(|record| {
        matches!(record.his_state, RefundHisState::Due | RefundHisState::Unknown)
            && matches!(record.refund.state, RefundState::Succeeded { .. })
    });
    let note = match told {
        Some(WriteBack::Posted(_)) if unbooked => Both::new("退费待 HIS 记账", "HIS is to book a refund"),
        Some(WriteBack::Posted(_)) => Both::new("都已记账", "all have booked it"),
        Some(WriteBack::Refused { .. }) => Both::new("HIS 拒绝，钱退回", "HIS refused; the money goes back"),
        Some(_) => Both::new("等待 HIS 入账", "waiting for HIS"),
        None => Both::new("HIS 不涉及这笔钱", "HIS has no part in it"),
    };
    (vec![side(Face::Ok, "渠道", "channel"), side(Face::Ok, "网关", "gateway"), his], note)
}
