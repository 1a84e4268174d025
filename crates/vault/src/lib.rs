//! Everything that is sealed, masked or chained: slip tokens, personal fields, session texts, request signatures, audit rows.
//!
//! # What never enters
//! Where keys are stored and who asks. No clock and no randomness of its own: the moment and a
//! [`Random`](mingfen_domain::Random) are parameters. No personal data in an error, none in a `Debug`.
//!
//! # One cipher
//! Whatever is sealed here is sealed with AES-256-GCM-SIV under a key that is derived for that one use (see [`keyring`]).
//! GCM-SIV and not GCM, because the nonces are random and come from outside: should a source of randomness ever repeat
//! itself (a restored machine image, a seeded generator left in a configuration), GCM would give away the authentication
//! key and with it forged slips; GCM-SIV gives away only that two texts are equal. It costs a second pass over texts of a
//! hundred bytes, and not one byte of length.
//!
//! # Reading order
//! 1. [`keyring`]: keys by number, the current one, what is derived from them.
//! 2. [`slip_token`]: what the QR code of a fee slip carries. The other users of the keyring are alike: [`field`] for
//!    columns, [`text_box`] for cookies and forms.
//! 3. [`request_signature`] (a secret shared with a HIS, no keyring), [`chain`] (no key at all), [`mask`] (no secret at all).
//!
//! # How to add a sealed thing
//! Add its sub-key to [`keyring`] with a label of its own, so that nothing sealed for one use ever opens in another; bind
//! whatever says where the text belongs as associated data; begin with a version byte and the key's number.

pub mod chain;
mod envelope;
pub mod field;
pub mod keyring;
pub mod mask;
pub mod password;
pub mod request_signature;
pub mod slip_token;
pub mod text_box;
pub mod totp;

pub use keyring::{KeyId, Keyring, KeyringError};

#[cfg(test)]
mod testing;
