//! What is wrong with a setting, so that a person can put it right without reading code.

use std::fmt;

/// The origin of a setting that nobody set.
pub(crate) const NOT_SET: &str = "not set";

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The setting, as it is spelt in the file: `his.base_url`.
    pub setting: String,
    /// What it looks like; never a secret.
    pub found: String,
    /// What is wanted instead.
    pub wanted: String,
    /// Where the value came from.
    pub origin: String,
}

impl Problem {
    /// A problem in somebody else's words.
    pub(crate) fn said(setting: &str, problem: &str, origin: String) -> Self {
        Self { setting: setting.to_owned(), found: String::new(), wanted: problem.to_owned(), origin }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.setting)?;
        if !self.found.is_empty() {
            write!(f, " is {}", self.found)?;
        }
        if self.origin != NOT_SET {
            write!(f, " ({})", self.origin)?;
        }
        write!(f, "\n    {}", self.wanted)
    }
}

/// Everything that is wrong, at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// One problem alone.
    pub fn one(problem: Problem) -> Self {
        Self(vec![problem])
    }

    pub(crate) const fn none() -> Self {
        Self(Vec::new())
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is wrong.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    pub(crate) fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = if self.0.len() == 1 { "setting needs" } else { "settings need" };
        write!(f, "{} {settings} attention:", self.0.len())?;
        for problem in &self.0 {
            write!(f, "\n\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
