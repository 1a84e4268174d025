//! A day's run (08-run): why the sides differ, with what, and whether it can be signed.

use super::{Deed, Way};
use crate::staff::frame::{Both, Face, State};
use crate::staff::page::staff_page;

/// What a side has of the day.
#[derive(Clone, Debug)]
pub struct SideTotals {
    /// 渠道 · 对账单.
    pub name: Both,
    /// Net.
    pub net_yuan: String,
    /// How many lines.
    pub lines: String,
    /// Payments.
    pub paid_yuan: String,
    /// Refunds, with the minus.
    pub refunded_yuan: String,
    /// Where it comes from.
    pub note: Both,
}

/// A term of the equation.
#[derive(Clone, Debug)]
pub struct Term {
    /// 渠道单边（长款）.
    pub name: Both,
    /// With its sign.
    pub yuan: String,
}

/// A category's line.
#[derive(Clone, Debug)]
pub struct CategoryLine {
    /// Its name.
    pub name: Both,
    /// Its findings; empty: all of its lines agree and none is listed.
    pub href: String,
    /// Each side's lines and net; `None`: nothing.
    pub sides: [Option<(String, String)>; 3],
    /// Channel less HIS, with its sign.
    pub difference_yuan: String,
    /// Its share of the largest, of a hundred.
    pub share: u8,
    /// What is to be done.
    pub state: State,
}

/// A version.
#[derive(Clone, Debug)]
pub struct VersionLine {
    /// Its number.
    pub number: i64,
    /// Of the one that is shown.
    pub shown: bool,
    /// Current or superseded.
    pub state: State,
    /// When, and who had it made.
    pub made: Both,
    /// How many differences.
    pub note: Both,
    /// To it, where it is not shown.
    pub href: String,
    /// What changed since the one before; empty for the first.
    pub diff_href: String,
}

/// Something that was read.
#[derive(Clone, Debug)]
pub struct InputLine {
    /// 渠道对账单.
    pub kind: Both,
    /// The account; may be empty.
    pub account: String,
    /// The file's name.
    pub name: String,
    /// Read, nothing that day, not yet, not in order.
    pub state: State,
    /// Lines.
    pub lines: String,
    /// Net.
    pub net_yuan: String,
    /// The first and last digits of its SHA-256; may be empty.
    pub sha256: String,
    /// What is to be known of it; may be empty.
    pub remark: String,
}

/// Settlement in a line.
#[derive(Clone, Debug)]
pub struct SettledLine {
    /// The merchant account.
    pub account: String,
    /// The bank account; may be empty.
    pub bank: String,
    /// What the channel has, net.
    pub net_yuan: String,
    /// The fee that was charged.
    pub fee_yuan: String,
    /// What arrived; `None`: not known.
    pub arrived_yuan: Option<String>,
    /// How it stands.
    pub state: State,
}

/// A run.
#[derive(Clone, Debug)]
pub struct RunShown {
    /// Its number: `D261124…`.
    pub number: String,
    /// Channel, gateway, HIS.
    pub sides: [SideTotals; 3],
    /// Channel net without what is set aside.
    pub channel_yuan: String,
    /// What was set aside as somebody else's; `None`: nothing.
    pub set_aside_yuan: Option<String>,
    /// HIS net.
    pub his_yuan: String,
    /// Their difference, with its sign.
    pub difference_yuan: String,
    /// What it is made of.
    pub terms: Vec<Term>,
    /// Every category with a line.
    pub categories: Vec<CategoryLine>,
    /// Each side's lines and net over all categories.
    pub totals: [(String, String); 3],
    /// Every version, the latest first.
    pub versions: Vec<VersionLine>,
    /// What it read.
    pub inputs: Vec<InputLine>,
    /// By which rules.
    pub rules: Both,
    /// Fees and settlement.
    pub settlement: Vec<SettledLine>,
}

/// The end of the day.
#[derive(Clone, Debug)]
pub struct SignCard {
    /// Signed, may be signed, not yet.
    pub state: State,
    /// What it means, or what is in the way.
    pub text: Both,
    /// Who made it, who signed it: name and value.
    pub lines: Vec<(Both, String)>,
    /// The button.
    pub deed: Deed,
}

/// The question before a day is signed.
#[derive(Clone, Debug)]
pub struct SignDialog {
    /// The figures that are signed: name and value.
    pub figures: Vec<(Both, String)>,
    /// What was typed.
    pub remark: String,
    /// Why it is not signed; nothing at first.
    pub refused: Option<Both>,
    /// The hidden number of the run that was looked at.
    pub run_id: String,
}

