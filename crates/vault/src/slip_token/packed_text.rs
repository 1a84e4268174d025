//! Short texts in as few bytes as a QR code deserves: one head byte (form and length), then the tightest of four forms.
//!
//! | form | for | length counts | bytes |
//! |---|---|---|---|
//! | 0 UTF-8 | anything | bytes | length |
//! | 1 digits | phone and identity numbers: digits and `X` | characters | half, rounded up |
//! | 2 letters and digits | card numbers: the 45 characters of QR's alphanumeric mode | characters | 11 bits for two, 6 for a last one |
//! | 3 UTF-16 | Chinese names | units | twice |
//!
//! The head byte holds the form in its upper two bits and the length in its lower six. A length of 63 is kept free: the head
//! byte `0xFF` says that the text is absent, which is not the same as empty.

/// The largest length that a head byte can say.
const MAX_UNITS: usize = 62;
const ABSENT: u8 = 0xFF;

const UTF_8: u8 = 0;
const DIGITS: u8 = 1;
const LETTERS: u8 = 2;
const UTF_16: u8 = 3;

const DIGIT_ALPHABET: &[u8] = b"0123456789X";
const LETTER_ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const DIGIT_VALUES: [u8; 256] = values_of(DIGIT_ALPHABET);
const LETTER_VALUES: [u8; 256] = values_of(LETTER_ALPHABET);
const NOT_IN_IT: u8 = 0xFF;

/// Writes a text.
///
/// # Errors
/// Its length in units of the tightest form, when that is more than 62.
pub(super) fn write_text(out: &mut Vec<u8>, text: &str) -> Result<(), usize> {
    let (form, units, packed) = tightest(text);
    let length = u8::try_from(units).ok().filter(|_| units <= MAX_UNITS).ok_or(units)?;
    out.push(form << 6 | length);
    out.extend(packed);
    Ok(())
}

/// Writes that there is no text.
pub(super) fn write_absent(out: &mut Vec<u8>) {
    out.push(ABSENT);
}

fn tightest(text: &str) -> (u8, usize, Vec<u8>) {
    if let Some(values) = values_in(text, &DIGIT_VALUES) {
        let pairs = values.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).unwrap_or(&0));
        return (DIGITS, values.len(), pairs.collect());
    }
    if let Some(values) = values_in(text, &LETTER_VALUES) {
        return (LETTERS, values.len(), pack_letters(&values));
    }
    let units: Vec<u16> = text.encode_utf16().collect();
    if units.len() * 2 < text.len() {
        (UTF_16, units.len(), units.iter().flat_map(|unit| unit.to_be_bytes()).collect())
    } else {
        (UTF_8, text.len(), text.as_bytes().to_vec())
    }
}

/// The value of each character; `None` when one is not in the alphabet.
fn values_in(text: &str, values: &[u8; 256]) -> Option<Vec<u8>> {
    let value = |byte| Some(values[usize::from(byte)]).filter(|value| *value != NOT_IN_IT);
    text.bytes().map(value).collect()
}

/// Turns an alphabet round: from a byte to its position.
const fn values_of(alphabet: &[u8]) -> [u8; 256] {
    let mut values = [NOT_IN_IT; 256];
    let mut position = 0_u8;
    while (position as usize) < alphabet.len() {
        values[alphabet[position as usize] as usize] = position;
        position += 1;
    }
    values
}

/// Two characters in eleven bits (45 × 45 = 2025 of 2048), a last one in six; the end is filled with zeros.
fn pack_letters(values: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(letter_bytes(values.len()));
    let (mut pool, mut held) = (0_u32, 0);
    for pair in values.chunks(2) {
        let (value, bits) = match *pair {
            [first, second] => (u32::from(first) * 45 + u32::from(second), 11),
            _ => (u32::from(pair[0]), 6),
        };
        pool = pool << bits | value;
        held += bits;
        while held >= 8 {
            held -= 8;
            bytes.extend((pool >> held).to_be_bytes().last());
            pool &= (1 << held) - 1;
        }
    }
    if held > 0 {
        bytes.extend((pool << (8 - held)).to_be_bytes().last());
    }
    bytes
}

const fn letter_bytes(length: usize) -> usize {
    (length / 2 * 11 + length % 2 * 6).div_ceil(8)
}

