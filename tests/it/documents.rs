//! What the documents say is there is there. They are read as text: a document that lies fails like code that does not compile.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders whose files a document may name in back-ticks.
const NAMED: [&str; 5] = ["crates/", "docs/", "tests/", "config/", "deploy/"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path} cannot be read: {error}"))
}

/// `README.md` and everything below `docs`, relative to the root.
fn documents() -> Vec<String> {
    let mut found = vec!["README.md".to_owned()];
    collect("docs", &mut found);
    assert!(found.len() > 10, "only {found:?}");
    found
}

fn collect(folder: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(root().join(folder)).expect("a folder of documents") {
        let entry = entry.expect("an entry of it");
        let name = entry.file_name().into_string().expect("a name that is text");
        let path = format!("{folder}/{name}");
        if entry.file_type().expect("its type").is_dir() {
            collect(&path, found);
        } else if path.ends_with(".md") {
            found.push(path);
        }
    }
}

/// Without what is shown as code on lines of its own: a link in there is an example.
fn prose(text: &str) -> String {
    let mut in_code = false;
    let keep = |line: &&str| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !fence && !in_code
    };
    text.lines().filter(keep).collect::<Vec<_>>().join("\n")
}

/// Without what is shown as code within a line, either.
fn without_code_spans(prose: &str) -> String {
    prose.split('`').step_by(2).collect()
}

/// Where `[…](target)` leads.
fn link_targets(prose: &str) -> Vec<String> {
    let text = without_code_spans(prose);
    let after_each = text.split("](").skip(1);
    after_each.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

/// The names that a heading can be linked by, as code hosts make them.
fn anchors(prose: &str) -> BTreeSet<String> {
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Why a link of a document leads nowhere.
fn dead(document: &str, target: &str) -> Option<String> {
    if ["https://", "http://", "mailto:"].iter().any(|scheme| target.starts_with(scheme)) {
        return None;
    }
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = match file {
        "" => root().join(document),
        file => root().join(document).parent().expect("a document is in a folder").join(file),
    };
    if !path.exists() {
        return Some(format!("{document}: {target} is not there"));
    }
    if heading.is_empty() {
        return None;
    }
    let text = fs::read_to_string(&path).expect("a document that is linked by heading");
    let known = anchors(&prose(&text)).contains(heading);
    (!known).then(|| format!("{document}: {target} names no heading of it"))
}

#[test]
fn every_path_on_the_map_exists() {
    let mut lost = Vec::new();
    for document in ["docs/ARCHITECTURE.md", "docs/adding-a-provider.md"] {
        let text = prose(&read(document));
        let spans = text.split('`').skip(1).step_by(2);
        let paths: Vec<&str> =
            spans.filter(|span| NAMED.iter().any(|folder| span.starts_with(folder))).collect();
        assert!(paths.len() > 5, "{document} names hardly a file: is it still read rightly?");
        lost.extend(
            paths.iter().filter(|path| !root().join(path).exists()).map(|path| format!("{document}: {path}")),
        );
    }
    assert!(lost.is_empty(), "no such file:\n{}", lost.join("\n"));
}

#[test]
fn every_link_leads_somewhere() {
    let mut lost = Vec::new();
    let mut followed = 0;
    for document in documents() {
        for target in link_targets(&prose(&read(&document))) {
            followed += 1;
            lost.extend(dead(&document, &target));
        }
    }
    assert!(followed > 20, "only {followed} links were found");
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

#[test]
fn every_dependency_has_its_sentence() {
    let manifest = read("Cargo.toml");
    let (_, section) = manifest.split_once("\n[workspace.dependencies]\n").expect("the section");
    let section = section.split("\n[").next().unwrap_or(section);
    let used: BTreeSet<&str> = section
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once('=')?.0.trim()))
        .filter(|name| !name.starts_with("mingfen-"))
        .collect();
    let table = read("docs/dependencies.md");
    let described: BTreeSet<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .filter(|(_, rest)| rest.trim_end_matches(" |").ends_with('.'))
        .map(|(name, _)| name)
        .collect();
    assert!(used.len() > 20, "only {used:?}");
    assert_eq!(
        used, described,
        "left: Cargo.toml; right: the rows of docs/dependencies.md that end in a sentence"
    );
}

#[test]
fn the_two_commands_are_on_both_front_pages() {
    for page in ["README.md", "docs/README.zh-CN.md"] {
        let text = read(page);
        for command in ["cargo run --release -- demo", "tests/run"] {
            let shown = format!("```\n{command}\n```");
            assert!(text.contains(&shown), "{page} does not show {command:?} on a line of its own");
        }
    }
}

#[test]
fn links_are_found_in_prose_only() {
    let text = "see [a](x.md) and [b](y.md#z), not `[c](code.md)`\n```\n[d](fenced.md)\n```\n[e](../last.md)";
    assert_eq!(link_targets(&prose(text)), ["x.md", "y.md#z", "../last.md"]);
}

#[test]
fn headings_become_anchors() {
    assert_eq!(
        anchor("A slip's link and code: `POST /api/v1/slips`"),
        "a-slips-link-and-code-post-apiv1slips"
    );
    assert_eq!(anchor("The database is gone"), "the-database-is-gone");
}