/// The page.
#[derive(Clone, Debug)]
pub struct DayPage {
    /// `2026-11-23`.
    pub day: String,
    /// 11-23 周一.
    pub title: Both,
    /// How it stands.
    pub state: State,
    /// The days beside it.
    pub beside: Vec<Way>,
    /// It is being compared, or will be in a moment.
    pub under_way: Option<Both>,
    /// How the last comparison that somebody asked for ended.
    pub ended: Option<State>,
    /// A superseded version is shown: which one, and the way to the current.
    pub old_version: Option<i64>,
    /// Compare it now.
    pub compare: Deed,
    /// Bring a file.
    pub upload: Deed,
    /// Take it away as a file.
    pub export: Deed,
    /// The run; `None`: it was not compared.
    pub run: Option<RunShown>,
    /// Signing.
    pub sign: SignCard,
    /// The question, laid over it.
    pub dialog: Option<SignDialog>,
}

impl DayPage {
    /// `/finance/days/2026-11-23`.
    pub(crate) fn path(&self) -> String {
        format!("/finance/days/{}", self.day)
    }
}

fn side(zh: &str, en: &str, net: &str, lines: &str, paid: &str, refunded: &str, note: Both) -> SideTotals {
    SideTotals {
        name: Both::new(zh, en),
        net_yuan: net.into(),
        lines: lines.into(),
        paid_yuan: paid.into(),
        refunded_yuan: refunded.into(),
        note,
    }
}

type Sides<'a> = [Option<(&'a str, &'a str)>; 3];

fn category(zh: &str, en: &str, sides: Sides<'_>, difference: &str, share: u8, state: State) -> CategoryLine {
    CategoryLine {
        name: Both::new(zh, en),
        href: "/differences?day=2026-11-23&category=channel_only&standing=all".into(),
        sides: sides.map(|side| side.map(|(lines, yuan)| (lines.to_owned(), yuan.to_owned()))),
        difference_yuan: difference.into(),
        share,
        state,
    }
}

