//! Fees and settlement (11-settlement): did the bank get it.

use super::{Figure, Way};
use crate::staff::frame::{Both, Face, State};
use crate::staff::page::staff_page;

/// A merchant account.
#[derive(Clone, Debug)]
pub struct SettlementLine {
    /// 微信支付.
    pub name: Both,
    /// `wechat-main`.
    pub account: String,
    /// The contracted rate: `0.20%`; empty: none is known.
    pub rate: String,
    /// Payments.
    pub paid_yuan: String,
    /// Refunds, with the minus.
    pub refunded_yuan: String,
    /// The fee by the contract; `None`: no rate is known.
    pub fee_expected_yuan: Option<String>,
    /// The fee that was charged.
    pub fee_yuan: String,
    /// It is not what the contract says.
    pub fee_differs: bool,
    /// What the fund flow says came in; `None`: there is no such file.
    pub fund_flow_yuan: Option<String>,
    /// What has to arrive.
    pub due_yuan: String,
    /// What arrived; `None`: not known.
    pub arrived_yuan: Option<String>,
    /// How it stands.
    pub state: State,
    /// What is to be known of it; may be empty.
    pub remark: Both,
}

/// A bank account with what is settled to it.
#[derive(Clone, Debug)]
pub struct BankGroup {
    /// The bank account, or that none is known.
    pub bank: Both,
    /// What has to arrive there.
    pub due_yuan: String,
    /// What arrived; `None`: not known.
    pub arrived_yuan: Option<String>,
    /// Its merchant accounts.
    pub lines: Vec<SettlementLine>,
}

/// Money on its way to the bank.
#[derive(Clone, Debug)]
pub struct OnTheWay {
    /// The merchant account.
    pub account: String,
    /// The bank account.
    pub bank: String,
    /// When it left.
    pub left: String,
    /// When it has to be there.
    pub due: String,
    /// How much.
    pub amount_yuan: String,
    /// In transit, or late.
    pub state: State,
}

/// The page.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// `2026-11-23`.
    pub day: String,
    /// What it comes to, in words.
    pub lead: Both,
    /// The days beside it.
    pub beside: Vec<Way>,
    /// The last day that may be asked for.
    pub today: String,
    /// The large figures; none where nothing was compared.
    pub figures: Vec<Figure>,
    /// By bank account.
    pub groups: Vec<BankGroup>,
    /// Paid, refunded, expected fee, fee, due, arrived over all.
    pub totals: [String; 6],
    /// How many merchant accounts.
    pub accounts: usize,
    /// On its way.
    pub on_the_way: Vec<OnTheWay>,
    /// As a file; empty: not for this person.
    pub export: String,
}

fn line(zh: &str, en: &str, account: &str, state: State) -> SettlementLine {
    SettlementLine {
        name: Both::new(zh, en),
        account: account.into(),
        rate: "0.20%".into(),
        paid_yuan: "218,132.66".into(),
        refunded_yuan: "−2,379.20".into(),
        fee_expected_yuan: Some("−431.83".into()),
        fee_yuan: "−431.83".into(),
        fee_differs: false,
        fund_flow_yuan: Some("215,321.63".into()),
        due_yuan: "215,321.63".into(),
        arrived_yuan: Some("215,321.63".into()),
        state,
        remark: Both::same(""),
    }
}

fn sample() -> Settlement {
    let fine = || State::new(Face::Ok, "到账相符", "arrived");
    let figure = |zh: &str, en: &str, value: &str, detail: Both| Figure {
        label: Both::new(zh, en),
        value: value.into(),
        unit: Both::same(""),
        detail,
    };
    Settlement {
        day: "2026-11-23".into(),
        lead: Both::new(
            "账单日 11-23。手续费按合同费率逐笔重算，再与实扣、资金账单和银行流水核对。",
            "Day 11-23. Fees are worked out again line by line and held against what was charged, the fund flow and the bank.",
        ),
        beside: vec![
            Way::new("/settlement?day=2026-11-22", Both::same("11-22")),
            Way::new("/settlement?day=2026-11-24", Both::same("11-24")),
        ],
        today: "2026-11-24".into(),
        figures: vec![
            figure(
                "应到账",
                "Due",
                "¥749,007.07",
                Both::new("交易额 − 退款 − 手续费", "payments less refunds and fees"),
            ),
            figure(
                "已到账",
                "Arrived",
                "¥638,318.20",
                Both::new("2 个账户已与银行核对", "2 accounts were held against the bank"),
            ),
            figure(
                "在途",
                "On its way",
                "¥110,688.87",
                Both::new("1 笔，最迟 11-25", "1 payout, until 11-25"),
            ),
            figure(
                "手续费 实扣",
                "Fees charged",
                "¥1,240.88",
                Both::new("比合同多 ¥1.20", "¥1.20 more than the contract"),
            ),
        ],
        groups: vec![
            BankGroup {
                bank: Both::same("工商银行 ****2207"),
                due_yuan: "340,361.16".into(),
                arrived_yuan: Some("340,361.16".into()),
                lines: vec![
                    line("微信支付", "WeChat Pay", "wechat-main", fine()),
                    SettlementLine {
                        fee_differs: true,
                        fee_yuan: "−433.03".into(),
                        remark: Both::new("1 笔按 0.60% 扣收，合同 0.20%", "1 line at 0.60%, contract 0.20%"),
                        ..line("支付宝", "Alipay", "alipay-main", State::new(Face::Warn, "有差额", "differs"))
                    },
                ],
            },
            BankGroup {
                bank: Both::new("未登记银行账户", "no bank account is known"),
                due_yuan: "83,763.00".into(),
                arrived_yuan: None,
                lines: vec![SettlementLine {
                    rate: String::new(),
                    fee_expected_yuan: None,
                    fund_flow_yuan: None,
                    arrived_yuan: None,
                    ..line("医保", "Insurance", "insurance", State::new(Face::Info, "在途", "on its way"))
                }],
            },
        ],
        totals: [
            "756,708.89".into(),
            "−6,460.94".into(),
            "−863.66".into(),
            "−864.86".into(),
            "749,007.07".into(),
            "638,318.20".into(),
        ],
        accounts: 3,
        on_the_way: vec![OnTheWay {
            account: "alipay-main".into(),
            bank: "工商银行 ****2207".into(),
            left: "11-23".into(),
            due: "11-24".into(),
            amount_yuan: "110,688.87".into(),
            state: State::new(Face::Info, "在途", "on its way"),
        }],
        export: "/finance/days/2026-11-23/report.xlsx".into(),
    }
}

staff_page!(Settlement, "staff/finance/settlement.html", Some(Place::Settlement), [
    "ordinary" => sample(),
    "empty" => Settlement {
        lead: Both::new("11-23 还没有对账。", "11-23 was not compared yet."),
        figures: Vec::new(),
        groups: Vec::new(),
        on_the_way: Vec::new(),
        export: String::new(),
        ..sample()
    },
    "hostile" => Settlement {
        groups: vec![BankGroup {
            bank: Both::same("<script>bank</script>"),
            lines: vec![SettlementLine { account: "<b>".repeat(20), remark: Both::same("<img src=x>".repeat(20)), ..sample().groups.remove(0).lines.remove(0) }],
            ..sample().groups.remove(0)
        }],
        ..sample()
    },
]);
