#![no_main]
//! The parts of a workbook. The input is its sheet, its styles and its shared texts, with a zero byte between: so it is the XML
//! that is tried, and not the compression around it, which `container` tries.

use libfuzzer_sys::fuzz_target;
use mingfen_fuzz::read_by;
use mingfen_reconciliation::files::{HIS_LEDGER, Layout};
use std::io::{Cursor, Write};
use std::sync::LazyLock;
use zip::write::SimpleFileOptions;

static LAYOUT: LazyLock<Layout> = LazyLock::new(|| Layout::parse(HIS_LEDGER).expect("a layout"));

const ROOT: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const RELATIONS: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#;
const WORKBOOK: &str = r#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>"#;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.split(|&byte| byte == 0);
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut put = |name: &str, bytes: &[u8]| {
        archive.start_file(name, options).expect("an archive");
        archive.write_all(bytes).expect("an archive");
    };
    put("_rels/.rels", ROOT.as_bytes());
    put("xl/workbook.xml", WORKBOOK.as_bytes());
    put("xl/_rels/workbook.xml.rels", RELATIONS.as_bytes());
    put("xl/worksheets/sheet1.xml", parts.next().unwrap_or_default());
    put("xl/styles.xml", parts.next().unwrap_or_default());
    put("xl/sharedStrings.xml", parts.next().unwrap_or_default());
    let archive = archive.finish().expect("an archive").into_inner();
    read_by(&LAYOUT, &archive);
});
