//! Limits and risk rules: what holds, what somebody proposes, and who may not pay by phone.

use super::frame::{Both, State};
use super::page::staff_page;

/// A rule as it holds.
#[derive(Clone, Debug)]
pub struct LimitRow {
    /// What is limited.
    pub what: Both,
    /// To how much.
    pub value: String,
    /// What happens above it.
    pub above: Both,
    /// How often it held somebody back in the last seven days; `None`: that is not counted.
    pub held_back: Option<i64>,
    /// The setting that it comes from, while it is the configuration's.
    pub setting: Option<String>,
}

/// A bound of the configuration file.
#[derive(Clone, Debug)]
pub struct FixedRow {
    /// What is limited.
    pub what: Both,
    /// To how much.
    pub value: String,
    /// What happens above it.
    pub above: Both,
    /// The setting.
    pub setting: String,
}

/// A proposal that waits, or a version.
#[derive(Clone, Debug)]
pub struct RuleSetRow {
    /// Its page.
    pub href: String,
    /// `第 3 版`, or `新申请`.
    pub title: Both,
    /// What it changes.
    pub changes: Vec<Both>,
    /// Who and when.
    pub who: Both,
    /// Why.
    pub reason: String,
    /// How it stands.
    pub state: State,
}

/// An entry of the blocklist.
#[derive(Clone, Debug)]
pub struct BlockRow {
    /// Its page.
    pub href: String,
    /// A card, a payer, a phone.
    pub kind: Both,
    /// What may be seen of it.
    pub masked: String,
    /// Why.
    pub reason: String,
    /// Who and when.
    pub added: String,
    /// Until when.
    pub until: Both,
    /// Whether it holds.
    pub state: State,
}

/// A choice of the form.
#[derive(Clone, Debug)]
pub struct KindChoice {
    /// Its word.
    pub key: &'static str,
    /// What it is called.
    pub word: Both,
    /// It is chosen.
    pub chosen: bool,
}

/// The form of a new entry.
#[derive(Clone, Debug)]
pub struct BlockForm {
    /// Which kind.
    pub kinds: Vec<KindChoice>,
    /// As it was typed.
    pub reason: String,
    /// As it was typed.
    pub until: String,
    /// What is wrong.
    pub trouble: Option<Both>,
}

/// 限额与风控.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Which version holds, since when, by whom.
    pub version: Both,
    /// The rules.
    pub rows: Vec<LimitRow>,
    /// What waits for a second person.
    pub waiting: Vec<RuleSetRow>,
    /// The latest versions.
    pub versions: Vec<RuleSetRow>,
    /// The latest entries of the blocklist.
    pub blocks: Vec<BlockRow>,
    /// How often the blocklist held somebody back in the last seven days.
    pub blocks_held_back: i64,
    /// Bounds of the configuration file.
    pub fixed: Vec<FixedRow>,
    /// Whether they may propose.
    pub manages: bool,
    /// The form of a new entry, for who may make one.
    pub form: Option<BlockForm>,
}

/// A number that can be changed.
#[derive(Clone, Debug)]
pub struct LimitField {
    /// The field's name.
    pub key: &'static str,
    /// What it limits.
    pub label: Both,
    /// As it was typed, or as it holds.
    pub value: String,
    /// What holds: `现在 20,000.00 元`.
    pub now: Both,
    /// It is a count; otherwise yuan.
    pub counts: bool,
    /// It is another one than holds.
    pub changed: bool,
    /// What is wrong with it.
    pub trouble: Option<Both>,
}

/// Fields that belong together.
#[derive(Clone, Debug)]
pub struct LimitGroup {
    /// What is limited: one payment, a payer, a card, refunds.
    pub title: Both,
    /// What happens above them.
    pub above: Both,
    /// The fields.
    pub fields: Vec<LimitField>,
}

/// A line of a trial.
#[derive(Clone, Debug)]
pub struct TrialRow {
    /// The rule, or what becomes of refunds and shifts.
    pub what: Both,
    /// `20,000.00 → 50,000.00`; `None`: it stays.
    pub change: Option<(String, String)>,
    /// With what holds: payments, and their yuan.
    pub now: (Both, String),
    /// With what is proposed.
    pub then: (Both, String),
    /// The two differ.
    pub differs: bool,
}

