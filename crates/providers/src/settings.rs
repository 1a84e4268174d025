//! Reading a channel's own table: everything that is wrong with it is said at once, and no secret is ever printed.

use crate::http::{BaseUrl, HttpSettings};
use crate::keys::{self, Certificate, KeyProblem, Signer, Verifier};
use mingfen_provider_api::ConfigError;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

/// Settings of a channel's table that belong to the gateway and not to the adapter.
const OF_THE_GATEWAY: &[&str] =
    &["provider", "id", "channel", "name", "name_zh", "name_en", "hospital", "enabled", "scenes", "subject"];

/// No key, certificate or bundle is larger; a larger file is the wrong file.
const LARGEST_FILE_BYTES: u64 = 1024 * 1024;

/// A text that must not be printed. Wiped when it is dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself; for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// A channel's table under the eyes of an adapter. Every `take…` notes what is wrong and answers with a stand-in or `None`;
/// [`SettingsReader::finish`] then says everything at once.
pub struct SettingsReader<'a> {
    table: &'a toml::Table,
    base_dir: &'a Path,
    known: BTreeSet<String>,
    errors: Vec<ConfigError>,
}

impl<'a> SettingsReader<'a> {
    /// Begins with a table; relative `…_file` settings start at `base_dir`.
    pub fn new(table: &'a toml::Table, base_dir: &'a Path) -> Self {
        let known = OF_THE_GATEWAY.iter().map(|&name| name.to_owned()).collect();
        Self { table, base_dir, known, errors: Vec::new() }
    }

    /// Notes that something is wrong with `field`.
    pub fn refuse(&mut self, field: &str, problem: impl Into<String>) {
        self.errors.push(ConfigError { field: field.to_owned(), problem: problem.into() });
    }

    /// The name under which the table has `field`: itself, or `field_file`. Problems with its content are noted under it.
    pub fn spelt(&self, field: &str) -> String {
        let file_field = format!("{field}_file");
        if !self.table.contains_key(field) && self.table.contains_key(&file_field) {
            file_field
        } else {
            field.to_owned()
        }
    }

    /// Whether the table has `field` or `field_file`.
    pub fn has(&self, field: &str) -> bool {
        self.table.contains_key(field) || self.table.contains_key(&format!("{field}_file"))
    }

    /// A text that must be there.
    pub fn text(&mut self, field: &str) -> Option<String> {
        let found = self.optional_text(field);
        if found.is_none() && !self.table.contains_key(field) {
            self.refuse(field, "is missing");
        }
        found
    }

    /// A text that may be there.
    pub fn optional_text(&mut self, field: &str) -> Option<String> {
        self.known.insert(field.to_owned());
        match self.table.get(field)? {
            toml::Value::String(text) if text.trim().is_empty() => {
                self.refuse(field, "is empty");
                None
            }
            toml::Value::String(text) => Some(text.trim().to_owned()),
            other => {
                let problem = format!("is {}; a text in quotes is wanted", kind_of(other));
                self.refuse(field, problem);
                None
            }
        }
    }

    /// A text that must be there and satisfy `rule`; `wanted` says what that is, with an example.
    pub fn matching(&mut self, field: &str, wanted: &str, rule: impl Fn(&str) -> bool) -> Option<String> {
        let text = self.text(field)?;
        if rule(&text) {
            return Some(text);
        }
        let problem = format!("has {} characters and is not {wanted}", text.chars().count());
        self.refuse(field, problem);
        None
    }

    /// `true` or `false`.
    pub fn flag(&mut self, field: &str, default: bool) -> bool {
        self.known.insert(field.to_owned());
        match self.table.get(field) {
            None => default,
            Some(toml::Value::Boolean(value)) => *value,
            // The environment knows only text.
            Some(toml::Value::String(text)) if text == "true" => true,
            Some(toml::Value::String(text)) if text == "false" => false,
            Some(other) => {
                let problem = format!("is {}; true or false is wanted", kind_of(other));
                self.refuse(field, problem);
                default
            }
        }
    }

    /// A whole number within `range`.
    pub fn whole_number(&mut self, field: &str, default: i64, range: RangeInclusive<i64>) -> i64 {
        self.known.insert(field.to_owned());
        let number = match self.table.get(field) {
            None => return default,
            Some(toml::Value::Integer(value)) => Ok(*value),
            // The environment knows only text.
            Some(toml::Value::String(text)) => text.trim().parse().map_err(|_| "a text"),
            Some(other) => Err(kind_of(other)),
        };
        match number {
            Ok(value) if range.contains(&value) => return value,
            Ok(value) => {
                self.refuse(field, format!("is {value}; {} to {} is wanted", range.start(), range.end()));
            }
            Err(kind) => self.refuse(field, format!("is {kind}; a whole number is wanted")),
        }
        default
    }

