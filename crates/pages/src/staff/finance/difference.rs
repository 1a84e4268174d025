//! One difference (10-difference): why it is there, and what is done about it. With the preview of a remedy laid over it
//! (10-difference-preview): what is read there is what happens.

use super::{Choice, Deed, Way};
use crate::staff::frame::{Both, Face, State};
use crate::staff::page::staff_page;

/// What a side says of one thing.
#[derive(Clone, Debug)]
pub struct SideCell {
    /// As the side has it; `—` where it has nothing.
    pub text: Both,
    /// It is not what the others say.
    pub differs: bool,
}

/// One thing, as the three sides say it.
#[derive(Clone, Debug)]
pub struct SideRow {
    /// What it is.
    pub name: Both,
    /// Channel, gateway, HIS.
    pub cells: [SideCell; 3],
}

impl SideRow {
    pub(crate) fn differs(&self) -> bool {
        self.cells.iter().any(|cell| cell.differs)
    }
}

/// A line as it was received.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Whose, which file, which line.
    pub caption: Both,
    /// The line, personal data masked; `None`: it cannot be shown, and the caption's note says why.
    pub raw: Option<String>,
    /// What is to be known of it; may be empty.
    pub note: Both,
}

/// A notification that came about it.
#[derive(Clone, Debug)]
pub struct NewsLine {
    /// When it came.
    pub at: Both,
    /// At whose address.
    pub channel: String,
    /// What became of it.
    pub verdict: State,
    /// Where it is shown as it was received, for a reason; `None`: not to this person.
    pub href: Option<String>,
}

/// A remedy that may be looked at.
#[derive(Clone, Debug)]
pub struct RemedyChoice {
    /// Its preview.
    pub href: String,
    /// What it is called.
    pub name: Both,
    /// What it does, in a sentence.
    pub what: Both,
    /// Whether money moves, and whether a second person is needed.
    pub money: State,
    /// It is advised.
    pub advised: bool,
    /// Whether it may be looked at.
    pub deed: Deed,
}

/// Something that happened to it.
#[derive(Clone, Debug)]
pub struct StoryLine {
    /// `10:31`, `11-23 10:31`.
    pub at: String,
    /// Who.
    pub who: String,
    /// What.
    pub what: Both,
    /// More, in the words of whoever wrote it; may be empty.
    pub detail: String,
}

/// A file that belongs to it.
#[derive(Clone, Debug)]
pub struct FileLine {
    /// Where it is fetched.
    pub href: String,
    /// Its name.
    pub name: String,
    /// `124 KB`.
    pub size: String,
    /// Who brought it, and when.
    pub brought: String,
}

/// Who works on it, and until when.
#[derive(Clone, Debug)]
pub struct Handling {
    /// Who may be chosen; the one who is.
    pub people: Vec<Choice>,
    /// `2026-11-24`; may be empty.
    pub deadline: String,
    /// The version that is changed, hidden in the form.
    pub version: i64,
}

/// What a ledger shows after it.
#[derive(Clone, Debug)]
pub struct LedgerEffect {
    /// 渠道, 网关账簿, HIS, 患者.
    pub ledger: Both,
    /// What becomes of it.
    pub effect: Both,
    /// It stays as it is.
    pub unchanged: bool,
}

/// The preview of a remedy, laid over the difference.
#[derive(Clone, Debug)]
pub struct RemedyDialog {
    /// Where the form goes.
    pub action: String,
    /// 退费.
    pub name: Both,
    /// How much money; `None`: none.
    pub amount_yuan: Option<String>,
    /// What happens, a sentence each: this and nothing else.
    pub effects: Vec<String>,
    /// Every ledger, those that stay as they are among them.
    pub ledgers: Vec<LedgerEffect>,
    /// A second person has to approve it: who may.
    pub second: Option<Both>,
    /// The reason that was typed.
    pub reason: String,
    /// Why it was not done.
    pub refused: Option<Both>,
    /// The fingerprint of what is read here, hidden in the form.
    pub read: String,
    /// The button: verb and amount.
    pub verb: Both,
}

