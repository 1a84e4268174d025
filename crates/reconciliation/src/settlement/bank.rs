//! Payouts against arrivals, one bank account at a time.

use super::{Check, wording};
use mingfen_domain::money::MoneyError;
use mingfen_domain::{BusinessDay, Fen};
use std::collections::{BTreeMap, BTreeSet};

/// Money on its way from a merchant account to the bank.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Payout {
    /// Where it goes.
    pub bank_account: String,
    /// The day on which it has to be there.
    pub due: BusinessDay,
    /// The merchant account that it comes from.
    pub account: String,
    /// The day of the books that paid it out.
    pub paid_out: BusinessDay,
    /// How much; negative when money came back, or when a day's refunds are more than its payments.
    pub amount: Fen,
}

/// What a bank account received from a provider, by the bank's own file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival {
    /// The day on which the bank booked it.
    pub day: BusinessDay,
    /// The merchant account, where the bank's file says it; otherwise empty.
    pub account: String,
    /// How much; negative when the bank took it back.
    pub amount: Fen,
}

/// What a bank says of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankFile {
    /// The bank account.
    pub bank_account: String,
    /// The last day that the file covers: what was due later is in transit.
    pub known_until: BusinessDay,
    /// What arrived since the last time, in any order.
    pub arrivals: Vec<Arrival>,
}

/// What became of a bank account's day. `carried` and `paid_out` together are `due` and `in_transit` together; `arrived` is `due` less
/// what is missing and with what was not expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankSettlement {
    /// The bank account.
    pub bank_account: String,
    /// The merchant accounts that pay into it.
    pub accounts: Vec<String>,
    /// What was still out before.
    pub carried: Fen,
    /// What was paid out today.
    pub paid_out: Fen,
    /// What should be there by now, or is there early.
    pub due: Fen,
    /// What arrived, where a file says.
    pub arrived: Option<Fen>,
    /// What need not be there yet, or what no file tells of.
    pub in_transit: Fen,
    /// What should be there and is not.
    pub missing: Vec<Payout>,
    /// What arrived and belongs to no payout.
    pub unexpected: Vec<Arrival>,
    /// How it came out.
    pub check: Check,
}

/// A merchant account's share of it.
pub(super) struct Share {
    pub due: Fen,
    pub in_transit: Fen,
    pub arrived: Option<Fen>,
    pub check: Check,
}

pub(super) struct Books {
    pub banks: Vec<BankSettlement>,
    pub still_out: Vec<Payout>,
    cleared: Vec<Payout>,
}

#[derive(Default)]
struct Heap {
    accounts: BTreeSet<String>,
    carried: Vec<Payout>,
    paid_out: Vec<Payout>,
    file: Option<BankFile>,
}

/// `homes` are the pairs of bank account and merchant account of today.
pub(super) fn settle<'a>(
    homes: impl Iterator<Item = (&'a str, &'a str)>,
    carried: Vec<Payout>,
    paid_out: Vec<Payout>,
    files: Vec<BankFile>,
) -> Result<Books, MoneyError> {
    let mut heaps: BTreeMap<String, Heap> = BTreeMap::new();
    for (bank_account, account) in homes {
        heaps.entry(bank_account.to_owned()).or_default().accounts.insert(account.to_owned());
    }
    for payout in carried {
        heaps.entry(payout.bank_account.clone()).or_default().carried.push(payout);
    }
    for payout in paid_out {
        heaps.entry(payout.bank_account.clone()).or_default().paid_out.push(payout);
    }
    for file in files {
        let heap = heaps.entry(file.bank_account.clone()).or_default();
        match &mut heap.file {
            None => heap.file = Some(file),
            Some(there) => {
                there.known_until = there.known_until.max(file.known_until);
                there.arrivals.extend(file.arrivals);
            }
        }
    }
    let mut books = Books { banks: Vec::new(), still_out: Vec::new(), cleared: Vec::new() };
    for (bank_account, heap) in heaps {
        books.add(bank_account, heap)?;
    }
    Ok(books)
}

