//! Where entries wait until all sides are read: small blocks, one partition a handful of orders, on disk when there are too many.
//!
//! An entry is 20 to 30 bytes: flags, the packed numbers, and differences to the first entry of its block. A block stands for
//! itself, so blocks can be written away and read back in any order.

use super::keys;
use super::{MatchingError, Rules};
use crate::sides::{Kind, Line, MAX_NUMBER, Side, State};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, PoisonError};

const BLOCK: usize = 4096;

const REFUND: u16 = 1;
const STATE_SHIFT: u16 = 1;
const PACKED: u16 = 1 << 3;
const HAS_REFUND_NO: u16 = 1 << 4;
const REFUND_NO_PACKED: u16 = 1 << 5;
const FEE_DIFFERS: u16 = 1 << 6;
const CARRIED: u16 = 1 << 7;
const NEAR_CUT: u16 = 1 << 8;
const OTHER_DAY: u16 = 1 << 9;
const OTHER_ACCOUNT: u16 = 1 << 10;
/// What is above it is the length of the order number, 0 when that does not fit.
const LENGTH_SHIFT: u16 = 11;

/// Merchant accounts by number. Which number one gets depends on who came first, so nothing may depend on the number.
#[derive(Default)]
pub(super) struct Accounts(Mutex<Vec<Box<[u8]>>>);

impl Accounts {
    fn number(&self, name: &[u8]) -> Result<u16, MatchingError> {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = match names.iter().position(|known| **known == *name) {
            Some(index) => index,
            None => {
                names.push(name.into());
                names.len() - 1
            }
        };
        u16::try_from(index + 1).map_err(|_| MatchingError::TooManyAccounts)
    }

    pub(super) fn names(&self) -> Vec<Box<[u8]>> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::once(Box::from(&b""[..])).chain(names.iter().cloned()).collect()
    }
}

/// What one thread has read of one source.
struct Stream {
    source: u16,
    side: Side,
    last_account: (Vec<u8>, u16),
    partitions: Vec<Partition>,
}

#[derive(Default)]
struct Partition {
    block: Vec<u8>,
    base: Base,
    full: Vec<Vec<u8>>,
    away: Vec<Away>,
}

#[derive(Clone, Copy, Default)]
struct Base {
    at: u64,
    day: i32,
    account: u16,
}

#[derive(Clone, Copy)]
struct Away {
    offset: u64,
    length: u32,
}

/// One thread's entries, of any number of sources.
pub struct Shelf<'m> {
    matching: &'m super::Matching,
    streams: Vec<Stream>,
    in_memory: usize,
    budget: usize,
    away: Option<File>,
    away_length: u64,
    scratch: Vec<u8>,
    refund_scratch: Vec<u8>,
}

impl<'m> Shelf<'m> {
    pub(super) fn new(matching: &'m super::Matching, budget: usize) -> Self {
        Self {
            matching,
            streams: Vec::new(),
            in_memory: 0,
            budget,
            away: None,
            away_length: 0,
            scratch: Vec::with_capacity(2 * MAX_NUMBER),
            refund_scratch: Vec::with_capacity(MAX_NUMBER),
        }
    }

    /// Goes on with lines of this source.
    pub fn open(&mut self, source: u16, side: Side) {
        let partitions = (0..self.matching.partitions).map(|_| Partition::default()).collect();
        self.streams.push(Stream { source, side, last_account: (Vec::new(), 0), partitions });
    }

