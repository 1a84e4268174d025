//! What scanners see, and that the mask is the one the reference would choose.

use super::*;

/// As long as a real link: 130 bytes.
const LINK: &str = "https://pay.example-hospital.cn/s/\
    AQEAVf1dGk2s9lq0b7mX3cYtZ8uPwR5oJhNnE6vKxLgCiDyFzBaQrTmUWpOeIHS4kMZtX2cVbN7mLqWeRtYuIoPaSdFgHj";

fn reference(text: &str, level: Level) -> Vec<Vec<bool>> {
    let code = qrcode::QrCode::with_error_correction_level(text, level.theirs()).unwrap();
    let width = code.width();
    code.to_colors()
        .chunks(width)
        .map(|row| row.iter().map(|c| *c == qrcode::Color::Dark).collect())
        .collect()
}

fn ours(text: &str, level: Level) -> Vec<Vec<bool>> {
    let code = QrCode::new(text, level).unwrap();
    (0..code.width()).map(|y| (0..code.width()).map(|x| code.is_dark(x, y)).collect()).collect()
}

/// Text of this length that looks like a token, different for each length.
fn token(length: usize) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut state = length as u64 + 1;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(alphabet[(state >> 58) as usize])
        })
        .collect()
}

fn decode(picture: image::GrayImage) -> Result<String, String> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        picture.get_pixel(x as u32, y as u32).0[0]
    });
    let grids = image.detect_grids();
    let grid = grids.first().ok_or("no code was found")?;
    grid.decode().map(|(_, text)| text).map_err(|error| error.to_string())
}

fn decode_png(png: &[u8]) -> Result<String, String> {
    decode(image::load_from_memory(png).map_err(|error| error.to_string())?.to_luma8())
}

/// Draws the rectangles of our path, and nothing else that SVG can do.
fn rasterise(svg: &str) -> image::GrayImage {
    let between =
        |from: &str, to: &str| svg.split(from).nth(1).and_then(|rest| rest.split(to).next()).unwrap();
    let side: u32 = between("width=\"", "\"").parse().unwrap();
    let modules: u32 = between("viewBox=\"0 0 ", " ").parse().unwrap();
    let dots = side / modules;
    let mut picture = image::GrayImage::from_pixel(side, side, image::Luma([255]));
    for run in between("<path d=\"", "\"").split('z').filter(|run| !run.is_empty()) {
        let (place, rest) = run[1..].split_once('h').unwrap();
        let (x, y) = place.split_once(' ').unwrap();
        let (x, y): (u32, u32) = (x.parse().unwrap(), y.parse().unwrap());
        let length: u32 = rest.split_once('v').unwrap().0.parse().unwrap();
        for dy in 0..dots {
            for dx in 0..length * dots {
                picture.put_pixel(x * dots + dx, y * dots + dy, image::Luma([0]));
            }
        }
    }
    picture
}

#[test]
fn the_matrix_is_the_reference_encoders() {
    for level in [Level::L, Level::M, Level::Q, Level::H] {
        for length in (1..260).step_by(7) {
            let text = token(length);
            assert!(
                ours(&text, level) == reference(&text, level),
                "{length} bytes at level {}",
                level.letter()
            );
        }
    }
    for text in ["", "0", "12345678901234567890", "HTTPS://PAY.EXAMPLE/S/ABC", "缴费单", LINK] {
        assert!(ours(text, Level::M) == reference(text, Level::M), "{text}");
    }
}

#[test]
fn a_realistic_link_is_version_8_at_level_m() {
    let code = QrCode::new(LINK, Level::M).unwrap();
    assert_eq!((LINK.len(), code.version(), code.width(), code.level()), (128, 8, 49, Level::M));
}

#[test]
fn pictures_are_read_by_an_independent_decoder() {
    for dots in [2, 3, 5, 6, 7, 8] {
        let options = QrOptions { dots, ..QrOptions::default() };
        assert_eq!(decode_png(&png(LINK, &options).unwrap()).as_deref(), Ok(LINK), "PNG, {dots} dots");
        assert_eq!(decode(rasterise(&svg(LINK, &options).unwrap())).as_deref(), Ok(LINK), "SVG, {dots} dots");
    }
    let wide = token(400);
    assert_eq!(decode_png(&png(&wide, &QrOptions { dots: 3, ..QrOptions::default() }).unwrap()), Ok(wide));
}

#[test]
fn thermal_paper_gets_whole_dots() {
    let code = QrCode::new(LINK, Level::M).unwrap();
    let roll_58 = QrOptions::for_thermal(&code, 384).unwrap();
    let roll_80 = QrOptions::for_thermal(&code, 576).unwrap();
    assert_eq!((roll_58.dots, roll_80.dots), (6, 8));
    for options in [roll_58, roll_80] {
        assert_eq!(decode_png(&code.png(&options).unwrap()).as_deref(), Ok(LINK));
    }
    assert_eq!(QrOptions::for_thermal(&code, 40), None);
}

/// A cheap print head: three dead columns of dots, and a blur over it.
#[test]
fn a_poor_print_is_still_read() {
    let code = QrCode::new(LINK, Level::M).unwrap();
    let options = QrOptions::for_thermal(&code, 384).unwrap();
    let mut picture = image::load_from_memory(&code.png(&options).unwrap()).unwrap().to_luma8();
    for x in [101, 160, 233] {
        for y in 0..picture.height() {
            picture.put_pixel(x, y, image::Luma([255]));
        }
    }
    assert_eq!(decode(image::imageops::blur(&picture, 1.5)).as_deref(), Ok(LINK));
}

#[test]
fn a_png_is_one_bit_and_small() {
    let bytes = png(LINK, &QrOptions::default()).unwrap();
    assert_eq!(&bytes[24..26], [1, 0], "bit depth 1, grey-scale");
    let picture = qrcode::QrCode::with_error_correction_level(LINK, qrcode::EcLevel::M).unwrap();
    let picture = picture.render::<image::Luma<u8>>().module_dimensions(6, 6).build();
    let mut usual = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut usual, image::ImageFormat::Png).unwrap();
    let usual = usual.into_inner().len();
    assert!(bytes.len() * 3 <= usual * 2, "{} bytes, {usual} by qrcode and image", bytes.len());
}

#[test]
fn sizes_outside_of_reason_are_refused() {
    for (dots, margin) in [(0, 4), (65, 4), (6, 33), (u32::MAX, u32::MAX)] {
        let options = QrOptions { dots, margin, level: Level::M };
        assert_eq!(png("x", &options).err(), Some(QrError::Size { dots, margin }));
        assert_eq!(svg("x", &options).err(), Some(QrError::Size { dots, margin }));
    }
    let text = token(3000);
    assert_eq!(QrCode::new(&text, Level::M).err(), Some(QrError::TooLong { length: 3000, level: Level::M }));
}

#[test]
fn the_terminal_shows_the_same_modules() {
    let text = terminal(LINK).unwrap();
    let code = QrCode::new(LINK, Level::L).unwrap();
    let lines: Vec<Vec<char>> = text
        .lines()
        .map(|line| line.trim_start_matches("\u{1b}[30;107m").trim_end_matches("\u{1b}[0m").chars().collect())
        .collect();
    for y in 0..code.width() {
        for x in 0..code.width() {
            let symbol = lines[((y + 2) / 2) as usize][(x + 2) as usize];
            let dark = if (y + 2) % 2 == 0 { "█▀" } else { "█▄" }.contains(symbol);
            assert_eq!(dark, code.is_dark(x, y), "{x}, {y}");
        }
    }
}
