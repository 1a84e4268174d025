//! 交款日结: does the till agree. The page before closing, the list of shifts, and the sheet that goes with the cash.

use super::shared::HOSTILE;
use crate::staff::page::staff_page;
use crate::staff::{Both, Face, State};

/// A cell of the matrix: how many, and how much.
#[derive(Clone, Debug)]
pub struct ShiftCell {
    /// `13`, or `—`.
    pub number: String,
    /// `1,221.00`, or `—`.
    pub yuan: String,
}

/// A row of the matrix.
#[derive(Clone, Debug)]
pub struct ShiftRow {
    /// What for.
    pub name: Both,
    /// One cell a way, and the sum last.
    pub cells: Vec<ShiftCell>,
}

/// 收退合计: kinds by ways.
#[derive(Clone, Debug)]
pub struct ShiftMatrix {
    /// The ways, the sum left out.
    pub ways: Vec<Both>,
    /// The rows.
    pub rows: Vec<ShiftRow>,
    /// 净额.
    pub net: ShiftRow,
}

/// A face of the count.
#[derive(Clone, Debug)]
pub struct ShiftFace {
    /// In fen: names the field.
    pub fen: i64,
    /// `100 元`.
    pub name: Both,
    /// What was counted, as it was typed.
    pub pieces: String,
    /// What that comes to.
    pub yuan: String,
}

/// A reason why a till is over or short.
#[derive(Clone, Debug)]
pub struct ShiftReason {
    /// Its code.
    pub code: &'static str,
    /// Its words.
    pub word: Both,
    /// It was chosen.
    pub chosen: bool,
}

/// Something to look at before closing.
#[derive(Clone, Debug)]
pub struct ShiftCheck {
    /// How it is.
    pub face: Face,
    /// What.
    pub what: Both,
    /// More of it.
    pub note: Both,
    /// Its page.
    pub href: Option<String>,
}

impl ShiftCheck {
    fn class(&self) -> &'static str {
        match self.face {
            Face::Ok => "ok",
            Face::Info => "now",
            Face::Warn | Face::Bad => "warn",
            Face::Idle => "idle",
        }
    }
}

/// What the till should hold, line by line.
#[derive(Clone, Debug)]
pub struct TillLines {
    /// 备用金, 现金收款, 现金退费.
    pub lines: Vec<(Both, String)>,
    /// 应有.
    pub expected_yuan: String,
}

/// What was counted against it.
#[derive(Clone, Debug)]
pub struct TillCount {
    /// 清点合计.
    pub counted_yuan: String,
    /// `少 ¥20.00`, and the difference with its sign; nothing when it agrees.
    pub difference: Option<(Both, String)>,
    /// What goes with the cash, with the sign ¥.
    pub handed_in_yuan: String,
    /// More has to come into the till: the float is filled up.
    pub fills_up: bool,
    /// What stays, with the sign.
    pub float_yuan: String,
}

/// Somebody who can receive the cash.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// 工号.
    pub staff_no: String,
    /// Name and number.
    pub name: String,
    /// It was chosen.
    pub chosen: bool,
}

/// A closing that waits for a countersignature.
#[derive(Clone, Debug)]
pub struct AskedClose {
    /// Who asked, when.
    pub asked: Both,
    /// Why the till is over or short.
    pub reason: Both,
    /// Who is to receive the cash; empty: nobody yet.
    pub receiver: String,
    /// A lead's word that came with it.
    pub word: Option<String>,
    /// It is one's own: it can be taken back.
    pub own: bool,
    /// This person may countersign.
    pub countersigns: bool,
    /// Why this person does not.
    pub waits: Both,
    /// A word is asked for, and what for.
    pub word_for: Option<Both>,
    /// What is wrong with the word, or with the reason for sending it back.
    pub trouble: Option<Both>,
}

