//! What `mingfen reconcile files` does, without the rest of the program: for the benchmark, which builds this crate alone.
//!
//! `compare BILL HIS OUT [MEMORY_MIB]`, two threads.
#![allow(clippy::print_stdout, reason = "a command")]

use mingfen_domain::difference::Category;
use mingfen_reconciliation::files::{HIS_LEDGER, Input, Layout, Progress, reconcile};
use mingfen_reconciliation::matching::{HashKey, Rules};
use mingfen_reconciliation::report::differences;
use mingfen_reconciliation::sides::Side;
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};

const BILL_LAYOUT: &str = include_str!("../../providers/src/wechat/statement/layout.toml");

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bill, his, out, rest @ ..] = arguments.as_slice() else {
        return Err("usage: compare BILL HIS OUT [MEMORY_MIB]".into());
    };
    let memory_bytes = rest.first().map(|mib| mib.parse::<usize>()).transpose()?.map(|mib| mib << 20);
    let (bill_layout, his_layout) = (Layout::parse(BILL_LAYOUT)?, Layout::parse(HIS_LEDGER)?);
    let inputs = [
        Input::new(Side::Channel, bill.into(), &bill_layout),
        Input::new(Side::His, his.into(), &his_layout),
    ];
    let rules = Rules { memory_bytes, ..Rules::default() };
    let report = reconcile(&inputs, rules, HashKey::random(), 2, &Progress::default())?;
    let mut out = BufWriter::with_capacity(1 << 18, File::create(out)?);
    differences(&report, &mut out)?;
    out.flush()?;
    for category in Category::ALL {
        let count = |side| report.outcome.summary.of(category, side).lines;
        println!("{:<28}{:>10}{:>10}", category.as_str(), count(Side::Channel), count(Side::His));
    }
    Ok(())
}
