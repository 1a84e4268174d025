//! The people and slips that the demo hospital starts with. All of them are invented; the identity numbers have
//! true check digits so that a checking gateway accepts them.

use super::records::Records;
use super::staff::NewSlip;
use super::wire::{ChargeLine, Patient, SlipKind};

/// Fills empty records. A seed that does not fit the rules of [`Records::write_slip`] would be a mistake in this
/// file; the test below holds every slip against them.
pub(super) fn fill(records: &mut Records, now_ms: i64) {
    for patient in patients() {
        records.register(patient);
    }
    let day = super::moment::compact_day(now_ms);
    for slip in slips(&day) {
        let written = records.write_slip(slip, now_ms);
        debug_assert!(written.is_ok(), "{written:?}");
    }
}

fn patients() -> Vec<Patient> {
    let person = |number: u32, name: &str, card_no: &str, phone: &str, id_no: &str| Patient {
        patient_id: format!("P{number:08}"),
        name: name.to_owned(),
        card_no: card_no.to_owned(),
        phone: (!phone.is_empty()).then(|| phone.to_owned()),
        id_no: (!id_no.is_empty()).then(|| id_no.to_owned()),
    };
    vec![
        person(1, "张建明", super::DEMO_CARD_NO, "13800001234", "11010519491231002X"),
        person(2, "李秀兰", "A10023847718", "13900005678", "110101196203155024"),
        person(3, "王小满", "A10023901105", "13700009012", "110101201906013018"),
        person(4, "欧阳文清", "A10023955300", "13600003456", "11010119880822401X"),
        person(5, "赵国强", "A10024001234", "", "110101197505091016"),
        person(6, "阿卜杜热合曼·买买提依明", "A10024119982", "13500007890", "650101195501018010"),
    ]
}

fn slips(day: &str) -> Vec<NewSlip> {
    vec![
        NewSlip {
            slip_no: Some(format!("GH{day}0001")),
            pay_within_minutes: Some(30),
            written_minutes_ago: 6,
            ..slip(
                super::DEMO_CARD_NO,
                SlipKind::Registration,
                "内分泌科 14:30",
                "内分泌科",
                "陈志远 副主任医师",
                vec![line("110200001", "副主任医师门诊诊查费", "", "次", "25.0000", "1", 2500, "甲")],
            )
        },
        NewSlip {
            slip_no: Some(format!("MZ{day}0001")),
            visit_no: Some(format!("V{day}017")),
            written_minutes_ago: 44,
            ..slip(
                super::DEMO_CARD_NO,
                SlipKind::Exam,
                "心脏彩超、心电图",
                "心血管内科",
                "林静 医师",
                vec![
                    line("250310001", "心脏彩色多普勒超声", "", "次", "220.0000", "1", 22000, "乙"),
                    line("310701001", "常规心电图检查", "十二导联", "次", "26.0000", "1", 2600, "甲"),
                ],
            )
        },
        NewSlip {
            slip_no: Some(format!("CF{day}0147")),
            visit_no: Some(format!("V{day}017")),
            written_minutes_ago: 38,
            ..slip(
                super::DEMO_CARD_NO,
                SlipKind::Drug,
                "阿司匹林肠溶片等 8 项",
                "心血管内科",
                "林静 医师",
                eight_drugs(),
            )
        },
        NewSlip {
            slip_no: Some(format!("MZ{day}0002")),
            visit_no: Some(format!("V{day}023")),
            written_minutes_ago: 25,
            pooled_fund_fen: 21_040,
            account_fen: 5_760,
            ..slip(
                "A10023847718",
                SlipKind::Lab,
                "糖化血红蛋白、肝肾功能",
                "内分泌科",
                "陈志远 副主任医师",
                vec![
                    line("250303006", "糖化血红蛋白测定", "", "项", "88.0000", "1", 8800, "甲"),
                    line("250305001", "肝功能全套", "", "套", "160.0000", "1", 16000, "甲"),
                    line("250307001", "肾功能全套", "", "套", "120.0000", "1", 12000, "乙"),
                ],
            )
        },
        NewSlip {
            slip_no: Some(format!("MZ{day}0003")),
            ..together(day, "雾化吸入治疗", SlipKind::Treatment, 4500)
        },
        NewSlip {
            slip_no: Some(format!("MZ{day}0004")),
            ..together(day, "血常规、C 反应蛋白", SlipKind::Lab, 6200)
        },
        NewSlip {
            slip_no: Some(format!("CF{day}0148")),
            ..together(day, "布地奈德混悬液", SlipKind::Drug, 9846)
        },
        NewSlip {
            slip_no: Some(format!("ZY{day}0001")),
            written_minutes_ago: 90,
            ..slip(
                "A10023955300",
                SlipKind::Deposit,
                "住院预交金",
                "骨科一病区",
                "住院服务中心",
                vec![ChargeLine {
                    insurance_class: None,
                    ..line("990000001", "住院预交金", "", "次", "2000.0000", "1", 200_000, "")
                }],
            )
        },
        NewSlip {
            slip_no: Some(format!("MZ{day}0005")),
            written_minutes_ago: 12,
            ..slip(
                "A10024119982",
                SlipKind::Other,
                "病历复印",
                "病案室",
                "病案室",
                vec![line("990000017", "病历复印", "A4", "张", "0.5000", "13", 650, "自费")],
            )
        },
    ]
}