/// 交款日结 of an open shift.
#[derive(Clone, Debug)]
pub struct ShiftPage {
    /// Its number.
    pub number: String,
    /// Whose, when it is not one's own.
    pub of: Option<String>,
    /// How it stands.
    pub state: State,
    /// When it began, whose, its number.
    pub lead: Both,
    /// The matrix.
    pub matrix: ShiftMatrix,
    /// The books say the same, or not; and how many HIS has.
    pub books: State,
    /// What went back through channels meanwhile.
    pub elsewhere: Both,
    /// The count by face.
    pub faces: Vec<ShiftFace>,
    /// Why the count does not do.
    pub count_trouble: Option<Both>,
    /// What should be there.
    pub till: TillLines,
    /// What was counted; nothing before it was.
    pub count: Option<TillCount>,
    /// Reasons.
    pub reasons: Vec<ShiftReason>,
    /// In words.
    pub note: String,
    /// Why the reason does not do.
    pub reason_trouble: Option<Both>,
    /// Checks.
    pub checks: Vec<ShiftCheck>,
    /// Who can receive the cash.
    pub receivers: Vec<Receiver>,
    /// A word is asked for: over something undecided, or for somebody else; with what for.
    pub word_for: Option<Both>,
    /// What was typed.
    pub word: String,
    /// Why it does not do.
    pub word_trouble: Option<Both>,
    /// Why nothing was closed.
    pub trouble: Option<Both>,
    /// What the closing is held against.
    pub seen: String,
    /// Why it cannot be closed now.
    pub why_not: Option<Both>,
    /// Closing only asks for it, because the till is over or short by too much for one person: why, and what the button says.
    pub asks: Option<(Both, Both)>,
    /// It was asked for.
    pub asked: Option<AskedClose>,
}

/// A shift in a list.
#[derive(Clone, Debug)]
pub struct ShiftListRow {
    /// Its page.
    pub href: String,
    /// From when.
    pub from: String,
    /// Until when.
    pub to: String,
    /// Whose.
    pub who: String,
    /// Where.
    pub place: String,
    /// Its number.
    pub number: String,
    /// Over or short.
    pub difference: Option<String>,
    /// What was handed in.
    pub handed_in_yuan: Option<String>,
    /// How it stands.
    pub state: State,
}

/// 开班, and the shifts before.
#[derive(Clone, Debug)]
pub struct ShiftStart {
    /// A shift can be opened here; otherwise it is only a list of everybody's.
    pub opens: bool,
    /// What the float was last time.
    pub float: String,
    /// Why it does not do.
    pub trouble: Option<Both>,
    /// Shifts of everybody, not only one's own.
    pub everybody: bool,
    /// The way to the list of everybody.
    pub sees_all: bool,
    /// The shifts, the latest first.
    pub rows: Vec<ShiftListRow>,
    /// The next page.
    pub older: Option<String>,
    /// The first page.
    pub newest: Option<String>,
}

/// 交接单.
#[derive(Clone, Debug)]
pub struct ShiftSheet {
    /// Its number.
    pub number: String,
    /// Back.
    pub back: String,
    /// Hospital and place.
    pub place: Both,
    /// From when until when.
    pub span: Both,
    /// It is closed; a preview otherwise.
    pub closed: bool,
    /// How it stands.
    pub state: State,
    /// The matrix.
    pub matrix: ShiftMatrix,
    /// Faces with pieces.
    pub faces: Vec<ShiftFace>,
    /// 清点合计.
    pub counted_yuan: String,
    /// What should be there, what is, why.
    pub cash: Both,
    /// What goes with the cash.
    pub handed_in_yuan: String,
    /// The same in capitals.
    pub handed_in_capitals: String,
    /// What stays.
    pub float_yuan: String,
    /// How many HIS has booked.
    pub booked: Both,
    /// Their receipt numbers, and what is odd about them.
    pub receipts: Both,
    /// What was undecided, a sentence each.
    pub open: Vec<Both>,
    /// Why it was closed over it, or for somebody else.
    pub let_go: Option<String>,
    /// Who hands over.
    pub from: String,
    /// Who receives, when that is known.
    pub to: String,
    /// Which print it is, when and by whom; or that it is none.
    pub printed: Both,
    /// The number of this print; a look at the screen has none.
    pub serial: Option<String>,
    /// It is the second print, or a later one.
    pub again: Option<u32>,
    /// The closing's link in the audit chain, `40312:4d20b8e14d20b8e1`; empty until it is sealed.
    pub anchor: String,
    /// How often it was printed so far.
    pub prints: u32,
    /// This person may print it.
    pub may_print: bool,
    /// This person may write down that the cash is there.
    pub receives: bool,
    /// Who countersigned the difference, and above which sum that is needed.
    pub countersigned: Option<Both>,
    /// What finance found out about it.
    pub looked_into: Option<Both>,
    /// This person may write down what was found out.
    pub looks_into: bool,
    /// Why what was written does not do.
    pub look_trouble: Option<Both>,
}

