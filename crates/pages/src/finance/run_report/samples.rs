//! One believable day, and the same in trouble.

use super::{
    CategoryRow, CategoryState, Day, FindingRow, InputRow, InputState, Links, NetDifference, RunReport,
    SettlementRow, Side, SideAmount, SideTotal, SignOff, TrendDay, TwoNames,
};
use crate::Moment;

pub(super) fn ordinary() -> RunReport {
    let side = |lines, paid: &str, refunded: &str, net: &str| SideTotal {
        lines,
        paid_yuan: paid.into(),
        refunded_yuan: refunded.into(),
        net_yuan: net.into(),
    };
    RunReport {
        day: Day { year: 2026, month: 11, day: 23 },
        scope: "全部渠道".into(),
        version: 2,
        made_at: Moment { year: 2026, month: 11, day: 24, hour: 10, minute: 31, second: 7, today: true },
        made_by: "王静怡".into(),
        open: 5,
        sides: [
            side(1_913, "218,132.66", "2,379.20", "215,753.46"),
            side(1_890, "217,789.06", "2,379.20", "215,409.86"),
            side(1_886, "217,519.66", "2,074.20", "215,445.46"),
        ],
        difference: NetDifference::ChannelMore("308.00".into()),
        set_aside_yuan: Some("343.60".into()),
        difference_yuan: "308.00".into(),
        categories: sample_categories(),
        trend: sample_trend(&[
            5, 3, 4, 6, 2, 1, 1, 5, 4, 3, 6, 5, 0, 2, 5, 4, 3, 2, 6, 3, 2, 1, 4, 3, 0, 1, 2, 4, 1, 5,
        ]),
        findings: sample_findings(),
        findings_total: 10,
        settlement: sample_settlement(),
        inputs: sample_inputs(),
        signed: None,
        links: Some(Links {
            back: "/finance/runs/2026-11-23".into(),
            xlsx: "/finance/runs/2026-11-23/report.xlsx".into(),
            csv: "/finance/runs/2026-11-23/report.csv".into(),
        }),
    }
}

fn two(chinese: &str, english: &str) -> TwoNames {
    TwoNames { chinese: chinese.into(), english: english.into() }
}

fn sample_categories() -> Vec<CategoryRow> {
    use CategoryState::{SetAside, Settled, ToDo};
    let some = |lines, net: &str| Some(SideAmount { lines, net_yuan: net.into() });
    let row = |name, state, findings, sides, difference: &str, owner: &str| CategoryRow {
        name,
        state,
        findings,
        sides,
        difference_yuan: difference.into(),
        owner: owner.into(),
    };
    let all = |lines, net: &str| [some(lines, net), some(lines, net), some(lines, net)];
    vec![
        row(two("平账", "matched"), Settled, 0, all(1_878, "214,867.46"), "0.00", ""),
        row(two("迟到平账", "matched late"), Settled, 3, all(5, "334.40"), "0.00", ""),
        row(
            two("一正一负", "paid and given back"),
            Settled,
            2,
            [some(4, "0.00"), some(4, "0.00"), None],
            "0.00",
            "",
        ),
        row(
            two("渠道单边（长款）", "channel only"),
            ToDo,
            1,
            [some(1, "86.00"), some(1, "86.00"), None],
            "86.00",
            "财务科",
        ),
        row(two("HIS 单边（短款）", "HIS only"), ToDo, 1, [None, None, some(1, "48.60")], "-48.60", "财务科"),
        row(
            two("金额不符（渠道多）", "channel has more"),
            ToDo,
            1,
            [some(1, "152.00"), some(1, "152.00"), some(1, "125.00")],
            "27.00",
            "财务科",
        ),
        row(
            two("HIS 缺退款", "refund missing in HIS"),
            ToDo,
            1,
            [some(1, "-30.00"), some(1, "-30.00"), None],
            "-30.00",
            "收费处",
        ),
        row(two("跨日", "on another day"), ToDo, 1, [None, None, some(1, "70.00")], "-70.00", "财务科"),
        row(two("外部流水", "not ours"), SetAside, 0, [some(23, "343.60"), None, None], "343.60", ""),
    ]
}

fn sample_trend(counts: &[u64]) -> Vec<TrendDay> {
    let october = (25..=31).map(|day| Day { year: 2026, month: 10, day });
    let november = (1..=23).map(|day| Day { year: 2026, month: 11, day });
    october.chain(november).zip(counts).map(|(day, &findings)| TrendDay { day, findings }).collect()
}

