//! Is today usual? Takings and refunds of a day beside what is usual.

use super::charts::{self, AgeBar, HourBar, SharePart, TickBar, TrendPoint};
use super::frame::{Both, Say, State};
use super::page::staff_page;
use crate::svg::Svg;

/// One of the six figures at the top.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What it is.
    pub what: Both,
    /// The figure: `¥235,250.83`, `98.7`.
    pub value: String,
    /// Its unit, when it does not stand in front.
    pub unit: Both,
    /// What it means: `比平常周二同刻多 10.4%`.
    pub said: Both,
}

/// An hour of the table behind the chart.
#[derive(Clone, Debug)]
pub struct HourRow {
    /// `10 时（至 10:42）`.
    pub name: Both,
    /// What came in.
    pub day_yuan: String,
    /// What is usual, to the same minute.
    pub usual_yuan: Option<String>,
    /// The difference, with its sign.
    pub gap_yuan: Option<String>,
}

/// The hours.
#[derive(Clone, Debug)]
pub struct Hours {
    /// The columns of the chart.
    pub bars: Vec<HourBar>,
    /// The rows of the table: the hours that have begun.
    pub rows: Vec<HourRow>,
    /// Below them.
    pub total: HourRow,
}

/// A method of paying.
#[derive(Clone, Debug)]
pub struct MethodRow {
    /// 1 to 6, the same on every page.
    pub colour: u8,
    /// `微信支付`.
    pub name: Both,
    /// How many.
    pub number: String,
    /// How much.
    pub yuan: String,
    /// `51.8%`.
    pub share: String,
    /// The same in thousandths, for the bar.
    pub per_mille: u64,
    /// `比平常低 0.9 点`.
    pub said: Both,
}

/// Anything with a number, a sum, and a part of all.
#[derive(Clone, Debug)]
pub struct SumRow {
    /// What.
    pub name: Both,
    /// How many.
    pub number: String,
    /// How much.
    pub yuan: String,
    /// `12.3%` of all, where that says something.
    pub share: Option<String>,
    /// In thousandths of the largest, for the bar.
    pub per_mille: u64,
}

/// A merchant account.
#[derive(Clone, Debug)]
pub struct ChannelRow {
    /// Its name.
    pub name: String,
    /// Payments.
    pub number: String,
    /// Their money.
    pub yuan: String,
    /// Orders that nobody paid.
    pub unpaid: String,
    /// Refunds.
    pub refunds: String,
    /// Their money, negative.
    pub refunded_yuan: String,
}

/// A department.
#[derive(Clone, Debug)]
pub struct DepartmentRow {
    /// As HIS names it.
    pub name: Both,
    /// Slips paid.
    pub slips: String,
    /// Their money.
    pub yuan: String,
    /// What is usual to the same minute.
    pub usual_yuan: Option<String>,
}

/// A week of the trend's table.
#[derive(Clone, Debug)]
pub struct WeekRow {
    /// `08-26 至 09-01`.
    pub name: Both,
    /// Days of it that are counted.
    pub days: String,
    /// What stayed.
    pub yuan: String,
    /// The same a day.
    pub mean_yuan: String,
}

/// Ninety days.
#[derive(Clone, Debug)]
pub struct Trend {
    /// Each day.
    pub points: Vec<TrendPoint>,
    /// The last of them: fen for its label, and its day in words.
    pub last: Option<(u64, Both)>,
    /// Beside the heading.
    pub said: Both,
    /// By week, and all together.
    pub weeks: Vec<WeekRow>,
    /// Below them.
    pub total: WeekRow,
}

/// What is open.
#[derive(Clone, Debug)]
pub struct Open {
    /// Beside the heading.
    pub said: Both,
    /// Young, older, old.
    pub ages: [AgeBar; 3],
    /// By who has to act.
    pub owners: Vec<SumRow>,
    /// Below them.
    pub total: SumRow,
    /// Whether the reader may go there.
    pub goes_there: bool,
}