fn cell(number: &str, yuan: &str) -> ShiftCell {
    ShiftCell { number: number.into(), yuan: yuan.into() }
}

fn matrix() -> ShiftMatrix {
    let row = |zh: &str, en: &str, cells: [(&str, &str); 3]| ShiftRow {
        name: Both::new(zh, en),
        cells: cells.into_iter().map(|(number, yuan)| cell(number, yuan)).collect(),
    };
    ShiftMatrix {
        ways: vec![Both::new("现金", "Cash"), Both::new("银行卡 POS", "Card (POS)")],
        rows: vec![
            row("门诊缴费", "Outpatient fees", [("13", "1,221.00"), ("9", "750.90"), ("22", "1,971.90")]),
            row("挂号", "Registration", [("4", "105.00"), ("—", "—"), ("4", "105.00")]),
            row("住院预交金", "Deposits", [("1", "1,000.00"), ("2", "5,000.00"), ("3", "6,000.00")]),
            row("退费", "Given back", [("2", "−45.00"), ("—", "—"), ("2", "−45.00")]),
        ],
        net: row("净额", "Net", [("20", "2,281.00"), ("11", "5,750.90"), ("31", "8,031.90")]),
    }
}

fn faces() -> Vec<ShiftFace> {
    [
        (10_000, "100 元", "100 yuan", "23", "2,300.00"),
        (5000, "50 元", "50 yuan", "4", "200.00"),
        (2000, "20 元", "20 yuan", "6", "120.00"),
        (1000, "10 元", "10 yuan", "10", "100.00"),
        (500, "5 元", "5 yuan", "5", "25.00"),
        (100, "1 元", "1 yuan", "16", "16.00"),
        (50, "5 角", "5 jiao", "0", "0.00"),
        (10, "1 角", "1 jiao", "0", "0.00"),
        (1, "分币（分）", "fen", "0", "0.00"),
    ]
    .into_iter()
    .map(|(fen, zh, en, pieces, yuan)| ShiftFace {
        fen,
        name: Both::new(zh, en),
        pieces: pieces.into(),
        yuan: yuan.into(),
    })
    .collect()
}

