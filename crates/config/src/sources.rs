//! Where settings come from: the embedded defaults, a file, the environment; the later one wins.

use crate::problem::{NOT_SET, Problem, Problems};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::{Table, Value};
use zeroize::{Zeroize, Zeroizing};

/// `config/default.toml`.
pub(crate) const DEFAULTS: &str = include_str!("../../../config/default.toml");
/// What an environment variable of ours begins with.
const PREFIX: &str = "MINGFEN__";

/// What to read. The environment is handed in, so that a test has one of its own.
#[derive(Clone, Default)]
pub struct Sources {
    /// The configuration file; `None`: defaults and environment alone.
    pub file: Option<PathBuf>,
    /// Environment variables; those that do not begin with `MINGFEN__` are ignored.
    pub environment: Vec<(String, String)>,
}

impl Sources {
    /// The file, if any, and this process's environment. Variables that are not Unicode cannot be ours.
    pub fn of_process(file: Option<PathBuf>) -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect();
        Self { file, environment }
    }
}

/// All sources merged, with the origin of each value.
pub(crate) struct Merged {
    root: Table,
    origins: BTreeMap<String, String>,
    base_dir: PathBuf,
}

impl std::fmt::Debug for Merged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Merged(hidden)")
    }
}

impl Drop for Merged {
    fn drop(&mut self) {
        wipe(&mut self.root);
    }
}

/// Overwrites every text in a table; secrets by value were among them.
pub(crate) fn wipe(table: &mut Table) {
    fn wipe_value(value: &mut Value) {
        match value {
            Value::String(text) => text.zeroize(),
            Value::Array(items) => items.iter_mut().for_each(wipe_value),
            Value::Table(table) => wipe(table),
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
        }
    }
    for (_, value) in table.iter_mut() {
        wipe_value(value);
    }
}

impl Merged {
    pub(crate) fn new(sources: &Sources) -> Result<Self, Problems> {
        let defaults = parse(DEFAULTS, "the embedded defaults")?;
        let mut merged = Self { root: Table::new(), origins: BTreeMap::new(), base_dir: PathBuf::from(".") };
        merged.lay_over(defaults, "default");
        if let Some(file) = &sources.file {
            let shown = file.display().to_string();
            let text = std::fs::read_to_string(file).map(Zeroizing::new).map_err(|error| {
                Problems::one(Problem {
                    setting: "--config".into(),
                    found: format!("{shown:?}"),
                    wanted: format!("a file that can be read is wanted: {error}"),
                    origin: "command line or MINGFEN_CONFIG".into(),
                })
            })?;
            merged.lay_over(parse(&text, &shown)?, &format!("in {shown}"));
            merged.base_dir = directory_of(file);
        }
        for (name, value) in &sources.environment {
            if let Some(path) = name.strip_prefix(PREFIX) {
                merged.set_from_environment(name, path, value);
            }
        }
        Ok(merged)
    }

    fn lay_over(&mut self, table: Table, origin: &str) {
        lay_over(&mut self.root, table, "", origin, &mut self.origins);
    }

    /// `MINGFEN__CHANNELS__WECHAT_MAIN__MCH_ID`: parts are lower-cased, and a part matches a key that is there with - for _.
    fn set_from_environment(&mut self, name: &str, path: &str, value: &str) {
        let parts: Vec<String> = path.split("__").map(str::to_ascii_lowercase).collect();
        let Some((last, sections)) = parts.split_last() else { return };
        let mut table = &mut self.root;
        let mut full = String::new();
        for part in sections {
            let key = spelling_in(table, part);
            full = joined(&full, &key);
            let entry = table.entry(key).or_insert_with(|| Value::Table(Table::new()));
            if !entry.is_table() {
                *entry = Value::Table(Table::new());
            }
            let Value::Table(inner) = entry else { return };
            table = inner;
        }
        let key = spelling_in(table, last);
        let value = like(table.get(&key), value);
        self.origins.insert(joined(&full, &key), format!("from {name}"));
        table.insert(key, value);
    }

    pub(crate) const fn root(&self) -> &Table {
        &self.root
    }

    pub(crate) fn base_dir(&self) -> &Path {
        &self.base_dir
    }

    /// A setting's text, when somebody set one.
    pub(crate) fn text(&self, setting: &str) -> Option<&str> {
        let mut parts = setting.split('.');
        let mut value = self.root.get(parts.next()?)?;
        for part in parts {
            value = value.as_table()?.get(part)?;
        }
        value.as_str()
    }

    /// Whether somebody set it, as opposed to a default.
    pub(crate) fn is_set(&self, setting: &str) -> bool {
        self.origins.get(setting).is_some_and(|origin| origin != "default")
    }

    /// Where a setting's value came from.
    pub(crate) fn origin(&self, setting: &str) -> String {
        self.origins.get(setting).cloned().unwrap_or_else(|| NOT_SET.to_owned())
    }
}

/// The key as it is already spelt in a table, for a part of an environment variable's name.
fn spelling_in(table: &Table, part: &str) -> String {
    let same = |key: &&String| key.to_ascii_lowercase().replace('-', "_") == part;
    table
        .keys()
        .find(|key| *key == part)
        .or_else(|| table.keys().find(same))
        .cloned()
        .unwrap_or_else(|| part.to_owned())
}

/// An environment variable's text in the type of the value that it replaces.
fn like(replaced: Option<&Value>, text: &str) -> Value {
    let converted = match replaced {
        Some(Value::Integer(_)) => text.parse().ok().map(Value::Integer),
        Some(Value::Boolean(_)) => text.parse().ok().map(Value::Boolean),
        Some(Value::Array(_)) => {
            Some(Value::Array(text.split(',').map(|item| Value::String(item.trim().to_owned())).collect()))
        }
        _ => None,
    };
    converted.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn lay_over(
    under: &mut Table,
    over: Table,
    path: &str,
    origin: &str,
    origins: &mut BTreeMap<String, String>,
) {
    for (key, value) in over {
        let full = joined(path, &key);
        match (under.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(value)) => {
                lay_over(inner, value, &full, origin, origins)
            }
            (_, Value::Table(value)) => {
                let mut inner = Table::new();
                lay_over(&mut inner, value, &full, origin, origins);
                under.insert(key, Value::Table(inner));
                origins.insert(full, origin.to_owned());
            }
            (_, value) => {
                under.insert(key, value);
                origins.insert(full, origin.to_owned());
            }
        }
    }
}

/// `his` and `secret` make `his.secret`; an empty part joins without a dot.
pub(crate) fn joined(path: &str, key: &str) -> String {
    match (path, key) {
        ("", alone) | (alone, "") => alone.to_owned(),
        (path, key) => format!("{path}.{key}"),
    }
}

fn directory_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

fn parse(text: &str, shown: &str) -> Result<Table, Problems> {
    text.parse().map_err(|error: toml::de::Error| {
        let line =
            error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        // The error's own text quotes the line, which may hold a secret.
        Problems::one(Problem {
            setting: "--config".into(),
            found: format!("{shown:?}"),
            wanted: format!("TOML is wanted; line {line}: {}", error.message()),
            origin: "command line or MINGFEN_CONFIG".into(),
        })
    })
}
