//! Texts that people write and read: what may be in them.

/// Characters that are not seen but change what is: direction marks, zero-width characters, soft hyphens. A name with one of
/// them looks like another name.
const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Whether a person can read the text as it is: `least` to `most` characters, not blank, none of them a control character or
/// one that is not seen.
pub fn is_readable(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.chars().count())
        && !text.trim().is_empty()
        && !text.chars().any(|c| c.is_control() || is_unseen(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_not_readable() {
        for fine in ["张小明", "阿卜杜拉·买买提", "O'Neil", "检查取消 第二次", "𠮷田"] {
            assert!(is_readable(fine, 1, 30), "{fine}");
        }
        for bad in [
            "",
            " ",
            "\u{3000}",
            "张\u{0}",
            "张\n三",
            "张\u{200b}三",
            "\u{202e}三张",
            "张\u{feff}",
            "a\u{2066}b",
        ] {
            assert!(!is_readable(bad, 1, 30), "{bad:?}");
        }
        assert!(!is_readable("四个字呀", 1, 3));
    }
}
