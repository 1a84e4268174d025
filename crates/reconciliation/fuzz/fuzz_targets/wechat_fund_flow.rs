#![no_main]
//! WeChat Pay's fund-flow bill.

use libfuzzer_sys::fuzz_target;
use mingfen_fuzz::statement;
use mingfen_providers::wechat;

fuzz_target!(|bytes: &[u8]| {
    let _ = wechat::read_fund_flow(statement(bytes), &mut |_| {});
});
