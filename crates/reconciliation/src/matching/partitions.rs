//! Where entries wait until all sides are read: small blocks, one partition a handful of orders, on disk when there are too many.
//!
//! An entry is about 18 bytes: its shape, how many bytes its fen and its place need, what its shape does not know of its numbers,
//! the fen, and how far its row is behind the row of the entry before it. A block stands for itself, so blocks can be written away
//! and read back in any order.

use super::carry::Cut;
use super::keys::{HEAD, Kept, Rest};
use super::shapes::{INSURED, Known, PREFIX_BITS, Shape};
use super::{MatchingError, Rules};
use crate::sides::{Kind, Line, MAX_NUMBER, Side};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, PoisonError};

/// A block begins with the number of its partition's block before it, and with its own length.
const BLOCK: usize = 4096;
const HEADER: usize = 8;
/// Blocks that are taken from the system at once: so many that it maps them by themselves, instead of making a heap longer, for which
/// the other threads would wait with every page. What is not written to takes no memory.
const CHUNK: usize = 1024;
/// No block.
const NONE: u32 = u32::MAX;
/// In front of the number of a shape that does not fit into a byte.
const WIDE: u8 = u8::MAX;
/// What insurance bore, where the shape says that it is there.
const PART: usize = 8;
/// What is written or read of an entry in one step: the number of its shape, a head, and two numbers. It may reach behind the entry.
const TOGETHER: usize = 40;
/// Where the last number can begin in that.
const LAST_NUMBER: usize = TOGETHER - 8;
/// What an entry needs at most beside the numbers of its order and its refund: its shape's number in the long form and the widths, what
/// insurance bore, and what is written in one step with the numbers at its end.
const MOST_BESIDE: usize = 6 + PART + TOGETHER;

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

/// The blocks of one thread.
#[derive(Default)]
struct Blocks {
    chunks: Vec<Box<[u8]>>,
    taken: u32,
}

impl Blocks {
    fn take(&mut self) -> u32 {
        let number = self.taken;
        self.taken += 1;
        if number as usize == self.chunks.len() * CHUNK {
            self.chunks.push(vec![0; CHUNK * BLOCK].into_boxed_slice());
        }
        number
    }

    #[inline]
    fn get(&self, number: u32) -> Option<&[u8; BLOCK]> {
        let number = number as usize;
        self.chunks.get(number / CHUNK)?.get(number % CHUNK * BLOCK..)?.first_chunk()
    }

    #[inline]
    fn get_mut(&mut self, number: u32) -> Option<&mut [u8; BLOCK]> {
        let number = number as usize;
        self.chunks.get_mut(number / CHUNK)?.get_mut(number % CHUNK * BLOCK..)?.first_chunk_mut()
    }
}

/// Where a thread's next entry of a partition goes.
#[derive(Clone, Copy)]
struct Partition {
    block: u32,
    used: u32,
    last_at: u64,
}

impl Partition {
    const EMPTY: Self = Self { block: NONE, used: BLOCK as u32, last_at: 0 };
}

/// Blocks of a partition that lie side by side on the disk.
#[derive(Clone, Copy)]
struct Away {
    offset: u64,
    length: u32,
}

/// Which source is being read.
struct Open {
    source: u16,
    side: Side,
    last_account: (Vec<u8>, u16),
}

/// One thread's entries, of any number of sources.
pub struct Shelf<'m> {
    matching: &'m super::Matching,
    open: Option<Open>,
    known: Known,
    cut: Cut,
    partitions: Vec<Partition>,
    blocks: Blocks,
    budget: u32,
    away: Option<File>,
    away_length: u64,
    away_of: Vec<Vec<Away>>,
    order_rest: Box<Rest>,
    refund_rest: Box<Rest>,
}

