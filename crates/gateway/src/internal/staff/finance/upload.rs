//! Files that come through a form: received piece by piece within bounds, onto the disk, before anybody looks at them.

use super::{People, day_of, today, words};
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::service::Trouble;
use crate::service::reconciliation::{BringRefused, Brought, MOST_BROUGHT, bring_file};
use actix_multipart::Multipart;
use actix_web::http::StatusCode;
use actix_web::web;
use futures_util::StreamExt;
use mingfen_domain::BusinessDay;
use mingfen_domain::ids::ChannelId;
use mingfen_pages::staff::finance::{BroughtLine, Choice, UploadPage, UploadRefused};
use mingfen_pages::staff::{Both, Face, State};
use mingfen_store::{ALL_CHANNELS, InputKind};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use tempfile::TempDir;

/// A field of text is no longer than this.
const LONGEST_FIELD: usize = 1024;
/// A form has no more parts.
const MOST_PARTS: usize = 8;

/// What came through a form.
pub(super) struct Received {
    /// Where the file lies, under its own name; `None`: there was none.
    pub file: Option<PathBuf>,
    /// Its name as it was sent.
    pub name: String,
    /// It was larger than it may be, and was not kept.
    pub too_large: bool,
    /// The field `what`.
    pub what: String,
    /// Gone with it.
    _directory: TempDir,
}

/// Receives a form with one file. The session's token comes first, or nothing is read any further.
///
/// # Errors
/// [`StaffFailure::Stale`] without the token; [`StaffFailure::Bad`] when it broke off.
pub(super) async fn receive(staff: &Staff, mut body: Multipart, most: u64) -> Result<Received, StaffFailure> {
    let failed = |error: std::io::Error| StaffFailure::Trouble(Trouble::TemporaryFile(error.to_string()));
    let broken = || {
        StaffFailure::Bad(Both::new(
            "上传中断了，什么也没有保存。请再试一次。",
            "It broke off; nothing was kept. Try once more.",
        ))
    };
    let directory = tempfile::tempdir().map_err(failed)?;
    let mut received = Received {
        file: None,
        name: String::new(),
        too_large: false,
        what: String::new(),
        _directory: directory,
    };
    let (mut owned, mut parts) = (false, 0);
    while let Some(part) = body.next().await {
        // Whoever has not shown the session's token learns nothing else.
        let mut part = part.map_err(|_| if owned { broken() } else { StaffFailure::Stale })?;
        parts += 1;
        if parts > MOST_PARTS {
            return Err(StaffFailure::Stale);
        }
        let field = part.name().unwrap_or_default().to_owned();
        if field != "file" {
            let mut text = Vec::new();
            while let Some(piece) = part.next().await {
                text.extend_from_slice(&piece.map_err(|_| broken())?);
                if text.len() > LONGEST_FIELD {
                    return Err(StaffFailure::Stale);
                }
            }
            let text = String::from_utf8(text).map_err(|_| StaffFailure::Stale)?;
            match field.as_str() {
                "csrf" => owned = staff.owns(&text),
                "what" => received.what = text,
                _ => {}
            }
            continue;
        }
        if !owned || received.file.is_some() {
            return Err(StaffFailure::Stale);
        }
        let name =
            part.content_disposition().and_then(|said| said.get_filename()).unwrap_or_default().to_owned();
        let path = received._directory.path().join(file_name(&name));
        received.name = name;
        let mut out = BufWriter::new(File::create(&path).map_err(failed)?);
        let mut length = 0_u64;
        while let Some(piece) = part.next().await {
            let piece = piece.map_err(|_| broken())?;
            length = length.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            if length > most {
                // The rest is not read: whoever sends it is answered now.
                received.too_large = true;
                return Ok(received);
            }
            out.write_all(&piece).map_err(failed)?;
        }
        out.flush().map_err(failed)?;
        if length > 0 {
            received.file = Some(path);
        }
    }
    if owned { Ok(received) } else { Err(StaffFailure::Stale) }
}

/// A name for the disk and for messages: the last part of what was sent, and nothing that leads elsewhere.
fn file_name(sent: &str) -> String {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = |c: &char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '（' | '）' | '(' | ')');
    let name: String = last.chars().filter(plain).take(80).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "file".to_owned() } else { name.to_owned() }
}

pub(in crate::internal) async fn show(staff: Staff, day: web::Path<String>) -> StaffAnswer {
    let day = day_of(&day)?;
    show_as(&staff, day, "", StatusCode::OK, None).await
}