    /// Takes a line of the source that was opened last.
    ///
    /// # Errors
    /// A number that is empty or too long, a negative amount, a full disk.
    pub fn push(&mut self, line: &Line<'_>) -> Result<(), MatchingError> {
        let matching = self.matching;
        let length = line.order_no.len();
        if length == 0 || length > MAX_NUMBER || line.refund_no.len() > MAX_NUMBER {
            return Err(MatchingError::NumberLength);
        }
        let fen = u64::try_from(line.amount.get()).map_err(|_| MatchingError::NegativeAmount)?;
        let Some(stream) = self.streams.last_mut() else { return Err(MatchingError::NoSource) };
        if !same(&stream.last_account.0, line.account) {
            let number = if line.account.is_empty() { 0 } else { matching.accounts.number(line.account)? };
            stream.last_account = (line.account.to_vec(), number);
        }
        let account = stream.last_account.1;

        self.scratch.clear();
        let packed = keys::pack(line.order_no, &mut self.scratch);
        let partition = matching.partition_of(matching.key.hash(&self.scratch));
        let partition = &mut stream.partitions[partition];
        if partition.block.len() + 2 * MAX_NUMBER + 40 > BLOCK || partition.block.is_empty() {
            if partition.block.is_empty() {
                self.in_memory += BLOCK;
                partition.block.reserve_exact(BLOCK);
            } else {
                self.in_memory += BLOCK;
                let full = std::mem::replace(&mut partition.block, Vec::with_capacity(BLOCK));
                partition.full.push(full);
            }
            partition.base = Base { at: line.at, day: line.when.day, account };
            partition.block.extend_from_slice(&line.at.to_le_bytes());
            partition.block.extend_from_slice(&line.when.day.to_le_bytes());
            partition.block.extend_from_slice(&account.to_le_bytes());
        }
        let base = partition.base;
        let mut flags = match line.state {
            State::Done => 0,
            State::UnderWay => 1 << STATE_SHIFT,
            State::Void => 2 << STATE_SHIFT,
        };
        let mut set = |flag: u16, on: bool| flags |= if on { flag } else { 0 };
        set(REFUND, line.kind == Kind::Refund);
        set(PACKED, packed);
        set(FEE_DIFFERS, line.fee_differs);
        set(CARRIED, line.carried);
        set(NEAR_CUT, super::carry::is_near_cut(line.when, matching.rules.near_cut_seconds));
        set(OTHER_DAY, line.when.day != base.day);
        set(OTHER_ACCOUNT, account != base.account);
        if !line.refund_no.is_empty() {
            self.refund_scratch.clear();
            set(HAS_REFUND_NO, true);
            set(REFUND_NO_PACKED, keys::pack(line.refund_no, &mut self.refund_scratch));
        }
        let short = length < 32;
        set((length as u16) << LENGTH_SHIFT, short);
        let block = &mut partition.block;
        block.extend_from_slice(&flags.to_le_bytes());
        if !short {
            block.push(length as u8);
        }
        block.extend_from_slice(&self.scratch);
        if !line.refund_no.is_empty() {
            block.push(line.refund_no.len() as u8);
            block.extend_from_slice(&self.refund_scratch);
        }
        put(block, fen);
        put(block, zigzag((line.at as i64).wrapping_sub(base.at as i64)));
        if line.when.day != base.day {
            put(block, zigzag(i64::from(line.when.day) - i64::from(base.day)));
        }
        if account != base.account {
            put(block, u64::from(account));
        }
        if self.in_memory > self.budget { self.put_away() } else { Ok(()) }
    }

    /// Writes everything in memory to a temporary file that nobody else can open by name.
    fn put_away(&mut self) -> Result<(), MatchingError> {
        let file = match &mut self.away {
            Some(file) => file,
            none => none.insert(tempfile::tempfile().map_err(MatchingError::Disk)?),
        };
        let mut writer = std::io::BufWriter::with_capacity(1 << 18, file);
        for stream in &mut self.streams {
            for partition in &mut stream.partitions {
                let last = std::mem::take(&mut partition.block);
                let blocks = partition.full.drain(..).chain(Some(last).filter(|block| !block.is_empty()));
                for block in blocks {
                    writer.write_all(&block).map_err(MatchingError::Disk)?;
                    partition.away.push(Away { offset: self.away_length, length: block.len() as u32 });
                    self.away_length += block.len() as u64;
                }
            }
        }
        writer.flush().map_err(MatchingError::Disk)?;
        self.in_memory = 0;
        Ok(())
    }