impl<'m> Shelf<'m> {
    pub(super) fn new(matching: &'m super::Matching, budget: usize) -> Self {
        Self {
            matching,
            open: None,
            known: Known::default(),
            cut: Cut::of(&matching.rules),
            partitions: vec![Partition::EMPTY; matching.partitions],
            blocks: Blocks::default(),
            budget: u32::try_from(budget / BLOCK).unwrap_or(NONE - 1),
            away: None,
            away_length: 0,
            away_of: Vec::new(),
            order_rest: Box::new([0; MAX_NUMBER + 8]),
            refund_rest: Box::new([0; MAX_NUMBER + 8]),
        }
    }

    /// Goes on with lines of this source.
    pub fn open(&mut self, source: u16, side: Side) {
        self.open = Some(Open { source, side, last_account: (Vec::new(), 0) });
    }

    /// Takes a line of the source that was opened last.
    ///
    /// # Errors
    /// A number that is empty or too long, a negative amount, a full disk.
    // Its line is made for it by the one who calls; taken over there, most of that is never written down.
    #[inline(always)]
    pub fn push(&mut self, line: &Line<'_>) -> Result<(), MatchingError> {
        let matching = self.matching;
        if line.order_no.is_empty() || line.order_no.len() > MAX_NUMBER || line.refund_no.len() > MAX_NUMBER {
            return Err(MatchingError::NumberLength);
        }
        let fen = u64::try_from(line.amount.get()).map_err(|_| MatchingError::NegativeAmount)?;
        let Some(open) = &mut self.open else { return Err(MatchingError::NoSource) };
        if !same(&open.last_account.0, line.account) {
            let number = if line.account.is_empty() { 0 } else { matching.accounts.number(line.account)? };
            open.last_account = (line.account.to_vec(), number);
        }
        let order = Kept::of(line.order_no, &mut self.order_rest);
        let hash = matching.scatter.scatter(order.head, &self.order_rest[..order.behind()]);
        let partition = matching.partition_of(hash);
        let mut shape = Shape::new(open.side, line, open.source, open.last_account.1, &order);
        shape.set_near_cut(self.cut.is_near(line.when));
        let mut insurance = None;
        if line.insurance.is_some() || line.deposit.is_some() {
            let part = line.insurance.map(|part| u64::try_from(part.get())).transpose();
            insurance = part.map_err(|_| MatchingError::NegativeAmount)?;
            shape.set_parts(insurance.is_some(), line.deposit);
        }
        let mut refund = None;
        if !line.refund_no.is_empty() {
            let kept = Kept::of(line.refund_no, &mut self.refund_rest);
            shape.set_refund(line.refund_no.len(), kept.packed);
            refund = Some(kept);
        }
        self.known.give_prefix(&mut shape, &order);
        let number = self.known.number(&shape, &matching.shapes)?;

        // A number is never kept longer than it is written.
        let most = (line.order_no.len() + line.refund_no.len() + MOST_BESIDE) as u32;
        if self.partitions[partition].used + most > BLOCK as u32 {
            self.begin_block(partition)?;
        }
        let partition = &mut self.partitions[partition];
        let block = self.blocks.get_mut(partition.block).ok_or(MatchingError::Damaged)?;
        let behind = line.at.wrapping_sub(partition.last_at);
        let (fen_bytes, behind_bytes) = (bytes_of(fen), bytes_of(behind));
        let mut writer = Writer { block, at: partition.used as usize };
        let mut entry = writer.together()?;
        entry[1] = (fen_bytes | behind_bytes << 4) as u8;
        if number < u32::from(WIDE) {
            entry[0] = number as u8;
        } else {
            entry[0] = WIDE;
            entry[2..6].copy_from_slice(&number.to_le_bytes());
            writer.at += 4;
            entry = writer.together()?;
        }
        let (head, head_bytes) = match shape.prefix() {
            Some(_) => (order.head >> PREFIX_BITS, order.length.min(HEAD) - PREFIX_BITS as usize / 8),
            None => (order.head, order.length.min(HEAD)),
        };
        entry[2..2 + HEAD].copy_from_slice(&head.to_le_bytes());
        // Where the numbers stand, which come last.
        let mut at = 2 + head_bytes;
        if order.behind() > 0 || refund.is_some() || insurance.is_some() {
            writer.at += at;
            writer.put(&self.order_rest[..order.behind()])?;
            if let Some(refund) = refund {
                writer.put(&refund.head.to_le_bytes()[..refund.length.min(HEAD)])?;
                writer.put(&self.refund_rest[..refund.behind()])?;
            }
            if let Some(insurance) = insurance {
                writer.put(&insurance.to_le_bytes())?;
            }
            at = 0;
            entry = writer.together()?;
        }
        put_number(entry, at, fen);
        put_number(entry, at + fen_bytes, behind);
        partition.used = (writer.at + at + fen_bytes + behind_bytes) as u32;
        partition.last_at = line.at;
        if self.blocks.taken > self.budget { self.put_away() } else { Ok(()) }
    }

