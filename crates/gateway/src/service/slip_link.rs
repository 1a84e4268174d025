//! The link behind the QR code of a fee slip.

use super::attention::audit;
use super::{Private, Trouble};
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
    /// Nothing was written down, so there is no link.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Seals a patient into a link, and writes down who had it made. The trail names the card by its keyed digest only.
///
/// # Errors
/// [`LinkError`] when a field is too long, or when it could not be written down.
pub async fn slip_link(gateway: &Gateway, patient: &Patient, who: &str) -> Result<SlipLink, LinkError> {
    let now = gateway.now();
    let expires_at = Timestamp::from_seconds(now.seconds() + gateway.settings.timing.link_valid);
    let claims =
        SlipClaims { hospital: gateway.settings.hospital.id.clone(), patient: patient.clone(), expires_at };
    let token = slip_token::seal(&gateway.keyring, &claims, gateway.random.as_ref())?;
    let card = Private(gateway).card_index(&gateway.settings.hospital.id, &patient.card_no);
    let card: String = card.chars().take(16).collect();
    let mut tx = gateway.store.begin().await.map_err(Trouble::from)?;
    audit(&mut tx, now, who, "slip_link.made", &format!("card:{card}"), &format!("works until {expires_at}"))
        .await
        .map_err(Trouble::from)?;
    tx.commit().await.map_err(Trouble::from)?;
    Ok(SlipLink { url: format!("{}/s/{token}", gateway.public_base()), token, expires_at })
}
