//! The matching: pure but for the temporary files that it may write its entries to.
//!
//! Lines come in through one [`Shelf`] a thread, in any order, from any number of sources. They are scattered by a keyed hash of
//! their order number over partitions; then each partition is compared by itself: entries of the same order number (bytes
//! compared) make a group, and `grouping.rs` decides the group. What comes out is sorted, so that neither row order, file order,
//! number of partitions or threads, nor the key of the hash changes a byte of it.
//!
//! No clock, no store, no provider's name for a thing. The design is in `docs/adr/0015-partitioned-matching.md`.

mod carry;
mod grouping;
mod keys;
mod partitions;
#[cfg(test)]
mod properties;
mod shapes;

pub use keys::HashKey;
pub use partitions::Shelf;

use crate::sides::{Kind, Place, Side, State};
use crate::threads;
use grouping::Item;
use keys::Scatter;
use mingfen_domain::Fen;
use mingfen_domain::difference::Category;
use mingfen_domain::money::MoneyError;
use partitions::{Accounts, Closed, Entry, Taken};
use shapes::{CARRIED, FEE_DIFFERS, INSURED, NEAR_CUT, Shape, Shapes};
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What a run is to be held to.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Our journal takes part. Without it channel and HIS are compared alone, and no gateway line may be fed.
    pub three_sided: bool,
    /// The day of the run, as [`crate::sides::day_number`]: says how long carried entries have waited.
    pub day: Option<i32>,
    /// A one-sided entry this close to its day's cut is waited for.
    pub near_cut_seconds: u32,
    /// So long before midnight the day of a channel ends: what is behind that is on its next statement, and waited for as well.
    pub ends_early_seconds: u32,
    /// Which order numbers are ours. A channel's line of another form that nobody else knows is set aside.
    pub own_numbers: OwnNumbers,
    /// Above this many bytes entries are written to temporary files; without it all stay in memory.
    pub memory_bytes: Option<usize>,
    /// Whether what was set aside is listed too, and not only counted.
    pub list_foreign: bool,
    /// More findings than this are no result but [`MatchingError::TooManyFindings`]: they are held in memory. Without it there may be
    /// any number.
    pub most_findings: Option<u64>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            three_sided: false,
            day: None,
            near_cut_seconds: 900,
            ends_early_seconds: 0,
            own_numbers: OwnNumbers::default(),
            memory_bytes: None,
            list_foreign: false,
            most_findings: None,
        }
    }
}

/// The form of our order numbers. By default every number is ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnNumbers {
    /// It begins with one of these; none means with anything.
    pub prefixes: Vec<Vec<u8>>,
    /// It has so many characters.
    pub length: Option<usize>,
}

impl OwnNumbers {
    fn include(&self, number: &[u8]) -> bool {
        (self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| number.starts_with(prefix)))
            && self.length.is_none_or(|length| length == number.len())
    }
}

/// Why the matching cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum MatchingError {
    /// An order number must be there and no number may be longer than [`crate::sides::MAX_NUMBER`].
    #[error("an order number is empty, or a number is longer than 128 bytes")]
    NumberLength,
    /// Both kinds have positive amounts.
    #[error("an amount is negative")]
    NegativeAmount,
    /// No source was opened.
    #[error("a line was fed before its source was opened")]
    NoSource,
    /// More merchant accounts than any hospital has: the wrong column.
    #[error("there are more than 65 000 merchant accounts; is the right column read?")]
    TooManyAccounts,
    /// A sum does not fit.
    #[error("a sum is out of range")]
    OutOfRange,
    /// A temporary file could not be written or read.
    #[error("a temporary file could not be used: {0}; is the disk full?")]
    Disk(std::io::Error),
    /// What was written away does not come back as it was.
    #[error("a temporary file was changed while it was in use")]
    Damaged,
    /// The sides have next to nothing in common, or the bound is too low.
    #[error("{0}")]
    TooManyFindings(TooManyFindings),
}