    /// Gives a partition whose block is full a new one.
    #[cold]
    #[inline(never)]
    fn begin_block(&mut self, partition: usize) -> Result<(), MatchingError> {
        let begun = Partition { block: self.blocks.take(), used: HEADER as u32, last_at: 0 };
        let full = std::mem::replace(&mut self.partitions[partition], begun);
        let block = self.blocks.get_mut(begun.block).ok_or(MatchingError::Damaged)?;
        block[..4].copy_from_slice(&full.block.to_le_bytes());
        close(&mut self.blocks, full);
        Ok(())
    }

    /// Writes everything in memory to a temporary file that nobody else can open by name, a partition after the other.
    #[cold]
    fn put_away(&mut self) -> Result<(), MatchingError> {
        let file = match &mut self.away {
            Some(file) => file,
            none => none.insert(tempfile::tempfile().map_err(MatchingError::Disk)?),
        };
        self.away_of.resize_with(self.partitions.len(), Vec::new);
        let mut writer = std::io::BufWriter::with_capacity(1 << 18, file);
        for (partition, away) in self.partitions.iter_mut().zip(&mut self.away_of) {
            let last = std::mem::replace(partition, Partition::EMPTY);
            close(&mut self.blocks, last);
            let mut length = 0;
            let mut next = last.block;
            while let Some(block) = self.blocks.get(next) {
                let (before, used) = header(block);
                writer.write_all(&block[..used]).map_err(MatchingError::Disk)?;
                length += used as u32;
                next = before;
            }
            if length > 0 {
                away.push(Away { offset: self.away_length, length });
                self.away_length += u64::from(length);
            }
        }
        writer.flush().map_err(MatchingError::Disk)?;
        self.blocks.taken = 0;
        Ok(())
    }

    /// Turns the thread's entries into something that any thread can take partitions from.
    pub(super) fn close(mut self) -> Closed {
        let partitions: Vec<u32> = self.partitions.iter().map(|partition| partition.block).collect();
        for partition in self.partitions {
            close(&mut self.blocks, partition);
        }
        Closed { blocks: self.blocks, partitions, away: self.away.map(Mutex::new), away_of: self.away_of }
    }
}

/// Writes down how long a block has become.
fn close(blocks: &mut Blocks, partition: Partition) {
    if let Some(block) = blocks.get_mut(partition.block) {
        block[4..HEADER].copy_from_slice(&partition.used.to_le_bytes());
    }
}

/// The block before a block, and how long this one is.
fn header(block: &[u8; BLOCK]) -> (u32, usize) {
    let header = u64::from_le_bytes(*block.first_chunk().unwrap_or(&[0; HEADER]));
    (header as u32, (header >> 32) as usize)
}

struct Writer<'b> {
    block: &'b mut [u8; BLOCK],
    at: usize,
}

impl Writer<'_> {
    /// Where what stands together in an entry is written, whatever is behind it.
    #[inline]
    fn together(&mut self) -> Result<&mut [u8; TOGETHER], MatchingError> {
        self.block.get_mut(self.at..).and_then(|rest| rest.first_chunk_mut()).ok_or(MatchingError::Damaged)
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) -> Result<(), MatchingError> {
        let place = self.block.get_mut(self.at..self.at + bytes.len()).ok_or(MatchingError::Damaged)?;
        place.copy_from_slice(bytes);
        self.at += bytes.len();
        Ok(())
    }
}