fn page() -> ShiftPage {
    let check = |face, what: (&str, &str), note: (&str, &str)| ShiftCheck {
        face,
        what: Both::new(what.0, what.1),
        note: Both::new(note.0, note.1),
        href: None,
    };
    ShiftPage {
        number: "S2611247K2M9QX4RT3P5".into(),
        of: None,
        state: State::new(Face::Warn, "有差额，待说明", "over or short: say why"),
        lead: Both::new(
            "11-24 07:30 开班 · 陈敏（0317） · 班次 S2611247K2M9QX4RT3P5",
            "open since 11-24 07:30 · Chen Min (0317) · shift S2611247K2M9QX4RT3P5",
        ),
        matrix: matrix(),
        books: State::new(Face::Ok, "29 笔全部入账", "all 29 booked at HIS"),
        elsewhere: Both::new(
            "另经办扫码支付退费 2 笔 131.10，原路退回患者，不计入本窗口。",
            "2 refunds of 131.10 more went back through channels; they are not this till's.",
        ),
        faces: faces(),
        count_trouble: None,
        till: TillLines {
            lines: vec![
                (Both::new("备用金", "Float"), "500.00".into()),
                (Both::new("现金收款 18 笔", "Taken in cash, 18"), "2,326.00".into()),
                (Both::new("现金退费 2 笔", "Given back in cash, 2"), "−45.00".into()),
            ],
            expected_yuan: "2,781.00".into(),
        },
        count: Some(TillCount {
            counted_yuan: "2,761.00".into(),
            difference: Some((Both::new("少 ¥20.00", "¥20.00 short"), "−20.00".into())),
            handed_in_yuan: "¥2,261.00".into(),
            fills_up: false,
            float_yuan: "¥500.00".into(),
        }),
        reasons: [
            ("counterfeit", "假币没收", "counterfeit taken away"),
            ("change", "找零差错", "wrong change"),
            ("unrecorded", "漏记或错记", "not written down, or wrongly"),
            ("other", "其他", "other"),
        ]
        .into_iter()
        .map(|(code, zh, en)| ShiftReason { code, word: Both::new(zh, en), chosen: code == "change" })
        .collect(),
        note: "11:20 左右一笔找零，患者当场未清点。".into(),
        reason_trouble: None,
        checks: vec![
            check(
                Face::Ok,
                ("没有未知状态的收款和退费", "Nothing is undecided"),
                ("收款、回写、窗口退费均已有结果", "payments, booking and refunds over the counter are over"),
            ),
            check(
                Face::Warn,
                (
                    "收据 29 张，SJ20261124000418 至 SJ20261124000447",
                    "29 receipts, SJ20261124000418 to SJ20261124000447",
                ),
                (
                    "缺号 1 个：SJ20261124000431（是否作废，或在别处开出）",
                    "1 missing: SJ20261124000431 (void, or drawn elsewhere?)",
                ),
            ),
            check(
                Face::Info,
                ("与 POS 签退小票核对", "Compare with the terminal's closing slip"),
                ("11 笔 5,750.90", "11 items, 5,750.90"),
            ),
            check(
                Face::Warn,
                ("1 笔退费未到账", "1 refund has not arrived"),
                ("R261124104122002 ¥128.50，不影响现金", "R261124104122002 ¥128.50, not in cash"),
            ),
        ],
        receivers: vec![
            Receiver { staff_no: "0301".into(), name: "林国栋 0301".into(), chosen: true },
            Receiver { staff_no: "0306".into(), name: "高雪 0306".into(), chosen: false },
        ],
        word_for: None,
        word: String::new(),
        word_trouble: None,
        trouble: None,
        seen: "seen".into(),
        why_not: None,
        asks: None,
        asked: None,
    }
}

fn asked() -> AskedClose {
    AskedClose {
        asked: Both::new("陈敏（0317） 12:06 送会签", "Chen Min (0317) asked at 12:06"),
        reason: Both::new("其他。抽屉卡住过，已翻找", "other. The drawer was stuck"),
        receiver: "林国栋 0301".into(),
        word: None,
        own: false,
        countersigns: true,
        waits: Both::same(""),
        word_for: None,
        trouble: None,
    }
}

fn far_short() -> ShiftPage {
    let count = page().count.map(|count| TillCount {
        counted_yuan: "2,701.00".into(),
        difference: Some((Both::new("少 ¥80.00", "¥80.00 short"), "−80.00".into())),
        handed_in_yuan: "¥2,201.00".into(),
        ..count
    });
    ShiftPage {
        count,
        asks: Some((
            Both::new(
                "差额超过 ¥50.00：先送组长会签，会签后才结班。收钱的人和数钱的人不能会签。",
                "More than ¥50.00: it is closed when a lead has countersigned, who neither took nor counted the money.",
            ),
            Both::new("送组长会签：少 ¥80.00", "Ask for a countersignature: ¥80.00 short"),
        )),
        ..page()
    }
}