fn sample_run() -> RunShown {
    let nothing = || State::new(Face::Ok, "无须处理", "nothing to do");
    let to_do = || State::new(Face::Warn, "待处理", "to do");
    let all = |lines, yuan| [Some((lines, yuan)), Some((lines, yuan)), Some((lines, yuan))];
    RunShown {
        number: "D2611241031000000000042".into(),
        sides: [
            side(
                "渠道 · 对账单",
                "Channel · statement",
                "215,753.46",
                "1,913",
                "218,132.66",
                "−2,379.20",
                Both::new(
                    "3 个账户的对账单，行数与自带合计相符",
                    "statements of 3 accounts; lines and totals agree",
                ),
            ),
            side(
                "网关 · 本系统",
                "Gateway · our books",
                "215,409.86",
                "1,890",
                "217,789.06",
                "−2,379.20",
                Both::new("支付单与退款单", "payments and refunds"),
            ),
            side(
                "HIS · 收费台账",
                "HIS · ledger",
                "215,445.46",
                "1,886",
                "217,519.66",
                "−2,074.20",
                Both::new("另有 12 行为其他支付方式，不参与", "12 more rows are of other ways to pay"),
            ),
        ],
        channel_yuan: "215,409.86".into(),
        set_aside_yuan: Some("343.60".into()),
        his_yuan: "215,445.46".into(),
        difference_yuan: "−35.60".into(),
        terms: vec![
            Term { name: Both::new("渠道单边（长款）", "channel only"), yuan: "+86.00".into() },
            Term {
                name: Both::new("金额不符（渠道多）", "channel has more"), yuan: "+27.00".into()
            },
            Term { name: Both::new("HIS 单边（短款）", "HIS only"), yuan: "−48.60".into() },
            Term { name: Both::new("HIS 缺退款", "refund missing in HIS"), yuan: "−30.00".into() },
            Term { name: Both::new("迟到平账", "matched late"), yuan: "−70.00".into() },
        ],
        categories: vec![
            category("平账", "matched", all("1,836", "216,941.66"), "0.00", 0, nothing()),
            category("迟到平账", "matched late", [None, None, Some(("1", "70.00"))], "−70.00", 81, nothing()),
            category(
                "外部流水",
                "not ours",
                [Some(("23", "343.60")), None, None],
                "0.00",
                0,
                State::new(Face::Idle, "已剔除", "set aside"),
            ),
            category(
                "渠道单边（长款）",
                "channel only",
                [Some(("1", "86.00")), Some(("1", "86.00")), None],
                "+86.00",
                100,
                to_do(),
            ),
            category(
                "HIS 单边（短款）",
                "HIS only",
                [None, None, Some(("1", "48.60"))],
                "−48.60",
                57,
                to_do(),
            ),
            category(
                "金额不符（渠道多）",
                "channel has more",
                [Some(("1", "152.00")), Some(("1", "152.00")), Some(("1", "125.00"))],
                "+27.00",
                31,
                to_do(),
            ),
            category(
                "HIS 缺退款",
                "refund missing in HIS",
                [Some(("1", "−30.00")), Some(("1", "−30.00")), None],
                "−30.00",
                35,
                to_do(),
            ),
        ],
        totals: [
            ("1,913".into(), "215,753.46".into()),
            ("1,890".into(), "215,409.86".into()),
            ("1,886".into(), "215,445.46".into()),
        ],
        versions: vec![
            VersionLine {
                number: 2,
                shown: true,
                state: State::new(Face::Info, "当前", "current"),
                made: Both::new("今天 10:31 王静怡（0501）", "today 10:31 王静怡 (0501)"),
                note: Both::new("4 笔差异", "4 differences"),
                href: "/finance/days/2026-11-23".into(),
                diff_href: "/finance/days/2026-11-23/diff?from=1&to=2".into(),
            },
            VersionLine {
                number: 1,
                shown: false,
                state: State::new(Face::Idle, "已被替代", "superseded"),
                made: Both::new("今天 10:06 系统定时", "today 10:06 by schedule"),
                note: Both::new("5 笔差异", "5 differences"),
                href: "/finance/days/2026-11-23?version=1".into(),
                diff_href: String::new(),
            },
        ],
        inputs: vec![
            InputLine {
                kind: Both::new("渠道对账单", "statement"),
                account: "wechat-main".into(),
                name: "wechat-main-2026-11-23.csv".into(),
                state: State::new(Face::Ok, "已读", "read"),
                lines: "1,913".into(),
                net_yuan: "215,753.46".into(),
                sha256: "9f41…c07e".into(),
                remark: String::new(),
            },
            InputLine {
                kind: Both::new("渠道对账单", "statement"),
                account: "unionpay".into(),
                name: "unionpay-2026-11-23".into(),
                state: State::new(Face::Info, "对账单未到", "not there yet"),
                lines: "0".into(),
                net_yuan: "0.00".into(),
                sha256: String::new(),
                remark: "渠道尚未生成对账单".into(),
            },
            InputLine {
                kind: Both::new("渠道对账单", "statement"),
                account: "alipay-main".into(),
                name: "20261123_业务明细.csv".into(),
                state: State::new(Face::Bad, "文件有误", "not in order"),
                lines: "0".into(),
                net_yuan: "0.00".into(),
                sha256: "27b0…51da".into(),
                remark: "无法解析：20261123_业务明细.csv, line 118, column 金额: 应是金额，读到“1O8.60”"
                    .into(),
            },
        ],
        rules: Both::new(
            "三方核对；零点前后 900 秒内的等次日；本系统单号为 P 加 20 位",
            "three sides; 900 s around midnight are waited for; our numbers are P and 20 more",
        ),
        settlement: vec![
            SettledLine {
                account: "wechat-main".into(),
                bank: "工商银行 ****2207".into(),
                net_yuan: "215,753.46".into(),
                fee_yuan: "431.83".into(),
                arrived_yuan: Some("215,321.63".into()),
                state: State::new(Face::Ok, "到账相符", "arrived"),
            },
            SettledLine {
                account: "alipay-main".into(),
                bank: String::new(),
                net_yuan: "92,529.99".into(),
                fee_yuan: "184.98".into(),
                arrived_yuan: None,
                state: State::new(Face::Idle, "未核对", "not compared"),
            },
        ],
    }
}

fn sample() -> DayPage {
    DayPage {
        day: "2026-11-23".into(),
        title: Both::new("11-23 周一", "Mon 11-23"),
        state: State::new(Face::Warn, "4 笔差异", "4 differences"),
        beside: vec![
            Way::new("/finance/days/2026-11-22", Both::same("11-22")),
            Way::new("/finance/days/2026-11-24", Both::same("11-24")),
        ],
        under_way: None,
        ended: None,
        old_version: None,
        compare: Deed::On,
        upload: Deed::On,
        export: Deed::On,
        run: Some(sample_run()),
        sign: SignCard {
            state: State::new(Face::Warn, "还不能签结", "cannot be signed yet"),
            text: Both::new(
                "4 笔差异待处理，1 笔等第二人批准；须先处理、结转或挂账。签结后本日冻结，迟到的账由次日清账。",
                "4 differences are open and 1 waits for a second person; settle or carry them first. A signed day is frozen; what comes late is cleared by the next day.",
            ),
            lines: vec![
                (Both::new("制表", "made by"), "王静怡（0501）今天 10:31".into()),
                (Both::new("签结", "signed by"), "—".into()),
            ],
            deed: Deed::Off(Both::new("还有 4 笔待处理", "4 are still open")),
        },
        dialog: None,
    }
}