/// Writes all eight bytes of a number, whether it needs them or not.
#[inline(always)]
fn put_number(entry: &mut [u8; TOGETHER], at: usize, number: u64) {
    if let Some(place) = entry.get_mut(at % LAST_NUMBER..).and_then(|rest| rest.first_chunk_mut()) {
        *place = number.to_le_bytes();
    }
}

/// How many bytes a number needs.
#[inline]
const fn bytes_of(value: u64) -> usize {
    (71 - value.leading_zeros()) as usize >> 3
}

pub(super) struct Closed {
    blocks: Blocks,
    /// The last block of each partition.
    partitions: Vec<u32>,
    away: Option<Mutex<File>>,
    away_of: Vec<Vec<Away>>,
}

/// An entry, taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    head: [u64; 2],
    pub at: u64,
    pub fen: i64,
    /// Where in [`Taken::rest`] stands what is kept behind the head of the order number, behind that the refund number, and behind
    /// that what insurance bore.
    rest_at: u32,
    pub shape: u32,
}

/// How the entries of a shape are taken apart.
struct Form {
    /// How many bytes of the order number's head stand in the entry, and which bits of what is read there.
    here: usize,
    mask: u128,
    prefix: Option<u64>,
    /// How many bytes of the order number are kept behind the head.
    order_behind: usize,
    /// With the refund number, which comes behind that.
    refund_behind: usize,
    /// With what insurance bore, which comes last.
    behind: usize,
}

impl Form {
    fn of(shape: &Shape) -> Self {
        let head = shape.order_kept().min(HEAD);
        let here = if shape.prefix().is_some() { head - PREFIX_BITS as usize / 8 } else { head };
        let mask = u128::MAX.checked_shr(8 * (HEAD - here) as u32).unwrap_or(0);
        let order_behind = shape.order_behind();
        let refund_behind = order_behind + shape.refund_kept();
        let behind = refund_behind + if shape.is(INSURED) { PART } else { 0 };
        Self { here, mask, prefix: shape.prefix(), order_behind, refund_behind, behind }
    }
}

/// All entries of one partition.
pub(super) struct Taken<'m> {
    matching: &'m super::Matching,
    shapes: Vec<Shape>,
    forms: Vec<Form>,
    /// Whether any order number reaches behind its head.
    are_long: bool,
    /// Those of the part that was turned to; all where there is but one.
    pub entries: Vec<Entry>,
    /// Those of every part, where there are several.
    parts: Vec<Vec<Entry>>,
    rest: Vec<u8>,
    read: Vec<u8>,
}

impl<'m> Taken<'m> {
    pub fn new(matching: &'m super::Matching) -> Self {
        let shapes = matching.shapes.all();
        let forms: Vec<Form> = shapes.iter().map(Form::of).collect();
        let are_long = forms.iter().any(|form| form.order_behind > 0);
        let parts = if matching.parts == 1 { Vec::new() } else { vec![Vec::new(); matching.parts] };
        Self {
            matching,
            shapes,
            forms,
            are_long,
            entries: Vec::new(),
            parts,
            rest: Vec::new(),
            read: Vec::new(),
        }
    }

    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    pub fn clear(&mut self) {
        self.entries.clear();
        self.parts.iter_mut().for_each(Vec::clear);
        self.rest.clear();
    }

    /// Makes the entries of a part the ones that are compared; each part once.
    pub fn turn_to(&mut self, part: usize) {
        if let Some(part) = self.parts.get_mut(part) {
            self.entries.clear();
            std::mem::swap(&mut self.entries, part);
        }
    }

    /// The hash of the order number.
    #[inline]
    pub fn scattered(&self, entry: &Entry) -> u64 {
        self.matching.scatter.scatter(Self::head(entry), self.order_behind(entry))
    }

    /// The head of the order number.
    #[inline]
    fn head(entry: &Entry) -> u128 {
        u128::from(entry.head[0]) | u128::from(entry.head[1]) << 64
    }

