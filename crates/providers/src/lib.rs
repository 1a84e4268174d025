//! The payment providers as they really are: wires, signatures, error codes and statement files of WeChat Pay and Alipay, and the
//! statement files alone of UnionPay, behind the port of `mingfen-provider-api`. The cashier's window is one of them, without a wire.
//!
//! # What never enters
//! No database, no web framework, no retries, no schedule: an adapter sends once and says what became of it. Adapters hold keys
//! and certificates and nothing else, never log a body, and never look at each other.
//!
//! # Reading order
//! 1. [`ALL`]: the list.
//! 2. The shared rooms: [`settings`] (a channel's table), [`keys`] (RSA in every form), [`http`] (one client), [`arriving`] (a
//!    download that goes to the disk), [`text`] (encodings, archives, lines).
//! 3. One folder a provider, with the same rooms in each: `config`, `sign`, `certs`, `order`, `refund`, `notification`,
//!    `statement`, `error`. [`window`] has none of them: nobody is asked there.
//!
//! # How to add a provider
//! A folder with a `REGISTRATION`, one line in [`ALL`]. Signing is a file of its own: a pure function from parts to the canonical
//! string, and the test vectors of the provider's document. Every error code of the document is sorted in a table test.

pub mod alipay;
pub mod arriving;
#[cfg(test)]
mod conformance;
pub mod http;
pub mod keys;
pub mod settings;
pub mod text;
pub mod unionpay;
pub mod wechat;
pub mod window;

use mingfen_provider_api::Registration;

/// Every provider that a channel can name.
pub const ALL: &[Registration] = &[wechat::REGISTRATION, alipay::REGISTRATION, window::REGISTRATION];
