//! The history before it happens: who comes when, what they owe, what goes wrong and what people do about it. Pure data, and a
//! function of seed, day and length alone.
//!
//! An act more is a variant of [`Act`], its place among a day's events here, and its doing in `life.rs`. What happens at the windows is
//! planned in `plan/window.rs` and done in `window.rs`.

mod window;

pub use window::{Apart, PlannedTender, Taking, WindowAct};

use super::catalogue::{CONSULTATIONS, DEPARTMENTS, DEPOSIT, Department, Item, REASONS};
use super::people;
use super::troubles::Trouble;
use mingfen_domain::difference::Category;
use mingfen_domain::{BusinessDay, Timestamp};
use mingfen_simulator::his::SlipKind;
use mingfen_simulator::random::Random;
use std::collections::BTreeSet;

/// Days so young still have open differences: finance has only looked at them.
const YOUNG: usize = 3;
const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
/// When the day before is compared: as soon as both statements are made, as the gateway does it by itself.
const COMPARED_AT: i64 = 10 * HOUR + 2 * MINUTE;
/// Patients of an ordinary weekday at the end of the history.
const ON_A_WEEKDAY: u64 = 32;
/// How many of a hundred patients of a day come in that hour.
const HOURS: [(i64, u64); 15] = [
    (7, 5),
    (8, 13),
    (9, 19),
    (10, 16),
    (11, 9),
    (12, 3),
    (13, 5),
    (14, 10),
    (15, 8),
    (16, 5),
    (17, 2),
    (18, 2),
    (19, 1),
    (20, 1),
    (21, 1),
];

/// Which app a patient pays in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum App {
    /// 微信
    Wechat,
    /// 支付宝
    Alipay,
}

/// A slip that a doctor writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedSlip {
    /// The department's name.
    pub department: &'static str,
    /// The doctor.
    pub doctor: &'static str,
    /// What for.
    pub kind: SlipKind,
    /// For the patient.
    pub title: String,
    /// Code, name, specification and unit of what is charged; fen a unit; how many.
    pub lines: Vec<PlannedLine>,
    /// Of the total, the pooled insurance fund.
    pub pooled_fen: i64,
    /// Of the total, the personal insurance account.
    pub account_fen: i64,
}

/// A line of a slip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedLine {
    /// HIS's code.
    pub code: &'static str,
    /// What it is.
    pub name: &'static str,
    /// Size or way.
    pub spec: &'static str,
    /// Unit.
    pub unit: &'static str,
    /// Fen a unit.
    pub fen: i64,
    /// How many.
    pub quantity: i64,
}

impl PlannedSlip {
    /// What it costs.
    pub fn total_fen(&self) -> i64 {
        self.lines.iter().map(|line| line.fen * line.quantity).sum()
    }

    /// What the patient pays.
    pub fn self_pay_fen(&self) -> i64 {
        self.total_fen() - self.pooled_fen - self.account_fen
    }
}

/// What becomes of the news of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It comes.
    Comes,
    /// It is lost, and we ask.
    Lost,
    /// It comes twice.
    Twice,
}

/// A patient with a slip or two in the hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Its number in the history, from 0.
    pub number: usize,
    /// When it is paid, in seconds after midnight.
    pub second: i64,
    /// Who: see [`people`].
    pub person: usize,
    /// In which app.
    pub app: App,
    /// A code on a kiosk's screen, instead of the slip's own in the app.
    pub at_kiosk: bool,
    /// What is owed.
    pub slips: Vec<PlannedSlip>,
    /// Whether it is paid in the end.
    pub pays: bool,
    /// What becomes of the news.
    pub news: News,
    /// What goes wrong.
    pub trouble: Option<Trouble>,
}

