//! Every staff page in every state worth looking at.

use super::{
    ApiKeys, AuditTrail, BlockEntry, Both, Code, Enrol, Expiries, Face, Health, HospitalPage, LimitChange,
    LimitProposal, Limits, Me, MerchantAccounts, Myself, NavItem, NewPassword, NoticeChange, NoticeProposal,
    NoticeTemplates, ParkedTasks, Place, RolesMatrix, SignIn, StaffDashboard, StaffFrame, StaffNotice,
    StaffPage, StaffPeople, StaffPerson, State, cashier, finance,
};
use crate::frame::Language;
use crate::page::RenderError;
use crate::samples::Sample;

/// The frame around samples: somebody who may go everywhere.
pub fn frame(language: Language) -> StaffFrame {
    let fine = || State::new(Face::Ok, "正常", "fine");
    StaffFrame {
        hospital_name: match language {
            Language::ZhCn => "青禾市人民医院".into(),
            Language::En => "Qinghe People's Hospital".into(),
        },
        language,
        csrf: "sample-csrf".into(),
        path: "/desk".into(),
        me: Me { name: "陈敏".into(), what: Both::new("收费员", "cashier") },
        nav: Place::ALL
            .into_iter()
            .map(|place| {
                let waiting = match place {
                    Place::Refunds => 2,
                    Place::Differences => 11,
                    _ => 0,
                };
                NavItem { place, waiting, urgent: place == Place::Differences }
            })
            .collect(),
        health: vec![
            Health {
                what: Both::new("支付渠道", "Channels"),
                state: State::new(Face::Ok, "4 / 4 正常", "4 / 4 fine"),
            },
            Health { what: Both::same("HIS"), state: fine() },
            Health { what: Both::new("短信", "Text messages"), state: fine() },
        ],
        clock: "10:42:07".into(),
        moment: "2026-11-24 10:42".into(),
        finds: true,
        said: None,
    }
}

/// Every staff page in every state.
///
/// # Errors
/// A template failed.
pub fn all(frame: &StaffFrame) -> Result<Vec<Sample>, RenderError> {
    let mut samples = Vec::new();
    add::<SignIn>("01-sign-in", frame, &mut samples)?;
    add::<Code>("01-sign-in-code", frame, &mut samples)?;
    add::<Enrol>("01-sign-in-enrol", frame, &mut samples)?;
    add::<NewPassword>("01-sign-in-password", frame, &mut samples)?;
    add::<cashier::Desk>("02-desk", frame, &mut samples)?;
    add::<cashier::SearchResults>("02-search", frame, &mut samples)?;
    add::<cashier::Order>("03-order", frame, &mut samples)?;
    add::<cashier::PersonDialog>("03-order-person", frame, &mut samples)?;
    add::<cashier::EvidenceDialog>("03-order-evidence", frame, &mut samples)?;
    add::<cashier::PrintDialog>("03-order-print", frame, &mut samples)?;
    add::<cashier::RefundDialog>("04-refund", frame, &mut samples)?;
    add::<cashier::ApproveDialog>("04-refund-approve", frame, &mut samples)?;
    add::<cashier::RefundList>("04-refunds", frame, &mut samples)?;
    add::<cashier::RefundProgress>("04-refund-progress", frame, &mut samples)?;
    add::<cashier::WindowSlips>("05-window", frame, &mut samples)?;
    add::<cashier::WindowTill>("05-window-till", frame, &mut samples)?;
    add::<cashier::ShiftPage>("06-shift", frame, &mut samples)?;
    add::<cashier::ShiftStart>("06-shifts", frame, &mut samples)?;
    add::<cashier::ShiftSheet>("06-shift-sheet", frame, &mut samples)?;
    add::<finance::FinanceHome>("07-finance-home", frame, &mut samples)?;
    add::<finance::DayPage>("08-run", frame, &mut samples)?;
    add::<finance::DayDiff>("08-run-diff", frame, &mut samples)?;
    add::<finance::UploadPage>("08-upload", frame, &mut samples)?;
    add::<finance::Differences>("09-differences", frame, &mut samples)?;
    add::<finance::DifferencePage>("10-difference", frame, &mut samples)?;
    add::<finance::Approvals>("10-approvals", frame, &mut samples)?;
    add::<finance::Settlement>("11-settlement", frame, &mut samples)?;
    add::<Myself>("01-me", frame, &mut samples)?;
    add::<StaffDashboard>("12-dashboard", frame, &mut samples)?;
    add::<StaffPeople>("13-admin-staff", frame, &mut samples)?;
    add::<StaffPerson>("13-admin-person", frame, &mut samples)?;
    add::<RolesMatrix>("13-admin-roles", frame, &mut samples)?;
    add::<MerchantAccounts>("13-admin-accounts", frame, &mut samples)?;
    add::<ApiKeys>("13-admin-keys", frame, &mut samples)?;
    add::<Expiries>("13-admin-expiry", frame, &mut samples)?;
    add::<Limits>("13-admin-limits", frame, &mut samples)?;
    add::<LimitChange>("13-admin-limits-change", frame, &mut samples)?;
    add::<LimitProposal>("13-admin-limits-proposal", frame, &mut samples)?;
    add::<BlockEntry>("13-admin-limits-block", frame, &mut samples)?;
    add::<NoticeTemplates>("13-admin-notices", frame, &mut samples)?;
    add::<NoticeChange>("13-admin-notices-change", frame, &mut samples)?;
    add::<NoticeProposal>("13-admin-notices-proposal", frame, &mut samples)?;
    add::<HospitalPage>("13-admin-hospital", frame, &mut samples)?;
    add::<ParkedTasks>("13-admin-parked", frame, &mut samples)?;
    add::<AuditTrail>("14-audit", frame, &mut samples)?;
    add::<StaffNotice>("15-notice", frame, &mut samples)?;
    add::<cashier::Shortcuts>("shortcuts", frame, &mut samples)?;
    Ok(samples)
}

fn add<P: StaffPage>(
    page: &'static str,
    frame: &StaffFrame,
    samples: &mut Vec<Sample>,
) -> Result<(), RenderError> {
    for (state, view) in P::samples() {
        samples.push(Sample { page, state, html: view.html(frame)? });
    }
    Ok(())
}