/// A day's numbers.
#[derive(Clone, Debug)]
pub struct StaffDashboard {
    /// `今日 11-24 周二，截至 10:42。…`.
    pub lead: Both,
    /// `2026-11-24`.
    pub day: String,
    /// It is the present day.
    pub today: bool,
    /// The day before, when there is one.
    pub earlier: String,
    /// The day after, when it has begun.
    pub later: Option<String>,
    /// What the reader must know of these numbers.
    pub notes: Vec<State>,
    /// Six.
    pub figures: Vec<Figure>,
    /// What `usual` is called: `平常周二（近 8 周平均）`.
    pub usual: Option<Both>,
    /// By hour.
    pub hours: Hours,
    /// By method.
    pub methods: Vec<MethodRow>,
    /// Below them, and below the accounts.
    pub total: SumRow,
    /// By merchant account.
    pub accounts: Vec<ChannelRow>,
    /// Ninety days.
    pub trend: Option<Trend>,
    /// By department: the ten largest are drawn.
    pub departments: Vec<DepartmentRow>,
    /// The bars of them.
    pub department_bars: Vec<TickBar>,
    /// Below them.
    pub departments_total: DepartmentRow,
    /// By the surroundings of paying.
    pub scenes: Vec<SumRow>,
    /// Why money went back.
    pub reasons: Vec<SumRow>,
    /// Who asked for it.
    pub refunders: Vec<SumRow>,
    /// Who took money at the window.
    pub cashiers: Vec<SumRow>,
    /// Below both.
    pub refunded: SumRow,
    /// What nobody has settled; of the present only, and for who may read it.
    pub open: Option<Open>,
    /// Whether the reader may take the numbers away.
    pub exports: bool,
    /// For paper: every table behind a chart is open.
    pub printing: bool,
}

/// Thousandths as whole hundredths that add up: what is left over goes to those that lose most by being cut.
fn whole_percents(per_mille: &[u64]) -> Vec<u64> {
    let mut percents: Vec<u64> = per_mille.iter().map(|share| share / 10).collect();
    let all = (per_mille.iter().sum::<u64>() + 5) / 10;
    let left = all.saturating_sub(percents.iter().sum());
    let mut by_loss: Vec<usize> = (0..per_mille.len()).collect();
    by_loss.sort_by_key(|place| std::cmp::Reverse(per_mille[*place] % 10));
    for place in by_loss.into_iter().take(usize::try_from(left).unwrap_or_default()) {
        percents[place] += 1;
    }
    percents
}

impl StaffDashboard {
    fn hour_chart(&self, say: &Say) -> Svg {
        let title = match &self.usual {
            Some(_) => say.t(
                "各小时收款与平常同一星期几比较：柱为当日，虚线为平常",
                "Takings by the hour beside the same weekday: columns are the day, dashed lines what is usual",
            ),
            None => say.t("各小时收款", "Takings by the hour"),
        };
        charts::hours("chart-hours", title, say, &self.hours.bars)
    }

    fn share_chart(&self, say: &Say) -> Svg {
        let shares: Vec<u64> = self.methods.iter().map(|row| row.per_mille).collect();
        let parts: Vec<SharePart> = self
            .methods
            .iter()
            .zip(whole_percents(&shares))
            .map(|(row, percent)| SharePart {
                colour: row.colour,
                per_mille: row.per_mille,
                label: format!("{percent}%"),
            })
            .collect();
        charts::share(say.t("各支付方式金额占比", "Share of each method in the money"), &parts)
    }

    fn department_chart(&self, say: &Say) -> Svg {
        let title = say
            .t("各科室收款，竖线为平常同一时刻", "Takings by department; the ticks are what is usual by now");
        charts::tick_bars(title, &self.department_bars)
    }
}

impl Trend {
    fn chart(&self, say: &Say) -> Svg {
        let title = say.t(
            "近 90 天每日净收：细线为每日，粗线为 7 天平均",
            "Net takings of 90 days: thin each day, thick the mean of seven",
        );
        let value = self.last.as_ref().map(|(fen, day)| (charts::short(*fen, say), day.of(say)));
        let last = value.as_ref().map(|(value, day)| (value.as_str(), *day));
        charts::trend("chart-trend", title, say, &self.points, last)
    }
}

