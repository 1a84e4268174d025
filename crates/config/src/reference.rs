//! The settings as documentation, made from the comments of `config/default.toml`.

use crate::sources::DEFAULTS;
use std::fmt::Write as _;

/// One section of the defaults with its sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceSection {
    /// `his`, or `channels.<id>` for a table with a name of the hospital's choice.
    pub name: String,
    /// What it is about.
    pub about: String,
    /// Its settings, in the order of the file.
    pub settings: Vec<ReferenceSetting>,
}

/// One setting of the defaults with its sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceSetting {
    /// The name within its section.
    pub key: String,
    /// The default, or an example when there is none.
    pub value: String,
    /// Whether [`ReferenceSetting::value`] is the default rather than an example.
    pub has_default: bool,
    /// What it does.
    pub about: String,
}

/// All sections in the order of the file.
pub fn sections() -> Vec<ReferenceSection> {
    let mut sections: Vec<ReferenceSection> = Vec::new();
    let mut about: Vec<&str> = Vec::new();
    for line in DEFAULTS.lines().map(str::trim) {
        let (has_default, rest) = match line.strip_prefix('#') {
            Some(text) if text.is_empty() || text.starts_with(' ') => {
                about.push(text.trim());
                continue;
            }
            Some(setting) => (false, setting),
            None => (true, line),
        };
        if let Some(name) = rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.push(ReferenceSection {
                name: name.to_owned(),
                about: about.join(" "),
                settings: Vec::new(),
            });
        } else if let (Some((key, value)), Some(section)) = (rest.split_once('='), sections.last_mut()) {
            section.settings.push(ReferenceSetting {
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
                has_default,
                about: about.join(" "),
            });
        }
        about.clear();
    }
    sections
}

/// The whole reference as Markdown: `docs/settings.md`.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Settings\n\n\
         Made from `config/default.toml` by `mingfen config reference > docs/settings.md`; change it there.\n\n\
         A setting comes from the defaults, then from the file named by `--config` or `MINGFEN_CONFIG`, then from the\n\
         environment: `MINGFEN__HIS__BASE_URL` is `his.base_url`. Every secret can also be given as a file: `secret_file`\n\
         for `secret`, `key_file` for `key`, `url_file` for `url`, `keyring_file` for `keyring`. Relative paths start at the\n\
         directory of the configuration file. A duration is a whole number with `s`, `min`, `h` or `d`.\n\
         `mingfen config check` tells everything that is wrong at once; `mingfen config show` tells what is in force and why.\n",
    );
    for section in sections() {
        let _ = write!(page, "\n## `[{}]`\n\n{}\n\n", section.name, section.about);
        if section.settings.is_empty() {
            continue;
        }
        page.push_str("| setting | default | what it does |\n|---|---|---|\n");
        for setting in section.settings {
            let default = if setting.has_default { format!("`{}`", setting.value) } else { "–".to_owned() };
            let _ = writeln!(page, "| `{}` | {default} | {} |", setting.key, setting.about);
        }
    }
    page
}
