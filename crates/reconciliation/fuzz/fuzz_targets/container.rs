#![no_main]
//! ZIP, GZIP and UTF-16 around anything, a bomb included.

use libfuzzer_sys::fuzz_target;
use mingfen_fuzz::read_by;
use mingfen_reconciliation::files::{HIS_LEDGER, Layout};
use std::sync::LazyLock;

static LAYOUT: LazyLock<Layout> = LazyLock::new(|| Layout::parse(HIS_LEDGER).expect("a layout"));

fuzz_target!(|bytes: &[u8]| read_by(&LAYOUT, bytes));
