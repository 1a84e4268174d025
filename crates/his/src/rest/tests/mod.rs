mod answers;
mod doubts;
mod ledger;
mod server;

use super::{RestHis, RestHisSettings};
use crate::{Booking, Capabilities, PaidTender, RefundBooking, SlipAmount};
use mingfen_domain::ambient::UPPER_ALPHANUMERIC;
use mingfen_domain::ids::{BillNo, ChannelId, HospitalId, OutRefundNo, OutTradeNo, ProviderTradeNo, SlipNo};
use mingfen_domain::split::Tender;
use mingfen_domain::{Amount, Clock, Fen, Random, Timestamp};
use server::{Reply, Seen, Server};
use std::sync::Arc;
use url::Url;

const SECRET: &str = "mingfen-demo-secret-0123456789abcdef";

/// A clock that stands.
pub(super) struct Standing(Timestamp);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// The moment of the contract's vector.
pub(super) fn noon() -> Standing {
    Standing(Timestamp::from_seconds(1_767_240_000))
}

/// Gives the bytes it was told to, then zeros.
#[derive(Default)]
pub(super) struct Fixed(Vec<u8>);

impl Fixed {
    /// Makes `random_text` draw this text.
    pub(super) fn drawing(text: &str) -> Self {
        let byte =
            |wanted| UPPER_ALPHANUMERIC.iter().position(|known| *known == wanted).expect("in the alphabet");
        Self(text.bytes().map(|wanted| u8::try_from(byte(wanted)).expect("36 fit")).collect())
    }
}

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = self.0.get(index).copied().unwrap_or(0);
        }
    }
}

pub(super) fn settings(base_url: Url) -> RestHisSettings {
    RestHisSettings {
        base_url,
        key_id: "mingfen".to_owned(),
        secret: SECRET.to_owned(),
        timeout_ms: 20_000,
        connect_timeout_ms: 20_000,
        capabilities: Capabilities { locks: true, finds_bookings: true, booking_is_idempotent: true },
    }
}

fn his(url: &Url) -> RestHis {
    RestHis::new(settings(url.clone()), Arc::new(noon()), Arc::new(Fixed::default())).expect("an adapter")
}

/// Asks a HIS that gives this one reply; also answers what it was asked.
async fn asked<T>(reply: Reply, ask: impl AsyncFnOnce(RestHis) -> T) -> (T, Seen) {
    let server = Server::saying([reply]).await;
    let answer = ask(his(&server.url)).await;
    let seen = server.seen();
    assert_eq!(seen.len(), 1, "one call is one request");
    (answer, seen[0].clone())
}

fn hospital() -> HospitalId {
    HospitalId::parse("QH01").unwrap()
}

fn bill_no() -> BillNo {
    BillNo::parse("B2611240000000000001").unwrap()
}

fn slip_amount() -> SlipAmount {
    SlipAmount { slip_no: SlipNo::parse("MZ202611240001").unwrap(), amount: Fen::new(24_600) }
}

fn booking() -> Booking {
    Booking {
        hospital: hospital(),
        bill_no: bill_no(),
        slips: vec![slip_amount()],
        total: Fen::new(24_600),
        tenders: vec![PaidTender {
            tender: Tender::SelfPay,
            channel: ChannelId::parse("wechat-main").unwrap(),
            out_trade_no: OutTradeNo::parse("P2611240000000000001").unwrap(),
            provider_trade_no: ProviderTradeNo::parse("4200000001").unwrap(),
            amount: Amount::from_fen(24_600).unwrap(),
            paid_at: Timestamp::from_rfc3339("2026-11-24T10:31:05+08:00").unwrap(),
        }],
        lock_token: Some("L1".to_owned()),
    }
}

fn refund() -> RefundBooking {
    RefundBooking {
        hospital: hospital(),
        bill_no: bill_no(),
        out_refund_no: OutRefundNo::parse("R2611240000000000001").unwrap(),
        amount: Amount::from_fen(600).unwrap(),
        slip_no: None,
        reason: "退药".to_owned(),
        refunded_at: Timestamp::from_rfc3339("2026-11-24T11:00:00+08:00").unwrap(),
    }
}