staff_page!(ShiftPage, "staff/cashier/shift.html", Some(Place::Shift), [
    "ordinary" => page(),
    "not counted" => ShiftPage {
        state: State::new(Face::Info, "收款中", "open"),
        faces: faces().into_iter().map(|face| ShiftFace { pieces: String::new(), yuan: "—".into(), ..face }).collect(),
        count: None,
        why_not: Some(Both::new("先数现金并核对", "Count the till first")),
        ..page()
    },
    "agrees" => ShiftPage {
        state: State::new(Face::Ok, "账款相符", "the till agrees"),
        count: Some(TillCount { counted_yuan: "2,781.00".into(), difference: None, handed_in_yuan: "¥2,281.00".into(), ..page().count.unwrap() }),
        note: String::new(),
        ..page()
    },
    "unknown" => ShiftPage {
        checks: vec![ShiftCheck {
            face: Face::Bad,
            what: Both::new("1 笔收款 HIS 还没有结果", "1 payment has no word from HIS"),
            note: Both::new("P2611247K2M9QX4RT3P5 ¥386.40", "P2611247K2M9QX4RT3P5 ¥386.40"),
            href: Some("/orders/B2611247K2M9QX4RT3P5".into()),
        }],
        why_not: Some(Both::new("有未知的笔，须收费组长放行", "Something is undecided: a cashier lead has to let it go")),
        ..page()
    },
    "far short" => far_short(),
    "asked for" => ShiftPage {
        state: State::new(Face::Warn, "差额待会签", "waits for a countersignature"),
        asked: Some(AskedClose {
            own: true,
            countersigns: false,
            waits: Both::new("等组长会签", "a lead has to countersign"),
            ..asked()
        }),
        ..far_short()
    },
    "countersign" => ShiftPage {
        of: Some("陈敏 0317".into()),
        state: State::new(Face::Warn, "差额待会签", "waits for a countersignature"),
        asked: Some(asked()),
        ..far_short()
    },
    "countersign over unknown" => ShiftPage {
        of: Some("陈敏 0317".into()),
        asked: Some(AskedClose {
            word: Some("HIS 停机，小票已核对".into()),
            word_for: Some(Both::new("有未知的笔仍会签的理由", "Why you countersign over what is undecided")),
            trouble: Some(Both::new("请写明理由，2 到 120 个字", "Say why, in 2 to 120 characters")),
            ..asked()
        }),
        ..far_short()
    },
    "worst asked" => ShiftPage {
        of: Some(HOSTILE.repeat(2)),
        asked: Some(AskedClose {
            asked: Both::same(HOSTILE.repeat(2)),
            reason: Both::same(HOSTILE.repeat(3)),
            receiver: HOSTILE.into(),
            word: Some(HOSTILE.into()),
            trouble: Some(Both::same(HOSTILE)),
            word_for: Some(Both::same(HOSTILE)),
            ..asked()
        }),
        ..far_short()
    },
    "lead" => ShiftPage {
        of: Some("陈敏 0317".into()),
        word_for: Some(Both::new("放行或代结的理由", "Why it is closed over this, or for somebody else")),
        word_trouble: Some(Both::new("请写明理由，2 到 120 个字", "Say why, in 2 to 120 characters")),
        reason_trouble: Some(Both::new("请写明差额原因", "Say why the till is short")),
        ..page()
    },
    "worst" => ShiftPage {
        of: Some(HOSTILE.repeat(2)),
        lead: Both::same(HOSTILE.repeat(3)),
        note: HOSTILE.into(),
        word_for: Some(Both::same(HOSTILE)),
        word: HOSTILE.into(),
        trouble: Some(Both::same(HOSTILE)),
        count_trouble: Some(Both::same(HOSTILE)),
        matrix: ShiftMatrix {
            ways: vec![Both::same("9,999,999"); 4],
            rows: vec![ShiftRow { name: Both::same(HOSTILE), cells: vec![cell("99,999", "−9,999,999.99"); 5] }; 4],
            net: ShiftRow { name: Both::same(HOSTILE), cells: vec![cell("99,999", "−9,999,999.99"); 5] },
        },
        checks: vec![ShiftCheck {
            face: Face::Bad,
            what: Both::same(HOSTILE.repeat(2)),
            note: Both::same(HOSTILE.repeat(2)),
            href: Some("/orders/B2611247K2M9QX4RT3P5".into()),
        }; 6],
        receivers: vec![Receiver { staff_no: "9".into(), name: HOSTILE.into(), chosen: false }],
        ..page()
    },
]);

