//! Audit rows linked by hash: whoever changes, removes, inserts or reorders a row breaks every link after it.
//!
//! A row's hash covers the hash before it. That alone proves order and completeness up to the last link; that the *last*
//! rows were not cut off is proved by a link that was kept elsewhere (print it, mail it, back it up) and compared with
//! [`Summary::last`]; [`Link`] has a form in which it can be written down.
//!
//! # Encoding
//! SHA-256 over a version label, the previous hash, the number and the moment as eight big-endian bytes each, then each text
//! with its length in eight big-endian bytes before it. The lengths make it unambiguous: no two different rows have the same
//! bytes. It can be computed with any language's SHA-256, which is what an auditor wants.

use aws_lc_rs::digest;
use mingfen_domain::Timestamp;
use std::fmt;

/// What the first row is linked to.
pub const GENESIS: [u8; 32] = [0; 32];

/// Said first, so that these hashes are never taken for anything else's.
const LABEL: &[u8] = b"mingfen audit chain v1\n";

/// A row's place in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its number; the first is 1, each next one is one more.
    pub seq: i64,
    /// Its hash.
    pub hash: [u8; 32],
}

impl Link {
    /// Where an empty chain stands.
    pub const fn genesis() -> Self {
        Self { seq: 0, hash: GENESIS }
    }

    /// Reads `SEQ:HASH`, as it is printed; blanks around it do no harm, it may have been copied from paper.
    pub fn parse(text: &str) -> Option<Self> {
        let (seq, hash) = text.trim().split_once(':')?;
        Self::of_hex(seq.parse().ok()?, hash)
    }

    /// A link whose hash is kept as 64 hexadecimal digits.
    pub fn of_hex(seq: i64, hex_hash: &str) -> Option<Self> {
        let mut hash = [0; 32];
        hex::decode_to_slice(hex_hash, &mut hash).ok()?;
        Some(Self { seq, hash })
    }
}

/// `SEQ:HASH`: what an operator writes down to prove later that nothing up to here was changed or cut off.
impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, hex::encode(self.hash))
    }
}

/// A link as somebody wrote it down: whole, or with the first digits of its hash, as a sheet of paper has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    seq: i64,
    digits: String,
}

impl Kept {
    /// The fewest digits of a hash that say anything: a paper's. Finding another row that has the same takes 2^64 tries.
    pub const LEAST_DIGITS: usize = 16;

    /// Reads `SEQ:HASH` or its beginning; blanks do no harm.
    pub fn parse(text: &str) -> Option<Self> {
        let plain: String = text.split_whitespace().collect();
        let (seq, digits) = plain.split_once(':')?;
        Self::of_hex(seq.parse().ok()?, digits)
    }

    /// A link whose hash begins with these hexadecimal digits.
    pub fn of_hex(seq: i64, digits: &str) -> Option<Self> {
        let enough = (Self::LEAST_DIGITS..=64).contains(&digits.len());
        let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        (enough && hex).then(|| Self { seq, digits: digits.to_ascii_lowercase() })
    }

    /// The same with as few digits as say anything, for paper.
    #[must_use]
    pub fn short(mut self) -> Self {
        self.digits.truncate(Self::LEAST_DIGITS);
        self
    }

    /// Whether it is this link.
    pub fn is(&self, link: &Link) -> bool {
        self.seq == link.seq && hex::encode(link.hash).starts_with(&self.digits)
    }
}

impl From<Link> for Kept {
    fn from(link: Link) -> Self {
        Self { seq: link.seq, digits: hex::encode(link.hash) }
    }
}

/// As it was written down.
impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.digits)
    }
}

/// A row as it was kept.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Its place as it was kept.
    pub link: Link,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it.
    pub actor: &'a str,
    /// What was done.
    pub action: &'a str,
    /// To what.
    pub subject: &'a str,
    /// Whatever else was kept, exactly as it was kept.
    pub detail: &'a str,
}

