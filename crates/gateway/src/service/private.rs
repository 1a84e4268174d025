//! Sealing and opening of personal data, one purpose a column.

use crate::Gateway;
use mingfen_domain::ids::HospitalId;
use mingfen_domain::person::{Patient, Phone};
use mingfen_provider_api::Payer;
use mingfen_store::{BillIndexes, BlockedKind, SealedColumn};
use mingfen_vault::chain::Link;
use mingfen_vault::field;
use serde::{Deserialize, Serialize};

use super::Trouble;

/// Personal data at rest.
pub(crate) struct Private<'a>(pub &'a Gateway);

const PATIENT: &str = "bills.patient";
const PHONE: &str = "bills.phone";
const PAYER: &str = "payments.payer";
const NOTIFICATION: &str = "notifications.raw";
const CARD: &str = "bills.card";
const PHONE_INDEX: &str = "bills.phone_index";
const PHONE_TAIL_INDEX: &str = "bills.phone_tail_index";
const NAME_INDEX: &str = "bills.name_index";
const CHAIN_END: &str = "audit_ends.end";
const ANSWER: &str = "api_answers.body";
const KEPT: &str = "kept_files.piece";
const NOTE: &str = "finding_notes.text";
const API_SECRET: &str = "api_keys.secret";
const SECOND_FACTOR: &str = "staff.totp";
const PAYER_INDEX: &str = "velocity.payer";
const BLOCKED: &str = "blocklist.value";
const BLOCKED_INDEX: &str = "blocklist.index";

#[derive(Serialize, Deserialize)]
struct PatientRow {
    name: String,
    card_no: String,
    phone: Option<String>,
    id_no: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct PayerRow {
    kind: String,
    id: String,
}

impl Private<'_> {
    fn seal(&self, purpose: &str, plain: &[u8]) -> Vec<u8> {
        field::seal(&self.0.keyring, purpose, plain, self.0.random.as_ref())
    }

    fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, Trouble> {
        field::open(&self.0.keyring, purpose, sealed).map_err(|_| Trouble::Sealed(purpose.to_owned()))
    }

    fn open_json<T: for<'de> Deserialize<'de>>(&self, purpose: &str, sealed: &[u8]) -> Result<T, Trouble> {
        serde_json::from_slice(&self.open(purpose, sealed)?).map_err(|_| Trouble::Sealed(purpose.to_owned()))
    }

    fn seal_json(&self, purpose: &str, row: &impl Serialize) -> Vec<u8> {
        self.seal(purpose, &serde_json::to_vec(row).unwrap_or_default())
    }

    pub(crate) fn seal_patient(&self, patient: &Patient) -> Vec<u8> {
        let Patient { name, card_no, phone, id_no } = patient.clone();
        self.seal_json(PATIENT, &PatientRow { name, card_no, phone, id_no })
    }

    pub(crate) fn open_patient(&self, sealed: &[u8]) -> Result<Patient, Trouble> {
        let PatientRow { name, card_no, phone, id_no } = self.open_json(PATIENT, sealed)?;
        Ok(Patient { name, card_no, phone, id_no })
    }

    pub(crate) fn seal_phone(&self, phone: &Phone) -> Vec<u8> {
        self.seal(PHONE, phone.as_str().as_bytes())
    }

    pub(crate) fn open_phone(&self, sealed: &[u8]) -> Result<Option<Phone>, Trouble> {
        let plain = self.open(PHONE, sealed)?;
        Ok(std::str::from_utf8(&plain).ok().and_then(|text| Phone::parse(text).ok()))
    }

    pub(crate) fn seal_payer(&self, payer: &Payer) -> Vec<u8> {
        self.seal_json(PAYER, &PayerRow { kind: payer.kind.clone(), id: payer.id.clone() })
    }

    pub(crate) fn open_payer(&self, sealed: &[u8]) -> Result<Payer, Trouble> {
        let PayerRow { kind, id } = self.open_json(PAYER, sealed)?;
        Ok(Payer { kind, id })
    }

