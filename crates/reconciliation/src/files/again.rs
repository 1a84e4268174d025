//! The rows of findings, found again in their files: an entry only knows the number of its row.

use super::read::{self, Piece, Source};
use super::scan::Places;
use super::{Evidence, FilesError};
use crate::matching::Finding;
use crate::sides::Place;
use crate::threads;
use std::fs::File;
use std::io;

/// What is read behind the place that was asked for: most rows are shorter.
const BEHIND: usize = 256;
/// When the next place is not farther away than this, everything up to it is read at once: to ask the system a second time takes as long
/// as to copy some thousand bytes.
const NEAR: usize = 4 << 10;

/// For each finding, and each of its lines, where it stands. Each thread reads a part of the files, in the order of its bytes.
pub(super) fn find(
    sources: &[Source],
    pieces: &[Vec<Piece>],
    findings: &[Finding],
    threads: usize,
) -> Result<Vec<Vec<Evidence>>, FilesError> {
    let mut evidence: Vec<Vec<Evidence>> =
        findings.iter().map(|finding| vec![Evidence::default(); finding.lines.len()]).collect();
    let mut wanted: Vec<(Place, usize, usize)> = Vec::new();
    for (finding, found) in findings.iter().enumerate() {
        wanted.extend(found.lines.iter().enumerate().map(|(line, there)| (there.place, finding, line)));
    }
    wanted.sort_unstable();
    let lines_before: Vec<Vec<u64>> = pieces
        .iter()
        .map(|pieces| {
            // The header is line 1.
            pieces
                .iter()
                .scan(2, |lines, piece| Some(std::mem::replace(lines, *lines + piece.lines)))
                .collect()
        })
        .collect();
    let part = |wanted: &[(Place, usize, usize)]| -> Result<Vec<Evidence>, FilesError> {
        let mut found = Vec::with_capacity(wanted.len());
        let mut places = Places::default();
        for of_source in wanted.chunk_by(|(one, ..), (other, ..)| one.source == other.source) {
            let number = usize::from(of_source[0].0.source);
            let there = (sources.get(number)).zip(pieces.get(number)).zip(lines_before.get(number));
            let Some(((source, pieces), lines_before)) = there else { continue };
            let again = |error| FilesError::Again(source.name.clone(), error);
            let mut file = File::open(&source.path).map_err(again)?;
            let mut window = Window::default();
            for (place, ..) in of_source {
                let (number, in_piece) = read::piece_and_line(place.at);
                let piece = &pieces[number];
                let (known, behind) = piece.landmark(in_piece);
                let about = (behind + 1) * piece.usual_line();
                let row = window.line_behind(&mut file, source.piece(number).0 + known, behind, about);
                let row = row.map_err(again)?;
                let line = lines_before[number] + in_piece;
                let (provider_no, at) = read::evidence(&source.plan, row, &mut places);
                found.push(Evidence { file: source.name.clone(), line, provider_no, at });
            }
        }
        Ok(found)
    };
    let parts = wanted.chunks(wanted.len().div_ceil(threads).max(256));
    let found = threads::each(parts, part).into_iter().collect::<Result<Vec<_>, FilesError>>()?;
    for ((_, finding, line), there) in wanted.into_iter().zip(found.into_iter().flatten()) {
        evidence[finding][line] = there;
    }
    Ok(evidence)
}

/// Reads without a call for the place, where the system can.
fn read_at(file: &mut File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, bytes, at);
    #[cfg(not(unix))]
    {
        use std::io::{Read as _, Seek as _, SeekFrom};
        file.seek(SeekFrom::Start(at))?;
        file.read(bytes)
    }
}

/// A part of a file in memory.
#[derive(Default)]
pub(super) struct Window {
    at: u64,
    bytes: Vec<u8>,
}

impl Window {
    fn end(&self) -> u64 {
        self.at + self.bytes.len() as u64
    }

    fn fill(&mut self, file: &mut File, at: u64, length: usize) -> io::Result<()> {
        self.at = at;
        self.bytes.resize(length, 0);
        let mut filled = 0;
        while filled < length {
            match read_at(file, &mut self.bytes[filled..], at + filled as u64) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.bytes.truncate(filled);
        Ok(())
    }

    /// The line that is so many lines behind the one that begins at this byte; together they have about so many bytes.
    fn line_behind(&mut self, file: &mut File, at: u64, lines: u64, about: u64) -> io::Result<&[u8]> {
        if at < self.at || at + about > self.end() {
            let is_near = at >= self.at && at < self.end() + NEAR as u64 && !self.bytes.is_empty();
            let wanted = about as usize + BEHIND;
            self.fill(file, at, if is_near { wanted.max(NEAR) } else { wanted })?;
        }
        let mut at = at;
        for _ in 0..lines {
            at += self.line(file, at)?.len() as u64 + 1;
        }
        self.line(file, at)
    }

    /// The line that begins at this byte, without its line break.
    pub fn line(&mut self, file: &mut File, at: u64) -> io::Result<&[u8]> {
        for length in [BEHIND, 4 << 10, 128 << 10] {
            if at < self.at || at >= self.end() {
                self.fill(file, at, length)?;
            }
            let start = (at - self.at) as usize;
            if let Some(end) = memchr::memchr(b'\n', &self.bytes[start..]) {
                return Ok(&self.bytes[start..start + end]);
            }
            // The last line of a file may have no line break.
            self.fill(file, at, 2 * length)?;
            if self.bytes.len() < 2 * length && memchr::memchr(b'\n', &self.bytes).is_none() {
                return Ok(&self.bytes);
            }
        }
        Err(io::Error::from(io::ErrorKind::InvalidData))
    }
}
