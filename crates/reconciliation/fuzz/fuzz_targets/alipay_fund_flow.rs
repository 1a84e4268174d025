#![no_main]
//! Alipay's account ledger.

use libfuzzer_sys::fuzz_target;
use mingfen_fuzz::statement;
use mingfen_providers::alipay;

fuzz_target!(|bytes: &[u8]| {
    let _ = alipay::part_of(bytes);
    let _ = alipay::read_fund_flow(statement(bytes), &mut |_| {});
});
