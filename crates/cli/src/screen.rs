//! Writing to a person or to a script: results on standard output, complaints on standard error, colours on a terminal only.

use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table, presets};
use std::io::{self, IsTerminal, Write};

/// Where a command writes.
pub struct Screen {
    is_terminal: bool,
    colours: bool,
    closed: bool,
}

/// What a text means to the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Somebody should look.
    Bad,
    /// Stands out.
    Strong,
}

/// A cell for a number.
pub fn right(number: impl ToString) -> Cell {
    Cell::new(number).set_alignment(CellAlignment::Right)
}

impl Screen {
    /// The process's own streams. `NO_COLOR` turns colours off (no-color.org).
    pub fn new() -> Self {
        let is_terminal = io::stdout().is_terminal();
        let colours = is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { is_terminal, colours, closed: false }
    }

    /// Whether a person looks at it.
    pub const fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Whether a person can be asked something.
    pub fn can_ask(&self) -> bool {
        self.is_terminal && io::stdin().is_terminal()
    }

    /// Whether the reader went away (`mingfen … | head`): no failure of ours.
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Writes a line.
    pub fn line(&mut self, text: impl AsRef<str>) {
        let mut out = io::stdout().lock();
        if writeln!(out, "{}", text.as_ref()).and_then(|()| out.flush()).is_err() {
            self.closed = true;
        }
    }

    /// Writes a text as it is.
    pub fn raw(&mut self, bytes: &[u8]) {
        let mut out = io::stdout().lock();
        if out.write_all(bytes).and_then(|()| out.flush()).is_err() {
            self.closed = true;
        }
    }

    /// Writes a JSON value on lines of its own.
    pub fn json(&mut self, value: &serde_json::Value) {
        self.line(format!("{value:#}"));
    }

    /// Tells what went wrong.
    pub fn complain(&self, text: &str) {
        let label =
            if self.colours && io::stderr().is_terminal() { "\u{1b}[1;31merror:\u{1b}[0m" } else { "error:" };
        // Nobody is left to be told when standard error is closed too.
        let _ = writeln!(io::stderr().lock(), "{label} {text}");
    }

    /// A text in a tone, on a terminal.
    pub fn toned(&self, tone: Tone, text: &str) -> String {
        if !self.colours {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "1;31",
            Tone::Strong => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// An empty table with these headings.
    pub fn table(&self, headings: &[&str]) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        if self.is_terminal {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        if !self.colours {
            table.force_no_tty();
        }
        table.set_header(headings.iter().map(|heading| Cell::new(heading).add_attribute(Attribute::Bold)));
        table
    }

    /// Asks a question that only a typed `yes` answers.
    pub fn confirms(&mut self, question: &str) -> bool {
        self.line(format!("{question} Type yes to go on:"));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).is_ok() && answer.trim().eq_ignore_ascii_case("yes")
    }
}
