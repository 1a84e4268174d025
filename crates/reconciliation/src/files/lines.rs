//! Lines of a ledger as a file of ours: what a journal, a port or an earlier run gives is written down like this and read like any
//! other file, so that whatever took part in a run can be kept and shown.

use crate::matching::{MatchingError, Tally};
use crate::sides::{Kind, State};
use mingfen_domain::Fen;
use std::io::{self, Write};

/// The layout of what [`LinesFile`] writes.
pub const LINES: &str = r#"amounts = "fen"
deposits = ["deposit"]
needed = ["kind", "state"]

[columns]
order_no = ["order_no"]
refund_no = ["refund_no"]
provider_no = ["provider_no"]
kind = ["kind"]
state = ["state"]
amount = ["amount_fen"]
at = ["at"]
account = ["account"]
insurance = ["insurance_fen"]
purpose = ["purpose"]

[kinds]
payment = "payment"
refund = "refund"

[states]
done = "done"
under_way = "under_way"
void = "void"
"#;

/// A line to be written.
#[derive(Clone, Copy, Debug)]
pub struct LedgerLine<'a> {
    /// In or back.
    pub kind: Kind,
    /// What became of it.
    pub state: State,
    /// Our order number.
    pub order_no: &'a str,
    /// Our refund number; empty on payments.
    pub refund_no: &'a str,
    /// The provider's number; may be empty.
    pub provider_no: &'a str,
    /// Never negative.
    pub amount: Fen,
    /// `2026-11-25 08:30:00`, Beijing.
    pub at: &'a str,
    /// The merchant account; may be empty.
    pub account: &'a str,
    /// What insurance bore beside it, where that is known.
    pub insurance: Option<Fen>,
    /// Whether it is a deposit, where that is known.
    pub deposit: Option<bool>,
}

/// A file of lines while it is written.
pub struct LinesFile<W> {
    out: W,
    tally: Tally,
}

impl<W: Write> LinesFile<W> {
    /// Begins with the header.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn begin(mut out: W) -> io::Result<Self> {
        out.write_all(
            b"order_no,refund_no,provider_no,kind,state,amount_fen,at,account,insurance_fen,purpose\n",
        )?;
        Ok(Self { out, tally: Tally::default() })
    }

    /// Writes a line.
    ///
    /// # Errors
    /// Those of `out`; an amount that no longer fits into the sum is one of kind `InvalidData`.
    pub fn line(&mut self, line: &LedgerLine<'_>) -> io::Result<()> {
        let too_much = |error: MatchingError| io::Error::new(io::ErrorKind::InvalidData, error);
        self.tally.count(line.kind, line.amount).map_err(too_much)?;
        for text in [line.order_no, line.refund_no, line.provider_no] {
            self.field(text)?;
            self.out.write_all(b",")?;
        }
        write!(self.out, "{},{},{},", line.kind.as_str(), line.state.as_str(), line.amount.get())?;
        self.field(line.at)?;
        self.out.write_all(b",")?;
        self.field(line.account)?;
        self.out.write_all(b",")?;
        if let Some(insurance) = line.insurance {
            write!(self.out, "{}", insurance.get())?;
        }
        let purpose: &[u8] = match line.deposit {
            Some(true) => b",deposit\n",
            Some(false) => b",other\n",
            None => b",\n",
        };
        self.out.write_all(purpose)
    }

    /// Ends it; says what was written.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn end(mut self) -> io::Result<Tally> {
        self.out.flush()?;
        Ok(self.tally)
    }

    /// Somebody else's text: whatever would break the row is taken out, for it is in no number and no time.
    fn field(&mut self, text: &str) -> io::Result<()> {
        if text.contains([',', '"', '\n', '\r']) {
            let clean: String =
                text.chars().map(|c| if matches!(c, ',' | '"' | '\n' | '\r') { ' ' } else { c }).collect();
            self.out.write_all(clean.as_bytes())
        } else {
            self.out.write_all(text.as_bytes())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{Input, Layout, Progress, reconcile};
    use crate::matching::{HashKey, Rules};
    use crate::sides::Side;
    use mingfen_domain::difference::Category;

    #[test]
    fn what_is_written_is_read_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let layout = Layout::parse(LINES).expect("the layout");
        let line = |order_no, kind, refund_no, amount| LedgerLine {
            kind,
            state: State::Done,
            order_no,
            refund_no,
            provider_no: "42,\"x\"",
            amount: Fen::new(amount),
            at: "2026-11-24 10:00:00",
            account: "main",
            insurance: None,
            deposit: None,
        };
        let write = |name: &str, lines: &[LedgerLine<'_>]| {
            let path = directory.path().join(name);
            let mut file = LinesFile::begin(std::fs::File::create(&path).expect("a file")).expect("begun");
            lines.iter().for_each(|line| file.line(line).expect("written"));
            (path, file.end().expect("ended"))
        };
        let lines = [line("P1", Kind::Payment, "", 8880), line("P1", Kind::Refund, "R1", 80)];
        let (channel, tally) = write("channel.csv", &lines);
        assert_eq!((tally.lines, tally.paid, tally.refunded), (2, Fen::new(8880), Fen::new(80)));
        let (his, _) = write("his.csv", &lines[..1]);
        let (carried, _) = write("carried.csv", &lines[1..]);
        let mut late = Input::new(Side::His, carried, &layout);
        late.carried = true;
        let inputs = [Input::new(Side::Channel, channel, &layout), Input::new(Side::His, his, &layout), late];
        let key = HashKey::random();
        let report =
            reconcile(&inputs, Rules::default(), key, 1, &Progress::default()).expect("they are compared");
        assert_eq!(report.tallies[0], tally);
        let found: Vec<Category> = report.outcome.findings.iter().map(|finding| finding.category).collect();
        assert_eq!(found, [Category::MatchedLate]);
        assert_eq!(report.evidence[0][0].provider_no, "42  x ");
    }
}
