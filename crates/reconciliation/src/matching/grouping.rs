//! Everything that the sides say of one order number, decided at once.
//!
//! # How to read it
//! [`settle`] makes *cells*: entries that belong together, each entry in exactly one. First channel and HIS are put together
//! ([`put_together`]), payments and refunds apart, refunds by their number; then what is left meets what was cancelled; then what
//! cancels itself; then our own journal is laid beside the cells. Only at the end a cell gets its category.
//!
//! Channel and HIS are treated alike in every line: swapping them mirrors the categories and changes nothing else. A test holds
//! this file to that.

use super::Rules;
use super::carry::still_waits;
use crate::sides::{Kind, Side, State};
use mingfen_domain::Fen;
use mingfen_domain::difference::Category;

/// One entry, as far as its order's group needs to know it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    pub side: Side,
    pub kind: Kind,
    pub state: State,
    pub refund_no: &'a [u8],
    pub fen: i64,
    pub day: i32,
    pub near_cut: bool,
    /// Empty when the side does not say.
    pub account: &'a [u8],
    pub fee_differs: bool,
    pub carried: bool,
    pub insurance: Option<Fen>,
    pub deposit: Option<bool>,
}

/// What a cell is before it has a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Channel and HIS have the same money.
    Agreed,
    /// They have not the same money.
    Unequal,
    /// The same entry again on its side.
    Again,
    /// Nobody else has it.
    Alone,
    /// The same money, but one side says that it did not happen.
    Denied,
    /// It cancels itself.
    Netted,
}

struct Cell {
    shape: Shape,
    kind: Kind,
    members: Vec<usize>,
}

/// Decides a group. `items` are all entries of one order number in their canonical order; `is_ours` says whether the number has
/// our form. Calls `emit` with each category and the entries that share it, every entry once.
pub(super) fn settle(
    items: &[Item<'_>],
    is_ours: bool,
    rules: &Rules,
    emit: &mut dyn FnMut(Category, &[usize]),
) {
    let mut table = Table { items, cells: Vec::new() };
    let select = |side, kind, void: bool| {
        let is_void = |item: &Item<'_>| item.state == State::Void;
        (0..items.len())
            .filter(|&index| {
                let item = &items[index];
                item.side == side && item.kind == kind && is_void(item) == void
            })
            .collect::<Vec<usize>>()
    };
    table.put_together(
        Kind::Payment,
        select(Side::Channel, Kind::Payment, false),
        select(Side::His, Kind::Payment, false),
        true,
    );
    table.refunds(select(Side::Channel, Kind::Refund, false), select(Side::His, Kind::Refund, false));
    for kind in [Kind::Payment, Kind::Refund] {
        for side in [Side::Channel, Side::His] {
            table.meet_void(kind, side.mirrored(), select(side, kind, true));
        }
    }
    for side in [Side::Channel, Side::His] {
        table.net(side);
    }
    for kind in [Kind::Payment, Kind::Refund] {
        table.lay_beside(kind, select(Side::Gateway, kind, false), select(Side::Gateway, kind, true));
    }
    let foreign = !is_ours && items.iter().all(|item| item.side == Side::Channel);
    for cell in &table.cells {
        let category = if foreign { Category::Foreign } else { table.category(cell, rules) };
        emit(category, &cell.members);
    }
}

/// What two entries of the same amount do not have in common, the gravest first; then their places in the canonical order.
type Penalty = (bool, bool, bool, bool, usize);

struct Table<'a, 'i> {
    items: &'a [Item<'i>],
    cells: Vec<Cell>,
}

impl Table<'_, '_> {
    fn cell(&mut self, shape: Shape, kind: Kind, members: Vec<usize>) {
        self.cells.push(Cell { shape, kind, members });
    }

    fn sum(&self, members: &[usize]) -> i128 {
        members.iter().map(|&index| i128::from(self.items[index].fen)).sum()
    }

    fn side_sum(&self, members: &[usize], side: Side) -> Option<i128> {
        let mut of_side =
            members.iter().map(|&index| &self.items[index]).filter(|item| item.side == side).peekable();
        of_side.peek()?;
        Some(of_side.map(|item| i128::from(item.fen)).sum())
    }

