//! Style sheets and scripts, embedded, under addresses that name their content.
//!
//! A changed file has another address, so a browser may keep one for ever.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// One embedded file.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its content.
    pub bytes: &'static [u8],
    /// For the `Content-Type` header.
    pub content_type: &'static str,
    /// The first 16 hex digits of the content's SHA-256, as in its address; in quotes it is the `ETag`.
    pub hash: &'static str,
    url: &'static str,
}

impl Asset {
    /// `/assets/patient.0123456789abcdef.css`. Answer with `Cache-Control: public, max-age=31536000, immutable`.
    pub fn url(&self) -> &'static str {
        self.url
    }
}

struct Source {
    name: &'static str,
    extension: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Tokens go in front of each sheet: one request less in a corridor with poor signal.
const SOURCES: [Source; 9] = [
    Source {
        name: "patient",
        extension: "css",
        content_type: CSS,
        bytes: concat!(include_str!("../assets/tokens.css"), include_str!("../assets/patient.css"))
            .as_bytes(),
    },
    Source { name: "print", extension: "css", content_type: CSS, bytes: print_css_text().as_bytes() },
    Source {
        name: "docs",
        extension: "css",
        content_type: CSS,
        bytes: concat!(include_str!("../assets/tokens.css"), include_str!("../assets/docs.css")).as_bytes(),
    },
    Source { name: "report", extension: "css", content_type: CSS, bytes: report_css_text().as_bytes() },
    Source {
        name: "patient",
        extension: "js",
        content_type: SCRIPT,
        bytes: include_bytes!("../assets/patient.js"),
    },
    Source { name: "pay", extension: "js", content_type: SCRIPT, bytes: include_bytes!("../assets/pay.js") },
    Source {
        name: "mark",
        extension: "svg",
        content_type: "image/svg+xml",
        bytes: include_bytes!("../assets/mark.svg"),
    },
    Source {
        name: "staff",
        extension: "css",
        content_type: CSS,
        bytes: concat!(include_str!("../assets/staff-tokens.css"), include_str!("../assets/staff.css"))
            .as_bytes(),
    },
    Source {
        name: "staff",
        extension: "js",
        content_type: SCRIPT,
        bytes: include_bytes!("../assets/staff.js"),
    },
];

static ASSETS: LazyLock<[Asset; 9]> = LazyLock::new(|| SOURCES.map(embed));

/// Lives as long as the process: the few addresses are leaked once.
fn embed(source: Source) -> Asset {
    let digest = Sha256::digest(source.bytes);
    let hash: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let url = format!("/assets/{}.{hash}.{}", source.name, source.extension);
    Asset {
        bytes: source.bytes,
        content_type: source.content_type,
        hash: Box::leak(hash.into_boxed_str()),
        url: Box::leak(url.into_boxed_str()),
    }
}

/// The asset at this path, `/assets/…`; `None` for another name, another hash or anything else.
pub fn find(path: &str) -> Option<Asset> {
    ASSETS.iter().find(|asset| asset.url == path).copied()
}

/// Every asset, for writing them to files.
pub fn all() -> impl Iterator<Item = Asset> {
    ASSETS.iter().copied()
}

pub(crate) fn patient_css() -> &'static str {
    ASSETS[0].url
}

pub(crate) fn print_css() -> &'static str {
    ASSETS[1].url
}

/// The style sheet itself, for a document that stands alone.
pub(crate) const fn print_css_text() -> &'static str {
    concat!(include_str!("../assets/tokens.css"), include_str!("../assets/print.css"))
}

pub(crate) fn docs_css() -> &'static str {
    ASSETS[2].url
}

pub(crate) fn report_css() -> &'static str {
    ASSETS[3].url
}

/// The style sheet itself, for a document that stands alone.
pub(crate) const fn report_css_text() -> &'static str {
    concat!(include_str!("../assets/tokens.css"), include_str!("../assets/report.css"))
}

/// The document with this style sheet inside and without its icon, so that it stands alone.
pub(crate) fn inlined(html: &str, css: &str, css_text: &str) -> String {
    let link = format!("<link rel=\"stylesheet\" href=\"{css}\">");
    let icon = format!("<link rel=\"icon\" href=\"{}\" type=\"image/svg+xml\">", mark());
    html.replace(&link, &format!("<style>{css_text}</style>")).replace(&icon, "")
}

pub(crate) fn patient_js() -> &'static str {
    ASSETS[4].url
}

pub(crate) fn pay_js() -> &'static str {
    ASSETS[5].url
}

pub(crate) fn mark() -> &'static str {
    ASSETS[6].url
}

pub(crate) fn staff_css() -> &'static str {
    ASSETS[7].url
}

pub(crate) fn staff_js() -> &'static str {
    ASSETS[8].url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_is_found_under_its_address_and_nowhere_else() {
        for asset in all() {
            assert_eq!(find(asset.url()).map(|found| found.bytes), Some(asset.bytes));
            assert!(find(&asset.url().replace(asset.hash, "0000000000000000")).is_none());
        }
        for path in ["/assets/patient.css", "/assets/", "/assets/../src/lib.rs", ""] {
            assert!(find(path).is_none());
        }
    }

    #[test]
    fn addresses_say_what_they_are() {
        assert!(patient_css().starts_with("/assets/patient.") && patient_css().ends_with(".css"));
        assert!(print_css().starts_with("/assets/print."));
        assert!(report_css().starts_with("/assets/report.") && report_css().ends_with(".css"));
        assert!(docs_css().starts_with("/assets/docs."));
        assert!(patient_js().starts_with("/assets/patient.") && patient_js().ends_with(".js"));
        assert!(pay_js().starts_with("/assets/pay."));
        assert!(mark().ends_with(".svg"));
        assert!(staff_css().starts_with("/assets/staff.") && staff_css().ends_with(".css"));
        assert!(staff_js().starts_with("/assets/staff.") && staff_js().ends_with(".js"));
    }

    /// Old in-app browsers (Chromium 77, iOS 12) stop at the first word they do not know.
    #[test]
    fn scripts_keep_to_old_syntax() {
        for asset in all().filter(|asset| asset.content_type == SCRIPT) {
            let text = String::from_utf8_lossy(asset.bytes);
            for newer in ["=>", "let ", "const ", "`", "?.", "??", "async ", "class "] {
                assert!(!text.contains(newer), "{} has {newer:?}", asset.url());
            }
        }
    }
}
