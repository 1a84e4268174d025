//! A page that says why there is nothing else: no right, nothing there, our own trouble.

use super::frame::Both;
use super::page::staff_page;

/// What it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// The person may not.
    NoRight,
    /// Nothing is at this address, or has this number.
    NotFound,
    /// The form was not from one of our pages, or too old.
    Stale,
    /// Our own trouble; nothing was done.
    Trouble,
    /// A list without a line.
    Empty,
}

/// The page.
#[derive(Clone, Debug)]
pub struct StaffNotice {
    /// What it is about.
    pub kind: NoticeKind,
    /// The heading.
    pub heading: Both,
    /// What it means and what can be done.
    pub text: Both,
    /// Where to go: address and word. The first one is the main way.
    pub ways: Vec<(String, Both)>,
    /// Leads to the line in the log.
    pub code: Option<String>,
}

impl StaffNotice {
    fn icon(&self) -> super::Icon {
        match self.kind {
            NoticeKind::NoRight => super::Icon::Lock,
            NoticeKind::NotFound | NoticeKind::Empty => super::Icon::Search,
            NoticeKind::Stale => super::Icon::Clock,
            NoticeKind::Trouble => super::Icon::Triangle,
        }
    }
}

staff_page!(StaffNotice, "staff/notice.html", None, [
    "no right" => StaffNotice {
        kind: NoticeKind::NoRight,
        heading: Both::new("没有权限", "Not allowed"),
        text: Both::new(
            "审计员不能处理差异。您可以看每一笔差异的三方数据、证据和经过，但不能提交或批准处理。这次尝试已记入审计日志。",
            "An auditor does not settle differences. You can read all three sides, the evidence and the story of each. This attempt was written to the audit trail.",
        ),
        ways: vec![("/".into(), Both::new("回到首页", "Back to the start"))],
        code: None,
    },
    "trouble" => StaffNotice {
        kind: NoticeKind::Trouble,
        heading: Both::new("暂时打不开", "Not available right now"),
        text: Both::new(
            "数据库没有应答，什么也没有改变。患者扫码支付不受本页影响。请稍后再试；还不行，把下面的号码告诉信息科。",
            "The database does not answer; nothing was changed. Try again; if it stays so, tell the IT department the code below.",
        ),
        ways: vec![("/".into(), Both::new("再试一次", "Try again"))],
        code: Some("7K2M-9QX4".into()),
    },
]);
