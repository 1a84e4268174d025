#![no_main]
//! WeChat Pay's trade bill: the strict parser of a channel, and the fast reader by its layout.

use libfuzzer_sys::fuzz_target;
use mingfen_fuzz::{read_plainly, statement};
use mingfen_providers::wechat;
use mingfen_reconciliation::files::Layout;
use std::sync::LazyLock;

static LAYOUT: LazyLock<Layout> =
    LazyLock::new(|| Layout::parse(wechat::TRADE_BILL_LAYOUT).expect("a layout"));

fuzz_target!(|bytes: &[u8]| {
    let _ = wechat::bill_of(bytes);
    let _ = wechat::read_trades(statement(bytes), &mut |_| {});
    read_plainly(&LAYOUT, bytes);
});
