//! How the gateway is set up, and what of it waits for a person.

use super::frame::{Both, State};
use super::page::staff_page;

/// A merchant account.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// Its name in the configuration.
    pub channel: String,
    /// Whose it is: WeChat Pay, Alipay.
    pub provider: Both,
    /// Merchant and application numbers, masked.
    pub identity: String,
    /// Where it is settled to; empty: nobody said.
    pub bank_account: String,
    /// `0.20 %`; empty: nobody said.
    pub fee: String,
    /// What it can do, as its code says.
    pub abilities: Vec<Both>,
    /// How it fares.
    pub state: State,
}

/// The accounts.
#[derive(Clone, Debug)]
pub struct MerchantAccounts {
    /// One a line.
    pub rows: Vec<AccountRow>,
    /// Which account takes the money of which app.
    pub routes: Vec<(Both, String)>,
    /// How HIS names the hospital.
    pub hospital_id: String,
}

/// Something that expires.
#[derive(Clone, Debug)]
pub struct ExpiryRow {
    /// What.
    pub what: Both,
    /// Certificate, API key.
    pub kind: Both,
    /// `2026-12-20`.
    pub day: String,
    /// Days that are left; negative: it has expired.
    pub left: i64,
    /// How it fares.
    pub state: State,
    /// What happens then, and what to do.
    pub note: Both,
}

impl ExpiryRow {
    /// Width of the bar: a hundred is a year.
    fn bar(&self) -> i64 {
        (self.left * 100 / 365).clamp(1, 100)
    }

    fn is_near(&self) -> bool {
        self.left <= 45
    }
}

/// What expires, the soonest first.
#[derive(Clone, Debug)]
pub struct Expiries {
    /// One a line.
    pub rows: Vec<ExpiryRow>,
}

/// A key of the API.
#[derive(Clone, Debug)]
pub struct KeyRow {
    /// Its public name.
    pub key_id: String,
    /// What it is for.
    pub label: String,
    /// What it may do.
    pub rights: Vec<Both>,
    /// How much of it.
    pub limits: Both,
    /// When it was last used.
    pub used: Option<String>,
    /// How it fares.
    pub state: State,
    /// It was made here and is valid: it can be rotated and revoked.
    pub ours: bool,
}

/// A right that a key can have.
#[derive(Clone, Debug)]
pub struct RightChoice {
    /// Its word.
    pub key: &'static str,
    /// What it allows.
    pub word: Both,
    /// Given.
    pub chosen: bool,
}

/// The form of a new key, as it was typed.
#[derive(Clone, Debug)]
pub struct KeyForm {
    /// What it is for.
    pub label: String,
    /// What it may do.
    pub rights: Vec<RightChoice>,
    /// Requests a minute.
    pub per_minute: String,
    /// The largest single refund in yuan.
    pub max_refund: String,
    /// All refunds of a day in yuan.
    pub max_refund_per_day: String,
    /// The last day on which it works; may be empty.
    pub until: String,
    /// Why it was not taken.
    pub trouble: Option<Both>,
}

/// The keys.
#[derive(Clone, Debug)]
pub struct ApiKeys {
    /// One a line.
    pub rows: Vec<KeyRow>,
    /// A key that was just made: its name and its secret, shown once.
    pub made: Option<(String, String)>,
    /// The form of a new one; `None`: the reader may not.
    pub form: Option<KeyForm>,
}

/// A task that waits for a person.
#[derive(Clone, Debug)]
pub struct ParkedRow {
    /// Its id.
    pub task_id: String,
    /// What kind of work.
    pub kind: Both,
    /// On what.
    pub subject: String,
    /// Where the subject is shown; `None`: nowhere for this reader.
    pub subject_path: Option<String>,
    /// Why it waits.
    pub because: String,
    /// How often it was tried.
    pub attempts: i64,
    /// Since when.
    pub since: String,
    /// What trying it again will do.
    pub retry: Both,
    /// It is work that can be tried again, not a matter to be looked at.
    pub can_retry: bool,
}

/// What waits for a person.
#[derive(Clone, Debug)]
pub struct ParkedTasks {
    /// The oldest first, at most 200.
    pub rows: Vec<ParkedRow>,
    /// More than these wait.
    pub more: bool,
    /// Goes on by itself.
    pub under_way: i64,
    /// Whether the reader may retry and close.
    pub manages: bool,
    /// Why a task was not closed.
    pub trouble: Option<Both>,
}

staff_page!(MerchantAccounts, "staff/accounts.html", Some(Place::Accounts), [
    "ordinary" => MerchantAccounts {
        rows: vec![
            AccountRow {
                channel: "wechat-main".into(),
                provider: Both::new("微信支付", "WeChat Pay"),
                identity: "1682****31".into(),
                bank_account: "工商银行 ****2207".into(),
                fee: "0.20 %".into(),
                abilities: vec![Both::new("公众号内支付", "in-app"), Both::new("退款", "refunds"), Both::new("对账单", "statements")],
                state: State::new(Face::Ok, "启用", "in use"),
            },
            AccountRow {
                channel: "alipay-main".into(),
                provider: Both::new("支付宝", "Alipay"),
                identity: "2088****4516".into(),
                bank_account: String::new(),
                fee: String::new(),
                abilities: vec![Both::new("退款", "refunds")],
                state: State::new(Face::Warn, "证书 26 天后到期", "certificate ends in 26 days"),
            },
        ],
        routes: vec![(Both::new("微信内", "inside WeChat"), "wechat-main".into()), (Both::new("支付宝内", "inside Alipay"), "alipay-main".into())],
        hospital_id: "QH001".into(),
    },
]);

