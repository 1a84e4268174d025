//! 查找结果: how the text was understood, what else it may be, and what was found.

use super::shared::{HOSTILE, OrderRow, sample_rows, worst_row};
use crate::staff::Both;
use crate::staff::page::staff_page;

/// What the text may be.
#[derive(Clone, Debug)]
pub struct Reading {
    /// `手机尾号 5678`.
    pub word: Both,
    /// How many it finds: `5`, `50+`.
    pub hits: String,
    /// Looks it up this way; `None`: this is the one that is shown.
    pub href: Option<String>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct SearchResults {
    /// The heading: `手机尾号 5678，找到 5 笔`.
    pub heading: Both,
    /// Below it.
    pub lead: Option<Both>,
    /// Every way to read the text, this one among them.
    pub readings: Vec<Reading>,
    /// The payments, the latest first.
    pub rows: Vec<OrderRow>,
    /// What came in of the payments shown, and of how many; only when all are shown.
    pub total: Option<(Both, String)>,
    /// The next page.
    pub older: Option<String>,
    /// The first page.
    pub newest: Option<String>,
    /// What a search by personal data cannot find.
    pub limits: Option<Both>,
}

impl SearchResults {
    fn has_remarks(&self) -> bool {
        self.rows.iter().any(|row| !row.remark.is_empty())
    }
}

fn ordinary() -> SearchResults {
    SearchResults {
        heading: Both::new("手机尾号 5678，找到 5 笔", "Phone ending in 5678: 5 payments"),
        lead: Some(Both::new("最近的在前。", "The latest first.")),
        readings: vec![
            Reading {
                word: Both::new("手机尾号", "end of a phone number"), hits: "5".into(), href: None
            },
            Reading {
                word: Both::new("缴费单号", "slip number"),
                hits: "0".into(),
                href: Some("/orders?q=5678&as=slip".into()),
            },
        ],
        rows: sample_rows(),
        total: Some((Both::new("已收 4 笔合计", "Received, 4 payments"), "1,789.50".into())),
        older: None,
        newest: None,
        limits: Some(Both::new(
            "较早的支付单没有手机号和姓名索引，请用单号或就诊卡查找。",
            "Older payments have no index by phone and name: find them by a number or by the card.",
        )),
    }
}

staff_page!(SearchResults, "staff/cashier/search.html", Some(Place::Desk), [
    "ordinary" => ordinary(),
    "nothing" => SearchResults {
        heading: Both::new("没有找到", "Nothing was found"),
        lead: None,
        readings: vec![Reading { word: Both::new("渠道交易号", "provider's number"), hits: "0".into(), href: None }],
        rows: Vec::new(),
        total: None,
        limits: None,
        ..ordinary()
    },
    "not understood" => SearchResults {
        heading: Both::new("看不懂这段文字", "This text means nothing here"),
        readings: Vec::new(),
        rows: Vec::new(),
        total: None,
        lead: None,
        limits: None,
        ..ordinary()
    },
    "pages" => SearchResults {
        rows: sample_rows().into_iter().cycle().take(50).collect(),
        total: None,
        older: Some("/orders?q=x&before=1795142000000-B261123".into()),
        newest: Some("/orders?q=x".into()),
        ..ordinary()
    },
    "worst" => SearchResults {
        heading: Both::same(HOSTILE.repeat(4)),
        rows: vec![worst_row(); 3],
        readings: vec![Reading { word: Both::same(HOSTILE), hits: "50+".into(), href: Some("/orders?q=x&as=y".into()) }; 9],
        ..ordinary()
    },
]);