/// How a refund goes wrong, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundWay {
    /// At the desk; above the limit another person approves it.
    Desk,
    /// At the desk, and the statement lacks it.
    StatementLacks,
    /// At the desk; it fails at the channel, and HIS's cashier books it all the same.
    FailsAndIsBooked,
    /// At the provider's portal, past us.
    Portal,
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// These patients come within a few minutes.
    Patients(Vec<Visit>),
    /// A cashier gives back.
    GiveBack {
        /// What was paid.
        visit: usize,
        /// The first slip alone, not all of it.
        one_slip: bool,
        /// Why.
        reason: &'static str,
        /// How.
        way: RefundWay,
    },
    /// The cashiers' lead decides over refunds that wait; the last of them is declined when the act says so.
    Decide {
        /// Declines one.
        declines: bool,
    },
    /// The shop sells something.
    ShopSells {
        /// For so much.
        fen: i64,
    },
    /// A machine past us takes this visit's money.
    PastUs(Box<Visit>),
    /// HIS takes no bookings from now on.
    HisStopsBooking,
    /// It takes them again.
    HisBooksAgain,
    /// WeChat Pay charges another fee from now on, in hundredths of a percent.
    Fee(i64),
    /// A provider's statement of this day will not be in order.
    Statement(Trouble),
    /// The day before is compared.
    Compare,
    /// Finance looks at the day before: who works on what.
    Look,
    /// Finance asks again, and does what is advised first.
    Work,
    /// The provider gives a sound statement of the day before, and it is compared again.
    FileAnew,
    /// WeChat Pay and HIS mend the rows that they admit to be wrong, and the day before is compared again.
    Mend,
    /// Finance decides over what is left of the day before.
    Conclude,
    /// Finance's lead signs the day before.
    Sign,
    /// Something at a window.
    Window(WindowAct),
    /// Nothing but time passes; what is due happens.
    Pass,
}

impl Act {
    /// What happens at a window, when it does.
    fn at_window(&self) -> Option<&WindowAct> {
        if let Self::Window(act) = self { Some(act) } else { None }
    }
}

/// An act with its moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Seconds after midnight.
    pub second: i64,
    /// What happens.
    pub act: Act,
}

/// A day of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedDay {
    /// Which.
    pub day: BusinessDay,
    /// How many days ago; today is 0.
    pub age: usize,
    /// What goes wrong on it.
    pub troubles: Vec<Trouble>,
    /// What happens, in order.
    pub events: Vec<Event>,
}

/// The history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The oldest day first; today is the last.
    pub days: Vec<PlannedDay>,
}

impl Plan {
    /// The history of so many days before `today`, and of today.
    pub fn new(seed: u64, today: BusinessDay, days: usize) -> Self {
        let mut visits = 0;
        let mut planned: Vec<PlannedDay> = Vec::with_capacity(days + 1);
        for age in (0..=days).rev() {
            let ago = i64::try_from(age).unwrap_or(0) * 24 * HOUR;
            let day = BusinessDay::of(today.start().plus_seconds(-ago));
            let mut draft = Draft::new(seed, day, age, days, &mut visits);
            draft.patients();
            draft.troubles();
            draft.office(planned.last());
            draft.windows(planned.last());
            planned.push(draft.end());
        }
        Self { days: planned }
    }

    /// What the comparisons that were made until a moment have to find between them.
    pub fn categories(&self, until: Timestamp) -> BTreeSet<Category> {
        let mut categories = BTreeSet::from([Category::Matched]);
        let is_compared = |day: &BusinessDay| day.end().plus_seconds(COMPARED_AT) < until;
        for PlannedDay { day, troubles, .. } in self.days.iter().filter(|planned| is_compared(&planned.day)) {
            categories.extend(troubles.iter().map(|trouble| trouble.category()));
            categories.extend(troubles.iter().filter_map(|trouble| trouble.category_beside()));
            if is_compared(&day.next()) {
                categories.extend(troubles.iter().filter_map(|trouble| trouble.category_next_day()));
            }
        }
        categories
    }

    /// How many events there are.
    pub fn events(&self) -> usize {
        self.days.iter().map(|day| day.events.len()).sum()
    }
}

/// A day that is being planned.
struct Draft<'p> {
    lots: Random,
    day: BusinessDay,
    age: usize,
    /// Length of the history.
    span: usize,
    /// Who sits at a window: places in [`WINDOWS`](super::WINDOWS).
    duty: Vec<usize>,
    /// How many patients were called to one.
    called: usize,
    visits: &'p mut usize,
    troubles: Vec<Trouble>,
    events: Vec<Event>,
}

