//! Texts of HIS that are only shown or kept.

/// A text without what no page and no database can hold, and not longer than any of them shows. PostgreSQL refuses a row with
/// U+0000; a booking must not fail over a vendor's padding.
pub(crate) fn clean(text: &str) -> String {
    const LONGEST: usize = 500;
    let visible = |character: &char| {
        !character.is_control()
            && !matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let kept: String = text.chars().filter(visible).take(LONGEST).collect();
    kept.trim().to_owned()
}
