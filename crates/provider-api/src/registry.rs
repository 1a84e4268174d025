//! How adapters are listed and built: one line each in `providers::ALL`.

use crate::Provider;
use mingfen_domain::ids::ChannelId;
use mingfen_domain::{Clock, Random};
use std::path::PathBuf;
use std::sync::Arc;

/// An adapter: its name in the configuration and how to build one channel of it.
#[derive(Clone, Copy)]
pub struct Registration {
    /// The word after `provider =` in a channel's table.
    pub name: &'static str,
    /// Builds a channel from its own table, or says everything that is wrong with it.
    pub build: Build,
}

/// Builds a channel from its own table, or says everything that is wrong with it.
pub type Build = fn(&BuildContext, &toml::Table) -> Result<Arc<dyn Provider>, Vec<ConfigError>>;

/// What every adapter is given beside its own table.
#[derive(Clone)]
pub struct BuildContext {
    /// The channel that is built.
    pub channel: ChannelId,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Nonces.
    pub random: Arc<dyn Random>,
    /// Relative `…_file` settings start here.
    pub base_dir: PathBuf,
}

/// One thing that is wrong with a channel's table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct ConfigError {
    /// The setting, as it is spelt in the file.
    pub field: String,
    /// What it looks like, and what is wanted. Never the secret itself.
    pub problem: String,
}
