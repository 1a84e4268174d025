//! QR codes: the matrix, and its three pictures.
//!
//! [`QrCode::new`] chooses version and mask, as the `qrcode` crate would, bit for bit; [`png`](QrCode::png),
//! [`svg`](QrCode::svg) and [`terminal`](QrCode::terminal) draw it. Sizes are whole dots a module, so that no edge falls
//! between two dots of a printer.

mod mask;
mod matrix;
mod png;
mod text;

use matrix::Matrix;

/// How much of a code may be lost: a folded, stained slip wants [`M`](Level::M) or more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Level {
    /// About 7 %.
    L,
    /// About 15 %; what fee slips use.
    #[default]
    M,
    /// About 25 %.
    Q,
    /// About 30 %.
    H,
}

impl Level {
    /// The level with this letter.
    pub fn from_letter(letter: &str) -> Option<Self> {
        [Self::L, Self::M, Self::Q, Self::H].into_iter().find(|level| level.letter() == letter)
    }

    /// `L`, `M`, `Q` or `H`.
    pub fn letter(self) -> &'static str {
        match self {
            Self::L => "L",
            Self::M => "M",
            Self::Q => "Q",
            Self::H => "H",
        }
    }

    fn theirs(self) -> qrcode::EcLevel {
        match self {
            Self::L => qrcode::EcLevel::L,
            Self::M => qrcode::EcLevel::M,
            Self::Q => qrcode::EcLevel::Q,
            Self::H => qrcode::EcLevel::H,
        }
    }
}

/// How a code is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QrOptions {
    /// Dots a module, from 1 to [`MAX_DOTS`](Self::MAX_DOTS). In an SVG it is the size in CSS pixels at which the
    /// picture shows when nothing else sets one.
    pub dots: u32,
    /// Light modules around the code, up to [`MAX_MARGIN`](Self::MAX_MARGIN). Scanners are promised four.
    pub margin: u32,
    /// How much may be lost.
    pub level: Level,
}

impl QrOptions {
    /// The most dots a module.
    pub const MAX_DOTS: u32 = 64;
    /// The widest margin.
    pub const MAX_MARGIN: u32 = 32;

    /// For a 203 dpi printer whose printable width is `printable_dots`: as many whole dots a module as fit, at most 8.
    /// A 58 mm roll prints 384 dots, an 80 mm roll 576.
    ///
    /// `None` when not even one dot a module fits.
    pub fn for_thermal(code: &QrCode, printable_dots: u32) -> Option<Self> {
        let options = Self { level: code.level(), ..Self::default() };
        let modules = code.width() + 2 * options.margin;
        let dots = (printable_dots / modules).min(8);
        (dots > 0).then_some(Self { dots, ..options })
    }
}

impl Default for QrOptions {
    /// Six dots a module (58 mm paper at 203 dpi), the quiet zone of four, level M.
    fn default() -> Self {
        Self { dots: 6, margin: 4, level: Level::M }
    }
}

/// Why there is no code.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum QrError {
    /// The text is longer than the largest code at this level holds.
    #[error("{length} bytes are more than a QR code of level {} holds", level.letter())]
    TooLong {
        /// Bytes of the text.
        length: usize,
        /// The level asked for.
        level: Level,
    },
    /// Dots or margin are outside of what [`QrOptions`] allows.
    #[error(
        "a QR picture takes 1 to {} dots a module and a margin of at most {} modules, not {dots} and {margin}",
        QrOptions::MAX_DOTS,
        QrOptions::MAX_MARGIN
    )]
    Size {
        /// Dots asked for.
        dots: u32,
        /// Margin asked for.
        margin: u32,
    },
}

/// A QR code: which modules are dark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QrCode {
    matrix: Matrix,
    version: u8,
    level: Level,
}

impl QrCode {
    /// The smallest code that holds `text` at `level`.
    ///
    /// # Errors
    /// [`QrError::TooLong`]: shorten the text or lower the level.
    pub fn new(text: &str, level: Level) -> Result<Self, QrError> {
        let (matrix, version) = matrix::encode(text.as_bytes(), level.theirs())
            .map_err(|_| QrError::TooLong { length: text.len(), level })?;
        Ok(Self { matrix, version, level })
    }

    /// 1 to 40.
    pub fn version(&self) -> u8 {
        self.version
    }

    /// How much may be lost.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Modules on a side, without the quiet zone: 17 + 4 × version.
    pub fn width(&self) -> u32 {
        u32::from(self.version) * 4 + 17
    }

    /// Whether the module in this column and row is dark; light outside the code.
    pub fn is_dark(&self, x: u32, y: u32) -> bool {
        self.matrix.is_dark(x, y)
    }

    /// A PNG with one bit a dot. `options.level` is not looked at: the code has its level.
    ///
    /// # Errors
    /// [`QrError::Size`].
    pub fn png(&self, options: &QrOptions) -> Result<Vec<u8>, QrError> {
        check(options)?;
        Ok(png::draw(self, options.dots, options.margin))
    }

    /// An SVG document: one path, a rectangle for each run of dark modules in a row.
    ///
    /// # Errors
    /// [`QrError::Size`].
    pub fn svg(&self, options: &QrOptions) -> Result<String, QrError> {
        check(options)?;
        Ok(text::document(self, options.dots, options.margin))
    }

    /// The same as an element of a page, `side` long (`42.792mm`), with `label` for people
    /// who do not see it.
    pub(crate) fn svg_element(&self, margin: u32, side: &str, label: &str) -> String {
        text::element(self, margin, side, label)
    }

    /// Half blocks for a terminal, dark on light even where the terminal is light on dark.
    pub fn terminal(&self) -> String {
        text::half_blocks(self)
    }
}

/// A PNG of `text`, in one call.
///
/// # Errors
/// As [`QrCode::new`] and [`QrCode::png`].
pub fn png(text: &str, options: &QrOptions) -> Result<Vec<u8>, QrError> {
    QrCode::new(text, options.level)?.png(options)
}

/// An SVG of `text`, in one call.
///
/// # Errors
/// As [`QrCode::new`] and [`QrCode::svg`].
pub fn svg(text: &str, options: &QrOptions) -> Result<String, QrError> {
    QrCode::new(text, options.level)?.svg(options)
}

/// `text` in half blocks at level L, which is plenty for a clean screen and keeps the picture small.
///
/// # Errors
/// As [`QrCode::new`].
pub fn terminal(text: &str) -> Result<String, QrError> {
    Ok(QrCode::new(text, Level::L)?.terminal())
}

fn check(options: &QrOptions) -> Result<(), QrError> {
    let &QrOptions { dots, margin, .. } = options;
    if (1..=QrOptions::MAX_DOTS).contains(&dots) && margin <= QrOptions::MAX_MARGIN {
        Ok(())
    } else {
        Err(QrError::Size { dots, margin })
    }
}

#[cfg(test)]
mod tests;
