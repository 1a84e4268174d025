//! Codes as text: SVG, and half blocks for a terminal.

use std::fmt::Write;

use super::QrCode;

/// A document of its own.
pub(super) fn document(code: &QrCode, dots: u32, margin: u32) -> String {
    let modules = code.width() + 2 * margin;
    let side = modules * dots;
    let mut svg = String::with_capacity(capacity(code));
    // Writing to a String cannot fail.
    let _ = write!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" viewBox="0 0 {modules} {modules}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{modules}v{modules}H0z"/><path d=""##
    );
    path(&mut svg, code, margin);
    svg.push_str(r#""/></svg>"#);
    svg
}

/// An element of a page.
pub(super) fn element(code: &QrCode, margin: u32, side: &str, label: &str) -> String {
    let modules = code.width() + 2 * margin;
    let mut svg = String::with_capacity(capacity(code));
    let label = label.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let _ = write!(
        svg,
        r#"<svg class="qr" width="{side}" height="{side}" viewBox="0 0 {modules} {modules}" shape-rendering="crispEdges" role="img" aria-label="{label}"><path d=""#
    );
    path(&mut svg, code, margin);
    svg.push_str(r#""/></svg>"#);
    svg
}

/// About a quarter of the modules begin a run, and a run takes up to 14 bytes.
fn capacity(code: &QrCode) -> usize {
    (code.width() * code.width()) as usize * 4 + 256
}

fn path(svg: &mut String, code: &QrCode, margin: u32) {
    for y in 0..code.width() {
        for (x, length) in code.matrix.runs(y) {
            svg.push('M');
            number(svg, x + margin);
            svg.push(' ');
            number(svg, y + margin);
            svg.push('h');
            number(svg, length);
            svg.push_str("v1h-");
            number(svg, length);
            svg.push('z');
        }
    }
}

/// Numbers here have at most three digits; this is twice as fast as `write!`.
fn number(svg: &mut String, n: u32) {
    let digit = |n: u32| char::from(b'0' + u8::try_from(n % 10).unwrap_or_default());
    if n >= 100 {
        svg.push(digit(n / 100));
    }
    if n >= 10 {
        svg.push(digit(n / 10));
    }
    svg.push(digit(n));
}

/// The quiet zone is two here: a terminal window has a border of its own.
const TERMINAL_MARGIN: u32 = 2;

/// Two modules a character, upper and lower; colours are set, so that it scans on dark terminals too.
pub(super) fn half_blocks(code: &QrCode) -> String {
    const BLACK_ON_WHITE: &str = "\u{1b}[30;107m";
    const RESET: &str = "\u{1b}[0m";
    let side = code.width() + 2 * TERMINAL_MARGIN;
    let dark = |x: u32, y: u32| {
        x.checked_sub(TERMINAL_MARGIN)
            .zip(y.checked_sub(TERMINAL_MARGIN))
            .is_some_and(|(x, y)| code.is_dark(x, y))
    };
    let mut text = String::new();
    for y in (0..side).step_by(2) {
        text.push_str(BLACK_ON_WHITE);
        for x in 0..side {
            text.push(match (dark(x, y), dark(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        text.push_str(RESET);
        text.push('\n');
    }
    text
}
