//! What stands under a heading, and which heading is what.

use super::LOOKED_AT;
use crate::files::fields::{self, Days};
use crate::files::front::{spelled_out, without};
use crate::files::layout::cut;
use std::collections::{BTreeMap, BTreeSet};

/// A column with more different words than this is no column of words.
pub(super) const MOST_WORDS: usize = 12;

/// A column that is looked for: its name in layouts, what it is for, and what has to stand in it.
pub(super) struct Wanted {
    pub name: &'static str,
    pub meaning: &'static str,
    pub content: Content,
}

/// Headings that mean a column, by its name; and `way`, which says by which way was paid.
pub(super) type Headings = BTreeMap<String, Vec<String>>;

/// They are data; a test holds that they can be read.
pub(super) fn known_headings() -> Headings {
    toml::from_str(include_str!("../../../layouts/headings.toml")).unwrap_or_default()
}

pub(super) fn meaning<'h>(headings: &'h Headings, name: &str) -> &'h [String] {
    headings.get(name).map(Vec::as_slice).unwrap_or_default()
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Number,
    Money,
    Moment,
    Words,
    Any,
}

pub(super) const WANTED: &[Wanted] = &[
    Wanted {
        name: "order_no",
        meaning: "the order number that went to the channel",
        content: Content::Number,
    },
    Wanted { name: "amount", meaning: "how much", content: Content::Money },
    Wanted { name: "at", meaning: "when", content: Content::Moment },
    Wanted { name: "at_time", meaning: "the time of day, where the day stands apart", content: Content::Any },
    Wanted { name: "refund_no", meaning: "the refund's own number", content: Content::Any },
    Wanted { name: "kind", meaning: "payment or refund", content: Content::Words },
    Wanted { name: "state", meaning: "whether it took effect", content: Content::Words },
    Wanted {
        name: "refund_amount",
        meaning: "how much was given back, where that is a column of its own",
        content: Content::Money,
    },
    Wanted {
        name: "outgoing",
        meaning: "how much went out, where that is a column of its own and the other has what came in",
        content: Content::Money,
    },
    Wanted { name: "provider_no", meaning: "the channel's number", content: Content::Any },
    Wanted { name: "account", meaning: "the merchant account", content: Content::Any },
];

/// What stands under one heading.
pub(super) struct Column<'t> {
    pub heading: &'t str,
    /// Without blanks, brackets and signs; in small letters.
    pub plain: String,
    pub filled: usize,
    pub numbers: usize,
    /// Amounts with a decimal point.
    pub decimals: usize,
    pub whole: usize,
    pub thousands: bool,
    pub negative: bool,
    pub moments: usize,
    pub days: usize,
    pub times: usize,
    pub rounded: usize,
    pub words: BTreeMap<String, usize>,
    pub different: usize,
}

/// A heading without what is decoration: `交易金额（元）` and `out_trade_no` become `交易金额` and `outtradeno`.
pub(super) fn plain(heading: &str) -> String {
    let cut = heading.find(['(', '（', '[', '【']).filter(|&at| at > 0).map_or(heading, |at| &heading[..at]);
    cut.chars()
        .filter(|character| !character.is_whitespace() && !"_-.:：*\"`".contains(*character))
        .flat_map(char::to_lowercase)
        .collect()
}

pub(super) fn is_moment(text: &str) -> bool {
    Days::default().when(text.as_bytes()).is_some() || spelled_out(text).is_some()
}

pub(super) fn is_money(text: &str) -> bool {
    let text = without(text, Some(','));
    fields::yuan(text.as_bytes()).is_some() && text.contains('.')
}

fn is_time(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let colons = text.matches(':').count();
    (colons > 0 && digits + colons == text.len() && (3..=6).contains(&digits))
        || (colons == 0 && digits == text.len() && (5..=6).contains(&digits))
}

/// A number of somebody's: long enough, letters and digits, nothing else.
fn is_number(text: &str) -> bool {
    (8..=64).contains(&text.len())
        && text.bytes().filter(u8::is_ascii_digit).count() >= 6
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        && !is_moment(text)
}

