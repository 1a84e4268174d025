//! Charts of the staff pages as inline SVG: sizes are attributes, colours are classes, so that the policy holds and print can be grey.
//!
//! Geometry is in whole tenths of a unit and printed as such: nothing here is a fraction that a processor rounds. Bars begin at zero, a
//! title says what is compared, and the page has a table of the same numbers behind every chart.

use super::frame::{Both, Say};
use crate::svg::Svg;
use crate::wording::escape_char;
use std::fmt::{self, Write};

/// A tenth of a unit.
type Tenths = u64;

/// An hour: what came in, and what is usual. Fen.
#[derive(Clone, Debug)]
pub struct HourBar {
    /// Under it: `9 时`, `至 10:42`.
    pub name: Both,
    /// What came in; nothing of an hour that has not begun.
    pub day: Option<u64>,
    /// What is usual in the whole hour, where there is something usual.
    pub usual: Option<u64>,
}

/// A part of a whole that stands in thousandths.
#[derive(Clone, Debug)]
pub struct SharePart {
    /// 1 to 6: the colour of the method, the same on every page.
    pub colour: u8,
    /// Thousandths of the whole.
    pub per_mille: u64,
    /// On it, where there is room: `52%`.
    pub label: String,
}

/// A day of a trend.
#[derive(Clone, Debug)]
pub struct TrendPoint {
    /// Fen; a day on which more went back than came in is drawn at zero.
    pub fen: u64,
    /// The mean of it and the six days before, once there are so many.
    pub mean: Option<u64>,
    /// Under it, where a label shall stand.
    pub name: Option<String>,
}

/// A bar that lies, with a tick where it usually ends.
#[derive(Clone, Debug)]
pub struct TickBar {
    /// Left of it.
    pub name: String,
    /// Its length.
    pub length: u64,
    /// Where it usually ends.
    pub usual: Option<u64>,
    /// At the right edge.
    pub value: String,
}

/// An age of differences.
#[derive(Clone, Debug)]
pub struct AgeBar {
    /// Left of it.
    pub name: Both,
    /// How many.
    pub number: u64,
    /// At its end.
    pub value: Both,
    /// Under it.
    pub said: Both,
}

/// Columns of the hours, what is usual as a dashed line over each.
pub(crate) fn hours(id: &str, title: &str, say: &Say, bars: &[HourBar]) -> Svg {
    const WIDTH: Tenths = 6400;
    const LEFT: Tenths = 480;
    const TOP: Tenths = 160;
    const BASE: Tenths = 2480;
    let most = bars.iter().flat_map(|bar| [bar.day, bar.usual]).flatten().max().unwrap_or_default();
    let scale = Scale::over(most);
    let y = |fen: u64| BASE - part(fen, scale.top(), BASE - TOP);
    draw("c-hour", (640, 276), Name::Title(id, title), |svg| {
        scale.draw(svg, say, LEFT - 40, WIDTH, &y);
        let step = (WIDTH - LEFT) / (bars.len() as u64).max(1);
        let bar_width = (step * 66 / 100).min(560);
        for (index, bar) in (0..).zip(bars) {
            let middle = LEFT + step * index + step / 2;
            if let Some(day) = bar.day {
                let top = y(day);
                rect(svg, "bar1", (middle - bar_width / 2, top), (bar_width, BASE - top), 20);
            }
        }
        for (index, bar) in (0..).zip(bars) {
            let middle = LEFT + step * index + step / 2;
            let usual = bar.usual.map(&y);
            if let Some(usual) = usual {
                let half = bar_width / 2 + 50;
                line(svg, "usual", (middle.saturating_sub(half), usual), (middle + half, usual));
            }
            if let Some(day) = bar.day.filter(|day| *day > 0) {
                // Over whatever is higher, so that no line goes through a number.
                let top = y(day);
                let over = usual.filter(|usual| *usual < top && top - usual < 220).unwrap_or(top);
                text(svg, "mid val", middle, over.saturating_sub(60), &short(day, say));
            }
            text(svg, "mid", middle, BASE + 160, bar.name.of(say));
        }
        line(svg, "axis", (LEFT - 40, BASE), (WIDTH, BASE));
    })
}

/// One bar of the whole, a piece for each part.
pub(crate) fn share(title: &str, parts: &[SharePart]) -> Svg {
    const WIDTH: Tenths = 4000;
    const GAP: Tenths = 15;
    draw("c-share", (400, 26), Name::Label(title), |svg| {
        let room = WIDTH.saturating_sub(GAP * (parts.len() as u64).saturating_sub(1));
        let mut left = 0;
        for piece in parts {
            let width = part(piece.per_mille, 1000, room).max(10);
            rect(svg, &format!("m{}", piece.colour), (left, 0), (width, 260), 0);
            if width >= 360 {
                text(svg, "on mid", left + width / 2, 170, &piece.label);
            }
            left += width + GAP;
        }
    })
}

