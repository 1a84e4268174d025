//! The receipt 收据, on the phone and on A5.

use super::result::MoneyBack;
use super::shared::{PayApp, Who, sample};
use crate::{
    Moment,
    page::{Page, page},
    wording::{Phrase, Wording},
};

/// One line of what was charged.
#[derive(Clone, Debug)]
pub struct ReceiptItem {
    /// In the hospital's words: `检查（2 项）`.
    pub name: String,
    /// Its amount.
    pub amount_yuan: String,
}

/// Who paid a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenderKind {
    /// 医保统筹.
    PooledFund,
    /// 个人账户.
    PersonalAccount,
    /// 个人自费.
    Own,
}

impl TenderKind {
    fn word(self, say: &Wording) -> Phrase {
        match self {
            Self::PooledFund => say.split.pooled_fund,
            Self::PersonalAccount => say.split.account,
            Self::Own => say.receipt.own,
        }
    }
}

/// One part of the payment.
#[derive(Clone, Debug)]
pub struct Tender {
    /// Who paid it.
    pub kind: TenderKind,
    /// How much.
    pub amount_yuan: String,
}

/// The receipt of one payment.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Where "back" leads: [`crate::paths::result`] of the payment, or the history.
    pub back_path: String,
    /// Its number, in groups; every reprint has the same one.
    pub receipt_no: String,
    /// When it was paid.
    pub paid_at: Moment,
    /// Whose.
    pub who: Who,
    /// The app that paid.
    pub app: PayApp,
    /// What was charged.
    pub items: Vec<ReceiptItem>,
    /// The sum of the items.
    pub total_yuan: String,
    /// Who paid what.
    pub tenders: Vec<Tender>,
    /// What the patient paid.
    pub own_yuan: String,
    /// The same in capitals: [`crate::capitals`].
    pub own_capitals: String,
    /// What went back of it since, oldest first; only what arrived.
    pub back: Vec<MoneyBack>,
    /// The provider's number of the payment, in groups.
    pub provider_trade_no: String,
    /// What the hospital's electronic seal says; none, when the hospital gave none.
    pub seal: Option<String>,
    /// How often it was printed before: 0 is the first print.
    pub reprint: u32,
}

fn ordinary(reprint: u32) -> Receipt {
    let item = |name: &str, yuan: &str| ReceiptItem { name: name.into(), amount_yuan: yuan.into() };
    let tender = |kind, yuan: &str| Tender { kind, amount_yuan: yuan.into() };
    Receipt {
        back_path: crate::paths::result(&sample::reference()),
        receipt_no: "SJ 2611 2008 3741".into(),
        paid_at: sample::today(10, 31),
        who: sample::who(),
        app: PayApp::Wechat,
        items: vec![
            item("挂号（内分泌科）", "25.00"),
            item("检查（2 项）", "246.00"),
            item("西药、中成药（8 项）", "132.46"),
        ],
        total_yuan: "403.46".into(),
        tenders: vec![
            tender(TenderKind::PooledFund, "171.38"),
            tender(TenderKind::PersonalAccount, "120.08"),
            tender(TenderKind::Own, "112.00"),
        ],
        own_yuan: "112.00".into(),
        own_capitals: crate::capitals(11_200),
        back: Vec::new(),
        provider_trade_no: "4200 0021 8820 2611 2046 0318 7752".into(),
        seal: Some("收费专用章（电子）".into()),
        reprint,
    }
}

page!(Receipt, "print/receipt.html", [
    "ordinary" => ordinary(0),
    "reprint" => ordinary(2),
    "partly refunded" => Self {
        back: vec![MoneyBack { amount_yuan: "26.71".into(), at: sample::today(18, 20), arrived: true }],
        ..ordinary(1)
    },
    "self-pay" => Self {
        seal: None,
        tenders: vec![Tender { kind: TenderKind::Own, amount_yuan: "403.46".into() }],
        own_yuan: "403.46".into(),
        own_capitals: crate::capitals(40_346),
        ..ordinary(0)
    },
    "very long" => Self {
        who: sample::long_who(),
        items: vec![ReceiptItem { name: sample::LONG_TEXT.into(), amount_yuan: sample::HUGE_YUAN.into() }; 12],
        total_yuan: sample::HUGE_YUAN.into(),
        own_yuan: sample::HUGE_YUAN.into(),
        own_capitals: crate::capitals(123_456_789),
        app: PayApp::Alipay,
        ..ordinary(1)
    },
]);
