//! What every adapter's statements promise to whoever compares them, whatever the file looks like. For tests.

use mingfen_provider_api::statement::{Statements, TradeTable};
use mingfen_reconciliation::files::{Input, Layout, Progress, reconcile};
use mingfen_reconciliation::matching::{HashKey, Rules, Tally};
use mingfen_reconciliation::sides::Side;
use std::path::Path;

/// The table of a file is read by its layout and has the lines and sums that the parser finds, each on the line where it stands.
/// No two lines of the file may settle each other.
pub fn the_table_is_the_file(statements: &dyn Statements, file: &Path, directory: &Path) -> TradeTable {
    let mut lines = Vec::new();
    let totals = statements
        .parse_trades(file, &mut |line| {
            lines.push((line.line, line.kind, line.amount, line.provider_trade_no.into_owned()));
        })
        .expect("a sound file");
    let table = statements.trade_table(file, directory).expect("a table");
    let layout = Layout::parse(statements.trade_layout()).expect("a layout");
    let inputs = [Input::new(Side::Channel, table.path.clone(), &layout)];
    let report = reconcile(&inputs, Rules::default(), HashKey::new(7, 7), 1, &Progress::default())
        .expect("a table that its layout reads");
    let counted = Tally { lines: totals.lines, paid: totals.paid, refunded: totals.refunded };
    assert_eq!(report.tallies, [counted]);
    assert_eq!(report.left_out, [0]);
    let mut found = Vec::new();
    for (finding, evidence) in report.outcome.findings.iter().zip(&report.evidence) {
        for (line, there) in finding.lines.iter().zip(evidence) {
            let number = there.line + table.first_line - 1;
            found.push((number, line.kind, line.amount, there.provider_no.clone()));
        }
    }
    found.sort_unstable_by_key(|(line, ..)| *line);
    assert_eq!(found, lines);
    table
}
