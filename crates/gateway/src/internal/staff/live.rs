//! Server-sent events: that something happened. A page that hears of it fetches its parts once more.

use crate::http::staff::{Staff, is_over};
use crate::live::{Change, listen};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, web};
use futures_util::stream;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout};

/// A line now and then, so that nobody in between takes the connection for dead.
const KEEP: Duration = Duration::from_secs(15);
/// The browser comes again by itself; a process that stops is not held up for long.
const AT_MOST: Duration = Duration::from_secs(300);
/// Several changes of one moment are one event.
const TOGETHER: Duration = Duration::from_millis(300);

struct Following {
    staff: Staff,
    changes: Receiver<Change>,
    until: Instant,
    first: bool,
}

/// The stream.
pub(in crate::internal) async fn follow(staff: Staff) -> HttpResponse {
    let changes = listen(&staff.gateway);
    let following = Following { staff, changes, until: Instant::now() + AT_MOST, first: true };
    let lines = stream::unfold(following, |mut following| async move {
        if following.first {
            following.first = false;
            return Some((line("retry: 3000\n: hello\n\n"), following));
        }
        if Instant::now() >= following.until {
            return None;
        }
        let heard = timeout(KEEP, following.changes.recv()).await;
        // Looking on is no use of the screen: a session that ran out is over here too.
        if is_over(&following.staff.gateway, &following.staff.session).await {
            following.until = Instant::now();
            return Some((line("event: over\ndata: over\n\n"), following));
        }
        match heard {
            Err(_) => Some((line(": still here\n\n"), following)),
            Ok(Ok(first)) => {
                let mut words = vec![first.action];
                tokio::time::sleep(TOGETHER).await;
                while let Ok(more) = following.changes.try_recv() {
                    if !words.contains(&more.action) {
                        words.push(more.action);
                    }
                }
                Some((line(&format!("event: change\ndata: {}\n\n", words.join(" "))), following))
            }
            // More than a page can follow: it looks once more.
            Ok(Err(RecvError::Lagged(_))) => Some((line("event: change\ndata: many\n\n"), following)),
            Ok(Err(RecvError::Closed)) => None,
        }
    });
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream; charset=utf-8"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(Box::pin(lines))
}

fn line(text: &str) -> Result<web::Bytes, std::io::Error> {
    Ok(web::Bytes::from(text.to_owned()))
}