fn list() -> ShiftStart {
    let row = |from: &str, to: &str, who: &str, difference: Option<&str>, handed_in: Option<&str>, state| {
        ShiftListRow {
            href: "/shift/S2611247K2M9QX4RT3P5".into(),
            from: from.into(),
            to: to.into(),
            who: who.into(),
            place: "门诊 3 号窗口".into(),
            number: "S2611247K2M9QX4RT3P5".into(),
            difference: difference.map(str::to_owned),
            handed_in_yuan: handed_in.map(str::to_owned),
            state,
        }
    };
    ShiftStart {
        opens: true,
        float: "500.00".into(),
        trouble: None,
        everybody: false,
        sees_all: true,
        rows: vec![
            row(
                "11-23 13:30",
                "17:32",
                "陈敏 0317",
                None,
                Some("1,904.00"),
                State::new(Face::Warn, "待签收", "to be received"),
            ),
            row(
                "11-23 07:30",
                "12:04",
                "陈敏 0317",
                Some("−20.00"),
                Some("2,261.00"),
                State::new(Face::Ok, "已交接", "handed over"),
            ),
        ],
        older: None,
        newest: None,
    }
}

staff_page!(ShiftStart, "staff/cashier/shifts.html", Some(Place::Shift), [
    "ordinary" => list(),
    "first" => ShiftStart { rows: Vec::new(), float: String::new(), sees_all: false, ..list() },
    "wrong float" => ShiftStart {
        float: "12.345".into(),
        trouble: Some(Both::new("请输入金额，例如 500.00", "Enter an amount such as 500.00")),
        ..list()
    },
    "everybody" => ShiftStart {
        opens: false,
        everybody: true,
        older: Some("/shifts?before=1-S".into()),
        newest: Some("/shifts".into()),
        rows: list().rows.into_iter().cycle().take(50).collect(),
        ..list()
    },
    "worst" => ShiftStart {
        rows: vec![ShiftListRow {
            who: HOSTILE.repeat(2),
            place: HOSTILE.repeat(2),
            difference: Some("−9,999,999.99".into()),
            handed_in_yuan: Some("9,999,999.99".into()),
            ..list().rows[0].clone()
        }; 4],
        ..list()
    },
]);