impl<'p> Draft<'p> {
    fn new(seed: u64, day: BusinessDay, age: usize, span: usize, visits: &'p mut usize) -> Self {
        let date = u64::try_from(day.date().to_julian_day()).unwrap_or(0);
        let weekday = day.date().weekday().number_from_monday();
        let number = usize::try_from(date).unwrap_or(0);
        Self {
            lots: Random::new(seed ^ date.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            day,
            age,
            span,
            duty: window::on_duty(weekday, number, age),
            called: 0,
            visits,
            // What today brings is for whoever looks at the demo.
            troubles: if age == 0 { Vec::new() } else { Trouble::of_age(age) },
            events: Vec::new(),
        }
    }

    fn end(mut self) -> PlannedDay {
        self.events.sort_by_key(|event| event.second);
        PlannedDay { day: self.day, age: self.age, troubles: self.troubles, events: self.events }
    }

    fn at(&mut self, second: i64, act: Act) {
        self.events.push(Event { second, act });
    }

    fn below(&self, bound: u64) -> i64 {
        i64::try_from(self.lots.below(bound)).unwrap_or(0)
    }

    fn one<'a, T>(&self, of: &'a [T]) -> &'a T {
        let place = self.lots.below(u64::try_from(of.len()).unwrap_or(1));
        &of[usize::try_from(place).unwrap_or(0)]
    }

    /// The day's patients, a few at a time: on the phone, or at a window. And what is given back to them.
    fn patients(&mut self) {
        let weekday = self.day.date().weekday().number_from_monday();
        let share = match weekday {
            1 => 118,
            6 => 55,
            7 => 38,
            _ => 100,
        };
        // More and more of them pay on the phone.
        let grown = 78
            + 22 * u64::try_from(self.span - self.age).unwrap_or(0)
                / u64::try_from(self.span).unwrap_or(1).max(1);
        let mut left = (ON_A_WEEKDAY * share * grown / 10_000) * (92 + self.lots.below(17)) / 100;
        // Nobody's clinic is empty, but on Sundays.
        let mut clinics = DEPARTMENTS.iter();
        while left > 0 {
            let together = (1 + self.lots.below(4)).min(left);
            left -= together;
            let begins = self.moment();
            let mut visits = Vec::new();
            for _ in 0..together {
                // A code on a screen, a password, and they have paid: within seconds of each other, as people in a queue.
                let second = begins + 20 + self.below(9);
                let visit = match clinics.next() {
                    Some(department) => {
                        let doctor = *self.one(&department.doctors);
                        let app = if self.lots.percent(62) { App::Wechat } else { App::Alipay };
                        self.plain(second, app, vec![registration(department, doctor)])
                    }
                    None => self.visit(second),
                };
                if self.goes_to_window(second) {
                    self.pays_at_window(visit);
                } else {
                    visits.push(visit);
                }
            }
            if visits.is_empty() {
                continue;
            }
            visits.sort_by_key(|visit| visit.second);
            for visit in &visits {
                if visit.pays && visit.news == News::Comes && self.lots.percent(5) {
                    self.gives_back(visit, RefundWay::Desk);
                }
            }
            self.at(begins, Act::Patients(visits));
        }
    }

    /// A moment of the day, by how busy its hours are.
    fn moment(&self) -> i64 {
        let mut lot = self.lots.below(HOURS.iter().map(|(_, share)| share).sum());
        for (hour, share) in HOURS {
            if lot < share {
                return hour * HOUR + self.below(3500);
            }
            lot -= share;
        }
        9 * HOUR
    }

    fn department(&self) -> &'static Department {
        let mut lot = self.lots.below(100);
        for department in &DEPARTMENTS {
            if lot < department.share {
                return department;
            }
            lot -= department.share;
        }
        &DEPARTMENTS[0]
    }

    /// An ordinary patient.
    fn visit(&mut self, second: i64) -> Visit {
        let department = self.department();
        let doctor = *self.one(&department.doctors);
        let slips = if self.lots.percent(department.admits) {
            vec![self.deposit(department)]
        } else {
            match self.lots.below(100) {
                0..=33 => vec![registration(department, doctor)],
                34..=62 => vec![self.drugs(department, doctor)],
                63..=84 => vec![self.work(department, doctor)],
                _ => vec![self.work(department, doctor), self.drugs(department, doctor)],
            }
        };
        // What is asked after only later is not left to whoever looks at the demo.
        let news = match self.lots.below(100) + if self.age == 0 { 100 } else { 0 } {
            0..=1 => News::Lost,
            2 => News::Twice,
            _ => News::Comes,
        };
        let app = if self.lots.percent(62) { App::Wechat } else { App::Alipay };
        let pays = !self.lots.percent(4);
        Visit { news, pays, ..self.plain(second, app, slips) }
    }

    /// A patient who pays, and of whom we hear.
    fn plain(&mut self, second: i64, app: App, slips: Vec<PlannedSlip>) -> Visit {
        let number = *self.visits;
        *self.visits += 1;
        let person = usize::try_from(self.lots.below(people::COUNT)).unwrap_or(0);
        let at_kiosk = self.lots.percent(28);
        Visit { number, second, person, app, at_kiosk, slips, pays: true, news: News::Comes, trouble: None }
    }

    fn drugs(&self, department: &Department, doctor: &'static str) -> PlannedSlip {
        let first = usize::try_from(self.lots.below(2)).unwrap_or(0);
        let count = 1 + usize::try_from(self.lots.below(3)).unwrap_or(0);
        let lines: Vec<PlannedLine> = department
            .drugs
            .iter()
            .skip(first)
            .take(count)
            .map(|drug| line(drug, 1 + self.below(3)))
            .collect();
        let title = match lines.as_slice() {
            [one] => one.name.to_owned(),
            several => format!("{}等 {} 项", several[0].name, several.len()),
        };
        self.insured(slip(department, doctor, SlipKind::Drug, title, lines))
    }

    fn work(&self, department: &Department, doctor: &'static str) -> PlannedSlip {
        let (kind, item) = *self.one(&department.work);
        self.insured(slip(department, doctor, kind, item.name.to_owned(), vec![line(&item, 1)]))
    }

    fn deposit(&self, department: &Department) -> PlannedSlip {
        let yuan = *self.one(&[1000, 1500, 2000, 3000, 5000]);
        deposit(department, yuan)
    }

    /// Insurance bears part of one in three.
    fn insured(&self, slip: PlannedSlip) -> PlannedSlip {
        if self.lots.percent(33) { insured(slip) } else { slip }
    }

    /// A cashier gives back later that day; in the evening, there and then.
    fn gives_back(&mut self, visit: &Visit, way: RefundWay) {
        let later = visit.second + 40 * MINUTE + self.below(150 * 60);
        let second = if later > 17 * HOUR { visit.second + 25 * MINUTE } else { later };
        let reason = *self.one(&REASONS);
        let one_slip = visit.slips.len() > 1;
        self.at(second, Act::GiveBack { visit: visit.number, one_slip, reason, way });
    }

    fn troubles(&mut self) {
        for trouble in self.troubles.clone() {
            self.trouble(trouble);
        }
    }

    /// Plans a trouble of this day.
    fn trouble(&mut self, trouble: Trouble) {
        use Trouble as T;
        let department = self.department();
        let doctor = department.doctors[0];
        let by_day = 9 * HOUR + 20 * MINUTE + self.below(5 * 3600);
        let any_app = if self.lots.percent(60) { App::Wechat } else { App::Alipay };
        match trouble {
            T::ShopSells => {
                for _ in 0..=self.lots.below(2) {
                    let fen = 300 + self.below(4000);
                    let second = 9 * HOUR + self.below(8 * 3600);
                    self.at(second, Act::ShopSells { fen });
                }
            }
            T::FeeRate => {
                // From now on to the end of the morning, and three patients at least pay meanwhile.
                self.at(8 * HOUR + 30 * MINUTE, Act::Fee(100));
                for minute in [35, 41, 47] {
                    let slip = self.work(department, doctor);
                    let visit = self.plain(8 * HOUR + minute * MINUTE + 20, App::Wechat, vec![slip]);
                    self.at(8 * HOUR + minute * MINUTE, Act::Patients(vec![visit]));
                }
                self.at(8 * HOUR + 50 * MINUTE, Act::Fee(60));
            }
            T::PastUs => {
                let slip = registration(department, doctor);
                let visit = self.plain(by_day, App::Wechat, vec![slip]);
                self.at(by_day, Act::PastUs(Box::new(visit)));
            }
            T::AcrossMidnight => {
                self.at(23 * HOUR + 54 * MINUTE, Act::HisStopsBooking);
                for minute in [55, 56] {
                    let slip = registration(&DEPARTMENTS[9], DEPARTMENTS[9].doctors[0]);
                    self.comes(23 * HOUR + minute * MINUTE, App::Wechat, vec![slip], trouble);
                }
            }
            T::HisSilent => {
                self.at(20 * HOUR + 40 * MINUTE, Act::HisStopsBooking);
                for minute in [45, 52] {
                    let slip = self.drugs(&DEPARTMENTS[9], DEPARTMENTS[9].doctors[1]);
                    self.comes(20 * HOUR + minute * MINUTE, any_app, vec![slip], trouble);
                }
                for half_hours in 42..48 {
                    self.at(half_hours * 30 * MINUTE, Act::Pass);
                }
                self.at(23 * HOUR + 40 * MINUTE, Act::HisBooksAgain);
            }
            T::StatementLacksRefund | T::FailedRefundBooked | T::RefundAtPortal => {
                let slip = slip_of_work(department, doctor);
                let visit = self.plain(by_day, App::Wechat, vec![slip]);
                self.gives_back(
                    &visit,
                    match trouble {
                        T::StatementLacksRefund => RefundWay::StatementLacks,
                        T::FailedRefundBooked => RefundWay::FailsAndIsBooked,
                        _ => RefundWay::Portal,
                    },
                );
                self.at(by_day - 30, Act::Patients(vec![visit]));
            }
            T::SlipCancelled
            | T::LedgerLacks
            | T::LedgerHasLess
            | T::LedgerHasMore
            | T::LedgerTwice
            | T::OtherAccount => {
                let slip = slip_of_work(department, doctor);
                self.comes(by_day, any_app, vec![slip], trouble);
            }
            T::StatementLacks | T::BothLack | T::StatementTwice => {
                let slip = self.drugs(department, doctor);
                self.comes(by_day, App::Wechat, vec![slip], trouble);
            }
            T::StatementLacksDeposit => {
                self.comes(by_day, App::Wechat, vec![deposit(department, 3000)], trouble)
            }
            T::OtherPurpose => self.comes(by_day, any_app, vec![deposit(department, 1000)], trouble),
            T::OtherInsurance => {
                let slip = insured(slip_of_work(department, doctor));
                self.comes(by_day, any_app, vec![slip], trouble);
            }
            // The statement of a day without movements is none: somebody has to stand in it.
            T::TotalsDiffer | T::FileDamaged | T::FileNotMade => {
                self.at(23 * HOUR + 58 * MINUTE, Act::Statement(trouble));
                for _ in 0..2 {
                    let slip = self.work(department, doctor);
                    let second = 10 * HOUR + self.below(4 * 3600);
                    let app = if trouble == T::TotalsDiffer { App::Wechat } else { App::Alipay };
                    let visit = self.plain(second, app, vec![slip]);
                    self.at(second - 30, Act::Patients(vec![visit]));
                }
            }
        }
    }

    /// One patient with this trouble.
    fn comes(&mut self, second: i64, app: App, slips: Vec<PlannedSlip>, trouble: Trouble) {
        let visit = Visit { trouble: Some(trouble), ..self.plain(second, app, slips) };
        self.at(second - 30, Act::Patients(vec![visit]));
    }

    /// What cashiers' lead and finance do: about refunds of today, and about the day before.
    fn office(&mut self, before: Option<&PlannedDay>) {
        if self.age >= 1 {
            self.at(11 * HOUR + 45 * MINUTE, Act::Decide { declines: false });
        }
        if self.age >= 2 {
            self.at(17 * HOUR + 20 * MINUTE, Act::Decide { declines: self.age % 9 == 4 });
        }
        if self.age == 1 {
            // What yesterday's last cashier asked for still waits.
            let slip = slip_of_work(&DEPARTMENTS[5], DEPARTMENTS[5].doctors[0]);
            let visit = self.plain(15 * HOUR + 40 * MINUTE, App::Wechat, vec![slip]);
            let (number, reason) = (visit.number, REASONS[5]);
            self.at(15 * HOUR + 39 * MINUTE, Act::Patients(vec![visit]));
            let asked = Act::GiveBack { visit: number, one_slip: false, reason, way: RefundWay::Desk };
            self.at(16 * HOUR + 50 * MINUTE, asked);
        }
        self.at(23 * HOUR + 59 * MINUTE + 50, Act::Pass);
        let Some(before) = before else { return };
        if before.troubles.contains(&Trouble::AcrossMidnight) {
            self.at(6 * MINUTE, Act::HisBooksAgain);
            self.at(9 * MINUTE, Act::Pass);
        }
        self.at(COMPARED_AT, Act::Compare);
        if before.age <= YOUNG {
            self.at(11 * HOUR + 5 * MINUTE, Act::Look);
        } else {
            // Before the gateway itself tries again.
            self.at(10 * HOUR + 25 * MINUTE, Act::FileAnew);
            self.at(11 * HOUR + 5 * MINUTE, Act::Work);
            self.at(12 * HOUR + 10 * MINUTE, Act::Mend);
            self.at(15 * HOUR + 40 * MINUTE, Act::Conclude);
            self.at(16 * HOUR + 40 * MINUTE, Act::Sign);
        }
    }
}