    /// Entries of one order and kind (and refund number) that may belong together. `same_thing` says that an amount that comes
    /// again on a side is the same entry again; of refunds without a number nobody knows that.
    fn put_together(&mut self, kind: Kind, mut ours: Vec<usize>, mut theirs: Vec<usize>, same_thing: bool) {
        loop {
            if ours.is_empty() || theirs.is_empty() {
                for left in [ours, theirs] {
                    let left = if same_thing { self.set_aside_repeats(kind, left) } else { left };
                    left.into_iter().for_each(|index| self.cell(Shape::Alone, kind, vec![index]));
                }
                return;
            }
            let one_to_some = ours.len() == 1 || theirs.len() == 1;
            if one_to_some && self.sum(&ours) == self.sum(&theirs) {
                ours.append(&mut theirs);
                self.cell(Shape::Agreed, kind, ours);
                return;
            }
            if let Some((one, other)) = self.best_pair(&ours, &theirs, |_, _| true) {
                let fen = self.items[one].fen;
                self.cell(Shape::Agreed, kind, vec![one, other]);
                ours.retain(|&index| index != one);
                theirs.retain(|&index| index != other);
                if same_thing {
                    for list in [&mut ours, &mut theirs] {
                        let (again, rest) =
                            std::mem::take(list).into_iter().partition(|&index| self.items[index].fen == fen);
                        *list = rest;
                        let again: Vec<usize> = again;
                        again.into_iter().for_each(|index| self.cell(Shape::Again, kind, vec![index]));
                    }
                }
                continue;
            }
            if same_thing {
                ours = self.set_aside_repeats(kind, ours);
                theirs = self.set_aside_repeats(kind, theirs);
            }
            let shape = if self.sum(&ours) == self.sum(&theirs) { Shape::Agreed } else { Shape::Unequal };
            ours.append(&mut theirs);
            self.cell(shape, kind, ours);
            return;
        }
    }

    /// Keeps the first of each amount.
    fn set_aside_repeats(&mut self, kind: Kind, list: Vec<usize>) -> Vec<usize> {
        let mut kept: Vec<usize> = Vec::with_capacity(list.len());
        for index in list {
            if kept.iter().any(|&other| self.items[other].fen == self.items[index].fen) {
                self.cell(Shape::Again, kind, vec![index]);
            } else {
                kept.push(index);
            }
        }
        kept
    }

    /// The pair of equal amounts that agrees best in everything else; among equals the first in canonical order.
    fn best_pair(
        &self,
        ours: &[usize],
        theirs: &[usize],
        may: impl Fn(&Item<'_>, &Item<'_>) -> bool,
    ) -> Option<(usize, usize)> {
        let mut best = None::<(Penalty, (usize, usize))>;
        for (rank, &one) in ours.iter().enumerate() {
            for (other_rank, &other) in theirs.iter().enumerate() {
                let (a, b) = (&self.items[one], &self.items[other]);
                if a.fen != b.fen || !may(a, b) {
                    continue;
                }
                let penalty = (
                    accounts_differ(a, b),
                    a.state != b.state,
                    a.day != b.day,
                    a.fee_differs || b.fee_differs,
                    rank + other_rank,
                );
                if best.is_none_or(|(lowest, _)| penalty < lowest) {
                    best = Some((penalty, (one, other)));
                }
            }
        }
        best.map(|(_, pair)| pair)
    }