/// What a whole chain was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many rows were checked.
    pub rows: u64,
    /// The last of them; compare it with a link that was kept elsewhere.
    pub last: Link,
}

/// Where and how a chain is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A number is missing, doubled or out of order.
    #[error("audit row {seq}: number {wanted} was expected; a row is missing, doubled or out of order")]
    OutOfOrder {
        /// The number that was found.
        seq: i64,
        /// The number that should have come.
        wanted: i64,
    },
    /// The row, or the one before it, was changed after it was linked.
    #[error("audit row {seq}: its hash does not fit; it or its predecessor was changed")]
    Changed {
        /// The row.
        seq: i64,
    },
}

/// The hash of a row that follows `previous`.
pub fn link(
    previous: &[u8; 32],
    seq: i64,
    at: Timestamp,
    actor: &str,
    action: &str,
    subject: &str,
    detail: &str,
) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(LABEL);
    context.update(previous);
    context.update(&seq.to_be_bytes());
    context.update(&at.ms().to_be_bytes());
    for text in [actor, action, subject, detail] {
        context.update(&(text.len() as u64).to_be_bytes());
        context.update(text.as_bytes());
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// A check in progress, for rows that come from a table page by page.
#[derive(Clone, Copy, Debug)]
pub struct Verification {
    rows: u64,
    last: Link,
}

impl Verification {
    /// Begins after a link that is trusted: [`Link::genesis`], or the last one of an earlier check.
    pub const fn after(last: Link) -> Self {
        Self { rows: 0, last }
    }

    /// Checks the next row.
    ///
    /// # Errors
    /// [`Broken`] at the first row that does not fit; rows after it prove nothing.
    pub fn check(&mut self, row: &Row<'_>) -> Result<(), Broken> {
        let (seq, wanted) = (row.link.seq, self.last.seq.saturating_add(1));
        if seq != wanted {
            return Err(Broken::OutOfOrder { seq, wanted });
        }
        let hash = link(&self.last.hash, seq, row.at, row.actor, row.action, row.subject, row.detail);
        if hash != row.link.hash {
            return Err(Broken::Changed { seq });
        }
        self.last = row.link;
        self.rows += 1;
        Ok(())
    }

    /// What was checked so far.
    pub const fn summary(&self) -> Summary {
        Summary { rows: self.rows, last: self.last }
    }
}

/// Checks a whole chain from its first row.
///
/// # Errors
/// [`Broken`] names the first row that does not fit.
pub fn verify<'a>(rows: impl IntoIterator<Item = Row<'a>>) -> Result<Summary, Broken> {
    let mut verification = Verification::after(Link::genesis());
    for row in rows {
        verification.check(&row)?;
    }
    Ok(verification.summary())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> Vec<Row<'static>> {
        let texts = [
            ("gateway", "payment.open", "P26010200000000000000", "{}"),
            ("cashier 7", "refund.request", "R26010200000000000000", r#"{"reason":"退药"}"#),
            ("gateway", "refund.done", "R26010200000000000000", ""),
        ];
        let mut last = Link::genesis();
        let rows = texts.map(|(actor, action, subject, detail)| {
            let (seq, at) = (last.seq + 1, Timestamp::from_seconds(1_767_240_000 + last.seq));
            last = Link { seq, hash: link(&last.hash, seq, at, actor, action, subject, detail) };
            Row { link: last, at, actor, action, subject, detail }
        });
        rows.to_vec()
    }

    #[test]
    fn an_untouched_chain_holds() {
        let rows = chain();
        let last = rows[2].link;
        assert_eq!(verify(rows), Ok(Summary { rows: 3, last }));
        assert_eq!(verify([]), Ok(Summary { rows: 0, last: Link::genesis() }));
    }

    #[test]
    fn a_link_on_paper_is_known_by_its_first_digits() {
        let links: Vec<Link> = chain().iter().map(|row| row.link).collect();
        let short = Kept::from(links[1]).short();
        assert_eq!(short.to_string().len(), 2 + Kept::LEAST_DIGITS);
        assert!(short.is(&links[1]) && !short.is(&links[0]) && !short.is(&links[2]));
        assert_eq!(Kept::parse(&short.to_string()), Some(short.clone()));
        let (_, digits) = links[1]
            .to_string()
            .split_once(':')
            .map(|(seq, hash)| (seq.to_owned(), hash.to_owned()))
            .unwrap();
        let typed = format!(" 2 : {} {} ", digits[..4].to_uppercase(), &digits[4..16]);
        assert_eq!(Kept::parse(&typed), Some(short));
        assert!(Kept::parse(&links[1].to_string()).unwrap().is(&links[1]), "the whole of it, too");
        for no in ["2", "2:", &format!("2:{}", &digits[..15]), "x:0123456789abcdef", "2:0123456789abcdeg"] {
            assert_eq!(Kept::parse(no), None, "{no}");
        }
        assert_eq!(Kept::parse(&format!("2:{digits}0")), None, "longer than a hash");
    }

    #[test]
    fn a_changed_row_is_named() {
        for change in [
            |row: &mut Row<'static>| row.actor = "cashier 8",
            |row: &mut Row<'static>| row.action = "refund.reques",
            |row: &mut Row<'static>| row.subject = "",
            |row: &mut Row<'static>| row.detail = "{}",
            |row: &mut Row<'static>| row.at = row.at.plus_ms(1),
            |row: &mut Row<'static>| row.link.hash[31] ^= 1,
        ] {
            let mut rows = chain();
            change(&mut rows[1]);
            assert_eq!(verify(rows), Err(Broken::Changed { seq: 2 }));
        }
    }

    #[test]
    fn a_missing_doubled_or_moved_row_is_named() {
        let mut missing = chain();
        missing.remove(1);
        assert_eq!(verify(missing), Err(Broken::OutOfOrder { seq: 3, wanted: 2 }));
        let mut doubled = chain();
        doubled.insert(1, doubled[0]);
        assert_eq!(verify(doubled), Err(Broken::OutOfOrder { seq: 1, wanted: 2 }));
        let mut moved = chain();
        moved.swap(0, 1);
        assert_eq!(verify(moved), Err(Broken::OutOfOrder { seq: 2, wanted: 1 }));
    }

    #[test]
    fn a_rehashed_row_breaks_the_next_one() {
        let mut rows = chain();
        rows[1].detail = "{}";
        let row = rows[1];
        rows[1].link.hash = link(&rows[0].link.hash, 2, row.at, row.actor, row.action, row.subject, "{}");
        assert_eq!(verify(rows), Err(Broken::Changed { seq: 3 }));
    }

    #[test]
    fn text_cannot_move_from_one_column_to_the_next() {
        let at = Timestamp::from_seconds(0);
        let hash = |actor, action| link(&GENESIS, 1, at, actor, action, "", "");
        assert_ne!(hash("ab", "c"), hash("a", "bc"));
        assert_ne!(hash("", "abc"), hash("abc", ""));
    }

    #[test]
    fn the_encoding_never_changes() {
        let hash =
            link(&GENESIS, 1, Timestamp::from_seconds(1_767_240_000), "gateway", "payment.open", "P1", "{}");
        assert_eq!(hex::encode(hash), "deda7c371701870d259a1fe1098cb146b48253d3e33c41fc72b9c69f666e1f2c");
    }

    #[test]
    fn a_link_is_read_as_it_is_printed() {
        let link = chain()[2].link;
        assert_eq!(Link::parse(&format!(" {link}\n")), Some(link));
        for wrong in ["", "3", "3:", "3:abc", ":deda", &format!("x:{}", hex::encode(GENESIS))] {
            assert_eq!(Link::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_check_can_go_on_where_an_earlier_one_ended() {
        let rows = chain();
        let mut later = Verification::after(rows[1].link);
        assert_eq!(later.check(&rows[2]), Ok(()));
        assert_eq!(later.summary(), Summary { rows: 1, last: rows[2].link });
    }
}
