//! Why a remedy is not carried out, as people read it: each reason in both languages, and what can be done next.

use super::{People, words};
use crate::http::staff::{Staff, StaffAnswer};
use crate::service::reconciliation::RemedyRefused;
use actix_web::http::StatusCode;
use mingfen_pages::staff::{Both, NoticeKind, StaffNotice};

/// A refusal in words.
pub(super) fn refused_words(refused: &RemedyRefused, people: &People) -> Both {
    match refused {
        RemedyRefused::NoFinding => Both::new("这个批次里没有这笔差异。", "This run has no such difference."),
        RemedyRefused::NoRemedy => Both::new("没有这个处理申请。", "There is no such order of a remedy."),
        RemedyRefused::Superseded(version) => Both::new(
            format!("第 {version} 版已被替代。请到当前批次里再看这笔差异。"),
            format!("Version {version} was superseded; look at the difference in the current run."),
        ),
        RemedyRefused::Settled(word) => Both::new(
            format!("这笔差异已经不用处理了：{word}。什么也没有做。"),
            format!("It is settled already ({word}). Nothing was done."),
        ),
        RemedyRefused::NotAllowed(remedy, category) => Both::new(
            format!("“{category}”不能这样处理：{}。", remedy.chinese()),
            format!("{} is not allowed for {category}.", words::remedy(*remedy).en),
        ),
        RemedyRefused::Impossible(why) => Both::new(
            format!("{why}。什么也没有做。"),
            format!("The facts forbid it: {why}. Nothing was done."),
        ),
        RemedyRefused::Ordered(record) => {
            let by = people.who(&record.asked_by);
            let (name, state) = (words::remedy(record.remedy), words::remedy_state(record.state));
            Both::new(
                format!(
                    "{}已经对这笔差异提交了“{}”（{}），不能再做一次。您的这次没有执行，没有动钱。",
                    by.zh, name.zh, state.zh
                ),
                format!(
                    "{} has ordered “{}” for it already ({}). Yours was not carried out, and no money moved.",
                    by.en, name.en, state.en
                ),
            )
        }
        RemedyRefused::Changed(_) => Both::new(
            "您看过预览之后账面变了，什么也没有做。请重看下面的预览。",
            "Things have changed since you read the preview; nothing was done. Read it again.",
        ),
        RemedyRefused::NoReason => Both::new(
            "请写理由，1 至 200 字，不含换行。",
            "Give a reason of 1 to 200 characters on one line.",
        ),
        RemedyRefused::SamePerson(by) => {
            let by = people.who(by);
            Both::new(
                format!("这是{}自己提交的，须由另一人批准。没有执行。", by.zh),
                format!("{} ordered it; another person has to approve it. Nothing was done.", by.en),
            )
        }
        RemedyRefused::Decided(record) => {
            let by = record
                .decided_by
                .as_deref()
                .map_or_else(|| Both::new("有人", "somebody"), |by| people.who(by));
            let state = words::remedy_state(record.state);
            Both::new(
                format!("这项申请已经由{}处理过了：{}。没有再做一次。", by.zh, state.zh),
                format!("{} has decided over it already: {}. Nothing was done again.", by.en, state.en),
            )
        }
        RemedyRefused::Trouble(_) => {
            Both::new("没有执行，请再试一次。", "Nothing was done; please try again.")
        }
    }
}

/// A refusal as a page of its own.
pub(super) fn refused_page(
    staff: &Staff,
    people: &People,
    refused: RemedyRefused,
    back: &str,
) -> StaffAnswer {
    let status = match refused {
        RemedyRefused::Trouble(trouble) => return Err(trouble.into()),
        RemedyRefused::NoFinding | RemedyRefused::NoRemedy => StatusCode::NOT_FOUND,
        RemedyRefused::NoReason => StatusCode::BAD_REQUEST,
        _ => StatusCode::CONFLICT,
    };
    let view = StaffNotice {
        kind: NoticeKind::Stale,
        heading: Both::new("没有执行", "Not carried out"),
        text: refused_words(&refused, people),
        ways: vec![
            (back.to_owned(), Both::new("回到上一页", "Back")),
            ("/differences".to_owned(), Both::new("差异列表", "Differences")),
        ],
        code: None,
    };
    Ok(staff.page_as(status, &view))
}