fn sheet() -> ShiftSheet {
    ShiftSheet {
        number: "S2611247K2M9QX4RT3P5".into(),
        back: "/shift".into(),
        place: Both::new("青禾市人民医院 · 门诊 3 号窗口", "Qinghe People's Hospital · window 3"),
        span: Both::new("2026-11-24 07:30 至 12:06", "2026-11-24 07:30 to 12:06"),
        closed: true,
        state: State::new(Face::Warn, "待签收", "to be received"),
        matrix: matrix(),
        faces: faces(),
        counted_yuan: "2,761.00".into(),
        cash: Both::new(
            "备用金 500.00，加现金净收 2,281.00，应有 2,781.00；清点 2,761.00，少 20.00。原因：找零差错。11:20 左右一笔找零，患者当场未清点。",
            "Float 500.00 and 2,281.00 taken in cash make 2,781.00; 2,761.00 were counted, 20.00 short. Reason: wrong change. About 11:20, the patient did not count.",
        ),
        handed_in_yuan: "¥2,261.00".into(),
        handed_in_capitals: crate::capitals(226_100),
        float_yuan: "¥500.00".into(),
        booked: Both::new("29 笔收款，HIS 已入账 29 笔。", "29 payments, 29 booked at HIS."),
        receipts: Both::new(
            "收据 29 张，SJ20261124000418 至 SJ20261124000447。缺号 1 个：SJ20261124000431（是否作废，或在别处开出）。",
            "29 receipts, SJ20261124000418 to SJ20261124000447. 1 missing: SJ20261124000431 (void, or drawn elsewhere?).",
        ),
        open: vec![Both::new(
            "退费 R261124104122002 ¥128.50 已提交，未到账。",
            "Refund R261124104122002 of ¥128.50 is sent and has not arrived.",
        )],
        let_go: None,
        from: "陈敏（0317）".into(),
        to: "林国栋 0301".into(),
        printed: Both::new("屏幕查看，不作交接凭证", "looked at on a screen; no voucher"),
        serial: None,
        again: None,
        anchor: "40312:4d20b8e14d20b8e1".into(),
        prints: 0,
        may_print: true,
        receives: false,
        countersigned: None,
        looked_into: None,
        looks_into: false,
        look_trouble: None,
    }
}

fn countersigned_sheet() -> ShiftSheet {
    ShiftSheet {
        countersigned: Some(Both::new(
            "差额超过 50.00，由 林国栋 0301 会签。",
            "More than 50.00: countersigned by Lin Guodong 0301.",
        )),
        ..sheet()
    }
}

staff_page!(ShiftSheet, "staff/cashier/shift_sheet.html", Some(Place::Shift), [
    "ordinary" => sheet(),
    "lead" => ShiftSheet { receives: true, let_go: Some("HIS 停机，已核对 POS 小票".into()), ..sheet() },
    "countersigned" => ShiftSheet {
        looks_into: true,
        look_trouble: Some(Both::new("请写明核查结果，2 到 120 个字", "Say what was found, in 2 to 120 characters")),
        ..countersigned_sheet()
    },
    "looked into" => ShiftSheet {
        looked_into: Some(Both::new("王芳 11-25 09:10 核查：监控已看，找零多给。", "Wang Fang 11-25 09:10: too much change was given.")),
        ..countersigned_sheet()
    },
    "printed" => ShiftSheet {
        printed: Both::new("第 1 次打印，2026-11-24 12:06，陈敏", "print 1, 2026-11-24 12:06, Chen Min"),
        serial: Some("S2611247K2M9QX4RT3P5/1".into()),
        prints: 1,
        ..sheet()
    },
    "printed again" => ShiftSheet {
        printed: Both::new("第 2 次打印，2026-11-24 12:09，林国栋", "print 2, 2026-11-24 12:09, Lin Guodong"),
        serial: Some("S2611247K2M9QX4RT3P5/2".into()),
        again: Some(2),
        prints: 2,
        ..countersigned_sheet()
    },
    "preview" => ShiftSheet {
        anchor: String::new(),
        may_print: false,
        closed: false,
        state: State::new(Face::Info, "预览，尚未结班", "a preview; the shift is open"),
        open: Vec::new(),
        ..sheet()
    },
    "worst" => ShiftSheet {
        place: Both::same(HOSTILE),
        cash: Both::same(HOSTILE.repeat(4)),
        receipts: Both::same(HOSTILE.repeat(4)),
        open: vec![Both::same(HOSTILE.repeat(2)); 6],
        let_go: Some(HOSTILE.into()),
        countersigned: Some(Both::same(HOSTILE.repeat(2))),
        looked_into: Some(Both::same(HOSTILE.repeat(2))),
        looks_into: true,
        look_trouble: Some(Both::same(HOSTILE)),
        from: HOSTILE.into(),
        to: HOSTILE.into(),
        handed_in_yuan: "¥9,999,999.99".into(),
        handed_in_capitals: crate::capitals(999_999_999),
        ..sheet()
    },
]);