impl Open {
    fn chart(&self, say: &Say) -> Svg {
        charts::ages(say.t("未了差异按存在天数", "Open differences by their age"), say, &self.ages)
    }
}

impl SumRow {
    fn bar(&self) -> Svg {
        charts::cell_bar(self.per_mille)
    }
}

fn sum(zh: &str, en: &str, number: &str, yuan: &str, per_mille: u64) -> SumRow {
    SumRow {
        name: Both::new(zh, en),
        number: number.into(),
        yuan: yuan.into(),
        share: Some(format!("{}.{}%", per_mille / 10, per_mille % 10)),
        per_mille,
    }
}

fn sample_hours(usual: bool) -> Hours {
    let hours = [
        (7, 1_806_945, 1_736_959),
        (8, 6_826_992, 6_273_096),
        (9, 8_847_877, 7_925_233),
        (10, 6_043_269, 7_670_000),
        (11, 0, 6_030_000),
        (12, 0, 1_340_000),
        (13, 0, 2_630_000),
        (14, 0, 5_630_000),
        (15, 0, 5_430_000),
        (16, 0, 4_000_000),
        (17, 0, 1_840_000),
    ];
    let row = |zh: &str, en: &str, day: &str, was: &str, gap: &str| HourRow {
        name: Both::new(zh, en),
        day_yuan: day.into(),
        usual_yuan: usual.then(|| was.to_owned()),
        gap_yuan: usual.then(|| gap.to_owned()),
    };
    Hours {
        bars: hours
            .iter()
            .map(|(hour, day, was)| HourBar {
                name: if *hour == 10 {
                    Both::new("至 10:42", "to 10:42")
                } else {
                    Both::new(format!("{hour} 时"), format!("{hour}h"))
                },
                day: (*hour <= 10).then_some(*day),
                usual: usual.then_some(*was),
            })
            .collect(),
        rows: vec![
            row("7 时", "7h", "18,069.45", "17,369.59", "+699.86"),
            row("8 时", "8h", "68,269.92", "62,730.96", "+5,538.96"),
            row("9 时", "9h", "88,478.77", "79,252.33", "+9,226.44"),
            row("10 时（至 10:42）", "10h (to 10:42)", "60,432.69", "53,713.59", "+6,719.10"),
        ],
        total: row("合计", "Total", "235,250.83", "213,066.47", "+22,184.36"),
    }
}

fn sample_trend() -> Trend {
    let points: Vec<TrendPoint> = (0_u64..90)
        .map(|day| {
            let weekend = matches!(day % 7, 3 | 4);
            let holiday = (36..43).contains(&day);
            let fen = match (weekend, holiday) {
                (_, true) => 15_200_000 + day * 40_000,
                (true, false) => 20_000_000 + day % 5 * 900_000,
                (false, false) => 42_000_000 + day * 90_000 + day % 4 * 700_000,
            };
            TrendPoint {
                fen,
                mean: (day >= 6).then_some(if (38..48).contains(&day) {
                    26_000_000
                } else {
                    37_000_000 + day * 50_000
                }),
                name: (day % 15 == 6).then(|| format!("{}-{:02}", 9 + day / 30, day % 30 + 1)),
            }
        })
        .collect();
    let week = |zh: &str, en: &str, days: &str, yuan: &str, mean: &str| WeekRow {
        name: Both::new(zh, en),
        days: days.into(),
        yuan: yuan.into(),
        mean_yuan: mean.into(),
    };
    Trend {
        points,
        last: Some((52_212_300, Both::new("11-23 周一", "11-23 Monday"))),
        said: Both::new(
            "最近 7 天比前 7 天多 1.3%；不含住院预交金",
            "the last 7 days are 1.3% above the 7 before; without deposits",
        ),
        weeks: vec![
            week("11-10 至 11-16", "11-10 to 11-16", "7", "2,967,356.27", "423,908.04"),
            week("11-17 至 11-23", "11-17 to 11-23", "7", "3,043,851.46", "434,835.92"),
        ],
        total: week("合计", "Total", "90", "34,503,965.87", "383,377.40"),
    }
}