async fn show_as(
    staff: &Staff,
    day: BusinessDay,
    chosen: &str,
    status: StatusCode,
    refused: Option<UploadRefused>,
) -> StaffAnswer {
    let store = &staff.gateway.store;
    let closed = if day >= today(staff) {
        Some(Both::new(
            "这一天还没有过完，次日才有对账单。",
            "The day is not over; its statements are there on the next one.",
        ))
    } else if store.sign_off(day, ALL_CHANNELS).await?.is_some() {
        Some(Both::new(
            "这一天已签结，冻结；迟到的账由次日清账。",
            "The day is signed and frozen; what comes late is cleared by the next day.",
        ))
    } else {
        None
    };
    let people = People::load(staff).await?;
    let mut choices = Vec::new();
    if closed.is_none() {
        let channels = staff.gateway.channels.iter().filter(|(_, provider)| provider.statements().is_some());
        for (channel, _) in channels {
            let (value, name) = (format!("statement:{channel}"), words::account(staff, channel));
            let word = Both::new(
                format!("渠道对账单 · {} {channel}", name.zh),
                format!("statement · {} {channel}", name.en),
            );
            choices.push(Choice::new(&value, word, value == chosen));
        }
        choices.push(Choice::new("ledger", Both::new("HIS 收费台账", "HIS ledger"), chosen == "ledger"));
    }
    let brought = store.brought_files(day).await?;
    let view = UploadPage {
        day: day.to_string(),
        choices,
        most: format!("{} MB", MOST_BROUGHT >> 20),
        most_bytes: MOST_BROUGHT,
        brought: brought
            .into_iter()
            .map(|file| {
                let kind = match file.kind {
                    InputKind::Ledger => Both::new("HIS 收费台账", "HIS ledger"),
                    kind => words::input_kind(kind),
                };
                let account = file.channel.map(|channel| format!(" · {channel}")).unwrap_or_default();
                BroughtLine {
                    what: Both::new(format!("{}{account}", kind.zh), format!("{}{account}", kind.en)),
                    name: file.name,
                    sha256: words::hash_ends(&file.file_sha256),
                    brought: format!(
                        "{} {}",
                        people.who(&file.brought_by).zh,
                        words::moment(staff, file.brought_at).zh
                    ),
                }
            })
            .collect(),
        refused,
        closed,
    };
    Ok(staff.page_as(status, &view))
}

pub(in crate::internal) async fn bring(staff: Staff, day: web::Path<String>, body: Multipart) -> StaffAnswer {
    let day = day_of(&day)?;
    let received = receive(&staff, body, MOST_BROUGHT).await?;
    let what = match received.what.split_once(':') {
        None if received.what == "ledger" => Some(Brought::Ledger),
        Some(("statement", channel)) => ChannelId::parse(channel).ok().map(Brought::Statement),
        _ => None,
    };
    let what = what.ok_or(StaffFailure::Stale)?;
    let whole = |problem: Both, then: Both| UploadRefused {
        file: file_name(&received.name),
        line: 0,
        column: String::new(),
        problem,
        then,
    };
    let small = Both::new(
        "请分天导出，或由信息科用命令行读取。",
        "Export it by day, or have it read on the command line.",
    );
    let refused = match &received.file {
        _ if received.too_large => (
            StatusCode::PAYLOAD_TOO_LARGE,
            whole(Both::new("文件超过 512 MB。", "The file has more than 512 MB."), small),
        ),
        None => (
            StatusCode::BAD_REQUEST,
            whole(
                Both::new("没有文件，或文件是空的。", "There is no file, or an empty one."),
                Both::new("请选择文件。", "Choose a file."),
            ),
        ),
        Some(path) => match bring_file(&staff.gateway, day, &what, path, &staff.actor()).await {
            Ok(()) => {
                let said = State::new(
                    Face::Ok,
                    "文件已收下，正在重跑",
                    "The file is taken; the day is compared again",
                );
                return Ok(staff.say_and_go(&format!("/finance/days/{day}"), &said));
            }
            Err(BringRefused::Trouble(trouble)) => return Err(trouble.into()),
            Err(BringRefused::NoAccount) => return Err(StaffFailure::Stale),
            Err(BringRefused::NotOver(_) | BringRefused::Signed(_)) => {
                return show_as(&staff, day, &received.what, StatusCode::CONFLICT, None).await;
            }
            Err(BringRefused::File { file, line, column, problem }) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                UploadRefused {
                    file,
                    line,
                    column: column.unwrap_or_default(),
                    problem: words::problem(&problem),
                    then: Both::new(
                        "整份文件没有收下，什么也没有保存。请向渠道或 HIS 重新取原件，不要手工改。",
                        "Nothing of it was kept. Get the file again from the channel or HIS; do not mend it by hand.",
                    ),
                },
            ),
        },
    };
    show_as(&staff, day, &received.what, refused.0, Some(refused.1)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_else() {
        assert_eq!(file_name("../../../etc/passwd"), "passwd");
        assert_eq!(file_name("C:\\Users\\x\\20261123_业务明细.csv"), "20261123_业务明细.csv");
        assert_eq!(file_name("..."), "file");
        assert_eq!(file_name(".hidden\r\n.csv"), "hidden.csv");
        assert_eq!(file_name(&"a".repeat(300)).len(), 80);
    }
}
