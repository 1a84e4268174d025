//! The hospital's name and telephone as pages and papers say them, and its campuses.

use super::frame::{Both, State};
use super::page::staff_page;

/// The hospital, as it was typed.
#[derive(Clone, Debug)]
pub struct HospitalForm {
    /// On Chinese pages.
    pub name_zh: String,
    /// On English pages.
    pub name_en: String,
    /// The service desk.
    pub help_phone: String,
    /// As it was when the form was shown.
    pub version: i64,
    /// What is wrong.
    pub trouble: Option<Both>,
}

/// A campus.
#[derive(Clone, Debug)]
pub struct CampusRow {
    /// Its page, for who may change it.
    pub href: Option<String>,
    /// The hospital's own short code.
    pub code: String,
    /// Its name.
    pub name: Both,
    /// Where it is.
    pub address: String,
    /// Its telephone.
    pub phone: String,
    /// Whether it is in use.
    pub state: State,
}

/// A campus, as it was typed.
#[derive(Clone, Debug)]
pub struct CampusForm {
    /// It is made now.
    pub new: bool,
    /// The hospital's own short code.
    pub code: String,
    /// On Chinese pages.
    pub name_zh: String,
    /// On English pages.
    pub name_en: String,
    /// Where it is.
    pub address: String,
    /// Its telephone.
    pub phone: String,
    /// People can be placed there.
    pub active: bool,
    /// As it was when the form was shown.
    pub version: i64,
    /// What is wrong.
    pub trouble: Option<Both>,
}

/// 医院与院区.
#[derive(Clone, Debug)]
pub struct HospitalPage {
    /// The hospital's number at HIS.
    pub hospital_id: String,
    /// The hospital.
    pub form: HospitalForm,
    /// Who changed it last, and when.
    pub changed: Option<Both>,
    /// Its campuses.
    pub campuses: Vec<CampusRow>,
    /// The form of one campus, for who may change it.
    pub campus: Option<CampusForm>,
    /// Whether they may change anything.
    pub manages: bool,
}

mod sample {
    use super::*;
    use crate::staff::Face;

    pub(super) fn page() -> HospitalPage {
        HospitalPage {
            hospital_id: "QH01".into(),
            form: HospitalForm {
                name_zh: "青禾市人民医院".into(),
                name_en: "Qinghe People's Hospital".into(),
                help_phone: "0000-8888 6000".into(),
                version: 1,
                trouble: None,
            },
            changed: Some(Both::new(
                "何志远 2026-11-20 14:05 改过",
                "changed by He Zhiyuan 2026-11-20 14:05",
            )),
            campuses: vec![
                CampusRow {
                    href: Some("/admin/hospital/campuses/main".into()),
                    code: "main".into(),
                    name: Both::new("本部", "main campus"),
                    address: "青禾市人民路 1 号".into(),
                    phone: "0000-8888 6000".into(),
                    state: State::new(Face::Ok, "在用", "in use"),
                },
                CampusRow {
                    href: Some("/admin/hospital/campuses/east".into()),
                    code: "east".into(),
                    name: Both::new("<b>东院区</b>", "east campus"),
                    address: String::new(),
                    phone: String::new(),
                    state: State::new(Face::Idle, "停用", "not in use"),
                },
            ],
            campus: Some(CampusForm {
                new: true,
                code: String::new(),
                name_zh: String::new(),
                name_en: String::new(),
                address: String::new(),
                phone: String::new(),
                active: true,
                version: 0,
                trouble: Some(Both::new("这个编码已经有了", "there is one of that code already")),
            }),
            manages: true,
        }
    }
}

staff_page!(HospitalPage, "staff/hospital.html", Some(Place::Hospital), [
    "ordinary" => sample::page(),
    "changing a campus" => HospitalPage {
        campus: Some(CampusForm { new: false, code: "east".into(), trouble: None, ..sample::page().campus.unwrap_or_else(|| unreachable!("the sample has one")) }),
        ..sample::page()
    },
    "auditor" => HospitalPage { campuses: Vec::new(), campus: None, changed: None, manages: false, ..sample::page() },
]);
