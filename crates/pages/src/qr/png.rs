//! One bit a dot: the smallest picture there is, and what thermal printers want.

use super::QrCode;

/// A grey-scale PNG of one bit a dot. Sizes are checked by the caller.
pub(super) fn draw(code: &QrCode, dots: u32, margin: u32) -> Vec<u8> {
    let side = (code.width() + 2 * margin) * dots;
    let stride = side.div_ceil(8) as usize;
    let mut picture = vec![0xFF_u8; stride * side as usize];
    for y in 0..code.width() {
        let top = ((y + margin) * dots) as usize * stride;
        for (x, length) in code.matrix.runs(y) {
            darken(&mut picture[top..top + stride], (x + margin) * dots, length * dots);
        }
        for copy in 1..dots as usize {
            picture.copy_within(top..top + stride, top + copy * stride);
        }
    }
    compress(&picture, side).unwrap_or_default()
}

/// Clears `length` bits from `start`, the highest bit of a byte being the leftmost dot.
fn darken(row: &mut [u8], start: u32, length: u32) {
    let (first, last) = (start, start + length - 1);
    let (head, tail) = ((first / 8) as usize, (last / 8) as usize);
    let head_bits = 0xFF_u8 >> (first % 8);
    let tail_bits = 0xFF_u8 << (7 - last % 8);
    if head == tail {
        row[head] &= !(head_bits & tail_bits);
    } else {
        row[head] &= !head_bits;
        row[head + 1..tail].fill(0);
        row[tail] &= !tail_bits;
    }
}

/// The filter *up* turns every repeated row into zeros, which the fast compressor is made for. A thorough one would save
/// another third of the bytes and take ten times as long (`benches/qr.rs`).
fn compress(picture: &[u8], side: u32) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::with_capacity(4096);
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_compression(png::Compression::Fast);
    encoder.set_filter(png::Filter::Up);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(picture)?;
    writer.finish()?;
    Ok(file)
}
