//! The money question first: did they say no, did nothing leave, or do we not know?

/// What became of a call that did not end in an answer we can use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// They said no; nothing happened to money.
    #[error("refused by the provider: {code} {message}")]
    Refused {
        /// The provider's code, as it spells it.
        code: String,
        /// The provider's text, for us; never shown as it is to a payer.
        message: String,
    },
    /// They said "not now" and did nothing: the same request later.
    #[error("postponed by the provider: {code} {message}")]
    Postponed {
        /// The provider's code, as it spells it.
        code: String,
        /// The provider's text.
        message: String,
    },
    /// It left us and no usable answer came. Query before anything else.
    #[error("in doubt: {0}")]
    InDoubt(String),
    /// Nothing left this machine: no connection, a request that could not be built.
    #[error("not sent: {0}")]
    NotSent(String),
}

impl CallError {
    /// For an adapter that is asked to take money at the window, which only a window does.
    pub fn not_a_window() -> Self {
        Self::NotSent("this account takes no money at the window".to_owned())
    }
}
