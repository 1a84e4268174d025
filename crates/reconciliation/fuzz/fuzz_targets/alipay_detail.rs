#![no_main]
//! Alipay's trade detail: read, and exported as rows.

use libfuzzer_sys::fuzz_target;
use mingfen_fuzz::statement;
use mingfen_providers::alipay;

fuzz_target!(|bytes: &[u8]| {
    let file = statement(bytes);
    let read = alipay::read_trades(&file, &mut |_| {});
    let exported = alipay::export_trades(&file, None, &mut |_, _| {});
    assert_eq!(read.is_ok(), exported.is_ok());
});