/// What the last week would have been.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What it was tried on.
    pub lead: Both,
    /// Payments that would have been held back, by rule.
    pub rows: Vec<TrialRow>,
    /// Refunds at the desk, and shifts that are closed there.
    pub desk: Vec<TrialRow>,
    /// There was more than could be played through.
    pub cut: bool,
}

/// A trial that can be proposed.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The trial.
    pub trial: Trial,
    /// The number that the proposal will have.
    pub number: String,
    /// The version beside which it was tried.
    pub based_on: i64,
    /// As it was typed.
    pub reason: String,
    /// It only tightens, so it may hold at once.
    pub may_hold_at_once: bool,
    /// What is wrong.
    pub trouble: Option<Both>,
}

/// 改限额: the form, and the trial of what was typed.
#[derive(Clone, Debug)]
pub struct LimitChange {
    /// The fields.
    pub groups: Vec<LimitGroup>,
    /// The trial, when something was changed that can be.
    pub tried: Option<Tried>,
    /// Why there is none.
    pub trouble: Option<Both>,
}

/// A proposal, for its second person.
#[derive(Clone, Debug)]
pub struct LimitProposal {
    /// Its number.
    pub number: String,
    /// `第 3 版`, or `限额改动申请`.
    pub title: Both,
    /// How it stands.
    pub state: State,
    /// Every number that changes.
    pub changes: Vec<TrialRow>,
    /// The trial that was made with it.
    pub trial: Option<Trial>,
    /// Why.
    pub reason: String,
    /// Who proposed it and when.
    pub asked: Both,
    /// Who decided it and when, and why not.
    pub decided: Option<Both>,
    /// What an approval is held against, for who may give it.
    pub seen: Option<String>,
    /// It holds already; what is asked for is a confirmation.
    pub confirms: bool,
    /// Whoever looks may say no to it.
    pub may_decline: bool,
    /// Whoever looks proposed it.
    pub may_withdraw: bool,
    /// Why there is no button.
    pub why_not: Option<Both>,
    /// What went wrong.
    pub trouble: Option<Both>,
}

/// An entry of the blocklist.
#[derive(Clone, Debug)]
pub struct BlockEntry {
    /// Its number.
    pub number: String,
    /// The entry.
    pub row: BlockRow,
    /// In full, once.
    pub value: Option<String>,
    /// Who lifted it, when and why.
    pub lifted: Option<Both>,
    /// It can be lifted by whoever looks.
    pub may_lift: bool,
    /// It can be shown in full to whoever looks.
    pub may_show: bool,
    /// What went wrong.
    pub trouble: Option<Both>,
}

mod sample {
    use super::*;
    use crate::staff::Face;

    pub(super) fn row(zh: &str, en: &str, value: &str, held_back: i64) -> LimitRow {
        LimitRow {
            what: Both::new(zh, en),
            value: value.into(),
            above: Both::new("不下单，请到窗口或等到时间", "no order; to the window, or wait"),
            held_back: Some(held_back),
            setting: None,
        }
    }

    pub(super) fn rows() -> Vec<LimitRow> {
        vec![
            row("单笔支付", "a single payment", "¥20,000.00", 0),
            row("同一付款人，每小时笔数", "one payer, orders an hour", "10 笔", 3),
            row("同一付款人，每小时金额", "one payer, yuan an hour", "¥50,000.00", 0),
            row("同一就诊卡，每天金额", "one card, yuan a day", "¥100,000.00", 1),
        ]
    }

    pub(super) fn set(version: i64, state: State) -> RuleSetRow {
        RuleSetRow {
            href: "/admin/limits/changes/C261124ABCDEFGH123456".into(),
            title: Both::new(format!("第 {version} 版"), format!("Version {version}")),
            changes: vec![Both::new(
                "单笔支付 20,000.00 → 50,000.00",
                "a single payment 20,000.00 → 50,000.00",
            )],
            who: Both::new(
                "何志远 11-24 10:12 提出，赵启明 10:40 批准",
                "He Zhiyuan 11-24 10:12, Zhao Qiming 10:40",
            ),
            reason: "住院预交金上调".into(),
            state,
        }
    }

    pub(super) fn block(state: State) -> BlockRow {
        BlockRow {
            href: "/admin/limits/blocklist/L261119ABCDEFGH123456".into(),
            kind: Both::new("付款人", "payer"),
            masked: "o6b2…k7D".into(),
            reason: "反复下单不付，占用号源 46 次".into(),
            added: "何志远 11-19 09:12".into(),
            until: Both::new("2026-12-19", "2026-12-19"),
            state,
        }
    }

