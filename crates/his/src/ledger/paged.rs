//! The ledger that HIS gives page by page.

use super::tally::numbered;
use super::{Ledger, LedgerDay, LedgerError, TakeRow, Tally, Trouble, place_of};
use crate::{His, HisError, LedgerPage};
use async_trait::async_trait;
use mingfen_domain::BusinessDay;
use mingfen_domain::ids::HospitalId;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// No hospital has so many; a HIS that never says "that was the last page" does.
const MOST_PAGES: u32 = 100_000;

const SHOW: &str = "Show this to the HIS vendor";

/// A day over [`His::ledger_page`].
///
/// Pages are no snapshot. A row that HIS adds or takes away between two of them moves every later row: one comes twice, or,
/// worse, one is never seen. The first shows by its number. For the second, every page but the last is asked for once more
/// when the last one is there, and must be what it was. So a day of *n* pages costs 2*n* − 1 questions, and a day of one page one.
///
/// A number that comes twice is not passed on as a doubled booking: `row_no` names a row, so it is the same row told twice.
/// What HIS booked twice has two numbers.
pub struct PagedLedger {
    his: Arc<dyn His>,
}

impl PagedLedger {
    /// Asks this HIS.
    pub fn new(his: Arc<dyn His>) -> Self {
        Self { his }
    }

    async fn page(
        &self,
        hospital: &HospitalId,
        day: BusinessDay,
        number: u32,
    ) -> Result<LedgerPage, LedgerError> {
        let trouble = |problem: String, remedy: &str| Trouble::new(page_place(day, number), problem, remedy);
        let page = self.his.ledger_page(hospital, day, number).await.map_err(|error| {
            let said = error.to_string();
            match error {
                HisError::NoAnswer(_) => LedgerError::NotNow(trouble(
                    said,
                    "The day is incomplete: read it again later; if that does not help, show this to the HIS vendor",
                )),
                HisError::Unreadable(_) => LedgerError::Unreadable(trouble(said, SHOW)),
                HisError::Misconfigured(_) => LedgerError::Misconfigured(trouble(
                    said,
                    "Check the settings of [his] and the key that was agreed with HIS",
                )),
                HisError::Rejected { .. } => LedgerError::Misconfigured(trouble(
                    said,
                    "Ask the HIS vendor whether it has ledger/day; if not, read the ledger by a query or from a file (his.ledger.source)",
                )),
            }
        })?;
        if page.has_next && page.rows.is_empty() {
            let problem = "the page is empty and still announces another one".to_owned();
            return Err(LedgerError::Unreadable(trouble(problem, SHOW)));
        }
        let mut numbers = HashSet::new();
        for (index, row) in page.rows.iter().enumerate() {
            if !numbers.insert(&row.row_no) {
                let problem = "its row_no is on this page twice";
                let remedy = "Ask the HIS vendor to number the rows of a day";
                let place = numbered(&row_place(day, number, index), &row.row_no);
                return Err(LedgerError::Unreadable(Trouble::new(place, problem, remedy)));
            }
        }
        Ok(page)
    }
}

#[async_trait]
impl Ledger for PagedLedger {
    async fn read_day(
        &self,
        hospital: &HospitalId,
        day: BusinessDay,
        take: &mut TakeRow<'_>,
    ) -> Result<LedgerDay, LedgerError> {
        let keys = RandomState::new();
        let mut tally = Tally::new(day);
        let mut prints = Vec::new();
        for number in 1..=MOST_PAGES {
            let page = self.page(hospital, day, number).await?;
            if page.has_next {
                prints.push(keys.hash_one(&page.rows));
            }
            for (index, row) in page.rows.into_iter().enumerate() {
                let twice = |place| moved(place, "its row_no was on an earlier page already");
                tally.pass(row, || row_place(day, number, index), twice, take)?;
            }
            if !page.has_next {
                self.unchanged(hospital, day, &keys, &prints).await?;
                return Ok(tally.into_day());
            }
        }
        let problem = format!("it has more than {MOST_PAGES} pages");
        Err(LedgerError::Unreadable(Trouble::new(place_of(day), problem, SHOW)))
    }
}

impl PagedLedger {
    /// Asks for all pages but the last once more. `prints` are their fingerprints, from page 1.
    async fn unchanged(
        &self,
        hospital: &HospitalId,
        day: BusinessDay,
        keys: &RandomState,
        prints: &[u64],
    ) -> Result<(), LedgerError> {
        for (number, print) in (1..).zip(prints) {
            let page = self.page(hospital, day, number).await?;
            if !page.has_next || keys.hash_one(&page.rows) != *print {
                return Err(moved(page_place(day, number), "it is not what it was a moment ago"));
            }
        }
        Ok(())
    }
}

fn moved(place: String, problem: &str) -> LedgerError {
    let remedy = "The ledger changed while its pages were read: read the day again after HIS has closed it; \
                  if that does not help, HIS numbers its rows twice or gives its pages in no fixed order";
    LedgerError::NotNow(Trouble::new(place, problem, remedy))
}

fn page_place(day: BusinessDay, number: u32) -> String {
    format!("{}, page {number}", place_of(day))
}

fn row_place(day: BusinessDay, number: u32, index: usize) -> String {
    format!("{}, row {}", page_place(day, number), index + 1)
}
