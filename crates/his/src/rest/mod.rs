//! The adapter for `docs/his-rest.md`.
