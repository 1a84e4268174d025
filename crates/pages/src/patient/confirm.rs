//! The last look before paying, and the same when the amount has changed.

use super::shared::{PayApp, SlipKind, Who, sample};
use crate::{
    Moment,
    page::{Page, page},
    wording::Wording,
};

/// Who pays which part of the fees. Made from fen, so that the bar and the words cannot differ.
#[derive(Clone, Debug)]
pub struct Split {
    total_yuan: String,
    pooled_fund_yuan: String,
    account_yuan: String,
    own_yuan: String,
    bar: [Segment; 3],
}

/// A piece of the bar, in thousandths of its width.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) x: i64,
    pub(crate) width: i64,
}

impl Split {
    /// Pooled fund 统筹, personal account 个账 and the patient's own share, in fen. Negative parts count as zero.
    pub fn new(pooled_fund_fen: i64, account_fen: i64, own_fen: i64) -> Self {
        let parts = [pooled_fund_fen.max(0), account_fen.max(0), own_fen.max(0)];
        let total = parts.iter().fold(0_i64, |sum, part| sum.saturating_add(*part));
        Self {
            total_yuan: crate::yuan(total),
            pooled_fund_yuan: crate::yuan(parts[0]),
            account_yuan: crate::yuan(parts[1]),
            own_yuan: crate::yuan(parts[2]),
            bar: bar(parts),
        }
    }
}

/// A share above nothing is at least this wide, so that it can be seen.
const NARROWEST: i64 = 12;
const GAP: i64 = 6;

fn bar(parts: [i64; 3]) -> [Segment; 3] {
    let shown = i64::from(parts.iter().any(|part| *part > 0))
        * parts.iter().map(|part| i64::from(*part > 0)).sum::<i64>();
    let total: i128 = parts.iter().map(|part| i128::from(*part)).sum();
    if total == 0 {
        return [Segment::default(); 3];
    }
    let room = 1000 - GAP * (shown - 1);
    let mut widths = parts.map(|part| {
        let share = i64::try_from(i128::from(part) * i128::from(room) / total).unwrap_or(0);
        if part > 0 { share.max(NARROWEST) } else { 0 }
    });
    // Rounding and the narrowest width are settled by the widest piece.
    let widest = (0..3).max_by_key(|&index| widths[index]).unwrap_or(2);
    widths[widest] += room - widths.iter().sum::<i64>();
    let mut x = 0;
    widths.map(|width| {
        let segment = Segment { x, width };
        if width > 0 {
            x += width + GAP;
        }
        segment
    })
}

/// Last look, then the provider's own sheet. The form posts to [`crate::paths::PAY`].
#[derive(Clone, Debug)]
pub struct Confirm {
    /// Whose bills.
    pub who: Who,
    /// What the patient pays: the big amount and the one on the button.
    pub own_yuan: String,
    /// Insurance pays everything. That cannot be settled here yet, so the page says where it can.
    pub own_is_nothing: bool,
    /// The parts, when insurance pays any.
    pub split: Option<Split>,
    /// Kinds of the chosen slips, one for each slip.
    pub kinds: Vec<SlipKind>,
    /// What a single slip is for, in the hospital's words.
    pub detail: Option<String>,
    /// The app that pays.
    pub app: PayApp,
    /// Masked number for texts.
    pub phone: Option<String>,
    /// A place in a clinic is held until then.
    pub held_until: Option<Moment>,
    /// Comes back as field `snapshot`: an opaque mark of the amounts shown here, so that no other amount is charged.
    pub snapshot: String,
}

impl Confirm {
    fn kind_list(&self, say: &Wording) -> String {
        SlipKind::list(&self.kinds, say)
    }
}

/// More than can be paid at once through this gateway.
#[derive(Clone, Debug)]
pub struct OverLimit {
    /// What the chosen slips come to.
    pub own_yuan: String,
    /// The most that can be paid at once.
    pub most_yuan: String,
    /// How many slips are chosen: of several, fewer can be.
    pub slip_count: usize,
}

/// Not by phone, or not before some time. Why is told at the window and nowhere else.
#[derive(Clone, Debug)]
pub struct HeldBack {
    /// When it may be tried again; `None`: only at the window.
    pub until: Option<Moment>,
}

/// More or less than before, or not there any more.
#[derive(Clone, Debug)]
pub enum Difference {
    /// By so many yuan more.
    More(String),
    /// By so many yuan less.
    Less(String),
    /// It need not be paid any more; it was so many yuan.
    Gone(String),
    /// It was added, with so many yuan.
    New(String),
}

/// A slip that changed the amount.
#[derive(Clone, Debug)]
pub struct ChangedLine {
    /// What it is for.
    pub kind: SlipKind,
    /// The slip, in the hospital's words.
    pub name: String,
    /// By how much.
    pub difference: Difference,
}

/// The hospital has another amount now. The form posts to [`crate::paths::PAY`].
#[derive(Clone, Debug)]
pub struct AmountChanged {
    /// What was shown before.
    pub old_total_yuan: String,
    /// What is owed now.
    pub new_total_yuan: String,
    /// The slips that explain it; empty when they are not known.
    pub lines: Vec<ChangedLine>,
    /// What the patient pays now.
    pub own_yuan: String,
    /// The parts, when insurance pays any.
    pub split: Option<Split>,
    /// Comes back as field `snapshot`, as in [`Confirm`].
    pub snapshot: String,
}

