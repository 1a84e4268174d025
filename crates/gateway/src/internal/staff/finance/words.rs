//! What things are called on finance's screens, in both languages.

use crate::http::staff::Staff;
use crate::internal::staff::provider_words;
use mingfen_domain::difference::{Category, Owner, Remedy};
use mingfen_domain::ids::ChannelId;
use mingfen_domain::sides::{Kind, Side, State as LineState};
use mingfen_domain::{BusinessDay, Fen, Timestamp};
use mingfen_pages::staff::{Both, Face, State};
use mingfen_reconciliation::cause::Cause;
use mingfen_reconciliation::files::in_chinese;
use mingfen_reconciliation::report::fee_yuan;
use mingfen_store::{FindingRecord, InputKind, InputState, RemedyState, Standing};

/// `1,234.50`, with the real minus.
pub(super) fn yuan(fen: Fen) -> String {
    fen.to_yuan_grouped().replace('-', "−")
}

/// The same with a sign that is always there but on zero.
pub(super) fn signed(fen: Fen) -> String {
    if fen > Fen::ZERO { format!("+{}", yuan(fen)) } else { yuan(fen) }
}

/// A fee in thousandths of a fen: at least two decimals, and as many as it has.
pub(super) fn fee(milli_fen: i64) -> String {
    let text = fee_yuan(milli_fen).replace('-', "−");
    let Some(point) = text.find('.') else { return text };
    let decimals = text.trim_end_matches('0').len().max(point + 3);
    text.get(..decimals).unwrap_or(&text).to_owned()
}

/// What is wrong with a file.
pub(super) fn problem(english: &str) -> Both {
    Both::new(in_chinese(english).unwrap_or_else(|| english.to_owned()), english)
}

/// By which rules a run was made, as it keeps them.
pub(super) fn rules(kept: &str) -> Both {
    let seconds = kept.strip_prefix("three sides; ").and_then(|rest| {
        rest.strip_suffix(" s around midnight are waited for; our numbers are P and 20 more")
    });
    let zh = seconds.map_or_else(
        || kept.to_owned(),
        |seconds| format!("三方核对；零点前后 {seconds} 秒内的等次日；本系统单号为 P 加 20 位"),
    );
    Both::new(zh, kept)
}

/// `1,234`.
pub(super) fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if number < 0 { format!("−{grouped}") } else { grouped }
}

/// `11-23`.
pub(super) fn short(day: BusinessDay) -> String {
    let date = day.date();
    format!("{:02}-{:02}", u8::from(date.month()), date.day())
}

/// 一, Mo; and whether it is a Saturday or Sunday.
pub(super) fn weekday(day: BusinessDay) -> (Both, bool) {
    const NAMES: [(&str, &str); 7] =
        [("一", "Mo"), ("二", "Tu"), ("三", "We"), ("四", "Th"), ("五", "Fr"), ("六", "Sa"), ("日", "Su")];
    let place = usize::from(day.date().weekday().number_days_from_monday());
    let (zh, en) = NAMES.get(place).copied().unwrap_or(("", ""));
    (Both::new(zh, en), place >= 5)
}

/// 11-23 周一.
pub(super) fn day_title(day: BusinessDay) -> Both {
    let (name, _) = weekday(day);
    Both::new(format!("{} 周{}", short(day), name.zh), format!("{} {}", name.en, short(day)))
}

/// 今天 10:31, or `11-23 10:31`.
pub(super) fn moment(staff: &Staff, at: Timestamp) -> Both {
    let moment = staff.moment(at);
    if moment.today {
        Both::new(format!("今天 {}", moment.clock()), format!("today {}", moment.clock()))
    } else {
        Both::same(format!("{:02}-{:02} {}", moment.month, moment.day, moment.clock()))
    }
}

pub(super) fn category(category: Category) -> Both {
    Both::new(category.chinese(), category.english())
}

pub(super) fn standing(standing: Standing) -> State {
    match standing {
        Standing::Settled => State::new(Face::Ok, standing.chinese(), "nothing to do"),
        Standing::Open => State::new(Face::Warn, standing.chinese(), "open"),
        Standing::Waiting => State::new(Face::Info, standing.chinese(), "waits for approval"),
        Standing::Carried => State::new(Face::Info, standing.chinese(), "carried"),
        Standing::Resolved => State::new(Face::Ok, standing.chinese(), "resolved"),
        Standing::Cleared => State::new(Face::Ok, standing.chinese(), "cleared later"),
        Standing::Moved => State::new(Face::Idle, standing.chinese(), "part of another"),
    }
}

pub(super) fn remedy(remedy: Remedy) -> Both {
    let english = match remedy {
        Remedy::AskAgain => "ask again",
        Remedy::WriteBackNow => "tell HIS now",
        Remedy::Refund => "refund",
        Remedy::Carry => "carry",
        Remedy::MarkForeign => "mark as not ours",
        Remedy::BookToSuspense => "book to suspense",
        Remedy::WriteOff => "write off",
        Remedy::Note => "remark",
    };
    Both::new(remedy.chinese(), english)
}