/// How little the sides have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooManyFindings {
    /// So many findings were allowed.
    pub most: u64,
    /// So many there are.
    pub found: u64,
    /// Of each side, in the order of [`Side::ALL`]: how many lines it has, and how many of these agree with the others.
    pub sides: [(u64, u64); 3],
}

impl fmt::Display for TooManyFindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [channel, gateway, his] = self.sides.map(|(lines, agree)| format!("{agree} of {lines} lines"));
        write!(
            f,
            "there are {} differences and at most {} are allowed: of the channels {channel} agree with the other sides, of our journal \
             {gateway}, of HIS {his}. A file or a ledger of another day or another hospital looks so, and so does a wrong column read as \
             the order number",
            self.found, self.most
        )
    }
}

/// Count and money of one side in one category.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines.
    pub lines: u64,
    /// Sum of payments.
    pub paid: Fen,
    /// Sum of refunds, positive.
    pub refunded: Fen,
}

/// How all lines of all sides were divided among the categories.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    tallies: [[Tally; 3]; Category::ALL.len()],
}

impl Summary {
    /// As it was kept.
    pub fn of_kept(tallies: impl IntoIterator<Item = (Category, Side, Tally)>) -> Self {
        let mut summary = Self::default();
        for (category, side, tally) in tallies {
            summary.tallies[category.index()][side as usize] = tally;
        }
        summary
    }

    /// One side in one category.
    pub fn of(&self, category: Category, side: Side) -> Tally {
        self.tallies[category.index()][side as usize]
    }

    /// Everything that a side has brought in.
    ///
    /// # Errors
    /// [`MatchingError::OutOfRange`].
    pub fn total(&self, side: Side) -> Result<Tally, MatchingError> {
        let mut total = Tally::default();
        for row in &self.tallies {
            total.add(&row[side as usize])?;
        }
        Ok(total)
    }

    /// Whether nobody has to act.
    pub fn is_settled(&self) -> bool {
        Category::ALL
            .into_iter()
            .filter(|category| !category.is_settled())
            .all(|category| Side::ALL.into_iter().all(|side| self.of(category, side).lines == 0))
    }

    fn add(&mut self, category: Category, side: Side, kind: Kind, fen: i64) -> Result<(), MatchingError> {
        self.tallies[category.index()][side as usize].count(kind, Fen::new(fen))
    }

    fn merge(&mut self, other: &Self) -> Result<(), MatchingError> {
        for (row, more) in self.tallies.iter_mut().zip(&other.tallies) {
            for (tally, more) in row.iter_mut().zip(more) {
                tally.add(more)?;
            }
        }
        Ok(())
    }
}

impl Tally {
    /// Payments less refunds.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn net(&self) -> Result<Fen, MoneyError> {
        self.paid.minus(self.refunded)
    }

    /// Counts one line.
    ///
    /// # Errors
    /// [`MatchingError::OutOfRange`].
    #[inline]
    pub fn count(&mut self, kind: Kind, amount: Fen) -> Result<(), MatchingError> {
        let sum = match kind {
            Kind::Payment => &mut self.paid,
            Kind::Refund => &mut self.refunded,
        };
        self.lines += 1;
        *sum = sum.plus(amount).map_err(|_| MatchingError::OutOfRange)?;
        Ok(())
    }

    /// Adds what was counted elsewhere.
    ///
    /// # Errors
    /// [`MatchingError::OutOfRange`].
    pub fn add(&mut self, more: &Self) -> Result<(), MatchingError> {
        self.lines += more.lines;
        self.paid = self.paid.plus(more.paid).map_err(|_| MatchingError::OutOfRange)?;
        self.refunded = self.refunded.plus(more.refunded).map_err(|_| MatchingError::OutOfRange)?;
        Ok(())
    }
}

