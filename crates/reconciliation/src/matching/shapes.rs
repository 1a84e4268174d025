//! What many entries have in common, said once: whose they are, their day, what became of them, how their numbers are kept.
//!
//! A day of a hospital has a handful of shapes, so an entry names its own in a byte. Which number a shape gets depends on who came
//! first, so nothing may depend on the number.

use super::MatchingError;
use super::keys::{HEAD, Kept, packed_len};
use crate::sides::{Kind, Line, Side, State};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How many bits of an order number may stand in its shape: six characters and two thirds, which many numbers begin with.
pub(super) const PREFIX_BITS: u32 = 40;
/// A number shorter than this is kept whole.
pub(super) const PREFIX_FROM: usize = 8;
/// Set in [`Shape::prefix`] when there is one.
const HAS_PREFIX: u64 = 1 << 63;
/// Different prefixes that a thread remembers. Numbers that begin with anything are kept whole.
const PREFIXES: usize = 4;

/// Three words, because every entry is compared with the shape of the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    prefix: u64,
    /// Day, account, source.
    whose: u64,
    /// Side, kind, state, the flags below, and the lengths of both numbers.
    form: u64,
}

const KIND_SHIFT: u32 = 2;
const STATE_SHIFT: u32 = 3;
/// It is so close to its day's cut that the other side may have it on the neighbouring day.
pub(super) const NEAR_CUT: u64 = 1 << 5;
/// The provider's fee is not what the contract says.
pub(super) const FEE_DIFFERS: u64 = 1 << 6;
/// An earlier run has left it over.
pub(super) const CARRIED: u64 = 1 << 7;
/// The order number is packed.
const ORDER_PACKED: u64 = 1 << 8;
/// The refund number is packed.
const REFUND_PACKED: u64 = 1 << 9;
/// Its side says whether it is a deposit, and it is one.
const DEPOSIT_KNOWN: u64 = 1 << 10;
const DEPOSIT: u64 = 1 << 11;
/// Its side says what insurance bore.
pub(super) const INSURED: u64 = 1 << 12;
const ORDER_LENGTH_SHIFT: u32 = 16;
const REFUND_LENGTH_SHIFT: u32 = 24;

impl Shape {
    /// Of a payment or refund with so long an order number, and no refund number.
    #[inline]
    pub fn new(side: Side, line: &Line<'_>, source: u16, account: u16, order: &Kept) -> Self {
        let flag = |flag, on| if on { flag } else { 0 };
        let day = u64::from(line.when.day.cast_unsigned());
        Self {
            prefix: 0,
            whose: day << 32 | u64::from(account) << 16 | u64::from(source),
            form: side as u64
                | (line.kind as u64) << KIND_SHIFT
                | (line.state as u64) << STATE_SHIFT
                | flag(FEE_DIFFERS, line.fee_differs)
                | flag(CARRIED, line.carried)
                | flag(ORDER_PACKED, order.packed)
                | (line.order_no.len() as u64) << ORDER_LENGTH_SHIFT,
        }
    }

    /// Equality without a call.
    #[inline]
    const fn is_same(&self, other: &Self) -> bool {
        (self.prefix ^ other.prefix) | (self.whose ^ other.whose) | (self.form ^ other.form) == 0
    }

    #[inline]
    pub fn set_near_cut(&mut self, near: bool) {
        self.form |= if near { NEAR_CUT } else { 0 };
    }

    /// What its side says beside the money.
    pub fn set_parts(&mut self, insured: bool, deposit: Option<bool>) {
        self.form |= if insured { INSURED } else { 0 }
            | match deposit {
                None => 0,
                Some(false) => DEPOSIT_KNOWN,
                Some(true) => DEPOSIT_KNOWN | DEPOSIT,
            };
    }

    /// Has a refund number too, of so many characters.
    #[inline]
    pub fn set_refund(&mut self, length: usize, packed: bool) {
        self.form |= (length as u64) << REFUND_LENGTH_SHIFT | if packed { REFUND_PACKED } else { 0 };
    }

    #[inline]
    pub const fn is(&self, flag: u64) -> bool {
        self.form & flag != 0
    }

    #[inline]
    pub const fn side(&self) -> Side {
        match self.form & 3 {
            0 => Side::Channel,
            1 => Side::Gateway,
            _ => Side::His,
        }
    }

    #[inline]
    pub const fn kind(&self) -> Kind {
        if self.form >> KIND_SHIFT & 1 == 0 { Kind::Payment } else { Kind::Refund }
    }

