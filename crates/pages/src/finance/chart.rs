//! Two charts as inline SVG: sizes are attributes, colours are classes, so that the policy holds and paper can be grey.
//!
//! Drawn at the width of the paper's column; all geometry is in whole units of it.

use crate::svg::Svg;
use crate::wording::escape_char;
use std::borrow::Borrow;
use std::fmt::{self, Write};

/// The column of an A4 page, in CSS pixels.
const WIDTH: u64 = 688;

/// One bar that lies.
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) length: u64,
    /// Stands at its end: the length in words.
    pub(crate) value: String,
    /// Stands at the right edge.
    pub(crate) money: String,
    /// Somebody has to act: another colour, and a mark in front of the name that is seen without colour.
    pub(crate) to_do: bool,
}

/// Bars that lie under each other, from zero, with their values on them and money in a column of its own.
pub(crate) fn bars(title: &str, money: &str, bars: &[Bar]) -> Svg {
    const HEAD: u64 = 18;
    const ROW: u64 = 22;
    const NAME: u64 = 172;
    const VALUE: u64 = 74;
    const MONEY: u64 = 88;
    let room = WIDTH - NAME - VALUE - MONEY;
    let most = bars.iter().map(|bar| bar.length).max().unwrap_or_default();
    let height = HEAD + ROW * bars.len() as u64 + 2;
    draw(title, height, |svg| {
        text(svg, "end quiet", WIDTH, 12, money);
        for (index, bar) in (0..).zip(bars) {
            let top = HEAD + ROW * index;
            let length = share(bar.length, most, room).max(2);
            let class = if bar.to_do { "todo" } else { "calm" };
            let mark = if bar.to_do { "▲ " } else { "" };
            text(svg, "end", NAME - 8, top + 15, &format!("{mark}{}", bar.name));
            rect(svg, class, (NAME, top + 4), (length, ROW - 8));
            text(svg, "val", NAME + length + 8, top + 15, &bar.value);
            text(svg, "end", WIDTH, top + 15, &bar.money);
        }
        line(svg, (NAME, HEAD), (NAME, height));
    })
}

/// One bar that stands.
pub(crate) struct Column {
    /// Under it.
    pub(crate) name: String,
    /// Under that, where a month begins.
    pub(crate) month: String,
    pub(crate) value: u64,
}

/// Columns beside each other, from zero. The last is the day that the report is about.
pub(crate) fn columns(title: &str, columns: &[Column]) -> Svg {
    const TOP: u64 = 18;
    const BASE: u64 = 74;
    const HEIGHT: u64 = 104;
    let count = (columns.len() as u64).max(1);
    // In tenths, so that thirty columns fill the width.
    let step = (WIDTH * 10 / count).min(480);
    let most = columns.iter().map(|column| column.value).max().unwrap_or_default();
    let most_at = columns.iter().position(|column| column.value == most);
    // Where numbers would run into each other, only the two that matter are written.
    let all = grouped(most).len() as u64 * 70 <= step;
    draw(title, HEIGHT, |svg| {
        line(svg, (0, BASE), (WIDTH, BASE));
        for (index, column) in columns.iter().enumerate() {
            let last = index + 1 == columns.len();
            let left = step * index as u64 / 10;
            let middle = left + step / 20;
            let wide = (step * 6 / 100).max(2);
            let high = if column.value == 0 { 0 } else { share(column.value, most, BASE - TOP).max(2) };
            let class = if last { "now" } else { "calm" };
            rect(svg, class, (middle - wide / 2, BASE - high), (wide, high));
            if all || last || Some(index) == most_at {
                let number = grouped(column.value);
                // Half of a long number would stand outside.
                let (class, x) = match last {
                    true if number.len() > 3 => ("end val", middle + wide / 2),
                    true => ("mid val", middle),
                    false => ("mid", middle),
                };
                text(svg, class, x, BASE - high - 5, &number);
            }
            text(svg, if last { "mid val" } else { "mid" }, middle, BASE + 14, &column.name);
            if !column.month.is_empty() {
                text(svg, "mid quiet", middle, BASE + 28, &column.month);
            }
        }
    })
}

/// `value` of `most`, on a line of this length.
fn share(value: u64, most: u64, length: u64) -> u64 {
    let share = u128::from(value) * u128::from(length) / u128::from(most.max(1));
    u64::try_from(share).unwrap_or(length)
}

fn draw(title: &str, height: u64, inside: impl FnOnce(&mut String)) -> Svg {
    let mut svg = String::new();
    put(
        &mut svg,
        format_args!(r#"<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label=""#),
    );
    escape(&mut svg, title);
    svg.push_str("\">");
    inside(&mut svg);
    svg.push_str("</svg>");
    Svg(svg)
}

fn rect(svg: &mut String, class: &str, (x, y): (u64, u64), (width, height): (u64, u64)) {
    put(svg, format_args!(r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}"/>"#));
}

fn line(svg: &mut String, (x1, y1): (u64, u64), (x2, y2): (u64, u64)) {
    put(svg, format_args!(r#"<line class="axis" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>"#));
}

fn text(svg: &mut String, class: &str, x: u64, y: u64, words: &str) {
    put(svg, format_args!(r#"<text class="{class}" x="{x}" y="{y}">"#));
    escape(svg, words);
    svg.push_str("</text>");
}

fn put(svg: &mut String, what: fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = svg.write_fmt(what);
}

fn escape(svg: &mut String, words: &str) {
    words.chars().for_each(|c| escape_char(svg, c));
}

/// A count with thousands commas. Templates pass what stands in a field by reference.
pub(crate) fn grouped(number: impl Borrow<u64>) -> String {
    let digits = number.borrow().to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, value: u64) -> Column {
        Column { name: name.into(), month: String::new(), value }
    }

    #[test]
    fn counts_have_commas() {
        for (number, text) in [(0_u64, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_bar_is_as_long_as_its_share_and_never_nothing() {
        let bar = |length| Bar {
            name: "<b>".into(),
            length,
            value: "\"".into(),
            money: "&".into(),
            to_do: length > 5,
        };
        let svg = bars("a<b", "元", &[bar(10), bar(5), bar(0)]).to_string();
        for wanted in [
            r#"aria-label="a&lt;b""#,
            r#"<rect class="todo" x="172" y="22" width="354" height="14"/>"#,
            r#"<rect class="calm" x="172" y="44" width="177" height="14"/>"#,
            r#"<rect class="calm" x="172" y="66" width="2" height="14"/>"#,
            "▲ &lt;b&gt;</text>",
            ">&quot;</text>",
            ">&amp;</text>",
        ] {
            assert!(svg.contains(wanted), "{wanted} is not in {svg}");
        }
    }

    #[test]
    fn columns_stay_inside_and_numbers_do_not_run_into_each_other() {
        let days = |value: u64| (1..=31).map(|day| column(&day.to_string(), value + day)).collect::<Vec<_>>();
        let few = columns("few", &days(1)).to_string();
        assert_eq!(few.matches("<text").count(), 62);
        let many = columns("many", &days(100_000)).to_string();
        assert_eq!(many.matches("<text").count(), 31 + 1, "the last one is the highest");
        for svg in [few, many] {
            for x in svg.split(" x=\"").skip(1) {
                let x: u64 = x.split('"').next().and_then(|x| x.parse().ok()).expect("a number");
                assert!(x < WIDTH);
            }
        }
        assert_eq!(columns("none", &[]).to_string().matches("<rect").count(), 0);
        assert!(columns("huge", &[column("1", u64::MAX)]).to_string().contains("height=\"56\""));
    }
}
