//! Every page in every state worth looking at. Tests check them; `cargo run -p mingfen-pages --example gallery` writes
//! them to files, for eyes and for the manual.

use crate::{
    finance::RunReport,
    frame::{Frame, Language},
    page::{Page, RenderError},
    patient::{
        AlreadyPaid, AmountChanged, Authorise, Busy, ChooseApp, Confirm, ErrorPage, Held, HeldBack, History,
        InDoubt, LinkExpired, LinkInvalid, NoLongerOwed, NotCharged, NotMatched, NothingToPay, OverLimit,
        Paid, PaidBooking, Pay, Phone, Receipt, Refund, SlipDetail, Slips, TooManyTries, Waiting,
    },
    print_slip::PrintSlip,
};

/// A page in one state, as HTML.
#[derive(Debug)]
pub struct Sample {
    /// The page: `03-slips`.
    pub page: &'static str,
    /// Its state: `ordinary`, `very long`.
    pub state: &'static str,
    /// The document.
    pub html: String,
}

impl Sample {
    /// A name for a file, without its ending: `03-slips-very-long`.
    pub fn file_stem(&self) -> String {
        let state = self.state.replace([' ', ','], "-").replace("--", "-");
        if self.state == "ordinary" { self.page.to_owned() } else { format!("{}-{state}", self.page) }
    }
}

/// The frame around samples.
pub fn frame(language: Language, elder: bool) -> Frame {
    let (hospital_name, cashier_place, kiosk_place) = match language {
        Language::ZhCn => ("青禾市人民医院", "门诊楼 1 层", "门诊大厅"),
        Language::En => ("Qinghe People's Hospital", "floor 1", "lobby"),
    };
    Frame {
        hospital_name: hospital_name.into(),
        language,
        elder,
        help_phone: "0000-8888 6000".into(),
        cashier_place: cashier_place.into(),
        kiosk_place: kiosk_place.into(),
        path: "/slips".into(),
        csrf: "sample-csrf".into(),
        campus: "东院区，青禾路 8 号，0000-8888 6001".into(),
        bridge_script: None,
    }
}

/// Every page in every state.
///
/// # Errors
/// A template failed.
pub fn all(frame: &Frame) -> Result<Vec<Sample>, RenderError> {
    let mut samples = Vec::new();
    add::<ChooseApp>("01-choose-app", frame, &mut samples)?;
    add::<Authorise>("02-authorise", frame, &mut samples)?;
    add::<Slips>("03-slips", frame, &mut samples)?;
    add::<SlipDetail>("04-slip-detail", frame, &mut samples)?;
    add::<Phone>("05-phone", frame, &mut samples)?;
    add::<Confirm>("06-confirm", frame, &mut samples)?;
    add::<Pay>("06-pay", frame, &mut samples)?;
    add::<Waiting>("07-waiting", frame, &mut samples)?;
    add::<Paid>("08-paid", frame, &mut samples)?;
    add::<PaidBooking>("09-paid-booking", frame, &mut samples)?;
    add::<Refund>("10-refund", frame, &mut samples)?;
    add::<NotCharged>("11-not-charged", frame, &mut samples)?;
    add::<AmountChanged>("12-amount-changed", frame, &mut samples)?;
    add::<AlreadyPaid>("13-already-paid", frame, &mut samples)?;
    add::<NoLongerOwed>("13-no-longer-owed", frame, &mut samples)?;
    add::<OverLimit>("13-over-limit", frame, &mut samples)?;
    add::<HeldBack>("13-held-back", frame, &mut samples)?;
    add::<LinkExpired>("14-link-expired", frame, &mut samples)?;
    add::<LinkInvalid>("14-link-invalid", frame, &mut samples)?;
    add::<NotMatched>("14-not-matched", frame, &mut samples)?;
    add::<TooManyTries>("14-too-many-tries", frame, &mut samples)?;
    add::<NothingToPay>("15-nothing-to-pay", frame, &mut samples)?;
    add::<Busy>("16-busy", frame, &mut samples)?;
    add::<InDoubt>("16-busy-in-doubt", frame, &mut samples)?;
    add::<Held>("16-held", frame, &mut samples)?;
    add::<History>("18-history", frame, &mut samples)?;
    add::<ErrorPage>("20-error", frame, &mut samples)?;
    add::<Receipt>("print-receipt", frame, &mut samples)?;
    add::<PrintSlip>("print-slip", frame, &mut samples)?;
    add::<RunReport>("finance-run-report", frame, &mut samples)?;
    Ok(samples)
}

fn add<P: Page>(page: &'static str, frame: &Frame, samples: &mut Vec<Sample>) -> Result<(), RenderError> {
    for (state, view) in P::samples() {
        samples.push(Sample { page, state, html: view.html(frame)? });
    }
    Ok(())
}
