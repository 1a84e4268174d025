//! Pages for finance (财务): so far the report that is printed, signed and filed.

mod chart;
mod run_report;

pub use run_report::{
    CategoryRow, CategoryState, Day, FindingRow, InputRow, InputState, Links, NetDifference, RunReport,
    SettlementRow, Side, SideAmount, SideTotal, SignOff, TrendDay, TwoNames,
};
