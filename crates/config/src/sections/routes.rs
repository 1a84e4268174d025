//! `[routes]`: which channel takes the money of which app.

use super::ChannelSettings;
use crate::reader::{Reading, Section};
use crate::suggest;
use mingfen_domain::ids::ChannelId;

/// Which channel for which app; `None`: that app cannot pay here.
#[derive(Clone, Debug)]
pub struct RouteSettings {
    /// Inside WeChat.
    pub wechat: Option<ChannelId>,
    /// Inside Alipay.
    pub alipay: Option<ChannelId>,
}

pub(crate) fn read(reading: &mut Reading<'_>, channels: &[ChannelSettings]) -> RouteSettings {
    let mut section = reading.section("routes");
    let settings = RouteSettings {
        wechat: route(&mut section, "wechat", channels),
        alipay: route(&mut section, "alipay", channels),
    };
    section.end();
    settings
}

fn route(
    section: &mut Section<'_, '_>,
    key: &'static str,
    channels: &[ChannelSettings],
) -> Option<ChannelId> {
    let text = section.optional_text(key)?;
    let found = channels.iter().find(|channel| channel.id.as_str() == text);
    if found.is_none() {
        let names: Vec<&str> = channels.iter().map(|channel| channel.id.as_str()).collect();
        let hint = suggest::nearest(&text, names.iter().copied()).map_or_else(
            || {
                format!(
                    "the channels here are: {}",
                    if names.is_empty() { "none".into() } else { names.join(", ") }
                )
            },
            |meant| format!("did you mean {meant}?"),
        );
        section.wrong(
            key,
            format!("{text:?}"),
            format!("the id of a [channels.<id>] table is wanted; {hint}"),
        );
    }
    found.map(|channel| channel.id.clone())
}
