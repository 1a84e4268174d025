//! What the hospital of the history charges for: ten departments, their doctors, and what each of them writes on a slip. Prices are
//! invented, in the order of magnitude of a county town.

use super::plan::Apart;
use mingfen_domain::shift::DifferenceReason;
use mingfen_simulator::his::SlipKind;

/// Something with a price.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// HIS's code of it.
    pub code: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// Size of a package, or how it is done; may be empty.
    pub spec: &'static str,
    /// Of what the quantity counts.
    pub unit: &'static str,
    /// Fen a unit.
    pub fen: i64,
}

const fn item(
    code: &'static str,
    name: &'static str,
    spec: &'static str,
    unit: &'static str,
    fen: i64,
) -> Item {
    Item { code, name, spec, unit, fen }
}

/// A department of the hospital.
#[derive(Debug)]
pub struct Department {
    /// As slips and the dashboard name it.
    pub name: &'static str,
    /// Who writes its slips.
    pub doctors: [&'static str; 3],
    /// How many of a hundred patients come to it.
    pub share: u64,
    /// What its pharmacy slips are made of.
    pub drugs: [Item; 4],
    /// Examinations, laboratory and treatments.
    pub work: [(SlipKind, Item); 4],
    /// Of its patients, how many of a hundred are admitted and pay a deposit.
    pub admits: u32,
}

use SlipKind::{Exam, Lab, Treatment};

/// All of them; their shares make a hundred.
pub const DEPARTMENTS: [Department; 10] = [
    Department {
        name: "心血管内科",
        doctors: ["林静 主治医师", "郑国平 主任医师", "许文博 副主任医师"],
        share: 13,
        drugs: [
            item("XB01ACA001", "阿司匹林肠溶片", "100mg×30 片", "盒", 1358),
            item("XC08CAA002", "苯磺酸氨氯地平片", "5mg×28 片", "盒", 1862),
            item("XC10AAR001", "瑞舒伐他汀钙片", "10mg×28 片", "盒", 3896),
            item("ZA04BAW003", "稳心颗粒", "5g×18 袋", "盒", 2480),
        ],
        work: [
            (Exam, item("310701001", "常规心电图检查", "十二导联", "次", 2600)),
            (Exam, item("250310001", "心脏彩色多普勒超声", "", "次", 22_000)),
            (Exam, item("310701003", "动态心电图", "24 小时", "次", 18_000)),
            (Lab, item("250303004", "血脂四项", "", "套", 5600)),
        ],
        admits: 6,
    },
    Department {
        name: "内分泌科",
        doctors: ["陈志远 副主任医师", "何燕 主治医师", "秦岭 主任医师"],
        share: 11,
        drugs: [
            item("XA10BAE001", "盐酸二甲双胍缓释片", "0.5g×60 片", "盒", 2890),
            item("XA10BBG002", "格列美脲片", "2mg×30 片", "盒", 2460),
            item("XA10ABM001", "门冬胰岛素注射液", "3ml:300 单位", "支", 4210),
            item("XH03AAZ001", "左甲状腺素钠片", "50μg×100 片", "盒", 2640),
        ],
        work: [
            (Lab, item("250303006", "糖化血红蛋白测定", "", "项", 8800)),
            (Lab, item("250302001", "葡萄糖测定", "空腹", "次", 500)),
            (Lab, item("250310013", "甲状腺功能五项", "", "套", 14_500)),
            (Exam, item("220301002", "甲状腺彩色超声", "", "次", 9800)),
        ],
        admits: 3,
    },
    Department {
        name: "呼吸与危重症医学科",
        doctors: ["吴海涛 主任医师", "罗晓梅 主治医师", "姚远 副主任医师"],
        share: 10,
        drugs: [
            item("XR03BAB001", "布地奈德混悬液", "2ml:1mg×5 支", "盒", 3282),
            item("XR05CBA001", "盐酸氨溴索口服溶液", "100ml", "瓶", 1980),
            item("XJ01MAM001", "盐酸莫西沙星片", "0.4g×3 片", "盒", 5930),
            item("ZA06BAL001", "连花清瘟胶囊", "0.35g×36 粒", "盒", 2280),
        ],
        work: [
            (Exam, item("210200001", "胸部 CT 平扫", "", "次", 26_000)),
            (Exam, item("310601001", "肺功能检查", "", "次", 12_000)),
            (Lab, item("250101015", "血常规（五分类）", "", "次", 2500)),
            (Treatment, item("120700001", "雾化吸入", "", "次", 900)),
        ],
        admits: 6,
    },
    Department {
        name: "消化内科",
        doctors: ["孟庆和 主任医师", "沈玉 主治医师", "高飞 副主任医师"],
        share: 10,
        drugs: [
            item("XA02BCA001", "奥美拉唑肠溶胶囊", "20mg×14 粒", "盒", 1690),
            item("XA02AHM001", "铝碳酸镁咀嚼片", "0.5g×20 片", "盒", 2150),
            item("XA07FAS001", "双歧杆菌三联活菌胶囊", "0.21g×24 粒", "盒", 3640),
            item("ZA03CAQ001", "气滞胃痛颗粒", "5g×9 袋", "盒", 2380),
        ],
        work: [
            (Exam, item("310902001", "电子胃镜检查", "", "次", 21_000)),
            (Exam, item("310903001", "电子结肠镜检查", "", "次", 28_000)),
            (Lab, item("250403053", "幽门螺杆菌 C13 呼气试验", "", "次", 16_000)),
            (Exam, item("220301001", "腹部彩色超声", "肝胆胰脾", "次", 13_000)),
        ],
        admits: 4,
    },
    Department {
        name: "普外科",
        doctors: ["韩磊 副主任医师", "唐志刚 主任医师", "冯楠 主治医师"],
        share: 9,
        drugs: [
            item("XJ01DCT001", "头孢呋辛酯片", "0.25g×12 片", "盒", 2870),
            item("XM01AEB001", "布洛芬缓释胶囊", "0.3g×20 粒", "盒", 1780),
            item("XC05CAD001", "地奥司明片", "0.45g×24 片", "盒", 3980),
            item("ZE01AKT001", "康复新液", "100ml", "瓶", 2460),
        ],
        work: [
            (Treatment, item("120600002", "换药（中）", "", "次", 2200)),
            (Treatment, item("331602001", "体表肿物切除术", "", "次", 38_000)),
            (Exam, item("220301004", "乳腺彩色超声", "", "次", 9800)),
            (Lab, item("250203020", "凝血四项", "", "套", 7200)),
        ],
        admits: 9,
    },
    Department {
        name: "骨科",
        doctors: ["马骏 主任医师", "宋晓东 主治医师", "曹阳 副主任医师"],
        share: 9,
        drugs: [
            item("XM01AHC001", "塞来昔布胶囊", "0.2g×6 粒", "盒", 2260),
            item("XA12AXD001", "碳酸钙 D3 片", "600mg×60 片", "瓶", 5380),
            item("ZG02BAX001", "仙灵骨葆胶囊", "0.5g×40 粒", "盒", 3150),
            item("XM05BAA001", "阿仑膦酸钠片", "70mg×1 片", "盒", 4490),
        ],
        work: [
            (Exam, item("210102015", "四肢关节 DR 摄影", "正侧位", "次", 7600)),
            (Exam, item("210300001", "膝关节磁共振平扫", "", "次", 58_000)),
            (Treatment, item("340100013", "关节松动训练", "", "次", 4500)),
            (Treatment, item("331523001", "石膏固定术", "中", "次", 18_500)),
        ],
        admits: 9,
    },
    Department {
        name: "妇产科",
        doctors: ["叶秋萍 主任医师", "杜鹃 主治医师", "白雪 副主任医师"],
        share: 10,
        drugs: [
            item("XG03DAD001", "地屈孕酮片", "10mg×20 片", "盒", 5860),
            item("XG01AFK001", "克霉唑阴道片", "0.5g×2 片", "盒", 3490),
            item("XB03BBY001", "叶酸片", "0.4mg×93 片", "盒", 2780),
            item("ZF02AFG001", "桂枝茯苓胶囊", "0.31g×60 粒", "盒", 3420),
        ],
        work: [
            (Exam, item("220302001", "产科彩色超声", "常规", "次", 12_000)),
            (Lab, item("250311001", "孕酮测定", "", "项", 4200)),
            (Lab, item("250501035", "白带常规", "", "次", 2000)),
            (Exam, item("311202001", "胎心监护", "", "次", 3000)),
        ],
        admits: 6,
    },
    Department {
        name: "儿科",
        doctors: ["周雨 主治医师", "顾明月 副主任医师", "蒋欣 主任医师"],
        share: 11,
        drugs: [
            item("XJ01CRA001", "阿莫西林克拉维酸钾颗粒", "156.25mg×12 袋", "盒", 2640),
            item("XN02BEB001", "布洛芬混悬液", "100ml", "瓶", 1890),
            item("ZA06BAX001", "小儿豉翘清热颗粒", "2g×9 袋", "盒", 2980),
            item("XA07BCM001", "蒙脱石散", "3g×10 袋", "盒", 1320),
        ],
        work: [
            (Lab, item("250101016", "血常规、C 反应蛋白", "末梢血", "次", 6200)),
            (Treatment, item("120700002", "小儿雾化吸入", "", "次", 1200)),
            (Lab, item("250403006", "呼吸道病原体核酸检测", "六项", "次", 18_000)),
            (Treatment, item("120400006", "静脉输液", "", "次", 1500)),
        ],
        admits: 3,
    },
    Department {
        name: "眼科",
        doctors: ["苏婉 主治医师", "贺正 主任医师", "卢思远 副主任医师"],
        share: 7,
        drugs: [
            item("XS01KAB001", "玻璃酸钠滴眼液", "5ml", "支", 3180),
            item("XS01AEL001", "左氧氟沙星滴眼液", "5ml", "支", 1560),
            item("XS01FAA001", "硫酸阿托品眼用凝胶", "2.5g", "支", 2870),
            item("ZG05AAM001", "明目地黄丸", "200 丸", "瓶", 2240),
        ],
        work: [
            (Exam, item("310300075", "光学相干断层成像", "双眼", "次", 16_000)),
            (Exam, item("310300001", "验光", "", "次", 3000)),
            (Exam, item("310300054", "眼底照相", "", "次", 5000)),
            (Treatment, item("330406005", "睑板腺按摩", "双眼", "次", 6000)),
        ],
        admits: 2,
    },
    Department {
        name: "急诊科",
        doctors: ["丁一鸣 主治医师", "范洁 副主任医师", "石磊 主任医师"],
        share: 10,
        drugs: [
            item("XN02BEP001", "对乙酰氨基酚片", "0.5g×12 片", "盒", 980),
            item("XJ07AMT001", "破伤风人免疫球蛋白", "250IU", "支", 21_600),
            item("XA03BAS001", "消旋山莨菪碱片", "5mg×100 片", "瓶", 1240),
            item("XJ01DDC001", "注射用头孢曲松钠", "1.0g", "支", 1870),
        ],
        work: [
            (Exam, item("210200005", "头颅 CT 平扫", "", "次", 24_000)),
            (Treatment, item("120600001", "清创缝合", "小", "次", 12_000)),
            (Lab, item("250101017", "急诊血常规", "", "次", 2500)),
            (Lab, item("250306001", "心肌损伤标志物", "三项", "套", 19_500)),
        ],
        admits: 5,
    },
];

/// What a doctor's advice costs, by the end of the doctor's title.
pub const CONSULTATIONS: [(&str, Item); 3] = [
    ("副主任医师", item("110200002", "副主任医师门诊诊查费", "", "次", 2500)),
    ("主任医师", item("110200001", "主任医师门诊诊查费", "", "次", 4000)),
    ("主治医师", item("110200003", "普通门诊诊查费", "", "次", 1200)),
];

/// An inpatient's deposit; its price is what is paid.
pub const DEPOSIT: Item = item("990000001", "住院预交金", "", "次", 0);

/// Surnames of the invented patients, common ones more than once.
pub const SURNAMES: [&str; 40] = [
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "王", "李", "张", "刘", "陈", "徐", "孙",
    "马", "朱", "胡", "郭", "何", "高", "林", "郑", "谢", "罗", "梁", "宋", "唐", "韩", "冯", "邓", "曹",
    "彭", "曾", "萧", "田", "董", "欧阳",
];

/// Given names, of every age.
pub const GIVEN_NAMES: [&str; 60] = [
    "秀英", "桂兰", "建国", "玉梅", "志强", "丽华", "国庆", "淑珍", "海燕", "卫东", "春梅", "永福", "凤英",
    "德明", "桂芳", "伟", "芳", "敏", "静", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "超", "明", "霞",
    "秀兰", "平", "刚", "玲", "红", "梓涵", "浩然", "欣怡", "子轩", "诗琪", "宇航", "雨桐", "一诺", "梦洁",
    "俊杰", "思远", "佳怡", "晨曦", "嘉豪", "若溪", "文博", "晓燕", "振华", "雪梅", "立新", "小龙", "少华",
    "金凤", "兰芝", "长根",
];

/// Why cashiers give back, with whether it is a slip of drugs.
pub const REASONS: [&str; 8] = [
    "患者放弃检查",
    "药品退回，未拆封",
    "重复开单",
    "医生更改处方",
    "停诊退号",
    "检查改期，患者要求退费",
    "收费项目开错",
    "患者转院治疗",
];

const fn apart(fen: i64, reason: DifferenceReason, words: &'static str) -> Apart {
    Apart { fen, reason, words }
}

/// Why a till does not agree, as cashiers say it.
pub const APART: [Apart; 6] = [
    apart(-1000, DifferenceReason::Change, "多找零 10 元，患者已离开"),
    apart(-500, DifferenceReason::Change, "多找零 5 元，看监控已确认"),
    apart(-100, DifferenceReason::Change, "少收 1 元，患者零钱不够"),
    apart(500, DifferenceReason::Change, "少找零 5 元，患者未取，待来领"),
    apart(-2000, DifferenceReason::Counterfeit, "收到 20 元假币一张，已登记没收"),
    apart(200, DifferenceReason::Other, "多出 2 元，当班未查到原因"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_make_a_hundred_and_codes_are_there_once() {
        assert_eq!(DEPARTMENTS.iter().map(|department| department.share).sum::<u64>(), 100);
        let items = DEPARTMENTS.iter().flat_map(|department| {
            department.drugs.iter().chain(department.work.iter().map(|(_, item)| item))
        });
        let mut codes: Vec<&str> = items.map(|item| item.code).collect();
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all, "the same code twice");
    }
}