page!(Confirm, "patient/confirm.html", [
    "insured" => Self {
        who: sample::who(),
        own_yuan: "112.00".into(),
        own_is_nothing: false,
        split: Some(Split::new(17_138, 12_008, 11_200)),
        kinds: vec![SlipKind::Registration, SlipKind::Exam, SlipKind::Drug],
        detail: None,
        app: PayApp::Wechat,
        phone: sample::phone(),
        held_until: None,
        snapshot: "s1".into(),
    },
    "self-pay" => Self {
        who: sample::who(),
        own_yuan: "25.00".into(),
        own_is_nothing: false,
        split: None,
        kinds: vec![SlipKind::Registration],
        detail: Some("内分泌科 今天 14:30".into()),
        app: PayApp::Alipay,
        phone: sample::phone(),
        held_until: Some(sample::today(10, 42)),
        snapshot: "s2".into(),
    },
    "insurance pays all" => Self {
        who: sample::who(),
        own_yuan: "0.00".into(),
        own_is_nothing: true,
        split: Some(Split::new(9000, 1000, 0)),
        kinds: vec![SlipKind::Lab],
        detail: None,
        app: PayApp::Wechat,
        phone: None,
        held_until: None,
        snapshot: "s3".into(),
    },
    "very long" => Self {
        who: sample::long_who(),
        own_yuan: sample::HUGE_YUAN.into(),
        own_is_nothing: false,
        split: Some(Split::new(1, 1, 123_456_789)),
        kinds: vec![
            SlipKind::Registration, SlipKind::Exam, SlipKind::Lab, SlipKind::Drug, SlipKind::Treatment, SlipKind::Deposit,
            SlipKind::Other,
        ],
        detail: Some(sample::LONG_TEXT.into()),
        app: PayApp::Alipay,
        phone: sample::phone(),
        held_until: Some(sample::yesterday(10, 42)),
        snapshot: "\"><".into(),
    },
]);

page!(OverLimit, "patient/over_limit.html", [
    "ordinary" => Self { own_yuan: "120,000.00".into(), most_yuan: "100,000.00".into(), slip_count: 3 },
    "one slip" => Self { own_yuan: sample::HUGE_YUAN.into(), most_yuan: "100,000.00".into(), slip_count: 1 },
]);

page!(HeldBack, "patient/held_back.html", [
    "for a while" => Self { until: Some(sample::today(11, 5)) },
    "until tomorrow" => Self { until: Some(sample::tomorrow(0, 0)) },
    "at the window only" => Self { until: None },
]);

page!(AmountChanged, "patient/amount_changed.html", [
    "less" => Self {
        old_total_yuan: "403.46".into(),
        new_total_yuan: "376.75".into(),
        lines: vec![
            ChangedLine { kind: SlipKind::Drug, name: "阿司匹林肠溶片等，共 8 项".into(), difference: Difference::Less("26.71".into()) },
            ChangedLine { kind: SlipKind::Exam, name: "心电图".into(), difference: Difference::Gone("30.00".into()) },
            ChangedLine { kind: SlipKind::Lab, name: "血常规".into(), difference: Difference::New("30.00".into()) },
        ],
        own_yuan: "85.29".into(),
        split: Some(Split::new(17_138, 12_008, 8529)),
        snapshot: "s4".into(),
    },
    "only the sums" => Self {
        old_total_yuan: "25.00".into(),
        new_total_yuan: "30.00".into(),
        lines: Vec::new(),
        own_yuan: "30.00".into(),
        split: None,
        snapshot: "s5".into(),
    },
    "very long" => Self {
        old_total_yuan: sample::HUGE_YUAN.into(),
        new_total_yuan: sample::HUGE_YUAN.into(),
        lines: vec![
            ChangedLine { kind: SlipKind::Treatment, name: sample::LONG_TEXT.into(), difference: Difference::More(sample::HUGE_YUAN.into()) };
            12
        ],
        own_yuan: sample::HUGE_YUAN.into(),
        split: None,
        snapshot: "s6".into(),
    },
]);

#[cfg(test)]
mod tests {
    use super::*;

    fn widths(parts: [i64; 3]) -> [i64; 3] {
        bar(parts).map(|segment| segment.width)
    }

    #[test]
    fn the_bar_shares_its_width_by_amount() {
        assert_eq!(
            bar([17_138, 12_008, 11_200]),
            [Segment { x: 0, width: 420 }, Segment { x: 426, width: 294 }, Segment { x: 726, width: 274 },]
        );
    }

    #[test]
    fn a_small_share_can_still_be_seen() {
        assert_eq!(widths([1, 1, 1_000_000]), [12, 12, 964]);
        assert_eq!(widths([0, 500, 500]), [0, 497, 497]);
        assert_eq!(widths([0, 0, i64::MAX]), [0, 0, 1000]);
        assert_eq!(widths([0, 0, 0]), [0, 0, 0]);
    }
}
