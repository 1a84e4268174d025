//! How cells look, by what they are.

use crate::report::RunHead;
use rust_xlsxwriter::{Format, FormatAlign, FormatBorder};

const YUAN: &str = "#,##0.00";
/// The same where nothing was counted.
const NO_YUAN: &str = "#,##0.00;-#,##0.00;\"—\"";
/// Fees are given to a thousandth of a fen.
const FEE: &str = "#,##0.00###";
/// No row, no number: the eye finds what is there.
const COUNT: &str = "#,##0;-#,##0;\"—\"";
const DAY: &str = "yyyy-mm-dd";
/// What a spreadsheet leaves alone.
const TEXT: &str = "@";

const INK: u32 = 0x14_20_2B;
const QUIET: u32 = 0x58_67_74;
const LINE: u32 = 0xC6_D0_D8;
const HEAD: u32 = 0xEE_F4_F3;
pub(super) const PRIMARY: u32 = 0x0B_6E_63;
const OK: (u32, u32) = (0x14_61_39, 0xE6_F4_EC);
const WARN: (u32, u32) = (0x7D_4A_00, 0xFD_F3_E1);

/// The looks of cells, by what they are.
pub(super) struct Style {
    pub title: Format,
    pub note: Format,
    pub heading: Format,
    pub name: Format,
    pub text: Format,
    pub wrapped: Format,
    pub count: Format,
    pub yuan: Format,
    pub no_yuan: Format,
    pub fee: Format,
    pub day: Format,
    pub total: Format,
    pub total_count: Format,
    pub total_yuan: Format,
    pub total_fee: Format,
    pub ok: Format,
    pub warn: Format,
    pub signature: Format,
    pub first: LineStyle,
    pub following: LineStyle,
}

/// The looks of one row of findings. The first of a finding has a line above it; those that follow repeat what belongs to the
/// finding in grey, so that it reads as one and filters as many.
pub(super) struct LineStyle {
    pub finding: Format,
    pub finding_count: Format,
    pub finding_day: Format,
    pub category: [Format; 2],
    pub text: Format,
    pub count: Format,
    pub yuan: Format,
    pub day: Format,
}

/// A face that Windows has and that draws Chinese and digits alike.
fn font() -> Format {
    Format::new().set_font_name("Microsoft YaHei").set_font_size(10)
}

impl Style {
    pub fn new() -> Self {
        let plain = || font().set_font_color(INK).set_align(FormatAlign::VerticalCenter);
        let cell = || plain().set_border_bottom(FormatBorder::Thin).set_border_bottom_color(LINE);
        let total = || {
            plain()
                .set_bold()
                .set_border_top(FormatBorder::Thin)
                .set_border_bottom(FormatBorder::Double)
                .set_border_top_color(INK)
                .set_border_bottom_color(INK)
        };
        let state = |(ink, ground): (u32, u32)| cell().set_font_color(ink).set_background_color(ground);
        Self {
            title: plain().set_bold().set_font_size(16).set_font_color(PRIMARY),
            note: plain().set_font_color(QUIET).set_num_format(TEXT),
            heading: plain()
                .set_bold()
                .set_background_color(HEAD)
                .set_align(FormatAlign::Center)
                .set_border(FormatBorder::Thin)
                .set_border_color(LINE)
                .set_text_wrap(),
            name: cell().set_bold(),
            text: cell().set_num_format(TEXT).set_indent(1),
            wrapped: cell().set_num_format(TEXT).set_text_wrap().set_indent(1),
            count: cell().set_num_format(COUNT),
            yuan: cell().set_num_format(YUAN),
            no_yuan: cell().set_num_format(NO_YUAN).set_font_color(QUIET),
            fee: cell().set_num_format(FEE),
            day: cell().set_num_format(DAY).set_align(FormatAlign::Left),
            total: total(),
            total_count: total().set_num_format(COUNT),
            total_yuan: total().set_num_format(YUAN),
            total_fee: total().set_num_format(FEE),
            ok: state(OK).set_align(FormatAlign::Center),
            warn: state(WARN).set_align(FormatAlign::Center),
            signature: plain().set_border_bottom(FormatBorder::Thin).set_border_bottom_color(INK),
            first: LineStyle::new(
                &|format| format.set_border_top(FormatBorder::Thin).set_border_top_color(LINE),
                INK,
            ),
            following: LineStyle::new(&|format| format, 0x9A_A7_B2),
        }
    }

    pub fn verdict(&self, head: &RunHead) -> &Format {
        if head.is_settled() { &self.ok } else { &self.warn }
    }
}

impl LineStyle {
    fn new(edge: &dyn Fn(Format) -> Format, finding_ink: u32) -> Self {
        let cell = |ink: u32, form: &str| {
            edge(font().set_font_color(ink).set_num_format(form).set_align(FormatAlign::Top))
        };
        let open = if finding_ink == INK { WARN.0 } else { finding_ink };
        Self {
            finding: cell(finding_ink, TEXT),
            finding_count: cell(finding_ink, "0").set_align(FormatAlign::Center),
            finding_day: cell(finding_ink, DAY).set_align(FormatAlign::Center),
            category: [cell(finding_ink, TEXT), cell(open, TEXT).set_bold()],
            text: cell(INK, TEXT),
            count: cell(INK, "0"),
            yuan: cell(INK, YUAN),
            day: cell(INK, DAY).set_align(FormatAlign::Center),
        }
    }
}
