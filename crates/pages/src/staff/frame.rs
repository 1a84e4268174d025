//! What every staff page has around it: who is there, where they may go, and what they should know at every moment.

use super::icon::Icon;
use crate::frame::Language;

/// The language of a staff page. A sentence stands in the template in both languages, one beside the other: whoever changes one sees
/// the other, and neither can be missing.
#[derive(Clone, Copy, Debug)]
pub struct Say(pub(crate) Language);

impl Say {
    /// The one of two texts that is read.
    pub fn t<'a>(&self, chinese: &'a str, english: &'a str) -> &'a str {
        match self.0 {
            Language::ZhCn => chinese,
            Language::En => english,
        }
    }

    /// For `<html lang>`.
    pub(crate) fn tag(&self) -> &'static str {
        self.0.tag()
    }

    pub(crate) fn is_chinese(&self) -> bool {
        self.0 == Language::ZhCn
    }
}

/// A text in both languages, when it is chosen outside of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Both {
    /// 中文.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Both {
    /// Two texts.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// What is the same in both: numbers, names, what HIS or a channel said.
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { en: text.clone(), zh: text }
    }

    /// Whether there is nothing to read.
    pub(crate) fn is_empty(&self) -> bool {
        self.zh.is_empty() && self.en.is_empty()
    }

    /// The one that is read.
    pub fn of(&self, say: &Say) -> &str {
        say.t(&self.zh, &self.en)
    }
}

/// The five faces of a state, in the order of trust. Always an icon and a word beside the colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Done, and sure.
    Ok,
    /// Under way.
    Info,
    /// Somebody has to look.
    Warn,
    /// Wrong, or too late.
    Bad,
    /// Nothing to do.
    Idle,
}

impl Face {
    /// The class.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Idle => "idle",
        }
    }

    pub(crate) fn icon(self) -> Icon {
        match self {
            Self::Ok => Icon::TickRound,
            Self::Info => Icon::Clock,
            Self::Warn => Icon::Triangle,
            Self::Bad => Icon::CrossRound,
            Self::Idle => Icon::Minus,
        }
    }
}

/// A state as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// How it looks.
    pub face: Face,
    /// What it is called.
    pub word: Both,
}

impl State {
    /// A state.
    pub fn new(face: Face, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { face, word: Both::new(zh, en) }
    }
}

/// A place in the side navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// 收费台.
    Desk,
    /// 收付款码.
    PaymentCode,
    /// 退费进度.
    Refunds,
    /// 交款日结.
    Shift,
    /// 今日 of finance.
    Today,
    /// 差异.
    Differences,
    /// 待我审批.
    Approvals,
    /// 结算与手续费.
    Settlement,
    /// 经营看板.
    Dashboard,
    /// 商户号.
    Accounts,
    /// 接口密钥.
    Keys,
    /// 密钥与证书到期.
    Expiry,
    /// 限额与风控.
    Limits,
    /// 短信模板.
    Notices,
    /// 医院与院区.
    Hospital,
    /// 人员与角色.
    Staff,
    /// 搁置任务.
    Parked,
    /// 审计日志.
    Audit,
    /// 我的登录: nowhere in the navigation, in the bar.
    Me,
}

impl Place {
    /// Every place, in the order of the navigation.
    pub const ALL: [Self; 18] = [
        Self::Desk,
        Self::PaymentCode,
        Self::Refunds,
        Self::Shift,
        Self::Today,
        Self::Differences,
        Self::Approvals,
        Self::Settlement,
        Self::Dashboard,
        Self::Accounts,
        Self::Keys,
        Self::Expiry,
        Self::Limits,
        Self::Notices,
        Self::Staff,
        Self::Hospital,
        Self::Parked,
        Self::Audit,
    ];

