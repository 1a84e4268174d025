//! What text messages say: the wordings in force, a new one with its preview, and its second person.

use super::frame::{Both, State};
use super::page::staff_page;

/// A message in one language.
#[derive(Clone, Debug)]
pub struct NoticeRow {
    /// The page on which another wording is proposed.
    pub href: String,
    /// Chinese, English.
    pub language: Both,
    /// As a patient reads it, with the longest values.
    pub sample: String,
    /// The operator's code.
    pub code: String,
    /// `第 2 版，2026-11-20 起`, or that it is built in.
    pub version: Both,
    /// So many messages at most.
    pub parts: usize,
}

/// An event with its messages.
#[derive(Clone, Debug)]
pub struct NoticeGroup {
    /// What happened.
    pub event: Both,
    /// When it is sent.
    pub when: Both,
    /// Its messages.
    pub rows: Vec<NoticeRow>,
}

/// A wording that waits for a second person, or a version.
#[derive(Clone, Debug)]
pub struct WordingRow {
    /// Its page.
    pub href: String,
    /// Which message.
    pub title: Both,
    /// The wording.
    pub body: String,
    /// Why.
    pub reason: String,
    /// Who and when.
    pub who: Both,
    /// How it stands.
    pub state: State,
}

/// 短信模板.
#[derive(Clone, Debug)]
pub struct NoticeTemplates {
    /// Every event.
    pub groups: Vec<NoticeGroup>,
    /// What waits for a second person.
    pub waiting: Vec<WordingRow>,
    /// Messages are sent at all.
    pub sends: bool,
    /// Whether they may propose.
    pub manages: bool,
}

/// A place that a wording may have.
#[derive(Clone, Debug)]
pub struct NoticePlace {
    /// As it is written: `{amount}`.
    pub name: String,
    /// What stands there.
    pub what: Both,
    /// An example.
    pub example: String,
}

/// A wording as it would be sent.
#[derive(Clone, Debug)]
pub struct WordingPreview {
    /// As a patient reads it.
    pub sample: String,
    /// So many messages at most.
    pub parts: usize,
    /// The number that the proposal will have.
    pub number: String,
    /// The version beside which it was written.
    pub based_on: i64,
    /// As it was typed.
    pub reason: String,
    /// What is wrong.
    pub trouble: Option<Both>,
}

/// 改短信模板.
#[derive(Clone, Debug)]
pub struct NoticeChange {
    /// The page's own address.
    pub path: String,
    /// Which message.
    pub title: Both,
    /// The operator's code, as typed or as it is.
    pub code: String,
    /// The wording, as typed or as it is.
    pub body: String,
    /// What may stand in it.
    pub places: Vec<NoticePlace>,
    /// What it would be.
    pub preview: Option<WordingPreview>,
    /// The versions before.
    pub versions: Vec<WordingRow>,
    /// What is wrong.
    pub trouble: Option<Both>,
}

/// A wording for its second person.
#[derive(Clone, Debug)]
pub struct NoticeProposal {
    /// Its number.
    pub number: String,
    /// Which message.
    pub title: Both,
    /// How it stands.
    pub state: State,
    /// What was in force when it was proposed, and what it says: code and sample.
    pub before: (String, String),
    /// What it says.
    pub after: (String, String),
    /// So many messages at most.
    pub parts: usize,
    /// Why.
    pub reason: String,
    /// Who proposed it and when.
    pub asked: Both,
    /// Who decided it and when, and why not.
    pub decided: Option<Both>,
    /// What an approval is held against, for who may give it.
    pub seen: Option<String>,
    /// Whoever looks may say no to it.
    pub may_decline: bool,
    /// Whoever looks proposed it.
    pub may_withdraw: bool,
    /// Why there is no button.
    pub why_not: Option<Both>,
    /// What went wrong.
    pub trouble: Option<Both>,
}

mod sample {
    use super::*;
    use crate::staff::Face;

    pub(super) const PAID: &str =
        "您已缴费 1,234,567.89 元，凭证号 2K7M 40QX。再扫一次缴费单上的码，可以看接下来去哪里和收据。";

    pub(super) fn row(zh: &str, en: &str, language: &str) -> NoticeRow {
        NoticeRow {
            href: format!("/admin/notices/paid/{language}"),
            language: Both::new(zh, en),
            sample: PAID.into(),
            code: "SMS_4820117".into(),
            version: Both::new("第 2 版，2026-11-20 14:05 起", "version 2, since 2026-11-20 14:05"),
            parts: 1,
        }
    }

