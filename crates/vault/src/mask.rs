//! What people may see of personal data: enough to recognise one's own, too little to learn another's.
//!
//! Pure text; safe with any input: whatever does not have the expected shape is hidden more, never less.

const HIDDEN: &str = "****";

/// `张小明` becomes `张*明`, `张三` becomes `张*`, `欧阳娜娜` becomes `欧**娜`; `Anna Berg` becomes `A*** B***`.
///
/// The length of a Chinese name is kept up to five characters, because a patient recognises it by its shape; a latin word
/// always gets three stars. A name of a single character is hidden whole.
pub fn name(name: &str) -> String {
    let name = name.trim();
    if name.chars().any(|c| c.is_ascii_alphabetic()) {
        return latin_name(name);
    }
    let characters: Vec<char> = name.chars().collect();
    match characters.as_slice() {
        [] => String::new(),
        [_] => "*".to_owned(),
        [family, _] => format!("{family}*"),
        [family, middle @ .., last] => format!("{family}{}{last}", "*".repeat(middle.len().min(3))),
    }
}

fn latin_name(name: &str) -> String {
    let words = name.split_whitespace().take(4);
    let masked = words.filter_map(|word| word.chars().next()).map(|initial| format!("{initial}***"));
    masked.collect::<Vec<_>>().join(" ")
}

/// `13800138000` becomes `138****8000`. Anything else than eleven digits shows at most its last two.
pub fn phone(phone: &str) -> String {
    let phone = phone.trim();
    let digits = phone.bytes().all(|byte| byte.is_ascii_digit());
    match phone.len() {
        0 => String::new(),
        11 if digits => format!("{}{HIDDEN}{}", &phone[..3], &phone[7..]),
        _ => format!("{HIDDEN}{}", tail(phone, 2)),
    }
}

/// The last four characters of a card number; `A10023846021` becomes `6021`. A number too short to hide anything behind
/// four characters shows none.
pub fn card(card_no: &str) -> String {
    tail(card_no.trim(), 4)
}

/// `330102199001011234` becomes `3****************4`: first and last character and the length.
///
/// The six digits of the birthplace and the eight of the birthday would narrow a person down, so neither is shown.
pub fn id_no(id_no: &str) -> String {
    let characters: Vec<char> = id_no.trim().chars().collect();
    match characters.as_slice() {
        [] => String::new(),
        [first, middle @ .., last] if middle.len() >= 6 => {
            format!("{first}{}{last}", "*".repeat(middle.len().min(32)))
        }
        _ => HIDDEN.to_owned(),
    }
}

/// The last `count` characters, when at least as many again stay hidden.
fn tail(text: &str, count: usize) -> String {
    let length = text.chars().count();
    if length < count * 2 { String::new() } else { text.chars().skip(length - count).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(mask: fn(&str) -> String, input: &str, expected: &str) {
        assert_eq!(mask(input), expected, "{input}");
    }

    #[test]
    fn a_chinese_name_keeps_its_ends() {
        check(name, "张小明", "张*明");
        check(name, "张三", "张*");
        check(name, "欧阳娜娜", "欧**娜");
        check(name, "阿卜杜拉·买买提", "阿***提");
        check(name, "张", "*");
        check(name, "𠮷野家", "𠮷*家");
        check(name, "", "");
    }

    #[test]
    fn a_latin_name_keeps_its_initials() {
        check(name, "Anna Berg", "A*** B***");
        check(name, "Li", "L***");
        check(name, "  Jean-Luc   de la Tour ", "J*** d*** l*** T***");
        check(name, "王 David", "王*** D***");
    }

    #[test]
    fn a_mobile_number_hides_its_middle() {
        check(phone, "13800138000", "138****8000");
        check(phone, "057188886666", "****66");
        check(phone, "110", "****");
        check(phone, "１３８", "****");
        check(phone, "", "");
    }

    #[test]
    fn a_card_shows_its_tail() {
        check(card, "A10023846021", "6021");
        check(card, "10023846", "3846");
        check(card, "1002384", "");
        check(card, "", "");
    }

    #[test]
    fn an_identity_number_shows_its_ends() {
        check(id_no, "330102199001011234", "3****************4");
        check(id_no, "33010219900101123X", "3****************X");
        check(id_no, "1234567", "****");
        check(id_no, "", "");
    }

    proptest! {
        #[test]
        fn any_text_is_masked_without_a_panic_and_never_shown_whole(text in "\\PC{2,40}") {
            for mask in [name, phone, card, id_no] {
                prop_assert!(text.trim().is_empty() || mask(&text) != text.trim() || text.contains('*'));
            }
        }
    }
}