    pub(crate) fn seal_raw(&self, bytes: &[u8]) -> Vec<u8> {
        self.seal(NOTIFICATION, bytes)
    }

    pub(crate) fn open_raw(&self, sealed: &[u8]) -> Result<Vec<u8>, Trouble> {
        self.open(NOTIFICATION, sealed)
    }

    pub(crate) fn seal_answer(&self, body: &str) -> Vec<u8> {
        self.seal(ANSWER, body.as_bytes())
    }

    pub(crate) fn open_answer(&self, sealed: &[u8]) -> Result<String, Trouble> {
        String::from_utf8(self.open(ANSWER, sealed)?).map_err(|_| Trouble::Sealed(ANSWER.to_owned()))
    }

    pub(crate) fn seal_piece(&self, bytes: &[u8]) -> Vec<u8> {
        self.seal(KEPT, bytes)
    }

    pub(crate) fn open_piece(&self, sealed: &[u8]) -> Result<Vec<u8>, Trouble> {
        self.open(KEPT, sealed)
    }

    pub(crate) fn seal_note(&self, text: &str) -> Vec<u8> {
        self.seal(NOTE, text.as_bytes())
    }

    pub(crate) fn open_note(&self, sealed: &[u8]) -> Result<String, Trouble> {
        String::from_utf8(self.open(NOTE, sealed)?).map_err(|_| Trouble::Sealed(NOTE.to_owned()))
    }

    pub(crate) fn seal_api_secret(&self, secret: &[u8]) -> Vec<u8> {
        self.seal(API_SECRET, secret)
    }

    pub(crate) fn open_api_secret(&self, sealed: &[u8]) -> Result<Vec<u8>, Trouble> {
        self.open(API_SECRET, sealed)
    }

    pub(crate) fn seal_second_factor(&self, secret: &[u8]) -> Vec<u8> {
        self.seal(SECOND_FACTOR, secret)
    }

    pub(crate) fn open_second_factor(&self, sealed: &[u8]) -> Result<Vec<u8>, Trouble> {
        self.open(SECOND_FACTOR, sealed)
    }

    pub(crate) fn seal_chain_end(&self, end: &Link) -> Vec<u8> {
        self.seal(CHAIN_END, end.to_string().as_bytes())
    }

    pub(crate) fn open_chain_end(&self, sealed: &[u8]) -> Result<Link, Trouble> {
        let plain = self.open(CHAIN_END, sealed)?;
        let end = std::str::from_utf8(&plain).ok().and_then(Link::parse);
        end.ok_or_else(|| Trouble::Sealed(CHAIN_END.to_owned()))
    }

    /// The keyed digest that is kept with a card's bills.
    pub(crate) fn card_index(&self, hospital: &HospitalId, card_no: &str) -> String {
        field::index(&self.0.keyring, CARD, &format!("{hospital}:{card_no}"))
    }

    /// Every digest by which a card's bills are found, those of older keys among them.
    pub(crate) fn card_indexes(&self, hospital: &HospitalId, card_no: &str) -> Vec<String> {
        field::indexes(&self.0.keyring, CARD, &format!("{hospital}:{card_no}"))
    }

    /// Every keyed digest that is kept with a bill. `phone` is where messages go; without one, the phone on file counts.
    pub(crate) fn bill_indexes(
        &self,
        hospital: &HospitalId,
        patient: &Patient,
        phone: Option<&Phone>,
    ) -> BillIndexes {
        let index = |purpose: &str, value: &str| field::index(&self.0.keyring, purpose, &of(hospital, value));
        let on_file = patient.phone.as_deref().and_then(|phone| Phone::parse(phone).ok());
        let phone = phone.cloned().or(on_file);
        BillIndexes {
            card: self.card_index(hospital, &patient.card_no),
            phone: phone.as_ref().map(|phone| index(PHONE_INDEX, phone.as_str())),
            phone_tail: phone.as_ref().map(|phone| index(PHONE_TAIL_INDEX, &phone.as_str()[7..])),
            name: Some(index(NAME_INDEX, &name_key(&patient.name))),
        }
    }

