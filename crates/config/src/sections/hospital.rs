//! `[hospital]`: who is paid.

use crate::reader::Reading;
use mingfen_domain::ids::HospitalId;

/// The hospital as HIS and patients know it.
#[derive(Clone, Debug)]
pub struct HospitalSettings {
    /// In every call to HIS.
    pub id: HospitalId,
    /// On Chinese pages.
    pub name_zh: String,
    /// On English pages.
    pub name_en: String,
    /// The service desk.
    pub help_phone: String,
    /// Where the cashier's office is, on Chinese pages; may be empty, as all places.
    pub cashier_place_zh: String,
    /// The same on English pages.
    pub cashier_place_en: String,
    /// Where the self-service machines are, on Chinese pages.
    pub kiosk_place_zh: String,
    /// The same on English pages.
    pub kiosk_place_en: String,
    /// What the seal on receipts says.
    pub receipt_seal: Option<String>,
}

pub(crate) fn read(reading: &mut Reading<'_>) -> HospitalSettings {
    let mut section = reading.section("hospital");
    let id = section.parsed("id", "the hospital's id as HIS knows it", |text| HospitalId::parse(text));
    let settings = HospitalSettings {
        id: id.unwrap_or_else(|| HospitalId::parse("-").expect("a constant id is an id")),
        name_zh: section.text("name_zh", "the hospital's Chinese name"),
        name_en: section.text("name_en", "the hospital's English name"),
        help_phone: section.text("help_phone", "the service desk's telephone number"),
        cashier_place_zh: section.optional_text("cashier_place_zh").unwrap_or_default(),
        cashier_place_en: section.optional_text("cashier_place_en").unwrap_or_default(),
        kiosk_place_zh: section.optional_text("kiosk_place_zh").unwrap_or_default(),
        kiosk_place_en: section.optional_text("kiosk_place_en").unwrap_or_default(),
        receipt_seal: section.optional_text("receipt_seal"),
    };
    section.end();
    settings
}