fn line(item: &Item, quantity: i64) -> PlannedLine {
    PlannedLine {
        code: item.code,
        name: item.name,
        spec: item.spec,
        unit: item.unit,
        fen: item.fen,
        quantity,
    }
}

fn slip(
    department: &Department,
    doctor: &'static str,
    kind: SlipKind,
    title: String,
    lines: Vec<PlannedLine>,
) -> PlannedSlip {
    PlannedSlip { department: department.name, doctor, kind, title, lines, pooled_fen: 0, account_fen: 0 }
}

fn registration(department: &Department, doctor: &'static str) -> PlannedSlip {
    let fits = |(title, _): &&(&str, Item)| doctor.ends_with(title);
    let (title, item) = CONSULTATIONS.iter().find(fits).unwrap_or(&CONSULTATIONS[2]);
    slip(
        department,
        doctor,
        SlipKind::Registration,
        format!("{} {title}号", department.name),
        vec![line(item, 1)],
    )
}

/// The department's dearest examination or treatment: enough of it is left for whatever happens.
fn slip_of_work(department: &Department, doctor: &'static str) -> PlannedSlip {
    let dearest = department.work.iter().max_by_key(|(_, item)| item.fen);
    let (kind, item) = dearest.unwrap_or(&department.work[0]);
    slip(department, doctor, *kind, item.name.to_owned(), vec![line(item, 1)])
}