/// One line in a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Whose books.
    pub side: Side,
    /// Money in or back.
    pub kind: Kind,
    /// Its refund number.
    pub refund_no: Box<[u8]>,
    /// How much.
    pub amount: Fen,
    /// Its day, as [`crate::sides::day_number`].
    pub day: i32,
    /// What became of it there.
    pub state: State,
    /// Its merchant account, empty when unknown.
    pub account: Box<[u8]>,
    /// It was left over by an earlier run.
    pub carried: bool,
    /// What insurance bore beside it, where the side says.
    pub insurance: Option<Fen>,
    /// Whether it is a deposit, where the side says.
    pub deposit: Option<bool>,
    /// Where its row is.
    pub place: Place,
}

/// Lines of one order that share a category which is not plainly [`Category::Matched`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What they turned out to be.
    pub category: Category,
    /// Their order number.
    pub order_no: Box<[u8]>,
    /// The lines, channel first.
    pub lines: Vec<Found>,
}

/// What a run found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// All lines, counted.
    pub summary: Summary,
    /// Everything that is not plainly matched, by category, then order number.
    pub findings: Vec<Finding>,
}

/// What a hash is used for: the highest bits say which partition and part, the lower ones which slot, and those between tell one from
/// another in a slot.
const PLACE_SHIFT: u32 = 48;
const TAG_SHIFT: u32 = 16;
/// More parts than this make no part smaller.
const MOST_BITS: u32 = 14;
/// So many are filled at the same time, where no bound of memory asks for more.
const PARTITIONS: u64 = 256;
/// What an entry takes while it is compared.
const ENTRY_BYTES: u64 = size_of::<Entry>() as u64;

/// A run: take a [`Shelf`] a thread, feed them, give them back.
pub struct Matching {
    rules: Rules,
    scatter: Scatter,
    /// Entries are scattered over so many while they are read,
    partitions: usize,
    /// and each of these over so many parts when it is compared.
    parts: usize,
    threads: usize,
    accounts: Accounts,
    shapes: Shapes,
}

impl Matching {
    /// A run with so many threads, for about so many lines of all sides together. Neither number changes the result.
    pub fn new(rules: Rules, key: HashKey, threads: usize, expected_lines: u64) -> Self {
        // About eight thousand entries are compared at a time: they fit into a core's own cache. While files are read, no more
        // partitions are filled at the same time than a core remembers the pages of.
        let all = (expected_lines / 8192).next_power_of_two().clamp(1, 1 << MOST_BITS);
        let (mut least, mut most) = (PARTITIONS, u64::MAX);
        if let Some(bytes) = rules.memory_bytes {
            let bytes = (bytes as u64).max(1);
            // A partition is taken apart as a whole; an eighth of the bound is for those that are.
            least = least.max(
                (expected_lines.saturating_mul(8 * ENTRY_BYTES * threads as u64) / bytes).next_power_of_two(),
            );
            // Blocks that are not full yet take room too; a bound leaves them a quarter.
            most = 1 << (bytes / 4 / (4 * threads.max(1) as u64 * 4096)).max(1).ilog2();
        }
        let partitions = all.min(least).min(most);
        Self {
            rules,
            scatter: key.for_scattering(),
            partitions: partitions as usize,
            parts: (all / partitions) as usize,
            threads: threads.max(1),
            accounts: Accounts::default(),
            shapes: Shapes::default(),
        }
    }

    /// The same with a given number of partitions and of parts of each, powers of two, for tests that prove that they do not matter.
    #[must_use]
    pub fn with_partitions(mut self, partitions: usize, parts: usize) -> Self {
        (self.partitions, self.parts) = (partitions.next_power_of_two(), parts.next_power_of_two());
        self
    }

