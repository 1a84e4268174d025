//! Signing in, step by step: password, code, and the first time a password of one's own and a second factor.

use super::frame::Both;
use super::page::staff_page;
use crate::qr::{self, QrOptions};
use crate::svg::Svg;

/// The first step.
#[derive(Clone, Debug, Default)]
pub struct SignIn {
    /// What was typed.
    pub staff_no: String,
    /// Why it did not work.
    pub trouble: Option<Both>,
    /// Why one is asked again: signed out, idle for too long.
    pub over: Option<Both>,
}

/// The second step.
#[derive(Clone, Debug)]
pub struct Code {
    /// Whose.
    pub staff_no: String,
    /// Why it did not work.
    pub trouble: Option<Both>,
    /// When and where they were last signed in.
    pub last: Option<Both>,
}

/// The first second factor, and its recovery codes once it is proven.
#[derive(Clone, Debug)]
pub struct Enrol {
    /// `otpauth://…`, for the code.
    pub uri: String,
    /// The secret in base 32, in groups of four.
    pub secret: String,
    /// Why it did not work.
    pub trouble: Option<Both>,
    /// Shown once, after the code was right; empty before.
    pub recovery: Vec<String>,
}

impl Enrol {
    fn qr(&self) -> Svg {
        // An address is a few hundred bytes; a code holds two thousand.
        Svg(qr::svg(&self.uri, &QrOptions { dots: 4, ..QrOptions::default() }).unwrap_or_default())
    }
}

/// A password of one's own.
#[derive(Clone, Debug)]
pub struct NewPassword {
    /// Whose: for the browser's password store.
    pub staff_no: String,
    /// Why it did not work.
    pub trouble: Option<Both>,
}

staff_page!(SignIn, "staff/sign_in.html", None, [
    "ordinary" => SignIn::default(),
    "wrong" => SignIn {
        staff_no: "0501".into(),
        trouble: Some(Both::new("工号或密码不对，还可以试 3 次", "Wrong number or password; three more tries")),
        over: None,
    },
    "locked" => SignIn {
        staff_no: "0501".into(),
        trouble: Some(Both::new("已锁定，请 15 分钟后再试，或请组长解锁", "Locked; try again in 15 minutes, or ask the lead")),
        over: None,
    },
    "over" => SignIn {
        staff_no: String::new(),
        trouble: None,
        over: Some(Both::new("15 分钟没有操作，已自动退出", "Signed out after 15 idle minutes")),
    },
]);

staff_page!(Code, "staff/code.html", None, [
    "ordinary" => Code {
        staff_no: "0501".into(),
        trouble: None,
        last: Some(Both::new("上次登录：11-23 17:48，10.12.4.21", "last sign-in 11-23 17:48 from 10.12.4.21")),
    },
    "wrong" => Code {
        staff_no: "0501".into(),
        trouble: Some(Both::new("验证码不对或已用过", "Wrong, or used already")),
        last: None,
    },
]);

staff_page!(Enrol, "staff/enrol.html", None, [
    "ordinary" => Enrol {
        uri: "otpauth://totp/Qinghe:0501?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Qinghe".into(),
        secret: "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP".into(),
        trouble: None,
        recovery: Vec::new(),
    },
    "recovery" => Enrol {
        uri: String::new(),
        secret: String::new(),
        trouble: None,
        recovery: (1..=8).map(|at| format!("7K2M{at}-9QX4{at}")).collect(),
    },
]);

staff_page!(NewPassword, "staff/new_password.html", None, [
    "ordinary" => NewPassword { staff_no: "0501".into(), trouble: None },
    "weak" => NewPassword {
        staff_no: "0501".into(),
        trouble: Some(Both::new("这个密码太常见", "This password is too common")),
    },
]);