    /// Every digest under which a payer's orders are counted, the current key's first.
    pub(crate) fn payer_indexes(&self, hospital: &HospitalId, payer: &Payer) -> Vec<String> {
        let value = of(hospital, &format!("{}:{}", payer.kind, payer.id));
        field::indexes(&self.0.keyring, PAYER_INDEX, &value)
    }

    /// Every digest under which an entry of the blocklist is found, the current key's first.
    pub(crate) fn blocked_indexes(
        &self,
        hospital: &HospitalId,
        kind: BlockedKind,
        value: &str,
    ) -> Vec<String> {
        let value = of(hospital, &format!("{}:{value}", kind.as_str()));
        field::indexes(&self.0.keyring, BLOCKED_INDEX, &value)
    }

    pub(crate) fn seal_blocked(&self, value: &str) -> Vec<u8> {
        self.seal(BLOCKED, value.as_bytes())
    }

    pub(crate) fn open_blocked(&self, sealed: &[u8]) -> Result<String, Trouble> {
        String::from_utf8(self.open(BLOCKED, sealed)?).map_err(|_| Trouble::Sealed(BLOCKED.to_owned()))
    }

    /// Every digest by which the bills of a phone are found.
    pub(crate) fn phone_indexes(&self, hospital: &HospitalId, phone: &Phone) -> Vec<String> {
        field::indexes(&self.0.keyring, PHONE_INDEX, &of(hospital, phone.as_str()))
    }

    /// The same of the last four digits of a phone.
    pub(crate) fn phone_tail_indexes(&self, hospital: &HospitalId, four_digits: &str) -> Vec<String> {
        field::indexes(&self.0.keyring, PHONE_TAIL_INDEX, &of(hospital, four_digits))
    }

    /// The same of a full name.
    pub(crate) fn name_indexes(&self, hospital: &HospitalId, name: &str) -> Vec<String> {
        field::indexes(&self.0.keyring, NAME_INDEX, &of(hospital, &name_key(name)))
    }

    /// What was sealed in that column with any key of the ring, sealed with the current one. `None`: it does not open.
    pub(crate) fn reseal(&self, column: SealedColumn, sealed: &[u8]) -> Option<Vec<u8>> {
        let purpose = match column {
            SealedColumn::BillPatient => PATIENT,
            SealedColumn::BillPhone => PHONE,
            SealedColumn::PaymentPayer => PAYER,
            SealedColumn::NotificationHeaders | SealedColumn::NotificationBody => NOTIFICATION,
            SealedColumn::AuditEnd => CHAIN_END,
            SealedColumn::ApiAnswer => ANSWER,
            SealedColumn::KeptPiece => KEPT,
            SealedColumn::FindingNote => NOTE,
            SealedColumn::ApiSecret => API_SECRET,
            SealedColumn::BlockedValue => BLOCKED,
            SealedColumn::StaffTotp | SealedColumn::StaffEnrol => SECOND_FACTOR,
        };
        field::reseal(&self.0.keyring, purpose, sealed, self.0.random.as_ref()).ok()
    }
}

/// An index tells hospitals apart: the same card may be somebody else's in another one.
fn of(hospital: &HospitalId, value: &str) -> String {
    format!("{hospital}:{value}")
}

/// A name as it is compared: blanks, small letters and the many dots between parts of a name make no difference.
fn name_key(name: &str) -> String {
    let dotted = name.chars().map(|c| match c {
        '•' | '・' | '‧' | '∙' | '．' | '.' => '·',
        c => c,
    });
    let text: String = dotted.collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::name_key;

    #[test]
    fn a_name_is_found_however_it_is_spaced_and_dotted() {
        assert_eq!(name_key(" Anna   Berg "), name_key("anna berg"));
        assert_eq!(name_key("阿卜杜拉•买买提"), name_key("阿卜杜拉·买买提"));
        assert_ne!(name_key("张三"), name_key("张三丰"));
    }
}