    /// Refunds by their number; those without one by their amount.
    fn refunds(&mut self, channel: Vec<usize>, his: Vec<usize>) {
        let items = self.items;
        let number = |index: usize| items[index].refund_no;
        let in_both = |index: &usize| {
            let wanted = number(*index);
            !wanted.is_empty()
                && [&channel, &his].iter().all(|list| list.iter().any(|&other| number(other) == wanted))
        };
        let mut numbers: Vec<&[u8]> =
            channel.iter().filter(|index| in_both(index)).map(|&index| number(index)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        for wanted in numbers {
            let of_number =
                |list: &[usize]| list.iter().copied().filter(|&index| number(index) == wanted).collect();
            self.put_together(Kind::Refund, of_number(&channel), of_number(&his), true);
        }
        let rest = |list: &[usize]| list.iter().copied().filter(|index| !in_both(index)).collect::<Vec<_>>();
        let (mut ours, mut theirs) = (rest(&channel), rest(&his));
        while let Some((one, other)) =
            self.best_pair(&ours, &theirs, |a, b| a.refund_no.is_empty() || b.refund_no.is_empty())
        {
            self.cell(Shape::Agreed, Kind::Refund, vec![one, other]);
            ours.retain(|&index| index != one);
            theirs.retain(|&index| index != other);
        }
        let unnumbered = |list: &[usize]| list.iter().all(|&index| number(index).is_empty());
        let comparable = !ours.is_empty() && !theirs.is_empty() && (unnumbered(&ours) || unnumbered(&theirs));
        if comparable && (ours.len() == 1 || theirs.len() == 1) {
            let equal = self.sum(&ours) == self.sum(&theirs);
            if equal || (ours.len() == 1 && theirs.len() == 1) {
                ours.append(&mut theirs);
                self.cell(if equal { Shape::Agreed } else { Shape::Unequal }, Kind::Refund, ours);
                return;
            }
        }
        for left in [ours, theirs] {
            let mut kept: Vec<usize> = Vec::new();
            for index in left {
                let again = kept.iter().any(|&other| {
                    !number(index).is_empty()
                        && number(other) == number(index)
                        && items[other].fen == items[index].fen
                });
                self.cell(if again { Shape::Again } else { Shape::Alone }, Kind::Refund, vec![index]);
                kept.push(index);
            }
        }
    }

    /// What one side cancelled and the other has is denied; what nobody else has moved no money.
    fn meet_void(&mut self, kind: Kind, other_side: Side, voids: Vec<usize>) {
        for void in voids {
            let items = self.items;
            let fits = |index: usize| {
                let (item, void) = (&items[index], &items[void]);
                item.side == other_side
                    && item.fen == void.fen
                    && (item.refund_no == void.refund_no
                        || item.refund_no.is_empty()
                        || void.refund_no.is_empty())
            };
            let met = self
                .cells
                .iter_mut()
                .find(|cell| cell.shape == Shape::Alone && cell.kind == kind && fits(cell.members[0]));
            match met {
                Some(cell) => {
                    cell.shape = Shape::Denied;
                    cell.members.push(void);
                }
                None => self.cell(Shape::Netted, kind, vec![void]),
            }
        }
    }

    /// Paid and given back on `side`, and the other one never heard of it.
    fn net(&mut self, side: Side) {
        let other_side_knows =
            self.items.iter().any(|item| item.side == side.mirrored() && item.state != State::Void);
        if other_side_knows {
            return;
        }
        let alone = |cell: &Cell, kind| {
            cell.shape == Shape::Alone && cell.kind == kind && self.items[cell.members[0]].side == side
        };
        let sum_of = |kind| {
            let cells = self.cells.iter().filter(|cell| alone(cell, kind));
            cells.map(|cell| self.sum(&cell.members)).sum::<i128>()
        };
        let (paid, refunded) = (sum_of(Kind::Payment), sum_of(Kind::Refund));
        if paid == 0 || paid != refunded {
            return;
        }
        let both = |cell: &Cell| alone(cell, Kind::Payment) || alone(cell, Kind::Refund);
        let members =
            self.cells.iter().filter(|cell| both(cell)).flat_map(|cell| cell.members.clone()).collect();
        let keep: Vec<bool> = self.cells.iter().map(|cell| !both(cell)).collect();
        let mut keep = keep.into_iter();
        self.cells.retain(|_| keep.next().unwrap_or(true));
        self.cell(Shape::Netted, Kind::Payment, members);
    }

    /// Lays our journal's entries of a kind beside the cells that they are about.
    fn lay_beside(&mut self, kind: Kind, live: Vec<usize>, void: Vec<usize>) {
        for &own in &live {
            self.join_parts(kind, own);
        }
        let mut free: Vec<usize> = live.into_iter().chain(void).collect();
        for exact in [true, false] {
            for index in 0..self.cells.len() {
                let cell = &self.cells[index];
                // A second look is only worth while where something agrees without us.
                let wants_one = match cell.shape {
                    Shape::Agreed => {
                        !cell.members.iter().any(|&member| self.items[member].side == Side::Gateway)
                    }
                    Shape::Unequal | Shape::Alone | Shape::Denied | Shape::Netted => exact,
                    Shape::Again => false,
                };
                if !wants_one {
                    continue;
                }
                let found: Vec<usize> = if cell.shape == Shape::Netted {
                    free.iter().copied().filter(|&own| self.is_about(own, cell, true)).collect()
                } else if exact {
                    self.share_of(&free, cell, kind)
                } else {
                    let mut about = free
                        .iter()
                        .copied()
                        .filter(|&own| cell.kind == kind && self.is_about(own, cell, false));
                    about.next().into_iter().collect()
                };
                free.retain(|own| !found.contains(own));
                self.cells[index].members.extend(found);
            }
        }
        for own in free {
            let shape = if self.items[own].state == State::Void { Shape::Netted } else { Shape::Alone };
            self.cell(shape, kind, vec![own]);
        }
    }

    /// What only one side has, in several rows of which our entry is the sum, is one thing: a bill that HIS booked by its slips.
    fn join_parts(&mut self, kind: Kind, own: usize) {
        for side in [Side::Channel, Side::His] {
            let is_part = |cell: &Cell| {
                cell.shape == Shape::Alone
                    && cell.kind == kind
                    && self.items[cell.members[0]].side == side
                    && self.is_about(own, cell, false)
            };
            let parts: Vec<usize> =
                (0..self.cells.len()).filter(|&index| is_part(&self.cells[index])).collect();
            let members: Vec<usize> =
                parts.iter().flat_map(|&index| self.cells[index].members.iter().copied()).collect();
            if parts.len() < 2 || self.sum(&members) != i128::from(self.items[own].fen) {
                continue;
            }
            for &index in parts.iter().skip(1).rev() {
                self.cells.remove(index);
            }
            self.cells[parts[0]].members = members;
        }
    }

    /// Our entries that make the cell's sum: one of that amount, or all those of its refund numbers.
    fn share_of(&self, free: &[usize], cell: &Cell, kind: Kind) -> Vec<usize> {
        if cell.kind != kind {
            return Vec::new();
        }
        let wanted = [Side::Channel, Side::His].map(|side| self.side_sum(&cell.members, side));
        let makes_it = |sum: i128| wanted.contains(&Some(sum));
        let live = |own: usize| self.items[own].state != State::Void;
        let about: Vec<usize> =
            free.iter().copied().filter(|&own| live(own) && self.is_about(own, cell, false)).collect();
        if let Some(&one) = about.iter().find(|&&own| makes_it(i128::from(self.items[own].fen))) {
            return vec![one];
        }
        if about.len() > 1 && makes_it(self.sum(&about)) { about } else { Vec::new() }
    }

    /// Whether our entry speaks of what the cell speaks of: its refund number, or no number on one of the sides.
    fn is_about(&self, own: usize, cell: &Cell, same_amount: bool) -> bool {
        let own = &self.items[own];
        cell.members.iter().map(|&member| &self.items[member]).any(|item| {
            item.kind == own.kind
                && item.side != Side::Gateway
                && (item.refund_no == own.refund_no || item.refund_no.is_empty() || own.refund_no.is_empty())
                && (!same_amount
                    || (item.fen == own.fen && (item.state == State::Void) == (own.state == State::Void)))
        })
    }

    fn category(&self, cell: &Cell, rules: &Rules) -> Category {
        let items = || cell.members.iter().map(|&index| &self.items[index]);
        let first = &self.items[cell.members[0]];
        match cell.shape {
            Shape::Netted => Category::MatchedNetted,
            Shape::Denied => Category::StatusMismatch,
            Shape::Again => match first.side {
                Side::Channel => Category::DuplicateInChannel,
                Side::Gateway => Category::GatewayOnly,
                Side::His => Category::DuplicateInHis,
            },
            Shape::Unequal => {
                let (channel, his) =
                    (self.side_sum(&cell.members, Side::Channel), self.side_sum(&cell.members, Side::His));
                if channel > his { Category::AmountOver } else { Category::AmountUnder }
            }
            Shape::Alone if items().all(|item| still_waits(item.day, item.near_cut, item.carried, rules)) => {
                Category::CrossDay
            }
            Shape::Alone => match (first.side, cell.kind) {
                (Side::Channel, Kind::Payment) => Category::ChannelOnly,
                (Side::Channel, Kind::Refund) => Category::RefundMissingInHis,
                (Side::His, Kind::Payment) => Category::HisOnly,
                (Side::His, Kind::Refund) => Category::RefundMissingInChannel,
                (Side::Gateway, _) => Category::GatewayOnly,
            },
            Shape::Agreed => self.category_of_agreed(cell, rules),
        }
    }

    /// The same money on both sides; what else is to be said. The gravest first.
    fn category_of_agreed(&self, cell: &Cell, rules: &Rules) -> Category {
        let items = || cell.members.iter().map(|&index| &self.items[index]);
        let outer = || items().filter(|item| item.side != Side::Gateway);
        if rules.three_sided {
            let own_live: Vec<usize> = (cell.members.iter().copied())
                .filter(|&index| {
                    self.items[index].side == Side::Gateway && self.items[index].state != State::Void
                })
                .collect();
            let agreed = self.side_sum(&cell.members, Side::Channel);
            if own_live.is_empty() || Some(self.sum(&own_live)) != agreed {
                return Category::GatewayDiffers;
            }
        }
        // A statement says "under way" of most refunds and never corrects it; of a payment it would mean that nothing was paid.
        let under_way = outer().filter(|item| item.state == State::UnderWay).count();
        if cell.kind == Kind::Payment && under_way != 0 && under_way != outer().count() {
            return Category::StatusMismatch;
        }
        if items().any(|one| items().any(|other| accounts_differ(one, other))) {
            return Category::WrongAccount;
        }
        if self.sides_differ(cell, |members| self.insurance(members)) {
            return Category::InsuranceComponentDiffers;
        }
        if self.sides_differ(cell, |members| self.deposit(members)) {
            return Category::DepositLineDiffers;
        }
        if items().any(|item| item.fee_differs) {
            return Category::FeeDifference;
        }
        if items().any(|item| item.carried) {
            return Category::MatchedLate;
        }
        if outer().any(|item| item.day != self.items[cell.members[0]].day) {
            return Category::CrossDay;
        }
        Category::Matched
    }
}

impl Table<'_, '_> {
    /// Whether two sides say different things of a cell. A side that says nothing agrees with everybody.
    fn sides_differ<T: PartialEq>(&self, cell: &Cell, says: impl Fn(&[usize]) -> Option<T>) -> bool {
        let said = Side::ALL.into_iter().filter_map(|side| {
            let live = |index: &usize| {
                let item = &self.items[*index];
                item.side == side && item.kind == cell.kind && item.state != State::Void
            };
            let members: Vec<usize> = cell.members.iter().copied().filter(live).collect();
            if members.is_empty() { None } else { says(&members) }
        });
        let mut said = said.peekable();
        let first = said.next();
        first.is_some_and(|first| said.any(|other| other != first))
    }

    /// What insurance bore of some entries of a side, where each of them says.
    fn insurance(&self, members: &[usize]) -> Option<i128> {
        members.iter().map(|&index| self.items[index].insurance.map(|part| i128::from(part.get()))).sum()
    }

    /// Whether some entries of a side are deposits, where all of them say the same.
    fn deposit(&self, members: &[usize]) -> Option<bool> {
        let mut said = members.iter().map(|&index| self.items[index].deposit);
        let first = said.next()??;
        said.all(|other| other == Some(first)).then_some(first)
    }
}

/// Two accounts that are both known and not the same.
fn accounts_differ(one: &Item<'_>, other: &Item<'_>) -> bool {
    !one.account.is_empty() && !other.account.is_empty() && one.account != other.account
}
