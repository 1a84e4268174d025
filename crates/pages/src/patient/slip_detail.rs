//! The charge lines of one slip.

use super::shared::{Deadline, InsuranceClass, SlipKind, sample};
use crate::{
    Moment,
    page::{Page, page},
};

/// Above this many lines, all but four are folded away.
const UNFOLDED_LINES: usize = 5;
const SHOWN_OF_MANY: usize = 4;

/// One charge line, as the HIS gives it; the total is never recomputed.
#[derive(Clone, Debug)]
pub struct ChargeLine {
    /// `阿司匹林肠溶片`.
    pub name: String,
    /// `100mg×30 片`; empty when there is none.
    pub spec: String,
    /// Unit price, quantity and unit: `0.7988 × 24 片`; up to four decimals, as sent.
    pub price_and_quantity: String,
    /// The line's own total.
    pub amount_yuan: String,
    /// `None` when nobody said.
    pub class: Option<InsuranceClass>,
}

/// The total of one insurance class.
#[derive(Clone, Debug)]
pub struct ClassTotal {
    /// Which class.
    pub class: InsuranceClass,
    /// Its total.
    pub amount_yuan: String,
}

/// One slip with its charge lines.
#[derive(Clone, Debug)]
pub struct SlipDetail {
    /// What it is for.
    pub kind: SlipKind,
    /// Department and doctor.
    pub issued_by: Option<String>,
    /// When it was billed.
    pub issued_at: Option<Moment>,
    /// Where to go with it after paying.
    pub place: Option<String>,
    /// The slip's number at the hospital.
    pub slip_no: String,
    /// Until when it can be paid.
    pub deadline: Option<Deadline>,
    /// The slip's total.
    pub total_yuan: String,
    /// May be empty: then only the total is shown.
    pub lines: Vec<ChargeLine>,
    /// Totals by class; empty for an uninsured patient.
    pub by_class: Vec<ClassTotal>,
}

impl SlipDetail {
    fn shown(&self) -> &[ChargeLine] {
        if self.lines.len() > UNFOLDED_LINES { &self.lines[..SHOWN_OF_MANY] } else { &self.lines }
    }

    fn folded(&self) -> &[ChargeLine] {
        if self.lines.len() > UNFOLDED_LINES { &self.lines[SHOWN_OF_MANY..] } else { &[] }
    }
}

fn line(name: &str, spec: &str, price: &str, yuan: &str, class: InsuranceClass) -> ChargeLine {
    ChargeLine {
        name: name.into(),
        spec: spec.into(),
        price_and_quantity: price.into(),
        amount_yuan: yuan.into(),
        class: Some(class),
    }
}

page!(SlipDetail, "patient/slip_detail.html", [
    "ordinary" => Self {
        kind: SlipKind::Drug,
        issued_by: Some("心血管内科 林静 医师".into()),
        issued_at: Some(sample::today(10, 4)),
        place: Some("门诊楼 1 层 西药房".into()),
        slip_no: "CF2611200147".into(),
        deadline: Some(Deadline::PayBy(sample::today(23, 59))),
        total_yuan: "132.46".into(),
        lines: vec![
            line("阿司匹林肠溶片", "100mg×30 片", "13.58 × 1 盒", "13.58", InsuranceClass::A),
            line("苯磺酸氨氯地平片", "5mg×28 片", "4.62 × 2 盒", "9.24", InsuranceClass::A),
            line("硝酸甘油片", "0.5mg", "0.7988 × 24 片", "19.17", InsuranceClass::A),
            line("瑞舒伐他汀钙片", "10mg×28 片", "8.96 × 1 盒", "8.96", InsuranceClass::B),
            line("稳心颗粒", "5g×18 袋", "24.80 × 2 盒", "49.60", InsuranceClass::B),
            line("维生素 B₁ 片", "10mg×100 片", "3.20 × 1 瓶", "3.20", InsuranceClass::A),
            line("辅酶 Q10 软胶囊", "10mg×30 粒", "26.71 × 1 盒", "26.71", InsuranceClass::Own),
            line("药事服务费", "按次", "2.00 × 1 次", "2.00", InsuranceClass::Own),
        ],
        by_class: vec![
            ClassTotal { class: InsuranceClass::A, amount_yuan: "45.19".into() },
            ClassTotal { class: InsuranceClass::B, amount_yuan: "58.56".into() },
            ClassTotal { class: InsuranceClass::Own, amount_yuan: "28.71".into() },
        ],
    },
    "empty" => Self {
        kind: SlipKind::Other,
        issued_by: None,
        issued_at: None,
        place: None,
        slip_no: "QT1".into(),
        deadline: None,
        total_yuan: "0.01".into(),
        lines: Vec::new(),
        by_class: Vec::new(),
    },
    "very long" => Self {
        kind: SlipKind::Treatment,
        issued_by: Some(sample::LONG_TEXT.into()),
        issued_at: Some(sample::yesterday(0, 0)),
        place: Some(sample::LONG_TEXT.into()),
        slip_no: "MZ202611240001ABCDEFGHIJKLMNOPQRSTUVWX".into(),
        deadline: Some(Deadline::HeldUntil(sample::today(10, 42))),
        total_yuan: sample::HUGE_YUAN.into(),
        lines: vec![line(sample::LONG_TEXT, sample::LONG_TEXT, "123456.7988 × 1000 次", sample::HUGE_YUAN, InsuranceClass::B); 60],
        by_class: vec![ClassTotal { class: InsuranceClass::B, amount_yuan: sample::HUGE_YUAN.into() }],
    },
]);
