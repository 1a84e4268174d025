//! What can be wrong with this hospital that the fault engine does not know of, scripted call by call.
//!
//! Time-outs, cut connections, slowness and statuses are rules of [`crate::faults`] under the names `his.<call>`,
//! such as `his.payments/confirm`. Here is the rest: a definite "no" and an answer that nobody can read.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// One way of failing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "trouble", rename_all = "snake_case", deny_unknown_fields)]
pub enum Trouble {
    /// 503, nothing done: the hospital's system is down.
    Down,
    /// A definite "no" with this code, nothing done.
    Refuse {
        /// A code from the contract, or one it never named.
        code: String,
    },
    /// Done, and answered 200 with something that is not JSON.
    Garbage,
    /// Done, and answered in GBK although the header says UTF-8.
    Gbk,
}

struct Scripted {
    trouble: Trouble,
    remaining: Option<u32>,
}

/// The troubles in force, by call (`payments/confirm`) or for every call (`*`).
#[derive(Default)]
pub(super) struct Troubles(HashMap<String, Scripted>);

impl Troubles {
    /// Sets a trouble for a number of calls, or until it is lifted.
    pub(super) fn set(&mut self, call: &str, trouble: Trouble, times: Option<u32>) {
        self.0.insert(call.to_owned(), Scripted { trouble, remaining: times });
    }

    /// Lifts the trouble of one call, or with `None` every trouble.
    pub(super) fn lift(&mut self, call: Option<&str>) {
        match call {
            Some(call) => drop(self.0.remove(call)),
            None => self.0.clear(),
        }
    }

    /// What this call meets, counted as met. A call's own trouble goes before the general one.
    pub(super) fn meet(&mut self, call: &str) -> Option<Trouble> {
        for name in [call, "*"] {
            let Some(scripted) = self.0.get_mut(name) else { continue };
            if let Some(left) = scripted.remaining.as_mut() {
                *left = left.saturating_sub(1);
            }
            let trouble = scripted.trouble.clone();
            if scripted.remaining == Some(0) {
                self.0.remove(name);
            }
            return Some(trouble);
        }
        None
    }

    /// What is in force now: call, trouble, how many calls it still meets.
    pub(super) fn in_force(&self) -> Vec<(String, Trouble, Option<u32>)> {
        let mut all: Vec<_> = self
            .0
            .iter()
            .map(|(call, scripted)| (call.clone(), scripted.trouble.clone(), scripted.remaining))
            .collect();
        all.sort_by(|one, other| one.0.cmp(&other.0));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counted_trouble_wears_off() {
        let mut troubles = Troubles::default();
        troubles.set("payments/confirm", Trouble::Down, Some(2));
        assert_eq!(troubles.meet("slips/list"), None);
        assert_eq!(troubles.meet("payments/confirm"), Some(Trouble::Down));
        assert_eq!(troubles.meet("payments/confirm"), Some(Trouble::Down));
        assert_eq!(troubles.meet("payments/confirm"), None);
        assert!(troubles.in_force().is_empty());
    }

    #[test]
    fn a_calls_own_trouble_goes_before_the_general_one() {
        let mut troubles = Troubles::default();
        troubles.set("*", Trouble::Down, None);
        troubles.set("payments/find", Trouble::Garbage, None);
        assert_eq!(troubles.meet("payments/find"), Some(Trouble::Garbage));
        assert_eq!(troubles.meet("slips/list"), Some(Trouble::Down));
        troubles.lift(None);
        assert_eq!(troubles.meet("payments/find"), None);
    }
}
