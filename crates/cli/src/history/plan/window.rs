//! What the plan has happen at the windows: who sits there, who pays in cash or by card, what goes back over the counter, and the shift in
//! which that happens.

use super::{
    Act, App, Draft, Event, HOUR, MINUTE, PlannedDay, PlannedSlip, Visit, deposit, registration, slip_of_work,
};
use crate::history::WINDOWS;
use crate::history::catalogue::{APART, DEPARTMENTS};
use mingfen_domain::shift::DifferenceReason;
use mingfen_domain::window::Method;
use mingfen_simulator::his::SlipKind;

/// Of a hundred patients who come while a window is open, so many pay there: one in six of a weekday's.
const AT_WINDOW: u32 = 23;
/// Of a hundred of them, so many pay in cash.
const IN_CASH: u32 = 70;
/// Of a hundred of them, so many get something back the same day.
const GET_BACK: u32 = 10;
/// Of the shifts that take cash one in so many does not agree: one in fifteen of all.
const APART_EVERY: u64 = 7;
/// Where the demo's first cashier sits: a place in [`WINDOWS`].
const FIRST: usize = 0;

/// Half a day at the windows.
struct Half {
    opens: i64,
    closes: i64,
    /// At most so many are open.
    windows: usize,
}

/// The cashiers' lead decides a quarter of an hour before each of them ends, and what is approved is given back then.
static HALVES: [Half; 2] = [
    Half { opens: 7 * HOUR + 45 * MINUTE, closes: 12 * HOUR, windows: 3 },
    Half { opens: 13 * HOUR + 30 * MINUTE, closes: 17 * HOUR + 32 * MINUTE, windows: 2 },
];
/// Nobody is served in the first and the last minutes of half a day.
const FIRST_MINUTES: i64 = 10 * MINUTE;
const LAST_MINUTES: i64 = 20 * MINUTE;
/// When the patient pays whose change is wrong, two days ago.
const SHOWN_AT: i64 = 14 * HOUR + 20 * MINUTE;

impl Half {
    /// Whether somebody who comes at this moment is served before it ends.
    fn serves(&self, second: i64) -> bool {
        (self.opens + FIRST_MINUTES..self.closes - LAST_MINUTES).contains(&second)
    }
}

/// Why the till of a shift does not agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Apart {
    /// Counted less expected.
    pub fen: i64,
    /// Why.
    pub reason: DifferenceReason,
    /// In the cashier's words.
    pub words: &'static str,
}

/// A patient who pays at a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taking {
    /// The visit's number in the history.
    pub visit: usize,
    /// Who: see [`people`](crate::history::people).
    pub person: usize,
    /// What is owed.
    pub slips: Vec<PlannedSlip>,
    /// Where: a place in [`WINDOWS`].
    pub window: usize,
    /// How.
    pub tender: PlannedTender,
}

/// How somebody pays over the counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlannedTender {
    /// So much is tendered, in fen.
    Cash(i64),
    /// The terminal prints this reference.
    Pos(String),
}

impl PlannedTender {
    /// As the window calls it.
    pub const fn method(&self) -> Method {
        match self {
            Self::Cash(_) => Method::Cash,
            Self::Pos(_) => Method::Pos,
        }
    }
}

/// Something that happens at a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WindowAct {
    /// The cashier opens a shift.
    Opens {
        /// Where.
        window: usize,
    },
    /// A patient pays.
    Takes(Taking),
    /// A cashier gives back what was paid at a window, or asks whether that may be.
    GivesBack {
        /// Where.
        window: usize,
        /// What was paid.
        visit: usize,
        /// The first slip alone, not all of it.
        one_slip: bool,
        /// Why.
        reason: &'static str,
        /// What the terminal prints when it goes back to a card.
        reference: String,
    },
    /// Patients fetch what was approved.
    HandsBack,
    /// The cashier counts the till and closes the shift.
    Closes {
        /// Where.
        window: usize,
        /// What is wrong with the till.
        apart: Option<Apart>,
    },
    /// The cashiers' lead receives the cash of whatever is closed.
    Received,
}

