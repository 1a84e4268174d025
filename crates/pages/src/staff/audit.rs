//! The audit trail, for whoever has to trust it.

use super::frame::{Both, State};
use super::page::staff_page;

/// A row of the trail.
#[derive(Clone, Debug)]
pub struct AuditRow {
    /// `11-24 10:42:31`.
    pub at: String,
    /// A name, a key's name, or the system.
    pub who: Both,
    /// What they are: `0201`. May be empty.
    pub who_more: String,
    /// What was done.
    pub action: Both,
    /// Somebody looked at personal data.
    pub personal: bool,
    /// To what.
    pub subject: String,
    /// Where the subject is shown; `None`: nowhere for this reader.
    pub subject_path: Option<String>,
    /// What an auditor needs to understand it.
    pub detail: String,
    /// The row's number in the chain and its hash, cut; `None`: not linked yet.
    pub link: Option<(i64, String)>,
}

/// A choice of a list.
#[derive(Clone, Debug)]
pub struct Choice {
    /// In the address.
    pub key: String,
    /// In the list.
    pub word: Both,
    /// Chosen.
    pub chosen: bool,
}

/// What the trail was last found to be.
#[derive(Clone, Debug)]
pub struct ChainState {
    /// Whole, broken, or never looked at.
    pub state: State,
    /// In one sentence.
    pub headline: Both,
    /// When, by whom, how long.
    pub more: Both,
    /// What is wrong, a sentence each.
    pub problems: Vec<String>,
    /// The last link: written down on paper it proves the trail later.
    pub anchor: Option<String>,
}

/// The page.
#[derive(Clone, Debug)]
pub struct AuditTrail {
    /// The chain.
    pub chain: ChainState,
    /// `2026-11-24`; empty: all days.
    pub day: String,
    /// As it was typed.
    pub actor: String,
    /// As it was typed.
    pub subject: String,
    /// What kind of thing.
    pub kinds: Vec<Choice>,
    /// A page of it.
    pub rows: Vec<AuditRow>,
    /// The address of the next, older page.
    pub older: Option<String>,
    /// The address of the newest page, when this is another one.
    pub newest: Option<String>,
    /// The address of the export; `None`: the reader may not.
    pub export: Option<String>,
}

fn sample(at: &str, who: &str, zh: &str, subject: &str, detail: &str) -> AuditRow {
    AuditRow {
        at: at.into(),
        who: Both::same(who),
        who_more: "0201".into(),
        action: Both::new(zh, "refund asked for"),
        personal: zh.contains("个人"),
        subject: subject.into(),
        subject_path: Some("/refunds/R1".into()),
        detail: detail.into(),
        link: Some((4711, "c41a…9be0".into())),
    }
}

fn chain(face: super::Face) -> ChainState {
    let broken = face == super::Face::Bad;
    ChainState {
        state: State::new(
            face,
            if broken { "断链" } else { "链条完整" },
            if broken { "broken" } else { "whole" },
        ),
        headline: if broken {
            Both::new("第 3,204,118 行起不能作证", "from row 3,204,118 on it proves nothing")
        } else {
            Both::new("4,816,207 行，全部相连", "4,816,207 rows, all linked")
        },
        more: Both::new("上次校验 2026-11-24 03:00，用时 6.2 秒", "verified 2026-11-24 03:00 in 6.2 s"),
        problems: if broken {
            vec!["row 3204118 does not follow from the one before".into()]
        } else {
            Vec::new()
        },
        anchor: Some("4816207:4d20b8e14d20b8e1".into()),
    }
}

fn kinds() -> Vec<Choice> {
    [
        ("", "全部", "all"),
        ("people", "有人参与", "by people"),
        ("personal", "看个人信息", "personal data"),
        ("money", "动钱", "money"),
    ]
    .into_iter()
    .map(|(key, zh, en)| Choice { key: key.into(), word: Both::new(zh, en), chosen: key == "people" })
    .collect()
}

staff_page!(AuditTrail, "staff/audit.html", Some(Place::Audit), [
    "ordinary" => AuditTrail {
        chain: chain(super::Face::Ok),
        day: "2026-11-24".into(),
        actor: String::new(),
        subject: String::new(),
        kinds: kinds(),
        rows: vec![
            sample("11-24 10:42:31", "林国栋", "批准退费", "RF261124104122002", "128.50 yuan, asked for by staff:0201"),
            sample("11-24 10:41:22", "陈敏", "申请退费", "RF261124104122002", "128.50 yuan: 药品退回"),
            sample("11-24 10:39:05", "周倩", "看个人信息", "B261124ABCDEFGH1234567", "核对重复支付，联系患者"),
            AuditRow { link: None, subject_path: None, ..sample("11-24 10:38:00", "<script>alert(1)</script>", "登录", "0201", "from 10.1.2.3") },
        ],
        older: Some("/audit?day=2026-11-24&before=1".into()),
        newest: None,
        export: Some("/audit.csv?day=2026-11-24".into()),
    },
    "broken" => AuditTrail {
        chain: chain(super::Face::Bad),
        day: String::new(),
        actor: "staff:0201".into(),
        subject: String::new(),
        kinds: kinds(),
        rows: Vec::new(),
        older: None,
        newest: Some("/audit".into()),
        export: None,
    },
]);
