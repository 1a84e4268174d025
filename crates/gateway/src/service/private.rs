//! Sealing and opening of personal data, one purpose a column.

use crate::Gateway;
use mingfen_domain::ids::HospitalId;
use mingfen_domain::person::{Patient, Phone};
use mingfen_provider_api::Payer;
use mingfen_store::SealedColumn;
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
const CHAIN_END: &str = "audit_ends.end";
const ANSWER: &str = "api_answers.body";
const KEPT: &str = "kept_files.piece";
const NOTE: &str = "finding_notes.text";
const API_SECRET: &str = "api_keys.secret";
const SECOND_FACTOR: &str = "staff.totp";

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
            SealedColumn::StaffTotp | SealedColumn::StaffEnrol => SECOND_FACTOR,
        };
        field::reseal(&self.0.keyring, purpose, sealed, self.0.random.as_ref()).ok()
    }
}
