//! The pages that patients and staff see, the report that finance signs, the sheets that are printed, the documentation page of the API, and QR codes.
//!
//! A page is a **view**: a struct of printable things, in [`patient`], [`finance`] or [`print_slip`]. It becomes HTML through
//! [`Page::html`], in a [`Frame`] that says whose page, in which language and size. Sentences live in `wording`, two
//! tables that the compiler keeps complete; markup lives in `templates`; both know nothing of each other.
//!
//! What never enters: SQL, actix, sessions, providers' wire formats, clear personal data, and arithmetic on money. An
//! amount arrives as text; only the insurance bar takes fen, to draw its shares, and finance's charts take counts.
//!
//! Reading order: [`frame`], `page`, one view (say `patient/result.rs`) with its template, `wording/phrase.rs`,
//! [`paths`], [`qr`].
//!
//! **One page more:** a view struct with its samples in `src/patient`, a template in `templates/patient` that extends
//! `frame.html`, its sentences in both tables, its address in [`paths`], and a line in the list of [`samples`]:
//! `tests/pages.rs` then checks it in every language, size and sample, and the gallery shows it. **One provider more:** a variant of [`patient::PayApp`],
//! its words in both tables, its tile in `templates/parts/tile.html`, its bridge in `assets/pay.js`.

pub mod assets;
pub mod csp;
pub mod docs;
pub mod finance;
pub mod frame;
mod icon;
mod moment;
mod page;
pub mod paths;
pub mod patient;
pub mod print_slip;
pub mod qr;
pub mod samples;
pub mod staff;
mod svg;
mod wording;
mod yuan;

pub use frame::{Frame, Language};
pub use moment::Moment;
pub use page::{Page, RenderError};
pub use yuan::{capitals, yuan};
