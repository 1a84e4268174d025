//! `[reconciliation]`: how days are compared with the channels' statements and HIS's ledger.

use super::ChannelSettings;
use super::ledger::names_a_day;
use crate::reader::Reading;
use crate::secret::Secret;
use crate::suggest;
use mingfen_domain::Amount;
use mingfen_domain::ids::ChannelId;
use mingfen_domain::person::Phone;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// How days are compared.
#[derive(Clone, Debug)]
pub struct ReconciliationSettings {
    /// Every morning by itself.
    pub by_itself: bool,
    /// How long after midnight that is tried first.
    pub ready_after: Duration,
    /// How long until it is tried again while a statement is not there yet.
    pub retry_after: Duration,
    /// Missed days are caught up on as far back as this.
    pub catch_up: Duration,
    /// A one-sided entry this close to midnight is waited for.
    pub near_midnight: Duration,
    /// A remedy over more than this needs a second person.
    pub second_person_above: Option<Amount>,
    /// So many one-sided entries are asked about once more in a run.
    pub ask_at_most: usize,
    /// A comparison uses this much memory, then temporary files.
    pub memory_mib: usize,
    /// A day with more findings than this is refused.
    pub most_findings: u64,
    /// Who is told of differences by text message.
    pub alert_phones: Vec<Phone>,
    /// Where the hospital is told of differences, and what signs it.
    pub alert_webhook: Option<(Url, Secret)>,
    /// What is known of the merchant accounts.
    pub accounts: Vec<AccountSettings>,
}

/// A merchant account, as finance sees it.
#[derive(Clone, Debug)]
pub struct AccountSettings {
    /// Which channel.
    pub channel: ChannelId,
    /// How HIS names it in its ledger.
    pub his_names: Vec<String>,
    /// The bank account that it is settled to.
    pub bank_account: Option<String>,
    /// The contracted fee in 1/100 000 of a payment.
    pub fee_per_100000: Option<u32>,
    /// Where the bank account's movements of a day are: a path with `{day}` or `{yyyymmdd}` in it.
    pub bank_file: Option<PathBuf>,
    /// Which column of them is which; `None`: the usual headings.
    pub bank_layout_file: Option<PathBuf>,
}

pub(crate) fn read(reading: &mut Reading<'_>, channels: &[ChannelSettings]) -> ReconciliationSettings {
    let named = reading.named("reconciliation", Some("accounts"));
    let accounts = named.into_iter().filter_map(|(id, _)| account(reading, &id, channels)).collect();
    let mut section = reading.section("reconciliation");
    section.expects("accounts");
    let by_itself = section.flag("by_itself");
    let ready_after = section.duration("ready_after");
    let retry_after = section.duration("retry_after");
    let catch_up = section.duration("catch_up");
    let near_midnight = section.duration("near_midnight");
    let second_person_above =
        section.parsed("second_person_above", "an amount in yuan such as 1000.00", Amount::from_yuan);
    let ask_at_most = section.number("ask_at_most", 0, 100_000);
    let memory_mib = section.number("memory_mib", 16, 1 << 20);
    let most_findings = section.number("most_findings", 1000, 10_000_000);
    let alert_phones = section
        .optional_words("alert_phones")
        .into_iter()
        .filter_map(|text| match Phone::parse(&text) {
            Ok(phone) => Some(phone),
            Err(error) => {
                section.wrong("alert_phones", "a number (hidden)".to_owned(), error.to_string());
                None
            }
        })
        .collect();
    let alert_webhook = match section.optional_url("alert_webhook") {
        Some(url) => {
            let wanted = "the secret that signs what reconciliation.alert_webhook is told";
            Some((url, section.secret("alert_webhook_secret", "alert_webhook_secret_file", wanted)))
        }
        None => {
            // Read all the same: a secret that waits for its address is no unknown setting.
            section.optional_secret("alert_webhook_secret", "alert_webhook_secret_file");
            None
        }
    };
    section.end();
    ReconciliationSettings {
        by_itself,
        ready_after,
        retry_after,
        catch_up,
        near_midnight,
        second_person_above,
        ask_at_most: usize::try_from(ask_at_most).unwrap_or(0),
        memory_mib: usize::try_from(memory_mib).unwrap_or(16),
        most_findings: most_findings.unsigned_abs(),
        alert_phones,
        alert_webhook,
        accounts,
    }
}

fn account(reading: &mut Reading<'_>, id: &str, channels: &[ChannelSettings]) -> Option<AccountSettings> {
    let mut section = reading.named_section("reconciliation", Some("accounts"), id);
    let channel = channels.iter().find(|channel| channel.id.as_str() == id).map(|channel| channel.id.clone());
    if channel.is_none() {
        let names: Vec<&str> = channels.iter().map(|channel| channel.id.as_str()).collect();
        let hint = suggest::nearest(id, names.iter().copied()).map_or_else(
            || format!("the channels are: {}", names.join(", ")),
            |meant| format!("did you mean {meant}?"),
        );
        section.wrong("", format!("{id:?}"), format!("the id of a [channels.<id>] table is wanted; {hint}"));
    }
    let his_names = section.optional_words("his_names");
    let bank_account = section.optional_text("bank_account");
    let bank_file = section.optional_path("bank_file");
    let bank_layout_file = section.optional_path("bank_layout_file");
    if let Some(path) = &bank_file {
        let text = path.to_string_lossy();
        if !names_a_day(&text) {
            let wanted = "a path with {day} or {yyyymmdd} in it is wanted, one file a day";
            section.wrong("bank_file", format!("{text:?}"), wanted);
        }
    }
    let fee = section.optional_text("fee");
    let fee_per_100000 = fee.and_then(|text| match percent(&text) {
        Some(fee) => Some(fee),
        None => {
            section.wrong(
                "fee",
                format!("{text:?}"),
                "a rate such as 0.6% is wanted, with at most three decimals",
            );
            None
        }
    });
    section.end();
    Some(AccountSettings {
        channel: channel?,
        his_names,
        bank_account,
        fee_per_100000,
        bank_file,
        bank_layout_file,
    })
}

/// `0.6%` is 600 of 100 000.
fn percent(text: &str) -> Option<u32> {
    let number = text.strip_suffix('%')?.trim_end();
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 2 || decimals.len() > 3 || !digits(whole) || !digits(decimals) {
        return None;
    }
    format!("{whole}{decimals:0<3}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_rate_is_read_exactly() {
        for (text, expected) in [
            ("0.6%", Some(600)),
            ("0.38 %", Some(380)),
            ("1%", Some(1000)),
            ("0.055%", Some(55)),
            ("0.6", None),
            ("0.0555%", None),
            ("-1%", None),
            ("%", None),
        ] {
            assert_eq!(percent(text), expected, "{text}");
        }
    }
}