    pub(super) fn form(trouble: Option<Both>) -> BlockForm {
        BlockForm {
            kinds: vec![
                KindChoice { key: "payer", word: Both::new("付款人", "payer"), chosen: true },
                KindChoice { key: "card", word: Both::new("就诊卡", "card"), chosen: false },
                KindChoice { key: "phone", word: Both::new("手机号", "phone"), chosen: false },
            ],
            reason: String::new(),
            until: String::new(),
            trouble,
        }
    }

    pub(super) fn trial_row(zh: &str, en: &str, now: i64, then: i64, changed: bool) -> TrialRow {
        let of = |number: i64| {
            let word = Both::new(format!("{number} 笔"), number.to_string());
            (word, format!("{number},000.00"))
        };
        TrialRow {
            what: Both::new(zh, en),
            change: changed.then(|| ("20,000.00".into(), "18,000.00".into())),
            now: of(now),
            then: of(then),
            differs: now != then,
        }
    }

    pub(super) fn trial() -> Trial {
        Trial {
            lead: Both::new(
                "上周 11-17 10:42 至今 21,846 笔，共 2,157,534.60 元",
                "21,846 payments since 11-17 10:42, 2,157,534.60 yuan",
            ),
            rows: vec![
                trial_row("单笔支付", "a single payment", 0, 4, true),
                trial_row("同一付款人，每小时笔数", "one payer, orders an hour", 3, 3, false),
            ],
            desk: vec![
                trial_row("一人直接退", "given by one person", 175, 197, false),
                trial_row("要第二人审批", "need a second person", 37, 15, false),
            ],
            cut: true,
        }
    }

    pub(super) fn groups() -> Vec<LimitGroup> {
        let field = |key, zh: &str, en: &str, value: &str, counts, trouble| LimitField {
            key,
            label: Both::new(zh, en),
            value: value.into(),
            now: Both::new("现在 20,000.00 元", "now 20,000.00 yuan"),
            counts,
            changed: key == "max_payment",
            trouble,
        };
        vec![
            LimitGroup {
                title: Both::new("单笔", "One payment"),
                above: Both::new("不下单，请患者分次付或到窗口", "no order; in parts, or at a window"),
                fields: vec![field("max_payment", "最多，元", "at most, yuan", "18000.00", false, None)],
            },
            LimitGroup {
                title: Both::new("同一付款人", "One payer"),
                above: Both::new(
                    "不下单，告诉患者几点后再来，或到窗口",
                    "no order; when to come again, or a window",
                ),
                fields: vec![
                    field("payer_hour_payments", "每小时笔数", "orders an hour", "10", true, None),
                    field(
                        "payer_hour_sum",
                        "每小时金额，元",
                        "yuan an hour",
                        "12.345",
                        false,
                        Some(Both::new("金额写成 100.00 这样", "an amount is written 100.00")),
                    ),
                ],
            },
        ]
    }

    pub(super) fn proposal() -> LimitProposal {
        LimitProposal {
            number: "C261124ABCDEFGH123456".into(),
            title: Both::new("限额改动申请", "Proposed limits"),
            state: State::new(Face::Info, "等待第二人", "waits for a second person"),
            changes: vec![trial_row("单笔支付", "a single payment", 0, 4, true)],
            trial: Some(trial()),
            reason: "<script>alert(1)</script>".into(),
            asked: Both::new("何志远 2026-11-24 10:12", "He Zhiyuan 2026-11-24 10:12"),
            decided: None,
            seen: Some("5e3a9c0d1b2f4a68".into()),
            confirms: false,
            may_decline: true,
            may_withdraw: false,
            why_not: None,
            trouble: None,
        }
    }
}

