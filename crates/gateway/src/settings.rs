//! What the gateway is told about itself, already validated by the configuration crate.

use mingfen_domain::ids::{ChannelId, HospitalId};
use mingfen_domain::person::Phone;
use mingfen_domain::rules::Rules;
use mingfen_domain::{BusinessDay, Fen};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use url::Url;

/// Everything that the use cases and the two listeners need to know.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// The hospital that is paid.
    pub hospital: HospitalSettings,
    /// The address under which the outside reaches the public listener, without a trailing slash.
    pub public_url: Url,
    /// Believe the last `X-Forwarded-For` entry: only behind our own proxy.
    pub trust_forwarded_for: bool,
    /// The origin of a simulator's bridge scripts; `None` in production.
    pub bridge_origin: Option<Url>,
    /// How long things take and last.
    pub timing: TimingSettings,
    /// Bounds against abuse.
    pub limits: LimitSettings,
    /// Callers of the signed API.
    pub api_keys: Vec<ApiKey>,
    /// Which channel takes the money of which app.
    pub routes: RouteSettings,
    /// How days are compared.
    pub reconciliation: ReconciliationSettings,
    /// How staff sign in.
    pub staff: StaffSettings,
}

/// How staff sign in.
#[derive(Clone, Debug)]
pub struct StaffSettings {
    /// Seconds without a page after which one has to sign in again.
    pub idle: i64,
    /// Seconds after which one has to sign in again whatever one does.
    pub valid: i64,
    /// Wrong attempts in a row that lock an account.
    pub attempts: i64,
    /// Seconds for which it is locked.
    pub lock_for: i64,
    /// Attempts to sign in a minute from one address, right ones among them.
    pub attempts_per_minute: u32,
    /// The pages are reached by HTTPS only, so that cookies never go in clear.
    pub secure_cookies: bool,
}

/// How days are compared with the channels and HIS.
#[derive(Clone, Debug)]
pub struct ReconciliationSettings {
    /// Every morning by itself.
    pub by_itself: bool,
    /// Seconds into the next day from which on that is tried.
    pub ready_after: i64,
    /// Seconds between two attempts while a statement is not there yet.
    pub retry_after: i64,
    /// Days that were missed are caught up on as far back as this.
    pub catch_up_days: i64,
    /// A one-sided entry this close to its day's cut is waited for.
    pub near_cut_seconds: u32,
    /// A remedy over more than this needs a second person.
    pub second_person_above: Fen,
    /// So many one-sided entries are asked about once more in a run.
    pub ask_at_most: usize,
    /// Above this much memory the comparison writes to temporary files.
    pub memory_bytes: usize,
    /// A day with more findings than this is refused: they are held in memory, about 2 KB each.
    pub most_findings: u64,
    /// What is known of the merchant accounts.
    pub accounts: BTreeMap<ChannelId, AccountSettings>,
    /// Who is told of differences by text message.
    pub alert_phones: Vec<Phone>,
    /// Files that HIS writes, when its ledger is one of these.
    pub ledger_files: Option<LedgerFiles>,
}

/// A directory in which each day of HIS's ledger has its file.
#[derive(Clone, Debug)]
pub struct LedgerFiles {
    /// Where the files are.
    pub directory: PathBuf,
    /// A file's name with `{day}` (2026-01-01) or `{yyyymmdd}` in it.
    pub name: String,
    /// Which column is which, in TOML; `None`: the usual headings.
    pub layout: Option<String>,
}

impl LedgerFiles {
    /// Where the file of a day is.
    pub fn path_of(&self, day: BusinessDay) -> PathBuf {
        self.directory.join(named_by_day(&self.name, day))
    }
}

/// A file's name with the day in the place of `{day}` (2026-01-01) and `{yyyymmdd}`.
pub(crate) fn named_by_day(name: &str, day: BusinessDay) -> String {
    let day = day.to_string();
    name.replace("{day}", &day).replace("{yyyymmdd}", &day.replace('-', ""))
}

/// A merchant account, as finance sees it.
#[derive(Clone, Debug, Default)]
pub struct AccountSettings {
    /// How HIS names it in its ledger; its own name when there is none.
    pub his_names: Vec<String>,
    /// The bank account that it is settled to.
    pub bank_account: Option<String>,
    /// The contracted fee in 1/100 000 of a payment.
    pub fee_per_100000: Option<u32>,
    /// Where the bank account's movements of a day are, as a path with `{day}` or `{yyyymmdd}` in it, and which column is which, in TOML.
    pub bank_file: Option<(String, Option<String>)>,
}

