//! One section per file. Each reads its own table and says what is wrong with it.

pub(crate) mod api;
pub(crate) mod channels;
pub(crate) mod database;
pub(crate) mod his;
pub(crate) mod hospital;
pub(crate) mod keys;
pub(crate) mod ledger;
pub(crate) mod limits;
pub(crate) mod log;
pub(crate) mod reconciliation;
pub(crate) mod redis;
pub(crate) mod routes;
pub(crate) mod server;
pub(crate) mod sms;
pub(crate) mod staff;
pub(crate) mod timing;

pub use api::{ApiCaller, ApiSettings, RIGHTS, SHORTEST_SECRET};
pub use channels::ChannelSettings;
pub use database::DatabaseSettings;
pub use his::HisSettings;
pub use hospital::HospitalSettings;
pub use keys::KeySettings;
pub use ledger::{FileLedgerSettings, LedgerSettings, SqlLedgerSettings};
pub use limits::LimitSettings;
pub use log::{LogFormat, LogSettings};
pub use reconciliation::{AccountSettings, ReconciliationSettings};
pub use redis::RedisSettings;
pub use routes::RouteSettings;
pub use server::{ServerSettings, TlsFiles};
pub use sms::SmsSettings;
pub use staff::StaffSettings;
pub use timing::TimingSettings;
