#![no_main]
//! Alipay's trade detail: read, and exported as rows.

use libfuzzer_sys::fuzz_target;
use mingfen_fuzz::statement;
use mingfen_providers::alipay;
use mingfen_providers::text::Lines;

fuzz_target!(|bytes: &[u8]| {
    let read = alipay::read_trades(statement(bytes), &mut |_| {});
    let exported = alipay::export_trades(statement(bytes), None::<Lines<'_, &[u8]>>, &mut |_, _| {});
    assert_eq!(read.is_ok(), exported.is_ok());
});
