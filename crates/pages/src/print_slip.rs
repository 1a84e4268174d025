//! The fee slip on paper, with its code.

use crate::{
    Moment,
    frame::Frame,
    page::{Page, RenderError, page},
    patient::{SlipKind, Who, sample},
    qr,
    svg::Svg,
    wording::Wording,
};

/// Modules of light around a code.
const QUIET_ZONE: u32 = 4;

/// The paper of a slip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// A5 upright, from an office printer.
    A5,
    /// 80 mm roll, 72 mm printable.
    Roll80,
    /// 58 mm roll, 48 mm printable.
    Roll58,
}

impl Paper {
    /// Every paper.
    pub const ALL: [Self; 3] = [Self::A5, Self::Roll80, Self::Roll58];

    /// The word for addresses and options: `a5`, `80mm`, `58mm`.
    pub fn key(self) -> &'static str {
        match self {
            Self::A5 => "a5",
            Self::Roll80 => "80mm",
            Self::Roll58 => "58mm",
        }
    }

    /// The paper with this key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|paper| paper.key() == key)
    }

    /// Micrometres a module. On rolls a whole number of dots of 203 to the inch, so that no edge falls between two: six on
    /// 58 mm and seven on 80 mm paper, less when the code is too wide for that.
    fn module_um(self, modules: u32, wanted: Option<u32>) -> u32 {
        let dots = |usual: u32, printable: u32| {
            let fitting = (printable / modules).max(1);
            wanted.unwrap_or(usual).clamp(1, fitting) * 25_400 / 203
        };
        match (self, wanted) {
            (Self::A5, None) => (52_000 / modules).min(750),
            // Beside the three steps there is room for so much.
            (Self::A5, Some(_)) => dots(6, 512),
            (Self::Roll80, _) => dots(7, 576),
            (Self::Roll58, _) => dots(6, 384),
        }
    }

    fn css(self) -> &'static str {
        match self {
            Self::A5 => "a5",
            Self::Roll80 => "roll roll80",
            Self::Roll58 => "roll roll58",
        }
    }
}

/// One kind of charge on the slip.
#[derive(Clone, Debug)]
pub struct PrintItem {
    /// What it is for.
    pub kind: SlipKind,
    /// In the hospital's words.
    pub what: String,
    /// Where it will be done.
    pub place: Option<String>,
    /// A place in a clinic is held until then.
    pub held_until: Option<Moment>,
    /// Its amount.
    pub amount_yuan: String,
}

/// A fee slip, ready for paper. Always Chinese first; its one sentence of English is on the page it leads to.
#[derive(Clone, Debug)]
pub struct PrintSlip {
    /// The paper.
    pub paper: Paper,
    /// Whose; masked on paper, too.
    pub who: Who,
    /// The slip's number, when the sheet is of one slip.
    pub sheet_no: Option<String>,
    /// Department.
    pub department: Option<String>,
    /// Until when the code is good.
    pub valid_until: Moment,
    /// When it was printed.
    pub printed_at: Moment,
    /// What is owed.
    pub items: Vec<PrintItem>,
    /// The sum.
    pub total_yuan: String,
    /// The code; made from the link with [`qr::QrCode::new`], so that a link that fits no code is refused before printing.
    pub code: qr::QrCode,
    /// How large the code is, and what is left free around it.
    pub code_size: CodeSize,
}

/// The size of a code on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeSize {
    /// Light modules around the code. Scanners are promised four.
    pub margin: u32,
    /// Dots of 203 to the inch for each module, `None`: as many as fit well. Less than asked for when the paper is too
    /// narrow: a code that is cut off cannot be read.
    pub dots: Option<u32>,
}

impl Default for CodeSize {
    fn default() -> Self {
        Self { margin: QUIET_ZONE, dots: None }
    }
}

impl PrintSlip {
    fn is_roll(&self) -> bool {
        self.paper != Paper::A5
    }

    /// The whole document with its style sheets inside, for a file that stands alone.
    ///
    /// # Errors
    /// As [`Page::html`].
    pub fn standalone(&self, frame: &Frame) -> Result<String, RenderError> {
        use crate::assets::{inlined, print_css, print_css_text};
        Ok(inlined(&self.html(frame)?, print_css(), print_css_text()))
    }

    fn code_svg(&self, say: &Wording) -> Svg {
        let margin = self.code_size.margin.min(qr::QrOptions::MAX_MARGIN);
        let modules = self.code.width() + 2 * margin;
        let side = modules * self.paper.module_um(modules, self.code_size.dots);
        let side = format!("{}.{:03}mm", side / 1000, side % 1000);
        Svg(self.code.svg_element(margin, &side, &say.sheet.code.plain()))
    }

