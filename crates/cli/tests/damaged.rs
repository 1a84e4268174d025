//! Every way in which a file has come damaged, and what the person is told: the table is `damaged.toml`, beside this file, and an
//! accountant can read it. The program itself is run, so that the message is the one that is seen; finance's pages say it in Chinese.

use serde::Deserialize;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    refused: Vec<Case>,
    accepted: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What happened to the file.
    what: String,
    /// Which good file it was.
    #[serde(default)]
    of: String,
    /// `statement` or `his`; the other side is a good file.
    #[serde(default = "statement")]
    side: String,
    /// What was done to it, in this order.
    #[serde(default)]
    done: Vec<Done>,
    /// More words on the command line.
    #[serde(default)]
    with: Vec<String>,
    /// The layout of this side.
    #[serde(default)]
    layout: Option<String>,
    /// What is said; the beginning of it where it ends with `…`.
    #[serde(default)]
    says: String,
    /// Whether the sides agree all the same.
    #[serde(default)]
    agrees: Option<bool>,
}

fn statement() -> String {
    "statement".to_owned()
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Done {
    /// Only these lines are left.
    Keep(usize, usize),
    /// This line is gone.
    Drop(usize),
    /// This line is there twice.
    Double(usize),
    /// A text is another one.
    Replace(String, String),
    /// A line more, behind this one.
    Insert(usize, String),
    /// This file behind it.
    Join(String),
    /// So many bytes are missing at the end.
    Cut(usize),
    /// So many zero bytes follow.
    Zeros(usize),
    /// Saved in another encoding.
    Save(String),
    /// Packed as `gzip`, `zip` or `zip with another`.
    Pack(String),
    /// A GZIP file that unpacks to so many MiB of nothing.
    Bomb(usize),
    /// Something else is in it altogether.
    Contents(String),
    /// It has another name.
    Name(String),
}

fn golden(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Text edits are made as bytes in the file's own encoding.
fn encoded(text: &str, file: &[u8]) -> Vec<u8> {
    if std::str::from_utf8(file).is_ok() {
        text.as_bytes().to_vec()
    } else {
        encoding_rs::GBK.encode(text).0.into_owned()
    }
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = (0..bytes.len()).find(|&at| bytes[at..].starts_with(from));
    let at = at.unwrap_or_else(|| panic!("{:?} is not in the file", String::from_utf8_lossy(from)));
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
        Err(_) => encoding_rs::GBK.decode(bytes).0.into_owned(),
    }
}

fn apply(done: &Done, bytes: Vec<u8>, name: &mut String) -> Vec<u8> {
    match done {
        Done::Keep(first, last) => lines(&bytes)[first - 1..*last].concat(),
        Done::Drop(line) => {
            let mut lines = lines(&bytes);
            lines.remove(line - 1);
            lines.concat()
        }
        Done::Double(line) => {
            let mut lines = lines(&bytes);
            lines.insert(*line, lines[line - 1].clone());
            lines.concat()
        }
        Done::Replace(from, to) => replace(&bytes, &encoded(from, &bytes), &encoded(to, &bytes)),
        Done::Insert(after, text) => {
            let mut lines = lines(&bytes);
            lines.insert(*after, encoded(&format!("{text}\r\n"), &bytes));
            lines.concat()
        }
        Done::Join(other) => [bytes, golden(other)].concat(),
        Done::Cut(count) => bytes[..bytes.len() - count].to_vec(),
        Done::Zeros(count) => [bytes, vec![0; *count]].concat(),
        Done::Save(encoding) => match encoding.as_str() {
            "gbk" => encoding_rs::GBK.encode(&text_of(&bytes)).0.into_owned(),
            "utf-8" => format!("\u{feff}{}", text_of(&bytes)).into_bytes(),
            "utf-16" => {
                let units = format!("\u{feff}{}", text_of(&bytes));
                units.encode_utf16().flat_map(u16::to_le_bytes).collect()
            }
            // GBK that somebody took for Latin 1.
            "mojibake" => {
                let gbk = encoding_rs::GBK.encode(&text_of(&bytes)).0.into_owned();
                encoding_rs::WINDOWS_1252.decode_without_bom_handling(&gbk).0.into_owned().into_bytes()
            }
            other => panic!("{other}"),
        },
        Done::Pack(kind) if kind == "gzip" => {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            packer.write_all(&bytes).expect("memory");
            packer.finish().expect("memory")
        }
        Done::Pack(kind) => {
            let mut packer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            packer.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).expect("memory");
            packer.write_all(&bytes).expect("memory");
            if kind == "zip with another" {
                packer.start_file("other.csv", zip::write::SimpleFileOptions::default()).expect("memory");
                packer.write_all(b"a,b\n1,2\n").expect("memory");
            }
            packer.finish().expect("memory").into_inner()
        }
        Done::Bomb(mib) => {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            for _ in 0..*mib {
                packer.write_all(&vec![b'0'; 1 << 20]).expect("memory");
            }
            packer.finish().expect("memory")
        }
        Done::Contents(text) => text.clone().into_bytes(),
        Done::Name(other) => {
            other.clone_into(name);
            bytes
        }
    }
}

