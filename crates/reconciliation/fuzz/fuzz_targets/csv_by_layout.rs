#![no_main]
//! An export by HIS's layouts: commas or tabs, any encoding, titles above and totals below.

use libfuzzer_sys::fuzz_target;
use mingfen_fuzz::read_by;
use mingfen_reconciliation::files::{HIS_LEDGER, Layout};
use std::sync::LazyLock;

static LAYOUTS: LazyLock<[Layout; 2]> = LazyLock::new(|| {
    [HIS_LEDGER, include_str!("../../../cli/tests/files/his-tabs.toml")]
        .map(|text| Layout::parse(text).expect("a layout"))
});

fuzz_target!(|bytes: &[u8]| {
    for layout in &*LAYOUTS {
        read_by(layout, bytes);
    }
});