/// Who sits at a window that day, in turn; whoever is last has the afternoon off. At the weekend it is one alone.
pub(super) fn on_duty(weekday: u8, day: usize, age: usize) -> Vec<usize> {
    // The first one is who looks at the demo.
    let first = if age == 0 { FIRST } else { day % WINDOWS.len() };
    let count = if weekday < 6 { WINDOWS.len() } else { 1 };
    (first..first + count).map(|window| window % WINDOWS.len()).collect()
}

impl Draft<'_> {
    /// Whether this patient goes to a window.
    pub(super) fn goes_to_window(&self, second: i64) -> bool {
        half_at(second).is_some() && self.lots.percent(AT_WINDOW)
    }

    /// A patient who does, and what goes back.
    pub(super) fn pays_at_window(&mut self, visit: Visit) {
        let Some(half) = half_at(visit.second) else { return };
        // They are called in turn.
        let window = self.duty[self.called % self.duty.len().min(half.windows)];
        self.called += 1;
        let back = visit.second + 8 * MINUTE + self.below(50 * 60);
        if half.serves(back) && self.lots.percent(GET_BACK) {
            self.gives_over_counter(back, window, visit.number, &visit.slips);
        }
        let method = if self.lots.percent(IN_CASH) { Method::Cash } else { Method::Pos };
        self.takes(window, method, visit);
    }

    fn takes(&mut self, window: usize, method: Method, visit: Visit) {
        let Visit { number, second, person, slips, .. } = visit;
        let tender = match method {
            Method::Cash => PlannedTender::Cash(self.tendered(owed_fen(&slips))),
            Method::Pos => PlannedTender::Pos(self.reference(number)),
        };
        let taking = Taking { visit: number, person, slips, window, tender };
        self.at(second, Act::Window(WindowAct::Takes(taking)));
    }

    /// To the fen, or in whole notes.
    fn tendered(&self, fen: i64) -> i64 {
        let note = *self.one(&[1, 100, 1000, 5000, 10_000, 10_000]);
        (fen + note - 1) / note * note
    }

    /// The day and a number that is there once: as terminals print it.
    fn reference(&self, number: usize) -> String {
        let date = self.day.date();
        format!("{:02}{:02}{:02}{number:06}", date.year() % 100, u8::from(date.month()), date.day())
    }

    /// The first of several slips goes back, or all that was paid.
    fn gives_over_counter(&mut self, second: i64, window: usize, visit: usize, slips: &[PlannedSlip]) {
        let reason = match slips[0].kind {
            SlipKind::Registration => "停诊退号",
            SlipKind::Drug => "药品退回，未拆封",
            SlipKind::Deposit => "患者转院治疗",
            SlipKind::Exam | SlipKind::Lab | SlipKind::Treatment | SlipKind::Other => {
                "检查改期，患者要求退费"
            }
        };
        let (one_slip, reference) = (slips.len() > 1, self.reference(500_000 + visit));
        self.at(second, Act::Window(WindowAct::GivesBack { window, visit, one_slip, reason, reference }));
    }

    /// The shifts of the day, and who comes to a window for a purpose.
    pub(super) fn windows(&mut self, before: Option<&PlannedDay>) {
        for half in &HALVES {
            for (place, window) in self.duty.clone().into_iter().take(half.windows).enumerate() {
                if self.age == 0 && window == FIRST {
                    continue;
                }
                let place = i64::try_from(place).unwrap_or(0);
                let opens = half.opens + place * 2 * MINUTE + self.below(200);
                self.at(opens, Act::Window(WindowAct::Opens { window }));
                let is_apart = self.takes_cash(window, half) && self.lots.below(APART_EVERY) == 0;
                let apart = is_apart.then(|| *self.one(&APART));
                // One of the last days shows it at first look.
                let shown = self.age == 2 && place == 0 && half.serves(SHOWN_AT);
                let apart = if shown { Some(APART[0]) } else { apart };
                let closes = half.closes + place * 4 * MINUTE + self.below(90);
                self.at(closes, Act::Window(WindowAct::Closes { window, apart }));
            }
        }
        if self.age == 0 {
            self.first_window_today();
        }
        let first = self.duty[0];
        if self.age == 2 {
            self.comes_for_work(SHOWN_AT, first, Method::Cash);
        }
        if self.age % 3 == 2 {
            // More than one person may give back.
            let (visit, slips) = self.comes_for_work(9 * HOUR + 40 * MINUTE, first, Method::Cash);
            self.gives_over_counter(10 * HOUR + 40 * MINUTE, first, visit, &slips);
        }
        if self.age == 1 {
            // It waits for whoever looks at the demo.
            let (visit, slips) = self.comes_for_work(14 * HOUR + 50 * MINUTE, first, Method::Pos);
            self.gives_over_counter(16 * HOUR + 20 * MINUTE, first, visit, &slips);
        }
        if self.age % 4 == 1
            && let Some(earlier) = before.and_then(kept)
        {
            self.gives_over_counter(10 * HOUR + 5 * MINUTE, first, earlier.visit, &earlier.slips);
        }
        if self.age >= 1 {
            self.at(11 * HOUR + 52 * MINUTE, Act::Window(WindowAct::HandsBack));
            self.at(12 * HOUR + 20 * MINUTE, Act::Window(WindowAct::Received));
        }
        if self.age >= 2 {
            self.at(17 * HOUR + 26 * MINUTE, Act::Window(WindowAct::HandsBack));
            // Yesterday's last cash is still to be received.
            self.at(17 * HOUR + 50 * MINUTE, Act::Window(WindowAct::Received));
        }
    }

    /// Whether so much cash comes that a mistake can be made with it.
    fn takes_cash(&self, window: usize, half: &Half) -> bool {
        let within = |event: &&Event| half.serves(event.second);
        let cash = self.events.iter().filter(within).filter_map(|event| match event.act.at_window()? {
            WindowAct::Takes(taking) if taking.window == window && taking.tender.method() == Method::Cash => {
                Some(owed_fen(&taking.slips))
            }
            _ => None,
        });
        cash.sum::<i64>() > APART.iter().map(|apart| apart.fen.abs()).max().unwrap_or(0)
    }

    /// Somebody comes for the department's dearest work; answers the visit and its slips.
    fn comes_for_work(&mut self, second: i64, window: usize, method: Method) -> (usize, Vec<PlannedSlip>) {
        let department = self.department();
        let slips = vec![slip_of_work(department, department.doctors[0])];
        (self.comes_to_window(second, window, method, slips.clone()), slips)
    }

    fn comes_to_window(
        &mut self,
        second: i64,
        window: usize,
        method: Method,
        slips: Vec<PlannedSlip>,
    ) -> usize {
        // In which app it is not paid does not matter.
        let visit = self.plain(second, App::Wechat, slips);
        let number = visit.number;
        self.takes(window, method, visit);
        number
    }

    /// Today's first shift is not closed: that is for whoever looks at the demo, at whatever hour. In the night it is the casualty
    /// department's.
    fn first_window_today(&mut self) {
        let casualty = &DEPARTMENTS[9];
        let opens = Act::Window(WindowAct::Opens { window: FIRST });
        self.at(10 * MINUTE, opens.clone());
        for (second, method) in
            [(14 * MINUTE, Method::Cash), (2 * HOUR, Method::Pos), (5 * HOUR, Method::Cash)]
        {
            let slip = registration(casualty, casualty.doctors[0]);
            self.comes_to_window(second, FIRST, method, vec![slip]);
        }
        let closes = WindowAct::Closes { window: FIRST, apart: None };
        self.at(7 * HOUR + 20 * MINUTE, Act::Window(closes));
        self.at(7 * HOUR + 24 * MINUTE, opens);
        let slip = registration(casualty, casualty.doctors[1]);
        self.comes_to_window(7 * HOUR + 27 * MINUTE, FIRST, Method::Cash, vec![slip]);
        let [heart, sugar, .., eyes, _] = &DEPARTMENTS;
        let slips = vec![self.drugs(sugar, sugar.doctors[0])];
        self.comes_to_window(8 * HOUR + 12 * MINUTE, FIRST, Method::Cash, slips);
        let slips = vec![registration(eyes, eyes.doctors[1])];
        let goes = self.comes_to_window(8 * HOUR + 26 * MINUTE, FIRST, Method::Cash, slips.clone());
        self.gives_over_counter(9 * HOUR + 18 * MINUTE, FIRST, goes, &slips);
        self.comes_for_work(8 * HOUR + 51 * MINUTE, FIRST, Method::Pos);
        self.comes_to_window(10 * HOUR + 33 * MINUTE, FIRST, Method::Pos, vec![deposit(heart, 2000)]);
    }
}