staff_page!(Limits, "staff/limits.html", Some(Place::Limits), [
    "ordinary" => Limits {
        version: Both::new("第 3 版，2026-11-20 14:05 起生效", "Version 3, since 2026-11-20 14:05"),
        rows: sample::rows(),
        waiting: vec![sample::set(4, super::State::new(Face::Info, "等待第二人", "waits"))],
        versions: vec![
            sample::set(3, super::State::new(Face::Warn, "待确认", "to be confirmed")),
            sample::set(2, super::State::new(Face::Idle, "已被替换", "replaced")),
        ],
        blocks: vec![
            sample::block(super::State::new(Face::Ok, "生效", "holds")),
            sample::block(super::State::new(Face::Idle, "已移出", "lifted")),
        ],
        blocks_held_back: 12,
        fixed: vec![FixedRow {
            what: Both::new("无效缴费码，同一地址十分钟", "invalid codes, an address in ten minutes"),
            value: "30".into(),
            above: Both::new("请对方稍候再来", "is asked to wait"),
            setting: "limits.bad_links".into(),
        }],
        manages: true,
        form: Some(sample::form(None)),
    },
    "configuration" => Limits {
        version: Both::new("配置文件里的值", "Values of the configuration file"),
        rows: vec![LimitRow { setting: Some("limits.max_payment".into()), ..sample::row("单笔支付", "a single payment", "¥100,000.00", 0) }],
        waiting: Vec::new(),
        versions: Vec::new(),
        blocks: Vec::new(),
        blocks_held_back: 0,
        fixed: Vec::new(),
        manages: false,
        form: None,
    },
    "wrong" => Limits {
        version: Both::new("配置文件里的值", "Values of the configuration file"),
        rows: sample::rows(),
        waiting: Vec::new(),
        versions: Vec::new(),
        blocks: Vec::new(),
        blocks_held_back: 0,
        fixed: Vec::new(),
        manages: true,
        form: Some(sample::form(Some(Both::new("已经在黑名单里", "it is on the list already")))),
    },
]);

staff_page!(LimitChange, "staff/limit_change.html", Some(Place::Limits), [
    "tried" => LimitChange {
        groups: sample::groups(),
        tried: Some(Tried {
            trial: sample::trial(),
            number: "C261124ABCDEFGH123456".into(),
            based_on: 3,
            reason: String::new(),
            may_hold_at_once: true,
            trouble: Some(Both::new("请写明理由，2 至 80 个字", "say why, in 2 to 80 characters")),
        }),
        trouble: None,
    },
    "wrong" => LimitChange {
        groups: sample::groups(),
        tried: None,
        trouble: Some(Both::new("单笔不能大于每小时金额", "a single payment is not above an hour's sum")),
    },
    "untouched" => LimitChange { groups: sample::groups(), tried: None, trouble: None },
]);

staff_page!(LimitProposal, "staff/limit_proposal.html", Some(Place::Limits), [
    "to decide" => sample::proposal(),
    "own" => LimitProposal {
        seen: None,
        may_decline: false,
        may_withdraw: true,
        why_not: Some(Both::new("自己提出的，要由另一位批准", "another person has to approve it")),
        ..sample::proposal()
    },
    "to confirm" => LimitProposal {
        title: Both::new("第 4 版", "Version 4"),
        state: super::State::new(Face::Warn, "已生效，待确认", "holds, to be confirmed"),
        confirms: true,
        may_decline: false,
        ..sample::proposal()
    },
    "in force" => LimitProposal {
        title: Both::new("第 4 版", "Version 4"),
        state: super::State::new(Face::Ok, "生效", "in force"),
        decided: Some(Both::new("赵启明 2026-11-24 10:40 批准", "approved by Zhao Qiming 2026-11-24 10:40")),
        seen: None,
        may_decline: false,
        trouble: Some(Both::new("已经有人处理过", "somebody has decided it")),
        ..sample::proposal()
    },
]);

staff_page!(BlockEntry, "staff/block.html", Some(Place::Limits), [
    "holds" => BlockEntry {
        number: "L261119ABCDEFGH123456".into(),
        row: sample::block(super::State::new(Face::Ok, "生效", "holds")),
        value: None,
        lifted: None,
        may_lift: true,
        may_show: true,
        trouble: Some(Both::new("请写明理由，2 至 80 个字", "say why, in 2 to 80 characters")),
    },
    "shown" => BlockEntry {
        number: "L261119ABCDEFGH123456".into(),
        row: sample::block(super::State::new(Face::Ok, "生效", "holds")),
        value: Some("o6b2XXXXXXXXXXXXXXXXXXXXXk7D".into()),
        lifted: None,
        may_lift: false,
        may_show: true,
        trouble: None,
    },
    "lifted" => BlockEntry {
        number: "L261119ABCDEFGH123456".into(),
        row: sample::block(super::State::new(Face::Idle, "已移出", "lifted")),
        value: None,
        lifted: Some(Both::new("何志远 11-20 08:00：本人到窗口说明", "He Zhiyuan 11-20 08:00: explained at the window")),
        may_lift: false,
        may_show: false,
        trouble: None,
    },
]);