fn sample_open() -> Open {
    let age = |zh: &str, en: &str, number: u64, said_zh: &str, said_en: &str| AgeBar {
        name: Both::new(zh, en),
        number,
        value: Both::new(format!("{number} 笔"), number.to_string()),
        said: Both::new(said_zh, said_en),
    };
    Open {
        said: Both::new("按存在天数，共 11 笔", "by age, 11 in all"),
        ages: [
            age("1 天内", "a day", 9, "2,565.60 元", "2,565.60 yuan"),
            age("2 至 3 天", "2–3 days", 1, "12.20 元", "12.20 yuan"),
            age("4 天以上", "4 and more", 1, "24.00 元，1 笔已逾期", "24.00 yuan, 1 overdue"),
        ],
        owners: vec![
            sum("财务科", "finance", "8", "349.80", 135),
            sum("收费处", "cashiers", "2", "252.00", 97),
            sum("支付机构", "provider", "1", "2,000.00", 768),
        ],
        total: sum("合计", "Total", "11", "2,601.80", 1000),
        goes_there: true,
    }
}

fn sample() -> StaffDashboard {
    let figure = |zh: &str, en: &str, value: &str, unit: (&str, &str), said: (&str, &str)| Figure {
        what: Both::new(zh, en),
        value: value.into(),
        unit: Both::new(unit.0, unit.1),
        said: Both::new(said.0, said.1),
    };
    let method =
        |colour, zh: &str, en: &str, number: &str, yuan: &str, per_mille: u64, said: (&str, &str)| {
            MethodRow {
                colour,
                name: Both::new(zh, en),
                number: number.into(),
                yuan: yuan.into(),
                share: format!("{}.{}%", per_mille / 10, per_mille % 10),
                per_mille,
                said: Both::new(said.0, said.1),
            }
        };
    let departments = [
        ("医学影像科", 225, 4_744_356, 4_561_880, "47,443.56", "45,618.80"),
        ("门诊药房", 370, 4_061_929, 4_144_825, "40,619.29", "41,448.25"),
        ("心血管内科", 127, 2_779_334, 2_459_587, "27,793.34", "24,595.87"),
        ("检验科", 275, 2_601_497, 2_738_417, "26,014.97", "27,384.17"),
        ("急诊科", 169, 2_565_804, 2_397_947, "25,658.04", "23,979.47"),
        ("骨科", 105, 2_208_965, 2_165_656, "22,089.65", "21,656.56"),
        ("妇产科", 95, 1_804_568, 1_940_395, "18,045.68", "19,403.95"),
        ("儿科", 99, 1_127_145, 1_115_985, "11,271.45", "11,159.85"),
        ("北院区口腔颌面外科门诊", 67, 877_346, 797_586, "8,773.46", "7,975.86"),
        ("呼吸内科", 51, 754_139, 777_462, "7,541.39", "7,774.62"),
    ];
    StaffDashboard {
        lead: Both::new(
            "今日 11-24 周二，截至 10:42。金额为实付，未减退费；另有住院预交金 3 笔 ¥6,000.00，不在以下各项内。",
            "Today, Tuesday 11-24, up to 10:42. Money paid, before refunds; 3 deposits of ¥6,000.00 are not in these numbers.",
        ),
        day: "2026-11-24".into(),
        today: true,
        earlier: "2026-11-23".into(),
        later: None,
        notes: Vec::new(),
        figures: vec![
            figure(
                "今日收款",
                "Takings today",
                "¥235,250.83",
                ("", ""),
                ("比平常周二同刻多 10.4%，约 ¥22,184", "10.4% above a usual Tuesday by now, ¥22,184"),
            ),
            figure("笔数", "Payments", "1,583", ("", ""), ("平均每笔 ¥148.61", "¥148.61 each on average")),
            figure(
                "支付成功率",
                "Paid of all ended",
                "98.7",
                ("%", "%"),
                ("与平常相同；21 笔未付", "as usual; 21 not paid"),
            ),
            figure(
                "下单到付成",
                "From order to paid",
                "31",
                ("秒", "s"),
                ("一半在此内；95% 在 74 秒内", "half within this; 95% within 74 s"),
            ),
            figure(
                "回写 HIS",
                "Booked at HIS",
                "1.4",
                ("秒", "s"),
                ("95% 在 6 秒内；1 笔回写中", "95% within 6 s; 1 under way"),
            ),
            figure(
                "退费率",
                "Refunded",
                "2.1",
                ("%", "%"),
                ("比平常低 0.2 点；多为药品退回", "0.2 points below usual; mostly 药品退回"),
            ),
        ],
        usual: Some(Both::new("平常周二（近 8 周平均）", "usual Tuesday (mean of 8 weeks)")),
        hours: sample_hours(true),
        methods: vec![
            method(
                1,
                "微信支付",
                "WeChat Pay",
                "844",
                "121,902.65",
                518,
                ("比平常低 0.9 点", "0.9 points below usual"),
            ),
            method(
                2,
                "支付宝",
                "Alipay",
                "377",
                "48,699.93",
                207,
                ("比平常低 0.7 点", "0.7 points below usual"),
            ),
            method(3, "云闪付", "UnionPay", "90", "10,933.35", 46, ("与平常相同", "as usual")),
            method(
                4,
                "医保移动支付",
                "Insurance",
                "153",
                "36,463.75",
                155,
                ("比平常高 1.3 点", "1.3 points above usual"),
            ),
            method(5, "现金", "Cash", "59", "8,744.74", 37, ("与平常相同", "as usual")),
            method(
                6,
                "银行卡 POS",
                "Card (POS)",
                "60",
                "8,506.41",
                36,
                ("比平常高 0.6 点", "0.6 points above usual"),
            ),
        ],
        total: sum("合计", "Total", "1,583", "235,250.83", 1000),
        accounts: vec![ChannelRow {
            name: "wechat-main".into(),
            number: "844".into(),
            yuan: "121,902.65".into(),
            unpaid: "14".into(),
            refunds: "17".into(),
            refunded_yuan: "−2,566.40".into(),
        }],
        trend: Some(sample_trend()),
        departments: departments
            .iter()
            .map(|(name, slips, _, _, yuan, usual)| DepartmentRow {
                name: Both::same(*name),
                slips: slips.to_string(),
                yuan: (*yuan).into(),
                usual_yuan: Some((*usual).into()),
            })
            .collect(),
        department_bars: departments
            .iter()
            .map(|(name, _, length, usual, yuan, _)| TickBar {
                name: (*name).into(),
                length: *length,
                usual: Some(*usual),
                value: yuan.split('.').next().unwrap_or_default().into(),
            })
            .collect(),
        departments_total: DepartmentRow {
            name: Both::new("合计", "Total"),
            slips: "1,583".into(),
            yuan: "235,250.83".into(),
            usual_yuan: Some("230,997.31".into()),
        },
        scenes: vec![
            sum("应用内付款", "in the app", "1,346", "187,585.68", 797),
            sum("扫屏幕上的码", "a code on a screen", "178", "34,180.15", 145),
            sum("手机浏览器", "mobile browser", "59", "13,485.00", 57),
        ],
        reasons: vec![
            sum("药品退回", "药品退回", "19", "2,310.50", 468),
            sum("检查未做", "检查未做", "9", "2,100.00", 425),
            sum("重复缴费", "重复缴费", "5", "526.80", 107),
        ],
        cashiers: vec![
            sum("陈敏 · 3 号窗口", "Chen Min · window 3", "47", "4,401.90", 1000),
            sum("郭芳 · 4 号窗口", "Guo Fang · window 4", "31", "2,880.00", 654),
        ],
        refunders: vec![
            sum("陈敏 · 门诊 3 号窗口", "陈敏 · 门诊 3 号窗口", "14", "2,410.50", 1000),
            sum("徐丽 · 门诊 1 号窗口", "徐丽 · 门诊 1 号窗口", "11", "1,900.00", 788),
            sum("系统自动退回", "by itself", "8", "626.80", 260),
        ],
        refunded: sum("合计", "Total", "33", "4,937.30", 1000),
        open: Some(sample_open()),
        exports: true,
        printing: false,
    }
}