/// The half a day in which somebody who comes at this moment is served.
fn half_at(second: i64) -> Option<&'static Half> {
    HALVES.iter().find(|half| half.serves(second))
}

fn owed_fen(slips: &[PlannedSlip]) -> i64 {
    slips.iter().map(PlannedSlip::self_pay_fen).sum()
}

/// What was paid at a window that day, and nothing of it went back.
fn kept(day: &PlannedDay) -> Option<&Taking> {
    let acts = || day.events.iter().filter_map(|event| event.act.at_window());
    let went_back = |number: usize| {
        acts().any(|act| matches!(act, WindowAct::GivesBack { visit, .. } if *visit == number))
    };
    acts().find_map(|act| match act {
        WindowAct::Takes(taking) if !went_back(taking.visit) => Some(taking),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Plan;
    use super::super::tests::plan;
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn acts(day: &PlannedDay) -> impl Iterator<Item = (i64, &WindowAct)> {
        day.events.iter().filter_map(|Event { second, act }| Some((*second, act.at_window()?)))
    }

    fn all(plan: &Plan) -> impl Iterator<Item = &WindowAct> {
        plan.days.iter().flat_map(|day| acts(day).map(|(_, act)| act))
    }

    fn takings(plan: &Plan) -> impl Iterator<Item = &Taking> {
        all(plan).filter_map(|act| if let WindowAct::Takes(taking) = act { Some(taking) } else { None })
    }

    #[test]
    fn money_moves_at_open_windows_and_only_todays_first_shift_stays_open() {
        let plan = plan(90);
        for day in &plan.days {
            // How much was taken since it was opened.
            let mut open: BTreeMap<usize, usize> = BTreeMap::new();
            let mut shifts: BTreeMap<usize, usize> = BTreeMap::new();
            for (second, act) in acts(day) {
                let when = format!("{} {second}", day.day);
                match act {
                    WindowAct::Opens { window } => {
                        assert_eq!(open.insert(*window, 0), None, "{when}");
                        *shifts.entry(*window).or_default() += 1;
                    }
                    WindowAct::Takes(taking) => *open.get_mut(&taking.window).expect(&when) += 1,
                    WindowAct::GivesBack { window, .. } => assert!(open.contains_key(window), "{when}"),
                    WindowAct::Closes { window, .. } => assert!(open.remove(window).is_some(), "{when}"),
                    WindowAct::HandsBack => assert!(!open.is_empty(), "{when}"),
                    WindowAct::Received => {}
                }
            }
            let weekday = day.day.date().weekday().number_from_monday();
            // At noon and in the evening; whoever is last has the afternoon off.
            let mut each: Vec<usize> = shifts.into_values().collect();
            each.sort_unstable();
            assert_eq!(each, if weekday < 6 { vec![1, 2, 2] } else { vec![2] }, "{}", day.day);
            if day.age == 0 {
                assert!(open.len() == 1 && open[&FIRST] > 0, "{open:?}");
            } else {
                assert_eq!(open, BTreeMap::new(), "{}", day.day);
            }
        }
    }

    #[test]
    fn one_patient_in_six_of_a_weekday_pays_there_and_cash_is_more_than_cards() {
        let plan = plan(90);
        let (mut there, mut everybody) = (0, 0);
        for day in plan.days.iter().filter(|day| day.day.date().weekday().number_from_monday() < 6) {
            for event in &day.events {
                match &event.act {
                    Act::Patients(visits) => everybody += visits.len(),
                    Act::Window(WindowAct::Takes(_)) => (there, everybody) = (there + 1, everybody + 1),
                    _ => {}
                }
            }
        }
        assert!((everybody / 8..everybody / 5).contains(&there), "{there} of {everybody}");
        let mut by: BTreeMap<Method, (usize, i64)> = BTreeMap::new();
        for taking in takings(&plan) {
            let sum = by.entry(taking.tender.method()).or_default();
            *sum = (sum.0 + 1, sum.1 + owed_fen(&taking.slips));
        }
        let (cash, cards) = (by[&Method::Cash], by[&Method::Pos]);
        assert!(cash.0 > cards.0 && cash.1 > cards.1 && cards.0 > 50, "{by:?}");
        let windows: BTreeSet<usize> = takings(&plan).map(|taking| taking.window).collect();
        assert_eq!(windows.len(), WINDOWS.len());
    }

    #[test]
    fn enough_is_tendered_and_a_terminals_slip_is_there_once() {
        let plan = plan(90);
        let mut references = BTreeSet::new();
        for act in all(&plan) {
            match act {
                WindowAct::Takes(taking) => match &taking.tender {
                    PlannedTender::Cash(tendered) => {
                        let change = tendered - owed_fen(&taking.slips);
                        assert!((0..10_000).contains(&change), "{change} of {tendered}");
                    }
                    PlannedTender::Pos(reference) => {
                        assert!(references.insert(reference.as_str()), "{reference} twice");
                    }
                },
                WindowAct::GivesBack { reference, .. } => {
                    assert!(references.insert(reference.as_str()), "{reference} twice");
                }
                _ => {}
            }
        }
        assert!(references.iter().all(|reference| reference.len() == 12), "{references:?}");
    }

    #[test]
    fn what_goes_back_over_the_counter_was_paid_there_and_goes_back_once() {
        let plan = plan(90);
        let mut paid: BTreeMap<usize, usize> = BTreeMap::new();
        let (mut same_day, mut later) = (0, 0);
        for day in &plan.days {
            for (_, act) in acts(day) {
                match act {
                    WindowAct::Takes(taking) => drop(paid.insert(taking.visit, day.age)),
                    WindowAct::GivesBack { visit, .. } => match paid.remove(visit) {
                        Some(age) if age == day.age => same_day += 1,
                        Some(age) => {
                            assert_eq!(age, day.age + 1, "the day before");
                            later += 1;
                        }
                        None => panic!("{visit} of {}", day.day),
                    },
                    _ => {}
                }
            }
        }
        assert!(same_day > 30 && later > 10, "{same_day} the same day, {later} later");
    }

    #[test]
    fn one_till_in_fifteen_does_not_agree_and_one_of_the_last_days_is_among_them() {
        let closings = |plan: &Plan| -> Vec<Option<Apart>> {
            let closed = |act: &WindowAct| match act {
                WindowAct::Closes { apart, .. } => Some(*apart),
                _ => None,
            };
            all(plan).filter_map(closed).collect()
        };
        let of_months = closings(&plan(90));
        let apart = of_months.iter().flatten().count();
        assert!(
            (of_months.len() / 25..of_months.len() / 10).contains(&apart),
            "{apart} of {}",
            of_months.len()
        );
        assert!(of_months.iter().flatten().all(|apart| apart.fen != 0 && apart.fen.abs() <= 10_000));
        assert!(closings(&plan(2)).iter().flatten().count() > 0);
    }
}
