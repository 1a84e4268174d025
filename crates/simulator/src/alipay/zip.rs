//! A ZIP archive as the bill centre writes it: member names are raw GBK bytes, and the flag that would announce
//! UTF-8 names is not set. Archive libraries cannot be talked into that, so the format is written out here.
//!
//! # Source
//! PKWARE APPNOTE.TXT 6.3, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.16 (end record).

use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// A member: raw name bytes and content.
pub(super) struct Member {
    pub name: Vec<u8>,
    pub content: Vec<u8>,
}

const DEFLATED: u16 = 8;
const VERSION_NEEDED: u16 = 20;

/// Packs members in their order.
pub(super) fn pack(members: &[Member]) -> std::io::Result<Vec<u8>> {
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    for member in members {
        let offset = archive.len() as u32;
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&member.content)?;
        let packed = encoder.finish()?;
        let mut crc = Crc::new();
        crc.update(&member.content);
        let common = common_header(member, crc.sum(), packed.len() as u32);

        archive.extend_from_slice(b"PK\x03\x04");
        archive.extend_from_slice(&common);
        archive.extend_from_slice(&member.name);
        archive.extend_from_slice(&packed);

        directory.extend_from_slice(b"PK\x01\x02");
        directory.extend_from_slice(&VERSION_NEEDED.to_le_bytes());
        directory.extend_from_slice(&common);
        // Comment length, disk, internal attributes, external attributes.
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(&member.name);
    }
    let start = archive.len() as u32;
    let count = (members.len() as u16).to_le_bytes();
    archive.extend_from_slice(&directory);
    archive.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    archive.extend_from_slice(&count);
    archive.extend_from_slice(&count);
    archive.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    archive.extend_from_slice(&start.to_le_bytes());
    archive.extend_from_slice(&[0, 0]);
    Ok(archive)
}

/// What the local header and the directory entry have in common, from the version needed to the extra length.
fn common_header(member: &Member, crc: u32, packed_len: u32) -> Vec<u8> {
    let mut header = Vec::with_capacity(26);
    for half in [VERSION_NEEDED, 0, DEFLATED] {
        header.extend_from_slice(&half.to_le_bytes());
    }
    // Time 00:00, day 1980-01-01: the first that the format knows.
    header.extend_from_slice(&0_u16.to_le_bytes());
    header.extend_from_slice(&0x21_u16.to_le_bytes());
    for word in [crc, packed_len, member.content.len() as u32] {
        header.extend_from_slice(&word.to_le_bytes());
    }
    header.extend_from_slice(&(member.name.len() as u16).to_le_bytes());
    header.extend_from_slice(&0_u16.to_le_bytes());
    header
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn an_independent_reader_finds_gbk_names_and_contents() {
        let name = encoding_rs::GBK.encode("业务明细.csv").0.into_owned();
        let members = [
            Member { name: name.clone(), content: b"1,2\r\n".to_vec() },
            Member { name: b"b".to_vec(), content: vec![7; 9000] },
        ];
        let packed = pack(&members).expect("packed");
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(packed)).expect("a ZIP");
        assert_eq!(archive.len(), 2);
        let mut first = archive.by_index(0).expect("first");
        assert_eq!(first.name_raw(), name);
        let mut content = String::new();
        first.read_to_string(&mut content).expect("text");
        assert_eq!(content, "1,2\r\n");
        drop(first);
        assert_eq!(archive.by_index(1).expect("second").size(), 9000);
    }
}
