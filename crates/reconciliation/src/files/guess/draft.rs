//! The proposed layout as a file that explains itself.

use super::columns::{Chosen, Column, MOST_WORDS, WANTED, kind_of, state_of};
use crate::files::layout::cut;
use std::fmt::Write as _;

pub(super) struct Draft<'d, 't> {
    pub columns: &'d [Column<'t>],
    pub chosen: &'d Chosen,
    pub separator: char,
    pub sheet: Option<&'d str>,
    pub form: &'d str,
    pub ways: &'d [String],
}

impl Draft<'_, '_> {
    fn column(&self, name: &str) -> Option<&Column<'_>> {
        let index = WANTED.iter().position(|wanted| wanted.name == name)?;
        self.chosen[index].as_ref().map(|(index, _)| &self.columns[*index])
    }

    // Writing into a String cannot fail.
    /// As TOML.
    pub fn write(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "# A proposal: look at every line of it before you use it.\n# {}",
            visible(self.form)
        );
        if self.separator != ',' {
            let _ = writeln!(out, "separator = {}", quoted(&self.separator.to_string()));
        }
        if let Some(sheet) = self.sheet {
            let _ = writeln!(out, "sheet = {}", quoted(sheet));
        }
        self.write_amounts(&mut out);
        let _ = writeln!(
            out,
            "\n# A row 合计 is compared with the rows: \"check\", \"leave_out\" or \"refuse\".\ntotal_row = \"check\"\n\n[columns]"
        );
        let needless: &[&str] = match self.column("outgoing") {
            Some(_) => &["at_time", "kind", "refund_amount"],
            None => &["at_time", "outgoing"],
        };
        for (wanted, found) in WANTED.iter().zip(self.chosen) {
            match found {
                Some((index, why)) => {
                    let heading = self.columns[*index].heading;
                    let _ = writeln!(out, "# {}: {}.", wanted.meaning, visible(&cut(why, 120)));
                    let _ = writeln!(out, "{} = [{}]", wanted.name, quoted(heading));
                }
                None if !needless.contains(&wanted.name) => {
                    let _ = writeln!(out, "# {}: not found.\n# {} = [\"?\"]", wanted.meaning, wanted.name);
                }
                None => {}
            }
        }
        if self.column("outgoing").is_some() {
            let _ = writeln!(out, "\n# What went out are refunds; a row has one of the two.");
        } else if let Some(kind) = self.column("kind") {
            let _ = writeln!(out, "\n[kinds]");
            write_words(&mut out, kind, kind_of, "payment\" or \"refund");
        } else if self.column("amount").is_some_and(|amount| amount.negative) {
            let _ = writeln!(
                out,
                "\n# There is no column that says payment or refund; negative amounts are refunds."
            );
        }
        if let Some(state) = self.column("state") {
            let _ = writeln!(out, "\n[states]");
            write_words(&mut out, state, state_of, "done\", \"under_way\" or \"void");
        }
        let way = self.columns.iter().find(|column| self.ways.contains(&column.plain));
        if let Some(way) = way.filter(|way| !way.words.is_empty() && way.words.len() <= MOST_WORDS) {
            let words: Vec<String> = way.words.keys().map(|word| quoted(word)).collect();
            let _ = writeln!(
                out,
                "\n# Rows of other ways of paying would all be one-sided. Keep the words of the channel that is compared:\n# [only]\n# {} = [{}]",
                quoted(way.heading),
                words.join(", ")
            );
        }
        out
    }

    fn write_amounts(&self, out: &mut String) {
        let Some(amount) = self.column("amount") else {
            let _ = writeln!(out, "\n# yuan (88.80) or fen (8880)\namounts = \"yuan\"");
            return;
        };
        let says_fen = amount.heading.contains("分)")
            || amount.heading.contains("分）")
            || amount.plain.ends_with("fen");
        if amount.decimals > 0 {
            let _ = writeln!(out, "\n# Amounts have decimals, so they are yuan.\namounts = \"yuan\"");
        } else if says_fen {
            let _ = writeln!(out, "\n# The heading says 分.\namounts = \"fen\"");
        } else {
            let _ = writeln!(
                out,
                "\n# No amount has decimals: are they yuan, or fen (8880)? Ask whoever made the file.\namounts = \"yuan\""
            );
        }
        if amount.thousands {
            let _ = writeln!(out, "thousands = \",\"");
        }
    }
}

fn write_words(
    out: &mut String,
    column: &Column<'_>,
    meaning: fn(&str) -> Option<&'static str>,
    choice: &str,
) {
    if column.words.is_empty() {
        let _ = writeln!(out, "# No row that was looked at says anything here.");
    }
    for (word, count) in &column.words {
        match meaning(word) {
            Some(meaning) => {
                let _ = writeln!(out, "{} = \"{meaning}\"", quoted(word));
            }
            None => {
                let _ = writeln!(out, "# In {count} rows; say \"{choice}\":\n# {} = \"?\"", quoted(word));
            }
        }
    }
}

/// A text from the file where it must be one line and nothing but text: in a comment, on a terminal.
pub(super) fn visible(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// A string of TOML on one line, whatever is in it.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            character if character.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(character));
            }
            character => out.push(character),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_heading_holds_it_is_one_string() {
        for text in ["金额（元）", "a\"b\\c", "a\r\nb\u{7f}\u{85}", "'quoted'", ""] {
            let toml: toml::Table = toml::from_str(&format!("key = {}", quoted(text))).expect("a string");
            assert_eq!(toml["key"].as_str(), Some(text));
        }
    }
}