    /// An address of the provider; see [`BaseUrl`] for what is accepted.
    pub fn base_url(&mut self, field: &str, default: &str) -> Option<BaseUrl> {
        let text = match self.optional_text(field) {
            Some(text) => text,
            None if self.table.contains_key(field) => return None,
            None => default.to_owned(),
        };
        BaseUrl::parse(&text).map_err(|problem| self.refuse(field, problem)).ok()
    }

    /// An address of the provider that may be left out.
    pub fn optional_base_url(&mut self, field: &str) -> Option<BaseUrl> {
        let text = self.optional_text(field)?;
        BaseUrl::parse(&text).map_err(|problem| self.refuse(field, problem)).ok()
    }

    /// A secret that must be there, as `field` or in the file that `field_file` names.
    pub fn secret(&mut self, field: &str) -> Option<Secret> {
        let there = self.has(field);
        let found = self.optional_secret(field);
        if !there {
            self.refuse(field, format!("is missing; give {field} or {field}_file"));
        }
        found
    }

    /// A secret that may be there, as `field` or in the file that `field_file` names; never both.
    pub fn optional_secret(&mut self, field: &str) -> Option<Secret> {
        let file_field = format!("{field}_file");
        let inline = self.optional_text(field);
        let path = self.optional_text(&file_field);
        match (inline, path) {
            (Some(_), Some(_)) => {
                self.refuse(field, format!("is given twice; keep either {field} or {file_field}"));
                None
            }
            (Some(text), None) => Some(Secret(Zeroizing::new(text))),
            (None, Some(path)) => match read_file(&self.base_dir.join(&path)) {
                Ok(text) => Some(Secret(text)),
                Err(problem) => {
                    self.refuse(&file_field, problem);
                    None
                }
            },
            (None, None) => None,
        }
    }

    /// An RSA private key that must be there.
    pub fn private_key(&mut self, field: &str) -> Option<Signer> {
        let secret = self.secret(field)?;
        self.key(field, keys::private_key(secret.expose()))
    }

    /// An RSA public key that may be there.
    pub fn optional_public_key(&mut self, field: &str) -> Option<Verifier> {
        let text = self.optional_secret(field)?;
        self.key(field, keys::public_key(text.expose()))
    }

    /// X.509 certificates that may be there, one or several in one PEM text.
    pub fn optional_certificates(&mut self, field: &str) -> Option<Vec<Certificate>> {
        let text = self.optional_secret(field)?;
        self.key(field, keys::certificates(text.expose()))
    }

    /// `connect_timeout_ms`, `timeout_ms`, `bill_timeout_ms`, `response_limit_bytes` and `ca_file`, the same for every adapter.
    pub fn http(&mut self) -> HttpSettings {
        let milliseconds = |value: i64| Duration::from_millis(u64::try_from(value).unwrap_or_default());
        let connect_timeout = milliseconds(self.whole_number("connect_timeout_ms", 3_000, 100..=60_000));
        let timeout = milliseconds(self.whole_number("timeout_ms", 10_000, 200..=120_000));
        let bill_timeout = milliseconds(self.whole_number("bill_timeout_ms", 600_000, 1_000..=3_600_000));
        let limit = self.whole_number("response_limit_bytes", 1_048_576, 16_384..=67_108_864);
        if connect_timeout >= timeout {
            self.refuse("connect_timeout_ms", "must be shorter than timeout_ms");
        }
        let authorities = self
            .optional_text("ca_file")
            .map(|path| read_file(&self.base_dir.join(path)))
            .transpose()
            .unwrap_or_else(|problem| {
                self.refuse("ca_file", problem);
                None
            })
            .map(|pem| pem.as_bytes().to_vec());
        HttpSettings {
            connect_timeout,
            timeout,
            bill_timeout,
            response_limit_bytes: usize::try_from(limit).unwrap_or(usize::MAX),
            authorities,
        }
    }

