//! What the targets share.

use mingfen_providers::text::Lines;
use mingfen_reconciliation::files::{
    Choice, Input, Layout, Limits, Prepared, Progress, reconcile, reconcile_prepared,
};
use mingfen_reconciliation::matching::{HashKey, Rules};
use mingfen_reconciliation::sides::Side;
use std::io::Write;

/// Bounds that make an unbounded allocation a finding soon.
pub const LIMITS: Limits = Limits { unpacked_bytes: 32 << 20, times_packed: 250, rows: 100_000 };

/// The name of the statements tried. It gives a day, as the names of UnionPay's files do.
pub const NAME: &str = "INN26030588ZM_777290058110048";

/// The bytes as the lines of a statement.
pub const fn statement(bytes: &[u8]) -> Lines<'static, &[u8]> {
    Lines::new(NAME, bytes)
}

/// The bytes as a file.
pub fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("a temporary file");
    file
}

/// Reads the bytes by a layout as the command does, whatever they are.
pub fn read_by(layout: &Layout, bytes: &[u8]) {
    let file = file(bytes);
    let choice = Choice { known: &[], layout: Some(layout), otherwise: None, day: None, limits: LIMITS };
    if let Ok(prepared) = Prepared::open(file.path(), &choice) {
        let key = || HashKey::new(7, 7);
        let _ = reconcile_prepared(vec![(Side::His, prepared)], &rules(), 1, &Progress::default(), key);
    }
}

/// Reads the bytes as a plain file, without looking at them first.
pub fn read_plainly(layout: &Layout, bytes: &[u8]) {
    let file = file(bytes);
    let input = [Input::new(Side::His, file.path().to_owned(), layout)];
    let _ = reconcile(&input, rules(), HashKey::new(7, 7), 1, &Progress::default());
}

/// Of 2026-03-05, the day of the golden files.
fn rules() -> Rules {
    Rules { day: Some(20_517), ..Rules::default() }
}
