//! A slip's link is called back: it was printed for the wrong person, or lost.

use super::attention::audit;
use super::{Private, Trouble};
use crate::Gateway;
use mingfen_vault::slip_token::{self, OpenError};
use sha2::{Digest, Sha256};

/// Why a link is not called back.
#[derive(Debug, thiserror::Error)]
pub enum RevokeRefused {
    /// It is no link of ours.
    #[error("this is no slip link of this gateway")]
    NotOurs,
    /// Nothing happened.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// What a link is known by: every sealed token is another text, also for the same patient.
pub(crate) fn token_sha256(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// Calls a link (`https://…/s/<token>`, or its token alone) back. A link that has run out needs nothing. A session that was
/// begun with it goes on until it is over.
///
/// # Errors
/// [`RevokeRefused`].
pub async fn revoke_link(gateway: &Gateway, link: &str, who: &str) -> Result<(), RevokeRefused> {
    let token = link.strip_prefix(&format!("{}/s/", gateway.public_base())).unwrap_or(link);
    let now = gateway.now();
    let claims = match slip_token::open(&gateway.keyring, token, now) {
        Ok(claims) if claims.hospital == gateway.settings.hospital.id => claims,
        Err(OpenError::Expired { .. }) => return Ok(()),
        Ok(_) | Err(_) => return Err(RevokeRefused::NotOurs),
    };
    let card = Private(gateway).card_index(&claims.hospital, &claims.patient.card_no);
    let card: String = card.chars().take(16).collect();
    let mut tx = gateway.store.begin().await.map_err(Trouble::from)?;
    if tx.revoke_link(&token_sha256(token), claims.expires_at).await.map_err(Trouble::from)? {
        let detail = format!("would have worked until {}", claims.expires_at);
        audit(&mut tx, now, who, "slip_link.revoked", &format!("card:{card}"), &detail)
            .await
            .map_err(Trouble::from)?;
    }
    tx.commit().await.map_err(Trouble::from)?;
    Ok(())
}
