//! Staff accounts, and the table of roles and rights.

use super::frame::{Both, State};
use super::page::staff_page;

/// A line of the list.
#[derive(Clone, Debug)]
pub struct PeopleRow {
    /// 工号.
    pub staff_no: String,
    /// The name.
    pub name: String,
    /// What they are.
    pub roles: Both,
    /// Where they sit; may be empty.
    pub place: String,
    /// How the account fares.
    pub state: State,
    /// Whether there is one.
    pub second_factor: bool,
    /// When they were last signed in.
    pub last_in: Option<String>,
}

/// The list.
#[derive(Clone, Debug)]
pub struct StaffPeople {
    /// A page of them.
    pub rows: Vec<PeopleRow>,
    /// The page after this one begins after that number.
    pub next: Option<String>,
    /// This is the first page.
    pub first: bool,
    /// Whether the reader may change them.
    pub manages: bool,
}

/// A role that can be given.
#[derive(Clone, Debug)]
pub struct RoleChoice {
    /// Its word.
    pub key: &'static str,
    /// Its name.
    pub word: Both,
    /// A password alone is not enough for it.
    pub second_factor: bool,
    /// Given.
    pub chosen: bool,
}

/// A campus that somebody can work at.
#[derive(Clone, Debug)]
pub struct CampusChoice {
    /// Its code; empty: none.
    pub key: String,
    /// Its name.
    pub word: Both,
    /// They work there.
    pub chosen: bool,
}

/// The form of an account, as it was typed.
#[derive(Clone, Debug)]
pub struct PersonForm {
    /// 工号.
    pub staff_no: String,
    /// The name.
    pub name: String,
    /// Where they sit.
    pub place: String,
    /// Where they may work: none, or a campus; empty when there is no campus.
    pub campuses: Vec<CampusChoice>,
    /// What they are.
    pub roles: Vec<RoleChoice>,
    /// May sign in.
    pub active: bool,
    /// As it was when the form was shown.
    pub version: i64,
    /// Why it was not taken.
    pub trouble: Option<Both>,
}

/// One account.
#[derive(Clone, Debug)]
pub struct StaffPerson {
    /// What can be changed.
    pub form: PersonForm,
    /// It is made now.
    pub new: bool,
    /// How it fares.
    pub state: Option<State>,
    /// The password for the first sign-in, shown once.
    pub first_password: Option<String>,
    /// It is locked.
    pub locked: bool,
    /// It has a second factor.
    pub second_factor: bool,
    /// Where it is signed in.
    pub sessions: usize,
    /// It is the reader's own.
    pub oneself: bool,
}

impl StaffPerson {
    fn action(&self) -> String {
        if self.new { "/admin/staff".into() } else { self.path("") }
    }

    fn path(&self, end: &str) -> String {
        format!("/admin/staff/{}{end}", self.form.staff_no)
    }
}

/// Who may do what.
#[derive(Clone, Debug)]
pub struct RolesMatrix {
    /// The columns.
    pub roles: Vec<Both>,
    /// The rows: a right, and whether each role has it.
    pub rights: Vec<(Both, Vec<bool>)>,
}

fn sample_row(staff_no: &str, name: &str, zh: &str, en: &str, state: State) -> PeopleRow {
    PeopleRow {
        staff_no: staff_no.into(),
        name: name.into(),
        roles: Both::new(zh, en),
        place: "门诊 3 号窗口".into(),
        state,
        second_factor: false,
        last_in: Some("2026-11-24 07:28".into()),
    }
}

fn sample_form() -> PersonForm {
    PersonForm {
        staff_no: "0201".into(),
        name: "陈敏".into(),
        place: "门诊 3 号窗口".into(),
        campuses: vec![
            CampusChoice { key: String::new(), word: Both::new("不分院区", "none"), chosen: false },
            CampusChoice { key: "east".into(), word: Both::new("东院区", "east campus"), chosen: true },
        ],
        roles: vec![
            RoleChoice {
                key: "cashier",
                word: Both::new("收费员", "cashier"),
                second_factor: false,
                chosen: true,
            },
            RoleChoice {
                key: "finance-lead",
                word: Both::new("财务主管", "finance lead"),
                second_factor: true,
                chosen: false,
            },
        ],
        active: true,
        version: 3,
        trouble: None,
    }
}

staff_page!(StaffPeople, "staff/people.html", Some(Place::Staff), [
    "ordinary" => StaffPeople {
        rows: vec![
            sample_row("0101", "周建国", "收费组长", "cashier lead", State::new(Face::Ok, "有效", "active")),
            sample_row("0201", "陈敏", "收费员", "cashier", State::new(Face::Ok, "有效", "active")),
            sample_row("0202", "<script>alert(1)</script>", "收费员", "cashier", State::new(Face::Bad, "已锁定", "locked")),
            PeopleRow {
                second_factor: true,
                place: String::new(),
                ..sample_row("0501", "赵启明", "财务主管", "finance lead", State::new(Face::Ok, "有效", "active"))
            },
            PeopleRow {
                last_in: None,
                ..sample_row("0601", "孙审计", "审计员", "auditor", State::new(Face::Info, "待首次登录", "not signed in yet"))
            },
        ],
        next: Some("0601".into()),
        first: true,
        manages: true,
    },
    "auditor" => StaffPeople {
        rows: vec![sample_row("0201", "陈敏", "收费员", "cashier", State::new(Face::Idle, "已停用", "switched off"))],
        next: None,
        first: false,
        manages: false,
    },
]);

staff_page!(StaffPerson, "staff/person.html", Some(Place::Staff), [
    "ordinary" => StaffPerson {
        form: sample_form(),
        new: false,
        state: Some(State::new(Face::Bad, "已锁定", "locked")),
        first_password: None,
        locked: true,
        second_factor: true,
        sessions: 2,
        oneself: false,
    },
    "new" => StaffPerson {
        form: PersonForm {
            trouble: Some(Both::new("这个工号已经有账号了", "there is an account of that number already")),
            ..sample_form()
        },
        new: true,
        state: None,
        first_password: None,
        locked: false,
        second_factor: false,
        sessions: 0,
        oneself: false,
    },
    "first password" => StaffPerson {
        form: sample_form(),
        new: false,
        state: Some(State::new(Face::Info, "待首次登录", "not signed in yet")),
        first_password: Some("7K2M-9QX4-B3TN-0WJ5".into()),
        locked: false,
        second_factor: false,
        sessions: 0,
        oneself: false,
    },
]);

staff_page!(RolesMatrix, "staff/roles.html", Some(Place::Staff), [
    "ordinary" => RolesMatrix {
        roles: [("收费员", "cashier"), ("收费组长", "cashier lead"), ("财务", "finance"), ("财务主管", "finance lead"), ("审计员", "auditor"), ("管理员", "administrator")]
            .map(|(zh, en)| Both::new(zh, en))
            .to_vec(),
        rights: vec![
            (Both::new("查找支付单、看经过", "find orders and read their stories"), vec![true, true, true, true, true, false]),
            (Both::new("审批退费", "approve a refund"), vec![false, true, false, true, false, false]),
        ],
    },
]);
