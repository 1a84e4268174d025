//! The cashier's screens: from records to what is printed. What is decided is decided in [`crate::service::desk`].

pub(in crate::internal) mod desk;
mod file;
pub(in crate::internal) mod orders;
pub(in crate::internal) mod refund;
pub(in crate::internal) mod refunds;
pub(in crate::internal) mod shift;
mod shift_view;
pub(in crate::internal) mod window;
mod words;

use crate::http::staff::Staff;
use mingfen_domain::Timestamp;

/// `10:39`, with the day in front when it is not today, and the year when that is another one.
fn when(staff: &Staff, at: Timestamp) -> String {
    let moment = staff.moment(at);
    if moment.today {
        return moment.clock();
    }
    let same_year = staff.moment(staff.gateway.now()).year == moment.year;
    if same_year {
        format!("{:02}-{:02} {}", moment.month, moment.day, moment.clock())
    } else {
        moment.full()
    }
}

/// Where a page goes on: the time and number of its last line, as they stand in an address.
fn page_mark(next: &(Timestamp, String)) -> String {
    format!("{}-{}", next.0.ms(), next.1)
}

/// Reads [`page_mark`].
fn read_mark(text: &str) -> Option<(Timestamp, String)> {
    let (at, number) = text.split_once('-')?;
    let plain = number.len() <= 32 && number.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Some((Timestamp::from_ms(at.parse().ok()?), number.to_owned())).filter(|_| plain)
}

/// A value in an address.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
