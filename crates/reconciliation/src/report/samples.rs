//! A day for the tests: ordinary, and with texts that would do harm.

use super::{FindingShown, InputShown, InputState, LineShown, RunHead, SettlementShown, SignedShown};
use crate::matching::{HashKey, Matching, Rules, Summary};
use crate::sides::{Kind, Line, Side, State, When, day_number};
use mingfen_domain::difference::Category;
use mingfen_domain::{BusinessDay, Fen, Timestamp};
use std::convert::Infallible;

pub fn day() -> BusinessDay {
    BusinessDay::parse("2026-11-23").expect("a day")
}

/// Ten orders agree, one is in the channel alone, one has another amount in HIS.
pub fn summary() -> Summary {
    let matching = Matching::new(Rules { three_sided: true, ..Rules::default() }, HashKey::random(), 1, 64);
    let mut shelf = matching.shelf();
    for (source, side) in (0..).zip(Side::ALL) {
        shelf.open(source, side);
        for number in 0..12 {
            if number == 10 && side == Side::His {
                continue;
            }
            let order_no = format!("P26112300{number:02}");
            let amount = if number == 11 && side == Side::His { 8_000 } else { 8_850 + number };
            for kind in [Kind::Payment, Kind::Refund] {
                if kind == Kind::Refund && number > 2 {
                    continue;
                }
                let line = Line {
                    kind,
                    state: State::Done,
                    order_no: order_no.as_bytes(),
                    refund_no: if kind == Kind::Refund { b"R1" } else { b"" },
                    amount: Fen::new(if kind == Kind::Refund { 1_000 } else { amount }),
                    when: When { day: day_number(day()), second: Some(43_200) },
                    account: b"1900000001",
                    fee_differs: false,
                    carried: false,
                    insurance: None,
                    deposit: None,
                    at: number.unsigned_abs(),
                };
                shelf.push(&line).expect("a line");
            }
        }
    }
    matching.settle(vec![shelf]).expect("an outcome").summary
}

pub fn head() -> RunHead {
    let input = |side, name: &str, rows, paid| InputShown {
        side,
        name: name.into(),
        channel: "微信支付 门诊".into(),
        state: InputState::Read,
        rows,
        paid: Fen::new(paid),
        refunded: Fen::new(3_000),
        sha256: "9f41c07e".repeat(8),
    };
    RunHead {
        hospital: "青禾市人民医院".into(),
        day: day(),
        scope: "全部渠道".into(),
        version: 2,
        made_at: Timestamp::from_beijing_text("2026-11-24 10:31:00").expect("a time"),
        made_by: "王静怡".into(),
        inputs: vec![
            input(Side::Channel, "wechat-main-2026-11-23.csv.gz", 15, 106_266),
            input(Side::His, "HIS 台账 2026-11-23", 14, 96_555),
        ],
        summary: summary(),
        settlement: vec![
            SettlementShown {
                account: "1900000001".into(),
                bank_account: "6222 0000 0000 1234".into(),
                paid: Fen::new(106_266),
                refunded: Fen::new(3_000),
                fee_milli_fen: 619_596,
                fee_expected_milli_fen: Some(619_000),
                fund_flow_net: Some(Fen::new(102_646)),
                arrived: Some(Fen::new(102_600)),
                arrival_differs: true,
                remark: "少 0.46，问银行".into(),
            },
            SettlementShown {
                account: "2088000000000001".into(),
                bank_account: String::new(),
                paid: Fen::new(50),
                refunded: Fen::ZERO,
                fee_milli_fen: -1,
                fee_expected_milli_fen: None,
                fund_flow_net: None,
                arrived: None,
                arrival_differs: false,
                remark: String::new(),
            },
        ],
        signed: Some(SignedShown {
            by: "赵启明".into(),
            at: Timestamp::from_beijing_text("2026-11-24 11:00:00").expect("a time"),
            chain_seq: 40_312,
            chain_hash: "4d20b8e1".repeat(8),
        }),
        trend: (1..=23)
            .map(|n| (BusinessDay::parse(&format!("2026-11-{n:02}")).expect("a day"), n % 5))
            .collect(),
    }
}

fn line(side: Side, kind: Kind, amount: i64) -> LineShown {
    LineShown {
        side,
        kind,
        refund_no: if kind == Kind::Refund { "R2611230001".into() } else { String::new() },
        amount: Fen::new(amount),
        day: day(),
        state: State::Done,
        account: "1900000001".into(),
        file: "wechat-main-2026-11-23.csv.gz".into(),
        line: 12,
        provider_no: "4200009999202611230000000001".into(),
        at: "2026-11-23 12:00:30".into(),
    }
}

pub fn findings() -> Vec<FindingShown> {
    let finding = |category: Category, order_no: &str, lines| FindingShown {
        category,
        order_no: order_no.into(),
        cause: "支付结果通知到得晚，回写还在排队。".into(),
        status: "待处理".into(),
        owner: "王静怡".into(),
        deadline: Some(day().next()),
        lines,
    };
    vec![
        finding(
            Category::AmountOver,
            "P2611230011",
            vec![
                line(Side::Channel, Kind::Payment, 8_861),
                line(Side::Gateway, Kind::Payment, 8_861),
                line(Side::His, Kind::Payment, 8_000),
            ],
        ),
        finding(
            Category::ChannelOnly,
            "20261123000000000010",
            vec![line(Side::Channel, Kind::Refund, 8_860)],
        ),
        FindingShown { deadline: None, ..finding(Category::StatementNotAvailable, "", Vec::new()) },
    ]
}

/// Every text of a finding is this one.
pub fn hostile(text: &str) -> FindingShown {
    let mut finding = findings().swap_remove(0);
    for field in [&mut finding.order_no, &mut finding.cause, &mut finding.status, &mut finding.owner] {
        *field = text.into();
    }
    finding.lines.truncate(1);
    for line in &mut finding.lines {
        for field in
            [&mut line.refund_no, &mut line.account, &mut line.file, &mut line.provider_no, &mut line.at]
        {
            *field = text.into();
        }
    }
    finding
}

/// Every text of the head, too.
pub fn hostile_head(text: &str) -> RunHead {
    let mut head = head();
    for field in [&mut head.hospital, &mut head.scope, &mut head.made_by] {
        *field = text.into();
    }
    for input in &mut head.inputs {
        for field in [&mut input.name, &mut input.channel, &mut input.sha256] {
            *field = text.into();
        }
    }
    for account in &mut head.settlement {
        for field in [&mut account.account, &mut account.bank_account, &mut account.remark] {
            *field = text.into();
        }
    }
    if let Some(signed) = &mut head.signed {
        signed.by = text.into();
        signed.chain_hash = text.into();
    }
    head
}

pub fn fine(findings: Vec<FindingShown>) -> impl Iterator<Item = Result<FindingShown, Infallible>> {
    findings.into_iter().map(Ok)
}

/// What somebody may call a file, an order or a person.
pub const HOSTILE: [&str; 16] = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "＝1",
    "=HYPERLINK(\"a\",\"b\")",
    "a;=1+1",
    "a\t=1+1",
    "a\n=1+1",
    "a\",=1+1,\"",
    "_x003D_1&P&[Page]<f>1</f>",
    "\u{0}\u{b}\u{fffe}=1",
];
