#![no_main]
//! Alipay's trade summary beside a good detail.

use libfuzzer_sys::fuzz_target;
use mingfen_fuzz::statement;
use mingfen_provider_api::statement::StatementFile;
use mingfen_providers::alipay;
use std::sync::LazyLock;

static DETAIL: LazyLock<StatementFile> =
    LazyLock::new(|| statement(include_bytes!("../../../cli/tests/files/alipay-detail.csv")));

fuzz_target!(|bytes: &[u8]| {
    let _ = alipay::export_trades(&DETAIL, Some(&statement(bytes)), &mut |_, _| {});
});
