#![no_main]
//! UnionPay's transactions and disputes.

use libfuzzer_sys::fuzz_target;
use mingfen_fuzz::statement;
use mingfen_providers::unionpay;

fuzz_target!(|bytes: &[u8]| {
    let file = statement(bytes);
    let _ = unionpay::part_of(bytes);
    let _ = unionpay::shown(bytes);
    let _ = unionpay::export_trades(&file, None, &mut |_, _| {});
    let _ = unionpay::read_disputes(&file);
});