    fn names_places(&self) -> bool {
        self.items.iter().any(|item| item.place.is_some())
    }

    fn first_hold(&self) -> Option<&Moment> {
        self.items.iter().find_map(|item| item.held_until.as_ref())
    }
}

const SAMPLE_LINK: &str = "https://pay.example-hospital.cn/s/AQEAVf1dGk2s9lq0b7mX3cYtZ8uPwR5oJhNnE6vKxLgCiDyFzBaQrTmUWpOeIHS4kMZtX2cVbN7mLqWeRtYuIoPaSdFg";

fn ordinary(paper: Paper) -> Option<PrintSlip> {
    let item = |kind, what: &str, place: &str, yuan: &str| PrintItem {
        kind,
        what: what.into(),
        place: (!place.is_empty()).then(|| place.into()),
        held_until: None,
        amount_yuan: yuan.into(),
    };
    Some(PrintSlip {
        paper,
        who: sample::who(),
        sheet_no: None,
        department: Some("心血管内科".into()),
        valid_until: sample::today(23, 59),
        printed_at: sample::today(10, 6),
        items: vec![
            PrintItem {
                held_until: Some(sample::today(10, 42)),
                ..item(SlipKind::Registration, "内分泌科 陈志远 今天 14:30", "门诊楼 2 层", "25.00")
            },
            item(SlipKind::Exam, "心脏彩超、心电图", "门诊楼 3 层", "246.00"),
            item(SlipKind::Drug, "阿司匹林肠溶片等，共 8 项", "门诊楼 1 层", "132.46"),
        ],
        total_yuan: "403.46".into(),
        code: qr::QrCode::new(SAMPLE_LINK, qr::Level::M).ok()?,
        code_size: CodeSize::default(),
    })
}

fn very_long(paper: Paper) -> Option<PrintSlip> {
    let slip = ordinary(paper)?;
    let long = PrintItem {
        kind: SlipKind::Treatment,
        what: sample::LONG_TEXT.into(),
        place: Some(sample::LONG_TEXT.into()),
        held_until: None,
        amount_yuan: sample::HUGE_YUAN.into(),
    };
    Some(PrintSlip {
        who: sample::long_who(),
        sheet_no: Some("MZ202611200386ABCDEFGH".into()),
        department: None,
        valid_until: sample::yesterday(23, 59),
        items: vec![long; 5],
        total_yuan: sample::HUGE_YUAN.into(),
        ..slip
    })
}

fn all(
    sample: fn(Paper) -> Option<PrintSlip>,
    name: &'static [&'static str; 3],
) -> Vec<(&'static str, PrintSlip)> {
    Paper::ALL.into_iter().zip(name).filter_map(|(paper, name)| Some((*name, sample(paper)?))).collect()
}

page!(PrintSlip, "print/slip.html", from [
    all(ordinary, &["A5", "80 mm", "58 mm"]),
    all(very_long, &["A5, very long", "80 mm, very long", "58 mm, very long"]),
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_on_paper_are_whole_printer_dots_and_fit_it() {
        for (paper, modules, dots) in
            [(Paper::Roll58, 57, 6), (Paper::Roll58, 65, 5), (Paper::Roll80, 57, 7), (Paper::Roll58, 185, 2)]
        {
            assert_eq!(paper.module_um(modules, None), dots * 25_400 / 203);
        }
        assert_eq!(Paper::A5.module_um(57, None), 750);
        assert!(Paper::A5.module_um(185, None) * 185 <= 52_000);
    }

    #[test]
    fn a_wanted_size_is_kept_as_far_as_the_paper_goes() {
        assert_eq!(Paper::Roll80.module_um(57, Some(4)), 4 * 25_400 / 203);
        assert_eq!(Paper::Roll58.module_um(57, Some(20)), 6 * 25_400 / 203);
        assert_eq!(Paper::Roll58.module_um(185, Some(0)), 25_400 / 203);
        assert!(Paper::A5.module_um(57, Some(20)) * 57 <= 65_000);
    }

    #[test]
    fn a_sheet_stands_alone() {
        let frame = crate::samples::frame(crate::Language::ZhCn, false);
        for (state, sheet) in PrintSlip::samples() {
            let html = sheet.standalone(&frame).expect("it renders");
            assert!(!html.contains("/assets/"), "{state}");
            assert!(html.contains("@page roll58") && html.contains("<svg"), "{state}");
        }
    }
}