/// The page.
#[derive(Clone, Debug)]
pub struct DifferencePage {
    /// `2026-11-23`.
    pub day: String,
    /// Its key.
    pub key: String,
    /// What it is called, and the amount: the heading.
    pub heading: Both,
    /// How it stands.
    pub state: State,
    /// When it is due.
    pub due: Option<State>,
    /// The run was superseded, or the day is signed.
    pub notice: Option<Both>,
    /// Why it is there: a sentence.
    pub why: Both,
    /// How sure that is.
    pub sure: State,
    /// What shows it, a sentence each.
    pub basis: Vec<String>,
    /// The three sides.
    pub rows: Vec<SideRow>,
    /// Lines as they were received.
    pub evidence: Vec<Evidence>,
    /// What the channel told by itself, the oldest first.
    pub news: Vec<NewsLine>,
    /// The order's story; `None`: it is not an order of ours.
    pub order: Option<Way>,
    /// The next open one of the day; `None`: there is no other.
    pub next: Option<String>,
    /// What may be done.
    pub remedies: Vec<RemedyChoice>,
    /// What happened to it, the oldest first.
    pub story: Vec<StoryLine>,
    /// Files that belong to it.
    pub files: Vec<FileLine>,
    /// Who works on it.
    pub handling: Handling,
    /// In words, for whoever only reads: who works on it.
    pub assigned: String,
    /// This person may work on it.
    pub works: bool,
    /// What was typed as a note and not kept.
    pub note: String,
    /// What is wrong with what was sent.
    pub error: Option<Both>,
    /// The preview, laid over it.
    pub dialog: Option<RemedyDialog>,
}

impl DifferencePage {
    /// Its address.
    pub(crate) fn path(&self) -> String {
        format!("/finance/days/{}/differences/{}", self.day, self.key)
    }
}

fn cells(zh: &str, en: &str, texts: [&str; 3], differs: Option<usize>) -> SideRow {
    let mut place = 0;
    SideRow {
        name: Both::new(zh, en),
        cells: texts.map(|text| {
            let cell = SideCell { text: Both::same(text), differs: differs == Some(place) };
            place += 1;
            cell
        }),
    }
}

