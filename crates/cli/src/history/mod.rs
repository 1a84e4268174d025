//! Three months in the life of the demo's hospital, so that every page shows something true on first look.
//!
//! Nothing is written into the database past the gateway. The simulator's clock is set back and stops; patients, cashiers and finance
//! act by the gateway's own use cases, providers and HIS answer and fail, the jobs run, and time moves on from act to act until it is
//! now. So journal, audit trail, takings, runs and sign-offs are what they would be, and `mingfen verify` holds.
//!
//! # Reading order
//! 1. [`Plan`]: who comes when and what goes wrong, drawn by a seed. `troubles.rs` has the table of troubles and what the comparison
//!    calls each; `plan/window.rs` who pays at a window, and the shifts there; `catalogue.rs` and `people.rs` the hospital's inventory.
//! 2. [`Life`]: the plan as it happens. `desk.rs` and `window.rs` are what cashiers do, `finance.rs` what finance does.
//! 3. [`make`]: a gateway in the past, and how it ends in the present.
//!
//! Visits, sums, times and troubles are the same for the same day and seed. Numbers and keys are not: they are drawn as always.

mod catalogue;
mod desk;
mod finance;
mod life;
mod making;
mod people;
mod plan;
mod troubles;
mod window;

pub use making::{Made, forget_unfinished, make};

use life::{Life, Progress, SimulatedTime};
use plan::Plan;

/// Determines everything that is drawn by lot.
const SEED: u64 = 20_260_305;

/// Somebody of the demo's staff, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaffNo(&'static str);

/// The first cashier, who gives back at the desk, too.
pub const CASHIER: StaffNo = StaffNo("0201");
/// Approves what cashiers may not decide alone.
pub const CASHIER_LEAD: StaffNo = StaffNo("0101");
/// Works on differences.
pub const FINANCE: StaffNo = StaffNo("0301");
/// Approves remedies and signs days.
pub const FINANCE_LEAD: StaffNo = StaffNo("0501");

/// A cashier's window.
#[derive(Debug)]
pub struct Window {
    /// Who sits there.
    pub cashier: StaffNo,
    /// As it is called in the hospital.
    pub name: &'static str,
    /// The number of its card terminal.
    terminal: &'static str,
}

/// All of them.
pub const WINDOWS: [Window; 3] = [
    Window { cashier: CASHIER, name: "门诊 3 号窗口", terminal: "31040103" },
    Window { cashier: StaffNo("0202"), name: "门诊 1 号窗口", terminal: "31040101" },
    Window { cashier: StaffNo("0203"), name: "门诊 5 号窗口", terminal: "31040105" },
];

impl StaffNo {
    /// As it is typed.
    pub const fn staff_no(self) -> &'static str {
        self.0
    }

    /// As records and audit trail name a person at a screen.
    fn actor(self) -> String {
        format!("staff:{}", self.0)
    }
}