fn agreed() -> DayPage {
    DayPage {
        state: State::new(Face::Ok, "平账", "agrees"),
        sign: SignCard {
            state: State::new(Face::Ok, "可以签结", "can be signed"),
            text: Both::new("没有待处理的差异。", "No difference is open."),
            lines: vec![(Both::new("制表", "made by"), "系统定时 今天 10:06".into())],
            deed: Deed::On,
        },
        ..sample()
    }
}

staff_page!(DayPage, "staff/finance/day.html", Some(Place::Today), [
    "ordinary" => sample(),
    "agrees" => agreed(),
    "sign" => DayPage {
        dialog: Some(SignDialog {
            figures: vec![
                (Both::new("渠道净额", "channel, net"), "215,753.46".into()),
                (Both::new("HIS 净额", "HIS, net"), "215,445.46".into()),
                (Both::new("差异", "difference"), "−35.60".into()),
                (Both::new("结转到以后", "carried on"), "1 笔".into()),
            ],
            remark: String::new(),
            refused: None,
            run_id: "D2611241031000000000042".into(),
        }),
        ..agreed()
    },
    "not signed" => DayPage {
        dialog: Some(SignDialog {
            figures: vec![(Both::new("渠道净额", "channel, net"), "215,753.46".into())],
            remark: "差异已核实".into(),
            refused: Some(Both::new("刚刚又出现 1 笔待处理的差异，没有签结。", "One more difference is open by now; it was not signed.")),
            run_id: "D2611241031000000000042".into(),
        }),
        ..agreed()
    },
    "signed" => DayPage {
        state: State::new(Face::Ok, "已签结", "signed"),
        compare: Deed::Off(Both::new("已签结，冻结；迟到的账由次日清账", "signed and frozen; what comes late is cleared by the next day")),
        upload: Deed::Hidden,
        sign: SignCard {
            state: State::new(Face::Ok, "已签结", "signed"),
            text: Both::new("本日已冻结。", "The day is frozen."),
            lines: vec![
                (Both::new("签结", "signed by"), "赵启明（0500）11-24 11:20".into()),
                (Both::new("说明", "remark"), "差异已核实并结转".into()),
                (Both::new("审计锚点", "audit anchor"), "88412:27b0…51da".into()),
            ],
            deed: Deed::Hidden,
        },
        ..sample()
    },
    "under way" => DayPage {
        under_way: Some(Both::new("王静怡（0501）10:31 要求重跑，正在进行。离开本页不影响，完成后本页会换成新版本。", "王静怡 (0501) asked at 10:31; it runs. You may leave this page; it shows the new version when it is there.")),
        compare: Deed::Off(Both::new("正在进行", "it runs")),
        ..sample()
    },
    "ended the same" => DayPage { ended: Some(State::new(Face::Ok, "10:31 王静怡（0501）重跑：与第 2 版相同，没有新增版本。", "10:31 王静怡 (0501): the same as version 2; none was added.")), ..sample() },
    "refused" => DayPage { ended: Some(State::new(Face::Bad, "10:31 重跑没有完成：HIS 台账取不全。什么也没有改变。", "10:31: not compared: HIS's ledger could not be read whole. Nothing was changed.")), ..sample() },
    "old version" => DayPage { old_version: Some(1), compare: Deed::Hidden, ..sample() },
    "never compared" => DayPage {
        state: State::new(Face::Idle, "未对账", "not compared"),
        run: None,
        export: Deed::Hidden,
        sign: SignCard {
            state: State::new(Face::Idle, "还不能签结", "cannot be signed yet"),
            text: Both::new("还没有对账。", "It was not compared yet."),
            lines: Vec::new(),
            deed: Deed::Off(Both::new("先对账", "compare it first")),
        },
        ..sample()
    },
    "hostile" => DayPage {
        run: Some(RunShown {
            inputs: vec![InputLine {
                name: "<img src=x onerror=alert(1)>".repeat(8),
                remark: "</td></table><script>alert(1)</script>".repeat(8),
                ..sample_run().inputs.remove(0)
            }],
            ..sample_run()
        }),
        ..sample()
    },
]);