    /// Its address.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Desk => "/desk",
            Self::PaymentCode => "/payment-code",
            Self::Refunds => "/refunds",
            Self::Shift => "/shift",
            Self::Today => "/finance",
            Self::Differences => "/differences",
            Self::Approvals => "/approvals",
            Self::Settlement => "/settlement",
            Self::Dashboard => "/dashboard",
            Self::Accounts => "/admin/accounts",
            Self::Keys => "/admin/keys",
            Self::Expiry => "/admin/expiry",
            Self::Limits => "/admin/limits",
            Self::Notices => "/admin/notices",
            Self::Hospital => "/admin/hospital",
            Self::Staff => "/admin/staff",
            Self::Parked => "/admin/parked",
            Self::Audit => "/audit",
            Self::Me => "/me",
        }
    }

    pub(crate) fn group(self) -> (&'static str, &'static str) {
        match self {
            Self::Desk | Self::PaymentCode | Self::Refunds | Self::Shift => ("收费", "Cashier"),
            Self::Today | Self::Differences | Self::Approvals | Self::Settlement => {
                ("对账", "Reconciliation")
            }
            Self::Dashboard => ("看数", "Figures"),
            Self::Accounts | Self::Keys | Self::Expiry => ("接入", "Connections"),
            Self::Limits | Self::Notices | Self::Staff | Self::Hospital => ("规则", "Rules"),
            Self::Parked | Self::Audit | Self::Me => ("运行", "Operation"),
        }
    }

    pub(crate) fn word(self) -> (&'static str, &'static str) {
        match self {
            Self::Desk => ("收费台", "Desk"),
            Self::PaymentCode => ("收付款码", "Payment code"),
            Self::Refunds => ("退费进度", "Refunds"),
            Self::Shift => ("交款日结", "Shift close"),
            Self::Today => ("今日", "Today"),
            Self::Differences => ("差异", "Differences"),
            Self::Approvals => ("待我审批", "To approve"),
            Self::Settlement => ("结算与手续费", "Settlement, fees"),
            Self::Dashboard => ("经营看板", "Dashboard"),
            Self::Accounts => ("商户号", "Merchant accounts"),
            Self::Keys => ("接口密钥", "API keys"),
            Self::Expiry => ("密钥与证书到期", "Expiries"),
            Self::Limits => ("限额与风控", "Limits and rules"),
            Self::Notices => ("短信模板", "Message templates"),
            Self::Hospital => ("医院与院区", "Hospital, campuses"),
            Self::Staff => ("人员与角色", "Staff and roles"),
            Self::Parked => ("搁置任务", "Parked tasks"),
            Self::Audit => ("审计日志", "Audit trail"),
            Self::Me => ("我的登录", "My sessions"),
        }
    }

    pub(crate) fn icon(self) -> Icon {
        match self {
            Self::Desk | Self::Today => Icon::Home,
            Self::PaymentCode => Icon::Scan,
            Self::Refunds => Icon::Refund,
            Self::Shift => Icon::Shift,
            Self::Differences => Icon::Difference,
            Self::Approvals => Icon::Stamp,
            Self::Settlement => Icon::Bank,
            Self::Dashboard => Icon::Chart,
            Self::Accounts => Icon::Badge,
            Self::Keys => Icon::Key,
            Self::Expiry => Icon::Expiry,
            Self::Limits => Icon::Shield,
            Self::Notices => Icon::Sms,
            Self::Hospital => Icon::Flag,
            Self::Staff => Icon::People,
            Self::Parked => Icon::Parked,
            Self::Audit => Icon::Link,
            Self::Me => Icon::Person,
        }
    }
}

/// A line of the navigation.
#[derive(Clone, Copy, Debug)]
pub struct NavItem {
    /// Where it leads.
    pub place: Place,
    /// Things that wait there; zero is not shown.
    pub waiting: u64,
    /// They wait for this person.
    pub urgent: bool,
}

impl NavItem {
    pub(crate) fn is_at(&self, here: &Option<Place>) -> bool {
        *here == Some(self.place)
    }
}

/// A line of the health at the navigation's foot.
#[derive(Clone, Debug)]
pub struct Health {
    /// Channels, HIS, text messages.
    pub what: Both,
    /// How it is.
    pub state: State,
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct Me {
    /// The name: `陈敏`.
    pub name: String,
    /// The roles in words, and the place: `收费员 · 3 号窗口`.
    pub what: Both,
}

impl Me {
    pub(crate) fn first(&self) -> String {
        self.name.chars().take(1).collect()
    }
}

/// The frame around a staff page.
#[derive(Clone, Debug)]
pub struct StaffFrame {
    /// The hospital, in the page's language.
    pub hospital_name: String,
    /// The language of every sentence of ours.
    pub language: Language,
    /// Hidden field `csrf` of every POST form.
    pub csrf: String,
    /// The page itself, for the language switch: a path of ours.
    pub path: String,
    /// Who is there.
    pub me: Me,
    /// Where they may go.
    pub nav: Vec<NavItem>,
    /// How the parts fare.
    pub health: Vec<Health>,
    /// The time of this page: `10:42:07`.
    pub clock: String,
    /// The same with its day, for paper: `2026-11-24 10:42`.
    pub moment: String,
    /// Whether the bar has a search box: the person may find orders.
    pub finds: bool,
    /// What the last form of this page did, said once above the page.
    pub said: Option<State>,
}

impl StaffFrame {
    /// Whether this person may go to that page of the navigation.
    pub(crate) fn leads_to(&self, path: &str) -> bool {
        self.nav.iter().any(|item| item.place.path() == path)
    }

    /// The groups of the navigation with their items, in order.
    pub(crate) fn groups(&self) -> Vec<((&'static str, &'static str), Vec<NavItem>)> {
        let mut groups: Vec<((&'static str, &'static str), Vec<NavItem>)> = Vec::new();
        for item in &self.nav {
            let group = item.place.group();
            match groups.last_mut() {
                Some((name, items)) if *name == group => items.push(*item),
                _ => groups.push((group, vec![*item])),
            }
        }
        groups
    }

    pub(crate) fn other_language(&self) -> (&'static str, &'static str) {
        match self.language {
            Language::ZhCn => ("en", "English"),
            Language::En => ("zh-CN", "中文"),
        }
    }
}