    pub(super) fn wording() -> WordingRow {
        WordingRow {
            href: "/admin/notices/changes/C261124ABCDEFGH123456".into(),
            title: Both::new("缴费成功，中文", "paid, Chinese"),
            body: "您已缴费 {amount} 元，凭证号 {voucher}。".into(),
            reason: "运营商重新审核了模板".into(),
            who: Both::new("何志远 2026-11-24 10:12 提出", "proposed by He Zhiyuan 2026-11-24 10:12"),
            state: State::new(Face::Info, "等待第二人", "waits for a second person"),
        }
    }

    pub(super) fn change() -> NoticeChange {
        NoticeChange {
            path: "/admin/notices/paid/zh-CN".into(),
            title: Both::new("缴费成功，中文", "paid, Chinese"),
            code: "SMS_4820117".into(),
            body: "您已缴费 {amount} 元，凭证号 {voucher}。".into(),
            places: vec![
                NoticePlace {
                    name: "{amount}".into(),
                    what: Both::new("金额，元", "the amount in yuan"),
                    example: "1,234,567.89".into(),
                },
                NoticePlace {
                    name: "{voucher}".into(),
                    what: Both::new("缴费凭证号", "the voucher's number"),
                    example: "2K7M 40QX".into(),
                },
            ],
            preview: None,
            versions: Vec::new(),
            trouble: None,
        }
    }

    pub(super) fn proposal() -> NoticeProposal {
        NoticeProposal {
            number: "C261124ABCDEFGH123456".into(),
            title: Both::new("缴费成功，中文", "paid, Chinese"),
            state: State::new(Face::Info, "等待第二人", "waits for a second person"),
            before: ("paid".into(), PAID.into()),
            after: ("SMS_4820117".into(), "您已缴费 1,234,567.89 元，凭证号 2K7M 40QX。".into()),
            parts: 1,
            reason: "<script>alert(1)</script>".into(),
            asked: Both::same("何志远 2026-11-24 10:12"),
            decided: None,
            seen: Some("5e3a9c0d1b2f4a68".into()),
            may_decline: true,
            may_withdraw: false,
            why_not: None,
            trouble: None,
        }
    }
}

staff_page!(NoticeTemplates, "staff/notices.html", Some(Place::Notices), [
    "ordinary" => NoticeTemplates {
        groups: vec![
            NoticeGroup {
                event: Both::new("缴费成功", "Paid"),
                when: Both::new("HIS 入账后发给患者", "sent when HIS has booked it"),
                rows: vec![sample::row("中文", "Chinese", "zh-CN"), sample::row("英文", "English", "en")],
            },
        ],
        waiting: vec![sample::wording()],
        sends: true,
        manages: true,
    },
    "nothing is sent" => NoticeTemplates { groups: Vec::new(), waiting: Vec::new(), sends: false, manages: false },
]);

staff_page!(NoticeChange, "staff/notice_change.html", Some(Place::Notices), [
    "preview" => NoticeChange {
        preview: Some(WordingPreview {
            sample: sample::PAID.into(),
            parts: 2,
            number: "C261124ABCDEFGH123456".into(),
            based_on: 2,
            reason: String::new(),
            trouble: Some(Both::new("请写明理由，2 至 80 个字", "say why, in 2 to 80 characters")),
        }),
        versions: vec![sample::wording()],
        ..sample::change()
    },
    "wrong" => NoticeChange {
        body: "您好 {name}".into(),
        trouble: Some(Both::new("没有 {name} 这个占位", "there is no place {name} here")),
        ..sample::change()
    },
]);

staff_page!(NoticeProposal, "staff/notice_proposal.html", Some(Place::Notices), [
    "to decide" => sample::proposal(),
    "own" => NoticeProposal {
        seen: None,
        may_decline: false,
        may_withdraw: true,
        why_not: Some(Both::new("自己提出的，要由另一位批准", "another person has to approve it")),
        ..sample::proposal()
    },
    "decided" => NoticeProposal {
        state: super::State::new(Face::Ok, "生效", "in force"),
        decided: Some(Both::new("赵启明 2026-11-24 10:40 批准", "approved by Zhao Qiming 2026-11-24 10:40")),
        seen: None,
        may_decline: false,
        trouble: Some(Both::new("已经有人处理过", "somebody has decided it")),
        ..sample::proposal()
    },
]);
