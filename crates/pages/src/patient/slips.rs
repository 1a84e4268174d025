//! What is owed.

use super::history::EntryState;
use super::shared::{Deadline, SlipKind, Who, sample};
use crate::page::{Page, page};

/// One slip of the list.
#[derive(Clone, Debug)]
pub struct SlipCard {
    /// Its number in this list, from 1: field `slip` of the form and [`crate::paths::slip`]. Never a slip number of the
    /// HIS, which is nobody's business in an address.
    pub number: usize,
    /// What it is for.
    pub kind: SlipKind,
    /// The whole amount, `246.00`.
    pub amount_yuan: String,
    /// The same in fen; the script adds these up on the screen.
    pub amount_fen: i64,
    /// What was ordered, in the hospital's words: `心脏彩超、心电图，共 2 项`.
    pub what: String,
    /// Who ordered it, in parts: department, doctor.
    pub from: Vec<String>,
    /// When it was billed.
    pub billed_at: Option<crate::Moment>,
    /// Until when it can be paid.
    pub deadline: Option<Deadline>,
    /// A payment of it was begun and waits for its result: this one's reference. It is not chosen beforehand.
    pub begun: Option<String>,
    /// Chosen already.
    pub chosen: bool,
    /// Must be paid with the others of its visit: chosen, and cannot be let go.
    pub together: bool,
}

impl SlipCard {
    fn path(&self) -> String {
        crate::paths::slip(self.number)
    }
}

/// A slip that HIS still lists although it was paid here.
#[derive(Clone, Debug)]
pub struct UnderwaySlip {
    /// What it is for.
    pub kind: SlipKind,
    /// What was ordered, in the hospital's words.
    pub what: String,
    /// The whole amount.
    pub amount_yuan: String,
    /// Where its money is.
    pub state: EntryState,
    /// Of the payment.
    pub reference: String,
}

/// Everything unpaid for one card; the patient chooses.
#[derive(Clone, Debug)]
pub struct Slips {
    /// Whose bills.
    pub who: Who,
    /// At least one; an empty list is [`NothingToPay`].
    pub slips: Vec<SlipCard>,
    /// Paid already, and the hospital does not know yet.
    pub underway: Vec<UnderwaySlip>,
    /// The sum of the chosen ones, for browsers without script and before it runs.
    pub chosen_yuan: String,
    /// The form came back with nothing chosen.
    pub nothing_chosen: bool,
}

impl Slips {
    fn chosen_count(&self) -> usize {
        self.slips.iter().filter(|slip| slip.chosen || slip.together).count()
    }
}

/// Nothing is owed just now.
#[derive(Clone, Debug)]
pub struct NothingToPay {
    /// Whose card.
    pub who: Who,
    /// Paid already, and the hospital does not know yet.
    pub underway: Vec<UnderwaySlip>,
}

fn card(number: usize, kind: SlipKind, fen: i64, what: &str, from: &[&str]) -> SlipCard {
    SlipCard {
        number,
        kind,
        amount_yuan: crate::yuan(fen),
        amount_fen: fen,
        what: what.into(),
        from: from.iter().map(|part| (*part).into()).collect(),
        billed_at: Some(sample::today(9, 58)),
        deadline: Some(Deadline::PayBy(sample::today(23, 59))),
        begun: None,
        chosen: true,
        together: false,
    }
}

fn underway(state: EntryState) -> UnderwaySlip {
    UnderwaySlip {
        kind: SlipKind::Lab,
        what: "血常规、血脂四项".into(),
        amount_yuan: "86.50".into(),
        state,
        reference: sample::reference(),
    }
}

page!(Slips, "patient/slips.html", [
    "ordinary" => Self {
        who: sample::who(),
        slips: vec![
            SlipCard {
                deadline: Some(Deadline::HeldUntil(sample::today(10, 42))),
                billed_at: None,
                ..card(1, SlipKind::Registration, 2500, "内分泌科 今天 14:30", &["陈志远 副主任医师"])
            },
            card(2, SlipKind::Exam, 24_600, "心脏彩超、心电图，共 2 项", &["心血管内科", "林静 医师"]),
            card(3, SlipKind::Drug, 13_246, "阿司匹林肠溶片等，共 8 项", &["心血管内科", "林静 医师"]),
        ],
        underway: Vec::new(),
        chosen_yuan: "403.46".into(),
        nothing_chosen: false,
    },
    "earlier payments" => Self {
        who: sample::who(),
        slips: vec![
            SlipCard {
                begun: Some(sample::reference()),
                chosen: false,
                ..card(1, SlipKind::Exam, 24_600, "心脏彩超、心电图，共 2 项", &["心血管内科"])
            },
            card(2, SlipKind::Drug, 13_246, "阿司匹林肠溶片等，共 8 项", &["心血管内科", "林静 医师"]),
        ],
        underway: vec![underway(EntryState::Booking), underway(EntryState::Held)],
        chosen_yuan: "132.46".into(),
        nothing_chosen: false,
    },
    "nothing chosen" => Self {
        who: sample::who(),
        slips: vec![SlipCard {
            chosen: false,
            from: Vec::new(),
            billed_at: None,
            deadline: None,
            ..card(1, SlipKind::Other, 100, "病历复印", &[])
        }],
        underway: Vec::new(),
        chosen_yuan: "0.00".into(),
        nothing_chosen: true,
    },
    "together" => Self {
        who: sample::who(),
        slips: vec![
            SlipCard { together: true, ..card(1, SlipKind::Treatment, 12_000, "换药、雾化", &["普外科"]) },
            SlipCard { together: true, deadline: None, ..card(2, SlipKind::Lab, 8650, "血常规、血脂四项", &["普外科"]) },
        ],
        underway: Vec::new(),
        chosen_yuan: "206.50".into(),
        nothing_chosen: false,
    },
    "very long" => Self {
        who: sample::long_who(),
        slips: (1..=24)
            .map(|number| SlipCard {
                deadline: Some(Deadline::PayBy(sample::yesterday(23, 59))),
                ..card(number, SlipKind::Treatment, 123_456_789, sample::LONG_TEXT, &[sample::LONG_TEXT, "林静 医师"])
            })
            .collect(),
        underway: Vec::new(),
        chosen_yuan: "29,629,629.36".into(),
        nothing_chosen: false,
    },
]);

page!(NothingToPay, "patient/nothing_to_pay.html", [
    "ordinary" => Self { who: sample::who(), underway: Vec::new() },
    "paid already" => Self { who: sample::who(), underway: vec![underway(EntryState::Booking)] },
    "very long" => Self {
        who: sample::long_who(),
        underway: vec![
            UnderwaySlip {
                what: sample::LONG_TEXT.into(),
                amount_yuan: sample::HUGE_YUAN.into(),
                ..underway(EntryState::Held)
            };
            3
        ],
    },
]);