impl Books {
    fn add(&mut self, bank_account: String, heap: Heap) -> Result<(), MoneyError> {
        let carried = sum(&heap.carried)?;
        let paid_out = sum(&heap.paid_out)?;
        let mut accounts = heap.accounts;
        let mut open: Vec<Payout> = heap.carried.into_iter().chain(heap.paid_out).collect();
        open.sort_unstable();
        accounts.extend(open.iter().map(|payout| payout.account.clone()));
        cancel(&mut open);
        let mut settlement = BankSettlement {
            bank_account,
            accounts: accounts.into_iter().collect(),
            carried,
            paid_out,
            due: Fen::ZERO,
            arrived: None,
            in_transit: Fen::ZERO,
            missing: Vec::new(),
            unexpected: Vec::new(),
            check: wording::no_bank_file(),
        };
        if let Some(mut file) = heap.file {
            file.arrivals.sort_unstable();
            settlement.arrived = Some(Fen::sum(file.arrivals.iter().map(|arrival| arrival.amount))?);
            let (mut named, mut unnamed): (Vec<_>, Vec<_>) =
                file.arrivals.into_iter().partition(|arrival| !arrival.account.is_empty());
            let mut cleared = Vec::new();
            for account in &settlement.accounts {
                let of_account = |payout: &Payout| payout.account == *account;
                let mut arrivals: Vec<Arrival> =
                    named.extract_if(.., |arrival| arrival.account == *account).collect();
                let mut payouts: Vec<Payout> = open.extract_if(.., |payout| of_account(payout)).collect();
                cleared.extend(clear(&mut payouts, &mut arrivals, file.known_until)?);
                open.extend(payouts);
                settlement.unexpected.extend(arrivals);
            }
            open.sort_unstable();
            cleared.extend(clear(&mut open, &mut unnamed, file.known_until)?);
            settlement.unexpected.extend(unnamed.into_iter().chain(named));
            settlement.unexpected.sort_unstable();
            settlement.missing =
                open.iter().filter(|payout| payout.due <= file.known_until).cloned().collect();
            settlement.due = sum(&cleared)?.plus(sum(&settlement.missing)?)?;
            self.cleared.extend(cleared);
        }
        settlement.in_transit = sum(&open)?.minus(sum(&settlement.missing)?)?;
        if let Some(arrived) = settlement.arrived {
            settlement.check = wording::bank(
                settlement.due,
                arrived,
                settlement.in_transit,
                &settlement.missing,
                &settlement.unexpected,
            )?;
        }
        self.still_out.extend(open);
        self.banks.push(settlement);
        Ok(())
    }

    /// A merchant account's share. What arrived for nobody in particular is its own when it is alone.
    pub fn of(&self, bank_account: &str, account: &str) -> Result<Share, MoneyError> {
        let mine = |payout: &&Payout| payout.bank_account == bank_account && payout.account == account;
        let cleared = Fen::sum(self.cleared.iter().filter(mine).map(|payout| payout.amount))?;
        let out = Fen::sum(self.still_out.iter().filter(mine).map(|payout| payout.amount))?;
        let Some(bank) = self.banks.iter().find(|bank| bank.bank_account == bank_account) else {
            return Ok(Share {
                due: Fen::ZERO,
                in_transit: out,
                arrived: None,
                check: wording::no_bank_file(),
            });
        };
        let missing: Vec<Payout> = bank.missing.iter().filter(mine).cloned().collect();
        let due = cleared.plus(sum(&missing)?)?;
        let in_transit = out.minus(sum(&missing)?)?;
        if bank.arrived.is_none() {
            return Ok(Share { due, in_transit, arrived: None, check: wording::no_bank_file() });
        }
        let alone = bank.accounts.len() == 1;
        let (own, others): (Vec<Arrival>, Vec<Arrival>) = bank
            .unexpected
            .iter()
            .cloned()
            .partition(|arrival| arrival.account == account || (alone && arrival.account.is_empty()));
        if !missing.is_empty() && others.iter().any(|arrival| arrival.account.is_empty()) {
            return Ok(Share {
                due,
                in_transit,
                arrived: None,
                check: wording::not_told_apart(bank_account),
            });
        }
        let arrived = Fen::sum(own.iter().map(|arrival| arrival.amount))?.plus(cleared)?;
        let check = wording::bank(due, arrived, in_transit, &missing, &own)?;
        Ok(Share { due, in_transit, arrived: Some(arrived), check })
    }
}

/// A payout that came back takes the one away that it was.
fn cancel(open: &mut Vec<Payout>) {
    while let Some((back, out)) = open.iter().enumerate().find_map(|(index, back)| {
        let was = |payout: &Payout| {
            payout.account == back.account
                && payout.amount.get().checked_add(back.amount.get()) == Some(0)
                && payout.paid_out <= back.paid_out
        };
        (back.amount < Fen::ZERO).then(|| open.iter().position(was)).flatten().map(|out| (index, out))
    }) {
        open.remove(back.max(out));
        open.remove(back.min(out));
    }
}

/// Takes away what settles each other, and answers the payouts among it: everything that is due by now when it is, altogether, what
/// arrived; otherwise one payout for one arrival of the same amount, the oldest first.
fn clear(
    open: &mut Vec<Payout>,
    arrivals: &mut Vec<Arrival>,
    known_until: BusinessDay,
) -> Result<Vec<Payout>, MoneyError> {
    let is_due = |payout: &Payout| payout.due <= known_until;
    let due = Fen::sum(open.iter().filter(|payout| is_due(payout)).map(|payout| payout.amount))?;
    let arrived = Fen::sum(arrivals.iter().map(|arrival| arrival.amount))?;
    if due == arrived && !arrivals.is_empty() {
        arrivals.clear();
        return Ok(open.extract_if(.., |payout| is_due(payout)).collect());
    }
    let mut cleared = Vec::new();
    arrivals.retain(|arrival| {
        let settles = |payout: &Payout| payout.amount == arrival.amount && payout.paid_out <= arrival.day;
        match open.iter().position(settles) {
            Some(place) => {
                cleared.push(open.remove(place));
                false
            }
            None => true,
        }
    });
    Ok(cleared)
}

fn sum(payouts: &[Payout]) -> Result<Fen, MoneyError> {
    Fen::sum(payouts.iter().map(|payout| payout.amount))
}