impl<'t> Column<'t> {
    pub fn look<'c>(heading: &'t str, cells: impl Iterator<Item = &'c str>) -> Self {
        let mut column = Self {
            heading,
            plain: plain(heading),
            filled: 0,
            numbers: 0,
            decimals: 0,
            whole: 0,
            thousands: false,
            negative: false,
            moments: 0,
            days: 0,
            times: 0,
            rounded: 0,
            words: BTreeMap::new(),
            different: 0,
        };
        let mut all = BTreeSet::new();
        for cell in cells.filter(|cell| !cell.is_empty()) {
            column.filled += 1;
            column.numbers += usize::from(is_number(cell));
            column.rounded += usize::from(cell.len() > 5 && (cell.contains("E+") || cell.contains("e+")));
            if is_money(cell) {
                column.decimals += 1;
                column.thousands |= cell.contains(',');
            }
            column.whole += usize::from(fields::fen(cell.as_bytes()).is_some());
            column.negative |= cell.starts_with('-');
            if is_moment(cell) {
                column.moments += 1;
                column.days += usize::from(!cell.contains(':') && cell.len() < 14);
            }
            column.times += usize::from(is_time(cell));
            if all.len() <= LOOKED_AT {
                all.insert(cell.to_owned());
            }
            if column.words.len() <= MOST_WORDS && cell.chars().count() <= 20 {
                *column.words.entry(cell.to_owned()).or_default() += 1;
            }
        }
        column.different = all.len();
        column
    }

    /// Most of what is there.
    pub fn mostly(&self, count: usize) -> bool {
        self.filled > 0 && count * 10 >= self.filled * 8
    }

    fn holds(&self, content: Content) -> bool {
        match content {
            Content::Number => self.mostly(self.numbers + self.rounded),
            Content::Money => self.mostly(self.decimals + self.whole),
            Content::Moment => self.mostly(self.moments),
            Content::Words => {
                self.words.len() <= MOST_WORDS
                    && (self.different <= self.words.len())
                    && !self.mostly(self.decimals)
            }
            Content::Any => true,
        }
    }
}

pub(super) type Chosen = Vec<Option<(usize, String)>>;

