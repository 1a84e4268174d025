//! How a section asks for its values. A value that is wrong is noted and replaced by a harmless one, so that reading goes on
//! and everything wrong is found in one pass; nobody sees the replacement, because [`crate::Draft::finish`] refuses.

use crate::problem::{Problem, Problems};
use crate::secret::Secret;
use crate::sources::{Merged, joined};
use crate::{duration, suggest};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use toml::{Table, Value};
use url::{Host, Url};

/// One pass over all sections.
pub(crate) struct Reading<'a> {
    merged: &'a Merged,
    problems: Problems,
    secrets: Vec<String>,
    known: Vec<String>,
    sections: Vec<&'static str>,
}

/// What a pass found.
pub(crate) struct Read {
    pub(crate) problems: Problems,
    pub(crate) secrets: Vec<String>,
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the test that compares settings with their documentation asks")
    )]
    pub(crate) known: Vec<String>,
}

impl<'a> Reading<'a> {
    pub(crate) const fn new(merged: &'a Merged) -> Self {
        Self {
            merged,
            problems: Problems::none(),
            secrets: Vec::new(),
            known: Vec::new(),
            sections: Vec::new(),
        }
    }

    /// A top-level section; [`Section::end`] refuses its unknown keys.
    pub(crate) fn section(&mut self, name: &'static str) -> Section<'_, 'a> {
        self.sections.push(name);
        let table = self.merged.root().get(name).and_then(Value::as_table);
        if table.is_none() && self.merged.root().contains_key(name) {
            self.wrong(name, "a single value".into(), format!("a section is wanted: [{name}]"));
        }
        Section {
            path: name.to_owned(),
            documented: name.to_owned(),
            table,
            asked: Vec::new(),
            reading: self,
        }
    }

    /// A table with a name of ours inside of a section, such as `[his.ledger]`. The section itself says that it
    /// [`Section::expects`] it.
    pub(crate) fn inner(&mut self, section: &'static str, name: &'static str) -> Section<'_, 'a> {
        let path = joined(section, name);
        let value =
            self.merged.root().get(section).and_then(Value::as_table).and_then(|table| table.get(name));
        let table = value.and_then(Value::as_table);
        if table.is_none() && value.is_some() {
            self.wrong(&path, "a single value".into(), format!("a table is wanted: [{path}]"));
        }
        Section { documented: path.clone(), path, table, asked: Vec::new(), reading: self }
    }