/// The hospital as patients read it.
#[derive(Clone, Debug)]
pub struct HospitalSettings {
    /// As HIS names it.
    pub id: HospitalId,
    /// 青禾市人民医院
    pub name_zh: String,
    /// Qinghe People's Hospital
    pub name_en: String,
    /// The service desk.
    pub help_phone: String,
    /// Where cashiers and machines are, and what the seal says.
    pub places: PlaceSettings,
}

/// Where things are in the hospital, as its pages say it. All of it may be empty.
#[derive(Clone, Debug, Default)]
pub struct PlaceSettings {
    /// 门诊楼 1 层: before 收费处.
    pub cashier_zh: String,
    /// floor 1.
    pub cashier_en: String,
    /// 门诊大厅: before 的自助机.
    pub kiosk_zh: String,
    /// lobby.
    pub kiosk_en: String,
    /// What the seal on receipts says; none without it.
    pub receipt_seal: Option<String>,
}

/// How long things take and last. All in seconds.
#[derive(Clone, Debug)]
pub struct TimingSettings {
    /// A slip's code works this long.
    pub link_valid: i64,
    /// A patient's session works this long after the last page.
    pub session_valid: i64,
    /// A payer has this long to pay an order.
    pub order_valid: i64,
    /// After a deadline an order that the provider does not know is asked after for this long.
    pub missing_grace: i64,
    /// The write-back is tried this long by itself, then put before a person.
    pub max_unknown: i64,
    /// A lease on a task.
    pub task_lease: i64,
}

/// Bounds against abuse.
#[derive(Clone, Debug)]
pub struct LimitSettings {
    /// Requests a minute from one address to the public pages.
    pub public_per_minute: u32,
    /// Bad codes in ten minutes from one address before it has to wait.
    pub bad_links: u32,
    /// Queries a minute that unproven notifications may cause, over all channels.
    pub hinted_queries_per_minute: u32,
    /// Notifications a minute from one address that prove nothing and are kept all the same.
    pub unproven_per_minute: u32,
    /// API requests a minute from one address whose signature may be wrong before it has to wait.
    pub failed_signatures_per_minute: u32,
    /// How much may be paid, how often and by whom, until a version of the screens is in force.
    pub rules: Rules,
    /// The largest request body in bytes.
    pub max_body_bytes: usize,
}

/// A caller of the signed API.
#[derive(Clone)]
pub struct ApiKey {
    /// Its public name.
    pub id: String,
    /// The shared secret.
    pub secret: Vec<u8>,
    /// What it may do.
    pub may: Vec<ApiRight>,
    /// How much of it.
    pub limits: KeyLimits,
}

/// How much a caller of the signed API may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyLimits {
    /// Requests a minute.
    pub per_minute: u32,
    /// The largest single refund.
    pub max_refund: Fen,
    /// All refunds of a day.
    pub max_refund_per_day: Fen,
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({}, {:?})", self.id, self.may)
    }
}

/// What a caller of the signed API may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiRight {
    /// Make slip links and codes.
    Slips,
    /// List what a card owes: titles, which tell of health.
    Unpaid,
    /// Read where an order's money is: numbers, amounts and times, nothing of the person.
    Orders,
    /// Read everything that happened to an order: titles, masked names, who did what.
    OrderStories,
    /// Close an order that nobody has paid.
    CloseOrders,
    /// Ask for refunds.
    Refunds,
    /// List a day's payments and refunds.
    DayLists,
    /// See and retry parked tasks.
    Tasks,
}

impl ApiRight {
    /// All rights with their words in the configuration.
    pub const ALL: [(Self, &'static str); 8] = [
        (Self::Slips, "slips"),
        (Self::Unpaid, "unpaid"),
        (Self::Orders, "orders"),
        (Self::OrderStories, "order_stories"),
        (Self::CloseOrders, "close_orders"),
        (Self::Refunds, "refunds"),
        (Self::DayLists, "day_lists"),
        (Self::Tasks, "tasks"),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(known, _)| *known == self).map_or("", |(_, word)| word)
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(right, _)| *right)
    }
}

/// Which channel takes the money of which app. `None`: that app cannot pay here.
#[derive(Clone, Debug)]
pub struct RouteSettings {
    /// Inside WeChat.
    pub wechat: Option<ChannelId>,
    /// Inside Alipay.
    pub alipay: Option<ChannelId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_file_is_named_by_its_day() {
        let files = LedgerFiles {
            directory: PathBuf::from("exports"),
            name: "L{yyyymmdd}-{day}.csv".to_owned(),
            layout: None,
        };
        let day = BusinessDay::parse("2026-01-02").expect("a day");
        assert_eq!(files.path_of(day), PathBuf::from("exports/L20260102-2026-01-02.csv"));
    }
}
