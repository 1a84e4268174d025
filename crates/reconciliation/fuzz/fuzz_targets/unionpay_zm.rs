#![no_main]
//! UnionPay's transactions and disputes.

use libfuzzer_sys::fuzz_target;
use mingfen_fuzz::{NAME, statement};
use mingfen_providers::unionpay;
use std::io::Cursor;

fuzz_target!(|bytes: &[u8]| {
    let _ = unionpay::part_of(bytes);
    let _ = unionpay::shown(bytes);
    let _ = unionpay::export_trades(NAME, Cursor::new(bytes), None, &mut |_, _| {});
    let _ = unionpay::read_disputes(statement(bytes));
});