    /// A place for one thread's lines.
    pub fn shelf(&self) -> Shelf<'_> {
        Shelf::new(self, partitions::budget_of(&self.rules, self.threads))
    }

    #[inline]
    fn partition_of(&self, hash: u64) -> usize {
        (hash >> PLACE_SHIFT) as usize & (self.partitions - 1)
    }

    /// Which part of its partition.
    #[inline]
    fn part_of(&self, hash: u64) -> usize {
        ((hash >> PLACE_SHIFT) as usize / self.partitions) & (self.parts - 1)
    }

    /// Compares everything.
    ///
    /// # Errors
    /// [`MatchingError`]: sums out of range, or trouble with the temporary files.
    pub fn settle(&self, shelves: Vec<Shelf<'_>>) -> Result<Outcome, MatchingError> {
        let closed: Vec<Closed> = shelves.into_iter().map(Shelf::close).collect();
        let names = self.accounts.names();
        let next = AtomicUsize::new(0);
        let found = AtomicU64::new(0);
        let work = || {
            let mut desk = Desk::new(self, &names, &found);
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= self.partitions {
                    return desk.close();
                }
                desk.taken.clear();
                for shelf in &closed {
                    shelf.take(number, &mut desk.taken)?;
                }
                for part in 0..self.parts {
                    desk.taken.turn_to(part);
                    desk.settle()?;
                }
            }
        };
        let parts: Vec<Result<Outcome, MatchingError>> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..self.threads).map(|_| scope.spawn(work)).collect();
            let mut parts = vec![work()];
            for other in others {
                parts.push(other.join().unwrap_or(Err(MatchingError::Damaged)));
            }
            parts
        });
        // The system takes a while to have so many pages back.
        threads::each(closed.into_iter(), drop);
        let mut outcome = Outcome::default();
        for part in parts {
            let mut part = part?;
            outcome.summary.merge(&part.summary)?;
            outcome.findings.append(&mut part.findings);
        }
        let found = found.into_inner();
        if let Some(most) = self.rules.most_findings.filter(|most| found > *most) {
            let agree = |side| outcome.summary.of(Category::Matched, side).lines;
            let mut sides = [(0, 0); 3];
            for (there, side) in sides.iter_mut().zip(Side::ALL) {
                *there = (outcome.summary.total(side)?.lines, agree(side));
            }
            return Err(MatchingError::TooManyFindings(TooManyFindings { most, found, sides }));
        }
        // What each thread has found is in order, so this only merges.
        outcome.findings.sort();
        Ok(outcome)
    }
}

/// Where one thread compares partitions, one after the other.
struct Desk<'m> {
    matching: &'m Matching,
    names: &'m [Box<[u8]>],
    taken: Taken<'m>,
    slots: Vec<Slot>,
    groups: Vec<Group>,
    next: Vec<u32>,
    last_shapes: (u32, u32),
    last_agree: bool,
    /// The entries of plain groups, by shape.
    matched: Vec<Matched>,
    /// Findings at all desks.
    found: &'m AtomicU64,
    outcome: Outcome,
}

/// How many entries of a shape agree, and how much money they are.
#[derive(Clone, Copy, Default)]
struct Matched {
    lines: u64,
    fen: i128,
}

impl Matched {
    #[inline]
    fn add(&mut self, fen: i64) {
        self.lines += 1;
        self.fen += i128::from(fen);
    }
}

/// Whether two entries of these shapes agree, when their money and their numbers do.
fn agree(a: &Shape, b: &Shape) -> bool {
    matches!((a.side(), b.side()), (Side::Channel, Side::His) | (Side::His, Side::Channel))
        && a.kind() == b.kind()
        && a.state() == State::Done
        && b.state() == State::Done
        && a.day() == b.day()
        && (a.account() == b.account() || a.account() == 0 || b.account() == 0)
        && !a.is(FEE_DIFFERS | CARRIED)
        && !b.is(FEE_DIFFERS | CARRIED)
        // What both say is compared at leisure.
        && !(a.is(INSURED) && b.is(INSURED))
        && a.deposit().is_none_or(|deposit| b.deposit().is_none_or(|other| deposit == other))
        && (a.kind() == Kind::Payment || a.refund_form() == b.refund_form())
}