staff_page!(Expiries, "staff/expiry.html", Some(Place::Expiry), [
    "ordinary" => Expiries {
        rows: vec![
            ExpiryRow {
                what: Both::new("支付宝 门诊 应用公钥证书", "Alipay, application certificate"),
                kind: Both::new("证书", "certificate"),
                day: "2026-12-20".into(),
                left: 26,
                state: State::new(Face::Warn, "快到期", "soon"),
                note: Both::new("到期后收款、退款、对账都会停", "taking, refunds and statements stop then"),
            },
            ExpiryRow {
                what: Both::new("微信支付 平台证书", "WeChat Pay, platform certificate"),
                kind: Both::new("证书", "certificate"),
                day: "2027-11-01".into(),
                left: 342,
                state: State::new(Face::Ok, "有效", "valid"),
                note: Both::new("自动更新", "renews by itself"),
            },
        ],
    },
    "empty" => Expiries { rows: Vec::new() },
]);

fn sample_form() -> KeyForm {
    KeyForm {
        label: String::new(),
        rights: vec![
            RightChoice { key: "slips", word: Both::new("生成缴费码", "make slip codes"), chosen: true },
            RightChoice { key: "refunds", word: Both::new("申请退费", "ask for refunds"), chosen: false },
        ],
        per_minute: "600".into(),
        max_refund: "0.00".into(),
        max_refund_per_day: "0.00".into(),
        until: String::new(),
        trouble: None,
    }
}

staff_page!(ApiKeys, "staff/keys.html", Some(Place::Keys), [
    "ordinary" => ApiKeys {
        rows: vec![
            KeyRow {
                key_id: "his-main".into(),
                label: "配置文件".into(),
                rights: vec![Both::new("查单", "read orders"), Both::new("申请退费", "ask for refunds")],
                limits: Both::new("每分钟 6000 次；单笔退费 ≤ 50,000.00 元", "6000 a minute; single refund up to 50,000.00 yuan"),
                used: None,
                state: State::new(Face::Ok, "使用中", "in use"),
                ours: false,
            },
            KeyRow {
                key_id: "K7Q2M9QX4B3T".into(),
                label: "自助机 A 区 12 台".into(),
                rights: vec![Both::new("生成缴费码", "make slip codes")],
                limits: Both::new("每分钟 600 次；不能退费", "600 a minute; no refunds"),
                used: Some("2026-11-24 10:41".into()),
                state: State::new(Face::Ok, "使用中", "in use"),
                ours: true,
            },
            KeyRow {
                key_id: "K3D8N2QX4B3T".into(),
                label: "<script>alert(1)</script>".into(),
                rights: vec![Both::new("生成缴费码", "make slip codes")],
                limits: Both::new("每分钟 600 次；不能退费", "600 a minute; no refunds"),
                used: Some("2026-11-22 18:05".into()),
                state: State::new(Face::Warn, "轮换中，2026-12-01 停用", "ends 2026-12-01"),
                ours: true,
            },
        ],
        made: Some(("K7Q2M9QX4B3T".into(), "Vd81xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx".into())),
        form: Some(sample_form()),
    },
    "auditor" => ApiKeys { rows: Vec::new(), made: None, form: None },
    "wrong" => ApiKeys {
        rows: Vec::new(),
        made: None,
        form: Some(KeyForm { trouble: Some(Both::new("至少选一项权利", "at least one right is wanted")), ..sample_form() }),
    },
]);

fn sample_parked() -> Vec<ParkedRow> {
    vec![
        ParkedRow {
            task_id: "write_back:B261123ABCDEFGH12345678".into(),
            kind: Both::new("回写 HIS", "tell HIS"),
            subject: "B261123ABCDEFGH12345678".into(),
            subject_path: Some("/orders/B261123ABCDEFGH12345678".into()),
            because: "HIS does not answer: connection refused".into(),
            attempts: 14,
            since: "2026-11-23 12:20".into(),
            retry: Both::new(
                "先查询，HIS 没有才再送；同一单号，不会重复入账",
                "HIS is asked first, and told under the same number only when it has nothing",
            ),
            can_retry: true,
        },
        ParkedRow {
            task_id: "ask_person:R261120ABCDEFGH12345678:refund_abnormal".into(),
            kind: Both::new("需要人看", "for a person"),
            subject: "R261120ABCDEFGH12345678:refund_abnormal".into(),
            subject_path: None,
            because: "<script>alert(1)</script>".into(),
            attempts: 1,
            since: "2026-11-21 09:00".into(),
            retry: Both::new(
                "看过并处理后，写明经过再关闭",
                "look at it, deal with it, and close it with a note",
            ),
            can_retry: false,
        },
    ]
}

staff_page!(ParkedTasks, "staff/parked.html", Some(Place::Parked), [
    "ordinary" => ParkedTasks { rows: sample_parked(), more: false, under_way: 4, manages: true, trouble: None },
    "empty" => ParkedTasks { rows: Vec::new(), more: false, under_way: 0, manages: true, trouble: None },
    "auditor" => ParkedTasks {
        rows: sample_parked(),
        more: true,
        under_way: 4,
        manages: false,
        trouble: Some(Both::new("关闭要写明经过", "a note is required")),
    },
]);
