//! `[channels.<id>]`: the merchant accounts. Only `provider` is read here; the rest is the adapter's.

use crate::reader::Reading;
use crate::sources::wipe;
use mingfen_domain::ids::ChannelId;
use std::fmt;
use toml::Table;

/// One merchant account.
#[derive(Clone)]
pub struct ChannelSettings {
    /// The hospital's name for it.
    pub id: ChannelId,
    /// Which adapter.
    pub provider: String,
    /// The adapter's own settings, `provider` taken out.
    pub table: Table,
}

impl fmt::Debug for ChannelSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&String> = self.table.keys().collect();
        write!(f, "ChannelSettings({}, {}, {keys:?})", self.id, self.provider)
    }
}

impl Drop for ChannelSettings {
    fn drop(&mut self) {
        wipe(&mut self.table);
    }
}

pub(crate) fn read(reading: &mut Reading<'_>) -> Vec<ChannelSettings> {
    let tables = reading.named("channels", None);
    tables.into_iter().filter_map(|(id, table)| channel(reading, &id, table)).collect()
}

fn channel(reading: &mut Reading<'_>, id: &str, mut table: Table) -> Option<ChannelSettings> {
    let mut section = reading.named_section("channels", None, id);
    let provider = section.text("provider", "the adapter's name, such as wechat or alipay,");
    table.remove("provider");
    match ChannelId::parse(id) {
        Ok(id) => Some(ChannelSettings { id, provider, table }),
        Err(error) => {
            section.wrong("", format!("{id:?}"), error.to_string());
            wipe(&mut table);
            None
        }
    }
}