fn deposit(department: &Department, yuan: i64) -> PlannedSlip {
    let item = Item { fen: yuan * 100, ..DEPOSIT };
    slip(department, "住院服务中心", SlipKind::Deposit, DEPOSIT.name.to_owned(), vec![line(&item, 1)])
}

/// The fund bears half, the account a tenth.
fn insured(slip: PlannedSlip) -> PlannedSlip {
    let total = slip.total_fen();
    PlannedSlip { pooled_fen: total / 2, account_fen: total / 10, ..slip }
}

#[cfg(test)]
mod tests {
    use super::super::SEED;
    use super::*;
    use std::collections::BTreeMap;

    fn today() -> BusinessDay {
        BusinessDay::parse("2026-12-01").expect("a day")
    }

    pub(super) fn plan(days: usize) -> Plan {
        Plan::new(SEED, today(), days)
    }

    /// In the afternoon everything of the days before is compared.
    fn afternoon() -> Timestamp {
        today().start().plus_seconds(15 * HOUR)
    }

    /// Number, person and slips of every visit.
    fn visits(plan: &Plan) -> impl Iterator<Item = (usize, usize, &[PlannedSlip])> {
        let events = plan.days.iter().flat_map(|day| &day.events);
        events.flat_map(|event| {
            let (visits, taking) = match &event.act {
                Act::Patients(visits) => (visits.as_slice(), None),
                Act::PastUs(visit) => (std::slice::from_ref(visit.as_ref()), None),
                Act::Window(WindowAct::Takes(taking)) => (&[][..], Some(taking)),
                _ => (&[][..], None),
            };
            let visits = visits.iter().map(|visit| (visit.number, visit.person, visit.slips.as_slice()));
            visits.chain(taking.map(|taking| (taking.visit, taking.person, taking.slips.as_slice())))
        })
    }

