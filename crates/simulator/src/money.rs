//! Fen printed as yuan, for bills and pages.

/// `1250` as `12.50`; negative amounts keep their sign in front.
pub fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    format!("{sign}{}.{:02}", fen / 100, fen % 100)
}

/// As [`yuan`], with a comma between thousands, for people.
pub fn yuan_grouped(fen: i64) -> String {
    let plain = yuan(fen);
    let (whole, cents) = plain.split_once('.').unwrap_or((&plain, "00"));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}.{cents}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fen_print_as_yuan() {
        assert_eq!(yuan(5), "0.05");
        assert_eq!(yuan(-1250), "-12.50");
        assert_eq!(yuan_grouped(988_800), "9,888.00");
        assert_eq!(yuan_grouped(123_456_789), "1,234,567.89");
    }
}
