#![no_main]
//! Alipay's trade summary beside a good detail.

use libfuzzer_sys::fuzz_target;
use mingfen_fuzz::statement;
use mingfen_providers::alipay;

const DETAIL: &[u8] = include_bytes!("../../../cli/tests/files/alipay-detail.csv");

fuzz_target!(|bytes: &[u8]| {
    let _ = alipay::export_trades(statement(DETAIL), Some(statement(bytes)), &mut |_, _| {});
});