    #[test]
    fn the_same_seed_and_day_plan_the_same_history() {
        assert_eq!(plan(90), plan(90));
        assert_ne!(plan(90), Plan::new(SEED + 1, today(), 90));
    }

    #[test]
    fn three_months_have_every_category() {
        assert_eq!(plan(90).categories(afternoon()), Category::ALL.into_iter().collect());
        // What is declared is what was compared: in the night yesterday is not.
        let night = today().start().plus_seconds(HOUR);
        let early = plan(1).categories(night);
        assert_eq!(early, BTreeSet::from([Category::Matched]));
    }

    #[test]
    fn each_day_has_its_events_in_order_and_within_it() {
        let plan = plan(90);
        assert_eq!(plan.days.len(), 91);
        for day in &plan.days {
            let seconds: Vec<i64> = day.events.iter().map(|event| event.second).collect();
            assert!(
                seconds.is_sorted() && seconds.iter().all(|second| (0..24 * HOUR).contains(second)),
                "{}",
                day.day
            );
        }
    }

    #[test]
    fn ten_departments_and_every_kind_of_slip_are_there_and_every_visit_is_counted_once() {
        let plan = plan(90);
        let departments: BTreeSet<&str> =
            visits(&plan).flat_map(|(_, _, slips)| slips).map(|slip| slip.department).collect();
        assert_eq!(departments.len(), DEPARTMENTS.len());
        let kinds: BTreeSet<&str> =
            visits(&plan).flat_map(|(_, _, slips)| slips).map(|slip| slip.kind.word()).collect();
        for kind in [
            SlipKind::Registration,
            SlipKind::Drug,
            SlipKind::Exam,
            SlipKind::Lab,
            SlipKind::Treatment,
            SlipKind::Deposit,
        ] {
            assert!(kinds.contains(kind.word()), "{kind:?}");
        }
        let numbers: BTreeSet<usize> = visits(&plan).map(|(number, ..)| number).collect();
        assert_eq!(numbers.len(), visits(&plan).count());
        assert!((1800..4000).contains(&numbers.len()), "{} visits", numbers.len());
        let patients: BTreeSet<usize> = visits(&plan).map(|(_, person, _)| person).collect();
        assert!(patients.len() > 400, "{} patients", patients.len());
        assert!(visits(&plan).flat_map(|(_, _, slips)| slips).all(|slip| slip.self_pay_fen() > 0));
    }

