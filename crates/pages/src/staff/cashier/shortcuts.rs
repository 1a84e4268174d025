//! 快捷键.

use crate::staff::page::staff_page;

/// What the keys do.
#[derive(Clone, Debug, Default)]
pub struct Shortcuts {
    /// The person takes payments and refunds.
    pub cashier: bool,
}

staff_page!(Shortcuts, "staff/cashier/shortcuts.html", None, [
    "cashier" => Shortcuts { cashier: true },
    "others" => Shortcuts { cashier: false },
]);
