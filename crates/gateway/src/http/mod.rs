//! What both listeners share: sessions, forms, bounds, signatures, and the one file where errors meet HTTP.

pub mod api_error;
pub mod error;
pub mod form;
pub mod limits;
pub mod route;
pub mod session;
pub mod signed_request;
pub mod staff;
pub mod visit;
pub mod words;
