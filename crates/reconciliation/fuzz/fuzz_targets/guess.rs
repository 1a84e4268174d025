#![no_main]
//! Proposing a layout: whatever is proposed must be a layout that can be read.

use libfuzzer_sys::fuzz_target;
use mingfen_fuzz::{LIMITS, file};
use mingfen_reconciliation::files::Layout;
use mingfen_reconciliation::files::guess::guess;
use mingfen_reconciliation::matching::HashKey;

fuzz_target!(|bytes: &[u8]| {
    let file = file(bytes);
    if let Ok(proposal) = guess(file.path(), None, HashKey::new(7, 7), LIMITS)
        && proposal.missing.is_empty()
    {
        Layout::parse(&proposal.toml).expect("a layout");
    }
});