    /// Turns the thread's entries into something that any thread can take partitions from.
    pub(super) fn close(self) -> Closed {
        let streams = self.streams.into_iter().map(|stream| ClosedStream {
            source: stream.source,
            side: stream.side,
            partitions: stream.partitions.into_iter().map(Mutex::new).collect(),
        });
        Closed { streams: streams.collect(), away: self.away.map(Mutex::new) }
    }
}

pub(super) struct Closed {
    streams: Vec<ClosedStream>,
    away: Option<Mutex<File>>,
}

struct ClosedStream {
    source: u16,
    side: Side,
    partitions: Vec<Mutex<Partition>>,
}

/// An entry, taken apart. Positions are those of its numbers in [`Taken::bytes`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub at: u64,
    pub fen: i64,
    pub order_at: u32,
    pub refund_at: u32,
    pub day: i32,
    pub account: u16,
    pub source: u16,
    pub order_length: u8,
    pub refund_length: u8,
    pub order_packed: bool,
    pub refund_packed: bool,
    pub side: Side,
    pub kind: Kind,
    pub state: State,
    pub near_cut: bool,
    pub fee_differs: bool,
    pub carried: bool,
}

/// All entries of one partition.
#[derive(Default)]
pub(super) struct Taken {
    pub bytes: Vec<u8>,
    pub entries: Vec<Entry>,
}

impl Taken {
    /// The order number as it is kept.
    #[inline]
    pub fn order<'t>(&'t self, entry: &Entry) -> &'t [u8] {
        kept(&self.bytes, entry.order_at, entry.order_length, entry.order_packed)
    }

    pub fn order_text(&self, entry: &Entry) -> Vec<u8> {
        text(self.order(entry), entry.order_length, entry.order_packed)
    }

    pub fn refund_text(&self, entry: &Entry) -> Vec<u8> {
        let kept = kept(&self.bytes, entry.refund_at, entry.refund_length, entry.refund_packed);
        text(kept, entry.refund_length, entry.refund_packed)
    }

    /// Whether two refund numbers are the same; as a text is always kept the same way, no need to unpack.
    #[inline]
    pub fn same_refund(&self, one: &Entry, other: &Entry) -> bool {
        one.refund_length == other.refund_length
            && one.refund_packed == other.refund_packed
            && kept(&self.bytes, one.refund_at, one.refund_length, one.refund_packed)
                == kept(&self.bytes, other.refund_at, other.refund_length, other.refund_packed)
    }
}

#[inline]
fn kept(bytes: &[u8], at: u32, length: u8, packed: bool) -> &[u8] {
    let length = usize::from(length);
    let length = if packed { keys::packed_len(length) } else { length };
    &bytes[at as usize..at as usize + length]
}

fn text(kept: &[u8], length: u8, packed: bool) -> Vec<u8> {
    if packed { keys::unpack(kept, usize::from(length)) } else { kept.to_vec() }
}

impl Closed {
    /// Adds this thread's entries of a partition, and forgets them here.
    pub fn take(&self, number: usize, into: &mut Taken) -> Result<(), MatchingError> {
        for stream in &self.streams {
            let partition = {
                let mut there = stream.partitions[number].lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::take(&mut *there)
            };
            for away in &partition.away {
                let start = into.bytes.len();
                into.bytes.resize(start + away.length as usize, 0);
                let Some(file) = &self.away else { return Err(MatchingError::Damaged) };
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(away.offset)).map_err(MatchingError::Disk)?;
                file.read_exact(&mut into.bytes[start..]).map_err(MatchingError::Disk)?;
                drop(file);
                into.read_block(start, stream)?;
            }
            for block in partition.full.iter().chain(Some(&partition.block).filter(|block| !block.is_empty()))
            {
                let start = into.bytes.len();
                into.bytes.extend_from_slice(block);
                into.read_block(start, stream)?;
            }
        }
        Ok(())
    }
}