#[derive(Clone, Copy)]
struct Slot {
    tag: u32,
    group: u32,
}

#[derive(Clone, Copy)]
struct Group {
    first: u32,
    last: u32,
    count: u32,
}

const NOBODY: u32 = u32::MAX;

impl<'m> Desk<'m> {
    fn new(matching: &'m Matching, names: &'m [Box<[u8]>], found: &'m AtomicU64) -> Self {
        let taken = Taken::new(matching);
        Self {
            matching,
            names,
            matched: vec![Matched::default(); taken.shapes().len()],
            taken,
            slots: Vec::new(),
            groups: Vec::new(),
            next: Vec::new(),
            last_shapes: (NOBODY, NOBODY),
            last_agree: false,
            found,
            outcome: Outcome::default(),
        }
    }

    /// What was found at this desk.
    fn close(mut self) -> Result<Outcome, MatchingError> {
        for (matched, shape) in self.matched.into_iter().zip(self.taken.shapes()) {
            let sum = i64::try_from(matched.fen).map_err(|_| MatchingError::OutOfRange)?;
            let sum = Fen::new(sum);
            let (paid, refunded) = match shape.kind() {
                Kind::Payment => (sum, Fen::ZERO),
                Kind::Refund => (Fen::ZERO, sum),
            };
            let tally = Tally { lines: matched.lines, paid, refunded };
            self.outcome.summary.tallies[Category::Matched.index()][shape.side() as usize].add(&tally)?;
        }
        self.outcome.findings.sort_unstable();
        Ok(self.outcome)
    }

    /// Compares the part that was turned to.
    fn settle(&mut self) -> Result<(), MatchingError> {
        self.group();
        for index in 0..self.groups.len() {
            let group = self.groups[index];
            if self.is_plain(group) {
                let mut index = group.first;
                while index != NOBODY {
                    let entry = &self.taken.entries[index as usize];
                    self.matched[entry.shape as usize].add(entry.fen);
                    index = self.next[index as usize];
                }
            } else {
                self.decide(group)?;
            }
        }
        Ok(())
    }

    /// Puts entries of the same order number into groups. The hash says where to look, the bytes decide.
    fn group(&mut self) {
        self.groups.clear();
        self.next.clear();
        let taken = &self.taken;
        // Mostly there are half as many numbers as entries; where there are as many, about a fifth of the slots stays free.
        let capacity = (taken.entries.len() * 5 / 4).next_power_of_two().max(16);
        self.slots.clear();
        self.slots.resize(capacity, Slot { tag: 0, group: NOBODY });
        self.next.resize(taken.entries.len(), NOBODY);
        for (index, entry) in taken.entries.iter().enumerate() {
            let hash = taken.scattered(entry);
            let tag = (hash >> TAG_SHIFT) as u32;
            let mut slot = hash as usize & (capacity - 1);
            loop {
                let there = self.slots[slot];
                if there.group == NOBODY {
                    self.slots[slot] = Slot { tag, group: self.groups.len() as u32 };
                    self.groups.push(Group { first: index as u32, last: index as u32, count: 1 });
                    break;
                }
                let group = &mut self.groups[there.group as usize];
                if there.tag == tag && taken.same_order(&taken.entries[group.first as usize], entry) {
                    self.next[group.last as usize] = index as u32;
                    group.last = index as u32;
                    group.count += 1;
                    break;
                }
                slot = (slot + 1) & (capacity - 1);
            }
        }
    }

    /// The plain cases, which `grouping.rs` would decide the same way: a payment or a refund that both sides have, or one of each.
    #[inline]
    fn is_plain(&mut self, group: Group) -> bool {
        let Group { first, last, count } = group;
        match count {
            2 => self.agree(first, last),
            4 => {
                let second = self.next[first as usize];
                let third = self.next[second as usize];
                let kind = |index: u32| self.taken.shape(&self.taken.entries[index as usize]).kind();
                let (other, rest) = match kind(first) {
                    of_first if of_first == kind(second) => (second, [third, last]),
                    of_first if of_first == kind(third) => (third, [second, last]),
                    _ => (last, [second, third]),
                };
                kind(rest[0]) != kind(first) && self.agree(first, other) && self.agree(rest[0], rest[1])
            }
            _ => false,
        }
    }

