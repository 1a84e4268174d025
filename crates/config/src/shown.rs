//! The settings as they are in force, fit to be looked at: secrets are hidden, each line says where it came from.

use crate::Draft;
use crate::sources::joined;
use toml::{Table, Value};

/// One setting in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownSetting {
    /// `his.base_url`.
    pub name: String,
    /// As TOML writes it, or what hides it.
    pub value: String,
    /// `default`, the file, or the environment variable.
    pub origin: String,
}

const HIDDEN: &str = "(hidden)";

impl Draft {
    /// All settings in force in the order of their names.
    pub fn shown(&self) -> Vec<ShownSetting> {
        let mut shown = Vec::new();
        self.collect(self.merged.root(), "", &mut shown);
        shown
    }

    fn collect(&self, table: &Table, path: &str, shown: &mut Vec<ShownSetting>) {
        for (key, value) in table {
            let name = joined(path, key);
            if let Value::Table(inner) = value {
                self.collect(inner, &name, shown);
                continue;
            }
            let value = if self.is_secret(&name, key) { without_secret(value) } else { value.to_string() };
            shown.push(ShownSetting { value, origin: self.merged.origin(&name), name });
        }
    }

    /// Settings of our own say so when they are read. A channel's belong to its adapter, so their names decide, and in doubt
    /// they are hidden.
    fn is_secret(&self, name: &str, key: &str) -> bool {
        let harmless_end = ["_file", "_id", "_mode", "_serial"].iter().any(|end| key.ends_with(end));
        let telling = ["secret", "key", "private", "password", "token", "certificate", "_cert"];
        let adapters_own = name.starts_with("channels.") || name.starts_with("api.keys.");
        self.secrets.iter().any(|secret| secret == name)
            || (adapters_own && !harmless_end && telling.iter().any(|word| key.contains(word)))
    }
}

/// An address keeps what is no secret about it: everything but what stands before the `@`.
fn without_secret(value: &Value) -> String {
    let Value::String(text) = value else { return HIDDEN.into() };
    match text.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((_, place)) => format!("\"{scheme}://{HIDDEN}@{place}\""),
            None => format!("{text:?}"),
        },
        None => HIDDEN.into(),
    }
}