    #[inline]
    pub fn shape(&self, entry: &Entry) -> &Shape {
        &self.shapes[entry.shape as usize]
    }

    /// What is kept of the order number behind its head.
    #[inline]
    pub fn order_behind(&self, entry: &Entry) -> &[u8] {
        if !self.are_long {
            return &[];
        }
        let at = entry.rest_at as usize;
        &self.rest[at..at + self.forms[entry.shape as usize].order_behind]
    }

    fn refund(&self, entry: &Entry) -> &[u8] {
        let Form { order_behind, refund_behind, .. } = self.forms[entry.shape as usize];
        let at = entry.rest_at as usize;
        &self.rest[at + order_behind..at + refund_behind]
    }

    /// What insurance bore, where the side says.
    pub fn insurance(&self, entry: &Entry) -> Option<i64> {
        let Form { refund_behind, behind, .. } = self.forms[entry.shape as usize];
        let at = entry.rest_at as usize;
        let part = self.rest[at + refund_behind..at + behind].first_chunk()?;
        i64::try_from(u64::from_le_bytes(*part)).ok()
    }

    pub fn order_text(&self, entry: &Entry) -> Vec<u8> {
        let shape = self.shape(entry);
        let (length, packed) = shape.order_form();
        let kept = Kept { head: Self::head(entry), length: shape.order_kept(), packed };
        kept.text(self.order_behind(entry), length)
    }

    pub fn refund_text(&self, entry: &Entry) -> Vec<u8> {
        let shape = self.shape(entry);
        let (head, behind) = self.refund(entry).split_at(shape.refund_kept().min(HEAD));
        let mut bytes = [0; HEAD];
        bytes[..head.len()].copy_from_slice(head);
        let head = u128::from_le_bytes(bytes);
        let (length, packed) = shape.refund_form();
        Kept { head, length: shape.refund_kept(), packed }.text(behind, length)
    }

    /// Whether two entries have the same order number; as a text is always kept the same way, no need to unpack.
    #[inline]
    pub fn same_order(&self, one: &Entry, other: &Entry) -> bool {
        let is_of_one_form =
            || one.shape == other.shape || self.shape(one).order_form() == self.shape(other).order_form();
        let (behind, other_behind) = (self.order_behind(one), self.order_behind(other));
        one.head == other.head
            && is_of_one_form()
            && (behind.is_empty() && other_behind.is_empty() || behind == other_behind)
    }

    /// Whether two entries whose refund numbers are of the same form have the same one.
    #[inline]
    pub fn same_refund(&self, one: &Entry, other: &Entry) -> bool {
        self.shape(one).kind() == Kind::Payment || self.refund(one) == self.refund(other)
    }
}

impl Closed {
    /// Adds this thread's entries of a partition.
    pub fn take(&self, number: usize, into: &mut Taken<'_>) -> Result<(), MatchingError> {
        if let (Some(file), Some(away)) = (&self.away, self.away_of.get(number)) {
            let mut read = std::mem::take(&mut into.read);
            for away in away {
                let length = away.length as usize;
                // What may be read behind the last entry is there, whatever it is.
                read.resize(length + TOGETHER, 0);
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(away.offset)).map_err(MatchingError::Disk)?;
                file.read_exact(&mut read[..length]).map_err(MatchingError::Disk)?;
                drop(file);
                let mut at = 0;
                while at < length {
                    let header = read.get(at + 4..).and_then(|rest| rest.first_chunk());
                    let used = u32::from_le_bytes(*header.ok_or(MatchingError::Damaged)?) as usize;
                    let block = read.get(at..).filter(|rest| used >= HEADER && rest.len() >= used);
                    into.take_block(block.ok_or(MatchingError::Damaged)?, used)?;
                    at += used;
                }
            }
            into.read = read;
        }
        let mut next = self.partitions[number];
        while let Some(block) = self.blocks.get(next) {
            let (before, used) = header(block);
            into.take_block(block, used)?;
            next = before;
        }
        Ok(())
    }
}

