//! What the tests of this crate share.

use crate::{KeyId, Keyring};
use mingfen_domain::Random;
use std::sync::atomic::{AtomicU8, Ordering};

/// Fills with 0, 1, 2 … so that a failure repeats itself.
#[derive(Default)]
pub(crate) struct Counter(AtomicU8);

impl Random for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A keyring with these key numbers; the same number is always the same key.
pub(crate) fn keyring(numbers: &[u8], current: u8) -> Keyring {
    let keys = numbers.iter().map(|&number| {
        let bytes = std::array::from_fn(|index| number ^ u8::try_from(index).expect("32 fits"));
        (KeyId(number), bytes)
    });
    Keyring::new(KeyId(current), keys.collect()).expect("a keyring")
}
