//! `[limits]`: bounds against mistakes and abuse.

use crate::reader::Reading;
use mingfen_domain::{Amount, Fen};

/// Bounds.
#[derive(Clone, Debug)]
pub struct LimitSettings {
    /// Requests a minute from one address to the patient pages.
    pub public_per_minute: u32,
    /// Invalid codes within ten minutes from one address.
    pub bad_links: u32,
    /// Queries a minute that unproven notifications may cause.
    pub hinted_queries_per_minute: u32,
    /// Forged notifications a minute from one address that are kept.
    pub unproven_per_minute: u32,
    /// API requests a minute from one address whose signature may be wrong.
    pub failed_signatures_per_minute: u32,
    /// The largest single payment.
    pub max_payment: Amount,
    /// What a cashier may give back of one payment alone.
    pub refund_second_person_above: Fen,
    /// The largest request body.
    pub max_body_bytes: usize,
}

pub(crate) fn read(reading: &mut Reading<'_>) -> LimitSettings {
    let mut section = reading.section("limits");
    let mut count = |key, least| u32::try_from(section.number(key, least, 1_000_000)).unwrap_or(1);
    let public_per_minute = count("public_per_minute", 1);
    let bad_links = count("bad_links", 1);
    let hinted_queries_per_minute = count("hinted_queries_per_minute", 0);
    let unproven_per_minute = count("unproven_per_minute", 1);
    let failed_signatures_per_minute = count("failed_signatures_per_minute", 1);
    let max_payment = section.parsed("max_payment", "an amount in yuan such as 100000.00", Amount::from_yuan);
    let refund_second_person_above =
        section.parsed("refund_second_person_above", "an amount in yuan such as 100.00", Fen::from_yuan);
    let max_body_bytes = section.number("max_body_bytes", 16 * 1024, 16 * 1024 * 1024);
    section.end();
    LimitSettings {
        public_per_minute,
        bad_links,
        hinted_queries_per_minute,
        unproven_per_minute,
        failed_signatures_per_minute,
        max_payment: max_payment.unwrap_or_else(|| Amount::from_fen(1).expect("one fen is an amount")),
        refund_second_person_above: refund_second_person_above.unwrap_or(Fen::ZERO),
        max_body_bytes: usize::try_from(max_body_bytes).unwrap_or(16 * 1024),
    }
}
