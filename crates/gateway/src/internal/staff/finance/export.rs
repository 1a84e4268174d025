//! A run as a file: made whole on the disk, so that nobody takes half a report for a whole one, then sent piece by piece.

use super::{day_of, words};
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::service::Trouble;
use crate::service::reconciliation::{ReportForm, ReportRefused, write_report};
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY};
use actix_web::{HttpResponse, web};
use futures_util::stream;
use mingfen_domain::BusinessDay;
use mingfen_store::{ALL_CHANNELS, AuditEvent, RunRecord};
use std::fs::File;
use std::io::{BufWriter, Read};

/// Bytes that are sent at once.
const PIECE: usize = 64 << 10;

/// The workbook.
pub(in crate::internal) async fn workbook(staff: Staff, day: web::Path<String>) -> StaffAnswer {
    send(&staff, day_of(&day)?, ReportForm::Xlsx).await
}

/// The list of differences, for programs.
pub(in crate::internal) async fn table(staff: Staff, day: web::Path<String>) -> StaffAnswer {
    send(&staff, day_of(&day)?, ReportForm::Csv).await
}

/// The page that is printed and signed.
pub(in crate::internal) async fn printed(staff: Staff, day: web::Path<String>) -> StaffAnswer {
    send(&staff, day_of(&day)?, ReportForm::Html).await
}

/// The run that is meant: the current one of a day, or one of its versions.
async fn run_of(staff: &Staff, day: BusinessDay) -> Result<RunRecord, StaffFailure> {
    let store = &staff.gateway.store;
    let wanted = staff.query("version").map(|text| text.parse::<i64>()).transpose();
    let found = match wanted.map_err(|_| StaffFailure::NotFound)? {
        None => store.current_run(day, ALL_CHANNELS).await?,
        Some(version) => {
            let versions = store.versions_of_day(day, ALL_CHANNELS).await?;
            versions.into_iter().find(|run| run.version == version)
        }
    };
    found.ok_or(StaffFailure::NotFound)
}

async fn send(staff: &Staff, day: BusinessDay, form: ReportForm) -> StaffAnswer {
    let run = run_of(staff, day).await?;
    let failed = |error: std::io::Error| StaffFailure::Trouble(Trouble::TemporaryFile(error.to_string()));
    let file = tempfile::NamedTempFile::new().map_err(failed)?;
    let out = BufWriter::new(file.reopen().map_err(failed)?);
    write_report(&staff.gateway, &run.run_id, form, out).await.map_err(|refused| match refused {
        ReportRefused::NoRun => StaffFailure::NotFound,
        ReportRefused::Trouble(trouble) => trouble.into(),
        other => Trouble::Inconsistent(format!("the report of {day} could not be written: {other}")).into(),
    })?;
    let (word, media_type, ending) = match form {
        ReportForm::Xlsx => {
            ("workbook", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx")
        }
        ReportForm::Csv => ("table", "text/csv; charset=utf-8", "csv"),
        ReportForm::Html => ("printed page", "text/html; charset=utf-8", "html"),
    };
    let event = AuditEvent {
        at: staff.gateway.now(),
        actor: staff.actor(),
        action: "report.exported".into(),
        subject: run.run_id.as_str().to_owned(),
        detail: format!("{day} version {} as a {word}", run.version),
    };
    let mut tx = staff.gateway.store.begin().await?;
    tx.record(&event).await?;
    tx.commit().await?;
    let mut answer = HttpResponse::Ok();
    answer.content_type(media_type);
    if form == ReportForm::Html {
        // It stands alone: its style is in it.
        answer.insert_header((
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'",
        ));
    } else {
        let name = format!("reconciliation-{day}-v{}.{ending}", run.version);
        answer.insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
    }
    let opened = file.reopen().map_err(failed)?;
    tracing::info!(run.id = %run.run_id, by = %staff.actor(), "a report of {} was taken away as a {word}", words::short(day));
    // The file is gone when the last piece is.
    let pieces = stream::try_unfold((opened, file), |(mut opened, file)| async move {
        let piece = tokio::task::spawn_blocking(move || read_piece(&mut opened).map(|piece| (piece, opened)));
        let (piece, opened) =
            piece.await.map_err(|_| std::io::Error::other("reading a report broke off"))??;
        let next = (!piece.is_empty()).then(|| (web::Bytes::from(piece), (opened, file)));
        Ok::<_, std::io::Error>(next)
    });
    Ok(answer.streaming(pieces))
}

fn read_piece(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut piece = Vec::with_capacity(PIECE);
    file.take(PIECE as u64).read_to_end(&mut piece)?;
    Ok(piece)
}