fn slip(
    card_no: &str,
    kind: SlipKind,
    title: &str,
    department: &str,
    doctor: &str,
    lines: Vec<ChargeLine>,
) -> NewSlip {
    NewSlip {
        card_no: card_no.to_owned(),
        kind,
        title: title.to_owned(),
        slip_no: None,
        department: Some(department.to_owned()),
        doctor: Some(doctor.to_owned()),
        visit_no: None,
        pay_together: false,
        written_minutes_ago: 0,
        pay_within_minutes: None,
        pooled_fund_fen: 0,
        account_fen: 0,
        lines,
    }
}

/// A slip of the child's visit, whose slips are paid at once or not at all.
fn together(day: &str, title: &str, kind: SlipKind, amount_fen: i64) -> NewSlip {
    let price = format!("{}00", crate::money::yuan(amount_fen));
    NewSlip {
        visit_no: Some(format!("V{day}031")),
        pay_together: true,
        written_minutes_ago: 18,
        ..slip(
            "A10023901105",
            kind,
            title,
            "儿科",
            "周雨 主治医师",
            vec![line("120700001", title, "", "次", &price, "1", amount_fen, "乙")],
        )
    }
}

/// 132.46 in all. Unit prices have up to four decimals and each line is rounded by the hospital: 0.7988 × 24 = 19.17.
fn eight_drugs() -> Vec<ChargeLine> {
    vec![
        line("XB01ACA001", "阿司匹林肠溶片", "100mg×30 片", "盒", "13.5800", "1", 1358, "甲"),
        line("XC08CAA002", "苯磺酸氨氯地平片", "5mg×28 片", "盒", "4.6200", "2", 924, "甲"),
        line("XC01DAA001", "硝酸甘油片", "0.5mg", "片", "0.7988", "24", 1917, "甲"),
        line("XC10AAR001", "瑞舒伐他汀钙片", "10mg×28 片", "盒", "8.9600", "1", 896, "乙"),
        line("ZA04BAW003", "稳心颗粒", "5g×18 袋", "盒", "24.8000", "2", 4960, "乙"),
        line("XA11DAW001", "维生素 B₁ 片", "10mg×100 片", "瓶", "3.2000", "1", 320, "甲"),
        line("XC01EBF001", "辅酶 Q10 软胶囊", "10mg×30 粒", "盒", "26.7100", "1", 2671, "自费"),
        line("990000003", "药事服务费", "按次", "次", "2.0000", "1", 200, "自费"),
    ]
}

#[allow(clippy::too_many_arguments, reason = "a row of a table, in the order of its columns")]
fn line(
    code: &str,
    name: &str,
    spec: &str,
    unit: &str,
    unit_price: &str,
    quantity: &str,
    amount_fen: i64,
    insurance_class: &str,
) -> ChargeLine {
    ChargeLine {
        code: code.to_owned(),
        name: name.to_owned(),
        spec: spec.to_owned(),
        unit: unit.to_owned(),
        unit_price: unit_price.to_owned(),
        quantity: quantity.to_owned(),
        amount_fen,
        insurance_class: Some(insurance_class.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_patient_owes_403_46_on_three_slips() {
        let mut records = Records::default();
        fill(&mut records, 1_767_240_000_000);
        let slips: Vec<_> = records.slips_of(crate::his::DEMO_CARD_NO).collect();
        assert_eq!(slips.len(), 3);
        assert_eq!(slips.iter().map(|slip| slip.self_pay_fen()).sum::<i64>(), 40_346);
        assert!(slips.iter().any(|slip| slip.total_fen == 13_246 && slip.lines.len() == 8));
    }

    #[test]
    fn every_seeded_slip_is_written() {
        let mut records = Records::default();
        fill(&mut records, 1_767_240_000_000);
        assert_eq!(records.slips.len(), slips("20260101").len());
        let insured = records.slip("MZ202601010002").expect("seeded");
        assert_eq!((insured.total_fen, insured.self_pay_fen()), (36_800, 10_000));
    }
}