/// What it does, in a sentence.
pub(super) fn remedy_what(remedy: Remedy) -> Both {
    match remedy {
        Remedy::AskAgain => Both::new(
            "向渠道与 HIS 再问一次，答复按正常流程入账。",
            "Channel and HIS are asked once more; answers are booked as usual.",
        ),
        Remedy::WriteBackNow => {
            Both::new("立即把支付或退费告诉 HIS。", "HIS is told of the payment or refund now.")
        }
        Remedy::Refund => {
            Both::new("多出的钱原路退给付款人。", "What is too much goes back the way it came.")
        }
        Remedy::Carry => {
            Both::new("以后各日继续寻找对应流水。", "Later days go on looking for the other half.")
        }
        Remedy::MarkForeign => {
            Both::new("不属于本系统，以后不再寻找。", "It is somebody else's; it is not looked for any more.")
        }
        Remedy::BookToSuspense => Both::new(
            "差额记到挂账科目，以后再定。",
            "The gap is held on the suspense account until it is decided.",
        ),
        Remedy::WriteOff => {
            Both::new("差额记为损益，就此结案。", "The gap is taken as a loss or gain, and closed.")
        }
        Remedy::Note => Both::new("只留下理由，不改变任何账。", "A remark is kept; no ledger changes."),
    }
}

/// Whether money or books move by it.
pub(super) const fn moves(remedy: Remedy) -> bool {
    matches!(remedy, Remedy::Refund | Remedy::BookToSuspense | Remedy::WriteOff)
}

pub(super) fn remedy_state(state: RemedyState) -> Both {
    let english = match state {
        RemedyState::Waiting => "waits for approval",
        RemedyState::Done => "done",
        RemedyState::Declined => "declined",
    };
    Both::new(state.chinese(), english)
}

pub(super) fn owner(owner: Owner) -> Both {
    let english = match owner {
        Owner::Cashier => "cashiers",
        Owner::Finance => "finance",
        Owner::It => "IT",
        Owner::Provider => "the provider",
    };
    Both::new(owner.chinese(), english)
}

pub(super) const OWNERS: [Owner; 4] = [Owner::Finance, Owner::Cashier, Owner::It, Owner::Provider];

pub(super) fn side(side: Side) -> Both {
    let english = match side {
        Side::Channel => "channel",
        Side::Gateway => "gateway",
        Side::His => "HIS",
    };
    Both::new(side.chinese(), english)
}

pub(super) fn line_state(state: LineState) -> Both {
    let english = match state {
        LineState::Done => "done",
        LineState::UnderWay => "under way",
        LineState::Void => "never took effect",
    };
    Both::new(state.chinese(), english)
}

pub(super) fn kind(kind: Kind) -> Both {
    let english = match kind {
        Kind::Payment => "payment",
        Kind::Refund => "refund",
    };
    Both::new(kind.chinese(), english)
}

pub(super) fn input_kind(kind: InputKind) -> Both {
    let english = match kind {
        InputKind::Statement => "statement",
        InputKind::Journal => "our journal",
        InputKind::Ledger => "HIS ledger",
        InputKind::Carried => "carried over",
        InputKind::FundFlow => "fund flow",
        InputKind::Bank => "bank movements",
    };
    Both::new(kind.chinese(), english)
}

pub(super) fn input_state(state: InputState, kind: InputKind) -> State {
    match state {
        InputState::Read => State::new(Face::Ok, "已读", "read"),
        InputState::Nothing if kind == InputKind::Statement => {
            State::new(Face::Ok, "当日无交易", "nothing that day")
        }
        InputState::Nothing => State::new(Face::Idle, "没有", "none"),
        InputState::NotYet => State::new(Face::Info, "对账单未到", "not there yet"),
        InputState::Refused => State::new(Face::Bad, "文件有误", "not in order"),
    }
}

/// The cause as a name.
pub(super) fn cause(finding: &FindingRecord) -> Both {
    Cause::parse(&finding.cause)
        .map_or_else(|| Both::same(&finding.cause), |cause| Both::new(cause.chinese(), cause.english()))
}

/// The cause as a sentence.
pub(super) fn cause_sentence(finding: &FindingRecord) -> Both {
    Cause::parse(&finding.cause).map_or_else(
        || Both::same(&finding.cause),
        |cause| Both::new(cause.chinese_sentence(), cause.english_sentence()),
    )
}

/// What a merchant account is called.
pub(super) fn account(staff: &Staff, channel: &ChannelId) -> Both {
    let provider = staff.gateway.channel(channel).map(|provider| provider.provider_name());
    provider.map_or_else(|| Both::new("账户", "account"), provider_words)
}

/// The first and last digits.
pub(super) fn hash_ends(sha256: &str) -> String {
    match (sha256.get(..4), sha256.len().checked_sub(4).and_then(|from| sha256.get(from..))) {
        (Some(first), Some(last)) if sha256.len() > 8 => format!("{first}…{last}"),
        _ => sha256.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_the_real_minus_and_groups() {
        assert_eq!(yuan(Fen::new(-237_920)), "−2,379.20");
        assert_eq!((signed(Fen::new(8600)), signed(Fen::ZERO)), ("+86.00".into(), "0.00".into()));
        assert_eq!(
            (number(1_234_567), number(0), number(-1000)),
            ("1,234,567".into(), "0".into(), "−1,000".into())
        );
    }

    #[test]
    fn a_fee_has_the_decimals_that_it_needs() {
        assert_eq!([fee(43_183_000), fee(-1_200), fee(0)], ["431.83", "−0.012", "0.00"]);
    }

    #[test]
    fn a_day_is_called_by_its_weekday() {
        let day = BusinessDay::parse("2026-11-23").expect("a day");
        assert_eq!(day_title(day), Both::new("11-23 周一", "Mo 11-23"));
        assert!(weekday(BusinessDay::parse("2026-11-22").expect("a day")).1);
    }
}