    #[inline]
    pub const fn state(&self) -> State {
        match self.form >> STATE_SHIFT & 3 {
            0 => State::Done,
            1 => State::UnderWay,
            _ => State::Void,
        }
    }

    #[inline]
    pub const fn day(&self) -> i32 {
        ((self.whose >> 32) as u32).cast_signed()
    }

    #[inline]
    pub const fn account(&self) -> u16 {
        (self.whose >> 16) as u16
    }

    pub const fn source(&self) -> u16 {
        self.whose as u16
    }

    /// Whether it is a deposit, where its side says.
    #[inline]
    pub const fn deposit(&self) -> Option<bool> {
        if self.is(DEPOSIT_KNOWN) { Some(self.is(DEPOSIT)) } else { None }
    }

    /// The first bits of the order number, when they are the shape's and not the entry's.
    #[inline]
    pub const fn prefix(&self) -> Option<u64> {
        if self.prefix & HAS_PREFIX == 0 { None } else { Some(self.prefix & !HAS_PREFIX) }
    }

    /// How long the order number is, and whether it is packed.
    #[inline]
    pub const fn order_form(&self) -> (usize, bool) {
        ((self.form >> ORDER_LENGTH_SHIFT) as u8 as usize, self.is(ORDER_PACKED))
    }

    /// How long the refund number is, and whether it is packed.
    #[inline]
    pub const fn refund_form(&self) -> (usize, bool) {
        ((self.form >> REFUND_LENGTH_SHIFT) as u8 as usize, self.is(REFUND_PACKED))
    }

    /// How many bytes of the order number are kept.
    #[inline]
    pub const fn order_kept(&self) -> usize {
        kept(self.order_form())
    }

    /// How many bytes of the refund number are kept.
    #[inline]
    pub const fn refund_kept(&self) -> usize {
        kept(self.refund_form())
    }

    /// How many bytes of the order number are kept behind its head.
    #[inline]
    pub const fn order_behind(&self) -> usize {
        self.order_kept().saturating_sub(HEAD)
    }
}

#[inline]
const fn kept((length, packed): (usize, bool)) -> usize {
    if packed { packed_len(length) } else { length }
}

/// All shapes of a run.
#[derive(Default)]
pub(super) struct Shapes(Mutex<Vec<Shape>>);

impl Shapes {
    fn number(&self, shape: &Shape) -> Result<u32, MatchingError> {
        let mut shapes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = shapes.iter().position(|known| known == shape).unwrap_or(shapes.len());
        if index == shapes.len() {
            shapes.push(*shape);
        }
        u32::try_from(index).map_err(|_| MatchingError::OutOfRange)
    }

    pub fn all(&self) -> Vec<Shape> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The shapes that a thread has already met.
#[derive(Default)]
pub(super) struct Known {
    prefixes: Vec<u64>,
    last_prefix: Option<u64>,
    /// The last one of payments, and of refunds.
    last: [Option<(Shape, u32)>; 2],
    numbers: HashMap<Shape, u32>,
}

impl Known {
    /// Moves the first bits of a number into its shape, when many numbers begin with them.
    #[inline]
    pub fn give_prefix(&mut self, shape: &mut Shape, order: &Kept) {
        if !order.packed || order.length < PREFIX_FROM {
            return;
        }
        let prefix = order.head as u64 & ((1 << PREFIX_BITS) - 1);
        if self.last_prefix == Some(prefix) || self.is_usual(prefix) {
            shape.prefix = prefix | HAS_PREFIX;
        }
    }

    #[inline(never)]
    fn is_usual(&mut self, prefix: u64) -> bool {
        if !self.prefixes.contains(&prefix) {
            if self.prefixes.len() == PREFIXES {
                return false;
            }
            self.prefixes.push(prefix);
        }
        self.last_prefix = Some(prefix);
        true
    }

    /// The number of a shape in `all`.
    #[inline]
    pub fn number(&mut self, shape: &Shape, all: &Shapes) -> Result<u32, MatchingError> {
        if let Some((last, number)) = &self.last[shape.kind() as usize]
            && last.is_same(shape)
        {
            return Ok(*number);
        }
        self.look_up(shape, all)
    }

    #[inline(never)]
    fn look_up(&mut self, shape: &Shape, all: &Shapes) -> Result<u32, MatchingError> {
        let number = match self.numbers.get(shape) {
            Some(number) => *number,
            None => {
                let number = all.number(shape)?;
                self.numbers.insert(*shape, number);
                number
            }
        };
        self.last[shape.kind() as usize] = Some((*shape, number));
        Ok(number)
    }
}