    /// One entry of the channel, one of HIS, equal in everything.
    #[inline]
    fn agree(&mut self, one: u32, other: u32) -> bool {
        let (one, other) = (&self.taken.entries[one as usize], &self.taken.entries[other as usize]);
        // A day has few shapes, so what was found of two of them is worth keeping.
        if self.last_shapes != (one.shape, other.shape) {
            self.last_shapes = (one.shape, other.shape);
            self.last_agree = self.shapes_agree(one, other);
        }
        self.last_agree && one.fen == other.fen && self.taken.same_refund(one, other)
    }

    #[inline(never)]
    fn shapes_agree(&self, one: &Entry, other: &Entry) -> bool {
        !self.matching.rules.three_sided && agree(self.taken.shape(one), self.taken.shape(other))
    }

    #[cold]
    fn decide(&mut self, group: Group) -> Result<(), MatchingError> {
        let Self { taken, names, matching, next, outcome, found: all, .. } = self;
        let most = matching.rules.most_findings.unwrap_or(u64::MAX);
        let mut members: Vec<&Entry> = Vec::with_capacity(group.count as usize);
        let mut index = group.first;
        while index != NOBODY {
            members.push(&taken.entries[index as usize]);
            index = next[index as usize];
        }
        let order_no = taken.order_text(members[0]).into_boxed_slice();
        let mut found: Vec<(Found, &Entry)> = members
            .into_iter()
            .map(|entry| {
                let shape = taken.shape(entry);
                let found = Found {
                    side: shape.side(),
                    kind: shape.kind(),
                    refund_no: taken.refund_text(entry).into_boxed_slice(),
                    amount: Fen::new(entry.fen),
                    day: shape.day(),
                    state: shape.state(),
                    account: names.get(usize::from(shape.account())).cloned().unwrap_or_default(),
                    carried: shape.is(CARRIED),
                    insurance: taken.insurance(entry).map(Fen::new),
                    deposit: shape.deposit(),
                    place: Place { source: shape.source(), at: entry.at },
                };
                (found, entry)
            })
            .collect();
        // The canonical order: what a line says comes before where it stands.
        found.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let items: Vec<Item<'_>> = found
            .iter()
            .map(|(found, entry)| Item {
                side: found.side,
                kind: found.kind,
                state: found.state,
                refund_no: &found.refund_no,
                fen: entry.fen,
                day: found.day,
                near_cut: taken.shape(entry).is(NEAR_CUT),
                account: &found.account,
                fee_differs: taken.shape(entry).is(FEE_DIFFERS),
                carried: found.carried,
                insurance: found.insurance,
                deposit: found.deposit,
            })
            .collect();
        let is_ours = matching.rules.own_numbers.include(&order_no);
        let mut result = Ok(());
        grouping::settle(&items, is_ours, &matching.rules, &mut |category, cell| {
            for &index in cell {
                let item = &items[index];
                let added = outcome.summary.add(category, item.side, item.kind, item.fen);
                if result.is_ok() {
                    result = added;
                }
            }
            let listed = match category {
                Category::Matched => false,
                Category::Foreign => matching.rules.list_foreign,
                _ => true,
            };
            // Beyond the bound they are counted and let go.
            if listed && all.fetch_add(1, Ordering::Relaxed) < most {
                let mut lines: Vec<Found> = cell.iter().map(|&index| found[index].0.clone()).collect();
                lines.sort_unstable();
                outcome.findings.push(Finding { category, order_no: order_no.clone(), lines });
            }
        });
        result
    }
}