fn sample() -> DifferencePage {
    let still = || State::new(Face::Idle, "不动钱", "no money moves");
    let moves = || State::new(Face::Warn, "动钱 · 需第二人", "money moves · second person");
    DifferencePage {
        day: "2026-11-23".into(),
        key: "0123456789abcdef0123456789abcdef".into(),
        heading: Both::new("金额不符（渠道多）¥27.00", "Channel has more: ¥27.00"),
        state: State::new(Face::Warn, "待处理", "open"),
        due: Some(State::new(Face::Warn, "今天到期", "due today")),
        notice: None,
        why: Both::new("HIS 在收款后改了金额，多收的钱还没有退给患者。", "HIS changed the amount after it was paid; what was paid too much has not gone back."),
        sure: State::new(Face::Ok, "把握：确定", "certain"),
        basis: vec!["渠道对账单：支付 152.00 元，11-23 14:23:07。".into(), "本系统：支付成功，11-23 14:23:07 得知；已回写 HIS。".into(), "HIS 流水：125.00 元，11-23 14:23:11。".into()],
        rows: vec![
            cells("订单号", "Order", ["P261123142251873000001"; 3], None),
            cells("渠道交易号", "Provider's number", ["4200002871202611231438851962"; 3], None),
            cells("金额 元", "Amount, yuan", ["152.00", "152.00", "125.00"], Some(2)),
            cells("状态", "State", ["已完成", "已完成", "已完成"], None),
            cells("时间", "Time", ["2026-11-23 14:23:07", "2026-11-23 14:23:07", "2026-11-23 14:23:11"], None),
            cells("账户", "Account", ["1682****31", "wechat-main", "wechat-main"], None),
        ],
        evidence: vec![
            Evidence {
                caption: Both::new("渠道对账单 wechat-main-2026-11-23.csv 第 1,207 行，原样", "statement wechat-main-2026-11-23.csv, line 1,207, as received"),
                raw: Some("`2026-11-23 14:23:07,`wx8d…1f2a,`1682****31,`0,`,`4200002871202611231438851962,`P261123142251873000001,`o6b2****p3L,`JSAPI,`SUCCESS,`OTHERS,`CNY,`152.00,`0.00".into()),
                note: Both::new("付款人标识已脱敏", "the payer's id is masked"),
            },
            Evidence {
                caption: Both::new("HIS 流水 ledger-wechat-main-2026-11-23.csv 第 411 行", "HIS ledger, line 411"),
                raw: Some("payment,done,P261123142251873000001,,4200002871202611231438851962,125.00,2026-11-23 14:23:11,wechat-main".into()),
                note: Both::same(""),
            },
        ],
        news: vec![
            NewsLine {
                at: Both::new("11-23 14:23:07", "11-23 14:23:07"),
                channel: "wechat-main".into(),
                verdict: State::new(Face::Ok, "验签通过，已采用", "proven and applied"),
                href: Some("/orders/B261123142251873000001/evidence/N1".into()),
            },
            NewsLine {
                at: Both::new("11-23 14:23:22", "11-23 14:23:22"),
                channel: "wechat-main".into(),
                verdict: State::new(Face::Ok, "验签通过，已知", "proven, known before"),
                href: None,
            },
        ],
        next: Some("/finance/days/2026-11-23/differences/fedcba9876543210fedcba9876543210".into()),
        order: Some(Way::new("/orders?q=P261123142251873000001", Both::new("支付单全程", "the order's story"))),
        remedies: vec![
            RemedyChoice {
                href: "/finance/days/2026-11-23/differences/0123456789abcdef0123456789abcdef/remedies/refund".into(),
                name: Both::new("退费", "Refund"),
                what: Both::new("多收的钱原路退给付款人。", "What was paid too much goes back the way it came."),
                money: moves(),
                advised: true,
                deed: Deed::On,
            },
            RemedyChoice {
                href: "/finance/days/2026-11-23/differences/0123456789abcdef0123456789abcdef/remedies/ask_again".into(),
                name: Both::new("再次查询", "Ask again"),
                what: Both::new("向渠道与 HIS 再问一次。", "Channel and HIS are asked once more."),
                money: still(),
                advised: false,
                deed: Deed::On,
            },
            RemedyChoice {
                href: String::new(),
                name: Both::new("挂账", "Suspense"),
                what: Both::new("差额记到挂账科目，以后再定。", "The gap is held on the suspense account."),
                money: moves(),
                advised: false,
                deed: Deed::Off(Both::new("周倩（0512）已提交退费，等待批准", "周倩 (0512) has ordered a refund; it waits")),
            },
        ],
        story: vec![
            StoryLine { at: "10:06".into(), who: "系统".into(), what: Both::new("发现，第 1 版", "found, version 1"), detail: String::new() },
            StoryLine { at: "10:31".into(), who: "王静怡（0501）".into(), what: Both::new("再次查询：已执行", "ask again: done"), detail: "渠道：已支付 152.00 元；HIS：已入账 125.00 元".into() },
            StoryLine { at: "10:40".into(), who: "王静怡（0501）".into(), what: Both::new("留言", "note"), detail: "已电话检验科：两项确实未做。".into() },
        ],
        files: vec![FileLine {
            href: "/finance/days/2026-11-23/differences/0123456789abcdef0123456789abcdef/files/F1".into(),
            name: "改单记录.pdf".into(),
            size: "124 KB".into(),
            brought: "王静怡（0501）10:41".into(),
        }],
        handling: Handling {
            people: vec![Choice::new("", Both::new("无人", "nobody"), false), Choice::new("0501", Both::same("王静怡（0501）"), true)],
            deadline: "2026-11-24".into(),
            version: 3,
        },
        assigned: "王静怡（0501）".into(),
        works: true,
        note: String::new(),
        error: None,
        dialog: None,
    }
}