impl Taken {
    /// Takes the entries of a block apart, which reaches from `start` to the end.
    fn read_block(&mut self, start: usize, stream: &ClosedStream) -> Result<(), MatchingError> {
        let mut reader = Reader { bytes: &self.bytes, at: start };
        let base = Base {
            at: u64::from_le_bytes(reader.take()?),
            day: i32::from_le_bytes(reader.take()?),
            account: u16::from_le_bytes(reader.take()?),
        };
        while reader.at < reader.bytes.len() {
            let flags = u16::from_le_bytes(reader.take()?);
            let has = |flag| flags & flag != 0;
            let order_length = match (flags >> LENGTH_SHIFT) as u8 {
                0 => reader.take::<1>()?[0],
                length => length,
            };
            let order_at = reader.number(order_length, has(PACKED))?;
            let (refund_length, refund_at) = if has(HAS_REFUND_NO) {
                let length = reader.take::<1>()?[0];
                (length, reader.number(length, has(REFUND_NO_PACKED))?)
            } else {
                (0, 0)
            };
            let fen = reader.varint()? as i64;
            let at = (base.at as i64).wrapping_add(unzigzag(reader.varint()?)) as u64;
            let day = if has(OTHER_DAY) { base.day + unzigzag(reader.varint()?) as i32 } else { base.day };
            let account = if has(OTHER_ACCOUNT) { reader.varint()? as u16 } else { base.account };
            self.entries.push(Entry {
                at,
                fen,
                order_at,
                refund_at,
                day,
                account,
                source: stream.source,
                order_length,
                refund_length,
                order_packed: has(PACKED),
                refund_packed: has(REFUND_NO_PACKED),
                side: stream.side,
                kind: if has(REFUND) { Kind::Refund } else { Kind::Payment },
                state: match (flags >> STATE_SHIFT) & 3 {
                    0 => State::Done,
                    1 => State::UnderWay,
                    _ => State::Void,
                },
                near_cut: has(NEAR_CUT),
                fee_differs: has(FEE_DIFFERS),
                carried: has(CARRIED),
            });
        }
        Ok(())
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Reader<'_> {
    #[inline]
    fn take<const N: usize>(&mut self) -> Result<[u8; N], MatchingError> {
        let chunk = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<N>());
        self.at += N;
        chunk.copied().ok_or(MatchingError::Damaged)
    }

    #[inline]
    fn number(&mut self, length: u8, packed: bool) -> Result<u32, MatchingError> {
        let start = self.at;
        let length = usize::from(length);
        self.at += if packed { keys::packed_len(length) } else { length };
        if self.at > self.bytes.len() {
            return Err(MatchingError::Damaged);
        }
        u32::try_from(start).map_err(|_| MatchingError::Damaged)
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, MatchingError> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = *self.bytes.get(self.at).ok_or(MatchingError::Damaged)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f).wrapping_shl(shift);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(MatchingError::Damaged)
    }
}

/// Equality of short texts, without a call.
#[inline]
fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let ((words, rest), (other_words, other_rest)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    words.iter().zip(other_words).all(|(a, b)| u64::from_le_bytes(*a) == u64::from_le_bytes(*b))
        && rest.iter().zip(other_rest).all(|(a, b)| a == b)
}

#[inline]
fn put(block: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        block.push(value as u8 | 0x80);
        value >>= 7;
    }
    block.push(value as u8);
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// How much one thread may keep in memory before it writes away: a part of the whole that leaves room for the comparing.
pub(super) fn budget_of(rules: &Rules, threads: usize) -> usize {
    rules.memory_bytes.map_or(usize::MAX, |bytes| bytes / 2 / threads.max(1))
}