/// One heading a column, the likeliest; no heading twice.
pub(super) fn choose(columns: &[Column<'_>], headings: &Headings) -> Chosen {
    let mut chosen: Chosen = Vec::with_capacity(WANTED.len());
    for wanted in WANTED {
        let is_free = |index: &usize| !chosen.iter().flatten().any(|(taken, _)| taken == index);
        let found = (0..columns.len())
            .filter(is_free)
            .filter_map(|index| {
                score(wanted, meaning(headings, wanted.name), &columns[index])
                    .map(|(score, why)| (score, index, why))
            })
            .max_by(|(one, first, _), (other, second, _)| one.cmp(other).then(second.cmp(first)));
        let found = found.map(|(_, index, why)| (index, why));
        // The time of day is only wanted where the day stands alone.
        let at = chosen.get(2).and_then(Option::as_ref).map(|(index, _): &(usize, String)| &columns[*index]);
        let is_needless = wanted.name == "at_time"
            && !(at.is_some_and(|at| at.mostly(at.days))
                && found.as_ref().is_some_and(|(index, _)| columns[*index].mostly(columns[*index].times)));
        chosen.push(if is_needless { None } else { found });
    }
    // Two columns of money say by themselves what came and what went.
    let place = |name: &str| WANTED.iter().position(|wanted| wanted.name == name);
    if place("outgoing").is_some_and(|outgoing| chosen[outgoing].is_some()) {
        for needless in ["kind", "refund_amount"].into_iter().filter_map(place) {
            chosen[needless] = None;
        }
    }
    chosen
}

/// How likely a heading is what is wanted, and why. Content outweighs a vague heading, never an exact one that is empty below.
fn score(wanted: &Wanted, headings: &[String], column: &Column<'_>) -> Option<(usize, String)> {
    let exact = headings.iter().position(|heading| column.plain == *heading);
    let partly = headings
        .iter()
        .position(|heading| heading.chars().count() > 2 && column.plain.contains(heading.as_str()));
    let fits = column.filled == 0 || column.holds(wanted.content);
    let below = describe(column);
    match (exact, partly) {
        (Some(rank), _) if fits => Some((1000 - rank, format!("the heading says so; below it {below}"))),
        (Some(rank), _) => {
            Some((300 - rank, format!("the heading says so, but look at it: below it {below}")))
        }
        (None, Some(rank)) if fits && column.filled > 0 => {
            let like = &headings[rank];
            Some((500 - rank, format!("the heading is like {like}; below it {below}")))
        }
        _ => {
            let by_content = match (wanted.name, wanted.content) {
                ("order_no", _) => column.mostly(column.numbers) && column.different * 2 > column.filled,
                ("amount", _) => column.mostly(column.decimals),
                ("at", _) => column.mostly(column.moments),
                ("kind", _) => {
                    column.filled > 0
                        && column.words.len() <= 6
                        && column.words.keys().all(|word| kind_of(word).is_some())
                }
                _ => false,
            };
            let weight =
                if wanted.name == "order_no" { column.different * 100 / column.filled.max(1) } else { 50 };
            by_content.then(|| (weight, format!("no heading says so, but below this one {below}")))
        }
    }
}

fn describe(column: &Column<'_>) -> String {
    if column.filled == 0 {
        "nothing stands in the rows that were looked at".to_owned()
    } else if column.mostly(column.rounded) {
        "stand numbers that a spreadsheet has rounded: export the file again with this column as text"
            .to_owned()
    } else if column.decimals > 0 && column.mostly(column.decimals + column.whole) {
        "stand amounts with decimals".to_owned()
    } else if column.mostly(column.moments) {
        if column.mostly(column.days) { "stand days" } else { "stand times" }.to_owned()
    } else if column.mostly(column.numbers) {
        format!("stand long numbers, {} different in {} rows", column.different, column.filled)
    } else if column.mostly(column.times) {
        "stand times of day".to_owned()
    } else if column.mostly(column.whole) {
        "stand whole numbers".to_owned()
    } else if column.words.len() <= MOST_WORDS {
        let words: Vec<&str> = column.words.keys().map(String::as_str).take(4).collect();
        format!("stand few words ({})", cut(&words.join(", "), 60))
    } else {
        "stand texts".to_owned()
    }
}

pub(super) fn kind_of(word: &str) -> Option<&'static str> {
    let small = word.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| small.contains(part));
    if has(&["退", "冲", "撤", "refund", "reverse", "reversal"]) {
        Some("refund")
    } else if has(&[
        "支付", "收费", "缴费", "收款", "消费", "付款", "充值", "预交", "交易", "收入", "pay", "sale",
        "consume", "收",
    ]) {
        Some("payment")
    } else {
        None
    }
}

pub(super) fn state_of(word: &str) -> Option<&'static str> {
    let small = word.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| small.contains(part));
    if has(&["作废", "取消", "失败", "关闭", "撤销", "无效", "fail", "close", "cancel", "void"]) {
        Some("void")
    } else if has(&["处理中", "待", "未", "process", "pending", "wait"]) {
        Some("under_way")
    } else if has(&["成功", "正常", "完成", "已", "有效", "success", "done", "paid", "ok"]) {
        Some("done")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_headings_as_they_are_compared() {
        let headings = known_headings();
        for name in WANTED.iter().map(|wanted| wanted.name).chain(["way"]) {
            let known = meaning(&headings, name);
            assert!(!known.is_empty(), "{name}");
            assert!(known.iter().all(|heading| *heading == plain(heading)), "{known:?}");
        }
        assert_eq!(headings.len(), WANTED.len() + 1);
    }
}