fn sample_findings() -> Vec<FindingRow> {
    use CategoryState::ToDo;
    let row =
        |category, order_no: &str, sides: [&str; 3], cause: &str, status: &str, owner: &str| FindingRow {
            category,
            state: ToDo,
            order_no: order_no.into(),
            refund_no: String::new(),
            sides: sides.map(|yuan| (!yuan.is_empty()).then(|| yuan.to_owned())),
            cause: cause.into(),
            status: status.into(),
            owner: owner.into(),
            deadline: Some(Day { year: 2026, month: 11, day: 25 }),
        };
    vec![
        row(
            two("渠道单边（长款）", "channel only"),
            "P20261123K7M40QX9T2A",
            ["86.00", "86.00", ""],
            "回写搁置：HIS 连续 12 次没有应答，患者已付款。",
            "待处理",
            "王静怡",
        ),
        row(
            two("HIS 单边（短款）", "HIS only"),
            "P20261123B3N81RD5W7C",
            ["", "", "48.60"],
            "渠道查得已关单，HIS 在 16:02 记了账。",
            "待处理",
            "王静怡",
        ),
        row(
            two("金额不符（渠道多）", "channel has more"),
            "P20261123H9C22VZ6P4D",
            ["152.00", "152.00", "125.00"],
            "HIS 付款后改了收费单，少 27.00 元。",
            "待审批",
            "",
        ),
        FindingRow {
            refund_no: "R20261123T5J17MS3Q8E".into(),
            ..row(
                two("HIS 缺退款", "refund missing in HIS"),
                "P20261122L4F63YG8N1F",
                ["-30.00", "-30.00", ""],
                "退费回写还在排队。",
                "待处理",
                "李欣",
            )
        },
        row(
            two("跨日", "on another day"),
            "P20261123X8E55WK2V6G",
            ["", "", "70.00"],
            "HIS 记在 23:59:48，渠道记在次日。",
            "已结转",
            "",
        ),
    ]
}

fn sample_settlement() -> Vec<SettlementRow> {
    let row = |account: &str, bank: &str, numbers: [&str; 4], flow: Option<&str>, arrived: Option<&str>| {
        SettlementRow {
            account: account.into(),
            bank_account: bank.into(),
            paid_yuan: numbers[0].into(),
            refunded_yuan: numbers[1].into(),
            fee_yuan: numbers[2].into(),
            fee_expected_yuan: Some(numbers[3].into()),
            fee_differs: numbers[2] != numbers[3],
            fund_flow_yuan: flow.map(Into::into),
            arrived_yuan: arrived.map(Into::into),
            arrival_differs: flow != arrived,
            remark: String::new(),
        }
    };
    vec![
        row(
            "微信支付 1900000001",
            "工商银行 …1234",
            ["125,602.67", "1,260.00", "746.06", "746.06"],
            Some("123,596.61"),
            Some("123,596.61"),
        ),
        SettlementRow {
            remark: "手续费多收 0.02，已问支付机构；到账在途。".into(),
            arrival_differs: false,
            ..row(
                "支付宝 2088000000000001",
                "建设银行 …5678",
                ["92,529.99", "1,119.20", "548.49", "548.47"],
                Some("90,862.30"),
                None,
            )
        },
    ]
}

fn sample_inputs() -> Vec<InputRow> {
    let row = |side, name: &str, channel: &str, rows, paid: &str, refunded: &str, hash: &str| InputRow {
        side,
        name: name.into(),
        channel: channel.into(),
        state: InputState::Read,
        rows,
        paid_yuan: paid.into(),
        refunded_yuan: refunded.into(),
        sha256: hash.repeat(8),
    };
    vec![
        row(
            Side::Channel,
            "tradebill-ALL-2026-11-23.csv.gz",
            "微信支付 门诊",
            1_022,
            "125,602.67",
            "1,260.00",
            "9f41c07e",
        ),
        row(
            Side::Channel,
            "20261123_业务明细.csv.zip",
            "支付宝 门诊",
            891,
            "92,529.99",
            "1,119.20",
            "27b051da",
        ),
        row(Side::Gateway, "凭证 2026-11-23", "", 1_890, "217,789.06", "2,379.20", "4d20b8e1"),
        row(Side::His, "收费台账 2026-11-23，4 页", "", 1_886, "217,519.66", "2,074.20", "c3a77f10"),
    ]
}