fn empty_sum() -> SumRow {
    SumRow { share: None, ..sum("合计", "Total", "0", "0.00", 0) }
}

fn sample_empty() -> StaffDashboard {
    let figures = sample()
        .figures
        .into_iter()
        .map(|figure| Figure {
            value: "—".into(),
            unit: Both::same(""),
            said: Both::new("还没有", "none yet"),
            ..figure
        })
        .collect();
    let total = HourRow {
        name: Both::new("合计", "Total"),
        day_yuan: "0.00".into(),
        usual_yuan: None,
        gap_yuan: None,
    };
    StaffDashboard {
        today: false,
        later: Some("2026-11-25".into()),
        notes: vec![State::new(
            super::Face::Info,
            "还没有平常可比：同一星期几的前几周没有收款",
            "There is no usual day to compare with: nothing came in on this weekday in the weeks before",
        )],
        figures,
        usual: None,
        hours: Hours { bars: Vec::new(), rows: Vec::new(), total },
        methods: Vec::new(),
        total: empty_sum(),
        accounts: Vec::new(),
        trend: None,
        departments: Vec::new(),
        department_bars: Vec::new(),
        departments_total: DepartmentRow {
            name: Both::new("合计", "Total"),
            slips: "0".into(),
            yuan: "0.00".into(),
            usual_yuan: None,
        },
        scenes: Vec::new(),
        reasons: Vec::new(),
        cashiers: Vec::new(),
        refunders: Vec::new(),
        refunded: empty_sum(),
        open: None,
        exports: false,
        ..sample()
    }
}