/// Reads texts one after another. Every method is total: the bytes are authentic, and still not trusted to be ours.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next text, or that it is absent. The outer `None`: this is not a packed text.
    pub(super) fn text(&mut self) -> Option<Option<String>> {
        let head = self.take(1)?[0];
        if head == ABSENT {
            return Some(None);
        }
        let length = usize::from(head & 0x3F);
        let text = match head >> 6 {
            UTF_8 => String::from_utf8(self.take(length)?.to_vec()).ok()?,
            DIGITS => unpack_digits(self.take(length.div_ceil(2))?, length)?,
            LETTERS => unpack_letters(self.take(letter_bytes(length))?, length)?,
            _ => {
                let bytes = self.take(length * 2)?.chunks_exact(2);
                let units: Vec<u16> = bytes.map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
                String::from_utf16(&units).ok()?
            }
        };
        Some(Some(text))
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

fn unpack_digits(bytes: &[u8], length: usize) -> Option<String> {
    let values = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]).take(length);
    values.map(|value| DIGIT_ALPHABET.get(usize::from(value)).copied().map(char::from)).collect()
}

fn unpack_letters(bytes: &[u8], length: usize) -> Option<String> {
    let mut text = String::with_capacity(length);
    let mut bytes = bytes.iter();
    let (mut pool, mut held) = (0_u32, 0);
    while text.len() < length {
        let alone = text.len() + 1 == length;
        let bits = if alone { 6 } else { 11 };
        while held < bits {
            pool = pool << 8 | u32::from(*bytes.next()?);
            held += 8;
        }
        held -= bits;
        let value = usize::try_from(pool >> held).ok()?;
        pool &= (1 << held) - 1;
        if !alone {
            text.push(char::from(*LETTER_ALPHABET.get(value / 45)?));
        }
        text.push(char::from(*LETTER_ALPHABET.get(value % 45).filter(|_| !alone || value < 45)?));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, form: u8, bytes: usize) {
        let mut out = Vec::new();
        write_text(&mut out, text).unwrap();
        assert_eq!((out[0] >> 6, out.len() - 1), (form, bytes), "{text}");
        let mut reader = Reader::new(&out);
        assert_eq!(reader.text(), Some(Some(text.to_owned())));
        assert!(reader.is_at_end());
    }

    #[test]
    fn each_text_takes_its_tightest_form() {
        check("", DIGITS, 0);
        check("13800138000", DIGITS, 6);
        check("33010219900101123X", DIGITS, 9);
        check("QH01", LETTERS, 3);
        check("A10023846021", LETTERS, 9);
        check("A1002384602", LETTERS, 8);
        check("AB/CD:EF-$%*+. 01234", LETTERS, 14);
        check("card-7", UTF_8, 6);
        check("张小明", UTF_16, 6);
        check("𠮷野家", UTF_16, 8);
        check("José", UTF_8, 5);
    }

    #[test]
    fn what_is_too_long_is_refused_with_its_length() {
        let mut out = Vec::new();
        for (text, units) in [("7".repeat(63), 63), ("张".repeat(63), 63), ("a".repeat(300), 300)] {
            assert_eq!(write_text(&mut out, &text), Err(units));
        }
        assert!(out.is_empty());
        for text in ["7".repeat(62), "A".repeat(62), "a".repeat(62), "张".repeat(62)] {
            write_text(&mut out, &text).unwrap();
        }
    }

    #[test]
    fn absent_is_not_empty() {
        let mut out = Vec::new();
        write_absent(&mut out);
        write_text(&mut out, "").unwrap();
        let mut reader = Reader::new(&out);
        assert_eq!(
            (reader.text(), reader.text(), reader.text()),
            (Some(None), Some(Some(String::new())), None)
        );
    }

    proptest! {
        #[test]
        fn every_short_text_comes_back(text in prop_oneof!["\\PC{0,20}", "[0-9X]{0,62}", "[0-9A-Z $%*+./:-]{0,62}", "[一-龥·]{0,62}"]) {
            let mut out = Vec::new();
            write_text(&mut out, &text).unwrap();
            prop_assert_eq!(Reader::new(&out).text(), Some(Some(text)));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut reader = Reader::new(&bytes);
            while reader.text().is_some() {}
        }
    }
}