/// Nothing to do, signed.
pub(super) fn agrees() -> RunReport {
    let total = SideTotal {
        lines: 1_878,
        paid_yuan: "217,246.66".into(),
        refunded_yuan: "2,379.20".into(),
        net_yuan: "214,867.46".into(),
    };
    let mut report = ordinary();
    report.categories.truncate(1);
    report.settlement.truncate(1);
    if let Some(today) = report.trend.last_mut() {
        today.findings = 0;
    }
    RunReport {
        open: 0,
        sides: [total.clone(), total.clone(), total],
        difference: NetDifference::None,
        set_aside_yuan: None,
        difference_yuan: "0.00".into(),
        findings: Vec::new(),
        findings_total: 0,
        signed: Some(SignOff {
            by: "赵启明".into(),
            at: Moment { year: 2026, month: 11, day: 24, hour: 11, minute: 0, second: 0, today: true },
            chain_seq: 40_312,
            chain_hash: "4d20b8e1".repeat(8),
        }),
        ..report
    }
}

/// Nothing to do yet, because a statement has not come.
pub(super) fn waiting() -> RunReport {
    let mut report = RunReport { open: 0, signed: None, findings: Vec::new(), findings_total: 0, ..agrees() };
    for input in report.inputs.iter_mut().skip(1).take(1) {
        input.state = InputState::NotYet;
        input.rows = 0;
        (input.paid_yuan, input.refunded_yuan) = ("0.00".into(), "0.00".into());
        input.sha256.clear();
    }
    if let Some(input) = report.inputs.get_mut(2) {
        input.state = InputState::NoTrade;
    }
    report.trend.clear();
    report
}

/// The wrong file was read: hardly anything agrees.
pub(super) fn worst() -> RunReport {
    let mut report = ordinary();
    let huge = |lines| SideTotal {
        lines,
        paid_yuan: "12,345,678.90".into(),
        refunded_yuan: "2,345,678.90".into(),
        net_yuan: "10,000,000.00".into(),
    };
    for (category, factor) in
        report.categories.iter_mut().zip([1, 90, 800, 410_233, 398_120, 77, 1_204, 9_001, 1])
    {
        category.findings = factor;
        category.difference_yuan = "-9,999,999.99".into();
        for side in category.sides.iter_mut().flatten() {
            side.lines = factor * 3;
            side.net_yuan = "-1,234,567.89".into();
        }
    }
    let first = report.findings.clone();
    report.findings = first.iter().cycle().take(50).cloned().collect();
    report.trend = sample_trend(&[
        5, 3, 4, 6, 2, 1, 1, 5, 4, 3, 6, 5, 0, 2, 5, 4, 3, 2, 6, 3, 2, 1, 4, 3, 0, 1, 2, 4, 1, 818_633,
    ]);
    RunReport {
        version: 17,
        open: 818_633,
        sides: [huge(1_234_567), huge(1_234_567), huge(1_234_001)],
        difference: NetDifference::HisMore("9,999,999.99".into()),
        difference_yuan: "-9,999,999.99".into(),
        findings_total: 819_525,
        ..report
    }
}

pub(super) const LONG: &str = "青禾市人民医院东院区门诊综合楼三层自助机ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
pub(super) const HOSTILE: &str = "\"><script>alert(1)</script>&lt;|·[粗]{0}";
pub(super) const HOSTILE_NUMBER: &str = "'\"><img src=x onerror=alert(1)>";

/// Every text of somebody else is this one, and every number of theirs the other.
pub(super) fn filled_with(text: &str, number: &str) -> RunReport {
    let mut report = ordinary();
    for field in [&mut report.scope, &mut report.made_by] {
        *field = text.into();
    }
    for category in &mut report.categories {
        category.owner = text.into();
    }
    for finding in &mut report.findings {
        for field in [&mut finding.cause, &mut finding.status, &mut finding.owner] {
            *field = text.into();
        }
        for field in [&mut finding.order_no, &mut finding.refund_no] {
            *field = number.into();
        }
    }
    for row in &mut report.settlement {
        for field in [&mut row.account, &mut row.bank_account, &mut row.remark] {
            *field = text.into();
        }
    }
    for input in &mut report.inputs {
        for field in [&mut input.name, &mut input.channel] {
            *field = text.into();
        }
        input.state = InputState::NotYet;
    }
    report.signed = agrees().signed;
    if let Some(signed) = &mut report.signed {
        signed.by = text.into();
        signed.chain_hash = number.into();
    }
    report
}
