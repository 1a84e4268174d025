//! What a shift comes to: by account and kind, against the journal, and what of it is not decided yet.

use crate::Gateway;
use crate::service::Trouble;
use crate::service::rules::rules_in_force_within;
use crate::service::staff::actor;
use mingfen_domain::Amount;
use mingfen_domain::Fen;
use mingfen_domain::ids::{BillNo, ChannelId, ShiftNo};
use mingfen_domain::receipts::Receipts;
use mingfen_domain::shift::TillBalance;
use mingfen_domain::window::Method;
use mingfen_store::{OpenItem, OpenKind, ShiftRecord, ShiftSum, Tx};
use sha2::{Digest, Sha256};

/// Missing receipt numbers that are looked for elsewhere.
const MOST_ASKED: usize = 300;

/// What is given back stands under this word in [`ShiftSum::group`].
pub const REFUND: &str = "refund";

/// A shift at this moment, or as it was closed.
#[derive(Clone, Debug)]
pub struct ShiftPicture {
    /// The shift.
    pub shift: ShiftRecord,
    /// By account and kind.
    pub sums: Vec<ShiftSum>,
    /// The journal says the same of every account.
    pub books_agree: bool,
    /// The receipt numbers of the payments that HIS has booked. What is missing among them is known from no payment of ours.
    pub receipts: Receipts,
    /// What its cashier had refunded through channels meanwhile: it is not this till's money.
    pub elsewhere: (i64, Fen),
    /// What is not decided, or was not when it was closed.
    pub open: Vec<OpenItem>,
    /// The till, once it was counted.
    pub balance: Option<TillBalance>,
    /// By how much it may be over or short for one person alone: now, or when it was closed.
    pub alone: Option<Fen>,
}

impl ShiftPicture {
    /// How many and how much, of these.
    fn sum(&self, wanted: impl Fn(&ShiftSum) -> bool) -> Result<(i64, Fen), Trouble> {
        let mut all = (0, Fen::ZERO);
        for sum in self.sums.iter().filter(|sum| wanted(sum)) {
            all = (all.0 + sum.number, all.1.plus(sum.fen)?);
        }
        Ok(all)
    }

    /// How many of its payments HIS has booked.
    pub fn booked(&self) -> i64 {
        i64::try_from(self.receipts.number).unwrap_or(i64::MAX)
    }

    /// What was taken in this way.
    ///
    /// # Errors
    /// [`Trouble::Money`].
    pub fn taken(&self, method: Method) -> Result<(i64, Fen), Trouble> {
        self.sum(|sum| sum.method == method && sum.group != REFUND)
    }

    /// What was given back in this way; positive.
    ///
    /// # Errors
    /// [`Trouble::Money`].
    pub fn back(&self, method: Method) -> Result<(i64, Fen), Trouble> {
        self.sum(|sum| sum.method == method && sum.group == REFUND)
    }

    /// What each account took less what it gave back, of those that take in this way, or of all.
    pub(super) fn net(&self, method: Option<Method>) -> Result<Vec<(ChannelId, Fen)>, Trouble> {
        let mut net: Vec<(ChannelId, Fen)> = Vec::new();
        for sum in self.sums.iter().filter(|sum| method.is_none_or(|method| sum.method == method)) {
            let fen = if sum.group == REFUND { sum.fen.negated()? } else { sum.fen };
            match net.iter_mut().find(|(channel, _)| *channel == sum.channel) {
                Some((_, there)) => *there = there.plus(fen)?,
                None => net.push((sum.channel.clone(), fen)),
            }
        }
        net.sort();
        Ok(net)
    }

    /// What nobody knows of: only a lead closes over it.
    pub fn unknown(&self) -> impl Iterator<Item = &OpenItem> {
        self.open.iter().filter(|item| item.unknown)
    }

    /// The till is over or short by more than one person may close over.
    pub fn needs_second(&self) -> bool {
        let apart = self.balance.map_or(Fen::ZERO, |balance| balance.difference);
        // The smallest number has no positive twin; no till is that short.
        self.alone.is_some_and(|alone| apart > alone || apart.negated().is_ok_and(|apart| apart > alone))
    }

    /// Whether somebody, a staff number, is neither who took the money nor who counted it: then they can be the second person.
    pub fn can_countersign(&self, staff_no: &str) -> bool {
        let counted = self.shift.counted.as_ref();
        self.shift.cashier != staff_no && counted.is_none_or(|(by, _)| *by != actor(staff_no))
    }

