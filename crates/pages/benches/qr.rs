//! Codes a second: ours beside `qrcode` with `image`, in the same run, on the link of a fee slip.

use std::{hint::black_box, io::Cursor};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mingfen_pages::qr::{Level, QrCode, QrOptions, png, svg};

/// As long as a real link: 120 characters, version 7 at level M.
const LINK: &str = "https://pay.example-hospital.cn/s/\
    AQEAVf1dGk2s9lq0b7mX3cYtZ8uPwR5oJhNnE6vKxLgCiDyFzBaQrTmUWpOeIHS4kMZtX2cVbN7mLqWeRtYuIo";

fn reference() -> qrcode::QrCode {
    qrcode::QrCode::with_error_correction_level(black_box(LINK), qrcode::EcLevel::M).expect("it fits")
}

fn codes(c: &mut Criterion) {
    let options = QrOptions::default();
    let mut group = c.benchmark_group("qr");
    group.throughput(Throughput::Elements(1));
    group.bench_function("matrix/ours", |b| b.iter(|| QrCode::new(black_box(LINK), Level::M)));
    group.bench_function("matrix/qrcode", |b| b.iter(reference));
    group.bench_function("svg/ours", |b| b.iter(|| svg(black_box(LINK), &options)));
    group.bench_function("svg/qrcode", |b| {
        b.iter(|| reference().render::<qrcode::render::svg::Color<'_>>().build())
    });
    group.bench_function("png/ours", |b| b.iter(|| png(black_box(LINK), &options)));
    group.bench_function("png/qrcode+image", |b| {
        b.iter(|| {
            let picture = reference().render::<image::Luma<u8>>().module_dimensions(6, 6).build();
            let mut file = Cursor::new(Vec::new());
            picture.write_to(&mut file, image::ImageFormat::Png).map(|()| file.into_inner())
        });
    });
    group.finish();
}

criterion_group!(benches, codes);
criterion_main!(benches);
