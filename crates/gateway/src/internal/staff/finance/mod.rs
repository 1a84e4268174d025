//! Finance's screens. A handler reads what is asked for, calls one use case and renders; what things are called stands in `words`.

pub(in crate::internal) mod approvals;
pub(in crate::internal) mod day;
pub(in crate::internal) mod difference;
pub(in crate::internal) mod differences;
pub(in crate::internal) mod export;
pub(in crate::internal) mod home;
mod refused;
pub(in crate::internal) mod settlement;
pub(in crate::internal) mod upload;
mod words;

use crate::http::staff::{Staff, StaffFailure};
use crate::service::Trouble;
use mingfen_domain::access::Right;
use mingfen_domain::{BusinessDay, Fen};
use mingfen_pages::staff::Both;
use mingfen_pages::staff::finance::Choice;
use mingfen_store::StaffRecord;

/// Accounts that are looked at for names. A hospital has fewer.
const MOST_PEOPLE: i64 = 1000;

/// Who is who.
struct People(Vec<StaffRecord>);

impl People {
    async fn load(staff: &Staff) -> Result<Self, StaffFailure> {
        Ok(Self(staff.gateway.store.staff_list("", MOST_PEOPLE).await?))
    }

    /// Somebody by the number.
    fn by_number(&self, staff_no: &str) -> String {
        let there = self.0.iter().find(|person| person.staff_no == staff_no);
        there.map_or_else(|| staff_no.to_owned(), |person| format!("{}（{staff_no}）", person.name))
    }

    /// Whoever the records say did it.
    fn who(&self, actor: &str) -> Both {
        if actor == "gateway" {
            return Both::new("系统", "the gateway");
        }
        match actor.strip_prefix("staff:") {
            Some(staff_no) => Both::same(self.by_number(staff_no)),
            None => Both::same(actor),
        }
    }

    /// Those who may be given a difference; `chosen` is the one who has it.
    fn choices(&self, chosen: Option<&str>) -> Vec<Choice> {
        let works =
            |person: &&StaffRecord| person.active && Right::WorkOnDifferences.is_had_by(&person.roles);
        let nobody = Choice::new("", Both::new("无人", "nobody"), chosen.is_none());
        let people = self.0.iter().filter(works).map(|person| {
            let on = chosen == Some(person.staff_no.as_str());
            Choice::new(&person.staff_no, Both::same(self.by_number(&person.staff_no)), on)
        });
        std::iter::once(nobody).chain(people).collect()
    }
}

/// A day of the address.
fn day_of(text: &str) -> Result<BusinessDay, StaffFailure> {
    BusinessDay::parse(text).map_err(|_| StaffFailure::NotFound)
}

/// The day of a field, when it is one.
fn day_in(text: Option<&str>) -> Option<BusinessDay> {
    text.and_then(|text| BusinessDay::parse(text).ok())
}

fn today(staff: &Staff) -> BusinessDay {
    BusinessDay::of(staff.gateway.now())
}

fn before(day: BusinessDay) -> BusinessDay {
    BusinessDay::of(day.start().plus_ms(-1))
}

fn minus(one: Fen, other: Fen) -> Result<Fen, Trouble> {
    Ok(one.minus(other)?)
}

fn plus(one: Fen, other: Fen) -> Result<Fen, Trouble> {
    Ok(one.plus(other)?)
}