    /// Ends the reading: a setting that nobody asked for is a mistake in spelling, and it is said.
    ///
    /// # Errors
    /// Everything that was noted, in the order of the questions.
    pub fn finish<T>(mut self, built: Option<T>) -> Result<T, Vec<ConfigError>> {
        let unknown: Vec<String> =
            self.table.keys().filter(|key| !self.known.contains(*key)).cloned().collect();
        for field in unknown {
            let problem = match self.known.iter().min_by_key(|known| distance(known, &field)) {
                Some(near) if distance(near, &field) <= 3 => {
                    format!("is not a setting of this provider; perhaps {near}")
                }
                _ => "is not a setting of this provider".to_owned(),
            };
            self.refuse(&field, problem);
        }
        match built {
            Some(built) if self.errors.is_empty() => Ok(built),
            _ if self.errors.is_empty() => Err(vec![ConfigError {
                field: "provider".to_owned(),
                problem: "could not be built, and no setting says why".to_owned(),
            }]),
            _ => Err(self.errors),
        }
    }

    fn key<T>(&mut self, field: &str, parsed: Result<T, KeyProblem>) -> Option<T> {
        let field = self.spelt(field);
        parsed.map_err(|problem| self.refuse(&field, problem.to_string())).ok()
    }
}

fn read_file(path: &Path) -> Result<Zeroizing<String>, String> {
    let shown = path.display();
    let size = std::fs::metadata(path).map_err(|error| format!("{shown} cannot be read: {error}"))?.len();
    if size > LARGEST_FILE_BYTES {
        return Err(format!("{shown} has {size} bytes; that is no key and no certificate"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => {
            format!("{shown} is binary (DER or PKCS#12?); the PEM text is wanted")
        }
        _ => format!("{shown} cannot be read: {error}"),
    })?;
    let text = Zeroizing::new(text);
    let trimmed = text.trim_start_matches('\u{feff}').trim();
    if trimmed.is_empty() { Err(format!("{shown} is empty")) } else { Ok(Zeroizing::new(trimmed.to_owned())) }
}

const fn kind_of(value: &toml::Value) -> &'static str {
    match value {
        toml::Value::String(_) => "a text",
        toml::Value::Integer(_) => "a number",
        toml::Value::Float(_) => "a fraction",
        toml::Value::Boolean(_) => "true or false",
        toml::Value::Datetime(_) => "a date",
        toml::Value::Array(_) => "a list",
        toml::Value::Table(_) => "a table",
    }
}

/// How many letters apart two words are (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(table: &str, ask: impl Fn(&mut SettingsReader<'_>)) -> Vec<String> {
        let table: toml::Table = toml::from_str(table).expect("the test's table");
        let mut reader = SettingsReader::new(&table, Path::new("/nowhere"));
        ask(&mut reader);
        reader.finish(Some(())).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let found = errors("appid = 7\nmchidd = \"1\"\nsecret = \"a\"\nsecret_file = \"b\"", |settings| {
            settings.text("appid");
            settings.text("mchid");
            settings.secret("secret");
            settings.secret("key");
            settings.whole_number("clock_skew_seconds", 300, 1..=300);
        });
        assert_eq!(
            found,
            [
                "appid: is a number; a text in quotes is wanted",
                "mchid: is missing",
                "secret: is given twice; keep either secret or secret_file",
                "key: is missing; give key or key_file",
                "mchidd: is not a setting of this provider; perhaps mchid",
            ]
        );
    }

    #[test]
    fn the_gateways_own_settings_are_left_alone() {
        assert!(errors("provider = \"wechat\"\nenabled = true", |_| ()).is_empty());
    }

    #[test]
    fn flags_and_numbers_may_come_from_the_environment_as_text() {
        let found = errors("a = \"true\"\nb = \"250\"\nc = \"250 ms\"\nd = \"yes\"", |settings| {
            assert!(settings.flag("a", false));
            assert_eq!(settings.whole_number("b", 1, 1..=300), 250);
            settings.whole_number("c", 1, 1..=300);
            settings.flag("d", false);
        });
        assert_eq!(
            found,
            ["c: is a text; a whole number is wanted", "d: is a text; true or false is wanted"]
        );
    }

    #[test]
    fn a_missing_file_is_named() {
        let found = errors("key_file = \"merchant.pem\"", |settings| {
            settings.secret("key");
        });
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("key_file: /nowhere/merchant.pem cannot be read"), "{found:?}");
    }

    #[test]
    fn secrets_are_not_printed() {
        assert_eq!(format!("{:?}", Secret(Zeroizing::new("0123".to_owned()))), "Secret(hidden)");
    }
}
