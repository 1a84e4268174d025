//! Money as it is read: `1,234.50`, and in capitals on receipts.

/// Fen as yuan text with a thousands comma and two decimals, without the sign ¥: `123450` → `1,234.50`.
pub fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    let mut text = format!(".{:02}", fen % 100);
    let mut rest = fen / 100;
    while rest >= 1000 {
        text.insert_str(0, &format!(",{:03}", rest % 1000));
        rest /= 1000;
    }
    format!("{sign}{rest}{text}")
}

const DIGITS: [char; 10] = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'];
const UNITS: [&str; 4] = ["", "拾", "佰", "仟"];
const MYRIADS: [&str; 5] = ["", "万", "亿", "万亿", "亿亿"];

/// Fen in the capitals that Chinese receipts carry: `11200` → `壹佰壹拾贰元整`.
///
/// # Source
/// 《支付结算办法》附一 "正确填写票据和结算凭证的基本规定", articles 1 to 3: 整 after yuan and jiao, never after fen; one 零
/// for a run of zeros inside.
pub fn capitals(fen: i64) -> String {
    let negative = if fen < 0 { "负" } else { "" };
    let fen = fen.unsigned_abs();
    let (yuan, jiao, cent) = (fen / 100, fen / 10 % 10, fen % 10);
    let mut text = String::from(negative);
    if yuan > 0 {
        text.push_str(&whole(yuan));
        text.push('元');
    }
    match (jiao, cent) {
        (0, 0) if yuan == 0 => text.push_str("零元整"),
        (0, 0) => text.push('整'),
        (jiao, 0) => {
            text.push(digit(jiao));
            text.push_str("角整");
        }
        (0, cent) => {
            if yuan > 0 {
                text.push('零');
            }
            text.push(digit(cent));
            text.push('分');
        }
        (jiao, cent) => {
            text.push(digit(jiao));
            text.push('角');
            text.push(digit(cent));
            text.push('分');
        }
    }
    text
}

fn digit(n: u64) -> char {
    usize::try_from(n).ok().and_then(|n| DIGITS.get(n)).copied().unwrap_or('零')
}

fn whole(number: u64) -> String {
    let mut groups = Vec::new();
    let mut rest = number;
    while rest > 0 {
        groups.push(rest % 10_000);
        rest /= 10_000;
    }
    let mut text = String::new();
    let mut gap = false;
    for (index, &group) in groups.iter().enumerate().rev() {
        if group == 0 {
            gap = true;
            continue;
        }
        if !text.is_empty() && (gap || group < 1000) {
            text.push('零');
        }
        text.push_str(&below_ten_thousand(group));
        text.push_str(MYRIADS.get(index).copied().unwrap_or(""));
        gap = false;
    }
    text
}

fn below_ten_thousand(group: u64) -> String {
    let mut text = String::new();
    let mut gap = false;
    for (position, divisor) in [(3, 1000), (2, 100), (1, 10), (0, 1)] {
        let n = group / divisor % 10;
        if n == 0 {
            gap = !text.is_empty();
            continue;
        }
        if gap {
            text.push('零');
        }
        text.push(digit(n));
        text.push_str(UNITS[position]);
        gap = false;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_has_commas_and_two_decimals() {
        for (fen, text) in [
            (0, "0.00"),
            (5, "0.05"),
            (11_200, "112.00"),
            (123_450, "1,234.50"),
            (100_000_000_007, "1,000,000,000.07"),
            (-2671, "-26.71"),
            (i64::MIN, "-92,233,720,368,547,758.08"),
        ] {
            assert_eq!(yuan(fen), text);
        }
    }

    #[test]
    fn capitals_follow_the_rules_for_receipts() {
        for (fen, text) in [
            (0, "零元整"),
            (11_200, "壹佰壹拾贰元整"),
            (5, "伍分"),
            (50, "伍角整"),
            (40_346, "肆佰零叁元肆角陆分"),
            (100_005, "壹仟元零伍分"),
            (10_004_000, "壹拾万零肆拾元整"),
            (1_680_032, "壹万陆仟捌佰元叁角贰分"),
            (10_700_053, "壹拾万柒仟元伍角叁分"),
            (1_000_000_000_000, "壹佰亿元整"),
            (10_000_000_010_000, "壹仟亿零壹佰元整"),
        ] {
            assert_eq!(capitals(fen), text, "{fen}");
        }
    }
}