fn preview() -> RemedyDialog {
    let ledger = |zh: &str, en: &str, effect: Both, unchanged| LedgerEffect {
        ledger: Both::new(zh, en),
        effect,
        unchanged,
    };
    let same = || Both::new("不变", "unchanged");
    RemedyDialog {
        action: "/finance/days/2026-11-23/differences/0123456789abcdef0123456789abcdef/remedies/refund"
            .into(),
        name: Both::new("退费", "Refund"),
        amount_yuan: Some("27.00".into()),
        effects: vec![
            "经渠道 wechat-main 把 27.00 元原路退给付款人，订单 P261123142251873000001".into(),
            "退费先征询 HIS；到账后通知患者，并按退费记账".into(),
        ],
        ledgers: vec![
            ledger("渠道", "Channel", Both::new("新增一笔退款", "one more refund"), false),
            ledger("网关账簿", "Our books", Both::new("按退费记账", "booked as a refund"), false),
            ledger("HIS", "HIS", same(), true),
            ledger("患者", "Patient", Both::new("收到退款与通知", "gets the money and is told"), false),
        ],
        second: Some(Both::new(
            "提交后须由另一位财务主管批准，您本人不能批准。批准时若账面已变，会退回重看。",
            "Another finance lead has to approve it. If the facts change before, it is shown anew.",
        )),
        reason: String::new(),
        refused: None,
        read: "b81c07f2b81c07f2".into(),
        verb: Both::new("提交审批 · 退费 ¥27.00", "Have it approved · refund ¥27.00"),
    }
}

staff_page!(DifferencePage, "staff/finance/difference.html", Some(Place::Differences), [
    "ordinary" => sample(),
    "preview" => DifferencePage { dialog: Some(preview()), ..sample() },
    "preview changed" => DifferencePage {
        dialog: Some(RemedyDialog {
            refused: Some(Both::new("您看过预览之后账面变了，什么也没有做。请重看下面的预览。", "Things have changed since you read the preview; nothing was done. Read it again.")),
            reason: "检验科确认两项未执行".into(),
            ..preview()
        }),
        ..sample()
    },
    "preview without money" => DifferencePage {
        dialog: Some(RemedyDialog {
            name: Both::new("结转", "Carry"),
            amount_yuan: None,
            second: None,
            verb: Both::new("结转", "Carry"),
            refused: Some(Both::new("请写理由，1 至 200 字。", "Give a reason of 1 to 200 characters.")),
            ..preview()
        }),
        ..sample()
    },
    "reader" => DifferencePage { works: false, remedies: Vec::new(), ..sample() },
    "one side only" => DifferencePage {
        heading: Both::new("渠道单边（长款）¥86.00", "Channel only: ¥86.00"),
        rows: vec![
            cells("记录", "Record", ["有", "有", "没有"], Some(2)),
            cells("金额 元", "Amount, yuan", ["86.00", "86.00", "—"], None),
        ],
        story: Vec::new(),
        files: Vec::new(),
        notice: Some(Both::new("这一版已被替代，只能看。", "This version is superseded and can only be read.")),
        ..sample()
    },
    "hostile" => DifferencePage {
        basis: vec!["<script>alert(1)</script>".into()],
        evidence: vec![Evidence { caption: Both::same("<b>file</b>"), raw: Some("<img src=x onerror=alert(1)>,".repeat(30)), note: Both::same("") }],
        story: vec![StoryLine { at: "10:40".into(), who: "<i>x</i>".into(), what: Both::same("note"), detail: "</div><script>alert(1)</script>".repeat(10) }],
        files: vec![FileLine { name: "\"><script>.pdf".into(), ..sample().files.remove(0) }],
        error: Some(Both::new("文件没有收下：内容不是 PDF、PNG、JPEG、XLSX 或 CSV。", "The file was not taken: it is no PDF, PNG, JPEG, XLSX or CSV.")),
        ..sample()
    },
]);
