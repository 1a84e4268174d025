//! Files of a run in the database: cut into pieces, each packed and sealed by itself, so that a line in the middle is shown without
//! opening all of it, and any replica can do so.

use super::collect::temporary;
use crate::Gateway;
use crate::service::{Private, Trouble};
use flate2::Compression;
use flate2::read::{DeflateDecoder, DeflateEncoder};
use mingfen_store::KeptFileRecord;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A piece before it is packed. A statement of a million rows has some three hundred.
const PIECE: usize = 1 << 20;

/// Keeps a file as it is and answers the name under which it is kept, its SHA-256. A file that is kept already is not kept again.
pub(super) async fn keep_file(gateway: &Gateway, path: &Path, name: &str) -> Result<String, Trouble> {
    let file_sha256 = hash(path)?;
    if gateway.store.kept_file(&file_sha256).await?.is_some() {
        return Ok(file_sha256);
    }
    let mut file = File::open(path).map_err(temporary)?;
    let (mut position, mut size) = (0_i64, 0_i64);
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        Read::by_ref(&mut file).take(PIECE as u64).read_to_end(&mut piece).map_err(temporary)?;
        if piece.is_empty() {
            break;
        }
        size += i64::try_from(piece.len()).unwrap_or(0);
        let packed = packed(&piece).map_err(temporary)?;
        let sealed = Private(gateway).seal_piece(&packed);
        gateway.store.keep_piece(&file_sha256, position, &sealed).await?;
        position += 1;
    }
    let record = KeptFileRecord {
        file_sha256: file_sha256.clone(),
        name: name.to_owned(),
        size_bytes: size,
        pieces: position,
        kept_at: gateway.now(),
    };
    gateway.store.keep_file(&record).await?;
    Ok(file_sha256)
}

/// The bytes of a kept file, given to `each` piece by piece, in order, until it says that it has enough.
///
/// # Errors
/// [`Trouble::Sealed`] when a piece does not open, [`Trouble::Inconsistent`] when one is missing.
pub async fn kept_bytes(
    gateway: &Gateway,
    file: &KeptFileRecord,
    mut each: impl FnMut(&[u8]) -> std::ops::ControlFlow<()>,
) -> Result<(), Trouble> {
    for position in 0..file.pieces {
        let sealed = gateway.store.kept_piece(&file.file_sha256, position).await?;
        let sealed =
            sealed.ok_or_else(|| Trouble::Inconsistent(format!("file {} lost a piece", file.file_sha256)))?;
        let packed = Private(gateway).open_piece(&sealed)?;
        let mut piece = Vec::with_capacity(PIECE);
        DeflateDecoder::new(packed.as_slice())
            .take(PIECE as u64)
            .read_to_end(&mut piece)
            .map_err(|_| Trouble::Inconsistent(format!("file {} has a damaged piece", file.file_sha256)))?;
        if each(&piece).is_break() {
            break;
        }
    }
    Ok(())
}

fn hash(path: &Path) -> Result<String, Trouble> {
    let mut file = File::open(path).map_err(temporary)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer).map_err(temporary)? {
            0 => return Ok(hex::encode(hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

fn packed(piece: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = Vec::with_capacity(piece.len() / 4);
    DeflateEncoder::new(piece, Compression::fast()).read_to_end(&mut packed)?;
    Ok(packed)
}