fn sample_worst() -> StaffDashboard {
    let hostile = "<img src=x onerror=alert(1)>\"'&很长很长很长很长的科室名称很长很长很长";
    let mut view = sample();
    for row in &mut view.departments {
        row.name = Both::same(hostile);
        row.yuan = "1,234,567,890.12".into();
    }
    for bar in &mut view.department_bars {
        bar.name = hostile.into();
        bar.value = "1,234,567,890".into();
    }
    let people = view.refunders.iter_mut().chain(&mut view.cashiers);
    for row in view.reasons.iter_mut().chain(people).chain(&mut view.scenes) {
        row.name = Both::same(hostile);
        row.yuan = "1,234,567,890.12".into();
    }
    for row in &mut view.methods {
        row.yuan = "1,234,567,890.12".into();
        row.number = "12,345,678".into();
    }
    for figure in &mut view.figures {
        figure.said = Both::new(
            "比平常周二同刻多 1,234,567.8%，约 ¥1,234,567,890",
            "1,234,567.8% above a usual Tuesday by now, ¥1,234,567,890",
        );
    }
    if let Some(first) = view.figures.first_mut() {
        first.value = "¥1,234,567,890.12".into();
    }
    view.notes = vec![State::new(
        super::Face::Info,
        "2026-10-01 之前的历史正在统计，完成前不参与比较",
        "The history before 2026-10-01 is still being counted and is not compared with",
    )];
    view
}

staff_page!(StaffDashboard, "staff/dashboard.html", Some(Place::Dashboard), [
    "ordinary" => sample(),
    "empty" => sample_empty(),
    "worst" => sample_worst(),
    "paper" => StaffDashboard { printing: true, ..sample() },
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_percents_of_a_whole_are_a_hundred() {
        assert_eq!(whole_percents(&[355, 645]), [36, 64]);
        assert_eq!(whole_percents(&[333, 333, 334]), [33, 33, 34]);
        assert_eq!(whole_percents(&[496, 255, 125, 124]), [50, 26, 12, 12]);
        assert_eq!(whole_percents(&[1000, 0]), [100, 0]);
        assert_eq!(whole_percents(&[0, 0]), [0, 0]);
        assert_eq!(whole_percents(&[]), [0; 0]);
    }
}
