//! A statement's file on its way to the disk: under its name only when it is whole.

use mingfen_provider_api::CallError;
use mingfen_provider_api::statement::StatementFile;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// Hashed while it is written; removed when it is dropped.
pub struct Arriving {
    file: NamedTempFile,
    hash: Sha256,
}

impl Arriving {
    /// Begins a file in this directory, which nobody else can read.
    ///
    /// # Errors
    /// The disk's, in words.
    pub fn begin(directory: &Path) -> Result<Self, CallError> {
        let file = tempfile::Builder::new().prefix("partial-").tempfile_in(directory).map_err(disk)?;
        Ok(Self { file, hash: Sha256::new() })
    }

    /// Writes all that `reader` has; `also` sees every piece of it.
    ///
    /// # Errors
    /// In doubt, in words: it cannot be read, or not be written.
    pub fn fill(&mut self, mut reader: impl Read, mut also: impl FnMut(&[u8])) -> Result<(), CallError> {
        let mut block = vec![0; 64 << 10];
        loop {
            let read = reader.read(&mut block).map_err(|error| unreadable(&error))?;
            let Some(piece @ [_, ..]) = block.get(..read) else { return Ok(()) };
            also(piece);
            self.file.write_all(piece).map_err(disk)?;
            self.hash.update(piece);
        }
    }

    /// What was written so far.
    pub fn as_file(&self) -> &File {
        self.file.as_file()
    }

    /// Gives the file its name, replacing an earlier one.
    ///
    /// # Errors
    /// The disk's, in words.
    pub fn keep(self, directory: &Path, name: String) -> Result<StatementFile, CallError> {
        let path = directory.join(&name);
        self.file.persist(&path).map_err(|error| disk(error.error))?;
        Ok(StatementFile { name, path, sha256: hex::encode(self.hash.finalize()) })
    }
}

/// What to say when a file cannot be put on the disk. Nothing is lost by it: the statement is fetched again.
fn disk(error: io::Error) -> CallError {
    CallError::InDoubt(format!(
        "the bill could not be written to the disk ({error}); see that there is room and that the directory is ours"
    ))
}

/// What to say when what comes is not what was announced.
pub fn unreadable(error: &io::Error) -> CallError {
    CallError::InDoubt(format!("the bill cannot be read: {error}"))
}
