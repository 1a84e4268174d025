//! The content security policy that every page here keeps: no inline style, no handler, nothing from elsewhere.

use crate::frame::Frame;
use crate::patient::{Opening, Pay};

const REST: &str =
    "style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The value of `Content-Security-Policy` for patient pages, sheets and the documentation page.
pub fn policy() -> String {
    format!("default-src 'none'; script-src 'self'; form-action 'self'; {REST}")
}

/// The same for [`Pay`]: with the origin of the bridge script when the frame names one, and of the provider when the
/// sheet is opened by a form.
pub fn pay_policy(page: &Pay, frame: &Frame) -> String {
    let script =
        frame.bridge_script.as_deref().and_then(origin).map_or(String::new(), |origin| format!(" {origin}"));
    let form = match &page.opening {
        Opening::Form { action, .. } => origin(action).map_or(String::new(), |origin| format!(" {origin}")),
        Opening::Bridge { .. } | Opening::Link { .. } => String::new(),
    };
    format!("default-src 'none'; script-src 'self'{script}; form-action 'self'{form}; {REST}")
}

/// `https://host:port` of an address; `None` for paths and for anything that is no plain web address.
fn origin(url: &str) -> Option<&str> {
    let host_at = ["https://", "http://"].iter().find(|scheme| url.starts_with(**scheme))?.len();
    let host = url[host_at..].split(['/', '?', '#']).next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    (!host.is_empty() && host.chars().all(plain)).then(|| &url[..host_at + host.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_cut_from_an_address() {
        assert_eq!(origin("https://openapi.alipay.com/gateway.do?x=1"), Some("https://openapi.alipay.com"));
        assert_eq!(origin("http://127.0.0.1:9000"), Some("http://127.0.0.1:9000"));
        for refused in
            ["/bridge.js", "javascript:alert(1)", "https://", "https://a b;script-src *", "ftp://a"]
        {
            assert_eq!(origin(refused), None, "{refused}");
        }
    }
}
