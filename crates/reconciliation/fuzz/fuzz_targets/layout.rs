#![no_main]
//! A layout in TOML, and a plain file by it.

use libfuzzer_sys::fuzz_target;
use mingfen_fuzz::read_by;
use mingfen_reconciliation::files::Layout;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(layout) = Layout::parse(text) {
        read_by(&layout, include_bytes!("../../../cli/tests/files/his.csv"));
        read_by(&layout, include_bytes!("../../../cli/tests/files/his-tabs-gbk.txt"));
        read_by(&layout, include_bytes!("../../../cli/tests/files/wechat-all.csv"));
    }
});
