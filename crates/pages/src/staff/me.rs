//! One's own account.

use super::frame::Both;
use super::page::staff_page;

/// A session of one's own.
#[derive(Clone, Debug)]
pub struct MySession {
    /// The one that looks at this page.
    pub here: bool,
    /// Names it in the form that ends it.
    pub reference: String,
    /// Where it is.
    pub address: String,
    /// What the browser says it is.
    pub agent: String,
    /// Since when.
    pub begun: String,
    /// Last seen.
    pub seen: String,
}

/// The page.
#[derive(Clone, Debug)]
pub struct Myself {
    /// 工号.
    pub staff_no: String,
    /// The name.
    pub name: String,
    /// What they are.
    pub roles: Vec<Both>,
    /// What they may do.
    pub rights: Vec<Both>,
    /// Whether there is one.
    pub second_factor: bool,
    /// Recovery codes that are left.
    pub recovery_left: usize,
    /// Where they are signed in.
    pub sessions: Vec<MySession>,
    /// Why a new password was not taken.
    pub trouble: Option<Both>,
}

staff_page!(Myself, "staff/me.html", Some(Place::Me), [
    "ordinary" => Myself {
        staff_no: "0501".into(),
        name: "赵启明".into(),
        roles: vec![Both::new("财务主管", "finance lead")],
        rights: vec![Both::new("看对账与差异", "read reconciliation"), Both::new("签结", "sign a day off")],
        second_factor: true,
        recovery_left: 7,
        sessions: vec![
            MySession {
                here: true,
                reference: "a".repeat(32),
                address: "10.12.4.21".into(),
                agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/108".into(),
                begun: "2026-11-24 08:02".into(),
                seen: "2026-11-24 10:42".into(),
            },
            MySession {
                here: false,
                reference: "b".repeat(32),
                address: "10.12.4.35".into(),
                agent: "<script>alert(1)</script>".into(),
                begun: "2026-11-24 07:30".into(),
                seen: "2026-11-24 09:15".into(),
            },
        ],
        trouble: None,
    },
    "weak" => Myself {
        staff_no: "0201".into(),
        name: "陈敏".into(),
        roles: vec![Both::new("收费员", "cashier")],
        rights: vec![Both::new("查找支付单、看经过", "find orders and read their stories")],
        second_factor: false,
        recovery_left: 0,
        sessions: Vec::new(),
        trouble: Some(Both::new("这个密码太常见", "This one is too common")),
    },
]);
