//! How many slip tokens are sealed and opened a second, and how many requests are signed. Run: `cargo bench -p mingfen-vault`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mingfen_domain::ids::HospitalId;
use mingfen_domain::person::Patient;
use mingfen_domain::{Random, Timestamp};
use mingfen_vault::slip_token::{self, SlipClaims};
use mingfen_vault::{KeyId, Keyring, field, request_signature, text_box};
use std::hint::black_box;

/// Costs nothing, so that what is measured is the sealing; the operating system's randomness adds its own price.
struct Fixed;

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn keyring() -> Keyring {
    let key = std::array::from_fn(|index| u8::try_from(index).unwrap_or_default());
    Keyring::new(KeyId(1), vec![(KeyId(1), key)]).expect("a keyring")
}

fn claims() -> SlipClaims {
    SlipClaims {
        hospital: HospitalId::parse("QH01").expect("a hospital"),
        patient: Patient {
            name: "欧阳娜娜".to_owned(),
            card_no: "A10023846021".to_owned(),
            phone: Some("13800138000".to_owned()),
            id_no: Some("330102199001011234".to_owned()),
        },
        expires_at: Timestamp::from_seconds(1_767_326_400),
    }
}

fn tokens(criterion: &mut Criterion) {
    let (keyring, claims, now) = (keyring(), claims(), Timestamp::from_seconds(1_767_240_000));
    let token = slip_token::seal(&keyring, &claims, &Fixed).expect("a token");
    let mut group = criterion.benchmark_group("slip token");
    group.throughput(Throughput::Elements(1));
    group.bench_function("seal", |b| b.iter(|| slip_token::seal(&keyring, black_box(&claims), &Fixed)));
    group.bench_function("open", |b| b.iter(|| slip_token::open(&keyring, black_box(&token), now)));
    group.finish();
}

fn fields(criterion: &mut Criterion) {
    let keyring = keyring();
    let sealed = field::seal(&keyring, "patient.phone", b"13800138000", &Fixed);
    let cookie = text_box::seal(&keyring, "session", &[7; 200], &Fixed);
    let mut group = criterion.benchmark_group("field");
    group.throughput(Throughput::Elements(1));
    group.bench_function("open", |b| b.iter(|| field::open(&keyring, "patient.phone", black_box(&sealed))));
    group.bench_function("index", |b| {
        b.iter(|| field::index(&keyring, "patient.card_no", black_box("A10023846021")))
    });
    group.bench_function("open cookie", |b| {
        b.iter(|| text_box::open(&keyring, "session", black_box(&cookie)))
    });
    group.finish();
}

fn signatures(criterion: &mut Criterion) {
    let (secret, nonce, body) = ([7; 36], "0A1B2C3D4E5F60718293A4B5C6D7E8F9", [b'x'; 1024]);
    let signature = request_signature::sign(&secret, "POST", "/v1/orders", 1, nonce, &body);
    let mut group = criterion.benchmark_group("request signature, body of 1 KiB");
    group.throughput(Throughput::Elements(1));
    group.bench_function("sign", |b| {
        b.iter(|| request_signature::sign(&secret, "POST", "/v1/orders", 1, nonce, black_box(&body)))
    });
    group.bench_function("verify", |b| {
        b.iter(|| {
            let body = black_box(&body);
            request_signature::verify(&secret, "POST", "/v1/orders", 1, nonce, body, &signature)
        })
    });
    group.finish();
}

criterion_group!(benches, tokens, fields, signatures);
criterion_main!(benches);