    /// What a closing is held against: whatever moves in the shift makes it another one.
    pub fn seen(&self) -> String {
        let mut parts = vec![
            self.shift.shift_no.to_string(),
            self.shift.version.to_string(),
            self.balance.map(|balance| balance.handed_in.get().to_string()).unwrap_or_default(),
            self.needs_second().to_string(),
        ];
        parts.extend(self.unknown().map(|item| format!("{} {}", item.kind.as_str(), item.number)));
        hex::encode(&Sha256::digest(parts.join("\n"))[..8])
    }
}

/// Reads a shift.
///
/// # Errors
/// [`Trouble`].
pub async fn shift_picture(gateway: &Gateway, shift_no: &ShiftNo) -> Result<Option<ShiftPicture>, Trouble> {
    let mut view = gateway.store.snapshot().await?;
    let picture = match view.shift(shift_no).await? {
        Some(shift) => Some(pictured(gateway, &mut view, shift).await?),
        None => None,
    };
    view.rollback().await?;
    Ok(picture)
}

/// The same within a transaction.
pub(super) async fn pictured(
    gateway: &Gateway,
    tx: &mut Tx,
    shift: ShiftRecord,
) -> Result<ShiftPicture, Trouble> {
    let who = actor(&shift.cashier);
    let until = shift.closing.as_ref().map_or_else(|| gateway.now().plus_ms(1), |closing| closing.at);
    let open = match &shift.closing {
        Some(closing) => parse_open(&closing.left_open),
        None => tx.shift_open_items(&shift.shift_no, &shift.cashier, &who, shift.opened_at).await?,
    };
    let alone = match &shift.closing {
        Some(closing) => closing.alone,
        None => Some(rules_in_force_within(gateway, tx).await?.rules.till_alone()),
    };
    let mut books = tx.shift_in_books(&shift.shift_no).await?;
    let mut receipts = Receipts::of(tx.shift_receipts(&shift.shift_no).await?.iter().map(String::as_str));
    // What a phone or another window got meanwhile is no question.
    let asked = receipts.missing.get(..MOST_ASKED).unwrap_or(&receipts.missing).to_vec();
    receipts.explain(&tx.known_receipts(&asked).await?);
    let mut picture = ShiftPicture {
        sums: tx.shift_sums(&shift.shift_no).await?,
        books_agree: false,
        receipts,
        elsewhere: tx.refunds_by_person(&who, shift.opened_at, until).await?,
        open,
        balance: None,
        alone,
        shift,
    };
    books.sort();
    let mut net = picture.net(None)?;
    for entries in [&mut books, &mut net] {
        entries.retain(|(_, fen)| *fen != Fen::ZERO);
    }
    picture.books_agree = books == net;
    if let Some(count) = picture.shift.state.count() {
        let (taken, back) = (picture.taken(Method::Cash)?.1, picture.back(Method::Cash)?.1);
        picture.balance = Some(TillBalance::of(picture.shift.float, taken, back, count.total())?);
    }
    Ok(picture)
}

/// What was undecided, as it is kept with a closed shift: a line each.
pub(super) fn print_open(open: &[OpenItem]) -> String {
    let line = |item: &OpenItem| {
        format!("{}\t{}\t{}\t{}", item.kind.as_str(), item.number, item.bill_no, item.amount.get())
    };
    open.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn parse_open(text: &str) -> Vec<OpenItem> {
    let line = |line: &str| {
        let mut parts = line.split('\t');
        let kind = OpenKind::parse(parts.next()?)?;
        Some(OpenItem {
            kind,
            number: parts.next()?.to_owned(),
            bill_no: BillNo::parse(parts.next()?).ok()?,
            amount: Amount::from_fen(parts.next()?.parse().ok()?).ok()?,
            unknown: kind.is_unknown(),
        })
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_open_is_read_as_it_was_written() {
        let item = |kind: OpenKind, fen| OpenItem {
            kind,
            number: "R26112400000000000000".into(),
            bill_no: BillNo::parse("B26112400000000000000").unwrap(),
            amount: Amount::from_fen(fen).unwrap(),
            unknown: kind.is_unknown(),
        };
        let open = vec![item(OpenKind::RefundUnderWay, 12_850), item(OpenKind::Unbooked, 1)];
        assert_eq!(parse_open(&print_open(&open)), open);
        assert_eq!(parse_open(""), []);
    }
}