impl Taken<'_> {
    /// Takes the entries of a block apart. Behind its `used` bytes there is something that may be read.
    fn take_block(&mut self, block: &[u8], used: usize) -> Result<(), MatchingError> {
        if self.parts.is_empty() {
            self.take_apart::<false>(block, used)
        } else {
            self.take_apart::<true>(block, used)
        }
    }

    fn take_apart<const IN_PARTS: bool>(&mut self, block: &[u8], used: usize) -> Result<(), MatchingError> {
        let mut reader = Reader { block, at: HEADER };
        let mut row = 0_u64;
        while reader.at < used {
            let mut entry = reader.together()?;
            let [number, widths, n0, n1, n2, n3, ..] = *entry;
            let mut number = u32::from(number);
            if number == u32::from(WIDE) {
                number = u32::from_le_bytes([n0, n1, n2, n3]);
                reader.at += 4;
                entry = reader.together()?;
            }
            let form = self.forms.get(number as usize).ok_or(MatchingError::Damaged)?;
            let head = entry[2..].first_chunk().copied().unwrap_or_default();
            let head = u128::from_le_bytes(head) & form.mask;
            let head = match form.prefix {
                Some(prefix) => head << PREFIX_BITS | u128::from(prefix),
                None => head,
            };
            let mut at = 2 + form.here;
            let rest_at = self.rest.len() as u32;
            if form.behind != 0 {
                let start = reader.at + at;
                let bytes = block.get(start..start + form.behind).ok_or(MatchingError::Damaged)?;
                self.rest.extend_from_slice(bytes);
                (reader.at, at) = (start + form.behind, 0);
                entry = reader.together()?;
            }
            let (fen_bytes, row_bytes) = (usize::from(widths & 15), usize::from(widths >> 4));
            let fen = number_at(entry, at, fen_bytes) as i64;
            row = row.wrapping_add(number_at(entry, at + fen_bytes, row_bytes));
            reader.at += at + fen_bytes + row_bytes;
            let entry =
                Entry { head: [head as u64, (head >> 64) as u64], at: row, fen, rest_at, shape: number };
            let entries = if IN_PARTS {
                let part = self.matching.part_of(self.scattered(&entry));
                self.parts.get_mut(part).ok_or(MatchingError::Damaged)?
            } else {
                &mut self.entries
            };
            entries.push(entry);
        }
        if reader.at == used { Ok(()) } else { Err(MatchingError::Damaged) }
    }
}

struct Reader<'b> {
    block: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    #[inline]
    fn together(&self) -> Result<&'b [u8; TOGETHER], MatchingError> {
        self.block.get(self.at..).and_then(|rest| rest.first_chunk()).ok_or(MatchingError::Damaged)
    }
}

/// A number of so many bytes of an entry. One that was written stands where it can be read; of any other it does not matter what is.
#[inline(always)]
fn number_at(entry: &[u8; TOGETHER], at: usize, bytes: usize) -> u64 {
    let there = entry[at % LAST_NUMBER..].first_chunk().copied().unwrap_or_default();
    u64::from_le_bytes(there) & MASKS[bytes & 15]
}

/// The lowest bytes of a number.
const MASKS: [u64; 16] = {
    let mut masks = [u64::MAX; 16];
    let mut bytes = 0;
    while bytes < 8 {
        masks[bytes] = (1 << (8 * bytes)) - 1;
        bytes += 1;
    }
    masks
};

/// Equality of short texts, without a call where they have eight to sixteen bytes, as accounts have, or none.
#[inline]
fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    match one.len() {
        0 => true,
        8..=16 => {
            one.first_chunk::<8>() == other.first_chunk() && one.last_chunk::<8>() == other.last_chunk()
        }
        _ => one == other,
    }
}

/// How much one thread may keep in memory before it writes away: a part of the whole that leaves room for the comparing.
pub(super) fn budget_of(rules: &Rules, threads: usize) -> usize {
    rules.memory_bytes.map_or(usize::MAX, |bytes| bytes / 2 / threads.max(1))
}