/// Ninety days: each day thin, the mean of seven thick, the last one named.
pub(crate) fn trend(
    id: &str,
    title: &str,
    say: &Say,
    points: &[TrendPoint],
    last: Option<(&str, &str)>,
) -> Svg {
    const LEFT: Tenths = 560;
    const RIGHT: Tenths = 9900;
    const TOP: Tenths = 120;
    const BASE: Tenths = 1600;
    let most = points.iter().map(|point| point.fen).max().unwrap_or_default();
    let scale = Scale::over(most);
    let y = |fen: u64| BASE - part(fen, scale.top(), BASE - TOP);
    let steps = (points.len() as u64).saturating_sub(1).max(1);
    let x = |index: u64| LEFT + (RIGHT - LEFT - 60) * index / steps;
    draw("c-trend", (1080, 190), Name::Title(id, title), |svg| {
        scale.draw(svg, say, LEFT, RIGHT, &y);
        let thin: Vec<_> = (0..).zip(points).map(|(index, point)| (x(index), y(point.fen))).collect();
        polyline(svg, "thin", &thin);
        let thick: Vec<_> =
            (0..).zip(points).filter_map(|(index, point)| Some((x(index), y(point.mean?)))).collect();
        polyline(svg, "line", &thick);
        for (index, point) in (0..).zip(points) {
            if let Some(name) = &point.name {
                text(svg, "mid", x(index), BASE + 170, name);
            }
        }
        if let (Some((at_x, at_y)), Some((value, day))) = (thin.last().copied(), last) {
            put(svg, format_args!(r#"<circle class="dotp" cx="{}" cy="{}" r="4"/>"#, At(at_x), At(at_y)));
            let at_y = at_y.clamp(TOP + 60, BASE - 200);
            text(svg, "val", at_x + 100, at_y, value);
            text(svg, "", at_x + 100, at_y + 150, day);
        }
        line(svg, "axis", (LEFT, BASE), (RIGHT, BASE));
    })
}

/// Bars that lie under each other, each with a tick.
pub(crate) fn tick_bars(title: &str, bars: &[TickBar]) -> Svg {
    const WIDTH: Tenths = 3320;
    const NAME: Tenths = 860;
    const ROOM: Tenths = 1640;
    const ROW: Tenths = 230;
    let most = bars.iter().flat_map(|bar| [Some(bar.length), bar.usual]).flatten().max().unwrap_or_default();
    draw("c-dept", (332, 2 + 23 * bars.len() as u64), Name::Label(title), |svg| {
        for (index, bar) in (0..).zip(bars) {
            let top = ROW * index;
            text(svg, "lab", 0, top + 150, &cut(&bar.name, 13));
            let length = if bar.length == 0 { 0 } else { part(bar.length, most, ROOM).max(10) };
            rect(svg, "bar1", (NAME, top + 50), (length, 130), 20);
            if let Some(usual) = bar.usual {
                let at = NAME + part(usual, most, ROOM);
                line(svg, "tick", (at, top + 20), (at, top + 210));
            }
            text(svg, "end val", WIDTH, top + 150, &bar.value);
        }
    })
}

/// How old what is open is: the older, the stronger its colour; the words say it too.
pub(crate) fn ages(title: &str, say: &Say, bars: &[AgeBar; 3]) -> Svg {
    const NAME: Tenths = 760;
    const ROOM: Tenths = 1700;
    const ROW: Tenths = 400;
    let most = bars.iter().map(|bar| bar.number).max().unwrap_or_default();
    draw("c-age", (320, 118), Name::Label(title), |svg| {
        for ((index, bar), class) in (0..).zip(bars).zip(["ao", "aw", "ab"]) {
            let top = ROW * index;
            let length = if bar.number == 0 { 0 } else { part(bar.number, most, ROOM).max(60) };
            text(svg, "lab", 0, top + 170, bar.name.of(say));
            rect(svg, class, (NAME, top + 50), (length, 160), 20);
            text(svg, "val", NAME + length + 80, top + 170, bar.value.of(say));
            text(svg, "", NAME, top + 350, bar.said.of(say));
        }
    })
}

/// A bar in a cell, so many thousandths long. Its number stands beside it.
pub(crate) fn cell_bar(per_mille: u64) -> Svg {
    let width = At(per_mille.min(1000));
    Svg(format!(
        r#"<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="t" width="100" height="8"/><rect width="{width}" height="8"/></svg>"#
    ))
}

/// An axis from zero to a round sum above the highest.
struct Scale {
    /// Fen between two lines.
    step: u64,
    steps: u64,
}

impl Scale {
    fn over(most: u64) -> Self {
        let mut unit: u64 = 100;
        loop {
            for (number, below) in [(1, 1), (2, 1), (5, 2), (5, 1)] {
                // 1, 2, 2.5, 5 of the unit.
                let step = unit.saturating_mul(number) / below;
                if step.saturating_mul(4) >= most && step > 0 {
                    let steps = most.div_ceil(step).clamp(1, 4);
                    return Self { step, steps };
                }
            }
            let Some(next) = unit.checked_mul(10) else { return Self { step: u64::MAX / 4, steps: 4 } };
            unit = next;
        }
    }

    fn top(&self) -> u64 {
        self.step.saturating_mul(self.steps)
    }

    fn draw(&self, svg: &mut String, say: &Say, left: Tenths, right: Tenths, y: &impl Fn(u64) -> Tenths) {
        svg.push_str(r#"<g class="grid">"#);
        for index in 0..=self.steps {
            let at = y(self.step.saturating_mul(index));
            line(svg, "", (left, at), (right, at));
        }
        svg.push_str("</g>");
        for index in 0..=self.steps {
            let fen = self.step.saturating_mul(index);
            text(svg, "end", left - 60, y(fen) + 40, &round(fen, say));
        }
    }
}

/// A round sum on an axis: `2.5 万`, `25k`, `200`.
fn round(fen: u64, say: &Say) -> String {
    let yuan = fen / 100;
    if say.is_chinese() {
        if yuan < 10_000 { yuan.to_string() } else { format!("{} 万", decimal(yuan, 10_000)) }
    } else if yuan < 1_000 {
        yuan.to_string()
    } else if yuan < 1_000_000 {
        format!("{}k", decimal(yuan, 1_000))
    } else {
        format!("{}M", decimal(yuan, 1_000_000))
    }
}

/// The same with at most two decimals, and none where there are none.
fn decimal(number: u64, unit: u64) -> String {
    let hundredths = number % unit * 100 / unit;
    match (hundredths / 10, hundredths % 10) {
        (0, 0) => (number / unit).to_string(),
        (tenths, 0) => format!("{}.{tenths}", number / unit),
        _ => format!("{}.{hundredths:02}", number / unit),
    }
}

/// A sum as it stands on a chart, rounded to what there is room for: `8.8 万`, `88k`, `935`.
pub fn short(fen: u64, say: &Say) -> String {
    let yuan = (fen.saturating_add(50)) / 100;
    if say.is_chinese() {
        if yuan < 10_000 {
            return yuan.to_string();
        }
        let tenths = (yuan + 500) / 1_000;
        return format!("{}.{} 万", tenths / 10, tenths % 10);
    }
    if yuan < 1_000 {
        return yuan.to_string();
    }
    let tenths = (yuan + 50) / 100;
    if tenths < 1_000 {
        format!("{}.{}k", tenths / 10, tenths % 10)
    } else {
        format!("{}k", (yuan + 500) / 1_000)
    }
}

/// As much of a name as there is room for: a Chinese character is as wide as two letters.
fn cut(name: &str, room: usize) -> String {
    let width = |c: char| if c.is_ascii() { 1 } else { 2 };
    if name.chars().map(width).sum::<usize>() <= room {
        return name.to_owned();
    }
    let mut left = room.saturating_sub(2);
    let mut short: String = name
        .chars()
        .take_while(|c| {
            let fits = width(*c) <= left;
            left = left.saturating_sub(width(*c));
            fits
        })
        .collect();
    short.push('…');
    short
}

/// `value` of `most`, on a line of this length.
fn part(value: u64, most: u64, length: u64) -> u64 {
    let part = u128::from(value.min(most)) * u128::from(length) / u128::from(most.max(1));
    u64::try_from(part).unwrap_or(length)
}

/// Tenths as they are written.
struct At(Tenths);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % 10 {
            0 => write!(f, "{}", self.0 / 10),
            tenth => write!(f, "{}.{tenth}", self.0 / 10),
        }
    }
}

enum Name<'a> {
    /// An element of its own, by its id.
    Title(&'a str, &'a str),
    Label(&'a str),
}

fn draw(class: &str, (width, height): (u64, u64), name: Name<'_>, inside: impl FnOnce(&mut String)) -> Svg {
    let mut svg = String::with_capacity(4096);
    put(&mut svg, format_args!(r#"<svg class="chart {class}" viewBox="0 0 {width} {height}" role="img""#));
    match name {
        Name::Title(id, title) => {
            put(&mut svg, format_args!(r#" aria-labelledby="{id}"><title id="{id}">"#));
            escape(&mut svg, title);
            svg.push_str("</title>");
        }
        Name::Label(title) => {
            svg.push_str(r#" aria-label=""#);
            escape(&mut svg, title);
            svg.push_str(r#"">"#);
        }
    }
    inside(&mut svg);
    svg.push_str("</svg>");
    Svg(svg)
}

fn rect(
    svg: &mut String,
    class: &str,
    (x, y): (Tenths, Tenths),
    (width, height): (Tenths, Tenths),
    round: Tenths,
) {
    let (x, y, width, height, round) = (At(x), At(y), At(width), At(height), At(round));
    put(
        svg,
        format_args!(
            r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{round}"/>"#
        ),
    );
}

fn line(svg: &mut String, class: &str, (x1, y1): (Tenths, Tenths), (x2, y2): (Tenths, Tenths)) {
    let (x1, y1, x2, y2) = (At(x1), At(y1), At(x2), At(y2));
    svg.push_str("<line");
    if !class.is_empty() {
        put(svg, format_args!(r#" class="{class}""#));
    }
    put(svg, format_args!(r#" x1="{x1}" x2="{x2}" y1="{y1}" y2="{y2}"/>"#));
}

fn polyline(svg: &mut String, class: &str, points: &[(Tenths, Tenths)]) {
    put(svg, format_args!(r#"<polyline class="{class}" points=""#));
    for (index, (x, y)) in points.iter().enumerate() {
        let blank = if index == 0 { "" } else { " " };
        put(svg, format_args!("{blank}{},{}", At(*x), At(*y)));
    }
    svg.push_str(r#""/>"#);
}

fn text(svg: &mut String, class: &str, x: Tenths, y: Tenths, words: &str) {
    svg.push_str("<text");
    if !class.is_empty() {
        put(svg, format_args!(r#" class="{class}""#));
    }
    put(svg, format_args!(r#" x="{}" y="{}">"#, At(x), At(y)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    const ZH: Say = Say(Language::ZhCn);
    const EN: Say = Say(Language::En);

    #[test]
    fn an_axis_ends_at_a_round_sum_above_the_highest() {
        for (most, step, steps) in [
            (0, 100, 1),
            (100, 100, 1),
            (40_000, 10_000, 4),
            (40_001, 20_000, 3),
            (8_847_877, 2_500_000, 4),
            (52_200_000, 20_000_000, 3),
        ] {
            let scale = Scale::over(most);
            assert_eq!((scale.step, scale.steps), (step, steps), "{most}");
            assert!(scale.top() >= most);
        }
        assert!(Scale::over(u64::MAX).top() > 0);
    }

    #[test]
    fn sums_are_short_in_both_languages() {
        assert_eq!(short(8_847_877, &ZH), "8.8 万");
        assert_eq!(short(8_847_877, &EN), "88.5k");
        assert_eq!(short(52_212_300, &EN), "522k");
        assert_eq!((short(93_499, &ZH), short(93_499, &EN)), ("935".into(), "935".into()));
        assert_eq!((round(2_500_000, &ZH), round(2_500_000, &EN)), ("2.5 万".into(), "25k".into()));
        assert_eq!((round(0, &ZH), round(20_000_000, &ZH)), ("0".into(), "20 万".into()));
        assert_eq!(round(125_000_000, &EN), "1.25M");
    }

    #[test]
    fn long_names_are_cut_by_their_width() {
        assert_eq!(cut("心血管内科", 13), "心血管内科");
        assert_eq!(cut("北院区口腔颌面外科", 13), "北院区口腔…");
        assert_eq!(cut("Department of Surgery", 13), "Department …");
    }

    #[test]
    fn drawings_stay_inside_and_are_escaped() {
        let bars = |many: u64| {
            (0..many)
                .map(|hour| HourBar {
                    name: Both::same("<b>"),
                    day: Some(hour * (u64::MAX / 64)),
                    usual: Some(u64::MAX),
                })
                .collect::<Vec<_>>()
        };
        for many in [0, 1, 11, 24] {
            let svg = hours("c", "a<b", &ZH, &bars(many)).to_string();
            assert!(svg.contains("a&lt;b") && !svg.contains("<b>"));
            for piece in svg.split(" y=\"").skip(1) {
                let y: u64 = piece.split(['"', '.']).next().and_then(|y| y.parse().ok()).expect("a number");
                assert!(y <= 276, "{svg}");
            }
        }
        let points = [TrendPoint { fen: u64::MAX, mean: None, name: None }];
        assert!(trend("t", "x", &EN, &points, Some(("1", "2"))).to_string().contains("circle"));
        assert!(trend("t", "x", &EN, &[], None).to_string().contains("points=\"\""));
        let svg =
            tick_bars("x", &[TickBar { name: "\"&".into(), length: 0, usual: None, value: "0".into() }]);
        assert!(svg.to_string().contains("&quot;&amp;"));
        assert_eq!(share("x", &[]).to_string().matches("<rect").count(), 0);
        assert!(cell_bar(5000).to_string().contains(r#"<rect width="100" height="8"/>"#));
    }
}
