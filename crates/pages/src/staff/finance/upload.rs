//! A file that somebody brings by hand: a statement that a channel does not give, or HIS's ledger.

use super::Choice;
use crate::staff::frame::Both;
use crate::staff::page::staff_page;

/// Why a file was not taken.
#[derive(Clone, Debug)]
pub struct UploadRefused {
    /// Its name.
    pub file: String,
    /// The line; 0: the file as a whole.
    pub line: u64,
    /// The column's heading; may be empty.
    pub column: String,
    /// What is wrong, with the text that was read.
    pub problem: Both,
    /// What can be done.
    pub then: Both,
}

/// A file that was brought.
#[derive(Clone, Debug)]
pub struct BroughtLine {
    /// 渠道对账单 · wechat-main.
    pub what: Both,
    /// Its name.
    pub name: String,
    /// The first and last digits of its SHA-256.
    pub sha256: String,
    /// Who, and when.
    pub brought: String,
}

/// The page.
#[derive(Clone, Debug)]
pub struct UploadPage {
    /// `2026-11-23`.
    pub day: String,
    /// What may be brought; none: the day is signed.
    pub choices: Vec<Choice>,
    /// How large a file may be: `512 MB`.
    pub most: String,
    /// The same in bytes: the browser tells whoever chooses a larger one before it is sent.
    pub most_bytes: u64,
    /// Files of the day.
    pub brought: Vec<BroughtLine>,
    /// Why the last one was not taken.
    pub refused: Option<UploadRefused>,
    /// Why none is taken.
    pub closed: Option<Both>,
}

fn sample() -> UploadPage {
    UploadPage {
        day: "2026-11-23".into(),
        choices: vec![
            Choice::new(
                "statement:wechat-main",
                Both::new("渠道对账单 · 微信支付 wechat-main", "statement · WeChat Pay wechat-main"),
                true,
            ),
            Choice::new(
                "statement:alipay-main",
                Both::new("渠道对账单 · 支付宝 alipay-main", "statement · Alipay alipay-main"),
                false,
            ),
            Choice::new("ledger", Both::new("HIS 收费台账", "HIS ledger"), false),
        ],
        most: "512 MB".into(),
        most_bytes: 512 << 20,
        brought: vec![BroughtLine {
            what: Both::new("渠道对账单 · alipay-main", "statement · alipay-main"),
            name: "20261123_业务明细.csv".into(),
            sha256: "27b0…51da".into(),
            brought: "王静怡（0501）今天 10:41".into(),
        }],
        refused: None,
        closed: None,
    }
}

staff_page!(UploadPage, "staff/finance/upload.html", Some(Place::Today), [
    "ordinary" => sample(),
    "refused" => UploadPage {
        refused: Some(UploadRefused {
            file: "INN26112388ZM_898342080620126".into(),
            line: 118,
            column: "金额".into(),
            problem: Both::new("\"00000000O860\" 不是以分计的金额", "\"00000000O860\" is no amount in fen"),
            then: Both::new("整份文件没有收下。请向渠道重新取文件，不要手工改。", "Nothing of it was kept. Fetch the file again from the channel; do not mend it by hand."),
        }),
        ..sample()
    },
    "signed" => UploadPage { choices: Vec::new(), brought: Vec::new(), closed: Some(Both::new("这一天已签结，冻结；迟到的账由次日清账。", "The day is signed and frozen; what comes late is cleared by the next day.")), ..sample() },
    "hostile" => UploadPage {
        refused: Some(UploadRefused {
            file: "<script>alert(1)</script>.csv".into(),
            line: 0,
            column: String::new(),
            problem: Both::same("<img src=x onerror=alert(1)>".repeat(20)),
            then: Both::same(""),
        }),
        ..sample()
    },
]);