    #[test]
    fn weekends_are_quiet_and_mornings_busy() {
        let plan = plan(90);
        let mut by_weekday: BTreeMap<u8, usize> = BTreeMap::new();
        let mut by_hour: BTreeMap<i64, usize> = BTreeMap::new();
        for day in &plan.days {
            for event in &day.events {
                let come = match &event.act {
                    Act::Patients(visits) => visits.len(),
                    Act::Window(WindowAct::Takes(_)) => 1,
                    _ => continue,
                };
                *by_weekday.entry(day.day.date().weekday().number_from_monday()).or_default() += come;
                *by_hour.entry(event.second / HOUR).or_default() += come;
            }
        }
        assert!(by_weekday[&7] * 2 < by_weekday[&1], "{by_weekday:?}");
        assert!(by_hour[&9] > by_hour[&12] * 3, "{by_hour:?}");
    }

    #[test]
    fn money_is_given_back_after_it_was_paid() {
        let plan = plan(90);
        for day in &plan.days {
            let mut paid = BTreeSet::new();
            for event in &day.events {
                match &event.act {
                    Act::Patients(visits) => paid.extend(visits.iter().map(|visit| visit.number)),
                    Act::GiveBack { visit, .. } => assert!(paid.contains(visit), "{} of {}", visit, day.day),
                    _ => {}
                }
            }
        }
    }
}