struct Said {
    code: Option<i32>,
    error: String,
    out: PathBuf,
    _directory: tempfile::TempDir,
}

fn run(case: &Case) -> Said {
    let directory = tempfile::tempdir().expect("a directory");
    let mut name = case.of.clone();
    let mut bytes = if case.of.is_empty() { Vec::new() } else { golden(&case.of) };
    for done in &case.done {
        bytes = apply(done, bytes, &mut name);
    }
    let damaged = directory.path().join(&name);
    std::fs::write(&damaged, bytes).expect("a file");
    let other = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name);
    let (statement, his) = match case.side.as_str() {
        "statement" => (damaged, other("his.csv")),
        _ => (other("wechat-all.csv"), damaged),
    };
    let out = directory.path().join("out");
    std::fs::create_dir(&out).expect("a directory");
    std::fs::write(out.join("differences.csv"), "of yesterday").expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_mingfen"));
    command
        .args(["reconcile", "files", "--statement"])
        .arg(statement)
        .arg("--his")
        .arg(his)
        .arg("--out")
        .arg(&out);
    command.args(&case.with);
    if let Some(layout) = &case.layout {
        let path = directory.path().join("layout.toml");
        std::fs::write(&path, layout).expect("a file");
        command.arg(if case.side == "statement" { "--statement-map" } else { "--map" }).arg(path);
    }
    let answer = command.output().expect("the program");
    Said {
        code: answer.status.code(),
        error: String::from_utf8_lossy(&answer.stderr).into_owned(),
        out,
        _directory: directory,
    }
}

#[test]
fn every_damaged_file_is_told_as_the_table_says() {
    let table: Table = toml::from_str(include_str!("damaged.toml")).expect("the table");
    assert!(table.refused.len() >= 40, "{}", table.refused.len());
    let mut wrong = Vec::new();
    for case in &table.refused {
        let said = run(case);
        let text = said.error.trim_start_matches("error: ");
        let text = text.split("\nNothing was compared. ").next().unwrap_or_default().trim_end();
        let is_right = match case.says.strip_suffix('…') {
            Some(beginning) => text.starts_with(beginning),
            None => text == case.says,
        };
        if said.code != Some(2) || !is_right {
            wrong.push(format!(
                "{}\n    code {:?}\n    says {text}\n    not  {}",
                case.what, said.code, case.says
            ));
        }
        let chinese = mingfen_reconciliation::files::message_in_chinese(text);
        if chinese.as_ref().is_none_or(|told| told.contains("again") || told.contains(" is ")) {
            wrong.push(format!("{}\n    in Chinese {chinese:?}", case.what));
        }
        // Yesterday's report must not pass for today's.
        assert!(!said.out.join("differences.csv").exists(), "{}", case.what);
        assert!(said.out.join("differences.earlier.csv").exists(), "{}", case.what);
    }
    assert!(wrong.is_empty(), "{} of {}:\n\n{}", wrong.len(), table.refused.len(), wrong.join("\n\n"));
}

#[test]
fn what_is_only_unusual_is_read() {
    let table: Table = toml::from_str(include_str!("damaged.toml")).expect("the table");
    let mut wrong = Vec::new();
    for case in &table.accepted {
        let said = run(case);
        let expected = if case.agrees == Some(true) { 0 } else { 1 };
        if said.code != Some(expected) {
            wrong.push(format!("{}\n    code {:?}\n    {}", case.what, said.code, said.error));
            continue;
        }
        assert!(!said.out.join("differences.earlier.csv").exists(), "{}", case.what);
        if !case.says.is_empty() {
            let report = std::fs::read_to_string(said.out.join("differences.csv")).expect("a report");
            assert!(report.contains(&case.says), "{}: {report}", case.what);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