    /// The named tables below a section, such as `[channels.<id>]`, in the order of their names.
    pub(crate) fn named(
        &mut self,
        section: &'static str,
        below: Option<&'static str>,
    ) -> Vec<(String, Table)> {
        if !self.sections.contains(&section) {
            self.sections.push(section);
        }
        let path = below.map_or_else(|| section.to_owned(), |below| joined(section, below));
        let top = self.merged.root().get(section).and_then(Value::as_table);
        let holder = match below {
            Some(below) => top.and_then(|table| table.get(below)),
            None => self.merged.root().get(section),
        };
        let Some(holder) = holder else { return Vec::new() };
        let Some(holder) = holder.as_table() else {
            self.wrong(&path, "a single value".into(), format!("tables are wanted: [{path}.<id>]"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (id, value) in holder {
            match value.as_table() {
                Some(table) => tables.push((id.clone(), table.clone())),
                None => self.wrong(
                    &joined(&path, id),
                    "a single value".into(),
                    format!("a table is wanted: [{path}.{id}]"),
                ),
            }
        }
        tables
    }

    /// One of the tables of [`Reading::named`].
    pub(crate) fn named_section(
        &mut self,
        section: &'static str,
        below: Option<&str>,
        id: &str,
    ) -> Section<'_, 'a> {
        let path = below.map_or_else(|| section.to_owned(), |below| joined(section, below));
        let mut table = self.merged.root().get(section).and_then(Value::as_table);
        if let Some(below) = below {
            table = table.and_then(|table| table.get(below)).and_then(Value::as_table);
        }
        let table = table.and_then(|table| table.get(id)).and_then(Value::as_table);
        Section {
            documented: joined(&path, "<id>"),
            path: joined(&path, id),
            table,
            asked: Vec::new(),
            reading: self,
        }
    }

    pub(crate) fn refuse_unknown_sections(&mut self) {
        let unknown: Vec<String> =
            self.merged.root().keys().filter(|key| !self.sections.contains(&key.as_str())).cloned().collect();
        for key in unknown {
            let meant = suggest::nearest(&key, self.sections.iter().copied());
            let hint = meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
            let wanted =
                format!("there is no such section{hint} The sections are {}", self.sections.join(", "));
            self.wrong(&key, String::new(), wanted);
        }
    }

    pub(crate) fn wrong(&mut self, setting: &str, found: String, wanted: String) {
        let origin = self.merged.origin(setting);
        self.problems.push(Problem { setting: setting.to_owned(), found, wanted, origin });
    }

    pub(crate) fn done(self) -> Read {
        Read { problems: self.problems, secrets: self.secrets, known: self.known }
    }
}

/// One section while it is read.
pub(crate) struct Section<'r, 'a> {
    path: String,
    documented: String,
    table: Option<&'a Table>,
    asked: Vec<&'static str>,
    reading: &'r mut Reading<'a>,
}

impl Section<'_, '_> {
    fn value(&mut self, key: &'static str) -> Option<Value> {
        self.asked.push(key);
        let known = joined(&self.documented, key);
        if !self.reading.known.contains(&known) {
            self.reading.known.push(known);
        }
        self.table.and_then(|table| table.get(key)).cloned()
    }

    /// Notes what is wrong with a key of this section.
    pub(crate) fn wrong(&mut self, key: &str, found: impl Into<String>, wanted: impl Into<String>) {
        let setting = joined(&self.path, key);
        self.reading.wrong(&setting, found.into(), wanted.into());
    }

    /// Text; `None` when it is not set. An empty text counts as not set: the environment cannot say it otherwise.
    pub(crate) fn optional_text(&mut self, key: &'static str) -> Option<String> {
        match self.value(key)? {
            Value::String(text) if text.trim().is_empty() => None,
            Value::String(text) => Some(text),
            other => {
                self.wrong(key, shown(&other), "text in quotes is wanted");
                None
            }
        }
    }

    /// Text that must be there; `wanted` says what it is for.
    pub(crate) fn text(&mut self, key: &'static str, wanted: &str) -> String {
        let before = self.reading.problems.len();
        let text = self.optional_text(key);
        if text.is_none() && self.reading.problems.len() == before {
            self.wrong(key, "not set", format!("{wanted} is wanted"));
        }
        text.unwrap_or_default()
    }

    /// Text that another crate's type accepts.
    pub(crate) fn parsed<T, E: std::fmt::Display>(
        &mut self,
        key: &'static str,
        wanted: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(key, wanted);
        if text.is_empty() {
            return None;
        }
        parse(&text).map_err(|error| self.wrong(key, format!("{text:?}"), error.to_string())).ok()
    }

    /// A duration of at least one second.
    pub(crate) fn duration(&mut self, key: &'static str) -> Duration {
        let text = self.text(key, duration::FORM);
        match duration::parse(&text) {
            Some(duration) if duration >= Duration::from_secs(1) => duration,
            Some(_) => {
                self.wrong(key, format!("{text:?}"), "at least 1s is wanted");
                Duration::from_secs(1)
            }
            None if text.is_empty() => Duration::from_secs(1),
            None => {
                self.wrong(key, format!("{text:?}"), format!("{} is wanted", duration::FORM));
                Duration::from_secs(1)
            }
        }
    }

    /// A whole number within bounds.
    pub(crate) fn number(&mut self, key: &'static str, least: i64, most: i64) -> i64 {
        let value = self.value(key);
        let number = match &value {
            Some(Value::Integer(number)) => Some(*number),
            // The environment knows only text.
            Some(Value::String(text)) => text.trim().parse().ok(),
            _ => None,
        };
        match number {
            Some(number) if (least..=most).contains(&number) => number,
            _ => {
                let found = value.as_ref().map_or_else(|| "not set".to_owned(), shown);
                self.wrong(key, found, format!("a whole number from {least} to {most} is wanted"));
                least
            }
        }
    }

    /// A whole number within bounds that a named table may leave out.
    pub(crate) fn number_or(&mut self, key: &'static str, otherwise: i64, least: i64, most: i64) -> i64 {
        match self.value(key) {
            None => otherwise,
            Some(_) => self.number(key, least, most),
        }
    }

    /// Yes or no.
    pub(crate) fn flag(&mut self, key: &'static str) -> bool {
        match self.value(key) {
            Some(Value::Boolean(flag)) => flag,
            other => {
                let found = other.as_ref().map_or_else(|| "not set".to_owned(), shown);
                self.wrong(key, found, "true or false is wanted");
                false
            }
        }
    }

    /// Address and port to listen at.
    pub(crate) fn address(&mut self, key: &'static str) -> SocketAddr {
        self.parsed(key, "an address and a port such as 127.0.0.1:8080", |text| {
            text.parse().map_err(|_| "an address and a port are wanted, such as 127.0.0.1:8080 or [::]:8080")
        })
        .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// An address of a service; plain `http` only towards loopback. `None` when it is not set or wrong.
    pub(crate) fn optional_url(&mut self, key: &'static str) -> Option<Url> {
        let text = self.optional_text(key)?;
        match safe_url(&text) {
            Ok(url) => Some(url),
            Err(wanted) => {
                self.wrong(key, format!("{text:?}"), wanted);
                None
            }
        }
    }

    /// See [`Section::optional_url`]; it must be there.
    pub(crate) fn url(&mut self, key: &'static str, wanted: &str) -> Url {
        let before = self.reading.problems.len();
        let url = self.optional_url(key);
        if url.is_none() && self.reading.problems.len() == before {
            self.wrong(key, "not set", format!("{wanted} is wanted"));
        }
        url.unwrap_or_else(placeholder_url)
    }

    /// A path; a relative one starts at the configuration file's directory.
    pub(crate) fn optional_path(&mut self, key: &'static str) -> Option<PathBuf> {
        let text = self.optional_text(key)?;
        Some(self.reading.merged.base_dir().join(text))
    }

    /// A secret by value (`key`) or by file (`key_file`); not both.
    pub(crate) fn optional_secret(&mut self, key: &'static str, key_file: &'static str) -> Option<Secret> {
        self.reading.secrets.push(joined(&self.path, key));
        let file = self.optional_path(key_file);
        let value = match self.value(key) {
            None => None,
            Some(Value::String(text)) if text.trim().is_empty() => None,
            Some(Value::String(text)) => Some(Secret::new(text)),
            Some(_) => {
                self.wrong(key, "not text (hidden)", "text in quotes is wanted");
                return None;
            }
        };
        let Some(file) = file else { return value };
        if value.is_some() && self.is_set_by_someone(key) {
            self.wrong(
                key_file,
                "set, and so is the value",
                format!("one of {key} and {key_file} is wanted"),
            );
            return None;
        }
        match std::fs::read_to_string(&file) {
            Ok(text) if text.trim().is_empty() => {
                self.wrong(
                    key_file,
                    format!("{:?}, an empty file", file.display()),
                    "a file that holds the secret is wanted",
                );
                None
            }
            Ok(text) => {
                let text = zeroize::Zeroizing::new(text);
                Some(Secret::new(text.trim()))
            }
            Err(error) => {
                let wanted = format!("a file that can be read is wanted: {error}");
                self.wrong(key_file, format!("{:?}", file.display()), wanted);
                None
            }
        }
    }

    /// A value that is only the default gives way to a file without complaint.
    fn is_set_by_someone(&self, key: &str) -> bool {
        self.reading.merged.origin(&joined(&self.path, key)) != "default"
    }

    /// See [`Section::optional_secret`]; it must be there.
    pub(crate) fn secret(&mut self, key: &'static str, key_file: &'static str, wanted: &str) -> Secret {
        let before = self.reading.problems.len();
        let secret = self.optional_secret(key, key_file);
        if secret.is_none() && self.reading.problems.len() == before {
            self.wrong(key, "not set", format!("{wanted} is wanted, as {key} or, better, as {key_file}"));
        }
        secret.unwrap_or_default()
    }

    /// A list of words.
    pub(crate) fn words(&mut self, key: &'static str, wanted: &str) -> Vec<String> {
        let value = self.value(key);
        let words = match &value {
            Some(Value::Array(items)) => {
                items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
            }
            Some(Value::String(text)) => Some(text.split(',').map(|word| word.trim().to_owned()).collect()),
            _ => None,
        };
        words.filter(|words| !words.is_empty()).unwrap_or_else(|| {
            let found = value.as_ref().map_or_else(|| "not set".to_owned(), shown);
            self.wrong(key, found, format!("a list is wanted: {wanted}"));
            Vec::new()
        })
    }

    /// A list of words that may be empty or left out.
    pub(crate) fn optional_words(&mut self, key: &'static str) -> Vec<String> {
        match self.value(key) {
            None => Vec::new(),
            Some(Value::Array(items)) if items.iter().all(Value::is_str) => {
                items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            Some(Value::String(text)) => {
                text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
            }
            Some(other) => {
                self.wrong(key, shown(&other), "a list of texts is wanted");
                Vec::new()
            }
        }
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&'static str, T)]) -> Option<T> {
        let listed: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let wanted = listed.join(" or ");
        self.parsed(key, &wanted, |text| {
            choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice).ok_or_else(|| {
                let hint = suggest::nearest(text, listed.iter().copied());
                hint.map_or_else(
                    || format!("{wanted} is wanted"),
                    |hint| format!("{wanted} is wanted; did you mean {hint}?"),
                )
            })
        })
    }

    /// Keys that belong to this section but are read elsewhere, such as named tables below it.
    pub(crate) fn expects(&mut self, key: &'static str) {
        self.asked.push(key);
    }

    /// Ends the section: whatever nobody asked for is refused.
    pub(crate) fn end(mut self) {
        let Some(table) = self.table else { return };
        let asked = std::mem::take(&mut self.asked);
        for key in table.keys().filter(|key| !asked.contains(&key.as_str())) {
            let hint = suggest::nearest(key, asked.iter().copied()).map_or_else(
                || format!("the settings here are {}", asked.join(", ")),
                |meant| format!("did you mean {meant}?"),
            );
            self.wrong(key, String::new(), format!("there is no such setting; {hint}"));
        }
    }
}

/// What a value looks like in an error; texts in full, they are no secrets where this is called.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        Value::Table(_) => "a table".into(),
        Value::Array(_) => "a list".into(),
        other => other.to_string(),
    }
}

/// Accepts `https`, and `http` towards loopback only: anything else would show money and people to the network.
fn safe_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "an address is wanted that begins with https://".to_owned())?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" if url.has_host() => Ok(url),
        "http" if loopback => Ok(url),
        "http" => {
            Err("https:// is wanted; plain http is accepted towards loopback (127.0.0.1, localhost) only"
                .into())
        }
        other => Err(format!("an https:// address is wanted, not {other}:")),
    }
}

fn placeholder_url() -> Url {
    Url::parse("https://not-set.invalid").expect("a constant address is an address")
}
