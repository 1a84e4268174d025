//! The link behind the QR code of a fee slip.

use crate::Gateway;
use mingfen_domain::Timestamp;
use mingfen_domain::person::Patient;
use mingfen_vault::slip_token::{self, SealError, SlipClaims};

/// A link and how long it works.
#[derive(Clone, Debug)]
pub struct SlipLink {
    /// What the QR code holds.
    pub url: String,
    /// The sealed token alone.
    pub token: String,
    /// Until when it works.
    pub expires_at: Timestamp,
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// A field of the patient does not fit into a code.
    #[error("the patient does not fit into a code: {0}")]
    Patient(#[from] SealError),
}

/// Seals a patient into a link.
///
/// # Errors
/// [`LinkError`] when a field is too long.
pub fn slip_link(gateway: &Gateway, patient: &Patient) -> Result<SlipLink, LinkError> {
    let expires_at = Timestamp::from_seconds(gateway.now().seconds() + gateway.settings.timing.link_valid);
    let claims =
        SlipClaims { hospital: gateway.settings.hospital.id.clone(), patient: patient.clone(), expires_at };
    let token = slip_token::seal(&gateway.keyring, &claims, gateway.random.as_ref())?;
    Ok(SlipLink { url: format!("{}/s/{token}", gateway.public_base()), token, expires_at })
}
