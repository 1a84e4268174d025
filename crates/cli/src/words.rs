//! Times and steps as people read them in a table of eighty columns. Scripts get the exact ones with `--json`.

use mingfen_domain::Timestamp;
use mingfen_store::TaskKind;

/// `11-25 19:06:34`, Beijing.
pub fn short_time(at: Timestamp) -> String {
    let text = at.to_beijing_text();
    text.get(5..).unwrap_or(&text).to_owned()
}

/// What a task does, as something that is still to come.
pub const fn to_come(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::FollowPayment => "ask the provider whether it was paid",
        TaskKind::WriteBack => "tell HIS that it was paid",
        TaskKind::FollowRefund => "send the refund, or ask whether it arrived",
        TaskKind::RecheckRefusal => "ask HIS once more whether it really did not book it",
        TaskKind::WriteBackRefund => "tell HIS of the refund",
        TaskKind::Notice => "tell the patient",
        TaskKind::Unlock => "give HIS its hold on the slips back",
        TaskKind::AskPerson => "a person has to look at it",
        TaskKind::Reconcile => "compare a day with statements and HIS",
        TaskKind::Alert => "tell finance that a day does not agree",
        TaskKind::ApprovedRefund => "ask for the refund that was approved",
    }
}

/// A step of a story without the program's own words.
pub fn step(what: &str) -> String {
    let known = [
        ("payment.paid:", "paid and settled:"),
        ("payment.opened:", "order opened:"),
        ("write_back.posted:", "HIS booked it:"),
        ("write_back.refused:", "HIS would not book it:"),
        ("slip(s)", "slips"),
        ("(in_app)", "(inside the app)"),
        ("(mobile_browser)", "(in a browser)"),
        ("(shown_code)", "(shown code)"),
        ("(booking_refused)", "(HIS would not book it)"),
        ("(wrong_amount)", "(wrong amount)"),
    ];
    let mut text = what.to_owned();
    for (ours, theirs) in known {
        text = text.replace(ours, theirs);
    }
    if let Some(rest) = text.strip_suffix(": applied") {
        text = rest.to_owned();
    } else if let Some(rest) = text.strip_suffix(": already") {
        text = format!("{rest}: nothing new");
    }
    // What is left is the name of an audit row: `refund_delayed.told`.
    match text.split_once(": ") {
        Some((name, rest)) if !name.contains(' ') && name.contains(['.', '_']) => {
            format!("{}: {rest}", name.replace(['.', '_'], " "))
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_told_in_words() {
        for (what, told) in [
            ("paid 403.46 as 4200 by notification: applied", "paid 403.46 as 4200 by notification"),
            ("paid 403.46 as 4200 by query: already", "paid 403.46 as 4200 by query: nothing new"),
            ("write_back.posted: HIS1, receipt SJ1", "HIS booked it: HIS1, receipt SJ1"),
            ("wrong_amount: look at it", "wrong amount: look at it"),
            (
                "order stored for wechat-main (in_app), now paid",
                "order stored for wechat-main (inside the app), now paid",
            ),
        ] {
            assert_eq!(step(what), told);
        }
    }

    #[test]
    fn times_are_short() {
        assert_eq!(short_time(Timestamp::from_ms(1_795_141_868_000)), "11-20 10:31:08");
    }
}
